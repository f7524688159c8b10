"""What one build chooses otherwise than the study file: agency, implementation guide, terminology."""

from __future__ import annotations

from dataclasses import replace

from sdtm_il2.agency import AGENCIES
from sdtm_il2.errors import NOWHERE, SpecError, issue
from sdtm_il2.spec.schema import nearest
from sdtm_il2.spec.study import Choice, StudySpec


def choose(spec: StudySpec, *, agency: str = "", ig: str = "", ct: str = "") -> StudySpec:
    """The specification as one build takes it: what is given here counts, "" leaves what the study file states.

    The encoding that the study file states holds for its own agency only. A `Choice` tells what was replaced by
    what; a choice of what is stated anyhow is none. Raises SpecError SPEC184 for an agency that is not known; that
    a release is known is seen when the standard is loaded.
    """
    known = [name for name in AGENCIES if name]
    if agency and agency not in known:
        raise SpecError(
            issue(
                "SPEC184", key="agency", value=agency, allowed=" | ".join(known), near=nearest(agency, known)
            )
        )
    choices = [
        Choice(key, stated, chosen)
        for key, stated, chosen in (
            ("agency", spec.agency, agency),
            ("ig", spec.standard.ig, ig),
            ("ct", spec.standard.ct, ct),
        )
        if chosen and _release(chosen) != _release(stated)
    ]
    taken = {one.key: one.chosen for one in choices}
    standard = spec.standard
    if "ig" in taken or "ct" in taken:
        standard = replace(
            standard, ig=taken.get("ig", standard.ig), ct=taken.get("ct", standard.ct), at=NOWHERE
        )
    return replace(
        spec,
        standard=standard,
        agency=taken.get("agency", spec.agency),
        agency_encoding="" if "agency" in taken else spec.agency_encoding,
        choices=tuple(choices),
    )


def _release(name: str) -> str:
    """A release without what may stand before its version: ``SDTMIG 3.3`` is 3.3."""
    return name.casefold().removeprefix("sdtmig").removeprefix("sdtm ct").strip()
