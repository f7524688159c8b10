"""The profile as text and as JSON; values of subjects only on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdtm_il2.errors import Issue
from sdtm_il2.survey.names import Candidate
from sdtm_il2.survey.profile import ColumnProfile, PartProfile, Survey

HEADER = ("Column", "Filled", "Distinct", "Length", "Looks like", "May be")
#: The columns of the table that hold numbers.
NUMBERS = (1, 2)


def title_lines(part: PartProfile) -> tuple[str, ...]:
    """What the table is, how it is read, and what is left to decide."""
    raw = part.part
    how = [raw.kind]
    if raw.kind in ("text", "xpt"):
        how.append(raw.spec.encoding)
    if raw.spec.delimiter:
        how.append("cells between " + ("tabs" if raw.spec.delimiter == "\t" else f"'{raw.spec.delimiter}'"))
    if raw.spec.header != (1,):
        rows = " and ".join(map(str, raw.spec.header))
        how.append(f"header in {'rows' if len(raw.spec.header) > 1 else 'row'} {rows}")
    looks = [f"looks like {part.domain}" if part.domain else "looks like no domain"]
    looks.append(f"subject in '{part.subject}'" if part.subject else "no subject column")
    lines = [
        (
            f"{raw.title}: {', '.join(how)}; {part.records} record{'' if part.records == 1 else 's'}, "
            f"{len(part.columns)} columns; {', '.join(looks)}"
        )
    ]
    if raw.also:
        lines.append(f"  encodings that also read every byte: {', '.join(raw.also)}")
    lines += [f"  {note}" for column in part.columns for note in date_notes(column)]
    return tuple(lines)


def date_notes(column: ColumnProfile) -> tuple[str, ...]:
    """What is open about the dates of a column."""
    dates = column.dates
    if dates is None:
        return ()
    notes = [] if _few(column) else [f"{column.name}: {' | '.join(dates.formats)}"]
    notes += [
        f"{column.name}: {one} and {other} both fit all values; the data cannot tell which"
        for one, other in dates.alike
    ]
    if dates.unknown:
        notes.append(f"{column.name}: unknown parts are written {', '.join(dates.unknown)}")
    if dates.read < dates.filled:
        notes.append(f"{column.name}: {dates.filled - dates.read} of {dates.filled} values fit no format")
    if dates.pivot is not None:
        notes.append(f"{column.name}: years of two digits need a pivot")
    return tuple(notes)


def rows(part: PartProfile, *, show_values: bool = False) -> list[tuple[str, ...]]:
    """One row a column, under `HEADER` (and ``Values`` on request)."""
    return [
        (
            one.name,
            str(one.filled),
            str(one.distinct),
            str(one.longest) if one.shortest == one.longest else f"{one.shortest}-{one.longest}",
            one.looks if _few(one) else f"date, {len(one.dates.formats) if one.dates else 0} formats",
            _candidates(one),
            *((", ".join(f"{text} ({count})" for text, count in one.examples),) if show_values else ()),
        )
        for one in part.columns
    ]


def _few(one: ColumnProfile) -> bool:
    """Whether the formats of a column have room in the table; more stand above it."""
    return one.dates is None or len(one.dates.formats) < 3


def _candidates(one: ColumnProfile) -> str:
    """The candidates of a column; what its name says is left out where its content says it with the list."""
    listed = {each.variable for each in one.candidates if each.codelist and each.by == "content"}
    texts = [
        candidate_text(each) for each in one.candidates if each.by == "content" or each.variable not in listed
    ]
    return ", ".join(dict.fromkeys(texts))


def candidate_text(one: Candidate) -> str:
    """A candidate in a word: ``AE.AETERM``, or the list that fits."""
    if one.by == "name":
        return one.variable
    return f"{one.variable} ({one.codelist})" if one.variable else one.codelist


def as_json(found: Survey, *, show_values: bool = False) -> dict[str, Any]:
    """The profile as plain lists and dictionaries."""
    return {
        "folder": found.folder.as_posix(),
        "tables": [_part(part, show_values=show_values) for part in found.parts],
        "refused": [_issue(one) for one in found.refused],
    }


def _part(part: PartProfile, *, show_values: bool) -> dict[str, Any]:
    spec = part.part.spec
    read = {"sheet": spec.sheet, "form": spec.form, "group": spec.group}
    return {
        "path": spec.path,
        "kind": part.part.kind,
        "encoding": spec.encoding if part.part.kind in ("text", "xpt") else "",
        "header": list(spec.header),
        **{key: text for key, text in read.items() if text},
        "records": part.records,
        "domain": part.domain,
        "subject": part.subject,
        "issues": [_issue(one) for one in part.part.issues],
        "columns": [_column(one, show_values=show_values) for one in part.columns],
    }


def _column(one: ColumnProfile, *, show_values: bool) -> dict[str, Any]:
    dates = one.dates
    found: dict[str, Any] = {
        "column": one.name,
        "filled": one.filled,
        "distinct": one.distinct,
        "shortest": one.shortest,
        "longest": one.longest,
        "looks": one.looks,
        "candidates": [
            {"variable": each.variable, "by": each.by, "codelist": each.codelist} for each in one.candidates
        ],
    }
    if dates is not None:
        found["dates"] = {
            "formats": list(dates.formats),
            "read": dates.read,
            "ambiguous": [list(pair) for pair in dates.alike],
            "unknown": list(dates.unknown),
        }
    if show_values:
        found["values"] = [{"value": text, "count": count} for text, count in one.examples]
    return found


def _issue(one: Issue) -> Mapping[str, str]:
    return {"code": one.code, "message": one.message, "hint": one.hint}
