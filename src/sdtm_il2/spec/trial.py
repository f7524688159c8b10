"""Trial design from tables: CSV files whose headers are the variables, and the registry record of TS."""

from __future__ import annotations

import json
from dataclasses import replace

from sdtm_il2.errors import Location
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import TableSpec
from sdtm_il2.spec.nodes import Place, is_variable, line_of, mapping, text
from sdtm_il2.spec.read import MapNode, TextNode
from sdtm_il2.spec.schema import nearest
from sdtm_il2.spec.tables import Table, read_table
from sdtm_il2.spec.visits import ONLY_VISITS

_TRIAL = ("TA", "TE", "TV", "TI", "TS", "TD", "TM", "TX", "OI")


def read_trial_tables(
    node: MapNode, place: Place, folder: StudyFolder, visits: str, ig: tuple[str, ...]
) -> tuple[TableSpec, ...]:
    """`tables:` by dataset, of a file for the versions ``ig``.

    The visits table also serves as TV: what only the windows need is left out there. Problems: those of the tables,
    SPEC122 (a header that is no variable), SPEC165 (the registry record), SPEC185 (a name that is no dataset).
    """
    found = []
    for domain, value in node.items.items():
        line = node.lines[domain]
        if not (domain.isalnum() and domain.isupper() and domain.isascii() and 2 <= len(domain) <= 8):
            form = f"a dataset such as {nearest(domain, _TRIAL)[14:-3] or 'TA'}"
            place.add("SPEC185", line, key="tables", value=f"'{domain}'", form=form)
            continue
        here = place.inside(domain)
        name = value.text if isinstance(value, TextNode) else text(value, "table")
        table = (
            read_table(name, place.file, place.at(line_of(value, "table") or line), folder) if name else None
        )
        registry = text(value, "registry")
        if registry:
            registry = _registry(registry, mapping(value).lines["registry"], here, folder)
        if table is None:
            if registry:
                found.append(TableSpec(domain, "", registry=registry, at=place.at(line), ig=ig))
            continue
        left_out = ONLY_VISITS if domain == "TV" and table.file == visits else ()
        made = _table(domain, table, registry, left_out, place.at(line), folder)
        found.append(replace(made, ig=ig))
    return tuple(found)


def _table(
    domain: str, table: Table, registry: str, left_out: tuple[str, ...], at: Location, folder: StudyFolder
) -> TableSpec:
    places = [number for number, header in enumerate(table.headers) if header not in left_out]
    headers = tuple(table.headers[number].replace("--", domain, 1) for number in places)
    for header in filter(None, headers):
        if not is_variable(header):
            near = f"; did you mean '{header.upper()}'?" if is_variable(header.upper()) else ""
            folder.problems.add("SPEC122", at=Location(table.file, 1), header=header, nearest=near)
    rows = tuple(tuple(row.cells[number] for number in places) for row in table.rows)
    seen: dict[tuple[str, ...], int] = {}
    for cells, row in zip(rows, table.rows, strict=True):
        if cells in seen:
            key = " + ".join(list(filter(None, cells))[:4])
            folder.problems.add("SPEC121", domain, table.at(row), key=key, other=seen[cells], apart="")
        seen.setdefault(cells, row.line)
    lines = tuple(row.line for row in table.rows)
    return TableSpec(domain, table.file, headers, rows, lines, registry, at)


def _registry(name: str, line: int, place: Place, folder: StudyFolder) -> str:
    """The file of a registry record, which is a JSON object: SPEC165."""
    found = folder.read(name, place.file, place.at(line))
    if found is None:
        return ""
    file, content = found
    fault, at = "has no protocolSection", Location(file, 1)
    try:
        record = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, RecursionError):
        fault = "is not JSON in UTF-8"
    except json.JSONDecodeError as error:
        fault, at = "is not JSON from here on", Location(file, error.lineno)
    else:
        if isinstance(record, dict) and "protocolSection" in record:
            return file
    place.problems.add("SPEC165", place.target, at, fault=fault)
    return ""
