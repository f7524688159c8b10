"""The verb trace: from a record to its raw cells, and from a raw record to what it feeds."""

from __future__ import annotations

from pathlib import Path

import click

from sdtm_il2.cli.outcome import any_folder


@click.command(short_help="Show where a record comes from, or goes to.")
@click.argument("out", type=any_folder(exists=True))
@click.argument("dataset", required=False)
@click.argument("usubjid", required=False)
@click.argument("seq", required=False)
@click.argument("variable", required=False)
@click.option(
    "--from",
    "row",
    type=(str, int),
    metavar="FILE ROW",
    help="A raw file (or source) and a row as messages count it: show what became of it.",
)
def trace(
    *,
    out: Path,
    dataset: str | None,
    usubjid: str | None,
    seq: str | None,
    variable: str | None,
    row: tuple[str, int] | None,
) -> None:
    """Show where a record of DATASET comes from: file, row, column, raw text, mapping.

    OUT is the folder that build wrote. SEQ is the record's --SEQ; leave it out where a subject has one record
    (DM). VARIABLE limits the trace to one variable. The record's values are printed.

    With --from it goes the other way: every record and variable that a raw record feeds, else its fate with the
    reason. Values are not printed.
    """
    from sdtm_il2.report.text import printable

    if row is not None:
        from sdtm_il2.trace import trace_row

        if dataset is not None:
            raise click.UsageError("--from FILE ROW names the record: leave DATASET and USUBJID out.")
        for number, one in enumerate(trace_row(out, *row)):
            if number:
                click.echo()
            for line in one.lines():
                click.echo(printable(line))
        return
    if dataset is None or usubjid is None:
        missing = "DATASET" if dataset is None else "USUBJID"
        raise click.UsageError(f"Missing argument '{missing}', or --from FILE ROW.")
    from sdtm_il2.trace import trace as trace_record

    if seq is not None and variable is None and not seq.isdecimal():
        seq, variable = None, seq
    if seq is not None and not seq.isdecimal():
        raise click.BadParameter(f"{seq!r} is not a whole number.", param_hint="'SEQ'")
    found = trace_record(
        out,
        dataset.upper(),
        usubjid,
        None if seq is None else int(seq),
        None if variable is None else variable.upper(),
    )
    for line in found.lines():
        click.echo(printable(line))
