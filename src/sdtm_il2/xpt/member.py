"""A member of an XPORT file: a dataset, and all that the file says beside it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sdtm_il2.dataset import Dataset
from sdtm_il2.xpt.ibm import MISSING_CODES, Bits, Doubles, to_ieee
from sdtm_il2.xpt.layout import FieldValue

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who wrote a file and when, as it stands in the header; times are such as 01JAN70:00:00:00."""

    sas_version: str
    sas_os: str
    created: str
    modified: str


def stamp_time(time: dt.datetime) -> str:
    """A time as XPORT headers write it: ddMMMyy:hh:mm:ss, in UTC if the time has a zone.

    >>> stamp_time(dt.datetime(2026, 3, 9, 7, 5, 1))
    '09MAR26:07:05:01'
    """
    if time.tzinfo is not None:
        time = time.astimezone(dt.UTC)
    return f"{time.day:02}{_MONTHS[time.month - 1]}{time.year % 100:02}:{time:%H:%M:%S}"


def default_time() -> dt.datetime:
    """1970-01-01 in UTC, or SOURCE_DATE_EPOCH: equal data give equal bytes.

    The reproducible-builds.org variable holds seconds since 1970; ValueError if it holds anything else.
    """
    return dt.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), dt.UTC)


@dataclass(frozen=True, slots=True, eq=False)
class SpecialValues:
    """Numbers of one variable that a double cannot tell: special missing values, and 54 to 56 bits of IBM.

    ``rows`` counts records from 0, ascending; ``bits`` are the eight bytes of the file as 64-bit integers.
    """

    rows: npt.NDArray[np.int64]
    bits: Bits

    @classmethod
    def missing_values(cls, codes: Mapping[int, str]) -> SpecialValues:
        """Special missing values ``A`` to ``Z`` and ``_`` by record, counted from 0.

        >>> SpecialValues.missing_values({4: "_", 0: "A"}).missing
        {0: 'A', 4: '_'}
        """
        for code in codes.values():
            if len(code) != 1 or code not in MISSING_CODES:
                raise ValueError(f"{code!r} is none of the missing values . _ A to Z")
        rows = np.array(sorted(codes), np.int64)
        return cls(rows, np.array([ord(codes[row]) << 56 for row in sorted(codes)], np.uint64))

    @property
    def missing(self) -> dict[int, str]:
        """The special missing values among them, by record."""
        doubles = self.doubles
        pairs = zip(self.rows.tolist(), (self.bits >> np.uint64(56)).tolist(), np.isnan(doubles), strict=True)
        return {row: chr(top) for row, top, missing in pairs if missing}

    @property
    def doubles(self) -> Doubles:
        """What a frame holds for them; missing values are NaN."""
        return to_ieee(self.bits)

    def between(self, start: int, stop: int) -> SpecialValues:
        """Those of the records from `start` up to before `stop`, counted from `start`."""
        first, last = np.searchsorted(self.rows, [start, stop])
        return SpecialValues(self.rows[first:last] - start, self.bits[first:last])


@dataclass(frozen=True, slots=True, eq=False)
class XptMember:
    """One dataset of an XPORT file with everything needed to write the same bytes again.

    ``stamp`` stands in the member's header, ``library`` in the file's. ``special`` has the numbers that a
    frame cannot hold, by variable. ``header`` has, by variable, the NAMESTR fields that a `Column` does not
    say and that are not what SAS writes by default (justification, unused bytes).
    """

    dataset: Dataset
    stamp: Stamp
    library: Stamp
    dataset_type: str = ""
    encoding: str = "utf-8"
    special: Mapping[str, SpecialValues] = field(default_factory=dict)
    header: Mapping[str, Mapping[str, FieldValue]] = field(default_factory=dict)
