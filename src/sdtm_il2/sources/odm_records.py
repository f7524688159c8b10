"""Records of ODM data: as a Snapshot shows them, or as a sequence of transactions leaves them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

import numpy as np
import pyarrow as pa

from sdtm_il2.sources.odm_levels import FORM, GROUP, LEVELS, STUDY, SUBJECT, Entry, LevelPath

Columns = Mapping[str, str]
#: The items of a group: by name, or names and values.
Items = Columns | tuple[list[str], list[str]]
_TEXT: Final = pa.large_string()
_NONE: Final[Columns] = {}
_REMOVED: Final = "is in a removed one"
#: Records that wait before they go into columns.
_BATCH: Final = 1024


class Records:
    """Records in columns of text; what a record lacks is null. Memory grows with the values alone.

    ``files`` and ``lines`` say where the records stand (number of the file, line), ``form_files`` and
    ``form_lines`` where their forms do.
    """

    def __init__(self) -> None:
        self.lines = array("q")
        self.form_lines = array("q")
        self.files = array("h")
        self.form_files = array("h")
        self._names: dict[str, list[pa.Array]] = {}
        self._done = 0

    def add(
        self,
        levels: Sequence[Sequence[Columns]],
        items: Sequence[Items],
        places: Sequence[Sequence[int]],
    ) -> None:
        """Take records: their columns by level, their items; files and lines of them, and of their forms."""
        numbers = (self.files, self.lines, self.form_files, self.form_lines)
        for kept, found in zip(numbers, places, strict=True):
            kept.extend(found)
        written: set[str] = set()
        for part in (*map(_level_columns, levels), _item_columns(items)):
            for name, column in part:
                if name in written:  # an item that is called like a key of a level
                    name = f"{name}@Value"
                chunks = self._names.get(name)
                if chunks is None:
                    chunks = self._names[name] = [pa.nulls(self._done, _TEXT)] if self._done else []
                written.add(name)
                chunks.append(column)
        for name, chunks in self._names.items():
            if name not in written:
                chunks.append(pa.nulls(len(items), _TEXT))
        self._done += len(items)

    def columns(self) -> dict[str, pa.Array]:
        """All columns, in the order in which they were met. Empties the records as it goes."""
        found: dict[str, pa.Array] = {}
        for name in list(self._names):
            found[name] = pa.concat_arrays(self._names.pop(name))
        return found


def _level_columns(part: Sequence[Columns]) -> Iterator[tuple[str, pa.Array]]:
    """The columns of one level of all records. Records of one element share its columns, and stand together."""
    same = np.array(list(map(id, part)), np.uint64)
    begins = np.concatenate(([True], same[1:] != same[:-1]))
    codes = pa.array(np.cumsum(begins) - 1)
    for name, column in _columns([part[begin] for begin in np.flatnonzero(begins).tolist()]):
        yield name, column.take(codes)


def _item_columns(part: Sequence[Items]) -> Iterator[tuple[str, pa.Array]]:
    """The columns of the items. Groups of one kind mostly have the same names, in one list that they share."""
    first = part[0] if part else {}
    if isinstance(first, tuple) and all(isinstance(one, tuple) and one[0] is first[0] for one in part):
        values = [one[1] for one in part if isinstance(one, tuple)]
        for name, texts in zip(first[0], zip(*values, strict=True), strict=True):
            yield name, pa.array(texts, _TEXT)
    else:
        yield from _columns([dict(zip(*one, strict=True)) if isinstance(one, tuple) else one for one in part])


def _columns(part: Sequence[Columns]) -> Iterator[tuple[str, pa.Array]]:
    """The columns of records, null where a record has none of that name."""
    for name in dict.fromkeys(chain.from_iterable(part)):
        yield name, pa.array([columns.get(name) for columns in part], _TEXT)


class Snapshot:
    """Takes groups as they stand: each is a record."""

    def __init__(self) -> None:
        self.file = 0
        self._records = Records()
        self._paths: list[LevelPath] = []
        self._items: list[Items] = []

    def enter(self, path: LevelPath, level: int) -> None:
        """Levels alone make no record."""

    def items(self, path: LevelPath, values: dict[str, str], _: Mapping[str, str], /) -> None:
        """One record a group."""
        self.run(path, values)

    def run(self, path: LevelPath, items: Items, /) -> None:
        """One record a group."""
        self._paths.append(path)
        self._items.append(items)
        if len(self._items) == _BATCH:
            self._flush()

    def close(self) -> None:
        """A file ends."""
        self._flush()

    def records(self) -> Records:
        """All records."""
        return self._records

    def _flush(self) -> None:
        paths, self._paths = self._paths, []
        items, self._items = self._items, []
        if not items:
            return
        levels = tuple(zip(*paths, strict=True))
        lines = [0 if one is None else one.line for one in levels[GROUP]]
        forms = [line if one is None else one.line for one, line in zip(levels[FORM], lines, strict=True)]
        files = [self.file] * len(items)
        columns = [[_NONE if one is None else one.tag.columns for one in level] for level in levels]
        self._records.add(columns, items, (files, lines, files, forms))


@dataclass(slots=True)
class Node:
    """One entity of the data as it is known so far, with all that belongs to it."""

    level: int
    columns: Columns
    file: int
    line: int
    children: dict[tuple[int, str, str], Node] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    there: bool = False


@dataclass(slots=True)
class Wrong:
    """Transactions of one kind that do not fit what is known, and where the first of them stands."""

    file: int
    line: int
    count: int = 0


class State:
    """Applies transactions in the order of the files, and of the elements within them.

    Insert makes what is not there, Update changes what is, Upsert does either, Remove takes it away with all
    that belongs to it, Context changes nothing. A transaction that does not fit is counted in ``wrong`` by
    (type, noun, state), and is applied as Upsert, so that no value is lost; a Remove that does not fit has
    nothing to take away.
    """

    def __init__(self) -> None:
        self.root = Node(-1, {}, 0, 0)
        self.file = 0
        self.wrong: dict[tuple[str, str, str], Wrong] = {}
        self._nodes: list[Node | None] = [None] * len(LEVELS)
        self._texts: dict[str, str] = {}

    def _note(self, kind: str, noun: str, state: str, line: int) -> None:
        wrong = self.wrong.setdefault((kind, noun, state), Wrong(file=self.file, line=line))
        wrong.count += 1

    def _check(self, kind: str, noun: str, line: int, *, there: bool) -> None:
        if kind == "Insert" and there:
            self._note(kind, noun, "exists already", line)
        elif kind in ("Update", "Remove", "Context") and not there:
            self._note(kind, noun, "does not exist", line)

    def enter(self, path: LevelPath, level: int) -> None:
        """Apply the transaction of a level itself."""
        entry = path[level]
        assert entry is not None  # the walk sends what it has just entered
        above: Node | None = self.root
        for one in range(level):
            if path[one] is not None:
                above = self._nodes[one]
        kind, noun = entry.transaction, LEVELS[level].noun
        if above is None:  # removed by an element that is still open
            if kind != "Remove":
                self._note(kind, noun, _REMOVED, entry.line)
            self._nodes[level] = None
            return
        key = (level, entry.tag.oid, entry.tag.repeat)
        node = above.children.get(key)
        if level != STUDY:  # of studies, transactions say nothing
            self._check(kind, noun, entry.line, there=node is not None and node.there)
            if kind == "Remove":
                above.children.pop(key, None)
                self._nodes[level] = None
                return
        if node is None:
            node = above.children[key] = Node(level, {}, self.file, entry.line)
        self._nodes[level] = node
        if kind != "Context":
            if level == SUBJECT:  # its site follows, and lands in both
                for name, text in node.columns.items():
                    entry.tag.columns.setdefault(name, text)
                node.columns = entry.tag.columns
            else:
                node.columns = {**node.columns, **entry.tag.columns}
            self._touch(node, entry)
        elif not node.columns:
            node.columns = entry.tag.columns

    def _touch(self, node: Node, entry: Entry) -> None:
        node.there = True
        node.file, node.line = self.file, entry.line

    def run(self, path: LevelPath, items: tuple[list[str], list[str]], /) -> None:
        """Apply the transaction of a group to its items, which have none of their own."""
        self.items(path, dict(zip(*items, strict=True)), {})

    def close(self) -> None:
        """The end of a file changes nothing."""

    def items(self, path: LevelPath, values: dict[str, str], types: Mapping[str, str], /) -> None:
        """Apply the transactions of the items of a group."""
        group, node = path[GROUP], self._nodes[GROUP]
        assert group is not None  # the walk sends groups only
        filled = False
        for name, value in values.items():
            item, at, _ = name.rpartition("@")
            beside = bool(at) and item in values  # a unit or vendor attribute goes with its item
            kind = types.get(item if beside else name, group.transaction)
            if node is None:
                if kind != "Remove" and not beside:
                    self._note(kind, "item", _REMOVED, group.line)
            elif beside:
                if kind not in ("Remove", "Context"):
                    node.items[name] = self._texts.setdefault(value, value)
            else:
                filled |= self._apply(node, kind, name, value, group)
        if filled and node is not None:  # what holds an item is there, and its group is the place to look
            self._touch(node, group)
            for one, entry in zip(self._nodes, path, strict=True):
                if one is not None and entry is not None:
                    one.there = True

    def _apply(self, node: Node, kind: str, item: str, value: str, group: Entry) -> bool:
        """Apply the transaction of one item; True if it has a value now that it had not before."""
        there = item in node.items
        if not kind:
            self._note(kind, "item", "", group.line)
        self._check(kind, "item", group.line, there=there)
        if kind == "Remove":
            for one in [one for one in node.items if one == item or one.startswith(f"{item}@")]:
                del node.items[one]
            self._touch(node, group)
            return False
        if kind == "Context" and there:
            return False
        node.items[item] = self._texts.setdefault(value, value)
        return True

    def records(self) -> Records:
        """The final state: one record for each group, in the order in which the groups came to be."""
        found = Records()
        groups = _groups((self.root,))
        while batch := list(islice(groups, _BATCH)):
            levels: list[list[Columns]] = [[_NONE] * len(batch) for _ in LEVELS]
            places = []
            for number, path in enumerate(batch):
                node = path[-1]
                form = next((one for one in path if one.level == FORM), node)
                for one in path[1:]:
                    levels[one.level][number] = one.columns
                places.append((node.file, node.line, form.file, form.line))
            found.add(levels, [path[-1].items for path in batch], tuple(zip(*places, strict=True)))
        return found


def _groups(path: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """The paths to all groups that are there."""
    for child in path[-1].children.values():
        if child.level < GROUP:
            yield from _groups((*path, child))
        elif child.there:
            yield (*path, child)
