"""The specification: study.yaml, domain files and tables, read strictly into a frozen model."""

from sdtm_il2.spec.choose import choose
from sdtm_il2.spec.load import load_spec

__all__ = ["choose", "load_spec"]
