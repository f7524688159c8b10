"""What a method is given: resolved references and calls. Methods never see the specification."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sdtm_il2.bilingual import NO_TEXT, Bilingual
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


_LETTERS = re.compile(r"[^\W\d_]+")
#: Parts of units whose first letter is m for milli (or no prefix): nobody means mega when the text is in capitals.
_MILLI = frozenset({"mg", "ml", "mm", "mmol", "mol", "meq", "mosm", "min", "mmhg", "msec", "month", "months"})
#: Single letters that are one unit in either case.
_EITHER_CASE = frozenset("ulghd")


def same_unit(text: str, unit: str) -> bool:
    """Whether a text that differs from a unit in case only can be no other unit.

    All capitals, all small letters and a capital at the start are how people write; mM is not mm, and M at the
    start may be mega.

    >>> same_unit("MG/DL", "mg/dL"), same_unit("Kg", "kg"), same_unit("meq/l", "mEq/L")
    (True, True, True)
    >>> same_unit("mM", "mm"), same_unit("MU", "mU"), same_unit("mBq", "MBq"), same_unit("M", "m")
    (False, False, False, False)
    """
    parts, names = _LETTERS.findall(text), _LETTERS.findall(unit)
    if len(parts) != len(names):
        return False
    for part, name in zip(parts, names, strict=True):
        folded = part.casefold()
        if part == name:
            continue
        usual = text.isupper() or part.islower() or part.istitle()
        known = folded in _EITHER_CASE if len(part) == 1 else usual
        if not known or (part[0] != name[0] and folded[0] == "m" and folded not in _MILLI):
            return False
    return True


@dataclass(frozen=True, slots=True)
class TermMap:
    """How raw texts become terms of one variable: its own terms, the study's list, then CDISC.

    ``own`` is keyed by `normal` text, ``written`` by the text as it is written where the specification itself
    tells two terms apart by case (``mU`` and ``MU``). ``lists`` are the CDISC codelists, in order; ``synonyms`` also matches
    their synonyms and preferred terms. ``extensible`` tells whether a sponsor term could be added.
    """

    name: str
    own: Mapping[str, TermVia]
    lists: tuple[Codelist, ...] = ()
    synonyms: bool = False
    extensible: bool = True
    at: Location = NOWHERE
    written: Mapping[str, TermVia] = field(default_factory=dict)

    def find(self, raw: str) -> TermVia | None:
        """The term for a raw text, None where nothing matches."""
        key, text = normal(raw), half_width(raw).strip()
        if text in self.written:
            return self.written[text]
        if key in self.own:
            return self.own[key]
        indexes = [_index(codelist) for codelist in self.lists]
        places = [one.values.get(text, _NONE) for one in indexes]
        if self.synonyms:
            places += [one.synonyms.get(text, _NONE) for one in indexes]
        for one in indexes:
            place = one.any_case.get(key, _NONE)
            # G/L is a synonym of 10^9/L: it is not g/L written in capitals
            if one.synonyms.get(text, place) != place:
                place = _NONE
            # and MU is not mU: in units the case is part of the meaning
            if place != _NONE and one.units and not same_unit(text, one.texts[place]):
                place = _NONE
            places.append(place)
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
    texts: tuple[str, ...]
    units: bool


_INDEXES: dict[int, tuple[Codelist, _Index]] = {}


def _index(codelist: Codelist) -> _Index:
    """The index of a codelist; built once a process, lists are frozen."""
    held = _INDEXES.get(id(codelist))
    if held is None:
        units = bool({"Unit", "Units"} & set(codelist.name.split()))
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
                    # a unit's short synonym (mcm, GI/L) counts as it is written only, its name in any case
                    if not units or " " in text:
                        _add(synonyms_any_case, normal(text), place)
        texts = tuple(term.value for term in codelist.terms)
        index = _Index(values, any_case, synonyms, synonyms_any_case, texts, units)
        held = _INDEXES[id(codelist)] = (codelist, index)  # held, so that its id stays its own
    return held[1]


def _add(index: dict[str, int], text: str, place: int) -> None:
    """The place under a text; a text of several terms names none of them."""
    index[text] = place if index.get(text, place) == place else _NONE


@dataclass(frozen=True, slots=True)
class Options:
    """What modifies a call; each method reads what its docstring says.

    ``same`` pairs a variable of the record with that of each variable which earliest and latest compare.
    """

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
    same: tuple[tuple[VariableRef, tuple[VariableRef, ...]], ...] = ()


#: Methods that take one of their parts, record by record.
CHOOSING = ("case", "coalesce")


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
    comment: Bilingual = NO_TEXT
    description: Bilingual = NO_TEXT
    at: Location = NOWHERE
    shift: Operand | None = None

    def source_columns(self) -> tuple[tuple[str, str, Location], ...]:
        """Columns of whole sources that the rule reads: earliest and latest of SOURCE.COL, and their clause."""
        found: list[tuple[str, str, Location]] = []
        for part in self.call.arguments:
            if isinstance(part, Call) and part.method == "source_dates":
                source, column = (one.text if isinstance(one, Literal) else "" for one in part.arguments)
                where = part.options.where
                named = [str(ref) for ref in where.names.values()] if where is not None else []
                found += [(source, one, part.at) for one in (column, *named)]
        return tuple(found)

    def reads_cells(self) -> bool:
        """Whether raw text can come into the value: from a column, or through a tests table."""
        return self.call.method in ("result", "tests") or any(
            isinstance(one, ColumnRef) for one in self.refs()
        )

    def choices(self) -> tuple[Call, ...]:
        """Every `case` and `coalesce` of the rule, outer ones first: which of their parts gave a value differs by record."""
        found: list[Call] = []
        for part in (self.call, *(() if self.shift is None else (self.shift,))):
            _choices(part, found)
        return tuple(found)

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
        if part.options.where is not None and part.method != "source_dates":
            found.update(dict.fromkeys(part.options.where.names.values()))
        for own, others in part.options.same:
            found.update(dict.fromkeys((own, *others)))
        found.update(dict.fromkeys(part.options.identity))
        found.update(dict.fromkeys(ref for ref, _ in part.options.boxes))


def _choices(part: Operand | BranchCall, found: list[Call]) -> None:
    if isinstance(part, BranchCall):
        _choices(part.then, found)
    elif isinstance(part, Call):
        if part.method in CHOOSING:
            found.append(part)
        for argument in part.arguments:
            _choices(argument, found)
