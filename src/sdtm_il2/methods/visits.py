"""Visits: which visit each raw record belongs to, and the register of every subject's visits.

Everything here depends on one subject's records alone, so that any split of the subjects gives the same visits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, distinct, take
from sdtm_il2.iso8601 import earliest, latest
from sdtm_il2.methods.evaluate import filled, first_filled, method, select_by, where
from sdtm_il2.methods.group import single_of_group
from sdtm_il2.methods.unscheduled import Visit, coded, ranks_of
from sdtm_il2.methods.view import BlockRecords, DomainRecords, Mask, Partition, View
from sdtm_il2.methods.visit_records import (
    DAYS,
    REGISTER_PLAN,
    Codes,
    Found,
    Numbers,
    built_dates,
    day_numbers,
    day_texts,
    rule_dates,
    source_view,
)
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import Call, ColumnRef, normal
from sdtm_il2.plan.number import number, plain
from sdtm_il2.plan.visits import VISIT_COLUMNS, VISITS, PlannedVisit, VisitSource, VisitsPlan

#: The row of an unscheduled visit among the days that some source names.
_UNSCHEDULED = -2


@method("visit")
def visit(view: View, call: Call) -> pd.Series:
    """VISITNUM, VISIT or VISITDY of the raw record, or of a record of `_VISITS`; a group of several visits has none."""
    ref = call.arguments[0]
    assert isinstance(ref, ColumnRef)
    block = view.block
    if block.members is None:
        return view.read(ref)
    assert block.group_of is not None
    inner = View(view.partition, DomainRecords(view.domain.plan, [block.members]), 0, view.variable)
    return single_of_group(inner.read(ref), block.group_of, len(block))[0]


# ---- which visit a record belongs to -----------------------------------------------------------------------------


def find_visits(partition: Partition) -> None:
    """Every raw record with a visit rule gets its visit, and the subjects' visits become the dataset `_VISITS`."""
    plan = partition.plan.visits
    assert plan is not None
    arms, arm_of = _arms(partition, plan)
    anchors = [_anchor_days(partition, plan, place) for place in range(len(plan.anchors))]
    named = [_named(partition, plan, source, arms, arm_of) for source in plan.sources]
    counted = plan.unscheduled is not None and plan.unscheduled.step is not None
    days = _named_days(named, unscheduled=counted)
    found = [_dated(plan, one, days, arms, arm_of, anchors) for one in named]
    names, codes = coded(plan, found)
    for one, code in zip(found, codes, strict=True):
        _extend(one, names, code)
    partition.domains[VISITS] = _register(found, names, codes)


def _arms(partition: Partition, plan: VisitsPlan) -> tuple[dict[str, int], Codes]:
    """The arms that limit rows, and each subject's arm among them (the last number: any other, or none)."""
    names = dict.fromkeys(name for row in plan.rows for name in row.armcds)
    arms = {name: place for place, name in enumerate(names)}
    arm_of = np.full(len(partition.subjects), len(arms), np.int64)
    if plan.arm is not None:
        records = partition.domains[plan.arm.domain]
        keep = records.subjects >= 0
        if records.submitted is not None:
            keep &= records.submitted
        rows = np.flatnonzero(keep).astype(np.int64)
        encoded = distinct(take(records.columns[plan.arm.variable], rows))
        numbers = np.array([*(arms.get(text, len(arms)) for text in encoded.values), len(arms)], np.int64)
        arm_of[records.subjects[rows]] = numbers[encoded.codes]
    return arms, arm_of


def _anchor_days(partition: Partition, plan: VisitsPlan, place: int) -> Numbers:
    """Each subject's day of an anchor: the earliest value (of the epoch's records); NaN if it is partial or missing."""
    anchor = plan.anchors[place]
    records = partition.domains[anchor.variable.domain]
    keep = np.ones(len(records), bool) if records.submitted is None else records.submitted.copy()
    if anchor.epoch:
        keep &= (records.columns["EPOCH"] == anchor.epoch).to_numpy(dtype=bool)
    owners = np.where(keep, records.subjects, -1)
    found = earliest(records.columns[anchor.variable.variable], owners, len(partition.subjects))
    return day_numbers(char(found.tolist()))


@dataclass(slots=True)
class _Named:
    """The open records of one source, and the visit that the text or the clause of each states."""

    found: Found
    named: Mask
    clause: Mask
    complete: Mask


def _named(
    partition: Partition, plan: VisitsPlan, source: VisitSource, arms: dict[str, int], arm_of: Codes
) -> _Named:
    """The visits of one source's records by what they say themselves; texts that the table does not know are told."""
    view = source_view(partition, source.source)
    part = partition.sources[source.source]
    texts = (
        first_filled([view.read(ColumnRef("", one)) for one in source.texts])
        if source.texts
        else view.texts("")
    )
    dates = rule_dates(view, source) if source.date else built_dates(view, source, len(part.frame))
    complete = ~np.isnan(dates.first)
    named = filled(texts)
    clause = np.zeros(len(view), bool)
    if source.when is not None and set(source.optional) <= set(part.frame.columns):
        clause = select_by(view, source.when).holds
    planned = np.where(clause, -1, _by_text(plan.rows, texts, arm_of[view.block.subjects], arms))
    unscheduled = clause.copy()
    rule = plan.unscheduled
    if rule is not None and not rule.stated:
        unknown = named & (planned < 0) & (complete | filled(dates.partial))
        view.report("DATA879", unknown, texts, at=source.at, target=source.source, table=plan.table)
        unscheduled |= unknown
    return _Named(Found(view, source, texts, planned, unscheduled, dates), named, clause, complete)


def _named_days(sources: Sequence[_Named], *, unscheduled: bool) -> tuple[Codes, Codes]:
    """The days on which some source names one visit: sorted numbers (subject, day), and the visit's row in the table.

    An unscheduled visit has the row `_UNSCHEDULED` (if it is numbered by its day, not by its text); it gives way to
    a planned one of that day. Where two planned visits are named on one day, the day speaks of neither.
    """
    keys, rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for one in sources:
        found = one.found
        extra = found.unscheduled & unscheduled
        stated = np.flatnonzero(one.complete & ((found.planned >= 0) | extra))
        keys.append(found.subjects[stated] * DAYS + found.dates.first[stated].astype(np.int64))
        rows.append(np.where(found.unscheduled[stated], _UNSCHEDULED, found.planned[stated]))
    pairs = pd.DataFrame({"key": np.concatenate(keys), "row": np.concatenate(rows)}).drop_duplicates()
    planned = pairs.loc[pairs["row"] >= 0].drop_duplicates("key", keep=False)
    none = pairs.loc[(pairs["row"] < 0) & ~pairs["key"].isin(pairs.loc[pairs["row"] >= 0, "key"])]
    days = pd.concat([planned, none]).sort_values("key")
    return days["key"].to_numpy(np.int64), days["row"].to_numpy(np.int64)


def _dated(
    plan: VisitsPlan, one: _Named, days: tuple[Codes, Codes], arms: dict[str, int], arm_of: Codes,
    anchors: Sequence[Numbers],
) -> Found:  # fmt: skip
    """The visits of records that name none: the one that another record names on that day, else that of the window.

    What has no visit is reported.
    """
    found, view, source, dates = one.found, one.found.view, one.found.source, one.found.dates
    asked = ~one.named & ~one.clause & one.complete & bool(source.date)
    keys, rows = days
    wanted = found.subjects * DAYS + np.where(asked, dates.first, 0).astype(np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    told = asked & (keys[place] == wanted) if len(keys) else np.zeros(len(view), bool)
    by_day = np.where(told, rows[place] if len(keys) else -1, -1)
    by_window, outside, ambiguous, unanchored = _by_window(
        plan, view.block.subjects, dates.first, asked & ~told, arm_of[view.block.subjects], arms, anchors
    )
    planned = np.where(told, np.maximum(by_day, -1), np.where(asked, by_window, found.planned))
    unscheduled = found.unscheduled | (told & (by_day == _UNSCHEDULED))
    if plan.unscheduled is not None and not plan.unscheduled.stated:
        unscheduled |= outside
    lost = ~unscheduled & (planned < 0)
    by_date = lost & ~one.named & bool(source.date)
    partial = by_date & filled(dates.partial)
    at = {"at": source.at, "target": source.source}
    anchor_names = ", ".join(dict.fromkeys(str(anchor.variable) for anchor in plan.anchors))
    about = {"table": plan.table, "column": source.date}
    view.report("DATA870", lost & one.named, found.texts, table=plan.table, **at)  # type: ignore[arg-type]
    view.report("DATA871", partial, column=source.date, **at)  # type: ignore[arg-type]
    view.report("DATA872", lost & outside, **about, **at)  # type: ignore[arg-type]
    view.report("DATA873", lost & unanchored, anchors=anchor_names, **at)  # type: ignore[arg-type]
    view.report("DATA874", lost & ambiguous, **about, **at)  # type: ignore[arg-type]
    nothing = lost & ~one.named & ~partial & ~one.complete & ~dates.unread
    if not source.date:
        nothing = lost & ~one.named
    view.report("DATA880", nothing, **at)  # type: ignore[arg-type]
    return Found(view, source, found.texts, planned, unscheduled, dates)


def _by_text(
    rows: Sequence[PlannedVisit], texts: pd.Series, subject_arm: Codes, arms: dict[str, int]
) -> Codes:
    """The row that each text names for the subject's arm; a row of the arm goes before one of every arm."""
    encoded = distinct(texts)
    table = np.full((len(encoded.values) + 1, len(arms) + 1), -1, np.int64)
    index: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for alias in row.aliases:
            index.setdefault(alias, []).append(place)
    for code, text in enumerate(encoded.values):
        places = index.get(normal(text), []) if text.strip() else []
        for place in sorted(places, key=lambda one: (bool(rows[one].armcds), -one)):
            limited = [arms[name] for name in rows[place].armcds]
            table[code, limited or slice(None)] = place
    return table[encoded.codes, subject_arm]


def _by_window(
    plan: VisitsPlan, owners: npt.NDArray[np.int32], days: Numbers, asked: Mask, subject_arm: Codes,
    arms: dict[str, int], anchors: Sequence[Numbers],
) -> tuple[Codes, Mask, Mask, Mask]:  # fmt: skip
    """The row whose window holds each day; which days lie in none, in several, or have no anchor at all.

    Days are counted from the anchor as study days are: it is day 1, the day before it -1. Where windows of
    different anchors hold a day, the anchor that was reached last decides: a subject who entered the follow-up
    early is in no window of the treatment any more.
    """
    rows = np.flatnonzero(asked)
    codes, keys = pd.factorize(owners[rows].astype(np.int64) * DAYS + days[rows].astype(np.int64))
    first = np.full(len(keys), -1, np.int64)
    first[codes[::-1]] = rows[::-1]
    subject, day, arm = owners[first], days[first], subject_arm[first]
    best, coming = np.full(len(keys), -1, np.int64), np.full(len(keys), -1, np.int64)
    reached = np.full(len(keys), -np.inf)
    tied = np.zeros(len(keys), bool)
    clash = np.zeros(len(keys), bool)
    starts = [one[subject] for one in anchors]
    counted = [day - start + (day >= start) for start in starts]
    for place, row in enumerate(plan.rows):
        window = row.window
        if window is None:
            continue
        start, count = starts[window.anchor], counted[window.anchor]
        inside = count >= (-np.inf if window.first is None else window.first)
        inside &= count <= (np.inf if window.last is None else window.last)
        if row.armcds:
            inside &= np.isin(arm, [arms[name] for name in row.armcds])
        past, future = inside & (start <= day), inside & (start > day)
        later = past & (start > reached)
        tied = np.where(later, False, tied | (past & (start == reached)))  # noqa: FBT003 - a value, not a switch
        best, reached = np.where(later, place, best), np.where(later, start, reached)
        clash |= future & (coming >= 0)
        coming = np.where(future & (coming < 0), place, coming)
    ambiguous = tied | clash | ((best >= 0) & (coming >= 0))
    chosen = np.where(ambiguous, -1, np.where(best >= 0, best, coming))
    anchored = np.zeros(len(keys), bool)
    for start in starts:
        anchored |= ~np.isnan(start)
    result = np.full(len(owners), -1, np.int64)
    masks = [np.zeros(len(owners), bool) for _ in range(3)]
    result[rows] = chosen[codes]
    outside = (chosen < 0) & ~ambiguous
    for mask, values in zip(masks, (outside & anchored, ambiguous, outside & ~anchored), strict=True):
        mask[rows] = values[codes]
    return result, masks[0], masks[1], masks[2]


# ---- what domains read -----------------------------------------------------------------------------------------


def _extend(one: Found, visits: Sequence[Visit], codes: Codes) -> None:
    """The source's records get the columns of their visit."""
    part = one.view.partition.sources[one.source.source]
    every = np.full(len(part.frame), -1, np.int64)
    every[one.view.block.positions[""]] = codes
    texts = {
        "VISITNUM": [plain(one.number) for one in visits],
        "VISIT": [one.visit for one in visits],
        "VISITDY": [one.visitdy for one in visits],
        "EPOCH": [one.epoch for one in visits],
    }
    added = {VISIT_COLUMNS[name]: take(char(values), every) for name, values in texts.items()}
    part.frame = part.frame.assign(**added)


def _register(found: Sequence[Found], visits: Sequence[Visit], codes: Sequence[Codes]) -> DomainRecords:
    """`_VISITS`: one record for each visit of a subject, by VISITNUM, with its first and last complete day.

    A visit that raw records name without any date is there too, with no dates: it did not take place. A partial
    date counts only where the visit has no complete one.
    """
    width = len(visits) + 1
    keys, first, last, partial = (
        [np.empty(0, np.int64)],
        [np.empty(0)],
        [np.empty(0)],
        [pa.array([], pa.large_string())],
    )
    for one, code in zip(found, codes, strict=True):
        rows = np.flatnonzero((code >= 0) & (one.subjects >= 0))
        keys.append(one.subjects[rows] * width + code[rows])
        first.append(one.dates.first[rows])
        last.append(one.dates.last[rows])
        partial.append(arrow(take(one.dates.partial, rows)))
    places, pairs = pd.factorize(np.concatenate(keys))
    members: list[Codes] = np.split(places, np.cumsum([len(one) for one in keys])[:-1])[1:]
    low, high = np.full(len(pairs), np.inf), np.full(len(pairs), -np.inf)
    np.fmin.at(low, places, np.concatenate(first))
    np.fmax.at(high, places, np.concatenate(last))
    none = np.isinf(low)
    starts, ends = day_texts(np.where(none, np.nan, low)), day_texts(np.where(none, np.nan, high))
    if none.any():
        rest = char(pa.chunked_array(partial))
        some = filled(rest)
        owners = np.where(some, places, -1)
        for_none = (
            char(earliest(rest, owners, len(pairs)).tolist()),
            char(latest(rest, owners, len(pairs)).tolist()),
        )
        starts = first_filled([starts, where(for_none[0], none)])
        ends = first_filled([ends, where(for_none[1], none)])
    order_of = ranks_of(visits)
    code, subject = pairs % width, pairs // width
    order = np.lexsort((order_of[code], subject)).astype(np.int64) if len(pairs) else np.empty(0, np.int64)
    code, owners_of = code[order], subject[order].astype(np.int32)
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.arange(len(order))
    for one, own_code, member in zip(found, codes, members, strict=True):
        # which row of the register each raw record stands behind
        rows = np.flatnonzero((own_code >= 0) & (one.subjects >= 0))
        part = one.view.partition.sources[one.source.source]
        part.visits = np.full(len(part.frame), -1, np.int64)
        part.visits[one.view.block.positions[""][rows]] = row_of[member]
    days = [number(one.visitdy) for one in visits]
    numbers = np.array([float(one.number) for one in visits])
    visit_days = np.array([np.nan if day is None else float(day) for day in days])
    block = BlockRecords(BlockPlan(VISITS, VISITS, dataset=True), owners_of, {})
    return DomainRecords(
        REGISTER_PLAN,
        [block],
        {
            "VISITNUM": pd.Series(numbers[code]),
            "VISIT": take(char([one.visit for one in visits]), code),
            "VISITDY": pd.Series(visit_days[code]),
            "EPOCH": take(char([one.epoch for one in visits]), code),
            "first": take(starts, order),
            "last": take(ends, order),
            "unscheduled": take(char(["Y" if one.unscheduled else "" for one in visits]), code),
        },
        order=np.arange(len(pairs), dtype=np.int64),
    )
