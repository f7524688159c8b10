"""Loading: from the names in study.yaml to a `Standard`."""

from __future__ import annotations

import csv
from pathlib import Path

from sdtm_il2.errors import NOWHERE, Location, Problems, StandardsError
from sdtm_il2.nearest import nearest_names
from sdtm_il2.standards.guide import ModelVariable, Standard
from sdtm_il2.standards.release import BUNDLED, Kind, Release, available_releases, read_guide
from sdtm_il2.standards.terminology import Terminology


def load_standard(
    ig: str = "SDTMIG 3.4", ct: str = "2025-03-28", folder: Path | None = None, *, at: Location = NOWHERE
) -> Standard:
    """The implementation guide and the controlled terminology that a study follows.

    ``ig`` is ``SDTMIG 3.4`` or ``3.4``, ``ct`` a release date (``2025-03-28`` or ``SDTM CT 2025-03-28``);
    ``folder`` holds releases that the user imported, which stand before bundled ones; ``at`` is the line that
    names them. Little is read now:
    datasets and codelists follow when asked for.

    Raises StandardsError STD201 (guide), STD202 (terminology) naming the available ones, both at once.

    >>> load_standard().dataset("AE").define_class
    'EVENTS'
    """
    releases = available_releases(folder)
    problems = Problems()
    guide = _choose(releases, "ig", ig, problems, "STD201", at)
    terms = _choose(releases, "ct", ct, problems, "STD202", at)
    problems.stop(StandardsError)
    assert guide is not None  # else the line above raised
    assert terms is not None
    return Standard(
        guide, Terminology(terms), read_guide(guide.file), _model(), _model_version(guide.version)
    )


def load_define_terminology(version: str = "", folder: Path | None = None) -> Terminology:
    """The terminology of Define-XML's own attributes (origin types, dataset classes); the latest by default.

    Raises StandardsError STD202 if there is no such release.
    """
    releases = available_releases(folder)
    if not version:
        return Terminology([one for one in releases if one.kind == "define"][-1])
    problems = Problems()
    chosen = _choose(releases, "define", version, problems, "STD202")
    problems.stop(StandardsError)
    assert chosen is not None
    return Terminology(chosen)


def _choose(
    releases: tuple[Release, ...],
    kind: Kind,
    asked: str,
    problems: Problems,
    code: str,
    at: Location = NOWHERE,
) -> Release | None:
    known = [one for one in releases if one.kind == kind]
    wanted = " ".join(asked.split()).casefold()
    for one in known:
        if wanted in (one.version, one.title.casefold()):
            return one
    titles = [one.title for one in known]
    best = nearest_names(asked, reversed(titles))
    suggestion = best[0] if best else titles[-1]
    # study.yaml writes a terminology by its date
    written = suggestion if kind == "ig" else next(one.version for one in known if one.title == suggestion)
    problems.add(code, at=at, asked=asked, available=", ".join(titles), suggestion=written)
    return None


def _model() -> tuple[ModelVariable, ...]:
    with (BUNDLED / "sdtm-2.0.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(
            ModelVariable(class_, name, label, type_, role, since, tuple(only.split()), tuple(never.split()))
            for class_, name, label, type_, role, since, only, never in list(csv.reader(stream))[1:]
        )


def _model_version(ig_version: str) -> str:
    """The SDTM version beneath a guide; guides that the table does not name use all of the bundled model."""
    with (BUNDLED / "models.csv").open(encoding="utf-8", newline="") as stream:
        known = {row["ig_version"]: row["sdtm_version"] for row in csv.DictReader(stream)}
    return known.get(ig_version, "2.0")
