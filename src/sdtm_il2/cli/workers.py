"""The processes that share a build's subjects, and the progress that a terminal sees."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sdtm_il2.build import RECORDS_PER_PARTITION, Mapper
from sdtm_il2.errors import OutputError, issue
from sdtm_il2.sources import Sources

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Told:
    """Where a verb says how far it is: the stage it begins, and how many parts of it are done."""

    stage: Callable[[str], None]
    parts: Callable[[int, int], None]


@contextmanager
def progress(*, shown: bool) -> Iterator[Told]:
    """A bar on stderr while the verb runs, if stderr is a terminal; it leaves nothing behind."""
    if not shown or not sys.stderr.isatty():
        yield Told(lambda _: None, lambda _done, _total: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def stage(text: str) -> None:
            for number in bar.task_ids:
                bar.remove_task(number)
            bar.add_task(text, total=None)

        yield Told(stage, lambda done, total: bar.update(bar.task_ids[-1], completed=done, total=total))


def partitions(sources: Sources, processes: int) -> int | None:
    """How many ranges of subjects to build: None lets `build` choose, several processes need one each."""
    if processes == 1:
        return None
    return max(processes, round(sum(len(sources[name]) for name in sources) / RECORDS_PER_PARTITION))


@contextmanager
def mapper(processes: int) -> Iterator[Mapper]:
    """`map` over this process or over `processes` others; all are gone when it ends, however it ends.

    OutputError OUT991 if one of them was ended from outside, which is mostly for want of memory.
    """
    if processes == 1:
        yield map
        return
    # spawn, not fork: Arrow's threads do not survive a fork
    pool = ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_interrupt_to_parent
    )
    try:
        yield partial(_in_order, pool, 2 * processes)
    except BaseException as error:
        for child in multiprocessing.active_children():
            child.terminate()
        if isinstance(error, BrokenProcessPool):
            raise OutputError(issue("OUT991")) from error
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupt_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Processes that start meanwhile never see Ctrl-C, not even while they import; this one sees it afterwards."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_order(
    pool: ProcessPoolExecutor, ahead: int, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[Result]:
    """`pool.map` that holds at most `ahead` tasks in memory: each is a copy of its subjects' records."""
    waiting: deque[Future[Result]] = deque()
    for task in tasks:
        with _interrupt_held_back():
            waiting.append(pool.submit(function, task))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
