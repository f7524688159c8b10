"""Two sets of datasets compared by key: records added, removed and changed, and what changed in them."""

from sdtm_il2.diff.compare import diff
from sdtm_il2.diff.model import DatasetDiff, Diff, RecordDiff, VariableDiff

__all__ = ["DatasetDiff", "Diff", "RecordDiff", "VariableDiff", "diff"]
