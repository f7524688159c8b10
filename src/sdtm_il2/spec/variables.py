"""Variables, methods and clauses of a specification: from nodes to the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdtm_il2.errors import Location, Problems
from sdtm_il2.spec.model import Branch, MethodCall, Supplemental, TermSpec, Text, VariableSpec
from sdtm_il2.spec.read import ListNode, MapNode, Node, TextNode
from sdtm_il2.spec.schema import nearest
from sdtm_il2.where import Clause, Written, parse_clause

METHODS = (
    "assign",
    "hardcode",
    "template",
    "datetime",
    "coalesce",
    "case",
    "copy",
    "earliest",
    "latest",
    "age",
    "last_before",
)
#: Modifiers that speak of one method only.
_BELONGS = {
    "format": ("datetime",), "unknown": ("datetime",), "pivot": ("datetime",),
    "within": ("last_before",), "same_day": ("last_before",),
}  # fmt: skip
_ORIGIN_TYPES = ("Collected", "Derived", "Assigned", "Protocol", "Predecessor", "Not Available", "Other")
_ORIGIN_SOURCES = ("Investigator", "Subject", "Vendor", "Sponsor")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_REFERENCE = re.compile(r"[A-Z][A-Z0-9]{1,7}\.(--)?[A-Z][A-Z0-9]{0,7}")
_TEMPLATE = re.compile(r"(?:[^{}]|\{[^{}]+\})*")
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
_EMPTY_MAP = MapNode({}, {}, 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reading is: the file, what it is about (``AE``, ``AE.AESEV``), the sources of the study."""

    file: str
    problems: Problems
    target: str = ""
    sources: tuple[str, ...] = ()

    def at(self, line: int) -> Location:
        """A line of this file."""
        return Location(self.file, line)

    def add(self, code: str, line: int, **fields: Any) -> None:
        """Record a problem of a line of this file."""
        self.problems.add(code, self.target, self.at(line), **fields)

    def inside(self, target: str) -> Place:
        """The same file, about something else."""
        return replace(self, target=target)


# What the schema has refused is read as if it were absent: the problem is recorded, the reading goes on.


def mapping(node: Node | None) -> MapNode:
    """The node if it is a mapping, else an empty one."""
    return node if isinstance(node, MapNode) else _EMPTY_MAP


def child(node: Node | None, key: str) -> MapNode:
    """The mapping under a key."""
    return mapping(mapping(node).items.get(key))


def text(node: Node | None, key: str) -> str:
    """The scalar under a key, or ""."""
    found = mapping(node).items.get(key)
    return found.text if isinstance(found, TextNode) and not found.empty else ""


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; anything else stands for a list of itself."""
    return () if node is None else node.items if isinstance(node, ListNode) else (node,)


def texts(node: Node | None, place: Place) -> tuple[Text, ...]:
    """The scalars of a list, or the bare scalar, each with its place."""
    return tuple(
        Text(item.text, place.at(item.line))
        for item in items(node)
        if isinstance(item, TextNode) and not item.empty
    )


def words(node: Node | None, key: str) -> tuple[str, ...]:
    """The scalars under a key, bare or in a list."""
    found = mapping(node).items.get(key)
    return tuple(item.text for item in items(found) if isinstance(item, TextNode) and not item.empty)


def pairs(node: Node | None) -> tuple[tuple[str, str], ...]:
    """`by:` as (own column, other column): ``[COL]`` names the same column twice, ``{COL: other}`` both."""
    if isinstance(node, MapNode):
        return tuple((own, other.text) for own, other in node.items.items() if isinstance(other, TextNode))
    return tuple((item.text, item.text) for item in items(node) if isinstance(item, TextNode))


def clause(node: Node | None, place: Place) -> Clause | None:
    """A clause: a text, a list (all of them) or ``{any: [..]}``; None if there is none."""
    written = _written(node, place)
    if written is None:
        return None
    return parse_clause(written, place.at(node.line if node else 0), problems=place.problems)


def _written(node: Node | None, place: Place) -> Written | None:
    """The scalars of a clause with their places, in the lists and `any:` that hold them."""
    if isinstance(node, TextNode):
        return None if node.empty else Text(node.text, place.at(node.line))
    if isinstance(node, ListNode):
        return [one for item in node.items if (one := _written(item, place))] or None
    inner = _written(node.items.get("any"), place) if isinstance(node, MapNode) else None
    return {"any": inner if isinstance(inner, list) else [inner]} if inner else None


def versions(node: Node | None, place: Place) -> tuple[str, ...]:
    """`ig:` as version numbers; SPEC185 for anything else."""
    found = texts(node, place)
    for version in found:
        if not _VERSION.fullmatch(version.text):
            place.add(
                "SPEC185",
                version.at.line,
                key="ig",
                value=f"'{version}'",
                form="an SDTMIG version such as 3.4",
            )
    return tuple(version.text for version in found)


def terms(node: Node | None, place: Place) -> tuple[TermSpec, ...]:
    """`terms:` as collected text and term."""
    found = mapping(node)
    return tuple(
        TermSpec(raw, term.text, place.at(found.lines[raw]))
        for raw, term in found.items.items()
        if isinstance(term, TextNode)
    )


def origin(value: str, line: int, place: Place) -> str:
    """An origin, checked against the types and sources of Define-XML 2.1: SPEC179."""
    kind, _, source = value.partition(" by ")
    if value and (kind not in _ORIGIN_TYPES or (source not in _ORIGIN_SOURCES and value != "Not Available")):
        known = [f"{one} by {other}" for one in _ORIGIN_TYPES for other in _ORIGIN_SOURCES]
        place.add("SPEC179", line, value=value, near=nearest(value, known))
    return value


def line_of(node: Node | None, key: str) -> int:
    """The line of a key, or of the mapping where the key is absent."""
    found = mapping(node)
    return found.lines.get(key, found.line)


def precision(node: Node | None) -> str:
    """`precision:`, where ``date`` is another word for ``day``."""
    found = text(node, "precision")
    return "day" if found == "date" else found


def template(value: str, line: int, place: Place, allowed: Iterable[str] | None = None) -> str:
    """A template with balanced, filled braces, and only the allowed names in them: SPEC198."""
    if not _TEMPLATE.fullmatch(value):
        place.add("SPEC198", line, value=value, fault="a brace is open, empty or doubled")
    elif allowed is not None:
        for name in re.findall(r"\{([^{}]+)\}", value):
            if name not in allowed:
                place.add("SPEC198", line, value=value, fault=f"{{{name}}} is not known here")
    return value


def method(node: MapNode, place: Place) -> MethodCall | None:
    """The method of a variable or branch; None if the schema found none or several."""
    present = [name for name in METHODS if name in node.items]
    if len(present) != 1:
        return None
    name = present[0]
    argument, at = node.items[name], place.at(node.lines[name])
    options: dict[str, tuple[Text, ...]] = {}
    for option, methods in _BELONGS.items():
        if option not in node.items:
            continue
        if name not in methods:
            place.add("SPEC196", node.lines[option], option=option, owner=" or ".join(methods), method=name)
        options[option] = texts(node.items[option], place)
    where = None
    parts: tuple[Text | MethodCall | Branch, ...]
    if name == "case":
        parts = _branches(argument, place)
    elif name == "coalesce":
        parts = tuple(one for item in items(argument) if (one := _part(item, place)))
    elif name == "age":
        body = mapping(argument)
        options |= {key: texts(value, place) for key, value in body.items.items()}
        parts = ()
        for moment in options.get("at", ()):
            _check_reference(moment, "age", (), place)
    elif name in ("earliest", "latest") and isinstance(argument, MapNode):
        parts = texts(argument.items.get("of"), place)
        where = clause(argument.items.get("where"), place)
        if kept := precision(argument):
            options["precision"] = (Text(kept, place.at(argument.lines["precision"])),)
    else:
        parts = texts(argument, place)
    for part in parts:
        if isinstance(part, Text):
            if name == "template":
                template(part.text, part.at.line, place)
            elif name in ("copy", "last_before"):
                _check_reference(part, name, (), place)
            elif name in ("earliest", "latest") and part.text != "all dates":
                _check_reference(part, name, place.sources, place)
    return MethodCall(name, parts, options, where, at)


def _check_reference(part: Text, name: str, sources: tuple[str, ...], place: Place) -> None:
    """A reference is DOMAIN.VARIABLE, or where sources are allowed SOURCE.COL: SPEC193."""
    head, dot, tail = part.text.partition(".")
    if _REFERENCE.fullmatch(part.text) or (dot and tail and head in sources):
        return
    other = "; SOURCE.COL of a source of this study is possible too" if sources else ""
    near = nearest(head, sources) if dot and sources else ""
    place.add("SPEC193", part.at.line, value=part.text, method=name, other=other, near=near)


def _part(node: Node, place: Place) -> Text | MethodCall | None:
    """A text (also an empty one) or a method."""
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


def variables(
    node: Node | None, domain: str, place: Place, *, pattern: bool = False
) -> tuple[VariableSpec, ...]:
    """The lines under `variables:`; with `pattern` also ``--X`` names, which belong to no domain.

    SPEC194: no variable name. SPEC161: a supplemental variable with more than 8 characters.
    """
    found = mapping(node)
    result = []
    for name, value in found.items.items():
        if "：" in name:
            place.add("SPEC101", found.lines[name], word=name.partition("：")[0])
            continue
        here = place.inside(f"{domain}.{name}" if domain else name)
        line = found.lines[name]
        bare = name.removeprefix("--") if pattern else name
        if not _VARIABLE.fullmatch(bare):
            if len(bare) > 8 and "supplemental" in mapping(value).items:
                place.inside(domain).add("SPEC161", line, name=name, length=len(name))
            else:
                near = f"did you mean {bare.upper()}? " if _VARIABLE.fullmatch(bare.upper()) else ""
                place.inside(domain).add("SPEC194", line, name=name, near=near)
        result.append(_variable(name, value, here, line))
    return tuple(result)


def _variable(name: str, node: Node, place: Place, line: int) -> VariableSpec:
    at = place.at(line)
    if not isinstance(node, MapNode):
        return VariableSpec(name, None, at=at)
    return VariableSpec(
        name,
        method(node, place),
        when=clause(node.items.get("when"), place),
        undecided=text(node, "undecided") if "undecided" in node.items else None,
        codelist=text(node, "codelist"),
        terms=terms(node.items.get("terms"), place),
        match=text(node, "match"),
        text=words(node, "text"),
        precision=precision(node),
        origin=origin(text(node, "origin"), line_of(node, "origin"), place),
        crf=text(node, "crf"),
        comment=text(node, "comment"),
        description=text(node, "method"),
        supplemental=_supplemental(node.items.get("supplemental"), place),
        label=text(node, "label"),
        type=text(node, "type"),
        ig=versions(node.items.get("ig"), place),
        at=at,
    )


def _supplemental(node: Node | None, place: Place) -> Supplemental | None:
    if not isinstance(node, MapNode):
        return None
    return Supplemental(text(node, "label"), text(node, "eval"), text(node, "idvar"), place.at(node.line))


def names(node: Node | None, key: str, place: Place) -> tuple[Text, ...]:
    """Variables of the domain itself, named bare, each once (`keys`, `sort`): SPEC194, SPEC195."""
    found = texts(mapping(node).items.get(key), place)
    seen: Mapping[str, Text] = {}
    for name in found:
        if not _VARIABLE.fullmatch(name.text.removeprefix("--")):
            tail = name.text.rpartition(".")[2]
            near = f"did you mean {tail.upper()}? " if _VARIABLE.fullmatch(tail.upper()) else ""
            place.add("SPEC194", name.at.line, name=name.text, near=near)
        if name.text in seen:
            place.add("SPEC195", name.at.line, name=name.text, key=key)
        seen = {**seen, name.text: name}
    return found
