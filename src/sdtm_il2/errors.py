"""Issues: what is wrong, where, how often, and the smallest edit that mends it.

A message has one source, the catalogue in ``data/issues/*.csv`` (code, severity, title, message, hint,
page); code only supplies the place and the fields. Data problems are `Issue` objects and never raise;
mistakes of the user raise one `SdtmError` that carries all of them.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

#: Distinct values kept with one issue. More would only be noise, and memory on hostile input.
MAX_VALUES = 20


class Severity(StrEnum):
    """How bad an issue is; `Severity.ERROR` stops a run that is told to fail on errors."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for errors, 1 for warnings, 2 for notes: lower is worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: a line of a specification, or the line on which a raw record starts.

    >>> print(Location("raw/ae.csv", 212))
    raw/ae.csv:212
    """

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


NOWHERE = Location()


class Definition(NamedTuple):
    """One line of the catalogue."""

    code: str
    severity: Severity
    title: str
    message: str
    hint: str
    page: str


class _Field(str):
    """A field of a message; with a noun, and a verb, it is a count: ``{count:record|holds|hold}`` is ``1 record holds``."""

    __slots__ = ()

    def __format__(self, noun: str) -> str:
        if not noun:
            return str(self)
        noun, bar, verbs = noun.partition("|")
        if bar:  # a verb follows: record|holds|hold
            singular, _, plural = verbs.partition("|")
            return f"{format(self, noun)} {singular if self == '1' else plural}"
        plural = noun if self == "1" else f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
        return f"{self} {plural}"


@functools.cache
def catalogue() -> dict[str, Definition]:
    """All issue definitions by code."""
    found: dict[str, Definition] = {}
    folder = importlib.resources.files("sdtm_il2") / "data" / "issues"
    for name in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")):
        for row in csv.DictReader(io.StringIO((folder / name).read_text(encoding="utf-8"))):
            if row["code"] in found:
                raise AssertionError(f"issue code {row['code']} stands twice in the catalogue")
            found[row["code"]] = Definition(
                row["code"], Severity(row["severity"]), row["title"], row["message"], row["hint"], row["page"]
            )
    return found


@dataclass(frozen=True, slots=True)
class Issue:
    """One validation or data issue: a catalogue code, its place, its count and what fills its message.

    ``target`` is a variable (``AE.AESEV``), a source (``ae``) or a source column (``ae.AESTDT``). ``at`` is the
    place to edit, ``first`` the first raw record concerned. ``values`` are raw values with their counts;
    they are printed only on request, because they may be data of a subject.
    """

    code: str
    target: str = ""
    at: Location = NOWHERE
    fields: tuple[tuple[str, str], ...] = ()
    count: int = 0
    first: Location = NOWHERE
    values: tuple[tuple[str, int], ...] = ()
    distinct: int = 0

    @property
    def definition(self) -> Definition:
        """The catalogue's line for this code."""
        return catalogue()[self.code]

    @property
    def severity(self) -> Severity:
        """The severity that the catalogue gives the code."""
        return self.definition.severity

    def _fill(self, template: str) -> str:
        known = {
            "target": self.target,
            "at": str(self.at),
            "first": str(self.first),
            "count": str(self.count),
            "distinct": str(self.distinct or len(self.values)),
            **dict(self.fields),
        }
        # a name with a line break (a header may have one) stays in its line
        shown = {name: _Field(text.replace("\n", "\\n").replace("\r", "\\r")) for name, text in known.items()}
        return template.format_map(shown)

    @property
    def message(self) -> str:
        """What is wrong, in one sentence, without values of subjects."""
        template = self.definition.message
        if not self.first.file:  # a row of a table of the specification: its place is that of the issue
            template = template.replace(", first at {first}", "")
        return self._fill(template)

    @property
    def hint(self) -> str:
        """The smallest edit that mends it; may be empty."""
        return self._fill(self.definition.hint)

    def text(self, *, show_values: bool = False) -> str:
        """The issue as it is printed: place, code, target, message; then the hint and, on request, the values."""
        place = f"{self.at}: " if self.at.file else ""
        target = f" {self.target}" if self.target else ""
        lines = [f"{place}{self.code}{target}: {self.message}"]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        if show_values and self.values:
            lines.append("  values: " + ", ".join(f"{text!r} ({count})" for text, count in self.values))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two issues the same problem, so that the counts of partitions add up."""
        return (self.code, self.target, self.at, self.fields)

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Errors first, then by place."""
        return (self.severity.rank, self.at.file, self.at.line, self.code, self.target, self.fields)


def issue(
    code: str,
    target: str = "",
    at: Location = NOWHERE,
    *,
    count: int = 0,
    first: Location = NOWHERE,
    values: Iterable[tuple[str, int]] = (),
    **fields: object,
) -> Issue:
    """Make an issue of the catalogue; an unknown code is our bug and raises ``KeyError``."""
    known = catalogue()[code]
    ranked = sorted(values, key=lambda pair: (-pair[1], pair[0]))
    return Issue(
        known.code, target, at, tuple((name, str(value)) for name, value in fields.items()), count, first,
        tuple(ranked[:MAX_VALUES]), len(ranked),
    )  # fmt: skip


def merge_issues(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Add up equal issues (of partitions, of steps): counts are summed, the first place is the smallest."""
    merged: dict[tuple[object, ...], Issue] = {}
    distinct: dict[tuple[object, ...], dict[str, int]] = {}
    for one in issues:
        if one.key not in merged:
            merged[one.key] = one
            distinct[one.key] = dict(one.values)
            continue
        other = merged[one.key]
        counts = distinct[one.key]
        for text, count in one.values:
            counts[text] = counts.get(text, 0) + count
        firsts = [place for place in (other.first, one.first) if place.file]
        merged[one.key] = replace(
            other,
            count=other.count + one.count,
            first=min(firsts, default=NOWHERE),
            distinct=max(other.distinct, one.distinct, len(counts)),
        )
    result = []
    for key, one in merged.items():
        ranked = sorted(distinct[key].items(), key=lambda pair: (-pair[1], pair[0]))
        result.append(replace(one, values=tuple(ranked[:MAX_VALUES])))
    return tuple(sorted(result, key=lambda one: one.sort_key))


def worst(issues: Iterable[Issue]) -> Severity | None:
    """The worst severity among the issues, or None without issues."""
    return min((one.severity for one in issues), key=lambda severity: severity.rank, default=None)


class SdtmError(Exception):
    """The user must fix input; carries every issue found, not only the first."""

    def __init__(self, issues: Issue | Iterable[Issue]) -> None:
        self.issues: tuple[Issue, ...] = (issues,) if isinstance(issues, Issue) else merge_issues(issues)
        super().__init__(self.issues)

    def __str__(self) -> str:
        return "\n".join(str(one) for one in self.issues)


class SpecError(SdtmError):
    """A specification is wrong (SPEC1xx)."""


class StandardsError(SdtmError):
    """A standard is unknown, or an imported one is not readable (STD2xx)."""


class SourceError(SdtmError):
    """A raw file cannot be read as its source says (SRC3xx)."""


class PlanError(SdtmError):
    """The specification cannot be turned into an order of steps (PLAN4xx)."""


class XptError(SdtmError):
    """A file is not a SAS XPORT v5 file, or data cannot be stored in one (XPT6xx)."""


class DefineError(SdtmError):
    """A Define-XML file cannot be read or would not be valid (DEF7xx)."""


class OutputError(SdtmError):
    """The output folder cannot be written or replaced (OUT9xx)."""


@dataclass(slots=True)
class Problems:
    """Collects issues, then raises all of them at once."""

    found: list[Issue] = field(default_factory=list)

    def add(
        self,
        code: str,
        target: str = "",
        at: Location = NOWHERE,
        *,
        count: int = 0,
        first: Location = NOWHERE,
        values: Iterable[tuple[str, int]] = (),
        **fields: object,
    ) -> None:
        """Add an issue of the catalogue."""
        self.found.append(issue(code, target, at, count=count, first=first, values=values, **fields))

    def stop(self, error: type[SdtmError]) -> None:
        """Raise `error` with all issues of severity error, if there are any."""
        if any(one.severity is Severity.ERROR for one in self.found):
            raise error(self.found)
