"""Define-XML as the workbook that metadata tools exchange: one sheet a kind of thing, where clauses in the cell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sdtm_il2.define.model import Alias, Define, Description, DocumentRef, ItemDef, ItemRef, RangeCheck
from sdtm_il2.define.workbook_lost import crf_leaf, left_out
from sdtm_il2.errors import DefineError, Issue, Location, Problems

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
#: Of our own: a variable may have two origins, one a kind of its values.
_SECOND = ("Origin (2)", "Source (2)", "Pages (2)", "Predecessor (2)")
_CODELISTS = (
    "ID", "Name", "NCI Codelist Code", "Data Type", "Terminology", "Comment", "Order", "Term", "NCI Term Code",
    "Decoded Value",
)  # fmt: skip
_STANDARDS = ("ID", "Name", "Type", "Publishing Set", "Version", "Status", "Comment")
#: What a cell of Excel holds.
CELL_CHARACTERS = 32_767
#: What stands in a where clause as it is; everything else in quotes.
_BARE = re.compile(r"(?!(?:and|or)$)[A-Za-z0-9_.+*%/\-]+", re.IGNORECASE)


def main_language(define: Define) -> str:
    """The language of the columns without one: that of the first dataset's label; ``en`` where it has none."""
    return next((one.description[0].lang for one in define.item_groups if one.description), "") or "en"


def _others(define: Define) -> tuple[str, ...]:
    """The further languages of a file, in the order in which they are met."""
    found: dict[str, None] = {}
    parts: Iterable[Description] = (
        *(one.description for one in define.item_groups), *(one.description for one in define.items),
        *(term.decode for one in define.codelists for term in one.terms),
        *(one.description for one in define.methods), *(one.description for one in define.comments),
    )  # fmt: skip
    for description in parts:
        for text in description:
            found[text.lang] = None
    return tuple(one for one in found if one and one != main_language(define))


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _yes(flag: bool) -> str:  # noqa: FBT001 - the cell is a flag
    return "Yes" if flag else "No"


def pages_cell(documents: Sequence[DocumentRef]) -> str:
    """Pages or destinations, separated by blanks; a range as ``4-9``."""
    found = [
        " ".join(page.refs) or f"{page.first}-{page.last}"
        for document in documents
        for page in document.pages
    ]
    return " ".join(found)


def quoted(value: str) -> str:
    """A value of a where clause; quotes where blanks, commas or brackets would end it, doubled inside.

    >>> quoted("ALT"), quoted("WHOLE BLOOD"), quoted('6" needle')
    ('ALT', '"WHOLE BLOOD"', '"6"" needle"')
    """
    return value if _BARE.fullmatch(value) else '"' + value.replace('"', '""') + '"'


def _condition(check: RangeCheck, names: Mapping[str, tuple[str, str]], dataset: str) -> str:
    home, name = names.get(check.item_oid, (dataset, check.item_oid))
    values = ", ".join(map(quoted, check.values))
    if check.comparator in ("IN", "NOTIN"):
        values = f"({values})"
    return f"{name if home == dataset else f'{home}.{name}'} {check.comparator} {values}"


def standard_cells(define: Define) -> dict[str, str]:
    """The standards as their cells name them: SDTMIG 3.4, CDISC/NCI SDTM 2025-03-28."""
    return {
        one.oid: " ".join(filter(None, (one.name, one.publishing_set, one.version)))
        for one in define.standards
    }


def nci_code(aliases: Sequence[Alias]) -> str:
    """The NCI code among the aliases of a list or a term."""
    return next((one.name for one in aliases if one.context == "nci:ExtCodeID"), "")


class _Sheets:
    """The cells of one Define; texts go to the column of their language."""

    def __init__(self, define: Define) -> None:
        self.define = define
        self.lang = main_language(define)
        self.others = _others(define)
        self.items = {one.oid: one for one in define.items}
        self.lists = {one.oid: one.items for one in define.value_lists}
        self.standards = standard_cells(define)
        self.clauses = {one.oid: one.checks for one in define.where_clauses}
        self.names: dict[str, tuple[str, str]] = {}
        for group in define.item_groups:
            for ref in group.items:
                if ref.item_oid in self.items:
                    self.names.setdefault(ref.item_oid, (group.name, self.items[ref.item_oid].name))

    def text(self, description: Description) -> str:
        return next((one.text for one in description if one.lang in (self.lang, "")), "")

    def headers(self, name: str) -> Row:
        return tuple(f"{name} ({lang})" for lang in self.others)

    def texts(self, description: Description) -> Row:
        held = {one.lang: one.text for one in description}
        return tuple(held.get(lang, "") for lang in self.others)

    def origin(self, item: ItemDef, place: int) -> tuple[str, str, str, str]:
        """Origin, Source, Pages and Predecessor of the first or second origin."""
        if len(item.origins) <= place:
            return ("", "", "", "")
        one = item.origins[place]
        words = self.text(one.description) if one.type == "Predecessor" else ""
        return (one.type, one.source, pages_cell(one.documents), words)

    def item(self, ref: ItemRef, item: ItemDef) -> Row:
        kind, source, pages, predecessor = self.origin(item, 0)
        return (
            self.text(item.description), item.data_type, _number(item.length), _number(item.significant_digits),
            item.display_format, _yes(ref.mandatory), "", item.codelist_oid, kind, source, pages, ref.method_oid,
            predecessor,
        )  # fmt: skip

    def where(self, ref: ItemRef, dataset: str) -> str:
        return " or ".join(
            " and ".join(_condition(check, self.names, dataset) for check in self.clauses.get(oid, ())) or oid
            for oid in ref.where_clause_oids
        )

    def datasets(self) -> list[Row]:
        rows: list[Row] = [(*_DATASETS, "Domain", "Domain Description", *self.headers("Label"))]
        for group in self.define.item_groups:
            keyed = sorted(
                (ref.key_sequence, self.items[ref.item_oid].name)
                for ref in group.items
                if ref.key_sequence is not None and ref.item_oid in self.items
            )
            alias = next((one.name for one in group.aliases if one.context == "DomainDescription"), "")
            rows.append(
                (
                    group.name, self.text(group.description), group.class_, "", group.structure,
                    ", ".join(name for _, name in keyed), self.standards.get(group.standard_oid, ""),
                    "Yes" if group.has_no_data else "", _yes(group.repeating), _yes(group.is_reference_data),
                    group.comment_oid, "", group.domain, alias, *self.texts(group.description),
                )
            )  # fmt: skip
        return rows

    def variables(self) -> list[Row]:
        rows: list[Row] = [(*_VARIABLES, "Is Non Standard", *_SECOND, *self.headers("Label"))]
        for group in self.define.item_groups:
            for ref in group.items:
                if ref.item_oid in self.items:
                    item = self.items[ref.item_oid]
                    rows.append(
                        (
                            _number(ref.order), group.name, item.name, *self.item(ref, item), ref.role,
                            "Yes" if ref.has_no_data else "", item.comment_oid, "",
                            "Yes" if ref.is_non_standard else "", *self.origin(item, 1), *self.texts(item.description),
                        )
                    )  # fmt: skip
        return rows

    def levels(self) -> list[Row]:
        rows: list[Row] = [(*_LEVELS, "Role", "Has No Data", *_SECOND, *self.headers("Label"))]
        for group in self.define.item_groups:
            for variable in (self.items[ref.item_oid] for ref in group.items if ref.item_oid in self.items):
                for level in self.lists.get(variable.value_list_oid, ()):
                    if level.item_oid in self.items:
                        value = self.items[level.item_oid]
                        rows.append(
                            (
                                _number(level.order), group.name, variable.name, self.where(level, group.name),
                                *self.item(level, value), value.comment_oid, "", level.role,
                                "Yes" if level.has_no_data else "", *self.origin(value, 1), *self.texts(value.description),
                            )
                        )  # fmt: skip
        return rows

    def codelists(self) -> list[Row]:
        rows: list[Row] = [(*_CODELISTS, "Extended", "Rank", *self.headers("Decoded Value"))]
        for one in self.define.codelists:
            head = (
                one.oid, one.name, nci_code(one.aliases), one.data_type,
                self.standards.get(one.standard_oid, ""), one.comment_oid,
            )  # fmt: skip
            rows += [
                (
                    *head, _number(term.order), term.value, nci_code(term.aliases), self.text(term.decode),
                    "Yes" if term.extended else "", term.rank, *self.texts(term.decode),
                )
                for term in one.terms
            ]  # fmt: skip
            if not one.terms and one.external is None:
                rows.append((*head, *[""] * (6 + len(self.others))))
        return rows

    def dictionaries(self) -> list[Row]:
        return [
            ("ID", "Name", "Data Type", "Dictionary", "Version"),
            *(
                (one.oid, one.name, one.data_type, one.external.dictionary, one.external.version)
                for one in self.define.codelists
                if one.external is not None
            ),
        ]

    def methods(self) -> list[Row]:
        head = (
            "ID", "Name", "Type", "Description", "Expression Context", "Expression Code", "Document", "Pages",
        )  # fmt: skip
        return [
            (*head, *self.headers("Description")),
            *(
                (
                    one.oid, one.name, one.type, self.text(one.description),
                    one.expressions[0].context if one.expressions else "",
                    one.expressions[0].text if one.expressions else "",
                    one.documents[0].leaf_id if one.documents else "", pages_cell(one.documents[:1]),
                    *self.texts(one.description),
                )
                for one in self.define.methods
            ),
        ]  # fmt: skip

    def comments(self) -> list[Row]:
        return [
            ("ID", "Description", "Document", "Pages", *self.headers("Description")),
            *(
                (
                    one.oid, self.text(one.description), one.documents[0].leaf_id if one.documents else "",
                    pages_cell(one.documents[:1]), *self.texts(one.description),
                )
                for one in self.define.comments
            ),
        ]  # fmt: skip

    def documents(self) -> list[Row]:
        kinds = {one.leaf_id: "Annotated CRF" for one in self.define.annotated_crf}
        kinds |= {one.leaf_id: "Supplemental Document" for one in self.define.documents}
        return [
            ("ID", "Title", "Href", "Kind"),
            *((one.id, one.title, one.href, kinds.get(one.id, "Other")) for one in self.define.leaves),
        ]

    def study(self) -> list[Row]:
        one = self.define
        return [
            ("Attribute", "Value"), ("StudyName", one.study_name), ("StudyDescription", one.study_description),
            ("ProtocolName", one.protocol_name), ("Language", self.lang), ("Comment", one.comment_oid),
            ("StudyOID", one.study_oid), ("MetaDataVersionOID", one.mdv_oid), ("MetaDataVersionName", one.mdv_name),
            ("MetaDataVersionDescription", one.mdv_description), ("DefineVersion", one.define_version),
            ("Context", one.context), ("FileOID", one.file_oid), ("CreationDateTime", one.creation_datetime),
            ("Originator", one.originator), ("SourceSystem", one.source_system),
            ("SourceSystemVersion", one.source_system_version),
        ]  # fmt: skip

    def declared(self) -> list[Row]:
        return [
            _STANDARDS,
            *(
                (one.oid, one.name, one.type, one.publishing_set, one.version, one.status, one.comment_oid)
                for one in self.define.standards
            ),
        ]


def workbook_sheets(define: Define) -> dict[str, tuple[Row, ...]]:
    """The sheets of the workbook by name, each with its header row; all cells are text.

    The dialect is that of Define-XML 2.1: a where clause stands in its cell (``LBTESTCD EQ ALT and LBSPEC IN
    (BLOOD, SERUM)``). IDs are the OIDs of the file. Columns of our own stand behind the known ones: Domain, further
    languages (``Label (zh-CN)``), and the sheet Standards. `left_out` lists what has no column all the same.
    """
    made = _Sheets(define)
    sheets = {
        "Define": made.study(),
        "Datasets": made.datasets(),
        "Variables": made.variables(),
        "ValueLevel": made.levels(),
        "Codelists": made.codelists(),
        "Dictionaries": made.dictionaries(),
        "Methods": made.methods(),
        "Comments": made.comments(),
        "Documents": made.documents(),
        "Standards": made.declared(),
    }
    return {name: tuple(rows) for name, rows in sheets.items()}


def write_workbook(define: Define, path: str | os.PathLike[str]) -> tuple[Issue, ...]:
    """Write the workbook of a Define as .xlsx; every cell is text. Returns what had no column (DEF791).

    DefineError (DEF789) for texts that no cell holds: nothing is cut. OSError if the file cannot be written.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    sheets = workbook_sheets(define)
    problems = Problems()
    for name, rows in sheets.items():
        for place, row in enumerate(rows, 1):
            for column, text in enumerate(row, 1):
                if len(text) > CELL_CHARACTERS:
                    cell = f"{name}!{get_column_letter(column)}{place}"
                    problems.add("DEF789", cell, Location(Path(path).name), size=f"{len(text):,}")
    problems.stop(DefineError)
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for place, row in enumerate(rows, 1):
            for column, text in enumerate(row, 1):
                if text:
                    cell = sheet.cell(place, column)
                    cell.value = text
                    cell.data_type = "s"  # a text that begins with = is no formula
        sheet.freeze_panes = "A2"
    book.save(os.fspath(path))
    return left_out(define)


__all__ = ["crf_leaf", "left_out", "workbook_sheets", "write_workbook"]
