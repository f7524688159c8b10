"""Texts of the specification that the data never hold, where the data hold a similar one that nothing takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sdtm_il2.check.uses import Asked, Kind, Use, clauses, first_of, open_maps, open_texts
from sdtm_il2.dataset import distinct
from sdtm_il2.errors import Issue, Location, issue
from sdtm_il2.nearest import nearest_names
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import ColumnRef, normal
from sdtm_il2.plan.model import Plan
from sdtm_il2.sources.model import Source, Sources
from sdtm_il2.spec.model import TermSpec
from sdtm_il2.spec.study import StudySpec
from sdtm_il2.where import Condition, conditions

#: Unmatched texts that are compared with the specification's: free text in place of terms is no list of near misses.
MOST = 500
#: What turns a text into its opposite.
_NEGATION = re.compile(r"\b(?:not|non|no|un)\b[ -]?|\bun(?=[a-z]{4})|[不未无非有]")
_EQUAL = frozenset({"EQ", "NE", "IN", "NOTIN"})


def similar(text: str, candidates: Sequence[str]) -> str:
    """The candidate that looks most like the text, but is not its opposite; "" for none.

    >>> similar("Yes", ["YES", "NO"]), similar("Related", ["Not related"]), similar("可能有关", ["可能无关", "可能相关"])
    ('YES', '', '可能相关')
    """
    bare = _NEGATION.sub("", text.casefold())
    fair = [
        one
        for one in candidates
        if one.casefold() == text.casefold() or _NEGATION.sub("", one.casefold()) != bare
    ]
    return next(iter(nearest_names(text, fair)), "")


def check_terms(spec: StudySpec, plan: Plan, sources: Sources, uses: Sequence[Use]) -> list[Issue]:
    """DATA831: the left side of a term never occurs, and a similar text of the data has no term."""
    used: set[tuple[str, str]] = set()
    known: set[tuple[str, str]] = set()
    unmatched: dict[str, dict[tuple[str, str, str], int]] = {}
    hidden = {via.via for terms in open_maps(plan) for via in (*terms.own.values(), *terms.written.values())}
    for use in uses:
        if use.kind is not Kind.TERM or use.terms is None:
            continue
        own = use.terms.own
        known.update((via.via, raw) for raw, via in own.items())
        for text, count in open_texts(sources[use.source], use.column).items():
            key = normal(text)
            if key in own:
                used.add((own[key].via, key))
            elif use.terms.find(text) is None:
                for place in {via.via for via in own.values()}:
                    unmatched.setdefault(place, {})[use.source, use.column, text] = count
    found = []
    for term in _term_specs(spec):
        place, key = str(term.at), normal(term.raw)
        if (place, key) in used or (place, key) not in known or place in hidden:
            continue
        near = _near(term.raw, unmatched.get(place, {}))
        if near is not None:
            (name, column, text), count = near
            found.append(
                issue(
                    "DATA831", f"{name}.{column}", term.at, count=count, values=[(text, count)],
                    first=first_of(sources[name], column, {text}), term=term.raw,
                )
            )  # fmt: skip
    return found


def _term_specs(spec: StudySpec) -> Iterator[TermSpec]:
    for codelist in spec.codelists:
        yield from codelist.terms
    for domain in spec.domains:
        for variable in domain.variables:
            yield from variable.terms
        for block in domain.records:
            for variable in block.variables:
                yield from variable.terms


def _near(text: str, texts: dict[tuple[str, str, str], int]) -> tuple[tuple[str, str, str], int] | None:
    """The text of the data that is most like the specification's."""
    ranked = sorted(texts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]
    best = similar(text, [key[2].strip() for key, _ in ranked])
    if not best:
        return None
    folded = best.casefold()
    return next((key, count) for key, count in ranked if key[2].strip().casefold() == folded)


def check_items(plan: Plan, sources: Sources) -> list[Issue]:
    """DATA832: an item of a tests table never occurs, and the data have a similar one that the table lacks."""
    held: dict[Location, set[tuple[str, ...]]] = {}
    items: dict[Location, tuple[str, ...]] = {}
    missing: dict[Location, dict[tuple[str, tuple[str, ...]], int]] = {}
    for domain in plan.domains:
        for block in domain.blocks:
            tests = block.tests
            if tests is None or tests.wide or block.dataset:
                continue
            if any(one.alias or block.raw_columns(one) != ((block.source, one.column),) for one in tests.by):
                continue
            source = sources[block.source]
            if not {one.column for one in tests.by} <= set(source.columns):
                continue
            found = _items(source, tests.by)
            rows = (*tests.elsewhere, *tests.discarded, *(row.by for row in tests.rows))
            table = set(map(_key, rows))
            lacking = {(source.name, one): count for one, count in found.items() if _key(one) not in table}
            for row in tests.rows:
                items[row.at] = row.by
                held.setdefault(row.at, set()).update(map(_key, found))
                missing.setdefault(row.at, {}).update(lacking)
    issues = []
    for at, item in items.items():
        if _key(item) in held[at] or not missing[at]:
            continue
        texts = {" + ".join(one): (name, one, count) for (name, one), count in missing[at].items()}
        best = similar(" + ".join(item), list(texts)[:MOST])
        if best:
            name, one, count = texts[best]
            issues.append(
                issue(
                    "DATA832", name, at, count=count, values=[(" + ".join(one), count)], item=" + ".join(item)
                )
            )
    return issues


def _key(item: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(normal, item))


def _items(source: Source, by: Sequence[ColumnRef]) -> dict[tuple[str, ...], int]:
    """The distinct items of the open records, and how many records have each."""
    frame = source.frame[[one.column for one in by]].iloc[source.open]
    counted = frame.groupby(list(frame.columns), sort=False).size()
    found: dict[tuple[str, ...], int] = {}
    for key, count in counted.items():
        texts = key if isinstance(key, tuple) else (key,)
        item = tuple(str(text).strip() for text in texts)
        found[item] = found.get(item, 0) + int(count)
    return found


def check_values(plan: Plan, sources: Sources) -> list[Issue]:
    """DATA833: a value of a clause never occurs in its column, and the column has a similar one."""
    found = []
    for asked in clauses(plan):
        for condition in conditions(asked.test.clause):
            if condition.comparator in _EQUAL:
                found += _of_condition(asked, condition, sources)
    for name in sources:
        source = sources[name]
        for discard in source.spec.unsubmitted_rows:
            for condition in conditions(discard.when):
                if condition.comparator in _EQUAL:
                    held = _every_text(source, condition.name)
                    found += _unheard(condition, source, condition.name, held, source.name)
    return found


def _of_condition(asked: Asked, condition: Condition, sources: Sources) -> list[Issue]:
    ref = asked.test.names.get(condition.name)
    if not isinstance(ref, ColumnRef):
        return []
    pairs = _columns(asked.block, ref)
    if len(pairs) != 1 or pairs[0][1] not in sources[pairs[0][0]].columns:
        return []
    source, column = sources[pairs[0][0]], pairs[0][1]
    held = _every_text(source, column)
    unasked = [text for text in condition.values if text not in asked.test.names]
    return _unheard(condition, source, column, held, asked.target, unasked)


def _columns(block: BlockPlan, ref: ColumnRef) -> tuple[tuple[str, str], ...]:
    try:
        return block.raw_columns(ref)
    except KeyError:  # an alias that another block joins
        return ()


def _every_text(source: Source, column: str) -> dict[str, int]:
    """The texts of all records: a clause may be there to leave some of them out."""
    if column not in source.columns:
        return {}
    encoded = distinct(source.frame[column])
    found: dict[str, int] = {}
    for text, count in zip(encoded.values, encoded.counts().tolist(), strict=True):
        if text.strip():
            found[text.strip()] = found.get(text.strip(), 0) + count
    return found


def _unheard(
    condition: Condition, source: Source, column: str, held: dict[str, int], target: str,
    values: Sequence[str] | None = None,
) -> list[Issue]:  # fmt: skip
    asked = {text.strip() for text in condition.values}
    found = []
    for text in condition.values if values is None else values:
        others = {one: count for one, count in held.items() if one not in asked}
        if not text.strip() or text.strip() in held or len(others) > MOST:
            continue
        best = similar(text.strip(), list(others))
        if best:
            at = condition.at if condition.at.file else source.spec.at
            found.append(
                issue(
                    "DATA833", target, at, count=others[best], values=[(best, others[best])],
                    value=text, column=column, source=source.name,
                )
            )  # fmt: skip
    return found
