"""Dates: datetime, study days, earliest and latest, age."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sdtm_il2.dataset import arrow, char, distinct, take
from sdtm_il2.errors import issue
from sdtm_il2.iso8601 import DateStatus, ages, between, parse_date_times, parse_dates, study_days, truncate
from sdtm_il2.iso8601 import earliest as earliest_of
from sdtm_il2.iso8601 import latest as latest_of
from sdtm_il2.methods.evaluate import evaluate, filled, method, number_text, select_by, where
from sdtm_il2.methods.view import DomainRecords, Mask, View
from sdtm_il2.methods.visit_records import source_view
from sdtm_il2.plan.calls import Call, ColumnRef, Literal, VariableRef, normal
from sdtm_il2.plan.durations import DURATIONS
from sdtm_il2.plan.number import number, plain

_STATUS_CODES = {
    DateStatus.NO_FORMAT: "DATA806",
    DateStatus.IMPOSSIBLE: "DATA807",
    DateStatus.AMBIGUOUS: "DATA808",
    DateStatus.DATE_INCOMPLETE: "DATA809",
    DateStatus.TIME_NO_FORMAT: "DATA810",
    DateStatus.TIME_IMPOSSIBLE: "DATA810",
}


@method("datetime")
def datetime(view: View, call: Call) -> pd.Series:
    """ISO 8601 of a raw date, or of a date and a time; what fits no format or no calendar is reported, not kept."""
    columns = [evaluate(view, one) for one in call.arguments]  # type: ignore[arg-type]
    options = call.options
    pivot = int(options.pivot) if options.pivot else None
    if len(columns) == 2:
        parsed = parse_date_times(columns[0], columns[1], options.formats, options.unknown, pivot)
    else:
        parsed = parse_dates(columns[0], options.formats, options.unknown, pivot)
    present = set(np.unique(parsed.status).tolist()) - {int(DateStatus.MISSING), int(DateStatus.PARSED)}
    names = " and ".join(str(one) for one in call.arguments if isinstance(one, ColumnRef))
    for status in sorted(present):
        code = _STATUS_CODES[DateStatus(status)]
        values = columns[-1] if code in ("DATA809", "DATA810") else columns[0]
        concerned = parsed.status == status
        by_pair = _clashing(columns, concerned, call) if code == "DATA808" else {"": concerned}
        for pair, mask in sorted(by_pair.items()):
            view.report(
                code, mask, values, at=call.at, column=names, formats=", ".join(options.formats), pairs=pair
            )
    return char(pa.array(parsed.iso.array))


def _clashing(columns: list[pd.Series], concerned: Mask, call: Call) -> dict[str, Mask]:
    """The ambiguous records by the formats that clash: one issue a pair, whatever the partition holds."""
    options = call.options
    pivot = int(options.pivot) if options.pivot else None
    found: dict[str, Mask] = {}
    for column in columns:
        encoded = distinct(column)
        counts = encoded.counts(concerned)
        for code in np.flatnonzero(counts).tolist():
            clashes = parse_dates([encoded.values[code]], options.formats, options.unknown, pivot).clashes
            for one, other in clashes:
                mask = found.setdefault(f"{one} and {other}", np.zeros(len(concerned), bool))
                mask |= concerned & (encoded.codes == code)
    rest = concerned & ~np.any([*found.values(), np.zeros(len(concerned), bool)], axis=0)
    return found | ({"the date column's own time and the time column": rest} if rest.any() else {})


@method("study_day")
def study_day(view: View, call: Call) -> pd.Series:
    """Days from the reference start, which is day 1; no day 0, missing where either date is partial. --DTC is only read."""
    date, reference = (evaluate(view, one) for one in call.arguments)  # type: ignore[arg-type]
    assert isinstance(reference, pd.Series)
    return pd.Series(study_days(date, reference))


@method("earliest")
def earliest(view: View, call: Call) -> pd.Series:
    """The subject's first filled value of the variables, in ISO 8601 order."""
    return _extreme(view, call, last=False)


@method("latest")
def latest(view: View, call: Call) -> pd.Series:
    """The subject's last filled value of the variables, in ISO 8601 order."""
    return _extreme(view, call, last=True)


def _extreme(view: View, call: Call, *, last: bool) -> pd.Series:
    partition = view.partition
    count = len(partition.subjects)
    values: list[pd.Series] = []
    owners = []
    if not len(call.arguments):
        return view.texts("")
    for ref in call.arguments:
        if isinstance(ref, Call):
            dates, subjects_of = _source_dates(view, ref)
            values.append(dates)
            owners.append(subjects_of)
            continue
        assert isinstance(ref, VariableRef)
        records = partition.domains[ref.domain]
        column = records.columns[ref.variable]
        keep = np.ones(len(records), bool)
        if records.submitted is not None and ref.domain != view.domain.plan.domain:
            keep &= records.submitted
        if call.options.where is not None:
            parts = [
                select_by(View(partition, records, index, ref.variable), call.options.where).holds
                for index in range(len(records.blocks))
            ]
            keep &= np.concatenate(parts) if parts else keep
        values.append(where(column, keep))
        owners.append(records.subjects)
    column = char(pa.chunked_array([arrow(one) for one in values]))
    subjects = np.concatenate(owners)
    if call.options.precision:
        column = char(pa.array(truncate(column, call.options.precision).array))  # type: ignore[arg-type]
    pick = latest_of if last else earliest_of
    own, groups = view.block.subjects.astype(np.int64), subjects.astype(np.int64)
    if call.options.same:
        own, groups, count = _alike(view, call, groups)
    return take(char(pick(column, groups, count).tolist()), own)


def _alike(
    view: View, call: Call, subjects: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Groups of records of a subject that agree in the variables of `same`: of this block's and of the compared ones.

    An empty value is like no other. Where one of the variables is a number, numbers are equal whatever their text;
    texts are equal as texts, so that the identifiers 1 and 01 stay apart.
    """
    size = len(view)
    groups = np.concatenate([view.block.subjects, subjects]).astype(np.int64)
    absent = groups < 0
    for own, others in call.options.same:
        pieces = [
            view.read(own),
            *(view.partition.domains[one.domain].columns[one.variable] for one in others),
        ]
        numeric = any(one.dtype == np.float64 for one in pieces)
        texts = [number_text(one) if one.dtype == np.float64 else one for one in pieces]
        encoded = distinct(char(pa.chunked_array([arrow(one) for one in texts])))
        numbers = [number(text) if numeric else None for text in encoded.values]
        keys = [
            text.strip() if value is None else plain(value)
            for text, value in zip(encoded.values, numbers, strict=True)
        ]
        codes = np.append(pd.factorize(np.array(keys, object))[0], [-1])[encoded.codes].astype(np.int64)
        absent |= np.append(np.array([not key for key in keys], bool), [True])[encoded.codes]
        groups = pd.factorize(groups * (len(keys) + 1) + codes)[0].astype(np.int64)
    groups = np.where(absent, -1, groups)
    return groups[:size], groups[size:], int(groups.max(initial=-1)) + 1


def _source_dates(view: View, call: Call) -> tuple[pd.Series, npt.NDArray[np.int32]]:
    """The ISO 8601 dates of a raw column and the subject of each; what cannot be read is reported once, here."""
    source, column = call.arguments
    assert isinstance(source, Literal)
    assert isinstance(column, Literal)
    part = view.partition.sources[source.text]
    keep = part.reason == 0
    options = call.options
    if options.where is not None:
        whole = source_view(view.partition, source.text)
        records = View(
            view.partition, DomainRecords(view.domain.plan, whole.domain.blocks), 0, view.variable, call.at
        )
        keep[keep] = select_by(records, options.where).holds
    pivot = int(options.pivot) if options.pivot else None
    raw = part.frame[column.text]
    parsed = parse_dates(raw, options.formats, options.unknown, pivot)
    unread = (parsed.status > int(DateStatus.PARSED)) & keep
    if unread.any():
        rows = np.flatnonzero(unread)
        view.partition.issues.append(
            issue(
                "DATA806",
                view.target,
                call.at,
                count=len(rows),
                first=part.place(int(rows[0])),
                values=[(text, int(count)) for text, count in raw[unread].value_counts().items()],
                column=f"{source.text}.{column.text}",
                formats=", ".join(options.formats),
            )
        )
    subjects = part.subjects if part.subjects is not None else np.full(len(raw), -1, np.int32)
    return where(char(pa.array(parsed.iso.array)), keep), subjects


@method("duration")
def duration(view: View, call: Call) -> pd.Series:
    """ISO 8601 duration between two dates, as long as both are complete; else DATA817."""
    start, end = (evaluate(view, one) for one in call.arguments)  # type: ignore[arg-type]
    assert isinstance(end, pd.Series)
    found, unknown = between(start, end)
    view.report("DATA817", unknown, at=call.at)
    return char(pa.array(found.array))


@method("duration_of_value")
def duration_of_value(view: View, call: Call) -> pd.Series:
    """ISO 8601 duration of a number and its unit; a number or unit that is none is DATA817."""
    values, units = (evaluate(view, one) for one in call.arguments)  # type: ignore[arg-type]
    assert isinstance(units, pd.Series)
    left = distinct(number_text(values) if values.dtype == np.float64 else values)
    right = distinct(units)
    codes, keys = pd.factorize(left.codes.astype(np.int64) * max(len(right.values), 1) + right.codes)
    results: list[str] = []
    bad: list[bool] = []
    for key in keys.tolist():
        text, unit = left.values[key // len(right.values)].strip(), right.values[key % len(right.values)]
        value, form = number(text), DURATIONS.get(normal(unit))
        known = value is not None and value >= 0 and form is not None
        results.append(form.format(plain(value)) if form is not None and value is not None and known else "")
        bad.append(bool(text) and not known)
    view.report("DATA817", np.array([*bad, False], bool)[codes], units, at=call.at)
    return char(np.array([*results, ""], dtype=object)[codes])


@method("age")
def age(view: View, call: Call) -> pd.Series:
    """Completed years by anniversaries; missing, with DATA811, where partial dates leave it open."""
    birth, at = (evaluate(view, one) for one in call.arguments)  # type: ignore[arg-type]
    assert isinstance(at, pd.Series)
    years = ages(birth, at)
    view.report("DATA811", np.isnan(years) & filled(birth) & filled(at), at=call.at)
    negative = years < 0
    view.report("DATA812", negative, at=call.at)
    return pd.Series(np.where(negative, np.nan, years))
