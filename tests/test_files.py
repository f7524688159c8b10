"""Dataset files of every kind, read, written and converted into each other."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.errors import catalogue
from sdtm_il2.files import (
    DatasetFileError,
    DatasetHeader,
    convert,
    read_attributes,
    read_csv,
    read_dataset,
    read_dataset_header,
    read_datasetjson,
    read_datasets,
    read_parquet,
    write_csv,
    write_dataset,
    write_datasetjson,
    write_parquet,
)
from sdtm_il2.xpt import SpecialValues, read_xpt, write_xpt

SHARED = Path(__file__).parents[2] / "shared" / "data"
KINDS = ["csv", "parquet", "json", "ndjson", "xpt"]

COLUMNS = (
    Column("USUBJID", "Unique Subject Identifier", "Char", 12),
    Column("LBSTRESN", "Numeric Result", "Num", 8, "8.2"),
    Column("LBCOM", 'Comment, "free"', "Char", 40, "$40."),
    Column("ADT", "Date", "Num", 8, "DATE9."),
    Column("ADTM", "Time", "Num", 8, "DATETIME20."),
)


def laboratory():
    frame = pd.DataFrame(
        {
            "USUBJID": pd.Series(["007", "", "NA", "1.50"], dtype="str"),
            "LBSTRESN": [0.1, np.nan, -0.30000000000000004, 1e-7],
            "LBCOM": pd.Series(['two\nlines, "quoted"', "", " leading", "null"], dtype="str"),
            "ADT": [-1.0, np.nan, 22280.0, 0.0],
            "ADTM": [0.0, np.nan, 1925060401.0, -61819977600.0],
        }
    )
    return Dataset("LB", "Laboratory Test Results", COLUMNS, frame)


def same(left, right):
    assert (left.name, left.label, left.columns) == (right.name, right.label, right.columns)
    pd.testing.assert_frame_equal(left.frame, right.frame)


def codes(call, *arguments, **keywords):
    """Code and target of each issue of a refusal, with its message."""
    with pytest.raises(DatasetFileError) as caught:
        call(*arguments, **keywords)
    return {f"{one.code} {one.target}".strip(): one.message for one in caught.value.issues}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_again(tmp_path, kind):
    dataset = laboratory()
    write_dataset(tmp_path / f"lb.{kind}", dataset)
    read = read_dataset(tmp_path / f"lb.{kind}")
    if kind in ("json", "ndjson"):  # Dataset-JSON says no lengths of numbers
        columns = tuple(
            Column(c.name, c.label, c.type, c.length if c.type == "Char" else None, c.format) for c in COLUMNS
        )
        dataset = Dataset("LB", dataset.label, columns, dataset.frame)
    same(read, dataset)
    first = (tmp_path / f"lb.{kind}").read_bytes()
    write_dataset(tmp_path / f"lb.{kind}", laboratory())
    assert (tmp_path / f"lb.{kind}").read_bytes() == first


@pytest.mark.parametrize("kind", KINDS)
def test_a_dataset_without_records(tmp_path, kind):
    frame = pd.DataFrame({"A": pd.Series([], dtype="str"), "B": pd.Series([], dtype=float)})
    dataset = Dataset("AE", "", (Column("A", "", "Char", 3), Column("B", "", "Num", 8)), frame)
    write_dataset(tmp_path / f"ae.{kind}", dataset)
    read = read_dataset(tmp_path / f"ae.{kind}")
    assert list(read.frame.dtypes.astype(str)) == ["str", "float64"]
    assert len(read) == 0


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
numbers = st.one_of(
    st.just(float("nan")), st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(records=st.lists(st.tuples(texts, numbers), max_size=12))
@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "ndjson"])
def test_any_text_and_any_double_come_back(tmp_path, kind, records):
    frame = pd.DataFrame(
        {"A": pd.Series([r[0] for r in records], dtype="str"), "B": np.array([r[1] for r in records], float)}
    )
    dataset = Dataset("AE", "é日", (Column("A", "µ"), Column("B", "", "Num")), frame)
    write_dataset(tmp_path / f"ae.{kind}", dataset)
    read = read_dataset(tmp_path / f"ae.{kind}")
    assert read.frame["A"].tolist() == frame["A"].tolist()
    assert np.array_equal(read.frame["B"], frame["B"], equal_nan=True)
    assert read.label == "é日"


# CSV


def test_csv_bytes_and_sidecar(tmp_path):
    write_csv(tmp_path / "lb.csv", laboratory())
    assert (tmp_path / "lb.csv").read_bytes().decode() == (
        '"USUBJID","LBSTRESN","LBCOM","ADT","ADTM"\n'
        '"007",0.1,"two\nlines, ""quoted""",-1,0\n'
        '"",,"",,\n'
        '"NA",-0.30000000000000004," leading",22280,1925060401\n'
        '"1.50",1e-7,"null",0,-6.18199776e+10\n'
    )
    header = json.loads((tmp_path / "lb.variables.json").read_text())
    assert (header["name"], header["label"]) == ("LB", "Laboratory Test Results")
    assert header["variables"][1] == {
        "name": "LBSTRESN", "label": "Numeric Result", "type": "Num", "length": 8, "format": "8.2", "informat": "",
    }  # fmt: skip


def test_a_csv_alone_has_no_types_and_none_are_guessed(tmp_path):
    (tmp_path / "dm.csv").write_text("SUBJID,AGE\n007,44\n")
    assert codes(read_csv, tmp_path / "dm.csv") == {
        "FILE601": (
            "a CSV file does not say which columns are numbers, and there is no dm.variables.json beside it"
        )
    }
    header = DatasetHeader("DM", "", (Column("AGE", "", "Num"), Column("SUBJID")))
    dataset = read_csv(tmp_path / "dm.csv", header)
    assert dataset.frame.to_dict("list") == {"AGE": [44.0], "SUBJID": ["007"]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", {"FILE602": "this is not a file of its kind: it has no line of names"}),
        (b"A,B\nx,1\ny\n", {"FILE602": "this is not a file of its kind: record 2 has 1 values, not 2"}),
        (b"A,B\n\xff,1\n", {"FILE603": "the file is not utf-8"}),
        (b"A,A,B\n1,2,3\n", {"FILE604 AE.A": "the file has two columns of this name"}),
        (
            b"A,C\nx,1\n",
            {
                "FILE605 AE.B": "the variable is declared, and the file has no such column",
                "FILE606 AE.C": "the file has this column, and no variable is declared for it",
            },
        ),
        (
            b"A,B\nx,1\nx,NA\nx,nan\nx,0x1\n",
            {"FILE610 AE.B": "text that is no number in 3 records, first in record 2"},
        ),
        (
            b"A,B\nx,1e999\n",
            {"FILE609 AE.B": "a number that a double does not hold in 1 record, first in record 1"},
        ),
    ],
)
def test_csv_that_is_refused(tmp_path, content, expected):
    path = tmp_path / "ae.csv"
    path.write_bytes(content)
    assert codes(read_csv, path, DatasetHeader("AE", "", (Column("A"), Column("B", "", "Num")))) == expected


def test_csv_in_another_encoding(tmp_path):
    (tmp_path / "ae.csv").write_bytes("A\nµg\n".encode("cp1252"))
    header = DatasetHeader("AE", "", (Column("A"),))
    assert read_csv(tmp_path / "ae.csv", header, encoding="cp1252").frame["A"].tolist() == ["µg"]


@pytest.mark.parametrize(
    ("sidecar", "fault"),
    [
        ("{", "it is not JSON in UTF-8"),
        ("[" * 100_000, "it is not JSON in UTF-8"),
        ('{"name": "A"}', "it is not an object of name, label and variables"),
        ('{"name": 1, "label": "", "variables": []}', "name and label are not text"),
        ('{"name": "A", "label": "", "variables": {}}', "variables is not a list"),
        (
            '{"name": "A", "label": "", "variables": [{"name": "A"}]}',
            "variable 1 is not an object of name, label, type, length, format and informat",
        ),
        (
            '{"name": "A", "label": "", "variables": [{"name": "A", "type": "Char", "length": true}]}',
            "the length of variable 1 is of another type",
        ),
        (
            '{"name": "A", "label": "", "variables": [{"name": "A", "type": "text"}]}',
            "the type of variable 1 is neither Char nor Num",
        ),
    ],
)
def test_sidecars_that_are_refused(tmp_path, sidecar, fault):
    (tmp_path / "a.csv").write_text("A\nx\n")
    (tmp_path / "a.variables.json").write_text(sidecar)
    assert codes(read_csv, tmp_path / "a.csv") == {
        "FILE608": f"the header of the dataset cannot be read: {fault}"
    }


# Parquet


def test_parquet_of_another_program(tmp_path):
    table = pa.table(
        {
            "AESEQ": pa.array([1, None], pa.int32()),
            "AETERM": pa.array(["x", None]).dictionary_encode(),
            "ADT": pa.array([dt.date(1960, 1, 2), None]),
            "ADTM": pa.array([dt.datetime(1960, 1, 1, 0, 1), None], pa.timestamp("ms")),
            "NONE": pa.nulls(2),
        }
    )
    pq.write_table(table, tmp_path / "ae.parquet")
    dataset = read_parquet(tmp_path / "ae.parquet")
    assert (dataset.name, dataset.label) == ("AE", "")
    assert [(c.name, c.type, c.format) for c in dataset.columns] == [
        ("AESEQ", "Num", ""), ("AETERM", "Char", ""), ("ADT", "Num", "DATE9."), ("ADTM", "Num", "DATETIME20."),
        ("NONE", "Char", ""),
    ]  # fmt: skip
    assert dataset.frame.fillna(-9).to_dict("list") == {
        "AESEQ": [1, -9], "AETERM": ["x", ""], "ADT": [1, -9], "ADTM": [60, -9], "NONE": ["", ""],
    }  # fmt: skip


def test_parquet_labels_stand_in_the_schema(tmp_path):
    write_parquet(tmp_path / "lb.parquet", laboratory())
    schema = pq.read_schema(tmp_path / "lb.parquet")
    assert schema.field("USUBJID").metadata[b"label"] == b"Unique Subject Identifier"
    assert pq.read_table(tmp_path / "lb.parquet")["LBSTRESN"].null_count == 1


def test_parquet_that_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    assert list(codes(read_parquet, path)) == ["FILE602"]
    pq.write_table(pa.table({"A": [[1]], "B": [2**53 + 1], "C": [dt.datetime(2020, 1, 1, 0, 0, 0, 5)]}), path)
    assert codes(read_parquet, path) == {
        "FILE607 A.A": "the variable is declared Char, and its column is list<element: int64>",
        "FILE609 A.B": "a number that a double does not hold in 1 record, first in record 1",
        "FILE609 A.C": "a number that a double does not hold in 1 record, first in record 1",
    }
    pq.write_table(pa.table({"A": ["x"]}, schema=pa.schema([("A", pa.string())], {"sdtm_il2": "{}"})), path)
    assert list(codes(read_parquet, path)) == ["FILE608"]


# Dataset-JSON

EXAMPLE = {
    "datasetJSONCreationDateTime": "2026-01-31T08:00:00Z", "datasetJSONVersion": "1.1.0",
    "itemGroupOID": "IG.LB", "records": 2, "name": "LB", "label": "Laboratory Test Results",
    "columns": [
        {"itemOID": "IT.LB.USUBJID", "name": "USUBJID", "label": "Unique Subject Identifier", "dataType": "string",
         "length": 15, "keySequence": 1},
        {"itemOID": "IT.LB.LBSTRESN", "name": "LBSTRESN", "label": "Numeric Result/Finding in Standard Units",
         "dataType": "double"},
        {"itemOID": "IT.LB.LBDTC", "name": "LBDTC", "label": "Date/Time of Specimen Collection",
         "dataType": "datetime", "keySequence": 2},
    ],
    "rows": [["NCT02932137-001", 22, "2016-05-06T08:20"], ["NCT02932137-002", None, "2016-09"]],
}  # fmt: skip


def changed(**changes):
    return {**EXAMPLE, **changes}


def column(**changes):
    return changed(columns=[{**EXAMPLE["columns"][0], **changes}, *EXAMPLE["columns"][1:]])


def test_dataset_json_in_its_three_forms(tmp_path):
    head = {name: value for name, value in EXAMPLE.items() if name != "rows"}
    lines = "".join(json.dumps(row) + "\r\n" for row in (head, *EXAMPLE["rows"]))
    (tmp_path / "lb.json").write_text(json.dumps(EXAMPLE))
    (tmp_path / "lb.ndjson").write_text(lines)
    (tmp_path / "lb.dsjc").write_bytes(zlib.compress(lines.encode()))
    for kind in ("json", "ndjson", "dsjc"):
        dataset = read_datasetjson(tmp_path / f"lb.{kind}")
        assert dataset.columns == (
            Column("USUBJID", "Unique Subject Identifier", "Char", 15),
            Column("LBSTRESN", "Numeric Result/Finding in Standard Units", "Num"),
            Column("LBDTC", "Date/Time of Specimen Collection", "Char"),
        )
        assert dataset.frame.fillna(-9).to_dict("list") == {
            "USUBJID": ["NCT02932137-001", "NCT02932137-002"],
            "LBSTRESN": [22.0, -9.0],
            "LBDTC": ["2016-05-06T08:20", "2016-09"],
        }
        assert read_attributes(tmp_path / f"lb.{kind}") == head


def test_dataset_json_as_it_is_written(tmp_path):
    frame = pd.DataFrame(
        {"USUBJID": ["S1", ""], "AESEQ": [1.0, np.nan], "ADT": [0.0, np.nan], "VISITNUM": [1.5, 2]}
    )
    columns = (
        Column("USUBJID", "Subject", "Char", 8),
        Column("AESEQ", "Sequence", "Num", 8),
        Column("ADT", "Date", "Num", 8, "DATE9."),
        Column("VISITNUM", "Visit", "Num", 8),
    )
    write_datasetjson(
        tmp_path / "ae.json",
        Dataset("AE", "Adverse Events", columns, frame.astype({"USUBJID": "str"})),
        created=dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC),
        attributes={"studyOID": "S.1"},
        data_types={"AESEQ": "integer"},
        keys=["USUBJID", "AESEQ"],
    )
    assert (tmp_path / "ae.json").read_text() == (
        '{"datasetJSONCreationDateTime":"2026-01-31T08:00:00Z","datasetJSONVersion":"1.1.0","studyOID":"S.1",'
        '"itemGroupOID":"IG.AE","records":2,"name":"AE","label":"Adverse Events","columns":['
        '{"itemOID":"IT.AE.USUBJID","name":"USUBJID","label":"Subject","dataType":"string","length":8,"keySequence":1},'
        '{"itemOID":"IT.AE.AESEQ","name":"AESEQ","label":"Sequence","dataType":"integer","keySequence":2},'
        '{"itemOID":"IT.AE.ADT","name":"ADT","label":"Date","dataType":"date","targetDataType":"integer",'
        '"displayFormat":"DATE9."},'
        '{"itemOID":"IT.AE.VISITNUM","name":"VISITNUM","label":"Visit","dataType":"double"}],'
        '"rows":[["S1",1,"1960-01-01",1.5],\n["",null,null,2]]}\n'
    )


def test_numbers_of_dates_that_are_no_dates_stay_numbers(tmp_path):
    frame = pd.DataFrame({"ADT": [0.5, 1.0]})
    write_datasetjson(tmp_path / "a.json", Dataset("A", "", (Column("ADT", "", "Num", 8, "DATE9."),), frame))
    assert read_attributes(tmp_path / "a.json")["columns"][0]["dataType"] == "double"
    assert read_datasetjson(tmp_path / "a.json").frame["ADT"].tolist() == [0.5, 1.0]


def test_what_dataset_json_cannot_be_given(tmp_path):
    dataset = Dataset("A", "", (Column("N", "", "Num"), Column("C")), pd.DataFrame({"N": [1.5], "C": ["x"]}))
    assert codes(write_datasetjson, tmp_path / "a.json", dataset, data_types={"N": "integer"}) == {
        "FILE611 A.N": "a number that is no integer in 1 record, first in record 1"
    }
    with pytest.raises(ValueError, match="string is no type of Dataset-JSON for N, which is Num"):
        write_datasetjson(tmp_path / "a.json", dataset, data_types={"N": "string"})
    with pytest.raises(ValueError, match="records is no attribute of Dataset-JSON that can be given"):
        write_datasetjson(tmp_path / "a.json", dataset, attributes={"records": 7})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "FILE602"),
        ("[1]", "FILE602"),
        ('{"records": NaN}', "FILE602"),
        ("[" * 100_000, "FILE602"),
        (
            {},
            "FILE612 the attributes are not those of Dataset-JSON 1.1: datasetJSONCreationDateTime is missing",
        ),
        (changed(color="red"), "FILE612 'color' is no attribute of Dataset-JSON 1.1"),
        (changed(records="2"), "FILE612 records is of another type than the standard says"),
        (changed(records=True), "FILE612 records is of another type than the standard says"),
        (changed(records=-1), "FILE612 records is less than 0"),
        (changed(datasetJSONVersion="1.0.0"), "FILE612 datasetJSONVersion is not 1.1"),
        (changed(rows=7), "FILE612 rows is not a list"),
        (column(dataType="text"), "FILE612 column 1: dataType is none of the standard's"),
        (column(length=0), "FILE612 column 1: length is less than 1"),
        (column(label=None), "FILE612 column 1: label is of another type than the standard says"),
        (column(name="LBDTC"), "FILE612 a column stands twice"),
        (changed(records=3), "FILE613 3 records are announced, and 2 are there"),
        (changed(rows=[["x"], []]), "FILE613 row 1 has 1 values for 3 columns"),
        (changed(rows=[["x", "22", ""], [1, 2, ""]]), "FILE614"),
        (changed(rows=[["x", True, ""], ["x", 2**60, ""]]), "FILE614"),
        (changed(rows=[["x", 1, "\ud800"], ["x", 2, ""]]), "FILE614"),
        (column(dataType="date", targetDataType="integer"), "FILE614"),
        (column(dataType="decimal", targetDataType="decimal"), "FILE614"),
    ],
)
def test_dataset_json_that_is_refused(tmp_path, content, expected):
    path = tmp_path / "lb.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    found = codes(read_datasetjson, path)
    assert all(key.startswith(expected[:7]) for key in found)
    assert expected[8:] in next(iter(found.values()))


def test_every_value_of_another_type_is_counted(tmp_path):
    (tmp_path / "lb.json").write_text(json.dumps(changed(rows=[["x", "22", 5], [1, "2", ""]])))
    assert codes(read_datasetjson, tmp_path / "lb.json") == {
        "FILE614 LB.USUBJID": "a value that is no string in 1 record, first in record 2",
        "FILE614 LB.LBSTRESN": "a value that is no double in 2 records, first in record 1",
        "FILE614 LB.LBDTC": "a value that is no datetime in 1 record, first in record 1",
    }


def test_dates_times_and_decimals_become_numbers_where_the_file_asks_for_it(tmp_path):
    types = [
        ("date", "integer"),
        ("datetime", "integer"),
        ("time", "integer"),
        ("decimal", "decimal"),
        ("boolean", None),
    ]
    columns = [
        {"itemOID": f"I{n}", "name": f"V{n}", "label": "", "dataType": type_}
        | ({"targetDataType": target} if target else {})
        for n, (type_, target) in enumerate(types)
    ]
    rows = [["1960-01-02", "1960-01-01T00:01:00", "01:00", "1.10", True], [None, None, "", "-3", False]]
    (tmp_path / "a.json").write_text(json.dumps(changed(columns=columns, rows=rows)))
    dataset = read_datasetjson(tmp_path / "a.json")
    assert {one.type for one in dataset.columns} == {"Num"}
    assert dataset.frame.fillna(-9).to_numpy().tolist() == [[1, 60, 3600, 1.1, 1], [-9, -9, -9, -3, 0]]


# Folders and conversions


def test_a_folder_of_every_kind(tmp_path):
    dataset = laboratory()
    for name, kind in zip("ABCDE", KINDS, strict=True):
        write_dataset(
            tmp_path / f"{name.lower()}.{kind}", Dataset(name, dataset.label, COLUMNS, dataset.frame)
        )
    (tmp_path / "notes.txt").write_text("no dataset")
    datasets = read_datasets(tmp_path)
    assert list(datasets) == list("ABCDE")
    for one in datasets.values():
        pd.testing.assert_frame_equal(one.frame, dataset.frame)
    write_dataset(tmp_path / "f.parquet", Dataset("A", "", COLUMNS, dataset.frame))
    (tmp_path / "g.json").write_text("{")
    assert codes(read_datasets, tmp_path) == {
        "FILE602": "this is not a file of its kind: it is not JSON",
        "FILE616 A": "the file holds the same dataset as a.csv",
    }


def test_endings(tmp_path):
    assert codes(read_dataset, tmp_path / "a.sas7bdat") == {
        "FILE615": (
            "the ending is .sas7bdat, and dataset files have one of .xpt, .csv, .parquet, .json, .ndjson, .dsjc"
        )
    }
    assert list(codes(write_dataset, tmp_path / "a.dsjc", laboratory())) == ["FILE615"]


@pytest.mark.skipif(not (SHARED / "sas_xpt").is_dir(), reason="files of SAS are not at hand")
@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "ndjson"])
@pytest.mark.parametrize("name", ["dm", "ex", "suppds", "ta", "te", "ti", "tv"])
def test_what_sas_wrote_comes_back_from_every_kind(tmp_path, name, kind):
    old = SHARED / "sas_xpt" / f"{name}.xpt"
    assert {one.code for one in convert(old, tmp_path / f"{name}.{kind}")} <= {"FILE622"}
    convert(tmp_path / f"{name}.{kind}", tmp_path / f"{name}.xpt")
    member, again = read_xpt(old), read_xpt(tmp_path / f"{name}.xpt")
    pd.testing.assert_frame_equal(again.dataset.frame, member.dataset.frame)
    assert (again.dataset.name, again.dataset.label) == (member.dataset.name, member.dataset.label)
    for one, other in zip(again.dataset.columns, member.dataset.columns, strict=True):
        assert (one.name, one.label, one.type, one.length, one.format) == (
            other.name, other.label, other.type, other.length, other.format,
        )  # fmt: skip
    if kind in ("csv", "parquet"):
        assert again.dataset.columns == member.dataset.columns


def test_a_conversion_says_what_is_lost(tmp_path):
    frame = pd.DataFrame({"A": [np.nan, 2.0, np.nan], "B": [1.0, 2.0, 3.0]})
    columns = (Column("A", "", "Num", 8), Column("B", "", "Num", 4, "", "8.2"))
    special = {"A": SpecialValues.missing_values({0: "A", 2: "Z"})}
    write_xpt(tmp_path / "x.xpt", frame, columns, special=special)
    found = {kind: {f"{one.code} {one.target}": one.message for one in convert(tmp_path / "x.xpt", tmp_path / f"x.{kind}")}
             for kind in ("csv", "json")}  # fmt: skip
    assert found["csv"] == {
        "FILE620 X.A": "2 records had special missing values (.A to .Z, ._), which become ordinary missing ones"
    }
    assert found["json"] == found["csv"] | {
        "FILE622 X.B": "the informat 8.2 has no place in Dataset-JSON",
        "FILE623 X.B": "the number has 4 bytes, which Dataset-JSON does not say; it will be 8",
    }
    assert convert(tmp_path / "x.xpt", tmp_path / "y.xpt") == ()
    assert (tmp_path / "y.xpt").read_bytes() == (tmp_path / "x.xpt").read_bytes()


def test_digits_beyond_a_double_are_said_to_be_lost(tmp_path):
    write_xpt(tmp_path / "x.xpt", pd.DataFrame({"A": [1.0, 2.0]}))
    raw = (tmp_path / "x.xpt").read_bytes()
    (tmp_path / "x.xpt").write_bytes(raw.replace(b"\x41\x10" + bytes(6), b"\x41\xff" + b"\xff" * 6))
    (found,) = convert(tmp_path / "x.xpt", tmp_path / "x.csv")
    assert found.text().removeprefix(f"{tmp_path / 'x.csv'}: ") == (
        "FILE621 X.A: 1 record had numbers of more digits than a double has, which are rounded\n"
        "  hint: keep the XPT file"
    )


def test_a_conversion_takes_the_header_of_another_file(tmp_path):
    write_xpt(tmp_path / "like.xpt", laboratory())
    (tmp_path / "lb.csv").write_text("LBCOM,USUBJID,LBSTRESN,ADT,ADTM\nx,007,1.5,,0\n")
    assert convert(tmp_path / "lb.csv", tmp_path / "lb.xpt", like=tmp_path / "like.xpt") == ()
    dataset = read_xpt(tmp_path / "lb.xpt").dataset
    assert (dataset.name, dataset.label, dataset.columns) == ("LB", "Laboratory Test Results", COLUMNS)
    assert dataset.frame["USUBJID"].tolist() == ["007"]
    write_csv(tmp_path / "other.csv", dataset)
    assert read_dataset_header(tmp_path / "other.csv").columns == COLUMNS
    header = DatasetHeader("LB", "", (Column("USUBJID", "", "Num"), Column("EXTRA")))
    write_csv(
        tmp_path / "wrong.csv",
        Dataset("LB", "", header.columns, pd.DataFrame({"USUBJID": [1.0], "EXTRA": ["x"]})),
    )
    assert set(codes(convert, tmp_path / "lb.xpt", tmp_path / "b.xpt", like=tmp_path / "wrong.csv")) == {
        "FILE605 LB.EXTRA", "FILE606 LB.ADT", "FILE606 LB.ADTM", "FILE606 LB.LBCOM", "FILE606 LB.LBSTRESN",
        "FILE607 LB.USUBJID",
    }  # fmt: skip


def test_a_failed_write_leaves_old_files(tmp_path):
    write_csv(tmp_path / "lb.csv", laboratory())
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    broken = Dataset("LB", "", (Column("GONE"),), laboratory().frame)
    for kind in ("csv", "parquet", "json"):
        with pytest.raises(KeyError):
            write_dataset(tmp_path / f"lb.{kind}", broken)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_every_code_of_files_is_read_by_a_test():
    text = Path(__file__).read_text()
    assert [code for code in catalogue() if code.startswith("FILE") and code not in text] == []
