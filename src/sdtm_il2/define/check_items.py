"""Checks of variables and value levels: type, length, origin, method, pages, where clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from sdtm_il2.define.tree import DefineTree, child, children, clark, described, get, too_long
from sdtm_il2.errors import Issue

_SIZED = frozenset({"text", "integer", "float"})
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
_PREDECESSOR = re.compile(r"\b[A-Z][A-Z0-9]{1,7}\.[A-Z_][A-Z0-9_]{0,7}\b")
_PAGES = re.compile(r"[1-9][0-9]*( [1-9][0-9]*)*")


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def lengths(tree: DefineTree) -> Iterator[Issue]:
    """Length belongs to text, integer and float alone; SignificantDigits always and only to float."""
    for item in tree.all("ItemDef"):
        kind, length, digits = get(item, "DataType"), get(item, "Length"), get(item, "SignificantDigits")
        if kind in _SIZED and not length:
            yield tree.issue("DEF721", item, "OD0070", type=kind, found="no Length")
        elif kind not in _SIZED and length:
            yield tree.issue("DEF721", item, "DD0068", type=kind, found=f"Length {length}")
        if kind == "float" and not digits:
            yield tree.issue("DEF722", item, "OD0071", type=kind, found="no SignificantDigits")
        elif kind != "float" and digits:
            yield tree.issue("DEF722", item, "DD0069", type=kind, found=f"SignificantDigits {digits}")
        elif digits and (_number(digits) or 0) > (_number(length) or 0):
            yield tree.issue(
                "DEF722", item, "DD0069", type=kind, found=f"SignificantDigits {digits} over Length {length}"
            )


def names(tree: DefineTree) -> Iterator[Issue]:
    """A variable's SASFieldName is its name, at most 8 characters; its label is at most 40 bytes."""
    seen: set[tuple[str, str]] = set()
    for group, _, item in tree.variables():
        name, sas = get(item, "Name"), get(item, "SASFieldName")
        if sas != name:
            yield tree.issue(
                "DEF723", item, "DD0058", found=f"SASFieldName {sas or 'missing'} beside Name {name}"
            )
        if not _NAME.fullmatch(name):
            yield tree.issue("DEF723", item, "DD0070", found=f"Name {name}, not 1 to 8 of A-Z 0-9 _")
        if (get(group, "OID"), name) in seen:
            yield tree.issue(
                "DEF723", item, "DD0031", found=f"a second variable {name} in {get(group, 'Name')}"
            )
        seen.add((get(group, "OID"), name))
        if not described(item):
            yield tree.issue("DEF723", item, "DD0137", found="no Description (its label)")
        for label, size in too_long(item):
            yield tree.issue("DEF724", item, "DD0137", label=label, size=size)


def origins(tree: DefineTree) -> Iterator[Issue]:
    """A variable has an origin, or every one of its value levels has; where both have, they agree."""
    for _, _, item in tree.variables():
        own = {get(origin, "Type") for origin in children(item, "def:Origin")}
        levels = tree.levels(item)
        if not own:
            bare = [level for _, level in levels if child(level, "def:Origin") is None]
            if not levels:
                yield tree.issue("DEF725", item, "DD0072", found="no def:Origin")
            for level in bare:
                yield tree.issue(
                    "DEF725", level, "DD0073", found=f"no def:Origin, and {tree.name(item)} has none"
                )
            continue
        for _, level in levels:
            other = {get(origin, "Type") for origin in children(level, "def:Origin")}
            if other and other != own:
                found, expected = "/".join(sorted(other)), "/".join(sorted(own))
                name = tree.name(item)
                yield tree.issue("DEF726", level, "DD0074", found=found, variable=name, expected=expected)


def methods(tree: DefineTree) -> Iterator[Issue]:
    """A derived variable or value level names its method; a method says in words what it does."""
    for item in tree.all("ItemDef"):
        if not any(get(origin, "Type") == "Derived" for origin in children(item, "def:Origin")):
            continue
        if any(not get(use.ref, "MethodOID") for use in tree.uses.get(get(item, "OID"), ())):
            levels = tree.levels(item)
            if not levels or any(not get(ref, "MethodOID") for ref, _ in levels):
                yield tree.issue("DEF727", item, "DD0042")
    for method in tree.all("MethodDef"):
        if not described(method):
            yield tree.issue("DEF728", method, "DD0057", found="no Description")
        if get(method, "Type") not in {"Computation", "Imputation"}:
            yield tree.issue("DEF728", method, "DD0104", found=f"Type {get(method, 'Type') or 'missing'}")


def predecessors(tree: DefineTree) -> Iterator[Issue]:
    """The origin Predecessor names the variable that is copied, as DM.SEX."""
    known = {get(item, "Name") for _, _, item in tree.variables()}
    held: dict[str, set[str]] = {}
    for group, _, item in tree.variables():
        held.setdefault(get(group, "Name"), set()).add(get(item, "Name"))
    for item in tree.all("ItemDef"):
        for origin in children(item, "def:Origin"):
            words = described(origin)
            named = _PREDECESSOR.search(words) or not known.isdisjoint(re.findall(r"\w+", words))
            if get(origin, "Type") != "Predecessor":
                continue
            if not named:
                yield tree.issue("DEF729", item, "DD0061")
            for text in _PREDECESSOR.findall(words):
                dataset, _, variable = text.partition(".")
                if dataset in held and variable not in held[dataset]:
                    yield tree.issue("DEF784", item, "DD0148", found=text)


def pages(tree: DefineTree) -> Iterator[Issue]:
    """What the investigator or the subject recorded points to its pages of the annotated CRF."""
    acrf = {
        get(one, "leafID") for crf in tree.all("def:AnnotatedCRF") for one in children(crf, "def:DocumentRef")
    }
    collected = False
    for item in tree.all("ItemDef"):
        for origin in children(item, "def:Origin"):
            recorded = get(origin, "Type") == "Collected" and get(origin, "Source") in {
                "Investigator",
                "Subject",
                "",
            }
            collected |= recorded
            shown = [one for one in children(origin, "def:DocumentRef") if get(one, "leafID") in acrf]
            if recorded and acrf and not any(children(one, "def:PDFPageRef") for one in shown):
                yield tree.issue("DEF730", item, "DD0035", found="no page of the annotated CRF")
            elif shown and get(origin, "Type") in {"Derived", "Assigned"}:
                yield tree.issue(
                    "DEF730", item, "DD0111", found=f"pages of the CRF beside origin {get(origin, 'Type')}"
                )
    if collected and not acrf:
        yield tree.issue("DEF731", tree.version, "DD0103")


def page_references(tree: DefineTree) -> Iterator[Issue]:
    """Pages are numbers parted by blanks, or a first and a last page."""
    for pages_ in tree.root.iter(clark("def:PDFPageRef")):
        refs, first, last = get(pages_, "PageRefs"), get(pages_, "FirstPage"), get(pages_, "LastPage")
        numbered = get(pages_, "Type") == "PhysicalRef"
        good = (
            not first and not last and (bool(_PAGES.fullmatch(refs)) if numbered else bool(refs.strip()))
            if refs
            else (_number(first) or 0) >= 1 and (_number(last) or 0) >= (_number(first) or 0)
        )
        if not good:
            owner = next((one for one in pages_.iterancestors() if get(one, "OID")), pages_)
            yield tree.issue("DEF743", owner, "DD0037", found=refs or f"{first or '?'} to {last or '?'}")


_FIXED = {
    "STUDYID": ("Protocol", "DD0108"),
    "DOMAIN": ("Assigned", "DD0106"),
    "RDOMAIN": ("Assigned", "DD0107"),
}


def fixed_origins(tree: DefineTree) -> Iterator[Issue]:
    """STUDYID comes from the protocol, DOMAIN and RDOMAIN are assigned, study days are derived."""
    for group, _, item in tree.variables():
        name, domain = get(item, "Name"), get(group, "Domain")
        expected, rule = _FIXED.get(name, ("", ""))
        if name in {f"{domain}DY", f"{domain}STDY", f"{domain}ENDY"}:
            expected, rule = "Derived", "DD0105"
        found = [get(origin, "Type") for origin in children(item, "def:Origin")]
        if expected and found and found != [expected]:
            yield tree.issue("DEF732", item, rule, found="/".join(found), expected=expected)


def same_origins(tree: DefineTree) -> Iterator[Issue]:
    """USUBJID and VISITNUM have one origin in all datasets that hold values of them."""
    for name, rule in (("USUBJID", "DD0109"), ("VISITNUM", "DD0110")):
        first: tuple[str, tuple[str, ...]] | None = None
        for _, _, item in tree.variables():
            if get(item, "Name") != name:
                continue
            found = tuple(get(origin, "Type") for origin in children(item, "def:Origin"))
            if found == (
                "Not Available",
            ):  # without values there is nothing that could have come from elsewhere
                continue
            if first is None:
                first = (tree.name(item), found)
            elif found and found != first[1]:
                yield tree.issue("DEF733", item, rule, found="/".join(found), other=first[0],
                                 expected="/".join(first[1]) or "no origin")  # fmt: skip


def value_levels(tree: DefineTree) -> Iterator[Issue]:
    """A value level is no longer than its variable and says which records it describes; QVAL has them."""
    for group, _, item in tree.variables():
        levels = tree.levels(item)
        length = _number(get(item, "Length"))
        for ref, level in levels:
            own = _number(get(level, "Length"))
            if own is not None and length is not None and own > length:
                yield tree.issue(
                    "DEF734", level, "DD0123", found=own, variable=tree.name(item), allowed=length
                )
            if child(ref, "def:WhereClauseRef") is None:
                yield tree.issue("DEF735", level, "DD0017", found="no def:WhereClauseRef on its ItemRef")
        supplemental = get(group, "Name").startswith(("SUPP", "SQ"))
        if (
            get(item, "Name") == "QVAL"
            and supplemental
            and not levels
            and get(group, "def:HasNoData") != "Yes"
        ):
            yield tree.issue("DEF736", item, "DD0038")


def _terms(codelist: etree._Element) -> set[str]:
    return {
        get(term, "CodedValue")
        for kind in ("CodeListItem", "EnumeratedItem")
        for term in children(codelist, kind)
    }


def where_clauses(tree: DefineTree) -> Iterator[Issue]:
    """A condition is soft, compares with one value (IN, NOTIN: several) that is a term of its codelist."""
    for clause in tree.all("def:WhereClauseDef"):
        datasets: set[str] = set()
        for check in children(clause, "RangeCheck"):
            comparator, values = get(check, "Comparator"), children(check, "CheckValue")
            if get(check, "SoftHard") != "Soft":
                yield tree.issue(
                    "DEF735", clause, "DD0044", found=f"SoftHard {get(check, 'SoftHard')}, not Soft"
                )
            if comparator not in {"IN", "NOTIN"} and len(values) != 1:
                yield tree.issue("DEF735", clause, "DD0044", found=f"{comparator} with {len(values)} values")
            item = tree.find("ItemDef", get(check, "def:ItemOID"))
            if item is None:
                continue
            groups = [use.group for use in tree.uses.get(get(item, "OID"), ()) if use.group is not None]
            if len({get(group, "OID") for group in groups}) == 1:
                datasets.add(get(groups[0], "OID"))
            codelist = tree.codelist(item)
            terms = _terms(codelist) if codelist is not None else set()
            unknown = [value.text for value in values if terms and value.text and value.text not in terms]
            if unknown and comparator in {"EQ", "NE", "IN", "NOTIN"}:
                yield tree.issue(
                    "DEF735", clause, "DD0044", found=f"{', '.join(unknown)}, no term of its codelist"
                )
        if len(datasets) > 1 and not get(clause, "def:CommentOID"):
            yield tree.issue(
                "DEF735", clause, "DD0044", found="conditions on two datasets and no comment on their join"
            )


#: What ODM admits on these elements and Define-XML does not.
_NOT_OURS = {
    "ItemGroupDef": ("Origin", "Role", "Comment"),
    "ItemDef": ("Origin", "Comment", "SDSVarName"),
    "ItemRef": ("CollectionExceptionConditionOID", "ImputationMethodOID"),
    "CodeList": ("Comment",),
}


def foreign_attributes(tree: DefineTree) -> Iterator[Issue]:
    """Attributes that ODM admits and Define-XML replaces by elements are not written; the schema passes them."""
    for kind, names in _NOT_OURS.items():
        for element in tree.root.iter(clark(kind)):
            for name in names:
                if get(element, name):
                    yield tree.issue("DEF783", element, "DD0010", element=kind, name=name)


CHECKS = (
    foreign_attributes, lengths, names, origins, methods, predecessors, pages, page_references, fixed_origins, same_origins,
    value_levels, where_clauses,
)  # fmt: skip
