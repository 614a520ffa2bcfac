"""Values next to what a check asks for: equal to its constants, just below, just above, a prefix, one letter more.

They are proposals, derived from facet and constraint. Whether a value passes a check is asked of the check, so a poor proposal costs variety and
never truth.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any, Final

from segmentation.explain.periods import periods
from segmentation.language.attributes import AttributeType
from segmentation.language.checks import WHOLE_VALUE, Check, Facet, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window
from segmentation.language.data import DATES
from segmentation.language.dates import FIRST_DAY, LAST_DAY, Calendar, Clock
from segmentation.language.places import Circle, Place
from segmentation.language.predicate import Leaf

__all__ = ["FILLERS", "WRONG_TYPES", "near_leaves", "respellings"]

FILLERS: Final[tuple[Any, ...]] = ("a", "zz", 1, 0, 0.5, -1, True, False, "2020-06-15")
"""Ordinary values, for attributes of which no more is asked than to be known."""
WRONG_TYPES: Final[tuple[Any, ...]] = (None, "", "a", 0, True, {}, [])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP_YEAR = 2024
_MONTHS_OF_A_YEAR: Final = tuple(f"1990-{month:02}-15" for month in range(1, 13))
_WRITTEN_DATES: Final = tuple((date(_LEAP_YEAR, 1, 1) + timedelta(number)).isoformat() for number in range(366)) + tuple(
    f"{year}-06-15" for year in range(1900, 2100)
)
"""Dates among which there are some with most pieces of text that dates have."""
_METRES_OF_A_DEGREE = 111_194.9


def near_leaves(leaves: Iterable[Leaf], clock: Clock, calendar: Calendar) -> list[Any]:
    """JSON values near what the leaves of one attribute ask for, each once, the values asked for themselves first.

    JSON has no dates of its own, so what is asked of those alone is left out where the attribute is not declared to be one.
    """
    leaves = list(leaves)
    checks = list(dict.fromkeys(check for leaf in leaves for check in leaf.checks if leaf.attribute.type or not check.kinds or check.kinds & ~DATES))
    found = [value for check in checks for value in _near(check, clock, calendar)]
    if any(leaf.attribute.type in (AttributeType.DATE, AttributeType.DATETIME) for leaf in leaves):
        for check in checks:
            if check.facet is Facet.TEXT and not isinstance(check.constraint, OneOf):
                found += islice((text for text in _WRITTEN_DATES if check.constraint.admits(text, clock)), 4)
    found += _between([value for value in found if isinstance(value, int | float) and not isinstance(value, bool)])
    found += _joined([check for check in checks if check.facet is Facet.TEXT])
    found += [] if any(check.facet not in WHOLE_VALUE for check in checks) else FILLERS
    return list({(type(value), json.dumps(value)): value for value in found}.values())


def respellings(value: Any) -> list[Any]:
    """The value as another type, spelled alike: `1` and `"1"`, `true` and `"true"`, alone in an array."""
    if isinstance(value, str):
        try:
            other = json.loads(value)
        except ValueError:
            return [[value]]
        return [[value]] if isinstance(other, dict | list) or (isinstance(other, float) and not math.isfinite(other)) else [other, [value]]
    return [json.dumps(value), [value]] if isinstance(value, bool | int | float) else []


def _near(check: Check, clock: Clock, calendar: Calendar) -> Iterator[Any]:
    match check.facet, check.constraint:
        case Facet.TEXT, constraint:
            yield from _texts(constraint)
        case Facet.NUMBER, constraint:
            for number in _ends(constraint):
                yield from _numbers(number)
        case Facet.BOOLEAN, _:
            yield from (True, False)
        case Facet.KNOWN | Facet.PRESENT, _:
            pass
        case Facet.COUNT, constraint:
            for count in _ends(constraint):
                yield from (["a"] * number for number in (count, count + 1, count - 1) if 0 <= number < 64)  # noqa: PLR2004 - arrays that people can read
        case Facet.POINT, Inside(_, place):
            yield from _points(place)
        case Facet.INSTANT, constraint:
            for instant in _ends(constraint):
                yield from _instants(instant)
        case Facet.AGE, constraint:
            for age in _ends(constraint):
                yield from _instants(clock.now - age)
        case facet, constraint:
            for day in _days(check, clock, calendar) if facet not in _PARTS else _PARTS[facet](constraint):
                yield from _spelled(day)


def _ends(constraint: Any) -> list[Any]:
    """The scalars at which a constraint begins and ends."""
    match constraint:
        case OneOf(values):
            return sorted(values)
        case Interval(low, high):
            return [end for end in (low, high) if end is not None]
        case _:
            return []


# Text and numbers


def _texts(constraint: Any) -> Iterator[str]:
    match constraint:
        case OneOf(values):
            for text in sorted(values):
                yield from (text, text + "x", text[:-1], text.swapcase())
        case Prefix(text):
            yield from (text, text + "x", text + " z", text[:-1], "x" + text)
        case Suffix(text):
            yield from (text, "x" + text, "z " + text, text[1:], text + "x")
        case Substring(text):
            yield from (text, f"x{text}x", f"z {text} z", text[:-1], text[1:])


def _joined(checks: list[Check]) -> list[str]:
    """A text that starts, goes on and ends as asked, all at once."""
    pieces: dict[type, str] = {Prefix: "", Substring: "", Suffix: ""}
    for check in checks:
        match check.constraint:
            case Prefix(text) if text.startswith(pieces[Prefix]):
                pieces[Prefix] = text
            case Substring(text):
                pieces[Substring] += text
            case Suffix(text) if text.endswith(pieces[Suffix]):
                pieces[Suffix] = text
    return [glue.join(pieces.values()) for glue in ("", "-")] if sum(map(bool, pieces.values())) > 1 else []


def _numbers(number: int | float) -> Iterator[int | float]:  # noqa: PYI041 - the two are told apart
    yield number
    if isinstance(number, int):
        yield from (number + 1, number - 1)
    if abs(number) < 2**53:
        double = float(number)
        yield from (math.nextafter(double, math.inf), math.nextafter(double, -math.inf), double + 1, double - 1)


def _between(numbers: list[Any]) -> list[Any]:
    """A number between each two neighbours: thresholds may leave nothing else."""
    ordered = sorted(number for number in set(numbers) if abs(number) < 2**53)
    return [middle for low, high in pairwise(ordered) if low < (middle := (low + high) / 2) < high]


# Dates


def _spelled(day: int) -> Iterator[str]:
    if FIRST_DAY <= day <= LAST_DAY:
        text = date.fromordinal(day).isoformat()
        yield from (text, f"{text}T23:59:59.999999")


def _instants(instant: int) -> Iterator[str]:
    for microseconds in (instant, instant - 1, instant + 1):
        try:
            yield (_EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")
        except OverflowError:
            continue


def _days(check: Check, clock: Clock, calendar: Calendar) -> Iterator[int]:
    """Days at the ends of what a check of days admits, and next to them."""
    if check.facet is Facet.DAY:
        for day in _ends(check.constraint):
            yield from (day, day - 1, day + 1)
        return
    if isinstance(check.constraint, Window):
        first, last = check.constraint.days(clock)
        for day in (first, last, first - 1, last + 1):
            yield from _in_another_year(day)
        yield date(1992, 2, 29).toordinal()
        return
    for period in periods(check, clock, calendar):
        if period.unit == "day":
            for end, inwards in ((period.last, -1), (period.first, 1)):
                if end is not None:
                    day = date.fromisoformat(end).toordinal()
                    yield from (day, day - inwards, day + inwards)
    yield clock.today


def _in_another_year(day: int) -> Iterator[int]:
    if FIRST_DAY <= day <= LAST_DAY:
        found = date.fromordinal(day)
        if (found.month, found.day) != (2, 29):
            yield found.replace(year=1990).toordinal()


def _years(constraint: Any) -> Iterator[int]:
    for year in _ends(constraint):
        for each in (year, year - 1, year + 1):
            if date.min.year <= each <= date.max.year:
                yield from (date(each, 1, 1).toordinal(), date(each, 12, 31).toordinal())


def _days_of_month(constraint: Any) -> Iterator[int]:
    for number in _ends(constraint):
        yield from (date(_LEAP_YEAR, 1, each).toordinal() for each in (number, number - 1, number + 1) if 1 <= each <= 31)  # noqa: PLR2004 - January


def _month_days(constraint: Any) -> Iterator[int]:
    for month, day in _ends(constraint):
        found = date(_LEAP_YEAR, month, day).toordinal()
        yield from (found, found - 1, found + 1)


def _months(_constraint: Any) -> Iterator[int]:
    return (date.fromisoformat(text).toordinal() for text in _MONTHS_OF_A_YEAR)


_PARTS: Final[dict[Facet, Callable[[Any], Iterator[int]]]] = {
    Facet.YEAR: _years,
    Facet.MONTH: _months,
    Facet.MONTHS_AGO_IN_YEAR: _months,
    Facet.DAY_OF_MONTH: _days_of_month,
    Facet.MONTH_DAY: _month_days,
}
"""The facets that are parts of a date, with days near a constraint on them."""


# Places


def _points(place: Place) -> Iterator[str]:
    if isinstance(place, Circle):
        latitude, longitude = place.center
        reach = place.radius / _METRES_OF_A_DEGREE
        found = [(latitude, longitude), (latitude + reach * 0.99, longitude), (latitude + reach * 1.01, longitude)]
    else:
        corners = [corner for ring in place.rings for corner in ring]
        found = [((y1 + y2) / 2, (x1 + x2) / 2) for ring in place.rings for (y1, x1), (y2, x2) in zip(ring, ring[2:], strict=False)]
        for ring in place.rings:  # just inside of the corners: there may be a hole in the middle
            middle_y, middle_x = (sum(corner[axis] for corner in ring) / len(ring) for axis in (0, 1))
            found += [(0.9 * y + 0.1 * middle_y, 0.9 * x + 0.1 * middle_x) for y, x in ring]
        found += [(min(y for y, _ in corners) - 1, min(x for _, x in corners) - 1)]
    for latitude, longitude in (*found, (0.0, 0.0), (89.0, 179.0)):
        if abs(latitude) <= 90 and abs(longitude) <= 180:  # noqa: PLR2004 - degrees
            yield f"{latitude:.6f},{longitude:.6f}"
