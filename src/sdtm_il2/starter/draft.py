"""What a study's specification may be, decided from the profile of its raw files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sdtm_il2.errors import SourceError, issue
from sdtm_il2.standards import Standard, VariableDef
from sdtm_il2.starter.coding import coding_of
from sdtm_il2.starter.keys import natural_key
from sdtm_il2.starter.model import (
    TO_DO,
    BlockDraft,
    CodingDraft,
    DomainDraft,
    Draft,
    SourceDraft,
    VariableDraft,
)
from sdtm_il2.starter.sources import Subjects, draft_sources
from sdtm_il2.starter.terms import add_terms
from sdtm_il2.starter.tests import tests_of
from sdtm_il2.starter.text import listed, scalar
from sdtm_il2.survey.names import plain
from sdtm_il2.survey.profile import ColumnProfile, Survey

#: What comes by itself, or is given by the tests table.
_AUTOMATIC: Final = ("STUDYID", "DOMAIN", "USUBJID")
_FINDINGS: Final = (
    "TESTCD", "TEST", "ORRES", "ORRESU", "ORNRLO", "ORNRHI", "NRIND", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI",
)  # fmt: skip
#: Words of columns that hold the day of the visit.
_VISIT_DAYS: Final = ("visitdate", "dateofvisit", "访视日期")
_PREFIX: Final = re.compile(r"([0-9A-Za-z]+)[-_].+")


def draft_study(found: Survey, standard: Standard, study: str) -> Draft:
    """Draft sources, domains, tests tables and terms from the profile of raw files.

    A table becomes a domain where it looks like one, names its subjects and, if of findings, its tests.
    Everything is a proposal. A line that the data do not bear out (texts without a term, numbers that are none) and a
    required variable that no column is stand as open points, marked "to do"; a domain waits for the latter, but for DM.
    Raises SourceError OUT923 where no table becomes a domain.
    """
    subjects = Subjects(found.parts)
    sources = draft_sources(found.parts, subjects)
    terms: dict[str, dict[str, str]] = {}
    blocks: dict[str, list[BlockDraft]] = {}
    for source in sources:
        domain = source.profile.domain
        if not domain or not subjects.named(source.profile) or standard.dataset(domain) is None:
            continue
        if domain in blocks and not _several(domain, standard):
            continue  # one record a subject: the first table makes it
        block = _block(source, standard, terms)
        if block is not None:
            blocks.setdefault(domain, []).append(block)
    order = [name for name in standard.dataset_names if name in blocks]
    domains = tuple(_domain(name, blocks[name], standard, subjects, terms, sources) for name in order)
    if not any(one.ready for one in domains):
        domains = tuple(_not_waiting(one) for one in domains)
    if not any(one.ready for one in domains):
        raise SourceError(issue("OUT923", names=", ".join(one.name for one in sources)))
    return Draft(study, standard, tuple(sources), domains, terms)


def _several(domain: str, standard: Standard) -> bool:
    """Whether a subject may have several records: all datasets with a --SEQ."""
    return standard.variable(domain, f"{domain}SEQ") is not None


def _not_waiting(domain: DomainDraft) -> DomainDraft:
    """A domain with empty constants for what it waits for: the only one that there is."""
    blocks = tuple(
        replace(
            block,
            variables=tuple(
                replace(one, open=one.open and one.name not in domain.waits_for) for one in block.variables
            ),
        )
        for block in domain.blocks
    )
    return replace(domain, blocks=blocks, waits_for=())


# ---- domains ---------------------------------------------------------------------------------------------


def _block(source: SourceDraft, standard: Standard, terms: dict[str, dict[str, str]]) -> BlockDraft | None:
    """The block of one source; None for findings without a test."""
    part = source.profile
    domain = part.domain
    dataset = standard.dataset(domain)
    assert dataset is not None
    findings = dataset.class_.startswith("Findings")
    tests = tests_of(part, standard, terms) if findings else None
    if findings and tests is None:
        return None
    taken = set(tests.columns) if tests is not None else set()
    variables: dict[str, VariableDraft] = {}
    # a day of its own says more than that of the visit
    for column in sorted(part.columns, key=_of_visit):
        if column.name in taken or column.name in source.private:
            continue
        variable = _variable_of(column, domain, standard, variables, skip=findings)
        if variable is None:
            continue
        line = _line(source, column, variable, terms, standard)
        if line is not None:
            variables[variable.name] = line
            taken.add(column.name)
    _add_times(source, variables, taken)
    open_ = tuple(
        one.name
        for one in part.columns
        if one.filled and one.name not in taken and one.name not in source.read
    )
    return BlockDraft(source, tuple(variables.values()), tests, open_)


def _of_visit(column: ColumnProfile) -> bool:
    return any(word in plain(column.name) for word in _VISIT_DAYS)


def _variable_of(
    column: ColumnProfile, domain: str, standard: Standard, done: Mapping[str, VariableDraft], *, skip: bool
) -> VariableDef | None:
    """The variable of the domain that a column is most likely to be, if no other column is it already."""
    for candidate in column.candidates:
        head, _, name = candidate.variable.rpartition(".")
        if head not in ("", domain) or not name or name in _AUTOMATIC or name in done:
            continue
        if name.endswith(("SEQ", "DY")) or (skip and name[2:] in _FINDINGS):
            continue
        if candidate.by == "content" and column.distinct < 2:
            continue
        variable = standard.variable(domain, name)
        if variable is not None and (head or name in ("VISIT", "VISITNUM", "SITEID", "SUBJID")):
            return variable
    return None


def _line(
    source: SourceDraft, column: ColumnProfile, variable: VariableDef, terms: dict[str, dict[str, str]],
    standard: Standard,
) -> VariableDraft | None:  # fmt: skip
    """How a column makes a variable; None for a column that is none of its kind, or empty."""
    name, part_domain = scalar(column.name), source.profile.domain
    by_content = not any(one.by == "name" for one in column.candidates)
    note = "by its values only: check" if by_content else ""
    if not column.filled:
        return None
    if variable.name.endswith("DTC"):
        if column.dates is None:
            return None
        own = (
            ""
            if set(column.dates.formats) <= set(source.dates)
            else f", format: {listed(column.dates.formats)}"
        )
        return VariableDraft(variable.name, f"{{datetime: {name}{own}}}", note, (column.name,))
    # a record of DM is needed for every subject: what it requires stays, and the build tells what is wrong with it
    kept = part_domain == "DM" and variable.core == "Req"
    line = VariableDraft(variable.name, f"{{assign: {name}}}", note, (column.name,))
    if variable.type == "Num" and not column.all_numbers:
        return replace(line, note=f"{TO_DO}: not all cells are numbers", open=not kept)
    left = add_terms(column.values, variable.codelists, terms, standard)
    if left:
        what = f"{left} of {column.distinct} texts without a term: sdtm-il2 profile --show-values"
        return replace(line, note=f"{TO_DO}: {what}", open=not kept)
    return line


def _add_times(source: SourceDraft, variables: dict[str, VariableDraft], taken: set[str]) -> None:
    """A column of times of day joins the date of the same variable."""
    for column in source.profile.columns:
        if column.looks != "time" or column.name in taken:
            continue
        for candidate in column.candidates:
            name = candidate.variable.rpartition(".")[2]
            held = variables.get(name)
            if held is not None and held.method.startswith("{datetime: ") and "[" not in held.method:
                date, comma, rest = (
                    held.method.removeprefix("{datetime: ").removesuffix("}").partition(", format:")
                )
                method = f"{{datetime: [{date}, {scalar(column.name)}]{comma}{rest}}}"
                variables[name] = replace(held, method=method, columns=(*held.columns, column.name))
                taken.add(column.name)
                break


def _domain(
    domain: str,
    blocks: Sequence[BlockDraft],
    standard: Standard,
    subjects: Subjects,
    terms: dict[str, dict[str, str]],
    sources: Sequence[SourceDraft],
) -> DomainDraft:
    dataset = standard.dataset(domain)
    assert dataset is not None
    required = [one for one in dataset.variables if one.core == "Req" and one.name not in _AUTOMATIC]
    coding = _coding(domain, blocks, sources)
    if coding is not None:
        required = [one for one in required if one.name != f"{domain}DECOD"]
    whole = []
    for block in blocks:
        own = {one.name for one in block.variables} | {f"{domain}SEQ"}
        if block.tests is not None:
            own |= {f"{domain}{ending}" for ending in ("TESTCD", "TEST", "ORRES", "STRESC")}
        missing = [
            _required(one, domain, block, subjects, terms, standard)
            for one in required
            if one.name not in own
        ]
        whole.append(replace(block, variables=(*block.variables, *missing)))
    names = {one.name for one in required}
    # a table with all that is required does not wait for another
    sound = [block for block in whole if not _open_names(block) & names]
    found = sound or whole
    waits_for = tuple(
        dict.fromkeys(
            one.name for block in found for one in block.variables if one.open and one.name in names
        )
    )
    keys, unique = natural_key(dataset, found, names, subjects)
    return DomainDraft(domain, dataset.label, keys, tuple(found), waits_for, unique, coding)


def _coding(domain: str, blocks: Sequence[BlockDraft], sources: Sequence[SourceDraft]) -> CodingDraft | None:
    """The table that codes the reported terms of every block; None where a column holds the dictionary's term itself."""
    found: list[CodingDraft | None] = []
    for block in blocks:
        lines = {one.name: one for one in block.variables}
        term = lines.get(f"{domain}TERM")
        if term is None or len(term.columns) != 1 or f"{domain}DECOD" in lines:
            return None
        found.append(coding_of(block.source.profile, term.columns[0], sources))
    return found[0] if len(set(found)) == 1 else None


def _open_names(block: BlockDraft) -> set[str]:
    return {one.name for one in block.variables if one.open}


def _required(
    variable: VariableDef,
    domain: str,
    block: BlockDraft,
    subjects: Subjects,
    terms: dict[str, dict[str, str]],
    standard: Standard,
) -> VariableDraft:
    """A required variable that no column is: made from what is there, else an empty constant to fill."""
    part, name = block.source.profile, variable.name
    if name == "SUBJID" and part.subject:
        return VariableDraft(name, f"{{assign: {scalar(part.subject)}}}", columns=(part.subject,))
    if name == "SITEID" and part.subject and not subjects.sited:
        sites = [_PREFIX.fullmatch(text.strip()) for text in part.column(part.subject).values]
        lengths = {len(one[1]) for one in sites if one is not None}
        if all(sites) and len(lengths) == 1:
            first = f"{{{part.subject}:1-{lengths.pop()}}}"
            return VariableDraft(
                name, f"{{template: {scalar(first)}}}", "check: the first part of the subject"
            )
    if name == f"{domain}DECOD":
        term = next((one for one in block.variables if one.name in (f"{domain}TERM", f"{domain}TRT")), None)
        if term is not None:
            line = VariableDraft(name, term.method, f"{TO_DO}: the dictionary's term", term.columns)
            own: dict[str, dict[str, str]] = {}
            left = sum(
                add_terms(part.column(one).values, variable.codelists, own, standard) for one in term.columns
            )
            if not left:
                for code, pairs in own.items():
                    terms.setdefault(code, {}).update(pairs)
            return replace(line, open=bool(left))
    open_ = domain != "DM"
    return VariableDraft(
        name, '{hardcode: ""}', f"{TO_DO}: required, and no column looks like it", open=open_
    )
