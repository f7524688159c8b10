"""What a Define says of values that are easily taken for something else: codes, grades, exponents, words beside numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.build import Build
from sdtm_il2.define.check import check_define
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.model import Define, ItemDef, ItemRef
from sdtm_il2.define.write import define_bytes
from studies import demographics, domain_file, study_file
from study import build_study, cells, standard

STUDY = {
    "study.yaml": study_file(
        "dm",
        "ae",
        "mh",
        "lb",
        "su",
        head="",
        sources=(
            "  more: {path: raw/more.csv, subject: SUBJ}\n"
            "  coding: {path: raw/coding.csv, origin: Assigned by Vendor}\n"
        ),
        tail=(
            "codelists:\n"
            "  GRADE: {sponsor: true, terms: {one: '1', two: '2'}}\n"
            "  FOUND: {sponsor: true, terms: {pos: POSITIVE, neg: NEGATIVE}}\n"
            "  C65047: {sponsor: [RATIOX]}\n"
            "  C67154: {sponsor: [Ratio of Nothing]}\n"
        ),
    )
    .replace("ct: 2025-03-28", "ct: 2025-03-28, dictionaries: {WHODrug: GLOBALB3Mar24}")
    .replace("domains: [", "domains: [trial.yaml, "),
    "dm.yaml": demographics(),
    "trial.yaml": "tables: {TS: ts.csv, TI: ti.csv}\n",
    "ts.csv": (
        "TSPARMCD,TSPARM,TSVAL,TSVALNF\nDOSE,Dose per Administration,1e6,\nNARMS,Planned Number of Arms,2,\n"
        "PLANSUB,Planned Number of Subjects,,PINF\n"
    ),
    "ti.csv": f"IETESTCD,IETEST,IECAT\nI01,{'Willing to do as asked. ' * 12}end,INCLUSION\n",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AESPID]
records:
  - {from: ae}
  - {from: more, origin: Collected by Subject}
variables:
  AESPID: {assign: NO}
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM, origin: Assigned by Sponsor}
  AETOXGR: {assign: GRADE, codelist: GRADE}
  AEDUR: {assign: DUR}
  AECODE: {assign: CODE, supplemental: {label: Code of the Site}}
  AEPLUS: {assign: PLUS, supplemental: {label: Grade in Plus}}
  AEFLAG: {hardcode: Y, supplemental: {label: Flag}}
""",
    "mh.yaml": domain_file("MH", "MHTERM", "  MHTERM: {assign: TERM}\n")
    + 'meddra: {source: coding, by: [TERM], columns: {PT: PT}, version: "26.0"}\n',
    "su.yaml": domain_file("SU", "SUTRT", "  SUTRT: {assign: TERM}\n  SUCLAS: {assign: TERM}\n"),
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBSPEC, LBMETHOD, LBREFID]
records:
  - {id: site, from: lb, tests: {table: tests.csv, by: [TEST], result: RES, unit: UNIT, low: LOW, high: HIGH}}
  - id: ratio
    from: lb
    where: TEST EQ glu
    variables: {LBTESTCD: {hardcode: RATIOX}, LBTEST: {hardcode: Ratio of Nothing}, LBORRES: {hardcode: "1"}}
variables:
  LBREFID: {assign: NO}
""",
    "tests.csv": (
        "TEST,LBTESTCD,LBTEST,LBSPEC,LBMETHOD,terms,origin,not_done\n"
        "glu,GLUC,Glucose,SERUM,,,,\n"
        "uglu,GLUC,Glucose,URINE,SPECTROPHOTOMETRY,FOUND,Collected by Vendor,NOTE EQ spilt\n"
        "col,COLOR,Color,URINE,,,,\n"
        "alt,ALT,Alanine Aminotransferase,SERUM,,,,\n"
    ),
    "raw/dm.csv": "SUBJ\n01\n",
    "raw/ae.csv": (
        "SUBJ,NO,TERM,GRADE,DUR,CODE,PLUS\n01,1,Fever,one,P3D,007,+1\n01,2,Rash,two,5 DAYS,012,+2\n"
    ),
    "raw/more.csv": "SUBJ,NO,TERM,GRADE,DUR,CODE,PLUS\n01,3,Cough,one,,,\n",
    "raw/coding.csv": "TERM,PT\nAsthma,Asthma\n",
    "raw/mh.csv": "SUBJ,TERM\n01,Asthma\n",
    "raw/su.csv": "SUBJ,TERM\n01,TOBACCO\n",
    "raw/lb.csv": (
        "SUBJ,NO,TEST,RES,UNIT,LOW,HIGH,NOTE\n"
        "01,1,glu,5.5,mmol/L,,6.1,\n01,2,glu,11,mmol/L,,6.1,\n01,3,uglu,pos,,,,\n01,4,col,yellow,,,,\n"
        "01,5,alt,1E2,U/L,,,\n01,6,alt,2.5E1,U/L,,,\n01,7,uglu,,,,,spilt\n"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_study(tmp_path_factory.mktemp("study"), STUDY)


@pytest.fixture(scope="module")
def define(made: Build) -> Define:
    release = standard("SDTMIG 3.4", "2025-03-28")
    return make_define(made.plan, made.summaries, release, creation_datetime="2025-06-30T12:00:00")


def item(define: Define, oid: str) -> ItemDef:
    (found,) = [one for one in define.items if one.oid == oid]
    return found


def reference(define: Define, oid: str) -> ItemRef:
    every = [one for group in (*define.item_groups, *define.value_lists) for one in group.items]
    (found,) = [one for one in every if one.item_oid == oid]
    return found


def terms(define: Define, oid: str) -> list[str]:
    (found,) = [one for one in define.codelists if one.oid == item(define, oid).codelist_oid]
    return [one.value for one in found.terms]


def method(define: Define, oid: str) -> str:
    (found,) = [one for one in define.methods if one.oid == reference(define, oid).method_oid]
    return found.description[0].text


def test_it_is_a_good_define(define: Define) -> None:
    found = check_define(define_bytes(define))
    # no MedDRA without data, no annotated CRF in this study
    assert [one.code for one in found] == ["DEF731"]


def test_a_list_of_one_specimen_is_not_that_of_another(define: Define) -> None:
    serum, urine = item(define, "IT.LB.LBSTRESC.GLUC.SERUM"), item(define, "IT.LB.LBSTRESC.GLUC.URINE")
    assert (serum.data_type, serum.length, serum.significant_digits, serum.codelist_oid) == (
        "float",
        3,
        1,
        "",
    )
    assert (urine.data_type, terms(define, urine.oid)) == ("text", ["POSITIVE"])


def test_numbers_with_exponents_codes_with_zeros_and_grades_with_plus_are_text(define: Define) -> None:
    assert item(define, "IT.LB.LBORRES.ALT").data_type == "text"
    assert item(define, "IT.LB.LBSTRESN").data_type == "float"
    assert [item(define, f"IT.SUPPAE.QVAL.{one}").data_type for one in ("AECODE", "AEPLUS")] == [
        "text",
        "text",
    ]
    levels = [item(define, f"IT.TS.TSVAL.{one}") for one in ("DOSE", "NARMS")]
    assert [(one.data_type, one.length) for one in levels] == [("text", 3), ("integer", 1)]


def test_a_sponsors_list_of_numbers_is_a_list(define: Define) -> None:
    assert terms(define, "IT.AE.AETOXGR") == ["1", "2"]


def test_a_duration_that_is_none_makes_its_variable_text(define: Define) -> None:
    found = item(define, "IT.AE.AEDUR")
    assert (found.data_type, found.length) == ("text", 6)


def test_a_constant_code_is_decoded_by_the_constant_name_beside_it(define: Define) -> None:
    (found,) = [one for one in define.codelists if one.oid == "CL.LBTESTCD"]
    assert [one.decode[0].text for one in found.terms if one.value == "RATIOX"] == ["Ratio of Nothing"]


def test_a_domain_that_is_coded_says_so_by_its_preferred_term_alone(define: Define) -> None:
    found = item(define, "IT.MH.MHDECOD")
    assert [(one.type, one.source) for one in found.origins] == [("Assigned", "Vendor")]
    (listed,) = [one for one in define.codelists if one.oid == found.codelist_oid]
    assert listed.external is not None
    assert (listed.external.dictionary, listed.external.version) == ("MedDRA", "26.0")
    # a drug dictionary of the study codes no substances
    assert item(define, "IT.SU.SUCLAS").codelist_oid == ""


def test_null_flavors_are_those_of_iso_21090(define: Define) -> None:
    (found,) = [one for one in define.codelists if one.oid == item(define, "IT.TS.TSVALNF").codelist_oid]
    assert found.external is not None
    assert found.external.dictionary == "ISO 21090"


def test_qualifiers_of_a_dataset_without_subjects_do_not_ask_for_one(define: Define) -> None:
    subject = reference(define, "IT.SUPPTI.USUBJID")
    assert (subject.mandatory, subject.has_no_data, subject.method_oid) == (False, True, "")
    assert [one.type for one in item(define, "IT.SUPPTI.USUBJID").origins] == ["Not Available"]


def test_a_method_speaks_of_lists_only_where_a_test_names_one(define: Define, tmp_path: Path) -> None:
    words = "as the term that the list named for the test gives for it"
    assert words in method(define, "IT.LB.LBSTRESC")
    build = build_study(tmp_path, STUDY | {"tests.csv": STUDY["tests.csv"].replace("FOUND", "")})
    release = standard("SDTMIG 3.4", "2025-03-28")
    without = make_define(build.plan, build.summaries, release, creation_datetime="2025-06-30T12:00:00")
    assert words not in method(without, "IT.LB.LBSTRESC")


def test_an_empty_cell_of_the_tests_table_is_no_other_tests_value(tmp_path: Path) -> None:
    files = STUDY | {
        "define/study.yaml": "value_levels: [{variable: LB.LBORRES, by: [LBSPEC, LBMETHOD]}]\n",
        "lb.yaml": STUDY["lb.yaml"].partition("  - id: ratio")[0] + "variables: {LBREFID: {assign: NO}}\n",
    }
    build = build_study(tmp_path, files)
    define = make_define(
        build.plan,
        build.summaries,
        standard("SDTMIG 3.4", "2025-03-28"),
        creation_datetime="2025-06-30T12:00:00",
    )
    # the color of urine has no method, and is no result of the spectrophotometer
    found = item(define, "IT.LB.LBORRES.URINE.SPECTROPHOTOMETRY")
    assert [(one.type, one.source) for one in found.origins] == [("Collected", "Vendor")]


def test_levels_of_dates_and_durations_are_dates_and_durations(tmp_path: Path) -> None:
    files = STUDY | {
        "ae.yaml": STUDY["ae.yaml"]
        + "  AECAT: {assign: CODE}\n  AESTDTC: {datetime: ST, format: [yyyy-mm-dd, yyyy]}\n",
        "define/study.yaml": (
            "value_levels: [{variable: AE.AESTDTC, by: AECAT}, {variable: AE.AEDUR, by: AECAT}]\n"
        ),
        "raw/ae.csv": (
            "SUBJ,NO,TERM,GRADE,DUR,CODE,PLUS,ST\n01,1,Fever,one,P3D,A,,2024-05-06\n01,2,Rash,two,5 DAYS,B,,2024\n"
        ),
        "raw/more.csv": "SUBJ,NO,TERM,GRADE,DUR,CODE,PLUS,ST\n01,3,Cough,one,,,,\n",
    }
    build = build_study(tmp_path, files)
    release = standard("SDTMIG 3.4", "2025-03-28")
    define = make_define(build.plan, build.summaries, release, creation_datetime="2025-06-30T12:00:00")
    levels = [item(define, f"IT.AE.{one}") for one in ("AESTDTC.A", "AESTDTC.B", "AEDUR.A", "AEDUR.B")]
    assert [(one.data_type, one.length) for one in levels] == [
        ("date", None),
        ("partialDate", None),
        ("durationDatetime", None),
        ("text", 6),
    ]


def test_qorig_is_the_origin_of_the_block_that_made_the_record(made: Build) -> None:
    flags = [
        row[1:] for row in cells(made.datasets["SUPPAE"], ["QNAM", "IDVARVAL", "QORIG"]) if row[0] == "AEFLAG"
    ]
    assert flags == [("1", "ASSIGNED"), ("2", "ASSIGNED"), ("3", "COLLECTED")]
