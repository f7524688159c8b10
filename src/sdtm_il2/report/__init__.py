"""Reports: issues and the balance sheet, one file a format. Values of subjects only on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sdtm_il2.errors import Issue, Severity


def counts(issues: Iterable[Issue]) -> dict[Severity, int]:
    """How many issues there are of each severity, worst first; each issue counts once, whatever its records.

    >>> from sdtm_il2.errors import issue
    >>> counts([issue("SPEC100", path="study.yaml", near="")])[Severity.ERROR]
    1
    """
    found = Counter(one.severity for one in issues)
    return {severity: found[severity] for severity in Severity}
