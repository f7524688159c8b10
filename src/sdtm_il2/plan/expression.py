"""Expressions of `compute`: numbers, names, + - * / ( ) and sum, mean, round. Exact decimals, no code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|\{([^{}]*)\}|([^\W\d][\w.]*)|([-+*/(),]))")
_FUNCTIONS = ("sum", "mean", "round")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Name:
    """A column or variable; ``place`` is its number among the expression's names."""

    text: str
    place: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or function over its parts."""

    sign: str
    parts: tuple[Expression, ...]


Expression = Number | Name | Operation


def parse_expression(text: str) -> tuple[Expression, tuple[str, ...]]:
    """The expression and the names in it, each once, in order; ValueError names the fault.

    >>> parse_expression("{Treg(%CD4)} * 100 / total")[1]
    ('Treg(%CD4)', 'total')
    >>> parse_expression("2 +")
    Traceback (most recent call last):
    ValueError: a number or a name is missing at the end
    """
    tokens: list[tuple[str, str]] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"{text[place:].strip()[:20]!r} is no number, name or operator")
        number, braced, word, sign = found.groups()
        if braced is not None:
            tokens.append(("name", braced.strip()))
        else:
            kind = "number" if number else "name" if word else "sign"
            tokens.append((kind, number or word or sign))
        place = found.end()
    names: dict[str, int] = {}
    parser = _Parser(tokens, names)
    expression = parser.sum()
    if parser.tokens:
        raise ValueError(f"{parser.tokens[0][1]!r} is not expected here")
    return expression, tuple(names)


@dataclass(slots=True)
class _Parser:
    tokens: list[tuple[str, str]]
    names: dict[str, int]

    def _sign(self, *signs: str) -> str:
        if self.tokens and self.tokens[0][0] == "sign" and self.tokens[0][1] in signs:
            return self.tokens.pop(0)[1]
        return ""

    def sum(self) -> Expression:
        left = self._product()
        while sign := self._sign("+", "-"):
            left = Operation(sign, (left, self._product()))
        return left

    def _product(self) -> Expression:
        left = self._factor()
        while sign := self._sign("*", "/"):
            left = Operation(sign, (left, self._factor()))
        return left

    def _factor(self) -> Expression:
        if self._sign("-"):
            return Operation("negative", (self._factor(),))
        if self._sign("("):
            inner = self.sum()
            self._close()
            return inner
        if not self.tokens:
            raise ValueError("a number or a name is missing at the end")
        kind, text = self.tokens.pop(0)
        if kind == "number":
            return Number(Decimal(text))
        if kind == "sign":
            raise ValueError(f"{text!r} is not expected here")
        if text in _FUNCTIONS and self._sign("("):
            parts = [self.sum()]
            while self._sign(","):
                parts.append(self.sum())
            self._close()
            if text == "round" and (len(parts) > 2 or not all(isinstance(one, Number) for one in parts[1:])):
                raise ValueError("round takes a value and a number of places")
            return Operation(text, tuple(parts))
        return Name(text, self.names.setdefault(text, len(self.names)))

    def _close(self) -> None:
        if not self._sign(")"):
            raise ValueError("')' is missing")


def evaluate_expression(expression: Expression, values: Sequence[Decimal | None]) -> Decimal | None:
    """The value; None if a value it needs is missing. sum and mean leave missing values out. ZeroDivisionError.

    >>> tree, names = parse_expression("round(mean(a, b) / 3, 1)")
    >>> evaluate_expression(tree, [Decimal(4), None])
    Decimal('1.3')
    """
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return values[expression.place]
    parts = [evaluate_expression(part, values) for part in expression.parts]
    if expression.sign in ("sum", "mean"):
        known = [part for part in parts if part is not None]
        if not known:
            return None
        total = sum(known, Decimal(0))
        return total if expression.sign == "sum" else total / len(known)
    present = [part for part in parts if part is not None]
    return _OPERATIONS[expression.sign](present) if len(present) == len(parts) else None


def _divide(parts: list[Decimal]) -> Decimal:
    if not parts[1]:
        raise ZeroDivisionError
    return parts[0] / parts[1]


def _round(parts: list[Decimal]) -> Decimal:
    places = int(parts[1]) if len(parts) > 1 else 0
    return parts[0].quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


_OPERATIONS: dict[str, Callable[[list[Decimal]], Decimal]] = {
    "+": lambda parts: parts[0] + parts[1],
    "-": lambda parts: parts[0] - parts[1],
    "*": lambda parts: parts[0] * parts[1],
    "/": _divide,
    "negative": lambda parts: -parts[0],
    "round": _round,
}
