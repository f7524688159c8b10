"""What each agency takes: encoding and language of the text, labels, size of a file. Facts only, no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: XPORT files hold labels of at most so many bytes.
LABEL_BYTES = 40

_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Agency:
    """What one agency takes.

    ``encodings`` are those of its XPORT files, the usual one first. ``language`` is the language of the values,
    "" where they stay as collected. ``chinese_labels``: labels may be Chinese. ``plain_labels``: a label has no
    quote, apostrophe or bracket without its pair. ``file_bytes`` is the size that a file may have (0: any), and
    ``above`` what to do with a larger one.
    """

    name: str
    title: str
    encodings: tuple[str, ...]
    language: str = ""
    chinese_labels: bool = False
    plain_labels: bool = False
    file_bytes: int = 0
    above: str = ""

    @property
    def english(self) -> bool:
        """Values that are not ASCII need an English text."""
        return self.language == "en"


#: By the name that `agency:` has; "" is a study that names none: text stays as collected, in UTF-8.
AGENCIES: Mapping[str, Agency] = {
    "": Agency("", "no agency", ("utf-8",)),
    "fda": Agency(
        "fda", "FDA", ("ascii",), "en", plain_labels=True, file_bytes=5_000_000_000,
        above="split it, and describe the split in the reviewer's guide",
    ),
    "pmda": Agency(
        "pmda", "PMDA", ("ascii",), "en", file_bytes=5_000_000_000,
        above="consult the PMDA before the submission",
    ),
    "nmpa": Agency(
        "nmpa", "NMPA", ("gb18030", "utf-8"), "zh", chinese_labels=True, file_bytes=4_000_000_000,
        above="split it, and describe the rule of the split in the reviewer's guide",
    ),
}  # fmt: skip


def byte_length(text: str, encoding: str = "utf-8") -> int:
    """Bytes of a text in the encoding of the files; what ASCII does not have counts as in UTF-8.

    >>> byte_length("阴性"), byte_length("阴性", "gb18030"), byte_length("阴性", "ascii")
    (6, 4, 6)
    """
    return len(text.encode("utf-8" if encoding == "ascii" else encoding))


def without_pair(label: str) -> str:
    """The first quote, apostrophe or bracket of a label that has no pair; "" if all have one.

    >>> without_pair("Patient's Reason"), without_pair("Dose (mg"), without_pair('"As" [is]')
    ("'", '(', '')
    """
    open_: list[str] = []
    for one in label:
        if one in "\"'":
            if one in open_:
                inner = open_[open_.index(one) + 1 :]
                if inner:
                    return inner[0]
                open_.pop()
            else:
                open_.append(one)
        elif one in "([{":
            open_.append(one)
        elif one in _PAIRS:
            if not open_ or open_[-1] != _PAIRS[one]:
                return one
            open_.pop()
    return open_[0] if open_ else ""
