"""Full-width punctuation where only the half-width sign means something: what Chinese input methods type."""

from __future__ import annotations

import re
from typing import Any, Final

#: The sign, what is meant by it, and what to type.
_SIGNS: Final = {
    "，": ("a comma", "',' and a space"),
    "｛": ("a bracket", "'{'"),
    "｝": ("a bracket", "'}'"),
    "［": ("a bracket", "'['"),
    "］": ("a bracket", "']'"),
    "“": ("a quote", "'\"'"),
    "”": ("a quote", "'\"'"),
    "＂": ("a quote", "'\"'"),
    "｜": ("the bar of a list", "'|' between blanks"),
}
_WRAPPED: Final = re.compile(r"“.*”|＂.*＂|｛.*｝|［.*］", re.DOTALL)


def wide_sign(text: str, signs: str) -> dict[str, Any] | None:
    """The fields of SPEC116 for the first of the signs in a text, None without one.

    >>> wide_sign("未检｜溶血", "｜")
    {'sign': '｜', 'side': 'after', 'word': '未检', 'meant': 'the bar of a list', 'type': "'|' between blanks"}
    """
    found = re.search(f"[{re.escape(signs)}]", text)
    if found is None:
        return None
    before, after = text[: found.start()].strip(), text[found.end() :].strip()
    side = "after" if before and found[0] not in "｛［“" else "before"
    word = before if side == "after" else re.split(f"[{''.join(_SIGNS)}]", after)[0]
    meant, typed = _SIGNS[found[0]]
    return {"sign": found[0], "side": side, "word": word, "meant": meant, "type": typed}


def wrapped(text: str) -> dict[str, Any] | None:
    """The fields of SPEC116 for a text that stands in full-width quotes or brackets, None for another.

    >>> wrapped("“POSSIBLE”")["word"], wrapped("见“说明”")
    ('POSSIBLE', None)
    """
    return wide_sign(text, text[0]) if _WRAPPED.fullmatch(text) else None
