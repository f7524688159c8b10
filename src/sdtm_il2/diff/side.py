"""One side of a comparison: its files, their keys, and which of them are parts of one domain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import Column, Dataset, arrow, char, distinct, num, ranks, take
from sdtm_il2.define.read import read_define
from sdtm_il2.errors import Location, OutputError, issue
from sdtm_il2.plan.number import natural
from sdtm_il2.xpt import read_xpt


class Side:
    """The files of one side, their encoding, the keys that a define.xml beside them states, and parts of domains."""

    __slots__ = ("encoding", "files", "keys", "wholes")

    def __init__(self, place: Path, files: dict[str, Path], encoding: str | None) -> None:
        folder = place if place.is_dir() else place.parent
        self.files, self.encoding = files, encoding or _encoding(folder)
        self.keys: dict[str, tuple[str, ...]] = {}
        domains = self._described(folder / "define.xml")
        #: For each file that is a part the dataset that it is a part of: LB for LBCH, SUPPLB for SUPPLBCH.
        self.wholes: dict[str, str] = {}
        for name in files:
            if not 2 < len(name.removeprefix("SUPP")) <= 4:
                continue
            whole = _whole(name, domains.get(name) or self._domain(name))
            if whole != name:
                self.wholes[name] = whole
                if name in self.keys:
                    self.keys.setdefault(whole, self.keys[name])

    def dataset(self, name: str) -> Dataset | None:
        """A dataset of this side; None if it has none of the name."""
        path = self.files.get(name)
        return None if path is None else read_xpt(path, encoding=self.encoding).dataset

    def parts(self, whole: str) -> tuple[str, ...]:
        """The files that hold a dataset: its parts, or itself; none if this side has none of them."""
        return tuple(name for name in self.files if self.wholes.get(name, name) == whole)

    def together(self, whole: str) -> Dataset | None:
        """The records of all parts of a dataset in the order of the whole; None without files, or where types contradict."""
        found = [one for name in self.parts(whole) if (one := self.dataset(name)) is not None]
        return put_together(whole, found) if found else None

    def _described(self, path: Path) -> dict[str, str]:
        """The domain of each dataset that define.xml describes; keeps the keys."""
        if not path.is_file():
            return {}
        define = read_define(path)
        names = {one.oid: one.name for one in define.items}
        for group in define.item_groups:
            keyed = sorted((ref.key_sequence, names[ref.item_oid]) for ref in group.items if ref.key_sequence)
            self.keys[group.name] = tuple(name for _, name in keyed)
        return {group.name: group.domain for group in define.item_groups}

    def _domain(self, name: str) -> str:
        """The domain that the records of a file belong to, if it is one."""
        dataset = self.dataset(name)
        assert dataset is not None
        variable = "RDOMAIN" if name.startswith("SUPP") else "DOMAIN"
        if variable not in dataset.frame or dataset.column(variable).type != "Char":
            return ""
        values = distinct(dataset.frame[variable]).values
        return values[0] if len(values) == 1 else ""


def put_together(name: str, parts: Sequence[Dataset]) -> Dataset | None:
    """Parts of a dataset in the order of the whole; a variable that one lacks has no values there.

    That order is by subject and --SEQ, of qualifiers by what ties them. A length is the longest of the parts, the label
    is left out: parts have their own. None where a variable is text in one part and a number in another.
    """
    columns: dict[str, Column] = {}
    for one in (column for part in parts for column in part.columns):
        known = columns.setdefault(one.name, one)
        if known.type != one.type:
            return None
        columns[one.name] = replace(known, length=max(known.length or 0, one.length or 0) or None)
    frame = {}
    for one in columns.values():
        pieces = [
            part.frame[one.name]
            if one.name in part.frame
            else num(np.full(len(part), np.nan))
            if one.type == "Num"
            else char([""] * len(part))
            for part in parts
        ]
        frame[one.name] = (
            num(np.concatenate([piece.to_numpy() for piece in pieces]))
            if one.type == "Num"
            else char(pa.chunked_array([arrow(piece) for piece in pieces], pa.large_string()))
        )
    if len(parts) > 1:
        sorted_by = [one for one in ("USUBJID", f"{name}SEQ", "IDVAR", "IDVARVAL", "QNAM") if one in frame]
        keys = [ranks(frame[one], natural if one == "IDVARVAL" else None)[0] for one in reversed(sorted_by)]
        order = np.lexsort(keys).astype(np.int64) if keys else np.arange(sum(len(part) for part in parts))
        frame = {one: take(column, order) for one, column in frame.items()}
    return Dataset(name, "", tuple(columns.values()), pd.DataFrame(frame, copy=False))


def _whole(name: str, domain: str) -> str:
    """The dataset that a dataset of a domain is a part of, or itself.

    >>> _whole("LBCH", "LB"), _whole("SUPPLBCH", "LB"), _whole("LB", "LB"), _whole("RELREC", "RELREC")
    ('LB', 'SUPPLB', 'LB', 'RELREC')
    """
    prefix = "SUPP" if name.startswith("SUPP") else ""
    own = name.removeprefix(prefix)
    return f"{prefix}{domain}" if domain and own.startswith(domain) else name


def _encoding(folder: Path) -> str:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return "utf-8"
    try:
        return str(json.loads(manifest.read_text(encoding="utf-8"))["encoding"])
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(issue("OUT944", at=Location(str(manifest)))) from error
