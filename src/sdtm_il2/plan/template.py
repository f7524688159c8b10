"""Templates: text with columns in braces."""

from __future__ import annotations

from dataclasses import dataclass


def template_columns(template: str) -> tuple[str, ...]:
    """The columns that a template names in braces, without their character ranges.

    >>> template_columns("C{周期}-{COL:1-3}")
    ('周期', 'COL')
    """
    return tuple(part.column for part in parse_template(template) if part.column)


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A literal text, or a column with an optional range of characters (1-based, both ends included)."""

    text: str = ""
    column: str = ""
    first: int = 0
    last: int = 0


def parse_template(template: str) -> tuple[TemplatePart, ...]:
    """The parts of a template; ValueError names the fault. ``{COL:1-3}`` takes characters 1 to 3.

    >>> parse_template("{A:1-3}-x")
    (TemplatePart(text='', column='A', first=1, last=3), TemplatePart(text='-x', column='', first=0, last=0))
    """
    parts: list[TemplatePart] = []
    rest = template
    while rest:
        opening = rest.find("{")
        closing = rest.find("}")
        if opening < 0:
            if closing >= 0:
                raise ValueError("'}' without '{'")
            parts.append(TemplatePart(text=rest))
            break
        if 0 <= closing < opening:
            raise ValueError("'}' without '{'")
        if opening:
            parts.append(TemplatePart(text=rest[:opening]))
        if closing < 0:
            raise ValueError("'{' without '}'")
        inner = rest[opening + 1 : closing]
        column, colon, characters = inner.rpartition(":")
        first, dash, last = characters.partition("-")
        if colon and dash and first.isdecimal() and last.isdecimal():
            if not 1 <= int(first) <= int(last):
                raise ValueError(f"characters {characters} of {{{inner}}} are no range")
            parts.append(TemplatePart(column=column.strip(), first=int(first), last=int(last)))
        else:
            parts.append(TemplatePart(column=inner.strip()))
        if not parts[-1].column:
            raise ValueError("'{}' names no column")
        rest = rest[closing + 1 :]
    return tuple(parts)
