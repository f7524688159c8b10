"""Define-XML 2.1 written: a Define in, the same bytes every time out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from sdtm_il2.define.model import (
    DEF,
    ODM,
    XLINK,
    XML,
    Alias,
    CodeList,
    CodeListTerm,
    CommentDef,
    Define,
    Description,
    DocumentRef,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    MethodDef,
    Origin,
    WhereClauseDef,
)
from sdtm_il2.errors import DefineError, Problems, issue
from sdtm_il2.place import write_whole

_NSMAP = {None: ODM, "def": DEF, "xlink": XLINK}
_PREFIXES = {"def": DEF, "xlink": XLINK, "xml": XML}
#: What XML 1.0 cannot hold, not even escaped: control characters, surrogates, U+FFFE, U+FFFF.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_Value = str | int | bool | None
_Attributes = Iterable[tuple[str, _Value]]


def _qualified(name: str) -> str:
    """``def:Origin`` in Clark notation; a name without prefix is an ODM element or a plain attribute."""
    prefix, _, local = name.rpartition(":")
    return f"{{{_PREFIXES[prefix]}}}{local}" if prefix else name


class _Writer:
    """Collects illegal text while the tree grows, so that one error names every place."""

    def __init__(self) -> None:
        self.problems = Problems()

    def legal(self, text: str, place: str) -> str:
        found = sorted({f"U+{ord(char):04X}" for char in _ILLEGAL.findall(text)})
        if found:
            self.problems.add("DEF700", target=place, characters=", ".join(found))
            return _ILLEGAL.sub("", text)
        return text

    def add(
        self, parent: etree._Element, tag: str, attributes: _Attributes = (), text: str | None = None
    ) -> etree._Element:
        """Append an element; attributes that are "", None or False are left out, True is written as Yes."""
        child = etree.SubElement(parent, _qualified(tag) if ":" in tag else f"{{{ODM}}}{tag}")
        place = parent.get("OID") or tag
        for name, value in attributes:
            if value is None or value is False or value == "":
                continue
            content = "Yes" if value is True else str(value)
            place = content if name == "OID" else place
            child.set(_qualified(name), self.legal(content, f"{place}/@{name}"))
        if text is not None:
            child.text = self.legal(text, f"{place}/{tag}")
        return child

    def describe(self, parent: etree._Element, description: Description, tag: str = "Description") -> None:
        if description:
            child = self.add(parent, tag)
            for one in description:
                text = self.legal(one.text, f"{parent.get('OID') or parent.get('CodedValue') or tag}/{tag}")
                self.add(child, "TranslatedText", [("xml:lang", one.lang)], text)

    def aliases(self, parent: etree._Element, aliases: Iterable[Alias]) -> None:
        for alias in aliases:
            self.add(parent, "Alias", [("Context", alias.context), ("Name", alias.name)])

    def documents(self, parent: etree._Element, documents: Iterable[DocumentRef]) -> None:
        for document in documents:
            child = self.add(parent, "def:DocumentRef", [("leafID", document.leaf_id)])
            for pages in document.pages:
                self.add(child, "def:PDFPageRef", [
                    ("PageRefs", " ".join(pages.refs)), ("FirstPage", pages.first), ("LastPage", pages.last),
                    ("Type", pages.type), ("Title", pages.title),
                ])  # fmt: skip

    def leaf(self, parent: etree._Element, leaf: Leaf) -> None:
        child = self.add(parent, "def:leaf", [("ID", leaf.id), ("xlink:href", leaf.href)])
        self.add(child, "def:title", text=leaf.title)

    def item_ref(self, parent: etree._Element, item: ItemRef) -> None:
        child = self.add(parent, "ItemRef", [
            ("ItemOID", item.item_oid), ("OrderNumber", item.order), ("Mandatory", _yes_no(item.mandatory)),
            ("KeySequence", item.key_sequence), ("MethodOID", item.method_oid), ("Role", item.role),
            ("RoleCodeListOID", item.role_codelist_oid), ("def:IsNonStandard", item.is_non_standard),
            ("def:HasNoData", item.has_no_data),
        ])  # fmt: skip
        for oid in item.where_clause_oids:
            self.add(child, "def:WhereClauseRef", [("WhereClauseOID", oid)])

    def where_clause(self, parent: etree._Element, clause: WhereClauseDef) -> None:
        child = self.add(
            parent, "def:WhereClauseDef", [("OID", clause.oid), ("def:CommentOID", clause.comment_oid)]
        )
        for check in clause.checks:
            condition = self.add(child, "RangeCheck", [
                ("Comparator", check.comparator), ("SoftHard", check.soft_hard),
                ("def:ItemOID", check.item_oid),
            ])  # fmt: skip
            for value in check.values:
                self.add(condition, "CheckValue", text=value)

    def item_group(self, parent: etree._Element, group: ItemGroupDef) -> None:
        child = self.add(parent, "ItemGroupDef", [
            ("OID", group.oid), ("Domain", group.domain), ("Name", group.name),
            ("Repeating", _yes_no(group.repeating)), ("IsReferenceData", _yes_no(group.is_reference_data)),
            ("SASDatasetName", group.sas_dataset_name), ("Purpose", group.purpose),
            ("def:Structure", group.structure), ("def:StandardOID", group.standard_oid),
            ("def:IsNonStandard", group.is_non_standard), ("def:HasNoData", group.has_no_data),
            ("def:CommentOID", group.comment_oid), ("def:ArchiveLocationID", group.archive_location_id),
        ])  # fmt: skip
        self.describe(child, group.description)
        for item in group.items:
            self.item_ref(child, item)
        self.aliases(child, group.aliases)
        if group.class_:
            self.add(child, "def:Class", [("Name", group.class_)])
        if group.leaf is not None:
            self.leaf(child, group.leaf)

    def origin(self, parent: etree._Element, origin: Origin) -> None:
        child = self.add(parent, "def:Origin", [("Type", origin.type), ("Source", origin.source)])
        self.describe(child, origin.description)
        self.documents(child, origin.documents)

    def item(self, parent: etree._Element, item: ItemDef) -> None:
        child = self.add(parent, "ItemDef", [
            ("OID", item.oid), ("Name", item.name), ("DataType", item.data_type), ("Length", item.length),
            ("SignificantDigits", item.significant_digits), ("SASFieldName", item.sas_field_name),
            ("def:DisplayFormat", item.display_format), ("def:CommentOID", item.comment_oid),
        ])  # fmt: skip
        self.describe(child, item.description)
        if item.codelist_oid:
            self.add(child, "CodeListRef", [("CodeListOID", item.codelist_oid)])
        self.aliases(child, item.aliases)
        for origin in item.origins:
            self.origin(child, origin)
        if item.value_list_oid:
            self.add(child, "def:ValueListRef", [("ValueListOID", item.value_list_oid)])

    def term(self, parent: etree._Element, term: CodeListTerm) -> None:
        child = self.add(parent, "CodeListItem" if term.decode else "EnumeratedItem", [
            ("CodedValue", term.value), ("Rank", term.rank), ("OrderNumber", term.order),
            ("def:ExtendedValue", term.extended),
        ])  # fmt: skip
        self.describe(child, term.decode, "Decode")
        self.aliases(child, term.aliases)
        self.describe(child, term.description)

    def codelist(self, parent: etree._Element, codelist: CodeList) -> None:
        child = self.add(parent, "CodeList", [
            ("OID", codelist.oid), ("Name", codelist.name), ("DataType", codelist.data_type),
            ("SASFormatName", codelist.sas_format_name), ("def:StandardOID", codelist.standard_oid),
            ("def:IsNonStandard", codelist.is_non_standard), ("def:CommentOID", codelist.comment_oid),
        ])  # fmt: skip
        self.describe(child, codelist.description)
        for term in codelist.terms:
            self.term(child, term)
        if codelist.external is not None:
            self.add(child, "ExternalCodeList", [
                ("Dictionary", codelist.external.dictionary), ("Version", codelist.external.version),
                ("ref", codelist.external.ref), ("href", codelist.external.href),
            ])  # fmt: skip
        self.aliases(child, codelist.aliases)

    def method(self, parent: etree._Element, method: MethodDef) -> None:
        attributes = [("OID", method.oid), ("Name", method.name), ("Type", method.type)]
        child = self.add(parent, "MethodDef", attributes)
        self.describe(child, method.description)
        for expression in method.expressions:
            self.add(child, "FormalExpression", [("Context", expression.context)], expression.text)
        self.aliases(child, method.aliases)
        self.documents(child, method.documents)

    def comment(self, parent: etree._Element, comment: CommentDef) -> None:
        child = self.add(parent, "def:CommentDef", [("OID", comment.oid)])
        self.describe(child, comment.description)
        self.documents(child, comment.documents)

    def study(self, root: etree._Element, define: Define) -> None:
        study = self.add(root, "Study", [("OID", define.study_oid)])
        names = self.add(study, "GlobalVariables")
        self.add(names, "StudyName", text=define.study_name)
        self.add(names, "StudyDescription", text=define.study_description)
        self.add(names, "ProtocolName", text=define.protocol_name)
        version = self.add(study, "MetaDataVersion", [
            ("OID", define.mdv_oid), ("Name", define.mdv_name), ("Description", define.mdv_description),
            ("def:DefineVersion", define.define_version), ("def:CommentOID", define.comment_oid),
        ])  # fmt: skip
        if define.standards:
            standards = self.add(version, "def:Standards")
            for one in define.standards:
                self.add(standards, "def:Standard", [
                    ("OID", one.oid), ("Name", one.name), ("Type", one.type),
                    ("PublishingSet", one.publishing_set),
                    ("Version", one.version), ("Status", one.status), ("def:CommentOID", one.comment_oid),
                ])  # fmt: skip
        if define.annotated_crf:
            self.documents(self.add(version, "def:AnnotatedCRF"), define.annotated_crf)
        if define.documents:
            self.documents(self.add(version, "def:SupplementalDoc"), define.documents)
        for value_list in define.value_lists:
            child = self.add(version, "def:ValueListDef", [("OID", value_list.oid)])
            self.describe(child, value_list.description)
            for item_ref in value_list.items:
                self.item_ref(child, item_ref)
        for clause in define.where_clauses:
            self.where_clause(version, clause)
        for group in define.item_groups:
            self.item_group(version, group)
        for item in define.items:
            self.item(version, item)
        for codelist in define.codelists:
            self.codelist(version, codelist)
        for method in define.methods:
            self.method(version, method)
        for comment in define.comments:
            self.comment(version, comment)
        for leaf in define.leaves:
            self.leaf(version, leaf)


def _yes_no(flag: bool) -> str:  # noqa: FBT001 - the attribute is a flag
    return "Yes" if flag else "No"


def define_bytes(define: Define) -> bytes:
    """A Define-XML 2.1 document in UTF-8: XML declaration, stylesheet instruction, elements in schema order.

    The same Define gives the same bytes. DefineError (DEF700) names every text that XML 1.0 cannot hold.

    >>> from sdtm_il2.define.model import Define
    >>> tiny = Define("F.1", "2025-06-30T12:00:00", "STDY.1", "S1", "A study", "P1", "MDV.1", "SDTM of S1")
    >>> print(define_bytes(tiny).decode().splitlines()[1])
    <?xml-stylesheet type="text/xsl" href="define2-1.xsl"?>
    """
    writer = _Writer()
    root = etree.Element(f"{{{ODM}}}ODM", nsmap=_NSMAP)  # type: ignore[arg-type]  # None: the default
    for name, value in (
        ("ODMVersion", "1.3.2"), ("FileType", "Snapshot"), ("FileOID", define.file_oid),
        ("CreationDateTime", define.creation_datetime), ("Originator", define.originator),
        ("SourceSystem", define.source_system), ("SourceSystemVersion", define.source_system_version),
        ("def:Context", define.context),
    ):  # fmt: skip
        if value:
            root.set(_qualified(name), writer.legal(value, f"ODM/@{name}"))
    writer.study(root, define)
    writer.problems.stop(DefineError)
    # lxml writes the declaration in single quotes; some receivers compare it letter for letter.
    head = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" href="define2-1.xsl"?>\n'
    )
    return head + etree.tostring(root, encoding="UTF-8", pretty_print=True, xml_declaration=False)


def write_define(define: Define, path: str | os.PathLike[str]) -> None:
    """Write define.xml whole: a failed run leaves the old file as it was.

    DefineError (DEF700) for text that XML cannot hold, (DEF701) when the file cannot be written.
    """
    content = define_bytes(define)
    try:
        write_whole(Path(path), content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DefineError(issue("DEF701", Path(path).name, reason=reason)) from None
