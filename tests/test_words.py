"""Composed sentences: a clause in a branch in a method reads in one way only, in English and in Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.define.words import variable_words
from sdtm_il2.plan.model import Plan
from study import plan_of, write_files

FILES = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: dm.csv, subject: SUBJ}
  ae: {path: ae.csv, subject: SUBJ}
  ex: {path: ex.csv, subject: SUBJ}
domains: [dm.yaml, ex.yaml, ae.yaml]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: NO}
  SITEID: {hardcode: "01"}
  SEX: {hardcode: F}
  COUNTRY: {hardcode: CHN}
  RFENDTC: {latest: {of: ex.开始, where: 剂量 EQ 有}}
  RFXSTDTC: {earliest: {of: EX.EXSTDTC, where: {any: [EXDOSE GT 0, EXTRT EQ A]}}}
""",
    "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records: [{from: ex}]
variables:
  EXTRT: {assign: name}
  EXGRPID: {assign: 周期}
  EXDOSE: {compute: "round(剂量, 1)"}
  EXSTDTC: {datetime: 开始}
  EXENDTC: {case: [{when: A EQ 1, then: {datetime: 开始}}, {else: {datetime: 结束}}], shift: P1D}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records:
  - from: ae
    where: {any: [程度 EQ 轻, 程度 EMPTY]}
    decode: [{table: areas.csv, by: CODE}]
    join: {first: {source: ex, by: {序号: 编号}, cardinality: "0..1", where: {any: [剂量 EQ 有, 剂量 EMPTY]}}}
  - {from: ex, id: more}
variables:
  AETERM: {assign: 名称}
  AEDECOD: {assign: 名称}
  AEGRPID: {assign: 周期}
  AESTDTC: {datetime: 开始}
  AEENDTC: {next: AE.AESTDTC, else: {coalesce: [{copy: DM.RFENDTC}, {datetime: 开始}]}}
  AEENTPT: {latest: {of: EX.EXSTDTC, same: [--GRPID]}}
""",
    "areas.csv": "CODE,AREA,AELOC\n1,头,ARM\n",
    "dm.csv": "SUBJ,NO\n1,1\n",
    "ex.csv": "SUBJ,编号,name,周期,开始,结束,剂量,部位,A,名称\n1,1,A,1,2020-01-03,2020-01-04,2,有,1,a\n",
    "ae.csv": "SUBJ,序号,名称,周期,开始,程度,CODE,A\n1,1,头痛,1,2020-01-04,轻,1,x\n",
}


def _told(plan: Plan, name: str, variable: str) -> tuple[str, str]:
    domain = plan.domain(name)
    found = domain.variable(variable)
    assert found is not None
    words = variable_words(domain, found.rules, plan.usubjid)
    return words.en, words.zh


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_of(write_files(tmp_path_factory.mktemp("words"), FILES))


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        (  # the clause of a raw column belongs to the sentence
            "DM.RFENDTC",
            "The latest value of column 开始 of raw data ex (of the records where 剂量 is 有) of the subject.",
            "该受试者的原始数据ex的“开始”（限于“剂量”为“有”的记录）中最晚的值。",
        ),
        (
            "DM.RFXSTDTC",
            "The earliest value of EX.EXSTDTC of the subject where EX.EXDOSE is greater than 0 or EX.EXTRT is A.",
            "该受试者的EX.EXSTDTC中最早的值（限于EX.EXDOSE大于0或EX.EXTRT为“A”的记录）。",
        ),
        ("EX.EXTRT", "Column name of raw data ex.", "原始数据ex的“name”。"),
        (
            "EX.EXDOSE",
            (
                "Computed as round(剂量, 1), where 剂量 is column 剂量 of raw data ex; missing if a value that it needs is "
                "missing."
            ),
            "按round(剂量, 1)计算，其中剂量为原始数据ex的“剂量”；所需的任一值缺失则为空。",
        ),
        (  # the shift is of either branch
            "EX.EXENDTC",
            (
                "(column 开始 of raw data ex, in ISO 8601 format if column A of raw data ex is 1; column 结束 of raw data "
                'ex, in ISO 8601 format otherwise), moved by "P1D".'
            ),
            (
                "（若原始数据ex的“A”为1，则为原始数据ex的“开始”，以ISO 8601格式表示；"
                "否则为原始数据ex的“结束”，以ISO 8601格式表示），再加上“P1D”。"
            ),
        ),
        (  # the two datasets name the variable in two ways
            "AE.AEENTPT",
            "The latest value of EX.EXSTDTC of the subject with EX.EXGRPID equal to AE.AEGRPID of this record.",
            "该受试者的EX.EXSTDTC中最晚的值（限于EX.EXGRPID等于本记录的AE.AEGRPID的记录）。",
        ),
    ],
)
def test_a_composed_sentence(name: str, english: str, chinese: str, plan: Plan) -> None:
    assert _told(plan, *name.split(".")) == (english, chinese)


def _line(tmp_path: Path, line: str, variable: str = "AELLT") -> tuple[str, str]:
    """A line of the first block of AE, told without the records that it is of."""
    ae = FILES["ae.yaml"].replace("  - {from: ex, id: more}\n", "") + f"  {variable}: {line}\n"
    return _told(plan_of(write_files(tmp_path, FILES | {"ae.yaml": ae})), "AE", variable)


NAMES = {
    "A": ("column A of raw data ae", "原始数据ae的“A”"),
    "名称": ("column 名称 of raw data ae", "原始数据ae的“名称”"),
    "AREA": (
        "column AREA of the study's table areas.csv (looked up by column CODE of raw data ae)",
        "研究对照表areas.csv的“AREA”（按原始数据ae的“CODE”查找）",
    ),
    "部位": (
        (
            "column 部位 of raw data ex (of the record with 编号 equal to column 序号 of raw data ae and where (剂量 is 有 "
            "or 剂量 is missing))"
        ),
        "原始数据ex的“部位”（取“编号”等于原始数据ae的“序号”且（“剂量”为“有”或“剂量”为空）的记录）",
    ),
}


@pytest.mark.parametrize(
    ("line", "english", "chinese"),
    [
        # the first branch that holds counts
        (
            "{case: [{when: A EQ 1, then: ONE}, {when: 名称 FILLED, then: TWO}, {else: THREE}]}",
            '"ONE" if <A> is 1; else "TWO" if <名称> is filled; "THREE" otherwise.',
            "若<A>为1，则为“ONE”；否则，若<名称>非空，则为“TWO”；否则为“THREE”。",
        ),
        # a partial date does not mean "otherwise"
        (
            "{case: [{when: AE.AESTDTC LT DM.RFXSTDTC, then: BEFORE}, {else: AFTER}]}",
            (
                '"BEFORE" if AE.AESTDTC is before DM.RFXSTDTC; "AFTER" otherwise; missing where a partial date leaves a '
                "condition open."
            ),
            "若AE.AESTDTC早于DM.RFXSTDTC，则为“BEFORE”；否则为“AFTER”；因日期不完整而无法判断条件时为空。",
        ),
        # a case in a case, a coalesce in a coalesce
        (
            "{case: [{when: AREA EQ 头, then: {case: [{when: A EQ 1, then: ONE}, {else: TWO}]}}, {else: THREE}]}",
            '("ONE" if <A> is 1; "TWO" otherwise) if <AREA> is 头; "THREE" otherwise.',
            "若<AREA>为“头”，则为（若<A>为1，则为“ONE”；否则为“TWO”）；否则为“THREE”。",
        ),
        (
            "{coalesce: [{case: [{when: A EQ 1, then: ONE}, {else: TWO}]}, {coalesce: [名称, A]}]}",
            (
                'The first that is filled of: (1) "ONE" if <A> is 1; "TWO" otherwise; (2) (the first that is filled of: '
                "(1) <名称>; (2) <A>)."
            ),
            (
                "下列各项中第一个非空者：(1) 若<A>为1，则为“ONE”；否则为“TWO”；"
                "(2) （下列各项中第一个非空者：(1) <名称>；(2) <A>）。"
            ),
        ),
        # what is left open is the condition, not the branches
        (
            (
                "{case: [{when: A EQ x, then: Y}, {else: N}], when: AE.AESTDTC GE DM.RFXSTDTC, undecided: Y}"
            ),
            (
                'If AE.AESTDTC is on or after DM.RFXSTDTC: ("Y" if <A> is x; "N" otherwise); "Y" where a partial date '
                "leaves that open."
            ),
            (
                "若AE.AESTDTC不早于DM.RFXSTDTC，则取值为：（若<A>为“x”，则为“Y”；否则为“N”）；"
                "因日期不完整而无法判断该条件时为“Y”。"
            ),
        ),
        # values that could be read as a part of the sentence stand in quotes
        (
            (
                "{hardcode: B, when: 'A IN DM.X | a;b | x (y) | missing | \"\" | is one of | mg/dL | 5 | "
                "2020-01-01 | NOT DONE'}"
            ),
            (
                'If <A> is one of "DM.X", "a;b", "x (y)", "missing", missing, "is one of", mg/dL, 5, 2020-01-01, '
                'NOT DONE: "B".'
            ),
            (
                "若<A>为“DM.X”、“a;b”、“x (y)”、“missing”、空、“is one of”、“mg/dL”、5、2020-01-01、“NOT DONE”之一，"
                "则取值为：“B”。"
            ),
        ),
        ("{hardcode: B, when: 'A EQ DM.RFENDTC'}", 'If <A> is DM.RFENDTC: "B".', "若<A>为DM.RFENDTC，则取值为：“B”。"),
        (
            "{hardcode: B, when: 'A MATCHES \"* failure\"'}",
            'If <A> matches the wildcard pattern "* failure": "B".',
            "若<A>符合通配符模式“* failure”，则取值为：“B”。",
        ),
        # a clause of alternatives beside what is required too
        ("{assign: first.部位}", "<部位>.", "<部位>。"),
        ("{assign: AREA}", "<AREA>.", "<AREA>。"),
    ],
)  # fmt: skip
def test_a_line_reads_in_one_way_only(line: str, english: str, chinese: str, tmp_path: Path) -> None:
    for name, (en, zh) in NAMES.items():
        english, chinese = english.replace(f"<{name}>", en), chinese.replace(f"<{name}>", zh)
    if english.startswith("column"):
        english = f"C{english[1:]}"
    assert _line(tmp_path, line) == (english, chinese)


def test_a_column_of_a_table_is_told_by_its_table(tmp_path: Path) -> None:
    assert _line(tmp_path, "{assign: A}")[0] == "Column A of raw data ae."
    plan = plan_of(tmp_path)
    assert _told(plan, "AE", "AELOC") == (
        "Column AELOC of the study's table areas.csv (looked up by column CODE of raw data ae).",
        "研究对照表areas.csv的“AELOC”（按原始数据ae的“CODE”查找）。",
    )


def test_alternatives_of_a_block_stay_together(plan: Plan) -> None:
    english, chinese = _told(plan, "AE", "AETERM")
    assert english.startswith(
        "Records from raw data ae where (column 程度 of raw data ae is 轻 or column 程度 of raw data ae is missing): "
    )
    assert chinese.startswith("来自原始数据ae且（原始数据ae的“程度”为“轻”或原始数据ae的“程度”为空）的记录：")


LB = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources: {lb: {path: lb.csv, subject: SUBJ}}
domains: [lb.yaml]
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD]
records:
  - {from: lb, tests: {table: tests.csv, by: [项目], result: 结果, low: 下限}}
variables: {}
""",
    "tests.csv": "项目,--TESTCD,--CAT,not_done\n甲,GLUC,A,结果 EQ 未检\n乙,ALB,A,结果 EQ 未检\n丙,ALT,A,\n",
    "lb.csv": "SUBJ,项目,结果,下限\n1,甲,5,4\n",
}


@pytest.mark.parametrize(
    ("variable", "english", "chinese"),
    [
        (
            "LBORNRLO", "The lower limit of the reference range as collected.", "所采集的参考范围下限。",
        ),
        (  # a study without upper limits
            "LBNRIND",
            "LOW if LB.LBORRES is below LB.LBORNRLO, otherwise NORMAL; missing without a number or the limit.",
            "若LB.LBORRES低于LB.LBORNRLO，则为LOW；否则为NORMAL；无数值或无下限则为空。",
        ),
        (
            "LBSTAT",
            '"NOT DONE" where column 结果 of raw data lb is 未检 (for the item 甲 or 乙).',
            "原始数据lb的“结果”为“未检”（适用于采集项目“甲”或“乙”）时为“NOT DONE”。",
        ),
    ],
)  # fmt: skip
def test_what_a_table_of_tests_says_is_told(
    variable: str, english: str, chinese: str, tmp_path: Path
) -> None:
    assert _told(plan_of(write_files(tmp_path, LB)), "LB", variable) == (english, chinese)


def test_many_conditions_stay_in_their_table(tmp_path: Path) -> None:
    rows = "".join(
        f"{name},{code},A,结果 EQ {name}\n"
        for name, code in zip("甲乙丙丁戊", ("GLUC", "ALB", "ALT", "AST", "K"), strict=True)
    )
    files = LB | {"tests.csv": f"项目,--TESTCD,--CAT,not_done\n{rows}"}
    assert _told(plan_of(write_files(tmp_path, files)), "LB", "LBSTAT") == (
        '"NOT DONE" where the list of tests says so of the test\'s record.',
        "满足检查项目表为该检查规定的未做条件时为“NOT DONE”。",
    )
