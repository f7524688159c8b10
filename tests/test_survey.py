"""`profile`: what raw files hold, before there is a specification."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from sdtm_il2.cli import main
from sdtm_il2.errors import SourceError
from sdtm_il2.survey import DateForms, by_content, by_name, date_forms, survey
from study import SHARED, standard, write_files

AE = """\
SUBJECT,AETERM,AESTDAT,SERIOUS,GRADE,CODE
01-001,Headache,23/04/2024,Yes,1,007
01-001,Rash,UN/04/2024,No,2,012
01-002,,03/05/2024,No,1,007
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], prog_name="sdtm-il2")


def test_the_profile_of_a_file(tmp_path: Path) -> None:
    write_files(tmp_path, {"ae.csv": AE})
    done = run("profile", tmp_path / "ae.csv")
    assert done.exit_code == 0
    assert (
        done.stdout
        == """\
ae.csv: text, utf-8; 3 records, 6 columns; looks like AE, subject in 'SUBJECT'
  AESTDAT: unknown parts are written UN

Column   Filled  Distinct  Length  Looks like       May be
SUBJECT       3         2  6       text             SUBJID
AETERM        2         2  4-8     text             AE.AETERM
AESTDAT       3         3  10      date dd/mm/yyyy  AE.AESTDTC
SERIOUS       3         2  2-3     yes or no        AE.AESER, C66742
GRADE         3         2  1       integer          AE.AETOXGR
CODE          3         2  3       code
"""
    )


def test_values_are_printed_on_request_only(tmp_path: Path) -> None:
    write_files(tmp_path, {"ae.csv": AE})
    assert "Headache" not in run("profile", tmp_path).stdout
    assert "Headache" not in run("profile", tmp_path, "--json").stdout
    assert "Headache (1), Rash (1)" in run("profile", tmp_path, "--show-values").stdout


def test_the_profile_as_json(tmp_path: Path) -> None:
    write_files(tmp_path, {"raw/ae.csv": AE})
    found = json.loads(run("profile", tmp_path / "raw", "--json", "--show-values").stdout)
    (table,) = found["tables"]
    assert (table["path"], table["kind"], table["encoding"], table["records"]) == (
        "ae.csv",
        "text",
        "utf-8",
        3,
    )
    assert (table["domain"], table["subject"]) == ("AE", "SUBJECT")
    assert table["columns"][2] == {
        "column": "AESTDAT",
        "filled": 3,
        "distinct": 3,
        "shortest": 10,
        "longest": 10,
        "looks": "date dd/mm/yyyy",
        "candidates": [{"variable": "AE.AESTDTC", "by": "name", "codelist": ""}],
        "dates": {"formats": ["dd/mm/yyyy"], "read": 3, "ambiguous": [], "unknown": ["UN"]},
        "values": [
            {"value": "03/05/2024", "count": 1},
            {"value": "23/04/2024", "count": 1},
            {"value": "UN/04/2024", "count": 1},
        ],
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-03-01", "2024-03", "1980"], DateForms(("yyyy-mm-dd",), 3, 3)),
        (["2024年3月1日", "2024年3月"], DateForms(("yyyy年m月d日",), 2, 2)),
        (["20240301"], DateForms(("yyyymmdd",), 1, 1)),
        (["2024-05-03 08:10", "2024-05-04"], DateForms(("yyyy-mm-dd hh:mi",), 2, 2)),
        (["03/04/2024"], DateForms(("dd/mm/yyyy",), 1, 1, (("dd/mm/yyyy", "mm/dd/yyyy"),))),
        (["03/04/2024", "23/04/2024"], DateForms(("dd/mm/yyyy",), 2, 2)),
        (["04/23/2024", "03/04/2024"], DateForms(("mm/dd/yyyy",), 2, 2)),
        (["26-Dec-2013", "2013-12-26", "2013-12-27"], DateForms(("yyyy-mm-dd", "dd-mon-yyyy"), 3, 3)),
        (["UN-MAR-1980", "03-MAR-1980"], DateForms(("dd-mon-yyyy",), 2, 2, (), ("UN",))),
        (["1980", "1985"], None),
        (["10:30", "9:05"], None),
        (["01-701-1015", "01-701-1023"], None),
        (["120/80", "110/70"], None),
        (["soon", "2024-01-01"], None),
        ([], None),
    ],
)
def test_date_formats(texts: list[str], expected: DateForms | None) -> None:
    assert date_forms(dict.fromkeys(texts, 1)) == expected


@pytest.mark.parametrize(
    ("column", "domain", "expected"),
    [
        ("AESTDAT", "AE", ["AE.AESTDTC"]),
        ("IT.AESTDAT", "", ["AE.AESTDTC"]),
        ("AETERM", "", ["AE.AETERM"]),
        ("STDAT", "CM", ["CM.CMSTDTC"]),
        ("CMFREQ", "CM", ["CM.CMDOSFRQ"]),
        ("I.CM.TRT", "CM", ["CM.CMTRT"]),
        ("SCAT", "DS", ["DS.DSSCAT"]),
        ("DUR", "CM", []),  # an export has no ISO 8601 duration under that name
        ("TRT", "LB", []),
        ("LBDAT", "LB", ["LB.LBDTC"]),
        ("不良事件名称", "", ["AE.AETERM"]),
        ("开始日期", "AE", ["AE.AESTDTC"]),
        ("开始日期", "", ["--STDTC"]),
        ("与研究药物关系", "AE", ["AE.AEREL"]),
        ("与药物关系", "AE", ["AE.AEREL"]),
        ("与试验用药的关系", "AE", ["AE.AEREL"]),
        ("Visit Date", "VS", ["VS.VSDTC"]),
        ("Visit Date", "SV", ["SV.SVSTDTC"]),
        ("Visit Date", "EX", []),  # not the day of the dose
        ("Visit Date", "AE", []),
        ("Visit Date", "", ["--DTC"]),
        ("访视日期", "LB", ["LB.LBDTC"]),
        ("Start Date", "EX", ["EX.EXSTDTC"]),
        ("DATE", "EX", ["EX.EXSTDTC"]),
        ("DATE", "LB", ["LB.LBDTC"]),
        ("UNIT", "LB", ["LB.LBORRESU"]),
        ("UNIT", "EX", ["EX.EXDOSU"]),
        ("参考区间", "LB", ["range"]),
        ("受试者编号", "LB", ["SUBJID"]),
        ("SITEID", "AE", ["SITEID"]),
        ("性别", "DM", ["DM.SEX"]),
        ("XYZZY", "AE", []),
        ("_EVENT_REPEAT", "AE", []),
    ],
)
def test_candidates_by_name(column: str, domain: str, expected: list[str]) -> None:
    found = by_name(column, domain, standard("SDTMIG 3.4", "2025-03-28"))
    assert [one.variable for one in found] == expected


@pytest.mark.parametrize(
    ("texts", "domain", "expected"),
    [
        (["男", "女"], "DM", [("DM.SEX", "C66731")]),
        (["Mild", "SEVERE"], "AE", [("AE.AESEV", "C66769")]),
        (["Y", "No"], "AE", [("", "C66742")]),
        (["痊愈", "未痊愈"], "AE", [("AE.AEOUT", "C66768")]),
        (["Mild", "Ghastly"], "AE", []),
        (["1", "2"], "DM", []),
        ([], "DM", []),
    ],
)
def test_candidates_by_content(texts: list[str], domain: str, expected: list[tuple[str, str]]) -> None:
    found = by_content(texts, domain, standard("SDTMIG 3.4", "2025-03-28"))
    assert [(one.variable, one.codelist) for one in found] == expected


def test_an_encoding_is_found_and_told(tmp_path: Path) -> None:
    (tmp_path / "不良事件.csv").write_bytes("受试者编号,不良事件名称\n01,头痛\n".encode("gb18030"))
    (part,) = survey([tmp_path], standard()).parts
    assert (part.part.spec.encoding, part.domain, part.subject) == ("gb18030", "AE", "受试者编号")
    assert [one.name for one in part.columns] == ["受试者编号", "不良事件名称"]


def test_semicolons_in_a_csv_file_are_found_though_commas_are_in_its_numbers(tmp_path: Path) -> None:
    rows = "SUBJECT;SYSBP;TEMP;WEIGHT\n01;120;36,6;70,5\n02;121;36,7;\n"
    write_files(tmp_path, {"raw/vitals.csv": rows})
    (part,) = survey([tmp_path / "raw"], standard()).parts
    assert (part.records, part.part.spec.header, part.part.spec.delimiter) == (2, (1,), ";")
    assert [one.name for one in part.columns] == ["SUBJECT", "SYSBP", "TEMP", "WEIGHT"]
    assert "utf-8, cells between ';'; 2 records" in run("profile", tmp_path / "raw").stdout
    assert run("init", tmp_path / "study", tmp_path / "raw", "--study", "S").exit_code == 0
    assert '    delimiter: ";"\n    decimal: ","\n' in (tmp_path / "study/study.yaml").read_text("utf-8")


def test_a_header_below_titles_is_found(tmp_path: Path) -> None:
    write_files(tmp_path, {"lab.csv": "Report,\nof May,\nSUBJECT,ITEM,RESULT\n01,WBC,3\n"})
    (part,) = survey([tmp_path], standard()).parts
    assert part.part.spec.header == (3,)
    assert [one.name for one in part.columns] == ["SUBJECT", "ITEM", "RESULT"]


SIGNS = [
    ["编号", "访视", "生命体征", None],
    [None, None, "SYSBP", "DIABP"],
    ["01", "V1", 120, 80],
    ["02", "V1", 118, 79],
]


@pytest.mark.parametrize(
    ("rows", "merged", "header", "columns", "records"),
    [
        pytest.param(
            [["生命体征表"], *SIGNS], ["C2:D2", "A2:A3", "B2:B3"], (2, 3),
            ["编号", "访视", "生命体征.SYSBP", "生命体征.DIABP"], 2, id="below a title",
        ),
        pytest.param(
            [["生命体征表"], ["2024"], *SIGNS], ["A1:D1", "A2:D2", "C3:D3"], (3, 4),
            ["编号", "访视", "生命体征.SYSBP", "生命体征.DIABP"], 2, id="below titles merged over all columns",
        ),
        pytest.param(
            SIGNS, ["C1:D1"], (1, 2), ["编号", "访视", "生命体征.SYSBP", "生命体征.DIABP"], 2, id="in the first rows",
        ),
        pytest.param(
            [["Subject", None, "Result", None], ["ID", "VISIT", "WBC", "RBC"], ["01", "V1", 5.1, 4]],
            ["A1:B1", "C1:D1"], (1, 2), ["Subject.ID", "Subject.VISIT", "Result.WBC", "Result.RBC"], 1,
            id="every column under a merged cell",
        ),
        pytest.param(
            [["ID", "Signs", None, "Seen"], [None, "SYSBP", "DIABP", "by"], ["01", 120, 80, "KL"]],
            ["A1:A2", "B1:C1"], (1, 2), ["ID", "Signs.SYSBP", "Signs.DIABP", "Seen.by"], 1,
            id="a column with both names, beside one that is merged over both rows",
        ),
        pytest.param(
            [["Titles"], ["ID", "TERM"], ["01", "Rash"]], ["A1:B1"], (2,), ["ID", "TERM"], 1,
            id="one row, below a title merged over all columns",
        ),
    ],
)  # fmt: skip
def test_a_header_with_merged_cells_has_two_rows(
    tmp_path: Path, rows: list[list[object]], merged: list[str], header: tuple[int, ...], columns: list[str], records: int
) -> None:  # fmt: skip
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place in merged:
        book.active.merge_cells(place)
    book.save(tmp_path / "vitals.xlsx")
    (part,) = survey([tmp_path], standard()).parts
    assert part.part.spec.header == header
    assert [one.name for one in part.columns] == columns
    assert part.records == records


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            [["ID", "Comment", None], ["01", "seen", "at home"], ["02", "a", "b"]], id="a record below"
        ),
        pytest.param([["Who", None, "Signs", None], ["01", "V1", "120", "80"]], id="numbers below"),
        pytest.param(
            [["Who", None, "Signs", None], ["a", "b", "pos", "neg"], ["c", "d", "pos", "x"]],
            id="words that a record repeats",
        ),
        pytest.param([["ID", "Signs", None], [None, "SYSBP", "SYSBP"], ["1", "2", "3"]], id="one word twice"),
        pytest.param(
            [["ID", "Signs", None], [None, "SYSBP", None], ["1", "2", "3"]], id="a column without a word"
        ),
        pytest.param(
            [["When", None, "Signs", None], ["2024-05-06T10:00", "1E5", "x", "y"], ["p", "q", "r", "s"]],
            id="times and numbers",
        ),
    ],
)
def test_a_record_below_merged_cells_is_no_second_row_of_the_header(
    tmp_path: Path, rows: list[list[object]]
) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for number, cell in enumerate(rows[0], 1):
        if cell is None and number == rows[0].index(None) + 1:
            book.active.merge_cells(start_row=1, end_row=1, start_column=number - 1, end_column=number)
    if rows[0].count(None) > 1:
        book.active.merge_cells("C1:D1")
    book.save(tmp_path / "vitals.xlsx")
    (part,) = survey([tmp_path], standard()).parts
    assert part.part.spec.header == (1,)


def test_a_header_of_two_rows_is_told_and_drafted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [
        ["Vital signs"],
        ["SUBJECT", "VISIT", "Signs"],
        [None, None, "SYSBP", "DIABP"],
        ["01", "V1", 120, 80],
    ]:
        book.active.append(row)
    book.active.merge_cells("C2:D2")
    (tmp_path / "raw").mkdir()
    book.save(tmp_path / "raw/vitals.xlsx")
    done = run("profile", tmp_path / "raw")
    assert done.stdout.startswith(
        "vitals.xlsx: xlsx, header in rows 2 and 3; 1 record, 4 columns; looks like VS,"
    )
    assert run("init", tmp_path / "study", tmp_path / "raw", "--study", "S").exit_code == 0
    assert "    header: [2, 3]\n    subject: SUBJECT\n" in (tmp_path / "study/study.yaml").read_text("utf-8")
    assert "Signs.SYSBP,SYSBP," in (tmp_path / "study/vs_tests.csv").read_text("utf-8")


def test_every_sheet_with_data_is_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "AE"
    book["AE"].append(["SUBJECT", "AETERM"])
    book["AE"].append(["01", "Rash"])
    book.create_sheet("empty")
    book.create_sheet("Vitals").append(["SUBJECT", "SYSBP"])
    book["Vitals"].append(["01", 120])
    book.save(tmp_path / "export.xlsx")
    found = survey([tmp_path], standard()).parts
    assert [(one.part.title, one.domain, one.records) for one in found] == [
        ("export.xlsx (AE)", "AE", 1),
        ("export.xlsx (Vitals)", "VS", 1),
    ]


def test_parquet_files_and_folders_of_several_kinds(tmp_path: Path) -> None:
    pd.DataFrame({"SUBJECT": ["01"], "CMTRT": ["Aspirin"]}).to_parquet(tmp_path / "cm.parquet")
    write_files(tmp_path, {"sub/ae.csv": AE, ".hidden.csv": AE, "notes.md": "x"})
    found = survey([tmp_path], standard()).parts
    assert [(one.part.spec.path, one.part.kind, one.domain) for one in found] == [
        ("cm.parquet", "parquet", "CM"),
        ("sub/ae.csv", "text", "AE"),
    ]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    write_files(tmp_path, {"ae.csv": AE, "bad.csv": 'A,B\n1,"2\n'})
    done = run("profile", tmp_path)
    assert done.exit_code == 2
    assert "ae.csv: text, utf-8; 3 records" in done.stdout
    assert "SRC314" in done.stderr


def test_a_folder_without_raw_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        survey([tmp_path], standard())
    assert str(caught.value) == (
        f"OUT921: there is no raw file in {tmp_path}\n"
        "  hint: name files that are read: csv, tsv, tab, txt, xlsx, sas7bdat, xpt, parquet, odm"
    )


@pytest.mark.parametrize(
    ("texts", "looks"),
    [
        (["Y", "n"], "yes or no"),
        (["是", "否"], "yes or no"),
        (["1", "-20"], "integer"),
        (["1.50", "2"], "number"),
        (["1,5", "2"], "number with a comma"),
        (["<0.5", "2"], "number or limit"),
        (["007", "012"], "code"),
        (["08:10", "8:15"], "time"),
        (["a", "b"], "text"),
        (["a", "a", "b", "b"], "code"),
        ([" ", ""], "empty"),
    ],
)
def test_what_a_column_looks_like(tmp_path: Path, texts: list[str], looks: str) -> None:
    rows = "".join(f'x,"{text}"\n' for text in texts)
    write_files(tmp_path, {"a.csv": f"ID,COL\n{rows}"})
    (part,) = survey([tmp_path], standard()).parts
    assert part.column("COL").looks == looks


def test_forms_of_an_odm_file(tmp_path: Path) -> None:
    path = SHARED / "odm_odmlib_snapshot" / "odm-data-snapshot.xml"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    found = survey([path], standard()).parts
    assert {one.domain for one in found} >= {"DM", "AE", "LB", "VS", "CM", "EC"}
    assert {one.subject for one in found} == {"_SUBJECT"}


def test_raw_files_on_two_drives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drives(_: object) -> str:
        raise ValueError("Paths don't have the same drive")

    write_files(tmp_path, {"a/ae.csv": AE, "b/ae.csv": AE})
    monkeypatch.setattr("sdtm_il2.survey.profile.commonpath", other_drives)
    with pytest.raises(SourceError) as caught:
        survey([tmp_path / "a", tmp_path / "b"], standard())
    assert str(caught.value) == (
        f"OUT922: {tmp_path / 'a'} and {tmp_path / 'b'} have no folder in common\n"
        "  hint: put the raw files into one folder"
    )


def test_a_table_of_many_date_formats_stays_within_eighty_columns(tmp_path: Path) -> None:
    rows = ["001,头痛,轻度,2024-01-02,是", "001,皮疹,重度,2024/1/3,否", "002,咳嗽,轻度,2024年1月4日,是"]
    path = tmp_path / "ae.csv"
    path.write_text(
        "受试者编号,不良事件名称,严重程度,开始日期,是否持续\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    shown = CliRunner().invoke(main, ["profile", str(path)], prog_name="sdtm-il2").stdout
    assert "  开始日期: yyyy-mm-dd | yyyy/m/d | yyyy年m月d日\n" in shown
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert lines["开始日期"].split(maxsplit=4)[4] == "date, 3 formats  AE.AESTDTC"
    assert lines["严重程度"].endswith("AE.AESEV (C66769)")
    assert lines["是否持续"].endswith("AE.AEENRTPT, C66742")
    assert max(len(line) for line in shown.splitlines()) <= 80
