"""Numbers that are dates in SAS, to and from ISO 8601: days, and seconds, since 1960; seconds of the day."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

import numpy as np
import numpy.typing as npt

from sdtm_il2.dataset import Column
from sdtm_il2.xpt.layout import split_format

DateType = Literal["date", "datetime", "time"]

_FORMATS: dict[DateType, tuple[str, ...]] = {
    "date": (
        "DATE", "DAY", "DDMMYY", "DDMMYYB", "DDMMYYD", "DDMMYYP", "DDMMYYS", "MMDDYY", "MMDDYYD", "MMDDYYS", "YYMMDD",
        "YYMMDDD", "YYMMDDN", "YYMMDDP", "YYMMDDS", "E8601DA", "B8601DA", "IS8601DA", "WORDDATE", "WEEKDATE",
    ),
    "datetime": ("DATETIME", "DATEAMPM", "E8601DT", "B8601DT", "IS8601DT", "MDYAMPM"),
    "time": ("TIME", "TOD", "HHMM", "TIMEAMPM", "E8601TM", "B8601TM", "IS8601TM"),
}  # fmt: skip
_TYPES = {name: type_ for type_, names in _FORMATS.items() for name in names}
_EPOCH = np.datetime64("1960-01-01")
_FORM = {
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "datetime": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$",
    "time": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$",
}


def date_type(column: Column) -> DateType | None:
    """What a number stands for, as its SAS format says.

    >>> date_type(Column("ADT", type="Num", format="DATE9.")), date_type(Column("AGE", type="Num", format="8.2"))
    ('date', None)
    """
    parts = split_format(column.format)
    return _TYPES.get(parts[0].upper()) if parts and column.type == "Num" else None


def to_iso(numbers: npt.NDArray[np.float64], type_: DateType) -> list[str | None] | None:
    """ISO 8601 text of numbers, None for NaN; None for all if a number is not whole or outside years 1 to 9999.

    >>> to_iso(np.array([0.0, np.nan]), "date"), to_iso(np.array([60.0]), "datetime"), to_iso(np.array([0.5]), "time")
    (['1960-01-01', None], ['1960-01-01T00:01:00'], None)
    """
    missing = np.isnan(numbers)
    whole = np.where(missing, 0, numbers)
    if (whole % 1 != 0).any():
        return None
    first, last = {"date": (-715509, 2936549), "datetime": (-61819977600, 253717919999), "time": (0, 86399)}[
        type_
    ]
    if (whole < first).any() or (whole > last).any():
        return None
    unit = "D" if type_ == "date" else "s"
    texts = (_EPOCH.astype(f"M8[{unit}]") + whole.astype(f"m8[{unit}]")).astype(str).tolist()
    if type_ == "time":
        texts = [text[11:] for text in texts]
    return [None if no else text for text, no in zip(texts, missing.tolist(), strict=True)]


def from_iso(texts: list[str | None], type_: DateType) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Numbers of ISO 8601 text (None and "" give NaN), and which texts are no complete date.

    >>> numbers, wrong = from_iso(["1960-01-02", "1960-13-01", None], "date")
    >>> numbers.tolist(), wrong
    ([1.0, nan, nan], [1])
    """
    form = re.compile(_FORM[type_])
    form = re.compile(_FORM[type_])
    numbers, wrong = np.full(len(texts), np.nan), []
    start = dt.datetime(1960, 1, 1)  # SAS has no zones
    for row, text in enumerate(texts):
        if text and form.match(text):
            try:
                gap = dt.datetime.fromisoformat(f"1960-01-01T{text}" if type_ == "time" else text) - start
            except ValueError:
                wrong.append(row)
            else:
                numbers[row] = gap.days if type_ == "date" else gap / dt.timedelta(seconds=1)
        elif text:
            wrong.append(row)
    return numbers, wrong
