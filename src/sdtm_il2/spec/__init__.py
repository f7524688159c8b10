"""The specification: study.yaml, domain files and tables, read strictly into a frozen model."""

from sdtm_il2.spec.choose import choose
from sdtm_il2.spec.doubt import Readable
from sdtm_il2.spec.load import load_readable, load_spec

__all__ = ["Readable", "choose", "load_readable", "load_spec"]
