"""The parts of an Excel workbook (Office Open XML): its sheets, its texts and its number formats.

Only the parts that are needed are unpacked, up to a stated size; links to other files, macros and entities
are never followed.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any, Final

from lxml import etree

from sdtm_il2.errors import SourceError
from sdtm_il2.sources.files import FilePlace

#: How much all parts of a workbook that are read may hold once unpacked, in bytes.
MOST_BYTES: Final = 1 << 30

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TRUE: Final = ("1", "true")

#: Number formats that a workbook need not state, by their number. 27 to 36 and 50 to 58 are those of East
#: Asian editions of Excel: Chinese and Japanese workbooks use them without stating them.
_BUILT_IN: Final = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy/m/d", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy/m/d h:mm", 37: "#,##0", 38: "#,##0",
    39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 34: 'h"时"mm"分"', 35: 'h"时"mm"分"ss"秒"',
    36: 'yyyy"年"m"月"', 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"',
    54: 'm"月"d"日"', 55: 'yyyy"年"m"月"', 56: 'm"月"d"日"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, its part in the archive, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True, eq=False)
class Workbook:
    """An open workbook: ``texts`` are its shared texts, ``formats`` the number format of each cell style."""

    file: FilePlace
    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    texts: tuple[str, ...]
    formats: tuple[str, ...]
    date1904: bool

    def elements(self, part: str, *tags: str) -> Iterator[Any]:
        """The elements of a part with one of the tags (without namespace), as each ends."""
        with _part(self.file, self.archive, part) as stream:
            yield from elements(self.file, stream, *tags)


@contextmanager
def refusals(file: FilePlace) -> Iterator[None]:
    """What goes wrong in the archive or the XML of a workbook becomes `SourceError` (SRC350)."""
    try:
        yield
    except etree.XMLSyntaxError as fault:
        raise damaged(file, f"a part is broken XML in line {fault.lineno}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
        raise damaged(file, "its archive is cut or damaged") from None


def _part(file: FilePlace, archive: zipfile.ZipFile, part: str) -> IO[bytes]:
    """The bytes of a part as a stream."""
    try:
        return archive.open(part)
    except ValueError:  # a place before the start of the file
        raise damaged(file, "its archive is cut or damaged") from None


def damaged(file: FilePlace, what: str) -> SourceError:
    """SRC350: no workbook, or not a whole one."""
    return file.refusal("SRC350", what=what)


def elements(file: FilePlace, stream: IO[bytes], *tags: str) -> Iterator[Any]:
    """The elements with one of the tags, in any namespace, as each ends; those before it are let go."""
    found = etree.iterparse(
        stream,
        events=("end",),
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    first = True
    for _, element in found:
        if first and element.getroottree().docinfo.doctype:
            raise damaged(file, "a part has a document type, which no workbook has")
        first = False
        yield element
        parent = element.getparent()
        element.clear()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def small(text: str | None) -> int:
    """A count or place as XML holds it; -1 where it is none, or one that no workbook can have.

    >>> small("12"), small("-1"), small(None), small("9" * 5000)
    (12, -1, -1, -1)
    """
    return int(text) if text and len(text) < 10 and text.isdecimal() else -1


def local(element: Any) -> str:
    """The tag of an element without its namespace."""
    return _local(element.tag)


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return str(tag).rpartition("}")[2]


def open_workbook(data: bytes, file: FilePlace) -> Workbook:
    """A workbook is a zip archive of XML parts; raises SourceError with SRC350, SRC351 or SRC352.

    Sheets stand in the order of their tabs. A workbook of Excel 97 (.xls), a binary one (.xlsb) or one under
    a password is not read.
    """
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise file.refusal("SRC351")
        raise damaged(file, "it is a workbook of Excel 97 to 2003 (.xls)")
    if not data.startswith(b"PK"):
        raise damaged(file, "it is no zip archive, as every .xlsx file is")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except ValueError:  # a place before the start of the file
        raise damaged(file, "its archive is cut or damaged") from None
    infos = {_plain(info.filename): info for info in archive.infolist()}
    if any(info.flag_bits & 1 for info in infos.values()):
        raise file.refusal("SRC351")
    parts = {name: info.filename for name, info in infos.items()}
    if "xl/workbook.bin" in parts:
        raise damaged(file, "it is a binary workbook (.xlsb)")
    start = next((one for one in _links(file, archive, parts, "") if one[1] == "officeDocument"), None)
    book = start[2] if start else "xl/workbook.xml"
    if book not in parts or not any(local_ == "workbook" for local_ in _root(file, archive, parts[book])):
        raise damaged(file, "its archive holds no workbook")
    links = {one[0]: one for one in _links(file, archive, parts, book)}
    used = [one[2] for one in links.values() if one[1] in ("worksheet", "sharedStrings", "styles")]
    size = sum(infos[part].file_size for part in {book, *used} if part in infos)
    if size > MOST_BYTES:
        what = f"unpacks to {-(-size // (1 << 20))} MB, and at most {MOST_BYTES >> 20} MB are read"
        raise file.refusal("SRC352", what=what)
    sheets: list[Sheet] = []
    date1904 = False
    with _part(file, archive, parts[book]) as stream:
        for element in elements(file, stream, "sheet", "workbookPr"):
            if local(element) == "workbookPr":
                date1904 = element.get("date1904", "").lower() in _TRUE
                continue
            key = next((text for name, text in element.items() if name.endswith("}id")), "")
            _, kind, part = links.get(key, ("", "", ""))
            if kind == "worksheet":
                if part not in parts:
                    raise damaged(file, f"the part of sheet '{element.get('name')}' is missing")
                hidden = element.get("state", "visible") != "visible"
                sheets.append(Sheet(element.get("name", ""), parts[part], hidden))
    by_kind = {kind: parts[part] for _, kind, part in links.values() if part in parts}
    texts = _texts(file, archive, by_kind["sharedStrings"]) if "sharedStrings" in by_kind else ()
    formats = _formats(file, archive, by_kind["styles"]) if "styles" in by_kind else ()
    return Workbook(file, archive, tuple(sheets), texts, formats, date1904)


def _plain(name: str) -> str:
    """The name of a part as packages compare it: with slashes, from the root, case ignored."""
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()


def _root(file: FilePlace, archive: zipfile.ZipFile, part: str) -> Iterator[str]:
    with _part(file, archive, part) as stream:
        for _, element in etree.iterparse(stream, events=("start",), resolve_entities=False, no_network=True):
            yield local(element)
            return


def _links(
    file: FilePlace, archive: zipfile.ZipFile, parts: dict[str, str], part: str
) -> list[tuple[str, str, str]]:
    """The relationships of a part: their id, their kind, and the part that they lead to; none to outside."""
    folder, name = posixpath.split(part)
    links = parts.get(f"{folder}/_rels/{name}.rels".lstrip("/"))
    found: list[tuple[str, str, str]] = []
    if links is None:
        return found
    with _part(file, archive, links) as stream:
        for element in elements(file, stream, "Relationship"):
            if element.get("TargetMode", "") == "External":
                continue
            kind = element.get("Type", "").rpartition("/")[2]
            goal = posixpath.join("/", folder, element.get("Target", ""))
            found.append((element.get("Id", ""), kind, _plain(goal)))
    return found


def text_of(element: Any) -> str:
    """The text of a string item or inline text: its runs in order, without the phonetic ones."""
    parts: list[str] = []
    for child in element:
        tag = local(child)
        if tag == "t":
            parts.append(child.text or "")
        elif tag == "r":
            parts += [run.text or "" for run in child if local(run) == "t"]
    return unescape("".join(parts))


def unescape(text: str) -> str:
    """``_x000D_`` and its like are characters that XML cannot hold, as Excel writes them.

    >>> unescape("a_x000A_b_x005F_c"), unescape("_x0000_")
    ('a\\nb_c', '_x0000_')
    """
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character.isprintable() or character in "\t\n\r" else match[0]


def _texts(file: FilePlace, archive: zipfile.ZipFile, part: str) -> tuple[str, ...]:
    with _part(file, archive, part) as stream:
        return tuple(text_of(element) for element in elements(file, stream, "si"))


def _formats(file: FilePlace, archive: zipfile.ZipFile, part: str) -> tuple[str, ...]:
    """The number format of each cell style, as its code."""
    codes = dict(_BUILT_IN)
    styles: tuple[str, ...] = ()
    with _part(file, archive, part) as stream:
        for element in elements(file, stream, "numFmt", "cellXfs"):
            if local(element) == "numFmt":
                codes[small(element.get("numFmtId"))] = element.get("formatCode", "")
                continue
            numbers = [small(style.get("numFmtId", "0")) for style in element if local(style) == "xf"]
            styles = tuple(codes.get(one, "General") for one in numbers)
    return styles
