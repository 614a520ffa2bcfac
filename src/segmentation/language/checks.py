"""Checks: the small closed set of tests that every operator lowers to.

A check is *facet × constraint*, for some kinds of data. A **facet** is a function from one datum (and a clock) to a scalar: its text, its number,
its day, how many days ago it was, its month … A **constraint** says which scalars pass: members of a set, an interval, a prefix, an inside. Facets
are total: a datum that lacks the facet does not pass. Time enters here and nowhere else, through the clock, so checks never go stale.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Literal

from segmentation.language.data import Datum, Kind, Reading
from segmentation.language.dates import Clock, MonthDay, anniversaries
from segmentation.language.operands import Number
from segmentation.language.places import Place, point

__all__ = [
    "FACETS",
    "WHOLE_VALUE",
    "Check",
    "Constraint",
    "Facet",
    "Inside",
    "Interval",
    "OneOf",
    "Prefix",
    "Substring",
    "Suffix",
    "Window",
    "number_interval",
]


class Facet(enum.Enum):
    """What a check looks at. Days and instants are integers, see `language.dates`."""

    TEXT = "the text, or the text a date was stored as"
    NUMBER = "the number"
    BOOLEAN = "the boolean"
    POINT = "the point (latitude, longitude) that the text names"
    DAY = "the day"
    INSTANT = "the instant of a date-time"
    DAYS_AGO = "today - day"
    AGE = "now - instant, in microseconds"
    WEEKS_AGO = "the number of calendar weeks from the day to today"
    MONTHS_AGO = "the number of calendar months from the day to today"
    YEARS_AGO = "today's year - the day's year"
    DAY_OF_MONTH = "1 to 31"
    MONTH = "1 to 12"
    YEAR = "1 to 9999"
    MONTH_DAY = "(month, day)"
    MONTHS_AGO_IN_YEAR = "(today's month - the month) modulo 12"
    ANNIVERSARY = "(month, day), to be compared with a window of days around today"
    KNOWN = "whether the whole value is known, before a counter's default"
    PRESENT = "whether the whole value is known, after a counter's default"
    COUNT = "the number of elements of the whole value"

    __hash__ = object.__hash__  # members are one of a kind; Enum's own hash is slow


WHOLE_VALUE: dict[Facet, Callable[[Reading], bool | int]] = {
    Facet.KNOWN: attrgetter("is_known"),
    Facet.PRESENT: attrgetter("is_present"),
    Facet.COUNT: attrgetter("size"),
}
"""The facets of a whole value; all others are of one scalar in it, see `FACETS`."""


def _days_ago(datum: Datum, clock: Clock) -> int | None:
    return None if datum.day is None else clock.today - datum.day


def _age(datum: Datum, clock: Clock) -> int | None:
    return None if datum.instant is None else clock.now - datum.instant


def _weeks_ago(datum: Datum, clock: Clock) -> int | None:
    return None if datum.day is None else clock.week(clock.today) - clock.week(datum.day)


def _date(datum: Datum) -> date | None:
    return None if datum.day is None else date.fromordinal(datum.day)


def _months_ago(datum: Datum, clock: Clock) -> int | None:
    day, today = _date(datum), date.fromordinal(clock.today)
    return None if day is None else 12 * (today.year - day.year) + today.month - day.month


def _years_ago(datum: Datum, clock: Clock) -> int | None:
    day = _date(datum)
    return None if day is None else date.fromordinal(clock.today).year - day.year


def _months_ago_in_year(datum: Datum, clock: Clock) -> int | None:
    day, today = _date(datum), date.fromordinal(clock.today)
    if day is None:
        return None
    gap = (today.month - day.month) % 12
    # The month before the calendar and the one after it do not exist, so no anniversary is in them.
    return None if (gap, today.year, today.month) in ((1, 1, 1), (11, 9999, 12)) else gap


def _of_date(part: Callable[[date], Any]) -> Callable[[Datum, Clock], Any]:
    def facet(datum: Datum, _clock: Clock) -> Any:
        day = _date(datum)
        return None if day is None else part(day)

    return facet


def _month_day(day: date) -> MonthDay:
    return day.month, day.day


FACETS: dict[Facet, Callable[[Datum, Clock], Any]] = {
    Facet.TEXT: lambda datum, _clock: datum.value,
    Facet.NUMBER: lambda datum, _clock: datum.value,
    Facet.BOOLEAN: lambda datum, _clock: datum.value,
    Facet.POINT: lambda datum, _clock: point(datum.value) if isinstance(datum.value, str) else None,
    Facet.DAY: lambda datum, _clock: datum.day,
    Facet.INSTANT: lambda datum, _clock: datum.instant,
    Facet.DAYS_AGO: _days_ago,
    Facet.AGE: _age,
    Facet.WEEKS_AGO: _weeks_ago,
    Facet.MONTHS_AGO: _months_ago,
    Facet.YEARS_AGO: _years_ago,
    Facet.DAY_OF_MONTH: _of_date(lambda day: day.day),
    Facet.MONTH: _of_date(lambda day: day.month),
    Facet.YEAR: _of_date(lambda day: day.year),
    Facet.MONTH_DAY: _of_date(_month_day),
    Facet.MONTHS_AGO_IN_YEAR: _months_ago_in_year,
    Facet.ANNIVERSARY: _of_date(_month_day),
}
"""The facets of one scalar, each None where the datum lacks it."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Membership of a set."""

    values: frozenset[Any]

    def admits(self, scalar: Any, _clock: Clock) -> bool:
        """Whether the scalar is one of the values."""
        return scalar in self.values


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, None meaning unbounded, an open end excluding its bound. Scalars of integer facets have closed ends only."""

    low: Any = None
    high: Any = None
    is_low_open: bool = False
    is_high_open: bool = False

    def admits(self, scalar: Any, _clock: Clock) -> bool:
        """Whether the scalar lies between the ends."""
        if self.low is not None and not (scalar > self.low if self.is_low_open else scalar >= self.low):
            return False
        return self.high is None or bool(scalar < self.high if self.is_high_open else scalar <= self.high)


@dataclass(frozen=True, slots=True)
class Prefix:
    """Text that starts with `text`."""

    text: str

    def admits(self, scalar: Any, _clock: Clock) -> bool:
        """Whether the text starts so."""
        return bool(scalar.startswith(self.text))


@dataclass(frozen=True, slots=True)
class Suffix:
    """Text that ends with `text`."""

    text: str

    def admits(self, scalar: Any, _clock: Clock) -> bool:
        """Whether the text ends so."""
        return bool(scalar.endswith(self.text))


@dataclass(frozen=True, slots=True)
class Substring:
    """Text that contains `text`."""

    text: str

    def admits(self, scalar: Any, _clock: Clock) -> bool:
        """Whether the text occurs."""
        return self.text in scalar


@dataclass(frozen=True, slots=True)
class Window:
    """An anniversary that falls on a day from `first` to `last`, counted from today or from the first day of today's week.

    With `is_outside`, one that does not.
    """

    first: int
    last: int
    of: Literal["today", "week"] = "today"
    is_outside: bool = False

    def days(self, clock: Clock) -> tuple[int, int]:
        """The first and the last day of the window."""
        origin = clock.today if self.of == "today" else clock.week_start(clock.today)
        return origin + self.first, origin + self.last

    def admits(self, scalar: Any, clock: Clock) -> bool:
        """Whether the anniversary of this month and day falls inside (outside)."""
        found = anniversaries(*self.days(clock))
        return (found is None or scalar in found) is not self.is_outside


@dataclass(frozen=True, slots=True)
class Inside:
    """A point inside a place."""

    location_id: str
    place: Place

    def admits(self, scalar: Any, _clock: Clock) -> bool:
        """Whether the point lies inside."""
        return self.place.contains(scalar)


Constraint = OneOf | Interval | Prefix | Suffix | Substring | Window | Inside


@dataclass(frozen=True, slots=True)
class Check:
    """A constraint on a facet of data of some kinds. `kinds` is ignored for the facets of a whole value."""

    facet: Facet
    constraint: Constraint
    kinds: Kind

    def admits(self, datum: Datum, clock: Clock) -> bool:
        """Whether one datum passes."""
        if not int.__and__(datum.kind, self.kinds):  # `in`, at a third of its cost
            return False
        scalar = FACETS[self.facet](datum, clock)
        return scalar is not None and self.constraint.admits(scalar, clock)


def number_interval(low: Number | None = None, high: Number | None = None, *, is_open: bool) -> Interval:
    """An interval of numbers bounded on one side."""
    return Interval(low, high, is_low_open=is_open and low is not None, is_high_open=is_open and high is not None)
