"""A Define from what was planned, what the data hold, and the standard that was followed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import sdtm_il2
from sdtm_il2.bilingual import joined, said
from sdtm_il2.dataset import Summary, ValueSummary
from sdtm_il2.define.columns import (
    ACRF,
    Described,
    data_type,
    digits,
    from_plan,
    from_standard,
    length,
    list_type,
    origin,
)
from sdtm_il2.define.draft import DatasetDescribed, Draft
from sdtm_il2.define.levels import describe_levels
from sdtm_il2.define.model import (
    Alias,
    DataType,
    DeclaredStandard,
    Define,
    DocumentRef,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    bilingual,
)
from sdtm_il2.define.terms import (
    COUNTRIES,
    NULL_FLAVORS,
    ListUse,
    ListUses,
    dictionary_name,
    slug,
    value_lists,
)
from sdtm_il2.plan.calls import Literal, Rule
from sdtm_il2.plan.model import DomainPlan, Plan, VariablePlan
from sdtm_il2.plan.number import number
from sdtm_il2.standardise import continued_name, supplement_label
from sdtm_il2.standards import DatasetDef, Standard
from sdtm_il2.translate import plan_as_submitted

IG, CT = "STD.IG", "STD.CT"

#: The order in which reviewers read datasets, by class; inside a class by name.
_CLASSES = (
    "TRIAL DESIGN", "SPECIAL PURPOSE", "INTERVENTIONS", "EVENTS", "FINDINGS", "FINDINGS ABOUT",
    "STUDY REFERENCE", "RELATIONSHIP",
)  # fmt: skip
_REFERENCE = frozenset({"TRIAL DESIGN", "STUDY REFERENCE"})
#: Keys of datasets that no domain file describes.
_SUPPLEMENTAL_KEYS = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM")
_RELATED_KEYS = ("STUDYID", "USUBJID", "RELID", "RDOMAIN", "IDVAR", "IDVARVAL")
#: Variables that MedDRA codes, without their prefix; the first group shows that a domain is coded by it.
_MEDDRA = frozenset(
    {"LLT", "LLTCD", "PTCD", "HLT", "HLTCD", "HLGT", "HLGTCD", "BODSYS", "BDSYCD", "SOC", "SOCCD"}
)
_WHODRUG = frozenset({"DECOD", "CLAS", "CLASCD"})
_EMPTY = ValueSummary()


def make_define(
    plan: Plan,
    summaries: Mapping[str, Summary],
    standard: Standard,
    *,
    creation_datetime: str,
    originator: str = "",
    documents: Sequence[Leaf] = (),
    define_version: str = "2.1.9",
    lengths: Mapping[str, Mapping[str, int]] | None = None,
    translated: Collection[str] = (),
) -> Define:
    """The Define-XML 2.1 metadata of a build: types, lengths, terms and value levels are those of the data.

    ``summaries`` are the study-wide summaries by dataset name (AE, SUPPAE); a planned domain without records
    is described with HasNoData. ``creation_datetime`` is ISO 8601 (no clock is read), ``documents`` are
    further files beside define.xml, after those that the plan names.
    ``lengths`` are the bytes of each text variable in its file, by dataset, where
    files are not in UTF-8. ``translated`` are variables (AE.AETERM, SUPPAE.QVAL) of which values are translations,
    which a comment tells. Chinese labels and decodes stand beside the English ones, but for an agency that reads
    English. The result passes `check_define` without errors.
    """
    if plan.receiver.english:
        plan = plan_as_submitted(replace(plan, labels={}, decodes={}))
    datasets = sorted(_datasets(plan, summaries, standard), key=_reading_order)
    lists = ListUses(standard, CT, plan.sponsor_terms, _test_names(plan), plan.decodes, plan.bilingual)
    draft = Draft(plan, lists, lengths or {}, frozenset(translated))
    for dataset in datasets:
        _describe_dataset(draft, dataset)
    codelists, oids, comments = lists.codelists()
    items = tuple(
        replace(item, codelist_oid=oids[draft.uses[item.oid]]) if item.oid in draft.uses else item
        for item in draft.items
    )
    own = _documents(plan)
    annotated = any(leaf.id == ACRF for leaf in own)
    leaves = (*own, *documents)
    others = (*(leaf for leaf in own if leaf.id != ACRF), *documents)
    study = plan.name or plan.study
    return Define(
        file_oid=f"DEFINE.{slug(plan.study)}",
        creation_datetime=creation_datetime,
        study_oid=f"STDY.{slug(plan.study)}",
        study_name=study,
        study_description=plan.description or study,
        protocol_name=plan.protocol or plan.study,
        mdv_oid=f"MDV.{slug(plan.study)}",
        mdv_name=f"Study {study}, Data Definitions",
        mdv_description=f"Study {study}, Data Definitions of SDTM datasets",
        define_version=define_version,
        originator=originator,
        source_system="sdtm_il2",
        source_system_version=sdtm_il2.__version__,
        standards=(
            DeclaredStandard(IG, standard.ig, "IG", standard.ig_version),
            DeclaredStandard(CT, "CDISC/NCI", "CT", standard.ct_version, "SDTM"),
        ),
        annotated_crf=(DocumentRef(ACRF),) if annotated else (),
        documents=tuple(DocumentRef(leaf.id) for leaf in others),
        value_lists=tuple(draft.value_lists),
        where_clauses=tuple(draft.clauses.values()),
        item_groups=tuple(draft.groups),
        items=items,
        codelists=codelists,
        methods=tuple(sorted(draft.methods.values(), key=lambda one: one.oid)),
        comments=tuple(sorted((*draft.comments.values(), *comments), key=lambda one: one.oid)),
        leaves=leaves,
    )


def _documents(plan: Plan) -> tuple[Leaf, ...]:
    """The files that the study names, the annotated CRF first, then guides."""
    order = ("acrf", "guide", "other")
    return tuple(
        Leaf(ACRF if one.type == "acrf" else f"LF.doc.{one.id}", one.target, one.title)
        for one in sorted(plan.documents, key=lambda one: order.index(one.type))
    )


def _reading_order(dataset: DatasetDescribed) -> tuple[int, str]:
    place = _CLASSES.index(dataset.class_) if dataset.class_ in _CLASSES else len(_CLASSES)
    return place, dataset.name


def _test_names(plan: Plan) -> dict[str, str]:
    """The study's own names of test codes, from its tests tables and from constants of its blocks."""
    found: dict[str, str] = {}
    for domain in plan.domains:
        code, name = f"{domain.domain}TESTCD", f"{domain.domain}TEST"
        for block in domain.blocks:
            for row in block.tests.rows if block.tests else ():
                if row.variables.get(code) and row.variables.get(name):
                    found.setdefault(row.variables[code], row.variables[name])
        pair = domain.variable(code), domain.variable(name)
        for both in zip(*(one.rules for one in pair if one is not None), strict=True):
            texts = [_constant(one) for one in both]
            if len(texts) == 2 and all(texts):
                found.setdefault(texts[0], texts[1])
    return found


def _constant(rule: Rule | None) -> str:
    """The text that a rule gives every record; "" for any other rule."""
    if rule is None or rule.call.method != "hardcode":
        return ""
    return next((one.text for one in rule.call.arguments if isinstance(one, Literal)), "")


def _with_continuations(variable: VariablePlan, summary: Summary) -> Iterator[VariablePlan]:
    """The variable, and those of the dataset in which its long text goes on."""
    yield variable
    place = 1
    while variable.continued and (name := continued_name(variable.name, place)) in summary.variables:
        yield replace(variable, name=name, core="")
        place += 1


def _datasets(plan: Plan, summaries: Mapping[str, Summary], standard: Standard) -> list[DatasetDescribed]:
    found: list[DatasetDescribed] = []
    for domain in plan.domains:
        whole = (domain.domain, domain.label)
        for name, label in domain.split.datasets if domain.split is not None else (whole,):
            summary = summaries.get(name, Summary(name))
            found.append(_planned(domain, name, label or domain.label, summary, standard, plan.usubjid))
    planned = {
        name: one for one in plan.domains for name in (one.split.names if one.split else (one.domain,))
    }
    for name, summary in summaries.items():
        parent = planned.get(name.removeprefix("SUPP")) if name.startswith("SUPP") else None
        known = standard.dataset(plan.whole(name))
        if name in planned or known is None:
            continue
        found.append(_undescribed(name, summary, known, parent, plan))
    return found


def _planned(
    domain: DomainPlan, name: str, label: str, summary: Summary, standard: Standard, usubjid: str
) -> DatasetDescribed:
    """The dataset of a domain, or one of those into which it is split: their Alias then describes the domain."""
    variables = tuple(
        from_plan(domain, part, usubjid)
        for one in domain.variables
        if one.supplemental is None
        for part in _with_continuations(one, summary)
    )
    names = {one.name for one in variables}
    keys = tuple(dict.fromkeys(key for key in ("STUDYID", *domain.keys) if key in names))
    return DatasetDescribed(
        name, domain.domain, label, domain.class_, domain.structure, keys, variables, summary, domain,
        domain.keys_not_unique, standard.dataset(domain.domain) is not None,
        alias=domain.label if domain.split is not None else "",
    )  # fmt: skip


def _undescribed(
    name: str, summary: Summary, known: DatasetDef, parent: DomainPlan | None, plan: Plan
) -> DatasetDescribed:
    """SUPP-- or a relationship dataset: described by the standard, USUBJID as in the parent."""
    held = tuple(one for one in known.variables if not summary.variables or one.name in summary.variables)
    variables = tuple(from_standard(one) for one in held)
    subject = parent.variable("USUBJID") if parent is not None else None
    source = parent
    if subject is None and parent is not None:
        # qualifiers of a dataset without subjects
        variables = tuple(
            replace(one, origins=(origin("Not Available"),)) if one.name == "USUBJID" else one
            for one in variables
        )
    elif subject is None:
        source = next((domain for domain in plan.domains if domain.variable("USUBJID") is not None), None)
        subject = source.variable("USUBJID") if source is not None else None
    if subject is not None and source is not None:
        copied = from_plan(source, subject, plan.usubjid)
        variables = tuple(
            replace(one, origins=copied.origins, words=copied.words) if one.name == "USUBJID" else one
            for one in variables
        )
    wanted = _SUPPLEMENTAL_KEYS if parent is not None else _RELATED_KEYS
    names = {one.name for one in variables}
    keys = tuple(key for key in wanted if key in names) or tuple(
        one.name for one in variables if one.role == "Identifier"
    )
    label = known.label if plan.whole(name) == name else supplement_label(name.removeprefix("SUPP"))
    return DatasetDescribed(
        name, parent.domain if parent else name, label, known.define_class, known.structure, keys,
        variables, summary, parent, alias=parent.label if parent else "",
    )  # fmt: skip


def _describe_dataset(draft: Draft, dataset: DatasetDescribed) -> None:
    empty = dataset.summary.records == 0
    references = [
        _describe_variable(draft, dataset, variable, order, empty=empty)
        for order, variable in enumerate(dataset.variables, 1)
    ]
    why = [said("no_records")] if empty else []
    words = joined([one for one in (dataset.comment, *why) if one])
    comment = draft.comment(f"COM.{dataset.name}", words) if words else ""
    leaf = f"LF.{dataset.name.lower()}"
    file = f"{dataset.name.lower()}.xpt"
    one_per_subject = dataset.structure.strip(" .").casefold() == "one record per subject"
    reference = dataset.class_ in _REFERENCE
    draft.groups.append(
        ItemGroupDef(
            f"IG.{dataset.name}", dataset.name, dataset.domain,
            bilingual(dataset.label, draft.plan.label_zh(dataset.name)), dataset.structure,
            tuple(references), dataset.class_, not one_per_subject and not reference, reference, dataset.name,
            standard_oid=IG if dataset.standard else "", is_non_standard=not dataset.standard,
            has_no_data=empty,
            comment_oid=comment, archive_location_id="" if empty else leaf,
            leaf=None if empty else Leaf(leaf, file, file),
            aliases=(Alias("DomainDescription", dataset.alias),) if dataset.alias else (),
        )
    )  # fmt: skip


def _describe_variable(
    draft: Draft, dataset: DatasetDescribed, variable: Described, order: int, *, empty: bool
) -> ItemRef:
    values = dataset.summary.variables.get(variable.name, _EMPTY)
    oid = f"IT.{dataset.name}.{variable.name}"
    use, kind = _bound(draft, dataset, variable, values)
    size = draft.size(dataset.name, variable.name, kind, length(kind, values, variable.type))
    item = ItemDef(
        oid, variable.name, kind, size, digits(kind, values), variable.name,
        f"{size}.{values.decimals}" if kind == "float" else "",
        description=bilingual(variable.label, draft.plan.label_zh(dataset.name, variable.name)),
        origins=variable.origins,
    )  # fmt: skip
    place = len(draft.items)
    item = describe_levels(draft, dataset, variable, item, use)
    no_data = not empty and not values.filled
    english = f"{draft.plan.whole(dataset.name)}.{variable.name}" in draft.translated
    parts = [variable.comment]
    parts += [said("translated")] if english else []
    parts += [said("no_values")] if no_data else []
    if words := joined([one for one in parts if one]):
        general = "COM.ENGLISH" if english else "COM.NODATA"
        own = f"COM.{dataset.name}.{variable.name}" if variable.comment else general
        item = replace(item, comment_oid=draft.comment(own, words))
    method = ""
    if any(one.type == "Derived" for one in item.origins) and variable.words:
        method = draft.method(dataset.name, variable.name, variable.words)
    if use is not None:
        draft.uses[oid] = use
    # value levels stand after their variable, so that a reader of the XML meets it first
    draft.items.insert(place, item)
    key = dataset.keys.index(variable.name) + 1 if variable.name in dataset.keys else None
    mandatory = variable.core == "Req" and not no_data
    return ItemRef(oid, order, mandatory, key, method, variable.role, has_no_data=no_data)


def _bound(
    draft: Draft, dataset: DatasetDescribed, variable: Described, values: ValueSummary
) -> tuple[ListUse | None, DataType]:
    """The list that a variable uses, and the type that follows from list and data."""
    user = f"{dataset.name}.{variable.name}"
    stated = dict(draft.plan.standard.dictionaries) | dict(dataset.plan.dictionaries if dataset.plan else {})
    versions = {dictionary_name(name): version for name, version in stated.items()}
    own = frozenset(dictionary_name(name) for name in (dataset.plan.dictionaries if dataset.plan else ()))
    code = _dictionary(versions, own, dataset, variable) if values.filled else ""
    if code:
        kind = data_type(variable, values, listed=True)
        return draft.lists.dictionary(user, code, list_type(kind), versions.get(code, "")), kind
    terms = tuple(values.terms or ())
    listed = bool(terms) and bool(variable.codelists or variable.study_list)
    result = variable.name in (f"{dataset.domain}ORRES", f"{dataset.domain}STRESC")
    if result and any(number(term) is not None for term in terms):
        # a result column holds measured numbers beside terms: its list belongs to single tests
        listed = False
    kind = data_type(variable, values, listed=listed)
    if not listed or kind not in ("text", "integer", "float"):
        return None, kind
    use = draft.lists.use(user, terms, variable.codelists, variable.study_list, list_type(kind))
    return use, kind


def _dictionary(
    stated: Mapping[str, str], own: Collection[str], dataset: DatasetDescribed, variable: Described
) -> str:
    """The dictionary that codes a variable, if its version is stated, or the standard that lists its codes.

    ``stated`` are the versions of the study and the domain, ``own`` the dictionaries that the domain names itself.
    """
    if dictionary_name(variable.value_domain) in stated and variable.value_domain:
        return dictionary_name(variable.value_domain)
    listed = value_lists().get((variable.name, ""), "")
    if variable.value_domain.startswith(COUNTRIES) or listed == COUNTRIES:
        return COUNTRIES
    if variable.value_domain.startswith(NULL_FLAVORS):
        return NULL_FLAVORS
    if variable.codelists or variable.study_list or not variable.name.startswith(dataset.domain):
        return ""
    suffix = variable.name[len(dataset.domain) :]
    if dataset.class_ == "EVENTS" and "MedDRA" in stated:
        coded = "MedDRA" in own or any(
            one.name[len(dataset.domain) :] in _MEDDRA for one in dataset.variables
        )
        return "MedDRA" if suffix in _MEDDRA or (suffix == "DECOD" and coded) else ""
    # other interventions than medications are coded by it where they say so: a procedure has a DECOD, too
    if "WHODD" in stated and suffix in _WHODRUG and (listed == "WHODD" or "WHODD" in own):
        return "WHODD"
    return ""
