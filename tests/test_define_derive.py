"""A Define derived from a build: every element is what the plan, the data and the standard say."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from sdtm_il2.build import build
from sdtm_il2.compile import compile_plan
from sdtm_il2.dataset import Summary, ValueSummary
from sdtm_il2.define.check import check_define
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.html import define_html
from sdtm_il2.define.model import (
    Alias,
    CodeListTerm,
    Define,
    DocumentRef,
    ExternalCodeList,
    Leaf,
    Origin,
    PDFPageRef,
    RangeCheck,
    described,
)
from sdtm_il2.define.parse import schema_path
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import Severity
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import Call, ColumnRef, Rule
from sdtm_il2.plan.calls import Literal as Constant
from sdtm_il2.plan.model import DocumentPlan, DomainPlan, Plan, SupplementalPlan, VariablePlan
from sdtm_il2.sources import read_sources
from sdtm_il2.spec.load import load_spec
from sdtm_il2.spec.study import StandardSpec
from sdtm_il2.standards import load_standard

SHARED = Path(__file__).parents[2] / "shared" / "data"
GOLDEN = Path(__file__).with_name("golden")

FILES = {
    "study.yaml": """\
study: XYZ-1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28, dictionaries: {MedDRA: "27.1"}}
dates: {format: [yyyy-mm-dd], unknown: [UK]}
sources:
  dm: {path: dm.csv, subject: ID}
  ae: {path: ae.csv, subject: ID}
  lb: {path: lb.csv, subject: ID, origin: Collected by Vendor}
  cm: {path: cm.csv, subject: ID}
codelists:
  C65047: {sponsor: [MOOD]}
  C67154: {sponsor: [Mood]}
  GRADES: {sponsor: true, terms: {low: LOW GRADE, high: HIGH GRADE}}
domains: [dm.yaml, ae.yaml, lb.yaml, cm.yaml]
""",
    "define/study.yaml": (
        "name: XYZ\ndescription: A study of nothing\nprotocol: XYZ-1-P\n"
        "documents: {acrf: {title: Annotated CRF, file: crf.pdf, type: acrf}}\n"
    ),
    "define/crf.pdf": "a file of that name",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: ID, crf: "3"}
  RFSTDTC: {datetime: START, crf: "4-5 9"}
  SITEID: {hardcode: "01"}
  AGE: {assign: AGE, crf: "3"}
  AGEU: {hardcode: YEARS}
  SEX: {assign: SEX, crf: "3"}
  ARMCD: {hardcode: A}
  ARM: {hardcode: Active}
  ACTARMCD: {copy: DM.ARMCD}
  ACTARM: {copy: DM.ARM}
  COUNTRY: {hardcode: CHN}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM, AESTDTC]
keys_not_unique: the same event may start twice on one day
records: [{from: ae}]
variables:
  AETERM: {assign: TERM, crf: "12"}
  AELLT: {assign: LLT, origin: Assigned by Sponsor}
  AELLTCD: {assign: LLTCD, origin: Assigned by Sponsor}
  AEDECOD: {assign: PT, origin: Assigned by Sponsor}
  AESEV: {assign: SEV, crf: "12", comment: The worst severity met.}
  AESTDTC: {datetime: START, crf: "12"}
  AEENDTC: {datetime: END, crf: "12"}
  AEGRADE: {assign: GRADE, codelist: GRADES, crf: "13", supplemental: {label: Grade of the Event}}
  AEDAYS: {assign: DAYS, crf: "13", supplemental: {label: Days in Hospital}}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBDTC]
records:
  - from: lb
    tests: {table: tests.csv, by: [TEST], result: RES, unit: UNIT}
variables:
  LBDTC: {datetime: DATE}
""",
    "cm.yaml": """\
domain: CM
keys: [STUDYID, USUBJID, CMTRT]
records: [{from: cm}]
variables:
  CMTRT: {assign: DRUG, crf: "15"}
  CMDOSFRQ: {assign: FREQ, crf: "15"}
""",
    "tests.csv": """\
TEST,LBTESTCD,LBTEST,LBCAT,LBSPEC,origin,method
Albumin,ALB,Albumin,CHEMISTRY,BLOOD,,
Glucose,GLUC,Glucose,CHEMISTRY,BLOOD,,
Mood,MOOD,Mood,MOODS,BLOOD,Derived by Sponsor,Sum of the two answers
""",
    "dm.csv": "ID,START,AGE,SEX\n001,2025-01-02,40,F\n002,2025-01-03,101,M\n",
    "ae.csv": (
        "ID,TERM,LLT,LLTCD,PT,SEV,START,END,GRADE,DAYS\n"
        "001,headache,Headache,10019211,Headache,MILD,2025-01-05,,low,1.5\n"
        "002,fever,Fever,10016558,Pyrexia,SEVERE,2025-01,2025-02-01,high,12\n"
    ),
    "lb.csv": (
        "ID,TEST,RES,UNIT,DATE\n"
        "001,Albumin,40.5,g/L,2025-01-02\n001,Glucose,5,mmol/L,2025-01-02\n001,Mood,12,,2025-01-02\n"
        "002,Albumin,<3,g/L,2025-01-03\n002,Glucose,11,mmol/L,2025-01-03\n002,Mood,7,,2025-01-03\n"
    ),
    "cm.csv": "ID,DRUG,FREQ\n",
}


def write_study(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def define_of(folder: Path, raw: Path, **more: object) -> Define:
    spec = load_spec(folder)
    standard = load_standard(spec.standard.ig, spec.standard.ct)
    plan = compile_plan(spec, standard)
    made = build(plan, read_sources(spec, raw))
    return make_define(plan, made.summaries, standard, creation_datetime="2025-06-30T12:00:00", **more)


@pytest.fixture(scope="module")
def define(tmp_path_factory) -> Define:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    return define_of(folder, folder, documents=(Leaf("LF.csdrg", "csdrg.pdf", "Reviewer's Guide"),))


def item(define: Define, oid: str):
    (found,) = [one for one in define.items if one.oid == oid]
    return found


def ref(define: Define, oid: str):
    groups = [one for group in define.item_groups for one in group.items]
    (found,) = [
        one for one in groups + [one for v in define.value_lists for one in v.items] if one.item_oid == oid
    ]
    return found


def codelist(define: Define, oid: str):
    (found,) = [one for one in define.codelists if one.oid == oid]
    return found


def words(define: Define, oid: str) -> str:
    (found,) = [one for one in (*define.methods, *define.comments) if one.oid == oid]
    return found.description[0].text


def test_it_is_valid_without_any_issue(define):
    content = define_bytes(define)
    assert check_define(content) == ()
    assert list(xmlschema.XMLSchema(str(schema_path())).iter_errors(etree.fromstring(content))) == []
    assert b"A study of nothing" in define_html(content)


def test_datasets_stand_in_the_reviewers_order_with_their_keys_and_files(define):
    assert [(one.name, one.class_) for one in define.item_groups] == [
        ("DM", "SPECIAL PURPOSE"),
        ("CM", "INTERVENTIONS"),
        ("AE", "EVENTS"),
        ("LB", "FINDINGS"),
        ("SUPPAE", "RELATIONSHIP"),
    ]
    dm, cm, ae, _, supp = define.item_groups
    assert (dm.repeating, dm.is_reference_data, ae.repeating) == (False, False, True)
    assert (dm.leaf, dm.archive_location_id) == (Leaf("LF.dm", "dm.xpt", "dm.xpt"), "LF.dm")
    keys = sorted((one.key_sequence, one.item_oid) for one in ae.items if one.key_sequence)
    assert keys == [(1, "IT.AE.STUDYID"), (2, "IT.AE.USUBJID"), (3, "IT.AE.AETERM"), (4, "IT.AE.AESTDTC")]
    assert (supp.domain, supp.aliases) == ("AE", (Alias("DomainDescription", "Adverse Events"),))
    assert words(define, ae.comment_oid) == "the same event may start twice on one day"
    assert (cm.has_no_data, cm.leaf, cm.archive_location_id) == (True, None, "")
    assert words(define, cm.comment_oid) == "No records were collected for this dataset in this study."


def test_the_standards_are_the_guide_and_one_terminology(define):
    assert [(one.name, one.type, one.version, one.publishing_set) for one in define.standards] == [
        ("SDTMIG", "IG", "3.4", ""),
        ("CDISC/NCI", "CT", "2025-03-28", "SDTM"),
    ]


@pytest.mark.parametrize(
    ("oid", "expected"),
    [
        ("IT.DM.AGE", ("integer", 3, None)),
        ("IT.DM.SEX", ("text", 1, None)),
        ("IT.DM.RFSTDTC", ("date", None, None)),
        ("IT.AE.AESTDTC", ("partialDate", None, None)),
        ("IT.AE.AELLTCD", ("integer", 8, None)),
        ("IT.AE.AETERM", ("text", 8, None)),
        ("IT.LB.LBORRES", ("text", 4, None)),
        ("IT.LB.LBORRES.ALB", ("text", 4, None)),
        ("IT.LB.LBORRES.GLUC", ("integer", 2, None)),
        ("IT.LB.LBSTRESN.ALB", ("float", 4, 1)),
        ("IT.SUPPAE.QVAL", ("text", 10, None)),
        ("IT.SUPPAE.QVAL.AEDAYS", ("float", 3, 1)),
        ("IT.SUPPAE.QVAL.AEGRADE", ("text", 10, None)),
    ],
)
def test_types_and_lengths_are_those_of_the_data(define, oid, expected):
    found = item(define, oid)
    assert (found.data_type, found.length, found.significant_digits) == expected


def test_origins_with_the_pages_of_the_crf(define):
    assert item(define, "IT.DM.STUDYID").origins == (Origin("Protocol", "Sponsor"),)
    assert item(define, "IT.DM.AGEU").origins == (Origin("Assigned", "Sponsor"),)
    pages = (PDFPageRef(("9",)), PDFPageRef(first=4, last=5))
    collected = Origin("Collected", "Investigator", documents=(DocumentRef("LF.acrf", pages),))
    assert item(define, "IT.DM.RFSTDTC").origins == (collected,)
    assert item(define, "IT.LB.LBDTC").origins == (Origin("Collected", "Vendor"),)
    assert define.annotated_crf == (DocumentRef("LF.acrf"),)
    assert define.leaves[0] == Leaf("LF.acrf", "acrf.pdf", "Annotated CRF")


def test_a_mixed_origin_stands_on_the_value_levels(define):
    assert item(define, "IT.LB.LBORRES").origins == ()
    assert item(define, "IT.LB.LBORRES.ALB").origins == (Origin("Collected", "Vendor"),)
    assert item(define, "IT.LB.LBORRES.MOOD").origins == (Origin("Derived", "Sponsor"),)
    assert words(define, ref(define, "IT.LB.LBORRES.MOOD").method_oid) == "Sum of the two answers."
    assert ref(define, "IT.LB.LBORRES.ALB").method_oid == ""


def test_value_levels_are_selected_by_test_and_qnam(define):
    (clause,) = [one for one in define.where_clauses if one.oid == "WC.LB.LBTESTCD.GLUC"]
    assert clause.checks == (RangeCheck("IT.LB.LBTESTCD", "EQ", ("GLUC",)),)
    users = [
        one.item_oid for v in define.value_lists for one in v.items if clause.oid in one.where_clause_oids
    ]
    assert users == [
        f"IT.LB.{name}.GLUC" for name in ("LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU")
    ]
    (qval,) = [one for one in define.value_lists if one.oid == "VL.SUPPAE.QVAL"]
    assert [one.item_oid for one in qval.items] == ["IT.SUPPAE.QVAL.AEDAYS", "IT.SUPPAE.QVAL.AEGRADE"]
    assert item(define, "IT.SUPPAE.QVAL.AEDAYS").description == described("Days in Hospital")
    # a test without unit has no value level of the unit
    assert "IT.LB.LBORRESU.MOOD" not in {one.oid for one in define.items}


def test_codelists_hold_the_used_terms_with_their_codes(define):
    sex = codelist(define, "CL.SEX")
    assert sex.aliases == (Alias("nci:ExtCodeID", "C66731"),)
    assert sex.terms == (
        CodeListTerm("F", described("Female"), (Alias("nci:ExtCodeID", "C16576"),)),
        CodeListTerm("M", described("Male"), (Alias("nci:ExtCodeID", "C20197"),)),
    )
    severity = codelist(define, "CL.AESEV")
    assert [one.value for one in severity.terms] == ["MILD", "SEVERE"]


def test_test_codes_are_decoded_by_test_names_and_added_terms_say_so(define):
    codes = codelist(define, "CL.LBTESTCD")
    assert codes.terms == (
        CodeListTerm("ALB", described("Albumin"), (Alias("nci:ExtCodeID", "C64431"),)),
        CodeListTerm("GLUC", described("Glucose"), (Alias("nci:ExtCodeID", "C105585"),)),
        CodeListTerm("MOOD", described("Mood"), extended=True),
    )
    names = codelist(define, "CL.LBTEST")
    assert [(one.value, one.decode, one.extended) for one in names.terms] == [
        ("Albumin", (), False),
        ("Glucose", (), False),
        ("Mood", (), True),
    ]


def test_lists_of_the_sponsor_have_no_standard(define):
    grades = codelist(define, "CL.GRADES")
    assert (grades.name, grades.is_non_standard, grades.standard_oid) == ("GRADES", True, "")
    assert grades.terms == (CodeListTerm("LOW GRADE"), CodeListTerm("HIGH GRADE"))
    assert item(define, "IT.SUPPAE.QVAL.AEGRADE").codelist_oid == "CL.GRADES"


def test_units_are_listed_by_test(define):
    assert item(define, "IT.LB.LBORRESU.ALB").codelist_oid == "CL.UNIT.LB.LBORRESU_ALB"
    units = codelist(define, "CL.UNIT.LB.LBORRESU_ALB")
    assert [(one.value, one.decode) for one in units.terms] == [("g/L", ())]
    assert codelist(define, "CL.UNIT.LB.LBORRESU").name == "Unit (g/L, mmol/L)"


def test_medical_dictionaries_are_named_with_their_version(define):
    terms = codelist(define, "CL.MEDDRA")
    assert terms.external == ExternalCodeList("MedDRA", "27.1")
    coded = {one.oid for one in define.items if one.codelist_oid == "CL.MEDDRA"}
    assert coded == {"IT.AE.AELLT", "IT.AE.AEDECOD"}
    assert item(define, "IT.AE.AELLTCD").codelist_oid == "CL.MEDDRA.integer"
    assert codelist(define, "CL.MEDDRA.integer").data_type == "integer"


def test_methods_say_in_words_what_a_reviewer_would_repeat(define):
    assert words(define, ref(define, "IT.DM.ACTARM").method_oid) == "The value of DM.ARM."
    assert words(define, ref(define, "IT.AE.AESTDY").method_oid) == (
        "The date of AE.AESTDTC minus the date of DM.RFSTDTC in days, plus 1 if AE.AESTDTC is on or after "
        "DM.RFSTDTC; missing if either date is missing or partial."
    )
    assert words(define, ref(define, "IT.AE.AESEQ").method_oid) == (
        "Sequential number of the record within the subject, in the order of AETERM and AESTDTC, "
        "then of the raw data."
    )
    users = [
        one.method_oid for group in define.item_groups for one in group.items if "USUBJID" in one.item_oid
    ]
    assert users == ["MT.USUBJID"] * 5


def test_comments_and_variables_without_values(define):
    assert words(define, item(define, "IT.AE.AESEV").comment_oid) == "The worst severity met."
    evaluator = ref(define, "IT.SUPPAE.QEVAL")
    assert evaluator.has_no_data
    assert words(define, item(define, "IT.SUPPAE.QEVAL").comment_oid) == (
        "No values were collected or derived for this variable in this study."
    )


def test_required_variables_are_mandatory(define):
    assert ref(define, "IT.AE.AETERM").mandatory
    assert not ref(define, "IT.AE.AESTDTC").mandatory


def test_lists_that_overlap_become_one_with_a_comment(tmp_path):
    write_study(tmp_path)
    spec = load_spec(tmp_path)
    standard = load_standard(spec.standard.ig, spec.standard.ct)
    plan = compile_plan(spec, standard)
    domain = plan.domain("AE")
    severity = replace(domain.variable("AESEV"), codelists=("C66769", "C66731"))
    plan = replace(
        plan,
        domains=(
            replace(domain, variables=tuple(severity if v.name == "AESEV" else v for v in domain.variables)),
        ),
    )

    def made(terms: dict[str, int]) -> Define:
        values = ValueSummary(2, 2, 6, terms=terms)
        summary = Summary("AE", 2, {"AESEV": values})
        return make_define(plan, {"AE": summary}, standard, creation_datetime="2025-06-30T12:00:00")

    both = codelist(made({"MILD": 1, "F": 1}), "CL.AESEV.SEX")
    assert (both.is_non_standard, [one.value for one in both.terms]) == (True, ["F", "MILD"])
    assert words(made({"MILD": 1, "F": 1}), both.comment_oid) == (
        "Terms of the CDISC codelists Severity/Intensity Scale for Adverse Events (C66769) and Sex (C66731)."
    )
    assert item(made({"F": 2}), "IT.AE.AESEV").codelist_oid == "CL.SEX"


@pytest.mark.parametrize("name", ["bootcamp_abc01", "pharmaverse"])
def test_golden_studies_give_no_error(name):
    raw = SHARED / {"bootcamp_abc01": "bootcamp_abc01", "pharmaverse": "pharmaverse_dm_ae_vs"}[name]
    if not raw.exists():
        pytest.skip("the raw files of the public study are not here")
    content = define_bytes(define_of(GOLDEN / name, raw))
    assert [one for one in check_define(content) if one.severity is Severity.ERROR] == []
    assert list(xmlschema.XMLSchema(str(schema_path())).iter_errors(etree.fromstring(content))) == []


def test_any_plan_of_any_domain_gives_a_valid_file():
    """All datasets of the guide with all their variables, and data of every kind: no combination gives an error."""
    standard = load_standard("SDTMIG 3.4", "2025-03-28")
    chance = random.Random(7)
    kinds = (
        "Collected by Investigator",
        "Collected by Vendor",
        "Derived by Sponsor",
        "Assigned by Sponsor",
        "Not Available",
    )
    domains, summaries = [], {}
    for dataset in standard.datasets:
        if dataset.name.startswith(("SUPP", "REL")):
            continue
        blocks = (BlockPlan("one", "raw"), BlockPlan("two", "raw"))
        variables = []
        for known in dataset.variables:
            origins = chance.choices(kinds, k=2) if chance.random() < 0.3 else [chance.choice(kinds)] * 2
            rules = tuple(
                Rule(
                    Call("assign", (ColumnRef("", "x y"),)),
                    origin=text,
                    crf=chance.choice(["", "1 4-6", "page"]),
                )
                for text in origins
            )
            variables.append(
                VariablePlan(
                    known.name,
                    known.label,
                    known.type,
                    known.role,
                    known.core,
                    rules,
                    known.codelists,
                    "",
                    known.described_value_domain,
                )
            )  # fmt: skip
        rule = Rule(Call("hardcode", (Constant("Y"),)), origin=chance.choice(kinds))
        extra = SupplementalPlan("Extra")
        variables.append(
            VariablePlan(f"{dataset.name}EXTRA", "Extra", "Char", rules=(rule, None), supplemental=extra)
        )
        name = dataset.name
        keys = tuple(one.name for one in variables[:4])
        domains.append(
            DomainPlan(
                name,
                dataset.label,
                dataset.define_class,
                dataset.structure,
                keys,
                keys,
                False,
                blocks,
                tuple(variables),
            )
        )  # fmt: skip
        values = {
            one.name: random_values(chance, standard, one) for one in variables if one.supplemental is None
        }
        by = f"{name}TESTCD"
        levels = {
            (f"{name}{suffix}", ((by, test),)): random_values(
                chance, standard, None, few=values[f"{name}{suffix}"]
            )
            for suffix in ("ORRES", "STRESC", "STRESN")
            if f"{name}{suffix}" in values and by in values
            for test in ("A/B", "A_B", "C")
        }
        values |= {by: ValueSummary(9, 9, 3, terms={"A/B": 3, "A_B": 3, "C": 3})} if by in values else {}
        summaries[name] = Summary(name, chance.choice([0, 9, 9, 9]), values, levels)
        supp = ValueSummary(3, 3, 9, 2, 1, 3, terms={"1.5": 1, "2": 2})
        both = {("QVAL", (("QNAM", qnam),)): supp for qnam in (f"{name}EXTRA", f"{name}TERM1", "UNKNOWN")}
        held = {one.name: ValueSummary(3, 3, 9) for one in standard.dataset(f"SUPP{name}").variables}
        summaries[f"SUPP{name}"] = Summary(f"SUPP{name}", 3, held, both)
    relations = standard.dataset("RELREC")
    summaries["RELREC"] = Summary(
        "RELREC", 2, {one.name: ValueSummary(2, 2, 4) for one in relations.variables}
    )
    stated = StandardSpec(
        "3.4", "2025-03-28", {"meddra": "27.1", "WHODrug": "GLOBALB3Mar24", "LOINC": "2.77"}
    )
    crf = DocumentPlan("acrf", "Annotated CRF", Path("crf.pdf"), "acrf.pdf", "acrf")
    plan = Plan(
        "S", "", "", "", "", "{study}-{subject}", stated, (), tuple(domains), (), documents=(crf,)
    )  # fmt: skip
    define = make_define(plan, summaries, standard, creation_datetime="2025-06-30T12:00:00")
    content = define_bytes(define)
    # terms that are added at random go into closed lists, too
    found = [one for one in check_define(content) if one.code != "DEF771"]
    assert [str(one) for one in found if one.severity is Severity.ERROR or one.code == "DEF711"] == []
    assert list(xmlschema.XMLSchema(str(schema_path())).iter_errors(etree.fromstring(content))) == []
    assert len(define.item_groups) == 2 * len(domains) + 1


def random_values(
    chance, standard, variable: VariablePlan | None, few: ValueSummary | None = None
) -> ValueSummary:
    """A summary of some kind; a value level holds no more than its variable."""
    if few is not None:
        size = chance.randint(1, max(few.max_bytes, 1))
        decimals = chance.randint(0, max(0, size - 2))
        filled = chance.choice([0, 3]) if few.filled else 0
        return ValueSummary(3, filled, size, size, decimals, chance.choice([0, filled]))
    filled = chance.choice([0, 5, 9])
    terms = None
    if variable.codelists and filled:
        chosen = standard.codelist(chance.choice(variable.codelists))  # None: not in this release
        values = chosen.values if chosen is not None else ("OTHER",)
        terms = dict.fromkeys(
            [*chance.sample(values, min(3, len(values))), *chance.choice([[], ["ADDED"]])], 1
        )
    forms = {}
    if variable.name.endswith("DTC") and filled:
        forms = dict.fromkeys(
            chance.sample(["date", "datetime", "partialDate", "incompleteDatetime", "text"], 2), 2
        )
    size = chance.randint(3, 200)
    return ValueSummary(9, filled, size, size, chance.choice([0, 0, 1]), filled, forms, terms)


def test_every_method_has_its_words() -> None:
    import sdtm_il2.partition  # noqa: F401  the methods register themselves
    from sdtm_il2.define.words import _PHRASES
    from sdtm_il2.methods.evaluate import METHODS

    # --SEQ and USUBJID have sentences of their own
    assert METHODS.keys() - {"usubjid"} == _PHRASES.keys() - {"source_dates"}


def test_an_expected_variable_that_nothing_maps_says_that_it_has_no_data(define):
    unmapped = item(define, "IT.AE.AEHLT")
    assert [(one.type, one.source) for one in unmapped.origins] == [("Not Available", "")]
    assert ref(define, "IT.AE.AEHLT").has_no_data
    assert (unmapped.comment_oid, unmapped.codelist_oid) == ("COM.NODATA", "")
