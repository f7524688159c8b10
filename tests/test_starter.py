"""`init`: the study that is drafted, word for word, and that every draft builds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sdtm_il2.cli import main
from study import ROOT, SHARED, build_folder, cells, write_files

RAW = {
    "raw/demog.csv": """\
STUDYID,SUBJECT,住院号,SEX,BIRTH,姓名
S-1,01-001,7001,Female,1990-01-12,甲
S-1,01-002,7002,Male,1985-09-03,乙
""",
    "raw/ae.csv": """\
SUBJECT,TERM,SEVERITY,START,CLOCK TIME,NOTE
01-001,Headache,Mild,23/04/2024,08:10,seen
01-001,Rash,Moderate,UN/04/2024,,
01-002,Cough,Ghastly,24/04/2024,,
""",
    "raw/lab.csv": """\
住院号,条码号,项目名称,结果,单位,参考区间,采样时间
7001,B1,WBC,3.5,10^9/L,3.5-9.5,2024-04-20 08:00
7001,B1,血脂,2,,,2024-04-20 08:00
7002,B2,CRP,<0.5,mg/L,<5,2024-04-21 08:00
""",
    "raw/vitals.csv": """\
SUBJECT,VSDAT,SYS_BP,VSPOS
01-001,20/04/2024,120,SITTING
01-002,21/04/2024,,SITTING
""",
}
STUDY = """\
# Drafted by sdtm-il2 init from the raw files: every line is a proposal. Correct it, then run
# sdtm-il2 check with --raw until nothing is left to do.

study: S-1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}

sources:
  ae:                                           # 3 records, to AE
    path: raw/ae.csv
    subject: SUBJECT
    dates: {format: dd/mm/yyyy, unknown: UN}
  demog:                                        # 2 records, to DM
    path: raw/demog.csv
    subject: SUBJECT
    dates: {format: yyyy-mm-dd}
    private: [姓名]
    not_submitted: {columns: {STUDYID: the study is known}}
  lab:                                          # 3 records, to LB
    path: raw/lab.csv
    subject: {lookup: demog, by: 住院号, take: SUBJECT}
    dates: {format: "yyyy-mm-dd hh:mi"}
  vitals:                                       # 2 records, to VS
    path: raw/vitals.csv
    subject: SUBJECT
    dates: {format: dd/mm/yyyy}

codelists:                                        # collected text: submission value; check each
  C66731: {terms: {Female: F, Male: M}}   # SEX

domains: [ae.yaml, dm.yaml, lb.yaml, vs.yaml]
"""
AE = """\
# AE: Adverse Events. Drafted: check every line.

domain: AE
keys: [STUDYID, USUBJID, AETERM, AEDECOD, AESTDTC]  # what makes a record unique: check
records:
  - from: ae
    # to do: map, or declare under not_submitted: CLOCK TIME, NOTE
variables:
  AETERM:   {assign: TERM}
  # AESEV:    {assign: SEVERITY}                        # to do: 1 of 3 texts without a term: sdtm-il2 profile --show-values
  AESTDTC:  {datetime: START}
  AEDECOD:  {assign: TERM}                              # to do: the dictionary's term
"""
DM = """\
# DM: Demographics. Drafted: check every line.

domain: DM
keys: [STUDYID, USUBJID]                          # what makes a record unique: check
records:
  - from: demog
    # to do: map, or declare under not_submitted: 住院号
variables:
  SUBJID:   {assign: SUBJECT}
  SEX:      {assign: SEX}
  BRTHDTC:  {datetime: BIRTH}
  SITEID:   {template: "{SUBJECT:1-2}"}                 # check: the first part of the subject
  COUNTRY:  {hardcode: ""}                              # to do: required, and no column looks like it
"""
LB = """\
# LB: Laboratory Test Results. Drafted: check every line.

domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBDTC, LBREFID]  # what makes a record unique: check
records:
  - from: lab
    # to do: 1 item of lb_tests.csv without a test, so not submitted
    tests: {table: lb_tests.csv, by: [项目名称], result: 结果, unit: 单位, range: 参考区间}
variables:
  LBREFID:  {assign: 条码号}
  LBDTC:    {datetime: 采样时间}
"""
LB_TESTS = """\
项目名称,domain,--TESTCD,note
CRP,,CRP,
WBC,,WBC,
血脂,-,,to do: which test is this?
"""
VS_TESTS = "column,--TESTCD,--ORRESU\nSYS_BP,SYSBP,\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], prog_name="sdtm-il2")


def test_the_draft_word_for_word(tmp_path: Path) -> None:
    write_files(tmp_path, RAW)
    done = run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    assert done.exit_code == 0, done.output
    for name, text in {
        "study.yaml": STUDY, "ae.yaml": AE, "dm.yaml": DM, "lb.yaml": LB, "lb_tests.csv": LB_TESTS,
        "vs_tests.csv": VS_TESTS,
    }.items():  # fmt: skip
        assert (tmp_path / name).read_text(encoding="utf-8") == text, name
    assert done.stdout.splitlines()[-1] == f"next: sdtm-il2 check {tmp_path} --raw {tmp_path}"


def test_the_draft_builds_and_its_issues_are_what_is_left_to_do(tmp_path: Path) -> None:
    write_files(tmp_path, RAW)
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    built = build_folder(tmp_path)
    assert [(one.code, one.target) for one in built.issues if one.severity.value != "note"] == [
        ("DATA861", "DM.COUNTRY"),
        ("DATA851", "ae.CLOCK TIME"),
        ("DATA851", "ae.NOTE"),
        ("DATA851", "ae.SEVERITY"),
    ]
    # with its # taken out, an open line says what it lacks
    ae = tmp_path / "ae.yaml"
    ae.write_text(ae.read_text(encoding="utf-8").replace("# AESEV", "AESEV"), encoding="utf-8")
    built = build_folder(tmp_path)
    assert [one.target for one in built.issues if one.code == "DATA801"] == ["AE.AESEV"]
    assert cells(built.datasets["AE"], ["USUBJID", "AETERM", "AESEV", "AESTDTC"]) == [
        ("S-1-01-001", "Headache", "MILD", "2024-04-23"),
        ("S-1-01-001", "Rash", "MODERATE", "2024-04"),
        ("S-1-01-002", "Cough", "", "2024-04-24"),
    ]
    assert cells(built.datasets["LB"], ["USUBJID", "LBTESTCD", "LBORRES", "LBORNRHI"]) == [
        ("S-1-01-001", "WBC", "3.5", "9.5"),
        ("S-1-01-002", "CRP", "<0.5", "5"),
    ]
    assert cells(built.datasets["VS"], ["USUBJID", "VSTEST", "VSORRES", "VSPOS"]) == [
        ("S-1-01-001", "Systolic Blood Pressure", "120", "SITTING")
    ]


def test_a_time_of_day_joins_the_date_of_its_variable(tmp_path: Path) -> None:
    write_files(
        tmp_path, RAW | {"raw/ae.csv": RAW["raw/ae.csv"].replace("START,CLOCK TIME", "AESTDAT,AESTTIM")}
    )
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    assert "AESTDTC:  {datetime: [AESTDAT, AESTTIM]}\n" in (tmp_path / "ae.yaml").read_text(encoding="utf-8")


def test_a_column_with_another_format_states_its_own(tmp_path: Path) -> None:
    raw = "SUBJECT,TERM,START,END,AEDAT\n01-001,Rash,23/04/2024,2024-04-25,24/04/2024\n"
    write_files(tmp_path, RAW | {"raw/ae.csv": raw})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    text = (tmp_path / "ae.yaml").read_text(encoding="utf-8")
    assert "AESTDTC:  {datetime: START}\n" in text
    assert "AEENDTC:  {datetime: END, format: yyyy-mm-dd}\n" in text
    assert cells(build_folder(tmp_path).datasets["AE"], ["AESTDTC", "AEENDTC"]) == [
        ("2024-04-23", "2024-04-25")
    ]


def test_a_unit_in_the_header_of_a_test_is_its_unit(tmp_path: Path) -> None:
    raw = {
        "raw/dm.csv": "SUBJECT,SEX\n01-001,F\n",
        "raw/vitals.csv": "SUBJECT,SYSBP (mmHg),体重（kg）,Pulse [a minute],Girth (cm)\n01-001,120,61.5,70,80\n",
    }
    write_files(tmp_path, raw)
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    assert (tmp_path / "vs_tests.csv").read_text(encoding="utf-8") == (
        "column,--TESTCD,--ORRESU\nSYSBP (mmHg),SYSBP,mmHg\n体重（kg）,WEIGHT,kg\nPulse [a minute],PULSE,\n"
    )
    assert cells(build_folder(tmp_path).datasets["VS"], ["VSTESTCD", "VSORRES", "VSORRESU"]) == [
        ("PULSE", "70", ""), ("SYSBP", "120", "mmHg"), ("WEIGHT", "61.5", "kg"),
    ]  # fmt: skip


def test_the_day_of_the_visit_gives_way_to_a_day_of_its_own(tmp_path: Path) -> None:
    raw = {
        "raw/dm.csv": "SUBJECT,SEX\n01-001,F\n",
        "raw/vitals.csv": "SUBJECT,Visit Date,Assessment Date,SYSBP\n01-001,2024-05-06,2024-05-07,120\n",
    }
    for name, day in (("both", "Assessment Date"), ("one", "Visit Date")):
        folder = write_files(tmp_path / name, raw)
        run("init", folder, "--study", "S-1", folder / "raw")
        assert f"  VSDTC:    {{datetime: {day}}}\n" in (folder / "vs.yaml").read_text(encoding="utf-8")
        raw["raw/vitals.csv"] = "SUBJECT,Visit Date,SYSBP\n01-001,2024-05-06,120\n"


def test_numbers_of_subjects_that_are_unique_within_a_site(tmp_path: Path) -> None:
    raw = {
        "raw/dm.csv": "SITEID,SUBJID,SEX\n01,001,F\n02,001,M\n",
        "raw/ae.csv": "SITEID,SUBJID,AETERM\n02,001,Rash\n",
    }
    write_files(tmp_path, raw)
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    assert cells(build_folder(tmp_path).datasets["AE"], ["USUBJID"]) == [("S-1-02-001",)]


def test_two_tables_of_a_domain_are_two_blocks(tmp_path: Path) -> None:
    raw = RAW | {"raw/ae_followup.csv": "SUBJECT,AETERM,AEOUT\n01-002,Fever,Resolved\n"}
    write_files(tmp_path, raw)
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    assert cells(build_folder(tmp_path).datasets["AE"], ["USUBJID", "AETERM", "AEOUT"]) == [
        ("S-1-01-001", "Headache", ""),
        ("S-1-01-001", "Rash", ""),
        ("S-1-01-002", "Cough", ""),
        ("S-1-01-002", "Fever", "RECOVERED/RESOLVED"),
    ]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    write_files(tmp_path, RAW | {"ae.yaml": "mine\n"})
    before = sorted(tmp_path.rglob("*"))
    done = run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    assert done.exit_code == 2
    assert done.stderr == (
        f"Errors\nOUT920: {tmp_path / 'ae.yaml'} exists already, and init overwrites nothing\n"
        "  hint: name another folder or move the file away\n\n1 error\n"
    )
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "ae.yaml").read_text() == "mine\n"


def test_a_study_identifier_is_one_word(tmp_path: Path) -> None:
    write_files(tmp_path, RAW)
    done = run("init", tmp_path / "new", "--study", "S 1", tmp_path / "raw")
    assert done.exit_code == 2
    assert (
        "SPEC199: 'S 1' is no study identifier\n  hint: give --study one word, such as NCT02932137\n"
        in done.stderr
    )
    assert not (tmp_path / "new").exists()


def test_raw_files_without_a_domain(tmp_path: Path) -> None:
    write_files(tmp_path, {"raw/q.csv": "A,B\n1,2\n"})
    done = run("init", tmp_path / "new", "--study", "S-1", tmp_path / "raw")
    assert done.exit_code == 2
    assert done.stderr == (
        "Errors\nOUT923: none of q looks like a domain and names its subjects\n"
        "  hint: run sdtm-il2 profile to see what the columns hold, and write study.yaml by hand\n\n1 error\n"
    )
    assert not (tmp_path / "new").exists()


def test_a_folder_without_raw_files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("init", tmp_path / "new", "--study", "S-1", tmp_path / "empty")
    assert done.exit_code == 2
    assert f"OUT921: there is no raw file in {tmp_path / 'empty'}\n" in done.stderr


HOSTILE = """\
"SUBJECT","AETERM","AE SEV: #1","Yes","a, b","{x}","- c","1e5","[d"
"01-001","Rash","y","n","n","n","n","n","n"
"""


def test_headers_with_signs_of_yaml(tmp_path: Path) -> None:
    write_files(tmp_path, RAW | {"raw/ae.csv": HOSTILE})
    assert run("init", tmp_path, "--study", "1e5", tmp_path / "raw").exit_code == 0
    built = build_folder(tmp_path)
    assert cells(built.datasets["AE"], ["STUDYID", "AETERM"]) == [("1e5", "Rash")]


@pytest.mark.parametrize(
    ("raw", "domains"),
    [
        (ROOT / "examples" / "quickstart" / "raw", {"AE": 7, "DM": 5, "LB": 11}),
        (
            SHARED / "bootcamp_abc01" / "raw",
            {"AE": 10, "CM": 8, "DM": 8, "EX": 8, "LB": 48, "VS": 128},
        ),
        (SHARED / "pharmaverse_dm_ae_vs" / "raw", {"AE": 1191, "DM": 306, "VS": 29635}),
        (SHARED / "odm_redcap_clinical_trial1" / "project.xml", {"DM": 500}),
    ],
    ids=["quickstart", "bootcamp", "pharmaverse", "redcap"],
)
def test_public_raw_files_give_a_study_that_builds(
    tmp_path: Path, raw: Path, domains: dict[str, int]
) -> None:
    if not raw.exists():
        pytest.skip(f"{raw} is not here")
    copy = tmp_path / "study" / "raw"
    if raw.is_dir():
        shutil.copytree(raw, copy)
    else:
        copy.mkdir(parents=True)
        shutil.copy(raw, copy)
    assert run("init", tmp_path / "study", "--study", "S-1", copy).exit_code == 0
    assert run("check", tmp_path / "study").exit_code == 0
    built = build_folder(tmp_path / "study")
    assert {name: len(one) for name, one in built.datasets.items() if not name.startswith("SUPP")} == domains


EX = """\
# EX: Exposure. Drafted: check every line.

domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]          # what makes a record unique: check
records:
  - from: ex
variables:
  # EXDOSE:   {assign: DOSE}                            # to do: not all cells are numbers
  # EXDOSU:   {assign: UNIT}                            # to do: 1 of 2 texts without a term: sdtm-il2 profile --show-values
  EXSTDTC:  {datetime: DATE}
  # EXTRT:    {hardcode: ""}                            # to do: required, and no column looks like it
"""


def test_a_domain_waits_for_what_it_requires(tmp_path: Path) -> None:
    raw = "SUBJECT,DOSE,UNIT,DATE\n01-001,10,mg,2024-04-20\n01-001,half,pinch,2024-04-21\n"
    write_files(tmp_path, RAW | {"raw/ex.csv": raw})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    study = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "ex.yaml").read_text(encoding="utf-8") == EX
    assert study.endswith(
        "domains: [ae.yaml, dm.yaml, lb.yaml, vs.yaml]\n# to do: add ex.yaml when it maps EXTRT\n"
    )
    assert "to do: not mapped; looks like EX" in study
    assert "EX" not in build_folder(tmp_path).datasets


def test_the_only_domain_waits_for_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"raw/ex.csv": "SUBJECT,DOSE,UNIT,DATE\n01-001,10,mg,2024-04-20\n"})
    assert run("init", tmp_path, "--study", "S-1", tmp_path / "raw").exit_code == 0
    built = build_folder(tmp_path)
    assert [(one.code, one.target) for one in built.issues if one.severity.value == "error"] == [
        ("DATA861", "EX.EXTRT")
    ]
    assert cells(built.datasets["EX"], ["EXDOSE", "EXDOSU", "EXSTDTC"]) == [("10", "mg", "2024-04-20")]


def test_of_two_tables_of_a_domain_the_whole_one_does_not_wait(tmp_path: Path) -> None:
    raw = {"raw/cm.csv": "SUBJECT,CMTRT\n01-001,Aspirin\n", "raw/cm_other.csv": "SUBJECT,CMDOSE\n01-001,1\n"}
    write_files(tmp_path, raw)
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    built = build_folder(tmp_path)
    assert cells(built.datasets["CM"], ["CMTRT"]) == [("Aspirin",)]
    assert built.balance.sources[1].not_submitted == {"to do: no domain reads this table yet": 1}


def test_a_draft_with_open_lines_only_has_no_empty_variables(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"raw/ae.csv": "SUBJECT,AESEV\n01-001,Ghastly\n", "raw/vs.csv": "SUBJECT,SYSBP\n1,120\n"}
    )
    assert run("init", tmp_path, "--study", "S-1", tmp_path / "raw").exit_code == 0
    assert "\n# variables:\n  # AESEV:    {assign: AESEV}" in (tmp_path / "ae.yaml").read_text(
        encoding="utf-8"
    )
    assert build_folder(tmp_path).datasets.keys() == {"VS"}


LAB = """\
SUBJECT,SAMPLE,ITEM,RESULT,UNIT,FLAG,COLLECTED,REPORTED
01-001,S1,WBC,3.5,10*9/L,↑,2024-04-20,2024-04-20
01-001,S1,WBC,3.6,×10⁹/L,,2024-04-20,2024-04-22
01-001,S1,CRP,2,mg/L,,2024-04-20,2024-04-20
01-002,S2,Creatinine,70,μmol/L,corrected,2024-04-21,2024-04-21
01-002,S2,血脂,70,blobs,,2024-04-21,2024-04-21
"""


def test_units_in_other_signs_have_terms_and_an_indicator_without_stays_open(tmp_path: Path) -> None:
    write_files(tmp_path, RAW | {"raw/lab.csv": LAB})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    study, lb = ((tmp_path / name).read_text(encoding="utf-8") for name in ("study.yaml", "lb.yaml"))
    assert (
        '  C71620: {terms: {"10*9/L": "10^9/L", "×10⁹/L": "10^9/L", "μmol/L": umol/L}}   # UNIT\n'
        '  C78736: {terms: {"↑": HIGH}}   # NRIND\n'
    ) in study
    assert (
        "    # to do: indicator: FLAG, 1 of 2 texts without a term: sdtm-il2 profile --show-values\n"
        "    tests: {table: lb_tests.csv, by: [ITEM], result: RESULT, unit: UNIT}\n"
    ) in lb
    assert "keys: [STUDYID, USUBJID, LBTESTCD, LBDTC, LBREFID]  # what makes a record unique: check\n" in lb
    assert (
        '\nkeys_not_unique: "to do: 2 records share them; say why, or which of them counts (keep:)"\n' in lb
    )
    built = build_folder(tmp_path)
    assert [one.target for one in built.issues if one.severity.value == "error"] == ["DM.COUNTRY"]
    assert cells(built.datasets["LB"], ["USUBJID", "LBTESTCD", "LBORRES", "LBORRESU"]) == [
        ("S-1-01-001", "CRP", "2", "mg/L"),
        ("S-1-01-001", "WBC", "3.5", "10^9/L"),
        ("S-1-01-001", "WBC", "3.6", "10^9/L"),
        ("S-1-01-002", "CREAT", "70", "umol/L"),
    ]


def test_a_variable_that_tells_records_apart_becomes_a_key(tmp_path: Path) -> None:
    raw = """\
SUBJECT,CMTRT,CMSTDAT,CMENDAT,CMROUTE,CMDOSE
01-001,Aspirin,2024-04-20,2024-04-21,ORAL,1
01-001,Aspirin,20/04/2024,22/04/2024,ORAL,1
01-001,Iron,2024-04-20,2024-04-21,ORAL,2
01-001,Iron,20/04/2024,21/04/2024,INTRAVENOUS,2
"""
    write_files(tmp_path, RAW | {"raw/cm.csv": raw})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    text = (tmp_path / "cm.yaml").read_text(encoding="utf-8")
    assert "\nkeys: [STUDYID, USUBJID, CMTRT, CMSTDTC, CMROUTE, CMENDTC]  # what" in text
    assert "keys_not_unique" not in text
    assert not {"DATA815", "DATA816"} & {one.code for one in build_folder(tmp_path).issues}


CODING = (
    "VERBATIM,PT,PT 编码,SOC,soc_code\nHeadache,Headache,9101,Nervous,9501\nRash,Eruption,9102,Skin,9502\n"
)


def test_a_table_that_codes_every_term_is_joined(tmp_path: Path) -> None:
    coding = CODING + "Cough,Cough,9103,Respiratory,9503\n"
    write_files(tmp_path, RAW | {"raw/coding.csv": coding})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    text = (tmp_path / "ae.yaml").read_text(encoding="utf-8")
    assert text.endswith("""\
  AESTDTC:  {datetime: START}
meddra:                                           # which version? state it under standard: dictionaries:
  source: coding
  by: {TERM: VERBATIM}
  columns: {PT: PT, PTCD: PT 编码, SOC: SOC, SOCCD: soc_code}
""")
    study = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    assert (
        "  coding:                                       # 3 records, to AE\n    path: raw/coding.csv\n"
        in study
    )
    built = build_folder(tmp_path)
    assert cells(built.datasets["AE"], ["AETERM", "AEDECOD", "AEPTCD", "AESOC", "AESOCCD"]) == [
        ("Headache", "Headache", "9101", "Nervous", "9501"),
        ("Rash", "Eruption", "9102", "Skin", "9502"),
        ("Cough", "Cough", "9103", "Respiratory", "9503"),
    ]


@pytest.mark.parametrize(
    "coding",
    [
        pytest.param(CODING, id="a term is not in it"),
        pytest.param(
            CODING + "Cough,Cough,9103,Respiratory,9503\nRash,Rash,9104,Skin,9502\n", id="a term twice"
        ),
        pytest.param("VERBATIM,PT\nHeadache,Headache\nRash,Eruption\nCough,Cough\n", id="no SOC"),
    ],
)
def test_a_table_that_does_not_code_every_term_once_is_not_joined(tmp_path: Path, coding: str) -> None:
    write_files(tmp_path, RAW | {"raw/coding.csv": coding})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    text = (tmp_path / "ae.yaml").read_text(encoding="utf-8")
    assert "meddra" not in text
    assert "AEDECOD:  {assign: TERM}                              # to do: the dictionary's term\n" in text
    study = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    assert (
        "    # a table without subjects: join it, or give it a subject\n    path: raw/coding.csv\n" in study
    )


def test_findings_without_a_known_test_wait_for_their_table(tmp_path: Path) -> None:
    raw = "SUBJECT,样本号,筛查结果,滴度\n01-001,E1,阳性,40\n"
    write_files(tmp_path, RAW | {"raw/elisa.csv": raw})
    run("init", tmp_path, "--study", "S-1", tmp_path / "raw")
    built = build_folder(tmp_path)
    assert next(one for one in built.balance.sources if one.source == "elisa").not_submitted == {
        "to do: no domain reads this table yet": 1
    }
    assert (
        (tmp_path / "study.yaml")
        .read_text(encoding="utf-8")
        .endswith(
            "domains: [ae.yaml, dm.yaml, lb.yaml, vs.yaml]\n# to do: add is.yaml when their tests tables name a test\n"
        )
    )
    table = tmp_path / "is_tests.csv"
    assert table.read_text(encoding="utf-8") == (
        "column,domain,--TESTCD,note\n"
        "筛查结果,-,,to do: which test is this?\n"
        "滴度,-,,to do: which test is this?\n"
    )
    table.write_text("column,domain,--TESTCD,--BDAGNT\n筛查结果,,ADA_BAB,ALDESLEUKIN\n", encoding="utf-8")
    study = tmp_path / "study.yaml"
    text = study.read_text(encoding="utf-8").replace("vs.yaml]", "vs.yaml, is.yaml]")
    study.write_text(
        text.replace("codelists:", "codelists:\n  C181169: {sponsor: [ALDESLEUKIN]}\n #", 1), encoding="utf-8"
    )
    built = build_folder(tmp_path)
    (aside,) = (one for one in built.issues if one.code == "DATA855")
    assert str(aside) == (
        "study.yaml:22: DATA855 IS: not_submitted: sets aside each of the 1 record of source elisa "
        "(to do: no domain reads this table yet), so IS gets none from it\n"
        "  hint: take the records of IS out of not_submitted: rows of the source"
    )
    text = study.read_text(encoding="utf-8")
    waits = [line for line in text.splitlines(keepends=True) if "no domain reads this table yet" in line]
    assert waits == [
        '    not_submitted: {rows: [{when: SUBJECT FILLED, reason: "to do: no domain reads this table yet"}]}\n'
    ]
    study.write_text(text.replace(waits[0], ""), encoding="utf-8")
    built = build_folder(tmp_path)
    assert cells(built.datasets["IS"], ["USUBJID", "ISTESTCD", "ISORRES"]) == [
        ("S-1-01-001", "ADA_BAB", "阳性")
    ]
    assert "DATA855" not in {one.code for one in built.issues}
