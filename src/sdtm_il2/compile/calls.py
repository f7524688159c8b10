"""What every method is compiled with: its target, its texts and operands, and the compiler of each method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sdtm_il2.compile.names import Scope
from sdtm_il2.compile.terms import Binding, check_literal
from sdtm_il2.errors import Location
from sdtm_il2.plan.calls import (
    Call,
    ColumnRef,
    Literal,
    Operand,
    Options,
)
from sdtm_il2.spec.model import Branch, Checked, MethodCall, Text, VariableSpec
from sdtm_il2.standards import VariableDef

Part = Text | MethodCall | Branch | Checked


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


Compiler = Callable[[Scope, Target, MethodCall], Call | None]
COMPILERS: dict[str, Compiler] = {}


def compiler(*methods: str) -> Callable[[Compiler], Compiler]:
    """Register the function that compiles a method."""

    def register(function: Compiler) -> Compiler:
        COMPILERS.update(dict.fromkeys(methods, function))
        return function

    return register


def compile_call(scope: Scope, target: Target, call: MethodCall) -> Call | None:
    """The call of a method."""
    return COMPILERS[call.method](scope, target, call)


def leaf(target: Target, *, terms: bool = True) -> Options:
    """Options of a call that carries collected text."""
    return Options(text=target.spec.text, terms=target.binding.terms if terms else None)


def assigned(scope: Scope, target: Target, ref: ColumnRef, at: Location) -> Call:
    """A column as `assign` takes it: through the codelist, with the decimal sign of its source."""
    source = scope.source_of(ref)
    # a variable of a dataset has been through its list already
    options = replace(
        leaf(target, terms=source is not None or scope.block is None or scope.from_table()),
        decimal=(source.decimal if source else "") or ".",
    )
    return Call("assign", (ref,), options, at)


def literal_of(scope: Scope, target: Target, text: Text) -> Literal:
    """A constant as the term that it is."""
    return Literal(check_literal(scope.study, target.name, text.text, target.binding, text.at), text.at)


def operand_of(scope: Scope, target: Target, part: Part, *, literal: bool) -> Operand | None:
    """An operand of coalesce (names) or of a case branch (texts): a nested method, a name or a text."""
    if isinstance(part, MethodCall):
        return compile_call(scope, target, part)
    text = text_of(part)
    if literal:
        return literal_of(scope, target, text)
    ref = scope.resolve(text.text)
    return assigned(scope, target, ref, text.at) if isinstance(ref, ColumnRef) else ref


def text_of(argument: Part) -> Text:
    """An argument that the loader has checked to be a text."""
    if not isinstance(argument, Text):
        raise TypeError("a text is expected; the loader checks it")
    return argument
