"""Read SAS XPORT v5 files, whole, in chunks, or header and sizes alone, never trusting what they say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import Column, Dataset, char
from sdtm_il2.errors import Location, XptError, issue
from sdtm_il2.xpt.header import MemberHeader, codec, kept_fields, read_headers
from sdtm_il2.xpt.ibm import SpecialBits, not_kept, to_ieee
from sdtm_il2.xpt.layout import RECORD
from sdtm_il2.xpt.member import SpecialValues, Stamp, XptMember
from sdtm_il2.xpt.values import BLOCK

#: Bytes that are read at a time.
_BLOCK_BYTES = 16 << 20
_BLANK = 32


@dataclass(frozen=True, slots=True)
class XptVariable:
    """A variable of a file: ``used`` is the length that its values need, in bytes; of numbers too.

    ``printable`` is whether text is printable ASCII alone.
    """

    column: Column
    used: int
    printable: bool


@dataclass(frozen=True, slots=True)
class XptDescription:
    """One dataset of a file: its header, its variables, and what its records need."""

    name: str
    label: str
    dataset_type: str
    stamp: Stamp
    records: int
    record_length: int
    blank_padding: bool
    variables: tuple[XptVariable, ...]


def read_xpt(
    path: str | os.PathLike[str], *, member: str | None = None, encoding: str = "utf-8"
) -> XptMember:
    """An XPORT v5 file is read back to what was written: text without its trailing blanks, IBM doubles, NaN.

    `member` names the dataset if the file holds several. XPORT files do not say their encoding: text that is
    not in `encoding` is refused, never guessed. The `XptMember` has the dataset (``.dataset``; its columns
    with lengths and formats) and all else that `write_xpt` needs to give the same bytes again, special
    missing values included.

    XptError (XPT601 to XPT612) says which part of a file is wrong; a file that does not end with a whole
    record is not read at all. OSError if it cannot be opened.

    >>> import tempfile
    >>> from sdtm_il2.xpt import write_xpt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "dm.xpt"
    ...     _ = write_xpt(path, pd.DataFrame({"STUDYID": ["S1"], "AGE": [44]}), label="Demographics")
    ...     member = read_xpt(path)
    >>> member.dataset.label, member.dataset.frame.to_dict("records")
    ('Demographics', [{'STUDYID': 'S1', 'AGE': 44.0}])
    """
    at, encoding = Location(os.fspath(path)), codec(encoding)
    with Path(path).open("rb") as stream:
        headers = read_headers(stream, _size(stream), at, encoding, "strict")
        header = _chosen(headers, member, at)
        records, _ = count_records(stream, header, at)
        return _read_member(stream, header, 0, records, at, encoding)


def read_members(path: str | os.PathLike[str], *, encoding: str = "utf-8") -> tuple[XptMember, ...]:
    """An XPORT v5 file may hold several datasets: all of them, in order. Errors are those of `read_xpt`.

    >>> import tempfile
    >>> from sdtm_il2.xpt import write_xpt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two.xpt"
    ...     _ = write_xpt(path, pd.DataFrame({"A": [1, 2]}), name="ONE")
    ...     one = path.read_bytes()
    ...     _ = path.write_bytes(one + one[240:].replace(b"ONE", b"TWO"))
    ...     [(member.dataset.name, len(member.dataset)) for member in read_members(path)]
    [('ONE', 2), ('TWO', 2)]
    """
    at, encoding = Location(os.fspath(path)), codec(encoding)
    with Path(path).open("rb") as stream:
        headers = read_headers(stream, _size(stream), at, encoding, "strict")
        counts = [count_records(stream, header, at)[0] for header in headers]
        return tuple(
            _read_member(stream, header, 0, records, at, encoding)
            for header, records in zip(headers, counts, strict=True)
        )


def iter_xpt(
    path: str | os.PathLike[str],
    *,
    member: str | None = None,
    encoding: str = "utf-8",
    records: int = 16384,
) -> Iterator[XptMember]:
    """An XPORT v5 file of any size is read a number of records at a time; memory is that of one chunk.

    Every chunk is an `XptMember` of the whole header and at most `records` records, whose index and special
    values count from 0; a dataset without records is one empty chunk. ``write_xpt(new, iter_xpt(old))`` gives
    the same bytes as the whole file would. Errors are those of `read_xpt`; ValueError for `records` below 1.

    >>> import tempfile
    >>> from sdtm_il2.xpt import write_xpt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "dm.xpt"
    ...     _ = write_xpt(path, pd.DataFrame({"AGE": [44, 45, 46]}))
    ...     [chunk.dataset.frame["AGE"].tolist() for chunk in iter_xpt(path, records=2)]
    [[44.0, 45.0], [46.0]]
    """
    if records < 1:
        raise ValueError(f"chunks have at least 1 record, not {records}")
    at, encoding = Location(os.fspath(path)), codec(encoding)
    with Path(path).open("rb") as stream:
        headers = read_headers(stream, _size(stream), at, encoding, "strict")
        header = _chosen(headers, member, at)
        total, _ = count_records(stream, header, at)
        for first in range(0, max(total, 1), records):
            yield _read_member(stream, header, first, min(records, total - first), at, encoding)


def describe_xpt(path: str | os.PathLike[str], *, encoding: str = "utf-8") -> tuple[XptDescription, ...]:
    """The datasets of an XPORT v5 file, with the declared and the used length of each variable.

    Header text outside `encoding` is shown with escapes. Errors are those of `read_xpt`.
    """
    at = Location(os.fspath(path))
    with Path(path).open("rb") as stream:
        headers = read_headers(stream, _size(stream), at, codec(encoding), "backslashreplace")
        return tuple(_described(stream, header, at) for header in headers)


def _size(stream: BinaryIO) -> int:
    return os.fstat(stream.fileno()).st_size


def _chosen(headers: tuple[MemberHeader, ...], member: str | None, at: Location) -> MemberHeader:
    names = ", ".join(header.name for header in headers)
    if member is None:
        if len(headers) > 1:
            raise XptError(issue("XPT611", "", at, found=len(headers), names=names))
        return headers[0]
    for header in headers:
        if header.name == member:
            return header
    raise XptError(issue("XPT612", member, at, names=names, name=member))


def count_records(stream: BinaryIO, header: MemberHeader, at: Location) -> tuple[int, bool]:
    """How many records the data are, and whether they are padded with blanks.

    The end of the data is the only count there is: after the last record come fewer than 80 blanks. Blank
    records that lie wholly in the last 79 bytes are padding. XptError (XPT607) if the data end otherwise.
    """
    size, length = header.end - header.start, header.record_length
    records, rest = divmod(size, length)
    stream.seek(header.end - min(size, RECORD + length))
    tail = stream.read(min(size, RECORD + length))
    padding = tail[len(tail) - rest :] if rest else b""
    if rest >= RECORD or padding.strip(b" \0"):
        raise XptError(issue("XPT607", header.name, at, size=size, records=records, length=length, rest=rest))
    while (
        records
        and (left := size - (records - 1) * length) < RECORD
        and not tail[len(tail) - left :].strip(b" ")
    ):
        records -= 1
    return records, not padding.strip(b" ")


def _blocks(
    stream: BinaryIO, header: MemberHeader, first: int, records: int
) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """The records from `first` in blocks: the number of the block's first, counted from 0, and bytes as rows."""
    length = header.record_length
    size = max(1, min(BLOCK, _BLOCK_BYTES // length))
    stream.seek(header.start + first * length)
    for start in range(0, records, size):
        count = min(size, records - start)
        data = stream.read(count * length)
        if len(data) < count * length:
            raise OSError(f"{stream.name} became shorter while it was read")
        yield start, np.frombuffer(data, np.uint8).reshape(count, length)


def _read_member(
    stream: BinaryIO, header: MemberHeader, first: int, records: int, at: Location, encoding: str
) -> XptMember:
    """The records from `first` on, as a member of their own."""
    texts: dict[str, list[Any]] = {}
    numbers: dict[str, npt.NDArray[np.float64]] = {}
    special: dict[str, list[SpecialBits]] = {}
    for variable in header.variables:
        name = variable.column.name
        if variable.column.type == "Char":
            texts[name] = []
        else:
            numbers[name], special[name] = np.empty(records), []
    wrong: dict[str, tuple[int, int]] = {}
    for start, block in _blocks(stream, header, first, records):
        for variable in header.variables:
            name, count = variable.column.name, len(block)
            items = np.ndarray((count,), f"S{variable.length}", block, variable.place, (block.shape[1],))
            if variable.column.type == "Char":
                chunk = _text(items, variable.length)
                if not _is_ascii(chunk):
                    chunk, rows = decoded(chunk, encoding)
                    if len(rows):
                        row, found = wrong.get(name, (first + start + int(rows[0]) + 1, 0))
                        wrong[name] = row, found + len(rows)
                texts[name].append(chunk)
            else:
                bits = _bits(items, variable.length)
                numbers[name][start : start + count] = to_ieee(bits)
                rows = not_kept(bits)
                if len(rows):
                    special[name].append((rows + start, bits[rows]))
    if wrong:
        raise XptError(
            issue("XPT609", f"{header.name}.{name}", at, count=found, row=row, encoding=encoding)
            for name, (row, found) in wrong.items()
        )
    columns = {
        one.column.name: numbers[one.column.name]
        if one.column.type == "Num"
        else char(pa.chunked_array(texts.pop(one.column.name), pa.large_string()))
        for one in header.variables
    }
    frame = pd.DataFrame(columns, index=pd.RangeIndex(records), copy=False)
    kept = {one.column.name: kept_fields(one, n, encoding) for n, one in enumerate(header.variables, 1)}
    return XptMember(
        Dataset(header.name, header.label, tuple(one.column for one in header.variables), frame),
        header.stamp,
        header.library,
        header.dataset_type,
        encoding,
        {name: _joined(parts) for name, parts in special.items() if parts},
        {name: fields for name, fields in kept.items() if fields},
    )


def _joined(parts: list[SpecialBits]) -> SpecialValues:
    return SpecialValues(np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts]))


def _text(items: npt.NDArray[np.bytes_], length: int) -> Any:
    """Fixed-length items as Arrow text without trailing blanks; the bytes are not yet known to be UTF-8."""
    count = len(items)
    ends = np.arange(0, (count + 1) * length, length, dtype=np.int64)[: count + 1]
    data = np.ascontiguousarray(items)
    text = pa.Array.from_buffers(pa.large_string(), count, [None, pa.py_buffer(ends), pa.py_buffer(data)])
    return pc.ascii_rtrim(text, " ")


def _is_ascii(array: Any) -> bool:
    text = array.buffers()[2]
    return text is None or bytes(text).isascii()


def decoded(array: Any, encoding: str) -> tuple[Any, npt.NDArray[np.int64]]:
    """Text whose bytes are in `encoding`, as UTF-8, and the rows that are not; each distinct text once."""
    if encoding == "utf-8":
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:
            pass
        else:
            return array, np.empty(0, np.int64)
    words = array.view(pa.large_binary()).dictionary_encode()
    texts: list[str | None] = []
    for raw in words.dictionary.to_pylist():
        try:
            texts.append(raw.decode(encoding))
        except UnicodeDecodeError:
            texts.append(None)
    result = pa.array(texts, pa.large_string()).take(words.indices)
    return result, np.flatnonzero(result.is_null().to_numpy(zero_copy_only=False)).astype(np.int64)


def _bits(items: npt.NDArray[np.bytes_], length: int) -> npt.NDArray[np.uint64]:
    """IBM doubles of 2 to 8 bytes as 64-bit integers; the bytes that are not stored are 0."""
    octets = np.zeros((len(items), 8), np.uint8)
    octets[:, :length] = np.ascontiguousarray(items).view(np.uint8).reshape(-1, length)
    return octets.view(">u8").ravel().astype(np.uint64)


def _described(stream: BinaryIO, header: MemberHeader, at: Location) -> XptDescription:
    records, blank = count_records(stream, header, at)
    used = {one.column.name: 1 for one in header.variables}
    printable = {one.column.name: True for one in header.variables}
    empty = np.zeros(header.record_length, np.uint8)
    for one in header.variables:
        if one.column.type == "Char":
            empty[one.place : one.place + one.length] = _BLANK
    for _, block in _blocks(stream, header, 0, records):
        filled = np.logical_or.reduce(block != empty, axis=0)
        # Unsigned, so that control characters wrap round to large numbers.
        odd = np.logical_or.reduce((block - np.uint8(_BLANK)) > np.uint8(126 - _BLANK), axis=0)
        for one in header.variables:
            name, here = one.column.name, slice(one.place, one.place + one.length)
            ends = np.flatnonzero(filled[here])
            used[name] = max(used[name], int(ends[-1]) + 1 if len(ends) else 1)
            printable[name] = printable[name] and (one.column.type == "Num" or not odd[here].any())
    variables = tuple(
        XptVariable(one.column, used[one.column.name], printable[one.column.name]) for one in header.variables
    )
    return XptDescription(
        header.name,
        header.label,
        header.dataset_type,
        header.stamp,
        records,
        header.record_length,
        blank,
        variables,
    )
