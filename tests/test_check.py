"""`check --raw`: what raw data say of a specification, by the full text of each message."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdtm_il2.check.data import check_data
from sdtm_il2.cli import main
from sdtm_il2.compile import compile_plan
from sdtm_il2.errors import Issue
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from studies import demographics
from study import standard, write_files

STUDY = {
    "study.yaml": """\
study: S-1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
missing: [""]
dates: {format: [dd/mm/yyyy]}
sources:
  dm: {path: raw/dm.csv, subject: ID}
  ae: {path: raw/ae.csv, subject: ID, not_submitted: {rows: [{when: STATUS EQ screening, reason: before the first dose}]}}
  lab: {path: raw/lab.csv, subject: ID}
codelists:
  C66769: {terms: {轻度: MILD, 重度: SEVERE}}
domains: [dm.yaml, ae.yaml, lb.yaml]
""",
    "dm.yaml": demographics(subject="ID", sex="{assign: SEX}"),
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM, AESTDTC]
records: [{from: ae}]
variables:
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESEV: {assign: SEVERITY}
  AEREL: {assign: REL, terms: {可能有关: POSSIBLE}}
  AESER: {hardcode: Y, when: SER EQ YES}
  AESTDTC: {datetime: START}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBREFID]
records:
  - from: lab
    tests: {table: lab_tests.csv, by: [ITEM], result: RESULT, unit: UNIT, range: RANGE}
variables:
  LBREFID: {assign: SAMPLE}
  LBDTC: {datetime: DATE}
""",
    "lab_tests.csv": "ITEM,LBTESTCD,LBSPEC\nLeukocytes,WBC,BLOOD\nCRP,CRP,SERUM\n",
    "raw/dm.csv": "ID,SEX\n001,F\n",
    "raw/ae.csv": """\
ID,TERM,SEVERITY,REL,SER,START,STATUS
001,Headache,轻度,可能有关,YES,03/04/2024,treatment
001,Rash,重度,,NO,23/04/2024,treatment
001,Cough,重度,,NO,01/02/2024,treatment
001,Cough,重度,,NO,01/02/2024,screening
""",
    "raw/lab.csv": """\
ID,SAMPLE,ITEM,RESULT,UNIT,RANGE,DATE
001,S1,Leukocytes,3.5,10^9/L,3.5-9.5,23/04/2024
001,S2,CRP,ND,mg/L,<5,23/04/2024
001,S3,CRP,7,mg/L,<5,23/04/2024
""",
}


def lint(folder: Path, changes: Mapping[str, tuple[str, str]]) -> list[Issue]:
    """What the data say of the study after one text in each named file is replaced."""
    files = dict(STUDY)
    for name, (old, new) in changes.items():
        assert files[name].count(old) == 1, old
        files[name] = files[name].replace(old, new)
    write_files(folder, files)
    spec = load_spec(folder / "study.yaml")
    plan = compile_plan(spec, standard(spec.standard.ig, spec.standard.ct))
    return list(check_data(spec, plan, read_sources(spec, folder)))


def test_a_study_that_fits_its_data_has_no_issue(tmp_path: Path) -> None:
    assert lint(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"study.yaml": ('missing: [""]', 'missing: ["", ND]')},
            (
                "study.yaml:8: SRC310 lab.RESULT: missing 'ND' stands in 1 cell of results that LB.LBORRES reads, and"
                " is deleted there, first at raw/lab.csv:3\n"
                "  hint: leave 'ND' out of missing: of source lab, or of the study"
            ),
        ),
        (
            {"study.yaml": ('missing: [""]', 'missing: ["", 轻度]')},
            (
                "study.yaml:7: SRC310 ae.SEVERITY: missing '轻度' stands in 1 cell of terms that AE.AESEV reads, and"
                " is deleted there, first at raw/ae.csv:2\n"
                "  hint: leave '轻度' out of missing: of source ae, or of the study"
            ),
        ),
        (
            {"study.yaml": ("[dd/mm/yyyy]", "[dd/mm/yyyy, mm/dd/yyyy]")},
            (
                "study.yaml:4: SRC311 ae.START: formats dd/mm/yyyy and mm/dd/yyyy both fit 2 values, first at"
                " raw/ae.csv:2; only dd/mm/yyyy fits 1, only mm/dd/yyyy fits 0\n"
                "  hint: keep dd/mm/yyyy, or use case by country or site"
            ),
        ),
        (
            {"raw/lab.csv": (",3.5,", ',"3,5",')},
            (
                "study.yaml:8: SRC321 lab.RESULT: 1 cell with a decimal comma, first at raw/lab.csv:2, but source lab"
                " states no decimal:\n"
                '  hint: add decimal: "," to source lab'
            ),
        ),
        (
            {"raw/lab.csv": ("3.5-9.5", '"3,5-9,5"')},
            (
                "study.yaml:8: SRC321 lab.RANGE: 1 cell with a decimal comma, first at raw/lab.csv:2, but source lab"
                " states no decimal:\n"
                '  hint: add decimal: "," to source lab'
            ),
        ),
        (
            {"raw/lab.csv": ("CRP,7", "CRP,1:40:00")},
            (
                "study.yaml:8: SRC347 lab.RESULT: 1 cell as Excel leaves them after changing text, first at"
                " raw/lab.csv:4\n"
                "  hint: ask for an export that did not pass through Excel, or format the column as text before opening"
                " it; --show-values prints them"
            ),
        ),
        (
            {"raw/lab.csv": ("S3", "1.23457E+11")},
            (
                "study.yaml:8: SRC347 lab.SAMPLE: 1 cell as Excel leaves them after changing text, first at"
                " raw/lab.csv:4\n"
                "  hint: ask for an export that did not pass through Excel, or format the column as text before opening"
                " it; --show-values prints them"
            ),
        ),
        (
            {"ae.yaml": ("可能有关", "可能相关")},
            (
                "ae.yaml:8: DATA831 ae.REL: term '可能相关' never occurs, but a similar text without a term does in"
                " 1 record, first at raw/ae.csv:2\n"
                "  hint: correct the left side of the term; --show-values prints the text of the data"
            ),
        ),
        (
            {"lab_tests.csv": ("Leukocytes", "Leucocytes")},
            (
                "lab_tests.csv:2: DATA832 lab: item 'Leucocytes' never occurs, but a similar item that the table lacks"
                " does in 1 record\n"
                "  hint: correct the row; --show-values prints the item of the data"
            ),
        ),
        (
            {"ae.yaml": ("SER EQ YES", "SER EQ Yes")},
            (
                "ae.yaml:9: DATA833 AE.AESER: 'Yes' never occurs in 'SER' of ae, but a similar value does in 1 record\n"
                "  hint: correct the value in the clause: case counts; --show-values prints the value of the data"
            ),
        ),
        (
            {"study.yaml": ("STATUS EQ screening", "STATUS EQ Screening")},
            (
                "study.yaml:7: DATA833 ae: 'Screening' never occurs in 'STATUS' of ae, but a similar value does in"
                " 1 record\n"
                "  hint: correct the value in the clause: case counts; --show-values prints the value of the data"
            ),
        ),
    ],
)
def test_message(tmp_path: Path, changes: dict[str, tuple[str, str]], expected: str) -> None:
    assert [str(one) for one in lint(tmp_path, changes)] == [expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"raw/lab.csv": (",3.5,", ',"1,234",')},  # thousands
        {"raw/lab.csv": (",3.5,", ",2.0E5,")},  # a number, in a column of results
        {"ae.yaml": ("可能有关: ", "可能有关: POSSIBLE, 肯定无关: ")},  # a term for a text that did not occur
        {"ae.yaml": ("SER EQ YES", "SER IN YES | Yes")},  # the similar value is asked for too
        {"study.yaml": ("STATUS EQ screening", "STATUS IN screening | not treatment")},  # an opposite
        {"study.yaml": ('missing: [""]', 'missing: ["", NK]')},
        {"study.yaml": ("[dd/mm/yyyy]", "[dd/mm/yyyy, yyyy-mm-dd]")},
    ],
)
def test_what_is_no_mistake_is_not_reported(tmp_path: Path, changes: dict[str, tuple[str, str]]) -> None:
    assert lint(tmp_path, changes) == []


def test_a_comma_that_may_group_thousands_is_settled_by_the_other_values(tmp_path: Path) -> None:
    rows = '001,S1,Leukocytes,"1,234",10^9/L,,23/04/2024\n001,S4,Leukocytes,"3,5",10^9/L,,23/04/2024'
    changes = {"raw/lab.csv": ("001,S1,Leukocytes,3.5,10^9/L,3.5-9.5,23/04/2024", rows)}
    found = lint(tmp_path, changes)
    assert [(one.code, one.target, one.count) for one in found] == [("SRC321", "lab.RESULT", 2)]


def test_values_of_the_data_stand_apart_from_the_message(tmp_path: Path) -> None:
    (found,) = lint(tmp_path, {"ae.yaml": ("可能有关", "可能相关")})
    assert "可能有关" not in f"{found.message} {found.hint}"
    assert found.values == (("可能有关", 1),)


def test_check_raw_prints_what_a_build_would_report_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, STUDY | {"raw/ae.csv": STUDY["raw/ae.csv"].replace("Rash,重度", "Rash,极重")})
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(main, ["check", ".", "--raw", "."], prog_name="sdtm-il2")
    assert "ae.yaml:7: DATA801 AE.AESEV: " in done.stdout
    assert "极重" not in done.stdout
    assert done.exit_code == 1
    assert sorted(tmp_path.rglob("*")) == before
    shown = CliRunner().invoke(main, ["check", ".", "--raw", ".", "--show-values"], prog_name="sdtm-il2")
    assert "values: '极重' (1)" in shown.stdout
