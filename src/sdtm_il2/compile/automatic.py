"""Variables that come by themselves: identifiers, --SEQ, study days, --TEST and the standard results."""

from __future__ import annotations

from sdtm_il2.compile.names import Study
from sdtm_il2.compile.rules import DERIVED
from sdtm_il2.errors import Location
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import Call, Literal, Options, Rule, VariableRef
from sdtm_il2.spec.model import DomainSpec
from sdtm_il2.standards import DatasetDef

#: Study day variable by the date that it belongs to.
STUDY_DAYS = {"--DTC": "--DY", "--STDTC": "--STDY", "--ENDTC": "--ENDY"}


#: Where the standard results of a laboratory go.
_STANDARD_CELLS = {
    "standard result": "STRESC",
    "standard unit": "STRESU",
    "standard low": "STNRLO",
    "standard high": "STNRHI",
}


def identifiers(study: Study, domain: DomainSpec, *, subjects: bool) -> dict[str, Rule]:
    """STUDYID, DOMAIN and (where the records have subjects) USUBJID."""
    rules = {
        "STUDYID": Rule(
            Call("hardcode", (Literal(study.spec.study),)), origin="Protocol by Sponsor", at=study.spec.at
        ),
        "DOMAIN": Rule(
            Call("hardcode", (Literal(domain.domain),)), origin="Assigned by Sponsor", at=domain.at
        ),
    }
    if subjects:
        rules["USUBJID"] = Rule(Call("usubjid"), origin=DERIVED, at=study.spec.at)
    return rules


def study_days(domain: str, filled: set[str], dataset: DatasetDef) -> dict[str, Rule]:
    """--DY, --STDY and --ENDY for every date that the domain maps, against DM.RFSTDTC."""
    rules: dict[str, Rule] = {}
    for date, day in STUDY_DAYS.items():
        variable, result = date.replace("--", domain), day.replace("--", domain)
        if variable in filled and dataset.variable(result) is not None:
            arguments = (VariableRef(domain, variable), VariableRef("DM", "RFSTDTC"))
            rules[result] = Rule(Call("study_day", arguments), origin=DERIVED)
    return rules


def test_name(study: Study, domain: str, dataset: DatasetDef, at: Location) -> dict[str, Rule]:
    """--TEST: the name that shares its concept with the term of --TESTCD."""
    code = dataset.variable(f"{domain}TESTCD")
    if code is None or dataset.variable(f"{domain}TEST") is None or not code.codelists:
        return {}
    pairs: dict[str, str] = {}
    for name in code.codelists:
        codes, names = study.standard.codelist(name), study.standard.paired(name)
        if codes is not None and names is not None:
            by_concept = {term.code: term.value for term in names.terms}
            pairs |= {term.value: by_concept[term.code] for term in codes.terms if term.code in by_concept}
    call = Call("paired", (VariableRef(domain, f"{domain}TESTCD"),), Options(pairs=pairs), at)
    return {f"{domain}TEST": Rule(call, origin="Assigned by Sponsor", at=at)}


def collected_results(domain: str, block: BlockPlan, mapped: set[str]) -> dict[str, Rule]:
    """What a tests table fills from raw cells: --ORRES, --ORRESU, --ORNRLO, --ORNRHI, --STAT, --REASND.

    Standard results that the laboratory reports stand before derived ones; ``mapped`` are the variables of DM,
    of which a table of ranges reads SEX and AGE.
    """
    tests = block.tests
    if tests is None:
        return {}
    rules = {f"{domain}ORRES": Rule(Call("result", at=tests.at), at=tests.at)}
    if "unit" in tests.cells or any(f"{domain}ORRESU" in row.variables for row in tests.rows):
        rules[f"{domain}ORRESU"] = Rule(Call("unit", at=tests.at), at=tests.at)
    for cell, variable in (("low", "ORNRLO"), ("high", "ORNRHI")):
        if cell in tests.cells or "range" in tests.cells:
            rules[f"{domain}{variable}"] = Rule(Call("limit", (Literal(cell),), at=tests.at), at=tests.at)
    if "range" in tests.cells and any(row.terms in tests.terms for row in tests.rows):
        rules[f"{domain}STNRC"] = Rule(Call("range_term", at=tests.at), origin=DERIVED, at=tests.at)
    for cell, variable in _STANDARD_CELLS.items():
        if cell in tests.cells:
            call = Call("standard_cell", (Literal(cell),), at=tests.at)
            rules[f"{domain}{variable}"] = Rule(call, at=tests.at)
    if "standard result" in tests.cells:
        call = Call("number_of", (VariableRef(domain, f"{domain}STRESC"),), at=tests.at)
        rules[f"{domain}STRESN"] = Rule(call, origin=DERIVED, at=tests.at)
    if tests.ranges:
        subject = tuple(VariableRef("DM", name) for name in ("SEX", "AGE") if name in mapped)
        own = (VariableRef(domain, f"{domain}ORRESU"), VariableRef(domain, f"{domain}DTC"))
        for cell, variable in (("low", "ORNRLO"), ("high", "ORNRHI")):
            call = Call("table_limit", (Literal(cell), *own, *subject), at=tests.at)
            rules[f"{domain}{variable}"] = Rule(call, origin="Assigned by Sponsor", at=tests.at)
    if tests.not_done is not None or any(tests.row_not_done):
        rules[f"{domain}STAT"] = Rule(Call("not_done"), origin=DERIVED, at=tests.at)
        if tests.reason is not None or any(tests.row_reasons):
            rules[f"{domain}REASND"] = Rule(Call("reason_not_done"), at=tests.at)
    return rules


def standard_results(domain: str, filled: set[str], dataset: DatasetDef, block: BlockPlan) -> dict[str, Rule]:
    """--STRESC, --STRESN, --STRESU, --STNRLO, --STNRHI and --NRIND from the original results."""

    def variable(suffix: str) -> VariableRef:
        return VariableRef(domain, f"{domain}{suffix}")

    rules: dict[str, Rule] = {}
    if f"{domain}ORRES" not in filled:
        return rules
    at = block.tests.at if block.tests else block.at
    units = (variable("ORRESU"),) if f"{domain}ORRESU" in filled else ()

    def add(suffix: str, method: str, *arguments: VariableRef | Literal) -> None:
        name = f"{domain}{suffix}"
        if dataset.variable(name) is not None:
            rules[name] = Rule(Call(method, arguments, at=at), origin=DERIVED, at=at)

    add("STRESC", "standard_text", variable("ORRES"), *units)
    add("STRESN", "standard_number", variable("ORRES"), *units)
    if units:
        add("STRESU", "standard_unit", *units)
    for original, standard in (("ORNRLO", "STNRLO"), ("ORNRHI", "STNRHI")):
        if f"{domain}{original}" in filled:
            add(standard, "standard_number", variable(original), *units)
    if block.tests is not None and "indicator" in block.tests.cells:
        add("NRIND", "indicator")
    elif f"{domain}ORNRLO" in filled or f"{domain}ORNRHI" in filled:
        # in the original unit: rounding to the standard unit must not move a result over its limit
        limits = [
            variable(suffix) if f"{domain}{suffix}" in filled else Literal("")
            for suffix in ("ORNRLO", "ORNRHI")
        ]
        add("NRIND", "range_indicator", variable("ORRES"), *limits)
    return rules
