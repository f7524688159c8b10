"""A specification and its raw files read together, so that one run tells all that is wrong with either."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sdtm_il2.check.columns import missing_columns, with_header_columns
from sdtm_il2.check.specification import Specification
from sdtm_il2.errors import Issue, SourceError
from sdtm_il2.sources import Sources, read_readable


def read_raw(found: Specification, raw: Path) -> tuple[Sources, tuple[Issue, ...]]:
    """The raw files of a specification as far as they can be read, and what is wrong with them.

    If anything is wrong, with them or with the specification, the columns that can be compared with it are compared
    all the same (SPEC140, SPEC111); else the build does so.
    """
    if found.spec is None:
        return Sources({}, raw), ()
    stated = tuple(one for one in found.spec.sources if one.name not in found.doubtful)
    sources, refused = read_readable(replace(found.spec, sources=stated), raw)
    if found.reads is None or not (refused or found.refused):
        return sources, refused
    try:
        reads = with_header_columns(found.reads, sources)
    except SourceError as error:
        return sources, (*refused, *error.issues)
    missing = missing_columns(reads, sources)
    if not found.whole:
        missing = tuple(one for one in missing if _is_column(dict(one.fields)["column"]))
    return sources, (*refused, *missing)


def _is_column(name: str) -> bool:
    """Whether a name is one of a raw file for certain, where part of the specification is not known.

    AE.AETERM may be a variable of a file that could not be read; _VISIT comes from the table of visits.
    """
    return "." not in name and not name.startswith("_")
