"""Read 700,000 items of ODM-XML 1.3 beside cdiscbuilder 2.2.0, in one run.

    python benchmarks/odm.py [ITEMS] [ROUNDS]

Each reading is a process of its own; the two take turns, and the median of the rounds is printed: processor
and wall seconds of the whole process, processor seconds of the reading alone, and the most memory that the
process held, imports included. The peer is installed into ``benchmarks/.venv-cdiscbuilder`` on the first run.
The data are made by the script; nobody in them exists. Both must find the same values, or the run fails.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from measure import Cost, run  # noqa: E402

PEER, PEER_VERSION = "cdiscbuilder", "2.2.0"
PEER_ENVIRONMENT = HERE / f".venv-{PEER}"
ITEMS_OF_A_GROUP = 10

OURS = """
import sys, time
from pathlib import Path
from sdtm_il2.sources.odm import read_odm
start = time.process_time()
table = read_odm([Path(sys.argv[1])], form="F.LB", group="IG.LB")
spent = time.process_time() - start
frame = table.frame
# compare
items = [name for name in frame.columns if name.startswith("I.LB.")]
cells = "\\n".join("\\t".join(row) for row in frame[["_SUBJECT", "_EVENT", *items]].itertuples(index=False))
"""
THEIRS = """
import sys, time
from cdiscbuilder.sdtm.odm_parser import parse_odm_to_long_df
start = time.process_time()
frame = parse_odm_to_long_df(sys.argv[1])
spent = time.process_time() - start
# compare
values, size = frame["Value"].tolist(), int(sys.argv[2])
keys = zip(frame["SubjectKey"][::size], frame["StudyEventOID"][::size])
cells = "\\n".join("\\t".join([*key, *values[n * size : n * size + size]]) for n, key in enumerate(keys))
"""
REPORT = """
import hashlib
print(spent, hashlib.sha256(cells.encode()).hexdigest())
"""
#: What ends a process that is measured: it does not compare.
STOP = """
print(spent, "")
"""


def write_items(path: Path, items: int) -> None:
    """Synthetic laboratory results: ten items a group, seven groups a visit, ten visits a subject."""
    values = random.Random(11)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        file.write('<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Snapshot" ODMVersion="1.3.2">\n')
        file.write('<ClinicalData StudyOID="SYNTH" MetaDataVersionOID="V1">\n')
        for number in range(max(items // (10 * 7 * ITEMS_OF_A_GROUP), 1)):
            file.write(f'<SubjectData SubjectKey="{number:05d}">\n')
            for visit in range(10):
                file.write(f'  <StudyEventData StudyEventOID="SE.V{visit}">\n    <FormData FormOID="F.LB">\n')
                for repeat in range(7):
                    head = f'ItemGroupOID="IG.LB" ItemGroupRepeatKey="{repeat + 1}"'
                    file.write(f"      <ItemGroupData {head}>\n")
                    for item in range(ITEMS_OF_A_GROUP):
                        value = values.randint(0, 99999) / 10
                        file.write(f'        <ItemData ItemOID="I.LB.ITEM{item}" Value="{value}"/>\n')
                    file.write("      </ItemGroupData>\n")
                file.write("    </FormData>\n  </StudyEventData>\n")
            file.write("</SubjectData>\n")
        file.write("</ClinicalData>\n</ODM>\n")


def peer_python() -> str:
    """The Python of the peer's own environment, made on the first run."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(PEER_ENVIRONMENT, with_pip=True, clear=True)
        (PEER_ENVIRONMENT / ".gitignore").write_text("*\n")
        install = [str(python), "-m", "pip", "install", "--quiet", f"{PEER}=={PEER_VERSION}"]
        subprocess.run(install, check=True)
    return str(python)


def measured(python: str, script: str, file: Path, folder: Path) -> tuple[Cost, float, str]:
    """The cost of one process, the seconds of its reading, and the digest of the values that it read."""
    cost = run([python, "-c", script, str(file), str(ITEMS_OF_A_GROUP)], folder, folder / "log.txt")
    if cost.code:
        raise SystemExit(cost.printed)
    spent, _, digest = cost.printed.strip().rpartition("\n")[2].partition(" ")
    return cost, float(spent), digest


def main(items: int, rounds: int) -> None:
    """Write the file, compare what both read, and print what each costs."""
    readers = {"sdtm_il2": (sys.executable, OURS), f"{PEER} {PEER_VERSION}": (peer_python(), THEIRS)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "items.xml"
        write_items(file, items)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"{items:,} items, {file.stat().st_size / 1e6:.1f} MB, sha256 {digest[:12]}, {rounds} rounds")
        found = {
            who: measured(python, script + REPORT, file, folder)[2]
            for who, (python, script) in readers.items()
        }
        if len(set(found.values())) != 1:
            raise SystemExit(f"the values differ: {found}")
        costs: dict[str, list[tuple[Cost, float]]] = {who: [] for who in readers}
        for _ in range(rounds):
            for who, (python, script) in readers.items():
                costs[who].append(measured(python, script.partition("# compare")[0] + STOP, file, folder)[:2])
    print(f"{'':20} {'CPU s':>7} {'wall s':>7} {'reading CPU s':>14} {'peak MB':>8}")
    whole, reading = [], []
    for who, seen in costs.items():
        whole.append(statistics.median(cost.cpu for cost, _ in seen))
        reading.append(statistics.median(spent for _, spent in seen))
        wall = statistics.median(cost.wall for cost, _ in seen)
        peak = max(cost.peak for cost, _ in seen) / 1e6
        print(f"{who:20} {whole[-1]:7.2f} {wall:7.2f} {reading[-1]:14.2f} {peak:8.0f}")
    print(f"{'ratio':20} {whole[0] / whole[1]:7.3f} {'':7} {reading[0] / reading[1]:14.3f}")


if __name__ == "__main__":
    stated = [int(text) for text in sys.argv[1:]]
    main(*(stated + [700_000, 5][len(stated) :]))
