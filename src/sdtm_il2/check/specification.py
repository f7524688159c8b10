"""A specification loaded and compiled as far as it can be; no raw file is read, and no library of data loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sdtm_il2.compile import columns_read, compile_plan
from sdtm_il2.errors import Issue, SdtmError
from sdtm_il2.plan.model import Plan
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
