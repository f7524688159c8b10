"""The builds of the reference study that its tests share, and their records as text."""

from __future__ import annotations

from functools import cache

from reference_raw import EXAMPLE, MAPPING, Record
from sdtm_il2.build import Build, build
from sdtm_il2.compile import compile_plan
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import choose, load_spec
from study import build_folder, standard, texts


@cache
def built() -> Build:
    return build_folder(MAPPING, EXAMPLE)


@cache
def older() -> Build:
    """The same specification under SDTMIG 3.3."""
    spec = choose(load_spec(MAPPING / "study.yaml"), ig="3.3")
    plan = compile_plan(spec, standard(spec.standard.ig, spec.standard.ct))
    return build(plan, read_sources(spec, EXAMPLE))


@cache
def _records(name: str, version: str) -> list[Record]:
    frame = (built() if version == "3.4" else older()).datasets[name].frame
    columns = {one: texts(frame[one]) for one in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def records(name: str, found: Build | None = None) -> list[Record]:
    """The records of a dataset; every value is text, missing is ""."""
    return _records(name, "3.4" if found is None or found is built() else "3.3")
