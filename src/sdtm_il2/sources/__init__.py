"""Raw files to records of text, each with its file, its line, its subject and its fate."""

from sdtm_il2.sources.model import DISCARDED, NO_SUBJECT, OPEN, SUPERSEDED, Source, Sources
from sdtm_il2.sources.read import read_sources
from sdtm_il2.sources.text import RawTable, read_text

__all__ = [
    "DISCARDED",
    "NO_SUBJECT",
    "OPEN",
    "SUPERSEDED",
    "RawTable",
    "Source",
    "Sources",
    "read_sources",
    "read_text",
]
