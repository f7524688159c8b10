"""Clauses evaluated on the distinct values of columns, in three values: true, false, undecided."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.iso8601 import OrderComparator, decide, distinct
from sdtm_il2.where.model import ORDERED, Clause, Comparator, Condition

_MEMBERS = re.compile(r"[,;、|，；]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

Lookup: TypeAlias = "Callable[[str], pd.Series[Any]]"
LookupValue: TypeAlias = "Callable[[str], pd.Series[Any] | None]"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """For each record: does the clause hold (``mask``), and can that not be known (``undecided``)?

    No record is in both.
    """

    mask: npt.NDArray[np.bool_]
    undecided: npt.NDArray[np.bool_]


def evaluate(
    clause: Clause,
    lookup: Lookup,
    *,
    is_date: Callable[[str], bool],
    lookup_value: LookupValue | None = None,
    records: int | None = None,
) -> Evaluated:
    """Which records a clause selects, and for which that cannot be known.

    ``lookup`` gives the column of a name (text, or float64). ``lookup_value`` gives the column of a value
    that names a variable, None for a plain text; values in quotes are never asked for. EQ NE IN NOTIN compare
    text after trimming, case counts; a number is compared as a number. LT LE GT GE compare ISO 8601 dates
    where ``is_date`` says so of either side, else decimal numbers; an empty operand is false, one that is
    neither date nor number is undecided, and so are partial dates as `iso8601.decide` says. ``records`` is
    needed for a clause without parts only, which holds everywhere.

    >>> frame = pd.DataFrame({"SEX": ["F", "M ", ""], "AGE": [54.0, 17.0, float("nan")]})
    >>> clause = Clause((Condition("SEX", "FILLED"), Condition("AGE", "GE", ("18",))))
    >>> evaluate(clause, frame.__getitem__, is_date=lambda name: name.endswith("DTC")).mask.tolist()
    [True, False, False]
    """
    if not clause.parts:
        if records is None:
            raise ValueError("a clause without parts needs the number of records")
        return Evaluated(np.ones(records, dtype=bool), np.zeros(records, dtype=bool))
    found = [
        evaluate(part, lookup, is_date=is_date, lookup_value=lookup_value, records=records)
        if isinstance(part, Clause)
        else _evaluate(part, lookup, is_date, lookup_value)
        for part in clause.parts
    ]
    holds = [part.mask for part in found]
    if clause.any:
        mask = np.logical_or.reduce(holds)
        return Evaluated(mask, np.logical_or.reduce([part.undecided for part in found]) & ~mask)
    mask = np.logical_and.reduce(holds)
    possible = np.logical_and.reduce([part.mask | part.undecided for part in found])
    return Evaluated(mask, possible & ~mask)


def _evaluate(
    condition: Condition, lookup: Lookup, is_date: Callable[[str], bool], lookup_value: LookupValue | None
) -> Evaluated:
    column = lookup(condition.name)
    comparator, values = condition.comparator, condition.values
    other = None
    if lookup_value and len(values) == 1 and not condition.quoted and comparator not in ("HAS", "MATCHES"):
        other = lookup_value(values[0])
    if comparator in ORDERED:
        order = cast(OrderComparator, comparator)
        dates = is_date(condition.name) or (other is not None and is_date(values[0]))
        right = values[0].strip() if other is None else other
        if dates and not _numeric(column) and (isinstance(right, str) or not _numeric(right)):
            return Evaluated(*decide(column, order, right))
        return _ordered(column, order, right)
    if other is not None:
        mask = _equal(column, other)
        return _decided(~mask if comparator in ("NE", "NOTIN") else mask)
    if _numeric(column) and comparator not in ("HAS", "MATCHES"):
        return _decided(_test_numbers(column.to_numpy(dtype=np.float64), comparator, values))
    codes, texts = distinct(column)
    test = _test_of(comparator, values)
    return _decided(np.array([test(text.strip()) for text in texts], dtype=bool)[codes])


def _decided(mask: npt.NDArray[np.bool_]) -> Evaluated:
    return Evaluated(mask, np.zeros(len(mask), dtype=bool))


def _numeric(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def _test_of(comparator: Comparator, values: tuple[str, ...]) -> Callable[[str], bool]:
    """The test of one trimmed text against constants."""
    wanted = frozenset(value.strip() for value in values)
    if comparator in ("EQ", "IN"):
        return wanted.__contains__
    if comparator in ("NE", "NOTIN"):
        return lambda text: text not in wanted
    if comparator == "FILLED":
        return bool
    if comparator == "EMPTY":
        return lambda text: not text
    (value,) = wanted
    if comparator == "HAS":
        return lambda text: value in (member.strip() for member in _MEMBERS.split(text))
    signs = {"*": ".*", "?": "."}
    pattern = re.compile("".join(signs.get(sign) or re.escape(sign) for sign in value), re.DOTALL)
    return lambda text: pattern.fullmatch(text) is not None


def _test_numbers(
    numbers: npt.NDArray[np.float64], comparator: Comparator, values: tuple[str, ...]
) -> npt.NDArray[np.bool_]:
    missing = np.isnan(numbers)
    if comparator in ("FILLED", "EMPTY"):
        return missing if comparator == "EMPTY" else ~missing
    found = np.isin(numbers, [_number(value) for value in values])
    if any(not value.strip() for value in values):
        found |= missing
    return ~found if comparator in ("NE", "NOTIN") else found


def _number(text: str) -> float:
    """The decimal number that a text is, NaN if it is none."""
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else np.nan


def _numbers(column: pd.Series[Any] | str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The numbers of a column (or of one text), and where it is filled."""
    if isinstance(column, str):
        return np.array([_number(column)]), np.array([bool(column)])
    if _numeric(column):
        numbers = column.to_numpy(dtype=np.float64)
        return numbers, ~np.isnan(numbers)
    codes, texts = distinct(column)
    numbers = np.array([_number(text) for text in texts], dtype=np.float64)[codes]
    return numbers, np.array([bool(text.strip()) for text in texts], dtype=bool)[codes]


def _ordered(column: pd.Series[Any], comparator: OrderComparator, other: pd.Series[Any] | str) -> Evaluated:
    left, left_filled = _numbers(column)
    right, right_filled = _numbers(other)
    compared = {"LT": np.less, "LE": np.less_equal, "GT": np.greater, "GE": np.greater_equal}
    mask = np.asarray(compared[comparator](left, right), dtype=bool)
    unknown = (np.isnan(left) | np.isnan(right)) & left_filled & right_filled
    return Evaluated(mask, np.asarray(unknown, dtype=bool))


def _equal(left: pd.Series[Any], right: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Equal values of two columns: as numbers if either holds numbers, else as text; missing is missing."""
    if _numeric(left) or _numeric(right):
        (one, one_filled), (other, other_filled) = _numbers(left), _numbers(right)
        return np.asarray((one == other) | (~one_filled & ~other_filled), dtype=bool)
    (left_codes, left_texts), (right_codes, right_texts) = distinct(left), distinct(right)
    numbers: dict[str, int] = {}
    sides = [
        np.array([numbers.setdefault(text.strip(), len(numbers)) for text in texts], dtype=np.int64)[codes]
        for codes, texts in ((left_codes, left_texts), (right_codes, right_texts))
    ]
    return np.asarray(sides[0] == sides[1], dtype=bool)
