"""Build: map the plan over ranges of sorted subjects, then merge what the partitions found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

import sdtm_il2.methods.assign
import sdtm_il2.methods.dates
import sdtm_il2.methods.elements
import sdtm_il2.methods.exposure
import sdtm_il2.methods.identifiers
import sdtm_il2.methods.numbers
import sdtm_il2.methods.results
import sdtm_il2.methods.timing  # noqa: F401  the methods register themselves
from sdtm_il2.balance import Balance, Fate, column_uses, make_balance
from sdtm_il2.check import check_columns
from sdtm_il2.dataset import Dataset, Summary, arrow, char, distinct, take
from sdtm_il2.errors import NOWHERE, Issue, merge_issues
from sdtm_il2.lineage import DatasetLineage, Lineage, TermUse, merge_lineage
from sdtm_il2.methods.evaluate import evaluate_rule, select_by
from sdtm_il2.methods.identifiers import usubjids
from sdtm_il2.methods.records import domain_records
from sdtm_il2.methods.relationships import relrec
from sdtm_il2.methods.view import BlockRecords, DomainRecords, Partition, SourcePart, View
from sdtm_il2.methods.visits import find_visits
from sdtm_il2.plan.model import BlockPlan, DomainPlan, Plan, Step, TablePlan
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.sources.model import OPEN, Source, Sources
from sdtm_il2.standardise import domain_datasets, order_records, sequence, typed
from sdtm_il2.summary import summarise, summarise_plain

#: Raw records that one partition holds at most, unless the caller says how many partitions there are.
RECORDS_PER_PARTITION = 250_000

Mapper = Callable[
    [Callable[["PartitionTask"], "PartitionResult"], Iterable["PartitionTask"]], Iterable["PartitionResult"]
]


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """What one worker needs: the plan and the raw records of some subjects."""

    plan: Plan
    first: bool
    subjects: tuple[str, ...]
    sources: Mapping[str, SourcePart]


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What one worker gives back."""

    datasets: Mapping[str, Dataset]
    summaries: Mapping[str, Summary]
    lineage: Mapping[str, DatasetLineage]
    issues: tuple[Issue, ...]
    terms: tuple[TermUse, ...]
    fates: Mapping[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.int32]]]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """Everything that a build makes: datasets in SDTMIG order, what they hold, issues, lineage, balance."""

    plan: Plan
    sources: Sources
    datasets: Mapping[str, Dataset]
    summaries: Mapping[str, Summary]
    issues: tuple[Issue, ...]
    lineage: Lineage
    balance: Balance
    fates: Mapping[str, Fate] = field(default_factory=dict)


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


def build_partition(task: PartitionTask) -> PartitionResult:
    """All steps of the plan for the subjects of one task."""
    partition = Partition(task.plan, task.subjects, dict(task.sources), task.first)
    for table in task.plan.tables:
        partition.domains[table.name] = _table_records(table)
    plans = {domain.domain: domain for domain in task.plan.domains}
    for step in task.plan.steps:
        if step.kind == "visits":
            find_visits(partition)
        else:
            _run(partition, plans[step.domain], step)
    datasets: dict[str, Dataset] = {}
    summaries: dict[str, Summary] = {}
    lineage: dict[str, DatasetLineage] = {}
    for domain in task.plan.domains:
        records = partition.domains[domain.domain]
        if not task.first:
            _without_study_records(records)
        _account(partition, records)
        dataset, supplement, parents = domain_datasets(partition, records)
        lineage[domain.domain] = _lineage(partition, records)
        datasets[domain.domain] = dataset
        summaries[domain.domain] = summarise(dataset, domain)
        if supplement is not None:
            datasets[supplement.name] = supplement
            summaries[supplement.name] = summarise(supplement, domain)
            lineage[supplement.name] = DatasetLineage(
                supplement.name,
                np.zeros(len(parents), np.int16),
                np.full(len(parents), -1, np.int32),
                {"": parents},
            )
    _check_subjects(partition, datasets)
    related = relrec(partition)
    if related is not None:
        datasets[related.name] = related
        summaries[related.name] = summarise_plain(related)
        lineage[related.name] = DatasetLineage(
            related.name, np.zeros(len(related), np.int16), np.full(len(related), -1, np.int32), {}
        )
    for records in partition.domains.values():
        records.columns.clear()
    terms = tuple(
        TermUse(domain_, variable, raw, term, via, count)
        for (domain_, variable), found in partition.terms.items()
        for (raw, term, via), count in found.items()
    )
    fates = {name: (part.positions, part.built, part.dropped) for name, part in partition.sources.items()}
    return PartitionResult(
        datasets, summaries, lineage, tuple(partition.issues), terms, fates, tuple(partition.reasons)
    )


def _table_records(table: TablePlan) -> DomainRecords:
    """The rows of a trial design table as records without subjects."""
    count = len(table.rows)
    block = BlockPlan("table", table.name, dataset=True)
    plan = DomainPlan(table.name, "", "", "", (), (), True, (block,), ())  # noqa: FBT003 - in file order
    records = DomainRecords(plan, [BlockRecords(block, np.full(count, -1, np.int32), {})])
    for place, header in enumerate(table.headers):
        records.columns[header] = char([row[place] for row in table.rows])
    records.order = np.arange(count, dtype=np.int64)
    return records


def _run(partition: Partition, plan: DomainPlan, step: Step) -> None:
    if step.kind == "records":
        partition.domains[plan.domain] = domain_records(partition, plan)
        return
    records = partition.domains[plan.domain]
    if step.kind == "submit":
        _submit(partition, records)
    elif step.kind == "order":
        records.order = order_records(records)
        for variable in plan.variables:
            if any(rule is not None and rule.call.method == "sequence" for rule in variable.rules):
                records.columns[variable.name] = sequence(records)
    else:
        _variable(partition, records, step.variable)


def _without_study_records(records: DomainRecords) -> None:
    """Records without a subject (of study-level tables) are submitted once, by the first partition."""
    assert records.order is not None
    records.whole_order = records.order
    records.order = records.order[records.subjects[records.order] >= 0]


def _variable(partition: Partition, records: DomainRecords, name: str) -> None:
    variable = records.plan.variable(name)
    assert variable is not None
    pieces: list[pd.Series] = []
    for index, rule in enumerate(variable.rules):
        view = View(partition, records, index, name, rule.at if rule is not None else NOWHERE)
        if rule is None:
            empty = pd.Series(np.full(len(view), np.nan)) if variable.type == "Num" else view.texts("")
            pieces.append(empty)
            continue
        column = evaluate_rule(view, rule)
        pieces.append(typed(view, column, variable.type, rule.call.options.decimal, rule.at))
    if len(pieces) == 1:
        records.columns[name] = pieces[0]
    elif variable.type == "Num":
        records.columns[name] = pd.Series(
            np.concatenate([one.to_numpy() for one in pieces]) if pieces else np.empty(0)
        )
    else:
        records.columns[name] = char(pa.chunked_array([arrow(one) for one in pieces], pa.large_string()))


def _submit(partition: Partition, records: DomainRecords) -> None:
    """Records whose submit clause does not hold are dropped, with its reason; an undecided one stays (METH511)."""
    clauses = [(records.plan.submit, block.plan.submit) for block in records.blocks]
    if not any(one is not None for pair in clauses for one in pair):
        return
    masks = []
    for index, pair in enumerate(clauses):
        mask = np.ones(len(records.blocks[index]), bool)
        for clause in pair:
            if clause is None:
                continue
            found = select_by(View(partition, records, index, "submit"), clause.when)
            fails = ~(found.holds | found.undecided) & mask
            mask &= ~fails
            block = records.blocks[index]
            if not block.plan.dataset and fails.any():
                part = partition.sources[block.plan.source]
                positions = block.positions[""][fails]
                code = partition.reason_code(f"{records.plan.domain} submit: {clause.reason}")
                part.dropped[positions] = np.where(
                    part.dropped[positions] == 0, code, part.dropped[positions]
                )
        masks.append(mask)
    records.submitted = np.concatenate(masks)


def _account(partition: Partition, records: DomainRecords) -> None:
    """Raw records behind submitted records are built, joined ones too."""
    for index, block in enumerate(records.blocks):
        mask = (
            np.ones(len(block), bool)
            if records.submitted is None
            else records.submitted[records.block_slice(index)]
        )
        for alias, positions in block.positions.items():
            source, dataset = block.plan.source_of(alias)
            if not dataset:
                found = positions[mask]
                partition.sources[source].built[found[found >= 0]] = True


def _lineage(partition: Partition, records: DomainRecords) -> DatasetLineage:
    """Positions in whole sources (or in this partition's datasets) for each record in the dataset's order."""
    order = records.order
    assert order is not None
    blocks = np.repeat(
        np.arange(len(records.blocks), dtype=np.int16), [len(block) for block in records.blocks]
    )
    tests = [
        np.full(len(block), -1, np.int32) if block.test is None else block.test for block in records.blocks
    ]
    aliases = list(dict.fromkeys(alias for block in records.blocks for alias in block.positions))
    positions = {}
    for alias in aliases:
        pieces = []
        for block in records.blocks:
            local = block.positions.get(alias)
            if local is None:
                pieces.append(np.full(len(block), -1, np.int64))
                continue
            source, dataset = block.plan.source_of(alias)
            whole = (
                _dataset_places(partition.domains[source]) if dataset else partition.sources[source].positions
            )
            if source == VISITS:
                # the register of visits is no file: there is no place to name
                whole = np.full(len(whole), -1, np.int64)
            pieces.append(np.where(local >= 0, whole[local] if len(whole) else -1, -1))
        positions[alias] = np.concatenate(pieces)[order] if pieces else np.empty(0, np.int64)
    return DatasetLineage(
        records.plan.domain,
        blocks[order],
        (np.concatenate(tests) if tests else np.empty(0, np.int32))[order],
        positions,
    )


def _dataset_places(records: DomainRecords) -> npt.NDArray[np.int64]:
    """The place of each record in its dataset's order, -1 if it is not submitted."""
    places = np.full(len(records), -1, np.int64)
    order = records.order if records.whole_order is None else records.whole_order
    if order is not None:
        places[order] = np.arange(len(order))
    return places


def _check_subjects(partition: Partition, datasets: Mapping[str, Dataset]) -> None:
    """DATA860: subjects with records in a domain but none in DM."""
    demographics = datasets.get("DM")
    if demographics is None:
        return
    known = np.zeros(len(partition.subjects), bool)
    submitted = partition.domains["DM"]
    owners = submitted.subjects[submitted.order] if submitted.order is not None else submitted.subjects
    known[owners[owners >= 0]] = True
    for name, records in partition.domains.items():
        if name == VISITS:
            continue
        for index in range(len(records.blocks)):
            view = View(partition, records, index)
            subjects = view.block.subjects
            mask = (subjects >= 0) & ~known[subjects]
            names = take(char([*partition.subjects]), subjects.astype(np.int64))
            view.report("DATA860", mask, names, target=name, at=records.plan.at)


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
        lineages[name] = merge_lineage(pieces, offsets)
    terms: dict[tuple[str, str, str, str, str], int] = {}
    for one in results:
        for use in one.terms:
            key = (use.domain, use.variable, use.raw, use.term, use.via)
            terms[key] = terms.get(key, 0) + use.count
    uses = tuple(TermUse(*key, count) for key, count in sorted(terms.items()))
    fates = _fates(sources, results)
    balance, found = make_balance(plan, sources, fates)
    issues = merge_issues(
        [*plan.issues, *sources.issues, *(one for result in results for one in result.issues), *found]
    )
    return Build(plan, sources, datasets, summaries, issues, Lineage(lineages, uses), balance, fates)


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


def _has_subjects(plan: Plan, name: str) -> bool:
    """Whether a dataset's records are those of subjects; trial design tables are the same in every partition."""
    return any(one.domain == name and one.variable("USUBJID") is not None for one in plan.domains)


def _concatenated(parts: list[Dataset]) -> Dataset:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    columns: dict[str, pd.Series] = {}
    for column in first.columns:
        series = [part.frame[column.name] for part in parts]
        if column.type == "Num":
            columns[column.name] = pd.Series(np.concatenate([one.to_numpy() for one in series]))
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
