"""Domain files: one file, or a file and those that it extends, as one domain whose elements know their own place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sdtm_il2.errors import Location
from sdtm_il2.spec.blocks import read_block, read_split, read_submit
from sdtm_il2.spec.folder import StudyFolder
from sdtm_il2.spec.model import (
    BlockSpec,
    Branch,
    CommentsSpec,
    DictionarySpec,
    DomainSpec,
    MethodCall,
    OfVersion,
    TableSpec,
    Text,
    VariableSpec,
)
from sdtm_il2.spec.nodes import (
    Place,
    bilingual,
    check_source,
    child,
    items,
    line_of,
    names,
    pairs,
    text,
    texts,
    versions,
    words,
)
from sdtm_il2.spec.read import ListNode, MapNode, TextNode
from sdtm_il2.spec.schema import nearest, schema
from sdtm_il2.spec.study import VisitsSpec
from sdtm_il2.spec.trial import read_trial_tables
from sdtm_il2.spec.variables import variables

#: Keys that do not tell one record of a subject from another.
_SUBJECT = frozenset({"STUDYID", "USUBJID"})


@dataclass(frozen=True, slots=True)
class _Layer:
    """A domain file, or a file that it extends, with its place."""

    node: MapNode
    place: Place


def read_domains(
    node: MapNode, study: Place, folder: StudyFolder, visits: VisitsSpec | None
) -> tuple[tuple[DomainSpec, ...], tuple[TableSpec, ...]]:
    """All domain files of study.yaml, and the tables of files with `tables:`.

    All codes are known before the first file is converted, for `from` and `join`. SPEC176: a domain twice for the
    same version of the SDTMIG.
    """
    libraries = _libraries(node, study, folder)
    files: list[tuple[str, list[_Layer]]] = []
    trials: list[tuple[str, MapNode, tuple[str, ...]]] = []
    codes: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for name in texts(node.items.get("domains"), study):
        read = folder.read_mapping(name.text, study.file, name.at, "domain")
        if read is None:
            continue
        file, domain = read
        tables = child(domain, "tables")
        here = {text(domain, "domain"): line_of(domain, "domain")} if not tables.items else tables.lines
        ig: tuple[str, ...] = ()
        if tables.items:
            ig = versions(domain.items.get("ig"), Place(file, folder.problems))
            trials.append((file, tables, ig))
        elif "tables" not in domain.items:
            layers = _layers(file, domain, study, folder, libraries)
            files.append((file, layers))
            ig = words(_stated(layers, "ig").node, "ig")
        for code, line in here.items():
            for other, its in codes.get(code, ()) if code else ():
                if not ig or not its or set(ig) & set(its):
                    at = Location(file, line)
                    shared = ", ".join(one for one in ig or its if not its or one in its)
                    of = f" for SDTMIG {shared}" if shared else ""
                    folder.problems.add("SPEC176", at=at, domain=code, other=other, of=of)
                    break
            codes.setdefault(code, []).append((f"{file}:{line}", ig))
    known = (*codes, *(["_VISITS"] if visits else []))
    found = tuple(_domain(layers, known, folder) for _, layers in files)
    table = visits.table if visits else ""
    trial = tuple(
        one
        for file, tables, ig in trials
        for one in read_trial_tables(tables, Place(file, folder.problems), folder, table, ig)
    )
    return found, trial


def _libraries(node: MapNode, study: Place, folder: StudyFolder) -> tuple[str, ...]:
    """The folders of `library:`, relative to the study folder."""
    names = texts(node.items.get("library"), study)
    return tuple(one for name in names if (one := folder.folder_inside(name.text, name.at)))


def _layers(
    file: str, node: MapNode, study: Place, folder: StudyFolder, libraries: tuple[str, ...]
) -> list[_Layer]:
    """A domain file after all that it extends; SPEC163: a circle, or a file of another kind or domain."""
    domain = text(node, "domain")
    layers: list[_Layer] = []
    seen: list[str] = []
    while True:
        place = Place(file, folder.problems, domain, study.sources)
        layers.insert(0, _Layer(node, place))
        seen.append(file)
        name = text(node, "extends")
        if not name:
            return layers
        line = line_of(node, "extends")
        found = _extended(name, file, place.at(line), folder, libraries)
        if found is None:
            return layers
        file, node = found
        other = text(node, "domain")
        if file in seen:
            place.add("SPEC163", line, name=name, fault=f"extends itself ({' > '.join([*seen, file])})")
        elif "tables" in node.items:
            place.add("SPEC163", line, name=name, fault="is a file of tables")
        elif other and other != domain:
            place.add("SPEC163", line, name=name, fault=f"is about {other}, this file about {domain}")
        else:
            continue
        return layers


def _extended(
    name: str, naming: str, at: Location, folder: StudyFolder, libraries: tuple[str, ...]
) -> tuple[str, MapNode] | None:
    """The file that `extends` names: beside the naming file, else in the first library that has it."""
    if not folder.has(name, naming):
        for library in libraries:
            if folder.has(name, f"{library}/any"):
                return folder.read_mapping(name, f"{library}/any", at, "domain")
    return folder.read_mapping(name, naming, at, "domain")


def _stated(layers: list[_Layer], key: str) -> _Layer:
    """The last layer that states a key."""
    return next((layer for layer in reversed(layers) if key in layer.node.items), layers[-1])


def _of_versions(layer: _Layer, key: str) -> tuple[OfVersion, ...]:
    """`keys:` or `sort:` by version, ``{3.2 | 3.3: [..], 3.4: [..]}``: SPEC185, SPEC195 (a version twice)."""
    node, found = child(layer.node, key), []
    seen: set[str] = set()
    for name in node.items:
        line = node.lines[name]
        parts = tuple(TextNode(part.strip(), line, plain=False) for part in name.split("|"))
        ig = versions(ListNode(parts, line), layer.place)
        for one in ig:
            if one in seen:
                layer.place.add("SPEC195", line, name=one, key=key)
        seen |= set(ig)
        found.append(OfVersion(ig, names(node, name, layer.place), layer.place.at(line)))
    return tuple(found)


def _domain(layers: list[_Layer], known: tuple[str, ...], folder: StudyFolder) -> DomainSpec:
    """One domain: the last layer that states a key says what it is; variables and blocks merge by name."""
    last = layers[-1]

    def stated(key: str) -> _Layer:
        return _stated(layers, key)

    for key in ("keys", "records"):
        own = schema("domain")["properties"]
        misspelt = any(nearest(one, (key,)) for layer in layers for one in layer.node.items if one not in own)
        if key not in stated(key).node.items and not misspelt and (key == "records" or len(layers) > 1):
            bare = Place(last.place.file, last.place.problems)
            bare.add("SPEC182", last.node.line, key=key, what="a domain file")
    sort, keys, ig, submit = (stated(key) for key in ("sort", "keys", "ig", "submit"))
    by_file = words(sort.node, "sort") == ("file",)
    keys_by_ig, sort_by_ig = _of_versions(keys, "keys"), _of_versions(sort, "sort")
    return DomainSpec(
        domain=text(last.node, "domain"),
        file=last.place.file,
        keys=keys_by_ig[0].names if keys_by_ig else names(keys.node, "keys", keys.place),
        records=_records(layers, known, folder),
        variables=_variables(layers),
        label=text(stated("label").node, "label"),
        class_=text(stated("class").node, "class"),
        structure=text(stated("structure").node, "structure"),
        ig=versions(ig.node.items.get("ig"), ig.place),
        keys_not_unique=bilingual(stated("keys_not_unique").node, "keys_not_unique"),
        sort=() if by_file or sort_by_ig else names(sort.node, "sort", sort.place),
        sort_file=by_file,
        submit=read_submit(submit.node.items.get("submit"), submit.place),
        at=last.place.at(last.node.line),
        comments=_comments(stated("comments")),
        dictionaries=tuple(
            one for key in ("meddra", "whodrug") if (one := _dictionary(key, stated(key))) is not None
        ),
        keys_by_ig=keys_by_ig,
        sort_by_ig=sort_by_ig,
        split=read_split(stated("split").node.items.get("split"), stated("split").place),
    )


def _variables(layers: list[_Layer]) -> tuple[VariableSpec, ...]:
    """Variables in the order in which they are first named; one that is named again is replaced whole."""
    order = dict.fromkeys(name for layer in layers for name in child(layer.node, "variables").items)
    found: dict[str, VariableSpec] = {}
    for number, layer in enumerate(layers):
        again = {name for later in layers[number + 1 :] for name in child(later.node, "variables").items}
        node = layer.node.items.get("variables")
        found |= {one.name: one for one in variables(node, layer.place.target, layer.place, skip=again)}
    return tuple(found[name] for name in order if name in found)


def _records(layers: list[_Layer], known: tuple[str, ...], folder: StudyFolder) -> tuple[BlockSpec, ...]:
    """The blocks in order; a block with the id of one that is extended takes its place."""
    found: dict[str, tuple[MapNode, Place]] = {}
    for layer in layers:
        found |= {name: (block, layer.place) for name, block in _named(layer)}
    blocks = []
    for name, (block, place) in found.items():
        before = len(folder.problems.found)
        blocks.append(read_block(name, block, place, known, folder))
        if len(folder.problems.found) > before:
            folder.doubtful.add(blocks[-1].at)
    return tuple(blocks)


def _named(layer: _Layer) -> Iterator[tuple[str, MapNode]]:
    """The blocks of one file with their ids. Given ids must be unique (SPEC177), those after the source are made so."""
    blocks = [block for block in items(layer.node.items.get("records")) if isinstance(block, MapNode)]
    given: dict[str, int] = {}
    for block in blocks:
        if name := text(block, "id"):
            if name in given:
                layer.place.add("SPEC177", block.lines["id"], id=name, other=given[name])
            given.setdefault(name, block.lines["id"])
    taken = set(given)
    for block in blocks:
        source = text(block, "from")
        name = text(block, "id") or source
        if "id" not in block.items:
            number = 2
            while name in taken:
                name, number = f"{source}-{number}", number + 1
            taken.add(name)
        yield name, block


def _comments(layer: _Layer) -> tuple[CommentsSpec, ...]:
    """`comments:` each from a source of the study: SPEC178."""
    found = []
    for item in items(layer.node.items.get("comments")):
        if isinstance(item, MapNode):
            source = text(item, "from")
            check_source(source, line_of(item, "from"), "comments", layer.place, ())
            at = layer.place.at(item.line)
            found.append(CommentsSpec(source, text(item, "text"), text(item, "date"), at))
    return tuple(found)


def _dictionary(key: str, layer: _Layer) -> DictionarySpec | None:
    """`meddra:` or `whodrug:` from a source of the study: SPEC178."""
    node = layer.node.items.get(key)
    if not isinstance(node, MapNode):
        return None
    source, columns = text(node, "source"), child(node, "columns")
    check_source(source, line_of(node, "source"), "source", layer.place, ())
    return DictionarySpec(
        dictionary=key,
        source=source,
        by=pairs(node.items.get("by")),
        columns={level: _by_agency(columns, level) for level in columns.items},
        version=text(node, "version"),
        at=layer.place.at(layer.node.lines[key]),
    )


def _by_agency(columns: MapNode, level: str) -> dict[str, str]:
    """The column of a level by agency; `else`, and a bare column, stand under ""."""
    node = columns.items[level]
    if isinstance(node, MapNode):
        return {"" if agency == "else" else agency: text(node, agency) for agency in node.items}
    return {"": text(columns, level)}


def check_copies(domains: Iterable[DomainSpec], place: Place) -> None:
    """`copy` of a date takes the subject's single record; SPEC112 where the keys say that there are several."""
    keys = {
        domain.domain: [key.text for key in domain.keys if key.text not in _SUBJECT] for domain in domains
    }
    for domain in domains:
        own = [*domain.variables, *(one for block in domain.records for one in block.variables)]
        for variable in own:
            for copied in _copied(variable.method):
                head, _, tail = copied.text.partition(".")
                if head != domain.domain and keys.get(head) and tail.endswith("DTC"):
                    here = Place(copied.at.file, place.problems, f"{domain.domain}.{variable.name}")
                    more = ", ".join(keys[head])
                    here.add("SPEC112", copied.at.line, name=copied.text, dataset=head, keys=more)


def _copied(part: object) -> Iterator[Text]:
    """What a method copies, however deep."""
    if isinstance(part, Branch):
        yield from _copied(part.then)
    elif isinstance(part, MethodCall):
        for inner in part.argument:
            if part.method == "copy" and isinstance(inner, Text):
                yield inner
            else:
                yield from _copied(inner)
