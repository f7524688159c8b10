"""Trace: from one SDTM value back to file, row, columns, raw text, the line that mapped it, and its term; and forth."""

from sdtm_il2.trace.model import Cell, Trace, TracedValue
from sdtm_il2.trace.read import trace
from sdtm_il2.trace.row import FedRecord, RowTrace, trace_row
from sdtm_il2.trace.write import write_lineage

__all__ = ["Cell", "FedRecord", "RowTrace", "Trace", "TracedValue", "trace", "trace_row", "write_lineage"]
