"""Number formats of Excel: which numbers are dates, and the text of each."""

from __future__ import annotations

import pytest

from sdtm_il2.sources.numberformat import cell_text, number_format, plain_number


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [
        ("yyyy/m/d", "45413", "2024-05-01"),
        ("yyyy/m/d", "45413.5", "2024-05-01T12:00"),
        ("yyyy/m/d h:mm", "45413", "2024-05-01T00:00"),
        ("m/d/yy h:mm", "45413.423726851855", "2024-05-01T10:10:10"),
        ("yyyy-mm-dd hh:mm:ss", "45413.42361111111", "2024-05-01T10:10:00"),
        ("yyyy-mm-dd hh:mm:ss.000", "45413.42361689815", "2024-05-01T10:10:00.5"),
        ('[$-804]yyyy"年"m"月"d"日";@', "45413", "2024-05-01"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "45413", "2024-05-01"),
        ('[$-411]ggge"年"m"月"d"日"', "45413", "2024-05-01"),
        ("mmm-yy", "45413", "2024-05"),
        ("mmm-yy", "45414", "2024-05-02"),
        ("yyyy", "45292", "2024"),
        ("d-mmm", "45413", "2024-05-01"),
        ("h:mm", "0.4236111111", "10:10"),
        ("h:mm AM/PM", "0.75", "18:00"),
        ("hh:mm:ss", "0.4236111111", "10:10:00"),
        ("mm:ss.0", "0.00069560185", "00:01:00.1"),
        ("h:mm", "45413.5", "2024-05-01T12:00"),
        ("[h]:mm:ss", "1.0625", "25:30:00"),
        ("[mm]:ss", "0.0625", "01:30:00"),
        ("yyyy/m/d", "1", "1900-01-01"),
        ("yyyy/m/d", "59", "1900-02-28"),
        ("yyyy/m/d", "61", "1900-03-01"),
        ("yyyy/m/d", "2958465", "9999-12-31"),
        ("yyyy/m/d", "45412.9999999999", "2024-05-01"),
        ("000", "7", "007"),
        ("0000000000", "123", "0000000123"),
        ("0.00", "1.5", "1.5"),
        ("#,##0", "12345", "12345"),
        ("0%", "0.5", "0.5"),
        ("0.00E+00", "1234.5", "1234.5"),
        ('0"mm"', "5", "5"),
        ('#,##0.00 "d";[Red]-#,##0.00', "5", "5"),
        ("@", "5", "5"),
        ("General", "1.1000000000000001", "1.1"),
        ('G/通用格式"岁"', "34", "34"),
    ],
)
def test_number_formats(code: str, number: str, text: str) -> None:
    assert cell_text(number, number_format(code), date1904=False) == text


def test_numbers_that_are_no_dates() -> None:
    date = number_format("yyyy/m/d")
    for number in ("-1", "0", "0.5", "60", "60.5", "2958466", "1e300"):
        assert cell_text(number, date, date1904=False) == ""
    with pytest.raises(ValueError, match="no finite number"):
        plain_number("inf")
