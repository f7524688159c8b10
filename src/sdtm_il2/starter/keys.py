"""The natural key of a drafted domain: usual variables first, then those that the data need to tell records apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from sdtm_il2.iso8601 import parse_dates
from sdtm_il2.standards import DatasetDef
from sdtm_il2.starter.model import TO_DO, BlockDraft
from sdtm_il2.starter.sources import Subjects

#: Natural keys by observation class, as far as they are mapped.
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "Events": ("--TERM", "--DECOD", "--STDTC", "--SPID"),
    "Interventions": ("--TRT", "--STDTC", "--SPID"),
    "Findings": ("--TESTCD", "--SPEC", "VISITNUM", "VISIT", "--DTC", "--POS", "--LOC", "--REFID"),
    "Findings About": ("--TESTCD", "--OBJ", "VISITNUM", "VISIT", "--DTC"),
}
#: Ends of what a record says, which is never what makes it another one.
_SAYS: Final = (
    "ORRES", "ORRESU", "ORNRLO", "ORNRHI", "NRIND", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI", "STAT", "REASND",
    "SEV", "SER", "OUT", "REL", "ACN", "TOXGR",
)  # fmt: skip
#: Variables that are added to the usual ones.
_MOST: Final = 3


def natural_key(
    dataset: DatasetDef, blocks: Sequence[BlockDraft], required: Iterable[str], subjects: Subjects
) -> tuple[tuple[str, ...], str]:
    """The keys of a domain, and the open point that they do not tell all its records apart ("" if they do).

    The usual keys of the class come first. Where raw records share them, mapped variables that tell these apart are
    added; where none do, the usual keys stand. Only the records of one table are compared.
    """
    domain = dataset.name
    names = set(required)
    mapped = {one.name for block in blocks for one in block.variables if not one.open or one.name in names}
    if any(block.tests is not None for block in blocks):
        mapped.add(f"{domain}TESTCD")
    usual = [name.replace("--", domain) for name in _USUAL.get(dataset.class_, ())]
    keys = ["STUDYID", "USUBJID", *(name for name in usual if name in mapped)]
    if "VISITNUM" in keys and "VISIT" in keys:
        keys.remove("VISIT")
    if dataset.variable(f"{domain}SEQ") is None:  # one record a subject, whatever the data hold
        return tuple(keys), ""
    # a record that its keys tell apart stays so with more of them: only the others are looked at again
    tables = [_alike(_values(block, domain, subjects), keys) for block in blocks]
    found = shared = sum(map(len, tables))
    more = list(keys)
    while shared and len(more) - len(keys) < _MOST:
        others = [
            one.name
            for one in dataset.variables
            if one.name in mapped and one.name not in more and not one.name.endswith(_SAYS)
        ]
        left = {name: sum(len(_alike(one, [*more, name])) for one in tables) for name in others}
        best = min(left, key=lambda name: left[name], default="")
        if not best or left[best] == shared:
            break
        more.append(best)
        shared = left[best]
    if not shared:
        return tuple(more), ""
    return tuple(keys), f"{TO_DO}: {found} records share them; say why, or which of them counts (keep:)"


def _values(block: BlockDraft, domain: str, subjects: Subjects) -> pd.DataFrame:
    """What each raw record that is built has for the subject and the mapped variables."""
    part = block.source.profile
    frame = part.part.source.frame
    found = {f" {name}": frame[name] for name in subjects.columns(part)}
    for line in block.variables:
        if line.open or not line.columns:
            continue
        cells = []
        for name in line.columns:
            dates = part.column(name).dates
            if dates is not None and len(line.columns) == 1:
                cells.append(
                    parse_dates(frame[name], dates.formats, dates.unknown, dates.pivot).iso.reset_index(
                        drop=True
                    )
                )
            else:
                cells.append(frame[name].str.strip())
        whole = cells[0]
        for one in cells[1:]:
            whole = whole.str.cat(one, sep="\t")
        found[line.name] = whole
    table = pd.DataFrame(found, index=frame.index)
    kept = pd.Series(data=True, index=frame.index)
    if block.tests is not None and block.tests.keys and block.tests.keys[0][0] == "by":
        tests = {row[0]: row[2] for row in block.tests.rows}
        table[f"{domain}TESTCD"] = frame[block.tests.keys[0][1]].str.strip().map(tests).fillna("")
        kept = table[f"{domain}TESTCD"] != ""
    for name in subjects.columns(part):
        kept &= frame[name].str.strip() != ""
    return table[kept]


def _alike(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The records that share their keys with another of the same table."""
    names = [name for name in table.columns if name.startswith(" ") or name in keys]
    return table[table.duplicated(subset=names, keep=False)] if names else table.iloc[:0]
