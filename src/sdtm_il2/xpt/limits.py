"""What XPORT v5 can hold, checked on names, labels and values before the first byte is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import Column
from sdtm_il2.errors import MAX_VALUES, Issue, Location, issue
from sdtm_il2.xpt.ibm import SMALLEST, TOO_LARGE, Doubles, to_ibm
from sdtm_il2.xpt.layout import split_format
from sdtm_il2.xpt.values import (
    BLOCK,
    PER_SECOND,
    STORED,
    MixedError,
    Spool,
    Values,
    byte_lengths,
    encoded,
    inferred,
    numbers_of,
)

#: Bytes of one text value, of a label, of a name; NAMESTR header records count variables in four digits.
MAX_TEXT, MAX_LABEL, MAX_NAME, MAX_VARIABLES = 200, 40, 8, 9999

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
#: From here on not every whole number is a double.
_WHOLE = 2**53


@dataclass(slots=True)
class _Breach:
    """One limit that one variable breaks: how often, where first, how far, and by which values."""

    count: int
    row: int
    measured: int
    fields: dict[str, Any]
    values: dict[str, int]


@dataclass(slots=True)
class Breaches:
    """Collects broken limits over the frames of one dataset, so that all are named at once."""

    dataset: str
    at: Location
    found: dict[tuple[str, str], _Breach] = field(default_factory=dict)
    others: list[Issue] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found or self.others)

    def add(self, code: str, variable: str = "", **fields: Any) -> None:
        """A limit that names, labels or arguments break."""
        self.others.append(
            issue(code, f"{self.dataset}.{variable}" if variable else self.dataset, self.at, **fields)
        )

    def add_values(
        self,
        code: str,
        variable: str,
        rows: npt.NDArray[np.int64],
        values: Iterable[object],
        *,
        measured: int = 0,
        **fields: Any,
    ) -> None:
        """A limit that values break: `rows` are their records, counted from 0 over all frames."""
        breach = self.found.setdefault((code, variable), _Breach(0, int(rows[0]) + 1, 0, fields, {}))
        breach.count += len(rows)
        breach.measured = max(breach.measured, measured)
        for value in values:
            text = str(value)
            if text in breach.values or len(breach.values) < MAX_VALUES:
                breach.values[text] = breach.values.get(text, 0) + 1

    def issues(self) -> tuple[Issue, ...]:
        """All of them; names and labels first, then values in the order of variables."""
        of_values = [
            issue(
                code,
                f"{self.dataset}.{variable}" if variable else self.dataset,
                self.at,
                count=one.count,
                values=one.values.items(),
                row=one.row,
                measured=one.measured,
                **one.fields,
            )
            for (code, variable), one in self.found.items()
        ]
        return (*self.others, *of_values)


def encodable(text: str, encoding: str) -> bool:
    """Whether an encoding has every character of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def check_text(breaches: Breaches, variable: str, part: str, text: str, allowed: int, encoding: str) -> None:
    """A label, a version or a system: in the encoding, within its bytes, without NUL."""
    if not encodable(text, encoding):
        breaches.add("XPT622", variable, part=part, encoding=encoding)
    elif (measured := len(text.encode(encoding))) > allowed:
        breaches.add("XPT621", variable, part=part, measured=measured, allowed=allowed)


def check_names(breaches: Breaches, name: str, columns: Iterable[Column]) -> None:
    """Names of eight bytes, upper case; no variable twice."""
    if not _NAME.fullmatch(name):
        breaches.add("XPT620", part="dataset name", name=name)
    seen: set[str] = set()
    for column in columns:
        if not _NAME.fullmatch(column.name):
            breaches.add("XPT620", column.name, part="variable name", name=column.name)
        if column.name.upper() in seen:
            breaches.add("XPT623", column.name)
        seen.add(column.name.upper())


def check_column(breaches: Breaches, column: Column, encoding: str, least_number: int = 3) -> None:
    """Label, formats and declared length of one variable; `least_number` is 2 for what a mainframe wrote."""
    check_text(breaches, column.name, "label", column.label, MAX_LABEL, encoding)
    for part, text in (("format", column.format), ("informat", column.informat)):
        split = split_format(text)
        if split is None or not text.isascii():
            breaches.add("XPT624", column.name, part=part, format=text)
        elif text and text.startswith("$") != (column.type == "Char"):
            breaches.add("XPT625", column.name, part=part, format=text, type=column.type)
    least, most = (1, MAX_TEXT) if column.type == "Char" else (least_number, 8)
    if column.length is not None and not least <= column.length <= most:
        breaches.add("XPT626", column.name, length=column.length, least=least, most=most, type=column.type)


def lost_bits(length: int) -> np.uint64:
    """The bits of an IBM double that do not stand in `length` bytes.

    >>> f"{int(lost_bits(6)):x}"
    'ffff'
    """
    return np.uint64((1 << (8 * (8 - length))) - 1)


def measure(
    breaches: Breaches, column: Column, values: Values, start: int, encoding: str, spool: Spool | None = None
) -> int:
    """Check the values of one frame, whose first record is `start`; returns the bytes that they need.

    The text of Python objects is kept in the spool, if there is one, until it is written.
    Text needs its longest value in encoded bytes, at least 1; numbers take 8 bytes.
    """
    kind = values.kind
    needed = 1 if column.type == "Char" else 8
    if kind == "unknown":
        breaches.add("XPT647" if values.zoned else "XPT630", column.name, found=values.found)
        return needed
    try:
        if kind != "empty" and STORED[kind] != column.type and not _all_null(values):
            breaches.add("XPT631", column.name, type=column.type, found=values.found)
            return needed
        if values.text_objects is not None and column.type == "Char":
            return _measure_objects(breaches, column, values, start, encoding, spool)
        for chunk in values.pieces():
            if column.type == "Num":
                _measure_numbers(breaches, column, chunk, start)
            elif kind == "text":
                needed = max(needed, _measure_text(breaches, column, chunk, start, encoding))
            start += len(chunk)
    except MixedError:
        breaches.add("XPT630", column.name, found=inferred(values.source).found)
    except UnicodeEncodeError:
        # Python objects may hold halves of surrogate pairs, which no encoding has.
        halves = [
            row
            for row, one in enumerate(values.source)
            if isinstance(one, str) and not encodable(one, "utf-8")
        ]
        breaches.add_values("XPT633", column.name, np.array(halves, np.int64), (), encoding=encoding)
    return needed


def _all_null(values: Values) -> bool:
    """A column without a value fits any variable: pandas makes it float64, a reader of text makes it text."""
    for chunk in values.chunks():
        if values.kind == "text":
            filled = pc.max(byte_lengths(chunk)).as_py()
        elif pa.types.is_floating(chunk.type):
            filled = not np.isnan(numbers_of(chunk)).all()
        else:
            filled = chunk.null_count < len(chunk)
        if filled:
            return False
    return True


def _measure_objects(
    breaches: Breaches, column: Column, values: Values, start: int, encoding: str, spool: Spool | None
) -> int:
    """`_measure_text` for Python objects, which become Arrow text only where ASCII within its limits ends."""
    needed = 1
    objects, allowed = values.source, _allowed(column)
    for first in range(0, len(objects), BLOCK):
        part = objects[first : first + BLOCK]
        data, ends = values.joined(first, len(part), spool)
        if len(ends) == len(part) - 1 and data.isascii():
            longest = int(np.diff(ends, prepend=-1, append=len(data)).max()) - 1
            if longest <= allowed:
                needed = max(needed, longest)
                continue
        for chunk in values.chunks(first, len(part)):
            needed = max(needed, _measure_text(breaches, column, chunk, start + first, encoding))
    return needed


def _allowed(column: Column) -> int:
    return MAX_TEXT if column.length is None else min(column.length, MAX_TEXT)


def _measure_text(breaches: Breaches, column: Column, array: Any, start: int, encoding: str) -> int:
    worded = pa.types.is_dictionary(array.type)
    words = array.dictionary if worded else array
    ascii_only, has_nul = _screen(words)
    if worded and (has_nul or not ascii_only):
        array = array.dictionary_decode()
    if has_nul:
        _note(breaches, "XPT634", column, array, pc.match_substring(array, "\0"), start)
    if not ascii_only and encoding != "utf-8":
        distinct = (words if worded else words.unique()).drop_null()
        bad = [text for text in distinct.to_pylist() if not encodable(text, encoding)]
        wrong = pc.is_in(array, pa.array(bad, array.type))
        _note(breaches, "XPT633", column, array, wrong, start, encoding=encoding)
        array = pc.if_else(wrong, None, array)
    lengths = byte_lengths(array if ascii_only else encoded(array, encoding))
    longest = int(pc.max(lengths).as_py() or 0)
    allowed = _allowed(column)
    if longest > allowed:
        code = "XPT632" if allowed < MAX_TEXT else "XPT635"
        over = pc.greater(lengths, allowed)
        _note(breaches, code, column, array, over, start, measured=longest, allowed=allowed)
    return longest


def _screen(array: Any) -> tuple[bool, bool]:
    """Whether a text array may be taken for ASCII, and whether it may hold NUL: two runs over its bytes.

    The bytes under nulls are seen too, so an exact look follows where the answer is not the usual one.
    """
    offsets, text = array.buffers()[1:]
    if text is None or not len(array):
        return True, False
    ends = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * 8)
    view = memoryview(text)[ends[0] : ends[-1]]
    ascii_only, has_nul = True, False
    for first in range(0, len(view), 1 << 20):
        part = bytes(view[first : first + (1 << 20)])
        ascii_only = ascii_only and part.isascii()
        has_nul = has_nul or b"\0" in part
    return ascii_only, has_nul


def _note(
    breaches: Breaches,
    code: str,
    column: Column,
    array: Any,
    wrong: Any,
    start: int,
    *,
    measured: int = 0,
    **fields: Any,
) -> None:
    rows = np.flatnonzero(wrong.fill_null(False).to_numpy(zero_copy_only=False)).astype(np.int64)  # noqa: FBT003
    if len(rows):
        values = array.take(pa.array(rows)).to_pylist()
        breaches.add_values(code, column.name, rows + start, values, measured=measured, **fields)


def _measure_numbers(breaches: Breaches, column: Column, array: Any, start: int) -> None:
    numbers = numbers_of(array)
    # An early way out for what is nearly always the case; NaN compares False throughout.
    size = np.abs(numbers)
    tests: list[tuple[str, Callable[[], npt.NDArray[np.bool_]]]] = []
    if pa.types.is_floating(array.type):
        tests = [
            ("XPT640", lambda: np.isinf(size)),
            ("XPT641", lambda: (size >= TOO_LARGE) & ~np.isinf(size)),
            ("XPT642", lambda: (size < SMALLEST) & (size > 0)),
        ]
    elif pa.types.is_integer(array.type):
        tests = [("XPT643", lambda: _inexact(array, size))]
    elif pa.types.is_timestamp(array.type):
        tests = [("XPT644", lambda: _broken_seconds(array))]
    if column.length is not None and 2 <= column.length < 8:
        lost = lost_bits(column.length)
        tests.append(("XPT645", lambda: (to_ibm(numbers) & lost) != 0))
    for code, test in tests:
        wrong = test()
        if wrong.any():
            rows = np.flatnonzero(wrong).astype(np.int64)
            fields: dict[str, Any] = {"allowed": column.length} if code == "XPT645" else {}
            breaches.add_values(code, column.name, rows + start, numbers[rows].tolist(), **fields)


def _inexact(array: Any, size: Doubles) -> npt.NDArray[np.bool_]:
    wrong = np.zeros(len(array), np.bool_)
    for row in np.flatnonzero(size >= _WHOLE):
        whole = array[int(row)].as_py()
        wrong[row] = int(float(whole)) != whole
    return wrong


def _broken_seconds(array: Any) -> npt.NDArray[np.bool_]:
    whole: npt.NDArray[np.int64] = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    broken: npt.NDArray[np.bool_] = np.not_equal(whole % PER_SECOND[array.type.unit], 0)
    return broken
