"""Flags over all records of a domain: the last one before a reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, ranks, take
from sdtm_il2.iso8601 import decide, is_iso, truncate
from sdtm_il2.methods.elements import treatment_windows
from sdtm_il2.methods.evaluate import filled, method, select_by
from sdtm_il2.methods.view import Mask, View
from sdtm_il2.plan.calls import Call, VariableRef


@method("last_before")
def last_before(view: View, call: Call) -> pd.Series:
    """Y on the last filled record of each test before the reference.

    The test is --TESTCD with every qualifier in the natural key; only records for which `when` holds count. A
    record on the day of the reference counts by both times where both are known, else by `same_day`; without
    `same_day` it is METH512. A partial date counts only if its last possible day is before. Two records at the
    same last time are METH513; the later one in the order of the raw data has the flag.
    """
    cache = view.domain.flags
    if view.variable not in cache or cache[view.variable][0] != call.options:
        cache[view.variable] = (call.options, _flags(view, call))
    return char(np.where(cache[view.variable][1][view.domain.block_slice(view.index)], "Y", "").tolist())


def _flags(view: View, call: Call) -> Mask:
    records = view.domain
    reference, date, result = call.arguments[:3]  # what follows are the elements that `within` reads
    assert isinstance(reference, VariableRef)
    assert isinstance(date, VariableRef)
    assert isinstance(result, VariableRef)
    views = [View(view.partition, records, index, view.variable) for index in range(len(records.blocks))]
    dates = records.columns[date.variable]
    candidate = filled(records.columns[result.variable])
    if records.submitted is not None:
        candidate &= records.submitted
    for one in views:
        candidate[records.block_slice(one.index)] &= _eligible(one)
    if not call.options.within:
        limits = char(pa.chunked_array([arrow(one.read(reference)) for one in views], pa.large_string()))
        return _last(views, call, dates, limits, candidate)
    flags = np.zeros(len(records), bool)
    for previous, start in _windows(views):
        flags |= _last(views, call, dates, start, candidate & _after(dates, previous, call.options.same_day))
    return flags


def _eligible(view: View) -> Mask:
    """The records of a block that may have the flag: those for which the line's `when` holds."""
    variable = next(one for one in view.domain.plan.variables if one.name == view.variable)
    rule = variable.rules[view.index]
    if rule is None or rule.when is None:
        return np.ones(len(view), bool)
    return select_by(view, rule.when, silent=True).holds


def _after(dates: pd.Series, previous: pd.Series, same_day: str) -> Mask:
    """Dates after the end of the previous treatment element; on its last day, a time missing, only if that is "after"."""
    late, _ = decide(dates, "GE", previous)
    same = _same_day(dates, previous)
    return np.where(same, same_day == "after", late | ~filled(previous))


def _windows(views: list[View]) -> list[tuple[pd.Series, pd.Series]]:
    """The treatment windows of all records of the domain: of its blocks, one after the other."""
    per_block = [treatment_windows(one) for one in views]
    count = max((len(one) for one in per_block), default=0)
    whole: list[tuple[pd.Series, pd.Series]] = []
    for number in range(count):
        pairs = [
            windows[number] if number < len(windows) else (view.texts(""), view.texts(""))
            for view, windows in zip(views, per_block, strict=True)
        ]
        whole.append(
            (
                char(pa.chunked_array([arrow(one) for one, _ in pairs], pa.large_string())),
                char(pa.chunked_array([arrow(one) for _, one in pairs], pa.large_string())),
            )
        )
    return whole


def _last(views: list[View], call: Call, dates: pd.Series, limits: pd.Series, candidate: Mask) -> Mask:
    """The last candidate of each test before each record's limit."""
    records = views[0].domain
    before, _ = decide(dates, "LT", limits)
    same_day = _same_day(dates, limits)
    if call.options.same_day == "before":
        before |= same_day
    elif call.options.same_day == "":
        _report(views, "METH512", same_day & candidate, call, reference=str(call.arguments[0]))
    rows = np.flatnonzero(candidate & before)
    flags = np.zeros(len(records), bool)
    if not len(rows):
        return flags
    group = records.subjects[rows].astype(np.int64)
    for ref in call.options.identity:
        codes = pd.factorize(take(records.columns[ref.variable], rows))[0].astype(np.int64)
        group = pd.factorize(group * (int(codes.max()) + 2) + codes + 1)[0].astype(np.int64)
    rank, _ = ranks(take(dates, rows))
    order = np.lexsort((rows, rank, group))
    chosen = order[np.append(group[order][1:] != group[order][:-1], True)]
    flags[rows[chosen]] = True
    best = np.empty(int(group.max()) + 1, np.int64)
    best[group[chosen]] = rank[chosen]
    tied = np.bincount(group[rank == best[group]], minlength=len(best)) > 1
    mask = np.zeros(len(records), bool)
    mask[rows[chosen[tied[group[chosen]]]]] = True
    _report(views, "METH513", mask, call)
    return flags


def _report(views: Sequence[View], code: str, mask: Mask, call: Call, reference: str = "") -> None:
    for one in views:
        one.report(code, mask[one.domain.block_slice(one.index)], at=call.at, reference=reference)


def _same_day(dates: pd.Series, limits: pd.Series) -> Mask:
    """Records on the day of the reference where a time is missing on one side or both."""
    days, reference_days = (
        char(pa.array(truncate(dates, "day").array)),
        char(pa.array(truncate(limits, "day").array)),
    )
    complete = is_iso(days) & (days.str.len() == 10).to_numpy(dtype=bool)
    same = (days == reference_days).to_numpy(dtype=bool) & complete
    timed = (dates.str.len() > 10).to_numpy(dtype=bool) & (limits.str.len() > 10).to_numpy(dtype=bool)
    return same & ~timed
