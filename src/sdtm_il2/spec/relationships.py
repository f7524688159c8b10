"""`relationships:` of the study: which records or datasets belong together (RELREC)."""

from __future__ import annotations

from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.nodes import Place, check_reference, items, line_of, template, text, texts, words
from sdtm_il2.spec.read import MapNode, Node, TextNode
from sdtm_il2.spec.schema import nearest
from sdtm_il2.spec.study import RelationshipSpec


def read_relationships(
    node: Node | None, study: Place, domains: tuple[str, ...], folder: StudyFolder
) -> tuple[RelationshipSpec, ...]:
    """The list, or that of the file which `relationships` names.

    SPEC178: a dataset that the study does not have. SPEC193: `to` is no variable. SPEC198: `id`.
    """
    place = study
    if isinstance(node, TextNode):
        if node.empty:
            return ()
        read = folder.read_mapping(node.text, study.file, study.at(node.line), "relationships")
        if read is None:
            return ()
        file, body = read
        place, node = Place(file, study.problems, sources=study.sources), body.items.get("relationships")
    place = place.inside("RELREC")
    return tuple(_relationship(one, domains, place) for one in items(node) if isinstance(one, MapNode))


def _relationship(node: MapNode, domains: tuple[str, ...], place: Place) -> RelationshipSpec:
    for key in ("from", "datasets"):
        for name in texts(node.items.get(key), place):
            _check_dataset(name.text, name.at.line, key, domains, place)
    for to in texts(node.items.get("to"), place):
        check_reference(to, "to", (), place)
        head, dot, _ = to.text.partition(".")
        if dot:
            _check_dataset(head, to.at.line, "to", domains, place)
    template(text(node, "id"), line_of(node, "id"), place)
    return RelationshipSpec(
        from_=text(node, "from"),
        column=text(node, "column"),
        to=text(node, "to"),
        id=text(node, "id"),
        datasets=words(node, "datasets"),
        by=text(node, "by"),
        types=words(node, "types"),
        at=place.at(node.line),
    )


def _check_dataset(name: str, line: int, key: str, domains: tuple[str, ...], place: Place) -> None:
    if name not in domains:
        more = nearest(name, domains).strip() or f"known here: {', '.join(domains)}"
        place.add("SPEC178", line, key=key, name=name, what="a domain of this study", help=more)
