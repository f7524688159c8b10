"""Write, read, check, exchange and render a large Define-XML: 60 datasets, 2,500 variables, 5,000 value levels.

    python benchmarks/define.py [DATASETS] [VARIABLES] [LEVELS]

The metadata are made here and describe nobody. Each step is a process of its own; CPU seconds are those of the
step itself, the peak is the most memory that its process held, with the libraries (Linux).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sdtm_il2.define.model import (
    Alias,
    CodeList,
    CodeListTerm,
    DeclaredStandard,
    Define,
    DocumentRef,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    MethodDef,
    Origin,
    PDFPageRef,
    RangeCheck,
    ValueListDef,
    WhereClauseDef,
    described,
)

ASSIGNED = (Origin("Assigned", "Sponsor"),)
PROTOCOL = (Origin("Protocol", "Sponsor"),)
DERIVED = (Origin("Derived", "Sponsor"),)
COLLECTED = (
    Origin("Collected", "Investigator", documents=(DocumentRef("LF.acrf", (PDFPageRef(("12",)),)),)),
)
#: ``page`` is our own style (it reads the file, too), ``render`` the stylesheet of the standard.
STEPS = ("write", "read", "check", "export", "import", "page", "render")


def large(datasets: int, variables: int, levels: int) -> Define:
    """Findings datasets of invented domains, each with value levels of its result."""
    groups, items, lists, clauses, methods, codelists = [], [], [], [], [], []
    for number in range(datasets):
        name = f"{chr(65 + number // 26)}{chr(65 + number % 26)}"
        count = variables // datasets + (number < variables % datasets)
        tests = levels // datasets + (number < levels % datasets)
        names = ["STUDYID", "DOMAIN", "USUBJID", f"{name}TESTCD", f"{name}ORRES"]
        names += [f"{name}X{place}" for place in range(count - len(names))]
        refs = []
        for order, variable in enumerate(names, 1):
            oid = f"IT.{name}.{variable}"
            derived = order % 5 == 0 and order > 5
            origin = PROTOCOL if order == 1 else ASSIGNED if order < 5 else DERIVED if derived else COLLECTED
            method = f"MT.{name}.{variable}" if derived else ""
            if method:
                methods.append(
                    MethodDef(method, f"Algorithm for {variable}", described(f"Text of {variable}."))
                )
            list_ = f"CL.{name}" if order == 4 else ""
            value_list = f"VL.{name}" if order == 5 else ""
            items.append(
                ItemDef(oid, variable, "text", 20, sas_field_name=variable, description=described(f"Label {order}"),
                        codelist_oid=list_, origins=origin, value_list_oid=value_list)
            )  # fmt: skip
            key = order if order <= 4 else None
            refs.append(ItemRef(oid, order, order <= 4, key, method, "Identifier" if order < 4 else "Topic"))
        codes = [f"T{place}" for place in range(tests)]
        codelists.append(
            CodeList(f"CL.{name}", f"Tests of {name}", "text", tuple(CodeListTerm(code) for code in codes),
                     is_non_standard=True)
        )  # fmt: skip
        rows = []
        for order, code in enumerate(codes, 1):
            oid = f"IT.{name}.{name}ORRES.{code}"
            items.append(ItemDef(oid, f"{name}ORRES", "integer", 3, sas_field_name=f"{name}ORRES"))
            check = RangeCheck(f"IT.{name}.{name}TESTCD", "EQ", (code,))
            clauses.append(WhereClauseDef(f"WC.{name}.{code}", (check,)))
            rows.append(ItemRef(oid, order, where_clause_oids=(f"WC.{name}.{code}",)))
        lists.append(ValueListDef(f"VL.{name}", tuple(rows)))
        groups.append(
            ItemGroupDef(
                f"IG.{name}", name, name, described(f"Dataset {name}"), "One record per test per subject", tuple(refs),
                "FINDINGS", repeating=True, sas_dataset_name=name, is_non_standard=True,
                archive_location_id=f"LF.{name}", leaf=Leaf(f"LF.{name}", f"{name.lower()}.xpt", f"{name.lower()}.xpt"),
                aliases=(Alias("DomainDescription", f"Dataset {name}"),),
            )
        )  # fmt: skip
    standards = (
        DeclaredStandard("STD.IG", "SDTMIG", "IG", "3.4"),
        DeclaredStandard("STD.CT", "CDISC/NCI", "CT", "2025-03-28", "SDTM"),
    )
    return Define(
        "F.1", "2025-06-30T12:00:00", "STDY.1", "S1", "A large study", "P1", "MDV.1", "SDTM of S1",
        standards=standards, annotated_crf=(DocumentRef("LF.acrf"),), value_lists=tuple(lists),
        where_clauses=tuple(clauses), item_groups=tuple(groups), items=tuple(items), codelists=tuple(codelists),
        methods=tuple(methods), leaves=(Leaf("LF.acrf", "acrf.pdf", "Annotated CRF"),),
    )  # fmt: skip


def step(name: str, path: Path, sizes: list[int]) -> dict[str, float]:
    """One step in this process; data and libraries are loaded before the clock starts."""
    from sdtm_il2.define.check import check_define
    from sdtm_il2.define.html import define_html
    from sdtm_il2.define.read import read_define
    from sdtm_il2.define.workbook import write_workbook
    from sdtm_il2.define.workbook_read import read_workbook
    from sdtm_il2.define.write import write_define

    define = large(*sizes) if name in ("write", "export") else None
    book = path.with_suffix(".xlsx")
    wall, cpu = time.perf_counter(), time.process_time()
    result = 0
    if name == "export" and define is not None:
        write_workbook(define, book)
        result = book.stat().st_size
    elif name == "import":
        result = len(read_workbook(book)[0].items)
    elif define is not None:
        write_define(define, path)
        result = path.stat().st_size
    elif name == "read":
        result = len(read_define(path).items)
    elif name == "check":
        result = len(check_define(path))
    else:
        result = len(define_html(path, style="own" if name == "page" else "official"))
    return {
        "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "result": result,
    }  # fmt: skip


def main() -> None:
    """Print one line a step."""
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(step(sys.argv[2], Path(sys.argv[3]), [int(one) for one in sys.argv[4:]])))
        return
    sizes = [int(one) for one in sys.argv[1:]] or [60, 2500, 5000]
    print(f"{sizes[0]} datasets, {sizes[1]} variables, {sizes[2]} value levels")
    print(f"{'step':8} {'CPU s':>7} {'wall s':>7} {'peak MB':>8}  result")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "define.xml"
        for name in STEPS:
            command = [sys.executable, __file__, "--step", name, str(path), *map(str, sizes)]
            cost = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            meaning = {
                "write": "bytes",
                "read": "items",
                "check": "issues",
                "page": "bytes of HTML",
                "export": "bytes",
                "import": "items",
                "render": "bytes of HTML",
            }[name]
            print(
                f"{name:8} {cost['cpu']:7.2f} {cost['wall']:7.2f} {cost['peak']:8.0f}  {cost['result']:,.0f} {meaning}"
            )


if __name__ == "__main__":
    main()
