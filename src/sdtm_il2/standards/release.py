"""Releases: named, hashed files that hold one published standard each.

A terminology is a ZIP of CSV files: ``index.csv`` (one line a codelist) and the terms in about a hundred
members, each named by the last two digits of its codelists' codes. So one codelist is read without the
other thousand, and the ZIP directory stays short (a member per codelist costs 8 ms to open, this costs 1
ms). An implementation guide and the model are plain CSV: small, and readable in a diff. A release's hash is
of its text, not of the compressed bytes, so that it does not depend on the version of zlib.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdtm_il2.errors import Location, StandardsError, issue
from sdtm_il2.place import write_whole

Kind = Literal["ig", "ct", "define"]

#: Where the bundled releases live.
BUNDLED = Path(__file__).parent.parent / "data" / "standards"

IG_COLUMNS = (
    "dataset", "order", "variable", "label", "type", "role", "core", "codelists", "described_value_domain",
    "value_list", "model_variable", "class", "structure",
)  # fmt: skip
INDEX_COLUMNS = ("codelist_code", "submission_value", "codelist_name", "extensible", "paired_codelist_code")
TERM_COLUMNS = ("codelist_code", "term_code", "submission_value", "synonyms", "preferred_term")

_NAMES: dict[Kind, str] = {"ig": "SDTMIG", "ct": "SDTM CT", "define": "Define-XML CT"}
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "ig": re.compile(r"sdtmig-(\d+(?:\.\d+)*)\.csv"),
    "ct": re.compile(r"sdtm-ct-(\d{4}-\d{2}-\d{2})\.zip"),
    "define": re.compile(r"define-xml-ct-(\d{4}-\d{2}-\d{2})\.zip"),
}

#: One line a codelist: code, submission value, name, extensible (Y or N), code of its partner.
IndexRow = tuple[str, str, str, str, str]
#: One term: codelist code, term code, submission value, synonyms ("; " between them), preferred term.
TermRow = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """One published standard in one file: ``kind`` ig, ct (SDTM terminology) or define (Define-XML's)."""

    kind: Kind
    version: str
    file: Path
    bundled: bool

    @property
    def name(self) -> str:
        """What people call it: SDTMIG, SDTM CT, Define-XML CT."""
        return _NAMES[self.kind]

    @property
    def title(self) -> str:
        """Name and version: ``SDTMIG 3.4``."""
        return f"{self.name} {self.version}"

    @property
    def hash(self) -> str:
        """SHA-256 of the release's text (a ZIP: of its members in order), in hexadecimal."""
        return _hash_of(self.file, self.file.stat().st_mtime_ns)


def release_file(kind: Kind, version: str) -> str:
    """The file name of a release: ``sdtmig-3.4.csv``, ``sdtm-ct-2025-03-28.zip``."""
    stem = _NAMES[kind].lower().replace(" ", "-")
    return f"{stem}-{version}.{'csv' if kind == 'ig' else 'zip'}"


def available_releases(folder: Path | None = None) -> tuple[Release, ...]:
    """All releases that `load_standard` finds, guides first, oldest first.

    ``folder`` is the study's ``standards/``; a release there stands before the bundled one of the same name.

    >>> [release.title for release in available_releases()][:3]
    ['SDTMIG 3.2', 'SDTMIG 3.3', 'SDTMIG 3.4']
    """
    found: dict[tuple[Kind, str], Release] = {}
    for place, bundled in ((BUNDLED, True), (folder, False)):
        if place is None or not place.is_dir():
            continue
        for file in sorted(place.iterdir()):
            for kind, pattern in _PATTERNS.items():
                if match := pattern.fullmatch(file.name):
                    found[kind, match[1]] = Release(kind, match[1], file, bundled)
    kinds = list(_NAMES)
    return tuple(sorted(found.values(), key=lambda one: (kinds.index(one.kind), version_key(one.version))))


def version_key(version: str) -> tuple[int, ...]:
    """Versions and release dates in order: 3.10 after 3.9."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV text with line feeds: the same rows always give the same text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def pack_terminology(index: Iterable[IndexRow], terms: Iterable[TermRow]) -> bytes:
    """A terminology as ZIP bytes; codelists and members in the order of their codes, times fixed."""
    members: dict[str, list[TermRow]] = {}
    for term in terms:
        members.setdefault(_member(term[0]), []).append(term)
    texts = {"index.csv": csv_text(INDEX_COLUMNS, sorted(index, key=lambda row: int(row[0][1:])))}
    for member in sorted(members):
        # A stable sort: the codelists in order, each one's terms as the release has them.
        texts[member] = csv_text(TERM_COLUMNS, sorted(members[member], key=lambda row: int(row[0][1:])))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, text in texts.items():
            entry = zipfile.ZipInfo(member, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # else the bytes differ between Windows and the others
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text.encode(), zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def read_index(file: Path) -> list[IndexRow]:
    """The codelists of a packed terminology; StandardsError STD208 if the file is not one."""
    return [(a, b, c, d, e) for a, b, c, d, e in _member_rows(file, "index.csv", INDEX_COLUMNS)]


def read_terms(file: Path, codelist: str) -> list[TermRow]:
    """The terms of one codelist of a packed terminology; StandardsError STD208 if it is damaged."""
    rows = _member_rows(file, _member(codelist), TERM_COLUMNS)
    return [(a, b, c, d, e) for a, b, c, d, e in rows if a == codelist]


def read_guide(file: Path) -> list[list[str]]:
    """The rows of a packed guide: a dataset's row (no variable), then its variables'; STD208 if damaged."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    if not rows or tuple(rows[0]) != IG_COLUMNS or any(len(row) != len(IG_COLUMNS) for row in rows):
        raise StandardsError(issue("STD208", at=Location(str(file))))
    return rows[1:]


def write_release(kind: Kind, version: str, content: bytes, folder: Path) -> Release:
    """Write a release into `folder` at once or not at all; STD220 if it would replace another text."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / release_file(kind, version)
    made = Release(kind, version, target, bundled=False)
    if target.exists() and _text_hash(target, content) != _text_hash(target, target.read_bytes()):
        raise StandardsError(issue("STD220", at=Location(str(target)), release=made.title))
    write_whole(target, content)
    return made


def _member(codelist: str) -> str:
    return f"{codelist[-2:]}.csv"


def _member_rows(file: Path, member: str, header: tuple[str, ...]) -> list[list[str]]:
    try:
        text = _archive(file, file.stat().st_mtime_ns).read(member).decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise StandardsError(issue("STD208", at=Location(str(file)))) from error
    if not rows or tuple(rows[0]) != header or any(len(row) != len(header) for row in rows):
        raise StandardsError(issue("STD208", at=Location(str(file))))
    return rows[1:]


@functools.lru_cache(maxsize=4)
def _archive(file: Path, _changed: int) -> zipfile.ZipFile:
    # From memory: no handle stays open, and a replaced file is seen by its time.
    return zipfile.ZipFile(io.BytesIO(file.read_bytes()))


@functools.lru_cache(maxsize=16)
def _hash_of(file: Path, _changed: int) -> str:
    return _text_hash(file, file.read_bytes())


def _text_hash(file: Path, content: bytes) -> str:
    digest = hashlib.sha256()
    if file.suffix != ".zip":
        digest.update(content)
        return digest.hexdigest()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                digest.update(entry.filename.encode() + b"\n" + archive.read(entry))
    except zipfile.BadZipFile as error:
        raise StandardsError(issue("STD208", at=Location(str(file)))) from error
    return digest.hexdigest()
