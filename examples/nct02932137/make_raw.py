"""Writes the raw exports of the reference study: 33 invented subjects, always the same bytes.

Nobody in these files exists. Names, hospital numbers, dates and results come from a seeded generator; the shapes of
the files (GB18030, title rows, corrected reports, partial dates) are those of a Chinese hospital's exports.

    python examples/nct02932137/make_raw.py [FOLDER]
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import openpyxl
import pandas as pd

from sdtm_il2.dataset import Column
from sdtm_il2.xpt import write_xpt

SEED = 20161216
STAMP = dt.datetime(2017, 3, 1, 8, 0, 0)
WEEKS = (0, 2, 4, 6, 8, 10)
PERIOD_2 = 98  # days from the start of period 1: ten weeks of treatment, four of washout
ODM_TAG = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" ODMVersion="1.3.2" FileType="Snapshot" FileOID="SYNTHETIC" '
    'CreationDateTime="2017-03-01T08:00:00">'
)
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(slots=True)
class Visit:
    name: str
    day: dt.date
    period: int  # 0 screening, 1 and 2 the periods, 3 washout, 4 follow-up
    week: int


@dataclass(slots=True)
class Subject:
    number: str
    hospital: str
    initials: str
    consent: dt.date
    birth: dt.date
    sex: str
    sequence: str  # AB, BA; empty for a screen failure
    start: dt.date
    end: dt.date
    visits: list[Visit]
    stopped: bool


def days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def subjects(rng: random.Random) -> list[Subject]:
    """30 randomised to two sequences, 3 screen failures; two stop early."""
    sequences = ["AB", "BA"] * 15
    rng.shuffle(sequences)
    failures = {8, 19, 27}
    found: list[Subject] = []
    for index in range(1, 34):
        consent = dt.date(2016, 5, 5) + days((index - 1) * 3 // 2 + rng.randint(0, 1))
        start = consent + days(rng.randint(5, 10))
        birth = dt.date(2016 - rng.randint(19, 58), rng.randint(1, 12), rng.randint(1, 28))
        sequence = "" if index in failures else sequences.pop()
        one = Subject(
            number=f"01-{index:03d}",
            hospital=f"H99{index * 7919 % 100000:05d}",
            initials="QZ" + "".join(rng.choice(LATIN) for _ in range(4)),
            consent=consent,
            birth=birth,
            sex="男" if index % 11 == 0 else "女",
            sequence=sequence,
            start=start,
            end=start,
            visits=[Visit("筛选", consent + days(rng.randint(1, 3)), 0, 0)],
            stopped=index in (12, 23),
        )
        if sequence:
            plan_visits(one, index, rng)
        else:
            one.end = one.visits[-1].day
        found.append(one)
    return found


def plan_visits(one: Subject, index: int, rng: random.Random) -> None:
    for period in (1, 2):
        begin = one.start + days(PERIOD_2 * (period - 1))
        for week in WEEKS:
            if one.stopped and week == 6:
                one.visits.append(Visit("提前退出", begin + days(38), 4, 0))
                one.end = one.visits[-1].day
                return
            # the fixed days of weeks 0 and 10 keep the elements simple to check by eye
            jitter = 0 if week in (0, 10) else rng.randint(-2, 2)
            one.visits.append(Visit(f"P{period}W{week}", begin + days(7 * week + jitter), period, week))
        if period == 1:
            one.visits.append(Visit("洗脱", begin + days(84 + rng.randint(-2, 2)), 3, 0))
    one.visits.append(Visit("随访", one.start + days(PERIOD_2 + 70 + 28 + rng.randint(-3, 3)), 4, 0))
    if index == 5:  # a visit that did not take place
        one.visits = [each for each in one.visits if each.name != "P1W6"]
    one.end = one.visits[-1].day


def il2_period(one: Subject) -> int:
    return 1 if one.sequence == "AB" else 2


def begins(one: Subject, period: int) -> dt.date | None:
    """The first day of a period, None if the subject did not reach it."""
    day = one.start + days(PERIOD_2 * (period - 1))
    return day if one.sequence and day <= one.end else None


def full_width(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if one.isdigit() or one in ".<" else one for one in text)


def written(day: dt.date, style: int) -> str:
    """One date in the four ways in which the hospital's people write it."""
    return (
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
    )[style % 4]


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def table(
        self, name: str, header: list[str], rows: list[list[str]], title: list[str] | None = None
    ) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        for line in title or []:
            writer.writerow([line] + [""] * (len(header) - 1))
        writer.writerow(header)
        writer.writerows(rows)
        (self.path / name).write_bytes(text.getvalue().encode("gb18030"))

    def workbook(self, name: str, book: openpyxl.Workbook) -> None:
        """openpyxl writes the hour of saving into the file; here every run gives the same bytes."""
        stream = io.BytesIO()
        book.save(stream)
        with (
            zipfile.ZipFile(stream) as old,
            zipfile.ZipFile(self.path / name, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for entry in old.infolist():
                content = old.read(entry)
                if entry.filename == "docProps/core.xml":
                    content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2017-03-01T08:00:00Z", content)
                new.writestr(
                    zipfile.ZipInfo(entry.filename, STAMP.timetuple()[:6]), content, zipfile.ZIP_DEFLATED
                )


# -- forms of the study ---------------------------------------------------------------------------------------------


def forms(out: Folder, people: list[Subject]) -> None:
    out.table(
        "demog.csv",
        ["受试者编号", "住院号", "姓名缩写", "知情同意日期", "出生日期", "性别", "民族"],
        [
            [
                one.number,
                one.hospital,
                one.initials,
                written(one.consent, index),
                written(one.birth, index + 1),
                one.sex,
                "汉族" if index % 9 else "回族",
            ]
            for index, one in enumerate(people)
        ],
    )
    out.table(
        "rand.csv",
        ["受试者编号", "随机号", "序列", "随机日期"],
        [
            [one.number, f"R{number:02d}", one.sequence, f"{one.start:%Y-%m-%d}"]
            for number, one in enumerate((each for each in people if each.sequence), 1)
        ],
    )
    rows: list[list[str]] = []
    for one in people:
        if not one.sequence:
            continue
        for number, stage in ((1, "TREATMENT 1"), (2, "TREATMENT 2")):
            day = begins(one, number)
            if day:
                rows.append([one.number, stage, f"{day:%Y-%m-%d}"])
        weeks = {each.name: each.day for each in one.visits}
        if "P1W10" in weeks:
            rows.append([one.number, "WASHOUT", f"{weeks['P1W10']:%Y-%m-%d}"])
        rows.append([one.number, "FOLLOW-UP", f"{weeks.get('P2W10', weeks.get('提前退出')):%Y-%m-%d}"])
    out.table("period.csv", ["受试者编号", "阶段", "开始日期"], rows)
    rows = []
    for index, one in enumerate(people):
        for each in one.visits:
            rows.append([one.number, each.name, written(each.day, index + each.week), ""])
            if index == 4 and each.name == "P1W4":
                rows.append([one.number, "P1W6", "", "受试者出差"])
        if index in (2, 14):  # an unscheduled visit in the washout
            rows.append([one.number, "计划外", f"{one.start + days(76):%Y-%m-%d}", ""])
    out.table("visit.csv", ["受试者编号", "访视", "访视日期", "未访视原因"], rows)


def injections(out: Folder, people: list[Subject], rng: random.Random) -> dict[str, dt.datetime]:
    """Seven injections to a row, three courses in the subject's period of IL-2."""
    names = ["注射日期", "注射时间", "剂量", "部位", "未注射原因"]
    rows: list[list[str]] = []
    first: dict[str, dt.datetime] = {}
    for index, one in enumerate(people):
        begin = begins(one, il2_period(one)) if one.sequence else None
        if begin is None:
            continue
        for course in (1, 2, 3):
            cells: dict[str, str] = {}
            if begin + days(28 * (course - 1)) >= one.end:
                continue
            for dose in range(1, 8):
                day = begin + days(28 * (course - 1) + 2 * (dose - 1))
                clock = f"{rng.randint(8, 10):02d}:{rng.choice(('05', '20', '35', '50'))}"
                missed = (index, course) == (6, 2) or (index, course, dose) in {
                    (3, 2, 4),
                    (16, 1, 6),
                    (20, 3, 2),
                }
                if missed:
                    cells[f"未注射原因{dose}"] = "发热暂停" if course == 2 else "受试者未到"
                    continue
                if course == 1 and dose == 1:
                    first[one.number] = dt.datetime.fromisoformat(f"{day}T{clock}")
                amount = "50" if index == 12 and course > 1 else "100"
                cells |= {
                    f"注射日期{dose}": written(day, course),
                    f"注射时间{dose}": clock,
                    f"剂量{dose}": full_width(amount) if index % 7 == 0 else amount,
                    f"部位{dose}": ("腹部", "上臂", "大腿")[dose % 3],
                }
            rows.append(
                [one.number, str(il2_period(one)), str(course)]
                + [cells.get(f"{name}{dose}", "") for name in names for dose in range(1, 8)]
            )
    header = ["受试者编号", "阶段", "周期"] + [f"{name}{dose}" for name in names for dose in range(1, 8)]
    out.table("injection.csv", header, rows)
    return first


EVENTS = (
    ("注射部位红肿", "轻度", "肯定有关"),
    ("发热", "中度", "可能有关"),
    ("流感样症状", "轻度", "可能有关"),
    ("上呼吸道感染", "轻度", "无关"),
    ("头痛", "轻度", "无关"),
    ("恶心", "轻度", "可能有关"),
    ("带状疱疹", "重度", "无关"),
)


def events(
    out: Folder, people: list[Subject], rng: random.Random
) -> dict[str, list[tuple[str, str, dt.date]]]:
    header = [
        "受试者编号",
        "AE序号",
        "不良事件名称",
        "严重程度",
        "是否SAE",
        "采取措施",
        "与研究药物关系",
        "转归",
        "开始日期",
        "开始时间",
        "结束日期",
        "是否持续",
        "备注",
    ]
    rows: list[list[str]] = []
    told: dict[str, list[tuple[str, str, dt.date]]] = {}
    for index, one in enumerate(people):
        if not one.sequence:
            continue
        count = rng.choice((0, 1, 1, 2, 3))
        for number in range(1, count + 1):
            on_drug = number == 1
            begin = begins(one, il2_period(one)) if on_drug else one.start
            if begin is None:
                continue
            term, severity, related = EVENTS[0] if on_drug else rng.choice(EVENTS[1:])
            start = begin + days(rng.randint(0, 12) if on_drug else rng.randint(-3, 100))
            start = max(one.consent, min(start, one.end - days(6)))
            end = start + days(rng.randint(1, 5))
            going = index % 8 == 5 and number == count
            style = rng.randint(0, 5)
            day = f"{start:%Y-%m}-UK" if style == 5 else written(start, style)
            clock = f"{rng.randint(6, 22):02d}:30" if style == 0 else ""
            note = "受试者电话报告" if index % 6 == 1 else ""
            told.setdefault(one.number, []).append((str(number), term, start))
            rows.append(
                [
                    one.number,
                    str(number),
                    term,
                    severity,
                    "是" if severity == "重度" else "否",
                    "剂量不变" if severity == "轻度" else "暂停",
                    related,
                    "未愈" if going else "痊愈",
                    day,
                    clock,
                    "" if going else written(end, style),
                    "是" if going else "否",
                    note,
                ]
            )
    out.table("ae.csv", header, rows)
    # A made-up dictionary: the codes and the upper levels are not MedDRA's.
    terms = [*[one[0] for one in EVENTS], "狼疮性肾炎", "高血压", "关节炎"]
    english = [
        "Injection site erythema",
        "Pyrexia",
        "Influenza like illness",
        "Upper respiratory tract infection",
        "Headache",
        "Nausea",
        "Herpes zoster",
        "Lupus nephritis",
        "Hypertension",
        "Arthritis",
    ]
    out.table(
        "coding.csv",
        [
            "报告术语",
            "LLT",
            "LLT编码",
            "PT",
            "PT编码",
            "HLT",
            "HLT编码",
            "HLGT",
            "HLGT编码",
            "SOC",
            "SOC编码",
        ],
        [
            [
                term,
                name,
                f"{9100 + n}",
                name,
                f"{9200 + n}",
                f"Synthetic HLT {n}",
                f"{9300 + n}",
                f"Synthetic HLGT {n}",
                f"{9400 + n}",
                f"Synthetic SOC {n % 4}",
                f"{9500 + n % 4}",
            ]
            for n, (term, name) in enumerate(zip(terms, english, strict=True), 1)
        ],
    )
    return told


# -- laboratories ---------------------------------------------------------------------------------------------------

HIS = (  # item, specimen, unit, range, mean, spread, places
    ("丙氨酸氨基转移酶", "血清", "U/L", "7-40", 22, 8, 0),
    ("白蛋白", "血清", "g/L", "40-55", 39, 4, 1),
    ("肌酐", "血清", "μmol/L", "41-73", 60, 11, 0),
    ("C反应蛋白", "血清", "mg/L", "<8", 5, 4, 1),
    ("补体C3", "血清", "g/L", "0.79-1.52", 0.7, 0.15, 2),
    ("补体C4", "血清", "g/L", "0.16-0.38", 0.13, 0.04, 2),
    ("免疫球蛋白G", "血清", "g/L", "7-16", 15, 4, 1),
    ("抗双链DNA抗体", "血清", "IU/mL", "<100", 90, 60, 1),
)


def hospital(out: Folder, people: list[Subject], rng: random.Random) -> None:
    """The hospital's laboratory: long by item, without visits; a corrected report is a second row."""
    rows: list[list[str]] = []
    code = 70000
    for index, one in enumerate(people):
        planned = [each for each in one.visits if each.name not in ("洗脱", "P1W2", "P2W2")]
        extra = [Visit("", one.start + days(76), 3, 0)] if index in (2, 14) else []
        for each in planned + extra:
            code += 1
            taken = dt.datetime.combine(each.day, dt.time(rng.randint(6, 8), rng.choice((10, 25, 40))))
            report = taken + dt.timedelta(hours=4)
            base = [one.hospital, one.initials, f"B{code}", f"{taken:%Y-%m-%d %H:%M}"]
            for item, specimen, unit, limits, mean, spread, places in HIS:
                value = f"{max(0.1, rng.gauss(mean, spread)):.{places}f}"
                if item == "C反应蛋白" and float(value) < 0.5:
                    value = "<0.5"
                if rng.random() < 0.02:
                    value = "溶血"
                elif rng.random() < 0.05:
                    value = full_width(value)
                rows.append([*base, item, specimen, value, unit, limits, "", f"{report:%Y-%m-%d %H:%M}"])
                if rng.random() < 0.02:  # corrected: the later report counts
                    later = f"{report + dt.timedelta(hours=20):%Y-%m-%d %H:%M}"
                    right = f"{max(0.1, mean + spread / 3):.{places}f}"
                    rows.append([*base, item, specimen, right, unit, limits, "更正", later])
            protein = rng.choice(("阴性", "阴性", "±", "1+", "2+", "未检"))
            rows.append([*base, "尿蛋白", "尿液", protein, "", "阴性", "", f"{report:%Y-%m-%d %H:%M}"])
            if each.week in (0, 10):
                titre = rng.choice(("1:80", "1:160", "1:320", "1:1280", "阴性"))
                rows.append([*base, "抗核抗体", "血清", titre, "", "", "", f"{report:%Y-%m-%d %H:%M}"])
            if each.name == "筛选":
                rows.append(
                    [
                        *base,
                        "血型",
                        "血清",
                        rng.choice(("A", "B", "O")),
                        "",
                        "",
                        "",
                        f"{report:%Y-%m-%d %H:%M}",
                    ]
                )
    header = [
        "住院号",
        "姓名",
        "条码号",
        "采样时间",
        "项目名称",
        "标本种类",
        "结果",
        "单位",
        "参考区间",
        "提示",
        "报告时间",
    ]
    out.table("his_lab.csv", header, rows, ["检验结果导出（合成数据，非真实患者）", "导出日期：2017-03-01"])


def wide(out: Folder, people: list[Subject], rng: random.Random) -> None:
    count: list[list[str]] = []
    elisa: list[list[str]] = []
    virus: list[list[str]] = []
    sledai: list[list[str]] = []
    cells: list[list[str]] = []
    for index, one in enumerate(people):
        for number, each in enumerate(one.visits):
            if each.name == "洗脱":
                continue
            head = [one.number, each.name, written(each.day, index + number)]
            count.append(
                [
                    *head,
                    f"{rng.gauss(4.2, 1):.2f}",
                    f"{rng.gauss(2.6, 0.5):.2f}",
                    f"{rng.gauss(1.1, 0.25):.2f}",
                    f"{rng.gauss(112, 11):.0f}",
                    "未检" if rng.random() < 0.03 else f"{rng.gauss(180, 45):.0f}",
                ]
            )
            if each.week in (0, 4, 10) and each.name != "提前退出":
                screen = rng.random() < 0.25
                bad = rng.random() < 0.03
                confirm = screen and rng.random() < 0.6
                elisa.append(
                    [
                        one.number,
                        each.name,
                        f"E{index:02d}{number:02d}",
                        head[2],
                        "" if bad else ("阳性" if screen else "阴性"),
                        ("阳性" if confirm else "阴性") if screen and not bad else "",
                        rng.choice(("1:20", "1:40", "<1:10")) if confirm and not bad else "",
                        ("阳性" if rng.random() < 0.2 else "阴性") if confirm and not bad else "",
                        "溶血标本" if bad else "",
                    ]
                )
            if each.week in (0, 10):
                virus.append(
                    [
                        *head,
                        "未检出" if rng.random() < 0.5 else f"{rng.randint(4, 90) * 100}",
                        "未检出" if rng.random() < 0.7 else "<400",
                        rng.choice(("1:20", "1:80", "1:160")),
                    ]
                )
                cells.append(
                    [*head, f"{rng.gauss(38, 6):.1f}", f"{rng.gauss(6, 1.5):.2f}", f"{rng.gauss(9, 3):.1f}"]
                )
            items = [rng.random() < chance for chance in (0.02, 0.02, 0.35, 0.4, 0.4)]
            total = sum(weight for weight, there in zip((8, 8, 4, 4, 2), items, strict=True) if there)
            sledai.append([*head, *("是" if there else "否" for there in items), str(total)])
    head = ["受试者编号", "访视", "采样日期"]
    out.table("cbc.csv", [*head, "白细胞", "中性粒细胞", "淋巴细胞", "血红蛋白", "血小板"], count)
    titles = ["受试者编号", "访视", "样本号", "采样日期", "筛查结果", "确证结果", "滴度", "中和抗体", "备注"]
    out.table("elisa.csv", titles, elisa)
    out.table("virus.csv", [*head, "EB病毒DNA", "巨细胞病毒DNA", "EBV-VCA-IgG"], virus)
    titles = ["受试者编号", "访视", "评估日期", "癫痫发作", "精神症状", "关节炎", "蛋白尿", "皮疹", "总分"]
    out.table("sledai.csv", titles, sledai)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "流式"
    sheet.append(["流式细胞检测结果（合成数据，非真实患者）"])
    sheet.merge_cells("A1:F1")
    sheet.append(["样本", None, None, "结果", None, None])
    sheet.merge_cells("A2:C2")
    sheet.merge_cells("D2:F2")
    sheet.append([*head, "CD4+T细胞(%T细胞)", "Treg(%CD4)", "NK(%淋巴)"])
    for row in cells:
        sheet.append(row)
    out.workbook("flow.xlsx", book)


def vitals(out: Folder, people: list[Subject], rng: random.Random) -> None:
    rows: list[dict[str, object]] = []
    for one in people:
        weight = rng.gauss(55, 7)
        for each in one.visits:
            rows.append(
                {
                    "SUBJ": one.number,
                    "VISIT": each.name,
                    "VSDATE": f"{each.day:%Y-%m-%d}",
                    "SBP": float(round(rng.gauss(118, 10))),
                    "DBP": float(round(rng.gauss(75, 7))),
                    "PULSE": float(round(rng.gauss(76, 8))),
                    "TEMP": round(rng.gauss(36.6, 0.25), 1),
                    "WEIGHT": round(weight + rng.gauss(0, 0.8), 1),
                }
            )
    frame = pd.DataFrame(rows)
    labels = {
        "SUBJ": "Subject (synthetic)",
        "VISIT": "Visit",
        "VSDATE": "Date",
        "SBP": "Systolic (mmHg)",
        "DBP": "Diastolic (mmHg)",
        "PULSE": "Pulse (/min)",
        "TEMP": "Temperature (C)",
        "WEIGHT": "Weight (kg)",
    }
    numbers = {"SBP", "DBP", "PULSE", "TEMP", "WEIGHT"}
    columns = [Column(name, label, "Num" if name in numbers else "Char") for name, label in labels.items()]
    write_xpt(out.path / "vitals.xpt", frame, columns, label="Vital signs (synthetic)", encoding="gb18030")


def odm(
    out: Folder, people: list[Subject], told: dict[str, list[tuple[str, str, dt.date]]], rng: random.Random
) -> None:
    """Concomitant medication, history and disposition as ODM 1.3."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- synthetic: nobody in this file exists -->",
        ODM_TAG,
        '<ClinicalData StudyOID="NCT02932137" MetaDataVersionOID="1">',
    ]
    for one in people:
        lines.append(f'<SubjectData SubjectKey="{one.number}"><StudyEventData StudyEventOID="LOG">')
        drugs = [
            ("强的松", "15", "mg", "QD", f"{one.consent - days(90):%Y-%m}", "", ""),
            ("硫酸羟氯喹", "0.2", "g", "BID", f"{one.consent.year - 1}", "", ""),
        ]
        drugs += [
            ("布洛芬", "0.3", "g", "QD", f"{start:%Y-%m-%d}", f"{start + days(2):%Y-%m-%d}", number)
            for number, term, start in told.get(one.number, [])
            if term in ("发热", "头痛")
        ]
        for repeat, values in enumerate(drugs, 1):
            names = ("TRT", "DOSE", "DOSU", "FREQ", "START", "END", "AENO")
            lines.append(form("CM", repeat, dict(zip(names, values, strict=True))))
        history = rng.sample(("狼疮性肾炎", "高血压", "关节炎"), rng.randint(1, 2))
        for repeat, term in enumerate(history, 1):
            year = one.consent.year - rng.randint(1, 8)
            lines.append(
                form("MH", repeat, {"TERM": term, "START": f"{year}-{rng.randint(1, 12):02d}", "ONGO": "是"})
            )
        outcomes = [("INFORMED CONSENT OBTAINED", "PROTOCOL MILESTONE", one.consent)]
        if one.sequence:
            outcomes.append(("RANDOMIZED", "PROTOCOL MILESTONE", one.start))
        last = "SCREEN FAILURE" if not one.sequence else ("ADVERSE EVENT" if one.stopped else "COMPLETED")
        outcomes.append((last, "DISPOSITION EVENT", one.end))
        for repeat, (term, kind, day) in enumerate(outcomes, 1):
            lines.append(form("DS", repeat, {"TERM": term, "CAT": kind, "DATE": f"{day:%Y-%m-%d}"}))
        lines.append("</StudyEventData></SubjectData>")
    lines += ["</ClinicalData>", "</ODM>", ""]
    (out.path / "edc.xml").write_bytes("\n".join(lines).encode())


def form(kind: str, repeat: int, values: dict[str, str]) -> str:
    items = "".join(
        f'<ItemData ItemOID="I.{kind}.{name}" Value={quoteattr(value)}/>'
        for name, value in values.items()
        if value
    )
    return (
        f'<FormData FormOID="F.{kind}" FormRepeatKey="{repeat}"><ItemGroupData ItemGroupOID="G.{kind}">'
        f"{items}</ItemGroupData></FormData>"
    )


def make(folder: Path) -> None:
    rng = random.Random(SEED)  # noqa: S311 (invented data, no secrets)
    out = Folder(folder)
    people = subjects(rng)
    forms(out, people)
    injections(out, people, rng)
    told = events(out, people, rng)
    hospital(out, people, rng)
    wide(out, people, rng)
    vitals(out, people, rng)
    odm(out, people, told, rng)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "raw")
