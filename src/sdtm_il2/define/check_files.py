"""The files that a define.xml names: are they there, and have they the pages that are meant?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sdtm_il2.define.tree import DefineTree, clark, get
from sdtm_il2.errors import Issue


def links_exist(tree: DefineTree, folder: Path) -> Iterator[Issue]:
    """Every document that is named stands in the folder. The files of datasets are looked at with their data."""
    for leaf in tree.all("def:leaf"):
        owner = leaf.getparent()
        href = get(leaf, "xlink:href")
        if owner is not None and owner.tag == clark("ItemGroupDef"):
            continue
        outside = "://" in href or href.startswith("/") or ".." in href.split("/")
        if href and not outside and not (folder / href).is_file():
            yield tree.issue("DEF770", leaf, "DD0101", href=href)


def stated_encoding(folder: Path) -> str:
    """The encoding of the XPORT files as the manifest beside them states it; UTF-8 without one."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return "utf-8"
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # somebody else's file of that name
        return "utf-8"
    stated = content.get("encoding") if isinstance(content, dict) else None
    return stated if isinstance(stated, str) and stated else "utf-8"
