"""Raw data in SAS datasets, SAS transport files and Parquet files: values, labels, and every broken file."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from raw_studies import AT, refusal, spec, study, write
from sdtm_il2.dataset import Column
from sdtm_il2.errors import SourceError
from sdtm_il2.sources import RawTable, read_sources
from sdtm_il2.sources.files import FilePlace
from sdtm_il2.sources.parquet import read_parquet
from sdtm_il2.sources.sas import SasColumn, read_sas, sas_table
from sdtm_il2.sources.sasvalues import format_kind, moment_texts, sas_format
from sdtm_il2.sources.xpt import read_transport
from sdtm_il2.spec.study import SubjectRule
from sdtm_il2.xpt import SpecialValues, write_xpt

SAS = Path(__file__).parents[2] / "shared" / "data" / "sas7bdat"
needs_sas = pytest.mark.skipif(not SAS.is_dir(), reason="the shared data are not beside the repository")


def notes(found: RawTable) -> list[str]:
    return [str(one).replace("study.yaml:8: ", "") for one in found.issues]


# ---- SAS datasets ---------------------------------------------------------------------------------------


def sas(folder: Path, name: str, *catalogs: tuple[str, str]) -> RawTable:
    """A shared dataset, copied into the folder with catalogs under the names that they shall have there."""
    shutil.copy(SAS / f"{name}.sas7bdat", folder)
    for old, new in catalogs:
        shutil.copy(SAS / old, folder / new)
    return read_sas(folder / f"{name}.sas7bdat", folder=folder, target="lab", at=AT)


def shared_rows(name: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO((SAS / name).read_text(encoding="utf-8-sig")))
    return header, rows


@needs_sas
@pytest.mark.parametrize("name", ["sample", "missing_test", "test_data_linux", "hadley"])
def test_sas_datasets_as_expected(tmp_path: Path, name: str) -> None:
    found = sas(tmp_path, name)
    header, rows = shared_rows(f"{name}.expected.csv")
    assert list(found.frame.columns) == header
    assert found.frame.to_numpy().tolist() == rows
    assert found.rows.tolist() == list(range(1, len(rows) + 1))
    assert {str(kind) for kind in found.frame.dtypes} == {"str"}


@needs_sas
def test_sas_dates_of_every_format(tmp_path: Path) -> None:
    found = sas(tmp_path, "date_test")
    header, rows = shared_rows("date_test.expected.csv")
    start = dt.date(1960, 1, 1)
    days = {
        header.index(name) for name in ("dtc4", "yr")
    }  # day numbers in the expected file, dates by their format
    expected = [
        [str(start + dt.timedelta(int(cell))) if place in days else cell for place, cell in enumerate(row)]
        for row in rows
    ]
    assert found.frame.to_numpy().tolist() == expected
    assert found.issues == ()
    judge = pd.read_sas(SAS / "date_test.sas7bdat")
    for name in ("dtc1", "dtc4", "yr"):
        assert found.frame[name].tolist() == judge[name].dt.strftime("%Y-%m-%d").tolist()


@needs_sas
def test_value_labels_of_a_catalog_beside_the_file(tmp_path: Path) -> None:
    found = sas(tmp_path, "test_data_linux", ("test_formats_linux.sas7bcat", "TEST_DATA_LINUX.sas7bcat"))
    assert found.frame.to_numpy().tolist() == shared_rows("test_data_linux.formatted.csv")[1]
    assert notes(found) == [
        "SRC366 lab: the labels of TEST_DATA_LINUX.sas7bcat are read for the codes of 'SEXA', 'SEXB'"
    ]
    content = (SAS / "test_formats_linux.sas7bcat").read_bytes()
    assert found.beside == {"TEST_DATA_LINUX.sas7bcat": hashlib.sha256(content).hexdigest()}
    shutil.copy(SAS / "test_formats_linux.sas7bcat", tmp_path / "formats.sas7bcat")
    workshop = sas(tmp_path, "hadley", ("formats.sas7bcat", "hadley.sas7bcat"))
    assert workshop.frame.to_numpy().tolist() == shared_rows("hadley.formatted.csv")[1]
    assert workshop.headers["q1"] == "The instructor was well prepared"
    assert workshop.headers["workshop"] == "workshop"


@needs_sas
def test_formats_without_a_catalog_and_special_missing_values(tmp_path: Path) -> None:
    assert notes(sas(tmp_path, "hadley")) == [
        (
            "SRC367 lab: the study's own formats $GENDER, WORKSHOP of 'workshop', 'gender': no catalog lies "
            "beside the file; the codes are read"
        )
    ]
    assert notes(sas(tmp_path, "test_data_linux", ("formats.sas7bcat", "formats.sas7bcat"))) == [
        (
            "SRC367 lab: the study's own formats $A, $B of 'SEXA', 'SEXB': formats.sas7bcat does not hold "
            "them; the codes are read"
        )
    ]
    missing = notes(sas(tmp_path, "missing_test", ("missing_formats.sas7bcat", "missing_test.sas7bcat")))
    assert missing == [
        *(
            f"SRC365 lab: 1 special missing value in 'var{number}' (.{letter}), "
            "first at missing_test.sas7bdat:1; read as empty"
            for number, letter in enumerate("ABCXYZ_", 1)
        ),
        "SRC366 lab: the labels of missing_test.sas7bcat are read for the codes of 'var1'",
    ]


def test_codes_without_a_label_stay_and_are_counted() -> None:
    columns = (
        SasColumn("SEX", "", "SEX.", None, np.array([1.0, 2.0, 9.0, np.nan])),
        SasColumn("ARM", "", "$ARM2.", pa.array(["A", "", "B", "C"], pa.large_string())),
    )
    labels = {"SEX": {1.0: "Male", 2.0: "Female", "A": "Asked"}, "$ARM": {"A": "Active"}}
    found = sas_table(columns, 4, labels, "formats.sas7bcat", FilePlace("lab", "dm.sas7bdat", AT), {})
    assert found.frame["SEX"].tolist() == ["Male", "Female", "9", ""]
    assert found.frame["ARM"].tolist() == ["Active", "", "B", "C"]
    hint = "\n  hint: map the codes and the labels in terms:"
    assert notes(found)[:2] == [
        f"SRC368 lab: 1 value of 'SEX' without a label in format SEX, first at dm.sas7bdat:3; read unchanged{hint}",
        f"SRC368 lab: 2 values of 'ARM' without a label in format $ARM, first at dm.sas7bdat:3; read unchanged{hint}",
    ]


@needs_sas
def test_a_sas_dataset_as_a_source(tmp_path: Path) -> None:
    for name in ("hadley.sas7bdat", "formats.sas7bcat"):
        write(tmp_path, {f"raw/{name}": (SAS / name).read_bytes()})
    found = read_sources(study(spec("ae", "raw/hadley.sas7bdat", subject=SubjectRule("{id}"))), tmp_path)
    source = found["ae"]
    assert source.files == ("raw/hadley.sas7bdat", "raw/formats.sas7bcat")
    assert len(source.sha256) == 2
    assert source.frame["workshop"].tolist() == ["R", "SAS"] * 4
    assert str(source.place(7)) == "raw/hadley.sas7bdat:8"
    assert source.headers["q4"] == "Overall, I found the workhsop useful"


@needs_sas
def test_damaged_sas_files_are_refused(tmp_path: Path) -> None:
    content = (SAS / "sample.sas7bdat").read_bytes()
    hint = "\n  hint: transfer the file again in binary mode, or export it as CSV"
    for data in (content[:70_000], content[:-1], b"A,B\n1,2\n"):
        write(tmp_path, {"ae.sas7bdat": data})
        assert refusal(tmp_path, spec("ae", "ae.sas7bdat")) == (
            "study.yaml:8: SRC364 ae: ae.sas7bdat cannot be read as a SAS dataset: unable to read from file"
            + hint
        )
    write(tmp_path, {"ae.sas7bdat": content, "ae.sas7bcat": b"\0" * 4000})
    assert refusal(tmp_path, spec("ae", "ae.sas7bdat")) == (
        "study.yaml:8: SRC364 ae: ae.sas7bcat cannot be read as a SAS format catalog: "
        "invalid file, or file has unsupported features" + hint
    )
    raw = tmp_path / "in"
    write(raw, {"ae.sas7bdat": content})
    (raw / "formats.sas7bcat").symlink_to(tmp_path / "ae.sas7bcat")
    assert refusal(raw, spec("ae", "ae.sas7bdat")).startswith(
        "study.yaml:8: SRC303 ae: formats.sas7bcat lies outside the raw folder, where a link leads"
    )


@pytest.mark.parametrize(
    ("shown", "number", "text"),
    [
        ("DATE9.", 0, "1960-01-01"),
        ("YYMMDDN8", -1, "1959-12-31"),
        ("E8601DA10.", 2_936_549, "9999-12-31"),
        ("MONYY7.", 23_192, "2023-07-01"),
        ("DEUDFDD10.", 23_192, "2023-07-01"),
        ("DATETIME19.", 1_841_220_610, "2018-05-06T10:10:10"),
        ("DATETIME13.", 1_841_220_600, "2018-05-06T10:10"),
        ("DATETIME13.", 1_841_220_610, "2018-05-06T10:10:10"),
        ("DATETIME22.3", 1_841_220_610.5, "2018-05-06T10:10:10.5"),
        ("E8601DT19.", -1, "1959-12-31T23:59:59"),
        ("DTDATE9.", 1_841_184_000, "2018-05-06"),
        ("DTDATE9.", 1_841_220_610, "2018-05-06T10:10:10"),
        ("TIME8.", 36_610, "10:10:10"),
        ("TIME5.", 36_600, "10:10"),
        ("HHMM5.", 36_600, "10:10"),
        ("HHMM5.", 36_610, "10:10:10"),
        ("TIME20.3", 0.25, "00:00:00.25"),
        ("TIME8.", 90_000, "25:00:00"),
        ("DATE9.", 0.5, "0.5"),
        ("DATE9.", 2_936_550, "2936550"),
        ("DATE9.", -140_000, "-140000"),
        ("TIME8.", -1, "-1"),
        ("DATETIME20.", 1e15, "1000000000000000"),
        ("DATE9.", float("nan"), ""),
    ],
)
def test_sas_moments(shown: str, number: float, text: str) -> None:
    assert moment_texts(np.array([number], np.float64), sas_format(shown))[0].to_pylist() == [text]


def test_kinds_of_sas_formats() -> None:
    kinds = {
        "number": [
            "",
            "8.2",
            "$8.",
            "$",
            "$CHAR200.",
            "BEST12.",
            "F8.2",
            "COMMA10.2",
            "Z5.",
            "PERCENT8.1",
            "E12.",
        ],
        "date": ["DATE9", "MMDDYY10.", "ddmmyyp10.", "YYQ6.", "WEEKDATE29.", "NLDATE20."],
        "datetime": ["DATETIME", "B8601DT", "E8601DZ24.", "NLDATM22."],
        "time": ["TIME8", "TOD8.", "E8601TM8.", "HHMM5."],
        "user": ["SEX.", "$GENDER.", "DATEX", "YESNO1F8.", "YN"],
    }
    assert {kind: [format_kind(sas_format(one)) for one in given] for kind, given in kinds.items()} == {
        kind: [kind] * len(given) for kind, given in kinds.items()
    }


# ---- SAS transport files --------------------------------------------------------------------------------


def test_a_transport_file_as_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "ID": ["007", " x ", ""],
            "DT": [23192.0, np.nan, 0.5],
            "TM": [36610.0, 0.0, 90000.0],
            "N": [1.0, 0.1, -1e-7],
            "SEX": [1.0, 2.0, np.nan],
        }
    )
    columns = (
        Column("ID", "Subject"), Column("DT", "Start", "Num", format="DATE9."), Column("TM", "", "Num", format="TIME8."),
        Column("N", "Number", "Num"), Column("SEX", "Sex", "Num", format="SEX."),
    )  # fmt: skip
    special = {"SEX": SpecialValues.missing_values({2: "A"})}
    path = tmp_path / "dm.xpt"
    write_xpt(path, frame, name="DM", variables=columns, special=special)
    found = read_transport(path, target="dm", at=AT)
    assert found.frame.to_numpy().tolist() == [
        ["007", "2023-07-01", "10:10:10", "1", "1"],
        [" x", "", "00:00:00", "0.1", "2"],
        ["", "0.5", "25:00:00", "-0.0000001", ""],
    ]
    assert found.rows.tolist() == [1, 2, 3]
    assert found.headers == {"ID": "Subject", "DT": "Start", "TM": "TM", "N": "Number", "SEX": "Sex"}
    assert notes(found) == [
        (
            "SRC369 dm: 1 number of 'DT' that DATE cannot show as a date, first at dm.xpt:3; read unchanged\n"
            "  hint: correct the values or the format in the export"
        ),
        "SRC365 dm: 1 special missing value in 'SEX' (.A), first at dm.xpt:3; read as empty",
        (
            "SRC367 dm: the study's own formats SEX of 'SEX': no catalog lies beside the file; "
            "the codes are read"
        ),
    ]
    judge, _ = pyreadstat.read_xport(path)
    assert judge["DT"].astype(str).tolist()[0] == "2023-07-01"


def test_transport_files_with_several_datasets_or_faults(tmp_path: Path) -> None:
    for name in ("AE", "DM"):
        write_xpt(tmp_path / f"{name}.xpt", pd.DataFrame({"A": [name]}), name=name)
    first, second = ((tmp_path / f"{name}.xpt").read_bytes() for name in ("AE", "DM"))
    write(tmp_path, {"raw.xpt": first + second[240:], "cut.xpt": first[:400], "text.xpt": "A,B\n1,2\n"})
    hint = "\n  hint: name one of them with sheet:"
    for options, stated in (({}, "none"), ({"sheet": "LB"}, "'LB'")):
        assert refusal(tmp_path, spec("ae", "raw.xpt", **options)) == (
            f"study.yaml:8: SRC372 ae: raw.xpt holds the datasets AE, DM, and sheet: names {stated}{hint}"
        )
    found = read_sources(study(spec("ae", "raw.xpt", sheet="DM")), tmp_path)
    assert found["ae"].frame["A"].tolist() == ["DM"]
    assert refusal(tmp_path, spec("ae", "cut.xpt"), spec("x", "text.xpt")).splitlines()[::2] == [
        "cut.xpt: XPT604: the file ends at byte 400, inside its member header, which needs 80 bytes",
        "text.xpt: XPT601: this is another file, not a SAS XPORT v5 file",
    ]


# ---- Parquet --------------------------------------------------------------------------------------------


def parquet(columns: dict[str, object], **options: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, **options)
    return stream.getvalue()


def arrow(data: bytes) -> RawTable:
    return read_parquet(Path("lab.parquet"), data=data, target="lab", at=AT)


def test_parquet_columns_as_text() -> None:
    moments = [dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 1, 10, 10, 10, 500_000), None]
    kinds: dict[str, tuple[pa.Array, list[str]]] = {
        "text": (pa.array(["007", " x ", None]), ["007", " x ", ""]),
        "code": (pa.array(["b", "a", "b"]).dictionary_encode(), ["b", "a", "b"]),
        "whole": (pa.array([7, -1, None], pa.int64()), ["7", "-1", ""]),
        "large": (pa.array([2**64 - 1, 0, None], pa.uint64()), ["18446744073709551615", "0", ""]),
        "number": (pa.array([7.0, 0.1, float("nan")]), ["7", "0.1", ""]),
        "single": (pa.array([0.1, 1e20, None], pa.float32()), ["0.1", "100000000000000000000", ""]),
        "exact": (pa.array([Decimal("1.50"), Decimal("-0.05"), None]), ["1.50", "-0.05", ""]),
        "flag": (pa.array([True, False, None]), ["TRUE", "FALSE", ""]),
        "day": (pa.array([dt.date(2024, 5, 1), dt.date(1583, 1, 1), None]), ["2024-05-01", "1583-01-01", ""]),
        "us": (pa.array(moments, pa.timestamp("us")), ["2024-05-01T00:00:00", "2024-05-01T10:10:10.5", ""]),
        "ns": (
            pa.array([1714558210123456789, 0, None], pa.timestamp("ns")),
            ["2024-05-01T10:10:10.123456789", "1970-01-01T00:00:00", ""],
        ),
        "zone": (
            pa.array(moments, pa.timestamp("ms", "Asia/Shanghai")),
            ["2024-05-01T08:00:00+08:00", "2024-05-01T18:10:10.5+08:00", ""],
        ),
        "west": (
            pa.array(moments, pa.timestamp("ms", "America/St_Johns")),
            ["2024-04-30T21:30:00-02:30", "2024-05-01T07:40:10.5-02:30", ""],
        ),
        "time": (pa.array([dt.time(10, 10), dt.time(0, 0, 1, 500), None]), ["10:10:00", "00:00:01.0005", ""]),
        "none": (pa.array([None, None, None]), ["", "", ""]),
    }
    found = arrow(parquet({name: array for name, (array, _) in kinds.items()}))
    assert {name: found.frame[name].tolist() for name in found.frame} == {
        name: texts for name, (_, texts) in kinds.items()
    }
    assert {str(kind) for kind in found.frame.dtypes} == {"str"}
    assert found.rows.tolist() == [1, 2, 3]
    assert found.issues == ()


def test_parquet_refusals_and_notes() -> None:
    nested = parquet({"A": [1], "B": [[1]], "C": [{"x": 1}], "D": [b"x"]})
    with pytest.raises(SourceError) as caught:
        arrow(nested)
    assert str(caught.value) == (
        "study.yaml:8: SRC370 lab: lab.parquet: columns that hold no single texts or numbers: "
        "'B' (list<element: int64>), 'C' (struct<x: int64>), 'D' (binary)\n"
        "  hint: write the parts as columns of their own, or leave these columns out of the export"
    )
    good = parquet({"A": ["x"] * 1000})
    for data in (b"A,B\n", good[:-4], good[:40] + good[60:]):
        with pytest.raises(SourceError) as caught:
            arrow(data)
        assert str(caught.value).startswith(
            "study.yaml:8: SRC364 lab: lab.parquet cannot be read as a Parquet file: "
        )
    wrong = parquet({"A": ["x\xe9x"]}, compression="none").replace("x\xe9x".encode(), b"x\xff\xffx")
    with pytest.raises(SourceError, match=r"SRC364 lab: lab.parquet cannot be .*UTF8"):
        arrow(wrong)
    assert notes(arrow(parquet({"A": [1.0, float("inf"), float("-inf")]}))) == [
        (
            "SRC371 lab: 2 numbers of 'A' not finite, first at lab.parquet:2; read as empty\n"
            "  hint: correct the values in the export"
        )
    ]
    assert notes(arrow(parquet({"A": pa.array([], pa.string())}))) == [
        "SRC305 lab: lab.parquet has a header and no records\n  hint: look whether it was cut off"
    ]
    twice = pa.table([pa.array(["1"]), pa.array(["2"])], names=["A", "A"])
    stream = io.BytesIO()
    pq.write_table(twice, stream)
    assert list(arrow(stream.getvalue()).frame.columns) == ["A", "A#2"]
