"""The annotated CRF and the reviewer's guide of an example study, drawn from its mapping; the same mapping, the same bytes.

    python examples/make_documents.py examples/quickstart

Pages, items and annotations are those of the specification (`crf:`), so that CRF and define.xml cannot disagree. The
forms are invented, as everybody in the raw files is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sdtm_il2.compile import compile_plan
from sdtm_il2.define.columns import parse_pages
from sdtm_il2.plan.calls import ColumnRef, Rule
from sdtm_il2.plan.model import BlockPlan, DomainPlan, Plan, VariablePlan
from sdtm_il2.spec import load_spec
from sdtm_il2.standards import Standard, load_standard

Line = tuple[tuple[float, float, str, str], ...]  # x, size, colour, text

BLACK, BLUE, GREY = "0 0 0", "0.05 0.2 0.6", "0.45 0.45 0.45"
WIDTH, HEIGHT, MARGIN = 595, 842, 56
WIDE = re.compile(r"([^\x20-\x7e]+)")


def _text(x: float, y: float, size: float, colour: str, text: str) -> str:
    """One line of text: ASCII in Helvetica, all else in the Chinese font that readers bring along."""
    parts = []
    for place, part in enumerate(WIDE.split(text)):
        if not part:
            continue
        if place % 2:
            parts.append(f"/F2 {size} Tf <{part.encode('utf-16-be').hex().upper()}> Tj")
        else:
            escaped = re.sub(r"([\\()])", r"\\\1", part)
            parts.append(f"/F1 {size} Tf ({escaped}) Tj")
    return f"BT {colour} rg {x} {y} Td {' '.join(parts)} ET"


def pdf(pages: list[list[Line]], title: str) -> bytes:
    """A PDF 1.4 with one line of text under the other; no clock and no random id, so that equal pages give equal bytes."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [5 0 R] >>",
        (
            b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 6 0 R /DW 1000"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>"
        ),
        (
            b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
            b" /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
        ),
        f"<< /Title ({title}) /Producer (examples/make_documents.py) >>".encode("ascii"),
    ]
    kids = []
    for lines in pages:
        drawn = []
        y = HEIGHT - MARGIN
        for line in lines:
            drawn += [_text(MARGIN + x, y, size, colour, text) for x, size, colour, text in line]
            y -= max((size for _, size, _, _ in line), default=8) * 1.75
        content = "\n".join(drawn).encode("ascii")
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {len(objects) + 2} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>".encode("ascii")
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    names = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{names}] /Count {len(kids)} >>".encode("ascii")
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def _pages(text: str) -> list[int]:
    found: list[int] = []
    for one in parse_pages(text):
        found += [int(ref) for ref in one.refs]
        found += range(one.first, one.last + 1) if one.first and one.last else ()
    return found


def _items(
    rule: Rule, block: BlockPlan, domain: DomainPlan, variable: VariablePlan
) -> list[tuple[str, str, str]]:
    """Form, item and annotation of what one rule takes from the page."""
    name = f"{domain.domain}.{variable.name}"
    if variable.supplemental is not None:
        name = f"SUPP{domain.domain}.QVAL where QNAM = {variable.name}"
    tests = block.tests
    if rule.call.method == "result" and tests is not None:
        code = f"{domain.domain}TESTCD"
        rows = [row for row in tests.rows if row.variables.get(code)]
        cell = tests.cells.get("result")
        return [
            (
                block.source,
                row.column or (cell.column if cell else ""),
                f"{name} where {code} = {row.variables[code]}",
            )
            for row in rows
        ]
    if tests is not None and rule.call.method == "unit" and "unit" not in tests.cells:
        units = [(row.column, row.variables.get(f"{domain.domain}ORRESU", "")) for row in tests.rows]
        return [(block.source, column, f"{name} = {unit}") for column, unit in units if unit]
    if tests is not None and rule.call.method in ("unit", "low", "high", "range"):
        cell = tests.cells.get(rule.call.method)
        return [(block.source, cell.column, name)] if cell else []
    found = []
    for ref in rule.refs():
        if isinstance(ref, ColumnRef):
            each = block.each_of(ref.column) if not ref.alias else None
            columns = block.raw_columns(ref)
            if each is not None and len(columns) > 1:
                columns = ((columns[0][0], f"{columns[0][1]} - {columns[-1][1]}"),)
            found += [(source, column, name) for source, column in columns]
    return found


def annotated_crf(plan: Plan) -> bytes:
    """One page a number that the mapping names: its forms, each item with the variable that it becomes."""
    held: dict[int, dict[str, dict[str, dict[str, None]]]] = {}
    for domain in plan.domains:
        for variable in domain.variables:
            for rule, block in zip(variable.rules, domain.blocks, strict=True):
                for page in _pages(rule.crf) if rule is not None and rule.crf else ():
                    for source, item, name in _items(rule, block, domain, variable):
                        held.setdefault(page, {}).setdefault(source, {}).setdefault(item, {})[name] = None
    pages: list[list[Line]] = []
    last = max(held)
    for number in range(1, last + 1):
        lines: list[Line] = [
            ((0, 9, GREY, f"{plan.study}   synthetic case report form for demonstration, no real study's form"),
             (420, 9, GREY, f"page {number} of {last}")),
            (),
        ]  # fmt: skip
        for source, items in held.get(number, {}).items():
            form = plan.source(source).form
            lines += [((0, 15, BLACK, f"Form {form or source}"),), ()]
            lines += [((0, 9, GREY, "Item"), (180, 9, GREY, "Annotation")), ()]
            for item, names in items.items():
                every = list(names)
                for place, name in enumerate(every):
                    left = ((0, 10, BLACK, item),) if not place else ()
                    lines.append((*left, (180, 10, BLUE, name)))
        if number not in held:
            lines.append(((0, 10, GREY, "Nothing on this page is submitted."),))
        pages.append(lines)
    return pdf(pages, f"{plan.study} annotated CRF, synthetic")


def _wrapped(text: str, width: int = 92) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def reviewers_guide(plan: Plan, standard: Standard) -> bytes:
    """The study, its standards, its datasets with their keys, and what a reviewer should know; from the plan alone."""
    dictionaries = [f"{name} {version}" for name, version in plan.standard.dictionaries.items()]
    paragraphs: list[tuple[float, str]] = [
        (16, "Study data reviewer's guide"),
        (10, f"{plan.protocol or plan.study}: {plan.description}"),
        (10, "This guide belongs to a demonstration. Every subject is invented; it describes no submission."),
        (13, "Standards"),
        (10, f"{plan.standard.ig}, SDTM controlled terminology {plan.standard.ct}, Define-XML 2.1."),
        (10, f"Dictionaries: {', '.join(dictionaries) or 'none; the coded terms are invented and follow no release'}."),
        (13, "Annotated CRF"),
        (10, ("acrf.pdf names, page by page, the variables that hold what was recorded on each form. What laboratories"
             " delivered stands on no page: its origin is Collected by Vendor.")),
        (13, "Datasets and their keys"),
    ]  # fmt: skip
    for domain in plan.domains:
        paragraphs.append((10, f"{domain.domain}, {domain.label}: {', '.join(domain.keys)}."))
        if domain.keys_not_unique:
            paragraphs.append(
                (10, f"The key of {domain.domain} does not tell all records apart: {domain.keys_not_unique}.")
            )
    if not any(domain.keys_not_unique for domain in plan.domains):
        paragraphs.append((10, "Every key tells all records of its dataset apart."))
    paragraphs.append((13, "Terms of the sponsor"))
    for name, terms in plan.sponsor_terms.items():
        cdisc = standard.codelist(name)
        paragraphs.append((10, f"{f'{cdisc.name} ({name})' if cdisc else name}: {', '.join(terms)}."))
    lines: list[Line] = []
    for size, text in paragraphs:
        if size > 10:
            lines.append(())
        lines += [((0, size, BLACK, line),) for line in _wrapped(text)]
    pages = [lines[start : start + 40] for start in range(0, len(lines), 40)]
    return pdf(pages, f"{plan.study} reviewers guide, synthetic")


def main(folder: Path) -> None:
    """Write the documents that define/study.yaml of a study names."""
    declared = re.findall(
        r"file: *([^,}\s]+), *type: *(acrf|guide)", (folder / "define/study.yaml").read_text("utf-8")
    )
    for name, _ in declared:
        (folder / "define" / name).touch()  # a file that is named has to be there for the mapping to be read
    spec = load_spec(folder)
    standard = load_standard(spec.standard.ig, spec.standard.ct)
    plan = compile_plan(spec, standard)
    for name, kind in declared:
        content = annotated_crf(plan) if kind == "acrf" else reviewers_guide(plan, standard)
        (folder / "define" / name).write_bytes(content)
        sys.stdout.write(f"{folder / 'define' / name}: {len(content)} bytes\n")


if __name__ == "__main__":
    for study in sys.argv[1:]:
        main(Path(study))
