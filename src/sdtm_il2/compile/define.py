"""What define/study.yaml says, tied to the plan: value levels, comments by their id, pages of the annotated CRF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sdtm_il2.compile.names import Study, nearest
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import ColumnRef, Rule
from sdtm_il2.plan.model import DocumentPlan, DomainPlan
from sdtm_il2.spec.model import Text, VariableSpec
from sdtm_il2.spec.study import ValueLevelSpec

#: Origins of what stands on a page of the CRF.
_RECORDED = ("Collected by Investigator", "Collected by Subject")


def compile_documents(study: Study) -> tuple[DocumentPlan, ...]:
    """The files that go beside define.xml, with the place that they are copied from."""
    return tuple(
        DocumentPlan(one.id, one.title, study.spec.folder / one.file, one.target, one.type)
        for one in study.spec.documents
    )


def annotated(study: Study) -> bool:
    """Whether the study has an annotated CRF, to which pages can refer."""
    return any(one.type == "acrf" for one in study.spec.documents)


def comment_name(spec: VariableSpec) -> str:
    """The comment of define/study.yaml that a line may name; "" where it says its own in two languages."""
    return "" if spec.comment.zh else spec.comment.en


def check_comments(study: Study) -> None:
    """SPEC149 (warning): a comment that no line names; SPEC146 (warning): pages of a CRF that is not there."""
    lines = tuple(variable_lines(study, every_version=True))
    named = {comment_name(one) for one in lines}
    for name, comment in study.spec.comments.items():
        if name not in named:
            close = nearest(name, [one for one in named if one and " " not in one])
            near = f"comment: {close} stands in the mapping; " if close else ""
            study.problems.add("SPEC149", "", comment.at, name=name, near=near)
    paged = [one.at for one in lines if one.crf] + [one.at for one in study.spec.sources if one.crf]
    if paged and not annotated(study):
        study.problems.add("SPEC146", "", paged[0], count=len(paged))


def with_pages(study: Study, domains: tuple[DomainPlan, ...]) -> tuple[DomainPlan, ...]:
    """What was recorded on a form gets the pages of the form (`crf:` of its source), unless its line names others."""
    pages = {name: one.crf for name, one in study.sources.items() if one.crf}
    if not pages or not annotated(study):
        return domains
    return tuple(
        replace(
            domain,
            variables=tuple(
                replace(
                    one,
                    rules=tuple(
                        _paged(rule, block, pages) if rule is not None else None
                        for rule, block in zip(one.rules, domain.blocks, strict=True)
                    ),
                )
                for one in domain.variables
            ),
        )
        for domain in domains
    )


def _paged(rule: Rule, block: BlockPlan, pages: Mapping[str, str]) -> Rule:
    if rule.crf or rule.origin not in _RECORDED:
        return rule
    columns = [one for one in rule.refs() if isinstance(one, ColumnRef)]
    # the collected results of a tests table read the cells of their block
    read = dict.fromkeys(source for one in columns for source, _ in block.raw_columns(one)) or {
        block.source: None
    }
    found = dict.fromkeys(page for source in read for page in pages.get(source, "").split())
    return replace(rule, crf=" ".join(found)) if found else rule


def variable_lines(study: Study, *, every_version: bool) -> Iterator[VariableSpec]:
    """The lines of variables in the domains of this build, of this version of the guide or of all that they serve."""

    def meant(ig: tuple[str, ...]) -> bool:
        return every_version or study.applies(ig)

    yield from (one for one in study.spec.derive if meant(one.ig))
    for domain in study.domains.values():
        yield from (one for one in domain.variables if meant(one.ig))
        for block in domain.records:
            yield from (one for one in block.variables if meant(block.ig) and meant(one.ig))


def with_value_levels(study: Study, domains: tuple[DomainPlan, ...]) -> tuple[DomainPlan, ...]:
    """The domains with the value levels that define/study.yaml states; SPEC145 for names that are not there."""
    by_name = {one.domain: one for one in domains}
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for level in study.spec.value_levels:
        domain, dot, variable = level.variable.text.partition(".")
        plan = by_name.get(domain)
        if plan is None or not dot:
            other = "" if plan else nearest(domain, by_name)
            _unknown(study, level.variable, f"did you mean {other}.{variable}? " if other else "", "")
            continue
        known = {one.name for one in plan.variables if one.supplemental is None}
        names = _names(level, domain)
        unknown = [one for one in ((Text(variable, level.variable.at)), *names) if one.text not in known]
        for one in unknown:
            close = nearest(one.text, sorted(known))
            _unknown(study, one, f"did you mean {close}? " if close else "", f" of {domain}")
        if not unknown:
            found.setdefault(domain, []).append((variable, tuple(one.text for one in names)))
    return tuple(
        replace(one, value_levels=tuple(found[one.domain])) if one.domain in found else one for one in domains
    )


def _names(level: ValueLevelSpec, domain: str) -> tuple[Text, ...]:
    """The variables of `by:`; ``LB.LBSPEC`` is LBSPEC of the same dataset."""
    return tuple(replace(one, text=one.text.removeprefix(f"{domain}.")) for one in level.by)


def _unknown(study: Study, name: Text, near: str, where: str) -> None:
    study.problems.add("SPEC145", "", name.at, name=name.text, near=near, where=where)
