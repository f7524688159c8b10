"""define.html: the define.xml rendered once, so that a reviewer needs no browser that runs XSLT."""

from __future__ import annotations

import functools
import os

from lxml import etree

from sdtm_il2.define.model import ODM
from sdtm_il2.define.parse import parse_define, read, stylesheet_path
from sdtm_il2.errors import DefineError, Location, issue

__all__ = ["define_html", "stylesheet_path"]


_DENIED = etree.XSLTAccessControl(  # type: ignore[call-arg]  # the stubs lack the arguments
    read_file=False, write_file=False, create_dir=False, read_network=False, write_network=False
)


@functools.cache
def _transform() -> etree.XSLT:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    sheet = etree.parse(str(stylesheet_path()), parser)
    return etree.XSLT(sheet, access_control=_DENIED)


def define_html(source: str | os.PathLike[str] | bytes, file: str = "") -> bytes:
    """The self-contained define.html of a define.xml (path or bytes), by the standard's own stylesheet.

    Nothing is fetched while rendering, and the page loads nothing when it is opened. DefineError: DEF702 to
    DEF704 when the file cannot be parsed, DEF705 when the stylesheet fails or leaves out a dataset.
    """
    content, file = read(source, file)
    tree = parse_define(content, file)
    place = Location(file)
    try:
        page = _transform()(tree)
    except etree.XSLTApplyError as error:
        raise DefineError(issue("DEF705", at=place, found=str(error))) from None
    root = page.getroot()
    if root is None:
        raise DefineError(issue("DEF705", at=place, found="the page is empty"))
    anchors = {
        str(element.get("id") or element.get("name"))
        for element in root.iter()
        if isinstance(element.tag, str)
    }
    groups = [str(group.get("OID", "")) for group in tree.iter(f"{{{ODM}}}ItemGroupDef")]
    missing = [oid or "a dataset without OID" for oid in groups if oid not in anchors]
    if missing:
        raise DefineError(issue("DEF705", at=place, found=f"no section for {', '.join(missing)}"))
    return bytes(page)
