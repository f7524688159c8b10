"""Checks of identity: OIDs are unique, every reference resolves, nothing is defined in vain."""

from __future__ import annotations

from collections.abc import Iterator

from sdtm_il2.define.tree import KINDS, DefineTree, clark, get, line, shown
from sdtm_il2.errors import Issue

#: element, attribute, kind referred to, public rule when it does not resolve
_REFERENCES = (
    ("ItemRef", "ItemOID", "ItemDef", "OD0046"),
    ("ItemRef", "MethodOID", "MethodDef", "DD0016"),
    ("ItemRef", "RoleCodeListOID", "CodeList", "OD0048"),
    ("def:WhereClauseRef", "WhereClauseOID", "def:WhereClauseDef", "DD0017"),
    ("def:ValueListRef", "ValueListOID", "def:ValueListDef", "DD0015"),
    ("CodeListRef", "CodeListOID", "CodeList", "OD0048"),
    ("RangeCheck", "def:ItemOID", "ItemDef", "OD0046"),
    ("def:DocumentRef", "leafID", "def:leaf", "DD0071"),
    ("ItemGroupDef", "def:ArchiveLocationID", "def:leaf", "DD0018"),
    ("ItemGroupDef", "def:StandardOID", "def:Standard", "DD0122"),
    ("CodeList", "def:StandardOID", "def:Standard", "DD0125"),
    ("ItemGroupDef", "def:CommentOID", "def:CommentDef", "DD0071"),
    ("ItemDef", "def:CommentOID", "def:CommentDef", "DD0071"),
    ("CodeList", "def:CommentOID", "def:CommentDef", "DD0071"),
    ("def:WhereClauseDef", "def:CommentOID", "def:CommentDef", "DD0071"),
    ("def:Standard", "def:CommentOID", "def:CommentDef", "DD0071"),
    ("MetaDataVersion", "def:CommentOID", "def:CommentDef", "DD0071"),
)  # fmt: skip

#: kinds that must be referred to, and the public rule when they are not
_REFERRED = {
    "ItemDef": "DD0067", "CodeList": "DD0078", "MethodDef": "DD0079", "def:CommentDef": "DD0080",
    "def:ValueListDef": "DD0081", "def:WhereClauseDef": "DD0082", "def:leaf": "DD0082",
    "def:Standard": "DD0139",
}  # fmt: skip


def unique_oids(tree: DefineTree) -> Iterator[Issue]:
    """An OID names one element of the file."""
    seen: dict[str, int] = {}
    for element in tree.root.iter():
        if not isinstance(element.tag, str):
            continue
        kind = shown(element.tag)
        if kind not in KINDS and kind not in {"Study", "MetaDataVersion"}:
            continue
        oid = get(element, KINDS.get(kind, "OID"))
        if not oid:
            continue
        # leaf IDs are XML names, in a space of their own
        key = f"#{oid}" if kind == "def:leaf" else oid
        if key in seen:
            yield tree.issue("DEF709", element, "DD0030", oid=oid, element=kind, line=seen[key])
        else:
            seen[key] = line(element)


def references_resolve(tree: DefineTree) -> Iterator[Issue]:
    """Every OID that is referred to is defined in the file. The XML Schema does not look at this."""
    for name, attribute, kind, rule in _REFERENCES:
        for element in tree.root.iter(clark(name)):
            oid = get(element, attribute)
            if oid and oid not in tree.by_oid[kind]:
                yield tree.issue(
                    "DEF710", element, rule, element=name, attribute=attribute, oid=oid, kind=kind
                )


def nothing_unreferenced(tree: DefineTree) -> Iterator[Issue]:
    """Every definition is used; what is left over misleads the reviewer."""
    used: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for name, attribute, kind, _ in _REFERENCES:
        used[kind].update(get(element, attribute) for element in tree.root.iter(clark(name)))
    for kind, rule in _REFERRED.items():
        for oid, element in tree.by_oid[kind].items():
            # the leaf of a dataset is reached through its dataset
            if oid not in used[kind] and not (kind == "def:leaf" and element.getparent() is not tree.version):
                yield tree.issue("DEF711", element, rule, element=kind, oid=oid)


CHECKS = (unique_oids, references_resolve, nothing_unreferenced)
