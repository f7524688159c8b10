"""Verbs on the standards: list, show, import."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sdtm_il2.cli.outcome import any_folder, print_issues, width

#: Where a study keeps the releases that it imported; verbs are run in the study folder.
FOLDER = Path("standards")

from_option = click.option(
    "--from",
    "folder",
    type=any_folder(),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Folder of imported releases.",
)


@click.group(short_help="SDTMIG and terminology: list, show, import.")
def standards() -> None:
    """SDTMIG and controlled terminology: list, show, import."""


@standards.command("list", short_help="List the releases a study can name.")
@from_option
def list_releases(folder: Path) -> None:
    """List the releases that a study can name under `standard:`."""
    from sdtm_il2.report.text import table
    from sdtm_il2.standards import available_releases

    rows = [
        (one.title, "bundled" if one.bundled else str(one.file), one.hash[:12])
        for one in available_releases(folder)
    ]
    click.echo(table(["Release", "From", "SHA-256 begins"], rows), nl=False)


@standards.command(short_help="Show what a name of the standard is.")
@click.argument("name")
@click.option(
    "--ig", default="SDTMIG 3.4", show_default=True, metavar="RELEASE", help="Implementation guide."
)
@click.option("--ct", default="2025-03-28", show_default=True, metavar="DATE", help="Controlled terminology.")
@from_option
def show(name: str, ig: str, ct: str, folder: Path) -> None:
    """Show what NAME is: AE, AESEV, AE.AESEV, a codelist as C66767 or ACN."""
    from sdtm_il2.report.text import printable, table, wrapped
    from sdtm_il2.standards import describe, load_standard

    columns = width(sys.stdout)
    for number, one in enumerate(describe(load_standard(ig, ct, folder), name)):
        if number:
            click.echo()
        click.echo(wrapped(printable(one.title), columns, "  "))
        for label, text in one.facts:
            click.echo(wrapped(f"  {label}: {printable(text)}", columns, "    "))
        if one.rows:
            click.echo()
            click.echo(table(one.header, one.rows, width=columns), nl=False)


@standards.command("import", short_help="Import a release.")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to", type=any_folder(), default=FOLDER, show_default=True, metavar="DIR", help="Folder to write to."
)
@click.option("--version", default="", help="Release date or version, if the file's name does not say it.")
@click.option("--package", default="", help="SDTM or Define-XML, if the file's name does not say it.")
def import_release(file: Path, to: Path, version: str, package: str) -> None:
    """Import a release so that studies can name it.

    FILE is NCI's text file of a terminology ("SDTM Terminology 2025-09-26.txt"), or a folder with datasets.csv
    and variables.csv of an implementation guide.
    """
    from sdtm_il2.standards import import_ig, import_terminology

    if file.is_dir():
        made = import_ig(file, to, version=version)
        words = f"{made.groups} datasets, {made.items} variables"
    else:
        made = import_terminology(file, to, version=version, package=package)
        words = f"{made.groups} codelists, {made.items} terms"
    click.echo(f"{made.release.title}: {words}, read as {made.encoding}, written to {made.release.file}")
    if made.issues:
        print_issues(made.issues, show_values=False, verbose=True)
