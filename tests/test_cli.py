"""The command on a study: exact texts, exit codes, and what a failed run leaves behind."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest

import sdtm_il2
from cli_study import FAULTY, STUDY, files, folder, run
from sdtm_il2.cli.workers import mapper
from sdtm_il2.errors import Location, OutputError, issue

__all__ = ["folder"]  # the fixture that the tests ask for by name


def faults() -> str:
    """What the faulty raw file gives: the messages themselves are those of the catalogue."""
    severity = issue(
        "DATA801",
        "AE.AESEV",
        Location("ae.yaml", 8),
        count=1,
        first=Location("raw/ae.csv", 5),
        values=[("Ghastly", 1)],
        codelist="AESEV",
    )
    return (
        f"Errors\n{severity.text()}\n"
        "study.yaml:8: SRC323 ae: 1 record without a subject, first at raw/ae.csv:6\n"
        "  hint: fill ID in the export, or list the records under not_submitted: rows:\n"
        "\n"
        "2 errors, 2 notes\n"
    )


# ---- build ---------------------------------------------------------------------------------------------


def test_build_prints_datasets_balance_issues_and_where_results_are(folder: Path) -> None:
    done = run("build", "study")
    written = len(files(folder / "out")) - 1  # the manifest does not list itself
    assert done.stdout == (
        "S-1: SDTMIG 3.4, SDTM CT 2025-03-28\n"
        "\n"
        "Dataset  Records  Variables  Label\n"
        "DM             2         24  Demographics\n"
        "AE             2         24  Adverse Events\n"
        "\n"
        "                                       Not       No\n"
        "Source  Read  Built  Superseded  submitted  subject  Unclaimed\n"
        "dm         2      2           0          0        0          0\n"
        "ae         4      2           1          1        0          0\n"
        "  1 not submitted: before the first dose\n"
        "total      6      4           1          1        0          0\n"
        "\n"
        "                         Iden-        Not         Row not      Un-\n"
        "Source  Cells  Mapped  tifying  submitted  Empty    built  claimed\n"
        "dm          6       4        0          2      0        0        0\n"
        "ae         28       8        6          0      0       14        0\n"
        "total      34      12        6          2      0       14        0\n"
        "\n"
        "2 notes\n"
        "\n"
        f"written to out: {written} files; issues.txt has every issue\n"
    )
    assert done.stderr == ""
    assert done.exit_code == 0


def test_build_writes_the_files_of_a_submission(folder: Path) -> None:
    assert run("build", "study/study.yaml", "--out", "here", "--quiet").stdout == "2 notes\n"
    names = set(files(folder / "here"))
    assert {"dm.xpt", "ae.xpt", "define.xml", "define.html", "issues.txt", "balance.json"} <= names
    held = json.loads((folder / "here" / "balance.json").read_text(encoding="utf-8"))
    assert [(one["source"], one["read"], one["built"]) for one in held["sources"]] == [
        ("dm", 2, 2),
        ("ae", 4, 2),
    ]


def test_raw_files_may_lie_elsewhere(folder: Path) -> None:
    (folder / "exports").mkdir()
    (folder / "study" / "raw").rename(folder / "exports" / "raw")
    assert run("build", "study", "--raw", "exports").exit_code == 0


def test_issues_of_data_end_with_1_and_the_output_is_written(folder: Path) -> None:
    (folder / "study/raw/ae.csv").write_text(FAULTY, encoding="utf-8")
    done = run("build", "study", "--quiet")
    assert done.stdout == faults()
    assert done.exit_code == 1
    assert json.loads((folder / "out" / "issues.json").read_text(encoding="utf-8"))["counts"]["error"] == 2


def test_verbose_prints_notes(folder: Path) -> None:
    done = run("build", "study", "--quiet", "--verbose")
    lines = done.stdout.splitlines()
    assert lines[0] == "Notes"
    assert lines[1].startswith("ae.yaml:1: PLAN411 AE: SDTMIG 3.4 expects AELLT, ")
    assert lines[1].endswith(", which nothing maps: present without values")
    assert lines[-1] == "2 notes"


@pytest.mark.parametrize(
    ("fail_on", "faulty", "code"),
    [
        ("error", True, 1),
        ("warning", True, 1),
        ("note", True, 1),
        ("never", True, 0),
        ("error", False, 0),
        ("warning", False, 0),
        ("note", False, 1),
    ],
)
def test_fail_on_decides_the_exit_code(folder: Path, fail_on: str, faulty: bool, code: int) -> None:
    if faulty:
        (folder / "study/raw/ae.csv").write_text(FAULTY, encoding="utf-8")
    assert run("build", "study", "--quiet", "--fail-on", fail_on).exit_code == code


def test_values_and_names_of_subjects_are_printed_on_request_only(folder: Path) -> None:
    (folder / "study/raw/ae.csv").write_text(FAULTY, encoding="utf-8")
    silent = run("build", "study", "--verbose")
    assert "Ghastly" not in silent.output
    assert "Example" not in silent.output
    asked = run("build", "study", "--show-values")
    assert "  values: 'Ghastly' (1)\n" in asked.stdout
    for name in ("issues.txt", "issues.json"):
        assert "Ghastly" not in (folder / "out" / name).read_text(encoding="utf-8")


def test_processes_give_the_same_bytes(folder: Path) -> None:
    assert run("build", "study", "--out", "one").exit_code == 0
    assert run("build", "study", "--out", "two", "--processes", "2").exit_code == 0
    assert files(folder / "one") == files(folder / "two")


def test_a_process_that_dies_is_said_in_words() -> None:
    with pytest.raises(OutputError) as caught, mapper(2) as share:
        list(share(os._exit, [9]))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "OUT991: a process was ended or had no memory left\n"
        "  hint: use fewer --processes, or close other programs"
    )


# ---- input to fix: 2, and the old output is as it was -----------------------------------------------------


def test_a_study_that_is_not_there(folder: Path) -> None:
    done = run("build", "nowhere")
    assert done.stderr == (
        "Errors\nSPEC100: there is no file nowhere\n  hint: name study.yaml or its folder\n\n1 error\n"
    )
    assert done.stdout == ""
    assert done.exit_code == 2
    assert not (folder / "out").exists()


def test_all_problems_of_a_specification_are_printed_at_once(folder: Path) -> None:
    for name, right, wrong in [("ae.yaml", "{assign: TERM}", "{asign: TERM}"), ("dm.yaml", "keys:", "kies:")]:
        path = folder / "study" / name
        path.write_text(path.read_text().replace(right, wrong))
    done = run("build", "study")
    assert done.exit_code == 2
    assert (
        "ae.yaml:6: SPEC180: unknown key 'asign' in a variable\n  hint: did you mean 'assign'?\n"
        in done.stderr
    )
    assert "ae.yaml:7: SPEC180: unknown key 'asign' in a variable\n" in done.stderr
    assert "dm.yaml:2: SPEC180: unknown key 'kies' in a domain file\n" in done.stderr


def test_a_wrong_raw_file_leaves_the_old_output_whole(folder: Path) -> None:
    assert run("build", "study").exit_code == 0
    before = files(folder / "out")
    (folder / "study/raw/ae.csv").write_bytes(b"PK\x03\x04 a workbook by the look of it")
    (folder / "study/raw/dm.csv").unlink()
    done = run("build", "study")
    assert done.exit_code == 2
    assert "study.yaml:5: SRC302 dm: raw/dm.csv is not in the raw folder\n" in done.stderr
    assert (
        "study.yaml:6: SRC341 ae: raw/ae.csv is read as text, but is an Excel workbook or zip archive by its content"
        in done.stderr
    )
    assert done.stderr.endswith("\n\n2 errors\n")
    assert files(folder / "out") == before
    assert sorted(path.name for path in folder.iterdir()) == ["out", "study"]


def test_a_column_that_is_not_there(folder: Path) -> None:
    (folder / "study/raw/ae.csv").write_text(STUDY["raw/ae.csv"].replace("SEVERITY", "SEVERTIY"))
    done = run("build", "study")
    assert done.exit_code == 2
    assert "ae.yaml:8: SPEC140 AE.AESEV: " in done.stderr
    assert "did you mean 'SEVERTIY'?" in done.stderr


def test_a_folder_of_somebody_else_is_not_touched(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "thesis.txt").write_text("mine")
    done = run("build", "study")
    assert done.exit_code == 2
    assert "OUT901: out exists and was not written by a build (it has no manifest.json)\n" in done.stderr
    assert files(folder / "out") == {"thesis.txt": b"mine"}


@pytest.mark.parametrize("where", ["sdtm_il2.check.inputs.read_raw", "sdtm_il2.output.write_lineage"])
def test_ctrl_c_ends_with_130_and_leaves_the_old_output_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    assert run("build", "study").exit_code == 0
    before = files(folder / "out")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupt)
    done = run("build", "study")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "interrupted\n")
    assert files(folder / "out") == before
    assert sorted(path.name for path in folder.iterdir()) == ["out", "study"]


def test_a_full_disk_is_not_our_bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "big.parquet")

    monkeypatch.setattr("sdtm_il2.check.inputs.read_raw", fill)
    done = run("build", "study")
    assert done.stderr == (
        "Errors\n"
        "OUT990: big.parquet: No space left on device\n"
        "  hint: check that it exists, that you may read or write it, and that the disk has room\n"
        "\n"
        "1 error\n"
    )
    assert done.exit_code == 2


def test_no_memory_is_not_our_bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("sdtm_il2.check.inputs.read_raw", exhaust)
    done = run("build", "study")
    assert "OUT991: a process was ended or had no memory left\n" in done.stderr
    assert done.exit_code == 2


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("division"), FileNotFoundError(2, "No such file", "OURS"), KeyError("AE")]
)
def test_a_bug_of_ours_ends_with_3_and_asks_for_a_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    if isinstance(error, FileNotFoundError):
        error.filename = str(Path(sdtm_il2.__file__).parent / "data" / "gone.csv")

    def fail(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr("sdtm_il2.check.inputs.read_raw", fail)
    done = run("build", "study")
    assert done.exit_code == 3
    assert done.stdout == ""
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.splitlines()[-1] == (
        f"sdtm-il2 {sdtm_il2.__version__}: this is a bug of sdtm-il2, not of your input; please report it with "
        "the lines above (they may hold values of subjects: look before you send them)"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "study", "--raw", "nowhere"],
        ["build", "study", "--processes", "0"],
        ["build", "study", "--fail-on", "sometimes"],
        ["no-such-verb"],
        ["trace", "nowhere", "AE", "S-1-001", "1"],
        ["xpt", "show", "nowhere.xpt"],
        ["define", "check", "nowhere.xml"],
        ["standards", "import", "nowhere.txt"],
    ],
)
def test_a_wrong_command_line_ends_with_2(folder: Path, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Error: " in done.stderr


# ---- check -----------------------------------------------------------------------------------------------


def test_check_of_a_specification_needs_no_raw_files(folder: Path) -> None:
    for path in (folder / "study" / "raw").iterdir():
        path.unlink()
    done = run("check", "study")
    assert (done.stdout, done.exit_code) == ("2 notes\n", 0)


def test_check_prints_specification_and_raw_files_at_once(folder: Path) -> None:
    path = folder / "study" / "ae.yaml"
    path.write_text(path.read_text().replace("  AEDECOD: {assign: TERM}\n", ""))
    (folder / "study/raw/ae.csv").write_text(FAULTY, encoding="utf-8")
    done = run("check", "study", "--raw", "study")
    assert done.stdout == (
        "Errors\n"
        "ae.yaml:1: PLAN410 AE: SDTMIG 3.4 requires AEDECOD, which nothing maps\n"
        "  hint: map them in the domain file, or state them in the table of tests\n"
        "study.yaml:8: SRC323 ae: 1 record without a subject, first at raw/ae.csv:6\n"
        "  hint: fill ID in the export, or list the records under not_submitted: rows:\n"
        "\n"
        "2 errors, 2 notes\n"
    )
    assert done.exit_code == 2


def test_check_of_data_that_have_issues_ends_with_1(folder: Path) -> None:
    (folder / "study/raw/ae.csv").write_text(FAULTY, encoding="utf-8")
    assert run("check", "study", "--raw", "study").exit_code == 1
    assert run("check", "study", "--raw", "study", "--fail-on", "never").exit_code == 0


def test_check_of_columns(folder: Path) -> None:
    (folder / "study/raw/ae.csv").write_text(STUDY["raw/ae.csv"].replace("SEVERITY", "SEVERTIY"))
    done = run("check", "study", "--raw", "study")
    assert "ae.yaml:8: SPEC140 AE.AESEV: " in done.stdout
    assert done.exit_code == 2


# ---- trace -----------------------------------------------------------------------------------------------


def test_trace_goes_back_to_the_raw_cell(folder: Path) -> None:
    run("build", "study")
    done = run("trace", "out", "ae", "S-1-001", "1", "aesev")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "AE S-1-001 AESEQ 1"
    for part in ("raw/ae.csv:3", "SEVERITY = 'Severe'", "ae.yaml:8", "AESEV = 'SEVERE'"):
        assert part in done.stdout


def test_trace_without_a_sequence_number(folder: Path) -> None:
    run("build", "study")
    done = run("trace", "out", "DM", "S-1-002", "SEX")
    assert done.stdout.splitlines()[0] == "DM S-1-002"
    assert "raw/dm.csv:3" in done.stdout
    assert run("trace", "out", "DM", "S-1-002", "one", "SEX").exit_code == 2


def test_trace_of_a_record_that_is_not_there(folder: Path) -> None:
    run("build", "study")
    done = run("trace", "out", "AE", "S-1-001", "7")
    assert done.exit_code == 2
    assert (
        "OUT911 AE: 0 records with this USUBJID and --SEQ 7\n  hint: the subject has 1 there; give"
        in done.stderr
    )
    # the collected number is not USUBJID; what nothing is near gets no guess
    assert "hint: did you mean S-1-001? give the USUBJID" in run("trace", "out", "AE", "001", "1").stderr
    assert "hint: give the USUBJID" in run("trace", "out", "AE", "zzz", "1").stderr


def test_files_bear_the_time_that_is_asked_for(folder: Path) -> None:
    def dated(*options: str) -> tuple[str, bytes]:
        assert run("build", "study", *options).exit_code == 0
        define = (Path("out") / "define.xml").read_text(encoding="utf-8")
        return define.split('CreationDateTime="')[1].split('"')[0], (Path("out") / "dm.xpt").read_bytes()

    assert dated()[0] == "1970-01-01T00:00:00"
    time, content = dated("--created", "2025-06-30T12:00:00")
    assert (time, b"30JUN25:12:00:00" in content) == ("2025-06-30T12:00:00", True)
    assert dated("--created", "2025-06-30T20:00:00+08:00") == (time, content)  # in UTC
    before = dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
    now = dt.datetime.fromisoformat(dated("--created", "now")[0])
    assert before <= now <= dt.datetime.now(dt.UTC).replace(tzinfo=None)
    # the time that the manifest holds gives the same bytes again
    held = json.loads((Path("out") / "manifest.json").read_text(encoding="utf-8"))
    again = (Path("out") / "manifest.json").read_bytes()
    dated("--created", held["created"])
    assert (Path("out") / "manifest.json").read_bytes() == again


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("today", "'today' is neither now nor a time as 2025-06-30T12:00:00"),
        ("", "'' is neither now nor a time as 2025-06-30T12:00:00"),
        ("2025-02-30", "'2025-02-30' is neither now nor a time as 2025-06-30T12:00:00"),
        ("1959-12-31", "'1959-12-31' is no year from 1960 to 2059"),
        ("2060-01-01", "'2060-01-01' is no year from 1960 to 2059"),
    ],
)
def test_a_time_that_is_none_is_refused(value: str, words: str, folder: Path) -> None:
    done = run("build", "study", "--created", value)
    assert done.exit_code == 2
    assert done.stderr.endswith(f"Error: Invalid value for '--created': {words}\n")
    assert not Path("out").exists()
