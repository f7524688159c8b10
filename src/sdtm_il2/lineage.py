"""Lineage: which raw records each record of a dataset comes from. Filled by a build, read by `trace`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.errors import Location

Positions = npt.NDArray[np.int64]

#: The block of the record, and the row of its tests table (-1: none).
BLOCK, TEST = "_BLOCK", "_TEST"
#: What the column of a translated variable's rows begins with.
TRANSLATION = "_TRANSLATION."
#: The block's own record, the number (from 0) of its repetition, and the records behind a group.
RECORD, EACH, MEMBERS = "_RECORD", "_EACH", "_MEMBERS"
#: The place of the dataset that holds the record, of those into which its domain is split.
PART = "_DATASET"
#: What begins the name of a column that holds a row of a decode table, or the chosen part of a rule.
DECODE, CHOICE = "_DECODE", "_CHOICE"


@dataclass(frozen=True, slots=True)
class Members:
    """The records behind each record that `group` makes of several: those of record r are ``offsets[r]`` up to
    ``offsets[r + 1]`` in every array; a record of no group has none.

    ``positions`` has one array an alias, as `DatasetLineage` has; ``each`` is the number of the repetition (-1: none).
    """

    offsets: Positions
    positions: Mapping[str, Positions]
    each: Positions


@dataclass(frozen=True, slots=True)
class DatasetLineage:
    """For each record of one dataset, in its order: the block that made it and, by alias, the position that it reads.

    ``positions`` has one array an alias ("" is the block's own source): the record's place in that source (in
    file order, from 0) or in that dataset, -1 where nothing is joined; of a group it is that of its first member.
    ``blocks`` and ``tests`` are numbers of the plan's blocks and tests table rows. ``more`` holds further columns by
    name, -1 for none: the repetition, the row of each decode table, and by variable the branch of a `case` or the
    argument of a `coalesce` that gave the value. ``translations`` has, by variable, the number of the plan's
    translation that gave the record's text, -1 where the text is as collected.
    """

    dataset: str
    blocks: npt.NDArray[np.int16]
    tests: npt.NDArray[np.int32]
    positions: Mapping[str, Positions]
    translations: Mapping[str, npt.NDArray[np.int32]] = field(default_factory=dict)
    more: Mapping[str, Positions] = field(default_factory=dict)
    members: Members | None = None

    def __len__(self) -> int:
        return len(self.blocks)

    def table(self) -> pa.Table:
        """The lineage as a table: _BLOCK, _TEST, a column an alias, what else there is, and lists of members."""
        columns: dict[str, object] = {BLOCK: pa.array(self.blocks), TEST: pa.array(self.tests)}
        columns |= {alias or RECORD: pa.array(where) for alias, where in self.positions.items()}
        columns |= {TRANSLATION + name: pa.array(rows) for name, rows in self.translations.items()}
        columns |= {name: pa.array(one.astype(np.int32)) for name, one in self.more.items()}
        if self.members is not None:
            offsets = pa.array(self.members.offsets)
            held = {members_name(alias): where for alias, where in self.members.positions.items()}
            held[members_name(EACH)] = self.members.each
            columns |= {
                name: pa.LargeListArray.from_arrays(offsets, pa.array(one)) for name, one in held.items()
            }
        return pa.table(columns)

    def frame(self) -> pd.DataFrame:
        """The lineage as a frame."""
        frame: pd.DataFrame = self.table().to_pandas()
        return frame


def members_name(alias: str) -> str:
    """The column that lists what the members of a group have in a column.

    >>> members_name(""), members_name("p")
    ('_MEMBERS', '_MEMBERS p')
    """
    return f"{MEMBERS} {alias}".rstrip()


def choice_name(variable: str, number: int) -> str:
    """The column that holds what the variable's rule chose, for its k-th `case` or `coalesce` (from 0)."""
    return f"{CHOICE} {variable} {number}"


def decode_name(number: int) -> str:
    """The column that holds the row of the block's k-th decode table (from 0)."""
    return f"{DECODE} {number}"


def merge_lineage(parts: Iterable[DatasetLineage], offsets: Iterable[Mapping[str, int]]) -> DatasetLineage:
    """The lineage of all partitions in order; ``offsets`` shift the aliases that point into datasets."""
    found, shifts = list(parts), list(offsets)
    sizes = [len(one) for one in found]
    positions = _merged([one.positions for one in found], sizes, shifts)
    unshifted: list[Mapping[str, int]] = [{} for _ in found]
    translated = _merged([one.translations for one in found], sizes, unshifted)
    more = _merged([one.more for one in found], sizes, unshifted)
    return DatasetLineage(
        found[0].dataset,
        np.concatenate([one.blocks for one in found]),
        np.concatenate([one.tests for one in found]),
        positions,
        {name: rows.astype(np.int32) for name, rows in translated.items()},
        more,
        _merged_members(found, shifts),
    )


def _merged(
    parts: Sequence[Mapping[str, npt.NDArray[np.integer]]],
    sizes: Sequence[int],
    shifts: Sequence[Mapping[str, int]],
) -> dict[str, Positions]:
    merged: dict[str, Positions] = {}
    for name in dict.fromkeys(name for one in parts for name in one):
        pieces = []
        for one, size, shift in zip(parts, sizes, shifts, strict=True):
            piece = one.get(name, np.full(size, -1, np.int64))
            pieces.append(np.where(piece < 0, -1, piece + shift.get(name, 0)))
        merged[name] = np.concatenate(pieces)
    return merged


def _merged_members(found: Sequence[DatasetLineage], shifts: Sequence[Mapping[str, int]]) -> Members | None:
    if all(one.members is None for one in found):
        return None
    held = [
        one.members or Members(np.zeros(len(one) + 1, np.int64), {}, np.empty(0, np.int64)) for one in found
    ]
    sizes = [len(one.each) for one in held]
    starts = np.cumsum([0, *sizes])
    offsets = [one.offsets[:-1] + start for one, start in zip(held, starts, strict=False)]
    return Members(
        np.concatenate([*offsets, starts[-1:]]).astype(np.int64),
        _merged([one.positions for one in held], sizes, shifts),
        np.concatenate([one.each for one in held]),
    )


@dataclass(frozen=True, slots=True)
class TermUse:
    """One raw text that a variable mapped: the term, what says so (a place or a C-code), and how many records."""

    domain: str
    variable: str
    raw: str
    term: str
    via: str
    count: int


@dataclass(frozen=True, slots=True)
class TranslationUse:
    """One collected text of a variable (DOMAIN.VARIABLE), its English text by the row at ``at``, and how many records.

    A text that no row translates has ``en`` "".
    """

    variable: str
    text: str
    en: str
    at: Location
    count: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """The lineage of a build: per dataset, and the terms and English texts that raw texts became."""

    datasets: Mapping[str, DatasetLineage] = field(default_factory=dict)
    terms: tuple[TermUse, ...] = ()
    translations: tuple[TranslationUse, ...] = ()
