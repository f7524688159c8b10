"""Sources of several files, files under another name, keys without use, and the sheet of a source."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import random
from collections import Counter
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raw_studies import AT, discard, refusal, spec, study, write
from sdtm_il2.errors import SourceError, SpecError
from sdtm_il2.sources import DISCARDED, OPEN, read_sources
from sdtm_il2.sources.excel import read_excel
from sdtm_il2.sources.parquet import read_parquet
from sdtm_il2.spec import load_spec
from sdtm_il2.spec.study import SubjectRule


def parquet(columns: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


# ---- several files as one source ------------------------------------------------------------------------


def test_a_pattern_reads_its_files_in_sorted_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "lab/b.csv": "ID,R\n3,z\n",
            "lab/a[1].csv": "R,ID\nx,1\n\ny,2\n",
            "lab/c.csv": "ID,R\n",
            "lab/~$b.csv": "lock",
            "lab/.hidden.csv": "no",
            "lab/deep/d.csv": "ID\n9\n",
        },
    )
    rows = (discard("ID EQ 3"),)
    found = read_sources(
        study(spec("lab", "lab/*.csv", subject=SubjectRule("{ID}"), unsubmitted_rows=rows)), tmp_path
    )
    source = found["lab"]
    assert source.files == ("lab/a[1].csv", "lab/b.csv", "lab/c.csv")
    assert source.columns == ("R", "ID")
    assert source.frame.to_numpy().tolist() == [["x", "1"], ["y", "2"], ["z", "3"]]
    assert [str(source.place(record)) for record in range(3)] == [
        "lab/a[1].csv:2",
        "lab/a[1].csv:4",
        "lab/b.csv:2",
    ]
    assert source.status.tolist() == [OPEN, OPEN, DISCARDED]
    assert source.sha256[1] == hashlib.sha256(b"ID,R\n3,z\n").hexdigest()
    assert [one.code for one in found.issues] == ["SRC319", "SRC305"]
    assert read_sources(study(spec("x", "lab/a?1].csv")), tmp_path)["x"].files == ("lab/a[1].csv",)
    assert read_sources(study(spec("x", "**/d.csv")), tmp_path)["x"].files == ("lab/deep/d.csv",)


def test_issues_of_several_files_name_the_right_one(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "ID,X\n1,1\n", "b.csv": "ID,X\n2,1\n,2\n"})
    found = read_sources(study(spec("lab", "?.csv", subject=SubjectRule("{ID}", at=AT))), tmp_path)
    assert [str(one).splitlines()[0] for one in found.issues] == [
        "study.yaml:8: SRC323 lab: 1 record without a subject, first at b.csv:3"
    ]


def test_files_of_several_kinds_are_one_source(tmp_path: Path) -> None:
    write(tmp_path, {"lab1.csv": "ID,N\n1,2.0\n", "lab2.parquet": parquet({"ID": ["2"], "N": [2.0]})})
    source = read_sources(study(spec("lab", "lab*")), tmp_path)["lab"]
    assert source.frame.to_numpy().tolist() == [["1", "2.0"], ["2", "2"]]


def test_patterns_that_are_refused(tmp_path: Path) -> None:
    files = {"raw/a.csv": "ID,X,Y\n", "raw/b.csv": "ID,Y,x\n", "raw/c.csv": "", "out.csv": "ID\n"}
    raw = write(tmp_path, files) / "raw"
    assert refusal(raw, spec("lab", "[ab].csv"), spec("two", "?.csv"), spec("three", "lab*.csv")) == (
        "study.yaml:8: SRC302 lab: [ab].csv is not in the raw folder\n"
        "  hint: put the file there, or correct path:\n"
        "study.yaml:8: SRC304 two: c.csv has 0 bytes\n"
        "  hint: export the file again; an export without records still has a header line\n"
        "study.yaml:8: SRC344 three: no file in the raw folder matches lab*.csv\n"
        "  hint: put the file there, or correct path:"
    )
    (raw / "c.csv").unlink()
    assert refusal(raw, spec("lab", "*.csv")) == (
        "study.yaml:8: SRC343 lab: b.csv is not like a.csv: it lacks 'X' and it has 'x' more\n"
        "  hint: give the files the same columns, or make them sources of their own"
    )
    (raw / "link.csv").symlink_to(tmp_path / "out.csv")
    assert refusal(raw, spec("lab", "l*.csv")).startswith(
        "study.yaml:8: SRC303 lab: link.csv lies outside the raw folder, where a link leads"
    )
    assert refusal(raw, spec("lab", "../*.csv")).startswith(
        "study.yaml:8: SRC303 lab: ../*.csv lies outside the raw folder\n"
    )
    write(raw, {"y1.csv": "A\n", "y2.xml": "<ODM/>"})
    assert refusal(raw, spec("lab", "y*")).startswith("study.yaml:8: SRC380 lab: y1.csv")
    write(raw, {"x.xls": b"\xd0\xcf\x11\xe0"})
    assert "SRC301 lab: x.xls is an old Excel workbook, which is not read" in refusal(raw, spec("lab", "x.*"))


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"{number}.csv": "A\n" for number in range(3)})
    monkeypatch.setattr("sdtm_il2.sources.files.MOST_FILES", 2)
    assert refusal(tmp_path, spec("lab", "*.csv")) == (
        "study.yaml:8: SRC346 lab: 3 files match *.csv, and at most 2 are read as one source\n"
        "  hint: write a narrower pattern"
    )


# ---- content and keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "content", "hint"),
    [
        (parquet({"A": [1]}), "a Parquet file", "write format: parquet"),
        (b"\xd0\xcf\x11\xe0", "an old or an encrypted Excel workbook", "save it as XLSX without a password"),
        (b"HEADER RECORD*******LIBRARY", "a SAS transport file", "write format: xpt"),
        (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS dataset", "write format: sas7bdat"),
    ],
)
def test_content_in_disguise(tmp_path: Path, data: bytes, content: str, hint: str) -> None:
    write(tmp_path, {"lab.csv": data})
    assert refusal(tmp_path, spec("lab")) == (
        f"study.yaml:8: SRC341 lab: lab.csv is read as text, but is {content} by its content\n  hint: {hint}"
    )


def test_keys_that_mean_nothing_are_said(tmp_path: Path) -> None:
    write(tmp_path, {"lab.dat": parquet({"A": ["x"]}), "ae.csv": "A\n1\n"})
    one = spec("lab", "lab.dat", format="parquet", header=(2,), encoding="gb18030", sheet="x")
    found = read_sources(study(one, spec("ae", sheet="x")), tmp_path)
    assert [str(issue).splitlines()[0] for issue in found.issues] == [
        (
            "study.yaml:8: SRC342 lab: encoding:, header:, sheet: means nothing for parquet files "
            "and is not used"
        ),
        "study.yaml:8: SRC342 ae: sheet: means nothing for text files and is not used",
    ]


STUDY = """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
sources:
  lab: {path: lab/*.xlsx, sheet: 血常规, header: [2, 3]}
  two: {path: two.xlsx, sheet: 2}
domains: [ae.yaml]
"""


def test_the_sheet_of_a_source_is_specified(tmp_path: Path) -> None:
    domain = "domain: AE\nkeys: [STUDYID]\nrecords: [{from: lab}]\n"
    write(tmp_path, {"study.yaml": STUDY, "ae.yaml": domain})
    lab, two = load_spec(tmp_path).sources
    assert (lab.path, lab.sheet, lab.header, two.sheet) == ("lab/*.xlsx", "血常规", (2, 3), "2")
    write(tmp_path, {"study.yaml": STUDY.replace("sheet: 2", "sheet: [1, 2]")})
    with pytest.raises(SpecError, match=r"study.yaml:5: SPEC\d+.*sheet"):
        load_spec(tmp_path)


def test_damaged_files_are_read_or_refused_but_never_crash() -> None:
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    for number in range(20):
        book.active.append([f"S{number}", number * 1.1, True, dt.datetime(2024, 5, 1)])
    book.save(stream)
    found: Counter[str] = Counter()
    for data, reader in ((stream.getvalue(), read_excel), (parquet({"A": ["x", "y"] * 50}), read_parquet)):
        for seed in range(150):
            chance = random.Random(seed)
            damaged = bytearray(data)
            for _ in range(3):
                damaged[chance.randrange(len(data))] = chance.randrange(256)
            try:
                reader(Path("lab"), data=bytes(damaged))
                found["read"] += 1
            except SourceError:
                found["refused"] += 1
    assert sum(found.values()) == 300
    assert found["refused"] > 100
