"""Datasets: SDTM records with their columns, and the mergeable account of what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

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
        variables = dict(self.variables)
        for name, summary in other.variables.items():
            variables[name] = variables[name].merge(summary) if name in variables else summary
        levels = dict(self.value_levels)
        for level, summary in other.value_levels.items():
            levels[level] = levels[level].merge(summary) if level in levels else summary
        return Summary(self.dataset, self.records + other.records, variables, levels)
