"""Define-XML as the workbook that metadata tools exchange: one sheet a kind of thing, where clauses in the cell."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sdtm_il2.define.model import Define, Description, DocumentRef, ItemDef, ItemRef

Row = tuple[str, ...]

_DATASETS = (
    "Dataset", "Label", "Class", "SubClass", "Structure", "Key Variables", "Standard", "Has No Data", "Repeating",
    "Reference Data", "Comment", "Developer Notes",
)  # fmt: skip
_ITEM = (
    "Label", "Data Type", "Length", "Significant Digits", "Format", "Mandatory", "Assigned Value", "Codelist",
    "Origin", "Source", "Pages", "Method", "Predecessor",
)  # fmt: skip
_VARIABLES = ("Order", "Dataset", "Variable", *_ITEM, "Role", "Has No Data", "Comment", "Developer Notes")
_LEVELS = ("Order", "Dataset", "Variable", "Where Clause", *_ITEM, "Comment", "Developer Notes")
_CODELISTS = (
    "ID", "Name", "NCI Codelist Code", "Data Type", "Terminology", "Comment", "Order", "Term", "NCI Term Code",
    "Decoded Value",
)  # fmt: skip


def _text(description: Description) -> str:
    return description[0].text if description else ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _yes(flag: bool) -> str:  # noqa: FBT001 - the cell is a flag
    return "Yes" if flag else "No"


def _pages(documents: Sequence[DocumentRef]) -> str:
    found = [
        " ".join(page.refs) or f"{page.first}-{page.last}"
        for document in documents
        for page in document.pages
    ]
    return " ".join(found)


def _quoted(value: str) -> str:
    """A value of a where clause; quotes where blanks, commas or brackets would end it.

    >>> _quoted("ALT"), _quoted("WHOLE BLOOD")
    ('ALT', '"WHOLE BLOOD"')
    """
    return f'"{value}"' if not value or any(char in value for char in ' ,()"') else value


def _item(ref: ItemRef, item: ItemDef) -> Row:
    origin = item.origins[0] if item.origins else None
    return (
        _text(item.description), item.data_type, _number(item.length), _number(item.significant_digits),
        item.display_format, _yes(ref.mandatory), "", item.codelist_oid, origin.type if origin else "",
        origin.source if origin else "", _pages(origin.documents) if origin else "", ref.method_oid,
        _text(origin.description) if origin and origin.type == "Predecessor" else "",
    )  # fmt: skip


def workbook_sheets(define: Define) -> dict[str, tuple[Row, ...]]:
    """The sheets of the workbook by name, each with its header row; all cells are text.

    The dialect is that of Define-XML 2.1: a where clause stands in its cell (``LBTESTCD EQ ALT and LBSPEC IN
    (BLOOD, SERUM)``). IDs are the OIDs of the file. What the workbook has no column for (aliases of datasets,
    further languages, a second origin of a variable) is not in it.
    """
    items = {one.oid: one for one in define.items}
    lists = {one.oid: one.items for one in define.value_lists}
    standards = {one.oid: f"{one.name} {one.version}" for one in define.standards}
    clauses = {
        one.oid: " and ".join(
            f"{items[check.item_oid].name if check.item_oid in items else check.item_oid} {check.comparator} "
            + (f"({', '.join(map(_quoted, check.values))})" if check.comparator in ("IN", "NOTIN")
               else _quoted(check.values[0] if check.values else ""))
            for check in one.checks
        )
        for one in define.where_clauses
    }  # fmt: skip
    datasets: list[Row] = [_DATASETS]
    variables: list[Row] = [_VARIABLES]
    levels: list[Row] = [_LEVELS]
    for group in define.item_groups:
        held = [(ref, items[ref.item_oid]) for ref in group.items if ref.item_oid in items]
        keyed = sorted((ref.key_sequence, item.name) for ref, item in held if ref.key_sequence is not None)
        datasets.append(
            (
                group.name, _text(group.description), group.class_, "", group.structure,
                ", ".join(name for _, name in keyed), standards.get(group.standard_oid, ""),
                "Yes" if group.has_no_data else "", _yes(group.repeating), _yes(group.is_reference_data),
                group.comment_oid, "",
            )
        )  # fmt: skip
        for ref, item in held:
            variables.append(
                (
                    _number(ref.order), group.name, item.name, *_item(ref, item), ref.role,
                    "Yes" if ref.has_no_data else "", item.comment_oid, "",
                )
            )  # fmt: skip
            for level in lists.get(item.value_list_oid, ()):
                if level.item_oid in items:
                    where = " or ".join(clauses.get(oid, oid) for oid in level.where_clause_oids)
                    value = items[level.item_oid]
                    levels.append(
                        (
                            _number(level.order),
                            group.name,
                            item.name,
                            where,
                            *_item(level, value),
                            value.comment_oid,
                            "",
                        )
                    )
    return {
        "Define": _study(define),
        "Datasets": tuple(datasets),
        "Variables": tuple(variables),
        "ValueLevel": tuple(levels),
        **_lists(define, standards),
        "Methods": (
            ("ID", "Name", "Type", "Description", "Expression Context", "Expression Code", "Document", "Pages"),
            *(
                (
                    one.oid, one.name, one.type, _text(one.description),
                    one.expressions[0].context if one.expressions else "",
                    one.expressions[0].text if one.expressions else "",
                    one.documents[0].leaf_id if one.documents else "", _pages(one.documents),
                )
                for one in define.methods
            ),
        ),
        "Comments": (
            ("ID", "Description", "Document", "Pages"),
            *(
                (
                    one.oid, _text(one.description), one.documents[0].leaf_id if one.documents else "",
                    _pages(one.documents),
                )
                for one in define.comments
            ),
        ),
        "Documents": (("ID", "Title", "Href"), *((one.id, one.title, one.href) for one in define.leaves)),
    }  # fmt: skip


def _study(define: Define) -> tuple[Row, ...]:
    return (
        ("Attribute", "Value"), ("StudyName", define.study_name), ("StudyDescription", define.study_description),
        ("ProtocolName", define.protocol_name), ("Language", "en"),
    )  # fmt: skip


def _lists(define: Define, standards: Mapping[str, str]) -> dict[str, tuple[Row, ...]]:
    def code(aliases: Sequence[Any]) -> str:
        return next((one.name for one in aliases if one.context == "nci:ExtCodeID"), "")

    codelists: list[Row] = [_CODELISTS]
    dictionaries: list[Row] = [("ID", "Name", "Data Type", "Dictionary", "Version")]
    for one in define.codelists:
        if one.external is not None:
            dictionaries.append(
                (one.oid, one.name, one.data_type, one.external.dictionary, one.external.version)
            )
        for order, term in enumerate(one.terms, 1):
            codelists.append(
                (
                    one.oid, one.name, code(one.aliases), one.data_type, standards.get(one.standard_oid, ""),
                    one.comment_oid, _number(term.order or order), term.value, code(term.aliases),
                    _text(term.decode),
                )
            )  # fmt: skip
    return {"Codelists": tuple(codelists), "Dictionaries": tuple(dictionaries)}


def write_workbook(define: Define, path: str | os.PathLike[str]) -> None:
    """Write the workbook of a Define as .xlsx; every cell is text. Needs the package openpyxl.

    ModuleNotFoundError without openpyxl; OSError if the file cannot be written.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook()
    book.remove(book.active)
    for name, rows in workbook_sheets(define).items():
        sheet = book.create_sheet(name)
        for place, row in enumerate(rows, 1):
            for column, text in enumerate(row, 1):
                cell = sheet.cell(place, column)
                cell.value = text
                cell.data_type = "s"  # a text that begins with = is no formula
        sheet.freeze_panes = "A2"
    book.save(os.fspath(path))
