"""Verbs at the start of a study: profile, init."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import click

from sdtm_il2.cli.outcome import any_folder, refuse, show_values_option, width
from sdtm_il2.errors import issue

raw_argument = click.argument("raw", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)


@click.command(short_help="Say what raw files hold.")
@raw_argument
@show_values_option
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
def profile(*, raw: tuple[Path, ...], show_values: bool, as_json_: bool) -> None:
    """Say what the files RAW hold (of a folder: all raw files in it).

    For each column: how many cells are filled, distinct texts, shortest and longest text, what they look like,
    date formats that fit, and the SDTM variables or codelists (C-codes) that name and content suggest.
    """
    from sdtm_il2.report.text import printable, table, wrapped
    from sdtm_il2.standards import load_standard
    from sdtm_il2.survey import survey
    from sdtm_il2.survey.show import HEADER, NUMBERS, as_json, rows, title_lines

    found = survey(raw, load_standard())
    if as_json_:
        click.echo(json.dumps(as_json(found, show_values=show_values), ensure_ascii=False, indent=2))
    else:
        columns = width(sys.stdout)
        header = [*HEADER, *(["Values"] if show_values else [])]
        for number, part in enumerate(found.parts):
            if number:
                click.echo()
            for line in title_lines(part):
                click.echo(wrapped(printable(line), columns, "    "))
            cells = [[printable(cell) for cell in row] for row in rows(part, show_values=show_values)]
            click.echo()
            click.echo(table(header, cells, numbers=NUMBERS, width=columns), nl=False)
    if found.refused:
        refuse(found.refused)


@click.command(short_help="Draft a study from raw files.")
@click.argument("folder", type=any_folder())
@raw_argument
@click.option("--study", required=True, metavar="ID", help="STUDYID: one word.")
@click.option(
    "--ig", default="SDTMIG 3.4", show_default=True, metavar="RELEASE", help="Implementation guide."
)
@click.option("--ct", default="2025-03-28", show_default=True, metavar="DATE", help="Controlled terminology.")
def init(*, folder: Path, raw: tuple[Path, ...], study: str, ig: str, ct: str) -> None:
    """Draft a study in FOLDER from the files RAW (of a folder: all raw files in it).

    Writes study.yaml, a domain file for each table that looks like a domain, and tests tables with the items
    found. The draft builds; lines marked "to do" say what is left open. Nothing that exists is overwritten.
    """
    from sdtm_il2.standards import load_standard
    from sdtm_il2.starter import draft_study, write_draft
    from sdtm_il2.survey import survey

    if not study or any(one.isspace() or not one.isprintable() for one in study):
        refuse([issue("SPEC199", study=study)])
    standard = load_standard(ig, ct, folder / "standards")
    inside = all(path.resolve().is_relative_to(folder.resolve()) for path in raw)
    found = survey(raw, standard, folder if inside else None)
    if found.refused:
        refuse(found.refused)
    files = write_draft(draft_study(found, standard, study), folder)
    for path in files:
        click.echo(f"written {path}")
    where = folder if inside else found.folder
    click.echo(f"next: {shlex.join(['sdtm-il2', 'check', str(folder), '--raw', str(where)])}")
