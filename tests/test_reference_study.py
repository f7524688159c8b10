"""The reference study as a whole: its raw files, its build, the versions and ways to build it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest

from mappers import dask_mapper, processes, same
from reference_raw import EXAMPLE, MAPPING, RAW, ROOT, rows
from reference_study import built, older, records
from sdtm_il2.build import Build, Mapper
from sdtm_il2.errors import Severity
from sdtm_il2.output import write_build
from study import build_folder, standard

__all__ = ["dask_mapper", "processes"]  # the fixtures that the tests ask for by name

DATASETS = [
    "DM", "SUPPDM", "IE", "DS", "SE", "SV", "EC", "EX", "AE", "SUPPAE", "CM", "MH", "LB", "IS", "MB", "CP", "RS", "VS",
    "CO", "TA", "TE", "TV", "TI", "TS", "RELREC",
]  # fmt: skip


def test_the_script_writes_the_files_that_are_there(tmp_path: Path) -> None:
    """Byte for byte, the workbook and the transport file too."""
    subprocess.run([sys.executable, EXAMPLE / "make_raw.py", tmp_path], check=True, timeout=120)
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in RAW.iterdir()}
    for path in RAW.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


# ---- the build ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.3"])
def test_it_builds_without_an_error_and_the_balance_closes(version: str) -> None:
    found = built() if version == "3.4" else older()
    assert [str(one) for one in found.issues if one.severity is Severity.ERROR] == []
    assert [one.source for one in found.balance.sources if one.difference] == []


def test_what_is_noticed_is_known() -> None:
    noticed = {(one.code, one.target, one.severity.value) for one in built().issues}
    assert noticed == {
        ("DATA846", "AE.EPOCH", "warning"),  # events of a month in which a period begins
        ("PLAN430", "TS.INTTYPE", "warning"),  # the registry calls interleukin-2 a drug
        ("SRC326", "his", "note"),
        ("SRC326", "flow", "note"),  # title rows
    }


def test_every_dataset_is_there() -> None:
    assert list(built().datasets) == DATASETS


@pytest.mark.parametrize("version", ["3.4", "3.3"])
def test_every_required_and_expected_variable_is_there(version: str) -> None:
    found, release = built() if version == "3.4" else older(), standard(f"SDTMIG {version}", "2025-03-28")
    compared = 0
    for name, dataset in found.datasets.items():
        definition = release.dataset("SUPPQUAL" if name.startswith("SUPP") else name)
        assert definition is not None, name
        wanted = [one.name for one in definition.variables if one.core in ("Req", "Exp")]
        assert [one for one in wanted if one not in dataset.frame.columns] == [], name
        compared += len(wanted)
    assert compared > 230


@pytest.mark.parametrize("version", ["3.4", "3.3"])
def test_required_variables_are_filled_in_every_record(version: str) -> None:
    found, release = built() if version == "3.4" else older(), standard(f"SDTMIG {version}", "2025-03-28")
    for name in found.datasets:
        definition = release.dataset("SUPPQUAL" if name.startswith("SUPP") else name)
        assert definition is not None
        required = [one.name for one in definition.variables if one.core == "Req"]
        assert {
            variable for row in records(name, found) for variable in required if not row[variable]
        } == set(), name


# ---- versions -----------------------------------------------------------------------------------------------------


def _tests(found: Build, name: str) -> set[str]:
    return {one[f"{name}TESTCD"] for one in records(name, found)}


def test_cells_are_cp_since_sdtmig_3_4_and_lb_before() -> None:
    assert sorted(set(built().datasets) ^ set(older().datasets)) == ["CP"]
    assert _tests(built(), "CP") == {"TLYHTLY", "TLHRTLH", "NKLY"}
    assert {one["CPMRKSTR"] for one in records("CP")} == {
        "CD45+CD3+CD4+", "CD45+CD3+CD4+CD25+CD127lo", "CD45+CD3-CD16+CD56+",
    }  # fmt: skip
    cells = [one for one in records("LB", older()) if one["LBCAT"] == "FLOW CYTOMETRY"]
    assert {one["LBTESTCD"] for one in cells} == {"CD4TLY", "TREGCD4", "NKLY"}
    assert len(cells) == len(records("CP"))


def test_autoantibodies_are_is_with_their_antigen_since_3_4_and_lb_by_name_before() -> None:
    new = [one for one in records("IS") if one["ISTESTCD"] == "ATAB"]
    assert {one["ISBDAGNT"] for one in new} == {"DOUBLE STRANDED DNA", "NUCLEAR AUTOANTIGENS"}
    old = [one for one in records("LB", older()) if one["LBTESTCD"] in ("DDNAIGAB", "ANA")]
    assert len(old) == len(new)
    assert not {"DDNAIGAB", "ANA"} & _tests(built(), "LB")
    # the tests that move are those that are named, and no other
    moved = {"DDNAIGAB", "ANA", "CD4TLY", "TREGCD4", "NKLY"}
    assert _tests(older(), "LB") - _tests(built(), "LB") == moved
    assert _tests(built(), "LB") <= _tests(older(), "LB")


def test_antibodies_against_a_virus_are_is_since_3_4_and_mb_before() -> None:
    new = [one for one in records("IS") if one["ISTESTCD"] == "MBIGGAB"]
    old = [one for one in records("MB", older()) if one["MBTESTCD"] == "EBVCAIGG"]
    assert {one["ISBDAGNT"] for one in new} == {"EPSTEIN-BARR VIRUS CAPSID ANTIGEN"}
    assert [one["ISORRES"] for one in new] == [one["MBORRES"] for one in old] != []
    assert _tests(built(), "MB") == {"EBDNA", "CMVDNA"} == _tests(older(), "MB") - {"EBVCAIGG"}


def test_anti_drug_antibodies_are_is_in_both_their_tiers_by_step_or_by_subcategory() -> None:
    assert _tests(built(), "IS") == {"ADA_BAB", "ADA_NAB", "ATAB", "MBIGGAB"}
    assert _tests(older(), "IS") == {"ADA_BAB", "ADA_NAB"}
    new = [one for one in records("IS") if one["ISTESTCD"] in ("ADA_BAB", "ADA_NAB")]
    assert {one["ISBDAGNT"] for one in new} == {"ALDESLEUKIN"}
    steps = sorted(one["ISTSTOPO"] or "NEUTRALIZING" for one in new)
    assert steps == sorted(one["ISSCAT"] for one in records("IS", older()))
    for variable in ("ISBDAGNT", "ISTSTOPO", "ISNRIND"):
        assert variable in built().datasets["IS"].frame.columns
        assert variable not in older().datasets["IS"].frame.columns


def test_a_visit_that_did_not_take_place_has_a_record_since_3_4() -> None:
    missed = [one for one in records("SV") if one["SVOCCUR"] == "N"]
    assert [(one["VISIT"], one["SVREASOC"], one["SVSTDTC"]) for one in missed] == [
        ("PERIOD 1 WEEK 6", "受试者出差", ""), ("PERIOD 2 WEEK 8", "节假日未到院", ""),
    ]  # fmt: skip
    assert len(records("SV", older())) == len(records("SV")) - len(missed)
    assert "SVOCCUR" not in older().datasets["SV"].frame.columns
    assert "ECREASOC" not in older().datasets["EC"].frame.columns


def test_the_trial_summary_names_the_version() -> None:
    for found, versions in ((built(), ["3.4", "2.0"]), (older(), ["3.3", "1.7"])):
        summary = {one["TSPARMCD"]: one["TSVAL"] for one in records("TS", found)}
        assert [summary["SDTIGVER"], summary["SDTMVER"]] == versions


def test_no_finding_is_lost_between_the_versions() -> None:
    findings = ("LB", "IS", "MB", "CP")
    counts = [
        sum(len(one.datasets[name]) for name in findings if name in one.datasets)
        for one in (built(), older())
    ]
    assert counts[0] == counts[1] > 9000


# ---- ways to build ------------------------------------------------------------------------------------------------


def test_any_number_of_partitions_gives_thesame() -> None:
    same(built(), build_folder(MAPPING, EXAMPLE, partitions=3))


def test_four_processes_give_thesame() -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        same(built(), build_folder(MAPPING, EXAMPLE, pool.map, partitions=4))


def test_a_dask_cluster_gives_thesame(dask_mapper: Mapper) -> None:
    same(built(), build_folder(MAPPING, EXAMPLE, dask_mapper, partitions=5))


@cache
def _files(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }


def test_twice_built_gives_the_same_bytes_in_every_file(tmp_path: Path) -> None:
    release = standard("SDTMIG 3.4", "2025-03-28")
    for name, found in [("one", built()), ("two", build_folder(MAPPING, EXAMPLE))]:
        write_build(found, release, tmp_path / name)
    assert len(_files(tmp_path / "one")) > 70
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def _change(path: Path, row: tuple[str, ...], old: str, new: str) -> None:
    """One cell of a CSV file: that of the only row with these texts which holds the old value."""
    lines = path.read_bytes().decode("gb18030").split("\r\n")
    (number,) = [n for n, line in enumerate(lines) if all(f"{one}," in line for one in row)]
    cells = lines[number].split(",")
    assert cells.count(old) == 1
    cells[cells.index(old)] = new
    lines[number] = ",".join(cells)
    path.write_bytes("\r\n".join(lines).encode("gb18030"))


def test_of_two_changed_cells_diff_tells_that_and_no_more(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(RAW, raw)
    _change(raw / "his_lab.csv", ("B70004", "丙氨酸氨基转移酶"), "10", "97")
    _change(raw / "ae.csv", ("01-016", "上呼吸道感染"), "轻度", "中度")
    release = standard("SDTMIG 3.4", "2025-03-28")
    for name, found in [("old", built()), ("new", build_folder(MAPPING, tmp_path))]:
        write_build(found, release, tmp_path / name)
    command = [
        sys.executable,
        "-m",
        "sdtm_il2",
        "diff",
        tmp_path / "old",
        tmp_path / "new",
        "--json",
        "--show-values",
    ]
    done = subprocess.run(command, check=False, capture_output=True, timeout=300)
    assert done.returncode == 1, done.stderr
    datasets = json.loads(done.stdout)["datasets"]
    assert [one["dataset"] for one in datasets] == sorted(DATASETS)
    told = {
        one["dataset"]: [
            (
                record["change"],
                record["key"]["USUBJID"][-3:],
                [tuple(each.values()) for each in record["values"]],
            )
            for record in one["records"]
        ]
        for one in datasets
        if not one["equal"]
    }
    assert told == {
        "AE": [("changed", "016", [("AESEV", "MILD", "MODERATE")])],
        "LB": [
            (
                "changed",
                "001",
                [("LBORRES", "10", "97"), ("LBSTRESC", "10", "97"), ("LBSTRESN", "10", "97"),
                 ("LBNRIND", "NORMAL", "HIGH")],
            )
        ],
    }  # fmt: skip
    assert sum(one[kind] for one in datasets for kind in ("added", "removed", "renumbered")) == 0


def test_the_readme_of_the_study_names_every_raw_file() -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert [one.name for one in RAW.iterdir() if f"`{one.name}`" not in text] == []
    assert len(rows("demog.csv")) == 33
    assert (ROOT / "mappings" / "nct02932137" / "study.yaml").is_file()
