"""Cells of a source: which texts mean missing, and how width, blanks and case are made one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: Full-width forms U+FF01 to U+FF5E, and the ideographic space, to ASCII.
_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_BLANKS: Final = re.compile(r"\s+")

TEXT_RULES: Final[dict[str, Callable[[str], str]]] = {
    "half_width": lambda text: text.translate(_HALF_WIDTH),
    "trim": str.strip,
    "squeeze": lambda text: _BLANKS.sub(" ", text),
    "upper": str.upper,
}


def set_missing(column: pa.Array, missing: Sequence[str]) -> pa.Array:
    """A cell that holds blanks only, or one of the missing texts between blanks, becomes ""; case counts.

    >>> set_missing(pa.array(["NA", " ", "na", " NA "], pa.large_string()), ["NA"]).to_pylist()
    ['', '', 'na', '']
    """
    trimmed = pc.utf8_trim_whitespace(column)
    texts = sorted({"", *(text.strip() for text in missing)})
    only_blank = len(texts) == 1
    known = pa.array(texts, pa.large_string())
    gone = pc.equal(trimmed, "") if only_blank else pc.is_in(trimmed, value_set=known)
    changed = pc.and_(gone, pc.not_equal(column, ""))
    return pc.if_else(changed, "", column) if pc.any(changed).as_py() else column


def _may_change(column: pa.Array, rules: Sequence[str]) -> pa.Array:
    """Which cells a rule could change; all others are left alone without looking at them one by one."""
    doubtful = pc.invert(pc.string_is_ascii(column))
    if "trim" in rules:
        doubtful = pc.or_(doubtful, pc.not_equal(pc.utf8_trim_whitespace(column), column))
    if "squeeze" in rules:
        doubtful = pc.or_(
            doubtful, pc.match_substring_regex(column, r"[\s\x0b\x1c-\x1f]{2}|[\t-\r\x1c-\x1f]")
        )
    if "upper" in rules:
        doubtful = pc.or_(doubtful, pc.not_equal(pc.ascii_upper(column), column))
    return doubtful


def set_text(column: pa.Array, rules: Sequence[str]) -> pa.Array:
    """Apply text rules in their order: half_width, trim, squeeze, upper; KeyError for another rule.

    half_width turns full-width forms (U+FF01 to U+FF5E) and the ideographic space into ASCII, trim takes
    outer blanks away, squeeze makes one space of every run of blanks, upper makes capitals. The work is
    done once for every distinct text.

    >>> set_text(pa.array(["＜１．０", " a  b"], pa.large_string()), ["half_width", "squeeze"]).to_pylist()
    ['<1.0', ' a b']
    """
    steps = [TEXT_RULES[rule] for rule in rules]
    if not steps:
        return column
    doubtful = _may_change(column, rules)
    encoded = column.filter(doubtful).dictionary_encode()
    before = encoded.dictionary.to_pylist()
    after = []
    for text in before:
        for step in steps:
            text = step(text)
        after.append(text)
    if after == before:
        return column
    changed = pa.array(after, pa.large_string()).take(encoded.indices)
    return pc.replace_with_mask(column, doubtful, changed)
