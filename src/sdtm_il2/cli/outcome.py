"""How every verb prints and ends: text for a terminal or a pipe, and the exit codes."""

from __future__ import annotations

import io
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NoReturn

import click

import sdtm_il2
from sdtm_il2.errors import Issue, SdtmError, Severity, issue, worst

#: Issues at or above --fail-on; input to fix; our bug; Ctrl-C, and the reader of a pipe went away (as shells say).
FAILED: Final = 1
INPUT: Final = 2
BUG: Final = 3
INTERRUPTED: Final = 130
PIPE: Final = 141

NEVER: Final = "never"

#: What is printed unless notes are asked for.
_SHOWN: Final = (Severity.ERROR, Severity.WARNING)


class Verbs(click.Group):
    """A group of verbs that says what went wrong in the words of the catalogue, and ends with its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb. What it raises becomes text on stderr and an exit code; no traceback but for our bugs."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(
                    errors="backslashreplace"
                )  # a terminal without Chinese is no reason to stop
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except SdtmError as error:
            refuse(error.issues)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  lives to the end
            raise click.exceptions.Exit(PIPE) from None
        except OSError as error:
            if _is_ours(error):
                _report_bug(error)
            name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "a file"
            refuse([issue("OUT990", path=name, reason=error.strerror or str(error))])
        except MemoryError:
            refuse([issue("OUT991")])
        except Exception as error:  # the last resort: everything else is a bug of ours
            _report_bug(error)


def _is_ours(error: OSError) -> bool:
    """The file is one of the package: no input of the user."""
    if not isinstance(error.filename, str):
        return False
    return Path(error.filename).resolve().is_relative_to(Path(sdtm_il2.__file__).parent)


def _report_bug(error: Exception) -> NoReturn:
    traceback.print_exception(error)
    click.echo(
        f"sdtm-il2 {sdtm_il2.__version__}: this is a bug of sdtm-il2, not of your input; "
        "please report it with the lines above (they may hold values of subjects: look before you send them)",
        err=True,
    )
    raise click.exceptions.Exit(BUG) from None


def refuse(issues: Iterable[Issue]) -> NoReturn:
    """Print what the user must fix to stderr and end with 2."""
    from sdtm_il2.report.text import issues_text

    click.echo(issues_text(issues, width=width(sys.stderr), severities=_SHOWN), err=True, nl=False)
    raise click.exceptions.Exit(INPUT)


def width(stream: Any) -> int | None:
    """The columns to wrap text at: at most 80 on a terminal; a file or pipe has none."""
    from sdtm_il2.report.text import WIDTH

    if not stream.isatty():
        return None
    return max(40, min(WIDTH, shutil.get_terminal_size().columns))


def finish(issues: Iterable[Issue], fail_on: str) -> None:
    """End with 1 if an issue is as bad as `fail_on` or worse; else return."""
    found = worst(issues)
    if fail_on != NEVER and found is not None and found.rank <= Severity(fail_on).rank:
        raise click.exceptions.Exit(FAILED)


Verb = Callable[..., None]


def fail_on_option(verb: Verb) -> Verb:
    """--fail-on: the severity from which the exit code is 1."""
    return click.option(
        "--fail-on",
        type=click.Choice([*(severity.value for severity in Severity), NEVER]),
        default=Severity.ERROR.value,
        show_default=True,
        help="Exit with 1 if an issue is as bad as this or worse.",
    )(verb)


def show_values_option(verb: Verb) -> Verb:
    """--show-values: print values of subjects."""
    return click.option(
        "--show-values",
        is_flag=True,
        help="Print the values that issues are about; they may be subjects' data.",
    )(verb)


def verbose_option(verb: Verb) -> Verb:
    """--verbose: print notes too."""
    return click.option("--verbose", is_flag=True, help="Print notes too; without it they are only counted.")(
        verb
    )


def print_issues(issues: Iterable[Issue], *, show_values: bool, verbose: bool) -> None:
    """Errors and warnings (and notes if `verbose`), and how many there are, to stdout."""
    from sdtm_il2.report.text import issues_text

    shown = tuple(Severity) if verbose else _SHOWN
    click.echo(
        issues_text(issues, show_values=show_values, width=width(sys.stdout), severities=shown), nl=False
    )


def existing_file() -> click.Path:
    """A file that is there and can be read."""
    return click.Path(exists=True, dir_okay=False, path_type=Path)


def any_folder(*, exists: bool = False) -> click.Path:
    """A folder."""
    return click.Path(exists=exists, file_okay=False, path_type=Path)


def stated(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """An option that is given says something: a blank is a variable of a script that was never set."""
    if value is not None and not value.strip():
        source = ctx.get_parameter_source(option.name or "")
        if source is not click.core.ParameterSource.DEFAULT:
            raise click.BadParameter("it is blank; name one, or leave the option out", ctx, option)
    return value
