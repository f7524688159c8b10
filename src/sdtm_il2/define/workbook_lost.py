"""What of a Define has no column in the workbook: it is listed, and never dropped in silence."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from sdtm_il2.define.model import CodeList, Define, DocumentRef, ItemDef, ItemGroupDef, ItemRef, Leaf
from sdtm_il2.errors import Issue, issue

#: File names of the annotated CRF; the first is that of the present guidance.
CRF_FILES = ("acrf.pdf", "blankcrf.pdf")


def crf_leaf(define: Define) -> str:
    """The leaf whose pages the column Pages means: the declared annotated CRF, else the file of that name."""
    if define.annotated_crf:
        return define.annotated_crf[0].leaf_id
    return next((one.id for one in define.leaves if is_crf(one)), "")


def is_crf(leaf: Leaf) -> bool:
    """Whether a document has the name of an annotated CRF."""
    return posixpath.basename(leaf.href).casefold() in CRF_FILES


def level_name(variable: str, ref: ItemRef, define_clauses: dict[str, tuple[str, ...]]) -> str:
    """The name of a value level: that of its variable, but for QVAL the QNAM that it is for."""
    values = define_clauses.get(ref.where_clause_oids[0], ()) if len(ref.where_clause_oids) == 1 else ()
    return values[0] if variable == "QVAL" and len(values) == 1 else variable


def left_out(define: Define) -> tuple[Issue, ...]:
    """One note a kind of thing (DEF791): what it is, where it stands first, and how often."""
    found: dict[str, list[str]] = {}
    for what, place in _lost(define):
        found.setdefault(what, []).append(place)
    return tuple(
        issue("DEF791", places[0], what=what, number=str(len(places))) for what, places in found.items()
    )


def _lost(define: Define) -> Iterator[tuple[str, str]]:
    items = {one.oid: one for one in define.items}
    lists = {one.oid: one for one in define.value_lists}
    used: set[str] = set()
    crf = crf_leaf(define)
    clauses = {
        one.oid: tuple(value for check in one.checks for value in check.values)
        for one in define.where_clauses
    }
    standards = {one.oid for one in define.standards}
    for document in (*define.annotated_crf, *define.documents):
        if document.pages:
            yield "pages of a document of the whole file", document.leaf_id
    for group in define.item_groups:
        yield from _group(group)
        if not group.is_non_standard and group.standard_oid not in standards:
            yield "neither a declared standard nor IsNonStandard", group.name
        numbers = sorted(ref.key_sequence for ref in group.items if ref.key_sequence is not None)
        if numbers != list(range(1, len(numbers) + 1)):
            yield "KeySequence with gaps", group.name
        for ref in group.items:
            used.add(ref.item_oid)
            item = items.get(ref.item_oid)
            if item is None:
                yield "an ItemRef that leads nowhere", f"{group.name} {ref.item_oid}"
                continue
            place = f"{group.name}.{item.name}"
            yield from _item(item, item.name, place, crf)
            if ref.role_codelist_oid:
                yield "RoleCodeListOID", place
            values = lists.get(item.value_list_oid)
            if item.value_list_oid and values is None:
                yield "a ValueListRef that leads nowhere", place
            if values is not None and values.description:
                yield "Description of a list of value levels", place
            for level in values.items if values is not None else ():
                used.add(level.item_oid)
                value = items.get(level.item_oid)
                if value is None:
                    yield "an ItemRef that leads nowhere", f"{place} {level.item_oid}"
                    continue
                yield from _item(value, level_name(item.name, level, clauses), f"{place} {value.oid}", crf)
                if level.key_sequence is not None or level.role_codelist_oid or level.is_non_standard:
                    yield (
                        "KeySequence, RoleCodeListOID or IsNonStandard of a value level",
                        f"{place} {value.oid}",
                    )
    yield from (("an ItemDef that is used nowhere", oid) for oid in items if oid not in used)
    for clause in define.where_clauses:
        if clause.comment_oid:
            yield "comment of a where clause", clause.oid
        if any(check.soft_hard != "Soft" for check in clause.checks):
            yield "SoftHard other than Soft", clause.oid
    for one in define.codelists:
        yield from _codelist(one)
        if not one.is_non_standard and one.standard_oid not in standards:
            yield "neither a declared standard nor IsNonStandard", one.oid
    for method in define.methods:
        if method.aliases:
            yield "alias of a method", method.oid
        if len(method.expressions) > 1:
            yield "a second expression of a method", method.oid
        yield from _documents(method.documents, method.oid)
    for comment in define.comments:
        yield from _documents(comment.documents, comment.oid)


def _group(group: ItemGroupDef) -> Iterator[tuple[str, str]]:
    file = f"{group.name.lower()}.xpt"
    if group.sas_dataset_name != group.name:
        yield "SASDatasetName other than Name", group.name
    if group.purpose != "Tabulation":
        yield "Purpose other than Tabulation", group.name
    if any(one.context != "DomainDescription" for one in group.aliases) or len(group.aliases) > 1:
        yield "alias of a dataset other than DomainDescription", group.name
    if group.is_non_standard and group.standard_oid:
        yield "IsNonStandard beside a standard", group.name
    if group.leaf is None and not group.has_no_data:
        yield "a dataset with data and without file", group.name
    if group.leaf is not None and (group.has_no_data or (group.leaf.href, group.leaf.title) != (file, file)):
        yield "file or title of a dataset other than DATASET.xpt", group.name


def _item(item: ItemDef, name: str, place: str, crf: str) -> Iterator[tuple[str, str]]:
    if item.sas_field_name != item.name:
        yield "SASFieldName other than Name", place
    if item.name != name:
        yield "name of a value level other than its variable's", place
    if item.aliases:
        yield "alias of a variable", place
    if len(item.origins) > 2:
        yield "a third origin of a variable", place
    for origin in item.origins[:2]:
        if origin.description and origin.type != "Predecessor":
            yield "words of an origin", place
        if any(ref.leaf_id != crf or not ref.pages for ref in origin.documents) or len(origin.documents) > 1:
            yield "a document of an origin other than pages of the annotated CRF", place
        yield from _pages(origin.documents, place)


def _pages(documents: tuple[DocumentRef, ...], place: str) -> Iterator[tuple[str, str]]:
    for ref in documents:
        for page in ref.pages:
            if page.title:
                yield "title of pages", place
            plain = all(one.isdecimal() for one in page.refs)
            if plain != (page.type == "PhysicalRef") or len(ref.pages) > 1:
                yield "pages of several kinds in one place", place


def _documents(documents: tuple[DocumentRef, ...], place: str) -> Iterator[tuple[str, str]]:
    if len(documents) > 1:
        yield "a second document of a method or comment", place
    yield from _pages(documents[:1], place)


def _codelist(one: CodeList) -> Iterator[tuple[str, str]]:
    if one.sas_format_name:
        yield "SASFormatName", one.oid
    if one.description:
        yield "Description of a codelist", one.oid
    if any(alias.context != "nci:ExtCodeID" for alias in one.aliases) or len(one.aliases) > 1:
        yield "alias of a codelist other than its NCI code", one.oid
    if one.is_non_standard and one.standard_oid:
        yield "IsNonStandard beside a standard", one.oid
    if one.external is not None:
        if one.external.href or one.external.ref:
            yield "href or ref of a dictionary", one.oid
        if one.comment_oid or one.aliases or one.standard_oid or one.terms:
            yield "comment, alias, standard or terms of a dictionary", one.oid
        return
    for term in one.terms:
        if any(alias.context != "nci:ExtCodeID" for alias in term.aliases) or len(term.aliases) > 1:
            yield "alias of a term other than its NCI code", f"{one.oid} {term.value}"
        if term.description:
            yield "Description of a term", f"{one.oid} {term.value}"
