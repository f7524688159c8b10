"""Raw dates: the small language of date formats, and how a collected date becomes ISO 8601.

A format is made of parts and literals. Parts, in lower case: ``yyyy`` four digits; ``yy`` two digits, needs a
pivot year; ``mm dd mi ss`` two digits (``ss`` may carry decimals); ``m d`` one or two digits; ``hh`` two
digits, or one where a separator follows; ``mon`` or ``MON`` an English month name in any case, three letters
or full. Anything else that is no Latin letter stands for itself, as does ``T``; a blank is any blanks.
Two formats stand alone: ``excel`` (serial day numbers of the 1900 system, a fraction is the time) and ``iso``
(any ISO 8601 text).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise

from sdtm_il2.moment import Moment, form

_TOKEN = re.compile(r"yyyy|yy|mon|MON|mm|mi|dd|hh|ss|m|d|T|\s+|[^A-Za-z]")
_MEANS = {
    "yyyy": "year", "yy": "year", "mm": "month", "m": "month", "mon": "month", "MON": "month", "dd": "day",
    "d": "day", "hh": "hour", "mi": "minute", "ss": "second",
}  # fmt: skip
_FORM = "parts such as dd/mm/yyyy (yyyy yy mm m mon dd d hh mi ss, in lower case), or excel, or iso"
_DIGITS = _MEANS.keys() - {"mon", "MON"}
_SIGNIFICANCE = ("year", "month", "day", "hour", "minute", "second")
_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTHS = {
    **{name: number for number, name in enumerate(_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(_NAMES, 1)},
    "sept": 9,
}
_MONTH_PATTERN = "|".join(sorted(_MONTHS, key=len, reverse=True))
_SERIAL = re.compile(r"[0-9]{1,7}(?:\.[0-9]+)?")
_SERIAL_ZERO = datetime.date(1899, 12, 30)
_LAST_SERIAL = 2_958_465  # 9999-12-31


class DateStatus(IntEnum):
    """What became of a raw date."""

    MISSING = 0
    PARSED = 1
    NO_FORMAT = 2
    IMPOSSIBLE = 3
    AMBIGUOUS = 4
    DATE_INCOMPLETE = 5
    TIME_NO_FORMAT = 6
    TIME_IMPOSSIBLE = 7


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A compiled raw-date format; `date_format` makes it.

    ``patterns`` are the whole format, then what it fits for partial dates, longest first. ``parts`` are the
    parts in the order written. A format with no date part reads times of day.
    """

    text: str
    parts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    unknown: frozenset[str] = frozenset()
    pivot: int | None = None

    @property
    def dated(self) -> bool:
        """The format reads dates, with or without a time; not times alone."""
        return self.text in ("excel", "iso") or "year" in self.parts

    def read(self, value: str) -> tuple[DateStatus, Moment]:
        """Read one raw value: PARSED, NO_FORMAT, IMPOSSIBLE, or MISSING if every part is an unknown token.

        >>> date_format("dd-mon-yyyy", ["UN"]).read("UN-MAR-1980")[1].text()
        '1980-03'
        >>> date_format("dd/mm/yyyy").read("31/02/1980")[0].name
        'IMPOSSIBLE'
        """
        impossible = False
        for pattern in self.patterns:
            match = pattern.fullmatch(value)
            if match is None:
                continue
            found = self._moment(match.groupdict())
            if not found.possible():
                impossible = True
                continue
            return (DateStatus.MISSING if found == Moment() else DateStatus.PARSED), found
        return (DateStatus.IMPOSSIBLE if impossible else DateStatus.NO_FORMAT), Moment()

    def _moment(self, fields: dict[str, str | None]) -> Moment:
        numbers: dict[str, int] = {}
        second = None
        for name, text in fields.items():
            if text is None or (self.unknown and text.casefold() in self.unknown):
                continue
            if name == "second":
                second = text.rstrip("0").rstrip(".") if "." in text else text
            elif name == "year" and self.pivot is not None and len(text) == 2:
                numbers[name] = self.pivot + (int(text) - self.pivot) % 100
            else:
                numbers[name] = int(text) if text.isdecimal() else _MONTHS[text.casefold()]
        get = numbers.get
        return Moment(get("year"), get("month"), get("day"), get("hour"), get("minute"), second)


@lru_cache(maxsize=512)
def _compiled(text: str, unknown: tuple[str, ...], pivot: int | None) -> DateFormat:
    tokens = frozenset(token.casefold() for token in unknown if token)
    if text in ("excel", "iso"):
        return DateFormat(text, unknown=tokens, pivot=pivot)
    pieces = _pieces(text)
    parts = tuple(_MEANS[piece] for piece in pieces if piece in _MEANS)
    _check(text, pieces, parts, pivot)
    scale = _SIGNIFICANCE if "year" in parts else _SIGNIFICANCE[3:]
    # A time of day needs its minute: a bare number in a time column is no time.
    least = 1 if "year" in parts else 2
    patterns = tuple(
        _pattern(pieces, count, tokens)
        for count in range(len(parts), least - 1, -1)
        if set(parts[:count]) == set(scale[:count])
    )
    return DateFormat(text, parts, patterns, tokens, pivot)


def date_format(text: str, unknown: Iterable[str] = (), pivot: int | None = None) -> DateFormat:
    """Compile a raw-date format; ValueError says what is wrong with it.

    A format also fits its own prefixes where these hold the most significant parts: ``yyyy-mm-dd`` fits
    ``1980-03`` and ``1980``, ``dd/mm/yyyy`` does not fit ``1980``. ``unknown`` texts (UN, UNK, 不详; case is
    ignored) may stand for any part, even for digits such as 99. ``pivot`` is the first year of the hundred
    years that ``yy`` means: with 1950, 50 is 1950 and 49 is 2049.

    >>> date_format("yyyy年m月d日").read("1980年3月")[1].text()
    '1980-03'
    >>> date_format("dd-mon-yy")
    Traceback (most recent call last):
        ...
    ValueError: format 'dd-mon-yy': yy needs a pivot year
    """
    return _compiled(text.strip(), tuple(unknown), pivot)


def expected_format(formats: Iterable[str], pivot: str = "") -> tuple[str, str] | None:
    """The first format that is none (all, where none reads a date), and what is expected in its place; else None.

    >>> expected_format(["dd/mm/yyyy", "DD/MM/YYYY"])[0]
    'DD/MM/YYYY'
    >>> expected_format(["dd-mon-yy"])
    ('dd-mon-yy', 'yyyy, or pivot: beside it for a year of two digits')
    """
    written = tuple(formats)
    first = int(pivot) if pivot.isdecimal() else None
    for text in written:
        try:
            date_format(text, (), first)
        except ValueError:
            two = re.search(r"(?<!y)yy(?!y)", text)
            if two and first is None:
                return text, "yyyy, or pivot: beside it for a year of two digits"
            return text, _FORM
    if written and not any(date_format(text, (), first).dated for text in written):
        return ", ".join(written), _FORM
    return None


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(
                f"format {text!r}: {text[position:]!r} starts with no date part; parts are "
                "yyyy yy mm m mon MON dd d hh mi ss, or the whole format is excel or iso"
            )
        pieces.append(token[0])
        position = token.end()
    return pieces


def _check(text: str, pieces: list[str], parts: tuple[str, ...], pivot: int | None) -> None:
    if not parts:
        raise ValueError(f"format {text!r}: no date part in it")
    for part in parts:
        if parts.count(part) > 1:
            raise ValueError(f"format {text!r}: the {part} stands twice")
    scale = _SIGNIFICANCE if "year" in parts else _SIGNIFICANCE[3:]
    for part in parts:
        if part not in scale:
            raise ValueError(f"format {text!r}: the {part} stands without the year")
        missing = [above for above in scale[: scale.index(part)] if above not in parts]
        if missing:
            raise ValueError(f"format {text!r}: the {part} stands without the {missing[0]}")
    if "yy" in pieces and pivot is None:
        raise ValueError(f"format {text!r}: yy needs a pivot year")
    if pivot is not None and not 1000 <= pivot <= 9900:
        raise ValueError(f"format {text!r}: pivot {pivot} is no year of four digits")
    for one, other in pairwise(pieces):
        if {one, other} & {"m", "d"} and {one, other} <= _DIGITS:
            raise ValueError(f"format {text!r}: {one} and {other} need a separator; or use mm, dd")


def _pattern(pieces: list[str], count: int, unknown: frozenset[str]) -> re.Pattern[str]:
    """The pattern of the first `count` parts; a unit sign after the last of them (年) may stand or not."""
    written: list[str] = []
    seen = 0
    for index, piece in enumerate(pieces):
        following = pieces[index + 1] if index + 1 < len(pieces) else ""
        if piece in _MEANS:
            if seen == count:
                break
            seen += 1
            written.append(_part(piece, following, unknown))
        elif piece.isspace():
            if seen < count:
                written.append(r"\s+")
        elif seen < count:
            written.append(re.escape(piece))
        elif piece.isalpha() and not piece.isascii():
            written.append(f"(?:{re.escape(piece)})?")
        elif not any(rest in _MEANS for rest in pieces[index:]):
            written.append(re.escape(piece))
        else:
            break
    return re.compile("".join(written), re.IGNORECASE)


def _part(piece: str, following: str, unknown: frozenset[str]) -> str:
    if piece in ("mon", "MON"):
        choices = _MONTH_PATTERN
    elif piece in ("m", "d") or (piece == "hh" and following not in _MEANS):
        choices = "[0-9]{1,2}"
    elif piece == "ss":
        choices = r"[0-9]{2}(?:\.[0-9]+)?"
    else:
        choices = f"[0-9]{{{4 if piece == 'yyyy' else 2}}}"
    tokens = "".join(f"|{re.escape(token)}" for token in sorted(unknown, key=len, reverse=True))
    return f"(?P<{_MEANS[piece]}>{choices}{tokens})"


def read_serial(value: str) -> tuple[DateStatus, str]:
    """An Excel serial number of the 1900 system as ISO 8601; a fraction is the time, to the whole second.

    A time of whole minutes is written without seconds, and a number without a fraction has no time. Day 60 is
    29 February 1900, which never was: impossible.

    >>> read_serial("45352.4375")[1], read_serial("45352")[1], read_serial("59")[1], read_serial("60")[0].name
    ('2024-03-01T10:30', '2024-03-01', '1900-02-28', 'IMPOSSIBLE')
    """
    if not _SERIAL.fullmatch(value):
        return DateStatus.NO_FORMAT, ""
    number = Decimal(value)
    day = int(number)
    fraction = number - day
    seconds = int((fraction * 86_400).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if seconds == 86_400:
        day, seconds = day + 1, 0
    if not 1 <= day <= _LAST_SERIAL or day == 60:
        return DateStatus.IMPOSSIBLE, ""
    date = _SERIAL_ZERO + datetime.timedelta(days=day + (day < 60))
    if not fraction:
        return DateStatus.PARSED, date.isoformat()
    minutes, second = divmod(seconds, 60)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{second:02d}" if second else "")
    return DateStatus.PARSED, f"{date.isoformat()}T{clock}"


def read_value(value: str, format_: DateFormat) -> tuple[DateStatus, str]:
    """One raw value by one format: its status and its ISO 8601 text ("" unless something of it is kept).

    A time with a partial date is not kept: DATE_INCOMPLETE with the date alone.

    >>> read_value("UN-MAR-1980 10:30", date_format("dd-mon-yyyy hh:mi", ["UN"]))
    (<DateStatus.DATE_INCOMPLETE: 5>, '1980-03')
    """
    if format_.text == "iso":
        if form(value) != "text":
            return DateStatus.PARSED, value
        shaped = re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}(T[0-9:.]+)?", value)
        return (DateStatus.IMPOSSIBLE if shaped else DateStatus.NO_FORMAT), ""
    if format_.text == "excel":
        return read_serial(value)
    status, found = format_.read(value)
    if status is DateStatus.PARSED and found.timed and not found.full_date and format_.dated:
        return DateStatus.DATE_INCOMPLETE, Moment(found.year, found.month, found.day).text()
    return status, found.text()
