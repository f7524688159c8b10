"""The terms that raw texts mean, as `codelists:` of a draft holds them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from sdtm_il2.standards import Standard
from sdtm_il2.survey.names import MOST_TERMS, match_term

_UNIT: Final = "C71620"
_SUPERSCRIPT: Final = re.compile(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_POWER: Final = re.compile(r"[×xX*·]?\s*10\s*(?:\*\*|\*|\^|[Ee])\s*(?=[0-9])")


def add_terms(
    texts: Collection[str], codelists: Sequence[str], terms: dict[str, dict[str, str]], standard: Standard
) -> int:
    """Add to `terms` what the texts mean, where it is not written like that; gives how many texts mean no term."""
    if not codelists or len(texts) > MOST_TERMS:
        return 0
    left = 0
    for text in texts:
        for code in codelists:
            found = _term(code, text, standard)
            if found:
                if text.strip().casefold() != found.casefold():
                    terms.setdefault(code, {})[text.strip()] = found
                break
        else:
            left += 1
    return left


def _term(code: str, text: str, standard: Standard) -> str:
    found = match_term(code, text, standard)
    return found if found or code != _UNIT else match_term(code, plain_unit(text), standard)


def plain_unit(text: str) -> str:
    """A unit in the signs of CDISC: powers of ten with ^, no raised digits, u for micro, C for degrees.

    >>> [plain_unit(one) for one in ("×10⁹/L", "10*9/L", "μmol/L", "kg/m²", "℃")]
    ['10^9/L', '10^9/L', 'umol/L', 'kg/m2', 'C']
    """
    raised = _SUPERSCRIPT.sub(lambda one: f"10^{unicodedata.normalize('NFKC', one[1])}", text.strip())
    plain = unicodedata.normalize("NFKC", raised).replace("μ", "u").replace("°C", "C")
    return _POWER.sub("10^", plain, count=1)
