"""Small tables of a specification (tests, units, decode): CSV with the line of every row.

Tables are edited in Excel, so its traces are read (GB18030, BOM, CRLF, blank columns at the end) or named
(cells that it turned into times, dates, numbers or errors).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sdtm_il2.errors import Location, Problems
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import RangeRow, UnitRow
from sdtm_il2.spec.schema import nearest

#: A table of tests or terms has some thousand rows; more bytes than this are a raw file named by mistake.
MAX_TABLE_BYTES = 16_777_216


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its line and its cells, as many as there are headers."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: file, headers and rows. Cells are trimmed; blank rows are left out."""

    file: str
    headers: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def at(self, row: TableRow) -> Location:
        """The place of a row."""
        return Location(self.file, row.line)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
_EXCEL: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"([0-9]{1,3}):([0-9]{2}):00"), lambda cell: f"{int(cell[1])}:{int(cell[2])}"),
    (re.compile(r"([0-9]{1,2})月([0-9]{1,2})日"), lambda cell: f"{cell[1]}-{cell[2]}"),
    (re.compile(rf"([0-9]{{1,2}})-({_MONTH})"), lambda cell: f"{_month(cell[2])}-{int(cell[1])}"),
    (re.compile(rf"({_MONTH})-([0-9]{{2}})"), lambda cell: f"{_month(cell[1])}-{int(cell[2])}"),
    (re.compile(r"[0-9]+(?:\.[0-9]+)?E[+-]?[0-9]{1,3}"), lambda cell: f"{Decimal(cell[0]):f}"),
    (re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!)"), lambda _: "the text behind the formula"),
    (re.compile(r"TRUE|FALSE"), lambda _: "Y or N"),
    (re.compile(r'="([^"]*)"'), lambda cell: cell[1] or "nothing"),
)


def _month(name: str) -> int:
    return _MONTHS.index(name) + 1


def changed_by_excel(cell: str) -> str:
    """What probably stood in a cell before Excel changed it, or "" for a cell that looks whole.

    >>> [changed_by_excel(cell) for cell in ("1:40:00", "3月5日", "2.0E5", "WBC")]
    ['1:40', '3-5', '200000', '']
    """
    for form, before in _EXCEL:
        if match := form.fullmatch(cell):
            return str(before(match))
    return ""


def read_table(
    name: str, naming: str, at: Location, folder: StudyFolder, *, collected: tuple[str, ...] = ()
) -> Table | None:
    """The table that the file `naming` names, relative to it; None if it cannot be read.

    Columns in `collected` hold texts of raw data, where ``3月5日`` may be what somebody wrote.

    Problems: SPEC100, SPEC175, SPEC174 (the path), SPEC105 (encoding), SPEC120 (a cell changed by Excel),
    SPEC187 (a row longer or shorter than the header), SPEC188 (no table at all), SPEC189 (headers).
    """
    found = folder.read(name, naming, at)
    if found is None:
        return None
    file, content = found
    problems = folder.problems
    text = _decode(content, file, problems)
    if text is None:
        return None
    try:
        lines = list(_lines(text))
    except csv.Error as error:
        problems.add("SPEC188", at=Location(file, 1), fault=f"is not CSV ({error})")
        return None
    if not lines:
        problems.add("SPEC188", at=Location(file, 1), fault="has no header")
        return None
    headers = _trimmed(lines[0].cells)
    for number, header in enumerate(headers):
        if not header:
            problems.add(
                "SPEC189", at=Location(file, lines[0].line), fault=f"has no header in column {number + 1}"
            )
        elif header in headers[:number]:
            problems.add(
                "SPEC189", at=Location(file, lines[0].line), fault=f"has the header '{header}' twice"
            )
    rows = []
    for row in lines[1:]:
        cells = _trimmed(row.cells, len(headers))
        if not any(cells):
            continue
        place = Location(file, row.line)
        if len(cells) != len(headers):
            problems.add("SPEC187", at=place, found=len(cells), expected=len(headers))
            continue
        for header, cell in zip(headers, cells, strict=True):
            if header not in collected and (before := changed_by_excel(cell)):
                problems.add("SPEC120", at=place, cell=cell, header=header, before=before)
        rows.append(TableRow(row.line, cells))
    table = Table(file, headers, tuple(rows))
    _check_zeros(table, problems)
    return table


def _check_zeros(table: Table, problems: Problems) -> None:
    """SPEC120: cells that have lost leading zeros."""
    for place, header in enumerate(table.headers):
        lost = lost_zeros({row.cells[place] for row in table.rows})
        for row in table.rows:
            if before := lost.get(row.cells[place]):
                problems.add("SPEC120", at=table.at(row), cell=row.cells[place], header=header, before=before)


def lost_zeros(cells: Collection[str]) -> dict[str, str]:
    """The cells of a column that have lost leading zeros, and what stood there: all are digits, those that
    begin with 0 are of one length, none is longer, and these are shorter.

    >>> lost_zeros(["001", "12", "002"]), lost_zeros(["001", "1000"]), lost_zeros(["0", "1"])
    ({'12': '012'}, {}, {})
    """
    filled = [cell for cell in cells if cell]
    widths = {len(cell) for cell in filled if len(cell) > 1 and cell.startswith("0")}
    if len(widths) != 1 or not all(cell.isascii() and cell.isdigit() for cell in filled):
        return {}
    (width,) = widths
    if max(map(len, filled)) > width:
        return {}
    return {cell: cell.zfill(width) for cell in filled if len(cell) < width}


def _decode(content: bytes, file: str, problems: Problems) -> str | None:
    """UTF-8 with or without BOM, else GB18030, which Excel writes where Chinese is the system's language."""
    if len(content) > MAX_TABLE_BYTES:
        problems.add(
            "SPEC109", at=Location(file, 1), what=f"{len(content)} bytes", limit=f"{MAX_TABLE_BYTES} bytes"
        )
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
        else:
            if "\x00" not in text:
                return text
            line = text.count("\n", 0, text.index("\x00")) + 1
            break
    problems.add(
        "SPEC105",
        at=Location(file, line),
        guess="UTF-16" if b"\x00" in content else "no encoding that is known here",
    )
    return None


def _lines(text: str) -> Iterator[TableRow]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    for cells in reader:
        if cells:
            yield TableRow(before + 1, tuple(cell.strip() for cell in cells))
        before = reader.line_num


def _trimmed(cells: tuple[str, ...], length: int = 0) -> tuple[str, ...]:
    """The cells without the blank ones that Excel leaves beyond the last header."""
    end = len(cells)
    while end > length and not cells[end - 1]:
        end -= 1
    return cells[:end]


def nearest_header(header: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown header: the known one that is nearest."""
    near = nearest(header, known)
    return f"; {near.strip()}" if near else ""


def _headers(
    table: Table, allowed: Sequence[str], domain: str, problems: Problems
) -> tuple[list[str], list[str]]:
    """The headers that a table may have and those that it has, for a domain; SPEC122: one that it may not have."""
    known = [header.replace("--", domain) for header in allowed]
    headers = [header.replace("--", domain) for header in table.headers]
    for header, full in zip(table.headers, headers, strict=True):
        if full not in known:
            near = nearest_header(header, allowed)
            problems.add("SPEC122", at=Location(table.file, 1), header=header, nearest=near)
    return known, headers


_UNIT_HEADERS = ("--TESTCD", "--SPEC", "from", "to", "factor", "offset", "places", "source")
_UNITS_RIGHT = (
    "from and to are two different units, factor is a positive decimal number such as 0.0113, "
    "offset and places are numbers or blank"
)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def read_units(
    name: str, naming: str, at: Location, domain: str, folder: StudyFolder
) -> tuple[tuple[UnitRow, ...], str]:
    """The rows of a units table and its file: result in `from` times factor plus offset is in `to`.

    Factors are exact decimal texts. SPEC122: unknown header. SPEC190: from, to or a number is wrong.
    SPEC121: a conversion twice. SPEC189: from, to or factor has no column.
    """
    table = read_table(name, naming, at, folder)
    if table is None:
        return (), ""
    problems = folder.problems
    top = Location(table.file, 1)
    known, headers = _headers(table, _UNIT_HEADERS, domain, problems)
    for header in ("from", "to", "factor"):
        if header not in headers:
            problems.add("SPEC189", at=top, fault=f"no column '{header}'")
    rows: dict[tuple[str, ...], UnitRow] = {}
    for row in table.rows:
        cell = dict(zip(headers, row.cells, strict=True))
        testcd, spec, source, target, factor, offset, places, reference = (
            cell.get(name, "") for name in known
        )
        for name, text, right in (
            ("from", source, bool(source)),
            ("to", target, bool(target) and target != source),
            ("factor", factor, bool(_NUMBER.fullmatch(factor)) and Decimal(factor) > 0),
            ("offset", offset, not offset or bool(_NUMBER.fullmatch(offset))),
            ("places", places, not places or bool(re.fullmatch(r"[0-9]{1,2}", places))),
        ):
            if name in headers and not right:
                problems.add("SPEC190", at=table.at(row), header=name, cell=text, right=_UNITS_RIGHT)
        key = (testcd, spec, source, target)
        if key in rows:
            problems.add(
                "SPEC121",
                at=table.at(row),
                key=" + ".join(filter(None, key)),
                other=rows[key].at.line,
                apart="",
            )
            continue
        rows[key] = UnitRow(table.at(row), testcd, spec, source, target, factor, offset, places, reference)
    return tuple(rows.values()), table.file


_RANGE_HEADERS = ("--TESTCD", "--SPEC", "SEX", "age_from", "age_to", "from", "to", "low", "high", "unit")
_AGE = re.compile(r"[0-9]{1,3}(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RANGES_RIGHT = (
    "a row has a --TESTCD and a low or high decimal number; ages are years such as 18, from and to dates such as "
    "2024-03-01, SEX a submission value such as F, or blank"
)


def read_ranges(
    name: str, naming: str, at: Location, domain: str, folder: StudyFolder
) -> tuple[tuple[RangeRow, ...], str]:
    """The rows of a ranges table and its file: limits of a test for a sex, an age in years and dates.

    An age counts from ``age_from`` up to, but without, ``age_to``; the days ``from`` and ``to`` both count; what is
    blank holds for all. SPEC122: unknown header. SPEC189: --TESTCD has no column. SPEC190: a cell. SPEC121:
    two rows that hold for the same test, specimen, sex, age, day and unit.
    """
    table = read_table(name, naming, at, folder)
    if table is None:
        return (), ""
    problems = folder.problems
    top = Location(table.file, 1)
    known, headers = _headers(table, _RANGE_HEADERS, domain, problems)
    if known[0] not in headers:
        problems.add("SPEC189", at=top, fault="has no column '--TESTCD'")
        return (), table.file
    seen: dict[tuple[str, str, str, str], list[RangeRow]] = {}
    rows = []
    for raw in table.rows:
        cell = dict(zip(headers, raw.cells, strict=True))
        row = RangeRow(table.at(raw), *(cell.get(header, "") for header in known))
        rows.append(row)
        if not _range_fits(row, problems):
            continue
        others = seen.setdefault((row.testcd, row.specimen, row.sex, row.unit), [])
        if other := next((one for one in others if _meet(row, one)), None):
            key = " + ".join(filter(None, (row.testcd, row.specimen, row.sex, row.unit)))
            problems.add(
                "SPEC121", at=row.at, key=key, other=other.at.line, apart=", or part their ages or dates"
            )
        others.append(row)
    return tuple(rows), table.file


def _range_fits(row: RangeRow, problems: Problems) -> bool:
    """Whether every cell of a row can be used: SPEC190."""
    right = {
        "--TESTCD": (row.testcd, bool(row.testcd)),
        "SEX": (row.sex, not row.sex or bool(re.fullmatch(r"[A-Z]+", row.sex))),
        "age_from": (row.age_from, not row.age_from or bool(_AGE.fullmatch(row.age_from))),
        "age_to": (row.age_to, not row.age_to or bool(_AGE.fullmatch(row.age_to))),
        "from": (row.date_from, not row.date_from or bool(_DATE.fullmatch(row.date_from))),
        "to": (row.date_to, not row.date_to or bool(_DATE.fullmatch(row.date_to))),
        "low": (row.low, bool(_NUMBER.fullmatch(row.low)) or (not row.low and bool(row.high))),
        "high": (row.high, not row.high or bool(_NUMBER.fullmatch(row.high))),
    }
    if all(good for _, good in right.values()):
        right["age_to"] = (row.age_to, not _above(row.age_from, row.age_to, equal=True))
        right["to"] = (row.date_to, not (row.date_from and row.date_to and row.date_from > row.date_to))
        right["high"] = (row.high, not _above(row.low, row.high))
    for header, (cell, good) in right.items():
        if not good:
            problems.add("SPEC190", at=row.at, header=header, cell=cell, right=_RANGES_RIGHT)
    return all(good for _, good in right.values())


def _above(low: str, high: str, *, equal: bool = False) -> bool:
    """Whether two filled numbers stand in the wrong order."""
    return bool(low and high) and (Decimal(low) > Decimal(high) or (equal and Decimal(low) == Decimal(high)))


def _meet(row: RangeRow, other: RangeRow) -> bool:
    """Whether an age and a day exist for which both rows hold."""
    ages = [(Decimal(one.age_from or 0), Decimal(one.age_to or 1000)) for one in (row, other)]
    days = [(one.date_from or "0", one.date_to or "9") for one in (row, other)]
    return (
        ages[0][0] < ages[1][1]
        and ages[1][0] < ages[0][1]
        and days[0][0] <= days[1][1]
        and days[1][0] <= days[0][1]
    )
