"""Methods in words: what a rule of the plan does, so that a reviewer can repeat it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Literal, Operand, Rule, Test, VariableRef
from sdtm_il2.plan.model import EACH, EACH_NUMBER, BlockPlan, DomainPlan
from sdtm_il2.where import describe

_REPEATED = {EACH: "the name of the repeated column", EACH_NUMBER: "the number of the repetition"}


def _ref(block: BlockPlan, ref: ColumnRef | VariableRef) -> str:
    if isinstance(ref, VariableRef):
        return f"{ref.domain}.{ref.variable}" if ref.domain else ref.variable
    try:
        source, dataset = block.source_of(ref.alias)
    except KeyError:
        source, dataset = ref.alias, False
    if ref.column in _REPEATED:
        return _REPEATED[ref.column]
    return f"{source}.{ref.column}" if dataset else f"{ref.column} of raw data {source}"


def _test(test: Test) -> str:
    return describe(test.clause)


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _operand(block: BlockPlan, part: Operand | BranchCall) -> str:
    if isinstance(part, Literal):
        return f'"{part.text}"'
    if isinstance(part, ColumnRef | VariableRef):
        return _ref(block, part)
    if isinstance(part, Call):
        return _phrase(block, part)
    return f"{_operand(block, part.then)}{f' if {_test(part.when)}' if part.when else ' otherwise'}"


def _all(block: BlockPlan, call: Call) -> list[str]:
    return [_operand(block, part) for part in call.arguments]


def _assign(block: BlockPlan, call: Call) -> str:
    mapped = f", as a term of {call.options.terms.name}" if call.options.terms is not None else ""
    return f"{_list(_all(block, call))}{mapped}"


def _datetime(block: BlockPlan, call: Call) -> str:
    return f"{_list(_all(block, call))} in ISO 8601 format"


def _extreme(block: BlockPlan, call: Call) -> str:
    where = f" where {_test(call.options.where)}" if call.options.where is not None else ""
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
    gap = f", and at most {call.options.gap} from {end} to the next {start}" if call.options.gap else ""
    where = f", among records where {_test(call.options.where)}" if call.options.where is not None else ""
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
    read = [_operand(block, one) for one in names]
    return f"{text}{f', reading {_list(read)}' if read else ''}; missing if a value that it needs is missing"


def _duration(block: BlockPlan, call: Call) -> str:
    start, end = _all(block, call)
    return f"the time from {start} to {end} as an ISO 8601 duration; missing if either date is partial"


def _duration_of_value(block: BlockPlan, call: Call) -> str:
    value, unit = _all(block, call)
    return f"{value} in units of {unit} as an ISO 8601 duration"


_VISIT_WORDS = {"VISITNUM": "number", "VISIT": "name", "VISITDY": "planned day"}


def _visit(_block: BlockPlan, call: Call) -> str:
    column = call.arguments[0]
    name = column.column.removeprefix("_") if isinstance(column, ColumnRef) else ""
    what = _VISIT_WORDS.get(name, name)
    return f"the {what} of the visit that the study's table of visits gives for the collected text or date"


def _source_dates(_block: BlockPlan, call: Call) -> str:
    source, column = (part.text for part in call.arguments if isinstance(part, Literal))
    return f"{column} of raw data {source}"


_PHRASES: dict[str, Callable[[BlockPlan, Call], str]] = {
    "assign": _assign,
    "hardcode": lambda block, call: _list(_all(block, call)),
    "template": lambda block, call: f"the texts {_list(_all(block, call))} joined",
    "datetime": _datetime,
    "coalesce": lambda block, call: f"the first that is filled of {_list(_all(block, call))}",
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
    "not_done": _fixed('"NOT DONE" where the collected data say that the test was not done'),
    "reason_not_done": _fixed("the reason why the test was not done, as collected"),
    "indicator": _fixed("the reference range indicator as reported"),
    "standard_text": _standard(
        "{original} converted to the standard unit{unit}; text and what needs no conversion as in {original}"
    ),
    "standard_number": _standard(
        "the number in {original}, converted to the standard unit{unit}; missing if none"
    ),
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
        "the name of the sequence variable of that record; missing where there is none"
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
        return f"Sequential number of the record within the subject, in the order of {by}."
    if rule.call.method == "usubjid":
        return f"The identifiers of study and subject, joined as {usubjid}."
    words = _phrase(block, rule.call)
    if rule.shift is not None:
        words = f"{words}, moved by {_operand(block, rule.shift)}"
    if rule.precision:
        words = f"{words}, cut to the {rule.precision}"
    if rule.when is not None:
        words = f"if {_test(rule.when)}: {words}"
    return _sentence(words)


def variable_words(domain: DomainPlan, rules: Sequence[Rule | None], usubjid: str) -> str:
    """How a variable is derived: one sentence, or one a block of its domain where they differ."""
    found: dict[str, list[str]] = {}
    for rule, block in zip(rules, domain.blocks, strict=True):
        if rule is not None:
            found.setdefault(rule_words(rule, block, domain, usubjid), []).append(block.id or block.source)
    if len(found) <= 1:
        return next(iter(found), "")
    return " ".join(f"Records {_list(names)}: {words}" for words, names in found.items())
