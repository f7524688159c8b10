"""Define-XML against the standards that it declares: classes, labels, codelists, terms and their NCI codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from sdtm_il2.define.check_codelists import code, terms_of
from sdtm_il2.define.check_datasets import CT_VERSION
from sdtm_il2.define.tree import DefineTree, child, children, english, get
from sdtm_il2.errors import Issue, StandardsError
from sdtm_il2.standards import Codelist, Standard, available_releases, load_standard

_GUIDE = "SDTMIG"


def _guides(tree: DefineTree) -> Mapping[str, Standard]:
    """The guides of the file that are at hand, by the OID of their def:Standard."""
    found: dict[str, Standard] = {}
    for one in tree.all("def:Standard"):
        if get(one, "Type") == "IG" and get(one, "Name") == _GUIDE:
            try:
                found[get(one, "OID")] = load_standard(f"{_GUIDE} {get(one, 'Version')}")
            except StandardsError:
                continue
    return found


def _releases(tree: DefineTree) -> Mapping[str, Standard]:
    """The terminology releases of the file that are at hand, by the OID of their def:Standard."""
    held = {one.version for one in available_releases() if one.kind == "ct"}
    return {
        get(one, "OID"): load_standard(ct=get(one, "Version"))
        for one in tree.all("def:Standard")
        if get(one, "Type") == "CT" and get(one, "Version") in held and get(one, "PublishingSet") == "SDTM"
    }


def not_at_hand(tree: DefineTree) -> Iterator[Issue]:
    """What is declared and not installed cannot be compared; that is said, not passed over."""
    known = {*_guides(tree), *_releases(tree)}
    for one in tree.all("def:Standard"):
        terms = get(one, "Name") == "CDISC/NCI"
        named = (get(one, "Type") == "CT") == terms and bool(get(one, "PublishingSet")) == terms
        dated = not terms or CT_VERSION.fullmatch(get(one, "Version"))  # else it is told as a fault
        if get(one, "OID") not in known and named and dated:
            words = " ".join(
                part for part in (get(one, "Name"), get(one, "PublishingSet"), get(one, "Version")) if part
            )
            yield tree.issue("DEF772", one, found=words)


def guide(tree: DefineTree) -> Iterator[Issue]:
    """Class and labels are those of the implementation guide; a bound variable has its codelist."""
    guides = _guides(tree)
    for group in tree.all("ItemGroupDef"):
        standard = guides.get(get(group, "def:StandardOID"))
        name = get(group, "Name")
        known = (
            standard.dataset(name if name.startswith("SUPP") else get(group, "Domain")) if standard else None
        )
        if standard is None or known is None:
            continue
        class_ = child(group, "def:Class")
        stated = get(class_, "Name") if class_ is not None else ""
        if stated and known.define_class and stated != known.define_class:
            yield tree.issue("DEF781", group, "DD0055", found=stated, expected=known.define_class)
        empty = get(group, "def:HasNoData") == "Yes"
        split = name != get(group, "Domain") and not name.startswith("SUPP")
        label = english(group)
        if not split and label and label != known.label:
            yield tree.issue("DEF768", group, "DD0136", found=label, expected=known.label)
        for ref in children(group, "ItemRef"):
            item = tree.find("ItemDef", get(ref, "ItemOID"))
            if item is None or get(ref, "def:IsNonStandard") == "Yes":
                continue
            yield from _variable(tree, standard, known.name, ref, item, empty=empty)


def _variable(
    tree: DefineTree,
    standard: Standard,
    dataset: str,
    ref: etree._Element,
    item: etree._Element,
    *,
    empty: bool,
) -> Iterator[Issue]:
    variable = standard.variable(dataset, get(item, "Name"))
    if variable is None:
        return
    label = english(item)
    if label and label != variable.label:
        yield tree.issue("DEF768", item, "DD0137", found=label, expected=variable.label)
    if get(ref, "Role") and variable.role and get(ref, "Role") != variable.role:
        yield tree.issue("DEF782", item, "CORE-001081", found=get(ref, "Role"), expected=variable.role)
    codelist = tree.codelist(item)
    bound = [one for one in variable.codelists if standard.codelist(one) is not None]
    if not bound or empty or get(ref, "def:HasNoData") == "Yes" or tree.levels(item):
        return
    if codelist is None:
        if get(item, "DataType") == "text":
            yield tree.issue("DEF769", item, "DD0118", found="no codelist", expected=", ".join(bound))
    elif code(codelist) and code(codelist) not in variable.codelists:
        found = f"codelist {code(codelist)}"
        yield tree.issue("DEF769", item, "DD0124", found=found, expected=", ".join(bound))


def terminology(tree: DefineTree) -> Iterator[Issue]:
    """Codelists and terms of CDISC are those of the declared release, code by code."""
    releases = _releases(tree)
    for codelist in tree.all("CodeList"):
        standard = releases.get(get(codelist, "def:StandardOID"))
        if standard is None or not code(codelist):
            continue
        known = standard.codelist(code(codelist))
        if known is None:
            found = f"no codelist {code(codelist)} in SDTM CT {standard.ct_version}"
            yield tree.issue("DEF767", codelist, "DD0033", found=found)
            continue
        for term in terms_of(codelist):
            yield from _term(tree, known, codelist, term)


def _term(
    tree: DefineTree, known: Codelist, codelist: etree._Element, term: etree._Element
) -> Iterator[Issue]:
    value, stated = get(term, "CodedValue"), code(term)
    real = known.term(value)
    if get(term, "def:ExtendedValue") == "Yes":
        if not known.extensible:
            yield tree.issue("DEF771", codelist, "DD0029", value=value, name=known.name)
        elif real is not None:
            found = f"{value} as ExtendedValue, though {known.name} has it ({real.code})"
            yield tree.issue("DEF767", codelist, "DD0034", found=found)
    elif stated and real is None:
        yield tree.issue("DEF767", codelist, "DD0034", found=f"{value} ({stated}), no term of {known.name}")
    elif stated and real is not None and real.code != stated:
        yield tree.issue("DEF767", codelist, "DD0028", found=f"{value} with {stated}, not {real.code}")


def dictionaries(tree: DefineTree) -> Iterator[Issue]:
    """Adverse events of the data are coded by MedDRA, which is declared with its version and referred to."""
    for group, ref, item in tree.variables():
        if (get(group, "Domain"), get(item, "Name")) != ("AE", "AEDECOD"):
            continue
        if get(group, "def:HasNoData") == "Yes" or get(ref, "def:HasNoData") == "Yes":
            continue
        codelist = tree.codelist(item)
        external = child(codelist, "ExternalCodeList") if codelist is not None else None
        if external is None and get(item, "def:CommentOID"):
            yield tree.issue("DEF785", item, "DD0113")
        elif external is None:
            yield tree.issue("DEF773", item, "DD0113", found="no dictionary")
        elif get(external, "Dictionary").casefold() != "meddra":
            yield tree.issue("DEF773", item, "DD0112", found=get(external, "Dictionary") or "no name")


CHECKS = (not_at_hand, guide, terminology)
