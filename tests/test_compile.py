"""compile_plan: an order for the variables, or every problem with its place and the smallest edit."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sdtm_il2.errors import SdtmError
from sdtm_il2.plan.model import Plan
from studies import demographics
from study import build_study, plan_of, write_files

STUDY = """\
study: C1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ}
  ae: {path: raw/ae.csv, subject: SUBJ, private: [NAME]}
  lb: {path: raw/lb.csv, subject: SUBJ}
domains: [dm.yaml, ae.yaml, lb.yaml]
"""
DM = demographics(
    """\
  ARMCD: {hardcode: A}
  ARM: {hardcode: A}
  RFSTDTC: {datetime: ST}
  RFXSTDTC: {copy: DM.RFSTDTC}
""",
    sex="{assign: SEX}",
)
AE = """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae}]
variables:
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESTDTC: {datetime: ST}
"""
LB = """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD]
records: [{from: lb, tests: {table: tests.csv, by: [ITEM], result: RES}}]
variables: {}
"""
FILES = {
    "study.yaml": STUDY,
    "dm.yaml": DM,
    "ae.yaml": AE,
    "lb.yaml": LB,
    "tests.csv": "ITEM,LBTESTCD\nwbc,WBC\n",
    "raw/dm.csv": "SUBJ,SEX,ST\n1,M,2024-01-01\n",
    "raw/ae.csv": "SUBJ,TERM,ST,NAME\n1,a,2024-01-02,x\n",
    "raw/lb.csv": "SUBJ,ITEM,RES\n1,wbc,4\n",
}


def _study(lines: str) -> dict[str, str]:
    return {"study.yaml": STUDY + lines}


def _ae(line: str) -> dict[str, str]:
    return {"ae.yaml": AE + f"  {line}\n"}


MESSAGES = yaml.safe_load((Path(__file__).parent / "cases/messages/compile.yaml").read_text(encoding="utf-8"))

PROBLEMS: list[tuple[str, dict[str, str]]] = [
    ("SPEC107", _ae("AEREL: {assign: TERM, codelist: AESEVT}")),
    ("SPEC110 assign", _ae("AESEV: {assign: DM.SEX}")),
    ("SPEC110 where", {"ae.yaml": AE.replace("{from: ae}", "{from: ae, where: DM.RFSTDTC FILLED}")}),
    ("SPEC113", _ae("AEENDTC: {copy: DN.RFSTDTC}")),
    ("SPEC114", _ae("AESER: {hardcode: Y, when: AE.AESTDTC GE dm.RFSTDTC, undecided: Y}")),
    (
        "SPEC115",
        {
            "study.yaml": STUDY.replace("dates: {format: yyyy-mm-dd}\n", ""),
            "dm.yaml": DM.split("  RFSTDTC")[0],
        },
    ),
    ("SPEC178 an unknown source is found by the loader", {"ae.yaml": AE.replace("from: ae", "from: aes")}),
    ("SPEC119", {"ae.yaml": AE.replace("USUBJID, AETERM", "USUBJID, AETRM")}),
    ("SPEC122", {"tests.csv": "ITEM,LBTESTCD,LBSPECX\nwbc,WBC,BLOOD\n"}),
    ("SPEC123", {"tests.csv": "ITEM,LBTESTCD,LBSPEC\nwbc,WBC,BLOD\n"}),
    ("SPEC124", {"ae.yaml": AE.replace("domain: AE", "domain: AF")}),
    (
        "SPEC124 a custom domain without its structure",
        {"ae.yaml": AE.replace("domain: AE", "domain: XE\nclass: Events\nlabel: Own Events")},
    ),
    (
        "STD204",
        {
            "ae.yaml": AE.replace(
                "domain: AE", "domain: XE\nclass: Event\nlabel: Own Events\nstructure: One record per event"
            )
        },
    ),
    ("SPEC125", {"ae.yaml": AE.replace("STUDYID, USUBJID, AETERM", "STUDYID, AETERM")}),
    ("SPEC127", {"study.yaml": STUDY.replace("raw/ae.csv, subject: SUBJ,", "raw/ae.csv,")}),
    ("SPEC130", _ae("AESEV: {assign: TERM, terms: {light: MILDE}}")),
    ("SPEC130 in study.yaml", _study("codelists:\n  C66742: {terms: {oui: YES}}\n")),
    ("SPEC131", _ae("AEENRTPT: {hardcode: ONGOIN}")),
    ("SPEC131 in a branch", _ae("AESER: {case: [{when: TERM EQ a, then: Yes}, {else: N}]}")),
    ("SPEC132", _study("codelists:\n  C66769: {sponsor: [TERRIBLE]}\n")),
    ("SPEC160", _ae("AESEV: {assign: TERM, supplemental: {label: Severity}}")),
    ("STD205", _ae("AETRTEM: {hardcode: Y}")),
    (
        "PLAN401",
        {
            "dm.yaml": DM.replace("RFSTDTC: {datetime: ST}", "RFSTDTC: {earliest: {of: AE.AESTDTC}}"),
            "ae.yaml": AE.replace("AESTDTC: {datetime: ST}", "AESTDTC: {copy: DM.RFSTDTC}"),
        },
    ),
    ("PLAN402", _ae("AEENDTC: {copy: DM.RFENDTC}")),
    ("PLAN410", {"ae.yaml": AE.replace("  AEDECOD: {assign: TERM}\n", "")}),
    ("two problems at once", _ae("AESEV: {hardcode: BAD}\n  AEENDTC: {copy: XX.RFSTDTC}")),
    ("SPEC140", _ae("AELLT: {assign: TREM}")),
    ("SPEC162", _ae("AELLT: {assign: NAME}")),
    ("SPEC111", {"raw/ae.csv": "SUBJ,TERM,ST,NAME,DM.SEX\n1,a,2024-01-02,x,M\n"}),
]


@pytest.mark.parametrize(("name", "files"), PROBLEMS, ids=[name for name, _ in PROBLEMS])
def test_problems_are_told_with_place_and_edit(name: str, files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SdtmError) as caught:
        build_study(tmp_path, FILES | files)
    found = [str(one) for one in caught.value.issues if one.code != "PLAN411"]
    assert "\n".join(found) + "\n" == MESSAGES[name]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(write_files(tmp_path, FILES))


def test_the_study_without_problems_compiles(plan: Plan) -> None:
    assert {one.code for one in plan.issues} == {"PLAN411"}


def test_variables_stand_in_the_order_of_the_standard(plan: Plan) -> None:
    names = [one.name for one in plan.domain("AE").variables if one.mapped]
    assert names == ["STUDYID", "DOMAIN", "USUBJID", "AESEQ", "AETERM", "AEDECOD", "AESTDTC", "AESTDY"]
    assert [one.name for one in plan.domain("AE").variables if one.mapped and one.automatic] == [
        "STUDYID", "DOMAIN", "USUBJID", "AESEQ", "AESTDY",
    ]  # fmt: skip


def test_expected_variables_that_nothing_maps_are_present_unless_they_are_dropped(tmp_path: Path) -> None:
    ae = AE + "  AELLT: drop\n  AESER: drop\n"
    built = build_study(tmp_path, FILES | {"ae.yaml": ae})
    frame = built.datasets["AE"].frame
    assert list(frame.columns) == [
        "STUDYID", "DOMAIN", "USUBJID", "AESEQ", "AETERM", "AELLTCD", "AEDECOD", "AEPTCD", "AEHLT", "AEHLTCD",
        "AEHLGT", "AEHLGTCD", "AEBODSYS", "AEBDSYCD", "AESOC", "AESOCCD", "AEACN", "AEREL", "AESTDTC", "AEENDTC",
        "AESTDY",
    ]  # fmt: skip
    assert frame["AELLTCD"].isna().all()
    assert (frame["AEACN"] == "").all()
    assert [
        one.text() for one in built.issues if one.code in ("PLAN411", "PLAN412") and one.target == "AE"
    ] == [
        (
            "ae.yaml:1: PLAN411 AE: SDTMIG 3.4 expects AELLTCD, AEPTCD, AEHLT, AEHLTCD, AEHLGT, AEHLGTCD, AEBODSYS, "
            "AEBDSYCD, AESOC, AESOCCD, AEACN, AEREL, AEENDTC, which nothing maps: present without values\n"
            "  hint: map or derive them where the study has the data"
        ),
        (
            "ae.yaml:1: PLAN412 AE: SDTMIG 3.4 expects AELLT, AESER, which drop leaves out\n"
            "  hint: take drop away: the variable stands in the dataset without values"
        ),
    ]


def test_an_expected_variable_without_values_is_not_read(tmp_path: Path) -> None:
    ae = AE + "  AEENTPT: {copy: AE.AEENDTC}\n"
    with pytest.raises(SdtmError) as caught:
        plan_of(write_files(tmp_path, FILES | {"ae.yaml": ae}))
    assert [str(one) for one in caught.value.issues if one.code == "PLAN402"] == [
        (
            "ae.yaml:8: PLAN402 AE.AEENTPT: AE.AEENDTC is read here but nothing maps it\n"
            "  hint: did you mean AE.AESTDTC? map it or remove the reference"
        )
    ]


def test_each_step_comes_after_what_it_needs(plan: Plan) -> None:
    place = {step.node: number for number, step in enumerate(plan.steps)}
    assert len(place) == len(plan.steps)
    for node, needs in plan.needs.items():
        assert all(place[other] < place[node] for other in needs), node
    assert set(plan.why("AE.AESTDY")) == {"AE records", "AE.AESTDTC", "DM.RFSTDTC", "DM submit"}


def test_origins_by_method(plan: Plan) -> None:
    origins = {
        one.name: one.rules[0].origin for one in plan.domain("AE").variables if one.rules[0] is not None
    }
    assert origins == {
        "STUDYID": "Protocol by Sponsor",
        "DOMAIN": "Assigned by Sponsor",
        "USUBJID": "Derived by Sponsor",
        "AESEQ": "Derived by Sponsor",
        "AETERM": "Collected by Investigator",
        "AEDECOD": "Collected by Investigator",
        "AESTDTC": "Collected by Investigator",
        "AESTDY": "Derived by Sponsor",
    }
    results = {
        one.name: one.rules[0].origin for one in plan.domain("LB").variables if one.rules[0] is not None
    }
    assert results["LBORRES"] == "Collected by Investigator"
    assert results["LBTESTCD"] == "Assigned by Sponsor"
    assert results["LBSTRESN"] == "Derived by Sponsor"


def test_a_source_states_the_origin_of_what_is_collected(tmp_path: Path) -> None:
    origin = STUDY.replace("raw/lb.csv,", "raw/lb.csv, origin: Collected by Vendor,")
    plan = plan_of(write_files(tmp_path, FILES | {"study.yaml": origin}))
    rule = plan.domain("LB").variable("LBORRES")
    assert rule is not None
    assert rule.rules[0] is not None
    assert rule.rules[0].origin == "Collected by Vendor"


def test_derive_changes_a_variable_that_comes_by_itself(tmp_path: Path) -> None:
    files = FILES | _study("derive:\n  --STDY: {study_day: x}\n")
    with pytest.raises(SdtmError):
        plan_of(write_files(tmp_path, files))
    (tmp_path / "study.yaml").write_text(STUDY + "derive:\n  --STDY: drop\n", encoding="utf-8")
    names = [one.name for one in plan_of(tmp_path).domain("AE").variables]
    assert "AESTDY" not in names


def test_expected_variables_that_are_missing_are_one_note_a_domain(plan: Plan) -> None:
    notes = [one.text() for one in plan.issues if one.target == "LB"]
    assert notes == [
        (
            "lb.yaml:1: PLAN411 LB: SDTMIG 3.4 expects LBCAT, LBORRESU, LBORNRLO, LBORNRHI, LBSTRESU, LBSTNRLO, LBSTNRHI, "
            "LBNRIND, LBLOBXFL, VISITNUM, LBDTC, which nothing maps: present without values\n"
            "  hint: map or derive them where the study has the data"
        )
    ]


def test_columns_that_the_plan_reads(plan: Plan) -> None:
    found = {(source, column, reader) for source, column, reader, _ in plan.columns()}
    assert found == {
        ("dm", "SUBJ", "DM.SUBJID"),
        ("dm", "SEX", "DM.SEX"),
        ("dm", "ST", "DM.RFSTDTC"),
        ("ae", "TERM", "AE.AETERM"),
        ("ae", "TERM", "AE.AEDECOD"),
        ("ae", "ST", "AE.AESTDTC"),
        ("lb", "ITEM", "LB records"),
        ("lb", "RES", "LB records"),
        ("lb", "RES", "LB.LBORRES"),
    }


def test_unknown_domain_and_source_are_key_errors(plan: Plan) -> None:
    with pytest.raises(KeyError):
        plan.domain("XX")
    with pytest.raises(KeyError):
        plan.source("xx")


def test_tables_and_keys_are_those_of_the_version(tmp_path: Path) -> None:
    files = FILES | {
        "study.yaml": STUDY.replace("domains: [", "domains: [old.yaml, new.yaml, "),
        "ae.yaml": AE.replace(
            "keys: [STUDYID, USUBJID, AETERM]",
            "keys: {3.2 | 3.3: [STUDYID, USUBJID, AETERM], 3.4: [STUDYID, USUBJID, AESTDTC, AETERM]}\n"
            "sort: {3.3: [AETERM], 3.4: [AESTDTC]}",
        ),
        "old.yaml": "ig: [3.2, 3.3]\ntables: {TE: old.csv}\n",
        "new.yaml": "ig: [3.4]\ntables: {TE: new.csv}\n",
        "old.csv": "ETCD,ELEMENT,TESTRL\nSCRN,Screening,Consent\n",
        "new.csv": "ETCD,ELEMENT,TESTRL\nRUN,Run-in,Consent\n",
    }
    plan = plan_of(write_files(tmp_path / "new", files))
    assert [(table.name, table.rows) for table in plan.tables] == [
        ("table TE", (("RUN", "Run-in", "Consent"),))
    ]
    assert (plan.domain("AE").keys, plan.domain("AE").sort) == (
        ("STUDYID", "USUBJID", "AESTDTC", "AETERM"), ("AESTDTC",),
    )  # fmt: skip
    older = files | {"study.yaml": files["study.yaml"].replace("SDTMIG 3.4", "SDTMIG 3.3")}
    plan = plan_of(write_files(tmp_path / "old", older))
    assert [table.rows[0][0] for table in plan.tables] == ["SCRN"]
    assert (plan.domain("AE").keys, plan.domain("AE").sort) == (("STUDYID", "USUBJID", "AETERM"), ("AETERM",))
