"""What each raw column is used for: results, numbers, dates, terms, identifiers, items, values of clauses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, distinct
from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Literal, Operand, Rule, TermMap, Test
from sdtm_il2.plan.model import Plan
from sdtm_il2.sources.model import Source

#: Variables that hold identifiers of samples, devices or records.
_IDENTIFIERS = ("REFID", "SPID", "LNKID", "GRPID")


class Kind(StrEnum):
    """What a column is read for."""

    RESULT = "result"
    NUMBER = "number"
    RANGE = "range"
    DATE = "date"
    TERM = "term"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One use of one raw column by one variable.

    ``formats``, ``unknown`` and ``pivot`` belong to dates, ``decimal`` to numbers, ``terms`` to terms.
    """

    source: str
    column: str
    kind: Kind
    target: str
    at: Location = NOWHERE
    formats: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    pivot: str = ""
    terms: TermMap | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A clause over raw columns: what its names refer to, as (source, column)."""

    test: Test
    target: str
    block: BlockPlan


def column_uses(plan: Plan) -> tuple[Use, ...]:
    """Every use of a raw column that its content can contradict."""
    found: list[Use] = []
    for domain in plan.domains:
        for index, block in enumerate(domain.blocks):
            for variable in domain.variables:
                rule = variable.rules[index]
                if rule is not None:
                    target = f"{domain.domain}.{variable.name}"
                    number = variable.type == "Num"
                    found += _of_rule(block, rule, target, number=number)
            if block.tests is not None:
                found += _of_tests(block, domain.domain)
    return tuple(found)


def open_maps(plan: Plan) -> tuple[TermMap, ...]:
    """Lists that also take texts which no raw column holds alone: made by templates, boxes or datasets."""
    found: list[TermMap] = []
    for domain in plan.domains:
        for index, block in enumerate(domain.blocks):
            for variable in domain.variables:
                rule = variable.rules[index]
                for call in calls(rule.call) if rule is not None else ():
                    if call.options.terms is not None and not all(
                        isinstance(one, ColumnRef) and block.raw_columns(one) for one in call.arguments
                    ):
                        found.append(call.options.terms)
            if block.tests is not None:
                found += [terms for name, terms in block.tests.terms.items() if not name.startswith(":")
                          and name.startswith(domain.domain)]  # fmt: skip
    return tuple(found)


def clauses(plan: Plan) -> Iterator[Asked]:
    """Every clause that a domain asks of raw columns."""
    for domain in plan.domains:
        for index, block in enumerate(domain.blocks):
            records = f"{domain.domain} records"
            tests = block.tests
            for test in (
                block.where,
                *((tests.not_done, *tests.row_not_done) if tests is not None else ()),
            ):
                if test is not None:
                    yield Asked(test, records, block)
            for variable in domain.variables:
                rule = variable.rules[index]
                if rule is None:
                    continue
                target = f"{domain.domain}.{variable.name}"
                if rule.when is not None:
                    yield Asked(rule.when, target, block)
                for call in calls(rule.call):
                    for one in call.arguments:
                        if isinstance(one, BranchCall) and one.when is not None:
                            yield Asked(one.when, target, block)


def calls(call: Call) -> Iterator[Call]:
    """A call and every call within it."""
    yield call
    for argument in call.arguments:
        inner: Operand | BranchCall = argument
        if isinstance(inner, BranchCall):
            inner = inner.then
        if isinstance(inner, Call):
            yield from calls(inner)


def _of_rule(block: BlockPlan, rule: Rule, target: str, *, number: bool) -> Iterator[Use]:
    for call in calls(rule.call):
        options = call.options
        columns = [
            (place, pair)
            for place, ref in enumerate(call.arguments)
            if isinstance(ref, ColumnRef)
            for pair in block.raw_columns(ref)
        ]
        if call.method == "source_dates":
            source, column = call.arguments
            if isinstance(source, Literal) and isinstance(column, Literal):
                columns = [(0, (source.text, column.text))]
        for place, (source_, column_) in columns:
            if call.method in ("datetime", "source_dates"):
                if place == 0:
                    yield Use(
                        source_, column_, Kind.DATE, target, call.at, options.formats, options.unknown, options.pivot
                    )  # fmt: skip
            elif options.terms is not None:
                yield Use(source_, column_, Kind.TERM, target, call.at, terms=options.terms)
            elif number or call.method == "compute":
                yield Use(source_, column_, Kind.NUMBER, target, rule.at)
            elif target.endswith("ORRES") and call.method == "assign":
                yield Use(source_, column_, Kind.RESULT, target, rule.at)
            elif target.endswith(_IDENTIFIERS) and call.method == "assign":
                yield Use(source_, column_, Kind.IDENTIFIER, target, rule.at)


def _of_tests(block: BlockPlan, domain: str) -> Iterator[Use]:
    tests = block.tests
    assert tests is not None
    kinds = {
        "result": Kind.RESULT, "low": Kind.NUMBER, "high": Kind.NUMBER, "range": Kind.RANGE,
        "unit": Kind.TERM, "indicator": Kind.TERM,
    }  # fmt: skip
    for name, ref in tests.cells.items():
        kind = kinds.get(name)
        for source, column in block.raw_columns(ref) if kind is not None else ():
            assert kind is not None
            terms = tests.terms.get(f":{name}")
            if kind is not Kind.TERM or terms is not None:
                target = f"{domain}.{domain}{'ORRES' if name == 'result' else 'ORRESU' if name == 'unit' else 'NRIND'}"
                target = target if name in ("result", "unit", "indicator") else f"{domain} records"
                yield Use(source, column, kind, target, tests.at, terms=terms)
    for row in tests.rows:
        ref = ColumnRef("", row.column) if tests.wide else tests.cells.get("result", ColumnRef("", ""))
        for source, column in block.raw_columns(ref) if ref.column else ():
            if tests.wide:
                yield Use(source, column, Kind.RESULT, f"{domain}.{domain}ORRES", row.at)
            if row.terms in tests.terms:
                terms = tests.terms[row.terms]
                yield Use(source, column, Kind.TERM, f"{domain}.{domain}STRESC", terms.at, terms=terms)


def open_texts(source: Source, column: str, *, collected: bool = False) -> dict[str, int]:
    """The distinct filled texts of a column in the records that domains may read, and how many hold each.

    ``collected``: as they stand in the file, before missing and text rules. An unknown or private column has none.
    """
    if column not in source.columns:
        return {}
    values: pd.Series = source.frame[column]
    if collected:
        values = source.collected.get(column, values)
    encoded = distinct(char(arrow(values).take(pa.array(source.open))))
    counts = encoded.counts().tolist()
    return {text: count for text, count in zip(encoded.values, counts, strict=True) if count and text.strip()}


def first_of(source: Source, column: str, texts: set[str], *, collected: bool = False) -> Location:
    """The first open record whose cell is one of the texts."""
    values = source.frame[column]
    if collected:
        values = source.collected.get(column, values)
    held = pa.compute.is_in(arrow(values), value_set=pa.array(sorted(texts), pa.large_string()))
    mask = held.to_numpy(zero_copy_only=False)
    places = [int(one) for one in source.open[mask[source.open]][:1]]
    return source.place(places[0]) if places else NOWHERE
