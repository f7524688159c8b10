"""Write and read a laboratory dataset of 28 variables as XPORT v5, beside pyreadstat and plain dd, in one run.

    python benchmarks/xpt.py [RECORDS] [ROUNDS]

Every cell is a process of its own, with the data loaded before the clock starts; cells take turns over the
rounds, and the median is printed. Memory is what the call adds to the peak of the process (Linux). All
writers must give the same records, byte for byte; the run fails if they do not. `dd` copies the written file
(with fsync, as writers do) or reads it into nothing: what the disk alone costs. The ratio is that of CPU seconds
to those of sdtm_il2 on the same input. CPU seconds are user and system; wall depends on what else runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

CELLS = [
    ("write", "sdtm_il2", "str"),
    ("write", "sdtm_il2", "object"),
    ("write", "sdtm_il2", "arrow"),
    ("write", "pyreadstat", "str"),
    ("write", "pyreadstat", "object"),
    ("write", "dd", "str"),
    ("read", "sdtm_il2", "str"),
    ("read", "pyreadstat", "str"),
    ("read", "dd", "str"),
]


def laboratory(records: int) -> pd.DataFrame:
    """Synthetic LB records: 22 text variables of 1 to 39 bytes and 6 numbers."""
    random = np.random.default_rng(7)

    def one_of(*terms: str, share: list[float] | None = None) -> np.ndarray:
        return np.array(terms, dtype=object)[random.choice(len(terms), records, p=share)]

    def gaps(numbers: np.ndarray, share: float = 0.05) -> np.ndarray:
        return np.where(random.random(records) < share, np.nan, numbers)

    tests = np.array(
        [
            ("ALB", "Albumin", "g/L"),
            ("ALP", "Alkaline Phosphatase", "U/L"),
            ("BILI", "Bilirubin", "umol/L"),
            ("MCHC", "Ery. Mean Corpuscular HGB Concentration", "mmol/L"),
            ("PLAT", "Platelets", "GI/L"),
            ("EOSLE", "Eosinophils/Leukocytes", "%"),
        ],
        dtype=object,
    )
    test = tests[random.integers(0, len(tests), records)]
    value = np.round(random.lognormal(3, 1, records), 2)
    result = np.char.mod("%.2f", value).astype(object)
    minutes = random.integers(0, 700 * 1440, records).astype("timedelta64[m]")
    subjects = np.array([f"SYNTH-STUDY-01-{701 + n % 20}-{1000 + n}" for n in range(3000)], dtype=object)
    columns = {
        "STUDYID": one_of("SYNTHSTUDY01"), "DOMAIN": one_of("LB"),
        "USUBJID": subjects[random.integers(0, 3000, records)],
        "LBSEQ": np.arange(records) % 400 + 1.0,
        "LBREFID": np.array([f"ACC{n:09d}" for n in range(records)], dtype=object),
        "LBTESTCD": test[:, 0], "LBTEST": test[:, 1],
        "LBCAT": one_of("CHEMISTRY", "HEMATOLOGY", "URINALYSIS"),
        "LBSCAT": one_of("", "LIVER FUNCTION", "DIFFERENTIAL COUNT"),
        "LBORRES": result, "LBORRESU": test[:, 2],
        "LBORNRLO": np.char.mod("%.1f", value / 2).astype(object),
        "LBORNRHI": np.char.mod("%.1f", value * 1.5).astype(object),
        "LBSTRESC": result, "LBSTRESN": gaps(value), "LBSTRESU": test[:, 2],
        "LBSTNRLO": gaps(value / 2), "LBSTNRHI": gaps(value * 1.5),
        "LBNRIND": one_of("NORMAL", "HIGH", "LOW", "ABNORMAL", share=[0.8, 0.09, 0.09, 0.02]),
        "LBSPEC": one_of("SERUM", "WHOLE BLOOD", "URINE"),
        "LBMETHOD": one_of("", "ENZYMATIC COLORIMETRIC ASSAY", "FLOW CYTOMETRY", share=[0.8, 0.1, 0.1]),
        "LBBLFL": one_of("", "Y", share=[0.9, 0.1]), "LBFAST": one_of("", "Y", "N"),
        "VISITNUM": random.integers(1, 14, records).astype(float),
        "VISIT": one_of("SCREENING 1", "BASELINE", "WEEK 2", "WEEK 26", "UNSCHEDULED 4.1"),
        "EPOCH": one_of("SCREENING", "TREATMENT", "FOLLOW-UP"),
        "LBDTC": (np.datetime64("2012-01-01T08:00", "m") + minutes).astype(str).astype(object),
        "LBDY": gaps(random.integers(-20, 250, records).astype(float), 0.02),
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    return frame.astype({name: "str" for name in frame if frame[name].dtype == object})


def peak() -> int:
    """Peak memory of this process in bytes since it was last reset."""
    with open("/proc/self/status") as stream:
        return next(int(line.split()[1]) * 1024 for line in stream if line.startswith("VmHWM"))


def reset_peak() -> None:
    """Let the peak begin again at what is held now."""
    with open("/proc/self/clear_refs", "w") as stream:
        stream.write("5")


def cell(verb: str, peer: str, text: str, folder: Path) -> None:
    """Measure one call and print it as JSON."""
    import pyreadstat

    from sdtm_il2.xpt import read_xpt, write_xpt

    path = folder / f"{peer}.{text}.xpt"
    if verb == "write":
        frame = pd.read_parquet(folder / "lb.parquet")
        if text == "arrow":
            frame = pa.Table.from_pandas(frame, preserve_index=False)
        else:
            frame = frame.astype({name: text for name in frame if frame[name].dtype == "str"})
        if peer == "sdtm_il2":
            call = lambda: write_xpt(path, frame, name="LB")  # noqa: E731
        else:
            call = lambda: pyreadstat.write_xport(frame, path, table_name="LB", file_format_version=5)  # noqa: E731
    else:
        path = folder / "sdtm_il2.str.xpt"
        call = (lambda: read_xpt(path)) if peer == "sdtm_il2" else (lambda: pyreadstat.read_xport(path))
    reset_peak()
    before, wall, cpu = peak(), time.perf_counter(), time.process_time()
    result = call()
    figures = {
        "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "memory": peak() - before,
        "bytes": path.stat().st_size,
    }  # fmt: skip
    del result
    if verb == "write":
        raw = path.read_bytes()
        figures["records"] = hashlib.sha256(raw[raw.index(b"HEADER RECORD*******OBS") :]).hexdigest()
        if (peer, text) != ("sdtm_il2", "str"):
            path.unlink()
    print(json.dumps(figures))


def copy(verb: str, folder: Path) -> str:
    """Measure dd on the file that sdtm_il2 wrote, as `cell` does."""
    source, target = folder / "sdtm_il2.str.xpt", folder / "copy.xpt"
    where = [f"of={target}", "conv=fsync"] if verb == "write" else ["of=/dev/null"]
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["dd", f"if={source}", "bs=1M", "status=none", *where], check=True)
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    target.unlink(missing_ok=True)
    return json.dumps({"cpu": cpu, "wall": wall, "memory": 0, "bytes": source.stat().st_size})


def main(records: int, rounds: int) -> None:
    """Run all cells in turn and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        laboratory(records).to_parquet(Path(folder) / "lb.parquet")
        found: dict[tuple[str, str, str], list[dict]] = {one: [] for one in CELLS}
        for _ in range(rounds):
            for one in CELLS:
                command = [sys.executable, __file__, "--cell", *one, folder]
                if one[1] == "dd":
                    found[one].append(json.loads(copy(one[0], Path(folder))))
                else:
                    found[one].append(
                        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                    )
        if (
            len({figures["records"] for one in found.values() for figures in one if "records" in figures})
            != 1
        ):
            sys.exit("the writers do not give the same records")
    size = found[CELLS[0]][0]["bytes"]
    print(f"{records} records x 28 variables, {size / 1e6:.1f} MB, median of {rounds}, {os.cpu_count()} CPUs")
    print(f"{'':28}{'CPU s':>8}{'wall s':>8}{'added peak MB':>15}{'CPU ratio':>11}")
    for one, runs in found.items():
        cpu, wall, memory = (
            statistics.median(run[name] for run in runs) for name in ("cpu", "wall", "memory")
        )
        ours = statistics.median(run["cpu"] for run in found[one[0], "sdtm_il2", one[2]])
        print(f"{' '.join(one):28}{cpu:8.2f}{wall:8.2f}{memory / 1e6:15.1f}{cpu / ours:11.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cell"]:
        cell(sys.argv[2], sys.argv[3], sys.argv[4], Path(sys.argv[5]))
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1
        )
