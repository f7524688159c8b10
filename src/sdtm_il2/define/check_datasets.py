"""Checks of the standards, the datasets, their keys and their files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from sdtm_il2.define.tree import DefineTree, child, children, clark, described, get, too_long
from sdtm_il2.errors import Issue

_SAS_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
CT_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


def document(tree: DefineTree) -> Iterator[Issue]:
    """The root says that this is a snapshot of metadata, for whom, and by which version."""
    for attribute, allowed, rule in (
        ("FileType", ("Snapshot",), "DD0019"),
        ("ODMVersion", ("1.3.2",), "DD0019"),
        ("def:Context", ("Submission", "Other"), "DD0020"),
    ):
        if get(tree.root, attribute) not in allowed:
            yield tree.issue("DEF707", tree.root, rule, attribute=attribute, allowed=" or ".join(allowed),
                             found=get(tree.root, attribute) or "nothing")  # fmt: skip


def standards(tree: DefineTree) -> Iterator[Issue]:
    """An implementation guide and a release of controlled terminology are declared."""
    declared = tree.all("def:Standard")
    for kind, rule in (("IG", "DD0021"), ("CT", "DD0022")):
        if not any(get(one, "Type") == kind for one in declared):
            yield tree.issue("DEF712", tree.version, rule, found=f"no def:Standard of Type {kind}")
    for one in declared:
        if get(one, "Type") == "CT":
            if not get(one, "PublishingSet"):
                yield tree.issue("DEF712", one, "DD0119", found="a CT without PublishingSet")
            if get(one, "Name") != "CDISC/NCI":
                yield tree.issue(
                    "DEF712", one, "DD0138", found=f"a CT of Name {get(one, 'Name')}, not CDISC/NCI"
                )
            if not CT_VERSION.fullmatch(get(one, "Version")):
                yield tree.issue(
                    "DEF712", one, "DD0150", found=f"CT version {get(one, 'Version')}, not a date"
                )
        elif get(one, "Name") == "CDISC/NCI" or get(one, "PublishingSet"):
            yield tree.issue("DEF712", one, "DD0150", found="an IG with the Name or PublishingSet of a CT")


def dataset_attributes(tree: DefineTree) -> Iterator[Issue]:
    """A dataset says its domain, its SAS name, its purpose, and whether it is reference data."""
    names: Counter[str] = Counter()
    for group in tree.all("ItemGroupDef"):
        name = get(group, "Name")
        names[name] += 1
        for attribute, rule in (
            ("Domain", "DD0045"),
            ("SASDatasetName", "DD0049"),
            ("IsReferenceData", "DD0054"),
        ):
            if not get(group, attribute):
                yield tree.issue("DEF713", group, rule, found=f"no {attribute}")
        sas = get(group, "SASDatasetName")
        if sas and not _SAS_NAME.fullmatch(sas):
            yield tree.issue(
                "DEF713", group, "DD0051", found=f"SASDatasetName {sas}, not 1 to 8 of A-Z 0-9 _"
            )
        if sas and sas != name:
            yield tree.issue("DEF713", group, "DD0048", found=f"SASDatasetName {sas} beside Name {name}")
        if get(group, "Purpose") != "Tabulation":
            yield tree.issue("DEF713", group, "DD0053", found=f"Purpose {get(group, 'Purpose') or 'missing'}")
        if names[name] == 2:
            yield tree.issue("DEF713", group, "DD0047", found=f"a second dataset of Name {name}")
        if not described(group):
            yield tree.issue("DEF713", group, "DD0136", found="no Description (its label)")
        for label, size in too_long(group):
            yield tree.issue("DEF724", group, "DD0136", label=label, size=size)


def dataset_class(tree: DefineTree) -> Iterator[Issue]:
    """A dataset has a class; reference data do not repeat per subject."""
    for group in tree.all("ItemGroupDef"):
        if child(group, "def:Class") is None:
            yield tree.issue("DEF714", group, "DD0055", found="no def:Class")
        if get(group, "IsReferenceData") == "Yes" and get(group, "Repeating") != "No":
            yield tree.issue("DEF714", group, "DD0135", found="IsReferenceData Yes with Repeating Yes")


def dataset_file(tree: DefineTree) -> Iterator[Issue]:
    """ArchiveLocationID is the ID of the dataset's own leaf, and the file is named after the dataset."""
    for group in tree.all("ItemGroupDef"):
        leaf, archive = child(group, "def:leaf"), get(group, "def:ArchiveLocationID")
        if get(group, "def:HasNoData") == "Yes":
            if leaf is not None or archive:
                yield tree.issue("DEF719", group, "DD0133", found="HasNoData beside a file")
            continue
        if leaf is None or not archive:
            missing = "def:leaf" if leaf is None else "def:ArchiveLocationID"
            yield tree.issue("DEF715", group, "DD0018", found=f"no {missing}")
            continue
        if get(leaf, "ID") != archive:
            yield tree.issue(
                "DEF715", group, "DD0018", found=f"ArchiveLocationID {archive} beside leaf {get(leaf, 'ID')}"
            )
        stem = get(leaf, "xlink:href").rpartition("/")[2].partition(".")[0]
        if stem.upper() != get(group, "SASDatasetName").upper():
            yield tree.issue("DEF715", group, "DD0052", found=f"file {get(leaf, 'xlink:href')}")


def links(tree: DefineTree) -> Iterator[Issue]:
    """Files are named relative to define.xml, in lower case; the annotated CRF is acrf.pdf.

    A document may be a web address; a dataset may not.
    """
    for leaf in tree.all("def:leaf"):
        href = get(leaf, "xlink:href")
        owner = leaf.getparent()
        if href.startswith("https://") and owner is not None and owner.tag != clark("ItemGroupDef"):
            continue
        found = (
            "is not relative" if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", href)
            else "leaves the folder" if ".." in href.split("/")
            else "has a backslash" if "\\" in href
            else "is not lower case" if href != href.lower()
            else "is empty" if not href else ""
        )  # fmt: skip
        if found:
            yield tree.issue("DEF716", leaf, "DD0101", href=href, found=found)
    for crf in tree.all("def:AnnotatedCRF"):
        for reference in children(crf, "def:DocumentRef"):
            target = tree.find("def:leaf", get(reference, "leafID"))
            name = get(target, "xlink:href").rpartition("/")[2] if target is not None else ""
            if target is not None and name != "acrf.pdf":
                yield tree.issue(
                    "DEF716", target, "DD0102", href=name, found="is the annotated CRF but not acrf.pdf"
                )


def keys(tree: DefineTree) -> Iterator[Issue]:
    """The key variables of a dataset are numbered 1 to n; --SEQ alone is no natural key."""
    for group in tree.all("ItemGroupDef"):
        refs = [ref for ref in children(group, "ItemRef") if get(ref, "KeySequence")]
        numbers = sorted(get(ref, "KeySequence") for ref in refs)
        if not refs:
            yield tree.issue("DEF717", group, "DD0040", found="no KeySequence")
        elif sorted(numbers) != sorted(str(number) for number in range(1, len(refs) + 1)):
            ordered = sorted(numbers, key=lambda text: (len(text), text))
            yield tree.issue("DEF717", group, "DD0041", found=f"KeySequence {' '.join(ordered)}")


def order(tree: DefineTree) -> Iterator[Issue]:
    """ItemRefs of a dataset are numbered 1 to n in the order of the columns."""
    for group in tree.all("ItemGroupDef"):
        numbers = [get(ref, "OrderNumber") for ref in children(group, "ItemRef")]
        wrong = next((place for place, number in enumerate(numbers, 1) if number != str(place)), 0)
        if wrong:
            ref = children(group, "ItemRef")[wrong - 1]
            yield tree.issue("DEF718", group, "SD1079", item=get(ref, "ItemOID"), place=wrong,
                             found=numbers[wrong - 1] or "nothing")  # fmt: skip


def no_data(tree: DefineTree) -> Iterator[Issue]:
    """HasNoData is explained by a comment."""
    for group in tree.all("ItemGroupDef"):
        if get(group, "def:HasNoData") == "Yes" and not get(group, "def:CommentOID"):
            yield tree.issue("DEF719", group, "DD0133", found="HasNoData without a comment on the dataset")
    for ref in tree.root.iter(clark("ItemRef")):
        if get(ref, "def:HasNoData") != "Yes":
            continue
        item = tree.find("ItemDef", get(ref, "ItemOID"))
        if item is not None and not get(item, "def:CommentOID"):
            yield tree.issue("DEF719", item, "DD0134", found="HasNoData without a comment on the ItemDef")


def standard_or_not(tree: DefineTree) -> Iterator[Issue]:
    """A dataset and a codelist either follow a declared standard or say IsNonStandard."""
    for kind, neither, both in (("ItemGroupDef", "DD0120", "DD0121"), ("CodeList", "DD0126", "DD0129")):
        wanted = "IG" if kind == "ItemGroupDef" else "CT"
        for element in tree.all(kind):
            standard, nonstandard = get(element, "def:StandardOID"), get(element, "def:IsNonStandard")
            if not standard and not nonstandard:
                yield tree.issue("DEF720", element, neither, found="neither StandardOID nor IsNonStandard")
            elif standard and nonstandard:
                yield tree.issue("DEF720", element, both, found="StandardOID and IsNonStandard")
            declared = tree.find("def:Standard", standard)
            if declared is not None and get(declared, "Type") != wanted:
                yield tree.issue(
                    "DEF720", element, neither, found=f"StandardOID {standard}, which is no {wanted}"
                )


def split_datasets(tree: DefineTree) -> Iterator[Issue]:
    """The datasets of a split domain share its name as prefix and describe the domain in an Alias."""
    domains: dict[str, list[etree._Element]] = {}
    for group in tree.all("ItemGroupDef"):
        if not get(group, "Name").startswith(("SUPP", "SQ")):
            domains.setdefault(get(group, "Domain"), []).append(group)
    for domain, groups in domains.items():
        if len(groups) < 2:
            continue
        for group in groups:
            if not any(get(alias, "Context") == "DomainDescription" for alias in children(group, "Alias")):
                yield tree.issue("DEF744", group, "DD0063", domain=domain, found="no Alias DomainDescription")
            if not get(group, "Name").startswith(domain):
                yield tree.issue("DEF744", group, "DD0050", domain=domain, found="a name without that prefix")


CHECKS = (
    document, standards, dataset_attributes, dataset_class, dataset_file, links, keys, order, no_data,
    standard_or_not, split_datasets,
)  # fmt: skip
