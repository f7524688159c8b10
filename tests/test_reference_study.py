"""The reference study: its datasets against the raw files, recomputed here in plain Python.

Nothing of the library's rules is used for what is expected: the raw files are read with csv and ElementTree, and the
days, epochs, baselines and intervals are worked out again with datetime.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sdtm_il2.build import Build
from sdtm_il2.errors import Severity
from sdtm_il2.output import write_build
from study import ROOT, build_folder, cells, standard, texts

MAPPING = ROOT / "mappings" / "nct02932137"
EXAMPLE = ROOT / "examples" / "nct02932137"
RAW = EXAMPLE / "raw"

Record = dict[str, str]


@cache
def _built() -> Build:
    return build_folder(MAPPING, EXAMPLE)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The same specification with SDTMIG 3.3 in the line of the standard."""
    folder = tmp_path_factory.mktemp("older") / "study"
    shutil.copytree(MAPPING, folder)
    path = folder / "study.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("ig: SDTMIG 3.4", "ig: SDTMIG 3.3", 1), encoding="utf-8", newline="")
    return build_folder(folder, EXAMPLE)


def _records(name: str, built: Build | None = None) -> list[Record]:
    frame = (built or _built()).datasets[name].frame
    columns = {one: texts(frame[one]) for one in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@cache
def _raw(name: str, skip: int = 0) -> tuple[Record, ...]:
    lines = (RAW / name).read_bytes().decode("gb18030").splitlines()
    return tuple(csv.DictReader(io.StringIO("\n".join(lines[skip:]))))


def _iso(text: str) -> str:
    """A date of the raw files in ISO 8601, as far as it is known."""
    text = text.replace("-UK", "")
    parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text) or re.fullmatch(r"(\d{4})\D(\d+)(?:\D(\d+)日?)?", text)
    assert parts, text
    return "-".join(f"{int(one):02d}" for one in parts.groups() if one)


def _usubjid(number: str) -> str:
    return f"NCT02932137-{number}"


def _day(value: str) -> dt.date:
    return dt.date.fromisoformat(value[:10])


def _half(text: str) -> str:
    return "".join(chr(ord(one) - 0xFEE0) if 0xFF01 <= ord(one) <= 0xFF5E else one for one in text)


@cache
def _doses() -> dict[str, list[tuple[str, int]]]:
    """The injections that were given, by subject: ISO instant and IU."""
    found: dict[str, list[tuple[str, int]]] = {}
    for row in _raw("injection.csv"):
        for n in range(1, 8):
            if row[f"注射日期{n}"]:
                start = f"{_iso(row[f'注射日期{n}'])}T{row[f'注射时间{n}']}"
                dose = int(_half(row[f"剂量{n}"])) * 10000
                found.setdefault(_usubjid(row["受试者编号"]), []).append((start, dose))
    return {subject: sorted(one) for subject, one in found.items()}


@cache
def _elements() -> dict[str, list[tuple[str, str]]]:
    """Start and epoch of the elements that were reached, by subject."""
    sequence = {row["受试者编号"]: row["序列"] for row in _raw("rand.csv")}
    found: dict[str, list[tuple[str, str]]] = {}
    for row in _raw("demog.csv"):
        subject, number = _usubjid(row["受试者编号"]), row["受试者编号"]
        found[subject] = [(_iso(row["知情同意日期"]), "SCREENING")]
        for stage in _raw("period.csv"):
            if stage["受试者编号"] != number:
                continue
            il2 = stage["阶段"] == ("TREATMENT 1" if sequence[number] == "AB" else "TREATMENT 2")
            start = _doses()[subject][0][0] if il2 else stage["开始日期"]
            found[subject].append((start, stage["阶段"]))
        found[subject].sort()
    return found


def _begun(start: str, value: str, *, finding: bool) -> bool:
    """Whether an element that starts then has begun at a complete date or instant."""
    if _day(start) != _day(value):
        return _day(start) < _day(value)
    if "T" in start and "T" in value:
        return start <= value
    return not finding


def _epoch(subject: str, value: str, *, finding: bool) -> str:
    elements = _elements()[subject]
    if _day(value) < _day(elements[0][0]):
        return ""
    return [
        epoch for n, (start, epoch) in enumerate(elements) if not n or _begun(start, value, finding=finding)
    ][-1]


# -- the raw files ----------------------------------------------------------------------------------------------------


def test_the_script_writes_the_files_that_are_there(tmp_path: Path) -> None:
    """Byte for byte, the workbook and the transport file too."""
    subprocess.run([sys.executable, EXAMPLE / "make_raw.py", tmp_path], check=True, timeout=120)
    assert {one.name for one in tmp_path.iterdir()} == {one.name for one in RAW.iterdir()}
    for path in RAW.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


# -- the build --------------------------------------------------------------------------------------------------------


def test_it_builds_without_an_error_and_the_balance_closes() -> None:
    built = _built()
    assert [one.code for one in built.issues if one.severity is Severity.ERROR] == []
    assert {(one.code, one.target) for one in built.issues if one.severity is Severity.WARNING} == {
        ("DATA846", "AE.EPOCH"),  # events of a month in which a period begins
        ("PLAN430", "TS.INTTYPE"),  # the registry calls interleukin-2 a drug
    }
    assert [one.source for one in built.balance.sources if one.difference] == []


def test_thirty_of_thirty_three_are_randomised_to_two_sequences() -> None:
    arms = [one["ARMCD"] for one in _records("DM")]
    assert (len(arms), arms.count("IL2-STD"), arms.count("STD-IL2"), arms.count("")) == (33, 15, 15, 3)
    assert [one["ARMNRS"] for one in _records("DM") if not one["ARMCD"]] == ["SCREEN FAILURE"] * 3


def test_study_days_count_from_the_day_of_randomisation() -> None:
    start = {_usubjid(one["受试者编号"]): dt.date.fromisoformat(one["随机日期"]) for one in _raw("rand.csv")}
    compared = 0
    for name, dataset in _built().datasets.items():
        for date, day in [("DTC", "DY"), ("STDTC", "STDY"), ("ENDTC", "ENDY")]:
            if f"{name}{day}" not in dataset.frame.columns:
                continue
            for one in _records(name):
                value, expected = one[f"{name}{date}"], ""
                if len(value) >= 10 and one["USUBJID"] in start:
                    days = (_day(value) - start[one["USUBJID"]]).days
                    expected = str(days + (days >= 0))
                assert one[f"{name}{day}"] == expected, (name, one["USUBJID"], value)
                compared += 1
    assert compared > 13000


@pytest.mark.parametrize("name", ["LB", "IS", "MB", "CP", "RS", "VS", "AE", "EX", "CM"])
def test_epoch_is_the_element_that_holds_the_date(name: str) -> None:
    finding = name not in ("AE", "EX", "CM")
    date = f"{name}DTC" if finding else f"{name}STDTC"
    compared = 0
    for one in _records(name):
        if len(one[date]) >= 10:
            assert one["EPOCH"] == _epoch(one["USUBJID"], one[date], finding=finding), (
                one["USUBJID"],
                one[date],
            )
            compared += 1
        elif len(one[date]) == 7:  # a month: only where all its days lie in one element
            first = _day(f"{one[date]}-01")
            last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
            both = {_epoch(one["USUBJID"], f"{day}", finding=finding) for day in (first, last)}
            assert one["EPOCH"] == (both.pop() if len(both) == 1 else "")
    assert compared > 0


@pytest.mark.parametrize("name", ["LB", "VS"])
def test_baselines_are_the_last_results_before_exposure_and_before_each_treatment(name: str) -> None:
    groups: dict[tuple[str, ...], list[Record]] = {}
    for one in _records(name):
        groups.setdefault((one["USUBJID"], one[f"{name}TESTCD"], one.get(f"{name}SPEC", "")), []).append(one)
    flags = {"LOBXFL": 0, "BLFL": 0}
    for (subject, *_), records in groups.items():
        filled = sorted((one for one in records if one[f"{name}ORRES"]), key=lambda one: one[f"{name}DTC"])
        doses = _doses().get(subject)
        before = [one for one in filled if doses and not _begun(doses[0][0], one[f"{name}DTC"], finding=True)]
        lobxfl = [id(before[-1])] if before else []
        blfl: list[int] = []
        elements = _elements()[subject]
        for start, epoch in elements:
            if not epoch.startswith("TREATMENT"):
                continue
            # what was taken after the end of the treatment before, not after the start of this one
            ended = [
                s
                for n, (s, _) in enumerate(elements)
                if n and elements[n - 1][1].startswith("TREATMENT") and s < start
            ]
            pool = [one for one in filled if not _begun(start, one[f"{name}DTC"], finding=True)
                    and all(_begun(end, one[f"{name}DTC"], finding=True) for end in ended)]  # fmt: skip
            blfl += [id(pool[-1])] if pool else []
        for one in records:
            assert one[f"{name}LOBXFL"] == ("Y" if id(one) in lobxfl else ""), (subject, one[f"{name}DTC"])
            assert one[f"{name}BLFL"] == ("Y" if id(one) in blfl else ""), (subject, one[f"{name}DTC"])
        flags["LOBXFL"] += len(lobxfl)
        flags["BLFL"] += len(blfl)
    assert flags["LOBXFL"] >= 28 * 5
    assert flags["BLFL"] >= 58 * 5


def test_elements_of_the_subjects_are_those_that_began() -> None:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in _records("SE"):
        found.setdefault(one["USUBJID"], []).append((one["SESTDTC"], one["EPOCH"]))
    assert found == _elements()


def test_exposure_is_the_intervals_of_one_dose_without_a_gap_of_more_than_three_days() -> None:
    expected: list[tuple[str, ...]] = []
    for subject, doses in sorted(_doses().items()):
        runs: list[list[tuple[str, int]]] = []
        for dose in doses:
            last = runs[-1][-1] if runs else None
            if last and last[1] == dose[1]:
                gap = dt.datetime.fromisoformat(dose[0]) - dt.datetime.fromisoformat(last[0])
                if gap <= dt.timedelta(days=3):
                    runs[-1].append(dose)
                    continue
            runs.append([dose])
        expected += [(subject, run[0][0], run[-1][0], str(run[0][1])) for run in runs]
    assert cells(_built().datasets["EX"], ["USUBJID", "EXSTDTC", "EXENDTC", "EXDOSE"]) == expected
    given = [one for one in _records("EC") if one["ECOCCUR"] == "Y"]
    assert len(given) == sum(len(one) for one in _doses().values())


def test_the_last_report_of_a_sample_counts() -> None:
    link = {row["住院号"]: _usubjid(row["受试者编号"]) for row in _raw("demog.csv")}
    items = {"丙氨酸氨基转移酶": "ALT", "白蛋白": "ALB", "肌酐": "CREAT", "C反应蛋白": "CRP", "补体C3": "C3", "补体C4": "C4",
             "免疫球蛋白G": "IGG"}  # fmt: skip
    last: dict[tuple[str, str, str], tuple[str, str]] = {}
    for row in _raw("his_lab.csv", 2):
        if row["项目名称"] in items:
            key = (link[row["住院号"]], row["条码号"], items[row["项目名称"]])
            last[key] = max(last.get(key, ("", "")), (row["报告时间"], _half(row["结果"])))
    expected = {key: ("" if value == "溶血" else value) for key, (_, value) in last.items()}
    found = {
        (one["USUBJID"], one["LBREFID"], one["LBTESTCD"]): one["LBORRES"]
        for one in _records("LB")
        if one["LBTESTCD"] in items.values()
    }
    assert found == expected
    assert len(found) == len(items) * len({barcode for _, barcode, _ in last})
    corrected = sum(row["提示"] == "更正" for row in _raw("his_lab.csv", 2))
    assert corrected == 110
    assert sum(one.superseded for one in _built().balance.sources if one.source == "his") == corrected


def test_events_since_the_first_injection_are_treatment_emergent() -> None:
    emergent = {(one["USUBJID"], one["IDVARVAL"]) for one in _records("SUPPAE") if one["QNAM"] == "AETRTEM"}
    for one in _records("AE"):
        doses, start = _doses().get(one["USUBJID"]), one["AESTDTC"]
        # a month that holds the first injection, or the day itself without a time, counts as after it
        length = min(len(start), 16)
        expected = bool(doses) and start >= doses[0][0][:length]
        assert ((one["USUBJID"], one["AESEQ"]) in emergent) == expected, (one["USUBJID"], start)


# -- ways to build ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partitions", [3])
def test_any_number_of_partitions_gives_the_same(partitions: int) -> None:
    one, other = _built(), build_folder(MAPPING, EXAMPLE, partitions=partitions)
    assert list(one.datasets) == list(other.datasets)
    for name, dataset in one.datasets.items():
        assert dataset.columns == other.datasets[name].columns, name
        assert dataset.frame.equals(other.datasets[name].frame), name
    assert one.issues == other.issues
    assert one.balance == other.balance


def test_twice_built_gives_the_same_bytes(tmp_path: Path) -> None:
    release = standard("SDTMIG 3.4", "2025-03-28")
    for name, built in [("one", _built()), ("two", build_folder(MAPPING, EXAMPLE))]:
        write_build(built, release, tmp_path / name)
    files = {one.relative_to(tmp_path / "one") for one in (tmp_path / "one").rglob("*") if one.is_file()}
    assert len(files) > 60
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


# -- versions ---------------------------------------------------------------------------------------------------------


def test_before_sdtmig_3_4_cells_and_antibodies_go_elsewhere(older: Build) -> None:
    new = _built()
    assert sorted(set(new.datasets) ^ set(older.datasets)) == ["CP"]

    def tests(built: Build, name: str) -> set[str]:
        return {one[f"{name}TESTCD"] for one in _records(name, built)}

    assert tests(new, "IS") == {"ADA_BAB", "ADA_NAB", "ATAB", "MBIGGAB"}
    assert tests(older, "IS") == {"ADA_BAB", "ADA_NAB"}
    assert tests(older, "LB") - tests(new, "LB") == {"DDNAIGAB", "ANA", "CD4TLY", "TREGCD4", "NKLY"}
    assert tests(older, "MB") - tests(new, "MB") == {"EBVCAIGG"}
    assert "ISBDAGNT" in new.datasets["IS"].frame.columns
    assert "ISBDAGNT" not in older.datasets["IS"].frame.columns
    # no result is lost on the way: the same number of findings, wherever they stand
    findings = ("LB", "IS", "MB", "CP")
    counts = [
        sum(len(one.datasets[name]) for name in findings if name in one.datasets) for one in (new, older)
    ]
    assert counts[0] == counts[1]


# -- identity ---------------------------------------------------------------------------------------------------------


def test_no_hospital_number_and_no_initials_reach_any_output(tmp_path: Path) -> None:
    secrets = {row[name] for row in _raw("demog.csv") for name in ("住院号", "姓名缩写")}
    assert len(secrets) == 66
    out = tmp_path / "out"
    write_build(_built(), standard("SDTMIG 3.4", "2025-03-28"), out)
    searched = 0
    for path in out.rglob("*"):
        if not path.is_file():
            continue
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            content = "\n".join(str(column.to_pylist()) for column in table.columns) + str(table.schema)
        else:
            content = path.read_bytes().decode("latin-1")
        assert [one for one in secrets if one in content] == [], path.name
        searched += 1
    assert searched > 60
