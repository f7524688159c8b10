"""ODM files: Snapshots as they stand, transactions to their final state, and what is refused."""

from __future__ import annotations

import csv
from itertools import accumulate
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest

from odm_files import V13, event, form, group, item, odm, read, rows, subject, typed
from raw_studies import refusal, spec, study, write
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from sdtm_il2.spec.study import SubjectRule

SHARED = Path(__file__).parents[2] / "shared" / "data"


# ---- Snapshots ------------------------------------------------------------------------------------------

VITALS = odm(
    subject(
        "01",
        "\n<SiteRef LocationOID='L7'/>"
        + event(
            "SE.V1",
            "\n"
            + form(
                "F.VS",
                "\n"
                + group("IG.VS", item("SYSBP", "120") + item("DIABP", "80"), ' ItemGroupRepeatKey="1"')
                + "\n"
                + group("IG.VS", item("SYSBP", "007"), ' ItemGroupRepeatKey="2"'),
                ' FormRepeatKey="3"',
            ),
            ' StudyEventRepeatKey="2" oc:StartDate="2024-05-06"',
        ),
        ' oc:StudySubjectID="SUB-01"',
    )
    + "\n"
    + subject(
        "02",
        form("F.VS", group("IG.VS", item("DIABP", "1.50"))) + form("F.DM", group("IG.DM", item("X", "1"))),
    )
)


def test_one_record_a_group_with_its_keys(tmp_path: Path) -> None:
    source, issues = read(tmp_path, VITALS, "F.VS", subject=SubjectRule("{_SUBJECT}"))  # type: ignore[arg-type]
    assert issues == []
    assert source.columns == (
        "_STUDY", "_SUBJECT", "_SITE", "_EVENT", "_EVENT_REPEAT", "_FORM", "_FORM_REPEAT", "_GROUP", "_GROUP_REPEAT",
        "_SUBJECT@StudySubjectID", "_EVENT@StartDate", "SYSBP", "DIABP",
    )  # fmt: skip
    assert source.frame.to_numpy().tolist() == [
        ["S1", "01", "L7", "SE.V1", "2", "F.VS", "3", "IG.VS", "1", "SUB-01", "2024-05-06", "120", "80"],
        ["S1", "01", "L7", "SE.V1", "2", "F.VS", "3", "IG.VS", "2", "SUB-01", "2024-05-06", "007", ""],
        ["S1", "02", "", "", "", "F.VS", "", "IG.VS", "", "", "", "", "1.50"],
    ]
    assert [str(source.place(one)) for one in range(3)] == ["raw.xml:5", "raw.xml:6", "raw.xml:7"]
    assert source.subject is not None
    assert source.subject.tolist() == ["01", "01", "02"]
    assert len(source.sha256[0]) == 64


def test_a_group_of_all_forms(tmp_path: Path) -> None:
    body = subject(
        "1", form("A", group("G", item("X", "1"))) + form("B", group("G", item("X", "2")) + group("H", ""))
    )
    source, issues = read(tmp_path, odm(body), group="G")
    assert issues == []
    assert rows(source, "_FORM", "X") == [["A", "1"], ["B", "2"]]
    source, _ = read(tmp_path, odm(body), "B", "G")
    assert rows(source, "_FORM", "X") == [["B", "2"]]


def test_groups_of_a_form_become_one_record(tmp_path: Path) -> None:
    body = "\n".join(
        subject(
            key, "\n" + form("AE", "\n" + group("A", item("TERM", f"t{key}"), f' oc:State="s{key}"') + rest)
        )
        for key, rest in (("1", group("B", item("SEV", "2"))), ("2", ""))
    )
    source, issues = read(tmp_path, odm(body), "AE")
    assert issues == []
    assert source.columns == (
        "_STUDY", "_SUBJECT", "_SITE", "_EVENT", "_EVENT_REPEAT", "_FORM", "_FORM_REPEAT",
        "A@State", "B@State", "TERM", "SEV",
    )  # fmt: skip
    assert rows(source, "_SUBJECT", "TERM", "SEV", "A@State") == [
        ["1", "t1", "2", "s1"],
        ["2", "t2", "", "s2"],
    ]
    assert source.rows.tolist() == [3, 6]


def test_a_form_in_two_elements_is_one_record(tmp_path: Path) -> None:
    body = subject("1", form("AE", group("A", item("X", "1")))) + subject(
        "1", form("AE", group("B", item("Y", "2")))
    )
    assert rows(read(tmp_path, odm(body), "AE")[0], "X", "Y") == [["1", "2"]]


DEFINITIONS = (
    '<Study OID="S1"><MetaDataVersion OID="V1" Name="V"><FormDef OID="F" Name="F" Repeating="No">'
    '<ItemGroupRef ItemGroupOID="G" Mandatory="No"/></FormDef>'
    '<FormDef OID="EMPTY" Name="E" Repeating="No"><ItemGroupRef ItemGroupOID="G2" Mandatory="No"/></FormDef>'
    '<ItemGroupDef OID="G" Name="G" Repeating="No"><ItemRef ItemOID="FIRST" Mandatory="No"/>'
    '<ItemRef ItemOID="NEVER" Mandatory="No"/><ItemRef ItemOID="LAST" Mandatory="No"/></ItemGroupDef>'
    '<ItemGroupDef OID="G2" Name="G" Repeating="No"><ItemRef ItemOID="Q" Mandatory="No"/></ItemGroupDef>'
    '<ItemDef OID="FIRST" Name="FIRST" DataType="text"><CodeListRef CodeListOID="CL"/></ItemDef>'
    '<CodeList OID="CL" Name="CL" DataType="text"><CodeListItem CodedValue="1"><Decode><TranslatedText>Yes'
    "</TranslatedText></Decode></CodeListItem></CodeList></MetaDataVersion></Study>"
)


def test_definitions_give_columns_and_codes_stay_codes(tmp_path: Path) -> None:
    body = subject("1", form("F", group("G", item("LAST", "x") + item("EXTRA", "y") + item("FIRST", "1"))))
    source, _ = read(tmp_path, odm(body, definitions=DEFINITIONS), "F")
    assert source.columns[-4:] == ("FIRST", "NEVER", "LAST", "EXTRA")
    assert rows(source, "FIRST", "NEVER", "LAST", "EXTRA") == [["1", "", "x", "y"]]


def test_a_defined_form_without_data_is_empty(tmp_path: Path) -> None:
    source, issues = read(tmp_path, odm("", definitions=DEFINITIONS), "EMPTY")
    assert len(source) == 0
    assert source.columns[-1] == "Q"
    assert issues == [
        "study.yaml:8: SRC305 edc: raw.xml has a header and no records\n  hint: look whether it was cut off"
    ]


def test_typed_items_null_items_units_and_vendor_attributes(tmp_path: Path) -> None:
    body = subject(
        "1",
        form(
            "F",
            group(
                "G",
                '<ItemDataInteger ItemOID="AGE">\n 7 </ItemDataInteger>'
                '<ItemDataString ItemOID="NOTE"> a &lt;b&gt; <![CDATA[& c]]> </ItemDataString>'
                '<ItemDataDate ItemOID="DAY">2024-05-06<AuditRecord><ReasonForChange>typo</ReasonForChange>'
                "</AuditRecord></ItemDataDate>"
                '<ItemData ItemOID="GONE" IsNull="Yes" oc:ReasonForNull="UNK"/>'
                '<ItemDataFloat ItemOID="LOST" IsNull="Yes"/>'
                '<ItemData ItemOID="WEIGHT" Value="70"><MeasurementUnitRef MeasurementUnitOID="MU.KG"/></ItemData>'
                '<ItemData Value="&#x9633;&amp;&quot;" ItemOID="TURNED"/>' + item("PLAIN", "p"),
            ),
        ),
    )
    source, issues = read(tmp_path, odm(body), "F")
    assert rows(source, "AGE", "NOTE", "DAY", "GONE", "GONE@ReasonForNull", "LOST") == [
        ["7", " a <b> & c ", "2024-05-06", "", "UNK", ""]
    ]
    assert rows(source, "WEIGHT", "WEIGHT@MeasurementUnitOID", "TURNED", "PLAIN") == [
        ["70", "MU.KG", '阳&"', "p"]
    ]
    assert issues == [
        "study.yaml:8: SRC394 edc: 1 element beside the items not read: AuditRecord (1), first at raw.xml:3"
    ]


def test_values_where_other_programs_put_them(tmp_path: Path) -> None:
    """A typed item with its value as an attribute, an ItemData with its value as text, an item called like a key."""
    items = (
        '<ItemDataString ItemOID="A" Value="7"/><ItemData ItemOID="B">\n <![CDATA[<0.5]]> </ItemData>'
        '<ItemData ItemOID="C" IsNull="Yes">3</ItemData><ItemData ItemOID="D"/>'
        '<ItemDataFloat ItemOID="E" Value="1"> 2 </ItemDataFloat>'
    )
    plain = item("_SUBJECT", "not a subject")
    source, issues = read(tmp_path, odm(subject("01", form("F", group("G", items + plain)))))
    assert issues == []
    assert rows(source, "_SUBJECT", "A", "B", "C", "D", "E", "_SUBJECT@Value") == [
        ["01", "7", "<0.5", "", "", "2", "not a subject"]
    ]


def test_groups_without_subjects(tmp_path: Path) -> None:
    body = group(
        "IG.DM",
        item("AGE", "56"),
        ' xmlns:data="http://www.cdisc.org/ns/Dataset-XML/v1.0" data:ItemGroupDataSeq="1"',
    )
    source, _ = read(tmp_path, odm(body))
    assert rows(source, "_SUBJECT", "_GROUP", "_GROUP@ItemGroupDataSeq", "AGE") == [["", "IG.DM", "1", "56"]]


@pytest.mark.parametrize(
    "encoding", ["ISO-8859-1", "utf-16", "GB18030", "windows-1252", "Shift_JIS", "latin-1"]
)
def test_declared_encodings(tmp_path: Path, encoding: str) -> None:
    text = {"GB18030": "头痛", "Shift_JIS": "頭痛"}.get(encoding, "Übelkeit")
    content = odm(
        subject("1", form("F", group("G", item("T", text)))),
        top=f'<?xml version="1.0" encoding="{encoding}"?>',
    )
    assert rows(read(tmp_path, content.encode(encoding))[0], "T") == [[text]]


def test_prefixed_elements(tmp_path: Path) -> None:
    content = f"""<o:ODM xmlns:o="{V13}" FileType="Snapshot"><o:ClinicalData StudyOID="S"><o:SubjectData SubjectKey="1">
<o:FormData FormOID="F"><o:ItemGroupData ItemGroupOID="G"><o:ItemData ItemOID="A" Value="1"/><ItemData ItemOID="B"
Value="2"/></o:ItemGroupData></o:FormData></o:SubjectData></o:ClinicalData></o:ODM>"""
    source, issues = read(tmp_path, content)
    assert rows(source, "A") == [["1"]]
    assert "B" not in source.columns
    assert issues == [
        "study.yaml:8: SRC394 edc: 1 element beside the items not read: ItemData (1), first at raw.xml:2"
    ]


def test_snapshots_of_several_sites_are_one_source(tmp_path: Path) -> None:
    files = {
        f"edc/{site}.xml": odm(subject(site, form("F", group("G", item(name, site)))))
        for site, name in (("b", "Y"), ("a", "X"))
    }
    write(tmp_path, dict(files))
    source = read_sources(study(spec("edc", "edc/*.xml")), tmp_path)["edc"]
    assert rows(source, "_SUBJECT", "X", "Y") == [["a", "a", ""], ["b", "", "b"]]
    assert source.files == ("edc/a.xml", "edc/b.xml")
    assert [str(source.place(one)) for one in range(2)] == ["edc/a.xml:2", "edc/b.xml:2"]


def test_what_stands_twice_in_a_snapshot(tmp_path: Path) -> None:
    body = subject(
        "1",
        form(
            "F",
            "\n" + group("G", item("X", "1") + item("Y", "9") + item("X", "2")) + group("G", item("X", "3")),
        ),
    )
    source, issues = read(tmp_path, odm(body))
    assert rows(source, "X", "Y") == [["2", "9"], ["3", ""]]
    assert issues == [
        (
            "study.yaml:8: SRC390 edc: 1 group with the same keys as a group before, first at raw.xml:3; each is a record\n"
            "  hint: ask why the export repeats them, or use keep:"
        ),
        (
            "study.yaml:8: SRC395 edc: 1 item with a second value in the same group, first at raw.xml:3; the "
            "last value counts\n"
            "  hint: ask why the export repeats the item"
        ),
    ]


def mixed_file(forms: int, end: str) -> tuple[bytes, list[int]]:
    """A file of groups in many layouts, some of which only look like plain ones; and the line of each group G.

    Most forms have several groups side by side; in some the prefix o is that of another namespace.
    """
    random = Random(5)
    parts = [f'<?xml version="1.0"?>{end}<ODM xmlns="{V13}" xmlns:o="{V13}"><ClinicalData StudyOID="S">{end}']
    starts = []  # the parts before each group G
    for number in range(forms):
        other = random.random() < 0.1
        declared = ' xmlns:o="urn:other"' if other else random.choice(["", "", f' xmlns:o="{V13}"'])
        parts.append(f'<SubjectData SubjectKey="{number}"><FormData FormOID="F"{declared}>{end}')
        layout = random.choice(["", "", "o:"])
        for _ in range(random.randint(1, 6)):
            p = random.choice([layout, layout, layout, "", "o:"])
            oid = random.choice("GGGH")
            blank = random.choice(["", "", " ", f"{end} "])
            no = f'<{p}ItemGroupData ItemGroupOID="G"><ItemData ItemOID="A" Value="no"/>{end} '
            parts.append(
                random.choice(
                    ["", "", "", end, f"<!-- {no} -->", f"<Annotation><![CDATA[{no}]]></Annotation>"]
                )
            )
            if oid == "G" and not (other and p):
                starts.append(len(parts))
            repeat = random.choice(["", f' ItemGroupRepeatKey="{random.randint(1, 3)}"'])
            parts.append(
                f'<{p}ItemGroupData ItemGroupOID="{oid}"{repeat}{blank}>{end}{mixed_items(random, p, end)}'
            )
            parts.append(f"{end}</{p}ItemGroupData{random.choice(['', '', '', ' '])}>{blank}")
        parts.append(f"</FormData></SubjectData>{end}")
    parts.append("</ClinicalData></ODM>")
    lines = list(accumulate((part.count("\n") for part in parts), initial=1))
    return "".join(parts).encode(), [lines[start] for start in starts]


def mixed_items(random: Random, p: str, end: str) -> str:
    """Items of a group: most are plain, some have something else between."""
    blank = random.choice([" ", "  ", f"{end}  "])
    parts = []
    values = ["1.5", "阴性", "-", "7", "a&amp;b", "&#65;", "", "x > y", "'", "a\tb", "nb\xa0sp"]
    odd = random.random() < 0.3
    for name in random.choice(["ABC", "ABC", "ABC", "FEDCBA", "B", ""]):
        value = random.choice(values if odd else values[:4])
        close = random.choice(["/>", f" />{end}", f"></{p}ItemData>"] if odd else ["/>"])
        parts.append(f'<{p}ItemData{blank}ItemOID="{name}"{blank}Value="{value}"{close}')
        if odd:
            parts.append(
                random.choice(
                    ["", "", f"<!-- {end} -->", "<Annotation><![CDATA[<ItemGroupData>]]></Annotation>"]
                )
            )
    return "".join(parts)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_layout_is_read_as_the_standard_library_reads_it(tmp_path: Path, end: str) -> None:
    content, lines = mixed_file(4000, end)
    assert len(content) > 1_000_000  # several reads
    source, _ = read(tmp_path, content, group="G")
    expected = []
    for one in ElementTree.fromstring(content).iter(f"{{{V13}}}SubjectData"):
        for found in one.iter(f"{{{V13}}}ItemGroupData"):
            if found.attrib["ItemGroupOID"] == "G":
                items = {
                    cell.attrib["ItemOID"]: cell.attrib["Value"]
                    for cell in found.findall(f"{{{V13}}}ItemData")
                }
                items["_SUBJECT"], items["_GROUP_REPEAT"] = (
                    one.attrib["SubjectKey"],
                    found.get("ItemGroupRepeatKey", ""),
                )
                expected.append(items)
    assert len(expected) == len(lines) > 9000
    every = np.arange(len(lines))
    for name in ("_SUBJECT", "_GROUP_REPEAT", *"ABCDEF"):
        assert source.raw_text(name, every).tolist() == [one.get(name, "") for one in expected]
    assert source.rows.tolist() == lines


# ---- transactions ---------------------------------------------------------------------------------------


FIRST = odm(
    subject(
        "01",
        form(
            "AE",
            "\n" + group("G", item("TERM", "Headache") + item("SEV", "1"), ' ItemGroupRepeatKey="1"' + typed("Insert"))
            + "\n" + group("G", item("TERM", "Rash") + item("SEV", "2"), ' ItemGroupRepeatKey="2"' + typed("Upsert"))
            + "\n" + group("G", item("TERM", "Fall"), ' ItemGroupRepeatKey="3"'),
            typed("Insert"),
        ),
        typed("Insert"),
    )
    + subject("02", form("AE", group("G", item("TERM", "Cough"))), typed("Insert"))
    + subject("03", form("AE", group("G", item("TERM", "Pain"))), typed("Insert")),
    kind="Transactional",
)  # fmt: skip
SECOND = odm(
    subject(
        "01",
        form(
            "AE",
            group(
                "G",
                item("TERM", "Headache", typed("Context"))
                + item("SEV", "3", typed("Update"))
                + item("OUT", "1", typed("Insert"))
                + item("OUT", "2", typed("Update")),
                ' ItemGroupRepeatKey="1"' + typed("Update"),
            )
            + "\n" + group("G", item("SEV", "", typed("Remove")), ' ItemGroupRepeatKey="2"' + typed("Context"))
            + group("G", "", ' ItemGroupRepeatKey="3"' + typed("Remove")),
            typed("Context"),
        ),
        typed("Context"),
    )
    + subject("02", form("AE", "", typed("Remove")), typed("Context"))
    + subject("03", "", typed("Remove"))
    + "\n" + subject("03", form("AE", group("G", item("TERM", "Itch"))), typed("Insert")),
    kind="Transactional",
)  # fmt: skip


def test_transactions_give_their_final_state(tmp_path: Path) -> None:
    write(tmp_path, {"edc/1.xml": FIRST, "edc/2.xml": SECOND})
    found = read_sources(study(spec("edc", "edc/*.xml", form="AE")), tmp_path)
    assert [str(one) for one in found.issues] == []
    source = found["edc"]
    assert rows(source, "_SUBJECT", "_GROUP_REPEAT", "TERM", "SEV", "OUT") == [
        ["01", "1", "Headache", "3", "2"],
        ["01", "2", "Rash", "", ""],
        ["03", "", "Itch", "", ""],
    ]
    assert [str(source.place(one)) for one in range(3)] == ["edc/2.xml:2", "edc/2.xml:3", "edc/2.xml:4"]


def test_transactions_of_a_snapshot(tmp_path: Path) -> None:
    start = odm(subject("1", form("F", group("G", item("X", "1") + item("Y", "2")))))
    update = odm(subject("1", form("F", group("G", item("X", "5"))), typed("Update")), kind="Transactional")
    write(tmp_path, {"start.xml": start, "delta/1.xml": update})
    found = read_sources(study(spec("edc", "start.xml", transactions="delta/*.xml")), tmp_path)
    assert found.issues == ()
    assert rows(found["edc"], "X", "Y") == [["5", "2"]]
    assert found["edc"].files == ("start.xml", "delta/1.xml")


def test_transactions_that_do_not_fit(tmp_path: Path) -> None:
    body = "\n".join(
        [
            subject("1", form("F", group("G", item("X", "1"))), typed("Insert")),
            subject(
                "1",
                form("F", group("G", item("X", "2", typed("Insert")), typed("Upsert")), typed("Upsert")),
                typed("Context"),
            ),
            subject("2", form("F", group("G", item("Y", "3")), typed("Upsert")), typed("Update")),
            subject("3", "", typed("Remove")),
            subject(
                "1",
                form("F", group("G", item("Z", "", typed("Remove")), typed("Context")), typed("Context")),
                typed("Context"),
            ),
            subject("1", form("F", group("G", item("X", "7", typed("Update")))), typed("Remove")),
            subject("4", form("F", group("G", item("X", "8")))),
        ]
    )  # fmt: skip
    source, issues = read(tmp_path, odm(body, kind="Transactional"))
    assert rows(source, "_SUBJECT", "X", "Y") == [["2", "", "3"], ["4", "8", ""]]
    hint = "\n  hint: check that no file is missing, that none is read twice, and that the files are in order"
    assert [one.replace(hint, "").removeprefix("study.yaml:8: ") for one in issues] == [
        "SRC376 edc: 1 transaction Insert of item that exists already, first at raw.xml:3; taken as Upsert",
        "SRC376 edc: 1 transaction Update of subject that does not exist, first at raw.xml:4; taken as Upsert",
        "SRC376 edc: 1 transaction Remove of subject that does not exist, first at raw.xml:5; taken as Upsert",
        "SRC376 edc: 1 transaction Remove of item that does not exist, first at raw.xml:6; taken as Upsert",
        "SRC376 edc: 1 transaction Update of item that is in a removed one, first at raw.xml:7; taken as Upsert",
        (
            "SRC378 edc: 1 item of a transactional file without TransactionType, nor has what holds them; taken as Upsert, "
            "first at raw.xml:8\n  hint: ask for an export that states TransactionType"
        ),
    ]


def test_order_of_files(tmp_path: Path) -> None:
    body = subject("1", form("F", group("G", item("X", "1"))), typed("Upsert"))
    late = 'CreationDateTime="2024-05-07T10:00:00+02:00" FileOID="F2" PriorFileOID="F1"'
    early = 'CreationDateTime="2024-05-07T07:00:00Z" FileOID="F3" PriorFileOID="F2"'
    write(
        tmp_path,
        {
            "a.xml": odm(body, kind="Transactional", more=late),
            "b.xml": odm(body, kind="Transactional", more=early),
            "c.xml": odm(body),
        },
    )
    assert refusal(tmp_path, spec("edc", "*.xml")) == (
        "study.yaml:8: SRC380 edc: b.xml was created before a.xml, which comes first\n"
        "  hint: name the files so that they sort in the order in which they were made\n"
        "study.yaml:8: SRC380 edc: c.xml is a Snapshot that comes after the transactions of b.xml\n"
        "  hint: name the files so that they sort in the order in which they were made"
    )
    write(tmp_path, {"b.xml": odm(body, kind="Transactional", more='FileOID="F9" PriorFileOID="F8"')})
    (tmp_path / "c.xml").unlink()
    found = read_sources(study(spec("edc", "*.xml")), tmp_path)
    assert [str(one) for one in found.issues] == [
        (
            "study.yaml:8: SRC381 edc: b.xml follows on another file than a.xml, by its PriorFileOID\n"
            "  hint: put the file between them into the folder"
        )
    ]
    write(tmp_path, {"c.xml": odm(body), "d.xml": odm(body)})
    assert "SRC380 edc: d.xml stands under transactions:, but is a Snapshot" in refusal(
        tmp_path, spec("edc", "c.xml", transactions="d.xml")
    )


# ---- the specification -------------------------------------------------------------------------------------


def test_keys_of_odm_mean_nothing_for_text(tmp_path: Path) -> None:
    write(tmp_path, {"ae.csv": "A\n1\n"})
    found = read_sources(study(spec("ae", form="F", group="G", transactions="x.xml")), tmp_path)
    assert [one.code for one in found.issues] == ["SRC342"]
    assert dict(found.issues[0].fields)["keys"] == "form:, group:, transactions:"


def test_the_specification_states_form_group_and_transactions(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "study.yaml": "study: S1\nstandard: {ig: 3.4, ct: 2025-03-28}\nsources:\n  ae:\n    path: edc.xml\n"
            "    format: odm\n    form: F.AE\n    group: IG.AE\n    transactions: delta/*.xml\n"
            "    subject: _SUBJECT\ndomains: [dm.yaml]\n",
            "dm.yaml": "domain: DM\nkeys: [STUDYID, USUBJID]\nrecords: [{from: ae}]\n",
        },
    )
    found = load_spec(tmp_path).sources[0]
    assert (found.format, found.form, found.group, found.transactions) == (
        "odm",
        "F.AE",
        "IG.AE",
        "delta/*.xml",
    )


# ---- real files -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "odm_redcap_clinical_trial1").is_dir(), reason="shared data are not here")
def test_a_redcap_project_is_as_its_csv() -> None:
    folder = SHARED / "odm_redcap_clinical_trial1"
    with (folder / "data.csv").open(encoding="utf-8", newline="") as file:
        header, *expected = csv.reader(file)
    source = read_sources(study(spec("edc", "project.xml", form="Form.demographics")), folder)["edc"]
    assert (len(header), len(expected)) == (13, 500)
    assert rows(source, *header) == expected
    assert source.columns[-13:] == tuple(header)
    assert source.rows[:2].tolist() == [151, 172]


@pytest.mark.skipif(not (SHARED / "odm_odmlib_snapshot").is_dir(), reason="shared data are not here")
def test_a_snapshot_of_two_subjects() -> None:
    folder = SHARED / "odm_odmlib_snapshot"
    source = read_sources(study(spec("vs", "odm-data-snapshot.xml", form="VS")), folder)["vs"]
    assert rows(source, "_SUBJECT", "_EVENT", "IT.PT_PULSE", "IT.PT_SBP")[0] == [
        "SS_0001",
        "SE.SCREENING",
        "89",
        "yes",
    ]
    assert source.rows[0] == 870
