"""Days and instants: which leaves a date meets, for many dates at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from segmentation.batch.bitmaps import Bits, Bools, Rows, add_distinct, pack
from segmentation.language.checks import FACETS, Check, Constraint, Facet, Interval, OneOf
from segmentation.language.data import Datum, Kind
from segmentation.language.dates import DAY, FIRST_DAY, LAST_DAY, Calendar, Clock

__all__ = ["EPOCH", "OF_INSTANTS", "DateLeaves", "Integers", "days_of"]

Integers = npt.NDArray[np.int64]

OF_INSTANTS = frozenset({Facet.INSTANT, Facet.AGE})
"""The facets of an instant; all others of a date, its text aside, are of its day."""

EPOCH = 719_163
"""The day 1 January 1970."""
_MOST_DAYS = 1 << 17
"""Of so many neighbouring days it is kept who passes: three and a half centuries."""
_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class DateLeaves:
    """Leaves by what they ask of dates of one kind. What has been found out about days is kept: a thread that is too late has found the same.

    Args:
        asked: Of every leaf, the checks of which one must pass. Those of text, and of other kinds, are left out.
        kind: What the dates are.
        clock: The clock of the evaluation.
    """

    __slots__ = ("_clock", "_days", "_found", "_instants", "_kind", "_leaves")

    def __init__(self, asked: Sequence[Sequence[Check]], kind: Kind, clock: Clock) -> None:
        self._kind = kind
        self._clock = clock
        alike: dict[Check, list[int]] = {}
        for number, checks in enumerate(asked):
            for check in checks:
                if kind in check.kinds and check.facet is not Facet.TEXT:
                    alike.setdefault(check, []).append(number)
        self._instants = [(check, numbers) for check, numbers in alike.items() if check.facet in OF_INSTANTS]
        of_days = [(check, numbers) for check, numbers in alike.items() if check.facet not in OF_INSTANTS]
        self._leaves = sorted({number for _, numbers in of_days for number in numbers})
        """The leaves that ask for a day."""
        places = {number: place for place, number in enumerate(self._leaves)}
        self._days = [(check, [places[number] for number in numbers]) for check, numbers in of_days]
        self._found = _Verdicts(0, np.zeros((len(self._leaves), 0), np.bool_))

    def add(self, rows: Rows, days: Integers, instants: Integers | None, count: int, into: Bits) -> None:
        """Add to the bitmap of every leaf the rows whose date it admits.

        Args:
            rows: The rows that hold a date.
            days: The days of the dates.
            instants: Their instants; None for plain dates.
            count: The number of all rows.
            into: The bitmaps, shape (leaves, words).
        """
        if not len(rows):
            return
        if self._leaves:
            bitmaps = np.zeros((len(self._leaves), into.shape[1]), "<u8")
            add_distinct(*self._verdicts(days), rows, count, bitmaps)
            into[self._leaves] |= bitmaps
        if instants is not None and self._instants:
            passed = np.zeros(count, np.bool_)
            for check, numbers_ in self._instants:
                scalars = instants if check.facet is Facet.INSTANT else self._clock.now - instants
                passed[rows] = _compared(check.constraint, scalars, self._clock)
                into[numbers_] |= pack(passed)

    def _verdicts(self, days: Integers) -> tuple[Bools, Integers]:
        """Which days pass, shape (leaves of days, days), and where among them those are that are asked for."""
        first, truth = self._found
        start, stop = int(days.min()), int(days.max()) + 1
        if truth.shape[1]:
            start, stop = min(start, first), max(stop, first + truth.shape[1])
        else:
            first = start
        if stop - start > _MOST_DAYS:
            distinct, places = np.unique(days, return_inverse=True)
            return self._asked(distinct.tolist()), places
        before, after = range(start, first), range(first + truth.shape[1], stop)
        if before or after:
            truth = np.column_stack((self._asked(before), truth, self._asked(after)))
            self._found = _Verdicts(start, truth)
        return truth, days - start

    def _asked(self, days: Sequence[int]) -> Bools:
        """Which of some days pass."""
        found = np.zeros((len(self._leaves), len(days)), np.bool_)
        scalars: dict[Facet, list[Any]] = {}
        for check, places in self._days if len(days) else ():
            if check.facet not in scalars:
                facet = FACETS[check.facet]
                scalars[check.facet] = [facet(Datum(self._kind, "", day), self._clock) for day in days]
            found[places] |= _admits(check.constraint, scalars[check.facet], self._clock)
        return found


class _Verdicts(NamedTuple):
    """What is known of neighbouring days."""

    first: int
    truth: Bools
    """Shape (leaves of days, days)."""


def _admits(constraint: Constraint, scalars: list[Any], clock: Clock) -> Bools:
    """Which scalars a constraint admits, each distinct one asked once; None, where a facet is lacking, never."""
    if isinstance(constraint, Interval) and all(type(scalar) is int for scalar in scalars):
        return _compared(constraint, np.array(scalars, np.int64), clock)
    verdicts = {scalar: scalar is not None and constraint.admits(scalar, clock) for scalar in set(scalars)}
    return np.fromiter((verdicts[scalar] for scalar in scalars), np.bool_, len(scalars))


def _compared(constraint: Constraint, scalars: Integers, clock: Clock) -> Bools:
    """As `_admits`, of integers: comparing in bulk. Ends of intervals of integer facets are closed integers of any size."""
    match constraint:
        case Interval(low, high, False, False):
            found = np.ones(len(scalars), np.bool_)
            if low is not None:
                found &= scalars >= low if _LEAST <= low <= _MOST else low < 0
            if high is not None:
                found &= scalars <= high if _LEAST <= high <= _MOST else high > 0
            return found
        case OneOf(values):
            return np.isin(scalars, np.array(sorted(value for value in values if _LEAST <= value <= _MOST), np.int64))
        case _:
            return np.fromiter((constraint.admits(scalar, clock) for scalar in scalars.tolist()), np.bool_, len(scalars))


def days_of(instants: Integers, calendar: Calendar) -> tuple[Integers, Bools]:
    """The days on which instants fall in the calendar's zone, and whether they are in the calendar at all."""
    utc_days = instants // DAY
    days = utc_days + EPOCH
    if calendar.timezone == "UTC" or not len(instants):
        return days, (days >= FIRST_DAY) & (days <= LAST_DAY)
    found = np.zeros(len(instants), np.int64)
    order = np.argsort(utc_days, kind="stable")
    bounds = np.flatnonzero(np.diff(utc_days[order], prepend=utc_days[order[:1]] - 1))
    for start, stop in zip(bounds.tolist(), [*bounds[1:].tolist(), len(order)], strict=True):
        rows = order[start:stop]
        _fill(found, instants, rows, int(utc_days[rows[0]]), calendar)
    return found, found > 0


_STEPS = 96
_STEP = DAY // _STEPS
"""A quarter of an hour: no zone changes its offset twice within one."""
_FEW = 97


def _fill(found: Integers, instants: Integers, rows: npt.NDArray[np.intp], utc_day: int, calendar: Calendar) -> None:
    """The days of instants of one day in UTC: one by one, but for quarters of an hour that begin and end on one day with one offset."""
    if FIRST_DAY < utc_day + EPOCH < LAST_DAY and len(rows) > _FEW:
        day_of_quarter = _quarters(calendar, utc_day)[(instants[rows] - utc_day * DAY) // _STEP]
        found[rows] = day_of_quarter
        rows = rows[day_of_quarter == 0]
    for row in rows.tolist():
        found[row] = calendar.day_of(int(instants[row])) or 0


@lru_cache(maxsize=1 << 15)
def _quarters(calendar: Calendar, utc_day: int) -> npt.NDArray[np.int64]:
    """The day of every quarter of an hour of a day in UTC; 0 where it changes, or the offset does."""
    first = utc_day * DAY
    ends = [
        (calendar.day_of(first + step * _STEP) or 0, (_START + timedelta(microseconds=first + step * _STEP)).astimezone(calendar.zone).utcoffset())
        for step in range(_STEPS + 1)
    ]
    return np.array([start[0] if start == stop else 0 for start, stop in pairwise(ends)], np.int64)


_START = datetime(1970, 1, 1, tzinfo=UTC)
