"""What two sets of datasets differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RecordDiff:
    """One record that was added, removed or changed; rows count from 1, None where the record is not.

    ``key`` pairs the key variables with their values, ``values`` the changed variables with the value before and after.
    """

    change: str
    old_row: int | None
    new_row: int | None
    key: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VariableDiff:
    """One variable that was added or removed, or of which the label, type, length or place changed."""

    variable: str
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.what in ("added", "removed"):
            return f"{self.variable}: variable {self.what}"
        return f"{self.variable}: {self.what} was {self.before or 'none'}, is {self.after or 'none'}"


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """What one dataset differs in; ``old`` or ``new`` None: the dataset is on one side only, else its records.

    ``keys`` are the variables by which records are the same. ``renumbered`` counts records that differ in --SEQ
    alone (in IDVARVAL of SUPP--, CO and RELREC where it holds a --SEQ). ``duplicates`` counts on each side the records
    whose key an earlier record has: they are compared in their order. ``values`` counts changed records by variable.
    ``records`` lists the first of the records that differ, ``more`` counts the others. ``parts`` are the files of both
    sides where they hold the same domain under other names (LB; LBCH and LBHE): their records are compared as one.
    """

    name: str
    old: int | None
    new: int | None
    keys: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    changed: int = 0
    renumbered: int = 0
    duplicates: tuple[int, int] = (0, 0)
    values: Mapping[str, int] = field(default_factory=dict)
    variables: tuple[VariableDiff, ...] = ()
    label: tuple[str, str] | None = None
    records: tuple[RecordDiff, ...] = ()
    more: int = 0
    parts: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def equal(self) -> bool:
        """Whether the dataset is the same on both sides: records by key, and what is said about its variables."""
        counted = self.added + self.removed + self.changed + self.renumbered
        told = counted or self.variables or self.label or any(self.parts)
        return self.old is not None and self.new is not None and not told


@dataclass(frozen=True, slots=True)
class Diff:
    """All datasets of both sides, by name."""

    datasets: tuple[DatasetDiff, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return all(one.equal for one in self.datasets)

    def dataset(self, name: str) -> DatasetDiff:
        """One dataset; KeyError if neither side has it."""
        for one in self.datasets:
            if one.name == name:
                return one
        raise KeyError(name)
