"""The model of a clause, and what it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sdtm_il2.errors import NOWHERE, Location

Comparator = Literal["EQ", "NE", "LT", "LE", "GT", "GE", "IN", "NOTIN", "HAS", "MATCHES", "FILLED", "EMPTY"]

#: The comparators that need an order of values.
ORDERED = frozenset({"LT", "LE", "GT", "GE"})


@dataclass(frozen=True, slots=True)
class Condition:
    """``name comparator values``: the name is as written; who evaluates it knows what it names.

    ``values``: one text for EQ NE LT LE GT GE HAS MATCHES, one or more for IN NOTIN, none for FILLED EMPTY.
    ``text`` is the condition as written. ``quoted``: its single value stands in quotes, it is never a name.
    """

    name: str
    comparator: Comparator
    values: tuple[str, ...] = ()
    at: Location = NOWHERE
    text: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """All (or any) of its parts hold. A part is a condition or another clause; no parts: always true."""

    parts: tuple[Condition | Clause, ...]
    any: bool = False


def conditions(clause: Clause) -> Iterator[Condition]:
    """Every condition of a clause, however deep, in the order written.

    >>> inner = Clause((Condition("B", "EQ", ("1",)), Condition("C", "EMPTY")), any=True)
    >>> [one.name for one in conditions(Clause((Condition("A", "FILLED"), inner)))]
    ['A', 'B', 'C']
    """
    for part in clause.parts:
        if isinstance(part, Clause):
            yield from conditions(part)
        else:
            yield part


def names(clause: Clause) -> tuple[str, ...]:
    """The names that a clause tests, each once, in the order written.

    >>> names(Clause((Condition("A", "GE", ("1",)), Condition("B", "FILLED"), Condition("A", "LT", ("9",)))))
    ('A', 'B')
    """
    return tuple(dict.fromkeys(one.name for one in conditions(clause)))


def operands(clause: Clause) -> tuple[str, ...]:
    """The unquoted single values of EQ NE LT LE GT GE: texts that may name a variable, each once.

    >>> started = Condition("AE.AESTDTC", "GE", ("DM.RFXSTDTC",))
    >>> operands(Clause((started, Condition("AESEV", "EQ", ("MILD",), quoted=True))))
    ('DM.RFXSTDTC',)
    """
    comparing = ORDERED | {"EQ", "NE"}
    found = (one for one in conditions(clause) if one.comparator in comparing and not one.quoted)
    return tuple(dict.fromkeys(one.values[0] for one in found))
