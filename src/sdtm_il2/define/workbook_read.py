"""A metadata workbook read as a Define: what it says, with every reference followed and every fault at its cell."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, cast

import sdtm_il2
from sdtm_il2.define.model import (
    Alias,
    CodeList,
    CodeListTerm,
    CommentDef,
    DeclaredStandard,
    Define,
    DocumentRef,
    ExternalCodeList,
    FormalExpression,
    ItemGroupDef,
    Leaf,
    MethodDef,
)
from sdtm_il2.define.terms import slug
from sdtm_il2.define.workbook_cells import Row, read_book, unique
from sdtm_il2.define.workbook_items import read_items
from sdtm_il2.define.workbook_lost import is_crf
from sdtm_il2.define.workbook_parts import Parts
from sdtm_il2.errors import DefineError, Issue, Severity

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_KINDS = ("Annotated CRF", "Supplemental Document", "Other")
LIST_TYPES = ("text", "integer", "float")


def read_workbook(
    path: str | os.PathLike[str], creation_datetime: str = "1970-01-01T00:00:00"
) -> tuple[Define, tuple[Issue, ...]]:
    """A workbook as the Define that it describes, and notes on what Define-XML has no place for (DEF798).

    IDs of codelists, methods, comments are kept as OIDs; those of datasets, variables and value levels are made of
    their names. ``creation_datetime`` is used where the sheet Define does not state one; no clock is read.
    DefineError with all faults, each at its cell: DEF792 to DEF797, DEF799 when the file is no workbook.
    """
    book = read_book(path)
    if any(one.severity is Severity.ERROR for one in book.problems.found):
        book.problems.stop(DefineError)  # without a sheet or a column every row would be wrong
    parts = Parts(book)
    _declared(parts)
    _leaves(parts)
    groups = _datasets(parts)
    codelists = (*_codelists(parts), *_dictionaries(parts))
    items = read_items(parts, groups)
    methods = tuple(_method(parts, row) for row in unique(book.rows("Methods"), book, "ID"))
    comments = tuple(
        CommentDef(row.word("ID"), parts.text(row, "Description"), parts.documents(row))
        for row in unique(book.rows("Comments"), book, "ID")
    )
    crf, supplemental = _kinds(parts, methods, comments)
    study = _study(parts, creation_datetime)
    book.problems.stop(DefineError)
    return (
        Define(
            **study, standards=tuple(dict.fromkeys(parts.standards.values())), annotated_crf=crf,
            documents=supplemental, value_lists=items.value_lists, where_clauses=items.where_clauses,
            item_groups=items.groups, items=items.items, codelists=_in_order(codelists), methods=methods,
            comments=comments, leaves=tuple(parts.leaves.values()),
        ),
        tuple(book.problems.found),
    )  # fmt: skip


def _study(parts: Parts, creation_datetime: str) -> dict[str, Any]:
    """The attributes of the study; what the sheet does not state is made of its name."""
    held = parts.study
    name = held.get("studyname", "").strip()
    if not name:
        parts.book.add("DEF793", "Define", sheet="Define", column="StudyName", nearest="")
    key = slug(name)

    def stated(attribute: str, otherwise: str) -> str:
        return held.get(attribute.casefold(), otherwise)

    comment = stated("Comment", "").strip()
    if comment and comment not in parts.comments:
        parts.book.add("DEF795", "Define", column="Comment", found=comment, sheet="Comments")
    return {
        "file_oid": stated("FileOID", f"DEFINE.{key}"),
        "creation_datetime": stated("CreationDateTime", creation_datetime) or creation_datetime,
        "study_oid": stated("StudyOID", f"STDY.{key}"), "study_name": held.get("studyname", ""),
        "study_description": stated("StudyDescription", name), "protocol_name": stated("ProtocolName", name),
        "mdv_oid": stated("MetaDataVersionOID", f"MDV.{key}"),
        "mdv_name": stated("MetaDataVersionName", f"Study {name}, Data Definitions"),
        "mdv_description": stated("MetaDataVersionDescription", ""),
        "define_version": stated("DefineVersion", "2.1.9") or "2.1.9",
        "context": stated("Context", "Submission") or "Submission",
        "originator": stated("Originator", ""), "source_system": stated("SourceSystem", "sdtm_il2"),
        "source_system_version": stated("SourceSystemVersion", sdtm_il2.__version__), "comment_oid": comment,
    }  # fmt: skip


def _declared(parts: Parts) -> None:
    """The sheet Standards, or the names of an older workbook's sheet Define."""
    for row in unique(parts.book.rows("Standards"), parts.book, "ID"):
        cells = [row.word(one) for one in ("Name", "Publishing Set", "Version")]
        kind = parts.one(row, "Type", ("IG", "CT"))
        parts.standards[" ".join(filter(None, cells))] = DeclaredStandard(
            row.word("ID"), cells[0], cast(Any, kind), cells[2], cells[1], row.word("Status") or "Final",
            row.word("Comment"),
        )  # fmt: skip
    name, version = (parts.study.get(one, "").strip() for one in ("standardname", "standardversion"))
    if name and version and not parts.standards:
        name = name.replace("SDTM-IG", "SDTMIG")
        parts.standards[f"{name} {version}"] = DeclaredStandard("STD.IG", name, "IG", version)


def _leaves(parts: Parts) -> None:
    taken: set[str] = set()
    for row in unique(parts.book.rows("Documents"), parts.book, "ID"):
        name = row.word("ID")
        id_ = name if _NAME.fullmatch(name) else f"LF.{slug(name)}"
        while id_ in taken:
            id_ = f"{id_}-2"
        taken.add(id_)
        parts.leaves[name] = Leaf(id_, row.word("Href"), row.text("Title") or row.word("Href"))
        kind = parts.one(row, "Kind", _KINDS) if row.word("Kind") else ""
        if kind == "Annotated CRF" or (not parts.crf and is_crf(parts.leaves[name])):
            parts.crf = id_


def _kinds(
    parts: Parts, methods: Sequence[MethodDef], comments: Sequence[CommentDef]
) -> tuple[tuple[DocumentRef, ...], tuple[DocumentRef, ...]]:
    """Annotated CRF and supplemental documents: as stated, else by file name and by what nothing refers to."""
    groups = [one.documents for one in methods] + [one.documents for one in comments]
    used = {ref.leaf_id for refs in groups for ref in refs}
    crf, supplemental = [], []
    for row in parts.book.rows("Documents"):
        leaf = parts.leaves.get(row.word("ID"))
        if leaf is None:
            continue
        kind = row.word("Kind").casefold()
        if kind == "annotated crf" or (not kind and leaf.id == parts.crf):
            crf.append(DocumentRef(leaf.id))
        elif kind == "supplemental document" or (not kind and leaf.id not in used and "://" not in leaf.href):
            supplemental.append(DocumentRef(leaf.id))
    return tuple(crf), tuple(supplemental)


def _datasets(parts: Parts) -> dict[str, tuple[Row, ItemGroupDef]]:
    """The datasets without their variables."""
    found: dict[str, tuple[Row, ItemGroupDef]] = {}
    given = parts.book.has("Datasets", "Standard")
    first = next(iter(parts.standards.values()), None)
    for row in unique(parts.book.rows("Datasets"), parts.book, "Dataset"):
        name = row.word("Dataset")
        empty = parts.flag(row, "Has No Data")
        standard = parts.standard(row, "Standard") if given else first.oid if first is not None else ""
        alias = row.text("Domain Description")
        file = f"{name.lower()}.xpt"
        leaf = f"LF.{slug(name.lower())}"
        found[name] = (
            row,
            ItemGroupDef(
                f"IG.{name}", name, row.word("Domain") or name.removeprefix("SUPP") or name,
                parts.text(row, "Label"), row.text("Structure"), (), row.word("Class").upper(),
                parts.flag(row, "Repeating"), parts.flag(row, "Reference Data"), name, standard_oid=standard,
                is_non_standard=not standard, has_no_data=empty, comment_oid=parts.comment(row),
                archive_location_id="" if empty else leaf, leaf=None if empty else Leaf(leaf, file, file),
                aliases=(Alias("DomainDescription", alias),) if alias else (),
            ),
        )  # fmt: skip
    return found


def _method(parts: Parts, row: Row) -> MethodDef:
    code, context = row.text("Expression Code"), row.word("Expression Context")
    expressions = (FormalExpression(context, code),) if code else ()
    kind = parts.one(row, "Type", ("Computation", "Imputation"))
    return MethodDef(
        row.word("ID"), row.text("Name"), parts.text(row, "Description"), cast(Any, kind), expressions, (),
        parts.documents(row),
    )  # fmt: skip


# ---- codelists ---------------------------------------------------------------------------------------------


def _nci(code: str) -> tuple[Alias, ...]:
    return (Alias("nci:ExtCodeID", code),) if code else ()


def _codelists(parts: Parts) -> list[CodeList]:
    """One list an ID; its rows agree in what is said of the list. DEF796: a term twice."""
    book = parts.book
    by_id: dict[str, list[Row]] = {}
    for row in book.rows("Codelists"):
        if not row.word("ID"):
            book.add(
                "DEF794", row.at("ID"), column="ID", found="", allowed="a name: the cell may not be empty"
            )
            continue
        by_id.setdefault(row.word("ID"), []).append(row)
    found = []
    for name, rows in by_id.items():
        head = rows[0]
        for row in rows[1:]:
            for column in ("Name", "NCI Codelist Code", "Data Type", "Terminology"):
                if row.word(column) != head.word(column):
                    allowed = f"what row {head.number} says of {name}: {head.word(column) or 'nothing'}"
                    book.add("DEF794", row.at(column), column=column, found=row.word(column), allowed=allowed)
        standard = parts.standard(head, "Terminology")
        kind = parts.one(head, "Data Type", LIST_TYPES)
        only = len(rows) == 1 and not head.text("Term")
        terms = () if only else _terms(parts, name, rows, standard)
        found.append(
            CodeList(
                name, head.text("Name"), cast(Any, kind), terms, None, _nci(head.word("NCI Codelist Code")),
                standard, not standard, parts.comment(head),
            )
        )  # fmt: skip
    return found


def _terms(parts: Parts, name: str, rows: Sequence[Row], standard: str) -> tuple[CodeListTerm, ...]:
    seen: dict[str, int] = {}
    found = []
    stated = parts.book.has("Codelists", "Extended")
    for row in rows:
        value = row.text("Term")
        if not value:
            allowed = "a term: the cell may not be empty"
            parts.book.add("DEF794", row.at("Term"), column="Term", found="", allowed=allowed)
            continue
        if value in seen:
            parts.book.add("DEF796", row.at("Term"), key=f"{name} {value}", other=str(seen[value]))
            continue
        seen[value] = row.number
        code = row.word("NCI Term Code")
        extended = parts.flag(row, "Extended") if stated else bool(standard) and not code
        found.append(
            CodeListTerm(
                value, parts.text(row, "Decoded Value"), _nci(code), extended, row.word("Rank"),
                parts.number(row, "Order"),
            )
        )  # fmt: skip
    if found and all(one.order is not None for one in found):
        found.sort(key=lambda one: one.order or 0)  # a sheet sorted as text has 10 before 2
    return tuple(found)


def _dictionaries(parts: Parts) -> list[CodeList]:
    book = parts.book
    known = {row.word("ID"): row.number for row in book.rows("Codelists")}
    found = []
    for row in unique(book.rows("Dictionaries"), book, "ID"):
        if row.word("ID") in known:
            book.add(
                "DEF796", row.at("ID"), key=row.word("ID"), other=f"{known[row.word('ID')]} of Codelists"
            )
        external = ExternalCodeList(row.word("Dictionary"), row.word("Version"))
        kind = parts.one(row, "Data Type", LIST_TYPES)
        found.append(
            CodeList(
                row.word("ID"), row.text("Name"), cast(Any, kind), external=external, is_non_standard=True
            )
        )
    return found


def _in_order(codelists: Sequence[CodeList]) -> tuple[CodeList, ...]:
    """Lists and dictionaries by ID, as they are written; by their place where the lists have another order."""
    lists = [one.oid for one in codelists if one.external is None]
    return tuple(sorted(codelists, key=lambda one: one.oid)) if lists == sorted(lists) else tuple(codelists)
