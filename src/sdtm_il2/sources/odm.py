"""ODM-XML 1.3: the clinical data of a Snapshot, or the final state of transactions, as records of text.

A record is one ItemGroupData; where a source names a form of several groups, none of which repeats, it is
one FormData. Columns are ItemOIDs, and beside them the keys of each level: ``_STUDY``, ``_SUBJECT``,
``_SITE``, ``_INVESTIGATOR``, ``_EVENT``, ``_EVENT_REPEAT``, ``_FORM``, ``_FORM_REPEAT``, ``_GROUP``,
``_GROUP_REPEAT``. An attribute of a vendor's namespace is the column ``<column>@<attribute>``, such as
``_SUBJECT@StudySubjectID`` or ``AESEV@ReasonForNull``; a collected unit is ``<ItemOID>@MeasurementUnitOID``.
Codes stay codes: decodes of the metadata are not applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import char
from sdtm_il2.errors import NOWHERE, Issue, Location, Problems, SourceError
from sdtm_il2.sources.model import ODM_KEYS
from sdtm_il2.sources.nearest import nearest_columns
from sdtm_il2.sources.odm_levels import FileHead
from sdtm_il2.sources.odm_records import Records, Snapshot, State
from sdtm_il2.sources.odm_walk import Walk, read_head
from sdtm_il2.sources.odm_xml import Stream

#: The columns that every ODM source has.
KEYS: Final = ODM_KEYS
_FORM_KEYS: Final = ("_STUDY", "_SUBJECT", "_EVENT", "_EVENT_REPEAT", "_FORM", "_FORM_REPEAT")
_NAMED: Final = 12

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class OdmTable:
    """The records of ODM files: ``file`` is the number of the file (of those given) and ``rows`` the line on
    which the ItemGroupData (or FormData) of each record starts; ``sha256`` the digest of each file."""

    frame: pd.DataFrame
    rows: Positions
    file: npt.NDArray[np.int16]
    issues: tuple[Issue, ...]
    sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for, for messages."""

    target: str
    at: Location
    names: tuple[str, ...]
    form: str
    group: str
    problems: Problems = field(default_factory=Problems)


def read_odm(
    paths: Sequence[Path],
    *,
    form: str = "",
    group: str = "",
    target: str = "",
    names: Sequence[str] = (),
    at: Location = NOWHERE,
    updates: int = 0,
) -> OdmTable:
    """Records of ODM-XML 1.3 files: one an ItemGroupData, or one a FormData of several groups.

    ``form`` and ``group`` choose by OID; without both, the files hold one form. Snapshots give what they
    show. If a file is Transactional, the files are applied in the order given, transaction by transaction,
    and the final state is read; the last ``updates`` files must be Transactional. ``names`` are what messages
    call the files, ``target`` and ``at`` the source and the place to edit.

    Raises `SourceError`: SRC304 SRC306 SRC307 SRC336 SRC391 SRC392 SRC393 SRC377 SRC379 SRC380 SRC382 to SRC389.
    With the table come SRC305 SRC390 SRC394 SRC395 SRC376 SRC378 and SRC381.

    >>> import tempfile
    >>> text = (
    ...     '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Snapshot"><ClinicalData StudyOID="S">'
    ...     '<SubjectData SubjectKey="01"><FormData FormOID="DM"><ItemGroupData ItemGroupOID="IG">'
    ...     '<ItemData ItemOID="SEX" Value="1"/></ItemGroupData></FormData></SubjectData></ClinicalData></ODM>')
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.xml")
    ...     _ = path.write_text(text)
    ...     read_odm([path], form="DM").frame[["_SUBJECT", "SEX"]].to_dict("records")
    [{'_SUBJECT': '01', 'SEX': '1'}]
    """
    shown = tuple(names) or tuple(path.name for path in paths)
    request = _Request(target, at, shown, form, group)
    heads = [read_head(Stream(path, name, target, at)) for path, name in zip(paths, shown, strict=True)]
    transactional = any(head.file_type == "Transactional" for head in heads)
    _check_order(heads, updates, request)
    request.problems.stop(SourceError)
    sink = State() if transactional else Snapshot()
    walk = Walk(sink, form, group, transactional=transactional)
    digests = []
    for number, (path, name) in enumerate(zip(paths, shown, strict=True)):
        sink.file = number
        stream = Stream(path, name, target, at)
        walk.read(stream, snapshot=heads[number].file_type != "Transactional")
        digests.append(stream.digest)
    _check_choice(walk, request)
    request.problems.stop(SourceError)
    if isinstance(sink, State):
        _report_wrong(sink, request)
    records = sink.records()
    del sink
    return _table(walk, records, request, tuple(digests), transactional=transactional)


# ---- files ----------------------------------------------------------------------------------------------


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _check_order(heads: Sequence[FileHead], updates: int, request: _Request) -> None:
    """SRC380: files in an order in which they cannot be applied. SRC381: a file in between may be missing."""

    def refuse(number: int, what: str) -> None:
        request.problems.add("SRC380", request.target, request.at, path=request.names[number], what=what)

    last: int | None = None
    for number, head in enumerate(heads):
        if head.file_type not in ("Snapshot", "Transactional"):
            refuse(number, f"is of FileType '{head.file_type}', neither Snapshot nor Transactional")
        elif head.file_type == "Snapshot":
            if number >= len(heads) - updates:
                refuse(number, "stands under transactions:, but is a Snapshot")
            elif last is not None:
                refuse(number, f"is a Snapshot that comes after the transactions of {request.names[last]}")
            continue
        before = heads[number - 1] if number else None
        if before is not None:
            earlier, own = _moment(before.created), _moment(head.created)
            comparable = earlier and own and (earlier.tzinfo is None) == (own.tzinfo is None)
            if comparable and earlier and own and own < earlier:
                refuse(number, f"was created before {request.names[number - 1]}, which comes first")
            elif head.prior and before.oid and head.prior != before.oid:
                request.problems.add(
                    "SRC381", request.target, request.at, path=request.names[number],
                    prior=request.names[number - 1],
                )  # fmt: skip
        last = number


def _files(request: _Request) -> str:
    more = f" and {len(request.names) - 1} more" if len(request.names) > 1 else ""
    return request.names[0] + more


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{one}'" for one in names[:_NAMED]) + more


def _check_choice(walk: Walk, request: _Request) -> None:
    """SRC377: the form or group is nowhere. SRC382: there are several, and none is chosen."""
    seen, metadata = walk.seen, walk.metadata
    forms = list(dict.fromkeys([*seen.forms, *metadata.forms]))

    def missing(key: str, oid: str, known: Sequence[str]) -> None:
        help_ = nearest_columns(oid, known).replace("columns are", f"{key}s are") if known else ""
        request.problems.add(
            "SRC377", request.target, request.at, key=key, oid=oid, path=_files(request),
            help=help_ or f"the file has no {key}",
        )  # fmt: skip

    if request.form and request.form not in forms:
        missing("form", request.form, forms)
        return
    if request.group:
        groups = [*seen.groups, *(metadata.forms.get(request.form, ()) if request.form else metadata.groups)]
        if request.group not in groups:
            missing("group", request.group, list(dict.fromkeys(groups)))
    elif not request.form:
        several, key = list(seen.forms), "form"
        if not several:
            several, key = list(seen.groups), "group"
        if len(several) > 1:
            request.problems.add(
                "SRC382", request.target, request.at, path=_files(request), found=len(several), key=key,
                names=_listed(several),
            )  # fmt: skip


def _report_wrong(state: State, request: _Request) -> None:
    """SRC376: transactions that do not fit what is known. SRC378: items without a transaction."""
    for (kind, noun, what), wrong in state.wrong.items():
        code = "SRC376" if what else "SRC378"
        request.problems.add(
            code, request.target, request.at, count=wrong.count,
            first=Location(request.names[wrong.file], wrong.line), kind=kind, noun=noun, state=what,
        )  # fmt: skip


# ---- records --------------------------------------------------------------------------------------------


def _table(
    walk: Walk, records: Records, request: _Request, digests: tuple[str, ...], *, transactional: bool
) -> OdmTable:
    problems, seen = request.problems, walk.seen
    cells = records.columns()
    rows = np.array(records.lines, np.int64)
    file = np.array(records.files, np.int16)
    empty = pa.nulls(len(rows), pa.large_string())
    form = request.form or next(iter(seen.forms), "")
    groups = list(dict.fromkeys([*walk.metadata.forms.get(form, ()), *seen.groups]))
    joined = not request.group and bool(form) and len(groups) > 1
    items = [
        item
        for group in ([request.group] if request.group else groups)
        for item in walk.metadata.groups.get(group, ())
    ]
    names = list(dict.fromkeys([*KEYS, *(name for name in cells if name.startswith("_")), *items, *cells]))
    cells = {name: cells.get(name, empty) for name in names}
    entity = _codes([cells[name] for name in _FORM_KEYS], len(rows))
    grouped = _codes([cells["_GROUP"]], len(rows), within=entity)
    if joined:
        _check_join(cells, entity, grouped, rows, file, request)
        problems.stop(SourceError)
        first = np.unique(entity, return_index=True)[1]
        cells = _join(cells, entity, len(first))
        rows = np.array(records.form_lines, np.int64)[first]
        file = np.array(records.form_files, np.int16)[first]
    elif not transactional:
        again = _again(_codes([cells["_GROUP_REPEAT"]], len(rows), within=grouped))
        if len(again):
            place = Location(request.names[file[again[0]]], int(rows[again[0]]))
            problems.add("SRC390", request.target, request.at, count=len(again), first=place)
    if not len(rows):
        problems.add("SRC305", request.target, request.at, path=_files(request))
    _report_seen(walk, request)
    frame = pd.DataFrame(
        {name: char(cells.pop(name)) for name in list(cells)}, index=pd.RangeIndex(len(rows)), copy=False
    )
    return OdmTable(frame, rows, file, tuple(problems.found), digests)


def _report_seen(walk: Walk, request: _Request) -> None:
    seen = walk.seen
    if seen.twice:
        request.problems.add("SRC395", request.target, request.at, count=seen.twice, first=seen.first_twice)
    if seen.unread:
        what = ", ".join(f"{name} ({count})" for name, count in list(seen.unread.items())[:_NAMED])
        count = sum(seen.unread.values())
        request.problems.add(
            "SRC394", request.target, request.at, count=count, first=seen.first_unread, what=what
        )


def _codes(columns: Sequence[pa.Array], records: int, *, within: Positions | None = None) -> Positions:
    """One number a group of records that are equal in all columns, from 0 in order of first occurrence."""
    codes = np.zeros(records, np.int64) if within is None else within
    for column in columns:
        encoded = column.dictionary_encode("encode")
        if len(encoded.dictionary) > 1:
            own = encoded.indices.to_numpy(zero_copy_only=False)
            codes = pd.factorize(codes * len(encoded.dictionary) + own)[0].astype(np.int64)
    return codes


def _again(codes: Positions) -> Positions:
    """The positions of records whose code an earlier record has."""
    if len(codes) and codes.max() == len(codes) - 1:
        return np.empty(0, np.int64)
    first = np.unique(codes, return_index=True)[1]
    return np.setdiff1d(np.arange(len(codes)), first)


def _check_join(
    cells: dict[str, pa.Array],
    entity: Positions,
    grouped: Positions,
    rows: Positions,
    file: npt.NDArray[np.int16],
    request: _Request,
) -> None:
    """SRC391: a group repeats within a form. SRC392: an item stands in two groups of one form."""
    again = _again(grouped)
    if len(again):
        repeated = list(dict.fromkeys(cells["_GROUP"].take(pa.array(again)).to_pylist()))
        place = Location(request.names[file[again[0]]], int(rows[again[0]]))
        request.problems.add(
            "SRC391", request.target, request.at, count=len(again), first=place,
            form=cells["_FORM"][int(again[0])].as_py(), groups=_listed(repeated), group=repeated[0],
        )  # fmt: skip
        return
    twice = []
    for name, column in cells.items():
        if not name.startswith("_"):
            held = entity[pc.is_valid(column).to_numpy(zero_copy_only=False)]
            if len(np.unique(held)) < len(held):
                twice.append(name)
    if twice:
        request.problems.add(
            "SRC392", request.target, request.at, count=len(twice), items=_listed(twice), path=_files(request)
        )


def _join(cells: dict[str, pa.Array], entity: Positions, forms: int) -> dict[str, pa.Array]:
    """One record a form: each column from the group that holds it. Vendor attributes of a group get its name."""
    groups = cells.pop("_GROUP")
    del cells["_GROUP_REPEAT"]
    found: dict[str, pa.Array] = {}
    for name in list(cells):
        column = cells.pop(name)
        parts = {name: column}
        if name.startswith("_GROUP@"):
            parts = {
                f"{group}@{name.partition('@')[2]}": pc.if_else(pc.equal(groups, group), column, None)
                for group in pc.unique(groups).to_pylist()
            }
        for part, values in parts.items():
            held = np.flatnonzero(pc.is_valid(values).to_numpy(zero_copy_only=False))[::-1]
            where = np.full(forms, -1, np.int64)
            where[entity[held]] = held  # the first group of the form wins, for keys that all of them hold
            found[part] = values.take(pa.array(where, mask=where < 0))
    return found
