"""What a method is given: resolved references and calls. Methods never see the specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.standards import Codelist
from sdtm_il2.where import Clause


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the block's own records (``alias`` "") or of a joined record."""

    alias: str
    column: str

    def __str__(self) -> str:
        return f"{self.alias}.{self.column}" if self.alias else self.column


@dataclass(frozen=True, slots=True)
class VariableRef:
    """A variable of a dataset: of the record itself, else of the subject."""

    domain: str
    variable: str

    def __str__(self) -> str:
        return f"{self.domain}.{self.variable}"


Ref = ColumnRef | VariableRef


@dataclass(frozen=True, slots=True)
class Literal:
    """A text of the specification."""

    text: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Test:
    """A clause with what its names (and variables named as values) refer to."""

    clause: Clause
    names: Mapping[str, Ref]
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class TermVia:
    """The term that a raw text becomes, and what says so: a line of the specification or a C-code."""

    term: str
    via: str


#: Full-width forms have their ASCII twins at a fixed distance; the ideographic space is a space.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def normal(text: str) -> str:
    """The text as terms are matched: case, width and outer blanks do not count.

    >>> normal(" Ｍｉｌｄ ")
    'mild'
    """
    return text.translate(_HALF_WIDTH).strip().casefold()


def half_width(text: str) -> str:
    """The text with full-width forms as their ASCII twins.

    >>> half_width("＜１．０")
    '<1.0'
    """
    return text.translate(_HALF_WIDTH)


@dataclass(frozen=True, slots=True)
class TermMap:
    """How raw texts become terms of one variable: its own terms, the study's list, then CDISC.

    ``own`` is keyed by `normal` text. ``lists`` are the CDISC codelists, in order; ``synonyms`` also matches
    their synonyms and preferred terms. ``extensible`` tells whether a sponsor term could be added.
    """

    name: str
    own: Mapping[str, TermVia]
    lists: tuple[Codelist, ...] = ()
    synonyms: bool = False
    extensible: bool = True
    at: Location = NOWHERE

    def find(self, raw: str) -> TermVia | None:
        """The term for a raw text, None where nothing matches."""
        key, text = normal(raw), half_width(raw).strip()
        if key in self.own:
            return self.own[key]
        indexes = [_index(codelist) for codelist in self.lists]
        places = [one.values.get(text, _NONE) for one in indexes]
        if self.synonyms:
            places += [one.synonyms.get(text, _NONE) for one in indexes]
        for one in indexes:
            place = one.any_case.get(key, _NONE)
            # G/L is a synonym of 10^9/L: it is not g/L written in capitals
            places.append(place if one.synonyms.get(text, place) == place else _NONE)
        if self.synonyms:
            places += [one.synonyms_any_case.get(key, _NONE) for one in indexes]
        for place, codelist in zip(
            places, self.lists * (len(places) // max(len(self.lists), 1)), strict=True
        ):
            if place != _NONE:
                return TermVia(codelist.terms[place].value, codelist.terms[place].code)
        return None


_NONE = -1


@dataclass(frozen=True, slots=True)
class _Index:
    """The places of a codelist's terms by their texts, as written and by `normal` text; several terms: none."""

    values: Mapping[str, int]
    any_case: Mapping[str, int]
    synonyms: Mapping[str, int]
    synonyms_any_case: Mapping[str, int]


_INDEXES: dict[int, tuple[Codelist, _Index]] = {}


def _index(codelist: Codelist) -> _Index:
    """The index of a codelist; built once a process, lists are frozen."""
    held = _INDEXES.get(id(codelist))
    if held is None:
        values: dict[str, int] = {}
        any_case: dict[str, int] = {}
        synonyms: dict[str, int] = {}
        synonyms_any_case: dict[str, int] = {}
        for place, term in enumerate(codelist.terms):
            _add(values, term.value, place)
            _add(any_case, normal(term.value), place)
            for text in (*term.synonyms, term.preferred_term):
                if text:
                    _add(synonyms, text, place)
                    _add(synonyms_any_case, normal(text), place)
        index = _Index(values, any_case, synonyms, synonyms_any_case)
        held = _INDEXES[id(codelist)] = (codelist, index)  # held, so that its id stays its own
    return held[1]


def _add(index: dict[str, int], text: str, place: int) -> None:
    """The place under a text; a text of several terms names none of them."""
    index[text] = place if index.get(text, place) == place else _NONE


@dataclass(frozen=True, slots=True)
class Options:
    """What modifies a call; each method reads what its docstring says."""

    formats: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    pivot: str = ""
    text: tuple[str, ...] = ()
    terms: TermMap | None = None
    decimal: str = "."
    precision: str = ""
    same_day: str = ""
    where: Test | None = None
    identity: tuple[VariableRef, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
    gap: str = ""
    within: bool = False
    boxes: tuple[tuple[Ref, str], ...] = ()
    many: str = ""
    separator: str = ""


@dataclass(frozen=True, slots=True)
class BranchCall:
    """One branch of `case`; ``when`` None is the else branch."""

    when: Test | None
    then: Operand


@dataclass(frozen=True, slots=True)
class Call:
    """A method with resolved arguments."""

    method: str
    arguments: tuple[Operand | BranchCall, ...] = ()
    options: Options = field(default_factory=Options)
    at: Location = NOWHERE


Operand = Ref | Literal | Call


@dataclass(frozen=True, slots=True)
class Rule:
    """How one variable gets its value in the records of one block."""

    call: Call
    when: Test | None = None
    undecided: str | None = None
    precision: str = ""
    origin: str = ""
    crf: str = ""
    comment: str = ""
    description: str = ""
    at: Location = NOWHERE
    shift: Operand | None = None

    def source_columns(self) -> tuple[tuple[str, str, Location], ...]:
        """Columns of whole sources that the rule reads: earliest and latest of SOURCE.COL."""
        return tuple(
            (part.arguments[0].text, part.arguments[1].text, part.at)
            for part in self.call.arguments
            if isinstance(part, Call)
            and part.method == "source_dates"
            and isinstance(part.arguments[0], Literal)
            and isinstance(part.arguments[1], Literal)
        )

    def refs(self) -> tuple[Ref, ...]:
        """Everything that the rule reads, in order, each once."""
        found: dict[Ref, None] = {}
        _collect(self.call, found)
        if self.shift is not None:
            _collect(self.shift, found)
        if self.when is not None:
            found.update(dict.fromkeys(self.when.names.values()))
        return tuple(found)


def _collect(part: Operand | BranchCall, found: dict[Ref, None]) -> None:
    if isinstance(part, ColumnRef | VariableRef):
        found[part] = None
    elif isinstance(part, BranchCall):
        if part.when is not None:
            found.update(dict.fromkeys(part.when.names.values()))
        _collect(part.then, found)
    elif isinstance(part, Call):
        for argument in part.arguments:
            _collect(argument, found)
        if part.options.where is not None:
            found.update(dict.fromkeys(part.options.where.names.values()))
        found.update(dict.fromkeys(part.options.identity))
        found.update(dict.fromkeys(ref for ref, _ in part.options.boxes))
