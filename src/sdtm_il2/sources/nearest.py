"""Names in a message: the columns most like one that is not there."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Final

from sdtm_il2.nearest import nearest_names

_SHOWN: Final = 12


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def nearest_columns(name: str, known: Collection[str]) -> str:
    """A hint that names the columns most like a name: case, width and blanks aside, then by spelling.

    >>> nearest_columns("subjid", ["SUBJID", "SITEID"])
    "did you mean 'SUBJID'?"
    """
    near = [one for one in known if _plain(one) == _plain(name)]
    near = near or list(nearest_names(name, known, count=2))
    if near:
        return "did you mean " + " or ".join(f"'{one}'" for one in near) + "?"
    if len(known) == 1:
        return f"the only column is '{next(iter(known))}'"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"columns are {', '.join(list(known)[:_SHOWN])}{more}"
