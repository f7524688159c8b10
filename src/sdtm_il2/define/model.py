"""Define-XML 2.1 as frozen values: one class an element, named as the standard names it.

An attribute that is left out of the file is "" or None here. References are OIDs, as in the file: nothing is
resolved, so that a faulty foreign file can be held as it is; `check_define` says what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Namespaces of Define-XML 2.1.
ODM = "http://www.cdisc.org/ns/odm/v1.3"
DEF = "http://www.cdisc.org/ns/def/v2.1"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

DataType = Literal[
    "text", "integer", "float", "date", "time", "datetime", "partialDate", "partialTime", "partialDatetime",
    "incompleteDatetime", "durationDatetime",
]  # fmt: skip
OriginType = Literal["Collected", "Derived", "Assigned", "Protocol", "Predecessor", "Not Available", "Other"]
OriginSource = Literal["", "Subject", "Investigator", "Vendor", "Sponsor"]
WhereComparator = Literal["EQ", "NE", "LT", "LE", "GT", "GE", "IN", "NOTIN"]


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """A text in one language (``xml:lang``)."""

    text: str
    lang: str = "en"


#: ``xml:lang`` of Chinese texts.
CHINESE = "zh-CN"

#: The content of Description, Decode: one text a language, at most one for each.
Description = tuple[TranslatedText, ...]


def described(text: str, lang: str = "en") -> Description:
    """A Description in one language; no text gives no Description.

    >>> described("Adverse Events")
    (TranslatedText(text='Adverse Events', lang='en'),)
    >>> described("")
    ()
    """
    return (TranslatedText(text, lang),) if text else ()


def bilingual(text: str, chinese: str) -> Description:
    """A Description in English and, where there is a text, in Chinese; English stands first.

    >>> [(one.lang, one.text) for one in bilingual("Adverse Events", "不良事件")]
    [('en', 'Adverse Events'), ('zh-CN', '不良事件')]
    >>> bilingual("Adverse Events", "") == described("Adverse Events")
    True
    """
    return described(text) + described(chinese, CHINESE)


def in_language(description: Description, lang: str) -> str:
    """The text in a language (``zh`` is any of ``zh-CN``, ``zh-Hans``); "" where there is none.

    >>> in_language(bilingual("Adverse Events", "不良事件"), "zh")
    '不良事件'
    """
    return next((one.text for one in description if one.lang.casefold().split("-")[0] == lang.casefold()), "")


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of an element: ``nci:ExtCodeID`` with an NCI code, ``DomainDescription`` with a label."""

    context: str
    name: str


@dataclass(frozen=True, slots=True)
class PDFPageRef:
    """Pages of a document: ``refs`` (page numbers or destinations) or the range ``first`` to ``last``."""

    refs: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None
    type: Literal["PhysicalRef", "NamedDestination"] = "PhysicalRef"
    title: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document (``leaf_id``) and the pages meant; no pages: the whole document."""

    leaf_id: str
    pages: tuple[PDFPageRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file beside define.xml: ``href`` is relative to it, ``id`` an XML name."""

    id: str
    href: str
    title: str


@dataclass(frozen=True, slots=True)
class DeclaredStandard:
    """def:Standard: an implementation guide (IG) or a release of controlled terminology (CT)."""

    oid: str
    name: str
    type: Literal["IG", "CT"]
    version: str
    publishing_set: str = ""
    status: str = "Final"
    comment_oid: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """def:Origin: where the values come from, and who recorded them."""

    type: OriginType
    source: OriginSource = ""
    description: Description = ()
    documents: tuple[DocumentRef, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRef:
    """A variable within its dataset, or a value level within its list (then with where clauses)."""

    item_oid: str
    order: int | None = None
    mandatory: bool = False
    key_sequence: int | None = None
    method_oid: str = ""
    role: str = ""
    role_codelist_oid: str = ""
    is_non_standard: bool = False
    has_no_data: bool = False
    where_clause_oids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueListDef:
    """The value levels of one variable."""

    oid: str
    items: tuple[ItemRef, ...]
    description: Description = ()


@dataclass(frozen=True, slots=True)
class RangeCheck:
    """One condition of a where clause; ``values`` has one text but for IN and NOTIN."""

    item_oid: str
    comparator: WhereComparator
    values: tuple[str, ...]
    soft_hard: Literal["Soft", "Hard"] = "Soft"


@dataclass(frozen=True, slots=True)
class WhereClauseDef:
    """The records that a value level describes: all conditions hold."""

    oid: str
    checks: tuple[RangeCheck, ...]
    comment_oid: str = ""


@dataclass(frozen=True, slots=True)
class ItemGroupDef:
    """A dataset."""

    oid: str
    name: str
    domain: str
    description: Description
    structure: str
    items: tuple[ItemRef, ...]
    class_: str
    repeating: bool
    is_reference_data: bool = False
    sas_dataset_name: str = ""
    purpose: str = "Tabulation"
    standard_oid: str = ""
    is_non_standard: bool = False
    has_no_data: bool = False
    comment_oid: str = ""
    archive_location_id: str = ""
    leaf: Leaf | None = None
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemDef:
    """A variable, or a value level of one."""

    oid: str
    name: str
    data_type: DataType
    length: int | None = None
    significant_digits: int | None = None
    sas_field_name: str = ""
    display_format: str = ""
    comment_oid: str = ""
    description: Description = ()
    codelist_oid: str = ""
    aliases: tuple[Alias, ...] = ()
    origins: tuple[Origin, ...] = ()
    value_list_oid: str = ""


@dataclass(frozen=True, slots=True)
class CodeListTerm:
    """A term: CodeListItem if it has a decode, else EnumeratedItem."""

    value: str
    decode: Description = ()
    aliases: tuple[Alias, ...] = ()
    extended: bool = False
    rank: str = ""
    order: int | None = None
    description: Description = ()


@dataclass(frozen=True, slots=True)
class ExternalCodeList:
    """A dictionary outside this file: MedDRA, WHODD."""

    dictionary: str
    version: str
    href: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """Terms that a variable may hold, or the dictionary that they stand in."""

    oid: str
    name: str
    data_type: Literal["text", "integer", "float"] = "text"
    terms: tuple[CodeListTerm, ...] = ()
    external: ExternalCodeList | None = None
    aliases: tuple[Alias, ...] = ()
    standard_oid: str = ""
    is_non_standard: bool = False
    comment_oid: str = ""
    sas_format_name: str = ""
    description: Description = ()


@dataclass(frozen=True, slots=True)
class FormalExpression:
    """The program text of a method in the language ``context``; it is shown, never run."""

    context: str
    text: str


@dataclass(frozen=True, slots=True)
class MethodDef:
    """How a variable is derived, in words."""

    oid: str
    name: str
    description: Description
    type: Literal["Computation", "Imputation"] = "Computation"
    expressions: tuple[FormalExpression, ...] = ()
    aliases: tuple[Alias, ...] = ()
    documents: tuple[DocumentRef, ...] = ()


@dataclass(frozen=True, slots=True)
class CommentDef:
    """A remark for the reviewer."""

    oid: str
    description: Description
    documents: tuple[DocumentRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Define:
    """A whole Define-XML 2.1 file: one study, one metadata version.

    ``creation_datetime`` is ISO 8601 text given by the caller: writing reads no clock, so equal metadata give
    equal bytes. ``leaves`` are documents; the leaf of a dataset stands with its ItemGroupDef.
    """

    file_oid: str
    creation_datetime: str
    study_oid: str
    study_name: str
    study_description: str
    protocol_name: str
    mdv_oid: str
    mdv_name: str
    mdv_description: str = ""
    define_version: str = "2.1.9"
    context: Literal["Submission", "Other"] = "Submission"
    originator: str = ""
    source_system: str = ""
    source_system_version: str = ""
    comment_oid: str = ""
    standards: tuple[DeclaredStandard, ...] = ()
    annotated_crf: tuple[DocumentRef, ...] = ()
    documents: tuple[DocumentRef, ...] = ()
    value_lists: tuple[ValueListDef, ...] = ()
    where_clauses: tuple[WhereClauseDef, ...] = ()
    item_groups: tuple[ItemGroupDef, ...] = ()
    items: tuple[ItemDef, ...] = ()
    codelists: tuple[CodeList, ...] = ()
    methods: tuple[MethodDef, ...] = ()
    comments: tuple[CommentDef, ...] = ()
    leaves: tuple[Leaf, ...] = ()
