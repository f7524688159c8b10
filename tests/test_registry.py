"""A registry record as trial summary values, alone and beside a table."""

from __future__ import annotations

import json
from pathlib import Path

from sdtm_il2.registry import registry_values
from study import build_study, cells

RECORD = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT00000000", "officialTitle": "An invented trial"},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "enrollmentInfo": {"count": 30, "type": "ACTUAL"},
            "designInfo": {
                "allocation": "RANDOMIZED",
                "interventionModel": "CROSSOVER",
                "primaryPurpose": "OTHER",
            },
        },
        "eligibilityModule": {
            "sex": "ALL",
            "minimumAge": "18 Years",
            "maximumAge": "N/A",
            "healthyVolunteers": True,
        },
        "outcomesModule": {"primaryOutcomes": [{"measure": "First"}, {"measure": "Second"}]},
    }
}


def test_values_are_those_that_need_no_judgement() -> None:
    found = [(one.parameter, one.value) for one in registry_values(RECORD)]
    assert found == [
        ("TITLE", "An invented trial"),
        ("REGID", "NCT00000000"),
        ("ACTSUB", "30"),  # an actual number is not the planned one
        ("STYPE", "INTERVENTIONAL"),
        ("TPHASE", "PHASE I/II TRIAL"),
        ("INTMODEL", "CROSS-OVER"),
        ("RANDOM", "Y"),
        ("SEXPOP", "BOTH"),
        ("AGEMIN", "P18Y"),
        ("OUTMSPRI", "First"),
        ("OUTMSPRI", "Second"),
    ]


def test_an_empty_record_has_no_values() -> None:
    assert registry_values({}) == ()


STUDY = {
    "study.yaml": "study: S\nstandard: {ig: SDTMIG 3.4, ct: 2025-03-28}\nsources: {dm: {path: dm.csv, subject: SUBJ}}\n"
    "domains: [dm.yaml, trial.yaml]\n",
    "dm.yaml": "domain: DM\nkeys: [STUDYID, USUBJID]\nrecords: [{from: dm}]\nvariables:\n  SUBJID: {assign: SUBJ}\n"
    '  SITEID: {hardcode: "01"}\n  SEX: {hardcode: F}\n  ARMCD: {hardcode: A}\n  ARM: {hardcode: A}\n'
    "  ACTARMCD: {hardcode: A}\n  ACTARM: {hardcode: A}\n  COUNTRY: {hardcode: CHN}\n",
    "dm.csv": "SUBJ\n001\n",
    "trial.yaml": "tables:\n  TS: {table: ts.csv, registry: record.json}\n",
    "ts.csv": "TSPARMCD,TSPARM,TSVAL\nACTSUB,Actual Number of Subjects,29\nREGID,Registry Identifier,NCT00000000\n",
    "record.json": json.dumps(RECORD),
}


def test_the_table_stands_and_the_record_adds_what_it_lacks(tmp_path: Path) -> None:
    built = build_study(tmp_path, STUDY)
    frame = built.datasets["TS"].frame
    rows = frame[["TSSEQ", "TSPARMCD", "TSPARM", "TSVAL"]].to_numpy().tolist()
    assert [1.0, "ACTSUB", "Actual Number of Subjects", "29"] in rows
    assert [2.0, "OUTMSPRI", "Primary Outcome Measure", "Second"] in rows
    assert [row[1] for row in rows].count("REGID") == 1
    said = [str(one) for one in built.issues if one.code in ("PLAN430", "PLAN431")]
    assert said == [
        (
            "trial.yaml:2: PLAN430 TS.ACTSUB: the table says '29', the registry record '30' (record.json); "
            "the table stands\n  hint: correct the one that is wrong"
        ),
        (
            "trial.yaml:2: PLAN431 TS: TITLE, STYPE, TPHASE, INTMODEL, RANDOM, SEXPOP, AGEMIN, OUTMSPRI come from "
            "record.json, the table does not have them\n  hint: look at them, or state them in the table"
        ),
    ]


def test_a_kind_of_intervention_is_told_in_the_terms_of_cdisc() -> None:
    kinds = [{"type": "DRUG"}, {"type": "BIOLOGICAL"}, {"type": "BEHAVIORAL"}, {"type": "OTHER"}]
    record = {"protocolSection": {"armsInterventionsModule": {"interventions": kinds}}}
    found = [(one.parameter, one.value) for one in registry_values(record)]
    assert found == [("INTTYPE", "DRUG"), ("INTTYPE", "BIOLOGIC"), ("INTTYPE", "BEHAVIORAL THERAPY")]


def test_the_releases_of_the_study_fill_what_the_table_leaves_out(tmp_path: Path) -> None:
    table = (
        "TSPARMCD,TSPARM,TSVAL,TSVALNF,TSVALCD,TSVCDREF,TSVCDVER\nSDTIGVER,SDTM IG Version,,,,,\n"
        "SDTMVER,SDTM Version,,NA,,,\nADAPT,Adaptive Design,N,,C49487,CDISC CT,\n"
        "RANDOM,Trial is Randomized,Y,,C49488,CDISC CT,2020-06-26\nTRT,Treatment,X,,A,UNII,\n"
    )
    files = STUDY | {"ts.csv": table, "trial.yaml": "tables: {TS: ts.csv}\n"}
    rows = {
        "3.4": [("ADAPT", "N", "2025-03-28"), ("RANDOM", "Y", "2020-06-26"), ("SDTIGVER", "3.4", ""),
                ("SDTMVER", "", ""), ("TRT", "X", "")],
    }  # fmt: skip
    rows["3.3"] = [(name, "3.3" if name == "SDTIGVER" else value, ct) for name, value, ct in rows["3.4"]]
    for version, expected in rows.items():
        study = files["study.yaml"].replace("SDTMIG 3.4", f"SDTMIG {version}")
        built = build_study(tmp_path / version, files | {"study.yaml": study})
        assert sorted(cells(built.datasets["TS"], ("TSPARMCD", "TSVAL", "TSVCDVER"))) == expected
