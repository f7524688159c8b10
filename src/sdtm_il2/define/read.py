"""Define-XML read: the file of anybody, 2.0 or 2.1, as the same model that is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from lxml import etree

from sdtm_il2.define.model import (
    DEF,
    ODM,
    XML,
    Alias,
    CodeList,
    CodeListTerm,
    CommentDef,
    DeclaredStandard,
    Define,
    Description,
    DocumentRef,
    ExternalCodeList,
    FormalExpression,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    MethodDef,
    Origin,
    PDFPageRef,
    RangeCheck,
    TranslatedText,
    ValueListDef,
    WhereClauseDef,
)
from sdtm_il2.define.parse import parse_define, read
from sdtm_il2.define.tree import child, children, clark, get, line, shown
from sdtm_il2.define.upgrade import is_version_2_0, upgrade
from sdtm_il2.errors import DefineError, Issue, Location, issue, merge_issues

#: What the model holds: the attributes and the children of each element.
_HELD: dict[str, tuple[str, str]] = {
    "ODM": (
        "ODMVersion FileType FileOID CreationDateTime Originator SourceSystem SourceSystemVersion def:Context",
        "Study",
    ),
    "Study": ("OID", "GlobalVariables MetaDataVersion"),
    "GlobalVariables": ("", "StudyName StudyDescription ProtocolName"),
    "StudyName": ("", ""), "StudyDescription": ("", ""), "ProtocolName": ("", ""),
    "MetaDataVersion": (
        "OID Name Description def:DefineVersion def:CommentOID",
        ("def:Standards def:AnnotatedCRF def:SupplementalDoc def:ValueListDef def:WhereClauseDef ItemGroupDef "
        "ItemDef CodeList MethodDef def:CommentDef def:leaf"),
    ),
    "def:Standards": ("", "def:Standard"),
    "def:Standard": ("OID Name Type PublishingSet Version Status def:CommentOID", ""),
    "def:AnnotatedCRF": ("", "def:DocumentRef"), "def:SupplementalDoc": ("", "def:DocumentRef"),
    "def:DocumentRef": ("leafID", "def:PDFPageRef"),
    "def:PDFPageRef": ("PageRefs FirstPage LastPage Type Title", ""),
    "def:leaf": ("ID xlink:href", "def:title"), "def:title": ("", ""),
    "def:ValueListDef": ("OID", "Description ItemRef"),
    "def:WhereClauseDef": ("OID def:CommentOID", "RangeCheck"),
    "RangeCheck": ("Comparator SoftHard def:ItemOID", "CheckValue"), "CheckValue": ("", ""),
    "ItemGroupDef": (
        ("OID Domain Name Repeating IsReferenceData SASDatasetName Purpose def:Structure def:StandardOID "
        "def:IsNonStandard def:HasNoData def:CommentOID def:ArchiveLocationID"),
        "Description ItemRef Alias def:Class def:leaf",
    ),
    "def:Class": ("Name", ""),
    "ItemRef": (
        ("ItemOID OrderNumber Mandatory KeySequence MethodOID Role RoleCodeListOID def:IsNonStandard "
        "def:HasNoData"),
        "def:WhereClauseRef",
    ),
    "def:WhereClauseRef": ("WhereClauseOID", ""),
    "ItemDef": (
        "OID Name DataType Length SignificantDigits SASFieldName def:DisplayFormat def:CommentOID",
        "Description CodeListRef Alias def:Origin def:ValueListRef",
    ),
    "CodeListRef": ("CodeListOID", ""), "def:ValueListRef": ("ValueListOID", ""),
    "def:Origin": ("Type Source", "Description def:DocumentRef"),
    "CodeList": (
        "OID Name DataType SASFormatName def:StandardOID def:IsNonStandard def:CommentOID",
        "Description CodeListItem EnumeratedItem ExternalCodeList Alias",
    ),
    "CodeListItem": ("CodedValue Rank OrderNumber def:ExtendedValue", "Decode Alias Description"),
    "EnumeratedItem": ("CodedValue Rank OrderNumber def:ExtendedValue", "Alias Description"),
    "ExternalCodeList": ("Dictionary Version href ref", ""),
    "MethodDef": ("OID Name Type", "Description FormalExpression Alias def:DocumentRef"),
    "FormalExpression": ("Context", ""),
    "def:CommentDef": ("OID", "Description def:DocumentRef"),
    "Description": ("", "TranslatedText"), "Decode": ("", "TranslatedText"), "TranslatedText": ("xml:lang", ""),
    "Alias": ("Context Name", ""),
}  # fmt: skip

#: What a file must say of each element; a file that does not is read, and the lack is listed.
_NEEDED: dict[str, str] = {
    "ODM": "FileOID CreationDateTime def:Context", "Study": "OID",
    "GlobalVariables": "StudyName StudyDescription ProtocolName", "MetaDataVersion": "OID Name def:DefineVersion",
    "def:Standard": "OID Name Type Version Status", "def:DocumentRef": "leafID", "def:PDFPageRef": "Type",
    "def:leaf": "ID xlink:href def:title", "def:ValueListDef": "OID ItemRef", "def:WhereClauseDef": "OID RangeCheck",
    "RangeCheck": "Comparator SoftHard def:ItemOID CheckValue",
    "ItemGroupDef": "OID Name Domain Repeating Purpose def:Structure Description ItemRef def:Class",
    "def:Class": "Name", "ItemRef": "ItemOID Mandatory", "ItemDef": "OID Name DataType",
    "CodeList": "OID Name DataType", "CodeListItem": "CodedValue Decode", "EnumeratedItem": "CodedValue",
    "ExternalCodeList": "Dictionary Version", "MethodDef": "OID Name Type Description",
    "FormalExpression": "Context", "def:CommentDef": "OID Description", "def:Origin": "Type",
    "Alias": "Context Name",
}  # fmt: skip

#: Attributes whose every value the model cannot hold, and what it can.
_NUMBERS = frozenset({"OrderNumber", "KeySequence", "Length", "SignificantDigits", "FirstPage", "LastPage"})
_FLAGS = {
    "Mandatory": ("Yes", "No"), "Repeating": ("Yes", "No"), "IsReferenceData": ("Yes", "No"),
    "def:IsNonStandard": ("Yes",), "def:HasNoData": ("Yes",), "def:ExtendedValue": ("Yes",),
    "FileType": ("Snapshot",), "ODMVersion": ("1.3.2",),
}  # fmt: skip


def _listed(root: etree._Element, file: str) -> list[Issue]:
    """What the model does not hold, what the file lacks, and values that are none."""
    found: list[Issue] = []

    def add(code: str, element: etree._Element, **fields: Any) -> None:
        name = get(element, "OID") or get(element, "ID") or shown(str(element.tag))
        found.append(
            issue(code, name, Location(file, line(element)), element=shown(str(element.tag)), **fields)
        )

    def visit(element: etree._Element) -> None:
        attributes, kinds = _HELD[shown(str(element.tag))]
        held, inside = set(attributes.split()), set(kinds.split())
        for key, value in element.attrib.items():
            name = shown(str(key))
            if name not in held and "schemaLocation" not in name:
                add("DEF746", element, found=f"attribute {name}")
            elif name in _NUMBERS and not str(value).isdecimal():
                add("DEF748", element, attribute=name, found=str(value), allowed="a whole number")
            elif name in _FLAGS and value not in _FLAGS[name]:
                add("DEF748", element, attribute=name, found=str(value), allowed=" or ".join(_FLAGS[name]))
        present = {shown(str(one.tag)) for one in element if isinstance(one.tag, str)}
        for name in _NEEDED.get(shown(str(element.tag)), "").split():
            if name not in present and not get(element, name):
                add("DEF747", element, missing=name)
        for one in element:
            if not isinstance(one.tag, str):
                continue
            if shown(one.tag) in inside:
                visit(one)
            else:
                add("DEF746", element, found=f"element {shown(one.tag)}")

    visit(root)
    return found


def _number(element: etree._Element, name: str) -> int | None:
    text = get(element, name)
    return int(text) if text.isdecimal() else None


def _yes(element: etree._Element, name: str) -> bool:
    return get(element, name) == "Yes"


def _text(element: etree._Element | None) -> str:
    return (element.text or "") if element is not None else ""


def _description(element: etree._Element, name: str = "Description") -> Description:
    found = child(element, name)
    if found is None:
        return ()
    return tuple(
        TranslatedText(_text(one), str(one.get(f"{{{XML}}}lang", "")))
        for one in children(found, "TranslatedText")
    )


def _aliases(element: etree._Element) -> tuple[Alias, ...]:
    return tuple(Alias(get(one, "Context"), get(one, "Name")) for one in children(element, "Alias"))


def _documents(element: etree._Element | None) -> tuple[DocumentRef, ...]:
    return tuple(
        DocumentRef(get(one, "leafID"), tuple(_pages(page) for page in children(one, "def:PDFPageRef")))
        for one in (children(element, "def:DocumentRef") if element is not None else ())
    )


def _pages(element: etree._Element) -> PDFPageRef:
    return PDFPageRef(
        tuple(get(element, "PageRefs").split()), _number(element, "FirstPage"), _number(element, "LastPage"),
        cast(Any, get(element, "Type")), get(element, "Title"),
    )  # fmt: skip


def _leaf(element: etree._Element) -> Leaf:
    return Leaf(get(element, "ID"), get(element, "xlink:href"), _text(child(element, "def:title")))


def _standard(element: etree._Element) -> DeclaredStandard:
    return DeclaredStandard(
        get(element, "OID"), get(element, "Name"), cast(Any, get(element, "Type")), get(element, "Version"),
        get(element, "PublishingSet"), get(element, "Status"), get(element, "def:CommentOID"),
    )  # fmt: skip


def _item_ref(element: etree._Element) -> ItemRef:
    return ItemRef(
        get(element, "ItemOID"), _number(element, "OrderNumber"), _yes(element, "Mandatory"),
        _number(element, "KeySequence"), get(element, "MethodOID"), get(element, "Role"),
        get(element, "RoleCodeListOID"), _yes(element, "def:IsNonStandard"), _yes(element, "def:HasNoData"),
        tuple(get(one, "WhereClauseOID") for one in children(element, "def:WhereClauseRef")),
    )  # fmt: skip


def _value_list(element: etree._Element) -> ValueListDef:
    refs = tuple(map(_item_ref, children(element, "ItemRef")))
    return ValueListDef(get(element, "OID"), refs, _description(element))


def _where_clause(element: etree._Element) -> WhereClauseDef:
    checks = tuple(
        RangeCheck(
            get(one, "def:ItemOID"), cast(Any, get(one, "Comparator")),
            tuple(map(_text, children(one, "CheckValue"))), cast(Any, get(one, "SoftHard")),
        )
        for one in children(element, "RangeCheck")
    )  # fmt: skip
    return WhereClauseDef(get(element, "OID"), checks, get(element, "def:CommentOID"))


def _item_group(element: etree._Element) -> ItemGroupDef:
    class_, leaf = child(element, "def:Class"), child(element, "def:leaf")
    return ItemGroupDef(
        get(element, "OID"), get(element, "Name"), get(element, "Domain"), _description(element),
        get(element, "def:Structure"), tuple(map(_item_ref, children(element, "ItemRef"))),
        get(class_, "Name") if class_ is not None else "", _yes(element, "Repeating"),
        _yes(element, "IsReferenceData"), get(element, "SASDatasetName"), get(element, "Purpose"),
        get(element, "def:StandardOID"), _yes(element, "def:IsNonStandard"), _yes(element, "def:HasNoData"),
        get(element, "def:CommentOID"), get(element, "def:ArchiveLocationID"),
        _leaf(leaf) if leaf is not None else None, _aliases(element),
    )  # fmt: skip


def _origin(element: etree._Element) -> Origin:
    return Origin(
        cast(Any, get(element, "Type")), cast(Any, get(element, "Source")), _description(element),
        _documents(element),
    )  # fmt: skip


def _item(element: etree._Element) -> ItemDef:
    codelist, values = child(element, "CodeListRef"), child(element, "def:ValueListRef")
    return ItemDef(
        get(element, "OID"), get(element, "Name"), cast(Any, get(element, "DataType")),
        _number(element, "Length"), _number(element, "SignificantDigits"), get(element, "SASFieldName"),
        get(element, "def:DisplayFormat"), get(element, "def:CommentOID"), _description(element),
        get(codelist, "CodeListOID") if codelist is not None else "", _aliases(element),
        tuple(map(_origin, children(element, "def:Origin"))),
        get(values, "ValueListOID") if values is not None else "",
    )  # fmt: skip


def _term(element: etree._Element) -> CodeListTerm:
    return CodeListTerm(
        get(element, "CodedValue"), _description(element, "Decode"), _aliases(element),
        _yes(element, "def:ExtendedValue"), get(element, "Rank"), _number(element, "OrderNumber"),
        _description(element),
    )  # fmt: skip


def _codelist(element: etree._Element) -> CodeList:
    external = child(element, "ExternalCodeList")
    terms = (clark("CodeListItem"), clark("EnumeratedItem"))
    return CodeList(
        get(element, "OID"), get(element, "Name"), cast(Any, get(element, "DataType")),
        tuple(_term(one) for one in element if one.tag in terms),
        ExternalCodeList(
            get(external, "Dictionary"), get(external, "Version"), get(external, "href"), get(external, "ref")
        )
        if external is not None
        else None,
        _aliases(element), get(element, "def:StandardOID"), _yes(element, "def:IsNonStandard"),
        get(element, "def:CommentOID"), get(element, "SASFormatName"), _description(element),
    )  # fmt: skip


def _method(element: etree._Element) -> MethodDef:
    return MethodDef(
        get(element, "OID"), get(element, "Name"), _description(element), cast(Any, get(element, "Type")),
        tuple(
            FormalExpression(get(one, "Context"), _text(one)) for one in children(element, "FormalExpression")
        ),
        _aliases(element), _documents(element),
    )  # fmt: skip


def _comment(element: etree._Element) -> CommentDef:
    return CommentDef(get(element, "OID"), _description(element), _documents(element))


_T = TypeVar("_T")


def _each(make: Callable[[etree._Element], _T], elements: Iterable[etree._Element]) -> tuple[_T, ...]:
    return tuple(map(make, elements))


def upgraded(tree: etree._ElementTree, file: str) -> list[Issue]:
    """A tree in the form of 2.1, and what was changed if it was 2.0. DefineError: DEF707, no Define-XML."""
    root = tree.getroot()
    if is_version_2_0(root):
        return upgrade(root, file)
    if root.tag != f"{{{ODM}}}ODM" or DEF not in root.nsmap.values():
        allowed = f"ODM in {ODM} with {DEF}"
        raise DefineError(
            issue("DEF707", at=Location(file, line(root)), attribute="root element", allowed=allowed,
                  found=str(root.tag), rule="DD0002")
        )  # fmt: skip
    return []


def read_with_issues(
    source: str | os.PathLike[str] | bytes, file: str = ""
) -> tuple[Define, tuple[Issue, ...]]:
    """A Define-XML 2.0 or 2.1 as `read_define` reads it, and what the file lacks or the model does not hold.

    The issues (DEF745 to DEF748) name the line; none of them stops the reading. DefineError: DEF702 to DEF704
    when the file cannot be parsed, DEF707 no Define-XML, DEF749 no MetaDataVersion.
    """
    content, file = read(source, file)
    tree = parse_define(content, file)
    issues = upgraded(tree, file)
    root = tree.getroot()
    study = child(root, "Study")
    version = child(study, "MetaDataVersion") if study is not None else None
    if study is None or version is None:
        raise DefineError(issue("DEF749", at=Location(file, line(root))))
    issues += _listed(root, file)
    names = child(study, "GlobalVariables")
    standards = child(version, "def:Standards")

    def named(tag: str) -> str:
        return _text(child(names, tag)) if names is not None else ""

    define = Define(
        get(root, "FileOID"), get(root, "CreationDateTime"), get(study, "OID"), named("StudyName"),
        named("StudyDescription"), named("ProtocolName"), get(version, "OID"), get(version, "Name"),
        get(version, "Description"), get(version, "def:DefineVersion"), cast(Any, get(root, "def:Context")),
        get(root, "Originator"), get(root, "SourceSystem"), get(root, "SourceSystemVersion"),
        get(version, "def:CommentOID"),
        _each(_standard, children(standards, "def:Standard") if standards is not None else ()),
        _documents(child(version, "def:AnnotatedCRF")), _documents(child(version, "def:SupplementalDoc")),
        _each(_value_list, children(version, "def:ValueListDef")),
        _each(_where_clause, children(version, "def:WhereClauseDef")),
        _each(_item_group, children(version, "ItemGroupDef")), _each(_item, children(version, "ItemDef")),
        _each(_codelist, children(version, "CodeList")), _each(_method, children(version, "MethodDef")),
        _each(_comment, children(version, "def:CommentDef")), _each(_leaf, children(version, "def:leaf")),
    )  # fmt: skip
    return define, merge_issues(issues)


def read_define(source: str | os.PathLike[str] | bytes, file: str = "") -> Define:
    """A Define-XML 2.0 or 2.1 is read as the metadata that `write_define` writes; 2.0 is read as 2.1.

    Nothing is resolved or repaired: a file with dangling references is held as it is. `read_with_issues` gives
    what the file lacks, too. ``source`` is a path or the bytes. DefineError: DEF702 to DEF704 when the file
    cannot be parsed, DEF707 when it is no Define-XML, DEF749 when it has no MetaDataVersion.

    >>> from sdtm_il2.define.model import Define
    >>> from sdtm_il2.define.write import define_bytes
    >>> tiny = Define("F.1", "2025-06-30T12:00:00", "STDY.1", "S1", "A study", "P1", "MDV.1", "SDTM of S1")
    >>> read_define(define_bytes(tiny)) == tiny
    True
    """
    return read_with_issues(source, file)[0]
