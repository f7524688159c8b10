"""The files of a drafted study, as its author will read and correct them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sdtm_il2.errors import OutputError, issue
from sdtm_il2.starter.model import (
    NO_SUBJECT,
    TO_DO,
    BlockDraft,
    CodingDraft,
    DomainDraft,
    Draft,
    SourceDraft,
    VariableDraft,
)
from sdtm_il2.starter.text import comment, counted, csv_text, scalar

#: Why the records of a table that waits are not submitted; the balance shows it.
NOT_READ: Final = f"{TO_DO}: no domain reads this table yet"
_SCHEMA: Final = "# yaml-language-server: $schema={}"
#: Columns named in one comment.
_NAMED: Final = 12


def write_draft(draft: Draft, folder: Path, *, schemas: str = "") -> tuple[Path, ...]:
    """Write study.yaml, the domain files and tests tables into a folder; gives the files written.

    ``schemas`` is the folder of the JSON Schemas that an editor is to use ("": none is named). Raises OutputError
    OUT920 for every file that is there already; nothing is written then.
    """
    files = draft_files(draft, schemas=schemas)
    there = [name for name in files if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        raise OutputError(issue("OUT920", path=folder / name) for name in there)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        with (folder / name).open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    return tuple(folder / name for name in files)


def draft_files(draft: Draft, *, schemas: str = "") -> Mapping[str, str]:
    """The text of each file by its name."""
    files = {"study.yaml": _study(draft, schemas)}
    for domain in draft.domains:
        tables = {}
        for number, block in enumerate(domain.blocks):
            if block.tests is not None:
                several = sum(one.tests is not None for one in domain.blocks) > 1
                name = f"{domain.domain.lower()}_tests{f'_{number + 1}' if several else ''}.csv"
                tables[id(block)] = name
                files[name] = csv_text(block.tests.header, block.tests.rows)
        files[_file(domain)] = _domain(domain, tables, schemas)
    return files


def _file(domain: DomainDraft) -> str:
    return f"{domain.domain.lower()}.yaml"


def _study(draft: Draft, schemas: str) -> str:
    standard = draft.standard
    lines = [_SCHEMA.format(f"{schemas}/study.schema.json")] if schemas else []
    lines += [
        comment(
            "Drafted by sdtm-il2 init from the raw files: every line is a proposal. Correct it, then run"
        ),
        comment("sdtm-il2 check with --raw until nothing is left to do."),
        "",
        f"study: {scalar(draft.study)}",
        f"standard: {{ig: {standard.ig_release.title}, ct: {standard.ct_version}}}",
        "",
        "sources:",
    ]
    used = {
        block.source.name: domain.domain
        for domain in draft.domains
        if domain.ready
        for block in domain.blocks
    }
    used |= {one.meddra.source: one.domain for one in draft.domains if one.ready and one.meddra is not None}
    for source in draft.sources:
        lines += _source(source, used.get(source.name, ""))
    if draft.terms:
        lines += ["", "codelists:" + " " * 40 + "# collected text: submission value; check each"]
        for code, terms in draft.terms.items():
            codelist = standard.codelist(code)
            known = comment(codelist.submission_value) if codelist is not None else ""
            pairs = ", ".join(f"{scalar(raw)}: {scalar(term)}" for raw, term in terms.items())
            lines.append(f"  {code}: {{terms: {{{pairs}}}}}   {known}".rstrip())
    lines += ["", f"domains: [{', '.join(_file(one) for one in draft.domains if one.ready)}]"]
    waiting = [_file(one) for one in draft.domains if not one.ready and not one.waits_for]
    if waiting:
        lines.append(comment(f"to do: add {', '.join(waiting)} when their tests tables name a test"))
    lines += [
        comment(f"to do: add {_file(one)} when it maps {', '.join(one.waits_for)}")
        for one in draft.domains
        if one.waits_for
    ]
    return "\n".join(lines) + "\n"


def _source(source: SourceDraft, domain: str) -> list[str]:
    part = source.profile
    looks = f"to {domain}" if domain else "to do: not mapped"
    if not domain and part.domain:
        looks += f"; looks like {part.domain}"
    head = f"  {source.name}:"
    about = comment(f"{counted(part.records, 'record')}, {looks}")
    lines = [f"{head:<46}  {about}"]
    lines += [f"    {comment(note)}" for note in source.notes if not (domain and note == NO_SUBJECT)]
    lines += [f"    {line}" for line in source.lines]
    return lines + [f"    {line}" for line in _not_submitted(source, waits=not domain)]


def _not_submitted(source: SourceDraft, *, waits: bool) -> list[str]:
    """What is not submitted, and why: columns that say nothing new, and records that no domain reads yet."""
    parts = []
    if source.known:
        columns = ", ".join(f"{scalar(one)}: the study is known" for one in source.known)
        parts.append(f"columns: {{{columns}}}")
    if not waits or not source.filled:
        return [f"not_submitted: {{{parts[0]}}}"] if parts else []
    parts.append(f"rows: [{{when: {scalar(f'{source.filled} FILLED')}, reason: {scalar(NOT_READ)}}}]")
    return [
        comment(f"{TO_DO}: take rows: out when a domain reads this table"),
        f"not_submitted: {{{', '.join(parts)}}}",
    ]


def _domain(domain: DomainDraft, tables: Mapping[int, str], schemas: str) -> str:
    keys = f"keys: [{', '.join(domain.keys)}]"
    lines = [_SCHEMA.format(f"{schemas}/domain.schema.json")] if schemas else []
    lines += [
        comment(f"{domain.domain}: {domain.label}. Drafted: check every line."),
        "",
        f"domain: {domain.domain}",
        f"{keys:<48}  {comment('what makes a record unique: check')}",
        *([f"keys_not_unique: {scalar(domain.keys_not_unique)}"] if domain.keys_not_unique else []),
        "records:",
    ]
    single = len(domain.blocks) == 1
    for block in domain.blocks:
        lines += _block(block, tables.get(id(block), ""), own=not single)
    if single and domain.blocks[0].variables:
        lines += _variables(domain.blocks[0].variables, "")
    if domain.meddra is not None:
        lines += _meddra(domain.meddra)
    return "\n".join(lines) + "\n"


def _meddra(coding: CodingDraft) -> list[str]:
    by = f"[{scalar(coding.own)}]" if coding.own == coding.other else ""
    columns = ", ".join(f"{level}: {scalar(column)}" for level, column in coding.columns)
    return [
        f"meddra:{'':<41}  {comment('which version? state it under standard: dictionaries:')}",
        f"  source: {coding.source}",
        f"  by: {by or f'{{{scalar(coding.own)}: {scalar(coding.other)}}}'}",
        f"  columns: {{{columns}}}",
    ]


def _block(block: BlockDraft, table: str, *, own: bool) -> list[str]:
    lines = [f"  - from: {block.source.name}"]
    if table and block.tests is not None:
        keys = [f"table: {table}"]
        keys += [
            f"by: [{scalar(one)}]" if key == "by" else f"{key}: {scalar(one)}"
            for key, one in block.tests.keys
        ]
        left = len(block.tests.rows) - block.tests.named
        if left:
            what = f"to do: {counted(left, 'item')} of {table} without a test, so not submitted"
            lines.append(f"    {comment(what)}")
        lines += [
            f"    {comment(f'{TO_DO}: {key}: {scalar(column)}, {why}: sdtm-il2 profile --show-values')}"
            for key, column, why in block.tests.open
        ]
        lines.append(f"    tests: {{{', '.join(keys)}}}")
    lines += [f"    {line}" for line in _open(block.open)]
    if own and block.variables:
        lines += _variables(block.variables, "    ")
    return lines


def _open(columns: tuple[str, ...]) -> list[str]:
    """Columns that nothing reads yet."""
    return [
        comment(f"to do: map, or declare under not_submitted: {', '.join(columns[start : start + _NAMED])}")
        for start in range(0, len(columns), _NAMED)
    ]


def _variables(variables: tuple[VariableDraft, ...], indent: str) -> list[str]:
    """The lines of `variables:`; an open one is a comment, to be completed and taken out of it."""
    lines = [f"{indent}{'' if any(not one.open for one in variables) else '# '}variables:"]
    for one in variables:
        text = f"{indent}  {'# ' if one.open else ''}{one.name + ':':<10}{one.method}"
        lines.append(f"{text:<54}  {comment(one.note)}" if one.note else text)
    return lines
