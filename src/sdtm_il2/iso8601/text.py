"""Columns of ISO 8601 texts: their distinct values, their forms and their precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.moment import PRECISIONS, Precision, form, moment

#: One text per record, "" (or null) for missing: a Series, an array of numpy or Arrow, a list.
Texts: TypeAlias = "pd.Series[Any] | npt.NDArray[Any] | pa.Array | pa.ChunkedArray | Sequence[str]"


def distinct(values: Texts) -> tuple[npt.NDArray[np.intp], list[str]]:
    """The distinct texts and, for each record, the position of its text among them; null counts as "".

    >>> distinct(["a", "", "a"])[1]
    ['a', '']
    """
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        values = values.to_pandas()
    if not isinstance(values, (pd.Series, np.ndarray)):
        values = pd.Series(list(values), dtype="str")
    codes, found = pd.factorize(values)
    texts = [str(text) for text in found]
    if len(codes) and codes.min() < 0:
        if "" not in texts:
            texts.append("")
        codes = np.where(codes < 0, texts.index(""), codes)
    return codes.astype(np.intp, copy=False), texts


def spread(texts: Iterable[str], codes: npt.NDArray[np.intp], like: object = None) -> pd.Series[str]:
    """One text per record from the texts of the distinct values, with the index of `like` (a Series)."""
    taken = pd.array(list(texts), dtype="str").take(codes)
    return pd.Series(taken, index=like.index if isinstance(like, pd.Series) else None)


def _per_text(values: Texts, rule: Callable[[str], str]) -> pd.Series[str]:
    codes, texts = distinct(values)
    return spread((rule(text) for text in texts), codes, values)


def is_iso(values: Texts) -> npt.NDArray[np.bool_]:
    """Which values are ISO 8601 dates as SDTM allows them: complete, partial, timed, or an interval of two.

    The calendar is real (no 30 February) and hour 24 is refused. Missing values are not ISO 8601.

    >>> is_iso(["2024-02-29", "2023-02-29", "2003---15", "2024-03-01T24:00", ""]).tolist()
    [True, False, True, False, False]
    """
    codes, texts = distinct(values)
    return np.array([form(text) not in ("", "text") for text in texts], dtype=bool)[codes]


def forms(values: Texts) -> pd.Series[str]:
    """The Define-XML data type of each value; see `form`.

    >>> forms(["2024-03-01T10:30:00", ""]).tolist()
    ['datetime', '']
    """
    return _per_text(values, form)


def truncate(values: Texts, precision: Precision) -> pd.Series[str]:
    """Cut each value to a precision; a value that is coarser stays, and so does text that is no ISO 8601.

    A time zone goes with the time. Both ends of an interval are cut. ValueError for an unknown precision.

    >>> truncate(["2024-03-01T10:30", "2024-03", "2003---15"], "day").tolist()
    ['2024-03-01', '2024-03', '2003---15']
    >>> truncate(["2024-03-01T10:30", "2003---15"], "month").tolist()
    ['2024-03', '2003']
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision!r} is none of {', '.join(PRECISIONS)}")
    kept = PRECISIONS.index(precision) + 1

    def cut(text: str) -> str:
        found = moment(text)
        if found is None:
            return text
        parts = found._replace(**dict.fromkeys(PRECISIONS[kept:]))  # type: ignore[arg-type]
        if parts.second is not None and kept == len(PRECISIONS):
            parts = parts._replace(second=parts.second[:2])
        return parts.text()

    return _per_text(values, lambda text: "/".join(cut(side) for side in text.split("/")))
