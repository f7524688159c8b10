"""Keys that stand for several lines: dictionaries become a join and its variables, tables become domains."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import json
from collections.abc import Mapping
from dataclasses import replace

from sdtm_il2.bilingual import NO_TEXT, Bilingual, said
from sdtm_il2.compile.names import Study
from sdtm_il2.compile.visits import NAMED_VISITS
from sdtm_il2.errors import Location
from sdtm_il2.plan.blocks import TABLE, TablePlan
from sdtm_il2.registry import registry_values
from sdtm_il2.spec.model import (
    BlockSpec,
    DictionarySpec,
    DomainSpec,
    JoinSpec,
    MethodCall,
    Supplemental,
    TableSpec,
    Text,
    VariableSpec,
)
from sdtm_il2.spec.study import StandardSpec

#: The variable that holds a level of MedDRA.
_MEDDRA = {"PT": "--DECOD", "PTCD": "--PTCD"}
#: Dictionaries as people call them.
_DICTIONARIES = {"meddra": "MedDRA", "whodrug": "WHODrug"}
#: Headers of the visits table that are no variables of TV.
_VISITS_ONLY = ("alias", "EPOCH", "from_day", "to_day")


def dictionaries(spec: DomainSpec, standard: StandardSpec) -> dict[str, str]:
    """The dictionaries that code a domain, with the version of its own or the study's; "" where none is stated."""
    return {
        one.dictionary: one.version
        or next((text for name, text in standard.dictionaries.items() if same_dictionary(name, one)), "")
        for one in spec.dictionaries
    }


def same_dictionary(name: str, spec: DictionarySpec) -> bool:
    """Whether a name under `standard` is that of the dictionary of a domain: WHODrug is WHODD, too."""
    stated = {"whodd": "whodrug"}.get(name.casefold(), name.casefold())
    return stated == spec.dictionary.casefold()


def coding_remark(dictionary: DictionarySpec) -> Bilingual:
    """What the build itself says of a coded term whose table states no version."""
    name_of = _DICTIONARIES[dictionary.dictionary.lower()]
    return said("coded_by", table=dictionary.source, dictionary=name_of)


def with_dictionaries(
    spec: DomainSpec, standard: StandardSpec, agency: str = "", origins: Mapping[str, str] | None = None
) -> DomainSpec:
    """`meddra` and `whodrug`: every block joins the coding source, and the levels fill their variables.

    ``origins`` are those that sources state; coded terms are Assigned by Sponsor where theirs says nothing.

    Each record has exactly one match, else DATA840 or DATA841 says so. A line of the specification beats a level.
    Where a level has a column by agency, that of `agency` counts. Without a version the preferred term has a
    comment that says what it was coded with.
    """
    versions = dictionaries(spec, standard)
    for dictionary in spec.dictionaries:
        words = coding_remark(dictionary)
        alias = dictionary.dictionary.lower()
        join = JoinSpec(alias, dictionary.source, dictionary.by, "1", at=dictionary.at)
        lines = tuple(
            VariableSpec(
                name,
                MethodCall("assign", (Text(f"{alias}.{column}", dictionary.at),), at=dictionary.at),
                origin=(origins or {}).get(dictionary.source, "") or "Assigned by Sponsor",
                comment=NO_TEXT if versions[dictionary.dictionary] or not name.endswith("DECOD") else words,
                supplemental=supplemental,
                at=dictionary.at,
            )
            for level, columns in dictionary.columns.items()
            for column in [columns.get(agency, columns.get("", ""))]
            for name, supplemental in [_variable_of(spec.domain, dictionary, level)]
        )
        stated = {one.name for one in spec.variables}
        spec = replace(
            spec,
            records=tuple(replace(block, join=(*block.join, join)) for block in spec.records),
            variables=(*spec.variables, *(one for one in lines if one.name not in stated)),
        )
    return spec


def columns_elsewhere(spec: DomainSpec, agency: str) -> tuple[tuple[str, str], ...]:
    """Source and column of what `meddra` and `whodrug` take for other agencies alone."""
    return tuple(
        (dictionary.source, column)
        for dictionary in spec.dictionaries
        for columns in dictionary.columns.values()
        for column in columns.values()
        if column != columns.get(agency, columns.get("", ""))
    )


def told_by_agency(spec: DomainSpec) -> dict[str, Location]:
    """The variables that a dictionary fills from another column for another agency, and where it stands."""
    stated = {one.name for one in spec.variables}
    return {
        name: dictionary.at
        for dictionary in spec.dictionaries
        for level, columns in dictionary.columns.items()
        for name, _ in [_variable_of(spec.domain, dictionary, level)]
        if len(set(columns.values())) > 1 and name not in stated
    }


def _variable_of(domain: str, dictionary: DictionarySpec, level: str) -> tuple[str, Supplemental | None]:
    if dictionary.dictionary.lower() == "meddra":
        return _MEDDRA.get(level, f"--{level}").replace("--", domain), None
    if level == "DRUG":
        return f"{domain}DECOD", None
    labels = {"CODE": "WHODrug Code"}
    number = level.removeprefix("ATC").removesuffix("CD")
    kind = "Code" if level.endswith("CD") else "Text"
    label = labels.get(level, f"ATC Level {number} {kind}")
    return ("DRUGCODE" if level == "CODE" else level), Supplemental(label, at=dictionary.at)


@functools.cache
def natural_keys() -> dict[str, tuple[str, ...]]:
    """The natural keys of the trial design datasets, which have no domain file to state them."""
    table = importlib.resources.files("sdtm_il2") / "data" / "natural_keys.csv"
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    return {row["domain"]: tuple(row["keys"].split()) for row in rows}


@functools.cache
def continued_variables() -> frozenset[tuple[str, str]]:
    """Variables of datasets whose text over 200 bytes goes on in variables of the same dataset (SDTMIG 5.1, 7.4.2)."""
    table = importlib.resources.files("sdtm_il2") / "data" / "continued.csv"
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    return frozenset((row["dataset"], row["variable"]) for row in rows)


def with_releases(study: Study, table: TableSpec) -> TableSpec:
    """A trial summary with the releases that `standard:` states, where its table leaves them out.

    They are TSVAL of SDTIGVER and SDTMVER (a value or a null flavor stands), and TSVCDVER beside CDISC CT: so one
    table serves every version that the study is built for.
    """
    if not {"TSPARMCD", "TSVAL"} <= set(table.headers):
        return table
    versions = {"SDTIGVER": study.standard.ig_version, "SDTMVER": study.standard.model_version}
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        cell = dict(zip(table.headers, row, strict=True))
        if not cell["TSVAL"] and not cell.get("TSVALNF", ""):
            cell["TSVAL"] = versions.get(cell["TSPARMCD"], "")
        if cell.get("TSVCDREF", "") == "CDISC CT" and cell.get("TSVCDVER") == "":
            cell["TSVCDVER"] = study.standard.ct_version
        rows.append(tuple(cell.values()))
    return replace(table, rows=tuple(rows))


def with_registry(study: Study, table: TableSpec) -> TableSpec:
    """A trial summary with what its registry record states beside the table; the table stands where both speak.

    PLAN430 names each parameter on which they differ, PLAN431 those that only the record has.
    """
    if not table.registry:
        return table
    record = json.loads((study.spec.folder / table.registry).read_text(encoding="utf-8"))
    headers = tuple(dict.fromkeys((*table.headers, "TSPARMCD", "TSPARM", "TSVAL")))
    held = [dict(zip(table.headers, row, strict=True)) for row in table.rows]
    stated: dict[str, list[str]] = {}
    for row in held:
        stated.setdefault(row["TSPARMCD"], []).append(row.get("TSVAL", ""))
    registered: dict[str, list[str]] = {}
    for one in registry_values(record):
        registered.setdefault(one.parameter, []).append(one.value)
    added: list[dict[str, str]] = []
    for parameter, values in registered.items():
        if parameter not in stated:
            name = study.standard.decode("TSPARMCD", parameter) or ""
            added += [{"TSPARMCD": parameter, "TSPARM": name, "TSVAL": value} for value in values]
        elif sorted(stated[parameter]) != sorted(values):
            study.problems.add(
                "PLAN430",
                f"TS.{parameter}",
                table.at,
                table="; ".join(stated[parameter]) or "nothing",
                registry="; ".join(values),
                file=table.registry,
            )
    if added:
        names = ", ".join(dict.fromkeys(row["TSPARMCD"] for row in added))
        study.problems.add("PLAN431", "TS", table.at, parameters=names, file=table.registry)
    if "TSSEQ" in table.headers:
        numbers: dict[str, int] = {}
        for row in added:
            numbers[row["TSPARMCD"]] = numbers.get(row["TSPARMCD"], 0) + 1
            row["TSSEQ"] = str(numbers[row["TSPARMCD"]])
    rows = tuple(tuple(row.get(header, "") for header in headers) for row in (*held, *added))
    return replace(table, headers=headers, rows=rows)


def table_domain(study: Study, table: TableSpec) -> DomainSpec:
    """A trial design table as a domain: one block from the table, each header that is a variable assigned."""
    dataset = study.standard.dataset(table.domain)
    headers = [
        header
        for header in table.headers
        if not (header in _VISITS_ONLY and (dataset is None or dataset.variable(header) is None))
    ]
    variables = tuple(
        VariableSpec(
            header,
            MethodCall("assign", (Text(header, table.at),), at=table.at),
            origin="Assigned by Sponsor" if header in NAMED_VISITS else "Protocol by Sponsor",
            at=table.at,
        )
        for header in headers
    )
    known = {*headers, "STUDYID", f"{table.domain}SEQ"}
    keys = tuple(
        Text(key, table.at) for key in natural_keys().get(table.domain, ("STUDYID",)) if key in known
    )
    block = BlockSpec("table", table_source(table.domain), at=table.at)
    # the rows have the order of their table, unless numbers are given within a topic
    numbered = dataset is not None and dataset.variable(f"{table.domain}SEQ") is not None
    return DomainSpec(
        table.domain, table.at.file, keys, (block,), variables, sort_file=not numbered, at=table.at
    )


def table_source(domain: str) -> str:
    """The name under which a partition holds the rows of a trial design table."""
    return f"{TABLE}{domain}"


def table_plans(tables: tuple[TableSpec, ...]) -> tuple[TablePlan, ...]:
    """The rows of the trial design tables, as the plan carries them."""
    return tuple(
        TablePlan(table_source(one.domain), one.headers, one.rows, one.table, one.lines) for one in tables
    )
