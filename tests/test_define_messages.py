"""What the checks of Define-XML against its data say: one fault a code, and the whole text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfWriter

from define_example import DEFINE, TEXT
from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.define.check import check_define
from sdtm_il2.define.html import define_html
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import DefineError
from test_define_mutation import columns, copied, copy_with, emptied, package, put, turned, without

__all__ = ["package"]

#: A change of the text of define.xml, of the records of a dataset, of its header, or of the folder.
Fault = Callable[[Path], object]


def text(*pairs: str) -> Fault:
    """Texts of define.xml, each with what stands there instead."""

    def change(folder: Path) -> None:
        content = (folder / "define.xml").read_text(encoding="utf-8")
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert old in content
            content = content.replace(old, new, 1)
        (folder / "define.xml").write_text(content, encoding="utf-8")

    return change


def after(start: str, old: str, new: str) -> Fault:
    """The first text after another one, with what stands there instead."""

    def change(folder: Path) -> None:
        content = (folder / "define.xml").read_text(encoding="utf-8")
        place = content.index(start)
        assert old in content[place:]
        changed = content[:place] + content[place:].replace(old, new, 1)
        (folder / "define.xml").write_text(changed, encoding="utf-8")

    return change


def data(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Fault:
    """The records of a dataset, changed."""
    return header(name, lambda one: replace(one, frame=change(one.frame)))


def header(name: str, change: Callable[[Dataset], Dataset]) -> Fault:
    """The columns of a dataset, changed."""

    def changed(folder: Path) -> None:
        other = folder.parent / name
        other.mkdir()
        copy_with(folder, other, name, change)
        shutil.copy(other / f"{name}.xpt", folder)

    return changed


def pages(count: int, *, password: str = "") -> Fault:
    """An annotated CRF of so many pages."""

    def change(folder: Path) -> None:
        writer = PdfWriter()
        for _ in range(count):
            writer.add_blank_page(595, 842)
        if password:
            writer.encrypt(password)
        writer.write(folder / "acrf.pdf")

    return change


def both(*faults: Fault) -> Fault:
    """Several changes."""

    def change(folder: Path) -> None:
        for one in faults:
            one(folder)

    return change


AESEV = 'Name="AESEV" DataType="text" Length="8"'
MODERATE = '<CodeListItem CodedValue="MODERATE">'
EXTREME = '<CodeListItem CodedValue="EXTREME"><Decode><TranslatedText xml:lang="en">Extreme</TranslatedText></Decode>'
C3, CRP = "<CheckValue>C3</CheckValue>", "<CheckValue>CRP</CheckValue>"
KEY = "STUDYID, USUBJID, AEDECOD, AESTDTC, AESPID"

#: The fault, and what is said of it (without the line of define.xml).
FAULTS: list[tuple[Fault, str]] = [
    (
        text('xlink:href="ae.xpt"', 'xlink:href="ae2.xpt"'),
        (
            "DEF750 AE: the dataset is described, but its file ae2.xpt is not there (SD0061)\n"
            "  hint: add the file, or describe the dataset with HasNoData Yes and a comment"
        ),
    ),
    (
        lambda folder: shutil.copy(folder / "ae.xpt", folder / "xx.xpt"),
        (
            "DEF751 MDV.IL2QS: the file xx.xpt is not described (SD1063)\n"
            "  hint: describe the dataset or take the file out of the folder"
        ),
    ),
    (
        header("ae", columns(lambda all_: (*all_, _extra(all_[-1])))),
        (
            "DEF752 AE.AEXTRA: the file ae.xpt has a variable that is not described (SD0060)\n"
            "  hint: describe the variable or take it out of the file"
        ),
    ),
    (
        text(
            '<TranslatedText xml:lang="en">Adverse Events<', '<TranslatedText xml:lang="en">Adverse events<'
        ),
        (
            "DEF753 AE: the label in ae.xpt is Adverse Events (SD1324)\n"
            "  hint: write the same label in both; case counts"
        ),
    ),
    (
        header("ae", without("AESER")),
        (
            "DEF754 AE.AESER: the variable is described, but ae.xpt has no such column (SD0054)\n"
            "  hint: remove the definition, or say HasNoData Yes with a comment"
        ),
    ),
    (
        text(AESEV, AESEV.replace("8", "7")),
        (
            "DEF755 AE.AESEV: 2 records hold a value of up to 8 bytes, longer than Length 7; first at ae.xpt:4 (SD1082)\n"
            "  hint: write the longest length that the data need"
        ),
    ),
    (
        text(AESEV, AESEV.replace("8", "9")),
        (
            "DEF756 AE.AESEV: Length is 9, but the column in ae.xpt has 8 (SD1082)\n"
            "  hint: give both the length of the longest value"
        ),
    ),
    (
        data("ae", put("AESTDTC", 1, "MAY 2024")),
        (
            "DEF757 AE.AESTDTC: 1 record holds a value that does not fit DataType partialDate; first at ae.xpt:2 (SD0055)\n"
            "  hint: correct the value or the type; --show-values prints the values"
        ),
    ),
    (
        data("ae", put("AESEV", 0, "HORRIBLE")),
        (
            "DEF758 AE.AESEV: 1 record holds a value that is not in Severity/Intensity Scale for Adverse Events; first at "
            "ae.xpt:1 (SD0037)\n"
            "  hint: add the term to the codelist or correct the data; --show-values prints the values"
        ),
    ),
    (
        data("ae", put("AETERM", 1, "")),
        (
            "DEF759 AE.AETERM: 1 record has no value, but Mandatory Yes is stated; first at ae.xpt:2 (SD1229)\n"
            "  hint: say Mandatory No, or fill the value"
        ),
    ),
    (
        data("ae", copied(0)),
        (
            f"DEF760 AE: 1 record has the same {KEY} as an earlier one; first at ae.xpt:8 (SD1117)\n"
            "  hint: add the variable that tells the records apart to the key"
        ),
    ),
    (
        both(
            data("ae", copied(0)),
            text('<ItemGroupDef OID="IG.AE"', '<ItemGroupDef def:CommentOID="COM.CODING" OID="IG.AE"'),
        ),
        (
            f"DEF761 AE: 1 record has the same {KEY} as an earlier one; first at ae.xpt:8; the dataset has a comment "
            "(SD1117)\n  hint: check that the comment explains it"
        ),
    ),
    (
        text(C3, "<CheckValue>C4</CheckValue>"),
        (
            "DEF762 LB.LBORRES: 2 records are of no value level (by LBTESTCD); first at lb.xpt:5 (SD1230)\n"
            "  hint: add a value level for these records; --show-values prints what they hold"
        ),
    ),
    (
        text(C3, CRP),
        (
            "DEF763 LB.LBORRES: 2 records are of several value levels (IT.LB.LBORRES.C3 and IT.LB.LBORRES.CRP); first at "
            "lb.xpt:2 (SD1230)\n  hint: make the where clauses exclude each other"
        ),
    ),
    (
        text(C3, "<CheckValue>C4</CheckValue>"),
        (
            "DEF764 IT.LB.LBORRES.C3: the where clause selects no record of the data (DD0044)\n"
            "  hint: remove the value level or correct its condition"
        ),
    ),
    (
        text('ItemOID="IT.AE.AESEV" ', 'ItemOID="IT.AE.AESEV" def:HasNoData="Yes" '),
        (
            "DEF765 AE.AESEV: HasNoData Yes is stated, but there are data; first at ae.xpt:1 (DD0134)\n"
            "  hint: take HasNoData and its comment away"
        ),
    ),
    (
        text("<CheckValue>AETRTEM</CheckValue>", "<CheckValue>AETRT</CheckValue>"),
        (
            "DEF766 SUPPAE.QVAL: 5 records hold a QNAM without a value level; first at suppae.xpt:1 (DD0038)\n"
            "  hint: describe each QNAM of the data as a value level of QVAL; --show-values prints the names"
        ),
    ),
    (
        text('xlink:href="acrf.pdf"', 'xlink:href="crf.pdf"'),
        (
            "DEF770 LF.acrf: crf.pdf is not in the folder of define.xml (DD0101)\n"
            "  hint: put the document there under this name, or remove its leaf"
        ),
    ),
    (
        text(MODERATE, MODERATE.replace(">", ' def:ExtendedValue="Yes">').replace("MODERATE", "VERY")),
        (
            "DEF771 CL.AESEV: VERY is added to Severity/Intensity Scale for Adverse Events, which cannot be extended "
            "(DD0029)\n  hint: map the value to a term of the codelist"
        ),
    ),
    (
        text('Version="2025-03-28"', 'Version="2009-02-20"'),
        (
            "DEF772 STD.CT: CDISC/NCI SDTM 2009-02-20 is not installed, so that nothing was compared with it\n"
            "  hint: import the release to compare codes and labels"
        ),
    ),
    (
        text('Dictionary="MedDRA"', 'Dictionary="ICD"'),
        (
            "DEF773 AE.AEDECOD: ICD for coded adverse events, which are coded by MedDRA (DD0112)\n"
            "  hint: declare MedDRA with its version and refer to it"
        ),
    ),
    (
        text(MODERATE, f"{EXTREME}</CodeListItem>{MODERATE}"),
        (
            "DEF774 AE.AESEV: no record holds EXTREME of Severity/Intensity Scale for Adverse Events\n"
            "  hint: remove what could not be recorded; keep what could"
        ),
    ),
    (
        lambda folder: (folder / "ae.xpt").write_bytes(b"no XPORT file"),
        (
            "DEF775 AE: the file of the dataset cannot be read: this is another file, not a SAS XPORT v5 file (SD0062)\n"
            "  hint: write the file again as SAS XPORT version 5"
        ),
    ),
    (
        data("ex", emptied("EXDOSU")),
        (
            "DEF776 EX.EXDOSU: no record of the data holds a value, but HasNoData is not stated (DD0134)\n"
            "  hint: say HasNoData Yes and why in a comment"
        ),
    ),
    (
        data("ae", turned),
        (
            f"DEF777 AE: the records are sorted neither by {KEY} nor by subject and sequence number; the first out of "
            "order is ae.xpt:2 (SD1117)\n  hint: sort the file by its key"
        ),
    ),
    (
        text('SASDatasetName="AE"', 'SASDatasetName="AEX"'),
        (
            "DEF778 AE: the file ae.xpt holds the dataset AE (SD0061)\n"
            "  hint: write the dataset that the description names"
        ),
    ),
    (
        header("ae", columns(lambda all_: (all_[1], all_[0], *all_[2:]))),
        (
            "DEF779 AE: STUDYID is described where ae.xpt has DOMAIN (SD1079)\n"
            "  hint: describe the variables in the order of the columns"
        ),
    ),
    (
        text(AESEV, AESEV.replace("text", "integer")),
        (
            "DEF780 AE.AESEV: DataType is integer, but the column is Char (SD0059)\n"
            "  hint: use integer or float for Num, another type for Char"
        ),
    ),
    (
        text('<def:Class Name="EVENTS"/>', '<def:Class Name="FINDINGS"/>'),
        "DEF781 AE: the class is FINDINGS, in the guide EVENTS (DD0055)\n  hint: write the class of the guide",
    ),
    (
        after('ItemOID="IT.AE.AESEV"', 'Role="Record Qualifier"', 'Role="Result Qualifier"'),
        (
            "DEF782 AE.AESEV: the role is Result Qualifier, in the guide Record Qualifier (CORE-001081)\n"
            "  hint: write the role of the guide"
        ),
    ),
    (
        text('<ItemDef OID="IT.AE.AESEV"', '<ItemDef Comment="x" OID="IT.AE.AESEV"'),
        (
            "DEF783 AE.AESEV: ItemDef has the attribute Comment, which Define-XML does not use (DD0010)\n"
            "  hint: say it by def:Origin, def:CommentOID or Role of the ItemRef"
        ),
    ),
    (
        after('<ItemDef OID="IT.AE.AEDECOD"', '<CodeListRef CodeListOID="CL.MEDDRA"/>', ""),
        (
            "DEF785 AE.AEDECOD: adverse events are coded by no release of MedDRA; the variable has a comment (DD0113)\n"
            "  hint: check that the comment explains it"
        ),
    ),
    (
        pages(2),
        (
            "DEF786 AE.AESPID: acrf.pdf has 2 pages, but page 3 is referred to (DD0037)\n"
            "  hint: correct the pages under crf:; pages are counted from the first one of the file"
        ),
    ),
    (
        text('PageRefs="3" Type="PhysicalRef"', 'PageRefs="events" Type="NamedDestination"'),
        (
            "DEF786 AE.AESPID: acrf.pdf has 3 pages, but destination events is referred to (DD0037)\n"
            "  hint: correct the pages under crf:; pages are counted from the first one of the file"
        ),
    ),
    (
        text('PageRefs="3" Type="PhysicalRef"', 'FirstPage="2" LastPage="9" Type="PhysicalRef"'),
        (
            "DEF786 AE.AESPID: acrf.pdf has 3 pages, but page 9 is referred to (DD0037)\n"
            "  hint: correct the pages under crf:; pages are counted from the first one of the file"
        ),
    ),
    (
        lambda folder: (folder / "acrf.pdf").write_text("the form"),
        (
            "DEF787 LF.acrf: acrf.pdf cannot be read as PDF: it does not begin as a PDF (DD0037)\n"
            "  hint: put the document there as PDF, without a password"
        ),
    ),
    (
        lambda folder: (folder / "acrf.pdf").write_bytes(b"%PDF-1.4\n"),
        (
            "DEF787 LF.acrf: acrf.pdf cannot be read as PDF: it is cut off or damaged (DD0037)\n"
            "  hint: put the document there as PDF, without a password"
        ),
    ),
    (
        pages(3, password="secret"),
        (
            "DEF787 LF.acrf: acrf.pdf cannot be read as PDF: it is locked by a password (DD0037)\n"
            "  hint: put the document there as PDF, without a password"
        ),
    ),
    (
        after('<def:WhereClauseDef OID="WC.LB.LBTESTCD.C3"', "IT.LB.LBTESTCD", "IT.DM.SEX"),
        (
            "DEF788 LB.LBORRES: the where clauses of IT.LB.LBORRES.C3 read another dataset (DM), so that their records "
            "were not compared with the data\n  hint: check by hand that each record stands in one value level"
        ),
    ),
]


def _extra(last: Column) -> Column:
    return replace(last, name="AEXTRA", type="Char", length=1)


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=[one[1].partition(":")[0] for one in FAULTS])
def test_a_fault_is_said_in_these_words(package: Path, tmp_path: Path, fault: Fault, expected: str) -> None:
    folder = tmp_path / "package"
    shutil.copytree(package, folder)
    fault(folder)
    found = [
        re.sub(r"^define\.xml:\d+: ", "", one.text())
        for one in check_define((folder / "define.xml").read_bytes(), "define.xml", data=folder)
    ]
    assert expected in found, "\n".join(found)


def test_a_page_without_a_section_for_a_dataset_is_refused() -> None:
    content = TEXT.read_text(encoding="utf-8").replace(
        '<ItemGroupDef OID="IG.DM" ', '<ItemGroupDef OID="" ', 1
    )
    with pytest.raises(DefineError) as caught:
        define_html(content.encode())
    assert [one.text() for one in caught.value.issues] == [
        (
            "define.xml: DEF705: the stylesheet gives no complete page: no section for a dataset without OID\n"
            "  hint: run the check of define.xml first and mend what it reports"
        )
    ]


def test_a_text_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(DefineError) as caught:
        define_bytes(replace(DEFINE, study_description="one\x0btwo"))
    assert [one.text() for one in caught.value.issues] == [
        (
            "DEF700 StudyDescription/StudyDescription: the text holds U+000B, which XML 1.0 cannot hold\n"
            "  hint: remove the characters in the specification; they often come from pasted text"
        )
    ]
