"""Excel workbooks (.xlsx, .xlsm): one sheet as records of text, with the row numbers that Excel shows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.errors import NOWHERE, Issue, Location, Problems
from sdtm_il2.sources.files import FilePlace
from sdtm_il2.sources.nearest import did_you_mean, like
from sdtm_il2.sources.sheet import ColumnCells, SheetCells, read_cells
from sdtm_il2.sources.text import RawTable, name_columns
from sdtm_il2.sources.workbook import Sheet, Workbook, open_workbook, refusals

#: Rows in which a header is looked for.
_TITLES: Final = 6
#: Numbers with an exponent, and days and times of ISO 8601, have letters too.
_VALUE: Final = re.compile(r"[-+]?[0-9.,]+[Ee][-+]?[0-9]+|[0-9-]+T[0-9:.]+Z?")


def read_excel(
    path: Path,
    *,
    sheet: str = "",
    header: Sequence[int] = (1,),
    target: str = "",
    file: str = "",
    at: Location = NOWHERE,
    data: bytes | None = None,
) -> RawTable:
    """Records of one sheet of an Excel workbook: every cell is the text that Excel shows of what is stored.

    ``sheet`` is a name, or a number from 1 in the order of the tabs; "" is the only sheet with data. ``header``
    is the row of the header (from 1); two rows join as ``upper.lower``, and a merged header cell stands in
    all its columns, and once where it covers both rows. Rows are those of Excel.

    Numbers are plain decimals of at most 15 digits without a final ``.0``; zeros in front stay where the
    format writes them (``000``). A number under a date format is ISO 8601 text with the parts that the format
    shows, more only where the value has them, in the 1900 or the 1904 system. Booleans are TRUE and FALSE,
    formulas their stored values. Cells merged among the records hold their value once, in the first cell.
    Hidden rows, columns and sheets are read. Blank rows at the end do not count.

    Raises `SourceError`: SRC330 (header), SRC350 (no workbook, or damaged), SRC351 (password), SRC352 (too
    large), SRC353 (no such sheet), SRC354 (nothing in it) or SRC355 (which sheet?). With the table come SRC305
    SRC316 SRC317 SRC318 SRC319 SRC326 and SRC356 to SRC363.
    """
    place = FilePlace(target, file or path.name, at)
    rows = tuple(header) or (1,)
    with refusals(place):
        book = open_workbook(path.read_bytes() if data is None else data, place)
        chosen = _choose_sheet(book, sheet)
        cells = read_cells(book, chosen, max(rows))
    texts = _read_header(cells, rows, chosen, place)
    return _table(cells, texts, chosen, rows, place)


# ---- which sheet ----------------------------------------------------------------------------------------


def _choose_sheet(book: Workbook, stated: str) -> Sheet:
    """The sheet by name, else by number; without a statement the only one that holds anything."""
    names = [one.name for one in book.sheets]
    if stated in names:
        return book.sheets[names.index(stated)]
    if stated:
        if stated.isdecimal() and 1 <= int(stated) <= len(names):
            return book.sheets[int(stated) - 1]
        raise book.file.refusal("SRC353", sheet=stated, help=_nearest(stated, names))
    filled = [one for one in book.sheets if _holds_values(book, one)]
    if not filled:
        raise book.file.refusal("SRC354", what=f"no sheet of {book.file.name} holds a value")
    if len(filled) > 1:
        shown = ", ".join(f"'{one.name}'" for one in filled)
        raise book.file.refusal("SRC355", found=len(filled), names=shown, one=filled[0].name)
    return filled[0]


def _nearest(stated: str, names: Sequence[str]) -> str:
    return did_you_mean(like(stated, names)) or "sheets are " + ", ".join(f"'{one}'" for one in names)


def _holds_values(book: Workbook, sheet: Sheet) -> bool:
    return any(len(element) for element in book.elements(sheet.part, "c"))


# ---- header ---------------------------------------------------------------------------------------------


def _read_header(cells: SheetCells, rows: tuple[int, ...], sheet: Sheet, place: FilePlace) -> dict[int, str]:
    """The header text of each column that has one; raises SRC330 or SRC354 where it is not there."""
    where = f"sheet '{sheet.name}' of {place.name}"
    if not cells.last:
        raise place.refusal("SRC354", what=f"{where} holds no value")
    texts: dict[int, str] = {}
    if min(rows) < 1 or list(rows) != sorted(set(rows)):
        fault = "rows are counted from 1, upwards"
    elif cells.last < rows[-1]:
        fault = f"{where} ends on row {cells.last}"
    else:
        texts = _joined(cells, rows)
        fault = "" if any(text.strip() for text in texts.values()) else f"row {rows[-1]} of {where} is blank"
    if fault:
        raise place.refusal("SRC330", line=", ".join(map(str, rows)), what=fault)
    return texts


def _joined(cells: SheetCells, rows: tuple[int, ...]) -> dict[int, str]:
    """The header rows as one: ``upper.lower``, a merged cell in all its columns, and once in each."""
    levels = _levels(cells, rows)
    joined: dict[int, str] = {}
    for column in sorted({column for level in levels for column in level}):
        parts: dict[
            tuple[int, int], str
        ] = {}  # by the place where the text is stored: a merged cell counts once
        for level in levels:
            if column in level:
                place, text = level[column]
                parts[place] = text if len(levels) == 1 else text.strip()
        joined[column] = ".".join(text for text in parts.values() if text.strip())
    return joined


def _levels(cells: SheetCells, rows: Sequence[int]) -> list[dict[int, tuple[tuple[int, int], str]]]:
    """For each header row the text of each column, and the place where it is stored."""
    used = [column for row in rows for column in cells.head.get(row, {})]
    width = max([*used, *cells.columns], default=0)
    levels = {
        row: {column: ((row, column), text) for column, text in cells.head.get(row, {}).items()}
        for row in rows
    }
    for one in cells.merged:
        text = cells.head.get(one.top, {}).get(one.left, "")
        for row in rows:
            if text and one.top <= row <= one.bottom:
                for column in range(one.left, min(one.right, width) + 1):
                    levels[row][column] = ((one.top, one.left), text)
    return [levels[row] for row in rows]


# ---- where the header is ----------------------------------------------------------------------------------


def header_rows(path: Path, *, sheet: str = "", first: int = 1, file: str = "") -> tuple[int, ...]:
    """The row of a sheet's header, or its two rows, where nobody has stated them; () if neither is to be seen.

    The header is the first row from ``first`` on with two texts: a title is one, however wide it is merged. It has
    two rows if some of its cells are merged over several columns and the row below names each of these apart, in
    words that no record repeats, while the other columns have their name in one of the two rows, or merged over both.
    Raises `SourceError` as `read_excel` does.
    """
    place = FilePlace("", file or path.name)
    with refusals(place):
        book = open_workbook(path.read_bytes(), place)
        cells = read_cells(book, _choose_sheet(book, sheet), first + _TITLES)
    upper = next((row for row in range(first, first + _TITLES) if len(_stored(cells, row)) > 1), 0)
    if not upper:
        return ()
    return (upper, upper + 1) if _has_second_row(cells, upper) else (upper,)


def _stored(cells: SheetCells, row: int) -> set[tuple[int, int]]:
    """Where the texts of a row are stored: a merged cell counts once."""
    (level,) = _levels(cells, (row,))
    return {place for place, text in level.values() if text.strip()}


def _has_second_row(cells: SheetCells, row: int) -> bool:
    """Whether the row below belongs to the header, as `header_rows` says."""
    upper, lower = _levels(cells, (row, row + 1))
    spans = [
        range(one.left, one.right + 1)
        for one in cells.merged
        if one.top == one.bottom == row and one.right > one.left and one.left in upper
    ]
    spanned = {column for span in spans for column in span if column in upper}
    named = [lower[column][1].strip() for column in spanned if column in lower]
    if not spanned or len(named) != len(spanned) or not all(map(_is_word, named)):
        return False
    if any(len({lower[column][1].strip() for column in span if column in lower}) == 1 for span in spans):
        return False
    others = (upper.keys() | lower.keys()) - spanned
    both = [column for column in others if column in upper and column in lower]
    merged = [column for column in both if upper[column][0] == lower[column][0]]
    if len(merged) < len(both) and not merged:
        return False  # the row below has a value under a whole name: it is a record
    held = {column: lower[column][1].strip() for column in (*spanned, *others) if column in lower}
    return not any(_repeats(cells, row + 2, column, text) for column, text in held.items())


def _is_word(text: str) -> bool:
    """Whether a text can be a name: it has a letter, and is no number, date or time."""
    return any(one.isalpha() for one in text) and _VALUE.fullmatch(text) is None


def _repeats(cells: SheetCells, first: int, column: int, text: str) -> bool:
    """Whether a record (from a row on) holds a text in a column too."""
    below = [texts.get(column, "") for row, texts in cells.head.items() if row >= first]
    held = cells.columns.get(column)
    return any(one.strip() == text for one in (*below, *(held.texts if held is not None else ())))


# ---- table ----------------------------------------------------------------------------------------------


def _table(
    cells: SheetCells, texts: Mapping[int, str], sheet: Sheet, header: tuple[int, ...], place: FilePlace
) -> RawTable:
    """The records as columns of text, with what was found on the way."""
    problems = Problems()
    numbers = sorted({*texts, *cells.columns})
    rows = np.array(cells.rows, np.int64)
    columns = [_array(cells.columns.get(number), len(rows)) for number in numbers]
    if header[-1] > len(header):
        problems.add("SRC326", place.target, place.at, count=header[-1] - len(header))
    problems.found += _blank(rows, header[-1], place)
    headings = [texts.get(number, "") for number in numbers]
    frame, headers = name_columns(
        columns, rows, headings, place.target, place.name, place.at, problems, numbers
    )
    kept = [
        number for number, column in zip(numbers, columns, strict=True) if _is_named(texts, number, column)
    ]
    names = dict(zip(kept, map(str, frame.columns), strict=True))
    found = [*problems.found, *_findings(cells, names, place)]
    found += _hidden(cells, names, header[-1], sheet, place)
    merged = _merged_records(cells, header[-1])
    if merged:
        found.append(place.issue("SRC361", count=len(merged), row=min(merged)))
    return RawTable(frame, rows, headers, tuple(found))


def _is_named(texts: Mapping[int, str], number: int, column: pa.Array) -> bool:
    """Whether a column has a header or a value, so that it has a name."""
    return bool(texts.get(number, "").strip()) or bool(
        pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py()
    )


def _array(column: ColumnCells | None, records: int) -> pa.Array:
    """The cells of a column, "" where it holds none."""
    if column is None:
        return pa.array([""] * records, pa.large_string())
    index = np.full(records, -1, np.int64)
    index[column.records] = np.arange(len(column.records))
    texts = pa.array(column.texts, pa.large_string())
    return pc.fill_null(texts.take(pa.array(index, mask=index < 0)), "")


def _blank(rows: npt.NDArray[np.int64], header: int, place: FilePlace) -> list[Issue]:
    """SRC319: rows between the records that hold nothing; SRC305: no records at all."""
    if not len(rows):
        return [place.issue("SRC305")]
    blank = int(rows[-1]) - header - len(rows)
    if not blank:
        return []
    steps = np.flatnonzero(np.diff(rows, prepend=header) > 1)
    before = int(rows[steps[0] - 1]) if steps[0] else header
    return [place.issue("SRC319", count=blank, row=before + 1)]


def _findings(cells: SheetCells, names: Mapping[int, str], place: FilePlace) -> list[Issue]:
    """What was odd about cells, one issue a code and column."""
    return [
        place.issue(
            code,
            count=found.count,
            row=found.row,
            column=names.get(column, f"COLUMN {column}"),
            kinds=", ".join(sorted(found.texts)),
        )
        for (code, column), found in sorted(cells.found.items())
    ]


def _hidden(
    cells: SheetCells, names: Mapping[int, str], header: int, sheet: Sheet, place: FilePlace
) -> list[Issue]:
    """SRC362 and SRC363: hidden rows, columns, and sheets are read like others."""
    found: list[Issue] = []
    rows = [row for row in cells.hidden_rows if row > header]
    if rows:
        found.append(place.issue("SRC362", count=len(rows), row=rows[0]))
    hidden = [f"sheet '{sheet.name}'"] if sheet.hidden else []
    hidden += [
        f"column '{own}'"
        for number, own in names.items()
        if any(first <= number <= last for first, last in cells.hidden_columns)
    ]
    if hidden:
        found.append(place.issue("SRC363", what=", ".join(hidden)))
    return found


def _merged_records(cells: SheetCells, header: int) -> list[int]:
    """The first rows, among the records, of the merged ranges that hold a value there."""
    found = []
    for one in cells.merged:
        if one.bottom <= header or (one.top, one.left) == (one.bottom, one.right):
            continue
        if one.top <= header:
            value = cells.head.get(one.top, {}).get(one.left, "")
        else:
            record = bisect_left(cells.rows, one.top)
            column = cells.columns.get(one.left, ColumnCells())
            place = bisect_left(column.records, record)
            here = record < len(cells.rows) and cells.rows[record] == one.top
            here = here and place < len(column.records) and column.records[place] == record
            value = column.texts[place] if here else ""
        if value.strip():
            found.append(max(one.top, header + 1))
    return found
