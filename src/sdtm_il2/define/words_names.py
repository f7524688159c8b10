"""What a method reads, in words: columns, variables, joined records and clauses as a sentence names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sdtm_il2.bilingual import Phrases
from sdtm_il2.moment import form
from sdtm_il2.plan.blocks import EACH, EACH_NUMBER, TABLE, BlockPlan, DecodePlan, JoinPlan
from sdtm_il2.plan.calls import ColumnRef, Test, VariableRef
from sdtm_il2.plan.number import number
from sdtm_il2.plan.visits import REGISTER, VISIT_COLUMNS, VISITS
from sdtm_il2.where import Clause, Condition, describe

_REPEATED = {EACH: "repeated_name", EACH_NUMBER: "repeated_number"}
#: English values that no reader takes for a part of the sentence: words of letters and digits.
_PLAIN = re.compile(r"[\w+%/<>=^-][\w+%/<>=^.*:'-]*( [\w+%/<>=^-][\w+%/<>=^.*:'-]*)*")
#: Words of the sentence itself, and what reads as the name of a variable.
_OUR_WORDS = re.compile(r"(?i)(?:^|.* )(?:and|or|if|is|otherwise|missing|filled|none|where)(?: .*|$)")
_NAME_LIKE = re.compile(r"[A-Za-z]\w*\.[A-Za-z]\w*")


@dataclass(frozen=True, slots=True)
class Told:
    """A block whose rules are told, and the language in which they are."""

    block: BlockPlan
    phrases: Phrases

    def say(self, key: str, **fields: str) -> str:
        """A phrase of the language."""
        return self.phrases.say(key, **fields)

    def list(self, parts: Sequence[str]) -> str:
        """Parts as a sentence lists them."""
        return self.phrases.list(parts)

    def text(self, text: str) -> str:
        """A text in quotes."""
        return self.phrases.say("text", text=text)


def is_repetition(ref: ColumnRef) -> bool:
    """Whether a column is the name or the number of a repetition."""
    return not ref.alias and ref.column in _REPEATED


def is_grouped(block: BlockPlan, ref: ColumnRef) -> bool:
    """Whether a column is taken of several rows that are grouped to one record."""
    return (
        block.group is not None
        and bool(ref.column)
        and ref.column not in [one.column for one in block.group.by]
    )


def ref_words(told: Told, ref: ColumnRef | VariableRef) -> str:
    """A column or variable as a sentence names it, with the record that it is taken of."""
    block = told.block
    if isinstance(ref, VariableRef):
        return f"{ref.domain}.{ref.variable}" if ref.domain else ref.variable
    if is_repetition(ref):
        return told.say(_REPEATED[ref.column])
    try:
        source, dataset = block.source_of(ref.alias)
    except KeyError:
        source, dataset = ref.alias, False
    join = next((one for one in block.joins if ref.alias and one.alias == ref.alias), None)
    if join is not None:
        return _joined(told, source_column_words(told, source, ref.column, dataset=dataset), join)
    each = None if ref.alias else block.each_of(ref.column)
    if each is not None and each.columns:
        key = "repeated_variables" if dataset else "repeated_columns"
        return told.say(key, source=source, first=each.columns[0], last=each.columns[-1])
    table = None if ref.alias else next((one for one in block.decode if ref.column in one.added), None)
    if table is not None:
        return decoded_words(told, table, ref.column)
    name = source_column_words(told, source, ref.column, dataset=dataset)
    if not is_grouped(block, ref):
        return name
    same = told.list([one.column for one in block.group.by] if block.group else [])
    take = block.group.take.get(ref.column, "") if block.group else ""
    return told.say(f"group_{take or 'alike'}", name=name, same=same)


def decoded_words(told: Told, table: DecodePlan, column: str) -> str:
    """A column of a table of the study, which is looked up by columns of the record."""
    by = told.list([ref_words(told, ref) for ref, _ in table.by])
    return told.say("decoded", column=column, table=table.table, by=by)


def source_column_words(told: Told, source: str, column: str, *, dataset: bool) -> str:
    """A column of a source, a variable of a dataset, or what is known of the subject's visits."""
    if source == VISITS:
        what = told.say(f"visit_{column}") if column in REGISTER else column
        return told.say("visit_column", column=what)
    if source.startswith(TABLE):
        return f"{source.removeprefix(TABLE)}.{column}"
    return f"{source}.{column}" if dataset else told.say("column", source=source, column=column)


def _joined(told: Told, name: str, join: JoinPlan) -> str:
    """Which record is meant, where a source or dataset is joined by more than the subject."""

    def named(other: str) -> str:
        return other if join.dataset else told.say("quoted", text=other)

    own = told.list(
        [
            told.say("same_visit")
            if other in VISIT_COLUMNS.values()
            else told.say("same_name", name=named(other))
            if isinstance(ref, ColumnRef) and ref.column == other
            else told.say("equal_name", name=named(other), words=ref_words(told, ref))
            for ref, other in join.by
        ]
    )
    if join.where is None:
        return told.say("joined_with", name=name, own=own) if own else name
    # its names are those of the joined record
    test = own_names_words(told, join.where, dataset=join.dataset, group=bool(own))
    return told.say("joined_with_where" if own else "joined_where", name=name, own=own, test=test)


def own_names_words(told: Told, test: Test, *, dataset: bool = False, group: bool = False) -> str:
    """A clause that sees one record only, whose names stand bare."""
    names = {} if dataset else {name: told.say("quoted", text=name) for name in test.names}
    return _described(told, test.clause, names, lambda name: name.strip("“”").endswith("DTC"), group=group)


def clause_words(told: Told, test: Test, *, group: bool = False) -> str:
    """A clause in words, its columns and variables named as elsewhere; ``group``: in brackets if it is an OR."""
    words = {name: ref_words(told, ref) for name, ref in test.names.items()}
    dates = {word for name, word in words.items() if name.endswith("DTC")}
    return _described(
        told, test.clause, words, lambda name: name in dates or name.endswith("DTC"), group=group
    )


def _described(
    told: Told, clause: Clause, words: Mapping[str, str], is_date: Callable[[str], bool], *, group: bool
) -> str:
    said = describe(_renamed(told, clause, words), is_date, told.phrases.language)
    return told.say("where_group", words=said) if group and clause.any and len(clause.parts) > 1 else said


def _renamed(told: Told, clause: Clause, words: Mapping[str, str]) -> Clause:
    """A clause with names in words, and with values that stand out from the sentence."""

    def value(condition: Condition, text: str) -> str:
        if (
            "." in text and text in words and not condition.quoted
        ):  # a value is a text, unless it is a variable
            return words[text]
        return _value(told, text)

    return replace(
        clause,
        parts=tuple(
            _renamed(told, one, words)
            if isinstance(one, Clause)
            else replace(
                one,
                name=words.get(one.name, one.name),
                values=tuple(value(one, text) for text in one.values),
            )
            for one in clause.parts
        ),
    )


def _value(told: Told, text: str) -> str:
    """A text that a clause compares with: in quotes, but for numbers, dates, and plain English words."""
    if not text or number(text) is not None or form(text) != "text":
        return text
    if told.phrases.language == "zh":
        return told.text(text)
    plain = _PLAIN.fullmatch(text) and not _OUR_WORDS.match(text) and not _NAME_LIKE.fullmatch(text)
    return text if plain else told.text(text)
