"""What the values of one variable, or of one value level, do against their definition."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from sdtm_il2.define.check_codelists import terms_of
from sdtm_il2.define.tree import DefineTree, child, get
from sdtm_il2.errors import Issue, Location
from sdtm_il2.iso8601 import form, is_duration
from sdtm_il2.plan.number import number

#: ISO 8601 forms that each type admits; a datetime column may hold dates that are cut on the right.
_CUT = frozenset({"date", "partialDate", "datetime", "partialDatetime"})
_FORMS: dict[str, frozenset[str]] = {
    "date": frozenset({"date"}),
    "partialDate": frozenset({"date", "partialDate"}),
    "datetime": _CUT,
    "partialDatetime": _CUT,
    "incompleteDatetime": _CUT | {"incompleteDatetime"},
}
#: A time alone, as far as it is known.
_TIME = re.compile(
    r"T?([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?)?(Z|[+-][0-9]{2}(:[0-9]{2})?)?"
)
#: Faulty values that are kept with an issue; their count goes on.
_KEPT = 200


@dataclass(slots=True)
class Fault:
    """One kind of fault: how many records, where first, which values."""

    count: int = 0
    first: int = 0
    values: Counter[str] = field(default_factory=Counter)

    def add(self, count: int, row: int, value: str) -> None:
        self.count += count
        self.first = row if not self.first else min(self.first, row)
        if len(self.values) < _KEPT or value in self.values:
            self.values[value] += count


@dataclass(slots=True)
class Watched:
    """A variable (``level`` False) or a value level of it, and what was met so far in its records."""

    tree: DefineTree
    item: etree._Element
    level: bool
    kind: str
    length: int | None
    digits: int | None
    terms: frozenset[str] | None
    mandatory: bool
    no_data: bool
    encoding: str
    records: int = 0
    filled: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    def note(self, fault: str, count: int, row: int, value: str) -> None:
        """A fault of some records."""
        self.faults.setdefault(fault, Fault()).add(count, row, value)

    def take(self, values: Iterable[tuple[str, int, int]]) -> None:
        """Distinct values with their count and the number of their first record."""
        for text, count, row in values:
            self.records += count
            if not text:
                if self.mandatory:
                    self.note("null", count, row, "")
                continue
            self.filled += count
            if self.no_data:
                self.note("no data", count, row, text)
            if self.length is not None and len(text.encode(self.encoding)) > self.length:
                self.note("long", count, row, text)
            if self.terms is not None:
                self.met.add(text)
                if text not in self.terms:
                    self.note("term", count, row, text)
            if not _is(text, self.kind):
                self.note("type", count, row, text)
            elif self.kind == "float" and self.digits is not None:
                decimals = _decimals(text)
                if decimals > self.digits:
                    self.note("digits", count, row, text)

    def issues(self, target: str, file: str) -> Iterable[Issue]:
        """What the records were found to do."""
        at = self.tree.at(self.item)
        for name, fault in self.faults.items():
            code, rules = _CODES[name]
            wanted = {
                "long": f"Length {self.length}", "type": f"DataType {self.kind}",
                "digits": f"SignificantDigits {self.digits}", "term": get(self._codelist(), "Name"),
                "null": "Mandatory Yes", "no data": "HasNoData Yes",
            }[name]  # fmt: skip
            longest = max((len(value.encode(self.encoding)) for value in fault.values), default=0)
            yield Issue(
                code, target, at,
                (("wanted", wanted), ("longest", str(longest)), ("rule", rules[self.level])),
                fault.count, Location(file, fault.first), tuple(fault.values.most_common(20)), len(fault.values),
            )  # fmt: skip
        if self.terms is not None and self.filled and "term" not in self.faults:
            lacking = sorted(self.terms - self.met)
            if lacking:
                yield self.tree_issue(
                    "DEF774", target, name=get(self._codelist(), "Name"), found=", ".join(lacking)
                )

    def tree_issue(self, code: str, target: str, **fields: str) -> Issue:
        """An issue at the definition."""
        return Issue(code, target, self.tree.at(self.item), tuple(fields.items()))

    def _codelist(self) -> etree._Element:
        found = self.tree.codelist(self.item)
        return found if found is not None else self.item


#: Code and the public rules for a variable and for a value level, by fault.
_CODES = {
    "long": ("DEF755", ("SD1082", "SD1231")),
    "type": ("DEF757", ("SD0055", "SD1230")),
    "digits": ("DEF757", ("SD0055", "SD1230")),
    "term": ("DEF758", ("SD0037", "SD1228")),
    "null": ("DEF759", ("SD1229", "SD1229")),
    "no data": ("DEF765", ("DD0134", "DD0134")),
}


def _decimals(text: str) -> int:
    """Digits behind the point of a number: 2 of 1.50, 3 of 1.5E-2, none of 2.5E3."""
    value = number(text)
    place = value.as_tuple().exponent if value is not None else 0
    return max(0, -place) if isinstance(place, int) else 0


def _is(text: str, kind: str) -> bool:
    """Whether a value has the form of its type; text may be anything."""
    if kind in ("integer", "float"):
        found = number(text)
        return found is not None and (kind == "float" or found == found.to_integral_value())
    if kind == "durationDatetime":
        return is_duration(text) or "/" in text
    if kind in _FORMS:
        return form(text) in _FORMS[kind]
    if kind in ("time", "partialTime"):
        return _TIME.fullmatch(text) is not None
    return True


def watch(
    tree: DefineTree, ref: etree._Element, item: etree._Element, encoding: str, *, level: bool = False
) -> Watched:
    """Begin to watch a variable or a value level."""
    codelist = tree.codelist(item)
    terms: frozenset[str] | None = None
    if codelist is not None and child(codelist, "ExternalCodeList") is None:
        terms = frozenset(get(term, "CodedValue") for term in terms_of(codelist))
    length, digits = get(item, "Length"), get(item, "SignificantDigits")
    return Watched(
        tree, item, level, get(item, "DataType"), int(length) if length.isdecimal() else None,
        int(digits) if digits.isdecimal() else None, terms, get(ref, "Mandatory") == "Yes",
        get(ref, "def:HasNoData") == "Yes", encoding,
    )  # fmt: skip
