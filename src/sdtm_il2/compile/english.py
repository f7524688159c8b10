"""Labels as the agency takes them: in its language, within 40 bytes of its encoding."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sdtm_il2.agency import AGENCIES, LABEL_BYTES, byte_length, without_pair
from sdtm_il2.compile.names import Study, nearest
from sdtm_il2.errors import Location
from sdtm_il2.plan.model import DomainPlan, SplitPlan, VariablePlan
from sdtm_il2.spec.study import TranslationRow


@dataclass(slots=True)
class Labels:
    """The labels of a study while they are compiled: the rows that translate, and how often each one did."""

    study: Study
    rows: tuple[TranslationRow, ...]
    used: dict[int, int] = field(default_factory=dict)

    def english(self, text: str) -> str:
        """A label or term by the row that is not limited to a variable; the text itself if there is none."""
        if text.isascii():
            return text
        for number, row in enumerate(self.rows):
            if not row.variable and row.text == text.strip():
                self.used[number] = self.used.get(number, 0) + 1
                return row.en
        return text

    def checked(self, text: str, target: str, at: Location, encoding: str, too_long: str = "SPEC118") -> str:
        """A label as the agency takes it: SPEC117 (not ASCII), SPEC118 or SPEC128 (too long), SPEC158 (pairs)."""
        agency = AGENCIES[self.study.spec.agency]
        label = self.english(text) if agency.english else text
        problems = self.study.problems
        if agency.english and not label.isascii():
            problems.add("SPEC117", target, at, values=[(label, 1)])
        elif (number := byte_length(label, encoding)) > LABEL_BYTES:
            problems.add(too_long, target, at, number=number)
        elif agency.plain_labels and (mark := without_pair(label)):
            problems.add("SPEC158", target, at, agency=agency.title, mark=mark)
        return label


def english_labels(study: Study, domains: tuple[DomainPlan, ...]) -> tuple[tuple[DomainPlan, ...], Labels]:
    """The domains with the labels that their files bear; also checks the variables that `translations:` names.

    Where the agency reads English, a label of another language is translated by the rows without `variable`.
    Problems: SPEC118, SPEC128, SPEC117, SPEC158, SPEC126.
    """
    agency = AGENCIES[study.spec.agency]
    labels = Labels(study, study.spec.translations if agency.english else ())
    encoding = study.spec.encoding
    found = []
    for domain in domains:
        variables = tuple(_variable(labels, domain.domain, one, encoding) for one in domain.variables)
        label = labels.checked(domain.label, domain.domain, domain.at, encoding)
        split = _split(labels, domain, encoding)
        found.append(replace(domain, label=label, variables=variables, split=split))
    _check_variables(study, domains)
    return tuple(found), labels


def _split(labels: Labels, domain: DomainPlan, encoding: str) -> SplitPlan | None:
    """The datasets of a split with their own labels; one that states none has that of the domain."""
    stated = labels.study.domains[domain.domain].split if domain.split is not None else None
    if domain.split is None or stated is None:
        return None
    datasets = tuple(
        (one.name, labels.checked(one.label, one.name, one.at, encoding)) for one in stated.parts
    )
    return replace(domain.split, datasets=datasets)


def _variable(labels: Labels, domain: str, variable: VariablePlan, encoding: str) -> VariablePlan:
    target = f"{domain}.{variable.name}"
    extra = variable.supplemental
    if extra is None:
        return replace(variable, label=labels.checked(variable.label, target, variable.at, encoding))
    label = labels.checked(extra.label, target, variable.at, encoding, "SPEC128")
    evaluator = labels.english(extra.evaluator)
    return replace(variable, label=label, supplemental=replace(extra, label=label, evaluator=evaluator))


def _check_variables(study: Study, domains: tuple[DomainPlan, ...]) -> None:
    """SPEC126: a row is limited to a variable that the study does not have, whatever the release of the build."""
    known = {f"{domain.domain}.{one.name}" for domain in domains for one in domain.variables}
    for spec in study.domains.values():
        lines = [*spec.variables, *(line for block in spec.records for line in block.variables)]
        known |= {f"{spec.domain}.{line.name}" for line in lines}
    known.add("RELREC.RELID")
    compiled = {domain.domain for domain in domains}
    for row in study.spec.translations:
        if not row.variable or row.variable in known:
            continue
        domain = row.variable.partition(".")[0]
        if domain in study.domains and domain not in compiled:
            continue  # a domain of another release: its variables are not known here
        near = nearest(row.variable, known)
        study.problems.add(
            "SPEC126", row.variable, row.at, nearest=f"did you mean {near}? or " if near else ""
        )
