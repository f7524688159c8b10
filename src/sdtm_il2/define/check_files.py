"""The files that a define.xml names: are they there, and have they the pages that are meant?"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from sdtm_il2.define.tree import DefineTree, clark, get
from sdtm_il2.errors import Issue

#: Names of destinations that are named in an issue.
_NAMED = 5


def links_exist(tree: DefineTree, folder: Path) -> Iterator[Issue]:
    """Every document that is named stands in the folder. The files of datasets are looked at with their data."""
    for leaf in _documents(tree):
        href = get(leaf, "xlink:href")
        if href and not _outside(href) and not (folder / href).is_file():
            yield tree.issue("DEF770", leaf, "DD0101", href=href)


def pages_exist(tree: DefineTree, folder: Path) -> Iterator[Issue]:
    """A PDF that is named is one, and it has the pages and the named destinations that are referred to."""
    for leaf in _documents(tree):
        href = get(leaf, "xlink:href")
        path = folder / href
        if not href.lower().endswith(".pdf") or _outside(href) or not path.is_file():
            continue
        found = _pdf(path)
        if isinstance(found, str):
            yield tree.issue("DEF787", leaf, "DD0037", href=href, reason=found)
            continue
        pages, destinations = found
        for reference in tree.root.iter(clark("def:PDFPageRef")):
            parent = reference.getparent()
            if parent is None or get(parent, "leafID") != get(leaf, "ID"):
                continue
            missing = _missing(reference, pages, destinations)
            if missing:
                owner = next((one for one in reference.iterancestors() if get(one, "OID")), reference)
                yield tree.issue(
                    "DEF786", owner, "DD0037", href=href, pages=str(pages), found=", ".join(missing[:_NAMED])
                )


def _documents(tree: DefineTree) -> Iterator[etree._Element]:
    for leaf in tree.all("def:leaf"):
        owner = leaf.getparent()
        if owner is None or owner.tag != clark("ItemGroupDef"):
            yield leaf


def _outside(href: str) -> bool:
    return "://" in href or href.startswith("/") or ".." in href.split("/")


def _missing(reference: etree._Element, pages: int, destinations: frozenset[str]) -> list[str]:
    """The pages or destinations of one reference that the document has not; what is no number is told elsewhere."""
    names = get(reference, "PageRefs").split()
    if get(reference, "Type") == "NamedDestination":
        return [f"destination {name}" for name in names if name not in destinations]
    names += [get(reference, name) for name in ("FirstPage", "LastPage")]
    numbers = [int(name) for name in names if name.isdecimal()]
    return [f"page {number}" for number in dict.fromkeys(numbers) if not 1 <= number <= pages]


def _pdf(path: Path) -> tuple[int, frozenset[str]] | str:
    """The number of pages of a PDF and its named destinations, or what keeps the file from being read."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it reports what it repairs; the file is judged by what can be read
    try:
        with path.open("rb") as stream:
            if not stream.read(1024).lstrip().startswith(b"%PDF-"):
                return "it does not begin as a PDF"
            reader = PdfReader(stream)
            if reader.is_encrypted and not reader.decrypt(""):
                return "it is locked by a password"
            pages = len(reader.pages)
            names = frozenset(str(name) for name in reader.named_destinations)
            return pages, names
    except (PyPdfError, OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        # what a broken file makes the reader raise is not one kind of error
        return "it is cut off or damaged"
    finally:
        logger.setLevel(level)


def stated_encoding(folder: Path) -> str:
    """The encoding of the XPORT files as the manifest beside them states it; UTF-8 without one."""
    return _stated(folder, "encoding") or "utf-8"


def stated_language(folder: Path) -> str:
    """The language of the labels (``zh``, ``en``) as the manifest beside the files states it; English without one."""
    return _stated(folder, "label_language") or "en"


def _stated(folder: Path, key: str) -> str:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return ""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # somebody else's file of that name
        return ""
    stated = content.get(key) if isinstance(content, dict) else None
    return stated if isinstance(stated, str) else ""
