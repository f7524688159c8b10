"""The order of the variables: DM reads EX and EX reads DM, so domains have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from sdtm_il2.compile.names import nearest
from sdtm_il2.errors import Location, Problems
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Operand, Ref, Rule, VariableRef
from sdtm_il2.plan.model import DomainPlan, Step, VariablePlan
from sdtm_il2.plan.template import template_columns
from sdtm_il2.plan.visits import REGISTER, VISIT_COLUMNS, VISITS, VISITS_NODE, VisitsPlan

ALL_DATES = VariableRef("", "all dates")


def order_steps(
    domains: tuple[DomainPlan, ...], problems: Problems, visits: VisitsPlan | None = None
) -> tuple[tuple[Step, ...], dict[str, tuple[str, ...]]]:
    """Steps so that each comes after all that it reads; PLAN401 names a cycle, PLAN402 an unmapped variable."""
    steps: dict[str, Step] = {}
    for domain in domains:
        for kind in ("records", "submit", "order"):
            step = Step(kind, domain.domain)
            steps[step.node] = step
        for variable in domain.variables:
            if not _is_sequence(variable):
                step = Step("variable", domain.domain, variable.name)
                steps[step.node] = step
    by_name = {domain.domain: domain for domain in domains}
    if visits is not None:
        step = Step("visits", VISITS)
        steps[step.node] = step
    needs: dict[str, dict[str, None]] = {node: {} for node in steps}
    for domain in domains:
        _domain_needs(domain, by_name, needs, problems)
    if visits is not None:
        for ref, at in visits.refs():
            _need_variable(step.node, ref, "", by_name, needs, problems, "visits", at)
    graph = {node: tuple(found) for node, found in needs.items()}
    try:
        ordered = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        first = steps[cycle[0]]
        owner = by_name.get(first.domain)
        broken = owner.variable(first.variable) if owner else None
        rule = next((one for one in broken.rules if one is not None), None) if broken else None
        at = rule.at if rule else owner.at if owner else visits.at if visits else Location()
        problems.add("PLAN401", cycle[0], at, path=" needs ".join(cycle))
        return (), graph
    return tuple(steps[node] for node in ordered), graph


def collected_dates(domains: tuple[DomainPlan, ...]) -> tuple[VariableRef, ...]:
    """`all dates`: the --DTC, --STDTC and --ENDTC that come from raw columns."""
    found = []
    for domain in domains:
        names = {f"{domain.domain}{suffix}" for suffix in ("DTC", "STDTC", "ENDTC")}
        for variable in domain.variables:
            if variable.name in names and any(
                _reads_columns(rule, domain, place) for place, rule in enumerate(variable.rules)
            ):
                found.append(VariableRef(domain.domain, variable.name))
    return tuple(found)


def _reads_columns(rule: Rule | None, domain: DomainPlan, place: int) -> bool:
    block = domain.blocks[place]
    return rule is not None and any(
        isinstance(ref, ColumnRef) and not block.source_of(ref.alias)[1] for ref in rule.refs()
    )


def expand_all_dates(domains: tuple[DomainPlan, ...]) -> tuple[DomainPlan, ...]:
    """The domains with `all dates` replaced by the variables that they are."""
    dates = collected_dates(domains)

    def expand(part: Operand | BranchCall) -> tuple[Operand | BranchCall, ...]:
        if part == ALL_DATES:
            return dates
        return (expand_call(part),) if isinstance(part, Call) else (part,)

    def expand_call(call: Call) -> Call:
        return replace(call, arguments=tuple(one for part in call.arguments for one in expand(part)))

    def rule_of(rule: Rule | None) -> Rule | None:
        return replace(rule, call=expand_call(rule.call)) if rule is not None else None

    return tuple(
        replace(
            domain,
            variables=tuple(replace(one, rules=tuple(map(rule_of, one.rules))) for one in domain.variables),
        )
        for domain in domains
    )


def _is_sequence(variable: VariablePlan) -> bool:
    return any(rule is not None and rule.call.method == "sequence" for rule in variable.rules)


def _domain_needs(
    domain: DomainPlan, by_name: dict[str, DomainPlan], needs: dict[str, dict[str, None]], problems: Problems
) -> None:
    name = domain.domain
    records, submit, order = f"{name} records", f"{name} submit", f"{name} order"

    def need(node: str, ref: Ref, block: BlockPlan | None, target: str, at: Location) -> None:
        if isinstance(ref, ColumnRef):
            if block is None:
                return
            source, dataset = block.source_of(ref.alias)
            if not dataset and ref.column in VISIT_COLUMNS.values():
                needs[node][VISITS_NODE] = None
            if not dataset or (source not in by_name and source != VISITS):
                return
            for column in block.dataset_columns(ref):
                variable = VariableRef(source, column)
                _need_variable(node, variable, name, by_name, needs, problems, target, at)
            return
        _need_variable(node, ref, name, by_name, needs, problems, target, at)

    for block in domain.blocks:
        if block.dataset and block.source == VISITS:
            needs[records][VISITS_NODE] = None
        elif block.dataset and block.source in by_name:
            needs[records][f"{block.source} order"] = None
        for join in block.joins:
            if join.dataset:
                needs[records][VISITS_NODE if join.source == VISITS else f"{join.source} submit"] = None
                for _, other in join.by:
                    need(records, VariableRef(join.source, other), block, f"{name} records", join.at)
                for ref in join.where.names.values() if join.where is not None else ():
                    need(records, VariableRef(join.source, str(ref)), block, f"{name} records", join.at)
            others = {other for _, other in join.by} | set(join.where.names if join.where is not None else ())
            if not join.dataset and others & set(VISIT_COLUMNS.values()):
                needs[records][VISITS_NODE] = None
            for ref, _ in join.by:
                need(records, ref, block, f"{name} records", join.at)
        if block.where is not None:
            for ref in block.where.names.values():
                need(records, ref, block, f"{name} records", block.where.at)
        for decode in block.decode:
            for ref, _ in decode.by:
                need(records, ref, block, f"{name} records", decode.at)
        for ref, at in _test_refs(block):
            need(records, ref, block, f"{name} records", at)
        if block.submit is not None:
            for ref in block.submit.when.names.values():
                need(submit, ref, block, f"{name} submit", block.submit.at)
    needs[submit][records] = None
    if domain.submit is not None:
        for ref in domain.submit.when.names.values():
            need(submit, ref, None, f"{name} submit", domain.submit.at)
    needs[order][submit] = None
    for key in domain.sort:
        need(order, VariableRef(name, key), None, f"{name} keys", domain.at)
    for variable in domain.variables:
        if _is_sequence(variable):
            continue
        node = f"{name}.{variable.name}"
        needs[node][records] = None
        for block, rule in zip(domain.blocks, variable.rules, strict=True):
            if rule is None:
                continue
            for ref in rule.refs():
                need(node, ref, block, node, rule.at)
            if any(column in VISIT_COLUMNS.values() for _, column, _ in rule.source_columns()):
                needs[node][VISITS_NODE] = None
            if rule.call.method == "last_before":
                # a record that is not submitted cannot carry the flag
                needs[node][submit] = None
            if rule.call.method == "next":
                needs[node][order] = None
            if rule.call.method == "epoch" or rule.call.options.within:
                needs[node]["SE order"] = None


def _test_refs(block: BlockPlan) -> Iterator[tuple[Ref, Location]]:
    """What a tests table reads to make its records and results; the rules of those name no column themselves."""
    tests = block.tests
    if tests is None:
        return
    yield from ((ref, tests.at) for ref in (*tests.by, *tests.cells.values()))
    for clause in (tests.not_done, *tests.row_not_done):
        if clause is not None:
            yield from ((ref, clause.at) for ref in clause.names.values())
    for row in tests.rows:
        if tests.wide:
            yield ColumnRef("", row.column), row.at
        for text in (*row.variables.values(), row.reason):
            yield from ((ColumnRef("", column), row.at) for column in template_columns(text))
    if isinstance(tests.reason, Call):
        yield from ((ref, tests.at) for ref in Rule(tests.reason).refs())


def _need_variable(
    node: str, ref: VariableRef, domain: str, by_name: dict[str, DomainPlan], needs: dict[str, dict[str, None]],
    problems: Problems, target: str, at: Location,
) -> None:  # fmt: skip
    if ref.domain == VISITS and ref.variable in REGISTER and VISITS_NODE in needs:
        needs[node][VISITS_NODE] = None
        return
    other = by_name.get(ref.domain)
    variable = other.variable(ref.variable) if other is not None else None
    if other is None or variable is None or not variable.mapped:
        names = [one.name for one in other.variables if one.mapped] if other is not None else [*REGISTER]
        close = nearest(ref.variable, names)
        help_ = f"did you mean {ref.domain}.{close}? " if close else ""
        if ref.domain == VISITS and VISITS_NODE not in needs:
            help_ = "add visits: to study.yaml; "
        problems.add(
            "PLAN402",
            target,
            at,
            needed=str(ref),
            nearest=help_,
        )
        return
    needs[node][f"{ref.domain} order" if _is_sequence(variable) else str(ref)] = None
    if ref.domain != domain:
        # what other domains read is what is submitted
        needs[node][f"{ref.domain} submit"] = None
