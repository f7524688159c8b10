"""The table of rooms in docs/architecture.md is true: imports point upwards in it, and every file has a row."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "sdtm_il2"
_ROW = re.compile(r"^\| `([\w./]+)` \| .+ \|$", re.MULTILINE)


def _rooms() -> list[str]:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Rooms", 1)[1].split("\n## ", 1)[0]
    return _ROW.findall(table)


def _files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _room(path: Path) -> str:
    parts = path.relative_to(SOURCE).parts
    return parts[0] if len(parts) == 1 else f"{parts[0]}/"


def _imports(path: Path) -> set[Path]:
    """The files of the package that a file imports."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
        for name in names:
            if name == "sdtm_il2" or name.startswith("sdtm_il2."):
                found |= _file_of(name)
    return found


def _file_of(name: str) -> set[Path]:
    """The file of a module, or of the module that holds a name."""
    parts = name.split(".")[1:]
    base = SOURCE.joinpath(*parts)
    if parts and base.with_suffix(".py").is_file():
        return {base.with_suffix(".py")}
    if (base / "__init__.py").is_file():
        return {base / "__init__.py"}
    return set()


def test_every_file_has_one_row_and_every_row_a_file() -> None:
    rooms = _rooms()
    assert len(set(rooms)) == len(rooms)
    assert {_room(path) for path in _files()} - set(rooms) == set(), "files that are in no row"
    assert [room for room in rooms if not (SOURCE / room).exists()] == [], "rows that name nothing"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_from_rows_above(path: Path) -> None:
    rooms = _rooms()
    own = rooms.index(_room(path))
    upward = {
        str(other.relative_to(SOURCE))
        for other in _imports(path)
        if _room(other) != _room(path) and rooms.index(_room(other)) > own
    }
    assert upward == set()


def test_no_two_modules_import_each_other() -> None:
    graph = {
        path: {other for other in _imports(path) if other.name != "__init__.py"} - {path} for path in _files()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(str(path.relative_to(SOURCE)) for path in reversed(error.args[1])))


def test_data_holds_no_code() -> None:
    assert [
        path for path in (SOURCE / "data").rglob("*") if path.suffix in (".py", ".pyc", ".pkl", ".so")
    ] == []
