"""The frozen model of the domain files: what they say, nothing resolved yet.

Every element knows its place (`at`), so that every later message can name file and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdtm_il2.bilingual import NO_TEXT, Bilingual
from sdtm_il2.errors import NOWHERE, Location
from sdtm_il2.where import Clause


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar of the specification with its place."""

    text: str
    at: Location = NOWHERE

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A method and its argument as written.

    ``argument`` by method: assign, hardcode, template, copy: one Text; datetime: one or two Text;
    coalesce: Text or MethodCall items; case: Branch items; earliest, latest: Text items (`of`); compute: one
    Text; next: one Text, then what stands at the last record (``else``: Text or MethodCall); checked: Checked
    items. age, last_before, duration (value, unit, from, to), interval (same, start, end, gap), epoch (from,
    before, at, after), checked (many, separator) and others take their keys from ``options`` (``birth``,
    ``at``, ``within``, ``same_day``, ``precision``, ``format``, ``unknown``, ``pivot``); ``where`` is the
    clause of earliest, latest and interval.
    """

    method: str
    argument: tuple[Text | MethodCall | Branch | Checked, ...] = ()
    options: Mapping[str, tuple[Text, ...]] = field(default_factory=dict)
    where: Clause | None = None
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of `case`; ``when`` None is the else branch."""

    when: Clause | None
    then: Text | MethodCall
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Checked:
    """One box of `checked`: the column, and the value that a tick means (its own name if none is stated)."""

    column: str
    value: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class TermSpec:
    """One raw text and the term it becomes."""

    raw: str
    term: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class Supplemental:
    """`supplemental:` the variable goes to SUPP-- with this label; ``idvar`` defaults to --SEQ."""

    label: str
    evaluator: str = ""
    idvar: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class VariableSpec:
    """One line under `variables:`; ``method`` None means `drop`."""

    name: str
    method: MethodCall | None
    when: Clause | None = None
    undecided: str | None = None
    codelist: str = ""
    terms: tuple[TermSpec, ...] = ()
    match: str = ""
    text: tuple[str, ...] = ()
    precision: str = ""
    origin: str = ""
    crf: str = ""
    comment: Bilingual = NO_TEXT
    description: Bilingual = NO_TEXT
    supplemental: Supplemental | None = None
    label: str = ""
    type: str = ""
    ig: tuple[str, ...] = ()
    at: Location = NOWHERE
    shift: str = ""


@dataclass(frozen=True, slots=True)
class JoinSpec:
    """`join:` one alias. ``by`` pairs (own column, other column); empty: by subject alone."""

    alias: str
    source: str
    by: tuple[tuple[str, str], ...]
    cardinality: str
    where: Clause | None = None
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class TestRow:
    """One row of a tests table: ``column`` (wide) or ``by`` values (long), and what it sets.

    ``variables`` are real names (LBTESTCD) with their text; ``{COL}`` texts are templates. ``terms`` is the list of
    the standard result, ``forms`` what may stand beside its terms: ``number``, ``titer``.
    """

    at: Location
    column: str = ""
    by: tuple[str, ...] = ()
    domain: str = ""
    ig: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    standard_unit: str = ""
    terms: str = ""
    origin: str = ""
    method: Bilingual = NO_TEXT
    note: str = ""
    not_done: Clause | None = None
    reason: str = ""
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestsSpec:
    """`tests:` of a record block. Without ``by`` and ``result`` the table is wide."""

    table: str
    rows: tuple[TestRow, ...]
    by: tuple[str, ...] = ()
    result: str = ""
    unit: str = ""
    low: str = ""
    high: str = ""
    range: str = ""
    indicator: str = ""
    units: tuple[UnitRow, ...] = ()
    units_file: str = ""
    not_done: Clause | None = None
    reason: MethodCall | None = None
    at: Location = NOWHERE
    standard: Mapping[str, str] = field(default_factory=dict)
    ranges: tuple[RangeRow, ...] = ()
    ranges_file: str = ""


@dataclass(frozen=True, slots=True)
class RangeRow:
    """One row of a ranges table: the limits of one test for a sex, an age (years, from included) and dates."""

    at: Location
    testcd: str
    specimen: str = ""
    sex: str = ""
    age_from: str = ""
    age_to: str = ""
    date_from: str = ""
    date_to: str = ""
    low: str = ""
    high: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row of a units table: result in ``from_unit`` times ``factor`` plus ``offset`` is in ``to_unit``."""

    at: Location
    testcd: str
    specimen: str
    from_unit: str
    to_unit: str
    factor: str
    offset: str = ""
    places: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class DecodeSpec:
    """`decode:` a small table looked up by columns; its other headers become columns (or variables)."""

    table: str
    by: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    at: Location = NOWHERE
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmitSpec:
    """`submit:` records for which ``when`` does not hold are not submitted, for ``reason``."""

    when: Clause
    reason: str
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class EachSpec:
    """`each:` one name for columns that repeat in a row: DAT over 注射日期1-注射日期7.

    ``columns`` are the columns as listed; a single ``COL1-COL7`` stands as it is written, because only the
    file's header tells whether it is a range or a column of that name.
    """

    name: str
    columns: tuple[str, ...]
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """`group:` one record for each value of ``by``; ``take`` says how other columns are reduced."""

    by: tuple[str, ...]
    take: Mapping[str, str] = field(default_factory=dict)
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class CommentsSpec:
    """`comments:` free text of a source that goes to CO, beside the records of the domain."""

    source: str
    text: str
    date: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class DictionarySpec:
    """`meddra:` or `whodrug:` the coding source, its join columns and which of its columns hold which level.

    ``columns`` has for each level the column by agency; "" is every agency that is not named.
    """

    dictionary: str
    source: str
    by: tuple[tuple[str, str], ...]
    columns: Mapping[str, Mapping[str, str]]
    version: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class TableSpec:
    """`tables:` a trial design dataset from a CSV whose headers are its variables; TS also from a registry record."""

    domain: str
    table: str
    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = ()
    registry: str = ""
    at: Location = NOWHERE
    ig: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One item of `records:`."""

    id: str
    from_: str
    join: tuple[JoinSpec, ...] = ()
    where: Clause | None = None
    decode: tuple[DecodeSpec, ...] = ()
    tests: TestsSpec | None = None
    variables: tuple[VariableSpec, ...] = ()
    submit: SubmitSpec | None = None
    origin: str = ""
    ig: tuple[str, ...] = ()
    at: Location = NOWHERE
    each: tuple[EachSpec, ...] = ()
    group: GroupSpec | None = None


@dataclass(frozen=True, slots=True)
class OfVersion:
    """`keys:` or `sort:` of some versions of the SDTMIG: ``{3.2 | 3.3: [..], 3.4: [..]}``."""

    ig: tuple[str, ...]
    names: tuple[Text, ...]
    at: Location = NOWHERE


@dataclass(frozen=True, slots=True)
class SplitPart:
    """One dataset of `split:`: the values of the category whose records it holds, and its label ("": the domain's)."""

    name: str
    values: tuple[Text, ...]
    label: str
    at: Location


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """`split:` the datasets in which a domain is submitted, by the values of one variable."""

    by: Text
    parts: tuple[SplitPart, ...]


@dataclass(frozen=True, slots=True)
class DomainSpec:
    """One domain file. Keys and sort by version stand in ``keys_by_ig`` and ``sort_by_ig``; ``keys`` holds the first."""

    domain: str
    file: str
    keys: tuple[Text, ...]
    records: tuple[BlockSpec, ...]
    variables: tuple[VariableSpec, ...] = ()
    label: str = ""
    class_: str = ""
    structure: str = ""
    ig: tuple[str, ...] = ()
    keys_not_unique: Bilingual = NO_TEXT
    sort: tuple[Text, ...] = ()
    sort_file: bool = False
    submit: SubmitSpec | None = None
    at: Location = NOWHERE
    comments: tuple[CommentsSpec, ...] = ()
    dictionaries: tuple[DictionarySpec, ...] = ()
    keys_by_ig: tuple[OfVersion, ...] = ()
    sort_by_ig: tuple[OfVersion, ...] = ()
    split: SplitSpec | None = None
