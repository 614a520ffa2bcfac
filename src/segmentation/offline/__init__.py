"""Whole files of customers: who is in which segment, what changed, and what it looks like. `docs/offline.md` describes it.

Needs the extra `batch`; pictures need `report`.
"""

from segmentation.offline.outputs import FORMATS
from segmentation.offline.run import Summary, run
from segmentation.offline.sources import RunError

__all__ = ["FORMATS", "RunError", "Summary", "run"]
