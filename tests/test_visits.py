"""Visits by hand-worked values: texts, windows, unscheduled ones, the register, and the crossover case's SV."""

from __future__ import annotations

from pathlib import Path

from sdtm_il2.build import Build, build
from study import ROOT, build_study, cells

CROSSOVER = ROOT.parent / "shared" / "knowledge" / "crossover"

DM = """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {hardcode: "01"}
  SEX: {hardcode: F}
  COUNTRY: {hardcode: CHN}
  ARMCD: {assign: ARM}
  ARM: {assign: ARM}
  RFSTDTC: {datetime: START}
"""
VS = """\
domain: VS
keys: [STUDYID, USUBJID, VSTESTCD, VSSPID]
records: [{from: vs, tests: {table: vs_tests.csv}}]
variables: {VSSPID: {assign: NO}, VSDTC: {datetime: DAT}}
"""
LB = """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBREFID]
records: [{from: lb, tests: {table: lb_tests.csv}}]
variables: {LBREFID: {assign: NO}, LBDTC: {datetime: DAT}}
"""
SV = "domain: SV\nkeys: [STUDYID, USUBJID, VISITNUM]\nrecords: [{from: _VISITS}]\n"
VISITS = """\
alias,VISITNUM,VISIT,VISITDY,from_day,to_day
SCR|筛选,1,SCREENING,-7,-14,-1
W0,2,WEEK 0,1,1,3
W2,3,WEEK 2,15,12,18
W4,4,WEEK 4,29,26,32
"""


def study(**changes: str) -> dict[str, str]:
    """A small study: VS names visits by text, LB by date; texts of study.yaml can be replaced."""
    text = """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: "yyyy-mm-dd hh:mi"}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ}
  vs: {path: raw/vs.csv, subject: SUBJ, visit: VS_VISIT}
  lb: {path: raw/lb.csv, subject: SUBJ, visit: LB_VISIT}
visits: {table: visits.csv, anchor: DM.RFSTDTC, unscheduled: UNSCHEDULED}
domains: [dm.yaml, vs.yaml, lb.yaml, sv.yaml]
"""
    text = text.replace("VS_VISIT", changes.pop("vs_visit", "{text: V, date: DAT}"))
    text = text.replace("LB_VISIT", changes.pop("lb_visit", "{date: DAT}"))
    rule = changes.pop("unscheduled", "{number: previous + 0.1}")
    text = text.replace(", unscheduled: UNSCHEDULED", f", unscheduled: {rule}" if rule else "")
    files = {
        "study.yaml": text,
        "dm.yaml": DM,
        "vs.yaml": VS,
        "lb.yaml": LB,
        "sv.yaml": SV,
        "visits.csv": VISITS,
        "vs_tests.csv": "column,VSTESTCD,VSORRESU\nPULSE,HR,beats/min\n",
        "lb_tests.csv": "column,LBTESTCD,LBORRESU\nALT,ALT,U/L\n",
        "raw/dm.csv": "SUBJ,ARM,START\n001,A,2024-03-01\n",
        "raw/vs.csv": "SUBJ,NO,V,DAT,PULSE\n001,1,SCR,2024-02-20,60\n",
        "raw/lb.csv": "SUBJ,NO,DAT,ALT\n001,1,2024-02-20 08:00,20\n",
    }
    assert set(changes) <= set(files), changes
    return files | changes


def noticed(found: Build) -> dict[str, int]:
    """Codes of issues about visits with their records."""
    return {one.code: one.count for one in found.issues if "DATA870" <= one.code <= "DATA889"}


def messages(found: Build) -> list[str]:
    """The full texts of issues about visits."""
    return [str(one) for one in found.issues if "DATA870" <= one.code <= "DATA889"]


def visits_of(found: Build, domain: str, key: str) -> list[tuple[str, ...]]:
    """Key, VISITNUM, VISIT and VISITDY of a domain's records."""
    return cells(found.datasets[domain], (key, "VISITNUM", "VISIT", "VISITDY"))


def same_in_any_split(found: Build) -> None:
    """Any number of partitions gives equal datasets, issues and lineage."""
    for count in (2, 3, 7):
        apart = build(found.plan, found.sources, partitions=count)
        for name, dataset in found.datasets.items():
            assert dataset.frame.equals(apart.datasets[name].frame), name
            assert found.lineage.datasets[name].frame().equals(apart.lineage.datasets[name].frame()), name
        assert apart.issues == found.issues
        assert apart.balance == found.balance


def test_a_text_names_the_visit_whatever_its_case_width_and_outer_blanks(tmp_path: Path) -> None:
    raw = "SUBJ,NO,V,DAT,PULSE\n001,1,scr,2024-02-20,60\n001,2, 筛选 ,2024-02-20,61\n001,3,Ｗ２,2024-03-15,62\n001,4,Week 4,,63\n"
    found = build_study(tmp_path, study(**{"raw/vs.csv": raw}))
    assert visits_of(found, "VS", "VSSPID") == [
        ("1", "1", "SCREENING", "-7"),
        ("2", "1", "SCREENING", "-7"),
        ("3", "3", "WEEK 2", "15"),
        ("4", "4", "WEEK 4", "29"),
    ]
    assert noticed(found) == {}
