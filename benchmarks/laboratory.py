"""Build laboratory results from a long export through the whole build, and say what each step costs.

    python benchmarks/laboratory.py [RESULTS] [--keep DIR]

The export has 12 columns and 40 tests, units that need converting, reference ranges, results below the limit of
quantification, NOT DONE, and a date and time; the last result before the first dose is flagged (LBLOBXFL).
`sdtm-il2 build` runs as a command in a fresh process; then the steps are measured in this process, one after
the other. Subjects and values are invented.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

from measure import run

HERE = Path(__file__).resolve().parent
SPECIFICATION = HERE / "laboratory"
RESULTS_PER_SUBJECT = 400
HEADER = "SITE,SUBJ,VISIT,COLLECTED,BARCODE,SPECIMEN,ITEM,RESULT,UNIT,LOW,HIGH,REPORTED"


def tests() -> list[tuple[str, str, float, str, str, str]]:
    """The 40 items: name, specimen, typical value, unit, limits; as the tests table of the study has them."""
    lines = (SPECIFICATION / "lab_items.csv").read_text(encoding="utf-8").splitlines()[1:]
    items = []
    for number, line in enumerate(lines):
        name, specimen, _, _, unit, _ = line.split(",")
        value = 5 + number * 3.7
        items.append((name, specimen, value, unit, f"{value * 0.6:.1f}", f"{value * 1.4:.1f}"))
    return items


def lab_rows(results: int) -> Iterator[str]:
    """The laboratory's export, line by line; the same for the same number of results."""
    random = Random(11)
    items = tests()
    yield HEADER
    subjects = max(1, results // RESULTS_PER_SUBJECT)
    for number in range(results):
        subject, item = number % subjects, (number // subjects) % len(items)
        visit = number // subjects // len(items)
        name, specimen, value, unit, low, high = items[item]
        chance = random.random()
        text = (
            f"{value * (0.4 + 1.3 * random.random()):.1f}"
            if chance > 0.03
            else "<0.5"
            if chance > 0.01
            else "NOT DONE"
        )
        month, day = 1 + visit % 12, 1 + (number % 27)
        when = f"2024-{month:02d}-{day:02d} {7 + number % 5:02d}:{number % 60:02d}"
        sample = f"01,{subject:05d},V{visit + 1},{when},B{number // len(items):07d}"
        yield f"{sample},{specimen},{name},{text},{unit},{low},{high},{when}"


def write_study(folder: Path, results: int) -> None:
    """The raw files and the specification."""
    shutil.copytree(SPECIFICATION, folder, dirs_exist_ok=True)
    subjects = max(1, results // RESULTS_PER_SUBJECT)
    with (folder / "dm.csv").open("w", encoding="utf-8") as stream:
        stream.write("SITE,SUBJ,SEX,DOSE\n")
        stream.writelines(
            f"01,{one:05d},{'F' if one % 2 else 'M'},2024-03-10 09:00\n" for one in range(subjects)
        )
    with (folder / "lab.csv").open("w", encoding="utf-8") as stream:
        stream.writelines(f"{row}\n" for row in lab_rows(results))


def main() -> int:
    """Make the study, build it, print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--keep", type=Path, help="folder for the study and its output")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        write_study(folder, arguments.results)
        size = (folder / "lab.csv").stat().st_size / 1e6
        command = [sys.executable, "-m", "sdtm_il2", "build", ".", "--out", "out", "--quiet"]
        cost = run(command, folder, folder / "build.log")
        if cost.code not in (0, 1):
            print(cost.printed)
            return 1
        print(f"{arguments.results} results, {size:.0f} MB of CSV")
        print(f"whole build: {cost.cpu:.1f} CPU s, {cost.wall:.1f} s wall, {cost.peak / 1e6:.0f} MB peak")
        steps(folder, arguments.results)
    return 0


def steps(folder: Path, results: int) -> None:
    """The same in this process, step by step."""
    start = time.process_time()
    from sdtm_il2.build import build
    from sdtm_il2.compile import compile_plan
    from sdtm_il2.output import write_build
    from sdtm_il2.sources import read_sources
    from sdtm_il2.spec import load_spec
    from sdtm_il2.standards import load_standard

    def lap(name: str) -> None:
        nonlocal start
        now = time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rate = f"{results / (now - start):>12,.0f} results/s" if now - start > 0.3 else ""
        print(f"{name:<10}{now - start:6.2f} CPU s {rate:>24}  {peak:5.0f} MB")
        start = now

    lap("import")
    spec = load_spec(folder)
    standard = load_standard(spec.standard.ig, spec.standard.ct)
    plan = compile_plan(spec, standard)
    lap("plan")
    sources = read_sources(spec, folder)
    lap("read")
    built = build(plan, sources)
    lap("build")
    write_build(built, standard, folder / "steps")
    lap("write")


if __name__ == "__main__":
    sys.exit(main())
