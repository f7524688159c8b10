"""A parsed define.xml with its elements found by OID, as the checks need it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from sdtm_il2.define.model import DEF, ODM, XLINK, XML
from sdtm_il2.errors import Issue, Location, issue

_PREFIXES = {ODM: "", DEF: "def:", XLINK: "xlink:", XML: "xml:"}

#: Elements that have an OID (def:leaf: an ID), by the attribute that holds it.
KINDS: Mapping[str, str] = {
    "def:Standard": "OID", "def:ValueListDef": "OID", "def:WhereClauseDef": "OID", "ItemGroupDef": "OID",
    "ItemDef": "OID", "CodeList": "OID", "MethodDef": "OID", "def:CommentDef": "OID", "def:leaf": "ID",
}  # fmt: skip


def clark(name: str) -> str:
    """``def:Origin`` as lxml names it; a name without prefix is an ODM element."""
    if name.startswith("def:"):
        return f"{{{DEF}}}{name[4:]}"
    return f"{{{ODM}}}{name}"


def shown(name: str) -> str:
    """An element's or attribute's name as the file writes it."""
    namespace, _, local = name.removeprefix("{").rpartition("}")
    return f"{_PREFIXES.get(namespace, '')}{local}"


def get(element: etree._Element, name: str) -> str:
    """An attribute's text, "" when absent; ``def:`` and ``xlink:`` are understood."""
    if name.startswith("def:"):
        name = f"{{{DEF}}}{name[4:]}"
    elif name.startswith("xlink:"):
        name = f"{{{XLINK}}}{name[6:]}"
    return str(element.get(name, ""))


def line(element: etree._Element) -> int:
    """The line of the file on which the element begins."""
    found = element.sourceline
    return found if isinstance(found, int) else 0


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The child elements of that name."""
    return element.findall(clark(name))


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that name."""
    return element.find(clark(name))


def described(element: etree._Element, name: str = "Description") -> str:
    """The text of Description (or Decode) in the first language."""
    found = element.find(f"{clark(name)}/{clark('TranslatedText')}")
    return (found.text or "").strip() if found is not None else ""


def texts(element: etree._Element, name: str = "Description") -> dict[str, str]:
    """The texts of Description (or Decode) by language; of two in one language the first."""
    found: dict[str, str] = {}
    for one in element.iterfind(f"{clark(name)}/{clark('TranslatedText')}"):
        found.setdefault(str(one.get(f"{{{XML}}}lang", "")), (one.text or "").strip())
    return found


def english(element: etree._Element, name: str = "Description") -> str:
    """The text in English: what the standards say is compared with it. Without a language it counts as English."""
    return next(
        (text for lang, text in texts(element, name).items() if lang.casefold().split("-")[0] in ("en", "")),
        "",
    )


def too_long(element: etree._Element) -> list[tuple[str, int]]:
    """The labels that no transport file has room for, and their bytes: Chinese ones are stored in GB18030."""
    sizes = [
        (text, len(text.encode("gb18030" if lang.casefold().startswith("zh") else "utf-8", "replace")))
        for lang, text in texts(element).items()
    ]
    return [(text, size) for text, size in sizes if size > 40]


@dataclass(frozen=True, slots=True)
class Use:
    """An ItemRef and where it stands: in a dataset, or in the value list of the variable ``parent``."""

    ref: etree._Element
    group: etree._Element | None
    parent: etree._Element | None = None


@dataclass(frozen=True, slots=True)
class DefineTree:
    """The indexes of one file: the first element of an OID, the places of an item."""

    file: str
    root: etree._Element
    version: etree._Element
    by_oid: Mapping[str, Mapping[str, etree._Element]]
    uses: Mapping[str, tuple[Use, ...]]

    def all(self, kind: str) -> list[etree._Element]:
        """All elements of a kind, in file order."""
        return list(self.version.iter(clark(kind)))

    def find(self, kind: str, oid: str) -> etree._Element | None:
        """The element that an OID names."""
        return self.by_oid[kind].get(oid)

    def at(self, element: etree._Element) -> Location:
        """The element's line."""
        return Location(self.file, line(element))

    def name(self, element: etree._Element) -> str:
        """What an issue calls an element: AE.AETERM for a variable, else its name, OID or tag."""
        oid = get(element, "OID") or get(element, "ID")
        if element.tag == clark("ItemDef"):
            groups = [
                use.group for use in self.uses.get(oid, ()) if use.group is not None and use.parent is None
            ]
            if len(groups) == 1:
                return f"{get(groups[0], 'Name')}.{get(element, 'Name')}"
            return oid
        if element.tag == clark("ItemGroupDef"):
            return get(element, "Name") or oid
        return oid or shown(str(element.tag))

    def issue(self, code: str, element: etree._Element, rule: str = "", /, **fields: Any) -> Issue:
        """An issue at this element; ``rule`` is the public rule id that the message ends with."""
        if rule:
            fields["rule"] = rule
        return issue(code, self.name(element), self.at(element), **fields)

    def variables(self) -> Iterator[tuple[etree._Element, etree._Element, etree._Element]]:
        """Every variable of every dataset: dataset, ItemRef, ItemDef."""
        for group in self.all("ItemGroupDef"):
            for ref in children(group, "ItemRef"):
                item = self.find("ItemDef", get(ref, "ItemOID"))
                if item is not None:
                    yield group, ref, item

    def levels(self, item: etree._Element) -> list[tuple[etree._Element, etree._Element]]:
        """The value levels of a variable: ItemRef, ItemDef."""
        link = child(item, "def:ValueListRef")
        values = self.find("def:ValueListDef", get(link, "ValueListOID")) if link is not None else None
        if values is None:
            return []
        found = [(ref, self.find("ItemDef", get(ref, "ItemOID"))) for ref in children(values, "ItemRef")]
        return [(ref, level) for ref, level in found if level is not None]

    def codelist(self, item: etree._Element) -> etree._Element | None:
        """The codelist that an item refers to."""
        link = child(item, "CodeListRef")
        return self.find("CodeList", get(link, "CodeListOID")) if link is not None else None


def index(tree: etree._ElementTree, file: str) -> DefineTree | None:
    """Index a parsed file; None when it has no ODM MetaDataVersion."""
    root = tree.getroot()
    version = root.find(f"{clark('Study')}/{clark('MetaDataVersion')}")
    if version is None:
        return None
    by_oid: dict[str, dict[str, etree._Element]] = {}
    for kind, attribute in KINDS.items():
        by_oid[kind] = {}
        for element in version.iter(clark(kind)):
            by_oid[kind].setdefault(get(element, attribute), element)
    uses: dict[str, list[Use]] = {}
    owners: dict[str, list[tuple[etree._Element, etree._Element]]] = {}
    for group in by_oid["ItemGroupDef"].values():
        for ref in children(group, "ItemRef"):
            uses.setdefault(get(ref, "ItemOID"), []).append(Use(ref, group))
            item = by_oid["ItemDef"].get(get(ref, "ItemOID"))
            link = child(item, "def:ValueListRef") if item is not None else None
            if item is not None and link is not None:
                owners.setdefault(get(link, "ValueListOID"), []).append((group, item))
    for oid, values in by_oid["def:ValueListDef"].items():
        for ref in children(values, "ItemRef"):
            for group, item in owners.get(oid, ()):
                uses.setdefault(get(ref, "ItemOID"), []).append(Use(ref, group, item))
    frozen = {oid: tuple(places) for oid, places in uses.items()}
    return DefineTree(file, root, version, by_oid, frozen)
