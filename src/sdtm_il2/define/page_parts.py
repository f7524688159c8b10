"""The cells of the page: every text of the file is escaped here, and every reference found or told."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sdtm_il2.define.model import (
    CodeList,
    CodeListTerm,
    CommentDef,
    DeclaredStandard,
    Define,
    Description,
    DocumentRef,
    ItemDef,
    ItemRef,
    Leaf,
    MethodDef,
    PDFPageRef,
    RangeCheck,
    ValueListDef,
    WhereClauseDef,
    in_language,
)
from sdtm_il2.define.page_words import COMPARATORS, HEADINGS, TERMS, PageLanguage

#: A method is repeated beside each variable up to this length; a longer one is a link.
_SHORT = 400
#: So many terms are shown beside the variable; the rest is in the codelist.
_FEW = 6
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_WEB = re.compile(r"https?://", re.IGNORECASE)
#: Browsers drop these from an address, so that java<tab>script: would be one.
_HIDDEN = re.compile("[\x00-\x1f\x7f\\\\]")
#: Control characters but tab and line ends; HTML has no place for them.
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]{1,7}\.[A-Z][A-Z0-9_]{0,7}\b")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def escaped(text: str) -> str:
    """A text of the file as HTML, in elements and in attributes.

    >>> escaped('<script>"a" & b')
    '&lt;script&gt;&quot;a&quot; &amp; b'
    """
    return html.escape(_CONTROL.sub("\ufffd", text))


def target(href: str) -> str:
    """The address of a link, escaped; "" where none may be followed: only files beside the page, and the web.

    >>> target("acrf.pdf"), target("javascript:alert(1)"), target("https://example.org/a")
    ('acrf.pdf', '', 'https://example.org/a')
    """
    plain = href.strip()
    if not plain or plain.startswith(("//", "\\\\")) or _HIDDEN.search(plain):
        return ""
    return escaped(plain) if _WEB.match(plain) or not _SCHEME.match(plain) else ""


def link(href: str, text: str) -> str:
    """A link with a text that is HTML already; the text alone where the address may not be followed."""
    address = target(href)
    return f'<a href="{address}">{text}</a>' if address else text


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the references of one file lead to, and the anchors of its parts in the page."""

    lang: PageLanguage
    items: Mapping[str, ItemDef]
    homes: Mapping[str, str]
    codelists: Mapping[str, CodeList]
    methods: Mapping[str, MethodDef]
    comments: Mapping[str, CommentDef]
    leaves: Mapping[str, Leaf]
    standards: Mapping[str, DeclaredStandard]
    lists: Mapping[str, ValueListDef]
    clauses: Mapping[str, WhereClauseDef]
    anchors: Mapping[tuple[str, str], str]
    variables: Mapping[str, str]
    decodes: Mapping[str, Mapping[str, Description]]

    def anchor(self, kind: str, key: str) -> str:
        """The id of a part of the page: dataset, variable, codelist, method, comment, standard."""
        return self.anchors.get((kind, key), "")

    def word(self, english: str) -> str:
        """A heading of the page."""
        chinese = HEADINGS[english] if self.lang == "zh" else ""
        return f'{chinese} <span class="en" lang="en">{english}</span>' if chinese else english

    def plain(self, english: str) -> str:
        """A heading where no element fits."""
        return HEADINGS[english] if self.lang == "zh" else english

    def term(self, text: str) -> str:
        """A term that Define-XML or SDTM fixes, with its Chinese meaning on a Chinese page."""
        chinese = TERMS.get(text, "") if self.lang == "zh" else ""
        return (
            f'{chinese} <span class="en inline" lang="en">{escaped(text)}</span>'
            if chinese
            else escaped(text)
        )

    def text(self, description: Description) -> str:
        """A text in the languages of the page."""
        if not description:
            return ""
        english = in_language(description, "en") or description[0].text
        chinese = in_language(description, "zh") if self.lang == "zh" else ""
        if chinese and chinese != english:
            return f'<span lang="zh-CN">{escaped(chinese)}</span> <span class="en" lang="en">{escaped(english)}</span>'
        return escaped(english)

    def short(self, description: Description) -> str:
        """A text in the first language of the page alone."""
        return escaped(self._first(description))

    def fits(self, description: Description) -> bool:
        """Whether a text is short enough to be repeated, in the first language of the page."""
        return len(self._first(description)) <= _SHORT

    def _first(self, description: Description) -> str:
        english = in_language(description, "en") or (description[0].text if description else "")
        return (in_language(description, "zh") if self.lang == "zh" else "") or english


def lookup(define: Define, lang: PageLanguage) -> Lookup:
    """Every OID of a file found once; of two equal ones the first counts, as in a browser."""
    homes: dict[str, str] = {}
    variables: dict[str, str] = {}
    anchors: dict[tuple[str, str], str] = {}
    taken: set[str] = set()

    def add(kind: str, key: str) -> None:
        if (kind, key) in anchors:
            return
        base = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{kind}.{key}")
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name)
        anchors[kind, key] = name

    items = _first(define.items)
    for group in define.item_groups:
        add("dataset", group.oid)
        for ref in group.items:
            item = items.get(ref.item_oid)
            homes.setdefault(ref.item_oid, group.name)
            if item is not None:
                add("variable", f"{group.name}.{item.name}")
                variables.setdefault(
                    f"{group.name}.{item.name}", anchors["variable", f"{group.name}.{item.name}"]
                )
    for kind, all_ in (
        ("codelist", define.codelists), ("method", define.methods), ("comment", define.comments),
        ("standard", define.standards),
    ):  # fmt: skip
        for one in all_:
            add(kind, one.oid)
    leaves = {one.id: one for one in reversed(define.leaves)}
    leaves |= {group.leaf.id: group.leaf for group in define.item_groups if group.leaf is not None}
    return Lookup(
        lang, items, homes, _first(define.codelists), _first(define.methods), _first(define.comments), leaves,
        {one.oid: one for one in reversed(define.standards)}, _first(define.value_lists),
        _first(define.where_clauses), anchors, variables,
        {one.oid: {term.value: term.decode for term in one.terms} for one in reversed(define.codelists)},
    )  # fmt: skip


_T = TypeVar("_T", ItemDef, CodeList, MethodDef, CommentDef, ValueListDef, WhereClauseDef)


def _first(all_: Sequence[_T]) -> dict[str, _T]:
    return {one.oid: one for one in reversed(all_)}


def dangling(held: Lookup, oid: str) -> str:
    """A reference that leads nowhere is shown and marked, not left out."""
    return f'<span class="bad">{escaped(oid)} ({held.plain("not defined")})</span>'


# ---- documents ---------------------------------------------------------------------------------------------


def _page_links(held: Lookup, leaf: Leaf, pages: PDFPageRef) -> str:
    if pages.refs:
        kind = "page" if pages.type == "PhysicalRef" else "nameddest"
        found = [link(f"{leaf.href}#{kind}={one}", escaped(one)) for one in pages.refs]
    else:
        found = [
            link(f"{leaf.href}#page={one}", str(one)) for one in (pages.first, pages.last) if one is not None
        ]
        return f"{held.plain('pages')} {'–'.join(found)}"
    word = held.plain("page" if len(found) == 1 else "pages") if pages.type == "PhysicalRef" else ""
    title = f"{escaped(pages.title)} " if pages.title else ""
    return f"{title}{word} {', '.join(found)}".strip()


def documents(held: Lookup, refs: Iterable[DocumentRef]) -> str:
    """Documents with their pages, each page a link."""
    parts = []
    for ref in refs:
        leaf = held.leaves.get(ref.leaf_id)
        if leaf is None:
            parts.append(dangling(held, ref.leaf_id))
            continue
        pages = "; ".join(_page_links(held, leaf, one) for one in ref.pages)
        parts.append(f"{link(leaf.href, escaped(leaf.title or leaf.href))}{f' {pages}' if pages else ''}")
    return "; ".join(parts)


# ---- cells of a variable -----------------------------------------------------------------------------------


def _decode(held: Lookup, check: RangeCheck, value: str) -> str:
    item = held.items.get(check.item_oid)
    codelist = held.codelists.get(item.codelist_oid) if item is not None else None
    terms = held.decodes.get(codelist.oid, {}) if codelist is not None else {}
    found = held.short(terms[value]) if value in terms else ""
    return f' <span class="note">({found})</span>' if found and found != escaped(value) else ""


def _condition(held: Lookup, check: RangeCheck, dataset: str) -> str:
    item = held.items.get(check.item_oid)
    if item is None:
        name = dangling(held, check.item_oid)
    else:
        home = held.homes.get(check.item_oid, dataset)
        name = escaped(item.name if home == dataset else f"{home}.{item.name}")
    values = ", ".join(f"<b>{escaped(one)}</b>{_decode(held, check, one)}" for one in check.values)
    if check.comparator in ("IN", "NOTIN"):
        values = f"({values})"
    return f"{name} {escaped(COMPARATORS.get(check.comparator, check.comparator))} {values}"


def condition(held: Lookup, ref: ItemRef, dataset: str) -> str:
    """The where clause of a value level, with what its terms mean."""
    parts = []
    for oid in ref.where_clause_oids:
        clause = held.clauses.get(oid)
        if clause is None:
            parts.append(dangling(held, oid))
            continue
        words = "".join(
            f'<span class="cond">{"" if place == 0 else "&amp; "}{_condition(held, check, dataset)}</span>'
            for place, check in enumerate(clause.checks)
        )
        parts.append(words + _comment(held, clause.comment_oid))
    return '<span class="cond">or</span>'.join(parts)


def listed(held: Lookup, item: ItemDef) -> str:
    """The codelist of a variable with its first terms, else the format that its type stands for."""
    if not item.codelist_oid:
        return {"durationDatetime": "ISO 8601"}.get(item.data_type, "ISO 8601" if _dated(item) else "")
    codelist = held.codelists.get(item.codelist_oid)
    if codelist is None:
        return dangling(held, item.codelist_oid)
    name = f'<a href="#{held.anchor("codelist", codelist.oid)}">{escaped(codelist.name)}</a>'
    if codelist.external is not None:
        return f"{name} {escaped(codelist.external.version)}"
    if len(codelist.terms) > _FEW:
        return f'{name} <span class="note">{len(codelist.terms)} {held.plain("terms")}</span>'
    return f'{name} <span class="terms">{"; ".join(_term(held, one) for one in codelist.terms)}</span>'


def _term(held: Lookup, term: CodeListTerm) -> str:
    decode = held.short(term.decode)
    return f"{escaped(term.value)}{f' = {decode}' if decode and decode != escaped(term.value) else ''}"


def _dated(item: ItemDef) -> bool:
    return item.data_type.casefold().endswith(("date", "time", "datetime"))


def size(item: ItemDef) -> str:
    """Length, digits after the point, and the display format where it says more."""
    if item.length is None:
        return escaped(item.display_format)
    digits = f" [{item.significant_digits}]" if item.significant_digits is not None else ""
    return f"{item.length}{digits}"


def origin_cell(held: Lookup, ref: ItemRef, item: ItemDef) -> str:
    """Origin and pages, then the method in words, then the comment."""
    parts = []
    for one in item.origins:
        source = f" · {held.term(one.source)}" if one.source else ""
        words = (
            _predecessor(held, one.description) if one.type == "Predecessor" else held.text(one.description)
        )
        pages = documents(held, one.documents)
        more = "".join(f" {part}" for part in (words, pages) if part)
        parts.append(f'<span class="part">{held.term(one.type)}{source}{more}</span>')
    parts.append(_method(held, ref.method_oid))
    parts.append(_comment(held, item.comment_oid))
    if ref.has_no_data:
        parts.append(f'<span class="part"><span class="tag">{held.plain("No data")}</span></span>')
    return "".join(parts)


def _predecessor(held: Lookup, description: Description) -> str:
    """Variables that are copied are links, as far as the file describes them."""
    text = held.text(description)
    return _VARIABLE.sub(
        lambda one: (
            f'<a href="#{held.variables[one[0]]}">{one[0]}</a>' if one[0] in held.variables else one[0]
        ),
        text,
    )


def _method(held: Lookup, oid: str) -> str:
    if not oid:
        return ""
    found = held.methods.get(oid)
    if found is None:
        return f'<span class="part">{dangling(held, oid)}</span>'
    name = f'<a href="#{held.anchor("method", oid)}">{held.plain("Method")}</a>'
    shown = f": {held.text(found.description) if held.fits(found.description) else escaped(found.name)}"
    return f'<span class="part">{name}{shown}</span>'


def _comment(held: Lookup, oid: str) -> str:
    return f'<span class="part">{comment(held, oid)}</span>' if oid else ""


def comment(held: Lookup, oid: str) -> str:
    """A comment in words with its documents; "" without one."""
    if not oid:
        return ""
    found = held.comments.get(oid)
    if found is None:
        return dangling(held, oid)
    name = f'<a href="#{held.anchor("comment", oid)}">{held.plain("Comment")}</a>'
    pages = documents(held, found.documents)
    text = held.text(found.description) if held.fits(found.description) else escaped(oid)
    return f"{name}: {text}{f' {pages}' if pages else ''}"
