"""Standards: what SDTM, its implementation guide and controlled terminology define.

>>> standard = load_standard("SDTMIG 3.4", "2025-03-28")
>>> severity = standard.variable("AE", "AESEV")
>>> severity.label, severity.codelists
('Severity/Intensity', ('C66769',))
>>> standard.codelist("C66769").values
('MILD', 'MODERATE', 'SEVERE')
"""

from __future__ import annotations

from sdtm_il2.standards.describe import Description, describe
from sdtm_il2.standards.guide import OBSERVATION_CLASSES, Standard
from sdtm_il2.standards.imports import ImportedRelease, import_ig, import_terminology
from sdtm_il2.standards.load import load_define_terminology, load_standard
from sdtm_il2.standards.model import Codelist, DatasetDef, Term, VariableDef
from sdtm_il2.standards.release import Release, available_releases
from sdtm_il2.standards.terminology import CodelistName, Terminology

__all__ = [
    "OBSERVATION_CLASSES",
    "Codelist",
    "CodelistName",
    "DatasetDef",
    "Description",
    "ImportedRelease",
    "Release",
    "Standard",
    "Term",
    "Terminology",
    "VariableDef",
    "available_releases",
    "describe",
    "import_ig",
    "import_terminology",
    "load_define_terminology",
    "load_standard",
]
