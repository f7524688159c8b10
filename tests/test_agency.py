"""One study for several agencies: what a build chooses, texts in English, labels and encodings."""

from __future__ import annotations

import json
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from cli_study import run
from sdtm_il2.agency import AGENCIES
from sdtm_il2.build import Build, build
from sdtm_il2.compile import compile_plan
from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.define.check import check_define
from sdtm_il2.errors import Severity, SpecError, XptError
from sdtm_il2.output import write_build
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import choose, load_spec
from sdtm_il2.trace import trace
from sdtm_il2.xpt import read_xpt, write_xpt
from sdtm_il2.xpt.check import check_sizes
from study import ROOT, cells, standard, write_files

STUDY = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
agency: nmpa
translations: translations.csv
dates: {format: yyyy-mm-dd}
sources:
  ae: {path: ae.csv, subject: SUBJ}
  more: {path: more.csv, subject: SUBJ}
domains: [ae.yaml, cm.yaml]
relationships:
  - {from: CM, column: AE_NO, to: AE.AESPID, id: "合{AE_NO}"}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM, AESPID]
records: [{from: ae}]
comments: [{from: ae, text: NOTE}]
variables:
  AESPID:  {assign: NO}
  AETERM:  {assign: TERM}
  AEDECOD: {hardcode: Fever}
  AESEV:   {assign: SEV, terms: {轻: MILD}}
  AESER:   {hardcode: Y, when: AE.AETERM EQ 发热}
  AEPLACE: {assign: PLACE, supplemental: {label: 地点}}
""",
    "cm.yaml": """\
domain: CM
keys: [STUDYID, USUBJID, CMTRT]
records: [{from: more}]
variables: {CMTRT: {assign: DRUG}}
""",
    "translations.csv": """\
text,en,variable,note
发热,Fever,,
发热,Pyrexia,CM.CMTRT,
皮疹,Rash,,
家,at home,,not the hospital
地点,Place,,
见±,seen +/-,,
合1,TIE1,,
布洛芬,Ibuprofen,,
""",
    "ae.csv": "SUBJ,NO,TERM,SEV,PLACE,NOTE\n001,1, 发热 ,轻,家,见±\n001,2,皮疹,轻,,\n002,1,Cough,轻,clinic,\n",
    "more.csv": "SUBJ,DRUG,AE_NO\n001,布洛芬,1\n002,发热,\n",
}


def built_for(folder: Path, agency: str, files: dict[str, str] | None = None, partitions: int = 1) -> Build:
    write_files(folder, STUDY | (files or {}))
    spec = choose(load_spec(folder), agency=agency)
    plan = compile_plan(spec, standard(spec.standard.ig, spec.standard.ct))
    return build(plan, read_sources(spec, folder), partitions=partitions)


def said(found: Build) -> list[str]:
    return [str(one) for one in found.issues]


def refusal(error: pytest.ExceptionInfo[SpecError], *without: str) -> str:
    return "\n".join(
        str(one) for one in error.value.issues if one.severity is Severity.ERROR and one.code not in without
    )


# ---- texts ------------------------------------------------------------------------------------------------


def test_the_whole_text_is_translated_and_conditions_see_what_was_collected(tmp_path: Path) -> None:
    found = built_for(tmp_path, "fda")
    names = ("USUBJID", "AESEQ", "AETERM", "AESEV", "AESER")
    assert cells(found.datasets["AE"], names) == [
        ("S1-001", "1", "Fever", "MILD", "Y"),
        ("S1-001", "2", "Rash", "MILD", ""),
        ("S1-002", "1", "Cough", "MILD", ""),
    ]
    assert cells(found.datasets["SUPPAE"], ("QNAM", "QLABEL", "QVAL")) == [
        ("AEPLACE", "Place", "at home"),
        ("AEPLACE", "Place", "clinic"),
    ]
    assert cells(found.datasets["CO"], ("COVAL",)) == [("seen +/-",)]
    # a row for the variable beats the row for all
    assert cells(found.datasets["CM"], ("CMTRT",)) == [("Ibuprofen",), ("Pyrexia",)]
    assert {row[0] for row in cells(found.datasets["RELREC"], ("RELID",))} == {"TIE1"}
    assert [text for text in said(found) if "DATA89" in text] == []


def test_under_nmpa_texts_stay_as_collected(tmp_path: Path) -> None:
    found = built_for(tmp_path, "")
    assert cells(found.datasets["AE"], ("AETERM",)) == [(" 发热 ",), ("皮疹",), ("Cough",)]
    assert cells(found.datasets["SUPPAE"], ("QLABEL", "QVAL"))[0] == ("地点", "家")
    assert found.lineage.translations == ()


@pytest.mark.parametrize("kind", ["few rows", "every kind"])
def test_partitions_translate_alike(kind: str, tmp_path: Path) -> None:
    files = (
        MORE if kind == "every kind" else {"translations.csv": "text,en\n发热,Fever\n没有,None\n地点,Place\n"}
    )
    one, two = (built_for(tmp_path, "fda", files, number) for number in (1, 2))
    assert said(one) == said(two)
    assert one.balance == two.balance
    assert one.lineage.translations == two.lineage.translations
    for name in one.datasets:
        assert one.datasets[name].frame.equals(two.datasets[name].frame)
        for variable, rows in one.lineage.datasets[name].translations.items():
            assert rows.tolist() == two.lineage.datasets[name].translations[variable].tolist()


def test_what_no_row_translates_stops_the_build(tmp_path: Path) -> None:
    files = {"translations.csv": "text,en\n发热,Fever\n没有,None\n地点,Place\n无,No\n"}
    found = built_for(tmp_path / "study", "fda", files)
    hint = (
        "  hint: list them with sdtm-il2 translations, fill in the English texts, "
        "and name the file under translations:"
    )
    of = "beyond ASCII for which translations: has no row"
    assert [text for text in said(found) if "DATA89" in text] == [
        f"ae.yaml:4: DATA890 CO.COVAL: 1 record holds 1 text {of}\n{hint}",
        f"ae.yaml:7: DATA890 AE.AETERM: 1 record holds 1 text {of}\n{hint}",
        f"ae.yaml:11: DATA890 AE.AEPLACE: 1 record holds 1 text {of}\n{hint}",
        f"cm.yaml:4: DATA890 CM.CMTRT: 1 record holds 1 text {of}\n{hint}",
        f"study.yaml:11: DATA890 RELREC.RELID: 2 records hold 1 text {of}\n{hint}",
        (
            "translations.csv:3: DATA891: 2 rows translate texts that do not occur: lines 3 and 5\n"
            "  hint: correct the text, or leave the row for later data"
        ),
    ]
    with pytest.raises(XptError) as caught:
        write_build(found, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    assert {one.code for one in caught.value.issues} == {"DATA890"}
    assert not (tmp_path / "out").exists()


def test_trace_and_balance_tell_the_row(tmp_path: Path) -> None:
    found = built_for(tmp_path / "study", "fda")
    out = tmp_path / "out"
    write_build(found, standard("SDTMIG 3.4", "2025-03-28"), out)
    lines = list(trace(out, "AE", "S1-001", 1, "AETERM").lines())
    assert lines[2:] == [
        "AE.AETERM = 'Fever'",
        "  by assign at ae.yaml:7",
        "  in English for '发热' by translations.csv:2",
        "  from ae.csv:2 TERM = ' 发热 '",
    ]
    assert "  in English for '家' by translations.csv:5" in trace(out, "AE", "S1-001", 1, "AEPLACE").lines()
    balance = (out / "balance.txt").read_text(encoding="utf-8").splitlines()
    assert balance[balance.index("Prepared for the FDA: text is English in ASCII") :] == [
        "Prepared for the FDA: text is English in ASCII",
        "  AE.AEPLACE: 1 record, 1 text by translations.csv:5",
        "  AE.AETERM: 2 records, 2 texts by translations.csv:2,4",
        "  CM.CMTRT: 2 records, 2 texts by translations.csv:3,9",
        "  CO.COVAL: 1 record, 1 text by translations.csv:7",
        "  RELREC.RELID: 2 records, 1 text by translations.csv:8",
    ]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert {key: manifest[key] for key in ("agency", "encoding", "language", "translated")} == {
        "agency": "fda",
        "encoding": "ascii",
        "language": "en",
        "translated": {"texts": 7, "values": 8},
    }
    assert manifest["chosen_for_this_build"] == {"agency": {"stated": "nmpa", "chosen": "fda"}}


TABLES = {
    "text,en\n发热,\n": "translations.csv:2: SPEC166: the row has no English text\n  hint: fill in the column en",
    "text,en\n发热,Fièvre\n": "translations.csv:2: SPEC166: the English text holds the character U+00E8\n"
    "  hint: write it in ASCII: +/- for U+00B1, u for the micro sign, 10^9/L for a raised 9, a straight quote for a "
    "curly one",
    "text,en\nFever,Fever\n": "translations.csv:2: SPEC166: the text to translate is ASCII, which is submitted as it is\n"
    "  hint: delete the row, or correct the column text",
    "text,en\n,Fever\n": "translations.csv:2: SPEC166: the text to translate is blank\n"
    "  hint: delete the row, or correct the column text",
    "text,en,variable\n热,Hot,\n热,Warm,AE.AETERM\n热,Heat,AE.AETERM\n": "translations.csv:4: SPEC167: the text stands "
    "twice for AE.AETERM; also at translations.csv:3\n  hint: remove one of the rows",
    "text,en,variable\n热,Hot,AETERM\n": "translations.csv:2: SPEC185: variable: 'AETERM' is not right; expected "
    "DOMAIN.VARIABLE such as AE.AETERM, or blank for every variable\n"
    "  hint: write DOMAIN.VARIABLE such as AE.AETERM, or blank for every variable",
    "text,en,variable\n热,Hot,AE.AETREM\n": "translations.csv:2: SPEC126 AE.AETREM: the study has no variable of this "
    "name\n  hint: did you mean AE.AETERM? or leave the column variable blank",
    "text,english\n热,Hot\n": "translations.csv:1: SPEC122: header 'english' is no variable, reserved word or key\n"
    "  hint: correct the header or remove the column\n"
    "translations.csv:1: SPEC189: the table has no column 'en'\n  hint: correct the first row of the table",
}


@pytest.mark.parametrize("table", TABLES)
def test_a_bad_table_is_told_with_its_line(table: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        built_for(tmp_path, "fda", {"translations.csv": table})
    assert refusal(caught, "SPEC117") == TABLES[table]


LONG = "word " * 60

MORE = {
    "study.yaml": STUDY["study.yaml"].replace("[ae.yaml, cm.yaml]", "[ae.yaml, cm.yaml, trial.yaml]")
    + "codelists: {HOW: {sponsor: true, terms: {1: 可能, 2: 无关}}}\n",
    "trial.yaml": "tables: {TI: ti.csv}\n",
    "ti.csv": "IETESTCD,IETEST,IECAT\nI01,年满18岁,INCLUSION\nI02,Adult,INCLUSION\n",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AESPID]
records: [{from: ae}]
variables:
  AESPID:  {assign: NO}
  AETERM:  {assign: TERM}
  AEDECOD: {hardcode: Fever}
  AEREL:   {assign: REL, codelist: HOW}
  AEACNOTH: {checked: {A: 冰敷, B: 休息}, many: MULTIPLE}
  AENOTE:  {assign: NOTE, supplemental: {label: Note, eval: 研究者}}
""",
    "ae.csv": "SUBJ,NO,TERM,REL,A,B,NOTE\n001,1,发热,1,1,1,长\n002,1,Cough,2,1,,\n",
    "more.csv": "SUBJ,DRUG,AE_NO\n001,x,\n",
    "translations.csv": f"""\
text,en
发热,Fever
可能,POSSIBLE
无关,NOT RELATED
冰敷,Ice
休息,Rest
长,{LONG.strip()}
研究者,INVESTIGATOR
年满18岁,18 years or older
合1,TIE
""",
}


def test_every_kind_of_value_is_translated(tmp_path: Path) -> None:
    found = built_for(tmp_path / "study", "fda", MORE)
    assert [text for text in said(found) if "DATA890" in text] == []
    assert cells(found.datasets["AE"], ("AETERM", "AEREL", "AEACNOTH")) == [
        ("Fever", "POSSIBLE", "MULTIPLE"),
        ("Cough", "NOT RELATED", "Ice"),
    ]
    # the single answers of boxes; a long English text goes on in a second record, as every long text does
    assert cells(found.datasets["SUPPAE"], ("QNAM", "QVAL", "QEVAL")) == [
        ("AEACNOT1", "Ice", ""),
        ("AEACNOT2", "Rest", ""),
        ("AENOTE", ("word " * 40).strip(), "INVESTIGATOR"),
        ("AENOTE1", (" word" * 20), "INVESTIGATOR"),
    ]
    assert cells(found.datasets["TI"], ("IETEST",)) == [("18 years or older",), ("Adult",)]
    out = tmp_path / "out"
    write_build(found, standard("SDTMIG 3.4", "2025-03-28"), out)
    define = (out / "define.xml").read_text(encoding="utf-8")
    assert 'CodedValue="POSSIBLE"' in define
    assert "可能" not in define
    commented = re.findall(r'<ItemDef OID="IT.(\w+.\w+)"[^>]*CommentOID="COM.ENGLISH"', define)
    assert sorted(commented) == [
        "AE.AEACNOTH",
        "AE.AEREL",
        "AE.AETERM",
        "SUPPAE.QVAL",
        "TI.IETEST",
    ]
    assert "Values collected in another language are submitted in English translation." in define
    # DEF731, DEF773: there is no annotated CRF to name, and no dictionary behind AEDECOD
    assert {one.code for one in check_define(out / "define.xml", data=out)} == {"DEF731", "DEF773"}


def test_a_record_with_several_ticked_boxes_is_one_record_of_the_balance(tmp_path: Path) -> None:
    # 001 ticked 冰敷 and 休息, 002 冰敷 alone: two records, two texts
    for partitions in (1, 2):
        found = built_for(tmp_path / str(partitions), "fda", MORE, partitions)
        lines = {one.variable: (one.records, one.texts) for one in found.balance.translations}
        assert lines == {
            "AE.AEACNOTH": (2, 2),
            "AE.AENOTE": (1, 1),
            "AE.AEREL": (2, 2),
            "AE.AETERM": (1, 1),
            "TI.IETEST": (1, 1),
        }


def test_texts_that_become_one_no_longer_tell_records_apart(tmp_path: Path) -> None:
    files = {
        "ae.yaml": STUDY["ae.yaml"].replace(
            "keys: [STUDYID, USUBJID, AETERM, AESPID]", "keys: [STUDYID, USUBJID, AETERM]"
        ),
        "translations.csv": STUDY["translations.csv"].replace("皮疹,Rash", "皮疹,Fever"),
    }
    told = "ae.yaml:2: DATA815 AE: "
    assert [text.startswith(told) for text in said(built_for(tmp_path, "nmpa", files))].count(True) == 0
    assert [text.startswith(told) for text in said(built_for(tmp_path, "fda", files))].count(True) == 1
    # a text that was English already is as much the same
    files["ae.csv"] = "SUBJ,NO,TERM,SEV,PLACE,NOTE\n001,1,发热,轻,,\n001,2,Fever,轻,,\n002,1,Fever,轻,,\n"
    assert [text.startswith(told) for text in said(built_for(tmp_path / "en", "nmpa", files))].count(
        True
    ) == 0
    (one,) = [one for one in built_for(tmp_path / "en", "fda", files).issues if one.code == "DATA815"]
    assert str(one).startswith(
        "ae.yaml:2: DATA815 AE: keys not unique: 2 records share AETERM with another, "
    )


def test_processes_and_one_process_translate_alike(tmp_path: Path) -> None:
    write_files(tmp_path, STUDY | {"translations.csv": "text,en\n发热,Fever\n地点,Place\n"})
    spec = choose(load_spec(tmp_path), agency="fda")
    plan = compile_plan(spec, standard(spec.standard.ig, spec.standard.ct))
    sources = read_sources(spec, tmp_path)
    with ProcessPoolExecutor(2) as pool:
        several = build(plan, sources, pool.map, partitions=2)
    one = build(plan, sources)
    assert (said(several), several.lineage.translations) == (said(one), one.lineage.translations)


def test_a_text_that_looks_changed_by_excel_may_be_translated(tmp_path: Path) -> None:
    table = STUDY["translations.csv"] + "3月5日,5 March,,\n"
    rows = load_spec(write_files(tmp_path, STUDY | {"translations.csv": table})).translations
    assert [(one.text, one.en, str(one.at)) for one in rows][-1] == (
        "3月5日",
        "5 March",
        "translations.csv:10",
    )


def test_the_missing_texts_as_a_table_to_fill_in(tmp_path: Path) -> None:
    files = {"translations.csv": "text,en\n合1,TIE1\n"}
    study = str(write_files(tmp_path / "study", STUDY | files))
    new = tmp_path / "study" / "new.csv"
    result = run("translations", study, "--out", str(new))
    assert result.stdout == f"written to {new}: 6 texts; they may be subjects' data\n"
    assert new.read_text(encoding="utf-8-sig").splitlines() == [
        "text,en,note",
        "地点,,1 in the label of AE.AEPLACE",
        "家,,1 in AE.AEPLACE",
        "发热,,1 in AE.AETERM; 1 in CM.CMTRT",
        "皮疹,,1 in AE.AETERM",
        "布洛芬,,1 in CM.CMTRT",
        "见±,,1 in CO.COVAL",
    ]
    again = run("translations", study, "--out", str(new))
    assert (again.exit_code, again.stderr) == (
        2,
        (
            "Errors\nOUT932: new.csv exists already, and it may hold your work\n"
            "  hint: name another file or move it away\n\n1 error\n"
        ),
    )
    # filled in and named, it is a table of the study
    text = new.read_text(encoding="utf-8-sig").replace(",,", ",English,")
    new.write_text(text, encoding="utf-8-sig")
    path = tmp_path / "study" / "study.yaml"
    path.write_text(
        STUDY["study.yaml"].replace("s: translations.csv", "s: [translations.csv, new.csv]"), encoding="utf-8"
    )
    done = run("translations", study, "--out", str(tmp_path / "more.csv"))
    assert done.stdout == "every text has its English text; nothing is written\n"
    assert not (tmp_path / "more.csv").exists()


DICTIONARY = {
    "study.yaml": STUDY["study.yaml"].replace("domains:", "  coding: {path: coding.csv}\ndomains:"),
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AESPID]
records: [{from: ae}]
meddra: {source: coding, by: {TERM: TEXT}, columns: {LLT: LLT, PT: {nmpa: 首选语, else: PT}}}
variables:
  AESPID: {assign: NO}
  AETERM: {assign: TERM}
""",
    "ae.csv": "SUBJ,NO,TERM\n001,1,发热\n",
    "coding.csv": "TEXT,LLT,PT,首选语\n发热,Fever,Pyrexia,发热（首选语）\n",
}


@pytest.mark.parametrize(
    ("agency", "term", "other"), [("nmpa", "发热（首选语）", "PT"), ("fda", "Pyrexia", "首选语")]
)
def test_a_dictionary_has_its_column_by_agency(agency: str, term: str, other: str, tmp_path: Path) -> None:
    found = built_for(tmp_path, agency, DICTIONARY)
    assert cells(found.datasets["AE"], ("AELLT", "AEDECOD")) == [("Fever", term)]
    columns = {one.column: (one.use, one.reason) for one in found.balance.source("coding").columns}
    assert columns[other] == ("not submitted", "for another agency")
    assert columns["LLT"] == ("mapped", "")
    assert "DATA851" not in {one.code for one in found.issues}


def test_a_dictionary_says_what_all_other_agencies_take(tmp_path: Path) -> None:
    files = DICTIONARY | {
        "ae.yaml": DICTIONARY["ae.yaml"].replace("{nmpa: 首选语, else: PT}", "{nmpa: 首选语}")
    }
    with pytest.raises(SpecError) as caught:
        built_for(tmp_path, "nmpa", files)
    assert refusal(caught) == (
        "ae.yaml:4: SPEC182: a column by agency needs the key 'else'\n  hint: add else:"
    )


# ---- labels and sizes -------------------------------------------------------------------------------------


def test_a_label_needs_its_english(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        built_for(tmp_path, "pmda", {"translations.csv": "text,en\n发热,Fever\n"})
    assert refusal(caught) == (
        "ae.yaml:11: SPEC117 AE.AEPLACE: the label is not ASCII and has no English text\n"
        "  hint: write an English label:, or translate it in a row of translations: without a variable"
    )


def test_the_fda_asks_for_pairs_of_quotes_and_brackets(tmp_path: Path) -> None:
    files = {"ae.yaml": STUDY["ae.yaml"].replace("地点", "Subject's Place")}
    told = "ae.yaml:11: SPEC158 AE.AEPLACE: the label holds ' without its pair\n  hint: change label:"
    assert told in said(built_for(tmp_path, "fda", files))
    assert told not in said(built_for(tmp_path, "pmda", files))


def test_labels_count_in_bytes_of_the_stated_encoding(tmp_path: Path) -> None:
    long = "受试者发生不良事件时所在的地点"  # 15 characters: 30 bytes in GB18030, 45 in UTF-8
    files = {"ae.yaml": STUDY["ae.yaml"].replace("地点", long)}
    assert cells(built_for(tmp_path, "", files).datasets["SUPPAE"], ("QLABEL",))[0] == (long,)
    files["study.yaml"] = STUDY["study.yaml"].replace("agency: nmpa", "agency: {name: nmpa, encoding: utf-8}")
    with pytest.raises(SpecError) as caught:
        built_for(tmp_path, "", files)
    assert refusal(caught) == (
        "ae.yaml:11: SPEC128 AE.AEPLACE: QLABEL has 45 bytes, allowed are 40\n  hint: shorten the label"
    )


CHINESE = {
    "define/study.yaml": "labels_zh: labels_zh.csv\n",
    "define/labels_zh.csv": """\
dataset,variable,label_zh
AE,,不良事件
*,USUBJID,受试者唯一标识
AE,AETERM,不良事件名称
AE,AEPLACE,发生地点
""",
}


def test_files_for_the_nmpa_bear_chinese_labels(tmp_path: Path) -> None:
    for encoding, agency in (("gb18030", "nmpa"), ("utf-8", "{name: nmpa, encoding: utf-8}")):
        files = {"study.yaml": STUDY["study.yaml"].replace("agency: nmpa", f"agency: {agency}")}
        found = built_for(tmp_path / encoding / "study", "", CHINESE | files)
        out = tmp_path / encoding / "out"
        write_build(found, standard("SDTMIG 3.4", "2025-03-28"), out)
        frame, meta = pyreadstat.read_xport(out / "ae.xpt", encoding=encoding.upper())
        assert (meta.file_label, frame["AETERM"].tolist()[1]) == ("不良事件", "皮疹")
        labels = meta.column_names_to_labels
        assert [labels[name] for name in ("USUBJID", "AETERM", "AEDECOD")] == [
            "受试者唯一标识",
            "不良事件名称",
            "Dictionary-Derived Term",  # no Chinese label is stated
        ]
        assert cells(found.datasets["SUPPAE"], ("QLABEL",))[0] == ("发生地点",)
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        assert (manifest["encoding"], manifest["label_language"]) == (encoding, "zh")
        told = f"Prepared for the NMPA: text is as collected, in {encoding.upper()}; labels are Chinese"
        assert told in (out / "balance.txt").read_text(encoding="utf-8").splitlines()
        assert len([one for one in found.issues if one.code == "PLAN440"]) == 1


def test_other_agencies_get_english_labels(tmp_path: Path) -> None:
    found = built_for(tmp_path / "study", "fda", CHINESE)
    write_build(found, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    dataset = read_xpt(tmp_path / "out" / "ae.xpt", encoding="ascii").dataset
    assert (dataset.label, dataset.column("AETERM").label) == (
        "Adverse Events",
        "Reported Term for the Adverse Event",
    )


def test_chinese_labels_count_in_bytes_of_the_stated_encoding(tmp_path: Path) -> None:
    long = "不良事件发生的地点以及当时的环境"  # 16 characters: 32 bytes in GB18030, 48 in UTF-8
    chinese = {**CHINESE, "define/labels_zh.csv": f"dataset,variable,label_zh\nAE,AETERM,{long}\n"}
    assert built_for(tmp_path, "", chinese).plan.label_zh("AE", "AETERM") == long
    text = STUDY["study.yaml"].replace("agency: nmpa", "agency: {name: nmpa, encoding: utf-8}")
    with pytest.raises(SpecError) as caught:
        built_for(tmp_path, "", chinese | {"study.yaml": text})
    assert refusal(caught) == (
        f"define/labels_zh.csv:2: SPEC143 AE.AETERM: the label '{long}' has 48 bytes in UTF-8, allowed are 40\n"
        "  hint: shorten it to at most 13 Chinese characters"
    )


def test_a_file_above_the_size_that_an_agency_takes() -> None:
    sizes = {"lb.xpt": 5_000_000_001, "ae.xpt": 4_000_000_001, "dm.xpt": 1}
    text = [str(one) for agency in AGENCIES.values() for one in check_sizes(agency, sizes)]
    assert text == [
        (
            "OUT931 lb.xpt: lb.xpt has 5,000,000,001 bytes; the FDA takes 5,000,000,000\n"
            "  hint: split it, and describe the split in the reviewer's guide"
        ),
        (
            "OUT931 lb.xpt: lb.xpt has 5,000,000,001 bytes; the PMDA takes 5,000,000,000\n"
            "  hint: consult the PMDA before the submission"
        ),
        (
            "OUT931 lb.xpt: lb.xpt has 5,000,000,001 bytes; the NMPA takes 4,000,000,000\n"
            "  hint: split it, and describe the rule of the split in the reviewer's guide"
        ),
        (
            "OUT931 ae.xpt: ae.xpt has 4,000,000,001 bytes; the NMPA takes 4,000,000,000\n"
            "  hint: split it, and describe the rule of the split in the reviewer's guide"
        ),
    ]


def test_a_text_of_several_lines_and_commas_goes_through_the_table(tmp_path: Path) -> None:
    files = {"ae.csv": 'SUBJ,NO,TERM,SEV,PLACE,NOTE\n001,1,发热,轻,家,"一, ""二""\n三"\n'}
    study = write_files(tmp_path / "study", STUDY | files)
    new = study / "new.csv"
    assert run("translations", str(study), "--out", str(new)).stdout.startswith(f"written to {new}: 1 text;")
    text = new.read_text(encoding="utf-8-sig")
    new.write_text(text.replace(",,", ',"one, ""two"" three",'), encoding="utf-8-sig")
    named = {
        "study.yaml": STUDY["study.yaml"].replace("s: translations.csv", "s: [translations.csv, new.csv]")
    }
    found = built_for(study, "fda", files | named)
    assert cells(found.datasets["CO"], ("COVAL",)) == [('one, "two" three',)]


def test_files_of_any_origin_are_checked_for_an_agency(tmp_path: Path) -> None:
    columns = (Column("AETERM", "Subject's Term"), Column("AESEQ", "Sequence", "Num"))
    frame = pd.DataFrame({"AETERM": pd.Series(["发热", "Rash"], dtype="str"), "AESEQ": [1.0, 2.0]})
    path = tmp_path / "events.xpt"
    write_xpt(path, Dataset("AE", "Adverse Events", columns, frame), encoding="gb18030")
    name = f"{path}: XPT618 AE: the file is events.xpt, and its dataset asks for ae.xpt\n  hint: rename the file\n"
    found = run("xpt", "check", str(path), "--agency", "nmpa")
    assert (found.exit_code, found.stdout) == (0, f"Warnings\n{name}\n1 warning\n")
    for_fda = run("xpt", "check", str(path), "--agency", "fda")
    assert for_fda.exit_code == 1
    assert f"{path}: XPT609 AE.AETERM: " in for_fda.stdout
    assert (
        f"{path}: XPT619 AE.AETERM: the label holds ' without its pair\n"
        "  hint: change the label and write the file again\n"
    ) in for_fda.stdout
    wrong = run("xpt", "check", str(path), "--agency", "fda", "--encoding", "gb18030")
    assert wrong.exit_code == 2
    assert "the FDA takes ascii." in wrong.stderr


# ---- what one build chooses -------------------------------------------------------------------------------


def test_a_choice_is_told_in_the_manifest_and_the_study_file_stays(tmp_path: Path) -> None:
    folder, out = write_files(tmp_path / "study", STUDY), tmp_path / "out"
    result = run("build", str(folder), "--out", str(out), "--agency", "pmda", "--ig", "3.3", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["chosen_for_this_build"] == {
        "agency": {"stated": "nmpa", "chosen": "pmda"},
        "ig": {"stated": "SDTMIG 3.4", "chosen": "3.3"},
    }
    assert manifest["standards"]["ig"]["version"] == "3.3"
    assert (folder / "study.yaml").read_text(encoding="utf-8") == STUDY["study.yaml"]


def test_what_is_stated_anyhow_is_no_choice(tmp_path: Path) -> None:
    spec = load_spec(write_files(tmp_path, STUDY))
    assert choose(spec, agency="nmpa", ig="3.4", ct="SDTM CT 2025-03-28") == spec


def test_choices_are_refused_like_lines_of_the_study(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "study", STUDY)
    result = run("check", str(folder), "--ig", "3.9", "--ct", "2020-01-01")
    assert result.exit_code == 2
    assert "STD201: SDTMIG '3.9'" in result.stdout or "STD201" in result.stdout
    assert "STD202" in result.stdout
    with pytest.raises(SpecError) as caught:
        choose(load_spec(folder), agency="fdaa")
    assert str(caught.value) == (
        "SPEC184: agency: 'fdaa' is not allowed; allowed: fda | pmda | nmpa\n"
        "  hint: did you mean 'fda'? choose one of fda | pmda | nmpa"
    )


@pytest.mark.parametrize("option", ["--agency", "--ig", "--ct"])
@pytest.mark.parametrize("verb", ["build", "check"])
@pytest.mark.parametrize("value", ["", "  "])
def test_a_blank_choice_is_refused(verb: str, option: str, value: str, tmp_path: Path) -> None:
    # in a script: --ig "$RELEASE", and RELEASE was never set
    folder = write_files(tmp_path / "study", STUDY)
    out = ["--out", str(tmp_path / "out")] if verb == "build" else []
    result = run(verb, str(folder), *out, option, value)
    assert result.exit_code == 2
    assert f"Error: Invalid value for '{option}': " in result.stderr
    if option != "--agency":
        assert result.stderr.endswith("it is blank; name one, or leave the option out\n")
    assert not (tmp_path / "out").exists()


def test_an_encoding_that_the_agency_does_not_take(tmp_path: Path) -> None:
    text = STUDY["study.yaml"].replace("agency: nmpa", "agency: {name: fda, encoding: utf-8}")
    with pytest.raises(SpecError) as caught:
        load_spec(write_files(tmp_path, STUDY | {"study.yaml": text}))
    assert str(caught.value) == (
        "study.yaml:3: SPEC184: encoding: 'utf-8' is not allowed; allowed: ascii\n  hint: choose one of ascii"
    )


def test_an_encoding_holds_for_its_own_agency_only(tmp_path: Path) -> None:
    text = STUDY["study.yaml"].replace("agency: nmpa", "agency: {name: nmpa, encoding: utf-8}")
    spec = load_spec(write_files(tmp_path, STUDY | {"study.yaml": text}))
    assert [choose(spec, agency=one).encoding for one in ("", "nmpa", "fda")] == ["utf-8", "utf-8", "ascii"]


# ---- the reference study ----------------------------------------------------------------------------------

MAPPING, EXAMPLE = ROOT / "mappings" / "nct02932137", ROOT / "examples" / "nct02932137"


@pytest.mark.parametrize("agency", ["fda", "pmda"])
def test_every_byte_of_the_reference_study_is_ascii(agency: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        "build", str(MAPPING), "--raw", str(EXAMPLE), "--out", str(out), "--agency", agency, "--quiet"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    found = sorted(out.glob("*.xpt"))
    assert len(found) > 20
    for path in found:
        read_xpt(path, encoding="ascii")
        # numbers are IBM floating point: of those only the header and the text are characters
        dataset = read_xpt(path, encoding="latin-1").dataset
        for column in dataset.columns:
            if column.type == "Char":
                assert "".join(dataset.frame[column.name].unique()).isascii(), (path.name, column.name)
            assert column.label.isascii()
        assert dataset.label.isascii()


def test_the_reference_study_is_chinese_for_the_nmpa(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        "build", str(MAPPING), "--raw", str(EXAMPLE), "--out", str(out), "--agency", "nmpa", "--quiet"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    frame, meta = pyreadstat.read_xport(out / "ae.xpt", encoding="GB18030")
    raw = (EXAMPLE / "raw" / "ae.csv").read_bytes().decode("gb18030")
    assert all(text in raw for text in frame["AETERM"])
    assert not any(text.isascii() for text in frame["AETERM"])
    stated = (MAPPING / "define" / "labels_zh.csv").read_text(encoding="utf-8-sig").splitlines()
    assert f"AE,,{meta.file_label}" in stated
    assert any(line.endswith(f"TERM,{meta.column_names_to_labels['AETERM']}") for line in stated)
