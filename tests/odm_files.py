"""Small ODM files, for the tests of their reading."""

from __future__ import annotations

from pathlib import Path

from raw_studies import spec, study, write
from sdtm_il2.sources import Source, read_sources

V13 = "http://www.cdisc.org/ns/odm/v1.3"


def odm(body: str, *, kind: str = "Snapshot", more: str = "", definitions: str = "", top: str = "") -> str:
    """An ODM file; the body begins on its second line."""
    top = top or '<?xml version="1.0" encoding="UTF-8"?>'
    return (
        f'{top}<ODM xmlns="{V13}" xmlns:oc="http://www.openclinica.org/ns/odm_ext_v130/v3.1" FileType="{kind}" '
        f'ODMVersion="1.3.2" {more}>{definitions}<ClinicalData StudyOID="S1" MetaDataVersionOID="V1">\n'
        f"{body}\n</ClinicalData></ODM>\n"
    )


def subject(key: str, body: str, more: str = "") -> str:
    return f'<SubjectData SubjectKey="{key}"{more}>{body}</SubjectData>'


def event(oid: str, body: str, more: str = "") -> str:
    return f'<StudyEventData StudyEventOID="{oid}"{more}>{body}</StudyEventData>'


def form(oid: str, body: str, more: str = "") -> str:
    return f'<FormData FormOID="{oid}"{more}>{body}</FormData>'


def group(oid: str, items: str, more: str = "") -> str:
    return f'<ItemGroupData ItemGroupOID="{oid}"{more}>{items}</ItemGroupData>'


def item(oid: str, value: str, more: str = "") -> str:
    return f'<ItemData ItemOID="{oid}" Value="{value}"{more}/>'


def read(
    folder: Path, content: str | bytes, form: str = "", group: str = "", **more: str
) -> tuple[Source, list[str]]:
    write(folder, {"raw.xml": content})
    found = read_sources(study(spec("edc", "raw.xml", form=form, group=group, **more)), folder)
    return found["edc"], [str(one) for one in found.issues]


def rows(source: Source, *columns: str) -> list[list[str]]:
    return source.frame[list(columns)].to_numpy().tolist()


def typed(kind: str) -> str:
    return f' TransactionType="{kind}"'
