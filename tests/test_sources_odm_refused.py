"""ODM files that are refused: what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from odm_files import form, group, item, odm, subject, typed
from raw_studies import AT, refusal, spec, write


def refused(folder: Path, content: str | bytes, form: str = "", group: str = "") -> str:
    write(folder, {"raw.xml": content})
    return refusal(folder, spec("edc", "raw.xml", form=form, group=group))


ONE = subject("1", form("F.AE", group("IG.AE", item("X", "1"))))
TWO = ONE + subject("1", form("F.DM", group("IG.DM", item("Y", "1"))))


@pytest.mark.parametrize(
    ("content", "form_", "group_", "message"),
    [
        (
            odm(ONE),
            "f.ae",
            "",
            (
                "SRC377 edc: form: 'f.ae' is in neither the data nor the definitions of raw.xml\n"
                "  hint: did you mean 'F.AE'?"
            ),
        ),
        (
            odm(ONE),
            "F.AE",
            "IG.A",
            (
                "SRC377 edc: group: 'IG.A' is in neither the data nor the definitions of raw.xml\n"
                "  hint: did you mean 'IG.AE'?"
            ),
        ),
        (
            odm(TWO),
            "",
            "",
            (
                "SRC382 edc: raw.xml holds 2 forms, and the source names none: 'F.AE', 'F.DM'\n"
                "  hint: write form: with one of them; each further form is a source of its own"
            ),
        ),
        (
            odm(ONE)[:-60],
            "F.AE",
            "",
            "SRC384 edc: raw.xml:2: the file ends within ItemGroupData\n  hint: ask for the complete export",
        ),
        (
            odm("\n</SubjectData>"),
            "",
            "",
            (
                "SRC383 edc: raw.xml:3 column 3: mismatched tag\n"
                "  hint: export the file again; do not mend data by hand"
            ),
        ),
        (
            odm(ONE).encode().replace(b"F.AE", b"F\xff"),
            "",
            "",
            (
                "SRC383 edc: raw.xml:2 column 49: not well-formed (invalid token)\n"
                "  hint: export the file again; do not mend data by hand"
            ),
        ),
        (
            odm(ONE, top='<?xml version="1.0" encoding="klingon"?>'),
            "",
            "",
            (
                "SRC306 edc: encoding 'klingon' is not known\n"
                "  hint: write one of utf-8, utf-16, gb18030, shift_jis, cp932, cp1252"
            ),
        ),
        (
            odm(ONE, top='<?xml version="1.0" encoding="rot13"?>'),
            "",
            "",
            (
                "SRC306 edc: encoding 'rot13' is not known\n"
                "  hint: write one of utf-8, utf-16, gb18030, shift_jis, cp932, cp1252"
            ),
        ),
        (
            odm(ONE, top='<?xml version="1.0" encoding="gb18030"?>').encode().replace(b"F.AE", b"F\xff"),
            "",
            "",
            (
                "SRC307 edc: raw.xml:2 column 49: byte 0xFF is not gb18030\n"
                "  hint: export the file again in UTF-8, or correct the encoding in its first line"
            ),
        ),
        (
            "<html><body/></html>",
            "",
            "",
            (
                "SRC387 edc: raw.xml is no ODM 1.3 file: its outermost element is html\n"
                "  hint: export the data as ODM 1.3, or as CSV"
            ),
        ),
        (
            '<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0"/>',
            "",
            "",
            (
                "SRC387 edc: raw.xml is no ODM 1.3 file: its outermost element is ODM of "
                "http://www.cdisc.org/ns/odm/v2.0\n"
                "  hint: export the data as ODM 1.3, or as CSV"
            ),
        ),
        (
            odm(group("G", subject("1", ""))),
            "",
            "",
            "SRC388 edc: raw.xml:2: SubjectData stands in ItemGroupData\n  hint: export the file again",
        ),
        (
            odm("<SubjectData/>"),
            "",
            "",
            "SRC389 edc: raw.xml:2: SubjectData without SubjectKey\n  hint: export the file again",
        ),
        (
            odm(group("G", '<ItemData Value="1"/>')),
            "",
            "",
            "SRC389 edc: raw.xml:2: ItemData without ItemOID\n  hint: export the file again",
        ),
        (
            odm(subject("1", "", typed("Remove"))),
            "",
            "",
            (
                "SRC393 edc: raw.xml:2: SubjectData of raw.xml has TransactionType Remove, but the file is a "
                "Snapshot\n"
                "  hint: ask for a file of FileType Transactional, or for a Snapshot of what is left"
            ),
        ),
        (
            odm(subject("1", "", typed("Delete"))),
            "",
            "",
            (
                "SRC379 edc: raw.xml:2: SubjectData has TransactionType 'Delete'\n"
                "  hint: the types are Insert, Update, Upsert, Remove, Context; ask for another export"
            ),
        ),
        (
            odm("", kind="Partial"),
            "",
            "",
            (
                "SRC380 edc: raw.xml is of FileType 'Partial', neither Snapshot nor Transactional\n"
                "  hint: name the files so that they sort in the order in which they were made"
            ),
        ),
        (
            "",
            "",
            "",
            (
                "SRC304 edc: raw.xml has 0 bytes\n"
                "  hint: export the file again; an export without records still has a header line"
            ),
        ),
        (
            odm(
                subject(
                    "1",
                    form(
                        "F",
                        group("A", item("X", "1"))
                        + group("B", item("Y", "1"))
                        + "\n"
                        + group("B", item("Y", "2")),
                    ),
                )
            ),
            "F",
            "",
            (
                "SRC391 edc: 1 group more of 'B' within one F, first at raw.xml:3, so that a form is not one record\n"
                "  hint: write group: B, and read the other groups of the form as a source of their own"
            ),
        ),
        (
            odm(subject("1", form("F", group("A", item("X", "1")) + group("B", item("X", "2"))))),
            "F",
            "",
            (
                "SRC392 edc: 1 item of raw.xml in more than one group of a form: 'X'\n"
                "  hint: add group: to the source, and read each group as a source of its own"
            ),
        ),
    ],
)
def test_refusals(tmp_path: Path, content: str | bytes, form_: str, group_: str, message: str) -> None:
    assert refused(tmp_path, content, form_, group_) == f"{AT}: {message}"


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "inner", [f'[<!ENTITY a0 "ha">{LAUGHS}]', '[<!ENTITY x SYSTEM "file:///etc/passwd">]', 'SYSTEM "http://127.0.0.1:9/odm.dtd"']
)  # fmt: skip
def test_document_types_are_refused(tmp_path: Path, inner: str) -> None:
    content = odm(ONE.replace('"1"', '"&x;"'), top=f'<?xml version="1.0"?>\n<!DOCTYPE ODM {inner}>')
    assert refused(tmp_path, content) == (
        f"{AT}: SRC385 edc: raw.xml:2: the file declares a document type (DOCTYPE), which is refused\n"
        "  hint: remove the DOCTYPE, or export the file again without it"
    )


@pytest.mark.parametrize("element", ["a", "ItemData", "ItemDataString", "Annotation"])
def test_deep_nesting_is_refused(tmp_path: Path, element: str) -> None:
    content = odm(subject("1", form("F", group("G", f'<{element} ItemOID="X">' * 200_000))))
    assert refused(tmp_path, content) == (
        f"{AT}: SRC386 edc: raw.xml:2: elements within elements, more than 100 deep\n"
        "  hint: check that the file is an ODM export"
    )
