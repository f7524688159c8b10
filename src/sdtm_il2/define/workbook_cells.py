"""The cells of a metadata workbook: sheets and columns found by their names, every cell as text with its place."""

from __future__ import annotations

import datetime as dt
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdtm_il2.errors import DefineError, Location, Problems, issue
from sdtm_il2.nearest import nearest_names

#: More than this after unpacking is no workbook of metadata.
MAX_BYTES = 512 * 1024 * 1024

#: The columns of each sheet by the name that this program writes, with the other names that are met; the first of
#: them that is there counts. A star marks what must be there.
COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Define": {"Attribute*": ("property", "name"), "Value*": ()},
    "Datasets": {
        "Dataset*": ("name", "domain"), "Label*": ("description", "label description"), "Class*": (), "Structure*": (),
        "Key Variables*": ("keys",), "Standard": (), "Has No Data": (), "Repeating": (), "Reference Data": (),
        "Comment": (), "Domain": (), "Domain Description": (),
    },
    "Variables": {
        "Order": (), "Dataset*": ("domain",), "Variable*": ("name",), "Label*": ("description", "label description"),
        "Data Type*": ("type",), "Length": (), "Significant Digits": (), "Format": ("display format",),
        "Mandatory*": (), "Codelist": ("controlled term", "controlled terms"), "Origin": (), "Source": (), "Pages": (),
        "Method": (), "Predecessor": (), "Role": (), "Has No Data": (), "Comment": (), "Is Non Standard": (),
        "Origin (2)": (), "Source (2)": (), "Pages (2)": (), "Predecessor (2)": (),
    },
    "ValueLevel": {
        "Order": (), "Dataset*": ("domain",), "Variable*": ("name",), "Where Clause*": ("where",),
        "Label": ("description", "label description"), "Data Type*": ("type",), "Length": (), "Significant Digits": (),
        "Format": ("display format",), "Mandatory": (), "Codelist": ("controlled term", "controlled terms"),
        "Origin": (), "Source": (), "Pages": (), "Method": (), "Predecessor": (), "Comment": (), "Role": (),
        "Has No Data": (),
        "Origin (2)": (), "Source (2)": (), "Pages (2)": (), "Predecessor (2)": (),
    },
    "WhereClauses": {"ID*": (), "Dataset*": (), "Variable*": (), "Comparator*": (), "Value*": ()},
    "Codelists": {
        "ID*": (), "Name*": (), "NCI Codelist Code": (), "Data Type*": ("type",), "Terminology": ("standard",),
        "Comment": (), "Order": (), "Term*": (), "NCI Term Code": (), "Decoded Value*": ("decode",), "Extended": (),
        "Rank": (),
    },
    "Dictionaries": {"ID*": (), "Name*": (), "Data Type*": ("type",), "Dictionary*": (), "Version*": ()},
    "Methods": {
        "ID*": (), "Name*": (), "Type*": (), "Description*": (), "Expression Context": (), "Expression Code": (),
        "Document": (), "Pages": (),
    },
    "Comments": {"ID*": (), "Description*": (), "Document": (), "Pages": ()},
    "Documents": {"ID*": (), "Title*": (), "Href*": (), "Kind": ()},
    "Standards": {
        "ID*": (), "Name*": (), "Type*": (), "Publishing Set": (), "Version*": (), "Status": (), "Comment": (),
    },
}  # fmt: skip
_SHEETS = {
    "study": "Define",
    "value level": "ValueLevel",
    "value levels": "ValueLevel",
    "where clauses": "WhereClauses",
}
#: Sheets without which there is no Define-XML.
_NEEDED = ("Define", "Datasets", "Variables")
_LANGUAGE = re.compile(r"(label|description|decoded value) \(([a-z]{2,8}(?:-[a-z0-9]{1,8})*)\)")


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not blank: its cells by column, and where each stands."""

    sheet: str
    number: int
    texts: Mapping[str, str]
    letters: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell as it stands; "" where the sheet has no such column."""
        return self.texts.get(column, "")

    def word(self, column: str) -> str:
        """The cell without blanks round it."""
        return self.texts.get(column, "").strip()

    def at(self, column: str) -> str:
        """The place as Excel names it: Variables!C12."""
        return f"{self.sheet}!{self.letters.get(column, 'A')}{self.number}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its rows, the columns that it has, and the languages of its texts besides the main one."""

    name: str
    rows: tuple[Row, ...] = ()
    columns: frozenset[str] = frozenset()
    languages: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Book:
    """A workbook while it is read: its sheets, and the problems found so far."""

    file: str
    sheets: dict[str, Sheet] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)

    def rows(self, name: str) -> tuple[Row, ...]:
        """The rows of a sheet; none where it is not there."""
        return self.sheets[name].rows if name in self.sheets else ()

    def has(self, name: str, column: str) -> bool:
        """Whether a sheet has a column."""
        return name in self.sheets and column in self.sheets[name].columns

    def add(self, code: str, place: str, **fields: Any) -> None:
        """A problem at a cell or sheet."""
        self.problems.add(code, place, Location(self.file), **fields)


def _plain(name: object) -> str:
    return re.sub(r"[\s/_]+", " ", str(name)).strip().casefold()


def read_book(path: str | os.PathLike[str]) -> Book:
    """The sheets of a workbook. DefineError: DEF799 when it is none; what else is wrong stands in its problems.

    Blank rows are left out. DEF792: a sheet is missing, DEF793: a column; DEF797: a cell that Excel changed, or a
    formula; DEF798: a note on what Define-XML has no place for.
    """
    from openpyxl import load_workbook  # type: ignore[import-untyped]
    from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

    place = Path(path)
    book = Book(place.name)
    try:
        with zipfile.ZipFile(place) as packed:
            size = sum(one.file_size for one in packed.infolist())
        if size > MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes unpacked, {MAX_BYTES:,} are read")
        found = load_workbook(place)
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, SyntaxError, zipfile.BadZipFile,
        InvalidFileException,
    ) as error:  # fmt: skip
        raise DefineError(
            issue("DEF799", at=Location(place.name), found=str(error) or type(error).__name__)
        ) from error
    known = {_plain(name): name for name in COLUMNS} | _SHEETS
    for worksheet in found.worksheets:
        name = known.get(_plain(worksheet.title), "")
        if name and name not in book.sheets:
            book.sheets[name] = _sheet(book, name, worksheet)
        elif filled := sum(cell.value is not None for row in worksheet.iter_rows() for cell in row):
            book.add("DEF798", worksheet.title, what="the sheet", number=str(filled))
    for name in _NEEDED:
        if name not in book.sheets:
            near = next(iter(nearest_names(name, found.sheetnames)), "")
            book.add(
                "DEF792", "", sheet=name, nearest=f"did you mean '{near}'? rename it, or " if near else ""
            )
    return book


def _sheet(book: Book, name: str, worksheet: Any) -> Sheet:
    lines = worksheet.iter_rows()
    head = [(_plain(cell.value), cell) for cell in next(lines, ()) if cell.value is not None]
    headers = dict(reversed(head))  # of two equal ones the first counts
    columns: dict[str, int] = {}
    for marked, others in COLUMNS[name].items():
        column = marked.rstrip("*")
        header = next((one for one in (_plain(column), *others) if one in headers), "")
        if header:
            columns[column] = headers.pop(header).column
        elif marked.endswith("*"):
            near = next(iter(nearest_names(column, [str(cell.value) for cell in headers.values()])), "")
            book.add("DEF793", name, sheet=name, column=column,
                     nearest=f"did you mean '{near}'? rename it, or " if near else "")  # fmt: skip
    languages = []
    for text, cell in list(headers.items()):
        if match := _LANGUAGE.fullmatch(text):
            tag = str(cell.value).rpartition("(")[2].rstrip(") ")
            key = f"{match[1]} ({tag})"
            languages.append((tag, key))
            columns[key] = headers.pop(text).column
    other = {cell.column: str(cell.value) for cell in headers.values()}
    letters = {key: _letter(number) for key, number in columns.items()}
    by_number = {number: key for key, number in columns.items()}
    rows = []
    left: dict[str, list[str]] = {}
    for cells in lines:
        texts: dict[str, str] = {}
        for cell in cells:
            key = by_number.get(cell.column, "")
            if key:
                texts[key] = _text(book, name, cell)
            elif cell.value is not None and str(cell.value).strip() and cell.column in other:
                left.setdefault(other[cell.column], []).append(f"{name}!{cell.coordinate}")
        if any(text.strip() for text in texts.values()):
            rows.append(Row(name, cells[0].row, texts, letters))
    for header, places in left.items():
        book.add("DEF798", places[0], what=f"the column '{header}'", number=str(len(places)))
    return Sheet(name, tuple(rows), frozenset(columns), tuple(languages))


def _letter(number: int) -> str:
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    return str(get_column_letter(number))


def _text(book: Book, sheet: str, cell: Any) -> str:
    """A cell as text. What Excel made of a text (a date, TRUE, an error) is told, for what stood there is lost."""
    value = cell.value
    if value is None:
        return ""
    changed = ""
    if cell.data_type == "f":
        changed = "a formula"
    elif cell.data_type == "e":
        changed = f"the error {value}"
    elif isinstance(value, bool):
        changed = f"the logical value {str(value).upper()}"
    elif isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        shown = value.date() if isinstance(value, dt.datetime) and value.time() == dt.time() else value
        changed = f"the date or time {shown}"
    if changed:
        book.add("DEF797", f"{sheet}!{cell.coordinate}", found=changed)
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    return str(value)


def unique(rows: Sequence[Row], book: Book, *columns: str) -> Iterator[Row]:
    """The rows of which no earlier one has the same key; DEF794: an empty key, DEF796: a key twice."""
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.word(column) for column in columns)
        empty = next((column for column in columns if not row.word(column)), "")
        if empty:
            book.add(
                "DEF794", row.at(empty), column=empty, found="", allowed="a name: the cell may not be empty"
            )
        elif key in seen:
            book.add("DEF796", row.at(columns[-1]), key=" ".join(key), other=str(seen[key]))
        else:
            seen[key] = row.number
            yield row
