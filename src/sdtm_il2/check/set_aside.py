"""Sources that a domain reads, but whose every record is set aside before."""

from __future__ import annotations

import numpy as np

from sdtm_il2.errors import Issue, issue
from sdtm_il2.plan.model import Plan
from sdtm_il2.sources.model import DISCARDED, Sources


def sources_set_aside(plan: Plan, sources: Sources) -> tuple[Issue, ...]:
    """DATA855: `not_submitted: rows` sets aside every record of a source from which a domain makes its records."""
    found: dict[tuple[str, str], Issue] = {}
    for domain in plan.domains:
        for block in domain.blocks:
            if block.dataset or block.source not in sources:
                continue
            source = sources[block.source]
            if not len(source) or (source.status < DISCARDED).any():
                continue
            rules = source.spec.unsubmitted_rows
            reasons = [rules[number].reason for number in np.unique(source.status - DISCARDED).tolist()]
            found[domain.domain, source.name] = issue(
                "DATA855", domain.domain, rules[0].at, count=len(source), source=source.name,
                reasons="; ".join(dict.fromkeys(reasons)),
            )  # fmt: skip
    return tuple(found.values())
