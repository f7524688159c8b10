"""Lineage: which raw records each record of a dataset comes from. Filled by a build, read by `trace`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.errors import Location

Positions = npt.NDArray[np.int64]

#: The block of the record, and the row of its tests table (-1: none).
BLOCK, TEST = "_BLOCK", "_TEST"
#: What the column of a translated variable's rows begins with.
TRANSLATION = "_TRANSLATION."


@dataclass(frozen=True, slots=True)
class DatasetLineage:
    """For each record of one dataset, in its order: the block that made it and, by alias, the position that it reads.

    ``positions`` has one array an alias ("" is the block's own source): the record's place in that source (in
    file order, from 0) or in that dataset, -1 where nothing is joined. ``blocks`` and ``tests`` are numbers of
    the plan's blocks and tests table rows. ``translations`` has, by variable, the number of the plan's translation
    that gave the record's text, -1 where the text is as collected.
    """

    dataset: str
    blocks: npt.NDArray[np.int16]
    tests: npt.NDArray[np.int32]
    positions: Mapping[str, Positions]
    translations: Mapping[str, npt.NDArray[np.int32]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.blocks)

    def frame(self) -> pd.DataFrame:
        """The lineage as a table: _BLOCK, _TEST, one column an alias and one a translated variable."""
        return pd.DataFrame(
            {
                BLOCK: self.blocks,
                TEST: self.tests,
                **{_name(one): where for one, where in self.positions.items()},
                **{TRANSLATION + one: rows for one, rows in self.translations.items()},
            }
        )


def _name(alias: str) -> str:
    return alias or "_RECORD"


def merge_lineage(parts: Iterable[DatasetLineage], offsets: Iterable[Mapping[str, int]]) -> DatasetLineage:
    """The lineage of all partitions in order; ``offsets`` shift the aliases that point into datasets."""
    found, shifts = list(parts), list(offsets)
    aliases = list(dict.fromkeys(alias for one in found for alias in one.positions))
    positions: dict[str, Positions] = {}
    for alias in aliases:
        pieces = []
        for one, shift in zip(found, shifts, strict=True):
            piece = one.positions.get(alias, np.full(len(one), -1, np.int64))
            pieces.append(np.where(piece < 0, -1, piece + shift.get(alias, 0)))
        positions[alias] = np.concatenate(pieces)
    translated = list(dict.fromkeys(name for one in found for name in one.translations))
    rows = {
        name: np.concatenate([one.translations.get(name, np.full(len(one), -1, np.int32)) for one in found])
        for name in translated
    }
    return DatasetLineage(
        found[0].dataset,
        np.concatenate([one.blocks for one in found]),
        np.concatenate([one.tests for one in found]),
        positions,
        rows,
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
