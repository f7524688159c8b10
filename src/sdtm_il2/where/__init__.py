"""Clauses: which records are meant. One type serves raw selection, `when`, value level and Define-XML.

A clause is ``NAME COMPARATOR VALUE``; a list of clauses holds if all do, ``{any: [..]}`` if any does. It is
true, false or undecided (a partial date, a text where a number is wanted), and the three combine as one
expects: false and undecided is false, true or undecided is true. `where.evaluate` does so on columns, and is
imported by who has columns: clauses are read and said in words without pandas.
"""

from sdtm_il2.where.describe import describe, orders_dates
from sdtm_il2.where.model import (
    Clause,
    Comparator,
    Condition,
    conditions,
    names,
    operands,
)
from sdtm_il2.where.read import Placed, Written, parse_clause, resolve_names

__all__ = [
    "Clause",
    "Comparator",
    "Condition",
    "Placed",
    "Written",
    "conditions",
    "describe",
    "names",
    "operands",
    "orders_dates",
    "parse_clause",
    "resolve_names",
]
