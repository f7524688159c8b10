"""Datasets as CSV: UTF-8, one header line, "" for missing; types and labels stand in a file beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from sdtm_il2.dataset import Dataset, arrow, char
from sdtm_il2.errors import Location, Problems, issue
from sdtm_il2.files.header import header_json, read_header
from sdtm_il2.files.model import DatasetFileError, DatasetHeader, check_columns
from sdtm_il2.place import Replacing

#: What a number looks like; Arrow alone would also take inf, nan and hexadecimal digits.
_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"
#: Records that are converted at a time.
_BLOCK = 65536


def sidecar(path: str | os.PathLike[str]) -> Path:
    """The file beside a CSV file that holds its header.

    >>> sidecar("out/ae.csv").as_posix()
    'out/ae.variables.json'
    """
    return Path(path).with_suffix(".variables.json")


def write_csv(path: str | os.PathLike[str], dataset: Dataset) -> tuple[Path, Path]:
    """A CSV file holds the values of a dataset, and the file beside it (`sidecar`) everything else.

    Numbers are written with as many digits as tell the double apart from its neighbours, missing ones as
    nothing; text stands in quotes. Both files take their places together. Returns them.

    >>> import tempfile
    >>> import pandas as pd
    >>> from sdtm_il2.dataset import Column
    >>> frame = pd.DataFrame({"SEX": ["F", ""], "AGE": [44.0, float("nan")]}).astype({"SEX": "str"})
    >>> dataset = Dataset("DM", "Demographics", (Column("SEX"), Column("AGE", type="Num")), frame)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, _ = write_csv(Path(folder) / "dm.csv", dataset)
    ...     path.read_text()
    '"SEX","AGE"\\n"F",44\\n"",\\n'
    """
    header = DatasetHeader.of(dataset)
    options = pacsv.WriteOptions(quoting_style="needed", quoting_header="needed")
    with Replacing() as files:
        stream = files.open(Path(path)).stream
        with pacsv.CSVWriter(stream, _schema(header), write_options=options) as writer:
            for start in range(0, len(dataset), _BLOCK):
                writer.write_table(_table(dataset, start, start + _BLOCK))
        files.open(sidecar(path)).stream.write(header_json(header).encode() + b"\n")
    return Path(path), sidecar(path)


def _schema(header: DatasetHeader) -> Any:
    types = {"Char": pa.large_string(), "Num": pa.float64()}
    return pa.schema([(column.name, types[column.type]) for column in header.columns])


def _table(dataset: Dataset, start: int, stop: int) -> Any:
    frame = dataset.frame.iloc[start:stop]
    arrays = [
        pa.array(frame[column.name].to_numpy(), pa.float64(), from_pandas=True)
        if column.type == "Num"
        else arrow(frame[column.name])
        for column in dataset.columns
    ]
    return pa.table(arrays, schema=_schema(DatasetHeader.of(dataset)))


def read_csv(
    path: str | os.PathLike[str], header: DatasetHeader | None = None, *, encoding: str = "utf-8"
) -> Dataset:
    """A CSV file has no types, so they come from `header`, or from the file beside it; nothing is guessed.

    DatasetFileError: FILE601 no header, FILE602 not CSV, FILE603 another encoding, FILE604 to FILE606 other
    columns than the header's, FILE608 a sidecar that is none, FILE610 text where numbers are declared.
    """
    at = Location(os.fspath(path))
    if header is None:
        beside = sidecar(path)
        if not beside.is_file():
            raise DatasetFileError(issue("FILE601", "", at, sidecar=beside.name))
        header = read_header(beside.read_bytes(), Location(str(beside)))
    table = _read(path, at, encoding)
    problems = Problems()
    check_columns(problems, header, table.column_names, at)
    problems.stop(DatasetFileError)
    columns: dict[str, Any] = {}
    for column in header.columns:
        text = table[column.name]
        if column.type == "Char":
            columns[column.name] = char(text)
        else:
            columns[column.name] = _numbers(problems, text, f"{header.name}.{column.name}", at)
    problems.stop(DatasetFileError)
    return Dataset(header.name, header.label, header.columns, pd.DataFrame(columns, copy=False))


def _read(path: str | os.PathLike[str], at: Location, encoding: str) -> Any:
    wrong: list[Any] = []

    def invalid(row: Any) -> str:
        wrong.append(row)
        return "skip"

    with Path(path).open("rb") as stream:
        names = _names(stream.readline(), at, encoding)
    try:
        table = pacsv.read_csv(
            os.fspath(path),
            # One thread, so that a row that is wrong has a number.
            read_options=pacsv.ReadOptions(
                use_threads=False, encoding=encoding, column_names=names, skip_rows=1
            ),
            parse_options=pacsv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=invalid
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        if "UTF8" in str(error) or isinstance(error, UnicodeDecodeError):
            raise DatasetFileError(issue("FILE603", "", at, encoding=encoding)) from None
        raise DatasetFileError(issue("FILE602", "", at, fault="its records cannot be told apart")) from None
    if wrong:
        first = wrong[0]
        fault = f"record {first.number - 1} has {first.actual_columns} values, not {first.expected_columns}"
        raise DatasetFileError(issue("FILE602", "", at, fault=fault))
    return table


def _names(line: bytes, at: Location, encoding: str) -> list[str]:
    try:
        text = line.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError:
        raise DatasetFileError(issue("FILE603", "", at, encoding=encoding)) from None
    names = [name.removeprefix('"').removesuffix('"') for name in text.rstrip("\r\n").split(",")]
    if not any(names):
        raise DatasetFileError(issue("FILE602", "", at, fault="it has no line of names"))
    return names


def _numbers(problems: Problems, text: Any, target: str, at: Location) -> Any:
    filled = pc.if_else(pc.equal(text, ""), None, text)
    odd = pc.invert(pc.fill_null(pc.match_substring_regex(filled, _NUMBER), True))  # noqa: FBT003
    rows = np.flatnonzero(odd.to_numpy())
    if len(rows):
        values = filled.take(pa.array(rows)).value_counts().to_pylist()
        counts = [(one["values"], one["counts"]) for one in values]
        problems.add("FILE610", target, at, count=len(rows), row=int(rows[0]) + 1, values=counts)
        return np.empty(len(text))
    numbers = filled.cast(pa.float64()).fill_null(np.nan).to_numpy()
    large = np.flatnonzero(np.isinf(numbers))
    if len(large):
        problems.add("FILE609", target, at, count=len(large), row=int(large[0]) + 1)
    return numbers
