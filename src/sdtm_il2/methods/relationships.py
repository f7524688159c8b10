"""Ties between records: the record behind a comment, and RELREC."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from sdtm_il2.dataset import Column, Dataset, char, distinct, take
from sdtm_il2.methods.assign import joined
from sdtm_il2.methods.evaluate import evaluate, method, number_text
from sdtm_il2.methods.view import Partition, View
from sdtm_il2.plan.calls import Call, Literal
from sdtm_il2.plan.model import RelationshipPlan

RELREC = "RELREC"
RELREC_COLUMNS = (
    Column("STUDYID", "Study Identifier"),
    Column("RDOMAIN", "Related Domain Abbreviation"),
    Column("USUBJID", "Unique Subject Identifier"),
    Column("IDVAR", "Identifying Variable"),
    Column("IDVARVAL", "Identifying Variable Value"),
    Column("RELTYPE", "Relationship Type"),
    Column("RELID", "Relationship Identifier"),
)
_SEPARATORS = re.compile(r"[,;、，；|]")


@method("record_number")
def record_number(view: View, call: Call) -> pd.Series:
    """IDVARVAL: --SEQ of the one record of another domain that is made of the same raw record."""
    numbers = _records(view, call)
    return number_text(pd.Series(numbers))


@method("record_variable")
def record_variable(view: View, call: Call) -> pd.Series:
    """IDVAR: the name of --SEQ where there is such a record, else missing: a comment on the subject."""
    domain = call.arguments[0]
    assert isinstance(domain, Literal)
    known = ~np.isnan(_records(view, call))
    return char(np.where(known, f"{domain.text}SEQ", "").tolist())


def _records(view: View, call: Call) -> npt.NDArray[np.float64]:
    """--SEQ by record of the view; NaN where no record, or several, come from its raw record."""
    domain = call.arguments[0]
    assert isinstance(domain, Literal)
    other = view.partition.domains[domain.text]
    source = view.block.plan.source
    size = len(view.partition.sources[source].positions)
    count, place = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    for index, block in enumerate(other.blocks):
        if block.plan.source != source or block.plan.dataset:
            continue
        # a record that `group` made is made of every raw record of its group, and once of each
        members, groups = block.members or block, block.group_of
        own = np.arange(len(block)) if groups is None else groups
        rows = own + other.starts()[index]
        keep = np.ones(len(rows), bool) if other.submitted is None else other.submitted[rows]
        pairs = np.unique(np.column_stack([members.positions[""][keep], rows[keep]]), axis=0)
        np.add.at(count, pairs[:, 0], 1)
        place[pairs[:, 0]] = pairs[:, 1]
    place[count != 1] = -1
    found = take(other.columns[f"{domain.text}SEQ"], place[view.block.positions[""]])
    return found.to_numpy()


def relrec(partition: Partition) -> Dataset | None:
    """RELREC: datasets tied by a shared variable (once for the study), and records tied by a collected number.

    RELTYPE is filled for datasets only. A number that names no record of the subject is DATA847.
    """
    rows: list[tuple[str, ...]] = []
    study = partition.plan.study
    for relation in partition.plan.relationships:
        if relation.datasets:
            if partition.first:
                for domain, variable, kind in relation.datasets:
                    rows.append((study, domain, "", variable, "", kind, relation.relid))
            continue
        rows += _tied(partition, relation)
    if not partition.plan.relationships:
        return None
    ordered = sorted(dict.fromkeys(rows), key=lambda row: (row[2], row[6], row[1], row[3], row[4]))
    frame = pd.DataFrame(
        {column.name: char([row[place] for row in ordered]) for place, column in enumerate(RELREC_COLUMNS)}
    )
    return Dataset(RELREC, "Related Records", RELREC_COLUMNS, frame)


def _tied(partition: Partition, relation: RelationshipPlan) -> list[tuple[str, ...]]:
    assert relation.column is not None
    assert relation.to is not None
    target = partition.domains[relation.to.domain]
    assert target.order is not None
    index: dict[tuple[int, str], list[int]] = {}
    texts = _texts(target.columns[relation.to.variable])
    for place in target.order.tolist():
        index.setdefault((int(target.subjects[place]), texts[place].strip()), []).append(place)
    numbers = _texts(target.columns[f"{relation.to.domain}SEQ"])
    own = partition.domains[relation.from_]
    own_numbers = _texts(own.columns[f"{relation.from_}SEQ"])
    study = partition.plan.study
    rows: list[tuple[str, ...]] = []
    for block_index in range(len(own.blocks)):
        view = View(partition, own, block_index, "")
        if view.block.plan.dataset or not _has_column(view, relation.column.column):
            continue
        column = view.read(relation.column)
        parts = [
            # the column is read once, so that what there is to tell of it is told once
            part.text
            if isinstance(part, Literal)
            else column
            if part == relation.column
            else _as_text(evaluate(view, part))
            for part in relation.id_parts
        ]
        relids = _texts(joined(parts, len(view)))
        start = own.starts()[block_index]
        submitted = _submitted(own.submitted, start, len(view))
        unknown = np.zeros(len(view), bool)
        encoded = distinct(column)
        lists = [
            [part.strip() for part in _SEPARATORS.split(text) if part.strip()] for text in encoded.values
        ]
        for record in np.flatnonzero(submitted).tolist():
            subject = int(view.block.subjects[record])
            named = lists[int(encoded.codes[record])]
            places = [place for one in named for place in index.get((subject, one), [])]
            unknown[record] = any((subject, one) not in index for one in named)
            if places:
                usubjid = partition.subjects[subject]
                relid = relids[record]
                rows.append(
                    (
                        study,
                        relation.from_,
                        usubjid,
                        f"{relation.from_}SEQ",
                        own_numbers[start + record],
                        "",
                        relid,
                    )
                )
                rows += [
                    (
                        study,
                        relation.to.domain,
                        usubjid,
                        f"{relation.to.domain}SEQ",
                        numbers[place],
                        "",
                        relid,
                    )
                    for place in places
                ]
        view.report("DATA847", unknown, column, at=relation.at, target=RELREC, needed=str(relation.to))
    return rows


def _has_column(view: View, column: str) -> bool:
    return column in view.partition.sources[view.block.plan.source].frame


def _submitted(submitted: npt.NDArray[np.bool_] | None, start: int, count: int) -> npt.NDArray[np.bool_]:
    return np.ones(count, bool) if submitted is None else submitted[start : start + count]


def _texts(column: pd.Series) -> list[str]:
    return [str(text) for text in _as_text(column).tolist()]


def _as_text(column: pd.Series) -> pd.Series:
    return number_text(column) if column.dtype == np.float64 else column
