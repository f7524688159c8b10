"""A table of MedDRA codes among the raw files: the terms that it codes, and its levels by their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from sdtm_il2.starter.model import CodingDraft, SourceDraft
from sdtm_il2.survey.profile import PartProfile

_LEVEL: Final = re.compile(r"(LLT|PT|HLT|HLGT|SOC)(?:[ _.-]*(CODE|CD|编码|代码))?")
#: The order in which the levels are written.
_LEVELS: Final = ("LLT", "LLTCD", "PT", "PTCD", "HLT", "HLTCD", "HLGT", "HLGTCD", "SOC", "SOCCD")


def coding_of(part: PartProfile, column: str, sources: Iterable[SourceDraft]) -> CodingDraft | None:
    """The table that codes the terms of a column: it has each of them once, a PT and a SOC, and no subjects."""
    terms = {text.strip() for text in part.column(column).values}
    for source in sources:
        other = source.profile
        if other.subject or other is part:
            continue
        levels = _levels(other)
        if not {"PT", "SOC"} <= levels.keys():
            continue
        for one in other.columns:
            once = one.distinct == one.filled == other.records
            if one.name not in levels.values() and once and terms <= {text.strip() for text in one.values}:
                columns = tuple((level, levels[level]) for level in _LEVELS if level in levels)
                return CodingDraft(source.name, column, one.name, columns)
    return None


def _levels(part: PartProfile) -> dict[str, str]:
    """The columns that are named as a level of MedDRA, or the code of one."""
    found: dict[str, str] = {}
    for column in part.columns:
        name = unicodedata.normalize("NFKC", column.name).strip().upper()
        match = _LEVEL.fullmatch(name)
        if match is not None and column.filled:
            found.setdefault(f"{match[1]}{'CD' if match[2] else ''}", column.name)
    return found
