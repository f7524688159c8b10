"""Trace of records that are made of several raw records, of joined ones, or of another dataset; and the way forth."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_study import run
from sdtm_il2.errors import Location, OutputError
from sdtm_il2.output import write_build
from sdtm_il2.trace import FedRecord, RowTrace, trace, trace_row
from study import build_folder, build_study, standard, write_files

FILES = {
    "study.yaml": """\
study: T2
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ, private: [NAME]}
  ex: {path: raw/ex.csv, subject: SUBJ}
  ae:
    path: raw/ae.csv
    subject: SUBJ
    keep: {one_per: [SUBJ, NO], last: VERSION}
    not_submitted: {rows: [{when: VOID EQ Y, reason: entry voided}]}
  coding: {path: raw/coding.csv}
  sites: {path: raw/sites.csv, subject: SUBJ}
domains: [dm.yaml, ec.yaml, ex.yaml, ae.yaml, cm.yaml]
relationships: [{from: CM, column: AENO, to: AE.AESPID, id: "R{AENO}"}]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm, decode: [{table: arms.csv, by: [SEQUENCE]}]}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {hardcode: "01"}
  RFSTDTC: {earliest: EX.EXSTDTC}
  SEX: {assign: SEX}
  COUNTRY: {hardcode: CHN}
  ARM: {hardcode: IL-2}
""",
    "arms.csv": "SEQUENCE,ARMCD\nA,IL2\nB,STD\n",
    "ec.yaml": """\
domain: EC
keys: [STUDYID, USUBJID, ECTRT, ECSTDTC]
records: [{from: ex, each: {DAY: DAY1-DAY2, AMOUNT: AMOUNT1-AMOUNT2}}]
variables:
  ECTRT: {hardcode: IL-2}
  ECSPID: {assign: COURSE}
  ECOCCUR: {case: [{when: DAY FILLED, then: Y}, {when: AMOUNT EQ none, then: N}]}
  ECDOSE: {assign: AMOUNT, when: DAY FILLED}
  ECDOSU: {hardcode: g}
  ECSTDTC: {datetime: DAY}
""",
    "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records: [{from: EC, where: ECOCCUR EQ Y, group: {by: [ECSPID], take: {ECSTDTC: first, ECDOSE: sum}}}]
variables:
  EXTRT: {assign: ECTRT}
  EXDOSE: {assign: ECDOSE}
  EXDOSU: {assign: ECDOSU}
  EXSTDTC: {assign: ECSTDTC}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AESPID]
records:
  - from: ae
    where: KIND NE other
    join: {c: {source: coding, by: [TERM], cardinality: 0..1}}
    group: {by: [NO], take: {START: min, END: max, TERM: last, GRADE: count, PAIN: list}}
variables:
  AESPID: {assign: NO}
  AETERM: {assign: TERM}
  AEDECOD: {coalesce: [c.PT, TERM]}
  AECAT: {assign: PAIN}
  AESCAT: {assign: GRADE}
  AESTDTC: {datetime: START}
  AEENDTC: {datetime: END}
  SITE: {assign: WARD, supplemental: {label: Ward}}
comments: [{from: ae, text: NOTE}]
submit: {when: AE.AESPID NE 9, else: not an event}
""",
    "cm.yaml": """\
domain: CM
keys: [STUDYID, USUBJID, CMTRT, CMDOSTXT]
records: [{from: dm, join: {s: {source: sites, cardinality: many}}}]
variables:
  CMTRT: {assign: DRUG}
  CMDOSTXT: {assign: s.SITE}
""",
    "raw/dm.csv": "SUBJ,SEX,SEQUENCE,DRUG,AENO,NAME\n01,F,A,aspirin,1,Ann\n02,M,B,,,Bob\n",
    "raw/ex.csv": "SUBJ,COURSE,DAY1,AMOUNT1,DAY2,AMOUNT2\n01,1,2024-05-02,10,2024-05-04,20\n01,1,,none,2024-05-06,30\n",
    "raw/ae.csv": """\
SUBJ,NO,VERSION,TERM,START,END,GRADE,PAIN,WARD,KIND,VOID,NOTE
01,1,1,rash,2024-05-07,2024-05-09,2,arm,W1,,,
01,1,2,rashes,2024-05-05,2024-05-08,3,leg,W1,,,seen
01,2,1,cough,2024-05-08,,,,,,Y,
01,3,1,fever,2024-05-08,,,,,other,,
01,9,1,nothing,2024-05-08,,,,,,,
,4,1,nobody,2024-05-08,,,,,,,
""",
    "raw/coding.csv": "TERM,PT\nrashes,Rash\nunused,Unused\n",
    "raw/sites.csv": "SUBJ,SITE\n01,X\n01,Y\n02,Z\n",
}
STUDY = FILES["study.yaml"].replace("    keep: {one_per: [SUBJ, NO], last: VERSION}\n", "")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both versions of an event are kept here, so that `group` makes one record of them."""
    folder = tmp_path_factory.mktemp("records")
    built = build_study(folder / "study", FILES | {"study.yaml": STUDY})
    write_build(built, standard("SDTMIG 3.4", "2025-03-28"), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Here the first version is superseded."""
    folder = tmp_path_factory.mktemp("kept")
    built = build_study(folder / "study", FILES)
    write_build(built, standard("SDTMIG 3.4", "2025-03-28"), folder / "out")
    return folder / "out"


def value(out: Path, variable: str, dataset: str = "AE", seq: int | None = 1) -> list[str]:
    return list(trace(out, dataset, "T2-01", seq, variable).values[0].lines())


def test_a_group_names_every_raw_record(out: Path) -> None:
    found = trace(out, "AE", "T2-01", 1, "AETERM")
    assert found.records == (
        ("ae", Location("raw/ae.csv", 2)),
        ("ae", Location("raw/ae.csv", 3)),
        ("coding", Location("raw/coding.csv", 2)),
    )


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (
            "AETERM",
            [
                "AE.AETERM = 'rashes'",
                "  by assign at ae.yaml:10",
                "  TERM: last of 2 records",
                "  from raw/ae.csv:3 TERM = 'rashes'",
            ],
        ),
        (
            "AESTDTC",
            [
                "AE.AESTDTC = '2024-05-05'",
                "  by datetime at ae.yaml:14",
                "  START: min of 2 records",
                "  from raw/ae.csv:3 START = '2024-05-05'",
            ],
        ),
        (
            "AEENDTC",
            [
                "AE.AEENDTC = '2024-05-09'",
                "  by datetime at ae.yaml:15",
                "  END: max of 2 records",
                "  from raw/ae.csv:2 END = '2024-05-09'",
            ],
        ),
        (
            "AESCAT",
            [
                "AE.AESCAT = '2'",
                "  by assign at ae.yaml:13",
                "  GRADE: count of 2 records",
                "  from raw/ae.csv:2 GRADE = '2'",
                "  from raw/ae.csv:3 GRADE = '3'",
            ],
        ),
        (
            "AECAT",
            [
                "AE.AECAT = 'arm; leg'",
                "  by assign at ae.yaml:12",
                "  PAIN: list of 2 records",
                "  from raw/ae.csv:2 PAIN = 'arm'",
                "  from raw/ae.csv:3 PAIN = 'leg'",
            ],
        ),
        (
            "SITE",
            [
                "AE.SITE = 'W1'",
                "  by assign at ae.yaml:16",
                "  from raw/ae.csv:2 WARD = 'W1'",
                "  from raw/ae.csv:3 WARD = 'W1'",
            ],
        ),
        (
            "AEDECOD",
            [
                "AE.AEDECOD = 'Rash'",
                "  by coalesce at ae.yaml:11",
                "  coalesce: value 1 of 2 at ae.yaml:11",
                "  from raw/coding.csv:2 PT = 'Rash'",
                "  found by raw/ae.csv:3 TERM = 'rashes'",
            ],
        ),
    ],
)
def test_a_value_of_a_group_names_the_cells_that_gave_it(
    out: Path, variable: str, expected: list[str]
) -> None:
    assert value(out, variable) == expected


def test_a_record_of_another_dataset_goes_on_to_its_raw_cells(out: Path) -> None:
    found = trace(out, "EX", "T2-01", 1, "EXDOSE")
    assert list(found.lines()) == [
        "EX T2-01 EXSEQ 1",
        "  made from EC ECSEQ 2, 3, 4",
        "  made from ex: raw/ex.csv:2",
        "  made from ex: raw/ex.csv:3",
        "EX.EXDOSE = '60'",
        "  by assign at ex.yaml:6",
        "  ECDOSE: sum of 3 records",
        "  EC.ECDOSE = '10'",
        "    by assign at ec.yaml:8",
        "    from raw/ex.csv:2 AMOUNT1 = '10'",
        "    from raw/ex.csv:2 DAY1 = '2024-05-02'",
        "  EC.ECDOSE = '20'",
        "    by assign at ec.yaml:8",
        "    from raw/ex.csv:2 AMOUNT2 = '20'",
        "    from raw/ex.csv:2 DAY2 = '2024-05-04'",
        "  EC.ECDOSE = '30'",
        "    by assign at ec.yaml:8",
        "    from raw/ex.csv:3 AMOUNT2 = '30'",
        "    from raw/ex.csv:3 DAY2 = '2024-05-06'",
    ]
    assert found.datasets == (("EC", 2), ("EC", 3), ("EC", 4))


@pytest.mark.parametrize(
    ("seq", "expected"),
    [
        (2, ["EC.ECOCCUR = 'Y'", "  by case at ec.yaml:7", "  case: branch 1 of 2 at ec.yaml:7",
             "  from raw/ex.csv:2 DAY1 = '2024-05-02'"]),
        (1, ["EC.ECOCCUR = 'N'", "  by case at ec.yaml:7", "  case: branch 2 of 2 at ec.yaml:7",
             "  from raw/ex.csv:3 AMOUNT1 = 'none'"]),
    ],
)  # fmt: skip
def test_branches_that_were_not_taken_are_not_shown(out: Path, seq: int, expected: list[str]) -> None:
    assert value(out, "ECOCCUR", "EC", seq) == expected


def test_the_earliest_value_names_its_record(out: Path) -> None:
    assert value(out, "RFSTDTC", "DM", None)[:4] == [
        "DM.RFSTDTC = '2024-05-02'",
        "  by earliest at dm.yaml:7",
        "  EX.EXSTDTC: 1 of 1 records of the subject",
        "  EX.EXSTDTC = '2024-05-02'",
    ]


def test_a_decode_table_names_its_row(out: Path) -> None:
    found = trace(out, "DM", "T2-02", None, "ARMCD")
    assert list(found.lines())[1:] == [
        "  made from dm: raw/dm.csv:3",
        "  row arms.csv:3",
        "DM.ARMCD = 'STD'",
        "  by decode at dm.yaml:3",
        "  from arms.csv:3 ARMCD = 'STD'",
        "  found by raw/dm.csv:3 SEQUENCE = 'B'",
    ]


def test_each_of_many_joined_records_names_its_own(out: Path) -> None:
    places = [
        [str(place) for _, place in trace(out, "CM", "T2-01", seq, "CMDOSTXT").records] for seq in (1, 2)
    ]
    assert places == [["raw/dm.csv:2", "raw/sites.csv:2"], ["raw/dm.csv:2", "raw/sites.csv:3"]]


def test_any_split_of_the_subjects_gives_the_same_lineage(tmp_path: Path) -> None:
    folder = write_files(tmp_path, FILES | {"study.yaml": STUDY})
    one, two = build_folder(folder), build_folder(folder, partitions=2)
    for name, lineage in one.lineage.datasets.items():
        assert lineage.table().equals(two.lineage.datasets[name].table()), name


# ---- from a raw record to what it feeds --------------------------------------------------------------------------


def test_a_raw_record_feeds_records_through_group_and_dataset(out: Path) -> None:
    (found,) = trace_row(out, "raw/ex.csv", 2)
    assert found.records == (
        FedRecord("EC", "T2-01", 2, ("USUBJID", "ECSPID", "ECOCCUR", "ECDOSE", "ECSTDTC", "ECSTDY")),
        FedRecord("EC", "T2-01", 3, ("USUBJID", "ECSPID", "ECOCCUR", "ECDOSE", "ECSTDTC", "ECSTDY")),
        FedRecord("EX", "T2-01", 1, ("EXDOSE", "EXSTDTC", "EXSTDY")),
    )
    assert found.fate == "built"
    assert {"DM.RFSTDTC", "AE.AESTDY"} <= set(found.readers)


def test_a_raw_record_feeds_supplements_comments_and_relationships(out: Path) -> None:
    (found,) = trace_row(out, "ae", 3)
    assert list(found.lines())[:5] == [
        "ae raw/ae.csv:3, subject T2-01: built",
        "  AE T2-01 AESEQ 1: USUBJID, AESPID, AETERM, AEDECOD, AECAT, AESCAT, AESTDTC, AESTDY",
        "  SUPPAE T2-01 AESEQ 1: SITE",
        "  RELREC T2-01: AESEQ 1",
        "  CO T2-01 COSEQ 1: USUBJID, COVAL",
    ]


def test_a_member_whose_cells_gave_nothing_is_a_member_all_the_same(out: Path) -> None:
    (found,) = trace_row(out, "raw/ae.csv", 2)
    assert found.records[0] == FedRecord(
        "AE", "T2-01", 1, ("USUBJID", "AESPID", "AECAT", "AESCAT", "AEENDTC", "AEENDY")
    )


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (2, "ae raw/ae.csv:2, subject T2-01: superseded by raw/ae.csv:3"),
        (4, "ae raw/ae.csv:4, subject T2-01: not submitted: entry voided"),
        (5, "ae raw/ae.csv:5, subject T2-01: unclaimed"),
        (6, "ae raw/ae.csv:6, subject T2-01: not submitted: AE submit: not an event"),
        (7, "ae raw/ae.csv:7: no subject"),
    ],
)
def test_a_raw_record_that_feeds_nothing_has_a_fate(kept: Path, row: int, line: str) -> None:
    assert [text for one in trace_row(kept, "ae", row) for text in one.lines()] == [line]


def test_more_records_than_the_limit_are_counted(out: Path) -> None:
    (found,) = trace_row(out, "dm", 2, limit=1)
    assert [one.dataset for one in found.records] == ["DM", "CM", "RELREC"]
    assert found.more == (("CM", 1),)
    assert "  CM: 1 more record" in found.lines()


def test_a_row_trace_is_frozen(out: Path) -> None:
    (found,) = trace_row(out, "coding", 3)
    assert found == RowTrace("coding", Location("raw/coding.csv", 3), "", "unclaimed")


@pytest.mark.parametrize(
    ("file", "row", "message"),
    [
        (
            "raw/aes.csv", 2,
            (
            "OUT914 raw/aes.csv: the study has no raw file or source of this name\n  hint: did you mean 'raw/ae.csv'? "
            "it has raw/dm.csv, raw/ex.csv, raw/ae.csv, raw/coding.csv, raw/sites.csv"
            ),
        ),
        (
            "raw/ae.csv", 1,
            (
            "OUT915 raw/ae.csv: no record of raw/ae.csv begins on row 1\n  hint: rows are counted as messages count "
            "them: in a text file the first line is 1, and the header counts"
            ),
        ),
        (
            "ae", 99,
            (
            "OUT915 ae: no record of ae begins on row 99\n  hint: the record before it begins on row 7; rows are "
            "counted as messages count them: in a text file the first line is 1, and the header counts"
            ),
        ),
    ],
)  # fmt: skip
def test_a_file_or_row_that_is_not_there(out: Path, file: str, row: int, message: str) -> None:
    with pytest.raises(OutputError) as error:
        trace_row(out, file, row)
    assert str(error.value) == message


def test_lineage_of_an_earlier_version_is_refused(out: Path, tmp_path: Path) -> None:
    (tmp_path / "lineage").mkdir()
    (tmp_path / "lineage" / "rules.json").write_text("{}", encoding="utf-8")
    with pytest.raises(OutputError) as error:
        trace(tmp_path, "AE", "T2-01")
    assert str(error.value) == (
        f"OUT916 {tmp_path.name}: the folder holds lineage that this version does not read\n"
        "  hint: build the study again"
    )


def test_the_command_prints_no_values_of_a_raw_record(out: Path) -> None:
    done = run("trace", str(out), "--from", "raw/ae.csv", "3")
    assert done.exit_code == 0
    assert done.stdout.startswith("ae raw/ae.csv:3, subject T2-01: built\n")
    assert not any(text in done.stdout for text in ("rashes", "seen", "2024"))
    assert "Ann" not in run("trace", str(out), "DM", "T2-01").stdout


def test_the_command_takes_one_way_at_a_time(out: Path) -> None:
    done = run("trace", str(out), "AE", "T2-01", "--from", "raw/ae.csv", "3")
    assert done.exit_code == 2
    assert "--from FILE ROW names the record: leave DATASET and USUBJID out." in done.stderr
    assert "Missing argument 'USUBJID', or --from FILE ROW." in run("trace", str(out), "AE").stderr
    assert run("trace", str(out), "--from", "raw/ae.csv", "three").exit_code == 2


# ---- submit on a block that is made from a dataset ---------------------------------------------------------------


def test_raw_rows_joined_to_a_record_that_is_not_submitted_have_its_reason(tmp_path: Path) -> None:
    files = FILES | {
        "study.yaml": FILES["study.yaml"].replace("cm.yaml]", "ml.yaml]").split("relationships")[0],
        "ml.yaml": """\
domain: ML
keys: [STUDYID, USUBJID, MLTRT]
records: [{from: DM, join: {s: {source: sites, cardinality: many}}, submit: {when: s.SITE EQ X, else: another site}}]
variables: {MLTRT: {assign: s.SITE}}
""",
    }
    built = build_study(tmp_path, files)
    sheet = built.balance.source("sites")
    assert (sheet.built, sheet.unclaimed, sheet.not_submitted) == (1, 0, {"ML submit: another site": 2})
    assert [one.target for one in built.issues if one.code == "DATA850"] == ["ae"]
