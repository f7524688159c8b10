"""What XPORT files hold, what is refused, and what a failure leaves behind."""

from __future__ import annotations

import datetime as dt
import decimal
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest

from sdtm_il2.dataset import Column
from sdtm_il2.xpt import SpecialValues, describe_xpt, read_xpt, write_xpt
from xpt_files import data_of, refused

# The ways in which other writers lose data without a word


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_datetimes_of_every_unit_are_seconds_since_1960(tmp_path, unit):
    times = pd.Series(["2020-05-06T00:00:00", "1950-01-01T12:00:00", None]).astype(f"datetime64[{unit}]")
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": times}))
    member = read_xpt(tmp_path / "a.xpt")
    assert member.dataset.columns[0].format == "DATETIME20."
    assert member.dataset.frame["A"].tolist()[:2] == [1904342400.0, -3652 * 86400.0 + 43200]
    frame, _ = pyreadstat.read_xport(tmp_path / "a.xpt")
    assert frame["A"].tolist()[:2] == [dt.datetime(2020, 5, 6), dt.datetime(1950, 1, 1, 12)]
    assert pd.isna(frame["A"][2])


def test_dates_are_days_since_1960(tmp_path):
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": [dt.date(1960, 1, 2), None, dt.date(1959, 12, 31)]}))
    member = read_xpt(tmp_path / "a.xpt")
    assert member.dataset.columns[0].format == "DATE9."
    assert member.dataset.frame["A"].fillna(99).tolist() == [1.0, 99.0, -1.0]


def test_times_with_a_part_of_a_second_or_a_zone_are_refused(tmp_path):
    times = pd.to_datetime(
        pd.Series(["2020-05-06T00:00:00", "2020-05-06T00:00:00.5"], dtype="str"), format="ISO8601"
    )
    frame = pd.DataFrame({"A": times, "B": times.dt.floor("s").dt.tz_localize("UTC")})
    found = refused(tmp_path / "a.xpt", frame)
    assert list(found) == ["XPT644 A.A", "XPT647 A.B"]
    assert found["XPT644 A.A"].count == 1
    assert "first in record 2" in found["XPT644 A.A"].message


def test_nan_beside_null_in_arrow_is_missing(tmp_path):
    write_xpt(tmp_path / "a.xpt", pa.table({"A": pa.array([float("nan"), 1.0, None])}))
    assert data_of(tmp_path / "a.xpt", 8)[:3] == [b"." + bytes(7), b"\x41\x10" + bytes(6), b"." + bytes(7)]


def test_tables_of_the_arrow_stream_interface(tmp_path):
    class Frame:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"A": pa.array(["x", "é"], pa.string_view())}).__arrow_c_stream__(
                requested_schema
            )

    assert write_xpt(tmp_path / "a.xpt", Frame(), encoding="utf-8").lengths == {"A": 2}
    assert data_of(tmp_path / "a.xpt", 2)[:2] == [b"x ", b"\xc3\xa9"]


def test_numbers_beyond_ibm_doubles_are_refused(tmp_path):
    found = refused(
        tmp_path / "a.xpt",
        pd.DataFrame({"A": [np.inf, -np.inf, 1], "B": [1e75, 1e76, -1e300], "C": [1e-79, 5e-324, 0]}),
    )
    assert {key: one.count for key, one in found.items()} == {
        "XPT640 A.A": 2,
        "XPT641 A.B": 2,
        "XPT642 A.C": 2,
    }
    assert "first in record 2" in found["XPT641 A.B"].message


def test_numbers_at_the_limits_are_exact(tmp_path):
    numbers = [1e75, 9.05e74, float(np.nextafter(16.0**63, 0)), 16.0**-65, -(16.0**-65), 0.1, 0.0]
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": numbers}))
    assert read_xpt(tmp_path / "a.xpt").dataset.frame["A"].tolist() == numbers
    assert pyreadstat.read_xport(tmp_path / "a.xpt")[0]["A"].tolist() == numbers


def test_text_beyond_its_length_is_refused_and_never_cut(tmp_path):
    frame = pd.DataFrame({"A": ["x" * 200, "x" * 201, "x" * 40000], "B": ["abc", "", "abcdef"]})
    found = refused(tmp_path / "a.xpt", frame, [Column("A"), Column("B", length=3)])
    message = "text of up to 40000 bytes, where XPORT v5 allows 200, in 2 records, first in record 2"
    assert found["XPT635 A.A"].message == message
    assert (
        found["XPT632 A.B"].message
        == "text of up to 6 bytes, where 3 are declared, in 1 record, first in record 3"
    )
    assert found["XPT632 A.B"].hint == "raise the length to 6, or shorten the text"
    assert found["XPT632 A.B"].values == (("abcdef", 1),)


def test_lengths_count_bytes_not_characters(tmp_path):
    frame = pd.DataFrame({"A": ["é日本", "", "a"], "B": ["x", None, "yy"]})
    assert write_xpt(tmp_path / "a.xpt", frame, encoding="utf-8").lengths == {"A": 8, "B": 2}
    assert write_xpt(tmp_path / "a.xpt", frame, encoding="gb18030").lengths == {"A": 6, "B": 2}
    member = read_xpt(tmp_path / "a.xpt", encoding="gb18030")
    assert member.dataset.frame["A"].tolist() == ["é日本", "", "a"]
    assert pyreadstat.read_xport(tmp_path / "a.xpt", encoding="gb18030")[0]["A"].tolist() == [
        "é日本",
        "",
        "a",
    ]


def test_labels_are_limited_in_bytes(tmp_path):
    frame = pd.DataFrame({"A": ["x"]})
    thirteen = "检" * 13
    write_xpt(tmp_path / "a.xpt", frame, [Column("A", thirteen)], label="x" * 40, encoding="utf-8")
    assert read_xpt(tmp_path / "a.xpt").dataset.columns[0].label == thirteen
    found = refused(
        tmp_path / "a.xpt", frame, [Column("A", thirteen + "检")], label="x" * 41, encoding="utf-8"
    )
    assert found["XPT621 A.A"].message == "the label has 42 bytes; 40 are allowed"
    assert found["XPT621 A"].message == "the label has 41 bytes; 40 are allowed"
    assert "XPT622 A.A" in refused(tmp_path / "a.xpt", frame, [Column("A", thirteen)])


def test_columns_and_variables_must_agree(tmp_path):
    found = refused(
        tmp_path / "a.xpt", pd.DataFrame({"A": ["x"], "EXTRA": [1]}), [Column("A"), Column("ZZZ")]
    )
    assert set(found) == {"XPT628 A.ZZZ", "XPT629 A.EXTRA"}


def test_names(tmp_path):
    frame = pd.DataFrame([["x"] * 6], columns=["a", "A", "TOOLONG12", "1A", "A-B", "_OK1"])
    found = refused(tmp_path / "a.xpt", frame, name="lb")
    assert set(found) == {
        "XPT620 lb",
        "XPT620 lb.a",
        "XPT620 lb.TOOLONG12",
        "XPT620 lb.1A",
        "XPT620 lb.A-B",
        "XPT623 lb.A",
    }
    twice = pd.DataFrame([[1, 2, 3]], columns=["A", "A", 7])
    assert set(refused(tmp_path / "a.xpt", twice)) == {"XPT623 A.A", "XPT620 A.7"}
    assert read_xpt(write_xpt(tmp_path / "lb.xpt", pd.DataFrame({"A": ["x"]})).path).dataset.name == "LB"


@pytest.mark.parametrize(
    "values",
    [
        ["1.0", 1.0],
        [b"abc", b"d"],
        [[1, 2], None],
        [1 + 2j],
        [decimal.Decimal("1.10")],
        [dt.timedelta(hours=1)],
        [dt.time(1, 2)],
        [1, "x"],
        [object()],
        [2**70, "x"],
    ],
)
def test_values_of_no_type_are_refused(tmp_path, values):
    found = refused(tmp_path / "a.xpt", pd.DataFrame({"A": pd.Series(values, dtype=object)}))
    assert list(found) == ["XPT630 A.A"]


def test_types_met_late_in_a_column_are_seen(tmp_path):
    values = pd.Series([None] * 70_000 + [1.5, "x"], dtype=object)
    found = refused(tmp_path / "a.xpt", pd.DataFrame({"A": values}))
    assert found["XPT630 A.A"].message == "the column is object of float, str; XPORT holds text and numbers"
    numbers = pd.Series([1] * 70_000 + [None, 1.5], dtype=object)
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": numbers}))
    frame = read_xpt(tmp_path / "a.xpt").dataset.frame
    assert frame["A"].sum() == 70_001.5


def test_special_missing_values(tmp_path):
    frame = pd.DataFrame({"A": [np.nan, 1.0, np.nan, np.nan]})
    write_xpt(tmp_path / "a.xpt", frame, special={"A": SpecialValues.missing_values({0: "A", 3: "_"})})
    assert [raw[:1] for raw in data_of(tmp_path / "a.xpt", 8)[:4]] == [b"A", b"\x41", b".", b"_"]
    member = read_xpt(tmp_path / "a.xpt")
    assert member.special["A"].missing == {0: "A", 3: "_"}
    assert np.isnan(member.dataset.frame["A"]).tolist() == [True, False, True, True]
    write_xpt(tmp_path / "b.xpt", member)
    assert (tmp_path / "b.xpt").read_bytes() == (tmp_path / "a.xpt").read_bytes()


def test_special_values_never_override_the_column(tmp_path):
    frame = pd.DataFrame({"A": [np.nan, 1.0], "B": ["x", "y"]})
    special = {
        "A": SpecialValues.missing_values({1: "A", 5: "B"}),
        "B": SpecialValues.missing_values({0: "A"}),
        "C": SpecialValues.missing_values({0: "A"}),
    }
    found = refused(tmp_path / "a.xpt", frame, special=special)
    assert {key: one.count for key, one in found.items() if key == "XPT646 A.B"} == {"XPT646 A.B": 1}
    assert "first in record 2" in found["XPT646 A.A"].message
    outside = {"A": SpecialValues.missing_values({5: "B"}), "C": SpecialValues.missing_values({0: "A"})}
    assert set(refused(tmp_path / "a.xpt", frame, special=outside)) == {"XPT646 A.A", "XPT646 A.C"}
    with pytest.raises(ValueError, match="'AB' is none of the missing values"):
        SpecialValues.missing_values({0: "AB"})


def test_nul_in_text_is_refused(tmp_path):
    for data in (pd.DataFrame({"A": ["x", "AB\0CD"]}), pd.DataFrame({"A": pd.Categorical(["x", "AB\0CD"])})):
        found = refused(tmp_path / "a.xpt", data)
        assert found["XPT634 A.A"].message == "a NUL character in 1 record, first in record 2"


def test_blank_last_records_are_refused_only_where_they_would_be_lost(tmp_path):
    path = tmp_path / "a.xpt"
    short = pd.DataFrame({"A": ["abcd", "", ""]})
    assert refused(path, short)["XPT636 A"].message == (
        "record 3, the last, is blank in all its 4 bytes, and cannot be told from padding"
    )
    assert "XPT636 A" in refused(path, iter([short[:1], short[1:]]), [Column("A", length=4)])
    long = pd.DataFrame({"A": ["x" * 100, "", ""]})
    write_xpt(path, long)
    assert read_xpt(path).dataset.frame["A"].tolist() == ["x" * 100, "", ""]
    # 79 bytes and one of padding: the blank record fills what padding never fills
    write_xpt(path, pd.DataFrame({"A": pd.Series([""], dtype="str")}), [Column("A", length=79)])
    assert len(read_xpt(path).dataset.frame) == 1
    write_xpt(path, pd.DataFrame({"A": ["abcd", ""], "B": [1.0, np.nan]}))
    assert len(read_xpt(path).dataset.frame) == 2


@pytest.mark.parametrize("records", range(45))
def test_records_are_counted_right_whatever_the_padding(tmp_path, records):
    path = tmp_path / "a.xpt"
    for length in (1, 3, 7, 39, 40, 41, 79, 80, 81):
        write_xpt(
            path, pd.DataFrame({"A": pd.Series(["x"] * records, dtype="str")}), [Column("A", length=length)]
        )
        assert len(read_xpt(path).dataset.frame) == records


def test_formats_are_checked(tmp_path):
    frame = pd.DataFrame({"A": [1.0], "B": ["x"]})
    found = refused(
        tmp_path / "a.xpt",
        frame,
        [
            Column("A", "", "Num", None, "DATETIMELONG20.", "$5."),
            Column("B", "", "Char", None, "8.2", "BEST12"),
        ],
    )
    assert sorted(found) == ["XPT624 A.A", "XPT624 A.B", "XPT625 A.A", "XPT625 A.B"]
    assert found["XPT625 A.A"].message == "the informat $5. does not fit a variable of type Num"


def test_declared_types_decide_for_empty_columns_alone(tmp_path):
    empty = pd.DataFrame({"A": [np.nan, np.nan], "B": ["", ""], "C": [None, None], "D": [1.0, 2.0]})
    columns = [
        Column("A", "", "Char", 8),
        Column("B", "", "Num"),
        Column("C", "", "Num"),
        Column("D", "", "Num"),
    ]
    write_xpt(tmp_path / "a.xpt", empty, columns)
    frame = read_xpt(tmp_path / "a.xpt").dataset.frame
    assert frame["A"].tolist() == ["", ""]
    assert frame[["B", "C"]].isna().all(axis=None)
    filled = pd.DataFrame({"A": [1.0, np.nan], "B": ["", "x"]})
    found = refused(tmp_path / "a.xpt", filled, [Column("A", "", "Char"), Column("B", "", "Num")])
    assert set(found) == {"XPT631 A.A", "XPT631 A.B"}


def test_whole_numbers_must_be_exact(tmp_path):
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": [2**53, -(2**60), 7], "B": [True, False, True]}))
    frame = read_xpt(tmp_path / "a.xpt").dataset.frame
    assert frame["A"].tolist() == [2.0**53, -(2.0**60), 7.0]
    assert frame["B"].tolist() == [1.0, 0.0, 1.0]
    found = refused(tmp_path / "a.xpt", pd.DataFrame({"A": [1, 2**53 + 1]}))
    assert "first in record 2" in found["XPT643 A.A"].message


@pytest.mark.parametrize("length", [3, 4, 5, 6, 7])
def test_short_numbers_are_taken_where_they_are_exact(tmp_path, length):
    columns = [Column("A", "", "Num", length)]
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": [1.0, -118.0, np.nan]}), columns)
    member = read_xpt(tmp_path / "a.xpt")
    assert member.dataset.frame["A"].fillna(0).tolist() == [1.0, -118.0, 0.0]
    assert member.dataset.columns[0].length == length
    found = refused(tmp_path / "a.xpt", pd.DataFrame({"A": [1.0, 0.1]}), columns)
    assert "first in record 2" in found["XPT645 A.A"].message
    assert set(refused(tmp_path / "a.xpt", pd.DataFrame({"A": [1.0]}), [Column("A", "", "Num", 9)])) == {
        "XPT626 A.A"
    }


# Everything at once, nothing half


def test_all_problems_are_named_at_once(tmp_path):
    frame = pd.DataFrame({"A": ["é", "abcdef"], "B": [np.inf, 1.0], "c": ["x", "y"], "D": [1 + 1j, 2]})
    found = refused(
        tmp_path / "a.xpt",
        frame,
        [Column("A", "x" * 41, length=5), Column("B", "", "Num"), Column("c"), Column("D")],
    )
    assert set(found) == {"XPT620 A.c", "XPT621 A.A", "XPT630 A.D", "XPT632 A.A", "XPT633 A.A", "XPT640 A.B"}
    assert all(one.at.file == str((tmp_path / "a.xpt").resolve()) for one in found.values())


def test_a_failure_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "a.xpt"
    write_xpt(path, pd.DataFrame({"A": ["good"]}))
    before = path.read_bytes()
    refused(path, pd.DataFrame({"A": ["é"]}))

    def frames():
        yield pd.DataFrame({"A": ["more"] * 200_000})
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        write_xpt(path, frames(), [Column("A", length=4)])
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.xpt"]
    with pytest.raises(FileNotFoundError):
        write_xpt(tmp_path / "no folder" / "a.xpt", pd.DataFrame({"A": ["x"]}))


def test_equal_data_give_equal_bytes(tmp_path, monkeypatch):
    frame = pd.DataFrame({"A": ["x"], "B": [1.5]})
    for name in ("one", "two"):
        write_xpt(tmp_path / name, frame, name="A")
        monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_bytes().count(b"01JAN70:00:00:00") == 4
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1773039901")
    write_xpt(tmp_path / "three", frame, name="A")
    assert (tmp_path / "three").read_bytes().count(b"09MAR26:07:05:01") == 4


def test_header_arguments(tmp_path):
    time = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    write_xpt(
        tmp_path / "a.xpt",
        pd.DataFrame({"A": ["x"]}),
        created=time,
        modified="anything of 16!!",
        sas_version="9.2",
        sas_os="Linux\0\0\0",
        dataset_type="DATA",
    )
    member = read_xpt(tmp_path / "a.xpt")
    assert (member.stamp.created, member.stamp.modified) == ("02JAN26:01:04:05", "anything of 16!!")
    assert (member.stamp.sas_version, member.stamp.sas_os, member.dataset_type) == (
        "9.2",
        "Linux\0\0\0",
        "DATA",
    )
    assert member.library == member.stamp
    found = refused(tmp_path / "a.xpt", pd.DataFrame({"A": ["x"]}), sas_version="much too long", created="é")
    assert set(found) == {"XPT621 A", "XPT622 A"}


def test_encodings_that_cannot_be_used(tmp_path):
    for encoding in ("utf-16", "iso2022_jp", "cp037", "utf-7", "no such thing", "utf-8-sig"):
        found = refused(tmp_path / "a.xpt", pd.DataFrame({"A": ["x"]}), encoding=encoding)
        assert list(found) == ["XPT650 "]


def test_text_outside_the_encoding(tmp_path):
    half = pd.DataFrame({"A": pd.Series(["ok", "\ud800"], dtype=object)})
    assert "first in record 2" in refused(tmp_path / "a.xpt", half, encoding="utf-8")["XPT633 A.A"].message
    frame = pd.DataFrame({"A": pd.Categorical(["µg/L", "mg", "µg/L"])})
    found = refused(tmp_path / "a.xpt", frame)["XPT633 A.A"]
    assert found.message == "characters outside ascii in 2 records, first in record 1"
    assert found.values == (("µg/L", 2),)
    assert write_xpt(tmp_path / "a.xpt", frame, encoding="latin-1").lengths == {"A": 4}
    assert read_xpt(tmp_path / "a.xpt", encoding="latin-1").dataset.frame["A"].tolist() == [
        "µg/L",
        "mg",
        "µg/L",
    ]


def test_a_dataset_without_records_or_without_variables(tmp_path):
    write_xpt(
        tmp_path / "a.xpt", pd.DataFrame({"A": pd.Series([], dtype="str"), "B": pd.Series([], dtype=float)})
    )
    member = read_xpt(tmp_path / "a.xpt")
    assert len(member.dataset) == 0
    assert [one.length for one in member.dataset.columns] == [1, 8]
    assert list(member.dataset.frame.dtypes.astype(str)) == ["str", "float64"]
    assert list(refused(tmp_path / "a.xpt", pd.DataFrame())) == ["XPT627 A"]


def test_more_records_than_one_block(tmp_path):
    count = 150_001
    frame = pd.DataFrame({"A": [f"{n:x}é" for n in range(count)], "B": np.arange(count) / 7})
    write_xpt(tmp_path / "a.xpt", frame, encoding="utf-8")
    pd.testing.assert_frame_equal(read_xpt(tmp_path / "a.xpt").dataset.frame, frame.astype({"A": "str"}))
    assert describe_xpt(tmp_path / "a.xpt")[0].records == count


def test_messages_hold_no_values(tmp_path):
    frame = pd.DataFrame({"A": ["secret é"], "B": [1e300]})
    text = "\n".join(str(one) for one in refused(tmp_path / "a.xpt", frame).values())
    assert not re.search("secret|1e\\+?300", text)
