"""Collected texts in English, for agencies that read English: by the study's table, the whole text or nothing.

Only what is submitted is translated: conditions, methods, order and --SEQ work on the texts as they were collected, so
that a record has the same number whatever the agency.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.dataset import Dataset, arrow, distinct
from sdtm_il2.errors import NOWHERE, Issue, Location, Severity, SpecError, issue
from sdtm_il2.lineage import TranslationUse
from sdtm_il2.methods.view import DomainRecords, Partition, View
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import Literal, Rule
from sdtm_il2.plan.model import Plan, VariablePlan
from sdtm_il2.spec.study import TranslationRow

#: What a record has instead of a row of the table: its text is ASCII, or no row translates it.
AS_IT_IS, MISSING = -1, -2

Rows = npt.NDArray[np.int32]


def translations(rows: Sequence[TranslationRow]) -> Mapping[tuple[str, str], int]:
    """The number of each row by variable ("" for every one) and text."""
    return {(row.variable, row.text): number for number, row in enumerate(rows)}


def in_english(
    column: pd.Series, variable: str, rows: Sequence[TranslationRow], known: Mapping[tuple[str, str], int]
) -> tuple[pd.Series, Rows | None]:
    """A text that is not ASCII becomes the English text of its row; a row for the variable beats one for all.

    Gives the column and the number of each record's row (`AS_IT_IS`, `MISSING`), or None where every text is
    ASCII. A text without a row stays.

    >>> rows = [TranslationRow("发热", "Fever")]
    >>> texts = pd.Series(["发热 ", "Rash", "咳嗽"], dtype="str")
    >>> column, numbers = in_english(texts, "AE.AETERM", rows, translations(rows))
    >>> column.tolist(), numbers.tolist()
    (['Fever', 'Rash', '咳嗽'], [0, -1, -2])
    """
    if column.dtype == np.float64 or pc.all(pc.string_is_ascii(arrow(column))).as_py() in (True, None):
        return column, None
    one = distinct(column)
    numbers = [
        AS_IT_IS
        if text.isascii()
        else known.get((variable, text.strip()), known.get(("", text.strip()), MISSING))
        for text in one.values
    ]
    texts = [
        rows[number].en if number >= 0 else text for number, text in zip(numbers, one.values, strict=True)
    ]
    return one.spread(texts), np.array(numbers, np.int32)[one.codes]


def variable_in_english(
    partition: Partition, records: DomainRecords, variable: VariablePlan, column: pd.Series, *, part: int = 0
) -> pd.Series:
    """A variable's values as they are submitted; DATA890 where a text has no row.

    ``part`` counts the single answers beside a variable with several ticked boxes (0: the variable itself).
    """
    if not partition.plan.receiver.english:
        return column
    target = f"{records.plan.domain}.{variable.name}"
    found, numbers = in_english(column, target, partition.plan.translations, partition.known_texts)
    order = records.order
    assert order is not None
    _keep_english(partition, target, column, order)
    if numbers is None:
        return found
    _count(partition, target, column, numbers, order)
    if not part:
        records.translations[variable.name] = np.maximum(numbers[order], AS_IT_IS)
    missing = np.zeros(len(records), bool)
    missing[order] = numbers[order] == MISSING
    for index in range(len(records.blocks)):
        place = records.block_slice(index)
        values = column.iloc[place].reset_index(drop=True)
        View(partition, records, index).report(
            "DATA890",
            missing[place],
            values,
            at=variable.at,
            target=target,
            agency=partition.plan.receiver.title,
        )
    return found


def plan_as_submitted(plan: Plan) -> Plan:
    """The plan with the constants of its tests tables and its fixed values as they stand in the datasets.

    Define-XML tells value levels, names of tests and terms by what the datasets hold. An agency that does not read
    English gets the plan as it is.
    """
    if not plan.receiver.english or not plan.translations:
        return plan
    known = translations(plan.translations)

    def english(text: str, variable: str = "") -> str:
        number = known.get((variable, text.strip()), known.get(("", text.strip())))
        return plan.translations[number].en if number is not None else text

    def rule_of(rule: Rule | None, target: str) -> Rule | None:
        if rule is None or rule.call.method != "hardcode":
            return rule
        arguments = tuple(
            replace(one, text=english(one.text, target)) if isinstance(one, Literal) else one
            for one in rule.call.arguments
        )
        return replace(rule, call=replace(rule.call, arguments=arguments))

    def block_of(block: BlockPlan, domain: str) -> BlockPlan:
        if block.tests is None:
            return block
        rows = tuple(
            replace(
                row,
                variables={name: english(text, f"{domain}.{name}") for name, text in row.variables.items()},
            )
            for row in block.tests.rows
        )
        return replace(block, tests=replace(block.tests, rows=rows))

    domains = tuple(
        replace(
            domain,
            blocks=tuple(block_of(block, domain.domain) for block in domain.blocks),
            variables=tuple(
                replace(one, rules=tuple(rule_of(rule, f"{domain.domain}.{one.name}") for rule in one.rules))
                for one in domain.variables
            ),
        )
        for domain in plan.domains
    )
    return replace(
        plan,
        domains=domains,
        sponsor_terms={
            name: tuple(english(one) for one in terms) for name, terms in plan.sponsor_terms.items()
        },
    )


def dataset_in_english(
    partition: Partition, dataset: Dataset, at: Location
) -> tuple[Dataset, dict[str, Rows]]:
    """A dataset that is no domain (RELREC) as it is submitted, and the rows by variable; DATA890."""
    if not partition.plan.receiver.english:
        return dataset, {}
    frame, used = dataset.frame.copy(), {}
    for column in dataset.columns:
        target = f"{dataset.name}.{column.name}"
        texts = frame[column.name]
        found, numbers = in_english(texts, target, partition.plan.translations, partition.known_texts)
        everywhere = np.arange(len(frame), dtype=np.int64)
        _keep_english(partition, target, texts, everywhere)
        if numbers is None:
            continue
        _count(partition, target, texts, numbers, everywhere)
        used[column.name] = np.maximum(numbers, AS_IT_IS)
        frame[column.name] = found
        missing = numbers == MISSING
        if missing.any():
            one = distinct(texts)
            counts = one.counts(missing).tolist()
            values = [(text, count) for text, count in zip(one.values, counts, strict=True) if count]
            told = issue(
                "DATA890", target, at, count=int(missing.sum()), agency=partition.plan.receiver.title
            )
            partition.issues.append(replace(told, values=tuple(values), distinct=len(values)))
    return Dataset(dataset.name, dataset.label, dataset.columns, frame), used


def _count(
    partition: Partition, target: str, column: pd.Series, numbers: Rows, order: npt.NDArray[np.int64]
) -> None:
    """Keep what was translated by which row, and what was not, with the number of records.

    A record with several ticked boxes holds several texts, and is one record with a translation all the same.
    """
    hits = numbers[order] >= 0
    if hits.any():
        before = partition.translated.get(target)
        partition.translated[target] = hits if before is None else before | hits
    one = distinct(column)
    first = np.zeros(len(one.values), np.int32)
    first[one.codes] = numbers
    counts = np.bincount(one.codes[order], minlength=len(one.values)).tolist()
    for text, number, count in zip(one.values, first.tolist(), counts, strict=True):
        if count and number != AS_IT_IS:
            key = (target, text.strip(), number)
            partition.texts[key] = partition.texts.get(key, 0) + count


def _keep_english(partition: Partition, target: str, column: pd.Series, order: npt.NDArray[np.int64]) -> None:
    """Keep the texts of an identifier that were collected as another text is translated, with their records."""
    plan = partition.plan
    if column.dtype == np.float64 or target not in _identifiers(plan) | _tied(plan):
        return
    english = pa.array(sorted({row.en for row in plan.translations}), pa.large_string())
    texts = pc.utf8_trim_whitespace(arrow(column).take(pa.array(order)))
    for one in pc.value_counts(texts.filter(pc.is_in(texts, value_set=english))).to_pylist():
        key = (target, one["values"], AS_IT_IS)
        partition.texts[key] = partition.texts.get(key, 0) + one["counts"]


def _identifiers(plan: Plan) -> set[str]:
    """The variables that tie records or tell them apart."""
    return {
        f"{domain.domain}.{one.name}"
        for domain in plan.domains
        for one in domain.variables
        if one.role == "Identifier"
    } | {"RELREC.RELID"}


def _tied(plan: Plan) -> set[str]:
    """The variables by which RELREC ties datasets."""
    return {f"{domain}.{name}" for one in plan.relationships for domain, name, _ in one.datasets}


def _total(found: Iterable[Mapping[tuple[str, str, int], int]]) -> dict[tuple[str, str, int], int]:
    """What the partitions counted, added up."""
    total: dict[tuple[str, str, int], int] = {}
    for part in found:
        for key, count in part.items():
            total[key] = total.get(key, 0) + count
    return total


def translation_uses(
    plan: Plan, found: Iterable[Mapping[tuple[str, str, int], int]]
) -> tuple[TranslationUse, ...]:
    """What the partitions translated, added up: by variable, then in the order of the table; untranslated texts last."""
    uses = []
    for (variable, text, number), count in sorted(
        ((key, count) for key, count in _total(found).items() if key[2] != AS_IT_IS),
        key=lambda one: (one[0][0], one[0][2] < 0, one[0][2], one[0][1]),
    ):
        row = plan.translations[number] if number >= 0 else TranslationRow(text, "")
        uses.append(TranslationUse(variable, text, row.en, row.at, count))
    return tuple(uses)


def translated_variables(plan: Plan, uses: Iterable[TranslationUse]) -> frozenset[str]:
    """The variables of files that hold translations; a supplemental qualifier is QVAL of its SUPP--."""
    found = set()
    for use in uses:
        domain, _, name = use.variable.partition(".")
        planned = next((one.variable(name) for one in plan.domains if one.domain == domain), None)
        if use.en:
            supplemental = planned is not None and planned.supplemental is not None
            found.add(f"SUPP{domain}.QVAL" if supplemental else use.variable)
    return frozenset(found)


def unused_rows(plan: Plan, uses: Iterable[TranslationUse]) -> tuple[Issue, ...]:
    """DATA891: the rows of each table whose text does not occur, in one note a table."""
    used = {one.at for one in uses}
    used |= {plan.translations[number].at for number in plan.labels_translated}
    left: dict[str, list[TranslationRow]] = {}
    for row in plan.translations:
        if row.at not in used:
            left.setdefault(row.at.file, []).append(row)
    return tuple(
        issue(
            "DATA891", at=rows[0].at, number=len(rows), lines=_lines([row.at.line for row in rows]),
            values=[(row.text, 1) for row in rows],
        )
        for rows in left.values()
    )  # fmt: skip


def merged_identifiers(
    plan: Plan, uses: Iterable[TranslationUse], found: Iterable[Mapping[tuple[str, str, int], int]] = ()
) -> tuple[Issue, ...]:
    """Identifiers by which translation ties what was apart (DATA892), or parts what was tied (DATA893).

    DATA892: texts of an identifier, of RELREC.RELID, or of the variables by which RELREC ties datasets, that were
    different and have one English text, which may have been collected as it is (``found`` of the partitions).
    DATA893: a text of the variables by which RELREC ties datasets that has several.
    """
    uses = tuple(one for one in uses if one.en)
    collected = tuple(
        TranslationUse(variable, text, text, NOWHERE, count)
        for (variable, text, number), count in sorted(_total(found).items())
        if number == AS_IT_IS
    )
    groups = [{one} for one in sorted(_identifiers(plan))]
    groups += [{f"{domain}.{name}" for domain, name, _ in one.datasets} for one in plan.relationships]
    merged: list[list[TranslationUse]] = []
    for group in groups:
        same: dict[str, list[TranslationUse]] = {}
        for use in (*uses, *collected):
            if use.variable in group:
                same.setdefault(use.en, []).append(use)
        merged += [
            several
            for several in same.values()
            if len({one.text for one in several}) > 1
            # two variables that are tied merge no more than one of them does
            and not any({one.text for one in several} <= {one.text for one in other} for other in merged
                        if {one.variable for one in other} <= group and other[0].en == several[0].en)
        ]  # fmt: skip
    links: dict[tuple[int, str], dict[str, TranslationUse]] = {}
    for number, relation in enumerate(plan.relationships):
        tied = {f"{domain}.{name}" for domain, name, _ in relation.datasets}
        for use in uses:
            if use.variable in tied:
                links.setdefault((number, use.text), {}).setdefault(use.en, use)
    parted = [tuple(several.values()) for several in links.values() if len(several) > 1]
    return tuple(
        issue(
            "DATA893", one[-1].variable, one[-1].at, other=one[0].at, variable=one[0].variable,
            values=[(use.text, use.count) for use in one[:1]],
        )
        for one in parted
    ) + tuple(
        issue(
            "DATA892", _translated(several)[-1].variable, _translated(several)[-1].at,
            number=len({one.text for one in several}), other=_others(several),
            values=[(one.text, one.count) for one in several],
        )
        for several in merged
    )  # fmt: skip


def _translated(several: Sequence[TranslationUse]) -> list[TranslationUse]:
    """Those of several texts that a row translates."""
    return [one for one in several if one.at != NOWHERE]


def _others(several: Sequence[TranslationUse]) -> str:
    """Where the other texts with an English text stand: in a row, or in the data themselves."""
    rows = [f"{one.at}" for one in _translated(several)]
    places = [f"see {rows[0]}"] if len(set(rows)) > 1 else []
    collected = [one.variable for one in several if one.at == NOWHERE]
    places += [f"one of them collected in English in {' and '.join(collected)}"] if collected else []
    return ", ".join(places)


def _lines(numbers: Sequence[int]) -> str:
    """Lines in words: ``line 4``, ``lines 4, 7 and 9``; of many the first ten.

    >>> _lines([4]), _lines([4, 7, 9])
    ('line 4', 'lines 4, 7 and 9')
    """
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    shown = [str(one) for one in numbers[:10]]
    rest = len(numbers) - len(shown)
    last = f"{rest} more" if rest else shown.pop()
    return f"lines {', '.join(shown)} and {last}"


def untranslated_labels(error: SpecError) -> list[TranslationUse]:
    """The labels that a refused specification has no English text for (SPEC117); raises it if that is not all."""
    errors = [one for one in error.issues if one.severity is Severity.ERROR]
    if any(one.code != "SPEC117" for one in errors):
        raise error
    return [
        TranslationUse(f"the label of {one.target}", text.strip(), "", one.at, count)
        for one in errors
        for text, count in one.values
    ]


def missing_texts(uses: Iterable[TranslationUse]) -> dict[str, list[str]]:
    """The texts that no row translates, each with where it occurs and how often.

    >>> missing_texts([TranslationUse("AE.AETERM", "发热", "", Location(), 3)])
    {'发热': ['3 in AE.AETERM']}
    """
    found: dict[str, list[str]] = {}
    for use in uses:
        if not use.en:
            found.setdefault(use.text, []).append(f"{use.count} in {use.variable}")
    return found


def table_to_fill_in(texts: Mapping[str, Sequence[str]]) -> str:
    """A translations table without English texts; `note` says where a text occurs.

    >>> print(table_to_fill_in({"发热": ["3 in AE.AETERM"]}), end="")
    text,en,note
    发热,,3 in AE.AETERM
    """
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["text", "en", "note"])
    rows.writerows([text, "", "; ".join(places)] for text, places in texts.items())
    return stream.getvalue()
