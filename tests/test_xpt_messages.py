"""The full text of every XPT issue, as it is printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sdtm_il2.dataset import Column
from sdtm_il2.errors import XptError, catalogue
from sdtm_il2.xpt import SpecialValues, check_xpt, read_xpt, write_xpt

NAMESTR_AT = 640
NUM = "Num"


def frame(**columns):
    return pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})


def x():
    return frame(A=["x"])


#: Arguments of `write_xpt` after the path, its keywords, and the text without place and hint.
WRITES = {
    "XPT620": (
        [frame(a=["x"])],
        {},
        (
            "LB.a: the variable name a is not upper-case letters, digits and _ of at most 8 bytes, "
            "beginning with a letter or _"
        ),
    ),
    "XPT621": ([x(), [Column("A", "l" * 41)]], {}, "LB.A: the label has 41 bytes; 40 are allowed"),
    "XPT622": ([x()], {"label": "é"}, "LB: the label has characters that ascii has not"),
    "XPT623": (
        [pd.DataFrame([["x", "y"]], columns=["A", "A"])],
        {},
        "LB.A: the variable stands twice in the dataset, upper and lower case being one",
    ),
    "XPT624": (
        [x(), [Column("A", format="$5")]],
        {},
        "LB.A: the format $5 is not a SAS format of at most 8 bytes, such as DATE9., 8.2 or $20.",
    ),
    "XPT625": (
        [x(), [Column("A", format="8.2")]],
        {},
        "LB.A: the format 8.2 does not fit a variable of type Char",
    ),
    "XPT626": (
        [x(), [Column("A", length=0)]],
        {},
        "LB.A: a length of 0 is declared; Char variables have 1 to 200 bytes",
    ),
    "XPT627": ([pd.DataFrame()], {}, "LB: the dataset has 0 variables; 1 to 9999 are allowed"),
    "XPT628": (
        [x(), [Column("A"), Column("B")]],
        {},
        "LB.B: the variable is declared, and the data have no such column",
    ),
    "XPT629": ([x(), []], {}, "LB.A: the data have this column, and no variable is declared for it"),
    "XPT630": ([frame(A=[b"x"])], {}, "LB.A: the column is binary; XPORT holds text and numbers"),
    "XPT631": (
        [frame(A=[1.0]), [Column("A")]],
        {},
        "LB.A: the variable is declared Char, and its column is double",
    ),
    "XPT632": (
        [frame(A=["x", "xyz"]), [Column("A", length=2)]],
        {},
        "LB.A: text of up to 3 bytes, where 2 are declared, in 1 record, first in record 2",
    ),
    "XPT633": ([frame(A=["é", "é"])], {}, "LB.A: characters outside ascii in 2 records, first in record 1"),
    "XPT634": ([frame(A=["x\0"])], {}, "LB.A: a NUL character in 1 record, first in record 1"),
    "XPT635": (
        [frame(A=["x" * 201])],
        {},
        "LB.A: text of up to 201 bytes, where XPORT v5 allows 200, in 1 record, first in record 1",
    ),
    "XPT636": (
        [frame(A=["x", ""])],
        {},
        "LB: record 2, the last, is blank in all its 1 bytes, and cannot be told from padding",
    ),
    "XPT640": ([frame(A=[np.inf])], {}, "LB.A: an infinite number in 1 record, first in record 1"),
    "XPT641": ([frame(A=[1e76])], {}, "LB.A: a number of 7.237e75 or more in 1 record, first in record 1"),
    "XPT642": (
        [frame(A=[1e-79])],
        {},
        "LB.A: a number other than 0 and nearer to it than 5.398e-79 in 1 record, first in record 1",
    ),
    "XPT643": (
        [frame(A=[2**53 + 1])],
        {},
        "LB.A: a whole number beyond 9007199254740992 that is no double in 1 record, first in record 1",
    ),
    "XPT644": (
        [frame(A=[pd.Timestamp("2020-01-01T00:00:00.5")])],
        {},
        "LB.A: a time with a part of a second in 1 record, first in record 1",
    ),
    "XPT645": (
        [frame(A=[0.1]), [Column("A", "", NUM, 4)]],
        {},
        "LB.A: a number that 4 bytes do not hold exactly in 1 record, first in record 1",
    ),
    "XPT646": (
        [frame(A=[1.0])],
        {"special": {"A": SpecialValues.missing_values({0: "A"})}},
        "LB.A: a special value where the column holds something else in 1 record, first in record 1",
    ),
    "XPT647": (
        [frame(A=pd.to_datetime(["2020-01-01"]).tz_localize("UTC"))],
        {},
        "LB.A: the column is datetime64[us, UTC], and XPORT datetimes have no zone",
    ),
    "XPT650": ([x()], {"encoding": "utf-16"}, "utf-16 is not an encoding that XPORT files can have"),
    "XPT651": ([[x()]], {}, "LB: the data come in several frames, so text variables need their length"),
    "XPT652": (
        [frame(A=["x"] * 81)],
        {"split": 960, "name": "LBLBLBLB"},
        "LBLBLBLB: the dataset is split, and LBLBLBLB1, the name of a part, has more than 8 bytes",
    ),
    "XPT653": (
        [x()],
        {"split": 879},
        (
            "LB: files of at most 879 bytes are asked for, "
            "and the header (880 bytes) with one record (1 bytes) is larger"
        ),
    ),
    "XPT654": (
        [frame(A=["x"] * 81)],
        {"split": 960},
        "LB: the dataset is split into 2 parts, and lb3.xpt of an earlier split stands beside them",
    ),
}

#: What is done to the bytes of a sound file, and the text without place and hint.
READS = {
    "XPT601": (lambda raw: b"PK\3\4" + raw, "this is a zip or Excel file, not a SAS XPORT v5 file"),
    "XPT602": (
        lambda raw: raw.replace(b"LIBRARY ", b"LIBV8   "),
        "this is a SAS XPORT v8 file; agencies take version 5 only",
    ),
    "XPT603": (
        lambda raw: b"LIB CONTROL " + raw,
        "this is a file of SAS PROC CPORT, whose format is not published",
    ),
    "XPT604": (
        lambda raw: raw[:700],
        "the file ends at byte 700, inside its headers of 1 variables, which needs 140 bytes",
    ),
    "XPT605": (
        lambda raw: raw.replace(b"MEMBER ", b"MEMBRE "),
        "byte 240: header record MEMBER was expected, and is not there",
    ),
    "XPT606": (
        lambda raw: raw[: NAMESTR_AT + 4] + b"\0\0" + raw[NAMESTR_AT + 6 :],
        "LB.A: variable 1: its length is 0, and text has 1 to 32767 bytes",
    ),
    "XPT607": (
        lambda raw: raw + b"x" * 80,
        "LB: 160 bytes of data are 2 records of 60 bytes and 40 bytes that are neither a record nor padding",
    ),
    "XPT608": (lambda raw: raw + b"xyz", "the file has 963 bytes, 3 more than a multiple of 80"),
    "XPT609": (
        lambda raw: raw[:880] + b"\xff" + raw[881:],
        "LB.A: text that is not utf-8 in 1 record, first in record 1",
    ),
    "XPT610": (lambda raw: raw[:656] + b"\xff" + raw[657:], "the label of variable 1 is not utf-8"),
    "XPT611": (lambda raw: raw + raw[240:], "the file holds 2 datasets: LB, LB"),
    "XPT612": (lambda raw: raw, "DM: the file holds LB, and no dataset DM"),
    "XPT613": (
        lambda raw: raw[: NAMESTR_AT + 4] + b"\0\xf0" + raw[NAMESTR_AT + 6 : 880] + b"x" * 240,
        "LB.A: the variable is 240 bytes long; XPORT v5 allows 200",
    ),
    "XPT614": (
        lambda raw: raw.replace(b"LB      SASDATA", b"lb      SASDATA"),
        "lb: the dataset name lb is not upper-case letters, digits and _ of at most 8 bytes",
    ),
    "XPT615": (
        lambda raw: raw[:880] + b"\t" + raw[881:],
        "LB.A: the variable holds bytes outside printable ASCII",
    ),
    "XPT616": (lambda raw: raw[:-1] + b"\0", "LB: the last record is padded with other bytes than blanks"),
    "XPT617": (lambda raw: raw + raw[240:], "the file holds 2 datasets: LB, LB"),
}


def test_every_code_is_read_here():
    of_agencies = {"XPT618", "XPT619"}  # in test_agency.py
    assert set(WRITES) | set(READS) | of_agencies == {code for code in catalogue() if code.startswith("XPT")}


@pytest.mark.parametrize("code", sorted(WRITES))
def test_refusals_to_write(code, tmp_path):
    arguments, keywords, text = WRITES[code]
    path = (tmp_path / "lb.xpt").resolve()
    (tmp_path / "lb3.xpt").write_bytes(b"old")
    with pytest.raises(XptError) as caught:
        write_xpt(path, *arguments, **keywords)
    place = "" if code == "XPT650" else f"{path}: "
    hint = caught.value.issues[0].definition.hint.replace("{measured}", "3")
    lines = str(caught.value).splitlines()
    expected = f"{place}{code}{' ' if text.startswith('LB') else ': '}{text}"
    assert expected in lines
    assert f"  hint: {hint}" in lines


@pytest.mark.parametrize("code", sorted(READS))
def test_refusals_to_read_and_warnings(code, tmp_path):
    change, text = READS[code]
    path = tmp_path / "lb.xpt"
    write_xpt(path, x(), [Column("A", length=60)])
    path.write_bytes(change(path.read_bytes()))
    named = text[:3] in ("LB:", "LB.", "lb:", "DM:")
    expected = f"{path}: {code}{' ' if named else ': '}{text}"
    if catalogue()[code].severity == "warning":
        printed = [one.text() for one in check_xpt(path)]
        read_xpt(path, member="lb" if code == "XPT614" else "LB")
    else:
        with pytest.raises(XptError) as caught:
            read_xpt(path, member="DM" if code == "XPT612" else None)
        printed = [one.text() for one in caught.value.issues]
    assert printed == [f"{expected}\n  hint: {catalogue()[code].hint}"]
