"""Evaluate a rule in the records of one block: the method, then text, terms, when, precision."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Literal as OneOf

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import char, distinct
from sdtm_il2.iso8601 import shift, truncate
from sdtm_il2.methods.view import Mask, View
from sdtm_il2.plan.calls import Call, ColumnRef, Literal, Operand, Rule, Test, VariableRef, half_width
from sdtm_il2.where.evaluate import evaluate as evaluate_clause

Function = Callable[[View, Call], pd.Series]
METHODS: dict[str, Function] = {}

_DATE_ENDS = ("DTC", "STDTC", "ENDTC")


def method(name: str) -> Callable[[Function], Function]:
    """Register the function that computes a method's column."""

    def register(function: Function) -> Function:
        METHODS[name] = function
        return function

    return register


def evaluate(view: View, operand: Operand) -> pd.Series:
    """The column of an operand: a text, what a reference holds, or the result of a method."""
    if isinstance(operand, Literal):
        return view.texts(operand.text)
    if isinstance(operand, ColumnRef | VariableRef):
        return view.read(operand)
    return finished(view, operand, METHODS[operand.method](view, operand))


def finished(view: View, call: Call, column: pd.Series) -> pd.Series:
    """The result of a method after its `text` and through its codelist; an unmatched text is reported, not kept."""
    if call.options.text and column.dtype != np.float64:
        column = tidied(column, call.options.text)
    if call.options.terms is not None and column.dtype != np.float64:
        column = through_terms(view, column, call)
    return column


def evaluate_rule(view: View, rule: Rule) -> pd.Series:
    """The column of a variable in the records of one block."""
    mask = select_by(view, rule.when, rule.undecided) if rule.when is not None else None
    if mask is not None:
        view = view.only(mask.holds)
    column = evaluate(view, rule.call)
    if mask is not None:
        column = where(column, mask.holds)
        if mask.otherwise is not None and mask.undecided.any():
            column = replaced(column, mask.undecided, mask.otherwise)
    if rule.shift is not None:
        moved, impossible = shift(column, evaluate(view, rule.shift))
        view.report("DATA814", impossible, at=rule.at)
        column = char(pa.array(moved.array))
    if rule.precision:
        column = char(pa.array(truncate(column, rule.precision).array))  # type: ignore[arg-type]
    return column


class Tested:
    """Which records a test selects, which it cannot decide, and what those get instead."""

    __slots__ = ("holds", "otherwise", "undecided")

    def __init__(self, holds: Mask, undecided: Mask, otherwise: str | None) -> None:
        self.holds, self.undecided, self.otherwise = holds, undecided, otherwise


def select_by(view: View, test: Test, otherwise: str | None = None, *, silent: bool = False) -> Tested:
    """The records for which a clause holds. What cannot be decided is METH511, unless `undecided:` says what it gives."""

    def lookup(name: str) -> pd.Series:
        return view.read(test.names[name])

    def lookup_value(text: str) -> pd.Series | None:
        return view.read(test.names[text]) if text in test.names else None

    def is_date(name: str) -> bool:
        ref = test.names.get(name)
        if isinstance(ref, VariableRef):
            return ref.variable.endswith(_DATE_ENDS)
        return isinstance(ref, ColumnRef) and _is_dataset_date(view, ref)

    found = evaluate_clause(test.clause, lookup, is_date=is_date, lookup_value=lookup_value)
    if found.undecided.any() and otherwise is None and not silent:
        view.report("METH511", found.undecided, at=test.at)
    return Tested(found.mask, found.undecided, otherwise)


def _is_dataset_date(view: View, ref: ColumnRef) -> bool:
    try:
        _, dataset = view.block.plan.source_of(ref.alias)
    except KeyError:
        return False
    return dataset and ref.column.endswith(_DATE_ENDS)


def where(column: pd.Series, mask: Mask) -> pd.Series:
    """The column with missing where the mask does not hold."""
    if column.dtype == np.float64:
        return pd.Series(np.where(mask, column.to_numpy(), np.nan))
    return char(_if_else(mask, column, ""))


def replaced(column: pd.Series, mask: Mask, text: str) -> pd.Series:
    """The column with a text where the mask holds."""
    return char(_if_else(~mask, column, text))


def first_filled(columns: list[pd.Series]) -> pd.Series:
    """Record by record the first filled value; numbers become text if the columns are of both kinds."""
    if all(one.dtype == np.float64 for one in columns):
        result = columns[0].to_numpy().copy()
        for one in columns[1:]:
            result = np.where(np.isnan(result), one.to_numpy(), result)
        return pd.Series(result)
    texts = [number_text(one) if one.dtype == np.float64 else one for one in columns]
    result_text = texts[0]
    for one in texts[1:]:
        result_text = char(_if_else(filled(result_text), result_text, one))
    return result_text


def filled(column: pd.Series) -> Mask:
    """Which records have a value; blanks alone are none."""
    if column.dtype == np.float64:
        missing: Mask = np.isnan(column.to_numpy())
        return ~missing
    encoded = distinct(column)
    present = np.array([*(bool(text.strip()) for text in encoded.values), False], bool)
    mask: Mask = present[encoded.codes]
    return mask


def number_text(column: pd.Series) -> pd.Series:
    """Numbers as text: shortest form that reads back to the same number, no trailing zeros."""
    values, codes = np.unique(column.to_numpy(), return_inverse=True)
    texts = ["" if np.isnan(one) else format_number(float(one)) for one in values]
    return char(np.array([*texts, ""], dtype=object)[codes])


def format_number(value: float) -> str:
    """A number as submission text.

    >>> format_number(12.0), format_number(0.1), format_number(1e21)
    ('12', '0.1', '1000000000000000000000')
    """
    return str(int(value)) if value == int(value) else np.format_float_positional(value, trim="-")


def _if_else(mask: Mask, column: pd.Series, other: pd.Series | str) -> object:
    left = pa.array(column.array)
    right = pa.scalar(other, pa.large_string()) if isinstance(other, str) else pa.array(other.array)
    return pc.if_else(pa.array(mask), left, right)


def tidied(column: pd.Series, rules: tuple[str, ...]) -> pd.Series:
    """Text rules on the distinct values: half_width, trim, squeeze, upper."""
    encoded = distinct(column)
    return encoded.spread([tidy(text, rules) for text in encoded.values])


def tidy(text: str, rules: tuple[str, ...]) -> str:
    """One text through the text rules, in their order.

    >>> tidy("  ａ  b ", ("half_width", "squeeze", "trim", "upper"))
    'A B'
    """
    for rule in rules:
        if rule == "half_width":
            text = half_width(text)
        elif rule == "trim":
            text = text.strip()
        elif rule == "squeeze":
            text = " ".join(text.split())
        elif rule == "upper":
            text = text.upper()
        else:
            raise KeyError(rule)
    return unicodedata.normalize("NFC", text) if rules else text


def through_terms(view: View, column: pd.Series, call: Call) -> pd.Series:
    """Raw texts as terms of the list (DATA801, DATA802); the match is kept for lineage and Define-XML."""
    terms = call.options.terms
    assert terms is not None
    encoded = distinct(column)
    found = [terms.find(text) if text.strip() else None for text in encoded.values]
    unmatched = np.array(
        [bool(text.strip()) and one is None for text, one in zip(encoded.values, found, strict=True)], bool
    )
    if len(column):
        mask = unmatched[encoded.codes]
        if mask.any():
            view.domain.unmatched[view.variable, view.index] = mask
            kind: OneOf["DATA801", "DATA802"] = "DATA802" if terms.extensible else "DATA801"
            at = terms.at if terms.at.file else call.at
            view.report(kind, mask, column, at=at, codelist=terms.name)
        uses = [
            (text, one.term, one.via) if one is not None else None
            for text, one in zip(encoded.values, found, strict=True)
        ]
        view.count_terms(uses, encoded.codes)
    return encoded.spread([one.term if one is not None else "" for one in found])
