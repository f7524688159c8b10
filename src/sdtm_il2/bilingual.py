"""Texts for the reviewer in English and Chinese, and the phrases that they are made of."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in English and, where there is one, in Chinese; false without text."""

    en: str = ""
    zh: str = ""

    def __bool__(self) -> bool:
        return bool(self.en)


NO_TEXT = Bilingual()
#: What a sentence begins with, unless it is a name that keeps its letters: eGFR, r_NO, round(..).
_WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*(?=[\s,;:!?]|\.?$)")


def joined(parts: Sequence[Bilingual]) -> Bilingual:
    """Sentences one after the other; in Chinese only if each of them is, for half a text misleads.

    >>> joined([Bilingual("One.", "一。"), Bilingual("Two.", "二。")])
    Bilingual(en='One. Two.', zh='一。二。')
    >>> joined([Bilingual("One.", "一。"), Bilingual("Two.")])
    Bilingual(en='One. Two.', zh='')
    """
    whole = all(one.zh for one in parts)
    return Bilingual(" ".join(one.en for one in parts), "".join(one.zh for one in parts) if whole else "")


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language, by their key; fields in braces are filled."""

    language: Language
    texts: Mapping[str, str]

    def say(self, key: str, **fields: str) -> str:
        """A phrase with its fields.

        >>> phrases("zh").say("where_LT", name="VSORRES", values="90")
        'VSORRES小于90'
        """
        return self.texts[key].format_map(fields)

    def list(self, parts: Sequence[str]) -> str:
        """Parts as a sentence lists them.

        >>> phrases("en").list(["A", "B", "C"]), phrases("zh").list(["A", "B", "C"])
        ('A, B and C', 'A、B和C')
        """
        if len(parts) < 2:
            return "".join(parts)
        return self.say("and", first=self.texts["comma"].join(parts[:-1]), last=parts[-1])

    def sentence(self, text: str) -> str:
        """A text as a sentence: with a capital where a plain English word begins it, and its full stop.

        >>> phrases("en").sentence("the value of DM.SEX"), phrases("zh").sentence("DM.SEX的值")
        ('The value of DM.SEX.', 'DM.SEX的值。')
        >>> phrases("en").sentence("eGFR by CKD-EPI"), phrases("zh").sentence("eGFR的值")
        ('eGFR by CKD-EPI.', 'eGFR的值。')
        """
        text = text.strip()
        if self.language == "en" and _WORD.match(text):
            text = text[:1].upper() + text[1:]
        stop = "。" if self.language == "zh" else "."
        return text if text.endswith((".", "!", "?", "。", "！", "？")) else f"{text}{stop}"


@functools.cache
def phrases(language: Language) -> Phrases:
    """The phrases of a language."""
    table = importlib.resources.files("sdtm_il2") / "data" / "phrases.csv"
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    return Phrases(language, {row["key"]: row[language] for row in rows})


def said(key: str, **fields: str) -> Bilingual:
    """A phrase in both languages.

    >>> said("where_FILLED", name="AESEV")
    Bilingual(en='AESEV is filled', zh='AESEV非空')
    """
    return Bilingual(phrases("en").say(key, **fields), phrases("zh").say(key, **fields))
