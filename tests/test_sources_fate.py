"""Whose a raw record is, whether it is submitted, and whether another replaces it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from raw_studies import AT, discard, read, spec, study, write
from sdtm_il2.errors import Location
from sdtm_il2.sources import DISCARDED, NO_SUBJECT, OPEN, SUPERSEDED, Sources, read_sources
from sdtm_il2.spec.model import Text
from sdtm_il2.spec.study import DateRule, KeepRule, SubjectRule

# ---- subjects -------------------------------------------------------------------------------------------


def test_subject_takes_characters_and_trims(tmp_path: Path) -> None:
    source, _ = read(
        tmp_path,
        "SITE,COL:A,ID\n 01 ,x,PKU003\n02,y,PKU0041\n",
        subject=SubjectRule("{SITE}{COL:A}-{ID:4-6}"),
    )
    assert source.subject is not None
    assert source.subject.tolist() == ["01x-003", "02y-004"]


def test_records_without_a_subject_are_set_aside(tmp_path: Path) -> None:
    rule = SubjectRule("{SITE}-{ID}", at=Location("study.yaml", 9))
    source, issues = read(tmp_path, "SITE,ID,X\n01,1,a\n01, ,b\n,2,c\n02,3,d\n", subject=rule)
    assert source.status.tolist() == [OPEN, NO_SUBJECT, NO_SUBJECT, OPEN]
    assert source.subject is not None
    assert source.subject.tolist() == ["01-1", "", "", "02-3"]
    assert source.open.tolist() == [0, 3]
    assert issues == [
        (
            "study.yaml:9: SRC323 ae: 2 records without a subject, first at ae.csv:3\n"
            "  hint: fill SITE and ID in the export, or list the records under not_submitted: rows:"
        )
    ]


def linked(folder: Path, link: str, his: str, **options: Any) -> Sources:
    write(folder, {"idlink.csv": link, "his.csv": his})
    rule = SubjectRule(lookup="idlink", by="住院号", take="受试者", at=Location("study.yaml", 12))
    return read_sources(study(spec("his", subject=rule, **options), spec("idlink")), folder)


def test_subject_by_lookup(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1, A1 \nS2,A2\nS2,A2\n", "住院号,X\nA2,1\nA1 ,2\nA1,3\n")
    assert list(found) == ["his", "idlink"]
    assert found["his"].subject is not None
    assert found["his"].subject.tolist() == ["S2", "S1", "S1"]
    assert found.issues == ()


def test_keys_that_the_link_does_not_hold(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1,A1\n", "住院号,X\nA1,1\nA7,2\nA8,3\n,4\n")
    assert found["his"].status.tolist() == [OPEN, NO_SUBJECT, NO_SUBJECT, NO_SUBJECT]
    assert [one.text(show_values=True) for one in found.issues] == [
        (
            "study.yaml:12: SRC320 his: 2 records with a 住院号 that idlink does not hold (values hidden), "
            "first at his.csv:3\n"
            "  hint: add the missing keys to idlink, or list the records under not_submitted: rows:"
        ),
        (
            "study.yaml:12: SRC323 his: 1 record without a subject, first at his.csv:5\n"
            "  hint: fill 住院号 in the export, or list the records under not_submitted: rows:"
        ),
    ]


def test_a_key_with_two_subjects_links_none(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1,A1\nS2,A2\nS3,A1\n", "住院号,X\nA1,1\nA2,2\nA1,3\n")
    assert found["his"].status.tolist() == [NO_SUBJECT, OPEN, NO_SUBJECT]
    assert [str(one) for one in found.issues] == [
        (
            "study.yaml:12: SRC322 his: 1 key of 住院号 in idlink with different 受试者, "
            "first at idlink.csv:4; "
            "2 records here have no subject\n"
            "  hint: keep one record per 住院号 in idlink, or correct the linking file"
        )
    ]


def test_a_private_key_still_finds_its_subject(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1,A1\n", "住院号,X\nA1,1\n", private=(Text("住院号"),))
    assert found["his"].columns == ("X",)
    assert found["his"].subject is not None
    assert found["his"].subject.tolist() == ["S1"]


# ---- not submitted, superseded --------------------------------------------------------------------------


def test_the_first_clause_that_holds_discards(tmp_path: Path) -> None:
    rows = (discard("PLACE IN USE EQ HOME"), discard("AGE LT 18", "too young", 21))
    source, issues = read(
        tmp_path,
        "ID,PLACE IN USE,AGE\n1,HOME,17\n2,SITE,17\n3,SITE,18\n4,SITE,?\n,HOME,\n",
        unsubmitted_rows=rows,
        subject=SubjectRule("{ID}"),
    )
    assert source.status.tolist() == [DISCARDED, DISCARDED + 1, OPEN, OPEN, DISCARDED]
    assert issues == [
        (
            "study.yaml:21: SRC338 ae: not_submitted: 1 record for which a comparison is not decided, "
            "first at ae.csv:5; not discarded\n"
            "  hint: compare a column that is a number, or use EQ or IN"
        )
    ]


def keep(folder: Path, text: str, rule: KeepRule, **options: Any) -> tuple[list[int], list[int], list[str]]:
    rule = rule if rule.at.file else replace(rule, at=AT)
    source, issues = read(folder, text, keep=rule, **options)
    return source.status.tolist(), source.superseded_by.tolist(), issues


DATES = DateRule(("yyyy/m/d", "yyyy-mm-dd hh:mi"), ("UK",))


def test_keep_the_last_by_date(tmp_path: Path) -> None:
    text = (
        "BC,ITEM,AT\nb1,WBC,2024/10/1\nb1,WBC,2024/9/30\nb1,RBC,2024/9/1\n"
        "b2,WBC,\nb1 ,WBC,2024-09-30 10:00\nb2,WBC,UK\n"
    )
    status, by, issues = keep(tmp_path, text, KeepRule(("BC", "ITEM"), last="AT"), dates=DATES)
    assert status == [OPEN, SUPERSEDED, OPEN, SUPERSEDED, SUPERSEDED, OPEN]
    assert by == [-1, 0, -1, 5, 0, -1]
    assert issues == [
        (
            "study.yaml:8: SRC331 ae: 1 group of BC and ITEM with several records equal or undecided in AT, "
            "first at ae.csv:5; the later in the file is kept\n"
            "  hint: add a column to one_per:, or settle the duplicates in the export"
        )
    ]


def test_keep_the_first_by_date_passes_over_empty_ones(tmp_path: Path) -> None:
    text = "BC,AT\nb1,\nb1,2024/10/1\nb1,2024/9/30\n"
    status, by, issues = keep(tmp_path, text, KeepRule(("BC",), first="AT"), dates=DATES)
    assert status == [SUPERSEDED, SUPERSEDED, OPEN]
    assert by == [2, 2, -1]
    assert issues == []


def test_a_partial_date_leaves_the_order_open(tmp_path: Path) -> None:
    text = "BC,AT,X\nb1,2024/3,a\nb1,2024/3/5,b\nb1,2024/2,c\n"
    status, _, issues = keep(tmp_path, text, KeepRule(("BC",), last="AT"), dates=DATES)
    assert status == [SUPERSEDED, OPEN, SUPERSEDED]
    assert [line.split(" ")[1] for line in issues] == ["SRC331"]


def test_ties_keep_the_later_record_and_say_so_unless_all_is_equal(tmp_path: Path) -> None:
    rule = KeepRule(("BC",), last="N", at=Location("study.yaml", 30))
    status, by, issues = keep(tmp_path, "BC,N,X\na,9,x\na,10,x\nb,1,x\nb,1,y\na,10,x\n", rule)
    assert status == [SUPERSEDED, SUPERSEDED, SUPERSEDED, OPEN, OPEN]
    assert by == [4, 4, 3, -1, -1]
    assert issues == [
        (
            "study.yaml:30: SRC331 ae: 1 group of BC with several records equal or undecided in N, "
            "first at ae.csv:4; the later in the file is kept\n"
            "  hint: add a column to one_per:, or settle the duplicates in the export"
        )
    ]


def test_keep_compares_numbers_then_text(tmp_path: Path) -> None:
    assert keep(tmp_path, "K,N\na,10\na,9\n", KeepRule(("K",), last="N"))[0] == [OPEN, SUPERSEDED]
    assert keep(tmp_path, "K;N\na;10,5\na;9,5\n", KeepRule(("K",), last="N"), delimiter=";", decimal=",")[
        0
    ] == [
        OPEN,
        SUPERSEDED,
    ]
    assert keep(tmp_path, "K,N\na,v10\na,v9\n", KeepRule(("K",), last="N"))[0] == [SUPERSEDED, OPEN]


def test_a_date_that_is_not_read_gives_way(tmp_path: Path) -> None:
    text = "K,AT\na,30.09.2024\na,2024/1/1\n"
    status, _, issues = keep(tmp_path, text, KeepRule(("K",), last="AT"), dates=DATES)
    assert status == [SUPERSEDED, OPEN]
    assert issues == [
        (
            "study.yaml:8: SRC332 ae: 1 value fits no date format of the source in AT, first at ae.csv:2; "
            "these records give way to others\n"
            "  hint: add the format under dates: of the source"
        )
    ]


def test_equal_records_are_one(tmp_path: Path) -> None:
    text = "K,X\na,1\na,1\na,2\nb,1\na,1\n"
    status, by, issues = keep(tmp_path, text, KeepRule((), same=True))
    assert status == [OPEN, SUPERSEDED, OPEN, OPEN, SUPERSEDED]
    assert by == [-1, 0, -1, -1, 0]
    assert issues == []
    status, _, issues = keep(tmp_path, text, KeepRule(("K",), same=True))
    assert status == [OPEN, SUPERSEDED, OPEN, OPEN, SUPERSEDED]
    assert issues == [
        (
            "study.yaml:8: SRC339 ae: 1 group of K with records that are not the same, first at ae.csv:2; "
            "all are kept\n"
            "  hint: add last: COLUMN or first: COLUMN to keep:"
        )
    ]


def test_equal_records_of_a_record_that_loses_point_to_the_one_kept(tmp_path: Path) -> None:
    status, by, _ = keep(tmp_path, "K,N\na,1\na,1\na,2\n", KeepRule(("K",), last="N", same=True))
    assert status == [SUPERSEDED, SUPERSEDED, OPEN]
    assert by == [2, 2, -1]


def test_records_without_a_key_stay_apart(tmp_path: Path) -> None:
    status, _, issues = keep(tmp_path, "K,N\n,1\n,2\na,3\n", KeepRule(("K",), last="N"))
    assert status == [OPEN, OPEN, OPEN]
    assert issues == [
        (
            "study.yaml:8: SRC340 ae: 2 records with no value in K, first at ae.csv:2; kept apart\n"
            "  hint: state in not_submitted: rows: what such records are"
        )
    ]


def test_discarded_records_replace_nothing(tmp_path: Path) -> None:
    source, _ = read(
        tmp_path,
        "ID,N,USE\n1,1,yes\n1,2,no\n,3,yes\n",
        keep=KeepRule(("ID",), last="N"),
        subject=SubjectRule("{ID}"),
        unsubmitted_rows=(discard("USE EQ no"),),
    )
    assert source.status.tolist() == [OPEN, DISCARDED, NO_SUBJECT]
