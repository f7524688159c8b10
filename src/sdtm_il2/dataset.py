"""Datasets: SDTM records with their columns, and the mergeable account of what they hold."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.agency import byte_length

VariableType = Literal["Char", "Num"]


@dataclass(frozen=True, slots=True)
class Column:
    """A variable as a dataset stores it. ``length`` is in bytes; None means: as the data need."""

    name: str
    label: str = ""
    type: VariableType = "Char"
    length: int | None = None
    format: str = ""
    informat: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset (a file: AE, SUPPAE): columns in order and a frame of the same columns, one row a record.

    Char columns are ``str`` with "" for missing, Num columns ``float64`` with NaN; the index is a RangeIndex.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the dataset has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no variable {name}")


@dataclass(frozen=True, slots=True)
class ValueSummary:
    """What the values of one variable (or of one value level of it) are: counts, sizes, forms, terms.

    ``max_bytes`` is the longest text in UTF-8 bytes; ``digits`` and ``decimals`` are the most significant
    digits (sign and point counted as Define-XML's Length does) and decimals of a number; ``numeric`` counts
    filled values that read as a number; ``forms`` counts ISO 8601 forms of --DTC values (``date``,
    ``datetime``, ``partialDate`` ...); ``terms`` counts the distinct values where they matter (codelist-bound
    variables and value levels), else it is None.
    """

    records: int = 0
    filled: int = 0
    max_bytes: int = 0
    digits: int = 0
    decimals: int = 0
    numeric: int = 0
    forms: Mapping[str, int] = field(default_factory=dict)
    terms: Mapping[str, int] | None = None

    def merge(self, other: ValueSummary) -> ValueSummary:
        """The summary of both sets of records; associative and commutative."""
        if self.terms is None or other.terms is None:
            terms = self.terms if other.terms is None else other.terms
        else:
            terms = _add(self.terms, other.terms)
        return ValueSummary(
            self.records + other.records,
            self.filled + other.filled,
            max(self.max_bytes, other.max_bytes),
            max(self.digits, other.digits),
            max(self.decimals, other.decimals),
            self.numeric + other.numeric,
            _add(self.forms, other.forms),
            terms,
        )


def _add(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    total = dict(left)
    for name, count in right.items():
        total[name] = total.get(name, 0) + count
    return total


#: A value level: the variable, and the conditions (variable, value) that select its records.
ValueLevel = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What one dataset holds, study-wide or in one partition of subjects."""

    dataset: str
    records: int = 0
    variables: Mapping[str, ValueSummary] = field(default_factory=dict)
    value_levels: Mapping[ValueLevel, ValueSummary] = field(default_factory=dict)

    def merge(self, other: Summary) -> Summary:
        """The summary of both partitions; associative and commutative. ValueError for different datasets."""
        if self.dataset != other.dataset:
            raise ValueError(f"cannot merge summaries of {self.dataset} and {other.dataset}")
        # a variable that one side does not have is empty in all its records
        variables = {
            name: self.variables.get(name, ValueSummary(self.records)).merge(
                other.variables.get(name, ValueSummary(other.records))
            )
            for name in (*self.variables, *(one for one in other.variables if one not in self.variables))
        }
        levels = dict(self.value_levels)
        for level, summary in other.value_levels.items():
            levels[level] = levels[level].merge(summary) if level in levels else summary
        return Summary(self.dataset, self.records + other.records, variables, levels)


# ---- columns of text: the work is done on the distinct values, then spread --------------------------------

CHAR = pd.StringDtype("pyarrow", na_value=np.nan)


def char(values: pa.Array | pa.ChunkedArray | Iterable[str]) -> pd.Series:
    """A Char column of text values; an Arrow array is taken over without a copy, null becomes "".

    A column without any text costs no memory, however long it is: all of them look at the same zeros.

    >>> char(["a", ""]).tolist()
    ['a', '']
    """
    array = (
        values
        if isinstance(values, pa.Array | pa.ChunkedArray)
        else pa.array(list(values), pa.large_string())
    )
    if array.null_count:
        array = pc.fill_null(array, "")
    if array.type != pa.large_string():
        array = array.cast(pa.large_string())
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if not any(map(_has_text, chunked.chunks)):
        chunked = pa.chunked_array([_without_text(len(chunked))])
    return pd.Series(CHAR.__from_arrow__(chunked))  # type: ignore[attr-defined]


def _has_text(array: pa.Array) -> bool:
    """Whether a text of the array has a byte: its last offset lies behind its first."""
    if not len(array):
        return False
    offsets = np.frombuffer(array.buffers()[1], np.int64)
    return bool(offsets[array.offset] != offsets[array.offset + len(array)])


def _without_text(records: int) -> pa.Array:
    """Empty texts: offsets of zero, and no bytes."""
    offsets = _zeros((records + 1).bit_length())
    return pa.LargeStringArray.from_buffers(records, offsets.slice(0, 8 * (records + 1)), pa.py_buffer(b""))


@functools.cache
def _zeros(bits: int) -> pa.Buffer:
    """The offsets of at least so many bits of empty texts; the system gives zeros that are only read no memory."""
    return pa.py_buffer(np.zeros(1 << bits, np.int64))


def num(values: npt.NDArray[np.float64]) -> pd.Series:
    """A Num column of numbers; all columns without any number look at the same missing values.

    >>> num(np.array([1.5, np.nan])).tolist()
    [1.5, nan]
    """
    if len(values) and np.isnan(values[0]) and np.isnan(values).all():
        return _missing(len(values).bit_length()).iloc[: len(values)]
    return pd.Series(values, copy=False)


@functools.cache
def _missing(bits: int) -> pd.Series:
    """At least so many bits of missing numbers; pandas copies the part that somebody writes to."""
    return pd.Series(np.full(1 << bits, np.nan))


def arrow(column: pd.Series) -> pa.Array:
    """The one Arrow array of a Char column (no copy where it has one chunk)."""
    array = pa.array(column.array)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def constant(text: str, records: int) -> pd.Series:
    """A Char column that holds the same text in every record."""
    return char(pa.repeat(pa.scalar(text, pa.large_string()), records))


def longest_bytes(column: pd.Series, encoding: str = "utf-8") -> int:
    """Bytes of the longest text of a Char column in the encoding of the files."""
    array = arrow(column)
    if encoding not in ("utf-8", "ascii") and pc.all(pc.string_is_ascii(array)).as_py() not in (True, None):
        return max((byte_length(text, encoding) for text in distinct(column).values), default=0)
    return int(pc.max(pc.binary_length(array)).as_py() or 0)


@dataclass(frozen=True, slots=True)
class Distinct:
    """A Char column as its distinct values and one code a record."""

    codes: npt.NDArray[np.int32]
    values: tuple[str, ...]

    def spread(self, values: Sequence[str]) -> pd.Series:
        """A Char column that holds ``values[code]`` in every record."""
        return char(pa.array(values, pa.large_string()).take(pa.array(self.codes)))

    def counts(self, mask: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int64]:
        """How many records (of those that the mask selects) hold each distinct value."""
        codes = self.codes if mask is None else self.codes[mask]
        return np.bincount(codes, minlength=len(self.values))


def distinct(column: pd.Series) -> Distinct:
    """The distinct values of a Char column in order of first occurrence, and each record's code.

    >>> distinct(char(["b", "a", "b"]))
    Distinct(codes=array([0, 1, 0], dtype=int32), values=('b', 'a'))
    """
    encoded = arrow(column).dictionary_encode()
    return Distinct(encoded.indices.to_numpy(zero_copy_only=False), tuple(encoded.dictionary.to_pylist()))


def ranks(column: pd.Series, key: Callable[[str], Any] | None = None) -> tuple[npt.NDArray[np.int64], int]:
    """Ascending rank of each record's value and the number of ranks: text by code point or `key`, missing first.

    >>> ranks(char(["b", "", "a"]))[0].tolist(), ranks(pd.Series([2.0, float("nan"), 1.0]))[0].tolist()
    ([2, 0, 1], [2, 0, 1])
    """
    if column.dtype == np.float64:
        values, codes = np.unique(column.to_numpy(), return_inverse=True)
        missing = len(values) > 0 and bool(np.isnan(values[-1]))
        if missing:  # numpy sorts NaN last; missing comes first here
            codes = np.where(codes == len(values) - 1, 0, codes + 1)
        return codes.astype(np.int64), len(values)
    encoded = distinct(column)
    sorted_by = encoded.values if key is None else [key(text) for text in encoded.values]
    order = sorted(range(len(encoded.values)), key=sorted_by.__getitem__)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[encoded.codes] if len(order) else np.empty(0, np.int64), len(order)


def take(column: pd.Series, positions: npt.NDArray[np.int64]) -> pd.Series:
    """The column's values at the positions; position -1 gives missing."""
    absent = positions < 0
    if column.dtype == np.float64:
        values = column.to_numpy()
        if not len(values):
            return num(np.full(len(positions), np.nan))
        return num(np.where(absent, np.nan, values[np.where(absent, 0, positions)]))
    if absent.any():
        return char(arrow(column).take(pa.array(positions, mask=absent)))
    return char(arrow(column).take(pa.array(positions)))
