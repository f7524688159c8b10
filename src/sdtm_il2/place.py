"""Files that take their places together when all are complete, or not at all."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO


@dataclass(slots=True, eq=False)
class Part:
    """A file on its way: ``stream`` writes beside ``path``, which may be changed until it takes its place."""

    path: Path
    beside: Path
    stream: BinaryIO


@dataclass(slots=True)
class Replacing:
    """A failure leaves the old files whole: new ones are written beside their places, synced, then renamed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Replacing() as files:
    ...         _ = files.open(Path(folder, "a.txt")).stream.write(b"new")
    ...     Path(folder, "a.txt").read_bytes()
    b'new'
    """

    parts: list[Part] = field(default_factory=list)

    def open(self, path: Path) -> Part:
        """Begin a file; a link stays a link, and the file that it points to is replaced."""
        path = Path(os.path.realpath(path))
        beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
        try:
            part = Part(path, beside, beside.open("xb"))
        except OSError as error:
            error.filename = str(path)  # the name that the caller knows
            raise
        self.parts.append(part)
        return part

    def __enter__(self) -> Replacing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for part in self.parts:
                if kind is None:
                    part.stream.flush()
                    os.fsync(part.stream.fileno())
                part.stream.close()
            if kind is None:
                for part in self.parts:
                    part.beside.replace(part.path)
        finally:
            for part in self.parts:
                part.stream.close()
                part.beside.unlink(missing_ok=True)
        if kind is None and os.name == "posix":
            for folder in {part.path.parent for part in self.parts}:
                handle = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)


def write_whole(path: Path, content: bytes) -> None:
    """Write one file at once or not at all; OSError leaves the old file whole."""
    with Replacing() as files:
        files.open(path).stream.write(content)
