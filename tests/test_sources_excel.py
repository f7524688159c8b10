"""Excel workbooks: what a cell becomes, headers and merged cells, sheets, and what each broken file says."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from raw_studies import spec, study, write
from sdtm_il2.errors import Location, SourceError
from sdtm_il2.sources import RawTable, read_sources
from sdtm_il2.sources.excel import read_excel

AT = Location("study.yaml", 8)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(
    *fill: Callable[[Worksheet], object], names: tuple[str, ...] = (), epoch: object = None
) -> bytes:
    """A workbook by openpyxl, one sheet a function."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    if epoch:
        book.epoch = epoch
    for number, one in enumerate(fill):
        one(book.create_sheet(names[number] if names else f"Sheet{number + 1}"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def table(*rows: list[object]) -> Callable[[Worksheet], object]:
    def fill(sheet: Worksheet) -> None:
        for row in rows:
            sheet.append(row)

    return fill


def package(rows: str, *, styles: str = "", texts: str = "", more: Mapping[str, str] | None = None) -> bytes:
    """A workbook of one sheet by hand: the XML of its rows, of its cell styles, and of its shared texts."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{LINKS}"><Relationship Id="r1" Type="{KINDS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{KINDS}"><sheets>'
        '<sheet name="Data" sheetId="1" r:id="s1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{LINKS}">'
        f'<Relationship Id="s1" Type="{KINDS}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="s2" Type="{KINDS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="s3" Type="{KINDS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        **(more or {}),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def excel(data: bytes, **options: object) -> RawTable:
    return read_excel(Path("lab.xlsx"), data=data, target="lab", at=AT, **options)  # type: ignore[arg-type]


def records(found: RawTable) -> list[list[str]]:
    return found.frame.to_numpy().tolist()


def notes(found: RawTable) -> list[str]:
    return [str(one).replace("study.yaml:8: ", "") for one in found.issues]


def message(data: bytes, **options: object) -> str:
    with pytest.raises(SourceError) as caught:
        excel(data, **options)
    return str(caught.value)


# ---- cells ----------------------------------------------------------------------------------------------


def test_cells_are_the_text_that_excel_shows() -> None:
    found = excel(
        workbook(
            table(
                ["受试者", "B", "C", "D"],
                ["007", 7, 7.0, 1.5],
                ["NA", 0.1 + 0.2, -0.5, 1e-7],
                [" x ", True, False, 123456789012345],
                ["a\nb", 1e20, 0, -12.25],
            )
        )
    )
    assert list(found.frame.columns) == ["受试者", "B", "C", "D"]
    assert records(found) == [
        ["007", "7", "7", "1.5"],
        ["NA", "0.3", "-0.5", "0.0000001"],
        [" x ", "TRUE", "FALSE", "123456789012345"],
        ["a\nb", "100000000000000000000", "0", "-12.25"],
    ]
    assert {str(kind) for kind in found.frame.dtypes} == {"str"}
    assert found.rows.tolist() == [2, 3, 4, 5]
    assert notes(found) == [
        (
            "SRC360 lab: 1 number of 'B' with more than 15 digits, first at lab.xlsx:5; Excel keeps only 15\n"
            "  hint: format the column as text before entering, and correct the values"
        )
    ]


def test_dates_of_every_day_agree_with_openpyxl() -> None:
    start = dt.datetime(1900, 3, 1)
    days = [start + dt.timedelta(days=97 * step, seconds=7919 * step % 86_400) for step in range(5000)]
    for epoch in (None, CALENDAR_MAC_1904):
        used = [day for day in days if epoch is None or day.year > 1904]
        found = excel(workbook(table(["A"], *([day] for day in used)), epoch=epoch))
        assert found.frame["A"].tolist() == [day.isoformat() for day in used]


def test_errors_formulas_and_odd_dates_are_said() -> None:
    def fill(sheet: Worksheet) -> None:
        table(["A", "B", "C", "D"], ["#N/A", "=1+1", 45413, -1], ["#NAME?", "x", 45414, 45413])(sheet)
        for row in (2, 3):
            sheet[f"C{row}"].number_format = "d-mmm"
            sheet[f"D{row}"].number_format = "yyyy/m/d"

    found = excel(workbook(fill))
    assert records(found) == [["", "", "2024-05-01", "-1"], ["", "x", "2024-05-02", "2024-05-01"]]
    assert notes(found) == [
        (
            "SRC356 lab: 2 cells of 'A' with an error of Excel (#N/A, #NAME?), first at lab.xlsx:2; read as empty\n"
            "  hint: correct the formula or the value in the workbook"
        ),
        (
            "SRC357 lab: 1 formula of 'B' without a stored value, first at lab.xlsx:2; read as empty\n"
            "  hint: open the workbook in Excel, let it calculate, and save it"
        ),
        (
            "SRC358 lab: 1 number of 'D' under a date format that is no date, first at lab.xlsx:2; "
            "read as a number\n  hint: correct the value or its format in the workbook"
        ),
        (
            "SRC359 lab: 2 dates of 'C' shown without a year, first at lab.xlsx:2; "
            "the year read is the one that Excel stored\n"
            "  hint: check them against the collected values; format the column as text before typing"
        ),
    ]
    assert [one.severity for one in found.issues] == ["error", "error", "warning", "warning"]


def test_what_a_number_format_adds_is_said() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["A", "B", "C", "D", "E", "F"])
        sheet.append([0.255, 0.5, 1234567, 36.6, 7, 1234.5])
        formats = ("0.0%", '"<"0.0', "0.0,", '0.0\\ "℃"', "000", '#,##0.00;[Red]"-"0')
        for place, code in zip("ABCDEF", formats, strict=True):
            sheet[f"{place}2"].number_format = code

    found = excel(workbook(fill))
    assert records(found) == [["0.255", "0.5", "1234567", "36.6", "007", "1234.5"]]
    assert notes(found) == [
        f"SRC345 lab: 1 number of '{column}' that Excel shows with more than the number ({kind}), first at lab.xlsx:2; "
        "the stored number is read\n  hint: compare with what the sheet shows; if that was collected, format the column "
        "as text and type it again"
        for column, kind in (("A", "%"), ("B", "<"), ("C", "thousands"), ("D", "℃"))
    ]


def test_what_other_programs_write() -> None:
    rows = (
        '<row><c t="inlineStr"><is><t>ID</t></is></c><c t="s"><v>0</v></c><c t="s"><v>1</v></c>'
        '<c t="inlineStr"><is><t>D</t></is></c></row>'
        '<row r="4"><c r="A4" s="1"><v>45413</v></c><c r="B4" t="str"><f>A1</f><v>p_x000D_</v></c>'
        '<c r="C4" t="b"><f>TRUE()</f><v>1</v></c><c r="D4" t="d"><v>2024-05-01</v></c></row>'
        '<row r="5"><c r="A5" s="2"/><c r="B5" t="str"><f>""</f><v></v></c><c r="C5" s="3"><v>45413</v></c>'
        '<c r="D5" s="9"><f>1+1</f><v>2.0000000000000004</v></c></row>'
        '<row r="9"><c r="A9" s="2"/></row><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row>'
    )
    styles = (
        '<numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;/&quot;mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/>'
        '</cellStyleXfs><cellXfs><xf/><xf numFmtId="31"/><xf numFmtId="0"/><xf numFmtId="176"/></cellXfs>'
    )
    texts = (
        "<si><r><t>患</t></r><r><rPr/><t xml:space='preserve'>者 </t></r><rPh sb='0' eb='1'><t>X</t></rPh></si>"
        "<si><t>a_x005F_b</t></si>"
    )
    found = excel(package(rows, styles=styles, texts=texts))
    assert found.headers == {"ID": "ID", "患者": "患者 ", "a_b": "a_b", "D": "D"}
    assert records(found) == [["2024-05-01", "p\r", "TRUE", "2024-05-01"], ["", "", "2024-05", "2"]]
    assert found.rows.tolist() == [4, 5]
    assert notes(found) == ["SRC319 lab: 2 blank lines skipped, first at lab.xlsx:2"]


def test_another_namespace_and_prefix_are_read() -> None:
    sheet = (
        '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData><x:row><x:c t="str">'
        "<x:v>A</x:v></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    assert records(excel(package("", more={"xl/worksheets/sheet1.xml": sheet}))) == [["1"]]


# ---- headers, merged and hidden cells -------------------------------------------------------------------


def test_two_header_rows_with_merged_cells() -> None:
    def fill(sheet: Worksheet) -> None:
        table(
            ["检验报告"],
            [],
            ["编号", "血常规", None, None, "D"],
            [None, "WBC", "RBC", None, "E"],
            [7, 1, 2, 3, 4],
        )(sheet)
        for place in ("A1:E1", "A3:A4", "B3:D3"):
            sheet.merge_cells(place)

    found = excel(workbook(fill), header=(3, 4))
    assert list(found.frame.columns) == ["编号", "血常规.WBC", "血常规.RBC", "血常规", "D.E"]
    assert records(found) == [["7", "1", "2", "3", "4"]]
    assert found.rows.tolist() == [5]
    assert notes(found) == ["SRC326 lab: 2 lines before the header skipped as title rows"]


def test_a_header_merged_down_or_over_columns() -> None:
    def fill(sheet: Worksheet) -> None:
        table(["ID", "AE", None], [None, None, None], [1, 2, 3])(sheet)
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C2")

    found = excel(workbook(fill), header=(2,))
    assert list(found.frame.columns) == ["ID", "AE", "AE#2"]
    assert notes(found) == [
        "SRC326 lab: 1 line before the header skipped as title rows",
        (
            "SRC316 lab: header 'AE' stands 2 times; the later columns are read as 'AE#2'\n"
            "  hint: name the columns apart with rename: in the source, or in the export"
        ),
    ]


def test_merged_records_hold_their_value_once() -> None:
    def fill(sheet: Worksheet) -> None:
        table(["ID", "TEST"], ["01", "WBC"], [None, "RBC"], ["02", "WBC"])(sheet)
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("C3:D4")

    found = excel(workbook(fill))
    assert records(found) == [["01", "WBC"], ["", "RBC"], ["02", "WBC"]]
    assert notes(found) == [
        (
            "SRC361 lab: 1 merged range among the records, first at lab.xlsx:2; "
            "only the first cell of each holds the value\n"
            "  hint: unmerge the cells in the workbook and fill in each record"
        )
    ]


def test_hidden_rows_columns_and_sheets_are_read() -> None:
    def fill(sheet: Worksheet) -> None:
        table(["A", "B"], [1, 2], [3, 4])(sheet)
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True
        sheet.sheet_state = "hidden"

    found = excel(workbook(table(), fill, names=("Cover", "lists")))
    assert records(found) == [["1", "2"], ["3", "4"]]
    assert notes(found) == [
        "SRC362 lab: 1 hidden row read like others, first at lab.xlsx:3",
        "SRC363 lab: lab.xlsx: sheet 'lists', column 'B' is hidden and read like others",
    ]


def test_blank_rows_columns_and_headers() -> None:
    def fill(sheet: Worksheet) -> None:
        table(["ID", None, "B"], [1, None, 2], [], [3, None, None], [])(sheet)
        sheet["D4"] = "x"
        sheet["XFD900000"].number_format = "0.00"

    found = excel(workbook(fill))
    assert list(found.frame.columns) == ["ID", "B", "COLUMN 4"]
    assert records(found) == [["1", "2", ""], ["3", "", "x"]]
    assert found.rows.tolist() == [2, 4]
    assert notes(found) == [
        "SRC319 lab: 1 blank line skipped, first at lab.xlsx:3",
        (
            "SRC317 lab: 1 filled cell in a column without a header, first at lab.xlsx:4; it is read as 'COLUMN 4'\n"
            "  hint: give the column a header in the export, or list it under not_submitted: columns:"
        ),
    ]
    assert notes(excel(workbook(table(["A", "B"])))) == [
        "SRC305 lab: lab.xlsx has a header and no records\n  hint: look whether it was cut off"
    ]


# ---- sheets ---------------------------------------------------------------------------------------------


def test_a_sheet_by_name_or_number() -> None:
    data = workbook(table(["A"], [1]), table(["B"], [2]), table(["C"], [3]), names=("2", "血常规", "生化"))
    assert records(excel(data, sheet="血常规")) == [["2"]]
    assert records(excel(data, sheet="3")) == [["3"]]
    assert records(excel(data, sheet="2")) == [["1"]]  # a name comes before a number
    assert message(data) == (
        "study.yaml:8: SRC355 lab: lab.xlsx has 3 sheets with data: '2', '血常规', '生化'\n"
        "  hint: name the one to read, such as sheet: '2'; each further one is a source of its own"
    )
    assert records(excel(workbook(table(), table(["B"], [2]), table()))) == [["2"]]


@pytest.mark.parametrize(
    ("sheet", "hint"),
    [
        ("lab", "did you mean 'LAB '?"),
        ("Vitals", "did you mean 'vital'?"),
        ("9", "sheets are 'LAB ', 'vital'"),
    ],
)
def test_an_unknown_sheet_names_the_nearest(sheet: str, hint: str) -> None:
    data = workbook(table(["A"]), table(["B"]), names=("LAB ", "vital"))
    assert message(data, sheet=sheet) == (
        f"study.yaml:8: SRC353 lab: lab.xlsx has no sheet '{sheet}'\n  hint: {hint}"
    )


# ---- what is refused ------------------------------------------------------------------------------------

NO_BOOK = "study.yaml:8: SRC350 lab: lab.xlsx is no readable Excel workbook: "
AGAIN = "\n  hint: save it as XLSX in Excel again, or export the sheet as CSV"
ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le")
BOMB = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
HEAD = '<row><c t="str"><v>A</v></c></row>'


def test_workbooks_under_a_password() -> None:
    text = "study.yaml:8: SRC351 lab: lab.xlsx is protected by a password\n  hint: save it without a password"
    assert message(ENCRYPTED) == text
    data = bytearray(workbook(table(["A"])))
    data[data.find(b"PK\x01\x02") + 8] |= 1  # the archive says that a part is encrypted
    assert message(bytes(data)) == text


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"A,B\n1,2\n", "it is no zip archive, as every .xlsx file is"),
        (ENCRYPTED[:100], "it is a workbook of Excel 97 to 2003 (.xls)"),
        (workbook(table(["A"], [1]))[:-300], "its archive is cut or damaged"),
        (package("", more={"xl/workbook.bin": "x"}), "it is a binary workbook (.xlsb)"),
        (package("", more={"xl/workbook.xml": "<html/>"}), "its archive holds no workbook"),
        (package('<row r="1"><c'), "a part is broken XML in line 1"),
        (package(f'{HEAD}<row r="1"/>'), "the rows after row 1 are out of order"),
        (package(f'{HEAD}<row r="9999999"/>'), "the rows after row 1 are out of order"),
        (
            package('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'),
            "the cells of row 1 are out of order",
        ),
        (package('<row r="1"><c r="XFE1"><v>1</v></c></row>'), "a cell lies outside the sheet"),
        (package('<row><c t="s"><v>0</v></c></row>'), "a cell names a text that the workbook does not hold"),
        (package(f"{HEAD}<row><c><v>1,5</v></c></row>"), "a cell of numbers holds something else"),
        (package(f"{HEAD}<row><c><v>1e999</v></c></row>"), "a cell of numbers holds something else"),
        (
            package(
                "",
                more={
                    "xl/worksheets/sheet1.xml": f'{BOMB}<worksheet xmlns="{MAIN}"><sheetData><row><c t="str">'
                    "<v>&b;</v></c></row></sheetData></worksheet>"
                },
            ),
            "a part has a document type, which no workbook has",
        ),
    ],
)
def test_files_that_are_no_workbook(data: bytes, what: str) -> None:
    assert message(data) == NO_BOOK + what + AGAIN


def test_a_missing_sheet_part_is_damage() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package(HEAD))) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            if "sheet1" not in name:
                new.writestr(name, old.read(name))
    assert message(stream.getvalue()) == NO_BOOK + "the part of sheet 'Data' is missing" + AGAIN


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    data = bytearray(package(HEAD))
    place = data.rfind(b"xl/worksheets/sheet1.xml") - 46 + 24
    data[place : place + 4] = (3 << 30).to_bytes(4, "little")  # the size that the archive declares
    assert message(bytes(data)) == (
        "study.yaml:8: SRC352 lab: lab.xlsx unpacks to 3073 MB, and at most 1024 MB are read\n"
        "  hint: export the sheet as CSV"
    )
    data[place : place + 4] = (10).to_bytes(4, "little")  # less than the part holds
    assert message(bytes(data)).startswith(NO_BOOK)


def test_too_many_cells_are_not_read() -> None:
    wide = "".join(f'<c r="{letter}1" t="str"><v>x</v></c>' for letter in ("A", "B"))
    assert len(excel(package(f"<row>{wide}</row>")).frame.columns) == 2
    rows = "".join(
        f'<row r="{row}"><c r="{openpyxl.utils.get_column_letter(row)}{row}"><v>1</v></c></row>'
        for row in range(1, 10_100)
    )
    assert message(package(rows)) == (
        "study.yaml:8: SRC352 lab: lab.xlsx has a sheet of more than 100 million cells\n"
        "  hint: export the sheet as CSV"
    )


def test_links_to_other_files_are_not_followed() -> None:
    links = (
        f'<Relationships xmlns="{LINKS}"><Relationship Id="s1" Type="{KINDS}/worksheet" TargetMode="External" '
        'Target="file:///etc/passwd"/></Relationships>'
    )
    assert message(package(HEAD, more={"xl/_rels/workbook.xml.rels": links})) == (
        "study.yaml:8: SRC354 lab: no sheet of lab.xlsx holds a value\n"
        "  hint: name another sheet with sheet:, or export the file again"
    )


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ((9,), "header: 9, but sheet 'Sheet1' of lab.xlsx ends on row 3"),
        ((2,), "header: 2, but row 2 of sheet 'Sheet1' of lab.xlsx is blank"),
        ((3, 1), "header: 3, 1, but rows are counted from 1, upwards"),
    ],
)
def test_headers_that_are_not_there(header: tuple[int, ...], what: str) -> None:
    assert message(workbook(table(["A"], [], [1])), header=header) == (
        f"study.yaml:8: SRC330 lab: {what}\n"
        "  hint: write in header: the number of the line with the column names"
    )


def test_empty_workbooks_and_sheets() -> None:
    hint = "\n  hint: name another sheet with sheet:, or export the file again"
    assert message(workbook(table())) == (
        "study.yaml:8: SRC354 lab: no sheet of lab.xlsx holds a value" + hint
    )
    assert message(workbook(table(), table(["A"]), names=("a", "b")), sheet="a") == (
        "study.yaml:8: SRC354 lab: sheet 'a' of lab.xlsx holds no value" + hint
    )


# ---- as a source ----------------------------------------------------------------------------------------


def test_a_workbook_as_a_source(tmp_path: Path) -> None:
    data = workbook(table(["t"], ["ID", "结果"], ["01", "ND"]), table(["x"]), names=("检验", "other"))
    write(tmp_path, {"raw/lab.xlsx": data, "raw/lab.csv": data})
    for options in ({"path": "raw/lab.xlsx"}, {"path": "raw/lab.csv", "format": "xlsx"}):
        one = spec("lab", sheet="检验", header=(2,), missing=("ND",), delimiter=";", **options)
        found = read_sources(study(one), tmp_path)
        source = found["lab"]
        assert source.frame.to_numpy().tolist() == [["01", ""]]
        assert source.collected["结果"].tolist() == ["ND"]
        assert str(source.place(0)) == f"{options['path']}:3"
        assert [str(issue) for issue in found.issues] == [
            (
                "study.yaml:8: SRC342 lab: delimiter: means nothing for xlsx files and is not used\n"
                "  hint: take it out of the source"
            ),
            "study.yaml:8: SRC326 lab: 1 line before the header skipped as title rows",
        ]
