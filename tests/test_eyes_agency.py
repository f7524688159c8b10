"""What a reviewer checks in the files for an agency that reads English: documents tell what the datasets hold."""

from __future__ import annotations

from pathlib import Path

from sdtm_il2.define.model import Define
from sdtm_il2.define.read import read_define
from sdtm_il2.output import write_build
from studies import ENGLISH, ONE_SUBJECT, domain_file, study_file
from study import build_folder, build_study, cells, standard, write_files

#: One test code, told apart by a category in Chinese; the second one is derived and has terms of its own.
LISTS = """\
codelists:
  ANSWER: {sponsor: true, terms: {阳: 阳, 阴: 阴}}
  LEVEL: {sponsor: true, terms: {高: 高, 低: 低}}
  C65047: {sponsor: [XYZ]}
  C67154: {sponsor: [某项目]}
"""
STUDY = ONE_SUBJECT | {
    "study.yaml": study_file("dm", "lb", head=ENGLISH, tail=LISTS),
    "lb.yaml": domain_file(
        "LB",
        "LBTESTCD, LBREFID",
        "{LBREFID: {assign: NO}}",
        "[{from: lb, tests: {table: items.csv, by: [ITEM], result: RES}}]",
    ),
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
    "raw/lb.csv": "SUBJ,NO,ITEM,RES\n01,1,项一,阳\n01,2,项二,高\n01,3,项一,阴\n01,4,项二,低\n",
}
#: Medications that name the event for which they were taken; its identifier becomes that of the relation.
RELATED = ONE_SUBJECT | {"cm.yaml": domain_file("CM", "CMTRT", "{CMTRT: {assign: DRUG}}")}


def relation(identifier: str) -> str:
    return f'relationships: [{{from: CM, column: AE_NO, to: AE.AESPID, id: "{identifier}"}}]\n'


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


def test_an_order_that_differs_by_agency_is_told(tmp_path: Path) -> None:
    # 一 (U+4E00) stands before 丁 (U+4E01), but Zoster after Acne: the rash is AESEQ 1 for one agency alone
    study = study_file("dm", "ae", head="agency: nmpa\n", sources="  coding: {path: raw/coding.csv}\n")
    files = ONE_SUBJECT | {
        "study.yaml": study.replace("2025-03-28}", '2025-03-28, dictionaries: {MedDRA: "27.1"}}'),
        "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AEDECOD]
records: [{from: ae}]
meddra: {source: coding, by: [TERM], columns: {PT: {nmpa: 首选语, else: PT}}}
variables: {AETERM: {assign: TERM}}
""",
        "raw/ae.csv": "SUBJ,TERM\n01,shingles\n01,rash\n",
        "raw/coding.csv": "TERM,PT,首选语\nshingles,Zoster,一\nrash,Acne,丁\n",
    }
    found = build_study(tmp_path / "nmpa", files)
    assert cells(found.datasets["AE"], ["AESEQ", "AEDECOD"]) == [("1", "一"), ("2", "丁")]
    assert [str(one) for one in found.issues if one.code == "PLAN441"] == [
        (
            "ae.yaml:4: PLAN441 AE: the records are ordered by AEDECOD, which comes from another column for another "
            "agency: --SEQ can differ between builds\n  hint: write sort: with variables that are the same for "
            "every agency"
        )
    ]
    sorted_by_term = files | {"ae.yaml": files["ae.yaml"] + "sort: [AETERM]\n"}
    others = build_study(tmp_path / "sorted", sorted_by_term)
    assert "PLAN441" not in {one.code for one in others.issues}


def test_identifiers_do_not_become_one_by_translation(tmp_path: Path) -> None:
    # two events with the same English term are two events; two relations with the same RELID are one
    events = "  AESPID: {assign: NO}\n  AETERM: {assign: TERM}\n  AEDECOD: {hardcode: Pyrexia}\n"
    files = RELATED | {
        "study.yaml": study_file("dm", "ae", "cm", head=ENGLISH, tail=relation("合{AE_NO}")),
        "ae.yaml": domain_file("AE", "AESPID", events),
        "english.csv": "text,en\n发热,Fever\n发烧,Fever\n合1,TIE1\n合2,TIE1\n",
        "raw/ae.csv": "SUBJ,NO,TERM\n01,1,发热\n01,2,发烧\n",
        "raw/cm.csv": "SUBJ,DRUG,AE_NO\n01,Aspirin,1\n01,Iron,2\n",
    }
    told = [str(one) for one in build_study(tmp_path / "one", files).issues if one.severity == "error"]
    assert told == [
        (
            "english.csv:5: DATA892 RELREC.RELID: 2 texts that tell records apart have the same English text, "
            "see english.csv:4\n  hint: give each text an English text of its own"
        )
    ]
    apart = files | {"english.csv": files["english.csv"].replace("合2,TIE1", "合2,TIE2")}
    assert [one.code for one in build_study(tmp_path / "two", apart).issues if one.severity == "error"] == []

    # equal numbers tie the datasets, so their English texts are equal as well
    tied = apart | {
        "study.yaml": files["study.yaml"].replace(
            "relationships: [", "relationships: [{datasets: [AE, CM], by: --LNKID, types: [ONE, MANY]}, "
        ),
        "ae.yaml": files["ae.yaml"] + "  AELNKID: {assign: LINK}\n",
        "cm.yaml": files["cm.yaml"].replace("DRUG}}", "DRUG}, CMLNKID: {assign: LINK}}"),
        "english.csv": "text,en,variable\n发热,Fever,\n发烧,Fever,\n合1,TIE1,\n合2,TIE2,\n甲,A,AE.AELNKID\n甲,B,\n",
        "raw/ae.csv": "SUBJ,NO,TERM,LINK\n01,1,发热,甲\n01,2,发烧,\n",
        "raw/cm.csv": "SUBJ,DRUG,AE_NO,LINK\n01,Aspirin,1,甲\n01,Iron,2,\n",
    }
    told = [str(one) for one in build_study(tmp_path / "tied", tied).issues if one.severity == "error"]
    assert told == [
        (
            "english.csv:7: DATA893 CM.CMLNKID: a text has another English text than in AE.AELNKID, by which RELREC "
            "ties the two datasets, see english.csv:6\n  hint: give the text one English text: one row without a "
            "variable"
        )
    ]


def test_an_identifier_may_have_been_collected_in_english(tmp_path: Path) -> None:
    # 头痛 becomes Headache, as another record is numbered already; the terms of two events may be the same
    names = ("AELNKID", "AESPID", "AEGRPID", "AEREFID")
    events = "  AETERM: {assign: TERM}\n  AEDECOD: {hardcode: Headache}\n  AESTDTC: {datetime: D}\n"
    files = ONE_SUBJECT | {
        "study.yaml": study_file("dm", "ae", head=ENGLISH),
        "ae.yaml": domain_file("AE", "AESTDTC", events),
        "english.csv": "text,en\n头痛,Headache\n头疼,Headache\n",
        "raw/ae.csv": "SUBJ,TERM,D\n01,头痛,2024-01-01\n01,Headache,2024-01-02\n01,Headache,2024-01-03\n",
    }

    def told(folder: str, changed: dict[str, str]) -> list[str]:
        found = build_study(tmp_path / folder, files | changed)
        return [one.text(show_values=True) for one in found.issues if one.severity == "error"]

    assert told("terms", {}) == []
    for name in names:
        assert told(name, {"ae.yaml": files["ae.yaml"] + f"  {name}: {{assign: TERM}}\n"}) == [
            (
                f"english.csv:2: DATA892 AE.{name}: 2 texts that tell records apart have the same English text, "
                f"one of them collected in English in AE.{name}\n"
                "  hint: give each text an English text of its own\n"
                "  values: 'Headache' (2), '头痛' (1)"
            )
        ]
    numbered = {"ae.yaml": files["ae.yaml"] + "  AESPID: {assign: TERM}\n"}
    assert told("three", numbered | {"raw/ae.csv": files["raw/ae.csv"] + "01,头疼,2024-01-04\n"}) == [
        (
            "english.csv:3: DATA892 AE.AESPID: 3 texts that tell records apart have the same English text, "
            "see english.csv:2, one of them collected in English in AE.AESPID\n"
            "  hint: give each text an English text of its own\n"
            "  values: 'Headache' (2), '头疼' (1), '头痛' (1)"
        )
    ]
    # the two subjects may be built apart: what is told is the same
    subjects = {
        "raw/dm.csv": "SUBJ\n01\n02\n",
        "raw/ae.csv": "SUBJ,TERM,D\n01,头痛,2024-01-01\n02,Headache,2024-01-02\n",
    }
    write_files(tmp_path / "subjects", files | numbered | subjects)
    one, two = (build_folder(tmp_path / "subjects", partitions=number).issues for number in (1, 2))
    assert [str(each) for each in one] == [str(each) for each in two]
    assert "DATA892" in {each.code for each in two}
    assert told("apart", numbered | {"english.csv": "text,en\n头痛,Head pain\n"}) == []


def test_relations_and_links_may_have_been_collected_in_english(tmp_path: Path) -> None:
    events = "{AESPID: {assign: NO}, AETERM: {hardcode: Fever}, AEDECOD: {hardcode: Pyrexia}}"
    files = RELATED | {
        "study.yaml": study_file("dm", "ae", "cm", head=ENGLISH, tail=relation("{ID}")),
        "ae.yaml": domain_file("AE", "AESPID", events),
        "english.csv": "text,en\n甲,A\n",
        "raw/ae.csv": "SUBJ,NO\n01,1\n01,2\n",
        "raw/cm.csv": "SUBJ,DRUG,AE_NO,ID\n01,Aspirin,1,甲\n01,Iron,2,A\n",
    }

    def told(folder: str, changed: dict[str, str]) -> list[str]:
        found = build_study(tmp_path / folder, files | changed)
        return [str(one) for one in found.issues if one.severity == "error"]

    hint = "\n  hint: give each text an English text of its own"
    assert told("relid", {}) == [
        (
            "english.csv:2: DATA892 RELREC.RELID: 2 texts that tell records apart have the same English text, "
            f"one of them collected in English in RELREC.RELID{hint}"
        )
    ]
    # 甲 of AE is another link than A of CM; in English RELREC would tie the two
    tied = {
        "study.yaml": files["study.yaml"].partition("relationships")[0]
        + "relationships: [{datasets: [AE, CM], by: --LNKID, types: [ONE, MANY]}]\n",
        "ae.yaml": files["ae.yaml"].replace(
            "{AESPID: {assign: NO}", "{AESPID: {assign: NO}, AELNKID: {assign: ID}"
        ),
        "cm.yaml": files["cm.yaml"].replace("DRUG}}", "DRUG}, CMLNKID: {assign: ID}}"),
        "raw/ae.csv": "SUBJ,NO,ID\n01,1,甲\n01,2,B\n",
        "raw/cm.csv": "SUBJ,DRUG,ID\n01,Aspirin,A\n01,Iron,B\n",
    }
    assert told("tied", tied) == [
        (
            "english.csv:2: DATA892 AE.AELNKID: 2 texts that tell records apart have the same English text, "
            f"one of them collected in English in CM.CMLNKID{hint}"
        )
    ]
    assert told("equal", tied | {"raw/cm.csv": "SUBJ,DRUG,ID\n01,Aspirin,甲\n01,Iron,B\n"}) == []
