"""Checks of the languages of a define.xml: one text each, and none that only some texts are in."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from sdtm_il2.define.model import XML
from sdtm_il2.define.tree import DefineTree, children, clark, get, shown
from sdtm_il2.errors import Issue

#: What the elements with a Description or Decode are called.
_TOLD = {
    "ItemGroupDef": "datasets", "ItemDef": "variables and value levels", "CodeListItem": "decodes",
    "MethodDef": "methods", "def:CommentDef": "comments",
}  # fmt: skip


def _texts(tree: DefineTree) -> Iterator[tuple[etree._Element, etree._Element, list[str]]]:
    """Every Description and Decode: the element, the one that it describes, and the languages of its texts."""
    for texts in tree.root.iter(clark("Description"), clark("Decode")):
        owner = texts.getparent()
        langs = [str(one.get(f"{{{XML}}}lang", "")) for one in children(texts, "TranslatedText")]
        if owner is not None:
            yield texts, owner, langs


def languages(tree: DefineTree) -> Iterator[Issue]:
    """A description has one text a language (OD0021)."""
    for texts, owner, langs in _texts(tree):
        element = shown(str(texts.tag))
        for place, lang in enumerate(langs):
            if lang in langs[:place]:
                yield tree.issue("DEF742", owner, "OD0021", element=element, lang=lang or "no language")


def same_languages(tree: DefineTree) -> Iterator[Issue]:
    """A language that some texts of the file are in is one of all: a note (DEF800), for no public rule asks for it."""
    said: dict[str, list[tuple[etree._Element, list[str]]]] = {}
    for _, owner, langs in _texts(tree):
        kind = _TOLD.get(shown(str(owner.tag)), "")
        if kind and langs:
            said.setdefault(kind, []).append((owner, [lang or "en" for lang in langs]))
    every = sorted({lang for found in said.values() for _, langs in found for lang in langs})
    for lang in every if len(every) > 1 else ():
        for kind, found in said.items():
            lacking = [owner for owner, langs in found if lang not in langs]
            if lacking:
                names = ", ".join(_name(tree, one) for one in lacking[:8])
                yield tree.issue(
                    "DEF800", lacking[0], number=str(len(lacking)), total=str(len(found)), what=kind, lang=lang,
                    names=names + (" ..." if len(lacking) > 8 else ""),
                )  # fmt: skip


def _name(tree: DefineTree, element: etree._Element) -> str:
    parent = element.getparent()
    if parent is not None and get(element, "CodedValue"):
        return f"{get(element, 'CodedValue')} of {get(parent, 'Name')}"
    return tree.name(element)


CHECKS = (languages, same_languages)
