"""What `trace` gives back: a record, its values, and the cells behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sdtm_il2.errors import Location


@dataclass(frozen=True, slots=True)
class Cell:
    """One raw cell that a value was made from, or a cell of a table of the specification."""

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
    ``records`` counts the subject's records where the value was chosen among several; ``choices`` says which
    branch of a `case`, argument of a `coalesce`, or record of a `group` gave the value; ``keys`` are the cells by
    which a joined record, or the row of a decode table, was found.
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
    choices: tuple[str, ...] = ()
    keys: tuple[Cell, ...] = ()

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
        for choice in self.choices:
            yield f"{indent}  {choice}"
        for cell in self.cells:
            yield f"{indent}  from {cell.place} {cell.column} = {cell.text!r}"
        for cell in self.keys:
            yield f"{indent}  found by {cell.place} {cell.column} = {cell.text!r}"
        if self.term:
            yield f"{indent}  term {self.term!r} by {self.via}"
        if self.factor:
            yield f"{indent}  factor {self.factor}"
        for one in self.reads:
            yield from one.lines(indent + "  ")

    def all_cells(self) -> Iterator[Cell]:
        """The cells of the value, those that found them, and those of everything that it reads."""
        yield from self.cells
        yield from self.keys
        for one in self.reads:
            yield from one.all_cells()


@dataclass(frozen=True, slots=True)
class Trace:
    """One record: the raw records that it was made from, and its values.

    ``datasets`` are the records (dataset, --SEQ) on the way, where it is made from those of another dataset;
    ``rows`` the rows of the tests and decode tables that made it what it is. ``numbered`` tells whether ``seq`` is
    --SEQ; where the domain has none it counts the subject's records from 1. ``part`` is the dataset that
    holds the record, where the domain is split.
    """

    dataset: str
    usubjid: str
    seq: int | None
    records: tuple[tuple[str, Location], ...]
    values: tuple[TracedValue, ...]
    datasets: tuple[tuple[str, int | None], ...] = ()
    rows: tuple[Location, ...] = ()
    numbered: bool = True
    part: str = ""

    def lines(self) -> Iterator[str]:
        """The trace as text."""
        word = f"{self.dataset}SEQ" if self.numbered else "record"
        number = f" {word} {self.seq}" if self.seq is not None else ""
        yield f"{self.dataset} {self.usubjid}{number}{f' in {self.part}' if self.part else ''}"
        for name in dict.fromkeys(name for name, _ in self.datasets):
            numbers = [str(seq) for one, seq in self.datasets if one == name and seq is not None]
            yield f"  made from {name}{f' {name}SEQ ' if numbers else ''}{', '.join(numbers)}"
        for source, place in self.records:
            yield f"  made from {source}: {place}"
        for row in self.rows:
            yield f"  row {row}"
        for value in self.values:
            yield from value.lines()
