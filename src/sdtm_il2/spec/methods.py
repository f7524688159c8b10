"""Methods of a specification: one key with its argument and options, from nodes to the model."""

from __future__ import annotations

from sdtm_il2.moment import is_duration
from sdtm_il2.spec.expression import expression_fault
from sdtm_il2.spec.model import Branch, Checked, MethodCall, Text
from sdtm_il2.spec.nodes import (
    Place,
    check_reference,
    clause,
    items,
    line_of,
    mapping,
    names,
    precision,
    template,
    text,
    texts,
)
from sdtm_il2.spec.read import MapNode, Node, TextNode

METHODS = (
    "assign", "hardcode", "template", "datetime", "duration", "compute", "coalesce", "case", "checked", "copy",
    "earliest", "latest", "next", "interval", "age", "last_before", "epoch",
)  # fmt: skip
#: Modifiers that speak of some methods only.
_BELONGS = {
    "format": ("datetime",), "unknown": ("datetime",), "pivot": ("datetime",),
    "within": ("last_before",), "same_day": ("last_before", "epoch"),
    "else": ("next",), "many": ("checked",), "separator": ("checked",),
}  # fmt: skip
#: Methods whose argument is a mapping of options, with the options that are DOMAIN.VARIABLE.
_REFERRING = {"age": ("at",), "duration": ("from", "to"), "epoch": ("from",), "interval": ()}

Part = Text | MethodCall | Branch | Checked
Options = dict[str, tuple[Text, ...]]


def method(node: MapNode, place: Place) -> MethodCall | None:
    """The method of a variable or branch; None if the schema found none or several.

    Problems: SPEC196 (a modifier of another method), SPEC193 (a reference), SPEC194 and SPEC195 (variables of
    interval and within), SPEC185 (a duration), SPEC133 (an expression), SPEC192 (many and separator).
    """
    present = [name for name in METHODS if name in node.items]
    if len(present) != 1:
        return None
    name = present[0]
    argument = node.items[name]
    options = _modifiers(node, name, place)
    body = mapping(argument)
    where = clause(body.items.get("where"), place) if name in ("earliest", "latest", "interval") else None
    if name in _REFERRING:
        options |= {key: texts(value, place) for key, value in body.items.items() if key != "where"}
        _check_options(name, body, options, place)
    return MethodCall(name, _parts(name, node, options, place), options, where, place.at(node.lines[name]))


def _modifiers(node: MapNode, name: str, place: Place) -> Options:
    """The modifiers that stand beside the method; `else` is no text alone and is part of the argument."""
    options: Options = {}
    for option, methods in _BELONGS.items():
        if option not in node.items:
            continue
        if name not in methods:
            place.add("SPEC196", node.lines[option], option=option, owner=" or ".join(methods), method=name)
        if option == "within":
            options[option] = names(node, option, place)
        elif option != "else":
            options[option] = texts(node.items[option], place)
    if "many" in options and "separator" in options:
        place.add("SPEC192", node.lines["separator"], key=name, found="many and separator")
    return options


def _check_options(name: str, body: MapNode, options: Options, place: Place) -> None:
    for key in _REFERRING[name]:
        for reference in options.get(key, ()):
            check_reference(reference, name, (), place)
    if name == "interval":
        for key in ("same", "start", "end"):
            names(body, key, place)
        for gap in options.get("gap", ()):
            if not is_duration(gap.text) or gap.text.startswith("-"):
                form = "an ISO 8601 duration such as P3D"
                place.add("SPEC185", gap.at.line, key="gap", value=f"'{gap}'", form=form)


def _parts(name: str, node: MapNode, options: Options, place: Place) -> tuple[Part, ...]:
    """The argument, where it is not a mapping of options."""
    argument = node.items[name]
    if name in _REFERRING:
        return ()
    if name == "case":
        return _branches(argument, place)
    if name == "checked":
        return _boxes(argument, place)
    if name == "coalesce":
        return tuple(one for item in items(argument) if (one := _part(item, place)))
    if name in ("earliest", "latest"):
        return _extreme(name, argument, options, place)
    found = texts(argument, place)
    for one in found:
        if name == "template":
            template(one.text, one.at.line, place)
        elif name in ("copy", "last_before", "next"):
            check_reference(one, name, (), place)
        elif name == "compute" and (fault := expression_fault(one.text)):
            place.add("SPEC133", one.at.line, expression=one.text[:60], fault=fault)
    last = _part(node.items["else"], place) if name == "next" and "else" in node.items else None
    return found if last is None else (*found, last)


def _extreme(name: str, argument: Node, options: Options, place: Place) -> tuple[Part, ...]:
    """What earliest and latest compare, bare or under `of`."""
    inside = isinstance(argument, MapNode)
    found = texts(mapping(argument).items.get("of") if inside else argument, place)
    for one in found:
        if one.text != "all dates":
            check_reference(one, name, place.sources, place)
    if inside and "same" in mapping(argument).items:
        options["same"] = names(mapping(argument), "same", place)
    if kept := precision(argument):
        options["precision"] = (Text(kept, place.at(line_of(argument, "precision"))),)
    return found


def _boxes(node: Node, place: Place) -> tuple[Checked, ...]:
    """The boxes of `checked`; a column without a stated value means its own name. SPEC195: a column twice."""
    if isinstance(node, MapNode):
        return tuple(
            Checked(column, text(node, column), place.at(node.lines[column])) for column in node.items
        )
    found: dict[str, Checked] = {}
    for column in texts(node, place):
        if column.text in found:
            place.add("SPEC195", column.at.line, name=column.text, key="checked")
        found[column.text] = Checked(column.text, column.text, column.at)
    return tuple(found.values())


def _part(node: Node, place: Place) -> Text | MethodCall | None:
    """A text (also an empty one in quotes) or a method."""
    if isinstance(node, MapNode):
        return method(node, place)
    return Text(node.text, place.at(node.line)) if isinstance(node, TextNode) and not node.empty else None


def _branches(node: Node, place: Place) -> tuple[Branch, ...]:
    """The branches of case; SPEC197 unless each is when and then, the last perhaps else."""
    found = []
    branches = [item for item in items(node) if isinstance(item, MapNode)]
    for branch in branches:
        keys = set(branch.items)
        if keys == {"else"}:
            if branch is not branches[-1]:
                place.add("SPEC197", branch.line, fault="else stands before the last branch")
        elif keys & {"when", "then", "else"} != {"when", "then"}:
            place.add("SPEC197", branch.line, fault=f"a branch has {', '.join(sorted(keys)) or 'nothing'}")
        then = _part(
            branch.items.get("then") or branch.items.get("else") or TextNode("", branch.line, plain=False),
            place,
        )
        if then is not None:
            found.append(Branch(clause(branch.items.get("when"), place), then, place.at(branch.line)))
    return tuple(found)
