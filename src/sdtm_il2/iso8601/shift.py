"""Dates moved by an ISO 8601 duration, and the duration between two dates."""

from __future__ import annotations

import calendar
import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.iso8601.text import Texts, distinct, spread
from sdtm_il2.moment import Moment, moment, parts_of_duration


def shift(values: Texts, durations: Texts) -> tuple[pd.Series[str], npt.NDArray[np.bool_]]:
    """Dates moved by durations record by record, and where that is not possible.

    Years and months keep the day, or take the month's last day where it has no such day (29 February). A partial
    date is moved only by parts that it has: a year by years, a month by months too. Not possible: a duration
    that is none, a date too coarse for it, a date outside of 0001 to 9999. A missing side gives "".

    >>> moved, impossible = shift(["2024-02-29", "2013-12", "2013"], ["-P1Y", "-P63Y", "P3D"])
    >>> moved.tolist(), impossible.tolist()
    (['2023-02-28', '1950-12', ''], [False, False, True])
    """
    codes, texts = distinct(values)
    by_codes, by = distinct(durations)
    pairs = codes.astype(np.int64) * max(len(by), 1) + by_codes
    numbers, keys = pd.factorize(pairs)
    found = [_shifted(texts[key // len(by)], by[key % len(by)]) for key in keys.tolist()]
    bad = np.array([*(one is None for one in found), False], bool)[numbers]
    return spread((one or "" for one in found), numbers.astype(np.intp), values), bad


def _shifted(text: str, duration: str) -> str | None:
    """One date moved; "" if a side is missing, None if it cannot be moved."""
    if not text or not duration.strip():
        return ""
    parts, found = parts_of_duration(duration), moment(text)
    if parts is None or found is None or found.year is None:
        return None
    months, days, minutes = parts
    coarse = (found.month is None and (months % 12 or days or minutes)) or (
        found.day is None and (days or minutes)
    )
    if coarse or (minutes and (found.hour is None or found.minute is None)):
        return None
    return _moved(found, months, days, minutes)


def _moved(found: Moment, months: int, days: int, minutes: int) -> str | None:
    assert found.year is not None
    place = found.year * 12 + (found.month or 1) - 1 + months
    year, month = divmod(place, 12)
    if not 1 <= year <= 9999:
        return None
    moved = found._replace(year=year, month=None if found.month is None else month + 1)
    if found.day is None:
        return moved.text()
    day = min(found.day, calendar.monthrange(year, month + 1)[1])
    start = datetime.datetime(year, month + 1, day, found.hour or 0, found.minute or 0)
    try:
        end = start + datetime.timedelta(days=days, minutes=minutes)
    except OverflowError:
        return None
    moved = moved._replace(year=end.year, month=end.month, day=end.day)
    if minutes:
        moved = moved._replace(hour=end.hour, minute=end.minute)
    return moved.text()


def between(start: Texts, end: Texts) -> tuple[pd.Series[str], npt.NDArray[np.bool_]]:
    """The ISO 8601 duration from one date to another, and where it cannot be known.

    Days where a side has no time (``P5D``), else days, hours and minutes (``P1DT2H30M``). It cannot be known
    for a partial date; an end before the start is negative (``-P1D``).

    >>> between(["2024-03-01", "2024-03-01T08:00", "2024-03"], ["2024-03-06", "2024-03-02T10:30", "2024-04"])[0].tolist()
    ['P5D', 'P1DT2H30M', '']
    """
    codes, texts = distinct(start)
    end_codes, ends = distinct(end)
    numbers, keys = pd.factorize(codes.astype(np.int64) * max(len(ends), 1) + end_codes)
    found = [_between(texts[key // len(ends)], ends[key % len(ends)]) for key in keys.tolist()]
    bad = np.array([*(one is None for one in found), False], bool)[numbers]
    return spread((one or "" for one in found), numbers.astype(np.intp), start), bad


def _between(start: str, end: str) -> str | None:
    if not start or not end:
        return ""
    left, right = moment(start), moment(end)
    if left is None or right is None or not left.full_date or not right.full_date:
        return None
    timed = left.minute is not None and right.minute is not None
    ends = [
        datetime.datetime(
            one.year or 1, one.month or 1, one.day or 1, (one.hour or 0) * timed, (one.minute or 0) * timed
        )
        for one in (left, right)
    ]
    minutes = round((ends[1] - ends[0]).total_seconds() / 60)
    sign, minutes = ("-" if minutes < 0 else ""), abs(minutes)
    days, rest = divmod(minutes, 1440)
    hours, rest = divmod(rest, 60)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (rest, "M")) if number)
    if not days and not time:
        return "PT0M" if timed else "P0D"
    return f"{sign}P{f'{days}D' if days else ''}{'T' + time if time else ''}"
