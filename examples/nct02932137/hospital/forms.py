"""Forms of the study: demography, eligibility, randomisation, periods, visits, injections, adverse events."""

from __future__ import annotations

import datetime as dt

from .files import Folder, full_width, written
from .people import FAILED, MISSED, Subject, days, dice

#: What was told of each subject: number of the event, its name, its first day.
Told = dict[str, list[tuple[str, str, dt.date]]]


def forms(out: Folder, people: list[Subject]) -> None:
    out.table(
        "demog.csv",
        ["受试者编号", "住院号", "姓名缩写", "知情同意日期", "出生日期", "性别", "民族"],
        [
            [
                one.number,
                one.hospital,
                one.initials,
                written(one.consent, one.index),
                written(one.birth, one.index + 1),
                one.sex,
                "汉族" if one.index % 9 else "回族",
            ]
            for one in people
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
    criteria = [f"INCL{n:02d}" for n in range(1, 10)] + [f"EXCL{n:02d}" for n in range(1, 9)]
    out.table(
        "eligibility.csv",
        [
            "受试者编号",
            "评估日期",
            *(f"入选{n}" for n in range(1, 10)),
            *(f"排除{n}" for n in range(1, 9)),
        ],
        [
            [
                one.number,
                written(one.visits[0].day, one.index + 2),
                # an inclusion criterion is met (是) or not; an exclusion criterion does not apply (否), or it does
                *(
                    "是" if criterion.startswith("I") != (FAILED.get(one.index) == criterion) else "否"
                    for criterion in criteria
                ),
            ]
            for one in people
        ],
    )
    _periods_and_visits(out, people)


def _periods_and_visits(out: Folder, people: list[Subject]) -> None:
    rows: list[list[str]] = []
    for one in people:
        named = {each.name: each.day for each in one.visits}
        stages = {
            "TREATMENT 1": one.begins(1),
            "TREATMENT 2": one.begins(2),
            "WASHOUT": named.get("P1W10"),
            "FOLLOW-UP": named.get("提前退出", named.get("P2W10")) if "随访" in named else None,
        }
        rows += [[one.number, stage, f"{day:%Y-%m-%d}"] for stage, day in stages.items() if day]
    out.table("period.csv", ["受试者编号", "阶段", "开始日期"], rows)
    rows = []
    for one in people:
        for each in one.visits:
            rows.append([one.number, each.name, written(each.day, one.index + each.week), "", ""])
        for (index, period, week), reason in MISSED.items():
            if index == one.index:
                rows.append([one.number, f"P{period}W{week}", "", reason, ""])
        if one.extra:
            rows.append([one.number, one.extra.name, f"{one.extra.day:%Y-%m-%d}", "", "发热复诊"])
    out.table("visit.csv", ["受试者编号", "访视", "访视日期", "未访视原因", "计划外原因"], rows)


#: Single injections that were not given: subject, course, injection.
_NOT_COME = {(4, 2, 4), (17, 1, 6), (21, 3, 2)}
HALVED, PAUSED = 13, 7  # subjects: half the dose from course 2 on, and no course 2 at all


def injections(out: Folder, people: list[Subject]) -> None:
    """Seven injections to a row, three courses in the subject's period of IL-2."""
    rng = dice("injections")
    names = ["注射日期", "注射时间", "剂量", "部位", "未注射原因"]
    rows: list[list[str]] = []
    for one in people:
        begin = one.begins(one.il2_period) if one.sequence else None
        if begin is None:
            continue
        for course in (1, 2, 3):
            first = begin + days(28 * (course - 1))
            if first >= one.treated_until:
                continue
            cells: dict[str, str] = {}
            half = one.index == HALVED and course > 1
            for dose in range(1, 8):
                day = first + days(2 * (dose - 1))
                clock = f"{rng.randint(8, 10):02d}:{rng.choice(('05', '20', '35', '50'))}"
                why = ""
                if day >= one.treated_until - days(4):
                    why = "提前停药"
                elif (one.index, course) == (PAUSED, 2):
                    why = "发热暂停"
                elif (one.index, course, dose) in _NOT_COME:
                    why = "受试者未到"
                if why:
                    cells[f"未注射原因{dose}"] = why
                    continue
                amount = "50" if half else "100"
                cells |= {
                    f"注射日期{dose}": written(day, course),
                    f"注射时间{dose}": clock,
                    f"剂量{dose}": full_width(amount) if one.index % 7 == 1 else amount,
                    f"部位{dose}": ("腹部", "上臂", "大腿")[dose % 3],
                }
            lot = f"IL2-16{first.month:02d}{1 + one.index % 2}"
            rows.append(
                [one.number, str(one.il2_period), str(course), lot, "不良事件" if half else ""]
                + [cells.get(f"{name}{dose}", "") for name in names for dose in range(1, 8)]
            )
    header = ["受试者编号", "阶段", "周期", "批号", "剂量调整原因"]
    header += [f"{name}{dose}" for name in names for dose in range(1, 8)]
    out.table("injection.csv", header, rows)


TERMS = {  # reported term: the invented dictionary's English
    "注射部位红肿": "Injection site erythema",
    "发热": "Pyrexia",
    "流感样症状": "Influenza like illness",
    "上呼吸道感染": "Upper respiratory tract infection",
    "头痛": "Headache",
    "恶心": "Nausea",
    "带状疱疹": "Herpes zoster",
    "肺炎": "Pneumonia",
    "系统性红斑狼疮": "Systemic lupus erythematosus",
    "狼疮性肾炎": "Lupus nephritis",
    "高血压": "Hypertension",
    "关节炎": "Arthritis",
}
#: How often an event occurs in a period: with IL-2 and standard therapy, with standard therapy alone.
_RATES = {
    "注射部位红肿": (0.31, 0.0),
    "发热": (0.14, 0.0),
    "流感样症状": (0.10, 0.0),
    "上呼吸道感染": (0.07, 0.13),
    "头痛": (0.07, 0.07),
    "恶心": (0.07, 0.05),
}
#: Events that belong to what is told elsewhere: subject, drug given, day of the period, event, severity, action.
_TOLD = (
    (HALVED, True, 13, "发热", "中度", "减量"),
    (PAUSED, True, 27, "发热", "中度", "暂停"),
    (22, False, 50, "带状疱疹", "重度", "不适用"),
    (9, False, 33, "肺炎", "重度", "不适用"),
)


def events(out: Folder, people: list[Subject]) -> Told:
    """Adverse events at the published rates of low-dose IL-2 and of standard therapy; some dates are partial."""
    rng = dice("events")
    rows: list[list[str]] = []
    told: Told = {}
    for one in people:
        happened: list[tuple[dt.date, str, str, str, str]] = []
        for period in (1, 2):
            begin = one.begins(period)
            if begin is None:
                continue
            drug = period == one.il2_period
            for term, rates in _RATES.items():
                if rng.random() >= rates[0 if drug else 1]:
                    continue
                local = term == "注射部位红肿"
                start = begin + days(
                    28 * rng.randint(0, 2) + rng.randint(0, 12) if local else rng.randint(0, 69)
                )
                action = "暂停" if term == "发热" else "剂量不变"
                happened.append((start, term, "轻度", action if drug else "不适用",
                                 "肯定有关" if local else ("可能有关" if drug else "无关")))  # fmt: skip
            for index, with_drug, day, term, severity, action in _TOLD:
                if index == one.index and with_drug == drug:
                    start = begin + days(day - 1)
                    happened.append((start, term, severity, action, "可能有关" if drug else "无关"))
            if one.stop == "event" and drug:
                happened.append((begin + days(33), "发热", "重度", "停药", "可能有关"))
        if one.index % 13 == 1 and one.sequence:  # before any treatment
            happened.append((one.consent + days(2), "头痛", "轻度", "不适用", "无关"))
        known = [one_event for one_event in sorted(happened) if one_event[0] < one.treated_until]
        for number, (start, term, severity, action, related) in enumerate(known, 1):
            style = 0 if action == "停药" else (3 * one.index + number) % 6
            day = f"{start:%Y-%m}-UK" if style == 5 else written(start, style)
            clock = f"{rng.randint(6, 22):02d}:30" if style == 0 else ""
            end = min(start + days(rng.randint(1, 5)), one.end)
            going = one.index % 8 == 6 and number == len(known)
            serious = severity == "重度" and action == "不适用"
            told.setdefault(one.number, []).append((str(number), term, start))
            rows.append([
                one.number, str(number), term, severity, "是" if serious else "否", "住院" if serious else "",
                action, related, "是" if term in ("发热", "头痛", "带状疱疹", "肺炎") else "否",
                "未愈" if going else "痊愈", day, clock, "" if going else written(end, style),
                "是" if going else "否", "受试者电话报告" if one.index % 6 == 2 else "",
            ])  # fmt: skip
    out.table(
        "ae.csv",
        ["受试者编号", "AE序号", "不良事件名称", "严重程度", "是否SAE", "SAE标准", "采取措施", "与研究药物关系", "合并治疗",
         "转归", "开始日期", "开始时间", "结束日期", "是否持续", "备注"],
        rows,
    )  # fmt: skip
    # A made-up dictionary: the codes and the upper levels are not MedDRA's.
    out.table(
        "coding.csv",
        ["报告术语", "LLT", "LLT编码", "PT", "PT编码", "HLT", "HLT编码", "HLGT", "HLGT编码", "SOC", "SOC编码"],
        [
            [term, name, f"{9100 + n}", name, f"{9200 + n}", f"Synthetic HLT {n}", f"{9300 + n}",
             f"Synthetic HLGT {n}", f"{9400 + n}", f"Synthetic SOC {n % 4}", f"{9500 + n % 4}"]
            for n, (term, name) in enumerate(TERMS.items(), 1)
        ],
    )  # fmt: skip
    return told
