"""Ways to map a build over partitions, and what two builds have to have in common."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from sdtm_il2.build import Build, Mapper


def same(one: Build, other: Build) -> None:
    """Every part of two builds is equal."""
    assert list(one.datasets) == list(other.datasets)
    for name, dataset in one.datasets.items():
        assert dataset.columns == other.datasets[name].columns, name
        assert dataset.frame.equals(other.datasets[name].frame), name
        assert dataset.frame.dtypes.equals(other.datasets[name].frame.dtypes), name
    assert one.summaries == other.summaries
    assert [str(issue) for issue in one.issues] == [str(issue) for issue in other.issues]
    assert one.issues == other.issues
    assert list(one.lineage.datasets) == list(other.lineage.datasets)
    for name, lineage in one.lineage.datasets.items():
        assert lineage.frame().equals(other.lineage.datasets[name].frame()), name
    assert one.lineage.terms == other.lineage.terms
    assert one.balance == other.balance


@pytest.fixture(scope="module")
def processes() -> Iterator[Mapper]:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        yield pool.map


@pytest.fixture(scope="module")
def dask_mapper() -> Iterator[Mapper]:
    distributed = pytest.importorskip("distributed")
    import dask

    # a busy machine takes its time to start the workers
    patience = {"distributed.comm.timeouts.connect": "180s", "distributed.comm.timeouts.tcp": "180s"}
    with (
        dask.config.set(patience),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster, timeout=180) as client,
    ):
        yield lambda function, tasks: client.gather(client.map(function, list(tasks)))
