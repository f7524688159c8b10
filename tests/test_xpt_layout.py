"""The bytes of an XPORT file, one by one; and the numbers in them."""

from __future__ import annotations

import datetime as dt
import struct

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdtm_il2.dataset import Column
from sdtm_il2.xpt import write_xpt
from sdtm_il2.xpt.ibm import SMALLEST, TOO_LARGE, not_kept, to_ibm, to_ieee
from sdtm_il2.xpt.layout import (
    HEADER_RECORD,
    LIBRARY,
    LIBRARY_MODIFIED,
    MEMBER,
    MEMBER_LABEL,
    NAMESTR,
    join_format,
    split_format,
)


def test_annotated_bytes(tmp_path):
    frame = pd.DataFrame({"SEX": ["F", None, "MALE"], "AGE": [1.0, np.nan, -118.625]})
    variables = [
        Column("SEX", "Sex", "Char", 5, "$5."),
        Column("AGE", "Age in years", "Num", 8, "8.2", "BEST12."),
    ]
    path = tmp_path / "dm.xpt"
    time = dt.datetime(2026, 3, 9, 7, 5, 1)
    written = write_xpt(path, frame, variables, label="Demographics", created=time, sas_os="Linux")
    expected = b"".join(
        [
            b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 30 + b"  ",
            b"SAS     SAS     SASLIB  ",
            b"9.4     Linux   ",  # release of SAS, operating system
            b" " * 24,
            b"09MAR26:07:05:01",  # created
            b"09MAR26:07:05:01" + b" " * 64,  # modified
            b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140  ",
            b"HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!" + b"0" * 30 + b"  ",
            b"SAS     DM      SASDATA 9.4     Linux   " + b" " * 24 + b"09MAR26:07:05:01",
            b"09MAR26:07:05:01" + b" " * 16,
            b"Demographics".ljust(40),
            b" " * 8,  # type of the dataset
            b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!000000000200000000000000000000  ",
            # SEX: character, hash 0, 5 bytes, variable 1
            b"\0\2\0\0\0\5\0\1",
            b"SEX     " + b"Sex".ljust(40),
            b"$       \0\5\0\0",  # format $5.
            b"\0\0\0\0",  # left justified, fill
            b"        \0\0\0\0",  # no informat
            b"\0\0\0\0" + b"\0" * 52,  # byte 0 of the record
            # AGE: numeric, hash 0, 8 bytes, variable 2
            b"\0\1\0\0\0\x08\0\2",
            b"AGE     " + b"Age in years".ljust(40),
            b"        \0\x08\0\2",  # format 8.2
            b"\0\0\0\0",
            b"BEST    \0\x0c\0\0",  # informat BEST12.
            b"\0\0\0\5" + b"\0" * 52,  # byte 5 of the record
            b" " * 40,  # 280 bytes of variables, up to a multiple of 80
            b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!" + b"0" * 30 + b"  ",
            b"F    \x41\x10\0\0\0\0\0\0",  # 1 is 1/16 * 16**1
            b"     \x2e\0\0\0\0\0\0\0",  # a point: the missing value
            b"MALE \xc2\x76\xa0\0\0\0\0\0",  # the textbook's -118.625
            b" " * 41,  # 39 bytes of records, up to 80
        ]
    )
    assert path.read_bytes() == expected
    assert written.path == path
    assert written.records == 3
    assert dict(written.lengths) == {"SEX": 5, "AGE": 8}
    assert written.bytes == len(expected) == 1120


def test_sizes_of_the_records():
    assert NAMESTR.size == 140
    assert {one.size for one in (HEADER_RECORD, LIBRARY, LIBRARY_MODIFIED, MEMBER, MEMBER_LABEL)} == {80}


def test_a_layout_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="nname holds 8 bytes, not 9"):
        NAMESTR.pack(nname=b"TOOLONG12", nfill=b"\0\0", rest=bytes(52))
    with pytest.raises(ValueError, match="unknown fields: color"):
        LIBRARY.pack(color=b"red")
    with pytest.raises(ValueError, match="namestr is not a number"):
        HEADER_RECORD.unpack(HEADER_RECORD.pack(kind=b"MEMBER").replace(b"0000000000  ", b"00000x0000  "))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("", 0, 0)),
        ("DATE9.", ("DATE", 9, 0)),
        ("8.2", ("", 8, 2)),
        ("$CHAR10.", ("$CHAR", 10, 0)),
        ("$5.", ("$", 5, 0)),
        ("E8601DT.", ("E8601DT", 0, 0)),
        ("DATE9", None),
        (".", None),
        ("DATETIMELONG20.", None),
        ("$CHARACTR10.", None),
        ("8.2.", None),
        ("99999.", None),
    ],
)
def test_formats(text, parts):
    assert split_format(text) == parts
    if parts is not None:
        assert join_format(*parts, character=text.startswith("$")) == text


def test_ibm_doubles_of_known_value():
    known = [
        (0.0, 0x0000000000000000),
        (-0.0, 0x0000000000000000),
        (1.0, 0x4110000000000000),
        (-1.0, 0xC110000000000000),
        (0.1, 0x401999999999999A),
        (15.5, 0x41F8000000000000),
        (16.0, 0x4210000000000000),
        (SMALLEST, 0x0010000000000000),
        (float(np.nextafter(TOO_LARGE, 0)), 0x7FFFFFFFFFFFFFF8),
    ]
    assert [int(bits) for bits in to_ibm(np.array([one[0] for one in known]))] == [one[1] for one in known]
    assert to_ieee(to_ibm(np.array([1e75, 9.1e74]))).tolist() == [1e75, 9.1e74]


def test_all_missing_values_are_nan_and_other_zeros_are_not():
    codes = "._ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    bits = np.array([ord(code) << 56 for code in codes], np.uint64)
    assert np.isnan(to_ieee(bits)).all()
    assert not_kept(bits).tolist() == list(range(1, 28))  # the point alone is what NaN gives
    zeros = np.array([0, 0x80 << 56, 0x30 << 56], np.uint64)
    assert to_ieee(zeros).tolist() == [0.0, 0.0, 0.0]
    assert not_kept(zeros).tolist() == [1, 2]


def test_more_bits_than_a_double_has_are_noticed():
    bits = np.array(
        [0x41FFFFFFFFFFFFFF, 0x4110000000000001, 0x4100100000000000, 0x41FFFFFFFFFFFFF8], np.uint64
    )
    assert not_kept(np.array(bits, np.uint64)).tolist() == [0, 2]  # 56 bits; 53 bits; not normalised; 53 bits


@given(st.lists(st.floats(SMALLEST, TOO_LARGE, exclude_max=True), min_size=1), st.sampled_from([1.0, -1.0]))
def test_every_double_in_range_is_exact(numbers, sign):
    values = np.array(numbers) * sign
    assert to_ieee(to_ibm(values)).tolist() == values.tolist()
    assert len(not_kept(to_ibm(values))) == 0


@pytest.mark.slow
def test_five_million_doubles_of_the_whole_range_are_exact(tmp_path):
    random, found = np.random.default_rng(1), 0
    least, most = np.array([SMALLEST, TOO_LARGE]).view(np.int64)
    while found < 5_000_000:
        # Equal chances for every double: the bits between the limits are drawn, then the sign.
        values = random.integers(least, most, 500_000, np.int64).view(np.float64) * random.choice(
            [-1.0, 1.0], 500_000
        )
        bits = to_ibm(values)
        assert (to_ieee(bits) == values).all()
        assert len(not_kept(bits)) == 0
        found += len(values)
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": values}))
    assert (pyreadstat.read_xport(tmp_path / "a.xpt")[0]["A"].to_numpy() == values).all()


def test_namestr_is_what_struct_makes_of_the_technical_note():
    packed = NAMESTR.pack(ntype=1, nlng=8, nvar0=3, nname=b"AGE", npos=20, nfill=b"\0\0", rest=bytes(52))
    by_hand = struct.pack(
        ">hhhh8s40s8shhh2s8shhi52s", 1, 0, 8, 3, b"AGE     ", b" " * 40, b" " * 8, 0, 0, 0, b"\0\0",
        b" " * 8, 0, 0, 20, bytes(52),
    )  # fmt: skip
    assert packed == by_hand
    assert NAMESTR.unpack(packed)["npos"] == 20
