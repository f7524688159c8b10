"""Identifiers: the unique subject identifier. --SEQ is given by the order of the records."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sdtm_il2.dataset import char, take
from sdtm_il2.methods.evaluate import method
from sdtm_il2.methods.view import View
from sdtm_il2.plan.calls import Call
from sdtm_il2.plan.template import parse_template


def usubjid(template: str, study: str, subject: str) -> str:
    """USUBJID of a subject by the study's template; "" for no subject.

    >>> usubjid("{study}-{subject}", "IL2", "001")
    'IL2-001'
    """
    if not subject:
        return ""
    texts = {"study": study, "subject": subject}
    parts = []
    for part in parse_template(template):
        text = texts[part.column] if part.column else part.text
        parts.append(text[part.first - 1 : part.last] if part.first else text)
    return "".join(parts)


@method("usubjid")
def of_records(view: View, call: Call) -> pd.Series:
    """USUBJID: the partition's subject of each record."""
    subjects = char([*view.partition.subjects])
    return take(subjects, view.block.subjects.astype(np.int64))
