"""`sdtm-il2 build` on a good study with one thing broken: the whole message, the exit code, nothing half-written.

Each file in ``cases/bad_inputs`` is one case; ``cases/bad_inputs/study`` is the good study, which builds without
an issue. Keys of a case:

    what       what is broken, in a sentence
    unmet      why the product does not yet print `message`; the case then must fail, and the key goes when it passes
    change     {file: {old: new}}: text of the good study that is replaced; `old` stands in the file exactly once
    repeat     {file: {mark: [text, times]}}: a mark that stands once becomes a text so many times
    files      {file: text}: files that are added, or replaced as a whole
    remove     [file]
    encoding   {file: name}: the encoding in which a file is written (default: utf-8)
    bytes      {file: number}: the file is cut after so many bytes
    links      {file: target}: a symbolic link
    command    another command than build, with all its arguments; it changes no file
    arguments  more arguments of the command (default: --quiet); --out is added unless it is given
    exit       the exit code
    message    all that is printed: on stderr for exit 2, else on stdout
    written    {dataset: {variable: [text, ..]}}: what the datasets hold, where the output is written

Paths are relative to the study folder, those of `command` to the folder above it, which holds the
study and the output.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from sdtm_il2.cli import main
from sdtm_il2.xpt import read_xpt
from study import texts

CASES = Path(__file__).parent / "cases" / "bad_inputs"
KEYS = {
    "what", "unmet", "change", "repeat", "files", "remove", "encoding", "bytes", "links", "command", "arguments",
    "exit", "message", "written",
}  # fmt: skip


def hashes(folder: Path) -> dict[str, str]:
    """Every file and folder with the hash of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


def run(work: Path, arguments: list[str]) -> Result:
    """The command in the folder that holds the study and the output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        return CliRunner().invoke(main, arguments, prog_name="sdtm-il2")


def command(case: Mapping[str, Any]) -> list[str]:
    """The command of a case with its arguments."""
    if "command" in case:
        return list(case["command"])
    arguments = case.get("arguments", ["--quiet"])
    return ["build", "study", *([] if "--out" in arguments else ["--out", "out"]), *arguments]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the good study and its output."""
    work = tmp_path_factory.mktemp("good") / "work"
    shutil.copytree(CASES / "study", work / "study")
    result = run(work, ["build", "study", "--out", "out", "--quiet", "--verbose"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "no issues\n", "")
    return work


def break_study(study: Path, case: Mapping[str, Any]) -> None:
    """Apply what the case changes."""
    content = dict(case.get("files", {}))
    for name, changes in case.get("change", {}).items():
        text = (study / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
            text = text.replace(old, new)
        content[name] = text
    for name, marks in case.get("repeat", {}).items():
        text = content[name] if name in content else (study / name).read_text(encoding="utf-8")
        for mark, (part, times) in marks.items():
            assert text.count(mark) == 1, f"{mark!r} stands {text.count(mark)} times in {name}"
            text = text.replace(mark, part * times)
        content[name] = text
    for name, text in content.items():
        path = study / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(case.get("encoding", {}).get(name, "utf-8")))
    for name in case.get("remove", []):
        (study / name).unlink()
    for name, size in case.get("bytes", {}).items():
        (study / name).write_bytes((study / name).read_bytes()[:size])
    for name, target in case.get("links", {}).items():
        (study / name).unlink(missing_ok=True)
        (study / name).symlink_to(target)


def load(path: Path) -> Any:
    """A case as a parameter of the test."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    marks = [pytest.mark.xfail(reason=case["unmet"], strict=True)] if "unmet" in case else []
    return pytest.param(case, id=path.stem, marks=marks)


@pytest.mark.parametrize("case", [load(path) for path in sorted(CASES.glob("*.yaml"))])
def test_bad_input(case: dict[str, Any], good: Path, tmp_path: Path) -> None:
    assert case.keys() <= KEYS
    work = tmp_path / "work"
    shutil.copytree(good, work)
    break_study(work / "study", case)
    before = hashes(work)
    result = run(work, command(case))
    code = case["exit"]
    printed = (result.stdout, result.stderr)
    assert printed == (("", case["message"]) if code == 2 else (case["message"], ""))
    assert result.exit_code == code
    after = hashes(work)
    if code == 2 or "command" in case:
        assert after == before
        return
    arguments = command(case)
    out = arguments[arguments.index("--out") + 1]
    assert {name: text for name, text in after.items() if not f"{name}/".startswith(f"{out}/")} == {
        name: text for name, text in before.items() if not f"{name}/".startswith(f"{out}/")
    }
    assert after[f"{out}/manifest.json"] != before.get(f"{out}/manifest.json")
    for dataset, variables in case.get("written", {}).items():
        frame = read_xpt(work / out / f"{dataset.lower()}.xpt").dataset.frame
        assert {name: texts(frame[name]) for name in variables} == variables


def test_every_case_is_named_once() -> None:
    what = [yaml.safe_load(path.read_text(encoding="utf-8"))["what"] for path in sorted(CASES.glob("*.yaml"))]
    assert len(set(what)) == len(what) >= 120
