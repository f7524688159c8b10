"""load_spec: what is written is what the model holds; what is wrong is named with file, line and edit."""

from __future__ import annotations

import csv
import datetime
import importlib.resources
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from sdtm_il2.bilingual import Bilingual
from sdtm_il2.errors import Location, Problems, SpecError
from sdtm_il2.spec import load_spec
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import TermSpec, Text
from sdtm_il2.spec.read import MAX_PROBLEMS, ListNode, MapNode, TextNode, read_yaml
from sdtm_il2.spec.study import CodelistSpec, DateRule, KeepRule, StudySpec, SubjectRule
from sdtm_il2.spec.tables import TableRow, read_table
from sdtm_il2.where import Clause, Condition

ROOT = Path(__file__).resolve().parents[1]
CASES = sorted((Path(__file__).parent / "cases" / "spec_errors").glob("*.yaml"))

#: The study of every case that does not bring its own.
STUDY = """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources:
  ae: {path: raw/ae.csv, subject: SUBJ}
  lab: {path: raw/lab.csv, subject: SUBJ}
domains: [ae.yaml]
"""
AE = "domain: AE\nkeys: [STUDYID, USUBJID]\nrecords: [{from: ae}]\n"

GOOD = {
    "study.yaml": """\
study: 0123
standard: {ig: SDTMIG 3.4, ct: 2025-03-28, dictionaries: {MedDRA: 27.1}}
agency: nmpa
text: half_width
missing: ["", NK]
dates: {format: [yyyy-mm-dd, yyyy年m月d日], unknown: UK, pivot: 1930}
sources:
  ae:
    path: raw/ae.csv
    encoding: gb18030
    delimiter: ";"
    decimal: ","
    header: [2, 3]
    subject: "{SITE}-{SUBJ:1-3}"
    rename: {AE.AESTDTC: 开始, prefix: AE.}
    text: [trim, upper]
    missing: ND
    dates: {format: dd.mm.yyyy}
    origin: Collected by Investigator
    private: 姓名
    keep: {one_per: [NO, VISIT], last: 时间}
    not_submitted:
      columns: {录入人: administrative}
      rows: [{when: 状态 EQ 作废, reason: entry voided}]
  lab: {path: raw/lab.csv, format: csv, subject: {lookup: link, by: 住院号, take: SUBJ},
        keep: {one_per: ID, same: drop}}
  link: {path: raw/link.csv}
codelists:
  C66742: {terms: {是: Y, NO: N, 1: Y}}
  AEREL: {sponsor: true, terms: {无关: NOT RELATED}}
  C99079: {sponsor: [TREATMENT 1, TREATMENT 2]}
derive:
  --LOBXFL: {last_before: DM.RFXSTDTC, same_day: before}
  VISITDY: drop
domains: [domains/ae.yaml, lb.yaml]
""",
    "define/study.yaml": "name: Study 0123\ndescription: |\n  A study\nprotocol: P-1\n",
    "domains/ae.yaml": """\
domain: AE
label: Adverse Events
class: Events
structure: One record per event
ig: [3.3, 3.4]
keys: [STUDYID, USUBJID, AETERM]
keys_not_unique: two records of one event were entered
sort: file
records:
  - from: ae
    where: [状态 NE 作废, {any: [A FILLED, B EQ x]}]
    join:
      r: {source: lab, by: {NO: 号}, where: X EQ 1, cardinality: 0..1}
      l: {source: LB, by: NO, cardinality: many}
    decode: {table: arms.csv, by: {ARM: CODE}}
    origin: Collected by Vendor
    submit: {when: AE.AETERM FILLED, else: no event}
  - {from: ae, ig: 3.4}
  - {id: other, from: LB}
variables:
  AETERM: {assign: 不良事件 (名称), crf: 12, text: trim, match: synonyms, codelist: X,
           terms: {停药: DRUG WITHDRAWN}}
  AESER: {origin: Derived by Sponsor, method: As told,
          case: [{when: SAE EQ 是, then: Y}, {else: {assign: 备注}}]}
  AESTDTC: {datetime: [日期, 时间], format: yyyy-mm-dd, unknown: [UK], pivot: 1950, precision: date}
  AEENDTC: {coalesce: [AE.AESTDTC, {datetime: 结束}]}
  AEENTPT: {copy: DM.RFPENDTC, when: 持续 EQ 是, undecided: Y, comment: see the guide}
  AEXSTDTC: {earliest: EX.EXSTDTC}
  AEXENDTC: {latest: {of: [EX.EXENDTC, ae.日期, all dates], where: EXDOSE GT 0, precision: minute}}
  AEAGE: {age: {birth: 出生, at: DM.RFICDTC}, type: Num, label: Age}
  AETRTEM: {hardcode: 1.50, supplemental: {label: Treatment Emergent, eval: SPONSOR, idvar: AESPID}}
  AEDUR: drop
""",
    "domains/arms.csv": "CODE,ARM\n1,A\n2,B\n",
    "lb.yaml": """\
domain: LB
keys: STUDYID
sort: [LBTESTCD, LBDTC]
records:
  from: lab
  tests:
    table: items.csv
    by: [项目, 标本]
    result: 结果
    unit: 单位
    low: L
    high: H
    range: R
    indicator: F
    units: units.csv
    not_done: {when: 结果 IN 未检 | 溶血, reason: 结果}
""",
    "items.csv": """\
项目,标本,ig,domain,--TESTCD,LBSPEC,standard_unit,terms,not_done,reason,origin,method,note
白细胞,血,3.2 | 3.4,LB,WBC,BLOOD,10^9/L,POSNEG,备注 EQ 溶血,{备注},Collected by Vendor,counted,
抗体,血,,IS,ATAB,SERUM,,,,,,,
血型,血,,-,,,,,,,,,not needed
""",
    "units.csv": """\
--TESTCD,--SPEC,from,to,factor,offset,places,source
GLUC,BLOOD,mg/dL,mmol/L,0.0555,-1.5,2,WHO
""",
}


def write(folder: Path, files: dict[str, str], encoding: dict[str, str] | None = None) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode((encoding or {}).get(name, "utf-8")))
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> StudySpec:
    return load_spec(write(tmp_path_factory.mktemp("good"), GOOD))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_broken_specification_is_explained(case: Path, tmp_path: Path) -> None:
    told = yaml.safe_load(case.read_text(encoding="utf-8"))
    write(tmp_path, {"study.yaml": STUDY, **told["files"]}, told.get("encoding"))
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path)
    assert str(caught.value) == told["message"].rstrip("\n")
    assert case.stem.split("_")[0] in {issue.code for issue in caught.value.issues}


def test_every_code_of_the_room_has_a_case() -> None:
    table = importlib.resources.files("sdtm_il2") / "data" / "issues" / "spec.csv"
    with table.open("r", encoding="utf-8") as stream:
        codes = {row["code"] for row in csv.DictReader(stream)}
    assert codes - {case.stem.split("_")[0] for case in CASES} == {"SPEC168"}  # a note: see below


def test_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "study.yaml": STUDY.replace("[ae.yaml]", "[ae.yaml, lb.yaml, dm.yaml]"),
            "ae.yaml": AE + "variables: {AETERM: {asign: x}}\n",
            "lb.yaml": "domain： LB\n",
        },
    )
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / "study.yaml")
    assert [(issue.at, issue.code) for issue in caught.value.issues] == [
        (Location("ae.yaml", 4), "SPEC180"),
        (Location("lb.yaml", 1), "SPEC101"),
        (Location("study.yaml", 6), "SPEC100"),
    ]


def test_study_and_sources_hold_what_is_written(good: StudySpec) -> None:
    ae, lab, link = good.sources
    assert (good.study, good.usubjid, good.agency) == ("0123", "{study}-{subject}", "nmpa")
    assert (good.standard.ig, good.standard.ct) == ("SDTMIG 3.4", "2025-03-28")
    assert good.standard.dictionaries == {"MedDRA": "27.1"}
    assert (good.name, good.description, good.protocol) == ("Study 0123", "A study\n", "P-1")
    assert good.files == (
        "define/study.yaml", "domains/ae.yaml", "domains/arms.csv",
        "items.csv", "lb.yaml", "study.yaml", "units.csv",
    )  # fmt: skip
    assert (ae.name, ae.path, ae.encoding, ae.delimiter, ae.decimal) == (
        "ae",
        "raw/ae.csv",
        "gb18030",
        ";",
        ",",
    )
    assert (ae.header, ae.text, ae.missing, ae.origin) == (
        (2, 3),
        ("trim", "upper"),
        ("ND",),
        "Collected by Investigator",
    )
    assert ae.subject == SubjectRule("{SITE}-{SUBJ:1-3}", at=Location("study.yaml", 14))
    assert (ae.rename, ae.rename_prefix) == ({"AE.AESTDTC": "开始"}, "AE.")
    assert ae.dates == DateRule(("dd.mm.yyyy",), ("UK",), "1930", Location("study.yaml", 18))
    assert ae.private == (Text("姓名", Location("study.yaml", 20)),)
    assert ae.keep == KeepRule(("NO", "VISIT"), last="时间", at=Location("study.yaml", 21))
    assert ae.unsubmitted_columns == {"录入人": "administrative"}
    assert (ae.unsubmitted_rows[0].reason, ae.unsubmitted_rows[0].at.line) == ("entry voided", 24)
    assert ae.at == Location("study.yaml", 8)
    assert (lab.format, lab.encoding, lab.header, lab.text, lab.missing) == (
        "csv",
        "utf-8",
        (1,),
        ("half_width",),
        ("", "NK"),
    )
    assert lab.dates.formats == ("yyyy-mm-dd", "yyyy年m月d日")
    assert lab.subject == SubjectRule("", "link", "住院号", "SUBJ", Location("study.yaml", 25))
    assert lab.keep == KeepRule(("ID",), same=True, at=Location("study.yaml", 26))
    assert (link.subject, link.keep, link.rename) == (None, None, {})


def test_codelists_and_derive_hold_what_is_written(good: StudySpec) -> None:
    at = Location("study.yaml", 29)
    assert good.codelists[0] == CodelistSpec(
        "C66742", (TermSpec("是", "Y", at), TermSpec("NO", "N", at), TermSpec("1", "Y", at)), at=at
    )
    assert (good.codelists[1].sponsor, good.codelists[1].terms[0].term) == (True, "NOT RELATED")
    assert (good.codelists[2].sponsor, [str(term) for term in good.codelists[2].added]) == (
        False,
        ["TREATMENT 1", "TREATMENT 2"],
    )
    flag, day = good.derive
    assert flag.name == "--LOBXFL"
    assert flag.method is not None
    assert (flag.method.method, [str(part) for part in flag.method.argument]) == (
        "last_before",
        ["DM.RFXSTDTC"],
    )
    assert [str(text) for text in flag.method.options["same_day"]] == ["before"]
    assert (day.name, day.method) == ("VISITDY", None)


def test_a_domain_holds_what_is_written(good: StudySpec) -> None:
    ae, lb = good.domains
    assert (ae.domain, ae.file, ae.label, ae.class_, ae.structure) == (
        "AE", "domains/ae.yaml", "Adverse Events", "Events", "One record per event",
    )  # fmt: skip
    assert (ae.ig, [str(key) for key in ae.keys], ae.sort, ae.sort_file) == (
        ("3.3", "3.4"), ["STUDYID", "USUBJID", "AETERM"], (), True,
    )  # fmt: skip
    assert ae.keys_not_unique == Bilingual("two records of one event were entered")
    assert [(block.id, block.from_, block.ig) for block in ae.records] == [
        ("ae", "ae", ()), ("ae-2", "ae", ("3.4",)), ("other", "LB", ()),
    ]  # fmt: skip
    block = ae.records[0]
    assert block.origin == "Collected by Vendor"
    assert [(one.alias, one.source, one.by, one.cardinality) for one in block.join] == [
        ("r", "lab", (("NO", "号"),), "0..1"), ("l", "LB", (("NO", "NO"),), "many"),
    ]  # fmt: skip
    assert block.decode[0].by == (("ARM", "CODE"),)
    assert (block.decode[0].table, block.decode[0].headers, block.decode[0].rows) == (
        "domains/arms.csv", ("CODE", "ARM"), (("1", "A"), ("2", "B")),
    )  # fmt: skip
    assert block.where is not None
    at = Location("domains/ae.yaml", 11)
    assert not block.where.any
    first, either = block.where.parts
    assert isinstance(first, Condition)
    assert isinstance(either, Clause)
    assert (first.name, first.comparator, first.values, first.at) == ("状态", "NE", ("作废",), at)
    assert either.any
    assert [(one.name, one.comparator, one.values) for one in either.parts if isinstance(one, Condition)] == [
        ("A", "FILLED", ()), ("B", "EQ", ("x",)),
    ]  # fmt: skip
    assert block.submit is not None
    assert block.submit.reason == "no event"
    assert ([str(key) for key in lb.keys], [str(key) for key in lb.sort]) == (
        ["STUDYID"],
        ["LBTESTCD", "LBDTC"],
    )


def test_variables_hold_their_method_and_modifiers(good: StudySpec) -> None:
    found = {variable.name: variable for variable in good.domains[0].variables}
    methods = {name: variable.method for name, variable in found.items()}
    term = found["AETERM"]
    assert methods["AETERM"] is not None
    assert methods["AETERM"].argument == (Text("不良事件 (名称)", Location("domains/ae.yaml", 21)),)
    assert (term.crf, term.text, term.match, term.codelist) == ("12", ("trim",), "synonyms", "X")
    assert (term.terms[0].raw, term.terms[0].term) == ("停药", "DRUG WITHDRAWN")
    assert (found["AESER"].origin, found["AESER"].description) == ("Derived by Sponsor", Bilingual("As told"))
    case = methods["AESER"]
    assert case is not None
    then, other = case.argument
    assert then.when is not None  # type: ignore[union-attr]
    assert str(then.then) == "Y"  # type: ignore[union-attr]
    assert (other.when, other.then.method) == (None, "assign")  # type: ignore[union-attr]
    date = methods["AESTDTC"]
    assert date is not None
    assert [str(part) for part in date.argument] == ["日期", "时间"]
    assert {key: [str(one) for one in value] for key, value in date.options.items()} == {
        "format": ["yyyy-mm-dd"], "unknown": ["UK"], "pivot": ["1950"],
    }  # fmt: skip
    assert found["AESTDTC"].precision == "day"
    coalesce = methods["AEENDTC"]
    assert coalesce is not None
    assert (str(coalesce.argument[0]), coalesce.argument[1].method) == ("AE.AESTDTC", "datetime")  # type: ignore[union-attr]
    assert (found["AEENTPT"].undecided, found["AETERM"].undecided, found["AEENTPT"].comment) == (
        "Y",
        None,
        Bilingual("see the guide"),
    )
    latest = methods["AEXENDTC"]
    assert latest is not None
    assert [str(part) for part in latest.argument] == ["EX.EXENDTC", "ae.日期", "all dates"]
    assert [str(part) for part in latest.options["precision"]] == ["minute"]
    assert latest.where is not None
    assert [part.comparator for part in latest.where.parts if isinstance(part, Condition)] == ["GT"]
    age = methods["AEAGE"]
    assert age is not None
    assert (age.argument, str(age.options["birth"][0]), str(age.options["at"][0])) == (
        (),
        "出生",
        "DM.RFICDTC",
    )
    assert (found["AEAGE"].type, found["AEAGE"].label) == ("Num", "Age")
    flag = found["AETRTEM"]
    assert flag.method is not None
    assert str(flag.method.argument[0]) == "1.50"
    assert flag.supplemental is not None
    assert (flag.supplemental.label, flag.supplemental.evaluator, flag.supplemental.idvar) == (
        "Treatment Emergent", "SPONSOR", "AESPID",
    )  # fmt: skip
    assert methods["AEDUR"] is None


def test_a_tests_table_holds_its_rows(good: StudySpec) -> None:
    tests = good.domains[1].records[0].tests
    assert tests is not None
    assert (tests.table, tests.by, tests.result, tests.unit) == (
        "items.csv",
        ("项目", "标本"),
        "结果",
        "单位",
    )
    assert (tests.low, tests.high, tests.range, tests.indicator) == ("L", "H", "R", "F")
    assert tests.reason is not None
    assert (tests.reason.method, str(tests.reason.argument[0])) == ("assign", "结果")
    white, antibody, group = tests.rows
    assert (white.by, white.column, white.domain, white.ig, white.at.line) == (
        ("白细胞", "血"),
        "",
        "LB",
        ("3.2", "3.4"),
        2,
    )
    assert white.variables == {"LBTESTCD": "WBC", "LBSPEC": "BLOOD"}
    assert (white.standard_unit, white.terms, white.reason) == ("10^9/L", "POSNEG", "{备注}")
    assert (white.origin, white.method) == ("Collected by Vendor", Bilingual("counted"))
    assert white.not_done is not None
    assert (antibody.domain, antibody.not_done) == ("IS", None)
    assert (group.domain, group.variables, group.note) == ("-", {}, "not needed")
    unit = tests.units[0]
    assert tests.units_file == "units.csv"
    assert (unit.testcd, unit.specimen, unit.from_unit, unit.to_unit) == ("GLUC", "BLOOD", "mg/dL", "mmol/L")
    assert (unit.factor, unit.offset, unit.places, unit.source, unit.at.line) == (
        "0.0555",
        "-1.5",
        "2",
        "WHO",
        2,
    )


def test_one_table_serves_several_domains(tmp_path: Path) -> None:
    table = "column,domain,--TESTCD\nA,LB,WBC\nB,IS,ATAB\n"
    lb = "domain: LB\nkeys: [STUDYID]\nrecords: [{from: lab, tests: {table: t.csv}}]\n"
    study = STUDY.replace("[ae.yaml]", "[lb.yaml, is.yaml]")
    files = {"study.yaml": study, "lb.yaml": lb, "is.yaml": lb.replace("LB", "IS"), "t.csv": table}
    spec = load_spec(write(tmp_path, files))
    rows = [domain.records[0].tests.rows for domain in spec.domains if domain.records[0].tests]
    assert [[row.variables for row in one] for one in rows] == [
        [{"LBTESTCD": "WBC"}, {"LBTESTCD": "ATAB"}], [{"ISTESTCD": "WBC"}, {"ISTESTCD": "ATAB"}],
    ]  # fmt: skip
    assert [(row.column, row.domain) for row in rows[0]] == [("A", "LB"), ("B", "IS")]


@pytest.mark.parametrize(
    "text",
    [
        "NO",
        "yes",
        "0123",
        "12:30",
        "1.50",
        "2025-03-28",
        "1e3",
        "0x1F",
        ".inf",
        "1_000",
        "007",
        "<0.5",
        "=1+1",
    ],
)
def test_a_scalar_stays_the_text_that_is_written(text: str) -> None:
    problems = Problems()
    node = read_yaml(f"a: {text}\nb: '{text}'\n".encode(), "x.yaml", problems)
    assert node == MapNode({"a": TextNode(text, 1), "b": TextNode(text, 2, plain=False)}, {"a": 1, "b": 2}, 1)
    assert problems.found == []


def test_nothing_written_is_not_an_empty_text() -> None:
    node = read_yaml(b"a:\nb: ''\nc: [~, null]\n", "x.yaml", Problems())
    assert isinstance(node, MapNode)
    assert [isinstance(item, TextNode) and item.empty for item in (node.items["a"], node.items["b"])] == [
        True,
        False,
    ]
    assert node.items["c"] == ListNode((TextNode("~", 3), TextNode("null", 3)), 3)


def test_bom_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    files = {"study.yaml": "\ufeff" + STUDY.replace("\n", "\r\n"), "ae.yaml": AE.replace("\n", "\r\n")}
    spec = load_spec(write(tmp_path, files))
    assert (spec.study, spec.domains[0].keys[1]) == ("S1", Text("USUBJID", Location("ae.yaml", 2)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_is_read_as_excel_writes_it(encoding: str, tmp_path: Path) -> None:
    lines = [
        "项目,--TESTCD,备注,,",
        ' 白细胞 ,WBC,"a, b",,',
        ",,,,",
        '红细胞,RBC,"two',
        'lines",,',
        "血型,BLTYP,,,",
        "",
    ]
    content = "\r\n".join(lines)
    write(tmp_path, {"t.csv": content}, {"t.csv": encoding})
    folder = StudyFolder(tmp_path)
    table = read_table("t.csv", "study.yaml", Location("study.yaml", 1), folder)
    assert folder.problems.found == []
    assert table is not None
    assert table.headers == ("项目", "--TESTCD", "备注")
    assert table.rows == (
        TableRow(2, ("白细胞", "WBC", "a, b")),
        TableRow(4, ("红细胞", "RBC", "two\r\nlines")),
        TableRow(6, ("血型", "BLTYP", "")),
    )


HOSTILE = {
    "ten megabytes of brackets": "[" * 10_000_000,
    "open brackets": "[" * 900_000,
    "open braces": "{a: " * 200_000,
    "deep indentation": "\n".join(" " * level + "a:" for level in range(1000)),
    "aliases of aliases": "a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [*a, *a]\n" for n in range(5000)),
    "unknown keys": AE + "".join(f"k{n}: 1\n" for n in range(20_000)),
    "unknown variables": AE + "variables:\n" + "".join(f"  A{n}: {{asign: 1}}\n" for n in range(5000)),
    "one long key": "a" * 1_000_000 + ": 1",
    "control characters": "a: \x07\n",
    "not text": "\udcff",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_yaml_ends_with_a_message(content: str, tmp_path: Path) -> None:
    write(tmp_path, {"study.yaml": STUDY})
    (tmp_path / "ae.yaml").write_bytes(content.encode("utf-8", "surrogateescape"))
    begin = time.process_time()
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path)
    assert time.process_time() - begin < 20
    assert 1 <= len(caught.value.issues) <= MAX_PROBLEMS + 1
    assert all(issue.at.file == "ae.yaml" for issue in caught.value.issues)


def test_a_file_with_too_many_problems_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"study.yaml": STUDY, "ae.yaml": HOSTILE["unknown keys"]})
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path)
    assert str(caught.value.issues[-1]) == (
        "ae.yaml: SPEC168: the file has more problems; 100 of them are listed\n  hint: mend these first"
    )


def test_a_symbolic_link_does_not_leave_the_study(tmp_path: Path) -> None:
    write(tmp_path, {"study/study.yaml": STUDY, "secret.yaml": AE})
    (tmp_path / "study" / "ae.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(
        SpecError, match=r"study\.yaml:6: SPEC175: the file 'ae\.yaml' lies outside the study folder"
    ):
        load_spec(tmp_path / "study")


def test_a_study_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / "other.yaml")
    assert str(caught.value) == "SPEC100: there is no file other.yaml\n  hint: name study.yaml or its folder"


def test_a_domain_file_named_as_the_study_is_told_in_one_message(tmp_path: Path) -> None:
    write(tmp_path, {"study.yaml": STUDY, "ae.yaml": AE})
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / "ae.yaml")
    assert str(caught.value) == (
        "ae.yaml:1: SPEC183: ae.yaml is the file of a domain, not of a study\n"
        "  hint: name study.yaml or its folder"
    )


def test_a_damaged_specification_is_read_or_refused_but_never_crashes(tmp_path: Path) -> None:
    """Lines dropped, doubled, cut or swapped: any slip of an editor ends in a spec or in messages."""
    chance = random.Random(20250328)
    marks = [*":：[]{},-|#&* \t", '"', "'", "null", "{}", "[]", ""]
    refused: list[SpecError] = []
    for _ in range(150):
        files = dict(GOOD)
        name = chance.choice(sorted(files))
        lines = files[name].splitlines()
        place = chance.randrange(len(lines))
        line = lines[place]
        cut = chance.randrange(len(line) + 1)
        lines[place] = line[:cut] + chance.choice(marks) + line[cut + chance.randrange(6) :]
        if chance.random() < 0.3:
            del lines[chance.randrange(len(lines))]
        files[name] = "\n".join(lines)
        try:
            load_spec(write(tmp_path, files))
        except SpecError as error:
            refused.append(error)
    assert len(refused) > 50
    assert all(str(issue) and issue.at.file for error in refused for issue in error.issues)


# The JSON Schemas: what an editor shows must agree with what the loader reads.


NAMES = ("study", "domain", "define", "relationships")


def schemas() -> dict[str, dict[str, Any]]:
    folder = importlib.resources.files("sdtm_il2") / "data" / "schemas"
    return {name: json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8")) for name in NAMES}


def parts(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_strict_and_describes_every_key(name: str) -> None:
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)
    shared = schemas()["domain"]["$defs"]
    for part in parts(schema):
        if part.get("type") == "object":
            assert "additionalProperties" in part
        for key, value in (
            part.get("properties", {}).items() if isinstance(part.get("properties"), dict) else ()
        ):
            if value == {"not": {}}:  # a key that belongs to another kind of file
                continue
            target = {**shared, **schema.get("$defs", {})}.get(
                str(value.get("$ref", "")).rpartition("/")[2], {}
            )
            assert len(value.get("description", target.get("description", ""))) > 20, (name, key)


def typed(value: Any) -> Any:
    """What an editor's YAML 1.2 reader sees: PyYAML's types, but dates are text and keys are text."""
    if isinstance(value, dict):
        return {str(key): typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def editor_errors(name: str, content: str) -> list[str]:
    resources = [
        (f"{one}.schema.json", DRAFT202012.create_resource(schema)) for one, schema in schemas().items()
    ]
    registry: Registry[Any] = Registry().with_resources(resources)
    validator = Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry)
    return [
        f"{error.json_path}: {error.message}"
        for error in validator.iter_errors(typed(yaml.safe_load(content)))
    ]


def test_the_good_study_is_green_in_an_editor() -> None:
    assert editor_errors("study", GOOD["study.yaml"]) == []
    assert editor_errors("domain", GOOD["domains/ae.yaml"]) == []
    assert editor_errors("domain", GOOD["lb.yaml"]) == []
    assert editor_errors("define", GOOD["define/study.yaml"]) == []


@pytest.mark.parametrize(
    "study", sorted(ROOT.glob("mappings/*/study.yaml")), ids=lambda path: path.parent.name
)
def test_every_mapping_of_the_repository_is_green_in_editor_and_loader(study: Path) -> None:
    spec = load_spec(study)
    assert editor_errors("study", study.read_text(encoding="utf-8-sig")) == []
    for domain in spec.domains:
        assert editor_errors("domain", (study.parent / domain.file).read_text(encoding="utf-8-sig")) == []
