"""Numbers of SAS as text: dates, times and datetimes by their SAS format in ISO 8601, all others in plain decimals.

SAS counts days and seconds from 1960-01-01. A date stays a whole date whatever its format shows of it; seconds
are left out where the format has no room for them and none are stored, and so is midnight under a format that
shows the date of a datetime alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.float64]

_NAME: Final = re.compile(r"(\$?(?:[A-Z_][A-Z0-9_]*?)?)([0-9]*)\.?[0-9]*", re.IGNORECASE)
_DATE: Final = re.compile(
    r"DATE|DAY|DOWNAME|HDATE|HEBDATE|JULDAY|JULIAN|MINGUO|MONNAME|MONTH|MONYY|NENGO|PDJUL[GI]|QTRR?|TWMDY"
    r"|(?:DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?|XYYMMDD|(?:MMYY|YYMM|YYQ|YYQR)[CDNPS]?|YYQZ|YYMON|YYWEEK[UVW]"
    r"|WEEK[UVW]|WEEKDAT[EX]|WEEKDAY|WORDDAT[EX]|YEAR|(?:B8601|E8601|IS8601)DA|NLDATE[A-Z]*"
    r"|[A-Z]{3}DF(?:DD|DE|DN|DWN|MN|MY|WDX|WKX)"
)
_DATETIME: Final = re.compile(
    r"DATETIME|DATEAMPM|MDYAMPM|DTDATE|DTMONYY|DTWKDATX|DTYEAR|DTYYQC|NLDATM[A-Z]*|[A-Z]{3}DFDT"
    r"|(?:B8601|E8601|IS8601)(?:DT|DN|DX|DZ|LX)"
)
_TIME: Final = re.compile(
    r"TIME|TIMEAMPM|HHMM|HOUR|MMSS|TOD|NLTIM[A-Z]*|(?:B8601|E8601|IS8601)(?:TM|TX|TZ|LZ)"
)
_DATE_ALONE: Final = re.compile(r"DTDATE|DTMONYY|DTWKDATX|DTYEAR|DTYYQC|(?:B8601|E8601|IS8601)DN|NLDATMDT")
_NUMERIC: Final = re.compile(
    r"BEST[DX]?|BINARY|COMMAX?|D|DOLLARX?|E|EUROX?|F|FLOAT|FRACT|HEX|I?B|IEEE[RX]?|NEGPAREN|NUMX|OCTAL|P[DKIB]B?"
    r"|PERCENTN?|PVALUE|RB|ROMAN|S370[A-Z]+|SIZEK(?:B|MG)?|SSN|VAXRB|WORD[FS]|YEN|ZD?|NL(?:NUM|PCT|MNY|BEST)[A-Z]*"
    r"|ODDSR|BITS"
)
_CHARACTER: Final = re.compile(
    r"\$(?:ASCII|BASE64X|BINARY|CHAR|EBCDIC|F|HEX|KANJIX?|MSGCASE|N8601[A-Z]*|OCTAL|QUOTE|REVERJ|REVERS|UCS2[A-Z]*"
    r"|UPCASE|UTF8X|VARYING)?"
)
_FIRST_DAY: Final = -138_061  # 1582-01-01, before which SAS has no dates
_LAST_DAY: Final = 2_936_549  # 9999-12-31
_DAY: Final = 86_400_000  # milliseconds


class SasFormat(NamedTuple):
    """A SAS format as it is stored: ``DATE9.`` has the name DATE and the width 9; 0 is the default width."""

    name: str
    width: int


def sas_format(text: str) -> SasFormat:
    """The parts of a stored format.

    >>> sas_format("E8601DT19.3"), sas_format("$CHAR8."), sas_format("8.2")
    (SasFormat(name='E8601DT', width=19), SasFormat(name='$CHAR', width=8), SasFormat(name='', width=8))
    """
    match = _NAME.fullmatch(text.strip())
    if match is None:
        return SasFormat(text.strip().rstrip(".").upper(), 0)
    return SasFormat(match[1].upper(), int(match[2] or 0))


def format_kind(shown: SasFormat) -> str:
    """What a number under a format is: ``date``, ``datetime``, ``time``, ``number``, or ``user`` for the study's own.

    >>> format_kind(sas_format("YYMMDD10.")), format_kind(sas_format("")), format_kind(sas_format("SEX."))
    ('date', 'number', 'user')
    """
    kinds = {"date": _DATE, "datetime": _DATETIME, "time": _TIME, "number": _NUMERIC}
    if shown.name in ("", "$") or _CHARACTER.fullmatch(shown.name):
        return "number"
    return next((kind for kind, names in kinds.items() if names.fullmatch(shown.name)), "user")


def number_texts(numbers: Numbers) -> pa.Array:
    """Each number as the shortest decimals that give it back, without exponent and ``.0``; NaN is "".

    >>> number_texts(np.array([12.0, 0.1, 1e-7, float("nan"), -0.0])).to_pylist()
    ['12', '0.1', '0.0000001', '', '0']
    """
    return _spread(numbers, _plain)


def _plain(number: float) -> str:
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    plain = format(Decimal(repr(number)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _spread(numbers: Numbers, text: Callable[[float], str]) -> pa.Array:
    """The text of each distinct number, given to all its records; NaN is ""."""
    distinct, codes = np.unique(numbers, return_inverse=True)
    texts = ["" if number != number else text(float(number)) for number in distinct.tolist()]
    return pa.array(texts, pa.large_string()).take(pa.array(codes.ravel()))


def moment_texts(numbers: Numbers, shown: SasFormat) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Numbers under a format of dates, times or datetimes in ISO 8601; and which are none, left as numbers.

    >>> moment_texts(np.array([23192.0, 0.5]), sas_format("DATE9."))[0].to_pylist()
    ['2023-07-01', '0.5']
    >>> moment_texts(np.array([36610.0, 90000.0]), sas_format("TIME8."))[0].to_pylist()
    ['10:10:10', '25:00:00']
    """
    read = {"date": _date, "datetime": _datetime, "time": _time}[format_kind(shown)]
    distinct, codes = np.unique(numbers, return_inverse=True)
    texts = ["" if number != number else read(float(number), shown) for number in distinct.tolist()]
    wrong = np.array(
        [not text and number == number for text, number in zip(texts, distinct, strict=True)], np.bool_
    )
    texts = [
        text or ("" if number != number else _plain(number))
        for text, number in zip(texts, distinct.tolist(), strict=True)
    ]
    codes = codes.ravel()
    return pa.array(texts, pa.large_string()).take(pa.array(codes)), wrong[codes] if len(wrong) else np.zeros(
        0, np.bool_
    )


def _date(number: float, _: SasFormat) -> str:
    if not number.is_integer() or not _FIRST_DAY <= number <= _LAST_DAY:
        return ""
    return str(np.datetime64("1960-01-01") + np.timedelta64(int(number), "D"))


def _datetime(number: float, shown: SasFormat) -> str:
    if not _FIRST_DAY * 86_400.0 <= number < (_LAST_DAY + 1) * 86_400.0:
        return ""
    day, rest = divmod(round(number * 1000), _DAY)
    date = _date(float(day), shown)
    if not rest and _DATE_ALONE.fullmatch(shown.name):
        return date
    return f"{date}T{_clock(rest, shown)}" if date else ""


def _time(number: float, shown: SasFormat) -> str:
    if not 0 <= number < 1e9:
        return ""
    return _clock(round(number * 1000), shown)


def _clock(moment: int, shown: SasFormat) -> str:
    """Milliseconds as hh:mm:ss, hours beyond a day counted on; without :ss where neither format nor value has them."""
    minutes, rest = divmod(moment, 60_000)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    room = {"TIME": 8, "TOD": 8, "DATETIME": 16}.get(shown.name, 0)
    short = shown.name in ("HHMM", "HOUR") or 0 < shown.width < room
    if rest or not short:
        text += f":{rest // 1000:02}"
    return text + f".{rest % 1000:03}".rstrip("0") if rest % 1000 else text
