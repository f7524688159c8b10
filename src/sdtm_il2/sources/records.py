"""Which raw records count: discarded by a stated clause, without a subject, or superseded by another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from sdtm_il2 import iso8601
from sdtm_il2.dataset import arrow, char, distinct, ranks, take
from sdtm_il2.spec.study import DateRule, KeepRule

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _nobody() -> Positions:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What a keep rule decides, as positions: ``losers`` give way to ``winners``, pair by pair.

    ``ties`` are the first records of groups in which the order is equal or undecided, ``differing`` those of
    groups that are not the same, ``keyless`` the records without a key, ``unread`` the records whose order
    value fits no date format.
    """

    losers: Positions = field(default_factory=_nobody)
    winners: Positions = field(default_factory=_nobody)
    ties: Positions = field(default_factory=_nobody)
    differing: Positions = field(default_factory=_nobody)
    keyless: Positions = field(default_factory=_nobody)
    unread: Positions = field(default_factory=_nobody)


def group_codes(columns: Sequence[pd.Series], records: int) -> Positions:
    """One number a group of records that are equal in all columns, outer blanks aside.

    >>> group_codes([char(["a", "b", "a "]), char(["1", "1", "1"])], 3).tolist()
    [0, 1, 0]
    """
    codes = np.zeros(records, np.int64)
    for column in columns:
        encoded = distinct(char(pc.utf8_trim_whitespace(arrow(column))))
        codes = pd.factorize(codes * max(len(encoded.values), 1) + encoded.codes)[0].astype(np.int64)
    return codes


def _numbers(column: pd.Series, decimal: str) -> pd.Series | None:
    """The column as numbers, NaN where missing; None where a filled cell is no number."""
    encoded = distinct(column)
    texts = [text.strip() for text in encoded.values]
    if decimal == ",":
        texts = [text.replace(",", ".") for text in texts]
    if not all(_NUMBER.fullmatch(text) for text in texts if text):
        return None
    numbers = np.array([float(text) if text else np.nan for text in texts], np.float64)
    return pd.Series(numbers[encoded.codes] if len(numbers) else np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """Ascending rank of each record (0: no value), its ISO 8601 text if dates are compared, misfits."""

    rank: Positions
    iso: pd.Series | None
    unread: Mask


def _order(column: pd.Series, dates: DateRule, decimal: str) -> _Order:
    """Dates by the source's formats; where none fits, numbers; where not all are numbers, text."""
    nothing = np.zeros(len(column), np.bool_)
    filled = (column.str.strip() != "").to_numpy(np.bool_)
    if dates.formats:
        pivot = int(dates.pivot) if dates.pivot else None
        read = iso8601.parse_dates(column, dates.formats, dates.unknown, pivot)
        dated = (read.iso != "").to_numpy(np.bool_)
        if dated.any():
            unread = filled & ~dated & (read.status != int(iso8601.DateStatus.MISSING))
            iso = char(pd.Series(read.iso).tolist())
            return _Order(_filled_first(iso8601.sort_keys(iso), dated), iso, unread)
    numbers = _numbers(column, decimal)
    return _Order(_filled_first(ranks(column if numbers is None else numbers)[0], filled), None, nothing)


def _filled_first(rank: Positions, filled: Mask) -> Positions:
    return np.where(filled, rank.astype(np.int64) + 1, 0)


def keep_records(
    frame: pd.DataFrame,
    subject: pd.Series | None,
    positions: Positions,
    rule: KeepRule,
    dates: DateRule,
    decimal: str,
    preference: Positions | None = None,
) -> Kept:
    """Of the records at the positions keep one per key: the last or first by a column, or one of equal ones.

    The subject belongs to every key. Dates are compared as ISO 8601 after parsing by the source's formats, else
    numbers as numbers, else text by code point; a record without a value gives way. On a tie the record later in the
    file is kept. With ``same`` records that are equal in every column are one, the first of them. ``preference``
    ranks all records of the frame instead of a column; the highest rank is kept. Records in which every ``one_per``
    column is blank stay apart.

    >>> frame = pd.DataFrame({"BARCODE": char(["a", "b", "a"]), "REPORTED": char(["9", "1", "10"])})
    >>> kept = keep_records(
    ...     frame, None, np.arange(3), KeepRule(("BARCODE",), last="REPORTED"), DateRule(), ".")
    >>> kept.losers.tolist(), kept.winners.tolist()
    ([0], [2])
    """
    repeated = _repeats(frame, subject, positions) if rule.same else Kept()
    positions = np.setdiff1d(positions, repeated.losers, assume_unique=True)
    if not rule.one_per:
        return repeated
    keys = [take(frame[name], positions) for name in rule.one_per]
    blank = np.logical_and.reduce([(key.str.strip() == "").to_numpy(np.bool_) for key in keys])
    if subject is not None:
        keys.append(take(subject, positions))  # number 1 of another subject is another record
    codes = group_codes(keys, len(positions))
    several = (np.bincount(codes)[codes] > 1) & ~blank if len(codes) else blank
    kept = replace(repeated, keyless=positions[blank])
    positions, codes = positions[several], codes[several]
    if not len(positions):
        return kept
    if not (rule.last or rule.first or preference is not None):
        return replace(kept, differing=positions[np.unique(codes, return_index=True)[1]])
    if preference is not None:
        order = _Order(preference[positions] + 1, None, np.zeros(len(positions), np.bool_))
    else:
        order = _order(take(frame[rule.last or rule.first], positions), dates, decimal)
    winner = _winners(order.rank, codes, first=bool(rule.first) and preference is None)
    lost = winner != np.arange(len(codes))
    tied = lost & _undecided(order, winner)
    tied[tied] = ~_equal(frame, positions[tied], positions[winner[tied]])
    begins = np.unique(np.isin(codes, codes[tied]) * (codes + 1), return_index=True)
    return replace(
        kept,
        losers=np.concatenate((repeated.losers, positions[lost])),
        winners=np.concatenate((repeated.winners, positions[winner[lost]])),
        ties=positions[np.sort(begins[1][begins[0] > 0])],
        unread=positions[order.unread],
    )


def _repeats(frame: pd.DataFrame, subject: pd.Series | None, positions: Positions) -> Kept:
    """Records that repeat an earlier one in every column, and in the subject."""
    columns = [take(frame[name], positions) for name in frame.columns]
    if subject is not None:
        columns.append(take(subject, positions))
    codes = group_codes(columns, len(positions))
    first = np.unique(codes, return_index=True)[1]
    repeat = first[codes] != np.arange(len(codes))
    return Kept(positions[repeat], positions[first[codes[repeat]]])


def _winners(rank: Positions, codes: Positions, *, first: bool) -> Positions:
    """For each record the index of the record of its group that is kept; equal ranks: the later one."""
    if first:
        rank = np.where(rank > 0, rank.max(initial=0) + 1 - rank, 0)
    sequence = np.lexsort((np.arange(len(rank)), rank, codes))
    last = np.append(codes[sequence][1:] != codes[sequence][:-1], True)
    best = np.zeros(codes.max(initial=0) + 1, np.int64)
    best[codes[sequence[last]]] = sequence[last]
    return best[codes]


def _undecided(order: _Order, winner: Positions) -> Mask:
    """Which records are equal to their winner in order, or overlap with it as partial dates do."""
    equal: Mask = order.rank == order.rank[winner]
    if order.iso is None:
        return equal
    filled = (order.rank > 0) & (order.rank[winner] > 0)
    result = iso8601.compare(order.iso, take(order.iso, winner))
    equal |= filled & ((result == 0) | (result == iso8601.UNDECIDABLE))
    return equal


def _equal(frame: pd.DataFrame, left: Positions, right: Positions) -> Mask:
    """Which pairs of records hold the same in every column."""
    equal = np.ones(len(left), np.bool_)
    for name in frame.columns:
        equal &= (take(frame[name], left) == take(frame[name], right)).to_numpy(np.bool_)
    return equal
