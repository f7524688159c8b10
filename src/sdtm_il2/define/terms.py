"""Codelists of a Define: the used subset of each list, one CodeList for each distinct subset."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sdtm_il2.bilingual import phrases
from sdtm_il2.define.model import (
    CHINESE,
    Alias,
    CodeList,
    CodeListTerm,
    CommentDef,
    Description,
    ExternalCodeList,
    bilingual,
    described,
)
from sdtm_il2.standards import Codelist, Standard

ListType = Literal["text", "integer", "float"]

#: Dictionaries as Define-XML names them, by what specifications call them.
_DICTIONARIES = {
    "meddra": "MedDRA", "whodrug": "WHODD", "whodd": "WHODD", "loinc": "LOINC", "snomed": "SNOMED",
    "unii": "UNII", "med-rt": "MED-RT", "medrt": "MED-RT",
}  # fmt: skip


#: So many characters of terms tell a subset apart in its name.
_SHORT = 30

#: The standard of country codes; it has no releases that codes depend on.
COUNTRIES = "ISO 3166"
#: The standard of reasons why a parameter has no value.
NULL_FLAVORS = "ISO 21090"


@functools.cache
def value_lists() -> Mapping[tuple[str, str], str]:
    """Lists that the guide says in words: the codelist (or ISO 3166) of a variable, or of one parameter of TSVAL."""
    table = importlib.resources.files("sdtm_il2") / "data" / "value_lists.csv"
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    return {(row["variable"], row["parameter"]): row["codelist"] for row in rows}


def dictionary_name(name: str) -> str:
    """A dictionary as Define-XML names it.

    >>> dictionary_name("WHODrug")
    'WHODD'
    """
    return _DICTIONARIES.get(name.casefold(), name)


def slug(text: str) -> str:
    """A text as part of an OID: letters, digits, dots, hyphens; others become underscores.

    >>> slug("BLOOD, 10^9/L")
    'BLOOD_10_9_L'
    """
    return re.sub(r"[^A-Za-z0-9.\-]+", "_", text).strip("_") or "_"


@dataclass(frozen=True, slots=True)
class ListUse:
    """The terms that one variable or value level uses of its lists, or the dictionary that codes it."""

    codes: tuple[str, ...] = ()
    study_list: str = ""
    dictionary: str = ""
    version: str = ""
    type: ListType = "text"
    terms: frozenset[str] = frozenset()
    coded: bool = False

    @property
    def family(self) -> tuple[object, ...]:
        """Uses of one family share a list and differ in their terms."""
        return (self.codes, self.study_list, self.dictionary, self.version, self.type)


@dataclass(slots=True)
class ListUses:
    """All uses, each with the name of its first user; ``decodes`` are the study's own names of test codes.

    ``chinese`` are Chinese decodes by list and term; the terms of a list that has one are all decoded. ``bilingual``:
    comments are in Chinese too.
    """

    standard: Standard
    standard_oid: str
    sponsor_terms: Mapping[str, tuple[str, ...]]
    decodes: Mapping[str, str]
    chinese: Mapping[tuple[str, str], str] = field(default_factory=dict)
    bilingual: bool = False
    users: dict[ListUse, str] = field(default_factory=dict)

    def use(
        self, user: str, terms: Iterable[str], codes: tuple[str, ...], study_list: str, kind: ListType
    ) -> ListUse | None:
        """Note that `user` holds these terms; None where there are none, or no list."""
        used = frozenset(term for term in terms if term)
        # a guide may bind a list that the release no longer has, or does not have yet
        codes = tuple(code for code in codes if self.standard.codelist(code) is not None)
        if not used or not (codes or study_list):
            return None
        if study_list:
            codes = ()
        elif len(codes) > 1:
            # lists that overlap: the first that holds all terms, else all lists together
            whole = [code for code in codes if used <= set(self._list(code).values)]
            codes = tuple(whole[:1]) or codes
        # only lists of test codes and test names come in pairs; the codes are decoded by the names
        coded = (
            user.partition(" ")[0].endswith("CD") and self.standard.paired(codes[0]) is not None
            if codes
            else False
        )
        found = ListUse(codes, study_list, type=kind, terms=used, coded=coded)
        self.users.setdefault(found, user)
        return found

    def dictionary(self, user: str, name: str, kind: ListType, version: str = "") -> ListUse:
        """Note that `user` is coded by a version of a dictionary."""
        found = ListUse(dictionary=dictionary_name(name), version=version, type=kind)
        self.users.setdefault(found, user)
        return found

    def _list(self, code: str) -> Codelist:
        found = self.standard.codelist(code)
        if found is None:
            raise KeyError(f"no codelist {code} in {self.standard.ct_version}")
        return found

    def codelists(self) -> tuple[tuple[CodeList, ...], dict[ListUse, str], tuple[CommentDef, ...]]:
        """The CodeList elements by name, the OID of each use, and comments on lists that join several."""
        families: dict[tuple[object, ...], int] = {}
        for use in self.users:
            families[use.family] = families.get(use.family, 0) + 1
        made: list[CodeList] = []
        oids: dict[ListUse, str] = {}
        comments: list[CommentDef] = []
        for use, user in self.users.items():
            oid, name = self._named(use)
            if families[use.family] > 1:
                oid = f"{oid}.{slug(user)}"
            while oid in oids.values():
                oid = f"{oid}-2"
            oids[use] = oid
            comment = ""
            if len(use.codes) > 1:
                comment = f"COM.{oid}"
                lists = [self._list(code) for code in use.codes]
                comments.append(CommentDef(comment, self._of_several(lists)))
            found = self._codelist(use, oid, name, comment)
            if families[use.family] > 1:
                found = _told_apart(found, user, {one.name for one in made})
            made.append(found)
        made.sort(key=lambda one: one.oid)
        return tuple(made), oids, tuple(sorted(comments, key=lambda one: one.oid))

    def _of_several(self, lists: Sequence[Codelist]) -> Description:
        names = [f"{one.name} ({one.code})" for one in lists]
        english, chinese = (
            one.say("of_codelists", lists=one.list(names)) for one in (phrases("en"), phrases("zh"))
        )
        return bilingual(english, chinese if self.bilingual else "")

    def _named(self, use: ListUse) -> tuple[str, str]:
        kind = "" if use.type == "text" else f" as {use.type}"
        suffix = "" if use.type == "text" else f".{use.type}"
        if use.dictionary:
            versions = {one.version for one in self.users if one.dictionary == use.dictionary}
            if len(versions) > 1:
                suffix, kind = f".{slug(use.version)}{suffix}", f" {use.version}{kind}"
            return f"CL.{slug(use.dictionary).upper()}{suffix}", f"{use.dictionary}{kind}"
        if use.study_list:
            return f"CL.{slug(use.study_list)}{suffix}", f"{use.study_list}{kind}"
        lists = [self._list(code) for code in use.codes]
        return (
            f"CL.{'.'.join(slug(one.submission_value) for one in lists)}{suffix}",
            f"{' and '.join(one.name for one in lists)}{kind}",
        )

    def _codelist(self, use: ListUse, oid: str, name: str, comment: str) -> CodeList:
        if use.dictionary:
            external = ExternalCodeList(use.dictionary, use.version)
            return CodeList(oid, name, use.type, external=external, is_non_standard=True)
        if use.study_list or len(use.codes) > 1:
            order = {term: place for place, term in enumerate(self.sponsor_terms.get(use.study_list, ()))}
            ranked = sorted(use.terms, key=lambda term: (order.get(term, len(order)), term))
            terms = self._decoded(tuple(CodeListTerm(term) for term in ranked), (use.study_list, *use.codes))
            return CodeList(oid, name, use.type, terms, is_non_standard=True, comment_oid=comment)
        cdisc = self._list(use.codes[0])
        return CodeList(
            oid,
            name,
            use.type,
            self._decoded(self._terms(use, cdisc), (cdisc.code,)),
            aliases=_nci(cdisc.code),
            standard_oid=self.standard_oid,
        )

    def _decoded(self, terms: tuple[CodeListTerm, ...], lists: tuple[str, ...]) -> tuple[CodeListTerm, ...]:
        """The terms with their Chinese decodes; what has no English decode then is decoded by itself."""
        found = {
            term.value: text
            for term in terms
            for name in lists
            if (text := self.chinese.get((name, term.value)))
        }
        if not found:
            return terms
        return tuple(
            replace(
                term, decode=(term.decode or described(term.value)) + described(found.get(term.value, ""), CHINESE)
            )
            for term in terms
        )  # fmt: skip

    def _terms(self, use: ListUse, cdisc: Codelist) -> tuple[CodeListTerm, ...]:
        """The used terms: those of the release in its order, then added ones."""
        known = [term for term in cdisc.terms if term.value in use.terms]
        added = sorted(use.terms - {term.value for term in known})
        paired = self.standard.paired(cdisc.code) is not None
        decodes = {term.value: self.standard.decode(cdisc.code, term.value) or term.value for term in known}
        decodes |= {value: self.decodes.get(value, value) for value in added}
        if paired:
            says_more = use.coded
        elif "unit" in cdisc.name.casefold():
            # units speak for themselves; NCI names g/L "Kilogram per Cubic Meter"
            says_more = False
        else:
            says_more = any(decode.casefold() != value.casefold() for value, decode in decodes.items())
        return tuple(
            [
                CodeListTerm(term.value, described(decodes[term.value] if says_more else ""), _nci(term.code))
                for term in known
            ]
            + [
                CodeListTerm(value, described(decodes[value] if says_more else ""), extended=True)
                for value in added
            ]
        )


def _told_apart(codelist: CodeList, user: str, taken: Collection[str]) -> CodeList:
    """One of several subsets of a list: named by its terms where these are short, else by its first user."""
    terms = ", ".join(one.value for one in codelist.terms)
    name = f"{codelist.name} ({terms})"
    if len(terms) > _SHORT or name in taken:
        name = f"{codelist.name} ({user})"
    return replace(codelist, name=name)


def _nci(code: str) -> tuple[Alias, ...]:
    return (Alias("nci:ExtCodeID", code),)
