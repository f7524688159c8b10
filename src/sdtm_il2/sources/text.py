"""Delimited text files: title rows, header, records, and the line on which each record starts.

Nothing is guessed about values: ``007``, ``1.50``, ``NA`` and ``TRUE`` stay the text that they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sdtm_il2.dataset import char
from sdtm_il2.errors import NOWHERE, Issue, Location, Problems, SourceError
from sdtm_il2.sources.encoding import to_utf8
from sdtm_il2.sources.lines import Lines, count_fields, find_lines, quoted_field

#: How many faulty lines a message names.
NAMED: Final = 20

_DELIMITERS: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_SNIFFED: Final = ("\t", ";", "|", ",")
_WORDS: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|"}
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_BLOCK: Final = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """The records of one file as text.

    ``frame`` has one ``str`` column a column of the file, in file order, "" where a cell is empty; ``rows``
    is the line (from 1, header and title lines counted) on which each record starts, in a file without lines
    the number of the record; ``headers`` gives the header text of each column as it stands in the file, or
    its label where the file has labels. ``beside`` are other files that were read with it, by name, with
    their SHA-256 digests.
    """

    frame: pd.DataFrame
    rows: npt.NDArray[np.int64]
    headers: Mapping[str, str]
    issues: tuple[Issue, ...]
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Header:
    """The header as read: texts as they stand in the file, and where the records begin."""

    texts: tuple[str, ...]
    body: int
    line: int
    delimiter: str


def read_text(
    path: Path,
    *,
    encoding: str = "utf-8",
    delimiter: str = "",
    header: Sequence[int] = (1,),
    target: str = "",
    file: str = "",
    at: Location = NOWHERE,
    data: bytes | None = None,
) -> RawTable:
    """Records of a delimited text file: every cell is text, quoted fields hold line ends and doubled quotes.

    ``delimiter`` "" is decided by the ending: comma for .csv, tab for .tsv and .tab; else the one of tab,
    semicolon, bar and comma that occurs most in the header line. ``header`` is the line of the header
    (from 1); two lines are joined as ``upper.lower``, an empty upper cell repeats the one to its left.
    ``file`` is the name that messages print, ``at`` the place to edit; ``data`` saves reading the file again.

    Raises `SourceError` with all that is wrong: SRC304 SRC306 SRC307 SRC309 SRC312 SRC313 SRC314 SRC315
    SRC329 SRC330. Notes and warnings (SRC305 SRC308 SRC316 SRC317 SRC318 SRC319 SRC326 SRC327 SRC328 SRC349)
    come with the table.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_bytes(b"ID,TEXT\\n007,NA\\n")
    ...     read_text(Path(folder, "a.csv")).frame.to_dict("records")
    [{'ID': '007', 'TEXT': 'NA'}]
    """
    problems = Problems()
    name = file or path.name
    content = path.read_bytes() if data is None else data
    if not content:
        problems.add("SRC304", target, at, path=name)
    text = to_utf8(content, encoding, target, name, at, problems) if content else b""
    problems.stop(SourceError)
    head = _read_header(text, delimiter, tuple(header) or (1,), path, target, name, at, problems)
    problems.stop(SourceError)
    lines = find_lines(text, head.delimiter, start=head.body, first_line=head.line)
    table, lines = _read_records(text, lines, head, target, name, at, problems)
    if len(lines.rows) > 1 and not text.endswith((b"\n", b"\r")):
        # a file cut inside its last cell has as many fields as it should
        problems.add("SRC349", target, at, count=1, first=Location(name, int(lines.rows[-1])))
    columns, rows = _without_blank(table, lines, target, name, at, problems)
    frame, headers = name_columns(columns, rows, head.texts, target, name, at, problems)
    return RawTable(frame, rows, headers, tuple(problems.found))


# ---- header ---------------------------------------------------------------------------------------------


def _line_starts(text: bytes, count: int) -> list[int]:
    """Byte offsets of the first `count` lines that exist."""
    starts = [0]
    for end in _LINE_END.finditer(text):
        if len(starts) > count:
            break
        starts.append(end.end())
    return [start for start in starts[:count] if start < len(text)]


def _record_end(text: bytes, start: int, delimiter: str) -> tuple[int, int]:
    """Where the record that begins at `start` ends (before and after its line end)."""
    pattern = re.compile(quoted_field(delimiter).pattern + rb"|(?P<end>\r\n|\r|\n)")
    for match in pattern.finditer(text, start):
        if match["end"]:
            return match.start(), match.end()
    return len(text), len(text)


def _cells(record: bytes, delimiter: str) -> list[str]:
    reader = csv.reader(io.StringIO(record.decode("utf-8"), newline=""), delimiter=delimiter)
    return next(reader, [])


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else f"'{delimiter}'"


def _choose_delimiter(
    stated: str, line: str, path: Path, target: str, name: str, at: Location, problems: Problems
) -> str:
    """The stated delimiter, that of the ending, or the one that occurs most in the header line."""
    if stated:
        delimiter = _WORDS.get(stated.lower(), stated)
        if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
            problems.add("SRC329", target, at, delimiter=stated)
            return ""
    else:
        delimiter = _DELIMITERS.get(path.suffix.lower(), "")
    counts = {one: len(_cells(line.encode(), one)) for one in _SNIFFED}
    best = max(_SNIFFED, key=counts.__getitem__)
    if not delimiter:
        if counts[best] == 1:
            return ","
        problems.add("SRC327", target, at, path=name, delimiter=_shown(best))
        return best
    if counts[best] > 1 and len(_cells(line.encode(), delimiter)) == 1:
        edit = f"write delimiter: {_shown(best)}"
        if re.fullmatch("sep=.", line.strip(), re.IGNORECASE):  # a note to Excel before the header
            edit += " and header: 2"
        problems.add(
            "SRC328", target, at, path=name, delimiter=_shown(delimiter), found=_shown(best), edit=edit
        )
    return delimiter


def _join_headers(records: Sequence[list[str]]) -> list[str]:
    """Several header rows as one: ``upper.lower``, an empty upper cell repeats the one to its left."""
    width = max(map(len, records))
    filled: list[list[str]] = []
    for level, record in enumerate(records):
        cells = record + [""] * (width - len(record))
        if level < len(records) - 1:
            for index in range(1, width):
                cells[index] = cells[index] if cells[index].strip() else cells[index - 1]
        filled.append(cells)
    return [".".join(cell.strip() for cell in column if cell.strip()) for column in zip(*filled, strict=True)]


def _read_header(
    text: bytes,
    delimiter: str,
    header: tuple[int, ...],
    path: Path,
    target: str,
    name: str,
    at: Location,
    problems: Problems,
) -> _Header:
    stated = ", ".join(map(str, header))
    starts = _line_starts(text, max(header))
    nothing = _Header((), 0, 1, ",")
    if min(header) < 1 or list(header) != sorted(set(header)):
        problems.add("SRC330", target, at, line=stated, what="lines are counted from 1, upwards")
        return nothing
    if len(starts) < max(header):
        problems.add("SRC330", target, at, line=stated, what=f"{name} ends on line {len(starts)}")
        return nothing
    last = starts[header[-1] - 1]
    line_end = _LINE_END.search(text, last)
    line = text[last : line_end.start() if line_end else len(text)].decode("utf-8")
    cut = _choose_delimiter(delimiter, line, path, target, name, at, problems)
    if not cut:
        return nothing
    records, end, after = [], 0, 0
    for number in header:
        end, after = _record_end(text, starts[number - 1], cut)
        records.append(_cells(text[starts[number - 1] : end], cut))
    if not any(cell.strip() for record in records for cell in record):
        problems.add("SRC330", target, at, line=stated, what=f"line {header[-1]} of {name} is blank")
        return nothing
    skipped = header[-1] - len(header)
    if skipped:
        problems.add("SRC326", target, at, count=skipped)
    texts = records[0] if len(records) == 1 else _join_headers(records)
    broken = len(_LINE_END.findall(text, last, end))
    return _Header(tuple(texts), after, header[-1] + broken + 1, cut)


# ---- records --------------------------------------------------------------------------------------------


def _listed(entries: Sequence[str]) -> str:
    more = f" and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
    return ", ".join(entries[:NAMED]) + more


def _read_records(
    text: bytes, lines: Lines, head: _Header, target: str, name: str, at: Location, problems: Problems
) -> tuple[list[pa.Array], Lines]:
    """The columns of the body and their lines; stops at records that do not fit the header."""
    width = len(head.texts)
    if lines.malformed:
        shown = _listed([f"line {line}" for line in dict.fromkeys(lines.malformed)])
        problems.add("SRC315", target, at, count=len(lines.malformed), path=name, lines=shown)
    if lines.unclosed:
        what = "opens a quote that is never closed"
        problems.add("SRC314", target, at, first=Location(name, lines.unclosed), what=what)
    problems.stop(SourceError)
    if not len(lines.rows):
        return [pa.array([], pa.large_string())] * width, lines
    misfits = 0

    def misfit(_row: object) -> str:
        nonlocal misfits
        misfits += 1
        return "skip"

    names = [str(index) for index in range(width)]
    table = pa.csv.read_csv(
        pa.BufferReader(pa.py_buffer(text).slice(head.body)),
        # one thread: the processor seconds are less, and partitions of subjects use the other processors
        read_options=pa.csv.ReadOptions(
            column_names=names, use_threads=False, block_size=_block(lines, len(text))
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=head.delimiter, newlines_in_values=lines.broken, invalid_row_handler=misfit
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    if misfits:
        lines = _sort_misfits(text, lines, head, target, name, at, problems)
        problems.stop(SourceError)
    if table.num_rows != len(lines.rows):
        raise AssertionError(f"{name}: {table.num_rows} records read, {len(lines.rows)} found")
    return [column.combine_chunks() for column in table.columns], lines


def _block(lines: Lines, size: int) -> int:
    """A size of blocks in which the longest record has its place."""
    longest = int(np.diff(np.append(lines.begins, size)).max())
    return max(_BLOCK, 2 * longest)


def _sort_misfits(
    text: bytes, lines: Lines, head: _Header, target: str, name: str, at: Location, problems: Problems
) -> Lines:
    """Report records whose number of fields is not the header's; those without any text are blank lines."""
    width = len(head.texts)
    fields = count_fields(text, lines, head.delimiter, start=head.body)
    faulty = np.flatnonzero(fields != width)
    ends = np.append(lines.begins[1:], len(text) - head.body)
    nothing = b' \t\r\n"' + head.delimiter.encode()
    blank = np.zeros(len(fields), np.bool_)
    for one in faulty:
        blank[one] = not text[head.body + lines.begins[one] : head.body + ends[one]].strip(nothing)
    fields, rows = fields[~blank], lines.rows[~blank]
    faulty = np.flatnonzero(fields != width)
    if len(faulty):
        _report_misfits(rows, fields, faulty, head, target, name, at, problems)
    blanks = np.sort(np.concatenate((lines.blank, lines.rows[blank])))
    return replace(lines, begins=lines.begins[~blank], rows=rows, blank=blanks)


def _report_misfits(
    rows: npt.NDArray[np.int64],
    fields: npt.NDArray[np.int64],
    faulty: npt.NDArray[np.int64],
    head: _Header,
    target: str,
    name: str,
    at: Location,
    problems: Problems,
) -> None:
    width = len(head.texts)
    last = len(fields) - 1
    if fields[last] < width:
        what = f"has {fields[last]} of {width} fields"
        problems.add("SRC314", target, at, first=Location(name, int(rows[last])), what=what)
        faulty = faulty[faulty != last]
    if not len(faulty):
        return
    named = [f"line {rows[one]} has {fields[one]}" for one in faulty[: NAMED + 1]]
    entries = named + [""] * (len(faulty) - len(named))
    problems.add(
        "SRC313",
        target,
        at,
        count=len(faulty),
        first=Location(name, int(rows[faulty[0]])),
        path=name,
        expected=width,
        lines=_listed(entries),
        delimiter=_shown(head.delimiter),
    )


def blank_cells(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which cells are empty or hold blanks only.

    >>> blank_cells(pa.array(["a", "", " \\u3000"], pa.large_string())).tolist()
    [False, True, True]
    """
    mask: npt.NDArray[np.bool_] = pc.equal(pc.utf8_trim_whitespace(column), "").to_numpy(zero_copy_only=False)
    return mask


def _without_blank(
    columns: list[pa.Array], lines: Lines, target: str, name: str, at: Location, problems: Problems
) -> tuple[list[pa.Array], npt.NDArray[np.int64]]:
    """Leave out records of which every cell is blank, and count them with the blank lines."""
    rows = lines.rows
    empty = np.flatnonzero(blank_cells(columns[0])) if len(rows) else np.empty(0, np.int64)
    for column in columns[1:]:
        if not len(empty):
            break
        empty = empty[blank_cells(column.take(pa.array(empty)))]
    blank = np.sort(np.concatenate((lines.blank, rows[empty])))
    if len(blank):
        problems.add("SRC319", target, at, count=len(blank), first=Location(name, int(blank[0])))
    if len(empty) == len(rows):
        problems.add("SRC305", target, at, path=name)
    if not len(empty):
        return columns, rows
    kept = np.ones(len(rows), np.bool_)
    kept[empty] = False
    mask = pa.array(kept)
    return [column.filter(mask) for column in columns], rows[kept]


# ---- columns --------------------------------------------------------------------------------------------


def _unique(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"


def name_columns(
    columns: Sequence[pa.Array],
    rows: npt.NDArray[np.int64],
    texts: Sequence[str],
    target: str,
    name: str,
    at: Location,
    problems: Problems,
    numbers: Sequence[int] = (),
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Every column gets a name of its own: its header, ``HEADER#2`` or ``COLUMN n``.

    ``texts`` are the headers as they stand in the file, ``numbers`` the places of the columns (from 1) where
    some are left out. Gives the frame and the header text of each of its columns. Adds SRC316 (header stands
    twice), SRC317 (no header) and SRC318 (neither header nor data: left out).
    """
    taken = {text.strip() for text in texts}
    frame: dict[str, pd.Series] = {}
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    dropped = 0
    for index, (text, column) in enumerate(zip(texts, columns, strict=True)):
        own = text.strip()
        if not own:
            filled = np.flatnonzero(~blank_cells(column))
            if not len(filled):
                dropped += 1
                continue
            own = f"COLUMN {numbers[index] if numbers else index + 1}"
            own = _unique(own, taken) if own in taken else own
            first = Location(name, int(rows[filled[0]]))
            problems.add("SRC317", target, at, count=len(filled), first=first, name=own)
        elif own in frame:
            new = _unique(own, taken)
            repeated.setdefault(own, []).append(new)
            own = new
        taken.add(own)
        headers[own] = text
        frame[own] = char(column)
    for own, names in repeated.items():
        problems.add(
            "SRC316",
            target,
            at,
            header=own,
            times=len(names) + 1,
            names=", ".join(f"'{one}'" for one in names),
        )
    if dropped:
        problems.add("SRC318", target, at, count=dropped)
    return pd.DataFrame(frame, index=pd.RangeIndex(len(rows)), copy=False), headers
