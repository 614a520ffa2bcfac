"""Views: a record as rules of JsonLogic read it.

JsonLogic compares by coercion: null is less than 18, `"19"` is greater than 18, and evaluators differ on the rest. The rules that this package
writes never let it come to that. They look at *views* of an attribute, each a list of scalars of one type: the facets that the predicate's checks
look at (`language.checks`), one view per facet and kind of data. What is unknown, or of another type, is simply not in the list.

A view of the attribute `metadata.tier` stands at `metadata.tier.$text` in the data. In a key, an empty step and a `$` at the beginning of a step
are written with `~`: `~`, `~1`; and `~` itself is `~0`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from segmentation.errors import RecordTypeError, article, json_type
from segmentation.language.attributes import Attribute, finder, keys_in
from segmentation.language.checks import FACETS, WHOLE_VALUE, Check, Facet
from segmentation.language.data import DATES, TEXT_DATES, Kind, Reading, kinds_of, read
from segmentation.language.dates import DAY, Clock, anniversaries
from segmentation.language.options import Options
from segmentation.language.predicate import names_of
from segmentation.model import Customer

__all__ = [
    "COUNT",
    "FARTHEST",
    "KNOWN",
    "LARGEST",
    "LARGE_NUMBER",
    "NAMES",
    "NEAR_DAYS",
    "PLACES",
    "VIEWS",
    "View",
    "attribute_of",
    "path_of",
    "to_jsonlogic_data",
    "view_of",
]

LARGEST: Final = 2**53
"""The greatest number that rules compare with: up to here every evaluator's numbers are exact."""
FARTHEST: Final = 10**7
"""More days, months or years than there are between any two dates."""
NEAR_DAYS: Final = 364
"""How far from today an anniversary may be asked for exactly: within so many days it falls but once."""
_NEVER: Final = 10**6
"""Days to an anniversary that does not come again before the calendar ends."""

KNOWN, COUNT, NAMES = "$known", "$count", "$names"


@dataclass(frozen=True, slots=True)
class View:
    """A list of scalars in the data: a facet of data of some kinds."""

    name: str
    facet: Facet
    kinds: Kind


_ANY_DATE = DATES | TEXT_DATES
_PLAIN, _MOMENT = Kind.DATE | Kind.TEXT_DATE, Kind.DATETIME | Kind.TEXT_DATETIME

LARGE_NUMBER: Final = View("$large_number", Facet.NUMBER, Kind.NUMBER)
"""The numbers beyond `LARGEST`, as the text of their digits: for equality alone."""
PLACES: Final = View("$places", Facet.POINT, Kind.STRING)
"""The ids of the locations in which the points lie."""

VIEWS: Final[tuple[View, ...]] = (
    View("$text", Facet.TEXT, Kind.STRING),
    View("$written", Facet.TEXT, Kind.STRING | DATES),
    View("$number", Facet.NUMBER, Kind.NUMBER),
    View("$boolean", Facet.BOOLEAN, Kind.BOOLEAN),
    PLACES,
    View("$day", Facet.DAY, _ANY_DATE),
    View("$typed_day", Facet.DAY, DATES),
    View("$plain_day", Facet.DAY, _PLAIN),
    View("$typed_plain_day", Facet.DAY, Kind.DATE),
    View("$instant", Facet.INSTANT, _MOMENT),
    View("$typed_instant", Facet.INSTANT, Kind.DATETIME),
    View("$days_ago", Facet.DAYS_AGO, _ANY_DATE),
    View("$typed_days_ago", Facet.DAYS_AGO, DATES),
    View("$typed_plain_days_ago", Facet.DAYS_AGO, Kind.DATE),
    View("$age", Facet.AGE, Kind.DATETIME),
    View("$weeks_ago", Facet.WEEKS_AGO, _ANY_DATE),
    View("$months_ago", Facet.MONTHS_AGO, _ANY_DATE),
    View("$years_ago", Facet.YEARS_AGO, _ANY_DATE),
    View("$day_of_month", Facet.DAY_OF_MONTH, _ANY_DATE),
    View("$month", Facet.MONTH, _ANY_DATE),
    View("$year", Facet.YEAR, _ANY_DATE),
    View("$month_day", Facet.MONTH_DAY, _ANY_DATE),
    View("$typed_month_day", Facet.MONTH_DAY, DATES),
    View("$months_ago_in_year", Facet.MONTHS_AGO_IN_YEAR, _ANY_DATE),
    View("$anniversary", Facet.ANNIVERSARY, _ANY_DATE),
)
"""One view for each facet and kinds of data that a check looks at; of several that come to the same for an attribute, the first is there."""


def view_of(check: Check, attribute: Attribute) -> View:
    """The view that a check of an attribute reads."""
    possible = kinds_of(attribute)
    return next(view for view in VIEWS if view.facet is check.facet and view.kinds & possible == check.kinds)


@lru_cache(maxsize=64)
def _views(possible: Kind) -> tuple[View, ...]:
    """The views of an attribute whose data is of some kinds."""
    found: dict[tuple[Facet, Kind], View] = {}
    for view in VIEWS:
        if view.kinds & possible:
            found.setdefault((view.facet, view.kinds & possible), view)
    return tuple(found.values())


# Paths


def path_of(key: str, view: str) -> str:
    """Where a view of an attribute stands, as `var` takes it.

    >>> path_of("metadata..$x~", "$text")
    'metadata.~.~1x~0.$text'
    """
    return ".".join([*map(_step, key.split(".")), view])


def _step(step: str) -> str:
    escaped = step.replace("~", "~0")
    return "~1" + escaped[1:] if escaped.startswith("$") else escaped or "~"


def attribute_of(path: str) -> tuple[str, str] | None:
    """The attribute key and the view that stand at a path; None when no view does.

    >>> attribute_of("metadata.~.~1x~0.$text")
    ('metadata..$x~', '$text')
    """
    *steps, view = path.split(".")
    if not steps or not view.startswith("$"):
        return None
    return ".".join("" if step == "~" else step.replace("~1", "$").replace("~0", "~") for step in steps), view


# Data


def to_jsonlogic_data(
    customer: Customer | Mapping[str, Any],
    now: datetime | None = None,
    *,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Any] | None = None,
    keys: Iterable[str] | None = None,
) -> dict[str, Any]:
    """A customer record as the rules of `to_jsonlogic` read it: for each attribute, what is in it as lists of scalars of one type.

    The data holds for the moment `now`, since some views count from today. Nothing in the record makes this raise.

    Args:
        customer: The model, or a JSON object.
        now: An aware date-time; default: the current time.
        timezone: As the rule was translated with; likewise the other options of `SegmentEngine`.
        week_start: Likewise.
        attributes: Likewise.
        locations: Likewise.
        keys: The attribute keys that rules ask for, when not all in the record are wanted.

    Raises:
        RecordTypeError: The record is not an object.
        ValueError: Something is wrong with the options, or `now` has no offset.

    Examples:
        >>> from datetime import UTC, datetime
        >>> to_jsonlogic_data({"tier": "gold", "age": 41}, datetime(2026, 11, 22, tzinfo=UTC))
        {'tier': {'$known': True, '$count': 1, '$text': ['gold'], '$written': ['gold']}, 'age': {'$known': True, '$count': 1, '$number': [41]}}
    """
    options = Options.of(timezone, week_start, attributes, locations)
    clock = options.calendar.clock(now)
    record = customer.record() if isinstance(customer, Customer) else customer
    if not isinstance(record, Mapping):
        raise RecordTypeError(f"a customer is an object, not {article(json_type(record))}")
    data: dict[str, Any] = {}
    for key in dict.fromkeys(keys_in(record) if keys is None else keys):
        attribute = options.attribute(key)
        views = _viewed(read(finder(key)(record), attribute, options.calendar), attribute, clock, options)
        if views:
            _put(data, key, views)
    names = names_of(record)
    return {**data, NAMES: names} if names else data


def _put(data: dict[str, Any], key: str, views: Mapping[str, Any]) -> None:
    inside = data
    for step in key.split("."):
        inside = inside.setdefault(_step(step), {})
    inside.update(views)


def _viewed(reading: Reading, attribute: Attribute, clock: Clock, options: Options) -> dict[str, Any]:
    """The views of an attribute's value, those that are empty left out; but a counter's numbers are there, since 0 stands for them when they are not."""
    views: dict[str, Any] = {}
    if reading.is_known:
        views[KNOWN] = True
    if reading.size:
        views[COUNT] = reading.size
    if not reading.is_known and not reading.data:
        return views
    for view in _views(kinds_of(attribute)):
        scalars = [scalar for datum in reading.data if datum.kind in view.kinds and (scalar := FACETS[view.facet](datum, clock)) is not None]
        if scalars or (attribute.counts and view.facet is Facet.NUMBER):
            views.update(_scalars(view, scalars, clock, options))
    return views


def _scalars(view: View, scalars: list[Any], clock: Clock, options: Options) -> dict[str, list[Any]]:
    """A view's scalars as JSON has them, under its name; of numbers there is a further view, and of anniversaries there are three."""
    match view.facet:
        case Facet.NUMBER:
            large = [str(int(scalar)) for scalar in scalars if LARGEST < abs(scalar) < _COUNTABLE]
            return {view.name: [_clamped(scalar) for scalar in scalars], **({LARGE_NUMBER.name: large} if large else {})}
        case Facet.POINT:
            return {view.name: [id_ for id_, place in options.places.items() if any(place.contains(point) for point in scalars)]}
        case Facet.INSTANT | Facet.AGE:
            return {view.name: [{"days": scalar // DAY, "microseconds": scalar % DAY} for scalar in scalars]}
        case Facet.MONTH_DAY:
            return {view.name: [100 * month + day for month, day in scalars]}
        case Facet.ANNIVERSARY:
            return _anniversaries(scalars, clock)
        case _:
            return {view.name: scalars}


_COUNTABLE = 10**4_000


def _clamped(number: float) -> int | float:
    """A number as every evaluator reads it: whole ones as integers, and those beyond `LARGEST` as one that is just beyond."""
    if abs(number) > LARGEST:
        return LARGEST + 2 if number > 0 else -LARGEST - 2
    return int(number) if number == int(number) else number


def _anniversaries(month_days: list[tuple[int, int]], clock: Clock) -> dict[str, list[int]]:
    """Days since an anniversary last fell, days until it next falls (0 today), and the calendar week (-1, 0, 1) in which it falls."""
    ago, ahead, weeks = _nearest_anniversaries(clock.today, clock.week_start(clock.today))
    return {
        "$anniversary_days_ago": [ago.get(month_day, _NEVER) for month_day in month_days],
        "$anniversary_days_ahead": [ahead.get(month_day, _NEVER) for month_day in month_days],
        "$anniversary_week": [week for month_day in month_days for week in weeks.get(month_day, ())],
    }


MonthDays = dict[tuple[int, int], int]


@lru_cache(maxsize=16)
def _nearest_anniversaries(today: int, week_start: int) -> tuple[MonthDays, MonthDays, dict[tuple[int, int], tuple[int, ...]]]:
    """For each month and day how far from today its anniversary is: before, after, and in which week."""
    ago: MonthDays = {}
    ahead: MonthDays = {}
    for distance in range(367):
        for found, day in ((ago, today - distance), (ahead, today + distance)):
            for month_day in anniversaries(day, day) or ():
                found.setdefault(month_day, distance)
    weeks: dict[tuple[int, int], tuple[int, ...]] = {}
    for week in (-1, 0, 1):
        for month_day in anniversaries(week_start + 7 * week, week_start + 7 * week + 6) or ():
            weeks[month_day] = (*weeks.get(month_day, ()), week)
    return ago, ahead, weeks


assert set(WHOLE_VALUE) == {Facet.KNOWN, Facet.PRESENT, Facet.COUNT}  # noqa: S101 - `KNOWN` and `COUNT` stand for all of them
