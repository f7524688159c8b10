"""Subject elements: the epoch of a date, and the treatment periods that baselines belong to."""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import char, distinct, take
from sdtm_il2.methods.evaluate import evaluate, filled, first_filled, method, where
from sdtm_il2.methods.view import DomainRecords, Mask, View
from sdtm_il2.moment import moment
from sdtm_il2.plan.calls import Call, Literal

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Instants:
    """Dates as numbers: the first and last possible day, and the minute of the day (NaN where there is no time)."""

    low: Numbers
    high: Numbers
    minute: Numbers

    @property
    def complete(self) -> Mask:
        """Which are complete dates."""
        same: Mask = self.low == self.high
        return same


def instants(values: pd.Series) -> Instants:
    """The possible days and the minute of every date; NaN for missing values and dates without a year.

    >>> found = instants(char(["2024-03-01T08:30", "2024-02", ""]))
    >>> (found.high - found.low).tolist(), found.minute.tolist()
    ([0.0, 28.0, nan], [510.0, nan, nan])
    """
    encoded = distinct(values)
    facts = np.array([*map(_instant, encoded.values), (np.nan,) * 3], np.float64).reshape(-1, 3)
    chosen = facts[encoded.codes]
    return Instants(chosen[:, 0], chosen[:, 1], chosen[:, 2])


def _instant(text: str) -> tuple[float, float, float]:
    found = moment(text) if text else None
    if found is None or found.year is None:
        return np.nan, np.nan, np.nan
    if found.month is None:
        low, high = datetime.date(found.year, 1, 1), datetime.date(found.year, 12, 31)
    elif found.day is None:
        last = calendar.monthrange(found.year, found.month)[1]
        low = datetime.date(found.year, found.month, 1)
        high = datetime.date(found.year, found.month, last)
    else:
        low = high = datetime.date(found.year, found.month, found.day)
    timed = low == high and found.hour is not None and found.minute is not None
    minute = (found.hour or 0) * 60 + (found.minute or 0) if timed else np.nan
    return float(low.toordinal()), float(high.toordinal()), minute


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of every subject in time order: row k holds each subject's k-th element (NaN and "" beyond).

    ``start`` and ``start_last`` are the first and the last day that a start may mean; they differ where it is partial.
    """

    start: Numbers
    start_last: Numbers
    start_minute: Numbers
    end: Numbers
    epochs: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.start)


def subject_elements(elements: DomainRecords, subjects: int) -> Elements:
    """Every subject's elements that have a start, from SE."""
    order = elements.order
    assert order is not None
    starts = instants(take(elements.columns["SESTDTC"], order))
    ends = instants(take(elements.columns["SEENDTC"], order)) if "SEENDTC" in elements.columns else None
    epochs = take(elements.columns["EPOCH"], order).to_numpy(dtype=object)
    owners = elements.subjects[order]
    keep = np.flatnonzero(~np.isnan(starts.low) & (owners >= 0))
    minutes = np.nan_to_num(starts.minute[keep], nan=-1.0)
    keep = keep[np.lexsort((keep, minutes, starts.low[keep], owners[keep]))]
    owner = owners[keep]
    first = np.searchsorted(owner, owner, "left")
    place = np.arange(len(keep)) - first
    count = int(place.max(initial=-1)) + 1
    start, start_last, minute, end = (np.full((count, subjects), np.nan) for _ in range(4))
    names = np.full((count, subjects), "", dtype=object)
    start[place, owner], start_last[place, owner] = starts.low[keep], starts.high[keep]
    minute[place, owner] = starts.minute[keep]
    names[place, owner] = epochs[keep]
    if ends is not None:
        end[place, owner] = ends.high[keep]
    return Elements(start, start_last, minute, end, names)


#: What `element_of` gives where a partial start leaves the element open.
OPEN = -2


def element_of(
    found: Instants, owners: npt.NDArray[np.int32], elements: Elements, *, later: bool
) -> npt.NDArray[np.int64]:
    """The place of the element that holds each complete date: start <= value < next start; -1 before the first.

    On the day of a start with a time missing on either side the value belongs to the later element if ``later``,
    else to the earlier one; the first element holds its own first day in any case. The last element is closed
    at its end: -1 for a day after it. OPEN where a start is partial and the day may lie on either side of it.
    """
    place = _element_by(elements.start, found, owners, elements, later=later)
    if np.array_equal(elements.start, elements.start_last, equal_nan=True):
        return place
    other = _element_by(elements.start_last, found, owners, elements, later=later)
    return np.where(place == other, place, OPEN)


def _element_by(
    starts: Numbers, found: Instants, owners: npt.NDArray[np.int32], elements: Elements, *, later: bool
) -> npt.NDArray[np.int64]:
    place = np.full(len(owners), -1, np.int64)
    inside = owners >= 0
    safe = np.where(inside, owners, 0)
    for number in range(len(elements)):
        day, minute = starts[number][safe], elements.start_minute[number][safe]
        timed = ~np.isnan(minute) & ~np.isnan(found.minute)
        same = found.low == day
        started = (found.low > day) | (same & timed & (found.minute >= minute))
        started |= same & ~timed & (later or number == 0)
        place = np.where(started & inside, number, place)
    last = np.sum(~np.isnan(starts), axis=0) - 1 if len(elements) else np.full(1, -1)
    if len(elements):
        end = elements.end[np.maximum(place, 0), safe]
        over = (place == last[safe]) & (place >= 0) & (found.low > end)
        place = np.where(over, -1, place)
    return np.where(np.isnan(found.low), -1, place)


@method("epoch")
def epoch(view: View, call: Call) -> pd.Series:
    """EPOCH of the SE element with SESTDTC <= value < next SESTDTC; nothing is imputed.

    A partial date belongs to the one element that holds all its possible days. Where it is open, and where there
    is no date, the epoch is that of the record's planned visit; a partial date without one has none (DATA846).
    A date before the first element or after the last one has none, also a partial one if all its days are.
    """
    column = evaluate(view, call.arguments[0])  # type: ignore[arg-type]
    records = view.partition.domains["SE"]
    elements = subject_elements(records, len(view.partition.subjects))
    found, owners = instants(column), view.block.subjects
    later = call.options.same_day == "after"
    place = element_of(found, owners, elements, later=later)
    partial = ~found.complete & ~np.isnan(found.low)
    if partial.any():
        # the day on which an element starts is its own: a range that ends there reaches into that element
        first, last = (
            element_of(Instants(days, days, days * np.nan), owners, elements, later=True)
            for days in (found.low, found.high)
        )
        place = np.where(partial, np.where(first == last, first, OPEN), place)
        partial &= ~_outside(found, owners, elements)
    texts = view.texts("")
    if len(elements):
        names = elements.epochs[np.maximum(place, 0), np.maximum(owners, 0)]
        texts = char(np.where((place >= 0) & (owners >= 0), names, "").tolist())
    left_open = partial | (place == OPEN)
    visits = [one for one in call.arguments if isinstance(one, Call)]
    if visits:
        texts = first_filled([texts, where(evaluate(view, visits[0]), left_open | ~filled(column))])
    view.report("DATA846", left_open & ~filled(texts), column, at=call.at)
    return texts


def _outside(found: Instants, owners: npt.NDArray[np.int32], elements: Elements) -> Mask:
    """Which dates lie wholly before the subject's first element, or after the end of the last one."""
    if not len(elements):
        return np.zeros(len(owners), bool)
    safe = np.maximum(owners, 0)
    last = np.maximum(np.sum(~np.isnan(elements.start), axis=0) - 1, 0)[safe]
    outside: Mask = (found.high < elements.start[0][safe]) | (found.low > elements.end[last, safe])
    return outside & (owners >= 0)


@method("epoch_by_date")
def epoch_by_date(view: View, call: Call) -> pd.Series:
    """EPOCH by one stated date: before it, on its day, after it; a partial date only where all its days agree (DATA846)."""
    date, reference, before, at, after = call.arguments
    column = evaluate(view, date)  # type: ignore[arg-type]
    left, right = instants(column), instants(evaluate(view, reference))  # type: ignore[arg-type]
    same = (left.low == right.low) & left.complete & right.complete
    texts = []
    decided = same.copy()
    for part, mask in ((before, left.high < right.low), (at, same), (after, left.low > right.high)):
        assert isinstance(part, Literal)
        texts.append(where(view.texts(part.text), mask))
        decided |= mask
    view.report("DATA846", ~decided & ~np.isnan(left.low) & ~np.isnan(right.low), column, at=call.at)
    return first_filled(texts)


def treatment_windows(view: View, marker: str = "TREATMENT") -> list[tuple[pd.Series, pd.Series]]:
    """For each treatment element (first, second ... of a subject): the end of the previous one, and its own start.

    Both are dates by record of the view, "" where the subject has no such element. An element is a treatment
    element if its EPOCH holds the word.
    """
    records = view.partition.domains["SE"]
    order = records.order
    assert order is not None
    epochs = take(records.columns["EPOCH"], order)
    starts = take(records.columns["SESTDTC"], order)
    ends = take(records.columns["SEENDTC"], order)
    owners = records.subjects[order]
    treated = epochs.str.contains(marker, regex=False).to_numpy(dtype=bool) & filled(starts)
    rows = np.flatnonzero(treated).astype(np.int64)
    rows = rows[np.lexsort((rows, owners[rows]))]
    place = np.arange(len(rows)) - np.searchsorted(owners[rows], owners[rows], "left")
    count = len(view.partition.subjects)
    windows: list[tuple[pd.Series, pd.Series]] = []
    previous = char([""] * count)
    for number in range(int(place.max(initial=-1)) + 1):
        where_ = np.full(count, -1, np.int64)
        where_[owners[rows[place == number]]] = rows[place == number]
        subjects = view.block.subjects.astype(np.int64)
        windows.append((take(previous, subjects), take(take(starts, where_), subjects)))
        previous = take(ends, where_)
    return windows
