"""`init`: a study that builds, drafted from raw files, for its author to correct."""

from sdtm_il2.starter.draft import draft_study
from sdtm_il2.starter.model import Draft
from sdtm_il2.starter.write import write_draft

__all__ = ["Draft", "draft_study", "write_draft"]
