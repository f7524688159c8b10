"""Which records a block makes: from a source or dataset, joined, selected, decoded, by the tests table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import distinct, ranks, take
from sdtm_il2.methods.evaluate import filled, number_text, select_by
from sdtm_il2.methods.view import BlockRecords, DomainRecords, Mask, Partition, Positions, View
from sdtm_il2.plan.blocks import BlockPlan, JoinPlan, TestsPlan
from sdtm_il2.plan.calls import ColumnRef, half_width, normal
from sdtm_il2.plan.model import DomainPlan


def domain_records(partition: Partition, plan: DomainPlan) -> DomainRecords:
    """The records of every block of a domain; their columns are filled by the variable steps."""
    records = DomainRecords(plan, [])
    for index, block in enumerate(plan.blocks):
        records.blocks.append(_base(partition, block))
        view = View(partition, records, index, "")
        _joined(view)
        if block.where is not None:
            _keep(view.block, select_by(view, block.where).holds)
        if block.each:
            _repeated(view)
        if block.group is not None:
            _grouped(view)
        _decoded(view)
        if block.tests is not None:
            _tested(view, block.tests)
    return records


def _base(partition: Partition, block: BlockPlan) -> BlockRecords:
    if block.dataset:
        other = partition.domains[block.source]
        # in the dataset's own order, which is what first and last of a group mean
        kept = other.order if other.order is not None else np.arange(len(other), dtype=np.int64)
        return BlockRecords(block, other.subjects[kept], {"": kept})
    part = partition.sources[block.source]
    kept = np.flatnonzero(part.reason == 0)
    subjects = part.subjects[kept] if part.subjects is not None else np.full(len(kept), -1, np.int32)
    return BlockRecords(block, subjects, {"": kept.astype(np.int64)})


def _keep(block: BlockRecords, mask: Mask) -> None:
    select(block, np.flatnonzero(mask).astype(np.int64))


def select(block: BlockRecords, rows: Positions) -> None:
    block.subjects = block.subjects[rows]
    block.positions = {alias: positions[rows] for alias, positions in block.positions.items()}
    block.tables = [positions[rows] for positions in block.tables]
    if block.test is not None:
        block.test = block.test[rows]
    if block.each is not None:
        block.each = block.each[rows]


# ---- joins --------------------------------------------------------------------------------------------------


def _joined(view: View) -> None:
    for join in view.block.plan.joins:
        left, right = _keys(view, join)
        _join(view, join, left, right)


def _other(view: View, join: JoinPlan) -> tuple[npt.NDArray[np.int32] | None, Positions]:
    """Subjects and positions of the joined side's open records."""
    if join.dataset:
        other = view.partition.domains[join.source]
        kept = np.arange(len(other)) if other.submitted is None else np.flatnonzero(other.submitted)
        subjects: npt.NDArray[np.int32] | None = other.subjects[kept]
    else:
        part = view.partition.sources[join.source]
        kept = np.flatnonzero(part.reason == 0)
        subjects = part.subjects[kept] if part.subjects is not None else None
    if subjects is not None and len(subjects) and bool((subjects < 0).all()):
        subjects = None
    return subjects, kept.astype(np.int64)


def _keys(view: View, join: JoinPlan) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """One number a record on both sides; equal numbers join. -1: cannot join (an empty key)."""
    subjects, kept = _other(view, join)
    left = np.zeros(len(view), np.int64)
    right = np.zeros(len(kept), np.int64)
    if join.where is not None:
        right = np.where(_other_mask(view, join, kept), right, -1)
    if subjects is not None and not bool((view.block.subjects < 0).all() and len(view)):
        left, right = _combine(left, right, view.block.subjects.astype(np.int64), subjects.astype(np.int64))
    for ref, column in join.by:
        own, other = _texts(view.read(ref)), _texts(_other_column(view, join, column, kept))
        codes, values = pd.factorize(pd.concat([own.str.strip(), other.str.strip()], ignore_index=True))
        codes = (
            np.where(np.array([bool(text) for text in values], bool)[codes], codes, -1)
            if len(codes)
            else codes
        )
        left, right = _combine(
            left, right, codes[: len(own)].astype(np.int64), codes[len(own) :].astype(np.int64)
        )
    return left, right


def _texts(column: pd.Series) -> pd.Series:
    """A key as text: a number (VISITNUM, TAETORD) in its shortest form, as a raw file writes it."""
    return number_text(column) if column.dtype == np.float64 else column


def _combine(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    more_left: npt.NDArray[np.int64],
    more_right: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    width = int(max(more_left.max(initial=0), more_right.max(initial=0))) + 1
    numbers, _ = pd.factorize(np.concatenate([left * width + more_left, right * width + more_right]))
    absent = np.concatenate([(left < 0) | (more_left < 0), (right < 0) | (more_right < 0)])
    numbers = np.where(absent, -1, numbers).astype(np.int64)
    return numbers[: len(left)], numbers[len(left) :]


def _other_column(view: View, join: JoinPlan, column: str, kept: Positions) -> pd.Series:
    if join.dataset:
        return take(view.partition.domains[join.source].columns[column], kept)
    return take(view.partition.sources[join.source].frame[column], kept)


def _other_mask(view: View, join: JoinPlan, kept: Positions) -> Mask:
    """The joined side's records that the join's own clause selects."""
    assert join.where is not None
    other = BlockRecords(
        BlockPlan(join.source, join.source, join.dataset), np.full(len(kept), -1, np.int32), {"": kept}
    )
    records = DomainRecords(view.domain.plan, [other])
    return select_by(View(view.partition, records, 0, ""), join.where).holds


def _join(view: View, join: JoinPlan, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> None:
    block = view.block
    _, kept = _other(view, join)
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first = np.searchsorted(ordered, left, "left")
    count = np.searchsorted(ordered, left, "right") - first
    count = np.where(left < 0, 0, count)
    if join.cardinality == "many":
        rows = np.repeat(np.arange(len(block)), np.maximum(count, 1)).astype(np.int64)
        within = np.arange(len(rows)) - np.repeat(
            np.cumsum(np.maximum(count, 1)) - np.maximum(count, 1), np.maximum(count, 1)
        )
        matched = count[rows] > 0
        found = np.full(len(rows), -1, np.int64)
        found[matched] = kept[order[(first[rows] + within)[matched]]]
        select(block, rows)
        block.positions[join.alias] = found
        return
    several = count > 1
    view.report(
        "DATA841",
        several,
        at=join.at,
        target=f"{view.domain.plan.domain} records",
        alias=join.alias,
        cardinality=join.cardinality,
    )
    if join.cardinality == "1":
        view.report(
            "DATA840", count == 0, at=join.at, target=f"{view.domain.plan.domain} records", alias=join.alias
        )
    found = np.full(len(block), -1, np.int64)
    single = count == 1
    found[single] = kept[order[first[single]]]
    block.positions[join.alias] = found


# ---- each and group ------------------------------------------------------------------------------------------


def _repeated(view: View) -> None:
    """One record for each repetition in which a column is filled, in the order of the columns."""
    block = view.block
    each = block.plan.each
    source, dataset = block.plan.source_of("")
    columns = view.partition.domains[source].columns if dataset else view.partition.sources[source].frame
    rows: list[Positions] = []
    numbers: list[npt.NDArray[np.int32]] = []
    for number in range(len(each[0].columns)):
        mask = np.zeros(len(block), bool)
        for one in each:
            mask |= filled(take(columns[one.columns[number]], block.positions[""]))
        found = np.flatnonzero(mask).astype(np.int64)
        rows.append(found)
        numbers.append(np.full(len(found), number, np.int32))
    all_rows, all_numbers = np.concatenate(rows), np.concatenate(numbers)
    order = np.lexsort((all_numbers, all_rows))
    empty = np.ones(len(block), bool)
    empty[all_rows] = False
    _discard(view, empty, f"{each[0].at}: no repetition is filled")
    select(block, all_rows[order])
    block.each = all_numbers[order]


def _grouped(view: View) -> None:
    """One record for each group, in the order of its first member; a record whose key is empty is DATA844."""
    block = view.block
    plan = block.plan.group
    assert plan is not None
    keys = block.subjects.astype(np.int64)
    empty = np.zeros(len(block), bool)
    for ref in plan.by:
        column = view.read(ref)
        empty |= ~filled(column)
        codes = ranks(column)[0]
        keys = pd.factorize(keys * (int(codes.max(initial=0)) + 1) + codes)[0].astype(np.int64)
    view.report("DATA844", empty, at=plan.at, target=f"{view.domain.plan.domain} records")
    _discard(view, empty, f"no value in group by: of {view.domain.plan.domain} (DATA844)")
    _keep(block, ~empty)
    group_of = pd.factorize(keys[~empty])[0].astype(np.int64)
    members = replace(block)
    first = np.full(int(group_of.max(initial=-1)) + 1, -1, np.int64)
    first[group_of[::-1]] = np.arange(len(group_of))[::-1]
    select(block, first)
    block.members, block.group_of = members, group_of


# ---- decode tables and tests tables --------------------------------------------------------------------------


def _decoded(view: View) -> None:
    for table in view.block.plan.decode:
        positions = lookup(
            [view.read(ref) for ref, _ in table.by],
            [tuple(row[table.headers.index(header)] for _, header in table.by) for row in table.rows],
        )
        missing = positions < 0
        some = np.zeros(len(view), bool)
        for ref, _ in table.by:
            some |= filled(view.read(ref))
        view.report(
            "DATA842", missing & some, _joined_text([view.read(ref) for ref, _ in table.by]), at=table.at,
            target=f"{view.domain.plan.domain} records", table=table.table,
        )  # fmt: skip
        view.block.tables.append(positions)


def lookup(
    columns: Sequence[pd.Series],
    keys: Sequence[tuple[str, ...]],
    others: Sequence[tuple[str, ...]] = (),
) -> Positions:
    """For each record the place of its key; -1 where none is.

    The key as it is written counts first. Else case, width and outer blanks do not count, as long as that fits one
    key only: where Ca and CA both stand, in ``keys`` or among the ``others``, ``cA`` is neither.
    """
    exact: dict[tuple[str, ...], int] = {}
    for place, key in enumerate(keys):
        exact.setdefault(_written(key), place)
    loose: dict[tuple[str, ...], int] = {}
    for written in dict.fromkeys([*exact, *(_written(key) for key in others)]):
        folded = tuple(normal(part) for part in written)
        loose[folded] = -1 if folded in loose else exact.get(written, -1)
        exact.setdefault(written, -1)
    encoded = [distinct(column) for column in columns]
    combined = np.zeros(len(columns[0]), np.int64)
    for one in encoded:
        combined = combined * max(len(one.values), 1) + one.codes
    codes, numbers = pd.factorize(combined)
    places = []
    for number in numbers.tolist():
        parts: list[str] = []
        for one in reversed(encoded):
            parts.append(one.values[number % len(one.values)])
            number //= len(one.values)
        written = _written(parts[::-1])
        folded = tuple(normal(part) for part in written)
        places.append(exact[written] if written in exact else loose.get(folded, -1))
    return np.array([*places, -1], np.int64)[codes]


def _written(key: Sequence[str]) -> tuple[str, ...]:
    """A key as it is written, width and outer blanks aside."""
    return tuple(half_width(part).strip() for part in key)


def _joined_text(columns: Sequence[pd.Series]) -> pd.Series:
    result = columns[0]
    for one in columns[1:]:
        result = result + " + " + one
    return result


def _tested(view: View, tests: TestsPlan) -> None:
    if tests.wide:
        _wide(view, tests)
    else:
        _long(view, tests)


def _wide(view: View, tests: TestsPlan) -> None:
    """One record for each filled cell, or for each cell whose row is NOT DONE; a row without any is accounted for."""
    block = view.block
    general = (
        select_by(view, tests.not_done).holds if tests.not_done is not None else np.zeros(len(block), bool)
    )
    rows: list[npt.NDArray[np.int64]] = []
    numbers: list[npt.NDArray[np.int32]] = []
    for place, row in enumerate(tests.rows):
        mask = filled(view.read(ColumnRef("", row.column))) | general
        if tests.row_not_done:
            test = tests.row_not_done[place]
            if test is not None:
                mask |= select_by(view, test).holds
        found = np.flatnonzero(mask).astype(np.int64)
        rows.append(found)
        numbers.append(np.full(len(found), place, np.int32))
    all_rows = np.concatenate(rows) if rows else np.empty(0, np.int64)
    all_numbers = np.concatenate(numbers) if numbers else np.empty(0, np.int32)
    order = np.lexsort((all_numbers, all_rows))
    empty = np.ones(len(block), bool)
    empty[all_rows] = False
    _discard(view, empty, f"{tests.at}: no column of {tests.table} is filled")
    select(block, all_rows[order])
    block.test = all_numbers[order]


def _long(view: View, tests: TestsPlan) -> None:
    """Each raw record is the test that the table's `by` columns name; items in no table are DATA820."""
    block = view.block
    columns = [view.read(ref) for ref in tests.by]
    keys = [row.by for row in tests.rows]
    other = [*sorted(tests.elsewhere), *sorted(tests.discarded)]
    places = lookup(columns, keys, other)
    elsewhere = lookup(columns, other, keys) if other else np.full(len(block), -1, np.int64)
    unknown = (places < 0) & (elsewhere < 0)
    view.report(
        "DATA820", unknown, _joined_text(columns), at=tests.at, target=f"{view.domain.plan.domain} records",
        table=tests.table,
    )  # fmt: skip
    _discard(view, unknown, f"not in {tests.table} (DATA820)")
    split = len(tests.elsewhere)
    for place, key in enumerate(sorted(tests.discarded)):
        mask = (places < 0) & (elsewhere == split + place)
        _discard(view, mask, tests.discarded[key])
    kept = np.flatnonzero(places >= 0).astype(np.int64)
    numbers = places[kept].astype(np.int32)
    select(block, kept)
    block.test = numbers


def _discard(view: View, mask: Mask, reason: str) -> None:
    """Raw records of this block that are not submitted, for a reason; a record that another block builds stays built."""
    block = view.block
    if block.plan.dataset or not mask.any():
        return
    part = view.partition.sources[block.plan.source]
    code = view.partition.reason_code(reason)
    positions = block.positions[""][mask]
    part.dropped[positions] = np.where(part.dropped[positions] == 0, code, part.dropped[positions])
