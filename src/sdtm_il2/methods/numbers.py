"""Numbers: compute, and text as decimals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from sdtm_il2.dataset import char, distinct
from sdtm_il2.methods.evaluate import evaluate, method, number_text
from sdtm_il2.methods.view import View
from sdtm_il2.plan.calls import Call, Literal
from sdtm_il2.plan.expression import evaluate_expression, parse_expression
from sdtm_il2.plan.number import number, plain


@method("compute")
def compute(view: View, call: Call) -> pd.Series:
    """The value of an expression in exact decimals, on the distinct combinations of what it reads.

    Missing where a value that it needs is missing. Text that is no number is DATA804, a division by zero
    DATA813; neither gives a value.
    """
    expression, *operands = call.arguments
    assert isinstance(expression, Literal)
    tree, _ = parse_expression(expression.text)
    columns = [evaluate(view, one) for one in operands]  # type: ignore[arg-type]
    texts = [number_text(one) if one.dtype == np.float64 else one for one in columns]
    encoded = [distinct(one) for one in texts]
    numbers: list[list[Decimal | None]] = []
    for one, column in zip(encoded, texts, strict=True):
        written = [text.replace(",", ".") if call.options.decimal == "," else text for text in one.values]
        values = [number(text) for text in written]
        bad = [value is None and bool(text.strip()) for value, text in zip(values, written, strict=True)]
        view.report("DATA804", np.array([*bad, False], bool)[one.codes], column, at=call.at)
        numbers.append(values)
    combined = np.zeros(len(view), np.int64)
    for one in encoded:
        combined = pd.factorize(combined * max(len(one.values), 1) + one.codes)[0].astype(np.int64)
    first = np.full(int(combined.max(initial=-1)) + 1, -1, np.int64)
    first[combined[::-1]] = np.arange(len(combined))[::-1]
    results: list[str] = []
    divided: list[bool] = []
    for record in first.tolist():
        row = [values[int(one.codes[record])] for one, values in zip(encoded, numbers, strict=True)]
        try:
            value = evaluate_expression(tree, row)
            divided.append(False)
        except ZeroDivisionError:
            value = None
            divided.append(True)
        results.append("" if value is None else plain(value))
    view.report("DATA813", np.array([*divided, False], bool)[combined], at=call.at)
    return char(np.array([*results, ""], dtype=object)[combined])
