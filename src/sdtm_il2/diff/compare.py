"""Compare dataset by dataset; columns at a time, so that a million records take seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import Column, Dataset, arrow, char, distinct, take
from sdtm_il2.diff.model import DatasetDiff, Diff, RecordDiff, VariableDiff
from sdtm_il2.diff.side import Side
from sdtm_il2.errors import OutputError, issue
from sdtm_il2.methods.evaluate import number_text
from sdtm_il2.standards import Standard, load_standard

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Records that a result lists for each dataset, unless the caller asks for more.
LIMIT = 20
#: What a record is known by where no Define-XML states the key, beside identifiers and the topic.
_TELLING = (
    "OBJ", "CAT", "SCAT", "SPEC", "LOC", "LAT", "DIR", "METHOD", "BDAGNT", "TSTOPO", "DTC", "STDTC", "TPTNUM", "REFID",
)  # fmt: skip
_STUDY_WIDE = ("VISITNUM", "ARMCD", "TAETORD", "IDVAR", "IDVARVAL", "QNAM", "RELID", "APID")


def diff(
    old: Path,
    new: Path,
    *,
    keys: Mapping[str, Sequence[str]] | None = None,
    limit: int = LIMIT,
    encoding: str | None = None,
) -> Diff:
    """Which records were added, removed and changed from one set of datasets to another, by key, and which values.

    ``old`` and ``new`` are two output folders (or any folders of XPT files), or two XPT files. The key of a dataset is
    what ``keys`` states for it, else the key of the new side's define.xml, else of the old side's, else its
    identifiers, topic and times; --SEQ belongs to it only where nothing else does, so that records which only got
    another number are counted as such, also where SUPP--, CO and RELREC refer to them. A domain that is one dataset on
    one side and split on the other is compared as a whole, its rows by subject and --SEQ. ``limit`` is the number
    of records that are listed of each dataset. ``encoding`` is that of the files: by default what a manifest.json beside
    them says, else UTF-8. Raises OutputError OUT940 to OUT943 and what `read_xpt` raises.
    """
    before, after = _files(old), _files(new)
    if old.is_file() != new.is_file():
        raise OutputError(issue("OUT941"))
    sides = (Side(old, before, encoding), Side(new, after, encoding))
    if old.is_file():
        names = [next(iter(one.files)) for one in sides]
        if names[0] != names[1]:
            raise OutputError(issue("OUT942", old=names[0], new=names[1]))
    stated = {name.upper(): tuple(found) for name, found in (keys or {}).items()}
    wholes = sides[0].wholes | sides[1].wholes
    order = sorted(
        {wholes.get(name, name) for name in (*before, *after)}, key=lambda name: (_refers(name), name)
    )
    matched: dict[str, _Match] = {}
    parents = any(_refers(name) for name in order)
    found = []
    for name in order:
        parts = sides[0].parts(name), sides[1].parts(name)
        split = any(part in wholes for part in (*parts[0], *parts[1]))
        apart = all(parts) and not set(parts[0]) & set(parts[1])
        if apart or (split and parents and not _refers(name)):
            pair = sides[0].together(name), sides[1].together(name)
            one, match = _compare(name, pair, _key(name, name, pair, sides, stated), matched, limit)
            if match is not None and not _refers(name):
                matched[name] = match
            if apart and one.old is not None and one.new is not None:
                found.append(replace(one, parts=parts))
                continue
        for part in sorted({*parts[0], *parts[1]}):
            pair = sides[0].dataset(part), sides[1].dataset(part)
            one, match = _compare(part, pair, _key(part, name, pair, sides, stated), matched, limit)
            if match is not None and parents and not _refers(part):
                matched[part] = match
            found.append(one)
    return Diff(tuple(sorted(found, key=lambda one: one.name)))


def _files(place: Path) -> dict[str, Path]:
    """The XPT files of one side by dataset (OUT940: none)."""
    if place.is_file():
        return {_name_of(place): place}
    files = {path.stem.upper(): path for path in sorted(place.iterdir()) if path.suffix.lower() == ".xpt"}
    if not files:
        raise OutputError(issue("OUT940", place.name))
    return files


def _name_of(path: Path) -> str:
    """The name by which a single file is compared: that of the file."""
    return path.stem.upper()


def _refers(name: str) -> bool:
    return name.startswith("SUPP") or name in ("CO", "RELREC")


def _key(
    name: str,
    whole: str,
    pair: tuple[Dataset | None, Dataset | None],
    sides: tuple[Side, Side],
    stated: Mapping[str, tuple[str, ...]],
) -> tuple[str, ...]:
    """The key of a dataset, or part of ``whole``: variables that both sides have (OUT943: a stated one that they lack)."""
    present = [one for one in pair if one is not None]
    common = [
        column.name
        for column in present[0].columns
        if all(column.name in one.frame and one.column(column.name).type == column.type for one in present)
    ]
    asked = stated.get(name, stated.get(whole))
    if asked is not None:
        missing = [one for one in asked if one not in common]
        if missing:
            raise OutputError(issue("OUT943", name, variable=missing[0], allowed=", ".join(common)))
        return asked
    known = sides[1].keys.get(name) or sides[0].keys.get(name) or _known_by(whole, common)
    return _without_number([one for one in known if one in common], common)


def _known_by(name: str, common: Sequence[str]) -> list[str]:
    """Identifiers, topic and times of a dataset of which no Define-XML tells the key."""
    standard: Standard = load_standard()
    found = []
    for one in common:
        variable = standard.variable(name, one)
        role = variable.role if variable is not None else ""
        telling = one in _STUDY_WIDE or one[2:] in _TELLING
        if telling or role in ("Identifier", "Topic") or one in ("STUDYID", "DOMAIN", "RDOMAIN", "USUBJID"):
            found.append(one)
    return found


def _without_number(known: Sequence[str], common: Sequence[str]) -> tuple[str, ...]:
    """The key without --SEQ, unless only identifiers of study and subject are left, or it numbers no subject's records."""
    if "USUBJID" not in common:  # such as TSSEQ within TSPARMCD
        return tuple(known)
    natural = tuple(one for one in known if one[2:] != "SEQ")
    if set(natural) <= {"STUDYID", "DOMAIN", "RDOMAIN", "USUBJID"} and any(
        one[2:] == "SEQ" for one in common
    ):
        return tuple(known)
    return natural


@dataclass(frozen=True, slots=True)
class _Match:
    """The records of a dataset on both sides: subject and --SEQ, and by row a number that matched records share."""

    subjects: tuple[pd.Series, pd.Series]
    numbers: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
    tokens: tuple[Positions, Positions]


def _compare(
    name: str,
    pair: tuple[Dataset | None, Dataset | None],
    keys: tuple[str, ...],
    parents: Mapping[str, _Match],
    limit: int,
) -> tuple[DatasetDiff, _Match | None]:
    old, new = pair
    if old is None or new is None:
        sizes = [None if one is None else len(one) for one in pair]
        return DatasetDiff(name, sizes[0], sizes[1], keys), None
    frames = [one.frame for one in (old, new)]
    tokens = _references(frames, parents) if _refers(name) else None
    codes, duplicates = _coded(frames, keys, tokens)
    left, right, only_old, only_new = _aligned(codes)
    variables = tuple(_variables(old, new))
    common = [
        one.name
        for one in old.columns
        if one.name in new.frame and new.column(one.name).type == one.type and one.name not in keys
    ]
    differ: dict[str, Mask] = {one: _different(frames[0][one], frames[1][one], left, right) for one in common}
    if tokens is not None and "IDVARVAL" in frames[0] and "IDVARVAL" in frames[1]:
        same_parent = tokens[0][left] == tokens[1][right]
        other = _different(frames[0]["IDVARVAL"], frames[1]["IDVARVAL"], left, right)
        renamed = other & same_parent
        differ["IDVARVAL"] = other & ~same_parent
    else:
        renamed = np.zeros(len(left), bool)
    numbers = [one for one in differ if one[2:] == "SEQ" and len(one) <= 5]
    content = np.zeros(len(left), bool)
    for one, mask in differ.items():
        if one not in numbers:
            content |= mask
        else:
            renamed |= mask
    listed = _listed(frames, keys, differ, numbers, (left, right, content), (only_old, only_new))
    records = [one for _, one in zip(range(limit), listed, strict=False)]
    changed = int(content.sum())
    total = changed + len(only_old) + len(only_new)
    result = DatasetDiff(
        name, len(old), len(new), keys, len(only_new), len(only_old), changed, int((renamed & ~content).sum()),
        duplicates,
        {one: count for one, mask in differ.items() if one not in numbers and (count := int(mask.sum()))},
        variables, None if old.label == new.label else (old.label, new.label), tuple(records),
        total - len(records),
    )  # fmt: skip
    return result, _match(name, frames, (left, right))


def _match(name: str, frames: Sequence[pd.DataFrame], aligned: tuple[Positions, Positions]) -> _Match | None:
    seq = f"{name}SEQ"
    if any(seq not in frame or "USUBJID" not in frame for frame in frames):
        return None
    tokens = np.arange(len(frames[0]), dtype=np.int64)
    others = np.arange(len(frames[1]), dtype=np.int64) + len(frames[0])
    others[aligned[1]] = tokens[aligned[0]]
    return _Match(
        (frames[0]["USUBJID"], frames[1]["USUBJID"]),
        (frames[0][seq].to_numpy(), frames[1][seq].to_numpy()),
        (tokens, others),
    )


def _references(frames: Sequence[pd.DataFrame], parents: Mapping[str, _Match]) -> list[Positions]:
    """By record of each side a number for what IDVARVAL names: of the parent record, else of the text (below 0)."""
    needed = ("RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL")
    if any(name not in frame for frame in frames for name in needed):
        return [np.full(len(frame), -1, np.int64) for frame in frames]
    texts = char(pa.chunked_array([arrow(frame["IDVARVAL"]) for frame in frames]))
    whole = -1 - distinct(texts).codes.astype(np.int64)
    tokens = [whole[: len(frames[0])].copy(), whole[len(frames[0]) :].copy()]
    start = 0
    for domain, match in parents.items():
        for side, frame in enumerate(frames):
            named = (frame["RDOMAIN"] == domain) & (frame["IDVAR"] == f"{domain}SEQ")
            rows = np.flatnonzero(named.to_numpy(dtype=bool))
            parent = pd.DataFrame(
                {"subject": match.subjects[side], "number": match.numbers[side], "token": match.tokens[side]}
            ).drop_duplicates(["subject", "number"])
            asked = pd.DataFrame(
                {
                    "subject": frame["USUBJID"].iloc[rows].to_numpy(dtype=object),
                    "number": pd.to_numeric(frame["IDVARVAL"].iloc[rows], errors="coerce").to_numpy(float),
                }
            )
            asked["subject"] = asked["subject"].astype(parent["subject"].dtype)
            found = asked.merge(parent, "left", on=["subject", "number"])["token"].to_numpy(float)
            known = ~np.isnan(found)
            tokens[side][rows[known]] = start + found[known].astype(np.int64)
        start += len(match.tokens[0]) + len(match.tokens[1])
    return tokens


def _coded(
    frames: Sequence[pd.DataFrame], keys: Sequence[str], tokens: Sequence[Positions] | None
) -> tuple[list[Positions], tuple[int, int]]:
    """One number a record that records of the same key share; of several the first with the first, and so on."""
    size = len(frames[0])
    combined = np.zeros(size + len(frames[1]), np.int64)
    for name in keys:
        if name == "IDVARVAL" and tokens is not None:
            codes = pd.factorize(np.concatenate(list(tokens)))[0].astype(np.int64)
        elif frames[0][name].dtype == np.float64:
            codes = pd.factorize(
                np.concatenate([frame[name].to_numpy() for frame in frames]), use_na_sentinel=False
            )[0].astype(np.int64)
        else:
            texts = char(pa.chunked_array([arrow(frame[name]) for frame in frames]))
            codes = distinct(texts).codes.astype(np.int64)
        combined = pd.factorize(combined * (int(codes.max(initial=0)) + 1) + codes)[0].astype(np.int64)
    sides = [combined[:size], combined[size:]]
    places = [pd.Series(one).groupby(one).cumcount().to_numpy() for one in sides]
    duplicates = int((places[0] > 0).sum()), int((places[1] > 0).sum())
    most = int(max(places[0].max(initial=0), places[1].max(initial=0))) + 1
    return [one * most + place for one, place in zip(sides, places, strict=True)], duplicates


def _aligned(codes: Sequence[Positions]) -> tuple[Positions, Positions, Positions, Positions]:
    """Rows of both sides with the same number, and those that one side alone has."""
    old, new = codes
    size = int(max(old.max(initial=-1), new.max(initial=-1))) + 1
    where_new = np.full(size, -1, np.int64)
    where_new[new] = np.arange(len(new))
    right = where_new[old]
    left = np.flatnonzero(right >= 0)
    used = np.zeros(len(new), bool)
    used[right[left]] = True
    return left, right[left], np.flatnonzero(right < 0), np.flatnonzero(~used)


def _different(old: pd.Series, new: pd.Series, left: Positions, right: Positions) -> Mask:
    """Which matched records differ in a variable; missing equals missing."""
    if old.dtype == np.float64:
        one, other = old.to_numpy()[left], new.to_numpy()[right]
        changed: Mask = (one != other) & ~(np.isnan(one) & np.isnan(other))
        return changed
    codes = distinct(char(pa.chunked_array([arrow(old), arrow(new)]))).codes
    different: Mask = codes[: len(old)][left] != codes[len(old) :][right]
    return different


def _variables(old: Dataset, new: Dataset) -> Iterator[VariableDiff]:
    before, after = {one.name: one for one in old.columns}, {one.name: one for one in new.columns}
    yield from (VariableDiff(name, "removed") for name in before if name not in after)
    yield from (VariableDiff(name, "added") for name in after if name not in before)
    same = [name for name in before if name in after]
    for name in same:
        for what, one, other in _facts(before[name], after[name]):
            if one != other:
                yield VariableDiff(name, what, one, other)
    moved = [name for name in after if name in before]
    if same != moved:
        first = next(place for place, name in enumerate(same) if name != moved[place])
        yield VariableDiff(same[first], "place", str(first + 1), str(moved.index(same[first]) + 1))


def _facts(old: Column, new: Column) -> Iterator[tuple[str, str, str]]:
    yield "label", old.label, new.label
    yield "type", old.type, new.type
    yield "length", str(old.length or ""), str(new.length or "")
    yield "format", old.format, new.format


def _listed(
    frames: Sequence[pd.DataFrame],
    keys: Sequence[str],
    differ: Mapping[str, Mask],
    numbers: Sequence[str],
    matched: tuple[Positions, Positions, Mask],
    only: tuple[Positions, Positions],
) -> Iterator[RecordDiff]:
    """The records that differ: changed, removed, added, each in file order."""
    left, right, content = matched
    for place in np.flatnonzero(content).tolist():
        old_row, new_row = int(left[place]), int(right[place])
        values = tuple(
            (name, _text(frames[0], name, old_row), _text(frames[1], name, new_row))
            for name, mask in differ.items()
            if mask[place] and name not in numbers
        )
        yield RecordDiff("changed", old_row + 1, new_row + 1, _key_of(frames[1], keys, new_row), values)
    for row in only[0].tolist():
        yield RecordDiff("removed", row + 1, None, _key_of(frames[0], keys, row))
    for row in only[1].tolist():
        yield RecordDiff("added", None, row + 1, _key_of(frames[1], keys, row))


def _key_of(frame: pd.DataFrame, keys: Sequence[str], row: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, _text(frame, name, row)) for name in keys)


def _text(frame: pd.DataFrame, name: str, row: int) -> str:
    column = take(frame[name], np.array([row], np.int64))
    return str((number_text(column) if column.dtype == np.float64 else column).tolist()[0])
