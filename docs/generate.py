"""Write docs/messages.md from the catalogue of issues, docs/keys.md from the JSON Schemas, and the tables of methods
in docs/language.md from the docstrings of the methods.

Run it after one of them changed: ``.venv/bin/python docs/generate.py`` (or ``make docs``); a test compares.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import sdtm_il2.build  # noqa: F401 - registers the methods
from sdtm_il2.errors import Definition, catalogue
from sdtm_il2.methods.evaluate import METHODS as FUNCTIONS
from sdtm_il2.report.text import template_text
from sdtm_il2.spec.methods import METHODS

HERE = Path(__file__).resolve().parent
Schema = Mapping[str, Any]

GROUPS = {
    "SPEC": "The specification",
    "STD": "Standards and terminology",
    "SRC": "Raw files",
    "PLAN": "The order of variables",
    "METH": "Methods",
    "DATA": "Data",
    "XPT": "SAS XPORT files",
    "DEF": "Define-XML",
    "OUT": "Output",
}

MESSAGES = """# Messages

Every issue has a code. `sdtm-il2 explain CODE` prints its page; this is the list of all of them. An **error**
means that something is wrong or was left out; a **warning** that it needs a decision; a **note** is worth a
look. Words in angle brackets are filled in. This page is generated from the catalogue: `make docs`.
"""

KEYS = """# Keys of the specification

Every key of study.yaml, of a domain file and of define/study.yaml, with what it takes. The same JSON Schemas
check the files when they are loaded, and complete them in an editor. An unknown key
is refused, never ignored. How the parts work together is in [language.md](language.md).
This page is generated from the schemas: `make docs`.
"""


def main() -> None:
    """Write the pages."""
    for name, page in pages().items():
        (HERE / name).write_text(page, encoding="utf-8")


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    return {"messages.md": _messages(), "keys.md": _keys(), "language.md": _language()}


# ---- the tables of language.md -----------------------------------------------------------------------------

#: Methods that the language knows under one name and the library under two.
FURTHER = {"duration": "duration_of_value", "epoch": "epoch_by_date"}

#: Methods that share a section of the page.
ANCHORS = dict.fromkeys(("earliest", "latest"), "earliest-latest")

#: What comes by itself, and the method that fills it ("": said here).
AUTOMATIC = (
    ("STUDYID, DOMAIN, USUBJID", "The study, the domain, and the subject as `usubjid:` writes it."),
    ("--SEQ", "The number of the record within its subject, in the order of `sort`."),
    ("--DY, --STDY, --ENDY", "study_day"),
    ("--TEST", "paired"),
    ("VISITNUM, VISIT, VISITDY", "visit"),
    ("EPOCH", "epoch"),
    ("--ORRES", "result"),
    ("--ORRESU", "unit"),
    ("--ORNRLO, --ORNRHI", "limit"),
    ("the same, with a table of ranges", "table_limit"),
    ("--STAT", "not_done"),
    ("--REASND", "reason_not_done"),
    ("--STRESC", "standard_text"),
    ("--STRESN, --STNRLO, --STNRHI", "standard_number"),
    ("--STNRC", "range_term"),
    ("--STRESU", "standard_unit"),
    ("the same, with `standard:`", "standard_cell"),
    ("--NRIND", "range_indicator"),
    ("the same, with `indicator:`", "indicator"),
)


def _language() -> str:
    """The page as it stands, with its generated tables anew."""
    text = (HERE / "language.md").read_text(encoding="utf-8")
    for name, table in (("methods", _methods()), ("automatic", _automatic())):
        pattern = rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)"
        text, count = re.subn(
            pattern, lambda found, table=table: found[1] + table + found[2], text, flags=re.DOTALL
        )
        if count != 1:
            raise ValueError(f"language.md has no place for the table of {name}")
    return text


def _methods() -> str:
    """Every method of the language with the rule that its docstring states and an example of the schema."""
    folder = files("sdtm_il2") / "data" / "schemas"
    schema = json.loads((folder / "domain.schema.json").read_text(encoding="utf-8"))
    described = _descriptions(schema)
    rows = []
    for name in METHODS:
        rules = [_rule(FUNCTIONS[one].__doc__) for one in (name, FURTHER.get(name, "")) if one]
        quoted = re.findall(r"`([^`]+)`", described.get(name, ""))
        example = next((one for one in quoted if one.startswith(name)), name)
        rows.append(
            f"| [`{name}`](#{ANCHORS.get(name, name)}) | {_cell(' '.join(rules))} | `{_code(example)}` |\n"
        )
    return "\n| Method | Rule | For example |\n|---|---|---|\n" + "".join(rows) + "\n"


def _descriptions(schema: Any) -> dict[str, str]:
    """What the schema says of each method."""
    found: dict[str, str] = {}
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        if "hardcode" in properties:
            found = {name: str(one.get("description", "")) for name, one in properties.items()}
        for one in schema.values():
            found = _descriptions(one) | found
    return found


def _code(text: str) -> str:
    return text.replace("|", "\\|")


def _automatic() -> str:
    rows = [
        f"| {names} | {_cell(_rule(FUNCTIONS[method].__doc__) if method in FUNCTIONS else method)} |\n"
        for names, method in AUTOMATIC
    ]
    return "\n| Variables | Rule |\n|---|---|\n" + "".join(rows) + "\n"


def _rule(docstring: str | None) -> str:
    """The first paragraph of a docstring, without the name of the variable that it may begin with."""
    if not docstring:
        raise ValueError("a method without a docstring has no rule to print")
    text = " ".join(docstring.strip().split("\n\n")[0].split())
    rule = re.sub(r"^--[A-Z]+(?:(?:, | and )--[A-Z]+)*:? ", "", text)
    return rule[:1].upper() + rule[1:]


# ---- messages ---------------------------------------------------------------------------------------------


def _messages() -> str:
    parts = [MESSAGES]
    definitions = catalogue()
    known = [*GROUPS, *sorted({_group(code) for code in definitions} - set(GROUPS))]
    for group in known:
        found = [definitions[code] for code in sorted(definitions) if _group(code) == group]
        if found:
            parts.append(
                f"\n## {GROUPS.get(group, group)}\n\n| Code | Severity | Message | Hint | Why |\n|---|---|---|---|---|\n"
            )
            parts += [_line(one) for one in found]
    return "".join(parts)


def _group(code: str) -> str:
    return code.rstrip(string.digits)


def _line(one: Definition) -> str:
    cells = (one.code, one.severity.value, template_text(one.message), template_text(one.hint), one.page)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _cell(text: str) -> str:
    """Text in a cell of a table: nothing in it is Markdown, but code in backticks stays code."""
    pieces = text.replace("|", "\\|").replace("\n", " ").split("`")
    if len(pieces) % 2 == 0:  # a lone backtick is a character
        return "\\`".join(_plain(piece) for piece in pieces)
    return "`".join(piece if place % 2 else _plain(piece) for place, piece in enumerate(pieces))


def _plain(text: str) -> str:
    for character, entity in (("<", "&lt;"), (">", "&gt;"), ("*", "\\*"), ("_", "\\_")):
        text = text.replace(character, entity)
    return text


# ---- keys -------------------------------------------------------------------------------------------------


def _keys() -> str:
    folder = files("sdtm_il2") / "data" / "schemas"
    schemas = {
        f"{name}.schema.json": json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
        for name in ("study", "domain", "define")
    }
    parts = [KEYS]
    seen: set[str] = set()
    for file, schema in schemas.items():
        parts += _objects(schemas, file, schema, seen)
    return "".join(parts)


def _objects(schemas: Mapping[str, Schema], file: str, schema: Schema, seen: set[str]) -> Iterator[str]:
    """The tables of an object and of every object below it, each once."""
    for place, part in _parts(schemas, file, schema):
        if "properties" not in part:
            continue
        key = json.dumps(part, sort_keys=True)
        if key in seen:
            continue
        seen.add(key)
        yield f"\n## {part.get('title', 'keys')}\n\n{_cell(part.get('description', ''))}\n\n"
        yield "| Key | What it takes |\n|---|---|\n"
        required = part.get("required", [])
        for name, value in part["properties"].items():
            target = _resolved(schemas, place, value)[1]
            words = value.get("description") or target.get("description", "")
            one_of = (
                f" One of: {', '.join(f'`{word}`' for word in target['enum'] if isinstance(word, str))}."
                if "enum" in target
                else ""
            )
            yield f"| `{name}`{' (required)' if name in required else ''} | {_cell(words)}{one_of} |\n"
        for value in part["properties"].values():
            yield from _objects(schemas, place, value, seen)


def _parts(schemas: Mapping[str, Schema], file: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The schema behind references, its alternatives, and what its lists and free mappings hold."""
    file, schema = _resolved(schemas, file, schema)
    yield file, schema
    below = [*schema.get("anyOf", []), schema.get("items"), schema.get("additionalProperties")]
    for one in below:
        if isinstance(one, dict) and (set(one) - {"required"}) and not _is_clause(one):
            yield from _parts(schemas, file, one)


def _is_clause(schema: Schema) -> bool:
    """A clause holds clauses; its one key is described where clauses are."""
    return str(schema.get("$ref", "")).endswith("/clause") or schema.get("title") == "a clause"


def _resolved(schemas: Mapping[str, Schema], file: str, schema: Schema) -> tuple[str, Schema]:
    while "$ref" in schema:
        name, _, path = str(schema["$ref"]).partition("#")
        file = name or file
        extra = {key: value for key, value in schema.items() if key != "$ref"}
        found: Any = schemas[file]
        for step in path.strip("/").split("/") if path.strip("/") else ():
            found = found[step]
        schema = {**found, **extra}
    return file, schema


if __name__ == "__main__":
    main()
