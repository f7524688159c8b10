"""What README and docs/ say is run: specification blocks become files, commands print what stands below them.

In a document, in order: a fenced block whose first line is ``# file: PATH`` (or after ``<!-- file: PATH -->``)
becomes that file; in a ``console`` block each line after ``$`` is run and its output compared, where a line
``...`` stands for any lines; ``python`` blocks with prompts run as doctests.

In docs/language.md every example is built: see `Example`.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from study import build_study, cells, read_rows

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "examples/quickstart/README.md",
    "examples/nct02932137/README.md",
    "docs/tutorial.md",
    "docs/first-study.md",
    "docs/outputs.md",
)
LANGUAGE = "docs/language.md"
FENCE = re.compile(
    r"(?:<!-- file: (?P<comment>\S+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its kind, the file that it is (or ""), and its text."""

    kind: str
    file: str
    text: str
    line: int


def blocks(document: str) -> Iterator[Block]:
    text = (ROOT / document).read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        first = re.match(r"# file: (\S+)\n", found["text"])
        file = found["comment"] or (first[1] if first else "")
        yield Block(found["kind"], file, found["text"], text.count("\n", 0, found.start()) + 1)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def run(command: str, folder: Path) -> tuple[str, int]:
    words = shlex.split(command)
    assert words[0] == "sdtm-il2", command
    environment = {**os.environ, "PYTHONUTF8": "1", "COLUMNS": "80"}
    environment.pop("SOURCE_DATE_EPOCH", None)
    done = subprocess.run(
        [sys.executable, "-m", "sdtm_il2", *words[1:]], cwd=folder, env=environment, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120,
    )  # fmt: skip
    return done.stdout, done.returncode


def same(expected: str, found: str) -> bool:
    """Equal but for trailing blanks; a line ``...`` stands for any lines."""
    pieces = re.split(
        r"^\.\.\.\n",
        "".join(f"{line.rstrip()}\n" for line in expected.strip("\n").splitlines()),
        flags=re.MULTILINE,
    )
    pattern = r"(?:.*\n)*?".join(re.escape(piece) for piece in pieces)
    return (
        re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in found.strip("\n").splitlines()))
        is not None
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with the quickstart in it, as in a clone."""
    shutil.copytree(ROOT / "examples" / "quickstart", tmp_path / "examples" / "quickstart")
    shutil.copytree(
        ROOT / "src" / "sdtm_il2" / "data" / "schemas", tmp_path / "src" / "sdtm_il2" / "data" / "schemas"
    )
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_does_what_it_says(document: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if "nct02932137" in document:
        for study in ("examples/nct02932137", "mappings/nct02932137"):
            shutil.copytree(ROOT / study, folder / study)
    code = 0
    for block in blocks(document):
        place = f"{document}:{block.line}"
        if block.file:
            path = folder / block.file
            assert path.resolve().is_relative_to(folder), place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8", newline="")
        elif block.kind == "console":
            for command, expected in commands(block.text):
                if command == "echo $?":
                    assert expected.strip() == str(code), place
                    continue
                found, code = run(command, folder)
                assert same(expected, found), (
                    f"{place}: {command}\n--- expected\n{expected}\n--- found\n{found}"
                )
        elif block.kind == "python":
            test = doctest.DocTestParser().get_doctest(block.text, {}, place, document, block.line)
            assert test.examples, place
            failures: list[str] = []
            doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=failures.append)
            assert not failures, "".join(failures)
        elif block.kind == "yaml":
            yaml.safe_load(block.text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_specification_of_a_document_can_be_built(document: str, folder: Path) -> None:
    for block in blocks(document):
        if block.file and not block.file.startswith("examples/quickstart/raw/"):
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8", newline="")
    for study in sorted(one for one in folder.rglob("study.yaml") if one.parent.name != "define"):
        own = study.parent.parent / "raw"
        raw = own if own.is_dir() else folder / "examples" / "quickstart"
        found, code = run(
            f"sdtm-il2 build {shlex.quote(str(study))} --raw {shlex.quote(str(raw))} --out out/{study.parent.name} --quiet",
            folder,
        )
        assert code == 0, f"{study}\n{found}"


@pytest.mark.parametrize("document", [*DOCUMENTS, LANGUAGE])
def test_links_between_pages_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text):
        if "://" not in target:
            assert (ROOT / document).parent.joinpath(target).exists(), f"{document}: {target}"


def test_files_that_the_quickstart_page_quotes_are_the_files() -> None:
    """The excerpts in the tutorial are lines of the example, not a version of it."""
    for document in ("docs/tutorial.md", "examples/quickstart/README.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        quoted = re.findall(r"<!-- from: (\S+) -->\n```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        for name, excerpt in quoted:
            encoding = "gb18030" if name.endswith("elisa.csv") else "utf-8"
            held = (ROOT / name).read_text(encoding=encoding).splitlines()
            for line in excerpt.splitlines():
                assert line == "..." or line in held, f"{document}: {name}: {line}"


# ---- docs/language.md --------------------------------------------------------------------------------------

#: Where a file, or the records of a dataset with the codes of all issues, begin within a fenced block.
PART = re.compile(
    r"^# (?:(?P<file>[\w./-]+\.(?:yaml|csv|txt|xml))(?P<frame> \(frame\))?"
    r"|(?P<dataset>[A-Z]{2,8})(?: \((?P<codes>[^)]+)\))?)\n",
    re.MULTILINE,
)
#: Issues about what a small example leaves out: expected variables, unread columns, unused rows of tables.
COVERAGE = ("PLAN411", "PLAN412", "DATA851", "DATA852", "SRC326")


@dataclass(slots=True)
class Example:
    """One example: its files, the records that come out of it, and the codes of its issues.

    Fenced blocks hold parts that begin with ``# NAME.yaml`` or ``# DATASET (CODES)``. YAML files are laid over
    the frames of the page, key by key; a list replaces a list. An example ends with its datasets.
    """

    line: int
    files: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)


def _examples() -> tuple[dict[str, Any], list[Example]]:
    frames: dict[str, Any] = {}
    found: list[Example] = []
    for block in blocks(LANGUAGE):
        begins = [*PART.finditer(block.text)]
        assert begins, f"{LANGUAGE}:{block.line}: a fenced block without the name of a file"
        assert begins[0].start() == 0, f"{LANGUAGE}:{block.line}: text before the name of a file"
        ends = [one.start() for one in begins[1:]] + [len(block.text)]
        for begin, end in zip(begins, ends, strict=True):
            text = block.text[begin.end() : end]
            if begin["frame"]:
                frames[begin["file"]] = yaml.load(text, yaml.BaseLoader)
                continue
            if begin["file"] and (not found or found[-1].expected):
                found.append(Example(block.line))
            if begin["file"]:
                assert begin["file"] not in found[-1].files, f"{LANGUAGE}:{block.line}"
                found[-1].files[begin["file"]] = text
            else:
                found[-1].expected[begin["dataset"]] = text
                found[-1].codes |= set(re.findall(r"[A-Z]+[0-9]+", begin["codes"] or ""))
    return frames, found


FRAMES, EXAMPLES = _examples()


def _laid_over(frame: Any, own: Any, key: str = "") -> Any:
    """A frame with an example's own keys; what stands under `variables` replaces the frame's line whole."""
    if not (isinstance(frame, dict) and isinstance(own, dict)):
        return own
    if key == "variables":
        return frame | own
    return frame | {name: _laid_over(frame.get(name), value, name) for name, value in own.items()}


def _study_of(example: Example) -> dict[str, str]:
    """The files of an example: the frames of the files that it shows, and the sources whose file it has."""
    read = {
        name: yaml.load(text, yaml.BaseLoader)
        for name, text in example.files.items()
        if name.endswith("yaml")
    }
    whole = {name: _laid_over(FRAMES.get(name), own) for name, own in read.items()}
    study = _laid_over(FRAMES["study.yaml"], read.get("study.yaml", {}))
    own_sources = read.get("study.yaml", {}).get("sources", {})
    study["sources"] = {
        name: source
        for name, source in study["sources"].items()
        if name in own_sources or source["path"] in example.files
    }
    domains = [name for name, one in whole.items() if "/" not in name and {"domain", "tables"} & set(one)]
    study.setdefault("domains", domains)
    texts = {
        name: yaml.safe_dump(one, default_style='"', allow_unicode=True, sort_keys=False, width=1000)
        for name, one in {**whole, "study.yaml": study}.items()
    }
    return example.files | texts


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"line {one.line}")
def test_an_example_of_the_language_gives_its_records(example: Example, tmp_path: Path) -> None:
    built = build_study(tmp_path, _study_of(example))
    found = sorted({one.code for one in built.issues} - set(COVERAGE))
    assert found == sorted(example.codes), [one.text(show_values=True) for one in built.issues]
    assert example.expected
    for name, table in example.expected.items():
        names, rows = read_rows(table)
        assert cells(built.datasets[name], names) == rows, name


def test_every_method_and_key_is_on_the_page() -> None:
    """A key of the language that the page does not name has no meaning for its reader."""
    text = (ROOT / LANGUAGE).read_text(encoding="utf-8")
    shown = "".join(re.findall(r"`[^`\n]+`", text)) + "".join(block.text for block in blocks(LANGUAGE))
    words = set(re.findall(r"\w+", shown))
    keys = set(
        re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "keys.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert sorted(keys - words) == []
    assert len(EXAMPLES) > 45


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["messages.md", "keys.md", "language.md"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    expected = _generator().pages()[name]
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == expected, "run: make docs"
