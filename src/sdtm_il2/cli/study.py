"""Verbs on a study: build, check, trace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from sdtm_il2.agency import AGENCIES
from sdtm_il2.cli.outcome import (
    INPUT,
    Verb,
    any_folder,
    fail_on_option,
    finish,
    print_issues,
    show_values_option,
    stated,
    verbose_option,
)
from sdtm_il2.errors import Issue, SdtmError, merge_issues

if TYPE_CHECKING:  # heavy: the verbs import what they call
    from sdtm_il2.plan.model import Plan
    from sdtm_il2.spec.study import StudySpec
    from sdtm_il2.standards import Standard

Result = TypeVar("Result")

raw_option = click.option(
    "--raw",
    type=any_folder(exists=True),
    metavar="DIR",
    help="Folder of the raw files; default: the study folder.",
)


def _time(ctx: click.Context, option: click.Parameter, value: str | None) -> dt.datetime | None:
    """`now`, or a time in ISO 8601; SAS transport files write years with two digits."""
    if value is None:
        return None
    if value == "now":
        return dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is neither now nor a time as 2025-06-30T12:00:00", ctx, option
        ) from None
    if found.tzinfo is not None:
        found = found.astimezone(dt.UTC).replace(tzinfo=None)
    if not 1960 <= found.year < 2060:
        raise click.BadParameter(f"{value!r} is no year from 1960 to 2059", ctx, option)
    return found.replace(microsecond=0)


def choice_options(verb: Verb) -> Verb:
    """--agency, --ig, --ct: what this run takes instead of what the study file states."""
    agency = click.option(
        "--agency",
        type=click.Choice([name for name in AGENCIES if name]),
        callback=stated,
        help="Receiver of this run, instead of the study file's: encoding, language, limits.",
    )
    ig = click.option(
        "--ig", default="", metavar="RELEASE", callback=stated,
        help="Implementation guide of this run: 'SDTMIG 3.3' or 3.3.",
    )  # fmt: skip
    ct = click.option(
        "--ct", default="", metavar="DATE", callback=stated, help="Controlled terminology of this run."
    )
    return agency(ig(ct(verb)))


@click.command(short_help="Build the SDTM datasets of a study.")
@click.argument("study", type=click.Path(path_type=Path))
@raw_option
@click.option(
    "--out", type=any_folder(), default=Path("out"), show_default=True, metavar="DIR", help="Folder to write."
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that share the subjects.",
)
@choice_options
@click.option(
    "--created",
    metavar="TIME",
    callback=_time,
    help="Time that the files bear, in UTC: now, or 2025-06-30T12:00:00. Default: SOURCE_DATE_EPOCH, else 1970, so that "
    "the same input gives the same bytes.",
)
@fail_on_option
@show_values_option
@verbose_option
@click.option("--quiet", is_flag=True, help="Print issues only, no progress, tables or places.")
def build(
    *,
    study: Path,
    raw: Path | None,
    out: Path,
    processes: int,
    agency: str | None,
    ig: str,
    ct: str,
    created: dt.datetime | None,
    fail_on: str,
    show_values: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Build the SDTM datasets of STUDY, a study.yaml or its folder.

    Writes XPT files, Define-XML, issues, balance sheet, lineage and a manifest to --out, as a whole or not at
    all: after a failed run an older output is as it was.
    """
    from sdtm_il2.build import build as build_study
    from sdtm_il2.check.inputs import read_raw
    from sdtm_il2.check.specification import load_specification
    from sdtm_il2.cli.workers import mapper, partitions, progress
    from sdtm_il2.output import check_folder, write_build
    from sdtm_il2.report.text import balance_text, datasets_text

    with progress(shown=not quiet) as told:
        told.stage("reading the specification")
        found = load_specification(study, agency=agency or "", ig=ig, ct=ct)
        if found.spec is None:
            raise SdtmError(found.refused)
        raw = found.spec.folder if raw is None else raw
        if not found.refused:
            check_folder(out, raw, found.spec.folder)
        told.stage("reading raw files")
        sources, refused = read_raw(found, raw)
        plan, standard = found.plan, found.standard
        if plan is None or standard is None or refused:
            raise SdtmError([*found.refused, *refused])
        told.stage("building")
        with mapper(processes) as share:
            parts = partitions(sources, processes)
            built = build_study(plan, sources, share, partitions=parts, progress=told.parts)
        manifest = write_build(
            built, standard, out, created=created, progress=lambda name: told.stage(f"writing {name}")
        )
    if not quiet:
        click.echo(f"{plan.study}: {standard.ig_release.title}, {standard.terminology.release.title}\n")
        click.echo(datasets_text(built.datasets, manifest.parts(plan)))
        click.echo(balance_text(built.balance))
    print_issues(manifest.issues, show_values=show_values, verbose=verbose)
    if not quiet:
        click.echo(f"\nwritten to {out}: {len(manifest.outputs)} files; issues.txt has every issue")
    finish(manifest.issues, fail_on)


@click.command(short_help="Check a specification, and its raw files.")
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "--raw",
    type=any_folder(exists=True),
    metavar="DIR",
    help="Folder of the raw files: read and check them too.",
)
@choice_options
@fail_on_option
@show_values_option
@verbose_option
def check(
    *,
    study: Path,
    raw: Path | None,
    agency: str | None,
    ig: str,
    ct: str,
    fail_on: str,
    show_values: bool,
    verbose: bool,
) -> None:
    """Check the specification of STUDY, and with --raw its raw files, without writing anything.

    All problems of all files are printed at once. With --raw the datasets are built in memory: all that a build
    would report is printed, and what the data say of formats, missing texts and terms that never occur.
    """
    from sdtm_il2.check.specification import load_specification

    specification = load_specification(study, agency=agency or "", ig=ig, ct=ct)
    spec, plan = specification.spec, specification.plan
    refused = list(specification.refused)
    sources = None
    if raw is not None:
        from sdtm_il2.check.inputs import read_raw

        sources, wrong = read_raw(specification, raw)
        refused += wrong
    found: list[Issue] = []
    dry = None
    if spec is not None and plan is not None and sources is not None and not refused:
        from sdtm_il2.build import build as build_study
        from sdtm_il2.check.data import check_data

        dry = _tried(refused, lambda: build_study(plan, sources).issues)
        found += check_data(spec, plan, sources)
    if dry is not None:
        found += dry
    else:
        found += plan.issues if plan is not None else ()
        found += sources.issues if sources is not None else ()
    issues = merge_issues([*refused, *found])
    print_issues(issues, show_values=show_values, verbose=verbose)
    if refused:
        raise click.exceptions.Exit(INPUT)
    finish(issues, fail_on)


def compiled(spec: StudySpec) -> tuple[Standard, Plan]:
    """The standard that a study follows (its own standards/ first), and the plan of its build."""
    from sdtm_il2.compile import compile_plan
    from sdtm_il2.standards import load_standard

    standard = load_standard(
        spec.standard.ig, spec.standard.ct, spec.folder / "standards", at=spec.standard.at
    )
    return standard, compile_plan(spec, standard)


def _tried(refused: list[Issue], step: Callable[[], Result]) -> Result | None:
    """What a step gives; None if it is refused, which is noted so that the next steps can be tried."""
    try:
        return step()
    except SdtmError as error:
        refused += error.issues
        return None
