"""A line of `variables:` becomes a rule: method calls with resolved arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sdtm_il2.compile.names import Scope, Study
from sdtm_il2.compile.terms import Binding, bind, check_literal
from sdtm_il2.errors import Location
from sdtm_il2.iso8601 import days_of_duration
from sdtm_il2.methods.dates import is_time_unit
from sdtm_il2.plan.calls import (
    BranchCall,
    Call,
    ColumnRef,
    Literal,
    Operand,
    Options,
    Ref,
    Rule,
    Test,
    VariableRef,
)
from sdtm_il2.plan.expression import parse_expression
from sdtm_il2.plan.template import parse_template
from sdtm_il2.plan.visits import VISIT_COLUMNS, VISITS
from sdtm_il2.spec.model import Branch, Checked, DateRule, MethodCall, Text, VariableSpec
from sdtm_il2.standards import VariableDef

Part = Text | MethodCall | Branch | Checked

#: Define-XML origin by method, where neither the variable nor the source states one.
_ORIGINS = {
    "hardcode": "Assigned by Sponsor",
    "tests": "Assigned by Sponsor",
    "decode": "Assigned by Sponsor",
    "assign": "Collected",
    "datetime": "Collected",
}
DERIVED = "Derived by Sponsor"


@dataclass(frozen=True, slots=True)
class Target:
    """The variable that a rule fills."""

    domain: str
    spec: VariableSpec
    known: VariableDef | None
    binding: Binding

    @property
    def name(self) -> str:
        """DOMAIN.VARIABLE as messages print it."""
        return f"{self.domain}.{self.spec.name}"


def compile_rule(scope: Scope, spec: VariableSpec, known: VariableDef | None) -> Rule | None:
    """The rule of one variable in one block; None after `drop` or where names are wrong (reported)."""
    if spec.method is None:
        return None
    study = scope.study
    binding = bind(study, f"{scope.domain}.{spec.name}", spec, known)
    target = Target(scope.domain, spec, known, binding)
    call = _compile(scope, target, spec.method)
    if call is None:
        return None
    when = scope.test(spec.when, spec.at) if spec.when is not None else None
    shift = _template_call(scope, target, Text(spec.shift, spec.at)) if spec.shift else None
    return Rule(
        call, when, spec.undecided, spec.precision, _origin(scope, spec, call), spec.crf, spec.comment,
        spec.description, spec.at, shift,
    )  # fmt: skip


def _compile(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    """The call of a method."""
    return _COMPILERS[call.method](scope, target, call)


def _origin(scope: Scope, spec: VariableSpec, call: Call) -> str:
    """The stated origin, else the source's for collected values, else what the method implies."""
    if spec.origin:
        return spec.origin
    if scope.block is not None and scope.block.origin:
        return scope.block.origin
    implied = _ORIGINS.get(call.method, DERIVED)
    if implied != "Collected":
        return implied
    for argument in call.arguments:
        if isinstance(argument, ColumnRef):
            source = scope.source_of(argument)
            if source is not None and source.origin:
                return source.origin
            if source is None:
                return DERIVED
    return "Collected by Investigator"


def _leaf(target: Target, *, terms: bool = True) -> Options:
    """Options of a call that carries collected text."""
    return Options(text=target.spec.text, terms=target.binding.terms if terms else None)


def _assign(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    ref = scope.column(text.text, text.at, target.name, call.method)
    if ref is None:
        return None
    return _assigned(scope, target, ref, call.at)


def _assigned(scope: Scope, target: Target, ref: ColumnRef, at: Location) -> Call:
    source = scope.source_of(ref)
    # a variable of a dataset has been through its list already
    options = replace(
        _leaf(target, terms=source is not None or scope.block is None or scope.from_table()),
        decimal=(source.decimal if source else "") or ".",
    )
    return Call("assign", (ref,), options, at)


def _hardcode(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    return Call("hardcode", (_literal(scope, target, text),), Options(), call.at)


def _literal(scope: Scope, target: Target, text: Text) -> Literal:
    return Literal(check_literal(scope.study, target.name, text.text, target.binding, text.at), text.at)


def _template(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    try:
        operands = template_operands(scope, text)
    except ValueError as error:
        scope.study.problems.add("SPEC198", target.name, text.at, value=text.text, fault=str(error))
        return None
    return Call("template", operands, _leaf(target), call.at)


def template_operands(scope: Scope, text: Text) -> tuple[Operand, ...]:
    """The parts of a template with their names resolved; ValueError where it cannot be read."""
    operands: list[Operand] = []
    for part in parse_template(text.text):
        if not part.column:
            operands.append(Literal(part.text, text.at))
            continue
        ref: Operand = scope.resolve(part.column)
        limits = (Literal(str(part.first)), Literal(str(part.last)))
        operands.append(Call("characters", (ref, *limits)) if part.first else ref)
    return tuple(operands)


def _template_call(scope: Scope, target: Target, text: Text) -> Call | None:
    """A template beside a method (`shift`): the same grammar, no codelist."""
    call = _template(scope, target, MethodCall("template", (text,), at=text.at))
    return replace(call, options=Options()) if call is not None else None


def _compute(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    try:
        _, names = parse_expression(text.text)
    except ValueError as error:
        scope.study.problems.add("SPEC133", target.name, text.at, expression=text.text, fault=str(error))
        return None
    decimal = "."
    operands: list[Operand] = []
    for name in names:
        ref = scope.resolve(name)
        source = scope.source_of(ref) if isinstance(ref, ColumnRef) else None
        if source is not None and source.decimal:
            decimal = source.decimal
        operands.append(ref)
    return Call("compute", (Literal(text.text, text.at), *operands), Options(decimal=decimal), call.at)


def _duration(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    if "from" in call.options:
        ends = [
            scope.variable(call.options[key][0].text, call.at, target.name, call.method)
            for key in ("from", "to")
        ]
        found = tuple(one for one in ends if one is not None)
        return Call("duration", found, Options(), call.at) if len(found) == 2 else None
    value, unit = call.options["value"][0], call.options["unit"][0]
    column = scope.column(value.text, value.at, target.name, call.method)
    if column is None:
        return None
    # a unit that is a word of time is meant as such; anything else is a column
    named: Operand = Literal(unit.text, unit.at) if is_time_unit(unit.text) else scope.resolve(unit.text)
    return Call("duration_of_value", (column, named), Options(), call.at)


def _datetime(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    refs: list[ColumnRef] = []
    for argument in call.argument:
        text = _text(argument)
        ref = scope.column(text.text, text.at, target.name, call.method)
        if ref is None:
            return None
        refs.append(ref)
    source = scope.source_of(refs[0])
    rule = source.dates if source is not None else DateRule()
    formats = tuple(text.text for text in call.options.get("format", ())) or rule.formats
    unknown = tuple(text.text for text in call.options.get("unknown", ())) or rule.unknown
    pivot = "".join(text.text for text in call.options.get("pivot", ())) or rule.pivot
    if source is None:
        formats = formats or ("iso",)
    if not formats:
        scope.study.problems.add(
            "SPEC115", target.name, call.at, source=source.name if source else "", column=str(refs[0])
        )
        return None
    return Call("datetime", tuple(refs), Options(formats=formats, unknown=unknown, pivot=pivot), call.at)


def _operand(scope: Scope, target: Target, part: Part, *, literal: bool) -> Operand | None:
    """An operand of coalesce (names) or of a case branch (texts): a nested method, a name or a text."""
    if isinstance(part, MethodCall):
        return _compile(scope, target, part)
    text = _text(part)
    if literal:
        return _literal(scope, target, text)
    ref = scope.resolve(text.text)
    return _assigned(scope, target, ref, text.at) if isinstance(ref, ColumnRef) else ref


def _coalesce(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    operands = [_operand(scope, target, part, literal=False) for part in call.argument]
    found = tuple(one for one in operands if one is not None)
    return Call("coalesce", found, Options(), call.at) if len(found) == len(operands) else None


def _case(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    branches: list[BranchCall] = []
    for part in call.argument:
        if not isinstance(part, Branch):
            raise TypeError("case takes branches")
        when = scope.test(part.when, part.at) if part.when is not None else None
        then = _operand(scope, target, part.then, literal=True)
        if then is None:
            return None
        branches.append(BranchCall(when, then))
    return Call("case", tuple(branches), Options(), call.at)


def _copy(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    ref = scope.variable(text.text, text.at, target.name, call.method)
    return Call("copy", (ref,), Options(), call.at) if ref is not None else None


def _extreme(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    """earliest and latest: over variables, over columns of a source (`SOURCE.COL`), or over all dates."""
    refs: list[VariableRef | Call] = []
    for argument in call.argument:
        text = _text(argument)
        if text.text == "all dates":
            refs.append(VariableRef("", "all dates"))
            continue
        dates = _source_dates(scope, target, text)
        ref = dates or scope.variable(text.text, text.at, target.name, call.method)
        if ref is None:
            return None
        refs.append(ref)
    precision = "".join(text.text for text in call.options.get("precision", ()))
    variables = [ref for ref in refs if isinstance(ref, VariableRef)]
    if call.where is not None and len(variables) < len(refs):
        scope.study.problems.add("SPEC129", target.name, call.at, method=call.method)
        return None
    where = _where(scope, target, call, variables) if call.where is not None else None
    return Call(call.method, tuple(refs), Options(precision=precision, where=where), call.at)


def _where(scope: Scope, target: Target, call: MethodCall, refs: list[VariableRef]) -> Test:
    """The clause of earliest and latest sees the dataset that is read: its variables may stand bare."""
    assert call.where is not None
    domains = {ref.domain for ref in refs}
    test = scope.test(call.where, call.at)
    names: dict[str, Ref] = {}
    for name, ref in test.names.items():
        found: Ref | None = ref
        if isinstance(ref, ColumnRef):
            # with several datasets a bare name would not say which one is meant
            bare = len(domains) == 1 and "" not in domains
            found = (
                VariableRef(next(iter(domains)), name)
                if bare
                else scope.variable(name, call.at, target.name, call.method)
            )
        if found is not None:
            names[name] = found
    return replace(test, names=names)


def _source_dates(scope: Scope, target: Target, text: Text) -> Call | None:
    """SOURCE.COL: the dates of a raw column, read by the formats of its source."""
    head, dot, column = text.text.partition(".")
    source = scope.study.sources.get(head)
    if not dot or not column or source is None:
        return None
    if not source.dates.formats:
        scope.study.problems.add("SPEC115", target.name, text.at, source=source.name, column=column)
    options = Options(formats=source.dates.formats, unknown=source.dates.unknown, pivot=source.dates.pivot)
    return Call("source_dates", (Literal(head), Literal(column)), options, text.at)


def _age(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    arguments: list[Operand] = []
    for key in ("birth", "at"):
        text = call.options[key][0]
        ref = scope.resolve(text.text)
        if isinstance(ref, ColumnRef):
            inner = MethodCall("datetime", (text,), at=text.at)
            call_of_date = _datetime(scope, target, inner)
            if call_of_date is None:
                return None
            arguments.append(call_of_date)
        else:
            arguments.append(ref)
    return Call("age", tuple(arguments), Options(), call.at)


def _last_before(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    ref = scope.variable(text.text, text.at, target.name, call.method)
    if ref is None:
        return None
    same_day = "".join(one.text for one in call.options.get("same_day", ()))
    if same_day not in ("", "before", "after"):
        scope.study.problems.add(
            "SPEC184", target.name, call.at, key="same_day", value=same_day, allowed="before | after", near=""
        )
        return None
    within = "".join(one.text for one in call.options.get("within", ()))
    reads: tuple[VariableRef, ...] = ()
    if within:
        if within != "EPOCH" or text.text != "SE.SESTDTC":
            scope.study.problems.add("SPEC135", target.name, call.at)
            return None
        reads = _elements(scope)
    own = (VariableRef(scope.domain, f"{scope.domain}DTC"), VariableRef(scope.domain, f"{scope.domain}ORRES"))
    arguments = (ref, *own, *reads)
    return Call("last_before", arguments, Options(same_day=same_day, within=bool(within)), call.at)


def _elements(scope: Scope) -> tuple[VariableRef, ...]:
    """What of SE the epoch methods read."""
    domain = scope.study.domains.get("SE")
    names = ("SESTDTC", "SEENDTC", "EPOCH") if domain is not None else ()
    return tuple(VariableRef("SE", name) for name in names)


def epoch_call(scope: Scope, date: VariableRef, same_day: str, at: Location) -> Call:
    """EPOCH from SE; on a boundary day with a time missing a finding belongs to the earlier element.

    Where the date decides nothing, the planned visit of the record does.
    """
    visit = _visit_epoch(scope, at)
    arguments = (date, *_elements(scope), *((visit,) if visit is not None else ()))
    return Call("epoch", arguments, Options(same_day=same_day), at)


def _visit_epoch(scope: Scope, at: Location) -> Call | None:
    """The epoch of the record's planned visit; None where its source names no visit or visits have no epochs."""
    visits = scope.study.spec.visits
    if visits is None or scope.block is None or not any(row.epoch for row in visits.rows):
        return None
    if scope.block.from_ == VISITS:
        return Call("visit", (ColumnRef("", "EPOCH"),), at=at)
    source = scope.study.sources.get(scope.block.from_)
    if source is None or source.visit is None:
        return None
    return Call("visit", (ColumnRef("", VISIT_COLUMNS["EPOCH"]),), at=at)


def epoch_date(study: Study, domain: str) -> tuple[VariableRef, str] | None:
    """The date by which a domain's records have their epoch, and the side of a boundary day: by observation class."""
    dataset = study.standard.dataset(domain)
    if dataset is None:
        return None
    findings = dataset.define_class.startswith("FINDINGS")
    suffix, same_day = ("DTC", "before") if findings else ("STDTC", "after")
    return VariableRef(domain, f"{domain}{suffix}"), same_day


def _epoch(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    if "from" in call.options:
        reference = call.options["from"][0]
        ref = scope.variable(reference.text, reference.at, target.name, call.method)
        found = epoch_date(scope.study, scope.domain)
        if ref is None or found is None:
            return None
        texts = [
            _literal(scope, target, one)
            for key in ("before", "at", "after")
            for one in _epoch_text(call, key)
        ]
        return Call("epoch_by_date", (found[0], ref, *texts), Options(), call.at)
    found = epoch_date(scope.study, scope.domain)
    if found is None or "SE" not in scope.study.domains:
        scope.study.problems.add("SPEC155", target.name, call.at)
        return None
    same_day = "".join(one.text for one in call.options.get("same_day", ())) or found[1]
    return epoch_call(scope, found[0], same_day, call.at)


def _epoch_text(call: MethodCall, key: str) -> tuple[Text, ...]:
    """The epoch before, at or after the date; the day itself counts as after unless it is stated."""
    return call.options.get(key) or (call.options.get("after") if key == "at" else None) or (Text(""),)


def _next(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = _text(call.argument[0])
    ref = scope.variable(text.text, text.at, target.name, call.method)
    if ref is None:
        return None
    operands: list[Operand] = [ref]
    if len(call.argument) > 1:
        otherwise = _operand(scope, target, call.argument[1], literal=True)
        if otherwise is None:
            return None
        operands.append(otherwise)
    return Call("next", tuple(operands), Options(), call.at)


def _interval(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    """Names are the domain's own variables, bare."""

    def own(key: str) -> tuple[VariableRef, ...]:
        return tuple(VariableRef(scope.domain, text.text) for text in call.options.get(key, ()))

    gap = "".join(one.text for one in call.options.get("gap", ()))
    if gap:
        try:
            days_of_duration(gap)
        except ValueError as error:
            scope.study.problems.add("SPEC156", target.name, call.at, fault=str(error))
            return None
    start, end = own("start"), own("end") or own("start")
    where = None
    if call.where is not None:
        where = _where(scope, target, call, [VariableRef(scope.domain, "")])
    return Call("interval", (*start, *end), Options(identity=own("same"), gap=gap, where=where), call.at)


def _checked(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    boxes: list[tuple[Ref, str]] = []
    for part in call.argument:
        if not isinstance(part, Checked):
            raise TypeError("checked takes boxes")
        ref = scope.column(part.column, part.at, target.name, call.method)
        if ref is None:
            return None
        boxes.append((ref, _literal(scope, target, Text(part.value, part.at)).text))
    many = "".join(one.text for one in call.options.get("many", ()))
    if many:
        many = _literal(scope, target, Text(many, call.at)).text
    separator = "".join(one.text for one in call.options.get("separator", ()))
    return Call("checked", (), Options(boxes=tuple(boxes), many=many, separator=separator), call.at)


def _text(argument: Part) -> Text:
    if not isinstance(argument, Text):
        raise TypeError("a text is expected; the loader checks it")
    return argument


def _record(scope: Scope, target: Target, call: MethodCall) -> Call:
    """The record that a comment belongs to: made by `comments:`, no method of the language."""
    domain = str(_text(call.argument[0]))
    return Call(call.method, (Literal(domain), VariableRef(domain, f"{domain}SEQ")), at=call.at)


_Compiler = Callable[[Scope, Target, MethodCall], Call | None]
_COMPILERS: dict[str, _Compiler] = {
    "assign": _assign,
    "hardcode": _hardcode,
    "template": _template,
    "datetime": _datetime,
    "coalesce": _coalesce,
    "case": _case,
    "copy": _copy,
    "checked": _checked,
    "compute": _compute,
    "duration": _duration,
    "epoch": _epoch,
    "interval": _interval,
    "next": _next,
    "record_number": _record,
    "record_variable": _record,
    "earliest": _extreme,
    "latest": _extreme,
    "age": _age,
    "last_before": _last_before,
}
