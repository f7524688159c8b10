"""Define-XML checked: one small fault at a time, and a foreign file whose faults are known."""

import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from define_example import TEXT
from sdtm_il2.define.check import check_define
from sdtm_il2.define.severity import rule_of
from sdtm_il2.errors import DefineError

FOREIGN = Path(__file__).parents[2] / "shared" / "data" / "define21" / "define.xml"


def faults(old: str, new: str, count: int = 1) -> list[str]:
    text = TEXT.read_text(encoding="utf-8")
    assert old in text
    found = check_define(text.replace(old, new, count).encode())
    return [f"{one.code} {one.target}: {one.message}" for one in found]


def test_the_example_has_no_fault():
    assert check_define(TEXT) == ()


FAULTS = Path(__file__).with_name("cases") / "define_faults.yaml"
CASES = yaml.safe_load(FAULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["expected"][0][:40] for case in CASES])
def test_one_fault_is_found_with_its_place(case):
    assert sorted(faults(case["old"], case["new"])) == sorted(case["expected"])


def test_the_schema_is_applied():
    found = faults('Repeating="No"', 'Repeating="Perhaps"')
    message = (
        "Element 'ItemGroupDef', attribute 'Repeating': [facet 'enumeration'] The value 'Perhaps' is not an "
        "element of the set {'Yes', 'No'} (DD0001)"
    )
    assert found == [f"DEF708 : {message}"]


def test_a_variable_without_values_has_no_origin_to_compare():
    found = faults(
        '<def:Origin Type="Assigned" Source="Sponsor"/>',
        '<def:Origin Type="Not Available" Source="Sponsor"/>',
    )
    assert [one for one in found if one.startswith("DEF733")] == []


def test_a_predecessor_that_does_not_exist_is_found():
    found = faults(
        '<def:Origin Type="Protocol" Source="Sponsor"/>',
        '<def:Origin Type="Predecessor" Source="Sponsor"><Description><TranslatedText xml:lang="en">DM.SEXX'
        "</TranslatedText></Description></def:Origin>",
    )
    assert "DEF784 DM.STUDYID: DM.SEXX is copied, but there is no such variable (DD0148)" in found


def test_a_role_that_the_guide_does_not_give_is_found():
    assert faults('KeySequence="1" Role="Identifier"', 'KeySequence="1" Role="Topic"') == [
        "DEF782 DM.STUDYID: the role is Topic, in the guide Identifier (CORE-001081)"
    ]


def test_an_issue_names_file_and_line(tmp_path):
    path = tmp_path / "define.xml"
    path.write_text(TEXT.read_text(encoding="utf-8").replace(' MethodOID="MT.COLOR"', ""), encoding="utf-8")
    found = check_define(path, "define.xml")
    place = "define.xml:165: DEF727 IT.LB.LBORRES.COLOR"
    assert str(found[0]).splitlines() == [
        f"{place}: origin Derived without MethodOID on the ItemRef (DD0042)",
        "  hint: describe the derivation in a method and refer to it",
    ]


def test_a_file_of_another_namespace_is_refused():
    found = check_define(TEXT.read_bytes().replace(b"/ns/def/v2.1", b"/ns/def/v1.0"))
    assert [one.code for one in found] == ["DEF707"]
    assert found[0].message == (
        "root element must be ODM in http://www.cdisc.org/ns/odm/v1.3 with http://www.cdisc.org/ns/def/v2.1, "
        "found {http://www.cdisc.org/ns/odm/v1.3}ODM (DD0002)"
    )


def test_a_define_xml_of_version_2_0_is_checked_as_2_1():
    found = check_define(TEXT.read_bytes().replace(b"/ns/def/v2.1", b"/ns/def/v2.0"))
    assert [str(one).splitlines()[0] for one in found] == [
        "define.xml:10: DEF745: the file is Define-XML 2.0: def:DefineVersion 2.1.9 is read as 2.1.0"
    ]


LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>
<ODM a="&e;">&e;</ODM>"""


@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><ODM/>',
        b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ODM>&f;</ODM>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><ODM/>',
    ],
)
def test_hostile_xml_is_refused_before_it_is_expanded(content):
    start = time.monotonic()
    found = check_define(content)
    assert [(one.code, one.message) for one in found] == [
        ("DEF703", "the file has a document type declaration, which a Define-XML never has")
    ]
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is not well-formed XML: no element found: line 1, column 0"),
        (b"not xml", "the file is not well-formed XML: syntax error: line 1, column 0"),
        (b"<ODM>\n<Study>\n</ODM>", "the file is not well-formed XML: Opening and ending tag mismatch: Study"),
        (b"<ODM>&undefined;</ODM>", "the file is not well-formed XML: Entity 'undefined' not defined"),
        (b"<ODM>\x01</ODM>", "the file is not well-formed XML: PCDATA invalid Char value 1"),
    ],
)  # fmt: skip
def test_a_broken_file_gives_one_issue(content, message):
    found = check_define(content)
    assert len(found) == 1
    assert found[0].message.startswith(message)


def test_deep_nesting_is_refused():
    found = check_define(b"<a>" * 5000)
    assert [one.code for one in found] == ["DEF702"]


def test_a_file_that_is_not_there():
    with pytest.raises(DefineError) as caught:
        check_define("no/define.xml")
    assert str(caught.value) == (
        "no/define.xml: DEF704: the file cannot be read: No such file or directory\n"
        "  hint: check the path and its permissions"
    )


@pytest.mark.skipif(
    not FOREIGN.exists(), reason="the sample of the metadata submission guidelines is not here"
)
def test_a_foreign_file_gives_the_faults_that_it_is_known_for():
    found = check_define(FOREIGN, "define.xml")
    rules = Counter(rule_of(one) for one in found)
    # the first five are published with the file; LB.VISITNUM is Collected, elsewhere it is Assigned; two
    # where clauses compare TSPARMCD with TS_DURATION and TS_FLOAT, which are no parameters
    assert rules == {
        "DD0074": 19,
        "DD0108": 3,
        "DD0105": 2,
        "DD0103": 1,
        "DD0139": 1,
        "DD0110": 1,
        "DD0044": 2,
        # compared with the guide: two labels of datasets, one of a variable, three bound codelists
        "DD0136": 2,
        "DD0137": 1,
        "DD0118": 1,
        "DD0124": 2,
        # three declared standards are not installed
        "": 3,
    }
    studyid = {one.target for one in found if rule_of(one) == "DD0108"}
    assert studyid == {"DD.STUDYID", "OE.STUDYID", "DI.STUDYID"}
    days = {one.target for one in found if rule_of(one) == "DD0105"}
    assert days == {"EX.EXSTDY", "EX.EXENDY"}
