"""The datasets of the reference study, value by value, against what follows from the raw files in plain Python."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter

import pytest

from reference_raw import (
    MAPPING,
    VISITS,
    Record,
    begun,
    day,
    doses,
    elements,
    epoch,
    forms,
    half,
    iso,
    possible,
    randomised,
    reports,
    rows,
    runs,
    usubjid,
    visits,
    vitals,
    workbook,
)
from reference_study import built, records

#: The date on which the record is placed in time.
DATES = {"LB": "LBDTC", "IS": "ISDTC", "MB": "MBDTC", "CP": "CPDTC", "RS": "RSDTC", "VS": "VSDTC", "IE": "IEDTC",
         "AE": "AESTDTC", "EX": "EXSTDTC", "CM": "CMSTDTC"}  # fmt: skip
FINDINGS = ("LB", "IS", "MB", "CP", "RS", "VS", "IE")
CBC = {
    "白细胞": "WBC",
    "中性粒细胞": "NEUT",
    "淋巴细胞": "LYM",
    "红细胞": "RBC",
    "血红蛋白": "HGB",
    "血小板": "PLAT",
}
ITEMS = {
    "丙氨酸氨基转移酶": "ALT", "天门冬氨酸氨基转移酶": "AST", "总胆红素": "BILI", "白蛋白": "ALB", "肌酐": "CREAT",
    "尿素": "UREA", "葡萄糖": "GLUC", "钾": "K", "C反应蛋白": "CRP", "补体C3": "C3", "补体C4": "C4", "免疫球蛋白G": "IGG",
    "免疫球蛋白A": "IGA", "免疫球蛋白M": "IGM", "尿蛋白": "PROT",
}  # fmt: skip
ANTIBODIES = {"抗双链DNA抗体": "DOUBLE STRANDED DNA", "抗核抗体": "NUCLEAR AUTOANTIGENS"}


# ---- how many -----------------------------------------------------------------------------------------------------


def _expected_records() -> dict[str, int]:
    items = Counter(item for _, _, item, _ in reports())
    failed = sum(
        (name.startswith("入选") and cell == "否") or (name.startswith("排除") and cell == "是")
        for row in rows("eligibility.csv")
        for name, cell in row.items()
    )
    ties = [one for one in forms("CM") if one.get("AENO")]
    tables = {
        name: len((MAPPING / "trial" / f"{name.lower()}.csv").read_text().splitlines()) - 1
        for name in ("TA", "TE", "TI", "TS")
    }
    return tables | {
        "DM": len(rows("demog.csv")),
        "SUPPDM": len(rows("demog.csv")),
        "IE": failed,
        "DS": len(forms("DS")),
        "SE": sum(map(len, elements().values())),
        "SV": sum(map(len, visits().values())),
        "EC": sum(
            bool(row[f"注射日期{n}"] or row[f"未注射原因{n}"])
            for row in rows("injection.csv")
            for n in range(1, 8)
        ),
        "EX": sum(map(len, runs().values())),
        "AE": len(rows("ae.csv")),
        "CM": len(forms("CM")),
        "MH": len(forms("MH")),
        "LB": sum(items[one] for one in ITEMS)
        + sum(bool(row[one]) for row in rows("cbc.csv") for one in CBC),
        "IS": sum(items[one] for one in ANTIBODIES)
        + sum(
            bool(row[one])
            for row in rows("elisa.csv")
            for one in ("筛查结果", "确证结果", "滴度", "中和抗体")
        )
        + sum(row["备注"] == "溶血标本" for row in rows("elisa.csv"))
        + sum(bool(row["EBV-VCA-IgG"]) for row in rows("virus.csv")),
        "MB": sum(bool(row[one]) for row in rows("virus.csv") for one in ("EB病毒DNA", "巨细胞病毒DNA")),
        "CP": 3 * len(workbook()),
        "RS": 25 * len(rows("sledai.csv")),
        "VS": sum(
            bool(row[one])
            for row in vitals()
            for one in ("SBP", "DBP", "PULSE", "RESP", "TEMP", "HEIGHT", "WEIGHT")
        ),
        "CO": sum(bool(row["备注"]) for row in rows("ae.csv")),
        "TV": len(VISITS),
        "RELREC": 2 + 2 * len(ties),
    }


def test_every_dataset_has_the_records_of_its_raw_rows() -> None:
    expected = _expected_records()
    assert {name: len(one) for name, one in built().datasets.items() if name != "SUPPAE"} == expected
    assert min(expected.values()) >= 2


# ---- DM -----------------------------------------------------------------------------------------------------------


def test_thirty_of_thirty_three_are_randomised_to_two_sequences() -> None:
    arms = [one["ARMCD"] for one in records("DM")]
    assert (len(arms), arms.count("IL2-STD"), arms.count("STD-IL2"), arms.count("")) == (33, 15, 15, 3)
    assert [one["ARMNRS"] for one in records("DM") if not one["ARMCD"]] == ["SCREEN FAILURE"] * 3
    for one in records("DM"):
        sequence = randomised().get(one["USUBJID"], {}).get("序列", "")
        assert one["ARMCD"] == one["ACTARMCD"] == {"AB": "IL2-STD", "BA": "STD-IL2", "": ""}[sequence]


def test_age_counts_birthdays_until_consent() -> None:
    raw = {usubjid(row["受试者编号"]): row for row in rows("demog.csv")}
    for one in records("DM"):
        birth, consent = (day(iso(raw[one["USUBJID"]][name])) for name in ("出生日期", "知情同意日期"))
        years = consent.year - birth.year - ((consent.month, consent.day) < (birth.month, birth.day))
        assert (one["AGE"], one["BRTHDTC"]) == (str(years), str(birth))
        assert one["SEX"] == {"男": "M", "女": "F"}[raw[one["USUBJID"]]["性别"]]


def test_reference_dates_are_randomisation_first_and_last_dose_last_visit_and_last_date_of_all() -> None:
    last: dict[str, list[str]] = {}
    for row in rows("ae.csv"):
        subject = usubjid(row["受试者编号"])
        start = iso(row["开始日期"]) + (f"T{row['开始时间']}" if row["开始时间"] else "")
        last.setdefault(subject, []).extend([start, iso(row["结束日期"]) if row["结束日期"] else ""])
    for kind in ("CM", "MH", "DS"):
        for form in forms(kind):
            last.setdefault(usubjid(form["SUBJECT"]), []).extend(
                iso(form[one]) for one in ("START", "END", "DATE") if form.get(one)
            )
    for key, row in reports().items():
        last.setdefault(key[0], []).append(row["采样时间"].replace(" ", "T"))
    for subject, given in doses().items():
        last.setdefault(subject, []).extend(start for start, _ in given)
    for subject, own in visits().items():
        last.setdefault(subject, []).extend(own.values())
    for one in records("DM"):
        subject, given = one["USUBJID"], doses().get(one["USUBJID"], [])
        assert one["RFSTDTC"] == randomised().get(subject, {}).get("随机日期", "")
        assert one["RFXSTDTC"] == (given[0][0] if given else "")
        assert one["RFXENDTC"] == (given[-1][0] if given else "")
        assert one["RFENDTC"] == (max(visits()[subject].values()) if subject in randomised() else "")
        assert one["RFPENDTC"] == max(last[subject]), subject


# ---- time ---------------------------------------------------------------------------------------------------------


def test_study_days_count_from_the_day_of_randomisation() -> None:
    start = {subject: day(one["随机日期"]) for subject, one in randomised().items()}
    compared = 0
    for name, dataset in built().datasets.items():
        for date, number in [("DTC", "DY"), ("STDTC", "STDY"), ("ENDTC", "ENDY")]:
            if f"{name}{number}" not in dataset.frame.columns:
                continue
            for one in records(name):
                value, expected = one[f"{name}{date}"], ""
                if len(value) >= 10 and one["USUBJID"] in start:
                    days = (day(value) - start[one["USUBJID"]]).days
                    expected = str(days + (days >= 0))
                assert one[f"{name}{number}"] == expected, (name, one["USUBJID"], value)
                compared += 1
    assert compared > 24000


@pytest.mark.parametrize("name", DATES)
def test_epoch_is_the_element_that_holds_the_date(name: str) -> None:
    assert len(records(name)) > 0
    for one in records(name):
        value = one[DATES[name]]
        assert one["EPOCH"] == epoch(one["USUBJID"], value, finding=name in FINDINGS), (one["USUBJID"], value)


def test_a_disposition_belongs_to_the_epoch_that_it_ends_and_a_milestone_to_none() -> None:
    found = Counter((one["DSSCAT"], one["DSDECOD"], one["EPOCH"]) for one in records("DS"))
    assert found == {
        ("", "INFORMED CONSENT OBTAINED", ""): 33,
        ("", "RANDOMIZED", ""): 30,
        ("STUDY PARTICIPATION", "SCREEN FAILURE", "SCREENING"): 3,
        ("STUDY TREATMENT", "COMPLETED", "TREATMENT 2"): 27,
        ("STUDY PARTICIPATION", "COMPLETED", "FOLLOW-UP"): 27,
        ("STUDY TREATMENT", "ADVERSE EVENT", "TREATMENT 1"): 1,
        ("STUDY PARTICIPATION", "ADVERSE EVENT", "FOLLOW-UP"): 1,
        ("STUDY TREATMENT", "WITHDRAWAL BY SUBJECT", "TREATMENT 1"): 1,
        ("STUDY PARTICIPATION", "WITHDRAWAL BY SUBJECT", "TREATMENT 1"): 1,
        ("STUDY TREATMENT", "PHYSICIAN DECISION", "TREATMENT 2"): 1,
        ("STUDY PARTICIPATION", "PHYSICIAN DECISION", "FOLLOW-UP"): 1,
    }


def test_elements_of_the_subjects_are_those_that_began_and_end_where_the_next_begins() -> None:
    found: dict[str, list[Record]] = {}
    for one in records("SE"):
        found.setdefault(one["USUBJID"], []).append(one)
    assert {key: [(one["SESTDTC"], one["EPOCH"]) for one in own] for key, own in found.items()} == elements()
    pend = {one["USUBJID"]: one["RFPENDTC"] for one in records("DM")}
    for subject, own in found.items():
        ends = [one["SESTDTC"] for one in own[1:]] + [pend[subject]]
        assert [one["SEENDTC"] for one in own] == ends


# ---- visits -------------------------------------------------------------------------------------------------------


def test_visits_of_the_subjects_are_those_of_the_visit_form() -> None:
    found: dict[str, dict[str, str]] = {}
    for one in records("SV"):
        assert one["SVSTDTC"] == one["SVENDTC"]
        found.setdefault(one["USUBJID"], {})[one["VISITNUM"]] = one["SVSTDTC"]
    assert found == visits()
    unscheduled = [one for one in records("SV") if "." in one["VISITNUM"] and one["VISITNUM"] != "7.5"]
    assert [(one["VISITNUM"], one["VISIT"], one["SVUPDES"], one["SVPRESP"]) for one in unscheduled] == [
        ("7.01", "UNSCHEDULED 7.01", "发热复诊", "")
    ] * 2


@pytest.mark.parametrize("name", ["LB", "IS", "MB", "CP", "RS", "VS", "IE"])
def test_every_finding_is_of_the_visit_that_sv_has_on_its_day(name: str) -> None:
    """Samples of the hospital too, which knows no visits: on an early termination and in the washout."""
    on_day = {(subject, date): number for subject, own in visits().items() for number, date in own.items()}
    for one in records(name):
        date = one[f"{name}DTC"][:10]
        assert one["VISITNUM"] == on_day[one["USUBJID"], date], (one["USUBJID"], date)


# ---- baselines ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["LB", "VS"])
def test_baselines_are_the_last_results_before_exposure_and_before_each_treatment(name: str) -> None:
    groups: dict[tuple[str, ...], list[Record]] = {}
    for one in records(name):
        groups.setdefault((one["USUBJID"], one[f"{name}TESTCD"], one.get(f"{name}SPEC", "")), []).append(one)
    flags = Counter[str]()
    for (subject, *_), own in groups.items():
        filled = sorted((one for one in own if one[f"{name}ORRES"]), key=lambda one: one[f"{name}DTC"])
        given = doses().get(subject)
        before = [one for one in filled if given and not begun(given[0][0], one[f"{name}DTC"], finding=True)]
        lobxfl = [id(before[-1])] if before else []
        blfl: list[int] = []
        parts = elements()[subject]
        for start, part in parts:
            if not part.startswith("TREATMENT"):
                continue
            # what was taken after the end of the treatment before, not after the start of this one
            ended = [
                begin
                for n, (begin, _) in enumerate(parts)
                if n and parts[n - 1][1].startswith("TREATMENT") and begin < start
            ]
            pool = [one for one in filled if not begun(start, one[f"{name}DTC"], finding=True)
                    and all(begun(end, one[f"{name}DTC"], finding=True) for end in ended)]  # fmt: skip
            blfl += [id(pool[-1])] if pool else []
        for one in own:
            assert one[f"{name}LOBXFL"] == ("Y" if id(one) in lobxfl else ""), (subject, one[f"{name}DTC"])
            assert one[f"{name}BLFL"] == ("Y" if id(one) in blfl else ""), (subject, one[f"{name}DTC"])
        flags["LOBXFL"] += len(lobxfl)
        flags["BLFL"] += len(blfl)
    assert flags["LOBXFL"] >= 29 * 6  # one who withdrew was never exposed
    assert flags["BLFL"] >= (30 + 28) * 6


# ---- exposure -----------------------------------------------------------------------------------------------------


def test_exposure_is_the_intervals_of_one_dose_without_a_gap_of_more_than_three_days() -> None:
    expected = [(subject, *run) for subject, own in sorted(runs().items()) for run in own]
    found = [(one["USUBJID"], one["EXSTDTC"], one["EXENDTC"], int(one["EXDOSE"])) for one in records("EX")]
    assert found == expected
    assert {one["EXDOSE"] for one in records("EX") if one["EXADJ"]} == {"500000"}


def test_an_injection_that_was_not_given_has_its_reason_and_no_dose() -> None:
    given = [one for one in records("EC") if one["ECOCCUR"] == "Y"]
    assert sorted((one["USUBJID"], one["ECSTDTC"], int(one["ECDOSE"])) for one in given) == sorted(
        (subject, *dose) for subject, own in doses().items() for dose in own
    )
    reasons = Counter(row[f"未注射原因{n}"] for row in rows("injection.csv") for n in range(1, 8))
    missed = [one for one in records("EC") if one["ECOCCUR"] == "N"]
    assert Counter(one["ECREASOC"] for one in missed) == Counter({k: v for k, v in reasons.items() if k})
    assert {one[name] for one in missed for name in ("ECDOSE", "ECDOSU", "ECSTDTC", "ECLNKID", "ECLOT")} == {
        ""
    }
    assert {one["EPOCH"] for one in missed} == {"TREATMENT 1", "TREATMENT 2"}


# ---- adverse events -----------------------------------------------------------------------------------------------


def _since(value: str, start: str) -> bool:
    """Whether a date may be at or after an instant: what is left open counts as after it."""
    if len(value) < 10:
        return possible(value)[1] >= day(start)
    return begun(start, value, finding=False)


def _before(value: str, start: str) -> bool:
    """Whether a date may be before an instant."""
    if len(value) < 10:
        return possible(value)[0] <= day(start)
    return day(value) < day(start) or (
        day(value) == day(start) and not ("T" in value and "T" in start and value >= start) and "T" in start
    )


def test_events_are_treatment_emergent_since_the_first_injection_and_in_their_period() -> None:
    found = {(one["USUBJID"], one["IDVARVAL"], one["QNAM"]) for one in records("SUPPAE")}
    expected = set()
    for one in records("AE"):
        subject, start = one["USUBJID"], one["AESTDTC"]
        parts = {name: begin for begin, name in elements()[subject]}
        first, second = parts["TREATMENT 1"], parts.get("TREATMENT 2", "")
        given = doses().get(subject)
        if given and _since(start, given[0][0]):
            expected.add((subject, one["AESEQ"], "AETRTEM"))
        if _since(start, first) and (not second or _before(start, second)):
            expected.add((subject, one["AESEQ"], "AETRTEM1"))
        if second and _since(start, second):
            expected.add((subject, one["AESEQ"], "AETRTEM2"))
    assert found == expected
    counts = Counter(name for _, _, name in found)
    assert min(counts.values()) > 10
    # emergent in a period of standard therapy alone, before any injection
    assert any((s, n, "AETRTEM") not in found for s, n, name in found if name == "AETRTEM1")


def test_a_serious_event_has_its_criterion_and_an_ongoing_one_no_end() -> None:
    for one in records("AE"):
        assert one["AESHOSP"] == ("Y" if one["AESER"] == "Y" else "")
        assert (one["AEENRTPT"] == "ONGOING") == (one["AEENDTC"] == "") == (one["AEENTPT"] != "")
        assert (one["AEOUT"] == "NOT RECOVERED/NOT RESOLVED") == (one["AEENRTPT"] == "ONGOING")
    assert sum(one["AESER"] == "Y" for one in records("AE")) == 2
    assert [one["USUBJID"][-3:] for one in records("AE") if one["AEACN"] == "DRUG WITHDRAWN"] == ["013"]


# ---- results ------------------------------------------------------------------------------------------------------


def test_the_last_report_of_a_sample_counts_with_its_range() -> None:
    found = {
        (one["USUBJID"], one["LBREFID"], one["LBTESTCD"]): one for one in records("LB") if one["LBREFID"]
    }
    expected = {
        (subject, code, ITEMS[item]): row
        for (subject, code, item, _), row in reports().items()
        if item in ITEMS
    }
    assert found.keys() == expected.keys()
    indicators = Counter[str]()
    for key, row in expected.items():
        one, result, limits = found[key], half(row["结果"]), row["参考区间"]
        assert one["LBDTC"] == row["采样时间"].replace(" ", "T")
        if result in ("溶血", "未检"):
            assert (one["LBORRES"], one["LBSTAT"], one["LBREASND"]) == ("", "NOT DONE", result)
            continue
        assert one["LBORRES"] == result
        if limits == "阴性":
            words = {"阴性": "NEGATIVE", "±": "TRACE"}
            assert (one["LBSTRESC"], one["LBSTNRC"]) == (words.get(result, result), "NEGATIVE")
            continue
        low, high = ("", limits[1:]) if limits.startswith("<") else tuple(limits.split("-"))
        assert (one["LBORNRLO"], one["LBORNRHI"], one["LBSTNRC"]) == (low, high, "")
        assert one["LBNRIND"] == _indicator(result, low, high), (key, result)
        indicators[one["LBNRIND"]] += 1
    assert min(indicators[one] for one in ("LOW", "NORMAL", "HIGH", "")) > 3  # <0.5 is no number
    corrected = sum(row["提示"] == "更正" for row in rows("his_lab.csv", 2))
    superseded = sum(one.superseded for one in built().balance.sources if one.source == "his")
    assert superseded == corrected == len(rows("his_lab.csv", 2)) - len(reports()) > 50


def _indicator(result: str, low: str, high: str) -> str:
    try:
        value = float(result)
    except ValueError:
        return ""
    if low and value < float(low):
        return "LOW"
    return "HIGH" if high and value > float(high) else "NORMAL"


def test_blood_counts_have_the_ranges_of_the_study_for_the_sex() -> None:
    limits: dict[tuple[str, str], tuple[str, str]] = {}
    with (MAPPING / "cbc_ranges.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for sex in row["SEX"] or "FM":
                limits[row["--TESTCD"], sex] = (row["low"], row["high"])
    sex = {usubjid(row["受试者编号"]): {"男": "M", "女": "F"}[row["性别"]] for row in rows("demog.csv")}
    found = {
        (one["USUBJID"], one["LBDTC"], one["LBTESTCD"]): one for one in records("LB") if not one["LBREFID"]
    }
    indicators = Counter[str]()
    for row in rows("cbc.csv"):
        subject, date = usubjid(row["受试者编号"]), iso(row["采样日期"])
        for column, test in CBC.items():
            one = found.pop((subject, date, test))
            if row[column] == "未检":
                assert (one["LBORRES"], one["LBSTAT"], one["LBORNRLO"]) == ("", "NOT DONE", "")
                continue
            low, high = limits[test, sex[subject]]
            assert (one["LBORRES"], one["LBORNRLO"], one["LBORNRHI"]) == (row[column], low, high)
            assert one["LBNRIND"] == _indicator(row[column], low, high)
            indicators[f"{test} {one['LBNRIND']}"] += 1
    assert found == {}
    assert {f"{test} {word}" for test in ("WBC", "HGB", "RBC") for word in ("LOW", "NORMAL")} <= set(
        indicators
    )


def test_titers_have_their_reciprocal_and_copies_their_number() -> None:
    seen = Counter[str]()
    for one in [*records("IS"), *records("MB")]:
        prefix = one["DOMAIN"]
        raw, text, number = (one[f"{prefix}{name}"] for name in ("ORRES", "STRESC", "STRESN"))
        if raw.startswith("1:"):
            assert (text, number, one[f"{prefix}STRESU"]) == (raw[2:], raw[2:], "titer")
            seen["titer"] += 1
        elif raw == "<1:10":
            assert (text, number) == ("<10", "")
            seen["below"] += 1
        elif raw == "未检出":
            assert (text, number, one[f"{prefix}ORRESU"]) == ("NOT DETECTED", "", "")
            seen["not detected"] += 1
        elif prefix == "MB":
            assert (text, one["MBORRESU"]) == (raw, "copies/mL")
            assert number == ("" if raw == "<400" else raw)
            seen["copies"] += 1
    assert set(seen) == {"titer", "below", "not detected", "copies"}


def test_the_items_of_sledai_add_up_to_the_total_and_are_met_before_treatment() -> None:
    totals = {
        (usubjid(row["受试者编号"]), VISITS[row["访视"]]): int(row["总分"]) for row in rows("sledai.csv")
    }
    sums = Counter[tuple[str, str]]()
    for one in records("RS"):
        if one["RSTESTCD"] != "SLEDTOT":
            sums[one["USUBJID"], one["VISITNUM"]] += int(one["RSSTRESN"])
    assert {key: sums[key] for key in totals} == totals
    assert all(total >= 8 for (subject, number), total in totals.items() if number == "2")


def test_the_criteria_that_were_failed_have_the_words_of_ti() -> None:
    words = {one["IETESTCD"]: (one["IETEST"], one["IECAT"]) for one in records("TI")}
    assert [(one["USUBJID"][-3:], one["IETESTCD"], one["IEORRES"]) for one in records("IE")] == [
        ("008", "INCL06", "N"), ("019", "INCL08", "N"), ("027", "EXCL06", "Y"),
    ]  # fmt: skip
    for one in records("IE"):
        assert (one["IETEST"], one["IECAT"]) == words[one["IETESTCD"]]
        assert one["USUBJID"] not in randomised()


# ---- trial design -------------------------------------------------------------------------------------------------


def test_the_trial_summary_agrees_with_the_data_and_with_the_registry_but_where_it_says_so() -> None:
    found: dict[str, list[str]] = {}
    for one in records("TS"):
        found.setdefault(one["TSPARMCD"], []).append(one["TSVAL"])
        assert one["TSVAL"] or one["TSVALNF"] in ("UNK", "PINF", "NA"), one["TSPARMCD"]
        assert not (one["TSVAL"] and one["TSVALNF"]), one["TSPARMCD"]
    assert found["SSTDTC"] == [min(iso(row["知情同意日期"]) for row in rows("demog.csv"))]
    assert found["SENDTC"] == [max(date for own in visits().values() for date in own.values())]
    assert found["ACTSUB"] == [str(len(randomised()))]
    assert found["NARMS"] == [str(len({row["序列"] for row in rows("rand.csv")}))]
    assert found["DOSE"] == [str(max(dose for own in doses().values() for _, dose in own))]
    parts = json.loads((MAPPING / "trial" / "registry.json").read_text(encoding="utf-8"))["protocolSection"]
    assert found["TITLE"] == [parts["identificationModule"]["officialTitle"]]
    assert found["REGID"] == [parts["identificationModule"]["nctId"]]
    assert found["SPONSOR"] == [parts["sponsorCollaboratorsModule"]["leadSponsor"]["name"]]
    assert found["SSTDTC"] == [parts["statusModule"]["startDateStruct"]["date"]]
    assert found["ACTSUB"] == [str(parts["designModule"]["enrollmentInfo"]["count"])]
    assert parts["armsInterventionsModule"]["interventions"][0]["type"] == "DRUG"
    assert found["INTTYPE"] == ["BIOLOGIC"]
    said = [str(one) for one in built().issues if one.code == "PLAN430"]
    assert len(said) == 1
    assert "the table says 'BIOLOGIC', the registry record 'DRUG'" in said[0]


def test_the_length_of_the_trial_is_that_of_its_elements() -> None:
    weeks = {one["ETCD"]: int(one["TEDUR"].strip("PW") or 0) for one in records("TE")}
    arm = [one["ETCD"] for one in records("TA") if one["ARMCD"] == "IL2-STD"]
    assert [one["TSVAL"] for one in records("TS") if one["TSPARMCD"] == "LENGTH"] == [
        f"P{sum(weeks[one] for one in arm)}W"
    ]
    assert dt.timedelta(weeks=28) >= max(
        day(max(own.values())) - day(randomised()[subject]["随机日期"])
        for subject, own in visits().items()
        if subject in randomised()
    ) - dt.timedelta(days=8)  # the window of the last visit
