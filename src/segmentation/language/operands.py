"""Operands: what stands to the right of an operator, read as text, number, boolean, date or day (spec sections 4 and 5)."""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime
from typing import Any, NamedTuple

from segmentation import iso8601
from segmentation.language.dates import Calendar, Moment, MonthDay

__all__ = ["LARGEST", "MOST_DIGITS", "Number", "Value", "date_operand", "month_day", "number", "number_in_text", "text", "value", "whole"]

Number = int | float
"""A number of JSON. Comparison of the two types is by exact value in Python."""

MOST_DIGITS = 4_000
LARGEST = 10**MOST_DIGITS
"""The least integer that has more than `MOST_DIGITS` digits."""
_NUMERIC = (int, float)
_BEGINNINGS = frozenset("-0123456789")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def number_in_text(source: str) -> Number | None:
    """The JSON number that a text is: an exact integer, or the nearest double; None when it is no number.

    >>> number_in_text("9007199254740993"), number_in_text("1e3"), number_in_text(" 1"), number_in_text("1e999")
    (9007199254740993, 1000.0, None, None)
    """
    found = _NUMBER.fullmatch(source) if source[:1] in _BEGINNINGS else None
    if found is None or (len(source) > MOST_DIGITS and sum(map(str.isdigit, source)) > MOST_DIGITS):
        return None
    if found[1] is None and found[2] is None:
        return int(source)
    double = float(source)
    return double if math.isfinite(double) else None


def number(operand: Any) -> Number | None:
    """The number operand that a JSON number, or a string that is one, is; None for anything else, booleans included."""
    if isinstance(operand, str):
        return number_in_text(operand)
    return operand if isinstance(operand, _NUMERIC) and not isinstance(operand, bool) else None


def whole(operand: Any) -> int | None:
    """The whole number that an operand is; None when it is no number or has a fractional part."""
    found = number(operand)
    return int(found) if found is not None and found == math.floor(found) else None


def text(operand: str | Number) -> str:
    """The text an operand bends to when the data is text: itself, or its JSON text."""
    return operand if isinstance(operand, str) else json.dumps(operand)


def month_day(operand: Any) -> MonthDay | None:
    """The month and day that `MM-DD`, `--MM-DD` or an ISO date names."""
    if not isinstance(operand, str):
        return None
    found = iso8601.parse_month_day(operand if operand.startswith("--") else f"--{operand}")
    day_named = iso8601.parse(operand)
    if found is not None or day_named is None or isinstance(day_named, datetime):
        return found
    return day_named.month, day_named.day


def date_operand(operand: Any, calendar: Calendar) -> int | Moment | MonthDay | None:
    """The day, moment or month-day that an ISO date, an ISO date-time or `--MM-DD` names."""
    if not isinstance(operand, str):
        return None
    named = calendar.read_text(operand)
    return named.toordinal() if isinstance(named, date) else named or iso8601.parse_month_day(operand)


_BOOLEANS = {"true": True, "false": False}


class Value(NamedTuple):
    """An operand of equality, in every reading that data may ask of it; None where it has none."""

    text: str
    number: Number | None = None
    boolean: bool | None = None
    date: int | None = None
    """The day that an ISO date names."""
    moment: Moment | None = None
    """The moment that an ISO date-time names."""
    month_day: MonthDay | None = None
    days_ago: int | None = None
    """The non-negative whole number that a JSON number (not its text) is."""


def value(operand: str | Number, calendar: Calendar) -> Value:
    """Read an operand of equality: a string, a finite number or a boolean."""
    if isinstance(operand, str):
        if operand[:1] not in _BEGINNINGS:  # neither a number nor a date
            return Value(operand, boolean=_BOOLEANS.get(operand))
        named = calendar.read_text(operand)
        moment = named if isinstance(named, Moment) else None
        day = None if named is None or isinstance(named, Moment) else named.toordinal()
        return Value(operand, number_in_text(operand), None, day, moment, iso8601.parse_month_day(operand))
    if isinstance(operand, bool):
        return Value(text(operand), boolean=operand)
    days = whole(operand)
    return Value(text(operand), operand, days_ago=days if days is not None and days >= 0 else None)
