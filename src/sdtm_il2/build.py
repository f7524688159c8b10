"""Build: map the plan over ranges of sorted subjects, then merge what the partitions found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.balance import Balance, Fate, column_uses, make_balance
from sdtm_il2.check.columns import check_columns, with_header_columns
from sdtm_il2.check.set_aside import sources_set_aside
from sdtm_il2.dataset import Dataset, Summary, arrow, char, constant, distinct, num
from sdtm_il2.errors import Issue, merge_issues
from sdtm_il2.lineage import DatasetLineage, Lineage, TermUse, merge_lineage
from sdtm_il2.methods.identifiers import usubjids
from sdtm_il2.methods.view import SourcePart
from sdtm_il2.partition import PartitionResult, PartitionTask, build_partition
from sdtm_il2.plan.model import Plan
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.sources.model import OPEN, Source, Sources
from sdtm_il2.translate import merged_identifiers, translation_uses, unused_rows

#: Raw records that one partition holds at most, unless the caller says how many partitions there are.
RECORDS_PER_PARTITION = 250_000

Mapper = Callable[
    [Callable[[PartitionTask], PartitionResult], Iterable[PartitionTask]], Iterable[PartitionResult]
]


@dataclass(frozen=True, slots=True)
class Build:
    """Everything that a build makes: datasets in SDTMIG order, what they hold, issues, lineage, balance.

    ``visits`` is, by source with a visit rule, the row of the register of visits that each raw record belongs to
    (-1: none): what SV's lineage points to.
    """

    plan: Plan
    sources: Sources
    datasets: Mapping[str, Dataset]
    summaries: Mapping[str, Summary]
    issues: tuple[Issue, ...]
    lineage: Lineage
    balance: Balance
    fates: Mapping[str, Fate] = field(default_factory=dict)
    visits: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)


def build(
    plan: Plan,
    sources: Sources,
    mapper: Mapper = map,
    *,
    partitions: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Build:
    """Run every step of the plan for every subject, and account for every raw record.

    ``mapper(function, iterable)`` gives the results in order: ``map``, ``ProcessPoolExecutor.map``, or for Dask
    ``lambda f, xs: client.gather(client.map(f, xs))``; all give equal datasets. ``partitions`` is the number of
    ranges of sorted subjects (default: about 250,000 raw records each). ``progress`` is told how many of them
    are done. Data problems are issues of the result; SourceError (SRC3xx, SPEC140) where columns are missing.
    """
    plan = with_header_columns(plan, sources)
    check_columns(plan, sources)
    subjects, owners = _subjects(plan, sources)
    count = partitions or max(1, round(sum(len(sources[name]) for name in sources) / RECORDS_PER_PARTITION))
    ranges = _ranges(subjects, owners, count)
    results: list[PartitionResult] = []
    for result in mapper(build_partition, _tasks(plan, sources, subjects, owners, ranges)):
        results.append(result)
        if progress is not None:
            progress(len(results), len(ranges))
    return _reduce(plan, sources, results)


def _subjects(plan: Plan, sources: Sources) -> tuple[tuple[str, ...], dict[str, npt.NDArray[np.int32]]]:
    """The study's subjects by USUBJID, and for each source the number of each record's subject."""
    names: dict[str, None] = {}
    encoded = {}
    for name in sources:
        source = sources[name]
        if source.subject is not None:
            one = distinct(source.subject)
            ids = usubjids(plan.usubjid, plan.study, one.values)
            encoded[name] = (one.codes, ids)
            open_codes = np.unique(one.codes[source.status == OPEN])
            names.update(dict.fromkeys(ids[code] for code in open_codes.tolist() if ids[code]))
    subjects = tuple(sorted(names))
    place = {subject: number for number, subject in enumerate(subjects)}
    owners = {
        name: np.array([place.get(one, -1) for one in ids], np.int32)[codes]
        if len(codes)
        else np.empty(0, np.int32)
        for name, (codes, ids) in encoded.items()
    }
    return subjects, owners


def _ranges(
    subjects: tuple[str, ...], owners: Mapping[str, npt.NDArray[np.int32]], count: int
) -> list[tuple[int, int]]:
    """Ranges of subjects with about the same number of raw records each."""
    if count <= 1 or len(subjects) <= 1:
        return [(0, len(subjects))]
    load = np.zeros(len(subjects), np.int64)
    for owner in owners.values():
        load += np.bincount(owner[owner >= 0], minlength=len(subjects))
    total = np.cumsum(load)
    cuts = np.searchsorted(total, np.linspace(0, total[-1], min(count, len(subjects)) + 1)[1:-1]) + 1
    edges = np.unique(np.concatenate([[0], cuts, [len(subjects)]])).tolist()
    return list(pairwise(edges))


def _tasks(
    plan: Plan, sources: Sources, subjects: tuple[str, ...], owners: Mapping[str, npt.NDArray[np.int32]],
    ranges: list[tuple[int, int]],
) -> Iterator[PartitionTask]:  # fmt: skip
    used = {
        name: [column for column in columns if column in sources[name].columns]
        for name, columns in column_uses(plan).items()
    }
    for number, (low, high) in enumerate(ranges):
        parts = {
            name: _part(
                sources[name], used.get(name, []), owners.get(name), low, high, whole=len(ranges) == 1
            )
            for name in sources
        }
        yield PartitionTask(plan, number == 0, subjects[low:high], parts)


def _part(
    source: Source,
    columns: list[str],
    owner: npt.NDArray[np.int32] | None,
    low: int,
    high: int,
    *,
    whole: bool,
) -> SourcePart:
    """The records of one source that belong to a range of subjects; a study-level table goes whole to every range."""
    frame = source.frame[columns]
    if owner is None or whole:
        rows = np.arange(len(source), dtype=np.int64)
    else:
        rows = np.flatnonzero((owner >= low) & (owner < high)).astype(np.int64)
        positions = pa.array(rows)
        frame = pd.DataFrame(
            {name: char(arrow(frame[name]).take(positions)) for name in columns},
            index=pd.RangeIndex(len(rows)),
        )
    numbers = None if owner is None else np.where(owner[rows] >= 0, owner[rows] - low, -1).astype(np.int32)
    status = source.status[rows]
    if numbers is not None:
        status = np.where((numbers < 0) & (status == OPEN), np.int16(2), status)
    return SourcePart(
        source.name, frame, rows, source.rows[rows], source.file[rows].astype(np.int32), source.files, numbers,
        status.astype(np.int16), np.zeros(len(rows), bool), np.zeros(len(rows), np.int32),
    )  # fmt: skip


def _reduce(plan: Plan, sources: Sources, results: list[PartitionResult]) -> Build:
    """Concatenate, merge and close the balance."""
    names = list(dict.fromkeys(name for one in results for name in one.datasets))
    order = {domain.domain: place for place, domain in enumerate(plan.domains)}
    names.sort(
        key=lambda name: (
            order.get(name.removeprefix("SUPP") if name not in order else name, len(order)),
            name not in order,
            name,
        )
    )
    sizes = [{name: len(one.datasets[name]) for name in one.datasets} for one in results]
    datasets: dict[str, Dataset] = {}
    summaries: dict[str, Summary] = {}
    lineages: dict[str, DatasetLineage] = {}
    for name in names:
        parts = [one.datasets[name] for one in results if name in one.datasets]
        datasets[name] = _concatenated(parts)
        summary = None
        for one in results:
            if name in one.summaries:
                summary = one.summaries[name] if summary is None else summary.merge(one.summaries[name])
        assert summary is not None
        summaries[name] = summary
        pieces, offsets = [], []
        for place, one in enumerate(results):
            if name in one.lineage:
                pieces.append(one.lineage[name])
                offsets.append(_offsets(plan, name, sizes[:place]))
                if name in order:
                    registered = sum(before.visit_count for before in results[:place])
                    offsets[-1] |= dict.fromkeys(_register_aliases(plan, name), registered)
        lineages[name] = merge_lineage(pieces, offsets)
    terms: dict[tuple[str, str, str, str, str], int] = {}
    for one in results:
        for use in one.terms:
            key = (use.domain, use.variable, use.raw, use.term, use.via)
            terms[key] = terms.get(key, 0) + use.count
    uses = tuple(TermUse(*key, count) for key, count in sorted(terms.items()))
    translated = translation_uses(plan, (one.texts for one in results))
    records: dict[str, int] = {}
    for one in results:
        for name, held in one.translated.items():
            records[name] = records.get(name, 0) + held
    fates = _fates(sources, results)
    balance, found = make_balance(plan, sources, fates, translated, lineages, records)
    found += sources_set_aside(plan, sources)
    found += unused_rows(plan, translated) + merged_identifiers(
        plan, translated, (one.texts for one in results)
    )
    issues = merge_issues(
        [*plan.issues, *sources.issues, *(one for result in results for one in result.issues), *found]
    )
    return Build(
        plan, sources, datasets, summaries, issues, Lineage(lineages, uses, translated), balance, fates,
        _visits(sources, results),
    )  # fmt: skip


def _offsets(plan: Plan, name: str, before: list[dict[str, int]]) -> dict[str, int]:
    """How far the aliases that point into datasets move when partitions are put one after the other."""
    if name not in {domain.domain for domain in plan.domains}:
        return {"": sum(one.get(name.removeprefix("SUPP"), 0) for one in before)}
    moved: dict[str, int] = {}
    for block in plan.domain(name).blocks:
        for alias in ("", *(join.alias for join in block.joins)):
            source, dataset = block.source_of(alias)
            if dataset and _has_subjects(plan, source):
                moved[alias] = sum(one.get(source, 0) for one in before)
    return moved


def _register_aliases(plan: Plan, name: str) -> list[str]:
    """The aliases of a domain that point into the register of visits."""
    return [
        alias
        for block in plan.domain(name).blocks
        for alias in ("", *(join.alias for join in block.joins))
        if block.source_of(alias) == (VISITS, True)
    ]


def _visits(sources: Sources, results: list[PartitionResult]) -> dict[str, npt.NDArray[np.int64]]:
    """The row of the whole register that each raw record belongs to."""
    found: dict[str, npt.NDArray[np.int64]] = {}
    before = 0
    for one in results:
        for name, rows in one.visits.items():
            whole = found.setdefault(name, np.full(len(sources[name]), -1, np.int64))
            positions = one.fates[name][0]
            whole[positions] = np.where(rows >= 0, rows + before, whole[positions])
        before += one.visit_count
    return found


def _has_subjects(plan: Plan, name: str) -> bool:
    """Whether a dataset's records are those of subjects; trial design tables are the same in every partition."""
    return any(one.domain == name and one.variable("USUBJID") is not None for one in plan.domains)


def _concatenated(parts: list[Dataset]) -> Dataset:
    if len(parts) == 1:
        return parts[0]
    # a text may be continued (COVAL1 ...) in one partition and not in another
    first = max(parts, key=lambda one: len(one.columns))
    columns: dict[str, pd.Series] = {}
    for column in first.columns:
        series = [
            part.frame[column.name] if column.name in part.frame else constant("", len(part))
            for part in parts
        ]
        if column.type == "Num":
            columns[column.name] = num(np.concatenate([one.to_numpy() for one in series]))
        else:
            columns[column.name] = char(pa.chunked_array([arrow(one) for one in series], pa.large_string()))
    return Dataset(first.name, first.label, first.columns, pd.DataFrame(columns, copy=False))


def _fates(sources: Sources, results: list[PartitionResult]) -> dict[str, Fate]:
    """What became of each record of each source over all partitions; reasons get one numbering."""
    reasons: list[str] = list(dict.fromkeys(reason for one in results for reason in one.reasons))
    fates: dict[str, Fate] = {}
    for name in sources:
        built = np.zeros(len(sources[name]), bool)
        dropped = np.zeros(len(sources[name]), np.int32)
        for one in results:
            positions, own_built, own_dropped = one.fates[name]
            built[positions] |= own_built
            numbers = np.array([0, *(reasons.index(reason) + 1 for reason in one.reasons)], np.int32)
            renumbered = numbers[own_dropped]
            dropped[positions] = np.where(dropped[positions] == 0, renumbered, dropped[positions])
        fates[name] = Fate(built, dropped, tuple(reasons))
    return fates
