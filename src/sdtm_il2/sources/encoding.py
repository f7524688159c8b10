"""Bytes of a text file to UTF-8: the encodings that exports come in, and where one does not fit."""

from __future__ import annotations

import codecs
from typing import Final

from sdtm_il2.errors import Location, Problems

#: Encodings by the name a specification may use, and the codec that reads them. GBK and GB2312 are subsets
#: of GB18030, and are read as such.
ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "utf16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "big5": "big5",
    "cp950": "cp950",
    "shift-jis": "shift_jis",
    "sjis": "shift_jis",
    "cp932": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "euc_kr",
    "cp949": "cp949",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "cp1250": "cp1250",
    "windows-1250": "cp1250",
    "iso-8859-1": "iso8859-1",
    "latin-1": "iso8859-1",
}

#: What the messages offer, in the order in which a whole file is tried.
OFFERED: Final = ("utf-8", "utf-16", "gb18030", "shift_jis", "cp932", "cp1252")

_UTF8_MARK: Final = codecs.BOM_UTF8
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def codec_of(encoding: str) -> str:
    """The codec that reads an encoding; "" where the name is not known.

    >>> codec_of("Shift_JIS"), codec_of("GBK"), codec_of("klingon")
    ('shift_jis', 'gb18030', '')
    """
    return ENCODINGS.get(encoding.strip().lower().replace("_", "-"), "")


def _fits(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def fitting_encodings(data: bytes) -> tuple[str, ...]:
    """The usual encodings that read every byte; UTF-16 only where its mark stands at the start.

    >>> fitting_encodings("受试者".encode("gb18030"))
    ('gb18030', 'shift_jis', 'cp932', 'cp1252')
    """
    marked = data.startswith(_UTF16_MARKS)
    return tuple(name for name in OFFERED if marked == (name == "utf-16") and _fits(data, name))


def _place(before: str) -> tuple[int, int]:
    """Line and column (both from 1) of the character that follows the text."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n")
    return lines.count("\n") + 1, len(lines) - lines.rfind("\n")


def to_utf8(data: bytes, encoding: str, target: str, file: str, at: Location, problems: Problems) -> bytes:
    """The text of a file as UTF-8 bytes without a mark; b"" after a problem.

    Adds SRC306 (encoding not known), SRC307 (a byte does not fit: line and column), SRC308 (reads as UTF-8,
    warning), SRC309 (UTF-16 without mark) or SRC312 (NUL bytes) to the problems.

    >>> to_utf8("男".encode("gb18030"), "gb18030", "demog", "demog.csv", Location(), Problems()).decode()
    '男'
    """
    codec = codec_of(encoding)
    if not codec:
        problems.add("SRC306", target, at, encoding=encoding, allowed=", ".join(OFFERED))
        return b""
    if codec == "utf-16" and not data.startswith(_UTF16_MARKS):
        problems.add("SRC309", target, at, path=file)
        return b""
    try:
        text = _decoded(data, codec, target, file, encoding, at, problems)
    except UnicodeDecodeError as fault:
        line, column = _place(data[: fault.start].decode(codec, "replace").removeprefix("\ufeff"))
        fitting = fitting_encodings(data)
        if fitting:
            advice = f"encodings that read the whole file: {', '.join(fitting)}"
        else:
            advice = "no usual encoding reads the whole file; ask for a new export"
        byte = f"{data[fault.start]:02X}"
        problems.add(
            "SRC307",
            target,
            at,
            first=Location(file, line),
            column=column,
            byte=byte,
            encoding=encoding,
            help=advice,
        )
        return b""
    if text.find(b"\0") >= 0:
        line, column = _place(text[: text.find(b"\0")].decode("utf-8"))
        count = text.count(b"\0")
        problems.add("SRC312", target, at, count=count, first=Location(file, line), column=column)
        return b""
    return text


def _decoded(
    data: bytes, codec: str, target: str, file: str, encoding: str, at: Location, problems: Problems
) -> bytes:
    if codec == "utf-8":
        body = data.removeprefix(_UTF8_MARK)
        if not body.isascii():
            data.decode("utf-8")  # only to find a byte that does not fit
        return body
    if codec.startswith("utf-16"):
        return data.decode(codec).removeprefix("\ufeff").encode("utf-8")
    if data.isascii():
        return data
    if _fits(data, "utf-8"):
        mark = " with its mark" if data.startswith(_UTF8_MARK) else ""
        problems.add("SRC308", target, at, path=file, mark=mark, encoding=encoding)
    return data.decode(codec).encode("utf-8")
