"""Checks of codelists: terms, NCI codes, extended values, dictionaries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from sdtm_il2.define.tree import DefineTree, child, children, described, get
from sdtm_il2.errors import Issue

_NCI_CODE = re.compile(r"C[0-9]+")
_MEDDRA = re.compile(r"[0-9]+\.[01]")


def code(element: etree._Element) -> str:
    """The NCI code of a codelist or term, "" when it has none."""
    for alias in children(element, "Alias"):
        if get(alias, "Context") == "nci:ExtCodeID":
            return get(alias, "Name")
    return ""


def terms_of(codelist: etree._Element) -> list[etree._Element]:
    """The terms of a codelist, of either kind."""
    return children(codelist, "CodeListItem") + children(codelist, "EnumeratedItem")


def content(tree: DefineTree) -> Iterator[Issue]:
    """A codelist holds terms of one kind, each once, ranked and ordered all or none; names are unique."""
    names: Counter[str] = Counter()
    for codelist in tree.all("CodeList"):
        names[get(codelist, "Name")] += 1
        if names[get(codelist, "Name")] == 2:
            yield tree.issue("DEF739", codelist, "DD0131", name=get(codelist, "Name"))
        terms = terms_of(codelist)
        external = child(codelist, "ExternalCodeList")
        if not terms and external is None:
            yield tree.issue("DEF737", codelist, "OD0079", found="no term")
        if children(codelist, "CodeListItem") and children(codelist, "EnumeratedItem"):
            yield tree.issue("DEF737", codelist, "OD0082", found="CodeListItem and EnumeratedItem")
        counts = Counter(get(term, "CodedValue") for term in terms)
        twice = sorted(value for value, count in counts.items() if count > 1)
        if twice:
            yield tree.issue("DEF737", codelist, "OD0080", found=f"{', '.join(twice)} more than once")
        for attribute, rule in (("Rank", "DD0076"), ("OrderNumber", "DD0077")):
            given = sum(bool(get(term, attribute)) for term in terms)
            if 0 < given < len(terms):
                yield tree.issue(
                    "DEF737", codelist, rule, found=f"{attribute} on {given} of {len(terms)} terms"
                )
        for item in children(codelist, "CodeListItem"):
            if not described(item, "Decode"):
                yield tree.issue(
                    "DEF737", codelist, "OD0081", found=f"{get(item, 'CodedValue')} without decode"
                )


def codes(tree: DefineTree) -> Iterator[Issue]:
    """A CDISC list and its terms carry NCI codes, added terms ExtendedValue; a sponsor's list neither."""
    for codelist in tree.all("CodeList"):
        if child(codelist, "ExternalCodeList") is not None:
            continue
        cdisc = bool(get(codelist, "def:StandardOID"))
        if cdisc and not _NCI_CODE.fullmatch(code(codelist)):
            yield tree.issue("DEF738", codelist, "DD0028", found="no NCI code on a CDISC codelist")
        elif not cdisc and code(codelist):
            yield tree.issue(
                "DEF738", codelist, "DD0127", found=f"NCI code {code(codelist)} on a sponsor's codelist"
            )
        for term in terms_of(codelist):
            value, extended = get(term, "CodedValue"), get(term, "def:ExtendedValue") == "Yes"
            if cdisc and not code(term) and not extended:
                yield tree.issue(
                    "DEF738", codelist, "DD0024", found=f"{value} with neither NCI code nor ExtendedValue"
                )
            elif code(term) and extended:
                yield tree.issue(
                    "DEF738", codelist, "DD0024", found=f"{value} with both NCI code and ExtendedValue"
                )
            elif not cdisc and extended:
                yield tree.issue(
                    "DEF738", codelist, "DD0132", found=f"{value} as ExtendedValue of a sponsor's codelist"
                )
            elif not cdisc and code(term):
                yield tree.issue(
                    "DEF738", codelist, "DD0128", found=f"NCI code on {value} of a sponsor's codelist"
                )


def types(tree: DefineTree) -> Iterator[Issue]:
    """A variable and its codelist have the same type."""
    for item in tree.all("ItemDef"):
        codelist = tree.codelist(item)
        if codelist is not None and get(codelist, "DataType") != get(item, "DataType"):
            own, expected = get(item, "DataType"), get(codelist, "DataType")
            oid = get(codelist, "OID")
            yield tree.issue("DEF740", item, "OD0077", found=own, codelist=oid, expected=expected)


def dictionaries(tree: DefineTree) -> Iterator[Issue]:
    """A dictionary states its version; MedDRA's ends in .0 or .1."""
    for codelist in tree.all("CodeList"):
        external = child(codelist, "ExternalCodeList")
        if external is None:
            continue
        dictionary, version = get(external, "Dictionary"), get(external, "Version")
        if not version and not dictionary.upper().startswith("ISO"):  # a standard, not a release of terms
            yield tree.issue(
                "DEF741", codelist, "DD0025", dictionary=dictionary or "dictionary", found="no Version"
            )
        elif dictionary == "MedDRA" and version and not _MEDDRA.fullmatch(version):
            yield tree.issue("DEF741", codelist, "DD0025", dictionary=dictionary, found=f"Version {version}")


CHECKS = (content, codes, types, dictionaries)
