"""Importing releases: NCI EVS terminology files and tables of an implementation guide, checked line by line.

The bundled releases were made by these same functions.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from sdtm_il2.errors import Issue, Location, Problems, StandardsError
from sdtm_il2.standards.release import (
    IG_COLUMNS,
    IndexRow,
    Kind,
    Release,
    TermRow,
    csv_text,
    pack_terminology,
    write_release,
)


@dataclass(frozen=True, slots=True)
class ImportedRelease:
    """What an import wrote: the release, the encoding that was read, the counts, warnings and notes.

    ``groups`` counts codelists or datasets, ``items`` their terms or variables.
    """

    release: Release
    encoding: str
    groups: int
    items: int
    issues: tuple[Issue, ...] = ()


class _Layout(NamedTuple):
    """How a terminology file names its columns; ``delimiter`` tab means that quotes are plain text."""

    delimiter: str
    columns: Mapping[str, str]
    yes: str
    no: str


_NCI = _Layout(
    "\t",
    {
        "code": "Code",
        "codelist": "Codelist Code",
        "extensible": "Codelist Extensible (Yes/No)",
        "name": "Codelist Name",
        "value": "CDISC Submission Value",
        "synonyms": "CDISC Synonym(s)",
        "preferred": "NCI Preferred Term",
    },
    "Yes",
    "No",
)
_PLAIN = _Layout(
    ",",
    {
        "codelist": "codelist_code",
        "code": "term_code",
        "extensible": "extensible",
        "name": "codelist_name",
        "value": "submission_value",
        "synonyms": "synonyms",
        "preferred": "preferred_term",
    },
    "Y",
    "N",
)

_PACKAGES: dict[str, Kind] = {"sdtm": "ct", "define-xml": "define"}
_FILE_NAME = re.compile(
    r"(?P<package>.+?)[ _-](?:controlled )?(?:terminology|ct)(?:[ _-](?P<date>\d{4}-\d{2}-\d{2}))?", re.I
)
_CLASSES = (
    "Special-Purpose", "Interventions", "Events", "Findings", "Findings About", "Trial Design",
    "Relationship", "Study Reference",
)  # fmt: skip
_DATASET_COLUMNS = ("order", "dataset", "label", "class", "structure")
_VARIABLE_COLUMNS = IG_COLUMNS[:11]


def import_terminology(path: Path, to: Path, *, version: str = "", package: str = "") -> ImportedRelease:
    """Read an NCI EVS terminology file into the folder `to`, where `load_standard` finds it.

    The file is the tab-separated text of NCI's CDISC download (``SDTM Terminology 2025-09-26.txt``), in
    UTF-8 or Windows-1252; a ``.csv`` or ``.csv.gz`` with the columns codelist_code, term_code, extensible,
    codelist_name, submission_value, synonyms, preferred_term is read too. ``version`` is the release date
    and ``package`` SDTM or Define-XML, each needed only if the file's name does not say it. Definitions are
    not kept.

    Raises StandardsError with every problem of the file: STD210 to STD219; STD220 if a release of that name
    with another text is there already. Nothing is written then.
    """
    problems = Problems()
    kind, version = _named(path, package, version, problems)
    text, encoding = _text(path, problems)
    layout = _NCI if not path.name.removesuffix(".gz").endswith(".csv") else _PLAIN
    index: dict[str, IndexRow] = {}
    terms: list[TermRow] = []
    if text:
        index, terms = _terminology(text, path, layout, problems)
    problems.stop(StandardsError)
    content = pack_terminology(_paired(index, terms), terms)
    release = write_release(kind, version, content, to)
    return ImportedRelease(release, encoding, len(index), len(terms), tuple(problems.found))


def import_ig(path: Path, to: Path, *, version: str = "") -> ImportedRelease:
    """Read the tables of an implementation guide: ``datasets.csv`` and ``variables.csv`` in `path`.

    datasets.csv has order, dataset, label, class, structure; variables.csv has dataset, order, variable,
    label, type, role, core, codelists (C-codes, blanks between), described_value_domain, value_list ("; "
    between), model_variable. ``version`` is needed only if the folder's name (``sdtmig-3.4``) does not say
    it.

    Raises StandardsError with every problem of both files (STD210 to STD219) or STD220. Nothing is written
    then.
    """
    problems = Problems()
    if not version:
        match = re.fullmatch(r"(?:sdtmig-)?(\d+(?:\.\d+)*)", path.name, re.I)
        version = match[1] if match else ""
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        problems.add(
            "STD219", at=Location(str(path)), missing="a version such as 3.4", given=version or "none"
        )
    encodings = []
    tables: list[list[tuple[int, dict[str, str]]]] = []
    for name, columns in (("datasets.csv", _DATASET_COLUMNS), ("variables.csv", _VARIABLE_COLUMNS)):
        text, encoding = _text(path / name, problems)
        encodings.append(encoding)
        tables.append(list(_rows(text, path / name, ",", columns, problems)) if text else [])
    datasets, variables = tables
    rows = _guide(datasets, variables, path, problems)
    problems.stop(StandardsError)
    release = write_release("ig", version, csv_text(IG_COLUMNS, rows).encode(), to)
    encoding = encodings[0] if len(set(encodings)) == 1 else ", ".join(encodings)
    return ImportedRelease(release, encoding, len(datasets), len(variables), tuple(problems.found))


def _named(path: Path, package: str, version: str, problems: Problems) -> tuple[Kind, str]:
    """Kind and date of the release, from the arguments, else from the file's name."""
    stem = re.sub(r"\.(txt|csv|csv\.gz)$", "", path.name, flags=re.I)
    match = _FILE_NAME.fullmatch(stem)
    package = package or (match["package"] if match else "")
    version = version or (match["date"] or "" if match else "")
    kind = _PACKAGES.get(package.strip().replace(" ", "-").casefold())
    if kind is None:
        problems.add(
            "STD219",
            at=Location(str(path)),
            missing="the package, SDTM or Define-XML",
            given=package or "none",
        )
    try:
        datetime.date.fromisoformat(version)
    except ValueError:
        problems.add(
            "STD219", at=Location(str(path)), missing="a release date as 2025-09-26", given=version or "none"
        )
    return kind or "ct", version


def _text(path: Path, problems: Problems) -> tuple[str, str]:
    """The file's text and its encoding; an unreadable file is a problem and gives no text."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError) as error:
        problems.add("STD210", at=Location(str(path)), reason=_reason(error))
        return "", ""
    if not data.strip():
        problems.add("STD211", at=Location(str(path)))
        return "", ""
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        wrong = error.start
    # A zero byte means UTF-16 or no text at all; cp1252 would read it as text.
    if b"\x00" not in data:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            pass
        else:
            problems.add("STD223", at=Location(str(path), data.count(b"\n", 0, wrong) + 1))
            return text, "cp1252"
    problems.add("STD212", at=Location(str(path), data.count(b"\n", 0, wrong) + 1))
    return "", ""


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "the gzip file is cut short"


def _rows(
    text: str, path: Path, delimiter: str, columns: Iterable[str], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and named fields of each record whose number of columns is right; the rest are problems."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    lines = (f"{line}\n" for line in text.removesuffix("\n").split("\n"))
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    header: list[str] = []
    start, whole = 1, False
    try:
        for row in reader:
            line, start = start, reader.line_num + 1
            if line == 1:
                header = [name.strip() for name in row]
                missing = [name for name in columns if name not in header]
                if missing:
                    problems.add("STD213", at=Location(str(path), 1), missing=", ".join(missing))
                    return
                continue
            if not "".join(row).strip():
                continue
            whole = len(row) == len(header)
            if not whole:
                last = start > text.removesuffix("\n").count("\n") + 1
                code = "STD214" if last and len(row) < len(header) else "STD215"
                problems.add(code, at=Location(str(path), line), found=len(row), columns=len(header))
                continue
            yield line, {name: field.strip() for name, field in zip(header, row, strict=True)}
    except csv.Error as error:
        problems.add("STD209", at=Location(str(path), start), reason=str(error))
        return
    if start == 2:
        problems.add("STD211", at=Location(str(path)))
    elif whole and not text.endswith("\n"):
        problems.add("STD222", at=Location(str(path), start - 1))


def _terminology(
    text: str, path: Path, layout: _Layout, problems: Problems
) -> tuple[dict[str, IndexRow], list[TermRow]]:
    index: dict[str, IndexRow] = {}
    short_names: dict[str, int] = {}
    terms: list[tuple[int, TermRow]] = []
    names = layout.columns
    for line, row in _rows(text, path, layout.delimiter, names.values(), problems):
        at = Location(str(path), line)
        code, codelist, value = row[names["code"]], row[names["codelist"]], row[names["value"]]
        is_list = not codelist if layout is _NCI else not code
        list_code = (code if layout is _NCI else codelist) if is_list else codelist
        sound = True
        for column, found in ((names["code"], code), (names["codelist"], codelist)):
            if found and not re.fullmatch(r"C\d{2,}", found):
                problems.add(
                    "STD218", at=at, column=column, value=found, reason="an NCI code is C and digits"
                )
                sound = False
        if not value or not list_code:
            column = names["value"] if not value else names["code"]
            problems.add("STD218", at=at, column=column, value="", reason="it may not be empty")
            sound = False
        if not sound:
            continue
        if not is_list:
            terms.append((line, (list_code, code, value, row[names["synonyms"]], row[names["preferred"]])))
            continue
        extensible = row[names["extensible"]]
        if extensible not in (layout.yes, layout.no):
            problems.add(
                "STD218",
                at=at,
                column=names["extensible"],
                value=extensible,
                reason=f"it is {layout.yes} or {layout.no}",
            )
        if list_code in index or value in short_names:
            problems.add("STD217", at=at, codelist=f"{value} ({list_code})")
            continue
        short_names[value] = line
        index[list_code] = (
            list_code,
            value,
            row[names["name"]],
            "Y" if extensible == layout.yes else "N",
            "",
        )
    seen: dict[tuple[str, str], int] = {}
    strays: dict[str, list[int]] = {}
    for line, term in terms:
        at = Location(str(path), line)
        if term[0] not in index:
            strays.setdefault(term[0], []).append(line)
        for key in dict.fromkeys(((term[0], term[2]), (term[0], term[1]))):
            if key in seen:
                problems.add("STD217", at=at, codelist=f"{key[1]} in {term[0]}, line {seen[key]}")
                break
            seen[key] = line
    _report_strays(strays, path, problems)
    return index, [term for _, term in terms]


def _paired(index: Mapping[str, IndexRow], terms: Iterable[TermRow]) -> list[IndexRow]:
    """The index with partners: codelists of the same concepts whose names differ in Code, Name, Short, Long.

    The names are compared because two lists of answers may hold the same concepts by chance.
    """
    concepts: dict[str, set[str]] = {code: set() for code in index}
    for codelist, code, *_ in terms:
        concepts[codelist].add(code)
    alike: dict[tuple[str, frozenset[str]], list[str]] = {}
    for code, found in concepts.items():
        if found:
            name = re.sub(r"\b(Code|Name|Short|Long)\b", "", index[code][2])
            alike.setdefault((" ".join(name.split()), frozenset(found)), []).append(code)
    partner = {}
    for codes in alike.values():
        if len(codes) == 2:
            partner.update({codes[0]: codes[1], codes[1]: codes[0]})
    return [(*row[:4], partner.get(code, "")) for code, row in index.items()]


def _guide(
    datasets: list[tuple[int, dict[str, str]]],
    variables: list[tuple[int, dict[str, str]]],
    path: Path,
    problems: Problems,
) -> list[tuple[str, ...]]:
    """Rows of the packed guide: each dataset in order, its variables in order."""
    places: dict[str, dict[str, str]] = {}
    for line, row in datasets:
        at = Location(str(path / "datasets.csv"), line)
        checks = {
            "order": (r"\d+", "it is a number"),
            "dataset": (r"[A-Z][A-Z0-9]{1,7}", "a dataset has 2 to 8 upper-case letters and digits"),
            "label": (r".+", "it may not be empty"),
            "class": ("|".join(_CLASSES), "it is " + ", ".join(_CLASSES)),
        }
        _check(row, checks, at, problems)
        if row["dataset"] in places:
            problems.add("STD217", at=at, codelist=row["dataset"])
        places[row["dataset"]] = row
    held: dict[str, dict[str, dict[str, str]]] = {name: {} for name in places}
    strays: dict[str, list[int]] = {}
    for line, row in variables:
        at = Location(str(path / "variables.csv"), line)
        checks = {
            "order": (r"\d+", "it is a number"),
            "variable": (r"[A-Z][A-Z0-9]{0,7}", "a variable has 1 to 8 upper-case letters and digits"),
            "label": (r".+", "it may not be empty"),
            "type": (r"Char|Num", "it is Char or Num"),
            "core": (r"Req|Exp|Perm", "it is Req, Exp or Perm"),
            "codelists": (r"(C\d+( C\d+)*)?", "it is C-codes with blanks between"),
        }
        _check(row, checks, at, problems)
        if row["dataset"] not in held:
            strays.setdefault(row["dataset"], []).append(line)
        elif row["variable"] in held[row["dataset"]]:
            problems.add("STD217", at=at, codelist=f"{row['dataset']}.{row['variable']}")
        else:
            held[row["dataset"]][row["variable"]] = row
    _report_strays(strays, path / "variables.csv", problems)
    if any(one.severity == "error" for one in problems.found):
        return []  # orders may be no numbers; the caller stops
    rows: list[tuple[str, ...]] = []
    for name, row in sorted(places.items(), key=lambda item: int(item[1]["order"])):
        rows.append((name, row["order"], "", row["label"], *[""] * 7, row["class"], row["structure"]))
        rows += [
            (*(one[column] for column in _VARIABLE_COLUMNS), "", "")
            for one in sorted(held[name].values(), key=lambda item: int(item["order"]))
        ]
    return rows


def _report_strays(strays: Mapping[str, list[int]], path: Path, problems: Problems) -> None:
    for owner, lines in strays.items():
        problems.add("STD216", at=Location(str(path), lines[0]), count=len(lines), owner=owner)


def _check(
    row: dict[str, str], checks: Mapping[str, tuple[str, str]], at: Location, problems: Problems
) -> None:
    for column, (pattern, reason) in checks.items():
        if not re.fullmatch(pattern, row[column]):
            problems.add("STD218", at=at, column=column, value=row[column], reason=reason)
