"""Tests tables drafted from the items of long files and the columns of wide ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sdtm_il2.spec.tables import changed_by_excel
from sdtm_il2.standards import Standard
from sdtm_il2.starter.terms import add_terms
from sdtm_il2.survey.names import head, match_term, plain
from sdtm_il2.survey.profile import PartProfile

#: Items of one file that are written into a table.
MOST_ITEMS: Final = 5000
TO_DO: Final = "to do: which test is this?"
#: A header that names the unit behind the test: SYSBP (mmHg), 体重（kg）.
_WITH_UNIT: Final = re.compile(r"(.*\S)\s*[(\[（]\s*([^()\[\]（）]+?)\s*[)\]）]")
_TAIL: Final = re.compile(r"_?(?:[A-Z]{2})?(?:ORRES|RESULT|RES|VALUE)$")
#: The keys whose texts are terms, and the end of the variable that has the list.
_LISTED: Final = {"unit": "ORRESU", "indicator": "NRIND"}
_PARTS: Final = {"ORRESU": "unit", "ORNRLO": "low", "ORNRHI": "high", "NRIND": "indicator"}


@dataclass(frozen=True, slots=True)
class TestsDraft:
    """A tests table, the columns that it and its block read, and how many of its rows name a test.

    ``open`` are keys with their columns that cannot stand as they are, and why.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    named: int
    open: tuple[tuple[str, str, str], ...] = ()


def tests_of(part: PartProfile, standard: Standard, terms: dict[str, dict[str, str]]) -> TestsDraft | None:
    """The tests of a table of findings: by items where a column names them, else by columns; None if none is found.

    What units and indicators mean is added to `terms`.
    """
    domain = part.domain
    code = standard.variable(domain, f"{domain}TESTCD")
    if code is None:
        return None
    lists = code.codelists
    item = part.holding(f"{domain}.{domain}TEST") or part.holding(f"{domain}.{domain}TESTCD")
    result = part.holding(f"{domain}.{domain}ORRES")
    if item and result and item != result:
        return _long(part, item, result, lists, standard, terms)
    return _wide(part, lists, standard)


def _long(
    part: PartProfile,
    item: str,
    result: str,
    lists: tuple[str, ...],
    standard: Standard,
    terms: dict[str, dict[str, str]],
) -> TestsDraft | None:
    domain = part.domain
    keys = [("result", result)]
    for ending, key in _PARTS.items():
        column = part.holding(f"{domain}.{domain}{ending}")
        if column:
            keys.append((key, column))
    if part.holding("range") and not any(key in ("low", "high") for key, _ in keys):
        keys.append(("range", part.holding("range")))
    rows = []
    named = 0
    for text in sorted(part.column(item).values)[:MOST_ITEMS]:
        name = text.strip()
        if changed_by_excel(name):
            continue  # a table may not hold it: the build reports the item
        test = _test(name, lists, standard)
        named += bool(test)
        rows.append((name, "" if test else "-", test, "" if test else TO_DO))
    columns = (item, *(column for _, column in keys))
    named_items = {row[0] for row in rows if row[2]}
    open_ = []
    for key, column in keys:
        variable = standard.variable(domain, f"{domain}{_LISTED[key]}") if key in _LISTED else None
        if variable is None:
            continue
        frame = part.part.source.frame
        held = frame.loc[frame[item].str.strip().isin(named_items), column].unique()
        texts = sorted(text for text in held if text.strip())
        left = add_terms(texts, variable.codelists, terms, standard)
        if left:
            open_.append((key, column, f"{left} of {len(texts)} texts without a term"))
    keys = [pair for pair in keys if pair[0] not in {key for key, _, _ in open_}]
    return TestsDraft(
        (item, "domain", "--TESTCD", "note"), tuple(rows), (("by", item), *keys), columns, named, tuple(open_)
    )


def _wide(part: PartProfile, lists: tuple[str, ...], standard: Standard) -> TestsDraft | None:
    """Columns whose name is a test's code, name or synonym; else all that may hold results, to be named.

    A unit may stand behind the name in parentheses.
    """
    rows: list[tuple[str, ...]] = []
    unit_variable = standard.variable(part.domain, f"{part.domain}ORRESU")
    unit_lists = unit_variable.codelists if unit_variable is not None else ()
    for column in _results(part):
        test, unit = _test(_TAIL.sub("", head(column)) or column, lists, standard), ""
        behind = _WITH_UNIT.fullmatch(column.strip())
        if not test and behind is not None:
            test = _test(_TAIL.sub("", head(behind[1])) or behind[1], lists, standard)
            found = (match_term(code, behind[2], standard) for code in unit_lists)
            unit = next((one for one in found if one), "")
        if test:
            rows.append((column, test, unit))
    if rows:
        header: tuple[str, ...] = ("column", "--TESTCD", "--ORRESU")
        return TestsDraft(header, tuple(rows), (), tuple(row[0] for row in rows), len(rows))
    rows = [(column, "-", "", TO_DO) for column in _results(part) if not changed_by_excel(column)]
    header = ("column", "domain", "--TESTCD", "note")
    return TestsDraft(header, tuple(rows), (), tuple(row[0] for row in rows), 0) if rows else None


def _results(part: PartProfile) -> list[str]:
    """Columns that are nothing else by their name, or results."""
    result = f"{part.domain}.{part.domain}ORRES"
    return [
        column.name
        for column in part.columns
        if column.filled
        and column.dates is None
        and all(one.by != "name" or one.variable == result for one in column.candidates)
    ]


def _test(text: str, lists: tuple[str, ...], standard: Standard) -> str:
    """The test code that a text is, or names: SYSBP, Hemoglobin, 'SYS_BP' for SYSBP."""
    for code in lists:
        found = match_term(code, text, standard)
        names = standard.paired(code)
        if not found and names is not None:
            name = match_term(names.code, text, standard)
            concept = names.term(name) if name else None
            codes = standard.codelist(code)
            if concept is not None and codes is not None:
                found = next((one.value for one in codes.terms if one.code == concept.code), "")
        found = found or match_term(code, plain(text).upper(), standard)
        if found:
            return found
    return ""
