"""The names that a misspelt one may stand for: by edits, relative to its length, case and width aside."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

#: Edits that a name of so many characters may have: one slip in a short word, one in four letters of a long one.
_EDITS = ((3, 0), (6, 1), (9, 2))
#: What stands between the words of a file's name.
_BETWEEN = re.compile(r"[\W_]+")


def nearest_names(text: str, candidates: Iterable[str], *, count: int = 1) -> tuple[str, ...]:
    """The candidates that look most like a text, nearest first; none may be near enough.

    Case, width and blanks do not count. An insertion, a deletion, another letter and two letters that changed places
    are an edit each. A name that only lacks what stands before it (SEV for AESEV) is near too, and one whose first half
    is right (SUBJID for SUBJECT).

    >>> nearest_names("aestdct", ["AETERM", "AEENDTC", "AESTDTC"], count=2)
    ('AESTDTC',)
    >>> nearest_names("ANA", ["Ammonia"]), nearest_names("ＳＥＶ", ["AETERM", "AESEV"])
    ((), ('AESEV',))
    """
    wanted = folded(text)
    letters = Counter(wanted)
    found: list[tuple[float, int, str]] = []
    seen: set[str] = set()
    for place, candidate in enumerate(candidates):
        name = folded(candidate)
        if name in seen:
            continue
        seen.add(name)
        edits = 0 if name == wanted else _allowed(wanted, name)
        # letters that only one of the two has need an edit each, or one for a pair
        other = Counter(name)
        if max((letters - other).total(), (other - letters).total()) > edits:
            continue
        distance = edit_distance(wanted, name, edits)
        if distance <= edits:
            found.append((distance / max(len(wanted), len(name), 1), place, candidate))
    return tuple(candidate for _, _, candidate in sorted(found)[:count])


def nearest_files(name: str, known: Collection[str], *, count: int = 3) -> tuple[str, ...]:
    """The files whose name is most like another: folder and ending aside, and what stands between words.

    >>> nearest_files("raw/hislab.csv", ["his_lab.csv", "ae.csv"])
    ('his_lab.csv',)
    >>> nearest_files("AE 2024.xlsx", ["raw/ae_2024-03.csv", "raw/ae.csv"])
    ('raw/ae_2024-03.csv',)
    """
    stems: dict[str, list[str]] = {}
    for one in known:
        stems.setdefault(_words(one), []).append(one)
    close = nearest_names(_words(name), stems, count=count)
    return tuple(one for stem in close for one in stems[stem])[:count]


def _words(name: str) -> str:
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return folded(_BETWEEN.sub("", stem) or stem)


def folded(text: str) -> str:
    """A name without what nobody means by it: case, width and blanks.

    >>> folded("ＡＥ Term")
    'aeterm'
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _allowed(text: str, name: str) -> int:
    """How many edits two names may lie apart."""
    longer, shorter = max(len(text), len(name)), min(len(text), len(name))
    edits = next((edits for size, edits in _EDITS if longer < size), longer // 4)
    if shorter >= 3 and longer <= 2 * shorter and (text.endswith(name) or name.endswith(text)):
        return max(edits, longer - shorter)
    shared = next(
        (place for place, (one, other) in enumerate(zip(text, name, strict=False)) if one != other), shorter
    )
    if shared >= (3 if longer > shorter else 4) and 2 * shared > longer:  # DOSIS for DOSE: another ending
        return max(edits, longer - shared)
    return edits


def edit_distance(text: str, other: str, limit: int) -> int:
    """The number of edits between two texts, two letters that changed places being one; limit + 1 if there are more.

    >>> edit_distance("AESEV", "AESVE", 2), edit_distance("TLYHRTLH", "TLHRTLH", 2), edit_distance("abc", "xyz", 2)
    (1, 1, 3)
    """
    if abs(len(text) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, letter in enumerate(text, 1):
        last, before, row = before, row, [number]
        for place, that in enumerate(other, 1):
            cost = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (letter != that))
            if last and place > 1 and letter == other[place - 2] and text[number - 2] == that:
                cost = min(cost, last[place - 2] + 1)
            row.append(cost)
        if min(row) > limit and (not before or min(before) > limit):
            return limit + 1
    return min(row[-1], limit + 1)
