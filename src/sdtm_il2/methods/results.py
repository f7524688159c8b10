"""Results of findings: the collected cell, units, ranges, NOT DONE, and the standard results made from them."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

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
    number_text,
    replaced,
    select_by,
    where,
)
from sdtm_il2.methods.view import Mask, View
from sdtm_il2.plan.calls import (
    Call,
    ColumnRef,
    Literal,
    Operand,
    Options,
    TermMap,
    TermVia,
    VariableRef,
    half_width,
)
from sdtm_il2.plan.model import TestsPlan
from sdtm_il2.plan.number import number, plain
from sdtm_il2.spec.model import RangeRow, TestRow, UnitRow

_SIGN = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*(\S.*)", re.DOTALL)
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_LIMIT = re.compile(rf"\s*(<=|>=|<|>|≤|≥)\s*({_NUMBER})\s*")
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|—|~|to)\s*({_NUMBER})\s*")


@functools.cache
def shipped_units() -> dict[tuple[str, str], Decimal]:
    """Exact factors between units of one dimension, by (from, to); no factor needs a molar mass."""
    found: dict[tuple[str, str], Decimal] = {}
    table = importlib.resources.files("sdtm_il2") / "data" / "units.csv"
    for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))):
        found[row["from"], row["to"]] = Decimal(row["factor"])
    return found


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a number in an original unit becomes one in the standard unit; ``via`` says where the factor stands."""

    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    places: int | None = None
    changed: bool = False
    via: str = ""

    def apply(self, number: Decimal) -> Decimal:
        """The converted number, rounded half up to the stated places, trailing zeros dropped."""
        if not self.changed:
            return number
        value = number * self.factor + self.offset
        if self.places is not None:
            value = value.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP)
        return value


# ---- what a tests table reads from raw cells ---------------------------------------------------------------


@method("result")
def result(view: View, call: Call) -> pd.Series:
    """--ORRES: the result as collected; empty where NOT DONE. An empty result that is not called so is METH514."""
    column, missing = raw_result(view), not_done_mask(view)
    view.report("METH514", ~filled(column) & ~missing, at=call.at)
    return where(column, ~missing)


def raw_result(view: View) -> pd.Series:
    """The cell that holds each record's result: one column (long), or the column of the record's test (wide)."""
    table = _table(view)
    if "result" in table.cells:
        return view.read(table.cells["result"])
    return by_test(view, lambda row: view.read(ColumnRef("", row.column)))


def by_test(view: View, read: Callable[[TestRow], pd.Series]) -> pd.Series:
    """For each record what its own row of the tests table reads."""
    table, numbers = _table(view), _numbers(view)
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
    table = _table(view)
    name = f"{view.domain.plan.domain}ORRESU"
    stated = table_cells(view, name, call)
    columns = [stated]
    if "unit" in table.cells:
        collected = view.read(table.cells["unit"])
        mapped = finished(
            view, Call("unit", options=Options(terms=table.terms.get(":unit")), at=call.at), collected
        )
        # the table's unit fills an empty cell, never one that no term matches
        columns = [mapped, where(stated, ~filled(collected))]
    return where(first_filled(columns), filled(raw_result(view)) & ~not_done_mask(view))


@method("limit")
def limit(view: View, call: Call) -> pd.Series:
    """--ORNRLO and --ORNRHI: the column of the limit, or the part of a range such as 3.5-9.5, <5 or >90."""
    side = call.arguments[0]
    assert isinstance(side, Literal)
    table = _table(view)
    keep = ~not_done_mask(view)
    if side.text in table.cells:
        return where(view.read(table.cells[side.text]), keep)
    column = view.read(table.cells["range"])
    encoded = distinct(column)
    decimal = _decimal(view)
    limits = [range_limits(text, decimal) for text in encoded.values]
    if side.text == "low" and len(column):
        bad = np.array([one is None for one in limits], bool)[encoded.codes]
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
    written = _written(text, decimal)
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


def _written(text: str, decimal: str) -> str:
    """A text with half-width digits and signs, a hyphen for the sign minus, and a point before the decimals."""
    text = half_width(text).replace("−", "-")
    return text.replace(",", ".") if decimal == "," else text


def not_done_mask(view: View) -> Mask:
    """Which records the specification calls NOT DONE."""
    table, numbers = _table(view), _numbers(view)
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
    table, numbers = _table(view), _numbers(view)
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
    table = _table(view)
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
    table = _table(view)
    column = view.read(table.cells[name.text])
    if name.text == "standard unit":
        options = Options(terms=table.terms.get(":unit"))
        column = finished(view, Call("standard_cell", options=options, at=call.at), column)
    return where(column, ~not_done_mask(view))


@method("number_of")
def number_of(view: View, call: Call) -> pd.Series:
    """The number that a text is; missing where it is none, which a result such as <0.5 may be."""
    encoded = distinct(evaluate(view, call.arguments[0]))  # type: ignore[arg-type]
    decimal = _decimal(view)
    values = [number(_written(text, decimal)) for text in encoded.values]
    numbers = np.array([*(np.nan if one is None else float(one) for one in values), np.nan], np.float64)
    return pd.Series(numbers[encoded.codes])


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
    table, numbers = _table(view), _numbers(view)
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


# ---- standard results -------------------------------------------------------------------------------------


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


@method("range_indicator")
def range_indicator(view: View, call: Call) -> pd.Series:
    """--NRIND: LOW below the lower limit, HIGH above the upper, else NORMAL; missing without a number or a limit."""
    decimal = _decimal(view)
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


#: Stands for a collected unit that matched no term: a number in it has no standard result.
NO_TERM = "matched by no term"

#: What gives a factor that no units table of the study states.
SHIPPED = "the units of sdtm-il2"


def _original_unit(view: View, operand: Operand) -> pd.Series:
    """--ORRESU, with NO_TERM where a unit was collected and matched no term."""
    column = evaluate(view, operand)
    name = f"{view.domain.plan.domain}ORRESU"
    lost = view.domain.unmatched.get((name, view.index))
    return column if lost is None else replaced(column, lost & ~filled(column), NO_TERM)


def conversion(
    domain: str, row: TestRow | None, original: str, units: tuple[UnitRow, ...]
) -> Conversion | None:
    """The conversion of one test from a unit: the study's table first, then the shipped factors; None if none is known."""
    if original == NO_TERM:
        return None
    if row is None or not row.standard_unit or not original or row.standard_unit == original:
        return Conversion()
    testcd, specimen = row.variables.get(f"{domain}TESTCD", ""), row.variables.get(f"{domain}SPEC", "")
    fitting = [
        one
        for one in units
        if one.testcd in ("", testcd)
        and one.specimen in ("", specimen)
        and (one.from_unit, one.to_unit) == (original, row.standard_unit)
    ]
    if fitting:
        # the most specific row counts: of the test and specimen, of the test, of any test
        best = max(fitting, key=lambda one: (bool(one.testcd), bool(one.specimen)))
        places = int(best.places) if best.places else None
        return Conversion(
            Decimal(best.factor), Decimal(best.offset or "0"), places, changed=True, via=str(best.at)
        )
    shipped = shipped_units().get((original, row.standard_unit))
    return Conversion(shipped, changed=True, via=SHIPPED) if shipped is not None else None


def _convert(view: View, call: Call, *, numeric: bool) -> pd.Series:
    """The distinct (test, unit, text) triples converted, then spread."""
    texts_column = evaluate(view, call.arguments[0])  # type: ignore[arg-type]
    original = _original_unit(view, call.arguments[1]) if len(call.arguments) > 1 else view.texts("")  # type: ignore[arg-type]
    combined, texts = _by_unit(view, original), distinct(texts_column)
    table = view.block.plan.tests
    decimal = _decimal(view)
    triples = combined.codes * max(len(texts.values), 1) + texts.codes
    codes, keys = pd.factorize(triples)
    results: list[str] = []
    unknown: list[str] = []
    unmatched: list[TermMap | None] = []
    uses: list[tuple[str, str, str] | None] = []
    unread: list[bool] = []
    for key in keys.tolist():
        row, unit_text, conversion_ = combined.parts[key // len(texts.values)]
        text = texts.values[key % len(texts.values)]
        terms = table.terms.get(row.terms) if table is not None and row is not None and row.terms else None
        value: str = text
        outside: TermMap | None = None
        found: TermVia | None = None
        if terms is not None and text.strip():
            found = terms.find(text)
            outside = terms if found is None else None
            value = found.term if found is not None else ""
        unmatched.append(outside)
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
        lists = {terms.name: terms for terms in unmatched if terms is not None}
        for name, terms in sorted(lists.items()):
            mask = np.array([other is not None and other.name == name for other in unmatched], bool)[codes]
            code = "DATA802" if terms.extensible else "DATA801"
            view.report(code, mask, texts_column, at=terms.at, codelist=name)
    return char(np.array([*results, ""], dtype=object)[codes])


def _one(text: str, conversion_: Conversion, decimal: str, *, numeric: bool) -> str | None:
    """The standard result of one text; None where digits in an unknown shape would have to be converted."""
    written = _written(text, decimal)
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


def _decimal(view: View) -> str:
    if view.block.plan.dataset:
        return "."
    return view.partition.plan.source(view.block.plan.source).decimal or "."


def _table(view: View) -> TestsPlan:
    table = view.block.plan.tests
    assert table is not None
    return table


def _numbers(view: View) -> npt.NDArray[np.int32]:
    numbers = view.block.test
    assert numbers is not None
    return numbers
