"""Columns of groups of records reduced to one value each."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from sdtm_il2.dataset import arrow, char, distinct, ranks, take
from sdtm_il2.plan.number import number, plain

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

#: What stands between the values of a list.
SEPARATOR = "; "


def single_of_group(column: pd.Series, group_of: Positions, groups: int) -> tuple[pd.Series, Mask]:
    """The one filled value of each group, and which groups have several different ones (they get none).

    >>> values, differ = single_of_group(char(["a", "", "a", "b", "c"]), np.array([0, 0, 0, 1, 1]), 2)
    >>> values.tolist(), differ.tolist()
    (['a', ''], [False, True])
    """
    rank, _ = ranks(column)
    present = _filled(column)
    low = np.full(groups, np.iinfo(np.int64).max, np.int64)
    high = np.full(groups, -1, np.int64)
    np.minimum.at(low, group_of[present], rank[present])
    np.maximum.at(high, group_of[present], rank[present])
    differ = (high >= 0) & (low != high)
    place = np.full(groups, -1, np.int64)
    records = np.flatnonzero(present)[::-1]
    place[group_of[records]] = records
    return take(column, np.where(differ, -1, place)), differ


def reduce_column(column: pd.Series, group_of: Positions, groups: int, how: str) -> tuple[pd.Series, Mask]:
    """Each group's first, last, min, max, sum, count or list of filled values, and groups that cannot be summed.

    first and last are by the order of the records; min and max compare numbers where all are numbers, else text
    (ISO 8601 order); list holds each value once, in order.

    >>> reduce_column(char(["2", "10", ""]), np.array([0, 0, 0]), 1, "max")[0].tolist()
    ['10']
    >>> reduce_column(char(["b", "a", "b"]), np.array([0, 0, 0]), 1, "list")[0].tolist()
    ['b; a']
    """
    present = _filled(column)
    records = np.flatnonzero(present).astype(np.int64)
    unfit = np.zeros(groups, bool)
    if how == "count":
        return char([str(count) for count in np.bincount(group_of[records], minlength=groups)]), unfit
    if how in ("first", "last"):
        place = np.full(groups, -1, np.int64)
        ordered = records if how == "last" else records[::-1]
        place[group_of[ordered]] = ordered
        return take(column, place), unfit
    if how in ("min", "max"):
        rank = _order(column, records)
        order = np.lexsort((rank, group_of[records]))
        if how == "min":
            order = order[::-1]
        place = np.full(groups, -1, np.int64)
        place[group_of[records][order]] = records[order]
        return take(column, place), unfit
    lists: list[list[str]] = [[] for _ in range(groups)]
    texts = take(column, records).tolist()
    for group, text in zip(group_of[records].tolist(), map(str, texts), strict=True):
        lists[group].append(text)
    if how == "list":
        return char([SEPARATOR.join(dict.fromkeys(one)) for one in lists]), unfit
    sums: list[str] = []
    for group, one in enumerate(lists):
        values = [number(text) for text in one]
        known = [value for value in values if value is not None]
        unfit[group] = len(known) < len(values)
        sums.append(plain(sum(known, Decimal(0))) if known and not unfit[group] else "")
    return char(sums), unfit


def _order(column: pd.Series, records: Positions) -> npt.NDArray[np.float64]:
    """What min and max compare: the numbers, or the place in text order."""
    chosen = take(column, records)
    if chosen.dtype == np.float64:
        return chosen.to_numpy()
    encoded = distinct(chosen)
    values = [number(text) for text in encoded.values]
    if all(value is not None for value in values):
        return np.array([float(value or 0) for value in values], np.float64)[encoded.codes]
    return ranks(chosen)[0].astype(np.float64)


def _filled(column: pd.Series) -> Mask:
    if column.dtype == np.float64:
        missing: Mask = np.isnan(column.to_numpy())
        return ~missing
    present: Mask = pc.not_equal(arrow(column), "").to_numpy(zero_copy_only=False)
    return present


def given_by(texts: Sequence[str], how: str) -> list[int]:
    """The places of the texts of one group that gave its value: one for first, last, min and max, else all filled ones.

    >>> given_by(["", "2", "10"], "first"), given_by(["", "2", "10"], "max"), given_by(["", "2", "10"], "sum")
    ([1], [2], [1, 2])
    """
    held = [place for place, text in enumerate(texts) if text]
    if how not in ("first", "last", "min", "max") or not held:
        return held
    column, groups = char([texts[place] for place in held]), np.zeros(len(held), np.int64)
    value = reduce_column(column, groups, 1, how)[0].tolist()[0]
    same = [place for place in held if texts[place] == value]
    return same[-1:] if how == "last" else same[:1]
