"""Every source of a study: read > rename > missing, text > private out > not_submitted rows > keep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char
from sdtm_il2.errors import Issue, Problems, SourceError
from sdtm_il2.sources.cells import set_missing, set_text
from sdtm_il2.sources.columns import check_columns, rename_columns
from sdtm_il2.sources.fate import (
    Held,
    Reading,
    discard_records,
    find_subjects,
    supersede_records,
)
from sdtm_il2.sources.files import TEXT_FORMATS, find_file, other_content
from sdtm_il2.sources.model import Source, Sources
from sdtm_il2.sources.text import RawTable, read_text
from sdtm_il2.spec.model import SourceSpec, StudySpec

_DELIMITERS: Final = {"csv": ",", "tsv": "\t", "tab": "\t"}


def read_sources(spec: StudySpec, raw: Path) -> Sources:
    """Read every source of the study as text, and say which of its records count.

    ``raw`` is the folder that source paths are relative to. Nothing is typed by guessing. The order is: read,
    rename, missing and text, private columns out, records not submitted, records superseded (`keep`).

    Raises `SourceError` with everything that keeps a source from being read as the specification says
    (SRC301 to SRC337, of severity error). What the data hold is an issue of the result and does not raise:
    records without a subject (SRC320 SRC322 SRC323), undecided clauses (SRC338), ties (SRC331 and others).
    """
    folder = Path(raw)
    problems = Problems()
    held: dict[str, Held] = {}
    found: list[Issue] = []
    for source in _in_order(spec.sources, problems):
        try:
            done = _read(source, folder, held, found)
        except SourceError as fault:
            problems.found.extend(fault.issues)
        else:
            if done is not None:
                held[source.name] = done
    problems.stop(SourceError)
    sources = {one.name: held[one.name].source for one in spec.sources}
    return Sources(sources, folder, (*problems.found, *found))


def _in_order(sources: Sequence[SourceSpec], problems: Problems) -> list[SourceSpec]:
    """The sources, each after the one in which its subject is looked up."""
    by_name = {source.name: source for source in sources}
    done: dict[str, SourceSpec] = {}
    for source in sources:
        path: list[str] = []
        one: SourceSpec | None = source
        while one is not None and one.name not in done and one.name not in path:
            path.append(one.name)
            rule = one.subject
            if rule is None or not rule.lookup:
                one = None
            elif rule.lookup not in by_name:
                known = ", ".join(by_name)
                problems.add("SRC333", one.name, rule.at, lookup=rule.lookup, help=f"sources are {known}")
                one = None
            else:
                one = by_name[rule.lookup]
        if one is not None and one.name in path:
            circle = [*path[path.index(one.name) :], one.name]
            at = source.subject.at if source.subject else source.at
            problems.add("SRC334", source.name, at, circle=" > ".join(circle))
        for name in reversed(path):
            done[name] = by_name[name]
    return list(done.values())


def _read(spec: SourceSpec, folder: Path, held: Mapping[str, Held], found: list[Issue]) -> Held | None:
    """One source in the order of work; raises `SourceError`, adds what the data hold to `found`.

    None where the source in which the subjects are looked up could not be read: that has its own issue.
    """
    problems = Problems()
    path, name = find_file(spec, folder, problems)
    data = b""
    if path is not None:
        try:
            data = path.read_bytes()
        except OSError as fault:
            problems.add("SRC336", spec.name, spec.at, path=name, reason=fault.strerror or str(fault))
        kind = other_content(data)
        if kind:
            problems.add(
                "SRC301", spec.name, spec.at, path=name, format=kind, allowed=", ".join(TEXT_FORMATS)
            )
    problems.stop(SourceError)
    assert path is not None  # else there was a problem
    digest = hashlib.sha256(data).hexdigest()
    table = read_text(
        path,
        encoding=spec.encoding,
        delimiter=spec.delimiter or _DELIMITERS.get(spec.format.lower(), ""),
        header=spec.header,
        target=spec.name,
        file=name,
        at=spec.at,
        data=data,
    )
    del data
    table = rename_columns(table, spec, name, problems)
    check_columns(spec, table, name, held, problems)
    problems.stop(SourceError)
    if spec.subject is not None and spec.subject.lookup and spec.subject.lookup not in held:
        return None
    found += table.issues
    found += problems.found
    cells, collected = _clean(table, spec)
    reading = Reading(spec, name, table.rows, cells, Problems())
    private = tuple(column.text for column in spec.private)
    frame = pd.DataFrame(
        {column: char(array) for column, array in cells.items() if column not in private},
        index=pd.RangeIndex(len(table.rows)),
        copy=False,
    )
    status = discard_records(reading, frame)
    subject = find_subjects(reading, held, status)
    superseded_by = supersede_records(reading, frame, subject, status)
    found += reading.problems.found
    source = Source(
        name=spec.name,
        spec=spec,
        files=(name,),
        frame=frame,
        collected={column: text for column, text in collected.items() if column not in private},
        rows=table.rows,
        file=np.zeros(len(table.rows), np.int16),
        status=status,
        superseded_by=superseded_by,
        subject=subject,
        headers={column: text for column, text in table.headers.items() if column not in private},
        private=private,
        sha256=(digest,),
    )
    return Held(source, cells)


def _clean(table: RawTable, spec: SourceSpec) -> tuple[dict[str, pa.Array], dict[str, pd.Series]]:
    """The cells after missing and text rules, and the collected text of the columns that changed."""
    cells: dict[str, pa.Array] = {}
    collected: dict[str, pd.Series] = {}
    for name in table.frame.columns:
        raw = arrow(table.frame[name])
        cells[name] = set_text(set_missing(raw, spec.missing), spec.text)
        if cells[name] is not raw:
            collected[name] = table.frame[name]
    return cells, collected
