"""An output folder as `trace` reads it: datasets, lineage and rules, each file once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sdtm_il2.dataset import Dataset
from sdtm_il2.errors import Location, OutputError, issue
from sdtm_il2.lineage import BLOCK, EACH, PART, RECORD, TEST, decode_name, members_name
from sdtm_il2.methods.evaluate import number_text
from sdtm_il2.plan.blocks import TABLE
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.standardise import continued_name
from sdtm_il2.trace.write import FILE, ROW, VISIT
from sdtm_il2.xpt import read_xpt


@dataclass(frozen=True, slots=True)
class Member:
    """One of the records that a record is made of: its position by alias, and the number of its repetition."""

    positions: Mapping[str, int]
    each: int


@dataclass(frozen=True, slots=True)
class Made:
    """One record with its block: what it is made of, and its row of the tests table (-1: none)."""

    block: Mapping[str, Any]
    number: int
    test: int
    members: tuple[Member, ...]
    columns: Mapping[str, Any]

    def decoded(self, number: int) -> int:
        """The row of a decode table; -1 for none."""
        return int(self.columns.get(decode_name(number), -1))


class OutputFolder:
    """The folder that a build wrote. OutputError OUT910: it has no lineage that this version reads."""

    __slots__ = ("_datasets", "_json", "_made", "_places", "_tables", "out")

    def __init__(self, out: Path) -> None:
        if not (out / "lineage" / "rules.json").is_file():
            raise OutputError(issue("OUT910", out.name))
        if not (out / "lineage" / "study.json").is_file():
            raise OutputError(issue("OUT916", out.name))
        self.out = out
        self._datasets: dict[str, Dataset] = {}
        self._tables: dict[str, pa.Table] = {}
        self._json: dict[str, Any] = {}
        self._places: dict[tuple[str, str], npt.NDArray[np.intp]] = {}
        self._made: dict[tuple[str, int], Made] = {}

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

    def has(self, name: str) -> bool:
        """Whether the folder has records of a dataset."""
        return any((self.out / f"{one.lower()}.xpt").is_file() for one in self._files(name))

    def dataset(self, name: str) -> Dataset:
        """A dataset of the folder; one that is split is put together in the order of its domain."""
        if name not in self._datasets:
            encoding = str(self.json("manifest.json")["encoding"])
            files = [self.out / f"{one.lower()}.xpt" for one in self._files(name)]
            found = [read_xpt(file, encoding=encoding).dataset if file.is_file() else None for file in files]
            held = [one for one in found if one is not None]
            if len(files) == 1:
                self._datasets[name] = held[0]
            else:
                frame = pd.concat([one.frame for one in held], ignore_index=True)
                order = np.argsort(np.argsort(self._part_numbers(name), kind="stable"), kind="stable")
                self._datasets[name] = replace(held[0], frame=frame.iloc[order].reset_index(drop=True))
        return self._datasets[name]

    def whole(self, name: str) -> str:
        """The domain that a dataset is a part of, else the dataset."""
        rules: dict[str, Mapping[str, Any]] = self.json("lineage/rules.json")
        return next((domain for domain, one in rules.items() if name in one.get("split", ())), name)

    def part(self, domain: str, place: int) -> str:
        """The dataset that holds a record of a domain that is split; "" where it is not."""
        split: list[str] = self.json("lineage/rules.json")[domain].get("split", [])
        return split[int(self.table(domain.lower()).column(PART)[place].as_py())] if split else ""

    def _files(self, name: str) -> list[str]:
        """The datasets in which a domain, or its SUPP--, was written."""
        rules: dict[str, Mapping[str, Any]] = self.json("lineage/rules.json")
        prefix = "SUPP" if name not in rules and name.startswith("SUPP") else ""
        split = (
            rules[name.removeprefix(prefix)].get("split", []) if name.removeprefix(prefix) in rules else []
        )
        return [f"{prefix}{one}" for one in split] or [name]

    def _part_numbers(self, name: str) -> npt.NDArray[np.int64]:
        """For each record of a split dataset the place of the part that holds it."""
        domain = name if name in self.json("lineage/rules.json") else name.removeprefix("SUPP")
        numbers = self.table(domain.lower()).column(PART).to_numpy()
        if domain != name:
            numbers = numbers[self.table(name.lower()).column(RECORD).to_numpy()]
        return np.asarray(numbers, np.int64)

    def domains(self) -> tuple[str, ...]:
        """The domains with records."""
        return tuple(name for name in self.json("lineage/rules.json") if self.has(name))

    def rules(self, dataset: str) -> Mapping[str, Any]:
        """The rules of a domain (OUT913: the output has none of that name)."""
        rules: dict[str, Mapping[str, Any]] = self.json("lineage/rules.json")
        if dataset not in rules or not self.has(dataset):
            raise OutputError(issue("OUT913", dataset, datasets=", ".join(self.domains())))
        return rules[dataset]

    def places(self, dataset: str, usubjid: str, seq: int | None = None) -> npt.NDArray[np.intp]:
        """The places of a subject's records (of one of them by --SEQ)."""
        frame = self.dataset(dataset).frame
        if "USUBJID" not in frame:
            return np.empty(0, np.intp)
        key = (dataset, usubjid)
        if key not in self._places:
            self._places[key] = np.flatnonzero((frame["USUBJID"] == usubjid).to_numpy(dtype=bool))
        found = self._places[key]
        if seq is not None and f"{dataset}SEQ" in frame:
            found = found[frame[f"{dataset}SEQ"].to_numpy()[found] == seq]
        elif seq is not None:  # such as SV: the subject's records are counted from 1
            found = found[seq - 1 : seq] if seq > 0 else found[:0]
        return found

    def usubjid(self, dataset: str, place: int) -> str:
        """The subject of a record; "" for a record of the study."""
        frame = self.dataset(dataset).frame
        return str(frame["USUBJID"].iloc[place]) if "USUBJID" in frame else ""

    def seq(self, dataset: str, place: int) -> int | None:
        """--SEQ of a record, if the domain has it."""
        frame = self.dataset(dataset).frame
        return int(frame[f"{dataset}SEQ"].iloc[place]) if f"{dataset}SEQ" in frame else None

    def made(self, dataset: str, place: int) -> Made:
        """What one record is made of."""
        if (dataset, place) not in self._made:
            self._made[dataset, place] = self._read_made(dataset, place)
        return self._made[dataset, place]

    def _read_made(self, dataset: str, place: int) -> Made:
        row: dict[str, Any] = self.table(dataset.lower()).slice(place, 1).to_pylist()[0]
        block = self.rules(dataset)["blocks"][row[BLOCK]]
        aliases = block["aliases"]
        each = row.get(members_name(EACH))
        if each:
            lists = {alias: row.get(members_name(alias), ()) for alias in aliases}
            members = tuple(
                Member({alias: one[number] for alias, one in lists.items() if one}, each[number])
                for number in range(len(each))
            )
        else:
            positions = {alias: row.get(alias or RECORD, -1) for alias in aliases}
            members = (Member(positions, row.get(EACH, -1)),)
        return Made(block, row[BLOCK], row[TEST], members, row)

    def location(self, source: str, position: int) -> Location:
        """File and row of a raw record."""
        table = self.table(f"sources/{source}")
        return Location(table.column(FILE)[position].as_py(), table.column(ROW)[position].as_py())

    def behind(self, dataset: str, place: int) -> Iterator[tuple[str, int, bool]]:
        """What a record reads directly: (source, position, whether it is a dataset), each once."""
        made = self.made(dataset, place)
        found: dict[tuple[str, int, bool], None] = {}
        for alias, (source, is_dataset) in made.block["aliases"].items():
            for member in made.members:
                position = member.positions.get(alias, -1)
                if position >= 0:
                    found[source, position, is_dataset] = None
        yield from found

    def visit_records(self, register: int) -> Iterator[tuple[str, int]]:
        """The raw records (source, position) of a row of the register of visits."""
        for path in sorted((self.out / "lineage" / "sources").iterdir()):
            table = self.table(f"sources/{path.stem}")
            if VISIT in table.column_names:
                rows = np.flatnonzero(table.column(VISIT).to_numpy() == register)
                yield from ((path.stem, int(row)) for row in rows)

    def table_row(self, source: str, position: int) -> tuple[str, Location]:
        """The name and place of a row of a trial design table; a row of a registry record has no line."""
        found = self.json("lineage/study.json")["tables"][source]
        lines = found["lines"]
        return source.removeprefix(TABLE), Location(
            found["file"], lines[position] if position < len(lines) else 0
        )

    def text(self, dataset: str, name: str, place: int) -> str:
        """A value as text, of a variable or of a supplemental qualifier; "" where there is none."""
        known = self.rules(dataset)["variables"].get(name)
        if known is not None and known["supplemental"]:
            return self.supplemental(dataset, name, place)
        frame = self.dataset(dataset).frame
        if name not in frame:
            return ""
        column = frame[name].iloc[place : place + 1]
        return str((number_text(column) if column.dtype == np.float64 else column).tolist()[0])

    def supplements(self, dataset: str, place: int) -> list[tuple[str, str]]:
        """QNAM and QVAL of a record."""
        supplement = f"SUPP{dataset}"
        if not self.has(supplement):
            return []
        parents = self.table(supplement.lower()).column(RECORD)
        rows = np.flatnonzero(pc.equal(parents, place).to_numpy(zero_copy_only=False))
        frame = self.dataset(supplement).frame.iloc[rows]
        return [(str(name), str(text)) for name, text in zip(frame["QNAM"], frame["QVAL"], strict=True)]

    def supplemental(self, dataset: str, name: str, place: int) -> str:
        """The value of a supplemental qualifier of one record."""
        return next((text for qnam, text in self.supplements(dataset, place) if qnam == name), "")

    def variable_of(self, dataset: str, qnam: str) -> str:
        """The variable that a supplemental qualifier, or a continued text, belongs to; "" if there is none."""
        variables = self.rules(dataset)["variables"]
        if qnam in variables:
            return qnam
        number = qnam[len(qnam.rstrip("0123456789")) :]
        if not number:
            return ""
        return next((name for name in variables if continued_name(name, int(number)) == qnam), "")


def is_register(source: str) -> bool:
    """Whether a dataset is the register of visits."""
    return source == VISITS


def is_table(source: str) -> bool:
    """Whether a dataset is the rows of a trial design table."""
    return source.startswith(TABLE)
