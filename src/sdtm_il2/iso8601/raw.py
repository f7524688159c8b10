"""Columns of raw dates to ISO 8601: by the formats of a source, on the distinct values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dateformat import DateFormat, DateStatus, date_format, read_value
from sdtm_il2.iso8601.text import Texts, distinct, spread
from sdtm_il2.moment import moment

#: How times are written where the source states no format of time.
TIME_FORMATS = ("hh:mi:ss", "hh:mi", "hhmi", "hhmiss")


@dataclass(frozen=True, slots=True)
class ParsedDates:
    """Raw dates as ISO 8601, aligned with the records.

    ``iso`` is "" where nothing can be submitted; ``status`` is a `DateStatus` per record; ``clashes`` counts
    the records for each pair of formats that fit one value with different results.
    """

    iso: pd.Series[str]
    status: npt.NDArray[np.int8]
    clashes: Mapping[tuple[str, str], int] = field(default_factory=dict)


_Reading = tuple[DateStatus, str, "tuple[str, str] | None"]


def _read(value: str, formats: Sequence[DateFormat], unknown: frozenset[str]) -> _Reading:
    text = value.strip()
    if not text or text.casefold() in unknown:
        return DateStatus.MISSING, "", None
    found: tuple[DateStatus, str] | None = None
    by = ""
    impossible = False
    for one in formats:
        status, iso = read_value(text, one)
        if status is DateStatus.IMPOSSIBLE:
            impossible = True
        elif status is not DateStatus.NO_FORMAT:
            if found is None:
                found, by = (status, iso), one.text
            elif found != (status, iso):
                return DateStatus.AMBIGUOUS, "", (by, one.text)
    if found is None:
        return (DateStatus.IMPOSSIBLE if impossible else DateStatus.NO_FORMAT), "", None
    return *found, None


def _read_all(
    values: Texts, formats: Sequence[DateFormat], unknown: frozenset[str]
) -> tuple[npt.NDArray[np.intp], list[_Reading]]:
    codes, texts = distinct(values)
    return codes, [_read(text, formats, unknown) for text in texts]


def _clashes(codes: npt.NDArray[np.intp], readings: Sequence[_Reading]) -> dict[tuple[str, str], int]:
    counts = np.bincount(codes, minlength=len(readings))
    found: dict[tuple[str, str], int] = {}
    for (_, _, pair), count in zip(readings, counts.tolist(), strict=True):
        if pair:
            found[pair] = found.get(pair, 0) + count
    return found


def _formats(
    formats: str | Iterable[str], unknown: Iterable[str], pivot: int | None
) -> tuple[list[DateFormat], list[DateFormat], frozenset[str]]:
    """The formats of dates, the formats of times, and the unknown tokens."""
    written = [formats] if isinstance(formats, str) else list(formats)
    tokens = tuple(unknown)
    compiled = [date_format(text, tokens, pivot) for text in written]
    dated = [one for one in compiled if one.dated]
    if not dated:
        raise ValueError(f"no date format among {', '.join(written) or 'none given'}")
    timed = [one for one in compiled if not one.dated] or [date_format(text, tokens) for text in TIME_FORMATS]
    return dated, timed, frozenset(token.casefold() for token in tokens if token)


def parse_dates(
    values: Texts, formats: str | Iterable[str], unknown: Iterable[str] = (), pivot: int | None = None
) -> ParsedDates:
    """Read raw dates (or dates with times) by the formats of their source as ISO 8601; nothing is imputed.

    Every format is tried; outer blanks are ignored. A value that two formats read differently is AMBIGUOUS
    and gives "", one that only an impossible date fits is IMPOSSIBLE, one that none fits is NO_FORMAT. A
    value made of unknown tokens alone is MISSING. Formats of times (``hh:mi``) in the list are left to
    `parse_date_times`. ValueError for a wrong format.

    >>> parsed = parse_dates(["03-MAR-1980", "UN-MAR-1980", "31-FEB-1980", "soon", ""], "dd-mon-yyyy", ["UN"])
    >>> parsed.iso.tolist()
    ['1980-03-03', '1980-03', '', '', '']
    >>> parsed.status.tolist()
    [1, 1, 3, 2, 0]
    >>> parse_dates(["03/04/2024", "04/04/2024"], ["dd/mm/yyyy", "mm/dd/yyyy"]).status.tolist()
    [4, 1]
    """
    dated, _, tokens = _formats(formats, unknown, pivot)
    codes, readings = _read_all(values, dated, tokens)
    statuses = np.array([status for status, _, _ in readings], dtype=np.int8)
    iso = spread((text for _, text, _ in readings), codes, values)
    return ParsedDates(iso, statuses[codes], _clashes(codes, readings))


def parse_date_times(
    dates: Texts,
    times: Texts,
    formats: str | Iterable[str],
    unknown: Iterable[str] = (),
    pivot: int | None = None,
) -> ParsedDates:
    """Read raw dates and times of two columns as ISO 8601 dates and times; nothing is imputed.

    Formats of times in the list (``hh:mi``) hold for the times; without any, H:MM, HH:MM, HHMM and these with
    seconds do. An unknown time leaves the date alone. A time is not stored, and the date stays alone, where
    the date is missing or partial (DATE_INCOMPLETE), where it fits no format (TIME_NO_FORMAT) and where the
    clock has no such time, 24:00 included (TIME_IMPOSSIBLE). Midnight in the date column, as databases export
    it, is no time; another time there that contradicts the time column is AMBIGUOUS.

    >>> dates, times = ["2024-03-01", "2024-03", "2024-03-01"], ["9:05", "9:05", "24:00"]
    >>> parsed = parse_date_times(dates, times, "yyyy-mm-dd")
    >>> parsed.iso.tolist(), parsed.status.tolist()
    (['2024-03-01T09:05', '2024-03', '2024-03-01'], [1, 5, 7])
    """
    dated, timed, tokens = _formats(formats, unknown, pivot)
    date_codes, date_readings = _read_all(dates, dated, tokens)
    time_codes, time_readings = _read_all(times, timed, tokens)
    if len(date_codes) != len(time_codes):
        raise ValueError(f"{len(date_codes)} dates, but {len(time_codes)} times")
    pairs: npt.NDArray[Any] = date_codes * max(len(time_readings), 1) + time_codes
    codes, numbers = pd.factorize(pairs)
    found = [
        _join(date_readings[number // len(time_readings)], time_readings[number % len(time_readings)])
        for number in numbers.tolist()
    ]
    statuses = np.array([status for status, _ in found], dtype=np.int8)
    codes = codes.astype(np.intp, copy=False)
    iso = spread((text for _, text in found), codes, dates)
    clashes = _clashes(date_codes, date_readings)
    for pair, count in _clashes(time_codes, time_readings).items():
        clashes[pair] = clashes.get(pair, 0) + count
    return ParsedDates(iso, statuses[codes], clashes)


def _join(date: _Reading, time: _Reading) -> tuple[DateStatus, str]:
    date_status, date_iso, _ = date
    time_status, time_iso, _ = time
    if date_status not in (DateStatus.PARSED, DateStatus.MISSING):
        return date_status, date_iso
    day, _, own = date_iso.partition("T")
    if own.strip("0:.") == "":
        own = ""
    if time_status is DateStatus.MISSING:
        return date_status, f"{day}T{own}" if own else day
    if time_status is DateStatus.NO_FORMAT:
        return DateStatus.TIME_NO_FORMAT, day
    if time_status is not DateStatus.PARSED:
        return (DateStatus.TIME_IMPOSSIBLE if time_status is DateStatus.IMPOSSIBLE else time_status), day
    whole = moment(day)
    if whole is None or not whole.full_date:
        return DateStatus.DATE_INCOMPLETE, day
    clock = time_iso.partition("T")[2]
    if own and own != clock:
        return DateStatus.AMBIGUOUS, ""
    return DateStatus.PARSED, f"{day}T{clock}"
