"""The dates that a condition relative to today comes down to: what a check's facet and constraint admit, told as dates.

This is the inverse of the facets of `language.checks` that depend on the clock. It decides nothing; tests compare it with what the checks admit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from segmentation.language.checks import FACETS, Check, Facet, Interval, OneOf, Window
from segmentation.language.data import Datum, Kind
from segmentation.language.dates import DAY, FIRST_DAY, LAST_DAY, Calendar, Clock

__all__ = ["RELATIVE", "Period", "periods"]

RELATIVE = frozenset(
    {Facet.DAYS_AGO, Facet.AGE, Facet.WEEKS_AGO, Facet.MONTHS_AGO, Facet.YEARS_AGO, Facet.MONTHS_AGO_IN_YEAR, Facet.ANNIVERSARY},
)
"""The facets that depend on the clock."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 8
_DAYS_OF_A_YEAR = 365

Unit = Literal["day", "instant", "anniversary", "month"]


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included; None: no bound.

    Days and instants are ISO 8601 text, an `anniversary` is told by the days on which it falls, a `month` (of any year) by its number.
    """

    unit: Unit
    first: str | None
    last: str | None
    is_outside: bool = False
    """Whether what is meant lies outside of it."""

    def __str__(self) -> str:
        match self.first, self.last:
            case None, None:
                told = "any"
            case None, last:
                told = f"{last} or before"
            case first, None:
                told = f"{first} or later"
            case first, last:
                told = f"{first}" if first == last else f"{first} to {last}"
        words = {"day": "", "instant": "", "anniversary": "anniversary on ", "month": "month "}[self.unit]
        return f"{'not ' if self.is_outside else ''}{words}{told}"


def periods(check: Check, clock: Clock, calendar: Calendar) -> list[Period]:
    """The dates that a check with a relative facet admits at a clock's time, the nearest first; empty when there is none in the calendar."""
    found: list[Period] = []
    match check.facet, check.constraint:
        case Facet.ANNIVERSARY, Window() as window:
            first, last = window.days(clock)
            first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
            is_every = last - first >= _DAYS_OF_A_YEAR
            if first <= last:
                found = [Period("anniversary", None if is_every else _day(first), None if is_every else _day(last), is_outside=window.is_outside)]
        case Facet.MONTHS_AGO_IN_YEAR, OneOf(values):
            months = [(number, FACETS[Facet.MONTHS_AGO_IN_YEAR](_in_month(number), clock)) for number in range(1, 13)]
            found = [Period("month", str(number), str(number)) for number, gap in months if gap in values]
        case facet, OneOf(values):
            found = list(_spans(facet, [(value, value) for value in sorted(values, key=abs)[:_MOST]], clock, calendar))
        case facet, Interval(low, high):
            found = list(_spans(facet, [(low, high)], clock, calendar))
    return found


def _spans(facet: Facet, bounds: list[tuple[int | None, int | None]], clock: Clock, calendar: Calendar) -> Iterator[Period]:
    """Spans of a facet that counts backwards from today: the greatest count is the earliest date."""
    unit: Unit = "instant" if facet is Facet.AGE else "day"
    ends = _ENDS[facet]
    tell = _day if unit == "day" else _teller(calendar)
    least, greatest = (FIRST_DAY, LAST_DAY) if unit == "day" else (_instant_of(FIRST_DAY), _instant_of(LAST_DAY + 1) - 1)
    for low, high in bounds:
        first = None if high is None else ends(high, clock)[0]
        last = None if low is None else ends(low, clock)[1]
        if (low is not None and high is not None and low > high) or (first is not None and first > greatest) or (last is not None and last < least):
            continue
        yield Period(unit, None if first is None or first < least else tell(first), None if last is None or last > greatest else tell(last))


def _in_month(number: int) -> Datum:
    return Datum(Kind.DATE, "", date(2000, number, 1).toordinal())


def _instant_of(day: int) -> int:
    return (day - _EPOCH.toordinal()) * DAY


def _day(ordinal: int) -> str | None:
    return date.fromordinal(ordinal).isoformat()


def _teller(calendar: Calendar) -> Callable[[int], str | None]:
    def tell(instant: int) -> str | None:
        moment = _EPOCH + timedelta(microseconds=instant)
        try:
            return moment.astimezone(calendar.zone).isoformat()
        except OverflowError:
            return moment.isoformat()

    return tell


def _month_ends(months_ago: int, clock: Clock) -> tuple[int, int]:
    today = date.fromordinal(clock.today)
    months = 12 * today.year + today.month - 1 - months_ago
    return _first_of(months), _first_of(months + 1) - 1


def _first_of(months: int) -> int:
    """The ordinal of the first day of a month, months counted from January of year 0; it may lie just outside the calendar."""
    year, month = divmod(months, 12)
    if not date.min.year <= year <= date.max.year:
        return FIRST_DAY - 1 if year < date.min.year else LAST_DAY + 1
    return date(year, month + 1, 1).toordinal()


def _year_ends(years_ago: int, clock: Clock) -> tuple[int, int]:
    months = 12 * (date.fromordinal(clock.today).year - years_ago)
    return _first_of(months), _first_of(months + 12) - 1


def _week_ends(weeks_ago: int, clock: Clock) -> tuple[int, int]:
    first = clock.week_start(clock.today) - 7 * weeks_ago
    return first, first + 6


_ENDS: dict[Facet, Callable[[int, Clock], tuple[int, int]]] = {
    Facet.DAYS_AGO: lambda days, clock: (clock.today - days, clock.today - days),
    Facet.AGE: lambda age, clock: (clock.now - age, clock.now - age),
    Facet.WEEKS_AGO: _week_ends,
    Facet.MONTHS_AGO: _month_ends,
    Facet.YEARS_AGO: _year_ends,
}
"""From a count back from today to the first and the last day (instant) that have it."""
