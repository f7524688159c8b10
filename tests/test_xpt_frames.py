"""Frames, tables and streams of every kind, written as XPORT files."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.errors import XptError
from sdtm_il2.xpt import read_xpt, write_xpt
from xpt_files import data_of, refused


def test_every_kind_of_text_column_gives_the_same_bytes(tmp_path):
    texts = ["AB", None, "", "ABCDEF", " lead", "AB"] * 30_000
    kinds = {
        "str": pd.Series(texts, dtype="str"),
        "object": pd.Series(texts, dtype=object),
        "string": pd.Series(texts, dtype="string"),
        "python": pd.Series(texts, dtype=pd.StringDtype("python")),
        "arrow": pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
        "category": pd.Series(
            texts, dtype=pd.CategoricalDtype(["AB", "", "ABCDEF", " lead", "unused " * 40, "é"])
        ),
    }
    files = set()
    for name, column in kinds.items():
        write_xpt(tmp_path / f"{name}.xpt", pd.DataFrame({"A": column}), name="A")
        files.add((tmp_path / f"{name}.xpt").read_bytes())
    chunked = pa.chunked_array([texts[:7], texts[7:100_000], texts[100_000:]], pa.string())
    for name, table in {"table": chunked, "sliced": chunked, "words": chunked.dictionary_encode()}.items():
        write_xpt(tmp_path / f"{name}.xpt", pa.table({"A": table}), name="A")
        files.add((tmp_path / f"{name}.xpt").read_bytes())
    assert len(files) == 1
    assert data_of(tmp_path / "str.xpt", 6)[:6] == [
        b"AB    ",
        b" " * 6,
        b" " * 6,
        b"ABCDEF",
        b" lead ",
        b"AB    ",
    ]


def test_every_kind_of_number_column(tmp_path):
    frame = pd.DataFrame(
        {
            "A": pd.array([1, None, 3], dtype="Int64"),
            "B": pd.array([True, None, False], dtype="boolean"),
            "C": pd.Series([1, None, 3], dtype=object),
            "D": pd.Categorical([1.5, None, 3.0]),
            "E": np.array([1, 2, 3], np.uint8),
            "F": np.array([0.5, 2, np.nan], np.float32),
        }
    )
    write_xpt(tmp_path / "a.xpt", frame)
    read = read_xpt(tmp_path / "a.xpt").dataset.frame.fillna(-1)
    assert read.to_dict("list") == {
        "A": [1, -1, 3],
        "B": [1, -1, 0],
        "C": [1, -1, 3],
        "D": [1.5, -1, 3],
        "E": [1, 2, 3],
        "F": [0.5, 2, -1],
    }


def test_a_dataset_is_written_as_its_columns_say(tmp_path):
    frame = pd.DataFrame({"STUDYID": pd.Series(["S1", ""], dtype="str"), "AGE": [44.0, np.nan]})
    columns = (Column("AGE", "Age", "Num"), Column("STUDYID", "Study Identifier", "Char", 12))
    dataset = Dataset("DM", "Demographics", columns, frame)
    assert write_xpt(tmp_path / "any.xpt", dataset).lengths == {"AGE": 8, "STUDYID": 12}
    read, meta = pyreadstat.read_xport(tmp_path / "any.xpt")
    assert list(read) == ["AGE", "STUDYID"]
    assert (meta.table_name, meta.file_label) == ("DM", "Demographics")
    assert meta.column_names_to_labels == {"AGE": "Age", "STUDYID": "Study Identifier"}


def test_a_dataset_without_records_keeps_its_name_and_label(tmp_path):
    dataset = Dataset(
        "DM",
        "Demographics",
        (Column("A", "Text", "Char", 3),),
        pd.DataFrame({"A": pd.Series([], dtype="str")}),
    )
    write_xpt(tmp_path / "any.xpt", dataset)
    read = read_xpt(tmp_path / "any.xpt").dataset
    assert (read.name, read.label, read.columns) == ("DM", "Demographics", dataset.columns)


def test_frames_of_polars(tmp_path):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "A": ["x", None, "日"],
            "B": polars.Series(["LOW", "HIGH", None], dtype=polars.Enum(["LOW", "HIGH", "NEVER USED"])),
            "C": polars.Series(["a", "b", "a"], dtype=polars.Categorical),
            "D": [1, None, 3],
            "E": [True, False, None],
            "F": [dt.date(1960, 1, 2), None, dt.date(1959, 12, 31)],
            "G": [dt.datetime(1960, 1, 1, 0, 1), None, dt.datetime(2020, 5, 6)],
            "H": polars.Series([0.5, None, float("nan")], dtype=polars.Float32),
        }
    )
    for data in (frame, iter([frame[:1], frame[1:]])):
        lengths = {"A": 3, "B": 4, "C": 1}
        columns = None
        if data is not frame:
            columns = [
                Column(name, "", "Char" if name in "ABC" else "Num", lengths.get(name, 8))
                for name in frame.columns
            ]
        written = write_xpt(tmp_path / "a.xpt", data, columns, encoding="utf-8")
        assert dict(written.lengths) == {name: lengths.get(name, 8) for name in "ABCDEFGH"}
        member = read_xpt(tmp_path / "a.xpt")
        assert member.dataset.frame.fillna(-9).to_dict("list") == {
            "A": ["x", "", "日"], "B": ["LOW", "HIGH", ""], "C": ["a", "b", "a"], "D": [1, -9, 3],
            "E": [1, 0, -9], "F": [1, -9, -1], "G": [60, -9, 22041 * 86400], "H": [0.5, -9, -9],
        }  # fmt: skip
    with pytest.raises(XptError, match=r"XPT630 A\.A: the column is time64"):
        write_xpt(tmp_path / "a.xpt", polars.DataFrame({"A": [dt.time(1, 2)]}))
    zoned = polars.Series([dt.datetime(2020, 1, 1)]).dt.replace_time_zone("Asia/Tokyo")
    with pytest.raises(XptError, match=r"XPT647 A\.A"):
        write_xpt(tmp_path / "a.xpt", polars.DataFrame({"A": zoned}))


def test_frames_one_after_another(tmp_path):
    frame = pd.DataFrame({"A": [f"V{n}" for n in range(1000)], "B": np.arange(1000.0)})
    columns = [Column("A", length=4), Column("B", "", "Num")]
    whole = write_xpt(tmp_path / "whole.xpt", frame, columns, name="X")
    parts = (frame[at : at + 333] for at in range(0, 1000, 333))
    tables = (pa.Table.from_pandas(part, preserve_index=False) for part in parts)
    written = write_xpt(tmp_path / "parts.xpt", tables, columns, name="X")
    assert written.records == whole.records == 1000
    assert (tmp_path / "parts.xpt").read_bytes() == (tmp_path / "whole.xpt").read_bytes()
    assert list(refused(tmp_path / "a.xpt", iter([frame]))) == ["XPT651 A"]
    assert list(refused(tmp_path / "a.xpt", iter([frame]), [Column("A"), Column("B", "", "Num", 8)])) == [
        "XPT651 A.A"
    ]


def test_frames_one_after_another_are_judged_to_the_end(tmp_path):
    frames = [
        pd.DataFrame({"A": ["ok"]}),
        pd.DataFrame({"A": ["long", "longer"]}),
        pd.DataFrame({"A": ["longest", "é"]}),
    ]
    found = refused(tmp_path / "a.xpt", iter(frames), [Column("A", length=3)])
    assert found["XPT632 A.A"].count == 3
    assert (
        found["XPT632 A.A"].message
        == "text of up to 7 bytes, where 3 are declared, in 3 records, first in record 2"
    )
    assert "first in record 5" in found["XPT633 A.A"].message
    assert list(tmp_path.iterdir()) == []


def test_data_of_no_frame():
    with pytest.raises(
        TypeError, match="data of type int are neither a frame nor a table nor an iterable of them"
    ):
        write_xpt("a.xpt", 7)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
numbers = st.one_of(
    st.just(float("nan")),
    st.just(0.0),
    st.floats(16.0**-65, 16.0**63, exclude_max=True),
    st.floats(-(16.0**63), -(16.0**-65), exclude_min=True),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(texts, numbers), max_size=30))
def test_pyreadstat_reads_what_was_written(tmp_path, records):
    frame = pd.DataFrame(
        {
            "A": pd.Series([one[0] for one in records], dtype="str"),
            "B": np.array([one[1] for one in records], float),
        }
    )
    write_xpt(tmp_path / "a.xpt", frame, encoding="utf-8")
    kept = [text.rstrip(" ") for text in frame["A"]]
    for read in (read_xpt(tmp_path / "a.xpt").dataset.frame, pyreadstat.read_xport(tmp_path / "a.xpt")[0]):
        assert read["A"].tolist() == kept
        assert np.array_equal(read["B"].to_numpy(float), frame["B"].to_numpy(), equal_nan=True)


@pytest.mark.slow
def test_random_frames_come_back(tmp_path):
    random = np.random.default_rng(5)
    letters = np.array(list("abc xyzé日 "))
    for _ in range(300):
        count = int(random.integers(0, 400))
        columns = {}
        for place in range(int(random.integers(1, 9))):
            if random.random() < 0.5:
                columns[f"C{place}"] = pd.Series(
                    ["".join(random.choice(letters, random.integers(0, 9))) for _ in range(count)],
                    dtype="str",
                )
            else:
                columns[f"C{place}"] = pd.Series(random.lognormal(0, 20, count), dtype=float)
        columns["LAST"] = pd.Series(["."] * count, dtype="str")
        frame = pd.DataFrame(columns)
        write_xpt(tmp_path / "a.xpt", frame, encoding="utf-8")
        read = read_xpt(tmp_path / "a.xpt")
        for name in frame:
            kept = (
                frame[name].str.rstrip(" ").tolist() if frame[name].dtype == "str" else frame[name].tolist()
            )
            assert read.dataset.frame[name].tolist() == kept
        write_xpt(tmp_path / "b.xpt", read)
        assert (tmp_path / "a.xpt").read_bytes() == (tmp_path / "b.xpt").read_bytes()
