"""What ODM files hold: levels of clinical data with their keys, definitions, and what takes the records that are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from sdtm_il2.errors import NOWHERE, Location

#: Levels of clinical data, outermost first.
STUDY, SUBJECT, EVENT, FORM, GROUP = range(5)


class Level(NamedTuple):
    """One level: what messages call it, its key attributes, and the columns that hold them."""

    noun: str
    oid: str
    repeat: str
    column: str


LEVELS: Final = (
    Level("study", "StudyOID", "", "_STUDY"),
    Level("subject", "SubjectKey", "", "_SUBJECT"),
    Level("event", "StudyEventOID", "StudyEventRepeatKey", "_EVENT"),
    Level("form", "FormOID", "FormRepeatKey", "_FORM"),
    Level("item group", "ItemGroupOID", "ItemGroupRepeatKey", "_GROUP"),
)
TRANSACTIONS: Final = ("Insert", "Update", "Upsert", "Remove", "Context")


@dataclass(frozen=True, slots=True)
class FileHead:
    """The attributes of the outermost element that tell what a file is."""

    file_type: str = "Snapshot"
    oid: str = ""
    prior: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the definitions of the files say: groups of each form, items of each group, in their order."""

    forms: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)


class Tag(NamedTuple):
    """What the attributes of one element of a level say; most elements are like others of their level."""

    oid: str
    repeat: str
    columns: dict[str, str]
    transaction: str


class Entry(NamedTuple):
    """One element of a level, open at the moment: what it says, its transaction, stated or not, and its line."""

    tag: Tag
    transaction: str
    line: int


#: The open elements by level; None where a level is left out, as events are in some exports.
LevelPath = tuple[Entry | None, ...]


@dataclass(slots=True)
class Seen:
    """What the files hold besides the records that are wanted."""

    forms: dict[str, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    first_unread: Location = NOWHERE
    twice: int = 0
    first_twice: Location = NOWHERE


class Sink(Protocol):
    """What takes the levels and the items that a walk finds, in the order of the file."""

    def enter(self, path: LevelPath, level: int) -> None:
        """An element of a level begins."""

    def items(self, path: LevelPath, values: dict[str, str], types: Mapping[str, str], /) -> None:
        """The items of one group; ``types`` are transactions that items state themselves."""

    def run(self, path: LevelPath, items: tuple[list[str], list[str]], /) -> None:
        """The same for plain items, as names and values; no name stands twice."""

    def close(self) -> None:
        """A file has ended."""
