"""Two Define-XML files compared: what changed, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import TypeVar

from sdtm_il2.define.model import (
    CodeList,
    CommentDef,
    DeclaredStandard,
    Define,
    Description,
    DocumentRef,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    MethodDef,
    Origin,
    PDFPageRef,
    RangeCheck,
    TranslatedText,
    ValueListDef,
    WhereClauseDef,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the thing (AE, AE.AESEV, a codelist's name), what of it, before and after."""

    target: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.target}: {self.what} added{f': {self.after}' if self.after else ''}"
        if not self.after:
            return f"{self.target}: {self.what} removed, was {self.before}"
        return f"{self.target}: {self.what} was {self.before}, is {self.after}"


def _texts(description: Description) -> str:
    if len(description) == 1:
        return description[0].text
    return "; ".join(f"{one.text} ({one.lang})" for one in description)


def _words(value: object, files: Mapping[str, str] = MappingProxyType({})) -> str:
    """A value of the model as a reader says it; ``files`` are the documents by the ID of their leaf."""
    if value is None or value is False or value == ():
        return ""
    if value is True:
        return "Yes"
    if isinstance(value, tuple):
        if all(isinstance(one, TranslatedText) for one in value):
            return _texts(value)
        return "; ".join(_words(one, files) for one in value)
    if isinstance(value, Origin):
        pages = ", ".join(_words(one, files) for one in value.documents)
        parts = [
            value.type, f"by {value.source}" if value.source else "", _texts(value.description),
            f"({pages})" if pages else "",
        ]  # fmt: skip
        return " ".join(part for part in parts if part)
    if isinstance(value, DocumentRef):
        shown = [_pages(page) for page in value.pages]
        file = files.get(value.leaf_id, value.leaf_id)
        return f"{file} page {' '.join(shown)}" if shown else file
    if is_dataclass(value):
        return " ".join(text for one in fields(value) if (text := _words(getattr(value, one.name), files)))
    return str(value)


def _beside(one: MethodDef | CommentDef, files: Mapping[str, str]) -> str:
    """What a method or comment says beside its words: its type, program text and documents."""
    parts = [_words(document, files) for document in one.documents]
    if isinstance(one, MethodDef):
        parts = [f"{text.context}: {text.text}" for text in one.expressions] + parts
        parts = ([one.type] if one.type == "Imputation" else []) + parts
    return "; ".join(parts)


def _pages(page: PDFPageRef) -> str:
    """The pages of one reference: a named destination says so, and a title stands behind."""
    numbers = " ".join(page.refs) or f"{page.first}-{page.last}"
    kind = "" if page.type == "PhysicalRef" else "named "
    return f"{kind}{numbers}{f' ({page.title})' if page.title else ''}"


#: Attributes as a reader calls them; others by their own name.
_NAMES = {
    "description": "label", "class_": "class", "item_oid": "ItemDef", "codelist_oid": "codelist",
    "method_oid": "method", "comment_oid": "comment", "value_list_oid": "value levels", "data_type": "type",
    "origins": "origin", "order": "place", "key_sequence": "place in the key", "where_clause_oids": "where clause",
    "has_no_data": "HasNoData", "mandatory": "Mandatory", "role": "Role", "length": "Length",
    "significant_digits": "SignificantDigits", "display_format": "DisplayFormat",
}  # fmt: skip
#: OIDs are names of the author's choice; things are compared by their own names.
_SKIPPED = frozenset({"oid", "name", "items", "terms", "leaf", "archive_location_id"})


def _attributes(
    target: str, old: object, new: object, also: Mapping[str, Callable[[str, object], str]]
) -> Iterator[Change]:
    """The attributes that differ; references are compared by what they refer to."""
    assert is_dataclass(old)
    for one in fields(old):
        if one.name in _SKIPPED:
            continue
        before, after = getattr(old, one.name), getattr(new, one.name)
        if _is_description(before) and _is_description(after):
            yield from _languages(target, _NAMES.get(one.name, one.name), before, after)
            continue
        resolve = also.get(one.name)
        first = resolve("old", before) if resolve else _words(before)
        second = resolve("new", after) if resolve else _words(after)
        what = _NAMES.get(one.name, one.name.replace("_", " "))
        if first != second:
            yield Change(target, what, first, second)
        beside = also.get(f"{one.name} beside")
        if beside and before and after and beside("old", before) != beside("new", after):
            kinds = "program text and documents" if one.name == "method_oid" else "documents"
            yield Change(target, f"{kinds} of the {what}", beside("old", before), beside("new", after))


def _is_description(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, TranslatedText) for one in value)


def _languages(target: str, what: str, before: Description, after: Description) -> Iterator[Change]:
    """Texts are compared language by language; English is not named, so that most changes read plainly."""
    sides = [{_language(one): one.text for one in side} for side in (before, after)]
    for lang in dict.fromkeys((*sides[0], *sides[1])):
        first, second = (side.get(lang, "") for side in sides)
        if first != second:
            yield Change(target, what if lang == "en" else f"{what} ({lang})", first, second)


def _language(text: TranslatedText) -> str:
    return text.lang.casefold().split("-")[0] or "en"


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two files with what its OIDs mean."""

    items: Mapping[str, ItemDef]
    names: Mapping[str, str]
    levels: Mapping[str, ValueListDef]
    clauses: Mapping[str, WhereClauseDef]
    files: Mapping[str, str]
    beside: Mapping[str, str]


def _side(define: Define) -> _Side:
    items = {one.oid: one for one in define.items}
    files = {one.id: one.href for one in define.leaves}
    names: dict[str, str] = {one.oid: one.name for one in define.codelists}
    remarks: tuple[MethodDef | CommentDef, ...] = (*define.methods, *define.comments)
    names |= {one.oid: _texts(one.description) for one in remarks}
    names |= {one.oid: f"{one.name} {one.publishing_set}".strip() for one in define.standards}
    for clause in define.where_clauses:
        names[clause.oid] = " and ".join(_condition(check, items) for check in clause.checks)
    return _Side(
        items, names, {one.oid: one for one in define.value_lists}, {one.oid: one for one in define.where_clauses},
        files, {one.oid: _beside(one, files) for one in remarks},
    )  # fmt: skip


def _condition(check: RangeCheck, items: Mapping[str, ItemDef]) -> str:
    item = items.get(check.item_oid)
    name = item.name if item is not None else check.item_oid
    values = (
        check.values[0]
        if check.comparator not in ("IN", "NOTIN") and check.values
        else f"({', '.join(check.values)})"
    )
    return f"{name} {check.comparator} {values}{' (Hard)' if check.soft_hard == 'Hard' else ''}"


def diff_define(old: Define, new: Define) -> tuple[Change, ...]:
    """What changed from one Define-XML to the other, thing by thing: study, datasets, variables, levels, lists.

    OIDs and names of methods are the author's choice and are not compared; what they lead to is: a variable whose
    method has other words has changed, one whose method has another OID has not. Nor is what says who wrote the
    file, when and by what: it differs in every two files.

    >>> from dataclasses import replace
    >>> one = Define("F.1", "2025-06-30T12:00:00", "STDY.1", "S1", "A study", "P1", "MDV.1", "SDTM of S1")
    >>> [str(change) for change in diff_define(one, replace(one, protocol_name="P1-A2"))]
    ['study: protocol name was P1, is P1-A2']
    """
    return tuple(_changes(old, new))


def _changes(old: Define, new: Define) -> Iterator[Change]:
    for name in _STUDY:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change("study", name.replace("_", " ").replace("mdv", "metadata"), before, after)
    sides = {"old": _side(old), "new": _side(new)}

    def resolved(side: str, value: object) -> str:
        names = sides[side].names
        if isinstance(value, tuple):
            return " or ".join(names.get(str(one), str(one)) for one in value)
        return names.get(str(value), str(value) if value else "")

    def documented(side: str, value: object) -> str:
        return _words(value, sides[side].files)

    references = dict.fromkeys(
        (
            "codelist_oid",
            "method_oid",
            "comment_oid",
            "standard_oid",
            "where_clause_oids",
            "role_codelist_oid",
        ),
        resolved,
    )
    references |= {"item_oid": lambda *_: "", "value_list_oid": lambda *_: "", "origins": documented}
    for name in ("method_oid", "comment_oid"):
        references[f"{name} beside"] = lambda side, value: sides[side].beside.get(str(value), "")
    for name in ("comment_oid", "annotated_crf", "documents"):
        say = resolved if name == "comment_oid" else documented
        first, second = say("old", getattr(old, name)), say("new", getattr(new, name))
        if first != second:
            yield Change("study", _NAMES.get(name, name.replace("_", " ")), first, second)
    yield from _standards(old, new, resolved)
    before, after = {one.name: one for one in old.item_groups}, {one.name: one for one in new.item_groups}
    yield from _only(before, after, "dataset", lambda one: _texts(one.description))
    for name in [name for name in before if name in after]:
        yield from _attributes(name, before[name], after[name], references)
        files = [
            (one.leaf.href, one.leaf.title) if one.leaf else ("", "") for one in (before[name], after[name])
        ]
        for what, first, second in zip(("file", "title of its file"), *files, strict=True):
            if first != second:
                yield Change(name, what, first, second)
        yield from _variables(before[name], after[name], sides, references)
    yield from _order("study", "order of datasets", before, after)
    yield from _codelists(old.codelists, new.codelists, references)
    documents = {one.href: one for one in old.leaves}, {one.href: one for one in new.leaves}
    yield from _only(*documents, "document", lambda one: one.title)
    for href in documents[0]:
        if href in documents[1] and documents[0][href].title != documents[1][href].title:
            yield Change(href, "title", documents[0][href].title, documents[1][href].title)


#: What is said of the whole file.
_STUDY = (
    "study_name", "study_description", "protocol_name", "mdv_name", "mdv_description", "define_version", "context",
)  # fmt: skip


def _order(target: str, what: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Change]:
    """Things that both files have, in another order."""
    first, second = list(before), list(after)
    old, new = [one for one in first if one in set(second)], [one for one in second if one in set(first)]
    if old != new:
        yield Change(target, what, ", ".join(old), ", ".join(new))


def _standards(old: Define, new: Define, resolved: Callable[[str, object], str]) -> Iterator[Change]:
    def key(define: Define) -> dict[str, list[DeclaredStandard]]:
        found: dict[str, list[DeclaredStandard]] = {}
        for one in define.standards:
            found.setdefault(f"{one.name} {one.publishing_set}".strip(), []).append(one)
        return found

    before, after = key(old), key(new)
    for name in dict.fromkeys((*before, *after)):
        first, second = before.get(name, []), after.get(name, [])
        yield from _differ(name, "version", [one.version for one in first], [one.version for one in second])
        if first and second:
            yield from _differ(name, "status", [one.status for one in first], [one.status for one in second])
            comments = [
                [resolved(side, one.comment_oid) for one in found]
                for side, found in (("old", first), ("new", second))
            ]
            yield from _differ(name, "comment", *comments)


def _differ(target: str, what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    first, second = (", ".join(dict.fromkeys(one for one in side if one)) for side in (before, after))
    if first != second:
        yield Change(target, what, first, second)


_T = TypeVar("_T")


def _only(
    before: Mapping[str, _T], after: Mapping[str, _T], kind: str, words: Callable[[_T], str]
) -> Iterator[Change]:
    for name in before:
        if name not in after:
            yield Change(name, kind, words(before[name]) or name, "")
    for name in after:
        if name not in before:
            yield Change(name, kind, "", words(after[name]) or name)


def _refs(
    refs: Sequence[ItemRef], side: _Side, name: Callable[[ItemRef, ItemDef], str]
) -> dict[str, tuple[ItemRef, ItemDef]]:
    found: dict[str, tuple[ItemRef, ItemDef]] = {}
    for ref in refs:
        item = side.items.get(ref.item_oid)
        if item is not None:
            found.setdefault(name(ref, item), (ref, item))
    return found


def _variables(
    old: ItemGroupDef,
    new: ItemGroupDef,
    sides: Mapping[str, _Side],
    references: Mapping[str, Callable[[str, object], str]],
) -> Iterator[Change]:
    before = _refs(old.items, sides["old"], lambda _, item: f"{old.name}.{item.name}")
    after = _refs(new.items, sides["new"], lambda _, item: f"{new.name}.{item.name}")
    yield from _only(before, after, "variable", lambda one: _texts(one[1].description))
    same = [name for name in before if name in after]
    moved = [name for name in before if name in after] != [name for name in after if name in before]
    for name in same:
        for place in (0, 1):
            for change in _attributes(name, before[name][place], after[name][place], references):
                if change.what != "place" or moved:
                    yield change
        told = [
            side.levels[item.value_list_oid].description if item.value_list_oid in side.levels else ()
            for side, item in ((sides["old"], before[name][1]), (sides["new"], after[name][1]))
        ]
        yield from _languages(name, "description of its value levels", *told)
        levels = (
            _levels(name, before[name][1], sides["old"]), _levels(name, after[name][1], sides["new"])
        )  # fmt: skip
        yield from _only(*levels, "value level", lambda one: one[1].data_type)
        yield from _order(name, "order of its value levels", *levels)
        for level in [level for level in levels[0] if level in levels[1]]:
            remarks = [
                _remarks(found[level][0], sides[side])
                for side, found in zip(("old", "new"), levels, strict=True)
            ]
            yield from _differ(level, "comment of the where clause", *remarks)
            for place in (0, 1):
                for change in _attributes(
                    level, levels[0][level][place], levels[1][level][place], references
                ):
                    if change.what not in ("place", "where clause"):
                        yield change


def _remarks(ref: ItemRef, side: _Side) -> list[str]:
    """The comments of the where clauses of a value level."""
    found = [side.clauses[oid].comment_oid for oid in ref.where_clause_oids if oid in side.clauses]
    return [side.names.get(oid, oid) for oid in found]


def _levels(name: str, item: ItemDef, side: _Side) -> dict[str, tuple[ItemRef, ItemDef]]:
    def words(ref: ItemRef, _: ItemDef) -> str:
        return f"{name} where {' or '.join(side.names.get(oid, oid) for oid in ref.where_clause_oids)}"

    found = side.levels.get(item.value_list_oid)
    return _refs(found.items if found is not None else (), side, words)


def _codelists(
    old: Sequence[CodeList], new: Sequence[CodeList], references: Mapping[str, Callable[[str, object], str]]
) -> Iterator[Change]:
    before, after = {one.name: one for one in old}, {one.name: one for one in new}
    yield from _only(before, after, "codelist", lambda one: ", ".join(term.value for term in one.terms))
    for name in [name for name in before if name in after]:
        target = f"codelist {name}"
        yield from _attributes(target, before[name], after[name], references)
        terms = {one.value: one for one in before[name].terms}, {one.value: one for one in after[name].terms}
        named = [{f"{target}, {key}": one for key, one in side.items()} for side in terms]
        yield from _only(named[0], named[1], "term", lambda one: one.value)
        yield from _order(target, "order of terms", *terms)
        for value in [value for value in terms[0] if value in terms[1]]:
            yield from _attributes(
                f"{target}, {value}", terms[0][value], terms[1][value], {"order": lambda *_: ""}
            )
