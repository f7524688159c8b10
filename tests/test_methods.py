"""Every method by cases that a data manager can read and extend: raw records, lines of a mapping, expected records.

A file of `cases/methods` holds `cases:` and what they share. Each case may state

- ``raw``: the raw file (CSV text, subject in SUBJ), or a mapping of file names to texts
- ``study``: more lines of study.yaml; ``source``: more keys of the source `raw`; ``sources``: more sources
- ``variables``: the lines under test, as they stand in a domain file; they replace lines of `common` by name
- ``block``: more lines of the record block; ``domain_lines``: more lines of the domain file
- ``files``: further files, such as other domains (listed under `domains`) and tables
- ``expect``: the expected records of the domain, or a mapping of datasets to them; only the named variables count
- ``issues``: codes of all issues with the number of records concerned (notes on coverage are left out, but for
  the codes that ``covered`` lists); ``text``: the full text of these issues, with their values
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdtm_il2.build import Build, build
from study import build_study, cells, read_rows

FOLDER = Path(__file__).parent / "cases" / "methods"

#: Codes about what a small case leaves out on purpose: expected variables and unread columns or rows.
COVERAGE = ("PLAN411", "PLAN412", "DATA850", "DATA851", "DATA852")
_SHARED = (
    "domain",
    "keys",
    "common",
    "study",
    "source",
    "sources",
    "block",
    "domain_lines",
    "domains",
    "raw",
)


def _cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        held = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
        assert set(held) <= {"cases", "files", *_SHARED}, path
        for case in held["cases"]:
            merged = {key: held[key] for key in _SHARED if key in held} | case
            merged["files"] = held.get("files", {}) | case.get("files", {})
            yield pytest.param(merged, id=f"{path.stem}: {case['name']}")


CASES = list(_cases())


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line + "\n" for line in text.splitlines())


def _lines(common: str, own: str) -> str:
    """The variables of a case: its own lines, and the common ones that it does not replace."""
    names = {line.split(":")[0] for line in own.splitlines() if not line.startswith(" ")}
    kept = [line for line in common.splitlines() if line.split(":")[0] not in names]
    return "\n".join([*kept, *own.splitlines()])


def files_of(case: dict[str, Any]) -> dict[str, str]:
    """The study of a case."""
    domain, raw = case["domain"], case["raw"]
    texts = {"raw": raw} if isinstance(raw, str) else raw
    sources = dict.fromkeys(texts, "") | {"raw": case.get("source", "")} | case.get("sources", {})
    study = "study: S1\nstandard: {ig: SDTMIG 3.4, ct: 2025-03-28}\n" + case.get("study", "") + "\nsources:\n"
    for name, more in sources.items():
        study += f"  {name}:\n    path: raw/{name}.csv\n"
        if "subject:" not in more:
            study += "    subject: SUBJ\n"
        study += _indented(more.replace("subject: none", ""), 4)
    named = ", ".join([*case.get("domains", "").split(), f"{domain.lower()}.yaml"])
    study += f"domains: [{named}]\n"
    body = f"domain: {domain}\nkeys: [{case['keys']}]\n" + case.get("domain_lines", "")
    body += "\nrecords:\n  - from: raw\n" + _indented(case.get("block", ""), 4)
    body += "variables:\n" + _indented(_lines(case.get("common", ""), case.get("variables", "")), 2)
    made = {"study.yaml": study, f"{domain.lower()}.yaml": body}
    return made | {f"raw/{name}.csv": text for name, text in texts.items()} | case["files"]


def counted(found: Build, covered: tuple[str, ...] = ()) -> dict[str, int]:
    """The codes of a build's issues, with how many records they concern."""
    counts: dict[str, int] = {}
    for one in found.issues:
        if one.code not in COVERAGE or one.code in covered:
            counts[one.code] = counts.get(one.code, 0) + one.count
    return counts


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    built = build_study(tmp_path, files_of(case))
    expected = case["expect"]
    for name, table in ({case["domain"]: expected} if isinstance(expected, str) else expected).items():
        if not table.strip():
            assert name not in built.datasets
            continue
        names, rows = read_rows(table)
        assert cells(built.datasets[name], names) == rows, name
    assert counted(built, tuple(case.get("covered", ()))) == {
        code: int(count) for code, count in case.get("issues", {}).items()
    }, [one.text(show_values=True) for one in built.issues]
    if "text" in case:
        told = [one.text(show_values=True) for one in built.issues if one.code not in COVERAGE]
        assert "\n".join(told) + "\n" == case["text"]
    assert [(one.source, one.difference) for one in built.balance.sources if one.difference] == []
    apart = build(built.plan, built.sources, partitions=5)
    for name, dataset in built.datasets.items():
        assert dataset.frame.equals(apart.datasets[name].frame), name
    assert apart.issues == built.issues
    assert apart.balance == built.balance
    assert apart.summaries == built.summaries


def test_there_are_enough_cases_with_names_of_their_own() -> None:
    names = [one.id for one in CASES]
    assert len(set(names)) == len(names) >= 330
