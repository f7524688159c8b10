"""What a command costs: processor time, wall time and memory of a process and all that it starts (Linux)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds between two looks at the memory of the processes.
PAUSE = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a finished command cost, and what it printed.

    ``cpu`` is user and system seconds of the process and its children, ``wall`` seconds. ``peak`` is the most
    memory in bytes that the process held (or one of its children, if that is more), ``tree`` the most that all
    of them held together, seen every tenth of a second; shared pages count once a process.
    """

    code: int
    cpu: float
    wall: float
    peak: int
    tree: int
    printed: str


def run(command: Sequence[str], folder: Path, log: Path) -> Cost:
    """Run a command in a folder and measure it; what it prints goes to the file `log`.

    The peak that the kernel keeps begins with that of the process that starts it: keep the caller small.
    """
    with log.open("wb") as stream:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        ended = threading.Event()
        seen: list[int] = [0]
        watch = threading.Thread(target=_watch, args=(process.pid, ended, seen))
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            ended.set()
            watch.join()
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * 1024
    printed = log.read_text(encoding="utf-8", errors="replace")
    return Cost(process.returncode, usage.ru_utime + usage.ru_stime, wall, peak, max(peak, seen[0]), printed)


def _watch(session: int, ended: threading.Event, seen: list[int]) -> None:
    while not ended.wait(PAUSE):
        seen[0] = max(seen[0], _held(session))


def _held(session: int) -> int:
    """Bytes that the processes of a session hold."""
    pages = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended while we looked
                continue
            if int(fields[3]) == session:
                pages += int(fields[21])
    return pages * PAGE
