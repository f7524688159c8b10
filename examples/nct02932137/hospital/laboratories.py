"""Laboratories: the hospital's long export, blood count, ELISA, PCR and flow cytometry."""

from __future__ import annotations

import datetime as dt

from .files import Folder, full_width, written
from .people import Subject, dice

HIS = (  # item, specimen, unit, range, mean, spread, places
    ("丙氨酸氨基转移酶", "血清", "U/L", "7-40", 22, 8, 0),
    ("天门冬氨酸氨基转移酶", "血清", "U/L", "13-35", 22, 6, 0),
    ("总胆红素", "血清", "μmol/L", "<21", 11, 3, 1),
    ("白蛋白", "血清", "g/L", "40-55", 39, 4, 1),
    ("肌酐", "血清", "μmol/L", "41-73", 60, 11, 0),
    ("尿素", "血清", "mmol/L", "2.6-7.5", 5, 1, 1),
    ("葡萄糖", "血清", "mmol/L", "3.9-6.1", 5, 0.5, 1),
    ("钾", "血清", "mmol/L", "3.5-5.3", 4.1, 0.3, 2),
    ("C反应蛋白", "血清", "mg/L", "<8", 5, 4, 1),
    ("补体C3", "血清", "g/L", "0.79-1.52", 0.7, 0.15, 2),
    ("补体C4", "血清", "g/L", "0.16-0.38", 0.13, 0.04, 2),
    ("免疫球蛋白G", "血清", "g/L", "7-16", 15, 4, 1),
    ("免疫球蛋白A", "血清", "g/L", "0.7-5.0", 2.6, 0.8, 2),
    ("免疫球蛋白M", "血清", "g/L", "0.4-2.8", 1.2, 0.4, 2),
    ("抗双链DNA抗体", "血清", "IU/mL", "<100", 90, 60, 1),
)


def hospital(out: Folder, people: list[Subject]) -> None:
    """The hospital's laboratory: long by item, without visits; a corrected report is a second row."""
    rng = dice("hospital")
    rows: list[list[str]] = []
    code = 70000
    for one in people:
        planned = [each for each in one.visits if each.name not in ("洗脱", "P1W2", "P2W2")]
        for each in planned + ([one.extra] if one.extra else []):
            code += 1
            taken = dt.datetime.combine(each.day, dt.time(rng.randint(6, 7), rng.choice((10, 25, 40))))
            report = taken + dt.timedelta(hours=4)
            base = [one.hospital, one.name, f"B{code}", f"{taken:%Y-%m-%d %H:%M}"]
            stamp = f"{report:%Y-%m-%d %H:%M}"
            for item, specimen, unit, limits, mean, spread, places in HIS:
                value = f"{max(0.1, rng.gauss(mean, spread)):.{places}f}"
                if item == "C反应蛋白" and float(value) < 0.5:
                    value = "<0.5"
                if rng.random() < 0.02:
                    value = "溶血"
                elif rng.random() < 0.05:
                    value = full_width(value)
                rows.append([*base, item, specimen, value, unit, limits, "", stamp])
                if rng.random() < 0.02:  # corrected: the later report counts
                    later = f"{report + dt.timedelta(hours=20):%Y-%m-%d %H:%M}"
                    right = f"{max(0.1, mean + spread / 3):.{places}f}"
                    rows.append([*base, item, specimen, right, unit, limits, "更正", later])
            protein = rng.choice(("阴性", "阴性", "±", "1+", "2+", "未检"))
            rows.append([*base, "尿蛋白", "尿液", protein, "", "阴性", "", stamp])
            if each.week in (0, 10):
                titre = rng.choice(("1:80", "1:160", "1:320", "1:1280", "阴性"))
                rows.append([*base, "抗核抗体", "血清", titre, "", "", "", stamp])
            if each.name == "筛选":
                rows.append([*base, "血型", "血清", rng.choice(("A", "B", "O")), "", "", "", stamp])
    out.table(
        "his_lab.csv",
        [
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
        ],
        rows,
        ["检验结果导出（合成数据，非真实患者）", "导出日期：2017-03-01"],
    )


def special(out: Folder, people: list[Subject]) -> None:
    """Blood count at every visit; antibodies, viral load and cells at some of them."""
    rng = dice("special")
    count: list[list[str]] = []
    elisa: list[list[str]] = []
    virus: list[list[str]] = []
    cells: list[list[str]] = []
    for one in people:
        for number, each in enumerate(one.visits):
            if each.name == "洗脱":
                continue
            head = [one.number, each.name, written(each.day, one.index + number)]
            count.append([
                *head, f"{rng.gauss(4.2, 1):.2f}", f"{rng.gauss(2.6, 0.5):.2f}", f"{rng.gauss(1.1, 0.25):.2f}",
                f"{rng.gauss(4.1, 0.4):.2f}", f"{rng.gauss(112, 11):.0f}",
                "未检" if rng.random() < 0.03 else f"{rng.gauss(180, 45):.0f}",
            ])  # fmt: skip
            if each.week in (0, 4, 10) and each.name != "提前退出":
                screen, bad = rng.random() < 0.25, rng.random() < 0.03
                confirm = screen and rng.random() < 0.6
                elisa.append([
                    one.number, each.name, f"E{one.index:02d}{number:02d}", head[2],
                    "" if bad else ("阳性" if screen else "阴性"),
                    ("阳性" if confirm else "阴性") if screen and not bad else "",
                    rng.choice(("1:20", "1:40", "<1:10")) if confirm and not bad else "",
                    ("阳性" if rng.random() < 0.2 else "阴性") if confirm and not bad else "",
                    "溶血标本" if bad else "",
                ])  # fmt: skip
            if each.week in (0, 10):
                virus.append([
                    *head, "未检出" if rng.random() < 0.5 else f"{rng.randint(4, 90) * 100}",
                    "未检出" if rng.random() < 0.7 else "<400", rng.choice(("1:20", "1:80", "1:160")),
                ])  # fmt: skip
                cells.append(
                    [*head, f"{rng.gauss(38, 6):.1f}", f"{rng.gauss(6, 1.5):.2f}", f"{rng.gauss(9, 3):.1f}"]
                )
    head = ["受试者编号", "访视", "采样日期"]
    out.table("cbc.csv", [*head, "白细胞", "中性粒细胞", "淋巴细胞", "红细胞", "血红蛋白", "血小板"], count)
    titles = ["受试者编号", "访视", "样本号", "采样日期", "筛查结果", "确证结果", "滴度", "中和抗体", "备注"]
    out.table("elisa.csv", titles, elisa)
    out.table("virus.csv", [*head, "EB病毒DNA", "巨细胞病毒DNA", "EBV-VCA-IgG"], virus)
    title = ["流式细胞检测结果（合成数据，非真实患者）"]
    upper, lower = ["样本", "", "", "结果"], [*head, "CD4+T细胞(%T细胞)", "Treg(%CD4)", "NK(%淋巴)"]
    out.workbook("flow.xlsx", "流式", [title, upper, lower, *cells], ["A1:F1", "A2:C2", "D2:F2"])
