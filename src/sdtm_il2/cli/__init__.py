"""The command ``sdtm-il2``: verbs without logic of their own.

Exit codes: 0 nothing at or above --fail-on, 1 such issues (the output is written all the same), 2 the user must
fix input or the command line, 3 an error of this program, 130 interrupted. Libraries that read data are
imported by the verbs that need them, so that help and ``explain`` come at once.
"""

from __future__ import annotations

import click

from sdtm_il2 import __version__
from sdtm_il2.cli.diff import diff
from sdtm_il2.cli.explain import explain
from sdtm_il2.cli.files import define, xpt
from sdtm_il2.cli.outcome import Verbs
from sdtm_il2.cli.standards import standards
from sdtm_il2.cli.start import init, profile
from sdtm_il2.cli.study import build, check
from sdtm_il2.cli.trace import trace
from sdtm_il2.cli.translations import translations

__all__ = ["main"]


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Exit codes: 0 nothing at or above --fail-on, 1 such issues, 2 input to fix, 3 a bug of sdtm-il2.",
)
@click.version_option(__version__, prog_name="sdtm-il2")
def main() -> None:
    """Raw trial exports to CDISC SDTM, with an account of every raw record."""


for verb in (profile, init, build, check, trace, diff, translations, explain, standards, xpt, define):
    main.add_command(verb)
