"""Assertions about one customer and one segment, whose failure shows why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation.engine import Record, SegmentEngine

__all__ = ["assert_member", "assert_not_member"]


def assert_member(engine: SegmentEngine, customer: Record, segment_id: str, now: datetime | None = None) -> None:
    """Assert that a customer is in a segment; the failure is the explanation, with the customer's values.

    Raises:
        AssertionError: The customer is not.
        UnknownSegmentError: No segment has this id.
    """
    __tracebackhide__ = True
    _check(engine, customer, segment_id, now, is_wanted=True)


def assert_not_member(engine: SegmentEngine, customer: Record, segment_id: str, now: datetime | None = None) -> None:
    """Assert that a customer is not in a segment. For the errors see `assert_member`."""
    __tracebackhide__ = True
    _check(engine, customer, segment_id, now, is_wanted=False)


def _check(engine: SegmentEngine, customer: Record, segment_id: str, now: datetime | None, *, is_wanted: bool) -> None:
    __tracebackhide__ = True
    explanation = engine.explain(customer, segment_id, now)
    if explanation.verdict is not is_wanted:
        raise AssertionError(f"the customer {'should' if is_wanted else 'should not'} be in the segment, and is {explanation.to_text()}")
