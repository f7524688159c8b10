"""A line of `variables:` becomes a rule: method calls with resolved arguments."""

from __future__ import annotations

from dataclasses import replace

from sdtm_il2.bilingual import Bilingual
from sdtm_il2.compile.calls import (
    Target,
    assigned,
    compile_call,
    compiler,
    leaf,
    literal_of,
    operand_of,
    text_of,
)
from sdtm_il2.compile.define import annotated, comment_name
from sdtm_il2.compile.names import Scope, Study
from sdtm_il2.compile.terms import bind
from sdtm_il2.plan.calls import (
    BranchCall,
    Call,
    ColumnRef,
    Literal,
    Operand,
    Options,
    Ref,
    Rule,
    VariableRef,
)
from sdtm_il2.plan.durations import is_time_unit
from sdtm_il2.plan.expression import parse_expression
from sdtm_il2.plan.template import parse_template
from sdtm_il2.spec.model import Branch, Checked, MethodCall, Text, VariableSpec
from sdtm_il2.standards import VariableDef

#: Define-XML origin by method, where neither the variable nor the source states one.
_ORIGINS = {
    "hardcode": "Assigned by Sponsor",
    "tests": "Assigned by Sponsor",
    "decode": "Assigned by Sponsor",
    "assign": "Collected",
    "datetime": "Collected",
}
DERIVED = "Derived by Sponsor"


def compile_rule(scope: Scope, spec: VariableSpec, known: VariableDef | None) -> Rule | None:
    """The rule of one variable in one block; None after `drop` or where names are wrong (reported)."""
    if spec.method is None:
        return None
    study = scope.study
    binding = bind(study, f"{scope.domain}.{spec.name}", spec, known)
    target = Target(scope.domain, spec, known, binding)
    call = compile_call(scope, target, spec.method)
    if call is None:
        return None
    when = scope.test(spec.when, spec.at) if spec.when is not None else None
    shift = _template_call(scope, target, Text(spec.shift, spec.at)) if spec.shift else None
    return Rule(
        call, when, spec.undecided, spec.precision, _origin(scope, spec, call),
        spec.crf if annotated(study) else "", _comment(study, spec), spec.description, spec.at, shift,
    )  # fmt: skip


def _comment(study: Study, spec: VariableSpec) -> Bilingual:
    """The text of `comment:`; a single word or text may name a comment of define/study.yaml."""
    shared = study.spec.comments.get(comment_name(spec))
    return shared.words if shared is not None else spec.comment


def _looked_up(scope: Scope, ref: ColumnRef) -> bool:
    """Whether a column comes from a table of `decode:`, not from the record."""
    decodes = scope.block.decode if scope.block is not None and not ref.alias else ()
    return any(
        ref.column in one.headers and all(ref.column != header for _, header in one.by) for one in decodes
    )


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
            if _looked_up(scope, argument):
                return _ORIGINS["decode"]
            source = scope.source_of(argument)
            if source is not None and source.origin:
                return source.origin
            if source is None:
                return DERIVED
    return "Collected by Investigator"


@compiler("assign")
def _assign(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
    ref = scope.column(text.text, text.at, target.name, call.method)
    if ref is None:
        return None
    return assigned(scope, target, ref, call.at)


@compiler("hardcode")
def _hardcode(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
    return Call("hardcode", (literal_of(scope, target, text),), Options(), call.at)


@compiler("template")
def _template(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
    try:
        operands = template_operands(scope, text)
    except ValueError as error:
        scope.study.problems.add("SPEC198", target.name, text.at, value=text.text, fault=str(error))
        return None
    return Call("template", operands, leaf(target), call.at)


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


@compiler("compute")
def _compute(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
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


@compiler("duration")
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


@compiler("coalesce")
def _coalesce(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    operands = [operand_of(scope, target, part, literal=False) for part in call.argument]
    found = tuple(one for one in operands if one is not None)
    return Call("coalesce", found, Options(), call.at) if len(found) == len(operands) else None


@compiler("case")
def _case(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    branches: list[BranchCall] = []
    for part in call.argument:
        if not isinstance(part, Branch):
            raise TypeError("case takes branches")
        when = scope.test(part.when, part.at) if part.when is not None else None
        then = operand_of(scope, target, part.then, literal=True)
        if then is None:
            return None
        branches.append(BranchCall(when, then))
    return Call("case", tuple(branches), Options(), call.at)


@compiler("copy")
def _copy(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    text = text_of(call.argument[0])
    ref = scope.variable(text.text, text.at, target.name, call.method)
    return Call("copy", (ref,), Options(), call.at) if ref is not None else None


@compiler("checked")
def _checked(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    boxes: list[tuple[Ref, str]] = []
    for part in call.argument:
        if not isinstance(part, Checked):
            raise TypeError("checked takes boxes")
        ref = scope.column(part.column, part.at, target.name, call.method)
        if ref is None:
            return None
        boxes.append((ref, literal_of(scope, target, Text(part.value, part.at)).text))
    many = "".join(one.text for one in call.options.get("many", ()))
    if many:
        many = literal_of(scope, target, Text(many, call.at)).text
    separator = "".join(one.text for one in call.options.get("separator", ()))
    return Call("checked", (), Options(boxes=tuple(boxes), many=many, separator=separator), call.at)


@compiler("record_number", "record_variable")
def _record(scope: Scope, target: Target, call: MethodCall) -> Call:
    """The record that a comment belongs to: made by `comments:`, no method of the language."""
    domain = str(text_of(call.argument[0]))
    return Call(call.method, (Literal(domain), VariableRef(domain, f"{domain}SEQ")), at=call.at)
