"""Follow one record of an output folder back to the raw cells that it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sdtm_il2.dataset import Dataset
from sdtm_il2.errors import Location, OutputError, issue
from sdtm_il2.lineage import BLOCK, TEST, TRANSLATION
from sdtm_il2.methods.evaluate import number_text
from sdtm_il2.plan.number import number
from sdtm_il2.trace.write import FILE, ROW
from sdtm_il2.xpt import read_xpt

#: Methods that convert to the standard unit.
_CONVERTED = ("standard_text", "standard_number")


@dataclass(frozen=True, slots=True)
class Cell:
    """One raw cell that a value was made from."""

    source: str
    place: Location
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class TracedValue:
    """One value: what made it, from which cells and values, and the term that a raw text became.

    ``name`` is DOMAIN.VARIABLE; ``via`` is the line of the specification or the C-code that gave the term;
    ``factor`` is the factor of a converted result with its units and its line;
    ``collected`` is the text that the row at ``translated_at`` put into English;
    ``records`` counts the subject's records where the value was chosen among several.
    """

    name: str
    value: str
    method: str
    at: Location = field(default_factory=Location)
    cells: tuple[Cell, ...] = ()
    reads: tuple[TracedValue, ...] = ()
    term: str = ""
    via: str = ""
    records: int = 1
    factor: str = ""
    collected: str = ""
    translated_at: Location = field(default_factory=Location)

    def lines(self, indent: str = "") -> Iterator[str]:
        """The value as text, a fact a line; what it reads follows, indented."""
        if self.records != 1:
            yield f"{indent}{self.name} of {self.records} records of the subject"
            return
        yield f"{indent}{self.name} = {self.value!r}"
        by = f"{indent}  by {self.method}"
        yield f"{by} at {self.at}" if self.at.file else by
        if self.collected:
            yield f"{indent}  in English for {self.collected!r} by {self.translated_at}"
        for cell in self.cells:
            yield f"{indent}  from {cell.place} {cell.column} = {cell.text!r}"
        if self.term:
            yield f"{indent}  term {self.term!r} by {self.via}"
        if self.factor:
            yield f"{indent}  factor {self.factor}"
        for one in self.reads:
            yield from one.lines(indent + "  ")


@dataclass(frozen=True, slots=True)
class Trace:
    """One record: the raw records that it was made from, and its values."""

    dataset: str
    usubjid: str
    seq: int | None
    records: tuple[tuple[str, Location], ...]
    values: tuple[TracedValue, ...]

    def lines(self) -> Iterator[str]:
        """The trace as text."""
        number = f" {self.dataset}SEQ {self.seq}" if self.seq is not None else ""
        yield f"{self.dataset} {self.usubjid}{number}"
        for source, place in self.records:
            yield f"  made from {source}: {place}"
        for value in self.values:
            yield from value.lines()


def trace(
    out: Path, dataset: str, usubjid: str, seq: int | None = None, variable: str | None = None
) -> Trace:
    """Where a record's values come from: file, row, columns and raw text, the specification's line, the term.

    ``out`` is the folder that a build wrote; ``dataset`` a domain (AE); ``seq`` its --SEQ (None where the domain
    has one record a subject); ``variable`` limits the trace to one variable, supplemental ones included. Raises
    OutputError OUT910 (no such output), OUT911 (no such record), OUT912 (no such variable), OUT913 (no such
    domain).
    """
    folder = _Folder(out)
    rules = folder.rules(dataset)
    places = folder.places(dataset, usubjid, seq)
    if len(places) != 1:
        shown = "none" if seq is None else str(seq)
        raise OutputError(issue("OUT911", dataset, seq=shown, number=len(places)))
    place = int(places[0])
    names = [variable] if variable else [column.name for column in folder.dataset(dataset).columns]
    for name in names:
        if name not in rules["variables"]:
            raise OutputError(issue("OUT912", f"{dataset}.{name}", variable=name, dataset=dataset))
    values = tuple(folder.value(dataset, usubjid, name, place, ()) for name in names)
    return Trace(dataset, usubjid, seq, folder.raw_records(dataset, place), values)


class _Folder:
    """An output folder; files are read once."""

    __slots__ = ("_datasets", "_json", "_tables", "out")

    def __init__(self, out: Path) -> None:
        if not (out / "lineage" / "rules.json").is_file():
            raise OutputError(issue("OUT910", out.name))
        self.out = out
        self._datasets: dict[str, Dataset] = {}
        self._tables: dict[str, pa.Table] = {}
        self._json: dict[str, Any] = {}

    def json(self, name: str) -> Any:
        """A JSON file of the folder."""
        if name not in self._json:
            self._json[name] = json.loads((self.out / name).read_text(encoding="utf-8"))
        return self._json[name]

    def table(self, name: str) -> pa.Table:
        """A lineage table."""
        if name not in self._tables:
            self._tables[name] = pq.read_table(self.out / "lineage" / f"{name}.parquet")
        return self._tables[name]

    def dataset(self, name: str) -> Dataset:
        """A dataset of the folder."""
        if name not in self._datasets:
            encoding = str(self.json("manifest.json")["encoding"])
            self._datasets[name] = read_xpt(self.out / f"{name.lower()}.xpt", encoding=encoding).dataset
        return self._datasets[name]

    def rules(self, dataset: str) -> Mapping[str, Any]:
        """The rules of a domain (OUT913: the output has none of that name)."""
        rules: dict[str, Mapping[str, Any]] = self.json("lineage/rules.json")
        if dataset not in rules or not (self.out / f"{dataset.lower()}.xpt").is_file():
            raise OutputError(issue("OUT913", dataset, datasets=", ".join(rules)))
        return rules[dataset]

    def places(self, dataset: str, usubjid: str, seq: int | None = None) -> npt.NDArray[np.intp]:
        """The places of a subject's records (of one of them by --SEQ)."""
        frame = self.dataset(dataset).frame
        if "USUBJID" not in frame:
            return np.empty(0, np.intp)
        found = (frame["USUBJID"] == usubjid).to_numpy(dtype=bool)
        if seq is not None and f"{dataset}SEQ" in frame:
            found = found & (frame[f"{dataset}SEQ"].to_numpy() == seq)
        return np.flatnonzero(found)

    def raw_records(self, dataset: str, place: int) -> tuple[tuple[str, Location], ...]:
        """The raw records behind one record, joined ones too."""
        lineage, block = self._lineage(dataset, place)
        found = []
        for alias, (source, is_dataset) in block["aliases"].items():
            position = lineage[alias or "_RECORD"]
            if position >= 0 and not is_dataset:
                row = self.table(f"sources/{source}").slice(position, 1)
                found.append((source, Location(row.column(FILE)[0].as_py(), row.column(ROW)[0].as_py())))
        return tuple(found)

    def _lineage(self, dataset: str, place: int) -> tuple[dict[str, int], Mapping[str, Any]]:
        lineage: dict[str, int] = self.table(dataset.lower()).slice(place, 1).to_pylist()[0]
        return lineage, self.rules(dataset)["blocks"][lineage[BLOCK]]

    def value(self, dataset: str, usubjid: str, name: str, place: int, seen: tuple[str, ...]) -> TracedValue:
        """One value of one record, with what it was made from."""
        title = f"{dataset}.{name}"
        known = self.rules(dataset)["variables"][name]
        lineage, block = self._lineage(dataset, place)
        rule = known["rules"][lineage[BLOCK]]
        value = (
            self._supplemental(dataset, name, place)
            if known["supplemental"]
            else self._text(dataset, name, place)
        )
        if rule is None:
            return TracedValue(title, value, "nothing: these records do not have it")
        cells = self._cells(rule, block, lineage)
        at = Location(*rule["at"])
        if rule["method"] == "tests" and block["tests"] and lineage[TEST] >= 0:
            at = Location(*block["tests"][lineage[TEST]])
        reads = tuple(
            one
            for read in rule["reads"]
            if read not in seen and read != title
            for one in self._read(dataset, usubjid, read, place, (*seen, title))
        )
        # a standard result has no cell of its own: its term is that of the original result
        collected, translated_at = self._translation(name, lineage)
        term, via = self._term(dataset, name, collected or value, cells or reads)
        factor = self._factor(dataset, place, value) if rule["method"] in _CONVERTED else ""
        return TracedValue(
            title,
            value,
            rule["method"],
            at,
            cells,
            reads,
            term,
            via,
            factor=factor,
            collected=collected,
            translated_at=translated_at,
        )

    def _read(
        self, dataset: str, usubjid: str, read: str, place: int, seen: tuple[str, ...]
    ) -> Iterator[TracedValue]:
        """What a rule reads: a variable of the same record, or of the subject's records in another domain."""
        domain, _, variable = read.partition(".")
        if domain == dataset:
            yield self.value(dataset, usubjid, variable, place, seen)
            return
        if not (self.out / f"{domain.lower()}.xpt").is_file():
            return
        places = self.places(domain, usubjid)
        if len(places) == 1:
            yield self.value(domain, usubjid, variable, int(places[0]), seen)
        else:
            yield TracedValue(read, "", "", records=len(places))

    def _cells(
        self, rule: Mapping[str, Any], block: Mapping[str, Any], lineage: Mapping[str, int]
    ) -> tuple[Cell, ...]:
        columns = list(rule["columns"])
        if rule["by_test"] and lineage[TEST] >= 0:
            columns.append(rule["by_test"][lineage[TEST]])
        cells: list[Cell] = []
        for alias, column in columns:
            source, is_dataset = block["aliases"][alias]
            position = lineage[alias or "_RECORD"]
            if is_dataset or position < 0:
                continue
            table = self.table(f"sources/{source}")
            if column not in table.column_names:
                continue  # a column of a decode table: its line is the rule's
            row = table.slice(position, 1)
            place = Location(row.column(FILE)[0].as_py(), row.column(ROW)[0].as_py())
            cells.append(Cell(source, place, column, row.column(column)[0].as_py()))
        return tuple(cells)

    def _text(self, dataset: str, name: str, place: int) -> str:
        column = self.dataset(dataset).frame[name].iloc[place : place + 1]
        return str((number_text(column) if column.dtype == np.float64 else column).tolist()[0])

    def _supplemental(self, dataset: str, name: str, place: int) -> str:
        supplement = f"SUPP{dataset}"
        if not (self.out / f"{supplement.lower()}.xpt").is_file():
            return ""
        frame = self.dataset(supplement).frame
        parents = self.table(supplement.lower()).column("_RECORD").to_numpy()
        found = np.flatnonzero((parents == place) & (frame["QNAM"] == name).to_numpy(dtype=bool))
        return str(frame["QVAL"].iloc[int(found[0])]) if len(found) else ""

    def _translation(self, name: str, lineage: Mapping[str, int]) -> tuple[str, Location]:
        """The text of which the value is the English one, and the row that says so."""
        number = lineage.get(TRANSLATION + name, -1)
        if number < 0:
            return "", Location()
        file, line, text, _ = self.json("lineage/translations.json")[number]
        return text, Location(file, line)

    def _factor(self, dataset: str, place: int, value: str) -> str:
        """The factor by which a number (or a limit such as <5) was converted; "" if it was not."""
        if number(value.lstrip("<>=≤≥")) is None:
            return ""
        lineage, _ = self._lineage(dataset, place)
        for block, test, unit, words in self.rules(dataset)["factors"]:
            same = (block, test) == (lineage[BLOCK], lineage[TEST])
            if same and self._text(dataset, f"{dataset}ORRESU", place) == unit:
                return str(words)
        return ""

    def _term(
        self, dataset: str, name: str, value: str, made_from: tuple[Cell, ...] | tuple[TracedValue, ...]
    ) -> tuple[str, str]:
        """The term that one of the texts became, and what says so."""
        texts = {
            (one.text if isinstance(one, Cell) else one.collected or one.value).strip() for one in made_from
        }
        for domain, variable, raw, term, via, _ in self.json("lineage/terms.json"):
            if (domain, variable, term) == (dataset, name, value) and raw.strip() in texts:
                return term, via
        return "", ""
