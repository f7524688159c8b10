"""Factors between units: the study's own table first, then the shipped ones of one dimension."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sdtm_il2.spec.model import TestRow, UnitRow


@functools.cache
def shipped_units() -> dict[tuple[str, str], Decimal]:
    """Exact factors between units of one dimension, by (from, to); no factor needs a molar mass."""
    found: dict[tuple[str, str], Decimal] = {}
    table = importlib.resources.files("sdtm_il2") / "data" / "units.csv"
    for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))):
        found[row["from"], row["to"]] = Decimal(row["factor"])
    return found


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a number in an original unit becomes one in the standard unit; ``via`` says where the factor stands."""

    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)
    places: int | None = None
    changed: bool = False
    via: str = ""

    def apply(self, number: Decimal) -> Decimal:
        """The converted number, rounded half up to the stated places, trailing zeros dropped."""
        if not self.changed:
            return number
        value = number * self.factor + self.offset
        if self.places is not None:
            value = value.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP)
        return value


#: Stands for a collected unit that matched no term: a number in it has no standard result.
NO_TERM = "matched by no term"

#: What gives a factor that no units table of the study states.
SHIPPED = "the units of sdtm-il2"


def conversion(
    domain: str, row: TestRow | None, original: str, units: tuple[UnitRow, ...]
) -> Conversion | None:
    """The conversion of one test from a unit: the study's table first, then the shipped factors; None if none is known."""
    if original == NO_TERM:
        return None
    if row is None or not row.standard_unit or not original or row.standard_unit == original:
        return Conversion()
    testcd, specimen = row.variables.get(f"{domain}TESTCD", ""), row.variables.get(f"{domain}SPEC", "")
    fitting = [
        one
        for one in units
        if one.testcd in ("", testcd)
        and one.specimen in ("", specimen)
        and (one.from_unit, one.to_unit) == (original, row.standard_unit)
    ]
    if fitting:
        # the most specific row counts: of the test and specimen, of the test, of any test
        best = max(fitting, key=lambda one: (bool(one.testcd), bool(one.specimen)))
        places = int(best.places) if best.places else None
        return Conversion(
            Decimal(best.factor), Decimal(best.offset or "0"), places, changed=True, via=str(best.at)
        )
    shipped = shipped_units().get((original, row.standard_unit))
    return Conversion(shipped, changed=True, via=SHIPPED) if shipped is not None else None
