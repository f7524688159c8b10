"""What users get wrong, and what ``sdtm-il2 check`` says: one mistake in a good study, and all that is printed.

``cases/lint.yaml`` holds the cases, one document each, on the good study of ``cases/bad_inputs/study``:

    what     the mistake, in a few words
    change   {file: {old: new}}: text that is replaced; `old` stands in the file exactly once
    files    {file: text}: files that are added
    raw      true: the raw files are read too (``check --raw``)
    exit     the exit code
    message  all that is printed
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sdtm_il2.cli import main
from sdtm_il2.errors import catalogue

ROOT = Path(__file__).parent / "cases"
CASES = list(yaml.safe_load_all((ROOT / "lint.yaml").read_text(encoding="utf-8")))
KEYS = {"what", "change", "files", "raw", "exit", "message"}
CODES = sorted({code for case in CASES for code in re.findall(r": ([A-Z]+[0-9]{3})[ :]", case["message"])})


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_lint(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(case) <= KEYS
    study = shutil.copytree(ROOT / "bad_inputs" / "study", tmp_path / "study")
    for name, changes in case["change"].items():
        text = (study / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        (study / name).write_text(text, encoding="utf-8")
    for name, text in case.get("files", {}).items():
        (study / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(study)
    before = sorted(study.rglob("*"))
    done = CliRunner().invoke(main, ["check", ".", *(["--raw", "."] if case.get("raw") else [])])
    assert done.output == case["message"]
    assert done.exit_code == case["exit"]
    assert sorted(study.rglob("*")) == before


def test_the_study_itself_has_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "bad_inputs" / "study")
    done = CliRunner().invoke(main, ["check", ".", "--raw", "."])
    assert (done.exit_code, done.output) == (0, "no issues\n")


@pytest.mark.parametrize("code", CODES)
def test_explain_says_why_and_what_to_do(code: str) -> None:
    done = CliRunner().invoke(main, ["explain", code])
    one = catalogue()[code]
    assert done.exit_code == 0
    printed = " ".join(done.output.split())
    assert f"{code}" in printed
    assert one.title in printed
    assert " ".join(one.page.split()) in printed
    assert len(re.findall(r"[.!?](?: |$)", one.page)) >= 2, "a page has two sentences at least"
