"""What holds for the study's version of the SDTMIG: one file a domain, and the keys and order of that version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sdtm_il2.compile.names import Study
from sdtm_il2.errors import Location
from sdtm_il2.spec.model import DomainSpec, OfVersion, TableSpec, Text


def domains_of_version(study: Study) -> list[DomainSpec]:
    """Each domain by the file of the study's version, with that version's keys and sort.

    SPEC138: a domain has several files, or keys or sort by version, and none is of the study's version. A domain
    whose only file is of other versions stays, for messages that name it, but makes no comments.
    """
    found: dict[str, DomainSpec] = {}
    for one in study.spec.domains:
        if study.applies(one.ig):
            keys = _names(study, one, "keys", one.keys, one.keys_by_ig)
            sort = _names(study, one, "sort", one.sort, one.sort_by_ig)
            found[one.domain] = replace(one, keys=keys, sort=sort)
        else:
            found.setdefault(one.domain, replace(one, comments=()))
    _check_files(study)
    return list(found.values())


def tables_of_version(study: Study) -> list[TableSpec]:
    """The trial design tables of the study's version."""
    return [one for one in study.spec.tables if study.applies(one.ig)]


def _names(
    study: Study, spec: DomainSpec, key: str, stated: tuple[Text, ...], by_ig: tuple[OfVersion, ...]
) -> tuple[Text, ...]:
    for one in by_ig:
        if study.applies(one.ig):
            return one.names
    if by_ig:
        _add(study, f"`{key}:`", spec.domain, by_ig[0].at, [one.ig for one in by_ig])
    return stated


def _check_files(study: Study) -> None:
    files: dict[str, list[DomainSpec | TableSpec]] = {}
    stated: tuple[DomainSpec | TableSpec, ...] = (*study.spec.domains, *study.spec.tables)
    for one in stated:
        files.setdefault(one.domain, []).append(one)
    for domain, several in files.items():
        if len(several) > 1 and not any(study.applies(one.ig) for one in several):
            _add(study, "every file", domain, several[0].at, [one.ig for one in several])


def _add(study: Study, what: str, target: str, at: Location, versions: Iterable[tuple[str, ...]]) -> None:
    named = dict.fromkeys(version for some in versions for version in some)
    study.problems.add(
        "SPEC138", target, at, what=what, domain=target, versions=", ".join(named), ig=study.ig_version
    )
