"""What two sets of datasets differ in, as text and as JSON. Values of subjects only on request.

JSON: ``{"tool", "version", "equal", "datasets": [...]}``; a dataset is ``{"dataset", "old", "new", "keys", "equal",
"added", "removed", "changed", "renumbered", "duplicates": {"old", "new"}, "label": null or {"before", "after"},
"variables": [{"variable", "what", "before", "after"}], "values": [{"variable", "records"}], "records": [...],
"more", "parts": null or {"before": [...], "after": [...]}}``, where ``old`` and ``new`` are numbers of records, null
where the side has no such dataset, and ``parts`` the files of a domain that only one side splits; a record is
``{"change", "old_row", "new_row", "variables"}`` and on request ``"key"`` and ``"values": [{"variable", "before",
"after"}]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sdtm_il2 import __version__
from sdtm_il2.diff import DatasetDiff, Diff, RecordDiff
from sdtm_il2.report.json import TOOL
from sdtm_il2.report.text import counted, printable


def diff_text(found: Diff, *, show_values: bool = False) -> str:
    """The differences dataset by dataset, a fact a line; ends with a line feed."""
    lines = [
        printable(line)
        for one in found.datasets
        if not one.equal or any(one.duplicates)
        for line in _lines(one, show_values=show_values)
    ]
    equal = sum(one.equal for one in found.datasets)
    different = len(found.datasets) - equal
    last = (
        f"{counted(different, 'dataset')} of {len(found.datasets)} differ" if different else "no difference"
    )
    if different == 1:
        last = f"1 dataset of {len(found.datasets)} differs"
    return "\n".join([*lines, last]) + "\n"


def _lines(one: DatasetDiff, *, show_values: bool) -> Iterator[str]:
    if one.old is None or one.new is None:
        word, records = ("added", one.new) if one.old is None else ("removed", one.old)
        yield f"{one.name}: dataset {word}, {counted(records or 0, 'record')}"
        return
    counts = [
        f"{count} {word}"
        for word, count in (("added", one.added), ("removed", one.removed), ("changed", one.changed))
        if count
    ]
    if one.renumbered:
        counts.append(f"{one.renumbered} with another number only")
    yield f"{one.name}: {one.old} records before, {one.new} now: {', '.join(counts) or 'no record differs'}"
    if any(one.parts):
        yield f"  in {', '.join(one.parts[0])} before, in {', '.join(one.parts[1])} now"
    yield f"  key: {', '.join(one.keys) or 'none, records are compared in their order'}"
    for side, count in zip(("before", "now"), one.duplicates, strict=True):
        if count:
            words = "1 record has" if count == 1 else f"{count} records have"
            yield f"  {side} {words} the key of an earlier record: compared in their order"
    if one.label is not None:
        yield f"  label was {one.label[0]!r}, is {one.label[1]!r}"
    for variable in one.variables:
        yield f"  {variable}"
    for name, count in one.values.items():
        yield f"  {name}: {counted(count, 'value')} changed"
    for record in one.records:
        yield from _record(record, show_values=show_values)
    if one.more:
        yield f"  and {counted(one.more, 'record')} more"


def _record(one: RecordDiff, *, show_values: bool) -> Iterator[str]:
    rows = [str(row) for row in (one.old_row, one.new_row) if row is not None]
    names = ", ".join(name for name, _, _ in one.values)
    yield f"  {one.change}: row {' -> '.join(dict.fromkeys(rows))}{f': {names}' if names else ''}"
    if show_values:
        yield f"    {', '.join(f'{name}={text!r}' for name, text in one.key)}"
        for name, before, after in one.values:
            yield f"    {name} was {before!r}, is {after!r}"


def diff_json(found: Diff, *, show_values: bool = False) -> str:
    """The differences as JSON."""
    content = {
        "tool": TOOL,
        "version": __version__,
        "equal": found.equal,
        "datasets": [_dataset(one, show_values=show_values) for one in found.datasets],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _dataset(one: DatasetDiff, *, show_values: bool) -> dict[str, Any]:
    return {
        "dataset": one.name,
        "old": one.old,
        "new": one.new,
        "keys": list(one.keys),
        "equal": one.equal,
        "added": one.added,
        "removed": one.removed,
        "changed": one.changed,
        "renumbered": one.renumbered,
        "duplicates": {"old": one.duplicates[0], "new": one.duplicates[1]},
        "label": None if one.label is None else {"before": one.label[0], "after": one.label[1]},
        "variables": [
            {"variable": v.variable, "what": v.what, "before": v.before, "after": v.after}
            for v in one.variables
        ],
        "values": [{"variable": name, "records": count} for name, count in one.values.items()],
        "records": [_record_json(record, show_values=show_values) for record in one.records],
        "more": one.more,
        "parts": {"before": list(one.parts[0]), "after": list(one.parts[1])} if any(one.parts) else None,
    }


def _record_json(one: RecordDiff, *, show_values: bool) -> dict[str, Any]:
    held: dict[str, Any] = {
        "change": one.change,
        "old_row": one.old_row,
        "new_row": one.new_row,
        "variables": [name for name, _, _ in one.values],
    }
    if show_values:
        held["key"] = dict(one.key)
        held["values"] = [
            {"variable": name, "before": before, "after": after} for name, before, after in one.values
        ]
    return held
