"""Which segments is this customer in? A compiled evaluator for the Voucherify segment filter language."""

from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, Problem, RecordError, RecordTypeError, SegmentationError, UnknownSegmentError
from segmentation.model import Customer, CustomerSegmentsList, Segment, SimpleSegment

__all__ = [
    "Customer",
    "CustomerSegmentsList",
    "DefinitionError",
    "Problem",
    "RecordError",
    "RecordTypeError",
    "Segment",
    "SegmentEngine",
    "SegmentationError",
    "SimpleSegment",
    "UnknownSegmentError",
]

__version__ = "0.1.0"
