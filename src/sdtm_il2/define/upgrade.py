"""Define-XML 2.0 brought to the form of 2.1 while it is still a tree, so that every line number stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lxml import etree

from sdtm_il2.define.model import DEF, ODM
from sdtm_il2.define.tree import child, clark, get, line
from sdtm_il2.errors import Issue, Location, issue

#: The namespace of Define-XML 2.0.
DEF20 = "http://www.cdisc.org/ns/def/v2.0"
_ORIGINS = {"CRF": ("Collected", "Investigator"), "eDT": ("Collected", "Vendor")}
_GUIDES = {"SDTM-IG": "SDTMIG", "SEND-IG": "SENDIG"}


def is_version_2_0(root: etree._Element) -> bool:
    """Whether a file is of Define-XML 2.0, by its namespace."""
    return root.tag == f"{{{ODM}}}ODM" and DEF20 in root.nsmap.values() and DEF not in root.nsmap.values()


def upgrade(root: etree._Element, file: str) -> list[Issue]:
    """Change the tree of a 2.0 file to 2.1 in place; returns what was said otherwise in 2.0 (DEF745)."""
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        element.tag = element.tag.replace(f"{{{DEF20}}}", f"{{{DEF}}}")
        for name in [one for one in element.attrib if str(one).startswith(f"{{{DEF20}}}")]:
            value = element.attrib.pop(name)
            element.set(str(name).replace(DEF20, DEF), value)
    version = root.find(f"{clark('Study')}/{clark('MetaDataVersion')}")
    if version is None:
        return []
    return [
        issue("DEF745", at=Location(file, place), found=words)
        for place, words in (
            *_standard(version), *_datasets(version), *_methods(version), *_origins(version)
        )
    ]  # fmt: skip


def _standard(version: etree._Element) -> Iterator[tuple[int, str]]:
    """The guide stood in two attributes, and a terminology release nowhere."""
    name = str(version.attrib.pop(clark("def:StandardName"), ""))
    release = str(version.attrib.pop(clark("def:StandardVersion"), ""))
    found = version.get(clark("def:DefineVersion"), "")
    version.set(clark("def:DefineVersion"), "2.1.0")
    yield line(version), f"def:DefineVersion {found} is read as 2.1.0"
    if name:
        guide = _GUIDES.get(name, name)
        standards = etree.Element(clark("def:Standards"))
        etree.SubElement(standards, clark("def:Standard"), {
            "OID": "STD.IG", "Name": guide, "Type": "IG", "Version": release, "Status": "Final",
        })  # fmt: skip
        version.insert(0, standards)
        yield (
            line(version),
            f"def:StandardName {name} {release} is read as def:Standard STD.IG; no CT is declared",
        )


def _datasets(version: etree._Element) -> Iterator[tuple[int, str]]:
    """The class was an attribute; a leaf beside its dataset belongs into it."""
    declared = version.find(f"{clark('def:Standards')}/{clark('def:Standard')}") is not None
    leaves = {get(leaf, "ID"): leaf for leaf in version.findall(clark("def:leaf"))}
    moved: list[str] = []
    first = 0
    for group in version.findall(clark("ItemGroupDef")):
        class_ = str(group.attrib.pop(clark("def:Class"), ""))
        own = child(group, "def:leaf")
        if class_ and child(group, "def:Class") is None:
            element = etree.Element(clark("def:Class"), {"Name": class_.upper()})
            group.insert(len(group) if own is None else group.index(own), element)
        if declared and not get(group, "def:StandardOID"):
            group.set(clark("def:StandardOID"), "STD.IG")
        archive = get(group, "def:ArchiveLocationID")
        if own is None and archive in leaves:
            first = first or line(leaves[archive])
            group.append(leaves[archive])
            moved.append(archive)
    if moved:
        yield (
            first,
            f"{len(moved)} def:leaf stand beside their dataset and are read as in it: {', '.join(moved)}",
        )


def _methods(version: etree._Element) -> Iterator[tuple[int, str]]:
    """MethodOID never had a prefix; files that write one are read all the same."""
    found = [ref for ref in version.iter(clark("ItemRef")) if clark("def:MethodOID") in ref.attrib]
    for ref in found:
        ref.set("MethodOID", str(ref.attrib.pop(clark("def:MethodOID"))))
    if found:
        yield line(found[0]), f"{len(found)} def:MethodOID of ItemRef are read as MethodOID"


def _origins(version: etree._Element) -> Iterator[tuple[int, str]]:
    """CRF and eDT became Collected, with who recorded it."""
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for origin in version.iter(clark("def:Origin")):
        old = get(origin, "Type")
        if old in _ORIGINS:
            counts[old] += 1
            first.setdefault(old, line(origin))
            kind, source = _ORIGINS[old]
            origin.set("Type", kind)
            if not get(origin, "Source"):
                origin.set("Source", source)
    for old, count in counts.items():
        yield first[old], f"{count} origins {old} are read as {' by '.join(_ORIGINS[old])}"
