"""define.html: the define.xml rendered once, so that a reviewer needs no browser that runs XSLT.

Two styles: ``official``, the stylesheet of the standard, in English; ``own``, our page, in English or Chinese.
"""

from __future__ import annotations

import functools
import os
import re
from typing import Literal

from lxml import etree

from sdtm_il2.define.model import ODM
from sdtm_il2.define.page import define_page
from sdtm_il2.define.page_parts import target
from sdtm_il2.define.page_words import PageLanguage
from sdtm_il2.define.parse import parse_define, read, stylesheet_path
from sdtm_il2.define.read import read_define
from sdtm_il2.errors import DefineError, Location, issue

__all__ = ["define_html", "stylesheet_path"]


_DENIED = etree.XSLTAccessControl(  # type: ignore[call-arg]  # the stubs lack the arguments
    read_file=False, write_file=False, create_dir=False, read_network=False, write_network=False
)


#: The stylesheet looks through all elements for one OID, thousands of times; a key finds it at once.
_LOOK_UP = re.compile(rb"\$g_seq(\w+)\[@OID\s*=\s*(\$\w+)\]")
_REFERENCES = re.compile(rb"\$g_seqItemGroupDefs/odm:ItemRef\[@ItemOID=(\$\w+)\]")
#: The same by other paths: the item of a reference, the item that a value list belongs to, items with a value list.
_ITEM = re.compile(rb"\.\./\.\./odm:ItemDef\[@OID=(\$\w+)\]")
_LISTED = re.compile(rb"\.\./\.\./odm:ItemDef/def:ValueListRef\[@ValueListOID=(\$\w+)\]")
_WITH_LEVELS = re.compile(rb"odm:ItemRef\[@ItemOID=\$g_seqItemDefsValueListRef/\.\./@OID\]")
_ELEMENTS = {
    b"ItemDefs": b"odm:ItemDef", b"ItemGroupDefs": b"odm:ItemGroupDef", b"CodeLists": b"odm:CodeList",
    b"MethodDefs": b"odm:MethodDef", b"CommentDefs": b"def:CommentDef", b"Standard": b"def:Standard",
    b"ValueListDefs": b"def:ValueListDef", b"WhereClauseDefs": b"def:WhereClauseDef",
}  # fmt: skip


def keyed(sheet: bytes) -> bytes:
    """The stylesheet with its look-ups by OID as keys: the same page, in time that grows with the file."""
    keys = b"".join(
        b'<xsl:key name="oid-%s" match="%s" use="@OID"/>' % (name, element)
        for name, element in _ELEMENTS.items()
    )

    def by_key(found: re.Match[bytes]) -> bytes:
        name, argument = found.groups()
        return b"key('oid-%s', %s)" % (name, argument) if name in _ELEMENTS else found.group()

    keys += b'<xsl:key name="item-refs" match="odm:ItemGroupDef/odm:ItemRef" use="@ItemOID"/>'
    keys += b'<xsl:key name="list-refs" match="odm:ItemDef/def:ValueListRef" use="@ValueListOID"/>'
    place = sheet.index(b"<xsl:variable")
    rest = _REFERENCES.sub(rb"key('item-refs', \1)", sheet[place:])
    rest = _LISTED.sub(rb"key('list-refs', \1)", rest)
    rest = _ITEM.sub(rb"key('oid-ItemDefs', \1)", rest)
    rest = _WITH_LEVELS.sub(rb"odm:ItemRef[key('oid-ItemDefs', @ItemOID)/def:ValueListRef]", rest)
    return sheet[:place] + keys + _LOOK_UP.sub(by_key, rest)


@functools.cache
def _transform() -> etree.XSLT:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    sheet = etree.fromstring(keyed(stylesheet_path().read_bytes()), parser)
    return etree.XSLT(sheet, access_control=_DENIED)


def define_html(
    source: str | os.PathLike[str] | bytes,
    file: str = "",
    *,
    style: Literal["official", "own"] = "official",
    lang: PageLanguage = "en",
) -> bytes:
    """The self-contained define.html of a define.xml (path or bytes).

    The official style is the standard's own stylesheet and English alone; the own one has the same tables, opens in
    time that grows with the file, and with ``lang="zh"`` is in Chinese and English. Nothing is fetched while
    rendering, and the page loads nothing when it is opened. DefineError: DEF702 to DEF704 when the file cannot be
    parsed, DEF705 when the stylesheet fails or leaves out a dataset, DEF707 and DEF749 when it is no Define-XML.
    ValueError for the official style in Chinese.
    """
    if style == "own":
        return define_page(read_define(source, file), lang)
    if lang != "en":
        raise ValueError("the official stylesheet is in English alone")
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
    # the stylesheet makes a link of any address; only files beside the page, and the web, may be followed
    for link in root.iter("a"):
        if link.get("href") is not None and not target(str(link.get("href"))):
            del link.attrib["href"]
    return bytes(page)
