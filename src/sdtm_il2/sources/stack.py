"""Several files as one source: the records of one file after those of another, column by column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char
from sdtm_il2.errors import Location, Problems
from sdtm_il2.sources.text import RawTable

_NAMED = 10


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return ", ".join(f"'{one}'" for one in columns[:_NAMED]) + more


def stack_tables(
    tables: Sequence[RawTable], files: Sequence[str], target: str, at: Location, problems: Problems
) -> tuple[RawTable, npt.NDArray[np.int16]]:
    """The records of all files in order of the files, in the columns of the first; and the file of each record.

    The order of columns may differ from file to file, their names may not: SRC343 names what a file lacks
    and what it has more than the first. The header texts are those of the first file.
    """
    file = np.repeat(np.arange(len(tables), dtype=np.int16), [len(table.rows) for table in tables])
    first = tables[0]
    if len(tables) == 1:
        return first, file
    columns = list(map(str, first.frame.columns))
    for table, name in zip(tables[1:], files[1:], strict=True):
        own = list(map(str, table.frame.columns))
        lacks = [one for one in columns if one not in table.frame]
        more = [one for one in own if one not in first.frame]
        if lacks or more:
            parts = [f"it lacks {_listed(lacks)}"] if lacks else []
            parts += [f"it has {_listed(more)} more"] if more else []
            problems.add("SRC343", target, at, path=name, first_file=files[0], what=" and ".join(parts))
            return first, file
    frame = pd.DataFrame(
        {one: char(pa.concat_arrays([arrow(table.frame[one]) for table in tables])) for one in columns},
        index=pd.RangeIndex(len(file)),
        copy=False,
    )
    beside = {name: digest for table in tables for name, digest in table.beside.items()}
    issues = tuple(one for table in tables for one in table.issues)
    rows = np.concatenate([table.rows for table in tables])
    return RawTable(frame, rows, first.headers, issues, beside), file
