"""Records that cannot be right as they stand: a Required variable without a value, an end before its start."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sdtm_il2.dataset import distinct, take
from sdtm_il2.iso8601 import compare
from sdtm_il2.methods.evaluate import filled
from sdtm_il2.methods.view import DomainRecords, Mask, Partition, View
from sdtm_il2.plan.calls import ColumnRef, Rule
from sdtm_il2.standards.countries import country_codes

#: Variables that come by themselves in every record.
_ALWAYS = ("STUDYID", "DOMAIN", "USUBJID")


def check_records(partition: Partition, records: DomainRecords) -> None:
    """Every submitted record has its Required values (DATA861), does not end before it starts (DATA862), and stands in
    a country of ISO 3166 (DATA864).

    What is an issue already is not told again: a value that no term matched (DATA801, DATA802), a --TEST without a
    name (DATA803), a column of a join that needs one match and has none (DATA840, DATA841). Dates count as far as
    they are known: 2024-05 does not end before 2024-05-06. Days are compared where dates have not told already.
    """
    assert records.order is not None
    submitted = np.zeros(len(records), bool)
    submitted[records.order] = True
    plan = records.plan
    for variable in plan.variables:
        name = variable.name
        if variable.core != "Req" or name in _ALWAYS or name == f"{plan.domain}SEQ":
            continue
        empty = ~filled(records.columns[name]) & submitted
        for index, own in _by_block(records, empty):
            rule = variable.rules[index]
            if rule is not None and rule.call.method == "paired":
                continue
            at = rule.at if rule is not None and rule.at.file else variable.at
            told = _told(records, index, name, rule)
            View(partition, records, index, name, at).report("DATA861", own & ~told)
    _check_countries(partition, records, submitted)
    told = np.zeros(len(records), bool)
    for suffix in ("DTC", "DY"):
        start, end = f"{plan.domain}ST{suffix}", f"{plan.domain}EN{suffix}"
        if start not in records.columns or end not in records.columns:
            continue
        first, last = records.columns[start], records.columns[end]
        if suffix == "DTC":
            wrong: Mask = compare(last, first) < 0
        else:
            wrong = last.to_numpy() < first.to_numpy()
        wrong = wrong & submitted & ~told
        told |= wrong
        known = plan.variable(end)
        for index, own in _by_block(records, wrong):
            view = View(partition, records, index, end, known.at if known is not None else plan.at)
            view.report("DATA862", own, start=f"{plan.domain}.{start}")


def _check_countries(partition: Partition, records: DomainRecords, submitted: Mask) -> None:
    """DATA864: COUNTRY, and FCNTRY of the trial summary, as what is no code of ISO 3166-1."""
    plan = records.plan
    for variable in plan.variables:
        name = variable.name
        if name not in ("COUNTRY", "TSVAL") or (name == "TSVAL" and "TSPARMCD" not in records.columns):
            continue
        encoded = distinct(records.columns[name])
        # a value that no term matched is told already, and is empty
        wrong = np.array([bool(one) and one not in country_codes() for one in encoded.values], bool)
        mask = wrong[encoded.codes] & submitted if len(wrong) else np.zeros(len(records), bool)
        if name == "TSVAL":
            mask &= np.array(records.columns["TSPARMCD"] == "FCNTRY", bool)
        for index, own in _by_block(records, mask):
            rule = variable.rules[index]
            at = rule.at if rule is not None and rule.at.file else variable.at
            values = take(records.columns[name], np.arange(len(records))[records.block_slice(index)])
            View(partition, records, index, name, at).report("DATA864", own, values)


def _told(records: DomainRecords, index: int, name: str, rule: Rule | None) -> Mask:
    """The records of a block whose missing value another issue explains."""
    block = records.blocks[index]
    lost = records.unmatched.get((name, index))
    told = np.zeros(len(block), bool) if lost is None else lost.copy()
    needed = {join.alias for join in block.plan.joins if join.cardinality == "1"}
    for ref in rule.refs() if rule is not None and block.members is None else ():
        if isinstance(ref, ColumnRef) and ref.alias in needed:
            told |= block.positions[ref.alias] < 0
    return told


def _by_block(records: DomainRecords, mask: Mask) -> Iterator[tuple[int, Mask]]:
    """The mask of each block in which it holds anywhere."""
    for index in range(len(records.blocks)):
        own = mask[records.block_slice(index)]
        if own.any():
            yield index, own
