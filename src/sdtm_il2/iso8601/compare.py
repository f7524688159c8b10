"""Dates compared, ordered and counted: study days, ages, order of partial dates, first and last per group.

A partial date stands for every instant that it may mean. Nothing here fills in a missing part.
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sdtm_il2.iso8601.text import Texts, distinct
from sdtm_il2.moment import Moment, last_day, moment

OrderComparator = Literal["LT", "LE", "GT", "GE"]

#: The result of `compare` where the order cannot be known.
UNDECIDABLE = 2

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_COMPLETE_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date_bounds(found: Moment) -> tuple[datetime.date, datetime.date] | None:
    """The first and the last day that a date may mean; None if its year is unknown."""
    year, month, day = found.year, found.month, found.day
    if year is None:
        return None
    # Only January and December bound an unknown month: both have 31 days, so both have every possible day.
    first, last = (1, 12) if month is None else (month, month)
    return datetime.date(year, first, day or 1), datetime.date(year, last, day or last_day(year, month))


@lru_cache(maxsize=1 << 17)
def _date_span(date: str) -> tuple[int, int] | None:
    """The first and the last midnight that a date (or the date part of a date and time) may mean."""
    found = moment(date) or moment(f"{date}T00")
    days = _date_bounds(found) if found else None
    return (days[0].toordinal() * _DAY, days[1].toordinal() * _DAY) if days else None


@lru_cache(maxsize=1 << 17)
def _time_span(hour: int | None, minute: int | None, second: str | None, zone: str) -> _Span:
    """The span of a time within the day."""
    unit, low_second = 3600 * _SECOND if minute is None else 60 * _SECOND, 0
    if second is not None:
        decimals = second[3:9]
        unit = 10 ** (6 - len(decimals))
        low_second = int(second[:2]) * _SECOND + int(decimals.ljust(6, "0"))
    first_hour, last_hour = (0, 23) if hour is None else (hour, hour)
    first_minute, last_minute = (0, 59 if second else 0) if minute is None else (minute, minute)
    offset = 0
    if len(zone) == 6:
        minutes = int(zone[1:3]) * 60 + int(zone[4:])
        offset = (-minutes if zone[0] == "-" else minutes) * 60 * _SECOND
    return _Span(
        (first_hour * 3600 + first_minute * 60) * _SECOND + low_second,
        (last_hour * 3600 + last_minute * 60) * _SECOND + low_second + unit,
        known=True,
        unit=unit,
        zoned=bool(zone),
        zone=offset,
    )


class _Span(NamedTuple):
    """The instants a value may mean, as local microseconds ``[low, high)``, in steps of `unit`; its zone."""

    low: int = 0
    high: int = 0
    known: bool = False
    unit: int = 0
    zoned: bool = False
    zone: int = 0


def _span(text: str) -> _Span:
    if "/" in text:
        low, _, high = text.partition("/")
        start, end = _span(low), _span(high)
        return _Span(
            start.low,
            end.high,
            known=start.known and end.known and start.low < end.high,
            unit=start.unit if start.unit == end.unit else 0,
            zoned=start.zoned and end.zoned and start.zone == end.zone,
            zone=start.zone,
        )
    found = moment(text)
    days = _date_span(text.partition("T")[0]) if found else None
    if found is None or days is None:
        return _Span()
    if not found.timed:
        return _Span(days[0], days[1] + _DAY, known=True, unit=_DAY)
    time = _time_span(*found[3:])
    return _Span(days[0] + time.low, days[1] + time.high, time.known, time.unit, time.zoned, time.zone)


class _Spans(NamedTuple):
    """The spans of all records, and which of them hold a value."""

    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    unit: npt.NDArray[np.int64]
    zoned: npt.NDArray[np.bool_]
    zone: npt.NDArray[np.int64]
    filled: npt.NDArray[np.bool_]


def _spans(values: Texts | str) -> _Spans:
    codes, texts = distinct([values] if isinstance(values, str) else values)
    table = np.array([_span(text.strip()) for text in texts], dtype=np.int64).reshape(
        len(texts), len(_Span._fields)
    )
    low, high, known, unit, zoned, zone = (column[codes] for column in table.T)
    filled = np.array([bool(text.strip()) for text in texts], dtype=bool)[codes]
    return _Spans(low, high, known.astype(bool), unit, zoned.astype(bool), zone, filled)


def _pair(left: Texts | str, right: Texts | str) -> tuple[_Spans, _Spans]:
    """The spans of both sides on one clock: of one zone if both sides state theirs, else local.

    A single text is one span, which numpy repeats for all records of the other side.
    """
    one, other = _spans(left), _spans(right)
    if not isinstance(left, str) and not isinstance(right, str) and len(one.low) != len(other.low):
        raise ValueError(f"{len(one.low)} values cannot be compared with {len(other.low)}")
    shift = np.where(one.zoned & other.zoned, other.zone - one.zone, 0)
    return one._replace(low=one.low + shift, high=one.high + shift), other


def _before(left: _Spans, right: _Spans) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where left is before right whatever both mean, and where it is not before right whatever both mean."""
    known = left.known & right.known
    # In the same unit the last possible day (minute, ...) is enough: 2024-03 is not before 2024-03-01.
    unit = np.where(left.unit == right.unit, left.unit, 0)
    return known & (left.high <= right.low), known & (left.low >= right.high - unit)


def compare(left: Texts | str, right: Texts | str) -> npt.NDArray[np.int8]:
    """The order of two dates record by record: -1 before, 0 the same, 1 after, 2 undecidable.

    A partial date stands for all its possible instants: it is before another date if its last instant is. A
    date without a time stands for its whole day, so it is undecidable against a time of that day. The same
    value in the same precision is 0. A missing value, a date without a year and text that is no ISO 8601
    are 2. Time zones count if both sides have one, else both are read as local time.

    >>> compare(["2024-02-28", "2024-03", "2024-03-01"], ["2024-03", "2024-03-15", "2024-03-01"]).tolist()
    [-1, 2, 0]
    >>> compare("2024-03-01", ["2024-03-01T09:30", "2024-02-29T23:59", ""]).tolist()
    [2, 1, 2]
    """
    one, other = _pair(left, right)
    before, _ = _before(one, other)
    after, _ = _before(other, one)
    same = one.known & other.known & (one.low == other.low) & (one.high == other.high)
    return np.select([same, before, after], [0, -1, 1], UNDECIDABLE).astype(np.int8)


def decide(
    left: Texts | str, comparator: OrderComparator, right: Texts | str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether LT LE GT GE holds for each record, and for which records it cannot be known.

    It holds if it holds for everything that both values may mean, day by day if both are dates, minute by
    minute if both are times to the minute, and so on: 2024-03 is GE 2024-03-01, a date is GE itself.
    The same *partial* date on both sides (2024-03 and 2024-03) is undecided: it may mean two different days.
    A date against a time of the same day is undecided for all four. An empty operand is false, not undecided;
    text that is no ISO 8601 is undecided. ValueError for another comparator.

    >>> holds, undecided = decide(["2024-03-01", "2024-03", "2024-02", "2024", ""], "GE", "2024-03-01")
    >>> holds.tolist(), undecided.tolist()
    ([True, True, False, False, False], [False, False, False, True, False])
    >>> decide("2024-03-01", "GE", ["2024-03-01T09:30"])[1].tolist()
    [True]
    """
    if comparator not in ("LT", "LE", "GT", "GE"):
        raise ValueError(f"{comparator!r} is none of LT LE GT GE")
    one, other = _pair(left, right)
    if comparator in ("GT", "LE"):
        one, other = other, one
    holds, fails = _before(one, other)
    if comparator in ("LE", "GE"):
        holds, fails = fails, holds
    return holds, ~(holds | fails) & one.filled & other.filled


def _day_numbers(values: Texts) -> npt.NDArray[np.float64]:
    """Days since 0001-01-01 of the date part; NaN where the date part is missing, partial or impossible."""
    codes, texts = distinct(values)
    # Times of one day share its number: encode the distinct texts again by their first eleven characters.
    heads, dates = distinct([text[:11] for text in texts]) if texts else (codes, texts)
    numbers = np.array([_day_number(text) for text in dates], dtype=np.float64)
    return numbers[heads][codes] if len(numbers) else np.zeros(len(codes))


def _day_number(head: str) -> float:
    if not _COMPLETE_DATE.fullmatch(head[:10]) or head[10:] not in ("", "T"):
        return np.nan
    try:
        return float(datetime.date.fromisoformat(head[:10]).toordinal())
    except ValueError:
        return np.nan  # a day that the calendar does not have


def study_days(dtc: Texts, reference: Texts | str) -> npt.NDArray[np.float64]:
    """Study day (--DY): date part minus reference date, plus one on or after it; there is no day 0.

    Unit: days, float64, one value a record. NaN where either date is missing, partial or impossible. Times
    are ignored. ValueError if the two sides differ in length.

    >>> study_days(["2024-03-01", "2024-03-02T08:00", "2024-02-29", "2024-03"], "2024-03-01").tolist()
    [1.0, 2.0, -1.0, nan]
    """
    start = _day_numbers([reference] if isinstance(reference, str) else reference)
    days = _day_numbers(dtc)
    if not isinstance(reference, str) and len(start) != len(days):
        raise ValueError(f"{len(days)} dates cannot be counted from {len(start)} reference dates")
    difference = days - start
    difference += difference >= 0
    return difference


def day_bounds(values: Texts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The first and the last day that each date may mean; of a complete date both are its day.

    Unit: days since 0001-01-01, which is day 1; float64, one value a record. NaN where the value bounds nothing: it
    is missing, no ISO 8601, or has no year. Times are ignored.

    >>> first, last = day_bounds(["2024-02", "2024-03-01T08:30", ""])
    >>> (first - 738917).tolist(), (last - 738917).tolist()
    ([0.0, 29.0, nan], [28.0, 29.0, nan])
    """
    spans = _spans(values)
    first, last = spans.low // _DAY, (spans.high - 1) // _DAY
    return np.where(spans.known, first, np.nan), np.where(spans.known, last, np.nan)


def _calendar_bounds(values: Texts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """First and last possible date as yyyymmdd numbers; NaN where the value bounds nothing."""
    codes, texts = distinct(values)
    bounds = np.full((len(texts), 2), np.nan)
    for number, text in enumerate(texts):
        found = moment(text)
        days = _date_bounds(found) if found else None
        if days:
            bounds[number] = [day.year * 10_000 + day.month * 100 + day.day for day in days]
    return bounds[codes, 0], bounds[codes, 1]


def ages(birth: Texts | str, at: Texts | str) -> npt.NDArray[np.float64]:
    """Age in completed years, counted by anniversaries of the birth date, never by days divided by 365.25.

    Unit: years, float64. A person born on 29 February has the anniversary on 1 March in common years. Partial
    dates give an age if every date they may mean gives the same one, else NaN; so do missing dates. A date
    before birth gives a negative number, which is no age: the caller reports it.

    >>> ages(["1969-05-14", "1969-05-14", "1969-05-14"], ["2024-02-20", "2024-05-13", "2024-05-14"]).tolist()
    [54.0, 54.0, 55.0]
    >>> ages(["1969", "1969-05"], ["2024-12-31", "2024-05-20"]).tolist()
    [55.0, nan]
    """
    sides = [_calendar_bounds([side] if isinstance(side, str) else side) for side in (birth, at)]
    (birth_first, birth_last), (at_first, at_last) = sides
    youngest = np.floor((at_first - birth_last) / 10_000)
    oldest = np.floor((at_last - birth_first) / 10_000)
    return np.where(youngest == oldest, youngest, np.nan)


def sort_keys(values: Texts) -> npt.NDArray[np.int64]:
    """The rank of each value in ISO 8601 order: missing first, a date before its own times, equal text equal.

    The order is that of the text by code point, as SDTM datasets are sorted.

    >>> sort_keys(["2024-03-01T10:00", "2024-03-01", "", "2024-03"]).tolist()
    [3, 2, 0, 1]
    """
    codes, texts = distinct(values)
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    return ranks[codes]


def _extreme(
    values: Texts, group_codes: npt.NDArray[np.integer], n_groups: int, *, last: bool
) -> npt.NDArray[np.object_]:
    codes, texts = distinct(values)
    ordered = sorted(text for text in texts if text)
    position = {text: rank for rank, text in enumerate(ordered)}
    absent = -1 if last else len(ordered)
    ranks = np.array([position.get(text, absent) for text in texts], dtype=np.int64)[codes]
    groups = np.asarray(group_codes)
    if len(groups) != len(ranks):
        raise ValueError(f"{len(ranks)} values, but {len(groups)} group codes")
    inside = groups >= 0
    if not inside.all():
        groups, ranks = groups[inside], ranks[inside]
    best = np.full(n_groups, absent, dtype=np.int64)
    (np.maximum if last else np.minimum).at(best, groups, ranks)
    # "" stands at both ends: position -1 and position len(ordered) are the same last element.
    return np.array([*ordered, ""], dtype=object)[best]


def earliest(values: Texts, group_codes: npt.NDArray[np.integer], n_groups: int) -> npt.NDArray[np.object_]:
    """The first filled value of each group in ISO 8601 order, "" for a group without one.

    ``group_codes`` holds one number from 0 to ``n_groups`` - 1 per record; records with -1 belong to none.

    >>> earliest(["2024-03-02", "", "2024-03-01", ""], np.array([0, 0, 0, 1]), 2).tolist()
    ['2024-03-01', '']
    """
    return _extreme(values, group_codes, n_groups, last=False)


def latest(values: Texts, group_codes: npt.NDArray[np.integer], n_groups: int) -> npt.NDArray[np.object_]:
    """The last filled value of each group in ISO 8601 order, "" for a group without one; see `earliest`.

    >>> latest(["2024-03-01", "2024-03-01T08:00", ""], np.array([0, 0, 1]), 2).tolist()
    ['2024-03-01T08:00', '']
    """
    return _extreme(values, group_codes, n_groups, last=True)
