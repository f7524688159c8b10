"""Methods in words: what a rule of the plan does, so that a reviewer can repeat it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from sdtm_il2.plan.blocks import EACH, EACH_NUMBER, BlockPlan, JoinPlan
from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Literal, Operand, Rule, Test, VariableRef
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.visits import VISIT_COLUMNS, VISITS
from sdtm_il2.where import Clause, describe

#: What `take` of a group gives, before the name of the variable.
_TAKEN = {
    "first": "first", "last": "last", "min": "smallest", "max": "largest", "sum": "sum of", "count": "number of",
    "list": "list of",
}  # fmt: skip
_REPEATED = {EACH: "the name of the repeated column", EACH_NUMBER: "the number of the repetition"}


def _ref(block: BlockPlan, ref: ColumnRef | VariableRef) -> str:
    if isinstance(ref, VariableRef):
        return f"{ref.domain}.{ref.variable}" if ref.domain else ref.variable
    if ref.column in _REPEATED and not ref.alias:
        return _REPEATED[ref.column]
    try:
        source, dataset = block.source_of(ref.alias)
    except KeyError:
        source, dataset = ref.alias, False
    join = next((one for one in block.joins if ref.alias and one.alias == ref.alias), None)
    if join is not None:
        return f"{_column(source, ref.column, dataset=dataset)}{_joined(block, join)}"
    each = block.each_of(ref.column)
    if each is not None and each.columns:
        columns = f"{each.columns[0]} to {each.columns[-1]}"
        return f"the repeated column {_column(source, columns, dataset=dataset)}"
    name = _column(source, ref.column, dataset=dataset)
    if block.group is None or not ref.column:
        return name
    same = _list([one.column for one in block.group.by])
    take = _TAKEN.get(block.group.take.get(ref.column, ""))
    if ref.column in [one.column for one in block.group.by]:
        return name
    alike = "" if take else ", where they all have one"
    return f"the {f'{take} ' if take else ''}{name} of the records with the same {same}{alike}"


def _column(source: str, column: str, *, dataset: bool) -> str:
    if source == VISITS:
        return f"{column} of the subject's visit"
    return f"{source}.{column}" if dataset else f"{column} of raw data {source}"


def _joined(block: BlockPlan, join: JoinPlan) -> str:
    """Which record is meant, where a source or dataset is joined by more than the subject."""
    own = [
        "the same visit"
        if other in VISIT_COLUMNS.values()
        else f"the same {other}"
        if isinstance(ref, ColumnRef) and ref.column == other
        else f"{other} equal to {_ref(block, ref)}"
        for ref, other in join.by
    ]
    parts = [f"with {_list(own)}"] if own else []
    if join.where is not None:
        parts.append(f"where {describe(join.where.clause)}")  # its names are those of the joined record
    return f" (of the record {' and '.join(parts)})" if parts else ""


def _test(block: BlockPlan, test: Test) -> str:
    """A clause in words, its columns and variables named as elsewhere in the sentence."""
    words = {name: _ref(block, ref) for name, ref in test.names.items()}
    dates = {word for name, word in words.items() if name.endswith("DTC")}

    def renamed(clause: Clause) -> Clause:
        return replace(
            clause,
            parts=tuple(
                renamed(one)
                if isinstance(one, Clause)
                else replace(
                    one,
                    name=words.get(one.name, one.name),
                    # a value is a text, unless it is a variable
                    values=tuple(words.get(value, value) if "." in value else value for value in one.values),
                )
                for one in clause.parts
            ),
        )

    return describe(renamed(test.clause), lambda name: name in dates or name.endswith("DTC"))


_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day", "TH": "hour", "TM": "minute", "TS": "second"}


def _period(text: str) -> str:
    """An ISO 8601 duration in words.

    >>> _period("P3D"), _period("P1Y6M"), _period("PT90M")
    ('3 days', '1 year and 6 months', '90 minutes')
    """
    date, _, time = text.lstrip("-P").partition("T")
    found = [(number, unit) for number, unit in re.findall(r"([0-9.]+)([YMWD])", date)]
    found += [(number, f"T{unit}") for number, unit in re.findall(r"([0-9.]+)([HMS])", time)]
    words = [f"{number} {_UNITS[unit]}{'' if number == '1' else 's'}" for number, unit in found]
    return _list(words) or text


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _operand(block: BlockPlan, part: Operand | BranchCall) -> str:
    if isinstance(part, Literal):
        return f'"{part.text}"'
    if isinstance(part, ColumnRef | VariableRef):
        return _ref(block, part)
    if isinstance(part, Call):
        return _phrase(block, part)
    return f"{_operand(block, part.then)}{f' if {_test(block, part.when)}' if part.when else ' otherwise'}"


def _all(block: BlockPlan, call: Call) -> list[str]:
    return [_operand(block, part) for part in call.arguments]


def _assign(block: BlockPlan, call: Call) -> str:
    words = _list(_all(block, call))
    if call.options.terms is None and all(_of_dataset(block, one) for one in call.arguments):
        return words if words.startswith("the ") else f"the value of {words}"
    mapped = f", as a term of {call.options.terms.name}" if call.options.terms is not None else ""
    return f"{words}{mapped}"


def _of_dataset(block: BlockPlan, part: Operand | BranchCall) -> bool:
    """Whether an operand is a variable of a dataset, taken as it is."""
    if not isinstance(part, ColumnRef):
        return False
    return any(one.alias == part.alias and one.dataset for one in block.joins) or (
        not part.alias and block.dataset
    )


def _datetime(block: BlockPlan, call: Call) -> str:
    return f"{_list(_all(block, call))}, in ISO 8601 format"


def _extreme(block: BlockPlan, call: Call) -> str:
    where = f" where {_test(block, call.options.where)}" if call.options.where is not None else ""
    same = _list([own.variable for own, _ in call.options.same])
    where += f" with the same {same} as the record" if same else ""
    precision = f", to the precision of {call.options.precision}" if call.options.precision else ""
    return f"the {call.method} value of {_list(_all(block, call))} of the subject{where}{precision}"


def _age(block: BlockPlan, call: Call) -> str:
    birth, at = _all(block, call)
    return f"completed years from {birth} to {at}; missing if a partial date leaves them open"


def _last_before(block: BlockPlan, call: Call) -> str:
    reference, *_ = _all(block, call)
    identity = _list([name.variable for name in call.options.identity])
    same = {"before": "before it", "after": "after it"}.get(call.options.same_day, "")
    day = f"; a record on the same day without time counts as {same}" if same else ""
    if call.options.within:
        return (
            f'for each treatment element of the subject and each {identity}: "Y" on the last record with a result that '
            f"lies after the previous treatment element and before {reference}, the start of this one{day}"
        )
    return f'"Y" on the last record with a result before {reference}, for each {identity} of the subject{day}'


def _study_day(block: BlockPlan, call: Call) -> str:
    date, reference = _all(block, call)
    return (
        f"the date of {date} minus the date of {reference} in days, plus 1 if {date} is on or after "
        f"{reference}; missing if either date is missing or partial"
    )


def _range_indicator(block: BlockPlan, call: Call) -> str:
    value, low, high = _all(block, call)
    return (
        f"LOW if {value} is below {low}, HIGH if it is above {high}, otherwise NORMAL; "
        "missing without a number or limits"
    ).replace('""', "no limit")


def _standard(what: str) -> Callable[[BlockPlan, Call], str]:
    def phrase(block: BlockPlan, call: Call) -> str:
        original, *units = _all(block, call)
        unit = f" by the unit in {units[0]}" if units else ""
        return what.format(original=original, unit=unit)

    return phrase


def _fixed(text: str) -> Callable[[BlockPlan, Call], str]:
    def phrase(_block: BlockPlan, _call: Call) -> str:
        return text

    return phrase


def _characters(block: BlockPlan, call: Call) -> str:
    text, *_ = _all(block, call)
    first, last = (part.text for part in call.arguments[1:] if isinstance(part, Literal))
    return f"characters {first} to {last} of {text}"


def _epoch(block: BlockPlan, call: Call) -> str:
    date, *_ = _all(block, call)
    side = "earlier" if call.options.same_day == "before" else "later"
    return (
        f"the epoch of the subject element that holds {date}: from SE.SESTDTC until before the next SE.SESTDTC; on a "
        f"day of change with a time missing the {side} element; missing if a partial date fits several elements"
    )


def _epoch_by_date(block: BlockPlan, call: Call) -> str:
    date, reference, before, at, after = _all(block, call)
    parts = [
        f"{text} if {date} is {where} {reference}"
        for text, where in ((before, "before"), (at, "on the day of"), (after, "after"))
        if text != '""'
    ]
    return "; ".join(parts)


def _next(block: BlockPlan, call: Call) -> str:
    value, *otherwise = _all(block, call)
    last = f"; at the last record {otherwise[0]}" if otherwise else ""
    return f"the value of {value} in the subject's next record{last}"


def _interval(block: BlockPlan, call: Call) -> str:
    start, end = _all(block, call)
    same = _list([name.variable for name in call.options.identity])
    gap = (
        f", and at most {_period(call.options.gap)} from {end} to the next {start}"
        if call.options.gap
        else ""
    )
    where = (
        f", among records where {_test(block, call.options.where)}" if call.options.where is not None else ""
    )
    return f"the number of the subject's interval of records with the same {same}{gap}, in the order of {start}{where}"


def _checked(block: BlockPlan, call: Call) -> str:
    boxes = [f'"{value}" for {_ref(block, ref)}' for ref, value in call.options.boxes]
    several = ""
    if call.options.separator:
        several = f'; several answers are joined with "{call.options.separator}"'
    elif call.options.many:
        several = f'; "{call.options.many}" where several boxes are ticked, each answer being a supplemental qualifier'
    return f"the answer whose box is ticked: {_list(boxes)}{several}"


def _compute(block: BlockPlan, call: Call) -> str:
    expression, *names = call.arguments
    text = expression.text if isinstance(expression, Literal) else ""
    read = [
        f"{one} is {words}"
        for one in names
        if (words := _operand(block, one)) != str(one) and isinstance(one, ColumnRef)
    ]
    return f"{text}{f', where {_list(read)}' if read else ''}; missing if a value that it needs is missing"


def _duration(block: BlockPlan, call: Call) -> str:
    start, end = _all(block, call)
    return f"the time from {start} to {end} as an ISO 8601 duration; missing if either date is partial"


def _duration_of_value(block: BlockPlan, call: Call) -> str:
    value, unit = _all(block, call)
    return f"{value} in units of {unit} as an ISO 8601 duration"


def _template(block: BlockPlan, call: Call) -> str:
    parts = _all(block, call)
    return parts[0] if len(parts) == 1 else f"the texts {_list(parts)} joined"


def _coalesce(block: BlockPlan, call: Call) -> str:
    parts = _all(block, call)
    if not any(mark in part for part in parts for mark in (";", " and ", ",")):
        return f"the first that is filled of {_list(parts)}"
    return f"the first that is filled of: {'; '.join(f'({number}) {part}' for number, part in enumerate(parts, 1))}"


def _not_done(block: BlockPlan, _call: Call) -> str:
    tests = block.tests
    parts = [_test(block, tests.not_done)] if tests is not None and tests.not_done is not None else []
    if tests is not None and any(one is not None for one in tests.row_not_done):
        parts.append("the list of tests says so of the test's record")
    return f'"NOT DONE" where {" or ".join(parts) or "the collected data say that the test was not done"}'


def _standard_text(block: BlockPlan, call: Call) -> str:
    words = _standard(
        "{original} converted to the standard unit{unit}; text and what needs no conversion as in {original}"
    )(block, call)
    listed = block.tests is not None and bool(block.tests.terms)
    words = f"{words}, or as the term that the list named for the test gives for it" if listed else words
    return f"{words}{_reciprocal(block, call)}"


def _standard_number(block: BlockPlan, call: Call) -> str:
    words = _standard("the number in {original}, converted to the standard unit{unit}; missing if none")
    return f"{words(block, call)}{_reciprocal(block, call)}"


def _reciprocal(block: BlockPlan, call: Call) -> str:
    """What becomes of titers; limits are none."""
    original = call.arguments[0]
    if not isinstance(original, VariableRef) or not original.variable.endswith("ORRES"):
        return ""
    titers = block.tests is not None and any("titer" in row.forms for row in block.tests.rows)
    return "; of a titer 1:N the reciprocal N" if titers else ""


_VISIT_WORDS = {
    "VISITNUM": "number", "VISIT": "name", "VISITDY": "planned day", "first": "first date", "last": "last date",
}  # fmt: skip


def _visit(block: BlockPlan, call: Call) -> str:
    column = call.arguments[0]
    name = column.column.removeprefix("_") if isinstance(column, ColumnRef) else ""
    what = _VISIT_WORDS.get(name, name)
    if block.source == VISITS:
        return f"the {what} of the subject's visit, found from all records that have one"
    return f"the {what} of the visit that the study's table of visits gives for the collected text or date"


def _source_dates(_block: BlockPlan, call: Call) -> str:
    source, column = (part.text for part in call.arguments if isinstance(part, Literal))
    return f"{column} of raw data {source}"


_PHRASES: dict[str, Callable[[BlockPlan, Call], str]] = {
    "assign": _assign,
    "hardcode": lambda block, call: _list(_all(block, call)),
    "template": _template,
    "datetime": _datetime,
    "coalesce": _coalesce,
    "case": lambda block, call: "; ".join(_all(block, call)),
    "copy": lambda block, call: f"the value of {_list(_all(block, call))}",
    "earliest": _extreme,
    "latest": _extreme,
    "age": _age,
    "last_before": _last_before,
    "study_day": _study_day,
    "characters": _characters,
    "tests": _fixed("the value that the list of tests gives for the collected item"),
    "decode": _fixed("the value that the study's table gives for the collected value"),
    "paired": lambda block, call: (
        f"the name that belongs to {_list(_all(block, call))} in controlled terminology"
    ),
    "result": _fixed("the result as collected; missing where the test was not done"),
    "unit": _fixed("the unit as collected; missing without a result"),
    "limit": _fixed("the limit of the reference range as collected"),
    "not_done": _not_done,
    "reason_not_done": _fixed("the reason why the test was not done, as collected"),
    "indicator": _fixed("the reference range indicator as reported"),
    "standard_text": _standard_text,
    "standard_number": _standard_number,
    "standard_unit": _standard("the standard unit of the test, else {original}"),
    "range_indicator": _range_indicator,
    "standard_cell": _fixed("as reported by the laboratory in standard units"),
    "number_of": lambda block, call: f"the number in {_list(_all(block, call))}; missing if it is none",
    "range_term": _fixed("the reference range in words as collected, as a term of the result's list"),
    "table_limit": _fixed("the limit of the reference range for the subject's sex and age and the date"),
    "epoch": _epoch,
    "epoch_by_date": _epoch_by_date,
    "next": _next,
    "interval": _interval,
    "checked": _checked,
    "compute": _compute,
    "duration": _duration,
    "duration_of_value": _duration_of_value,
    "source_dates": _source_dates,
    "record_number": _fixed("the sequence number of the record that is made of the same collected data"),
    "record_variable": _fixed(
        "the name of the sequence variable of the record that is made of the same collected data; missing where "
        "there is none"
    ),
    "visit": _visit,
}


def _phrase(block: BlockPlan, call: Call) -> str:
    return _PHRASES[call.method](block, call)


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def rule_words(rule: Rule, block: BlockPlan, domain: DomainPlan, usubjid: str) -> str:
    """One rule in a sentence: the specification's own words if it has any, else what its method does."""
    if rule.description:
        return _sentence(rule.description)
    if rule.call.method == "sequence":
        by = (
            "the raw data"
            if domain.sort_file or not domain.sort
            else f"{_list(domain.sort)}, then of the raw data"
        )
        topic = next((one.name for one in domain.variables if one.role == "Topic"), "the dataset")
        owner = "the subject" if domain.variable("USUBJID") is not None else topic
        return f"Sequential number of the record within {owner}, in the order of {by}."
    if rule.call.method == "usubjid":
        return f"The identifiers of study and subject, joined as {usubjid}."
    words = _phrase(block, rule.call)
    if rule.shift is not None:
        words = f"{words}, moved by {_operand(block, rule.shift)}"
    if rule.precision:
        words = f"{words}, cut to the {rule.precision}"
    if rule.when is not None:
        words = f"if {_test(block, rule.when)}: {words}"
        if rule.undecided is not None:
            other = f'"{rule.undecided}"' if rule.undecided else "missing"
            words = f"{words}; {other} where a partial date leaves that open"
    return _sentence(words)


def variable_words(domain: DomainPlan, rules: Sequence[Rule | None], usubjid: str) -> str:
    """How a variable is derived: one sentence, or one a block of its domain where they differ."""
    found: dict[str, list[str]] = {}
    for rule, block in zip(rules, domain.blocks, strict=True):
        if rule is not None:
            found.setdefault(rule_words(rule, block, domain, usubjid), []).append(_records(block, domain))
    if len(found) <= 1:
        return next(iter(found), "")
    return " ".join(f"Records {_list(names)}: {words}" for words, names in found.items())


def _records(block: BlockPlan, domain: DomainPlan) -> str:
    """What a block makes records of, in words that tell it from the other blocks; else its name."""

    def words(one: BlockPlan) -> str:
        where = f" where {_test(one, one.where)}" if one.where is not None else ""
        return f"from {one.source if one.dataset else f'raw data {one.source}'}{where}"

    own = words(block)
    return own if sum(words(one) == own for one in domain.blocks) == 1 else block.id or own
