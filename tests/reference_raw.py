"""The raw files of the reference study and what follows from them, in plain Python.

Nothing of the library stands here: the files are read with csv, ElementTree, openpyxl and pyreadstat, and the days,
visits, epochs and intervals are worked out again with datetime. Tests compare the datasets with it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import openpyxl
import pyreadstat

ROOT = Path(__file__).resolve().parents[1]
MAPPING = ROOT / "mappings" / "nct02932137"
EXAMPLE = ROOT / "examples" / "nct02932137"
RAW = EXAMPLE / "raw"

Record = dict[str, str]

#: The planned visits: VISITNUM of each name in the raw files.
VISITS = {"筛选": "1", "洗脱": "7.5", "随访": "14", "提前退出": "90"} | {
    f"P{period}W{week}": str(6 * (period - 1) + 2 + week // 2)
    for period in (1, 2)
    for week in (0, 2, 4, 6, 8, 10)
}


@cache
def rows(name: str, skip: int = 0) -> tuple[Record, ...]:
    """A CSV file in GB18030 below its title rows."""
    lines = (RAW / name).read_bytes().decode("gb18030").splitlines()
    return tuple(csv.DictReader(io.StringIO("\n".join(lines[skip:]))))


@cache
def forms(kind: str) -> tuple[Record, ...]:
    """The forms of a kind in the ODM file: SUBJECT and the last part of each ItemOID."""
    space = "{http://www.cdisc.org/ns/odm/v1.3}"
    found: list[Record] = []
    for subject in ET.parse(RAW / "edc.xml").iter(f"{space}SubjectData"):
        for form in subject.iter(f"{space}FormData"):
            if form.get("FormOID") == f"F.{kind}":
                items = {
                    one.get("ItemOID", "").split(".")[-1]: one.get("Value", "")
                    for one in form.iter(f"{space}ItemData")
                }
                found.append(
                    {"SUBJECT": subject.get("SubjectKey", ""), "REPEAT": form.get("FormRepeatKey", "")}
                    | items
                )
    return tuple(found)


@cache
def workbook() -> tuple[tuple[str, ...], ...]:
    """The rows of the flow cytometry below its three rows of titles and headers."""
    sheet = openpyxl.load_workbook(RAW / "flow.xlsx").active
    assert sheet is not None
    return tuple(tuple(str(cell) for cell in row) for row in list(sheet.values)[3:])


@cache
def vitals() -> tuple[Record, ...]:
    frame, _ = pyreadstat.read_xport(str(RAW / "vitals.xpt"), encoding="gb18030")
    return tuple(
        {name: "" if value != value else str(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    )


# ---- texts and dates ----------------------------------------------------------------------------------------------


def half(text: str) -> str:
    """Full-width digits and signs as those of ASCII."""
    return "".join(chr(ord(one) - 0xFEE0) if 0xFF01 <= ord(one) <= 0xFF5E else one for one in text)


def iso(text: str) -> str:
    """A date of the raw files in ISO 8601, as far as it is known."""
    text = text.replace("-UK", "")
    parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text) or re.fullmatch(
        r"(\d{4})(?:\D(\d+))?(?:\D(\d+)日?)?", text
    )
    assert parts, text
    return "-".join(f"{int(one):02d}" for one in parts.groups() if one)


def usubjid(number: str) -> str:
    return f"NCT02932137-{number}"


def day(value: str) -> dt.date:
    return dt.date.fromisoformat(value[:10])


def possible(value: str) -> tuple[dt.date, dt.date]:
    """The first and the last day that a date may mean."""
    if len(value) >= 10:
        return day(value), day(value)
    if len(value) == 4:
        return dt.date(int(value), 1, 1), dt.date(int(value), 12, 31)
    first = day(f"{value}-01")
    return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


# ---- the course of the study --------------------------------------------------------------------------------------


@cache
def randomised() -> dict[str, Record]:
    return {usubjid(row["受试者编号"]): row for row in rows("rand.csv")}


@cache
def doses() -> dict[str, list[tuple[str, int]]]:
    """The injections that were given, by subject: ISO instant and IU."""
    found: dict[str, list[tuple[str, int]]] = {}
    for row in rows("injection.csv"):
        for n in range(1, 8):
            if row[f"注射日期{n}"]:
                start = f"{iso(row[f'注射日期{n}'])}T{row[f'注射时间{n}']}"
                dose = int(half(row[f"剂量{n}"])) * 10000
                found.setdefault(usubjid(row["受试者编号"]), []).append((start, dose))
    return {subject: sorted(one) for subject, one in found.items()}


@cache
def elements() -> dict[str, list[tuple[str, str]]]:
    """Start and epoch of the elements that were reached, by subject."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows("demog.csv"):
        subject, number = usubjid(row["受试者编号"]), row["受试者编号"]
        found[subject] = [(iso(row["知情同意日期"]), "SCREENING")]
        for stage in rows("period.csv"):
            if stage["受试者编号"] != number:
                continue
            il2 = "TREATMENT 1" if randomised()[subject]["序列"] == "AB" else "TREATMENT 2"
            start = doses()[subject][0][0] if stage["阶段"] == il2 else stage["开始日期"]
            found[subject].append((start, stage["阶段"]))
        found[subject].sort()
    return found


def begun(start: str, value: str, *, finding: bool) -> bool:
    """Whether an element that starts then has begun at a complete date or instant."""
    if day(start) != day(value):
        return day(start) < day(value)
    if "T" in start and "T" in value:
        return start <= value
    return not finding


def epoch(subject: str, value: str, *, finding: bool) -> str:
    """The epoch that holds a date; of a partial one only if every day of it agrees."""
    first, last = (f"{one}" for one in possible(value))
    if len(value) < 10:
        both = {_epoch_of_day(subject, one, finding=False) for one in (first, last)}
        return both.pop() if len(both) == 1 else ""
    return _epoch_of_day(subject, value, finding=finding)


def _epoch_of_day(subject: str, value: str, *, finding: bool) -> str:
    parts = elements()[subject]
    if day(value) < day(parts[0][0]):
        return ""
    return [name for n, (start, name) in enumerate(parts) if not n or begun(start, value, finding=finding)][
        -1
    ]


@cache
def visits() -> dict[str, dict[str, str]]:
    """VISITNUM and date of each subject's visits ("": it did not take place), unscheduled ones counted on by 0.01."""
    found: dict[str, dict[str, str]] = {}
    for row in rows("visit.csv"):
        planned = found.setdefault(usubjid(row["受试者编号"]), {})
        if row["访视"] in VISITS:
            planned[VISITS[row["访视"]]] = iso(row["访视日期"]) if row["访视日期"] else ""
    for row in rows("visit.csv"):
        if row["访视"] not in VISITS:
            own, date = found[usubjid(row["受试者编号"])], iso(row["访视日期"])
            before = max((one for one in own.items() if one[1] and one[1] < date), key=lambda one: one[1])[0]
            own[f"{float(before) + 0.01:g}"] = date
    return found


@cache
def runs() -> dict[str, list[tuple[str, str, int]]]:
    """Intervals of one dose without a gap of more than three days: first and last injection, IU."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    for subject, given in doses().items():
        own = found.setdefault(subject, [])
        for start, dose in given:
            if own and own[-1][2] == dose:
                gap = dt.datetime.fromisoformat(start) - dt.datetime.fromisoformat(own[-1][1])
                if gap <= dt.timedelta(days=3):
                    own[-1] = (own[-1][0], start, dose)
                    continue
            own.append((start, start, dose))
    return found


@cache
def reports() -> dict[tuple[str, str, str, str], Record]:
    """The last report of each item of each sample of the hospital, by subject, barcode, item and specimen."""
    link = {row["住院号"]: usubjid(row["受试者编号"]) for row in rows("demog.csv")}
    last: dict[tuple[str, str, str, str], Record] = {}
    for row in rows("his_lab.csv", 2):
        key = (link[row["住院号"]], row["条码号"], row["项目名称"], row["标本种类"])
        if key not in last or last[key]["报告时间"] < row["报告时间"]:
            last[key] = row
    return last
