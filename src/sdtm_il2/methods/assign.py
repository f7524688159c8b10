"""Collected values and constants: assign, hardcode, template, coalesce, case, copy, tests, decode."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import arrow, char, constant, distinct, take
from sdtm_il2.methods.evaluate import (
    evaluate,
    filled,
    finished,
    first_filled,
    method,
    number_text,
    select_by,
    where,
)
from sdtm_il2.methods.view import View
from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Literal, Options
from sdtm_il2.plan.template import parse_template


@method("assign")
def assign(view: View, call: Call) -> pd.Series:
    """The collected value as collected; a codelist is applied after it, also where names are equal."""
    return evaluate(view, call.arguments[0])  # type: ignore[arg-type]


@method("hardcode")
def hardcode(view: View, call: Call) -> pd.Series:
    """A constant, checked against the codelist when the plan was compiled."""
    return evaluate(view, call.arguments[0])  # type: ignore[arg-type]


@method("characters")
def characters(view: View, call: Call) -> pd.Series:
    """Characters first to last (from 1, both included) of a text."""
    column, first, last = call.arguments
    assert isinstance(first, Literal)
    assert isinstance(last, Literal)
    text = _text(evaluate(view, column))  # type: ignore[arg-type]
    return char(pc.utf8_slice_codeunits(arrow(text), int(first.text) - 1, int(last.text)))


@method("template")
def template(view: View, call: Call) -> pd.Series:
    """Text with columns in it; missing if all its columns are missing."""
    columns = [
        part.text if isinstance(part, Literal) else _text(evaluate(view, part))  # type: ignore[arg-type]
        for part in call.arguments
    ]
    return joined(columns, len(view))


def joined(parts: list[str | pd.Series], records: int) -> pd.Series:
    """Texts and columns one after the other; missing where every column is missing."""
    columns = [part for part in parts if not isinstance(part, str)]
    if not columns:
        return constant("".join(part for part in parts if isinstance(part, str)), records)
    pieces = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else arrow(part) for part in parts]
    text = char(pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string())))
    some = np.zeros(records, bool)
    for column in columns:
        some |= filled(column)
    return where(text, some)


@method("coalesce")
def coalesce(view: View, call: Call) -> pd.Series:
    """The first filled value, record by record."""
    numbers = np.full(len(view), -1, np.int16)
    columns: list[pd.Series] = []
    for number, argument in enumerate(call.arguments):
        left = numbers < 0
        column = evaluate(view.only(left), argument)  # type: ignore[arg-type]
        numbers[left & filled(column)] = number
        columns.append(column)
    view.chose(call, numbers)
    return first_filled(columns)


@method("case")
def case(view: View, call: Call) -> pd.Series:
    """The value of the first branch whose clause holds; a branch that cannot be decided gives no value (METH511)."""
    open_records = np.ones(len(view), bool)
    result: pd.Series | None = None
    numbers = np.full(len(view), -1, np.int16)
    for number, branch in enumerate(call.arguments):
        assert isinstance(branch, BranchCall)
        if branch.when is None:
            chosen = open_records.copy()
        else:
            found = select_by(view, branch.when, silent=True)
            undecided = found.undecided & open_records
            if undecided.any():
                view.report("METH511", undecided, at=branch.when.at)
            chosen = found.holds & open_records
            open_records &= ~undecided
        numbers[chosen] = number
        value = where(evaluate(view.only(chosen), branch.then), chosen)
        result = value if result is None else first_filled([result, value])
        open_records &= ~chosen
    view.chose(call, numbers)
    return result if result is not None else view.texts("")


@method("copy")
def copy(view: View, call: Call) -> pd.Series:
    """This record's value of a variable of the same domain, else the subject's single value in another."""
    return evaluate(view, call.arguments[0])  # type: ignore[arg-type]


@method("tests")
def tests(view: View, call: Call) -> pd.Series:
    """What the tests table says for the record's test; the domain's own line where the cell is empty."""
    name = call.arguments[0]
    assert isinstance(name, Literal)
    column = table_cells(view, name.text, call)
    if len(call.arguments) > 1:
        left = view.only(~filled(column))
        column = first_filled([column, evaluate(left, call.arguments[1])])  # type: ignore[arg-type]
    return column


def table_cells(view: View, name: str, call: Call) -> pd.Series:
    """What the tests table's cells give a variable: their text, or the columns they name through its codelist."""
    table = view.block.plan.tests
    numbers = view.block.test
    assert table is not None
    assert numbers is not None
    cells = [row.variables.get(name, "") for row in table.rows]
    texts = [cell if "{" not in cell else "" for cell in cells]
    column = char(pa.array([*texts, ""], pa.large_string()).take(pa.array(numbers)))
    collected: list[pd.Series] = []
    for number, cell in enumerate(cells):
        if "{" not in cell:
            continue
        parts: list[str | pd.Series] = []
        for part in parse_template(cell):
            if not part.column:
                parts.append(part.text)
                continue
            read = view.read(ColumnRef("", part.column))
            parts.append(
                char(pc.utf8_slice_codeunits(arrow(read), part.first - 1, part.last)) if part.first else read
            )
        collected.append(where(joined(parts, len(view)), numbers == number))
    if collected:
        options = Options(terms=table.terms.get(name))
        mapped = finished(view, Call("tests", options=options, at=call.at), first_filled(collected))
        column = first_filled([column, mapped])
    return column


@method("decode")
def decode(view: View, call: Call) -> pd.Series:
    """The cell of a decode table in the column that is named as the variable."""
    name = call.arguments[0]
    assert isinstance(name, Literal)
    for table, positions in zip(view.block.plan.decode, view.block.tables, strict=True):
        if name.text in table.headers:
            place = table.headers.index(name.text)
            return take(char([row[place] for row in table.rows]), positions)
    raise KeyError(name.text)


@method("paired")
def paired(view: View, call: Call) -> pd.Series:
    """The --TEST that shares its concept with the term of --TESTCD (DATA803 where the lists have none)."""
    encoded = distinct(evaluate(view, call.arguments[0]))  # type: ignore[arg-type]
    pairs = call.options.pairs
    missing = np.array([bool(text) and text not in pairs for text in encoded.values], bool)
    if len(view):
        view.report("DATA803", missing[encoded.codes], encoded.spread(encoded.values), at=call.at)
    return encoded.spread([pairs.get(text, "") for text in encoded.values])


def _text(column: pd.Series) -> pd.Series:
    return number_text(column) if column.dtype == np.float64 else column
