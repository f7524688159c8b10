"""The balance sheet: every raw record and every raw column is explained, whatever becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.balance import ColumnBalance, SourceBalance
from sdtm_il2.build import Build
from study import build_folder, build_study, write_files

STUDY = """\
study: B1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources:
  ae:
    path: raw/ae.csv
    subject: "{SITE}-{SUBJ}"
    private: [NAME]
    keep: {one_per: [SITE, SUBJ, NO], last: VERSION}
    not_submitted:
      columns: {CLERK: administrative}
      rows: [{when: VOID EQ Y, reason: entry voided}]
  lb: {path: raw/lb.csv, subject: {lookup: link, by: MRN, take: SUBJ}}
  link: {path: raw/link.csv}
  coding: {path: raw/coding.csv}
  vs: {path: raw/vs.csv, subject: SUBJ}
domains: [ae.yaml, lb.yaml, vs.yaml]
"""
FILES = {
    "study.yaml": STUDY,
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AESPID]
records: [{from: ae, where: KIND NE MH, join: {coding: {source: coding, by: [TERM], cardinality: 0..1}}}]
submit: {when: AE.AESPID NE 7, else: not an event}
variables:
  AESPID: {assign: NO}
  AETERM: {template: "{TERM}{MORE:1-3}"}
  AEDECOD: {assign: coding.PT}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBREFID]
records:
  - from: lb
    tests: {table: lb.csv, by: [ITEM], result: RES, not_done: {when: RES EQ ND, reason: WHY}}
variables:
  LBREFID: {assign: NO}
""",
    "lb.csv": "ITEM,domain,LBTESTCD,LBCAT,note\nwbc,,WBC,{PANEL},\nadmin,-,,,no test\nsbp,VS,SYSBP,,\n",
    "vs.yaml": """\
domain: VS
keys: [STUDYID, USUBJID, VSTESTCD]
records: [{from: vs, tests: {table: vs.csv}}]
variables: {}
""",
    "vs.csv": 'column,domain,VSTESTCD,VSORRESU,note\nSBP,,SYSBP,mmHg,\nWT,,WEIGHT,"{WTU}",\nDUMMY,-,,,not a sign\n',
    "raw/ae.csv": """\
SITE,SUBJ,NO,VERSION,TERM,MORE,KIND,VOID,NAME,CLERK,LEFT,NOTHING
1,01,1,1,old,,AE,,A,x,,
1,01,1,2,new,,AE,,A,x,,
1,01,2,1,void,,AE,Y,A,x,,
1,01,3,1,history,,MH,,A,x,,
,,4,1,nobody,,AE,,A,x,,
1,02,7,1,filtered,,AE,,A,x,left over,
1,02,8,1,kept,,AE,,A,x,left over,
""",
    "raw/coding.csv": "TERM,PT,VERSION\nnew,New,27\nunused,Unused,27\nkept,Kept,27\n",
    "raw/lb.csv": """\
MRN,NO,ITEM,RES,WHY,PANEL
h1,1,wbc,4,,HEMATOLOGY
h1,2,admin,,,
h2,3,sbp,120,,
h2,4,unknown,1,,
h9,5,wbc,1,,
h2,6,wbc,ND,lost,HEMATOLOGY
""",
    "raw/link.csv": "MRN,SUBJ\nh1,1-01\nh2,1-02\n",
    "raw/vs.csv": "SUBJ,SBP,WT,WTU,DUMMY\n1-01,120,,,1\n1-02,,,,1\n1-03,,70,kg,\n",
}


@pytest.fixture
def built(tmp_path: Path) -> Build:
    return build_study(tmp_path, FILES)


def _numbers(sheet: SourceBalance) -> tuple[int, int, int, int, int]:
    return sheet.records, sheet.built, sheet.superseded, sheet.no_subject, sheet.unclaimed


def test_every_record_has_one_fate(built: Build) -> None:
    sheet = built.balance.source("ae")
    assert _numbers(sheet) == (7, 2, 1, 1, 1)
    assert sheet.not_submitted == {"entry voided": 1, "AE submit: not an event": 1}
    assert [one.difference for one in built.balance.sources] == [0] * 5


def test_records_by_a_tests_table(built: Build) -> None:
    sheet = built.balance.source("lb")
    # the item that VS is to take reaches no dataset here
    assert _numbers(sheet) == (6, 2, 0, 1, 1)
    assert sheet.not_submitted == {"no test": 1, "not in lb.csv (DATA820)": 1}
    vs = built.balance.source("vs")
    assert _numbers(vs) == (3, 2, 0, 0, 0)
    assert vs.not_submitted == {"vs.yaml:3: no column of vs.csv is filled": 1}


def test_a_joined_table_is_built_where_it_is_used(built: Build) -> None:
    assert _numbers(built.balance.source("coding")) == (3, 2, 0, 0, 1)
    notes = [(one.code, one.target, one.count) for one in built.issues if one.code in ("DATA850", "DATA852")]
    assert notes == [("DATA850", "ae", 1), ("DATA850", "lb", 1), ("DATA852", "coding", 1)]


def test_the_first_unclaimed_record_is_named(built: Build) -> None:
    first = [str(one.first) for one in built.issues if one.code == "DATA850"]
    assert first == ["raw/ae.csv:5", "raw/lb.csv:4"]


def test_every_column_has_one_use(built: Build) -> None:
    assert built.balance.source("ae").columns == (
        ColumnBalance("SITE", "identifies", ("subject", "keep"), 4),
        ColumnBalance("SUBJ", "identifies", ("subject", "keep"), 4),
        ColumnBalance("NO", "mapped", ("AE.AESPID",), 4),
        ColumnBalance("VERSION", "identifies", ("keep",), 4),
        ColumnBalance("TERM", "mapped", ("AE.AETERM",), 4),
        ColumnBalance("MORE", "mapped", ("AE.AETERM",), 0),
        ColumnBalance("KIND", "selects records", ("AE records",), 4),
        ColumnBalance("VOID", "identifies", ("not_submitted",), 0),
        ColumnBalance("CLERK", "not submitted", (), 4, "administrative"),
        ColumnBalance("LEFT", "unmapped", (), 2),
        ColumnBalance("NOTHING", "empty", (), 0),
        ColumnBalance("NAME", "private", (), 0),
    )


def test_columns_of_tests_tables(built: Build) -> None:
    uses = {one.column: (one.use, one.by) for one in built.balance.source("lb").columns}
    assert uses["PANEL"] == ("mapped", ("LB.LBCAT",))
    assert uses["ITEM"] == ("selects records", ("LB records",))
    assert uses["WHY"][0] != "unmapped"
    assert uses["MRN"] == ("identifies", ("subject",))
    signs = {one.column: (one.use, one.reason) for one in built.balance.source("vs").columns}
    assert signs["DUMMY"] == ("not submitted", "not a sign")
    assert signs["WTU"][0] != "unmapped"
    assert [one.target for one in built.issues if one.code == "DATA851"] == ["ae.LEFT", "coding.VERSION"]


def test_the_columns_of_a_link_identify_subjects(built: Build) -> None:
    assert [(one.column, one.use, one.by) for one in built.balance.source("link").columns] == [
        ("MRN", "identifies", ("subject of lb",)),
        ("SUBJ", "identifies", ("subject of lb",)),
    ]


def test_a_record_that_one_domain_drops_and_another_builds_is_built(tmp_path: Path) -> None:
    files = {
        "study.yaml": STUDY.split("sources:")[0]
        + "sources: {ae: {path: raw/ae.csv, subject: SUBJ}}\ndomains: [ae.yaml, mh.yaml]\n",
        "ae.yaml": "domain: AE\nkeys: [STUDYID, USUBJID, AETERM]\nrecords: [{from: ae}]\n"
        "submit: {when: AE.AETERM EQ a, else: history}\n"
        "variables: {AETERM: {assign: T}, AEDECOD: {assign: T}}\n",
        "mh.yaml": "domain: MH\nkeys: [STUDYID, USUBJID, MHTERM]\nrecords: [{from: ae}]\n"
        "submit: {when: MH.MHTERM EQ b, else: event}\nvariables: {MHTERM: {assign: T}}\n",
        "raw/ae.csv": "SUBJ,T\n1,a\n1,b\n1,c\n",
    }
    sheet = build_study(tmp_path, files).balance.source("ae")
    assert _numbers(sheet) == (3, 2, 0, 0, 0)
    assert sum(sheet.not_submitted.values()) == 1


def test_the_sheet_is_the_same_in_partitions(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    assert build_folder(tmp_path).balance == build_folder(tmp_path, partitions=3).balance


def test_an_unknown_source_is_a_key_error(built: Build) -> None:
    with pytest.raises(KeyError):
        built.balance.source("nothing")
