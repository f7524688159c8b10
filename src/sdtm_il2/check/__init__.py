"""The specification against the data: columns that do not exist, and what the data say of formats and terms."""

from sdtm_il2.check.columns import check_columns, with_header_columns
from sdtm_il2.check.data import check_data
from sdtm_il2.check.inputs import Specification, load_specification, read_raw

__all__ = [
    "Specification",
    "check_columns",
    "check_data",
    "load_specification",
    "read_raw",
    "with_header_columns",
]
