"""Raw files before there is a specification: what their columns hold and which SDTM variables they may be."""

from sdtm_il2.survey.dates import DateForms, date_forms
from sdtm_il2.survey.names import Candidate, by_content, by_name
from sdtm_il2.survey.profile import ColumnProfile, PartProfile, Survey, survey

__all__ = [
    "Candidate",
    "ColumnProfile",
    "DateForms",
    "PartProfile",
    "Survey",
    "by_content",
    "by_name",
    "date_forms",
    "survey",
]
