"""Our mappings of two public studies give the expected datasets of their authors, cell by cell.

`SCORE.csv` of each study says which variables can be derived from its raw files at all, and
`SCORE-exclusions.csv` which single cells of the expected files are wrong or cannot be.
"""

from __future__ import annotations

import csv
import shutil
from functools import cache
from pathlib import Path

import pytest

from sdtm_il2.build import Build
from sdtm_il2.dataset import Dataset
from study import SHARED, build_folder, cells, texts

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = {"bootcamp_abc01": "bootcamp_abc01", "pharmaverse": "pharmaverse_dm_ae_vs"}

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the public studies are not beside the repository"
)


@cache
def _build(study: str) -> Build:
    return build_folder(GOLDEN / study, SHARED / FOLDERS[study])


def _rows(study: str, name: str) -> list[dict[str, str]]:
    with (SHARED / FOLDERS[study] / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _scored(study: str, dataset: str) -> list[str]:
    return [
        row["variable"]
        for row in _rows(study, "SCORE.csv")
        if row["dataset"] == dataset and row["scored"] == "Y"
    ]


def _excluded(study: str, dataset: str) -> set[tuple[str, str, str]]:
    """Cells that do not count: subject, expected --SEQ, variable."""
    if not (SHARED / FOLDERS[study] / "SCORE-exclusions.csv").exists():
        return set()
    return {
        (row["USUBJID"], row[f"{dataset}SEQ"], row["variable"])
        for row in _rows(study, "SCORE-exclusions.csv")
        if row["dataset"] == dataset
    }


def _extra(study: str, dataset: str, found: Dataset) -> set[int]:
    """Records that the raw file asks for and the expected file lacks: excluded with every variable."""
    if not (SHARED / FOLDERS[study] / "SCORE-exclusions.csv").exists():
        return set()
    places: set[int] = set()
    for row in _rows(study, "SCORE-exclusions.csv"):
        if row["dataset"] == dataset and row["variable"] == "*":
            named = [name for name in row if name in found.frame and row[name]]
            wanted = tuple(row[name] for name in named)
            places |= {place for place, one in enumerate(cells(found, named)) if one == wanted}
    return places


def _number(text: str) -> str:
    return f"{float(text):.15g}" if text else ""


def _raw_order(built: Build, dataset: str) -> list[int]:
    """The records of a dataset in the order of the raw records that they come from."""
    positions = built.lineage.datasets[dataset].positions[""].tolist()
    return sorted(range(len(positions)), key=positions.__getitem__)


def _check(study: str, dataset: str, order: list[int] | None) -> int:
    """Compares every scored cell; gives the number of cells compared."""
    built = _build(study)
    found = built.datasets[dataset]
    expected = _rows(study, f"golden/{dataset.lower()}.csv")
    extra = _extra(study, dataset, found)
    order = [place for place in order or range(len(found)) if place not in extra]
    assert len(order) == len(expected)
    excluded = _excluded(study, dataset)
    wrong: list[tuple[int, str, str, str]] = []
    compared = 0
    for variable in _scored(study, dataset):
        values = texts(found.frame[variable])
        numeric = found.column(variable).type == "Num"
        for number, (place, row) in enumerate(zip(order, expected, strict=True), 1):
            if (row["USUBJID"], row.get(f"{dataset}SEQ", ""), variable) in excluded:
                continue
            compared += 1
            target = _number(row[variable]) if numeric else row[variable]
            if values[place] != target:
                wrong.append((number, variable, values[place], target))
    assert wrong == []
    return compared


@pytest.mark.parametrize(
    ("dataset", "cells"),
    [
        ("DM", 8 * 21), ("AE", 10 * 14), ("SUPPAE", 10 * 10), ("CM", 8 * 14), ("DS", 24 * 9),
        ("EX", 8 * 13), ("LB", 48 * 22), ("VS", 128 * 16),
    ],
)  # fmt: skip
def test_bootcamp_is_equal_in_every_scored_cell(dataset: str, cells: int) -> None:
    assert _check("bootcamp_abc01", dataset, None) == cells


def test_pharmaverse_demographics_are_equal_in_every_scored_cell() -> None:
    assert _check("pharmaverse", "DM", None) == 306 * 21


def test_pharmaverse_adverse_events_are_equal_in_every_scored_cell() -> None:
    # the expected file keeps the order of the raw file
    assert _check("pharmaverse", "AE", _raw_order(_build("pharmaverse"), "AE")) == 1191 * 31 - 16


def test_pharmaverse_vital_signs_are_equal_in_every_scored_cell() -> None:
    assert _check("pharmaverse", "VS", None) == 29643 * 24 - 115


@pytest.mark.parametrize("study", FOLDERS)
def test_every_scored_dataset_is_built(study: str) -> None:
    scored = {row["dataset"] for row in _rows(study, "SCORE.csv") if row["scored"] == "Y"}
    assert scored == set(_build(study).datasets)


@pytest.mark.parametrize("study", FOLDERS)
def test_reference_studies_have_no_errors_and_a_closed_balance(study: str) -> None:
    built = _build(study)
    assert [one.text() for one in built.issues if one.severity == "error"] == []
    assert [one.source for one in built.balance.sources if one.difference] == []


def test_a_built_study_does_not_depend_on_where_its_files_lie(tmp_path: Path) -> None:
    shutil.copytree(SHARED / FOLDERS["bootcamp_abc01"], tmp_path / "study", copy_function=shutil.copyfile)
    for path in (GOLDEN / "bootcamp_abc01").iterdir():
        shutil.copyfile(path, tmp_path / "study" / path.name)
    moved = build_folder(tmp_path / "study")
    for name, dataset in _build("bootcamp_abc01").datasets.items():
        assert moved.datasets[name].frame.equals(dataset.frame)
    assert moved.issues == _build("bootcamp_abc01").issues
