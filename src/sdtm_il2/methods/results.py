"""Collected results of findings: the raw cell, its unit, NOT DONE, and what the laboratory reports itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, constant, distinct, take
from sdtm_il2.methods.assign import table_cells
from sdtm_il2.methods.evaluate import (
    evaluate,
    filled,
    finished,
    first_filled,
    method,
    select_by,
    where,
)
from sdtm_il2.methods.view import Mask, View
from sdtm_il2.plan.blocks import TestsPlan
from sdtm_il2.plan.calls import (
    Call,
    ColumnRef,
    Literal,
    Options,
    half_width,
)
from sdtm_il2.plan.number import plain
from sdtm_il2.spec.model import TestRow

_SIGN = r"(<=|>=|<|>|≤|≥)?"
_BOUNDED = re.compile(rf"\s*{_SIGN}\s*[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?\s*")
#: A titre: 1:320, also <1:10 and 1:>1280; ∶ is the ratio sign of Chinese reports.
_TITER = re.compile(rf"\s*{_SIGN}\s*1\s*[:∶]\s*{_SIGN}\s*([0-9]+(?:\.[0-9]+)?)\s*")


@method("result")
def result(view: View, call: Call) -> pd.Series:
    """--ORRES: the result as collected; empty where NOT DONE. An empty result that is not called so is METH514."""
    column, missing = raw_result(view), not_done_mask(view)
    view.report("METH514", ~filled(column) & ~missing, at=call.at)
    return where(column, ~missing)


def raw_result(view: View) -> pd.Series:
    """The cell that holds each record's result: one column (long), or the column of the record's test (wide)."""
    table = tests_of(view)
    if "result" in table.cells:
        return view.read(table.cells["result"])
    return by_test(view, lambda row: view.read(ColumnRef("", row.column)))


def by_test(view: View, read: Callable[[TestRow], pd.Series]) -> pd.Series:
    """For each record what its own row of the tests table reads."""
    table, numbers = tests_of(view), test_numbers(view)
    pieces: list[pa.Array] = []
    order: list[npt.NDArray[np.intp]] = []
    for place, row in enumerate(table.rows):
        records = np.flatnonzero(numbers == place)
        if len(records):
            pieces.append(arrow(take(read(row), records.astype(np.int64))))
            order.append(records)
    if not pieces:
        return view.texts("")
    whole = pa.chunked_array(pieces).combine_chunks()
    back = np.empty(len(whole), np.int64)
    back[np.concatenate(order)] = np.arange(len(whole))
    return char(whole.take(pa.array(back)))


@method("unit")
def unit(view: View, call: Call) -> pd.Series:
    """--ORRESU: the collected unit as a term of UNIT, else the table's; empty without a result."""
    table = tests_of(view)
    name = f"{view.domain.plan.domain}ORRESU"
    stated = where(table_cells(view, name, call), ~_worded(view))
    columns = [stated]
    if "unit" in table.cells:
        collected = view.read(table.cells["unit"])
        mapped = finished(
            view, Call("unit", options=Options(terms=table.terms.get(":unit")), at=call.at), collected
        )
        # the table's unit fills an empty cell, never one that no term matches
        columns = [mapped, where(stated, ~filled(collected))]
    return where(first_filled(columns), filled(raw_result(view)) & ~not_done_mask(view))


def _worded(view: View) -> Mask:
    """Results in words of a test whose `terms` also take numbers: the table's unit stands beside the numbers only."""
    table = tests_of(view)
    words = np.zeros(len(view), bool)
    mixed = sorted({row.forms for row in table.rows if row.forms})
    if not mixed:
        return words
    encoded, decimal = distinct(raw_result(view)), decimal_sign(view)
    for forms in mixed:
        worded = [not number_of_form(text, forms, decimal) for text in encoded.values]
        rows = np.array([row.forms == forms for row in table.rows], bool)
        words |= np.array([*worded, False], bool)[encoded.codes] & rows[test_numbers(view)]
    return words


def number_of_form(text: str, forms: tuple[str, ...], decimal: str) -> str:
    """The number that a result is in one of the forms, with its sign; "" if it is none.

    A ``titer`` 1:320 is its reciprocal 320, in half-width digits; nothing is diluted to 1:0, so that is none.

    >>> number_of_form("<20", ("number",), "."), number_of_form("<1:10", ("titer",), ".")
    ('<20', '<10')
    >>> number_of_form("+", ("titer", "number"), "."), number_of_form("1:0", ("titer",), ".")
    ('', '')
    """
    written = as_written(text, decimal)
    titer = _TITER.fullmatch(written) if "titer" in forms else None
    if titer is not None and not (titer[1] and titer[2]) and Decimal(titer[3]):
        return (titer[1] or titer[2] or "") + plain(Decimal(titer[3]))
    bounded = _BOUNDED.fullmatch(written) if "number" in forms else None
    return written.strip() if bounded is not None else ""


def not_done_mask(view: View) -> Mask:
    """Which records the specification calls NOT DONE."""
    table, numbers = tests_of(view), test_numbers(view)
    mask = np.zeros(len(view), bool)
    if table.not_done is not None:
        mask |= select_by(view, table.not_done).holds
    for place, test in enumerate(table.row_not_done):
        if test is not None:
            mask |= select_by(view, test).holds & (numbers == place)
    return mask


@method("not_done")
def not_done(view: View, call: Call) -> pd.Series:
    """--STAT: NOT DONE where the specification says so."""
    return where(constant("NOT DONE", len(view)), not_done_mask(view))


@method("reason_not_done")
def reason_not_done(view: View, call: Call) -> pd.Series:
    """--REASND: why a test was not done."""
    table, numbers = tests_of(view), test_numbers(view)
    parts = [view.texts("")]
    for place, reason in enumerate(table.row_reasons):
        if reason is not None:
            parts.append(where(evaluate(view, reason), numbers == place))
    if table.reason is not None:
        parts.append(evaluate(view, table.reason))
    return where(first_filled(parts), not_done_mask(view))


@method("indicator")
def indicator(view: View, call: Call) -> pd.Series:
    """--NRIND as the laboratory reports it, through its codelist."""
    table = tests_of(view)
    column = view.read(table.cells["indicator"])
    mapped = finished(
        view, Call("indicator", options=Options(terms=table.terms.get(":indicator")), at=call.at), column
    )
    return where(mapped, ~not_done_mask(view))


@method("standard_cell")
def standard_cell(view: View, call: Call) -> pd.Series:
    """A standard result, unit or limit as the laboratory reports it; the unit through its list."""
    name = call.arguments[0]
    assert isinstance(name, Literal)
    table = tests_of(view)
    column = view.read(table.cells[name.text])
    if name.text == "standard unit":
        options = Options(terms=table.terms.get(":unit"))
        column = finished(view, Call("standard_cell", options=options, at=call.at), column)
    return where(column, ~not_done_mask(view))


def decimal_sign(view: View) -> str:
    """The sign before the decimals of the block's source."""
    if view.block.plan.dataset:
        return "."
    return view.partition.plan.source(view.block.plan.source).decimal or "."


def tests_of(view: View) -> TestsPlan:
    """The tests table of a block that has one."""
    table = view.block.plan.tests
    assert table is not None
    return table


def test_numbers(view: View) -> npt.NDArray[np.int32]:
    """The row of the tests table that each record is."""
    numbers = view.block.test
    assert numbers is not None
    return numbers


def as_written(text: str, decimal: str) -> str:
    """A text with half-width digits and signs, a hyphen for the sign minus, and a point before the decimals."""
    text = half_width(text).replace("−", "-")
    return text.replace(",", ".") if decimal == "," else text
