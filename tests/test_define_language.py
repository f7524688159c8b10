"""Define-XML in English and Chinese: derived, written, read, compared, checked against files in either language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdtm_il2.build import Build
from sdtm_il2.dataset import Dataset
from sdtm_il2.define.check import check_define
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.diff import diff_define
from sdtm_il2.define.model import Define, TranslatedText, bilingual, described
from sdtm_il2.define.read import read_with_issues
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import Issue, Severity
from sdtm_il2.xpt import write_xpt
from study import build_study, standard

LABELS = """\
dataset,variable,label_zh
AE,,不良事件
AE,AETERM,不良事件报告术语
AE,AESEV,严重程度
AE,AEWHERE,发生地点
SUPPAE,,不良事件补充限定词
SUPPAE,QVAL,数据值
*,STUDYID,研究标识符
"""
FILES = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources: {ae: {path: ae.csv, subject: SUBJ}}
domains: [ae.yaml]
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae}]
variables:
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESEV: {assign: SEV, terms: {轻: MILD, 重: SEVERE}}
  AESER: {assign: SER}
  AEWHERE: {assign: PLACE, supplemental: {label: Place of the Event}}
""",
    "ae.csv": "SUBJ,TERM,SEV,PLACE,SER\n1,Headache,轻,home,N\n1,Fever,重,work,Y\n",
    "define/study.yaml": "labels_zh: labels.csv\ndecodes_zh: decodes.csv\n",
    "define/labels.csv": LABELS,
    "define/decodes.csv": "codelist,term,decode_zh\nNY,Y,是\nNY,N,否\nAESEV,MILD,轻度\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_study(tmp_path_factory.mktemp("study"), FILES)


@pytest.fixture(scope="module")
def define(built: Build) -> Define:
    return make_define(
        built.plan, built.summaries, standard("SDTMIG 3.4", "2025-03-28"),
        creation_datetime="2025-06-30T12:00:00",
    )  # fmt: skip


def texts(description: tuple[TranslatedText, ...]) -> dict[str, str]:
    return {one.lang: one.text for one in description}


def test_labels_and_decodes_stand_in_both_languages(define: Define) -> None:
    items = {one.oid: texts(one.description) for one in define.items}
    assert texts(define.item_groups[0].description) == {"en": "Adverse Events", "zh-CN": "不良事件"}
    assert items["IT.AE.AETERM"] == {
        "en": "Reported Term for the Adverse Event",
        "zh-CN": "不良事件报告术语",
    }
    assert items["IT.AE.AEDECOD"] == {"en": "Dictionary-Derived Term"}
    assert items["IT.SUPPAE.STUDYID"] == {"en": "Study Identifier", "zh-CN": "研究标识符"}
    # the qualifier behind a QNAM is labelled in its parent
    assert items["IT.SUPPAE.QVAL.AEWHERE"] == {"en": "Place of the Event", "zh-CN": "发生地点"}
    lists = {one.name: {term.value: texts(term.decode) for term in one.terms} for one in define.codelists}
    assert lists["No Yes Response"] == {"N": {"en": "No", "zh-CN": "否"}, "Y": {"en": "Yes", "zh-CN": "是"}}
    # one term has a Chinese decode: all terms of the list are decoded, in English by what the release says
    assert lists["Severity/Intensity Scale for Adverse Events"] == {
        "MILD": {"en": "Mild Adverse Event", "zh-CN": "轻度"},
        "SEVERE": {"en": "Severe Adverse Event"},
    }


@pytest.mark.parametrize(("agency", "chinese"), [("", True), ("nmpa", True), ("fda", False), ("pmda", False)])
def test_an_agency_that_reads_english_gets_english(agency: str, chinese: bool, built: Build) -> None:
    made = make_define(
        replace(built.plan, agency=agency), built.summaries, standard("SDTMIG 3.4", "2025-03-28"),
        creation_datetime="2025-06-30T12:00:00",
    )  # fmt: skip
    assert (b"zh-CN" in define_bytes(made)) == chinese


def test_written_read_and_written_again_gives_the_same_bytes(define: Define) -> None:
    content = define_bytes(define)
    assert '<TranslatedText xml:lang="zh-CN">不良事件</TranslatedText>'.encode() in content
    again, issues = read_with_issues(content)
    assert (again, issues) == (define, ())
    assert define_bytes(again) == content


def test_changes_are_told_by_language(define: Define) -> None:
    (old,) = (one for one in define.items if one.oid == "IT.AE.AEDECOD")
    labelled = replace(old, description=bilingual("Dictionary-Derived Term", "规范术语"))
    changed = replace(define, items=tuple(labelled if one is old else one for one in define.items))
    assert [str(one) for one in diff_define(define, changed)] == ["AE.AEDECOD: label (zh) added: 规范术语"]
    other = replace(labelled, description=bilingual("Dictionary-Derived Term", "术语"))
    second = replace(define, items=tuple(other if one is old else one for one in define.items))
    assert [str(one) for one in diff_define(changed, second)] == [
        "AE.AEDECOD: label (zh) was 规范术语, is 术语"
    ]
    assert [str(one) for one in diff_define(changed, define)] == [
        "AE.AEDECOD: label (zh) removed, was 规范术语"
    ]


# ---- the check --------------------------------------------------------------------------------------------


def labels_told(issues: tuple[Issue, ...]) -> list[str]:
    return [str(one) for one in issues if one.code in ("DEF753", "DEF790", "DEF768", "DEF724")]


def write_files_in(
    folder: Path, built: Build, define: Define, lang: str, names: tuple[str, ...] = ()
) -> None:
    """The build's XPORT files, with labels in a language; `names` are columns whose label is in the other one."""
    (folder / "define.xml").write_bytes(define_bytes(define))
    (folder / "manifest.json").write_text('{"tool": "sdtm_il2", "encoding": "gb18030"}', encoding="utf-8")
    for name, dataset in built.datasets.items():
        write_xpt(folder / f"{name.lower()}.xpt", labelled(built, dataset, lang, names), encoding="gb18030")


def labelled(built: Build, dataset: Dataset, lang: str, other: tuple[str, ...]) -> Dataset:
    def label(english: str, variable: str) -> str:
        chinese = built.plan.label_zh(dataset.name, variable)
        return chinese if chinese and (lang == "zh") != (variable in other) else english

    columns = tuple(replace(one, label=label(one.label, one.name)) for one in dataset.columns)
    return replace(dataset, label=label(dataset.label, ""), columns=columns)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_files_in_either_language_agree_with_the_description(
    lang: str, built: Build, define: Define, tmp_path: Path
) -> None:
    write_files_in(tmp_path, built, define, lang)
    found = check_define(tmp_path / "define.xml", data=tmp_path)
    assert labels_told(found) == []
    assert [str(one) for one in found if one.severity is Severity.ERROR] == []


def test_a_file_in_two_languages_is_told(built: Build, define: Define, tmp_path: Path) -> None:
    write_files_in(tmp_path, built, define, "zh", ("AESEV",))
    (told,) = labels_told(check_define(tmp_path / "define.xml", data=tmp_path))
    assert "DEF790 AE.AESEV: the label in ae.xpt is in en, others of this file in zh-CN (SD1325)" in told
    assert "hint: write all labels of a file in one language" in told


def test_a_label_in_neither_language_is_told(built: Build, define: Define, tmp_path: Path) -> None:
    write_files_in(tmp_path, built, define, "zh")
    dataset = labelled(built, built.datasets["AE"], "zh", ())
    columns = tuple(replace(one, label="严重性") if one.name == "AESEV" else one for one in dataset.columns)
    write_xpt(tmp_path / "ae.xpt", replace(dataset, columns=columns), encoding="gb18030")
    (told,) = labels_told(check_define(tmp_path / "define.xml", data=tmp_path))
    assert "DEF753 AE.AESEV: the label in ae.xpt is 严重性 (SD1325)" in told


def _checked(define: Define, oid: str, *texts: TranslatedText) -> list[str]:
    items = tuple(replace(one, description=texts) if one.oid == oid else one for one in define.items)
    found = check_define(define_bytes(replace(define, items=items)))
    return [
        f"{one.code} {one.target}: {one.message}"
        for one in found
        if one.code in ("DEF724", "DEF742", "DEF768")
    ]


def test_the_guide_is_compared_with_the_english_text(define: Define) -> None:
    assert (
        _checked(define, "IT.AE.AESEV", TranslatedText("严重程度", "zh"), *described("Severity/Intensity"))
        == []
    )
    assert _checked(define, "IT.AE.AESEV", TranslatedText("严重程度", "zh")) == []
    assert _checked(define, "IT.AE.AESEV", *bilingual("Severity", "严重程度")) == [
        "DEF768 AE.AESEV: the label is Severity, in the implementation guide Severity/Intensity (DD0137)"
    ]


def test_a_chinese_label_has_room_for_twenty_characters(define: Define) -> None:
    assert _checked(define, "IT.AE.AESEV", *bilingual("Severity/Intensity", "严" * 20)) == []
    assert _checked(define, "IT.AE.AESEV", *bilingual("Severity/Intensity", "严" * 21)) == [
        "DEF724 AE.AESEV: the label has 42 bytes, 40 are allowed (DD0137)"
    ]


def test_one_text_a_language(define: Define) -> None:
    twice = (*bilingual("Severity/Intensity", "严重程度"), TranslatedText("程度", "zh-CN"))
    assert _checked(define, "IT.AE.AESEV", *twice) == [
        "DEF742 AE.AESEV: Description has two texts in zh-CN (OD0021)"
    ]
