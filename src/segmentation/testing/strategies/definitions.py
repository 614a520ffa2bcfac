"""Segment definitions and sets of them."""

from __future__ import annotations

import random as random_module
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from segmentation.testing.strategies.choices import Choices, drawn, seeded
from segmentation.testing.strategies.filters import FilterMaker, filter_maker, made_filter
from segmentation.testing.strategies.pools import Segment

__all__ = ["CUSTOMERS", "made_segment", "seeded_segments", "segment_sets", "segments"]

CUSTOMERS: Final = ("cust_1", "cust_2", "mail-7", "1", "", "null", "é", "\ud83d", "00000000-0000-0000-0000-000000000001", "Gold")
_NAMES: Final = ("Segment", "", "Ünïcode 😀", '"quoted"', "a\x00b", "line\nbreak")


def made_segment(choices: Choices, maker: FilterMaker, id_: str, leaves: int, members: int = 6) -> Segment:
    """A definition of any type, with at most so many conditions, or so many members."""
    made: Segment = {"id": id_, "name": choices.pick(_NAMES)}
    form = choices.below(8)
    if form == 7:  # noqa: PLR2004 - one of eight is static
        form = choices.below(5)
        if form != 0:
            made["type"] = "static"
        if form != 1:
            made["customers"] = [choices.pick(CUSTOMERS) for _ in choices.several(0, members, more=2 if members < 10 else 200)]  # noqa: PLR2004 - a short list
        if form == 2:  # noqa: PLR2004 - one of five
            made["filter"] = None
    else:
        if form > 2:  # noqa: PLR2004 - the rest has the default type
            made["type"] = "passive" if form < 5 else "auto-update"  # noqa: PLR2004 - likewise
        made["filter"] = made_filter(maker, leaves)
    if choices.once_in(6):
        made |= choices.pick(
            (
                {"object": "segment"},
                {"created_at": "2026-01-01T00:00:00Z", "updated_at": None},
                {"initial_sync_status": "DONE"},
                {"customers": None} if "customers" not in made else {},
            )
        )
    return made


@st.composite
def segments(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 12,
    id_: str = "seg_0",
) -> Segment:
    """One valid segment definition of any of the three types, as a JSON object. For the arguments see `filters`."""
    choices = drawn(draw)
    return made_segment(choices, filter_maker(choices, attributes, locations, max_depth), id_, max_leaves)


@st.composite
def segment_sets(
    draw: DrawFn,
    min_size: int = 0,
    max_size: int = 6,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 8,
) -> list[Segment]:
    """Sets of valid segment definitions with unique ids, over the same few attributes. For the other arguments see `filters`."""
    choices = drawn(draw)
    maker = filter_maker(choices, attributes, locations, max_depth)
    return [made_segment(choices, maker, f"seg_{number}", max_leaves) for number, _ in enumerate(choices.several(min_size, max_size, more=3))]


def seeded_segments(
    seed: int | random_module.Random,
    count: int,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 6,
    keys: int = 12,
) -> list[Segment]:
    """A set of `count` segments from a seed, where Hypothesis would be slow; the same distribution, over up to `keys` attributes."""
    choices = seeded(seed)
    maker = filter_maker(choices, attributes, locations, max_depth)
    maker.keys = choices.some_of(list(maker.attributes), keys, keys)
    maker.longest = 200
    return [made_segment(choices, maker, f"seg_{number}", 1 + choices.below(max_leaves), members=400) for number in range(count)]
