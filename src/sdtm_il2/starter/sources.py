"""The sources of a draft: how each table is read, and how it names its subjects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sdtm_il2.starter.model import NO_SUBJECT, SourceDraft
from sdtm_il2.starter.text import listed, scalar
from sdtm_il2.survey.names import plain
from sdtm_il2.survey.profile import PartProfile

_PRIVATE: Final = (
    "姓名",
    "身份证",
    "电话",
    "手机",
    "住址",
    "家庭地址",
    "patientname",
    "initials",
    "phone",
    "idcard",
)
#: A column that a clause can name without quotes.
_NAME: Final = re.compile(r"\w[\w.-]*(?: \w[\w.-]*)*")


class Subjects:
    """How each table names its subjects: a column, site and number, or by way of another table."""

    def __init__(self, parts: Sequence[PartProfile]) -> None:
        self.parts = parts
        self.sited = any(_needs_site(one) for one in parts if one.domain == "DM")

    def named(self, part: PartProfile) -> bool:
        """Whether the table's records have subjects."""
        return bool(part.subject or self.link(part))

    def rule(self, part: PartProfile, names: Mapping[int, str]) -> str:
        """The value of `subject:`; "" for a table without subjects."""
        if part.subject:
            site = part.holding("SITEID") or part.holding("DM.SITEID")
            if self.sited and site:
                return scalar(f"{{{site}}}-{{{part.subject}}}")
            return scalar(part.subject)
        link = self.link(part)
        if link is None:
            return ""
        other, column = link
        take = scalar(other.subject)
        return f"{{lookup: {names[id(other)]}, by: {scalar(column)}, take: {take}}}"

    def columns(self, part: PartProfile) -> tuple[str, ...]:
        """The columns that name the subject."""
        link = self.link(part)
        site = part.holding("SITEID") or part.holding("DM.SITEID")
        return tuple(filter(None, (part.subject, site if self.sited else "", link[1] if link else "")))

    def link(self, part: PartProfile) -> tuple[PartProfile, str] | None:
        """A table that has a column of this one, one record a value, and names the subject."""
        if part.subject or self.sited or not part.domain:
            return None
        for other in self.parts:
            if other is part or not other.subject:
                continue
            for column in part.columns:
                twin = next((one for one in other.columns if one.name == column.name), None)
                if (
                    twin is not None
                    and column.filled == part.records
                    and twin.distinct == twin.filled == other.records
                    and column.values.keys() <= twin.values.keys()
                ):
                    return other, column.name
        return None


def _needs_site(part: PartProfile) -> bool:
    """The number of a subject is unique within its site only."""
    site = part.holding("DM.SITEID") or part.holding("SITEID")
    if not part.subject or not site or part.column(part.subject).distinct == part.records:
        return False
    frame = part.part.source.frame
    return not frame.duplicated(subset=[site, part.subject]).any()


def _decimal_commas(part: PartProfile) -> bool:
    """Whether numbers are written with a comma, and none with a point, in a file that no comma cuts."""
    texts = [
        text.strip() for name in part.part.source.columns for text in part.part.source.frame[name].unique()
    ]
    comma = any(re.fullmatch(r"[+-]?\d+,\d+", text) for text in texts)
    return comma and not any(re.fullmatch(r"[+-]?\d+\.\d+", text) for text in texts)


def draft_sources(parts: Sequence[PartProfile], subjects: Subjects) -> list[SourceDraft]:
    """One source a table, under a name of its own."""
    names: dict[int, str] = {}
    for part in parts:
        names[id(part)] = _unique(_name(part), names.values())
    drafts = []
    for part in parts:
        spec = part.part.spec
        lines = [f"path: {scalar(spec.path)}"]
        if part.part.kind in ("text", "xpt") and spec.encoding != "utf-8":
            lines.append(f"encoding: {spec.encoding}")
        if spec.delimiter:
            lines.append(f"delimiter: {scalar(spec.delimiter)}")
            if _decimal_commas(part):
                lines.append('decimal: ","')
        if spec.header != (1,):
            rows = ", ".join(map(str, spec.header))
            lines.append(f"header: [{rows}]" if len(spec.header) > 1 else f"header: {rows}")
        lines += [
            f"{key}: {scalar(text)}"
            for key, text in (("sheet", spec.sheet), ("form", spec.form), ("group", spec.group))
            if text
        ]
        rule = subjects.rule(part, names)
        notes = []
        if rule:
            lines.append(f"subject: {rule}")
        elif part.domain:
            notes.append("no column names the subject: add subject:, and a domain file")
        if not rule and any(one.candidates for one in part.columns) and not part.domain:
            notes.append(NO_SUBJECT)
        if part.part.also:
            notes.append(f"encodings that also read every byte: {', '.join(part.part.also)}")
        formats, dates = _dates(part)
        if dates:
            lines.append(f"dates: {dates}")
        notes += [
            f"{column.name}: {one} and {other} both fit all values; check which it is"
            for column in part.columns
            if column.dates is not None
            for one, other in column.dates.alike
        ]
        private = tuple(one.name for one in part.columns if plain(one.name) in _PRIVATE)
        if private:
            lines.append(f"private: [{', '.join(map(scalar, private))}]")
        known = _study_columns(part)
        named = subjects.columns(part)
        read = frozenset((*private, *known, *named))
        filled = _filled(part, private) if rule else ""
        drafts.append(
            SourceDraft(
                names[id(part)], part, tuple(lines), tuple(notes), formats, private, read, known, filled
            )
        )
    return drafts


def _filled(part: PartProfile, private: Sequence[str]) -> str:
    """A column that is filled in every record, and that a clause can name; "" where there is none."""
    return next(
        (
            one.name
            for one in part.columns
            if one.filled == part.records and one.name not in private and _NAME.fullmatch(one.name)
        ),
        "",
    )


def _study_columns(part: PartProfile) -> tuple[str, ...]:
    """Columns that name the study, or the domain, in every record."""
    return tuple(
        one.name
        for one in part.columns
        if one.distinct == 1
        and any(
            each.variable.rpartition(".")[2] in ("STUDYID", "DOMAIN") and each.by == "name"
            for each in one.candidates
        )
    )


def _name(part: PartProfile) -> str:
    spec = part.part.spec
    text = "_".join(filter(None, (Path(spec.path).stem, spec.sheet, spec.group or spec.form)))
    name = re.sub(r"[^0-9a-z\u4e00-\u9fff]+", "_", text.lower()).strip("_")
    return name if re.match(r"[a-z\u4e00-\u9fff]", name) else f"raw_{name}".rstrip("_")


def _unique(name: str, taken: Iterable[str]) -> str:
    held, number, found = set(taken), 2, name
    while found in held:
        found, number = f"{name}_{number}", number + 1
    return found


def _dates(part: PartProfile) -> tuple[tuple[str, ...], str]:
    """The formats that most date columns of a table share, and the value of `dates:`."""
    counted: dict[tuple[str, ...], int] = {}
    unknown: dict[str, None] = {}
    pivot = None
    for column in part.columns:
        if column.dates is not None:
            counted[column.dates.formats] = counted.get(column.dates.formats, 0) + 1
            unknown.update(dict.fromkeys(column.dates.unknown))
            pivot = pivot or column.dates.pivot
    if not counted:
        return (), ""
    formats = max(counted, key=lambda one: counted[one])
    parts = [f"format: {listed(formats)}"]
    if unknown:
        parts.append(f"unknown: {listed(unknown)}")
    if pivot:
        parts.append(f"pivot: {pivot}")
    return formats, f"{{{', '.join(parts)}}}"
