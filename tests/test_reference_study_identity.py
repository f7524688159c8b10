"""No name, initials or hospital number of the reference study's raw files reaches any output, whatever way it is read.

The search itself is tried on files in which such a value has been planted.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reference_raw import EXAMPLE, MAPPING, rows

#: The private columns of the raw files, as study.yaml declares them.
PRIVATE = {"demog.csv": ("住院号", "姓名缩写"), "his_lab.csv": ("住院号", "姓名")}


def _secrets() -> list[str]:
    skip = {"his_lab.csv": 2}
    found = {
        row[column]
        for name, columns in PRIVATE.items()
        for row in rows(name, skip.get(name, 0))
        for column in columns
    }
    return sorted(found)


SECRETS = _secrets()
_TEXT = re.compile("|".join(map(re.escape, SECRETS)))
_BYTES = re.compile(
    b"|".join(
        re.escape(one.encode(code))
        for one in SECRETS
        for code in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
    )
)


def _texts(path: Path) -> list[str]:
    """A file as the texts that its readers see: decoded, unescaped, without dictionaries or compression."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        values = ["\n".join(str(cell) for cell in column.to_pylist()) for column in table.columns]
        return [*values, str(table.schema), str(table.schema.metadata)]
    text = content.decode("utf-8", errors="replace")
    found = [text, content.decode("gb18030", errors="replace"), html.unescape(text)]
    if path.suffix == ".json":
        found.append(json.dumps(json.loads(text), ensure_ascii=False))
    return found


def leaks(folder: Path) -> dict[str, set[str]]:
    """The private values in each file of a folder, in its bytes or in what its readers see, and in its name."""
    found: dict[str, set[str]] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        held = {str(one) for one in _BYTES.findall(path.read_bytes())}
        for text in [*_texts(path), path.relative_to(folder).as_posix()]:
            held.update(_TEXT.findall(text))
        if held:
            found[path.relative_to(folder).as_posix()] = held
    return found


def _run(*words: str | Path) -> str:
    environment = {**os.environ, "PYTHONUTF8": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "sdtm_il2", *map(str, words)], env=environment, check=False, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_private_values_cannot_stand_anywhere_by_chance() -> None:
    made = re.compile(r"ZY9\d{9}|QZ[A-Z]{4}|虚构..")
    assert [one for one in SECRETS if not made.fullmatch(one)] == []
    assert len(SECRETS) == 33 * 3


def test_no_private_value_reaches_a_file_or_the_terminal(tmp_path: Path) -> None:
    """With every message and every value that the command can be asked for."""
    out = tmp_path / "out"
    said = _run("build", MAPPING, "--raw", EXAMPLE, "--out", out, "--verbose", "--show-values")
    said += _run("check", MAPPING, "--raw", EXAMPLE, "--show-values", "--fail-on", "never")
    for dataset in ("DM", "LB", "IS"):  # made of the rows that hold them
        said += _run("trace", out, dataset, "NCT02932137-01-001", *(() if dataset == "DM" else ("1",)))
    assert "his_lab.csv" in said
    assert _TEXT.findall(said) == []
    files = [one for one in out.rglob("*") if one.is_file()]
    assert {one.suffix for one in files} >= {".xpt", ".xml", ".html", ".json", ".txt", ".parquet"}
    assert len(files) > 70
    assert leaks(out) == {}


def _planted(secret: str) -> dict[str, Callable[[Path], object]]:
    return {
        "a.xpt": lambda path: path.write_bytes(b"HEADER " + secret.encode("gb18030") + b" " * 40),
        "b.json": lambda path: path.write_text(json.dumps({"value": f"x{secret}y"}), encoding="ascii"),
        "c.xml": lambda path: path.write_text(
            f"<a>{''.join(f'&#x{ord(one):X};' for one in secret)}</a>", encoding="utf-8"
        ),
        "d.html": lambda path: path.write_text(f"<td>{secret}</td>", encoding="utf-8"),
        "e.txt": lambda path: path.write_text(f"row 3: {secret}", encoding="utf-16"),
        "f.parquet": lambda path: pq.write_table(
            pa.table({"cell": pa.array(["", secret, secret]).dictionary_encode()}), path, compression="zstd"
        ),
        f"{secret}.csv": lambda path: path.write_text("a,b\n", encoding="utf-8"),
    }


@pytest.mark.parametrize("secret", [SECRETS[0], SECRETS[40], SECRETS[-1]])
def test_the_search_finds_a_private_value_that_was_planted(secret: str, tmp_path: Path) -> None:
    planted = _planted(secret)
    for name, write in planted.items():
        write(tmp_path / name)
    (tmp_path / "clean.txt").write_text("NCT02932137-01-001", encoding="utf-8")
    assert sorted(leaks(tmp_path)) == sorted(planted)
