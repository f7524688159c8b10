"""XPORT files read: what SAS wrote, byte for byte; and what is no sound file, refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdtm_il2.dataset import Column
from sdtm_il2.errors import XptError
from sdtm_il2.xpt import check_xpt, describe_xpt, read_xpt, write_xpt

SAS = Path(__file__).parents[2] / "shared" / "data" / "sas_xpt"
sas = pytest.mark.skipif(not SAS.is_dir(), reason="the files that SAS wrote are in ../shared/data/sas_xpt")
DEFINE = SAS.parent / "define21" / "datasets"
NAMESTR_AT, OBS = 640, b"HEADER RECORD*******OBS"


@pytest.fixture
def path(tmp_path):
    """A sound file: two variables, three records of 13 bytes."""
    frame = pd.DataFrame({"SEX": ["F", None, "MALE"], "AGE": [1.0, np.nan, 44.0]})
    write_xpt(tmp_path / "dm.xpt", frame, [Column("SEX", length=5), Column("AGE", "", "Num")])
    return tmp_path / "dm.xpt"


def codes(path, **kwargs):
    """What is wrong with a file; reading raises the errors among it."""
    found = check_xpt(path)
    errors = [one for one in found if one.severity == "error"]
    if errors:
        with pytest.raises(XptError) as caught:
            read_xpt(path, **kwargs)
        assert [one.text() for one in caught.value.issues] == [one.text() for one in errors]
    else:
        read_xpt(path, **kwargs)
    return [one.code for one in found]


def patched(path, at, new):
    """Put other bytes into the file."""
    data = bytearray(path.read_bytes())
    data[at : at + len(new)] = new
    path.write_bytes(data)


@sas
@pytest.mark.parametrize("name", ["dm", "ex", "suppds", "ta", "te", "ti", "ts", "tv"])
def test_what_sas_wrote_is_written_again_byte_for_byte(tmp_path, name):
    member = read_xpt(SAS / f"{name}.xpt", encoding="windows-1252")
    write_xpt(tmp_path / "again.xpt", member)
    assert (tmp_path / "again.xpt").read_bytes() == (SAS / f"{name}.xpt").read_bytes()
    assert member.dataset.name == name.upper()
    assert member.stamp == member.library


@sas
@pytest.mark.parametrize("name", ["dm", "ex", "suppds", "ta", "te", "ti", "ts", "tv"])
def test_what_sas_wrote_is_read_as_pyreadstat_reads_it(name):
    member = read_xpt(SAS / f"{name}.xpt", encoding="windows-1252")
    frame, meta = pyreadstat.read_xport(
        SAS / f"{name}.xpt", encoding="windows-1252", disable_datetime_conversion=True
    )
    assert list(frame) == list(member.dataset.frame)
    assert [one.label for one in member.dataset.columns] == [label or "" for label in meta.column_labels]
    for column in member.dataset.columns:
        ours, theirs = member.dataset.frame[column.name], frame[column.name]
        if column.type == "Num":
            assert np.array_equal(ours.to_numpy(), theirs.to_numpy(float), equal_nan=True)
        else:
            assert ours.tolist() == theirs.tolist()


@sas
def test_text_outside_the_encoding_is_refused():
    with pytest.raises(XptError) as caught:
        read_xpt(SAS / "ts.xpt")
    (one,) = caught.value.issues
    assert (one.code, one.target, one.count, dict(one.fields)["row"]) == ("XPT609", "TS.TSVAL", 3, "9")
    assert [one.code for one in check_xpt(SAS / "ts.xpt")] == ["XPT615"]
    assert "\x92" not in str(caught.value)


@sas
def test_declared_and_used_lengths_of_a_sas_file():
    (te,) = describe_xpt(SAS / "te.xpt")
    assert (te.name, te.records, te.record_length) == ("TE", 7, 1014)
    assert sum(one.used for one in te.variables) == 189  # what a writer that trims lengths makes of it
    assert te.stamp.sas_version == "9.3"
    assert te.stamp.sas_os == "X64_7HOM"


def test_description(path):
    (dm,) = describe_xpt(path)
    assert (dm.name, dm.records, dm.record_length, dm.blank_padding) == ("DM", 3, 13, True)
    assert [(one.column.name, one.column.length, one.used, one.printable) for one in dm.variables] == [
        ("SEX", 5, 4, True),
        ("AGE", 8, 2, True),
    ]
    assert check_xpt(path) == ()


def test_values_and_types(path):
    frame = read_xpt(path).dataset.frame
    assert frame["SEX"].tolist() == ["F", "", "MALE"]
    assert frame["AGE"].fillna(-1).tolist() == [1.0, -1.0, 44.0]
    assert list(frame.dtypes.astype(str)) == ["str", "float64"]
    assert frame.index.equals(pd.RangeIndex(3))


def test_numbers_of_more_bits_than_a_double_are_carried(path, tmp_path):
    at = path.read_bytes().index(OBS) + 80 + 5
    patched(path, at, bytes.fromhex("41ffffffffffffff"))
    member = read_xpt(path)
    assert member.dataset.frame["AGE"][0] == 16.0
    assert member.special["AGE"].missing == {}
    write_xpt(tmp_path / "again.xpt", member)
    assert (tmp_path / "again.xpt").read_bytes() == path.read_bytes()


def test_what_a_column_does_not_say_is_carried(path, tmp_path):
    patched(path, NAMESTR_AT + 68, b"\0\1")  # right justified
    patched(path, NAMESTR_AT + 140 + 88, b"vendor")
    patched(path, 80 + 24, b"6.06")  # the file's version, not the member's
    member = read_xpt(path)
    assert member.library.sas_version == "6.06"
    assert member.stamp.sas_version == "9.4"
    assert member.header["AGE"]["rest"].startswith(b"vendor")
    write_xpt(tmp_path / "again.xpt", member)
    assert (tmp_path / "again.xpt").read_bytes() == path.read_bytes()


def test_width_without_a_format_name(path, tmp_path):
    patched(path, NAMESTR_AT + 64, b"\0\x14")
    member = read_xpt(path)
    assert member.dataset.columns[0].format == "$20."
    assert member.header["SEX"]["nform"] == b""
    write_xpt(tmp_path / "again.xpt", member)
    assert (tmp_path / "again.xpt").read_bytes() == path.read_bytes()
    changed = [Column("SEX", "", "Char", 5, "$CHAR9."), member.dataset.columns[1]]
    write_xpt(tmp_path / "again.xpt", member, changed)
    assert read_xpt(tmp_path / "again.xpt").dataset.columns[0].format == "$CHAR9."


def test_every_truncation_is_noticed(path):
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        found = codes(path)
        if size == 1040:  # all of the header and no record: nothing tells it from an empty dataset
            assert found == []
            continue
        assert len(found) == 1, size
        assert found[0] in {"XPT601", "XPT604", "XPT605", "XPT608"}, size


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (b"", "an empty file"),
        (b"PK\3\4 and more", "a zip or Excel file"),
        (b"\0" * 12 + b"\xc2\xea\x81\x60" + b"\0" * 500, "a SAS7BDAT file"),
        (b"<?xml version", "an XML or HTML file"),
        (b"STUDYID,USUBJID\n", "another file"),
    ],
)
def test_other_files(tmp_path, start, found):
    (tmp_path / "a.xpt").write_bytes(start)
    assert codes(tmp_path / "a.xpt") == ["XPT601"]
    assert check_xpt(tmp_path / "a.xpt")[0].message == f"this is {found}, not a SAS XPORT v5 file"


def test_version_8_and_cport(tmp_path):
    pyreadstat.write_xport(pd.DataFrame({"A": ["x"]}), tmp_path / "v8.xpt", file_format_version=8)
    assert codes(tmp_path / "v8.xpt") == ["XPT602"]
    (tmp_path / "cport.xpt").write_bytes(b"**COMPRESSED** **COMPRESSED** ".ljust(400))
    assert codes(tmp_path / "cport.xpt") == ["XPT603"]
    (tmp_path / "cport.xpt").write_bytes(b"LIB CONTROL X64_7PRO".ljust(400))
    assert codes(tmp_path / "cport.xpt") == ["XPT603"]


@pytest.mark.parametrize(
    ("at", "new", "expected"),
    [
        (240, b"X", "XPT605"),  # header record MEMBER
        (240 + 74, b"0120", "XPT605"),  # size of a variable header
        (240 + 74, b"01x0", "XPT605"),
        (320, b"X", "XPT605"),  # DSCRPTR
        (560 + 54, b"0003", "XPT604"),  # one variable more than there are: the file is too short
        (560 + 54, b"9999", "XPT604"),
        (560 + 48, b"9999999999", "XPT604"),
        (560 + 54, b"0001", "XPT605"),  # one variable less: no OBS where it should be
        (560 + 54, b"0000", "XPT605"),
        (560 + 54, b"-001", "XPT605"),
        (NAMESTR_AT, b"\0\3", "XPT606"),  # type
        (NAMESTR_AT + 4, b"\0\0", "XPT606"),  # length 0
        (NAMESTR_AT + 4, b"\xff\xff", "XPT606"),  # length 65535, or -1
        (NAMESTR_AT + 4, b"\0\6", "XPT606"),  # overlaps the second
        (NAMESTR_AT + 140 + 4, b"\0\1", "XPT606"),  # a number of one byte
        (NAMESTR_AT + 140 + 4, b"\0\x09", "XPT606"),
        (NAMESTR_AT + 140 + 84, b"\xff\xff\xff\xff", "XPT606"),  # place before the record
        (NAMESTR_AT + 140 + 84, b"\0\0\0\7", "XPT606"),  # a gap
        (NAMESTR_AT + 8, b" " * 8, "XPT606"),  # no name
        (NAMESTR_AT + 8, b"AGE     ", "XPT606"),  # a name that stands twice
        (960, b"X", "XPT605"),  # OBS
    ],
)
def test_damaged_headers(path, at, new, expected):
    patched(path, at, new)
    assert set(codes(path)) == {expected}


def test_all_variable_headers_are_judged_at_once(path):
    patched(path, NAMESTR_AT, b"\0\7")
    patched(path, NAMESTR_AT + 140 + 4, b"\0\1")
    found = check_xpt(path)
    assert [(one.target, one.message) for one in found] == [
        ("DM.AGE", "variable 2: its length is 1, and numbers have 2 to 8 bytes"),
        ("DM.SEX", "variable 1: its type is 7, not 1 or 2"),
    ]


def test_garbage_after_the_data(path):
    whole = path.read_bytes()
    path.write_bytes(whole + b"garbage")
    assert codes(path) == ["XPT608"]
    path.write_bytes(whole[:-1] + b"x")
    assert codes(path) == ["XPT607"]
    wide = path.with_name("wide.xpt")
    write_xpt(wide, pd.DataFrame({"A": ["x" * 150]}))
    wide.write_bytes(wide.read_bytes() + b" " * 80)
    assert codes(wide) == ["XPT607"]
    path.write_bytes(whole + whole)
    assert codes(path) == ["XPT605"]
    assert "a second file" in check_xpt(path)[0].message


def test_numbers_of_two_bytes_from_a_mainframe_come_back(tmp_path):
    path = tmp_path / "a.xpt"
    write_xpt(path, pd.DataFrame({"A": ["xx"] * 40}))
    patched(path, 640, b"\0\1")  # numeric
    raw = path.read_bytes()
    path.write_bytes(raw[:-80] + b"\x41\x10" * 40)
    member = read_xpt(path)
    assert member.dataset.frame["A"].tolist() == [1.0] * 40
    assert member.dataset.columns[0].length == 2
    write_xpt(tmp_path / "b.xpt", member, name="A")
    assert (tmp_path / "b.xpt").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("length", "shown"), [(0, 0), (-1, 65535)])
def test_lengths_of_0_and_65535_are_refused(path, length, shown):
    for number, kind in ((0, "text has 1 to 32767 bytes"), (1, "numbers have 2 to 8 bytes")):
        copy = path.with_name("copy.xpt")
        shutil.copy(path, copy)
        patched(copy, 640 + 140 * number + 4, length.to_bytes(2, "big", signed=True))
        with pytest.raises(XptError, match=f"its length is {shown}, and {kind}"):
            read_xpt(copy)


@pytest.mark.skipif(not DEFINE.is_dir(), reason="files of SAS are not at hand")
@pytest.mark.parametrize("name", sorted(path.name for path in DEFINE.glob("*.xpt")))
def test_datasets_of_a_public_study_are_written_again_byte_for_byte(tmp_path, name):
    write_xpt(tmp_path / name, read_xpt(DEFINE / name, encoding="windows-1252"))
    assert (tmp_path / name).read_bytes() == (DEFINE / name).read_bytes()


def test_padding_of_nul(tmp_path):
    narrow = tmp_path / "a.xpt"
    write_xpt(narrow, pd.DataFrame({"A": ["x" * 79]}))
    narrow.write_bytes(narrow.read_bytes()[:-1] + b"\0")
    assert codes(narrow) == ["XPT616"]
    assert read_xpt(narrow).dataset.frame["A"].tolist() == ["x" * 79]


def test_several_datasets_in_one_file(path):
    second = path.with_name("ae.xpt")
    write_xpt(second, pd.DataFrame({"AETERM": ["HEADACHE"]}))
    path.write_bytes(path.read_bytes() + second.read_bytes()[240:])
    assert [one.name for one in describe_xpt(path)] == ["DM", "AE"]
    assert [one.code for one in check_xpt(path)] == ["XPT617"]
    assert read_xpt(path, member="AE").dataset.frame["AETERM"].tolist() == ["HEADACHE"]
    assert len(read_xpt(path, member="DM").dataset) == 3
    with pytest.raises(XptError, match="XPT611: the file holds 2 datasets: DM, AE"):
        read_xpt(path)
    with pytest.raises(XptError, match=r"XPT612 LB: the file holds DM, AE, and no dataset LB"):
        read_xpt(path, member="LB")


def test_variable_headers_of_vax(path):
    whole = path.read_bytes()
    rows = [whole[at : at + 136] for at in (NAMESTR_AT, NAMESTR_AT + 140)]
    head = whole[: 240 + 74] + b"0136" + whole[240 + 78 : NAMESTR_AT]
    path.write_bytes(head + b"".join(rows).ljust(320) + whole[960:])
    assert read_xpt(path).dataset.frame["SEX"].tolist() == ["F", "", "MALE"]


def test_header_text_outside_the_encoding(path):
    patched(path, NAMESTR_AT + 16, b"Caf\xe9")
    assert codes(path, encoding="latin-1") == []
    assert read_xpt(path, encoding="latin-1").dataset.columns[0].label == "Café"
    assert describe_xpt(path)[0].variables[0].column.label == "Caf\\xe9"
    with pytest.raises(XptError, match="XPT610: the label of variable 1 is not utf-8"):
        read_xpt(path)


def test_names_and_lengths_that_agencies_would_ask_about(tmp_path):
    frame = pd.DataFrame({"A": ["x" * 150], "B": ["tab\t"]})
    write_xpt(tmp_path / "a.xpt", frame, name="_A")
    patched(tmp_path / "a.xpt", NAMESTR_AT + 8, b"a")
    found = check_xpt(tmp_path / "a.xpt")
    assert [(one.code, one.target) for one in found] == [
        ("XPT614", "_A"), ("XPT614", "_A.a"), ("XPT615", "_A.B"),
    ]  # fmt: skip
    pyreadstat.write_xport(
        pd.DataFrame({"A": ["x" * 300]}), tmp_path / "b.xpt", table_name="B", file_format_version=5
    )
    assert [(one.code, one.target) for one in check_xpt(tmp_path / "b.xpt")] == [("XPT613", "B.A")]
    with pytest.raises(
        XptError, match=r"XPT626 B.A: a length of 300 is declared; Char variables have 1 to 200 bytes"
    ):
        write_xpt(tmp_path / "c.xpt", read_xpt(tmp_path / "b.xpt"))


def test_files_of_pyreadstat_come_back_byte_for_byte(tmp_path):
    frame = pd.DataFrame({"TERM": ["Headache", "", "Fièvre"], "VALUE": [1.5, np.nan, -2e10]})
    pyreadstat.write_xport(
        frame, tmp_path / "a.xpt", table_name="AE", file_label="Events", column_labels={"TERM": "Term"},
        variable_format={"VALUE": "8.2", "TERM": "$CHAR20."}, file_format_version=5,
    )  # fmt: skip
    member = read_xpt(tmp_path / "a.xpt")
    assert member.header["VALUE"]["nfj"] == 1
    write_xpt(tmp_path / "b.xpt", member)
    assert (tmp_path / "a.xpt").read_bytes() == (tmp_path / "b.xpt").read_bytes()


def test_a_link_stays_a_link(path):
    link = path.with_name("link.xpt")
    link.symlink_to(path)
    write_xpt(link, pd.DataFrame({"A": ["new"]}))
    assert link.is_symlink()
    assert read_xpt(path).dataset.frame["A"].tolist() == ["new"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1119), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_byte_makes_the_reader_fail_otherwise(path, changes):
    copy = path.with_name("copy.xpt")
    shutil.copy(path, copy)
    for at, byte in changes:
        patched(copy, at, bytes([byte]))
    read_or_refuse(copy)


def read_or_refuse(path):
    """Anything but a result or an XptError is a fault of ours; so is a member that cannot be judged again."""
    check_xpt(path)
    for encoding in ("utf-8", "latin-1"):
        try:
            member = read_xpt(path, encoding=encoding)
            write_xpt(path.with_name("again.xpt"), member)
        except XptError:
            continue
        assert path.with_name("again.xpt").stat().st_size == path.stat().st_size


@pytest.mark.slow
def test_fuzz(path):
    random = np.random.default_rng(3)
    whole = path.read_bytes()
    copy = path.with_name("copy.xpt")
    for _ in range(20_000):
        data = bytearray(whole)
        for _ in range(random.integers(1, 10)):
            data[random.integers(0, len(data))] = random.choice(
                [0, 1, 32, 48, 57, 255, random.integers(0, 256)]
            )
        if random.random() < 0.3:
            data = data[: random.integers(0, len(data))]
        copy.write_bytes(data)
        read_or_refuse(copy)
