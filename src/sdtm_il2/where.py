"""Clauses: which records are meant. One type serves raw selection, `when`, value level and Define-XML.

Skeleton of the model; parsing and evaluation follow in this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sdtm_il2.errors import NOWHERE, Location

Comparator = Literal[
    "EQ", "NE", "LT", "LE", "GT", "GE", "IN", "NOTIN", "HAS", "MATCHES", "FILLED", "EMPTY"
]


@dataclass(frozen=True, slots=True)
class Condition:
    """``name comparator values``: the name is as written; who evaluates it knows what it names.

    ``values`` has one text for EQ NE LT LE GT GE HAS MATCHES, one or more for IN NOTIN, none for FILLED EMPTY.
    """

    name: str
    comparator: Comparator
    values: tuple[str, ...] = ()
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Clause:
    """All (or any) of its parts hold. A part is a condition or another clause; no parts: always true."""

    parts: tuple[Condition | Clause, ...]
    any: bool = False
