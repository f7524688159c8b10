"""Unscheduled visits: their numbers and names, the same for every source that saw them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from sdtm_il2.dataset import distinct, take
from sdtm_il2.iso8601 import day_bounds
from sdtm_il2.methods.evaluate import filled
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

    Before the first planned visit counting begins at 0. The same day is the same visit, whatever source it comes
    from. DATA881 where a partial date leaves open which planned visit is the last before.
    """
    pairs: list[Codes] = []
    for one in found:
        complete = ~np.isnan(one.dates.first)
        one.view.report("DATA875", one.unscheduled & ~complete, at=one.source.at, target=one.source.source)
        days = np.where(complete, one.dates.first, 0).astype(np.int64)
        pairs.append(np.where(one.unscheduled & complete, one.subjects * DAYS + days, -1))
    wanted = np.sort(pd.unique(np.concatenate([*pairs, np.array([-1], np.int64)])))[1:]
    before, unclear = _last_before(_planned_days(found, visits), wanted, len(visits))
    # the days that count on from one visit follow each other: a visit that was overtaken is never the last again
    begins = np.ones(len(wanted), bool)
    begins[1:] = (before[1:] != before[:-1]) | (wanted[1:] // DAYS != wanted[:-1] // DAYS)
    places = np.arange(len(wanted))
    steps = places - np.maximum.accumulate(np.where(begins, places, 0)) + 1
    values: dict[Decimal, int] = {}
    codes = np.full(len(wanted), -1, np.int64)
    for place, (last, many) in enumerate(zip(before.tolist(), steps.tolist(), strict=True)):
        value = (visits[last].number if last >= 0 else Decimal(0)) + step * many
        codes[place] = values.setdefault(value, len(values))
    listed = list(values)
    results = []
    for one, pair in zip(found, pairs, strict=True):
        own = np.full(len(pair), -1, np.int64)
        rows = np.flatnonzero(pair >= 0)
        own[rows] = codes[np.searchsorted(wanted, pair[rows])]
        results.append((own, listed))
        for code, open_days in unclear.items():
            one.view.report(
                "DATA881", np.isin(pair, open_days), at=one.source.at, target=one.source.source,
                visit=visits[code].visit,
            )  # fmt: skip
    return results


@dataclass(frozen=True, slots=True)
class _Planned:
    """The planned visits that took place, by subject and last possible day: the first and last day they may mean."""

    subjects: Codes
    visits: Codes
    ranks: Codes
    first: Codes
    last: Codes


def _last_before(planned: _Planned, wanted: Codes, width: int) -> tuple[Codes, dict[int, Codes]]:
    """The last planned visit surely before each day (-1: none), and the days at which a partial date leaves it open.

    ``wanted`` are sorted numbers (subject, day); the open ones are listed by the visit that has the partial date.
    A visit can be the last one if it may be before the day, and no visit that surely is before the day is surely
    later than it. Of visits on one day, and of visits whose order is open, the greater number counts.
    """
    if not len(planned.visits):
        return np.full(len(wanted), -1, np.int64), {}
    keys = planned.subjects * DAYS + planned.last
    place = np.searchsorted(keys, wanted, "left") - 1
    before = np.where((place >= 0) & (planned.subjects[place] == wanted // DAYS), planned.visits[place], -1)
    partial = planned.first < planned.last
    rows = np.flatnonzero(np.isin(wanted // DAYS, planned.subjects[partial]))
    if not len(rows):
        return before, {}
    # each day with each planned visit of its subject
    low = np.searchsorted(planned.subjects, wanted[rows] // DAYS, "left")
    counts = np.searchsorted(planned.subjects, wanted[rows] // DAYS, "right") - low
    days = np.repeat(np.arange(len(rows)), counts)
    ones = np.arange(len(days)) + np.repeat(low - np.cumsum(counts) + counts, counts)
    day = wanted[rows][days] % DAYS
    sure, rank = planned.last[ones] < day, planned.ranks[ones]
    latest = np.full(len(rows), -1, np.int64)
    np.maximum.at(latest, days[sure], (planned.first[ones] * width + rank)[sure])
    may = planned.first[ones] < day
    may &= np.minimum(planned.last[ones], day - 1) * width + rank >= latest[days]
    best = np.full(len(rows), -1, np.int64)
    np.maximum.at(best, days[may & sure], rank[may & sure])
    visit_of = np.full(width + 1, -1, np.int64)
    visit_of[planned.ranks] = planned.visits
    before[rows] = visit_of[best]
    open_ = np.bincount(days, may, len(rows)) > 1
    open_[days[may & ~sure]] = True
    told = may & open_[days] & partial[ones]
    codes, at = planned.visits[ones[told]], wanted[rows][days[told]]
    return before, {code: at[codes == code] for code in np.unique(codes).tolist()}


def _planned_days(found: Sequence[Found], visits: Sequence[Visit]) -> _Planned:
    """Each subject's planned visits with the day they began: the first complete day; only without one the partial dates.

    A partial date bounds the day; one without a year does not.
    """
    none = np.empty(0, np.int64)
    subjects, codes, firsts, lasts = [none], [none], [none], [none]
    partials = [np.empty(0, bool)]
    for one in found:
        rows = np.flatnonzero((one.planned >= 0) & (~np.isnan(one.dates.first) | filled(one.dates.partial)))
        day = one.dates.first[rows]
        partial = np.isnan(day)
        low, high = day_bounds(take(one.dates.partial, rows))
        subjects.append(one.subjects[rows])
        codes.append(one.planned[rows])
        firsts.append(np.where(partial, np.nan_to_num(low, nan=0), day).astype(np.int64))
        lasts.append(np.where(partial, np.nan_to_num(high, nan=DAYS - 1), day).astype(np.int64))
        partials.append(partial)
    subject, code, first, last = (np.concatenate(one) for one in (subjects, codes, firsts, lasts))
    places, pairs = pd.factorize(subject * len(visits) + code)
    complete = ~np.concatenate(partials)
    dated = np.zeros(len(pairs), bool)
    dated[places[complete]] = True
    counts = complete | ~dated[places]
    earliest, latest = np.full((2, len(pairs)), DAYS, np.int64)
    np.minimum.at(earliest, places[counts], first[counts])
    np.minimum.at(latest, places[counts], last[counts])
    subject, code = pairs // len(visits), pairs % len(visits)
    rank = ranks_of(visits)[code]
    sort = np.lexsort((rank, latest, subject))
    return _Planned(subject[sort], code[sort], rank[sort], earliest[sort], latest[sort])


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
