"""The translations table: the English text of a text as it was collected, for agencies that read English."""

from __future__ import annotations

import re

from sdtm_il2.errors import Location
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.nodes import Place, texts
from sdtm_il2.spec.read import Node
from sdtm_il2.spec.study import TranslationRow
from sdtm_il2.spec.tables import nearest_header, read_table

#: The headers of a table; `note` is for its readers.
HEADERS = ("text", "en", "variable", "note")

_ASCII = "write it in ASCII: +/- for U+00B1, u for the micro sign, 10^9/L for a raised 9, a straight quote for a curly one"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]{1,7}\.[A-Z][A-Z0-9]{0,7}")


def read_translations(node: Node | None, place: Place, folder: StudyFolder) -> tuple[TranslationRow, ...]:
    """The rows of all tables under `translations:`, in order; texts stand in `values` of issues only.

    Problems: those of tables, SPEC122 and SPEC189 (headers), SPEC166 (no text, or one in ASCII, which is never
    translated; no English text, or one that is not ASCII), SPEC167 (a text twice for the same variable), SPEC185
    (`variable` is not DOMAIN.VARIABLE).
    """
    rows: dict[tuple[str, str], TranslationRow] = {}
    for name in texts(node, place):
        table = read_table(name.text, place.file, name.at, folder, collected=("text",))
        if table is None:
            continue
        problems, top = folder.problems, Location(table.file, 1)
        for header in table.headers:
            if header not in HEADERS:
                problems.add("SPEC122", at=top, header=header, nearest=nearest_header(header, HEADERS))
        missing = [header for header in ("text", "en") if header not in table.headers]
        for header in missing:
            problems.add("SPEC189", at=top, fault=f"has no column '{header}'")
        if missing:
            continue
        for raw in table.rows:
            cell = dict(zip(table.headers, raw.cells, strict=True))
            row = TranslationRow(cell["text"], cell["en"], cell.get("variable", ""), table.at(raw))
            shown = [(row.text, 1)]
            if not row.text or row.text.isascii():
                fault = "the text to translate is " + (
                    "ASCII, which is submitted as it is" if row.text else "blank"
                )
                help_ = "delete the row, or correct the column text"
                problems.add("SPEC166", at=row.at, fault=fault, help=help_, values=shown if row.text else ())
            if not row.en:
                fault, help_ = "the row has no English text", "fill in the column en"
                problems.add("SPEC166", at=row.at, fault=fault, help=help_, values=shown)
            elif not (row.en.isascii() and row.en.isprintable()):
                fault = f"the English text holds the character {_odd(row.en)}"
                problems.add("SPEC166", at=row.at, fault=fault, help=_ASCII, values=[(row.en, 1)])
            if row.variable and not _VARIABLE.fullmatch(row.variable):
                form = "DOMAIN.VARIABLE such as AE.AETERM, or blank for every variable"
                problems.add("SPEC185", at=row.at, key="variable", value=f"'{row.variable}'", form=form)
            other = rows.setdefault((row.variable, row.text), row)
            if other is not row and row.text:
                what = f" for {row.variable}" if row.variable else ""
                problems.add("SPEC167", at=row.at, what=what, other=other.at, values=shown)
    return tuple(rows.values())


def _odd(text: str) -> str:
    """The first character that is no printable ASCII, as its code point."""
    return next(f"U+{ord(one):04X}" for one in text if not (one.isascii() and one.isprintable()))
