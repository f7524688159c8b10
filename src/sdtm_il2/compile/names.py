"""What names mean: a head that is a dataset is a variable, a join alias its record, all else a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sdtm_il2.errors import Location, Problems
from sdtm_il2.moment import moment
from sdtm_il2.nearest import nearest_names
from sdtm_il2.plan.blocks import TABLE
from sdtm_il2.plan.calls import ColumnRef, Ref, Test, VariableRef
from sdtm_il2.plan.visits import VISITS
from sdtm_il2.spec.model import BlockSpec, DomainSpec
from sdtm_il2.spec.study import SourceSpec, StudySpec
from sdtm_il2.standards import DatasetDef, Standard, VariableDef
from sdtm_il2.where import Clause, Condition

_ORDERED = ("LT", "LE", "GT", "GE", "EQ", "NE")


def nearest(text: str, known: Iterable[str]) -> str:
    """The known name nearest to the text; "" if none is near."""
    return next(iter(nearest_names(text, known)), "")


@dataclass(frozen=True, slots=True)
class Study:
    """The specification with what compiling looks up in it."""

    spec: StudySpec
    standard: Standard
    domains: Mapping[str, DomainSpec]
    sources: Mapping[str, SourceSpec]
    problems: Problems

    @property
    def datasets(self) -> frozenset[str]:
        """What reads as a dataset: the domains and the register of visits."""
        return frozenset((*self.domains, VISITS))

    @property
    def ig_version(self) -> str:
        """The version of the SDTMIG that the study follows."""
        return self.standard.ig_version

    def variables(self, dataset: DatasetDef) -> tuple[VariableDef, ...]:
        """Every variable that a dataset may have, in order; a custom domain's are those of its class."""
        if self.standard.dataset(dataset.name) is None:
            return dataset.variables
        return self.standard.allowed_variables(dataset.name)

    def applies(self, ig: tuple[str, ...]) -> bool:
        """Whether an element with this `ig:` is part of this build; no `ig:` always is."""
        return not ig or self.ig_version in ig


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a name stands: in a block of a domain."""

    study: Study
    domain: str
    block: BlockSpec | None

    @property
    def aliases(self) -> dict[str, str]:
        """Join aliases of the block and what they join."""
        return {join.alias: join.source for join in self.block.join} if self.block else {}

    def from_table(self) -> bool:
        """Whether the block's records are the rows of a trial design table."""
        return self.block is not None and self.block.from_.startswith(TABLE)

    def source_of(self, ref: ColumnRef) -> SourceSpec | None:
        """The source that holds a column; None for a dataset."""
        if self.block is None:
            return None
        name = self.aliases.get(ref.alias, "") if ref.alias else self.block.from_
        return self.study.sources.get(name)

    def resolve(self, name: str) -> Ref:
        """A name where columns, joined columns and variables may stand."""
        head, dot, rest = name.partition(".")
        if dot and rest:
            if head in self.study.datasets and head.isupper():
                return VariableRef(head, rest)
            if head in self.aliases:
                return ColumnRef(head, rest)
        return ColumnRef("", name)

    def column(self, name: str, at: Location, target: str, method: str) -> ColumnRef | None:
        """A name where only a column may stand; a variable there is an error (SPEC110)."""
        ref = self.resolve(name)
        if isinstance(ref, VariableRef):
            self.study.problems.add(
                "SPEC110", target, at, method=method, name=name, source=self.block.from_ if self.block else "",
                advice="a column of this name needs rename: at its source; copy: gives the value of a variable",
            )  # fmt: skip
            return None
        return ref

    def variable(self, name: str, at: Location, target: str, method: str) -> VariableRef | None:
        """A name where only DOMAIN.VARIABLE may stand (SPEC113)."""
        head, dot, rest = name.partition(".")
        if dot and head in self.study.datasets and rest:
            return VariableRef(head, rest)
        known = nearest(head, self.study.domains)
        self.study.problems.add(
            "SPEC113", target, at, method=method, name=name, domains=", ".join(sorted(self.study.domains)),
            nearest=f"did you mean '{known}.{rest}'? " if known and dot else "",
        )  # fmt: skip
        return None

    def test(self, clause: Clause, at: Location, *, bare: bool = False) -> Test:
        """A clause with its names resolved; ``bare``: every name is a column of the block's own record."""
        names: dict[str, Ref] = {}
        for condition in conditions(clause):
            names[condition.name] = ColumnRef("", condition.name) if bare else self.resolve(condition.name)
            if condition.comparator in _ORDERED and not bare:
                for value in condition.values:
                    head, dot, _ = value.partition(".")
                    if dot and (head in self.study.datasets or head in self.aliases):
                        names[value] = self.resolve(value)
                    elif self._no_date(condition, names[condition.name], value):
                        place = condition.at if condition.at.file else at
                        self.study.problems.add("SPEC114", "", place, name=condition.name, value=value)
        return Test(clause, names, at)

    @staticmethod
    def _no_date(condition: Condition, ref: Ref, value: str) -> bool:
        """Whether a variable with dates is put in order with a text that is none: no record could be decided."""
        return (
            condition.comparator in ("LT", "LE", "GT", "GE")
            and isinstance(ref, VariableRef)
            and ref.variable.endswith("DTC")
            and bool(value.strip())
            and moment(value.strip()) is None
        )

    def raw_test(self, clause: Clause, at: Location, target: str, place: str) -> Test:
        """A clause of raw selection (`where`, `not_done`): it sees columns only (SPEC110)."""
        for condition in conditions(clause):
            if isinstance(self.resolve(condition.name), VariableRef):
                self.study.problems.add(
                    "SPEC110", target, condition.at if condition.at.file else at, method=place,
                    name=condition.name, source=self.block.from_ if self.block else "",
                    advice="use submit: (rows) or when: (values) to speak of variables",
                )  # fmt: skip
        return self.test(clause, at)


def conditions(clause: Clause) -> Iterator[Condition]:
    """Every condition of a clause, however deep."""
    for part in clause.parts:
        if isinstance(part, Clause):
            yield from conditions(part)
        else:
            yield part
