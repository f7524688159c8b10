"""The workbook of a Define-XML: its sheets, read back by the package that others read it with."""

import openpyxl
from click.testing import CliRunner

from define_example import DEFINE, TEXT
from sdtm_il2.cli import main
from sdtm_il2.define.workbook import workbook_sheets, write_workbook


def test_the_sheets_hold_what_the_file_says():
    sheets = workbook_sheets(DEFINE)
    assert list(sheets) == [
        "Define", "Datasets", "Variables", "ValueLevel", "Codelists", "Dictionaries", "Methods", "Comments",
        "Documents", "Standards",
    ]  # fmt: skip
    datasets = [dict(zip(sheets["Datasets"][0], row, strict=True)) for row in sheets["Datasets"][1:]]
    dm = datasets[0]
    assert (dm["Dataset"], dm["Label"], dm["Key Variables"]) == ("DM", "Demographics", "STUDYID, USUBJID")
    assert (dm["Class"], dm["Standard"], dm["Repeating"]) == ("SPECIAL PURPOSE", "SDTMIG 3.4", "No")
    variables = [dict(zip(sheets["Variables"][0], row, strict=True)) for row in sheets["Variables"][1:]]
    age = next(row for row in variables if row["Variable"] == "AGE")
    assert (age["Order"], age["Data Type"], age["Method"], age["Origin"]) == (
        "3",
        "integer",
        "MT.DM.AGE",
        "Derived",
    )
    levels = [dict(zip(sheets["ValueLevel"][0], row, strict=True)) for row in sheets["ValueLevel"][1:]]
    assert all(" EQ " in row["Where Clause"] or " IN (" in row["Where Clause"] for row in levels)
    assert len({len(row) for row in sheets["ValueLevel"]}) == 1


def test_every_cell_is_read_back_as_the_text_that_it_is(tmp_path):
    write_workbook(DEFINE, tmp_path / "define.xlsx")
    book = openpyxl.load_workbook(tmp_path / "define.xlsx")
    for name, rows in workbook_sheets(DEFINE).items():
        found = [
            tuple("" if cell is None else str(cell) for cell in row)
            for row in book[name].iter_rows(values_only=True)
        ]
        assert found == [tuple(row) for row in rows]
    assert book["Datasets"]["M1"].value == "Domain"  # behind the columns that other tools know


def test_the_verb_writes_it(tmp_path):
    result = CliRunner().invoke(main, ["define", "workbook", str(TEXT), "--out", str(tmp_path / "d.xlsx")])
    assert result.exit_code == 0
    assert result.output.endswith(f"written to {tmp_path / 'd.xlsx'}\n")
    assert "no column for this: title of pages (left out at 1 place)" in " ".join(result.output.split())
    assert openpyxl.load_workbook(tmp_path / "d.xlsx")["Define"]["B2"].value == DEFINE.study_name
