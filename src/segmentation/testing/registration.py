"""What Hypothesis is told when it is imported, by its entry point: how to draw `Segment` and `Customer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from segmentation.model import Customer, Segment

__all__ = ["register"]


def register() -> None:
    """Register strategies, so that `st.from_type(Segment)` and `st.from_type(Customer)` work by themselves.

    They yield what an engine without options accepts. The strategies are made when one is first asked for: Hypothesis is still being imported now.
    """
    from hypothesis import strategies as st  # noqa: PLC0415 - only who has Hypothesis comes here

    from segmentation.model import Customer, Segment  # noqa: PLC0415 - likewise

    st.register_type_strategy(Segment, _segments)
    st.register_type_strategy(Customer, _customers)


def _segments(_: type[Segment]) -> SearchStrategy[Segment]:
    from segmentation.testing.strategies.customers import any_segments  # noqa: PLC0415 - see `register`

    return any_segments()


def _customers(_: type[Customer]) -> SearchStrategy[Customer]:
    from segmentation.testing.strategies.customers import any_customers  # noqa: PLC0415 - see `register`

    return any_customers()
