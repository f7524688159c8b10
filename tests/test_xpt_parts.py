"""Files by size, files of several datasets, and reading by chunks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.errors import XptError
from sdtm_il2.xpt import SpecialValues, describe_xpt, iter_xpt, read_members, read_xpt, write_xpt

#: Bytes of the header of a file with two variables.
HEADER = 1040


def laboratory(records):
    return pd.DataFrame({"A": [f"{n:04}" for n in range(records)], "B": np.arange(records) / 4})


def test_a_larger_dataset_is_written_in_parts_of_equal_lengths(tmp_path):
    frame = laboratory(100)
    frame.loc[99, "A"] = "longest"
    # 15 bytes a record: 480 bytes are 32 records, and 100 records are 4 parts
    written = write_xpt(tmp_path / "lb.xpt", frame, label="Laboratory", split=HEADER + 480)
    assert [path.name for path in written.parts] == ["lb1.xpt", "lb2.xpt", "lb3.xpt", "lb4.xpt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lb1.xpt", "lb2.xpt", "lb3.xpt", "lb4.xpt"]
    assert written.path == written.parts[0]
    assert (written.records, dict(written.lengths)) == (100, {"A": 7, "B": 8})
    sizes = [path.stat().st_size for path in written.parts]
    assert sizes == [1520, 1520, 1520, 1120]
    assert written.bytes == sum(sizes)
    members = [read_xpt(path) for path in written.parts]
    assert [member.dataset.name for member in members] == ["LB1", "LB2", "LB3", "LB4"]
    assert {member.dataset.label for member in members} == {"Laboratory"}
    assert {tuple(column.length for column in member.dataset.columns) for member in members} == {(7, 8)}
    again = pd.concat([member.dataset.frame for member in members], ignore_index=True)
    pd.testing.assert_frame_equal(again, frame)


def test_what_fits_is_not_split(tmp_path):
    frame = laboratory(40)  # 480 bytes
    written = write_xpt(tmp_path / "lb.xpt", frame, split=HEADER + 480)
    assert [path.name for path in written.parts] == ["lb.xpt"]
    assert written.bytes == HEADER + 480
    assert read_xpt(tmp_path / "lb.xpt").dataset.name == "LB"
    assert len(write_xpt(tmp_path / "lb.xpt", frame, split=HEADER + 479).parts) == 2


def test_a_stream_is_split_as_a_frame_is(tmp_path):
    frame, columns = laboratory(100), [Column("A", length=4), Column("B", "", "Num")]
    special = {"B": SpecialValues.missing_values({0: "A", 39: "B", 40: "C", 99: "Z"})}
    frame.loc[[0, 39, 40, 99], "B"] = np.nan
    options = {"special": special, "split": HEADER + 480}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = write_xpt(tmp_path / "a" / "lb.xpt", frame, columns, **options)
    parts = (frame[at : at + 7] for at in range(0, 100, 7))
    stream = write_xpt(tmp_path / "b" / "lb.xpt", parts, columns, **options)
    assert len(whole.parts) == len(stream.parts) == 3
    for one, other in zip(whole.parts, stream.parts, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert read_xpt(stream.parts[0]).special["B"].missing == {0: "A", 39: "B"}
    assert read_xpt(stream.parts[1]).special["B"].missing == {0: "C"}
    assert read_xpt(stream.parts[2]).special["B"].missing == {19: "Z"}


def test_a_blank_record_at_the_end_of_a_part_is_seen(tmp_path):
    frame = pd.DataFrame({"A": ["abcd"] * 19 + [""] + ["abcd"] * 10})
    one = 960  # header and 20 records of 4 bytes
    assert len(write_xpt(tmp_path / "a.xpt", frame).parts) == 1
    with pytest.raises(XptError) as caught:
        write_xpt(tmp_path / "b.xpt", frame, split=one)
    assert [(issue.code, "record 20" in issue.message) for issue in caught.value.issues] == [("XPT636", True)]
    with pytest.raises(XptError, match="XPT636"):
        write_xpt(tmp_path / "b.xpt", iter([frame[:13], frame[13:]]), [Column("A", length=4)], split=one)
    assert [path.name for path in tmp_path.iterdir()] == ["a.xpt"]


def test_parts_of_an_earlier_split_are_not_left_beside_new_ones(tmp_path):
    write_xpt(tmp_path / "lb.xpt", laboratory(100), split=HEADER + 480)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(XptError, match=r"into 2 parts, and lb3\.xpt of an earlier split stands beside them"):
        write_xpt(tmp_path / "lb.xpt", laboratory(60), split=HEADER + 480)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_failure_in_a_later_part_leaves_every_old_file(tmp_path):
    write_xpt(tmp_path / "lb.xpt", laboratory(100), split=HEADER + 480)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def frames():
        yield laboratory(90)
        raise RuntimeError("the source broke")

    columns = [Column("A", length=7), Column("B", "", "Num")]
    with pytest.raises(RuntimeError, match="the source broke"):
        write_xpt(tmp_path / "lb.xpt", frames(), columns, split=HEADER + 480)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def two(tmp_path):
    first = write_xpt(tmp_path / "a.xpt", laboratory(3), label="First").path.read_bytes()
    second = write_xpt(tmp_path / "b.xpt", pd.DataFrame({"C": ["x"]}), label="Second").path.read_bytes()
    path = tmp_path / "two.xpt"
    path.write_bytes(first + second[240:])
    return path


def test_all_datasets_of_a_file_are_read_and_each_is_written(tmp_path):
    path = two(tmp_path)
    members = read_members(path)
    assert [(one.dataset.name, one.dataset.label, len(one.dataset)) for one in members] == [
        ("A", "First", 3),
        ("B", "Second", 1),
    ]
    for member, name in zip(members, "ab", strict=True):
        write_xpt(tmp_path / f"{name}2.xpt", member)
        assert (tmp_path / f"{name}2.xpt").read_bytes() == (tmp_path / f"{name}.xpt").read_bytes()
    assert [len(chunk.dataset) for chunk in iter_xpt(path, member="A", records=2)] == [2, 1]
    with pytest.raises(XptError, match="XPT611"):
        next(iter_xpt(path))


def test_reading_by_chunks_gives_the_whole(tmp_path):
    frame = laboratory(1000)
    frame.loc[[3, 4, 500], "B"] = np.nan
    special = {"B": SpecialValues.missing_values({3: "A", 500: "_"})}
    write_xpt(
        tmp_path / "lb.xpt", frame, [Column("A", "Text", "Char", 9), Column("B", "", "Num")], special=special
    )
    chunks = list(iter_xpt(tmp_path / "lb.xpt", records=300))
    assert [len(chunk.dataset) for chunk in chunks] == [300, 300, 300, 100]
    assert [dict(chunk.special["B"].missing) if chunk.special else {} for chunk in chunks] == [
        {3: "A"},
        {200: "_"},
        {},
        {},
    ]
    again = pd.concat([chunk.dataset.frame for chunk in chunks], ignore_index=True)
    pd.testing.assert_frame_equal(again, read_xpt(tmp_path / "lb.xpt").dataset.frame)
    assert {chunk.dataset.columns for chunk in chunks} == {read_xpt(tmp_path / "lb.xpt").dataset.columns}
    write_xpt(tmp_path / "again.xpt", iter_xpt(tmp_path / "lb.xpt", records=7))
    assert (tmp_path / "again.xpt").read_bytes() == (tmp_path / "lb.xpt").read_bytes()


def test_a_stream_of_datasets_is_written_as_the_first_says(tmp_path):
    column = Column("A", "Text", "Char", 3)
    parts = [Dataset("AE", "Adverse Events", (column,), pd.DataFrame({"A": [text]})) for text in ("x", "yy")]
    write_xpt(tmp_path / "any.xpt", iter(parts))
    dataset = read_xpt(tmp_path / "any.xpt").dataset
    assert (dataset.name, dataset.label, dataset.columns) == ("AE", "Adverse Events", (column,))
    assert dataset.frame["A"].tolist() == ["x", "yy"]


def test_special_values_of_a_stream_must_fit(tmp_path):
    columns = [Column("B", "", "Num")]
    frames = [pd.DataFrame({"B": [np.nan, 1.0]}), pd.DataFrame({"B": [np.nan]})]
    special = {"B": SpecialValues.missing_values({2: "A", 3: "B"})}
    with pytest.raises(XptError) as caught:
        write_xpt(tmp_path / "a.xpt", iter(frames), columns, special=special)
    assert [(one.code, one.count) for one in caught.value.issues] == [("XPT646", 1)]
    assert "first in record 4" in str(caught.value)


def test_chunks_of_nothing(tmp_path):
    write_xpt(tmp_path / "a.xpt", pd.DataFrame({"A": pd.Series([], dtype="str")}))
    chunks = list(iter_xpt(tmp_path / "a.xpt"))
    assert [len(chunk.dataset) for chunk in chunks] == [0]
    with pytest.raises(ValueError, match="chunks have at least 1 record, not 0"):
        next(iter_xpt(tmp_path / "a.xpt", records=0))
    write_xpt(tmp_path / "b.xpt", iter([]), [Column("A", length=4)])
    assert describe_xpt(tmp_path / "b.xpt")[0].records == 0


def test_text_of_another_encoding_is_named_by_its_record_in_the_file(tmp_path):
    frame = pd.DataFrame({"A": ["ok"] * 10 + ["µg"]})
    write_xpt(tmp_path / "a.xpt", frame, encoding="cp1252")
    with pytest.raises(XptError, match="in 1 record, first in record 11"):
        list(iter_xpt(tmp_path / "a.xpt", records=4))


MEMORY = """
import sys, numpy as np, pandas as pd
from sdtm_il2.dataset import Column
from sdtm_il2.xpt import iter_xpt, write_xpt

def status(name):
    with open("/proc/self/status") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith(name)) / 1024

def added(call):
    with open("/proc/self/clear_refs", "w") as stream:
        stream.write("5")
    before = status("VmRSS")
    call()
    return status("VmHWM") - before

path, kind = sys.argv[1:]
records = 400_000
texts = np.array([f"{n:032}" for n in range(1000)], object)
frame = pd.DataFrame({f"T{n}": texts[np.arange(records) % (900 + n)] for n in range(12)})
frame = frame.astype(object if kind == "object" else "str")
for n in range(4):
    frame[f"N{n}"] = np.arange(records) / 7
def read():
    for chunk in iter_xpt(path):
        pass
print(added(lambda: write_xpt(path, frame, name="A")), added(read))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["object", "str"])
def test_memory_beyond_the_frame_is_bounded(tmp_path, kind):
    result = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "a.xpt"), kind],
        check=True,
        capture_output=True,
        text=True,
    )
    written, read = (float(one) for one in result.stdout.split())
    assert (tmp_path / "a.xpt").stat().st_size > 160e6
    assert written < 64
    assert read < 64
