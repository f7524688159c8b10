"""What a reviewer checks in the files for an agency that reads English: documents tell what the datasets hold."""

from __future__ import annotations

from pathlib import Path

from sdtm_il2.define.model import Define
from sdtm_il2.define.read import read_define
from sdtm_il2.output import write_build
from study import build_study, standard

#: One test code, told apart by a category in Chinese; the second one is derived and has terms of its own.
STUDY = {
    "study.yaml": """\
study: T1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
agency: fda
translations: english.csv
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ}
  lb: {path: raw/lb.csv, subject: SUBJ}
codelists:
  ANSWER: {sponsor: true, terms: {阳: 阳, 阴: 阴}}
  LEVEL: {sponsor: true, terms: {高: 高, 低: 低}}
  C65047: {sponsor: [XYZ]}
  C67154: {sponsor: [某项目]}
domains: [dm.yaml, lb.yaml]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {hardcode: "01"}
  SEX: {hardcode: F}
  COUNTRY: {hardcode: CHN}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBREFID]
records: [{from: lb, tests: {table: items.csv, by: [ITEM], result: RES}}]
variables: {LBREFID: {assign: NO}}
""",
    "items.csv": """\
ITEM,LBTESTCD,LBTEST,LBCAT,LBSPEC,terms,origin,method
项一,XYZ,某项目,化验甲,URINE,ANSWER,,
项二,XYZ,某项目,化验乙,URINE,LEVEL,Derived by Sponsor,as the site says
""",
    "english.csv": """\
text,en,variable
某项目,Some Test,
化验甲,CHEMISTRY A,LB.LBCAT
化验乙,CHEMISTRY B,
阳,PRESENT,
阴,ABSENT,
高,MUCH,
低,LITTLE,
""",
    "raw/dm.csv": "SUBJ\n01\n",
    "raw/lb.csv": "SUBJ,NO,ITEM,RES\n01,1,项一,阳\n01,2,项二,高\n01,3,项一,阴\n01,4,项二,低\n",
}


def define_of(folder: Path) -> Define:
    """The Define-XML of a build for the FDA, read back from its file."""
    result = build_study(folder / "study", STUDY)
    assert [one.code for one in result.issues if one.severity == "error"] == []
    write_build(result, standard("SDTMIG 3.4", "2025-03-28"), folder / "out")
    return read_define(folder / "out" / "define.xml")


def test_value_levels_keep_the_origins_and_terms_of_translated_tests(tmp_path: Path) -> None:
    define = define_of(tmp_path)
    items = {one.oid: one for one in define.items}
    lists = {one.oid: [term.value for term in one.terms] for one in define.codelists}
    found = {
        name: [(origin.type, origin.source) for origin in items[f"IT.LB.LBORRES.XYZ.{name}"].origins]
        for name in ("CHEMISTRY_A", "CHEMISTRY_B")
    }
    assert found == {
        "CHEMISTRY_A": [("Collected", "Investigator")],
        "CHEMISTRY_B": [("Derived", "Sponsor")],
    }
    terms = {
        name: lists[items[f"IT.LB.LBSTRESC.XYZ.{name}"].codelist_oid]
        for name in ("CHEMISTRY_A", "CHEMISTRY_B")
    }
    assert terms == {"CHEMISTRY_A": ["PRESENT", "ABSENT"], "CHEMISTRY_B": ["MUCH", "LITTLE"]}


def test_names_of_tests_are_those_of_the_files(tmp_path: Path) -> None:
    define = define_of(tmp_path)
    decodes = {
        (one.oid, term.value): {text.lang: text.text for text in term.decode}
        for one in define.codelists
        for term in one.terms
        if term.value == "XYZ"
    }
    assert decodes == {("CL.LBTESTCD", "XYZ"): {"en": "Some Test"}}
