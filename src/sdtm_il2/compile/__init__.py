"""Compile a specification into a plan: names resolved, terms bound, variables ordered. Touches no data."""

from sdtm_il2.compile.plan import columns_read, compile_plan

__all__ = ["columns_read", "compile_plan"]
