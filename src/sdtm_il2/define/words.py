"""Methods in words, English and Chinese: what a rule of the plan does, so that a reviewer can repeat it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from sdtm_il2.bilingual import Bilingual, Language, phrases
from sdtm_il2.define.words_names import (
    Told,
    clause_words,
    decoded_words,
    is_grouped,
    is_repetition,
    own_names_words,
    ref_words,
    source_column_words,
)
from sdtm_il2.plan.blocks import BlockPlan
from sdtm_il2.plan.calls import BranchCall, Call, ColumnRef, Literal, Operand, Rule, VariableRef
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.plan.visits import REGISTER, VISITS
from sdtm_il2.where import orders_dates

_UNITS = {
    "en": {"W": "week", "D": "day", "H": "hour", "M": "minute", "S": "second"},
    "zh": {"W": "周", "D": "天", "H": "小时", "M": "分钟", "S": "秒"},
}


def period(text: str, language: Language = "en") -> str:
    """An ISO 8601 duration without years and months in words.

    >>> period("P3D"), period("P1DT12H"), period("P1DT12H", "zh")
    ('3 days', '1 day and 12 hours', '1天和12小时')
    """
    units = _UNITS[language]
    found = re.findall(r"([0-9.]+)([WDHMS])", text)
    if language == "zh":
        return phrases("zh").list([f"{number}{units[unit]}" for number, unit in found])
    return phrases("en").list(
        [f"{number} {units[unit]}{'' if number == '1' else 's'}" for number, unit in found]
    )


def _operand(told: Told, part: Operand | BranchCall) -> str:
    """One thing that a method is given."""
    if isinstance(part, Literal):
        return told.text(part.text)
    if isinstance(part, ColumnRef | VariableRef):
        return ref_words(told, part)
    if isinstance(part, Call):
        return _phrase(told, part)
    raise TypeError("a branch is told among the others")


def _whole(told: Told, part: Operand) -> str:
    """An operand as one part of a sentence: in brackets where it has parts of its own."""
    words = _operand(told, part)
    several = isinstance(part, Call) and (part.method in _SEVERAL or any(mark in words for mark in _ENDS))
    return told.say("where_group", words=words) if several else words


#: Methods that take one of several parts, so that what follows could be read as one of the last.
_SEVERAL = ("case", "coalesce")
#: What ends a part of a sentence.
_ENDS = (";", "；")


def _case(told: Told, call: Call) -> str:
    parts: list[str] = []
    branches = [part for part in call.arguments if isinstance(part, BranchCall)]
    for part in branches:
        then = _whole(told, part.then)
        if part.when is None:
            parts.append(told.say("branch_otherwise", then=then))
        else:
            key = "branch_next" if parts else "branch"
            parts.append(told.say(key, then=then, test=clause_words(told, part.when)))
    if any(part.when is not None and orders_dates(part.when.clause) for part in branches):
        parts.append(told.say("branch_open"))
    return told.say("then").join(parts)


def _all(told: Told, call: Call) -> list[str]:
    return [_operand(told, part) for part in call.arguments]


def _assign(told: Told, call: Call) -> str:
    words = told.list(_all(told, call))
    if call.options.terms is not None:
        return told.say("term_of", words=words, list=call.options.terms.name)
    bare = all(_of_dataset(told.block, one) for one in call.arguments)
    return told.say("value", words=words) if bare else words


def _of_dataset(block: BlockPlan, part: Operand | BranchCall) -> bool:
    """Whether an operand is a variable of a dataset, taken as it is, so that its name alone stands in the sentence."""
    if not isinstance(part, ColumnRef) or is_repetition(part):
        return False
    if any(one.alias == part.alias and one.dataset for one in block.joins):
        return True
    return not part.alias and block.dataset and not is_grouped(block, part) and not block.each_of(part.column)


def _datetime(told: Told, call: Call) -> str:
    return told.say("iso8601", words=told.list(_all(told, call)))


def _extreme(told: Told, call: Call) -> str:
    options = call.options
    where = (
        told.say("extreme_where", test=clause_words(told, options.where)) if options.where is not None else ""
    )
    same = [
        told.say("extreme_same_pair", other=str(other), own=str(own))
        for own, others in options.same
        for other in dict.fromkeys(others)
    ]
    where += told.say("extreme_same", same=told.say("where_and").join(same)) if same else ""
    precision = ""
    if options.precision:
        precision = told.say("extreme_precision", precision=told.say(options.precision))
    words = told.list(_all(told, call))
    return told.say(call.method, words=words, where=where, precision=precision)


def _age(told: Told, call: Call) -> str:
    birth, at = _all(told, call)
    return told.say("age", birth=birth, at=at)


def _last_before(told: Told, call: Call) -> str:
    reference, *_ = _all(told, call)
    identity = told.list([name.variable for name in call.options.identity])
    if len(call.options.identity) > 1:
        identity = told.say("combination", names=identity)
    side, within = call.options.same_day, "_within" if call.options.within else ""
    day = told.say(f"same_day_{side}{within}", reference=reference) if side in ("before", "after") else ""
    key = "last_before_within" if within else "last_before"
    return told.say(key, identity=identity, reference=reference, day=day)


def _study_day(told: Told, call: Call) -> str:
    date, reference = _all(told, call)
    return told.say("study_day", date=date, reference=reference)


def _range_indicator(told: Told, call: Call) -> str:
    value, low, high = ("" if part == Literal("") else _operand(told, part) for part in call.arguments)
    if low and high:
        return told.say("range_indicator", value=value, low=low, high=high)
    if low:
        return told.say("range_indicator_low", value=value, low=low)
    return told.say("range_indicator_high", value=value, high=high)


def _fixed(key: str) -> Callable[[Told, Call], str]:
    def phrase(told: Told, _call: Call) -> str:
        return told.say(key)

    return phrase


def _sided(key: str) -> Callable[[Told, Call], str]:
    """A phrase about the lower or the upper limit, whichever the call is for."""

    def phrase(told: Told, call: Call) -> str:
        side = call.arguments[0]
        return told.say(f"{key}_{side.text}" if isinstance(side, Literal) else key)

    return phrase


def _decode(told: Told, call: Call) -> str:
    header = call.arguments[0]
    column = header.text if isinstance(header, Literal) else ""
    return decoded_words(told, next(one for one in told.block.decode if column in one.headers), column)


def _of(key: str) -> Callable[[Told, Call], str]:
    """A phrase about all arguments."""

    def phrase(told: Told, call: Call) -> str:
        return told.say(key, words=told.list(_all(told, call)))

    return phrase


def _characters(told: Told, call: Call) -> str:
    text, *_ = _all(told, call)
    first, last = (part.text for part in call.arguments[1:] if isinstance(part, Literal))
    return told.say("characters", first=first, last=last, words=text)


def _epoch(told: Told, call: Call) -> str:
    date, *_ = _all(told, call)
    return told.say("epoch_earlier" if call.options.same_day == "before" else "epoch_later", date=date)


def _epoch_by_date(told: Told, call: Call) -> str:
    date, reference, *texts = call.arguments
    days = {"date": _operand(told, date), "reference": _operand(told, reference)}
    parts = [
        told.say(key, words=_operand(told, one), **days)
        for one, key in zip(texts, ("epoch_before", "epoch_at", "epoch_after"), strict=True)
        if one != Literal("")
    ]
    return told.say("then").join([*parts, told.say("branch_open")])


def _next(told: Told, call: Call) -> str:
    value, *otherwise = (_whole(told, part) for part in call.arguments if not isinstance(part, BranchCall))
    if not otherwise:
        return told.say("next", words=value)
    return told.say("next_otherwise", words=value, otherwise=otherwise[0])


def _interval(told: Told, call: Call) -> str:
    start, end = _all(told, call)
    same = told.list([name.variable for name in call.options.identity])
    gap = ""
    if call.options.gap:
        words = period(call.options.gap, told.phrases.language)
        gap = told.say("interval_gap", period=words, end=end, start=start)
    where = ""
    if call.options.where is not None:
        where = told.say("interval_where", test=clause_words(told, call.options.where))
    return told.say("interval", same=same, gap=gap, start=start, where=where)


def _checked(told: Told, call: Call) -> str:
    boxes = [
        told.say("name_and_text", text=value, name=ref_words(told, ref)) for ref, value in call.options.boxes
    ]
    several = ""
    if call.options.separator:
        several = told.say("checked_joined", separator=call.options.separator)
    elif call.options.many:
        several = told.say("checked_many", many=call.options.many)
    return told.say("checked", boxes=told.list(boxes), several=several)


def _compute(told: Told, call: Call) -> str:
    expression, *names = call.arguments
    text = expression.text if isinstance(expression, Literal) else ""
    read = [
        told.say("compute_name", name=str(one), words=words)
        for one in names
        if (words := _operand(told, one)) != str(one) and isinstance(one, ColumnRef)
    ]
    if not read:
        return told.say("compute", expression=text)
    return told.say("compute_where", expression=text, read=told.say("where_and").join(read))


def _duration(told: Told, call: Call) -> str:
    start, end = _all(told, call)
    return told.say("duration", start=start, end=end)


def _duration_of_value(told: Told, call: Call) -> str:
    value, unit = _all(told, call)
    return told.say("duration_of_value", value=value, unit=unit)


def _template(told: Told, call: Call) -> str:
    parts = _all(told, call)
    return parts[0] if len(parts) == 1 else told.say("joined_texts", words=told.list(parts))


#: What a part must not hold for a list of such parts to be read as one.
_MARKS = (";", " and ", ",", "；", "和", "，", "、")


def _coalesce(told: Told, call: Call) -> str:
    parts = _all(told, call)
    plain = all(isinstance(one, ColumnRef | VariableRef | Literal) for one in call.arguments)
    if plain and not any(mark in part for part in parts for mark in _MARKS):
        return told.say("first_filled", words=told.list(parts))
    nested = [isinstance(one, Call) and one.method == "coalesce" for one in call.arguments]
    numbered = [
        f"({number}) {told.say('where_group', words=part) if inner else part}"
        for number, (part, inner) in enumerate(zip(parts, nested, strict=True), 1)
    ]
    return told.say("first_filled_of", words=told.say("then").join(numbered))


#: More conditions than these are those of a table, which the sentence does not repeat.
_TOLD_ONE_BY_ONE = 4


def _not_done(told: Told, _call: Call) -> str:
    tests = told.block.tests
    parts = [clause_words(told, tests.not_done)] if tests is not None and tests.not_done is not None else []
    if tests is not None:
        by_condition: dict[str, list[str]] = {}
        # a table without the column has no conditions
        for row, test in zip(tests.rows, tests.row_not_done, strict=False):
            if test is not None:
                item = told.list([told.say("quoted", text=one) for one in (row.column, *row.by) if one])
                by_condition.setdefault(clause_words(told, test, group=True), []).append(item)
        if len(by_condition) > _TOLD_ONE_BY_ONE:
            parts.append(told.say("not_done_table"))
        else:
            parts += [
                told.say("not_done_of", test=words, items=told.say("or").join(dict.fromkeys(items)))
                for words, items in by_condition.items()
            ]
    return told.say("not_done", tests=told.say("or").join(parts) or told.say("not_done_collected"))


def _standard(key: str) -> Callable[[Told, Call], str]:
    def phrase(told: Told, call: Call) -> str:
        original, *units = _all(told, call)
        unit = told.say("by_unit", unit=units[0]) if units else ""
        tests = told.block.tests
        named = tests is not None and any(row.terms in tests.terms for row in tests.rows)
        terms = told.say("standard_terms") if named else ""
        factor = told.say("no_factor") if units else ""
        return told.say(
            key, original=original, unit=unit, terms=terms, titers=_titers(told, call), factor=factor
        )

    return phrase


def _titers(told: Told, call: Call) -> str:
    """What becomes of titers; limits are none."""
    original = call.arguments[0]
    if not isinstance(original, VariableRef) or not original.variable.endswith("ORRES"):
        return ""
    tests = told.block.tests
    return told.say("titers") if tests is not None and any("titer" in row.forms for row in tests.rows) else ""


def _visit(told: Told, call: Call) -> str:
    column = call.arguments[0]
    name = column.column.removeprefix("_") if isinstance(column, ColumnRef) else ""
    what = told.say(f"visit_{name}") if name in REGISTER else name
    return told.say("visit" if told.block.source == VISITS else "visit_of_table", what=what)


def _source_dates(told: Told, call: Call) -> str:
    source, column = (part.text for part in call.arguments if isinstance(part, Literal))
    name = source_column_words(told, source, column, dataset=False)
    if call.options.where is None:
        return name
    return told.say("column_where", name=name, test=own_names_words(told, call.options.where))


_PHRASES: dict[str, Callable[[Told, Call], str]] = {
    "assign": _assign,
    "hardcode": lambda told, call: told.list(_all(told, call)),
    "template": _template,
    "datetime": _datetime,
    "coalesce": _coalesce,
    "case": _case,
    "copy": _of("value"),
    "earliest": _extreme,
    "latest": _extreme,
    "age": _age,
    "last_before": _last_before,
    "study_day": _study_day,
    "characters": _characters,
    "tests": _fixed("tests"),
    "decode": _decode,
    "paired": _of("paired"),
    "result": _fixed("result"),
    "unit": _fixed("unit"),
    "limit": _sided("limit"),
    "not_done": _not_done,
    "reason_not_done": _fixed("reason_not_done"),
    "indicator": _fixed("indicator"),
    "standard_text": _standard("standard_text"),
    "standard_number": _standard("standard_number"),
    "standard_unit": _standard("standard_unit"),
    "range_indicator": _range_indicator,
    "standard_cell": _fixed("standard_cell"),
    "number_of": _of("number_of"),
    "range_term": _fixed("range_term"),
    "table_limit": _sided("table_limit"),
    "epoch": _epoch,
    "epoch_by_date": _epoch_by_date,
    "next": _next,
    "interval": _interval,
    "checked": _checked,
    "compute": _compute,
    "duration": _duration,
    "duration_of_value": _duration_of_value,
    "source_dates": _source_dates,
    "record_number": _fixed("record_number"),
    "record_variable": _fixed("record_variable"),
    "visit": _visit,
}


def _phrase(told: Told, call: Call) -> str:
    return _PHRASES[call.method](told, call)


def own_words(own: Bilingual) -> Bilingual:
    """What the specification says of a method itself, as sentences.

    >>> own_words(Bilingual("sum of two", "两者之和"))
    Bilingual(en='Sum of two.', zh='两者之和。')
    """
    return Bilingual(phrases("en").sentence(own.en), phrases("zh").sentence(own.zh) if own.zh else "")


def rule_words(rule: Rule, block: BlockPlan, domain: DomainPlan, usubjid: str) -> Bilingual:
    """One rule in a sentence: the specification's own words if it has any, else what its method does."""
    if rule.description:
        return own_words(rule.description)
    english, chinese = (_rule(rule, Told(block, phrases(one)), domain, usubjid) for one in ("en", "zh"))
    return Bilingual(english, chinese)


def _rule(rule: Rule, told: Told, domain: DomainPlan, usubjid: str) -> str:
    if rule.call.method == "sequence":
        return told.phrases.sentence(_sequence(told, domain))
    if rule.call.method == "usubjid":
        return told.phrases.sentence(told.say("usubjid", pattern=usubjid))
    # what is said of the value is said of all its parts
    modified = rule.shift is not None or rule.precision or rule.undecided is not None
    words = _whole(told, rule.call) if modified else _phrase(told, rule.call)
    if rule.shift is not None:
        words = told.say("shifted", words=words, shift=_whole(told, rule.shift))
    if rule.precision:
        words = told.say("cut", words=words, precision=told.say(rule.precision))
    if rule.when is not None:
        words = told.say("when", test=clause_words(told, rule.when), words=words)
        if rule.undecided is not None:
            words = told.say("undecided", words=words, other=told.text(rule.undecided))
    return told.phrases.sentence(words)


def _sequence(told: Told, domain: DomainPlan) -> str:
    topic = next((one.name for one in domain.variables if one.role == "Topic"), "")
    if domain.variable("USUBJID") is not None:
        topic = told.say("sequence_subject")
    by_file = domain.sort_file or not domain.sort
    order = told.say("sequence_raw") if by_file else told.say("sequence_sort", sort=told.list(domain.sort))
    return told.say("sequence", owner=topic or told.say("sequence_dataset"), order=order)


def variable_words(domain: DomainPlan, rules: Sequence[Rule | None], usubjid: str) -> Bilingual:
    """How a variable is derived: one sentence, or one a block of its domain where they differ."""
    found: dict[Bilingual, list[BlockPlan]] = {}
    for rule, block in zip(rules, domain.blocks, strict=True):
        if rule is not None:
            found.setdefault(rule_words(rule, block, domain, usubjid), []).append(block)
    if len(found) <= 1:
        return next(iter(found), Bilingual())
    chinese = "".join(_of_records(words.zh, blocks, domain, "zh") for words, blocks in found.items())
    return Bilingual(
        " ".join(_of_records(words.en, blocks, domain, "en") for words, blocks in found.items()),
        chinese if all(words.zh for words in found) else "",
    )


def _of_records(words: str, blocks: Sequence[BlockPlan], domain: DomainPlan, language: Language) -> str:
    told = phrases(language)
    names = told.list([_records(Told(block, told), domain) for block in blocks])
    return told.say("records", names=names, words=words)


def _records(told: Told, domain: DomainPlan) -> str:
    """What a block makes records of, in words that tell it from the other blocks; else its name."""

    def words(one: BlockPlan) -> str:
        here = replace(told, block=one)
        source = one.source if one.dataset else told.say("raw_data", source=one.source)
        if one.where is None:
            return told.say("records_of", source=source)
        return told.say("records_where", source=source, test=clause_words(here, one.where, group=True))

    own = words(told.block)
    return own if sum(words(one) == own for one in domain.blocks) == 1 else told.block.id or own
