"""A crossover of four subjects: the specification alone gives every cell that was worked out by hand."""

from __future__ import annotations

import csv
import shutil
from functools import cache
from pathlib import Path

import pytest

from sdtm_il2.build import Build, build
from sdtm_il2.dataset import Dataset
from study import ROOT, build_folder, cells, texts

STUDY = Path(__file__).parent / "golden" / "crossover"
#: The case as it was worked out, where it lies beside the repository.
WORKED = ROOT.parent / "shared" / "knowledge" / "crossover"

CELLS = {
    "AE": 9 * 9, "DM": 4 * 24, "EC": 53 * 19, "EX": 10 * 16, "LB": 45 * 15, "SE": 14 * 12, "SV": 38 * 14,
    "TA": 10 * 10, "TE": 5 * 7,
}  # fmt: skip


@cache
def _build() -> Build:
    return build_folder(STUDY)


def _different(found: Dataset, path: Path) -> tuple[int, list[tuple[int, str, str, str]]]:
    """The number of cells compared, and those that differ: record, variable, found, expected."""
    with path.open(encoding="utf-8", newline="") as stream:
        expected = list(csv.DictReader(stream))
    assert len(found) == len(expected)
    wrong: list[tuple[int, str, str, str]] = []
    compared = 0
    for name in expected[0]:
        values, numeric = texts(found.frame[name]), found.column(name).type == "Num"
        for number, (value, row) in enumerate(zip(values, expected, strict=True), 1):
            cell = row[name]
            target = f"{float(cell):.15g}" if numeric and cell else cell
            compared += 1
            if value != target:
                wrong.append((number, name, value, target))
    return compared, wrong


@pytest.mark.parametrize(("dataset", "count"), CELLS.items())
def test_every_cell_is_as_worked_out(dataset: str, count: int) -> None:
    compared, wrong = _different(_build().datasets[dataset], STUDY / "expected" / f"{dataset.lower()}.csv")
    assert wrong == []
    assert compared == count


def test_the_figures_are_those_of_the_whole_case() -> None:
    assert {path.stem.upper() for path in (STUDY / "expected").iterdir()} == set(CELLS)
    assert sum(CELLS.values()) == 2854


@pytest.mark.skipif(not WORKED.is_dir(), reason="the worked case is not beside the repository")
def test_the_copy_is_that_of_the_worked_case() -> None:
    copies = {path.name: path.read_bytes() for path in (STUDY / "expected").iterdir()}
    assert copies == {path.name: path.read_bytes() for path in (WORKED / "expected").iterdir()}
    raw = {path.name: path.read_bytes() for path in (STUDY / "raw").iterdir()}
    plan = (STUDY / "visits.csv").read_bytes().replace(b"alias", b"ALIAS", 1)
    assert raw | {"visit_plan.csv": plan} == {
        path.name: path.read_bytes() for path in (WORKED / "raw").iterdir()
    }


def test_only_the_undecided_epoch_is_noticed() -> None:
    found = [one for one in _build().issues if one.code != "PLAN411"]
    assert [(one.code, one.target, one.count) for one in found] == [("DATA846", "AE.EPOCH", 1)]
    assert [one.source for one in _build().balance.sources if one.difference] == []


def test_relationships_tie_injections_to_their_interval() -> None:
    assert cells(_build().datasets["RELREC"], ["RDOMAIN", "USUBJID", "IDVAR", "RELTYPE", "RELID"]) == [
        ("EC", "", "ECLNKID", "MANY", "ECEX"),
        ("EX", "", "EXLNKID", "ONE", "ECEX"),
    ]


@pytest.mark.parametrize("partitions", [2, 4])
def test_any_split_of_the_subjects_gives_the_same(partitions: int) -> None:
    apart = build(_build().plan, _build().sources, partitions=partitions)
    for name, dataset in _build().datasets.items():
        assert apart.datasets[name].frame.equals(dataset.frame), name
    assert apart.issues == _build().issues


def _changed(folder: Path, name: str, old: str, new: str) -> Build:
    """The build of the study with one text of a file replaced by another."""
    shutil.copytree(STUDY, folder / "study", copy_function=shutil.copyfile)
    path = folder / "study" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return build_folder(folder / "study")


def _flags(built: Build, subject: str, flag: str) -> list[tuple[str, ...]]:
    """Specimen and test of the records of a subject that have a flag."""
    rows = cells(built.datasets["LB"], ["USUBJID", "LBREFID", "LBTESTCD", flag])
    return [row[1:3] for row in rows if row[0].endswith(subject) and row[3] == "Y"]


def test_a_dose_cut_to_its_day_flags_the_sample_after_it(tmp_path: Path) -> None:
    # the time of the first dose is what keeps the sample of 11:30 from being the last one before it
    assert _flags(_build(), "002", "LBLOBXFL") == [("L15", "ALT"), ("L14", "C3")]
    built = _changed(tmp_path, "dm.yaml", "{of: EX.EXSTDTC}", "{of: EX.EXSTDTC, precision: date}")
    assert _flags(built, "002", "LBLOBXFL") == [("L15", "ALT"), ("L16", "C3")]


def test_a_washout_without_samples_has_no_baseline_of_the_period_before(tmp_path: Path) -> None:
    # L04 was drawn on the last day of period 1: without L05 to L07 period 2 has no baseline at all
    shutil.copytree(STUDY, tmp_path / "study", copy_function=shutil.copyfile)
    lab = tmp_path / "study" / "raw" / "lab.csv"
    kept = [
        line
        for line in lab.read_text(encoding="utf-8").splitlines()
        if line[4:7] not in ("L05", "L06", "L07")
    ]
    lab.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert _flags(build_folder(tmp_path / "study"), "001", "LBBLFL") == [("L02", "ALT"), ("L01", "C3")]


def test_a_partial_sample_date_of_two_elements_takes_the_epoch_of_its_visit(tmp_path: Path) -> None:
    # June 2016 of subject 003 reaches into the follow-up, which starts on the 30th: the visit decides
    built = _changed(tmp_path, "raw/lab.csv", "003,L23,P1W4,ALT", "003,L23,FU,ALT")
    rows = cells(built.datasets["LB"], ["LBREFID", "LBTESTCD", "EPOCH"])
    assert [row for row in rows if row[0] == "L23"] == [
        ("L23", "ALT", "FOLLOW-UP"),
        ("L23", "C3", "TREATMENT 1"),
    ]


def test_the_side_of_a_boundary_day_can_be_stated(tmp_path: Path) -> None:
    built = _changed(
        tmp_path, "ae.yaml", "variables:\n", "variables:\n  EPOCH: {epoch: {}, same_day: before}\n"
    )
    assert cells(built.datasets["AE"], ["AESPID", "EPOCH"])[0] == ("1", "SCREENING")


def test_a_longer_gap_makes_fewer_intervals(tmp_path: Path) -> None:
    # 001: 06-11 to 06-15 are 4 days; 06-19 to 07-05 are 16
    built = _changed(tmp_path, "ec.yaml", "gap: P3D", "gap: P4D")
    rows = cells(built.datasets["EX"], ["USUBJID", "EXLNKID", "EXSTDTC", "EXENDTC"])
    assert [row[1:] for row in rows if row[0].endswith("001")] == [
        ("1", "2016-05-10T09:30", "2016-05-22T09:00"),
        ("2", "2016-06-07T09:15", "2016-06-19T09:00"),
        ("3", "2016-07-05T09:20", "2016-07-17T09:00"),
    ]
