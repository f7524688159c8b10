"""Countries are the three letters of ISO 3166-1, in DM and in the trial summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdtm_il2.standards.countries import country_codes
from study import build_study

FILES = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources: {dm: {path: dm.csv, subject: SUBJ}}
domains: [dm.yaml, trial.yaml]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {hardcode: "01"}
  SEX: {hardcode: F}
  COUNTRY: {assign: LAND}
""",
    "trial.yaml": "tables: {TS: ts.csv}\n",
    "ts.csv": "TSPARMCD,TSPARM,TSVAL\nFCNTRY,Planned Country of Investigational Sites,CHN\nTITLE,Trial Title,China\n",
    "dm.csv": "SUBJ,LAND\n1,CHN\n2,USA\n3,DEU\n",
}


def told(tmp_path: Path, **files: str) -> list[str]:
    built = build_study(tmp_path, FILES | {name.replace("_", "."): text for name, text in files.items()})
    return [str(one) for one in built.issues if one.code == "DATA864"]


def test_the_list_is_that_of_the_standard() -> None:
    assert len(country_codes()) == 249
    assert {"CHN", "USA", "DEU", "JPN", "SSD", "TWN", "XKX", "CN", "EUR"} & country_codes() == {
        "CHN", "USA", "DEU", "JPN", "SSD", "TWN",
    }  # fmt: skip


def test_codes_are_no_issue(tmp_path: Path) -> None:
    assert told(tmp_path) == []


@pytest.mark.parametrize("text", ["China", "CN", "chn", "156", "中国"])
def test_what_is_no_code_is_an_error_at_the_line_that_maps_it(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, dm_csv=f"SUBJ,LAND\n1,CHN\n2,{text}\n3,{text}\n") == [
        (
            "dm.yaml:8: DATA864 DM.COUNTRY: no code of ISO 3166-1 in 2 records, first at dm.csv:3\n"
            "  hint: map the collected text to the three letters, as CHN"
        )
    ]


def test_a_constant_is_checked_and_an_empty_cell_is_the_issue_of_a_required_variable(tmp_path: Path) -> None:
    constant = FILES["dm.yaml"].replace("{assign: LAND}", "{hardcode: China}")
    (found,) = told(tmp_path, dm_yaml=constant)
    assert found.startswith("dm.yaml:8: DATA864 DM.COUNTRY: no code of ISO 3166-1 in 3 records")
    assert told(tmp_path, dm_csv="SUBJ,LAND\n1,CHN\n2,\n") == []


def test_the_planned_country_is_checked_and_other_parameters_are_not(tmp_path: Path) -> None:
    (found,) = told(tmp_path, ts_csv=FILES["ts.csv"].replace("Sites,CHN", "Sites,China"))
    assert found.startswith("trial.yaml:1: DATA864 TS.TSVAL: no code of ISO 3166-1 in 1 record\n")
