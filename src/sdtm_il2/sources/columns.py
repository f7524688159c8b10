"""The columns of a source: renamed, and checked against what the specification names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from sdtm_il2 import where
from sdtm_il2.errors import Location, Problems
from sdtm_il2.sources.fate import Held
from sdtm_il2.sources.nearest import nearest_columns
from sdtm_il2.sources.subject import parse_subject
from sdtm_il2.sources.text import RawTable
from sdtm_il2.spec.study import SourceSpec


def rename_columns(table: RawTable, spec: SourceSpec, file: str, problems: Problems) -> RawTable:
    """Columns under their new names: by `rename:` where it names them, else with the prefix before.

    Adds SRC324 for a column that the file lacks, SRC325 where two columns get one name.
    """
    known = list(map(str, table.frame.columns))
    for old in spec.rename:
        if old not in known:
            hint = nearest_columns(old, known)
            problems.add("SRC324", spec.name, spec.at, key="rename", column=old, path=file, help=hint)
    names = {old: spec.rename.get(old, spec.rename_prefix + old) for old in known}
    olds: dict[str, list[str]] = {}
    for old, new in names.items():
        olds.setdefault(new, []).append(old)
    clashes = {new: several for new, several in olds.items() if len(several) > 1}
    for new, several in clashes.items():
        shown = " and ".join(f"'{one}'" for one in several)
        problems.add("SRC325", spec.name, spec.at, olds=shown, name=new)
    if clashes or names == dict(zip(known, known, strict=True)):
        return table
    headers = {names[old]: text for old, text in table.headers.items()}
    return replace(table, frame=table.frame.set_axis(list(names.values()), axis=1), headers=headers)


def check_columns(
    spec: SourceSpec, table: RawTable, file: str, held: Mapping[str, Held], problems: Problems
) -> None:
    """Every column that the source's own rules name exists, and only the subject rule reads a private one.

    Adds SRC324 (with the nearest columns), SRC335 (private) and SRC337 (subject template), all at once.
    """
    known = list(map(str, table.frame.columns))
    private = {column.text for column in spec.private}
    for key, column, at in _named(spec, known, problems):
        if column in known:
            if column in private and key not in ("private", "subject", "not_submitted: columns"):
                problems.add("SRC335", spec.name, at, key=key, column=column)
            continue
        renamed = spec.rename.get(column) or (spec.rename_prefix + column if spec.rename_prefix else "")
        hint = f"it is renamed to '{renamed}'" if renamed in known else nearest_columns(column, known)
        problems.add("SRC324", spec.name, at, key=key, column=column, path=file, help=hint)
    rule = spec.subject
    if rule is None or not rule.lookup or rule.lookup not in held:
        return
    link = held[rule.lookup]
    for column in (rule.by, rule.take):
        if column not in link.cells:
            hint = nearest_columns(column, link.cells)
            path = link.source.files[0]
            problems.add("SRC324", spec.name, rule.at, key="subject", column=column, path=path, help=hint)


def _named(
    spec: SourceSpec, known: Collection[str], problems: Problems
) -> Iterator[tuple[str, str, Location]]:
    """Key, column and place of every column that the rules of a source name."""
    for stated in spec.private:
        yield "private", stated.text, stated.at
    rule = spec.subject
    if rule is not None and rule.lookup:
        yield "subject", rule.by, rule.at
    elif rule is not None:
        try:
            parts = parse_subject(rule.template, known)
        except ValueError as fault:
            problems.add("SRC337", spec.name, rule.at, template=rule.template, fault=fault)
        else:
            for column in dict.fromkeys(part.column for part in parts if part.column):
                yield "subject", column, rule.at
    for column in spec.unsubmitted_columns:
        yield "not_submitted: columns", column, spec.at
    for discard in spec.unsubmitted_rows:
        for column in where.names(where.resolve_names(discard.when, known)):
            yield "not_submitted: rows", column, discard.at
    if spec.keep is not None:
        order = [column for column in (spec.keep.last, spec.keep.first) if column]
        for column in dict.fromkeys([*spec.keep.one_per, *order]):
            yield "keep", column, spec.keep.at
