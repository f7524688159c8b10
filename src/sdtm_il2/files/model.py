"""What a dataset file says beside its records, and how its columns become those of a `Dataset`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import Column, Dataset, char
from sdtm_il2.errors import Location, Problems, SdtmError
from sdtm_il2.xpt.values import PER_SECOND, STORED, Values, numbers_of, values_of

#: From here on not every whole number is a double.
_WHOLE = 2**53
_DATE_FORMATS = {"date": "DATE9.", "datetime": "DATETIME20."}


class DatasetFileError(SdtmError):
    """A dataset file cannot be read, or cannot hold what is to be written (FILE6xx)."""


@dataclass(frozen=True, slots=True)
class DatasetHeader:
    """Name, label and variables of a dataset, without its records."""

    name: str
    label: str
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> DatasetHeader:
        """The header of a dataset."""
        return cls(dataset.name, dataset.label, dataset.columns)


def check_columns(problems: Problems, header: DatasetHeader, found: Sequence[str], at: Location) -> None:
    """A file has the columns of its header, each once, in any order: FILE604, FILE605, FILE606."""
    for name in sorted({one for one in found if found.count(one) > 1}):
        problems.add("FILE604", f"{header.name}.{name}", at)
    names = [column.name for column in header.columns]
    for name in names:
        if name not in found:
            problems.add("FILE605", f"{header.name}.{name}", at)
    for name in dict.fromkeys(found):
        if name not in names:
            problems.add("FILE606", f"{header.name}.{name}", at)


def columns_of(table: Any) -> tuple[Column, ...]:
    """Variables as the types of an Arrow table tell: text is Char, everything else Num, dates with their format."""
    kinds = ((name, values_of(table[name]).kind) for name in table.column_names)
    return tuple(
        Column(name, "", STORED.get(kind, "Char"), None, _DATE_FORMATS.get(kind, "")) for name, kind in kinds
    )


def dataset_of(table: Any, header: DatasetHeader, at: Location) -> Dataset:
    """A table as a `Dataset`: null is "" in text and NaN in numbers, dates are days or seconds since 1960.

    DatasetFileError: columns that are not those of the header (FILE604 to FILE606), of another type (FILE607),
    or with values that a double does not hold (FILE609).
    """
    problems = Problems()
    check_columns(problems, header, table.column_names, at)
    problems.stop(DatasetFileError)
    columns: dict[str, Any] = {}
    for column in header.columns:
        values, target = values_of(table[column.name]), f"{header.name}.{column.name}"
        if column.type == "Char" and values.kind in ("text", "empty"):
            columns[column.name] = char(_text(values))
        elif column.type == "Num" and values.kind not in ("text", "unknown"):
            wrong = np.flatnonzero(_not_held(values))
            if len(wrong):
                problems.add("FILE609", target, at, count=len(wrong), row=int(wrong[0]) + 1)
            columns[column.name] = np.concatenate([np.empty(0), *map(numbers_of, values.chunks())])
        else:
            problems.add("FILE607", target, at, found=values.found, type=column.type)
    problems.stop(DatasetFileError)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)
    return Dataset(header.name, header.label, header.columns, frame)


def _text(values: Values) -> Any:
    if values.kind == "empty":
        return pa.chunked_array([pa.repeat(pa.scalar("", pa.large_string()), len(values))])
    return pa.chunked_array(_plain_chunks(values), pa.large_string())


def _plain_chunks(values: Values) -> Iterator[Any]:
    for chunk in values.chunks():
        yield chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk


def _not_held(values: Values) -> npt.NDArray[np.bool_]:
    """Which values a double cannot hold as they are: infinite, whole and too large, parts of a second."""
    wrong = [np.zeros(0, np.bool_)]
    for chunk in values.chunks():
        numbers = numbers_of(chunk)
        if pa.types.is_timestamp(chunk.type):
            whole = chunk.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            wrong.append(whole % PER_SECOND[chunk.type.unit] != 0)
        elif pa.types.is_integer(chunk.type):
            large = np.abs(numbers) >= _WHOLE
            for row in np.flatnonzero(large):
                large[row] = int(numbers[row]) != chunk[int(row)].as_py()
            wrong.append(large)
        else:
            wrong.append(np.isinf(numbers))
    return np.concatenate(wrong)
