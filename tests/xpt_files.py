"""XPORT files of the tests: their records as bytes, and what is refused."""

from __future__ import annotations

import pytest

from sdtm_il2.errors import XptError
from sdtm_il2.xpt import write_xpt


def data_of(path, length):
    """The records of a file with one variable, cut at its length."""
    raw = path.read_bytes()
    raw = raw[raw.index(b"HEADER RECORD*******OBS") + 80 :]
    return [raw[at : at + length] for at in range(0, len(raw), length)]


def refused(path, *arguments, **keywords):
    """The issues that a write raises, as `CODE target`, and the error."""
    with pytest.raises(XptError) as caught:
        write_xpt(path, *arguments, **keywords)
    return {f"{one.code} {one.target}": one for one in caught.value.issues}
