"""Chinese labels and decodes: the tables of define/study.yaml, and what each row finds in the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.errors import Severity, SpecError
from study import ROOT, plan_of, write_files

STUDY = """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
codelists:
  RELATED: {sponsor: true, terms: {有关: RELATED, 无关: NOT RELATED}}
sources: {ae: {path: raw/ae.csv, subject: SUBJ}, co: {path: raw/co.csv, subject: SUBJ}}
domains: [ae.yaml, co.yaml]
"""
AE = """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae}]
variables:
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AEREL: {assign: REL, codelist: RELATED}
  AESTDTC: {datetime: ST, format: yyyy-mm-dd}
  AEWHERE: {assign: PLACE, supplemental: {label: Place of the Event}}
"""
CO = """\
domain: CO
keys: [STUDYID, USUBJID, COSEQ]
records: [{from: co}]
variables:
  RDOMAIN: {hardcode: AE}
  COVAL: {assign: TEXT}
"""
LABELS = """\
dataset,variable,label_zh
AE,,不良事件
AE,AETERM,不良事件报告术语
AE,--DECOD,规范术语
*,--DECOD,字典术语
*,--SEQ,序号
*,USUBJID,受试者唯一标识符
SUPPAE,QVAL,数据值
CO,COVAL,注释
AE,AEWHERE,发生地点
RELREC,,相关记录
"""
DECODES = """\
codelist,term,decode_zh
NY,Y,是
C66742,N,否
RELATED,NOT RELATED,无关
"""


def files(labels: str = LABELS, decodes: str = DECODES) -> dict[str, str]:
    return {
        "study.yaml": STUDY,
        "ae.yaml": AE,
        "co.yaml": CO,
        "define/study.yaml": "labels_zh: labels.csv\ndecodes_zh: decodes.csv\n",
        "define/labels.csv": labels,
        "define/decodes.csv": decodes,
    }


def refused(folder: Path, made: dict[str, str]) -> str:
    with pytest.raises(SpecError) as caught:
        plan_of(write_files(folder, made))
    return "\n".join(str(one) for one in caught.value.issues if not one.code.startswith("PLAN"))


def test_the_row_that_says_most_counts(tmp_path: Path) -> None:
    plan = plan_of(write_files(tmp_path, files()))
    assert plan.label_zh("AE") == "不良事件"
    assert plan.label_zh("AE", "AETERM") == "不良事件报告术语"
    assert plan.label_zh("AE", "AEDECOD") == "规范术语"  # AE, --DECOD before *, --DECOD
    assert (plan.label_zh("AE", "AESEQ"), plan.label_zh("CO", "COSEQ")) == ("序号", "序号")
    assert plan.label_zh("SUPPAE", "USUBJID") == "受试者唯一标识符"
    assert plan.label_zh("SUPPAE", "QVAL") == "数据值"
    assert plan.label_zh("AE", "AEWHERE") == "发生地点"  # a qualifier, by its QNAM
    assert plan.label_zh("RELREC") == "相关记录"
    assert plan.label_zh("AE", "AESTDTC") == ""
    assert {"define/decodes.csv", "define/labels.csv"} <= {name for name, _ in plan.files}


def test_long_text_goes_on_under_the_same_label(tmp_path: Path) -> None:
    plan = plan_of(write_files(tmp_path, files()))
    assert plan.label_zh("CO", "COVAL2") == "注释"
    assert plan.label_zh("AE", "AETERM1") == ""  # goes on in SUPPAE


def test_decodes_by_any_name_of_the_list(tmp_path: Path) -> None:
    assert plan_of(write_files(tmp_path, files())).decodes == {
        ("C66742", "Y"): "是", ("C66742", "N"): "否", ("RELATED", "NOT RELATED"): "无关",
    }  # fmt: skip


def test_what_has_no_label_is_noted(tmp_path: Path) -> None:
    plan = plan_of(write_files(tmp_path, files()))
    (found,) = [one for one in plan.issues if one.code == "PLAN440"]
    assert str(found) == (
        "define/labels.csv:1: PLAN440: no Chinese label for 22 of the datasets and variables: AE.STUDYID, AE.DOMAIN, "
        "AE.AELLT, AE.AELLTCD, AE.AEPTCD, AE.AEHLT, AE.AEHLTCD, AE.AEHLGT ...\n  hint: add rows for them"
    )


def test_a_row_that_names_nothing(tmp_path: Path) -> None:
    labels = "dataset,variable,label_zh\nAEE,AETERM,术语\nAE,AETRM,术语\n*,--TRM,术语\n*,SEX,性别\nLB,,实验室检查\n"
    assert refused(tmp_path, files(labels)) == (
        "define/labels.csv:2: SPEC142 AEE: the study has no dataset AEE, which this row labels\n"
        "  hint: did you mean AE? else remove the row, or write the name of a dataset that is mapped\n"
        "define/labels.csv:3: SPEC142 AE: the study has no variable AETRM, which this row labels\n"
        "  hint: did you mean AETERM? else remove the row, or write the name of a variable that is mapped\n"
        "define/labels.csv:4: SPEC142: the study has no variable --TRM, which this row labels\n"
        "  hint: did you mean --TERM? else remove the row, or write the name of a variable that is mapped\n"
        "define/labels.csv:5: SPEC142: the study has no variable SEX, which this row labels\n"
        "  hint: remove the row, or write the name of a variable that is mapped\n"
        "define/labels.csv:6: SPEC142 LB: the study has no dataset LB, which this row labels\n"
        "  hint: remove the row, or write the name of a dataset that is mapped"
    )


def test_a_label_that_no_file_has_room_for(tmp_path: Path) -> None:
    fits = "dataset,variable,label_zh\nAE,AETERM," + "不良" * 10 + "\n"
    assert plan_of(write_files(tmp_path, files(fits))).label_zh("AE", "AETERM") == "不良" * 10
    long = "dataset,variable,label_zh\nAE,AETERM," + "不良" * 10 + "一\n"
    assert refused(tmp_path, files(long)) == (
        "define/labels.csv:2: SPEC143 AE.AETERM: the label '"
        + "不良" * 10
        + "一' has 42 bytes in GB18030, allowed "
        "are 40\n  hint: shorten it to at most 20 Chinese characters"
    )


def test_decodes_that_name_nothing(tmp_path: Path) -> None:
    decodes = (
        "codelist,term,decode_zh\nNYY,Y,是\nNY,YES,是\nRELATED,RELATE,有关\nC66742,Y,是\nNY,Y,是\nZZZZ,Q,问\n"
    )
    assert refused(tmp_path, files(decodes=decodes)) == (
        "define/decodes.csv:2: SPEC144: there is no codelist 'NYY', in this release and in this study\n"
        "  hint: did you mean NY? else remove the row, or write a codelist and a term that the study can use\n"
        "define/decodes.csv:3: SPEC144: there is no term 'YES' of NY, in this release and in this study\n"
        "  hint: remove the row, or write a codelist and a term that the study can use\n"
        "define/decodes.csv:4: SPEC144: there is no term 'RELATE' of RELATED, in this release and in this study\n"
        "  hint: did you mean RELATED? else remove the row, or write a codelist and a term that the study can use\n"
        "define/decodes.csv:6: SPEC121: key NY + Y stands twice (line 5)\n"
        "  hint: remove one of the rows\n"
        "define/decodes.csv:7: SPEC144: there is no codelist 'ZZZZ', in this release and in this study\n"
        "  hint: remove the row, or write a codelist and a term that the study can use"
    )


IS = """\
domain: IS
ig: [3.4]
keys: [STUDYID, USUBJID, ISTESTCD]
records: [{from: ae}]
variables:
  ISTESTCD: {hardcode: ATAB}
  ISTEST: {hardcode: Autoantibody}
  ISBDAGNT: {hardcode: NUCLEAR AUTOANTIGENS}
  ISORRES: {assign: REL}
"""


def test_a_row_for_another_version_of_the_guide_is_no_mistake(tmp_path: Path) -> None:
    made = files(LABELS + "IS,,免疫原性\nIS,ISBDAGNT,结合物\n*,--BDAGNT,结合的物质\n")
    made |= {"is.yaml": IS, "study.yaml": STUDY.replace("co.yaml]", "co.yaml, is.yaml]")}
    plan = plan_of(write_files(tmp_path / "new", made))
    assert (plan.label_zh("IS"), plan.label_zh("IS", "ISBDAGNT")) == ("免疫原性", "结合物")
    made["study.yaml"] = made["study.yaml"].replace("SDTMIG 3.4", "SDTMIG 3.3")
    plan = plan_of(write_files(tmp_path / "old", made))
    assert [one.domain for one in plan.domains] == ["AE", "CO"]
    assert plan.label_zh("IS") == ""


def test_a_row_for_what_only_another_version_expects_is_no_mistake(tmp_path: Path) -> None:
    # LBSTREFC is Expected in SDTMIG 3.3 and comes by itself there; in 3.4 it is Permissible, and the study maps none
    made = files(LABELS + "LB,LBSTREFC,参考结果\n")
    made |= {
        "study.yaml": STUDY.replace("co.yaml]", "co.yaml, lb.yaml]"),
        "lb.yaml": IS.replace("IS", "LB").replace("ig: [3.4]\n", "").replace("ATAB", "ALB")
        .replace("  LBTEST: {hardcode: Autoantibody}\n", "").replace("  LBBDAGNT: {hardcode: NUCLEAR AUTOANTIGENS}\n", ""),
    }  # fmt: skip
    assert plan_of(write_files(tmp_path / "new", made)).label_zh("LB", "LBSTREFC") == ""
    made["study.yaml"] = made["study.yaml"].replace("SDTMIG 3.4", "SDTMIG 3.3")
    assert plan_of(write_files(tmp_path / "old", made)).label_zh("LB", "LBSTREFC") == "参考结果"
    made["define/labels.csv"] = made["define/labels.csv"].replace("LBSTREFC", "LBSTREFX")
    with pytest.raises(SpecError) as error:
        plan_of(write_files(tmp_path / "wrong", made))
    assert [one.code for one in error.value.issues if one.severity is Severity.ERROR] == ["SPEC142"]


def test_a_study_without_a_table_is_told_that_the_nmpa_gets_english_labels(tmp_path: Path) -> None:
    made = files() | {"define/study.yaml": "decodes_zh: decodes.csv\n"}
    for agency in ("", "agency: fda\n", "agency: pmda\n"):
        plan = plan_of(write_files(tmp_path, made | {"study.yaml": STUDY + agency}))
        assert "PLAN444" not in {one.code for one in plan.issues}
    plan = plan_of(write_files(tmp_path, made | {"study.yaml": f"{STUDY}agency: nmpa\n"}))
    (found,) = [one for one in plan.issues if one.code == "PLAN444"]
    assert str(found) == (
        "study.yaml:1: PLAN444: the files for the NMPA bear English labels, for the study has no Chinese ones\n"
        "  hint: add labels_zh: to define/study.yaml"
    )
    plan = plan_of(write_files(tmp_path, files() | {"study.yaml": f"{STUDY}agency: nmpa\n"}))
    assert "PLAN444" not in {one.code for one in plan.issues}


def test_the_reference_study_is_labelled_in_chinese() -> None:
    plan = plan_of(ROOT / "mappings" / "nct02932137")
    assert "PLAN440" not in {one.code for one in plan.issues}
    assert plan.label_zh("LB", "LBSTNRHI") == "标准单位参考范围上限"
    # each fits an XPORT file in either encoding that Chinese labels are written in
    assert [text for text in plan.labels.values() if len(text.encode()) > 40] == []
    assert [text for text in plan.labels.values() if len(text.encode("gb18030")) > 40] == []
