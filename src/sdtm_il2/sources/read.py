"""Every source of a study: read > rename > missing, text > private out > not_submitted rows > keep."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import arrow, char
from sdtm_il2.errors import Issue, Location, Problems, Severity, SourceError, issue
from sdtm_il2.sources.cells import set_missing, set_text
from sdtm_il2.sources.columns import check_columns, rename_columns
from sdtm_il2.sources.fate import (
    Held,
    Reading,
    discard_records,
    find_subjects,
    supersede_records,
)
from sdtm_il2.sources.files import RawPath, find_files, other_content
from sdtm_il2.sources.folder import wrong_folder
from sdtm_il2.sources.model import DISCARDED, Source, Sources
from sdtm_il2.sources.stack import stack_tables
from sdtm_il2.sources.text import RawTable, read_text
from sdtm_il2.spec.study import SourceSpec, StudySpec

#: A record may hold the header of one column by chance.
_MOST_ALIKE: Final = 2
_DELIMITERS: Final = {"csv": ",", "tsv": "\t", "tab": "\t"}


@dataclass(frozen=True, slots=True, eq=False)
class RawFile:
    """One file of a source, read: what its reader needs. ``name`` is what messages print."""

    spec: SourceSpec
    path: Path
    name: str
    data: bytes
    folder: Path


# Each reader of a kind of file is imported when there is one: the libraries behind it take their time.


def _text(file: RawFile) -> RawTable:
    spec = file.spec
    return read_text(
        file.path,
        encoding=spec.encoding,
        delimiter=spec.delimiter or _DELIMITERS.get(spec.format.lower(), ""),
        header=spec.header,
        target=spec.name,
        file=file.name,
        at=spec.at,
        data=file.data,
    )


def _excel(file: RawFile) -> RawTable:
    from sdtm_il2.sources.excel import read_excel

    spec = file.spec
    return read_excel(
        file.path,
        sheet=spec.sheet,
        header=spec.header,
        target=spec.name,
        file=file.name,
        at=spec.at,
        data=file.data,
    )


def _sas(file: RawFile) -> RawTable:
    from sdtm_il2.sources.sas import read_sas

    spec = file.spec
    # the file says its encoding itself, unless the specification knows better
    encoding = "" if spec.encoding == "utf-8" else spec.encoding
    return read_sas(
        file.path, folder=file.folder, encoding=encoding, target=spec.name, file=file.name, at=spec.at
    )


def _transport(file: RawFile) -> RawTable:
    from sdtm_il2.sources.xpt import read_transport

    spec = file.spec
    return read_transport(
        file.path, member=spec.sheet, encoding=spec.encoding, target=spec.name, file=file.name, at=spec.at
    )


def _parquet(file: RawFile) -> RawTable:
    from sdtm_il2.sources.parquet import read_parquet

    return read_parquet(file.path, target=file.spec.name, file=file.name, at=file.spec.at, data=file.data)


#: The reader of each kind of file, and the keys of a source that mean something to it.
READERS: Final[Mapping[str, tuple[Callable[[RawFile], RawTable], frozenset[str]]]] = {
    "text": (_text, frozenset({"encoding", "delimiter", "header"})),
    "xlsx": (_excel, frozenset({"header", "sheet"})),
    "sas7bdat": (_sas, frozenset({"encoding"})),
    "xpt": (_transport, frozenset({"encoding", "sheet"})),
    "parquet": (_parquet, frozenset()),
}


def read_sources(spec: StudySpec, raw: Path) -> Sources:
    """Read every source of the study as text, and say which of its records count.

    ``raw`` is the folder that source paths are relative to. Nothing is typed by guessing. The order is: read,
    rename, missing and text, private columns out, records not submitted, records superseded (`keep`).

    Raises `SourceError` with everything that keeps a source from being read as the specification says
    (SRC301 to SRC337, of severity error; SRC373 where the folder is another one). What the data hold is an issue of
    the result and does not raise: records without a subject (SRC320 SRC322 SRC323), undecided clauses (SRC338), ties
    (SRC331 and others).
    """
    sources, refused = read_readable(spec, raw)
    if refused:
        raise SourceError(refused)
    return sources


def read_readable(spec: StudySpec, raw: Path) -> tuple[Sources, tuple[Issue, ...]]:
    """The sources that can be read as the specification says, and what keeps the others from it; see `read_sources`."""
    folder = Path(raw)
    problems = Problems()
    held: dict[str, Held] = {}
    found: list[Issue] = []
    own = frozenset((spec.folder / name).resolve() for name in spec.files)
    wrong = wrong_folder(spec.sources, folder, own)
    if wrong is not None:
        problems.found.append(wrong.issue)
    for source in _in_order(spec.sources, problems):
        if wrong is not None and source.name in wrong.sources:
            continue
        try:
            done = _read(source, folder, held, found, own)
        except SourceError as fault:
            problems.found.extend(fault.issues)
        else:
            if done is not None:
                held[source.name] = done
    sources = {one.name: held[one.name].source for one in spec.sources if one.name in held}
    refused = any(one.severity is Severity.ERROR for one in problems.found)
    noted = () if refused else problems.found
    return Sources(sources, folder, (*noted, *found)), tuple(problems.found) if refused else ()


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


def _read(
    spec: SourceSpec, folder: Path, held: Mapping[str, Held], found: list[Issue], own: Collection[Path]
) -> Held | None:
    """One source in the order of work; raises `SourceError`, adds what the data hold to `found`.

    ``own`` are the files of the specification, which no hint takes for raw ones.
    None where the source in which the subjects are looked up could not be read: that has its own issue.
    """
    problems = Problems()
    files = find_files(spec, folder, problems, own)
    problems.stop(SourceError)
    if any(one.kind == "odm" for one in files):
        return _decide(spec, *_read_odm(spec, files, folder, problems), held, found, problems)
    tables: list[RawTable] = []
    digests: list[str] = []
    for one in files:
        try:
            table, digest = _read_file(spec, one, folder)
        except SourceError as fault:
            problems.found.extend(fault.issues)
        else:
            tables.append(table)
            digests.append(digest)
    problems.stop(SourceError)
    names = [one.name for one in files]
    table, file = stack_tables(tables, names, spec.name, spec.at, problems)
    problems.stop(SourceError)
    del tables
    return _decide(spec, table, file, names, digests, held, found, problems)


def _read_odm(
    spec: SourceSpec, files: Sequence[RawPath], folder: Path, problems: Problems
) -> tuple[RawTable, npt.NDArray[np.int16], list[str], list[str]]:
    """The records of ODM files, which are read as one: a file of transactions changes those before it."""
    from sdtm_il2.sources.odm import read_odm

    updates: tuple[RawPath, ...] = ()
    if spec.transactions:
        updates = find_files(replace(spec, path=spec.transactions), folder, problems)
        problems.stop(SourceError)
    every = (*files, *updates)
    for one in every:
        if one.kind != "odm":
            problems.add("SRC380", spec.name, spec.at, path=one.name, what="is no XML file")
    problems.stop(SourceError)
    _check_keys(spec, files[0], frozenset({"form", "group", "transactions"}), problems)
    names = [one.name for one in every]
    table = read_odm(
        [one.path for one in every],
        form=spec.form,
        group=spec.group,
        target=spec.name,
        names=names,
        at=spec.at,
        updates=len(updates),
    )
    headers = {name: name for name in map(str, table.frame.columns)}
    raw = RawTable(table.frame, table.rows, headers, table.issues)
    return raw, table.file, names, list(table.sha256)


def _decide(
    spec: SourceSpec,
    table: RawTable,
    file: npt.NDArray[np.int16],
    names: Sequence[str],
    digests: Sequence[str],
    held: Mapping[str, Held],
    found: list[Issue],
    problems: Problems,
) -> Held | None:
    """The order of work from the records as read: names, texts, private columns, and the fate of each."""
    name = names[0]
    table = rename_columns(table, spec, name, problems)
    check_columns(spec, table, name, held, problems)
    if any(one.severity is Severity.ERROR for one in problems.found):
        # a wrong delimiter or encoding is why a column is not there: its warning is shown with the error
        problems.found += [one for one in table.issues if one.severity is Severity.WARNING]
    problems.stop(SourceError)
    if spec.subject is not None and spec.subject.lookup and spec.subject.lookup not in held:
        return None
    found += table.issues
    found += problems.found
    cells, collected = _clean(table, spec)
    reading = Reading(spec, tuple(names), file, table.rows, cells, Problems())
    private = tuple(column.text for column in spec.private)
    frame = pd.DataFrame(
        {column: char(array) for column, array in cells.items() if column not in private},
        index=pd.RangeIndex(len(table.rows)),
        copy=False,
    )
    status = discard_records(reading, frame)
    found += _headers_again(table, spec, file, names, status != DISCARDED)
    subject = find_subjects(reading, held, status)
    superseded_by = supersede_records(reading, frame, subject, status)
    found += reading.problems.found
    source = Source(
        name=spec.name,
        spec=spec,
        files=(*names, *table.beside),
        frame=frame,
        collected={column: text for column, text in collected.items() if column not in private},
        rows=table.rows,
        file=file,
        status=status,
        superseded_by=superseded_by,
        subject=subject,
        headers={column: text for column, text in table.headers.items() if column not in private},
        private=private,
        sha256=(*digests, *table.beside.values()),
    )
    return Held(source, cells)


def _headers_again(
    table: RawTable,
    spec: SourceSpec,
    file: npt.NDArray[np.int16],
    names: Sequence[str],
    again: npt.NDArray[np.bool_],
) -> list[Issue]:
    """SRC348: records (of those that count) that hold the header of each column, as in files put together."""
    filled = 0
    for column in table.frame.columns:
        text = table.headers.get(column, "").strip()
        if not again.any():
            return []
        if text:
            filled += 1
            equal = pc.equal(pc.utf8_trim_whitespace(arrow(table.frame[column])), text)
            again = again & equal.to_numpy(zero_copy_only=False).astype(np.bool_)
    if filled < _MOST_ALIKE or not again.any():
        return []
    first = int(np.flatnonzero(again)[0])
    place = Location(names[file[first]], int(table.rows[first]))
    return [issue("SRC348", spec.name, spec.at, count=int(again.sum()), first=place)]


def _read_file(spec: SourceSpec, file: RawPath, folder: Path) -> tuple[RawTable, str]:
    """The records of one file by the reader of its kind, and its digest; raises `SourceError`."""
    problems = Problems()
    data = b""
    try:
        data = file.path.read_bytes()
    except OSError as fault:
        problems.add("SRC336", spec.name, spec.at, path=file.name, reason=fault.strerror or str(fault))
    if not data and not problems.found:
        problems.add("SRC304", spec.name, spec.at, path=file.name)
    other, advice = other_content(data) if file.kind == "text" else ("", "")
    if other:
        problems.add("SRC341", spec.name, spec.at, path=file.name, content=other, help=advice)
    problems.stop(SourceError)
    reader, keys = READERS[file.kind]
    _check_keys(spec, file, keys, problems)
    table = reader(RawFile(spec, file.path, file.name, data, folder))
    return replace(table, issues=(*problems.found, *table.issues)), hashlib.sha256(data).hexdigest()


def _check_keys(spec: SourceSpec, file: RawPath, keys: frozenset[str], problems: Problems) -> None:
    """SRC342: a key that the kind of file has no use for, stated all the same."""
    stated = {
        "encoding": spec.encoding != "utf-8",
        "delimiter": bool(spec.delimiter),
        "header": spec.header != (1,),
        "sheet": bool(spec.sheet),
        "form": bool(spec.form),
        "group": bool(spec.group),
        "transactions": bool(spec.transactions),
    }
    idle = [f"{key}:" for key, given in stated.items() if given and key not in keys]
    if idle:
        problems.add("SRC342", spec.name, spec.at, keys=", ".join(idle), kind=file.kind)


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
