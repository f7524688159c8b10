"""Define-XML checked: what the schema sees, and the many faults that it does not."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree

from sdtm_il2.define import (
    check_codelists,
    check_datasets,
    check_items,
    check_languages,
    check_references,
    check_standard,
)
from sdtm_il2.define.check_data import against_data
from sdtm_il2.define.check_files import links_exist, pages_exist, stated_encoding
from sdtm_il2.define.model import DEF, ODM
from sdtm_il2.define.parse import parse_define, read, schema_path
from sdtm_il2.define.read import upgraded
from sdtm_il2.define.tree import DefineTree, index
from sdtm_il2.define.upgrade import is_version_2_0
from sdtm_il2.errors import DefineError, Issue, Location, issue, merge_issues

Check = Callable[[DefineTree], Iterator[Issue]]

#: Every check of a well-formed file, in the order of the rooms they stand in.
CHECKS: tuple[Check, ...] = (
    *check_references.CHECKS, *check_datasets.CHECKS, *check_items.CHECKS, *check_codelists.CHECKS,
    *check_languages.CHECKS,
    *check_standard.CHECKS,
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


def check_define(
    source: str | os.PathLike[str] | bytes,
    file: str = "",
    *,
    data: str | os.PathLike[str] | None = None,
    encoding: str = "",
) -> tuple[Issue, ...]:
    """Check a Define-XML for SDTM: XML, schema, references, conventions of submissions, and the data.

    ``source`` is a path or the bytes; ``file`` names the place in issues (default: the path). ``data`` is the
    folder of the XPORT files and of the documents; without it nothing but the file is looked at. XPORT files do
    not say their ``encoding``: it is taken from a manifest.json beside them, or is UTF-8. Returns all issues
    (DEF700 to DEF800), worst first; a hostile or broken file gives one issue. A 2.0 file is checked as 2.1 (DEF745), but
    for its schema. DefineError (DEF704) when the file cannot be read at all.

    >>> check_define(b"<ODM><Study></ODM>")[0].code
    'DEF702'
    """
    content, file = read(source, file)
    try:
        tree = parse_define(content, file)
    except DefineError as error:
        return error.issues
    found = list(_prolog(content, file))
    old = is_version_2_0(tree.getroot())
    try:
        found.extend(upgraded(tree, file))
    except DefineError as error:
        return merge_issues([*found, *error.issues])
    if not old:
        found.extend(_valid(tree, file))
    indexed = index(tree, file)
    if indexed is not None:
        for check in CHECKS:
            found.extend(check(indexed))
        if data is not None:
            found.extend(check_standard.dictionaries(indexed))
            found.extend(links_exist(indexed, Path(data)))
            found.extend(pages_exist(indexed, Path(data)))
            found.extend(against_data(indexed, Path(data), encoding or stated_encoding(Path(data))))
    return merge_issues(found)
