"""Dates by hand: every expected value below was worked out on a calendar, not taken from the code."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdtm_il2 import iso8601
from sdtm_il2.iso8601 import DateStatus


def read(
    value: str, formats: str | list[str], unknown: tuple[str, ...] = (), pivot: int | None = None
) -> tuple[str, int]:
    parsed = iso8601.parse_dates([value], formats, unknown, pivot)
    return parsed.iso[0], int(parsed.status[0])


@pytest.mark.parametrize(
    ("value", "formats", "iso"),
    [
        ("03-MAR-1980", "dd-mon-yyyy", "1980-03-03"),
        ("03-mar-1980", "dd-MON-yyyy", "1980-03-03"),
        ("3 September 2021", "d mon yyyy", "2021-09-03"),
        ("03/04/1980", "dd/mm/yyyy", "1980-04-03"),
        ("03/04/1980", "mm/dd/yyyy", "1980-03-04"),
        ("3/4/1980", "m/d/yyyy", "1980-03-04"),
        ("3MAR1980", "dmonyyyy", "1980-03-03"),
        ("12/24/1980", "m/d/yyyy", "1980-12-24"),
        ("1980年3月4日", "yyyy年m月d日", "1980-03-04"),
        ("1980年3月", "yyyy年m月d日", "1980-03"),
        ("1980年", "yyyy年m月d日", "1980"),
        ("1980年3月4日 9:05", "yyyy年m月d日 hh:mi", "1980-03-04T09:05"),
        ("1980年3月4日", "yyyy年m月d日 hh:mi", "1980-03-04"),
        ("19800304", "yyyymmdd", "1980-03-04"),
        ("198003", "yyyymmdd", "1980-03"),
        ("1980", "yyyymmdd", "1980"),
        ("1980-03-04 09:05", "yyyy-mm-dd hh:mi", "1980-03-04T09:05"),
        ("1980-03-04   9:05", "yyyy-mm-dd hh:mi", "1980-03-04T09:05"),
        ("1980-03-04T09:05:07", "yyyy-mm-ddThh:mi:ss", "1980-03-04T09:05:07"),
        ("1980-03-04 09:05:07.000", "yyyy-mm-dd hh:mi:ss", "1980-03-04T09:05:07"),
        ("1980-03-04 09:05:07.250", "yyyy-mm-dd hh:mi:ss", "1980-03-04T09:05:07.25"),
        ("198003040905", "yyyymmddhhmi", "1980-03-04T09:05"),
        ("1980-03-04T09:05", "yyyy-mm-ddThh:mi:ss", "1980-03-04T09:05"),
        ("1980-03", "yyyy-mm-dd", "1980-03"),
        (" 1980-03-04 ", "yyyy-mm-dd", "1980-03-04"),
        ("1980", ["dd/mm/yyyy", "yyyy"], "1980"),
        ("29-FEB-2024", "dd-mon-yyyy", "2024-02-29"),
        ("2003---15", "iso", "2003---15"),
        ("2024-03-01T10:30+08:00", "iso", "2024-03-01T10:30+08:00"),
        ("45352", "excel", "2024-03-01"),
        ("45352.4375", "excel", "2024-03-01T10:30"),
        ("45352.437511574", "excel", "2024-03-01T10:30:01"),
        ("1", "excel", "1900-01-01"),
        ("61", "excel", "1900-03-01"),
        ("2958465", "excel", "9999-12-31"),
    ],
)
def test_a_raw_date_that_fits_becomes_iso(value: str, formats: str | list[str], iso: str) -> None:
    assert read(value, formats) == (iso, DateStatus.PARSED)


@pytest.mark.parametrize(
    ("value", "format_", "iso"),
    [
        ("UN-MAR-1980", "dd-mon-yyyy", "1980-03"),
        ("un-mar-1980", "dd-mon-yyyy", "1980-03"),
        ("UN-UNK-1980", "dd-mon-yyyy", "1980"),
        ("15-UNK-2003", "dd-mon-yyyy", "2003---15"),
        ("15-DEC-UNK", "dd-mon-yyyy", "--12-15"),
        ("99/12/2003", "dd/mm/yyyy", "2003-12"),
        ("2003------", "yyyy-mm-dd", "2003"),
        ("2003年不详月15日", "yyyy年m月d日", "2003---15"),
        ("2003-12-15 UN:UN", "yyyy-mm-dd hh:mi", "2003-12-15"),
        ("2003-12-15 13:UN", "yyyy-mm-dd hh:mi", "2003-12-15T13"),
        ("2003-12-15 UN:15", "yyyy-mm-dd hh:mi", "2003-12-15T-:15"),
        ("2003UNUN", "yyyymmdd", "2003"),
    ],
)
def test_unknown_tokens_stand_for_any_part(value: str, format_: str, iso: str) -> None:
    assert read(value, format_, ("UN", "UNK", "99", "--", "不详")) == (iso, DateStatus.PARSED)


@pytest.mark.parametrize(
    ("value", "formats", "status"),
    [
        ("31-FEB-1980", "dd-mon-yyyy", DateStatus.IMPOSSIBLE),
        ("29-FEB-2023", "dd-mon-yyyy", DateStatus.IMPOSSIBLE),
        ("29-FEB-1900", "dd-mon-yyyy", DateStatus.IMPOSSIBLE),
        ("03/13/1980", "dd/mm/yyyy", DateStatus.IMPOSSIBLE),
        ("0000-01-01", "yyyy-mm-dd", DateStatus.IMPOSSIBLE),
        ("1980-03-04 24:00", "yyyy-mm-dd hh:mi", DateStatus.IMPOSSIBLE),
        ("1980-03-04 23:60", "yyyy-mm-dd hh:mi", DateStatus.IMPOSSIBLE),
        ("60", "excel", DateStatus.IMPOSSIBLE),
        ("0", "excel", DateStatus.IMPOSSIBLE),
        ("2024-02-30", "iso", DateStatus.IMPOSSIBLE),
        ("1980", "dd/mm/yyyy", DateStatus.NO_FORMAT),
        ("03/1980", "dd/mm/yyyy", DateStatus.NO_FORMAT),
        ("3/4/1980", "dd/mm/yyyy", DateStatus.NO_FORMAT),
        ("1980-03-", "yyyy-mm-dd", DateStatus.NO_FORMAT),
        ("1980-03-04x", "yyyy-mm-dd", DateStatus.NO_FORMAT),
        ("１９８０-03-04", "yyyy-mm-dd", DateStatus.NO_FORMAT),
        ("03-MRZ-1980", "dd-mon-yyyy", DateStatus.NO_FORMAT),
        ("UN-MAR-1980", "dd-mon-yyyy", DateStatus.NO_FORMAT),
        ("0x10", "excel", DateStatus.NO_FORMAT),
        ("03/04/1980", ["dd/mm/yyyy", "mm/dd/yyyy"], DateStatus.AMBIGUOUS),
        ("2024", ["yyyy-mm-dd", "excel"], DateStatus.AMBIGUOUS),
        ("", "yyyy-mm-dd", DateStatus.MISSING),
        ("  ", "yyyy-mm-dd", DateStatus.MISSING),
    ],
)
def test_what_is_not_read_gives_nothing(value: str, formats: str | list[str], status: DateStatus) -> None:
    assert read(value, formats) == ("", status)


def test_two_formats_may_agree() -> None:
    parsed = iso8601.parse_dates(
        ["04/04/2024", "13/04/2024", "04/13/2024", "03/04/2024", "03/04/2024"], ["dd/mm/yyyy", "mm/dd/yyyy"]
    )
    assert parsed.iso.tolist() == ["2024-04-04", "2024-04-13", "2024-04-13", "", ""]
    assert parsed.status.tolist() == [1, 1, 1, 4, 4]
    assert parsed.clashes == {("dd/mm/yyyy", "mm/dd/yyyy"): 2}


def test_a_value_of_unknown_tokens_alone_is_missing() -> None:
    parsed = iso8601.parse_dates(["UNK", "UN-UNK-UNK", "un"], "dd-mon-yyyy", ["UN", "UNK"])
    assert parsed.iso.tolist() == ["", "", ""]
    assert parsed.status.tolist() == [0, 0, 0]


def test_a_time_with_a_partial_date_is_not_stored() -> None:
    assert read("UN-MAR-1980 10:30", "dd-mon-yyyy hh:mi", ("UN",)) == ("1980-03", DateStatus.DATE_INCOMPLETE)


def test_the_pivot_is_the_first_year_of_its_hundred() -> None:
    assert read("01-JAN-50", "dd-mon-yy", pivot=1950) == ("1950-01-01", 1)
    assert read("01-JAN-49", "dd-mon-yy", pivot=1950) == ("2049-01-01", 1)
    assert read("01-JAN-00", "dd-mon-yy", pivot=1925) == ("2000-01-01", 1)
    assert read("01-JAN-25", "dd-mon-yy", pivot=1925) == ("1925-01-01", 1)


@pytest.mark.parametrize(
    ("format_", "reason"),
    [
        (
            "DD-MON-YYYY",
            (
                "format 'DD-MON-YYYY': 'DD-MON-YYYY' starts with no date part; parts are "
                "yyyy yy mm m mon MON dd d hh mi ss, or the whole format is excel or iso"
            ),
        ),
        ("dd-mon-yy", "format 'dd-mon-yy': yy needs a pivot year"),
        ("yyyymd", "format 'yyyymd': yyyy and m need a separator; or use mm, dd"),
        ("yyyy-dd", "format 'yyyy-dd': the day stands without the month"),
        ("dd/mm", "format 'dd/mm': the day stands without the year"),
        ("yyyy-mm-dd mi", "format 'yyyy-mm-dd mi': the minute stands without the hour"),
        ("yyyy-mm-mm", "format 'yyyy-mm-mm': the month stands twice"),
        ("", "format '': no date part in it"),
        ("hh:mi", "no date format among hh:mi"),
    ],
)
def test_a_wrong_format_says_what_is_wrong(format_: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        iso8601.parse_dates(["1980"], format_)
    assert str(caught.value) == reason


def test_the_pivot_has_four_digits() -> None:
    with pytest.raises(ValueError, match="pivot 50 is no year of four digits"):
        iso8601.date_format("dd-mon-yy", pivot=50)


def test_parsed_dates_keep_the_index_of_the_records() -> None:
    raw = pd.Series(["03-MAR-1980", "x"], index=[7, 9], dtype="str")
    parsed = iso8601.parse_dates(raw, "dd-mon-yyyy")
    assert parsed.iso.to_dict() == {7: "1980-03-03", 9: ""}


def test_no_records_at_all() -> None:
    assert iso8601.parse_dates([], "yyyy").iso.tolist() == []
    assert iso8601.parse_date_times([], [], "yyyy").status.tolist() == []
    assert iso8601.study_days([], "2024-01-01").tolist() == []
    assert iso8601.compare([], "2024-01-01").tolist() == []
    assert iso8601.ages([], []).tolist() == []
    assert iso8601.earliest([], np.array([], dtype=np.int64), 2).tolist() == ["", ""]
    assert iso8601.is_iso([]).tolist() == []


def test_dates_and_times_of_two_columns() -> None:
    rows = [
        ("2024-03-01", "9:05", "2024-03-01T09:05", DateStatus.PARSED),
        ("2024-03-01", "09:05:30", "2024-03-01T09:05:30", DateStatus.PARSED),
        ("2024-03-01", "0905", "2024-03-01T09:05", DateStatus.PARSED),
        ("2024-03-01", "", "2024-03-01", DateStatus.PARSED),
        ("2024-03-01", "UNK", "2024-03-01", DateStatus.PARSED),
        ("2024-03-01", "24:00", "2024-03-01", DateStatus.TIME_IMPOSSIBLE),
        ("2024-03-01", "9:60", "2024-03-01", DateStatus.TIME_IMPOSSIBLE),
        ("2024-03-01", "9", "2024-03-01", DateStatus.TIME_NO_FORMAT),
        ("2024-03-01", "morning", "2024-03-01", DateStatus.TIME_NO_FORMAT),
        ("2024-03", "9:05", "2024-03", DateStatus.DATE_INCOMPLETE),
        ("", "9:05", "", DateStatus.DATE_INCOMPLETE),
        ("", "", "", DateStatus.MISSING),
        ("2024-02-30", "9:05", "", DateStatus.IMPOSSIBLE),
        ("soon", "9:05", "", DateStatus.NO_FORMAT),
    ]
    dates, times, isos, statuses = zip(*rows, strict=True)
    parsed = iso8601.parse_date_times(dates, times, ["yyyy-mm-dd"], ["UNK"])
    assert parsed.iso.tolist() == list(isos)
    assert parsed.status.tolist() == list(statuses)


def test_midnight_of_a_database_is_no_time() -> None:
    parsed = iso8601.parse_date_times(
        ["2024-03-01 00:00:00", "2024-03-01 00:00:00", "2024-03-01 10:00:00", "2024-03-01 10:00:00"],
        ["9:05", "", "", "9:05"],
        "yyyy-mm-dd hh:mi:ss",
    )
    assert parsed.iso.tolist() == ["2024-03-01T09:05", "2024-03-01", "2024-03-01T10:00:00", ""]
    assert parsed.status.tolist() == [1, 1, 1, DateStatus.AMBIGUOUS]


def test_stated_formats_of_times_hold_alone() -> None:
    parsed = iso8601.parse_date_times(["2024-03-01"] * 2, ["9时5分", "9:05"], ["yyyy-mm-dd", "hh时mi分"])
    assert parsed.status.tolist() == [DateStatus.TIME_NO_FORMAT, DateStatus.TIME_NO_FORMAT]
    parsed = iso8601.parse_date_times(["2024-03-01"], ["9时05分"], ["yyyy-mm-dd", "hh时mi分"])
    assert parsed.iso.tolist() == ["2024-03-01T09:05"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-03-01", "date"),
        ("2024-03", "partialDate"),
        ("2024", "partialDate"),
        ("2024-03-01T10:30:00", "datetime"),
        ("2024-03-01T10:30:00.5", "datetime"),
        ("2024-03-01T10:30:00+08:00", "datetime"),
        ("2024-03-01T10:30Z", "partialDatetime"),
        ("2024-03-01T10", "partialDatetime"),
        ("2003---15", "incompleteDatetime"),
        ("--12-15", "incompleteDatetime"),
        ("-----T07:15", "incompleteDatetime"),
        ("2003-12-15T-:15", "incompleteDatetime"),
        ("2003-12--T10:30", "incompleteDatetime"),
        ("2003-12-15T10:00/2003-12-15T10:30", "intervalDatetime"),
        ("2003---31", "incompleteDatetime"),
        ("--02-29", "incompleteDatetime"),
        ("", ""),
    ],
)
def test_forms_of_valid_values(text: str, form: str) -> None:
    assert iso8601.forms([text]).tolist() == [form]
    assert iso8601.is_iso([text]).tolist() == [bool(text)]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-32", "2024-1-1", "20240101", "2024-01-01 10:00",
        "2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:00:60", "2024-", "2024-03-", "2003---", "-",
        "-----", "2003-12--", "2024-01-01T", "2024-01-01T10:", "2024-W01-1", "0000", "--02-30",
        "2024-01T10:00", "2024-01-01T10:00+99:00", "a/b", "2024/2025/2026", "01MAR2024", "2024-03-01T10:-",
        "２024", "2024-03-01\n",
    ],
)  # fmt: skip
def test_what_sdtm_does_not_allow(text: str) -> None:
    assert not iso8601.is_iso([text])[0]
    assert iso8601.form(text) == "text"


def test_truncating_never_adds_a_part() -> None:
    values = [
        "2024-03-01T10:30:15.5",
        "2024-03",
        "2003---15",
        "",
        "soon",
        "2024-03-01T10:00/2024-03-02T11:00",
    ]
    assert iso8601.truncate(values, "second").tolist()[0] == "2024-03-01T10:30:15"
    assert iso8601.truncate(values, "minute").tolist()[0] == "2024-03-01T10:30"
    assert iso8601.truncate(values, "hour").tolist()[0] == "2024-03-01T10"
    assert iso8601.truncate(values, "day").tolist() == [
        "2024-03-01",
        "2024-03",
        "2003---15",
        "",
        "soon",
        "2024-03-01/2024-03-02",
    ]
    assert iso8601.truncate(values, "month").tolist() == [
        "2024-03",
        "2024-03",
        "2003",
        "",
        "soon",
        "2024-03/2024-03",
    ]
    assert iso8601.truncate(values, "year").tolist() == ["2024", "2024", "2003", "", "soon", "2024/2024"]
    with pytest.raises(ValueError, match="precision 'week' is none of"):
        iso8601.truncate(values, "week")  # type: ignore[arg-type]


def test_there_is_no_study_day_zero() -> None:
    days = iso8601.study_days(
        [
            "2024-02-28",
            "2024-02-29",
            "2024-03-01",
            "2024-03-01T23:59",
            "2024-03-02",
            "2023-03-01",
            "2025-03-01",
        ],
        "2024-03-01",
    )
    assert days.tolist() == [-2.0, -1.0, 1.0, 1.0, 2.0, -366.0, 366.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-03",
        "2024---01",
        "-----T10:00",
        "2024-02-30",
        "2024-03-01x",
        "2024-W01-1",
        "20240301",
    ],
)
def test_a_partial_or_impossible_date_has_no_study_day(text: str) -> None:
    assert np.isnan(iso8601.study_days([text], "2024-03-01")).all()
    assert np.isnan(iso8601.study_days(["2024-03-01"], [text])).all()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024---15", "2024-01-15", "2024-12-15"),
        ("2024-03-01T24:00", "", ""),
        ("2024-03-01T23:59", "2024-03-01", "2024-03-01"),
        ("2024-04-28/2024-05", "2024-04-28", "2024-05-31"),
        ("--05-12", "", ""),
        ("", "", ""),
        ("May 2024", "", ""),
    ],
)
def test_the_days_that_a_date_may_mean(text: str, first: str, last: str) -> None:
    found = [days.tolist() for days in iso8601.day_bounds([text, text])]
    for days, wanted in zip(found, (first, last), strict=True):
        assert len(days) == 2
        if wanted:
            assert days == [float(datetime.date.fromisoformat(wanted).toordinal())] * 2
        else:
            assert np.isnan(days).all()


def test_study_days_want_equal_lengths() -> None:
    with pytest.raises(ValueError, match="2 dates cannot be counted from 3 reference dates"):
        iso8601.study_days(["2024", "2024"], ["2024"] * 3)


@given(st.dates(), st.dates())
def test_study_days_count_as_the_calendar_does(one: datetime.date, other: datetime.date) -> None:
    (day,) = iso8601.study_days([one.isoformat()], [other.isoformat()])
    assert day != 0
    assert other + datetime.timedelta(days=int(day) - int(day > 0)) == one


@pytest.mark.parametrize(
    ("birth", "at", "age"),
    [
        ("1969-05-14", "2024-02-20", 54),
        ("1969-05-14", "2024-05-13", 54),
        ("1969-05-14", "2024-05-14", 55),
        ("1969-05-14", "2024-05-14T00:00", 55),
        ("2000-02-29", "2023-02-28", 22),
        ("2000-02-29", "2023-03-01", 23),
        ("2000-02-29", "2024-02-29", 24),
        ("1900-01-01", "2024-01-01", 124),
        ("2024-03-01", "2024-03-01", 0),
        ("1969-05", "2024-06-01", 55),
        ("1969-05", "2024-05-31", 55),
        ("1969", "2024-12-31", 55),
        ("1969-05-14", "2024-06", 55),
    ],
)
def test_ages_by_anniversaries(birth: str, at: str, age: int) -> None:
    assert iso8601.ages([birth], [at]).tolist() == [age]
    assert iso8601.ages([birth], at).tolist() == [age]


@pytest.mark.parametrize(
    ("birth", "at"),
    [("1969", "2024-06-01"), ("1969-05", "2024-05-30"), ("1969-05-14", "2024"), ("", "2024-01-01"),
     ("1969-05-14", ""), ("2024", "2024-03-01"), ("1969-02-30", "2024-01-01"),
     ("--05-14", "2024-01-01")],
)  # fmt: skip
def test_no_age_where_it_cannot_be_known(birth: str, at: str) -> None:
    assert np.isnan(iso8601.ages([birth], [at])).all()


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("2024-03-01", "2024-03-01", 0),
        ("2024-03", "2024-03", 0),
        ("2024-02-29", "2024-03-01", -1),
        ("2024-03-01", "2024-02-29", 1),
        ("2024-02", "2024-03-01", -1),
        ("2024-03", "2024-03-01", 2),
        ("2023", "2024-01", -1),
        ("2024-03-01", "2024-03-01T09:30", 2),
        ("2024-02-29T23:59", "2024-03-01", -1),
        ("2024-03-01T09:30", "2024-03-01T09:30:00", 2),
        ("2024-03-01T09:30", "2024-03-01T09:31", -1),
        ("2024-03-01T09:30:00.5", "2024-03-01T09:30:00.6", -1),
        ("2024-03-01T09:30+08:00", "2024-03-01T01:30Z", 0),
        ("2024-03-01T09:30+08:00", "2024-03-01T01:31", 1),
        ("2003---15", "2004-01-01", -1),
        ("2003---15", "2003-01-14", 1),
        ("2003---15", "2003-06-01", 2),
        ("2003-12-15T-:15", "2003-12-16", -1),
        ("2003-12-15T-:15", "2003-12-15T00:14", 1),
        ("--12-15", "2024-01-01", 2),
        ("", "2024-01-01", 2),
        ("soon", "2024-01-01", 2),
        ("2024-03-01/2024-03-05", "2024-03-06", -1),
        ("2024-03-01/2024-03-05", "2024-03-03", 2),
    ],
)
def test_the_order_of_dates(left: str, right: str, order: int) -> None:
    assert iso8601.compare([left], [right]).tolist() == [order]
    assert iso8601.compare([right], left).tolist() == [{-1: 1, 1: -1}.get(order, order)]


@pytest.mark.parametrize(
    ("left", "right", "lt", "le", "gt", "ge"),
    [
        ("2024-03-01", "2024-03-01", "no", "yes", "no", "yes"),
        ("2024-02-29", "2024-03-01", "yes", "yes", "no", "no"),
        ("2024-03-01T10:00", "2024-03-01T10:00", "no", "yes", "no", "yes"),
        ("2024-03-01", "2024-03-01T09:30", "?", "?", "?", "?"),
        ("2024-03-01T10:00", "2024-03-01", "?", "?", "?", "?"),
        ("2024-03-01T10:00", "2024-02-29", "no", "no", "yes", "yes"),
        ("2024-03", "2024-03", "?", "?", "?", "?"),
        ("2024-03", "2024-03-01", "no", "?", "?", "yes"),
        ("2024-03", "2024-03-31", "?", "yes", "no", "?"),
        ("2024-03", "2024-03-15", "?", "?", "?", "?"),
        ("2024", "2025-01-01", "yes", "yes", "no", "no"),
        ("2024-03-01T10", "2024-03-01T10:30", "?", "?", "?", "?"),
        ("soon", "2024-03-01", "?", "?", "?", "?"),
        ("", "2024-03-01", "no", "no", "no", "no"),
        ("2024-03-01", "", "no", "no", "no", "no"),
    ],
)
def test_deciding_with_partial_dates(left: str, right: str, lt: str, le: str, gt: str, ge: str) -> None:
    words = []
    for comparator in ("LT", "LE", "GT", "GE"):
        holds, undecided = iso8601.decide([left], comparator, [right])
        assert not (holds & undecided).any()
        words.append("yes" if holds[0] else "?" if undecided[0] else "no")
    assert words == [lt, le, gt, ge]


def test_deciding_checks_its_input() -> None:
    with pytest.raises(ValueError, match="2 values cannot be compared with 3"):
        iso8601.decide(["2024"] * 2, "LT", ["2024"] * 3)
    with pytest.raises(ValueError, match="'EQ' is none of LT LE GT GE"):
        iso8601.decide(["2024"], "EQ", ["2024"])  # type: ignore[arg-type]


@given(
    st.datetimes(),
    st.datetimes(),
    st.sampled_from([4, 7, 10, 13, 16, 19]),
    st.sampled_from([4, 7, 10, 13, 16, 19]),
)
def test_what_is_decided_is_true_of_the_moments_behind(
    one: datetime.datetime, other: datetime.datetime, cut: int, other_cut: int
) -> None:
    left, right = one.isoformat()[:cut], other.isoformat()[:other_cut]
    holds, undecided = iso8601.decide([left], "LT", [right])
    if holds[0]:
        assert one < other
    elif not undecided[0] and left != right:
        assert one.isoformat()[: min(cut, other_cut)] >= other.isoformat()[: min(cut, other_cut)]
    order = iso8601.compare([left], [right])[0]
    if order == -1:
        assert one < other
    if order == 1:
        assert one > other


def test_a_date_before_birth_gives_a_negative_number() -> None:
    assert iso8601.ages(["2024-03-02", "2025-03"], ["2024-03-01", "2024-02-29"]).tolist() == [-1.0, -2.0]


def test_sorting_puts_missing_first_and_a_date_before_its_times() -> None:
    values = ["2024-03-01T08:00", "", "2024-03-01", "2024-03", "2024-03-01"]
    assert iso8601.sort_keys(values).tolist() == [3, 0, 2, 1, 2]


def test_first_and_last_of_each_group() -> None:
    values = ["2024-03-02", "2024-03-01", "", "2024-03-01T08:00", "2023-01-01", ""]
    groups = np.array([0, 0, 0, 0, -1, 2])
    assert iso8601.earliest(values, groups, 3).tolist() == ["2024-03-01", "", ""]
    assert iso8601.latest(values, groups, 3).tolist() == ["2024-03-02", "", ""]
    with pytest.raises(ValueError, match="1 values, but 2 group codes"):
        iso8601.latest(["2024"], np.array([0, 0]), 1)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["2024-03-01", "", None], dtype="str"),
        np.array(["2024-03-01", "", None], dtype=object),
        pa.array(["2024-03-01", "", None]),
        pa.chunked_array([["2024-03-01"], ["", None]]),
        pd.Series(["2024-03-01", "", None], dtype="category"),
    ],
)
def test_any_column_of_texts_will_do(values: object) -> None:
    assert iso8601.forms(values).tolist() == ["date", "", ""]  # type: ignore[arg-type]
    codes, texts = iso8601.distinct(values)  # type: ignore[arg-type]
    assert [texts[code] for code in codes] == ["2024-03-01", "", ""]


_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@given(st.datetimes())
def test_written_dates_are_read_back(moment: datetime.datetime) -> None:
    moment = moment.replace(microsecond=0)
    year, month, day = f"{moment.year:04d}", moment.month, moment.day
    iso = moment.date().isoformat()
    written = {
        "yyyy-mm-dd": iso,
        "dd/mm/yyyy": f"{day:02d}/{month:02d}/{year}",
        "m/d/yyyy": f"{month}/{day}/{year}",
        "dd-mon-yyyy": f"{day:02d}-{_MONTHS[month - 1].title()}-{year}",
        "ddMONyyyy": f"{day:02d}{_MONTHS[month - 1]}{year}",
        "yyyy年m月d日": f"{year}年{month}月{day}日",
        "yyyymmdd": iso.replace("-", ""),
    }
    for format_, value in written.items():
        assert read(value, format_) == (iso, 1), format_
    assert read(moment.isoformat(), "yyyy-mm-ddThh:mi:ss") == (moment.isoformat(), 1)
    assert read(moment.isoformat(), "iso") == (moment.isoformat(), 1)
    assert iso8601.forms([iso, moment.isoformat()]).tolist() == ["date", "datetime"]


@given(st.dates(min_value=datetime.date(1900, 3, 1)))
def test_excel_counts_days_from_1899_12_30(date: datetime.date) -> None:
    serial = (date - datetime.date(1899, 12, 30)).days
    assert read(str(serial), "excel") == (date.isoformat(), 1)


@given(st.text(alphabet="0123456789-T:Z+/.UNMAR年月 ", max_size=22))
def test_no_text_breaks_the_readers(text: str) -> None:
    parsed = iso8601.parse_dates([text], ["dd-mon-yyyy", "yyyy年m月d日 hh:mi", "excel", "iso"], ["UN", "--"])
    assert iso8601.is_iso(parsed.iso)[0] == bool(parsed.iso[0])
    found = iso8601.moment(text)
    if found is not None:
        assert found.text() == text
