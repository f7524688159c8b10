"""What of a specification with mistakes can still be taken at its word: the parts in which no mistake stands.

A mistake makes the part in which it stands doubtful: a source, a block of records, a variable. What is left says less
than its author meant, but nothing else, so that the raw files can be held against it beside the mistakes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sdtm_il2.errors import Issue, Location
from sdtm_il2.spec.model import DomainSpec, VariableSpec
from sdtm_il2.spec.study import StandardSpec, StudySpec


@dataclass(frozen=True, slots=True)
class Readable:
    """A specification as far as it can be read, and every mistake in it.

    Without mistakes ``spec`` is all of it. With some it has no part in which one stands, and nothing that only the
    output needs; ``doubtful`` are the sources that may not be read as they are stated. None: nothing can be read.
    """

    spec: StudySpec | None
    issues: tuple[Issue, ...] = ()
    doubtful: frozenset[str] = frozenset()


def without_doubt(
    spec: StudySpec, keys: Iterable[int], issues: Collection[Issue], blocks: Collection[Location]
) -> Readable:
    """The specification without the parts in which a mistake stands.

    ``keys`` are the lines of the keys of study.yaml; ``blocks`` the places of the blocks in which, or in whose tables,
    the reader has found a mistake. A part goes from its line to that of the next one.
    """
    own = [*spec.derive, *(line for domain in spec.domains for line in _lines(domain))]
    parts = [
        *(Location(spec.file, line) for line in keys),
        *(source.at for source in spec.sources),
        *(codelist.at for codelist in spec.codelists),
        *(line.at for line in own),
    ]
    for domain in spec.domains:
        parts += [
            domain.at,
            *(block.at for block in domain.records),
            *(one.at for one in domain.dictionaries),
        ]
    starts: dict[str, list[int]] = {}
    for part in sorted(set(parts)):
        starts.setdefault(part.file, []).append(part.line)
    wrong = {_part(one.at, starts) for one in issues} | set(blocks)
    doubtful = {one.name for one in spec.sources if one.at in wrong}
    for _ in spec.sources:  # a subject that is looked up in such a source is doubtful too
        doubtful |= {one.name for one in spec.sources if one.subject and one.subject.lookup in doubtful}
    visits = spec.visits
    if visits and (_part(visits.at, starts) in wrong or visits.table in {one.at.file for one in issues}):
        visits = None
    # what only the output needs is not looked at
    tables = tuple(replace(one, rows=(), lines=(), registry="") for one in spec.tables)
    sound = replace(
        spec, derive=_sound(spec.derive, wrong), codelists=tuple(one for one in spec.codelists if one.at not in wrong),
        standard=spec.standard if _part(spec.standard.at, starts) not in wrong else StandardSpec("", ""),
        domains=tuple(_domain(one, wrong) for one in spec.domains if one.domain), tables=tables, visits=visits,
        relationships=(), labels=(), decodes=(), documents=(), comments={}, value_levels=(), translations=(),
    )  # fmt: skip
    return Readable(sound, tuple(issues), frozenset(doubtful))


def _part(at: Location, starts: dict[str, list[int]]) -> Location:
    """The part of its file in which a line stands."""
    lines = starts.get(at.file, [])
    place = bisect_right(lines, at.line)
    return Location(at.file, lines[place - 1]) if place else at


def _lines(domain: DomainSpec) -> list[VariableSpec]:
    return [*domain.variables, *(line for block in domain.records for line in block.variables)]


def _sound(lines: tuple[VariableSpec, ...], wrong: Collection[Location]) -> tuple[VariableSpec, ...]:
    return tuple(one for one in lines if one.at not in wrong)


def _domain(spec: DomainSpec, wrong: Collection[Location]) -> DomainSpec:
    """The domain with its sound blocks and variables. A block's line beats the domain's: without it, it would count."""
    records = tuple(
        block
        for block in spec.records
        if block.at not in wrong and len(_sound(block.variables, wrong)) == len(block.variables)
    )
    coded = tuple(one for one in spec.dictionaries if one.at not in wrong)
    variables = _sound(spec.variables, wrong)
    return replace(spec, records=records, variables=variables, dictionaries=coded, comments=())
