"""Variables and value levels of a metadata workbook, with the where clauses of either dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sdtm_il2.define.model import (
    DocumentRef,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Origin,
    RangeCheck,
    ValueListDef,
    WhereClauseDef,
    described,
)
from sdtm_il2.define.terms import slug
from sdtm_il2.define.workbook_cells import Row, unique
from sdtm_il2.define.workbook_parts import DATA_TYPES, Parts
from sdtm_il2.define.workbook_where import COMPARATORS, Condition, WhereError, parse_where


@dataclass(slots=True)
class Items:
    """What the sheets of variables and value levels make."""

    groups: tuple[ItemGroupDef, ...] = ()
    items: tuple[ItemDef, ...] = ()
    value_lists: tuple[ValueListDef, ...] = ()
    where_clauses: tuple[WhereClauseDef, ...] = ()


@dataclass(slots=True)
class _Levels:
    """The value levels of each variable, and the clauses that they share."""

    refs: dict[tuple[str, str], list[ItemRef]] = field(default_factory=dict)
    items: dict[tuple[str, str], list[ItemDef]] = field(default_factory=dict)
    clauses: dict[str, WhereClauseDef] = field(default_factory=dict)
    seen: dict[tuple[str, str, object], int] = field(default_factory=dict)
    oids: set[str] = field(default_factory=set)


def read_items(parts: Parts, groups: Mapping[str, tuple[Row, ItemGroupDef]]) -> Items:
    """Datasets with their variables and value levels. DEF794 to DEF796 at the cells that are wrong."""
    rows = list(_variables(parts, groups))
    names = {(row.word("Dataset"), row.word("Variable")) for row in rows}
    levels = _Levels()
    for row in parts.book.rows("ValueLevel"):
        _level(parts, row, names, levels)
    refs: dict[str, list[ItemRef]] = {name: [] for name in groups}
    items: dict[str, dict[str, ItemDef]] = {name: {} for name in groups}
    for row in rows:
        dataset, name = row.word("Dataset"), row.word("Variable")
        key = (dataset, name)
        item = _item(parts, row, f"IT.{dataset}.{name}", name)
        if key in levels.refs:
            item = replace(item, value_list_oid=f"VL.{dataset}.{name}")
        items[dataset][name] = item
        refs[dataset].append(
            ItemRef(
                item.oid, parts.number(row, "Order"), parts.flag(row, "Mandatory"), None, _method(parts, row),
                row.word("Role"), is_non_standard=parts.flag(row, "Is Non Standard"),
                has_no_data=parts.flag(row, "Has No Data"),
            )
        )  # fmt: skip
    made, all_items, lists = [], [], []
    for name, (row, group) in groups.items():
        keyed = _keys(parts, row, frozenset(items[name]))
        ordered = refs[name]
        if all(one.order is not None for one in ordered):
            ordered = sorted(ordered, key=lambda one: one.order or 0)
        ordered = [
            replace(one, key_sequence=keyed.get(one.item_oid.removeprefix(f"IT.{name}."))) for one in ordered
        ]
        made.append(replace(group, items=tuple(ordered)))
        for ref in ordered:
            variable = ref.item_oid.removeprefix(f"IT.{name}.")
            all_items.append(items[name][variable])
            if (name, variable) in levels.refs:
                all_items += levels.items[name, variable]
                found = levels.refs[name, variable]
                if all(one.order is not None for one in found):
                    found = sorted(found, key=lambda one: one.order or 0)
                lists.append(ValueListDef(f"VL.{name}.{variable}", tuple(found)))
        if not ordered:
            parts.book.add("DEF795", row.at("Dataset"), column="Dataset", found=name, sheet="Variables")
    return Items(tuple(made), tuple(all_items), tuple(lists), tuple(levels.clauses.values()))


def _variables(parts: Parts, groups: Mapping[str, tuple[Row, ItemGroupDef]]) -> Iterator[Row]:
    known = frozenset(groups)
    for row in unique(parts.book.rows("Variables"), parts.book, "Dataset", "Variable"):
        if parts.reference(row, "Dataset", known, "Datasets") in known:
            yield row


def _keys(parts: Parts, row: Row, names: frozenset[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in filter(None, (one.strip() for one in row.word("Key Variables").replace(";", ",").split(","))):
        if name not in names:
            parts.book.add(
                "DEF795", row.at("Key Variables"), column="Key Variables", found=name, sheet="Variables"
            )
        elif name in found:
            parts.book.add("DEF796", row.at("Key Variables"), key=name, other=str(row.number))
        else:
            found[name] = len(found) + 1
    return found


def _method(parts: Parts, row: Row) -> str:
    return parts.reference(row, "Method", parts.methods, "Methods")


def _item(parts: Parts, row: Row, oid: str, name: str) -> ItemDef:
    return ItemDef(
        oid, name, cast(Any, parts.one(row, "Data Type", DATA_TYPES)), parts.number(row, "Length"),
        parts.number(row, "Significant Digits"), name, row.word("Format"), parts.comment(row),
        parts.text(row, "Label"), parts.reference(row, "Codelist", parts.codelists, "Codelists or Dictionaries"),
        (), _origins(parts, row),
    )  # fmt: skip


def _origins(parts: Parts, row: Row) -> tuple[Origin, ...]:
    return (*_origin(parts, row, ""), *_origin(parts, row, " (2)"))


def _origin(parts: Parts, row: Row, mark: str) -> tuple[Origin, ...]:
    kind, source = parts.origin(row, mark)
    column = f"Pages{mark}"
    pages = row.word(column)
    if pages and not (kind and parts.crf):
        allowed = (
            "empty without an origin"
            if not kind
            else "empty without an annotated CRF (acrf.pdf) in Documents"
        )
        parts.book.add("DEF794", row.at(column), column=column, found=pages, allowed=allowed)
        return ()
    if not kind:
        return ()
    words = described(row.text(f"Predecessor{mark}"), parts.lang) if kind == "Predecessor" else ()
    documents = (DocumentRef(parts.crf, parts.pages(pages)),) if pages else ()
    return (Origin(cast(Any, kind), cast(Any, source), words, documents),)


# ---- value levels ------------------------------------------------------------------------------------------


def _level(parts: Parts, row: Row, names: set[tuple[str, str]], levels: _Levels) -> None:
    dataset, variable = row.word("Dataset"), row.word("Variable")
    if (dataset, variable) not in names:
        known = {one for one, _ in names}
        column = "Variable" if dataset in known else "Dataset"
        found = f"{dataset}.{variable}" if dataset in known else dataset
        parts.book.add("DEF795", row.at(column), column=column, found=found, sheet="Variables")
        return
    clauses = _clauses(parts, row, dataset, names)
    if not clauses:
        return
    key = (dataset, variable, clauses)
    if key in levels.seen:
        shown = f"{dataset}.{variable} where {row.word('Where Clause')}"
        parts.book.add("DEF796", row.at("Where Clause"), key=shown, other=str(levels.seen[key]))
        return
    levels.seen[key] = row.number
    values = [slug(value) for checks in clauses for check in checks for value in check.values]
    base = oid = f"IT.{dataset}.{variable}.{'.'.join(values)}"
    number = 1
    while oid in levels.oids:
        number += 1
        oid = f"{base}-{number}"
    levels.oids.add(oid)
    name = variable
    if variable == "QVAL" and len(clauses) == 1 and len(clauses[0]) == 1 and len(clauses[0][0].values) == 1:
        name = clauses[0][0].values[0]
    levels.items.setdefault((dataset, variable), []).append(_item(parts, row, oid, name))
    levels.refs.setdefault((dataset, variable), []).append(
        ItemRef(
            oid, parts.number(row, "Order"), parts.flag(row, "Mandatory"), method_oid=_method(parts, row),
            role=row.word("Role"), has_no_data=parts.flag(row, "Has No Data"),
            where_clause_oids=tuple(_shared(levels, dataset, checks) for checks in clauses),
        )
    )  # fmt: skip


def _shared(levels: _Levels, dataset: str, checks: tuple[RangeCheck, ...]) -> str:
    """The clause of these conditions; all value levels of a dataset share it."""
    prefix = f"IT.{dataset}."
    parts = ".".join(
        f"{check.item_oid.removeprefix(prefix).removeprefix('IT.')}.{'.'.join(map(slug, check.values))}"
        for check in checks
    )
    base = oid = f"WC.{dataset}.{parts}"
    number = 1
    while levels.clauses.setdefault(oid, WhereClauseDef(oid, checks)).checks != checks:
        number += 1
        oid = f"{base}-{number}"
    return oid


def _clauses(
    parts: Parts, row: Row, dataset: str, names: set[tuple[str, str]]
) -> tuple[tuple[RangeCheck, ...], ...]:
    """The where clauses of a row: conditions in the cell, or the ID of rows of the sheet WhereClauses."""
    text = row.word("Where Clause")
    listed = [one for one in parts.book.rows("WhereClauses") if one.word("ID") == text] if text else []
    if listed:
        checks = tuple(filter(None, (_listed(parts, one, names) for one in listed)))
        return (checks,) if len(checks) == len(listed) else ()
    if "WhereClauses" in parts.book.sheets and text and not any(blank.isspace() for blank in text):
        parts.book.add(
            "DEF795", row.at("Where Clause"), column="Where Clause", found=text, sheet="WhereClauses"
        )
        return ()
    try:
        clauses = parse_where(text)
    except WhereError as fault:
        allowed = "conditions such as LBTESTCD EQ ALT and LBSPEC IN (BLOOD, SERUM)"
        found = f"{text} ({fault})" if text else ""
        parts.book.add("DEF794", row.at("Where Clause"), column="Where Clause", found=found, allowed=allowed)
        return ()
    made = [[_check(parts, row, "Where Clause", one, dataset, names) for one in clause] for clause in clauses]
    if any(check is None for clause in made for check in clause):
        return ()
    return tuple(tuple(check for check in clause if check is not None) for clause in made)


def _listed(parts: Parts, row: Row, names: set[tuple[str, str]]) -> RangeCheck | None:
    comparator = parts.one(row, "Comparator", COMPARATORS)
    text = row.word("Value")
    values = tuple(one.strip() for one in text.split(",")) if comparator in ("IN", "NOTIN") else (text,)
    condition = Condition(row.word("Variable"), cast(Any, comparator), values)
    return _check(parts, row, "Variable", condition, row.word("Dataset"), names)


def _check(
    parts: Parts, row: Row, column: str, condition: Condition, dataset: str, names: set[tuple[str, str]]
) -> RangeCheck | None:
    head, _, tail = condition.variable.rpartition(".")
    place = (head or dataset, tail)
    if place not in names:
        parts.book.add("DEF795", row.at(column), column=column, found=".".join(place), sheet="Variables")
        return None
    return RangeCheck(f"IT.{place[0]}.{place[1]}", condition.comparator, condition.values)
