"""Rows of Dataset-JSON as columns of a dataset: every value is of the type that its column says, or refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import Column, Dataset, VariableType, char
from sdtm_il2.errors import Location, Problems
from sdtm_il2.files.model import DatasetFileError
from sdtm_il2.files.sasdates import DateType, from_iso

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def dataset_of_rows(head: dict[str, Any], rows: Sequence[Sequence[Any]], at: Location) -> Dataset:
    """The dataset that attributes and rows describe; DatasetFileError (FILE614) names every column with others."""
    problems = Problems()
    cells = list(zip(*rows, strict=True)) or [()] * len(head["columns"])
    columns, values = [], {}
    for attributes, cell in zip(head["columns"], cells, strict=True):
        type_, found, wrong = _values(attributes["dataType"], attributes.get("targetDataType"), cell)
        # A column's length counts characters of text; only of text is it the length of a variable.
        length = attributes.get("length") if type_ == "Char" else None
        name = attributes["name"]
        columns.append(Column(name, attributes["label"], type_, length, attributes.get("displayFormat", "")))
        values[name] = found
        if wrong:
            problems.add(
                "FILE614", f"{head['name']}.{name}", at, count=len(wrong), row=wrong[0] + 1,
                type=attributes["dataType"],
            )  # fmt: skip
    problems.stop(DatasetFileError)
    frame = pd.DataFrame(values, index=pd.RangeIndex(len(rows)), copy=False)
    return Dataset(head["name"], head["label"], tuple(columns), frame)


def _values(data_type: str, target: str | None, cells: Sequence[Any]) -> tuple[VariableType, Any, list[int]]:
    """Type, column, and the rows whose value is of another type."""
    if data_type in ("integer", "float", "double", "boolean"):
        wrong = _wrong(cells, {"integer": _is_whole, "boolean": _is_flag}.get(data_type, _is_number))
        numbers = [math.nan if one is None else float(one) for one in cells] if not wrong else []
        return "Num", np.array(numbers, float), wrong
    wrong = _wrong(cells, _is_text)
    if wrong:
        return "Char", (), wrong
    if data_type in ("date", "datetime", "time") and target == "integer":
        numbers_of_dates, wrong = from_iso(list(cells), cast(DateType, data_type))
        return "Num", numbers_of_dates, wrong
    if data_type == "decimal" and target == "decimal":
        wrong = [row for row, one in enumerate(cells) if one and not _DECIMAL.fullmatch(one)]
        return "Num", np.array([float(one) if one else math.nan for one in cells] if not wrong else []), wrong
    return "Char", char(pa.array(cells, pa.large_string())), []


def _wrong(cells: Sequence[Any], fits: Callable[[Any], bool]) -> list[int]:
    return [row for row, one in enumerate(cells) if one is not None and not fits(one)]


def _is_text(value: Any) -> bool:
    """Text, without halves of surrogate pairs, which JSON can escape and which are no characters."""
    return isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= 2**53 if isinstance(value, int) else math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == int(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)
