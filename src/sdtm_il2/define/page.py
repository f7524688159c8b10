"""define.html by our own hand: one page that loads nothing, in English, or in Chinese and English.

The tables are those that reviewers know: standards, datasets, the variables of each dataset with their value levels
below them, codelists, dictionaries, methods, comments. Every part is found once, so that the time grows with the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sdtm_il2.define.model import CodeList, Define, ItemDef, ItemGroupDef, ItemRef
from sdtm_il2.define.page_parts import (
    Lookup,
    comment,
    condition,
    dangling,
    documents,
    escaped,
    link,
    listed,
    lookup,
    origin_cell,
    size,
)
from sdtm_il2.define.page_style import POLICY, SCRIPT, STYLE
from sdtm_il2.define.page_words import PageLanguage


def define_page(define: Define, lang: PageLanguage = "en") -> bytes:
    """The page of a Define, in UTF-8; with ``zh`` Chinese texts stand first and English ones beside them.

    Texts of the file are shown and never run; a reference that leads nowhere is marked. No script is needed to read.

    >>> from sdtm_il2.define.model import Define
    >>> tiny = Define("F.1", "2025-06-30T12:00:00", "STDY.1", "S1", "A study", "P1", "MDV.1", "SDTM of S1")
    >>> b"<title>S1" in define_page(tiny)
    True
    """
    held = lookup(define, lang)
    title = f"{escaped(define.study_name)} · {held.plain('Data definitions')}"
    parts = [
        "<!DOCTYPE html>\n",
        f'<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        *_contents(held, define),
        '<main id="top">\n',
        *_study(held, define),
        *_standards(held, define),
        *_documents(held, define),
        *_datasets(held, define),
        *(part for group in define.item_groups for part in _dataset(held, group)),
        *_codelists(held, define),
        *_dictionaries(held, define),
        *_methods(held, define),
        *_comments(held, define),
        f"<footer>Define-XML {escaped(define.define_version)} · {escaped(define.creation_datetime)}</footer>\n",
        f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
    ]
    return "".join(parts).encode()


def _contents(held: Lookup, define: Define) -> Iterator[str]:
    search = escaped(held.plain("Search variables, labels, terms"))
    yield f'<nav aria-label="{escaped(held.plain("Contents"))}">\n<p><a href="#top">{escaped(define.study_name)}</a></p>\n'
    yield f'<input class="search" id="search" type="search" placeholder="{search}" aria-label="{search}" hidden>\n<ul>\n'
    if define.standards:
        yield f'<li><a href="#standards">{held.plain("Standards")}</a></li>\n'
    if define.leaves:
        yield f'<li><a href="#documents">{held.plain("Documents")}</a></li>\n'
    yield f'<li><details open><summary><a href="#datasets">{held.plain("Datasets")}</a></summary><ul>\n'
    for group in define.item_groups:
        anchor = held.anchor("dataset", group.oid)
        label = held.short(group.description)
        yield f'<li><a href="#{anchor}"><b>{escaped(group.name)}</b> <span class="sub">{label}</span></a></li>\n'
    yield "</ul></details></li>\n"
    for anchor, word, there in (
        ("codelists", "Codelists", any(one.external is None for one in define.codelists)),
        ("dictionaries", "Dictionaries", any(one.external is not None for one in define.codelists)),
        ("methods", "Methods", bool(define.methods)),
        ("comments", "Comments", bool(define.comments)),
    ):
        if there:
            yield f'<li><a href="#{anchor}">{held.plain(word)}</a></li>\n'
    yield "</ul>\n</nav>\n"


def _head(held: Lookup, names: Iterable[str]) -> str:
    cells = "".join(f'<th scope="col">{held.word(one)}</th>' for one in names)
    return f"<thead><tr>{cells}</tr></thead>\n"


def _study(held: Lookup, define: Define) -> Iterator[str]:
    yield f'<h1>{escaped(define.study_name)} <span class="en">{held.plain("Data definitions")}</span></h1>\n'
    yield f'<p class="lead">{escaped(define.study_description)}</p>\n<table class="kv"><tbody>\n'
    made = " ".join(filter(None, (define.originator, define.source_system, define.source_system_version)))
    rows = (
        ("Protocol name", escaped(define.protocol_name)), ("Metadata name", escaped(define.mdv_name)),
        ("Metadata description", escaped(define.mdv_description)),
        ("Define-XML version", escaped(define.define_version)), ("Created", escaped(define.creation_datetime)),
        ("Made by", escaped(made)), ("Comment", comment(held, define.comment_oid)),
    )  # fmt: skip
    for name, cell in rows:
        if cell:
            yield f'<tr><th scope="row">{held.word(name)}</th><td>{cell}</td></tr>\n'
    yield "</tbody></table>\n"


def _standards(held: Lookup, define: Define) -> Iterator[str]:
    if not define.standards:
        return
    yield f'<section><h2 id="standards">{held.word("Standards")}</h2>\n<table>'
    yield (
        _head(held, ("Standard", "Type", "Publishing set", "Version", "Status", "Documentation"))
        + "<tbody>\n"
    )
    for one in define.standards:
        cells = (one.name, one.type, one.publishing_set, one.version)
        row = "".join(f"<td>{escaped(cell)}</td>" for cell in cells) + f"<td>{held.term(one.status)}</td>"
        anchor = held.anchor("standard", one.oid)
        yield f'<tr id="{anchor}">{row}<td>{comment(held, one.comment_oid)}</td></tr>\n'
    yield "</tbody></table></section>\n"


def _documents(held: Lookup, define: Define) -> Iterator[str]:
    if not define.leaves:
        return
    kinds = {one.leaf_id: "Annotated CRF" for one in define.annotated_crf}
    kinds |= {one.leaf_id: "Supplemental documents" for one in define.documents}
    yield f'<section><h2 id="documents">{held.word("Documents")}</h2>\n<table>'
    yield _head(held, ("Title", "Type", "Location")) + "<tbody>\n"
    for leaf in define.leaves:
        kind = held.plain(kinds[leaf.id]) if leaf.id in kinds else ""
        name = link(leaf.href, escaped(leaf.title or leaf.href))
        yield f"<tr><td>{name}</td><td>{kind}</td><td>{escaped(leaf.href)}</td></tr>\n"
    yield "</tbody></table></section>\n"


def _standard_name(held: Lookup, oid: str, *, non_standard: bool) -> str:
    if non_standard:
        return f'<span class="tag">{held.plain("non-standard")}</span>'
    found = held.standards.get(oid)
    if found is None:
        return escaped(oid)
    return escaped(" ".join(filter(None, (found.name, found.publishing_set, found.version))))


def _keys(held: Lookup, group: ItemGroupDef) -> str:
    found = [(ref.key_sequence, held.items.get(ref.item_oid)) for ref in group.items if ref.key_sequence]
    names = [item.name for _, item in sorted(found, key=lambda one: one[0] or 0) if item is not None]
    return ", ".join(map(escaped, names))


def _file(group: ItemGroupDef) -> str:
    leaf = group.leaf
    return link(leaf.href, escaped(leaf.title or leaf.href)) if leaf is not None else ""


_SET_WIDTHS = f"<colgroup>{''.join(f'<col class={name}>' for name in 'defgpyow')}</colgroup>"


def _datasets(held: Lookup, define: Define) -> Iterator[str]:
    yield f'<section><h2 id="datasets">{held.word("Datasets")}</h2>\n<table class="fixed sets">{_SET_WIDTHS}'
    yield _head(
        held,
        ("Dataset", "Description", "Class", "Structure", "Purpose", "Keys", "Documentation", "Location"),
    )
    yield "<tbody>\n"
    for group in define.item_groups:
        tags = [
            held.plain(word)
            for word, there in (
                ("non-standard", group.is_non_standard), ("reference data", group.is_reference_data),
                ("No data", group.has_no_data),
            )
            if there
        ]  # fmt: skip
        shown = " ".join(f'<span class="tag">{one}</span>' for one in tags)
        standard = (
            _standard_name(held, group.standard_oid, non_standard=False) if not group.is_non_standard else ""
        )
        yield (
            f'<tr><th scope="row"><a href="#{held.anchor("dataset", group.oid)}">{escaped(group.name)}</a></th>'
            f"<td>{held.text(group.description)}</td><td>{held.term(group.class_)}"
            f'<span class="terms own">{standard}</span></td><td>{escaped(group.structure)}</td>'
            f"<td>{held.term(group.purpose)}</td><td>{_keys(held, group)}</td>"
            f"<td>{comment(held, group.comment_oid)} {shown}</td><td>{_file(group)}</td></tr>\n"
        )
    yield "</tbody></table></section>\n"


_COLUMNS = (
    "Variable", "Label", "Key", "Type", "Length", "Role", "Controlled terms or format", "Origin, method, comment",
)  # fmt: skip
_WIDTHS = f"<colgroup>{''.join(f'<col class={name}>' for name in 'vlktnrco')}</colgroup>"


def _dataset(held: Lookup, group: ItemGroupDef) -> Iterator[str]:
    """The variables of one dataset; the value levels of a variable stand below it."""
    file = _file(group)
    yield (
        f'<section><h3 id="{held.anchor("dataset", group.oid)}">{escaped(group.name)} · {held.text(group.description)}'
        f"{f'<span class=file>{file}</span>' if file else ''}</h3>\n"
        f'<p class="about">{held.term(group.class_)} · {escaped(group.structure)}</p>\n<table class="fixed vars">{_WIDTHS}'
    )
    yield _head(held, _COLUMNS) + "<tbody>\n"
    seen: set[str] = set()
    for ref in group.items:
        item = held.items.get(ref.item_oid)
        if item is None:
            yield _missing(held, ref.item_oid)
            continue
        values = held.lists.get(item.value_list_oid)
        levels = [] if values is None else [(one, held.items.get(one.item_oid)) for one in values.items]
        anchor = held.anchor("variable", f"{group.name}.{item.name}")
        id_ = f' id="{anchor}"' if anchor and anchor not in seen else ""
        seen.add(anchor)
        fold = ""
        if levels:
            fold = (
                f'<label class="foldlabel"><input class="fold" type="checkbox" checked>{len(levels)} '
                f"{held.plain('value levels')}</label>"
            )
            yield "</tbody><tbody>\n"  # the box folds the body after its own
        yield f'<tr{id_}><th scope="row">{escaped(item.name)}{_tags(held, ref)}{fold}</th>'
        yield f"<td>{held.text(item.description)}</td>{_cells(held, ref, item)}</tr>\n"
        if levels:
            yield '</tbody><tbody class="levels">\n'
            for level, value in levels:
                yield from _level(held, level, value, group.name)
            yield "</tbody><tbody>\n"
        elif item.value_list_oid and values is None:
            yield _missing(held, item.value_list_oid)
    yield "</tbody></table></section>\n"


def _missing(held: Lookup, oid: str) -> str:
    return f'<tr><td colspan="{len(_COLUMNS)}">{dangling(held, oid)}</td></tr>\n'


def _tags(held: Lookup, ref: ItemRef) -> str:
    return f' <span class="tag">{held.plain("non-standard")}</span>' if ref.is_non_standard else ""


def _cells(held: Lookup, ref: ItemRef, item: ItemDef) -> str:
    key = "" if ref.key_sequence is None else str(ref.key_sequence)
    return (
        f'<td class="num">{key}</td><td>{escaped(item.data_type)}</td><td class="num">{size(item)}</td>'
        f"<td>{held.term(ref.role)}</td><td>{listed(held, item)}</td><td>{origin_cell(held, ref, item)}</td>"
    )


def _level(held: Lookup, ref: ItemRef, item: ItemDef | None, dataset: str) -> Iterator[str]:
    if item is None:
        yield _missing(held, ref.item_oid)
        return
    label = held.text(item.description)
    words = condition(held, ref, dataset) + (f'<span class="part">{label}</span>' if label else "")
    yield f'<tr class="level"><td colspan="2">{words}</td>{_cells(held, ref, item)}</tr>\n'


def _nci(aliases: Sequence[object]) -> str:
    return next((one.name for one in aliases if getattr(one, "context", "") == "nci:ExtCodeID"), "")  # type: ignore[attr-defined]


def _codelists(held: Lookup, define: Define) -> Iterator[str]:
    lists = [one for one in define.codelists if one.external is None]
    if not lists:
        return
    yield f'<h2 id="codelists">{held.word("Codelists")}</h2>\n'
    for one in lists:
        yield from _codelist(held, one)


def _codelist(held: Lookup, one: CodeList) -> Iterator[str]:
    ranked = any(term.rank for term in one.terms)
    names = ("Term", "Decode", "NCI code", *(("Rank",) if ranked else ()))
    standard = _standard_name(held, one.standard_oid, non_standard=one.is_non_standard)
    code = _nci(one.aliases)
    about = " · ".join(
        filter(None, (escaped(one.data_type), escaped(code), standard, held.text(one.description)))
    )
    words = comment(held, one.comment_oid)
    yield (
        f'<section><h3 id="{held.anchor("codelist", one.oid)}">{escaped(one.name)}</h3>\n'
        f'<p class="about">{about}{f"<br>{words}" if words else ""}</p>\n<table class="list">'
    )
    yield _head(held, names) + "<tbody>\n"
    for term in one.terms:
        extended = f' <span class="tag">{held.plain("extended")}</span>' if term.extended else ""
        rank = f"<td>{escaped(term.rank)}</td>" if ranked else ""
        more = held.text(term.description)
        yield (
            f"<tr><td>{escaped(term.value)}{extended}</td><td>{held.text(term.decode)}{more}</td>"
            f"<td>{escaped(_nci(term.aliases))}</td>{rank}</tr>\n"
        )
    yield "</tbody></table></section>\n"


def _dictionaries(held: Lookup, define: Define) -> Iterator[str]:
    lists = [one for one in define.codelists if one.external is not None]
    if not lists:
        return
    yield f'<section><h2 id="dictionaries">{held.word("Dictionaries")}</h2>\n<table>'
    yield _head(held, ("Codelist", "Dictionary", "Version", "Type", "Location")) + "<tbody>\n"
    for one in lists:
        outside = one.external
        if outside is not None:
            where = link(outside.href, escaped(outside.href)) or escaped(outside.ref)
            yield (
                f'<tr id="{held.anchor("codelist", one.oid)}"><td>{escaped(one.name)}</td>'
                f"<td>{escaped(outside.dictionary)}</td><td>{escaped(outside.version)}</td>"
                f"<td>{escaped(one.data_type)}</td><td>{where}</td></tr>\n"
            )
    yield "</tbody></table></section>\n"


def _methods(held: Lookup, define: Define) -> Iterator[str]:
    if not define.methods:
        return
    yield f'<section><h2 id="methods">{held.word("Methods")}</h2>\n<table>'
    yield _head(held, ("Method", "Type", "Description", "Expressions and documents")) + "<tbody>\n"
    for one in define.methods:
        more = "".join(
            f'<span class="part">{escaped(part.context)}</span><code class="pre part">{escaped(part.text)}</code>'
            for part in one.expressions
        )
        yield (
            f'<tr id="{held.anchor("method", one.oid)}"><th scope="row">{escaped(one.name)}</th>'
            f'<td>{held.term(one.type)}</td><td class="pre">{held.text(one.description)}</td>'
            f"<td>{more}{documents(held, one.documents)}</td></tr>\n"
        )
    yield "</tbody></table></section>\n"


def _comments(held: Lookup, define: Define) -> Iterator[str]:
    if not define.comments:
        return
    yield f'<section><h2 id="comments">{held.word("Comments")}</h2>\n<table>'
    yield _head(held, ("Comment", "Description", "Documents")) + "<tbody>\n"
    for one in define.comments:
        yield (
            f'<tr id="{held.anchor("comment", one.oid)}"><th scope="row">{escaped(one.oid)}</th>'
            f'<td class="pre">{held.text(one.description)}</td><td>{documents(held, one.documents)}</td></tr>\n'
        )
    yield "</tbody></table></section>\n"
