"""XML as a stream of elements: expat without entities, document types or network, and with bounded depth."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from sdtm_il2.errors import Location, Problems, SourceError, issue
from sdtm_il2.sources.encoding import OFFERED, codec_of

#: What stands between namespace and name. It occurs in no address and in no name.
BETWEEN: Final = "}"
#: Elements within elements: ODM needs nine levels, vendors add a few.
MAX_DEPTH: Final = 100
_CHUNK: Final = 1 << 17
_DECLARATION: Final = re.compile(
    rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""", re.DOTALL
)
#: Encodings that expat reads by itself; all others are decoded before.
_NATIVE: Final = ("utf-8", "utf-16", "iso-8859-1", "us-ascii")
_CODECS: Final = re.compile(r"iso8859-\d+|cp\d+|koi8-[rut]|utf-16-[bl]e|mac-\w+")

Start = Callable[[str, list[str]], object]


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
        self._encoding, self._decoder = self._decoding()
        # what is decoded before goes on as UTF-8, whatever the file declares
        self.parser = expat.ParserCreate(None if self._decoder is None else "utf-8", BETWEEN)
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

    def read(self, start: Start, *, stop: Callable[[], bool] | None = None) -> None:
        """Send every start of an element, with its attributes as name, value, name, value, to a handler.

        Sets ``digest`` to the SHA-256 of the file; ``stop`` ends the reading early, without a digest.
        Raises `SourceError`: SRC304 SRC306 SRC307 SRC336 SRC383 SRC384 SRC385 SRC386.
        """
        parser = self.parser
        parser.StartElementHandler = start
        parser.StartDoctypeDeclHandler = self._refuse
        self.plain()
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                chunk = file.read(_CHUNK)
                if not chunk:
                    raise SourceError(issue("SRC304", self.target, self.at, path=self.name))
                while chunk:
                    digest.update(chunk)
                    parser.Parse(self._utf8(chunk))
                    self.check_depth()
                    if stop is not None and stop():
                        return
                    chunk = file.read(_CHUNK)
                parser.Parse(self._utf8(b"", final=True), True)  # noqa: FBT003 (has no name to give it by)
        except expat.ExpatError as fault:
            raise self._fault(fault) from None
        except OSError as fault:
            raise self._unreadable(fault) from fault
        finally:  # the parser and its handlers hold one another
            parser.StartElementHandler = parser.EndElementHandler = None
            parser.StartDoctypeDeclHandler = parser.CharacterDataHandler = None
        self.digest = digest.hexdigest()

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


def local(name: str) -> str:
    """A name without its namespace.

    >>> local("http://www.cdisc.org/ns/odm/v1.3}ItemData"), local("Value")
    ('ItemData', 'Value')
    """
    return name.rpartition(BETWEEN)[2]
