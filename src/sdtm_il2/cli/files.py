"""Verbs on XPORT files: xpt show, check and convert."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sdtm_il2.agency import AGENCIES
from sdtm_il2.cli.define import define
from sdtm_il2.cli.outcome import existing_file, fail_on_option, finish, print_issues, stated, width
from sdtm_il2.errors import Issue, merge_issues

__all__ = ["define", "xpt"]

encoding_option = click.option(
    "--encoding",
    default="utf-8",
    show_default=True,
    callback=stated,
    help="Encoding of the text; XPORT files do not say it.",
)


@click.group()
def xpt() -> None:
    """SAS XPORT files: show, check, convert."""


@xpt.command(short_help="Show datasets, variables, lengths.")
@click.argument("file", type=existing_file())
@click.option(
    "--records",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Print the first N records too; they may be subjects' data.",
)
@encoding_option
def show(file: Path, records: int, encoding: str) -> None:
    """Show the datasets of FILE: records, and each variable with its declared and used length.

    No value is printed unless --records asks for it.
    """
    from sdtm_il2.report.text import printable, table
    from sdtm_il2.xpt import describe_xpt, first_records

    for number, one in enumerate(describe_xpt(file, encoding=encoding)):
        if number:
            click.echo()
        click.echo(printable(f"{one.name}: {one.label}" if one.label else one.name))
        click.echo(f"  Records: {one.records} of {one.record_length} bytes")
        click.echo(printable(f"  Created: {one.stamp.created}, modified {one.stamp.modified}"))
        click.echo(printable(f"  SAS version field: {one.stamp.sas_version} {one.stamp.sas_os}".rstrip()))
        if one.dataset_type:
            click.echo(printable(f"  Dataset type: {one.dataset_type}"))
        click.echo()
        informats = any(variable.column.informat for variable in one.variables)
        rows = [
            (
                variable.column.name,
                variable.column.type,
                str(variable.column.length),
                str(variable.used),
                variable.column.format,
                *([variable.column.informat] if informats else ()),
                variable.column.label,
            )
            for variable in one.variables
        ]
        header = [
            "Variable",
            "Type",
            "Length",
            "Used",
            "Format",
            *(["Informat"] if informats else ()),
            "Label",
        ]
        click.echo(table(header, rows, numbers=[2, 3], width=width(sys.stdout)), nl=False)
        if records and one.records:
            values = first_records(file, one.name, records, encoding=encoding)
            header = ["Variable", *(f"Record {row}" for row in range(1, len(values[0])))]
            click.echo("\n" + table(header, values), nl=False)


@xpt.command("check", short_help="Check that files are sound.")
@click.argument("files", type=existing_file(), nargs=-1, required=True)
@click.option(
    "--agency",
    type=click.Choice([name for name in AGENCIES if name]),
    help="Check also what this agency asks of encoding, names, labels and sizes.",
)
@click.option(
    "--encoding", callback=stated, help="Encoding of the text; default: the agency's usual one, else UTF-8."
)
@fail_on_option
def check_files(files: tuple[Path, ...], agency: str | None, encoding: str | None, fail_on: str) -> None:
    """Check that FILES are sound and within what agencies take."""
    from sdtm_il2.xpt import check_xpt

    receiver = AGENCIES[agency or ""]
    if agency and encoding and encoding not in receiver.encodings:
        raise click.BadParameter(
            f"the {receiver.title} takes {' or '.join(receiver.encodings)}.", param_hint="'--encoding'"
        )
    found: list[Issue] = []
    for file in files:
        found += check_xpt(
            file, encoding=encoding or receiver.encodings[0], agency=receiver if agency else None
        )
    _judged(found, fail_on)


@xpt.command("convert", short_help="Convert to and from other kinds.")
@click.argument("source", type=existing_file())
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--like",
    type=existing_file(),
    metavar="FILE",
    help="Take name, label, types, lengths and formats from FILE, of any kind.",
)
@click.option(
    "--encoding",
    callback=stated,
    help="Encoding of XPT and CSV files; default: UTF-8 to read, ASCII to write an XPT file.",
)
@fail_on_option
def convert_file(source: Path, target: Path, like: Path | None, encoding: str | None, fail_on: str) -> None:
    """Convert the dataset SOURCE to TARGET; the endings say what they are.

    .xpt, .csv (with .variables.json beside it, which holds types and labels), .parquet, .json and .ndjson
    (Dataset-JSON 1.1), .dsjc (only read). What TARGET has no place for is printed as a warning.
    """
    from sdtm_il2.files import convert

    found = convert(source, target, like=like, encoding=encoding)
    click.echo(f"written to {target}")
    if found:
        _judged(found, fail_on)


def _judged(issues: list[Issue] | tuple[Issue, ...], fail_on: str) -> None:
    found = merge_issues(issues)
    print_issues(found, show_values=False, verbose=True)
    finish(found, fail_on)
