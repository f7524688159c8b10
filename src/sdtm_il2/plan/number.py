"""Text as exact decimals, and decimals as text."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
#: As Define-XML writes integers and floats: no exponent, no plus (+1 is a grade), no leading zeros (007 is a code).
_PLAIN = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)")
#: Powers of ten between which a numeric variable of a submission can lie (XPORT: 5.4E-79 to 7.2E75).
_LEAST, _MOST = -78, 74


def number(text: str) -> Decimal | None:
    """The decimal that a text is; None if it is none, or one that no numeric variable can hold.

    >>> number(" 1.50 "), number("<0.5"), number("1:320"), number("1e400")
    (Decimal('1.50'), None, None, None)
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text)
    return value if not value or _LEAST <= value.adjusted() <= _MOST else None


def natural(text: str) -> tuple[int, Decimal, str]:
    """What sorts texts as a reader does: none first, then numbers as numbers, then other texts by code point.

    >>> sorted(["b", "10", "9", "", "a"], key=natural)
    ['', '9', '10', 'a', 'b']
    """
    value = number(text)
    return (1, value, text) if value is not None else (2 if text else 0, Decimal(0), text)


def written_plain(text: str) -> bool:
    """Whether a text is a number as the types integer and float have it; a code, a grade or an exponent is text.

    >>> written_plain("-0.50"), written_plain("1E5"), written_plain("+1"), written_plain("007")
    (True, False, False, False)
    """
    return _PLAIN.fullmatch(text.strip()) is not None


def plain(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros.

    >>> plain(Decimal("14.00")), plain(Decimal("1E+2")), plain(Decimal("-0.0"))
    ('14', '100', '0')
    """
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
