"""Define-XML files read safely, and where the schema and the stylesheet of the standard are.

A define.xml comes from anywhere: nothing it names is opened, and no entity it declares is expanded.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from pathlib import Path
from xml.parsers import expat  # only up to the root element, and nothing is expanded

from lxml import etree

from sdtm_il2.errors import DefineError, Location, issue


@functools.cache
def _package() -> Path:
    """The installed folder of `defineutils`: it holds the schema and the stylesheet (its code is not run)."""
    spec = importlib.util.find_spec("defineutils")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "defineutils is not installed; it holds the Define-XML schema and stylesheet"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def schema_path() -> Path:
    """The XML Schema of Define-XML 2.1; its imports stand beside it."""
    return _package() / "validate" / "schema" / "cdisc-define-2.1" / "define2-1-0.xsd"


def stylesheet_path() -> Path:
    """The stylesheet ``define2-1.xsl`` that the package output puts beside define.xml.

    >>> stylesheet_path().name
    'define2-1.xsl'
    """
    return _package() / "definehtml" / "define2-1.xsl"


class _PrologueRead(Exception):  # noqa: N818 - a signal, not an error
    """The root element has begun."""


class _Doctype(Exception):  # noqa: N818 - a signal, not an error
    """A document type declaration was met."""


def _prologue(content: bytes, file: str) -> None:
    """Refuse a document type declaration before anything in it can be expanded or fetched."""

    def root(*_: object) -> None:
        raise _PrologueRead

    def doctype(*_: object) -> None:
        raise _Doctype

    parser = expat.ParserCreate()
    parser.StartElementHandler = root
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's signature
    except _PrologueRead:
        return
    except _Doctype:
        raise DefineError(issue("DEF703", at=Location(file, parser.CurrentLineNumber))) from None
    except (expat.ExpatError, LookupError) as error:
        place = Location(file, parser.CurrentLineNumber)
        raise DefineError(issue("DEF702", at=place, found=str(error))) from None


def read(source: str | os.PathLike[str] | bytes, file: str = "") -> tuple[bytes, str]:
    """The bytes of a file, or those given, and the name that issues call the file by. DefineError: DEF704."""
    if isinstance(source, bytes):
        return source, file or "define.xml"
    path = Path(source)
    file = file or path.as_posix()
    try:
        return path.read_bytes(), file
    except OSError as error:
        raise DefineError(issue("DEF704", at=Location(file), reason=error.strerror or str(error))) from None


def parse_define(source: str | os.PathLike[str] | bytes, file: str = "") -> etree._ElementTree:
    """The XML tree of a file or of its bytes. No entity is expanded, no other file or address is opened.

    ``file`` names the place in issues (default: the path). DefineError: DEF704 not readable, DEF702 not
    well-formed, DEF703 a document type declaration (a Define-XML has none; hostile XML does).

    >>> parse_define(b"<ODM/>").getroot().tag
    'ODM'
    """
    content, file = read(source, file)
    _prologue(content, file)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, _ = error.position
        raise DefineError(issue("DEF702", at=Location(file, line), found=error.msg)) from None
    return root.getroottree()
