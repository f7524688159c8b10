"""Domains that are submitted in several datasets: which record stands in which, and the datasets as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import Dataset, Summary, distinct, take
from sdtm_il2.lineage import PART, DatasetLineage
from sdtm_il2.methods.view import DomainRecords, Partition, View
from sdtm_il2.plan.model import DomainPlan, Plan
from sdtm_il2.standardise import supplement_label
from sdtm_il2.summary import summarise


def part_numbers(records: DomainRecords) -> npt.NDArray[np.int64]:
    """For each record the place of its dataset, by the collected value of the split's variable; -1 for none."""
    split = records.plan.split
    assert split is not None
    encoded = distinct(records.columns[split.by])
    places = np.array([split.place_of.get(text, -1) for text in encoded.values], np.int64)
    return places[encoded.codes] if len(places) else np.empty(0, np.int64)


def check_parts(partition: Partition, records: DomainRecords) -> None:
    """DATA863: submitted records whose value stands in no dataset of the split."""
    split = records.plan.split
    if split is None:
        return
    assert records.order is not None
    nowhere = np.zeros(len(records), bool)
    nowhere[records.order] = True
    nowhere &= part_numbers(records) < 0
    for index in range(len(records.blocks)):
        own = records.block_slice(index)
        View(partition, records, index, split.by, split.at).report(
            "DATA863", nowhere[own], take(records.columns[split.by], np.arange(len(records))[own])
        )


def parts(
    plan: Plan,
    domain: DomainPlan,
    dataset: Dataset,
    held: Summary,
    lineage: DatasetLineage,
    parents: DatasetLineage,
) -> Iterator[tuple[Dataset, Summary]]:
    """The datasets that a dataset of a split domain is written in, in the order of the split; empty ones too.

    ``dataset`` is that of the domain or its SUPP--, whose records follow their parents. Every record keeps its order
    and its --SEQ; RDOMAIN is that of the whole domain, and so are the lengths (``held``), so that setting the parts
    one below the other cuts no text. None is kept here, so that a caller holds one at a time.
    """
    assert domain.split is not None
    columns = tuple(
        replace(one, length=max(1, held.variables[one.name].max_bytes)) if one.type == "Char" else one
        for one in dataset.columns
    )
    dataset = replace(dataset, columns=columns)
    place = parents.more[PART]
    supplemental = dataset.name != domain.domain
    if supplemental:
        place = place[lineage.positions[""]]
    for number, (name, label) in enumerate(domain.split.datasets):
        own = f"SUPP{name}" if supplemental else name
        title = supplement_label(name) if supplemental else label or dataset.label
        yield _part(
            own, title, dataset, np.flatnonzero(place == number).astype(np.int64), domain, plan.encoding
        )


def _part(
    name: str, label: str, dataset: Dataset, rows: npt.NDArray[np.int64], domain: DomainPlan, encoding: str
) -> tuple[Dataset, Summary]:
    frame = pd.DataFrame(
        {one.name: take(dataset.frame[one.name], rows) for one in dataset.columns}, copy=False
    )
    part = Dataset(name, label, dataset.columns, frame)
    return part, summarise(part, domain, encoding)
