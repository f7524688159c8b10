"""Two builds compared: one raw cell is changed, and what differs is worked out by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from cli_study import run
from sdtm_il2.diff import DatasetDiff, RecordDiff, VariableDiff, diff
from sdtm_il2.errors import OutputError
from sdtm_il2.output import write_build
from sdtm_il2.xpt import write_xpt
from study import build_study, standard

FILES = {
    "study.yaml": """\
study: D1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ}
  ae: {path: raw/ae.csv, subject: SUBJ}
  cm: {path: raw/cm.csv, subject: SUBJ}
domains: [dm.yaml, ae.yaml, cm.yaml]
relationships: [{from: CM, column: NO, to: AE.AESPID, id: "R{NO}"}]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables: {SUBJID: {assign: SUBJ}, SITEID: {hardcode: "01"}, SEX: {assign: SEX}, COUNTRY: {hardcode: CHN}}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM, AESTDTC]
records: [{from: ae}]
sort: [AESTDTC]
variables:
  AESPID: {assign: NO}
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESEV: {assign: SEV}
  AESTDTC: {datetime: START}
  WARD: {assign: WARD, supplemental: {label: Ward}}
comments: [{from: ae, text: NOTE}]
""",
    "cm.yaml": """\
domain: CM
keys: [STUDYID, USUBJID, CMTRT]
records: [{from: cm}]
variables: {CMTRT: {assign: DRUG}, CMDOSE: {assign: DOSE}}
""",
    "raw/dm.csv": "SUBJ,SEX\n01,F\n02,M\n",
    "raw/ae.csv": """\
SUBJ,NO,TERM,SEV,START,WARD,NOTE
01,1,Rash,MILD,2024-05-02,W1,
01,2,Cough,MILD,2024-05-03,W2,seen
01,3,Fever,MILD,2024-05-04,W3,
02,1,Rash,MILD,2024-05-02,W1,
""",
    "raw/cm.csv": "SUBJ,DRUG,DOSE,NO\n01,aspirin,100,2\n02,aspirin,200,\n",
}


def built(folder: Path, name: str, **changed: tuple[str, str]) -> Path:
    """An output folder; of the named raw files a text is replaced by another one."""
    files = dict(FILES)
    for source, (old, new) in changed.items():
        path = f"raw/{source}.csv"
        assert files[path].count(old) == 1
        files[path] = files[path].replace(old, new)
    write_build(
        build_study(folder / f"{name} study", files), standard("SDTMIG 3.4", "2025-03-28"), folder / name
    )
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("diff")


@pytest.fixture(scope="module")
def old(folder: Path) -> Path:
    return built(folder, "old")


def test_a_build_equals_itself(old: Path) -> None:
    found = diff(old, old)
    assert found.equal
    assert [one.name for one in found.datasets] == ["AE", "CM", "CO", "DM", "RELREC", "SUPPAE"]
    done = run("diff", str(old), str(old))
    assert (done.stdout, done.exit_code) == ("no difference\n", 0)


def test_one_changed_cell_is_one_changed_value(folder: Path, old: Path) -> None:
    new = built(folder, "severe", ae=("01,3,Fever,MILD", "01,3,Fever,SEVERE"))
    found = diff(old, new)
    assert [one.name for one in found.datasets if not one.equal] == ["AE"]
    key = (("STUDYID", "D1"), ("USUBJID", "D1-01"), ("AETERM", "Fever"), ("AESTDTC", "2024-05-04"))
    assert found.dataset("AE") == DatasetDiff(
        "AE", 4, 4, ("STUDYID", "USUBJID", "AETERM", "AESTDTC"), changed=1, values={"AESEV": 1},
        variables=(VariableDiff("AESEV", "length", "4", "6"),),
        records=(RecordDiff("changed", 3, 3, key, (("AESEV", "MILD", "SEVERE"),)),),
    )  # fmt: skip


def test_the_text_hides_values_unless_they_are_asked_for(folder: Path, old: Path) -> None:
    new = built(folder, "moderate", ae=("01,3,Fever,MILD", "01,3,Fever,SEVERE"))
    done = run("diff", str(old), str(new))
    assert done.exit_code == 1
    assert done.stdout == (
        "AE: 4 records before, 4 now: 1 changed\n"
        "  key: STUDYID, USUBJID, AETERM, AESTDTC\n"
        "  AESEV: length was 4, is 6\n"
        "  AESEV: 1 value changed\n"
        "  changed: row 3: AESEV\n"
        "1 dataset of 6 differs\n"
    )
    shown = run("diff", str(old), str(new), "--show-values").stdout
    assert (
        "    STUDYID='D1', USUBJID='D1-01', AETERM='Fever', AESTDTC='2024-05-04'\n    AESEV was 'MILD', is 'SEVERE'\n"
        in shown
    )
    content = json.loads(run("diff", str(old), str(new), "--json").stdout)
    assert content["equal"] is False
    assert content["datasets"][0]["records"] == [
        {"change": "changed", "old_row": 3, "new_row": 3, "variables": ["AESEV"]}
    ]
    asked = json.loads(run("diff", str(old), str(new), "--json", "--show-values").stdout)
    assert asked["datasets"][0]["records"][0]["values"] == [
        {"variable": "AESEV", "before": "MILD", "after": "SEVERE"}
    ]


def test_records_that_only_got_another_number_are_counted_apart(folder: Path, old: Path) -> None:
    """The first event of subject 01 is gone: its others move up, and what refers to them by --SEQ moves with them."""
    new = built(folder, "fewer", ae=("01,1,Rash,MILD,2024-05-02,W1,\n", ""))
    found = diff(old, new)
    numbers = {
        one.name: (one.added, one.removed, one.changed, one.renumbered)
        for one in found.datasets
        if not one.equal
    }
    assert numbers == {"AE": (0, 1, 0, 2), "CO": (0, 0, 0, 1), "SUPPAE": (0, 1, 0, 2), "RELREC": (0, 0, 0, 1)}
    assert run("diff", str(old), str(new)).stdout.splitlines()[:3] == [
        "AE: 4 records before, 3 now: 1 removed, 2 with another number only",
        "  key: STUDYID, USUBJID, AETERM, AESTDTC",
        "  removed: row 1",
    ]


def test_a_supplement_of_another_record_is_changed_though_its_text_is_the_same(
    folder: Path, old: Path
) -> None:
    """IDVARVAL 1 names another event now: the ward of the first one is gone, that of the other one is new."""
    new = built(folder, "other", ae=("01,1,Rash,MILD", "01,1,Itching,MILD"))
    one = diff(old, new).dataset("SUPPAE")
    assert (one.added, one.removed, one.changed, one.renumbered) == (1, 1, 0, 0)


def test_records_added_and_datasets_added(folder: Path, old: Path) -> None:
    new = built(folder, "more", cm=("02,aspirin,200,", "02,aspirin,200,\n02,zinc,5,"), ae=(",seen", ","))
    found = diff(old, new)
    assert found.dataset("CM").records == (
        RecordDiff("added", None, 3, (("STUDYID", "D1"), ("USUBJID", "D1-02"), ("CMTRT", "zinc"))),
    )
    assert found.dataset("CO") == DatasetDiff("CO", 1, None, found.dataset("CO").keys)
    assert "CO: dataset removed, 1 record\n" in run("diff", str(old), str(new)).stdout


def test_more_records_than_the_limit_are_counted(folder: Path, old: Path) -> None:
    new = built(folder, "none", cm=("01,aspirin,100,2\n02,aspirin,200,", "01,zinc,100,2\n02,zinc,200,"))
    one = diff(old, new, limit=1).dataset("CM")
    assert (one.added, one.removed, len(one.records), one.more) == (2, 2, 1, 3)
    done = run("diff", str(old), str(new), "--limit", "1").stdout
    assert "  removed: row 1\n  and 3 records more\n" in done


def files_of(folder: Path, name: str, frame: dict[str, list[object]], label: str = "Adverse Events") -> Path:
    path = folder / name / "ae.xpt"
    path.parent.mkdir()
    write_xpt(path, pd.DataFrame(frame), label=label, name="AE")
    return path


def test_two_files_without_define(tmp_path: Path) -> None:
    """Labels, types, lengths, variables and their order; numbers that are missing are equal; duplicates are told."""
    one = files_of(
        tmp_path, "a",
        {"STUDYID": ["S"] * 3, "USUBJID": ["1"] * 3, "AESEQ": [1, 2, 3], "AETERM": ["a", "a", "b"],
         "AESTDY": [float("nan"), 1, 2], "AESEV": ["MILD"] * 3, "X": ["1", "2", "3"]},
    )  # fmt: skip
    other = files_of(
        tmp_path, "b",
        {"STUDYID": ["S"] * 3, "USUBJID": ["1"] * 3, "AESEQ": [1, 2, 3], "AESEV": ["MILD"] * 3,
         "AETERM": ["a", "a", "b"], "AESTDY": [float("nan"), 1, float("nan")], "X": [1, 2, 3], "Y": ["", "", ""]},
        label="Events",
    )  # fmt: skip
    found = diff(one, other).dataset("AE")
    assert found.keys == ("STUDYID", "USUBJID", "AETERM")
    assert found.duplicates == (1, 1)
    assert found.label == ("Adverse Events", "Events")
    assert found.values == {"AESTDY": 1}
    assert [str(variable) for variable in found.variables if variable.what not in ("length", "format")] == [
        "Y: variable added",
        "X: type was Char, is Num",
        "AETERM: place was 4, is 5",
    ]
    text = run("diff", str(one), str(other)).stdout
    assert "  before 1 record has the key of an earlier record: compared in their order\n" in text
    keyed = diff(one, other, keys={"AE": ["USUBJID", "AESEQ"]}).dataset("AE")
    assert (keyed.keys, keyed.duplicates) == (("USUBJID", "AESEQ"), (0, 0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        ("empty", "OUT940 empty: the folder holds no XPT file\n  hint: name two folders with XPT files or two XPT files"),
        ("file", "OUT941: one is a folder and the other is a file\n  hint: name two folders or two XPT files"),
        ("manifest", "manifest.json: OUT944: the manifest names no encoding\n  hint: give --encoding"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(old: Path, tmp_path: Path, make: str, message: str) -> None:
    other = tmp_path / make
    if make == "file":
        shutil.copy(old / "ae.xpt", other)
    else:
        other.mkdir()
    if make == "manifest":
        shutil.copy(old / "ae.xpt", other / "ae.xpt")
        (other / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(OutputError) as error:
        diff(old, other)
    assert str(error.value).replace(f"{other}/", "") == message


def test_files_of_two_datasets_and_keys_that_are_not_there(old: Path) -> None:
    with pytest.raises(OutputError) as error:
        diff(old / "ae.xpt", old / "dm.xpt")
    assert str(error.value) == ("OUT942: the files are AE and DM\n  hint: name two files of the same dataset")
    with pytest.raises(OutputError) as error:
        diff(old / "cm.xpt", old / "cm.xpt", keys={"CM": ["CMSPID"]})
    assert str(error.value).startswith(
        "OUT943 CM: key variable CMSPID is not in both files with the same type\n  hint: choose among STUDYID, DOMAIN"
    )
    done = run("diff", str(old), str(old), "--key", "CM")
    assert done.exit_code == 2
    assert "'CM' is not DATASET=VARIABLE,VARIABLE." in done.stderr
    assert run("diff", str(old), str(old / "nothing")).exit_code == 2


def test_a_file_that_is_no_xpt_ends_with_2(old: Path, tmp_path: Path) -> None:
    broken = tmp_path / "ae.xpt"
    broken.write_bytes(b"no transport file")
    done = run("diff", str(old / "ae.xpt"), str(broken))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "XPT6" in done.stderr
