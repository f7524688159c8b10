"""Clauses in words, for a reviewer."""

from __future__ import annotations

from collections.abc import Callable

from sdtm_il2.moment import form
from sdtm_il2.where.model import ORDERED, Clause, Condition

_WORDS = {
    "EQ": "is", "NE": "is not", "LT": "is less than", "LE": "is at most", "GT": "is greater than",
    "GE": "is at least", "IN": "is one of", "NOTIN": "is none of", "HAS": "includes",
    "MATCHES": "matches the pattern", "FILLED": "is filled", "EMPTY": "is missing",
}  # fmt: skip
_DATE_WORDS = {"LT": "is before", "LE": "is on or before", "GT": "is after", "GE": "is on or after"}


def describe(clause: Clause, is_date: Callable[[str], bool] | None = None) -> str:
    """A clause in words for a reviewer; ``is_date`` tells names of dates (default: names that end in DTC).

    >>> outcome = Condition("AEOUT", "IN", ("FATAL", "UNKNOWN"))
    >>> serious = Clause((Condition("AESER", "EQ", ("Y",)), outcome), any=True)
    >>> describe(Clause((Condition("AE.AESTDTC", "GE", ("DM.RFXSTDTC",)), serious)))
    'AE.AESTDTC is on or after DM.RFXSTDTC and (AESER is Y or AEOUT is one of FATAL, UNKNOWN)'
    """
    dated = is_date or (lambda name: name.endswith("DTC"))
    if not clause.parts:
        return "always"
    words = []
    for part in clause.parts:
        if isinstance(part, Clause):
            inner = describe(part, is_date)
            words.append(f"({inner})" if len(part.parts) > 1 and len(clause.parts) > 1 else inner)
        else:
            words.append(_describe(part, dated))
    return (" or " if clause.any else " and ").join(words)


def _describe(condition: Condition, is_date: Callable[[str], bool]) -> str:
    comparator, values = condition.comparator, condition.values
    word = _WORDS[comparator]
    if comparator in ("EQ", "NE") and values == ("",):
        word, values = ("is missing" if comparator == "EQ" else "is filled"), ()
    if comparator in ORDERED:
        date = is_date(condition.name) or is_date(values[0]) or form(values[0]) in ("date", "datetime")
        word = _DATE_WORDS[comparator] if date else word
    return f"{condition.name} {word} {', '.join(value or 'missing' for value in values)}".rstrip()
