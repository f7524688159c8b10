"""The command on codes, standards and files, and the command itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sdtm_il2
from cli_study import folder, run

__all__ = ["folder"]  # the fixture that the tests ask for by name


# ---- explain, standards, files ---------------------------------------------------------------------------


def test_explain_prints_a_page() -> None:
    done = run("explain", "spec100")
    assert done.stdout.startswith("SPEC100 (error): ")
    assert done.exit_code == 0


def test_explain_of_an_unknown_code_names_the_nearest() -> None:
    done = run("explain", "DATA81")
    assert done.exit_code == 2
    assert "there is no issue code 'DATA81'; did you mean DATA8" in done.stderr
    assert "Codes are such as DATA801." in run("explain", "???").stderr


def test_standards_are_listed_and_shown() -> None:
    assert [line.split("  ")[0] for line in run("standards", "list").stdout.splitlines()[1:5]] == [
        "SDTMIG 3.2",
        "SDTMIG 3.3",
        "SDTMIG 3.4",
        "SDTM CT 2025-03-28",
    ]
    assert run("standards", "show", "AE.AESEV").stdout == (
        "AE.AESEV: Severity/Intensity\n"
        "  Type: Char\n"
        "  Role: Record Qualifier\n"
        "  Core: Perm\n"
        "  Defined by: SDTMIG 3.4\n"
        "\n"
        "Codelist  Short name  Name                                         Extensible\n"
        "C66769    AESEV       Severity/Intensity Scale for Adverse Events  no\n"
    )
    assert run("standards", "show", "AE").stdout.startswith("AE: Adverse Events\n  Class: EVENTS\n")
    assert "MODERATE" in run("standards", "show", "C66769", "--ig", "3.3").stdout


def test_an_unknown_name_of_the_standard() -> None:
    done = run("standards", "show", "AESEVX")
    assert done.exit_code == 2
    assert "hint: nearest: AESEV" in done.stderr


def test_an_imported_release_is_listed_and_used(folder: Path) -> None:
    (folder / "SDTM Terminology 2031-01-31.csv").write_text(
        "codelist_code,term_code,extensible,codelist_name,submission_value,synonyms,preferred_term\n"
        "C99999,,N,Mood,MOOD,,CDISC SDTM Mood Terminology\n"
        "C99999,C99998,,Mood,GOOD,,Good\n"
    )
    done = run("standards", "import", "SDTM Terminology 2031-01-31.csv")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("SDTM CT 2031-01-31: 1 codelists, 1 terms, read as ")
    assert done.stdout.splitlines()[0].endswith("written to standards/sdtm-ct-2031-01-31.zip")
    assert "SDTM CT 2031-01-31" in run("standards", "list").stdout
    shown = run("standards", "show", "MOOD", "--ct", "2031-01-31").stdout
    assert shown.startswith("MOOD (C99999): Mood\n")


def test_xpt_files_are_shown_and_checked(folder: Path) -> None:
    run("build", "study")
    lines = run("xpt", "show", "out/dm.xpt").stdout.splitlines()
    assert lines[0] == "DM: Demographics"
    assert lines[5] == "Variable  Type  Length  Used  Format  Label"
    assert lines[6] == "STUDYID   Char       3     3          Study Identifier"
    done = run("xpt", "check", "out/dm.xpt", "out/ae.xpt")
    assert (done.stdout, done.exit_code) == ("no issues\n", 0)
    Path("cut.xpt").write_bytes(Path("out/dm.xpt").read_bytes()[:-100])
    cut = run("xpt", "check", "out/dm.xpt", "cut.xpt")
    assert cut.stdout.startswith("Errors\ncut.xpt: XPT6")
    assert cut.exit_code == 1


def test_an_unknown_encoding(folder: Path) -> None:
    run("build", "study")
    done = run("xpt", "show", "out/dm.xpt", "--encoding", "klingon")
    assert done.exit_code == 2
    assert "XPT650" in done.stderr


def test_define_files_are_checked_and_rendered(folder: Path) -> None:
    run("build", "study")
    assert run("define", "check", "out/define.xml").exit_code == 0
    done = run("define", "html", "out/define.xml", "--out", "page.html")
    assert (done.stdout, done.exit_code) == ("written to page.html\n", 0)
    assert (folder / "page.html").read_bytes() == (folder / "out" / "define.html").read_bytes()
    (folder / "broken.xml").write_text("<ODM><Study></ODM>")
    assert run("define", "html", "broken.xml", "--out", "page.html").exit_code == 2
    assert (folder / "page.html").read_bytes() == (folder / "out" / "define.html").read_bytes()
    broken = run("define", "check", "broken.xml")
    assert broken.stdout.startswith("Errors\nbroken.xml:1: DEF702: ")
    assert broken.exit_code == 1
    refused = run("define", "html", "out/define.xml", "--out", "no/such/folder/page.html")
    assert refused.exit_code == 2
    # the file is named as it was asked for, not the one beside it that is written first
    assert re.search(r"OUT990: \S*no/such/folder/page\.html: No such file or directory\n", refused.stderr)


# ---- the command itself ----------------------------------------------------------------------------------


def test_version_and_help() -> None:
    assert run("--version").stdout == f"sdtm-il2, version {sdtm_il2.__version__}\n"
    for arguments in ([], ["build"], ["check"], ["trace"], ["explain"], ["standards"], ["xpt"], ["define"]):
        shown = run(*arguments, "-h")
        assert shown.exit_code == 0
        assert max(map(len, shown.stdout.splitlines())) <= 80
        assert "..." not in shown.stdout.replace("[ARGS]...", "").replace("FILES...", "")


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--version"], []),
        (["build", "--help"], []),
        (["explain", "DATA801"], []),
        (["standards", "show", "AE"], []),
        (["check", "study"], ["jsonschema", "yaml"]),
    ],
    ids=lambda given: " ".join(given),
)
def test_what_reads_no_data_loads_no_library_of_data(
    folder: Path, arguments: list[str], needed: list[str]
) -> None:
    code = (
        "import sys; from sdtm_il2.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code in (None, 0), end.code\n"
        "slow = {'pandas', 'pyarrow', 'numpy', 'lxml', 'rich.console', 'jsonschema', 'yaml', 'openpyxl', 'pypdf'}\n"
        "print(*sorted(slow & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=folder
    )
    assert done.stdout.splitlines()[-1].split() == needed


def test_one_kind_of_file_is_read_without_what_reads_a_specification() -> None:
    code = (
        "import sys, sdtm_il2.sources.odm; print(*sorted({'jsonschema', 'yaml', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_it_runs_as_a_module_and_prints_no_escapes_into_a_pipe(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sdtm_il2", "build", "study"], capture_output=True, check=True, cwd=folder
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stderr == b""


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sdtm_il2", "standards", "show", "LBTESTCD"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
