"""The study folder: which files a specification may open, and which it has opened."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sdtm_il2.errors import Location, Problems
from sdtm_il2.nearest import nearest_names
from sdtm_il2.spec.read import MapNode, read_yaml
from sdtm_il2.spec.schema import check_schema

_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:")


def path_fault(text: str) -> str:
    """What is wrong with the form of a relative path, or "" if nothing is.

    >>> path_fault("raw/ae.csv"), path_fault("C:/raw/ae.csv"), path_fault("../ae.csv")
    ('', 'is absolute', "holds '..'")
    """
    if _ABSOLUTE.match(text):
        return "is absolute"
    if "\\" in text:
        return "holds a backslash"
    if ".." in PurePosixPath(text).parts:
        return "holds '..'"
    return "holds a control character" if re.search(r"[\x00-\x1f]", text) else ""


def _followed(path: Path) -> Path:
    """Where the links of a path lead; a link that leads back to itself stays, and is no file."""
    return Path(os.path.realpath(path))


@dataclass(slots=True)
class StudyFolder:
    """A study folder while it is read: the files read so far and the problems found in them.

    ``doubtful`` are the blocks of records in which, or in whose tables, a problem was found.
    """

    folder: Path
    problems: Problems = field(default_factory=Problems)
    files: set[str] = field(default_factory=set)
    doubtful: set[Location] = field(default_factory=set)

    def has(self, name: str, naming: str) -> bool:
        """Whether a file that the file `naming` may name is there; outside the study folder nothing is."""
        if path_fault(name) not in ("", "holds '..'"):
            return False
        root = self.folder.resolve()
        path = _followed((root / naming).parent / name)
        return path.is_relative_to(root) and path.is_file()

    def folder_inside(self, name: str, at: Location) -> str:
        """A folder inside the study folder, relative to it; "" after SPEC174, SPEC175 or SPEC100."""
        root = self.folder.resolve()
        fault = path_fault(name)
        path = _followed(root / name) if not fault else root
        if fault and fault != "holds '..'":
            self.problems.add("SPEC174", at=at, path=name, fault=fault)
        elif fault or not path.is_relative_to(root):
            self.problems.add("SPEC175", at=at, path=name)
        elif not path.is_dir():
            self.problems.add("SPEC100", at=at, path=name, near="make this folder, or correct its name")
        else:
            return path.relative_to(root).as_posix()
        return ""

    def read(self, name: str, naming: str, at: Location) -> tuple[str, bytes] | None:
        """Name (relative to the study folder) and bytes of a file that the file `naming` names, or None.

        SPEC175: outside the study folder, symlinks resolved. SPEC100: no such file.
        """
        fault = path_fault(name)
        if fault and fault != "holds '..'":
            self.problems.add("SPEC174", at=at, path=name, fault=fault)
            return None
        root = self.folder.resolve()
        wanted = (root / naming).parent / name
        path = _followed(wanted)
        if not path.is_relative_to(root):
            self.problems.add("SPEC175", at=at, path=name)
            return None
        if not path.is_file():
            near = self._nearest(wanted)
            help_ = f"did you mean {near}?" if near else "put the file there, or correct its name"
            self.problems.add("SPEC100", at=at, path=name, near=help_)
            return None
        file = path.relative_to(root).as_posix()
        try:
            content = path.read_bytes()
        except OSError as error:
            self.problems.add("SPEC100", at=at, path=name, near=error.strerror or "")
            return None
        self.files.add(file)
        return file, content

    def _nearest(self, wanted: Path) -> str:
        """The file of the same folder whose name is nearest."""
        if not wanted.parent.is_dir():
            return ""
        # the ending is that of many files: it alone is no likeness
        alike = [one for one in wanted.parent.iterdir() if set(one.stem) & set(wanted.stem) and one.is_file()]
        names = sorted(one.name for one in alike)
        return next(iter(nearest_names(wanted.name, names)), "")

    def read_mapping(self, name: str, naming: str, at: Location, schema: str) -> tuple[str, MapNode] | None:
        """A YAML file checked against a schema; None if nothing of it can be used."""
        found = self.read(name, naming, at)
        if found is None:
            return None
        file, content = found
        node = read_yaml(content, file, self.problems)
        if node is None:
            return None
        check_schema(node, schema, file, self.problems)
        return (file, node) if isinstance(node, MapNode) else None
