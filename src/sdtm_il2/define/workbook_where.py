"""Where clauses of the workbook: ``LBTESTCD EQ ALT and LBSPEC IN (BLOOD, "WHOLE BLOOD")``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from sdtm_il2.define.model import WhereComparator


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as it is written; ``variable`` may have its dataset before it (DM.SEX)."""

    variable: str
    comparator: WhereComparator
    values: tuple[str, ...]


class WhereError(ValueError):
    """What is wrong with a where clause, in words."""


COMPARATORS = ("EQ", "NE", "LT", "LE", "GT", "GE", "IN", "NOTIN")
_SIGNS = {"=": "EQ", "==": "EQ", "!=": "NE", "<>": "NE", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_TOKEN = re.compile(
    r'\s*(?:"(?P<double>(?:[^"]|"")*)"'
    r"|'(?P<single>(?:[^']|'')*)'"
    r"|(?P<mark>[(),]|==|!=|<>|<=|>=|=|<|>)"
    r'|(?P<word>[^\s(),"=<>!]+|!)'
    r")"
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool = False
    blank: bool = False


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise WhereError(f"a quote that is not closed in {text[place:].strip()}")
        blank = match.group()[:1].isspace()
        if match["double"] is not None:
            found.append(_Token(match["double"].replace('""', '"'), quoted=True, blank=blank))
        elif match["single"] is not None:
            found.append(_Token(match["single"].replace("''", "'"), quoted=True, blank=blank))
        else:
            found.append(_Token(match["mark"] or match["word"], blank=blank))
        place = match.end()
    return found


def _is(token: _Token, *words: str) -> bool:
    return not token.quoted and token.text.casefold() in words


def parse_where(text: str) -> tuple[tuple[Condition, ...], ...]:
    """The clauses of a cell, of which one holds (``or``); all conditions of a clause hold (``and``).

    Quotes are optional where a value is one word; case of and, or and comparators is free, a quote inside is doubled.
    WhereError says what cannot be read.

    >>> parse_where('QNAM EQ "TRTEMFL"')
    ((Condition(variable='QNAM', comparator='EQ', values=('TRTEMFL',)),),)
    >>> parse_where("LBTESTCD eq ALT AND LBSPEC in (BLOOD, WHOLE BLOOD)")[0][1].values
    ('BLOOD', 'WHOLE BLOOD')
    """
    tokens = _tokens(text)
    if not tokens:
        raise WhereError("no condition")
    clauses: list[list[Condition]] = [[]]
    place = 0
    while True:
        condition, place = _condition(tokens, place)
        clauses[-1].append(condition)
        if place == len(tokens):
            return tuple(map(tuple, clauses))
        if _is(tokens[place], "or"):
            clauses.append([])
        elif not _is(tokens[place], "and"):
            raise WhereError(f"{tokens[place].text!r} where `and`, `or` or the end is expected")
        place += 1


def _condition(tokens: list[_Token], place: int) -> tuple[Condition, int]:
    if place >= len(tokens) or _is(tokens[place], "and", "or"):
        raise WhereError("no condition after `and` or `or`" if place else "no condition")
    variable = tokens[place].text
    sign = tokens[place + 1] if place + 1 < len(tokens) else _Token("")
    place += 2
    name = _SIGNS.get(sign.text, sign.text.upper())
    if name == "NOT" and place < len(tokens) and _is(tokens[place], "in"):
        name, place = "NOTIN", place + 1
    if sign.quoted or name not in COMPARATORS:
        raise WhereError(
            f"{sign.text!r} after {variable} is no comparator; comparators are {' '.join(COMPARATORS)}"
        )
    values, place = (_several if name in ("IN", "NOTIN") else _one)(tokens, place)
    return Condition(variable, cast(WhereComparator, name), values), place


def _one(tokens: list[_Token], place: int) -> tuple[tuple[str, ...], int]:
    """One value: a quoted text, or words up to `and`, `or` or the end."""
    start = place
    if place < len(tokens) and tokens[place].quoted:
        return (tokens[place].text,), place + 1
    while place < len(tokens) and not tokens[place].quoted and not _is(tokens[place], "and", "or"):
        place += 1
    if place == start:
        raise WhereError("a comparator without value")
    return (_words(tokens[start:place]),), place


def _several(tokens: list[_Token], place: int) -> tuple[tuple[str, ...], int]:
    if place >= len(tokens) or not _is(tokens[place], "("):
        raise WhereError("IN and NOTIN without brackets; write IN (A, B)")
    values: list[str] = []
    start = place = place + 1
    while True:
        if place >= len(tokens):
            raise WhereError("a bracket that is not closed")
        if _is(tokens[place], ",", ")"):
            if place == start:
                raise WhereError("an empty value in brackets")
            values.append(_words(tokens[start:place]))
            if _is(tokens[place], ")"):
                return tuple(values), place + 1
            start = place + 1
        place += 1


def _words(tokens: list[_Token]) -> str:
    """Words of one value with the blanks that stood between them, as one."""
    return "".join(
        f"{' ' if number and token.blank else ''}{token.text}" for number, token in enumerate(tokens)
    )
