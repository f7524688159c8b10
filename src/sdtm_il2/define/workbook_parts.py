"""What single cells of a metadata workbook say: words, numbers, texts, references, pages, origins, standards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast, get_args

from sdtm_il2.define.model import (
    DataType,
    DeclaredStandard,
    Description,
    DocumentRef,
    Leaf,
    OriginSource,
    OriginType,
    PDFPageRef,
    described,
)
from sdtm_il2.define.workbook_cells import Book, Row, unique

_RANGE = re.compile(r"([0-9]+)\s*[-–]\s*([0-9]+)")
_STANDARD = re.compile(r"(.*\S)\s+(\S+)")
#: What Define-XML 2.0 called origins, and what they are now.
_OLD_ORIGINS = {"crf": ("Collected", "Investigator"), "edt": ("Collected", "Vendor")}
DATA_TYPES = cast(tuple[str, ...], get_args(DataType))
ORIGIN_TYPES = cast(tuple[str, ...], get_args(OriginType))
ORIGIN_SOURCES = tuple(one for one in cast(tuple[str, ...], get_args(OriginSource)) if one)


class Parts:
    """What single cells say; each fault is told once, at its cell."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.study = {
            re.sub(r"\s+", "", row.word("Attribute")).casefold(): row.text("Value")
            for row in unique(book.rows("Define"), book, "Attribute")
        }
        self.lang = self.study.get("language", "").strip() or "en"
        self.standards: dict[str, DeclaredStandard] = {}
        self.leaves: dict[str, Leaf] = {}
        self.crf = ""
        self.codelists = self.ids("Codelists") | self.ids("Dictionaries")
        self.methods = self.ids("Methods")
        self.comments = self.ids("Comments")

    def ids(self, sheet: str) -> frozenset[str]:
        """The IDs of a sheet."""
        return frozenset(row.word("ID") for row in self.book.rows(sheet) if row.word("ID"))

    def text(self, row: Row, column: str) -> Description:
        """A text in the main language and in the others."""
        sheet = self.book.sheets[row.sheet]
        found = described(row.text(column), self.lang)
        for lang, key in sheet.languages:
            wanted = "label" if column == "Label" else column.casefold()
            if key.startswith(f"{wanted} (") or (column == "Label" and key.startswith("description (")):
                found += described(row.text(key), lang)
        return found

    def number(self, row: Row, column: str) -> int | None:
        """A whole number, or none in an empty cell."""
        text = row.word(column)
        if text and not text.isdecimal():
            self.book.add("DEF794", row.at(column), column=column, found=text, allowed="a whole number")
            return None
        return int(text) if text else None

    def flag(self, row: Row, column: str) -> bool:
        """Yes or No; empty is No."""
        return self.one(row, column, ("Yes", "No")) in ("Yes", "Y") if row.word(column) else False

    def one(self, row: Row, column: str, allowed: Sequence[str]) -> str:
        """One of a few words, in any case; the first of them after DEF794."""
        text = row.word(column)
        found = next((one for one in allowed if one.casefold() == text.casefold()), "")
        if not found:
            words = ", ".join(allowed)
            self.book.add("DEF794", row.at(column), column=column, found=text, allowed=f"one of {words}")
            return allowed[0]
        return found

    def reference(self, row: Row, column: str, known: frozenset[str], sheet: str) -> str:
        """The ID of a thing of another sheet: DEF795 where it is not there."""
        text = row.word(column)
        if text and text not in known:
            self.book.add("DEF795", row.at(column), column=column, found=text, sheet=sheet)
        return text

    def comment(self, row: Row) -> str:
        """The comment that a row names."""
        return self.reference(row, "Comment", self.comments, "Comments")

    def pages(self, text: str) -> tuple[PDFPageRef, ...]:
        """Pages of a document: numbers, ranges such as 4-9, or named destinations."""
        ranges = [PDFPageRef((), int(one[1]), int(one[2])) for one in _RANGE.finditer(text)]
        words = re.split(r"[\s,;]+", _RANGE.sub(" ", text).strip())
        numbers = tuple(one for one in words if one.isdecimal())
        names = tuple(one for one in words if one and not one.isdecimal())
        plain = (PDFPageRef(numbers),) if numbers else ()
        return (*plain, *ranges, *((PDFPageRef(names, type="NamedDestination"),) if names else ()))

    def documents(self, row: Row) -> tuple[DocumentRef, ...]:
        """The document of a method or comment, with its pages."""
        name, pages = row.word("Document"), row.word("Pages")
        if name and name not in self.leaves:
            self.book.add("DEF795", row.at("Document"), column="Document", found=name, sheet="Documents")
            return ()
        if pages and not name:
            self.book.add(
                "DEF794", row.at("Pages"), column="Pages", found=pages, allowed="empty without a document"
            )
        return (DocumentRef(self.leaves[name].id, self.pages(pages)),) if name else ()

    def origin(self, row: Row, mark: str = "") -> tuple[str, str]:
        """Origin and source; what Define-XML 2.0 called CRF and eDT is Collected. `mark` is (2) for the second one."""
        column, whose = f"Origin{mark}", f"Source{mark}"
        text = row.word(column)
        if text.casefold() in _OLD_ORIGINS:
            kind, source = _OLD_ORIGINS[text.casefold()]
            return kind, self.one(row, whose, ORIGIN_SOURCES) if row.word(whose) else source
        if not text:
            return ("Predecessor" if row.word(f"Predecessor{mark}") else ""), ""
        kind = self.one(row, column, ORIGIN_TYPES)
        return kind, self.one(row, whose, ORIGIN_SOURCES) if row.word(whose) else ""

    def standard(self, row: Row, column: str) -> str:
        """The OID of the standard that a cell names: SDTMIG 3.4, CDISC/NCI SDTM 2025-03-28."""
        text = " ".join(row.word(column).split())
        if not text:
            return ""
        if text in self.standards:
            return self.standards[text].oid
        if "Standards" in self.book.sheets:
            self.book.add("DEF795", row.at(column), column=column, found=text, sheet="Standards")
            return ""
        found = _STANDARD.fullmatch(text)
        if found is None:
            allowed = "a name and a version, such as SDTMIG 3.4 or CDISC/NCI SDTM 2025-03-28"
            self.book.add("DEF794", row.at(column), column=column, found=text, allowed=allowed)
            return ""
        name, version = found[1], found[2]
        if column == "Standard":
            name = {"SDTM-IG": "SDTMIG", "SDTM IG": "SDTMIG", "SEND-IG": "SENDIG"}.get(name.upper(), name)
            made = DeclaredStandard(self._oid("STD.IG"), name, "IG", version)
        else:
            words = [
                one
                for one in re.split(r"[\s]+", name)
                if one.upper() not in ("CDISC/NCI", "CDISC", "NCI", "CT")
            ]
            made = DeclaredStandard(
                self._oid("STD.CT"), "CDISC/NCI", "CT", version, " ".join(words) or "SDTM"
            )
        self.standards[text] = made
        return made.oid

    def _oid(self, base: str) -> str:
        taken = {one.oid for one in self.standards.values()}
        number = 1
        oid = base
        while oid in taken:
            number += 1
            oid = f"{base}.{number}"
        return oid
