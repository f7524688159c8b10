"""What `trace` reads, written beside the datasets: rules, positions of records, raw texts, terms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sdtm_il2.balance import record_fates
from sdtm_il2.build import Build
from sdtm_il2.dataset import arrow
from sdtm_il2.lineage import BLOCK, TEST
from sdtm_il2.methods.conversion import conversion
from sdtm_il2.plan.calls import ColumnRef, Rule
from sdtm_il2.plan.model import BlockPlan, DomainPlan, Plan
from sdtm_il2.plan.number import plain
from sdtm_il2.plan.template import template_columns
from sdtm_il2.plan.visits import VISIT_COLUMNS
from sdtm_il2.sources.model import Source

#: Columns of a source's lineage table beside the raw ones.
FILE, ROW, FATE = "_FILE", "_ROW", "_FATE"


def write_lineage(build: Build, folder: Path) -> None:
    """Write what `trace` reads: the plan's rules, the records' positions, and the raw texts that the plan maps."""
    folder.mkdir()
    (folder / "sources").mkdir()
    used: dict[str, dict[str, None]] = {}
    for source, column, _, _ in build.plan.columns():
        if column in build.sources[source].columns:
            used.setdefault(source, {})[column] = None
    for spec in build.plan.sources:
        for column in _subject_columns(build.plan, spec.name):
            if column in build.sources[spec.name].columns:  # a private one is in nobody's frame
                used.setdefault(spec.name, {})[column] = None
    for name in build.sources:
        _write_source(
            build, build.sources[name], list(used.get(name, {})), folder / "sources" / f"{name}.parquet"
        )
    for name, lineage in build.lineage.datasets.items():
        frame = lineage.frame()
        pq.write_table(
            _table(frame), folder / f"{name.lower()}.parquet", compression="zstd", compression_level=1
        )
    rules = {domain.domain: _domain_rules(build, domain) for domain in build.plan.domains}
    _write_json(folder / "rules.json", rules)
    terms = [[use.domain, use.variable, use.raw, use.term, use.via, use.count] for use in build.lineage.terms]
    _write_json(folder / "terms.json", terms)
    if build.plan.translations:
        translations = [[row.at.file, row.at.line, row.text, row.en] for row in build.plan.translations]
        _write_json(folder / "translations.json", translations)


def _subject_columns(plan: Plan, source: str) -> tuple[str, ...]:
    """The columns of which a source's subject is made."""
    rule = plan.source(source).subject
    if rule is None:
        return ()
    return template_columns(rule.template) if rule.template else (rule.by,)


def _table(frame: Any) -> Any:
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _write_source(build: Build, source: Source, columns: list[str], path: Path) -> None:
    data: dict[str, Any] = {
        FILE: pa.DictionaryArray.from_arrays(pa.array(source.file.astype(np.int32)), pa.array(source.files)),
        ROW: pa.array(source.rows),
        FATE: pa.array(record_fates(source, build.fates[source.name])),
    }
    for column in columns:
        data[column] = arrow(source.collected.get(column, source.frame[column]))
    pq.write_table(pa.table(data), path, compression="zstd", compression_level=1)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _domain_rules(build: Build, domain: DomainPlan) -> dict[str, Any]:
    plan = build.plan
    return {
        "blocks": [_block_rules(block) for block in domain.blocks],
        "factors": _factors(build, domain),
        "variables": {
            variable.name: {
                "supplemental": variable.supplemental is not None,
                "rules": [
                    _rule(plan, block, rule)
                    for block, rule in zip(domain.blocks, variable.rules, strict=True)
                ],
            }
            for variable in domain.variables
        },
    }


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
        "at": [block.at.file, block.at.line],
        "aliases": {
            alias: list(block.source_of(alias)) for alias in ("", *(join.alias for join in block.joins))
        },
        "tests": None if tests is None else [[row.at.file, row.at.line] for row in tests.rows],
    }


def _rule(plan: Plan, block: BlockPlan, rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    columns: list[list[str]] = []
    reads: list[str] = []
    for ref in rule.refs():
        if isinstance(ref, ColumnRef):
            source, _ = block.source_of(ref.alias)
            named = plan.visits is not None and ref.column in VISIT_COLUMNS.values()
            visit = plan.visits.source(source) if plan.visits is not None and named else None
            columns += [[ref.alias, one] for one in (visit.columns if visit else (ref.column,))]
        else:
            reads.append(str(ref))
    by_test: list[list[str]] | None = None
    if rule.call.method == "usubjid" and not block.dataset:
        columns += [["", column] for column in _subject_columns(plan, block.source)]
    tests = block.tests
    if tests is not None and rule.call.method in (
        "result",
        "unit",
        "limit",
        "range_term",
        "indicator",
        "not_done",
        "reason_not_done",
    ):
        cell = {"unit": "unit", "indicator": "indicator", "range_term": "range"}.get(
            rule.call.method, "result"
        )
        if rule.call.method == "limit":
            side = getattr(rule.call.arguments[0], "text", "")
            cell = side if side in tests.cells else "range"
        if cell in tests.cells:
            columns.append(["", tests.cells[cell].column])
        elif cell == "result":
            by_test = [["", row.column] for row in tests.rows]
    elif tests is not None and rule.call.method == "tests":
        columns += [["", ref.column] for ref in tests.by]
    return {
        "method": rule.call.method,
        "at": [rule.at.file, rule.at.line],
        "columns": columns,
        "by_test": by_test,
        "reads": reads,
    }
