"""Value levels: what a variable holds for one test or QNAM, where that says more than the variable itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sdtm_il2.dataset import ValueSummary
from sdtm_il2.define.columns import (
    Described,
    digits,
    from_plan,
    length,
    level_type,
    list_type,
    test_origin,
)
from sdtm_il2.define.draft import DatasetDescribed, Draft
from sdtm_il2.define.model import ItemDef, ItemRef, Origin, ValueListDef, bilingual
from sdtm_il2.define.terms import ListUse, slug
from sdtm_il2.plan.model import DomainPlan, VariablePlan
from sdtm_il2.standardise import continued_name

Conditions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the plan says of one value level: its name, label, lists, origins and derivation."""

    name: str
    label: str
    lists: Described
    origins: tuple[Origin, ...]
    words: str
    label_zh: str = ""


@dataclass(frozen=True, slots=True)
class _Level:
    """A value level before its variable is known to need it."""

    conditions: Conditions
    values: ValueSummary
    item: ItemDef
    terms: tuple[str, ...]
    meaning: _Meaning


def describe_levels(
    draft: Draft, dataset: DatasetDescribed, variable: Described, item: ItemDef, use: ListUse | None
) -> ItemDef:
    """The variable with its value list, if its value levels differ from it in type, size, terms or origin.

    QVAL always has one. Where origins differ, they stand on the value levels and not on the variable.
    """
    supplemental = variable.name == "QVAL"
    levels = [
        _level(draft, dataset, variable, level[1], values)
        for level, values in sorted(dataset.summary.value_levels.items())
        if level[0] == variable.name and values.filled
    ]
    if not levels:
        return item
    levels = _with_own_oids(levels)
    differ = any(one.meaning.origins and one.meaning.origins != item.origins for one in levels)
    complete = all(one.meaning.origins for one in levels)
    own_origins = supplemental or (differ and complete)
    sized = (item.data_type, item.length, item.significant_digits)
    held = use.terms if use is not None else frozenset()
    if not own_origins and not any(
        (one.item.data_type, one.item.length, one.item.significant_digits) != sized
        or (one.terms and frozenset(one.terms) != held)
        for one in levels
    ):
        return item
    references: list[ItemRef] = []
    for order, one in enumerate(levels, 1):
        references.append(_add(draft, dataset, one, order, own_origins=own_origins))
    oid = f"VL.{dataset.name}.{variable.name}"
    draft.value_lists.append(ValueListDef(oid, tuple(references)))
    if own_origins:
        return replace(item, value_list_oid=oid, origins=())
    every = dict.fromkeys((*item.origins, *(origin for one in levels for origin in one.meaning.origins)))
    return replace(item, value_list_oid=oid, origins=tuple(every) if differ else item.origins)


def _with_own_oids(levels: list[_Level]) -> list[_Level]:
    """Values that look alike in an OID (A/B and A_B) are numbered."""
    taken: set[str] = set()
    result = []
    for one in levels:
        oid, number = one.item.oid, 1
        while oid in taken:
            number += 1
            oid = f"{one.item.oid}-{number}"
        taken.add(oid)
        result.append(replace(one, item=replace(one.item, oid=oid)))
    return result


def _add(draft: Draft, dataset: DatasetDescribed, level: _Level, order: int, *, own_origins: bool) -> ItemRef:
    item, meaning = level.item, level.meaning
    if level.terms:
        user = f"{dataset.name}.{item.name} {' '.join(value for _, value in level.conditions)}"
        lists = meaning.lists
        use = draft.lists.use(user, level.terms, lists.codelists, lists.study_list, list_type(item.data_type))
        if use is not None:
            draft.uses[item.oid] = use
    method = ""
    if own_origins:
        item = replace(item, origins=meaning.origins)
        if meaning.words and any(one.type == "Derived" for one in meaning.origins):
            by_qnam = item.name == level.conditions[0][1]
            name = item.name if by_qnam else item.oid.removeprefix(f"IT.{dataset.name}.")
            method = draft.method(dataset.name, name, meaning.words)
    draft.items.append(item)
    clause = draft.clause(dataset.name, level.conditions)
    return ItemRef(
        item.oid, order, level.values.filled == level.values.records, method_oid=method,
        where_clause_oids=(clause,),
    )  # fmt: skip


def _level(
    draft: Draft, dataset: DatasetDescribed, variable: Described, conditions: Conditions, values: ValueSummary
) -> _Level:
    meaning = _meaning(draft, dataset, variable, conditions[0][1])
    listed = bool(values.terms) and bool(meaning.lists.codelists or meaning.lists.study_list)
    kind = level_type(variable, values, listed=listed)
    size = draft.size(dataset.name, variable.name, kind, length(kind, values, variable.type), level=True)
    suffix = ".".join(slug(value) for _, value in conditions)
    item = ItemDef(
        f"IT.{dataset.name}.{variable.name}.{suffix}", meaning.name, kind, size, digits(kind, values),
        meaning.name, f"{size}.{values.decimals}" if kind == "float" else "",
        description=bilingual(meaning.label, meaning.label_zh),
    )  # fmt: skip
    terms = tuple(values.terms or ()) if listed and kind in ("text", "integer", "float") else ()
    return _Level(conditions, values, item, terms, meaning)


def _meaning(draft: Draft, dataset: DatasetDescribed, variable: Described, value: str) -> _Meaning:
    if variable.name == "QVAL":
        qualifier = _qualifier(dataset.plan, value) if dataset.plan is not None else None
        if qualifier is None or dataset.plan is None:
            return _Meaning(value, value, variable, variable.origins, "")
        found = from_plan(dataset.plan, qualifier, draft.plan.usubjid)
        # a text that continues in SUPP-- has no terms
        lists = found if qualifier.supplemental is not None else variable
        chinese = draft.plan.label_zh(dataset.plan.domain, qualifier.name)
        return _Meaning(value, found.label, lists, found.origins, found.words, chinese)
    planned = dataset.plan.variable(variable.name) if dataset.plan is not None else None
    if planned is None or dataset.plan is None:
        return _Meaning(variable.name, "", variable, (), "")
    made = test_origin(dataset.plan, planned, value, draft.plan.usubjid)
    return _Meaning(variable.name, "", _test_lists(dataset.plan, variable, value), made.origins, made.words)


def _qualifier(domain: DomainPlan, qnam: str) -> VariablePlan | None:
    """The variable behind a QNAM: a supplemental one, or the text that continues in it."""
    found = domain.variable(qnam)
    if found is not None and found.supplemental is not None:
        return found
    for variable in domain.variables:
        parts = range(1, 100) if variable.type == "Char" else range(0)
        if any(continued_name(variable.name, place) == qnam for place in parts):
            return variable
    return None


def _test_lists(domain: DomainPlan, variable: Described, test: str) -> Described:
    """The lists of one test: those that its row of the tests table names for the standard result."""
    if variable.name != f"{domain.domain}STRESC":
        return variable
    for block in domain.blocks:
        for row in block.tests.rows if block.tests else ():
            named = block.tests.terms.get(row.terms) if block.tests else None
            if row.variables.get(f"{domain.domain}TESTCD") == test and named is not None and not row.forms:
                codes = tuple(one.code for one in named.lists)
                return replace(variable, codelists=codes, study_list="" if codes else row.terms)
    return variable
