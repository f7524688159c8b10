"""The plan as `trace` reads it: for each variable and block what its rule reads, and what it chooses between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from sdtm_il2.build import Build
from sdtm_il2.errors import Location
from sdtm_il2.lineage import BLOCK, TEST
from sdtm_il2.methods.conversion import conversion
from sdtm_il2.plan.blocks import BlockPlan, TestsPlan
from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Literal, Operand, Ref, Rule, Test
from sdtm_il2.plan.model import DomainPlan, Plan
from sdtm_il2.plan.number import plain
from sdtm_il2.plan.template import template_columns
from sdtm_il2.plan.visits import VISIT_COLUMNS

#: What a rule reads, in JSON: ``{"column": [alias, column]}``, ``{"read": "DM.RFSTDTC"}``, ``{"decode": header}``,
#: ``{"choice": number, "method": name, "parts": [{"at": place, "inputs": [...]}]}``,
#: ``{"next": [...], "else": [...]}``, ``{"extreme": [...], "where": [...]}``, ``{"source": [source, column], ...}``.
Input = dict[str, Any]

_RESULT_METHODS = (
    "result", "unit", "limit", "range_term", "indicator", "not_done", "reason_not_done",
)  # fmt: skip


def domain_rules(build: Build, domain: DomainPlan) -> dict[str, Any]:
    """The blocks and variables of one domain."""
    return {
        "blocks": [_block_rules(block) for block in domain.blocks],
        "factors": _factors(build, domain),
        "split": list(domain.split.names) if domain.split is not None else [],
        "variables": {
            variable.name: {
                "supplemental": variable.supplemental is not None,
                "rules": [
                    _rule(build.plan, block, variable.name, rule)
                    for block, rule in zip(domain.blocks, variable.rules, strict=True)
                ],
            }
            for variable in domain.variables
        },
    }


def study_rules(plan: Plan) -> dict[str, Any]:
    """What belongs to no domain: the rows of trial design tables, and of the table of planned visits."""
    return {
        "tables": {
            table.name: {
                "file": table.file,
                "headers": list(table.headers),
                "lines": list(table.lines),
                "rows": [list(row) for row in table.rows],
            }
            for table in plan.tables
        },
        "visits": [[plain(row.number), *_place(row.at)] for row in plan.visits.rows] if plan.visits else [],
    }


def subject_columns(plan: Plan, source: str) -> tuple[str, ...]:
    """The columns of which a source's subject is made."""
    rule = plan.source(source).subject
    if rule is None:
        return ()
    return template_columns(rule.template) if rule.template else (rule.by,)


def _place(at: Location) -> list[Any]:
    return [at.file, at.line]


def _factors(build: Build, domain: DomainPlan) -> list[list[Any]]:
    """Block, row of the tests table, original unit, and the factor that converts from it, where there is one."""
    unit = f"{domain.domain}ORRESU"
    frame, lineage = build.datasets[domain.domain].frame, build.lineage.datasets[domain.domain]
    if unit not in frame:
        return []
    used = pd.DataFrame({BLOCK: lineage.blocks, TEST: lineage.tests, unit: frame[unit]}).drop_duplicates()
    found: list[list[Any]] = []
    for block, test, original in sorted(used.itertuples(index=False, name=None)):
        tests = domain.blocks[block].tests
        if tests is None or test < 0:
            continue
        row = tests.rows[test]
        one = conversion(domain.domain, row, original, tests.units)
        if one is not None and one.changed:
            offset = f" + {plain(one.offset)}" if one.offset else ""
            words = f"{plain(one.factor)}{offset} from {original!r} to {row.standard_unit!r} by {one.via}"
            found.append([block, test, original, words])
    return found


def _block_rules(block: BlockPlan) -> dict[str, Any]:
    tests = block.tests
    return {
        "id": block.id,
        "at": _place(block.at),
        "aliases": {
            alias: list(block.source_of(alias)) for alias in ("", *(join.alias for join in block.joins))
        },
        "joins": {
            join.alias: [[ref.alias, ref.column] for ref, _ in join.by if isinstance(ref, ColumnRef)]
            for join in block.joins
        },
        "tests": None if tests is None else [_place(row.at) for row in tests.rows],
        "each": {one.name: list(one.columns) for one in block.each},
        "take": None if block.group is None else dict(block.group.take),
        "decode": [
            {
                "file": one.table,
                "lines": list(one.lines),
                "headers": list(one.headers),
                "added": list(one.added),
                "by": [[ref.alias, ref.column] for ref, _ in one.by if isinstance(ref, ColumnRef)],
                "rows": [list(row) for row in one.rows],
            }
            for one in block.decode
        ],
    }


def _rule(plan: Plan, block: BlockPlan, name: str, rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    choices = rule.choices()
    inputs = _inputs(plan, block, rule.call, choices)
    if rule.shift is not None:
        inputs += _inputs(plan, block, rule.shift, choices)
    inputs += _tested(plan, block, rule.when)
    method = rule.call.method
    if method == "usubjid" and not block.dataset:
        inputs += [{"column": ["", column]} for column in subject_columns(plan, block.source)]
    by_test: list[list[Input]] | None = None
    if block.tests is not None and method in (*_RESULT_METHODS, "tests"):
        found, by_test = _table_inputs(plan, block, block.tests, name, rule.call)
        inputs += found
    unique = list({str(one): one for one in inputs}.values())
    return {
        "method": method, "at": _place(rule.at), "inputs": unique, "by_test": by_test,
        "stated": _stated(block.tests, method),
    }  # fmt: skip


def _inputs(plan: Plan, block: BlockPlan, part: Operand | BranchCall, choices: Sequence[Call]) -> list[Input]:
    if isinstance(part, Literal):
        return []
    if isinstance(part, BranchCall):
        return [*_tested(plan, block, part.when), *_inputs(plan, block, part.then, choices)]
    if not isinstance(part, Call):
        return _read(plan, block, part)
    inner = [_inputs(plan, block, one, choices) for one in part.arguments]
    if any(one is part for one in choices):
        number = next(place for place, one in enumerate(choices) if one is part)
        parts = [
            {"at": _place(_at(one, part)), "inputs": found}
            for one, found in zip(part.arguments, inner, strict=True)
        ]
        return [{"choice": number, "method": part.method, "parts": parts}]
    if part.method == "decode" and isinstance(part.arguments[0], Literal):
        return [{"decode": part.arguments[0].text}]
    if part.method == "next":
        return [{"next": inner[0], "else": [one for found in inner[1:] for one in found]}]
    found = [one for some in inner for one in some]
    if part.method == "source_dates":
        names = [one.text for one in part.arguments if isinstance(one, Literal)]
        options = part.options
        return [
            {
                "source": names, "formats": list(options.formats), "unknown": list(options.unknown),
                "pivot": options.pivot,
            }
        ]  # fmt: skip
    conditions = _tested(plan, block, part.options.where)
    if part.method in ("earliest", "latest"):
        same = [[own.variable, [str(one) for one in others]] for own, others in part.options.same]
        return [{"extreme": found, "where": conditions, "same": same}]
    boxes = [ref for ref, _ in part.options.boxes]
    return found + conditions + _refs(plan, block, [*part.options.identity, *boxes])


def _at(part: Operand | BranchCall, call: Call) -> Location:
    """Where a branch or an argument stands."""
    if isinstance(part, BranchCall):
        return part.when.at if part.when is not None else _at(part.then, call)
    return part.at if isinstance(part, Literal | Call) and part.at.file else call.at


def _tested(plan: Plan, block: BlockPlan, test: Test | None) -> list[Input]:
    return _refs(plan, block, test.names.values()) if test is not None else []


def _refs(plan: Plan, block: BlockPlan, refs: Iterable[Ref]) -> list[Input]:
    return [one for ref in refs for one in _read(plan, block, ref)]


def _read(plan: Plan, block: BlockPlan, ref: Ref) -> list[Input]:
    if not isinstance(ref, ColumnRef):
        return [{"read": str(ref)}]
    source, dataset = block.source_of(ref.alias)
    if plan.visits is not None and not dataset and ref.column in VISIT_COLUMNS.values():
        visit = plan.visits.source(source)
        if visit is not None:
            return [{"column": [ref.alias, column]} for column in visit.columns]
    return [{"column": [ref.alias, ref.column]}]


def _stated(tests: TestsPlan | None, method: str) -> bool | list[bool]:
    """Whether the row of the tests table says it, not the line of the rule: for all rows, or row by row."""
    if tests is None or method not in ("tests", "not_done", "reason_not_done"):
        return False
    rows = {"not_done": tests.row_not_done, "reason_not_done": tests.row_reasons}
    return True if method == "tests" else [one is not None for one in rows[method]]


def _table_inputs(
    plan: Plan, block: BlockPlan, tests: TestsPlan, name: str, call: Call
) -> tuple[list[Input], list[list[Input]] | None]:
    """The cells that a tests table reads: of all its rows, and those of each row alone."""
    own = [
        [{"column": ["", column]} for column in template_columns(row.variables.get(name, ""))]
        for row in tests.rows
    ]
    if call.method == "tests":
        return _refs(plan, block, tests.by), own
    if call.method in ("not_done", "reason_not_done"):
        clauses = tests.row_not_done or (None,) * len(tests.rows)
        rows = [_tested(plan, block, one) for one in clauses]
        shared = _tested(plan, block, tests.not_done)
        if call.method == "reason_not_done":
            reasons = tests.row_reasons or (None,) * len(tests.rows)
            for found, reason in zip(rows, reasons, strict=True):
                found += _inputs(plan, block, reason, ()) if reason is not None else []
            shared += _inputs(plan, block, tests.reason, ()) if tests.reason is not None else []
        return shared, rows
    cells = {"unit": "unit", "indicator": "indicator", "range_term": "range"}
    cell = cells.get(call.method, "result")
    if call.method == "limit":
        side = getattr(call.arguments[0], "text", "")
        cell = side if side in tests.cells else "range"
    if cell in tests.cells:
        return [{"column": ["", tests.cells[cell].column]}], own
    if cell == "result":
        return [], [[{"column": ["", row.column]}] for row in tests.rows]
    return [], own
