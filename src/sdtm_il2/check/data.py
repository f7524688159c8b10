"""What the data say of the specification, and a build does not: formats, missing texts, commas, unused terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sdtm_il2.check.columns import with_header_columns
from sdtm_il2.check.terms import check_items, check_terms, check_values
from sdtm_il2.check.uses import Kind, Use, column_uses, first_of, open_texts
from sdtm_il2.errors import Issue, Location, issue, merge_issues
from sdtm_il2.iso8601 import DateStatus, parse_dates
from sdtm_il2.plan.model import Plan
from sdtm_il2.sources.model import Source, Sources
from sdtm_il2.sources.subject import parse_subject
from sdtm_il2.spec.study import StudySpec
from sdtm_il2.spec.tables import changed_by_excel, lost_zeros

#: A decimal comma for certain: another number of digits than a group of thousands has, or a zero in front.
_COMMA = re.compile(r"[<>≤≥=~ ]*[+-]?(?:[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+)")
_COMMA_RANGE = re.compile(r"(?<![0-9,])(?:[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+)(?![0-9,])")
#: A decimal comma or thousands: told by the other values of the column.
_GROUPS = re.compile(r"[<>≤≥=~ ]*[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_POINT = re.compile(r"[<>≤≥=~ ]*[+-]?[0-9]*\.[0-9]+")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E[+][0-9]{2}")


def check_data(spec: StudySpec, plan: Plan, sources: Sources) -> tuple[Issue, ...]:
    """The specification against what the raw columns hold; needs no build, and adds to what a build reports.

    Missing texts that are also results or terms (SRC310), two date formats that read values differently (SRC311),
    decimal commas where none are stated (SRC321), cells that Excel has changed (SRC347), terms, items and values
    of clauses that never occur while the data have a similar text (DATA831 DATA832 DATA833). The work is done on
    distinct texts of the records that domains may read.
    """
    plan = with_header_columns(plan, sources)
    found: list[Issue] = []
    by_column: dict[tuple[str, str], list[Use]] = {}
    for use in column_uses(plan):
        if use.source in sources and use.column in sources[use.source].columns:
            by_column.setdefault((use.source, use.column), []).append(use)
    for (name, column), uses in by_column.items():
        source = sources[name]
        found += _missing_results(source, column, uses)
        found += _date_formats(source, column, uses)
        found += _commas(source, column, uses)
        found += _changed(source, column, uses)
    for name in sources:
        for column in _subject_columns(sources[name]):
            if not any(
                use.kind in (Kind.RESULT, Kind.IDENTIFIER) for use in by_column.get((name, column), ())
            ):
                found += _changed_identifiers(sources[name], column)
    found += check_terms(spec, plan, sources, [use for uses in by_column.values() for use in uses])
    found += check_items(plan, sources)
    found += check_values(plan, sources)
    return merge_issues(found)


def _missing_results(source: Source, column: str, uses: Iterable[Use]) -> list[Issue]:
    """SRC310: a missing text of the source stands where results, or texts that a list knows, are collected."""
    texts = {text.strip() for text in source.spec.missing if text.strip()}
    if not texts or column not in source.collected:
        return []
    held = open_texts(source, column, collected=True)
    found = []
    for text in sorted(texts):
        cells = {cell for cell in held if cell.strip() == text}
        known = [use for use in uses if use.kind is Kind.RESULT]
        known = known or [use for use in uses if use.terms is not None and use.terms.find(text) is not None]
        if cells and known:
            what = "results" if known[0].kind is Kind.RESULT else "terms"
            found.append(
                issue(
                    "SRC310", f"{source.name}.{column}", source.spec.at, count=sum(held[one] for one in cells),
                    first=first_of(source, column, cells, collected=True), text=text, what=what,
                    reader=known[0].target, source=source.name,
                )
            )  # fmt: skip
    return found


def _date_formats(source: Source, column: str, uses: Iterable[Use]) -> list[Issue]:
    """SRC311: two formats read the same values differently; how many values only one of them reads tells which to keep."""
    found = []
    seen: set[tuple[str, ...]] = set()
    for use in uses:
        if use.kind is not Kind.DATE or len(use.formats) < 2 or use.formats in seen:
            continue
        seen.add(use.formats)
        held = open_texts(source, column)
        pivot = int(use.pivot) if use.pivot else None
        texts = list(held)
        clashes = {
            text: next(iter(parse_dates([text], use.formats, use.unknown, pivot).clashes), None)
            for text, status in zip(
                texts, parse_dates(texts, use.formats, use.unknown, pivot).status.tolist(), strict=True
            )
            if status == DateStatus.AMBIGUOUS
        }
        for pair in sorted({one for one in clashes.values() if one is not None}):
            both = {text for text, one in clashes.items() if one == pair}
            reads = [_reads(texts, one, use.unknown, pivot) for one in pair]
            only = [sum(held[text] for text in one - other) for one, other in (reads, reads[::-1])]
            stated = source.spec.dates
            at = stated.at if use.formats == stated.formats and stated.at.file else use.at
            found.append(
                issue(
                    "SRC311", f"{source.name}.{column}", at, count=sum(held[text] for text in both),
                    first=first_of(source, column, both), values=[(text, held[text]) for text in both],
                    one=pair[0], other=pair[1], only_one=only[0], only_other=only[1], advice=_advice(pair, only),
                )
            )  # fmt: skip
    return found


def _reads(texts: list[str], format_: str, unknown: tuple[str, ...], pivot: int | None) -> set[str]:
    status = parse_dates(texts, format_, unknown, pivot).status.tolist()
    return {text for text, one in zip(texts, status, strict=True) if one == DateStatus.PARSED}


def _advice(pair: tuple[str, str], only: list[int]) -> str:
    """Which format to keep, where the other one is never needed."""
    if only[0] and not only[1]:
        return f"keep {pair[0]}"
    if only[1] and not only[0]:
        return f"keep {pair[1]}"
    return "keep one"


def _commas(source: Source, column: str, uses: Iterable[Use]) -> list[Issue]:
    """SRC321: numbers with a decimal comma in a source that states no `decimal`."""
    if source.spec.decimal == ",":
        return []
    kinds = {use.kind for use in uses} & {Kind.NUMBER, Kind.RESULT, Kind.RANGE}
    if not kinds:
        return []
    held = open_texts(source, column)
    if Kind.RANGE in kinds:
        commas = {text for text in held if _COMMA_RANGE.search(text)}
    else:
        commas = {text for text in held if _COMMA.fullmatch(text.strip())}
        if commas and not any(_POINT.fullmatch(text.strip()) for text in held):
            commas |= {text for text in held if _GROUPS.fullmatch(text.strip())}
    if not commas:
        return []
    return [_of_column("SRC321", source, column, source.spec.at, commas, held)]


def _changed(source: Source, column: str, uses: Iterable[Use]) -> list[Issue]:
    """SRC347: results and identifiers that look as Excel leaves them: a titre as a time, a code as a date."""
    kinds = {use.kind for use in uses}
    if kinds & {Kind.RESULT}:
        doubtful = {
            text
            for text in open_texts(source, column)
            if changed_by_excel(text.strip()) and (_SCIENTIFIC.fullmatch(text.strip()) or not _plain(text))
        }
    elif kinds & {Kind.IDENTIFIER}:
        return _changed_identifiers(source, column)
    else:
        return []
    if not doubtful:
        return []
    return [_of_column("SRC347", source, column, source.spec.at, doubtful, open_texts(source, column))]


def _changed_identifiers(source: Source, column: str) -> list[Issue]:
    """SRC347: identifiers as times, dates or powers of ten, or without the zeros that they began with."""
    held = open_texts(source, column)
    lost = lost_zeros({text.strip() for text in held})
    doubtful = {text for text in held if changed_by_excel(text.strip()) or text.strip() in lost}
    return [_of_column("SRC347", source, column, source.spec.at, doubtful, held)] if doubtful else []


def _subject_columns(source: Source) -> tuple[str, ...]:
    """The columns of which the source's own rule makes the subject."""
    rule = source.spec.subject
    if rule is None:
        return ()
    if rule.lookup:
        return tuple(one for one in (rule.by,) if one in source.columns)
    parts = parse_subject(rule.template, source.columns)
    return tuple(part.column for part in parts if part.column in source.columns)


def _plain(text: str) -> bool:
    """A number in any notation, or a truth value: what a result may well be."""
    return text.strip() in ("TRUE", "FALSE") or re.fullmatch(r"[0-9.]+E[+-]?[0-9]+", text.strip()) is not None


def _of_column(
    code: str, source: Source, column: str, at: Location, texts: set[str], held: Mapping[str, int]
) -> Issue:
    return issue(
        code, f"{source.name}.{column}", at, count=sum(held[text] for text in texts),
        first=first_of(source, column, texts), values=[(text, held[text]) for text in texts],
        column=column, source=source.name,
    )  # fmt: skip
