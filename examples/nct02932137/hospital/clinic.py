"""The clinic: SLEDAI-2K and vital signs."""

from __future__ import annotations

import pandas as pd

from sdtm_il2.dataset import Column
from sdtm_il2.xpt import write_xpt

from .files import Folder, written
from .people import FAILED, Subject, dice

SLEDAI = {  # the 24 items: weight, and how often they are there at the start
    "癫痫发作": (8, 0.01), "精神症状": (8, 0.01), "器质性脑病": (8, 0), "视觉障碍": (8, 0.01), "颅神经异常": (8, 0),
    "狼疮性头痛": (8, 0.03), "脑血管意外": (8, 0), "血管炎": (8, 0.14), "关节炎": (4, 0.48), "肌炎": (4, 0.03),
    "管型尿": (4, 0.05), "血尿": (4, 0.15), "蛋白尿": (4, 0.43), "脓尿": (4, 0.08), "皮疹": (2, 0.45), "脱发": (2, 0.41),
    "黏膜溃疡": (2, 0.14), "胸膜炎": (2, 0.03), "心包炎": (2, 0.02), "低补体": (2, 0.6), "抗dsDNA升高": (2, 0.55),
    "发热": (1, 0.1), "血小板减少": (1, 0.1), "白细胞减少": (1, 0.2),
}  # fmt: skip


def sledai(out: Folder, people: list[Subject]) -> None:
    """At least 8 points before treatment, as the study asks, and fewer in its course."""
    rng = dice("sledai")
    rows: list[list[str]] = []
    for one in people:
        for number, each in enumerate(one.visits):
            if each.name == "洗脱":
                continue
            before = each.name in ("筛选", "P1W0")
            less = 1.0 if before else 0.45
            there = {item: rng.random() < chance * less for item, (_, chance) in SLEDAI.items()}
            if FAILED.get(one.index) == "INCL06":
                there = dict.fromkeys(there, False) | {"脱发": True, "低补体": True}
            elif before:
                there |= {"关节炎": True, "蛋白尿": True}
            total = sum(SLEDAI[item][0] for item, held in there.items() if held)
            head = [one.number, each.name, written(each.day, one.index + number)]
            rows.append([*head, *("是" if held else "否" for held in there.values()), str(total)])
    out.table("sledai.csv", ["受试者编号", "访视", "评估日期", *SLEDAI, "总分"], rows)


_LABELS = {
    "SUBJ": "Subject (synthetic)", "VISIT": "Visit", "VSDATE": "Date", "SBP": "Systolic (mmHg)",
    "DBP": "Diastolic (mmHg)", "PULSE": "Pulse (/min)", "RESP": "Respiration (/min)", "TEMP": "Temperature (C)",
    "HEIGHT": "Height (cm)", "WEIGHT": "Weight (kg)",
}  # fmt: skip


def vitals(out: Folder, people: list[Subject]) -> None:
    """Vital signs as a SAS transport file in GB18030; height at screening only."""
    rng = dice("vitals")
    rows: list[dict[str, object]] = []
    for one in people:
        weight, height = rng.gauss(56, 8), round(rng.gauss(162, 6))
        for each in one.visits:
            rows.append({
                "SUBJ": one.number, "VISIT": each.name, "VSDATE": f"{each.day:%Y-%m-%d}",
                "SBP": float(round(rng.gauss(118, 10))), "DBP": float(round(rng.gauss(75, 7))),
                "PULSE": float(round(rng.gauss(76, 8))), "RESP": float(round(rng.gauss(17, 1.5))),
                "TEMP": round(rng.gauss(36.6, 0.25), 1),
                "HEIGHT": float(height) if each.name == "筛选" else float("nan"),
                "WEIGHT": round(weight + rng.gauss(0, 0.8), 1),
            })  # fmt: skip
    text = {"SUBJ", "VISIT", "VSDATE"}
    columns = [Column(name, label, "Char" if name in text else "Num") for name, label in _LABELS.items()]
    path = out.path / "vitals.xpt"
    write_xpt(path, pd.DataFrame(rows), columns, label="Vital signs (synthetic)", encoding="gb18030")
