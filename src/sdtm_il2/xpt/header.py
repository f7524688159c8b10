"""The header of an XPORT file: packed from columns, unpacked and judged from bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from sdtm_il2.dataset import Column
from sdtm_il2.errors import Location, Problems, XptError, issue
from sdtm_il2.xpt import layout
from sdtm_il2.xpt.layout import RECORD, FieldValue
from sdtm_il2.xpt.limits import MAX_VARIABLES
from sdtm_il2.xpt.member import Stamp

#: The fields that make a format and an informat: name, width, decimals.
FORMAT, INFORMAT = ("nform", "nfl", "nfd"), ("niform", "nifl", "nifd")
#: Bytes that are searched for header records at a time: whole records.
_SCAN = RECORD << 14
_FOREIGN = {
    b"HEADER RECORD*******LIBV8": "XPT602",
    b"**COMPRESSED**": "XPT603",
    b"LIB CONTROL": "XPT603",
}
_KNOWN = {
    b"PK\x03\x04": "a zip or Excel file",
    b"\x1f\x8b": "a gzip file",
    b"$FL2": "an SPSS file",
    b"<": "an XML or HTML file",
    b"{": "a JSON file",
    bytes(12) + b"\xc2\xea\x81\x60": "a SAS7BDAT file",
}


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """One variable as its header describes it; ``fields`` are those of `layout.NAMESTR`."""

    column: Column
    length: int
    place: int
    fields: Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True, eq=False)
class MemberHeader:
    """All that stands before the records of one dataset, and where these begin and end in the file."""

    name: str
    label: str
    dataset_type: str
    stamp: Stamp
    library: Stamp
    variables: tuple[Variable, ...]
    start: int
    end: int

    @property
    def record_length(self) -> int:
        """Bytes of one record."""
        return sum(variable.length for variable in self.variables)


def codec(encoding: str) -> str:
    """The name of an encoding that XPORT files can have: one that keeps ASCII as it is, without shifts.

    Others raise XptError (XPT650).

    >>> codec("UTF8"), codec("latin1")
    ('utf-8', 'iso8859-1')
    """
    try:
        name = codecs.lookup(encoding).name
        usable = "AZaz09_ ".encode(name) == b"AZaz09_ " and not name.startswith(
            ("iso2022", "hz", "utf-7", "utf-8-")
        )
    except LookupError:
        usable = False
    if not usable:
        raise XptError(issue("XPT650", encoding=encoding))
    return name


def pack_header(
    name: str,
    label: str,
    dataset_type: str,
    stamp: Stamp,
    library: Stamp,
    columns: Sequence[Column],
    encoding: str,
    extra: Mapping[str, Mapping[str, FieldValue]],
) -> bytes:
    head = layout.HEADER_RECORD.pack
    parts = [
        head(kind=b"LIBRARY"),
        layout.LIBRARY.pack(
            sasver=library.sas_version.encode(),
            sas_os=library.sas_os.encode(),
            sas_create=library.created.encode(),
        ),
        layout.LIBRARY_MODIFIED.pack(dtmod=library.modified.encode()),
        head(kind=b"MEMBER", descriptor=2 * RECORD, namestr=layout.NAMESTR.size),
        head(kind=b"DSCRPTR"),
        layout.MEMBER.pack(
            sas_dsname=name.encode(),
            sasver=stamp.sas_version.encode(),
            sas_osname=stamp.sas_os.encode(),
            sas_create=stamp.created.encode(),
        ),
        layout.MEMBER_LABEL.pack(
            dtmod=stamp.modified.encode(), dslabel=label.encode(encoding), dstype=dataset_type.encode()
        ),
        head(kind=b"NAMESTR", variables=len(columns)),
    ]
    place = 0
    for number, column in enumerate(columns, 1):
        fields = namestr_fields(column, number, place, encoding)
        parts.append(layout.NAMESTR.pack(**{**fields, **_fitting(column, extra.get(column.name, {}))}))
        place += column.length or 0
    parts.append(b" " * (-layout.NAMESTR.size * len(columns) % RECORD))
    parts.append(head(kind=b"OBS"))
    return b"".join(parts)


def namestr_fields(column: Column, number: int, place: int, encoding: str) -> dict[str, FieldValue]:
    """The NAMESTR fields of a variable as SAS writes them by default."""
    form, informat = layout.split_format(column.format), layout.split_format(column.informat)
    if form is None or informat is None:
        raise ValueError(f"{column.name} has a format that XPORT cannot hold")
    return {
        "ntype": layout.CHARACTER if column.type == "Char" else layout.NUMERIC,
        "nhfun": 0,
        "nlng": column.length or 0,
        "nvar0": number,
        "nname": column.name.encode(encoding),
        "nlabel": column.label.encode(encoding),
        "nform": form[0].encode(),
        "nfl": form[1],
        "nfd": form[2],
        "nfj": 0,
        "niform": informat[0].encode(),
        "nifl": informat[1],
        "nifd": informat[2],
        "npos": place,
        **layout.NAMESTR_ZEROS,
    }


def _fitting(column: Column, extra: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """Fields that were read beside a column, unless its format has been changed since."""
    kept = dict(extra)
    for text, names in (
        (column.format, FORMAT),
        (column.informat, INFORMAT),
    ):
        if names[0] in kept and format_text(kept, names, column.type == "Char") != text:
            for one in names:
                del kept[one]
    return kept


def format_text(fields: Mapping[str, FieldValue], names: Sequence[str], character: bool) -> str:  # noqa: FBT001
    """The text of a format or informat that stands in NAMESTR fields."""
    name, width, decimals = (fields[one] for one in names)
    text = name.decode("latin-1") if isinstance(name, bytes) else ""
    return layout.join_format(text, int(width), int(decimals), character=character)


def read_headers(
    stream: BinaryIO, size: int, at: Location, encoding: str, errors: str
) -> tuple[MemberHeader, ...]:
    """The headers of all datasets of a file of `size` bytes, in order.

    `errors` is what to do with header text outside the encoding: ``strict`` or ``backslashreplace``.
    XptError (XPT601 to XPT610) says what the file is, or which part of it is wrong.
    """
    _check_kind(stream.read(RECORD), at)
    library = _library(stream, at)
    starts = [3 * RECORD, *(start for start in _marks(stream, at) if start > 3 * RECORD)]
    ends = [*starts[1:], size]
    pairs = zip(starts, ends, strict=True)
    headers = tuple(_member(stream, start, end, library, at, encoding, errors) for start, end in pairs)
    if size % RECORD:
        raise XptError(issue("XPT608", "", at, size=size, rest=size % RECORD))
    return headers


def _check_kind(first: bytes, at: Location) -> None:
    for mark, code in _FOREIGN.items():
        if first.startswith(mark):
            raise XptError(issue(code, "", at))
    if not first.startswith(layout.HEADER_RECORD.pack(kind=b"LIBRARY")[:28]):
        found = next((name for mark, name in _KNOWN.items() if first.startswith(mark)), "another file")
        raise XptError(issue("XPT601", "", at, found=found if first else "an empty file"))


def _part(stream: BinaryIO, offset: int, count: int, part: str, at: Location) -> bytes:
    """Bytes of the header; a file that ends inside them is refused."""
    stream.seek(offset)
    data = stream.read(count)
    if len(data) < count:
        raise XptError(issue("XPT604", "", at, size=offset + len(data), part=part, needed=count))
    return data


def _header_record(stream: BinaryIO, offset: int, kind: bytes, at: Location) -> dict[str, FieldValue]:
    part = f"header record {kind.decode()}"
    data = _part(stream, offset, RECORD, part, at)
    if data[:48] != layout.HEADER_RECORD.pack(kind=kind)[:48]:
        raise XptError(issue("XPT605", "", at, offset=offset, part=part))
    try:
        return layout.HEADER_RECORD.unpack(data)
    except ValueError as error:
        raise XptError(issue("XPT605", "", at, offset=offset, part=f"{part} with its numbers")) from error


def _library(stream: BinaryIO, at: Location) -> Stamp:
    _header_record(stream, 0, b"LIBRARY", at)
    first = layout.LIBRARY.unpack(_part(stream, RECORD, RECORD, "library header", at))
    second = layout.LIBRARY_MODIFIED.unpack(_part(stream, 2 * RECORD, RECORD, "library header", at))
    return _stamp(first["sasver"], first["sas_os"], first["sas_create"], second["dtmod"])


def _stamp(*fields: FieldValue) -> Stamp:
    texts = [field.decode("latin-1") if isinstance(field, bytes) else "" for field in fields]
    return Stamp(*texts)


def _marks(stream: BinaryIO, at: Location) -> Iterator[int]:
    """Where a dataset begins: the header record MEMBER, at a multiple of 80 bytes."""
    stream.seek(0)
    offset = 0
    while block := stream.read(_SCAN):
        found = block.find(layout.HEADER_MARK)
        while found >= 0:
            kind = block[found + 20 : found + 48]
            if found % RECORD == 0 and kind == layout.MEMBER_MARK:
                yield offset + found
            elif found % RECORD == 0 and kind == layout.LIBRARY_MARK and offset + found:
                part = "data, and not the LIBRARY header record of a second file,"
                raise XptError(issue("XPT605", "", at, offset=offset + found, part=part))
            found = block.find(layout.HEADER_MARK, found + 1)
        offset += len(block)


def _member(
    stream: BinaryIO, start: int, end: int, library: Stamp, at: Location, encoding: str, errors: str
) -> MemberHeader:
    namestr = _header_record(stream, start, b"MEMBER", at)["namestr"]
    if namestr not in (140, 136):
        raise XptError(issue("XPT605", "", at, offset=start, part="a NAMESTR size of 140 or 136"))
    _header_record(stream, start + RECORD, b"DSCRPTR", at)
    first = layout.MEMBER.unpack(_part(stream, start + 2 * RECORD, RECORD, "member header", at))
    second = layout.MEMBER_LABEL.unpack(_part(stream, start + 3 * RECORD, RECORD, "member header", at))
    count = int(_header_record(stream, start + 4 * RECORD, b"NAMESTR", at)["variables"])
    offset = start + 5 * RECORD
    needed = int(namestr) * count
    if offset + needed > end:
        part = f"headers of {count} variables"
        raise XptError(issue("XPT604", "", at, size=end, part=part, needed=needed))
    data = _part(stream, offset, needed, "headers of variables", at)
    offset += needed + -needed % RECORD
    _header_record(stream, offset, b"OBS", at)

    problems = Problems()

    def text(field: FieldValue, part: str) -> str:
        raw = field if isinstance(field, bytes) else b""
        try:
            return raw.decode(encoding, errors)
        except UnicodeDecodeError:
            problems.add("XPT610", "", at, part=part, encoding=encoding)
            return ""

    name = text(first["sas_dsname"], "dataset name")
    rows = [data[place : place + int(namestr)].ljust(140, b"\0") for place in range(0, needed, int(namestr))]
    variables = tuple(
        _variable(layout.NAMESTR.unpack(row), number, text) for number, row in enumerate(rows, 1)
    )
    if not 1 <= count <= MAX_VARIABLES:
        problems.add("XPT627", name, at, found=count, allowed=MAX_VARIABLES)
    _check_variables(problems, name, variables, at)
    header = MemberHeader(
        name,
        text(second["dslabel"], "dataset label"),
        text(second["dstype"], "dataset type"),
        _stamp(first["sasver"], first["sas_osname"], first["sas_create"], second["dtmod"]),
        library,
        variables,
        offset + RECORD,
        end,
    )
    problems.stop(XptError)
    return header


def _variable(fields: dict[str, FieldValue], number: int, text: Callable[[FieldValue, str], str]) -> Variable:
    character = fields["ntype"] != layout.NUMERIC
    length = int(fields["nlng"])
    column = Column(
        text(fields["nname"], f"name of variable {number}"),
        text(fields["nlabel"], f"label of variable {number}"),
        "Char" if character else "Num",
        length,
        format_text(fields, FORMAT, character),
        format_text(fields, INFORMAT, character),
    )
    return Variable(column, length, int(fields["npos"]), fields)


def _check_variables(problems: Problems, name: str, variables: Sequence[Variable], at: Location) -> None:
    """Types, lengths and places of all variables; together they fill the record without gap or overlap."""
    seen: set[str] = set()
    expected = {}
    place = 0
    for variable in sorted(variables, key=lambda one: one.place):
        expected[id(variable)] = place
        place += max(variable.length, 0)
    for number, variable in enumerate(variables, 1):
        column, type_ = variable.column, int(variable.fields["ntype"])
        wrong = []
        if type_ not in (layout.NUMERIC, layout.CHARACTER):
            wrong.append(f"its type is {type_}, not 1 or 2")
        elif column.type == "Num" and not 2 <= variable.length <= 8:
            wrong.append(f"its length is {variable.length & 0xFFFF}, and numbers have 2 to 8 bytes")
        elif variable.length < 1:
            wrong.append(f"its length is {variable.length & 0xFFFF}, and text has 1 to 32767 bytes")
        if variable.place != expected[id(variable)]:
            wrong.append(f"it stands at byte {variable.place} of the record, not {expected[id(variable)]}")
        if not column.name:
            wrong.append("it has no name")
        if column.name in seen:
            wrong.append("its name stands twice")
        seen.add(column.name)
        for problem in wrong:
            target = f"{name}.{column.name}" if column.name else name
            problems.add("XPT606", target, at, number=number, problem=problem)


def kept_fields(variable: Variable, number: int, encoding: str) -> dict[str, FieldValue]:
    """The NAMESTR fields that differ from what a column alone would give: they are carried beside it."""
    column = variable.column
    if layout.split_format(column.format) is None:
        column = replace(column, format="")
    if layout.split_format(column.informat) is None:
        column = replace(column, informat="")
    usual = namestr_fields(column, number, variable.place, encoding)
    kept = {name for name, value in variable.fields.items() if usual[name] != value}
    for names in (FORMAT, INFORMAT):
        if not kept.isdisjoint(names):
            kept.update(names)
    return {name: value for name, value in variable.fields.items() if name in kept}
