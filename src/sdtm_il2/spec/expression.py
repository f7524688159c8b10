"""The form of a `compute` expression: numbers, names, + - * / ( ) and sum, mean, round."""

from __future__ import annotations

import re

#: A formula is written by hand and read by a reviewer.
MAX_CHARACTERS = 1000
MAX_BRACKETS = 20

FUNCTIONS = ("sum", "mean", "round")
_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?)|\{([^{}]*)\}|([^\W\d][\w.]*)|([-+*/(),]))")
_MEANT = {
    "×": "*", "＊": "*", "÷": "/", "／": "/", "−": "-", "－": "-", "＋": "+", "（": "(", "）": ")", "，": ",",
}  # fmt: skip


def expression_fault(expression: str) -> str:
    """What is wrong with the form of an expression, or "" if nothing is.

    >>> expression_fault("round(AMOUNT * 10000 / {Treg(%CD4)}, 1)")
    ''
    >>> expression_fault("AMOUNT * / 2")
    "a number or a name is missing before '/'"
    """
    if len(expression) > MAX_CHARACTERS:
        return f"it has {len(expression)} characters; at most {MAX_CHARACTERS} are read"
    opened: list[str] = []  # what stands before each open bracket: "" or a function
    operand = True  # a number or a name comes next
    before = ""
    place = 0
    while expression[place:].strip():
        found = _TOKEN.match(expression, place)
        if found is None:
            return _unread(expression[place:].strip())
        place = found.end()
        braced, sign = found[2], found[4]
        shown = found[0].strip()
        if braced is not None and not braced.strip():
            return "the braces {} are empty"
        if not sign or (sign == "(" and operand):
            if not operand:
                return f"an operator is missing before '{shown}'"
            operand = sign == "("
            if sign:
                opened.append("")
        elif sign == "(" and before in FUNCTIONS:
            opened.append(before)
            operand = True
        elif sign == "(":
            return "an operator is missing before '('"
        elif operand and (sign != "-" or before == "unary -"):
            return f"a number or a name is missing before '{sign}'"
        elif operand:
            shown = "unary -"
        elif sign == ")":
            if not opened:
                return "')' has no '('"
            opened.pop()
        else:
            if sign == "," and not (opened and opened[-1]):
                return "',' stands outside sum, mean and round"
            operand = True
        if len(opened) > MAX_BRACKETS:
            return f"more than {MAX_BRACKETS} brackets stand in one another"
        before = shown
    if operand:
        return "a number or a name is missing at the end"
    return "')' is missing" if opened else ""


def _unread(rest: str) -> str:
    if meant := _MEANT.get(rest[0]):
        return f"'{rest[0]}' is no operator here; write {meant}"
    return f"'{rest[0]}' is no number, name or operator; a column that is no plain word stands in braces"
