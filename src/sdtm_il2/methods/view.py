"""What a method sees: the records of one block among the frames of some subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, constant, distinct, take
from sdtm_il2.errors import NOWHERE, Issue, Location, issue
from sdtm_il2.methods.group import reduce_column, single_of_group
from sdtm_il2.plan.blocks import EACH, EACH_NUMBER, BlockPlan
from sdtm_il2.plan.calls import Call, ColumnRef, Options, Ref, VariableRef
from sdtm_il2.plan.model import DomainPlan, Plan

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


@dataclass(slots=True)
class SourcePart:
    """The records of one source that belong to some subjects (all records of a study-level table).

    ``frame`` holds the texts, ``positions`` each record's place in the whole source, ``subjects`` the number
    of its subject among the partition's (-1: none), ``rows`` the line of the file. ``reason`` is the status
    that reading gave the record (0: open). ``built`` and ``dropped`` are filled by the build: which records
    reached a dataset, and the number of the reason why others did not. ``visits`` is the row of the register of
    visits that each record belongs to (-1: none), once visits are found.
    """

    name: str
    frame: pd.DataFrame
    positions: Positions
    rows: Positions
    file: npt.NDArray[np.int32]
    files: tuple[str, ...]
    subjects: npt.NDArray[np.int32] | None
    reason: npt.NDArray[np.int16]
    built: Mask
    dropped: npt.NDArray[np.int32]
    visits: Positions | None = None

    def place(self, position: int) -> Location:
        """The file and line of one record of this part."""
        return Location(self.files[int(self.file[position])], int(self.rows[position]))


@dataclass(slots=True)
class BlockRecords:
    """The records of one block: their subjects and, by alias, the position of what they come from.

    ``test`` is the row of the tests table, ``each`` the number (from 0) among repeated columns. After `group`,
    ``members`` are the records before it, ``group_of`` the number of each one's group; the positions of a group
    are those of its first member.
    """

    plan: BlockPlan
    subjects: npt.NDArray[np.int32]
    positions: dict[str, Positions]
    test: npt.NDArray[np.int32] | None = None
    tables: list[Positions] = field(default_factory=list)
    each: npt.NDArray[np.int32] | None = None
    members: BlockRecords | None = None
    group_of: Positions | None = None

    def __len__(self) -> int:
        return len(self.subjects)


@dataclass(slots=True)
class DomainRecords:
    """All records of one domain in block order, as its columns are filled.

    ``order`` are the records that this partition submits, in their order; ``whole_order`` those of the domain
    where records without a subject are left to the first partition. ``translations`` has, for the records in
    `order`, the row of the table that translated a variable's text. ``choices`` holds, by variable, block and
    identity of the call, which branch of a `case`, or argument of a `coalesce`, gave each record its value.
    """

    plan: DomainPlan
    blocks: list[BlockRecords]
    columns: dict[str, pd.Series] = field(default_factory=dict)
    submitted: Mask | None = None
    order: Positions | None = None
    whole_order: Positions | None = None
    flags: dict[str, tuple[Options, Mask]] = field(default_factory=dict)
    numbers: dict[str, Positions] = field(default_factory=dict)
    unmatched: dict[tuple[str, int], Mask] = field(default_factory=dict)
    answers: dict[str, dict[int, list[pd.Series]]] = field(default_factory=dict)
    translations: dict[str, npt.NDArray[np.int32]] = field(default_factory=dict)
    choices: dict[tuple[str, int, int], npt.NDArray[np.int16]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(block) for block in self.blocks)

    @property
    def subjects(self) -> npt.NDArray[np.int32]:
        """The subject number of every record."""
        if not self.blocks:
            return np.empty(0, np.int32)
        return np.concatenate([block.subjects for block in self.blocks])

    def starts(self) -> list[int]:
        """Where each block's records begin, and the end."""
        return [0, *np.cumsum([len(block) for block in self.blocks]).tolist()]

    def block_slice(self, index: int) -> slice:
        """The place of one block among the domain's records."""
        starts = self.starts()
        return slice(starts[index], starts[index + 1])


@dataclass(slots=True)
class Partition:
    """Some subjects with all their raw records, the domains built so far, and what was noticed."""

    plan: Plan
    subjects: tuple[str, ...]
    sources: dict[str, SourcePart]
    first: bool = True
    domains: dict[str, DomainRecords] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    terms: dict[tuple[str, str], dict[tuple[str, str, str], int]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    known_texts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    texts: dict[tuple[str, str, int], int] = field(default_factory=dict)
    translated: dict[str, Mask] = field(default_factory=dict)

    def reason_code(self, reason: str) -> int:
        """The number (from 1) of a reason why records are not submitted."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason) + 1


@dataclass(slots=True)
class View:
    """The records of one block, as the method of one variable sees them; ``at`` is the variable's line.

    ``within`` are the records whose value is used (those of a branch that is taken): the others raise no issue.
    """

    partition: Partition
    domain: DomainRecords
    index: int
    variable: str = ""
    at: Location = NOWHERE
    within: Mask | None = None

    def only(self, mask: Mask) -> View:
        """The same records, of which those that the mask selects are judged."""
        return replace(self, within=mask if self.within is None else self.within & mask)

    @property
    def block(self) -> BlockRecords:
        """The block's records."""
        return self.domain.blocks[self.index]

    def __len__(self) -> int:
        return len(self.block)

    @property
    def target(self) -> str:
        """DOMAIN.VARIABLE as messages print it; DOMAIN alone where no variable reads."""
        return ".".join(filter(None, (self.domain.plan.domain, self.variable)))

    def read(self, ref: Ref) -> pd.Series:
        """What a reference holds in every record: a column of text, or a variable's values."""
        if isinstance(ref, ColumnRef):
            return self._column(ref)
        return self._variable(ref)

    def _column(self, ref: ColumnRef) -> pd.Series:
        block = self.block
        if block.members is not None:
            return self._reduced(ref)
        if not ref.alias and block.each is not None:
            repeated = self._repeated(ref.column)
            if repeated is not None:
                return repeated
        if not ref.alias:
            for decode, positions in zip(block.plan.decode, block.tables, strict=False):
                if ref.column in decode.added:
                    place = decode.headers.index(ref.column)
                    return take(char([row[place] for row in decode.rows]), positions)
        source, dataset = block.plan.source_of(ref.alias)
        positions = block.positions[ref.alias]
        if dataset:
            return take(self.partition.domains[source].columns[ref.column], positions)
        column = self.partition.sources[source].frame[ref.column]
        if len(column) == len(positions) and _whole(positions):
            return column.reset_index(drop=True)
        return take(column, positions)

    def _repeated(self, column: str) -> pd.Series | None:
        """What `each` adds: the cell of the record's own repetition, its column and its number."""
        each, numbers = self.block.plan.each, self.block.each
        assert numbers is not None
        if column == EACH:
            return char(pa.array(each[0].columns, pa.large_string()).take(pa.array(numbers)))
        if column == EACH_NUMBER:
            texts = [str(number + 1) for number in range(len(each[0].columns))]
            return char(pa.array(texts, pa.large_string()).take(pa.array(numbers)))
        plan = self.block.plan.each_of(column)
        if plan is None:
            return None
        pieces: list[pa.Array] = [pa.array([], pa.large_string())]
        places: list[Positions] = [np.empty(0, np.int64)]
        source, dataset = self.block.plan.source_of("")
        columns = self.partition.domains[source].columns if dataset else self.partition.sources[source].frame
        for number, name in enumerate(plan.columns):
            records = np.flatnonzero(numbers == number).astype(np.int64)
            pieces.append(arrow(take(columns[name], self.block.positions[""][records])))
            places.append(records)
        back = np.empty(len(numbers), np.int64)
        back[np.concatenate(places)] = np.arange(len(numbers))
        return char(pa.chunked_array(pieces).combine_chunks().take(pa.array(back)))

    def _reduced(self, ref: ColumnRef) -> pd.Series:
        """A column of grouped records: reduced as `take` says, else the one value that the group has (DATA843)."""
        block = self.block
        members, group_of, plan = block.members, block.group_of, block.plan.group
        assert members is not None
        assert group_of is not None
        assert plan is not None
        inner = View(self.partition, DomainRecords(self.domain.plan, [members]), 0, self.variable)
        column = inner.read(ref)
        how = plan.take.get(str(ref), "")
        if how:
            reduced, unfit = reduce_column(column, group_of, len(block), how)
            self.report("DATA804", unfit, at=plan.at)
            return reduced
        one, differ = single_of_group(column, group_of, len(block))
        self.report("DATA843", differ, at=plan.at, column=str(ref))
        return one

    def _variable(self, ref: VariableRef) -> pd.Series:
        if ref.domain == self.domain.plan.domain:
            return (
                self.domain.columns[ref.variable]
                .iloc[self.domain.block_slice(self.index)]
                .reset_index(drop=True)
            )
        return self.of_subject(ref)

    def of_subject(self, ref: VariableRef) -> pd.Series:
        """The value of the subject's single submitted record in another domain (METH510 where it has several)."""
        other = self.partition.domains[ref.domain]
        per_subject, several = single_values(other, ref.variable, len(self.partition.subjects))
        found = take(per_subject, self.block.subjects.astype(np.int64))
        if several.any():
            concerned = several[self.block.subjects] & (self.block.subjects >= 0)
            self.report("METH510", concerned, needed=str(ref))
        return found

    def place(self, record: int) -> Location:
        """The raw record that a record of this block comes from; nowhere if it is made from a dataset."""
        block = self.block
        if block.plan.dataset:
            return NOWHERE
        return self.partition.sources[block.plan.source].place(int(block.positions[""][record]))

    def report(
        self,
        code: str,
        mask: Mask,
        values: pd.Series | None = None,
        *,
        at: Location = NOWHERE,
        target: str = "",
        **fields: object,
    ) -> None:
        """One issue for the records that the mask selects, with their distinct raw values; none if it selects none."""
        if self.within is not None:
            mask = mask & self.within
        if not self.partition.first:
            # records without a subject are in every partition, and are reported by the first one
            mask = mask & (self.block.subjects >= 0)
        records = np.flatnonzero(mask)
        if not len(records):
            return
        counted: list[tuple[str, int]] = []
        if values is not None:
            encoded = distinct(values)
            counts = encoded.counts(mask)
            counted = [
                (text, int(count)) for text, count in zip(encoded.values, counts, strict=True) if count
            ]
        first = self.first_place(records)
        place = at if at.file else self.at
        found = issue(
            code, target or self.target, place, count=len(records), first=first, values=counted, **fields
        )
        # all values stay until the partitions are merged: which are the most frequent is known only then
        self.partition.issues.append(replace(found, values=tuple(counted)))

    def chose(self, call: Call, numbers: npt.NDArray[np.int16]) -> None:
        """Keep which branch or argument (from 0, -1: none) of a call gave each record its value, for lineage."""
        self.domain.choices[self.variable, self.index, id(call)] = numbers

    def count_terms(
        self, uses: Sequence[tuple[str, str, str] | None], codes: npt.NDArray[np.integer]
    ) -> None:
        """Keep what raw texts became: (raw text, term, what says so) of each code, with its number of records."""
        used = np.ones(len(codes), bool) if self.within is None else self.within
        kept = codes[used if self.partition.first else used & (self.block.subjects >= 0)]
        counts = np.bincount(kept, minlength=len(uses))
        seen = self.partition.terms.setdefault((self.domain.plan.domain, self.variable), {})
        for use, count in zip(uses, counts.tolist(), strict=True):
            if use is not None and count:
                seen[use] = seen.get(use, 0) + count

    def first_place(self, records: npt.NDArray[np.intp]) -> Location:
        """The first raw record among the records, by file and line."""
        block = self.block
        if block.plan.dataset:
            return NOWHERE
        part = self.partition.sources[block.plan.source]
        positions = block.positions[""][records]
        best = int(positions[np.lexsort((part.rows[positions], part.file[positions]))[0]])
        return part.place(best)

    def texts(self, text: str) -> pd.Series:
        """The same text in every record."""
        return constant(text, len(self))


def single_values(other: DomainRecords, variable: str, subjects: int) -> tuple[pd.Series, Mask]:
    """Each subject's value of a variable with one record a subject, and which subjects have several different ones."""
    column = other.columns[variable]
    owners = other.subjects
    rows = np.arange(len(owners)) if other.submitted is None else np.flatnonzero(other.submitted)
    rows = rows[owners[rows] >= 0]
    place = np.full(subjects, -1, np.int64)
    place[owners[rows][::-1]] = rows[::-1]
    several = np.bincount(owners[rows], minlength=subjects) > 1
    values = take(column, place)
    if several.any():
        # several records that agree are one value
        first = place[owners[rows]]
        same = (take(column, rows) == take(column, first)).to_numpy(dtype=bool)
        missing = take(column, rows).isna().to_numpy() & take(column, first).isna().to_numpy()
        disagree = np.bincount(owners[rows][~(same | missing)], minlength=subjects) > 0
        several &= disagree
        values = take(column, np.where(several, -1, place))
    return values, several


def _whole(positions: Positions) -> bool:
    return len(positions) == 0 or (
        positions[0] == 0 and positions[-1] == len(positions) - 1 and bool((np.diff(positions) == 1).all())
    )
