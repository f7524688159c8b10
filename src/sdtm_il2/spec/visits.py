"""The visits of the study: one table of planned visits, their windows, and the rule of unscheduled ones."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from sdtm_il2.errors import Location
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import Text
from sdtm_il2.spec.nodes import Place, check_reference, clause, line_of, mapping, template, text, texts, words
from sdtm_il2.spec.read import MapNode, Node, TextNode
from sdtm_il2.spec.schema import nearest
from sdtm_il2.spec.study import UnscheduledRule, VisitRow, VisitRule, VisitsSpec
from sdtm_il2.spec.tables import Table, TableRow, nearest_header, read_table

_HEADERS = (
    "alias", "EPOCH", "VISITNUM", "VISIT", "VISITDY", "from_day", "to_day", "ARMCD", "TVSTRL", "TVENRL",
)  # fmt: skip
#: Variables of TV that say nothing of a visit: the table may hold them, because it serves as TV too.
_IGNORED = ("STUDYID", "DOMAIN", "ARM")
#: Headers of the visits table that are no variables of TV.
ONLY_VISITS = ("alias", "EPOCH", "from_day", "to_day")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DAY = re.compile(r"-?[0-9]{1,5}")
_PREVIOUS = re.compile(r"previous\s*\+\s*([0-9]*\.?[0-9]+)")
_CELLS = {
    "VISITNUM": "VISITNUM is a number such as 3 or 3.01",
    "VISIT": "every visit has a name",
    "VISITDY": "VISITDY is a planned study day such as -7 or 15, without a day 0, or blank",
    "from_day": "a window begins on a whole day such as -14, without a day 0; blank: it has no begin",
    "to_day": "a window ends on a whole day such as -1, not before from_day and without a day 0; blank: no end",
}


def read_visit(node: Node | None, place: Place) -> VisitRule | None:
    """`visit:` of a source: a column, or `text` and `date`; of several columns the first filled one counts."""
    if isinstance(node, TextNode) and not node.empty:
        return VisitRule((node.text,), at=place.at(node.line))
    if not isinstance(node, MapNode):
        return None
    return VisitRule(words(node, "text"), text(node, "date"), place.at(node.line))


def read_visits(node: Node | None, place: Place, folder: StudyFolder) -> VisitsSpec | None:
    """`visits:` of the study with its table.

    Problems: those of the table, SPEC122 and SPEC189 (headers), SPEC190 (cells), SPEC121 (VISITNUM twice),
    SPEC171 (an alias of two visits), SPEC170 (windows that overlap), SPEC164 (windows without an anchor),
    SPEC193 (an anchor that is no variable), SPEC185 and SPEC198 (unscheduled).
    """
    if not isinstance(node, MapNode):
        return None
    here = place.inside("visits")
    name = text(node, "table")
    table = read_table(name, place.file, place.at(node.lines["table"]), folder) if name else None
    rows = _rows(table, place) if table else ()
    anchors = _anchors(node.items.get("anchor"), here)
    if table:
        _check_anchors(rows, anchors, here, line_of(node, "anchor"))
    return VisitsSpec(
        table=table.file if table else "",
        rows=rows,
        anchors=anchors,
        unscheduled=_unscheduled(node.items.get("unscheduled"), here),
        at=place.at(node.line),
    )


def _anchors(node: Node | None, place: Place) -> tuple[tuple[str, Text], ...]:
    """`anchor:` as pairs of an EPOCH ("" for all) and a reference."""
    if isinstance(node, MapNode):
        epochs = ((epoch, texts(value, place)) for epoch, value in node.items.items())
        found = tuple((epoch, reference[0]) for epoch, reference in epochs if reference)
    else:
        found = tuple(("", reference) for reference in texts(node, place))
    for _, reference in found:
        check_reference(reference, "anchor", (), place)
    return found


def _check_anchors(
    rows: tuple[VisitRow, ...], anchors: tuple[tuple[str, Text], ...], place: Place, line: int
) -> None:
    """Every EPOCH with a window has an anchor, and every anchor an EPOCH: SPEC164."""
    stated = [epoch for epoch, _ in anchors]
    epochs = {row.epoch for row in rows}
    for epoch, reference in anchors:
        if epoch and epoch not in epochs:
            more = nearest(epoch, epochs).strip() or "write the EPOCH as in the table"
            fault = f"anchor names EPOCH '{epoch}', which no visit of the table has"
            place.add("SPEC164", reference.at.line, fault=fault, help=more)
    without: dict[str, VisitRow] = {}
    for row in rows:
        if (row.from_day or row.to_day) and "" not in stated and row.epoch not in stated:
            without.setdefault(row.epoch, row)
    for epoch, row in without.items():
        of = f"EPOCH '{epoch}'" if epoch else "a visit without EPOCH" if stated else "the table"
        fault = f"{of} (line {row.at.line} of {row.at.file}) has windows, but no anchor"
        more = "add anchor: DOMAIN.VARIABLE"
        if stated:
            more = f"add anchor: {{{epoch}: DOMAIN.VARIABLE}}" if epoch else "add an EPOCH to the row"
        place.add("SPEC164", line, fault=fault, help=more)


def _unscheduled(node: Node | None, place: Place) -> UnscheduledRule | None:
    if not isinstance(node, MapNode):
        return None
    number = text(node, "number") or "previous + 0.01"
    if counted := _PREVIOUS.fullmatch(number):
        number = f"previous + {counted[1]}"
    if number.startswith("previous ") and (not counted or not Decimal(counted[1])):
        form = "text, previous + 0.01, or a source column"
        place.add("SPEC185", line_of(node, "number"), key="number", value=f"'{number}'", form=form)
    name = text(node, "name") or "UNSCHEDULED {VISITNUM}"
    template(name, line_of(node, "name"), place)
    if "{" not in name:
        fault = "{VISITNUM} is missing, so all unscheduled visits would have one name"
        place.add("SPEC198", line_of(node, "name"), value=name, fault=fault)
    return UnscheduledRule(clause(mapping(node).items.get("when"), place), number, name, place.at(node.line))


def _rows(table: Table, place: Place) -> tuple[VisitRow, ...]:
    problems, top = place.problems, Location(table.file, 1)
    misspelt = set()
    for header in filter(None, table.headers):
        if header not in (*_HEADERS, *_IGNORED):
            near = nearest_header(header, _HEADERS)
            misspelt.add(near)
            problems.add("SPEC122", at=top, header=header, nearest=near)
    for header in ("VISITNUM", "VISIT"):
        if header not in table.headers and nearest_header(header, [header]) not in misspelt:
            problems.add("SPEC189", at=top, fault=f"has no column '{header}'")
    if not {"VISITNUM", "VISIT"} <= set(table.headers):
        return ()
    rows = tuple(row for raw in table.rows if (row := _row(table, raw, place)) is not None)
    _check_numbers(rows, place)
    _check_aliases(rows, place)
    _check_windows(rows, place)
    return rows


def _row(table: Table, raw: TableRow, place: Place) -> VisitRow | None:
    """One visit; None where a cell cannot be used (SPEC190)."""
    cell = dict.fromkeys(_HEADERS, "") | dict(zip(table.headers, raw.cells, strict=True))
    first, last = cell["from_day"], cell["to_day"]
    right = {
        "VISITNUM": bool(_NUMBER.fullmatch(cell["VISITNUM"])),
        "VISIT": bool(cell["VISIT"]),
        "VISITDY": not cell["VISITDY"] or _is_day(cell["VISITDY"]),
        "from_day": not first or _is_day(first),
        "to_day": not last or _is_day(last),
    }
    if _is_day(first) and _is_day(last) and int(first) > int(last):
        right["to_day"] = False
    for header, good in right.items():
        if not good:
            place.problems.add(
                "SPEC190", at=table.at(raw), header=header, cell=cell[header], right=_CELLS[header]
            )
    if not all(right.values()):
        return None
    return VisitRow(
        at=table.at(raw),
        visitnum=cell["VISITNUM"],
        visit=cell["VISIT"],
        aliases=tuple(one.strip() for one in cell["alias"].split("|") if one.strip()),
        epoch=cell["EPOCH"],
        visitdy=cell["VISITDY"],
        from_day=first,
        to_day=last,
        armcd=cell["ARMCD"],
        tvstrl=cell["TVSTRL"],
        tvenrl=cell["TVENRL"],
    )


def _is_day(text: str) -> bool:
    return bool(_DAY.fullmatch(text)) and int(text) != 0


def _check_numbers(rows: tuple[VisitRow, ...], place: Place) -> None:
    """VISITNUM is unique, but for rows of one visit in different arms: SPEC121."""
    seen: dict[Decimal, list[VisitRow]] = {}
    for row in rows:
        others = seen.setdefault(Decimal(row.visitnum), [])
        for other in others:
            if row.visit != other.visit or _same_arm(row, other):
                place.problems.add(
                    "SPEC121", at=row.at, key=f"VISITNUM {row.visitnum}", other=other.at.line,
                    apart=", or tell rows of one visit apart by ARMCD",
                )  # fmt: skip
                break
        others.append(row)


def _same_arm(row: VisitRow, other: VisitRow) -> bool:
    """Whether two rows can speak of the same subject; a row without ARMCD speaks of every arm, A | B of two."""
    arms, others = ({arm.strip() for arm in one.armcd.split("|")} for one in (row, other))
    return "" in arms | others or bool(arms & others)


def _check_aliases(rows: tuple[VisitRow, ...], place: Place) -> None:
    """An alias, or the name of a visit, names one visit of an arm: SPEC171."""
    seen: dict[str, list[VisitRow]] = {}
    for row in rows:
        for alias in dict.fromkeys((*row.aliases, row.visit)):
            others = seen.setdefault(unicodedata.normalize("NFKC", alias).casefold(), [])
            for other in others:
                if Decimal(other.visitnum) != Decimal(row.visitnum) and _same_arm(row, other):
                    place.problems.add("SPEC171", at=row.at, alias=alias, other=other.at.line)
                    break
            others.append(row)


def _check_windows(rows: tuple[VisitRow, ...], place: Place) -> None:
    """Windows of one EPOCH and arm have no day in common: SPEC170."""
    windows = sorted((_days(row), row.at.line, row) for row in rows if row.from_day or row.to_day)
    for number, ((first, _), _, row) in enumerate(windows):
        for (_, last), _, other in windows[:number]:
            if (
                first <= last
                and row.epoch == other.epoch
                and _same_arm(row, other)
                and Decimal(row.visitnum) != Decimal(other.visitnum)
            ):
                day = row.from_day or other.from_day or min(row.to_day, other.to_day, key=int)
                place.problems.add(
                    "SPEC170", at=max(row.at, other.at), visit=other.visit, other=row.visit, day=day
                )


def _days(row: VisitRow) -> tuple[float, float]:
    """The first and the last day of a window; one that is blank has no end on that side."""
    return float(row.from_day or "-inf"), float(row.to_day or "inf")
