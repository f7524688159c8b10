"""The electronic forms: medication, history and disposition as ODM-XML 1.3."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from .files import Folder
from .forms import Told
from .people import Subject, days, dice

_TAG = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" ODMVersion="1.3.2" FileType="Snapshot" FileOID="SYNTHETIC" '
    'CreationDateTime="2017-03-01T08:00:00">'
)
_STOPPED = {"event": "不良事件", "withdrew": "受试者撤回知情同意", "flare": "研究者决定"}


def odm(out: Folder, people: list[Subject], told: Told) -> None:
    rng = dice("edc")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- synthetic: nobody in this file exists -->",
        _TAG,
        '<ClinicalData StudyOID="NCT02932137" MetaDataVersionOID="1">',
    ]
    for one in people:
        lines.append(f'<SubjectData SubjectKey="{one.number}"><StudyEventData StudyEventOID="LOG">')
        names = ("TRT", "DOSE", "DOSU", "FREQ", "ROUTE", "INDC", "START", "END", "ONGO", "AENO")
        for repeat, values in enumerate(_drugs(one, told), 1):
            lines.append(_form("CM", repeat, dict(zip(names, values, strict=True))))
        since = one.consent - days(rng.randint(200, 3000))
        history = [("系统性红斑狼疮", "原发病", f"{since:%Y-%m-%d}")]
        for term in rng.sample(("狼疮性肾炎", "高血压", "关节炎"), rng.randint(1, 2)):
            year, month = one.consent.year - rng.randint(1, 8), rng.randint(1, 12)
            history.append((term, "既往病史", f"{year}-UK-UK" if month == 12 else f"{year}-{month:02d}"))
        for repeat, (term, kind, start) in enumerate(history, 1):
            lines.append(_form("MH", repeat, {"TERM": term, "CAT": kind, "START": start, "ONGO": "是"}))
        for repeat, (term, kind, part, date) in enumerate(_outcomes(one), 1):
            lines.append(
                _form("DS", repeat, {"TERM": term, "CAT": kind, "SCAT": part, "DATE": date, "FORMDATE": date})
            )
        lines.append("</StudyEventData></SubjectData>")
    lines += ["</ClinicalData>", "</ODM>", ""]
    (out.path / "edc.xml").write_bytes("\n".join(lines).encode())


def _drugs(one: Subject, told: Told) -> list[tuple[str, ...]]:
    """Standard therapy with prednisone tapered in the treatment periods, and what events were treated with."""
    lupus = "系统性红斑狼疮"
    taper = one.start + days(42)
    before = f"{one.consent - days(90):%Y-%m}"
    drugs: list[tuple[str, ...]] = [
        ("硫酸羟氯喹", "0.2", "g", "BID", "口服", lupus, f"{one.consent.year - 1}", "", "是", ""),
    ]
    if one.sequence and taper < one.treated_until:
        end = f"{taper - days(1):%Y-%m-%d}"
        drugs.append(("强的松", "15", "mg", "QD", "口服", lupus, before, end, "", ""))
        drugs.append(("强的松", "10", "mg", "QD", "口服", lupus, f"{taper:%Y-%m-%d}", "", "是", ""))
    else:
        drugs.append(("强的松", "15", "mg", "QD", "口服", lupus, before, "", "是", ""))
    if one.index % 3 == 0:
        drugs.append(("吗替麦考酚酯", "0.5", "g", "BID", "口服", lupus, before, "", "是", ""))
    if one.index % 8 == 2:
        drugs.append(("环磷酰胺", "0.4", "g", "每两周一次", "静脉滴注", lupus, before, "", "是", ""))
    treated = {"发热": ("布洛芬", "0.3", "g"), "头痛": ("布洛芬", "0.3", "g"), "带状疱疹": ("阿昔洛韦", "0.8", "g"),
               "肺炎": ("左氧氟沙星", "0.5", "g")}  # fmt: skip
    for number, term, start in told.get(one.number, []):
        if term in treated:
            end = min(start + days(2), one.end)
            drugs.append(
                (*treated[term], "QD", "口服", term, f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}", "", number)
            )
    return drugs


def _outcomes(one: Subject) -> list[tuple[str, str, str, str]]:
    """Milestones, the end of treatment, and the end of the study."""
    found = [("签署知情同意书", "方案里程碑", "", f"{one.consent:%Y-%m-%d}")]
    if not one.sequence:
        return [*found, ("筛选失败", "处置事件", "参加研究", f"{one.end:%Y-%m-%d}")]
    found.append(("随机入组", "方案里程碑", "", f"{one.start:%Y-%m-%d}"))
    outcome = _STOPPED.get(one.stop, "完成")
    found.append((outcome, "处置事件", "研究治疗", f"{one.treated_until:%Y-%m-%d}"))
    return [*found, (outcome, "处置事件", "参加研究", f"{one.end:%Y-%m-%d}")]


def _form(kind: str, repeat: int, values: dict[str, str]) -> str:
    items = "".join(
        f'<ItemData ItemOID="I.{kind}.{name}" Value={quoteattr(value)}/>'
        for name, value in values.items()
        if value
    )
    return (
        f'<FormData FormOID="F.{kind}" FormRepeatKey="{repeat}"><ItemGroupData ItemGroupOID="G.{kind}">'
        f"{items}</ItemGroupData></FormData>"
    )
