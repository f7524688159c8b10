"""The first records of an XPORT file as text, for people who look into it."""

from __future__ import annotations

import os

from sdtm_il2.xpt.read import iter_xpt


def first_records(
    path: str | os.PathLike[str], member: str, records: int, *, encoding: str = "utf-8"
) -> list[list[str]]:
    """One row a variable: its name, then its value in each of the first records; missing numbers as SAS shows them.

    Errors are those of `read_xpt`.

    >>> import tempfile
    >>> import pandas as pd
    >>> from sdtm_il2.xpt import write_xpt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_xpt(folder + "/dm.xpt", pd.DataFrame({"SEX": ["F", "M"], "AGE": [44, None]}))
    ...     first_records(folder + "/dm.xpt", "DM", 5)
    [['SEX', 'F', 'M'], ['AGE', '44', '.']]
    """
    chunk = next(iter_xpt(path, member=member, encoding=encoding, records=records))
    rows = []
    for column in chunk.dataset.columns:
        values = chunk.dataset.frame[column.name].tolist()
        if column.type == "Num":
            special = chunk.special[column.name].missing if column.name in chunk.special else {}
            values = [
                f".{special.get(row, '')}" if one != one else repr(one).removesuffix(".0")
                for row, one in enumerate(values)
            ]
        rows.append([column.name, *values])
    return rows
