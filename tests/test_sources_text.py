"""Text files: encodings, delimiters, headers, quotes, line numbers, and what each broken file says."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raw_studies import discard, spec, study, write
from sdtm_il2.errors import Location, SourceError, catalogue
from sdtm_il2.sources import RawTable, read_sources, read_text

AT = Location("study.yaml", 8)


def read(data: bytes | str, name: str = "ae.csv", **options: object) -> RawTable:
    content = data.encode() if isinstance(data, str) else data
    return read_text(Path(name), data=content, target="ae", file=f"raw/{name}", at=AT, **options)  # type: ignore[arg-type]


def records(table: RawTable) -> list[list[str]]:
    return table.frame.to_numpy().tolist()


def notes(table: RawTable) -> list[str]:
    return [str(one) for one in table.issues]


def refusal(data: bytes | str, name: str = "ae.csv", **options: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(data, name, **options)
    return str(caught.value)


# ---- what is read ---------------------------------------------------------------------------------------


def test_cells_stay_the_text_that_they_are() -> None:
    table = read("A,B,C,D,E\n007,1.50,NA,NULL,TRUE\n 1 ,,1e5,#N/A,nan\n")
    assert records(table) == [["007", "1.50", "NA", "NULL", "TRUE"], [" 1 ", "", "1e5", "#N/A", "nan"]]
    assert {str(dtype) for dtype in table.frame.dtypes} == {"str"}
    assert table.frame.isna().sum().sum() == 0
    assert table.rows.tolist() == [2, 3]
    assert table.issues == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk", "GB2312", "UTF_8"])
def test_chinese_headers_with_dots_and_blanks(encoding: str) -> None:
    data = "受试者 编号,AE.开始日期\n01-001,2024年3月1日\n".encode(encoding)
    table = read(data, encoding=encoding)
    assert list(table.frame.columns) == ["受试者 编号", "AE.开始日期"]
    assert records(table) == [["01-001", "2024年3月1日"]]


def test_utf_8_mark_is_no_part_of_the_first_header() -> None:
    table = read(b"\xef\xbb\xbfID\n1\n", encoding="utf-8")
    assert table.headers == {"ID": "ID"}


def test_utf_16_of_both_byte_orders() -> None:
    text = "名,B\r\n男,1\r\n"
    for codec, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        table = read(mark + text.encode(codec), encoding="utf-16")
        assert list(table.frame.columns) == ["名", "B"]
        assert records(table) == [["男", "1"]]
        assert records(read(text.encode(codec), encoding=codec)) == [["男", "1"]]


def test_shift_jis_and_cp1252() -> None:
    assert records(read("性別\n男\nソ\n".encode("shift_jis"), encoding="shift_jis")) == [["男"], ["ソ"]]
    assert records(read("NAME\nMüller – 5µg\n".encode("cp1252"), encoding="cp1252")) == [["Müller – 5µg"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quotes_hold_line_ends_and_row_numbers_stay_right(end: str) -> None:
    lines = ["ID,TEXT", '1,"two', "", 'lines ""here"""', "2,plain", "", '3,"a,b"', '4,"x', 'y"', "5,end"]
    table = read(end.join(lines) + end)
    assert records(table) == [
        ["1", f'two{end}{end}lines "here"'],
        ["2", "plain"],
        ["3", "a,b"],
        ["4", f"x{end}y"],
        ["5", "end"],
    ]
    assert table.rows.tolist() == [2, 5, 7, 8, 10]
    assert notes(table) == ["study.yaml:8: SRC319 ae: 1 blank line skipped, first at raw/ae.csv:6"]


def test_a_quote_within_a_field_is_text() -> None:
    table = read('ID,TEXT\n1,5" catheter\n2,"6"" tube"\n3,"a\nb"\n4,x"y"\n')
    assert records(table) == [["1", '5" catheter'], ["2", '6" tube'], ["3", "a\nb"], ["4", 'x"y"']]
    assert table.rows.tolist() == [2, 3, 4, 6]


def test_last_record_needs_no_line_end() -> None:
    assert records(read("A,B\n1,2\n3,")) == [["1", "2"], ["3", ""]]


def test_records_without_any_text_are_blank_lines() -> None:
    table = read("A,B\n\n1,2\n , \n,\n   \n3,4\n\n")
    assert records(table) == [["1", "2"], ["3", "4"]]
    assert table.rows.tolist() == [3, 7]
    assert notes(table) == ["study.yaml:8: SRC319 ae: 5 blank lines skipped, first at raw/ae.csv:2"]


def test_delimiter_by_ending_by_statement_and_from_the_header() -> None:
    assert records(read("A\tB\n1,5\t2\n", "lab.tsv")) == [["1,5", "2"]]
    assert records(read("A\tB\n1\t2\n", "lab.tab")) == [["1", "2"]]
    assert records(read("A;B\n1,5;2\n", "lab.csv", delimiter=";")) == [["1,5", "2"]]
    assert records(read("A\tB\n1\t2\n", "lab.csv", delimiter="tab")) == [["1", "2"]]
    found = read("A|B|C\n1|2,5|3\n", "lab.txt")
    assert records(found) == [["1", "2,5", "3"]]
    assert notes(found) == [
        (
            "study.yaml:8: SRC327 ae: the header of raw/lab.txt is cut at '|'\n"
            "  hint: write delimiter: '|' in the source to fix it"
        )
    ]
    assert list(read("ONE COLUMN\n1\n", "lab.txt").frame.columns) == ["ONE COLUMN"]


def test_header_that_is_one_column_by_mistake() -> None:
    assert notes(read("A;B\n1;2\n")) == [
        (
            "study.yaml:8: SRC328 ae: the header of raw/ae.csv is one column when cut at ',', but holds ';'\n"
            "  hint: write delimiter: ';'"
        )
    ]


def test_header_on_line_3_leaves_title_rows_out() -> None:
    table = read('检验报告,"未闭合\n2024-05-01\n编号,结果\n1,2\n', header=(3,))
    assert list(table.frame.columns) == ["编号", "结果"]
    assert table.rows.tolist() == [4]
    assert notes(table) == ["study.yaml:8: SRC326 ae: 2 lines before the header skipped as title rows"]


def test_header_of_two_rows_is_upper_dot_lower() -> None:
    table = read("report\n,血常规,,,尿\nID,WBC,RBC,,PRO\n7,1,2,,3\n", header=(2, 3))
    assert list(table.frame.columns) == ["ID", "血常规.WBC", "血常规.RBC", "血常规", "尿.PRO"]
    assert table.rows.tolist() == [4]
    assert notes(table) == ["study.yaml:8: SRC326 ae: 1 line before the header skipped as title rows"]


def test_header_with_a_line_end_within() -> None:
    table = read('ID,"Visit\nDate"\n1,2\n')
    assert list(table.frame.columns) == ["ID", "Visit\nDate"]
    assert table.rows.tolist() == [3]


def test_headers_that_stand_twice() -> None:
    table = read("ID,DT, DT ,DT#2,DT\n1,2,3,4,5\n")
    assert list(table.frame.columns) == ["ID", "DT", "DT#3", "DT#2", "DT#4"]
    assert table.headers == {"ID": "ID", "DT": "DT", "DT#3": " DT ", "DT#2": "DT#2", "DT#4": "DT"}
    assert notes(table) == [
        (
            "study.yaml:8: SRC316 ae: header 'DT' stands 3 times; "
            "the later columns are read as 'DT#3', 'DT#4'\n"
            "  hint: name the columns apart with rename: in the source, or in the export"
        )
    ]


def test_blank_headers() -> None:
    table = read("ID,,B,,\n1,,2,, \n3,,4,x,\n")
    assert list(table.frame.columns) == ["ID", "B", "COLUMN 4"]
    assert records(table) == [["1", "2", ""], ["3", "4", "x"]]
    assert table.headers["COLUMN 4"] == ""
    assert notes(table) == [
        (
            "study.yaml:8: SRC317 ae: 1 filled cell in a column without a header, first at raw/ae.csv:3; "
            "it is read as 'COLUMN 4'\n"
            "  hint: give the column a header in the export, or list it under not_submitted: columns:"
        ),
        "study.yaml:8: SRC318 ae: 2 columns without header and without data left out",
    ]


def test_a_header_without_records() -> None:
    table = read("A,B\n")
    assert list(table.frame.columns) == ["A", "B"]
    assert len(table.frame) == 0
    assert table.rows.tolist() == []
    assert {str(dtype) for dtype in table.frame.dtypes} == {"str"}
    assert notes(table) == [
        "study.yaml:8: SRC305 ae: raw/ae.csv has a header and no records\n  hint: look whether it was cut off"
    ]
    assert records(read("A,B")) == []
    assert [one.code for one in read("A,B\n,\n").issues] == ["SRC319", "SRC305"]


def test_utf_8_read_as_another_encoding_is_named() -> None:
    table = read("né\n1\n", encoding="cp1252")
    assert notes(table) == [
        (
            "study.yaml:8: SRC308 ae: raw/ae.csv is valid UTF-8, but is read as cp1252\n"
            "  hint: write encoding: utf-8, unless names and units look right as they are"
        )
    ]


def test_long_records_and_many_blocks() -> None:
    long = "x" * 3_000_000
    rows = "".join(f'{number},"{number}\n{number}"\n' for number in range(40_000))
    table = read(f"A,B\n1,{long}\n2,{long}\n3,{long}\n{rows}")
    assert table.frame["B"].str.len()[:3].tolist() == [3_000_000] * 3
    assert table.rows[:3].tolist() == [2, 3, 4]
    assert table.rows[3:].tolist() == list(range(5, 5 + 80_000, 2))
    assert table.frame["B"].iloc[-1] == "39999\n39999"


# ---- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (
            b"",
            {},
            ("study.yaml:8: SRC304 ae: raw/ae.csv has 0 bytes\n"
            "  hint: export the file again; an export without records still has a header line"),
        ),
        (
            b"A\n1\n",
            {"encoding": "klingon"},
            ("study.yaml:8: SRC306 ae: encoding 'klingon' is not known\n"
            "  hint: write one of utf-8, utf-16, gb18030, shift_jis, cp932, cp1252"),
        ),
        (
            "ID,NAME\n1,x\n2,a男\n".encode("gb18030"),
            {},
            ("study.yaml:8: SRC307 ae: raw/ae.csv:3 column 4: byte 0xC4 is not utf-8\n"
            "  hint: encodings that read the whole file: gb18030, shift_jis, cp932, cp1252"),
        ),
        (
            b"ID\r\n1\r\n\x81\x81\x81\xff\r\n",
            {"encoding": "gb18030"},
            ("study.yaml:8: SRC307 ae: raw/ae.csv:3 column 2: byte 0x81 is not gb18030\n"
            "  hint: no usual encoding reads the whole file; ask for a new export"),
        ),
        (
            b"\xff\xfe" + "ID\n1\n".encode("utf-16-le"),
            {},
            ("study.yaml:8: SRC307 ae: raw/ae.csv:1 column 1: byte 0xFF is not utf-8\n"
            "  hint: encodings that read the whole file: utf-16"),
        ),
        (
            "ID\n1\n".encode("utf-16-le"),
            {"encoding": "utf-16"},
            ("study.yaml:8: SRC309 ae: raw/ae.csv has no byte order mark, so utf-16 does not say which byte "
            "comes first\n"
            "  hint: write encoding: utf-16-le (the usual one) or utf-16-be"),
        ),
        (
            b"ID,T\n1,a\0b\n2,\0\n",
            {},
            ("study.yaml:8: SRC312 ae: 2 NUL bytes in the text, first at raw/ae.csv:2 column 4\n"
            "  hint: export the file again as text; a file in UTF-16 needs encoding: utf-16"),
        ),
        (
            "A,B,C\n1,2,3\n1,2\n\n1,2,3,4\n\"x\ny\",2,3\n,\n1\n1,2,3\n",
            {},
            ("study.yaml:8: SRC313 ae: 3 records of raw/ae.csv without the 3 fields of the header: "
            "line 3 has 2, line 5 has 4, line 9 has 1\n"
            "  hint: put a field that holds ',' or a line break in double quotes; "
            "check delimiter: and header:"),
        ),
        (
            "A;B\n" + "1\n" * 25 + "1;2\n",
            {"delimiter": ";"},
            "study.yaml:8: SRC313 ae: 25 records of raw/ae.csv without the 2 fields of the header: "
            + ", ".join(f"line {line} has 1" for line in range(2, 22))
            + " and 5 more\n"
            "  hint: put a field that holds ';' or a line break in double quotes; "
            "check delimiter: and header:",
        ),
        (
            "A,B,C\n1,2,3\n1,2",
            {},
            ("study.yaml:8: SRC314 ae: the file is cut: its last record, at raw/ae.csv:3, has 2 of 3 fields\n"
            "  hint: ask for the complete export; a closing line of totals must be taken out"),
        ),
        (
            'A,B\n1,2\n2,"open\n3,4\n',
            {},
            ("study.yaml:8: SRC314 ae: the file is cut: its last record, at raw/ae.csv:3, opens a quote "
            "that is never closed\n"
            "  hint: ask for the complete export; a closing line of totals must be taken out"),
        ),
        (
            'A,B\n1,"said "no" twice"\n2,"x"\n',
            {},
            ("study.yaml:8: SRC315 ae: 1 quoted field of raw/ae.csv with text after the closing quote: line 2\n"
            '  hint: double the quotes inside a quoted field ("") in the export'),
        ),
        (
            "A\n1\n",
            {"delimiter": ";;"},
            ("study.yaml:8: SRC329 ae: delimiter ';;' is not one character of ASCII other than a quote or "
            "line end\n"
            "  hint: write delimiter: ',' or ';' or '|' or tab"),
        ),
        (
            "A\n1\n",
            {"header": (4,)},
            ("study.yaml:8: SRC330 ae: header: 4, but raw/ae.csv ends on line 2\n"
            "  hint: write in header: the number of the line with the column names"),
        ),
        (
            "A\n,\n1\n",
            {"header": (2,)},
            ("study.yaml:8: SRC330 ae: header: 2, but line 2 of raw/ae.csv is blank\n"
            "  hint: write in header: the number of the line with the column names"),
        ),
        (
            "A\nB\n1\n",
            {"header": (2, 1)},
            ("study.yaml:8: SRC330 ae: header: 2, 1, but lines are counted from 1, upwards\n"
            "  hint: write in header: the number of the line with the column names"),
        ),
    ],
)  # fmt: skip
def test_refusals_say_where_and_what_to_do(
    data: bytes | str, options: dict[str, object], message: str
) -> None:
    assert refusal(data, **options) == message


def test_a_cut_file_with_other_faults_names_both() -> None:
    text = refusal("A,B\n1\n2,3\n4")
    assert [line.split(" ")[1] for line in text.splitlines() if "SRC" in line] == ["SRC313", "SRC314"]


# ---- the standard library's reader as judge -------------------------------------------------------------

CELL = st.sampled_from(["a", "", '"x,y"', '"p\nq"', '"d""e"', '5"', '"\r\n"', "男 ", '""', '"\r"'])
ROW = st.one_of(st.just(""), st.tuples(CELL, CELL).map(",".join))


@given(st.lists(ROW, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_records_and_lines_agree_with_the_csv_module(rows: list[str], end: str) -> None:
    text = end.join(["X,Y", *rows])
    judge = csv.reader(io.StringIO(text, newline=""))
    expected, line = [], 0
    for record in judge:
        expected.append((line + 1, record))
        line = judge.line_num
    expected = [(row, record) for row, record in expected[1:] if any(cell.strip() for cell in record)]
    table = read(text)
    assert list(zip(table.rows.tolist(), records(table), strict=True)) == expected


def test_every_message_has_a_page() -> None:
    pages = {code: one.page for code, one in catalogue().items() if code.startswith("SRC")}
    assert len(pages) >= 35
    assert [code for code, page in pages.items() if page.count(". ") < 1 or not page.endswith(".")] == []


def test_a_file_cut_inside_its_last_cell_is_told_by_the_missing_line_end() -> None:
    table = read("A,B\n1,2024-03-01\n2,2024-0")
    assert table.frame["B"].tolist() == ["2024-03-01", "2024-0"]
    (said,) = notes(table)
    assert said == (
        "study.yaml:8: SRC349 ae: the last record has no line end, every other one has; the file may be cut inside "
        "its last cell, at raw/ae.csv:3\n  hint: compare the file with the sender's, and end its last line"
    )
    assert not read("A,B\n1,2\n3,4\n").issues


def test_a_header_among_the_records_is_told_unless_it_is_discarded(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "A,B\n1,2\n A ,B\n3,4\n"})
    found = read_sources(study(spec("a", "a.csv")), tmp_path)
    assert [str(one) for one in found.issues] == [
        (
            "study.yaml:8: SRC348 a: 1 record is the same as the header, first at a.csv:3; read like any other\n"
            "  hint: take the lines out of the export, or list them under not_submitted: rows"
        )
    ]
    assert found["a"].frame.to_numpy().tolist() == [["1", "2"], [" A ", "B"], ["3", "4"]]
    found = read_sources(study(spec("a", "a.csv", unsubmitted_rows=(discard("A EQ A"),))), tmp_path)
    assert found.issues == ()
