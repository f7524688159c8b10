"""Variables of a specification: their method and its modifiers, from nodes to the model."""

from __future__ import annotations

import re
from collections.abc import Collection

from sdtm_il2.moment import is_duration
from sdtm_il2.spec.methods import method
from sdtm_il2.spec.model import Supplemental, VariableSpec
from sdtm_il2.spec.nodes import (
    Place,
    bilingual,
    clause,
    is_variable,
    line_of,
    mapping,
    origin,
    precision,
    template,
    terms,
    text,
    versions,
    words,
)
from sdtm_il2.spec.read import MapNode, Node


def variables(
    node: Node | None, domain: str, place: Place, *, pattern: bool = False, skip: Collection[str] = ()
) -> tuple[VariableSpec, ...]:
    """The lines under `variables:`; with `pattern` also ``--X`` names, which belong to no domain.

    `skip` names variables that another file states anew. SPEC194: no variable name. SPEC161: a supplemental
    variable with more than 8 characters.
    """
    found = mapping(node)
    result = []
    for name, value in found.items.items():
        if name in skip:
            continue
        if "：" in name:
            place.add("SPEC101", found.lines[name], word=name.partition("：")[0])
            continue
        here = place.inside(f"{domain}.{name}" if domain else name)
        line = found.lines[name]
        bare = name.removeprefix("--") if pattern else name
        if not is_variable(bare):
            if len(bare) > 8 and "supplemental" in mapping(value).items:
                place.inside(domain).add("SPEC161", line, name=name, length=len(name))
            else:
                near = f"did you mean {bare.upper()}? " if is_variable(bare.upper()) else ""
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
        comment=bilingual(node, "comment"),
        description=bilingual(node, "method"),
        supplemental=_supplemental(node.items.get("supplemental"), place),
        label=text(node, "label"),
        type=text(node, "type"),
        ig=versions(node.items.get("ig"), place),
        at=at,
        shift=_shift(node, place),
    )


def _shift(node: MapNode, place: Place) -> str:
    """`shift:` as a duration in which a column in braces may stand for a number: SPEC198, SPEC185."""
    value, line = text(node, "shift"), line_of(node, "shift")
    before = len(place.problems.found)
    template(value, line, place)
    whole = re.sub(r"\{[^{}]*\}", "1", value)
    if value and len(place.problems.found) == before and not is_duration(whole):
        form = "an ISO 8601 duration such as P1D, or -P{AGE}Y with a column"
        place.add("SPEC185", line, key="shift", value=f"'{value}'", form=form)
    return value


def _supplemental(node: Node | None, place: Place) -> Supplemental | None:
    if not isinstance(node, MapNode):
        return None
    return Supplemental(text(node, "label"), text(node, "eval"), text(node, "idvar"), place.at(node.line))
