"""Follow one record of an output folder back to the raw cells that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdtm_il2.errors import Location, OutputError, issue
from sdtm_il2.iso8601 import parse_dates
from sdtm_il2.lineage import TEST, TRANSLATION, choice_name
from sdtm_il2.methods.group import given_by
from sdtm_il2.nearest import nearest_names
from sdtm_il2.plan.calls import half_width
from sdtm_il2.plan.number import number
from sdtm_il2.plan.visits import VISIT_COLUMNS
from sdtm_il2.trace.folder import Made, Member, OutputFolder, is_register, is_table
from sdtm_il2.trace.model import Cell, Trace, TracedValue
from sdtm_il2.trace.write import FATE, FILE, ROW, USUBJID

#: Methods that convert to the standard unit.
_CONVERTED = ("standard_text", "standard_number")


def trace(
    out: Path, dataset: str, usubjid: str, seq: int | None = None, variable: str | None = None
) -> Trace:
    """Where a record's values come from: file, row, columns and raw text, the specification's line, the term.

    ``out`` is the folder that a build wrote; ``dataset`` a domain (AE), or a dataset into which one is split, then the
    record stands in it; ``seq`` its --SEQ (None where the domain has one record a subject; where it has no --SEQ, as
    SV, the subject's records are counted from 1); ``variable``
    limits the trace to one variable, supplemental ones included. A record
    that `group` made names every raw record, and for each value the cell that gave it; one that is made from
    another dataset goes on to its raw cells. Raises OutputError OUT910, OUT916 (no such output), OUT911 (no such
    record), OUT912 (no such variable), OUT913 (no such domain).
    """
    folder = OutputFolder(out)
    asked, dataset = dataset, folder.whole(dataset)
    rules = folder.rules(dataset)
    places = [int(place) for place in folder.places(dataset, usubjid, seq)]
    if asked != dataset:
        places = [place for place in places if folder.part(dataset, place) == asked]
    if len(places) != 1:
        shown = "" if seq is None else f" and --SEQ {seq}"
        near = _near(folder, dataset, asked, usubjid)
        raise OutputError(issue("OUT911", asked, seq=shown, number=len(places), near=near))
    place = places[0]
    if variable is None:
        held = [column.name for column in folder.dataset(dataset).columns]
        held += [qnam for qnam, _ in folder.supplements(dataset, place)]
        names = [name for name in held if name in rules["variables"]]
    elif folder.variable_of(dataset, variable):
        names = [folder.variable_of(dataset, variable)]
    else:
        raise OutputError(issue("OUT912", f"{dataset}.{variable}", variable=variable, dataset=dataset))
    values = tuple(Reader(folder).value(dataset, name, place, ()) for name in names)
    records, datasets = _records(folder, dataset, place)
    return Trace(
        dataset, usubjid, seq, records, values, datasets, tuple(_table_rows(folder.made(dataset, place))),
        folder.seq(dataset, place) is not None, folder.part(dataset, place),
    )  # fmt: skip


def _near(folder: OutputFolder, dataset: str, asked: str, usubjid: str) -> str:
    """The records of the subject that there are, else the subject that may be meant: S002 is the end of ABC01-S002."""
    own = [int(one) for one in folder.places(dataset, usubjid)]
    if asked != dataset:
        own = [one for one in own if folder.part(dataset, one) == asked]
    if own:
        numbers = [folder.seq(dataset, one) for one in own]
        shown = [str(number if one is None else one) for number, one in enumerate(numbers, 1)]
        held = ", ".join(shown[:8]) + (f" ... {shown[-1]}" if len(shown) > 8 else "")
        return f"the subject has {held} there; "
    subjects = list(dict.fromkeys(str(one) for one in folder.dataset(dataset).frame.get("USUBJID", ())))
    ending = [one for one in subjects if usubjid and one.endswith(f"-{usubjid}")]
    meant = ending if len(ending) == 1 else nearest_names(usubjid, subjects)[:1]
    return f"did you mean {meant[0]}? " if meant else ""


def _records(
    folder: OutputFolder, dataset: str, place: int
) -> tuple[tuple[tuple[str, Location], ...], tuple[tuple[str, int | None], ...]]:
    """The raw records behind a record, joined ones too, and the records of datasets on the way."""
    raw: dict[tuple[str, Location], None] = {}
    between: dict[tuple[str, int], None] = {}
    open_: list[tuple[str, int]] = [(dataset, place)]
    for name, at in open_:
        for source, position, is_dataset in folder.behind(name, at):
            if not is_dataset:
                raw[source, folder.location(source, position)] = None
            elif is_register(source):
                for one, row in folder.visit_records(position):
                    raw[one, folder.location(one, row)] = None
            elif is_table(source):
                raw[folder.table_row(source, position)] = None
            elif (source, position) not in between:
                between[source, position] = None
                open_.append((source, position))
    return tuple(raw), tuple((name, folder.seq(name, at)) for name, at in between)


def _table_rows(made: Made) -> Iterator[Location]:
    """The rows of the tests table and of decode tables behind a record."""
    if made.block["tests"] and made.test >= 0:
        yield Location(*made.block["tests"][made.test])
    for place, table in enumerate(made.block["decode"]):
        row = made.decoded(place)
        if row >= 0:
            yield Location(table["file"], table["lines"][row])


class Reader:
    """Reads values of an output folder with what they were made from."""

    __slots__ = ("folder",)

    def __init__(self, folder: OutputFolder) -> None:
        self.folder = folder

    def value(self, dataset: str, name: str, place: int, seen: tuple[str, ...]) -> TracedValue:
        """One value of one record, with what it was made from."""
        title = f"{dataset}.{name}"
        known = self.folder.rules(dataset)["variables"][name]
        made = self.folder.made(dataset, place)
        rule = known["rules"][made.number]
        value = self.folder.text(dataset, name, place)
        if rule is None:
            return TracedValue(title, value, "nothing: these records do not have it")
        at = Location(*rule["at"])
        stated = rule["stated"]
        if made.test >= 0 and (stated is True or (stated and stated[made.test])):
            at = Location(*made.block["tests"][made.test])
        found = _Found(self, dataset, place, made, name, value, (*seen, title))
        found.add(rule["inputs"])
        if rule["by_test"] and made.test >= 0:
            found.add(rule["by_test"][made.test])
        cells, reads = tuple(dict.fromkeys(found.cells)), tuple(dict.fromkeys(found.reads))
        # a standard result has no cell of its own: its term is that of the original result
        collected, translated_at = self._translation(name, made)
        term, via = self._term(dataset, name, collected or value, cells or reads)
        if rule["method"] == "visit" and name in VISIT_COLUMNS and not term:
            term, via = self._visit(dataset, place, value)
        factor = self._factor(dataset, place, value) if rule["method"] in _CONVERTED else ""
        return TracedValue(
            title, value, rule["method"], at, cells, reads, term, via, 1, factor, collected, translated_at,
            tuple(found.choices), tuple(dict.fromkeys(found.keys)),
        )  # fmt: skip

    def _translation(self, name: str, made: Made) -> tuple[str, Location]:
        """The text of which the value is the English one, and the row that says so."""
        row = int(made.columns.get(TRANSLATION + name, -1))
        if row < 0:
            return "", Location()
        file, line, text, _ = self.folder.json("lineage/translations.json")[row]
        return text, Location(file, line)

    def _factor(self, dataset: str, place: int, value: str) -> str:
        """The factor by which a number (or a limit such as <5) was converted; "" if it was not."""
        if number(value.lstrip("<>=≤≥")) is None:
            return ""
        made = self.folder.made(dataset, place)
        for block, test, unit, words in self.folder.rules(dataset)["factors"]:
            same = (block, test) == (made.number, made.columns[TEST])
            if same and self.folder.text(dataset, f"{dataset}ORRESU", place) == unit:
                return str(words)
        return ""

    def _term(
        self, dataset: str, name: str, value: str, made_from: tuple[Cell, ...] | tuple[TracedValue, ...]
    ) -> tuple[str, str]:
        """The term that one of the texts became, and what says so."""
        texts = {
            (one.text if isinstance(one, Cell) else one.collected or one.value).strip() for one in made_from
        }
        for domain, variable, raw, term, via, _ in self.folder.json("lineage/terms.json"):
            if (domain, variable, term) == (dataset, name, value) and raw.strip() in texts:
                return term, via
        return "", ""

    def _visit(self, dataset: str, place: int, value: str) -> tuple[str, str]:
        """The planned visit's row of the visits table, found by the record's VISITNUM."""
        visitnum = self.folder.text(dataset, "VISITNUM", place)
        for planned, file, line in self.folder.json("lineage/study.json")["visits"]:
            if value and planned == visitnum:
                return value, str(Location(file, line))
        return "", ""


class _Found:
    """What the rule of one value of one record reads, as far as it gave the value."""

    __slots__ = (
        "cells",
        "choices",
        "dataset",
        "keys",
        "made",
        "name",
        "place",
        "reader",
        "reads",
        "seen",
        "value",
    )

    def __init__(
        self, reader: Reader, dataset: str, place: int, made: Made, name: str, value: str,
        seen: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.reader, self.dataset, self.place, self.made = reader, dataset, place, made
        self.name, self.value, self.seen = name, value, seen
        self.cells: list[Cell] = []
        self.reads: list[TracedValue] = []
        self.choices: list[str] = []
        self.keys: list[Cell] = []

    def add(self, inputs: Iterable[Mapping[str, Any]]) -> None:
        """Follow what a rule reads."""
        for one in inputs:
            if "column" in one:
                self._column(*one["column"])
            elif "read" in one:
                self._variable(one["read"], self.place)
            elif "decode" in one:
                self._decode(one["decode"])
            elif "choice" in one:
                self._choose(one)
            elif "next" in one:
                self._next(one)
            elif "extreme" in one:
                self._extreme(one)
            else:
                self._source(one)

    def _choose(self, one: Mapping[str, Any]) -> None:
        """The taken branch of a `case`, the filled argument of a `coalesce`: what the others read gave nothing."""
        parts = one["parts"]
        taken = int(self.made.columns.get(choice_name(self.name, one["choice"]), -1))
        word = "branch" if one["method"] == "case" else "value"
        if taken < 0:
            self.choices.append(f"{one['method']}: none of {len(parts)}")
            return
        place = Location(*parts[taken]["at"])
        self.choices.append(f"{one['method']}: {word} {taken + 1} of {len(parts)} at {place}")
        self.add(parts[taken]["inputs"])

    def _column(self, alias: str, column: str) -> None:
        """A column of the record or of what it joined; of a group the members that gave the value."""
        if not alias and self._decode(column):
            return
        block = self.made.block
        members = [one for one in self.made.members if one.positions.get(alias, -1) >= 0]
        texts = [self._member_text(one, alias, column) for one in members]
        chosen = list(range(len(members)))
        if len(self.made.members) > 1:
            how = (block["take"] or {}).get(f"{alias}.{column}" if alias else column, "")
            chosen = given_by([half_width(one).strip() for one in texts], how)
            if how:
                self.choices.append(f"{column}: {how} of {len(members)} records")
        for place in chosen:
            self._member(members[place], alias, column, texts[place])
            self._found_by(block["joins"].get(alias, ()), (members[place],))

    def _name(self, member: Member, alias: str, column: str) -> str:
        """The name of a column in its source: `each` gives one name to several."""
        repeated = self.made.block["each"].get(column) if not alias else None
        return str(repeated[member.each]) if repeated is not None and member.each >= 0 else column

    def _member_text(self, member: Member, alias: str, column: str) -> str:
        source, is_dataset = self.made.block["aliases"][alias]
        name, position = self._name(member, alias, column), member.positions[alias]
        folder = self.reader.folder
        if is_table(source):
            table = folder.json("lineage/study.json")["tables"][source]
            return str(table["rows"][position][table["headers"].index(name)])
        if is_register(source):
            return ""
        if is_dataset:
            return folder.text(source, name, position)
        table = folder.table(f"sources/{source}")
        return str(table.column(name)[position].as_py()) if name in table.column_names else ""

    def _member(self, member: Member, alias: str, column: str, text: str) -> None:
        source, is_dataset = self.made.block["aliases"][alias]
        name, position = self._name(member, alias, column), member.positions[alias]
        folder = self.reader.folder
        if is_table(source):
            known, place = folder.table_row(source, position)
            self.cells.append(Cell(known, place, name, text))
        elif is_dataset:
            self._dataset_value(source, name, position)
        elif name in folder.table(f"sources/{source}").column_names:
            self.cells.append(Cell(source, folder.location(source, position), name, text))

    def _found_by(self, keys: Iterable[Sequence[str]], members: Iterable[Member]) -> None:
        """The cells that joined a record or found the row of a decode table."""
        for member in members:
            for alias, column in keys:
                source, is_dataset = self.made.block["aliases"][alias]
                position = member.positions.get(alias, -1)
                if position < 0 or is_dataset:
                    continue
                name = self._name(member, alias, column)
                if name in self.reader.folder.table(f"sources/{source}").column_names:
                    text = self._member_text(member, alias, column)
                    self.keys.append(Cell(source, self.reader.folder.location(source, position), name, text))

    def _dataset_value(self, dataset: str, name: str, place: int) -> None:
        if is_register(dataset) or f"{dataset}.{name}" in self.seen:
            return
        if name in self.reader.folder.rules(dataset)["variables"]:
            self.reads.append(self.reader.value(dataset, name, place, self.seen))

    def _decode(self, column: str) -> bool:
        """A cell of the record's row of a decode table, and the keys that chose the row."""
        for place, table in enumerate(self.made.block["decode"]):
            if column in table["added"]:
                row = self.made.decoded(place)
                if row >= 0:
                    text = table["rows"][row][table["headers"].index(column)]
                    at = Location(table["file"], table["lines"][row])
                    self.cells.append(Cell(table["file"], at, column, text))
                    self._found_by(table["by"], self.made.members)
                return True
        return False

    def _variable(self, read: str, place: int) -> None:
        """A variable of the same record, or of the subject's records in another domain."""
        domain, _, variable = read.partition(".")
        if domain == self.dataset:
            if read not in self.seen:
                self._dataset_value(domain, variable, place)
            return
        if read in self.seen or not self.reader.folder.has(domain):
            return
        places = self.reader.folder.places(domain, self._usubjid())
        if len(places) == 1:
            self._dataset_value(domain, variable, int(places[0]))
        else:
            self.reads.append(TracedValue(read, "", "", records=len(places)))

    def _usubjid(self) -> str:
        return self.reader.folder.usubjid(self.dataset, self.place)

    def _next(self, one: Mapping[str, Any]) -> None:
        """The value of the subject's next record; at the last one what `else` reads."""
        after = self.place + 1
        records = len(self.reader.folder.dataset(self.dataset).frame)
        if after < records and self.reader.folder.usubjid(self.dataset, after) == self._usubjid():
            for read in one["next"]:
                self._variable(read["read"], after)
        else:
            self.add(one["else"])

    def _extreme(self, one: Mapping[str, Any]) -> None:
        """The first record of the subject that has the earliest (latest) value."""
        for read in one["extreme"]:
            if "read" not in read:
                self.add([read])
                continue
            domain, _, variable = read["read"].partition(".")
            folder = self.reader.folder
            if not folder.has(domain) or read["read"] in self.seen:
                continue
            places = self._alike(domain, one["same"])
            texts = [folder.text(domain, variable, place) for place in places]
            held = [
                place
                for place, text in zip(places, texts, strict=True)
                if self.value and text.startswith(self.value)
            ]
            if held and not self.reads and not self.cells:
                self.choices.append(f"{read['read']}: 1 of {len(places)} records of the subject")
                self._dataset_value(domain, variable, held[0])
        if not self.reads and not self.cells:
            for read in (*one["extreme"], *one["where"]):
                if "read" in read:
                    self._variable(read["read"], self.place)

    def _alike(self, domain: str, same: Iterable[tuple[str, Sequence[str]]]) -> list[int]:
        """The subject's records of a domain, of these the ones that agree with the record in the variables of `same`."""
        folder = self.reader.folder
        places = [int(place) for place in folder.places(domain, self._usubjid())]
        for own, others in same:
            name = next((one.partition(".")[2] for one in others if one.startswith(f"{domain}.")), "")
            if name:
                text = folder.text(self.dataset, own, self.place)
                places = [place for place in places if folder.text(domain, name, place) == text]
        return places

    def _source(self, one: Mapping[str, Any]) -> None:
        """Cells of a whole source, read as dates: those of the subject that hold the value."""
        source, column = one["source"]
        table = self.reader.folder.table(f"sources/{source}")
        if USUBJID not in table.column_names or not self.value or column not in table.column_names:
            return
        own = np.array(table.column(USUBJID).to_pylist(), object) == self._usubjid()
        own &= np.isin(table.column(FATE).to_numpy(), (0, 3, 4))
        rows = np.flatnonzero(own)
        texts = [table.column(column)[int(row)].as_py() for row in rows]
        pivot = int(one["pivot"]) if one["pivot"] else None
        dates = parse_dates([half_width(text) for text in texts], one["formats"], one["unknown"], pivot).iso
        for row, text, date in zip(rows.tolist(), texts, dates.tolist(), strict=True):
            if date and str(date).startswith(self.value):
                place = Location(table.column(FILE)[row].as_py(), table.column(ROW)[row].as_py())
                self.cells.append(Cell(source, place, column, text))
                return
