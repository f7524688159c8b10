"""load_spec: study.yaml, the domain files and tables it names, as one frozen specification."""

from __future__ import annotations

import codecs
from pathlib import Path

from sdtm_il2.agency import AGENCIES
from sdtm_il2.dateformat import expected_format
from sdtm_il2.errors import Location, Severity, SpecError, issue
from sdtm_il2.spec.define import FILE as DEFINE
from sdtm_il2.spec.define import read_comments, read_define, read_documents, read_value_levels
from sdtm_il2.spec.domains import check_copies, read_domains
from sdtm_il2.spec.doubt import Readable, without_doubt
from sdtm_il2.spec.folder import StudyFolder, path_fault
from sdtm_il2.spec.labels import read_decodes, read_labels
from sdtm_il2.spec.nodes import (
    Place,
    check_source,
    child,
    clause,
    items,
    line_of,
    mapping,
    origin,
    template,
    terms,
    text,
    texts,
    words,
)
from sdtm_il2.spec.read import MapNode, Node, TextNode
from sdtm_il2.spec.relationships import read_relationships
from sdtm_il2.spec.schema import nearest
from sdtm_il2.spec.study import (
    CodelistSpec,
    DateRule,
    Discard,
    KeepRule,
    SourceSpec,
    StandardSpec,
    StudySpec,
    SubjectRule,
)
from sdtm_il2.spec.translations import read_translations
from sdtm_il2.spec.variables import variables
from sdtm_il2.spec.visits import read_visit, read_visits

#: USUBJID where study.yaml says nothing.
USUBJID = "{study}-{subject}"
_START = "name study.yaml or its folder; sdtm-il2 init drafts one from raw files"


def load_spec(path: Path | str) -> StudySpec:
    """A study's specification tells how its raw data become SDTM; it is read whole, or not at all.

    `path` is study.yaml or its folder. Nothing outside that folder is opened, and nothing is resolved
    against the standard or the raw data yet. Raises SpecError with every problem of every file (SPEC1xx),
    each with file (relative to the study folder) and line.

    >>> load_spec("no/such/study")
    Traceback (most recent call last):
    sdtm_il2.errors.SpecError: SPEC100: there is no file study.yaml
      hint: name study.yaml or its folder; sdtm-il2 init drafts one from raw files
    """
    found = load_readable(path)
    if found.issues:
        raise SpecError(found.issues)
    if found.spec is None:
        raise AssertionError("a specification that cannot be read has no recorded problem")
    return found.spec


def load_readable(path: Path | str) -> Readable:
    """A specification as far as it can be read, with every mistake in it (SPEC1xx); see `Readable`.

    >>> load_readable("no/such/study").issues[0].code
    'SPEC100'
    """
    start = Path(path)
    file = "study.yaml" if start.is_dir() or start.name == "study" else start.name
    folder = StudyFolder(start if start.is_dir() or start.name == "study" else start.parent)
    problems = folder.problems
    if not (folder.folder / file).is_file():
        problems.add(
            "SPEC100", path=file, near=_START if file == "study.yaml" else "name study.yaml or its folder"
        )
        return Readable(None, tuple(problems.found))
    found = folder.read_mapping(file, file, Location(file), "study")
    if found is None:
        return Readable(None, tuple(problems.found))
    _, node = found
    if "domain" in node.items and "study" not in node.items:
        one = issue("SPEC183", at=Location(file, line_of(node, "domain")), path=file)
        return Readable(None, (one,))
    spec = _study(node, file, folder)
    if any(one.severity is Severity.ERROR for one in problems.found):
        return without_doubt(spec, node.lines.values(), problems.found, folder.doubtful)
    return Readable(spec)


def _study(node: MapNode, file: str, folder: StudyFolder) -> StudySpec:
    place = Place(file, folder.problems)
    source_nodes = child(node, "sources")
    place = Place(file, folder.problems, sources=tuple(source_nodes.items))
    standard = child(node, "standard")
    usubjid = text(node, "usubjid") or USUBJID
    template(usubjid, line_of(node, "usubjid"), place, ("study", "subject"))
    if "{subject}" not in usubjid:
        place.add("SPEC198", line_of(node, "usubjid"), value=usubjid, fault="{subject} is missing")
    define = read_define(folder)
    defined = Place(DEFINE, folder.problems)
    labels, decodes = read_labels(define, DEFINE, folder), read_decodes(define, DEFINE, folder)
    agency, encoding = _agency(node, place)
    visits = read_visits(node.items.get("visits"), place, folder)
    domains, tables = read_domains(node, place, folder, visits)
    check_copies(domains, place)
    codes = (*(one.domain for one in domains), *(one.domain for one in tables))
    relationships = read_relationships(node.items.get("relationships"), place, codes, folder)
    return StudySpec(
        folder=folder.folder,
        file=file,
        study=text(node, "study"),
        standard=StandardSpec(
            text(standard, "ig"),
            text(standard, "ct"),
            {
                name: text(child(standard, "dictionaries"), name)
                for name in child(standard, "dictionaries").items
            },
            place.at(standard.line),
        ),
        usubjid=usubjid,
        sources=tuple(_source(name, source_nodes, node, place) for name in source_nodes.items),
        codelists=tuple(
            _codelist(name, child(node, "codelists"), place) for name in child(node, "codelists").items
        ),
        domains=domains,
        derive=variables(node.items.get("derive"), "", place, pattern=True),
        agency=agency,
        agency_encoding=encoding,
        translations=read_translations(node.items.get("translations"), place, folder),
        name=text(define, "name"),
        description=text(define, "description"),
        protocol=text(define, "protocol"),
        documents=read_documents(define, defined, folder),
        comments=read_comments(define, defined),
        value_levels=read_value_levels(define, defined),
        files=tuple(sorted(folder.files)),
        at=place.at(node.line),
        visits=visits,
        relationships=relationships,
        tables=tables,
        labels=labels,
        decodes=decodes,
    )


def _agency(node: MapNode, place: Place) -> tuple[str, str]:
    """`agency:` as its name and the encoding that is stated; SPEC184 where the agency does not take it."""
    stated = child(node, "agency")
    name, encoding = text(stated, "name") or text(node, "agency"), text(stated, "encoding")
    if name not in AGENCIES:
        return "", ""  # the schema has said so
    allowed = AGENCIES[name].encodings
    if encoding and encoding not in allowed:
        place.add(
            "SPEC184", line_of(stated, "encoding"), key="encoding", value=encoding,
            allowed=" | ".join(allowed), near=nearest(encoding, allowed),
        )  # fmt: skip
    return name, encoding


def _missing(node: Node | None) -> tuple[str, ...]:
    """`missing:` as texts; here ``""`` is a text."""
    return tuple(item.text for item in items(node) if isinstance(item, TextNode))


def _dates(node: MapNode, study: MapNode, place: Place) -> DateRule:
    """The rule of a source; what it does not state is the study's."""
    both = (node, study)
    formats, unknown = (
        next(filter(None, (words(one, key) for one in both)), ()) for key in ("format", "unknown")
    )
    pivot = text(node, "pivot") or text(study, "pivot")
    if wrong := expected_format(formats, pivot):
        stated = node if words(node, "format") else study
        line = line_of(stated, "format")
        told = [one.at for one in place.problems.found if one.code == "SPEC185"]
        if stated is node or place.at(line) not in told:  # the study's format is that of many sources
            place.add("SPEC185", line, key="format", value=f"'{wrong[0]}'", form=wrong[1])
    return DateRule(formats, unknown, pivot, place.at((node if node.items else study).line))


def _source(name: str, nodes: MapNode, study: MapNode, place: Place) -> SourceSpec:
    node = child(nodes, name)
    path = text(node, "path")
    if fault := path_fault(path):
        place.add("SPEC174", line_of(node, "path"), path=path, fault=fault)
    transactions = text(node, "transactions")
    if transactions and (fault := path_fault(transactions)):
        place.add("SPEC174", line_of(node, "transactions"), path=transactions, fault=fault)
    if "." in name or any(blank.isspace() for blank in name):
        place.add("SPEC169", nodes.lines[name], name=name, what="a source")
    encoding = text(node, "encoding") or "utf-8"
    try:
        "".encode(encoding)
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        near = nearest(
            encoding, ("utf-8", "gb18030", "gbk", "big5", "cp1252", "latin-1", "shift_jis", "cp932", "utf-16")
        )
        place.add(
            "SPEC184",
            line_of(node, "encoding"),
            key="encoding",
            value=encoding,
            allowed="utf-8 | gb18030 | cp1252 | ..",
            near=near,
        )
    rename = {raw: text(child(node, "rename"), raw) for raw in child(node, "rename").items}
    prefix = rename.pop("prefix", "")
    unsubmitted = child(node, "not_submitted")
    rows = [mapping(row) for row in items(unsubmitted.items.get("rows"))]
    return SourceSpec(
        name=name,
        path=path,
        format=text(node, "format"),
        encoding=encoding,
        delimiter=text(node, "delimiter"),
        decimal=text(node, "decimal"),
        header=tuple(int(row) for row in words(node, "header") if row.isdecimal()) or (1,),
        subject=_subject(node.items.get("subject"), place),
        rename=rename,
        rename_prefix=prefix,
        text=words(node if "text" in node.items else study, "text"),
        missing=_missing((node if "missing" in node.items else study).items.get("missing")) or ("",),
        dates=_dates(child(node, "dates"), child(study, "dates"), place),
        origin=origin(text(node, "origin"), line_of(node, "origin"), place),
        private=texts(node.items.get("private"), place),
        keep=_keep(node.items.get("keep"), place),
        unsubmitted_columns={
            column: text(child(unsubmitted, "columns"), column)
            for column in child(unsubmitted, "columns").items
        },
        unsubmitted_rows=tuple(
            Discard(when, text(row, "reason"), place.at(row.line))
            for row in rows
            if (when := clause(row.items.get("when"), place))
        ),
        at=place.at(nodes.lines[name]),
        sheet=text(node, "sheet"),
        form=text(node, "form"),
        group=text(node, "group"),
        transactions=text(node, "transactions"),
        visit=read_visit(node.items.get("visit"), place),
        crf=text(node, "crf"),
    )


def _subject(node: Node | None, place: Place) -> SubjectRule | None:
    """A bare column is a template of that column alone."""
    if isinstance(node, TextNode) and not node.empty:
        if "{" in node.text or "}" in node.text:
            return SubjectRule(template(node.text, node.line, place), at=place.at(node.line))
        return SubjectRule(f"{{{node.text}}}", at=place.at(node.line))
    if not isinstance(node, MapNode):
        return None
    lookup = text(node, "lookup")
    check_source(lookup, line_of(node, "lookup"), "lookup", place, ())
    return SubjectRule("", lookup, text(node, "by"), text(node, "take"), place.at(node.line))


def _keep(node: Node | None, place: Place) -> KeepRule | None:
    if not isinstance(node, MapNode):
        return None
    return KeepRule(
        words(node, "one_per"),
        text(node, "last"),
        text(node, "first"),
        text(node, "same") == "drop",
        place.at(node.line),
        tuple(one for item in items(node.items.get("prefer")) if (one := clause(item, place))),
    )


def _codelist(name: str, nodes: MapNode, place: Place) -> CodelistSpec:
    node = child(nodes, name)
    sponsor = node.items.get("sponsor")
    own = isinstance(sponsor, TextNode)
    return CodelistSpec(
        name,
        terms(node.items.get("terms"), place),
        own,
        () if own else texts(sponsor, place),
        place.at(nodes.lines[name]),
    )
