"""Value levels: which variables of a dataset are described apart, and by the values of which others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sdtm_il2.plan.calls import Call, Literal
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


def level_rows(domain: DomainPlan, block: int, conditions: Mapping[str, str]) -> Iterator[TestRow]:
    """The rows of a block's tests table whose tests may meet the conditions; a template may give any value."""
    tests = domain.blocks[block].tests
    cells: list[tuple[str, str, bool]] = []
    for name, value in conditions.items():
        known = domain.variable(name)
        rule = known.rules[block] if known is not None else None
        if rule is None or rule.call.method == "tests":
            # where a cell is empty, the domain's line may give the value
            fallback = [one for one in rule.call.arguments if isinstance(one, Call)] if rule else []
            empty = any(_gives(one, value) for one in fallback) if fallback else not value
            cells.append((name, value, empty))
        elif not may_hold(domain, name, block, value):
            return
    for row in tests.rows if tests is not None else ():
        texts = row.variables
        if texts.get(f"{domain.domain}TESTCD") and all(
            text == value or bool(template_columns(text)) if (text := texts.get(name, "")) else empty
            for name, value, empty in cells
        ):
            yield row


def may_hold(domain: DomainPlan, name: str, block: int, value: str) -> bool:
    """Whether the records of one block may have a value: a constant is the only value that its block gives."""
    known = domain.variable(name)
    given = known.rules[block] if known is not None else None
    if given is None:
        return not value
    return given.when is not None or _gives(given.call, value)


def _gives(call: Call, value: str) -> bool:
    """Whether a method may give a value; a constant gives itself alone."""
    return call.method != "hardcode" or any(
        isinstance(one, Literal) and one.text == value for one in call.arguments
    )


def result_list(domain: DomainPlan, conditions: Mapping[str, str]) -> str:
    """The list that all standard results of a value level pass; "" where one of them passes none, or another."""
    named: set[str] = set()
    result = domain.variable(f"{domain.domain}STRESC")
    for block, plan in enumerate(domain.blocks):
        if result is None or result.rules[block] is None:
            continue
        if plan.tests is None:
            if all(may_hold(domain, name, block, value) for name, value in conditions.items()):
                named.add("")
            continue
        for row in level_rows(domain, block, conditions):
            named.add("" if row.forms else row.terms)
    return named.pop() if len(named) == 1 else ""
