"""Keys that the language has and this version does not build: refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from sdtm_il2.compile.names import Study
from sdtm_il2.errors import Location

#: Ends of the variables that come by themselves, which `derive:` may change.
BY_THEMSELVES = (
    "DY", "STDY", "ENDY", "TEST", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI", "NRIND", "EPOCH",
    "VISIT", "VISITNUM", "VISITDY", "ORRES", "ORRESU", "ORNRLO", "ORNRHI", "STAT", "REASND",
)  # fmt: skip


def refuse_unbuilt(study: Study) -> None:
    """SPEC126 for every key of the specification that would otherwise have no effect."""
    for target, key, at in _unbuilt(study):
        study.problems.add("SPEC126", target, at, key=key)
    for line in study.spec.derive:
        if line.method is not None and not line.name.endswith(BY_THEMSELVES):
            study.problems.add("SPEC159", line.name, line.at)


def _unbuilt(study: Study) -> Iterator[tuple[str, str, Location]]:
    spec = study.spec
    for table in spec.tables:
        if table.registry:
            yield table.domain, "registry", table.at
    for domain in spec.domains:
        for block in domain.records:
            if block.each and block.from_ in study.datasets:
                yield domain.domain, "each of a dataset", block.each[0].at
