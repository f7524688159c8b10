"""compile_plan: a specification and a standard become ordered steps, or all problems at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from sdtm_il2.compile.automatic import collected_results, identifiers, standard_results, study_days, test_name
from sdtm_il2.compile.blocks import compile_block, compile_submit
from sdtm_il2.compile.define import (
    check_comments,
    compile_documents,
    with_pages,
    with_value_levels,
)
from sdtm_il2.compile.english import Labels, english_labels
from sdtm_il2.compile.labels import compile_decodes, compile_labels
from sdtm_il2.compile.languages import check_languages
from sdtm_il2.compile.names import Scope, Study, nearest
from sdtm_il2.compile.order import expand_all_dates, order_steps
from sdtm_il2.compile.relationships import compile_relationships, with_comments
from sdtm_il2.compile.rules import compile_rule
from sdtm_il2.compile.split import compile_split
from sdtm_il2.compile.sugar import (
    columns_elsewhere,
    continued_variables,
    dictionaries,
    table_domain,
    table_plans,
    told_by_agency,
    with_dictionaries,
    with_registry,
    with_releases,
)
from sdtm_il2.compile.terms import bind, check_codelists
from sdtm_il2.compile.timing import epoch_call, epoch_date
from sdtm_il2.compile.versions import domains_of_version, tables_of_version
from sdtm_il2.compile.visits import compile_visits, visit_variables
from sdtm_il2.compile.without_effect import refuse_without_effect
from sdtm_il2.errors import NOWHERE, PlanError, Problems, SpecError, StandardsError
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import Call, Literal, Options, Rule, VariableRef
from sdtm_il2.plan.model import DomainPlan, Plan, SupplementalPlan, VariablePlan
from sdtm_il2.spec.model import BlockSpec, DomainSpec, VariableSpec
from sdtm_il2.spec.study import StudySpec
from sdtm_il2.standards import DatasetDef, Standard, VariableDef, available_releases, load_standard


def compile_plan(spec: StudySpec, standard: Standard) -> Plan:
    """Every variable of every domain gets one rule a block, and the variables an order; no data is read.

    Raises SpecError (names, terms, variables: SPEC1xx, STD2xx) or PlanError (order: PLAN4xx) with all problems.
    """
    problems = Problems()
    study, plan, english = _unordered(spec, standard, problems)
    _check_private(plan, problems)
    problems.stop(SpecError)
    domains = expand_all_dates(plan.domains)
    steps, needs = order_steps(domains, problems, plan.visits)
    problems.stop(PlanError)
    sponsor = {
        one.name: tuple(
            dict.fromkeys(
                english.english(text)
                for text in [term.text for term in one.added] or [entry.term for entry in one.terms]
            )
        )
        for one in spec.codelists
        if one.sponsor or one.added
    }
    return replace(
        plan, domains=domains, steps=steps, needs=needs, sponsor_terms=sponsor, issues=tuple(problems.found),
        files=tuple((name, hashlib.sha256((spec.folder / name).read_bytes()).hexdigest()) for name in spec.files),
        documents=compile_documents(study), labels_translated=english.used,
    )  # fmt: skip


def columns_read(spec: StudySpec, standard: Standard) -> Plan:
    """What a specification with mistakes reads of the raw files: a plan without order, never to be built.

    It has what could be compiled; a variable or block with a mistake is not in it.
    """
    return _unordered(spec, standard, Problems())[1]


def _unordered(spec: StudySpec, standard: Standard, problems: Problems) -> tuple[Study, Plan, Labels]:
    """Everything but the order of the steps; what is wrong is added to `problems`, and left out."""
    study = Study(spec, standard, {}, {one.name: one for one in spec.sources}, problems)
    origins = {one.name: one.origin for one in spec.sources}
    named = with_comments(
        [with_dictionaries(one, spec.standard, spec.agency, origins) for one in domains_of_version(study)]
    )
    tables = tuple(with_registry(study, with_releases(study, one)) for one in tables_of_version(study))
    named += [table_domain(study, one) for one in tables]
    study = replace(study, domains={one.domain: one for one in named})
    refuse_without_effect(study)
    check_codelists(study)
    domains: list[DomainPlan] = []
    for one in study.domains.values():
        if study.applies(one.ig):
            compiled = _domain(study, one)
            if compiled is not None:
                domains.append(compiled)
    labelled, english = english_labels(study, tuple(domains))
    visits = compile_visits(study, labelled)
    relationships = compile_relationships(study, labelled)
    labels = compile_labels(study, labelled)
    decodes = compile_decodes(study)
    levelled = with_value_levels(study, with_pages(study, labelled))
    check_comments(study)
    check_languages(study)
    _check_order(study, labelled)
    plan = Plan(
        spec.study, spec.name, spec.description, spec.protocol, spec.agency, spec.usubjid,
        replace(spec.standard, ct=standard.ct_version), spec.sources, levelled, (), at=spec.at,
        tables=table_plans(tables), relationships=relationships, visits=visits, labels=labels, decodes=decodes,
        comments={name: one.words for name, one in spec.comments.items()}, agency_encoding=spec.agency_encoding,
        choices=spec.choices, translations=english.rows,
        columns_elsewhere=tuple(pair for one in spec.domains for pair in columns_elsewhere(one, spec.agency)),
    )  # fmt: skip
    return study, plan, english


def _check_order(study: Study, domains: tuple[DomainPlan, ...]) -> None:
    """PLAN441: records are ordered by a coded text that is another one for another agency, so --SEQ differs too."""
    by_agency = {one.domain: told_by_agency(one) for one in study.spec.domains}
    for domain in domains:
        found = by_agency.get(domain.domain, {})
        names = [name for name in domain.sort if name in found and not domain.sort_file]
        if names:
            study.problems.add("PLAN441", domain.domain, found[names[0]], variables=", ".join(names))


def _check_private(plan: Plan, problems: Problems) -> None:
    """SPEC162: a private column is mapped."""
    private = {(source.name, column.text) for source in plan.sources for column in source.private}
    told = set()
    for source, column, reader, at in plan.columns():
        if (source, column) in private and (source, column) not in told:
            told.add((source, column))
            problems.add("SPEC162", reader, at, column=column, source=source)


def _dataset(study: Study, spec: DomainSpec) -> DatasetDef | None:
    found = study.standard.dataset(spec.domain)
    if found is not None:
        return found
    if spec.class_ and spec.label and spec.structure:
        try:
            return study.standard.custom_dataset(spec.domain, spec.label, spec.class_, spec.structure)
        except StandardsError as fault:
            study.problems.found += [replace(one, at=spec.at) for one in fault.issues]
            return None
    close = nearest(spec.domain, [one.name for one in study.standard.datasets])
    study.problems.add(
        "SPEC124",
        spec.domain,
        spec.at,
        ig=study.ig_version,
        nearest=f"did you mean {close}? " if close else "",
    )
    return None


def _domain(study: Study, spec: DomainSpec) -> DomainPlan | None:
    dataset = _dataset(study, spec)
    if dataset is None:
        return None
    blocks: list[tuple[BlockSpec, BlockPlan]] = []
    for block in spec.records:
        if study.applies(block.ig):
            compiled = compile_block(study, spec, dataset, block)
            if compiled is not None:
                blocks.append((block, compiled))
    named = {one.name: one for one in spec.variables if study.applies(one.ig)}
    rules: list[dict[str, Rule]] = []
    stated: dict[str, VariableSpec] = {}
    for block, compiled in blocks:
        found, lines = _block_rules(study, spec, dataset, named, block, compiled)
        rules.append(found)
        for name, line in lines.items():
            stated.setdefault(name, line)
    names = dict.fromkeys(name for found in rules for name in found)
    variables = [
        one
        for name in names
        if (one := _variable(study, spec, dataset, name, stated.get(name), rules)) is not None
    ]
    seq = f"{spec.domain}SEQ"
    known_seq = dataset.variable(seq)
    if known_seq is not None and blocks and named.get(seq, VariableSpec(seq, None, at=spec.at)).at is spec.at:
        rule = Rule(Call("sequence"), origin="Derived by Sponsor", at=spec.at)
        variables.append(_plan_variable(known_seq, tuple(rule for _ in blocks), automatic=True))
    order = {one.name: place for place, one in enumerate(study.variables(dataset))}
    variables.sort(key=lambda one: (one.supplemental is not None, order.get(one.name, len(order))))
    dropped = {one.name for one in (*named.values(), *stated.values()) if one.method is None}
    unmapped = _unmapped(study, spec, dataset, {one.name for one in variables}, dropped)
    keys = _keys(study, spec, {one.name for one in variables if one.supplemental is None})
    sort = tuple(text.text for text in spec.sort) or keys
    if any(one.name == seq and one.automatic for one in variables):
        sort = tuple(name for name in sort if name != seq)  # the order gives the number, not the reverse
    variables = [_with_identity(one, keys, variables, spec.domain) for one in variables]
    nothing = tuple(None for _ in blocks)
    variables += [replace(_plan_variable(one, nothing, automatic=True), at=spec.at) for one in unmapped]
    variables.sort(key=lambda one: (one.supplemental is not None, order.get(one.name, len(order))))
    scope = Scope(study, spec.domain, None)
    return DomainPlan(
        spec.domain, spec.label or dataset.label, dataset.define_class, spec.structure or dataset.structure,
        keys, tuple(name for name in sort if name not in ("STUDYID", "USUBJID")), spec.sort_file,
        tuple(block for _, block in blocks), tuple(variables), spec.keys_not_unique,
        compile_submit(scope, spec.submit), spec.at,
        spec.keys[0].at if spec.keys else spec.at, (),
        {name: text for name, text in dictionaries(spec, study.spec.standard).items() if text},
        compile_split(study, spec, variables),
    )  # fmt: skip


def _with_identity(
    variable: VariablePlan, keys: tuple[str, ...], variables: list[VariablePlan], domain: str
) -> VariablePlan:
    """`last_before` compares records of one test: --TESTCD and every qualifier in the natural key."""
    if not any(rule is not None and rule.call.method == "last_before" for rule in variable.rules):
        return variable
    roles = {one.name: one.role for one in variables}
    names = [key for key in keys if "Qualifier" in roles.get(key, "") or roles.get(key) == "Topic"]
    if f"{domain}TESTCD" in roles and f"{domain}TESTCD" not in names:
        names.insert(0, f"{domain}TESTCD")
    identity = tuple(VariableRef(domain, name) for name in names)
    rules = tuple(
        replace(rule, call=replace(rule.call, options=replace(rule.call.options, identity=identity)))
        if rule
        else None
        for rule in variable.rules
    )
    return replace(variable, rules=rules)


def _block_rules(
    study: Study,
    spec: DomainSpec,
    dataset: DatasetDef,
    named: dict[str, VariableSpec],
    block: BlockSpec,
    compiled: BlockPlan,
) -> tuple[dict[str, Rule], dict[str, VariableSpec]]:
    """The rules of one block by variable: the block's own line, the tests table, the domain's line, else automatic."""
    scope = Scope(study, spec.domain, block)
    domain = spec.domain
    source = study.sources.get(block.from_)
    subjects = dataset.variable("USUBJID") is not None
    if subjects and source is not None and source.subject is None:
        study.problems.add("SPEC127", domain, block.at, source=source.name, domain=domain)
    lines = {**named, **{one.name: one for one in block.variables if study.applies(one.ig)}}
    own = {one.name for one in block.variables if study.applies(one.ig)}
    rules: dict[str, Rule] = identifiers(study, spec, subjects=subjects)
    rules |= collected_results(domain, compiled, _mapped(study, "DM"))
    _source_origin(rules, source.origin if source else "", block.origin)
    dropped = {name for name, line in lines.items() if line.method is None}
    for name, line in lines.items():
        if line.method is not None:
            rule = compile_rule(scope, line, dataset.variable(name) or study.standard.variable(domain, name))
            if rule is not None:
                rules[name] = rule
    for header in dict.fromkeys(header for decode in block.decode for header in decode.headers):
        known = dataset.variable(header)
        if known is not None and header not in lines:
            terms = bind(study, f"{domain}.{header}", None, known).terms
            rules[header] = Rule(
                Call("decode", (Literal(header),), Options(terms=terms)),
                origin="Assigned by Sponsor",
                at=block.at,
            )
    left_open: set[str] = set()
    if compiled.tests is not None:
        for name in dict.fromkeys(name for row in compiled.tests.rows for name in row.variables):
            if name in own or name == f"{domain}ORRESU":
                continue
            fallback = (rules[name].call,) if name in rules and name in named else ()
            if not fallback and not all(row.variables.get(name) for row in compiled.tests.rows):
                left_open.add(name)
            rules[name] = Rule(
                Call("tests", (Literal(name), *fallback), at=compiled.tests.at),
                origin="Assigned by Sponsor", at=compiled.tests.at,
            )  # fmt: skip
    automatic = standard_results(domain, set(rules), dataset, compiled)
    if f"{domain}TESTCD" in rules and (f"{domain}TEST" not in rules or f"{domain}TEST" in left_open):
        automatic |= test_name(study, domain, dataset, compiled.at)
    automatic |= visit_variables(study, domain, dataset, compiled)
    automatic |= (
        study_days(domain, (set(rules) | set(automatic)) - dropped, dataset)
        if _has_reference_start(study) and domain in study.domains
        else {}
    )
    automatic |= _automatic_epoch(scope, dataset, (set(rules) | set(automatic)) - dropped)
    for line in study.spec.derive:
        name = line.name.replace("--", domain)
        if name in automatic and line.method is None:
            del automatic[name]
        elif name in automatic:
            rule = compile_rule(scope, replace(line, name=name), dataset.variable(name))
            if rule is not None:
                automatic[name] = rule
    for name, rule in automatic.items():
        if name in left_open:  # an empty cell of the tests table: what comes by itself
            given = rules[name].call
            rules[name] = replace(rules[name], call=replace(given, arguments=(*given.arguments, rule.call)))
        rules.setdefault(name, rule)
    return {name: rule for name, rule in rules.items() if name not in dropped}, lines


def _automatic_epoch(scope: Scope, dataset: DatasetDef, filled: set[str]) -> dict[str, Rule]:
    """EPOCH from SE, where the study has elements and the domain a date."""
    found = epoch_date(scope.study, scope.domain)
    if "SE" not in scope.study.domains or scope.domain in ("SE", "DM") or dataset.variable("EPOCH") is None:
        return {}
    if found is None or found[0].variable not in filled:
        return {}
    at = scope.block.at if scope.block else NOWHERE
    return {"EPOCH": Rule(epoch_call(scope, found[0], found[1], at), origin="Derived by Sponsor", at=at)}


def _mapped(study: Study, domain: str) -> set[str]:
    """The variables that a domain's file maps."""
    spec = study.domains.get(domain)
    if spec is None:
        return set()
    lines = [*spec.variables, *(line for block in spec.records for line in block.variables)]
    return {line.name for line in lines if line.method is not None}


def _has_reference_start(study: Study) -> bool:
    return "RFSTDTC" in _mapped(study, "DM")


def _source_origin(rules: dict[str, Rule], source: str, block: str) -> None:
    """Collected results take the origin of their source."""
    for name, rule in rules.items():
        if rule.call.method in ("result", "unit", "limit", "reason_not_done", "standard_cell"):
            rules[name] = replace(rule, origin=block or source or "Collected by Investigator")


def _variable(
    study: Study,
    spec: DomainSpec,
    dataset: DatasetDef,
    name: str,
    line: VariableSpec | None,
    rules: list[dict[str, Rule]],
) -> VariablePlan | None:
    known = dataset.variable(name) or study.standard.variable(spec.domain, name)
    target = f"{spec.domain}.{name}"
    at = line.at if line is not None else spec.at
    per_block = tuple(found.get(name) for found in rules)
    if line is not None and line.supplemental is not None:
        if known is not None:
            study.problems.add("SPEC160", target, at, variable=name, domain=spec.domain)
            return None
        extra = line.supplemental
        binding = bind(study, target, line, None)
        plan = SupplementalPlan(
            extra.label, extra.evaluator, extra.idvar.replace("--", spec.domain) or f"{spec.domain}SEQ"
        )
        return VariablePlan(
            name, extra.label, "Char", rules=per_block, codelists=binding.codes, study_list=binding.study_list,
            supplemental=plan, at=at,
        )  # fmt: skip
    if known is None:
        close = nearest(name, [one.name for one in study.variables(dataset)])
        study.problems.add(
            "STD205", target, at, variable=name, ig=study.ig_version, domain=spec.domain,
            nearest=_release_with(study, spec.domain, name) or (f"did you mean {close}? or " if close else ""),
        )  # fmt: skip
        return None
    binding = bind(study, target, line, known)
    plan_line = _plan_variable(known, per_block, automatic=line is None)
    return replace(
        plan_line, continued=(spec.domain, name) in continued_variables(),
        codelists=binding.codes, study_list=binding.study_list,
        label=(line.label if line and line.label else known.label), at=at,
    )  # fmt: skip


def _release_with(study: Study, domain: str, name: str) -> str:
    """The other guide that has a variable, as the beginning of a hint."""
    for release in available_releases(study.spec.folder / "standards"):
        if release.kind == "ig" and release.version != study.ig_version:
            other = load_standard(release.title, study.standard.ct_version, study.spec.folder / "standards")
            if other.variable(domain, name) is not None:
                return f"{release.title} has it: add ig: [{release.version}] to the variable, or "
    return ""


def _plan_variable(known: VariableDef, rules: tuple[Rule | None, ...], *, automatic: bool) -> VariablePlan:
    return VariablePlan(
        known.name, known.label, known.type, known.role, known.core, rules, known.codelists, "",
        known.described_value_domain, None, automatic,
    )  # fmt: skip


def _keys(study: Study, spec: DomainSpec, names: set[str]) -> tuple[str, ...]:
    for text in (*spec.keys, *spec.sort):
        refused = any(one.target == f"{spec.domain}.{text.text}" for one in study.problems.found)
        if text.text not in names and not refused:
            # a variable of the standard is spelt right: nothing maps it
            known = study.standard.variable(spec.domain, text.text) is not None
            close = "" if known else nearest(text.text, names)
            study.problems.add(
                "SPEC119", spec.domain, text.at, key=text.text,
                nearest=f"did you mean {close}? else " if close else "",
            )  # fmt: skip
    keys = tuple(text.text for text in spec.keys)
    if "USUBJID" in names and "USUBJID" not in keys:
        study.problems.add("SPEC125", spec.domain, spec.keys[0].at if spec.keys else spec.at)
    return keys


def _unmapped(
    study: Study, spec: DomainSpec, dataset: DatasetDef, names: set[str], dropped: set[str]
) -> list[VariableDef]:
    """The Expected variables that nothing maps: they are present without values, unless `drop` leaves them out.

    PLAN410: a Required variable is missing; PLAN411: Expected ones have no values; PLAN412: they are dropped.
    """
    required = [one.name for one in dataset.variables if one.core == "Req" and one.name not in names]
    expected = [one for one in dataset.variables if one.core == "Exp" and one.name not in names]
    left_out = [one.name for one in expected if one.name in dropped]
    empty = [one.name for one in expected if one.name not in dropped]
    for code, found in (("PLAN410", required), ("PLAN411", empty), ("PLAN412", left_out)):
        if found:
            study.problems.add(
                code, spec.domain, spec.at, variables=", ".join(found), ig=study.ig_version, number=len(found)
            )
    return [one for one in expected if one.name not in dropped]
