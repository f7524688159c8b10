"""The JSON Schemas of the mapping language, applied to nodes; what does not fit is said in its own words."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sdtm_il2.errors import Location, Problems
from sdtm_il2.nearest import nearest_names
from sdtm_il2.spec.read import MAX_PROBLEMS, ListNode, MapNode, Node, TextNode

if TYPE_CHECKING:  # slow to import: `validator` does, when there is something to validate
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

SCHEMAS = ("study", "domain", "define", "relationships")
_FORMS = {
    "minLength": ("an empty text", "a text that is not empty"),
    "minItems": ("an empty list", "at least one item"),
    "minProperties": ("an empty mapping", "at least one entry"),
    "maxItems": ("a longer list", "at most two items"),
}
_KINDS = {"string": "a text", "array": "a list", "object": "a mapping"}


@functools.cache
def schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema of one kind of file: study, domain, define or relationships.

    >>> schema("study")["required"]
    ['study', 'standard', 'sources', 'domains']
    """
    place = importlib.resources.files("sdtm_il2") / "data" / "schemas" / f"{name}.schema.json"
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


@functools.cache
def validator(name: str) -> Draft202012Validator:
    """The validator of one kind of file; the schemas refer to each other by file name."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    registry: Registry[Any] = Registry().with_resources(
        [(f"{one}.schema.json", DRAFT202012.create_resource(schema(one))) for one in SCHEMAS]
    )
    return Draft202012Validator({"$ref": f"{name}.schema.json"}, registry=registry)


def plain(node: Node) -> Any:
    """The node as JSON Schema sees it: text for every scalar, None where nothing is written."""
    if isinstance(node, TextNode):
        return None if node.empty else node.text
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.items.items()}


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word nearest to `word` as the start of a hint, or "" if none is near.

    >>> nearest("asign", ["assign", "copy"])
    "did you mean 'assign'? "
    """
    found = nearest_names(word, known)
    return f"did you mean '{found[0]}'? " if found else ""


def check_schema(node: Node, name: str, file: str, problems: Problems) -> None:
    """Record everything in which a file does not fit its schema.

    Problems: SPEC101 and SPEC103 (a colon or quotes explain it), SPEC180 (unknown key), SPEC181 (wrong
    kind), SPEC182 (key missing), SPEC184 (not one of the words), SPEC185 (form),
    SPEC191 (no method), SPEC192 (several methods).
    """
    report = _Report(node, file, problems, schema(name)["properties"])
    before = len(problems.found)
    for error in validator(name).iter_errors(plain(node)):
        report.error(error)
        if len(problems.found) - before > MAX_PROBLEMS:
            del problems.found[before + MAX_PROBLEMS :]
            problems.add("SPEC168", at=Location(file), limit=MAX_PROBLEMS)
            break


@dataclass(frozen=True, slots=True)
class _Report:
    root: Node
    file: str
    problems: Problems
    top: Mapping[str, Any]

    def error(self, error: ValidationError) -> None:
        """Report one error, or for a choice the errors of the branch that was meant."""
        if "propertyNames" in error.absolute_schema_path:
            return  # names of variables, sources and aliases are judged with the words of their place
        if error.validator == "anyOf":
            for inner in _meant(error):
                self.error(inner)
            if not _meant(error):
                self._wrong_kind(error)
            return
        getattr(self, f"_{error.validator}", self._form)(error)

    def _find(self, error: ValidationError) -> tuple[Node, int, str]:
        """The node of an error, the line to edit and the key under which it stands."""
        node, line, key = self.root, self.root.line, ""
        for step in error.absolute_path:
            if isinstance(node, MapNode):
                key, line, node = str(step), node.lines[str(step)], node.items[str(step)]
            elif isinstance(node, ListNode):
                node = node.items[int(step)]
                line = node.line
        return node, line, key

    def _at(self, line: int) -> Location:
        return Location(self.file, line)

    def _additionalProperties(self, error: ValidationError) -> None:  # noqa: N802 - the keyword's own name
        node, _, _ = self._find(error)
        known = _schema(error)["properties"]
        if isinstance(node, MapNode):
            unfit = [key for key in node.lines if key not in known]
            for key in unfit[: MAX_PROBLEMS + 1]:
                line = node.lines[key]
                if "：" in key:
                    self.problems.add("SPEC101", at=self._at(line), word=key.partition("：")[0])
                else:
                    what, near = _schema(error)["title"], nearest(key, known)
                    more = near.strip() or f"known here: {', '.join(known)}"
                    self.problems.add("SPEC180", at=self._at(line), key=key, what=what, help=more)

    def _required(self, error: ValidationError) -> None:
        _, line, _ = self._find(error)
        present, known = _keys(error), _schema(error).get("properties", self.top)
        misspelt = [nearest(key, known) for key in present if key not in known]
        for key in _value(error):
            if key not in present and f"did you mean '{key}'? " not in misspelt:
                what = _schema(error).get("title", "this place")
                self.problems.add("SPEC182", at=self._at(line), key=key, what=what)

    def _dependentRequired(self, error: ValidationError) -> None:  # noqa: N802 - the keyword's own name
        _, line, _ = self._find(error)
        present = _keys(error)
        for key, needed in _value(error).items():
            for other in needed if key in present else ():
                if other not in present:
                    self.problems.add(
                        "SPEC182", at=self._at(line), key=other, what=f"'{key}' of {_title(error)}"
                    )

    def _not(self, error: ValidationError) -> None:
        """Every `not` of our schemas bars a key of another kind of file."""
        _, line, key = self._find(error)
        more = "put it into a file of its own"
        self.problems.add("SPEC180", at=self._at(line), key=key, what="a file of tables", help=more)

    def _oneOf(self, error: ValidationError) -> None:  # noqa: N802 - the keyword's own name
        """Every oneOf of our schemas is a list of keys of which exactly one has to stand."""
        node, line, key = self._find(error)
        if not isinstance(node, MapNode):
            return  # that it is no mapping has been said
        names = [branch["required"][0] for branch in _value(error)]
        present = [name for name in _keys(error) if name in names]
        unknown = [name for name in _keys(error) if name not in _schema(error)["properties"]]
        choice = "method" if "assign" in names else f"{', '.join(names[:-1])} or {names[-1]}"
        if present:
            last = node.lines[present[-1]]
            self.problems.add(
                "SPEC192", at=self._at(last), key=key or _title(error), found=" and ".join(present)
            )
        elif not unknown:  # else the unknown key is the method that was meant, and has been named
            self.problems.add(
                "SPEC191",
                at=self._at(line),
                key=key or _title(error),
                choice=choice,
                help=f"add one of {', '.join(names)}",
            )

    def _type(self, error: ValidationError) -> None:
        self._wrong_kind(error)

    def _wrong_kind(self, error: ValidationError) -> None:
        node, line, key = self._find(error)
        kinds = list(dict.fromkeys(_kinds(error)))
        if isinstance(node, TextNode) and node.plain and "：" in node.text and "a mapping" in kinds:
            self.problems.add("SPEC101", at=self._at(node.line), word=node.text.partition("：")[0])
        elif isinstance(node, MapNode) and "a text" in kinds and _only_name(node):
            self.problems.add("SPEC103", at=self._at(line))
        else:
            found = {TextNode: "a text", ListNode: "a list", MapNode: "a mapping"}[type(node)]
            expected = " or ".join(kinds)
            more = f"write {key or 'the file'} as {expected}"
            if isinstance(node, TextNode) and node.empty and node.text:
                more = f'put quotes: "{node.text}"'
            if isinstance(node, TextNode) and node.empty:
                found = "empty" if not node.text else f"{node.text} without quotes, which is nothing"
            self.problems.add(
                "SPEC181", at=self._at(line), key=key or "the file", found=found, expected=expected, help=more
            )

    def _const(self, error: ValidationError) -> None:
        """A variable is `drop` or a mapping; any other text is mostly a column without its method."""
        _, line, key = self._find(error)
        more = f"write {key}: {{assign: {error.instance}}}, or {key}: {_value(error)}"
        self.problems.add("SPEC191", at=self._at(line), key=key, choice="method", help=more)

    def _enum(self, error: ValidationError) -> None:
        node, line, key = self._find(error)
        if not isinstance(node, TextNode) or node.empty:
            self._wrong_kind(error)
            return
        allowed = list(
            dict.fromkeys(str(value).lower() if value is True else str(value) for value in _value(error))
        )
        self.problems.add(
            "SPEC184",
            at=self._at(line),
            key=key,
            value=node.text,
            allowed=" | ".join(allowed),
            near=nearest(node.text, allowed),
        )

    def _form(self, error: ValidationError) -> None:
        node, line, key = self._find(error)
        value, form = _FORMS.get(str(error.validator), ("", ""))
        if isinstance(node, ListNode) and node.items and error.validator == "minItems":
            value, form = f"a list of {len(node.items)}", f"a list of {_value(error)}"
        if isinstance(node, TextNode):
            value = f"'{node.text}'"
        form = _schema(error).get("x-form", form)
        self.problems.add("SPEC185", at=self._at(line), key=key, value=value, form=form)


def _schema(error: ValidationError) -> Mapping[str, Any]:
    """The part of the schema that an error is about."""
    return cast(Mapping[str, Any], error.schema)


def _title(error: ValidationError) -> str:
    """What the schema calls the place of an error."""
    return str(_schema(error).get("title", "this place"))


def _value(error: ValidationError) -> Any:
    """What the failing keyword says: the list of keys, kinds or words."""
    return cast(Any, error.validator_value)


def _keys(error: ValidationError) -> Mapping[str, Any]:
    """The mapping that an error is about."""
    return cast(Mapping[str, Any], error.instance)


def _only_name(node: MapNode) -> bool:
    """Whether a mapping is a text that begins with a brace: ``{BRTHDTC}``."""
    return len(node.items) == 1 and all(
        isinstance(value, TextNode) and value.empty for value in node.items.values()
    )


def _branches(error: ValidationError) -> list[list[ValidationError]]:
    found: dict[object, list[ValidationError]] = {}
    for inner in error.context or ():
        found.setdefault(inner.relative_schema_path[0], []).append(inner)
    return list(found.values())


def _mismatched(errors: Iterable[ValidationError]) -> bool:
    """Whether a branch is meant for another kind of node altogether."""
    for error in errors:
        if error.parent is not None and len(error.relative_path) == 0:
            if error.validator == "type":
                return True
            if error.validator == "enum" and not isinstance(error.instance, str):
                return True
            if error.validator == "anyOf" and all(_mismatched(branch) for branch in _branches(error)):
                return True
    return False


def _meant(error: ValidationError) -> list[ValidationError]:
    """The errors of the branch that fits the node's kind, with the fewest errors."""
    fitting = [branch for branch in _branches(error) if not _mismatched(branch)]
    return min(fitting, key=len, default=[])


def _kinds(error: ValidationError) -> Iterator[str]:
    if error.validator == "anyOf":
        for branch in _branches(error):
            for inner in branch:
                if len(inner.relative_path) == 0:
                    yield from _kinds(inner)
    elif error.validator == "type":
        names = [_value(error)] if isinstance(_value(error), str) else _value(error)
        if _schema(error).get("const"):
            yield str(_schema(error)["const"])
        else:
            yield from (_KINDS[name] for name in names if name in _KINDS)
    elif error.validator == "enum":
        yield "a text"
