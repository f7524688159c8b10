"""From the columns of a domain to datasets: types, order and --SEQ, keys, SUPP--, long text, summary."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sdtm_il2.agency import byte_length
from sdtm_il2.dataset import (
    Column,
    Dataset,
    VariableType,
    arrow,
    char,
    constant,
    distinct,
    longest_bytes,
    ranks,
    take,
)
from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.methods.evaluate import filled, number_text
from sdtm_il2.methods.view import DomainRecords, Partition, View
from sdtm_il2.plan.model import DomainPlan, Plan, VariablePlan
from sdtm_il2.plan.number import natural, number
from sdtm_il2.translate import variable_in_english

#: XPORT v5 and SDTM hold at most this many bytes in one character value.
MAX_TEXT = 200

SUPPLEMENTAL_COLUMNS = (
    Column("STUDYID", "Study Identifier"),
    Column("RDOMAIN", "Related Domain Abbreviation"),
    Column("USUBJID", "Unique Subject Identifier"),
    Column("IDVAR", "Identifying Variable"),
    Column("IDVARVAL", "Identifying Variable Value"),
    Column("QNAM", "Qualifier Variable Name"),
    Column("QLABEL", "Qualifier Variable Label"),
    Column("QVAL", "Data Value"),
    Column("QORIG", "Origin"),
    Column("QEVAL", "Evaluator"),
)


def typed(
    view: View, column: pd.Series, type_: VariableType, decimal: str = ".", at: Location = NOWHERE
) -> pd.Series:
    """A method's column in the variable's type; text that is no number is DATA804 and is not kept."""
    if type_ == "Char":
        return number_text(column) if column.dtype == np.float64 else column
    if column.dtype == np.float64:
        return column
    encoded = distinct(column)
    texts = [text.replace(",", ".") if decimal == "," else text for text in encoded.values]
    numbers = [number(text) for text in texts]
    values = np.array([np.nan if one is None else float(one) for one in numbers], np.float64)
    bad = ~np.isfinite(values) & np.array([bool(text.strip()) for text in texts], bool)
    values = np.where(bad, np.nan, values)
    if not len(column):
        return pd.Series(np.empty(0, np.float64))
    view.report("DATA804", bad[encoded.codes], column, at=at)
    # an integer or a decimal of more digits than a double holds is not the number that was collected
    lost = [
        one is not None and bool(np.isfinite(value)) and Decimal(repr(float(value))) != one
        for one, value in zip(numbers, values, strict=True)
    ]
    view.report("DATA826", np.array(lost, bool)[encoded.codes], column, at=at)
    return pd.Series(values[encoded.codes])


def order_records(records: DomainRecords) -> npt.NDArray[np.int64]:
    """The submitted records by subject, then `sort` (else `keys`): missing first, text by code point, ties in raw order."""
    plan = records.plan
    rows = np.arange(len(records)) if records.submitted is None else np.flatnonzero(records.submitted)
    subjects = records.subjects[rows].astype(np.int64)
    if plan.sort_file:
        return rows[np.argsort(subjects, kind="stable")].astype(np.int64)
    combined, size = subjects + 1, int(subjects.max(initial=0)) + 2
    levels: list[npt.NDArray[np.int64]] = []
    for name in plan.sort:
        if name not in records.columns:
            continue
        rank, count = ranks(take(records.columns[name], rows.astype(np.int64)))
        if size * max(count, 1) >= 1 << 62:
            levels.append(combined)
            combined, size = rank, max(count, 1)
        else:
            combined, size = combined * max(count, 1) + rank, size * max(count, 1)
    levels.append(combined)
    if len(levels) == 1:
        return rows[np.argsort(combined, kind="stable")].astype(np.int64)
    return rows[np.lexsort(levels[::-1])].astype(np.int64)


def sequence(records: DomainRecords) -> pd.Series:
    """--SEQ: 1, 2, 3 ... within the subject, in the order of the records; missing where a record is not submitted."""
    order = records.order
    assert order is not None
    result = np.full(len(records), np.nan)
    subjects = records.subjects[order]
    topic = next((one.name for one in records.plan.variables if one.role == "Topic"), "")
    if len(order) and bool((subjects < 0).all()) and topic in records.columns:
        # study-level records are numbered within their topic: TSSEQ within TSPARMCD
        subjects = ranks(take(records.columns[topic], order))[0].astype(np.int32)
    if len(order):
        starts = np.flatnonzero(np.append(True, subjects[1:] != subjects[:-1]))
        lengths = np.diff(np.append(starts, len(order)))
        result[order] = np.arange(len(order)) - np.repeat(starts, lengths) + 1
    return pd.Series(result)


def domain_datasets(
    partition: Partition, records: DomainRecords
) -> tuple[Dataset, Dataset | None, npt.NDArray[np.int64]]:
    """The dataset of a domain, its SUPP-- if anything goes there, and the record that each supplemental row belongs to."""
    plan = records.plan
    assert records.order is not None
    order = records.order
    columns: list[Column] = []
    values: dict[str, pd.Series] = {}
    extra: list[tuple[VariablePlan, pd.Series, str, str]] = []
    most = 0
    for variable in plan.variables:
        column = take(
            variable_in_english(partition, records, variable, records.columns[variable.name]), order
        )
        rest: tuple[pd.Series, ...] = ()
        label = qualifier_label(partition.plan, plan.domain, variable)
        for place, answer in enumerate(_answers(records, variable.name), 1):
            answer = variable_in_english(partition, records, variable, answer, part=place)
            extra.append((variable, take(answer, order), continued_name(variable.name, place), label))
        if variable.type == "Char":
            column, rest = split_long(column, partition.plan.encoding)
        if not variable.continued:
            extra += [(variable, part, "", label) for part in rest]
            most = max(most, len(rest))
        if variable.supplemental is not None:
            extra.append((variable, column, variable.name, label))
            continue
        columns.append(Column(variable.name, variable.label, variable.type))
        values[variable.name] = column
        for place, part in enumerate(rest if variable.continued else (), 1):
            name = continued_name(variable.name, place)
            columns.append(Column(name, variable.label, "Char"))
            values[name] = part
    frame = pd.DataFrame(values, copy=False)
    dataset = Dataset(plan.domain, plan.label, tuple(columns), frame)
    _check_keys(partition, records, frame)
    sizes = [len(block) for block in records.blocks]
    made_by = np.repeat(np.arange(len(sizes)), sizes)[order]
    supplement, parents = _supplemental(plan, frame, _named(plan, extra, most), made_by)
    if supplement is not None:
        _check_references(partition, records, frame, supplement.frame, parents)
    return dataset, supplement, parents


def qualifier_label(plan: Plan, domain: str, variable: VariablePlan) -> str:
    """QLABEL of a supplemental value: Chinese where the files bear Chinese labels and one is stated."""
    return (plan.label_zh(domain, variable.name) if plan.chinese_labels else "") or variable.label


def _answers(records: DomainRecords, variable: str) -> list[pd.Series]:
    """The single answers of a variable with several ticked boxes, over all blocks."""
    by_block = records.answers.get(variable, {})
    most = max((len(parts) for parts in by_block.values()), default=0)
    whole: list[pd.Series] = []
    for place in range(most):
        pieces = []
        for index, block in enumerate(records.blocks):
            parts = by_block.get(index, [])
            pieces.append(arrow(parts[place] if place < len(parts) else constant("", len(block))))
        whole.append(char(pa.chunked_array(pieces, pa.large_string())))
    return whole


def split_long(
    column: pd.Series, encoding: str = "utf-8", limit: int = MAX_TEXT
) -> tuple[pd.Series, tuple[pd.Series, ...]]:
    """Text over 200 bytes cut between words into parts of at most 200 bytes: the first part, and the rest (SDTMIG 4.5.3).

    >>> first, rest = split_long(char(["word " * 50]))
    >>> len(first[0]), len(rest), len(rest[0][0])
    (199, 1, 51)
    """
    if longest_bytes(column, encoding) <= limit:
        return column, ()
    encoded = distinct(column)
    parts = [cut_text(text, limit, encoding) for text in encoded.values]
    most = max(len(one) for one in parts)
    spread = [
        encoded.spread([one[place] if place < len(one) else "" for one in parts]) for place in range(most)
    ]
    return spread[0], tuple(spread[1:])


#: Control characters, marks of direction and characters without width: nobody sees them, and they part equal texts.
_INVISIBLE = r"[\x00-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}]"


def invisible(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Which texts hold a character that is not seen: a control character, a line break, a mark of direction.

    >>> invisible(char(["Fever", "Fe\\x07ver", "two\\nlines", "中文"])).tolist()
    [False, True, True, False]
    """
    found = pc.match_substring_regex(arrow(column), _INVISIBLE)
    mask: npt.NDArray[np.bool_] = found.to_numpy(zero_copy_only=False).astype(bool)
    return mask


def cut_text(text: str, limit: int = MAX_TEXT, encoding: str = "utf-8") -> list[str]:
    """A text in parts of at most `limit` bytes, cut before a blank where there is one; joined they are the text.

    A part never ends with a blank, because XPORT does not keep those: the next part begins with it. (Only a
    run of blanks as long as the limit has no such place.)

    >>> cut_text("to be or not", 6), cut_text("中文字", 6)
    (['to be', ' or', ' not'], ['中文', '字'])
    """
    parts: list[str] = []
    start = 0
    # a character has a byte at least: only a short rest is measured, only the next part is looked at
    while len(text) - start > limit or byte_length(text[start:], encoding) > limit:
        near = text[start : start + limit + 1]
        sizes = accumulate(byte_length(one, encoding) for one in near)
        end = next(place for place, size in enumerate(sizes) if size > limit)
        blank = near.rfind(" ", 1, end + 1)
        before = len(near[: blank + 1].rstrip(" ")) if blank > 0 else 0
        parts.append(near[: before or end])
        start += before or end
    parts.append(text[start:])
    return parts


def continued_name(variable: str, place: int) -> str:
    """The QNAM of a continued text: the variable's name with a digit, within 8 characters.

    >>> continued_name("AETERM", 1), continued_name("MHDECODX", 2)
    ('AETERM1', 'MHDECOD2')
    """
    digits = str(place)
    return variable[: 8 - len(digits)] + digits


def continued_names(variables: Sequence[str], places: int) -> dict[tuple[str, int], str]:
    """The QNAM of each part of each variable; a name that another variable has is shortened further.

    >>> continued_names(["AETERM", "AETERM1"], 1)
    {('AETERM', 1): 'AETER1', ('AETERM1', 1): 'AETERM11'}
    """
    taken = set(variables)
    names: dict[tuple[str, int], str] = {}
    for place in range(1, places + 1):
        for variable in variables:
            stems = (variable[:size] for size in range(len(variable), 0, -1))
            names[variable, place] = next(
                (name for stem in stems if (name := continued_name(stem, place)) not in taken),
                continued_name(variable, place),
            )
            taken.add(names[variable, place])
    return names


def _named(
    plan: DomainPlan, extra: Sequence[tuple[VariablePlan, pd.Series, str, str]], places: int
) -> list[tuple[VariablePlan, pd.Series, str, str]]:
    """The parts of long texts with their QNAM: by the plan alone, so that every partition gives the same."""
    names = continued_names([one.name for one in plan.variables], places)
    seen: dict[str, int] = {}
    found = []
    for variable, column, name, label in extra:
        if not name:
            seen[variable.name] = seen.get(variable.name, 0) + 1
            name = names[variable.name, seen[variable.name]]
        found.append((variable, column, name, label))
    return found


def _supplemental(
    plan: DomainPlan,
    frame: pd.DataFrame,
    extra: Sequence[tuple[VariablePlan, pd.Series, str, str]],
    made_by: npt.NDArray[np.int64],
) -> tuple[Dataset | None, npt.NDArray[np.int64]]:
    """SUPP--: one record for each filled supplemental value, by subject, IDVAR, IDVARVAL (numbers as such) and QNAM.

    ``made_by`` is the number of the block that made each record of the parent: QORIG is that of its rule.
    """
    pieces: list[npt.NDArray[np.int64]] = []
    numbers: list[npt.NDArray[np.int64]] = []
    ranked = sorted(extra, key=lambda one: one[2])
    for place, (_, column, _, _) in enumerate(ranked):
        found = np.flatnonzero(filled(column)).astype(np.int64)
        pieces.append(found)
        numbers.append(np.full(len(found), place, np.int64))
    if not any(len(one) for one in pieces):
        return None, np.empty(0, np.int64)
    parents, number_of = np.concatenate(pieces), np.concatenate(numbers)
    order = np.argsort(parents * len(ranked) + number_of, kind="stable")
    values = pa.chunked_array([arrow(take(one[1], found)) for one, found in zip(ranked, pieces, strict=True)])
    qval = char(values.combine_chunks().take(pa.array(order)))
    parents, number_of = parents[order], number_of[order]
    idvars = [one[0].supplemental.idvar if one[0].supplemental else f"{plan.domain}SEQ" for one in ranked]
    present = [name if name in frame.columns else "" for name in idvars]

    def of(texts: Sequence[str]) -> pd.Series:
        return char(pa.array(texts, pa.large_string()).take(pa.array(number_of)))

    identifiers: dict[str, pd.Series] = {
        name: _as_text(frame[name]) for name in dict.fromkeys(present) if name
    }
    idvarval = constant("", len(parents))
    for name, column in identifiers.items():
        chosen = np.array([one == name for one in present], bool)[number_of]
        text = take(column, parents)
        idvarval = text if chosen.all() else char(pc.if_else(pa.array(chosen), arrow(text), arrow(idvarval)))
    origins = [_qorig(one[0], block) for one in ranked for block in range(len(plan.blocks))]
    origin_of = number_of * len(plan.blocks) + made_by[parents]
    evaluators = [one[0].supplemental.evaluator if one[0].supplemental else "" for one in ranked]
    data = {
        "STUDYID": take(frame["STUDYID"], parents),
        "RDOMAIN": constant(plan.domain, len(parents)),
        "USUBJID": take(frame["USUBJID"], parents) if "USUBJID" in frame else constant("", len(parents)),
        "IDVAR": of(present),
        "IDVARVAL": idvarval,
        "QNAM": of([one[2] for one in ranked]),
        "QLABEL": of([one[3] for one in ranked]),
        "QVAL": qval,
        "QORIG": char(pa.array(origins, pa.large_string()).take(pa.array(origin_of))),
        "QEVAL": of(evaluators),
    }
    if any(name != f"{plan.domain}SEQ" for name in present):  # the order of the parents is that of --SEQ
        subject, idvar, value = (ranks(data[one], natural)[0] for one in ("USUBJID", "IDVAR", "IDVARVAL"))
        subjects = np.append(False, subject[1:] != subject[:-1]).cumsum()
        order = np.lexsort((number_of, value, idvar, subjects)).astype(np.int64)
        data = {one: take(column, order) for one, column in data.items()}
        parents = parents[order]
    label = supplement_label(plan.domain)
    return Dataset(f"SUPP{plan.domain}", label, SUPPLEMENTAL_COLUMNS, pd.DataFrame(data, copy=False)), parents


def supplement_label(dataset: str) -> str:
    """The label of the SUPP-- of a dataset."""
    return f"Supplemental Qualifiers for {dataset}"


def _qorig(variable: VariablePlan, block: int) -> str:
    """QORIG as SDTM writes it: the type of the origin in upper case (COLLECTED is CRF or eDT in older guides)."""
    rule = variable.rules[block]
    return rule.origin.split(" by ")[0].upper() if rule is not None else ""


def _as_text(column: pd.Series) -> pd.Series:
    return number_text(column) if column.dtype == np.float64 else column


def _check_keys(partition: Partition, records: DomainRecords, frame: pd.DataFrame) -> None:
    """DATA815: records that the natural key does not tell apart."""
    plan = records.plan
    names = [name for name in plan.keys if name in frame.columns]
    if not names or not len(frame):
        return
    combined = np.zeros(len(frame), np.int64)
    for name in names:
        codes = _codes(frame[name])
        width = int(codes.max(initial=0)) + 1
        if int(combined.max()) >= (1 << 62) // max(width, 1):
            combined = pd.factorize(combined)[0].astype(np.int64)
        combined = combined * width + codes
    repeated = pd.Series(combined).duplicated(keep=False).to_numpy()
    if not repeated.any():
        return
    assert records.order is not None
    mask = np.zeros(len(records), bool)
    mask[records.order[repeated]] = True
    for index, block in enumerate(records.blocks):
        view = View(partition, records, index)
        own = mask[records.block_slice(index)]
        if own.any() and len(block):
            code = "DATA816" if plan.keys_not_unique else "DATA815"
            keys = ", ".join(plan.identity) or "USUBJID"
            view.report(
                code,
                own,
                at=plan.keys_at if plan.keys_at.file else plan.at,
                target=plan.domain,
                keys=keys,
                reason=plan.keys_not_unique.en,
            )


def _check_references(
    partition: Partition,
    records: DomainRecords,
    frame: pd.DataFrame,
    supplement: pd.DataFrame,
    parents: npt.NDArray[np.int64],
) -> None:
    """DATA827: supplemental values whose `idvar` is empty, or the same in several records of the subject."""
    plan = records.plan
    assert records.order is not None
    for variable in plan.variables:
        idvar = variable.supplemental.idvar if variable.supplemental else ""
        if idvar not in frame.columns or idvar == f"{plan.domain}SEQ":
            continue
        subject = [name for name in ("USUBJID",) if name in frame.columns]
        open_ = frame[[*subject, idvar]].duplicated(keep=False).to_numpy(bool) | ~filled(frame[idvar])
        own = parents[(supplement["QNAM"] == variable.name).to_numpy(bool)]
        mask = np.zeros(len(records), bool)
        mask[records.order[own[open_[own]]]] = True
        for index in range(len(records.blocks)):
            of_block = mask[records.block_slice(index)]
            if of_block.any():
                target = f"SUPP{plan.domain}.{variable.name}"
                View(partition, records, index).report(
                    "DATA827", of_block, at=variable.at, target=target, idvar=idvar
                )


def _codes(column: pd.Series) -> npt.NDArray[np.int64]:
    if column.dtype == np.float64:
        return pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)
    return distinct(column).codes.astype(np.int64)
