"""The standard's nouns: variable, dataset, codelist, term."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VariableType = Literal["Char", "Num"]


@dataclass(frozen=True, slots=True)
class VariableDef:
    """A variable as the standard defines it.

    ``core`` is Req, Exp or Perm; ``codelists`` are C-codes (several: any of them);
    ``described_value_domain`` is ``ISO 8601 duration``, ``MedDRA`` and the like; ``value_list`` are values
    that the guide itself fixes; ``model_variable`` is the SDTM name (``--SEV``). ``source`` is ``ig`` for a
    variable of the guide's table and ``model`` for one that the observation class allows beside it;
    ``order`` is its place in the guide's table (0 for the model's).
    """

    name: str
    label: str
    type: VariableType
    role: str
    core: str
    order: int
    codelists: tuple[str, ...] = ()
    described_value_domain: str = ""
    value_list: tuple[str, ...] = ()
    model_variable: str = ""
    source: Literal["ig", "model"] = "ig"


@dataclass(frozen=True, slots=True)
class DatasetDef:
    """A dataset as the standard defines it; ``class_`` as the guide spells it (``Special-Purpose``)."""

    name: str
    label: str
    class_: str
    structure: str
    order: int
    variables: tuple[VariableDef, ...]
    _by_name: dict[str, VariableDef] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {variable.name: variable for variable in self.variables})

    def variable(self, name: str) -> VariableDef | None:
        """The dataset's variable of that name, or None."""
        return self._by_name.get(name)

    @property
    def define_class(self) -> str:
        """The class as Define-XML spells it: SPECIAL PURPOSE, FINDINGS ABOUT, TRIAL DESIGN ..."""
        return self.class_.replace("-", " ").upper()


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a codelist: NCI concept code, submission value, synonyms and the NCI preferred term."""

    code: str
    value: str
    synonyms: tuple[str, ...]
    preferred_term: str


@dataclass(frozen=True, slots=True)
class Codelist:
    """A CDISC codelist; ``submission_value`` is its short name (ACN)."""

    code: str
    name: str
    submission_value: str
    extensible: bool
    terms: tuple[Term, ...]
    _by_value: dict[str, Term] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_value", {term.value: term for term in self.terms})

    def term(self, value: str) -> Term | None:
        """The term with exactly this submission value, or None."""
        return self._by_value.get(value)

    def __contains__(self, value: str) -> bool:
        return value in self._by_value

    @property
    def values(self) -> tuple[str, ...]:
        """The submission values in the order of the release."""
        return tuple(self._by_value)
