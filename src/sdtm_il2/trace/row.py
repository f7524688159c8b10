"""Follow one raw record forwards: the records and variables that it feeds, or why it feeds none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.errors import NOWHERE, Location, OutputError, issue
from sdtm_il2.lineage import BLOCK, RECORD, members_name
from sdtm_il2.methods.relationships import RELREC
from sdtm_il2.nearest import nearest_files
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.trace.folder import OutputFolder
from sdtm_il2.trace.read import Reader
from sdtm_il2.trace.write import BY, FATE, FILE, REASON, ROW, USUBJID, VISIT

Mask = npt.NDArray[np.bool_]

#: What became of a raw record, by its number in the lineage.
FATES = ("built", "superseded", "no subject", "not submitted", "unclaimed")
#: Records of one dataset whose variables are looked at, unless the caller asks for more.
LIMIT = 100


@dataclass(frozen=True, slots=True)
class FedRecord:
    """One record that a raw record feeds: its dataset, subject and --SEQ, and the variables with a cell of it behind them.

    Where the domain has no --SEQ (``numbered`` False) the subject's records are counted from 1. Of SUPP-- the
    variables are QNAMs, and ``seq`` is that of the parent; of RELREC it is that of the tied record. ``part`` is the
    dataset that holds the record, where the domain is split.
    """

    dataset: str
    usubjid: str
    seq: int | None
    variables: tuple[str, ...] = ()
    numbered: bool = True
    part: str = ""

    def line(self) -> str:
        """The record as text."""
        domain = self.dataset.removeprefix("SUPP")
        owner = f" {self.usubjid}" if self.usubjid else ""
        word = f"{domain}SEQ" if self.numbered else "record"
        number = f" {word} {self.seq}" if self.seq is not None and self.dataset != RELREC else ""
        number += f" in {self.part}" if self.part else ""
        return f"{self.dataset}{owner}{number}: {', '.join(self.variables) or 'no value of its own'}"


@dataclass(frozen=True, slots=True)
class RowTrace:
    """What became of one raw record: its fate, the records that it feeds, and the variables that read those.

    ``fate`` is built, superseded (by the record at ``superseded_by``), not submitted (for ``reason``), no subject or
    unclaimed. ``more`` counts, by dataset, records beyond the limit. ``readers`` are variables of other records of the
    subject that are derived from what it feeds (DOMAIN.VARIABLE).
    """

    source: str
    place: Location
    usubjid: str
    fate: str
    reason: str = ""
    superseded_by: Location = NOWHERE
    records: tuple[FedRecord, ...] = ()
    more: tuple[tuple[str, int], ...] = ()
    readers: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The trace as text, a record a line."""
        about = f": {self.reason}" if self.reason else ""
        about += f" by {self.superseded_by}" if self.superseded_by.file else ""
        whose = f", subject {self.usubjid}" if self.usubjid else ""
        yield f"{self.source} {self.place}{whose}: {self.fate}{about}"
        for one in self.records:
            yield f"  {one.line()}"
        for name, count in self.more:
            yield f"  {name}: {count} more {'record' if count == 1 else 'records'}"
        if self.readers:
            yield f"  read by the rules of {', '.join(self.readers)}"


def trace_row(out: Path, file: str, row: int, *, limit: int = LIMIT) -> tuple[RowTrace, ...]:
    """What became of a raw record: every dataset record and variable that it feeds, else its fate with the reason.

    ``file`` is a raw file as messages print it (raw/ae.csv) or the name of a source, ``row`` its row as messages
    count it: the line on which it begins, the header counted. Records that it feeds through a group, a join or
    another dataset are there too, with their SUPP--, CO and RELREC records. Of each dataset at most ``limit`` records
    are looked at; the others are counted. One result for each source that reads the file. Raises OutputError OUT910,
    OUT916 (no such output), OUT914 (no such file), OUT915 (no record on this row).
    """
    folder = OutputFolder(out)
    found = []
    for source, files in _named(folder, file).items():
        table = folder.table(f"sources/{source}")
        on_row = pc.equal(table.column(ROW), row)
        held = pc.is_in(table.column(FILE).cast(pa.string()), value_set=pa.array(files, pa.string()))
        positions = np.flatnonzero(pc.and_(on_row, held).to_numpy(zero_copy_only=False))
        found += [_traced(folder, source, int(position), limit) for position in positions]
    if not found:
        raise OutputError(_no_row(folder, file, row))
    return tuple(found)


def _named(folder: OutputFolder, file: str) -> dict[str, list[str]]:
    """The sources that a name means, each with its files (OUT914)."""
    inputs: dict[str, list[str]] = {}
    for one in folder.json("manifest.json")["inputs"]:
        inputs.setdefault(one["source"], []).append(one["file"])
    if file in inputs:
        return {file: inputs[file]}
    plain = file.replace("\\", "/").removeprefix("./")
    named = {source: [plain] for source, files in inputs.items() if plain in files}
    if not named:
        known = list(dict.fromkeys(one for files in inputs.values() for one in files))
        close = nearest_files(plain, [*known, *inputs], count=1)
        help_ = f"did you mean '{close[0]}'? " if close else ""
        raise OutputError(issue("OUT914", file, help=help_, known=", ".join(known)))
    return named


def _no_row(folder: OutputFolder, file: str, row: int) -> Any:
    """OUT915, with the record before the row: a row may be inside it."""
    before = 0
    for source, files in _named(folder, file).items():
        table = folder.table(f"sources/{source}")
        held = pc.is_in(table.column(FILE).cast(pa.string()), value_set=pa.array(files, pa.string()))
        rows = table.column(ROW).to_numpy()[held.to_numpy(zero_copy_only=False)]
        before = max(before, int(rows[rows < row].max(initial=0)))
    help_ = f"the record before it begins on row {before}; " if before else ""
    return issue("OUT915", file, name=file, row=row, help=help_)


def _traced(folder: OutputFolder, source: str, position: int, limit: int) -> RowTrace:
    table = folder.table(f"sources/{source}")
    record = table.select([name for name in table.column_names if name.startswith("_")]).slice(position, 1)
    held: Mapping[str, Any] = record.to_pylist()[0]
    place = folder.location(source, position)
    kept = folder.location(source, held[BY]) if held[FATE] == 1 else NOWHERE
    records: list[FedRecord] = []
    more: list[tuple[str, int]] = []
    reader = Reader(folder)
    for dataset, mask in _reached(folder, source, position).items():
        places = np.flatnonzero(mask)
        for one in places[:limit].tolist():
            records += _fed(reader, dataset, one, source, place)
        if len(places) > limit:
            more.append((dataset, len(places) - limit))
    return RowTrace(
        source, place, held.get(USUBJID, ""), FATES[held[FATE]], held[REASON], kept, tuple(records), tuple(more),
        _readers(folder, records),
    )  # fmt: skip


def _reached(folder: OutputFolder, source: str, position: int) -> dict[str, Mask]:
    """By dataset the records that are made of a raw record: directly, joined, in a group, or of records that are."""
    reached: dict[tuple[str, bool], Mask] = {}
    size = len(folder.table(f"sources/{source}"))
    own = np.zeros(size, bool)
    own[position] = True
    reached[source, False] = own
    table = folder.table(f"sources/{source}")
    if VISIT in table.column_names:
        register = int(table.column(VISIT)[position].as_py())
        if register >= 0:
            visits = np.zeros(register + 1, bool)
            visits[register] = True
            reached[VISITS, True] = visits
    domains = [
        name for name in folder.domains() if (folder.out / "lineage" / f"{name.lower()}.parquet").is_file()
    ]
    grown = True
    while grown:  # a dataset that is made from another one may stand before it
        grown = False
        for name in domains:
            mask = _touched(folder, name, reached)
            before = reached.get((name, True))
            if mask.any() and (before is None or not np.array_equal(mask, before)):
                reached[name, True], grown = mask, True
    return {name: reached[name, True] for name in domains if (name, True) in reached}


def _touched(folder: OutputFolder, dataset: str, reached: Mapping[tuple[str, bool], Mask]) -> Mask:
    """Which records of a dataset read a position that is reached."""
    table = folder.table(dataset.lower())
    blocks = table.column(BLOCK).to_numpy()
    result = np.zeros(len(blocks), bool)
    for number, block in enumerate(folder.rules(dataset)["blocks"]):
        own = blocks == number
        for alias, (source, is_dataset) in block["aliases"].items():
            mask = reached.get((source, is_dataset))
            if mask is None:
                continue
            if (alias or RECORD) in table.column_names:
                result |= own & _hit(mask, table.column(alias or RECORD).to_numpy())
            if members_name(alias) in table.column_names:
                lists = table.column(members_name(alias)).combine_chunks()
                hits = np.append(0, np.cumsum(_hit(mask, lists.flatten().to_numpy())))
                offsets = lists.offsets.to_numpy() - lists.offsets[0].as_py()
                result |= own & (hits[offsets[1:]] > hits[offsets[:-1]])
    return result


def _hit(mask: Mask, positions: npt.NDArray[np.int64]) -> Mask:
    inside = (positions >= 0) & (positions < len(mask))
    result: Mask = inside & mask[np.where(inside, positions, 0)]
    return result


def _fed(reader: Reader, dataset: str, place: int, source: str, raw: Location) -> Iterator[FedRecord]:
    """One record with the variables that hold something of a raw record, and its SUPP-- and RELREC records."""
    folder = reader.folder
    usubjid, seq = folder.usubjid(dataset, place), folder.seq(dataset, place)
    part, number = folder.part(dataset, place), seq
    if seq is None and usubjid:
        own = folder.places(dataset, usubjid)
        number = int(np.searchsorted(own, place)) + 1 if len(own) > 1 else None

    def feeds(name: str) -> bool:
        cells = reader.value(dataset, name, place, ()).all_cells()
        return any((one.source, one.place) == (source, raw) for one in cells)

    variables = [name for name in folder.rules(dataset)["variables"] if feeds(name)]
    frame = folder.dataset(dataset).frame
    # a value that is missing holds nothing of the raw record
    yield FedRecord(
        dataset, usubjid, number,
        tuple(name for name in variables if name in frame and folder.text(dataset, name, place)),
        seq is not None, part,
    )  # fmt: skip
    qnams = [
        qnam
        for qnam, _ in folder.supplements(dataset, place)
        if folder.variable_of(dataset, qnam) in variables
    ]
    if qnams:
        yield FedRecord(
            f"SUPP{dataset}", usubjid, number, tuple(qnams), seq is not None, f"SUPP{part}" if part else ""
        )
    if seq is not None and folder.has(RELREC):
        related = folder.dataset(RELREC).frame
        tied = (
            (related["RDOMAIN"] == dataset)
            & (related["USUBJID"] == usubjid)
            & (related["IDVAR"] == f"{dataset}SEQ")
            & (related["IDVARVAL"] == str(seq))
        )
        for _ in range(int(tied.sum())):
            yield FedRecord(RELREC, usubjid, seq, (f"{dataset}SEQ {seq}",))


def _readers(folder: OutputFolder, records: list[FedRecord]) -> tuple[str, ...]:
    """Variables whose rules read, directly or through others, a variable that is fed; those fed themselves left out."""
    fed = {f"{one.dataset.removeprefix('SUPP')}.{name}" for one in records for name in one.variables}
    needs: dict[str, set[str]] = {}
    for domain in folder.domains():
        for name, known in folder.rules(domain)["variables"].items():
            for rule in known["rules"]:
                for read in _reads(rule["inputs"] if rule is not None else ()):
                    needs.setdefault(read, set()).add(f"{domain}.{name}")
    found: dict[str, None] = {}
    open_ = [read for read in fed if read.partition(".")[2] not in ("USUBJID", "STUDYID")]
    while open_:
        for reader in sorted(needs.get(open_.pop(), ())):
            if reader not in found and reader not in fed:
                found[reader] = None
                open_.append(reader)
    return tuple(sorted(found))


def _reads(inputs: Any) -> Iterator[str]:
    """The names of variables in what a rule reads, at any depth."""
    if isinstance(inputs, Mapping):
        if "read" in inputs:
            yield inputs["read"]
        for one in inputs.values():
            if isinstance(one, list | Mapping):
                yield from _reads(one)
    elif isinstance(inputs, list | tuple):
        for one in inputs:
            yield from _reads(one)
