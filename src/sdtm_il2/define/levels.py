"""Value levels: what a variable holds for one test or QNAM, where that says more than the variable itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sdtm_il2.bilingual import NO_TEXT, Bilingual
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
from sdtm_il2.define.draft import DatasetDescribed, Draft, LevelCondition
from sdtm_il2.define.model import ItemDef, ItemRef, Origin, ValueListDef, bilingual
from sdtm_il2.define.terms import COUNTRIES, ListUse, value_lists
from sdtm_il2.plan.levels import levels_of, result_list
from sdtm_il2.plan.model import DomainPlan, VariablePlan
from sdtm_il2.standardise import continued_names

#: The values that tell a level apart, as the summary counts them.
Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the plan says of one value level: its name, label, lists, origins and derivation."""

    name: str
    label: str
    lists: Described
    origins: tuple[Origin, ...]
    words: Bilingual
    label_zh: str = ""


@dataclass(frozen=True, slots=True)
class _Level:
    """A value level before its variable is known to need it."""

    conditions: tuple[LevelCondition, ...]
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
    held_levels = {
        level[1]: values
        for level, values in sorted(dataset.summary.value_levels.items())
        if level[0] == variable.name
    }
    named = levels_of(dataset.plan).get(variable.name) if dataset.plan is not None else None
    stated = named is not None and named.stated
    conditions = conditions_of(tuple(held_levels), stated=stated)
    levels = [
        _level(draft, dataset, variable, level, conditions[level], values)
        for level, values in held_levels.items()
        if values.filled
    ]
    if not levels or not all(one.conditions for one in levels):
        return item
    levels = _with_own_oids(levels)
    differ = any(one.meaning.origins and one.meaning.origins != item.origins for one in levels)
    complete = all(one.meaning.origins for one in levels)
    own_origins = supplemental or (differ and complete)
    sized = (item.data_type, item.length, item.significant_digits)
    held = use.terms if use is not None else frozenset()
    if not (own_origins or stated) and not any(
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


def conditions_of(levels: tuple[Values, ...], *, stated: bool) -> dict[Values, tuple[LevelCondition, ...]]:
    """The conditions of each level, such that no record meets those of two and every record meets those of one.

    A variable that has one value among the records that the variables before it select tells nothing apart, and
    is left out, unless the levels are ``stated``. An empty value is none of the others.

    >>> found = conditions_of(((("A", "x"), ("B", "")), (("A", "x"), ("B", "s")), (("A", "y"), ("B", "s"))), stated=False)
    >>> [[(one.variable, one.comparator, one.values) for one in each] for each in found.values()]
    [[('A', 'EQ', ('x',)), ('B', 'NE', ('s',))], [('A', 'EQ', ('x',)), ('B', 'EQ', ('s',))], [('A', 'EQ', ('y',))]]
    """
    siblings: dict[Values, dict[str, None]] = {}
    for level in levels:
        for place, (_, value) in enumerate(level):
            siblings.setdefault(level[:place], {})[value] = None
    found: dict[Values, tuple[LevelCondition, ...]] = {}
    for level in levels:
        conditions: list[LevelCondition] = []
        for place, (name, value) in enumerate(level):
            several = len(siblings[level[:place]]) > 1
            if value and (several or stated or not place):
                conditions.append(LevelCondition(name, "EQ", (value,)))
            elif not value and several:
                others = sorted(one for one in siblings[level[:place]] if one)
                conditions.append(LevelCondition(name, "NE" if len(others) == 1 else "NOTIN", tuple(others)))
        found[level] = tuple(conditions)
    return found


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
        user = f"{dataset.name}.{item.name} {' '.join(value for one in level.conditions for value in one.values)}"
        lists = meaning.lists
        kind = list_type(item.data_type)
        if lists.value_domain == COUNTRIES:
            use: ListUse | None = draft.lists.dictionary(user, COUNTRIES, kind)
        else:
            use = draft.lists.use(user, level.terms, lists.codelists, lists.study_list, kind)
        if use is not None:
            draft.uses[item.oid] = use
    method = ""
    if own_origins:
        item = replace(item, origins=meaning.origins)
        if meaning.words and any(one.type == "Derived" for one in meaning.origins):
            by_qnam = level.conditions[0].values == (item.name,)
            name = item.name if by_qnam else item.oid.removeprefix(f"IT.{dataset.name}.")
            method = draft.method(dataset.name, name, meaning.words)
    draft.items.append(item)
    clause = draft.clause(dataset.name, level.conditions)
    return ItemRef(
        item.oid, order, level.values.filled == level.values.records, method_oid=method,
        where_clause_oids=(clause,),
    )  # fmt: skip


def _level(
    draft: Draft,
    dataset: DatasetDescribed,
    variable: Described,
    level: Values,
    conditions: tuple[LevelCondition, ...],
    values: ValueSummary,
) -> _Level:
    meaning = _meaning(draft, dataset, variable, level)
    lists = meaning.lists
    bound = bool(lists.codelists or lists.study_list) or lists.value_domain == COUNTRIES
    listed = bool(values.terms) and bound
    kind = level_type(variable, values, level[0][1], listed=listed)
    size = draft.size(dataset.name, variable.name, kind, length(kind, values, variable.type), level=True)
    suffix = ".".join(one.oid for one in conditions)
    item = ItemDef(
        f"IT.{dataset.name}.{variable.name}.{suffix}", meaning.name, kind, size, digits(kind, values),
        meaning.name, f"{size}.{values.decimals}" if kind == "float" else "",
        description=bilingual(meaning.label, meaning.label_zh),
    )  # fmt: skip
    terms = tuple(values.terms or ()) if listed and kind in ("text", "integer", "float") else ()
    return _Level(conditions, values, item, terms, meaning)


def _meaning(draft: Draft, dataset: DatasetDescribed, variable: Described, level: Values) -> _Meaning:
    if variable.name == "QVAL":
        value = level[0][1]
        qualifier = (
            _qualifier(dataset.plan, value, len(dataset.summary.value_levels))
            if dataset.plan is not None
            else None
        )
        if qualifier is None or dataset.plan is None:
            return _Meaning(value, value, variable, variable.origins, NO_TEXT)
        found = from_plan(dataset.plan, qualifier, draft.plan.usubjid)
        # a text that continues in SUPP-- has no terms
        lists = found if qualifier.supplemental is not None else variable
        chinese = draft.plan.label_zh(dataset.plan.domain, qualifier.name)
        return _Meaning(value, found.label, lists, found.origins, found.words, chinese)
    planned = dataset.plan.variable(variable.name) if dataset.plan is not None else None
    if planned is None or dataset.plan is None:
        return _Meaning(variable.name, "", variable, (), NO_TEXT)
    if level[0][0] == f"{dataset.domain}PARMCD":
        lists = _parameter_lists(draft, variable, level[0][1])
        return _Meaning(variable.name, "", lists, variable.origins, variable.words)
    made = test_origin(dataset.plan, planned, dict(level), draft.plan.usubjid)
    return _Meaning(variable.name, "", _test_lists(dataset.plan, variable, level), made.origins, made.words)


def _qualifier(domain: DomainPlan, qnam: str, places: int) -> VariablePlan | None:
    """The variable behind a QNAM: a supplemental one, or the text that continues in at most so many places."""
    found = domain.variable(qnam)
    if found is not None and found.supplemental is not None:
        return found
    names = _continued(tuple(one.name for one in domain.variables), places)
    return domain.variable(names[qnam]) if qnam in names else None


@lru_cache(maxsize=8)
def _continued(variables: tuple[str, ...], places: int) -> Mapping[str, str]:
    """The variable behind each QNAM that parts of long texts may have."""
    return {qnam: variable for (variable, _), qnam in continued_names(variables, places).items()}


def _parameter_lists(draft: Draft, variable: Described, parameter: str) -> Described:
    """The list of one parameter of trial design, if it has one in the release."""
    code = value_lists().get((variable.name, parameter), "")
    if code == COUNTRIES:
        return replace(variable, value_domain=code)
    return replace(variable, codelists=(code,)) if draft.lists.standard.codelist(code) else variable


def _test_lists(domain: DomainPlan, variable: Described, level: Values) -> Described:
    """The list of one level of standard results, if all its tests name the same; what they share by chance is none."""
    if variable.name != f"{domain.domain}STRESC":
        return variable
    name = result_list(domain, dict(level))
    for block in domain.blocks:
        named = block.tests.terms.get(name) if block.tests and name else None
        if named is not None:
            codes = tuple(one.code for one in named.lists)
            return replace(variable, codelists=codes, study_list="" if codes else name)
    return replace(variable, codelists=(), study_list="")
