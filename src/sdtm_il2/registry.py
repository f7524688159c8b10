"""A registry record (ClinicalTrials.gov JSON, version 2) as trial summary values."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_AGE = re.compile(r"(\d+) (Year|Month|Week|Day|Hour|Minute)s?")
_AGE_UNITS = {
    "Year": "P{}Y",
    "Month": "P{}M",
    "Week": "P{}W",
    "Day": "P{}D",
    "Hour": "PT{}H",
    "Minute": "PT{}M",
}
_PHASES = {
    "NA": "NOT APPLICABLE",
    "EARLY_PHASE1": "EARLY PHASE I",
    "PHASE1": "PHASE I TRIAL",
    "PHASE2": "PHASE II TRIAL",
    "PHASE3": "PHASE III TRIAL",
    "PHASE4": "PHASE IV TRIAL",
    "PHASE1 PHASE2": "PHASE I/II TRIAL",
    "PHASE2 PHASE3": "PHASE II/III TRIAL",
}


class RegistryValue(NamedTuple):
    """One value of one parameter; ``path`` is its place in the record."""

    parameter: str
    value: str
    path: str


class _Line(NamedTuple):
    parameter: str
    path: str
    rule: str


@functools.cache
def _lines() -> tuple[_Line, ...]:
    table = importlib.resources.files("sdtm_il2") / "data" / "registry.csv"
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    return tuple(_Line(row["TSPARMCD"], row["path"], row["rule"]) for row in rows)


def registry_values(record: Mapping[str, Any]) -> tuple[RegistryValue, ...]:
    """The trial summary values that a record states; what needs a person's decision is not guessed.

    One value for each item of a list (outcomes, keywords). A code that has no CDISC term of its own gives none.

    >>> record = {"protocolSection": {"eligibilityModule": {"sex": "ALL", "minimumAge": "18 Years"}}}
    >>> [(one.parameter, one.value) for one in registry_values(record)]
    [('SEXPOP', 'BOTH'), ('AGEMIN', 'P18Y')]
    """
    section = record.get("protocolSection", {})
    found: list[RegistryValue] = []
    for line in _lines():
        held = _at(section, line.path)
        if line.rule == "phase":
            held = [" ".join(map(str, held))] if held else []
        for one in held:
            value = _value(line.rule, one, section)
            if value:
                found.append(RegistryValue(line.parameter, value, line.path))
    return tuple(dict.fromkeys(found))


def _at(section: Any, path: str) -> Sequence[Any]:
    """What stands at a path; ``[]`` goes through every item of a list."""
    held: list[Any] = [section]
    for name in path.split("."):
        inner = [
            one[name.removesuffix("[]")]
            for one in held
            if isinstance(one, dict) and name.removesuffix("[]") in one
        ]
        held = [item for one in inner for item in (one if isinstance(one, list) else [one])]
    return [one for one in held if one is not None and not isinstance(one, dict)]


def _value(rule: str, held: Any, section: Any) -> str:
    text = str(held).lower() if isinstance(held, bool) else str(held).strip()
    if rule == "text":
        return text
    if rule == "phase":
        return _PHASES.get(text, "")
    if rule == "age":
        age = _AGE.fullmatch(text)
        return _AGE_UNITS[age[2]].format(age[1]) if age else ""
    if rule.startswith("if "):
        path, _, wanted = rule.removeprefix("if ").partition("=")
        return text if wanted in map(str, _at(section, path)) else ""
    terms = dict(pair.split("=", 1) for pair in rule.removeprefix("terms ").split("|"))
    return terms.get(text, "")
