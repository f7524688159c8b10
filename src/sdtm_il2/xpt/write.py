"""Write a dataset as a SAS XPORT v5 file: checked as a whole, then streamed, then put in place at once."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.errors import Location, XptError
from sdtm_il2.xpt.header import codec, pack_header
from sdtm_il2.xpt.ibm import SpecialBits
from sdtm_il2.xpt.layout import RECORD
from sdtm_il2.xpt.limits import (
    MAX_VARIABLES,
    Breaches,
    check_column,
    check_names,
    check_text,
    lost_bits,
    measure,
)
from sdtm_il2.xpt.member import SpecialValues, Stamp, XptMember, default_time, stamp_time
from sdtm_il2.xpt.values import BLOCK, STORED, Values, numbers_of, put_numbers, put_text, values_of

#: Bytes of the block of records that is filled and written at a time.
_BLOCK_BYTES = 24 << 20
#: Formats of SAS dates and datetimes that come from a frame's own date types.
_DATE_FORMATS = {"date": "DATE9.", "datetime": "DATETIME20."}


@dataclass(frozen=True, slots=True)
class WrittenXpt:
    """What was written: the file, its records, the length of each variable in bytes, the size of the file."""

    path: Path
    records: int
    lengths: Mapping[str, int]
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """One frame or table: its columns by name, and the record of the dataset that its first row is."""

    values: Mapping[str, Values]
    start: int
    records: int


def write_xpt(
    path: str | os.PathLike[str],
    data: Any,
    variables: Sequence[Column] | None = None,
    *,
    name: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    created: dt.datetime | str | None = None,
    modified: dt.datetime | str | None = None,
    sas_version: str | None = None,
    sas_os: str | None = None,
    dataset_type: str | None = None,
    special: Mapping[str, SpecialValues] | None = None,
) -> WrittenXpt:
    """An XPORT v5 file holds one dataset: names of 8, labels of 40 and text of 200 bytes, IBM doubles.

    `data` is a pandas DataFrame, a pyarrow Table (or any table of the Arrow C stream interface, such as
    polars'), a `Dataset`, an `XptMember`, or an iterable of frames or tables that are written one after
    another, whose `variables` must then give the length of text. `variables` say name, label, type, length, format
    and order; their lengths are bytes in `encoding`, None means the longest value (at least 1), and 8 for
    numbers. Shorter numbers (2 to 7 bytes) are taken only where each value is exact.

    `name` is by default that of the dataset, else of the file in upper case; `encoding` is ascii unless the
    data are a member that was read. `created` and `modified` are by default 1970-01-01 or SOURCE_DATE_EPOCH,
    so that equal data give equal bytes; text is taken as it must stand (16 bytes). The remaining arguments
    stand in the header: `sas_version` 9.4, `sas_os` X64_10PR, `dataset_type` blank. `special` has special
    missing values.

    Text is padded with blanks; null, NaN and "" are blank text and the missing number. Dates and datetimes of
    whole seconds become SAS dates and datetimes, with formats DATE9. and DATETIME20. unless `variables` give
    others. -0.0 is written as 0, and blanks at the end of text cannot be told from padding.

    Nothing is cut, rounded or replaced: every broken limit is named in one `XptError` (XPT620 to XPT651) with
    its variable, first record, measured and allowed size. The file is written beside its place and put there
    when it is complete, so a failure leaves an old file whole.

    >>> import tempfile
    >>> frame = pd.DataFrame({"STUDYID": ["S1", "S1"], "AGE": [44, None]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_xpt(Path(folder) / "dm.xpt", frame, label="Demographics")
    >>> written.records, dict(written.lengths), written.bytes
    (2, {'STUDYID': 2, 'AGE': 8}, 1120)
    """
    path = Path(os.path.realpath(path))
    member = data if isinstance(data, XptMember) else None
    dataset = member.dataset if member else data if isinstance(data, Dataset) else None
    if dataset is not None:
        data = dataset.frame
        variables = dataset.columns if variables is None else variables
    name = name or (dataset.name if dataset else path.stem.upper())
    label = label if label is not None else dataset.label if dataset else ""
    encoding = codec(encoding or (member.encoding if member else "ascii"))
    stamp, library = _stamps(member, created, modified, sas_version, sas_os)
    dataset_type = dataset_type if dataset_type is not None else member.dataset_type if member else ""
    special = special if special is not None else member.special if member else {}

    breaches = Breaches(name, Location(str(path)))
    check_text(breaches, "", "label", label, 40, encoding)
    check_text(breaches, "", "dataset type", dataset_type, 8, "ascii")
    for one in {stamp, library}:
        for part, text, allowed in (
            ("SAS version", one.sas_version, 8),
            ("operating system", one.sas_os, 8),
            ("time of creation", one.created, 16),
            ("time of modification", one.modified, 16),
        ):
            check_text(breaches, "", part, text, allowed, "ascii")

    frames, whole = _frames(data, breaches)
    if whole:
        frame = next(frames)
        columns = _declared(variables, frame)
        lengths = _check(breaches, name, columns, frame, special, encoding)
        columns = tuple(replace(one, length=one.length or lengths[one.name]) for one in columns)
        frames = iter([frame])
    else:
        columns = tuple(
            replace(one, length=8) if one.type == "Num" and one.length is None else one
            for one in variables or ()
        )
        unmeasured = [column.name for column in columns if column.length is None] if variables else [""]
        for column_name in unmeasured:
            breaches.add("XPT651", column_name)
        if unmeasured:
            raise XptError(breaches.issues())
        check_names(breaches, name, columns)
        for column in columns:
            check_column(breaches, column, encoding)
    if not columns or len(columns) > MAX_VARIABLES:
        breaches.add("XPT627", found=len(columns), allowed=MAX_VARIABLES)
    if breaches and whole:
        raise XptError(breaches.issues())

    namestr = member.header if member else {}
    header = (
        b""
        if breaches
        else pack_header(name, label, dataset_type, stamp, library, columns, encoding, namestr)
    )
    return _place(path, header, columns, frames, breaches, special, encoding, checked=whole)


def _stamps(
    member: XptMember | None,
    created: dt.datetime | str | None,
    modified: dt.datetime | str | None,
    sas_version: str | None,
    sas_os: str | None,
) -> tuple[Stamp, Stamp]:
    default = stamp_time(default_time())
    old = member.stamp if member else Stamp("9.4", "X64_10PR", default, default)
    times = [stamp_time(time) if isinstance(time, dt.datetime) else time for time in (created, modified)]
    if times[0] is not None and times[1] is None and member is None:
        times[1] = times[0]

    def changed(stamp: Stamp) -> Stamp:
        return Stamp(
            stamp.sas_version if sas_version is None else sas_version,
            stamp.sas_os if sas_os is None else sas_os,
            stamp.created if times[0] is None else times[0],
            stamp.modified if times[1] is None else times[1],
        )

    return changed(old), changed(member.library if member else old)


def _frames(data: Any, breaches: Breaches) -> tuple[Iterator[_Frame], bool]:
    """The frames of the data, made as they are asked for; and whether one can be measured first."""
    if isinstance(data, (pd.DataFrame, pa.Table)) or hasattr(data, "__arrow_c_stream__"):
        return iter([_frame(data, 0, breaches)]), True
    if not isinstance(data, Iterable) or isinstance(data, (str, bytes, Mapping)):
        raise TypeError(
            f"data of type {type(data).__name__} are neither a frame nor a table nor an iterable of them"
        )

    def each(tables: Iterable[Any]) -> Iterator[_Frame]:
        start = 0
        for table in tables:
            frame = _frame(table, start, breaches)
            start += frame.records
            yield frame

    return each(data), False


def _frame(table: Any, start: int, breaches: Breaches) -> _Frame:
    if isinstance(table, pd.DataFrame):
        series: list[tuple[Any, Any]] = list(table.items())
    else:
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
    return _Frame(values, start, len(table))


def _declared(variables: Sequence[Column] | None, frame: _Frame) -> tuple[Column, ...]:
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


def _check(
    breaches: Breaches,
    name: str,
    columns: Sequence[Column],
    frame: _Frame,
    special: Mapping[str, SpecialValues],
    encoding: str,
) -> dict[str, int]:
    check_names(breaches, name, columns)
    for column in columns:
        check_column(breaches, column, encoding)
    lengths = _check_frame(breaches, columns, frame, special, encoding)
    known = [replace(one, length=one.length or lengths[one.name]) for one in columns]
    if not breaches:
        _check_last(breaches, known, frame)
    return lengths


def _check_frame(
    breaches: Breaches,
    columns: Sequence[Column],
    frame: _Frame,
    special: Mapping[str, SpecialValues],
    encoding: str,
) -> dict[str, int]:
    """Columns and values of one frame; returns the bytes that each variable needs."""
    lengths = {}
    declared = {column.name for column in columns}
    for extra in frame.values:
        if extra not in declared:
            breaches.add("XPT629", extra)
    for column in columns:
        if column.name not in frame.values:
            breaches.add("XPT628", column.name)
            lengths[column.name] = 1
            continue
        values = frame.values[column.name]
        lengths[column.name] = measure(breaches, column, values, frame.start, encoding)
        if column.name in special:
            _check_special(breaches, column, values, special[column.name], frame)
    return lengths


def _check_special(
    breaches: Breaches, column: Column, values: Values, special: SpecialValues, frame: _Frame
) -> None:
    """A special value stands for what the frame holds at its record, so that neither overrides the other."""
    special = special.between(frame.start, frame.start + frame.records)
    wrong = special.rows
    if column.type == "Num" and values.kind != "unknown" and len(wrong):
        held = np.concatenate([numbers_of(chunk) for chunk in values.take(special.rows).chunks()])
        fits = (held == special.doubles) | (np.isnan(held) & np.isnan(special.doubles))
        fits &= (special.bits & lost_bits(column.length or 8)) == 0
        wrong = wrong[~fits]
    if len(wrong):
        breaches.add_values("XPT646", column.name, wrong + frame.start, ())


def _check_outside(
    breaches: Breaches, columns: Sequence[Column], special: Mapping[str, SpecialValues], records: int
) -> None:
    """Special values stand at records, and in variables, that exist."""
    for name, values in special.items():
        known = any(column.name == name for column in columns)
        wrong = values.rows[(values.rows < 0) | (values.rows >= records)] if known else values.rows
        if len(wrong):
            breaches.add_values("XPT646", name, wrong, ())


def _check_last(breaches: Breaches, columns: Sequence[Column], frame: _Frame) -> None:
    """Blank records at the end are kept only if padding cannot be taken for them."""
    length = sum(one.length or 0 for one in columns)
    end = frame.start + frame.records
    if (
        frame.records == 0
        or any(one.type == "Num" for one in columns)
        or length + -(end * length) % RECORD >= RECORD
    ):
        return
    for column in columns:
        values = frame.values[column.name]
        for chunk in values.chunks(frame.records - 1, 1) if values.kind == "text" else ():
            if chunk.null_count == 0 and chunk[0].as_py().strip(" "):
                return
    breaches.add("XPT636", row=end, length=length)


def _place(
    path: Path,
    header: bytes,
    columns: Sequence[Column],
    frames: Iterator[_Frame],
    breaches: Breaches,
    special: Mapping[str, SpecialValues],
    encoding: str,
    *,
    checked: bool,
) -> WrittenXpt:
    """Stream the frames into a file beside `path`, then move it there."""
    lengths = {column.name: column.length or 0 for column in columns}
    length = sum(lengths.values())
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    records, last = 0, None
    try:
        with beside.open("xb", buffering=0) as stream:
            stream.write(header)
            for frame in frames:
                if not checked:
                    _check_frame(breaches, columns, frame, special, encoding)
                if not breaches:
                    _write_frame(stream, columns, frame, length, special, encoding)
                records += frame.records
                last = frame if frame.records else last
            if last is not None and not checked and not breaches:
                _check_last(breaches, columns, last)
            _check_outside(breaches, columns, special, records)
            if breaches:
                raise XptError(breaches.issues())
            stream.write(b" " * (-records * length % RECORD))
            os.fsync(stream.fileno())
        size = beside.stat().st_size
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return WrittenXpt(path, records, lengths, size)


def _write_frame(
    stream: BinaryIO | Any,
    columns: Sequence[Column],
    frame: _Frame,
    length: int,
    special: Mapping[str, SpecialValues],
    encoding: str,
) -> None:
    size = max(1, min(BLOCK, _BLOCK_BYTES // length, frame.records))
    block = np.empty((size, length), np.uint8)
    for start in range(0, frame.records, size):
        count = min(size, frame.records - start)
        place = 0
        for column in columns:
            width = column.length or 0
            chunks = frame.values[column.name].chunks(start, count)
            if column.type == "Char":
                _put_column(block, chunks, place, width, encoding)
            else:
                first = frame.start + start
                marked = (
                    special[column.name].between(first, first + count) if column.name in special else None
                )
                _put_numbers(block, chunks, place, width, marked)
            place += width
        _write_all(stream, block[:count].data.cast("B"))


def _strided(block: npt.NDArray[np.uint8], row: int, count: int, place: int, type_: str) -> npt.NDArray[Any]:
    """The bytes of one variable in `count` records, as whole items, which numpy copies fastest."""
    return np.ndarray((count,), type_, block, row * block.shape[1] + place, (block.shape[1],))


def _put_column(
    block: npt.NDArray[np.uint8], chunks: Iterator[Any], place: int, width: int, encoding: str
) -> None:
    row = 0
    for chunk in chunks:
        put_text(_strided(block, row, len(chunk), place, f"S{width}"), chunk, width, encoding)
        row += len(chunk)


def _put_numbers(
    block: npt.NDArray[np.uint8], chunks: Iterator[Any], place: int, width: int, special: SpecialValues | None
) -> None:
    row = 0
    for chunk in chunks:
        marked: SpecialBits | None = None
        if special is not None and len(special.rows):
            part = special.between(row, row + len(chunk))
            marked = part.rows, part.bits
        type_ = ">u8" if width == 8 else f"S{width}"
        put_numbers(_strided(block, row, len(chunk), place, type_), numbers_of(chunk), width, marked)
        row += len(chunk)


def _write_all(stream: BinaryIO | Any, data: memoryview) -> None:
    """An unbuffered write may take fewer bytes than it is given."""
    while data:
        data = data[stream.write(data) :]
