"""Identifiers: the unique subject identifier. --SEQ is given by the order of the records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sdtm_il2.dataset import char, take
from sdtm_il2.methods.evaluate import method
from sdtm_il2.methods.view import View
from sdtm_il2.plan.calls import Call
from sdtm_il2.plan.template import parse_template


def usubjids(template: str, study: str, subjects: Sequence[str]) -> list[str]:
    """USUBJID of each subject by the study's template; "" for no subject.

    >>> usubjids("{study}-{subject}", "IL2", ["001", ""])
    ['IL2-001', '']
    """
    parts = parse_template(template)

    def one(subject: str) -> str:
        texts = {"study": study, "subject": subject}
        found = []
        for part in parts:
            text = texts[part.column] if part.column else part.text
            found.append(text[part.first - 1 : part.last] if part.first else text)
        return "".join(found)

    return [one(subject) if subject else "" for subject in subjects]


@method("usubjid")
def of_records(view: View, call: Call) -> pd.Series:
    """USUBJID: the partition's subject of each record."""
    subjects = char([*view.partition.subjects])
    return take(subjects, view.block.subjects.astype(np.int64))
