"""Countries as SDTM takes them: the three letters of ISO 3166-1."""

from __future__ import annotations

import functools
import importlib.resources


@functools.cache
def country_codes() -> frozenset[str]:
    """The alpha-3 codes of ISO 3166-1.

    >>> [code in country_codes() for code in ("CHN", "CN", "China")]
    [True, False, False]
    """
    table = importlib.resources.files("sdtm_il2") / "data" / "countries.csv"
    return frozenset(table.read_text(encoding="utf-8").split()[1:])
