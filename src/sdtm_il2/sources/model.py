"""What was read: the sources of a study as records of text, and the fate of each record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import take
from sdtm_il2.errors import Issue, Location

if TYPE_CHECKING:  # one kind of file is read without what reads a specification
    from sdtm_il2.spec.study import SourceSpec

#: Status of a raw record; from `DISCARDED` on: not submitted by ``unsubmitted_rows[status - DISCARDED]``.
OPEN: Final = 0
SUPERSEDED: Final = 1
NO_SUBJECT: Final = 2
DISCARDED: Final = 10

#: The columns that every ODM source has: where in the file its records stand.
ODM_KEYS: Final = (
    "_STUDY", "_SUBJECT", "_SITE", "_EVENT", "_EVENT_REPEAT", "_FORM", "_FORM_REPEAT", "_GROUP", "_GROUP_REPEAT",
)  # fmt: skip

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One source: all records of its files, in order, as text.

    ``frame`` has ``str`` columns with "" for missing, after rename, missing and text, without the private
    columns, and a RangeIndex. ``collected`` holds the text as it stands in the file for the columns in which
    the frame differs from it. ``rows`` is the line (from 1) on which each record starts, ``file`` the index
    of its file in ``files``, ``status`` one of OPEN, SUPERSEDED, NO_SUBJECT or DISCARDED + k.
    ``superseded_by`` is the position of the record that was kept instead, -1 for none. ``subject`` is the
    subject of each record, None for a study-level table. ``headers`` gives the header text of each column,
    ``sha256`` the digest of each file.
    """

    name: str
    spec: SourceSpec
    files: tuple[str, ...]
    frame: pd.DataFrame
    collected: Mapping[str, pd.Series]
    rows: Positions
    file: npt.NDArray[np.int16]
    status: npt.NDArray[np.int16]
    superseded_by: Positions
    subject: pd.Series | None
    headers: Mapping[str, str]
    private: tuple[str, ...]
    sha256: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in file order."""
        return tuple(map(str, self.frame.columns))

    @property
    def open(self) -> Positions:
        """The positions of the records that domains may read."""
        return np.flatnonzero(self.status == OPEN)

    def raw_text(self, column: str, positions: Positions) -> pd.Series:
        """The cells as collected, before missing and text rules; KeyError for an unknown column."""
        return take(self.collected.get(column, self.frame[column]), positions)

    def place(self, position: int) -> Location:
        """File and line on which the record starts."""
        return Location(self.files[int(self.file[position])], int(self.rows[position]))


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """All sources of a study by name, the folder they were read from, and what was found on the way."""

    by_name: Mapping[str, Source]
    raw: Path
    issues: tuple[Issue, ...] = field(default=())

    def __getitem__(self, name: str) -> Source:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def __contains__(self, name: object) -> bool:
        return name in self.by_name
