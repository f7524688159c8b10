"""Every issue code has a test that reads its text, and every code of the catalogue can be raised."""

from __future__ import annotations

import re
import string
from pathlib import Path

from sdtm_il2.errors import Definition, catalogue

ROOT = Path(__file__).resolve().parents[1]
#: Text that goes on in the next string, as Python joins it.
_JOINED = re.compile(r"""["']\s*\n?\s*(?:\+\s*)?f?["']""")


def _texts(folder: Path) -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".yaml") and path.name != Path(__file__).name
    }


def _stated(one: Definition) -> str:
    """The longest part of a message that is not filled in."""
    parts = [literal for literal, *_ in string.Formatter().parse(one.message)]
    return max(parts, key=len).strip()


def test_every_code_has_a_test_that_reads_its_text() -> None:
    found = [_JOINED.sub("", text) for text in _texts(ROOT / "tests").values()]
    unread = [
        code
        for code, one in catalogue().items()
        if not any(code in text and _stated(one) in text for text in found)
    ]
    assert unread == []


def test_every_code_can_be_raised() -> None:
    found = "".join(_texts(ROOT / "src").values())
    assert [code for code in catalogue() if f'"{code}"' not in found] == []


def test_pages_are_no_templates() -> None:
    """A page is printed as it stands: a doubled brace would be seen."""
    assert [code for code, one in catalogue().items() if "{{" in one.page or "}}" in one.page] == []


def test_every_code_says_something() -> None:
    for one in catalogue().values():
        assert one.title, one.code
        assert one.message, one.code
        assert one.page.endswith("."), one.code
