"""load_spec: the whole language, from visits and relationships to extended files; each element knows its place."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from sdtm_il2.errors import Location, SpecError
from sdtm_il2.spec import load_spec
from sdtm_il2.spec.expression import MAX_BRACKETS, MAX_CHARACTERS, expression_fault
from sdtm_il2.spec.model import (
    BlockSpec,
    Checked,
    CommentsSpec,
    DictionarySpec,
    DomainSpec,
    EachSpec,
    GroupSpec,
    MethodCall,
    RangeRow,
    TableSpec,
    Text,
)
from sdtm_il2.spec.study import RelationshipSpec, StudySpec, UnscheduledRule, VisitRow, VisitRule
from sdtm_il2.where import Clause, Condition
from test_spec import editor_errors

DRAFT = Path(__file__).resolve().parents[2] / "shared" / "drafts" / "nct02932137"

STUDY = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
library: [library, more]
sources:
  inj: {path: raw/inj.csv, subject: SUBJ, visit: 访视, keep: {one_per: NO, prefer: [状态 EQ 已审核, [A FILLED, B FILLED]]}}
  lab: {path: raw/lab.csv, subject: SUBJ, visit: {text: [访视, 备注], date: 采样时间}}
  his: {path: raw/his.csv, subject: SUBJ, visit: {date: 采样时间}}
  ae: {path: raw/ae.csv, subject: SUBJ}
  coding: {path: raw/coding.csv, subject: SUBJ}
visits:
  table: trial/visits.csv
  anchor: {SCREENING: DM.RFSTDTC, TREATMENT: SE.SESTDTC}
  unscheduled: {when: 访视 EQ 计划外, number: previous+0.1, name: "UNSCHEDULED {VISITNUM}"}
relationships:
  - {from: AE, column: 合并用药号, to: EC.ECSPID, id: "AE{AE序号}"}
  - {datasets: [EC, EX], by: --LNKID, types: [MANY, ONE]}
domains: [ec.yaml, ex.yaml, ae.yaml, lb.yaml, sv.yaml, trial.yaml]
""",
    "trial/visits.csv": """\
alias,EPOCH,VISITNUM,VISIT,VISITDY,from_day,to_day,ARMCD,TVSTRL,TVENRL
筛选|SCR ,SCREENING,1,SCREENING,-7,-14,-1,,Start of screening,
,TREATMENT,2,DAY 1,1,1,1,,,
,TREATMENT,3.5,WEEK 2,15,12,,A | B,,
""",
    "trial.yaml": """\
tables:
  TA: trial/ta.csv
  TV: trial/visits.csv
  TS: {table: trial/ts.csv, registry: trial/record.json}
""",
    "trial/ta.csv": "ARMCD,TAETORD,ETCD,EPOCH\nA,1,SCRN,SCREENING\n\nA,2,IL2,TREATMENT\n",
    "trial/ts.csv": "TSPARMCD,TSVAL,--VALNF\nACTSUB,30,\n",
    "trial/record.json": '\ufeff{"protocolSection": {}}',
    "ec.yaml": """\
domain: EC
keys: [STUDYID, USUBJID, ECTRT]
records:
  - from: inj
    each: {DAT: 注射日期1-注射日期7, SITE: [部位1, 部位2]}
variables:
  ECTRT: {checked: {甲: A, 乙: B}, many: MULTIPLE}
  ECCAT: {checked: [甲, 乙], separator: "; "}
  ECDOSE: {compute: "round({剂量 (万IU)} * 10000, 1)"}
  ECDUR: {duration: {value: 时长, unit: days}}
  ECELTM: {duration: {from: EC.ECSTDTC, to: EC.ECENDTC}}
  ECSTDTC: {datetime: DAT, shift: "-P{AGE}Y"}
  ECENDTC: {next: EC.ECSTDTC, else: {copy: DM.RFPENDTC}}
  ECREFID: {next: EC.ECREFID, else: LAST}
  ECLNKID: {interval: {same: [ECTRT, ECDOSE], start: ECSTDTC, end: ECENDTC, gap: P3D, where: EC.ECOCCUR EQ Y}}
  EPOCH: {epoch: {}, same_day: before}
  ECTPT: {epoch: {from: DM.RFXSTDTC, before: SCREENING, at: DAY 1, after: TREATMENT}}
  ECBLFL: {last_before: SE.SESTDTC, within: EPOCH, same_day: after}
""",
    "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT]
records: {from: EC, group: {by: [ECLNKID], take: {ECSTDTC: first, ECDOSE: list}}}
""",
    "sv.yaml": """\
domain: SV
keys: [STUDYID, USUBJID, VISITNUM]
records: {from: _VISITS, join: {ta: {source: TA, cardinality: many}}}
""",
    "ae.yaml": """\
domain: AE
extends: standard/ae.yaml
sort: file
records:
  - {from: ae, id: log, where: X FILLED}
  - {from: his}
variables:
  AESEV: {assign: 程度}
  AEDUR: drop
  AESPID: {assign: NO}
""",
    "library/standard/ae.yaml": """\
domain: AE
extends: ../base.yaml
structure: One record per event
records:
  - {id: log, from: nowhere, tests: {table: nowhere.csv}}
  - {id: codes, from: ae, decode: {table: codes.csv, by: A}}
variables:
  AETERM: {assign: TERM}
  AESEV: {earliest: nowhere}
  AEDUR: {duration: {from: AE.AESTDTC, to: AE.AEENDTC}}
""",
    "library/standard/codes.csv": "A,AECAT\n1,X\n",
    "library/base.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
structure: replaced
comments: {from: ae, text: 备注, date: 日期}
meddra: {source: coding, by: {NO: 号}, version: "27.1", columns: {PT: 首选语, SOCCD: SOC码}}
variables:
  AESER: {hardcode: N}
  AETERM: {assign: replaced}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD]
records:
  from: his
  tests:
    table: [more/items.csv, items.csv]
    by: [项目, 标本]
    result: 结果
    range: {table: ranges.csv}
    standard: {result: SI, unit: SI单位}
""",
    "more/items.csv": """\
项目,标本,ig,domain,--TESTCD
白细胞,血,,,WBC
抗体,血,3.4,IS,ATAB
抗体,血,3.3,LB,DDNA
血型,血,,,BLTYP
""",
    "items.csv": "项目,标本,--TESTCD,domain,note\n抗体,血,AB,,\n尿酸,血,URATE,,\n血型,血,,-,not needed\n",
    "ranges.csv": """\
LBTESTCD,--SPEC,SEX,age_from,age_to,from,to,low,high,unit
HGB,BLOOD,F,0,17.5,,2024-02-29,110,,g/L
HGB,BLOOD,F,17.5,,,,,150,g/L
""",
}  # fmt: skip


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    return folder


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> StudySpec:
    return load_spec(write(tmp_path_factory.mktemp("study"), STUDY))


def domain(spec: StudySpec, code: str) -> DomainSpec:
    return next(one for one in spec.domains if one.domain == code)


def methods(spec: StudySpec, code: str) -> dict[str, MethodCall]:
    return {one.name: one.method for one in domain(spec, code).variables if one.method is not None}


def texts(parts: Iterable[object]) -> list[str]:
    return [str(one) for one in parts]


def options(call: MethodCall) -> dict[str, list[str]]:
    return {key: texts(value) for key, value in call.options.items()}


def test_the_study_is_green_in_an_editor() -> None:
    kinds = {"study.yaml": "study"}
    for name in filter(lambda one: one.endswith(".yaml"), STUDY):
        assert editor_errors(kinds.get(name, "domain"), STUDY[name]) == [], name


def test_every_file_that_was_read_is_listed(spec: StudySpec) -> None:
    assert spec.files == tuple(sorted(STUDY))


def test_visits_hold_table_anchors_and_the_rule_of_unscheduled_ones(spec: StudySpec) -> None:
    visits = spec.visits
    assert visits is not None
    assert (visits.table, visits.at) == ("trial/visits.csv", Location("study.yaml", 11))
    assert visits.rows == (
        VisitRow(
            Location("trial/visits.csv", 2), "1", "SCREENING", ("筛选", "SCR"), "SCREENING", "-7", "-14", "-1",
            tvstrl="Start of screening",
        ),
        VisitRow(
            Location("trial/visits.csv", 3), "2", "DAY 1", (), "TREATMENT", "1", "1", "1",
        ),
        VisitRow(
            Location("trial/visits.csv", 4), "3.5", "WEEK 2", (), "TREATMENT", "15", "12", "", "A | B",
        ),
    )  # fmt: skip
    at = Location("study.yaml", 12)
    assert visits.anchors == (("SCREENING", Text("DM.RFSTDTC", at)), ("TREATMENT", Text("SE.SESTDTC", at)))
    place = Location("study.yaml", 13)
    when = Clause((Condition("访视", "EQ", ("计划外",), place, "访视 EQ 计划外"),))
    assert visits.unscheduled == UnscheduledRule(when, "previous + 0.1", "UNSCHEDULED {VISITNUM}", place)


def test_a_source_names_its_visit_by_column_by_columns_and_date_or_by_date(spec: StudySpec) -> None:
    inj, lab, his, ae, _ = spec.sources
    assert inj.visit == VisitRule(("访视",), "", Location("study.yaml", 5))
    assert lab.visit == VisitRule(("访视", "备注"), "采样时间", Location("study.yaml", 6))
    assert his.visit == VisitRule((), "采样时间", Location("study.yaml", 7))
    assert ae.visit is None
    assert inj.keep is not None
    assert [[part.name for part in one.parts if isinstance(part, Condition)] for one in inj.keep.prefer] == [
        ["状态"], ["A", "B"],
    ]  # fmt: skip


def test_relationships_tie_records_or_datasets(spec: StudySpec) -> None:
    assert spec.relationships == (
        RelationshipSpec("AE", "合并用药号", "EC.ECSPID", "AE{AE序号}", at=Location("study.yaml", 15)),
        RelationshipSpec(
            datasets=("EC", "EX"), by="--LNKID", types=("MANY", "ONE"), at=Location("study.yaml", 16)
        ),
    )


def test_relationships_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    head, _, rest = STUDY["study.yaml"].partition("relationships:\n")
    inside, _, tail = rest.partition("domains:")
    files = {
        "study.yaml": f"{head}relationships: rel/relrec.yaml\ndomains:{tail}",
        "rel/relrec.yaml": f"relationships:\n{inside}",
    }
    found = load_spec(write(tmp_path, {**STUDY, **files})).relationships
    assert [(one.from_, one.datasets, one.at) for one in found] == [
        ("AE", (), Location("rel/relrec.yaml", 2)), ("", ("EC", "EX"), Location("rel/relrec.yaml", 3)),
    ]  # fmt: skip


def test_trial_tables_hold_their_rows_and_lines(spec: StudySpec) -> None:
    ta, tv, ts = spec.tables
    assert ta == TableSpec(
        "TA", "trial/ta.csv", ("ARMCD", "TAETORD", "ETCD", "EPOCH"),
        (("A", "1", "SCRN", "SCREENING"), ("A", "2", "IL2", "TREATMENT")), (2, 4), "", Location("trial.yaml", 2),
    )  # fmt: skip
    assert (tv.headers, tv.rows[0]) == (
        ("VISITNUM", "VISIT", "VISITDY", "ARMCD", "TVSTRL", "TVENRL"),
        ("1", "SCREENING", "-7", "", "Start of screening", ""),
    )
    assert (ts.headers, ts.registry, ts.at.line) == (
        ("TSPARMCD", "TSVAL", "TSVALNF"), "trial/record.json", 4,
    )  # fmt: skip


def test_each_and_group_stand_as_written(spec: StudySpec) -> None:
    assert domain(spec, "EC").records[0].each == (
        EachSpec("DAT", ("注射日期1-注射日期7",), Location("ec.yaml", 5)),
        EachSpec("SITE", ("部位1", "部位2"), Location("ec.yaml", 5)),
    )
    assert domain(spec, "EX").records[0].group == GroupSpec(
        ("ECLNKID",), {"ECSTDTC": "first", "ECDOSE": "list"}, Location("ex.yaml", 3)
    )
    assert [(one.from_, one.join[0].source) for one in domain(spec, "SV").records] == [("_VISITS", "TA")]


def test_methods_hold_argument_and_options(spec: StudySpec) -> None:
    found = methods(spec, "EC")
    at = Location("ec.yaml", 7)
    assert found["ECTRT"].argument == (Checked("甲", "A", at), Checked("乙", "B", at))
    assert options(found["ECTRT"]) == {"many": ["MULTIPLE"]}
    assert [(one.column, one.value) for one in found["ECCAT"].argument if isinstance(one, Checked)] == [
        ("甲", "甲"), ("乙", "乙"),
    ]  # fmt: skip
    assert options(found["ECCAT"]) == {"separator": ["; "]}
    assert texts(found["ECDOSE"].argument) == ["round({剂量 (万IU)} * 10000, 1)"]
    assert options(found["ECDUR"]) == {"value": ["时长"], "unit": ["days"]}
    assert options(found["ECELTM"]) == {"from": ["EC.ECSTDTC"], "to": ["EC.ECENDTC"]}
    reference, last = found["ECENDTC"].argument
    assert str(reference) == "EC.ECSTDTC"
    assert isinstance(last, MethodCall)
    assert (last.method, texts(last.argument)) == ("copy", ["DM.RFPENDTC"])
    assert texts(found["ECREFID"].argument) == ["EC.ECREFID", "LAST"]
    assert options(found["ECENDTC"]) == {}
    interval = found["ECLNKID"]
    assert options(interval) == {
        "same": ["ECTRT", "ECDOSE"], "start": ["ECSTDTC"], "end": ["ECENDTC"], "gap": ["P3D"],
    }  # fmt: skip
    assert interval.where is not None
    assert [one.name for one in interval.where.parts if isinstance(one, Condition)] == ["EC.ECOCCUR"]
    assert (options(found["EPOCH"]), found["EPOCH"].argument) == ({"same_day": ["before"]}, ())
    assert options(found["ECTPT"]) == {
        "from": ["DM.RFXSTDTC"], "before": ["SCREENING"], "at": ["DAY 1"], "after": ["TREATMENT"],
    }  # fmt: skip
    assert options(found["ECBLFL"]) == {"within": ["EPOCH"], "same_day": ["after"]}
    assert [one.shift for one in domain(spec, "EC").variables if one.shift] == ["-P{AGE}Y"]


def test_an_extending_file_replaces_variables_and_blocks_and_keeps_the_rest(spec: StudySpec) -> None:
    ae = domain(spec, "AE")
    assert (ae.file, ae.at, ae.structure, ae.sort_file) == (
        "ae.yaml", Location("ae.yaml", 1), "One record per event", True,
    )  # fmt: skip
    assert [(key.text, key.at) for key in ae.keys][2] == ("AETERM", Location("library/base.yaml", 2))
    assert [
        (one.name, one.method and texts(one.method.argument), one.at.file, one.at.line)
        for one in ae.variables
    ] == [
        ("AESER", ["N"], "library/base.yaml", 7),
        ("AETERM", ["TERM"], "library/standard/ae.yaml", 8),
        ("AESEV", ["程度"], "ae.yaml", 8),
        ("AEDUR", None, "ae.yaml", 9),
        ("AESPID", ["NO"], "ae.yaml", 10),
    ]
    assert [(block.id, block.from_, block.at) for block in ae.records] == [
        ("log", "ae", Location("ae.yaml", 5)),
        ("codes", "ae", Location("library/standard/ae.yaml", 6)),
        ("his", "his", Location("ae.yaml", 6)),
    ]
    assert ae.records[1].decode[0].table == "library/standard/codes.csv"


def test_coding_and_comments_come_from_the_extended_file(spec: StudySpec) -> None:
    ae = domain(spec, "AE")
    assert ae.comments == (CommentsSpec("ae", "备注", "日期", Location("library/base.yaml", 4)),)
    assert ae.dictionaries == (
        DictionarySpec(
            "meddra", "coding", (("NO", "号"),), {"PT": {"": "首选语"}, "SOCCD": {"": "SOC码"}}, "27.1",
            Location("library/base.yaml", 5),
        ),
    )  # fmt: skip


def test_an_item_of_a_later_tests_table_replaces_all_its_earlier_rows(spec: StudySpec) -> None:
    tests = domain(spec, "LB").records[0].tests
    assert tests is not None
    assert tests.table == "more/items.csv, items.csv"
    assert [(row.by, row.domain, row.variables.get("LBTESTCD"), row.at) for row in tests.rows] == [
        (("白细胞", "血"), "", "WBC", Location("more/items.csv", 2)),
        (("抗体", "血"), "", "AB", Location("items.csv", 2)),
        (("血型", "血"), "-", None, Location("items.csv", 4)),
        (("尿酸", "血"), "", "URATE", Location("items.csv", 3)),
    ]


def test_standard_columns_and_a_table_of_ranges(spec: StudySpec) -> None:
    tests = domain(spec, "LB").records[0].tests
    assert tests is not None
    assert tests.standard == {"result": "SI", "unit": "SI单位"}
    assert (tests.range, tests.ranges_file) == ("", "ranges.csv")
    assert tests.ranges == (
        RangeRow(
            Location("ranges.csv", 2), "HGB", "BLOOD", "F", "0", "17.5", "", "2024-02-29", "110", "", "g/L"
        ),
        RangeRow(Location("ranges.csv", 3), "HGB", "BLOOD", "F", "17.5", "", "", "", "", "150", "g/L"),
    )


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("1", ""),
        ("-A", ""),
        ("A - -B", ""),
        ("sum(A, B, -C) / mean(D)", ""),
        ("sum * round", ""),
        ("(" * MAX_BRACKETS + "A" + ")" * MAX_BRACKETS, ""),
        ("(" * (MAX_BRACKETS + 1) + "A", f"more than {MAX_BRACKETS} brackets stand in one another"),
        ("A" * (MAX_CHARACTERS + 1), "it has 1001 characters; at most 1000 are read"),
        ("()", "a number or a name is missing before ')'"),
        ("", "a number or a name is missing at the end"),
        ("A ** 2", "a number or a name is missing before '*'"),
        ("sum(A, (B, C))", "',' stands outside sum, mean and round"),
        ("A.B.C + 体重", ""),
        ("import('os')", "an operator is missing before '('"),
    ],
)
def test_the_form_of_an_expression(expression: str, fault: str) -> None:
    assert expression_fault(expression) == fault


def test_a_partial_file_in_a_library_is_found_and_completed(tmp_path: Path) -> None:
    files = {
        "study.yaml": "study: S1\nstandard: {ig: SDTMIG 3.4, ct: 2025-03-28}\nlibrary: lib/std\n"
        "sources: {ae: {path: a.csv, subject: S}}\ndomains: [d/ae.yaml]\n",
        "d/ae.yaml": "domain: AE\nextends: ae.yaml2\nrecords: {from: ae}\n",
        "lib/std/ae.yaml2": "domain: AE\nkeys: [STUDYID, USUBJID]\nvariables: {AETERM: {assign: T}}\n",
    }
    (ae,) = load_spec(write(tmp_path, files)).domains
    assert [one.at for one in ae.variables] == [Location("lib/std/ae.yaml2", 3)]
    assert [block.at for block in ae.records] == [Location("d/ae.yaml", 3)]


def test_a_link_out_of_the_study_is_no_library(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/ae.yaml": STUDY["library/base.yaml"]})
    write(tmp_path / "study", STUDY)
    shutil.rmtree(tmp_path / "study" / "more")
    (tmp_path / "study" / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(
        SpecError, match=r"study\.yaml:3: SPEC175: the file 'more' lies outside the study folder"
    ):
        load_spec(tmp_path / "study")


def test_a_damaged_study_is_read_or_refused_but_never_crashes(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    marks = [*":：[]{},-|#&* \t", '"', "'", "null", "{}", "[]", "", "0", ".."]
    refused: list[SpecError] = []
    for number in range(150):
        files = dict(STUDY)
        name = chance.choice(sorted(files))
        lines = files[name].splitlines()
        place = chance.randrange(len(lines))
        cut = chance.randrange(len(lines[place]) + 1)
        lines[place] = lines[place][:cut] + chance.choice(marks) + lines[place][cut + chance.randrange(6) :]
        if chance.random() < 0.3:
            del lines[chance.randrange(len(lines))]
        files[name] = "\n".join(lines)
        try:
            load_spec(write(tmp_path / str(number % 3), files))
        except SpecError as error:
            refused.append(error)
    assert len(refused) > 50
    assert all(str(issue) and issue.at.file for error in refused for issue in error.issues)


@pytest.mark.skipif(
    not DRAFT.is_dir(), reason="the draft of the reference study is not beside the repository"
)
def test_the_draft_of_the_reference_study_loads_completely(tmp_path: Path) -> None:
    shutil.copytree(DRAFT, tmp_path / "study")
    found = load_spec(tmp_path / "study")
    assert [one.domain for one in found.domains] == [
        "DM", "EC", "EX", "AE", "LB", "IS", "MB", "CP", "RS", "SE", "SV",
    ]  # fmt: skip
    assert [(one.domain, len(one.rows)) for one in found.tables] == [
        ("TA", 10), ("TE", 5), ("TV", 16), ("TI", 17), ("TS", 48),
    ]  # fmt: skip
    assert found.visits is not None
    assert [row.aliases for row in found.visits.rows if len(row.aliases) > 1] == [
        ("筛选", "SCR"), ("洗脱", "WO2"), ("随访", "FUP"), ("提前退出", "ET"),
    ]  # fmt: skip
    blocks: list[BlockSpec] = [block for one in found.domains for block in one.records]
    assert next(each.columns for block in blocks for each in block.each) == ("注射日期1-注射日期7",)
    assert found.relationships[0].datasets == ("EC", "EX")
