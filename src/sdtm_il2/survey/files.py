"""Raw files found and read without a specification: encoding, header row, sheets, datasets and forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from sdtm_il2.errors import Issue, Location, SdtmError, SourceError, XptError, issue
from sdtm_il2.sources import read_sources
from sdtm_il2.sources.encoding import fitting_encodings
from sdtm_il2.sources.files import FORMATS, READABLE, FilePlace
from sdtm_il2.sources.model import Source
from sdtm_il2.sources.odm_xml import Stream, local
from sdtm_il2.sources.workbook import open_workbook
from sdtm_il2.spec.study import SourceSpec, StandardSpec, StudySpec
from sdtm_il2.xpt import describe_xpt

#: Encodings of the texts in transport files.
_XPT_ENCODINGS: Final = ("utf-8", "gb18030", "cp1252")
#: Rows in which a header is looked for below titles.
_HEADERS: Final = range(2, 7)
#: What may stand between the cells of a file whose ending says otherwise.
_DELIMITERS: Final = (";", "\t", "|", ",")
#: What says that the first row is no header.
_NO_HEADER: Final = frozenset({"SRC313", "SRC317", "SRC328", "SRC330"})


@dataclass(frozen=True, slots=True, eq=False)
class RawPart:
    """One table among the raw files: a file, or one sheet, dataset or form of it.

    ``spec`` says how it is read (path relative to ``folder``), ``kind`` the kind of its file, ``also`` other
    encodings that fit.
    """

    folder: Path
    kind: str
    spec: SourceSpec
    source: Source
    issues: tuple[Issue, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The file, and which part of it."""
        part = self.spec.sheet or "/".join(one for one in (self.spec.form, self.spec.group) if one)
        return f"{self.spec.path} ({part})" if part else self.spec.path


def raw_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The raw files among files and folders; a folder is searched for endings that are read, hidden files never count.

    Raises SourceError OUT921 for a path without any.
    """
    found: dict[Path, None] = {}
    missing: list[Issue] = []
    for path in paths:
        if path.is_file():
            found[path] = None
            continue
        held = [
            one
            for one in sorted(path.rglob("*"))
            if one.is_file()
            and one.suffix.lower().removeprefix(".") in FORMATS
            and not any(part.startswith((".", "~$")) for part in one.relative_to(path).parts)
        ]
        if not held:
            missing.append(issue("OUT921", path=path, allowed=", ".join(READABLE)))
        found.update(dict.fromkeys(held))
    if missing:
        raise SourceError(missing)
    return tuple(found)


def read_part(folder: Path, spec: SourceSpec) -> RawPart:
    """One source read by itself; raises SourceError."""
    study = StudySpec(folder, "", "S", StandardSpec("", ""), "{study}-{subject}", (spec,), (), ())
    sources = read_sources(study, folder)
    kind = FORMATS.get(Path(spec.path).suffix.lower().removeprefix("."), "text")
    return RawPart(folder, kind, spec, sources[spec.name], sources.issues)


def read_parts(folder: Path, path: Path) -> tuple[RawPart, ...]:
    """Every table of one raw file: sheets with data, datasets of a transport file, forms of an ODM file.

    The encoding of text is the first of the usual ones that reads every byte. Where the first row does not fit as
    a header, the next ones are tried. Raises SourceError or XptError where nothing can be read.
    """
    name = path.resolve().relative_to(folder.resolve()).as_posix()
    spec = SourceSpec(path.stem, name, at=Location(name))
    kind = FORMATS.get(path.suffix.lower().removeprefix("."), "text")
    if kind == "text":
        fitting = fitting_encodings(path.read_bytes())
        encoding = fitting[0] if fitting else "utf-8"
        part = _with_header(folder, replace(spec, encoding=encoding))
        return (replace(part, also=fitting[1:] if encoding != "utf-8" else ()),)
    if kind == "xlsx":
        book = open_workbook(path.read_bytes(), FilePlace("", name))
        sheets = [replace(spec, sheet=one.name) for one in book.sheets]
        if len(sheets) == 1:
            return (_sheet(folder, spec),)
        return tuple(_readable(folder, sheets))
    if kind == "xpt":
        return _datasets(folder, path, spec)
    if kind == "odm":
        return tuple(_odm_parts(folder, path, spec))
    return (read_part(folder, spec),)


def _datasets(folder: Path, path: Path, spec: SourceSpec) -> tuple[RawPart, ...]:
    """The datasets of a transport file, which does not say its encoding: the first of the usual ones that reads all."""
    faults: list[SdtmError] = []
    for encoding in _XPT_ENCODINGS:
        encoded = replace(spec, encoding=encoding)
        try:
            names = [one.name for one in describe_xpt(path, encoding=encoding)]
            if len(names) == 1:
                return (read_part(folder, encoded),)
            return tuple(read_part(folder, replace(encoded, sheet=one)) for one in names)
        except (SourceError, XptError) as fault:
            if {one.code for one in fault.issues} != {"XPT609"}:
                raise
            faults.append(fault)
    raise faults[0]


def _readable(folder: Path, sheets: Iterable[SourceSpec]) -> Iterator[RawPart]:
    """The sheets that hold a value."""
    for one in sheets:
        try:
            yield _sheet(folder, one)
        except SourceError as fault:
            if {found.code for found in fault.issues} != {"SRC354"}:
                raise


def _sheet(folder: Path, spec: SourceSpec) -> RawPart:
    """A sheet with its header; of a header with merged cells, both rows, and no title that is merged over it."""
    part = _with_header(folder, spec)
    if not any(one.code == "SRC316" for one in part.issues):  # a merged cell stands in each of its columns
        return part
    from sdtm_il2.sources.excel import header_rows

    rows = header_rows(folder / spec.path, sheet=spec.sheet, first=part.spec.header[0], file=spec.path)
    if rows in ((), part.spec.header):
        return part
    try:
        other = read_part(folder, replace(spec, header=rows))
    except SourceError:
        return part
    return part if {one.code for one in other.issues} & _NO_HEADER else other


def _with_header(folder: Path, spec: SourceSpec) -> RawPart:
    """The table with the header in the first row, else in the first row below that fits without complaint."""
    fault: SourceError | None = None
    part: RawPart | None = None
    try:
        part = read_part(folder, spec)
        codes = {one.code for one in part.issues}
    except SourceError as error:
        fault, codes = error, {one.code for one in error.issues}
    if "SRC328" in codes:
        found = [one for one in map(partial(_cut_by, folder, spec), _DELIMITERS) if one is not None]
        if found:
            return max(found, key=lambda one: len(one.source.columns))
    if codes & _NO_HEADER:
        for row in _HEADERS:
            try:
                other = read_part(folder, replace(spec, header=(row,)))
            except SourceError:
                continue
            if not {one.code for one in other.issues} & _NO_HEADER and len(other.source.columns) > 1:
                return other
    if part is None:
        assert fault is not None
        raise fault
    return part


def _cut_by(folder: Path, spec: SourceSpec, delimiter: str) -> RawPart | None:
    """The table with this delimiter and its header in the first row; None if it does not fit without complaint."""
    try:
        part = read_part(folder, replace(spec, delimiter=delimiter))
    except SourceError:
        return None
    fits = not {one.code for one in part.issues} & _NO_HEADER and len(part.source.columns) > 1
    return part if fits else None


def _odm_parts(folder: Path, path: Path, spec: SourceSpec) -> Iterator[RawPart]:
    """One part a form; a form with groups that repeat gives one part a group."""
    forms: dict[str, dict[str, None]] = {}
    for form, group in _odm_groups(path, spec.path):
        forms.setdefault(form, {})[group] = None
    for form, groups in forms.items():
        try:
            yield read_part(folder, replace(spec, form=form))
        except SourceError as fault:
            if not {one.code for one in fault.issues} <= {"SRC391", "SRC392"}:
                raise
            for group in groups:
                yield read_part(folder, replace(spec, form=form, group=group))


def _odm_groups(path: Path, name: str) -> tuple[tuple[str, str], ...]:
    """The forms and groups that hold data, in the order of the file."""
    stream = Stream(path, name, "", Location(name))
    found: dict[tuple[str, str], None] = {}
    form = ""

    def start(element: str, attributes: list[str]) -> None:
        nonlocal form
        stream.opened.append(element)
        given = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if local(element) == "FormData":
            form = given.get("FormOID", "")
        elif local(element) == "ItemGroupData":
            found[form, given.get("ItemGroupOID", "")] = None

    stream.read(start)
    return tuple(found)
