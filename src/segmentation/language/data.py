"""What a record holds: typed data, read from stored values (spec section 3, "Types")."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from segmentation.language.attributes import MISSING, Attribute, AttributeType
from segmentation.language.dates import Calendar, Moment
from segmentation.language.operands import Number, number_in_text

__all__ = ["ARRAY_TYPES", "DATES", "TEXT_DATES", "Datum", "Kind", "Reading", "data_of", "kinds_of", "plain", "read"]

ARRAY_TYPES = (list, tuple, set, frozenset)
_OPAQUE = object()


class Kind(enum.IntFlag):
    """What a datum is. Undeclared text that is ISO text appears twice, as the text and as the date it may be read as."""

    STRING = enum.auto()
    NUMBER = enum.auto()
    BOOLEAN = enum.auto()
    DATE = enum.auto()
    DATETIME = enum.auto()
    TEXT_DATE = enum.auto()
    TEXT_DATETIME = enum.auto()


DATES = Kind.DATE | Kind.DATETIME
TEXT_DATES = Kind.TEXT_DATE | Kind.TEXT_DATETIME
_UNDECLARED = Kind.STRING | Kind.NUMBER | Kind.BOOLEAN | DATES | TEXT_DATES
_KINDS: dict[AttributeType | None, Kind] = {
    None: _UNDECLARED,
    AttributeType.STRING: Kind.STRING,
    AttributeType.GEOPOINT: Kind.STRING,
    AttributeType.NUMBER: Kind.NUMBER,
    AttributeType.BOOLEAN: Kind.BOOLEAN,
    AttributeType.DATE: Kind.DATE,
    AttributeType.DATETIME: Kind.DATETIME,
}


def kinds_of(attribute: Attribute) -> Kind:
    """The kinds of data that an attribute can have."""
    return _KINDS[attribute.type]


class Datum(NamedTuple):
    """One scalar. `value` is its text, number or boolean; a date's is the text that was stored. `day` and `instant` are a date's, else None."""

    kind: Kind
    value: str | Number
    day: int | None = None
    instant: int | None = None


class Reading(NamedTuple):
    """An attribute's value in one record, ready to be tested."""

    data: tuple[Datum, ...]
    """Its scalars; several when it is an array."""
    is_known: bool
    """Whether it is a value at all, before a counter's default."""
    is_present: bool
    """Whether it is a value, after a counter's default."""
    size: int
    """The number of elements stored."""


def read(stored: Any, attribute: Attribute, calendar: Calendar) -> Reading:
    """Read a stored value (`MISSING` when nothing was found) as the attribute's declared type, or as what it is. Never raises."""
    value = plain(stored)
    if isinstance(value, list):
        data = tuple(datum for element in value for datum in data_of(plain(element), attribute.type, calendar))
        return Reading(data, is_known=True, is_present=True, size=len(value))
    data = data_of(value, attribute.type, calendar)
    # Undeclared, anything stored is a value; declared, what cannot be read is not.
    is_known = value is not None and (attribute.type is None or bool(data))
    if not is_known and attribute.counts:
        data = (Datum(Kind.NUMBER, 0),)
    return Reading(data, is_known, is_known or attribute.counts, 0 if value is None else 1)


def plain(stored: Any) -> Any:
    """A stored value as JSON would have it, as far as JSON can: null for what is unknown, dates and other objects as they are.

    A Python object that fails when it is asked what it is, is an object like any other.
    """
    kind = type(stored)
    if kind is str or kind is int or kind is bool or kind is dict or kind is list:
        return stored
    try:
        return _plain(stored, kind)
    except Exception:  # noqa: BLE001 - the object is of someone's making, and data never makes an evaluation raise
        return _OPAQUE


def _plain(stored: Any, kind: type) -> Any:
    if stored is None or stored is MISSING:
        return None
    if isinstance(stored, enum.Enum):
        return plain(stored._value_)  # the value itself, whatever a subclass makes of `value`
    if isinstance(stored, float):
        return None if stored != stored else float(stored)  # noqa: PLR0124 - NaN is the value unequal to itself
    if isinstance(stored, Decimal):
        return _decimal(stored)
    if isinstance(stored, UUID):
        return str(stored)
    if isinstance(stored, str):
        return str.__str__(stored)
    if isinstance(stored, int):
        return int.__int__(stored)
    if isinstance(stored, ARRAY_TYPES):
        return list(stored)
    if kind.__name__ == "NaTType":  # pandas is not imported to ask it
        return None
    return stored


def _decimal(value: Decimal) -> Any:
    """A decimal is the number its text is; NaN is unknown, and one that is no number stays an object."""
    if value.is_nan():
        return None
    number = number_in_text(str(value))
    return value if number is None else number


def data_of(value: Any, declared: AttributeType | None, calendar: Calendar) -> tuple[Datum, ...]:
    """The data that one scalar (already `plain`) holds: nothing for null, arrays, objects, and what its declared type cannot read."""
    return _DATA_OF[declared](value, calendar)


def _text(value: Any, _calendar: Calendar) -> tuple[Datum, ...]:
    return (Datum(Kind.STRING, value),) if isinstance(value, str) else ()


def _number(value: Any, _calendar: Calendar) -> tuple[Datum, ...]:
    number = number_in_text(value) if isinstance(value, str) else value
    return (Datum(Kind.NUMBER, number),) if isinstance(number, int | float) and not isinstance(number, bool) else ()


_BOOLEANS = {"true": True, "false": False}


def _boolean(value: Any, _calendar: Calendar) -> tuple[Datum, ...]:
    boolean = _BOOLEANS.get(value) if isinstance(value, str) else value
    return (Datum(Kind.BOOLEAN, boolean),) if isinstance(boolean, bool) else ()


def _undeclared(value: Any, calendar: Calendar) -> tuple[Datum, ...]:
    if isinstance(value, str):
        as_text = Datum(Kind.STRING, value)
        found = calendar.read_text(value) if value[4:5] == "-" else None  # as most texts are none, and this is the quickest way to tell
        if found is None:
            return (as_text,)
        as_date = Datum(Kind.TEXT_DATETIME, value, found.day, found.instant) if isinstance(found, Moment) else Datum(Kind.TEXT_DATE, value, found.toordinal())
        return as_text, as_date
    if isinstance(value, bool):
        return (Datum(Kind.BOOLEAN, value),)
    if isinstance(value, int | float):
        return (Datum(Kind.NUMBER, value),)
    if isinstance(value, datetime):
        moment = calendar.read_datetime(value)
        if moment is not None and (text := _written(value)) is not None:
            return (Datum(Kind.DATETIME, text, moment.day, moment.instant),)
    elif isinstance(value, date) and (text := _written(value)) is not None:
        return (Datum(Kind.DATE, text, date.toordinal(value)),)
    return ()


def _written(value: date) -> str | None:
    """The ISO 8601 form of a Python date; None when it cannot be had, of a subclass that fails."""
    try:
        return value.isoformat()
    except Exception:  # noqa: BLE001 - a subclass of someone's making
        return None


def _declared_date(value: Any, calendar: Calendar) -> tuple[Datum, ...]:
    """A date as written: a date-time's calendar date in its own offset, whatever the zone."""
    if isinstance(value, str):
        found = calendar.read_text(value)
        if found is None:
            return ()
        day = date.fromisoformat(value[:10]) if isinstance(found, Moment) else found
        return (Datum(Kind.DATE, value, day.toordinal()),)
    if isinstance(value, date) and not (isinstance(value, datetime) and calendar.read_datetime(value) is None):
        text = _written(value)
        if text is not None:
            return (Datum(Kind.DATE, text, date.toordinal(value)),)
    return ()


def _declared_datetime(value: Any, calendar: Calendar) -> tuple[Datum, ...]:
    """A date-time; a plain date is its midnight in the calendar's zone."""
    moment: Moment | None = None
    if isinstance(value, str):
        found = calendar.read_text(value)
        moment = calendar.midnight(found) if isinstance(found, date) else found
    elif isinstance(value, datetime):
        moment = calendar.read_datetime(value)
    elif isinstance(value, date):
        moment = calendar.midnight(value)
    text = value if isinstance(value, str) else _written(value) if moment is not None else None
    return () if moment is None or text is None else (Datum(Kind.DATETIME, text, moment.day, moment.instant),)


_DATA_OF: dict[AttributeType | None, Callable[[Any, Calendar], tuple[Datum, ...]]] = {
    None: _undeclared,
    AttributeType.STRING: _text,
    AttributeType.GEOPOINT: _text,
    AttributeType.NUMBER: _number,
    AttributeType.BOOLEAN: _boolean,
    AttributeType.DATE: _declared_date,
    AttributeType.DATETIME: _declared_datetime,
}
