"""SAS datasets (.sas7bdat) as records of text, by pyreadstat, with the value labels of a catalog beside the file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyreadstat

from sdtm_il2.errors import NOWHERE, Issue, Location, Problems
from sdtm_il2.sources.files import FilePlace
from sdtm_il2.sources.sasvalues import format_kind, moment_texts, number_texts, sas_format
from sdtm_il2.sources.text import RawTable, name_columns

#: The catalog that SAS itself looks for; one of the dataset's own name comes before it.
CATALOG: Final = "formats.sas7bcat"

Labels = Mapping[str, Mapping[Any, str]]


@dataclass(frozen=True, slots=True, eq=False)
class SasColumn:
    """A variable of a SAS file: its text, or its numbers with the special missing values by record (from 0)."""

    name: str
    label: str
    format: str
    texts: pa.Array | None = None
    numbers: npt.NDArray[np.float64] | None = None
    special: Mapping[int, str] = field(default_factory=dict)


def read_sas(
    path: Path,
    *,
    folder: Path | None = None,
    encoding: str = "",
    target: str = "",
    file: str = "",
    at: Location = NOWHERE,
) -> RawTable:
    """Records of a SAS dataset as text: dates by their SAS format in ISO 8601, numbers in plain decimals.

    Values under a format of the study's own become its labels if a catalog lies beside the file: one of the
    same name (``ae.sas7bcat``), else ``formats.sas7bcat``; codes without a label stay codes. The catalog must
    lie in ``folder``, as the dataset does. Missing values are "", special ones (.A to .Z, ._) too; trailing
    blanks are no part of a text. ``encoding`` replaces what the file says of itself. Records count from 1;
    ``headers`` are the labels of the variables.

    Raises `SourceError`: SRC303 (catalog outside the folder) or SRC364 (not readable). With the table come
    SRC305 and SRC365 to SRC369.

    >>> read_sas(Path("no.sas7bdat"))
    Traceback (most recent call last):
    sdtm_il2.errors.SourceError: SRC364: no.sas7bdat cannot be read as a SAS dataset: there is no such file
      hint: transfer the file again in binary mode, or export it as CSV
    """
    place = FilePlace(target, file or path.name, at)
    data, meta = _read(path, place, encoding)
    formats = {name: text or "" for name, text in meta.original_variable_types.items()}
    special = meta.missing_user_values or {}
    columns = [
        _column(name, meta.column_names_to_labels.get(name) or "", formats.get(name, ""), data[name],
                text=meta.readstat_variable_types.get(name) == "string", special=name in special)
        for name in meta.column_names
    ]  # fmt: skip
    catalog = _catalog(path, folder, place)
    labels: Labels = {}
    beside: dict[str, str] = {}
    if catalog is not None:
        labels = _read_catalog(catalog, place, encoding)
        name = (Path(place.name).parent / catalog.name).as_posix()
        beside[name] = hashlib.sha256(catalog.read_bytes()).hexdigest()
    return sas_table(columns, int(meta.number_rows), labels, next(iter(beside), ""), place, beside)


def _read(path: Path, place: FilePlace, encoding: str) -> tuple[dict[str, Any], Any]:
    if not path.is_file():
        raise place.refusal("SRC364", kind="a SAS dataset", reason="there is no such file")
    try:
        data, meta = pyreadstat.read_sas7bdat(
            str(path),
            disable_datetime_conversion=True,
            user_missing=True,
            output_format="dict",
            encoding=encoding or None,
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as fault:
        raise place.refusal("SRC364", kind="a SAS dataset", reason=_reason(fault)) from None
    return data, meta


def _reason(fault: Exception) -> str:
    text = "its text is not in its encoding" if isinstance(fault, UnicodeDecodeError) else str(fault)
    return text[:1].lower() + text[1:]


def _column(name: str, label: str, shown: str, values: Any, *, text: bool, special: bool) -> SasColumn:
    values = list(values)
    if text:
        return SasColumn(name, label, shown, pc.fill_null(pa.array(values, pa.large_string()), ""))
    letters: dict[int, str] = {}
    if special:
        letters = {record: value for record, value in enumerate(values) if isinstance(value, str)}
        values = [None if isinstance(value, str) else value for value in values]
    numbers = pa.array(values, pa.float64()).to_numpy(zero_copy_only=False)
    return SasColumn(name, label, shown, None, numbers.astype(np.float64), letters)


# ---- catalog --------------------------------------------------------------------------------------------


def _catalog(path: Path, folder: Path | None, place: FilePlace) -> Path | None:
    """The catalog beside a dataset: of its own name, else the one that SAS looks for; None if there is none."""
    beside = {one.name.casefold(): one for one in sorted(path.parent.iterdir(), reverse=True)}
    for name in (f"{path.stem}.sas7bcat", CATALOG):
        found = beside.get(name.casefold())
        if found is None or not found.is_file():
            continue
        if folder is not None and not found.resolve().is_relative_to(folder.resolve()):
            raise place.refusal("SRC303", path=found.name, how=", where a link leads")
        return found
    return None


def _read_catalog(catalog: Path, place: FilePlace, encoding: str) -> Labels:
    try:
        _, meta = pyreadstat.read_sas7bcat(str(catalog), encoding=encoding or None)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as fault:
        name = (Path(place.name).parent / catalog.name).as_posix()
        raise place.refusal("SRC364", path=name, kind="a SAS format catalog", reason=_reason(fault)) from None
    labels: Labels = meta.value_labels
    return {name.upper(): values for name, values in labels.items()}


# ---- text -----------------------------------------------------------------------------------------------


def sas_table(
    columns: Sequence[SasColumn],
    records: int,
    labels: Labels,
    catalog: str,
    place: FilePlace,
    beside: Mapping[str, str],
) -> RawTable:
    """Variables of a SAS file as a table of text; ``labels`` are those of ``catalog``, by format.

    Adds SRC305 (no records) and SRC365 to SRC369.
    """
    problems = Problems()
    found: list[Issue] = []
    arrays: list[pa.Array] = []
    labelled: list[str] = []
    bare: dict[str, str] = {}
    for column in columns:
        array, issues = _texts(column, place)
        shown = sas_format(column.format)
        if format_kind(shown) == "user":
            own = labels.get(shown.name)
            if own is None:
                bare[column.name] = shown.name
            else:
                array, more = _labelled(column, array, own, shown.name, place)
                issues += more
                labelled.append(column.name)
        arrays.append(array)
        found += issues
    if labelled:
        found.append(place.issue("SRC366", catalog=catalog, columns=_quoted(labelled)))
    if bare:
        what = f"{catalog} does not hold them" if catalog else "no catalog lies beside the file"
        formats = ", ".join(sorted(set(bare.values())))
        found.append(place.issue("SRC367", columns=_quoted(list(bare)), formats=formats, what=what))
    if not records:
        found.append(place.issue("SRC305"))
    rows = np.arange(1, records + 1, dtype=np.int64)
    names = [column.name for column in columns]
    frame, _ = name_columns(arrays, rows, names, place.target, place.name, place.at, problems)
    headers = {
        str(name): column.label or column.name for name, column in zip(frame.columns, columns, strict=True)
    }
    return RawTable(frame, rows, headers, (*problems.found, *found), beside)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _texts(column: SasColumn, place: FilePlace) -> tuple[pa.Array, list[Issue]]:
    """The text of a variable by its format, and what was odd about it (SRC365, SRC369)."""
    if column.numbers is None:
        return column.texts, []
    found = []
    if column.special:
        kinds = ", ".join(f".{letter}" for letter in sorted(set(column.special.values())))
        row = min(column.special) + 1
        found.append(
            place.issue("SRC365", count=len(column.special), row=row, column=column.name, kinds=kinds)
        )
    shown = sas_format(column.format)
    kind = format_kind(shown)
    if kind in ("number", "user"):
        return number_texts(column.numbers), found
    array, wrong = moment_texts(column.numbers, shown)
    records = np.flatnonzero(wrong)
    if len(records):
        row = int(records[0]) + 1
        found.append(
            place.issue(
                "SRC369", count=len(records), row=row, column=column.name, format=shown.name, kind=kind
            )
        )
    return array, found


def _labelled(
    column: SasColumn, array: pa.Array, labels: Mapping[Any, str], shown: str, place: FilePlace
) -> tuple[pa.Array, list[Issue]]:
    """The labels of a format for the values of a variable; a value without one stays, and is counted (SRC368)."""
    keys = [key for key in labels if isinstance(key, str) == (column.numbers is None)]
    if column.numbers is None:
        codes = [str(key).rstrip(" ") for key in keys]
    else:
        codes = number_texts(np.array([float(key) for key in keys], np.float64)).to_pylist()
    known = dict(zip(codes, (labels[key] for key in keys), strict=True))
    encoded = array.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    texts = pa.array([known.get(value, value) for value in values], pa.large_string())
    without = np.array([bool(value) and value not in known for value in values], np.bool_)
    records = np.flatnonzero(without[encoded.indices.to_numpy(zero_copy_only=False)])
    found = []
    if len(records):
        row = int(records[0]) + 1
        found.append(place.issue("SRC368", count=len(records), row=row, column=column.name, format=shown))
    return texts.take(encoded.indices), found
