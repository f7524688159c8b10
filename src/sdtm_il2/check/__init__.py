"""The specification against the data: columns that do not exist, and what the data say of formats and terms."""

from sdtm_il2.check.columns import check_columns, with_header_columns
from sdtm_il2.check.data import check_data

__all__ = ["check_columns", "check_data", "with_header_columns"]
