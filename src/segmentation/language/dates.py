"""Days and instants, and what *today* makes of them (spec sections 4 to 5.7).

Units, everywhere in the library: a *day* is the proleptic Gregorian ordinal of a calendar date (1 is 0001-01-01); an *instant* is a count of
microseconds since 1970-01-01T00:00Z. Both are plain integers, so that comparison is exact and arithmetic cannot leave the calendar with an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from segmentation import iso8601
from segmentation.errors import nearest

__all__ = [
    "DAY",
    "FIRST_DAY",
    "LAST_DAY",
    "WEEK_STARTS",
    "Calendar",
    "Clock",
    "Moment",
    "MonthDay",
    "WeekStart",
    "anniversaries",
]

DAY = 86_400_000_000
"""Microseconds in 24 hours."""
FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

WeekStart = Literal["monday", "sunday", "saturday"]
WEEK_STARTS: dict[str, int] = {"monday": 1, "sunday": 0, "saturday": 6}
"""The ordinal, modulo 7, of the days on which a week may start (ordinal 1 was a Monday)."""

MonthDay = tuple[int, int]


class Moment(NamedTuple):
    """A date-time: its instant, and the day on which it falls in the calendar's time zone."""

    instant: int
    day: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """A time zone and the first day of the week."""

    timezone: str = "UTC"
    week_start: WeekStart = "monday"
    zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _is_utc: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.week_start not in WEEK_STARTS:
            raise ValueError(f"week_start is one of {', '.join(WEEK_STARTS)}, not {self.week_start!r}")
        object.__setattr__(self, "zone", _zone(self.timezone))
        object.__setattr__(self, "_is_utc", self.timezone == "UTC")

    def clock(self, now: datetime | None = None) -> Clock:
        """The clock at `now` (default: the current time).

        Raises:
            ValueError: `now` has no offset, or lies outside the years 0001 to 9999.
        """
        if now is None:
            now = datetime.now(UTC)
        if not isinstance(now, datetime):
            raise TypeError(f"now is a datetime, not {type(now).__name__}")
        if now.utcoffset() is None:
            raise ValueError("now is a naive datetime; give it a time zone, e.g. datetime.now(timezone.utc)")
        instant = (now - _EPOCH_INSTANT) // _MICROSECOND
        today = self.day_of(instant)
        if today is None:
            raise ValueError("now lies outside the years 0001 to 9999")
        return Clock(today, instant, WEEK_STARTS[self.week_start])

    def moment(self, when: datetime) -> Moment | None:
        """The moment of a date-time, a naive one being a wall-clock time in this time zone.

        A local time that occurs twice is the first; one that does not occur has the offset in force before the gap (PEP 495, fold 0). None when
        the instant's day, in UTC or in the zone, is outside the calendar.
        """
        if when.tzinfo is None:
            when = when.replace(tzinfo=self.zone, fold=0)
        since = when - _EPOCH_INSTANT
        instant = since.days * DAY + since.seconds * 1_000_000 + since.microseconds
        day = since.days + _EPOCH if self._is_utc else self.day_of(instant)
        return None if day is None or not FIRST_DAY <= day <= LAST_DAY else Moment(instant, day)

    def day_of(self, instant: int) -> int | None:
        """The day on which an instant falls in this time zone; None when it, in UTC or in the zone, is outside the calendar."""
        day = instant // DAY + _EPOCH
        if not FIRST_DAY <= day <= LAST_DAY:
            return None
        if self._is_utc:
            return day
        try:
            return (_EPOCH_INSTANT + timedelta(microseconds=instant)).astimezone(self.zone).toordinal()
        except OverflowError:
            return None

    def midnight(self, day: date) -> Moment | None:
        """The moment at which a date begins."""
        return self.moment(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - a wall-clock time

    def read_text(self, text: str) -> date | Moment | None:
        """Text as a date or a date-time (section 4), None when it is neither."""
        found = iso8601.parse(text)
        return self.moment(found) if isinstance(found, datetime) else found

    def read_datetime(self, value: datetime) -> Moment | None:
        """A Python date-time, naive ones in this zone with `fold` ignored; None when it is outside the calendar."""
        try:
            if value.utcoffset() is None:
                value = value.replace(tzinfo=None)
            if type(value) is not datetime:  # a subclass may have arithmetic of its own
                wall = datetime(*value.timetuple()[:6], value.microsecond)  # noqa: DTZ001 - the zone follows
                value = wall.replace(tzinfo=value.tzinfo, fold=value.fold)
            return self.moment(value)
        except Exception:  # noqa: BLE001 - a tzinfo is foreign code, and data never makes an evaluation raise
            return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError, TypeError, AttributeError):  # not found; a directory; an absolute path; no text at all
        near = nearest(str(name), sorted(available_timezones()))
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"{name!r} is not the IANA name of a time zone{hint}") from None


class Clock(NamedTuple):
    """What an evaluation knows of the time: `now` as an instant, `today` as a day, and on which day weeks start."""

    today: int
    now: int
    week_offset: int

    def week(self, day: int) -> int:
        """A number for the calendar week of a day; consecutive weeks have consecutive numbers."""
        return (day - self.week_offset) // 7

    def week_start(self, day: int) -> int:
        """The first day of a day's calendar week (it may lie before the calendar)."""
        return day - (day - self.week_offset) % 7


def anniversaries(first: int, last: int) -> frozenset[MonthDay] | None:
    """The month-days whose anniversary falls on one of the days `first` … `last`; None for all of them.

    The anniversary of a day in a year Y is its month and day in Y, 28 February standing in for 29 February in a year that has none
    (section 5.6). Days outside the calendar do not exist.
    """
    first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
    if last - first >= 365:  # noqa: PLR2004 - 366 consecutive days hold every month-day, 29 February by itself or by its stand-in
        return None
    found = set()
    for ordinal in range(first, last + 1):
        day = date.fromordinal(ordinal)
        found.add((day.month, day.day))
        if (day.month, day.day) == (2, 28) and not _is_leap(day.year):
            found.add((2, 29))
    return frozenset(found)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
