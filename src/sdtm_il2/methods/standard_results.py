"""Standard results: terms, units and numbers made from the original results."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import char, distinct, take
from sdtm_il2.methods.conversion import NO_TERM, Conversion, conversion
from sdtm_il2.methods.evaluate import (
    evaluate,
    filled,
    first_filled,
    method,
    replaced,
)
from sdtm_il2.methods.results import as_written, decimal_sign, number_of_form, test_numbers
from sdtm_il2.methods.view import View
from sdtm_il2.plan.calls import (
    Call,
    Operand,
    TermMap,
    TermVia,
)
from sdtm_il2.plan.number import number, plain
from sdtm_il2.spec.model import TestRow

_SIGN = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*(\S.*)", re.DOTALL)


@method("standard_text")
def standard_text(view: View, call: Call) -> pd.Series:
    """--STRESC: the result through the test's terms or converted to the standard unit, else as collected."""
    return _convert(view, call, numeric=False)


@method("standard_number")
def standard_number(view: View, call: Call) -> pd.Series:
    """--STRESN, --STNRLO, --STNRHI: the number in the standard unit; missing where the result is no number."""
    text = _convert(view, call, numeric=True)
    encoded = distinct(text)
    values = np.array([float(one) if one else np.nan for one in encoded.values], np.float64)
    return pd.Series(values[encoded.codes] if len(text) else np.empty(0, np.float64))


@method("standard_unit")
def standard_unit(view: View, call: Call) -> pd.Series:
    """--STRESU: the unit that the tests table states, else the original unit; missing where no factor is known."""
    original = _original_unit(view, call.arguments[0])  # type: ignore[arg-type]
    combined = _by_unit(view, original)
    units = [
        ""
        if conversion is None
        else (row.standard_unit if row is not None and row.standard_unit and unit_text else unit_text)
        for row, unit_text, conversion in combined.parts
    ]
    return char(np.array([*units, ""], dtype=object)[combined.codes])


@dataclass(frozen=True, slots=True)
class _Combined:
    """Distinct pairs of test and unit with their conversion; None: no factor is known."""

    codes: npt.NDArray[np.int64]
    parts: list[tuple[TestRow | None, str, Conversion | None]]


def _by_unit(view: View, original: pd.Series) -> _Combined:
    table = view.block.plan.tests
    units = distinct(original)
    numbers = view.block.test if view.block.test is not None else np.zeros(len(view), np.int32)
    pairs = numbers.astype(np.int64) * max(len(units.values), 1) + units.codes
    codes, keys = pd.factorize(pairs)
    parts: list[tuple[TestRow | None, str, Conversion | None]] = []
    for key in keys.tolist():
        row = table.rows[key // len(units.values)] if table is not None else None
        text = units.values[key % len(units.values)]
        parts.append(
            (
                row,
                text,
                conversion(view.domain.plan.domain, row, text, table.units if table is not None else ()),
            )
        )
    return _Combined(codes.astype(np.int64), parts)


def _original_unit(view: View, operand: Operand) -> pd.Series:
    """--ORRESU, with NO_TERM where a unit was collected and matched no term."""
    column = evaluate(view, operand)
    name = f"{view.domain.plan.domain}ORRESU"
    lost = view.domain.unmatched.get((name, view.index))
    column = column if lost is None else replaced(column, lost & ~filled(column), NO_TERM)
    # a result that is empty or a word has no unit, but the limits beside it are in one
    return first_filled([column, _unit_of_limits(view)]) if view.variable[2:6] == "STNR" else column


def _unit_of_limits(view: View) -> pd.Series:
    """The unit in which a range was reported, whatever the result is: the collected one, else that of the table."""
    table = view.block.plan.tests
    if table is None:
        return view.texts("")
    stated = [row.variables.get(f"{view.domain.plan.domain}ORRESU", "") for row in table.rows]
    constants = char(["" if "{" in cell else cell for cell in [*stated, ""]])
    by_table = take(constants, test_numbers(view).astype(np.int64))
    terms = table.terms.get(":unit")
    if "unit" not in table.cells or terms is None:
        return by_table
    collected = distinct(view.read(table.cells["unit"]))
    found = [terms.find(text) if text.strip() else None for text in collected.values]
    units = [
        one.term if one is not None else NO_TERM if text.strip() else ""
        for one, text in zip(found, collected.values, strict=True)
    ]
    return first_filled([collected.spread(units), by_table])


def _convert(view: View, call: Call, *, numeric: bool) -> pd.Series:
    """The distinct (test, unit, text) triples converted, then spread."""
    texts_column = evaluate(view, call.arguments[0])  # type: ignore[arg-type]
    original = _original_unit(view, call.arguments[1]) if len(call.arguments) > 1 else view.texts("")  # type: ignore[arg-type]
    combined, texts = _by_unit(view, original), distinct(texts_column)
    table = view.block.plan.tests
    decimal = decimal_sign(view)
    triples = combined.codes * max(len(texts.values), 1) + texts.codes
    codes, keys = pd.factorize(triples)
    results: list[str] = []
    unknown: list[str] = []
    unmatched: list[TermMap | None] = []
    uses: list[tuple[str, str, str] | None] = []
    unread: list[bool] = []
    no_titer: list[bool] = []
    for key in keys.tolist():
        row, unit_text, conversion_ = combined.parts[key // len(texts.values)]
        text = texts.values[key % len(texts.values)]
        terms = table.terms.get(row.terms) if table is not None and row is not None and row.terms else None
        value: str = text
        outside: TermMap | None = None
        found: TermVia | None = None
        digits = False
        forms = row.forms if row is not None else ()
        if (terms is not None or forms) and text.strip():
            found = terms.find(text) if terms is not None else None
            if found is not None:
                value, conversion_ = found.term, Conversion()  # a term has no unit
            elif as_number := number_of_form(text, forms, decimal):
                value = as_number
            else:
                outside = terms
                # without a list words stay as collected, but digits that are no titer are no result to count with
                digits = terms is None and any(one.isnumeric() for one in text)
                value = "" if terms is not None or digits else text
        unmatched.append(outside)
        no_titer.append(digits)
        uses.append((text, found.term, found.via) if found is not None else None)
        unknown.append(unit_text if conversion_ is None and value else "")
        found_ = _one(value, conversion_, decimal, numeric=numeric) if conversion_ is not None else ""
        unread.append(found_ is None)
        results.append(found_ or "")
    if len(codes) and view.variable.endswith("STRESC"):
        view.count_terms(uses, codes)
        # one issue a unit and a list, so that the same ones come out of any partition
        for one in sorted(set(unknown) - {""}):
            mask = np.array([text == one for text in unknown], bool)[codes]
            view.report("DATA821", mask, original, at=call.at, units=one)
        view.report("DATA825", np.array([*unread, False], bool)[codes], texts_column, at=call.at)
        view.report("DATA830", np.array([*no_titer, False], bool)[codes], texts_column, at=call.at)
        lists = {terms.name: terms for terms in unmatched if terms is not None}
        for name, terms in sorted(lists.items()):
            mask = np.array([other is not None and other.name == name for other in unmatched], bool)[codes]
            code = "DATA802" if terms.extensible else "DATA801"
            view.report(code, mask, texts_column, at=terms.at, codelist=name)
    return char(np.array([*results, ""], dtype=object)[codes])


def _one(text: str, conversion_: Conversion, decimal: str, *, numeric: bool) -> str | None:
    """The standard result of one text; None where digits in an unknown shape would have to be converted."""
    written = as_written(text, decimal)
    value = number(written)
    if value is not None:
        return plain(conversion_.apply(value)) if numeric or conversion_.changed else written
    if numeric:
        return ""
    if not conversion_.changed:
        return text
    bounded = _SIGN.fullmatch(written)
    limit = number(bounded.group(2)) if bounded else None
    if bounded and limit is not None:
        return bounded.group(1) + plain(conversion_.apply(limit))
    return None if any(one.isnumeric() for one in written) else text


@method("number_of")
def number_of(view: View, call: Call) -> pd.Series:
    """The number that a text is; missing where it is none, which a result such as <0.5 may be."""
    encoded = distinct(evaluate(view, call.arguments[0]))  # type: ignore[arg-type]
    decimal = decimal_sign(view)
    values = [number(as_written(text, decimal)) for text in encoded.values]
    numbers = np.array([*(np.nan if one is None else float(one) for one in values), np.nan], np.float64)
    return pd.Series(numbers[encoded.codes])
