"""Many predicates, many records: tables of customers in, who is in which segment out.

Needs the extra `batch`: numpy and pyarrow.
"""

from segmentation.batch.membership import Membership
from segmentation.batch.program import Program
from segmentation.batch.tables import JsonColumns, batches_of, evaluate, room_for

__all__ = ["JsonColumns", "Membership", "Program", "batches_of", "evaluate", "room_for"]
