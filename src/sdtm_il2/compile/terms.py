"""Which list a variable's values pass, and whether the specification's terms are in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdtm_il2.compile.names import Study, nearest
from sdtm_il2.errors import Location
from sdtm_il2.plan.calls import TermMap, TermVia, half_width, normal
from sdtm_il2.spec.model import TermSpec, VariableSpec
from sdtm_il2.spec.study import CodelistSpec
from sdtm_il2.standards import Codelist, VariableDef

#: A list of at most this many terms is shown whole.
SHORT_LIST = 12


@dataclass(frozen=True, slots=True)
class Binding:
    """The lists that bind one variable."""

    codes: tuple[str, ...] = ()
    study_list: str = ""
    terms: TermMap | None = None


def study_codelist(study: Study, name: str) -> tuple[CodelistSpec | None, Codelist | None]:
    """The study's and the standard's list of a name; either may be absent."""
    cdisc = study.standard.codelist(name)
    own = None
    for spec in study.spec.codelists:
        if spec.name == name or (cdisc is not None and spec.name in (cdisc.code, cdisc.submission_value)):
            own = spec
    return own, cdisc


def check_codelists(study: Study) -> None:
    """SPEC107, SPEC130 to SPEC132 for `codelists:` of study.yaml."""
    for spec in study.spec.codelists:
        cdisc = None if spec.sponsor else study.standard.codelist(spec.name)
        if spec.sponsor:
            continue
        if cdisc is None:
            _unknown_list(study, spec.name, spec.name, spec.at)
            continue
        if spec.added and not cdisc.extensible:
            for term in spec.added:
                study.problems.add(
                    "SPEC132",
                    spec.name,
                    term.at,
                    term=term.text,
                    codelist=cdisc.submission_value,
                    list_code=cdisc.code,
                )
        added = {term.text for term in spec.added}
        for entry in spec.terms:
            _check_term(study, spec.name, entry, cdisc, added)


def _unknown_list(study: Study, target: str, name: str, at: Location) -> None:
    known = [one.name for one in study.spec.codelists if one.sponsor]
    close = nearest(name, [*known, *(one.submission_value for one in study.standard.terminology.codelists)])
    study.problems.add(
        "SPEC107", target, at, codelist=name, ct=study.standard.ct_version,
        nearest=f"did you mean '{close}'? " if close else "",
    )  # fmt: skip


def offer(text: str, values: Sequence[str]) -> str:
    """What a list has instead: all of a short list, the nearest term of a long one."""
    if len(values) <= SHORT_LIST:
        return f"it has {', '.join(values)}"
    close = nearest(text, values)
    return f"nearest '{close}'" if close else f"it has {len(values)} terms"


def _check_term(study: Study, target: str, entry: TermSpec, cdisc: Codelist, added: set[str]) -> None:
    if entry.term in added or entry.term in cdisc:
        return
    study.problems.add(
        "SPEC130", target, entry.at, term=entry.term, codelist=cdisc.submission_value, list_code=cdisc.code,
        nearest=offer(entry.term, [*cdisc.values, *added]),
        extend=f"; or add it under codelists: {cdisc.code}: sponsor: [{entry.term}]" if cdisc.extensible else "",
    )  # fmt: skip


def bind(study: Study, target: str, spec: VariableSpec | None, known: VariableDef | None) -> Binding:
    """The lists of a variable: its own `codelist`, else those that the standard binds; with its own terms."""
    named = spec.codelist if spec else ""
    names = (named,) if named else known.codelists if known else ()
    levels: list[list[tuple[str, TermVia]]] = []
    lists: list[Codelist] = []
    codes: list[str] = []
    study_list = ""
    for name in names:
        listed, cdisc = study_codelist(study, name)
        if listed is None and cdisc is None:
            if named and spec is not None:
                _unknown_list(study, target, name, spec.at)
            continue
        if listed is not None:
            if listed.sponsor:
                study_list = listed.name
            levels.append([(entry.raw, TermVia(entry.term, str(entry.at))) for entry in listed.terms])
            levels.append([(term.text, TermVia(term.text, str(term.at))) for term in listed.added])
            if listed.sponsor:
                levels.append([(entry.term, TermVia(entry.term, str(entry.at))) for entry in listed.terms])
        if cdisc is not None and not (listed and listed.sponsor):
            lists.append(cdisc)
            codes.append(cdisc.code)
    if spec is not None and spec.terms:
        added = {one.term for name in names for one in _added(study, name)}
        for entry in spec.terms:
            if lists and not any(entry.term in one for one in lists):
                _check_term(study, target, entry, lists[0], added)
        levels.insert(0, [(entry.raw, TermVia(entry.term, str(entry.at))) for entry in spec.terms])
        if not lists:
            levels.append([(entry.term, TermVia(entry.term, str(entry.at))) for entry in spec.terms])
    own, written = _own_terms(levels)
    if not own and not written and not lists:
        return Binding(tuple(codes), study_list)
    title = study_list or "/".join(one.submission_value for one in lists) or "its terms"
    synonyms = spec is not None and spec.match == "synonyms"
    extensible = bool(study_list) or not lists or any(one.extensible for one in lists)
    at = spec.at if spec else Location()
    return Binding(
        tuple(codes), study_list, TermMap(title, own, tuple(lists), synonyms, extensible, at, written)
    )


def _own_terms(
    levels: list[list[tuple[str, TermVia]]],
) -> tuple[dict[str, TermVia], dict[str, TermVia]]:
    """The specification's terms by `normal` text, the first level first; and as written, where one level has several
    terms for texts that differ in case only: those count in no other case."""
    own: dict[str, TermVia] = {}
    written: dict[str, TermVia] = {}
    apart: set[str] = set()
    for level in levels:
        terms: dict[str, set[str]] = {}
        for text, via in level:
            terms.setdefault(normal(text), set()).add(via.term)
        clashing = {key for key, found in terms.items() if len(found) > 1 and key not in own} - apart
        for text, via in level:
            key = normal(text)
            if key in clashing:
                written.setdefault(half_width(text).strip(), via)
            elif key not in apart:
                own.setdefault(key, via)
        apart |= clashing
    return own, written


def _added(study: Study, name: str) -> tuple[TermSpec, ...]:
    listed, _ = study_codelist(study, name)
    return tuple(TermSpec(term.text, term.text, term.at) for term in listed.added) if listed else ()


def check_literal(
    study: Study, target: str, text: str, binding: Binding, at: Location, *, code: str = "SPEC131"
) -> str:
    """The term that a constant becomes; a text that is in no list is an error (SPEC131, SPEC123)."""
    terms = binding.terms
    if terms is None or not text:
        return text
    if any(text in one for one in terms.lists):
        return text
    found = terms.find(text)
    if found is not None:
        return found.term
    values = [term.value for one in terms.lists for term in one.terms] + [
        via.term for via in (*terms.own.values(), *terms.written.values())
    ]
    first = terms.lists[0] if terms.lists else None
    study.problems.add(
        code, target, at, term=text, codelist=terms.name, list_code=first.code if first else "study list",
        nearest=offer(text, values),
        extend=f"; or add it under codelists: {first.code}: sponsor: [{text}]" if first and terms.extensible else "",
    )  # fmt: skip
    return text
