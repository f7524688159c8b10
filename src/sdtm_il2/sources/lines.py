"""Where records stand in delimited text: quotes, line ends, the line on which each record starts.

Everything here works on UTF-8 bytes, in which quote, delimiter and line ends are single bytes that occur
in no other character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

_QUOTE: Final = 34
_LF: Final = 10
_CR: Final = 13
#: Bytes looked at in one go: few enough to stay in the processor's cache.
_BLOCK: Final = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The lines of a text that hold records.

    ``begins`` are the byte offsets at which records begin, ``rows`` the lines (from 1) on which they stand,
    ``blank`` the lines without text. ``broken`` says that some record runs over several lines, ``unclosed``
    is the line of a quote that is never closed (0: none), ``malformed`` are the lines of quoted fields with
    text after the closing quote.
    """

    begins: Positions
    rows: Positions
    blank: Positions
    broken: bool
    unclosed: int
    malformed: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """Offsets of all line ends, which of them stand within quotes, and whether the text ends so."""

    places: Positions
    quoted: Mask | None
    unclosed: bool


def _states(view: Bytes, delimiter: int) -> Iterator[Mask | None]:
    """Block by block, which bytes lie within quotes (opening quote included, closing quote not).

    Ends with None where a quote stands elsewhere than at the edge of a field: counting quotes tells
    nothing then, because some of them are plain text.
    """
    carry = np.uint8(0)
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        around = np.full(len(block) + 2, _LF, np.uint8)  # the start and the end of the text are edges
        around[1:-1] = block
        if start:
            around[0] = view[start - 1]
        if start + _BLOCK < len(view):
            around[-1] = view[start + _BLOCK]
        edge = (around == _QUOTE) | (around == delimiter) | (around == _LF) | (around == _CR)
        quote = block == _QUOTE
        state = np.cumsum(quote, dtype=np.uint8)  # wraps at 256, which keeps the parity
        state += carry
        state &= 1
        carry = state[-1]
        within = state.view(np.bool_)
        if (quote & ~np.where(within, edge[:-2], edge[2:])).any():
            yield None
            return
        yield within


def _matched(text: bytes, start: int, delimiter: str) -> tuple[Mask, list[int], int]:
    """Which bytes from `start` on lie within quotes, where some quotes are plain text; the ends of quoted
    fields that go on after their closing quote; and the offset of a quote that is never closed, or -1.
    A quote opens a field only as its first character."""
    pattern = quoted_field(delimiter)
    inside = np.zeros(len(text) - start, np.bool_)
    allowed = (delimiter.encode(), b"\r", b"\n", b"")
    malformed, unclosed = [], -1
    for match in pattern.finditer(text, start):
        inside[match.start() - start : match.end() - start - len(match[1])] = True
        if not match[1]:
            unclosed = match.start()
        elif text[match.end() : match.end() + 1] not in allowed:
            malformed.append(match.end())
    return inside, malformed, unclosed


def quoted_field(delimiter: str) -> re.Pattern[bytes]:
    """The pattern of a quoted field; group 1 is its closing quote, empty where the text ends before it."""
    cut = re.escape(delimiter.encode())
    return re.compile(rb"(?<![^" + cut + rb'\r\n])"[^"]*+(?:""[^"]*+)*+("?)')


def _find_ends(view: Bytes, states: Iterator[Mask | None] | None, *, returns: bool) -> _Ends | None:
    """All line ends; None where the states turn out not to be countable."""
    places, quoted = [], []
    within: Mask | None = None
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        if states is not None:
            within = next(states)
            if within is None:
                return None
        stops = block == _LF
        if returns:
            alone = block == _CR
            alone[:-1] &= ~stops[1:]
            if alone[-1] and start + _BLOCK < len(view):
                alone[-1] = view[start + _BLOCK] != _LF
            stops |= alone
        found = np.flatnonzero(stops)
        if within is not None:
            quoted.append(within[found])
        found += start
        places.append(found)
    unclosed = within is not None and bool(within[-1])
    nothing = np.empty(0, np.int64)
    return _Ends(np.concatenate([nothing, *places]), np.concatenate(quoted) if quoted else None, unclosed)


def find_lines(text: bytes, delimiter: str, *, start: int = 0, first_line: int = 1) -> Lines:
    """A record starts on a line whose line end before is not within quotes; LF, CR and CRLF end lines.

    ``start`` is the offset at which the records begin, ``first_line`` the line that stands there.

    >>> lines = find_lines(b'1,"a\\nb"\\n\\n2,c\\n', ",", first_line=2)
    >>> lines.rows.tolist(), lines.blank.tolist()
    ([2, 5], [4])
    """
    view = np.frombuffer(text, np.uint8, offset=start) if start < len(text) else np.empty(0, np.uint8)
    returns = text.find(b"\r", start) >= 0
    states = _states(view, ord(delimiter)) if text.find(b'"', start) >= 0 else None
    ends = _find_ends(view, states, returns=returns)
    malformed: list[int] = []
    opened = -1
    if ends is None or ends.unclosed:
        inside, malformed, opened = _matched(text, start, delimiter)
        blocks = (inside[place : place + _BLOCK] for place in range(0, len(view), _BLOCK))
        ends = _find_ends(view, blocks, returns=returns)
    assert ends is not None  # a mask that is known is countable
    starts = np.concatenate((np.zeros(1, np.int64), ends.places + 1))
    stops = np.append(ends.places, len(view))
    if starts[-1] == len(view):
        starts, stops = starts[:-1], stops[:-1]
    blank = starts == stops
    if returns:  # the CR of a CRLF is no text
        blank |= (stops - starts == 1) & (view[starts] == _CR)
    record = ~blank
    if ends.quoted is not None:
        record[1:] &= ~ends.quoted[: len(record) - 1]
        blank[1:] &= ~ends.quoted[: len(record) - 1]

    def line(offset: int) -> int:
        return first_line + int(np.searchsorted(ends.places, offset - start))

    return Lines(
        begins=starts[record],
        rows=np.flatnonzero(record) + first_line,
        blank=np.flatnonzero(blank) + first_line,
        broken=ends.quoted is not None and bool(ends.quoted.any()),
        unclosed=line(opened) if opened >= 0 else 0,
        malformed=tuple(line(offset) for offset in malformed),
    )


def count_fields(text: bytes, lines: Lines, delimiter: str, *, start: int = 0) -> Positions:
    """How many fields each record has: one more than its delimiters outside quotes.

    >>> text = b'1,"a,b"\\n3\\n'
    >>> count_fields(text, find_lines(text, ","), ",").tolist()
    [2, 1]
    """
    view = np.frombuffer(text, np.uint8, offset=start)
    places = np.flatnonzero((view == ord(delimiter)) & ~_matched(text, start, delimiter)[0])
    return np.diff(np.searchsorted(places, np.append(lines.begins, len(view)))) + 1
