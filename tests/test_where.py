"""Clauses: read, evaluated and said in words; expected values worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdtm_il2.errors import NOWHERE, Location, Problems, SpecError
from sdtm_il2.where import (
    Clause,
    Condition,
    conditions,
    describe,
    names,
    operands,
    parse_clause,
    resolve_names,
)
from sdtm_il2.where.evaluate import Evaluated, evaluate

AT = Location("mappings/ae.yaml", 7)


def one(text: str, known: tuple[str, ...] = ()) -> tuple[str, str, tuple[str, ...]]:
    (condition,) = conditions(parse_clause(text, AT, known))
    assert condition.at == AT
    assert condition.text == text.strip()
    return condition.name, condition.comparator, condition.values


@pytest.mark.parametrize(
    ("text", "name", "comparator", "values"),
    [
        ("是否持续 EQ 是", "是否持续", "EQ", ("是",)),
        ("AE.AESTDTC GE DM.RFXSTDTC", "AE.AESTDTC", "GE", ("DM.RFXSTDTC",)),
        ("结果 IN 未检 | 溶血", "结果", "IN", ("未检", "溶血")),
        ("AEOUT NOTIN FATAL", "AEOUT", "NOTIN", ("FATAL",)),
        ("不良事件 名称 FILLED", "不良事件 名称", "FILLED", ()),
        ("AETERM EMPTY", "AETERM", "EMPTY", ()),
        ("RACE HAS WHITE", "RACE", "HAS", ("WHITE",)),
        ("项目 MATCHES 抗*抗体", "项目", "MATCHES", ("抗*抗体",)),
        ("Treg(%CD4) LT 5.5", "Treg(%CD4)", "LT", ("5.5",)),
        ("A EQ FILLED", "A", "EQ", ("FILLED",)),
        ("A EQ EQ", "A", "EQ", ("EQ",)),
        ("A   EQ    B  C ", "A", "EQ", ("B  C",)),
        ('A EQ ""', "A", "EQ", ("",)),
        ("A EQ ''", "A", "EQ", ("",)),
        ('A EQ "x | y"', "A", "EQ", ("x | y",)),
        ('A IN "x | y" | z', "A", "IN", ("x | y", "z")),
        ('A IN "" | z', "A", "IN", ("", "z")),
        ("A IN z | ''", "A", "IN", ("z", "")),
        ('A EQ "say ""so"""', "A", "EQ", ('say "so"',)),
        ('A EQ "a" or "b"', "A", "EQ", ('"a" or "b"',)),
        ("A EQ 5' tall", "A", "EQ", ("5' tall",)),
        ("A EQ a|b", "A", "EQ", ("a|b",)),
        ("NOTE EQ NOT IN USE", "NOTE", "EQ", ("NOT IN USE",)),
    ],
)
def test_a_clause_is_a_name_a_comparator_and_values(
    text: str, name: str, comparator: str, values: tuple[str, ...]
) -> None:
    assert one(text) == (name, comparator, values)


def test_the_longest_known_column_is_the_name() -> None:
    assert one("PLACE IN USE EQ HOME") == ("PLACE", "IN", ("USE EQ HOME",))
    assert one("PLACE IN USE EQ HOME", ("PLACE", "PLACE IN USE")) == ("PLACE IN USE", "EQ", ("HOME",))
    assert one("PLACE IN USE EQ HOME", ("OTHER", "PLACE")) == ("PLACE", "IN", ("USE EQ HOME",))
    assert one("A EQ B FILLED", ("A EQ B",)) == ("A EQ B", "FILLED", ())


def test_names_can_be_split_again_when_the_columns_are_known() -> None:
    clause = parse_clause(["PLACE IN USE EQ HOME", {"any": ["A IN B EMPTY", "C EQ 1"]}], AT)
    assert names(clause) == ("PLACE", "A", "C")
    again = resolve_names(clause, {"PLACE IN USE", "A IN B"})
    assert names(again) == ("PLACE IN USE", "A IN B", "C")
    assert [part.comparator for part in conditions(again)] == ["EQ", "EMPTY", "EQ"]
    assert {part.at for part in conditions(again)} == {AT}
    made = Clause((Condition("X", "FILLED"),))
    assert resolve_names(made, {"Y"}) == made


def test_a_list_is_all_and_any_is_any() -> None:
    clause = parse_clause(["A EQ 1", {"any": ["B EQ 2", ["C FILLED", "D EMPTY"]]}])
    assert not clause.any
    first, second = clause.parts
    assert isinstance(first, Condition)
    assert isinstance(second, Clause)
    assert second.any
    assert isinstance(second.parts[1], Clause)
    assert names(clause) == ("A", "B", "C", "D")


def test_a_text_may_bring_its_own_place() -> None:
    @dataclass(frozen=True)
    class Scalar:
        text: str
        at: Location

    clause = parse_clause([Scalar("A EQ 1", Location("ae.yaml", 3)), "B EQ 2"], Location("ae.yaml", 2))
    assert [part.at.line for part in conditions(clause)] == [3, 2]


def test_operands_are_what_may_name_a_variable() -> None:
    clause = parse_clause(["A GE DM.B", 'C EQ "DM.D"', "E NE F", "G IN H", "I HAS J", "K EMPTY"])
    assert operands(clause) == ("DM.B", "F")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "AESEV = MILD",
            (
                "mappings/ae.yaml:7: SPEC150: no comparator in the clause 'AESEV = MILD'\n"
                "  hint: write EQ for '=', with a blank on each side; a clause is NAME COMPARATOR VALUE, and "
                "the comparator is one of EQ NE LT LE GT GE IN NOTIN HAS MATCHES FILLED EMPTY, in capitals"
            ),
        ),
        (
            "AESEV",
            (
                "mappings/ae.yaml:7: SPEC150: no comparator in the clause 'AESEV'\n"
                "  hint: a clause is NAME COMPARATOR VALUE, and the comparator is one of EQ NE LT LE GT GE "
                "IN NOTIN HAS MATCHES FILLED EMPTY, in capitals"
            ),
        ),
        (
            "AESEV EQ",
            (
                "mappings/ae.yaml:7: SPEC151: there is no value after EQ in the clause 'AESEV EQ'\n"
                '  hint: a clause is NAME EQ VALUE; a value that is empty stands in quotes: ""'
            ),
        ),
        (
            "AESEV EQ MILD | SEVERE",
            (
                "mappings/ae.yaml:7: SPEC152: EQ takes one value, but the clause 'AESEV EQ MILD | SEVERE' "
                "gives 2\n  hint: use IN or NOTIN for several values; put quotes around one value that holds "
                "' | '; FILLED and EMPTY end the clause"
            ),
        ),
        (
            {"all": ["AESEV EQ MILD"]},
            (
                "mappings/ae.yaml:7: SPEC153: a clause is text, a list of clauses, or any: with a list; "
                "found the keys all\n  hint: write 'NAME EQ VALUE', or a list of such lines (all must hold), "
                "or any: and a list (one must hold)"
            ),
        ),
    ],
)
def test_messages_of_wrong_clauses(source: object, text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_clause(source, AT)  # type: ignore[arg-type]
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("A == 1", "EQ"), ("A>=1", "GE"), ("A ≤ 1", "LE"), ("A <> 1", "NE"), ("A eq 1", "EQ"),
        ("A not in 1", "NOTIN"), ("A is 1", "EQ"), ("A contains 1", "HAS"), ("A filled", "FILLED"),
    ],
)  # fmt: skip
def test_the_comparator_that_was_meant(text: str, meant: str) -> None:
    problems = Problems()
    assert parse_clause(text, AT, problems=problems).parts == ()
    assert [(found.code, found.hint.split(" for ")[0]) for found in problems.found] == [
        ("SPEC150", f"write {meant}")
    ]


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("EQ MILD", ["SPEC151"]),
        ("", ["SPEC150"]),
        ("A IN x | | y", ["SPEC151"]),
        ("A IN x |", ["SPEC151"]),
        ("A IN | x", ["SPEC151"]),
        ("A FILLED yes", ["SPEC152"]),
        ("A HAS x | y", ["SPEC152"]),
        ([], ["SPEC153"]),
        ({}, ["SPEC153"]),
        ("A IN [x, y]", ["SPEC102"]),
        ({"any": "A EQ 1"}, ["SPEC153"]),
        ({"any": ["A EQ 1"], "all": ["B EQ 1"]}, ["SPEC153"]),
        (["A = 1", "B EQ 2", "C EQ"], ["SPEC150", "SPEC151"]),
    ],
)
def test_all_problems_of_a_clause_at_once(source: object, codes: list[str]) -> None:
    problems = Problems()
    parse_clause(source, AT, problems=problems)  # type: ignore[arg-type]
    assert [found.code for found in problems.found] == codes
    assert {found.at for found in problems.found} == {AT}


FRAME = pd.DataFrame(
    {
        "AESEV": pd.Series(["MILD", " MILD ", "mild", "", "SEVERE"], dtype="str"),
        "AESTDTC": pd.Series(["2024-03-01", "2024-02-29T23:00", "2024-03", "", "2024-02"], dtype="str"),
        "RFXSTDTC": pd.Series(
            ["2024-03-01T09:30", "2024-03-01", "2024-03-01", "2024-03-01", ""], dtype="str"
        ),
        "LBORRES": pd.Series(["1.50", "<0.5", "10", "", "2e1"], dtype="str"),
        "LIMIT": pd.Series(["1.5", "1", "9", "9", "x"], dtype="str"),
        "AGE": [54.0, 17.0, 18.0, np.nan, 18.5],
        "RACE": pd.Series(["WHITE, ASIAN", "ASIAN", "白人；亚裔", "", "WHITEISH"], dtype="str"),
    }
)


def answers(source: object) -> str:
    """One sign a record: y, n, or ? where it is undecided."""
    clause = parse_clause(source)  # type: ignore[arg-type]
    found = evaluate(
        clause,
        FRAME.__getitem__,
        is_date=lambda name: name.endswith("DTC"),
        lookup_value=lambda text: FRAME.get(text, None),
    )
    assert isinstance(found, Evaluated)
    assert not (found.mask & found.undecided).any()
    return "".join(
        "y" if mask else "?" if unknown else "n"
        for mask, unknown in zip(found.mask, found.undecided, strict=True)
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("AESEV EQ MILD", "yynnn"),
        ("AESEV NE MILD", "nnyyy"),
        ("AESEV IN MILD | SEVERE", "yynny"),
        ("AESEV NOTIN MILD | SEVERE", "nnyyn"),
        ('AESEV IN "" | mild', "nnyyn"),
        ('AESEV EQ ""', "nnnyn"),
        ("AESEV FILLED", "yyyny"),
        ("AESEV EMPTY", "nnnyn"),
        ("AESEV MATCHES M*", "yynnn"),
        ("AESEV MATCHES ?EVERE", "nnnny"),
        ("AESEV MATCHES *", "yyyyy"),
        ("AESEV MATCHES M.*D", "nnnnn"),
        ("RACE HAS WHITE", "ynnnn"),
        ("RACE HAS 亚裔", "nnynn"),
        ("LBORRES EQ 1.5", "nnnnn"),
        ("LBORRES EQ 1.50", "ynnnn"),
        ("LBORRES GT 1.5", "n?yny"),
        ("LBORRES GE 1.5", "y?yny"),
        ("LBORRES LT high", "???n?"),
        ("LBORRES LE LIMIT", "y?nn?"),
        ("AGE GE 18", "ynyny"),
        ("AGE LT 18", "nynnn"),
        ("AGE EQ 18", "nnynn"),
        ("AGE EQ 18.0", "nnynn"),
        ("AGE NE 18", "yynyy"),
        ("AGE IN 54 | 17", "yynnn"),
        ("AGE EQ adult", "nnnnn"),
        ("AGE FILLED", "yyyny"),
        ("AGE EMPTY", "nnnyn"),
        ('AGE EQ ""', "nnnyn"),
        ("AESTDTC GE 2024-03-01", "ynynn"),
        ("AESTDTC GE RFXSTDTC", "?nynn"),
        ("AESTDTC LT RFXSTDTC", "?ynnn"),
        ("AESTDTC EQ 2024-03", "nnynn"),
        ("AESEV EQ AESEV", "yyyyy"),
        ("AESEV NE LIMIT", "yyyyy"),
        ('AESEV EQ "LIMIT"', "nnnnn"),
        ("LBORRES EQ AGE", "nnnyn"),
    ],
)
def test_comparators(source: str, expected: str) -> None:
    assert answers(source) == expected


def test_three_values_combine() -> None:
    undecided, true, false = "LBORRES LT high", "AESEV MATCHES *", "AESEV EQ none"
    assert answers([undecided, true]) == "???n?"
    assert answers([undecided, false]) == "nnnnn"
    assert answers({"any": [undecided, true]}) == "yyyyy"
    assert answers({"any": [undecided, false]}) == "???n?"
    assert answers(["AESEV EQ MILD", {"any": ["AGE GE 18", "AGE EMPTY"]}]) == "ynnnn"


def test_a_clause_without_parts_holds_everywhere() -> None:
    found = evaluate(Clause(()), FRAME.__getitem__, is_date=lambda name: False, records=3)
    assert found.mask.tolist() == [True, True, True]
    assert found.undecided.tolist() == [False, False, False]
    with pytest.raises(ValueError, match="needs the number of records"):
        evaluate(Clause(()), FRAME.__getitem__, is_date=lambda name: False)


def test_no_records() -> None:
    empty = FRAME.iloc[:0]
    for text in ("AESEV EQ MILD", "AGE GE 18", "AESTDTC GE 2024", "AESEV HAS x", "LBORRES LT 1"):
        found = evaluate(parse_clause(text), empty.__getitem__, is_date=lambda name: name.endswith("DTC"))
        assert found.mask.tolist() == found.undecided.tolist() == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("AE.AESTDTC GE DM.RFXSTDTC", "AE.AESTDTC is on or after DM.RFXSTDTC"),
        ("AGE LT 18", "AGE is less than 18"),
        ("STARTED LE 2024-03-01", "STARTED is on or before 2024-03-01"),
        ('AESEV NE ""', "AESEV is filled"),
        ("AESEV EMPTY", "AESEV is missing"),
        ('AEOUT NOTIN "" | FATAL', "AEOUT is none of missing, FATAL"),
        (
            ["A EQ 1", {"any": ["B HAS 2", "C MATCHES x*"]}],
            "A is 1 and (the items listed in B include 2 or C matches the wildcard pattern x*)",
        ),
        ({"any": ["A EQ 1", ["B GT 2", "C GE 3"]]}, "A is 1 or (B is greater than 2 and C is at least 3)"),
    ],
)
def test_clauses_in_words(source: object, words: str) -> None:
    assert describe(parse_clause(source)) == words  # type: ignore[arg-type]


def test_the_clause_that_always_holds_in_words() -> None:
    assert describe(Clause(())) == "always"
    assert Condition("A", "FILLED").at == NOWHERE


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=8)


@given(st.lists(_TEXT, min_size=1, max_size=4))
def test_quoted_values_are_read_back(values: list[str]) -> None:
    written = " | ".join('"' + value.replace('"', '""') + '"' for value in values)
    (condition,) = conditions(parse_clause(f"NAME IN {written}"))
    assert condition.values == tuple(values)


@given(st.text(max_size=30))
def test_any_text_is_a_clause_or_a_problem(text: str) -> None:
    problems = Problems()
    clause = parse_clause(text, problems=problems)
    assert bool(clause.parts) != bool(problems.found)
