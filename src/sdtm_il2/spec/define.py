"""define/study.yaml: what Define-XML says of the study and cannot be derived from mapping or data."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from sdtm_il2.errors import Location
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import Text
from sdtm_il2.spec.nodes import Place, bilingual, child, items, line_of, mapping, text, texts
from sdtm_il2.spec.read import MapNode
from sdtm_il2.spec.study import CommentSpec, DocumentSpec, ValueLevelSpec

#: Where it stands in the study folder; the files that it names are relative to it.
FILE = "define/study.yaml"
#: The name that receivers expect the annotated CRF under, whatever the file is called in the study folder.
ACRF = "acrf.pdf"

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
#: Files that every output folder has; a document may not take their names.
_TAKEN = re.compile(r"(define|define2-1|issues|balance|manifest)\..*|.*\.xpt")


def read_define(folder: StudyFolder) -> MapNode | None:
    """The mapping of define/study.yaml; None if the study has none."""
    if not (folder.folder / FILE).exists():
        return None
    found = folder.read_mapping(FILE, "study.yaml", Location(FILE), "define")
    return found[1] if found else None


def read_documents(node: MapNode | None, place: Place, folder: StudyFolder) -> tuple[DocumentSpec, ...]:
    """`documents:` the files that go beside define.xml: SPEC147, and SPEC100, SPEC174, SPEC175 for their paths."""
    found: list[DocumentSpec] = []
    written: dict[str, str] = {}
    for name, line in child(node, "documents").lines.items():
        item = child(child(node, "documents"), name)
        file, kind = text(item, "file"), text(item, "type")
        at = line_of(item, "file") or line

        def fault(words: str, at: int = at, name: str = name) -> None:
            place.add("SPEC147", at, name=name, fault=words)

        if not _ID.fullmatch(name):
            fault("its name is no identifier: a letter, then letters, digits, . - _")
        if not file:
            continue
        read = folder.read(file, FILE, place.at(at))
        path = PurePosixPath(file)
        target = ACRF if kind == "acrf" else path.name.lower()
        if kind == "acrf" and path.suffix.lower() != ".pdf":
            fault(f"an annotated CRF is a PDF file, not {path.suffix or path.name}")
        elif target in written:
            fault(f"{target} is written for document {written[target]} already")
        elif _TAKEN.fullmatch(target):
            fault(f"{target} is the name of a file that every output folder may have")
        written.setdefault(target, name)
        if read is not None:
            found.append(DocumentSpec(name, text(item, "title"), read[0], target, kind, place.at(line)))
    return tuple(found)


def read_comments(node: MapNode | None, place: Place) -> dict[str, CommentSpec]:
    """`comments:` texts that a `comment:` may name by their id: SPEC147 for what is no identifier."""
    found: dict[str, CommentSpec] = {}
    comments = child(node, "comments")
    for name in comments.items:
        line = comments.lines[name]
        if not _ID.fullmatch(name):
            place.add("SPEC148", line, name=name)
        elif words := bilingual(comments, name):
            found[name] = CommentSpec(words, place.at(line))
    return found


def read_value_levels(node: MapNode | None, place: Place) -> tuple[ValueLevelSpec, ...]:
    """`value_levels:` which variable is described apart for the values of which others: SPEC195 for one stated twice."""
    found: dict[str, ValueLevelSpec] = {}
    for item in items(mapping(node).items.get("value_levels")):
        variable = text(item, "variable")
        by = texts(mapping(item).items.get("by"), place)
        if not variable or not by:
            continue
        line = line_of(item, "variable")
        if variable in found:
            place.add("SPEC195", line, name=variable, key="value_levels")
        found[variable] = ValueLevelSpec(Text(variable, place.at(line)), by)
    return tuple(found.values())
