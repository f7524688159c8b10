"""Trace: from one SDTM value back to file, row, columns, raw text, the line that mapped it, and its term."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sdtm_il2.balance import record_fates
from sdtm_il2.build import Build
from sdtm_il2.dataset import Dataset, arrow
from sdtm_il2.errors import Location, OutputError, Problems, issue
from sdtm_il2.lineage import BLOCK, TEST
from sdtm_il2.methods.evaluate import number_text
from sdtm_il2.plan.calls import ColumnRef, Rule
from sdtm_il2.plan.model import BlockPlan, DomainPlan
from sdtm_il2.sources.model import Source
from sdtm_il2.xpt import read_xpt

#: Columns of a source's lineage table beside the raw ones.
FILE, ROW, FATE = "_FILE", "_ROW", "_FATE"


@dataclass(frozen=True, slots=True)
class Cell:
    """One raw cell that a value was made from."""

    source: str
    place: Location
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class TracedValue:
    """One value: what made it, from which cells, and the term that a raw text became (``via``: a place or a C-code)."""

    variable: str
    value: str
    method: str
    at: Location
    cells: tuple[Cell, ...]
    reads: tuple[str, ...] = ()
    term: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """One record and its values."""

    dataset: str
    usubjid: str
    seq: int | None
    records: tuple[tuple[str, Location], ...]
    values: tuple[TracedValue, ...]

    def lines(self) -> Iterator[str]:
        """The trace as text, a fact a line."""
        number = f" {self.dataset}SEQ {self.seq}" if self.seq is not None else ""
        yield f"{self.dataset} {self.usubjid}{number}"
        for source, place in self.records:
            yield f"  made from {source}: {place}"
        for value in self.values:
            yield f"{value.variable} = {value.value!r}"
            for cell in value.cells:
                yield f"  {cell.place} {cell.column} = {cell.text!r}"
            for name in value.reads:
                yield f"  reads {name}"
            yield f"  by {value.method} at {value.at}" if value.at.file else f"  by {value.method}"
            if value.term:
                yield f"  term {value.term!r} by {value.via}"


def write_lineage(build: Build, folder: Path) -> None:
    """Write what `trace` reads: the plan's rules, the records' positions, and the raw texts that the plan maps."""
    folder.mkdir()
    (folder / "sources").mkdir()
    used: dict[str, dict[str, None]] = {}
    for source, column, _, _ in build.plan.columns():
        used.setdefault(source, {})[column] = None
    for name in build.sources:
        _write_source(
            build, build.sources[name], list(used.get(name, {})), folder / "sources" / f"{name}.parquet"
        )
    for name, lineage in build.lineage.datasets.items():
        frame = lineage.frame()
        pq.write_table(
            _table(frame), folder / f"{name.lower()}.parquet", compression="zstd", compression_level=1
        )
    rules = {domain.domain: _domain_rules(domain) for domain in build.plan.domains}
    _write_json(folder / "rules.json", rules)
    terms = [[use.domain, use.variable, use.raw, use.term, use.via, use.count] for use in build.lineage.terms]
    _write_json(folder / "terms.json", terms)


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


def _domain_rules(domain: DomainPlan) -> dict[str, Any]:
    return {
        "blocks": [_block_rules(block) for block in domain.blocks],
        "variables": {
            variable.name: {
                "supplemental": variable.supplemental is not None,
                "rules": [
                    _rule(block, rule) for block, rule in zip(domain.blocks, variable.rules, strict=True)
                ],
            }
            for variable in domain.variables
        },
    }


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


def _rule(block: BlockPlan, rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    columns: list[list[str]] = []
    reads: list[str] = []
    for ref in rule.refs():
        if isinstance(ref, ColumnRef):
            columns.append([ref.alias, ref.column])
        else:
            reads.append(str(ref))
    by_test: list[list[str]] | None = None
    tests = block.tests
    if tests is not None and rule.call.method in (
        "result",
        "unit",
        "limit",
        "indicator",
        "not_done",
        "reason_not_done",
    ):
        cell = {"unit": "unit", "indicator": "indicator"}.get(rule.call.method, "result")
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


def trace(
    out: Path, dataset: str, usubjid: str, seq: int | None = None, variable: str | None = None
) -> Trace:
    """Where a record's values come from: file, row, columns and raw text, the specification's line, the term.

    ``out`` is the folder that a build wrote; ``dataset`` a domain (AE); ``seq`` its --SEQ (None where the domain
    has one record a subject); ``variable`` limits the trace to one variable, supplemental ones included. Raises
    OutputError OUT910 (no such output), OUT911 (no such record), OUT912 (no such variable).
    """
    rules = _rules(out, dataset)
    data = read_xpt(out / f"{dataset.lower()}.xpt", encoding=_encoding(out)).dataset
    place = _record(data, dataset, usubjid, seq)
    lineage = pq.read_table(out / "lineage" / f"{dataset.lower()}.parquet").slice(place, 1).to_pylist()[0]
    block = rules["blocks"][lineage[BLOCK]]
    records = []
    for alias, (source, is_dataset) in block["aliases"].items():
        position = lineage[alias or "_RECORD"]
        if position >= 0 and not is_dataset:
            records.append((source, _place(out, source, position)))
    names = [variable] if variable else [column.name for column in data.columns]
    values = []
    for name in names:
        known = rules["variables"].get(name)
        if known is None:
            raise OutputError(issue("OUT912", f"{dataset}.{name}", variable=name, dataset=dataset))
        rule = known["rules"][lineage[BLOCK]]
        value = (
            _supplemental(out, dataset, place, name) if known["supplemental"] else _text(data, name, place)
        )
        values.append(_value(out, dataset, name, value, rule, block, lineage))
    return Trace(dataset, usubjid, seq, tuple(records), tuple(values))


def _rules(out: Path, dataset: str) -> Mapping[str, Any]:
    path = out / "lineage" / "rules.json"
    if not path.is_file():
        raise OutputError(issue("OUT910", str(out.name)))
    rules: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if dataset not in rules:
        raise OutputError(issue("OUT913", dataset, datasets=", ".join(rules)))
    found: Mapping[str, Any] = rules[dataset]
    return found


def _encoding(out: Path) -> str:
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return str(manifest["encoding"])


def _record(data: Dataset, dataset: str, usubjid: str, seq: int | None) -> int:
    found = (
        (data.frame["USUBJID"] == usubjid).to_numpy(dtype=bool)
        if "USUBJID" in data.frame
        else np.zeros(len(data), bool)
    )
    name = f"{dataset}SEQ"
    if seq is not None and name in data.frame:
        found &= data.frame[name].to_numpy() == seq
    places = np.flatnonzero(found)
    if len(places) != 1:
        problems = Problems()
        problems.add("OUT911", dataset, seq="none" if seq is None else str(seq), number=len(places))
        problems.stop(OutputError)
    return int(places[0])


def _text(data: Dataset, name: str, place: int) -> str:
    if name not in data.frame:
        return ""
    column = data.frame[name]
    if column.dtype == np.float64:
        return str(number_text(column.iloc[place : place + 1]).tolist()[0])
    return str(column.iloc[place])


def _supplemental(out: Path, dataset: str, place: int, name: str) -> str:
    path = out / f"supp{dataset.lower()}.xpt"
    if not path.is_file():
        return ""
    supplement = read_xpt(path, encoding=_encoding(out)).dataset.frame
    parents = pq.read_table(out / "lineage" / f"supp{dataset.lower()}.parquet").column("_RECORD").to_numpy()
    found = np.flatnonzero((parents == place) & (supplement["QNAM"] == name).to_numpy(dtype=bool))
    return str(supplement["QVAL"].iloc[int(found[0])]) if len(found) else ""


def _place(out: Path, source: str, position: int) -> Location:
    table = pq.read_table(out / "lineage" / "sources" / f"{source}.parquet", columns=[FILE, ROW]).slice(
        position, 1
    )
    row = table.to_pylist()[0]
    return Location(row[FILE], row[ROW])


def _value(
    out: Path,
    dataset: str,
    name: str,
    value: str,
    rule: Mapping[str, Any] | None,
    block: Mapping[str, Any],
    lineage: Mapping[str, int],
) -> TracedValue:
    if rule is None:
        return TracedValue(name, value, "nothing (missing in this block)", Location(), ())
    cells: list[Cell] = []
    columns = list(rule["columns"])
    if rule["by_test"] and lineage[TEST] >= 0:
        columns.append(rule["by_test"][lineage[TEST]])
    for alias, column in columns:
        source, is_dataset = block["aliases"][alias]
        position = lineage[alias or "_RECORD"]
        if is_dataset or position < 0:
            continue
        table = pq.read_table(out / "lineage" / "sources" / f"{source}.parquet")
        if column not in table.column_names:
            continue  # a column of a decode table
        row = table.slice(position, 1)
        place = Location(row.column(FILE)[0].as_py(), row.column(ROW)[0].as_py())
        cells.append(Cell(source, place, column, row.column(column)[0].as_py()))
    at = Location(*rule["at"])
    if rule["method"] == "tests" and block["tests"] and lineage[TEST] >= 0:
        at = Location(*block["tests"][lineage[TEST]])
    term, via = _term(out, dataset, name, value, [cell.text for cell in cells])
    return TracedValue(name, value, rule["method"], at, tuple(cells), tuple(rule["reads"]), term, via)


def _term(out: Path, dataset: str, name: str, value: str, texts: list[str]) -> tuple[str, str]:
    """The term that one of the raw texts became, and what says so."""
    for domain, variable, raw, term, via, _ in json.loads(
        (out / "lineage" / "terms.json").read_text(encoding="utf-8")
    ):
        if domain == dataset and variable == name and term == value and raw in texts:
            return term, via
    return "", ""
