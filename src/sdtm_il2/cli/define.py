"""Verbs on Define-XML files: check, diff, html, workbook, import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click

from sdtm_il2.cli.outcome import (
    FAILED,
    NEVER,
    Verb,
    any_folder,
    existing_file,
    print_issues,
    show_values_option,
    stated,
)
from sdtm_il2.place import write_whole

_SEVERITIES = ("reject", "error", "warning", "note", NEVER)


def _beside(ending: str) -> Callable[[Verb], Verb]:
    """--out of a verb that writes FILE in another form."""
    return click.option(
        "-o",
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"File to write; default: FILE with the ending {ending}.",
    )


@click.group()
def define() -> None:
    """Define-XML files: check, diff, html, workbook, import."""


@define.command("check", short_help="Check a Define-XML, and its data.")
@click.argument("file", type=existing_file())
@click.option(
    "--data",
    type=any_folder(exists=True),
    metavar="DIR",
    help="Folder of the XPORT files and documents: compare them with FILE.",
)
@click.option(
    "--encoding",
    callback=stated,
    help="Encoding of the XPORT files; default: as a manifest.json beside them says, else UTF-8.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="error",
    show_default=True,
    help="Exit with 1 if an issue is as bad as this or worse.",
)
@show_values_option
def check_define_file(
    file: Path, data: Path | None, encoding: str | None, fail_on: str, *, show_values: bool
) -> None:
    """Check FILE, a Define-XML 2.1 or 2.0: schema, references, conventions; with --data, what the files hold.

    Severities are those of the public rules that stand in parentheses: Reject, Error, Warning.
    """
    from sdtm_il2.define.check import check_define
    from sdtm_il2.define.severity import RuleSeverity, severity_of, worst_severity

    found = check_define(file, data=data, encoding=encoding or "")
    print_issues(found, show_values=show_values, verbose=True)
    counts = Counter(map(severity_of, found))
    click.echo(
        "by the public rules: " + ", ".join(f"{counts[one]} {one.value.title()}" for one in RuleSeverity)
    )
    worst = worst_severity(found)
    if fail_on != NEVER and worst is not None and worst.rank <= RuleSeverity(fail_on).rank:
        raise click.exceptions.Exit(FAILED)


@define.command(short_help="Render a define.xml as one HTML page.")
@click.argument("file", type=existing_file())
@_beside(".html")
@click.option(
    "--style",
    type=click.Choice(("official", "own")),
    help="The stylesheet of the standard, or our page with the same tables; default: official in English.",
)
@click.option(
    "--lang",
    type=click.Choice(("en", "zh")),
    help="Language of the page; zh is Chinese with English beside it, in our own style. Default: that of the labels "
    "as a manifest.json beside FILE says, else en.",
)
def html(
    file: Path,
    out: Path | None,
    style: Literal["official", "own"] | None,
    lang: Literal["en", "zh"] | None,
) -> None:
    """Render FILE, a define.xml, as one HTML page that loads nothing."""
    from sdtm_il2.define.check_files import stated_language
    from sdtm_il2.define.html import define_html

    if lang == "zh" and style == "official":
        raise click.UsageError(
            "the official style is in English alone: leave out --style, or write --style own"
        )
    chinese = lang == "zh" or (lang is None and style != "official" and stated_language(file.parent) == "zh")
    page = define_html(
        file, style=style or ("own" if chinese else "official"), lang="zh" if chinese else "en"
    )
    target = file.with_suffix(".html") if out is None else out
    write_whole(target, page)
    click.echo(f"written to {target}")


@define.command("diff", short_help="Say what changed between two.")
@click.argument("old", type=existing_file())
@click.argument("new", type=existing_file())
def diff_files(old: Path, new: Path) -> None:
    """Say in words what changed from OLD to NEW, two Define-XML files of version 2.0 or 2.1.

    Exit code 1 if something changed. OIDs are not compared, only what they lead to.
    """
    from sdtm_il2.define.diff import diff_define
    from sdtm_il2.define.read import read_define
    from sdtm_il2.report.text import printable

    changes = diff_define(read_define(old), read_define(new))
    for change in changes:
        click.echo(printable(str(change)))
    click.echo(f"{len(changes)} change{'s' if len(changes) > 1 else ''}" if changes else "no change")
    if changes:
        raise click.exceptions.Exit(FAILED)


@define.command(short_help="Export as a metadata workbook.")
@click.argument("file", type=existing_file())
@_beside(".xlsx")
def workbook(file: Path, out: Path | None) -> None:
    """Export FILE, a define.xml, as the .xlsx workbook that metadata tools exchange.

    What the workbook has no column for is listed.
    """
    from sdtm_il2.define.read import read_define
    from sdtm_il2.define.workbook import write_workbook

    target = file.with_suffix(".xlsx") if out is None else out
    print_issues(write_workbook(read_define(file), target), show_values=False, verbose=True)
    click.echo(f"written to {target}")


@define.command("import", short_help="Make a define.xml of a metadata workbook.")
@click.argument("file", type=existing_file())
@_beside(".xml")
def import_workbook(file: Path, out: Path | None) -> None:
    """Make a Define-XML 2.1 of FILE, a metadata workbook (.xlsx); every fault is told with sheet and cell.

    The file is checked no further: run `sdtm-il2 define check` on it.
    """
    from sdtm_il2.define.workbook_read import read_workbook
    from sdtm_il2.define.write import define_bytes
    from sdtm_il2.output import clock

    define, notes = read_workbook(file, clock().isoformat())
    target = file.with_suffix(".xml") if out is None else out
    content = define_bytes(define)
    print_issues(notes, show_values=False, verbose=True)
    write_whole(target, content)
    click.echo(f"written to {target}")
