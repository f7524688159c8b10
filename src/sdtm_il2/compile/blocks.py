"""A block of `records:` becomes a block of the plan: sources, joins, clauses, tests table."""

from __future__ import annotations

import re
from dataclasses import replace

from sdtm_il2.compile.names import Scope, Study, nearest
from sdtm_il2.compile.rules import compile_rule, template_operands
from sdtm_il2.compile.terms import bind, check_literal
from sdtm_il2.errors import Location
from sdtm_il2.plan.blocks import BlockPlan, DecodePlan, EachPlan, GroupPlan, JoinPlan, SubmitPlan, TestsPlan
from sdtm_il2.plan.calls import Call, ColumnRef, Literal, Operand, TermMap
from sdtm_il2.plan.template import template_columns
from sdtm_il2.spec.model import (
    BlockSpec,
    DomainSpec,
    EachSpec,
    MethodCall,
    SubmitSpec,
    TestsSpec,
    Text,
    VariableSpec,
)
from sdtm_il2.standards import DatasetDef

_RANGE = re.compile(r"(.*?)(\d+)-(.*?)(\d+)")
_CELLS = ("result", "unit", "low", "high", "range", "indicator")


def compile_block(
    study: Study, domain: DomainSpec, dataset: DatasetDef, block: BlockSpec
) -> BlockPlan | None:
    """The block with names resolved; None where its source is unknown (reported)."""
    scope = Scope(study, domain.domain, block)
    if not scope.from_table() and not _exists(study, domain.domain, block.from_, block.at):
        return None
    is_dataset = block.from_ in study.datasets or scope.from_table()
    target = f"{domain.domain} records"
    joins: list[JoinPlan] = []
    for join in block.join:
        if not _exists(study, domain.domain, join.source, join.at):
            continue
        by = tuple((scope.resolve(own), other) for own, other in join.by)
        where = Scope(study, domain.domain, None).test(join.where, join.at, bare=True) if join.where else None
        joins.append(
            JoinPlan(
                join.alias, join.source, join.source in study.datasets, by, join.cardinality, where, join.at
            )
        )
    where = None
    if block.where is not None:
        if is_dataset:
            where = scope.test(block.where, block.at, bare=not block.join)
        else:
            where = scope.raw_test(block.where, block.at, target, "where")
    decode = tuple(
        DecodePlan(
            one.table,
            tuple((scope.resolve(own), header) for own, header in one.by),
            one.headers,
            one.rows,
            one.at,
            one.lines,
        )
        for one in block.decode
    )
    tests = _tests(scope, dataset, block.tests) if block.tests is not None else None
    group = None
    if block.group is not None:
        keys = tuple(ColumnRef("", name) for name in block.group.by)
        group = GroupPlan(keys, block.group.take, block.group.at)
    return BlockPlan(
        block.id, block.from_, is_dataset, tuple(joins), where, decode, tests,
        compile_submit(scope, block.submit), block.at, _each(scope, block.each), group,
    )  # fmt: skip


def _each(scope: Scope, specs: tuple[EachSpec, ...]) -> tuple[EachPlan, ...]:
    """`each` with ranges of columns written out; lists of different lengths are SPEC134."""
    plans: list[EachPlan] = []
    for spec in specs:
        columns = expand_range(spec.columns)
        written = "" if columns == spec.columns else spec.columns[0]
        plans.append(EachPlan(spec.name, columns, spec.at, written))
    # a range may turn out to be one column of the file: only its header tells
    possible = [{len(one.columns), *([1] if one.written else [])} for one in plans]
    if plans and not set.intersection(*possible):
        for one in plans[1:]:
            if len(one.columns) != len(plans[0].columns):
                scope.study.problems.add(
                    "SPEC134", f"{scope.domain} records", one.at, name=one.name, number=len(one.columns),
                    other=plans[0].name, expected=len(plans[0].columns),
                )  # fmt: skip
    return tuple(plans)


def expand_range(columns: tuple[str, ...]) -> tuple[str, ...]:
    """``DOSE1-DOSE3`` as DOSE1, DOSE2, DOSE3; a list stays as it is.

    >>> expand_range(("DOSE9-DOSE11",))
    ('DOSE9', 'DOSE10', 'DOSE11')
    """
    if len(columns) != 1:
        return columns
    found = _RANGE.fullmatch(columns[0])
    if found is None or found[1] != found[3] or int(found[2]) > int(found[4]):
        return columns
    width = len(found[2]) if found[2].startswith("0") else 0
    return tuple(f"{found[1]}{number:0{width}d}" for number in range(int(found[2]), int(found[4]) + 1))


def compile_submit(scope: Scope, submit: SubmitSpec | None) -> SubmitPlan | None:
    """`submit:` of a block or domain."""
    if submit is None:
        return None
    return SubmitPlan(scope.test(submit.when, submit.at), submit.reason, submit.at)


def _exists(study: Study, domain: str, name: str, at: Location) -> bool:
    if name in study.sources or name in study.datasets:
        return True
    known = [*study.sources, *study.domains]
    close = nearest(name, known)
    study.problems.add(
        "SPEC178", domain, at, key="from", name=name, what="a source of study.yaml nor a domain of this study",
        help=f"did you mean '{close}'?" if close else f"sources are {', '.join(study.sources)}",
    )  # fmt: skip
    return False


def _tests(scope: Scope, dataset: DatasetDef, spec: TestsSpec) -> TestsPlan:
    study, domain = scope.study, scope.domain
    by = tuple(ColumnRef("", name) for name in spec.by)
    rows, elsewhere, discarded = [], set(), {}
    for row in spec.rows:
        if not study.applies(row.ig):
            continue
        if row.domain in ("", domain):
            rows.append(row)
        elif row.domain == "-":
            discarded[row.by if spec.by else (row.column,)] = row.note or f"{row.at}: domain -"
        else:
            elsewhere.add(row.by if spec.by else (row.column,))
    cells = {name: ColumnRef("", getattr(spec, name)) for name in _CELLS if getattr(spec, name)}
    cells |= {f"standard {name}": ColumnRef("", column) for name, column in spec.standard.items()}
    terms: dict[str, TermMap] = {}
    names = {name for row in rows for name in row.variables}
    for name in sorted(names):
        known = dataset.variable(name) or study.standard.variable(domain, name)
        if known is None:
            close = nearest(name, [one.name for one in study.variables(dataset)])
            study.problems.add(
                "SPEC122",
                f"{domain}.{name}",
                spec.at,
                header=name,
                nearest=f"; did you mean {close}?" if close else "",
            )
            kept = [{key: text for key, text in row.variables.items() if key != name} for row in rows]
            rows = [replace(row, variables=texts) for row, texts in zip(rows, kept, strict=True)]
            continue
        binding = bind(study, f"{domain}.{name}", None, known)
        for place, row in enumerate(rows):
            text = row.variables.get(name, "")
            if template_columns(text):
                if binding.terms is not None:
                    terms[name] = binding.terms  # what a column holds passes the list as any collected text
            elif text:
                term = check_literal(study, f"{domain}.{name}", text, binding, row.at, code="SPEC123")
                rows[place] = replace(row, variables={**row.variables, name: term})
    for row in rows:
        if row.terms and row.terms not in terms:
            named = VariableSpec(f"{domain}STRESC", None, codelist=row.terms, at=row.at)
            bound = bind(study, f"{domain}.{domain}STRESC", named, None)
            if bound.terms is not None:
                terms[row.terms] = bound.terms
    unit = dataset.variable(f"{domain}ORRESU")
    if unit is not None:
        binding = bind(study, f"{domain}.{domain}ORRESU", None, unit)
        if binding.terms is not None:
            terms[":unit"] = binding.terms
    indicator = dataset.variable(f"{domain}NRIND")
    if "indicator" in cells and indicator is not None:
        binding = bind(study, f"{domain}.{domain}NRIND", None, indicator)
        if binding.terms is not None:
            terms[":indicator"] = binding.terms
    target = f"{domain} tests"
    row_not_done = tuple(
        scope.raw_test(row.not_done, row.at, target, "not_done") if row.not_done else None for row in rows
    )
    reasons = tuple(_row_reason(scope, row.reason, row.at) for row in rows)
    not_done = scope.raw_test(spec.not_done, spec.at, target, "not_done") if spec.not_done else None
    return TestsPlan(
        spec.table, tuple(rows), by, frozenset(elsewhere), discarded, cells, terms, spec.units, not_done,
        row_not_done if any(row_not_done) else (), _reason(scope, dataset, spec.reason),
        reasons if any(reasons) else (), spec.at, spec.ranges,
    )  # fmt: skip


def _row_reason(scope: Scope, reason: str, at: Location) -> Operand | None:
    if not reason:
        return None
    if not template_columns(reason):
        return Literal(reason, at)
    return Call("template", template_operands(scope, Text(reason, at)), at=at)


def _reason(scope: Scope, dataset: DatasetDef, reason: MethodCall | None) -> Operand | None:
    if reason is None:
        return None
    spec = VariableSpec(f"{scope.domain}REASND", reason, at=reason.at)
    rule = compile_rule(scope, spec, dataset.variable(spec.name))
    return rule.call if rule is not None else None
