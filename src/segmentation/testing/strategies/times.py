"""Moments, time zones, and the options of engines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from segmentation.language.attributes import built_in_type
from segmentation.testing.strategies.choices import drawn
from segmentation.testing.strategies.filters import declared
from segmentation.testing.strategies.pools import ATTRIBUTES, EDGES, LOCATIONS, NOWS, WEEK_STARTS, ZONES

__all__ = ["attribute_types", "engine_options", "fixed_nows", "nows", "week_starts", "zones"]


@lru_cache(maxsize=64)
def fixed_nows(zone: str) -> tuple[datetime, ...]:
    """Moments at which something happens to days, weeks, months or years in a zone."""

    def exists(moment: datetime) -> bool:
        try:
            moment.astimezone(UTC).astimezone(ZoneInfo(zone))
        except OverflowError:
            return False
        return True

    return NOWS + tuple(moment for moment in EDGES if exists(moment))


@st.composite
def nows(draw: DrawFn, timezone: str = "UTC") -> datetime:
    """Aware date-times at leap days, the ends of months, years and of the calendar, and clock changes, ± a little; all have a day in the zone."""
    choices = drawn(draw)
    moment = choices.pick(fixed_nows(timezone))
    if date.min.year < moment.year < date.max.year and choices.once_in(3):
        moment += timedelta(days=choices.below(61) - 30, microseconds=choices.pick((0, 1, -1)))
    return moment


def zones() -> SearchStrategy[str]:
    """Names of time zones: far east and west, with clock changes of an hour and of half an hour, at midnight, and of a day."""
    return st.sampled_from(ZONES)


def week_starts() -> SearchStrategy[str]:
    """The first days of the week that an engine may have."""
    return st.sampled_from(WEEK_STARTS)


def attribute_types() -> SearchStrategy[dict[str, str | None]]:
    """Pools of attributes like `ATTRIBUTES`, each undeclared key declared, or declared otherwise, at times."""
    types = st.sampled_from((None, "string", "number", "boolean", "date", "datetime", "geopoint"))
    free = [key for key in ATTRIBUTES if built_in_type(key) is None]
    return st.dictionaries(st.sampled_from(free), types, max_size=6).map(lambda changed: {**ATTRIBUTES, **changed})


@st.composite
def engine_options(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The keyword arguments of an engine: time zone, start of the week, declared attributes, locations. For the arguments see `filters`."""
    return {
        "timezone": draw(zones()),
        "week_start": draw(week_starts()),
        "attributes": declared(ATTRIBUTES if attributes is None else attributes),
        "locations": dict(LOCATIONS if locations is None else locations),
    }
