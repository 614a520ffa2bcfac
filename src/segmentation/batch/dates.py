"""Days and instants: which leaves a date meets, for many dates at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentation.batch.bitmaps import Bools
from segmentation.language.checks import FACETS, Check, Constraint, Facet, Interval, OneOf
from segmentation.language.data import Datum, Kind
from segmentation.language.dates import DAY, FIRST_DAY, LAST_DAY, Calendar, Clock

__all__ = ["EPOCH", "OF_INSTANTS", "Integers", "dates_admitted", "days_of"]

Integers = npt.NDArray[np.int64]

OF_INSTANTS = frozenset({Facet.INSTANT, Facet.AGE})
"""The facets of an instant; all others of a date, its text aside, are of its day."""

EPOCH = 719_163
"""The day 1 January 1970."""
_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def dates_admitted(asked: Sequence[Sequence[Check]], kind: Kind, days: Integers, instants: Integers | None, clock: Clock) -> Bools:
    """For every leaf, given as its checks, the dates that it admits: truth values of shape (leaves, dates). Checks of text are left out.

    Args:
        asked: Of every leaf, the checks of which one must pass.
        kind: What the dates are.
        days: Their days.
        instants: Their instants; None for plain dates.
        clock: The clock of the evaluation.
    """
    found = np.zeros((len(asked), len(days)), np.bool_)
    alike: dict[Check, list[int]] = {}
    for number, checks in enumerate(asked):
        for check in checks:
            if kind in check.kinds and check.facet is not Facet.TEXT:
                alike.setdefault(check, []).append(number)
    of_days = [check for check in alike if check.facet not in OF_INSTANTS]
    if of_days:
        distinct, at = _distinct(days)
        scalars: dict[Facet, list[Any]] = {}
        for check in of_days:
            if check.facet not in scalars:
                facet = FACETS[check.facet]
                scalars[check.facet] = [facet(Datum(kind, "", day), clock) for day in distinct]
            admitted = _admits(check.constraint, scalars[check.facet], clock)
            if admitted.any():
                found[alike[check]] |= admitted[at]
    if instants is not None:
        for check, numbers in alike.items():
            if check.facet is Facet.INSTANT:
                found[numbers] |= _compared(check.constraint, instants, clock)
            elif check.facet is Facet.AGE:
                found[numbers] |= _compared(check.constraint, clock.now - instants, clock)
    return found


def _distinct(days: Integers) -> tuple[list[int], npt.NDArray[np.intp]]:
    """The distinct days, and where among them each is."""
    if not len(days):
        return [], days.astype(np.intp)
    least = int(days.min())
    if int(days.max()) - least > 1 << 17:
        distinct, at = np.unique(days, return_inverse=True)
        return distinct.tolist(), at
    offsets = days - least
    present = np.bincount(offsets) > 0
    places = np.cumsum(present) - 1
    return (np.flatnonzero(present) + least).tolist(), places[offsets]


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
