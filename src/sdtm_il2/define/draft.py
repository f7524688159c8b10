"""What grows while a Define is derived: the elements made so far, and the datasets still to describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sdtm_il2.bilingual import NO_TEXT, Bilingual
from sdtm_il2.dataset import Summary
from sdtm_il2.define.columns import Described
from sdtm_il2.define.model import (
    CommentDef,
    DataType,
    Description,
    ItemDef,
    ItemGroupDef,
    MethodDef,
    RangeCheck,
    ValueListDef,
    WhereClauseDef,
    bilingual,
)
from sdtm_il2.define.terms import ListUse, ListUses, slug
from sdtm_il2.plan.model import DomainPlan, Plan


@dataclass(frozen=True, slots=True)
class LevelCondition:
    """What one variable has to be for a value level: EQ a value, or NE, NOTIN the values of other levels."""

    variable: str
    comparator: Literal["EQ", "NE", "NOTIN"]
    values: tuple[str, ...]

    @property
    def oid(self) -> str:
        """The condition as part of an OID."""
        values = ".".join(slug(value) for value in self.values)
        return values if self.comparator == "EQ" else f"{self.comparator}.{values}"


@dataclass(frozen=True, slots=True)
class DatasetDescribed:
    """One dataset to describe: its variables, what they hold, and the plan behind it, if any."""

    name: str
    domain: str
    label: str
    class_: str
    structure: str
    keys: tuple[str, ...]
    variables: tuple[Described, ...]
    summary: Summary
    plan: DomainPlan | None = None
    comment: Bilingual = NO_TEXT
    standard: bool = True
    alias: str = ""


@dataclass(slots=True)
class Draft:
    """The elements made so far; OIDs of codelists follow when all uses are known."""

    plan: Plan
    lists: ListUses
    lengths: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    translated: frozenset[str] = frozenset()
    groups: list[ItemGroupDef] = field(default_factory=list)
    items: list[ItemDef] = field(default_factory=list)
    uses: dict[str, ListUse] = field(default_factory=dict)
    value_lists: list[ValueListDef] = field(default_factory=list)
    clauses: dict[str, WhereClauseDef] = field(default_factory=dict)
    methods: dict[str, MethodDef] = field(default_factory=dict)
    comments: dict[str, CommentDef] = field(default_factory=dict)

    def size(
        self, dataset: str, variable: str, kind: DataType, found: int | None, *, level: bool = False
    ) -> int | None:
        """The length of a text as its file stores it; a value level is at most as long as its variable."""
        stored = self.lengths.get(dataset, {}).get(variable)
        if found is None or stored is None or kind != "text":
            return found
        return min(found, stored) if level else stored

    def told(self, words: Bilingual) -> Description:
        """Words in the languages of the file."""
        return bilingual(words.en, words.zh if self.plan.bilingual else "")

    def method(self, dataset: str, name: str, words: Bilingual) -> str:
        """The OID of a method with these words: datasets that say the same of a variable share it."""
        for oid in (f"MT.{name}", f"MT.{dataset}.{name}"):
            made = MethodDef(oid, f"Algorithm for {oid[3:]}", self.told(words))
            if self.methods.setdefault(oid, made).description == made.description:
                return oid
        raise AssertionError(f"two methods for {dataset}.{name}")

    def comment(self, oid: str, words: Bilingual) -> str:
        """The OID of a comment with these words."""
        for held in self.comments.values():
            if held.description == self.told(words):
                return held.oid
        named = next((f"COM.{name}" for name, text in self.plan.comments.items() if text == words), oid)
        oid, number = named, 1
        while oid in self.comments:
            number += 1
            oid = f"{named}-{number}"
        self.comments[oid] = CommentDef(oid, self.told(words))
        return oid

    def clause(self, dataset: str, conditions: tuple[LevelCondition, ...]) -> str:
        """The OID of the where clause of these conditions; all variables of the dataset share it."""
        parts = ".".join(f"{one.variable}.{one.oid}" for one in conditions)
        checks = tuple(
            RangeCheck(f"IT.{dataset}.{one.variable}", one.comparator, one.values) for one in conditions
        )
        oid, number = f"WC.{dataset}.{parts}", 1
        while self.clauses.setdefault(oid, WhereClauseDef(oid, checks)).checks != checks:
            number += 1
            oid = f"WC.{dataset}.{parts}-{number}"
        return oid
