"""How bad an issue is to a receiver: Reject, Error or Warning by the public rule that it names."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
from collections.abc import Iterable
from enum import StrEnum

from sdtm_il2.errors import Issue, Severity


class RuleSeverity(StrEnum):
    """The severities of receivers' rules, worst first; a note is none of theirs."""

    REJECT = "reject"
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for Reject to 3 for a note."""
        return list(RuleSeverity).index(self)


#: Rules of issues that name none in their fields: the file cannot be read as XML.
_RULES = {"DEF702": "OD0001", "DEF703": "OD0001", "DEF749": "DD0001", "DEF727": "DD0042", "DEF731": "DD0103"}


@functools.cache
def _severities() -> dict[str, RuleSeverity]:
    """The public rules that are not of severity Error."""
    text = (importlib.resources.files("sdtm_il2") / "data" / "define_rules.csv").read_text(encoding="utf-8")
    return {row["rule"]: RuleSeverity(row["severity"].lower()) for row in csv.DictReader(io.StringIO(text))}


def rule_of(issue: Issue) -> str:
    """The public rule that an issue of Define-XML breaks; "" where there is none.

    >>> from sdtm_il2.errors import issue
    >>> rule_of(issue("DEF727", "AE.AESTDY"))
    'DD0042'
    """
    return dict(issue.fields).get("rule", "") or _RULES.get(issue.code, "")


def severity_of(issue: Issue) -> RuleSeverity:
    """The severity of the public rule; without a rule, and for notes, that of our catalogue.

    >>> from sdtm_il2.errors import issue
    >>> severity_of(issue("DEF702", found="no element found"))
    <RuleSeverity.REJECT: 'reject'>
    """
    rule = rule_of(issue)
    if not rule or issue.severity is Severity.NOTE:
        return RuleSeverity(issue.severity.value)
    return _severities().get(rule, RuleSeverity.ERROR)


def worst_severity(issues: Iterable[Issue]) -> RuleSeverity | None:
    """The worst severity among the issues, or None without issues."""
    return min(map(severity_of, issues), key=lambda one: one.rank, default=None)
