"""SAS transport files (.xpt) as raw data: records of text, as those of a SAS dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sdtm_il2.dataset import arrow
from sdtm_il2.errors import NOWHERE, Location, SourceError, XptError
from sdtm_il2.sources.files import FilePlace
from sdtm_il2.sources.sas import SasColumn, sas_table
from sdtm_il2.sources.text import RawTable
from sdtm_il2.xpt import read_xpt


def read_transport(
    path: Path,
    *,
    member: str = "",
    encoding: str = "utf-8",
    target: str = "",
    file: str = "",
    at: Location = NOWHERE,
) -> RawTable:
    """Records of a SAS XPORT v5 file as text: dates by their SAS format in ISO 8601, numbers in plain decimals.

    ``member`` names the dataset where the file holds several. Missing values are "", special ones (.A to .Z,
    ._) too. Records count from 1; ``headers`` are the labels of the variables. Values under a format of the
    study's own stay codes: a transport file comes without a catalog.

    Raises `SourceError` with SRC372 (which dataset?) or XPT601 to XPT610. With the table come SRC305, SRC365,
    SRC367 and SRC369.
    """
    place = FilePlace(target, file or path.name, at)
    try:
        found = read_xpt(path, member=member or None, encoding=encoding)
    except XptError as fault:
        several = next((one for one in fault.issues if one.code in ("XPT611", "XPT612")), None)
        if several is not None:
            stated = f"'{member}'" if member else "none"
            raise place.refusal("SRC372", names=dict(several.fields)["names"], stated=stated) from None
        raise SourceError(replace(one, at=Location(place.name)) for one in fault.issues) from None
    frame = found.dataset.frame
    columns = []
    for one in found.dataset.columns:
        values = frame[one.name]
        if one.type == "Char":
            columns.append(SasColumn(one.name, one.label, one.format, arrow(values)))
            continue
        special = found.special[one.name].missing if one.name in found.special else {}
        numbers = values.to_numpy(np.float64)
        columns.append(SasColumn(one.name, one.label, one.format, None, numbers, special))
    return sas_table(columns, len(frame), {}, "", place, {})
