"""Clauses in words, for a reviewer."""

from __future__ import annotations

from collections.abc import Callable

from sdtm_il2.bilingual import Language, Phrases, phrases
from sdtm_il2.moment import form
from sdtm_il2.where.model import ORDERED, Clause, Condition, conditions


def _named_date(name: str) -> bool:
    return name.endswith("DTC")


def orders_dates(clause: Clause) -> bool:
    """Whether a clause asks which of two dates is earlier, which a partial date may leave open.

    >>> orders_dates(Clause((Condition("AESTDTC", "GE", ("DM.RFXSTDTC",)),)))
    True
    >>> orders_dates(Clause((Condition("AESTDTC", "FILLED"), Condition("AGE", "GE", ("18",)))))
    False
    """
    return any(_orders_dates(one, _named_date) for one in conditions(clause))


def describe(clause: Clause, is_date: Callable[[str], bool] | None = None, language: Language = "en") -> str:
    """A clause in words for a reviewer; ``is_date`` tells names of dates (default: names that end in DTC).

    >>> outcome = Condition("AEOUT", "IN", ("FATAL", "UNKNOWN"))
    >>> serious = Clause((Condition("AESER", "EQ", ("Y",)), outcome), any=True)
    >>> clause = Clause((Condition("AE.AESTDTC", "GE", ("DM.RFXSTDTC",)), serious))
    >>> describe(clause)
    'AE.AESTDTC is on or after DM.RFXSTDTC and (AESER is Y or AEOUT is one of FATAL, UNKNOWN)'
    >>> describe(clause, language="zh")
    'AE.AESTDTC不早于DM.RFXSTDTC且（AESER为Y或AEOUT为FATAL、UNKNOWN之一）'
    """
    return _clause(clause, is_date or _named_date, phrases(language))


def _clause(clause: Clause, is_date: Callable[[str], bool], told: Phrases) -> str:
    if not clause.parts:
        return told.say("where_always")
    words = []
    for part in clause.parts:
        if isinstance(part, Clause):
            inner = _clause(part, is_date, told)
            several = len(part.parts) > 1 and len(clause.parts) > 1
            words.append(told.say("where_group", words=inner) if several else inner)
        else:
            words.append(_condition(part, is_date, told))
    return told.say("where_or" if clause.any else "where_and").join(words)


def _condition(condition: Condition, is_date: Callable[[str], bool], told: Phrases) -> str:
    comparator, values = condition.comparator, condition.values
    key = f"where_{comparator}"
    if comparator in ("EQ", "NE") and values == ("",):
        key = "where_EMPTY" if comparator == "EQ" else "where_FILLED"
    elif _orders_dates(condition, is_date):
        key = f"where_date_{comparator}"
    shown = told.say("comma").join(value or told.say("missing") for value in values)
    return told.say(key, name=condition.name, values=shown)


def _orders_dates(condition: Condition, is_date: Callable[[str], bool]) -> bool:
    values = condition.values
    return condition.comparator in ORDERED and (
        is_date(condition.name) or is_date(values[0]) or form(values[0]) in ("date", "datetime")
    )
