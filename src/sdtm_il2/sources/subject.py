"""The subject of each raw record: a template over columns, or a key looked up in a linking source."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_BRACES: Final = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")
_RANGE: Final = re.compile(r"(.*):([0-9]+)-([0-9]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """A literal text, or a column of which the characters `first` to `last` are taken (0: all)."""

    text: str = ""
    column: str = ""
    first: int = 0
    last: int = 0


def parse_subject(template: str, columns: Collection[str]) -> tuple[Part, ...]:
    """A template as its parts. A name in braces is a column if there is one of that name, colons included;
    else ``{COL:1-3}`` takes the characters 1 to 3 of COL. ValueError says what is wrong.

    >>> parse_subject("{SITE}-{ID:2-4}", ["SITE", "ID"])[2]
    Part(text='', column='ID', first=2, last=4)
    """
    parts = []
    for name, text, stray in _BRACES.findall(template):
        if stray:
            raise ValueError(f"has a '{stray}' without its pair")
        if text:
            parts.append(Part(text=text))
            continue
        own = name.strip()
        found = _RANGE.fullmatch(own)
        if own in columns or not found:
            parts.append(Part(column=own))
            continue
        first, last = int(found[2]), int(found[3])
        if not 1 <= first <= last:
            raise ValueError(f"takes characters {first} to {last}")
        parts.append(Part(column=found[1].strip(), first=first, last=last))
    if not any(part.column for part in parts):
        raise ValueError("names no column")
    if any(not part.column and not part.text for part in parts):
        raise ValueError("has braces without a column")
    return tuple(parts)


def template_subject(parts: tuple[Part, ...], cells: Mapping[str, pa.Array]) -> pa.Array:
    """The subject of each record: the parts in a row, outer blanks trimmed. A record in which a column of the
    rule is blank has none (""), because half a key could be another subject's.

    >>> text = lambda *values: pa.array(values, pa.large_string())
    >>> cells = {"SITE": text("01", "01"), "ID": text("7 ", "")}
    >>> template_subject(parse_subject("{SITE}-{ID}", cells), cells).to_pylist()
    ['01-7', '']
    """
    pieces: list[pa.Array | pa.Scalar] = []
    filled: pa.Array | None = None
    for part in parts:
        if not part.column:
            pieces.append(pa.scalar(part.text, pa.large_string()))
            continue
        piece = pc.utf8_trim_whitespace(cells[part.column])
        if part.first:
            piece = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(piece, part.first - 1, part.last))
        there = pc.not_equal(piece, "")
        filled = there if filled is None else pc.and_(filled, there)
        pieces.append(piece)
    joined = pieces[0]
    if len(pieces) > 1:
        joined = pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string()))
    return pc.if_else(filled, pc.utf8_trim_whitespace(joined), "")


@dataclass(frozen=True, slots=True)
class Link:
    """Which subject each key of a linking source names; ``clashes`` are keys with several subjects, with the
    position of the first record that contradicts an earlier one."""

    subjects: Mapping[str, str]
    clashes: Mapping[str, int] = field(default_factory=dict)


def make_link(keys: pa.Array, subjects: pa.Array, positions: Collection[int]) -> Link:
    """Read the keys of a linking source at the positions; blank keys and blank subjects link nothing.

    >>> text = lambda *values: pa.array(values, pa.large_string())
    >>> make_link(text("a", "b", "b", ""), text("1", "2", "3", "4"), range(4))
    Link(subjects={'a': '1'}, clashes={'b': 2})
    """
    found: dict[str, str] = {}
    clashes: dict[str, int] = {}
    at = pa.array(positions, pa.int64())
    pairs = zip(positions, keys.take(at).to_pylist(), subjects.take(at).to_pylist(), strict=True)
    for position, raw_key, raw_subject in pairs:
        key, subject = raw_key.strip(), raw_subject.strip()
        if key and subject and found.setdefault(key, subject) != subject:
            clashes.setdefault(key, int(position))
    return Link({key: subject for key, subject in found.items() if key not in clashes}, clashes)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The looked-up subject of each record, and which records have a key that the link does not hold or
    that names several subjects."""

    subject: pa.Array
    unknown: pa.Array
    clashing: pa.Array


def look_up(keys: pa.Array, link: Link) -> Looked:
    """The subject that each key names, outer blanks aside; "" where there is none.

    >>> look_up(pa.array([" a", "x", ""], pa.large_string()), Link({"a": "1"})).subject.to_pylist()
    ['1', '', '']
    """
    trimmed = pc.utf8_trim_whitespace(keys)
    known = pa.array(link.subjects.keys(), pa.large_string())
    subjects = pa.array(link.subjects.values(), pa.large_string())
    index = pc.index_in(trimmed, value_set=known)
    clashing = pc.is_in(trimmed, value_set=pa.array(link.clashes.keys(), pa.large_string()))
    unknown = pc.and_(pc.and_(pc.is_null(index), pc.not_equal(trimmed, "")), pc.invert(clashing))
    return Looked(pc.fill_null(subjects.take(index), ""), unknown, clashing)
