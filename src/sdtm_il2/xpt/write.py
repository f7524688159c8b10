"""Write a dataset as a SAS XPORT v5 file: checked as a whole, then streamed, then put in place at once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sdtm_il2.dataset import Column
from sdtm_il2.errors import Location, XptError
from sdtm_il2.place import Part, Replacing
from sdtm_il2.xpt.frames import Frame, data_of, declared, frames_of
from sdtm_il2.xpt.header import codec, pack_header
from sdtm_il2.xpt.ibm import SpecialBits
from sdtm_il2.xpt.layout import RECORD
from sdtm_il2.xpt.limits import (
    MAX_NAME,
    MAX_VARIABLES,
    Breaches,
    check_column,
    check_names,
    check_text,
    lost_bits,
    measure,
)
from sdtm_il2.xpt.member import SpecialValues, Stamp, XptMember, default_time, stamp_time
from sdtm_il2.xpt.values import BLOCK, Spool, numbers_of, plain_utf8, put_numbers, put_objects, put_text

#: Bytes of the block of records that is filled and written at a time.
_BLOCK_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class WrittenXpt:
    """What was written: the file (the first of ``parts``), records, bytes of each variable and of all files."""

    path: Path
    records: int
    lengths: Mapping[str, int]
    bytes: int
    parts: tuple[Path, ...]


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
    split: int | None = None,
) -> WrittenXpt:
    """An XPORT v5 file holds one dataset: names of 8, labels of 40 and text of 200 bytes, IBM doubles.

    `data` is a pandas DataFrame, a pyarrow Table (or any table of the Arrow C stream interface, such as
    polars'), a `Dataset`, an `XptMember`, or an iterable of them that are written one after another (of
    `iter_xpt`, say), whose `variables` must then give the length of text. `variables` say name, label, type, length, format
    and order; their lengths are bytes in `encoding`, None means the longest value (at least 1), and 8 for
    numbers. Shorter numbers (2 to 7 bytes) are taken only where each value is exact.

    `name` is by default that of the dataset, else of the file in upper case; `encoding` is ascii unless the
    data are a member that was read. `created` and `modified` are by default 1970-01-01 or SOURCE_DATE_EPOCH,
    so that equal data give equal bytes; text is taken as it must stand (16 bytes). The remaining arguments
    stand in the header: `sas_version` 9.4, `sas_os` X64_10PR, `dataset_type` blank. `special` has special
    missing values.

    With `split`, no file is larger than so many bytes (5_000_000_000, say): a larger dataset is written in parts
    of equal variables and lengths, whose files and datasets are numbered from 1: lb1.xpt with LB1, and so on.

    Text is padded with blanks; null, NaN and "" are blank text and the missing number. Dates and datetimes of
    whole seconds become SAS dates and datetimes, with formats DATE9. and DATETIME20. unless `variables` give
    others. -0.0 is written as 0, and blanks at the end of text cannot be told from padding.

    Nothing is cut, rounded or replaced: every broken limit is named in one `XptError` (XPT620 to XPT654) with
    its variable, first record, measured and allowed size. The file is written beside its place and put there
    when it is complete, so a failure leaves an old file whole.

    >>> import tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"STUDYID": ["S1", "S1"], "AGE": [44, None]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_xpt(Path(folder) / "dm.xpt", frame, label="Demographics")
    >>> written.records, dict(written.lengths), written.bytes
    (2, {'STUDYID': 2, 'AGE': 8}, 1120)
    """
    path = Path(os.path.realpath(path))
    source = data_of(data)
    member, dataset = source.member, source.dataset
    if dataset is not None:
        variables = dataset.columns if variables is None else variables
    name = name or (dataset.name if dataset is not None else path.stem.upper())
    label = label if label is not None else dataset.label if dataset is not None else ""
    encoding = codec(encoding or (member.encoding if member else "ascii"))
    stamp, library = _stamps(member, created, modified, sas_version, sas_os)
    dataset_type = dataset_type if dataset_type is not None else member.dataset_type if member else ""

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

    frames = frames_of(source, breaches, special)
    least_number = 2 if member else 3
    if source.whole:
        frame = next(frames)
        columns = declared(variables, frame)
        check_names(breaches, name, columns)
        for column in columns:
            check_column(breaches, column, encoding, least_number)
        lengths = _check_frame(breaches, columns, frame, encoding)
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
            check_column(breaches, column, encoding, least_number)
    if not columns or len(columns) > MAX_VARIABLES:
        breaches.add("XPT627", found=len(columns), allowed=MAX_VARIABLES)
    if breaches and source.whole:
        raise XptError(breaches.issues())

    fields = member.header if member else {}

    def header(part: str) -> bytes:
        return pack_header(part, label, dataset_type, stamp, library, columns, encoding, fields)

    parts = _Parts(path, name, b"" if breaches else header(name), columns, breaches, encoding, split)
    if source.whole and not breaches:
        parts.check_ends(frame)
        if breaches:
            raise XptError(breaches.issues())
    with Replacing() as files:
        parts.begin(files)
        for frame in frames:
            if not source.whole:
                _check_frame(breaches, columns, frame, encoding)
            parts.write(files, frame)
        parts.end()
        if not source.whole:
            _check_outside(breaches, special or {}, parts.records)
        parts.name(files, header)
        if breaches:
            raise XptError(breaches.issues())
    paths = tuple(part.path for part in files.parts)
    size = sum(one.stat().st_size for one in paths)
    return WrittenXpt(paths[0], parts.records, {one.name: one.length or 0 for one in columns}, size, paths)


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


def _check_frame(
    breaches: Breaches, columns: Sequence[Column], frame: Frame, encoding: str
) -> dict[str, int]:
    """Columns and values of one frame; returns the bytes that each variable needs."""
    lengths = {}
    spool = Spool() if any(one.text_objects is not None for one in frame.values.values()) else None
    names = {column.name for column in columns}
    for extra in frame.values:
        if extra not in names:
            breaches.add("XPT629", extra)
    for column in columns:
        if column.name not in frame.values:
            breaches.add("XPT628", column.name)
            lengths[column.name] = 1
            continue
        values = frame.values[column.name]
        lengths[column.name] = measure(breaches, column, values, frame.start, encoding, spool)
        if column.name in frame.special:
            _check_special(breaches, column, frame)
    for name in frame.special:
        if name not in names and len(frame.special[name].rows):
            breaches.add_values("XPT646", name, frame.special[name].rows + frame.start, ())
    return lengths


def _check_special(breaches: Breaches, column: Column, frame: Frame) -> None:
    """A special value stands for what the frame holds at its record, so that neither overrides the other."""
    values, special = frame.values[column.name], frame.special[column.name]
    inside = special.between(0, frame.records)
    fits = np.zeros(len(inside.rows), np.bool_)
    if column.type == "Num" and values.kind != "unknown" and len(fits):
        held = np.concatenate([numbers_of(chunk) for chunk in values.take(inside.rows).chunks()])
        fits = (held == inside.doubles) | (np.isnan(held) & np.isnan(inside.doubles))
        fits &= (inside.bits & lost_bits(column.length or 8)) == 0
    wrong = np.union1d(inside.rows[~fits], np.setdiff1d(special.rows, inside.rows))
    if len(wrong):
        breaches.add_values("XPT646", column.name, wrong + frame.start, ())


def _check_outside(breaches: Breaches, special: Mapping[str, SpecialValues], records: int) -> None:
    """Special values stand at records that exist."""
    for name, values in special.items():
        wrong = values.rows[(values.rows < 0) | (values.rows >= records)]
        if len(wrong):
            breaches.add_values("XPT646", name, wrong, ())


def _is_blank(columns: Sequence[Column], frame: Frame, row: int) -> bool:
    """Whether a record is blank in all its text; records with a number never are."""
    for column in columns:
        values = frame.values[column.name]
        for chunk in values.chunks(row, 1) if values.kind == "text" else ():
            if (chunk[0].as_py() or "").strip(" "):
                return False
    return all(one.type == "Char" for one in columns)


@dataclass(slots=True)
class _Parts:
    """The records of a dataset, streamed into one file, or into as many as `split` makes it."""

    path: Path
    dataset: str
    header: bytes
    columns: Sequence[Column]
    breaches: Breaches
    encoding: str
    split: int | None
    length: int = 0
    room: int = 0
    records: int = 0
    here: int = 0
    count: int = 0
    part: Part | None = None
    last: tuple[Frame, int] | None = None

    def __post_init__(self) -> None:
        self.length = sum(column.length or 0 for column in self.columns)
        if self.split is not None:
            size = (self.split - len(self.header)) // RECORD * RECORD
            self.room = max(size, 0) // max(self.length, 1)
            if not self.room:
                self.breaches.add("XPT653", split=self.split, header=len(self.header), length=self.length)

    def check_ends(self, frame: Frame) -> None:
        """What can be said of the parts of one frame before anything is written."""
        step = self.room or frame.records
        for number, end in enumerate(range(step, frame.records + step, step) if step else (), 1):
            self._check_end(frame, min(end, frame.records) - 1, min(end, frame.records) - end + step)
            if step < frame.records:
                self._check_part(number)

    def _check_end(self, frame: Frame, row: int, records: int) -> None:
        """Blank records at the end of a file are kept only if padding cannot be taken for them."""
        last = self.length + -(records * self.length) % RECORD
        if last < RECORD and not self.breaches and _is_blank(self.columns, frame, row):
            self.breaches.add("XPT636", row=frame.start + row + 1, length=self.length)

    def _check_part(self, number: int) -> None:
        if len(name := f"{self.dataset}{number}") > MAX_NAME:
            self.breaches.add("XPT652", name=name)

    def begin(self, files: Replacing) -> None:
        """Begin the next file."""
        self.part = files.open(self.path)
        self.part.stream.write(self.header)
        self.count += 1
        self.here, self.last = 0, None

    def write(self, files: Replacing, frame: Frame) -> None:
        """The records of one frame; with broken limits they are only counted."""
        first = 0
        while first < frame.records and not self.breaches:
            if self.room and self.here == self.room:
                self.end()
                self._check_part(self.count + 1)
                self.begin(files)
            count = min(frame.records - first, self.room - self.here if self.room else frame.records)
            if self.part is not None:
                _write_rows(self.part.stream, self.columns, frame, first, count, self.encoding)
            first, self.here = first + count, self.here + count
            self.last = frame, first - 1
        self.records += frame.records

    def end(self) -> None:
        """End the file: nothing at its end may be taken for padding, nor padding for anything else."""
        if self.last is not None:
            self._check_end(*self.last, self.here)
        if self.part is not None:
            self.part.stream.write(b" " * (-self.here * self.length % RECORD))

    def name(self, files: Replacing, header: Callable[[str], bytes]) -> None:
        """Number the files, and the datasets in them, if there are several."""
        if len(files.parts) < 2 or self.breaches:
            return
        for number, part in enumerate(files.parts, 1):
            part.path = self._path(number)
            part.stream.seek(0)
            part.stream.write(header(f"{self.dataset}{number}"))
        left = self._path(len(files.parts) + 1)
        if left.exists():
            self.breaches.add("XPT654", parts=len(files.parts), name=left.name)

    def _path(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.stem}{number}{self.path.suffix}")


def _write_rows(
    stream: BinaryIO, columns: Sequence[Column], frame: Frame, first: int, count: int, encoding: str
) -> None:
    length = sum(column.length or 0 for column in columns)
    size = max(1, min(BLOCK, _BLOCK_BYTES // length, count))
    block = np.empty((size, length), np.uint8)
    for start in range(first, first + count, size):
        rows = min(size, first + count - start)
        place = 0
        for column in columns:
            width = column.length or 0
            values = frame.values[column.name]
            chunks = values.chunks(start, rows)
            if column.type == "Char" and values.text_objects is not None and plain_utf8(encoding):
                here = _strided(block, 0, rows, place, f"S{width}")
                put_objects(here, values, start, width)
            elif column.type == "Char":
                _put_column(block, chunks, place, width, encoding)
            else:
                special = frame.special.get(column.name)
                marked = special.between(start, start + rows) if special else None
                _put_numbers(block, chunks, place, width, marked)
            place += width
        stream.write(block[:rows].data.cast("B"))


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
