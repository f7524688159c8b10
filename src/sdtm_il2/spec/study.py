"""The frozen model of study.yaml: sources, codelists, visits and the domains, nothing resolved yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdtm_il2.agency import AGENCIES
from sdtm_il2.bilingual import Bilingual
from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.spec.model import DomainSpec, TableSpec, TermSpec, Text, VariableSpec
from sdtm_il2.where import Clause


@dataclass(frozen=True, slots=True)
class VisitRule:
    """How a raw record names its visit: a column, texts of columns with a date, or the date alone (window)."""

    texts: tuple[str, ...] = ()
    date: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One row of the visits table; ``aliases`` are the raw texts that name the visit (VISIT itself always does)."""

    at: Location
    visitnum: str
    visit: str
    aliases: tuple[str, ...] = ()
    epoch: str = ""
    visitdy: str = ""
    from_day: str = ""
    to_day: str = ""
    armcd: str = ""
    tvstrl: str = ""
    tvenrl: str = ""


@dataclass(frozen=True, slots=True)
class UnscheduledRule:
    """`unscheduled:` which raw visits are unscheduled, and how they are numbered and named.

    ``number`` is ``text`` (the number in the raw text) or ``previous + 0.01``; ``name`` a template with
    ``{VISITNUM}``; without ``when`` every visit that no row and no window names.
    """

    when: Clause | None = None
    number: str = "previous + 0.01"
    name: str = "UNSCHEDULED {VISITNUM}"
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class VisitsSpec:
    """`visits:` the one table of planned visits. ``anchors`` pairs an EPOCH ("" for all) with a DOMAIN.VARIABLE."""

    table: str
    rows: tuple[VisitRow, ...]
    anchors: tuple[tuple[str, Text], ...] = ()
    unscheduled: UnscheduledRule | None = None
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class RelationshipSpec:
    """`relationships:` records tied by a collected number (from, column, to, id) or datasets by --LNKID."""

    from_: str = ""
    column: str = ""
    to: str = ""
    id: str = ""
    datasets: tuple[str, ...] = ()
    by: str = ""
    types: tuple[str, ...] = ()
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """How a raw record names its subject: a template over columns, or a lookup in another source."""

    template: str = ""
    lookup: str = ""
    by: str = ""
    take: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class DateRule:
    """How dates are written in a source."""

    formats: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    pivot: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class KeepRule:
    """`keep:` one record per ``one_per``: the last or first by a column, or equal ones dropped."""

    one_per: tuple[str, ...]
    last: str = ""
    first: str = ""
    same: bool = False
    at: Location = NOWHERE
    prefer: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class Discard:
    """`not_submitted.rows`: raw records that are not submitted, with the reason."""

    when: Clause
    reason: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of study.yaml. Keys that a source does not state hold the study's value."""

    name: str
    path: str
    format: str = ""
    encoding: str = "utf-8"
    delimiter: str = ""
    decimal: str = ""
    header: tuple[int, ...] = (1,)
    subject: SubjectRule | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    rename_prefix: str = ""
    text: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    dates: DateRule = DateRule()
    origin: str = ""
    private: tuple[Text, ...] = ()
    keep: KeepRule | None = None
    unsubmitted_columns: Mapping[str, str] = field(default_factory=dict)
    unsubmitted_rows: tuple[Discard, ...] = ()
    at: Location = NOWHERE
    sheet: str = ""
    visit: VisitRule | None = None
    form: str = ""
    group: str = ""
    transactions: str = ""
    crf: str = ""


@dataclass(frozen=True, slots=True)
class CodelistSpec:
    """`codelists:` one list: extra raw texts of a CDISC list, or a sponsor's own list (``sponsor`` True)."""

    name: str
    terms: tuple[TermSpec, ...] = ()
    sponsor: bool = False
    added: tuple[Text, ...] = ()
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class DocumentSpec:
    """`documents:` of define/study.yaml: a file (relative to the study folder) and the name it gets in the output.

    ``type`` is acrf, guide or other.
    """

    id: str
    title: str
    file: str
    target: str
    type: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class ValueLevelSpec:
    """`value_levels:` of define/study.yaml: a variable that is described apart for each value of ``by``."""

    variable: Text
    by: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class StandardSpec:
    """`standard:` which releases the study follows."""

    ig: str
    ct: str
    dictionaries: Mapping[str, str] = field(default_factory=dict)
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class CommentSpec:
    """A comment of define/study.yaml."""

    words: Bilingual
    at: Location


@dataclass(frozen=True, slots=True)
class LabelRow:
    """`labels_zh`: the Chinese label of a variable; without variable, of the dataset. Dataset ``*`` is any."""

    at: Location
    dataset: str
    variable: str
    label: str


@dataclass(frozen=True, slots=True)
class DecodeRow:
    """`decodes_zh`: the Chinese decode of a term of a codelist."""

    at: Location
    codelist: str
    term: str
    decode: str


@dataclass(frozen=True, slots=True)
class TranslationRow:
    """`translations:` the English text ``en`` of a collected text, for every variable or for one (DOMAIN.VARIABLE)."""

    text: str
    en: str
    variable: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Choice:
    """What one build takes instead of what the study file states (``stated``, "" for nothing)."""

    key: str
    stated: str
    chosen: str


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A whole specification: study.yaml and its domain files. ``files`` are all files read, sorted."""

    folder: Path
    file: str
    study: str
    standard: StandardSpec
    usubjid: str
    sources: tuple[SourceSpec, ...]
    codelists: tuple[CodelistSpec, ...]
    domains: tuple[DomainSpec, ...]
    derive: tuple[VariableSpec, ...] = ()
    agency: str = ""
    name: str = ""
    description: str = ""
    protocol: str = ""
    files: tuple[str, ...] = ()
    at: Location = NOWHERE
    visits: VisitsSpec | None = None
    relationships: tuple[RelationshipSpec, ...] = ()
    tables: tuple[TableSpec, ...] = ()
    labels: tuple[LabelRow, ...] = ()
    decodes: tuple[DecodeRow, ...] = ()
    documents: tuple[DocumentSpec, ...] = ()
    comments: Mapping[str, CommentSpec] = field(default_factory=dict)
    value_levels: tuple[ValueLevelSpec, ...] = ()
    agency_encoding: str = ""
    choices: tuple[Choice, ...] = ()
    translations: tuple[TranslationRow, ...] = ()

    @property
    def encoding(self) -> str:
        """Character encoding of the XPT files: the one that is stated, else the agency's usual one."""
        return self.agency_encoding or AGENCIES[self.agency].encodings[0]
