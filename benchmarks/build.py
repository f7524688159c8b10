"""Build a study of adverse events with sdtm_il2 and with the PyPI package pharmaskills, in one run.

    python benchmarks/build.py [EVENTS] [--rounds N] [--keep DIR] [--processes N] [--only NAME]

Both start from the same two CSV files and write DM, AE and SUPPAE: `sdtm-il2 build` against
`pharmaskills sdtm build`, each as a command in a fresh process, taking turns over the rounds; the median is
printed. The peer gets a virtual environment of its own, which is made beside this file if it is missing.
The run fails if either command fails, or if the two do not give the same records.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

from measure import Cost, run

HERE = Path(__file__).resolve().parent
PEER = "pharmaskills"
PEER_VERSION = "0.6.2"
PEER_ENVIRONMENT = HERE / f".venv-{PEER}"
SPECIFICATIONS = HERE / "adverse_events"
EVENTS_PER_SUBJECT = 100
LEAST_SUBJECTS = 30

DM_HEADER = "SITE,SUBJ,SEX,BRTH,RFST,ARM"
AE_HEADER = "SITE,SUBJ,AE_ID,TERM,ST,EN,SEV,SER,REL"
TERMS = ("HEADACHE", "NAUSEA", "FEVER", "RASH")
STARTS = tuple(f"{day:02d}-Jan-2020" for day in range(1, 29))
ENDS = ("", "UN-Feb-2020", "14-Feb-2020")
SEVERITIES = ("Mild", "Mod", "Severe")
ANSWERS = ("Yes", "No")

#: What both are to give, and what tells the records apart. The peer makes a TS of one record besides.
COMPARED = {"dm": ("USUBJID",), "ae": ("USUBJID", "AESEQ"), "suppae": ("USUBJID", "IDVARVAL", "QNAM")}
#: What may differ: the words for where a qualifier came from.
FREE = ("QORIG",)


def subjects_of(events: int) -> int:
    """How many subjects have these events."""
    return max(LEAST_SUBJECTS, events // EVENTS_PER_SUBJECT)


def dm_rows(events: int) -> Iterator[str]:
    """The demography export, line by line."""
    yield DM_HEADER
    for subject in range(subjects_of(events)):
        yield f"01,{subject:06d},{'Male' if subject % 2 else 'Female'},UN-MAR-1980,10-Jan-2020,Active"


def ae_rows(events: int) -> Iterator[str]:
    """The export of adverse events, line by line; the same for the same number of events."""
    random = Random(7)
    subjects = subjects_of(events)
    yield AE_HEADER
    for event in range(events):
        term, start, end = random.choice(TERMS), random.choice(STARTS), random.choice(ENDS)
        severity, serious, related = random.choice(SEVERITIES), random.choice(ANSWERS), random.choice(ANSWERS)
        yield f"01,{event % subjects:06d},{event},{term},{start},{end},{severity},{serious},{related}"


def write_study(folder: Path, events: int) -> None:
    """The raw files, and beside them both specifications."""
    (folder / "raw").mkdir(parents=True)
    for name, rows in (("dm", dm_rows(events)), ("ae", ae_rows(events))):
        with (folder / "raw" / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(f"{row}\r\n" for row in rows)
    shutil.copytree(SPECIFICATIONS / "sdtm_il2", folder / "sdtm_il2")
    for path in (SPECIFICATIONS / PEER).iterdir():
        shutil.copy(path, folder)


def peer_command() -> Path:
    """The peer's command; its environment is made if it is missing."""
    command = PEER_ENVIRONMENT / "bin" / PEER
    if not command.exists():
        print(f"making {PEER_ENVIRONMENT} with {PEER} {PEER_VERSION}", file=sys.stderr)
        venv.create(PEER_ENVIRONMENT, with_pip=True, clear=True)
        (PEER_ENVIRONMENT / ".gitignore").write_text("*\n")
        pip = [str(PEER_ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"{PEER}=={PEER_VERSION}"], check=True)
    return command


def measure(folder: Path, name: str, command: list[str]) -> Cost:
    """Run one of the two; a failure ends the benchmark with what it printed."""
    cost = run(command, folder, folder / f"{name}.log")
    if cost.code:
        sys.exit(f"{name} ended with {cost.code}:\n{cost.printed}")
    return cost


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def print_costs(events: int, costs: dict[str, list[Cost]], outputs: dict[str, Path]) -> None:
    """The table of medians and the ratios."""
    rounds = len(next(iter(costs.values())))
    print(f"{events:,} adverse events of {subjects_of(events):,} subjects, CSV to XPT, median of {rounds}")
    print(f"{'':14}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}{'tree MB':>9}{'XPT MB':>9}{'all MB':>9}")
    medians: dict[str, tuple[float, ...]] = {}
    for name, runs in costs.items():
        xpt = sum(path.stat().st_size for path in outputs[name].rglob("*.xpt"))
        medians[name] = (
            statistics.median(one.cpu for one in runs),
            statistics.median(one.wall for one in runs),
            statistics.median(one.peak / 1e6 for one in runs),
            statistics.median(one.tree / 1e6 for one in runs),
            xpt / 1e6,
            size(outputs[name]) / 1e6,
        )
        print(f"{name:14}" + "".join(f"{number:9.1f}" for number in medians[name]))
    if len(medians) == 2:
        ours, theirs = medians.values()
        ratios = (f"{their / our:8.1f}x" for our, their in zip(ours, theirs, strict=True))
        print(f"{'theirs / ours':14}" + "".join(ratios))


def compare(ours: Path, theirs: Path) -> bool:
    """Print where the datasets differ; True if both hold the same records."""
    from sdtm_il2.xpt import read_xpt

    same = True
    for name, keys in COMPARED.items():
        our, their = (read_xpt(folder / f"{name}.xpt").dataset.frame for folder in (ours, theirs))
        print(f"{name.upper()}: {len(our):,} and {len(their):,} records")
        if len(our) != len(their):
            same = False
            continue
        for frame in (our, their):
            if "IDVARVAL" in frame:  # a number in text, padded by some
                frame["IDVARVAL"] = frame["IDVARVAL"].str.strip()
        our, their = (
            frame.sort_values(list(keys), kind="stable", ignore_index=True) for frame in (our, their)
        )
        equal = []
        for column in (one for one in our.columns if one in their.columns):
            if (our[column].dtype == "float64") != (their[column].dtype == "float64"):
                print(f"  {column} is {our[column].dtype} and {their[column].dtype}")
                same = same and column in FREE
                continue
            differs = (our[column] != their[column]) & (our[column].notna() | their[column].notna())
            if not differs.any():
                equal.append(column)
                continue
            first = int(differs.to_numpy().argmax())
            count = int(differs.sum())
            print(f"  {column} differs in {count:,}, as {our[column][first]!r} and {their[column][first]!r}")
            same = same and column in FREE
        print(f"  equal in all records: {' '.join(equal)}")
        for one, other, side in ((our, their, "only ours"), (their, our, "only theirs")):
            alone = [column for column in one.columns if column not in other.columns]
            if alone:
                print(f"  {side}: {' '.join(alone)}")
    return same


def main() -> None:
    """Write the study, build it with both, print what it cost and where the results differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="processes of sdtm-il2 build")
    parser.add_argument("--only", choices=["sdtm_il2", PEER])
    parser.add_argument("--keep", type=Path, help="new folder for the study and both outputs")
    options = parser.parse_args()
    commands = {
        "sdtm_il2": [
            sys.executable, "-m", "sdtm_il2", "build", "sdtm_il2", "--raw", ".", "--out", "out_sdtm_il2",
            "--processes", str(options.processes),
        ],
        PEER: [str(peer_command()), "sdtm", "build", "."],
    }  # fmt: skip
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="build-")))
        folder = folder.resolve()
        write_study(folder, options.events)
        outputs = {"sdtm_il2": folder / "out_sdtm_il2", PEER: folder / "out"}
        names = [options.only] if options.only else list(commands)
        costs: dict[str, list[Cost]] = {name: [] for name in names}
        for _ in range(options.rounds):
            for name in names:
                costs[name].append(measure(folder, name, commands[name]))
        print_costs(options.events, costs, {name: outputs[name] for name in names})
        if len(names) == 2 and not compare(outputs["sdtm_il2"], outputs[PEER] / "sdtm" / "xpt"):
            sys.exit("the two do not give the same records")


if __name__ == "__main__":
    main()
