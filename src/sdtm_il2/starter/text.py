"""Scalars of YAML and cells of CSV as a specification writes them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w./#+%()-]*(?: [\w./#+%()-]+)*")
#: Words that an editor reads as something else than text.
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan"})


def scalar(text: str) -> str:
    """A text as a plain scalar where that is safe, else in double quotes.

    >>> scalar("AETERM"), scalar("No"), scalar("1"), scalar("a: b"), scalar("不良事件名称")
    ('AETERM', '"No"', '"1"', '"a: b"', '不良事件名称')
    """
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS and " #" not in text:
        return text
    return json.dumps(text, ensure_ascii=False)


def listed(texts: Iterable[str]) -> str:
    """One text as it is, several as a list in brackets."""
    held = [scalar(one) for one in texts]
    return held[0] if len(held) == 1 else f"[{', '.join(held)}]"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of a specification."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def comment(text: str) -> str:
    """A comment in one line, whatever the names in it hold."""
    return "# " + " ".join(text.split())


def counted(number: int, noun: str) -> str:
    """A number and its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
