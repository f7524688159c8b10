"""Strict YAML: every scalar stays the text that was written, and every value knows its line.

Plain YAML loaders turn NO into False, 0123 into 83 and 12:30 into 750, and keep the last of two equal
keys. Here the parser's events become a small tree of nodes instead, and what a specification never needs
(anchors, aliases, tags, several documents) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sdtm_il2.errors import Location, Problems
from sdtm_il2.where.fullwidth import wide_sign, wrapped

#: A specification file is written by hand; more bytes than this are a mistake or an attack.
MAX_BYTES = 1_048_576
#: The language itself needs ten levels.
MAX_DEPTH = 40
#: Problems reported for one file before its reading stops.
MAX_PROBLEMS = 100

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class TextNode:
    """A scalar. ``empty``: nothing (or a bare ``null``) is written; ``plain``: without quotes."""

    text: str
    line: int
    plain: bool = True

    @property
    def empty(self) -> bool:
        """Whether YAML reads nothing here; ``""`` in quotes is a text."""
        return self.plain and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping with the line of every key."""

    items: Mapping[str, Node]
    lines: Mapping[str, int]
    line: int


Node = TextNode | ListNode | MapNode


class _StopReadingError(Exception):
    """The rest of the file cannot be read; what is wrong has been recorded."""


def decode_text(content: bytes, file: str, problems: Problems) -> str | None:
    """The text of a UTF-8 file, with or without BOM; None after SPEC105, which names the line.

    >>> decode_text(b"\\xef\\xbb\\xbfdomain: AE", "ae.yaml", Problems())
    'domain: AE'
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add("SPEC105", at=Location(file, line), guess=_guess_encoding(content))
        return None


def _guess_encoding(content: bytes) -> str:
    if content.startswith(_UTF16):
        return "UTF-16"
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return "no encoding that is known here"
    return "GB18030"


def read_yaml(content: bytes, file: str, problems: Problems) -> Node | None:
    """The node tree of one YAML document; None if it cannot be read, and the problems say why.

    Problems: SPEC101 (full-width colon), SPEC116 (other full-width punctuation), SPEC102 (a list in a clause),
    SPEC103 (quotes needed), SPEC104 (other YAML mistakes), SPEC105 (not UTF-8), SPEC106 (a key twice), SPEC108
    (anchors, aliases, tags, merge keys, directives), SPEC109 (too large, too deep), SPEC186 (several documents).

    >>> read_yaml(b"flag: NO", "study.yaml", Problems()).items["flag"].text
    'NO'
    """
    if len(content) > MAX_BYTES:
        problems.add(
            "SPEC109", at=Location(file, 1), what=f"{len(content)} bytes", limit=f"{MAX_BYTES} bytes"
        )
        return None
    text = decode_text(content, file, problems)
    if text is None:
        return None
    before = len(problems.found)
    try:
        node = _Tree(text, file, problems).document()
    except _StopReadingError:
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.add(
            "SPEC104",
            at=Location(file, line),
            what=f"the character U+{ord(text[error.position]):04X} is not text",
        )
        return None
    except yaml.MarkedYAMLError as error:
        _explain(error, text, file, problems)
        return None
    return node if len(problems.found) == before else None


#: A colon before a bracket or quote: ``AETERM：{assign: x}`` holds a key `AETERM：{assign`.
_BRACKET = re.compile(r"""([:：])\s*[\[{"']""")


def _false_colon(key: str, value: Node) -> str:
    """The colon inside a key that was meant to end it: one before a bracket, or any without a value."""
    if found := _BRACKET.search(key):
        return found[1]
    if isinstance(value, TextNode) and value.empty and (found := re.search("[:：]", key)):
        return found[0]
    return ""


def _line(event: yaml.Event) -> int:
    """The line, counted from 1, on which an event starts."""
    return event.start_mark.line + 1 if event.start_mark else 1


class _Tree:
    """Builds nodes from parser events: depth is bounded before any recursion, and aliases never expand."""

    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._file = file
        self._problems = problems
        self._limit = len(problems.found) + MAX_PROBLEMS

    def _add(self, code: str, line: int, **fields: Any) -> None:
        self._problems.add(code, at=Location(self._file, line), **fields)
        if len(self._problems.found) >= self._limit:
            self._problems.add("SPEC168", at=Location(self._file), limit=MAX_PROBLEMS)
            raise _StopReadingError

    def document(self) -> Node:
        """The only document of the stream; a file without one is an empty text."""
        node: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                line = _line(event)
                if node is not None:
                    self._add("SPEC186", line)
                    raise _StopReadingError
                if event.version or event.tags:
                    self._add("SPEC108", line, what="a directive (%)")
                node = self._node(next(self._events), 1)
        return node or TextNode("", 1)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            self._add("SPEC109", line, what=f"more than {MAX_DEPTH} levels", limit=f"{MAX_DEPTH} levels")
            raise _StopReadingError
        if isinstance(event, yaml.AliasEvent):
            self._add("SPEC108", line, what=f"the alias *{event.anchor}")
            return TextNode("", line)
        if not isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
            raise AssertionError(f"the parser gave {event} where a node begins")
        if event.anchor is not None:
            self._add("SPEC108", line, what=f"the anchor &{event.anchor}")
        if event.tag is not None:
            self._add("SPEC108", line, what=f"the tag {event.tag.replace('tag:yaml.org,2002:', '!!')}")
        if isinstance(event, yaml.ScalarEvent):
            if event.style is None and (wide := wrapped(event.value)):
                self._add("SPEC116", line, **wide)
            return TextNode(event.value, line, event.style is None)
        if isinstance(event, yaml.SequenceStartEvent):
            return ListNode(tuple(self._items(depth)), line)
        return self._mapping(line, depth)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, start: int, depth: int) -> MapNode:
        items: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, TextNode):
                self._add("SPEC104", line, what="a list or a mapping cannot be a key")
            elif key.plain and (colon := _false_colon(key.text, value)) == "：":
                self._add("SPEC101", line, word=key.text.partition("：")[0])
            elif key.plain and colon:
                word = key.text.partition(":")[0]
                self._add("SPEC104", line, what=f"a space must follow the colon after '{word}'")
            elif key.plain and key.text == "<<":
                self._add("SPEC108", line, what="the merge key <<")
            elif key.text in items:
                self._add("SPEC106", line, key=key.text, other=lines[key.text])
            else:
                items[key.text] = value
                lines[key.text] = line
        return MapNode(items, lines, start)


#: A key at the start of a line (or after "- ") that a full-width colon ends before any YAML colon.
_WIDE_KEY = re.compile(r"""\s*(?:- +)*([^\s#'"{\[：][^：]*?)\s*：""")
#: A full-width comma or bracket where the half-width one would begin a key or a list.
_WIDE_COMMA = re.compile(r"""，(?=\s{0,9}[^\s"'，:]{1,99}:\s)""")
_WIDE_OPEN = re.compile(r"(?<=[:\[{,-])\s{0,9}[｛［]")
_CLAUSE_LIST = re.compile(r"\b(IN|NOTIN)\s*\[")
_QUOTES = (
    "while scanning a block scalar",
    "while scanning an alias",
    "while scanning an anchor",
    "while scanning a tag",
    "while parsing a tag",
    "while scanning a directive",
)


def _explain(error: yaml.MarkedYAMLError, text: str, file: str, problems: Problems) -> None:
    """Turn what PyYAML's scanner and parser say into the edit that the author has to make."""
    lines = text.splitlines()
    problem = error.problem or ""
    context = error.context or ""
    mark = error.problem_mark or error.context_mark
    begin = error.context_mark or mark
    last = min(mark.line, len(lines) - 1) if mark else 0
    first = min(begin.line, last) if begin else 0
    line = lines[last] if lines else ""
    at, opened = Location(file, last + 1), Location(file, first + 1)

    # A full-width colon is seen late: at the key itself, or only when the next line has a real colon.
    for number in range(last, max(min(first, last - 1), 0) - 1, -1):
        wide = _WIDE_KEY.match(lines[number])
        if wide and ": " not in wide[0]:
            problems.add("SPEC101", at=Location(file, number + 1), word=wide[1])
            return
    if found := _WIDE_OPEN.search(line) or _WIDE_COMMA.search(line):
        sign = found.end() - 1
        before = re.split(r"[:,{\[]", line[:sign])[-1] if line[sign] == "，" else ""
        after = re.split(r"[:,]", line[sign + 1 :], maxsplit=1)[0]
        fields = wide_sign(f"{before}{line[sign]}{after}", line[sign])
        problems.add("SPEC116", at=at, **(fields or {}))
        return
    bracket = "[" if "sequence" in context else "{"
    two_colons = "not allowed here" in problem and re.search(
        r"\S: |- .*\S", line[: mark.column if mark else 0]
    )
    closed = re.search(r"""["'}\]]\s*$""", line[: mark.column if mark else 0])
    after_value = (closed and "found '<scalar>'" in problem) or (
        first == last and re.search("got '(:|<scalar>)'", problem)
    )
    if mark and line[mark.column : mark.column + 1] == "\t":
        problems.add("SPEC104", at=at, what="a tab stands where YAML wants spaces")
    elif _CLAUSE_LIST.search(line) and "expected" in problem:
        problems.add("SPEC102", at=at)
    elif "quoted scalar" in context and "end of stream" in problem:
        problems.add("SPEC104", at=opened, what="the quote that opens here is never closed")
    elif context.startswith(_QUOTES):
        problems.add("SPEC103", at=opened)
    elif "cannot start any token" in problem or two_colons or after_value:
        problems.add("SPEC103", at=at)
    elif "flow" in context and " #" in lines[first]:
        problems.add("SPEC103", at=opened)
    elif "flow" in context:
        problems.add("SPEC104", at=opened, what=f"the bracket {bracket} that opens here is not closed")
    elif "could not find expected ':'" in problem:
        problems.add("SPEC104", at=opened, what="this line has no key; a colon and a space must follow a key")
    else:
        problems.add("SPEC104", at=at, what="the indentation does not fit the lines above")
