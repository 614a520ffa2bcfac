"""A naive reference evaluator of the segment filter language.

It interprets the JSON of a filter as it is written, at every call, in small functions that mirror the sections of the
specification ("§5.3" below is section 5.3 of it). Nothing is compiled, cached or reordered, and nothing is shared with
the engine: the two are proved equal by property tests. Speed is of no concern here.

Filters, definitions, attribute types and locations are taken to be valid; records may hold anything and never make
the evaluator raise. A record that is not an object is a `TypeError`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

__all__ = ["contains", "matches", "segment_ids", "unknown_customer"]


# --- The types of data (§3) ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """A date; `text` is what the text operators see (§5.2)."""

    day: date
    text: str


@dataclass(frozen=True)
class Instant:
    """A date-time: its instant (naive, in UTC), its day in the engine's zone, its date as written, its text."""

    instant: datetime
    day: date
    written: date
    text: str


Moment = Day | Instant


@dataclass(frozen=True)
class Text:
    """A string; `moment` is the date that the date operators read in it: never in a string of a declared type (§4)."""

    text: str
    moment: Moment | None


@dataclass(frozen=True)
class Object:
    """A JSON object, or a Python object without a meaning of its own; also an array inside an array."""


Scalar = bool | int | float | Text | Day | Instant | Object


@dataclass(frozen=True)
class Array:
    """An array with its unknown (and, of a declared type, its unreadable) elements left out."""

    elements: tuple[Scalar, ...]


Value = Scalar | Array | None  # None is "unknown" throughout.

Inside = Callable[[float, float], bool]  # (lat, lng) -> is the point inside the shape?


@dataclass(frozen=True)
class Context:
    """Everything that an evaluation knows apart from the filter and the record."""

    now: datetime  # naive, in UTC
    zone: tzinfo
    today: date
    week_start: int  # as `date.weekday()` numbers it
    attributes: Mapping[str, str]
    locations: Mapping[str, Inside]


# --- The public functions ------------------------------------------------------------------------------------------


def matches(
    filter_: Mapping[str, Any],
    record: Mapping[str, Any],
    *,
    now: datetime,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Mapping[str, Any]] | None = None,
) -> bool:
    """Whether the filter is true of the record (§2)."""
    _require_object(record)
    return _filter_holds(filter_, record, _context(now, timezone, week_start, attributes, locations))


def contains(
    segment: Mapping[str, Any],
    record: Mapping[str, Any],
    *,
    now: datetime,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Mapping[str, Any]] | None = None,
) -> bool:
    """Whether the segment, static or dynamic, contains the customer of the record (§1)."""
    _require_object(record)
    return _segment_contains(segment, record, _context(now, timezone, week_start, attributes, locations))


def segment_ids(
    segments: Iterable[Mapping[str, Any]],
    record: Mapping[str, Any],
    *,
    now: datetime,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    """The ids of the segments that contain the customer, in the order of the definitions (§7)."""
    _require_object(record)
    ctx = _context(now, timezone, week_start, attributes, locations)
    return [segment["id"] for segment in segments if _segment_contains(segment, record, ctx)]


def unknown_customer(customer_id: str, now: datetime) -> dict[str, Any]:
    """The record of a customer that is not stored (§6)."""
    return {"object": "customer", "source_id": customer_id, "created_at": now.astimezone(UTC), "metadata": {}, "address": None}


def _require_object(record: object) -> None:
    """§8: a record that is not an object is refused by name."""
    if not isinstance(record, Mapping):
        raise TypeError(f"a customer record must be an object, not {type(record).__name__}")


# --- The engine's settings (§3, §4) --------------------------------------------------------------------------------

WEEK_STARTS: Final = {"monday": 0, "saturday": 5, "sunday": 6}
TYPES: Final = frozenset({"string", "number", "boolean", "date", "datetime", "geopoint"})


def _context(
    now: datetime,
    timezone: str,
    week_start: str,
    attributes: Mapping[str, str] | None,
    locations: Mapping[str, Mapping[str, Any]] | None,
) -> Context:
    if now.utcoffset() is None:
        raise ValueError("now must be an aware date-time")
    if week_start not in WEEK_STARTS:
        raise ValueError(f"week_start must be one of {', '.join(WEEK_STARTS)}, not {week_start!r}")
    zone: tzinfo = UTC if timezone == "UTC" else ZoneInfo(timezone)
    try:
        instant = now.astimezone(UTC).replace(tzinfo=None)
        today = _day_in(zone, instant)
    except OverflowError:
        raise ValueError("now must fall within the years 0001 to 9999, in UTC and in the time zone") from None
    for key, type_ in (attributes or {}).items():
        if type_ not in TYPES:
            raise ValueError(f"attribute {key!r}: unknown type {type_!r}")
        if _built_in_type(key) not in (None, type_):
            raise ValueError(f"attribute {key!r} is built in as {_built_in_type(key)}, not {type_}")
    shapes = {id_: _shape(shape) for id_, shape in (locations or {}).items()}
    return Context(instant, zone, today, WEEK_STARTS[week_start], attributes or {}, shapes)


def _day_in(zone: tzinfo, instant: datetime) -> date:
    """§4: the calendar date of an instant (naive UTC) in the zone; OverflowError outside of the calendar."""
    return instant.replace(tzinfo=UTC).astimezone(zone).date()


# --- Segments (§1) -------------------------------------------------------------------------------------------------


def _segment_contains(segment: Mapping[str, Any], record: Mapping[str, Any], ctx: Context) -> bool:
    customers = segment.get("customers")  # null counts as not given
    type_ = segment.get("type", "passive" if customers is None else "static")
    if type_ == "static":
        return any(_is_member(_entry(record, key), customers or ()) for key in ("id", "source_id"))
    return _filter_holds(segment["filter"], record, ctx)


def _is_member(stored: object, customers: Iterable[str]) -> bool:
    """§1: an `id` counts when it is a string, or a UUID, which stands for its text."""
    identity = _plain(stored)
    return isinstance(identity, str) and identity in customers


# --- Filters (§2) --------------------------------------------------------------------------------------------------


def _filter_holds(filter_: Mapping[str, Any], record: Mapping[str, Any], ctx: Context) -> bool:
    junction = filter_.get("junction", "and").lower()  # a nested filter inherits none
    verdicts = [_member_holds(key, filter_[key], junction, record, ctx) for key in filter_ if key != "junction"]
    return _combine(junction, verdicts) if verdicts else True  # no members: true, whichever the junction


def _member_holds(key: str, member: Any, junction: str, record: Mapping[str, Any], ctx: Context) -> bool:
    if key == "$and":
        return all(_filter_holds(filter_, record, ctx) for filter_ in member)
    if key == "$or":
        return any(_filter_holds(filter_, record, ctx) for filter_ in member)
    if key == "$not":
        return not _filter_holds(member, record, ctx)
    attribute = _attribute(key, record, ctx)
    conditions: Mapping[str, Any] = member["conditions"]
    return _combine(junction, [_condition_holds(op, conditions[op], attribute, junction, ctx) for op in conditions])


def _combine(junction: str, verdicts: list[bool]) -> bool:
    """§2: members, conditions under one attribute and single values all combine by the junction."""
    if junction == "and":
        return all(verdicts)
    if junction == "or":
        return any(verdicts)
    raise ValueError(f"unknown junction {junction!r}")


def _operands(operand: Any) -> list[Any]:
    """§5: operands may stand bare or as the elements of an array."""
    return list(operand) if isinstance(operand, (list, tuple)) else [operand]


# --- Attributes (§3) -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attribute:
    """An attribute of one record."""

    key: str
    stored: Any  # as the record holds it, None when absent
    known: Value  # read as its type, before the default of the counters
    value: Value  # with that default


def _attribute(key: str, record: Mapping[str, Any], ctx: Context) -> Attribute:
    stored = _look_up(key, record)
    known = _read(stored, _built_in_type(key) or ctx.attributes.get(key), ctx)
    return Attribute(key, stored, known, 0 if known is None and _is_counter(key) else known)


class _Missing:
    """The type of what a search that finds nothing returns: a null that is there is found."""


MISSING: Final = _Missing()


def _entry(holder: object, key: str) -> object:
    """The value of exactly this key of an object, MISSING when there is none or the holder is no object."""
    try:
        holder = _unwrap(holder)
        if isinstance(holder, Mapping) and key in holder:
            value: object = holder[key]
            return value
    except Exception:  # an object of someone's making that fails: nothing is found in it
        return MISSING
    return MISSING


def _is_object(value: object) -> bool:
    try:
        return isinstance(_unwrap(value), Mapping)
    except Exception:  # likewise
        return False


def _look_up(key: str, record: Mapping[str, Any]) -> object:
    """The stored value of an attribute, None when absent; aliases only when the path finds nothing (§3.1)."""
    found = _find_path(key, record)
    if found is MISSING:
        found = _find_alias(key, record)
    return None if found is MISSING else found


def _find_path(key: str, record: Mapping[str, Any]) -> object:
    """§3.2: the longest leading part that is a key, and back to shorter ones where the rest is not found."""
    pending: list[tuple[object, str]] = [(record, key)]
    while pending:
        holder, rest = pending.pop()
        found = _entry(holder, rest)
        if found is not MISSING:
            return found
        for dot in [position for position, character in enumerate(rest) if character == "."]:  # the longest on top
            child = _entry(holder, rest[:dot])
            if _is_object(child):
                pending.append((child, rest[dot + 1 :]))
    return MISSING


def _find_alias(key: str, record: Mapping[str, Any]) -> object:
    """§3.1: the name of a campaign is whatever stands between the known prefix and the known suffix."""
    if key == "city":
        return _find_path("address.city", record)
    name = _between(key, "loyalty.referred_customers.campaigns.", "")
    if name:
        return _follow(record, "loyalty", "campaigns", name, "referred_customers")
    name = _between(key, "loyalty_points.campaigns.", ".points")
    if name:
        return _follow(record, "loyalty", "campaigns", name, "points")
    name = _between(key, "loyalty_tier.campaigns.", "")
    if name:
        return _follow(record, "loyalty", "campaigns", name, "loyalty_tier")
    return MISSING


def _between(key: str, prefix: str, suffix: str) -> str:
    """What stands between the prefix and the suffix; empty when the key has not this form."""
    if len(key) <= len(prefix) + len(suffix) or not key.startswith(prefix) or not key.endswith(suffix):
        return ""
    return key[len(prefix) : len(key) - len(suffix)]


def _follow(record: object, *steps: str) -> object:
    """Exact keys, one after the other."""
    for step in steps:
        record = _entry(record, step)
    return record


# --- Built-in attributes (§3) --------------------------------------------------------------------------------------

BUILT_IN_TYPES: Final = {
    "birthdate": "date",
    "birthday": "date",
    "created_at": "datetime",
    "updated_at": "datetime",
    "summary.orders.last_order_date": "datetime",
}

COUNTERS: Final = frozenset(
    {
        "summary.orders.total_amount",
        "summary.orders.total_count",
        "summary.orders.average_amount",
        "summary.orders.last_order_amount",
        "summary.redemptions.total_redeemed",
        "summary.redemptions.total_failed",
        "summary.redemptions.total_succeeded",
        "summary.redemptions.total_rolled_back",
        "summary.redemptions.total_rollback_failed",
        "summary.redemptions.total_rollback_succeeded",
        "summary.redemptions.gift.redeemed_amount",
        "summary.redemptions.gift.amount_to_go",
        "summary.redemptions.loyalty_card.redeemed_points",
        "summary.redemptions.loyalty_card.points_to_go",
        "loyalty.points",
        "loyalty.referred_customers",
    }
)


def _is_counter(key: str) -> bool:
    """§3.4."""
    return key in COUNTERS or _between(key, "events.", ".count") != ""


def _built_in_type(key: str) -> str | None:
    return "number" if _is_counter(key) else BUILT_IN_TYPES.get(key)


# --- Reading data (§3) ---------------------------------------------------------------------------------------------


def _read(stored: object, type_: str | None, ctx: Context) -> Value:
    """A stored value as its type; an array element by element (an array with nothing readable is known)."""
    value = _plain(stored)
    if isinstance(value, tuple):
        elements = [_read_scalar(element, type_, ctx) for element in value]
        return Array(tuple([element for element in elements if element is not None]))
    return _read_scalar(value, type_, ctx)


def _read_scalar(stored: object, type_: str | None, ctx: Context) -> Scalar | None:
    value = _plain(stored)
    return _read_undeclared(value, ctx) if type_ is None else _read_declared(value, type_, ctx)


def _unwrap(stored: object) -> object:
    """§3: an enum member stands for its value."""
    while isinstance(stored, Enum):
        stored = stored._value_
    return stored


def _plain(stored: object) -> Any:
    """§3: what stored data stands for: None (unknown), a bool, int, float, str, date, tuple (array) or Object."""
    try:
        return _plain_value(_unwrap(stored))
    except Exception:  # an object of someone's making that fails, or that is not what it claims to be
        return Object()


def _plain_value(value: object) -> Any:
    if value is None or value is MISSING or type(value).__name__ == "NaTType":
        return None  # before dates: pandas' NaT claims to be a datetime
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # a plain str even of a subclass; likewise below
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        number = float.__float__(value)
        return None if math.isnan(number) else number
    if isinstance(value, Decimal):
        if value.is_nan():
            return None
        read = _number_text(Decimal.__str__(value))  # a Decimal is read as its text would be
        return Object() if read is None else read
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(value)
    return value if isinstance(value, date) else Object()


def _read_undeclared(value: Any, ctx: Context) -> Scalar | None:
    """§3: data keeps the type that it has."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return Text(value, _iso(value, ctx))
    if isinstance(value, date):
        return _python_moment(value, ctx) or Object()
    return Object()


def _read_declared(value: Any, type_: str, ctx: Context) -> Scalar | None:
    """§3: data read as the declared type; None, unknown, for what cannot be read so."""
    if type_ in ("string", "geopoint"):
        return Text(value, None) if isinstance(value, str) else None
    if type_ == "number":
        if isinstance(value, str):
            return _number_text(value)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if type_ == "boolean":
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value)
        return value if isinstance(value, bool) else None
    moment: Moment | None = None
    if isinstance(value, str):
        moment = _iso(value, ctx)
    elif isinstance(value, date):
        moment = _python_moment(value, ctx)
    if type_ == "date" and isinstance(moment, Instant):
        return Day(moment.written, moment.text)  # the calendar date as written
    if type_ == "datetime" and isinstance(moment, Day):
        midnight = datetime(moment.day.year, moment.day.month, moment.day.day)
        return _instant(midnight, None, moment.text, ctx)
    return moment


# --- Numbers (§4) --------------------------------------------------------------------------------------------------

JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
MOST_DIGITS: Final = 4000


def _number_text(text: str) -> int | float | None:
    """A number as a JSON parser reads it; None for text that is not a number."""
    found = JSON_NUMBER.fullmatch(text)
    if found is None or sum(character.isdigit() for character in text) > MOST_DIGITS:
        return None
    if found[1] is None and found[2] is None:
        return int(Decimal(text))  # exact, and independent of the interpreter's limit on the digits of an int
    number = float(text)
    return None if math.isinf(number) else number


def _json_number(operand: Any) -> int | float | None:
    """An operand that is a JSON number (booleans are not)."""
    if isinstance(operand, bool) or not isinstance(operand, (int, float)):
        return None
    return operand if isinstance(operand, int) or math.isfinite(operand) else None


def _number(operand: Any) -> int | float | None:
    """A number operand: a JSON number, or a string that is one."""
    return _number_text(operand) if isinstance(operand, str) else _json_number(operand)


def _whole(number: float | None) -> int | None:
    """A number without a fractional part, as an int."""
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return number


def _json_text(operand: Any) -> str:
    """§5.1: the text that an operand bends to: what `json.dumps` writes, for an int of any length."""
    if isinstance(operand, str):
        return operand
    if isinstance(operand, int) and not isinstance(operand, bool):
        return str(Decimal(operand))  # `str(int)` refuses more than a few thousand digits
    return json.dumps(operand)


# --- Dates (§4) ----------------------------------------------------------------------------------------------------

ISO_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
ISO_DATE_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]"
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?"
)
MONTH_DAY: Final = re.compile(r"--([0-9]{2})-([0-9]{2})")


def _iso(text: str, ctx: Context) -> Moment | None:
    """ISO text as a date or date-time; None for any other text."""
    try:
        found = ISO_DATE.fullmatch(text)
        if found is not None:
            return Day(date(int(found[1]), int(found[2]), int(found[3])), text)
        found = ISO_DATE_TIME.fullmatch(text)
        if found is None:
            return None
        year, month, day, hour, minute = (int(part) for part in found.group(1, 2, 3, 4, 5))
        second = int(found[6] or "0")
        microsecond = int(((found[7] or "") + "000000")[:6])  # digits past the microsecond are cut
        wall = datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:  # no such day or time of day
        return None
    if found[8] is not None:
        return _instant(wall, timedelta(0), text, ctx)
    if found[9] is None:
        return _instant(wall, None, text, ctx)
    hours, minutes = int(found[10]), int(found[11])
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return _instant(wall, -offset if found[9] == "-" else offset, text, ctx)


def _instant(wall: datetime, offset: timedelta | None, text: str, ctx: Context) -> Instant | None:
    """A naive wall clock and its offset as a date-time; without an offset it stands in the engine's zone.

    A time in a fold is the first one, a time in a gap is read with the offset before the gap: fold 0. None where the
    instant in UTC, or the day in the zone, does not exist.
    """
    if offset is None:
        offset = wall.replace(tzinfo=ctx.zone, fold=0).utcoffset() or timedelta(0)
    try:
        instant = wall - offset
        return Instant(instant, _day_in(ctx.zone, instant), wall.date(), text)
    except OverflowError:
        return None


def _python_moment(value: date, ctx: Context) -> Moment | None:
    """§3: a Python date or date-time; None for one that is no date-time by §4."""
    try:
        text = value.isoformat()
        if not isinstance(value, datetime):
            return Day(date(value.year, value.month, value.day), text)
        wall = datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
        return _instant(wall, value.utcoffset(), text, ctx)
    except Exception:  # a tzinfo or a subclass of someone's making that fails
        return None


def _month_day(text: Any) -> tuple[int, int] | None:
    """§5.4: `--MM-DD`."""
    found = MONTH_DAY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        day = date(2000, int(found[1]), int(found[2]))  # a leap year: --02-29 is one
    except ValueError:
        return None
    return day.month, day.day


def _days_ago(day: date, ctx: Context) -> int:
    """§5.5: D = today - day."""
    return ctx.today.toordinal() - day.toordinal()


def _moment(element: Scalar) -> Moment | None:
    """§4: what the date operators (5.4 to 5.7) read; None for data of which they are false."""
    if isinstance(element, Text):
        return element.moment
    return element if isinstance(element, (Day, Instant)) else None


# --- Conditions (§5) -----------------------------------------------------------------------------------------------

Test = Callable[[Scalar, Any, Context], bool]  # is the operator true of this element under this single operand?

NEGATIVES: Final = {"$is_not": "$is", "$not_contain": "$contains", "$not_in": "$in", "$not_in_location": "$in_location"}


def _condition_holds(operator: str, operand: Any, attribute: Attribute, junction: str, ctx: Context) -> bool:
    """One operator with its operand, of one attribute."""
    elements = _elements(attribute.value)
    # §5.1: these two look at the whole value, before the default of the counters.
    if operator == "$has_value":
        return attribute.known is not None
    if operator == "$is_unknown":
        return attribute.known is None
    # §5.8.
    if operator in ARRAY_TESTS:
        count, counted = _count(attribute.stored), ARRAY_TESTS[operator]
        return _combine(junction, [counted(count, _number(single)) for single in _operands(operand)])
    # A list is one operand: no junction.
    if operator in ("$in", "$intersects", "$in_location", "$not_in", "$not_in_location"):
        member = inside if operator.endswith("_location") else equals
        verdict = any(member(element, single, ctx) for element in elements for single in _operands(operand))
        return verdict != (operator in NEGATIVES)
    if operator == "$includes":
        if attribute.value is None:
            return False
        return all(any(equals(element, single, ctx) for element in elements) for single in _operands(operand))
    # §5.5: the periods of a birthday ignore the year.
    if attribute.key in ("birthdate", "birthday") and operator in BIRTHDAY_PERIODS:
        operator += "_md"
    # §3: a positive operator is true of an array when it is true of any element, and of nothing unknown.
    if operator in PERIOD_TESTS:
        return any(PERIOD_TESTS[operator](element, None, ctx) for element in elements)
    # §2: a negative operator is the complement of its positive one for each single value.
    test = VALUE_TESTS[NEGATIVES.get(operator, operator)]
    positives = [any(test(element, single, ctx) for element in elements) for single in _operands(operand)]
    return _combine(junction, [positive != (operator in NEGATIVES) for positive in positives])


def _elements(value: Value) -> tuple[Scalar, ...]:
    """§3: what the operators look at one by one: nothing of the unknown, a scalar itself."""
    if value is None:
        return ()
    return value.elements if isinstance(value, Array) else (value,)


# --- Equality (§5.1) -----------------------------------------------------------------------------------------------


def equals(element: Scalar, operand: Any, ctx: Context) -> bool:
    """The operand bends to the data."""
    if isinstance(element, bool):
        if isinstance(operand, bool):
            return operand == element
        return isinstance(operand, str) and operand == _json_text(element)
    if isinstance(element, (int, float)):
        number = _number(operand)
        return number is not None and number == element  # Python compares int and float by exact value
    if isinstance(element, Text):
        return element.text == _json_text(operand)
    if isinstance(element, Object):
        return False
    ago = _whole(_json_number(operand))
    if ago is not None:
        return ago >= 0 and _days_ago(element.day, ctx) == ago
    return _compare(element, operand, ctx) == 0


# --- Text (§5.2) ---------------------------------------------------------------------------------------------------


def _text(element: Scalar) -> str | None:
    return element.text if isinstance(element, (Text, Day, Instant)) else None


def contains_text(element: Scalar, operand: Any, _: Context) -> bool:
    text = _text(element)
    return text is not None and _json_text(operand) in text


def starts_with(element: Scalar, operand: Any, _: Context) -> bool:
    text = _text(element)
    return text is not None and text.startswith(_json_text(operand))


def ends_with(element: Scalar, operand: Any, _: Context) -> bool:
    text = _text(element)
    return text is not None and text.endswith(_json_text(operand))


# --- Numbers (§5.3) ------------------------------------------------------------------------------------------------

MICROSECONDS_PER_DAY: Final = 24 * 60 * 60 * 1_000_000


def _numeric(compare: Callable[[Any, Any], bool], *, from_zero: bool) -> Test:
    """Number data itself, days ago of a date, the age of a date-time; undeclared strings are text.

    The `less` operators are false of dates in the future: `from_zero`.
    """

    def test(element: Scalar, operand: Any, ctx: Context) -> bool:
        number = _number(operand)
        if number is None or isinstance(element, (bool, Text, Object)):
            return False
        if isinstance(element, (int, float)):
            return compare(element, number)
        if isinstance(element, Day):
            days = _days_ago(element.day, ctx)
            return (days >= 0 or not from_zero) and compare(days, number)
        age = (ctx.now - element.instant) // timedelta(microseconds=1)
        return (age >= 0 or not from_zero) and compare(age, Fraction(number) * MICROSECONDS_PER_DAY)

    return test


# --- Dates against a fixed date (§5.4) -----------------------------------------------------------------------------


def _compare(moment: Moment, operand: Any, ctx: Context) -> int | None:
    """-1, 0 or 1 as the value is before, at or after the operand; None when the operand is no date."""
    if not isinstance(operand, str):
        return None
    month_day = _month_day(operand)
    if month_day is not None:
        return _order((moment.day.month, moment.day.day), month_day)
    other = _iso(operand, ctx)
    if other is None:
        return None
    if isinstance(moment, Instant) and isinstance(other, Instant):
        return _order(moment.instant, other.instant)
    return _order(moment.day, other.day)  # a date-time operand stands for its day, and so does date-time data


def _order(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _fixed(accepted: tuple[int, ...]) -> Test:
    def test(element: Scalar, operand: Any, ctx: Context) -> bool:
        moment = _moment(element)
        return moment is not None and _compare(moment, operand, ctx) in accepted

    return test


# --- Relative to today (§5.5) --------------------------------------------------------------------------------------


def _relative(holds: Callable[[int, int], bool]) -> Test:
    """An operator of D and a whole n >= 0."""

    def test(element: Scalar, operand: Any, ctx: Context) -> bool:
        moment, n = _moment(element), _whole(_number(operand))
        return moment is not None and n is not None and holds(_days_ago(moment.day, ctx), n)

    return test


def _on_day(ahead: int) -> Test:
    """`$today`, `$yesterday`, `$tomorrow`."""

    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        moment = _moment(element)
        return moment is not None and _days_ago(moment.day, ctx) == -ahead

    return test


def _week(ahead: int, ctx: Context) -> list[date]:
    """The days of the calendar week of today + 7 * ahead, those that exist."""
    first = ctx.today.toordinal() - (ctx.today.weekday() - ctx.week_start) % 7 + 7 * ahead
    return [date.fromordinal(n) for n in range(first, first + 7) if _exists(n)]


def _exists(ordinal: int) -> bool:
    """§4: days outside of the years 0001 to 9999 do not exist."""
    return date.min.toordinal() <= ordinal <= date.max.toordinal()


def _month(ahead: int, ctx: Context) -> tuple[int, int]:
    """(year, month) of the calendar month that many months ahead; the year may lie outside of the calendar."""
    months = ctx.today.year * 12 + (ctx.today.month - 1) + ahead
    return months // 12, months % 12 + 1


def _in_week(ahead: int) -> Test:
    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        moment = _moment(element)
        return moment is not None and moment.day in _week(ahead, ctx)

    return test


def _in_month(ahead: int) -> Test:
    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        moment = _moment(element)
        return moment is not None and (moment.day.year, moment.day.month) == _month(ahead, ctx)

    return test


def _in_year(ahead: int) -> Test:
    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        moment = _moment(element)
        return moment is not None and moment.day.year == ctx.today.year + ahead

    return test


def years_ago(element: Scalar, operand: Any, ctx: Context) -> bool:
    moment, n = _moment(element), _whole(_number(operand))
    return moment is not None and n is not None and ctx.today.year - moment.day.year == n


# --- Anniversaries (§5.6) ------------------------------------------------------------------------------------------


def _anniversary(day: date, year: int) -> date:
    """The same month and day in that year; 28 February for a 29th that the year does not have."""
    try:
        return date(year, day.month, day.day)
    except ValueError:
        return date(year, 2, 28)


def _falls_on(day: date, other: date) -> bool:
    return _anniversary(day, other.year) == other


def _falls_within(day: date, first: int, last: int) -> bool:
    """Whether the anniversary falls on one of these days (ordinals, both ends included) that exist."""
    start = date.fromordinal(max(first, date.min.toordinal()))
    end = date.fromordinal(min(last, date.max.toordinal()))
    return any(start <= _anniversary(day, year) <= end for year in range(start.year, end.year + 1))


def _on_day_md(ahead: int) -> Test:
    """`$today_md`, `$yesterday_md`, `$tomorrow_md`."""

    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        return _days_away_md(ahead)(element, 1, ctx)

    return test


def _days_away_md(direction: int) -> Test:
    """Falls on today - n or today + n."""

    def test(element: Scalar, operand: Any, ctx: Context) -> bool:
        moment, n = _moment(element), _whole(_number(operand))
        if moment is None or n is None:
            return False
        target = ctx.today.toordinal() + direction * n
        return _exists(target) and _falls_on(moment.day, date.fromordinal(target))

    return test


def _in_week_md(ahead: int) -> Test:
    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        moment = _moment(element)
        return moment is not None and any(_falls_on(moment.day, day) for day in _week(ahead, ctx))

    return test


def _in_month_md(ahead: int) -> Test:
    def test(element: Scalar, _: Any, ctx: Context) -> bool:
        moment, (year, month) = _moment(element), _month(ahead, ctx)
        return moment is not None and date.min.year <= year <= date.max.year and moment.day.month == month

    return test


def _window_md(direction: int, *, within: bool) -> Test:
    """Within n days of today, today and the n-th day included; or, `within` false, known and not that."""

    def test(element: Scalar, operand: Any, ctx: Context) -> bool:
        moment, n = _moment(element), _whole(_number(operand))
        if moment is None or n is None:
            return False
        today = ctx.today.toordinal()
        first, last = (today - n, today) if direction < 0 else (today, today + n)
        return _falls_within(moment.day, first, last) == within

    return test


# --- Parts of a date (§5.7) ----------------------------------------------------------------------------------------


def _part(part: Callable[[date], int]) -> Test:
    def test(element: Scalar, operand: Any, _: Context) -> bool:
        moment, n = _moment(element), _whole(_number(operand))
        return moment is not None and part(moment.day) == n

    return test


def is_day(element: Scalar, operand: Any, ctx: Context) -> bool:
    """Month and day exactly, from `MM-DD`, `--MM-DD` or an ISO date."""
    moment = _moment(element)
    if moment is None or not isinstance(operand, str):
        return False
    month_day = _month_day(operand) or _month_day("--" + operand)
    if month_day is None:
        other = _iso(operand, ctx)
        if not isinstance(other, Day):
            return False
        month_day = other.day.month, other.day.day
    return (moment.day.month, moment.day.day) == month_day


# --- Arrays (§5.8) -------------------------------------------------------------------------------------------------


def _count(stored: object) -> int:
    """The number of elements of the stored value: 0 of an unknown one, 1 of a scalar or an object."""
    value = _plain(stored)
    if value is None:
        return 0
    return len(value) if isinstance(value, tuple) else 1


# --- Places (§5.9) -------------------------------------------------------------------------------------------------

POINT: Final = re.compile(r"(?:geo:)?(-?[0-9]+(?:\.[0-9]+)?),(-?[0-9]+(?:\.[0-9]+)?)")
RADIUS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) (m|km|mi)")
METRES: Final = {"m": 1.0, "km": 1000.0, "mi": 1609.344}
EARTH_RADIUS: Final = 6_371_008.8


def inside(element: Scalar, location: Any, ctx: Context) -> bool:
    if location not in ctx.locations:
        raise ValueError(f"unknown location {location!r}")
    point = _point(element.text) if isinstance(element, Text) else None
    return point is not None and ctx.locations[location](*point)


def _point(text: Any) -> tuple[float, float] | None:
    """(lat, lng) in degrees."""
    found = POINT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    lat, lng = float(found[1]), float(found[2])
    return (lat, lng) if abs(lat) <= 90 and abs(lng) <= 180 else None


def _shape(shape: Mapping[str, Any]) -> Inside:
    try:
        if shape["type"] == "circle" and shape["format"] == "distance":
            return _circle(shape["distance"])
        if shape["type"] == "polygon" and shape["format"] == "geojson":
            return _polygon(shape["geojson"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"not the shape of a location: {shape!r}") from error
    raise ValueError(f"not the shape of a location: {shape!r}")


def _circle(distance: Mapping[str, Any]) -> Inside:
    center, radius = _point(distance["center"]), RADIUS.fullmatch(distance["radius"])
    if center is None or radius is None:
        raise ValueError("a circle has a center and a radius")
    metres = float(radius[1]) * METRES[radius[2]]

    def test(lat: float, lng: float) -> bool:
        return _great_circle(center[0], center[1], lat, lng) <= metres

    return test


def _great_circle(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """The haversine distance in metres."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_lat, half_lng = (phi2 - phi1) / 2, math.radians(lng2 - lng1) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lng) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(chord)))


def _polygon(geojson: Mapping[str, Any]) -> Inside:
    if geojson["type"] == "Polygon":
        polygons = [geojson["coordinates"]]
    elif geojson["type"] == "MultiPolygon":
        polygons = geojson["coordinates"]
    else:
        raise ValueError("a polygon is a Polygon or a MultiPolygon")
    rings = [[(float(point[0]), float(point[1])) for point in ring] for polygon in polygons for ring in polygon]

    def test(lat: float, lng: float) -> bool:
        return sum([_crossings(ring, lat, lng) for ring in rings]) % 2 == 1

    return test


def _crossings(ring: list[tuple[float, float]], lat: float, lng: float) -> int:
    """How many edges of the ring lie east of the point, on its latitude."""
    count = 0
    for index, (lng2, lat2) in enumerate(ring):
        lng1, lat1 = ring[index - 1]
        if (lat1 > lat) != (lat2 > lat):
            count += lng < lng1 + (lng2 - lng1) * (lat - lat1) / (lat2 - lat1)
    return count


# --- The operators by name -----------------------------------------------------------------------------------------

VALUE_TESTS: Final[dict[str, Test]] = {
    # 5.1, 5.2
    "$is": equals,
    "$contains": contains_text,
    "$starts_with": starts_with,
    "$ends_with": ends_with,
    # 5.3
    "$more_than": _numeric(lambda value, n: value > n, from_zero=False),
    "$more_than_equal": _numeric(lambda value, n: value >= n, from_zero=False),
    "$less_than": _numeric(lambda value, n: value < n, from_zero=True),
    "$less_than_equal": _numeric(lambda value, n: value <= n, from_zero=True),
    # 5.4
    "$after": _fixed((1,)),
    "$after_equal": _fixed((0, 1)),
    "$before": _fixed((-1,)),
    "$before_equal": _fixed((-1, 0)),
    # 5.5
    "$more_than_ago": _relative(lambda ago, n: ago > n),
    "$is_more_days_ago": _relative(lambda ago, n: ago > n),
    "$less_than_ago": _relative(lambda ago, n: 0 <= ago < n),
    "$is_less_days_ago": _relative(lambda ago, n: 0 <= ago < n),
    "$is_days_ago": _relative(lambda ago, n: ago == n),
    "$more_than_future": _relative(lambda ago, n: -ago > n),
    "$less_than_future": _relative(lambda ago, n: 0 <= -ago < n),
    "$is_days_in_future": _relative(lambda ago, n: -ago == n),
    "$is_years_ago": years_ago,
    # 5.6
    "$is_days_ago_md": _days_away_md(-1),
    "$is_days_in_future_md": _days_away_md(1),
    "$is_less_days_ago_md": _window_md(-1, within=True),
    "$is_less_days_in_future_md": _window_md(1, within=True),
    "$is_more_days_ago_md": _window_md(-1, within=False),
    "$is_more_days_in_future_md": _window_md(1, within=False),
    # 5.7
    "$is_day_of_month": _part(lambda day: day.day),
    "$is_month": _part(lambda day: day.month),
    "$is_year": _part(lambda day: day.year),
    "$is_day": is_day,
}

PERIOD_TESTS: Final[dict[str, Test]] = {
    # 5.5
    "$today": _on_day(0),
    "$yesterday": _on_day(-1),
    "$tomorrow": _on_day(1),
    "$last_week": _in_week(-1),
    "$this_week": _in_week(0),
    "$next_week": _in_week(1),
    "$last_month": _in_month(-1),
    "$this_month": _in_month(0),
    "$next_month": _in_month(1),
    "$last_year": _in_year(-1),
    "$this_year": _in_year(0),
    "$next_year": _in_year(1),
    # 5.6
    "$today_md": _on_day_md(0),
    "$yesterday_md": _on_day_md(-1),
    "$tomorrow_md": _on_day_md(1),
    "$last_week_md": _in_week_md(-1),
    "$this_week_md": _in_week_md(0),
    "$next_week_md": _in_week_md(1),
    "$last_month_md": _in_month_md(-1),
    "$this_month_md": _in_month_md(0),
    "$next_month_md": _in_month_md(1),
}

# The day, week and month periods, on a birthday: those that have a twin.
BIRTHDAY_PERIODS: Final = frozenset({name for name in PERIOD_TESTS if f"{name}_md" in PERIOD_TESTS})

ARRAY_TESTS: Final[dict[str, Callable[[int, Any], bool]]] = {
    "$count": lambda count, n: count == n,
    "$count_more": lambda count, n: n is not None and count > n,
    "$count_less": lambda count, n: n is not None and count < n,
}
