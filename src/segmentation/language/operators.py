"""THE operator table: the sixty-five operators of the filter language (spec section 5).

Each row says what an operator takes, what it means in words, and the checks it lowers to. Parser, JSON Schema, documentation and test strategies
derive from the rows. A negative operator has no checks of its own: it is the complement of the one that it negates.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter
from typing import Any, Final

from segmentation.errors import nearest
from segmentation.language.checks import Check, Constraint, Facet, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window, number_interval
from segmentation.language.data import DATES, TEXT_DATES, Kind
from segmentation.language.dates import DAY, Moment, MonthDay
from segmentation.language.operands import Number, Value
from segmentation.language.places import Place

__all__ = ["FAMILIAR", "OPERATORS", "REFUSED", "SECTIONS", "Operand", "Operator", "Takes", "meant", "positive", "refusal"]


class Takes(enum.Enum):
    """How many values an operator takes."""

    ONE = "one value; several combine by the junction"
    LIST = "an array of values as one operand"
    NOTHING = "an operand that is ignored"


class Operand(enum.Enum):
    """What one value of an operand must be, in words."""

    VALUE = "a string, a finite number or a boolean"
    TEXT = "a string; a number or a boolean stands for its JSON text"
    NUMBER = "a number, or a string that is a JSON number"
    DAYS = "a whole number of days, 0 or more"
    YEARS = "a whole number of years, 0 or more"
    COUNT = "a whole number, 0 or more"
    DATE = "an ISO 8601 date or date-time, or a month-day --MM-DD"
    DAY_OF_MONTH = "a whole number from 1 to 31"
    MONTH = "a whole number from 1 to 12"
    YEAR = "a whole number from 1 to 9999"
    MONTH_DAY = "a month and day, MM-DD or --MM-DD, or an ISO 8601 date"
    LOCATION = "the id of a location"
    ANYTHING = "anything"

    __hash__ = object.__hash__  # members are one of a kind; Enum's own hash is slow


WHOLE_RANGES: Final[dict[Operand, tuple[int, int | None]]] = {
    Operand.DAYS: (0, None),
    Operand.YEARS: (0, None),
    Operand.COUNT: (0, None),
    Operand.DAY_OF_MONTH: (1, 31),
    Operand.MONTH: (1, 12),
    Operand.YEAR: (1, 9999),
}
"""The operands that are whole numbers, with the least and the greatest."""

Lowering = Callable[[Sequence[Any]], Iterable[Check]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table."""

    name: str
    section: str
    """The section of the specification that defines it."""
    takes: Takes
    operand: Operand
    meaning: str
    """When it is true, `n` standing for the operand."""
    lower: Lowering | None = None
    """From the operand values that are taken together, each read as `operand` says, to checks of which one must pass."""
    negates: str | None = None
    """The positive operator that this one is the complement of."""
    twin: str | None = None
    """The operator that it means on a birthday, where the year is ignored (section 5.5)."""
    asks_all: bool = False
    """Whether every listed value must be met, by some element each."""
    instead: tuple[str, ...] = ()
    """The operators for dates that someone who gives this one a date had in mind."""


REFUSED: Final[dict[str, str | None]] = {
    **dict.fromkeys(
        ("$active", "$failed", "$in_progress", "$expired", "$before_start", "$enabled", "$disabled", "$redeemed", "$redeemable"),
    ),
    "$more_than_or_equal": "$more_than_equal",
    "$less_than_or_equal": "$less_than_equal",
}
"""Operators of other entities, with the one to use instead where there is one (section 5.10)."""

FAMILIAR: Final[dict[str, str]] = {
    "$eq": "$is", "$equal": "$is", "$equals": "$is", "$ne": "$is_not", "$neq": "$is_not", "$not": "$is_not", "$nin": "$not_in",
    "$gt": "$more_than", "$greater_than": "$more_than", "$gte": "$more_than_equal", "$lt": "$less_than", "$lte": "$less_than_equal",
    "$exists": "$has_value", "$is_known": "$has_value", "$is_null": "$is_unknown", "$not_contains": "$not_contain", "$size": "$count",
    "$all": "$includes", "$overlaps": "$intersects", "$near": "$in_location", "$since": "$after_equal", "$until": "$before_equal",
}  # fmt: skip
"""What other languages call an operator, for suggestions only."""

_ANY_DATE = DATES | TEXT_DATES
_PLAIN_DATE = Kind.DATE | Kind.TEXT_DATE
_DATE_TIME = Kind.DATETIME | Kind.TEXT_DATETIME


_OF_TEXT = Kind.STRING | DATES
_AS_NOTHING_BUT_TEXT = Value("")[1:]
_READINGS: Final[tuple[tuple[Callable[[Value], Any], Facet, Kind], ...]] = (
    (attrgetter("number"), Facet.NUMBER, Kind.NUMBER),
    (attrgetter("boolean"), Facet.BOOLEAN, Kind.BOOLEAN),
    (attrgetter("date"), Facet.DAY, DATES),
    (lambda operand: operand.moment and operand.moment.day, Facet.DAY, Kind.DATE),
    (lambda operand: operand.moment and operand.moment.instant, Facet.INSTANT, Kind.DATETIME),
    (attrgetter("month_day"), Facet.MONTH_DAY, DATES),
    (attrgetter("days_ago"), Facet.DAYS_AGO, DATES),
)
"""What an operand of equality is compared as, texts aside: how it is read, and the facet and the kinds of data that are compared with it."""


def _is(operands: Sequence[Value]) -> Iterable[Check]:
    yield Check(Facet.TEXT, OneOf(frozenset([operand.text for operand in operands])), Kind.STRING)
    others = [operand for operand in operands if operand[1:] != _AS_NOTHING_BUT_TEXT]
    for read, facet, kinds in _READINGS if others else ():
        scalars = frozenset([scalar for operand in others if (scalar := read(operand)) is not None])
        if scalars:
            yield Check(facet, OneOf(scalars), kinds)


def _one(scalar: Any) -> OneOf:
    return OneOf(frozenset({scalar}))


def _only(lower: Callable[[Any], Iterable[Check]]) -> Lowering:
    """The lowering of an operator that takes one value."""
    return lambda operands: lower(operands[0])


def _text(constraint: Callable[[str], Constraint]) -> Lowering:
    return _only(lambda text: [Check(Facet.TEXT, constraint(text), _OF_TEXT)])


def _more_than(n: Number, *, or_equal: bool = False) -> Iterable[Check]:
    yield Check(Facet.NUMBER, number_interval(low=n, is_open=not or_equal), Kind.NUMBER)
    yield Check(Facet.DAYS_AGO, Interval(low=_above(n, or_equal)), Kind.DATE)
    yield Check(Facet.AGE, Interval(low=_above(_microseconds(n), or_equal)), Kind.DATETIME)


def _less_than(n: Number, *, or_equal: bool = False) -> Iterable[Check]:
    yield Check(Facet.NUMBER, number_interval(high=n, is_open=not or_equal), Kind.NUMBER)
    yield Check(Facet.DAYS_AGO, Interval(0, _below(n, or_equal)), Kind.DATE)
    yield Check(Facet.AGE, Interval(0, _below(_microseconds(n), or_equal)), Kind.DATETIME)


def _microseconds(days: Number) -> int | Fraction:
    """As many as so many days have, exactly."""
    return days * DAY if isinstance(days, int) else Fraction(days) * DAY


def _above(bound: Number | Fraction, or_equal: bool) -> int:
    """The least integer above the bound."""
    return math.ceil(bound) if or_equal else math.floor(bound) + 1


def _below(bound: Number | Fraction, or_equal: bool) -> int:
    """The greatest integer below the bound."""
    return math.floor(bound) if or_equal else math.ceil(bound) - 1


def _after(operand: int | Moment | MonthDay, *, or_equal: bool = False) -> Iterable[Check]:
    bound = 0 if or_equal else 1
    match operand:
        case Moment(instant, day):
            yield Check(Facet.DAY, Interval(low=day + bound), _PLAIN_DATE)
            yield Check(Facet.INSTANT, Interval(low=instant + bound), _DATE_TIME)
        case (month, day):
            yield Check(Facet.MONTH_DAY, Interval(low=(month, day), is_low_open=not or_equal), _ANY_DATE)
        case day:
            yield Check(Facet.DAY, Interval(low=day + bound), _ANY_DATE)


def _before(operand: int | Moment | MonthDay, *, or_equal: bool = False) -> Iterable[Check]:
    bound = 0 if or_equal else 1
    match operand:
        case Moment(instant, day):
            yield Check(Facet.DAY, Interval(high=day - bound), _PLAIN_DATE)
            yield Check(Facet.INSTANT, Interval(high=instant - bound), _DATE_TIME)
        case (month, day):
            yield Check(Facet.MONTH_DAY, Interval(high=(month, day), is_high_open=not or_equal), _ANY_DATE)
        case day:
            yield Check(Facet.DAY, Interval(high=day - bound), _ANY_DATE)


def _of_dates(facet: Facet, constraint: Callable[[Any], Constraint]) -> Lowering:
    """A check that every date answers, undeclared ISO text included (sections 5.5 to 5.7)."""
    return _only(lambda operand: [Check(facet, constraint(operand), _ANY_DATE)])


def _exactly(facet: Facet, scalar: int) -> Lowering:
    return _of_dates(facet, lambda _: _one(scalar))


def _window(first: int, last: int, of: Any = "today") -> Lowering:
    return _of_dates(Facet.ANNIVERSARY, lambda _: Window(first, last, of))


_OF_THE_WHOLE = Kind(0)


def _whole_value(facet: Facet, constraint: Callable[[Any], Constraint]) -> Lowering:
    return _only(lambda operand: [Check(facet, constraint(operand), _OF_THE_WHOLE)])


def _inside(operands: Sequence[tuple[str, Place]]) -> Iterable[Check]:
    return [Check(Facet.POINT, Inside(location_id, place), Kind.STRING) for location_id, place in operands]


def _days_ago(constraint: Callable[[int], Constraint]) -> Lowering:
    return _of_dates(Facet.DAYS_AGO, constraint)


def _anniversary(constraint: Callable[[int], Constraint]) -> Lowering:
    return _of_dates(Facet.ANNIVERSARY, constraint)


_ONE, _LIST, _NOTHING = Takes.ONE, Takes.LIST, Takes.NOTHING

_TABLE: Final[tuple[Operator, ...]] = (
    # 5.1 Equality and sets
    Operator("$is", "5.1", _ONE, Operand.VALUE, "the value equals n", _is),
    Operator("$is_not", "5.1", _ONE, Operand.VALUE, "the value does not equal n", negates="$is"),
    Operator("$in", "5.1", _LIST, Operand.VALUE, "the value equals one of the listed values", _is),
    Operator("$not_in", "5.1", _LIST, Operand.VALUE, "the value equals none of the listed values", negates="$in"),
    Operator("$includes", "5.1", _LIST, Operand.VALUE, "the array holds every listed value (a scalar is an array of one)", _is, asks_all=True),
    Operator("$intersects", "5.1", _LIST, Operand.VALUE, "the array holds at least one of the listed values", _is),
    Operator("$has_value", "5.1", _NOTHING, Operand.ANYTHING, "the value is known", _whole_value(Facet.KNOWN, lambda _: _one(True))),  # noqa: FBT003
    Operator("$is_unknown", "5.1", _NOTHING, Operand.ANYTHING, "the value is absent, null or unreadable", negates="$has_value"),
    # 5.2 Text
    Operator("$contains", "5.2", _ONE, Operand.TEXT, "the text contains n", _text(Substring)),
    Operator("$not_contain", "5.2", _ONE, Operand.TEXT, "the text does not contain n", negates="$contains"),
    Operator("$starts_with", "5.2", _ONE, Operand.TEXT, "the text starts with n", _text(Prefix)),
    Operator("$ends_with", "5.2", _ONE, Operand.TEXT, "the text ends with n", _text(Suffix)),
    # 5.3 Numbers, and ages of declared dates
    Operator(
        "$more_than", "5.3", _ONE, Operand.NUMBER, "the number is greater than n; the date is more than n days ago", _only(_more_than),
        instead=("$after", "$before"),
    ),
    Operator(
        "$more_than_equal", "5.3", _ONE, Operand.NUMBER, "the number is n or greater; the date is n days ago or more",
        _only(lambda n: _more_than(n, or_equal=True)), instead=("$after_equal", "$before_equal"),
    ),
    Operator(
        "$less_than", "5.3", _ONE, Operand.NUMBER, "the number is less than n; the date is less than n days ago and not in the future", _only(_less_than),
        instead=("$before", "$after"),
    ),
    Operator(
        "$less_than_equal", "5.3", _ONE, Operand.NUMBER, "the number is n or less; the date is n days ago or less and not in the future",
        _only(lambda n: _less_than(n, or_equal=True)), instead=("$before_equal", "$after_equal"),
    ),
    # 5.4 Dates against a fixed date
    Operator("$after", "5.4", _ONE, Operand.DATE, "the date is after n", _only(_after)),
    Operator("$before", "5.4", _ONE, Operand.DATE, "the date is before n", _only(_before)),
    Operator("$after_equal", "5.4", _ONE, Operand.DATE, "the date is n or after", _only(lambda n: _after(n, or_equal=True))),
    Operator("$before_equal", "5.4", _ONE, Operand.DATE, "the date is n or before", _only(lambda n: _before(n, or_equal=True))),
    # 5.5 Relative to today, in calendar days
    Operator("$more_than_ago", "5.5", _ONE, Operand.DAYS, "the day is more than n days ago", _days_ago(lambda n: Interval(low=n + 1))),
    Operator("$is_more_days_ago", "5.5", _ONE, Operand.DAYS, "the day is more than n days ago", _days_ago(lambda n: Interval(low=n + 1))),
    Operator("$less_than_ago", "5.5", _ONE, Operand.DAYS, "the day is today or less than n days ago", _days_ago(lambda n: Interval(0, n - 1))),
    Operator("$is_less_days_ago", "5.5", _ONE, Operand.DAYS, "the day is today or less than n days ago", _days_ago(lambda n: Interval(0, n - 1))),
    Operator("$is_days_ago", "5.5", _ONE, Operand.DAYS, "the day is exactly n days ago", _days_ago(_one)),
    Operator("$more_than_future", "5.5", _ONE, Operand.DAYS, "the day is more than n days ahead", _days_ago(lambda n: Interval(high=-n - 1))),
    Operator("$less_than_future", "5.5", _ONE, Operand.DAYS, "the day is today or less than n days ahead", _days_ago(lambda n: Interval(1 - n, 0))),
    Operator("$is_days_in_future", "5.5", _ONE, Operand.DAYS, "the day is exactly n days ahead", _days_ago(lambda n: _one(-n))),
    Operator("$today", "5.5", _NOTHING, Operand.ANYTHING, "the day is today", _exactly(Facet.DAYS_AGO, 0), twin="$today_md"),
    Operator("$yesterday", "5.5", _NOTHING, Operand.ANYTHING, "the day is yesterday", _exactly(Facet.DAYS_AGO, 1), twin="$yesterday_md"),
    Operator("$tomorrow", "5.5", _NOTHING, Operand.ANYTHING, "the day is tomorrow", _exactly(Facet.DAYS_AGO, -1), twin="$tomorrow_md"),
    Operator("$last_week", "5.5", _NOTHING, Operand.ANYTHING, "the day is in last calendar week", _exactly(Facet.WEEKS_AGO, 1), twin="$last_week_md"),
    Operator("$this_week", "5.5", _NOTHING, Operand.ANYTHING, "the day is in this calendar week", _exactly(Facet.WEEKS_AGO, 0), twin="$this_week_md"),
    Operator("$next_week", "5.5", _NOTHING, Operand.ANYTHING, "the day is in next calendar week", _exactly(Facet.WEEKS_AGO, -1), twin="$next_week_md"),
    Operator("$last_month", "5.5", _NOTHING, Operand.ANYTHING, "the day is in last calendar month", _exactly(Facet.MONTHS_AGO, 1), twin="$last_month_md"),
    Operator("$this_month", "5.5", _NOTHING, Operand.ANYTHING, "the day is in this calendar month", _exactly(Facet.MONTHS_AGO, 0), twin="$this_month_md"),
    Operator("$next_month", "5.5", _NOTHING, Operand.ANYTHING, "the day is in next calendar month", _exactly(Facet.MONTHS_AGO, -1), twin="$next_month_md"),
    Operator("$last_year", "5.5", _NOTHING, Operand.ANYTHING, "the day is in last calendar year", _exactly(Facet.YEARS_AGO, 1)),
    Operator("$this_year", "5.5", _NOTHING, Operand.ANYTHING, "the day is in this calendar year", _exactly(Facet.YEARS_AGO, 0)),
    Operator("$next_year", "5.5", _NOTHING, Operand.ANYTHING, "the day is in next calendar year", _exactly(Facet.YEARS_AGO, -1)),
    Operator("$is_years_ago", "5.5", _ONE, Operand.YEARS, "the day's calendar year is n years before this one", _of_dates(Facet.YEARS_AGO, _one)),
    # 5.6 Anniversaries: month and day, the year ignored
    Operator("$today_md", "5.6", _NOTHING, Operand.ANYTHING, "the anniversary is today", _window(0, 0)),
    Operator("$yesterday_md", "5.6", _NOTHING, Operand.ANYTHING, "the anniversary was yesterday", _window(-1, -1)),
    Operator("$tomorrow_md", "5.6", _NOTHING, Operand.ANYTHING, "the anniversary is tomorrow", _window(1, 1)),
    Operator("$last_week_md", "5.6", _NOTHING, Operand.ANYTHING, "the anniversary fell in last calendar week", _window(-7, -1, "week")),
    Operator("$this_week_md", "5.6", _NOTHING, Operand.ANYTHING, "the anniversary falls in this calendar week", _window(0, 6, "week")),
    Operator("$next_week_md", "5.6", _NOTHING, Operand.ANYTHING, "the anniversary falls in next calendar week", _window(7, 13, "week")),
    Operator("$last_month_md", "5.6", _NOTHING, Operand.ANYTHING, "the month is last month, of any year", _exactly(Facet.MONTHS_AGO_IN_YEAR, 1)),
    Operator("$this_month_md", "5.6", _NOTHING, Operand.ANYTHING, "the month is this month, of any year", _exactly(Facet.MONTHS_AGO_IN_YEAR, 0)),
    Operator("$next_month_md", "5.6", _NOTHING, Operand.ANYTHING, "the month is next month, of any year", _exactly(Facet.MONTHS_AGO_IN_YEAR, 11)),
    Operator("$is_days_ago_md", "5.6", _ONE, Operand.DAYS, "the anniversary was exactly n days ago", _anniversary(lambda n: Window(-n, -n))),
    Operator("$is_days_in_future_md", "5.6", _ONE, Operand.DAYS, "the anniversary is in exactly n days", _anniversary(lambda n: Window(n, n))),
    Operator("$is_less_days_ago_md", "5.6", _ONE, Operand.DAYS, "the anniversary is today or was up to n days ago", _anniversary(lambda n: Window(-n, 0))),
    Operator("$is_less_days_in_future_md", "5.6", _ONE, Operand.DAYS, "the anniversary is today or in up to n days", _anniversary(lambda n: Window(0, n))),
    Operator("$is_more_days_ago_md", "5.6", _ONE, Operand.DAYS, "the anniversary is neither today nor up to n days ago",
             _anniversary(lambda n: Window(-n, 0, is_outside=True))),
    Operator("$is_more_days_in_future_md", "5.6", _ONE, Operand.DAYS, "the anniversary is neither today nor in up to n days",
             _anniversary(lambda n: Window(0, n, is_outside=True))),
    # 5.7 Parts of a date
    Operator("$is_day_of_month", "5.7", _ONE, Operand.DAY_OF_MONTH, "the day of the month is n", _of_dates(Facet.DAY_OF_MONTH, _one)),
    Operator("$is_month", "5.7", _ONE, Operand.MONTH, "the month is n", _of_dates(Facet.MONTH, _one)),
    Operator("$is_year", "5.7", _ONE, Operand.YEAR, "the year is n", _of_dates(Facet.YEAR, _one)),
    Operator("$is_day", "5.7", _ONE, Operand.MONTH_DAY, "the month and day are those of n, whatever the year", _of_dates(Facet.MONTH_DAY, _one)),
    # 5.8 Arrays
    Operator("$count", "5.8", _ONE, Operand.COUNT, "the number of elements is n", _whole_value(Facet.COUNT, _one)),
    Operator("$count_more", "5.8", _ONE, Operand.COUNT, "there are more than n elements", _whole_value(Facet.COUNT, lambda n: Interval(low=n + 1))),
    Operator("$count_less", "5.8", _ONE, Operand.COUNT, "there are fewer than n elements", _whole_value(Facet.COUNT, lambda n: Interval(high=n - 1))),
    # 5.9 Places
    Operator("$in_location", "5.9", _LIST, Operand.LOCATION, "the point is inside one of the listed locations", _inside),
    Operator("$not_in_location", "5.9", _LIST, Operand.LOCATION, "the point is inside none of the listed locations", negates="$in_location"),
)  # fmt: skip

SECTIONS: Final[dict[str, str]] = {
    "5.1": "Equality and sets",
    "5.2": "Text",
    "5.3": "Numbers, and ages of dates",
    "5.4": "Dates against a fixed date",
    "5.5": "Relative to today, in calendar days",
    "5.6": "Anniversaries: month and day, the year ignored",
    "5.7": "Parts of a date",
    "5.8": "Arrays",
    "5.9": "Places",
}
"""The sections of the specification that define operators, by number."""

OPERATORS: Final[dict[str, Operator]] = {operator.name: operator for operator in _TABLE}
"""The operators by name, in the order of the specification."""


def positive(operator: Operator) -> Operator:
    """The operator itself, or the one that it negates."""
    return OPERATORS[operator.negates] if operator.negates else operator


def meant(name: str) -> str | None:
    """The operator that a name which is none was probably meant to be; None when none is near."""
    spelled = name.lower() if name.startswith("$") else f"${name.lower()}"
    return FAMILIAR.get(spelled) or nearest(spelled, list(OPERATORS))


def refusal(name: str) -> str:
    """Why an operator of other entities is refused (section 5.10)."""
    return f"{name} belongs to validation rules" if REFUSED[name] else f"{name} belongs to vouchers and campaigns, not to customers"
