"""Compile a specification into a plan: names resolved, terms bound, variables ordered. Touches no data."""

from sdtm_il2.compile.plan import compile_plan

__all__ = ["compile_plan"]
