"""The columns that the plan reads against the headers of the raw files."""

from __future__ import annotations

from sdtm_il2.compile.names import nearest
from sdtm_il2.errors import Issue, SourceError, issue
from sdtm_il2.plan.model import Plan
from sdtm_il2.plan.visits import UNSCHEDULED_READER
from sdtm_il2.sources.model import Sources


def check_columns(plan: Plan, sources: Sources) -> None:
    """Every column that the plan reads exists in its source; SPEC140 names all that do not (SPEC111: clashes)."""
    found: dict[tuple[str, str], Issue] = {}
    domains = {domain.domain for domain in plan.domains}
    for source, column, reader, at in plan.columns():
        columns = sources[source].columns
        if column in columns:
            continue
        if column in sources[source].private:
            found.setdefault((source, column), issue("SPEC162", reader, at, column=column, source=source))
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
    if found:
        raise SourceError(found.values())


def _in_any_visit_source(plan: Plan, sources: Sources, column: str) -> bool:
    return plan.visits is not None and any(
        column in sources[one.source].columns for one in plan.visits.sources
    )
