"""For those who test segments: assertions, strategies for Hypothesis, a pytest plugin, and a naive evaluator to compare with.

The strategies need the extra `testing`; they are loaded when they are first asked for, and the rest works without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation.testing.assertions import assert_member, assert_not_member

if TYPE_CHECKING:
    from segmentation.testing.strategies import NoCustomerError as NoCustomerError
    from segmentation.testing.strategies import any_customers as any_customers
    from segmentation.testing.strategies import any_segments as any_segments
    from segmentation.testing.strategies import customers_for as customers_for
    from segmentation.testing.strategies import filters as filters
    from segmentation.testing.strategies import members_of as members_of
    from segmentation.testing.strategies import non_members_of as non_members_of
    from segmentation.testing.strategies import nows as nows
    from segmentation.testing.strategies import segment_sets as segment_sets
    from segmentation.testing.strategies import segments as segments

_STRATEGIES = (
    "NoCustomerError",
    "any_customers",
    "any_segments",
    "customers_for",
    "filters",
    "members_of",
    "non_members_of",
    "nows",
    "segment_sets",
    "segments",
)

__all__ = ["assert_member", "assert_not_member", *_STRATEGIES]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> Any:
    if name not in _STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from segmentation.testing import strategies  # noqa: PLC0415 - the reference and the assertions need no Hypothesis
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ModuleNotFoundError(f'{name} needs Hypothesis: pip install "segmentation[testing]"', name="hypothesis") from None
    return getattr(strategies, name)
