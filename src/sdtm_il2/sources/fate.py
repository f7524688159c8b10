"""The fate of each raw record: whose it is, whether it is submitted, whether another replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import char
from sdtm_il2.errors import Location, Problems
from sdtm_il2.sources.model import DISCARDED, NO_SUBJECT, OPEN, SUPERSEDED, Positions, Source
from sdtm_il2.sources.records import keep_records
from sdtm_il2.sources.subject import Part, look_up, make_link, parse_subject, template_subject
from sdtm_il2.spec.study import KeepRule, SourceSpec, SubjectRule
from sdtm_il2.where import resolve_names
from sdtm_il2.where.evaluate import evaluate

Status = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A source that is read, with its private cells as long as subjects are looked up in them."""

    source: Source
    cells: Mapping[str, pa.Array]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The records of one source while their fate is decided; ``problems`` collects what the data hold."""

    spec: SourceSpec
    files: tuple[str, ...]
    file: npt.NDArray[np.int16]
    rows: Positions
    cells: Mapping[str, pa.Array]
    problems: Problems

    def place(self, positions: Positions) -> Location:
        """Where the first of the records stands."""
        first = int(positions.min())
        return Location(self.files[int(self.file[first])], int(self.rows[first]))


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """The subject of each record, "" for none, and for which records that is already explained."""

    names: pd.Series
    explained: npt.NDArray[np.bool_]
    columns: tuple[str, ...]


def _mask(array: pa.Array) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = array.to_numpy(zero_copy_only=False)
    return mask


def discard_records(reading: Reading, frame: pd.DataFrame) -> Status:
    """The status of each record after `not_submitted: rows:`; the first clause that holds decides.

    Adds SRC338 where a comparison is not decided: such a record is not discarded.
    """
    status = np.full(len(reading.rows), OPEN, np.int16)
    columns = list(map(str, frame.columns))
    for number, discard in enumerate(reading.spec.unsubmitted_rows):
        clause = resolve_names(discard.when, columns)
        found = evaluate(clause, frame.__getitem__, is_date=lambda _: False, records=len(reading.rows))
        still = status == OPEN
        status[found.mask & still] = DISCARDED + number
        undecided = np.flatnonzero(found.undecided & still)
        if len(undecided):
            place = reading.place(undecided)
            reading.problems.add("SRC338", reading.spec.name, discard.at, count=len(undecided), first=place)
    return status


def find_subjects(reading: Reading, held: Mapping[str, Held], status: Status) -> pd.Series | None:
    """The subject of each record by the subject rule, None for a study-level table; "" where there is none.

    Open records without a subject get the status NO_SUBJECT. Adds SRC320 (key not in the linking source),
    SRC322 (key with several subjects) and SRC323 (a column of the rule is blank).
    """
    rule = reading.spec.subject
    if rule is None:
        return None
    if rule.lookup:
        subjects = _look_up(reading, rule, held[rule.lookup], status)
    else:
        parts = parse_subject(rule.template, reading.cells)
        names = char(template_subject(parts, reading.cells))
        subjects = Subjects(names, np.zeros(len(names), np.bool_), _columns(parts))
    without = (subjects.names == "").to_numpy(np.bool_) & (status == OPEN)
    status[without] = NO_SUBJECT
    blank = np.flatnonzero(without & ~subjects.explained)
    if len(blank):
        columns = " and ".join(subjects.columns)
        place = reading.place(blank)
        reading.problems.add(
            "SRC323", reading.spec.name, rule.at, count=len(blank), first=place, columns=columns
        )
    return subjects.names


def _columns(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.column for part in parts if part.column))


def _look_up(reading: Reading, rule: SubjectRule, link: Held, status: Status) -> Subjects:
    """The subject that the linking source names for the key of each record."""
    source = link.source
    made = make_link(link.cells[rule.by], link.cells[rule.take], source.open.tolist())
    looked = look_up(reading.cells[rule.by], made)
    unknown, clashing = _mask(looked.unknown), _mask(looked.clashing)
    missing = np.flatnonzero(unknown & (status == OPEN))
    if len(missing):
        reading.problems.add(
            "SRC320",
            reading.spec.name,
            rule.at,
            count=len(missing),
            first=reading.place(missing),
            by=rule.by,
            lookup=rule.lookup,
        )
    if made.clashes:
        reading.problems.add(
            "SRC322",
            reading.spec.name,
            rule.at,
            count=len(made.clashes),
            first=source.place(min(made.clashes.values())),
            by=rule.by,
            lookup=rule.lookup,
            take=rule.take,
            records=int((clashing & (status == OPEN)).sum()),
        )
    return Subjects(char(looked.subject), unknown | clashing, (rule.by,))


def _preference(rule: KeepRule, frame: pd.DataFrame, records: int) -> Positions:
    """The rank of each record by `prefer:`: highest for the first clause that holds, 0 where none does."""
    rank = np.zeros(records, np.int64)
    columns = list(map(str, frame.columns))
    for number, clause in enumerate(reversed(rule.prefer), 1):
        resolved = resolve_names(clause, columns)
        held = evaluate(resolved, frame.__getitem__, is_date=lambda _: False, records=records)
        rank[held.mask] = number
    return rank


def supersede_records(
    reading: Reading, frame: pd.DataFrame, subject: pd.Series | None, status: Status
) -> Positions:
    """For each record the position of the one that `keep:` keeps instead, -1 for none; losers are SUPERSEDED.

    Only open records take part. Adds SRC331 (tie), SRC332 (values that fit no date format), SRC339 (records
    of one key that differ) and SRC340 (no key).
    """
    replaced = np.full(len(reading.rows), -1, np.int64)
    spec = reading.spec
    rule = spec.keep
    if rule is None:
        return replaced
    preference = _preference(rule, frame, len(reading.rows)) if rule.prefer else None
    kept = keep_records(
        frame, subject, np.flatnonzero(status == OPEN), rule, spec.dates, spec.decimal, preference
    )
    status[kept.losers] = SUPERSEDED
    replaced[kept.losers] = kept.winners
    for loser in kept.losers[status[kept.winners] == SUPERSEDED]:  # a repeat of a record that lost itself
        replaced[loser] = replaced[replaced[loser]]
    columns = " and ".join(rule.one_per)
    by = rule.last or rule.first or "prefer"
    for code, places in (
        ("SRC331", kept.ties),
        ("SRC332", kept.unread),
        ("SRC339", kept.differing),
        ("SRC340", kept.keyless),
    ):
        if len(places):
            reading.problems.add(
                code,
                spec.name,
                rule.at,
                count=len(places),
                first=reading.place(places),
                columns=columns,
                by=by,
            )
    return replaced
