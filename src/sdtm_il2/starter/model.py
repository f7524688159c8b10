"""What is drafted: sources, domains and their lines, before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sdtm_il2.standards import Standard
from sdtm_il2.starter.tests import TestsDraft
from sdtm_il2.survey.profile import PartProfile

TO_DO: Final = "to do"
#: A note on a source that nothing reads.
NO_SUBJECT: Final = "a table without subjects: join it, or give it a subject"


@dataclass(frozen=True, slots=True)
class VariableDraft:
    """One line under `variables:`; ``note`` says what to check, ``columns`` are those that it reads.

    A line that is ``open`` could not be built as it stands: it is written as a comment, for its author to complete.
    """

    name: str
    method: str
    note: str = ""
    columns: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """One source: what is written for it, and notes of what to check; ``read`` are columns that it accounts for.

    ``known`` are columns that need not be submitted, ``filled`` one that is filled in all records with a subject.
    """

    name: str
    profile: PartProfile
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    dates: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    read: frozenset[str] = frozenset()
    known: tuple[str, ...] = ()
    filled: str = ""


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """One item of `records:` with the variables of its source; ``open`` are columns that nothing reads yet."""

    source: SourceDraft
    variables: tuple[VariableDraft, ...]
    tests: TestsDraft | None
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodingDraft:
    """`meddra:` of a domain: the source, the column that is coded, that of the source, and the column of each level."""

    source: str
    own: str
    other: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DomainDraft:
    """One domain file; ``waits_for`` are the required variables that nobody but its author can fill."""

    domain: str
    label: str
    keys: tuple[str, ...]
    blocks: tuple[BlockDraft, ...]
    waits_for: tuple[str, ...] = ()
    keys_not_unique: str = ""
    meddra: CodingDraft | None = None

    @property
    def ready(self) -> bool:
        """The domain can be built: its required variables are there, and if of findings, its tables name a test."""
        return not self.waits_for and all(block.tests is None or block.tests.named for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole study, ready to be written. ``terms`` are raw texts with the term that they mean, by codelist."""

    study: str
    standard: Standard
    sources: tuple[SourceDraft, ...]
    domains: tuple[DomainDraft, ...]
    terms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
