"""The raw records whose source has a visit rule: their view, and the dates of their visits."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, distinct, take
from sdtm_il2.iso8601 import DateStatus, earliest, parse_dates, study_days
from sdtm_il2.methods.evaluate import filled, where
from sdtm_il2.methods.view import BlockRecords, DomainRecords, Mask, Partition, Positions, View
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import ColumnRef
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.visits import VISITS, VisitSource

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Days are counted from here (day 1): one number line for all dates.
_FIRST_DAY = "0001-01-01"
#: The register of visits as a domain: it has no rules of its own.
REGISTER_PLAN = DomainPlan(VISITS, "", "", "", (), (), sort_file=False, blocks=(), variables=())
#: More days than the calendar has: (subject, day) as one number.
DAYS = 4_000_000


def day_numbers(values: pd.Series) -> Numbers:
    """Days since the year 1 of complete dates; NaN for partial and missing ones.

    >>> (day_numbers(char(["2024-03-01T08:30", "2024-03", ""])) - 738946).tolist()
    [0.0, nan, nan]
    """
    return study_days(values, _FIRST_DAY)


def day_texts(days: Numbers) -> pd.Series:
    """Day numbers as ISO 8601 dates, "" for NaN.

    >>> day_texts(np.array([738946.0, np.nan])).tolist()
    ['2024-03-01', '']
    """
    codes, values = pd.factorize(days)
    texts = [datetime.date.fromordinal(int(one)).isoformat() for one in values.tolist()]
    return char(np.array([*texts, ""], dtype=object)[codes])


@dataclass(slots=True)
class Dates:
    """First and last complete day of each record (NaN: none), and a partial date where there is no complete one."""

    first: Numbers
    last: Numbers
    partial: pd.Series
    unread: Mask


def rule_dates(view: View, source: VisitSource) -> Dates:
    """The dates of the visit rule's own column; unreadable ones are DATA878."""
    raw = view.read(ColumnRef("", source.date))
    pivot = int(source.pivot) if source.pivot else None
    encoded = distinct(raw)
    parsed = parse_dates(encoded.values, source.formats, source.unknown, pivot)
    unread = np.append(parsed.status > int(DateStatus.PARSED), [False])[encoded.codes]
    view.report(
        "DATA878", unread, raw, at=source.at, target=source.source, column=source.date,
        formats=", ".join(source.formats),
    )  # fmt: skip
    iso = char(pa.array(parsed.iso.array))
    numbers = day_numbers(iso)
    partial = where(iso, np.isnan(numbers))
    days = np.append(numbers, [np.nan])[encoded.codes]
    return Dates(days, days, take(partial, encoded.codes.astype(np.int64)), unread)


def built_dates(view: View, source: VisitSource, records: int) -> Dates:
    """The --DTC of what the blocks make of each record: the earliest and the latest."""
    first, last = np.full(records, np.inf), np.full(records, -np.inf)
    partials: list[pd.Series] = []
    owners: list[Positions] = []
    for built in source.built:
        domain = view.partition.domains[built.domain]
        own = domain.block_slice(built.block)
        dates = domain.columns[built.variable].iloc[own].reset_index(drop=True)
        positions = domain.blocks[built.block].positions[""]
        days = day_numbers(dates)
        known = ~np.isnan(days) & (positions >= 0)
        np.minimum.at(first, positions[known], days[known])
        np.maximum.at(last, positions[known], days[known])
        some = np.flatnonzero(np.isnan(days) & filled(dates) & (positions >= 0))
        partials.append(take(dates, some))
        owners.append(positions[some])
    first, last = np.where(np.isinf(first), np.nan, first), np.where(np.isinf(last), np.nan, last)
    partial = char([""] * records)
    if any(len(one) for one in owners):
        texts = char(pa.chunked_array([arrow(one) for one in partials]))
        partial = where(char(earliest(texts, np.concatenate(owners), records).tolist()), np.isnan(first))
    rows = view.block.positions[""]
    return Dates(first[rows], last[rows], take(partial, rows), np.zeros(len(rows), bool))


@dataclass(slots=True)
class Found:
    """The open records of one source: the planned visit (its row in the table, -1: none), or unscheduled."""

    view: View
    source: VisitSource
    texts: pd.Series
    planned: Codes
    unscheduled: Mask
    dates: Dates

    @property
    def subjects(self) -> Codes:
        """The number of each record's subject."""
        return self.view.block.subjects.astype(np.int64)


def source_view(partition: Partition, name: str) -> View:
    """The open records of a whole source, as methods see the records of a block."""
    part = partition.sources[name]
    kept = np.flatnonzero(part.reason == 0).astype(np.int64)
    subjects = part.subjects[kept] if part.subjects is not None else np.full(len(kept), -1, np.int32)
    block = BlockRecords(BlockPlan(name, name), subjects, {"": kept})
    return View(partition, DomainRecords(REGISTER_PLAN, [block]), 0, "")
