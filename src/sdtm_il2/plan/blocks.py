"""The blocks of a domain in the plan: what is joined, decoded, repeated, grouped and tested, and what is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.plan.calls import ColumnRef, Operand, Ref, TermMap, Test
from sdtm_il2.spec.model import RangeRow, TestRow, UnitRow

#: What `each` adds to its records: the name of the first repeated column, and its number from 1.
EACH, EACH_NUMBER = "_EACH", "_EACH_NUMBER"


#: What the name of a trial design table begins with; the rest is its domain.
TABLE = "table "


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The rows of a trial design table, read like a dataset without subjects; a row of a registry record has no line."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """A joined source or dataset. ``by`` pairs what the record has with a column of the other side."""

    alias: str
    source: str
    dataset: bool
    by: tuple[tuple[Ref, str], ...]
    cardinality: str
    where: Test | None = None
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """A small table that is looked up by columns of the record; ``lines`` are those of its rows."""

    table: str
    by: tuple[tuple[Ref, str], ...]
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    at: Location = NOWHERE
    lines: tuple[int, ...] = ()

    @property
    def added(self) -> tuple[str, ...]:
        """The headers that become columns: all but the keys that are named as the record's own columns."""
        own = {header for ref, header in self.by if ref == ColumnRef("", header)}
        return tuple(header for header in self.headers if header not in own)


@dataclass(frozen=True, slots=True)
class TestsPlan:
    """A tests table as one block uses it: its rows for this domain and release, and where the parts stand.

    ``elsewhere`` are the `by` values of rows that other domains take, ``discarded`` those of rows with domain
    ``-`` and their note.
    """

    table: str
    rows: tuple[TestRow, ...]
    by: tuple[ColumnRef, ...] = ()
    elsewhere: frozenset[tuple[str, ...]] = frozenset()
    discarded: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    cells: Mapping[str, ColumnRef] = field(default_factory=dict)
    terms: Mapping[str, TermMap] = field(default_factory=dict)
    units: tuple[UnitRow, ...] = ()
    not_done: Test | None = None
    row_not_done: tuple[Test | None, ...] = ()
    reason: Operand | None = None
    row_reasons: tuple[Operand | None, ...] = ()
    at: Location = NOWHERE
    ranges: tuple[RangeRow, ...] = ()

    @property
    def wide(self) -> bool:
        """Each row of the table names the column that holds its result."""
        return not self.by


@dataclass(frozen=True, slots=True)
class EachPlan:
    """One name for columns that repeat in a row; all lists of a block have the same length.

    ``written`` is a range ``A1-A3`` as it stands, which a column of that name in the file's header takes over.
    """

    name: str
    columns: tuple[str, ...]
    at: Location = NOWHERE
    written: str = ""


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """One record for each value of ``by`` within the subject; ``take`` says how other columns are reduced."""

    by: tuple[ColumnRef, ...]
    take: Mapping[str, str] = field(default_factory=dict)
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class SubmitPlan:
    """Records for which ``when`` does not hold are not submitted."""

    when: Test
    reason: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """How one block of a domain makes records. ``source`` is a source or, if ``dataset``, a domain."""

    id: str
    source: str
    dataset: bool = False
    joins: tuple[JoinPlan, ...] = ()
    where: Test | None = None
    decode: tuple[DecodePlan, ...] = ()
    tests: TestsPlan | None = None
    submit: SubmitPlan | None = None
    at: Location = NOWHERE
    each: tuple[EachPlan, ...] = ()
    group: GroupPlan | None = None

    def each_of(self, column: str) -> EachPlan | None:
        """The repeated columns behind a name; None for a column of its own."""
        return next((one for one in self.each if one.name == column), None)

    def raw_columns(self, ref: ColumnRef) -> tuple[tuple[str, str], ...]:
        """The raw columns behind a reference, as (source, column): none for datasets, decode tables and numbers."""
        source, dataset = self.source_of(ref.alias)
        if dataset:
            return ()
        if not ref.alias:
            each = self.each_of(ref.column)
            if each is not None:
                return tuple((source, column) for column in each.columns)
            if self.each and ref.column in (EACH, EACH_NUMBER):
                return ()
            if _decoded(self, ref):
                return ()
        return ((source, ref.column),)

    def dataset_columns(self, ref: ColumnRef) -> tuple[str, ...]:
        """The variables of a dataset behind a reference: those that `each` repeats, none for what is added."""
        if not ref.alias:
            each = self.each_of(ref.column)
            if each is not None:
                return each.columns
            if (self.each and ref.column in (EACH, EACH_NUMBER)) or _decoded(self, ref):
                return ()
        return (ref.column,)

    def source_of(self, alias: str) -> tuple[str, bool]:
        """The source (or dataset) behind an alias, and whether it is a dataset."""
        if not alias:
            return self.source, self.dataset
        for join in self.joins:
            if join.alias == alias:
                return join.source, join.dataset
        raise KeyError(alias)


def _decoded(block: BlockPlan, ref: ColumnRef) -> bool:
    return not ref.alias and any(ref.column in decode.added for decode in block.decode)
