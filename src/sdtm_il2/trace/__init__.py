"""Trace: from one SDTM value back to file, row, columns, raw text, the line that mapped it, and its term."""

from sdtm_il2.trace.read import Cell, Trace, TracedValue, trace
from sdtm_il2.trace.write import write_lineage

__all__ = ["Cell", "Trace", "TracedValue", "trace", "write_lineage"]
