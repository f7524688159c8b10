"""Issues, the balance sheet and tables as text: 80 columns for a terminal, one line a fact for a file.

``width`` None never breaks a line, so that ``grep`` and editors find whole messages and ``file:line``.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from sdtm_il2.agency import AGENCIES
from sdtm_il2.errors import Definition, Issue, Severity
from sdtm_il2.report import counts

if TYPE_CHECKING:  # these read pandas, which a page of the catalogue does not need
    from sdtm_il2.balance import Balance, SourceBalance
    from sdtm_il2.dataset import Dataset

#: The width of a terminal that the reports are made for.
WIDTH: Final = 80

#: Categories of characters that move a cursor, hide or reorder text: controls, formats, surrogates, line ends.
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_BALANCE: Final = (
    ("", "Read"),
    ("", "Built"),
    ("", "Superseded"),
    ("Not", "submitted"),
    ("No", "subject"),
    ("", "Unclaimed"),
)


def printable(text: str) -> str:
    r"""Text as a terminal may show it: characters that move the cursor or reorder a line become escapes.

    >>> print(printable("ae\x1b[2J.csv"))
    ae\x1b[2J.csv
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(ascii(one)[1:-1] if unicodedata.category(one) in _UNSAFE else one for one in text)


def wrapped(text: str, width: int | None, indent: str = "", whole: Iterable[str] = ()) -> str:
    """A line as lines of at most `width` columns, broken at blanks; later lines start with `indent`.

    A word is never broken, even if it is wider, nor is a text in `whole`: a place as ``raw/my ae.csv:7``.

    >>> print(wrapped("ae.yaml:7: a long message", 14, "    "))
    ae.yaml:7: a
        long
        message
    """
    if width is None or cell_len(text) <= width:
        return text
    for one in whole:
        if " " in one:
            text = text.replace(one, one.replace(" ", "\0"))
    start = text[: len(text) - len(text.lstrip(" "))]
    lines: list[str] = []
    line = start
    for word in text.split():
        joined = line + word if not line.strip() else f"{line} {word}"
        if line.strip() and cell_len(joined) > width:
            lines.append(line)
            joined = indent + word
        line = joined
    return "\n".join([*lines, line]).replace("\0", " ")


def issue_text(one: Issue, *, show_values: bool = False, width: int | None = None) -> str:
    """One issue: place, code, target and message; below it, indented, the hint and on request the values."""
    places = [printable(str(place)) for place in (one.at, one.first) if place.file]
    first, *rest = (printable(line) for line in one.text(show_values=show_values).split("\n"))
    lines = [wrapped(first, width, "    ", places)]
    lines += [wrapped(line, width, "    ", places) for line in rest]
    return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    """A number and its noun: ``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def count_text(issues: Iterable[Issue]) -> str:
    """The issues by severity in one line.

    >>> count_text([])
    'no issues'
    """
    found = [counted(number, severity.value) for severity, number in counts(issues).items() if number]
    return ", ".join(found) or "no issues"


def issues_text(
    issues: Iterable[Issue],
    *,
    show_values: bool = False,
    width: int | None = None,
    severities: Iterable[Severity] = tuple(Severity),
) -> str:
    """All issues under a heading a severity, worst first, then how many there are; ends with a line feed.

    ``severities`` limits what is printed, not what is counted. Values of subjects stand in it only with
    ``show_values``.
    """
    held = list(issues)
    shown = set(severities)
    parts: list[str] = []
    for severity in Severity:
        found = [one for one in held if one.severity is severity]
        if found and severity in shown:
            parts.append(f"{severity.value.capitalize()}s")
            parts += [issue_text(one, show_values=show_values, width=width) for one in found]
            parts.append("")
    parts.append(count_text(held))
    return "\n".join(parts) + "\n"


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Iterable[int] = (),
    width: int | None = None,
) -> str:
    """A table with two blanks between columns, those in `numbers` set to the right; ends with a line feed.

    If it is wider than `width`, the last column goes on below itself where at least 20 columns are left for
    it; where not, lines stay long.

    >>> print(table(["Dataset", "Records"], [["DM", "7"]], numbers=[1]), end="")
    Dataset  Records
    DM             7
    """
    lines = [[printable(cell) for cell in row] for row in (header, *rows)]
    right = set(numbers)
    widths = [max(cell_len(row[place]) for row in lines) for place in range(len(header))]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    limit = width - before if width is not None and width - before >= 20 else None
    below = "\n" + " " * before
    parts: list[str] = []
    for *cells, last in lines:
        line = ""
        for place, cell in enumerate(cells):
            blanks = " " * (widths[place] - cell_len(cell))
            line += (blanks + cell if place in right else cell + blanks) + "  "
        if len(cells) in right:
            last = " " * (widths[-1] - cell_len(last)) + last
        parts.append((line + wrapped(last, limit).replace("\n", below)).rstrip())
    return "\n".join(parts) + "\n"


def datasets_text(datasets: Mapping[str, Dataset], parts: Mapping[str, Mapping[str, int]]) -> str:
    """Records and variables of each dataset; below it the records of each of its ``parts``, if it is split."""
    rows = []
    for name, one in datasets.items():
        rows.append([name, str(len(one)), str(len(one.columns)), one.label])
        rows += [[f"  {part}", str(records), "", ""] for part, records in parts.get(name, {}).items()]
    return table(["Dataset", "Records", "Variables", "Label"], rows, numbers=[1, 2])


def balance_text(balance: Balance, *, width: int | None = WIDTH) -> str:
    """The balance sheet: a line a source, below it why records are not submitted; ends with a line feed.

    Read = built + superseded + not submitted + no subject + unclaimed.
    """
    sheets = balance.sources
    lines = [_numbers(one) for one in sheets]
    total = [sum(column) for column in zip(*lines, strict=True)] if len(sheets) > 1 else []
    widths = [
        max(len(top), len(bottom), *(len(str(line[place])) for line in [*lines, total or [0] * 6]))
        for place, (top, bottom) in enumerate(_BALANCE)
    ]
    names = [printable(one.source) for one in sheets]
    room = (width or 1000) - sum(widths) - 2 * len(widths)
    name_width = max(6, *(cell_len(name) for name in names if cell_len(name) <= room), 0)
    parts = [
        _line("", [top for top, _ in _BALANCE], widths, name_width),
        _line("Source", [bottom for _, bottom in _BALANCE], widths, name_width),
    ]
    for sheet, name, line in zip(sheets, names, lines, strict=True):
        shown = name
        if cell_len(name) > name_width:
            parts.append(name)
            shown = ""
        parts.append(_line(shown, [str(number) for number in line], widths, name_width))
        for reason, count in sheet.not_submitted.items():
            parts.append(wrapped(f"  {count} not submitted: {printable(reason)}", width, "    "))
    if total:
        parts.append(_line("total", [str(number) for number in total], widths, name_width))
    parts += _cells_text(balance, width)
    parts += [wrapped(line, width, "    ") for line in _prepared(balance)]
    return "\n".join(parts) + "\n"


def spans(lines: Sequence[int], most: int = 10) -> str:
    """Ascending lines, those that follow one another as a span; after `most` spans how many lines there are.

    >>> spans([2, 3, 4, 7]), spans([2, 4, 6, 8], most=2)
    ('2-4,7', '2,4,.. (4 lines)')
    """
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in found]
    return ",".join(texts[:most]) + (f",.. ({len(lines)} lines)" if len(texts) > most else "")


_CELLS: Final = (
    ("", "Cells"),
    ("", "Mapped"),
    ("Iden-", "tifying"),
    ("Not", "submitted"),
    ("", "Empty"),
    ("Row not", "built"),
    ("Un-", "claimed"),
)


def _cells_text(balance: Balance, width: int | None) -> list[str]:
    """The cells of each source: a line a source; private columns count as not submitted, unread cells as unclaimed."""
    sheets = [one for one in balance.sources if one.cells]
    if not sheets:
        return []
    lines = []
    for one in sheets:
        held = one.cell_counts
        numbers = [
            held["mapped"], held["identifies"], held["not_submitted"] + held["private"], held["empty"],
            held["row_not_built"], held["unclaimed"] + held["unread"],
        ]  # fmt: skip
        lines.append([sum(numbers), *numbers])
    total = [sum(column) for column in zip(*lines, strict=True)] if len(sheets) > 1 else []
    widths = [
        max(len(top), len(bottom), *(len(str(line[place])) for line in [*lines, total or [0] * len(_CELLS)]))
        for place, (top, bottom) in enumerate(_CELLS)
    ]
    names = [cell_len(printable(one.source)) for one in sheets]
    room = (width or 1000) - sum(widths) - 2 * len(widths)
    name_width = max(6, *(name for name in names if name <= room), 0)
    parts = [
        "",
        _line("", [top for top, _ in _CELLS], widths, name_width),
        _line("Source", [bottom for _, bottom in _CELLS], widths, name_width),
    ]
    for sheet, line in zip(sheets, lines, strict=True):
        shown = printable(sheet.source)
        if cell_len(shown) > name_width:
            parts.append(shown)
            shown = ""
        parts.append(_line(shown, [str(number) for number in line], widths, name_width))
    if total:
        parts.append(_line("total", [str(number) for number in total], widths, name_width))
    return parts


def _prepared(balance: Balance) -> Iterator[str]:
    """For whom the files are and in which encoding, and what was translated by which lines."""
    if balance.prepared is None:
        return
    agency = AGENCIES[balance.prepared.agency]
    yield ""
    text = "English in" if agency.english else "as collected, in"
    labels = "; labels are Chinese" if balance.prepared.chinese_labels else ""
    yield f"Prepared for the {agency.title}: text is {text} {balance.prepared.encoding.upper()}{labels}"
    for one in balance.translations:
        rows: dict[str, list[int]] = {}
        for at in one.rows:
            rows.setdefault(at.file, []).append(at.line)
        places = ", ".join(f"{printable(file)}:{spans(lines)}" for file, lines in rows.items())
        yield f"  {one.variable}: {counted(one.records, 'record')}, {counted(one.texts, 'text')} by {places}"


def _numbers(sheet: SourceBalance) -> list[int]:
    submitted = sum(sheet.not_submitted.values())
    return [sheet.records, sheet.built, sheet.superseded, submitted, sheet.no_subject, sheet.unclaimed]


def _line(name: str, cells: Sequence[str], widths: Sequence[int], name_width: int) -> str:
    right = "".join("  " + cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return (name + " " * (name_width - cell_len(name)) + right).rstrip()


def explain_text(definition: Definition, *, width: int | None = WIDTH) -> str:
    """The catalogue's page of a code: severity, title, message and hint with ``<fields>``, and the reason."""
    parts = [f"{definition.code} ({definition.severity}): {definition.title}", ""]
    parts.append(wrapped(f"  {template_text(definition.message)}", width, "    "))
    if definition.hint:
        parts.append(wrapped(f"  hint: {template_text(definition.hint)}", width, "    "))
    if definition.page:
        parts += ["", wrapped(definition.page, width)]
    return "\n".join(parts) + "\n"


def template_text(text: str) -> str:
    """A message with the names of its fields.

    >>> template_text("{count:record|holds|hold} {value}")
    '<count> records hold <value>'
    """
    found: list[str] = []
    for literal, name, noun, _ in string.Formatter().parse(text):
        found.append(literal)
        if name is not None:
            noun, _, verbs = (noun or "").partition("|")
            plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
            words = [f"<{name}>", *([plural] if noun else []), *([verbs.partition("|")[2]] if verbs else [])]
            found.append(" ".join(words))
    return "".join(found)
