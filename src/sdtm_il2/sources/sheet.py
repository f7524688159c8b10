"""The filled cells of one sheet of a workbook as text, by column, and what is odd about them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sdtm_il2.sources.numberformat import NumberFormat, cell_text, number_format
from sdtm_il2.sources.workbook import Sheet, Workbook, damaged, local, small, text_of, unescape

#: How many cells (records times columns) are read; a sheet of Excel could hold 17 thousand million.
MOST_CELLS: Final = 100_000_000

_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_GENERAL: Final = NumberFormat()
_LAST_COLUMN: Final = 16_384
_LAST_ROW: Final = 1_048_576
_PRECISE: Final = 15  # digits that Excel keeps


class MergedRange(NamedTuple):
    """A merged range: first and last row, first and last column, from 1."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(slots=True)
class ColumnCells:
    """The filled cells of a column: their records (from 0) and texts."""

    records: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Finding:
    """How often something was found in a column, where first, and which texts go with it."""

    count: int = 0
    row: int = 0
    texts: set[str] = field(default_factory=set)


@dataclass(slots=True)
class SheetCells:
    """What a sheet holds while it is read: ``head`` by row and column up to the header, then the records."""

    head: dict[int, dict[int, str]] = field(default_factory=dict)
    columns: defaultdict[int, ColumnCells] = field(default_factory=lambda: defaultdict(ColumnCells))
    rows: list[int] = field(default_factory=list)
    last: int = 0
    merged: list[MergedRange] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    found: defaultdict[tuple[str, int], Finding] = field(default_factory=lambda: defaultdict(Finding))


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _corner(book: Workbook, place: str) -> tuple[int, int]:
    match = _PLACE.fullmatch(place.replace("$", ""))
    row, column = (int(match[2]), _column_number(match[1])) if match else (0, 0)
    if not (1 <= row <= _LAST_ROW and 1 <= column <= _LAST_COLUMN):
        raise damaged(book.file, "a cell lies outside the sheet")
    return row, column


class _Reader:
    """The text of cells; each distinct number is converted once per format."""

    def __init__(self, book: Workbook, cells: SheetCells, header: int) -> None:
        self.header = header
        self.book = book
        self.texts = book.texts
        self.formats = [number_format(code) for code in book.formats]
        self.date1904 = book.date1904
        self.cells = cells
        self.known: dict[tuple[str, str], tuple[str, str, str]] = {}

    def text(self, cell: Any, kind: str, row: int, column: int) -> str | None:
        """The text of a cell, None if it holds nothing; what is odd about it is noted under its column."""
        value, formula, inline = None, False, None
        for child in cell:
            tag = local(child)
            if tag == "v":
                value = child.text or ""
            elif tag == "f":
                formula = True
            elif tag == "is":
                inline = text_of(child)
        if kind == "inlineStr":
            return inline or None
        if value is None or (value == "" and kind != "str"):
            if formula:
                self._note("SRC357", row, column)
                return ""
            return None
        if kind == "s":
            if not 0 <= small(value) < len(self.texts):
                raise damaged(self.book.file, "a cell names a text that the workbook does not hold")
            return self.texts[small(value)] or None
        if kind == "n":
            return self._number(value, cell.get("s", ""), row, column)
        if kind == "b":
            return "TRUE" if value in ("1", "true") else "FALSE"
        if kind == "e":
            self._note("SRC356", row, column, value)
            return ""
        return unescape(value) or None  # str: the text of a formula; d: a date in ISO 8601

    def _number(self, value: str, style: str, row: int, column: int) -> str:
        known = self.known.get((value, style))
        if known is None:
            known = self.known[value, style] = self._converted(value, style)
        text, code, kind = known
        if code:
            self._note(code, row, column, kind)
        return text

    def _converted(self, value: str, style: str) -> tuple[str, str, str]:
        """The text of a number, the code of what is odd about it, and what it is."""
        shown = self.formats[small(style)] if 0 <= small(style) < len(self.formats) else _GENERAL
        try:
            text = cell_text(value, shown, date1904=self.date1904)
            if not text:
                return cell_text(value, _GENERAL, date1904=self.date1904), "SRC358", ""
        except ValueError:
            raise damaged(self.book.file, "a cell of numbers holds something else") from None
        if shown.shown:
            dated = "d" in shown.shown or "m" in shown.shown
            return text, "SRC359" if dated and "y" not in shown.shown else "", ""
        whole = text.lstrip("-0").partition(".")[0]
        if len(whole) > _PRECISE:
            return text, "SRC360", ""
        return text, "SRC345" if shown.beside else "", shown.beside

    def _note(self, code: str, row: int, column: int, text: str = "") -> None:
        if row <= self.header:
            return
        found = self.cells.found[code, column]
        found.count += 1
        found.row = found.row or row
        if text:
            found.texts.add(text)


def read_cells(book: Workbook, sheet: Sheet, last_header: int) -> SheetCells:
    """All filled cells of a sheet, by column; rows without any are left out."""
    cells = SheetCells()
    reader = _Reader(book, cells, last_header)
    letters: dict[str, int] = {}
    row = 0
    for element in book.elements(sheet.part, "row", "mergeCell", "col"):
        tag = local(element)
        if tag == "mergeCell":
            first, _, last = element.get("ref", "").partition(":")
            top, left = _corner(book, first)
            bottom, right = _corner(book, last or first)
            cells.merged.append(MergedRange(top, bottom, left, right))
            continue
        if tag == "col":
            if element.get("hidden") in ("1", "true"):
                cells.hidden_columns.append((small(element.get("min")), small(element.get("max"))))
            continue
        number = element.get("r")
        following = row + 1 if number is None else small(number)
        if not row < following <= _LAST_ROW:
            raise damaged(book.file, f"the rows after row {row} are out of order")
        row = following
        filled = _read_row(element, row, row <= last_header, reader, letters)
        if filled:
            cells.last = row
            if element.get("hidden") in ("1", "true"):
                cells.hidden_rows.append(row)
        if len(cells.rows) * len(cells.columns) > MOST_CELLS:
            what = f"has a sheet of more than {MOST_CELLS // 1_000_000} million cells"
            raise book.file.refusal("SRC352", what=what)
    return cells


def _read_row(element: Any, row: int, heading: bool, reader: _Reader, letters: dict[str, int]) -> bool:  # noqa: FBT001
    """Take over the cells of a row; whether any of them is filled (or is an error)."""
    cells = reader.cells
    record = len(cells.rows)
    column = 0
    values: list[tuple[int, str]] = []
    blank = True
    for cell in element:
        if local(cell) != "c":
            continue
        place = cell.get("r")
        if place is None:
            column += 1
        else:
            letter = place.rstrip("0123456789")
            following = letters.get(letter, 0)
            if not following:
                following = letters[letter] = _corner(reader.book, f"{letter}1")[1]
            if following <= column:
                raise damaged(reader.book.file, f"the cells of row {row} are out of order")
            column = following
        if not len(cell):
            continue
        text = reader.text(cell, cell.get("t", "n"), row, column)
        if text is not None:
            values.append((column, text))
            blank = blank and bool(text) and not text.strip()
    if not values or blank:
        return False
    if heading:
        cells.head[row] = dict(values)
        return True
    cells.rows.append(row)
    for column, text in values:
        filled = cells.columns[column]
        filled.records.append(record)
        filled.texts.append(text)
    return True
