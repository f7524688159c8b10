"""Clauses read: from the text of a specification to the model, with every mistake placed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias, cast, get_args

from sdtm_il2.errors import NOWHERE, Location, Problems, SpecError
from sdtm_il2.where.fullwidth import wide_sign
from sdtm_il2.where.model import Clause, Comparator, Condition

_LISTS = frozenset({"IN", "NOTIN"})
_ALONE = frozenset({"FILLED", "EMPTY"})

_COMPARATOR = re.compile(rf"(?<=\S)\s+({'|'.join(get_args(Comparator))})(?=\s|$)")
_NEAR = re.compile(
    r"(?<=\S)\s*(==|=|!=|<>|<=|>=|<|>|≤|≥|≠|＝|＜|＞|\b(?:eq|ne|lt|le|gt|ge|not\s+in|notin|in|has|contains|like|"
    r"matches|is\s+not|is|filled|empty)\b)(?=\s|$|\S)",
    re.IGNORECASE,
)
_MEANT = {
    "=": "EQ", "==": "EQ", "＝": "EQ", "is": "EQ", "!=": "NE", "<>": "NE", "≠": "NE", "is not": "NE",
    "<": "LT", "＜": "LT", "<=": "LE", "≤": "LE", ">": "GT", "＞": "GT", ">=": "GE", "≥": "GE",
    "not in": "NOTIN", "contains": "HAS", "like": "MATCHES",
}  # fmt: skip
_BAR = re.compile(r"(?:^|\s+)[|](?:\s+|$)")
_QUOTED_ITEM = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')(?:\s+[|](?:\s+|$)|$)""", re.DOTALL)


class Placed(Protocol):
    """A text with its place, such as a scalar of the specification."""

    @property
    def text(self) -> str: ...

    @property
    def at(self) -> Location: ...


#: What a specification may write where a clause is wanted.
Written: TypeAlias = "str | Placed | Sequence[Written] | Mapping[str, Written]"


def parse_clause(
    source: Written,
    at: Location = NOWHERE,
    known: Collection[str] = (),
    problems: Problems | None = None,
) -> Clause:
    """Read a clause as the mapping language writes it: text, a list of clauses (all), or ``{any: [..]}``.

    ``known`` are column names: NAME is the longest of them before a comparator, else what stands before the
    first comparator. ``at`` is the place of texts without one of their own.
    Errors: SPEC102 (a list in brackets), SPEC116 (a full-width bar), SPEC150 (no comparator), SPEC151 (name or
    value missing), SPEC152 (a number of values that the comparator does not take), SPEC153 (neither text, list
    nor ``any:``). They go to ``problems``, and the part is left out; without ``problems`` one SpecError carries
    them all.

    >>> parse_clause("结果 IN 未检 | 溶血").parts[0].values
    ('未检', '溶血')
    >>> parse_clause({"any": ["AESER EQ Y", "AEOUT EQ FATAL"]}).any
    True
    """
    collected = Problems() if problems is None else problems
    part = _read(source, at, known, collected)
    if problems is None:
        collected.stop(SpecError)
    if isinstance(part, Clause):
        return part
    return Clause((part,) if part else ())


def _read(
    source: Written, at: Location, known: Collection[str], problems: Problems
) -> Condition | Clause | None:
    if isinstance(source, str):
        return _condition(source, at, known, problems)
    if isinstance(source, Mapping):
        if (
            set(source) == {"any"}
            and isinstance(source["any"], Sequence)
            and not isinstance(source["any"], str)
        ):
            return _all(source["any"], at, known, problems, any_=True)
        problems.add(
            "SPEC153", at=at, found="the keys " + ", ".join(source) if source else "an empty mapping"
        )
        return None
    if isinstance(source, Sequence):
        return _all(source, at, known, problems, any_=False)
    return _condition(source.text, source.at, known, problems)


def _all(
    sources: Sequence[Written], at: Location, known: Collection[str], problems: Problems, *, any_: bool
) -> Clause:
    if not sources:
        problems.add("SPEC153", at=at, found="an empty list")
    parts = [_read(source, at, known, problems) for source in sources]
    return Clause(tuple(part for part in parts if part is not None), any_)


def _condition(text: str, at: Location, known: Collection[str], problems: Problems) -> Condition | None:
    text = text.strip()
    candidates = [
        (text[: match.start()], cast(Comparator, match[1]), text[match.end() :].strip())
        for match in _COMPARATOR.finditer(text)
    ]
    if not candidates:
        _no_comparator(text, at, problems)
        return None
    fitting = [(name, op, rest) for name, op, rest in candidates if (op in _ALONE) == (not rest)]
    named = [candidate for candidate in fitting if candidate[0] in known]
    if not fitting:
        name, comparator, rest = candidates[0]
        if comparator in _ALONE:
            problems.add("SPEC152", at=at, text=text, comparator=comparator, allowed="no value", found="one")
        else:
            problems.add("SPEC151", at=at, text=text, comparator=comparator, missing="value after")
        return None
    name, comparator, rest = max(named, key=lambda one: len(one[0])) if named else fitting[0]
    if comparator in _ALONE:
        return Condition(name, comparator, (), at, text)
    if rest.startswith("[") and rest.endswith("]"):
        problems.add("SPEC102", at=at)
        return None
    items = _items(rest)
    values = tuple(value for value, _ in items)
    wide = [found for value, quoted in items if not quoted and (found := wide_sign(value, "｜"))]
    if wide and comparator in _LISTS:
        problems.add("SPEC116", at=at, **wide[0])
        return None
    if any(not value and not quoted for value, quoted in items):
        problems.add(
            "SPEC151", at=at, text=text, comparator=comparator, missing="value between the bars after"
        )
        return None
    if comparator not in _LISTS and len(values) > 1:
        problems.add(
            "SPEC152", at=at, text=text, comparator=comparator, allowed="one value", found=str(len(values))
        )
        return None
    return Condition(name, comparator, values, at, text, quoted=len(items) == 1 and items[0][1])


def _items(text: str) -> list[tuple[str, bool]]:
    """The values cut at ` | ` outside quotes, each with whether it stood in quotes."""
    items: list[tuple[str, bool]] = []
    position, more = 0, True
    while more:
        quoted = _QUOTED_ITEM.match(text, position)
        if quoted:
            mark = quoted[1][0]
            items.append((quoted[1][1:-1].replace(mark * 2, mark), True))
            more = quoted.end() > quoted.end(1)
            position = quoted.end()
        else:
            bar = _BAR.search(text[position:])
            end = position + bar.start() if bar else len(text)
            items.append((text[position:end], False))
            more = bar is not None
            position += bar.end() if bar else 0
    return items


def _no_comparator(text: str, at: Location, problems: Problems) -> None:
    first = text.split(None, 1)[0] if text else ""
    if first in get_args(Comparator):
        problems.add("SPEC151", at=at, text=text, comparator=first, missing="name before")
        return
    near = _NEAR.search(text)
    meant = ""
    if near:
        sign = " ".join(near[1].casefold().split())
        comparator = _MEANT.get(sign, sign.upper())
        meant = f"write {comparator} for '{near[1]}', with a blank on each side; "
    problems.add("SPEC150", at=at, text=text, meant=meant)


def resolve_names(clause: Clause, known: Collection[str]) -> Clause:
    """The clause with NAME split anew, now that the columns are known: the longest known column wins.

    A condition without its text, or that no known column begins, stays as it is.

    >>> clause = parse_clause("PLACE IN USE EQ HOME")
    >>> clause.parts[0].name, resolve_names(clause, {"PLACE IN USE"}).parts[0].name
    ('PLACE', 'PLACE IN USE')
    """
    parts: list[Condition | Clause] = []
    for part in clause.parts:
        if isinstance(part, Clause):
            parts.append(resolve_names(part, known))
        elif not part.text:
            parts.append(part)
        else:
            again = _condition(part.text, part.at, known, Problems())
            parts.append(again if again is not None and again.name in known else part)
    return replace(clause, parts=tuple(parts))
