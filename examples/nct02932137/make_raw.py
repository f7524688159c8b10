"""Writes the raw exports of the reference study: 33 invented subjects, always the same bytes.

Nobody in these files exists. Names, hospital numbers, dates and results come from a seeded generator; the shapes of
the files (GB18030, title rows, corrected reports, partial dates) are those of a Chinese hospital's exports.

    python examples/nct02932137/make_raw.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from hospital.clinic import sledai, vitals
from hospital.edc import odm
from hospital.files import Folder
from hospital.forms import events, forms, injections
from hospital.laboratories import hospital, special
from hospital.people import subjects


def make(folder: Path) -> None:
    out = Folder(folder)
    people = subjects()
    forms(out, people)
    injections(out, people)
    told = events(out, people)
    hospital(out, people)
    special(out, people)
    sledai(out, people)
    vitals(out, people)
    odm(out, people, told)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "raw")
