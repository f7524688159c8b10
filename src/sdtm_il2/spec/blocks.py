"""Blocks of records: which rows of a source or dataset become records, joined, repeated, grouped and tested."""

from __future__ import annotations

from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import BlockSpec, EachSpec, GroupSpec, JoinSpec, SplitPart, SplitSpec, SubmitSpec
from sdtm_il2.spec.nodes import (
    Place,
    check_source,
    child,
    clause,
    items,
    line_of,
    mapping,
    origin,
    pairs,
    text,
    texts,
    versions,
    words,
)
from sdtm_il2.spec.read import MapNode, Node
from sdtm_il2.spec.testtable import read_decode, read_tests
from sdtm_il2.spec.variables import variables


def read_block(
    name: str, node: MapNode, place: Place, known: tuple[str, ...], folder: StudyFolder
) -> BlockSpec:
    """One item of `records:`; `known` are the datasets of the study, `_VISITS` among them if it has visits."""
    domain, source = place.target, text(node, "from")
    check_source(source, line_of(node, "from"), "from", place, known)
    decode = (read_decode(one, place, folder) for one in items(node.items.get("decode")))
    return BlockSpec(
        id=name,
        from_=source,
        join=_joins(node.items.get("join"), place, known),
        where=clause(node.items.get("where"), place),
        decode=tuple(one for one in decode if one is not None),
        tests=read_tests(node.items.get("tests"), domain, place, folder),
        variables=variables(node.items.get("variables"), domain, place),
        submit=read_submit(node.items.get("submit"), place),
        origin=origin(text(node, "origin"), line_of(node, "origin"), place),
        ig=versions(node.items.get("ig"), place),
        at=place.at(node.line),
        each=_each(node.items.get("each"), place),
        group=_group(node.items.get("group"), place),
    )


def read_submit(node: Node | None, place: Place) -> SubmitSpec | None:
    """`submit:` of a domain or block."""
    when = clause(mapping(node).items.get("when"), place)
    if when is None:
        return None
    return SubmitSpec(when, text(node, "else"), place.at(mapping(node).line))


def read_split(node: Node | None, place: Place) -> SplitSpec | None:
    """`split:` of a domain."""
    by, into = texts(mapping(node).items.get("by"), place), child(node, "into")
    parts = [
        SplitPart(
            name,
            texts(item.items.get("values") if isinstance(item, MapNode) else item, place),
            text(item, "label"),
            place.at(into.lines[name]),
        )
        for name, item in into.items.items()
    ]
    return SplitSpec(by[0], tuple(parts)) if by and parts else None


def _joins(node: Node | None, place: Place, known: tuple[str, ...]) -> tuple[JoinSpec, ...]:
    """`join:` by alias; SPEC141: the cardinality is what tells a lookup from a multiplication of records."""
    found = mapping(node)
    result = []
    for alias in found.items:
        join, line = child(found, alias), found.lines[alias]
        if "." in alias or any(blank.isspace() for blank in alias):
            place.add("SPEC169", line, name=alias, what="an alias")
        if "cardinality" not in join.items:
            place.add("SPEC141", line, alias=alias)
        source = text(join, "source")
        check_source(source, line_of(join, "source"), "source", place, known)
        where = clause(join.items.get("where"), place)
        by = pairs(join.items.get("by"))
        result.append(JoinSpec(alias, source, by, text(join, "cardinality"), where, place.at(line)))
    return tuple(result)


def _each(node: Node | None, place: Place) -> tuple[EachSpec, ...]:
    """`each:` by name (SPEC169, SPEC185); a single ``COL1-COL7`` stays as written, the file's header decides."""
    found = mapping(node)
    result: list[EachSpec] = []
    for name in found.items:
        line = found.lines[name]
        if "." in name or any(blank.isspace() for blank in name):
            place.add("SPEC169", line, name=name, what="each")
        elif name.startswith("_"):
            form = "a name that does not begin with _, as _EACH does"
            place.add("SPEC185", line, key="each", value=f"'{name}'", form=form)
        result.append(EachSpec(name, words(found, name), place.at(line)))
    return tuple(result)


def _group(node: Node | None, place: Place) -> GroupSpec | None:
    """`group:`; SPEC195: a column that makes the groups cannot also be reduced."""
    if not isinstance(node, MapNode):
        return None
    by, take = words(node, "by"), child(node, "take")
    for column in take.items:
        if column in by:
            place.add("SPEC195", take.lines[column], name=column, key="group")
    return GroupSpec(by, {column: text(take, column) for column in take.items}, place.at(node.line))
