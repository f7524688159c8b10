"""One partition: every step of the plan for some subjects, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
import sdtm_il2.methods.ranges
import sdtm_il2.methods.results
import sdtm_il2.methods.standard_results
import sdtm_il2.methods.timing  # noqa: F401  the methods register themselves
from sdtm_il2.dataset import Dataset, Summary, arrow, char, num, take
from sdtm_il2.errors import NOWHERE, Issue
from sdtm_il2.lineage import EACH, PART, DatasetLineage, Members, TermUse, choice_name, decode_name
from sdtm_il2.methods.evaluate import evaluate_rule, select_by
from sdtm_il2.methods.records import domain_records
from sdtm_il2.methods.relationships import relrec
from sdtm_il2.methods.view import BlockRecords, DomainRecords, Partition, SourcePart, View
from sdtm_il2.methods.visits import find_visits
from sdtm_il2.plan.blocks import BlockPlan, TablePlan
from sdtm_il2.plan.model import DomainPlan, Plan, Step
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.plausibility import check_records
from sdtm_il2.split import check_parts, part_numbers
from sdtm_il2.standardise import domain_datasets, invisible, order_records, sequence, typed
from sdtm_il2.summary import summarise, summarise_plain
from sdtm_il2.translate import dataset_in_english, plan_as_submitted, translations


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
    texts: Mapping[tuple[str, str, int], int] = field(default_factory=dict)
    visits: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    visit_count: int = 0
    translated: Mapping[str, int] = field(default_factory=dict)


def build_partition(task: PartitionTask) -> PartitionResult:
    """All steps of the plan for the subjects of one task."""
    partition = Partition(task.plan, task.subjects, dict(task.sources), task.first)
    partition.known_texts = translations(task.plan.translations)
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
    # value levels are those of the files, whose constants may be translated
    submitted = {one.domain: one for one in plan_as_submitted(task.plan).domains}
    for domain in task.plan.domains:
        records = partition.domains[domain.domain]
        if not task.first:
            _without_study_records(records)
        _account(partition, records)
        check_records(partition, records)
        check_parts(partition, records)
        dataset, supplement, parents = domain_datasets(partition, records)
        lineage[domain.domain] = _lineage(partition, records)
        datasets[domain.domain] = dataset
        summaries[domain.domain] = summarise(dataset, submitted[domain.domain], task.plan.encoding)
        if supplement is not None:
            datasets[supplement.name] = supplement
            summaries[supplement.name] = summarise(supplement, submitted[domain.domain], task.plan.encoding)
            lineage[supplement.name] = DatasetLineage(
                supplement.name,
                np.zeros(len(parents), np.int16),
                np.full(len(parents), -1, np.int32),
                {"": parents},
            )
    _check_subjects(partition, datasets)
    related = relrec(partition)
    if related is not None:
        related, used = dataset_in_english(partition, related, task.plan.relationships[0].at)
        datasets[related.name] = related
        summaries[related.name] = summarise_plain(related, task.plan.encoding)
        lineage[related.name] = DatasetLineage(
            related.name, np.zeros(len(related), np.int16), np.full(len(related), -1, np.int32), {}, used
        )
    for records in partition.domains.values():
        records.columns.clear()
    terms = tuple(
        TermUse(domain_, variable, raw, term, via, count)
        for (domain_, variable), found in partition.terms.items()
        for (raw, term, via), count in found.items()
    )
    fates = {name: (part.positions, part.built, part.dropped) for name, part in partition.sources.items()}
    visits = {name: part.visits for name, part in partition.sources.items() if part.visits is not None}
    register = partition.domains.get(VISITS)
    return PartitionResult(
        datasets, summaries, lineage, tuple(partition.issues), terms, fates, tuple(partition.reasons),
        partition.texts, visits, len(register) if register is not None else 0,
        {target: int(mask.sum()) for target, mask in partition.translated.items()},
    )  # fmt: skip


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
            empty = num(np.full(len(view), np.nan)) if variable.type == "Num" else view.texts("")
            pieces.append(empty)
            continue
        column = typed(view, evaluate_rule(view, rule), variable.type, rule.call.options.decimal, rule.at)
        if variable.type == "Char" and rule.reads_cells():
            view.report("DATA853", invisible(column), column, at=rule.at)
        pieces.append(column)
    if len(pieces) == 1:
        records.columns[name] = pieces[0]
    elif variable.type == "Num":
        records.columns[name] = num(
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
            if fails.any():
                # joined raw records too, and those of a block that is made from a dataset
                code = partition.reason_code(f"{records.plan.domain} submit: {clause.reason}")
                for part, positions in _raw_records(partition, block, fails):
                    dropped = part.dropped[positions]
                    part.dropped[positions] = np.where(dropped == 0, code, dropped)
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
        for part, positions in _raw_records(partition, block, mask):
            part.built[positions] = True


def _raw_records(
    partition: Partition, block: BlockRecords, mask: npt.NDArray[np.bool_]
) -> Iterator[tuple[SourcePart, npt.NDArray[np.int64]]]:
    """The raw records that the block's records read, alias by alias; every one of a group, not only the first.

    Behind a record of `_VISITS` stand the records of that visit, of the sources that feed nothing else. A source
    that blocks read is accounted for by them: a record that they leave is not built because its visit is.
    """
    behind = block.positions
    if block.members is not None and block.group_of is not None:
        behind, mask = block.members.positions, mask[block.group_of]
    for alias, positions in behind.items():
        source, dataset = block.plan.source_of(alias)
        found = positions[mask]
        if not dataset:
            yield partition.sources[source], found[found >= 0]
        elif source == VISITS:
            for name in partition.plan.visits_only:
                part = partition.sources[name]
                assert part.visits is not None
                yield part, np.flatnonzero((part.visits >= 0) & np.isin(part.visits, found))


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
            else:
                pieces.append(_whole_places(partition, block, alias, local))
        positions[alias] = np.concatenate(pieces)[order] if pieces else np.empty(0, np.int64)
    return DatasetLineage(
        records.plan.domain,
        blocks[order],
        (np.concatenate(tests) if tests else np.empty(0, np.int32))[order],
        positions,
        records.translations,
        {name: column[order] for name, column in _choices(records)}
        | ({PART: part_numbers(records)[order]} if records.plan.split is not None else {}),
        _members(partition, records, order),
    )


def _whole_places(
    partition: Partition, block: BlockRecords, alias: str, local: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Positions of this partition as positions in the whole source, or in this partition's dataset."""
    source, dataset = block.plan.source_of(alias)
    whole = _dataset_places(partition.domains[source]) if dataset else partition.sources[source].positions
    return np.where(local >= 0, whole[local] if len(whole) else -1, -1)


def _choices(records: DomainRecords) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """By name of a column of lineage, for each record: its repetition, its rows of decode tables, chosen branches."""
    starts, size = records.starts(), len(records)
    found: dict[str, npt.NDArray[np.int64]] = {}

    def put(name: str, index: int, values: npt.NDArray[np.integer]) -> None:
        column = found.setdefault(name, np.full(size, -1, np.int64))
        column[starts[index] : starts[index + 1]] = values

    for index, block in enumerate(records.blocks):
        if block.each is not None and block.members is None:
            put(EACH, index, block.each)
        for number, places in enumerate(block.tables):
            put(decode_name(number), index, places)
        for variable in records.plan.variables:
            rule = variable.rules[index] if variable.rules else None
            for number, call in enumerate(rule.choices() if rule is not None else ()):
                chosen = records.choices.get((variable.name, index, id(call)))
                if chosen is not None:
                    put(choice_name(variable.name, number), index, chosen)
    yield from found.items()


def _members(partition: Partition, records: DomainRecords, order: npt.NDArray[np.int64]) -> Members | None:
    """The records behind each group, in the order of the groups."""
    if all(block.members is None for block in records.blocks):
        return None
    counts = np.zeros(len(records), np.int64)
    owners: list[npt.NDArray[np.int64]] = []
    columns: dict[str, list[npt.NDArray[np.int64]]] = {}
    grouped = [
        (start, block, block.members, block.group_of)
        for start, block in zip(records.starts(), records.blocks, strict=False)
    ]
    aliases = dict.fromkeys(alias for _, _, one, _ in grouped if one is not None for alias in one.positions)
    for start, block, members, group_of in grouped:
        if members is None or group_of is None:
            continue
        owners.append(group_of + start)
        counts[start : start + len(block)] = np.bincount(group_of, minlength=len(block))
        for alias in aliases:
            local = members.positions.get(alias)
            none = np.full(len(members), -1, np.int64)
            whole = none if local is None else _whole_places(partition, block, alias, local)
            columns.setdefault(alias, []).append(whole)
        each = np.full(len(members), -1, np.int64) if members.each is None else members.each
        columns.setdefault(EACH, []).append(each.astype(np.int64))
    place = np.full(len(records), -1, np.int64)
    place[order] = np.arange(len(order))
    owner = place[np.concatenate(owners)]
    rows = np.argsort(owner, kind="stable")[np.count_nonzero(owner < 0) :]  # those not submitted come first
    whole_columns = {alias: np.concatenate(pieces)[rows] for alias, pieces in columns.items()}
    offsets = np.append(0, np.cumsum(counts[order])).astype(np.int64)
    return Members(offsets, {alias: whole_columns[alias] for alias in aliases}, whole_columns[EACH])


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
