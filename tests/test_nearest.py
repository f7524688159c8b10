"""nearest_names: what a misspelt name is taken for, and what is not offered."""

from __future__ import annotations

import pytest

from sdtm_il2.nearest import edit_distance, nearest_files, nearest_names


@pytest.mark.parametrize(
    ("text", "candidates", "found"),
    [
        ("AESEVV", ["AETERM", "AESEV"], "AESEV"),
        ("aesev", ["AESEV"], "AESEV"),
        ("ＡＥＳＥＶ", ["AESEV"], "AESEV"),
        ("TLYHRTLH", ["TLHRTLH", "TLYHR"], "TLHRTLH"),
        ("SEV", ["AETERM", "AESEV"], "AESEV"),
        ("TESTCD", ["LBTEST", "LBTESTCD"], "LBTESTCD"),
        ("RECOVERED / RESOLVED", ["RECOVERED/RESOLVED", "FATAL"], "RECOVERED/RESOLVED"),
        ("DRUG WITHDRAWL", ["DRUG WITHDRAWN", "DRUG INTERRUPTED"], "DRUG WITHDRAWN"),
        ("可能有关", ["无法判定", "可能相关"], "可能相关"),
        ("keps", ["keep", "keys"], "keys"),
        ("SUBJID", ["SITE", "SUBJECT"], "SUBJECT"),
    ],
)
def test_what_is_near(text: str, candidates: list[str], found: str) -> None:
    assert nearest_names(text, candidates) == (found,)


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("ANA", ["Ammonia", "AST", "HAV"]),  # an overlap of letters is no likeness
        ("AST", ["PTT", "ALB"]),
        ("DRUG STOPPED", ["DOSE REDUCED"]),
        ("M", ["F"]),
        ("NO", ["YES", "N"]),
        ("无关", ["有关"]),
        ("", ["A"]),
        ("AETERM", []),
    ],
)
def test_what_is_not_offered(text: str, candidates: list[str]) -> None:
    assert nearest_names(text, candidates) == ()


def test_nearest_comes_first_and_ties_keep_their_order() -> None:
    assert nearest_names("AESTDTC", ["AEENDTC", "AESTDT", "EXSTDTC"], count=3) == (
        "AESTDT",
        "AEENDTC",
        "EXSTDTC",
    )


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("ae.csv", ["raw/dm.csv", "raw/ae.csv"], ("raw/ae.csv",)),
        ("raw\\AE.csv", ["raw/ae.csv"], ("raw/ae.csv",)),
        ("raw/his lab.csv", ["raw/lab.csv", "raw/his_lab.xlsx"], ("raw/his_lab.xlsx", "raw/lab.csv")),
        ("adverse_events.csv", ["Adverse Events export.csv", "events.csv"], ("Adverse Events export.csv",)),
        ("lab.csv", ["old/lab.csv", "new/lab.csv", "lab.xlsx", "more/lab.csv"],
         ("old/lab.csv", "new/lab.csv", "lab.xlsx")),
        ("不良事件表.csv", ["不良事件.csv", "化验.csv"], ("不良事件.csv",)),
        ("--.csv", ["--.txt", "__.txt"], ("--.txt",)),
        ("vs.csv", ["ae.csv", "ex.csv"], ()),
        ("", ["ae.csv"], ()),
    ],
)  # fmt: skip
def test_files_are_near_by_their_names_alone(name: str, known: list[str], found: tuple[str, ...]) -> None:
    assert nearest_files(name, known) == found


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("ab", "ba", 1),
        ("abc", "acb", 1),
        ("abcd", "badc", 2),
        ("kitten", "sitting", 3),
    ],
)
def test_edits_are_counted_as_defined(one: str, other: str, edits: int) -> None:
    assert edit_distance(one, other, 9) == edits == edit_distance(other, one, 9)


def test_more_edits_than_asked_for_are_one_more() -> None:
    assert edit_distance("kitten", "sitting", 2) == 3
    assert edit_distance("a" * 10_000, "b" * 10_000, 2) == 3
