"""A metadata workbook read: what export wrote comes back, foreign dialects are understood, faults have their cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner

from define_example import DEFINE
from sdtm_il2.build import Build
from sdtm_il2.cli import main
from sdtm_il2.define.check import check_define
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.diff import diff_define
from sdtm_il2.define.model import (
    CodeList,
    CodeListTerm,
    CommentDef,
    DeclaredStandard,
    Define,
    DocumentRef,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    MethodDef,
    Origin,
    PDFPageRef,
    RangeCheck,
    ValueListDef,
    WhereClauseDef,
    bilingual,
    described,
)
from sdtm_il2.define.read import read_define
from sdtm_il2.define.workbook import workbook_sheets, write_workbook
from sdtm_il2.define.workbook_read import read_workbook
from sdtm_il2.define.workbook_where import Condition, WhereError, parse_where
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import DefineError
from study import build_study, standard
from test_define_language import FILES

SHARED = Path(__file__).parents[2] / "shared" / "data"
FOREIGN = [SHARED / "define21" / "define.xml", SHARED / "bootcamp_abc01" / "define.xml"]


def small() -> Define:
    """What a workbook holds whole: two datasets, value levels, codelists, documents, two languages."""
    items = (
        ItemDef("IT.DM.STUDYID", "STUDYID", "text", 4, sas_field_name="STUDYID", origins=(Origin("Protocol", "Sponsor"),),
                description=bilingual("Study Identifier", "研究标识符")),
        ItemDef("IT.DM.SEX", "SEX", "text", 1, sas_field_name="SEX", codelist_oid="CL.SEX", description=described("Sex"),
                origins=(Origin("Collected", "Investigator",
                                documents=(DocumentRef("LF.acrf", (PDFPageRef(("3", "7")),)),)),)),
        ItemDef("IT.LB.STUDYID", "STUDYID", "text", 4, sas_field_name="STUDYID",
                origins=(Origin("Predecessor", "", described("DM.STUDYID")),)),
        ItemDef("IT.LB.LBTESTCD", "LBTESTCD", "text", 8, sas_field_name="LBTESTCD", comment_oid="COM.1",
                origins=(Origin("Assigned", "Sponsor"), Origin("Predecessor", "", described("DM.SEX")))),
        ItemDef("IT.LB.LBORRES", "LBORRES", "text", 9, sas_field_name="LBORRES", value_list_oid="VL.LB.LBORRES"),
        ItemDef("IT.LB.LBORRES.ALT", "LBORRES", "float", 5, 1, "LBORRES", "5.1",
                origins=(Origin("Collected", "Vendor"),)),
        ItemDef("IT.LB.LBORRES.6_needle.AND.M", "LBORRES", "text", 9, sas_field_name="LBORRES",
                origins=(Origin("Derived", "Sponsor"),)),
    )  # fmt: skip
    lb = "IT.LB.LBTESTCD"
    return Define(
        "F.9", "2025-06-30T12:00:00", "STDY.9", "S9", "=A study, not a formula", "P9", "MDV.9", "SDTM of S9",
        "All of it", "2.1.5", "Other", "us", "them", "1.0", "COM.1",
        standards=(
            DeclaredStandard("STD.IG", "SDTMIG", "IG", "3.4", comment_oid="COM.1"),
            DeclaredStandard("STD.CT", "CDISC/NCI", "CT", "2025-03-28", "SDTM"),
        ),
        annotated_crf=(DocumentRef("LF.acrf"),), documents=(DocumentRef("LF.guide"),),
        value_lists=(
            ValueListDef("VL.LB.LBORRES", (
                ItemRef("IT.LB.LBORRES.ALT", 1, mandatory=True, where_clause_oids=("WC.LB.LBTESTCD.ALT",)),
                ItemRef("IT.LB.LBORRES.6_needle.AND.M", 2, method_oid="MT.1",
                        where_clause_oids=("WC.LB.LBTESTCD.6_needle.AND.DM.SEX.M",)),
            )),
        ),
        where_clauses=(
            WhereClauseDef("WC.LB.LBTESTCD.ALT", (RangeCheck(lb, "EQ", ("ALT",)),)),
            WhereClauseDef("WC.LB.LBTESTCD.6_needle.AND.DM.SEX.M", (
                RangeCheck(lb, "NOTIN", ('6" needle', "AND")), RangeCheck("IT.DM.SEX", "NE", ("M",)))),
        ),
        item_groups=(
            ItemGroupDef(
                "IG.DM", "DM", "DM", bilingual("Demographics", "人口学资料"), "One record per subject",
                (
                    ItemRef("IT.DM.STUDYID", 1, mandatory=True, key_sequence=1, role="Identifier"),
                    ItemRef("IT.DM.SEX", 2, role="Record Qualifier"),
                ),
                "SPECIAL PURPOSE", repeating=False, sas_dataset_name="DM", standard_oid="STD.IG",
                archive_location_id="LF.dm", leaf=Leaf("LF.dm", "dm.xpt", "dm.xpt"),
            ),
            ItemGroupDef(
                "IG.LB", "LB", "LB", described("Laboratory"), "One record per test",
                (
                    ItemRef("IT.LB.STUDYID", 1, mandatory=True, key_sequence=2),
                    ItemRef("IT.LB.LBTESTCD", 2, mandatory=True, key_sequence=1, is_non_standard=True),
                    ItemRef("IT.LB.LBORRES", 3, has_no_data=True),
                ),
                "FINDINGS", repeating=True, sas_dataset_name="LB", is_non_standard=True, has_no_data=True,
                comment_oid="COM.1",
            ),
        ),
        items=items,
        codelists=(
            CodeList("CL.SEX", "Sex", terms=(
                CodeListTerm("F", bilingual("Female", "女"), rank="2", order=1), CodeListTerm("M", bilingual("Male", "男"),
                                                                                   rank="1", order=2, extended=True)),
                     standard_oid="STD.CT", comment_oid="COM.1"),
            CodeList("CL.X", "Empty", "integer", is_non_standard=True),
        ),
        methods=(MethodDef("MT.1", "How", described("As it is.\nIn two lines."), "Imputation",
                           documents=(DocumentRef("LF.guide", (PDFPageRef(("here",), type="NamedDestination"),)),)),),
        comments=(CommentDef("COM.1", described(" With blanks round it "),
                             (DocumentRef("LF.guide", (PDFPageRef((), 4, 9),)),)),),
        leaves=(Leaf("LF.acrf", "acrf.pdf", "Annotated CRF"), Leaf("LF.guide", "csdrg.pdf", "Guide")),
    )  # fmt: skip


def again(define: Define, folder: Path) -> Define:
    write_workbook(define, folder / "spec.xlsx")
    return read_workbook(folder / "spec.xlsx")[0]


def test_what_has_a_column_comes_back_as_it_was(tmp_path: Path) -> None:
    assert write_workbook(small(), tmp_path / "spec.xlsx") == ()
    found, notes = read_workbook(tmp_path / "spec.xlsx")
    assert notes == ()
    assert found == small()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_study(tmp_path_factory.mktemp("study"), FILES)


def test_the_define_of_a_build_comes_back_and_has_no_fault(built: Build, tmp_path: Path) -> None:
    made = make_define(
        built.plan, built.summaries, standard("SDTMIG 3.4", "2025-03-28"),
        creation_datetime="2025-06-30T12:00:00",
    )  # fmt: skip
    assert again(made, tmp_path) == made


def test_the_example_comes_back_without_fault(tmp_path: Path) -> None:
    notes = write_workbook(DEFINE, tmp_path / "spec.xlsx")
    assert {one.code for one in notes} == {"DEF791"}
    assert [one.message for one in notes] == [
        "the workbook has no column for this: pages of several kinds in one place (left out at 2 places)",
        "the workbook has no column for this: title of pages (left out at 1 place)",
    ]
    found, _ = read_workbook(tmp_path / "spec.xlsx")
    assert check_define(define_bytes(found)) == ()


def test_what_has_no_column_is_listed(tmp_path: Path) -> None:
    path = FOREIGN[0]
    if not path.exists():
        pytest.skip("the sample is not here")
    told = {str(one.target): one.message for one in write_workbook(read_define(path), tmp_path / "spec.xlsx")}
    says = "the workbook has no column for this: {} (left out at {})"
    # found by hand: grep in the file
    assert told["WC.NVCLSIG"] == says.format("comment of a where clause", "1 place")
    assert told["CL.ACN DOSE NOT CHANGED"] == says.format("Description of a term", "4 places")
    assert told["CL.ISO21090"] == says.format("href or ref of a dictionary", "4 places")
    assert told["COM.MDV"] == says.format("a second document of a method or comment", "1 place")
    assert told["AE.AETERM"] == says.format("Description of a list of value levels", "1 place")
    assert len(told) >= 6


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.parent.name)
def test_exported_imported_and_exported_again_is_equal(path: Path, tmp_path: Path) -> None:
    if not path.exists():
        pytest.skip("the sample is not here")
    define = read_define(path)
    found = again(define, tmp_path)
    assert workbook_sheets(found) == workbook_sheets(define)
    assert again(found, tmp_path) == found
    # what differs is what the notes say: words of an origin, descriptions of lists and terms, titles of pages
    allowed = (
        "sas field name added",
        "origin was Derived",
        "label removed",
        "is non standard added",
        "external was",
        "Country Codes: comment removed",
        "description of its value levels removed",
        "comment of the where clause removed",
        "algorithms-sdtm.pdf page 3 (Review the SESTDTC algorithm)",
        "(See section 3.4.",
        "(Clinical Study Data Reviewer's Guide, Appendix I",
    )
    assert [
        str(one) for one in diff_define(define, found) if not any(text in str(one) for text in allowed)
    ] == []


# ---- faults ------------------------------------------------------------------------------------------------


def changed(folder: Path, change: Callable[[Any], None]) -> Path:
    """The exported workbook of the small Define, changed as somebody would in Excel."""
    write_workbook(small(), folder / "spec.xlsx")
    book = openpyxl.load_workbook(folder / "spec.xlsx")
    change(book)
    book.save(folder / "spec.xlsx")
    return folder / "spec.xlsx"


def told(path: Path) -> list[str]:
    with pytest.raises(DefineError) as caught:
        read_workbook(path)
    return [str(one) for one in caught.value.issues]


def put(sheet: str, cell: str, value: object) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[sheet][cell] = value

    return change


def row(sheet: str, *cells: object) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[sheet].append(cells)

    return change


def repeat(sheet: str, number: int) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[sheet].append([cell.value for cell in book[sheet][number]])

    return change


FAULTS: dict[str, Callable[[Any], None]] = {
    "sheet missing": lambda book: book.remove(book["Variables"]),
    "sheet misspelt": lambda book: setattr(book["Datasets"], "title", "Datasetz"),
    "column missing": put("Variables", "E1", "Data Typ"),
    "unknown dataset": put("Variables", "B3", "DN"),
    "dataset without variables": row(
        "Datasets", "AE", "Adverse Events", "EVENTS", "", "One record per event"
    ),
    "dataset twice": repeat("Datasets", 2),
    "variable twice": repeat("Variables", 3),
    "value level twice": repeat("ValueLevel", 2),
    "term twice": repeat("Codelists", 2),
    "method twice": repeat("Methods", 2),
    "dangling codelist": put("Variables", "K3", "CL.SEXX"),
    "dangling method": put("ValueLevel", "P3", "MT.2"),
    "dangling comment": put("Datasets", "K3", "COM.2"),
    "dangling document": put("Methods", "G2", "LF.no"),
    "unknown standard": put("Datasets", "G2", "SDTMIG 3.3"),
    "unknown key": put("Datasets", "F2", "STUDYID, USUBJID"),
    "unknown type": put("Variables", "E3", "Char"),
    "length that is no number": put("Variables", "F3", "$1"),
    "unknown origin": put("Variables", "L3", "Colected"),
    "flag that is none": put("Variables", "I3", "Maybe"),
    "where clause": put("ValueLevel", "D2", "LBTESTCD IS ALT"),
    "where clause of no variable": put("ValueLevel", "D2", "LBTSTCD EQ ALT"),
    "value level of no variable": put("ValueLevel", "C2", "LBORRS"),
    "list with two names": put("Codelists", "B3", "Gender"),
    "date": put("Variables", "M3", dt.datetime(2026, 5, 3)),
    "logical value": put("Codelists", "H2", True),
    "formula": put("Variables", "D3", "=A1"),
    "error of Excel": put("Variables", "D3", "#REF!"),
    "no ID": put("Codelists", "A3", None),
    "no study name": put("Define", "B2", None),
}
MESSAGES = yaml.safe_load(
    (Path(__file__).parent / "cases/messages/workbook.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_cell(name: str, tmp_path: Path) -> None:
    assert "\n".join(told(changed(tmp_path, FAULTS[name]))) + "\n" == MESSAGES[name]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"<html></html>"])
def test_what_is_no_workbook_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "spec.xlsx").write_bytes(content)
    (found,) = told(tmp_path / "spec.xlsx")
    assert found.startswith("spec.xlsx: DEF799: the file cannot be read as a workbook: ")


def test_columns_of_the_author_are_noted(tmp_path: Path) -> None:
    path = changed(tmp_path, put("Variables", "T2", "ask the statistician"))
    define, notes = read_workbook(path)
    assert define == small()
    assert [one.text() for one in notes] == [
        (
            "spec.xlsx: DEF798 Variables!T2: Define-XML has no place for the column 'Developer Notes': left out "
            "(1 cell)\n  hint: nothing needs to be done"
        )
    ]


def test_a_text_that_no_cell_holds_is_not_cut(tmp_path: Path) -> None:
    long = replace(small(), methods=(replace(small().methods[0], description=described("x" * 32768)),))
    with pytest.raises(DefineError) as caught:
        write_workbook(long, tmp_path / "spec.xlsx")
    assert str(caught.value) == (
        "spec.xlsx: DEF789 Methods!D2: the text has 32,768 characters, a cell of a workbook holds 32,767\n"
        "  hint: shorten it, or take the text from define.xml"
    )
    assert not (tmp_path / "spec.xlsx").exists()


# ---- other dialects ----------------------------------------------------------------------------------------


def foreign(folder: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(cells)
    book.save(folder / "old.xlsx")
    return folder / "old.xlsx"


def test_the_older_dialect_is_understood(tmp_path: Path) -> None:
    """A sheet of where clauses, Description for Label, CRF and eDT, numbers as numbers, blank rows, no standards."""
    path = foreign(tmp_path, {
        "Study": [["Attribute", "Value"], ["StudyName", "S2"], ["StandardName", "SDTM-IG"], ["StandardVersion", 3.2]],
        "datasets": [
            ["Dataset", "Description", "Class", "Structure", "Purpose", "Key Variables", "Repeating", "Reference Data"],
            ["VS", "Vital Signs", "Findings", "One record per test", "Tabulation", "VSTESTCD", "Yes", "No"],
            [None] * 8,
        ],
        "Variables": [
            ["Order", "Dataset", "Variable", "Label", "Data Type", "Length", "Mandatory", "Origin", "Pages"],
            [10, "VS", "VSORRES", "Result", "text", 5.0, "No", "eDT", None],
            [2, "VS", "VSTESTCD", "Test", "Text", 8, "Yes", "CRF", "4, 5"],
        ],
        "Value Level": [
            ["Order", "Dataset", "Variable", "Where Clause", "Data Type", "Length", "Mandatory"],
            [1, "VS", "VSORRES", "VS.H", "integer", 3, "No"],
        ],
        "WhereClauses": [
            ["ID", "Dataset", "Variable", "Comparator", "Value"],
            ["VS.H", "VS", "VSTESTCD", "in", "HEIGHT, WEIGHT"], ["VS.H", "VS", "VSORRES", "NE", "ND"],
        ],
        "Documents": [["ID", "Title", "Href"], ["Blank CRF", "CRF", "blankcrf.pdf"], ["guide", "Guide", "sdrg.pdf"]],
    })  # fmt: skip
    define, notes = read_workbook(path, "2025-01-01T00:00:00")
    assert [one.message for one in notes] == [
        "Define-XML has no place for the column 'Purpose': left out (1 cell)"
    ]
    (group,) = define.item_groups
    assert (group.class_, group.standard_oid, group.is_non_standard) == ("FINDINGS", "STD.IG", False)
    assert define.standards == (DeclaredStandard("STD.IG", "SDTMIG", "IG", "3.2"),)
    # 2 stands before 10, whatever the order of the rows
    assert [(one.item_oid, one.order) for one in group.items] == [
        ("IT.VS.VSTESTCD", 2),
        ("IT.VS.VSORRES", 10),
    ]
    test, result, level = define.items
    assert (test.data_type, test.length, result.length) == ("text", 8, 5)
    crf = Leaf("LF.Blank_CRF", "blankcrf.pdf", "CRF")
    assert define.leaves == (crf, Leaf("guide", "sdrg.pdf", "Guide"))
    assert (define.annotated_crf, define.documents) == (
        (DocumentRef("LF.Blank_CRF"),),
        (DocumentRef("guide"),),
    )
    assert test.origins == (
        Origin(
            "Collected", "Investigator", documents=(DocumentRef("LF.Blank_CRF", (PDFPageRef(("4", "5")),)),)
        ),
    )
    assert result.origins == (Origin("Collected", "Vendor"),)
    assert (level.name, level.data_type, result.value_list_oid) == ("VSORRES", "integer", "VL.VS.VSORRES")
    assert define.where_clauses[0].checks == (
        RangeCheck("IT.VS.VSTESTCD", "IN", ("HEIGHT", "WEIGHT")), RangeCheck("IT.VS.VSORRES", "NE", ("ND",)),
    )  # fmt: skip
    assert (define.study_oid, define.creation_datetime) == ("STDY.S2", "2025-01-01T00:00:00")


def test_standards_are_read_from_their_cells(tmp_path: Path) -> None:
    path = foreign(tmp_path, {
        "Define": [["Attribute", "Value"], ["StudyName", "S2"]],
        "Datasets": [
            ["Dataset", "Label", "Class", "Structure", "Key Variables", "Standard"],
            ["DM", "Demographics", "SPECIAL PURPOSE", "One record per subject", "SEX", "SDTMIG 3.4"],
        ],
        "Variables": [
            ["Dataset", "Variable", "Label", "Data Type", "Length", "Mandatory", "Codelist"],
            ["DM", "SEX", "Sex", "text", 1, "No", "SEX"],
        ],
        "Codelists": [
            ["ID", "Name", "NCI Codelist Code", "Data Type", "Terminology", "Order", "Term", "NCI Term Code",
             "Decoded Value"],
            ["SEX", "Sex", "C66731", "text", "SDTM 2025-03-28", "10", "X", None, None],
            ["SEX", "Sex", "C66731", "text", "SDTM 2025-03-28", "2", "F", "C16576", "Female"],
        ],
    })  # fmt: skip
    define, _ = read_workbook(path)
    assert define.standards == (
        DeclaredStandard("STD.IG", "SDTMIG", "IG", "3.4"),
        DeclaredStandard("STD.CT", "CDISC/NCI", "CT", "2025-03-28", "SDTM"),
    )
    (sex,) = define.codelists
    assert [(one.value, one.extended) for one in sex.terms] == [("F", False), ("X", True)]
    assert sex.standard_oid == "STD.CT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A EQ 1", [[("A", "EQ", ("1",))]]),
        ('A eq "x y" AND DM.B notin (c, "d, e")', [[("A", "EQ", ("x y",)), ("DM.B", "NOTIN", ("c", "d, e"))]]),
        ("A EQ WHOLE BLOOD and B NE 2 or C IN (x)", [
            [("A", "EQ", ("WHOLE BLOOD",)), ("B", "NE", ("2",))], [("C", "IN", ("x",))]]),
        ("A = '5 mg'", [[("A", "EQ", ("5 mg",))]]),
        ("A >= 3.5 and B not in (x, y)", [[("A", "GE", ("3.5",)), ("B", "NOTIN", ("x", "y"))]]),
        ('A EQ "6"" long"', [[("A", "EQ", ('6" long',))]]),
        ('A EQ ""', [[("A", "EQ", ("",))]]),
        ("A EQ Clinician's (2)", [[("A", "EQ", ("Clinician's (2)",))]]),
    ],
)  # fmt: skip
def test_where_clauses_are_read_leniently(
    text: str, expected: list[list[tuple[str, str, tuple[str, ...]]]]
) -> None:
    found = [[(one.variable, one.comparator, one.values) for one in clause] for clause in parse_where(text)]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no condition"),
        ("A", "'' after A is no comparator; comparators are EQ NE LT LE GT GE IN NOTIN"),
        ("A EQ", "a comparator without value"),
        ("A EQ 1 and", "no condition after `and` or `or`"),
        ("A IN x", "IN and NOTIN without brackets; write IN (A, B)"),
        ("A IN (x", "a bracket that is not closed"),
        ("A IN (x,,y)", "an empty value in brackets"),
        ('A EQ "x', "a quote that is not closed in \"x"),
        ('A EQ "x" y', "'y' where `and`, `or` or the end is expected"),
    ],
)  # fmt: skip
def test_where_clauses_that_cannot_be_read(text: str, fault: str) -> None:
    with pytest.raises(WhereError) as caught:
        parse_where(text)
    assert str(caught.value) == fault


def test_conditions_are_values() -> None:
    assert parse_where("A EQ 1") == ((Condition("A", "EQ", ("1",)),),)


def test_the_verb_makes_a_define_xml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    write_workbook(small(), tmp_path / "spec.xlsx")
    result = CliRunner().invoke(main, ["define", "import", str(tmp_path / "spec.xlsx")])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, f"written to {tmp_path / 'spec.xml'}")
    assert (tmp_path / "spec.xml").read_bytes() == define_bytes(small())
    path = changed(tmp_path, put("Variables", "F3", "$1"))
    before = (tmp_path / "spec.xml").read_bytes()
    result = CliRunner().invoke(main, ["define", "import", str(path), "-o", str(tmp_path / "spec.xml")])
    assert result.exit_code == 2
    assert "DEF794 Variables!F3" in result.output
    assert (tmp_path / "spec.xml").read_bytes() == before
