"""Numbers of Excel as text: what a number format makes of them is kept, float noise is not.

A cell under a date format becomes ISO 8601 text with the parts that the format shows, and with more only
where the stored value has them: ``2024-05`` under ``mmm-yy`` if the day is the first (Excel stores it so),
``10:10`` under ``h:mm`` if no seconds are stored. All else becomes the number in plain decimals.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

_DAY: Final = 86_400_000  # milliseconds
_FIRST: Final = dt.date(1899, 12, 31)  # serial 0 before the day that never was, 1900-02-29
_LAST: Final = 2_958_465  # 9999-12-31
_SHIFT_1904: Final = 1462

_TOKEN: Final = re.compile(
    r'"[^"]*"?|\\.|_.|\*.|General|G/通用格式|AM/PM|A/P|上午/下午|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]'
    r"|(?P<exponent>e[+-])|(?P<part>y+|m+|d+|h+|s+|e+|b+|g+)|(?P<fraction>\.0+)|(?P<digit>[0#?])|.",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What a number format shows: ``shown`` of the letters y m d h i (minutes) s; "" if it is no date format.

    ``elapsed`` counts hours beyond a day; ``digits`` is the width that leading zeros fill, 0 for none; ``beside``
    is what else is shown of a number: a percent sign, a text in quotes, thousands left out.
    """

    shown: str = ""
    elapsed: bool = False
    digits: int = 0
    beside: str = ""


@lru_cache(maxsize=4096)
def number_format(code: str) -> NumberFormat:
    """What the code of a number format shows of a positive number.

    >>> number_format('[$-804]yyyy"年"m"月"d"日"').shown, number_format("h:mm").shown, number_format("0.00").shown
    ('ymd', 'hi', '')
    >>> number_format("000")
    NumberFormat(shown='', elapsed=False, digits=3, beside='')
    >>> number_format('"<"0.0').beside, number_format("0.0%").beside, number_format("0.0,").beside
    ('<', '%', 'thousands')
    """
    parts: list[str] = []
    elapsed = number = False
    for match in _TOKEN.finditer(code):
        if match[0] == ";":
            break
        if match["elapsed"]:
            elapsed, part = True, match["elapsed"][0].lower()
            parts.append("i" if part == "m" else part)
        elif match["part"]:
            part = match["part"][0].lower()
            if part == "m" and any(one in "hs" for one in parts[-1:]) and "i" not in parts:
                part = "i"
            if part == "s" and parts[-1:] == ["m"] and "i" not in parts:
                parts[-1] = "i"
            parts.append("y" if part in "ebg" else part)
        elif match["exponent"]:
            number = True
        elif match["fraction"]:
            number = number or parts[-1:] != ["s"]
        elif match["digit"]:
            number = True
    if number:
        zeros = code.partition(";")[0]
        return NumberFormat(
            digits=len(zeros) if re.fullmatch("0{2,}", zeros) else 0, beside=_beside(_first_section(code))
        )
    return NumberFormat("".join(one for one in "ymdhis" if one in parts), elapsed)


def _first_section(code: str) -> str:
    """What a format says of positive numbers."""
    for match in _TOKEN.finditer(code):
        if match[0] == ";":
            return code[: match.start()]
    return code


def _beside(section: str) -> str:
    texts: list[str] = []
    for match in _TOKEN.finditer(section):
        if match[0] == "%" or match[0][:1] in ('"', "\\"):
            texts.append(match[0].strip('"').removeprefix("\\"))
    beside = "".join(texts).strip()
    return beside or ("thousands" if re.search(r"[0#?],+(?![0#?,])", section) else "")


def plain_number(text: str) -> str:
    """A stored number as Excel shows it in full: at most 15 digits, plain decimals, no ``.0``.

    Whole numbers that are stored digit by digit stay as they are. ValueError if the text is no finite number.

    >>> plain_number("12.0"), plain_number("0.30000000000000004"), plain_number("1E-3"), plain_number("1e20")
    ('12', '0.3', '0.001', '100000000000000000000')
    """
    if re.fullmatch("-?[0-9]{1,40}", text):
        return str(int(text))
    number = float(text)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is no finite number")
    if abs(number) >= 1e15 and number.is_integer():
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    plain = format(Decimal(f"{number:.15g}"), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def cell_text(text: str, shown: NumberFormat, *, date1904: bool) -> str:
    """The text of a number under its format; "" if it is under a date format and is no date there.

    >>> date = number_format("yyyy/m/d h:mm")
    >>> cell_text("45413.42361111111", date, date1904=False), cell_text("-1", date, date1904=False)
    ('2024-05-01T10:10', '')
    """
    if not shown.shown:
        plain = plain_number(text)
        return plain.zfill(shown.digits) if plain.isdecimal() else plain
    number = float(text)
    if not 0 <= number <= _LAST + 1:
        return ""
    moment = round(number * _DAY)
    if shown.elapsed:
        return _clock(moment, seconds=True)
    day, rest = divmod(moment, _DAY)
    if not day and not any(one in "ymd" for one in shown.shown):
        return _clock(rest, seconds="s" in shown.shown)
    if date1904:
        day += _SHIFT_1904
    if not 1 <= day <= _LAST or day == 60:  # serial 60 is 29 February 1900, a day that never was
        return ""
    date = _FIRST + dt.timedelta(day - (day > 60))
    if rest or any(one in "his" for one in shown.shown):
        return f"{date.isoformat()}T{_clock(rest, seconds='s' in shown.shown)}"
    if shown.shown == "y" and (date.month, date.day) == (1, 1):
        return f"{date.year:04}"
    if shown.shown == "ym" and date.day == 1:
        return f"{date.year:04}-{date.month:02}"
    return date.isoformat()


def _clock(moment: int, *, seconds: bool) -> str:
    """Milliseconds as hh:mm, with :ss where it is asked for or is not zero."""
    minutes, rest = divmod(moment, 60_000)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    if seconds or rest:
        text += f":{rest // 1000:02}"
    return text + f".{rest % 1000:03}".rstrip("0") if rest % 1000 else text
