"""The columns that the plan reads against the headers of the raw files."""

from __future__ import annotations

from dataclasses import replace

from sdtm_il2.compile.names import nearest
from sdtm_il2.errors import Issue, SourceError, issue
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.model import DomainPlan, Plan
from sdtm_il2.plan.visits import UNSCHEDULED_READER
from sdtm_il2.sources.model import Sources


def check_columns(plan: Plan, sources: Sources) -> None:
    """Every column that the plan reads exists in its source; SPEC140 names all that do not (SPEC111: clashes)."""
    found = missing_columns(plan, sources)
    if found:
        raise SourceError(found)


def missing_columns(plan: Plan, sources: Sources) -> tuple[Issue, ...]:
    """SPEC140 and SPEC111 for the sources that are there: not all of a study need be, nor all of its plan.

    A private column, which is not there either, has its own error before (SPEC162).
    """
    found: dict[tuple[str, str], Issue] = {}
    domains = {domain.domain for domain in plan.domains}
    for source, column, reader, at in plan.columns():
        if source not in sources or column in sources[source].private:
            continue
        columns = sources[source].columns
        if column in columns:
            continue
        if reader == UNSCHEDULED_READER and _in_any_visit_source(plan, sources, column):
            continue  # this source's records are never the unscheduled ones that the clause means
        close = nearest(column, columns)
        found.setdefault(
            (source, column),
            issue(
                "SPEC140",
                reader,
                at,
                column=column,
                source=source,
                nearest=f"did you mean '{close}'? " if close else "",
            ),
        )
    for name in sources:
        for column in sources[name].columns:
            head, dot, _ = column.partition(".")
            if dot and head in domains:
                found[name, column] = issue(
                    "SPEC111", "", sources[name].spec.at, column=column, source=name, head=head
                )
    return tuple(found.values())


def with_header_columns(plan: Plan, sources: Sources) -> Plan:
    """The plan of these files: where a range of `each` is itself a column of the header, the column wins.

    SourceError SPEC134 where the lists of one `each` then have different lengths.
    """
    found: list[Issue] = []

    def block_of(domain: DomainPlan, block: BlockPlan) -> BlockPlan:
        if block.source not in sources or not any(one.written for one in block.each):
            return block
        header = sources[block.source].columns
        each = tuple(
            replace(one, columns=(one.written,)) if one.written in header else one for one in block.each
        )
        found.extend(
            issue(
                "SPEC134", f"{domain.domain} records", one.at, name=one.name, number=len(one.columns),
                other=each[0].name, expected=len(each[0].columns),
            )
            for one in each[1:]
            if len(one.columns) != len(each[0].columns)
        )  # fmt: skip
        return replace(block, each=each)

    domains = tuple(
        replace(domain, blocks=tuple(block_of(domain, block) for block in domain.blocks))
        for domain in plan.domains
    )
    if found:
        raise SourceError(found)
    return replace(plan, domains=domains) if domains != plan.domains else plan


def _in_any_visit_source(plan: Plan, sources: Sources, column: str) -> bool:
    return plan.visits is not None and any(
        column in sources[one.source].columns for one in plan.visits.sources if one.source in sources
    )
