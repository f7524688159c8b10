"""The clinical data of ODM files, element by element: levels with their keys, items with their values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Final

from sdtm_il2.errors import Location
from sdtm_il2.sources.odm_levels import (
    EVENT,
    FORM,
    GROUP,
    LEVELS,
    STUDY,
    SUBJECT,
    TRANSACTIONS,
    Entry,
    FileHead,
    Metadata,
    Seen,
    Sink,
    Tag,
)
from sdtm_il2.sources.odm_xml import BETWEEN, MAX_DEPTH, Start, Stream, local

_LEVEL_OF: Final = {
    "ClinicalData": STUDY,
    "ReferenceData": STUDY,
    "SubjectData": SUBJECT,
    "StudyEventData": EVENT,
    "FormData": FORM,
    "ItemGroupData": GROUP,
}
#: Children of a subject that say more about it: the attribute, and its column.
_REFERENCES: Final = {"SiteRef": ("LocationOID", "_SITE"), "InvestigatorRef": ("UserOID", "_INVESTIGATOR")}
#: Elements of levels that are remembered by their attributes: few forms and groups, times their repeats.
_MOST_TAGS: Final = 10_000
_NOTHING: Final = (None,) * len(LEVELS)
_NAMESPACES: Final = ("http://www.cdisc.org/ns/odm/v1.3", "http://www.cdisc.org/ns/odm/v1.2", "")
#: Typed values of which outer blanks are part.
_VERBATIM: Final = ("ItemDataString", "ItemDataAny")


class Walk:
    """Reads one ODM file after another into a sink: the groups of one form, or one group, or all.

    In a Snapshot (``transactional`` False) TransactionType means nothing, but Remove is refused: the state
    of the data would not be what the file shows.
    """

    def __init__(self, sink: Sink, form: str, group: str, *, transactional: bool) -> None:
        self.sink = sink
        self.form = form
        self.group = group
        self.transactional = transactional
        self.metadata = Metadata()
        self.seen = Seen()

    def read(self, stream: Stream, *, snapshot: bool) -> None:
        """Walk through one file. Raises `SourceError`: SRC387 SRC388 SRC389 SRC393 SRC379 and those of XML."""
        _File(self, stream, snapshot=snapshot).read()


def read_head(stream: Stream) -> FileHead:
    """What the outermost element says; raises `SourceError` (SRC387) if it is not ODM 1.3."""
    found: list[FileHead] = []

    def start(name: str, attributes: list[str]) -> None:
        stream.opened.append(name)
        if not found:
            namespace, _, own = name.rpartition(BETWEEN)
            if own != "ODM" or namespace not in _NAMESPACES:
                shown = f"{own} of {namespace}" if namespace else own
                raise stream.stop("SRC387", path=stream.name, root=shown)
            given = dict(zip(attributes[::2], attributes[1::2], strict=True))
            found.append(
                FileHead(
                    given.get("FileType", "Snapshot"),
                    given.get("FileOID", ""),
                    given.get("PriorFileOID", ""),
                    given.get("CreationDateTime", ""),
                )
            )

    stream.read(start, stop=lambda: bool(found))
    return found[0]


class _File:
    """One file on its way through a walk."""

    def __init__(self, walk: Walk, stream: Stream, *, snapshot: bool) -> None:
        self.walk = walk
        self.stream = stream
        self.typed = walk.transactional and not snapshot
        self.prefix = ""
        self.path: list[Entry | None] = [None] * len(LEVELS)
        self.values: dict[str, str] = {}  # of the open group, by item; `extra` are those beside the items
        self.extra: set[str] = set()
        self.types: dict[str, str] = {}
        self.items: list[str] = []  # the names of the last run of plain items, one object for equal names
        self.alike: dict[tuple[str, ...], list[str]] = {}
        self.run: tuple[list[str], list[str]] | None = None  # and their values, where its group is open
        self.plain: list[list[str]] = []  # the attributes of items that are not in `values` yet
        self.tags: dict[tuple[str, ...], Tag] = {}
        self.levels: dict[str, int] = {}
        self.form_wanted = not walk.form  # of the groups that begin now
        self.held = False  # a wanted group is open, or has ended without another element since
        self.definition = ""
        self.text: list[str] = []
        self.text_of = ("", "", "", 0)  # item, element, transaction, depth of an item with its value as text

    def read(self) -> None:
        self.stream.read(self.root, groups=self)
        self.close()

    def root(self, name: str, _: list[str]) -> None:
        """The outermost element: from here on the names of ODM are known in full."""
        self.prefix = name.rpartition(BETWEEN)[0]
        self.prefix += BETWEEN if self.prefix else ""
        self.levels = {self.prefix + own: level for own, level in _LEVEL_OF.items()}
        self.stream.opened.append(name)
        self.wanted, self.passing = self.handlers()
        self.stream.parser.StartElementHandler = self.passing

    def handlers(self) -> tuple[Start, Start]:
        """The handlers of starts within wanted groups, and elsewhere.

        Nine of ten elements are items. They are kept here, in as few steps as can be, until their group ends
        or something else stands in it; everything else goes to `other`.
        """
        # expat keeps one object a name: with ours among them, most comparisons are of equal objects
        intern = self.stream.parser.intern.setdefault
        item = intern(self.prefix + "ItemData", self.prefix + "ItemData")
        group = intern(self.prefix + "ItemGroupData", self.prefix + "ItemGroupData")
        opened = self.stream.opened
        push = opened.append
        keep = self.plain.append
        level_of = self.levels.get
        enter = self.enter
        other = self.other

        def passing(name: str, attributes: list[str]) -> None:
            level = level_of(name)
            if level is not None:
                parent = opened[-1]
                push(name)
                enter(level, parent, (name, *attributes))
            elif name == item:
                push(name)
            else:
                other(name, attributes)

        def wanted(name: str, attributes: list[str]) -> None:
            if name == item and opened[-1] == group and "Value" in attributes:
                push(name)
                keep(attributes)
            elif level_of(name) is not None:
                passing(name, attributes)
            else:
                other(name, attributes)

        return wanted, passing

    # ---- elements ---------------------------------------------------------------------------------------

    def other(self, name: str, attributes: list[str]) -> None:
        """Any element but a level or a plain item: a definition, an item with more to it, or one not read."""
        opened = self.stream.opened
        if len(opened) >= MAX_DEPTH:
            self.stream.check_depth()
        parent = opened[-1]
        opened.append(name)
        self.drain()
        own = name.removeprefix(self.prefix) if name.startswith(self.prefix) else ""
        if self.text_of[0]:
            self.stream.parser.CharacterDataHandler = None  # the text of a child is not the item's
        if own.startswith("ItemData") and parent == self.prefix + "ItemGroupData":
            if self.held:
                self.item(own, attributes)
        elif own in ("FormDef", "ItemGroupDef", "ItemGroupRef", "ItemRef"):
            self.define(own, parent, attributes)
        elif own in _REFERENCES and parent == self.prefix + "SubjectData":
            self.refer(own, attributes)
        elif own == "MeasurementUnitRef" and parent.startswith(self.prefix + "ItemData"):
            self.unit(attributes)
        else:
            self.unread(own or local(name), parent)

    def enter(self, level: int, parent: str, key: tuple[str, ...]) -> None:
        """A level begins: the group before it has ended, and it is wanted or not."""
        stream = self.stream
        line = stream.parser.CurrentLineNumber
        if level == GROUP:
            stream.group_at = stream.parser.CurrentByteIndex
            stream.group_line = line
            stream.group_key = key
        self.begin(level, parent, key, line)

    def next(self, key: tuple[str, ...], line: int) -> None:
        """Another group begins beside the one that was open."""
        run, tag, before = self.run, self.tags.get(key), self.path[GROUP]
        if (
            run is None
            or tag is None
            or before is None
            or tag.oid != before.tag.oid
            or self.walk.transactional
        ):
            self.begin(GROUP, self.stream.opened[-2], key, line)
            return
        self.walk.sink.run(tuple(self.path), run)  # what `begin` does for one more of the same wanted groups
        self.run = None
        self.path[GROUP] = Entry(tag, before.transaction, line)

    def begin(self, level: int, parent: str, key: tuple[str, ...], line: int) -> None:
        if self.held:
            self.send()
        above = self.levels.get(parent, -1)
        if above >= level or (above < 0 and level != STUDY):
            raise self.stream.stop("SRC388", element=local(key[0]), parent=local(parent))
        tag = self.tags.get(key) or self.tag(level, key)
        path = self.path
        # what states nothing has the transaction of its parent; a Snapshot says what is, as Upsert does
        transaction = tag.transaction
        if not transaction:
            holder = path[above] if above >= 0 else None
            transaction = holder.transaction if holder is not None else "" if self.typed else "Upsert"
        path[above + 1 :] = _NOTHING[above + 1 :]
        path[level] = Entry(tag, transaction, line)
        walk = self.walk
        wanted = True
        if level == GROUP:
            wanted = self.form_wanted
            if wanted:
                walk.seen.groups[tag.oid] = None
                wanted = not walk.group or walk.group == tag.oid
        else:
            self.form_wanted = not walk.form
            if level == FORM:
                walk.seen.forms[tag.oid] = None
                wanted = self.form_wanted = self.form_wanted or walk.form == tag.oid
        held = wanted and level == GROUP
        if held != self.held:
            self.held = held
            self.stream.parser.StartElementHandler = self.wanted if held else self.passing
        if wanted and walk.transactional:
            walk.sink.enter(tuple(path), level)

    def tag(self, level: int, key: tuple[str, ...]) -> Tag:
        """What the attributes of an element of a level say: keys, vendor attributes, transaction."""
        kind = LEVELS[level]
        own = local(key[0])
        given = dict(zip(key[1::2], key[2::2], strict=True))
        if kind.oid not in given and level != STUDY:
            raise self.stream.stop("SRC389", element=own, attribute=kind.oid)
        oid, repeat = given.get(kind.oid, ""), given.get(kind.repeat, "") if kind.repeat else ""
        columns = {kind.column: oid}
        if kind.repeat:
            columns[kind.column + "_REPEAT"] = repeat
        for name, value in given.items():
            if BETWEEN in name:
                columns[f"{kind.column}@{local(name)}"] = value
        tag = Tag(oid, repeat, columns, self.transaction(given, own))
        if level > SUBJECT:  # a subject's own columns get its site later, and no other subject is like it
            if len(self.tags) >= _MOST_TAGS:
                self.tags.clear()
            self.tags[key] = tag
        return tag

    def close(self) -> None:
        """The file has ended, and with it the group that was open."""
        if self.held:
            self.send()
            self.held = False
        self.walk.sink.close()

    def send(self) -> None:
        """The items of the group that is open, or of a part of it, go to the sink."""
        if self.run is not None:
            self.walk.sink.run(tuple(self.path), self.run)
            self.run = None
            return
        self.drain()
        self.walk.sink.items(tuple(self.path), self.values, self.types)
        self.values = {}
        if self.types or self.extra:
            self.types.clear()
            self.extra.clear()

    def take(self, items: list[str], values: list[str]) -> None:
        """All items of the group that has just been opened."""
        if not self.held:
            return
        if items is not self.items:
            self.items = self.alike.get(tuple(items), items)
            if self.items is items and len(set(items)) < len(items):  # an item stands twice
                self.items = []
                for item, value in zip(items, values, strict=True):
                    self.plain.append(["ItemOID", item, "Value", value])
                return
            if len(self.alike) < _MOST_TAGS:
                self.alike[tuple(items)] = self.items
        self.run = (self.items, values)

    def drain(self) -> None:
        """Values of the items that were kept: all at once if they have a name and a value alone."""
        rows = self.plain
        if not rows:
            return
        flat = list(chain.from_iterable(rows))
        count = len(rows)
        if (
            not self.values
            and set(map(len, rows)) == {4}
            and flat[::4].count("ItemOID") == count
            and flat[2::4].count("Value") == count
        ):
            self.values = dict(zip(flat[1::4], flat[3::4], strict=True))
            if len(self.values) == count:
                rows.clear()
                return
            self.values = {}  # an item stands twice
        singly = list(rows)
        rows.clear()
        for attributes in singly:
            self.item("ItemData", attributes)

    def transaction(self, given: Mapping[str, str], own: str) -> str:
        """The transaction that an element states; "" where it states none, or where none counts."""
        stated = given.get("TransactionType", "")
        if not stated:
            return ""
        if stated not in TRANSACTIONS:
            allowed = ", ".join(TRANSACTIONS)
            raise self.stream.stop("SRC379", self.place(own), element=own, found=stated, allowed=allowed)
        if stated == "Remove" and not self.typed:
            raise self.stream.stop("SRC393", self.place(own), path=self.stream.name, element=own)
        return stated if self.typed else ""

    def place(self, own: str) -> Location:
        """Where an element stands; of an item, its group, because items are read when their group has ended."""
        group = self.path[GROUP]
        if own.startswith("ItemData") and group is not None:
            return Location(self.stream.name, group.line)
        return self.stream.place()

    # ---- items ------------------------------------------------------------------------------------------

    def item(self, own: str, attributes: list[str]) -> None:
        """An item that is not plain: null, typed, with a transaction or vendor attributes, or a second time."""
        given = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if "ItemOID" not in given:
            raise self.stream.stop("SRC389", self.place(own), element=own, attribute="ItemOID")
        oid = given["ItemOID"]
        stated = self.transaction(given, own)
        null = given.get("IsNull") == "Yes"
        if not null and (own != "ItemData" or "Value" not in given):
            self.text_of = (oid, own, stated, len(self.stream.opened))
            self.text = []
            self.stream.parser.CharacterDataHandler = self.text.append
            self.stream.parser.EndElementHandler = self.end
        self.put(oid, "" if null else given.get("Value", ""), stated)
        for name, value in given.items():
            if BETWEEN in name:
                self.add(f"{oid}@{local(name)}", value)

    def add(self, column: str, value: str) -> None:
        """Keep what stands beside an item: a vendor attribute, a unit."""
        self.extra.add(column)
        self.values[column] = value

    def put(self, oid: str, value: str, stated: str) -> None:
        """Keep the value of an item. A second value is a second transaction, or the one that counts."""
        if oid in self.values:
            if self.typed:
                self.send()
            else:
                seen = self.walk.seen
                seen.first_twice = seen.first_twice if seen.twice else self.place("ItemData")
                seen.twice += 1
                del self.values[oid]  # the units and vendor attributes that follow belong to the last item
        self.values[oid] = value
        if stated:
            self.types[oid] = stated

    def end(self, name: str) -> None:
        """An element ends while the text of a typed item is collected."""
        opened = self.stream.opened
        opened.remove(name)
        oid, own, _, depth = self.text_of
        if len(opened) >= depth:
            if len(opened) == depth:
                self.stream.parser.CharacterDataHandler = self.text.append
            return
        text = "".join(self.text)
        text = text if own in _VERBATIM else text.strip()
        self.values[oid] = text or self.values[oid]  # a typed item may carry its value as an attribute
        self.text_of = ("", "", "", 0)
        self.text = []
        self.stream.parser.CharacterDataHandler = None
        self.stream.plain()

    def unit(self, attributes: list[str]) -> None:
        """The unit of the item that was put last."""
        if self.held and self.values:
            given = dict(zip(attributes[::2], attributes[1::2], strict=True))
            item = next(oid for oid in reversed(self.values) if oid not in self.extra)
            self.add(f"{item}@MeasurementUnitOID", given.get("MeasurementUnitOID", ""))

    # ---- the rest ---------------------------------------------------------------------------------------

    def refer(self, own: str, attributes: list[str]) -> None:
        attribute, column = _REFERENCES[own]
        given = dict(zip(attributes[::2], attributes[1::2], strict=True))
        subject = self.path[SUBJECT]
        if subject is not None:
            subject.tag.columns[column] = given.get(attribute, "")

    def define(self, own: str, parent: str, attributes: list[str]) -> None:
        """Definitions give the groups of a form and the items of a group, in their order."""
        given = dict(zip(attributes[::2], attributes[1::2], strict=True))
        metadata = self.walk.metadata
        if own in ("FormDef", "ItemGroupDef"):
            self.definition = given.get("OID", "")
            (metadata.forms if own == "FormDef" else metadata.groups).setdefault(self.definition, [])
            return
        forms = own == "ItemGroupRef" and local(parent) == "FormDef"
        groups = own == "ItemRef" and local(parent) == "ItemGroupDef"
        if forms or groups:
            listed = (metadata.forms if forms else metadata.groups)[self.definition]
            oid = given.get("ItemGroupOID" if forms else "ItemOID", "")
            if oid and oid not in listed:
                listed.append(oid)

    def unread(self, name: str, parent: str) -> None:
        """Count a child of a wanted level or item that is not read: audit trail, annotations, a vendor's own."""
        own = parent.removeprefix(self.prefix)
        level = GROUP if own.startswith("ItemData") else _LEVEL_OF.get(own, -1)
        if level < 0 or (level == GROUP and not self.held) or (level == FORM and not self.form_wanted):
            return
        seen = self.walk.seen
        if not seen.unread:
            seen.first_unread = self.stream.place()
        seen.unread[name] = seen.unread.get(name, 0) + 1
