"""Trace: what a value was made from, down to the term, the factor and their lines, in the tests of a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.output import write_build
from sdtm_il2.standards import load_standard
from sdtm_il2.trace import trace
from study import build_study

FILES = {
    "study.yaml": """\
study: T1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources: {lb: {path: raw/lb.csv, subject: SUBJ}}
codelists:
  POSNEG:
    sponsor: true
    terms:
      阳性: POSITIVE
      阴性: NEGATIVE
domains: [lb.yaml]
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBREFID]
records:
  - from: lb
    tests: {table: tests.csv, by: ITEM, result: RES, unit: UNIT, units: units.csv}
variables:
  LBREFID: {assign: NO}
""",
    "tests.csv": (
        "ITEM,LBTESTCD,LBSPEC,standard_unit,terms\n"
        "creatinine,CREAT,BLOOD,umol/L,\n"
        "glucose,GLUC,BLOOD,mg/L,\n"
        "pregnancy,HCG,URINE,,POSNEG\n"
    ),
    "units.csv": (
        "LBTESTCD,LBSPEC,from,to,factor,offset,places,source\n"
        "CREAT,,mg/dL,umol/L,88.4,,1,molar mass\n"
        "CREAT,BLOOD,mg/L,umol/L,8.84,1,1,with an offset\n"
    ),
    "raw/lb.csv": """\
SUBJ,NO,ITEM,RES,UNIT
01,1,pregnancy,阳性,
01,2,creatinine,<0.5,mg/dL
01,3,creatinine,5,mg/L
01,4,creatinine,60,umol/L
01,5,creatinine,haemolysed,mg/dL
01,6,glucose,90,mg/dL
""",
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trace")
    built = build_study(folder / "study", FILES)
    write_build(built, load_standard("SDTMIG 3.4", "2025-03-28"), folder / "out")
    return folder / "out"


def lines(out: Path, number: int, variable: str) -> list[str]:
    """The facts about one value, without what it was read from."""
    places = {str(one): one for one in range(1, 7)}
    for seq in places.values():
        found = trace(out, "LB", "T1-01", seq, "LBREFID").values[0]
        if found.value == str(number):
            return list(trace(out, "LB", "T1-01", seq, variable).values[0].lines())
    raise AssertionError(number)


def test_a_term_of_a_tests_table_names_its_line(out: Path) -> None:
    assert lines(out, 1, "LBSTRESC")[:6] == [
        "LB.LBSTRESC = 'POSITIVE'",
        "  by standard_text at lb.yaml:5",
        "  term 'POSITIVE' by study.yaml:8",
        "  LB.LBORRES = '阳性'",
        "    by result at lb.yaml:5",
        "    from raw/lb.csv:2 RES = '阳性'",
    ]


@pytest.mark.parametrize(
    ("number", "variable", "expected"),
    [
        (2, "LBSTRESC", ["LB.LBSTRESC = '<44.2'", "  factor 88.4 from 'mg/dL' to 'umol/L' by units.csv:2"]),
        (3, "LBSTRESN", ["LB.LBSTRESN = '45.2'", "  factor 8.84 + 1 from 'mg/L' to 'umol/L' by units.csv:3"]),
        (4, "LBSTRESN", ["LB.LBSTRESN = '60'"]),
        (5, "LBSTRESC", ["LB.LBSTRESC = 'haemolysed'"]),
        (
            6,
            "LBSTRESN",
            ["LB.LBSTRESN = '900'", "  factor 10 from 'mg/dL' to 'mg/L' by the units of sdtm-il2"],
        ),
    ],
)
def test_a_converted_result_names_its_factor(
    out: Path, number: int, variable: str, expected: list[str]
) -> None:
    found = lines(out, number, variable)
    assert [found[0], *(line for line in found if line.startswith("  factor"))] == expected
