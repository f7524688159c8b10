"""Controlled terminology: codelists by code or short name, read one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdtm_il2.standards.model import Codelist, Term
from sdtm_il2.standards.release import IndexRow, Release, read_index, read_terms


@dataclass(frozen=True, slots=True)
class CodelistName:
    """A codelist without its terms, as a release's index has it; ``paired`` is its partner's code or ""."""

    code: str
    submission_value: str
    name: str
    extensible: bool
    paired: str


@dataclass(frozen=True, slots=True)
class Terminology:
    """One release of controlled terminology. Terms are read when their codelist is first asked for."""

    release: Release
    _names: dict[str, CodelistName] = field(init=False, repr=False, compare=False)
    _codes: dict[str, str] = field(init=False, repr=False, compare=False)
    _read: dict[str, Codelist] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {row[0]: _name(row) for row in read_index(self.release.file)}
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_codes", {one.submission_value: code for code, one in names.items()})
        object.__setattr__(self, "_read", {})

    @property
    def codelists(self) -> tuple[CodelistName, ...]:
        """All codelists by code, without their terms."""
        return tuple(self._names.values())

    def find(self, code_or_short_name: str) -> CodelistName | None:
        """The codelist with this C-code (C66767) or short name (ACN) without reading its terms, or None."""
        return self._names.get(self._codes.get(code_or_short_name, code_or_short_name))

    def codelist(self, code_or_short_name: str) -> Codelist | None:
        """The codelist with this C-code (C66767) or short name (ACN), or None."""
        known = self.find(code_or_short_name)
        if known is None:
            return None
        if known.code not in self._read:
            terms = tuple(
                Term(code, value, tuple(synonyms.split("; ")) if synonyms else (), preferred)
                for _, code, value, synonyms, preferred in read_terms(self.release.file, known.code)
            )
            self._read[known.code] = Codelist(
                known.code, known.name, known.submission_value, known.extensible, terms
            )
        return self._read[known.code]

    def paired(self, code_or_short_name: str) -> Codelist | None:
        """The codelist whose terms are the same concepts: --TEST for --TESTCD, and back; None without one."""
        known = self.find(code_or_short_name)
        return self.codelist(known.paired) if known is not None and known.paired else None

    def decode(self, code_or_short_name: str, value: str) -> str | None:
        """What a submission value means: the partner's value (WBC: Leukocytes), else the NCI preferred term.

        None if the codelist or the value is unknown.
        """
        codelist = self.codelist(code_or_short_name)
        term = codelist.term(value) if codelist is not None else None
        if codelist is None or term is None:
            return None
        partner = self.paired(codelist.code)
        if partner is None:
            return term.preferred_term
        return next((other.value for other in partner.terms if other.code == term.code), term.preferred_term)


def _name(row: IndexRow) -> CodelistName:
    code, submission_value, name, extensible, paired = row
    return CodelistName(code, submission_value, name, extensible == "Y", paired)
