"""The verb ``explain``: the catalogue's page of an issue code."""

from __future__ import annotations

import click

from sdtm_il2.errors import catalogue
from sdtm_il2.nearest import nearest_names


@click.command(short_help="Say what an issue code means.")
@click.argument("code")
def explain(code: str) -> None:
    """Say what an issue CODE (such as DATA801) means, why it matters and what to do."""
    from sdtm_il2.report.text import explain_text

    known = catalogue()
    asked = code.strip().upper().rstrip(":")
    if asked not in known:
        near = nearest_names(asked, known, count=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ". Codes are such as DATA801."
        raise click.BadParameter(f"there is no issue code {code!r}{hint}", param_hint="'CODE'")
    click.echo(explain_text(known[asked]), nl=False)
