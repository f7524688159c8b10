"""Comments and relationships: what the specification says of CO and RELREC."""

from __future__ import annotations

from dataclasses import replace

from sdtm_il2.compile.names import Study
from sdtm_il2.plan.calls import Call, ColumnRef, Literal, Operand, VariableRef
from sdtm_il2.plan.model import DomainPlan, RelationshipPlan
from sdtm_il2.plan.template import parse_template
from sdtm_il2.spec.model import BlockSpec, CommentsSpec, DomainSpec, MethodCall, Text, VariableSpec
from sdtm_il2.spec.study import RelationshipSpec
from sdtm_il2.where import Clause, Condition

CO = "CO"


def with_comments(domains: list[DomainSpec]) -> list[DomainSpec]:
    """`comments:` of all domains as blocks of CO, after those of the study's own CO file if there is one.

    A comment is tied to the record that is made of the same raw record (IDVAR, IDVARVAL), if there is just one;
    else it is a comment on the subject in that domain.
    """
    blocks = tuple(_block(domain, one) for domain in domains for one in domain.comments)
    if not blocks:
        return domains
    at = blocks[0].at
    keys = ("STUDYID", "USUBJID", "RDOMAIN", "IDVARVAL", "COVAL")
    own = next((domain for domain in domains if domain.domain == CO), None)
    if own is not None:
        return [replace(one, records=(*one.records, *blocks)) if one is own else one for one in domains]
    return [*domains, DomainSpec(CO, at.file, tuple(Text(key, at) for key in keys), blocks, at=at)]


def _block(domain: DomainSpec, spec: CommentsSpec) -> BlockSpec:
    def line(name: str, method: str, *arguments: str) -> VariableSpec:
        texts = tuple(Text(one, spec.at) for one in arguments)
        return VariableSpec(name, MethodCall(method, texts, at=spec.at), at=spec.at)

    lines = [
        line("RDOMAIN", "hardcode", domain.domain),
        line("IDVAR", "record_variable", domain.domain),
        line("IDVARVAL", "record_number", domain.domain),
        line("COVAL", "assign", spec.text),
    ]
    if spec.date:
        lines.append(line("CODTC", "datetime", spec.date))
    filled = Clause((Condition(spec.text, "FILLED", at=spec.at),))
    return BlockSpec(
        f"{domain.domain}-{spec.source}", spec.source, where=filled, variables=tuple(lines), at=spec.at
    )


def compile_relationships(study: Study, domains: tuple[DomainPlan, ...]) -> tuple[RelationshipPlan, ...]:
    """`relationships:` with names resolved; SPEC117 and SPEC157 name what does not exist."""
    plans = {domain.domain: domain for domain in domains}
    found = []
    for number, spec in enumerate(study.spec.relationships, 1):
        plan = _datasets(study, spec, plans) if spec.datasets else _records(study, spec, plans, number)
        if plan is not None:
            found.append(plan)
    return tuple(found)


def _datasets(study: Study, spec: RelationshipSpec, plans: dict[str, DomainPlan]) -> RelationshipPlan | None:
    names = [spec.by.replace("--", domain) for domain in spec.datasets]
    for domain, name in zip(spec.datasets, names, strict=True):
        known = plans[domain].variable(name) if domain in plans else None
        if known is None or not known.mapped:
            study.problems.add("SPEC157", "RELREC", spec.at, variable=f"{domain}.{name}")
            return None
    return RelationshipPlan(
        datasets=tuple(zip(spec.datasets, names, spec.types, strict=True)),
        relid=spec.id or "".join(spec.datasets),
        at=spec.at,
    )


def _records(
    study: Study, spec: RelationshipSpec, plans: dict[str, DomainPlan], number: int
) -> RelationshipPlan | None:
    target, _, variable = spec.to.partition(".")
    missing = [
        name
        for name, known in (
            (spec.from_, spec.from_ in plans),
            (f"{spec.from_}SEQ", spec.from_ in plans and plans[spec.from_].variable(f"{spec.from_}SEQ")),
            (spec.to, target in plans and plans[target].variable(variable)),
            (f"{target}SEQ", target in plans and plans[target].variable(f"{target}SEQ")),
        )
        if not known
    ]
    if missing:
        study.problems.add("SPEC157", "RELREC", spec.at, variable=missing[0])
        return None
    parts: list[Operand] = []
    for part in parse_template(spec.id or f"R{number}-{{{spec.column}}}"):
        if not part.column:
            parts.append(Literal(part.text, spec.at))
            continue
        ref = ColumnRef("", part.column)
        parts.append(
            Call("characters", (ref, Literal(str(part.first)), Literal(str(part.last))))
            if part.first
            else ref
        )
    return RelationshipPlan(
        spec.from_, ColumnRef("", spec.column), VariableRef(target, variable), tuple(parts), at=spec.at
    )
