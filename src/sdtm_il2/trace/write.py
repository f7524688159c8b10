"""What `trace` reads, written beside the datasets: rules, positions of records, raw texts, terms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sdtm_il2.balance import record_fates, record_reasons
from sdtm_il2.build import Build
from sdtm_il2.dataset import arrow, distinct
from sdtm_il2.methods.identifiers import usubjids
from sdtm_il2.sources.model import Source
from sdtm_il2.trace.rules import domain_rules, study_rules, subject_columns

#: Columns of a source's lineage table beside the raw ones: where a record stands, whose it is, what became of it and
#: why, the record that was kept instead (from 0), and the row of the register of visits.
FILE, ROW, FATE = "_FILE", "_ROW", "_FATE"
USUBJID, REASON, BY, VISIT = "_USUBJID", "_REASON", "_SUPERSEDED_BY", "_VISIT_ROW"


def write_lineage(build: Build, folder: Path) -> None:
    """Write what `trace` reads: the plan's rules, the records' positions, and the raw texts that the plan maps."""
    folder.mkdir()
    (folder / "sources").mkdir()
    used: dict[str, dict[str, None]] = {}
    for source, column, _, _ in build.plan.columns():
        if column in build.sources[source].columns:
            used.setdefault(source, {})[column] = None
    for spec in build.plan.sources:
        for column in subject_columns(build.plan, spec.name):
            if column in build.sources[spec.name].columns:  # a private one is in nobody's frame
                used.setdefault(spec.name, {})[column] = None
    for name in build.sources:
        _write_source(
            build, build.sources[name], list(used.get(name, {})), folder / "sources" / f"{name}.parquet"
        )
    for name, lineage in build.lineage.datasets.items():
        _write_table(folder / f"{name.lower()}.parquet", lineage.table())
    rules = {domain.domain: domain_rules(build, domain) for domain in build.plan.domains}
    _write_json(folder / "rules.json", rules)
    _write_json(folder / "study.json", study_rules(build.plan))
    terms = [[use.domain, use.variable, use.raw, use.term, use.via, use.count] for use in build.lineage.terms]
    _write_json(folder / "terms.json", terms)
    if build.plan.translations:
        translations = [[row.at.file, row.at.line, row.text, row.en] for row in build.plan.translations]
        _write_json(folder / "translations.json", translations)


def _write_source(build: Build, source: Source, columns: list[str], path: Path) -> None:
    fate = build.fates[source.name]
    numbers, reasons = record_reasons(source, fate)
    data: dict[str, Any] = {
        FILE: pa.DictionaryArray.from_arrays(pa.array(source.file.astype(np.int32)), pa.array(source.files)),
        ROW: pa.array(source.rows),
        FATE: pa.array(record_fates(source, fate)),
        REASON: pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(reasons, pa.string())),
        BY: pa.array(source.superseded_by),
    }
    if source.subject is not None:
        encoded = distinct(source.subject)
        names = usubjids(build.plan.usubjid, build.plan.study, encoded.values)
        data[USUBJID] = pa.DictionaryArray.from_arrays(pa.array(encoded.codes), pa.array(names, pa.string()))
    if source.name in build.visits:
        data[VISIT] = pa.array(build.visits[source.name])
    for column in columns:
        data[column] = arrow(source.collected.get(column, source.frame[column]))
    _write_table(path, pa.table(data))


def _write_table(path: Path, table: Any) -> None:
    pq.write_table(table, path, compression="zstd", compression_level=1)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
