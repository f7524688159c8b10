"""Keys that the language has and this version does not build: refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from sdtm_il2.compile.names import Study
from sdtm_il2.errors import Location


def refuse_unbuilt(study: Study) -> None:
    """SPEC126 for every key of the specification that would otherwise have no effect."""
    for target, key, at in _unbuilt(study):
        study.problems.add("SPEC126", target, at, key=key)


def _unbuilt(study: Study) -> Iterator[tuple[str, str, Location]]:
    spec = study.spec
    for table in spec.tables:
        if table.registry:
            yield table.domain, "registry", table.at
    for source in spec.sources:
        if source.keep is not None and source.keep.prefer:
            yield source.name, "prefer", source.keep.at
    for domain in spec.domains:
        for block in domain.records:
            if block.each and block.from_ in study.datasets:
                yield domain.domain, "each of a dataset", block.each[0].at
            if block.tests is not None and block.tests.ranges:
                yield domain.domain, "range", block.tests.at
            if block.tests is not None and block.tests.standard:
                yield domain.domain, "standard", block.tests.at
