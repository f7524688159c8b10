"""Value levels: which variables of a dataset are described apart, and by the values of which others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.template import template_columns
from sdtm_il2.spec.model import TestRow

#: Variables of findings that differ by test.
_BY_TEST = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
#: What may tell tests of one code apart, in the order in which it is preferred.
_APART = ("BDAGNT", "TSTOPO", "TSTCND", "MRKSTR", "TSTDTL", "FTSDTL", "SPEC", "LOC", "METHOD", "CAT", "SCAT")


@dataclass(frozen=True, slots=True)
class LevelBy:
    """Why the levels of a variable differ: the variables in ``by``; ``stated`` in define/study.yaml."""

    by: tuple[str, ...]
    stated: bool = False


def levels_of(domain: DomainPlan) -> dict[str, LevelBy]:
    """The variables that are described by value, with the variables that tell their levels apart.

    Results of findings go by --TESTCD, and by further qualifiers where the tests table gives one code to tests
    of different lists, units, origins or methods; parameters of trial design (TSVAL) by their --PARMCD. What
    define/study.yaml states stands instead.
    """
    name = domain.domain
    held = {one.name for one in domain.variables if one.supplemental is None}
    found: dict[str, LevelBy] = {}
    if f"{name}TESTCD" in held:
        by = (f"{name}TESTCD", *_told_apart(domain, held))
        found = {f"{name}{suffix}": LevelBy(by) for suffix in _BY_TEST if f"{name}{suffix}" in held}
    if {f"{name}PARMCD", f"{name}VAL"} <= held:
        found[f"{name}VAL"] = LevelBy((f"{name}PARMCD",))
    for variable, names in domain.value_levels:
        found[variable] = LevelBy(names, stated=True)
    return found


def _facts(row: TestRow, domain: str) -> tuple[str, ...]:
    """What makes the result of one test differ from that of another."""
    return row.terms, row.origin, row.method.en, row.variables.get(f"{domain}ORRESU", ""), row.standard_unit


def _told_apart(domain: DomainPlan, held: Iterable[str]) -> tuple[str, ...]:
    """The qualifiers without which two tests of one code and of different facts are one level."""
    code = f"{domain.domain}TESTCD"
    tests: dict[str, list[TestRow]] = {}
    for block in domain.blocks:
        for row in block.tests.rows if block.tests is not None else ():
            if row.variables.get(code):
                tests.setdefault(row.variables[code], []).append(row)
    pairs = [
        (one, other)
        for rows in tests.values()
        for place, one in enumerate(rows)
        for other in rows[place + 1 :]
        if _facts(one, domain.domain) != _facts(other, domain.domain)
    ]
    names = [f"{domain.domain}{suffix}" for suffix in _APART if f"{domain.domain}{suffix}" in set(held)]
    chosen: list[str] = []
    for name in names:
        apart = [pair for pair in pairs if _differ(*pair, name)]
        if apart:
            chosen.append(name)
            pairs = [pair for pair in pairs if pair not in apart]
    return tuple(chosen)


def _differ(one: TestRow, other: TestRow, name: str) -> bool:
    """Whether the table gives two tests different constants in a variable."""
    texts = one.variables.get(name, ""), other.variables.get(name, "")
    return texts[0] != texts[1] and not any(template_columns(text) for text in texts)
