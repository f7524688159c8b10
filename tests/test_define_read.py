"""Define-XML read: the same model back, foreign files without loss, and what they lack by its line."""

from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from define_example import DEFINE, TEXT
from sdtm_il2.define.model import DEF, ODM
from sdtm_il2.define.read import read_define, read_with_issues
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import DefineError

SHARED = Path(__file__).parents[2] / "shared" / "data"
FOREIGN = SHARED / "define21" / "define.xml"
OLD = SHARED / "bootcamp_abc01" / "define.xml"


def test_what_was_written_is_read_back():
    found, issues = read_with_issues(TEXT)
    assert found == DEFINE
    assert issues == ()


def test_write_read_write_gives_the_same_bytes():
    assert define_bytes(read_define(TEXT)) == TEXT.read_bytes()


def outline(root: etree._Element) -> list[tuple[str, dict[str, str], str]]:
    """Every element with its attributes and its text, in the order of the file; layout left out."""
    return [
        (
            str(one.tag),
            {str(key): str(value) for key, value in one.attrib.items() if "schemaLocation" not in str(key)},
            one.text if (one.text or "").strip() else "",
        )
        for one in root.iter()
        if isinstance(one.tag, str)
    ]


@pytest.mark.skipif(not FOREIGN.exists(), reason="the sample of the metadata guidelines is not here")
def test_a_foreign_file_is_read_without_loss():
    define, issues = read_with_issues(FOREIGN, "define.xml")
    assert issues == ()
    again = etree.fromstring(define_bytes(define))
    assert outline(again) == outline(etree.parse(str(FOREIGN)).getroot())


@pytest.mark.skipif(not OLD.exists(), reason="the 2.0 sample is not here")
def test_a_file_of_version_2_0_is_read_as_2_1():
    define, issues = read_with_issues(OLD, "define.xml")
    codes = Counter(one.code for one in issues)
    assert codes == {"DEF745": 5}
    assert [one.message.removeprefix("the file is Define-XML 2.0: ") for one in issues] == [
        "def:DefineVersion 2.0.0 is read as 2.1.0",
        "def:StandardName SDTM-IG 3.3 is read as def:Standard STD.IG; no CT is declared",
        "30 def:MethodOID of ItemRef are read as MethodOID",
        (
            "8 def:leaf stand beside their dataset and are read as in it: LF.AE, LF.CM, LF.DM, LF.DS, LF.EX, LF.LB, "
            "LF.SUPPAE, LF.VS"
        ),
        "43 origins CRF are read as Collected by Investigator",
    ]
    assert [(one.name, one.class_, len(one.items)) for one in define.item_groups] == [
        ("AE", "EVENTS", 14), ("CM", "INTERVENTIONS", 15), ("DM", "SPECIAL PURPOSE", 23), ("DS", "EVENTS", 9),
        ("EX", "INTERVENTIONS", 13), ("LB", "FINDINGS", 22), ("SUPPAE", "RELATIONSHIP", 10), ("VS", "FINDINGS", 16),
    ]  # fmt: skip
    assert len(define.items) == 122
    assert Counter(origin.type for item in define.items for origin in item.origins) == {
        "Derived": 56, "Collected": 43, "Assigned": 22, "Protocol": 1,
    }  # fmt: skip
    assert sum(len(one.terms) for one in define.codelists) == 15
    assert len(define.methods) == 30
    assert {ref.method_oid for group in define.item_groups for ref in group.items} - {""} == {
        one.oid for one in define.methods
    }
    # what 2.1 can say of it is written and read again
    assert read_define(define_bytes(define)) == define


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (' Mandatory="Yes" KeySequence="1"', ' KeySequence="1"', "DEF747 ItemRef: ItemRef lacks Mandatory"),
        ('KeySequence="1"', 'KeySequence="first"',
         "DEF748 ItemRef: ItemRef/@KeySequence is first, not a whole number"),
        ('Repeating="No"', 'Repeating="Perhaps"',
         "DEF748 IG.DM: ItemGroupDef/@Repeating is Perhaps, not Yes or No"),
        ('<ItemDef OID="IT.DM.AGE"', '<ItemDef Comment="x" OID="IT.DM.AGE"',
         ("DEF746 IT.DM.AGE: ItemDef has attribute Comment, which is not part of a submission's Define-XML 2.1 "
         "and is not kept")),
        ("<StudyName>S1</StudyName>", "", "DEF747 GlobalVariables: GlobalVariables lacks StudyName"),
        ("</Study>", '</Study><AdminData/>',
         ("DEF746 ODM: ODM has element AdminData, which is not part of a submission's Define-XML 2.1 and is not "
         "kept")),
    ],
)  # fmt: skip
def test_what_a_file_lacks_is_listed_with_its_place(old, new, expected):
    text = TEXT.read_text(encoding="utf-8")
    assert old in text
    _, issues = read_with_issues(text.replace(old, new, 1).encode(), "define.xml")
    assert [f"{one.code} {one.target}: {one.message}" for one in issues] == [expected]
    line = text[: text.index(old)].count("\n") + 1
    assert issues[0].at.file == "define.xml"
    assert abs(issues[0].at.line - line) <= 2 or issues[0].at.line == 3


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"<ODM/>", "DEF707",
         f"root element must be ODM in {ODM} with {DEF}, found ODM (DD0002)"),
        (f'<ODM xmlns="{ODM}" xmlns:def="{DEF}"><Study OID="S"/></ODM>'.encode(), "DEF749",
         "the file has no Study with a MetaDataVersion, so it describes nothing"),
        (f'<ODM xmlns="{ODM}"/>'.encode(), "DEF707",
         f"root element must be ODM in {ODM} with {DEF}, found {{{ODM}}}ODM (DD0002)"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_define_xml_is_refused(content, code, message):
    with pytest.raises(DefineError) as caught:
        read_define(content)
    assert [(one.code, one.message) for one in caught.value.issues] == [(code, message)]
