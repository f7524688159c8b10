"""One ISO 8601 date as SDTM writes it, and one duration: what it says, whether it is possible, its form.

Whole columns of them are `iso8601`, which needs pandas; who reads a specification needs one text at a time.
"""

from __future__ import annotations

import calendar
import re
from functools import lru_cache
from typing import Literal, NamedTuple

Precision = Literal["year", "month", "day", "hour", "minute", "second"]
PRECISIONS: tuple[Precision, ...] = ("year", "month", "day", "hour", "minute", "second")

_DATE = re.compile(r"([0-9]{4}|-)(?:-([0-9]{2}|-)(?:-([0-9]{2}|-))?)?")
_TIME = re.compile(r"([0-9]{2}|-)(?::([0-9]{2}|-)(?::([0-9]{2}(?:\.[0-9]+)?))?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?"
)
#: Dates and times repeat even where dates with times do not: a century of days, a day of seconds.
_REMEMBERED = 1 << 17


def last_day(year: int | None, month: int | None) -> int:
    """The number of days of a month; an unknown year counts as a leap year, an unknown month has 31.

    >>> last_day(1900, 2), last_day(2000, 2), last_day(None, 2), last_day(2024, None)
    (28, 29, 29, 31)
    """
    if month is None:
        return 31
    return 29 if month == 2 and (year is None or calendar.isleap(year)) else _MONTH_DAYS[month - 1]


class Moment(NamedTuple):
    """The parts of one date or date and time; None is a part that is not known.

    ``second`` is text, because its decimals are its precision. ``zone`` is ``""``, ``Z`` or ``+hh:mm``.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: str | None = None
    zone: str = ""

    @property
    def full_date(self) -> bool:
        """Year, month and day are all known."""
        return self.year is not None and self.month is not None and self.day is not None

    @property
    def timed(self) -> bool:
        """Any part of the time is known."""
        return self.hour is not None or self.minute is not None or self.second is not None

    def possible(self) -> bool:
        """The calendar and the clock have it: no 31 February, no hour 24, no second 60, no year 0000.

        With the year unknown 29 February counts as possible, with the month unknown any day up to 31.

        >>> Moment(2023, 2, 29).possible(), Moment(2024, 2, 29).possible(), Moment(2024, 2, 1, 24).possible()
        (False, True, False)
        """
        if self.year == 0 or (self.month is not None and not 1 <= self.month <= 12):
            return False
        if self.day is not None and not 1 <= self.day <= last_day(self.year, self.month):
            return False
        return (
            (self.hour is None or self.hour < 24)
            and (self.minute is None or self.minute < 60)
            and (self.second is None or float(self.second) < 60)
        )

    def text(self) -> str:
        """The ISO 8601 text: cut after the last known part, a hyphen for an unknown part before it.

        >>> Moment(2003, None, 15).text(), Moment(None, 12, 15).text(), Moment(1980, 3).text()
        ('2003---15', '--12-15', '1980-03')
        >>> Moment(2003, 12, 15, None, 15).text()
        '2003-12-15T-:15'
        """
        year, month, day, hour, minute, second, zone = self
        if year is not None and month is not None and day is not None and second is None:
            date = f"{year:04d}-{month:02d}-{day:02d}"
            if hour is None and minute is None:
                return date
            if hour is not None and minute is not None:
                return f"{date}T{hour:02d}:{minute:02d}{zone}"
        dates = [
            "-" if year is None else f"{year:04d}",
            "-" if month is None else f"{month:02d}",
            "-" if day is None else f"{day:02d}",
        ]
        if not self.timed:
            return "-".join(_cut(dates))
        times = [
            "-" if hour is None else f"{hour:02d}",
            "-" if minute is None else f"{minute:02d}",
            "-" if second is None else second,
        ]
        return f"{'-'.join(dates)}T{':'.join(_cut(times))}{zone}"


def _cut(parts: list[str]) -> list[str]:
    while parts and parts[-1] == "-":
        parts.pop()
    return parts


def moment(text: str) -> Moment | None:
    """The parts of one ISO 8601 text; None if it is no ISO 8601 date as SDTM allows, or an impossible one.

    >>> moment("2003---15")
    Moment(year=2003, month=None, day=15, hour=None, minute=None, second=None, zone='')
    >>> moment("2024-02-30") is None, moment("2024-3-1") is None, moment("2024-03-") is None
    (True, True, True)
    """
    date, timed, time = text.partition("T")
    found = _read_date(date)
    if found is None:
        return None
    year, month, day, written = found
    if not timed:
        return None if written[-1] == "-" else Moment(year, month, day)
    clock = _read_time(time)
    return None if clock is None or len(written) < 3 else Moment(year, month, day, *clock)


@lru_cache(maxsize=_REMEMBERED)
def _read_date(text: str) -> tuple[int | None, int | None, int | None, tuple[str, ...]] | None:
    """Year, month, day and the parts as written; None if it is no date, or no possible one."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (None if part in (None, "-") else int(part) for part in match.groups())
    if not Moment(year, month, day).possible():
        return None
    return year, month, day, tuple(part for part in match.groups() if part is not None)


@lru_cache(maxsize=_REMEMBERED)
def _read_time(text: str) -> tuple[int | None, int | None, str | None, str] | None:
    """Hour, minute, second and zone; None if it is no time, or no possible one."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, second, zone = match.groups()
    if (second or minutes or hours) == "-":
        return None
    hour, minute = (None if part in (None, "-") else int(part) for part in (hours, minutes))
    zone = zone or ""
    if zone not in ("", "Z") and not (int(zone[1:3]) <= 14 and int(zone[4:]) < 60):
        return None
    return (
        (hour, minute, second, zone) if Moment(hour=hour, minute=minute, second=second).possible() else None
    )


def form(text: str) -> str:
    """The Define-XML data type of one value.

    ``date`` and ``datetime`` are complete (to the second), ``partialDate`` and ``partialDatetime`` are cut on
    the right, ``incompleteDatetime`` misses a part before a known one, ``intervalDatetime`` is two values
    joined by a solidus. ``""`` is missing, ``text`` is anything else.

    >>> [form(text) for text in ("2024-03-01", "2024-03", "2024-03-01T10:30", "2003---15", "31MAR2024")]
    ['date', 'partialDate', 'partialDatetime', 'incompleteDatetime', 'text']
    """
    if not text:
        return ""
    if "/" in text:
        sides = text.split("/")
        interval = len(sides) == 2 and all(moment(side) is not None for side in sides)
        return "intervalDatetime" if interval else "text"
    found = moment(text)
    if found is None:
        return "text"
    if not _only_cut(found):
        return "incompleteDatetime"
    if found.hour is None:
        return "date" if found.full_date else "partialDate"
    return "partialDatetime" if found.second is None else "datetime"


def _only_cut(found: Moment) -> bool:
    """No unknown part stands before a known one."""
    known = [part is not None for part in found[:6]]
    return known == sorted(known, reverse=True)


@lru_cache(maxsize=4096)
def parts_of_duration(duration: str) -> tuple[int, int, int] | None:
    """Months, days and minutes of a duration, all with its sign; None if it is none.

    >>> parts_of_duration("-P1Y2W"), parts_of_duration("PT1H30M"), parts_of_duration("1 year")
    ((-12, -14, 0), (0, 0, 90), None)
    """
    found = _DURATION.fullmatch(duration.strip())
    if found is None:
        return None
    number = {name: int(text or 0) for name, text in found.groupdict().items() if name != "sign"}
    sign = -1 if found["sign"] else 1
    months = number["years"] * 12 + number["months"]
    days = number["weeks"] * 7 + number["days"]
    return sign * months, sign * days, sign * (number["hours"] * 60 + number["minutes"])


def days_of_duration(text: str) -> float:
    """The days of a duration of weeks, days and hours; ValueError for one of months or years, or none at all.

    >>> days_of_duration("P3D"), days_of_duration("PT36H")
    (3.0, 1.5)
    """
    parts = parts_of_duration(text)
    if parts is None or parts[0]:
        raise ValueError(f"{text!r} is no duration of weeks, days or hours")
    return parts[1] + parts[2] / 1440


def is_duration(text: str) -> bool:
    """Whether a text is a duration that `shift` can apply: ``P1Y2M``, ``-P7D``, ``PT90M``.

    >>> is_duration("-P63Y"), is_duration("P"), is_duration("63Y")
    (True, False, False)
    """
    return parts_of_duration(text) is not None
