"""build: what comes out is typed, ordered and labelled, and every trouble in the data is told in full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sdtm_il2.dataset import CHAR
from sdtm_il2.standardise import continued_names, cut_text
from studies import demographics
from study import build_folder, build_study, cells, write_files

STUDY = """\
study: T1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: [yyyy-mm-dd, dd/mm/yyyy, mm/dd/yyyy, "hh:mi"]}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ}
  ex: {path: raw/ex.csv, subject: SUBJ}
  ae: {path: raw/ae.csv, subject: SUBJ}
  lb: {path: raw/lb.csv, subject: SUBJ}
  coding: {path: raw/coding.csv, subject: SUBJ}
domains: [dm.yaml, ex.yaml, ae.yaml, lb.yaml]
"""
FILES = {
    "study.yaml": STUDY,
    "dm.yaml": demographics(
        """\
  ARMCD: {copy: EX.EXTRT}
  ARM: {hardcode: A}
  BRTHDTC: {datetime: BIRTH}
  RFSTDTC: {earliest: {of: EX.EXSTDTC}}
  AGE: {age: {birth: DM.BRTHDTC, at: DM.RFSTDTC}}
  AGEU: {hardcode: YEARS}
""",
        sex="{assign: SEX}",
    ),
    "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records: [{from: ex}]
variables:
  EXTRT: {assign: TRT}
  EXDOSE: {assign: DOSE}
  EXROUTE: {assign: ROUTE}
  EXSTDTC: {datetime: [ST, TM]}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records:
  - from: ae
    join:
      one: {source: coding, by: [TERM], cardinality: 1}
    decode: [{table: codes.csv, by: CODE}]
variables:
  AETERM: {assign: TERM}
  AEDECOD: {assign: one.PT}
  AESTDTC: {datetime: ST}
  AESEV: {hardcode: SEVERE, when: AE.AESTDTC GE 2024-03-05}
""",
    "codes.csv": "CODE,AELLT\n1,x\n",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBREFID]
records:
  - from: lb
    tests: {table: tests.csv, by: [ITEM], result: RES, unit: UNIT, range: RANGE}
variables:
  LBREFID: {assign: NO}
  LBDTC: {datetime: D}
  LBBLFL: {last_before: DM.RFSTDTC}
""",
    "tests.csv": "ITEM,LBTESTCD,LBORRESU,standard_unit\nwbc,WBC,10^9/L,\ncreat,CREAT,umol/L,umol/L\nmine,MYTEST,,\n",
    "raw/dm.csv": "SUBJ,SEX,BIRTH\n01,M,1980-05-05\n02,F,1980-05-05\n",
    "raw/ex.csv": "SUBJ,TRT,DOSE,ROUTE,ST,TM\n01,IL2,1,ORAL,2024-03-01,\n02,IL2,1,ORAL,2024-03-02,\n",
    "raw/ae.csv": "SUBJ,TERM,CODE,ST\n01,a,1,2024-03-01\n02,b,1,2024-03-09\n",
    "raw/lb.csv": "SUBJ,NO,ITEM,RES,UNIT,RANGE,D\n01,1,wbc,4,10^9/L,3-9,2024-02-01\n02,1,wbc,4,10^9/L,3-9,2024-02-01\n",
    "raw/coding.csv": "SUBJ,TERM,PT\n01,a,A\n02,b,B\n",
}
NOTES = ("PLAN411", "DATA851", "DATA852")
_LISTED = {"study.yaml": STUDY + "codelists: {C65047: {sponsor: [MYTEST]}}\n"}
FILES |= _LISTED


def _line(name: str, line: str) -> dict[str, str]:
    return {f"raw/{name}.csv": FILES[f"raw/{name}.csv"] + line + "\n"}


MESSAGES = yaml.safe_load((Path(__file__).parent / "cases/messages/build.yaml").read_text(encoding="utf-8"))

TROUBLE: list[tuple[str, dict[str, str]]] = [
    ("DATA801", _line("dm", "03,male,1980-05-05")),
    ("DATA802", _line("ex", "01,IL2,1,by spoon,2024-03-03,")),
    ("DATA803", _line("lb", "01,2,mine,4,,,2024-02-01")),
    ("DATA804", _line("ex", "01,IL2,one,ORAL,2024-03-03,")),
    ("DATA806", _line("dm", "03,M,long ago")),
    ("DATA807", _line("dm", "03,M,1980-02-31")),
    ("DATA808", _line("dm", "03,M,03/04/1980")),
    ("DATA809", _line("ex", "01,IL2,1,ORAL,2024-03,08:30")),
    ("DATA810", _line("ex", "01,IL2,1,ORAL,2024-03-03,noon")),
    ("DATA811", {"raw/dm.csv": "SUBJ,SEX,BIRTH\n01,M,1980\n02,F,1980-05-05\n"}),
    ("DATA812", {"raw/dm.csv": "SUBJ,SEX,BIRTH\n01,M,2024-05-05\n02,F,1980-05-05\n"}),
    ("DATA815", _line("ex", "02,IL2,5,ORAL,2024-03-02,")),
    ("DATA820", _line("lb", "01,2,ferritin,4,,,2024-02-01")),
    ("DATA821", _line("lb", "01,2,creat,1,mg/dL,,2024-02-01")),
    ("DATA822", _line("lb", "01,2,wbc,4,10^9/L,normal,2024-01-01")),
    ("DATA840", {"raw/coding.csv": "SUBJ,TERM,PT\n02,b,B\n"}),
    ("DATA841", {"raw/coding.csv": "SUBJ,TERM,PT\n01,a,A\n02,b,B\n02,b,B2\n"}),
    ("DATA842", {"raw/ae.csv": "SUBJ,TERM,CODE,ST\n01,a,1,2024-03-01\n02,b,9,2024-03-09\n"}),
    ("DATA860", _line("ex", "09,IL2,1,ORAL,2024-03-03,")),
    ("METH510", _line("ex", "01,OTHER,1,ORAL,2024-03-03,")),
    ("METH511", {"raw/ae.csv": "SUBJ,TERM,CODE,ST\n01,a,1,2024-03\n02,b,1,2024-03-09\n"}),
    ("METH512", _line("lb", "01,2,wbc,4,10^9/L,,2024-03-01")),
    ("METH513", _line("lb", "01,2,wbc,4,10^9/L,,2024-02-01")),
]


def test_the_study_without_trouble_has_no_issues(tmp_path: Path) -> None:
    assert [str(one) for one in build_study(tmp_path, FILES).issues if one.code not in NOTES] == []


@pytest.mark.parametrize(("name", "files"), TROUBLE, ids=[name for name, _ in TROUBLE])
def test_trouble_in_the_data_is_told_in_full(name: str, files: dict[str, str], tmp_path: Path) -> None:
    built = build_study(tmp_path, FILES | files)
    found = [one.text(show_values=True) for one in built.issues if one.code not in NOTES]
    assert "\n".join(found) + "\n" == MESSAGES[name]


def test_values_of_subjects_are_printed_only_on_request(tmp_path: Path) -> None:
    built = build_study(tmp_path, FILES | _line("dm", "03,secretly,1980-05-05"))
    assert not any("secretly" in one.text() for one in built.issues)
    assert any("secretly" in one.text(show_values=True) for one in built.issues)


def test_datasets_are_typed_ordered_and_labelled(tmp_path: Path) -> None:
    built = build_study(tmp_path, FILES)
    assert list(built.datasets) == ["DM", "EX", "AE", "LB"]
    for dataset in built.datasets.values():
        frame = dataset.frame
        assert isinstance(frame.index, pd.RangeIndex)
        assert [column.name for column in dataset.columns] == list(frame.columns)
        for column in dataset.columns:
            assert frame[column.name].dtype == (np.float64 if column.type == "Num" else CHAR)
            assert column.label
            assert not (column.type == "Char" and frame[column.name].isna().any())
    assert built.datasets["AE"].label == "Adverse Events"
    assert built.datasets["AE"].column("AESTDY").type == "Num"


def test_a_study_day_never_touches_the_date(tmp_path: Path) -> None:
    raw = "SUBJ,NO,ITEM,RES,UNIT,RANGE,D\n01,1,wbc,4,,,2024-02\n01,2,wbc,4,,,2024-02-29\n"
    built = build_study(tmp_path, FILES | {"raw/lb.csv": raw})
    assert cells(built.datasets["LB"], ["LBDTC", "LBDY"]) == [("2024-02", ""), ("2024-02-29", "-1")]
    timed = {"raw/ex.csv": "SUBJ,TRT,DOSE,ROUTE,ST,TM\n01,IL2,1,ORAL,2024-03-01,08:30\n"}
    days = build_study(tmp_path, FILES | timed).datasets["EX"]
    assert cells(days, ["EXSTDTC", "EXSTDY"]) == [("2024-03-01T08:30", "1")]


def test_sources_with_headers_only_give_empty_datasets_with_their_columns(tmp_path: Path) -> None:
    empty = {name: text.split("\n")[0] + "\n" for name, text in FILES.items() if name.startswith("raw/")}
    built = build_study(tmp_path, FILES | empty)
    full = build_study(tmp_path / "full", FILES)
    for name, dataset in full.datasets.items():
        assert len(built.datasets[name]) == 0
        assert built.datasets[name].columns == dataset.columns
        assert built.datasets[name].frame.dtypes.equals(dataset.frame.dtypes)
    assert [one.difference for one in built.balance.sources] == [0] * 5
    assert [one for one in built.issues if one.severity == "error"] == []


def test_two_builds_are_equal(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    one, other = build_folder(tmp_path), build_folder(tmp_path)
    assert one.issues == other.issues
    assert all(one.datasets[name].frame.equals(other.datasets[name].frame) for name in one.datasets)


def test_terms_that_raw_texts_became_are_kept(tmp_path: Path) -> None:
    raw = {"raw/dm.csv": "SUBJ,SEX,BIRTH\n01,m,1980-05-05\n02,F,1980-05-05\n03,f,1980-05-05\n"}
    uses = [one for one in build_study(tmp_path, FILES | raw).lineage.terms if one.variable == "SEX"]
    assert [(one.raw, one.term, one.via, one.count) for one in uses] == [
        ("F", "F", "C16576", 1), ("f", "F", "C16576", 1), ("m", "M", "C20197", 1),
    ]  # fmt: skip


def test_lineage_names_the_raw_record_of_each_record(tmp_path: Path) -> None:
    raw = {"raw/lb.csv": "SUBJ,NO,ITEM,RES,UNIT,RANGE,D\n02,1,wbc,4,,,\n01,2,wbc,5,,,\n01,1,wbc,6,,,\n"}
    built = build_study(tmp_path, FILES | raw)
    assert cells(built.datasets["LB"], ["USUBJID", "LBREFID"]) == [
        ("T1-01", "1"),
        ("T1-01", "2"),
        ("T1-02", "1"),
    ]
    assert built.lineage.datasets["LB"].positions[""].tolist() == [2, 1, 0]
    assert built.lineage.datasets["LB"].tests.tolist() == [0, 0, 0]
    assert built.lineage.datasets["AE"].positions["one"].tolist() == [0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "x" * 200,
        "x" * 201,
        "word " * 100,
        "a  b " * 90,
        "中文 " * 120,
        "中" * 300,
        " lead" + " tail" * 60,
    ],
)
def test_parts_of_a_long_text_join_to_the_text(text: str) -> None:
    parts = cut_text(text)
    assert "".join(parts) == text
    assert all(len(part.encode()) <= 200 for part in parts)
    assert not any(part.endswith(" ") for part in parts[:-1])


def test_names_of_continuations_are_unique_and_short() -> None:
    names = continued_names(["LBORRES", "LBORRESU", "LBORRES1", "LBTEST"], 12)
    assert len(set(names.values()) | {"LBORRES", "LBORRESU", "LBORRES1", "LBTEST"}) == 4 * 12 + 4
    assert all(len(name) <= 8 for name in names.values())
    assert names["LBTEST", 1] == "LBTEST1"


def test_a_domain_that_the_guide_does_not_have_is_built_from_its_class(tmp_path: Path) -> None:
    built = build_study(
        tmp_path,
        {
            "study.yaml": (
                "study: S\nstandard: {ig: SDTMIG 3.4, ct: 2025-03-28}\ndates: {format: yyyy-mm-dd}\n"
                "sources: {w: {path: w.csv, subject: SUBJ}}\ndomains: [xw.yaml]\n"
            ),
            "xw.yaml": (
                "domain: XW\nlabel: Weather\nclass: FINDINGS\nstructure: One record per day per subject\n"
                "keys: [STUDYID, USUBJID, XWTESTCD, XWDTC]\nrecords: [{from: w, tests: {table: t.csv}}]\n"
                "variables: {XWDTC: {datetime: D}}\n"
            ),
            "t.csv": "column,XWTESTCD,XWTEST,XWORRESU\nT,TEMP,Temperature,C\n",
            "w.csv": "SUBJ,D,T\n1,2024-01-01,3.5\n",
        },
    )
    frame = built.datasets["XW"].frame
    names = ["XWSEQ", "XWTESTCD", "XWTEST", "XWORRES", "XWORRESU", "XWSTRESN", "XWDTC"]
    assert frame[names].to_numpy().tolist() == [[1.0, "TEMP", "Temperature", "3.5", "C", 3.5, "2024-01-01"]]
    assert not built.issues
