"""define/study.yaml: documents, comments and value levels from the specification to define.xml and the output folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.define.check import check_define
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.model import Define, Leaf, PDFPageRef
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import SpecError
from sdtm_il2.output import write_build
from sdtm_il2.plan.model import DocumentPlan
from study import build_folder, build_study, plan_of, standard, write_files

STUDY = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: dm.csv, subject: ID, crf: 1}
  lb: {path: lb.csv, subject: ID, crf: "2 4-5"}
  cbc: {path: cbc.csv, subject: ID, origin: Collected by Vendor, crf: 9}
domains: [dm.yaml, lb.yaml]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: ID}
  SITEID: {hardcode: "01"}
  COUNTRY: {hardcode: CHN}
  SEX: {assign: SEX, comment: LOCAL}
  RACE: {assign: RACE, comment: As the subject said., crf: 3}
  ETHNIC: {assign: ETHNIC, comment: LOCAL}
  RFSTDTC: {datetime: START}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBSPEC, LBCAT]
records:
  - {id: site, from: lb, tests: {table: tests.csv, by: [TEST], result: RES, unit: UNIT}}
  - {id: lab, from: cbc, tests: {table: cbc_tests.csv, by: [TEST], result: RES, unit: UNIT}}
variables: {LBCAT: {assign: KIND}}
""",
    "tests.csv": "TEST,LBTESTCD,LBTEST,LBSPEC\nglu,GLUC,Glucose,BLOOD\nuglu,GLUC,Glucose,URINE\n",
    "cbc_tests.csv": "TEST,LBTESTCD,LBTEST,LBSPEC\nwbc,WBC,Leukocytes,BLOOD\n",
    "dm.csv": "ID,SEX,RACE,ETHNIC,START\n1,F,ASIAN,HISPANIC OR LATINO,2025-01-02\n",
    "lb.csv": "ID,TEST,RES,UNIT,KIND\n1,glu,5.5,mmol/L,HOME\n1,uglu,12,mmol/L,\n",
    "cbc.csv": "ID,TEST,RES,UNIT,KIND\n1,wbc,4.12,10^9/L,\n",
    "define/study.yaml": """\
documents:
  acrf: {title: Annotated CRF, file: Blank-CRF.PDF, type: acrf}
  note: {title: A note, file: more/Note.txt, type: other}
  csdrg: {title: Reviewer's Guide, file: CSDRG.pdf, type: guide}
comments: {LOCAL: Done at the site.}
value_levels:
  - {variable: LB.LBORRES, by: [LBTESTCD, LB.LBSPEC]}
  - {variable: LB.LBORRESU, by: LBCAT}
""",
    "define/Blank-CRF.PDF": "the form",
    "define/more/Note.txt": "a note",
    "define/CSDRG.pdf": "the guide",
}


@pytest.fixture(scope="module")
def define(tmp_path_factory: pytest.TempPathFactory) -> Define:
    made = build_study(tmp_path_factory.mktemp("study"), STUDY)
    return make_define(
        made.plan,
        made.summaries,
        standard("SDTMIG 3.4", "2025-03-28"),
        creation_datetime="2025-06-30T12:00:00",
    )


def test_documents_are_leaves_and_the_guide_stands_before_other_files(define: Define) -> None:
    assert define.leaves == (
        Leaf("LF.acrf", "acrf.pdf", "Annotated CRF"),
        Leaf("LF.doc.csdrg", "csdrg.pdf", "Reviewer's Guide"),
        Leaf("LF.doc.note", "note.txt", "A note"),
    )
    assert [one.leaf_id for one in define.annotated_crf] == ["LF.acrf"]
    assert [one.leaf_id for one in define.documents] == ["LF.doc.csdrg", "LF.doc.note"]


def test_documents_are_copied_under_lower_case_names(tmp_path: Path) -> None:
    made = build_study(tmp_path / "study", STUDY)
    write_build(made, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    out = tmp_path / "out"
    assert [(out / name).read_text() for name in ("acrf.pdf", "csdrg.pdf", "note.txt")] == [
        "the form", "the guide", "a note",
    ]  # fmt: skip


def test_the_specification_counts_its_documents_among_its_files(tmp_path: Path) -> None:
    plan = plan_of(write_files(tmp_path, STUDY))
    assert "define/Blank-CRF.PDF" in {name for name, _ in plan.files}
    assert plan.documents[0] == DocumentPlan(
        "acrf", "Annotated CRF", tmp_path / "define/Blank-CRF.PDF", "acrf.pdf", "acrf"
    )


def test_what_stands_on_a_form_has_the_pages_of_its_source(define: Define) -> None:
    """A page on the variable beats that of the source; what a laboratory sent stands on no page."""
    pages = {
        item.oid: [page for origin in item.origins for ref in origin.documents for page in ref.pages]
        for item in define.items
    }
    assert pages["IT.DM.SEX"] == [PDFPageRef(("1",))]
    assert pages["IT.DM.RFSTDTC"] == [PDFPageRef(("1",))]
    assert pages["IT.DM.RACE"] == [PDFPageRef(("3",))]
    assert pages["IT.DM.SITEID"] == []
    assert pages["IT.LB.LBORRES.GLUC.BLOOD"] == [PDFPageRef(("2",)), PDFPageRef(first=4, last=5)]
    assert pages["IT.LB.LBORRES.WBC.BLOOD"] == []


def test_a_comment_is_shared_by_its_identifier(define: Define) -> None:
    items = {item.oid: item.comment_oid for item in define.items}
    texts = {one.oid: one.description[0].text for one in define.comments}
    assert items["IT.DM.SEX"] == items["IT.DM.ETHNIC"] == "COM.LOCAL"
    assert texts["COM.LOCAL"] == "Done at the site."
    assert texts[items["IT.DM.RACE"]] == "As the subject said."


def test_stated_value_levels_are_disjoint_and_complete(define: Define) -> None:
    """An empty value of the variable that tells levels apart is said by what it is not."""
    clauses = {one.oid: one.checks for one in define.where_clauses}
    lists = {
        one.oid: [
            [
                (check.item_oid, check.comparator, check.values)
                for oid in ref.where_clause_oids
                for check in clauses[oid]
            ]
            for ref in one.items
        ]
        for one in define.value_lists
    }
    code, specimen, category = "IT.LB.LBTESTCD", "IT.LB.LBSPEC", "IT.LB.LBCAT"
    assert lists["VL.LB.LBORRES"] == [
        [(code, "EQ", ("GLUC",)), (specimen, "EQ", ("BLOOD",))],
        [(code, "EQ", ("GLUC",)), (specimen, "EQ", ("URINE",))],
        [(code, "EQ", ("WBC",)), (specimen, "EQ", ("BLOOD",))],
    ]
    assert lists["VL.LB.LBORRESU"] == [[(category, "NE", ("HOME",))], [(category, "EQ", ("HOME",))]]


def test_the_file_has_no_fault_and_fits_its_data(define: Define, tmp_path: Path) -> None:
    assert [one.text() for one in check_define(define_bytes(define))] == []
    made = build_study(tmp_path / "study", STUDY)
    write_build(made, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    found = check_define(tmp_path / "out" / "define.xml", data=tmp_path / "out")
    assert {one.code for one in found} == {"DEF787"}  # the documents of this study are no PDF


def _fault(folder: Path, files: dict[str, str]) -> str:
    with pytest.raises(SpecError) as caught:
        plan_of(write_files(folder, STUDY | files))
    return "\n".join(one.text() for one in caught.value.issues if one.code == "SPEC145")


def test_a_value_level_of_unknown_variables_names_the_nearest(tmp_path: Path) -> None:
    levels = "value_levels:\n  - {variable: LBB.LBORRES, by: LBTESTCD}\n  - {variable: LB.LBORES, by: [LBTESTCD, DM.SEX]}\n"
    assert _fault(tmp_path, {"define/study.yaml": levels}) == (
        "define/study.yaml:2: SPEC145: value_levels: 'LBB.LBORRES' is no variable that this study submits\n"
        "  hint: did you mean LB.LBORRES? write DOMAIN.VARIABLE, and under by: variables of the same dataset\n"
        "define/study.yaml:3: SPEC145: value_levels: 'DM.SEX' is no variable of LB that this study submits\n"
        "  hint: write DOMAIN.VARIABLE, and under by: variables of the same dataset\n"
        "define/study.yaml:3: SPEC145: value_levels: 'LBORES' is no variable of LB that this study submits\n"
        "  hint: did you mean LBORRES? write DOMAIN.VARIABLE, and under by: variables of the same dataset"
    )


def test_a_comment_that_nothing_names_and_pages_without_a_crf_are_told(tmp_path: Path) -> None:
    define = "comments: {LOCAL: Done at the site., LOST: Nobody knows.}\n"
    plan = plan_of(write_files(tmp_path, STUDY | {"define/study.yaml": define}))
    found = [one.text() for one in plan.issues if one.code.startswith("SPEC")]
    assert found == [
        (
            "define/study.yaml:1: SPEC149: comment LOST is named by no comment: of the mapping and is not written\n"
            "  hint: write comment: LOST on the variable that it explains; or remove it"
        ),
        (
            "dm.yaml:9: SPEC146: 4 lines name pages by crf:, but define/study.yaml names no annotated CRF: "
            "the pages are left out of define.xml\n"
            "  hint: add documents: {acrf: {title: Annotated CRF, file: acrf.pdf, type: acrf}}"
        ),
    ]
    assert not any(rule.crf for one in plan.domain("DM").variables for rule in one.rules if rule)


CODED = STUDY | {
    "study.yaml": STUDY["study.yaml"].replace("[dm.yaml, lb.yaml]", "[dm.yaml, ae.yaml, mh.yaml]").replace(
        "ct: 2025-03-28}", 'ct: 2025-03-28, dictionaries: {MedDRA: "27.1"}}'
    ).replace("  dm:", "  ae: {path: ae.csv, subject: ID}\n  coding: {path: coding.csv}\n  dm:"),
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae}]
meddra: {source: coding, by: {TERM: WORD}, columns: {PT: PT, PTCD: CODE}}
variables: {AETERM: {assign: TERM, crf: 1}}
""",
    "mh.yaml": """\
domain: MH
keys: [STUDYID, USUBJID, MHTERM]
records: [{from: ae}]
meddra: {source: coding, by: {TERM: WORD}, columns: {PT: PT, PTCD: CODE}, version: "26.0"}
variables: {MHTERM: {assign: TERM, crf: 1}}
""",
    "ae.csv": "ID,TERM\n1,hot\n",
    "coding.csv": "WORD,PT,CODE\nhot,Pyrexia,10037660\n",
    "define/study.yaml": STUDY["define/study.yaml"].partition("value_levels")[0],
}  # fmt: skip


def test_a_domain_may_be_coded_by_a_version_of_its_own(tmp_path: Path) -> None:
    made = build_study(tmp_path, CODED)
    release = standard("SDTMIG 3.4", "2025-03-28")
    define = make_define(made.plan, made.summaries, release, creation_datetime="2025-06-30T12:00:00")
    lists = {one.oid: one for one in define.codelists}
    held = {
        item.oid: lists[item.codelist_oid].external
        for item in define.items
        if item.codelist_oid and lists[item.codelist_oid].external
    }
    found = {oid: (one.dictionary, one.version) for oid, one in held.items() if one}
    assert found["IT.AE.AEDECOD"] == ("MedDRA", "27.1")
    assert found["IT.MH.MHDECOD"] == ("MedDRA", "26.0")
    assert len({one.name for one in define.codelists}) == len(define.codelists)


def test_without_a_version_a_comment_names_the_table_that_coded(tmp_path: Path) -> None:
    files = CODED | {"study.yaml": CODED["study.yaml"].replace(', dictionaries: {MedDRA: "27.1"}', "")}
    made = build_study(tmp_path, files)
    release = standard("SDTMIG 3.4", "2025-03-28")
    define = make_define(made.plan, made.summaries, release, creation_datetime="2025-06-30T12:00:00")
    (term,) = [one for one in define.items if one.oid == "IT.AE.AEDECOD"]
    (comment,) = [one for one in define.comments if one.oid == term.comment_oid]
    assert comment.description[0].text == (
        "Coded by the table coding of the study, which states no version of MedDRA."
    )


def test_any_division_of_the_subjects_gives_the_same_levels(tmp_path: Path) -> None:
    rows = "".join(
        f"{number},glu,{number}.5,mmol/L,{'HOME' if number % 2 else ''}\n" for number in range(1, 8)
    )
    subjects = "".join(f"{number},F,ASIAN,HISPANIC OR LATINO,2025-01-02\n" for number in range(1, 8))
    files = STUDY | {
        "lb.csv": f"ID,TEST,RES,UNIT,KIND\n{rows}",
        "dm.csv": f"ID,SEX,RACE,ETHNIC,START\n{subjects}",
    }
    folder = write_files(tmp_path, files)
    release = standard("SDTMIG 3.4", "2025-03-28")
    found = set()
    for count in (1, 3, 7):
        made = build_folder(folder, partitions=count)
        define = make_define(made.plan, made.summaries, release, creation_datetime="2025-06-30T12:00:00")
        found.add(define_bytes(define))
    assert len(found) == 1
