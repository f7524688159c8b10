"""What a study's specification may be, decided from the profile of its raw files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sdtm_il2.errors import SourceError, issue
from sdtm_il2.standards import Standard, VariableDef
from sdtm_il2.starter.tests import TestsDraft, tests_of
from sdtm_il2.starter.text import listed, scalar
from sdtm_il2.survey.names import MOST_TERMS, match_term, plain
from sdtm_il2.survey.profile import ColumnProfile, PartProfile, Survey

#: What comes by itself, or is given by the tests table.
_AUTOMATIC: Final = ("STUDYID", "DOMAIN", "USUBJID")
_FINDINGS: Final = (
    "TESTCD", "TEST", "ORRES", "ORRESU", "ORNRLO", "ORNRHI", "NRIND", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI",
)  # fmt: skip
#: Natural keys by observation class, as far as they are mapped.
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "Events": ("--TERM", "--DECOD", "--STDTC", "--SPID"),
    "Interventions": ("--TRT", "--STDTC", "--SPID"),
    "Findings": ("--TESTCD", "--SPEC", "VISITNUM", "VISIT", "--DTC", "--POS", "--LOC", "--REFID"),
    "Findings About": ("--TESTCD", "--OBJ", "VISITNUM", "VISIT", "--DTC"),
}
_PRIVATE: Final = (
    "姓名",
    "身份证",
    "电话",
    "手机",
    "住址",
    "家庭地址",
    "patientname",
    "initials",
    "phone",
    "idcard",
)
_PREFIX: Final = re.compile(r"([0-9A-Za-z]+)[-_].+")
TO_DO: Final = "to do"


@dataclass(frozen=True, slots=True)
class VariableDraft:
    """One line under `variables:`; ``note`` says what to check."""

    name: str
    method: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """One source: what is written for it, and notes of what to check; ``read`` are columns that it accounts for."""

    name: str
    profile: PartProfile
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    dates: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    read: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """One item of `records:` with the variables of its source; ``open`` are columns that nothing reads yet."""

    source: SourceDraft
    variables: tuple[VariableDraft, ...]
    tests: TestsDraft | None
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainDraft:
    """One domain file."""

    domain: str
    label: str
    keys: tuple[str, ...]
    blocks: tuple[BlockDraft, ...]

    @property
    def ready(self) -> bool:
        """The domain can be built: if of findings, its tables name a test."""
        return all(block.tests is None or block.tests.named for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole study, ready to be written. ``terms`` are raw texts with the term that they mean, by codelist."""

    study: str
    standard: Standard
    sources: tuple[SourceDraft, ...]
    domains: tuple[DomainDraft, ...]
    terms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def draft_study(found: Survey, standard: Standard, study: str) -> Draft:
    """Draft sources, domains, tests tables and terms from the profile of raw files.

    A table becomes a domain where it looks like one, names its subjects and, if of findings, its tests.
    Everything is a proposal; what is required and not found stands as an empty constant marked "to do".
    Raises SourceError OUT923 where no table becomes a domain.
    """
    subjects = _Subjects(found.parts)
    sources = _sources(found.parts, subjects)
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
    domains = tuple(_domain(name, blocks[name], standard, subjects) for name in order)
    if not any(one.ready for one in domains):
        raise SourceError(issue("OUT923", names=", ".join(one.name for one in sources)))
    return Draft(study, standard, tuple(sources), domains, terms)


def _several(domain: str, standard: Standard) -> bool:
    """Whether a subject may have several records: all datasets with a --SEQ."""
    return standard.variable(domain, f"{domain}SEQ") is not None


# ---- sources ---------------------------------------------------------------------------------------------


class _Subjects:
    """How each table names its subjects: a column, site and number, or by way of another table."""

    def __init__(self, parts: Sequence[PartProfile]) -> None:
        self.parts = parts
        self.sited = any(_needs_site(one) for one in parts if one.domain == "DM")

    def named(self, part: PartProfile) -> bool:
        """Whether the table's records have subjects."""
        return bool(part.subject or self.link(part))

    def rule(self, part: PartProfile, names: Mapping[int, str]) -> str:
        """The value of `subject:`; "" for a table without subjects."""
        if part.subject:
            site = part.holding("SITEID") or part.holding("DM.SITEID")
            if self.sited and site:
                return scalar(f"{{{site}}}-{{{part.subject}}}")
            return scalar(part.subject)
        link = self.link(part)
        if link is None:
            return ""
        other, column = link
        take = scalar(other.subject)
        return f"{{lookup: {names[id(other)]}, by: {scalar(column)}, take: {take}}}"

    def columns(self, part: PartProfile) -> tuple[str, ...]:
        """The columns that name the subject."""
        link = self.link(part)
        site = part.holding("SITEID") or part.holding("DM.SITEID")
        return tuple(filter(None, (part.subject, site if self.sited else "", link[1] if link else "")))

    def link(self, part: PartProfile) -> tuple[PartProfile, str] | None:
        """A table that has a column of this one, one record a value, and names the subject."""
        if part.subject or self.sited or not part.domain:
            return None
        for other in self.parts:
            if other is part or not other.subject:
                continue
            for column in part.columns:
                twin = next((one for one in other.columns if one.name == column.name), None)
                if (
                    twin is not None
                    and column.filled == part.records
                    and twin.distinct == twin.filled == other.records
                    and column.values.keys() <= twin.values.keys()
                ):
                    return other, column.name
        return None


def _needs_site(part: PartProfile) -> bool:
    """The number of a subject is unique within its site only."""
    site = part.holding("DM.SITEID") or part.holding("SITEID")
    if not part.subject or not site or part.column(part.subject).distinct == part.records:
        return False
    frame = part.part.source.frame
    return not frame.duplicated(subset=[site, part.subject]).any()


def _decimal_commas(part: PartProfile) -> bool:
    """Whether numbers are written with a comma, and none with a point, in a file that no comma cuts."""
    texts = [
        text.strip() for name in part.part.source.columns for text in part.part.source.frame[name].unique()
    ]
    comma = any(re.fullmatch(r"[+-]?\d+,\d+", text) for text in texts)
    return comma and not any(re.fullmatch(r"[+-]?\d+\.\d+", text) for text in texts)


def _sources(parts: Sequence[PartProfile], subjects: _Subjects) -> list[SourceDraft]:
    names: dict[int, str] = {}
    for part in parts:
        names[id(part)] = _unique(_name(part), names.values())
    drafts = []
    for part in parts:
        spec = part.part.spec
        lines = [f"path: {scalar(spec.path)}"]
        if part.part.kind in ("text", "xpt") and spec.encoding != "utf-8":
            lines.append(f"encoding: {spec.encoding}")
        if spec.delimiter:
            lines.append(f"delimiter: {scalar(spec.delimiter)}")
            if _decimal_commas(part):
                lines.append('decimal: ","')
        if spec.header != (1,):
            rows = ", ".join(map(str, spec.header))
            lines.append(f"header: [{rows}]" if len(spec.header) > 1 else f"header: {rows}")
        lines += [
            f"{key}: {scalar(text)}"
            for key, text in (("sheet", spec.sheet), ("form", spec.form), ("group", spec.group))
            if text
        ]
        rule = subjects.rule(part, names)
        notes = []
        if rule:
            lines.append(f"subject: {rule}")
        elif part.domain:
            notes.append("no column names the subject: add subject:, and a domain file")
        if not rule and any(one.candidates for one in part.columns) and not part.domain:
            notes.append("a table without subjects: join it, or give it a subject")
        if part.part.also:
            notes.append(f"encodings that also read every byte: {', '.join(part.part.also)}")
        formats, dates = _dates(part)
        if dates:
            lines.append(f"dates: {dates}")
        notes += [
            f"{column.name}: {one} and {other} both fit all values; check which it is"
            for column in part.columns
            if column.dates is not None
            for one, other in column.dates.alike
        ]
        private = tuple(one.name for one in part.columns if plain(one.name) in _PRIVATE)
        if private:
            lines.append(f"private: [{', '.join(map(scalar, private))}]")
        known = _study_columns(part)
        if known:
            columns = ", ".join(f"{scalar(one)}: the study is known" for one in known)
            lines.append(f"not_submitted: {{columns: {{{columns}}}}}")
        read = frozenset((*private, *known, *subjects.columns(part)))
        drafts.append(SourceDraft(names[id(part)], part, tuple(lines), tuple(notes), formats, private, read))
    return drafts


def _study_columns(part: PartProfile) -> tuple[str, ...]:
    """Columns that name the study, or the domain, in every record."""
    return tuple(
        one.name
        for one in part.columns
        if one.distinct == 1
        and any(
            each.variable.rpartition(".")[2] in ("STUDYID", "DOMAIN") and each.by == "name"
            for each in one.candidates
        )
    )


def _name(part: PartProfile) -> str:
    spec = part.part.spec
    text = "_".join(filter(None, (Path(spec.path).stem, spec.sheet, spec.group or spec.form)))
    name = re.sub(r"[^0-9a-z\u4e00-\u9fff]+", "_", text.lower()).strip("_")
    return name if re.match(r"[a-z\u4e00-\u9fff]", name) else f"raw_{name}".rstrip("_")


def _unique(name: str, taken: Iterable[str]) -> str:
    held, number, found = set(taken), 2, name
    while found in held:
        found, number = f"{name}_{number}", number + 1
    return found


def _dates(part: PartProfile) -> tuple[tuple[str, ...], str]:
    """The formats that most date columns of a table share, and the value of `dates:`."""
    counted: dict[tuple[str, ...], int] = {}
    unknown: dict[str, None] = {}
    pivot = None
    for column in part.columns:
        if column.dates is not None:
            counted[column.dates.formats] = counted.get(column.dates.formats, 0) + 1
            unknown.update(dict.fromkeys(column.dates.unknown))
            pivot = pivot or column.dates.pivot
    if not counted:
        return (), ""
    formats = max(counted, key=lambda one: counted[one])
    parts = [f"format: {listed(formats)}"]
    if unknown:
        parts.append(f"unknown: {listed(unknown)}")
    if pivot:
        parts.append(f"pivot: {pivot}")
    return formats, f"{{{', '.join(parts)}}}"


# ---- domains ---------------------------------------------------------------------------------------------


def _block(source: SourceDraft, standard: Standard, terms: dict[str, dict[str, str]]) -> BlockDraft | None:
    """The block of one source; None for findings without a test."""
    part = source.profile
    domain = part.domain
    dataset = standard.dataset(domain)
    assert dataset is not None
    findings = dataset.class_.startswith("Findings")
    tests = tests_of(part, standard) if findings else None
    if findings and tests is None:
        return None
    taken = set(tests.columns) if tests is not None else set()
    variables: dict[str, VariableDraft] = {}
    for column in part.columns:
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
    name = scalar(column.name)
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
        return VariableDraft(variable.name, f"{{datetime: {name}{own}}}", note)
    if variable.type == "Num" and not column.is_number:
        note = "not all cells are numbers"
    if variable.codelists:
        left = _terms(column, variable, terms, standard)
        if left:
            note = f"{left} of {column.distinct} texts have no term yet: sdtm-il2 check --raw --show-values"
    return VariableDraft(variable.name, f"{{assign: {name}}}", note)


def _terms(
    column: ColumnProfile, variable: VariableDef, terms: dict[str, dict[str, str]], standard: Standard
) -> int:
    """Add the terms that raw texts mean; gives how many texts mean none."""
    if column.distinct > MOST_TERMS:
        return 0
    left = 0
    for text in column.values:
        for code in variable.codelists:
            listed_ = standard.codelist(code)
            found = match_term(code, text, standard)
            if found and listed_ is not None:
                if text.strip().casefold() != found.casefold():
                    terms.setdefault(code, {})[text.strip()] = found
                break
        else:
            left += 1
    return left


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
                variables[name] = VariableDraft(name, method, held.note)
                taken.add(column.name)
                break


def _domain(
    domain: str, blocks: Sequence[BlockDraft], standard: Standard, subjects: _Subjects
) -> DomainDraft:
    dataset = standard.dataset(domain)
    assert dataset is not None
    mapped: set[str] = set()
    whole = []
    for block in blocks:
        own = {one.name for one in block.variables}
        if block.tests is not None:
            own |= {f"{domain}TESTCD", f"{domain}TEST"}
        missing = [
            _required(variable.name, domain, block, subjects)
            for variable in dataset.variables
            if variable.core == "Req" and variable.name not in (*_AUTOMATIC, f"{domain}SEQ", *own)
        ]
        whole.append(replace(block, variables=(*block.variables, *missing)))
        mapped |= own | {one.name for one in missing}
    wanted = [name.replace("--", domain) for name in _KEYS.get(dataset.class_, ())]
    keys = ["STUDYID", "USUBJID", *(name for name in wanted if name in mapped)]
    if "VISITNUM" in keys and "VISIT" in keys:
        keys.remove("VISIT")
    return DomainDraft(domain, dataset.label, tuple(keys), tuple(whole))


def _required(name: str, domain: str, block: BlockDraft, subjects: _Subjects) -> VariableDraft:
    """A required variable that no column is: made from what is there, else an empty constant to fill."""
    part = block.source.profile
    if name == "SUBJID" and part.subject:
        return VariableDraft(name, f"{{assign: {scalar(part.subject)}}}")
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
            return VariableDraft(name, term.method, f"{TO_DO}: the dictionary's term")
    return VariableDraft(name, '{hardcode: ""}', f"{TO_DO}: required, and no column looks like it")
