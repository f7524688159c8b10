"""Where the file of a source lies: inside the raw folder, in a format that is read."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Final

from sdtm_il2.errors import Problems
from sdtm_il2.spec.model import SourceSpec

#: Formats that `format:` may state and that are read as delimited text.
TEXT_FORMATS: Final = ("csv", "tsv", "tab", "txt")

_OTHER_ENDINGS: Final = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".sas7bdat": "a SAS dataset",
    ".xpt": "a SAS transport file",
    ".parquet": "a Parquet file",
    ".xml": "an XML file",
    ".json": "a JSON file",
}
_OTHER_STARTS: Final = {
    b"PK\x03\x04": "an Excel workbook or zip archive by its content",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook by its content",
    b"PAR1": "a Parquet file by its content",
    b"HEADER RECORD*******": "a SAS transport file by its content",
}
_LISTED: Final = 20_000  # files looked at for a hint


def find_file(spec: SourceSpec, raw: Path, problems: Problems) -> tuple[Path | None, str]:
    """The file of a source and its printed name: its path relative to the raw folder, with slashes.

    Adds SRC301 (format not read), SRC302 (missing, with the nearest names), SRC303 (outside the raw folder,
    links resolved first) or SRC336 (no file, or not readable); the path is None then.
    """
    name = spec.path.replace("\\", "/")
    folder = raw.resolve()
    stated = Path(name)
    if stated.is_absolute():
        problems.add("SRC303", spec.name, spec.at, path=name, how="")
        return None, name
    path = (folder / stated).resolve()
    if not path.is_relative_to(folder):
        linked = (folder / stated).exists() and ".." not in stated.parts
        problems.add("SRC303", spec.name, spec.at, path=name, how=", where a link leads" if linked else "")
        return None, name
    name = Path(os.path.normpath(stated)).as_posix()
    kind = _other_format(spec, path)
    if kind:
        problems.add("SRC301", spec.name, spec.at, path=name, format=kind, allowed=", ".join(TEXT_FORMATS))
        return None, name
    if not path.exists():
        problems.add("SRC302", spec.name, spec.at, path=name, help=_nearest_files(name, folder))
        return None, name
    if not path.is_file():
        problems.add("SRC336", spec.name, spec.at, path=name, reason="it is no file")
        return None, name
    return path, name


def _other_format(spec: SourceSpec, path: Path) -> str:
    """What the file is, if it is no text; "" if it is read as text."""
    if spec.format:
        return "" if spec.format.lower() in TEXT_FORMATS else f"of format '{spec.format}'"
    return _OTHER_ENDINGS.get(path.suffix.lower(), "")


def other_content(data: bytes) -> str:
    """What the first bytes show a file to be, if that is no text; else "".

    >>> other_content(b"PK\\x03\\x04...")
    'an Excel workbook or zip archive by its content'
    """
    return next((kind for start, kind in _OTHER_STARTS.items() if data.startswith(start)), "")


def _nearest_files(name: str, folder: Path) -> str:
    """A hint that names the files most like the missing one."""
    if not folder.is_dir():
        return f"there is no folder {folder.name}; correct --raw"
    known: list[str] = []
    for where, folders, files in os.walk(folder):
        folders.sort()
        known += [Path(where, one).relative_to(folder).as_posix() for one in sorted(files)]
        if len(known) > _LISTED:
            break
    stems = {Path(one).stem.casefold() for one in known}
    close = difflib.get_close_matches(Path(name).stem.casefold(), stems, n=2, cutoff=0.7)
    near = [one for stem in close for one in known if Path(one).stem.casefold() == stem][:3]
    if not near:
        return "put the file there, or correct path:"
    return "did you mean " + " or ".join(f"'{one}'" for one in near) + "?"
