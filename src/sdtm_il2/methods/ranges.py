"""Reference ranges: collected limits, limits of a table, and LOW, NORMAL or HIGH."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import char, distinct
from sdtm_il2.methods.evaluate import (
    evaluate,
    filled,
    first_filled,
    method,
    number_text,
    where,
)
from sdtm_il2.methods.results import (
    as_written,
    decimal_sign,
    not_done_mask,
    raw_result,
    test_numbers,
    tests_of,
)
from sdtm_il2.methods.view import View
from sdtm_il2.plan.calls import (
    Call,
    Literal,
    VariableRef,
    half_width,
)
from sdtm_il2.plan.number import number
from sdtm_il2.spec.model import RangeRow, TestRow

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_LIMIT = re.compile(rf"\s*(<=|>=|<|>|≤|≥)\s*({_NUMBER})\s*")
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|—|~|to)\s*({_NUMBER})\s*")


@method("limit")
def limit(view: View, call: Call) -> pd.Series:
    """--ORNRLO and --ORNRHI: the column of the limit, or the part of a range such as 3.5-9.5, <5 or >90."""
    side = call.arguments[0]
    assert isinstance(side, Literal)
    table = tests_of(view)
    keep = ~not_done_mask(view)
    if side.text in table.cells:
        return where(view.read(table.cells[side.text]), keep)
    column = view.read(table.cells["range"])
    encoded = distinct(column)
    decimal = decimal_sign(view)
    limits = [range_limits(text, decimal) for text in encoded.values]
    if side.text == "low" and len(column):
        bad = np.array([one is None for one in limits], bool)[encoded.codes] & ~filled(range_term(view))
        view.report("DATA822", bad & keep, column, at=call.at, column=str(table.cells["range"]))
    place = 0 if side.text == "low" else 1
    return where(encoded.spread([one[place] if one is not None else "" for one in limits]), keep)


def range_limits(text: str, decimal: str = ".") -> tuple[str, str] | None:
    """Lower and upper limit of a range as collected, in half-width digits; None if it is none, or runs downwards.

    >>> range_limits("3.5～9.5"), range_limits("<5"), range_limits(""), range_limits("negative")
    (('3.5', '9.5'), ('', '5'), ('', ''), None)
    >>> range_limits("-3.5--1.5"), range_limits("3.5--9.5"), range_limits("9.5-3.5")
    (('-3.5', '-1.5'), None, None)
    """
    written = as_written(text, decimal)
    if not written.strip():
        return "", ""
    both = _RANGE.fullmatch(written)
    if both:
        low, high = both.groups()
        return (low, high) if Decimal(low) <= Decimal(high) else None
    one = _LIMIT.fullmatch(written)
    if one:
        return ("", one.group(2)) if one.group(1) in ("<", "<=", "≤") else (one.group(2), "")
    return None


@method("range_term")
def range_text(view: View, call: Call) -> pd.Series:
    """--STNRC: a range in words, such as negative, as a term of the list that the test's `terms` name."""
    return where(range_term(view), ~not_done_mask(view))


def range_term(view: View) -> pd.Series:
    """The term of a collected range that is no number, through the `terms` of its row."""
    table = tests_of(view)
    encoded, decimal = distinct(view.read(table.cells["range"])), decimal_sign(view)
    words = [text if range_limits(text, decimal) is None else "" for text in encoded.values]
    found = view.texts("")
    for name in sorted({row.terms for row in table.rows if row.terms in table.terms}):
        terms = table.terms[name]
        uses = [terms.find(text) if text else None for text in words]
        rows = np.array([row.terms == name for row in table.rows], bool)
        column = encoded.spread([one.term if one is not None else "" for one in uses])
        found = first_filled([found, where(column, rows[test_numbers(view)])])
    return found


@method("table_limit")
def table_limit(view: View, call: Call) -> pd.Series:
    """--ORNRLO and --ORNRHI from the table of ranges, by test, specimen, sex, age and date, in the result's unit.

    ``age_from`` counts and ``age_to`` does not; both dates count. A result of a test that the table has, without
    a fitting row, is DATA823; with one in another unit only, DATA824.
    """
    side = call.arguments[0]
    assert isinstance(side, Literal)
    columns = [evaluate(view, one) for one in call.arguments[1:]]  # type: ignore[arg-type]
    names = [one.variable if isinstance(one, VariableRef) else "" for one in call.arguments[1:]]
    texts = [number_text(one) if one.dtype == np.float64 else one for one in columns]
    encoded = [distinct(one) for one in texts]
    table, numbers = tests_of(view), test_numbers(view)
    combined = numbers.astype(np.int64)
    for one in encoded:
        combined = pd.factorize(combined * max(len(one.values), 1) + one.codes)[0].astype(np.int64)
    first = np.full(int(combined.max(initial=-1)) + 1, -1, np.int64)
    first[combined[::-1]] = np.arange(len(combined))[::-1]
    domain = view.domain.plan.domain
    limits: list[str] = []
    faults: list[str] = []
    for record in first.tolist():
        facts = {name: one.values[int(one.codes[record])] for name, one in zip(names, encoded, strict=True)}
        row = table.rows[int(numbers[record])]
        low, high, fault = range_of(domain, row, facts, table.ranges)
        limits.append(low if side.text == "low" else high)
        faults.append(fault)
    keep = filled(raw_result(view)) & ~not_done_mask(view)
    if side.text == "low":
        for code in sorted(set(faults) - {""}):
            mask = np.array([*(fault == code for fault in faults), False], bool)[combined]
            view.report(code, mask & keep, at=call.at)
    return where(char(np.array([*limits, ""], dtype=object)[combined]), keep)


def range_of(
    domain: str, row: TestRow, facts: Mapping[str, str], ranges: Sequence[RangeRow]
) -> tuple[str, str, str]:
    """The limits of one test for one subject and date, and the issue where there are none."""
    testcd, specimen = row.variables.get(f"{domain}TESTCD", ""), row.variables.get(f"{domain}SPEC", "")
    unit = facts.get(f"{domain}ORRESU", "")
    known = [one for one in ranges if one.testcd == testcd and one.specimen in ("", specimen)]
    fitting = [one for one in known if _fits(one, facts, facts.get(f"{domain}DTC", "")[:10])]
    if not known:
        return "", "", ""
    if not fitting:
        return "", "", "DATA823"
    same = [one for one in fitting if one.unit in ("", unit)]
    if not same:
        return "", "", "DATA824"
    best = max(same, key=lambda one: (bool(one.specimen), bool(one.sex), bool(one.unit)))
    return best.low, best.high, ""


def _fits(row: RangeRow, facts: Mapping[str, str], date: str) -> bool:
    age, low, high = number(facts.get("AGE", "")), number(row.age_from), number(row.age_to)
    if row.sex and row.sex != facts.get("SEX", ""):
        return False
    if (low is not None and (age is None or age < low)) or (
        high is not None and (age is None or age >= high)
    ):
        return False
    if (row.date_from or row.date_to) and len(date) < 10:
        return False
    return (not row.date_from or date >= row.date_from) and (not row.date_to or date <= row.date_to)


@method("range_indicator")
def range_indicator(view: View, call: Call) -> pd.Series:
    """--NRIND: LOW below the lower limit, HIGH above the upper, else NORMAL; missing without a number or a limit."""
    decimal = decimal_sign(view)
    value, low, high = (_as_numbers(evaluate(view, one), decimal) for one in call.arguments)  # type: ignore[arg-type]
    known = ~np.isnan(value) & ~(np.isnan(low) & np.isnan(high))
    codes = np.where(known, np.where(value < low, 1, np.where(value > high, 2, 3)), 0)
    return char(pa.array(["", "LOW", "HIGH", "NORMAL"], pa.large_string()).take(pa.array(codes)))


def _as_numbers(column: pd.Series, decimal: str) -> npt.NDArray[np.float64]:
    """Numbers as they are, text as the numbers that it is; NaN for any other text."""
    if column.dtype == np.float64:
        return column.to_numpy()
    encoded = distinct(column)
    texts = [
        half_width(text).replace(",", ".") if decimal == "," else half_width(text) for text in encoded.values
    ]
    found = [number(text) for text in texts]
    values = np.array([*(np.nan if one is None else float(one) for one in found), np.nan], np.float64)
    numbers: npt.NDArray[np.float64] = values[encoded.codes]
    return numbers
