"""The plan of visits: the planned ones with their windows, and how raw records name theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.plan.calls import ColumnRef, Test, VariableRef

#: The visits of each subject as a dataset: what `from: _VISITS` reads, and its columns.
VISITS = "_VISITS"
REGISTER = ("VISITNUM", "VISIT", "VISITDY", "EPOCH", "first", "last", "unscheduled")
#: The name of the step that finds the visits, in the order of steps.
VISITS_NODE = "visits"
#: Columns that every source with a visit rule has beside its own, by the variable that they fill.
VISIT_COLUMNS = {
    "VISITNUM": "_VISITNUM",
    "VISIT": "_VISIT",
    "VISITDY": "_VISITDY",
    "EPOCH": "_VISIT_EPOCH",
}
#: What reads the columns of visit rules, in the balance of columns.
READER, UNSCHEDULED_READER = "visit records", "unscheduled visit records"


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which a planned visit may fall, counted from an anchor (day 1; there is no day 0).

    ``anchor`` is the number of the anchor, ``first`` and ``last`` are study-day-like numbers, both included
    (None: no limit).
    """

    anchor: int
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One row of the visits table; ``aliases`` are `normal` texts. ``armcds`` empty: a visit of every arm."""

    at: Location
    number: Decimal
    visit: str
    aliases: tuple[str, ...] = ()
    epoch: str = ""
    visitdy: str = ""
    armcds: tuple[str, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The date that is day 1 of windows: the subject's earliest value, of the records of one epoch if stated."""

    variable: VariableRef
    epoch: str = ""
    at: Location = NOWHERE

    @property
    def refs(self) -> tuple[VariableRef, ...]:
        """The variables that it reads."""
        epoch = (VariableRef(self.variable.domain, "EPOCH"),) if self.epoch else ()
        return (self.variable, *epoch)


@dataclass(frozen=True, slots=True)
class BuiltDate:
    """A --DTC that a block fills from the records of a source: their date where the visit rule states none."""

    domain: str
    block: int
    variable: str


@dataclass(frozen=True, slots=True)
class VisitSource:
    """A source whose records name their visit: by the first filled of ``texts``, else by ``date`` and windows.

    ``when`` selects the unscheduled records, ``number`` is the column with their number, if one is stated.
    """

    source: str
    texts: tuple[str, ...]
    date: str = ""
    formats: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    pivot: str = ""
    when: Test | None = None
    number: str = ""
    built: tuple[BuiltDate, ...] = ()
    at: Location = NOWHERE

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that name the visit of a record."""
        return tuple(dict.fromkeys((*self.texts, *((self.date,) if self.date else ()))))

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns of `unscheduled:`, which this source may lack: then none of its records is meant."""
        names = self.when.names.values() if self.when is not None else ()
        own = [ref.column for ref in names if isinstance(ref, ColumnRef)]
        return tuple(dict.fromkeys((*own, *((self.number,) if self.number else ()))))


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """How unscheduled visits are numbered and named.

    ``step`` None: the number stands in the text or column, else the last planned visit's number plus steps.
    ``name`` holds ``{VISITNUM}``. ``stated`` tells whether a clause says which records are meant.
    """

    step: Decimal | None
    name: tuple[str, ...]
    stated: bool = False
    at: Location = NOWHERE

    def visit(self, number: str) -> str:
        """The name of the visit with that number."""
        return number.join(self.name)


@dataclass(frozen=True, slots=True)
class VisitsPlan:
    """The planned visits of the study, the sources whose records have visits, and the unscheduled ones."""

    table: str
    rows: tuple[PlannedVisit, ...]
    anchors: tuple[Anchor, ...]
    sources: tuple[VisitSource, ...]
    unscheduled: Unscheduled | None = None
    arm: VariableRef | None = None
    at: Location = NOWHERE

    def source(self, name: str) -> VisitSource | None:
        """The visit rule of a source; None if its records have no visit."""
        return next((one for one in self.sources if one.source == name), None)

    def refs(self) -> Iterator[tuple[VariableRef, Location]]:
        """The variables that finding the visits reads: anchors, the arm, dates of records."""
        for anchor in self.anchors:
            yield from ((ref, anchor.at) for ref in anchor.refs)
        if self.arm is not None:
            yield self.arm, self.at
        for source in self.sources:
            yield from ((VariableRef(one.domain, one.variable), source.at) for one in source.built)

    def columns(self) -> Iterator[tuple[str, str, str, Location]]:
        """The raw columns that finding the visits reads: source, column, reader, place."""
        for source in self.sources:
            yield from ((source.source, column, READER, source.at) for column in source.columns)
            yield from ((source.source, column, UNSCHEDULED_READER, self.at) for column in source.optional)
