"""A dataset's header as JSON, in the sidecar of a CSV file and in the schema of a Parquet file.

``{"name": "AE", "label": "Adverse Events", "variables": [{"name": "AESEQ", "label": "Sequence Number",
"type": "Num", "length": 8, "format": "", "informat": ""}]}``; ``length`` is null where the data decide.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sdtm_il2.dataset import Column
from sdtm_il2.errors import Location, issue
from sdtm_il2.files.model import DatasetFileError, DatasetHeader

_COLUMN: dict[str, tuple[type, ...]] = {
    "name": (str,), "label": (str,), "type": (str,), "length": (int, type(None)), "format": (str,), "informat": (str,),
}  # fmt: skip


def header_json(header: DatasetHeader, *, indent: int | None = 1) -> str:
    """A header as JSON text.

    >>> header_json(DatasetHeader("AE", "Adverse Events", ()), indent=None)
    '{"name": "AE", "label": "Adverse Events", "variables": []}'
    """
    variables = [asdict(column) for column in header.columns]
    content = {"name": header.name, "label": header.label, "variables": variables}
    return json.dumps(content, ensure_ascii=False, indent=indent)


def read_header(text: str | bytes, at: Location) -> DatasetHeader:
    """The header that JSON text describes; anything missing, unknown or of another type is FILE608.

    >>> read_header('{"name": "AE", "label": "", "variables": []}', Location()).name
    'AE'
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise DatasetFileError(issue("FILE608", "", at, fault="it is not JSON in UTF-8")) from None
    fault = _fault(content)
    if fault:
        raise DatasetFileError(issue("FILE608", "", at, fault=fault))
    columns = tuple(Column(**{name: row.get(name, "") for name in _COLUMN}) for row in content["variables"])
    return DatasetHeader(content["name"], content["label"], columns)


def _fault(content: Any) -> str:
    if not isinstance(content, dict) or set(content) != {"name", "label", "variables"}:
        return "it is not an object of name, label and variables"
    if not isinstance(content["name"], str) or not isinstance(content["label"], str):
        return "name and label are not text"
    if not isinstance(content["variables"], list):
        return "variables is not a list"
    for number, row in enumerate(content["variables"], 1):
        if not isinstance(row, dict) or not {"name", "type"} <= set(row) <= set(_COLUMN):
            return f"variable {number} is not an object of name, label, type, length, format and informat"
        row.setdefault("length", None)
        for name, value in row.items():
            if not isinstance(value, _COLUMN[name]) or isinstance(value, bool):
                return f"the {name} of variable {number} is of another type"
        if row["type"] not in ("Char", "Num"):
            return f"the type of variable {number} is neither Char nor Num"
    names = [row["name"] for row in content["variables"]]
    return "a variable stands twice" if len(set(names)) < len(names) else ""
