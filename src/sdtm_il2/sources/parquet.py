"""Parquet files as raw data: records of text, one column a column of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sdtm_il2.errors import NOWHERE, Issue, Location, Problems
from sdtm_il2.sources.files import FilePlace
from sdtm_il2.sources.sasvalues import number_texts
from sdtm_il2.sources.text import RawTable, name_columns

#: How many cells (records times columns) are read: a small file can say that it holds any number of them.
MOST_CELLS: Final = 1_000_000_000


def read_parquet(
    path: Path, *, target: str = "", file: str = "", at: Location = NOWHERE, data: bytes | None = None
) -> RawTable:
    """Records of a Parquet file as text: strings as they are, numbers in plain decimals, dates in ISO 8601.

    Decimals keep their places (1.50), booleans are TRUE and FALSE, nulls and NaN are "". A timestamp has its
    time of day always, fractions of a second where they are stored, and with a time zone the local time and
    its offset. Dictionaries are read as their values. Records count from 1.

    Raises `SourceError`: SRC364 (not readable, or too large) or SRC370 (columns that are no plain values).
    With the table come SRC305, SRC316, SRC317 and SRC371.
    """
    place = FilePlace(target, file or path.name, at)
    content = path.read_bytes() if data is None else data
    try:
        source = pq.ParquetFile(pa.BufferReader(content))
        schema = source.schema_arrow
        names = schema.names
        other = [f"'{one.name}' ({one.type})" for one in schema if not _is_plain(one.type)]
        if other:
            raise place.refusal("SRC370", columns=", ".join(other))
        records = source.metadata.num_rows
        if records * max(len(schema), 1) > MOST_CELLS:
            reason = f"it says that it holds more than {MOST_CELLS // 1_000_000} million values"
            raise place.refusal("SRC364", kind="a Parquet file", reason=reason)
        table = source.read(use_threads=False)
        table.validate(full=True)  # text that is no UTF-8
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        reason = str(fault).splitlines()[0].rstrip(".")[:200] if str(fault) else "it is damaged"
        raise place.refusal("SRC364", kind="a Parquet file", reason=reason) from None
    problems = Problems()
    found: list[Issue] = []
    arrays = []
    for one, column in zip(schema, table.columns, strict=True):
        array, issues = _texts(column, one.name, place)
        arrays.append(array)
        found += issues
    if not records:
        found.append(place.issue("SRC305"))
    rows = np.arange(1, records + 1, dtype=np.int64)
    frame, headers = name_columns(arrays, rows, names, place.target, place.name, place.at, problems)
    return RawTable(frame, rows, headers, (*problems.found, *found))


def _is_plain(type_: Any) -> bool:
    """Whether values of a type are single values with a text."""
    if pa.types.is_dictionary(type_):
        return _is_plain(type_.value_type)
    return any(
        test(type_)
        for test in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer,
            pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_date,
            pa.types.is_timestamp, pa.types.is_time, pa.types.is_null,
        )
    )  # fmt: skip


def _texts(column: Any, name: str, place: FilePlace) -> tuple[pa.Array, list[Issue]]:
    """The text of a column by its type, and SRC371 where a number is not finite."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    type_, found = array.type, []
    if pa.types.is_null(type_):
        text = pa.array([""] * len(array), pa.large_string())
    elif pa.types.is_boolean(type_):
        text = pc.if_else(array, "TRUE", "FALSE")
    elif pa.types.is_floating(type_):
        numbers = _shortest(array)
        infinite = np.flatnonzero(np.isinf(numbers))
        if len(infinite):
            found.append(place.issue("SRC371", count=len(infinite), row=int(infinite[0]) + 1, column=name))
        text = number_texts(np.where(np.isinf(numbers), np.nan, numbers))
    elif pa.types.is_timestamp(type_):
        text = _moments(array)
    elif pa.types.is_time(type_):
        text = _without_zeros(array.cast(pa.string()))
    elif pa.types.is_date(type_):
        text = array.cast(pa.date32()).cast(pa.string())
    elif pa.types.is_decimal(type_):
        text = pa.array([None if one is None else format(one, "f") for one in array.to_pylist()], pa.string())
    else:
        text = array.cast(pa.large_string())
    return pc.fill_null(text.cast(pa.large_string()), ""), found


def _shortest(array: Any) -> Any:
    """Numbers as doubles with the shortest decimals of their own precision: 0.1 in 32 bits is 0.1."""
    if array.type == pa.float64():
        return array.to_numpy(zero_copy_only=False).astype(np.float64)
    single = array.to_numpy(zero_copy_only=False)
    kind = np.float16 if array.type == pa.float16() else np.float32
    return np.array([float(str(one)) for one in single.astype(kind)], np.float64)


def _without_zeros(text: Any) -> Any:
    """Times without the zeros that end a fraction of a second, and without a fraction of zeros."""
    return pc.replace_substring_regex(text, r"\.0+$|(\.[0-9]*?)0+$", r"\1").cast(pa.string())


def _moments(array: Any) -> Any:
    """Timestamps in ISO 8601; with a time zone the local time and its offset from UTC."""
    local = pc.local_timestamp(array) if array.type.tz else array
    text = pc.replace_substring(local.cast(pa.string()), " ", "T", max_replacements=1)
    text = _without_zeros(text)
    if not array.type.tz:
        return text
    unit = pa.timestamp(array.type.unit)
    wide = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[array.type.unit] * 60
    offsets = pc.subtract(local.cast(unit).cast(pa.int64()), array.cast(pa.int64()))
    minutes = pc.divide(offsets, wide).dictionary_encode()
    shown = [
        None if one is None else f"{'-' if one < 0 else '+'}{abs(one) // 60:02}:{abs(one) % 60:02}"
        for one in minutes.dictionary.to_pylist()
    ]
    return pc.binary_join_element_wise(text, pa.array(shown, pa.string()).take(minutes.indices), "")
