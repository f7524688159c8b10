"""Reports: text for a terminal and for a file, JSON for programs."""

from __future__ import annotations

import json

import pytest

from sdtm_il2 import __version__
from sdtm_il2.balance import CELLS, Balance, ColumnBalance, SourceBalance
from sdtm_il2.errors import Issue, Location, Severity, catalogue, issue
from sdtm_il2.report import counts
from sdtm_il2.report.json import balance_json, issues_json
from sdtm_il2.report.text import (
    balance_text,
    count_text,
    explain_text,
    issue_text,
    issues_text,
    printable,
    table,
    wrapped,
)

TERMS = issue(
    "DATA801",
    "AE.AESEV",
    Location("mappings/ae.yaml", 41),
    count=14,
    first=Location("raw/ae.csv", 212),
    values=[("Gruesome", 4), ("Ghastly", 10)],
    codelist="AESEV",
)
COLUMN = issue(
    "DATA851",
    "ae.SITENO",
    Location("study.yaml", 7),
    count=1,
    first=Location("raw/ae.csv", 2),
    column="SITENO",
    source="ae",
)
ROWS = issue("DATA852", "coding", Location("study.yaml", 9), count=2, first=Location("coding.csv", 3))
ISSUES = [ROWS, TERMS, COLUMN]


def source(name: str, **numbers: int) -> SourceBalance:
    held = {"records": 0, "built": 0, "superseded": 0, "no_subject": 0, "unclaimed": 0} | numbers
    return SourceBalance(name, (f"{name}.csv",), not_submitted={}, columns=(), **held)


def test_issues_for_a_file_stand_on_one_line_each_by_severity() -> None:
    assert issues_text(ISSUES) == (
        "Errors\n"
        "mappings/ae.yaml:41: DATA801 AE.AESEV: 14 records hold 2 values outside AESEV (not extensible), "
        "first at raw/ae.csv:212\n"
        "  hint: add them to `terms:`, or query the site; --show-values prints them\n"
        "\n"
        "Warnings\n"
        "study.yaml:7: DATA851 ae.SITENO: column 'SITENO' of ae is filled in 1 record and reaches no variable, "
        "first at raw/ae.csv:2\n"
        "  hint: map it, or declare it under not_submitted: columns or private:\n"
        "\n"
        "Notes\n"
        "study.yaml:9: DATA852 coding: table coding: 2 rows match no record, first at coding.csv:3\n"
        "  hint: remove them or check the join\n"
        "\n"
        "1 error, 1 warning, 1 note\n"
    )


def test_severities_limit_what_is_printed_but_not_what_is_counted() -> None:
    text = issues_text(ISSUES, severities=[Severity.NOTE])
    assert text.startswith("Notes\nstudy.yaml:9: DATA852")
    assert text.endswith("\n\n1 error, 1 warning, 1 note\n")
    assert "DATA801" not in text


def test_no_issues_are_said_in_words() -> None:
    assert issues_text([]) == "no issues\n"
    assert count_text([TERMS, TERMS]) == "2 errors"
    assert list(counts([ROWS, ROWS]).items()) == [
        (Severity.ERROR, 0),
        (Severity.WARNING, 0),
        (Severity.NOTE, 2),
    ]


def test_a_terminal_gets_80_columns_and_hanging_indents() -> None:
    assert issue_text(TERMS, width=80) == (
        "mappings/ae.yaml:41: DATA801 AE.AESEV: 14 records hold 2 values outside AESEV\n"
        "    (not extensible), first at raw/ae.csv:212\n"
        "  hint: add them to `terms:`, or query the site; --show-values prints them"
    )


@pytest.mark.parametrize("width", range(20, 90))
def test_a_place_is_never_broken(width: int) -> None:
    one = issue(
        "DATA850", "ae", Location("my mappings/ae.yaml", 41), count=3, first=Location("raw files/ae 1.csv", 9)
    )
    lines = issue_text(one, width=width).split("\n")
    assert any("my mappings/ae.yaml:41:" in line for line in lines)
    assert any("raw files/ae 1.csv:9" in line for line in lines)


def test_chinese_text_counts_two_columns_a_character() -> None:
    assert wrapped("研究 药物 关系 可能", 10, "  ") == "研究 药物\n  关系\n  可能"
    assert table(["Term", "Code"], [["轻度", "C1"], ["MILD", "C2"]]) == "Term  Code\n轻度  C1\nMILD  C2\n"


def test_values_are_printed_on_request_only() -> None:
    assert "Ghastly" not in issues_text(ISSUES)
    assert "Ghastly" not in issues_json(ISSUES, study="S-1")
    assert "  values: 'Ghastly' (10), 'Gruesome' (4)\n" in issues_text(ISSUES, show_values=True)


def test_text_cannot_steer_a_terminal() -> None:
    one = issue("SRC302", "ae", Location("study.yaml", 7), path="raw/\x1b]0;x\x07\u202eae.csv", help="")
    assert "raw/\\x1b]0;x\\x07\\u202eae.csv is not in the raw folder" in issue_text(one)
    assert printable("不良事件 é\u3000") == "不良事件 é\u3000"
    assert printable("a\nb\udc80") == "a\\nb\\udc80"


def test_a_table_continues_its_last_column_below_itself() -> None:
    rows = [["ACN", "action taken with the treatment that was studied"], ["SEX", "sex"]]
    assert table(["Name", "Meaning"], rows, width=32) == (
        "Name  Meaning\nACN   action taken with the\n      treatment that was studied\nSEX   sex\n"
    )
    assert table(["Name", "Meaning"], rows, width=20).count("\n") == 3  # too narrow to be broken well
    assert table(["N", "Records"], [["A", "7"]], numbers=[1]) == "N  Records\nA        7\n"


def test_json_of_issues_has_every_part() -> None:
    assert json.loads(
        issues_json([TERMS, Issue("SPEC100", fields=(("path", "p"), ("near", "n")))], study="S-1")
    ) == {
        "tool": "sdtm_il2",
        "version": __version__,
        "study": "S-1",
        "counts": {"error": 2, "warning": 0, "note": 0},
        "issues": [
            {
                "code": "DATA801",
                "severity": "error",
                "title": "Value outside a closed codelist",
                "target": "AE.AESEV",
                "file": "mappings/ae.yaml",
                "line": 41,
                "message": "14 records hold 2 values outside AESEV (not extensible), first at raw/ae.csv:212",
                "hint": "add them to `terms:`, or query the site; --show-values prints them",
                "count": 14,
                "distinct": 2,
                "first": {"file": "raw/ae.csv", "line": 212},
            },
            {
                "code": "SPEC100",
                "severity": "error",
                "title": catalogue()["SPEC100"].title,
                "target": "",
                "file": "",
                "line": None,
                "message": "there is no file p",
                "hint": "n",
                "count": 0,
                "distinct": 0,
                "first": None,
            },
        ],
    }


def test_json_holds_values_on_request() -> None:
    held = json.loads(issues_json([TERMS], study="S-1", show_values=True))
    assert held["issues"][0]["values"] == [
        {"value": "Ghastly", "count": 10},
        {"value": "Gruesome", "count": 4},
    ]


def test_balance_sheet_adds_up_and_gives_reasons() -> None:
    ae = SourceBalance("ae", ("ae.csv",), 1210, 1191, 6, 1, {"before the first dose": 9, "a copy": 2}, 1, ())
    assert balance_text(Balance((source("dm", records=306, built=306), ae))) == (
        "                                       Not       No\n"
        "Source  Read  Built  Superseded  submitted  subject  Unclaimed\n"
        "dm       306    306           0          0        0          0\n"
        "ae      1210   1191           6         11        1          1\n"
        "  9 not submitted: before the first dose\n"
        "  2 not submitted: a copy\n"
        "total   1516   1497           6         11        1          1\n"
    )


def test_balance_sheet_stays_within_80_columns() -> None:
    long = "laboratory_central_haematology_2024"
    sheet = Balance((source(long, records=123456789, built=123456789), source("实验室", records=1, built=1)))
    lines = balance_text(sheet).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2:4] == [
        long,
        "        123456789  123456789           0          0        0          0",
    ]
    assert lines[4] == "实验室          1          1           0          0        0          0"


def test_balance_sheet_of_one_source_has_no_total() -> None:
    assert "total" not in balance_text(Balance((source("dm", records=1, built=1),)))
    assert balance_text(Balance(())).splitlines()[1].startswith("Source  Read")


def test_json_of_the_balance_has_every_record_and_column() -> None:
    columns = (
        ColumnBalance("TERM", "mapped", ("AE.AETERM",), 3),
        ColumnBalance("SITE", "not submitted", (), 3, "the study has one"),
    )
    sheet = SourceBalance("ae", ("raw/ae.csv",), 5, 2, 1, 1, {"before the first dose": 1}, 0, columns)
    assert json.loads(balance_json(Balance((sheet,)), study="S-1")) == {
        "tool": "sdtm_il2",
        "version": __version__,
        "study": "S-1",
        "agency": None,
        "encoding": None,
        "translations": [],
        "sources": [
            {
                "source": "ae",
                "files": ["raw/ae.csv"],
                "read": 5,
                "built": 2,
                "superseded": 1,
                "not_submitted": [{"reason": "before the first dose", "count": 1}],
                "no_subject": 1,
                "unclaimed": 0,
                "columns": [
                    {
                        "column": "TERM",
                        "use": "mapped",
                        "by": ["AE.AETERM"],
                        "filled": 3,
                        "reason": "",
                        "cells": {},
                    },
                    {
                        "column": "SITE",
                        "use": "not submitted",
                        "by": [],
                        "filled": 3,
                        "reason": "the study has one",
                        "cells": {},
                    },
                ],
                "cells": dict.fromkeys(CELLS, 0),
            }
        ],
    }


def test_every_page_of_the_catalogue_can_be_printed() -> None:
    for definition in catalogue().values():
        page = explain_text(definition)
        assert page.startswith(f"{definition.code} ({definition.severity}): {definition.title}\n\n")
        assert all(len(line) <= 80 or " " not in line.strip() for line in page.splitlines()[2:])
        assert "{count" not in page


def test_a_page_names_the_fields_of_its_message() -> None:
    assert explain_text(catalogue()["DATA801"]).splitlines()[:5] == [
        "DATA801 (error): Value outside a closed codelist",
        "",
        "  <count> records hold <distinct> values outside <codelist> (not extensible),",
        "    first at <first>",
        "  hint: add them to `terms:`, or query the site; --show-values prints them",
    ]
