"""Which SDTM variables a raw column may be, by its name and by its content."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sdtm_il2.plan.calls import TermMap, TermVia, normal
from sdtm_il2.standards import Standard

#: Lists that are looked at whatever the table is about: sex, race, ethnicity, yes and no, severity, action, outcome,
#: route, specimen, position, indicator.
_LISTS: Final = (
    "C66731", "C74457", "C66790", "C66742", "C66769", "C66767", "C66768", "C66729", "C78734", "C71148", "C78736",
)  # fmt: skip
#: Lists of short codes that nearly any text would fit.
_LOOSE: Final = frozenset({"C66734", "C99074"})
#: Distinct texts up to which a column may be one of terms.
MOST_TERMS: Final = 200
_NUMBER: Final = re.compile(r"[0-9.,+-]+")
_WORD: Final = re.compile(r"[^0-9a-z\u0080-\uffff]")
#: Columns that reading an ODM file adds.
_ODM: Final = {"_STUDY": "STUDYID", "_SUBJECT": "SUBJID", "_SITE": "SITEID", "_EVENT": "VISIT"}
#: Identifiers that any table may have.
_GENERAL: Final = ("STUDYID", "DOMAIN", "USUBJID", "SUBJID", "SITEID", "VISIT", "VISITNUM")
#: Ends of variables that hold what is derived, or a form of ISO 8601, and no export has under that name.
_OTHER_KINDS: Final = frozenset({"SEQ", "DUR", "ELTM", "EVLINT", "EVINTX", "STDY", "ENDY", "STINT", "ENINT"})
#: Lists of test codes: of laboratory, vital signs and ECG.
_TESTS: Final = ("C65047", "C66741", "C71153")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variable that a column may be (``--TERM`` where the domain is open), or a list that its values fit."""

    variable: str
    by: Literal["name", "content"]
    codelist: str = ""


def table(name: str) -> list[dict[str, str]]:
    """The rows of one of the package's small tables of usual names."""
    path = importlib.resources.files("sdtm_il2") / "data" / "survey" / f"{name}.csv"
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@functools.cache
def _names() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Endings of CDASH names (upper case), and words (`plain` text)."""
    rows = table("names")
    endings = {row["text"]: row["variable"] for row in rows if row["text"].isupper()}
    return endings, {plain(row["text"]): row["variable"] for row in rows if not row["text"].isupper()}


@functools.cache
def _own_terms() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in table("terms"):
        found.setdefault(row["codelist"], {})[normal(row["text"])] = row["term"]
    return found


def plain(text: str) -> str:
    """A header as words are compared: lower case, letters and digits only.

    >>> plain("Start Date"), plain("不良事件 名称")
    ('startdate', '不良事件名称')
    """
    return _WORD.sub("", normal(text))


def head(column: str) -> str:
    """The name without what an export puts before it: ``IT.AESTDAT`` is AESTDAT."""
    return column.rpartition(".")[2].strip().upper()


def domain_scores(title: str, columns: Sequence[str], standard: Standard) -> dict[str, int]:
    """How much a table looks like each domain: its title's words, and the columns that are the domain's by name."""
    scores: dict[str, int] = {}
    known = set(standard.dataset_names)
    words = {plain(one) for one in re.split(r"[^0-9A-Za-z\u0080-\uffff]+", title)}
    for word in words:
        if word.upper() in known:
            scores[word.upper()] = scores.get(word.upper(), 0) + 6
    whole = plain(title)
    for row in table("domains"):
        text = plain(row["text"])
        if (text in words) if text.isascii() else (text in whole):
            scores[row["domain"]] = scores.get(row["domain"], 0) + 5
    for column in columns:
        for domain in {name.partition(".")[0] for name in _fixed(column, standard)}:
            scores[domain] = scores.get(domain, 0) + 2
    return {domain: score for domain, score in scores.items() if domain in known}


def _fixed(column: str, standard: Standard) -> tuple[str, ...]:
    """Variables that the name alone settles, with their domain: AESTDAT, 不良事件名称."""
    if column.startswith("_"):
        return ()
    name = head(column)
    domain = name[:2]
    found: list[str] = []
    if len(name) > 3 and standard.dataset(domain) is not None:
        variable = name if standard.variable(domain, name) else _ending(domain, name[2:], standard)
        if variable:
            found.append(f"{domain}.{variable}")
    word = _word(column)
    if "." in word:
        found.append(word)
    demographic = standard.dataset("DM")
    if not found and demographic and name not in _GENERAL and demographic.variable(name):
        found.append(f"DM.{name}")
    return tuple(dict.fromkeys(found))


def _ending(domain: str, rest: str, standard: Standard) -> str:
    general = _names()[0].get(rest, "")
    variable = general.replace("--", domain)
    return variable if general and standard.variable(domain, variable) else ""


def _word(column: str) -> str:
    """What the table of words says: the whole name, else for Chinese the longest word in it."""
    words = _names()[1]
    text = plain(column.rpartition(".")[2])
    if text in words or text.isascii():
        return words.get(text, "")
    inside = [word for word in words if not word.isascii() and len(word) > 1 and word in text]
    return words[max(inside, key=len)] if inside else ""


def by_name(column: str, domain: str, standard: Standard) -> tuple[Candidate, ...]:
    """Candidates by the name of a column in a table that looks like `domain` ("": unknown).

    >>> from sdtm_il2.standards import load_standard
    >>> [one.variable for one in by_name("IT.AESTDAT", "AE", load_standard())]
    ['AE.AESTDTC']
    """
    name = head(column)
    found: list[str] = []
    if domain and standard.variable(domain, name):
        found.append(f"{domain}.{name}")
    elif domain and not name.startswith(domain) and _ending(domain, name, standard):
        found.append(f"{domain}.{_ending(domain, name, standard)}")
    elif (
        domain and len(name) > 2 and name not in _OTHER_KINDS and standard.variable(domain, f"{domain}{name}")
    ):
        found.append(f"{domain}.{domain}{name}")  # I.CM.TRT in a table of medications
    if column in _ODM:
        return (Candidate(_ODM[column], "name"),)
    if column.startswith("_"):
        return ()
    found = found or list(_fixed(column, standard))
    if name in _GENERAL and not found:
        found.append(name)
    found += [one for one in _of_word(_word(column), domain, standard) if one not in found]
    return tuple(Candidate(one, "name") for one in dict.fromkeys(found))


def _of_word(word: str, domain: str, standard: Standard) -> list[str]:
    """What a word of the table means in a domain: the first of its variables that the domain may have."""
    if word == "range":
        return [word]
    if word == "date":  # an intervention or event has a start, a finding the day of the sample
        dataset = standard.dataset(domain) if domain else None
        word = "--STDTC" if dataset and dataset.class_ in ("Interventions", "Events") else "--DTC"
    if word == "visit day":  # a finding is of that day; a dose or an event only has been asked for on it
        dataset = standard.dataset(domain) if domain else None
        word = "--DTC" if dataset is None or dataset.class_ == "Findings" else "SVSTDTC"
    if not word or "." in word:
        return []
    for one in word.split():
        variable = one.replace("--", domain)
        if not domain or (one in _GENERAL and not standard.variable(domain, one)):
            return [one]
        if standard.variable(domain, variable):
            return [f"{domain}.{variable}"]
    return []


def by_content(texts: Collection[str], domain: str, standard: Standard) -> tuple[Candidate, ...]:
    """Codelists that every distinct text of a column fits, with the domain's variable where only one has the list.

    >>> from sdtm_il2.standards import load_standard
    >>> [(one.variable, one.codelist) for one in by_content(["男", "女"], "DM", load_standard())]
    [('DM.SEX', 'C66731')]
    """
    held = [text for text in texts if text.strip()]
    if not held or len(held) > MOST_TERMS or all(_NUMBER.fullmatch(text.strip()) for text in held):
        return ()
    bound: dict[str, list[str]] = {}
    for variable in standard.allowed_variables(domain) if domain else ():
        for code in variable.codelists:
            bound.setdefault(code, []).append(variable.name)
    found = []
    for code in dict.fromkeys((*bound, *_LISTS, *(() if domain else _TESTS))):
        if code in _LOOSE or not all(match_term(code, text, standard) for text in held):
            continue
        names = bound.get(code, [])
        variable_name = f"{domain}.{names[0]}" if len(names) == 1 else ""
        found.append(Candidate(variable_name, "content", code))
    return tuple(sorted(found, key=lambda one: not one.variable))


def match_term(codelist: str, text: str, standard: Standard) -> str:
    """The submission value that a raw text means, by the list, its synonyms and usual words; "" for none."""
    terms = _term_map(codelist, standard)
    found = terms.find(text) if terms is not None else None
    return found.term if found is not None else ""


_MAPS: dict[tuple[str, str], TermMap | None] = {}


def _term_map(codelist: str, standard: Standard) -> TermMap | None:
    key = (standard.ct_hash, codelist)
    if key not in _MAPS:
        held = standard.codelist(codelist)
        if held is None:
            _MAPS[key] = None
        else:
            own = {raw: TermVia(term, "") for raw, term in _own_terms().get(codelist, {}).items()}
            _MAPS[key] = TermMap(held.submission_value, own, (held,), synonyms=True)
    return _MAPS[key]
