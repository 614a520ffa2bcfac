"""JSON in and out, as written: segments, customers, answers."""

from segmentation.model.answer import CustomerSegmentsList, SimpleSegment
from segmentation.model.customer import Customer
from segmentation.model.segment import Segment

__all__ = ["Customer", "CustomerSegmentsList", "Segment", "SimpleSegment"]
