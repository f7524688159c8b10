"""`split:` of a domain: the datasets in which it is submitted, as the standard allows it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sdtm_il2.compile.names import Study, nearest
from sdtm_il2.errors import Location
from sdtm_il2.plan.model import SplitPlan, VariablePlan
from sdtm_il2.spec.model import DomainSpec


def compile_split(study: Study, spec: DomainSpec, variables: Iterable[VariablePlan]) -> SplitPlan | None:
    """A domain may be split into datasets by --CAT, findings about also by FAOBJ (SDTMIG 3.4, dataset naming).

    The datasets are named by the domain and one or two characters more; --SEQ counts through all of them. SPEC139:
    another variable, a single dataset, a name that does not fit or is taken, a value that stands twice.
    """
    if spec.split is None:
        return None
    domain, by = spec.domain, spec.split.by
    allowed = [f"{domain}CAT", *(["FAOBJ"] if domain == "FA" else [])]
    held = [one.name for one in variables if one.supplemental is None and one.mapped]
    before = len(study.problems.found)

    def fault(words: str, hint: str, at: Location = by.at) -> None:
        study.problems.add("SPEC139", domain, at, fault=words, hint=hint)

    if by.text not in allowed:
        fault(f"by: {by.text} is not {' or '.join(allowed)}", f"write by: {allowed[0]}")
    elif by.text not in held:
        close = nearest(by.text, held)
        fault(f"nothing maps {by.text}", f"map {by.text}" + (f", or did you mean {close}?" if close else ""))
    if len(spec.split.parts) < 2:
        fault("a split has two datasets or more", "name the others, or remove split:", spec.split.parts[0].at)
    others = {one.domain for one in study.spec.domains} | {one.domain for one in study.spec.tables}
    place_of: dict[str, int] = {}
    for place, part in enumerate(spec.split.parts):
        # a part SUPP of SU would be read as qualifiers
        if not re.fullmatch(rf"{domain}[A-Z0-9]{{1,2}}", part.name) or part.name == "SUPP":
            fault(
                f"{part.name} is no name of a part of {domain}", f"write {domain} and one or two characters more",
                part.at,
            )  # fmt: skip
        elif part.name in others:
            fault(f"{part.name} is a domain of the study", "take another name", part.at)
        for value in part.values:
            if value.text in place_of:
                other = spec.split.parts[place_of[value.text]].name
                both = f"in {other} and in {part.name}" if other != part.name else f"twice in {other}"
                fault(f"'{value.text}' stands {both}", "remove one of them", value.at)
            place_of.setdefault(value.text, place)
    if len(study.problems.found) > before:
        return None
    return SplitPlan(by.text, tuple((one.name, one.label) for one in spec.split.parts), place_of, by.at)
