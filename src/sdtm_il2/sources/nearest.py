"""Names in a message: the columns, sheets and files most like one that is not there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sdtm_il2.nearest import folded, nearest_names

_SHOWN: Final = 12


def did_you_mean(names: Sequence[str]) -> str:
    """A hint that offers names; "" for none.

    >>> did_you_mean(["ae.csv", "ae2.csv"])
    "did you mean 'ae.csv' or 'ae2.csv'?"
    """
    return "did you mean " + " or ".join(f"'{one}'" for one in names) + "?" if names else ""


def like(name: str, known: Collection[str]) -> list[str]:
    """The names that are the same but for case, width and blanks, else at most two that are nearest."""
    same = [one for one in known if folded(one) == folded(name)]
    return same or list(nearest_names(name, known, count=2))


def nearest_columns(name: str, known: Collection[str]) -> str:
    """A hint that names the columns most like a name: case, width and blanks aside, then by spelling.

    >>> nearest_columns("subjid", ["SUBJID", "SITEID"])
    "did you mean 'SUBJID'?"
    """
    if near := like(name, known):
        return did_you_mean(near)
    if len(known) == 1:
        return f"the only column is '{next(iter(known))}'"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"columns are {', '.join(list(known)[:_SHOWN])}{more}"
