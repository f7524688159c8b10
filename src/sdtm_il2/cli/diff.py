"""The verb diff: what changed between two builds, or two XPT files."""

from __future__ import annotations

from pathlib import Path

import click

from sdtm_il2.cli.outcome import FAILED, stated


@click.command(short_help="Say what changed between two builds.")
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--key",
    "stated",
    multiple=True,
    metavar="AE=VAR,VAR",
    help="Key of a dataset, instead of the one in define.xml; may stand several times.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Records that are listed of each dataset; the others are counted.",
)
@click.option(
    "--encoding",
    callback=stated,
    help="Encoding of the XPT files; default: as a manifest.json says, else UTF-8.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--show-values", is_flag=True, help="Print keys and values; they may be subjects' data.")
def diff(
    *,
    old: Path,
    new: Path,
    stated: tuple[str, ...],
    limit: int,
    encoding: str | None,
    as_json: bool,
    show_values: bool,
) -> None:
    """Say what changed from OLD to NEW: two output folders, or two XPT files.

    Records are the same if their key is, which define.xml states: added, removed and changed ones are told, and
    which variables changed. A record that only got another --SEQ is counted apart. Exit codes: 0 equal, 1
    different.
    """
    from sdtm_il2.diff import diff as compare
    from sdtm_il2.report.diff import diff_json, diff_text

    keys: dict[str, tuple[str, ...]] = {}
    for one in stated:
        name, equals, variables = one.partition("=")
        if not equals or not name or not variables:
            raise click.BadParameter(f"{one!r} is not DATASET=VARIABLE,VARIABLE.", param_hint="'--key'")
        keys[name.strip().upper()] = tuple(part.strip().upper() for part in variables.split(","))
    found = compare(old, new, keys=keys, limit=limit, encoding=encoding)
    report = diff_json if as_json else diff_text
    click.echo(report(found, show_values=show_values), nl=False)
    if not found.equal:
        raise click.exceptions.Exit(FAILED)
