"""The variables of a dataset as Define-XML describes them: from the plan, or from the standard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from sdtm_il2.bilingual import NO_TEXT, Bilingual, joined
from sdtm_il2.dataset import ValueSummary, VariableType
from sdtm_il2.define.model import (
    DataType,
    DocumentRef,
    Origin,
    OriginSource,
    OriginType,
    PDFPageRef,
    described,
)
from sdtm_il2.define.words import own_words, rule_words, variable_words
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import ColumnRef, Rule, VariableRef
from sdtm_il2.plan.levels import level_rows, may_hold
from sdtm_il2.plan.model import DomainPlan, VariablePlan
from sdtm_il2.standards import VariableDef

#: The leaf of the annotated CRF.
ACRF = "LF.acrf"

ASSIGNED = Origin("Assigned", "Sponsor")
PROTOCOL = Origin("Protocol", "Sponsor")


@dataclass(frozen=True, slots=True)
class Described:
    """A variable without its data: what the plan (or the standard) says of it."""

    name: str
    label: str
    type: VariableType
    role: str = ""
    core: str = ""
    codelists: tuple[str, ...] = ()
    study_list: str = ""
    value_domain: str = ""
    origins: tuple[Origin, ...] = ()
    words: Bilingual = NO_TEXT
    comment: Bilingual = NO_TEXT


def parse_pages(text: str) -> tuple[PDFPageRef, ...]:
    """Pages of the CRF as a specification writes them: numbers and ranges parted by blanks or commas.

    >>> parse_pages("12 14-16")
    (PDFPageRef(refs=('12',), first=None, last=None, type='PhysicalRef', title=''), \
PDFPageRef(refs=(), first=14, last=16, type='PhysicalRef', title=''))
    """
    parts = text.replace(",", " ").split()
    single = [part for part in parts if part.isdigit()]
    ranges = [part.split("-", 1) for part in parts if re.fullmatch(r"[0-9]+-[0-9]+", part)]
    names = [part for part in parts if not re.fullmatch(r"[0-9]+(-[0-9]+)?", part)]
    found = [PDFPageRef(tuple(dict.fromkeys(sorted(single, key=int))))] if single else []
    found += [PDFPageRef(first=int(first), last=int(last)) for first, last in ranges]
    found += [PDFPageRef(tuple(names), type="NamedDestination")] if names else []
    return tuple(found)


def origin(text: str, pages: tuple[str, ...] = (), predecessor: str = "") -> Origin:
    """An origin as the specification writes it: ``Collected by Investigator``.

    >>> origin("Derived by Sponsor")
    Origin(type='Derived', source='Sponsor', description=(), documents=())
    """
    kind, _, source = text.partition(" by ")
    documents: tuple[DocumentRef, ...] = ()
    if kind == "Collected" and any(pages):
        documents = (DocumentRef(ACRF, parse_pages(" ".join(pages))),)
    words = described(predecessor) if kind == "Predecessor" else ()
    return Origin(cast(OriginType, kind), cast(OriginSource, source), words, documents)


def _predecessor(rule: Rule, block: BlockPlan) -> str:
    """The variables that a rule copies, as DM.SEX."""
    names = []
    for ref in rule.refs():
        if isinstance(ref, VariableRef):
            names.append(f"{ref.domain}.{ref.variable}")
        elif isinstance(ref, ColumnRef):
            source, dataset = block.source_of(ref.alias)
            if dataset:
                names.append(f"{source}.{ref.column}")
    return ", ".join(names)


def origins_of(rules: list[tuple[Rule, BlockPlan, str]]) -> tuple[Origin, ...]:
    """The distinct origins of rules with all their pages; the third part overrides a rule's origin."""
    pages: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for rule, block, stated in rules:
        text = stated or rule.origin
        if text:
            pages.setdefault(text, []).append(rule.crf)
            first.setdefault(text, _predecessor(rule, block))
    return tuple(origin(text, tuple(crf), first[text]) for text, crf in pages.items())


def from_plan(domain: DomainPlan, variable: VariablePlan, usubjid: str) -> Described:
    """A variable as the plan fills it."""
    rules = [
        (rule, block, "")
        for rule, block in zip(variable.rules, domain.blocks, strict=True)
        if rule is not None
    ]
    comments = dict.fromkeys(rule.comment for rule, _, _ in rules if rule.comment)
    return Described(
        variable.name, variable.label, variable.type, variable.role, variable.core, variable.codelists,
        variable.study_list, variable.value_domain,
        origins_of(rules) if variable.mapped else (origin("Not Available"),),
        variable_words(domain, variable.rules, usubjid), joined(list(comments)),
    )  # fmt: skip


def from_standard(variable: VariableDef) -> Described:
    """A variable that stands in no plan (SUPP--, RELREC): assigned, but STUDYID, which is the protocol's."""
    found = PROTOCOL if variable.name == "STUDYID" else ASSIGNED
    return Described(
        variable.name, variable.label, variable.type, variable.role, variable.core, variable.codelists, "",
        variable.described_value_domain, (found,),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LevelOrigin:
    """Where the values of one test come from, and the words of their derivation."""

    origins: tuple[Origin, ...]
    words: Bilingual


def test_origin(
    domain: DomainPlan, variable: VariablePlan, conditions: Mapping[str, str], usubjid: str
) -> LevelOrigin:
    """The origin of one variable in the records that meet ``conditions``: that of its blocks, tests tables first."""
    found: list[tuple[Rule, BlockPlan, str]] = []
    words: dict[Bilingual, None] = {}
    result = variable.name == f"{domain.domain}ORRES"
    for rule, block, row in _makers(domain, variable, conditions):
        stated = row[0] if result else ""
        found.append((rule, block, stated))
        if (stated or rule.origin).startswith("Derived"):
            words[own_words(row[1]) if result and row[1] else rule_words(rule, block, domain, usubjid)] = None
    return LevelOrigin(origins_of(found), joined(list(words)))


def _makers(
    domain: DomainPlan, variable: VariablePlan, conditions: Mapping[str, str]
) -> Iterator[tuple[Rule, BlockPlan, tuple[str, Bilingual]]]:
    for index, (rule, block) in enumerate(zip(variable.rules, domain.blocks, strict=True)):
        if rule is None:
            continue
        if block.tests is None:
            if all(may_hold(domain, name, index, value) for name, value in conditions.items()):
                yield rule, block, ("", NO_TEXT)
            continue
        for row in level_rows(domain, index, conditions):
            yield rule, block, (row.origin, row.method)


def data_type(variable: Described, values: ValueSummary, *, listed: bool) -> DataType:
    """The type that the data of a variable have."""
    if variable.type == "Num":
        return "float" if values.decimals else "integer"
    if listed:
        return "text"
    if "duration" in variable.value_domain:
        forms = {form for form, count in values.forms.items() if count}
        if sum(values.forms.values()) < values.filled:
            return "text"
        none_yet = not forms and not values.filled and "interval" not in variable.value_domain
        return "durationDatetime" if none_yet or forms == {"durationDatetime"} else "text"
    if "datetime" in variable.value_domain or variable.name.endswith("DTC"):
        return _date_type(values)
    return "text"


def _date_type(values: ValueSummary) -> DataType:
    """The narrowest ISO 8601 type that holds every form met; text for intervals and other forms."""
    forms = {form for form, count in values.forms.items() if count}
    if not forms or sum(values.forms.values()) < values.filled:
        return "datetime" if not values.filled else "text"
    if len(forms) == 1:
        only = next(iter(forms))
        return cast(DataType, only) if only in _DATE_FORMS else "text"
    if not forms <= _DATE_FORMS or forms & {"time", "partialTime"}:
        return "text"
    if "incompleteDatetime" in forms:
        return "incompleteDatetime"
    return "partialDate" if forms <= {"date", "partialDate"} else "partialDatetime"


_DATE_FORMS = frozenset(
    {"date", "datetime", "partialDate", "partialDatetime", "incompleteDatetime", "time", "partialTime"}
)


def level_type(variable: Described, values: ValueSummary, name: str, *, listed: bool) -> DataType:
    """The type of one value level: a text variable may hold numbers, dates or durations for one test or ``name``."""
    if variable.type == "Char" and not listed and values.filled:
        # a year alone is a number too: its name says which
        dated = name.endswith("DTC") or variable.name.endswith("DTC")
        if values.numeric == values.filled and not dated:
            return "float" if values.decimals else "integer"
        forms = {form for form, count in values.forms.items() if count}
        if forms and sum(values.forms.values()) == values.filled:
            if forms <= _DATE_FORMS:
                return _date_type(values)
            if forms == {"durationDatetime"}:
                return "durationDatetime"
    return data_type(variable, values, listed=listed)


def length(kind: DataType, values: ValueSummary, type_: VariableType) -> int | None:
    """Length in bytes (digits with sign and point for numbers) as the data need it; dates have none."""
    if kind not in ("text", "integer", "float"):
        return None
    if not values.filled:
        return 8 if type_ == "Num" else 1
    return max(1, values.max_bytes if type_ == "Char" else values.digits)


def digits(kind: DataType, values: ValueSummary) -> int | None:
    """SignificantDigits: the decimals of a float."""
    return values.decimals if kind == "float" else None


ListType = Literal["text", "integer", "float"]


def list_type(kind: DataType) -> ListType:
    """The type of a codelist for a variable of that type."""
    return cast(ListType, kind) if kind in ("integer", "float") else "text"
