"""Chinese labels and decodes: the tables that `define/study.yaml` names under `labels_zh` and `decodes_zh`."""

from __future__ import annotations

import re
from typing import TypeVar

from sdtm_il2.errors import Location
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.nodes import line_of, text
from sdtm_il2.spec.read import MapNode
from sdtm_il2.spec.study import DecodeRow, LabelRow
from sdtm_il2.spec.tables import Table, nearest_header, read_table

#: In the column `dataset` of labels and `codelist` of decodes: any.
ANY = "*"
_LABELS = ("dataset", "variable", "label_zh")
_DECODES = ("codelist", "term", "decode_zh")
_DATASET = re.compile(r"[A-Z][A-Z0-9]{1,7}|\*")
_VARIABLE = re.compile(r"(?:--)?[A-Z0-9]{1,8}")


def read_labels(node: MapNode | None, file: str, folder: StudyFolder) -> tuple[LabelRow, ...]:
    """`labels_zh`: one label a dataset (no variable) or variable; dataset ``*`` is any, ``--SEQ`` any prefix.

    `file` is the file that names the table. Problems: those of a table, SPEC122 and SPEC189 (headers), SPEC190
    (a cell that cannot be used), SPEC121 (a dataset and variable twice).
    """
    found: dict[tuple[str, ...], LabelRow] = {}
    for at, cells in _rows(node, "labels_zh", _LABELS, file, folder):
        dataset, variable, label = cells
        row = LabelRow(at, dataset, variable, label)
        right = (
            ("dataset", dataset, bool(_DATASET.fullmatch(dataset)), "write a dataset such as AE, or *"),
            ("variable", variable, not variable or bool(_VARIABLE.fullmatch(variable)),
             "write a variable such as AETERM or --TERM, or leave it empty for the label of the dataset"),
            ("variable", variable, bool(variable) or dataset != ANY, "name the variable: * is no dataset"),
            ("label_zh", label, bool(label), "write the Chinese label, or remove the row"),
        )  # fmt: skip
        _keep(found, (dataset, variable), row, right, folder)
    return tuple(found.values())


def read_decodes(node: MapNode | None, file: str, folder: StudyFolder) -> tuple[DecodeRow, ...]:
    """`decodes_zh`: what a term means in Chinese; the codelist is a C-code, a submission value or a study list.

    Problems as in `read_labels`.
    """
    found: dict[tuple[str, ...], DecodeRow] = {}
    for at, cells in _rows(node, "decodes_zh", _DECODES, file, folder):
        codelist, term, decode = cells
        row = DecodeRow(at, codelist, term, decode)
        right = (
            ("codelist", codelist, bool(codelist), "write a codelist such as C66742 or NY"),
            ("term", term, bool(term), "write a term of the codelist"),
            ("decode_zh", decode, bool(decode), "write the Chinese decode, or remove the row"),
        )  # fmt: skip
        _keep(found, (codelist, term), row, right, folder)
    return tuple(found.values())


def _rows(
    node: MapNode | None, key: str, known: tuple[str, ...], file: str, folder: StudyFolder
) -> list[tuple[Location, tuple[str, ...]]]:
    name = text(node, key) if node is not None else ""
    if not name:
        return []
    table = read_table(name, file, Location(file, line_of(node, key)), folder)
    if table is None or not _headers_fit(table, known, folder):
        return []
    places = [table.headers.index(header) for header in known]
    return [(table.at(row), tuple(row.cells[place] for place in places)) for row in table.rows]


def _headers_fit(table: Table, known: tuple[str, ...], folder: StudyFolder) -> bool:
    """The three columns and, for its author, `note`: SPEC122, SPEC189."""
    top = Location(table.file, 1)
    for header in table.headers:
        if header and header not in (*known, "note"):
            folder.problems.add("SPEC122", at=top, header=header, nearest=nearest_header(header, known))
    missing = [header for header in known if header not in table.headers]
    for header in missing:
        folder.problems.add("SPEC189", at=top, fault=f"has no column '{header}'")
    return not missing


_Row = TypeVar("_Row", LabelRow, DecodeRow)


def _keep(
    found: dict[tuple[str, ...], _Row],
    key: tuple[str, ...],
    row: _Row,
    right: tuple[tuple[str, str, bool, str], ...],
    folder: StudyFolder,
) -> None:
    """A row that can be used and is the first of its key: SPEC190, SPEC121."""
    wrong = [(header, cell, words) for header, cell, good, words in right if not good]
    for header, cell, words in wrong:
        folder.problems.add("SPEC190", at=row.at, header=header, cell=cell, right=words)
    if wrong:
        return
    if key in found:
        shown = " + ".join(filter(None, key))
        folder.problems.add("SPEC121", at=row.at, key=shown, other=found[key].at.line, apart="")
        return
    found[key] = row
