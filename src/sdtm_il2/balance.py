"""The balance sheet: what became of every raw record and every raw column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from sdtm_il2.dataset import arrow
from sdtm_il2.errors import Issue, Location, issue
from sdtm_il2.lineage import DatasetLineage, TranslationUse
from sdtm_il2.plan.model import DomainPlan, Plan
from sdtm_il2.plan.template import template_columns
from sdtm_il2.sources.model import DISCARDED, NO_SUBJECT, ODM_KEYS, OPEN, SUPERSEDED, Source, Sources
from sdtm_il2.where import names


@dataclass(frozen=True, slots=True)
class ColumnBalance:
    """One raw column: how it is used, by what, and how many open records fill it."""

    column: str
    use: str
    by: tuple[str, ...]
    filled: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ColumnCells:
    """The cells of one raw column, each counted once; together they are the records of the source.

    ``row_not_built`` are filled cells of records that are superseded, not submitted or without subject: their record
    says why. Of records that are built a filled cell is ``mapped`` (a variable or the choice of records reads it),
    ``identifies`` (subject, keep, key of an ODM file), ``not_submitted`` for the reason of its column, or ``unread``:
    the column is mapped, but not by what the record became. ``unclaimed`` are filled cells that nothing explains: of
    unclaimed records, and of columns that nothing reads. ``private`` columns are not looked into.
    """

    column: str
    mapped: int = 0
    identifies: int = 0
    not_submitted: int = 0
    private: int = 0
    empty: int = 0
    row_not_built: int = 0
    unread: int = 0
    unclaimed: int = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers by name, in the order of the sheet."""
        return {name: getattr(self, name) for name in CELLS}

    @property
    def total(self) -> int:
        """All cells of the column."""
        return sum(self.counts.values())


#: What becomes of cells, in the order of the sheet.
CELLS: Final = tuple(one.name for one in fields(ColumnCells) if one.name != "column")


@dataclass(frozen=True, slots=True)
class SourceBalance:
    """One source: records read = built + superseded + not submitted + without subject + unclaimed.

    ``cells`` accounts for every cell, column by column.
    """

    source: str
    files: tuple[str, ...]
    records: int
    built: int
    superseded: int
    no_subject: int
    not_submitted: Mapping[str, int]
    unclaimed: int
    columns: tuple[ColumnBalance, ...]
    cells: tuple[ColumnCells, ...] = ()

    @property
    def cell_counts(self) -> Mapping[str, int]:
        """The cells of all columns by what became of them."""
        return {name: sum(one.counts[name] for one in self.cells) for name in CELLS}

    @property
    def cell_difference(self) -> int:
        """Cells read less cells explained: 0, or our bug."""
        return self.records * len(self.cells) - sum(self.cell_counts.values())

    @property
    def difference(self) -> int:
        """Records read less records explained: 0, or our bug."""
        explained = (
            self.built + self.superseded + self.no_subject + sum(self.not_submitted.values()) + self.unclaimed
        )
        return self.records - explained


@dataclass(frozen=True, slots=True)
class Prepared:
    """For whom the files are, and how their text is: the agency, its language, the encoding, the labels."""

    agency: str
    language: str
    encoding: str
    chinese_labels: bool = False


@dataclass(frozen=True, slots=True)
class TranslationBalance:
    """One variable of which texts were translated: distinct texts, records, and the rows of the tables that did it."""

    variable: str
    texts: int
    records: int
    rows: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance sheet of a build, source by source; what was translated, variable by variable."""

    sources: tuple[SourceBalance, ...]
    prepared: Prepared | None = None
    translations: tuple[TranslationBalance, ...] = ()

    def source(self, name: str) -> SourceBalance:
        """The sheet of one source; KeyError if the study has none of that name."""
        for one in self.sources:
            if one.source == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Fate:
    """What a build did with the records of one source: which it built, and why others were dropped (0: no reason)."""

    built: npt.NDArray[np.bool_]
    dropped: npt.NDArray[np.int32]
    reasons: tuple[str, ...]


def make_balance(
    plan: Plan,
    sources: Sources,
    fates: Mapping[str, Fate],
    translated: tuple[TranslationUse, ...] = (),
    lineages: Mapping[str, DatasetLineage] | None = None,
    translated_records: Mapping[str, int] | None = None,
) -> tuple[Balance, tuple[Issue, ...]]:
    """The sheet and its issues: DATA850 records that nothing took, DATA851 columns that nothing reads."""
    sheets: list[SourceBalance] = []
    issues: list[Issue] = []
    used = column_uses(plan)
    for name in sources:
        source = sources[name]
        sheets.append(_source(plan, source, fates[name], used.get(name, {}), issues))
    readers = _readers(plan, sources, lineages or {})
    issues += _unread(sources, fates, sheets, readers)
    sheets = [
        replace(one, cells=tuple(_cells(sources[one.source], fates[one.source], one.columns, readers)))
        for one in sheets
    ]
    agency = plan.receiver
    prepared = (
        Prepared(agency.name, agency.language, plan.encoding, plan.chinese_labels) if agency.name else None
    )
    return Balance(tuple(sheets), prepared, _translations(translated, translated_records or {})), tuple(
        issues
    )


def _translations(
    translated: tuple[TranslationUse, ...], records: Mapping[str, int]
) -> tuple[TranslationBalance, ...]:
    """A record that holds several of the texts (several ticked boxes) counts once."""
    by_variable: dict[str, list[TranslationUse]] = {}
    for use in translated:
        if use.en:
            by_variable.setdefault(use.variable, []).append(use)
    return tuple(
        TranslationBalance(name, len(uses), records.get(name, 0), tuple(sorted({one.at for one in uses})))
        for name, uses in by_variable.items()
    )


def column_uses(plan: Plan) -> dict[str, dict[str, dict[str, None]]]:
    """By source and column: the variables (or ``AE records``) that read it."""
    used: dict[str, dict[str, dict[str, None]]] = {}
    for source, column, reader, _ in plan.columns():
        used.setdefault(source, {}).setdefault(column, {})[reader] = None
    return used


def record_fates(source: Source, fate: Fate) -> npt.NDArray[np.int16]:
    """One number a record: 0 built, 1 superseded, 2 without subject, 3 not submitted, 4 unclaimed."""
    result = np.full(len(source), 4, np.int16)
    result[fate.dropped > 0] = 3
    result[fate.built] = 0
    result[source.status == SUPERSEDED] = 1
    result[source.status == NO_SUBJECT] = 2
    result[source.status >= DISCARDED] = 3
    return result


def record_reasons(source: Source, fate: Fate) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Why each record is not submitted: its number among the reasons, 0 ("") for a record with another fate."""
    names: dict[str, int] = {"": 0}
    result = np.zeros(len(source), np.int32)
    dropped = np.array([0, *(names.setdefault(reason, len(names)) for reason in fate.reasons)], np.int32)
    left = (source.status == OPEN) & ~fate.built & (fate.dropped > 0)
    result[left] = dropped[fate.dropped[left]]
    for place, rule in enumerate(source.spec.unsubmitted_rows):
        result[source.status == DISCARDED + place] = names.setdefault(rule.reason, len(names))
    return result, tuple(names)


def _source(
    plan: Plan, source: Source, fate: Fate, used: Mapping[str, Mapping[str, None]], issues: list[Issue]
) -> SourceBalance:
    numbers = record_fates(source, fate)
    reasons: dict[str, int] = {}
    for place, rule in enumerate(source.spec.unsubmitted_rows):
        count = int((source.status == DISCARDED + place).sum())
        if count:
            reasons[rule.reason] = reasons.get(rule.reason, 0) + count
    open_dropped = (source.status == OPEN) & ~fate.built & (fate.dropped > 0)
    for code, count in zip(*np.unique(fate.dropped[open_dropped], return_counts=True), strict=True):
        reason = fate.reasons[int(code) - 1]
        reasons[reason] = reasons.get(reason, 0) + int(count)
    unclaimed = np.flatnonzero(numbers == 4)
    # a table in which subjects are looked up is used by reading itself
    link = source.subject is None and any(
        one.subject is not None and one.subject.lookup == source.name for one in plan.sources
    )
    if len(unclaimed) and not link:
        code = "DATA850" if source.subject is not None else "DATA852"
        issues.append(
            issue(
                code, source.name, source.spec.at, count=len(unclaimed), first=source.place(int(unclaimed[0]))
            )
        )
    columns = tuple(_column(plan, source, column, used, issues) for column in source.columns)
    private = tuple(ColumnBalance(column, "private", (), 0) for column in source.private)
    return SourceBalance(
        source.name, source.files, len(source), int((numbers == 0).sum()), int((numbers == 1).sum()),
        int((numbers == 2).sum()), reasons, len(unclaimed), columns + private,
    )  # fmt: skip


def _column(
    plan: Plan, source: Source, column: str, used: Mapping[str, Mapping[str, None]], issues: list[Issue]
) -> ColumnBalance:
    spec = source.spec
    present = _filled(source, column) & (source.status == OPEN)
    filled = int(present.sum())
    variables = tuple(reader for reader in used.get(column, {}) if not reader.endswith(" records"))
    records = tuple(reader for reader in used.get(column, {}) if reader.endswith(" records"))
    if variables:
        return ColumnBalance(column, "mapped", variables, filled)
    if records:
        return ColumnBalance(column, "selects records", records, filled)
    reading = _reading_uses(plan, source.name, column)
    if reading:
        return ColumnBalance(column, "identifies", reading, filled)
    if column in spec.unsubmitted_columns:
        return ColumnBalance(column, "not submitted", (), filled, spec.unsubmitted_columns[column])
    note = _discarded(plan, source.name, column)
    if (source.name, column) in plan.columns_elsewhere:
        note = "for another agency"
    if note:
        return ColumnBalance(column, "not submitted", (), filled, note)
    if column in ODM_KEYS and (spec.format == "odm" or spec.path.lower().endswith((".xml", ".odm"))):
        # says where in the file the record stands, whatever the study does with it
        return ColumnBalance(column, "identifies", ("key of the file",), filled)
    if filled:
        first = int(np.flatnonzero(present)[0])
        issues.append(
            issue(
                "DATA851",
                f"{source.name}.{column}",
                spec.at,
                count=filled,
                first=source.place(first),
                column=column,
                source=source.name,
            )
        )
        return ColumnBalance(column, "unmapped", (), filled)
    return ColumnBalance(column, "empty", (), 0)


Rows = npt.NDArray[np.bool_]


def _unread(
    sources: Sources,
    fates: Mapping[str, Fate],
    sheets: Sequence[SourceBalance],
    readers: Mapping[tuple[str, str], Rows],
) -> Iterator[Issue]:
    """DATA854: filled cells of mapped columns that nothing reads in their record."""
    for sheet in sheets:
        source = sources[sheet.source]
        built = record_fates(source, fates[sheet.source]) == 0
        for column in sheet.columns:
            read = readers.get((source.name, column.column))
            if column.use != "mapped" or read is None:
                continue
            lost = np.flatnonzero(_filled(source, column.column) & built & ~read)
            if len(lost):
                yield issue(
                    "DATA854", f"{source.name}.{column.column}", source.spec.at, count=len(lost),
                    first=source.place(int(lost[0])), column=column.column, by=", ".join(column.by),
                )  # fmt: skip


def _readers(
    plan: Plan, sources: Sources, lineages: Mapping[str, DatasetLineage]
) -> dict[tuple[str, str], Rows]:
    """By source and column the records of which something reads the column; a column that is not here is read in all.

    A variable of one block reads the records that the block made something of; what chooses records, joins them or
    looks at a whole source reads them all, as does what reading itself uses: subject, keep, not_submitted.
    """
    found: dict[tuple[str, str], Rows] = {}
    sizes = {name: len(sources[name]) for name in sources}
    whole = {(source, column) for source, column, _, _ in plan.visits.columns()} if plan.visits else set()
    whole |= {
        (source.name, column)
        for source in sources.by_name.values()
        for column in source.columns
        if _reading_uses(plan, source.name, column)
    }
    for domain in plan.domains:
        lineage = lineages.get(domain.domain)
        for index in range(len(domain.blocks)):
            used = _used_rows(domain, index, lineage, sizes)
            for source, column, reader, _ in plan.block_columns(domain, index):
                if reader.endswith(" records") or source not in used:
                    whole.add((source, column))
                else:
                    mask = found.setdefault((source, column), np.zeros(sizes[source], bool))
                    mask |= used[source]
    return {key: mask for key, mask in found.items() if key not in whole}


def _used_rows(
    domain: DomainPlan, index: int, lineage: DatasetLineage | None, sizes: Mapping[str, int]
) -> dict[str, Rows]:
    """By source the records that the submitted records of one block read, joined ones too."""
    if lineage is None:
        return {}
    used: dict[str, Rows] = {}
    block = domain.blocks[index]
    own = lineage.blocks == index
    members = lineage.members
    for alias in ("", *(join.alias for join in block.joins)):
        source, dataset = block.source_of(alias)
        if dataset:
            continue
        mask = used.setdefault(source, np.zeros(sizes[source], bool))
        pieces = [lineage.positions[alias][own]] if alias in lineage.positions else []
        if members is not None and alias in members.positions:
            pieces.append(members.positions[alias][np.repeat(own, np.diff(members.offsets))])
        for positions in pieces:
            mask[positions[positions >= 0]] = True
    return used


#: How the use of a column counts its cells.
_COUNTED: Final = {
    "mapped": "mapped", "selects records": "mapped", "identifies": "identifies", "not submitted": "not_submitted",
    "unmapped": "unclaimed", "empty": "empty",
}  # fmt: skip


def _cells(
    source: Source, fate: Fate, columns: tuple[ColumnBalance, ...], readers: Mapping[tuple[str, str], Rows]
) -> Iterator[ColumnCells]:
    """Every cell of the source, once."""
    numbers = record_fates(source, fate)
    built, unclaimed = numbers == 0, numbers == 4
    for column in columns:
        if column.use == "private":
            yield ColumnCells(column.column, private=len(source))
            continue
        filled = _filled(source, column.column)
        name = _COUNTED[column.use]
        counts = dict.fromkeys(CELLS, 0)
        counts["empty"] = int((~filled).sum())
        counts["row_not_built"] = int((filled & ~built & ~unclaimed).sum())
        # a record that nothing took is looked up or identified by its key columns all the same
        kept = built | unclaimed if name == "identifies" else built
        counts["unclaimed"] = int((filled & unclaimed & ~kept).sum())
        read = readers.get((source.name, column.column), None) if name == "mapped" else None
        if read is not None:
            counts["unread"] = int((filled & kept & ~read).sum())
            kept = kept & read
        counts[name] += int((filled & kept).sum())
        yield ColumnCells(column.column, **counts)


def _discarded(plan: Plan, source: str, column: str) -> str:
    """The note of a wide tests table's row with domain `-` for the column; "" if there is none."""
    notes = (
        block.tests.discarded.get((column,), "")
        for domain in plan.domains
        for block in domain.blocks
        if block.tests is not None and block.tests.wide and block.source == source
    )
    return next(filter(None, notes), "")


def _filled(source: Source, column: str) -> npt.NDArray[np.bool_]:
    # reading turns cells of blanks alone into ""
    present: npt.NDArray[np.bool_] = pc.not_equal(arrow(source.frame[column]), "").to_numpy(
        zero_copy_only=False
    )
    return present


def _reading_uses(plan: Plan, source: str, column: str) -> tuple[str, ...]:
    """What reading itself uses a column for: subject, keep, not_submitted."""
    spec = plan.source(source)
    found: list[str] = []
    rule = spec.subject
    if rule is not None and (column in template_columns(rule.template) or column == rule.by):
        found.append("subject")
    if spec.keep is not None and column in (*spec.keep.one_per, spec.keep.last, spec.keep.first):
        found.append("keep")
    for discard in spec.unsubmitted_rows:
        if column in names(discard.when):
            found.append("not_submitted")
    for other in plan.sources:
        if (
            other.subject is not None
            and other.subject.lookup == source
            and column in (other.subject.by, other.subject.take)
        ):
            found.append(f"subject of {other.name}")
    return tuple(dict.fromkeys(found))
