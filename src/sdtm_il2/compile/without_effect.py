"""What would have no effect is refused, never ignored."""

from __future__ import annotations

from sdtm_il2.compile.names import Study

#: Ends of the variables that come by themselves, which `derive:` may change.
BY_THEMSELVES = (
    "DY", "STDY", "ENDY", "TEST", "STRESC", "STRESN", "STRESU", "STNRLO", "STNRHI", "NRIND", "EPOCH",
    "VISIT", "VISITNUM", "VISITDY", "ORRES", "ORRESU", "ORNRLO", "ORNRHI", "STAT", "REASND",
)  # fmt: skip


def refuse_without_effect(study: Study) -> None:
    """SPEC159: `derive:` names a variable that does not come by itself, and would have no effect."""
    for line in study.spec.derive:
        if line.method is not None and not line.name.endswith(BY_THEMSELVES):
            study.problems.add("SPEC159", line.name, line.at)
