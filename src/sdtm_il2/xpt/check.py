"""Judge an XPORT file: whether it can be read at all, and what agencies would not take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from sdtm_il2.errors import Issue, Location, XptError, issue, merge_issues
from sdtm_il2.xpt.limits import MAX_TEXT
from sdtm_il2.xpt.read import XptDescription, describe_xpt

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")


def check_xpt(path: str | os.PathLike[str], *, encoding: str = "utf-8") -> tuple[Issue, ...]:
    """An XPORT v5 file is sound if every part is where its header says, and within what agencies take.

    Errors (XPT601 to XPT612) mean that nothing can be read; warnings (XPT613 to XPT617) that all can, and
    that a reviewer would ask. Without issues the result is empty. OSError if the file cannot be opened.
    """
    at = Location(os.fspath(path))
    try:
        datasets = describe_xpt(path, encoding=encoding)
    except XptError as error:
        return error.issues
    found = [one for dataset in datasets for one in _judged(dataset, at)]
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
