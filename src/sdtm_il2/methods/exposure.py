"""Over the records of a subject in order: the next value, and constant-dosing intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import char, take
from sdtm_il2.methods.elements import Instants, instants
from sdtm_il2.methods.evaluate import evaluate, filled, first_filled, method, select_by, where
from sdtm_il2.methods.view import View
from sdtm_il2.moment import days_of_duration
from sdtm_il2.plan.calls import Call, Ref, VariableRef


@method("next")
def next_value(view: View, call: Call) -> pd.Series:
    """The variable's value in the subject's next record in `sort` order; at the last record what `else` says."""
    records = view.domain
    ref = call.arguments[0]
    assert isinstance(ref, VariableRef)
    order = records.order
    assert order is not None
    following = np.full(len(records), -1, np.int64)
    owners = records.subjects[order]
    same = owners[1:] == owners[:-1]
    following[order[:-1][same]] = order[1:][same]
    own = records.block_slice(view.index)
    value = take(records.columns[ref.variable], following[own])
    if len(call.arguments) == 1:
        return value
    last = following[own] < 0
    return first_filled([value, where(evaluate(view, call.arguments[1]), last)])  # type: ignore[arg-type]


@method("interval")
def interval(view: View, call: Call) -> pd.Series:
    """The number, within the subject, of the constant-dosing interval: same values, and no gap longer than stated.

    Records are taken in order of their start. A record whose start is missing or partial has no number
    (DATA845); records outside `where` have none either, silently.
    """
    cache = view.domain.numbers
    if view.variable not in cache:
        cache[view.variable] = _numbers(view, call)
    numbers = cache[view.variable][view.domain.block_slice(view.index)]
    return char(np.where(numbers > 0, numbers.astype(str), "").tolist())


def _numbers(view: View, call: Call) -> npt.NDArray[np.int64]:
    records = view.domain
    start, end = call.arguments
    assert isinstance(start, VariableRef)
    assert isinstance(end, VariableRef)
    chosen = np.ones(len(records), bool)
    if call.options.where is not None:
        for index in range(len(records.blocks)):
            one = View(view.partition, records, index, view.variable)
            chosen[records.block_slice(index)] = select_by(one, call.options.where).holds
    begin, finish = instants(records.columns[start.variable]), instants(records.columns[end.variable])
    known = begin.complete
    for index in range(len(records.blocks)):
        one = View(view.partition, records, index, view.variable)
        own = records.block_slice(index)
        one.report("DATA845", (chosen & ~known)[own], at=call.at)
    rows = np.flatnonzero(chosen & known)
    minutes = np.nan_to_num(begin.minute[rows], nan=-1.0)
    rows = rows[np.lexsort((rows, minutes, begin.low[rows], records.subjects[rows]))]
    owners = records.subjects[rows]
    fresh = np.ones(len(rows), bool)
    if len(rows) > 1:
        changed = owners[1:] != owners[:-1]
        for ref in call.options.identity:
            codes = pd.factorize(
                take(records.columns[ref.variable], rows.astype(np.int64)), use_na_sentinel=False
            )[0]
            changed |= codes[1:] != codes[:-1]
        if call.options.gap:
            changed |= _apart(begin, finish, rows, changed, call.options.gap)
        fresh[1:] = changed
    total = np.cumsum(fresh)
    first = np.searchsorted(owners, owners, "left")
    numbers = np.zeros(len(records), np.int64)
    if len(rows):
        numbers[rows] = total - total[first] + 1
    return numbers


def _apart(
    begin: Instants, finish: Instants, rows: npt.NDArray[np.intp], changed: npt.NDArray[np.bool_], gap: str
) -> npt.NDArray[np.bool_]:
    """Which records begin more than the gap after all before them have ended: in days, or in hours if the gap has hours."""
    starts = begin.low[rows].copy()
    ends = np.where(np.isnan(finish.high[rows]), begin.high[rows], finish.high[rows])
    if "T" in gap:
        timed = ~np.isnan(begin.minute[rows])
        stops = np.where(np.isnan(finish.minute[rows]), begin.minute[rows], finish.minute[rows])
        starts = np.where(timed, starts + begin.minute[rows] / 1440, starts)
        ends = np.where(timed & ~np.isnan(stops), ends + stops / 1440, ends)
    # a long record may end after the ones that begin later
    series = np.append(0, np.cumsum(changed))
    last = pd.Series(ends).groupby(series).cummax().to_numpy()
    apart: npt.NDArray[np.bool_] = starts[1:] - last[:-1] > days_of_duration(gap) + 1e-9
    return apart


@method("checked")
def checked(view: View, call: Call) -> pd.Series:
    """The value of the ticked box; where several are ticked, `many`, and each value goes to SUPP-- as QNAM1..n.

    A box is ticked if it is filled with anything but 0, N, No, False, Unchecked, Off or 否.
    """
    boxes = call.options.boxes
    ticked = []
    for ref, _ in boxes:
        column = view.read(ref)
        ticked.append(filled(column) & ~_unticked(column))
    marks = np.array(ticked, bool).reshape(len(boxes), len(view))
    count = marks.sum(axis=0)
    single = np.full(len(view), "", dtype=object)
    for (_, value), mask in zip(boxes, marks, strict=True):
        single[mask & (count == 1)] = value
    several = count > 1
    if several.any():
        if call.options.separator:
            for record in np.flatnonzero(several).tolist():
                single[record] = call.options.separator.join(
                    value for (_, value), mask in zip(boxes, marks, strict=True) if mask[record]
                )
        elif call.options.many:
            single[several] = call.options.many
            _keep_answers(view, boxes, marks, several)
        else:
            view.report("DATA848", several, at=call.at)
    return char(single.tolist())


def _keep_answers(
    view: View,
    boxes: tuple[tuple[Ref, str], ...],
    marks: npt.NDArray[np.bool_],
    several: npt.NDArray[np.bool_],
) -> None:
    """The single answers of records with several ticks, the first in QNAM1, the second in QNAM2 ..."""
    parts = np.full((len(boxes), len(view)), "", dtype=object)
    place = np.zeros(len(view), np.int64)
    for (_, value), mask in zip(boxes, marks, strict=True):
        records = np.flatnonzero(mask & several)
        parts[place[records], records] = value
        place[records] += 1
    answers = view.domain.answers.setdefault(view.variable, {})
    answers[view.index] = [char(part.tolist()) for part in parts[: int(place.max(initial=0))]]


def _unticked(column: pd.Series) -> npt.NDArray[np.bool_]:
    return (
        column.str.strip()
        .str.casefold()
        .isin(["0", "n", "no", "false", "unchecked", "off", "否"])
        .to_numpy(dtype=bool)
    )
