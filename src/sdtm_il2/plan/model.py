"""The plan: ordered steps with everything resolved. It touches no data, and it can be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdtm_il2.agency import AGENCIES, Agency
from sdtm_il2.bilingual import NO_TEXT, Bilingual
from sdtm_il2.errors import NOWHERE, Issue, Location
from sdtm_il2.plan.blocks import BlockPlan, SubmitPlan, TablePlan
from sdtm_il2.plan.calls import Call, ColumnRef, Literal, Operand, Ref, Rule, VariableRef
from sdtm_il2.plan.template import template_columns
from sdtm_il2.plan.visits import VISIT_COLUMNS, VISITS, VISITS_NODE, VisitsPlan
from sdtm_il2.spec.study import Choice, SourceSpec, StandardSpec, TranslationRow
from sdtm_il2.standards.model import VariableType


@dataclass(frozen=True, slots=True)
class SupplementalPlan:
    """A non-standard variable: its QLABEL, QEVAL and the variable that IDVAR names."""

    label: str
    evaluator: str = ""
    idvar: str = ""


@dataclass(frozen=True, slots=True)
class VariablePlan:
    """One variable of a domain; ``rules`` has one entry a block (None: missing in that block's records).

    ``automatic`` variables stand in no line of the specification. The long text of a ``continued`` variable goes on
    in variables of the same dataset (COVAL1, COVAL2 ...), not in SUPP--. ``codelists`` are the CDISC lists that bind
    the variable, ``study_list`` the name of a study list. ``terms`` is the map its values pass, if any.
    """

    name: str
    label: str
    type: VariableType
    role: str = ""
    core: str = ""
    rules: tuple[Rule | None, ...] = ()
    codelists: tuple[str, ...] = ()
    study_list: str = ""
    value_domain: str = ""
    supplemental: SupplementalPlan | None = None
    automatic: bool = False
    at: Location = NOWHERE
    continued: bool = False

    @property
    def mapped(self) -> bool:
        """Whether anything fills the variable; an Expected one that nothing maps is present without values."""
        return any(rule is not None for rule in self.rules)


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """The datasets in which a domain is submitted, with their labels, and for each value of ``by`` its dataset's place."""

    by: str
    datasets: tuple[tuple[str, str], ...]
    place_of: Mapping[str, int]
    at: Location

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the datasets."""
        return tuple(name for name, _ in self.datasets)


@dataclass(frozen=True, slots=True)
class DomainPlan:
    """One domain: blocks, variables in the standard's order (supplementals last), keys and order of records.

    ``value_levels`` are those that the specification states: a variable, and the variables that tell its levels apart.
    ``dictionaries`` code the domain, each with the version that is stated. ``split`` says in which datasets the domain
    is submitted, if it is not one.
    """

    domain: str
    label: str
    class_: str
    structure: str
    keys: tuple[str, ...]
    sort: tuple[str, ...]
    sort_file: bool
    blocks: tuple[BlockPlan, ...]
    variables: tuple[VariablePlan, ...]
    keys_not_unique: Bilingual = NO_TEXT
    submit: SubmitPlan | None = None
    at: Location = NOWHERE
    keys_at: Location = NOWHERE
    value_levels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    dictionaries: Mapping[str, str] = field(default_factory=dict)
    split: SplitPlan | None = None

    def variable(self, name: str) -> VariablePlan | None:
        """The variable of that name."""
        return next((one for one in self.variables if one.name == name), None)

    @property
    def identity(self) -> tuple[str, ...]:
        """The natural key without study, subject and domain."""
        return tuple(key for key in self.keys if key not in ("STUDYID", "USUBJID"))


@dataclass(frozen=True, slots=True)
class RelationshipPlan:
    """Records tied by a collected number, or (``datasets``: domain, variable, RELTYPE) datasets tied by a variable."""

    from_: str = ""
    column: ColumnRef | None = None
    to: VariableRef | None = None
    id_parts: tuple[Operand, ...] = ()
    datasets: tuple[tuple[str, str, str], ...] = ()
    relid: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """A file that goes beside define.xml: copied from ``path`` under the name ``target``; ``type`` acrf, guide or other."""

    id: str
    title: str
    path: Path
    target: str
    type: str


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the order: the records of a domain, one variable, its submit clause, or its order (--SEQ)."""

    kind: str
    domain: str
    variable: str = ""

    @property
    def node(self) -> str:
        """The step's name in messages and in `Plan.why`."""
        if self.domain == VISITS:
            return VISITS_NODE
        if self.kind == "variable":
            return f"{self.domain}.{self.variable}"
        return f"{self.domain} {self.kind}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps over the domains of a study.

    ``issues`` are what compiling noticed (no errors), ``files`` the specification's files with their SHA-256.
    ``labels`` are Chinese labels by dataset and variable ("" for the dataset's own), ``decodes`` Chinese decodes by
    codelist (C-code, or name of a study list) and term; see `label_zh`. ``choices`` is what this build chose
    otherwise than the study file. ``translations`` are there where the agency reads English; ``labels_translated``
    counts the labels and terms that each of them (by its place) translated. ``columns_elsewhere`` are sources and
    columns that builds for other agencies read.
    """

    study: str
    name: str
    description: str
    protocol: str
    agency: str
    usubjid: str
    standard: StandardSpec
    sources: tuple[SourceSpec, ...]
    domains: tuple[DomainPlan, ...]
    steps: tuple[Step, ...]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sponsor_terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    at: Location = NOWHERE
    tables: tuple[TablePlan, ...] = ()
    relationships: tuple[RelationshipPlan, ...] = ()
    visits: VisitsPlan | None = None
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    decodes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    documents: tuple[DocumentPlan, ...] = ()
    comments: Mapping[str, Bilingual] = field(default_factory=dict)
    agency_encoding: str = ""
    choices: tuple[Choice, ...] = ()
    translations: tuple[TranslationRow, ...] = ()
    labels_translated: Mapping[int, int] = field(default_factory=dict)
    columns_elsewhere: tuple[tuple[str, str], ...] = ()

    @property
    def receiver(self) -> Agency:
        """What the agency takes."""
        return AGENCIES[self.agency]

    @property
    def bilingual(self) -> bool:
        """Whether Define-XML is in English and Chinese: the study has Chinese labels or decodes."""
        return bool(self.labels or self.decodes)

    @property
    def chinese_labels(self) -> bool:
        """Whether the files bear Chinese labels: the agency reads them, and the study has some."""
        return self.receiver.chinese_labels and bool(self.labels)

    @property
    def encoding(self) -> str:
        """Character encoding of the XPT files, in which lengths are counted and long text is cut."""
        return self.agency_encoding or self.receiver.encodings[0]

    @property
    def visits_only(self) -> tuple[str, ...]:
        """The sources whose records have visits, but that no block reads: only `_VISITS` is made of them."""
        blocks = [block for domain in self.domains for block in domain.blocks]
        read = {block.source for block in blocks if not block.dataset}
        read |= {join.source for block in blocks for join in block.joins if not join.dataset}
        named = self.visits.sources if self.visits is not None else ()
        return tuple(one.source for one in named if one.source not in read)

    def domain(self, name: str) -> DomainPlan:
        """The domain of that name; KeyError if the study has none."""
        for domain in self.domains:
            if domain.domain == name:
                return domain
        raise KeyError(name)

    def label_zh(self, dataset: str, variable: str = "") -> str:
        """The Chinese label of a variable of a dataset, or of the dataset itself; "" where none is stated.

        A variable in which long text goes on (COVAL1) has the label of the one where it begins; the datasets of a
        domain that is split have its labels, unless a dataset has one of its own.
        """
        if not variable and (dataset, "") in self.labels:
            return self.labels[dataset, ""]
        dataset = self.whole(dataset)
        found = self.labels.get((dataset, variable), "")
        stem = variable.rstrip("0123456789")
        if found or not stem or stem == variable:
            return found
        for domain in self.domains:
            for one in domain.variables if domain.domain == dataset else ():
                if one.continued and one.name.startswith(stem):
                    return self.labels.get((dataset, one.name), "")
        return ""

    def whole(self, dataset: str) -> str:
        """The dataset that this one is a part of: LB for LBCH, SUPPLB for SUPPLBCH; others are whole themselves."""
        for domain in self.domains:
            for name in domain.split.names if domain.split is not None else ():
                if dataset in (name, f"SUPP{name}"):
                    return dataset.removesuffix(name) + domain.domain
        return dataset

    def source(self, name: str) -> SourceSpec:
        """The source of that name; KeyError if the study has none."""
        for source in self.sources:
            if source.name == name:
                return source
        raise KeyError(name)

    def columns(self) -> Iterator[tuple[str, str, str, Location]]:
        """Every raw column that the plan reads: source, column, what reads it (a variable or ``records``), place."""
        for source, column, reader, at in self._read_columns():
            visit = self.visits.source(source) if self.visits and column in VISIT_COLUMNS.values() else None
            for one in visit.columns if visit is not None else (column,):
                yield source, one, reader, at
        if self.visits is not None:
            yield from self.visits.columns()

    def _read_columns(self) -> Iterator[tuple[str, str, str, Location]]:
        for domain in self.domains:
            for index in range(len(domain.blocks)):
                yield from self.block_columns(domain, index)
        for relation in self.relationships:
            if relation.column is None:
                continue
            columns = (relation.column, *Rule(Call("template", relation.id_parts)).refs())
            for block in self.domain(relation.from_).blocks:
                for ref in columns:
                    if isinstance(ref, ColumnRef):
                        for source, column in block.raw_columns(ref):
                            yield source, column, "RELREC.RELID", relation.at

    def block_columns(self, domain: DomainPlan, index: int) -> Iterator[tuple[str, str, str, Location]]:
        """Every raw column that one block of a domain reads, as `columns` gives them."""
        block = domain.blocks[index]
        yield from _block_columns(domain, block)
        for variable in domain.variables:
            rule = variable.rules[index]
            if rule is None:
                continue
            for source, column, at in rule.source_columns():
                yield source, column, f"{domain.domain}.{variable.name}", at
            for ref in (*rule.refs(), *_cells(block, rule)):
                if isinstance(ref, ColumnRef):
                    for source, column in block.raw_columns(ref):
                        yield source, column, f"{domain.domain}.{variable.name}", rule.at
            if block.tests and rule.call.method == "tests":
                name = str(rule.call.arguments[0].text)  # type: ignore[union-attr]
                for row in block.tests.rows:
                    for column in template_columns(row.variables.get(name, "")):
                        yield block.source, column, f"{domain.domain}.{variable.name}", row.at

    def why(self, node: str) -> tuple[str, ...]:
        """What a step waits for."""
        return self.needs.get(node, ())


def _cells(block: BlockPlan, rule: Rule) -> tuple[ColumnRef, ...]:
    """The raw cells that the collected results of a tests table read."""
    tests = block.tests
    if tests is None:
        return ()
    if rule.call.method == "result" and "result" not in tests.cells:
        return tuple(ColumnRef("", row.column) for row in tests.rows)
    if rule.call.method == "standard_cell":
        cell = rule.call.arguments[0]
        return (tests.cells[cell.text],) if isinstance(cell, Literal) else ()
    names = {
        "result": ("result",),
        "unit": ("unit",),
        "indicator": ("indicator",),
        "limit": ("low", "high", "range"),
        "range_term": ("range",),
    }
    return tuple(tests.cells[name] for name in names.get(rule.call.method, ()) if name in tests.cells)


def _block_columns(plan: DomainPlan, block: BlockPlan) -> Iterator[tuple[str, str, str, Location]]:
    domain = plan.domain

    def own(refs: Iterator[tuple[Ref, Location]]) -> Iterator[tuple[str, str, str, Location]]:
        for ref, at in refs:
            if isinstance(ref, ColumnRef):
                for source, column in block.raw_columns(ref):
                    yield source, column, f"{domain} records", at

    def refs() -> Iterator[tuple[Ref, Location]]:
        for join in block.joins:
            yield from ((ref, join.at) for ref, _ in join.by)
            if join.where:
                yield from ((ColumnRef(join.alias, str(ref)), join.at) for ref in join.where.names.values())
        if block.where:
            yield from ((ref, block.where.at) for ref in block.where.names.values())
        for submit in (block.submit, plan.submit):
            if submit is not None:
                yield from ((ref, submit.at) for ref in submit.when.names.values())
        for each in block.each:
            yield ColumnRef("", each.name), each.at
        if block.group is not None:
            yield from ((ref, block.group.at) for ref in block.group.by)
        for decode in block.decode:
            yield from ((ref, decode.at) for ref, _ in decode.by)
        tests = block.tests
        if tests is None:
            return
        yield from ((ref, tests.at) for ref in tests.by)
        for ref in tests.cells.values():
            # the result cells are claimed by the variables that they fill, as lineage shows them
            yield ref, tests.at
        for clause in (tests.not_done, *tests.row_not_done):
            if clause is not None:
                yield from ((ref, clause.at) for ref in clause.names.values())
        for reason in (tests.reason, *tests.row_reasons):
            if reason is not None:
                call = reason if isinstance(reason, Call) else Call("assign", (reason,))
                yield from ((ref, tests.at) for ref in Rule(call).refs())
        for row in tests.rows:
            for column in template_columns(row.variables.get(f"{domain}ORRESU", "")):
                yield ColumnRef("", column), row.at
        if tests.wide:
            yield from ((ColumnRef("", row.column), row.at) for row in tests.rows)

    yield from own(refs())
    for join in block.joins:
        if not join.dataset:
            yield from ((join.source, other, f"{domain} records", join.at) for _, other in join.by)
