"""The header of an XPORT file: packed from columns, unpacked and judged from bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdtm_il2.dataset import Column
from sdtm_il2.xpt import layout
from sdtm_il2.xpt.layout import RECORD, FieldValue
from sdtm_il2.xpt.member import Stamp


def pack_header(
    name: str, label: str, dataset_type: str, stamp: Stamp, library: Stamp, columns: Sequence[Column], encoding: str,
    extra: Mapping[str, Mapping[str, FieldValue]],
) -> bytes:  # fmt: skip
    head = layout.HEADER_RECORD.pack
    parts = [
        head(kind=b"LIBRARY"),
        layout.LIBRARY.pack(
            sasver=library.sas_version.encode(), sas_os=library.sas_os.encode(), sas_create=library.created.encode()
        ),
        layout.LIBRARY_MODIFIED.pack(dtmod=library.modified.encode()),
        head(kind=b"MEMBER", descriptor=2 * RECORD, namestr=layout.NAMESTR.size),
        head(kind=b"DSCRPTR"),
        layout.MEMBER.pack(
            sas_dsname=name.encode(), sasver=stamp.sas_version.encode(), sas_osname=stamp.sas_os.encode(),
            sas_create=stamp.created.encode(),
        ),
        layout.MEMBER_LABEL.pack(
            dtmod=stamp.modified.encode(), dslabel=label.encode(encoding), dstype=dataset_type.encode()
        ),
        head(kind=b"NAMESTR", variables=len(columns)),
    ]  # fmt: skip
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
        "nhfun": 0, "nlng": column.length or 0, "nvar0": number,
        "nname": column.name.encode(encoding), "nlabel": column.label.encode(encoding),
        "nform": form[0].encode(), "nfl": form[1], "nfd": form[2], "nfj": 0,
        "niform": informat[0].encode(), "nifl": informat[1], "nifd": informat[2],
        "npos": place, **layout.NAMESTR_ZEROS,
    }  # fmt: skip


def _fitting(column: Column, extra: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """Fields that were read beside a column, unless its format has been changed since."""
    kept = dict(extra)
    for text, names in (
        (column.format, ("nform", "nfl", "nfd")),
        (column.informat, ("niform", "nifl", "nifd")),
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
