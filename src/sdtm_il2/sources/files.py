"""Where the files of a source lie: inside the raw folder, one by name or several by pattern, and of what kind."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from sdtm_il2.errors import NOWHERE, Issue, Location, Problems, SourceError
from sdtm_il2.nearest import nearest_files
from sdtm_il2.sources.nearest import did_you_mean
from sdtm_il2.spec.study import SourceSpec

#: What `format:` may state, and the kind of file that it means; a kind has its reader in read.py.
FORMATS: Final = {
    "csv": "text",
    "tsv": "text",
    "tab": "text",
    "txt": "text",
    "xlsx": "xlsx",
    "xlsm": "xlsx",
    "sas7bdat": "sas7bdat",
    "xpt": "xpt",
    "parquet": "parquet",
    "odm": "odm",
    "xml": "odm",
}
#: What messages offer.
READABLE: Final = ("csv", "tsv", "tab", "txt", "xlsx", "sas7bdat", "xpt", "parquet", "odm")

_OTHER_ENDINGS: Final = {
    ".xls": "an old Excel workbook",
    ".xlsb": "a binary Excel workbook",
    ".sas7bcat": "a SAS format catalog",
    ".json": "a JSON file",
}
#: First bytes of files that are no text, what they are, and what to write for them.
_OTHER_STARTS: Final = {
    b"PK\x03\x04": ("an Excel workbook or zip archive", "write format: xlsx, or export the file as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old or an encrypted Excel workbook", "save it as XLSX without a password"),
    b"PAR1": ("a Parquet file", "write format: parquet"),
    b"HEADER RECORD*******": ("a SAS transport file", "write format: xpt"),
    b"\0" * 12 + b"\xc2\xea\x81\x60": ("a SAS dataset", "write format: sas7bdat"),
}
_LISTED: Final = 20_000  # files looked at for a hint
_LISTED_FOLDERS: Final = 2_000
#: The file of a record is kept as a 16-bit number.
MOST_FILES: Final = 32_000


@dataclass(frozen=True, slots=True)
class RawPath:
    """One file of a source: where it is, its printed name (relative to the raw folder), its kind."""

    path: Path
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A raw file as messages name it: its source, its printed name, and the place to edit."""

    target: str
    name: str
    at: Location = NOWHERE

    def refusal(self, code: str, **fields: object) -> SourceError:
        """The error to raise: an issue of the catalogue about this file."""
        return SourceError(self.issue(code, count=0, row=0, **fields))

    def issue(self, code: str, *, count: int = 0, row: int = 0, **fields: object) -> Issue:
        """An issue of the catalogue about this file; ``row`` is where the first record concerned starts."""
        first = Location(self.name, row) if row else NOWHERE
        filled = {"path": self.name, **fields}
        return Issue(
            code, self.target, self.at, tuple((key, str(text)) for key, text in filled.items()), count, first
        )


def find_files(
    spec: SourceSpec, raw: Path, problems: Problems, other: Collection[Path] = ()
) -> tuple[RawPath, ...]:
    """The file of a source; with `*` or `?` in the path all that match, sorted by name.

    `*` and `?` stand for characters of one file or folder name, `**` for any folders. Hidden files and the
    locks that Excel leaves (``~$lab.xlsx``) never match. Names are relative to the raw folder, with slashes.
    ``other`` are files that a hint never offers, such as those of the specification.

    Adds SRC301 (kind not read), SRC302 (missing, with the nearest names), SRC303 (outside the raw folder,
    links resolved first), SRC336 (no file), SRC344 (no match) or SRC346 (too many); there is no file then.
    """
    name = spec.path.replace("\\", "/")
    folder = raw.resolve()
    stated = Path(name)
    if stated.is_absolute():
        problems.add("SRC303", spec.name, spec.at, path=name, how="")
        return ()
    if "*" not in name and "?" not in name:
        found = _find(spec, name, folder, problems, other)
        return () if found is None else (found,)
    if ".." in stated.parts:
        problems.add("SRC303", spec.name, spec.at, path=name, how="")
        return ()
    names = matching_files(name, folder)
    if not names:
        problems.add("SRC344", spec.name, spec.at, pattern=name, help=_nearest_files(name, folder, other))
    elif len(names) > MOST_FILES:
        problems.add("SRC346", spec.name, spec.at, pattern=name, found=len(names), most=MOST_FILES)
        names = []
    files = [_find(spec, one, folder, problems, other) for one in names]
    return tuple(one for one in files if one is not None)


def matching_files(pattern: str, folder: Path) -> list[str]:
    """The files that match, brackets in names standing for themselves."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.glob(pattern.replace("[", "[[]")):
        inner = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "~$")) for part in inner.parts):
            found.append(inner.as_posix())
    return sorted(set(found))


def _find(
    spec: SourceSpec, name: str, folder: Path, problems: Problems, other: Collection[Path]
) -> RawPath | None:
    stated = Path(name)
    try:
        path = (folder / stated).resolve()
    except (OSError, RuntimeError):  # links that lead back to themselves
        problems.add("SRC336", spec.name, spec.at, path=name, reason="its link leads back to itself")
        return None
    if not path.is_relative_to(folder):
        linked = (folder / stated).exists() and ".." not in stated.parts
        problems.add("SRC303", spec.name, spec.at, path=name, how=", where a link leads" if linked else "")
        return None
    name = Path(os.path.normpath(stated)).as_posix()
    kind, unread = _kind(spec, name)
    if unread:
        problems.add("SRC301", spec.name, spec.at, path=name, format=unread, allowed=", ".join(READABLE))
        return None
    if not path.exists():
        problems.add("SRC302", spec.name, spec.at, path=name, help=_nearest_files(name, folder, other))
        return None
    if not path.is_file():
        problems.add(
            "SRC336",
            spec.name,
            spec.at,
            path=name,
            reason="it is a folder" if path.is_dir() else "it is no file",
        )
        return None
    return RawPath(path, name, kind)


def _kind(spec: SourceSpec, name: str) -> tuple[str, str]:
    """The kind of a file by `format:`, else by its ending, else text; and what it is if it is not read."""
    if spec.format:
        kind = FORMATS.get(spec.format.lower(), "")
        return kind, "" if kind else f"of format '{spec.format}'"
    ending = PurePosixPath(name).suffix.lower()
    if ending in _OTHER_ENDINGS:
        return "", _OTHER_ENDINGS[ending]
    return FORMATS.get(ending.removeprefix("."), "text"), ""


def other_content(data: bytes) -> tuple[str, str]:
    """What the first bytes show a file to be, if that is no text, and what to do; else two empty texts.

    >>> other_content(b"PAR1...")
    ('a Parquet file', 'write format: parquet')
    """
    return next((found for start, found in _OTHER_STARTS.items() if data.startswith(start)), ("", ""))


def _nearest_files(name: str, folder: Path, other: Collection[Path]) -> str:
    """A hint that names the raw files most like the missing one: no other file, no output of a build."""
    if not folder.is_dir():
        return f"there is no folder {folder.name}; correct --raw"
    near = nearest_files(name, listed_files(folder, other))
    return did_you_mean(near) or "put the file there, or correct path:"


def listed_files(folder: Path, other: Collection[Path] = ()) -> list[str]:
    """The names of the files of a folder that a hint may offer: none that is hidden, written by a build, or YAML.

    ``other`` are files of the specification. A large folder is not listed to its end.
    """
    known: list[str] = []
    for number, (where, folders, files) in enumerate(os.walk(folder)):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        if "manifest.json" in files:  # a build wrote it
            folders.clear()
            continue
        paths = [
            Path(where, one)
            for one in sorted(files)
            if not one.startswith((".", "~$")) and not one.endswith((".yaml", ".yml"))  # no specification
        ]
        known += [
            path.relative_to(folder).as_posix() for path in paths if path not in other and path.exists()
        ]
        if len(known) > _LISTED or number > _LISTED_FOLDERS:
            break
    return known
