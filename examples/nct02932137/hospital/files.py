"""How the departments write their files: GB18030, dates in four ways, workbooks with titles and merged headers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def full_width(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if one.isdigit() or one in ".<" else one for one in text)


def written(day: dt.date, style: int) -> str:
    """One date in the four ways in which the hospital's people write it."""
    return (
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
    )[style % 4]


class Folder:
    """Where the files go; every run writes the same bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def table(
        self, name: str, header: list[str], rows: list[list[str]], title: list[str] | None = None
    ) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        for line in title or []:
            writer.writerow([line] + [""] * (len(header) - 1))
        writer.writerow(header)
        writer.writerows(rows)
        (self.path / name).write_bytes(text.getvalue().encode("gb18030"))

    def workbook(self, name: str, sheet: str, rows: list[list[str]], merged: list[str]) -> None:
        """A workbook of one sheet; stored, not deflated, because zlib is not the same everywhere."""
        cells = "".join(
            f'<row r="{number}">'
            + "".join(
                f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
                for place, value in enumerate(row)
                if value
            )
            + "</row>"
            for number, row in enumerate(rows, 1)
        )
        ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
            f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
            f'Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{cells}</sheetData>'
            f'<mergeCells count="{len(merged)}">{ranges}</mergeCells></worksheet>',
        }
        with zipfile.ZipFile(self.path / name, "w", zipfile.ZIP_STORED) as archive:
            for path, text in parts.items():
                entry = zipfile.ZipInfo(path, (2017, 3, 1, 8, 0, 0))
                entry.create_system = 3  # the same on every system
                archive.writestr(entry, (_XML + text).encode())
