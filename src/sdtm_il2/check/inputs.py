"""A specification and its raw files read together, so that one run tells all that is wrong with either."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sdtm_il2.check.columns import missing_columns, with_header_columns
from sdtm_il2.compile import columns_read, compile_plan
from sdtm_il2.errors import Issue, SdtmError, SourceError
from sdtm_il2.plan.model import Plan
from sdtm_il2.sources import Sources, read_readable
from sdtm_il2.spec import choose, load_readable
from sdtm_il2.spec.study import StudySpec
from sdtm_il2.standards import Standard, load_standard


@dataclass(frozen=True, slots=True, eq=False)
class Specification:
    """A specification, the standard that it follows and its plan, as far as they can be made.

    ``refused`` is why they cannot; where it is empty, nothing is missing. ``reads`` is what is known of the columns
    that the specification reads, ``doubtful`` the sources that cannot be read as they are stated. ``whole``: every
    file of it could be read.
    """

    spec: StudySpec | None
    standard: Standard | None = None
    plan: Plan | None = None
    reads: Plan | None = None
    refused: tuple[Issue, ...] = ()
    doubtful: frozenset[str] = frozenset()
    whole: bool = True


def load_specification(path: Path | str, *, agency: str = "", ig: str = "", ct: str = "") -> Specification:
    """Load and compile a specification with what this run chooses; what is wrong with it is told, and never raised.

    >>> found = load_specification("no/such/study")
    >>> found.spec, [one.code for one in found.refused]
    (None, ['SPEC100'])
    """
    read = load_readable(path)
    if read.spec is None:
        return Specification(None, refused=read.issues)
    spec = choose(read.spec, agency=agency, ig=ig, ct=ct)
    found = Specification(spec, refused=read.issues, doubtful=read.doubtful, whole=not read.issues)
    if not spec.standard.ig:
        return found
    try:
        standard = load_standard(
            spec.standard.ig, spec.standard.ct, spec.folder / "standards", at=spec.standard.at
        )
    except SdtmError as error:
        return replace(found, refused=(*found.refused, *error.issues))
    found = replace(found, standard=standard)
    if not found.whole:
        # what else is wrong with the parts that are left may only follow from those that are not
        return replace(found, reads=columns_read(spec, standard))
    try:
        plan = compile_plan(spec, standard)
    except SdtmError as error:
        return replace(found, reads=columns_read(spec, standard), refused=error.issues)
    return replace(found, plan=plan, reads=plan)


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
