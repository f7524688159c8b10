"""What a hostile data manager, a sloppy site and a sceptical reviewer try: no wrong value comes out in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.build import Build
from sdtm_il2.errors import Issue
from studies import demographics, study_file
from study import build_study, cells

FILES = {
    "study.yaml": study_file("dm", "lb"),
    "dm.yaml": demographics("  RFSTDTC: {datetime: START}\n"),
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBREFID]
records:
  - from: lb
    tests: {table: tests.csv, by: [ITEM], result: RES, unit: UNIT, range: RANGE, units: units.csv}
variables:
  LBREFID: {assign: NO}
  LBDTC: {datetime: D}
""",
    "tests.csv": "ITEM,LBTESTCD,LBCAT,LBSPEC,standard_unit\nCreat,CREAT,CHEMISTRY,SERUM,umol/L\n",
    "units.csv": "LBTESTCD,from,to,factor,places,source\nCREAT,mg/dL,umol/L,88.4,1,molar mass\n",
    "raw/dm.csv": "SUBJ,START\n01,2024-03-05\n",
}


def laboratory(folder: Path, rows: list[tuple[str, str, str, str]], **files: str) -> Build:
    """A build of laboratory rows: item, result, unit, range."""
    lines = [f'01,{number:02},"{i}","{r}","{u}","{g}",2024-03-01' for number, (i, r, u, g) in enumerate(rows)]
    raw = "SUBJ,NO,ITEM,RES,UNIT,RANGE,D\n" + "\n".join(lines) + "\n"
    return build_study(
        folder, FILES | {"raw/lb.csv": raw} | {k.replace("_", "."): v for k, v in files.items()}
    )


def found(result: Build, code: str) -> list[Issue]:
    return [one for one in result.issues if one.code == code]


def test_text_in_a_converted_unit_is_converted_or_reported(tmp_path: Path) -> None:
    texts = ["5-10", "1,5", "5.2 H", "~5", "0.5", "０.５", "＜0.5", "<.5", ">1E3", "+", "－", "阴性"]
    result = laboratory(tmp_path, [("Creat", text, "mg/dL", "") for text in texts])
    assert cells(result.datasets["LB"], ["LBORRES", "LBSTRESC", "LBSTRESN"]) == [
        ("5-10", "", ""),
        ("1,5", "", ""),
        ("5.2 H", "", ""),
        ("~5", "", ""),
        ("0.5", "44.2", "44.2"),
        ("０.５", "44.2", "44.2"),
        ("＜0.5", "<44.2", ""),
        ("<.5", "<44.2", ""),
        (">1E3", ">88400", ""),
        ("+", "+", ""),
        ("－", "－", ""),
        ("阴性", "阴性", ""),
    ]
    (told,) = found(result, "DATA825")
    assert told.count == 4
    assert told.message == (
        "4 records hold 4 results with digits that are no number or <number, in a unit that is converted, "
        "first at raw/lb.csv:2"
    )
    assert told.hint == "map them under `terms:` of the test, or query the site; --show-values prints them"


def test_text_in_the_standard_unit_stays_as_collected(tmp_path: Path) -> None:
    result = laboratory(
        tmp_path, [("Creat", text, "umol/L", "") for text in ("5-10", "1:320", "０.５", "0.50")]
    )
    assert cells(result.datasets["LB"], ["LBSTRESC", "LBSTRESN"]) == [
        ("5-10", ""),
        ("1:320", ""),
        ("0.5", "0.5"),
        ("0.50", "0.5"),
    ]
    assert found(result, "DATA825") == []


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3.5--9.5", "", ""),
        ("9.5-3.5", "", ""),
        ("-3.5--1.5", "-3.5", "-1.5"),
        ("-3.5-1.5", "-3.5", "1.5"),
        ("３.５－９.５", "3.5", "9.5"),
        ("3.5−9.5", "3.5", "9.5"),
        ("＜5", "", "5"),
        ("<-2", "", "-2"),
    ],
)
def test_ranges_run_upwards(tmp_path: Path, text: str, low: str, high: str) -> None:
    result = laboratory(tmp_path, [("Creat", "5", "umol/L", text)])
    names = ["LBORNRLO", "LBORNRHI", "LBSTNRLO", "LBSTNRHI"]
    assert cells(result.datasets["LB"], names) == [(low, high, low, high)]
    assert len(found(result, "DATA822")) == (0 if low or high else 1)


def test_items_that_differ_in_case_only_stay_apart(tmp_path: Path) -> None:
    """Ca is calcium and CA another item: neither takes the other's results, and cA is neither."""
    tests = "ITEM,LBTESTCD,LBCAT,LBSPEC\nCa,CA,CHEMISTRY,SERUM\nCA,CEA,CHEMISTRY,SERUM\nGlu,GLUC,CHEMISTRY,SERUM\n"
    rows = [("Ca", "1", "g/L", ""), ("CA", "2", "g/L", ""), ("cA", "3", "g/L", ""), ("GLU", "4", "g/L", "")]
    result = laboratory(tmp_path, rows, tests_csv=tests)
    assert cells(result.datasets["LB"], ["LBTESTCD", "LBORRES"]) == [("CA", "1"), ("CEA", "2"), ("GLUC", "4")]
    assert [one.count for one in found(result, "DATA820")] == [1]


def test_items_of_another_domain_that_differ_in_case_only_stay_there(tmp_path: Path) -> None:
    tests = "ITEM,domain,LBTESTCD,LBCAT,LBSPEC,note\nCa,LB,CA,CHEMISTRY,SERUM,\nCA,-,,,,not a test\n"
    result = laboratory(tmp_path, [("Ca", "1", "g/L", ""), ("CA", "2", "g/L", "")], tests_csv=tests)
    assert cells(result.datasets["LB"], ["LBTESTCD", "LBORRES"]) == [("CA", "1")]
    assert result.balance.source("lb").not_submitted == {"not a test": 1}


@pytest.mark.parametrize("unit", ["mM", "nM", "M", "MU", "MU/L", "mBq", "mS", "MV"])
def test_units_whose_case_is_their_meaning_are_no_units_in_other_case(tmp_path: Path, unit: str) -> None:
    """mM is not mm, and a million units (MU) are not a thousandth of one (mU)."""
    tests = "ITEM,LBTESTCD,LBCAT,LBSPEC\nCreat,CREAT,CHEMISTRY,SERUM\n"
    result = laboratory(tmp_path, [("Creat", "5", unit, "")], tests_csv=tests)
    assert cells(result.datasets["LB"], ["LBORRES", "LBORRESU", "LBSTRESC"]) == [("5", "", "")]
    assert len(found(result, "DATA802")) == 1


@pytest.mark.parametrize(
    ("unit", "term"),
    [("MG/DL", "mg/dL"), ("mg/dl", "mg/dL"), ("Mg/dL", "mg/dL"), ("MMOL/L", "mmol/L"), ("u/L", "U/L"),
     ("meq/L", "mEq/L"), ("Kg", "kg"), ("％", "%"), ("mU/L", "mU/L")],
)  # fmt: skip
def test_units_in_other_case_that_can_be_nothing_else(tmp_path: Path, unit: str, term: str) -> None:
    tests = "ITEM,LBTESTCD,LBCAT,LBSPEC\nCreat,CREAT,CHEMISTRY,SERUM\n"
    result = laboratory(tmp_path, [("Creat", "5", unit, "")], tests_csv=tests)
    assert cells(result.datasets["LB"], ["LBORRESU", "LBSTRESC"]) == [(term, "5")]


def test_terms_of_the_specification_that_differ_in_case_only_stay_apart(tmp_path: Path) -> None:
    study = FILES["study.yaml"] + "codelists: {C71620: {terms: {MU: 10^6 IU, mu: mU, G/l: g/L}}}\n"
    tests = "ITEM,LBTESTCD,LBCAT,LBSPEC\nCreat,CREAT,CHEMISTRY,SERUM\n"
    rows = [("Creat", "5", unit, "") for unit in ("MU", "mu", "mU", "Mu")]
    result = laboratory(tmp_path, rows, tests_csv=tests, study_yaml=study)
    assert cells(result.datasets["LB"], ["LBORRESU"]) == [("10^6 IU",), ("mU",), ("mU",), ("",)]
    assert [one.count for one in found(result, "DATA802")] == [1]


def test_lengths_and_cuts_count_the_bytes_of_the_file(tmp_path: Path) -> None:
    """100 Chinese characters are 200 bytes in GB18030, and ñ has four: a text is cut where the file needs it."""
    rows = [("Creat", "阴" * 100, "", ""), ("Creat", "ñ" * 101, "", ""), ("Creat", "ab" * 100, "", "")]
    files = {"study_yaml": FILES["study.yaml"] + "agency: nmpa\n"}
    result = laboratory(tmp_path, rows, **files)
    assert cells(result.datasets["LB"], ["LBORRES"]) == [("阴" * 100,), ("ñ" * 50,), ("ab" * 100,)]
    assert result.summaries["LB"].variables["LBORRES"].max_bytes == 200
    found_ = cells(result.datasets["SUPPLB"], ["IDVARVAL", "QNAM", "QVAL"])
    assert [one for one in found_ if one[1].startswith("LBORRES")] == [
        ("2", "LBORRES1", "ñ" * 50),
        ("2", "LBORRES2", "ñ"),
    ]
    assert result.summaries["SUPPLB"].variables["QVAL"].max_bytes == 200


def test_digits_that_a_numeric_variable_does_not_hold_are_told(tmp_path: Path) -> None:
    dm = FILES["dm.yaml"] + "  AGE: {assign: AGE}\n"
    raw = "SUBJ,START,AGE\n01,2024-03-05,9007199254740993\n02,2024-03-05,34.10\n03,2024-03-05,0.30000000000000004\n"
    result = build_study(
        tmp_path, FILES | {"dm.yaml": dm, "raw/dm.csv": raw, "raw/lb.csv": "SUBJ,NO,ITEM,RES,UNIT,RANGE,D\n"}
    )
    assert cells(result.datasets["DM"], ["AGE"]) == [("9.00719925474099e+15",), ("34.1",), ("0.3",)]
    (told,) = found(result, "DATA826")
    assert told.message == (
        "1 record holds 1 number with more digits than a numeric variable holds, first at raw/dm.csv:2; "
        "the nearest number is submitted"
    )


def test_supplemental_values_point_to_one_record(tmp_path: Path) -> None:
    ae = """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae}]
variables:
  AESPID: {assign: ID}
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESTDTC: {datetime: D}
  AENOTE: {assign: NOTE, supplemental: {label: Note, idvar: AESPID}}
  AEMEMO: {assign: NOTE, supplemental: {label: Memo}}
"""
    raw = (
        "SUBJ,ID,TERM,D,NOTE\n01,,a,2024-03-05,x\n01,1,b,2024-03-05,y\n01,1,c,2024-03-05,z\n"
        "01,2,d,2024-03-05,\n01,2,e,2024-03-05,w\n02,1,f,2024-03-05,v\n"
    )
    result = build_study(
        tmp_path, FILES | {"study.yaml": study_file("dm", "ae"), "ae.yaml": ae, "raw/ae.csv": raw}
    )
    (told,) = found(result, "DATA827")
    assert (told.target, told.count) == ("SUPPAE.AENOTE", 4)
    assert told.message == (
        "4 records whose AESPID is empty or the same as that of another record of the subject, "
        "first at raw/ae.csv:2"
    )


def test_limits_beside_a_word_or_an_empty_result_take_the_factor_of_their_unit(tmp_path: Path) -> None:
    # 0.5 mg/dL of creatinine are 44.2 umol/L, whatever stands in the cell of the result
    rows = [
        ("Creat", "0.8", "mg/dL", "0.5-1.0"),
        ("Creat", "", "mg/dL", "0.5-1.0"),
        ("Creat", "low", "", "0.5-1.0"),
        ("Creat", "", "furlong", "0.5-1.0"),
    ]
    tests = (
        "ITEM,LBTESTCD,LBCAT,LBSPEC,LBORRESU,standard_unit,terms\n"
        "Creat,CREAT,CHEMISTRY,SERUM,mg/dL,umol/L,WORDS | number\n"
    )
    study = FILES["study.yaml"] + "codelists: {WORDS: {sponsor: true, terms: {low: LOW}}}\n"
    result = laboratory(tmp_path, rows, tests_csv=tests, study_yaml=study)
    found = cells(result.datasets["LB"], ["LBORRES", "LBORRESU", "LBORNRLO", "LBSTNRLO", "LBSTNRHI"])
    assert found == [
        ("0.8", "mg/dL", "0.5", "44.2", "88.4"),
        ("", "", "0.5", "44.2", "88.4"),
        ("low", "", "0.5", "44.2", "88.4"),
        ("", "", "0.5", "", ""),
    ]


def test_identifiers_that_are_equal_as_numbers_stay_apart(tmp_path: Path) -> None:
    # course 01 is not course 1: each event sees the injections of its own course
    files = FILES | {
        "study.yaml": study_file("dm", "ae", "ex"),
        "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AEGRPID]
records: [{from: ae}]
variables:
  AETERM: {hardcode: Rash}
  AEDECOD: {hardcode: Rash}
  AEGRPID: {assign: COURSE}
  AEENTPT: {latest: {of: EX.EXSTDTC, same: [--GRPID]}}
""",
        "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records: [{from: ex}]
variables:
  EXTRT: {hardcode: IL-2}
  EXGRPID: {assign: COURSE}
  EXSTDTC: {datetime: DAY}
""",
        "raw/ae.csv": "SUBJ,COURSE\n01,1\n01,01\n01,1.0\n",
        "raw/ex.csv": "SUBJ,COURSE,DAY\n01,1,2024-03-05\n01,01,2024-03-09\n",
    }
    result = build_study(tmp_path, files)
    assert cells(result.datasets["AE"], ["AEGRPID", "AEENTPT"]) == [
        ("01", "2024-03-09"),
        ("1", "2024-03-05"),
        ("1.0", ""),
    ]


def test_a_comment_belongs_to_the_record_of_its_group(tmp_path: Path) -> None:
    # the event of course 1 is made of two rows: the comment of the second row is one on that event, too
    files = FILES | {
        "study.yaml": study_file("dm", "ae"),
        "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AEGRPID]
records: [{from: ae, group: {by: [COURSE], take: {DAY: first}}}]
comments: [{from: ae, text: NOTE}]
variables:
  AETERM: {hardcode: Rash}
  AEDECOD: {hardcode: Rash}
  AEGRPID: {assign: COURSE}
  AESTDTC: {datetime: DAY}
""",
        "raw/ae.csv": "SUBJ,COURSE,DAY,NOTE\n01,2,2024-03-05,b\n01,1,2024-03-06,\n01,1,2024-03-07,a\n",
    }
    result = build_study(tmp_path, files)
    assert cells(result.datasets["CO"], ["IDVAR", "IDVARVAL", "COVAL"]) == [
        ("AESEQ", "1", "a"),
        ("AESEQ", "2", "b"),
    ]


def test_a_number_that_differs_within_a_group_is_told_once(tmp_path: Path) -> None:
    # the two days of drug x name two events: no relationship is made of them, and one group is told
    relation = 'relationships: [{from: CM, column: AE_NO, to: AE.AESPID, id: "R{AE_NO}"}]\n'
    files = FILES | {
        "study.yaml": study_file("dm", "ae", "cm", tail=relation),
        "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AESPID]
records: [{from: ae}]
variables:
  AETERM: {hardcode: Rash}
  AEDECOD: {hardcode: Rash}
  AESPID: {assign: NO}
""",
        "cm.yaml": """\
domain: CM
keys: [STUDYID, USUBJID, CMTRT]
records: [{from: cm, group: {by: [DRUG], take: {DAY: first}}}]
variables:
  CMTRT: {assign: DRUG}
  CMSTDTC: {datetime: DAY}
""",
        "raw/ae.csv": "SUBJ,NO\n01,1\n01,2\n01,3\n",
        "raw/cm.csv": (
            "SUBJ,DRUG,DAY,AE_NO\n01,x,2024-03-05,1\n01,x,2024-03-06,2\n01,y,2024-03-07,3\n01,y,2024-03-08,\n"
        ),
    }
    result = build_study(tmp_path, files)
    assert cells(result.datasets["RELREC"], ["RDOMAIN", "IDVARVAL", "RELID"]) == [
        ("AE", "3", "R3"),
        ("CM", "2", "R3"),
    ]
    assert [str(one).split("\n")[0] for one in found(result, "DATA843")] == [
        "cm.yaml:3: DATA843 CM: 'AE_NO' differs within 1 group, first at raw/cm.csv:2"
    ]
