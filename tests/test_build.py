"""build: what comes out is typed, ordered and labelled, and every trouble in the data is told in full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdtm_il2.dataset import CHAR
from sdtm_il2.standardise import continued_names, cut_text
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
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {hardcode: "01"}
  SEX: {assign: SEX}
  COUNTRY: {hardcode: CHN}
  ARMCD: {copy: EX.EXTRT}
  ARM: {hardcode: A}
  BRTHDTC: {datetime: BIRTH}
  RFSTDTC: {earliest: {of: EX.EXSTDTC}}
  AGE: {age: {birth: DM.BRTHDTC, at: DM.RFSTDTC}}
  AGEU: {hardcode: YEARS}
""",
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


TROUBLE: list[tuple[str, dict[str, str], str]] = [
    (
        "DATA801",
        _line("dm", "03,male,1980-05-05"),
        """\
dm.yaml:7: DATA801 DM.SEX: 1 record hold 1 value outside SEX (not extensible), first at raw/dm.csv:4
  hint: add them to `terms:`, or query the site; --show-values prints them
  values: 'male' (1)""",
    ),
    (
        "DATA802",
        _line("ex", "01,IL2,1,by spoon,2024-03-03,"),
        """\
ex.yaml:7: DATA802 EX.EXROUTE: 1 record hold 1 value that ROUTE does not have, first at raw/ex.csv:4
  hint: map them under `terms:`, or declare them as `sponsor:` terms; --show-values prints them
  values: 'by spoon' (1)""",
    ),
    (
        "DATA803",
        _line("lb", "01,2,mine,4,,,2024-02-01"),
        """\
lb.yaml:4: DATA803 LB.LBTEST: 1 record hold 1 test code that no --TEST shares its concept with, first at raw/lb.csv:4
  hint: give --TEST in the tests table or under variables:
  values: 'MYTEST' (1)""",
    ),
    (
        "DATA804",
        _line("ex", "01,IL2,one,ORAL,2024-03-03,"),
        """\
ex.yaml:6: DATA804 EX.EXDOSE: 1 record hold 1 text that is no number, first at raw/ex.csv:4
  hint: map a numeric column or convert the text
  values: 'one' (1)""",
    ),
    (
        "DATA806",
        _line("dm", "03,M,long ago"),
        """\
dm.yaml:11: DATA806 DM.BRTHDTC: 1 record of 'BIRTH' hold 1 value that fit none of yyyy-mm-dd, dd/mm/yyyy, mm/dd/yyyy, \
hh:mi, first at raw/dm.csv:4
  hint: add the format to dates: of the source; --show-values prints them
  values: 'long ago' (1)""",
    ),
    (
        "DATA807",
        _line("dm", "03,M,1980-02-31"),
        """\
dm.yaml:11: DATA807 DM.BRTHDTC: 1 record of 'BIRTH' hold 1 date that the calendar does not have, first at raw/dm.csv:4
  hint: query the site; --show-values prints them
  values: '1980-02-31' (1)""",
    ),
    (
        "DATA808",
        _line("dm", "03,M,03/04/1980"),
        """\
dm.yaml:11: DATA808 DM.BRTHDTC: 1 record of 'BIRTH' fit two formats with different results (dd/mm/yyyy and mm/dd/yyyy), \
first at raw/dm.csv:4
  hint: keep one format, or use case by site or country
  values: '03/04/1980' (1)""",
    ),
    (
        "DATA809",
        _line("ex", "01,IL2,1,ORAL,2024-03,08:30"),
        """\
ex.yaml:8: DATA809 EX.EXSTDTC: 1 record of 'ST and TM' have a time but no complete date, first at raw/ex.csv:4
  hint: complete the date, or leave the time unmapped
  values: '08:30' (1)""",
    ),
    (
        "DATA810",
        _line("ex", "01,IL2,1,ORAL,2024-03-03,noon"),
        """\
ex.yaml:8: DATA810 EX.EXSTDTC: 1 record of 'ST and TM' have a time that fits no format or no clock, first at raw/ex.csv:4
  hint: add its format to dates: of the source; --show-values prints them
  values: 'noon' (1)""",
    ),
    (
        "DATA811",
        {"raw/dm.csv": "SUBJ,SEX,BIRTH\n01,M,1980\n02,F,1980-05-05\n"},
        """\
dm.yaml:13: DATA811 DM.AGE: 1 record have a partial date that leaves the age open, first at raw/dm.csv:2
  hint: collect the complete date or submit the age as collected""",
    ),
    (
        "DATA812",
        {"raw/dm.csv": "SUBJ,SEX,BIRTH\n01,M,2024-05-05\n02,F,1980-05-05\n"},
        """\
dm.yaml:13: DATA812 DM.AGE: 1 record have a birth date after the date of the age, first at raw/dm.csv:2
  hint: query the site""",
    ),
    (
        "DATA815",
        _line("ex", "02,IL2,5,ORAL,2024-03-02,"),
        """\
ex.yaml:1: DATA815 EX: keys not unique: 2 records share EXTRT, EXSTDTC with another, first at raw/ex.csv:3
  hint: add a variable that tells them apart, or state keys_not_unique: with the reason""",
    ),
    (
        "DATA820 and DATA850",
        _line("lb", "01,2,ferritin,4,,,2024-02-01"),
        """\
lb.yaml:5: DATA820 LB records: 1 raw item (1 record) not in tests.csv, first at raw/lb.csv:4
  hint: give them a row, or domain '-' and a note; --show-values prints them
  values: 'ferritin' (1)
study.yaml:8: DATA850 lb: 1 record of source lb reach no dataset, first at raw/lb.csv:4
  hint: map them, or state not_submitted: rows with the reason""",
    ),
    (
        "DATA821",
        _line("lb", "01,2,creat,1,mg/dL,,2024-02-01"),
        """\
lb.yaml:5: DATA821 LB.LBSTRESC: 1 record have a unit (mg/dL) without a factor to the standard unit, first at raw/lb.csv:4
  hint: add a row to the units table with its source
  values: 'mg/dL' (1)""",
    ),
    (
        "DATA822",
        _line("lb", "01,2,wbc,4,10^9/L,normal,2024-01-01"),
        """\
lb.yaml:5: DATA822 LB.LBORNRLO: 1 record of 'RANGE' hold 1 range that cannot be read, first at raw/lb.csv:4
  hint: write low-high or <high or >low; --show-values prints them
  values: 'normal' (1)""",
    ),
    (
        "DATA840",
        {"raw/coding.csv": "SUBJ,TERM,PT\n02,b,B\n"},
        """\
ae.yaml:6: DATA840 AE records: join one: cardinality 1, but 1 record have no match, first at raw/ae.csv:2
  hint: state cardinality: 0..1, or complete the joined source""",
    ),
    (
        "DATA841",
        {"raw/coding.csv": "SUBJ,TERM,PT\n01,a,A\n02,b,B\n02,b,B2\n"},
        """\
ae.yaml:6: DATA841 AE records: join one: cardinality 1, but 1 record have several matches, first at raw/ae.csv:3
  hint: add a column to by:, keep one record at the source, or state cardinality: many
study.yaml:9: DATA850 coding: 2 records of source coding reach no dataset, first at raw/coding.csv:3
  hint: map them, or state not_submitted: rows with the reason""",
    ),
    (
        "DATA842",
        {"raw/ae.csv": "SUBJ,TERM,CODE,ST\n01,a,1,2024-03-01\n02,b,9,2024-03-09\n"},
        """\
ae.yaml:7: DATA842 AE records: 1 record have 1 key that codes.csv does not hold, first at raw/ae.csv:3
  hint: add a row to the table; --show-values prints them
  values: '9' (1)""",
    ),
    (
        "DATA860",
        _line("ex", "09,IL2,1,ORAL,2024-03-03,"),
        """\
ex.yaml:1: DATA860 EX: 1 record of 1 subject that DM does not hold, first at raw/ex.csv:4
  hint: complete the source of DM or exclude the records with a reason
  values: 'T1-09' (1)""",
    ),
    (
        "METH510",
        _line("ex", "01,OTHER,1,ORAL,2024-03-03,"),
        """\
dm.yaml:9: METH510 DM.ARMCD: EX.EXTRT has several different values for a subject, read in 1 record, first at raw/dm.csv:2
  hint: use earliest or latest, or read a variable with one record a subject""",
    ),
    (
        "METH511",
        {"raw/ae.csv": "SUBJ,TERM,CODE,ST\n01,a,1,2024-03\n02,b,1,2024-03-09\n"},
        """\
ae.yaml:12: METH511 AE.AESEV: the clause cannot be decided for 1 record (partial dates, text where a number is compared), \
first at raw/ae.csv:2
  hint: add undecided: with the value that holds then, or complete the dates""",
    ),
    (
        "METH512",
        _line("lb", "01,2,wbc,4,10^9/L,,2024-03-01"),
        """\
lb.yaml:9: METH512 LB.LBBLFL: 1 record lie on the day of DM.RFSTDTC without a time on both sides, first at raw/lb.csv:4
  hint: add same_day: before or same_day: after""",
    ),
    (
        "METH513",
        _line("lb", "01,2,wbc,4,10^9/L,,2024-02-01"),
        """\
lb.yaml:9: METH513 LB.LBBLFL: 1 record share the last date and time before the reference with another of the same test, \
first at raw/lb.csv:4
  hint: add a qualifier or a time to tell them apart; the later one in the raw data has the flag""",
    ),
]


def test_the_study_without_trouble_has_no_issues(tmp_path: Path) -> None:
    assert [str(one) for one in build_study(tmp_path, FILES).issues if one.code not in NOTES] == []


@pytest.mark.parametrize(("files", "text"), [one[1:] for one in TROUBLE], ids=[one[0] for one in TROUBLE])
def test_trouble_in_the_data_is_told_in_full(files: dict[str, str], text: str, tmp_path: Path) -> None:
    built = build_study(tmp_path, FILES | files)
    found = [one.text(show_values=True) for one in built.issues if one.code not in NOTES]
    assert "\n".join(found) == text


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
