"""The profile of raw files: what each column holds, and what it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os.path import commonpath
from pathlib import Path
from typing import Final

from sdtm_il2.dataset import distinct
from sdtm_il2.errors import Issue, SdtmError, SourceError, issue, merge_issues
from sdtm_il2.standards import Standard
from sdtm_il2.survey.dates import DateForms, date_forms, is_clock
from sdtm_il2.survey.files import RawPart, raw_files, read_parts
from sdtm_il2.survey.names import Candidate, by_content, by_name, domain_scores

#: Values shown on request.
EXAMPLES: Final = 5
#: A title's word, or two columns by name.
_ENOUGH: Final = 4
#: Distinct texts up to which a column of repeated texts is one of codes.
_CODES: Final = 40
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?")
_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")
_LIMIT: Final = re.compile(r"[<>≤≥]\s*=?\s*[0-9.,]+")
_YES_NO: Final = frozenset({"y", "n", "yes", "no", "是", "否"})


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one column holds: counts, lengths in characters of its shortest and longest text, and what it looks like."""

    name: str
    filled: int
    distinct: int
    shortest: int
    longest: int
    looks: str
    dates: DateForms | None = None
    candidates: tuple[Candidate, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict)

    @property
    def examples(self) -> tuple[tuple[str, int], ...]:
        """The most frequent values; they may be data of subjects."""
        return tuple(sorted(self.values.items(), key=lambda pair: (-pair[1], pair[0]))[:EXAMPLES])

    @property
    def is_number(self) -> bool:
        """Filled cells are numbers, or nearly all of them."""
        return self.looks.startswith(("integer", "number"))

    @property
    def all_numbers(self) -> bool:
        """Every filled cell is a number."""
        return self.is_number and "text" not in self.looks


@dataclass(frozen=True, slots=True, eq=False)
class PartProfile:
    """One table among the raw files, the domain that it looks like ("" for none), and its subject column."""

    part: RawPart
    records: int
    columns: tuple[ColumnProfile, ...]
    domain: str = ""
    subject: str = ""

    def column(self, name: str) -> ColumnProfile:
        """The column of that name; KeyError for another."""
        for one in self.columns:
            if one.name == name:
                return one
        raise KeyError(name)

    def holding(self, variable: str) -> str:
        """The first column that may be a variable by its name; "" for none."""
        for column in self.columns:
            if any(one.variable == variable and one.by == "name" for one in column.candidates):
                return column.name
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """All tables of the raw files, and what kept others from being read."""

    folder: Path
    parts: tuple[PartProfile, ...]
    refused: tuple[Issue, ...] = ()


def survey(paths: Iterable[Path], standard: Standard, folder: Path | None = None) -> Survey:
    """Profile raw files of any kind that sources have; names are relative to `folder` (default: what all share).

    A file that cannot be read is told in ``refused``, and the others are profiled all the same. Raises
    SourceError OUT921 where a path holds no raw file, OUT922 where the files have no folder in common.
    """
    files = raw_files(paths)
    base = common_folder(files) if folder is None else folder
    profiles: list[PartProfile] = []
    refused: list[Issue] = []
    for path in files:
        try:
            parts = read_parts(base, path)
        except SdtmError as fault:
            refused += fault.issues
            continue
        profiles += [profile_part(part, standard) for part in parts]
    return Survey(base, tuple(profiles), merge_issues(refused))


def common_folder(files: Iterable[Path]) -> Path:
    """The folder that holds all files."""
    folders = [path.resolve().parent for path in files]
    try:
        return Path(commonpath([str(one) for one in folders]))
    except ValueError:  # other drives
        raise SourceError(issue("OUT922", path=folders[0], other=folders[-1])) from None


def profile_part(part: RawPart, standard: Standard) -> PartProfile:
    """What one table holds; candidates are those of the domain that it looks like."""
    source = part.source
    scores = domain_scores(
        f"{Path(part.spec.path).stem} {part.spec.sheet} {part.spec.form} {part.spec.group}",
        source.columns,
        standard,
    )
    best = max(scores, key=lambda one: scores[one], default="")
    domain = best if scores.get(best, 0) >= _ENOUGH else ""
    columns = tuple(_column(part, name, domain, standard) for name in source.columns)
    return PartProfile(part, len(source), columns, domain, _subject(columns))


def _subject(columns: Iterable[ColumnProfile]) -> str:
    """The column that names the subject: SUBJID before USUBJID, as the study identifier stands before the latter."""
    held = [
        (one.variable.rpartition(".")[2], column.name)
        for column in columns
        for one in column.candidates
        if one.by == "name" and column.filled
    ]
    for wanted in ("SUBJID", "USUBJID"):
        for variable, name in held:
            if variable == wanted:
                return name
    return next((column.name for column in columns if column.name == "_SUBJECT"), "")


def _column(part: RawPart, name: str, domain: str, standard: Standard) -> ColumnProfile:
    encoded = distinct(part.source.frame[name])
    counts = {
        text: count
        for text, count in zip(encoded.values, encoded.counts().tolist(), strict=True)
        if text.strip() and count
    }
    lengths = [len(text) for text in counts] or [0]
    dates = date_forms(counts) if counts else None
    found = by_name(name, domain, standard)
    if dates is None:
        found += by_content(counts, domain, standard)
    return ColumnProfile(
        name, sum(counts.values()), len(counts), min(lengths), max(lengths), _looks(counts, dates), dates, found, counts
    )  # fmt: skip


def _looks(counts: Mapping[str, int], dates: DateForms | None) -> str:
    texts = [text.strip() for text in counts]
    if not texts:
        return "empty"
    if dates is not None:
        return f"{'date and time' if dates.timed else 'date'} {' | '.join(dates.formats)}"
    if is_clock(texts):
        return "time"
    if {text.casefold() for text in texts} <= _YES_NO:
        return "yes or no"
    if all(_INTEGER.fullmatch(text) for text in texts):
        return "integer"
    if all(_NUMBER.fullmatch(text) for text in texts):
        zeros = any(text.startswith("0") and text[1:2].isdigit() for text in texts)
        return "code" if zeros and len({len(text) for text in texts}) == 1 else "number"
    numbers = [text for text in texts if _NUMBER.fullmatch(text) or _COMMA.fullmatch(text)]
    if len(numbers) == len(texts):
        return "number with a comma"
    limits = [text for text in texts if _LIMIT.fullmatch(text)]
    if limits and len(numbers) + len(limits) == len(texts):
        return "number or limit"
    if (
        numbers
        and sum(counts[text] for text in counts if text.strip() in set(numbers)) * 5
        >= sum(counts.values()) * 4
    ):
        return "number, some text"
    filled = sum(counts.values())
    return "code" if len(texts) <= _CODES and len(texts) * 2 <= filled else "text"
