"""Raw files to records of text, each with its file, its line, its subject and its fate."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sdtm_il2.sources.model import DISCARDED, NO_SUBJECT, OPEN, SUPERSEDED, Source, Sources
    from sdtm_il2.sources.read import read_readable, read_sources
    from sdtm_il2.sources.text import RawTable, read_text

__all__ = [
    "DISCARDED",
    "NO_SUBJECT",
    "OPEN",
    "SUPERSEDED",
    "RawTable",
    "Source",
    "Sources",
    "read_readable",
    "read_sources",
    "read_text",
]

#: The file of each name: who wants the reader of one kind of file does not load all that a study needs.
_FILES: Final = {
    **dict.fromkeys(("DISCARDED", "NO_SUBJECT", "OPEN", "SUPERSEDED", "Source", "Sources"), "model"),
    **dict.fromkeys(("read_readable", "read_sources"), "read"),
    "RawTable": "text",
    "read_text": "text",
}


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
