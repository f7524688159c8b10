"""Value levels against the data: each record stands in one of them, and fits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from lxml import etree

from sdtm_il2.dataset import Distinct
from sdtm_il2.define.tree import DefineTree, children, get
from sdtm_il2.define.values import Watched, watch
from sdtm_il2.errors import Issue, Location
from sdtm_il2.plan.number import number

#: Combinations of values that are named in an issue.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Condition:
    """One RangeCheck on a variable of the same dataset; ``text`` if the values of the variable are text."""

    variable: str
    comparator: str
    values: tuple[str, ...]
    text: bool = False

    def holds(self, text: str) -> bool:
        """Whether a value meets the condition; numbers are equal as numbers, but 02 and 2.0 are two texts."""
        if self.comparator in ("EQ", "IN", "NE", "NOTIN"):
            held = text in self.values if self.text else any(_same(text, one) for one in self.values)
            return held == (self.comparator in ("EQ", "IN"))
        order = _order(text, self.values[0] if self.values else "")
        if order is None:
            return False
        return {"LT": order < 0, "LE": order <= 0, "GT": order > 0, "GE": order >= 0}.get(
            self.comparator, False
        )


def _same(left: str, right: str) -> bool:
    if left == right:
        return True
    first, second = number(left), number(right)
    return first is not None and first == second


def _order(left: str, right: str) -> int | None:
    """-1, 0 or 1; None for a missing value."""
    if not left:
        return None
    first, second = number(left), number(right)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    return (left > right) - (left < right)


@dataclass(slots=True)
class Levels:
    """The value levels of one variable, and what was met of them so far."""

    tree: DefineTree
    item: etree._Element
    variable: str
    clauses: tuple[tuple[tuple[Condition, ...], ...], ...]
    watched: tuple[Watched, ...]
    names: tuple[str, ...]
    memory: dict[tuple[str, ...], tuple[int, ...]] = field(default_factory=dict)
    outside: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    several: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def matching(self, values: tuple[str, ...]) -> tuple[int, ...]:
        """The value levels whose where clause a combination of values meets."""
        if values not in self.memory:
            held = dict(zip(self.names, values, strict=True))
            self.memory[values] = tuple(
                place
                for place, clause in enumerate(self.clauses)
                if any(all(one.holds(held[one.variable]) for one in part) for part in clause)
            )
        return self.memory[values]

    def take(self, columns: Mapping[str, Distinct], start: int) -> None:
        """The records of one chunk, whose first is number ``start``."""
        own = columns[self.variable]
        combined = np.zeros(len(own.codes), np.int64)
        for name in self.names:
            combined = combined * max(len(columns[name].values), 1) + columns[name].codes
        combinations, firsts, group = np.unique(combined, return_index=True, return_inverse=True)
        pairs = group.astype(np.int64) * max(len(own.values), 1) + own.codes
        keys, rows, counts = np.unique(pairs, return_index=True, return_counts=True)
        owners, values = keys // max(len(own.values), 1), keys % max(len(own.values), 1)
        edges = np.searchsorted(owners, np.arange(len(combinations) + 1))
        for place, first in enumerate(firsts.tolist()):
            one = tuple(columns[name].values[columns[name].codes[first]] for name in self.names)
            levels = self.matching(one)
            self.used.update(levels)
            part = slice(int(edges[place]), int(edges[place + 1]))
            found = list(_with_texts(own, values[part], counts[part], rows[part] + start))
            filled = [(count, row) for text, count, row in found if text]
            if filled and len(levels) != 1:
                into = self.several if levels else self.outside
                total = into.setdefault(one, [0, min(row for _, row in filled)])
                total[0] += sum(count for count, _ in filled)
            for level in levels:
                self.watched[level].take(found)

    def issues(self, target: str, file: str) -> Iterator[Issue]:
        """What the value levels were found to do."""
        for code, found in (
            ("DEF763", self.several),
            ("DEF766" if self.variable == "QVAL" else "DEF762", self.outside),
        ):
            if not found:
                continue
            values = tuple((", ".join(one), count) for one, (count, _) in list(found.items())[:_NAMED])
            first = min(row for _, row in found.values())
            rule = "DD0038" if code == "DEF766" else "SD1230"
            levels = sorted({self._name(place) for one in found for place in self.matching(one)})
            yield Issue(
                code, target, self.tree.at(self.item),
                (("by", ", ".join(self.names)), ("levels", " and ".join(levels)), ("rule", rule)),
                sum(count for count, _ in found.values()), Location(file, first), values, len(found),
            )  # fmt: skip
        for place, one in enumerate(self.watched):
            if place not in self.used:
                yield Issue("DEF764", self._name(place), self.tree.at(one.item), (("rule", "DD0044"),))
            yield from one.issues(self._name(place), file)

    def _name(self, place: int) -> str:
        return get(self.watched[place].item, "OID")


def _with_texts(
    column: Distinct,
    values: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
) -> Iterator[tuple[str, int, int]]:
    for value, count, row in zip(values.tolist(), counts.tolist(), rows.tolist(), strict=True):
        yield column.values[value], count, row


def other_datasets(
    tree: DefineTree, item: etree._Element, variables: Mapping[str, str]
) -> dict[str, list[str]]:
    """Value levels of a variable whose where clauses read other datasets: the datasets, each with the levels' OIDs."""
    found: dict[str, list[str]] = {}
    for ref, level in tree.levels(item):
        for link in children(ref, "def:WhereClauseRef"):
            clause = tree.find("def:WhereClauseDef", get(link, "WhereClauseOID"))
            for check in children(clause, "RangeCheck") if clause is not None else ():
                oid = get(check, "def:ItemOID")
                for use in tree.uses.get(oid, ()) if oid not in variables else ():
                    held = found.setdefault(get(use.group, "Name") if use.group is not None else oid, [])
                    if get(level, "OID") not in held:
                        held.append(get(level, "OID"))
    return found


def value_levels(
    tree: DefineTree,
    item: etree._Element,
    variables: Mapping[str, str],
    present: frozenset[str],
    encoding: str,
) -> Levels | None:
    """The value levels of a variable; None without any, or where a clause reads another dataset.

    ``variables`` are the names of the dataset's variables by OID, ``present`` those that its file has.
    """
    levels = tree.levels(item)
    if not levels or get(item, "Name") not in present:
        return None
    clauses: list[tuple[tuple[Condition, ...], ...]] = []
    names: dict[str, None] = {}
    for ref, _ in levels:
        parts: list[tuple[Condition, ...]] = []
        for link in children(ref, "def:WhereClauseRef"):
            clause = tree.find("def:WhereClauseDef", get(link, "WhereClauseOID"))
            conditions = []
            for check in children(clause, "RangeCheck") if clause is not None else ():
                oid = get(check, "def:ItemOID")
                name = variables.get(oid, "")
                if name not in present:
                    return None
                read = tree.find("ItemDef", oid)
                written = read is not None and get(read, "DataType") == "text"
                names[name] = None
                texts = tuple(one.text or "" for one in children(check, "CheckValue"))
                conditions.append(Condition(name, get(check, "Comparator"), texts, written))
            if clause is not None:
                parts.append(tuple(conditions))
        clauses.append(tuple(parts))
    watched = tuple(watch(tree, ref, level, encoding, level=True) for ref, level in levels)
    return Levels(tree, item, get(item, "Name"), tuple(clauses), watched, tuple(names))
