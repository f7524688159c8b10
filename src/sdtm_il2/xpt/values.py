"""Columns of frames and tables as Arrow arrays, and Arrow arrays as bytes of records.

Nothing here goes value by value: text is padded by Arrow in one call a block, and lies in the buffer of the
padded array as it must lie in the file.
"""

from __future__ import annotations

import codecs
import datetime as dt
import io
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import VariableType
from sdtm_il2.xpt.ibm import Doubles, SpecialBits, to_ibm

#: Records that are converted at a time: few enough that a column's share of a block stays in the processor's cache.
BLOCK = 16384

Kind = Literal["text", "number", "whole number", "date", "datetime", "empty", "unknown"]
#: What XPORT stores a kind as; empty columns are what their variable is declared as.
STORED: dict[Kind, VariableType] = {
    "text": "Char", "number": "Num", "whole number": "Num", "date": "Num", "datetime": "Num",
}  # fmt: skip
_BLANK = ord(" ")
_DAYS_TO_1970 = (dt.date(1970, 1, 1) - dt.date(1960, 1, 1)).days
#: Units of datetimes in a second.
PER_SECOND = {"s": 1, "ms": 1000, "us": 1000_000, "ns": 1000_000_000}


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Spool:
    """Joined texts of objects on disk between measuring and writing, so that the objects are visited once."""

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def __post_init__(self) -> None:
        weakref.finalize(self, self.file.close)

    def keep(self, data: bytes) -> Spooled:
        """Append a text; the file is closed, and with that gone, when nothing refers to the spool any more."""
        place = self.file.seek(0, io.SEEK_END)
        self.file.write(data)
        return Spooled(self, place, len(data))


@dataclass(frozen=True, slots=True, eq=False)
class Spooled:
    """One text in a spool."""

    spool: Spool
    place: int
    size: int

    def read(self) -> bytes:
        """The text."""
        self.spool.file.seek(self.place)
        data = self.spool.file.read(self.size)
        if len(data) != self.size:
            raise OSError(f"{self.size} bytes were kept in a temporary file, but it has {len(data)}")
        return data


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of one column: Arrow chunks, or Python objects that become Arrow block by block.

    ``type`` is the Arrow type of every block; None for objects that are not of one type, whose Python types
    are then in ``found``, and for times with a zone (``zoned``). ``kept`` says where the spool has the texts of
    objects, joined when they were measured, until they are written.
    """

    type: Any
    source: Any
    found: str
    zoned: bool = False
    kept: dict[tuple[int, int], Spooled] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def kind(self) -> Kind:
        """What the values are, as far as XPORT is concerned."""
        type_ = self.type
        if type_ is None:
            return "unknown"
        if pa.types.is_dictionary(type_):
            type_ = type_.value_type
        if _is_text(type_):
            return "text"
        if pa.types.is_integer(type_):
            return "whole number"
        if pa.types.is_floating(type_) or pa.types.is_boolean(type_):
            return "number"
        if pa.types.is_date(type_):
            return "date"
        if pa.types.is_timestamp(type_):
            return "datetime"
        return "empty" if pa.types.is_null(type_) else "unknown"

    @property
    def text_objects(self) -> npt.NDArray[np.object_] | None:
        """The Python objects of a column of text, if that is what it is."""
        objects: npt.NDArray[np.object_] | None = None
        if self.type == pa.large_string() and isinstance(self.source, np.ndarray):
            objects = self.source
        return objects

    def joined(
        self, first: int, count: int, spool: Spool | None = None
    ) -> tuple[bytes, npt.NDArray[np.int64]]:
        """`joined` objects from `first`; with a spool the text is kept there for the next call."""
        spooled = self.kept.pop((first, count), None)
        if spooled is not None:
            data = spooled.read()
        else:
            data = joined(self.source[first : first + count])
            if spool is not None:
                self.kept[first, count] = spool.keep(data)
        return data, np.flatnonzero(np.frombuffer(data, np.uint8) == 0)

    def pieces(self) -> Iterator[Any]:
        """All values as `chunks`, in arrays small enough to work on beside the frame."""
        for start in range(0, len(self), 4 * BLOCK):
            yield from self.chunks(start, min(4 * BLOCK, len(self) - start))

    def take(self, rows: npt.NDArray[np.int64]) -> Values:
        """The values of some records."""
        chunked = isinstance(self.source, pa.ChunkedArray)
        return Values(
            self.type, self.source.take(pa.array(rows)) if chunked else self.source[rows], self.found
        )

    def chunks(self, start: int = 0, count: int | None = None) -> Iterator[Any]:
        """Arrow arrays of the records from `start`; text is ``large_string`` or a dictionary of it."""
        count = len(self) - start if count is None else count
        if isinstance(self.source, pa.ChunkedArray):
            for chunk in self.source.slice(start, count).chunks:
                yield _plain(chunk)
        else:
            for first in range(start, start + count, BLOCK):
                part = self.source[first : min(first + BLOCK, start + count)]
                if self.type == pa.large_string():
                    yield _text_array(part)
                else:
                    yield _plain(pa.array(part, type=self.type, from_pandas=True))


def _is_text(type_: Any) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    )


def _plain(array: Any) -> Any:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        if pa.types.is_string_view(array.type.value_type):  # polars; Arrow decodes no dictionary of views
            array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.large_string()))
        # A dictionary larger than the block costs more than the text itself, and only text profits from one.
        # Categories without a record may be longer than the variable, or outside its encoding.
        if (
            not _is_text(array.type.value_type)
            or len(array.dictionary) > len(array)
            or pc.count_distinct(array.indices, mode="only_valid").as_py() < len(array.dictionary)
        ):
            return _plain(array.dictionary_decode())
        return pa.DictionaryArray.from_arrays(array.indices, _plain(array.dictionary))
    if pa.types.is_string(array.type) or pa.types.is_string_view(array.type):
        return array.cast(pa.large_string())
    return array


def values_of(column: Any) -> Values:
    """The values of a pandas Series or an Arrow column."""
    if isinstance(column, pd.Series):
        if column.dtype == object:
            return _objects(column.to_numpy())
        if isinstance(column.dtype, (pd.DatetimeTZDtype, pd.PeriodDtype, pd.IntervalDtype, pd.SparseDtype)):
            return Values(None, column, str(column.dtype), isinstance(column.dtype, pd.DatetimeTZDtype))
        try:
            column = pa.array(column, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError):
            return Values(None, column, str(column.dtype))
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    held = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_timestamp(held) and held.tz is not None:
        return Values(None, column, str(column.type), zoned=True)
    return Values(column.type, column, str(column.type))


class MixedError(TypeError):
    """A column that began as text holds something else."""


def joined(objects: npt.NDArray[np.object_]) -> bytes:
    """Text objects in UTF-8, a NUL between each two; other types raise MixedError.

    One join and one search for the NULs cost half of what an Arrow builder takes for the same objects. Missing ones are "".
    """
    texts = objects.tolist()
    try:
        data = "\0".join(texts).encode()  # halves of surrogate pairs raise UnicodeEncodeError
    except TypeError:
        texts = np.where(pd.isna(pd.Series(objects, dtype=object)), "", objects).tolist()
        try:
            data = "\0".join(texts).encode()
        except TypeError:
            raise MixedError from None
    return data


def _text_array(objects: npt.NDArray[np.object_]) -> Any:
    """Text objects as one Arrow array."""
    data = joined(objects)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
    if len(ends) != len(objects) - 1:  # a NUL in a text
        return pa.array(np.where(pd.isna(pd.Series(objects, dtype=object)), "", objects), pa.large_string())
    offsets = np.empty(len(objects) + 1, np.int64)
    offsets[0], offsets[-1] = 0, len(data) - len(ends)
    np.subtract(ends, np.arange(len(ends)), out=offsets[1:-1])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data.replace(b"\0", b""))]
    return pa.Array.from_buffers(pa.large_string(), len(objects), buffers)


def _objects(objects: npt.NDArray[np.object_]) -> Values:
    """Objects must be of one type (None, NaN and NA aside): "1.5" beside 1.5 would change its meaning.

    A column whose first value is text is taken for text until a value says otherwise (MixedError), so that the
    objects, which lie all over the memory, are not visited once more.
    """
    if isinstance(_first(objects), str):
        return Values(pa.large_string(), objects, "large_string")
    return inferred(objects)


def _first(objects: npt.NDArray[np.object_]) -> object:
    """The first object that is not missing, or None."""
    for start in range(0, len(objects), BLOCK):
        for one in objects[start : start + BLOCK].tolist():
            if one is not None and one is not pd.NA and not (isinstance(one, float) and one != one):
                found: object = one
                return found
    return None


def inferred(objects: npt.NDArray[np.object_]) -> Values:
    """Objects as the one type that they all have; else their Python types are named in ``found``."""
    type_ = pa.null()
    for start in range(0, len(objects), BLOCK):
        part = objects[start : start + BLOCK]
        try:
            found = pa.array(part, from_pandas=True).type
        except (
            pa.ArrowInvalid,
            pa.ArrowTypeError,
            pa.ArrowNotImplementedError,
            OverflowError,
            UnicodeEncodeError,
        ):
            found = None
        type_ = _unified(type_, found)
        if type_ is not None and pa.types.is_timestamp(type_) and type_.tz is not None:
            return Values(None, objects, str(type_), zoned=True)
        if type_ is None:
            names = sorted(
                {type(one).__name__ for one in objects[pd.notna(pd.Series(objects, dtype=object))]}
            )
            return Values(None, objects, "object of " + ", ".join(names))
    if _is_text(type_):
        type_ = pa.large_string()
    return Values(type_, objects, str(type_))


def _unified(left: Any, right: Any) -> Any:
    """The type of two blocks of one column; None if they are not of one type."""
    if left is None or right is None or left == right or pa.types.is_null(right):
        return None if right is None else left
    if pa.types.is_null(left):
        return right
    if {left, right} == {pa.int64(), pa.float64()}:
        return pa.float64()
    return None


def numbers_of(array: Any) -> Doubles:
    """Numbers, SAS dates (days since 1960-01-01), datetimes (seconds since then) as doubles; null as NaN."""
    type_ = array.type
    if pa.types.is_null(type_) or _is_text(type_) or pa.types.is_dictionary(type_):
        return np.full(len(array), np.nan)  # an empty column: text has been refused before
    if pa.types.is_date(type_):
        array, divisor, shift = array.cast(pa.date32()).cast(pa.int32()), 1, _DAYS_TO_1970
    elif pa.types.is_timestamp(type_):
        array, divisor, shift = array.cast(pa.int64()), PER_SECOND[type_.unit], _DAYS_TO_1970 * 86400
    else:
        if array.type != pa.float64():
            array = array.cast(pa.float64(), safe=False)
        if array.null_count:
            array = array.fill_null(np.nan)
        plain: Doubles = array.to_numpy(zero_copy_only=False)
        return plain
    whole = array.fill_null(0).to_numpy(zero_copy_only=False)
    numbers: Doubles = (whole // divisor).astype(np.float64) + shift
    if array.null_count:
        numbers[array.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return numbers


def plain_utf8(encoding: str) -> bool:
    """Whether text in this encoding is what Arrow's buffers hold: UTF-8, or ASCII that has been checked."""
    return codecs.lookup(encoding).name in ("utf-8", "ascii")


def encoded(array: Any, encoding: str) -> Any:
    """A ``large_string`` array whose bytes are in another encoding; each distinct text is encoded once."""
    if plain_utf8(encoding):
        return array
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices, encoded(array.dictionary, encoding))
    words = array.dictionary_encode()
    texts = pa.array([text.encode(encoding) for text in words.dictionary.to_pylist()], pa.large_binary())
    # Arrow pads bytes; it never looks whether they are UTF-8. The view copies nothing.
    return texts.take(words.indices).view(pa.large_string())


def byte_lengths(array: Any) -> Any:
    """Bytes of each text of a plain or dictionary array; null for null."""
    if pa.types.is_dictionary(array.type):
        return pc.binary_length(array.dictionary).take(array.indices)
    return pc.binary_length(array)


def put_text(place: npt.NDArray[np.bytes_], array: Any, width: int, encoding: str) -> None:
    """Write texts, padded with blanks to `width` bytes, into a (strided) array of `width`-byte items."""
    if not (_is_text(array.type) or pa.types.is_dictionary(array.type)):
        place[:] = b" " * width  # an empty column: numbers have been refused before
        return
    array = encoded(array, encoding)
    if pa.types.is_dictionary(array.type):
        words = np.full(len(array.dictionary) + 1, b" " * width, f"S{width}")
        put_text(words[:-1], array.dictionary, width, "utf-8")
        place[:] = words[array.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]
        return
    if not len(array):
        return
    if array.null_count:
        array = array.fill_null("")
    place[:] = _padded(array, width, width)


def put_objects(place: npt.NDArray[np.bytes_], values: Values, first: int, width: int) -> None:
    """`put_text` for as many text objects as `place` has room for, without NUL, in UTF-8 or ASCII."""
    count = len(place)
    data, ends = values.joined(first, count)
    # With blanks for its NULs the joined text is already an array whose texts have one blank at the end each.
    octets = np.empty(len(data) + 1, np.uint8)
    octets[:-1] = np.frombuffer(data, np.uint8)
    octets[-1] = octets[ends] = _BLANK
    offsets = np.empty(count + 1, np.int64)
    offsets[0], offsets[-1] = 0, len(octets)
    np.add(ends, 1, out=offsets[1:-1])
    array = pa.Array.from_buffers(
        pa.large_string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(octets)]
    )
    place[:] = _padded(array, width + 1, width)


def _padded(array: Any, stride: int, width: int) -> npt.NDArray[np.bytes_]:
    """The first `width` bytes of each text, padded with blanks to `stride` bytes."""
    padded = pc.ascii_rpad(array, stride, " ")
    _, offsets, text = padded.buffers()
    ends = np.frombuffer(offsets, np.int64)[padded.offset : padded.offset + len(padded) + 1]
    if ends[-1] - ends[0] != len(padded) * stride:
        raise AssertionError(f"text of more than {width} bytes was not refused")
    return np.ndarray((len(padded),), f"S{width}", text, ends[0], (stride,))


def put_numbers(place: npt.NDArray[Any], numbers: Doubles, width: int, special: SpecialBits | None) -> None:
    """Write IBM doubles, cut to `width` bytes, into a (strided) array; `special` are rows and their bits."""
    bits = to_ibm(numbers)
    if special is not None:
        bits[special[0]] = special[1]
    if width == 8:
        place[:] = bits
    else:
        octets = bits.astype(">u8").view(np.uint8).reshape(-1, 8)
        place[:] = np.ascontiguousarray(octets[:, :width]).view(f"S{width}").ravel()
