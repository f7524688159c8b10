"""Small synthetic studies for tests: a dict of files becomes a folder, a folder becomes a build."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sdtm_il2.build import Build, Mapper, build
from sdtm_il2.compile import compile_plan
from sdtm_il2.dataset import Dataset
from sdtm_il2.plan.model import Plan
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from sdtm_il2.standards import Standard, load_standard

ROOT = Path(__file__).resolve().parents[1]
#: Public data sets beside the repository; tests that need them skip where they are absent.
SHARED = ROOT.parent / "shared" / "data"

standard = functools.cache(load_standard)


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """The files of a study, by path in the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    return folder


def plan_of(folder: Path) -> Plan:
    """The plan of the specification in a folder."""
    spec = load_spec(folder / "study.yaml")
    release: Standard = standard(spec.standard.ig, spec.standard.ct)
    return compile_plan(spec, release)


def build_folder(
    folder: Path, raw: Path | None = None, mapper: Mapper = map, partitions: int | None = None
) -> Build:
    """The build of the study in a folder (with its raw files elsewhere, if `raw` says where)."""
    spec = load_spec(folder / "study.yaml")
    plan = compile_plan(spec, standard(spec.standard.ig, spec.standard.ct))
    return build(plan, read_sources(spec, raw or folder), mapper, partitions=partitions)


def build_study(folder: Path, files: Mapping[str, str]) -> Build:
    """The build of a study that is given as its files."""
    return build_folder(write_files(folder, files))


def cells(dataset: Dataset, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The records of a dataset as text, the named variables only; numbers in their shortest form."""
    return list(zip(*(texts(dataset.frame[name]) for name in names), strict=True))


def texts(column: pd.Series) -> list[str]:
    """The values of a column as text; missing is ""."""
    if column.dtype == np.float64:
        return ["" if np.isnan(one) else f"{one:.15g}" for one in column.to_numpy()]
    return [str(one) for one in column]


def read_rows(text: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """The header and the records of a small table in CSV."""
    rows = list(csv.reader(io.StringIO(text)))
    return rows[0], [tuple(row) for row in rows[1:]]
