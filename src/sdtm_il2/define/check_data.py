"""Define-XML against the data that it describes: files, columns, values, keys, value levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from lxml import etree

from sdtm_il2.dataset import Column, Dataset, Distinct, distinct, ranks
from sdtm_il2.define.check_levels import Levels, other_datasets, value_levels
from sdtm_il2.define.tree import DefineTree, child, children, get, texts
from sdtm_il2.define.values import Watched, watch
from sdtm_il2.errors import Issue, Location, XptError
from sdtm_il2.methods.evaluate import format_number
from sdtm_il2.plan.number import natural
from sdtm_il2.xpt import iter_xpt

_NUMERIC = frozenset({"integer", "float"})
#: Records that are read at a time.
CHUNK = 65536


def file_of(group: etree._Element) -> str:
    """The file of a dataset as its leaf names it; a dataset without leaf by its name."""
    leaf = child(group, "def:leaf")
    return get(leaf, "xlink:href") if leaf is not None else f"{get(group, 'Name').lower()}.xpt"


def against_data(tree: DefineTree, folder: Path, encoding: str) -> Iterator[Issue]:
    """Every check of a Define-XML that needs the data: the XPORT files of a folder."""
    described_files: set[str] = set()
    for group in tree.all("ItemGroupDef"):
        name, file = get(group, "Name"), file_of(group)
        path = folder / file
        described_files.add(path.name.casefold())
        empty = get(group, "def:HasNoData") == "Yes"
        if empty or not path.is_file():
            if path.is_file():
                yield tree.issue("DEF765", group, "DD0133", wanted="HasNoData Yes", longest="")
            elif not empty:
                yield tree.issue("DEF750", group, "SD0061", file=file)
            continue
        try:
            yield from _dataset(tree, group, path, file, encoding)
        except XptError as error:
            for one in error.issues:
                yield Issue("DEF775", name, tree.at(group), (("reason", one.message), ("rule", "SD0062")))
    for path in sorted(folder.glob("*.[xX][pP][tT]")):
        if path.name.casefold() not in described_files:
            yield tree.issue("DEF751", tree.version, "SD1063", file=path.name)


@dataclass(slots=True)
class _Order:
    """Whether the records met so far are sorted by some variables; ``unsorted`` is the first that is not.

    With ``numbers`` a number in IDVARVAL, such as --SEQ, counts as one: 9 before 10.
    """

    names: tuple[str, ...]
    numbers: bool = False
    last: pd.DataFrame | None = None
    unsorted: int = 0

    def take(self, frame: pd.DataFrame, start: int) -> None:
        keys = frame[list(self.names)]
        joined = keys if self.last is None else pd.concat([self.last, keys], ignore_index=True)
        if not self.unsorted and len(joined) > 1:
            place = _first_descent(joined, numbers=self.numbers)
            if place:
                self.unsorted = start + place - (0 if self.last is None else 1)
        self.last = keys.tail(1)


@dataclass(slots=True)
class _Keys:
    """The key of the records met so far: hashes of all, and their order by the key and by --SEQ (in IDVARVAL too)."""

    order: _Order
    sequence: _Order | None
    hashes: list[npt.NDArray[np.uint64]] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return self.order.names

    def take(self, frame: pd.DataFrame, start: int) -> None:
        keys = frame[list(self.names)]
        self.hashes.append(np.asarray(pd.util.hash_pandas_object(keys, index=False), np.uint64))
        self.order.take(frame, start)
        if self.sequence is not None:
            self.sequence.take(frame, start)

    def repeated(self) -> tuple[int, int]:
        """How many records share their key with an earlier one, and the number of the first."""
        every = np.concatenate(self.hashes) if self.hashes else np.empty(0, np.uint64)
        _, firsts = np.unique(every, return_index=True)
        if len(firsts) == len(every):
            return 0, 0
        again = np.ones(len(every), np.bool_)
        again[firsts] = False
        return int(again.sum()), int(np.flatnonzero(again)[0]) + 1

    @property
    def unsorted(self) -> int:
        """The first record out of order; 0 where the key or the sequence number orders all."""
        if self.sequence is not None and not self.sequence.unsorted:
            return 0
        return self.order.unsorted


def _first_descent(keys: pd.DataFrame, *, numbers: bool) -> int:
    """The place of the first record that sorts before the one above it; 0 if none does."""
    decided = np.zeros(len(keys) - 1, np.bool_)
    descends = np.zeros(len(keys) - 1, np.bool_)
    for name in keys.columns:
        codes, _ = ranks(keys[name], natural if numbers and name == "IDVARVAL" else None)
        step = np.diff(codes)
        descends |= ~decided & (step < 0)
        decided |= step != 0
    found = np.flatnonzero(descends)
    return int(found[0]) + 1 if len(found) else 0


def _dataset(
    tree: DefineTree, group: etree._Element, path: Path, file: str, encoding: str
) -> Iterator[Issue]:
    name = get(group, "Name")
    variables = [
        (ref, item)
        for ref in children(group, "ItemRef")
        if (item := tree.find("ItemDef", get(ref, "ItemOID"))) is not None
    ]
    by_oid = {get(item, "OID"): get(item, "Name") for _, item in variables}
    watched: list[Watched] = []
    levels: list[Levels] = []
    sequence = sorted(
        (int(get(ref, "KeySequence")), get(item, "Name"))
        for ref, item in variables
        if get(ref, "KeySequence").isdecimal()
    )
    keys: _Keys | None = None
    start = 1
    for chunk in iter_xpt(path, encoding=encoding, records=CHUNK):
        dataset = chunk.dataset
        if start == 1:
            yield from _columns(tree, group, variables, dataset, file)
            present = frozenset(column.name for column in dataset.columns)
            watched = [
                watch(tree, ref, item, encoding) for ref, item in variables if get(item, "Name") in present
            ]
            levels = [
                found
                for _, item in variables
                if (found := value_levels(tree, item, by_oid, present, encoding)) is not None
            ]
            for _, item in variables:
                for other, oids in other_datasets(tree, item, by_oid).items():
                    yield tree.issue("DEF788", item, levels=", ".join(oids), other=other)
            if sequence and all(key in present for _, key in sequence):
                numbered = tuple(
                    one for one in ("STUDYID", "USUBJID", f"{get(group, 'Domain')}SEQ") if one in present
                )
                names = tuple(key for _, key in sequence)
                keys = _Keys(
                    _Order(names),
                    _Order(numbered)
                    if numbered[-1:] == (f"{get(group, 'Domain')}SEQ",)
                    else _Order(names, numbers=True)
                    if "IDVARVAL" in names
                    else None,
                )
        _take(dataset, watched, levels, start)
        if keys is not None and len(dataset):
            keys.take(dataset.frame, start)
        start += len(dataset)
    for one in watched:
        target = f"{name}.{get(one.item, 'Name')}"
        yield from one.issues(target, file)
        if start > 1 and one.records and not one.filled and not one.no_data:
            yield tree.issue("DEF776", one.item, "DD0134")
    for each in levels:
        yield from each.issues(f"{name}.{each.variable}", file)
    if keys is not None:
        yield from _keys(tree, group, keys, file)


def _keys(tree: DefineTree, group: etree._Element, keys: _Keys, file: str) -> Iterator[Issue]:
    count, first = keys.repeated()
    names = ", ".join(keys.names)
    if count:
        code = "DEF761" if get(group, "def:CommentOID") else "DEF760"
        yield Issue(
            code, get(group, "Name"), tree.at(group), (("keys", names), ("rule", "SD1117")), count,
            Location(file, first),
        )  # fmt: skip
    # a plan of the trial is read in the order in which it is laid out
    if keys.unsorted and get(group, "IsReferenceData") != "Yes":
        yield Issue(
            "DEF777", get(group, "Name"), tree.at(group), (("keys", names), ("rule", "SD1117")), 0,
            Location(file, keys.unsorted),
        )  # fmt: skip


def _take(dataset: Dataset, watched: list[Watched], levels: list[Levels], start: int) -> None:
    """One chunk: each column once as its distinct values, for the variable and all its value levels."""
    wanted = {each.variable for each in levels} | {name for each in levels for name in each.names}
    held: dict[str, Distinct] = {}
    for one in watched:
        name = get(one.item, "Name")
        encoded = _encoded(dataset.frame[name])
        if name in wanted:
            held[name] = encoded
        values, rows, counts = np.unique(encoded.codes, return_index=True, return_counts=True)
        one.take(
            (encoded.values[value], count, row + start)
            for value, row, count in zip(values.tolist(), rows.tolist(), counts.tolist(), strict=True)
        )
    for each in levels:
        each.take(held, start)


def _encoded(column: pd.Series) -> Distinct:
    """A column as its distinct values in text."""
    if column.dtype != np.float64:
        return distinct(column)
    values, codes = np.unique(column.to_numpy(), return_inverse=True)
    texts = tuple("" if np.isnan(one) else format_number(float(one)) for one in values)
    return Distinct(codes.astype(np.int32), texts)


def _columns(
    tree: DefineTree,
    group: etree._Element,
    variables: list[tuple[etree._Element, etree._Element]],
    dataset: Dataset,
    file: str,
) -> Iterator[Issue]:
    """The header of the file: label, names, order, types and lengths."""
    name = get(group, "Name")
    if dataset.name != get(group, "SASDatasetName"):
        yield tree.issue("DEF778", group, "SD0061", found=dataset.name, file=file)
    labels = texts(group)
    if dataset.label not in labels.values():
        yield tree.issue("DEF753", group, "SD1324", found=dataset.label, file=file)
    yield from _one_language(tree, group, variables, dataset, file)
    held = {column.name: column for column in dataset.columns}
    stated = {get(item, "Name"): (ref, item) for ref, item in variables}
    for column in dataset.columns:
        if column.name not in stated:
            yield Issue(
                "DEF752", f"{name}.{column.name}", tree.at(group), (("file", file), ("rule", "SD0060"))
            )
    for variable, (ref, item) in stated.items():
        if variable in held:
            yield from _column(tree, f"{name}.{variable}", item, held[variable], file)
        elif get(ref, "def:HasNoData") != "Yes":
            yield Issue("DEF754", f"{name}.{variable}", tree.at(item), (("file", file), ("rule", "SD0054")))
    defined = [one for one in stated if one in held]
    real = [column.name for column in dataset.columns if column.name in stated]
    if defined != real:
        place = next(
            place for place, pair in enumerate(zip(defined, real, strict=True)) if pair[0] != pair[1]
        )
        yield tree.issue("DEF779", group, "SD1079", found=defined[place], other=real[place], file=file)


def _one_language(
    tree: DefineTree,
    group: etree._Element,
    variables: list[tuple[etree._Element, etree._Element]],
    dataset: Dataset,
    file: str,
) -> Iterator[Issue]:
    """The labels of one file are in one language, as far as define.xml has them in several."""
    labels = {column.name: column.label for column in dataset.columns}
    stated = [(group, dataset.label)]
    stated += [(item, labels[name]) for _, item in variables if (name := get(item, "Name")) in labels]
    first = ""
    for element, label in stated:
        found = texts(element)
        langs = [lang for lang, text in found.items() if text == label]
        if len(langs) != 1 or len(found) < 2:
            continue
        first = first or langs[0]
        if first in found and langs[0] != first:
            yield tree.issue("DEF790", element, "SD1325", file=file, lang=langs[0], other=first)


def _column(
    tree: DefineTree, target: str, item: etree._Element, column: Column, file: str
) -> Iterator[Issue]:
    at = tree.at(item)
    kind = get(item, "DataType")
    if (kind in _NUMERIC) != (column.type == "Num"):
        yield Issue("DEF780", target, at, (("kind", kind), ("found", column.type), ("rule", "SD0059")))
    if column.label not in texts(item).values():
        yield Issue("DEF753", target, at, (("found", column.label), ("file", file), ("rule", "SD1325")))
    length = get(item, "Length")
    if column.type == "Char" and kind == "text" and length and str(column.length) != length:
        yield Issue(
            "DEF756", target, at,
            (("wanted", length), ("found", str(column.length)), ("file", file), ("rule", "SD1082")),
        )  # fmt: skip
