"""Sources of a study: the order of work from the file to records with a subject and a fate."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdtm_il2.errors import Location, SourceError
from sdtm_il2.sources import DISCARDED, NO_SUBJECT, OPEN, SUPERSEDED, Source, Sources, read_sources
from sdtm_il2.spec.model import (
    DateRule,
    Discard,
    KeepRule,
    SourceSpec,
    StandardSpec,
    StudySpec,
    SubjectRule,
    Text,
)
from sdtm_il2.where import parse_clause

AT = Location("study.yaml", 8)


def study(*sources: SourceSpec) -> StudySpec:
    standard = StandardSpec("3.4", "2025-03-28")
    return StudySpec(Path(), "study.yaml", "S1", standard, "{study}-{subject}", sources, (), ())


def spec(name: str, path: str = "", **options: Any) -> SourceSpec:
    return SourceSpec(name, path or f"{name}.csv", at=AT, **options)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path, content: str, **options: Any) -> tuple[Source, list[str]]:
    write(folder, {"ae.csv": content})
    found = read_sources(study(spec("ae", **options)), folder)
    return found["ae"], [str(one) for one in found.issues]


def refusal(folder: Path, *sources: SourceSpec) -> str:
    with pytest.raises(SourceError) as caught:
        read_sources(study(*sources), folder)
    return str(caught.value)


def discard(when: str, reason: str = "not in the study", line: int = 20) -> Discard:
    at = Location("study.yaml", line)
    return Discard(parse_clause(when, at=at), reason, at)


# ---- what is read ---------------------------------------------------------------------------------------


def test_a_source_as_read(tmp_path: Path) -> None:
    write(tmp_path, {"raw/ae.csv": "SITE,ID,TERM\n01,001,Headache\n01,002,Rash\n", "lb.csv": "A\n1\n"})
    found = read_sources(
        study(spec("ae", "raw/ae.csv", subject=SubjectRule("{SITE}-{ID}")), spec("lb")), tmp_path
    )
    source = found["ae"]
    assert list(found) == ["ae", "lb"]
    assert found.issues == ()
    assert source.columns == ("SITE", "ID", "TERM")
    assert source.frame.to_numpy().tolist() == [["01", "001", "Headache"], ["01", "002", "Rash"]]
    assert source.files == ("raw/ae.csv",)
    assert source.subject is not None
    assert source.subject.tolist() == ["01-001", "01-002"]
    assert source.status.tolist() == [OPEN, OPEN]
    assert source.superseded_by.tolist() == [-1, -1]
    assert source.collected == {}
    assert str(source.place(1)) == "raw/ae.csv:3"
    content = b"SITE,ID,TERM\n01,001,Headache\n01,002,Rash\n"
    assert source.sha256 == (hashlib.sha256(content).hexdigest(),)
    assert found["lb"].subject is None


def test_missing_texts_and_blank_cells_become_empty(tmp_path: Path) -> None:
    source, _ = read(tmp_path, "A,B,C\nNA, na ,x\n NA ,\u3000 ,ND\nN,x,y\n", missing=("", "NA"))
    assert source.frame.to_numpy().tolist() == [["", " na ", "x"], ["", "", "ND"], ["N", "x", "y"]]
    assert set(source.collected) == {"A", "B"}
    assert source.raw_text("A", np.array([1, 0, 2])).tolist() == [" NA ", "NA", "N"]
    assert source.raw_text("C", np.array([1])).tolist() == ["ND"]


@pytest.mark.parametrize(
    ("rules", "result"),
    [
        (("half_width",), ["<1.0", " (a)  b ", "阴性", "plain  x"]),
        (("trim",), ["＜１．０", "（a）\u3000 b", "阴性", "plain  x"]),
        (("half_width", "squeeze", "trim"), ["<1.0", "(a) b", "阴性", "plain x"]),
        (("upper",), ["＜１．０", "\u3000（A）\u3000 B ", "阴性", "PLAIN  X"]),
    ],
)
def test_text_rules(tmp_path: Path, rules: tuple[str, ...], result: list[str]) -> None:
    cells = ["＜１．０", "\u3000（a）\u3000 b ", "阴性", "plain  x"]
    source, _ = read(tmp_path, "A\n" + "\n".join(cells) + "\n", text=rules)
    assert source.frame["A"].tolist() == result
    assert source.collected["A"].tolist() == cells


def test_rename_and_prefix(tmp_path: Path) -> None:
    source, _ = read(tmp_path, "A,B,C\n1,2,3\n", rename={"A": "不良事件"}, rename_prefix="ae_")
    assert source.columns == ("不良事件", "ae_B", "ae_C")
    assert source.headers == {"不良事件": "A", "ae_B": "B", "ae_C": "C"}


def test_private_columns_leave_no_trace(tmp_path: Path) -> None:
    source, _ = read(
        tmp_path,
        "ID,姓名,X\n1,ＷＡＮＧ,NA\n",
        private=(Text("姓名"),),
        missing=("NA",),
        text=("half_width",),
        subject=SubjectRule("{ID}-{姓名:1-1}"),
    )
    assert source.columns == ("ID", "X")
    assert set(source.collected) == {"X"}
    assert "姓名" not in source.headers
    assert source.private == ("姓名",)
    assert source.subject is not None
    assert source.subject.tolist() == ["1-W"]
    assert b"WANG" not in pickle.dumps(source)
    assert "ＷＡＮＧ".encode() not in pickle.dumps(source)


def test_sources_cross_process_borders(tmp_path: Path) -> None:
    source, _ = read(tmp_path, "A\n1\n")
    again: Source = pickle.loads(pickle.dumps(source))
    assert again.frame.equals(source.frame)


# ---- subjects -------------------------------------------------------------------------------------------


def test_subject_takes_characters_and_trims(tmp_path: Path) -> None:
    source, _ = read(
        tmp_path,
        "SITE,COL:A,ID\n 01 ,x,PKU003\n02,y,PKU0041\n",
        subject=SubjectRule("{SITE}{COL:A}-{ID:4-6}"),
    )
    assert source.subject is not None
    assert source.subject.tolist() == ["01x-003", "02y-004"]


def test_records_without_a_subject_are_set_aside(tmp_path: Path) -> None:
    rule = SubjectRule("{SITE}-{ID}", at=Location("study.yaml", 9))
    source, issues = read(tmp_path, "SITE,ID,X\n01,1,a\n01, ,b\n,2,c\n02,3,d\n", subject=rule)
    assert source.status.tolist() == [OPEN, NO_SUBJECT, NO_SUBJECT, OPEN]
    assert source.subject is not None
    assert source.subject.tolist() == ["01-1", "", "", "02-3"]
    assert source.open.tolist() == [0, 3]
    assert issues == [
        (
            "study.yaml:9: SRC323 ae: 2 records without a subject, first at ae.csv:3\n"
            "  hint: fill SITE and ID in the export, or list the records under not_submitted: rows:"
        )
    ]


def linked(folder: Path, link: str, his: str, **options: Any) -> Sources:
    write(folder, {"idlink.csv": link, "his.csv": his})
    rule = SubjectRule(lookup="idlink", by="住院号", take="受试者", at=Location("study.yaml", 12))
    return read_sources(study(spec("his", subject=rule, **options), spec("idlink")), folder)


def test_subject_by_lookup(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1, A1 \nS2,A2\nS2,A2\n", "住院号,X\nA2,1\nA1 ,2\nA1,3\n")
    assert list(found) == ["his", "idlink"]
    assert found["his"].subject is not None
    assert found["his"].subject.tolist() == ["S2", "S1", "S1"]
    assert found.issues == ()


def test_keys_that_the_link_does_not_hold(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1,A1\n", "住院号,X\nA1,1\nA7,2\nA8,3\n,4\n")
    assert found["his"].status.tolist() == [OPEN, NO_SUBJECT, NO_SUBJECT, NO_SUBJECT]
    assert [one.text(show_values=True) for one in found.issues] == [
        (
            "study.yaml:12: SRC320 his: 2 records with a 住院号 that idlink does not hold (values hidden), "
            "first at his.csv:3\n"
            "  hint: add the missing keys to idlink, or list the records under not_submitted: rows:"
        ),
        (
            "study.yaml:12: SRC323 his: 1 record without a subject, first at his.csv:5\n"
            "  hint: fill 住院号 in the export, or list the records under not_submitted: rows:"
        ),
    ]


def test_a_key_with_two_subjects_links_none(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1,A1\nS2,A2\nS3,A1\n", "住院号,X\nA1,1\nA2,2\nA1,3\n")
    assert found["his"].status.tolist() == [NO_SUBJECT, OPEN, NO_SUBJECT]
    assert [str(one) for one in found.issues] == [
        (
            "study.yaml:12: SRC322 his: 1 key of 住院号 in idlink with different 受试者, "
            "first at idlink.csv:4; "
            "2 records here have no subject\n"
            "  hint: keep one record per 住院号 in idlink, or correct the linking file"
        )
    ]


def test_a_private_key_still_finds_its_subject(tmp_path: Path) -> None:
    found = linked(tmp_path, "受试者,住院号\nS1,A1\n", "住院号,X\nA1,1\n", private=(Text("住院号"),))
    assert found["his"].columns == ("X",)
    assert found["his"].subject is not None
    assert found["his"].subject.tolist() == ["S1"]


# ---- not submitted, superseded --------------------------------------------------------------------------


def test_the_first_clause_that_holds_discards(tmp_path: Path) -> None:
    rows = (discard("PLACE IN USE EQ HOME"), discard("AGE LT 18", "too young", 21))
    source, issues = read(
        tmp_path,
        "ID,PLACE IN USE,AGE\n1,HOME,17\n2,SITE,17\n3,SITE,18\n4,SITE,?\n,HOME,\n",
        unsubmitted_rows=rows,
        subject=SubjectRule("{ID}"),
    )
    assert source.status.tolist() == [DISCARDED, DISCARDED + 1, OPEN, OPEN, DISCARDED]
    assert issues == [
        (
            "study.yaml:21: SRC338 ae: not_submitted: 1 record for which a comparison is not decided, "
            "first at ae.csv:5; they are not discarded\n"
            "  hint: compare a column that is a number, or use EQ or IN"
        )
    ]


def keep(folder: Path, text: str, rule: KeepRule, **options: Any) -> tuple[list[int], list[int], list[str]]:
    rule = rule if rule.at.file else replace(rule, at=AT)
    source, issues = read(folder, text, keep=rule, **options)
    return source.status.tolist(), source.superseded_by.tolist(), issues


DATES = DateRule(("yyyy/m/d", "yyyy-mm-dd hh:mi"), ("UK",))


def test_keep_the_last_by_date(tmp_path: Path) -> None:
    text = (
        "BC,ITEM,AT\nb1,WBC,2024/10/1\nb1,WBC,2024/9/30\nb1,RBC,2024/9/1\n"
        "b2,WBC,\nb1 ,WBC,2024-09-30 10:00\nb2,WBC,UK\n"
    )
    status, by, issues = keep(tmp_path, text, KeepRule(("BC", "ITEM"), last="AT"), dates=DATES)
    assert status == [OPEN, SUPERSEDED, OPEN, SUPERSEDED, SUPERSEDED, OPEN]
    assert by == [-1, 0, -1, 5, 0, -1]
    assert issues == [
        (
            "study.yaml:8: SRC331 ae: 1 group of BC and ITEM with several records equal or undecided in AT, "
            "first at ae.csv:5; the later in the file is kept\n"
            "  hint: add a column to one_per:, or settle the duplicates in the export"
        )
    ]


def test_keep_the_first_by_date_passes_over_empty_ones(tmp_path: Path) -> None:
    text = "BC,AT\nb1,\nb1,2024/10/1\nb1,2024/9/30\n"
    status, by, issues = keep(tmp_path, text, KeepRule(("BC",), first="AT"), dates=DATES)
    assert status == [SUPERSEDED, SUPERSEDED, OPEN]
    assert by == [2, 2, -1]
    assert issues == []


def test_a_partial_date_leaves_the_order_open(tmp_path: Path) -> None:
    text = "BC,AT,X\nb1,2024/3,a\nb1,2024/3/5,b\nb1,2024/2,c\n"
    status, _, issues = keep(tmp_path, text, KeepRule(("BC",), last="AT"), dates=DATES)
    assert status == [SUPERSEDED, OPEN, SUPERSEDED]
    assert [line.split(" ")[1] for line in issues] == ["SRC331"]


def test_ties_keep_the_later_record_and_say_so_unless_all_is_equal(tmp_path: Path) -> None:
    rule = KeepRule(("BC",), last="N", at=Location("study.yaml", 30))
    status, by, issues = keep(tmp_path, "BC,N,X\na,9,x\na,10,x\nb,1,x\nb,1,y\na,10,x\n", rule)
    assert status == [SUPERSEDED, SUPERSEDED, SUPERSEDED, OPEN, OPEN]
    assert by == [4, 4, 3, -1, -1]
    assert issues == [
        (
            "study.yaml:30: SRC331 ae: 1 group of BC with several records equal or undecided in N, "
            "first at ae.csv:4; the later in the file is kept\n"
            "  hint: add a column to one_per:, or settle the duplicates in the export"
        )
    ]


def test_keep_compares_numbers_then_text(tmp_path: Path) -> None:
    assert keep(tmp_path, "K,N\na,10\na,9\n", KeepRule(("K",), last="N"))[0] == [OPEN, SUPERSEDED]
    assert keep(tmp_path, "K;N\na;10,5\na;9,5\n", KeepRule(("K",), last="N"), delimiter=";", decimal=",")[
        0
    ] == [
        OPEN,
        SUPERSEDED,
    ]
    assert keep(tmp_path, "K,N\na,v10\na,v9\n", KeepRule(("K",), last="N"))[0] == [SUPERSEDED, OPEN]


def test_a_date_that_is_not_read_gives_way(tmp_path: Path) -> None:
    text = "K,AT\na,30.09.2024\na,2024/1/1\n"
    status, _, issues = keep(tmp_path, text, KeepRule(("K",), last="AT"), dates=DATES)
    assert status == [SUPERSEDED, OPEN]
    assert issues == [
        (
            "study.yaml:8: SRC332 ae: 1 value of AT fit no date format of the source, first at ae.csv:2; "
            "these records give way to others\n"
            "  hint: add the format under dates: of the source"
        )
    ]


def test_equal_records_are_one(tmp_path: Path) -> None:
    text = "K,X\na,1\na,1\na,2\nb,1\na,1\n"
    status, by, issues = keep(tmp_path, text, KeepRule((), same=True))
    assert status == [OPEN, SUPERSEDED, OPEN, OPEN, SUPERSEDED]
    assert by == [-1, 0, -1, -1, 0]
    assert issues == []
    status, _, issues = keep(tmp_path, text, KeepRule(("K",), same=True))
    assert status == [OPEN, SUPERSEDED, OPEN, OPEN, SUPERSEDED]
    assert issues == [
        (
            "study.yaml:8: SRC339 ae: 1 group of K with records that are not the same, first at ae.csv:2; "
            "all are kept\n"
            "  hint: add last: COLUMN or first: COLUMN to keep:"
        )
    ]


def test_equal_records_of_a_record_that_loses_point_to_the_one_kept(tmp_path: Path) -> None:
    status, by, _ = keep(tmp_path, "K,N\na,1\na,1\na,2\n", KeepRule(("K",), last="N", same=True))
    assert status == [SUPERSEDED, SUPERSEDED, OPEN]
    assert by == [2, 2, -1]


def test_records_without_a_key_stay_apart(tmp_path: Path) -> None:
    status, _, issues = keep(tmp_path, "K,N\n,1\n,2\na,3\n", KeepRule(("K",), last="N"))
    assert status == [OPEN, OPEN, OPEN]
    assert issues == [
        (
            "study.yaml:8: SRC340 ae: 2 records with no value in K, first at ae.csv:2; they are kept apart\n"
            "  hint: state in not_submitted: rows: what such records are"
        )
    ]


def test_discarded_records_replace_nothing(tmp_path: Path) -> None:
    source, _ = read(
        tmp_path,
        "ID,N,USE\n1,1,yes\n1,2,no\n,3,yes\n",
        keep=KeepRule(("ID",), last="N"),
        subject=SubjectRule("{ID}"),
        unsubmitted_rows=(discard("USE EQ no"),),
    )
    assert source.status.tolist() == [OPEN, DISCARDED, NO_SUBJECT]


# ---- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("lab.xlsx", "an Excel workbook"),
        ("lab.sas7bdat", "a SAS dataset"),
        ("lab.XPT", "a SAS transport file"),
        ("lab.parquet", "a Parquet file"),
        ("odm.xml", "an XML file"),
    ],
)
def test_other_formats_are_refused(tmp_path: Path, path: str, kind: str) -> None:
    assert refusal(tmp_path, spec("lab", path)) == (
        f"study.yaml:8: SRC301 lab: {path} is {kind}, which is not read; readable are csv, tsv, tab, txt\n"
        "  hint: export the file as CSV and name it in path:"
    )


def test_other_formats_in_disguise(tmp_path: Path) -> None:
    write(tmp_path, {"lab.csv": b"PK\x03\x04xlsx"})
    assert refusal(tmp_path, spec("lab")).startswith(
        "study.yaml:8: SRC301 lab: lab.csv is an Excel workbook or zip archive by its content, which is not"
    )
    assert refusal(tmp_path, spec("lab", format="odm")).startswith(
        "study.yaml:8: SRC301 lab: lab.csv is of format 'odm', which is not read"
    )
    write(tmp_path, {"export.dat": "A,B\n1,2\n"})
    assert read_sources(study(spec("lab", "export.dat", format="csv")), tmp_path)["lab"].columns == ("A", "B")


def test_missing_files_name_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, {"raw/ae.csv": "A\n1\n", "raw/his_lab.csv": "A\n1\n"})
    assert refusal(tmp_path, spec("ae", "AE.csv"), spec("lab", "raw/hislab.csv"), spec("zz", "zz")) == (
        "study.yaml:8: SRC302 ae: AE.csv is not in the raw folder\n"
        "  hint: did you mean 'raw/ae.csv'?\n"
        "study.yaml:8: SRC302 lab: raw/hislab.csv is not in the raw folder\n"
        "  hint: did you mean 'raw/his_lab.csv'?\n"
        "study.yaml:8: SRC302 zz: zz is not in the raw folder\n"
        "  hint: put the file there, or correct path:"
    )
    assert "there is no folder nowhere; correct --raw" in refusal(tmp_path / "nowhere", spec("ae"))


def test_paths_stay_in_the_raw_folder(tmp_path: Path) -> None:
    raw = write(tmp_path, {"out.csv": "A\n1\n", "raw/in.csv": "A\n1\n", "raw/sub/x.csv": "A\n1\n"}) / "raw"
    (raw / "link.csv").symlink_to(tmp_path / "out.csv")
    (raw / "fine.csv").symlink_to(raw / "in.csv")
    hint = "\n  hint: write path: relative to the raw folder"
    for path, how in (
        ("../out.csv", ""),
        (str(tmp_path / "out.csv"), ""),
        (str(raw / "in.csv"), ""),
        ("link.csv", ", where a link leads"),
    ):
        message = f"study.yaml:8: SRC303 ae: {path} lies outside the raw folder{how}{hint}"
        assert refusal(raw, spec("ae", path)) == message
    assert read_sources(study(spec("ae", "fine.csv")), raw)["ae"].files == ("fine.csv",)
    assert read_sources(study(spec("ae", "sub/../in.csv")), raw)["ae"].files == ("in.csv",)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "ae.csv").mkdir()
    assert refusal(tmp_path, spec("ae")) == (
        "study.yaml:8: SRC336 ae: ae.csv cannot be read: it is no file\n"
        "  hint: check that it is a file and that you may read it"
    )


def test_all_unknown_columns_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"ae.csv": "SUBJID,AE TERM,DT\n1,x,y\n"})
    text = refusal(
        tmp_path,
        spec(
            "ae",
            rename={"dt": "DATE", "AE TERM": "TERM"},
            subject=SubjectRule("{subjid}", at=Location("study.yaml", 9)),
            private=(Text("NAME", Location("study.yaml", 10)),),
            keep=KeepRule(("AE TERM",), last="DTT", at=Location("study.yaml", 11)),
            unsubmitted_rows=(discard("SUBJD EQ 7"),),
            unsubmitted_columns={"ZZZ": "empty"},
        ),
    )
    assert text == (
        "study.yaml:8: SRC324 ae: not_submitted: columns: 'ZZZ' is no column of ae.csv\n"
        "  hint: columns are SUBJID, TERM, DT\n"
        "study.yaml:8: SRC324 ae: rename: 'dt' is no column of ae.csv\n"
        "  hint: did you mean 'DT'?\n"
        "study.yaml:9: SRC324 ae: subject: 'subjid' is no column of ae.csv\n"
        "  hint: did you mean 'SUBJID'?\n"
        "study.yaml:10: SRC324 ae: private: 'NAME' is no column of ae.csv\n"
        "  hint: columns are SUBJID, TERM, DT\n"
        "study.yaml:11: SRC324 ae: keep: 'AE TERM' is no column of ae.csv\n"
        "  hint: it is renamed to 'TERM'\n"
        "study.yaml:11: SRC324 ae: keep: 'DTT' is no column of ae.csv\n"
        "  hint: did you mean 'DT'?\n"
        "study.yaml:20: SRC324 ae: not_submitted: rows: 'SUBJD' is no column of ae.csv\n"
        "  hint: did you mean 'SUBJID'?"
    )


def test_columns_of_a_lookup(tmp_path: Path) -> None:
    write(tmp_path, {"his.csv": "A,B\n1,2\n", "idlink.csv": "KEY,SUBJ\n1,2\n"})
    rule = SubjectRule(lookup="idlink", by="A", take="SUBJECT", at=AT)
    assert refusal(tmp_path, spec("his", subject=rule), spec("idlink")) == (
        "study.yaml:8: SRC324 his: subject: 'A' is no column of idlink.csv\n"
        "  hint: columns are KEY, SUBJ\n"
        "study.yaml:8: SRC324 his: subject: 'SUBJECT' is no column of idlink.csv\n"
        "  hint: did you mean 'SUBJ'?"
    )


def test_rename_to_a_name_that_exists(tmp_path: Path) -> None:
    write(tmp_path, {"ae.csv": "A,B\n1,2\n"})
    assert refusal(tmp_path, spec("ae", rename={"A": "B"})) == (
        "study.yaml:8: SRC325 ae: rename: 'A' and 'B' would both be 'B'\n  hint: choose another new name"
    )


def test_private_columns_serve_no_rule_but_the_subject(tmp_path: Path) -> None:
    write(tmp_path, {"ae.csv": "A,B\n1,2\n"})
    private = (Text("B"),)
    assert refusal(tmp_path, spec("ae", private=private, keep=KeepRule(("B",), same=True, at=AT))) == (
        "study.yaml:8: SRC335 ae: keep: 'B' is private in this source\n"
        "  hint: use another column, or take 'B' out of private:"
    )


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{A", "has a '{' without its pair"),
        ("A}", "has a '}' without its pair"),
        ("A", "names no column"),
        ("{A:3-1}", "takes characters 3 to 1"),
        ("{A}{}", "has braces without a column"),
    ],
)
def test_subject_templates_that_are_none(tmp_path: Path, template: str, fault: str) -> None:
    write(tmp_path, {"ae.csv": "A\n1\n"})
    assert refusal(tmp_path, spec("ae", subject=SubjectRule(template, at=AT))) == (
        f"study.yaml:8: SRC337 ae: subject: '{template}' {fault}\n"
        "  hint: write columns in braces, such as '{SITEID}-{SUBJID}' or '{COL:1-3}'"
    )


def test_lookups_that_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "K\n1\n", "b.csv": "K\n1\n", "c.csv": "K\n1\n"})

    def looks(name: str) -> SubjectRule:
        return SubjectRule(lookup=name, by="K", take="K", at=AT)

    assert refusal(
        tmp_path, spec("a", subject=looks("b")), spec("b", subject=looks("a")), spec("c", subject=looks("d"))
    ) == (
        "study.yaml:8: SRC333 c: subject: lookup 'd' is no source of the study\n"
        "  hint: sources are a, b, c\n"
        "study.yaml:8: SRC334 a: subject lookups go in a circle: a > b > a\n"
        "  hint: give one of these sources a subject column of its own"
    )


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, {"ae.csv": "", "lb.csv": "A,B\n1\n2,3\n"})
    text = refusal(tmp_path, spec("ae"), spec("lb"), spec("vs"))
    assert [line.split(" ")[1] for line in text.splitlines() if ": SRC" in line] == [
        "SRC302",
        "SRC304",
        "SRC313",
    ]


def test_raw_exports_of_a_published_study() -> None:
    folder = Path(__file__).parents[2] / "shared" / "data" / "bootcamp_abc01" / "raw"
    if not folder.is_dir():
        pytest.skip("the shared data are not beside the repository")
    names = ("ae", "cm", "dm", "ds", "ex", "lb", "vs")
    rule = SubjectRule("{SITEID}-{SUBJID}")
    found = read_sources(study(*(spec(name, f"{name}_raw.csv", subject=rule) for name in names)), folder)
    assert [len(found[name]) for name in names] == [10, 8, 8, 8, 8, 48, 24]
    subjects = found["dm"].subject
    assert subjects is not None
    assert subjects.tolist() == [f"0{site}-00{number}" for site in (1, 2) for number in (1, 2, 3, 4)]
    assert found.issues == ()
