"""The pages of docs/howto: their files build, without errors, the datasets that stand on them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli_study import run
from study import ROOT, build_folder, cells, read_rows, write_files

FOLDER = ROOT / "docs" / "howto"
PAGES = sorted(path.name for path in FOLDER.glob("*.md") if path.name != "README.md")
BLOCK = re.compile(
    r"(?:<!-- (?P<kind>file|dataset|trace|diff): (?P<name>[^>]+) -->\n)?^```\w*\n(?P<text>.*?)^```$",
    re.M | re.S,
)


def files_of(page: str) -> dict[str, str]:
    """The files on a page: after a comment, or with their name in the first line."""
    found = {}
    for block in BLOCK.finditer((FOLDER / page).read_text(encoding="utf-8")):
        first = re.match(r"# file: (\S+)\n", block["text"])
        if block["kind"] == "file":
            found[block["name"]] = block["text"]
        elif first:
            found[first[1]] = block["text"]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_builds_the_datasets_that_it_shows(page: str, tmp_path: Path) -> None:
    files = files_of("README.md") | files_of(page)
    shown = [
        one for one in BLOCK.finditer((FOLDER / page).read_text(encoding="utf-8")) if one["kind"] == "dataset"
    ]
    assert shown
    for block in shown:
        name, _, release = block["name"].partition(" in ")
        study = files["study.yaml"].replace("SDTMIG 3.4", release or "SDTMIG 3.4")
        built = build_folder(write_files(tmp_path / (release or "as written"), files | {"study.yaml": study}))
        assert [str(one) for one in built.issues if one.severity.value == "error"] == []
        header, rows = read_rows(block["text"])
        assert cells(built.datasets[name], header) == rows
        if release:
            assert "IS" not in built.datasets


@pytest.mark.parametrize("page", PAGES)
def test_a_page_prints_the_traces_that_it_shows(page: str, tmp_path: Path) -> None:
    shown = [
        one for one in BLOCK.finditer((FOLDER / page).read_text(encoding="utf-8")) if one["kind"] == "trace"
    ]
    if not shown:
        return
    write_files(tmp_path / "study", files_of("README.md") | files_of(page))
    assert run("build", str(tmp_path / "study"), "--out", str(tmp_path / "out")).exit_code == 0
    for block in shown:
        assert run("trace", str(tmp_path / "out"), *block["name"].split()).stdout == block["text"]


def test_the_list_names_every_page() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\((\S+\.md)\)", text)) == PAGES
