"""Issues and the balance sheet as JSON, for programs. Its structure is stable: keys are added, never renamed.

Issues: ``{"tool", "version", "study", "counts": {"error", "warning", "note"}, "issues": [...]}``; an issue is
``{"code", "severity", "title", "target", "file", "line", "message", "hint", "count", "distinct", "first"}``,
where ``line`` is null if the place is a whole file, ``count`` 0 if it is not about records, ``distinct`` the
number of distinct values, and ``first`` null or ``{"file", "line"}`` of the first raw record. Only on request
it has ``values``: ``[{"value", "count"}]``, most frequent first.

Balance: ``{"tool", "version", "study", "agency", "encoding", "sources": [...], "translations": [{"variable",
"texts", "records", "rows": [{"file", "line"}]}]}``, where ``agency`` and ``encoding`` may be null; a source is
``{"source", "files", "read", "built", "superseded", "not_submitted": [{"reason", "count"}], "no_subject",
"unclaimed", "columns": [{"column", "use", "by", "filled", "reason", "cells"}], "cells"}``, and read = built +
superseded + not submitted + no subject + unclaimed. ``cells`` is ``{"mapped", "identifies", "not_submitted",
"private", "empty", "row_not_built", "unread", "unclaimed"}``: of a column they sum to the rows read, of a source to
rows times columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sdtm_il2 import __version__
from sdtm_il2.balance import Balance, SourceBalance
from sdtm_il2.errors import Issue, Location
from sdtm_il2.report import counts

TOOL = "sdtm_il2"


def issues_json(issues: Iterable[Issue], *, study: str, show_values: bool = False) -> str:
    """All issues, in the order given, with counts by severity. Values of subjects only with `show_values`.

    >>> json.loads(issues_json([], study="S1"))["counts"]
    {'error': 0, 'warning': 0, 'note': 0}
    """
    held = list(issues)
    return _text(
        {
            "tool": TOOL,
            "version": __version__,
            "study": study,
            "counts": {severity.value: number for severity, number in counts(held).items()},
            "issues": [_issue(one, show_values=show_values) for one in held],
        }
    )


def balance_json(balance: Balance, *, study: str) -> str:
    """The balance sheet: every raw record and every raw column of every source, and what became of it."""
    prepared = balance.prepared
    return _text(
        {
            "tool": TOOL,
            "version": __version__,
            "study": study,
            "agency": prepared.agency if prepared else None,
            "encoding": prepared.encoding if prepared else None,
            "sources": [_source(one) for one in balance.sources],
            "translations": [
                {
                    "variable": one.variable,
                    "texts": one.texts,
                    "records": one.records,
                    "rows": [_place(at) for at in one.rows],
                }
                for one in balance.translations
            ],
        }
    )


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _issue(one: Issue, *, show_values: bool) -> dict[str, Any]:
    held: dict[str, Any] = {
        "code": one.code,
        "severity": one.severity.value,
        "title": one.definition.title,
        "target": one.target,
        "file": one.at.file,
        "line": one.at.line or None,
        "message": one.message,
        "hint": one.hint,
        "count": one.count,
        "distinct": one.distinct,
        "first": _place(one.first),
    }
    if show_values:
        held["values"] = [{"value": text, "count": count} for text, count in one.values]
    return held


def _place(place: Location) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line or None} if place.file else None


def _source(sheet: SourceBalance) -> dict[str, Any]:
    cells = {one.column: one.counts for one in sheet.cells}
    return {
        "source": sheet.source,
        "files": list(sheet.files),
        "read": sheet.records,
        "built": sheet.built,
        "superseded": sheet.superseded,
        "not_submitted": [
            {"reason": reason, "count": count} for reason, count in sheet.not_submitted.items()
        ],
        "no_subject": sheet.no_subject,
        "unclaimed": sheet.unclaimed,
        "columns": [
            {
                "column": one.column,
                "use": one.use,
                "by": list(one.by),
                "filled": one.filled,
                "reason": one.reason,
                "cells": dict(cells.get(one.column, {})),
            }
            for one in sheet.columns
        ],
        "cells": dict(sheet.cell_counts),
    }
