"""Tests tables and decode tables: which record of which domain a raw item becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdtm_il2.bilingual import Bilingual
from sdtm_il2.errors import Location
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.methods import method
from sdtm_il2.spec.model import DecodeSpec, MethodCall, RangeRow, TestRow, TestsSpec, Text, UnitRow
from sdtm_il2.spec.nodes import (
    Place,
    child,
    clause,
    line_of,
    origin,
    pairs,
    template,
    text,
    texts,
    versions,
    words,
)
from sdtm_il2.spec.read import MapNode, Node, TextNode
from sdtm_il2.spec.tables import Table, TableRow, nearest_header, read_ranges, read_table, read_units
from sdtm_il2.where import Clause, parse_clause

RESERVED = (
    "column", "domain", "ig", "not_done", "reason", "standard_unit", "terms", "origin", "method", "method_zh", "note",
)  # fmt: skip
#: What a result may be beside a term of its list: `terms: POSNEG | number`.
FORMS = ("number", "titer")
_HEADER = re.compile(r"(--)?[A-Z][A-Z0-9]*")
_COLUMNS = ("result", "unit", "low", "high", "range", "indicator")


def read_tests(node: Node | None, domain: str, place: Place, folder: StudyFolder) -> TestsSpec | None:
    """`tests:` of a block with its table. Wide: a row a source column; long: a row a combination of `by`.

    ``--`` in headers becomes the block's domain; rows of other domains stay, with their domain. Problems:
    those of the table and SPEC121 (a key twice), SPEC122 (header), SPEC172 (a row lacks something), SPEC173
    (by without result, or the other way round), SPEC189 (a column is missing).
    """
    if not isinstance(node, MapNode):
        return None
    by = words(node, "by")
    if bool(by) != bool(text(node, "result")):
        has, lacks = ("by", "result") if by else ("result", "by")
        place.add("SPEC173", line_of(node, has), has=has, lacks=lacks)
    not_done, reason = _not_done(node.items.get("not_done"), place)
    found = (
        read_table(one.text, place.file, one.at, folder) for one in texts(node.items.get("table"), place)
    )
    tables = [table for table in found if table is not None]
    limits = node.items.get("range")
    ranges: tuple[RangeRow, ...] = ()
    ranges_file = ""
    if name := text(limits, "table"):
        ranges, ranges_file = read_ranges(
            name, place.file, place.at(line_of(limits, "table")), domain, folder
        )
    units: tuple[UnitRow, ...] = ()
    units_file = ""
    if name := text(node, "units"):
        units, units_file = read_units(name, place.file, place.at(node.lines["units"]), domain, folder)
    columns: Mapping[str, str] = {key: text(node, key) for key in _COLUMNS}
    return TestsSpec(
        table=", ".join(table.file for table in tables),
        rows=_merged([_rows(table, by, domain, place) for table in tables]),
        by=by,
        units=units,
        units_file=units_file,
        not_done=not_done,
        reason=reason,
        at=place.at(node.line),
        standard={key: text(child(node, "standard"), key) for key in child(node, "standard").items},
        ranges=ranges,
        ranges_file=ranges_file,
        **columns,
    )


def _merged(tables: list[tuple[TestRow, ...]]) -> tuple[TestRow, ...]:
    """The rows of several tables: an item that a later table names replaces all that earlier ones say of it."""
    found: dict[tuple[str, ...], list[TestRow]] = {}
    for rows in tables:
        named: dict[tuple[str, ...], list[TestRow]] = {}
        for row in rows:
            named.setdefault(row.by or (row.column,), []).append(row)
        found |= named
    if len(tables) == 1:
        return tables[0]
    return tuple(row for rows in found.values() for row in rows)


def _not_done(node: Node | None, place: Place) -> tuple[Clause | None, MethodCall | None]:
    """`not_done:` as a clause and the method of the reason; a bare column is assigned."""
    if not isinstance(node, MapNode) or "when" not in node.items:
        return clause(node, place), None
    reason = node.items.get("reason")
    call = None
    if isinstance(reason, MapNode):
        call = method(reason, place)
    elif isinstance(reason, TextNode) and not reason.empty:
        at = place.at(reason.line)
        call = MethodCall("assign", (Text(reason.text, at),), at=at)
    return clause(node.items["when"], place), call


def _rows(table: Table, by: tuple[str, ...], domain: str, place: Place) -> tuple[TestRow, ...]:
    problems = place.problems
    top = Location(table.file, 1)
    keys = by or ("column",)
    known = (*keys, *(word for word in RESERVED if word != "column"), "--TESTCD", f"{domain}TESTCD")
    misspelt = set()
    for header in filter(None, table.headers):
        if header not in known and not _HEADER.fullmatch(header):
            near = nearest_header(header, known)
            misspelt.add(near)
            problems.add("SPEC122", at=top, header=header, nearest=near)
    absent = [name for name in keys if name not in table.headers]
    for name in absent:
        if nearest_header(name, [name]) not in misspelt:
            problems.add("SPEC189", at=top, fault=f"has no column '{name}'")
    coded = any(header.endswith("TESTCD") for header in table.headers)
    if not coded:
        codes = ("--TESTCD", f"{domain}TESTCD")
        close = [
            (one, near) for one in table.headers if one not in known and (near := nearest_header(one, codes))
        ]
        if close:
            problems.add("SPEC122", at=top, header=close[0][0], nearest=close[0][1])
        else:
            problems.add("SPEC189", at=top, fault="has no column '--TESTCD'")
    if absent or not coded:
        return ()
    seen: dict[tuple[str, ...], list[TestRow]] = {}
    rows = []
    for raw in table.rows:
        row = _row(table, raw, by, domain, place)
        rows.append(row)
        key = row.by or (row.column,)
        others = seen.setdefault(key, [])
        for other in others:
            if _overlap(row, other, domain):
                problems.add(
                    "SPEC121", at=row.at, key=" + ".join(filter(None, key)), other=other.at.line,
                    apart=", or tell them apart by domain or ig",
                )  # fmt: skip
                break
        others.append(row)
    return tuple(rows)


def _overlap(row: TestRow, other: TestRow, domain: str) -> bool:
    """Whether two rows of the same key speak of the same domain (`-` speaks of all) and version."""
    own, others = row.domain or domain, other.domain or domain
    if own != others and "-" not in (own, others):
        return False
    return not row.ig or not other.ig or bool(set(row.ig) & set(other.ig))


def _row(table: Table, raw: TableRow, by: tuple[str, ...], domain: str, place: Place) -> TestRow:
    at = table.at(raw)
    here = Place(table.file, place.problems)
    cell = dict(zip(table.headers, raw.cells, strict=True))
    keys = by or ("column",)
    key = tuple(cell.get(name, "") for name in keys)
    own = {word: cell.get(word, "") for word in RESERVED if word not in keys}
    variables = {
        header.replace("--", domain, 1): value
        for header, value in cell.items()
        if value and header not in keys and header not in RESERVED
    }
    if not any(key):
        here.add("SPEC172", raw.line, fault=f"names no {' and no '.join(keys)}")
    elif own["domain"] == "-":
        if not own["note"]:
            here.add("SPEC172", raw.line, fault="has domain '-' (not submitted), but no reason in note")
    elif not any(name.endswith("TESTCD") for name in variables):
        here.add("SPEC172", raw.line, fault="has no --TESTCD")
    if own["method_zh"] and not own["method"]:
        here.add("SPEC172", raw.line, fault="has method_zh, but no method: English is the language of all")
    for value in (*variables.values(), own["reason"]):
        template(value, raw.line, here)
    listed, forms, fault = _terms(own["terms"])
    if fault:
        here.add("SPEC172", raw.line, fault=fault)
    ig = tuple(one.strip() for one in own["ig"].split("|")) if own["ig"] else ()
    for one in ig:
        versions(TextNode(one, raw.line, plain=False), here)
    return TestRow(
        at,
        column="" if by else key[0],
        by=key if by else (),
        domain=own["domain"],
        ig=ig,
        variables=variables,
        standard_unit=own["standard_unit"],
        terms=listed,
        origin=origin(own["origin"], raw.line, here),
        method=Bilingual(own["method"], own["method_zh"]),
        note=own["note"],
        not_done=parse_clause(own["not_done"], at, problems=place.problems) if own["not_done"] else None,
        reason=own["reason"],
        forms=forms,
    )


def _terms(cell: str) -> tuple[str, tuple[str, ...], str]:
    """The list and the forms that a cell `terms` names, and what is wrong with it."""
    parts = [part.strip() for part in cell.split("|")] if cell else []
    forms = tuple(dict.fromkeys(part for part in parts if part in FORMS))
    lists = [part for part in parts if part not in FORMS]
    if len(lists) > 1 or not all(parts):
        return "", forms, f"has terms '{cell}': one list, perhaps with | number or | titer"
    if not lists and forms == ("number",):
        return "", forms, "has terms 'number' without a list: a number needs no terms"
    return "".join(lists), forms, ""


def read_decode(node: Node, place: Place, folder: StudyFolder) -> DecodeSpec | None:
    """One `decode:` table with all its rows; SPEC189: a header of `by` is missing, SPEC121: a key twice."""
    if not isinstance(node, MapNode) or not text(node, "table"):
        return None
    table = read_table(text(node, "table"), place.file, place.at(node.lines["table"]), folder)
    by = pairs(node.items.get("by"))
    if table is None:
        return None
    for _, header in by:
        if header not in table.headers:
            place.problems.add("SPEC189", at=Location(table.file, 1), fault=f"has no column '{header}'")
            return None
    places = [table.headers.index(header) for _, header in by]
    seen: dict[tuple[str, ...], int] = {}
    for row in table.rows:
        key = tuple(row.cells[number] for number in places)
        if key in seen:
            place.problems.add(
                "SPEC121", at=table.at(row), key=" + ".join(filter(None, key)), other=seen[key], apart=""
            )
        seen.setdefault(key, row.line)
    return DecodeSpec(
        table.file,
        by,
        table.headers,
        tuple(row.cells for row in table.rows),
        place.at(node.line),
        tuple(row.line for row in table.rows),
    )
