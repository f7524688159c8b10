"""A raw folder that is not the one that the sources speak of: one error for it, with the folder that was meant."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from sdtm_il2.errors import Issue, issue
from sdtm_il2.nearest import nearest_files
from sdtm_il2.sources.files import listed_files, matching_files
from sdtm_il2.spec.study import SourceSpec

#: Missing files that a message names.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class WrongFolder:
    """The issue of a folder, and the sources whose missing files it speaks of."""

    issue: Issue
    sources: frozenset[str]


def wrong_folder(
    sources: Sequence[SourceSpec], raw: Path, other: Collection[Path] = ()
) -> WrongFolder | None:
    """SRC373 where the raw folder lacks several files, and most of all that the sources name; else None.

    The hint names the folder above, or one below, that holds more of them. Where there is none, and the folder holds
    more than a quarter of the files or most of them under another name, each has its own error (SRC302): None. Files
    are only looked for, never opened.
    ``other`` are files that no hint offers, such as those of the specification.
    """
    stated = {source.name: source.path.replace("\\", "/") for source in sources}
    inside = {path: None for path in stated.values() if _is_inside(path)}
    missing = [path for path in inside if not _holds(raw, path)]
    if len(missing) < 2 or 2 * len(missing) <= len(inside):
        return None
    help_ = _advice(missing, len(inside), raw, other)
    if not help_:
        return None
    names = ", ".join(missing[:_NAMED])
    if len(missing) > _NAMED:
        names += f" and {len(missing) - _NAMED} more"
    held = len(inside) - len(missing)
    found = issue(
        "SRC373", folder=raw, held=held or "none", number=len(inside), names=names, help=help_,
        count=len(missing),
    )  # fmt: skip
    return WrongFolder(found, frozenset(name for name, path in stated.items() if path in missing))


def _is_inside(path: str) -> bool:
    """Whether a path may be in the raw folder: another one has its own error (SRC303)."""
    return not Path(path).is_absolute() and ".." not in PurePosixPath(path).parts


def _holds(folder: Path, path: str) -> bool:
    if "*" in path or "?" in path:
        return bool(matching_files(path, folder))
    return (folder / path).exists()


def _held_above(raw: Path, missing: Sequence[str]) -> int:
    """How many of the files the folder above holds, as far as may be seen: it may be closed to the user."""
    try:
        return sum(_holds(raw.resolve().parent, path) for path in missing)
    except OSError:
        return 0


def _held_below(missing: Sequence[str], known: Sequence[str]) -> tuple[str, int]:
    """The folder below that holds most of the files, and how many; "" for none."""
    paths = [(one, PurePosixPath(one)) for one in known]
    folders: Counter[str] = Counter()
    for path in missing:
        if "*" in path or "?" in path:
            pattern, depth = path.replace("[", "[[]"), len(PurePosixPath(path).parts)
            inner = [there.parents[depth - 1] for _, there in paths if there.match(pattern)]
            folders.update({str(folder) for folder in inner})
        else:
            folders.update(one.removesuffix(f"/{path}") for one in known if one.endswith(f"/{path}"))
    return folders.most_common(1)[0] if folders else ("", 0)


def _advice(missing: Sequence[str], number: int, raw: Path, other: Collection[Path]) -> str:
    """The edit that mends most of the missing files at once; "" where each has an edit of its own."""
    if not raw.is_dir():
        return f"there is no folder {raw}; correct --raw"
    # a pattern for any depth says nothing of the folder, and would look through the whole disk
    fixed = [path for path in missing if "**" not in path]
    above = _held_above(raw, fixed)
    if 2 * above > number:
        return _folder_advice(_parent(raw), above, len(missing))
    known = listed_files(raw.resolve(), other)
    below, held = _held_below(fixed, known)
    if 2 * held > number:
        return _folder_advice(raw / below, held, len(missing))
    moved = _moved(fixed, known)
    if 2 * len(moved) > len(missing):
        return "the folder holds {1}: write path: {1} for {0}, and the others like it".format(*moved[0])
    near = sum(bool(nearest_files(path, known)) for path in missing)
    if 2 * near >= len(missing) or 4 * (number - len(missing)) > number:
        return ""  # each has its own hint, or the folder holds enough to be the right one
    return f"write --raw with the folder in which {missing[0]} stands"


def _moved(missing: Sequence[str], known: Sequence[str]) -> list[tuple[str, str]]:
    """The missing files that stand, by their names, in one other folder: as stated, and as held."""
    held: dict[str, list[PurePosixPath]] = {}
    for one in known:
        held.setdefault(PurePosixPath(one).name, []).append(PurePosixPath(one))
    moves: dict[tuple[PurePosixPath, PurePosixPath], list[tuple[str, str]]] = {}
    for path in missing:
        stated = PurePosixPath(path)
        for there in held.get(stated.name, ()):
            moves.setdefault((stated.parent, there.parent), []).append((path, str(there)))
    return max(moves.values(), key=len, default=[])


def _parent(raw: Path) -> Path:
    """The folder above, written as the user wrote the folder itself."""
    above = raw.resolve().parent
    return next((one for one in (raw.parent, Path(raw, "..")) if one.resolve() == above), above)


def _folder_advice(folder: Path, held: int, missing: int) -> str:
    share = "all of them" if held == missing else f"{held} of them"
    return f"write --raw {shlex.quote(str(folder))}, which holds {share}"
