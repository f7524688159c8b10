"""Texts for the reviewer in English and Chinese: the phrases, the words of every method, and what a study writes itself."""

from __future__ import annotations

import csv
import string
from dataclasses import replace
from pathlib import Path

import pytest

from sdtm_il2.bilingual import NO_TEXT, Bilingual, joined, phrases
from sdtm_il2.define.check import check_define
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.model import Define
from sdtm_il2.define.words import variable_words
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import SpecError
from sdtm_il2.plan.model import Plan
from sdtm_il2.spec import load_spec
from sdtm_il2.where import describe, parse_clause
from study import ROOT, build_folder, plan_of, standard, write_files

STUDY = """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
codelists:
  PLACE: {sponsor: true, terms: {家: HOME, 诊所: CLINIC}}
sources:
  dm: {path: dm.csv, subject: SUBJ}
  ae: {path: ae.csv, subject: SUBJ}
  ex: {path: ex.csv, subject: SUBJ}
  vs: {path: vs.csv, subject: SUBJ}
domains: [dm.yaml, ex.yaml, ae.yaml, vs.yaml]
"""
FILES = {
    "study.yaml": STUDY,
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: 编号}
  SITEID: {hardcode: "01"}
  SEX: {hardcode: F}
  COUNTRY: {hardcode: CHN}
  RFSTDTC: {copy: DM.RFXSTDTC}
  BRTHDTC: {datetime: 出生}
  RFICDTC: {datetime: 同意}
  RFXSTDTC: {earliest: {of: EX.EXSTDTC, where: EXDOSE GT 0, precision: day}}
  RFXENDTC: {latest: EX.EXENDTC}
  AGE: {age: {birth: DM.BRTHDTC, at: DM.RFICDTC}}
  AGEU: {hardcode: YEARS}
  RFPENDTC: {coalesce: [DM.RFXENDTC, DM.RFICDTC]}
  DTHDTC: {coalesce: [{latest: {of: EX.EXENDTC, where: EXTRT NE A}}, DM.RFICDTC]}
""",
    "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records:
  - from: ex
    each: {DAY: [D1, D2]}
variables:
  EXTRT: {hardcode: A}
  EXDOSE: {compute: DAY * 2}
  EXSTDTC: {datetime: 开始}
  EXENDTC: {datetime: 开始, shift: P1D, precision: day}
  EXDUR: {duration: {from: EX.EXSTDTC, to: EX.EXENDTC}}
  EXLNKID: {interval: {start: EXSTDTC, end: EXENDTC, same: [EXTRT], gap: P1DT12H, where: EXDOSE GT 0}}
  EXREFID: {template: "N{DAY}"}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records:
  - from: ae
    join: {first: {source: ex, by: {序号: 编号}, cardinality: "0..1", where: 剂量 EQ 有}}
variables:
  AETERM: {assign: 名称}
  AEDECOD: {assign: 名称}
  AESTDTC: {datetime: 开始}
  AEENDTC: {next: AE.AESTDTC, else: {copy: DM.RFPENDTC}}
  AETRTEM: {hardcode: Y, supplemental: {label: Treatment Emergent Flag}, when: AE.AESTDTC GE DM.RFXSTDTC, undecided: Y}
  AELOC: {assign: first.部位, codelist: PLACE}
  AESEV: {case: [{when: 程度 IN 轻 | 中, then: MILD}, {else: SEVERE}]}
""",
    "vs.yaml": """\
domain: VS
keys: [STUDYID, USUBJID, VSTESTCD, VSDTC]
records:
  - from: vs
    tests: {table: tests.csv, not_done: {when: "收缩压 EQ 未测"}}
variables:
  VSDTC: {datetime: 日期}
  VSLOBXFL: {last_before: DM.RFXSTDTC, same_day: after}
""",
    "tests.csv": "column,--TESTCD,--ORRESU,standard_unit\n收缩压,SYSBP,mmHg,mmHg\n",
    "dm.csv": "SUBJ,编号,出生,同意\n1,1,1980-01-02,2020-01-01\n",
    "ex.csv": "SUBJ,编号,开始,D1,D2,剂量,部位\n1,1,2020-01-03,1,2,有,HOME\n",
    "ae.csv": "SUBJ,序号,名称,开始,程度\n1,1,头痛,2020-01-04,轻\n",
    "vs.csv": "SUBJ,日期,收缩压\n1,2020-01-02,120\n",
}
WORDS = {
    "DM.RFXSTDTC": (
        "The earliest value of EX.EXSTDTC of the subject where EX.EXDOSE is greater than 0, to the precision of the day.",
        "该受试者的EX.EXSTDTC中最早的值（限于EX.EXDOSE大于0的记录），精确到日。",
    ),
    "DM.RFXENDTC": (
        "The latest value of EX.EXENDTC of the subject.", "该受试者的EX.EXENDTC中最晚的值。",
    ),
    "DM.AGE": (
        "Completed years from DM.BRTHDTC to DM.RFICDTC; missing if a partial date leaves them open.",
        "自DM.BRTHDTC至DM.RFICDTC的周岁数；若日期不完整而无法确定则为空。",
    ),
    "DM.AGEU": ('"YEARS".', "“YEARS”。"),
    "DM.RFPENDTC": (
        "The first that is filled of DM.RFXENDTC and DM.RFICDTC.", "DM.RFXENDTC和DM.RFICDTC中第一个非空者。",
    ),
    "EX.EXDOSE": (
        ("Computed as DAY * 2, where DAY is the repeated column D1 to D2 of raw data ex; missing if a value that it "
        "needs is missing."),
        "按DAY * 2计算，其中DAY为原始数据ex的重复列“D1”至“D2”；所需的任一值缺失则为空。",
    ),
    "EX.EXENDTC": (
        'Column 开始 of raw data ex, in ISO 8601 format, moved by "P1D", cut to the day.',
        "原始数据ex的“开始”，以ISO 8601格式表示，再加上“P1D”，截取至日。",
    ),
    "EX.EXDUR": (
        ("The time from EX.EXSTDTC to EX.EXENDTC as an ISO 8601 duration; missing if either date is missing or "
        "partial."),
        "自EX.EXSTDTC至EX.EXENDTC的时间，以ISO 8601时段表示；任一日期缺失或不完整则为空。",
    ),
    "EX.EXLNKID": (
        ("The number of the subject's interval of records with the same EXTRT, and at most 1 day and 12 hours from "
        "EX.EXENDTC to the next EX.EXSTDTC, in the order of EX.EXSTDTC, among records where EX.EXDOSE is greater "
        "than 0."),
        ("该受试者记录区间的序号（同一区间内EXTRT相同，且EX.EXENDTC至下一个EX.EXSTDTC不超过1天和12小时），"
        "按EX.EXSTDTC排序，限于EX.EXDOSE大于0的记录。"),
    ),
    "EX.EXREFID": (
        ('"N" and the repeated column D1 to D2 of raw data ex joined in this order; missing if every value that is read '
        "is missing."),
        "“N”和原始数据ex的重复列“D1”至“D2”依次连接而成的文本；所取的值均缺失则为空。",
    ),
    "EX.EXSTDY": (
        ("The date of EX.EXSTDTC minus the date of DM.RFSTDTC in days, plus 1 if EX.EXSTDTC is on or after DM.RFSTDTC; "
        "missing if either date is missing or partial."),
        "EX.EXSTDTC的日期减去DM.RFSTDTC的日期所得的天数，EX.EXSTDTC等于或晚于DM.RFSTDTC时再加1；任一日期缺失或不完整则为空。",
    ),
    "AE.AETERM": ("Column 名称 of raw data ae.", "原始数据ae的“名称”。"),
    "AE.AEENDTC": (
        "The value of AE.AESTDTC in the subject's next record; at the last record the value of DM.RFPENDTC.",
        "该受试者下一条记录中AE.AESTDTC的值；最后一条记录则为DM.RFPENDTC的值。",
    ),
    "AE.AETRTEM": (
        'If AE.AESTDTC is on or after DM.RFXSTDTC: "Y"; "Y" where a partial date leaves that open.',
        "若AE.AESTDTC不早于DM.RFXSTDTC，则取值为：“Y”；因日期不完整而无法判断该条件时为“Y”。",
    ),
    "AE.AELOC": (
        ("Column 部位 of raw data ex (of the record with 编号 equal to column 序号 of raw data ae and where 剂量 is 有), "
        "as a term of PLACE."),
        "原始数据ex的“部位”（取“编号”等于原始数据ae的“序号”且“剂量”为“有”的记录），转换为PLACE的术语。",
    ),
    "AE.AESEV": (
        '"MILD" if column 程度 of raw data ae is one of 轻, 中; "SEVERE" otherwise.',
        "若原始数据ae的“程度”为“轻”、“中”之一，则为“MILD”；否则为“SEVERE”。",
    ),
    "AE.AESEQ": (
        "Sequential number of the record within the subject, in the order of AETERM, then of the raw data.",
        "同一受试者内记录的序号，先按AETERM排序，再按原始数据的顺序。",
    ),
    "AE.USUBJID": (
        "The identifiers of study and subject, joined as {study}-{subject}.",
        "研究标识符与受试者标识符按{study}-{subject}连接而成。",
    ),
    "VS.VSORRES": (
        "The result as collected; missing where the test was not done.", "所采集的结果；未做检查则为空。",
    ),
    "VS.VSSTAT": (
        '"NOT DONE" where column 收缩压 of raw data vs is 未测.', "原始数据vs的“收缩压”为“未测”时为“NOT DONE”。",
    ),
    "VS.VSSTRESU": (
        ("The standard unit of the test, else VS.VSORRESU; missing where VS.VSORRESU is missing or has no factor to "
        "the standard unit."),
        "该检查的标准单位，若无则为VS.VSORRESU；VS.VSORRESU为空或其无换算系数时为空。",
    ),
    "VS.VSLOBXFL": (
        ('"Y" on the last record with a result before DM.RFXSTDTC, for each VSTESTCD of the subject; a record on the '
        "day of DM.RFXSTDTC counts as after it where either has no time."),
        ("对该受试者的每个VSTESTCD，在DM.RFXSTDTC之前最后一条有结果的记录上为“Y”；"
        "与DM.RFXSTDTC同一天且任一方无时间的记录视为在其之后。"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_of(write_files(tmp_path_factory.mktemp("words"), FILES))


@pytest.mark.parametrize("name", WORDS)
def test_a_method_is_told_in_both_languages(name: str, plan: Plan) -> None:
    domain = plan.domain(name.partition(".")[0])
    variable = domain.variable(name.partition(".")[2])
    assert variable is not None
    english, chinese = WORDS[name]
    assert variable_words(domain, variable.rules, plan.usubjid) == Bilingual(english, chinese)


def test_what_is_grouped_repeated_or_left_open_is_told(tmp_path: Path) -> None:
    files = {
        "study.yaml": STUDY.replace("[dm.yaml, ex.yaml, ae.yaml, vs.yaml]", "[ec.yaml, ex.yaml, ce.yaml]"),
        "ec.yaml": """\
domain: EC
keys: [STUDYID, USUBJID, ECTRT, ECSTDTC]
records: [{from: ex, each: {DAY: [D1, D2]}}]
variables:
  ECTRT: {hardcode: A}
  ECDOSE: {assign: DAY}
  ECSTDTC: {datetime: 开始}
  ECLNKID: {assign: _EACH_NUMBER}
""",
        "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records:
  - from: EC
    group: {by: [ECLNKID], take: {ECSTDTC: first, ECDOSE: sum}}
variables:
  EXTRT: {assign: ECTRT}
  EXDOSE: {assign: ECDOSE}
  EXSTDTC: {datetime: ECSTDTC}
  EXLNKID: {assign: ECLNKID}
""",
        "ce.yaml": """\
domain: CE
keys: [STUDYID, USUBJID, CETERM]
records:
  - {from: ae, where: 程度 EQ 轻}
  - {from: vs, id: signs}
variables:
  CETERM: {assign: 名称, method: {en: as written, zh: 照录}}
  CESEV: {checked: {轻度: MILD, 重度: SEVERE}}
  CEREASND: {coalesce: [{case: [{when: 部位 EMPTY, then: ARM}]}, 部位]}
""",
    }
    plan = plan_of(write_files(tmp_path, FILES | files))

    def told(name: str) -> tuple[str, str]:
        domain = plan.domain(name[:2])
        variable = domain.variable(name)
        assert variable is not None
        found = variable_words(domain, variable.rules, plan.usubjid)
        return found.en, found.zh

    assert told("EXTRT") == (
        "The one EC.ECTRT of the subject's records with the same ECLNKID (missing where they have several).",
        "该受试者ECLNKID相同的各记录中EC.ECTRT的唯一值（有多个不同值时为空）。",
    )
    assert told("EXDOSE") == (
        "The sum of EC.ECDOSE of the subject's records with the same ECLNKID.",
        "该受试者ECLNKID相同的各记录中EC.ECDOSE的合计值。",
    )  # fmt: skip
    assert told("EXSTDTC") == (
        "The first EC.ECSTDTC of the subject's records with the same ECLNKID, in ISO 8601 format.",
        "该受试者ECLNKID相同的各记录中EC.ECSTDTC的第一个值，以ISO 8601格式表示。",
    )
    assert told("EXLNKID") == ("The value of EC.ECLNKID.", "EC.ECLNKID的值。")
    assert told("ECLNKID") == ("The number of the repetition.", "重复的序号。")
    assert told("CETERM") == ("As written.", "照录。")
    # two blocks: each is told by the records that it makes
    assert told("CEREASND") == (
        (
            "Records from raw data ae where column 程度 of raw data ae is 轻: The first that is filled of: "
            '(1) "ARM" if column 部位 of raw data ae is missing; (2) column 部位 of raw data ae. '
            "Records from raw data vs: The first that is filled of: "
            '(1) "ARM" if column 部位 of raw data vs is missing; (2) column 部位 of raw data vs.'
        ),
        (
            "来自原始数据ae且原始数据ae的“程度”为“轻”的记录：下列各项中第一个非空者："
            "(1) 若原始数据ae的“部位”为空，则为“ARM”；(2) 原始数据ae的“部位”。"
            "来自原始数据vs的记录：下列各项中第一个非空者：(1) 若原始数据vs的“部位”为空，则为“ARM”；(2) 原始数据vs的“部位”。"
        ),
    )
    assert told("CESEV") == (
        (
            "Records from raw data ae where column 程度 of raw data ae is 轻: The answer whose box is ticked: "
            '"MILD" for column 轻度 of raw data ae and "SEVERE" for column 重度 of raw data ae. '
            'Records from raw data vs: The answer whose box is ticked: "MILD" for column 轻度 of raw data vs and '
            '"SEVERE" for column 重度 of raw data vs.'
        ),
        (
            "来自原始数据ae且原始数据ae的“程度”为“轻”的记录：所勾选的答案：“MILD”（勾选原始数据ae的“轻度”）和"
            "“SEVERE”（勾选原始数据ae的“重度”）。"
            "来自原始数据vs的记录：所勾选的答案：“MILD”（勾选原始数据vs的“轻度”）和“SEVERE”（勾选原始数据vs的“重度”）。"
        ),
    )


# ---- the phrases ------------------------------------------------------------------------------------------


def _rows() -> list[dict[str, str]]:
    with (ROOT / "src" / "sdtm_il2" / "data" / "phrases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_phrase_says_the_same_in_both_languages() -> None:
    rows = _rows()
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        assert list(row) == ["key", "en", "zh"]
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(row[lang]) if name} for lang in ("en", "zh")
        ]
        assert fields[0] == fields[1], row
        assert row["en"], row
        assert row["zh"], row


def test_every_phrase_is_used() -> None:
    """By its key, or as one of a family: where_EQ, group_first, visit_first, last_before_within ..."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    families = ("where_", "where_date_", "group_", "visit_", "same_day_", "limit_", "table_limit_")
    unused = [
        row["key"] for row in _rows() if f'"{row["key"]}"' not in code and not row["key"].startswith(families)
    ]
    assert unused == []


def test_half_a_translation_is_none() -> None:
    assert joined([Bilingual("A.", "甲。"), NO_TEXT]) == Bilingual("A. ", "")
    assert joined([]) == NO_TEXT
    assert not NO_TEXT
    assert Bilingual("A.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("as written", "As written."),
        ("r_NO of raw data ae", "r_NO of raw data ae."),
        ("eGFR by CKD-EPI", "eGFR by CKD-EPI."),
        ("round(A * 2, 1), or none", "round(A * 2, 1), or none."),
        ("subject's age", "Subject's age."),
        ("sum.", "Sum."),
    ],
)
def test_a_name_keeps_its_letters_at_the_start_of_a_sentence(text: str, sentence: str) -> None:
    assert phrases("en").sentence(text) == sentence
    assert phrases("zh").sentence(f"{text}。") == f"{text}。"


def test_a_sentence_ends_once() -> None:
    assert [phrases("zh").sentence(one) for one in ("完", "完。", "完！", " 完 ")] == [
        "完。",
        "完。",
        "完！",
        "完。",
    ]
    assert [phrases("en").sentence(one) for one in ("done", "Done.", "done?")] == ["Done.", "Done.", "Done?"]


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("A EMPTY", "A为空"),
        ("A FILLED", "A非空"),
        ("A NE x", "A不为x"),
        ("A IN x | y", "A为x、y之一"),
        ("A NOTIN x | y", "A不是x、y中的任何一个"),
        ("A HAS x", "A所列各项中包含x"),
        ("A MATCHES x.*", "A符合通配符模式x.*"),
        ("A LE 5", "A不大于5"),
        ("A GE 5", "A不小于5"),
        ("A GT 2020-01-01", "A晚于2020-01-01"),
        ("ADTC LE 2020-01-01", "ADTC不晚于2020-01-01"),
        (["A EQ x", {"any": ["B EQ y", "C EQ z"]}], "A为x且（B为y或C为z）"),
    ],
)
def test_a_clause_in_chinese(clause: object, words: str) -> None:
    assert describe(parse_clause(clause), language="zh") == words  # type: ignore[arg-type]


# ---- what a study writes itself ---------------------------------------------------------------------------

TEXTS = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources: {ae: {path: ae.csv, subject: SUBJ}, lb: {path: lb.csv, subject: SUBJ}}
domains: [ae.yaml, lb.yaml]
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
keys_not_unique: {en: One event may start twice., zh: 同一事件可发生两次。}
records: [{from: ae}]
variables:
  AETERM: {assign: TERM, comment: DIARY}
  AEDECOD: {assign: TERM, comment: {en: Not coded., zh: 未编码。}}
  AELOC: {hardcode: ARM, origin: Derived by Sponsor, method: {en: the only place, zh: 唯一部位}}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD]
records:
  - {from: lb, tests: {table: tests.csv, by: [项目], result: 结果}}
variables: {}
""",
    "tests.csv": (
        "项目,--TESTCD,--CAT,origin,method,method_zh\n"
        "甲,GLUC,A,,,\n乙,ALB,A,Derived by Sponsor,Sum of two,两者之和\n"
    ),
    "ae.csv": "SUBJ,TERM\n1,Fever\n",
    "lb.csv": "SUBJ,项目,结果\n1,甲,5\n1,乙,6\n",
    "define/study.yaml": """\
labels_zh: labels.csv
comments:
  DIARY: {en: Copied from the diary., zh: 抄自日记。}
""",
    "define/labels.csv": "dataset,variable,label_zh\nAE,,不良事件\n",
}


def _define(folder: Path, agency: str = "") -> Define:
    built = build_folder(folder)
    return make_define(
        replace(built.plan, agency=agency), built.summaries, standard("SDTMIG 3.4", "2025-03-28"),
        creation_datetime="2025-06-30T12:00:00",
    )  # fmt: skip


def _texts(define: Define) -> dict[str, tuple[str, ...]]:
    return {
        one.oid: tuple(text.text for text in one.description) for one in (*define.methods, *define.comments)
    }


def test_texts_of_the_study_stand_in_both_languages(tmp_path: Path) -> None:
    write_files(tmp_path, TEXTS)
    define = _define(tmp_path)
    found = _texts(define)
    assert found["COM.DIARY"] == ("Copied from the diary.", "抄自日记。")
    assert found["COM.AE.AEDECOD"] == ("Not coded.", "未编码。")
    assert found["COM.AE"] == ("One event may start twice.", "同一事件可发生两次。")
    assert found["MT.AELOC"] == ("The only place.", "唯一部位。")
    assert found["MT.LBORRES.ALB"] == ("Sum of two.", "两者之和。")
    assert found["COM.NODATA"] == (
        "No values were collected or derived for this variable in this study.",
        "本研究中该变量没有采集或衍生的值。",
    )
    assert all(len(one) == 2 for one in found.values())
    assert "PLAN442" not in {one.code for one in plan_of(tmp_path).issues}
    assert {one.code for one in check_define(define_bytes(define)) if "methods" in one.message} == set()


@pytest.mark.parametrize("agency", ["fda", "pmda"])
def test_an_agency_that_reads_english_gets_no_chinese(agency: str, tmp_path: Path) -> None:
    write_files(tmp_path, TEXTS)
    found = _texts(_define(tmp_path, agency))
    assert found["COM.DIARY"] == ("Copied from the diary.",)
    assert all(len(one) == 1 for one in found.values())
    (tmp_path / "define" / "study.yaml").write_text("comments: {DIARY: Copied from the diary.}\n", "utf-8")
    assert "PLAN442" not in {one.code for one in plan_of(tmp_path).issues}


def test_without_chinese_labels_or_decodes_all_is_english(tmp_path: Path) -> None:
    files = TEXTS | {"define/study.yaml": TEXTS["define/study.yaml"].replace("labels_zh: labels.csv\n", "")}
    write_files(tmp_path, files)
    assert all(len(one) == 1 for one in _texts(_define(tmp_path)).values())
    (note,) = [one for one in plan_of(tmp_path).issues if one.code in ("PLAN442", "PLAN443")]
    assert str(note) == (
        "define/study.yaml:2: PLAN443: the Chinese of 5 texts for the reviewer is not written, for the study has no "
        "Chinese labels or decodes: comment DIARY, comment on AEDECOD, method of AELOC, keys_not_unique of AE, method in "
        "tests.csv\n  hint: add labels_zh: or decodes_zh: to define/study.yaml"
    )
    for agency, told in (("nmpa", True), ("fda", False)):
        write_files(tmp_path, {"study.yaml": f"{TEXTS['study.yaml']}agency: {agency}\n"})
        assert ("PLAN443" in {one.code for one in plan_of(tmp_path).issues}) == told


def test_what_another_version_of_the_guide_has_is_not_missed(tmp_path: Path) -> None:
    block = "{from: lb, id: two, where: 结果 EQ 9, ig: '3.3', variables: {AEDECOD: {assign: 项目, comment: Other.}}}"
    lines = TEXTS["ae.yaml"].replace("[{from: ae}]", f"[{{from: ae}}, {block}]") + (
        '  AEMODIFY: {assign: TERM, ig: "3.3", comment: Old., method: old}\n'
        '  AELLT: {assign: TERM, ig: "3.4", comment: {en: New., zh: 新。}}\n'
    )
    tests = TEXTS["tests.csv"].replace("method_zh\n", "method_zh,ig\n").replace(",,,\n", ",,,,\n")
    tests = tests.replace("两者之和\n", "两者之和,\n") + "丙,ALT,A,Derived by Sponsor,As was,,3.3\n"
    write_files(tmp_path, TEXTS | {"ae.yaml": lines, "tests.csv": tests})
    assert "PLAN442" not in {one.code for one in plan_of(tmp_path).issues}
    write_files(tmp_path, {"ae.yaml": lines.replace("3.3", "3.4"), "tests.csv": tests.replace("3.3", "3.4")})
    (note,) = [one for one in plan_of(tmp_path).issues if one.code == "PLAN442"]
    assert note.message == (
        "no Chinese in 4 texts for the reviewer: method of AEMODIFY, comment on AEMODIFY, comment on AEDECOD, method in "
        "tests.csv"
    )


def test_what_the_build_says_itself_is_no_text_of_the_author(tmp_path: Path) -> None:
    """A study in English alone that codes by a table: the build's own remark has a Chinese that nobody wrote."""
    ae = TEXTS["ae.yaml"]
    ae = ae[: ae.index("keys_not_unique")] + (
        "records: [{from: ae}]\nvariables: {AETERM: {assign: TERM}}\n"
        "meddra: {source: code, by: [TERM], columns: {LLT: LLT, PT: PT}}\n"
    )
    study = TEXTS["study.yaml"].replace("sources: {", "sources: {code: {path: code.csv, subject: SUBJ}, ")
    files = {key: text for key, text in TEXTS.items() if not key.startswith("define/")}
    files |= {
        "ae.yaml": ae, "study.yaml": study.replace(", lb.yaml", ""), "code.csv": "SUBJ,TERM,LLT,PT\n1,Fever,a,b\n",
    }  # fmt: skip
    plan = plan_of(write_files(tmp_path, files))
    comment = next(one for one in plan.domain("AE").variables if one.name == "AEDECOD").rules[0]
    assert comment is not None
    assert comment.comment.zh == "由研究的编码表code编码，该表未注明MedDRA的版本。"
    assert {one.code for one in plan.issues} & {"PLAN442", "PLAN443"} == set()


def test_a_text_in_two_languages_names_no_shared_comment(tmp_path: Path) -> None:
    """A shared comment has its own Chinese, so what is written beside the name would be lost."""
    line = TEXTS["ae.yaml"].replace("comment: DIARY", "comment: {en: DIARY, zh: 日记}")
    write_files(tmp_path, TEXTS | {"ae.yaml": line})
    found = _texts(_define(tmp_path))
    assert found["COM.AE.AETERM"] == ("DIARY", "日记")
    assert "COM.DIARY" not in found
    (told,) = [str(one) for one in plan_of(tmp_path).issues if one.code == "SPEC149"]
    assert "comment DIARY is named by no comment: of the mapping and is not written" in told


def test_a_text_without_chinese_is_noted(tmp_path: Path) -> None:
    half = TEXTS["ae.yaml"].replace(
        "{en: One event may start twice., zh: 同一事件可发生两次。}", "Once more."
    )
    half = half.replace("{en: Not coded., zh: 未编码。}", "Not coded.").replace(", zh: 唯一部位", "")
    study = TEXTS["define/study.yaml"].replace(", zh: 抄自日记。", "")
    tests = TEXTS["tests.csv"].replace("两者之和", "")
    write_files(tmp_path, TEXTS | {"ae.yaml": half, "define/study.yaml": study, "tests.csv": tests})
    (note,) = [one for one in plan_of(tmp_path).issues if one.code == "PLAN442"]
    assert str(note) == (
        "define/study.yaml:3: PLAN442: no Chinese in 5 texts for the reviewer: comment DIARY, comment on AEDECOD, "
        "method of AELOC, keys_not_unique of AE, method in tests.csv\n"
        "  hint: write {en: .., zh: ..}; for a method in a tests table fill method_zh"
    )
    define = _define(tmp_path)
    told = [one for one in check_define(define_bytes(define)) if one.code == "DEF800"]
    methods, comments = (
        next(str(one) for one in told if what in one.message and "zh-CN" in one.message)
        for what in ("methods", "comments")
    )
    assert "2 of 7 methods have no text in zh-CN: MT.AELOC, MT.LBORRES.ALB" in methods
    assert "hint: add the texts, or leave the language out" in methods
    assert "3 of 4 comments have no text in zh-CN: COM.AE, COM.AE.AEDECOD, COM.DIARY" in comments


@pytest.mark.parametrize(
    ("file", "old", "new", "message", "hint"),
    [
        (
            "define/study.yaml", "{en: Copied from the diary., zh: 抄自日记。}", "{zh: 抄自日记。}",
            "define/study.yaml:3: SPEC182: a text in two languages needs the key 'en'", "add en:",
        ),
        (
            "ae.yaml", "zh: 未编码。", "fr: Non.",
            "ae.yaml:7: SPEC180: unknown key 'fr' in a text in two languages", "known here: en, zh",
        ),
        (
            "ae.yaml", "{en: the only place, zh: 唯一部位}", "[the only place, 唯一部位]",
            "ae.yaml:8: SPEC181: method is a list; expected a text or a mapping",
            "write method as a text or a mapping",
        ),
        (
            "ae.yaml", "{en: One event may start twice., zh: 同一事件可发生两次。}", '{en: ""}',
            "ae.yaml:3: SPEC185: en: '' is not right; expected a text that is not empty",
            "write a text that is not empty",
        ),
        (
            "ae.yaml", "zh: 未编码。", 'zh: "　"',
            "ae.yaml:7: SPEC185: zh: '\u3000' is not right; expected a text that is not empty",
            "write a text that is not empty",
        ),
        (
            "ae.yaml", "{en: Not coded., zh: 未编码。}", '" "',
            "ae.yaml:7: SPEC185: comment: ' ' is not right; expected a text that is not empty",
            "write a text that is not empty",
        ),
        (
            "tests.csv", "Sum of two,", ",",
            "tests.csv:3: SPEC172: this row has method_zh, but no method: English is the language of all",
            "correct the cell, or remove the row",
        ),
        (
            "tests.csv", "method_zh", "method_cn",
            "tests.csv:1: SPEC122: header 'method_cn' is no variable, reserved word or key; did you mean 'method_zh'?",
            "correct the header or remove the column",
        ),
    ],
)  # fmt: skip
def test_a_text_in_other_ways_is_refused(
    file: str, old: str, new: str, message: str, hint: str, tmp_path: Path
) -> None:
    assert old in TEXTS[file]
    write_files(tmp_path, TEXTS | {file: TEXTS[file].replace(old, new)})
    with pytest.raises(SpecError) as error:
        load_spec(tmp_path / "study.yaml")
    assert str(error.value) == f"{message}\n  hint: {hint}"
