"""Domains that are submitted in several datasets: which record stands where, Define-XML, trace, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sdtm_il2.build import Build, build
from sdtm_il2.cli import main
from sdtm_il2.compile import compile_plan
from sdtm_il2.define.check import check_define
from sdtm_il2.define.model import Alias, Define, described
from sdtm_il2.define.read import read_define
from sdtm_il2.define.severity import RuleSeverity, severity_of
from sdtm_il2.diff import diff
from sdtm_il2.errors import OutputError, Severity, SpecError, XptError
from sdtm_il2.output import submitted, write_build
from sdtm_il2.report.diff import diff_json, diff_text
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from sdtm_il2.trace import trace
from sdtm_il2.trace.row import trace_row
from sdtm_il2.xpt import read_xpt
from study import build_folder, cells, plan_of, standard, write_files

SPLIT = """\
split:
  by: LBCAT
  into:
    LBCH: CHEMISTRY
    LBHE: {values: [HEMATOLOGY, COAGULATION], label: Laboratory Test Results - Hematology}
"""
FILES = {
    "study.yaml": """\
study: S1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: dm.csv, subject: SUBJ, origin: Collected by Vendor}
  lb: {path: lb.csv, subject: SUBJ, origin: Collected by Vendor}
domains: [dm.yaml, lb.yaml]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {hardcode: "01"}
  SEX: {assign: SEX, origin: Assigned by Sponsor}
  COUNTRY: {hardcode: CHN}
  RFSTDTC: {datetime: START, origin: Assigned by Sponsor}
  RFENDTC: {latest: LB.LBDTC}
""",
    "lb.yaml": f"""\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBDTC]
sort: [LBDTC, LBTESTCD]
{SPLIT}records:
  - {{from: lb, tests: {{table: tests.csv, by: [TEST], result: RESULT, unit: UNIT}}}}
variables:
  LBCAT: {{assign: CAT}}
  LBDTC: {{datetime: DATE}}
  LBNOTE: {{assign: NOTE, supplemental: {{label: Note of the Laboratory}}}}
""",
    "tests.csv": "TEST,--TESTCD\nGlucose,GLUC\nAlbumin,ALB\nPlatelets,PLAT\nINR,INR\n",
    "dm.csv": "SUBJ,SEX,START\n1,F,2024-01-01\n2,M,2024-01-02\n",
    "lb.csv": """\
SUBJ,TEST,RESULT,UNIT,CAT,DATE,NOTE
1,Glucose,5.1,mmol/L,CHEMISTRY,2024-01-03,
1,Platelets,200,10^9/L,HEMATOLOGY,2024-01-03,clumped
1,Albumin,41,g/L,CHEMISTRY,2024-01-04,
1,INR,1.1,RATIO,COAGULATION,2024-01-05,late
2,Platelets,210,10^9/L,HEMATOLOGY,2024-01-03,
2,Albumin,40,g/L,CHEMISTRY,2024-01-02,
""",
}
#: By hand: the records of both subjects by date and test, numbered through both files.
CHEMISTRY = [("S1-1", "1", "GLUC", "5.1"), ("S1-1", "3", "ALB", "41"), ("S1-2", "1", "ALB", "40")]
HEMATOLOGY = [("S1-1", "2", "PLAT", "200"), ("S1-1", "4", "INR", "1.1"), ("S1-2", "2", "PLAT", "210")]
NAMES = ("USUBJID", "LBSEQ", "LBTESTCD", "LBORRES")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build_folder(write_files(tmp_path_factory.mktemp("study"), FILES))


@pytest.fixture(scope="module")
def out(built: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "out"
    write_build(built, standard("SDTMIG 3.4", "2025-03-28"), folder)
    return folder


@pytest.fixture(scope="module")
def define(out: Path) -> Define:
    return read_define(out / "define.xml")


def test_each_record_stands_in_one_file_with_the_number_of_the_whole_domain(out: Path) -> None:
    assert sorted(path.name for path in out.glob("*.xpt")) == [
        "dm.xpt",
        "lbch.xpt",
        "lbhe.xpt",
        "supplbhe.xpt",
    ]
    chemistry, hematology = (read_xpt(out / f"{name}.xpt").dataset for name in ("lbch", "lbhe"))
    assert cells(chemistry, NAMES) == CHEMISTRY
    assert cells(hematology, NAMES) == HEMATOLOGY
    assert (chemistry.name, chemistry.label) == ("LBCH", "Laboratory Test Results")
    assert (hematology.name, hematology.label) == ("LBHE", "Laboratory Test Results - Hematology")
    assert set(cells(chemistry, ("DOMAIN",))) == set(cells(hematology, ("DOMAIN",))) == {("LB",)}


def test_qualifiers_follow_their_records(out: Path) -> None:
    supplement = read_xpt(out / "supplbhe.xpt").dataset
    assert (supplement.name, supplement.label) == ("SUPPLBHE", "Supplemental Qualifiers for LBHE")
    assert cells(supplement, ("RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QVAL")) == [
        ("LB", "S1-1", "LBSEQ", "2", "clumped"), ("LB", "S1-1", "LBSEQ", "4", "late"),
    ]  # fmt: skip


def test_define_xml_describes_each_part_by_what_it_holds(define: Define, out: Path) -> None:
    groups = {one.name: one for one in define.item_groups}
    assert list(groups) == ["DM", "LBCH", "LBHE", "SUPPLBHE"]
    described_ = {
        name: (one.domain, one.sas_dataset_name, one.description, one.aliases, one.leaf and one.leaf.href)
        for name, one in groups.items()
    }
    alias = (Alias("DomainDescription", "Laboratory Test Results"),)
    assert described_["LBCH"] == ("LB", "LBCH", described("Laboratory Test Results"), alias, "lbch.xpt")
    assert described_["LBHE"] == (
        "LB", "LBHE", described("Laboratory Test Results - Hematology"), alias, "lbhe.xpt",
    )  # fmt: skip
    assert described_["SUPPLBHE"] == (
        "LB", "SUPPLBHE", described("Supplemental Qualifiers for LBHE"), alias, "supplbhe.xpt",
    )  # fmt: skip
    lists = {one.oid: one for one in define.codelists}
    items = {one.oid: one for one in define.items}

    def terms(oid: str) -> list[str]:
        return [one.value for one in lists[items[oid].codelist_oid].terms]

    assert terms("IT.LBCH.LBTESTCD") == ["ALB", "GLUC"]
    assert terms("IT.LBHE.LBTESTCD") == ["INR", "PLAT"]
    # the parts can be set one below the other: their lengths are those of the whole domain
    assert (items["IT.LBCH.LBCAT"].length, items["IT.LBHE.LBCAT"].length) == (11, 11)
    test_names = [read_xpt(out / f"{name}.xpt").dataset.column("LBTEST").length for name in ("lbch", "lbhe")]
    assert test_names == [len("Prothrombin Intl. Normalized Ratio")] * 2
    levels = {one.oid: [item.item_oid for item in one.items] for one in define.value_lists}
    assert levels["VL.LBCH.LBORRES"] == ["IT.LBCH.LBORRES.ALB", "IT.LBCH.LBORRES.GLUC"]
    assert levels["VL.SUPPLBHE.QVAL"] == ["IT.SUPPLBHE.QVAL.LBNOTE"]
    found = check_define(out / "define.xml", data=out)
    assert [str(one) for one in found if severity_of(one) is not RuleSeverity.NOTE] == []


def test_a_record_is_traced_by_the_domain_and_by_its_part(out: Path) -> None:
    for name in ("LB", "LBHE"):
        found = trace(out, name, "S1-1", 4, "LBORRES")
        (value,) = found.values
        assert (found.dataset, value.value) == ("LB", "1.1")
        assert [(str(cell.place), cell.column) for cell in value.all_cells()] == [("lb.csv:5", "RESULT")]
        assert next(found.lines()) == "LB S1-1 LBSEQ 4 in LBHE"
    with pytest.raises(OutputError) as error:  # the record stands in LBHE
        trace(out, "LBCH", "S1-1", 4)
    assert str(error.value).splitlines()[0] == "OUT911 LBCH: 0 records with this USUBJID and --SEQ 4"
    assert trace(out, "LBCH", "S1-2").seq is None  # the only one of the subject there
    (row,) = trace_row(out, "lb.csv", 5)
    fed = row.records
    assert [(one.dataset, one.usubjid, one.seq) for one in fed] == [("LB", "S1-1", 4), ("SUPPLB", "S1-1", 4)]
    assert [line.partition(":")[0] for line in row.lines()][1:3] == [
        "  LB S1-1 LBSEQ 4 in LBHE", "  SUPPLB S1-1 LBSEQ 4 in SUPPLBHE",
    ]  # fmt: skip
    note = trace(out, "LB", "S1-1", 2, "LBNOTE")
    assert [one.value for one in note.values] == ["clumped"]


@pytest.mark.parametrize("partitions", [1, 2])
def test_every_number_of_partitions_gives_the_same_parts(
    partitions: int, tmp_path: Path, built: Build
) -> None:
    again = build_folder(write_files(tmp_path, FILES), partitions=partitions)
    first, second = (
        {dataset.name: (dataset.frame.to_dict("list"), summary) for dataset, summary in submitted(one)}
        for one in (built, again)
    )
    assert first.keys() == {"DM", "LBCH", "LBHE", "SUPPLBHE"}
    assert str(first) == str(second)


def test_the_terminal_names_the_parts(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    done = CliRunner().invoke(
        main, ["build", str(tmp_path), "--out", str(tmp_path / "out"), "--fail-on", "never"]
    )
    assert (
        "LB                6         21  Laboratory Test Results\n  LBCH            3\n  LBHE            3\n"
        in done.output
    )
    assert (
        "SUPPLB            2         10  Supplemental Qualifiers for LB\n  SUPPLBCH        0\n  SUPPLBHE        2\n"
        in done.output
    )


def test_the_collected_category_decides_whatever_the_agency_reads(tmp_path: Path) -> None:
    chinese = {name: text.replace("CHEMISTRY", "生化") for name, text in FILES.items()}
    chinese["study.yaml"] += "agency: fda\ntranslations: words.csv\n"
    chinese["words.csv"] = "text,en\n生化,CHEMISTRY\n"
    built = build_folder(write_files(tmp_path, chinese))
    parts = {dataset.name: dataset for dataset, _ in submitted(built)}
    assert cells(parts["LBCH"], ("LBSEQ", "LBCAT")) == [
        ("1", "CHEMISTRY"),
        ("3", "CHEMISTRY"),
        ("1", "CHEMISTRY"),
    ]


LABELS = {
    "define/study.yaml": "labels_zh: labels.csv\n",
    "define/labels.csv": """\
dataset,variable,label_zh
LB,,实验室检查结果
LBHE,,血液学检查结果
LB,LBTESTCD,检查短名称
*,--SEQ,序列号
""",
}


def test_a_part_may_have_its_own_chinese_label_in_its_file_and_in_define_xml(tmp_path: Path) -> None:
    files = FILES | LABELS | {"study.yaml": FILES["study.yaml"] + "agency: nmpa\n"}
    built = build_folder(write_files(tmp_path, files))
    write_build(built, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    parts = {
        name: read_xpt(tmp_path / "out" / f"{name.lower()}.xpt", encoding="gb18030").dataset
        for name in ("LBCH", "LBHE")
    }
    assert {name: one.label for name, one in parts.items()} == {
        "LBCH": "实验室检查结果",
        "LBHE": "血液学检查结果",
    }
    assert [parts["LBHE"].column(name).label for name in ("LBSEQ", "LBTESTCD")] == ["序列号", "检查短名称"]
    groups = {one.name: one for one in read_define(tmp_path / "out" / "define.xml").item_groups}
    assert [[text.text for text in groups[name].description] for name in ("LBCH", "LBHE")] == [
        ["Laboratory Test Results", "实验室检查结果"],
        ["Laboratory Test Results - Hematology", "血液学检查结果"],
    ]
    found = check_define(tmp_path / "out" / "define.xml", data=tmp_path / "out")
    assert [str(one) for one in found if severity_of(one) is not RuleSeverity.NOTE] == []


def test_a_part_that_is_named_in_english_alone_is_noted_and_variables_are_labelled_in_the_domain(
    tmp_path: Path,
) -> None:
    def noted(row: str, name: str) -> str:
        """How many datasets and variables have no Chinese label."""
        labels = LABELS["define/labels.csv"].replace("LBHE,,血液学检查结果", row)
        plan = plan_of(write_files(tmp_path / name, FILES | LABELS | {"define/labels.csv": labels}))
        (one,) = [str(one) for one in plan.issues if one.code == "PLAN440"]
        return re.findall(r"for ([0-9]+) of the datasets", one)[0]

    # LBCH has no label of its own, so the one of the domain is its
    assert int(noted("LBCH,,生化", "a")) == int(noted("LBHE,,血液学检查结果", "b")) + 1
    assert noted("SUPPLBHE,,血液学补充", "c") == noted("LBCH,,生化", "d")
    with pytest.raises(SpecError) as error:
        noted("LBHE,LBTESTCD,短名称", "e")
    (told,) = [str(one) for one in error.value.issues if one.severity is Severity.ERROR]
    assert told == (
        "define/labels.csv:3: SPEC142 LBHE: the study has no variable LBTESTCD, which this row labels\n"
        "  hint: remove the row, or write the name of a variable that is mapped"
    )


def test_a_part_has_the_label_of_the_domain_as_the_agency_reads_it(tmp_path: Path) -> None:
    domain = FILES["lb.yaml"].replace("domain: LB\n", "domain: LB\nlabel: 实验室检查\n")
    files = FILES | {
        "study.yaml": FILES["study.yaml"] + "agency: fda\ntranslations: words.csv\n",
        "words.csv": "text,en\n实验室检查,Laboratory Results\n血液学,Hematology Results\n",
        "lb.yaml": domain.replace("Laboratory Test Results - Hematology", "血液学"),
    }
    built = build_folder(write_files(tmp_path, files))
    labels = {one.name: one.label for one, _ in submitted(built)}
    assert (labels["LBCH"], labels["LBHE"]) == ("Laboratory Results", "Hematology Results")


def test_a_part_without_records_has_no_data(tmp_path: Path) -> None:
    files = FILES | {
        "lb.csv": "\n".join(one for one in FILES["lb.csv"].splitlines() if "CHEMISTRY" not in one)
    }
    built = build_folder(write_files(tmp_path, files))
    write_build(built, standard("SDTMIG 3.4", "2025-03-28"), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").glob("lb*.xpt")) == ["lbhe.xpt"]
    groups = {one.name: one for one in read_define(tmp_path / "out" / "define.xml").item_groups}
    assert (groups["LBCH"].has_no_data, groups["LBHE"].has_no_data) == (True, False)
    # the parts are put together all the same
    assert trace(tmp_path / "out", "LB", "S1-2", 1, "LBTESTCD").values[0].value == "PLAT"


@pytest.mark.parametrize(
    ("old", "new", "records", "value"),
    [
        ("5.1,mmol/L,CHEMISTRY", "5.1,mmol/L,URINALYSIS", "1 record has 1 value", "URINALYSIS"),
        ("5.1,mmol/L,CHEMISTRY", "5.1,mmol/L,", "1 record has 1 value", ""),
        ("CHEMISTRY,2024", "Chemistry,2024", "3 records have 1 value", "Chemistry"),
    ],
)
def test_a_record_for_no_dataset_stops_the_build_and_the_old_output_stays(
    old: str, new: str, records: str, value: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_build(build_folder(write_files(tmp_path / "s", FILES)), standard("SDTMIG 3.4", "2025-03-28"), out)
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    built = build_folder(write_files(tmp_path / "s", FILES | {"lb.csv": FILES["lb.csv"].replace(old, new)}))
    with pytest.raises(XptError) as error:
        write_build(built, standard("SDTMIG 3.4", "2025-03-28"), out)
    assert str(error.value) == (
        f"lb.yaml:5: DATA863 LB.LBCAT: {records} that split: puts in no dataset, first at lb.csv:2\n"
        "  hint: name the values under into:, and map the category of the records that have none"
    )
    assert [text for one in error.value.issues for text, _ in one.values] == [value]
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    done = CliRunner().invoke(main, ["build", str(tmp_path / "s"), "--out", str(out)])
    assert done.exit_code == 2


def fault(split: str, tmp_path: Path) -> str:
    files = FILES | {"lb.yaml": FILES["lb.yaml"].replace(SPLIT, split)}
    with pytest.raises(SpecError) as error:
        plan_of(write_files(tmp_path, files))
    return "\n".join(str(one) for one in error.value.issues if one.severity is Severity.ERROR)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (
            SPLIT.replace("by: LBCAT", "by: LBTESTCD"),
            "lb.yaml:5: SPEC139 LB: split: by: LBTESTCD is not LBCAT\n  hint: write by: LBCAT",
        ),
        (
            SPLIT.replace("LBHE:", "HEMA:"),
            (
                "lb.yaml:8: SPEC139 LB: split: HEMA is no name of a part of LB\n"
                "  hint: write LB and one or two characters more"
            ),
        ),
        (
            SPLIT.replace("COAGULATION", "CHEMISTRY"),
            "lb.yaml:8: SPEC139 LB: split: 'CHEMISTRY' stands in LBCH and in LBHE\n  hint: remove one of them",
        ),
        (
            SPLIT.replace("    LBCH: CHEMISTRY\n", ""),
            "lb.yaml:7: SPEC139 LB: split: a split has two datasets or more\n  hint: name the others, or remove split:",
        ),
        (
            "split: LBCAT\n",
            "lb.yaml:4: SPEC181: split is a text; expected a mapping\n  hint: write split as a mapping",
        ),
    ],
)
def test_what_cannot_be_split_so_is_refused(split: str, message: str, tmp_path: Path) -> None:
    assert fault(split, tmp_path) == message


@pytest.mark.parametrize(
    ("label", "agency", "message"),
    [
        (
            "Laboratory Test Results - Hematology and Coagulation", "",
            "lb.yaml:8: SPEC118 LBHE: the label has 52 bytes, allowed are 40\n  hint: shorten label:",
        ),
        (
            "血液学", "agency: fda\n",
            "lb.yaml:8: SPEC117 LBHE: the label is not ASCII and has no English text",
        ),
    ],
)  # fmt: skip
def test_the_label_of_a_part_is_checked_where_it_is_stated(
    label: str, agency: str, message: str, tmp_path: Path
) -> None:
    files = FILES | {
        "study.yaml": FILES["study.yaml"] + agency,
        "lb.yaml": FILES["lb.yaml"].replace("Laboratory Test Results - Hematology", label),
    }
    with pytest.raises(SpecError) as error:
        plan_of(write_files(tmp_path, files))
    (told,) = [str(one) for one in error.value.issues if one.severity is Severity.ERROR]
    assert told.startswith(message)


def test_a_part_of_substance_use_cannot_have_the_name_of_qualifiers(tmp_path: Path) -> None:
    domain = FILES["lb.yaml"].partition("records:")[0]
    for old, new in (
        ("domain: LB", "domain: SU"),
        ("LBTESTCD, LBDTC", "SUTRT"),
        ("LBDTC, LBTESTCD", "SUTRT"),
    ):
        domain = domain.replace(old, new)
    domain = domain.replace("LBCAT", "SUCAT").replace("LBCH", "SUPP").replace("LBHE", "SUTO")
    files = FILES | {
        "study.yaml": FILES["study.yaml"].replace("lb.yaml]", "su.yaml]"),
        "dm.yaml": FILES["dm.yaml"].replace("  RFENDTC: {latest: LB.LBDTC}\n", ""),
        "su.yaml": domain
        + "records: [{from: lb}]\nvariables: {SUTRT: {assign: TEST}, SUCAT: {assign: CAT}}\n",
    }
    with pytest.raises(SpecError) as error:
        plan_of(write_files(tmp_path, files))
    assert [str(one).splitlines()[0] for one in error.value.issues if one.severity is Severity.ERROR] == [
        "su.yaml:7: SPEC139 SU: split: SUPP is no name of a part of SU"
    ]


def test_a_domain_cannot_have_the_name_of_a_part_nor_split_by_what_nothing_maps(tmp_path: Path) -> None:
    files = FILES | {
        "lb.yaml": FILES["lb.yaml"].replace("  LBCAT: {assign: CAT}\n", ""),
        "study.yaml": FILES["study.yaml"].replace("lb.yaml]", "lb.yaml, lbch.yaml]"),
        "lbch.yaml": "domain: LBCH\nclass: Findings\nlabel: Own\nstructure: One record per subject\n"
        "keys: [STUDYID, USUBJID]\nrecords: [{from: lb}]\nvariables: {}\n",
    }
    with pytest.raises(SpecError) as error:
        plan_of(write_files(tmp_path, files))
    told = [str(one).splitlines() for one in error.value.issues if one.code == "SPEC139"]
    assert told == [
        ["lb.yaml:5: SPEC139 LB: split: nothing maps LBCAT", "  hint: map LBCAT"],
        ["lb.yaml:7: SPEC139 LB: split: LBCH is a domain of the study", "  hint: take another name"],
    ]


def test_an_extending_file_may_split_what_the_standard_file_does_not(tmp_path: Path) -> None:
    files = FILES | {
        "library/lb.yaml": FILES["lb.yaml"].replace(SPLIT, ""),
        "library/tests.csv": FILES["tests.csv"],
        "lb.yaml": f"domain: LB\nextends: library/lb.yaml\n{SPLIT}",
    }
    write_files(tmp_path, files)
    spec = load_spec(tmp_path)
    plan = compile_plan(spec, standard(spec.standard.ig, spec.standard.ct))
    domain = plan.domain("LB")
    assert domain.split is not None
    assert domain.split.names == ("LBCH", "LBHE")
    assert [plan.whole(name) for name in ("LBHE", "SUPPLBCH", "LB", "DM")] == ["LB", "SUPPLB", "LB", "DM"]
    parts = {one.name: one for one, _ in submitted(build(plan, read_sources(spec, tmp_path)))}
    assert cells(parts["LBHE"], NAMES) == HEMATOLOGY


def written(folder: Path, files: dict[str, str]) -> Path:
    write_build(
        build_folder(write_files(folder, files)), standard("SDTMIG 3.4", "2025-03-28"), folder / "out"
    )
    return folder / "out"


@pytest.mark.parametrize("described", [True, False])
def test_a_build_that_splits_is_compared_with_one_that_does_not_as_a_whole(
    described: bool, out: Path, tmp_path: Path
) -> None:
    other = FILES["lb.csv"].replace("5.1,", "5.2,")
    old = written(tmp_path, FILES | {"lb.yaml": FILES["lb.yaml"].replace(SPLIT, ""), "lb.csv": other})
    new = out
    if not described:  # files alone, as another program wrote them
        old, new = (shutil.copytree(one, tmp_path / str(n)) for n, one in enumerate((old, new)))
        for one in (old, new):
            (one / "define.xml").unlink()
    found = diff(old, new)
    assert [(one.name, one.parts) for one in found.datasets if not one.equal] == [
        ("LB", (("LB",), ("LBCH", "LBHE"))),
        ("SUPPLB", (("SUPPLB",), ("SUPPLBHE",))),
    ]
    domain, supplement = found.dataset("LB"), found.dataset("SUPPLB")
    assert (domain.old, domain.new, domain.changed, domain.added, domain.removed) == (6, 6, 1, 0, 0)
    assert domain.values == {"LBORRES": 1, "LBSTRESC": 1, "LBSTRESN": 1}
    assert (supplement.changed, supplement.added, supplement.removed, supplement.renumbered) == (0, 0, 0, 0)
    assert (domain.variables, domain.label, supplement.label) == ((), None, None)
    assert [(one.old_row, one.new_row) for one in domain.records] == [(1, 1)]
    text = diff_text(found)
    assert "LB: 6 records before, 6 now: 1 changed\n  in LB before, in LBCH, LBHE now\n" in text
    assert text.endswith("2 datasets of 3 differ\n")
    told = {one["dataset"]: one["parts"] for one in json.loads(diff_json(found))["datasets"]}
    assert told == {
        "DM": None,
        "LB": {"before": ["LB"], "after": ["LBCH", "LBHE"]},
        "SUPPLB": {"before": ["SUPPLB"], "after": ["SUPPLBHE"]},
    }


def test_qualifiers_of_a_part_are_followed_to_their_record_when_the_domain_is_numbered_anew(
    out: Path, tmp_path: Path
) -> None:
    first = "1,Albumin,39,g/L,CHEMISTRY,2024-01-02,\n"
    new = written(tmp_path, FILES | {"lb.csv": FILES["lb.csv"] + first})
    found = {one.name: one for one in diff(out, new).datasets}
    assert {name: (one.added, one.removed, one.changed, one.renumbered) for name, one in found.items()} == {
        "DM": (0, 0, 0, 0), "LBCH": (1, 0, 0, 2), "LBHE": (0, 0, 0, 2), "SUPPLBHE": (0, 0, 0, 2),
    }  # fmt: skip


def test_qualifiers_are_sorted_by_what_ties_them_and_numbers_as_numbers(tmp_path: Path) -> None:
    rows = [(10, "late", "b"), (9, "", "a"), (2, "clumped", ""), (1, "", "c")]
    lines = [f"1,Glucose,{number},mmol/L,CHEMISTRY,2024-01-{day:02d},{note},S{number},{site}"
             for day, (number, note, site) in enumerate(rows, 3)]  # fmt: skip
    lines += [f"2,Glucose,5,mmol/L,CHEMISTRY,2024-01-{day:02d},n,T{day},h" for day in range(1, 12)]
    domain = FILES["lb.yaml"].replace("Note of the Laboratory}", "Note of the Laboratory, idvar: --REFID}")
    domain += (
        "  LBREFID: {assign: REF}\n  LBSITE: {assign: SITE, supplemental: {label: Site of the Laboratory}}\n"
    )
    files = FILES | {
        "lb.yaml": domain,
        "lb.csv": "\n".join(["SUBJ,TEST,RESULT,UNIT,CAT,DATE,NOTE,REF,SITE", *lines]) + "\n",
    }
    out = written(tmp_path, files)
    found = cells(read_xpt(out / "supplbch.xpt").dataset, ("USUBJID", "IDVAR", "IDVARVAL", "QVAL"))
    assert found[:5] == [
        ("S1-1", "LBREFID", "S10", "late"),
        ("S1-1", "LBREFID", "S2", "clumped"),
        ("S1-1", "LBSEQ", "1", "b"),
        ("S1-1", "LBSEQ", "2", "a"),
        ("S1-1", "LBSEQ", "4", "c"),
    ]
    assert [row[2] for row in found[16:]] == [str(number) for number in range(1, 12)]
    assert [str(one) for one in check_define(out / "define.xml", data=out) if one.code == "DEF777"] == []
    # every value is still that of its record
    for number, refid, note in ((1, "S10", "late"), (3, "S2", "clumped")):
        values = {one.name: one.value for one in trace(out, "LB", "S1-1", number).values}
        assert (values["LB.LBREFID"], values["LB.LBNOTE"]) == (refid, note)
    again = build_folder(tmp_path, partitions=2)
    assert {one.name: one.frame.to_dict("list") for one, _ in submitted(again)}["SUPPLBCH"] == (
        read_xpt(out / "supplbch.xpt").dataset.frame.to_dict("list")
    )


def test_categories_that_are_equal_as_numbers_are_two_parts_and_two_value_levels(tmp_path: Path) -> None:
    files = {
        name: text.replace("HEMATOLOGY", "02").replace("COAGULATION", "2.0") for name, text in FILES.items()
    }
    files["define/study.yaml"] = "value_levels: [{variable: LB.LBSTRESU, by: [LBCAT]}]\n"
    out = written(tmp_path, files)
    assert cells(read_xpt(out / "lbhe.xpt").dataset, ("LBCAT", "LBTESTCD")) == [
        ("02", "PLAT"),
        ("2.0", "INR"),
        ("02", "PLAT"),
    ]
    levels = {one.oid: one for one in read_define(out / "define.xml").value_lists}
    assert [one.item_oid for one in levels["VL.LBHE.LBSTRESU"].items] == [
        "IT.LBHE.LBSTRESU.02",
        "IT.LBHE.LBSTRESU.2.0",
    ]
    found = check_define(out / "define.xml", data=out)
    assert [str(one) for one in found if severity_of(one) is not RuleSeverity.NOTE] == []


def test_records_of_one_key_are_compared_in_the_order_of_the_whole_domain(tmp_path: Path) -> None:
    lines = [
        f"1,Glucose,{number},mmol/L,{('HEMATOLOGY', 'CHEMISTRY')[number % 2]},2024-01-03,n{number}"
        for number in range(1, 13)
    ]
    files = FILES | {
        "lb.csv": "\n".join([FILES["lb.csv"].splitlines()[0], *lines]) + "\n",
        "lb.yaml": FILES["lb.yaml"].replace("sort:", "keys_not_unique: tests may be repeated\nsort:"),
    }
    new = written(tmp_path / "new", files)
    old = written(tmp_path / "old", files | {"lb.yaml": files["lb.yaml"].replace(SPLIT, "")})
    found = {one.name: one for one in diff(old, new).datasets}
    assert found["LB"].duplicates == (11, 11)
    for one in (found["LB"], found["SUPPLB"]):
        assert (one.changed, one.added, one.removed, one.renumbered) == (0, 0, 0, 0)


def test_a_part_of_a_translated_study_is_described_as_it_would_be_alone(tmp_path: Path) -> None:
    # two categories of one code that the collected language tells apart, and the English does not
    tests = (
        "TEST,--TESTCD,--CAT,--SCAT,standard_unit\nGlucose,GLUC,生化,SERUM,mmol/L\n"
        "Albumin,ALB,生化,SERUM,g/L\nPlatelets,PLAT,全血,BLOOD,10^9/L\nINR,GLUC,血浆生化,PLASMA,RATIO\n"
    )
    files = FILES | {
        "study.yaml": FILES["study.yaml"] + "agency: fda\ntranslations: words.csv\n",
        "words.csv": "text,en\n生化,CHEMISTRY\n全血,HEMATOLOGY\n血浆生化,CHEMISTRY\n",
        "tests.csv": tests,
    }
    domain = files["lb.yaml"].replace("  LBCAT: {assign: CAT}\n", "")
    files["lb.yaml"] = domain.replace("LBCH: CHEMISTRY", "LBCH: [生化, 血浆生化]").replace(
        "HEMATOLOGY, COAG", "全血, COAG"
    )

    def described(out: Path, name: str) -> list[tuple[str, str]]:
        found = read_define(out / "define.xml")
        assert [str(one) for one in check_define(out / "define.xml", data=out)
                if severity_of(one) is not RuleSeverity.NOTE] == []  # fmt: skip
        lists = {one.oid: [term.value for term in one.terms] for one in found.codelists}
        return [
            (one.oid.replace(name, "LB"), str(lists.get(one.codelist_oid)))
            for one in found.items
            if one.oid.startswith(f"IT.{name}.") and one.oid.count(".") > 2 and "PLAT" not in one.oid
        ]

    whole = described(
        written(
            tmp_path / "a",
            files | {"lb.yaml": re.sub("split:(.|\\n)*?records:", "records:", files["lb.yaml"])},
        ),
        "LB",
    )
    assert any(terms != "None" for _, terms in whole)
    assert described(written(tmp_path / "b", files), "LBCH") == whole
