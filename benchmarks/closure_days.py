"""Tests over one calendar day, for the naive closures: relative days, calendar periods, anniversaries, parts of a date.

Everything that depends on today alone is computed when the test is made.
"""

from __future__ import annotations

import operator
from calendar import isleap
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, TypeAlias

__all__ = ["IGNORED_YEAR", "PERIODS", "DayTest", "day_test", "is_day_operator"]

DayTest: TypeAlias = Callable[[date], bool]

PERIODS = tuple(
    ["$yesterday", "$today", "$tomorrow"] + [f"${which}_{unit}" for unit in ("week", "month", "year") for which in ("last", "this", "next")],
)
IGNORED_YEAR = frozenset(name for name in PERIODS if not name.endswith("_year"))
"""The periods that ignore the year on a birthday."""

_SHIFT = {"$yesterday": -1, "$today": 0, "$tomorrow": 1, "$last": -1, "$this": 0, "$next": 1}
_FIXED: Mapping[str, Callable[[Any, Any], bool]] = {
    "$is": operator.eq,
    "$after": operator.gt,
    "$after_equal": operator.ge,
    "$before": operator.lt,
    "$before_equal": operator.le,
}
_COUNTED: Mapping[str, Callable[[date, int], tuple[date, date]]] = {
    "$more_than_ago": lambda today, n: (date.min, today - timedelta(n + 1)),
    "$is_more_days_ago": lambda today, n: (date.min, today - timedelta(n + 1)),
    "$less_than_ago": lambda today, n: (today - timedelta(n - 1), today),
    "$is_less_days_ago": lambda today, n: (today - timedelta(n - 1), today),
    "$is_days_ago": lambda today, n: (today - timedelta(n), today - timedelta(n)),
    "$more_than_future": lambda today, n: (today + timedelta(n + 1), date.max),
    "$less_than_future": lambda today, n: (today, today + timedelta(n - 1)),
    "$is_days_in_future": lambda today, n: (today + timedelta(n), today + timedelta(n)),
}
_COUNTED_ANNIVERSARY: Mapping[str, Callable[[int], tuple[int, int]]] = {
    "$is_days_ago_md": lambda n: (-n, -n),
    "$is_days_in_future_md": lambda n: (n, n),
    "$is_less_days_ago_md": lambda n: (-n, 0),
    "$is_less_days_in_future_md": lambda n: (0, n),
}
_PARTS = frozenset({"$is_years_ago", "$is_year", "$is_month", "$is_day_of_month", "$is_day"})


def is_day_operator(name: str) -> bool:
    """Whether an operator reads any data as a date, declared or not."""
    return name.removesuffix("_md") in PERIODS or any(name in table for table in (_COUNTED, _COUNTED_ANNIVERSARY, _PARTS))


def day_test(today: date, name: str, operand: Any) -> DayTest:
    """The test of a date operator over a calendar day."""
    if name in _COUNTED:
        return _window(*_COUNTED[name](today, operand))
    if name in _COUNTED_ANNIVERSARY:
        first, last = _COUNTED_ANNIVERSARY[name](operand)
        return _anniversaries(today + timedelta(shift) for shift in range(first, last + 1))
    if name.removesuffix("_md") in PERIODS:
        return _period_test(today, name)
    if name in _PARTS:
        return _part_test(today, name, operand)
    compare = _FIXED[name]
    if operand.startswith("--"):
        month_day = (int(operand[2:4]), int(operand[5:7]))
        return lambda day: compare((day.month, day.day), month_day)
    fixed = date.fromisoformat(operand[:10])
    return lambda day: compare(day, fixed)


def _part_test(today: date, name: str, operand: Any) -> DayTest:
    if name == "$is_years_ago":
        return lambda day: today.year - day.year == operand
    if name == "$is_year":
        return lambda day: day.year == operand
    if name == "$is_month":
        return lambda day: day.month == operand
    if name == "$is_day_of_month":
        return lambda day: day.day == operand
    month, day_of_month = map(int, operand.rsplit("-", 2)[-2:])
    return lambda day: day.month == month and day.day == day_of_month


def _period_test(today: date, name: str) -> DayTest:
    bare = name.removesuffix("_md")
    which, _, unit = bare.partition("_")
    shift = _SHIFT[which]
    if unit == "year":
        return lambda day: day.year == today.year + shift
    if unit == "month":
        first, after = _month_start(today, shift), _month_start(today, shift + 1)
        if name != bare:
            return lambda day: day.month == first.month
        return _window(first, after - timedelta(1))
    if unit == "week":
        first = today - timedelta(today.weekday() - 7 * shift)
        days = [first + timedelta(index) for index in range(7)]
    else:
        days = [today + timedelta(shift)]
    return _window(days[0], days[-1]) if name == bare else _anniversaries(days)


def _window(first: date, last: date) -> DayTest:
    return lambda day: first <= day <= last


def _anniversaries(days: Iterable[date]) -> DayTest:
    """The anniversary falls on one of some days; 29 February folds to the 28th in a common year."""
    wanted = set()
    for day in days:
        wanted.add((day.month, day.day))
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            wanted.add((2, 29))
    return lambda day: (day.month, day.day) in wanted


def _month_start(today: date, shift: int) -> date:
    months = today.year * 12 + today.month - 1 + shift
    return date(months // 12, months % 12 + 1, 1)
