"""Unscheduled visits: their numbers and names, the same for every source that saw them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from sdtm_il2.dataset import distinct
from sdtm_il2.methods.visit_records import DAYS, Codes, Found
from sdtm_il2.plan.calls import ColumnRef, half_width
from sdtm_il2.plan.number import number, plain
from sdtm_il2.plan.visits import VisitsPlan

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit is called."""

    number: Decimal
    visit: str
    visitdy: str = ""
    epoch: str = ""
    unscheduled: bool = False


def ranks_of(visits: Sequence[Visit]) -> Codes:
    """The place of each visit in the order of VISITNUM."""
    order = sorted(range(len(visits)), key=lambda place: (visits[place].number, place))
    ranks = np.empty(len(visits), np.int64)
    ranks[order] = np.arange(len(visits))
    return ranks


def coded(plan: VisitsPlan, found: Sequence[Found]) -> tuple[list[Visit], list[Codes]]:
    """All visits of the partition, planned ones first, and the visit of each record of each source (-1: none)."""
    visits = [Visit(one.number, one.visit, one.visitdy, one.epoch) for one in plan.rows]
    codes = [one.planned.copy() for one in found]
    rule = plan.unscheduled
    if rule is None:
        return visits, codes
    numbers = _counted(found, visits, rule.step) if rule.step is not None else [_stated(one) for one in found]
    planned = {one.number for one in plan.rows}
    places: dict[Decimal, int] = {}
    for one, code, (number_code, values) in zip(found, codes, numbers, strict=True):
        taken = np.array([*(value in planned for value in values), False], bool)
        one.view.report(
            "DATA877", one.unscheduled & taken[number_code], at=one.source.at, target=one.source.source,
            table=plan.table,
        )  # fmt: skip
        for value in values:
            if value not in planned and value not in places:
                places[value] = len(visits)
                visits.append(Visit(value, rule.visit(plain(value)), unscheduled=True))
        table = np.array([*(places.get(value, -1) for value in values), -1], np.int64)
        code[one.unscheduled] = table[number_code][one.unscheduled]
    return visits, codes


def _counted(
    found: Sequence[Found], visits: Sequence[Visit], step: Decimal
) -> list[tuple[Codes, list[Decimal]]]:
    """Numbers of unscheduled visits: the last planned visit's before their date, a step more for each further day.

    A planned visit's date is its first complete day; of two visits on one day the greater number counts. Before
    the first planned visit counting begins at 0. The same day is the same visit, whatever source it comes from.
    """
    keys, numbers = _planned_days(found, visits)
    pairs: list[Codes] = []
    for one in found:
        complete = ~np.isnan(one.dates.first)
        one.view.report("DATA875", one.unscheduled & ~complete, at=one.source.at, target=one.source.source)
        days = np.where(complete, one.dates.first, 0).astype(np.int64)
        pairs.append(np.where(one.unscheduled & complete, one.subjects * DAYS + days, -1))
    wanted = np.sort(pd.unique(np.concatenate([*pairs, np.array([-1], np.int64)])))[1:]
    before = np.searchsorted(keys, wanted, "left") - 1
    same = (
        (before >= 0) & (keys[before] // DAYS == wanted // DAYS) if len(keys) else np.zeros(len(wanted), bool)
    )
    before = np.where(same, before, -1)
    group = wanted // DAYS * (len(keys) + 1) + before + 1
    steps = np.arange(len(wanted)) - np.searchsorted(group, group, "left") + 1
    values: dict[Decimal, int] = {}
    codes = np.full(len(wanted) + 1, -1, np.int64)
    for place, (last, many) in enumerate(zip(before.tolist(), steps.tolist(), strict=True)):
        value = (numbers[last] if last >= 0 else Decimal(0)) + step * many
        codes[place] = values.setdefault(value, len(values))
    listed = list(values)
    results = []
    for pair in pairs:
        own = np.full(len(pair), -1, np.int64)
        rows = np.flatnonzero(pair >= 0)
        own[rows] = codes[np.searchsorted(wanted, pair[rows])]
        results.append((own, listed))
    return results


def _planned_days(found: Sequence[Found], visits: Sequence[Visit]) -> tuple[Codes, list[Decimal]]:
    """The first day of each subject's planned visits as sorted numbers (subject, day), and their VISITNUM."""
    order = ranks_of(visits)
    subjects, codes, days = [], [], []
    for one in found:
        rows = np.flatnonzero((one.planned >= 0) & ~np.isnan(one.dates.first))
        subjects.append(one.subjects[rows])
        codes.append(one.planned[rows])
        days.append(one.dates.first[rows].astype(np.int64))
    if not sum(map(len, codes)):
        return np.empty(0, np.int64), []
    subject, code, day = (np.concatenate(one) for one in (subjects, codes, days))
    places, pairs = pd.factorize(subject * len(visits) + code)
    first = np.full(len(pairs), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, places, day)
    subject, code = pairs // len(visits), pairs % len(visits)
    keys = subject * DAYS + first
    sort = np.lexsort((order[code], keys))
    return keys[sort], [visits[one].number for one in code[sort].tolist()]


def _stated(one: Found) -> tuple[Codes, list[Decimal]]:
    """The number that stands in the visit text, or in the column that holds it."""
    column = one.source.number
    texts = one.texts
    if column and column in one.view.partition.sources[one.source.source].frame.columns:
        texts = one.view.read(ColumnRef("", column))
    elif column:
        texts = one.view.texts("")
    encoded = distinct(texts)
    values: dict[Decimal, int] = {}
    codes = []
    for text, used in zip(encoded.values, encoded.counts(one.unscheduled).tolist(), strict=True):
        if not used:
            codes.append(-1)
            continue
        value = number(half_width(text)) if column else _only_number(half_width(text))
        codes.append(-1 if value is None else values.setdefault(value, len(values)))
    numbers = np.array([*codes, -1], np.int64)[encoded.codes]
    one.view.report(
        "DATA876", one.unscheduled & (numbers < 0), texts, at=one.source.at, target=one.source.source,
        where=f"column '{column}'" if column else "the visit text",
    )  # fmt: skip
    return numbers, list(values)


def _only_number(text: str) -> Decimal | None:
    """The number in a text that holds one, and no other.

    >>> _only_number("UNS 3.1 extra"), _only_number("3 of 4"), _only_number("unscheduled")
    (Decimal('3.1'), None, None)
    """
    found = _NUMBER.findall(text)
    return Decimal(found[0]) if len(found) == 1 else None
