"""What a dataset holds: sizes, forms and terms per variable and per value level, for Define-XML and the report."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from sdtm_il2.agency import byte_length
from sdtm_il2.dataset import (
    Dataset,
    Summary,
    ValueLevel,
    ValueSummary,
    arrow,
    distinct,
    longest_bytes,
)
from sdtm_il2.methods.evaluate import number_text
from sdtm_il2.moment import form, is_duration
from sdtm_il2.plan.levels import levels_of, result_list
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.number import number, written_plain

_DATES = ("DTC", "STDTC", "ENDTC")


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
            planned = plan.variable(column.name)
            lasting = planned is not None and "duration" in planned.value_domain
            variables[column.name] = _texts(
                values, dates=dates or lasting, terms=column.name in bound, encoding=encoding, lasting=lasting
            )
    return Summary(dataset.name, len(dataset), variables, _levels(dataset, plan, bound, encoding))


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
    if _supplemental(dataset, plan):
        return frozenset({"RDOMAIN", "IDVAR", "QNAM", "QLABEL", "QORIG", "QEVAL"})
    domain = plan.domain
    found = {one.name for one in plan.variables if one.codelists or one.study_list}
    return frozenset(found | {f"{domain}TESTCD", f"{domain}TEST", "DOMAIN"})


def _supplemental(dataset: Dataset, plan: DomainPlan) -> bool:
    """Whether a dataset is the SUPP-- of a domain, or of one of the datasets that it is split into."""
    names = plan.split.names if plan.split is not None else ()
    return dataset.name not in (plan.domain, *names)


def _texts(
    values: pd.Series, *, dates: bool, terms: bool, encoding: str, lasting: bool = False
) -> ValueSummary:
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
                name = "durationDatetime" if lasting and is_duration(text) else form(text)
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


def _levels(
    dataset: Dataset, plan: DomainPlan, bound: frozenset[str], encoding: str
) -> dict[ValueLevel, ValueSummary]:
    """Value levels: results by test, parameters by their code, QVAL by QNAM, and what the specification states."""
    names = {column.name for column in dataset.columns}
    wanted = {"QVAL": ("QNAM",)} if _supplemental(dataset, plan) else {
        variable: level.by for variable, level in levels_of(plan).items()
    }  # fmt: skip
    found: dict[ValueLevel, ValueSummary] = {}
    groups: dict[tuple[str, ...], tuple[npt.NDArray[np.int32], list[tuple[str, ...]]]] = {}
    for variable, by in wanted.items():
        if not len(dataset) or not names.issuperset((variable, *by)):
            continue
        if by not in groups:
            groups[by] = _combined([_as_text(dataset.frame[name]) for name in by])
        codes, values = groups[by]
        # a standard result has terms where its test names a list, a qualifier or a parameter may have some
        by_list = variable == f"{plan.domain}STRESC" and _names_lists(plan)
        result = variable.endswith(("ORRES", "STRESC", "STRESN"))
        everywhere = (variable in bound and not result) or variable.endswith(("VAL", "ORRESU", "STRESU"))
        listed = np.array(
            [
                everywhere or (by_list and bool(result_list(plan, dict(zip(by, value, strict=True)))))
                for value in values
            ],
            bool,
        )
        texts = _as_text(dataset.frame[variable])
        # a qualifier or a parameter may hold a date or a duration
        planned = plan.variable(variable)
        lasting = planned is not None and "duration" in planned.value_domain
        dated = lasting or variable.endswith(("VAL", "DTC"))
        for value, summary in zip(
            values, _by_group(texts, codes, listed, encoding, dated=dated), strict=True
        ):
            found[variable, tuple(zip(by, value, strict=True))] = summary
    return found


def _as_text(values: pd.Series) -> pd.Series:
    return number_text(values) if values.dtype == np.float64 else values


def _combined(columns: list[pd.Series]) -> tuple[npt.NDArray[np.int32], list[tuple[str, ...]]]:
    """The distinct combinations of the values of some columns, and the number of each record's combination."""
    encoded = [distinct(column) for column in columns]
    whole = np.zeros(len(columns[0]), np.int64)
    for one in encoded:
        whole = whole * max(len(one.values), 1) + one.codes
    _, firsts, codes = np.unique(whole, return_index=True, return_inverse=True)
    values = [tuple(one.values[one.codes[first]] for one in encoded) for first in firsts.tolist()]
    return codes.astype(np.int32), values


def _names_lists(plan: DomainPlan) -> bool:
    """Whether results of some test pass a list: their standard results are a codelist of their own."""
    return any(
        row.terms and not row.forms
        for block in plan.blocks
        if block.tests is not None
        for row in block.tests.rows
    )


def _by_group(
    texts: pd.Series,
    groups: npt.NDArray[np.int32],
    listed: npt.NDArray[np.bool_],
    encoding: str,
    *,
    dated: bool,
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
    forms: list[dict[str, int]] = [{} for _ in range(count)]
    if dated:
        names = [_form(text) for text in encoded.values]
        for group, place, number_ in zip(owner.tolist(), value.tolist(), counts.tolist(), strict=True):
            if name := names[place]:
                forms[group][name] = forms[group].get(name, 0) + number_
    return [
        ValueSummary(
            int(records[group]), int(full[group]), int(longest[group]), int(digits[group]), int(decimals[group]),
            int(numeric[group]), forms[group], None if (terms_ := terms[group]) is None else dict(sorted(terms_.items())),
        )
        for group in range(count)
    ]  # fmt: skip


def _form(text: str) -> str:
    """The ISO 8601 form of a text; "" for what has none."""
    name = "durationDatetime" if is_duration(text) else form(text)
    return "" if name == "text" else name


def _fact(text: str, encoding: str) -> tuple[int, int, int, int]:
    """Bytes, whether it is a number as data types mean it, its digits (sign and point counted), its decimals."""
    if not written_plain(text) or number(text) is None:
        return byte_length(text, encoding), 0, 0, 0
    return byte_length(text, encoding), 1, len(text.strip()), _decimals(text.strip())
