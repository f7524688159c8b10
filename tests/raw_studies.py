"""Small studies of raw files, for the tests of sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sdtm_il2.errors import Location, SourceError
from sdtm_il2.sources import Source, read_sources
from sdtm_il2.spec.study import Discard, SourceSpec, StandardSpec, StudySpec
from sdtm_il2.where import parse_clause

AT = Location("study.yaml", 8)


def study(*sources: SourceSpec) -> StudySpec:
    standard = StandardSpec("3.4", "2025-03-28")
    return StudySpec(Path(), "study.yaml", "S1", standard, "{study}-{subject}", sources, (), ())


def spec(name: str, path: str = "", **options: Any) -> SourceSpec:
    return SourceSpec(name, path or f"{name}.csv", at=AT, **options)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path, content: str, **options: Any) -> tuple[Source, list[str]]:
    write(folder, {"ae.csv": content})
    found = read_sources(study(spec("ae", **options)), folder)
    return found["ae"], [str(one) for one in found.issues]


def refusal(folder: Path, *sources: SourceSpec) -> str:
    with pytest.raises(SourceError) as caught:
        read_sources(study(*sources), folder)
    return str(caught.value)


def discard(when: str, reason: str = "not in the study", line: int = 20) -> Discard:
    at = Location("study.yaml", line)
    return Discard(parse_clause(when, at=at), reason, at)
