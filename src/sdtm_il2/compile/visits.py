"""`visits:` becomes the plan of visits; what its sources and `_VISITS` fill comes by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from sdtm_il2.compile.names import Scope, Study
from sdtm_il2.compile.rules import DERIVED
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import Call, ColumnRef, Rule, Test, VariableRef, normal
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.visits import (
    VISIT_COLUMNS,
    VISITS,
    Anchor,
    BuiltDate,
    PlannedVisit,
    Unscheduled,
    VisitSource,
    VisitsPlan,
    Window,
)
from sdtm_il2.spec.model import BlockSpec
from sdtm_il2.spec.study import SourceSpec, UnscheduledRule, VisitRow, VisitsSpec
from sdtm_il2.standards import DatasetDef

_PREVIOUS = re.compile(r"previous\s*\+\s*([0-9]*\.?[0-9]+)")
_NUMBER_NAME = "{VISITNUM}"
#: The arm that limits rows of the table is the planned one.
_ARM = VariableRef("DM", "ARMCD")


def compile_visits(study: Study, domains: tuple[DomainPlan, ...]) -> VisitsPlan | None:
    """The plan of visits; None where the study has none. SPEC136, SPEC137, PLAN420 and PLAN421 name what is wrong."""
    spec = study.spec.visits
    if spec is None:
        _refuse(study, domains)
        return None
    anchors, rows = _rows(study, spec)
    unscheduled, column = (None, "")
    if spec.unscheduled is not None:
        unscheduled, column = _unscheduled(study, spec.unscheduled)
    windows = any(row.window is not None for row in rows)
    sources = tuple(
        found
        for one in study.spec.sources
        if one.visit is not None
        if (found := _source(study, spec, one, domains, column, windows=windows)) is not None
    )
    arm = _ARM if any(row.armcds for row in rows) else None
    return VisitsPlan(spec.table, rows, anchors, sources, unscheduled, arm, spec.at)


def _refuse(study: Study, domains: tuple[DomainPlan, ...]) -> None:
    """SPEC136: visits are named, but the study has no table of them."""
    for source in study.spec.sources:
        if source.visit is not None:
            study.problems.add(
                "SPEC136", source.name, source.visit.at, what=f"source {source.name} has visit:"
            )
    for domain in domains:
        for block in domain.blocks:
            if VISITS in (block.source, *(join.source for join in block.joins)):
                study.problems.add("SPEC136", domain.domain, block.at, what=f"records of {VISITS} are read")


# ---- the table ----------------------------------------------------------------------------------------------


def _rows(study: Study, spec: VisitsSpec) -> tuple[tuple[Anchor, ...], tuple[PlannedVisit, ...]]:
    """The anchors and the rows; the loader has checked cells, aliases, windows and that anchors are stated."""
    anchors: list[Anchor] = []
    by_epoch: dict[str, int] = {}
    scope = Scope(study, VISITS, None)
    for epoch, text in spec.anchors:
        ref = scope.variable(text.text, text.at, "visits", "anchor")
        if ref is not None:
            by_epoch[epoch] = len(anchors)
            anchors.append(Anchor(ref, epoch if _has_epoch(study, ref.domain) else "", text.at))
    return tuple(anchors), tuple(_row(one, by_epoch) for one in spec.rows)


def _has_epoch(study: Study, domain: str) -> bool:
    """Whether the anchor of a stated epoch is that of the epoch's own records: the domain's dataset has EPOCH."""
    dataset = study.standard.dataset(domain)
    return dataset is not None and dataset.variable("EPOCH") is not None


def _row(row: VisitRow, by_epoch: dict[str, int]) -> PlannedVisit:
    window = None
    anchor = by_epoch.get(row.epoch, by_epoch.get(""))
    if anchor is not None and (row.from_day or row.to_day):
        first, last = (int(day) if day else None for day in (row.from_day, row.to_day))
        window = Window(anchor, first, last)
    aliases = dict.fromkeys(normal(one) for one in (*row.aliases, row.visit))
    armcds = tuple(one.strip() for one in row.armcd.split("|") if one.strip())
    return PlannedVisit(
        row.at, Decimal(row.visitnum), row.visit, tuple(aliases), row.epoch, row.visitdy, armcds, window
    )


def _unscheduled(study: Study, rule: UnscheduledRule) -> tuple[Unscheduled, str]:
    """The rule, and the column that holds the number where one is named; SPEC137: a name of other parts."""
    step: Decimal | None = None
    found = _PREVIOUS.fullmatch(rule.number)
    if found is not None:
        step = Decimal(found[1])
    parts = tuple(rule.name.split(_NUMBER_NAME))
    if len(parts) < 2 or any(mark in part for part in parts for mark in "{}"):
        study.problems.add("SPEC137", "visits", rule.at, value=rule.name, allowed=_NUMBER_NAME)
    column = "" if found is not None or rule.number == "text" else rule.number
    return Unscheduled(step, parts, rule.when is not None, rule.at), column


# ---- sources ------------------------------------------------------------------------------------------------


def _source(
    study: Study, spec: VisitsSpec, source: SourceSpec, domains: tuple[DomainPlan, ...], column: str, *, windows: bool
) -> VisitSource | None:  # fmt: skip
    rule = source.visit
    assert rule is not None
    if source.subject is None:
        study.problems.add("PLAN421", source.name, rule.at, source=source.name)
        return None
    if rule.date and not source.dates.formats:
        study.problems.add("SPEC115", source.name, rule.at, source=source.name, column=rule.date)
        return None
    if not rule.texts and not windows:
        study.problems.add("PLAN420", source.name, rule.at, source=source.name, table=spec.table)
    when: Test | None = None
    if spec.unscheduled is not None and spec.unscheduled.when is not None:
        scope = Scope(study, VISITS, BlockSpec("", source.name))
        when = scope.raw_test(spec.unscheduled.when, spec.unscheduled.at, "visits", "unscheduled")
    dates = source.dates
    built = () if rule.date else _built_dates(source.name, domains)
    return VisitSource(
        source.name, rule.texts, rule.date, dates.formats, dates.unknown, dates.pivot, when, column, built, rule.at
    )  # fmt: skip


def _built_dates(source: str, domains: tuple[DomainPlan, ...]) -> tuple[BuiltDate, ...]:
    """The collected --DTC of the records that blocks make of a source, one raw record each."""
    found = []
    for domain in domains:
        variable = domain.variable(f"{domain.domain}DTC")
        if variable is None:
            continue
        for place, (block, rule) in enumerate(zip(domain.blocks, variable.rules, strict=True)):
            if rule is None or block.dataset or block.source != source or block.group is not None:
                continue
            refs = [ref for ref in rule.refs() if isinstance(ref, ColumnRef)]
            if any(not block.source_of(ref.alias)[1] for ref in refs):
                found.append(BuiltDate(domain.domain, place, variable.name))
    return tuple(found)


# ---- variables that come by themselves -------------------------------------------------------------------------


#: What the sponsor numbers and names, in the plan of visits as in the records of a visit.
NAMED_VISITS = ("VISITNUM", "VISIT")


@dataclass(frozen=True, slots=True)
class _Filled:
    """What fills a variable by itself: the column that holds it, and its origin."""

    column: str
    origin: str


def visit_variables(study: Study, domain: str, dataset: DatasetDef, block: BlockPlan) -> dict[str, Rule]:
    """VISITNUM, VISIT and VISITDY of records that have a visit; of `_VISITS` its first and last date too."""
    spec = study.spec.visits
    if spec is None:
        return {}
    assigned, protocol = "Assigned by Sponsor", "Protocol by Sponsor"
    if block.dataset and block.source == VISITS:
        found = {
            "VISITNUM": _Filled("VISITNUM", assigned),
            "VISIT": _Filled("VISIT", assigned),
            "VISITDY": _Filled("VISITDY", protocol),
            f"{domain}STDTC": _Filled("first", DERIVED),
            f"{domain}ENDTC": _Filled("last", DERIVED),
        }
    else:
        source = study.sources.get(block.source)
        if block.dataset or source is None or source.visit is None:
            return {}
        found = {
            "VISITNUM": _Filled(VISIT_COLUMNS["VISITNUM"], assigned),
            "VISIT": _Filled(VISIT_COLUMNS["VISIT"], assigned),
            "VISITDY": _Filled(VISIT_COLUMNS["VISITDY"], protocol),
        }
    if not any(row.visitdy for row in spec.rows):
        del found["VISITDY"]
    return {
        name: Rule(Call("visit", (ColumnRef("", one.column),), at=spec.at), origin=one.origin, at=spec.at)
        for name, one in found.items()
        if dataset.variable(name) is not None
    }
