"""Define-XML checked: what the schema sees, and the many faults that it does not."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator

from lxml import etree

from sdtm_il2.define import check_codelists, check_datasets, check_items, check_references
from sdtm_il2.define.model import DEF, ODM
from sdtm_il2.define.parse import parse_define, read, schema_path
from sdtm_il2.define.tree import DefineTree, index, line
from sdtm_il2.errors import DefineError, Issue, Location, issue, merge_issues

Check = Callable[[DefineTree], Iterator[Issue]]

#: Every check of a well-formed file, in the order of the rooms they stand in.
CHECKS: tuple[Check, ...] = (
    *check_references.CHECKS, *check_datasets.CHECKS, *check_items.CHECKS, *check_codelists.CHECKS,
)  # fmt: skip

_DECLARATION = re.compile(rb"<\?xml[^?>]*\bencoding\s*=\s*[\"']UTF-8[\"'][^?>]*\?>", re.IGNORECASE)


@functools.cache
def _schema() -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.XMLSchema(etree.parse(str(schema_path()), parser))


def _prolog(content: bytes, file: str) -> Iterator[Issue]:
    """The file begins with its XML declaration in UTF-8, without a byte order mark."""
    if content.startswith(b"\xef\xbb\xbf"):
        yield issue("DEF706", at=Location(file, 1), found="a byte order mark", rule="OD0011")
    elif not _DECLARATION.match(content):
        yield issue(
            "DEF706", at=Location(file, 1), found="no XML declaration with encoding UTF-8", rule="OD0010"
        )


def _valid(tree: etree._ElementTree, file: str) -> Iterator[Issue]:
    schema = _schema()
    if schema.validate(tree):
        return
    for error in schema.error_log:  # type: ignore[attr-defined]  # the stubs lack the iterator
        message = error.message.replace(f"{{{ODM}}}", "").replace(f"{{{DEF}}}", "def:")
        yield issue("DEF708", at=Location(file, error.line), found=message.rstrip("."), rule="DD0001")


def check_define(source: str | os.PathLike[str] | bytes, file: str = "") -> tuple[Issue, ...]:
    """Check a Define-XML 2.1 for SDTM: XML, schema, references, and the conventions of submissions.

    ``source`` is a path or the bytes; ``file`` names the place in issues (default: the path). Returns all
    issues (DEF7xx), worst first; a hostile or broken file gives one issue. DefineError (DEF704) when the file
    cannot be read at all.

    >>> check_define(b"<ODM><Study></ODM>")[0].code
    'DEF702'
    """
    content, file = read(source, file)
    try:
        tree = parse_define(content, file)
    except DefineError as error:
        return error.issues
    found = list(_prolog(content, file))
    root = tree.getroot()
    if root.tag != f"{{{ODM}}}ODM" or DEF not in root.nsmap.values():
        allowed = f"ODM in {ODM} with {DEF}"
        found.append(
            issue(
                "DEF707", at=Location(file, line(root)), attribute="root element", allowed=allowed,
                found=str(root.tag), rule="DD0002",
            )
        )  # fmt: skip
        return merge_issues(found)
    found.extend(_valid(tree, file))
    indexed = index(tree, file)
    if indexed is not None:
        for check in CHECKS:
            found.extend(check(indexed))
    return merge_issues(found)
