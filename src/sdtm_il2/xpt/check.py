"""Judge an XPORT file: whether it can be read at all, and what agencies would not take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sdtm_il2.agency import Agency, without_pair
from sdtm_il2.errors import Issue, Location, XptError, issue, merge_issues
from sdtm_il2.xpt.limits import MAX_TEXT
from sdtm_il2.xpt.read import XptDescription, describe_xpt, iter_xpt

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")


def check_xpt(
    path: str | os.PathLike[str], *, encoding: str = "utf-8", agency: Agency | None = None
) -> tuple[Issue, ...]:
    """An XPORT v5 file is sound if every part is where its header says, and within what agencies take.

    With an ``agency`` every text is read in the encoding, which has to be one that it takes, and its rules of names,
    labels and sizes hold: XPT618, XPT619, OUT931.

    Errors (XPT601 to XPT612) mean that nothing can be read; warnings (XPT613 to XPT617) that all can, and
    that a reviewer would ask. Without issues the result is empty. OSError if the file cannot be opened.
    """
    at = Location(os.fspath(path))
    try:
        datasets = describe_xpt(path, encoding=encoding)
    except XptError as error:
        return error.issues
    found = [one for dataset in datasets for one in _judged(dataset, at)]
    if agency is not None:
        if not agency.english:  # text beyond ASCII is what this agency takes
            found = [one for one in found if one.code != "XPT615"]
        found += _for_agency(Path(path), datasets, encoding, agency, at)
    if len(datasets) > 1:
        names = ", ".join(dataset.name for dataset in datasets)
        found.append(issue("XPT617", "", at, found=len(datasets), names=names))
    return merge_issues(found)


def _judged(dataset: XptDescription, at: Location) -> Iterator[Issue]:
    if not _NAME.fullmatch(dataset.name):
        yield issue("XPT614", dataset.name, at, part="the dataset name", name=dataset.name)
    if not dataset.blank_padding:
        yield issue("XPT616", dataset.name, at)
    for variable in dataset.variables:
        column = variable.column
        target = f"{dataset.name}.{column.name}"
        if not _NAME.fullmatch(column.name):
            yield issue("XPT614", target, at, part="the variable name", name=column.name)
        if column.type == "Char" and (column.length or 0) > MAX_TEXT:
            yield issue("XPT613", target, at, length=column.length, allowed=MAX_TEXT)
        if not variable.printable:
            yield issue("XPT615", target, at)


def _for_agency(
    path: Path, datasets: Sequence[XptDescription], encoding: str, agency: Agency, at: Location
) -> Iterator[Issue]:
    yield from check_sizes(agency, {path.name: path.stat().st_size})
    for dataset in datasets:
        if len(datasets) == 1 and path.name != f"{dataset.name.lower()}.xpt":
            yield issue("XPT618", dataset.name, at, file=path.name, name=f"{dataset.name.lower()}.xpt")
        labels = {"": dataset.label} | {one.column.name: one.column.label for one in dataset.variables}
        for name, label in labels.items():
            if agency.plain_labels and (mark := without_pair(label)):
                target = f"{dataset.name}.{name}" if name else dataset.name
                yield issue("XPT619", target, at, mark=mark)
        try:
            for _ in iter_xpt(path, member=dataset.name, encoding=encoding):
                pass
        except XptError as error:
            yield from error.issues


def check_sizes(agency: Agency, sizes: Mapping[str, int]) -> tuple[Issue, ...]:
    """OUT931: files, by name with their bytes, that are larger than the agency takes."""
    return tuple(
        issue(
            "OUT931", file, file=file, bytes=f"{size:,}", agency=agency.title,
            limit=f"{agency.file_bytes:,}", advice=agency.above,
        )
        for file, size in sizes.items()
        if 0 < agency.file_bytes < size
    )  # fmt: skip
