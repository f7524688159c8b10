"""Nine datasets of the reference study, every cell of every record, against the raw files in plain Python."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable

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
    randomised,
    rows,
    runs,
    usubjid,
    visits,
    workbook,
)
from reference_study import records


def _table(name: str) -> list[Record]:
    with (MAPPING / "trial" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _study_day(subject: str, value: str) -> str:
    """Day 1 is that of randomisation; there is no day 0, and none of a partial date."""
    if len(value) < 10 or subject not in randomised():
        return ""
    days = (day(value) - day(iso(randomised()[subject]["随机日期"]))).days
    return str(days + (days >= 0))


def _number(text: str) -> str:
    """What a numeric variable shows of a text, "" if it is no number."""
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return ""


def _numbered(name: str, found: Iterable[Record], *keys: str) -> list[Record]:
    """The records with their identity and --SEQ: by subject and keys, text by code point, VISITNUM as a number."""

    def place(one: Record) -> list[tuple[float, str]]:
        return [
            (float(one[key]), "") if key in ("VISITNUM", "TAETORD") else (0.0, one[key])
            for key in ("USUBJID", *keys)
        ]

    seen: dict[str, int] = {}
    result = []
    for one in sorted(found, key=place):
        subject = one["USUBJID"]
        seen[subject] = seen.get(subject, 0) + 1
        result.append(one | {"STUDYID": "NCT02932137", "DOMAIN": name, f"{name}SEQ": str(seen[subject])})
    return result


def _visit(subject: str, date: str) -> Record:
    """The visit on a day, with its name and planned day; an unscheduled one is named by its number."""
    (number,) = [key for key, one in visits()[subject].items() if one == date]
    return _named_visit(number)


def _named_visit(number: str) -> Record:
    planned = {one["VISITNUM"]: one for one in _table("visits.csv")}.get(number)
    return {
        "VISITNUM": number,
        "VISIT": planned["VISIT"] if planned else f"UNSCHEDULED {number}",
        "VISITDY": planned["VISITDY"] if planned else "",
    }


def _last_before_exposure(name: str, found: list[Record]) -> list[Record]:
    """--LOBXFL on the last result of each test before the first injection; one of its day without time is before."""
    last: dict[tuple[str, str], Record] = {}
    for one in sorted(found, key=lambda one: one[f"{name}DTC"]):
        subject = one["USUBJID"]
        if subject in doses() and not begun(doses()[subject][0][0], one[f"{name}DTC"], finding=True):
            last[subject, one[f"{name}TESTCD"]] = one
    chosen = {id(one) for one in last.values()}
    return [one | {f"{name}LOBXFL": "Y" if id(one) in chosen else ""} for one in found]


def _in_treatment(name: str, subject: str, date: str) -> Record:
    return {
        "USUBJID": subject,
        f"{name}DTC": date,
        f"{name}DY": _study_day(subject, date),
        "EPOCH": epoch(subject, date, finding=True),
    } | _visit(subject, date)


def _last_dates() -> dict[str, str]:
    return {one["USUBJID"]: one["RFPENDTC"] for one in records("DM")}


# ---- the datasets -------------------------------------------------------------------------------------------------


def _ex() -> list[Record]:
    forms_of = {
        (usubjid(row["受试者编号"]), f"{iso(row[f'注射日期{n}'])}T{row[f'注射时间{n}']}"): row
        for row in rows("injection.csv")
        for n in range(1, 8)
        if row[f"注射日期{n}"]
    }
    found = []
    for subject, own in runs().items():
        for number, (first, last, dose) in enumerate(own, 1):
            given = [start for start, _ in doses()[subject] if first <= start <= last]
            ((lot, reason),) = {
                (forms_of[subject, one]["批号"], forms_of[subject, one]["剂量调整原因"]) for one in given
            }
            found.append({
                "USUBJID": subject, "EXLNKID": str(number), "EXTRT": "ALDESLEUKIN", "EXDOSE": str(dose),
                "EXDOSU": "IU", "EXDOSFRM": "INJECTION, POWDER, LYOPHILIZED, FOR SOLUTION",
                "EXDOSFRQ": "QOD", "EXROUTE": "SUBCUTANEOUS", "EXLOT": lot, "EXADJ": reason,
                "EPOCH": epoch(subject, first, finding=False), "EXSTDTC": first, "EXENDTC": last,
                "EXSTDY": _study_day(subject, first), "EXENDY": _study_day(subject, last),
            })  # fmt: skip
    return _numbered("EX", found, "EXSTDTC")


def _cp() -> list[Record]:
    tests = [
        ("TLYHTLY", "TLym Help/TLym", "CD45+CD3+CD4+"),
        ("TLHRTLH", "TLym Help Reg/TLym Help", "CD45+CD3+CD4+CD25+CD127lo"),
        ("NKLY", "NK Cells/Lym", "CD45+CD3-CD16+CD56+"),
    ]
    found = []
    for number, _, date, *results in workbook():
        for (code, test, markers), cell in zip(tests, results, strict=True):
            text = half(cell).strip()
            found.append(_in_treatment("CP", usubjid(number), iso(date)) | {
                "CPTESTCD": code, "CPTEST": test, "CPMRKSTR": markers, "CPORRES": text, "CPORRESU": "%",
                "CPSTRESC": text, "CPSTRESN": _number(text), "CPSTRESU": "%", "CPSPEC": "BLOOD",
                "CPMETHOD": "FLOW CYTOMETRY",
            })  # fmt: skip
    return _numbered("CP", _last_before_exposure("CP", found), "CPTESTCD", "VISITNUM")


def _mb() -> list[Record]:
    tests = {
        "EB病毒DNA": ("EBDNA", "Epstein-Barr DNA"),
        "巨细胞病毒DNA": ("CMVDNA", "Cytomegalovirus DNA"),
    }
    found = []
    for row in rows("virus.csv"):
        for column, (code, test) in tests.items():
            text = half(row[column]).strip()
            if not text:
                continue
            none = text == "未检出"
            unit = "" if none else "copies/mL"
            found.append(_in_treatment("MB", usubjid(row["受试者编号"]), iso(row["采样日期"])) | {
                "MBTESTCD": code, "MBTEST": test, "MBTSTDTL": "VIRAL LOAD", "MBCAT": "VIRAL LOAD",
                "MBORRES": text, "MBORRESU": unit, "MBSTRESC": "NOT DETECTED" if none else text,
                "MBSTRESN": _number(text), "MBSTRESU": unit, "MBSPEC": "PLASMA",
                "MBMETHOD": "REAL-TIME POLYMERASE CHAIN REACTION ASSAY",
            })  # fmt: skip
    return _numbered("MB", _last_before_exposure("MB", found), "MBTESTCD", "VISITNUM")


def _cm() -> list[Record]:
    drugs = {
        "强的松": "PREDNISONE", "硫酸羟氯喹": "HYDROXYCHLOROQUINE SULFATE", "布洛芬": "IBUPROFEN",
        "吗替麦考酚酯": "MYCOPHENOLATE MOFETIL", "环磷酰胺": "CYCLOPHOSPHAMIDE", "阿昔洛韦": "ACICLOVIR",
        "左氧氟沙星": "LEVOFLOXACIN",
    }  # fmt: skip
    routes = {"口服": "ORAL", "静脉滴注": "INTRAVENOUS DRIP"}
    found = []
    for one in forms("CM"):
        subject, start = usubjid(one["SUBJECT"]), iso(one["START"])
        end = iso(one["END"]) if one.get("END") else ""
        ongoing = one.get("ONGO") == "是"
        found.append({
            "USUBJID": subject, "CMSPID": one["REPEAT"], "CMTRT": one["TRT"], "CMDECOD": drugs[one["TRT"]],
            "CMCAT": "TREATMENT OF ADVERSE EVENT" if one.get("AENO") else "STANDARD THERAPY",
            "CMINDC": one["INDC"], "CMDOSE": _number(one["DOSE"]), "CMDOSU": one["DOSU"],
            "CMDOSFRQ": {"每两周一次": "EVERY 2 WEEKS"}.get(one["FREQ"], one["FREQ"]),
            "CMROUTE": routes[one["ROUTE"]], "EPOCH": epoch(subject, start, finding=False),
            "CMSTDTC": start, "CMENDTC": end, "CMSTDY": _study_day(subject, start),
            "CMENDY": _study_day(subject, end), "CMENRTPT": "ONGOING" if ongoing else "",
            "CMENTPT": _last_dates()[subject] if ongoing else "",
        })  # fmt: skip
    return _numbered("CM", found, "CMTRT", "CMSTDTC", "CMSPID")


def _mh() -> list[Record]:
    coding = {row["报告术语"]: row for row in rows("coding.csv")}
    consent = {usubjid(row["受试者编号"]): iso(row["知情同意日期"]) for row in rows("demog.csv")}
    found = []
    for one in forms("MH"):
        subject, row, first = usubjid(one["SUBJECT"]), coding[one["TERM"]], one["CAT"] == "原发病"
        ongoing = one.get("ONGO") == "是"
        found.append({
            "USUBJID": subject, "MHTERM": one["TERM"], "MHLLT": row["LLT"], "MHLLTCD": row["LLT编码"],
            "MHDECOD": row["PT"], "MHPTCD": row["PT编码"], "MHHLT": row["HLT"], "MHHLTCD": row["HLT编码"],
            "MHHLGT": row["HLGT"], "MHHLGTCD": row["HLGT编码"], "MHBODSYS": row["SOC"],
            "MHBDSYCD": row["SOC编码"], "MHSOC": row["SOC"], "MHSOCCD": row["SOC编码"],
            "MHCAT": "PRIMARY DIAGNOSIS" if first else "GENERAL", "MHEVDTYP": "DIAGNOSIS" if first else "",
            "MHSTDTC": iso(one["START"]), "MHENRTPT": "ONGOING" if ongoing else "",
            "MHENTPT": consent[subject] if ongoing else "",
        })  # fmt: skip
    return _numbered("MH", found, "MHCAT", "MHDECOD", "MHSTDTC")


def _ds() -> list[Record]:
    decodes = {
        "签署知情同意书": "INFORMED CONSENT OBTAINED", "随机入组": "RANDOMIZED", "完成": "COMPLETED",
        "筛选失败": "SCREEN FAILURE", "不良事件": "ADVERSE EVENT", "受试者撤回知情同意": "WITHDRAWAL BY SUBJECT",
        "研究者决定": "PHYSICIAN DECISION",
    }  # fmt: skip
    categories = {"方案里程碑": "PROTOCOL MILESTONE", "处置事件": "DISPOSITION EVENT"}
    parts = {"研究治疗": "STUDY TREATMENT", "参加研究": "STUDY PARTICIPATION"}
    found = []
    for one in forms("DS"):
        subject, date, written = usubjid(one["SUBJECT"]), iso(one["DATE"]), iso(one["FORMDATE"])
        ended = one["CAT"] == "处置事件"
        found.append({
            "USUBJID": subject, "DSTERM": one["TERM"], "DSDECOD": decodes[one["TERM"]],
            "DSCAT": categories[one["CAT"]], "DSSCAT": parts[one["SCAT"]] if one.get("SCAT") else "",
            "EPOCH": epoch(subject, date, finding=True) if ended else "", "DSDTC": written,
            "DSSTDTC": date, "DSDY": _study_day(subject, written), "DSSTDY": _study_day(subject, date),
        })  # fmt: skip
    return _numbered("DS", found, "DSSTDTC", "DSCAT", "DSSCAT", "DSDECOD")


def _co() -> list[Record]:
    numbers = {(one["USUBJID"], one["AESPID"]): one["AESEQ"] for one in records("AE")}
    found = [
        {
            "USUBJID": usubjid(row["受试者编号"]), "RDOMAIN": "AE", "IDVAR": "AESEQ",
            "IDVARVAL": numbers[usubjid(row["受试者编号"]), row["AE序号"]], "COVAL": row["备注"],
        }
        for row in rows("ae.csv")
        if row["备注"]
    ]  # fmt: skip
    return _numbered("CO", found, "IDVARVAL")


def _sv() -> list[Record]:
    why = {(usubjid(row["受试者编号"]), VISITS[row["访视"]]): row["未访视原因"] for row in rows("visit.csv")
           if row["访视"] in VISITS}  # fmt: skip
    unplanned = {(usubjid(row["受试者编号"]), iso(row["访视日期"])): row["计划外原因"]
                 for row in rows("visit.csv") if row["访视"] not in VISITS}  # fmt: skip
    found = []
    for subject, own in visits().items():
        for number, date in own.items():
            planned = (subject, number) in why
            assert not (planned and why[subject, number] and date)
            found.append(_named_visit(number) | {
                "USUBJID": subject, "SVPRESP": "Y" if planned else "",
                "SVOCCUR": ("Y" if date else "N") if planned else "",
                "SVREASOC": why[subject, number] if planned else "", "SVSTDTC": date, "SVENDTC": date,
                "SVSTDY": _study_day(subject, date), "SVENDY": _study_day(subject, date),
                "SVUPDES": "" if planned else unplanned[subject, date],
            })  # fmt: skip
    return [{k: v for k, v in one.items() if k != "SVSEQ"} for one in _numbered("SV", found, "VISITNUM")]


def _se() -> list[Record]:
    arms = {"AB": "IL2-STD", "BA": "STD-IL2"}
    found = []
    for subject, own in elements().items():
        # a subject who was never randomised was screened as all are
        arm = arms[randomised()[subject]["序列"]] if subject in randomised() else "IL2-STD"
        ta = {one["EPOCH"]: one for one in _table("ta.csv") if one["ARMCD"] == arm}
        for (start, stage), (end, _) in zip(own, [*own[1:], (_last_dates()[subject], "")], strict=True):
            found.append({
                "USUBJID": subject, "ETCD": ta[stage]["ETCD"], "ELEMENT": ta[stage]["ELEMENT"],
                "TAETORD": ta[stage]["TAETORD"], "EPOCH": stage, "SESTDTC": start, "SEENDTC": end,
                "SESTDY": _study_day(subject, start), "SEENDY": _study_day(subject, end),
            })  # fmt: skip
    return _numbered("SE", found, "TAETORD")


EXPECTED: dict[str, Callable[[], list[Record]]] = {
    "EX": _ex, "CP": _cp, "MB": _mb, "CM": _cm, "MH": _mh, "DS": _ds, "CO": _co, "SV": _sv, "SE": _se,
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_every_cell_of_every_record_follows_from_the_raw_files(name: str) -> None:
    expected, found = EXPECTED[name](), records(name)
    assert len(found) == len(expected) > 0
    assert found[0].keys() == expected[0].keys()
    for one, other in zip(found, expected, strict=True):
        assert one == other, (
            one["USUBJID"],
            {key: (one[key], other[key]) for key in one if one[key] != other[key]},
        )
