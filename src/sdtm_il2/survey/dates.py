"""Which date formats a column of raw texts has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sdtm_il2.dateformat import read_value
from sdtm_il2.iso8601 import DateStatus, date_format

_DAYS: Final = (
    "yyyy-mm-dd", "yyyy/mm/dd", "yyyy.mm.dd", "yyyymmdd", "yyyy-m-d", "yyyy/m/d", "yyyy.m.d", "yyyy年m月d日",
    "dd-mon-yyyy", "d-mon-yyyy", "ddmonyyyy", "dd mon yyyy", "d mon yyyy", "dd/mon/yyyy", "mon d, yyyy",
    "dd/mm/yyyy", "mm/dd/yyyy", "d/m/yyyy", "m/d/yyyy", "dd-mm-yyyy", "mm-dd-yyyy", "dd.mm.yyyy", "d.m.yyyy",
    "dd-mon-yy", "d-mon-yy", "dd/mm/yy", "mm/dd/yy", "dd.mm.yy",
)  # fmt: skip
#: Every format that is tried, the plainest of those that read alike first.
FORMATS: Final = (
    *_DAYS,
    *(f"{day} {time}" for day in _DAYS for time in ("hh:mi", "hh:mi:ss")),
    *(f"{day}Thh:mi" for day in ("yyyy-mm-dd",)),
    "yyyy-mm-ddThh:mi:ss",
    "iso",
)
#: Texts that stand for an unknown part of a date.
UNKNOWN: Final = ("UN", "UNK", "UK", "NK", "XX", "XXX", "不详", "未知")
#: The first of the hundred years of a year of two digits.
PIVOT: Final = 1930
_SAMPLE: Final = 60
#: A date has a separator or eight digits; a bare year or number is none.
_DATED: Final = re.compile(
    r"(?=.*[0-9])(?:.*[0-9A-Za-z年月][-/.年月 ].*|[0-9]{8}|[0-9]{1,2}[A-Za-z]{3,9}[0-9]{4})"
)
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class DateForms:
    """How a column writes dates.

    ``formats`` together read ``read`` of its ``filled`` cells. ``alike`` are pairs of formats that both fit all
    that either reads, but read it differently: the data cannot tell which. ``unknown`` are tokens in it.
    """

    formats: tuple[str, ...]
    filled: int
    read: int
    alike: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def timed(self) -> bool:
        """The format has a clock."""
        return any("hh" in one for one in self.formats)

    @property
    def pivot(self) -> int | None:
        """The pivot that a year of two digits needs."""
        return PIVOT if any("yy" in one and "yyyy" not in one for one in self.formats) else None


def is_clock(texts: Sequence[str]) -> bool:
    """Whether all texts are times of day."""
    return all(_CLOCK.fullmatch(text) for text in texts)


def date_forms(counts: Mapping[str, int]) -> DateForms | None:
    """The formats that read a column, given as its distinct texts and how often each occurs; None for no dates.

    At least nine of ten filled cells must be read.

    >>> date_forms({"23/04/2024": 2, "UN/04/2024": 1}).formats
    ('dd/mm/yyyy',)
    >>> date_forms({"03/04/2024": 1}).alike
    (('dd/mm/yyyy', 'mm/dd/yyyy'),)
    """
    texts = [text.strip() for text in counts]
    weights = list(counts.values())
    if (
        sum(_DATED.fullmatch(text) is not None for text in texts[:_SAMPLE]) * 2 < len(texts[:_SAMPLE])
        or not texts
    ):
        return None
    if all(_CLOCK.fullmatch(text) for text in texts[:_SAMPLE]):
        return None
    filled = sum(weights)
    found = _fitting(texts, weights, filled, ())
    if found is None or found.read < filled:
        tokens = tuple(token for token in UNKNOWN if _holds(texts, token))
        other = _fitting(texts, weights, filled, tokens) if tokens else None
        if other is not None and (found is None or other.read > found.read):
            found = other
    return found if found is not None and found.read * 10 >= filled * 9 else None


def _holds(texts: Sequence[str], token: str) -> bool:
    pattern = re.compile(rf"(?<![A-Za-z]){re.escape(token)}(?![A-Za-z])", re.IGNORECASE)
    return any(pattern.search(text) for text in texts)


def _fitting(
    texts: Sequence[str], weights: Sequence[int], filled: int, tokens: tuple[str, ...]
) -> DateForms | None:
    """Formats, most cells first, until nothing more is read."""
    readings: dict[str, dict[int, str]] = {}
    for one in FORMATS:
        if _read(texts[:_SAMPLE], one, tokens):
            read = _read(texts, one, tokens)
            if read not in readings.values():
                readings[one] = read
    rest = set(range(len(texts)))
    chosen: list[str] = []
    while readings and rest:
        sizes = {one: sum(weights[place] for place in read.keys() & rest) for one, read in readings.items()}
        best = max(sizes, key=lambda one: sizes[one])
        if not sizes[best] or len(chosen) == 4:
            break
        chosen.append(best)
        rest -= readings[best].keys()
    if not chosen:
        return None
    alike = [
        (one, other)
        for one in chosen
        for other, read in readings.items()
        if other not in chosen and read.keys() >= readings[one].keys() and read != readings[one]
        and any(read[place] != text for place, text in readings[one].items())
    ]  # fmt: skip
    return DateForms(
        tuple(chosen), filled, filled - sum(weights[place] for place in rest), tuple(alike), tokens
    )


def _read(texts: Sequence[str], format_: str, tokens: tuple[str, ...]) -> dict[int, str]:
    """What one format reads, by place; texts that are no date by their looks are not offered to it."""
    compiled = date_format(format_, tokens, PIVOT)
    unknown = {token.casefold() for token in tokens}
    found = {}
    for place, text in enumerate(texts):
        if text.casefold() in unknown or not (_DATED.fullmatch(text) or len(text) == 4):
            continue
        status, iso = read_value(text, compiled)
        if status is DateStatus.PARSED:
            found[place] = iso
    return found
