"""What a dataset holds: sizes, forms and terms per variable and per value level, for Define-XML and the report."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from sdtm_il2.dataset import (
    Dataset,
    Summary,
    ValueLevel,
    ValueSummary,
    arrow,
    byte_length,
    distinct,
    longest_bytes,
)
from sdtm_il2.iso8601 import form
from sdtm_il2.methods.evaluate import number_text
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.number import number

_DATES = ("DTC", "STDTC", "ENDTC")
#: Variables of findings that differ by test.
_BY_TEST = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")


def summarise(dataset: Dataset, plan: DomainPlan, encoding: str = "utf-8") -> Summary:
    """The summary of one dataset (of one partition): `Summary.merge` puts partitions together."""
    variables: dict[str, ValueSummary] = {}
    bound = _counted(dataset, plan)
    for column in dataset.columns:
        values = dataset.frame[column.name]
        if column.type == "Num":
            variables[column.name] = _numbers(values)
        else:
            dates = column.name.endswith(_DATES) or column.name.endswith("DTC")
            variables[column.name] = _texts(
                values, dates=dates, terms=column.name in bound, encoding=encoding
            )
    return Summary(dataset.name, len(dataset), variables, _levels(dataset, plan, encoding))


def summarise_plain(dataset: Dataset, encoding: str = "utf-8") -> Summary:
    """The summary of a dataset that no domain plan describes (RELREC): sizes, and the terms of its short texts."""
    listed = {"RDOMAIN", "IDVAR", "RELTYPE"}
    variables = {
        column.name: _texts(
            dataset.frame[column.name], dates=False, terms=column.name in listed, encoding=encoding
        )
        for column in dataset.columns
    }
    return Summary(dataset.name, len(dataset), variables)


def _counted(dataset: Dataset, plan: DomainPlan) -> frozenset[str]:
    """Variables whose distinct values matter: bound by a list, tests and their names, QNAM."""
    if dataset.name != plan.domain:
        return frozenset({"RDOMAIN", "IDVAR", "QNAM", "QLABEL", "QORIG", "QEVAL"})
    domain = plan.domain
    found = {one.name for one in plan.variables if one.codelists or one.study_list}
    return frozenset(found | {f"{domain}TESTCD", f"{domain}TEST", "DOMAIN"})


def _texts(values: pd.Series, *, dates: bool, terms: bool, encoding: str) -> ValueSummary:
    array = arrow(values)
    records = len(array)
    filled = int(pc.sum(pc.not_equal(array, "")).as_py() or 0)
    longest = longest_bytes(values, encoding)
    forms: dict[str, int] = {}
    counted: dict[str, int] | None = None
    numeric = digits = decimals = 0
    if dates or terms:
        encoded = distinct(values)
        counts = encoded.counts().tolist()
        pairs = [(text, count) for text, count in zip(encoded.values, counts, strict=True) if text]
        if dates:
            for text, count in pairs:
                name = form(text)
                forms[name] = forms.get(name, 0) + count
        if terms:
            counted = dict(sorted(pairs))
    return ValueSummary(records, filled, longest, digits, decimals, numeric, forms, counted)


def _numbers(values: pd.Series) -> ValueSummary:
    array = values.to_numpy()
    present = np.unique(array[~np.isnan(array)])
    texts = number_text(pd.Series(present))
    lengths = [(len(text), _decimals(text)) for text in texts.tolist()]
    filled = int((~np.isnan(array)).sum())
    return ValueSummary(
        len(array), filled, max((one for one, _ in lengths), default=0), max((one for one, _ in lengths), default=0),
        max((one for _, one in lengths), default=0), filled,
    )  # fmt: skip


def _decimals(text: str) -> int:
    _, point, rest = text.partition(".")
    return len(rest) if point else 0


def _levels(dataset: Dataset, plan: DomainPlan, encoding: str) -> dict[ValueLevel, ValueSummary]:
    """Value levels: results and units by --TESTCD, QVAL by QNAM."""
    domain = plan.domain
    names = {column.name for column in dataset.columns}
    if dataset.name == domain:
        by, variables = (
            f"{domain}TESTCD",
            [f"{domain}{suffix}" for suffix in _BY_TEST if f"{domain}{suffix}" in names],
        )
    else:
        by, variables = "QNAM", ["QVAL"]
    if by not in names or not variables or not len(dataset):
        return {}
    groups = distinct(dataset.frame[by])
    found: dict[ValueLevel, ValueSummary] = {}
    for variable in variables:
        values = dataset.frame[variable]
        texts = number_text(values) if values.dtype == np.float64 else values
        everywhere = variable == "QVAL" or variable.endswith(("ORRESU", "STRESU"))
        tests = _tests_with_terms(plan) if variable.endswith("STRESC") else frozenset()
        listed = np.array([everywhere or value in tests for value in groups.values], bool)
        for place, summary in enumerate(_by_group(texts, groups.codes, listed, encoding)):
            found[variable, ((by, groups.values[place]),)] = summary
    return found


def _tests_with_terms(plan: DomainPlan) -> frozenset[str]:
    """Tests whose results pass a list: their standard results are a codelist of their own."""
    name = f"{plan.domain}TESTCD"
    return frozenset(
        row.variables.get(name, "")
        for block in plan.blocks
        if block.tests is not None
        for row in block.tests.rows
        if row.terms and not row.forms
    )


def _by_group(
    texts: pd.Series, groups: npt.NDArray[np.int32], listed: npt.NDArray[np.bool_], encoding: str
) -> list[ValueSummary]:
    """One summary a group; the work is done on the distinct values and the distinct pairs."""
    count = len(listed)
    encoded = distinct(texts)
    facts = [_fact(text, encoding) for text in encoded.values]
    pairs = groups.astype(np.int64) * max(len(encoded.values), 1) + encoded.codes
    keys, counts = np.unique(pairs, return_counts=True)
    owner, value = keys // max(len(encoded.values), 1), keys % max(len(encoded.values), 1)
    table = np.array(facts, np.int64).reshape(-1, 4)[value]
    filled = table[:, 0] > 0
    records = np.bincount(owner, counts, count).astype(np.int64)
    full = np.bincount(owner[filled], counts[filled], count).astype(np.int64)
    numeric = np.bincount(owner, counts * table[:, 1], count).astype(np.int64)
    longest, digits, decimals = (np.zeros(count, np.int64) for _ in range(3))
    np.maximum.at(longest, owner, table[:, 0])
    np.maximum.at(digits, owner, table[:, 2])
    np.maximum.at(decimals, owner, table[:, 3])
    terms: list[dict[str, int] | None] = [{} if one else None for one in listed.tolist()]
    kept = listed[owner]
    for group, place, number_ in zip(
        owner[kept].tolist(), value[kept].tolist(), counts[kept].tolist(), strict=True
    ):
        into = terms[group]
        if into is not None and encoded.values[place]:
            into[encoded.values[place]] = number_
    return [
        ValueSummary(
            int(records[group]), int(full[group]), int(longest[group]), int(digits[group]), int(decimals[group]),
            int(numeric[group]), {}, None if (terms_ := terms[group]) is None else dict(sorted(terms_.items())),
        )
        for group in range(count)
    ]  # fmt: skip


def _fact(text: str, encoding: str) -> tuple[int, int, int, int]:
    """Bytes, whether it is a number, its digits (sign and point counted), its decimals."""
    value: Decimal | None = number(text) if text else None
    if value is None:
        return byte_length(text, encoding), 0, 0, 0
    return byte_length(text, encoding), 1, len(text.strip()), _decimals(text.strip())
