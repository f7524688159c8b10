"""Every cell is explained: counted here from the raw files themselves, and the page that shows it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import openpyxl
import pyreadstat
import pytest

from sdtm_il2.balance import Balance, ColumnBalance, ColumnCells, SourceBalance
from sdtm_il2.build import Build
from sdtm_il2.errors import Location
from sdtm_il2.report.html import balance_html
from sdtm_il2.report.json import balance_json
from sdtm_il2.report.rows import RowRun, SourceRows, UnbuiltRow, source_rows
from sdtm_il2.report.text import balance_text
from study import ROOT, build_folder, build_study, write_files

EXAMPLE = ROOT / "examples" / "nct02932137"
RAW = EXAMPLE / "raw"
#: The columns that no cell of is looked into.
PRIVATE = {"demog": ("住院号", "姓名缩写"), "his": ("住院号", "姓名")}
ODM = "{http://www.cdisc.org/ns/odm/v1.3}"


@pytest.fixture(scope="module")
def reference() -> Build:
    return build_folder(ROOT / "mappings" / "nct02932137", EXAMPLE)


def _text_cells(path: Path, source: str, skip: int) -> tuple[int, int]:
    """Rows, and filled cells outside private columns, of a delimited file."""
    lines = path.read_bytes().decode("gb18030").splitlines()[skip:]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    filled = sum(
        bool(text.strip())
        for row in rows
        for name, text in row.items()
        if name not in PRIVATE.get(source, ())
    )
    return len(rows), filled


def _odm_cells(path: Path, form: str) -> tuple[int, int]:
    """Groups of a form, and their items with the keys that the file states for them."""
    rows = filled = 0
    for study in ElementTree.parse(path).getroot().iter(f"{ODM}ClinicalData"):
        for subject in study.iter(f"{ODM}SubjectData"):
            for event in subject.iter(f"{ODM}StudyEventData"):
                for one in event.iter(f"{ODM}FormData"):
                    for group in one.iter(f"{ODM}ItemGroupData") if one.get("FormOID") == form else ():
                        keys = (
                            study.get("StudyOID"), subject.get("SubjectKey"), event.get("StudyEventOID"),
                            event.get("StudyEventRepeatKey"), one.get("FormOID"), one.get("FormRepeatKey"),
                            group.get("ItemGroupOID"), group.get("ItemGroupRepeatKey"),
                        )  # fmt: skip
                        rows += 1
                        filled += sum(bool(key) for key in keys)
                        filled += sum(bool(item.get("Value")) for item in group.iter(f"{ODM}ItemData"))
    return rows, filled


def _counted(source: str, file: str) -> tuple[int, int]:
    path = EXAMPLE / file
    if path.suffix == ".xlsx":
        cells = list(openpyxl.load_workbook(path).active.iter_rows(min_row=4, values_only=True))
        rows = [row for row in cells if any(one is not None for one in row)]
        return len(rows), sum(one is not None for row in rows for one in row)
    if path.suffix == ".xpt":
        frame, _ = pyreadstat.read_xport(path, encoding="gb18030")
        return len(frame), int((frame.notna() & (frame != "")).to_numpy().sum())
    if path.suffix == ".xml":
        return _odm_cells(path, f"F.{source.upper()}")
    return _text_cells(path, source, 2 if source == "his" else 0)


def test_the_sums_close_for_every_source_of_the_reference_study(reference: Build) -> None:
    assert len(reference.balance.sources) == len(reference.sources)
    for sheet in reference.balance.sources:
        rows, filled = _counted(sheet.source, sheet.files[0])
        counts = sheet.cell_counts
        explained = sum(sheet.not_submitted.values()) + sheet.superseded + sheet.no_subject
        assert (sheet.records, sheet.built + explained + sheet.unclaimed) == (rows, rows), sheet.source
        assert sum(counts.values()) == rows * len(sheet.columns), sheet.source
        looked_into = rows * (len(sheet.columns) - len(PRIVATE.get(sheet.source, ())))
        assert counts["private"] == rows * len(sheet.columns) - looked_into
        assert counts["empty"] == looked_into - filled, sheet.source
        assert (counts["unread"], counts["unclaimed"], sheet.unclaimed) == (0, 0, 0), sheet.source
        assert (sheet.difference, sheet.cell_difference) == (0, 0)


def test_keys_of_an_odm_file_identify_without_a_line_in_the_specification(reference: Build) -> None:
    uses = {one.column: (one.use, one.by) for one in reference.balance.source("mh").columns}
    for name in ("_STUDY", "_EVENT", "_FORM", "_FORM_REPEAT", "_GROUP"):
        assert uses[name] == ("identifies", ("key of the file",)), name
    assert [one for one in reference.issues if one.code == "DATA851"] == []


FILES = {
    "study.yaml": """\
study: C1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources:
  ae:
    path: raw/ae.csv
    subject: SUBJ
    private: [NAME]
    keep: {one_per: [SUBJ, NO], last: VERSION}
    not_submitted:
      columns: {CLERK: "<b>administrative</b>"}
      rows: [{when: KIND EQ void, reason: "entered & <i>voided</i>"}]
domains: [ae.yaml, mh.yaml]
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae, where: KIND EQ event}]
variables: {AETERM: {assign: TERM}, AEDECOD: {assign: TERM}, AESEV: {assign: SEV}}
""",
    "mh.yaml": """\
domain: MH
keys: [STUDYID, USUBJID, MHTERM]
records: [{from: ae, where: KIND EQ history}]
variables: {MHTERM: {assign: TERM}}
""",
    "raw/ae.csv": """\
SUBJ,NO,VERSION,KIND,TERM,SEV,CLERK,NAME,LEFT
01,1,1,event,old,MILD,k,Ann,
01,1,2,event,new,MILD,k,Ann,x
01,2,1,void,void,MILD,k,Ann,
01,3,1,history,past,SEVERE,,Ann,
01,4,1,other,lost,,k,Ann,
,5,1,event,nobody,MILD,k,,
""",
}


@pytest.fixture
def built(tmp_path: Path) -> Build:
    return build_study(tmp_path, FILES)


def test_every_cell_counts_once(built: Build) -> None:
    """Six rows: superseded, built in AE, void, built in MH, unclaimed, without subject."""
    cells = {one.column: one for one in built.balance.source("ae").cells}
    assert cells == {
        "SUBJ": ColumnCells("SUBJ", identifies=3, empty=1, row_not_built=2),
        "NO": ColumnCells("NO", identifies=3, row_not_built=3),
        "VERSION": ColumnCells("VERSION", identifies=3, row_not_built=3),
        "KIND": ColumnCells("KIND", mapped=2, row_not_built=3, unclaimed=1),
        "TERM": ColumnCells("TERM", mapped=2, row_not_built=3, unclaimed=1),
        "SEV": ColumnCells("SEV", mapped=1, empty=1, row_not_built=3, unread=1),
        "CLERK": ColumnCells("CLERK", not_submitted=1, empty=1, row_not_built=3, unclaimed=1),
        "NAME": ColumnCells("NAME", private=6),
        "LEFT": ColumnCells("LEFT", empty=5, unclaimed=1),
    }
    assert built.balance.source("ae").cell_difference == 0


def test_a_cell_that_its_record_does_not_read_is_told(built: Build) -> None:
    assert [str(one) for one in built.issues if one.code == "DATA854"] == [
        (
            "study.yaml:4: DATA854 ae.SEV: column 'SEV' is filled in 1 record whose SDTM records do not read it, "
            "first at raw/ae.csv:5\n"
            "  hint: AE.AESEV reads it in other records: map it in these records too, or leave it"
        )
    ]


def test_cells_are_the_same_in_partitions(tmp_path: Path) -> None:
    folder = write_files(tmp_path, FILES | {"raw/ae.csv": FILES["raw/ae.csv"] + "02,1,1,event,x,MILD,k,B,\n"})
    assert build_folder(folder).balance == build_folder(folder, partitions=2).balance


def test_the_text_has_a_line_of_cells_for_each_source(built: Build, reference: Build) -> None:
    assert balance_text(built.balance).splitlines()[-3:] == [
        "                         Iden-        Not         Row not      Un-",
        "Source  Cells  Mapped  tifying  submitted  Empty    built  claimed",
        "ae         54       5        9          7      8       20        5",
    ]
    assert max(map(len, balance_text(reference.balance).splitlines())) <= 80


def test_json_has_the_cells_of_each_column(built: Build) -> None:
    sheet = json.loads(balance_json(built.balance, study="C1"))["sources"][0]
    by_column = {one["column"]: one["cells"] for one in sheet["columns"]}
    assert by_column["SEV"] == {
        "mapped": 1, "identifies": 0, "not_submitted": 0, "private": 0, "empty": 1, "row_not_built": 3, "unread": 1,
        "unclaimed": 0,
    }  # fmt: skip
    assert sum(sheet["cells"].values()) == sheet["read"] * len(sheet["columns"]) == 54


# ---- row by row --------------------------------------------------------------------------------------------------


def test_rows_that_were_not_built_have_their_fate_and_the_others_what_they_feed(built: Build) -> None:
    (rows,) = source_rows(built)
    assert rows == SourceRows(
        "ae",
        (
            UnbuiltRow(Location("raw/ae.csv", 2), "superseded", "", Location("raw/ae.csv", 3)),
            UnbuiltRow(Location("raw/ae.csv", 4), "not submitted", "entered & <i>voided</i>"),
            UnbuiltRow(Location("raw/ae.csv", 6), "unclaimed"),
            UnbuiltRow(Location("raw/ae.csv", 7), "no subject"),
        ),
        (),
        (RowRun("raw/ae.csv", 3, 3, 1, ("AE",)), RowRun("raw/ae.csv", 5, 5, 1, ("MH",))),
        (),
    )


def test_more_rows_than_the_limit_are_counted_by_file(built: Build) -> None:
    (rows,) = source_rows(built, limit=1)
    assert (len(rows.unbuilt), rows.more_unbuilt) == (1, (("raw/ae.csv", 3),))
    assert (len(rows.runs), rows.more_runs) == (1, (("raw/ae.csv", 1),))
    page = balance_html(built.balance, (rows,), study="C1")
    assert "3 more rows of raw/ae.csv are not built and not listed here." in page
    assert "Rows that were not built: 4" in page


# ---- the page ----------------------------------------------------------------------------------------------------


def test_the_page_escapes_every_text_and_holds_no_values(built: Build) -> None:
    page = balance_html(built.balance, source_rows(built), study="<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "<b>administrative" not in page
    assert "<i>voided" not in page
    assert "entered &amp; &lt;i&gt;voided&lt;/i&gt;" in page
    assert "replaced by raw/ae.csv:3" in page
    for value in ("Ann", "nobody", "SEVERE", "past", ">01<"):
        assert value not in page, value
    assert page.count("<script>") == 1
    assert not re.search(r"(?:src|href)=\"(?!#)", page)


def test_names_of_files_and_columns_are_escaped() -> None:
    column = ColumnBalance('"><img src=x>', "mapped", ("AE.AETERM",), 1)
    sheet = SourceBalance("a<b", ("raw/<x>.csv",), 1, 1, 0, 0, {"<u>why</u>": 0}, 0, (column,))
    runs = (RowRun("raw/<x>.csv", 2, 2, 1, ("AE",)),)
    page = balance_html(Balance((sheet,)), (SourceRows("a<b", (), (), runs, ()),), study="S")
    for text in ("<img", "<x>", "<u>", "a<b"):
        assert text not in page, text


def test_the_page_is_written_with_the_output(built: Build, tmp_path: Path) -> None:
    from sdtm_il2.output import write_build
    from study import standard

    write_build(built, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    page = (tmp_path / "out" / "balance.html").read_text(encoding="utf-8")
    assert page == balance_html(built.balance, source_rows(built), study="C1")


@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="needs a browser")
def test_the_search_finds_a_row_within_a_run(built: Build, tmp_path: Path) -> None:
    page = balance_html(built.balance, source_rows(built), study="C1")
    ask = (
        "<script>var q=document.getElementById('q');q.value='{}';q.dispatchEvent(new Event('input'));"
        "setTimeout(function(){{document.title='found '+document.getElementById('found').textContent}},400)</script>"
    )
    found = {}
    for words in ("raw/ae.csv:4", "5", "mh", "voided"):
        path = tmp_path / "page.html"
        # the page's own policy forbids a second script
        text = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", ask.format(words) + "</body>")
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000",
             "--dump-dom", f"file://{path}"],
            capture_output=True, timeout=60, check=False, encoding="utf-8",
        )  # fmt: skip
        match = re.search(r"<title>found (.*?)</title>", done.stdout)
        found[words] = match[1] if match else done.stderr[-200:]
    assert found["raw/ae.csv:4"] == "1 line"
    assert found["voided"] == "1 line"
    assert found["mh"] == "3 lines"  # the run that feeds MH, and the columns that MH reads: TERM and KIND
