"""The layout of SAS XPORT v5 files, once, as tables that pack and unpack.

Field names are those of SAS Technical Support note TS-140, "The Record Layout of a SAS Transport Data Set".
A table has one line a field: its name, its type, its constant if it has one, and after ``#`` its meaning.
Types are those of `struct` (``h`` and ``i`` big-endian integers, ``8s`` eight bytes padded with blanks)
and ``10d``, a number written as ten decimal digits.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

FieldValue: TypeAlias = int | bytes

#: Everything in a file but the data comes in records of this many bytes.
RECORD = 80


class Field(NamedTuple):
    """One line of a layout."""

    name: str
    type: str
    constant: bytes | None

    @property
    def size(self) -> int:
        """Bytes of the field."""
        return struct.calcsize(">" + self.type.replace("d", "s"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A stretch of bytes of fixed length, as named fields.

    >>> point = read_layout("x h\\ny h\\nname 4s\\ncount 3d\\nend 2s '!!'")
    >>> point.pack(x=1, y=-1, name=b"P", count=7)
    b'\\x00\\x01\\xff\\xffP   007!!'
    >>> point.unpack(point.pack(x=1, y=-1, name=b"P", count=7))
    {'x': 1, 'y': -1, 'name': b'P', 'count': 7, 'end': b'!!'}
    """

    fields: tuple[Field, ...]
    packed: struct.Struct

    @property
    def size(self) -> int:
        """Bytes of the whole layout."""
        return self.packed.size

    def pack(self, **values: FieldValue) -> bytes:
        """The bytes of these field values; a field left out is its constant, else 0 or blanks.

        Nothing is cut: text longer than its field raises ValueError, as does a field of another layout.
        """
        row: list[FieldValue] = []
        for field in self.fields:
            value = values.pop(field.name, field.constant)
            if field.type[-1] == "d":
                value = b"%0*d" % (field.size, value if isinstance(value, int) else 0)
            elif field.type[-1] == "s":
                value = (value or b"").ljust(field.size) if not isinstance(value, int) else b""
            elif value is None:
                value = 0
            if isinstance(value, bytes) and len(value) != field.size:
                raise ValueError(f"{field.name} holds {field.size} bytes, not {len(value)}")
            row.append(value)
        if values:
            raise ValueError(f"unknown fields: {', '.join(sorted(values))}")
        return self.packed.pack(*row)

    def unpack(self, data: bytes) -> dict[str, FieldValue]:
        """Field values of these bytes, text without trailing blanks; ValueError for digits that are none."""
        values: dict[str, FieldValue] = {}
        for field, value in zip(self.fields, self.packed.unpack(data), strict=True):
            if field.type[-1] == "d":
                if not value.isdigit():
                    raise ValueError(f"{field.name} is not a number")
                values[field.name] = int(value)
            else:
                values[field.name] = value.rstrip(b" ") if isinstance(value, bytes) else value
        return values


def read_layout(table: str) -> Layout:
    """The layout that a table describes; see the head of this module."""
    fields = []
    for line in table.strip().splitlines():
        name, type_, *constant = line.split("#")[0].split(maxsplit=2)
        fields.append(Field(name, type_, constant[0].strip().strip("'").encode() if constant else None))
    return Layout(
        tuple(fields), struct.Struct(">" + "".join(field.type.replace("d", "s") for field in fields))
    )


#: Every header record: what follows it, and the counts that some kinds carry.
HEADER_RECORD = read_layout("""
    mark        20s  'HEADER RECORD*******'
    kind         8s                         # LIBRARY, MEMBER, DSCRPTR, NAMESTR or OBS
    mark2       20s  'HEADER RECORD!!!!!!!'
    variables   10d                         # NAMESTR: how many variables follow
    descriptor  10d                         # MEMBER: 160, the bytes of the member's two descriptor records
    namestr     10d                         # MEMBER: 140, the bytes of one NAMESTR (136 from VAX/VMS)
    pad          2s
""")

#: First real header record of the file.
LIBRARY = read_layout("""
    sas_symbol   8s  'SAS'
    sas_symbol2  8s  'SAS'
    saslib       8s  'SASLIB'
    sasver       8s                         # release of SAS that wrote the file: 9.4
    sas_os       8s                         # operating system: X64_10PR
    blanks      24s
    sas_create  16s                         # ddMMMyy:hh:mm:ss
""")

#: Second real header record of the file.
LIBRARY_MODIFIED = read_layout("""
    dtmod       16s                         # ddMMMyy:hh:mm:ss
    blanks      64s
""")

#: First descriptor record of a member, which is a dataset.
MEMBER = read_layout("""
    sas_symbol   8s  'SAS'
    sas_dsname   8s                         # name of the dataset
    sasdata      8s  'SASDATA'
    sasver       8s
    sas_osname   8s
    blanks      24s
    sas_create  16s
""")

#: Second descriptor record of a member.
MEMBER_LABEL = read_layout("""
    dtmod       16s
    padding     16s
    dslabel     40s                         # label of the dataset
    dstype       8s                         # type of the dataset, blank for data
""")

#: One variable.
NAMESTR = read_layout("""
    ntype    h                              # 1 numeric, 2 character
    nhfun    h                              # hash of the name, always 0
    nlng     h                              # bytes in the record
    nvar0    h                              # number of the variable, from 1
    nname    8s
    nlabel  40s
    nform    8s                             # name of the format: DATE, $CHAR, or none
    nfl      h                              # width of the format, or 0
    nfd      h                              # decimals of the format
    nfj      h                              # 0 left, 1 right justified
    nfill    2s
    niform   8s                             # name of the informat
    nifl     h
    nifd     h
    npos     i                              # where the value starts in the record
    rest    52s                             # unused
""")

#: Which bytes of `NAMESTR` SAS leaves 0, not blank.
NAMESTR_ZEROS: dict[str, FieldValue] = {"nfill": bytes(2), "rest": bytes(52)}

NUMERIC, CHARACTER = 1, 2
#: How header records begin, and what follows in those that begin a dataset and a file.
HEADER_MARK = HEADER_RECORD.pack()[:20]
MEMBER_MARK = HEADER_RECORD.pack(kind=b"MEMBER")[20:48]
LIBRARY_MARK = HEADER_RECORD.pack(kind=b"LIBRARY")[20:48]

_FORMAT = re.compile(r"(\$?(?:[A-Za-z_](?:[A-Za-z0-9_]*[A-Za-z_])?)?)([0-9]*)\.([0-9]*)")


def split_format(text: str) -> tuple[str, int, int] | None:
    """A SAS format is a name, a width, a point and decimals, of which only the point must stand.

    Returns name, width (0: none) and decimals; None for text that is no format or too long for the file.

    >>> split_format("DATE9."), split_format("8.2"), split_format("$CHAR10."), split_format("DATE9")
    (('DATE', 9, 0), ('', 8, 2), ('$CHAR', 10, 0), None)
    """
    if not text:
        return "", 0, 0
    match = _FORMAT.fullmatch(text)
    if match is None or text == "." or len(match[1]) > 8:
        return None
    width, decimals = int(match[2] or 0), int(match[3] or 0)
    return None if max(width, decimals) > 32767 else (match[1], width, decimals)


def join_format(name: str, width: int, decimals: int, *, character: bool) -> str:
    """The text of a format; a character format that has a width and no name is written ``$20.``

    >>> join_format("DATE", 9, 0, character=False), join_format("", 20, 0, character=True)
    ('DATE9.', '$20.')
    """
    if not name and not width and not decimals:
        return ""
    name = name or ("$" if character else "")
    return f"{name}{width or ''}.{decimals or ''}"
