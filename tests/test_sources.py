"""Sources of a study: the order of work from the file to records with a subject and a fate."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from raw_studies import AT, discard, read, refusal, spec, study, write
from sdtm_il2.errors import Location
from sdtm_il2.sources import OPEN, Source, read_sources
from sdtm_il2.spec.model import Text
from sdtm_il2.spec.study import KeepRule, SubjectRule

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


# ---- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("lab.xls", "an old Excel workbook"),
        ("lab.XLSB", "a binary Excel workbook"),
        ("formats.sas7bcat", "a SAS format catalog"),
        ("odm.json", "a JSON file"),
    ],
)
def test_other_formats_are_refused(tmp_path: Path, path: str, kind: str) -> None:
    message = refusal(tmp_path, spec("lab", path))
    start = (
        f"study.yaml:8: SRC301 lab: {path} is {kind}, which is not read; readable are csv, tsv, tab, txt, "
    )
    assert message.startswith(start)
    assert message.endswith("\n  hint: export the file as CSV and name it in path:")


def test_other_formats_in_disguise(tmp_path: Path) -> None:
    write(tmp_path, {"lab.csv": b"PK\x03\x04xlsx"})
    assert refusal(tmp_path, spec("lab")) == (
        "study.yaml:8: SRC341 lab: lab.csv is read as text, but is an Excel workbook or zip archive by its "
        "content\n  hint: write format: xlsx, or export the file as CSV"
    )
    assert refusal(tmp_path, spec("lab", format="word")).startswith(
        "study.yaml:8: SRC301 lab: lab.csv is of format 'word', which is not read"
    )
    write(tmp_path, {"export.dat": "A,B\n1,2\n"})
    assert read_sources(study(spec("lab", "export.dat", format="csv")), tmp_path)["lab"].columns == ("A", "B")


def test_missing_files_name_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, {"raw/ae.csv": "A\n1\n", "raw/his_lab.csv": "A\n1\n", "ae.yaml": "domain: AE\n"})
    assert refusal(tmp_path, spec("ae", "AE.csv"), spec("lab", "raw/hislab.csv"), spec("zz", "zz")) == (
        "study.yaml:8: SRC302 ae: AE.csv is not in the raw folder\n"
        "  hint: did you mean 'raw/ae.csv'?\n"
        "study.yaml:8: SRC302 lab: raw/hislab.csv is not in the raw folder\n"
        "  hint: did you mean 'raw/his_lab.csv'?\n"
        "study.yaml:8: SRC302 zz: zz is not in the raw folder\n"
        "  hint: put the file there, or correct path:"
    )
    assert "there is no folder nowhere; correct --raw" in refusal(tmp_path / "nowhere", spec("ae"))


def test_a_wrong_folder_is_one_error(tmp_path: Path) -> None:
    names = ("ae", "dm", "lb", "vs", "my ex")
    write(tmp_path, {f"study 1/raw/{name}.csv": "A\n1\n" for name in names[:4]})
    sources = [spec(name, f"raw/{name}.csv") for name in names]
    missing = "not there: raw/ae.csv, raw/dm.csv, raw/lb.csv and 2 more"
    for folder in (tmp_path / "study 1/raw", tmp_path):  # above, and below
        assert refusal(folder, *sources) == (
            f"SRC373: the raw folder {folder} holds none of the 5 files that the sources name; {missing}\n"
            f"  hint: write --raw '{tmp_path}/study 1', which holds 4 of them"
        )
    # two sources of one file count once, and a pattern is a file that is there or not
    twice = [spec("ae", "raw/ae.csv"), spec("log", "raw\\ae.csv"), spec("all", "raw/*.csv")]
    assert refusal(tmp_path, *twice) == (
        f"SRC373: the raw folder {tmp_path} holds none of the 2 files that the sources name; "
        "not there: raw/ae.csv, raw/*.csv\n"
        f"  hint: write --raw '{tmp_path}/study 1', which holds all of them"
    )
    assert refusal(tmp_path, spec("a", "a/**/x.csv"), spec("b", "**/y.csv")) == (
        f"SRC373: the raw folder {tmp_path} holds none of the 2 files that the sources name; "
        "not there: a/**/x.csv, **/y.csv\n"
        "  hint: write --raw with the folder in which a/**/x.csv stands"
    )
    assert refusal(tmp_path / "no where", *sources[:3]) == (
        f"SRC373: the raw folder {tmp_path}/no where holds none of the 3 files that the sources name; "
        "not there: raw/ae.csv, raw/dm.csv, raw/lb.csv\n"
        f"  hint: there is no folder {tmp_path}/no where; correct --raw"
    )


def test_single_missing_files_stay_errors_of_their_own(tmp_path: Path) -> None:
    write(
        tmp_path, {"study/ae.csv": "A\n1\n", "study/dm.csv": "A\n1\n", "lb.csv": "A\n1\n", "vs.csv": "A\n1\n"}
    )
    sources = [spec(name) for name in ("ae", "dm", "lb", "vs")]
    text = refusal(tmp_path / "study", *sources)  # half of them is not most
    assert [line.split(" ")[1] for line in text.splitlines() if ": SRC" in line] == ["SRC302", "SRC302"]


def test_a_wrong_folder_hides_no_other_fault(tmp_path: Path) -> None:
    write(tmp_path, {"ae.csv": "A,A\n1\n"})
    link = SubjectRule("", "dm", "ID", "SUBJ")
    missing = "not there: raw/dm.csv, raw/yy.csv, raw/lb.csv"
    gone = [spec(name, f"raw/{name}.csv") for name in ("dm", "yy")]
    sources = [spec("ae"), *gone, spec("lb", "raw/lb.csv", subject=link), spec("zz", "../z")]
    assert [line for line in refusal(tmp_path, *sources).splitlines() if "hint" not in line] == [
        f"SRC373: the raw folder {tmp_path} holds 1 of the 4 files that the sources name; {missing}",
        "study.yaml:8: SRC303 zz: ../z lies outside the raw folder",
        "study.yaml:8: SRC314 ae: the file is cut: its last record, at ae.csv:2, has 1 of 2 fields",
    ]


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
        "study.yaml:8: SRC336 ae: ae.csv cannot be read: it is a folder\n"
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
