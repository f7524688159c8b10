"""Data of every kind that a writer takes, as frames of columns that are made when they are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.xpt.limits import Breaches
from sdtm_il2.xpt.member import SpecialValues, XptMember
from sdtm_il2.xpt.values import STORED, Values, values_of

#: Formats of SAS dates and datetimes that come from a frame's own date types.
_DATE_FORMATS = {"date": "DATE9.", "datetime": "DATETIME20."}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame or table: its columns by name, and the record of the dataset that its first row is.

    ``special`` counts the rows of the frame.
    """

    values: Mapping[str, Values]
    start: int
    records: int
    special: Mapping[str, SpecialValues]


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What is to be written: frames or tables one after another, and what the first of them says beside."""

    tables: Iterable[Any]
    whole: bool
    dataset: Dataset | None
    member: XptMember | None


def data_of(data: Any) -> Data:
    """A frame, a table, a dataset, a member, or an iterable of them; TypeError for anything else."""
    one_column = isinstance(data, (pd.Series, pa.Array, pa.ChunkedArray))
    tables: Iterable[Any]
    if not one_column and (_is_table(data) or isinstance(data, (Dataset, XptMember))):
        tables, first, whole = [data], data, True
    elif one_column or not isinstance(data, Iterable) or isinstance(data, (str, bytes, Mapping)):
        raise TypeError(
            f"data of type {type(data).__name__} are neither a frame nor a table nor an iterable of them"
        )
    else:
        stream = iter(data)
        first, whole = next(stream, None), False
        tables = stream if first is None else itertools.chain([first], stream)
    member = first if isinstance(first, XptMember) else None
    dataset = member.dataset if member is not None else first if isinstance(first, Dataset) else None
    return Data(tables, whole, dataset, member)


def _is_table(data: Any) -> bool:
    return isinstance(data, (pd.DataFrame, pa.Table)) or hasattr(data, "__arrow_c_stream__")


def frames_of(data: Data, breaches: Breaches, special: Mapping[str, SpecialValues] | None) -> Iterator[Frame]:
    """The frames of the data; `special` values, if given, take the place of those that members have."""
    start = 0
    for table in data.tables:
        found = table.special if isinstance(table, XptMember) else {}
        dataset = table.dataset if isinstance(table, XptMember) else table
        frame = _frame(dataset.frame if isinstance(dataset, Dataset) else dataset, start, breaches)
        if special is not None and data.whole:
            found = special
        elif special is not None:
            stop = start + frame.records
            found = {name: values.between(start, stop) for name, values in special.items()}
        yield replace(frame, special=found)
        start += frame.records


def _frame(table: Any, start: int, breaches: Breaches) -> Frame:
    if isinstance(table, pd.DataFrame):
        series: list[tuple[Any, Any]] = list(table.items())
    else:
        if not _is_table(table):
            raise TypeError(f"{type(table).__name__} is neither a frame nor a table")
        table = table if isinstance(table, pa.Table) else pa.table(table)
        series = list(zip(table.column_names, table.columns, strict=True))
    values: dict[str, Values] = {}
    for column, one in series:
        if not isinstance(column, str):
            breaches.add("XPT620", str(column), part="variable name", name=column)
        elif column in values:
            breaches.add("XPT623", column)
        else:
            values[column] = values_of(one)
    return Frame(values, start, len(table), {})


def declared(variables: Sequence[Column] | None, frame: Frame) -> tuple[Column, ...]:
    """The variables as declared, else one for each column of the frame; dates get their SAS format."""
    if variables is None:
        kinds = {column: values.kind for column, values in frame.values.items()}
        return tuple(
            Column(column, "", STORED.get(kind, "Char"), None, _DATE_FORMATS.get(kind, ""))
            for column, kind in kinds.items()
        )
    return tuple(
        replace(one, format=_DATE_FORMATS.get(frame.values[one.name].kind, ""))
        if one.name in frame.values and not one.format
        else one
        for one in variables
    )
