"""Text as exact decimals, and decimals as text."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
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


def plain(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros.

    >>> plain(Decimal("14.00")), plain(Decimal("1E+2")), plain(Decimal("-0.0"))
    ('14', '100', '0')
    """
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
