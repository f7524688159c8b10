"""The verb ``translations``: the texts that still need their English, as a table to fill in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from sdtm_il2.agency import AGENCIES
from sdtm_il2.cli.outcome import refuse
from sdtm_il2.cli.study import compiled, raw_option
from sdtm_il2.errors import SpecError, issue
from sdtm_il2.place import write_whole

_ENGLISH = [one.name for one in AGENCIES.values() if one.english]


@click.command(short_help="List texts without an English text.")
@click.argument("study", type=click.Path(path_type=Path))
@raw_option
@click.option(
    "--agency",
    type=click.Choice(_ENGLISH),
    help="Receiver; default: the study's, or fda where it reads no English.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="CSV file to write; it must not be there yet.",
)
def translations(*, study: Path, raw: Path | None, agency: str | None, out: Path) -> None:
    """Write the texts of STUDY that have no English text to a table, to be filled in.

    The datasets are built in memory. The table holds texts of subjects. Fill in the column en, and name the file
    under translations: in study.yaml.
    """
    from sdtm_il2.build import build
    from sdtm_il2.lineage import TranslationUse
    from sdtm_il2.report.text import counted
    from sdtm_il2.sources import read_sources
    from sdtm_il2.spec import choose, load_spec
    from sdtm_il2.spec.study import TranslationRow
    from sdtm_il2.translate import missing_texts, table_to_fill_in, untranslated_labels

    if out.exists():
        refuse([issue("OUT932", path=out.name)])
    spec = load_spec(study)
    spec = choose(spec, agency=agency or (spec.agency if spec.agency in _ENGLISH else _ENGLISH[0]))
    labels: list[TranslationUse] = []
    try:
        _, plan = compiled(spec)
    except SpecError as error:
        # labels without English are no reason to stop here: they are texts to translate too
        labels = untranslated_labels(error)
        rows = tuple(TranslationRow(one.text, "?") for one in labels)
        _, plan = compiled(replace(spec, translations=(*spec.translations, *rows)))
    built = build(plan, read_sources(spec, spec.folder if raw is None else raw))
    texts = missing_texts([*labels, *built.lineage.translations])
    if not texts:
        click.echo("every text has its English text; nothing is written")
        return
    # with its mark, so that spreadsheets read it as UTF-8
    write_whole(out, table_to_fill_in(texts).encode("utf-8-sig"))
    click.echo(f"written to {out}: {counted(len(texts), 'text')}; they may be subjects' data")
