"""Text as exact decimals, and decimals as text."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def number(text: str) -> Decimal | None:
    """The decimal that a text is; None if it is none.

    >>> number(" 1.50 "), number("<0.5"), number("1:320"), number("")
    (Decimal('1.50'), None, None, None)
    """
    return Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) else None


def plain(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros.

    >>> plain(Decimal("14.00")), plain(Decimal("1E+2")), plain(Decimal("-0.0"))
    ('14', '100', '0')
    """
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
