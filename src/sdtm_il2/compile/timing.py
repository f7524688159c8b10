"""Methods over dates and over the records of a subject: datetime, earliest, age, last_before, epoch, next, interval."""

from __future__ import annotations

from dataclasses import replace

from sdtm_il2.compile.calls import Target, compiler, literal_of, operand_of, text_of
from sdtm_il2.compile.names import Scope, Study
from sdtm_il2.dateformat import expected_format
from sdtm_il2.errors import Location
from sdtm_il2.moment import days_of_duration
from sdtm_il2.plan.calls import (
    Call,
    ColumnRef,
    Literal,
    Operand,
    Options,
    Ref,
    Test,
    VariableRef,
)
from sdtm_il2.plan.visits import VISIT_COLUMNS, VISITS
from sdtm_il2.spec.model import BlockSpec, MethodCall, Text
from sdtm_il2.spec.study import DateRule


@compiler("datetime")
def _datetime(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    refs: list[ColumnRef] = []
    for argument in call.argument:
        text = text_of(argument)
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
    if "format" in call.options and (wrong := expected_format(formats, pivot)):
        scope.study.problems.add(
            "SPEC185", target.name, call.at, key="format", value=f"'{wrong[0]}'", form=wrong[1]
        )
    return Call("datetime", tuple(refs), Options(formats=formats, unknown=unknown, pivot=pivot), call.at)


@compiler("earliest", "latest")
def _extreme(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    """earliest and latest: over variables, over columns of a source (`SOURCE.COL`), or over all dates."""
    refs: list[VariableRef | Call] = []
    for argument in call.argument:
        text = text_of(argument)
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
    named = call.options.get("same", ())
    if named and (len(variables) < len(refs) or any(not ref.domain for ref in variables)):
        scope.study.problems.add("SPEC154", target.name, named[0].at, method=call.method)
        return None
    if call.where is not None and not variables:
        sourced = [_with_where(scope, target, call, ref) for ref in refs if isinstance(ref, Call)]
        return Call(call.method, tuple(sourced), Options(precision=precision), call.at)
    if call.where is not None and len(variables) < len(refs):
        scope.study.problems.add("SPEC129", target.name, call.at, method=call.method)
        return None
    where = _where(scope, target, call, variables) if call.where is not None else None
    same = tuple(
        (_prefixed(scope.domain, one), tuple(_prefixed(ref.domain, one) for ref in variables))
        for one in named
    )
    return Call(call.method, tuple(refs), Options(precision=precision, where=where, same=same), call.at)


def _prefixed(domain: str, name: Text) -> VariableRef:
    """VISITNUM, or --LNKID as the domain has it."""
    return VariableRef(domain, name.text.replace("--", domain, 1))


def _with_where(scope: Scope, target: Target, call: MethodCall, dates: Call) -> Call:
    """The dates of a raw column in the records of its source for which the clause holds: it sees columns only."""
    assert call.where is not None
    source = dates.arguments[0]
    assert isinstance(source, Literal)
    raw = Scope(scope.study, scope.domain, BlockSpec(source.text, source.text))
    test = raw.raw_test(call.where, call.at, target.name, "where")
    return replace(dates, options=replace(dates.options, where=test))


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


@compiler("age")
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


@compiler("last_before")
def _last_before(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
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


@compiler("epoch")
def _epoch(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    if "from" in call.options:
        reference = call.options["from"][0]
        ref = scope.variable(reference.text, reference.at, target.name, call.method)
        found = epoch_date(scope.study, scope.domain)
        if ref is None or found is None:
            return None
        texts = [
            literal_of(scope, target, one)
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


@compiler("next")
def _next(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
    ref = scope.variable(text.text, text.at, target.name, call.method)
    if ref is None:
        return None
    operands: list[Operand] = [ref]
    if len(call.argument) > 1:
        otherwise = operand_of(scope, target, call.argument[1], literal=True)
        if otherwise is None:
            return None
        operands.append(otherwise)
    return Call("next", tuple(operands), Options(), call.at)


@compiler("interval")
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
