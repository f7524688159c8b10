"""Row by row what became of the raw records of a build: which fed what, and why the others were not built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdtm_il2.balance import record_fates, record_reasons
from sdtm_il2.build import Build
from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.sources.model import Source

#: Rows that are not built, and runs of rows that are, that a sheet lists of one file; the others are counted.
LIMIT = 1000

FATES = ("built", "superseded", "no subject", "not submitted", "unclaimed")


@dataclass(frozen=True, slots=True)
class UnbuiltRow:
    """One raw row that reached no dataset: its fate, the reason, and the row that was kept instead."""

    place: Location
    fate: str
    reason: str = ""
    kept: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class RowRun:
    """Consecutive records of a file that feed the same datasets: the first and last row, and how many they are."""

    file: str
    first: int
    last: int
    records: int
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of one source; ``more_unbuilt`` and ``more_runs`` count by file the rows that are not listed."""

    source: str
    unbuilt: tuple[UnbuiltRow, ...]
    more_unbuilt: tuple[tuple[str, int], ...]
    runs: tuple[RowRun, ...]
    more_runs: tuple[tuple[str, int], ...]


def source_rows(build: Build, *, limit: int = LIMIT) -> tuple[SourceRows, ...]:
    """The rows of every source of a build; ``limit`` is the number of lines for each file."""
    fed = _fed(build)
    return tuple(_rows(build, build.sources[name], fed[name], limit) for name in build.sources)


def _fed(build: Build) -> dict[str, dict[str, npt.NDArray[np.bool_]]]:
    """By source and dataset the records that are behind submitted records: read, joined, or in a group."""
    found: dict[str, dict[str, npt.NDArray[np.bool_]]] = {name: {} for name in build.sources}
    for domain in build.plan.domains:
        lineage = build.lineage.datasets.get(domain.domain)
        if lineage is None:
            continue
        members = lineage.members
        for index, block in enumerate(domain.blocks):
            own = lineage.blocks == index
            for alias in ("", *(join.alias for join in block.joins)):
                source, dataset = block.source_of(alias)
                if source == VISITS and dataset:
                    for name in build.plan.visits_only:
                        behind = np.isin(build.visits[name], lineage.positions[alias][own])
                        mask = found[name].setdefault(domain.domain, np.zeros(len(behind), bool))
                        mask |= behind & (build.visits[name] >= 0)
                if dataset:
                    continue
                mask = found[source].setdefault(domain.domain, np.zeros(len(build.sources[source]), bool))
                pieces = [lineage.positions[alias][own]] if alias in lineage.positions else []
                if members is not None and alias in members.positions:
                    pieces.append(members.positions[alias][np.repeat(own, np.diff(members.offsets))])
                for positions in pieces:
                    mask[positions[positions >= 0]] = True
    return found


def _rows(build: Build, source: Source, fed: Mapping[str, npt.NDArray[np.bool_]], limit: int) -> SourceRows:
    fate = build.fates[source.name]
    numbers = record_fates(source, fate)
    codes, reasons = record_reasons(source, fate)
    unbuilt: list[UnbuiltRow] = []
    more: dict[str, int] = {}
    runs: list[RowRun] = []
    more_runs: dict[str, int] = {}
    for place, file in enumerate(source.files):
        rows = np.flatnonzero((source.file == place) & (numbers != 0))
        for row in rows[:limit].tolist():
            kept = source.place(int(source.superseded_by[row])) if numbers[row] == 1 else NOWHERE
            unbuilt.append(UnbuiltRow(source.place(row), FATES[numbers[row]], reasons[int(codes[row])], kept))
        if len(rows) > limit:
            more[file] = len(rows) - limit
        listed = list(_runs(source, place, numbers == 0, fed, limit))
        runs += listed
        rest = int(((source.file == place) & (numbers == 0)).sum()) - sum(one.records for one in listed)
        if rest:
            more_runs[file] = rest
    return SourceRows(source.name, tuple(unbuilt), tuple(more.items()), tuple(runs), tuple(more_runs.items()))


def _runs(
    source: Source,
    place: int,
    built: npt.NDArray[np.bool_],
    fed: Mapping[str, npt.NDArray[np.bool_]],
    limit: int,
) -> Iterator[RowRun]:
    """The built records of one file as runs that feed the same datasets: the first of them."""
    rows = np.flatnonzero(source.file == place)
    if not len(rows):
        return
    names = list(fed)
    bits = np.zeros(len(rows), np.int64)
    for number, name in enumerate(names):
        bits |= fed[name][rows].astype(np.int64) << number
    kind = np.where(built[rows], bits, -1)
    starts = np.flatnonzero(np.append(True, kind[1:] != kind[:-1]))
    ends = np.append(starts[1:], len(rows))
    chosen = np.flatnonzero(kind[starts] >= 0)[:limit]
    for start, end in zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True):
        held = tuple(name for number, name in enumerate(names) if kind[start] >> number & 1)
        first, last = int(source.rows[rows[start]]), int(source.rows[rows[end - 1]])
        yield RowRun(source.files[place], first, last, end - start, held)
