"""CDISC Dataset-JSON 1.1: one dataset a file, as one JSON object or (NDJSON) as one line a record."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.errors import Location, issue
from sdtm_il2.files.model import DatasetFileError
from sdtm_il2.files.rows import dataset_of_rows
from sdtm_il2.files.sasdates import date_type, to_iso
from sdtm_il2.place import Replacing
from sdtm_il2.xpt.layout import split_format
from sdtm_il2.xpt.member import default_time

VERSION = "1.1.0"
#: Attributes of the file in the order of the standard, and whether they are required.
ATTRIBUTES = {
    "datasetJSONCreationDateTime": True, "datasetJSONVersion": True, "fileOID": False,
    "dbLastModifiedDateTime": False, "originator": False, "sourceSystem": False, "studyOID": False,
    "metaDataVersionOID": False, "metaDataRef": False, "itemGroupOID": True, "records": True, "name": True,
    "label": True, "columns": True,
}  # fmt: skip
#: Attributes of a column in the order of the standard, their types, and whether they are required.
COLUMN: dict[str, tuple[type, bool]] = {
    "itemOID": (str, True), "name": (str, True), "label": (str, True), "dataType": (str, True),
    "targetDataType": (str, False), "length": (int, False), "displayFormat": (str, False), "keySequence": (int, False),
}  # fmt: skip
DATA_TYPES = ("string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time", "URI")
_TEXT = frozenset({"string", "URI", "decimal", "datetime", "date", "time"})
_BLOCK = 16384


def write_datasetjson(
    path: str | os.PathLike[str],
    dataset: Dataset,
    *,
    created: dt.datetime | None = None,
    attributes: Mapping[str, Any] | None = None,
    data_types: Mapping[str, str] | None = None,
    keys: Sequence[str] = (),
) -> Path:
    """A Dataset-JSON 1.1 file has the attributes of a dataset in the standard's order, its columns, then its rows.

    The ending decides: ``.ndjson`` is one line a record, everything else one object. `created` is by default
    1970-01-01 or SOURCE_DATE_EPOCH, so that equal data give equal bytes. `attributes` are optional ones of the
    standard (``studyOID``, ``originator``, ``metaDataRef`` ...) and ``itemGroupOID``, which is ``IG.`` and the
    name otherwise. `data_types` name the logical type of variables (``{"AESEQ": "integer"}``); else text is
    ``string`` and numbers are ``double``. Numbers with a SAS date format become ISO 8601 text that a receiver
    turns into numbers again (``targetDataType`` ``integer``), unless they have a part of a day or second.
    `keys` are the key variables in order.

    Missing numbers are null, missing text is "". ValueError: an attribute or type that the standard has not.
    DatasetFileError: FILE611 a value that is not of its `data_types`.

    >>> import tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"AGE": [44.0, float("nan")]})
    >>> dataset = Dataset("DM", "Demographics", (Column("AGE", "Age", "Num", 8),), frame)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_datasetjson(Path(folder) / "dm.ndjson", dataset, data_types={"AGE": "integer"})
    ...     path.read_text().splitlines()[1:]
    ['[44]', '[null]']
    """
    path, columns = Path(path), []
    for column in dataset.columns:
        columns.append(_column(dataset, column, (data_types or {}).get(column.name), keys))
    head = _head(dataset, created, attributes or {}, [one for one, _ in columns])
    lines = path.suffix.lower() == ".ndjson"
    with Replacing() as files:
        stream = files.open(path).stream
        if lines:
            stream.write(_dump(head) + b"\n")
        else:
            stream.write(_dump(head)[:-1] + b',"rows":[')
        first = True
        for start in range(0, len(dataset), _BLOCK):
            block = dataset.frame.iloc[start : start + _BLOCK]
            cells = [
                _cells(block[column.name], column, attributes_of["dataType"], iso, dataset.name)
                for column, (attributes_of, iso) in zip(dataset.columns, columns, strict=True)
            ]
            for row in zip(*cells, strict=True):
                stream.write((b"" if first or lines else b",\n") + _dump(row) + (b"\n" if lines else b""))
                first = False
        if not lines:
            stream.write(b"]}\n")
    return path


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _head(
    dataset: Dataset,
    created: dt.datetime | None,
    attributes: Mapping[str, Any],
    columns: list[dict[str, Any]],
) -> dict[str, Any]:
    made = {
        "datasetJSONCreationDateTime": (created or default_time()).replace(microsecond=0).isoformat(),
        "datasetJSONVersion": VERSION, "itemGroupOID": f"IG.{dataset.name}", "records": len(dataset),
        "name": dataset.name, "label": dataset.label, "columns": columns,
    }  # fmt: skip
    made["datasetJSONCreationDateTime"] = made["datasetJSONCreationDateTime"].replace("+00:00", "Z")  # type: ignore[attr-defined]
    for name in attributes:
        if name not in ATTRIBUTES or (name in made and name != "itemGroupOID"):
            raise ValueError(f"{name} is no attribute of Dataset-JSON that can be given")
    made.update(attributes)
    return {name: made[name] for name in ATTRIBUTES if name in made}


def _column(
    dataset: Dataset, column: Column, data_type: str | None, keys: Sequence[str]
) -> tuple[dict[str, Any], bool]:
    """The attributes of a column, and whether its numbers are written as ISO 8601 text."""
    iso = False
    if data_type is None:
        data_type = "string" if column.type == "Char" else "double"
        date = date_type(column)
        if date is not None and to_iso(dataset.frame[column.name].to_numpy(float), date) is not None:
            data_type, iso = date, True
    elif data_type not in DATA_TYPES or (data_type in _TEXT) != (column.type == "Char"):
        raise ValueError(f"{data_type} is no type of Dataset-JSON for {column.name}, which is {column.type}")
    found = {
        "itemOID": f"IT.{dataset.name}.{column.name}", "name": column.name, "label": column.label,
        "dataType": data_type, "targetDataType": "integer" if iso else None,
        "length": column.length if column.type == "Char" else None, "displayFormat": column.format or None,
        "keySequence": list(keys).index(column.name) + 1 if column.name in keys else None,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}, iso


def _cells(series: Any, column: Column, data_type: str, iso: bool, dataset: str) -> Sequence[Any]:  # noqa: FBT001
    if column.type == "Char":
        texts: list[str] = series.tolist()
        return texts
    numbers = series.to_numpy(float)
    date = date_type(column)
    if iso and date is not None:
        return to_iso(numbers, date) or []
    if data_type in ("integer", "boolean"):
        allowed = np.isin(numbers, (0, 1)) if data_type == "boolean" else numbers % 1 == 0
        wrong = np.flatnonzero(~(allowed | np.isnan(numbers)))
        if len(wrong):
            target = f"{dataset}.{column.name}"
            found = issue(
                "FILE611", target, count=len(wrong), type=data_type, row=int(series.index[wrong[0]]) + 1
            )
            raise DatasetFileError(found)
    if data_type == "boolean":
        return [None if one != one else one == 1 for one in numbers.tolist()]
    return [
        None if one != one else int(one) if one.is_integer() and abs(one) < 2**53 else one
        for one in numbers.tolist()
    ]


def read_datasetjson(path: str | os.PathLike[str]) -> Dataset:
    """A Dataset-JSON 1.1 file is read as it stands: text stays text, numbers are doubles, null is missing.

    ``.ndjson`` is read by lines, ``.dsjc`` as such lines compressed by zlib. Dates, datetimes and times are text
    unless their ``targetDataType`` asks for numbers: days and seconds since 1960. A `decimal` becomes a number
    only where its ``targetDataType`` says so.

    DatasetFileError: FILE602 not Dataset-JSON, FILE603 not UTF-8, FILE612 attributes that the standard does not
    have, or without those it needs, FILE613 rows that are not as many or as wide as announced, FILE614 values
    that are not of their column's type.
    """
    at = Location(os.fspath(path))
    head, rows = _parsed(path, at)
    fault = _fault(head)
    if fault:
        raise DatasetFileError(issue("FILE612", "", at, fault=fault))
    width = len(head["columns"])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != width:
            found = len(row) if isinstance(row, list) else 0
            raise DatasetFileError(
                issue(
                    "FILE613", head["name"], at, fault=f"row {number} has {found} values for {width} columns"
                )
            )
    if len(rows) != head["records"]:
        fault = f"{head['records']} records are announced, and {len(rows)} are there"
        raise DatasetFileError(issue("FILE613", head["name"], at, fault=fault))
    return dataset_of_rows(head, rows, at)


def read_attributes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The attributes of a Dataset-JSON file, columns included, without its rows; errors as `read_datasetjson`."""
    at = Location(os.fspath(path))
    head, _ = _parsed(path, at)
    fault = _fault(head)
    if fault:
        raise DatasetFileError(issue("FILE612", "", at, fault=fault))
    return head


def _parsed(path: str | os.PathLike[str], at: Location) -> tuple[dict[str, Any], list[Any]]:
    data, ending = Path(path).read_bytes(), Path(path).suffix.lower()
    try:
        if ending == ".dsjc":
            data = zlib.decompress(data)
        text = data.decode("utf-8-sig")
        parts = [_load(text)] if ending not in (".ndjson", ".dsjc") else list(_lines(text))
    except UnicodeDecodeError:
        raise DatasetFileError(issue("FILE603", "", at, encoding="utf-8")) from None
    except (ValueError, RecursionError, zlib.error):
        raise DatasetFileError(issue("FILE602", "", at, fault="it is not JSON")) from None
    head = parts[0] if parts else None
    if not isinstance(head, dict):
        raise DatasetFileError(issue("FILE602", "", at, fault="it is not an object of Dataset-JSON"))
    if ending in (".ndjson", ".dsjc"):
        return head, parts[1:]
    rows = head.pop("rows", [])
    if not isinstance(rows, list):
        raise DatasetFileError(issue("FILE612", "", at, fault="rows is not a list"))
    return head, rows


def _lines(text: str) -> Iterator[Any]:
    for line in text.split("\n"):
        if line.strip():
            yield _load(line)


def _load(text: str) -> Any:
    def constant(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_constant=constant)


def _fault(head: dict[str, Any]) -> str:
    """What is wrong with the attributes, or ""."""
    for name in head:
        if name not in ATTRIBUTES:
            return f"{name!r} is no attribute of Dataset-JSON 1.1"
    for name, required in ATTRIBUTES.items():
        if required and name not in head:
            return f"{name} is missing"
    for name, value in head.items():
        kind = {"records": int, "columns": list, "sourceSystem": dict}.get(name, str)
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"{name} is of another type than the standard says"
    if not re.fullmatch(r"1\.1(\.\d+)?", head["datasetJSONVersion"]):
        return "datasetJSONVersion is not 1.1"
    if head["records"] < 0:
        return "records is less than 0"
    for number, column in enumerate(head["columns"], 1):
        fault = _column_fault(column)
        if fault:
            return f"column {number}: {fault}"
    names = [column["name"] for column in head["columns"]]
    return "a column stands twice" if len(set(names)) < len(names) else ""


def _column_fault(column: Any) -> str:
    if not isinstance(column, dict):
        return "it is not an object"
    for name, value in column.items():
        if name not in COLUMN:
            return f"{name!r} is no attribute of Dataset-JSON 1.1"
        if not isinstance(value, COLUMN[name][0]) or isinstance(value, bool):
            return f"{name} is of another type than the standard says"
    for name, (_, required) in COLUMN.items():
        if required and name not in column:
            return f"{name} is missing"
    if column["dataType"] not in DATA_TYPES:
        return "dataType is none of the standard's"
    if column.get("targetDataType", "integer") not in ("integer", "decimal"):
        return "targetDataType is neither integer nor decimal"
    if split_format(column.get("displayFormat", "")) is None:
        return "displayFormat is no SAS format"
    return "length is less than 1" if column.get("length", 1) < 1 else ""
