"""The specification: study.yaml, domain files and tables, read strictly into a frozen model."""

from sdtm_il2.spec.load import load_spec

__all__ = ["load_spec"]
