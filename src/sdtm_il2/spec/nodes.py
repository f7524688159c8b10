"""What nodes say: the scalars, lists and mappings under a key, each with its place, and the checks of their form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdtm_il2.bilingual import Bilingual
from sdtm_il2.errors import Location, Problems
from sdtm_il2.spec.model import TermSpec, Text
from sdtm_il2.spec.read import ListNode, MapNode, Node, TextNode
from sdtm_il2.spec.schema import nearest
from sdtm_il2.where import Clause, Written, parse_clause
from sdtm_il2.where.fullwidth import wide_sign

_ORIGIN_TYPES = ("Collected", "Derived", "Assigned", "Protocol", "Predecessor", "Not Available", "Other")
_ORIGIN_SOURCES = ("Investigator", "Subject", "Vendor", "Sponsor")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]{0,7}")
#: The days of the register of visits, which earliest and latest read too.
_VISIT_DAYS = ("_VISITS.first", "_VISITS.last")
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


def bilingual(node: Node | None, key: str) -> Bilingual:
    """The text under a key, or the texts of ``{en: .., zh: ..}``."""
    found = mapping(node).items.get(key)
    if isinstance(found, MapNode):
        return Bilingual(text(found, "en"), text(found, "zh"))
    return Bilingual(text(node, key))


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


def is_variable(name: str) -> bool:
    """Whether a text has the form of a variable's name.

    >>> is_variable("AESTDTC"), is_variable("AE.AESTDTC")
    (True, False)
    """
    return bool(_VARIABLE.fullmatch(name))


def check_reference(part: Text, name: str, sources: tuple[str, ...], place: Place) -> None:
    """A reference is DOMAIN.VARIABLE, or where sources are allowed SOURCE.COL: SPEC193."""
    head, dot, tail = part.text.partition(".")
    if _REFERENCE.fullmatch(part.text) or (dot and tail and head in sources):
        return
    if part.text in _VISIT_DAYS and name in ("earliest", "latest"):
        return
    other = "; SOURCE.COL of a source of this study is possible too" if sources else ""
    near = nearest(head, sources) if dot and sources else ""
    place.add("SPEC193", part.at.line, value=part.text, method=name, other=other, near=near)


def check_source(name: str, line: int, key: str, place: Place, datasets: Iterable[str]) -> None:
    """SPEC178 unless the name is a source of the study or one of the datasets."""
    known = (*place.sources, *datasets)
    if not name or name in known:
        return
    what = "a source of study.yaml nor a domain of this study" if datasets else "a source of study.yaml"
    more = nearest(name, known).strip() or f"known here: {', '.join(known)}"
    if name == "_VISITS":
        more = "add visits: to study.yaml"
    place.add("SPEC178", line, key=key, name=name, what=what, help=more)


def names(node: Node | None, key: str, place: Place) -> tuple[Text, ...]:
    """Variables of the domain itself, named bare, each once (`keys`, `sort`): SPEC116, SPEC194, SPEC195."""
    found = texts(mapping(node).items.get(key), place)
    seen: Mapping[str, Text] = {}
    for name in found:
        if wide := wide_sign(name.text, "，"):
            place.add("SPEC116", name.at.line, **wide)
        elif not _VARIABLE.fullmatch(name.text.removeprefix("--")):
            tail = name.text.rpartition(".")[2]
            near = f"did you mean {tail.upper()}? " if _VARIABLE.fullmatch(tail.upper()) else ""
            place.add("SPEC194", name.at.line, name=name.text, near=near)
        if name.text in seen:
            place.add("SPEC195", name.at.line, name=name.text, key=key)
        seen = {**seen, name.text: name}
    return found
