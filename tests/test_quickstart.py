"""The quickstart study: every cell against values worked out by hand, and an output that others can read.

The expected datasets in golden/quickstart were written from the raw files before the study was ever built.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyreadstat
import pytest
import yaml

from sdtm_il2.build import Build, build
from sdtm_il2.compile import compile_plan
from sdtm_il2.define.check import check_define
from sdtm_il2.errors import Severity
from sdtm_il2.output import write_build
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from sdtm_il2.standards import load_standard

ROOT = Path(__file__).resolve().parents[1]
STUDY = ROOT / "examples" / "quickstart"
EXPECTED = ROOT / "tests" / "golden" / "quickstart"
DATASETS = ("dm", "ae", "suppae", "ex", "lb", "is")


@pytest.fixture(scope="module")
def built() -> Build:
    spec = load_spec(STUDY / "study.yaml")
    plan = compile_plan(spec, load_standard(spec.standard.ig, spec.standard.ct))
    return build(plan, read_sources(spec, STUDY))


@pytest.fixture(scope="module")
def out(built: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quickstart") / "out"
    write_build(built, load_standard("SDTMIG 3.4", "2025-03-28"), folder)
    return folder


def _expected(name: str) -> list[list[str]]:
    with (EXPECTED / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def _texts(frame: pd.DataFrame) -> list[list[str]]:
    """A frame as rows of text with its header; numbers in their shortest form, missing is ""."""
    columns = [
        ["" if np.isnan(one) else f"{one:.15g}" for one in frame[name].to_numpy()]
        if frame[name].dtype == np.float64
        else frame[name].tolist()
        for name in frame.columns
    ]
    return [list(frame.columns), *(list(row) for row in zip(*columns, strict=True))]


def _cells(rows: list[list[str]]) -> Iterator[tuple[int, str, str]]:
    """Record number, variable and value of every cell, so that a failing test names the cell."""
    for number, row in enumerate(rows[1:], 1):
        for name, value in zip(rows[0], row, strict=True):
            yield number, name, value


@pytest.mark.parametrize("name", DATASETS)
def test_every_cell_is_the_one_worked_out_by_hand(built: Build, name: str) -> None:
    found, expected = _texts(built.datasets[name.upper()].frame), _expected(name)
    assert found[0] == expected[0]
    assert list(_cells(found)) == list(_cells(expected))


@pytest.mark.parametrize("name", DATASETS)
def test_xpt_files_hold_the_same_cells_for_another_reader(out: Path, name: str) -> None:
    frame, _ = pyreadstat.read_xport(out / f"{name}.xpt", encoding="GB18030")
    found, expected = _texts(frame), _expected(name)
    assert found[0] == expected[0]
    assert list(_cells(found)) == list(_cells(expected))


def test_no_other_datasets(built: Build, out: Path) -> None:
    assert sorted(built.datasets) == sorted(name.upper() for name in DATASETS)
    assert sorted(path.stem for path in out.glob("*.xpt")) == sorted(DATASETS)


def test_the_only_issues_are_the_three_notes_that_the_readme_explains(built: Build) -> None:
    assert {one.severity for one in built.issues} == {Severity.NOTE}
    assert [(one.code, one.target, dict(one.fields).get("variables", "")) for one in built.issues] == [
        ("PLAN411", "DM", "ACTARMUD"),
        ("PLAN411", "IS", "ISORNRLO, ISORNRHI, ISSTNRLO, ISSTNRHI, ISNRIND"),
        ("PLAN444", "", ""),
    ]


def test_every_raw_record_is_accounted_for(built: Build) -> None:
    sheets = {
        one.source: (one.records, one.built, one.superseded, dict(one.not_submitted), one.unclaimed)
        for one in built.balance.sources
    }
    assert sheets == {
        "demog": (5, 5, 0, {}, 0),
        "injections": (10, 9, 0, {"injection not given": 1}, 0),
        "ae": (7, 7, 0, {}, 0),
        "coding": (7, 7, 0, {}, 0),
        "lab": (12, 10, 1, {"check of the analyser": 1}, 0),
        "elisa": (9, 9, 0, {}, 0),
    }
    assert all(one.difference == 0 for one in built.balance.sources)


def test_private_columns_reach_no_file(out: Path) -> None:
    for path in out.rglob("*"):
        if path.is_file():
            assert b"77001" not in path.read_bytes(), path.name


def test_define_xml_has_no_fault(out: Path) -> None:
    assert [one.text() for one in check_define(out / "define.xml")] == []


def test_two_builds_give_the_same_bytes(built: Build, out: Path, tmp_path: Path) -> None:
    write_build(built, load_standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "again")
    files = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*") if path.is_file()
    )
    for file in files:
        assert (out / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file


@pytest.mark.parametrize("path", sorted(STUDY.glob("*.yaml")), ids=lambda path: path.name)
def test_an_editor_finds_the_schema_that_the_first_line_names(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    schema = json.loads((path.parent / first.removeprefix(prefix)).resolve().read_text(encoding="utf-8"))
    assert schema["title"] == ("study.yaml" if path.name == "study.yaml" else "a domain file")
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)
    jsonschema.Draft202012Validator.check_schema(schema)
