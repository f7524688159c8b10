"""XML as a stream of elements: expat without entities, document types or network, and with bounded depth."""

from __future__ import annotations

import codecs
import gc
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol
from xml.parsers import expat

from sdtm_il2.errors import Location, Problems, SourceError, issue
from sdtm_il2.sources.encoding import OFFERED, codec_of

#: What stands between namespace and name. It occurs in no address and in no name.
BETWEEN: Final = "}"
#: Elements within elements: ODM needs nine levels, vendors add a few.
MAX_DEPTH: Final = 100
_CHUNK: Final = 1 << 18
_GROUP: Final = b"ItemGroupData"
#: The start of a group, with the prefix of its name; a `>` in a value leaves the group to the parser.
_START: Final = re.compile(rb"<((?:[\w.-]+:)?)ItemGroupData(?=[ \t\r\n>])[^<>]*+(?<!/)>")
#: What stands between the end tag of a group, but for its `>`, and what a start tag of the next one says.
_NEXT: Final = re.compile(rb">[ \t\r\n]*+<((?:[\w.-]+:)?)ItemGroupData(?=[ \t\r\n>])[^<>]*+(?<!/)>")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_DECLARATION: Final = re.compile(
    rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""", re.DOTALL
)
#: Encodings that expat reads by itself; all others are decoded before.
_NATIVE: Final = ("utf-8", "utf-16", "iso-8859-1", "us-ascii")
_CODECS: Final = re.compile(r"iso8859-\d+|cp\d+|koi8-[rut]|utf-16-[bl]e|mac-\w+")

#: A group of more bytes goes through the parser.
_LONGEST: Final = 1 << 20
#: Numbers of items for which what stands between them is remembered.
_KINDS: Final = 1000
#: Start tags of groups that are remembered: few groups, times their repeats.
_MOST_STARTS: Final = 10_000

Start = Callable[[str, list[str]], object]


class Groups(Protocol):
    """What takes groups of plain items, which the parser does not see."""

    def take(self, items: list[str], values: list[str], /) -> object:
        """All items of the group that has just begun."""

    def next(self, key: tuple[str, ...], line: int, /) -> object:
        """The group that was open has ended, and on this line another begins beside it."""


class Cut:
    """Cuts a run of plain items into names and values, if it is one without doubt.

    A plain item is ``<ItemData ItemOID="name" Value="value"/>`` with any blanks between, or with an end of its
    own. Names and values hold neither ``<`` nor ``&`` nor characters that are not printable.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._prefix: bytes | None = None
        self._patterns: list[re.Pattern[str]] = []
        self._between: dict[int, list[str]] = {}
        self._items: list[str] = []

    def __call__(self, prefix: bytes, run: bytes) -> tuple[list[str], list[str]] | None:
        """Names and values of the items, None if the parser must judge the run. Names that are the same as
        before are the same list."""
        try:
            texts = run.decode(self._codec).split('"')
        except UnicodeDecodeError:
            return None
        if prefix != self._prefix:
            self._learn(prefix)
        between = texts[::2]
        if between != self._between.get(len(between)) and not self._check(between):
            return None
        items, values = texts[1::4], texts[3::4]
        if items != self._items:
            if not _is_plain(items):
                return None
            self._items = items
        return (self._items, values) if _is_plain(values) else None

    def _learn(self, prefix: bytes) -> None:
        """What may stand before, between and after the quotes, for elements of this prefix."""
        self._prefix = prefix
        self._between = {}
        name, blank = re.escape(prefix.decode("ascii", "replace")) + "ItemData", "[ \t\r\n]"
        begin = f"{blank}*<{name}{blank}+ItemOID{blank}*={blank}*"
        value = f"{blank}+Value{blank}*={blank}*"
        end = f"{blank}*(?:/>|>{blank}*</{name}{blank}*>)"
        self._patterns = [re.compile(one) for one in (begin, value, end + begin, f"{end}{blank}*")]

    def _check(self, between: list[str]) -> bool:
        """Whether this is what stands between the quotes of plain items; it is remembered by its length."""
        if len(between) < 3 or len(between) % 2 == 0:
            return False
        parts = (between[:1], between[1::2], between[2:-1:2], between[-1:])
        for pattern, texts in zip(self._patterns, parts, strict=True):
            if not all(map(pattern.fullmatch, set(texts))):
                return False
        if len(self._between) < _KINDS:
            self._between[len(between)] = between
        return True


def _is_plain(texts: list[str]) -> bool:
    held = "".join(texts)
    return held.isprintable() and "<" not in held and "&" not in held


class Stream:
    """One XML file on its way through expat.

    ``opened`` are the names of the elements that are open, outermost first; who handles starts appends to
    it. An end takes the first equal name out by ``list.remove``: a method in C, because a Python function
    called for each end would cost a third of the reading time. Equal names are one another's like, so what
    remains is right in number and kind, and in order wherever no element holds one of its own name.
    """

    def __init__(self, path: Path, name: str, target: str, at: Location) -> None:
        self.path = path
        self.name = name
        self.target = target
        self.at = at
        self.opened: list[str] = []
        self.digest = ""
        self.group_at = -1
        self.group_line = 0
        self.group_key: tuple[str, ...] = ()
        self._starts: dict[bytes, tuple[str, ...]] = {}
        self._fed = 0  # bytes that the parser has had
        self._encoding, self._decoder = self._decoding()
        # what is decoded before goes on as UTF-8, whatever the file declares
        self.parser = expat.ParserCreate(None if self._decoder is None else "utf-8", BETWEEN)
        utf8 = self._decoder is not None or self._encoding.lower() == "utf-8"
        self._cut = Cut("utf-8" if utf8 else "ascii")
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def place(self) -> Location:
        """The file and the line of the event that is handled."""
        return Location(self.name, self.parser.CurrentLineNumber)

    def stop(self, code: str, first: Location | None = None, **fields: Any) -> SourceError:
        """The error that ends the reading, at the line that is handled unless another is given."""
        problems = Problems()
        problems.add(code, self.target, self.at, first=first or self.place(), **fields)
        return SourceError(problems.found)

    def check_depth(self) -> None:
        """Raise SRC386 if more elements are open than any ODM file needs."""
        if len(self.opened) > MAX_DEPTH:
            raise self.stop("SRC386", most=MAX_DEPTH)

    def plain(self) -> None:
        """Handle ends by counting only."""
        self.parser.EndElementHandler = self.opened.remove

    def read(
        self, start: Start, *, stop: Callable[[], bool] | None = None, groups: Groups | None = None
    ) -> None:
        """Send every start of an element, with its attributes as name, value, name, value, to a handler.

        With `groups`, groups of nothing but plain items are taken at once (see `_feed`): ``group_at`` must then
        be set to the parser's byte index, ``group_line`` to its line, and ``group_key`` to the name and
        attributes, whenever a group starts. Sets ``digest`` to the SHA-256 of the file;
        ``stop`` ends the reading early, without a digest.

        Raises `SourceError`: SRC304 SRC306 SRC307 SRC336 SRC383 SRC384 SRC385 SRC386.
        """
        parser = self.parser
        parser.StartElementHandler = start
        parser.StartDoctypeDeclHandler = self._refuse
        # where a prefix means something else, a start tag does
        parser.StartNamespaceDeclHandler = parser.EndNamespaceDeclHandler = self._forget
        self.plain()
        digest = hashlib.sha256()
        collects = gc.isenabled()
        gc.disable()  # nothing here is left in a circle; looking for one takes a tenth of the time
        try:
            with self.path.open("rb") as file:
                chunk = file.read(_CHUNK)
                if not chunk:
                    raise SourceError(issue("SRC304", self.target, self.at, path=self.name))
                rest = b""
                while chunk:
                    digest.update(chunk)
                    rest = self._feed(rest + self._utf8(chunk), groups)
                    self.check_depth()
                    if stop is not None and stop():
                        return
                    chunk = file.read(_CHUNK)
                rest = self._feed(rest + self._utf8(b"", final=True), groups)
                parser.Parse(rest, True)  # noqa: FBT003 (has no name to give it by)
        except expat.ExpatError as fault:
            raise self._fault(fault) from None
        except OSError as fault:
            raise self._unreadable(fault) from fault
        finally:
            if collects:
                gc.enable()
            # the parser and its handlers hold one another
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.StartDoctypeDeclHandler = parser.CharacterDataHandler = None
            parser.StartNamespaceDeclHandler = parser.EndNamespaceDeclHandler = None
        self.digest = digest.hexdigest()

    def _feed(self, data: bytes, groups: Groups | None) -> bytes:
        """Parse the data but for runs of plain items, which are taken as text; gives back an end that may begin
        a run.

        Nine tenths of an ODM file are items with a name and a value alone. Where a group holds nothing else,
        the file is well-formed there as far as `Cut` can see without doubt, and the run of items is cut at
        its quotes, which takes a fraction of the time of an event an item. Blanks with the same line ends are
        parsed in its place, so that lines and columns stay right. Whether the group is one at all (and no
        comment, for instance) the parser has said just before. Groups beside it whose start tags the parser
        has read before, letter for letter, are taken in the same way.
        """
        parse = self.parser.Parse
        if groups is None:
            parse(data)
            return b""
        done = searched = 0
        blanks = b""
        rest = len(data)
        while (name := data.find(_GROUP, searched)) >= 0:
            start = data.rfind(b"<", searched, name)
            found = _START.match(data, start) if start >= 0 else None
            if found is None:
                searched = name + len(_GROUP)
                continue
            begin = found.end()
            closing = b"</" + found[1] + _GROUP
            end = data.find(closing, begin)
            if end < 0:
                rest = start
                break
            piece = blanks + data[done:begin]
            group_at = self._fed + len(piece) - (begin - start)
            self.group_at = -1
            parse(piece)
            self._fed += len(piece)
            blanks, done, searched = b"", begin, end + len(closing)
            cut = self._cut(found[1], data[begin:end]) if self.group_at == group_at else None
            if cut is not None:
                if len(self._starts) < _MOST_STARTS:
                    self._starts[found[0]] = self.group_key
                line = self.group_line + _line_ends(data[start:end])
                groups.take(*cut)
                end = self._next_groups(data, end, found[1], line, groups)
                blanks, done, searched = _blanks(data[begin:end]), end, end + len(closing)
        else:
            name = data.rfind(b"<", done)  # a start that is itself not whole yet
            rest = name if name >= done and data.find(b">", name) < 0 else rest
        if len(data) - rest > _LONGEST:
            rest = len(data)
        piece = blanks + data[done:rest]
        parse(piece)
        self._fed += len(piece)
        return data[rest:]

    def _next_groups(self, data: bytes, end: int, prefix: bytes, line: int, groups: Groups) -> int:
        """Take the groups that follow the one whose end tag stands at `end`, on `line`, as long as they are like
        others before; gives the place of the last end tag. To the parser all of them are one group of blanks.
        """
        starts, cut, following = self._starts, self._cut, _NEXT.match
        closing = b"</" + prefix + _GROUP
        width = len(closing)
        while (found := following(data, end + width)) is not None and found[1] == prefix:
            at, begin = found.start(1) - 1, found.end()
            key = starts.get(data[at:begin])
            after = data.find(closing, begin)
            if key is None or after < 0:
                break
            run = data[begin:after]
            items = cut(prefix, run)
            if items is None:
                break
            line += _line_ends(data[end:at])
            groups.next(key, line)
            groups.take(*items)
            line += _line_ends(data[at:after])
            end = after
        return end

    def _forget(self, *_: object) -> None:
        self._starts.clear()

    def _refuse(self, *_: object) -> None:
        raise self.stop("SRC385")

    def _decoding(self) -> tuple[str, codecs.IncrementalDecoder | None]:
        """The declared encoding, and its decoder where expat has none of its own."""
        try:
            with self.path.open("rb") as file:
                declared = _DECLARATION.match(file.read(1000))
        except OSError as fault:
            raise self._unreadable(fault) from fault
        encoding = declared[1].decode("ascii") if declared else "utf-8"
        if encoding.lower() in _NATIVE:
            return encoding, None
        codec = codec_of(encoding)
        try:
            known = codecs.lookup(codec or encoding).name
        except LookupError:
            known = ""
        if not codec and not _CODECS.fullmatch(known):
            problem = issue("SRC306", self.target, self.at, encoding=encoding, allowed=", ".join(OFFERED))
            raise SourceError(problem)
        return encoding, codecs.getincrementaldecoder(known)()

    def _unreadable(self, fault: OSError) -> SourceError:
        reason = fault.strerror or str(fault)
        return SourceError(issue("SRC336", self.target, self.at, path=self.name, reason=reason))

    def _utf8(self, chunk: bytes, *, final: bool = False) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, final).encode("utf-8")
        except UnicodeDecodeError as fault:
            good = fault.object[: fault.start].decode(fault.encoding, "replace")
            lines = good.count("\n")
            column = len(good) - good.rfind("\n")
            raise self.stop(
                "SRC307",
                Location(self.name, self.parser.CurrentLineNumber + lines),
                column=column,
                byte=f"{fault.object[fault.start]:02X}",
                encoding=self._encoding,
                help="export the file again in UTF-8, or correct the encoding in its first line",
            ) from None

    def _fault(self, fault: expat.ExpatError) -> SourceError:
        place = Location(self.name, fault.lineno)
        text = expat.ErrorString(fault.code) or str(fault)
        cut = {expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]}
        cut.add(expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN])
        cut.add(expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR])
        if fault.code in cut and self.opened:
            return self.stop("SRC384", place, element=local(self.opened[-1]))
        return self.stop("SRC383", place, column=fault.offset + 1, what=text)


def _line_ends(run: bytes) -> int:
    return len(_LINE_END.findall(run)) if b"\r" in run else run.count(b"\n")


def _blanks(run: bytes) -> bytes:
    """Blanks that take up the lines and columns of the run."""
    if b"\r" in run:
        run = _LINE_END.sub(b"\n", run)
    return b"\n" * run.count(b"\n") + b" " * (len(run) - run.rfind(b"\n") - 1)


def local(name: str) -> str:
    """A name without its namespace.

    >>> local("http://www.cdisc.org/ns/odm/v1.3}ItemData"), local("Value")
    ('ItemData', 'Value')
    """
    return name.rpartition(BETWEEN)[2]
