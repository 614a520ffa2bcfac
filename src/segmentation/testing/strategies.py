"""Hypothesis strategies for the whole filter language: filters, segments, customer records, times, options, and faulty definitions.

Filters derive from the operator table, so a new operator is tested as soon as it has a row. Records derive from the constants of the filters that
they are for, ± a little: random data would meet no condition, and what breaks an engine lies next to a threshold. Everything is built by functions
of a `Choices`, which asks either Hypothesis (examples shrink) or a seeded `random.Random` (sets of thousands are cheap): one description, two sources.

Installed with the extra `testing`.
"""

from __future__ import annotations

import enum
import json
import math
import random as random_module
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from segmentation.language.attributes import built_in_type
from segmentation.language.operators import OPERATORS, REFUSED, WHOLE_RANGES, Operand, Operator, Takes

__all__ = [
    "ATTRIBUTES",
    "LOCATIONS",
    "NOW",
    "WEEK_STARTS",
    "ZONES",
    "attribute_types",
    "declared",
    "engine_options",
    "filters",
    "fixed_nows",
    "invalid_documents",
    "json_objects",
    "json_values",
    "nows",
    "operands",
    "python_objects",
    "records_for",
    "seeded_records",
    "seeded_segments",
    "segment_sets",
    "segments",
    "week_starts",
    "zones",
]

T = TypeVar("T")
Filter = dict[str, Any]
Segment = dict[str, Any]
Record = dict[str, Any]

# --- What filters and records are made of ----------------------------------------------------------------------------

ATTRIBUTES: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "name": None,
        "metadata.tier": None,
        "metadata.tags": None,
        "metadata.since": "date",
        "metadata.seen": "datetime",
        "metadata.score": "number",
        "metadata.vip": "boolean",
        "metadata.code": "string",
        "metadata.home": "geopoint",
        "metadata.a.b": None,
        "city": None,
        "address.city": None,
        "birthdate": None,
        "created_at": None,
        "summary.orders.last_order_date": None,
        "summary.orders.total_amount": None,
        "loyalty.points": None,
        "events.order.paid.count": None,
        "loyalty_points.campaigns.Tiers 2.0.points": None,
        "loyalty_tier.campaigns.Tiers 2.0": None,
        "loyalty.referred_customers.campaigns.Tiers 2.0": None,
        "id": None,
        "junction.a": None,
        "conditions": None,
    },
)
"""The default pool: attribute keys with the type that the caller declares, None where it declares none. Small, so that conditions meet."""

LOCATIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "warsaw": {"type": "circle", "format": "distance", "distance": {"center": "geo:52.23,21.01", "radius": "25.5 km"}},
        "harbour": {"type": "circle", "format": "distance", "distance": {"center": "-33.86,151.21", "radius": "3 mi"}},
        "dot": {"type": "circle", "format": "distance", "distance": {"center": "0,0", "radius": "0 m"}},
        "block": {
            "type": "polygon",
            "format": "geojson",
            "geojson": {
                "type": "Polygon",
                "coordinates": [
                    [[0.05, 0.05], [9.05, 0.05], [9.05, 9.05], [0.05, 9.05], [0.05, 0.05]],
                    [[3.05, 3.05], [6.05, 3.05], [6.05, 6.05], [3.05, 3.05]],
                ],
            },
        },
        "islands": {
            "type": "polygon",
            "format": "geojson",
            "geojson": {
                "type": "MultiPolygon",
                "coordinates": [
                    [[[20.05, 50.05], [22.05, 50.05], [21.05, 54.05], [20.05, 50.05]]],
                    [[[-10.05, -10.05], [-8.05, -10.05], [-9.05, -8.05], [-10.05, -10.05]]],
                ],
            },
        },
    },
)
"""Circles and polygons. No point with one decimal lies on a boundary, where section 5.9 leaves the answer open."""

ZONES: Final[tuple[str, ...]] = (
    "UTC",
    "Europe/Warsaw",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Kiritimati",  # UTC+14
    "Etc/GMT+12",  # UTC-12
    "Pacific/Apia",  # 30 December 2011 does not exist
    "America/Sao_Paulo",  # midnight of 4 November 2018 does not exist
    "Australia/Lord_Howe",  # clocks move by half an hour
    "Africa/Monrovia",  # until 1972 the offset had seconds
)
WEEK_STARTS: Final[tuple[str, ...]] = ("monday", "sunday", "saturday")

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""An ordinary now, a Sunday at noon."""

_NOWS: Final[tuple[datetime, ...]] = (
    NOW,
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(2023, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2025, 3, 1, tzinfo=UTC),
    datetime(2024, 2, 28, 12, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2024, 12, 29, 12, tzinfo=UTC),  # a Sunday, in the last week of a leap year
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Warsaw: 02:00 becomes 03:00
    datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # Warsaw: 02:30, the first time
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw"), fold=1),  # and the second
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York: 02:00 becomes 03:00
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),  # New York: 01:30, the first time
    datetime(2018, 11, 4, 3, tzinfo=UTC),  # São Paulo: the day begins at 01:00
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia: 29 December becomes 31 December
    datetime(2026, 4, 30, 23, 30, tzinfo=timezone(timedelta(hours=-11))),
    datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(1999, 12, 31, 12, tzinfo=UTC),
    datetime(2000, 2, 29, tzinfo=UTC),
    datetime(1900, 2, 28, 12, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1, 1, 8, 12, tzinfo=UTC),
    datetime(9999, 12, 24, 12, tzinfo=UTC),
)
_EDGES: Final[tuple[datetime, ...]] = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 2, 3, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 30, 20, tzinfo=UTC),
)
"""The ends of the calendar: some are outside it in zones east or west of Greenwich."""

_TEXTS: Final[tuple[str, ...]] = (
    "a", "b", "ab", "abc", "ba", "aba", "", "Gold", "gold", "Silver", "Gold Plus", "1", "1.0", "01", " 1", "true", "True", "false", "null", "é", "e\u0301",
    "ß", "SS", "😀", "a\x00b", "\x00", "line\nbreak", '"', "\\", "--", "geo:52.2,21.0", "2026", "NaN", "-0", "[]", "\ud83d",
)  # fmt: skip
_NUMBERS: Final[tuple[int | float, ...]] = (
    0, 1, 2, 3, 7, 10, 41, 100, 365, -1, -10, 0.5, 1.0, 1.5, 0.1, 2.5, 100.0, -0.0, -0.5, 1e3, 1e22, 0.30000000000000004, 5e-324, 1.7976931348623157e308,
    2**53, 2**53 + 1, float(2**53), -(2**53) - 1, 2**63, 10**18, 10**400, -(10**400),
)  # fmt: skip
_NUMBER_TEXTS: Final[tuple[str, ...]] = (
    "0", "1", "2", "10", "41", "100", "-1", "1.0", "0.5", "1e3", "1E2", "1e-2", "-0", "-0.0", "9007199254740993", "9007199254740993.0", "100000000000000000000000", "1" + "0" * 400,
)  # fmt: skip
_DAYS: Final[tuple[date, ...]] = (
    date(2026, 11, 22), date(2026, 11, 21), date(2026, 11, 23), date(1990, 5, 14), date(2024, 2, 29), date(2023, 2, 28), date(2025, 3, 1), date(2000, 2, 29),
    date(1992, 2, 29), date(1900, 2, 28), date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2018, 11, 4),
    date(2011, 12, 30), date(2026, 4, 30), date(2026, 1, 31), date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31), date(1, 1, 8), date(9999, 12, 24),
)  # fmt: skip
_TIMES: Final[tuple[str, ...]] = (
    "T00:00:00", "T12:00:00", "T23:59:59.999999", "T00:00", "T02:30:00", "T01:30:00.5", " 00:30:00", "t23:30", "T23:59:59", "T12:00:00.000001", "T12:00:00.1234567",
)  # fmt: skip
_OFFSETS: Final[tuple[str, ...]] = ("Z", "", "+02:00", "-0500", "z", "+14:00", "-12:00", "+0530", "-00:00", "+23:59", "-23:59")
_MONTH_DAYS: Final[tuple[str, ...]] = ("--11-22", "--02-29", "--02-28", "--03-01", "--06-30", "--12-31", "--01-01")
_WHOLES: Final[tuple[int, ...]] = (0, 1, 2, 3, 6, 7, 8, 14, 28, 29, 30, 31, 59, 365, 366, 367, 1000, 10_000, 730_000, 4_000_000, 10**30)
_SMALL: Final = 5
_MOST_ELEMENTS: Final = 60
_GRID: Final[tuple[str, ...]] = (
    "52.2,21.0", "52.5,21.0", "52.2,21.4", "53.0,21.0", "0,0", "0.0,0.1", "1.0,1.0", "4.0,5.0", "5.0,4.0", "9.0,9.0", "9.1,5.0", "-9.5,-9.0", "-33.9,151.2", "-33.8,151.2", "90,180", "-90,-180",
)  # fmt: skip
_NO_POINTS: Final[tuple[str, ...]] = ("91,0", "0,181", "1,1 ", "1, 1", "1e1,1", "+1,1", "geo:1", "1,1,1", "GEO:1,1", "٣,1", ".5,1", "1.,1")
_NO_DATES: Final[tuple[str, ...]] = (
    "2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1", "20260101", "2026-11-22T24:00:00", "2026-11-22T12:60", "2026-11-22T12:00:60Z", "2026-11-22T12", "2026-11-22T12:00+24:00",
    "2026-11-22T12:00:00 Z", "2026-11-22\n", "٢٠٢٦-11-22", "2026-W47-7", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00", "9999-12-31T23:59:59.999999", "2026-11-22T12:00:00.Z",
)  # fmt: skip


class _Colour(enum.Enum):
    """Members that stand for their values, whatever the type of these."""

    GOLD = "Gold"
    ONE = 1
    DAY = date(2026, 11, 22)
    NOTHING = None


class _Text(str):
    """A string of a subclass."""

    __slots__ = ()


class _Whole(int):
    """An integer of a subclass."""


class _Opaque:
    """An object without a meaning, that has no hash and refuses to be compared, and to be true or false."""

    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __bool__(self) -> bool:
        raise RuntimeError("asked for its truth")

    def __repr__(self) -> str:
        return "_Opaque()"


_ADVERSARIAL: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, 1.0, -0.0, 0.0, "", [], {}, math.nan, math.inf, -math.inf, 2**53 + 1, float(2**53), 10**400, -(10**400), "1", "true", "null", "\ud83d", "\udc00a",
    [None], [[]], [[1]], [{}], [1, 1], [None, 1, "1", True, 1.0], {"a": 1}, {"": None}, [math.nan], ["a", "b", "ab"], [[["2026-11-22"]]], 5e-324, "a" * 300, list(range(40)),
    *_NO_DATES, *_NO_POINTS, *_GRID,
)  # fmt: skip
_ADVERSARIAL_PYTHON: Final[tuple[Any, ...]] = (
    date(2026, 11, 22), date(2024, 2, 29), date.min, date.max, datetime.min, datetime.max, datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 12),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), datetime(2026, 10, 25, 2, 30, fold=1),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw"), fold=1), datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw")),
    Decimal(1), Decimal("1.0"), Decimal("1E+3"), Decimal("-0"), Decimal("0.1"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+400"), Decimal(10) ** 50,
    UUID(int=1), *_Colour, (), (1, "1"), {1, "a"}, frozenset({1, "a"}), frozenset(), ((1,),), (None,), _Text("Gold"), _Whole(1), b"Gold", bytearray(b"1"), 1j, range(2), Ellipsis,
    object(), _Opaque(), [_Opaque()], (math.nan,), MappingProxyType({"b": 1}), OrderedDict(b=1), timedelta(1), [date(2026, 11, 22), "2026-11-22"],
)  # fmt: skip


# --- Choices ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Choices:
    """Where decisions come from: `below(n)` is a number from 0 to n - 1, and 0 the simplest of them."""

    below: Callable[[int], int]

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; simple ones stand first."""
        return options[self.below(len(options))]

    def once_in(self, n: int) -> bool:
        """True one time in n; false is simpler."""
        return self.below(n) == n - 1

    def several(self, least: int, most: int, more: int = 1) -> Iterable[None]:
        """As many turns as chance has it: each further one with the odds `more` to 1. Examples shrink by whole turns."""
        turns = 0
        while turns < most and (turns < least or self.below(more + 1) > 0):
            turns += 1
            yield

    def some_of(self, options: Sequence[T], least: int, most: int) -> list[T]:
        """A few of the options, each at most once, in any order."""
        rest = list(options)
        chosen: list[T] = []
        chosen.extend(rest.pop(self.below(len(rest))) for _ in self.several(least, min(most, len(rest)), more=2))
        return chosen


@lru_cache(maxsize=1024)
def _up_to(greatest: int) -> SearchStrategy[int]:
    return st.integers(0, greatest)


def _drawn(draw: DrawFn) -> _Choices:
    return _Choices(lambda count: draw(_up_to(count - 1)) if count > 1 else 0)


def _seeded(seed: int | random_module.Random) -> _Choices:
    source = seed if isinstance(seed, random_module.Random) else random_module.Random(seed)
    return _Choices(lambda count: int(source.random() * count))


# --- Operands --------------------------------------------------------------------------------------------------------


def _number_text(number: float) -> str:
    return json.dumps(number)


def _date_time(choices: _Choices, day: date) -> str:
    return day.isoformat() + choices.pick(_TIMES) + choices.pick(_OFFSETS)


def _far_from_the_ends(day: date) -> bool:
    """Whether every date-time of the day lies in the calendar, in every zone."""
    return date.min.year < day.year < date.max.year


def _day(choices: _Choices) -> date:
    day = choices.pick(_DAYS)
    if choices.once_in(4) and _far_from_the_ends(day):
        day += timedelta(choices.below(61) - 30)
    return day


def _fixed_date(choices: _Choices) -> str:
    """An operand of section 5.4: certainly a date, a date-time or a month-day."""
    form = choices.below(8)
    if form == 7:  # noqa: PLR2004 - one of eight
        return choices.pick(_MONTH_DAYS)
    day = _day(choices)
    return day.isoformat() if form < 4 or not _far_from_the_ends(day) else _date_time(choices, day)  # noqa: PLR2004 - half of them


def _number(choices: _Choices, *, least: float = -math.inf) -> int | float | str:
    number: int | float | str
    number = choices.pick(_NUMBERS) if not choices.once_in(3) else choices.pick(_NUMBER_TEXTS)
    if choices.once_in(4):
        number = choices.below(50) if not choices.once_in(2) else choices.below(100) / 4
    if least > -math.inf and (number.startswith("-") if isinstance(number, str) else number < least):
        return choices.below(50)
    return number


def _whole(choices: _Choices, least: int, greatest: int | None) -> int | float | str:
    if greatest is None:
        number = choices.pick(_WHOLES) if not choices.once_in(3) else choices.below(40)
    else:
        # Years of interest are the years of the dates; days and months are all of interest.
        number = choices.pick(_DAYS).year if greatest > 366 else least + choices.below(greatest - least + 1)  # noqa: PLR2004 - more than days
    form = choices.below(8)
    if form == 7:  # noqa: PLR2004 - one of eight
        return float(number)
    if form == 6:  # noqa: PLR2004 - another
        return f"{number}.0"
    return str(number) if form == 5 else number  # noqa: PLR2004 - a third


def _value(choices: _Choices, type_: str | None) -> Any:
    """An operand of equality, mostly of the type that the attribute has."""
    form = choices.below(10)
    if form < 5:  # noqa: PLR2004 - half of them
        form = {None: 0, "string": 0, "number": 5, "boolean": 6, "date": 7, "datetime": 8, "geopoint": 9}[type_] if not choices.once_in(6) else 0
    match form:
        case 5:
            return _number(choices)
        case 6:
            return choices.pick((True, False, "true", "false"))
        case 7:
            return _fixed_date(choices) if not choices.once_in(3) else _whole(choices, 0, None)
        case 8:
            return _date_time(choices, _day(choices))
        case 9:
            return choices.pick(_GRID)
        case _:
            return _word(choices)


def _word(choices: _Choices) -> str:
    text = choices.pick(_TEXTS)
    return text + choices.pick(_TEXTS) if choices.once_in(6) else text


def _single(choices: _Choices, operator: Operator, type_: str | None, locations: Sequence[str]) -> Any:
    """One operand that the operator takes on an attribute of the type."""
    if operator.operand in WHOLE_RANGES:
        return _whole(choices, *WHOLE_RANGES[operator.operand])
    match operator.operand:
        case Operand.VALUE:
            return _value(choices, type_)
        case Operand.TEXT:
            return _word(choices) if not choices.once_in(4) else _value(choices, type_)
        case Operand.NUMBER:
            return _number(choices, least=0 if type_ in ("date", "datetime") else -math.inf)
        case Operand.DATE:
            return _fixed_date(choices)
        case Operand.MONTH_DAY:
            text = choices.pick(_MONTH_DAYS)
            return choices.pick((text, text.removeprefix("--"), choices.pick(_DAYS).isoformat()))
        case _:
            return choices.pick(locations)


def _operand(choices: _Choices, operator: Operator, type_: str | None, locations: Sequence[str], longest: int) -> Any:
    """An operand as it stands in a filter: bare, or an array."""
    if operator.takes is Takes.NOTHING:
        return choices.pick((True, [True], "", None, [], False, [False, 1], {"any": "thing"}, 0, "true"))
    least = 0 if operator.takes is Takes.LIST else 1
    if least == 0 and (operator.operand is Operand.LOCATION and not locations):
        return []
    if choices.below(3) < 2:  # noqa: PLR2004 - two in three stand bare or alone
        value = _single(choices, operator, type_, locations)
        return [value] if choices.once_in(2) else value
    most = longest if operator.takes is Takes.LIST and choices.once_in(8) else 4
    return [_single(choices, operator, type_, locations) for _ in choices.several(least, most, more=2 if most == 4 else 40)]  # noqa: PLR2004 - short


# --- Filters ---------------------------------------------------------------------------------------------------------

_SECTIONS: Final[Mapping[str | None, tuple[str, ...]]] = {
    None: ("5.1", "5.2", "5.3", "5.8"),
    "string": ("5.1", "5.2"),
    "number": ("5.1", "5.3"),
    "boolean": ("5.1",),
    "date": ("5.1", "5.3", "5.4", "5.5", "5.6", "5.7"),
    "datetime": ("5.1", "5.3", "5.4", "5.5", "5.6", "5.7"),
    "geopoint": ("5.1", "5.2", "5.9"),
}
_OPERATORS: Final = tuple(OPERATORS.values())
_FITTING: Final[Mapping[str | None, tuple[Operator, ...]]] = {
    type_: tuple(operator for operator in _OPERATORS if operator.section in sections) for type_, sections in _SECTIONS.items()
}
"""The operators that have a chance on an attribute of a type; any other one is chosen at times, too."""
_JUNCTIONS: Final = (None, None, "and", "or", "or", "OR", "And", "oR")


def _type_of(key: str, attributes: Mapping[str, str | None]) -> str | None:
    own = built_in_type(key)
    return str(own) if own else attributes.get(key)


def declared(attributes: Mapping[str, str | None] = ATTRIBUTES) -> dict[str, str]:
    """The part of a pool of attributes that an engine is told of as `attributes`."""
    return {key: type_ for key, type_ in attributes.items() if type_ is not None}


@dataclass(slots=True)
class _FilterMaker:
    """Makes filters over a few attributes of a pool."""

    choices: _Choices
    attributes: Mapping[str, str | None]
    locations: Sequence[str]
    max_depth: int
    leaves: int
    keys: Sequence[str] = ()
    longest: int = 12

    def conditions(self, type_: str | None) -> dict[str, Any]:
        choices = self.choices
        made: dict[str, Any] = {}
        for _ in choices.several(1, 3):
            operator = choices.pick(_FITTING[type_]) if not choices.once_in(4) else choices.pick(_OPERATORS)
            if operator.operand is Operand.LOCATION and not self.locations:
                operator = OPERATORS["$is"]
            made[operator.name] = _operand(choices, operator, type_, self.locations, self.longest)
            self.leaves -= 1
            if self.leaves <= 0:
                break
        return made

    def member(self, made: Filter, depth: int) -> None:
        choices = self.choices
        form = choices.below(8) if depth > 1 else 0
        if form < 5:  # noqa: PLR2004 - most members are attributes
            key = choices.pick(self.keys)
            made[key] = {"conditions": self.conditions(_type_of(key, self.attributes))}
        elif form == 5:  # noqa: PLR2004 - one of eight
            made["$not"] = self.filter(depth - 1)
        else:
            made["$or" if form == 6 else "$and"] = [self.filter(depth - 1) for _ in choices.several(1, 3)]  # noqa: PLR2004 - likewise

    def filter(self, depth: int) -> Filter:
        choices = self.choices
        made: Filter = {}
        junction = choices.pick(_JUNCTIONS)
        first = junction is not None and not choices.once_in(4)
        if first:
            made["junction"] = junction
        for _ in choices.several(0 if choices.once_in(12) else 1, 4):
            if self.leaves <= 0:
                break
            self.member(made, depth)
        if junction is not None and not first:
            made["junction"] = junction
        return made


def _filter(maker: _FilterMaker, leaves: int) -> Filter:
    maker.leaves = leaves
    return maker.filter(maker.max_depth)


def _maker(choices: _Choices, attributes: Mapping[str, str | None] | None, locations: Mapping[str, Any] | None, max_depth: int) -> _FilterMaker:
    pool = ATTRIBUTES if attributes is None else attributes
    places = LOCATIONS if locations is None else locations
    keys = choices.some_of(list(pool), 1, 6)
    return _FilterMaker(choices, pool, tuple(places), max_depth, 0, keys)


@st.composite
def filters(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 12,
) -> Filter:
    """Filters over the whole language.

    Args:
        draw: Given by Hypothesis.
        attributes: The pool of attribute keys, each with the type that the engine is told (None: none); default `ATTRIBUTES`.
        locations: The locations that the engine is told of; default `LOCATIONS`.
        max_depth: How many levels of filters may stand inside one another.
        max_leaves: How many conditions there may be at most.
    """
    return _filter(_maker(_drawn(draw), attributes, locations, max_depth), max_leaves)


@st.composite
def operands(
    draw: DrawFn,
    operator: str,
    type_: str | None = None,
    locations: Mapping[str, Any] | None = None,
    *,
    single: bool = False,
) -> Any:
    """What may stand to the right of an operator, on an attribute of a type; with `single`, one value and no array."""
    choices, row, places = _drawn(draw), OPERATORS[operator], tuple(LOCATIONS if locations is None else locations)
    return _single(choices, row, type_, places) if single and row.takes is not Takes.NOTHING else _operand(choices, row, type_, places, longest=12)


# --- Segments --------------------------------------------------------------------------------------------------------

_CUSTOMERS: Final = ("cust_1", "cust_2", "mail-7", "1", "", "null", "é", "\ud83d", "00000000-0000-0000-0000-000000000001", "Gold")
_NAMES: Final = ("Segment", "", "Ünïcode 😀", '"quoted"', "a\x00b", "line\nbreak")


def _segment(choices: _Choices, maker: _FilterMaker, id_: str, leaves: int, members: int = 6) -> Segment:
    made: Segment = {"id": id_, "name": choices.pick(_NAMES)}
    form = choices.below(8)
    if form == 7:  # noqa: PLR2004 - one of eight is static
        form = choices.below(5)
        if form != 0:
            made["type"] = "static"
        if form != 1:
            made["customers"] = [choices.pick(_CUSTOMERS) for _ in choices.several(0, members, more=2 if members < 10 else 200)]  # noqa: PLR2004 - a short list
        if form == 2:  # noqa: PLR2004 - one of five
            made["filter"] = None
    else:
        if form > 2:  # noqa: PLR2004 - the rest has the default type
            made["type"] = "passive" if form < 5 else "auto-update"  # noqa: PLR2004 - likewise
        made["filter"] = _filter(maker, leaves)
    if choices.once_in(6):
        made |= choices.pick(
            (
                {"object": "segment"},
                {"created_at": "2026-01-01T00:00:00Z", "updated_at": None},
                {"initial_sync_status": "DONE"},
                {"customers": None} if "customers" not in made else {},
            )
        )
    return made


@st.composite
def segments(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 12,
    id_: str = "seg_0",
) -> Segment:
    """One valid segment definition of any of the three types, as a JSON object. For the arguments see `filters`."""
    choices = _drawn(draw)
    return _segment(choices, _maker(choices, attributes, locations, max_depth), id_, max_leaves)


@st.composite
def segment_sets(
    draw: DrawFn,
    min_size: int = 0,
    max_size: int = 6,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 8,
) -> list[Segment]:
    """Sets of valid segment definitions with unique ids, over the same few attributes. For the other arguments see `filters`."""
    choices = _drawn(draw)
    maker = _maker(choices, attributes, locations, max_depth)
    return [_segment(choices, maker, f"seg_{number}", max_leaves) for number, _ in enumerate(choices.several(min_size, max_size, more=3))]


def seeded_segments(
    seed: int | random_module.Random,
    count: int,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 6,
    keys: int = 12,
) -> list[Segment]:
    """A set of `count` segments from a seed, where Hypothesis would be slow; the same distribution, over up to `keys` attributes."""
    choices = _seeded(seed)
    maker = _maker(choices, attributes, locations, max_depth)
    maker.keys = choices.some_of(list(maker.attributes), keys, keys)
    maker.longest = 200
    return [_segment(choices, maker, f"seg_{number}", 1 + choices.below(max_leaves), members=400) for number in range(count)]


# --- Records ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Constants:
    """What filters ask for: for each attribute the operators with each single operand, and the members that static segments list."""

    asked: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, documents: Iterable[Mapping[str, Any]]) -> _Constants:
        found = cls()
        for document in documents:
            # A key `id` of a filter is an attribute, and holds an object.
            if isinstance(document.get("id"), str):
                found.members += document.get("customers") or ()
                found.add(document.get("filter") or {})
            else:
                found.add(document)
        return found

    def add(self, filter_: Mapping[str, Any]) -> None:
        for key, member in filter_.items():
            if key in ("$and", "$or"):
                for inner in member:
                    self.add(inner)
            elif key == "$not":
                self.add(member)
            elif key != "junction":
                asked = self.asked.setdefault(key, [])
                for operator, operand in member["conditions"].items():
                    asked += [(operator, single) for single in (operand if isinstance(operand, list) else [operand])]


@dataclass(frozen=True, slots=True)
class _RecordMaker:
    """Makes records that come near to what filters ask for."""

    choices: _Choices
    constants: _Constants
    attributes: Mapping[str, str | None]
    now: datetime
    zone: ZoneInfo
    python_values: bool

    # Records

    def record(self) -> Record:
        choices = self.choices
        made: Record = {}
        for key in self.constants.asked:
            if choices.below(7) > 0:
                self.place(made, key, self.value(key))
        for _ in choices.several(0, 2):
            self.place(made, choices.pick(list(self.attributes)), self.value(choices.pick(list(self.attributes))))
        if self.constants.members or choices.once_in(4):
            for key in ("id", "source_id"):
                if choices.below(3) > 0:
                    made[key] = self.identity()
        return made

    def identity(self) -> Any:
        choices = self.choices
        if choices.once_in(6):
            return self.adversarial()
        name = choices.pick(self.constants.members or _CUSTOMERS)
        if self.python_values and choices.once_in(4):
            return choices.pick((UUID(int=1), _Text(name), _Colour.GOLD))
        return name

    def place(self, made: Record, key: str, value: Any) -> None:
        """Put a value where a look-up of the key may find it: under the flat key, nested at any of its dots, or both, or where its alias leads."""
        choices = self.choices
        steps = _alias_steps(key)
        if steps and choices.once_in(2):
            _put(made, steps, value)
            return
        dots = [position for position, char in enumerate(key) if char == "."]
        cuts = [] if not dots else dots if not choices.once_in(3) else choices.some_of(dots, 0, len(dots))
        _put(made, _cut(key, sorted(cuts)), value)
        if dots and choices.once_in(8):
            _put(made, [key] if not choices.once_in(2) else _cut(key, dots[:1]), self.value(key))

    # Values

    def value(self, key: str) -> Any:
        choices = self.choices
        form = choices.below(12)
        if form == 11:  # noqa: PLR2004 - one of twelve
            return self.adversarial()
        if form == 10:  # noqa: PLR2004 - likewise
            return None
        if form in (8, 9):
            return self.array(key)
        return self.scalar(key)

    def array(self, key: str) -> Any:
        choices = self.choices
        counts = [
            operand
            for operator, operand in self.constants.asked.get(key, ())
            if operator.startswith("$count") and isinstance(operand, int) and operand < _MOST_ELEMENTS
        ]
        if counts and choices.once_in(2):
            elements = [self.scalar(key)] * max(0, choices.pick(counts) + choices.below(3) - 1)
        else:
            elements = [self.scalar(key) if not choices.once_in(6) else self.adversarial() for _ in choices.several(0, 6, more=2)]
        if self.python_values and choices.once_in(3):
            elements = [element for element in elements if _is_hashable(element)]
            return choices.pick((tuple, set, frozenset))(elements)
        return elements

    def adversarial(self) -> Any:
        pool = _ADVERSARIAL + _ADVERSARIAL_PYTHON if self.python_values and self.choices.once_in(2) else _ADVERSARIAL
        return self.choices.pick(pool)

    def scalar(self, key: str) -> Any:
        """A value near one that a condition asks for, as it is or in another type of the same spelling."""
        choices = self.choices
        asked = self.constants.asked.get(key)
        type_ = _type_of(key, self.attributes)
        if not asked or choices.once_in(16):
            near = _value(choices, type_)
        else:
            operator, operand = choices.pick(asked)
            near = self.near(OPERATORS[operator], operand, type_)
        if choices.once_in(8):
            near = _respelled(choices, near)
        if self.python_values and choices.once_in(3):
            near = self.python_value(near)
        return near

    def near(self, operator: Operator, operand: Any, type_: str | None) -> Any:
        choices = self.choices
        if operator.takes is Takes.NOTHING:
            return self.day_near(choices.pick((0, 1, 6, 7, 8, 13, 14, 28, 29, 30, 31, 365, 366))) if operator.section > "5.1" else _value(choices, type_)
        if operator.operand in (Operand.DAYS, Operand.YEARS, Operand.NUMBER) and (operator.section != "5.3" or type_ in ("date", "datetime")):
            return self.ago_near(operator, _days_of(operand), exact=type_ == "datetime")
        if operator.operand is Operand.LOCATION:
            point = choices.pick(_GRID)
            return point if choices.once_in(2) else f"geo:{point}"
        if operator.operand in WHOLE_RANGES and operator.section == "5.7":
            day = choices.pick(_DAYS)
            wanted = int(float(operand)) + choices.below(3) - 1
            return self.spelled(_replaced(day, **{{"$is_year": "year", "$is_month": "month"}.get(operator.name, "day"): wanted}))
        if isinstance(operand, bool):
            return choices.pick((operand, "true", "false", not operand, int(operand), float(operand), str(operand)))
        if isinstance(operand, int | float):
            if type_ in ("date", "datetime"):
                return self.ago_near(operator, _days_of(operand), exact=False)
            return _number_near(choices, operand)
        return self.text_near(operand, is_date=operator.section > "5.3" or type_ in ("date", "datetime"))

    def text_near(self, text: str, *, is_date: bool) -> Any:
        choices = self.choices
        day = _day_in(text)
        if day is not None and (is_date or choices.once_in(2)):
            if choices.below(4) == 0:
                return text
            if text.startswith("--"):
                day = _replaced(day, year=choices.pick(_DAYS).year)
            return self.spelled(_moved(day, choices.pick((0, 1, -1, 0))))
        if choices.below(3) > 0:
            number = None if choices.below(2) == 0 else _as_number(text)
            return text if number is None else _number_near(choices, number)
        last = chr(min(max(ord(text[-1]) + choices.below(2) * 2 - 1, 0), 0x10FFFF)) if text else "a"
        return choices.pick(
            (text, text + "x", "x" + text, text[:-1], text[1:], text[:-1] + last, text.swapcase(), text + text, f"x{text}x", text + "\ud83d", " " + text)
        )

    # Dates

    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def day_near(self, distance: float) -> str:
        """A day that many days from today, ± 1, perhaps in another year."""
        choices = self.choices
        distance = int(distance) + choices.pick((0, 0, 1, -1))
        day = _moved(self.today(), distance if choices.once_in(2) else -distance)
        if choices.once_in(3):
            day = _replaced(day, year=choices.pick(_DAYS).year)
        return self.spelled(day)

    def ago_near(self, operator: Operator, n: float, *, exact: bool) -> str:
        """A moment that the operator compares with n: n days, or years, or exactly n times 24 hours, ± a little, mostly in the past."""
        choices = self.choices
        if operator.operand is Operand.YEARS:
            return self.spelled(_replaced(self.today(), year=self.today().year - int(n) + choices.below(3) - 1))
        if not exact or choices.once_in(3):
            return self.day_near(n)
        try:
            age = timedelta(days=n) + timedelta(microseconds=choices.below(3) - 1)
            moment = self.now.astimezone(UTC) + age if choices.once_in(4) else self.now.astimezone(UTC) - age
        except OverflowError:  # before the calendar, or after it
            return self.spelled(choices.pick(_DAYS))
        return moment.isoformat().replace("+00:00", choices.pick(("Z", "+00:00", "z")))

    def spelled(self, day: date) -> str:
        """ISO text of a day: the date, any time of it, or the first or last microsecond of it in the zone."""
        choices = self.choices
        form = choices.below(6)
        if form < 3:  # noqa: PLR2004 - half of them
            return day.isoformat()
        if form == 3 or not _far_from_the_ends(day):  # noqa: PLR2004 - one of six
            return _date_time(choices, day)
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC) + timedelta(
            days=choices.below(2), microseconds=choices.below(3) - 1
        )
        return midnight.isoformat() if form == 4 else midnight.astimezone(timezone(timedelta(hours=choices.below(27) - 12))).isoformat()  # noqa: PLR2004 - one of six

    # Python values

    def python_value(self, value: Any) -> Any:
        """A Python object that stands for the same, or nearly."""
        choices = self.choices
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return choices.pick((Decimal(str(value)), Decimal(value), value, _Whole(value) if isinstance(value, int) else value))
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                return _Text(value)
            naive = moment.replace(tzinfo=None)
            return choices.pick(
                (moment, naive.date(), naive, naive.replace(fold=1), naive.replace(tzinfo=self.zone), naive.replace(tzinfo=self.zone, fold=1), _Text(value))
            )
        return value


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:  # a signalling NaN raises it, too
        return False
    return True


def _cut(key: str, dots: Sequence[int]) -> list[str]:
    """The parts of a key between the dots at these positions."""
    starts, ends = [0, *(dot + 1 for dot in dots)], [*dots, len(key)]
    return [key[start:end] for start, end in zip(starts, ends, strict=True)]


def _put(made: Record, steps: Sequence[str], value: Any) -> None:
    """Set a value inside nested objects; where something else stands in the way, it goes."""
    for step in steps[:-1]:
        inner = made.get(step)
        if type(inner) is not dict or not inner:  # the empty ones may be constants of this module
            inner = made[step] = {}
        made = inner
    made[steps[-1]] = value


def _alias_steps(key: str) -> list[str] | None:
    """Where an alias leads (section 3.1)."""
    if key == "city":
        return ["address", "city"]
    for prefix, suffix, last in (
        ("loyalty.referred_customers.campaigns.", "", "referred_customers"),
        ("loyalty_points.campaigns.", ".points", "points"),
        ("loyalty_tier.campaigns.", "", "loyalty_tier"),
    ):
        if key.startswith(prefix) and key.endswith(suffix):
            return ["loyalty", "campaigns", key.removeprefix(prefix).removesuffix(suffix), last]
    return None


def _day_in(text: str) -> date | None:
    """The day that ISO text, or a month-day, speaks of."""
    try:
        return date.fromisoformat(f"2000{text[1:6]}" if text.startswith("--") else text[:10])
    except ValueError:
        return None


def _as_number(text: str) -> int | float | None:
    try:
        number = json.loads(text)
    except ValueError:
        return None
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None


def _days_of(operand: Any) -> float:
    """A number operand as days, no more than the calendar has."""
    number = _as_number(operand) if isinstance(operand, str) else operand
    return float(min(max(number or 0, -4_000_000), 4_000_000))


def _moved(day: date, days: int) -> date:
    """That many days later, as far as the calendar goes."""
    return date.fromordinal(min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def _replaced(day: date, /, **parts: int) -> date:
    """The day with other parts, where there is such a day."""
    try:
        return day.replace(**parts)
    except (ValueError, OverflowError):
        return day.replace(day=28, **{part: value for part, value in parts.items() if part == "year" and 1 <= value <= date.max.year})


def _number_near(choices: _Choices, number: float) -> Any:
    """The number, one next to it, or something spelled or valued like it."""
    near: list[Any] = [number, number, _number_text(number), number + 1, number - 1, -number]
    if abs(number) < 2**1000:
        as_float = float(number)
        near += [as_float, math.nextafter(as_float, math.inf), math.nextafter(as_float, -math.inf), as_float + 0.5, _number_text(as_float)]
    if number in (0, 1):
        near += [bool(number), json.dumps(bool(number)), -0.0]
    return choices.pick(near)


def _respelled(choices: _Choices, value: Any) -> Any:
    """A value of another type with the same spelling: True / "true", 1 / "1" / 1.0 / true, or inside an array."""
    if isinstance(value, str):
        number = _as_number(value)
        if number is not None:
            return number
        return {"true": True, "false": False, "": None, "null": None}.get(value, [value])
    if isinstance(value, int | float):
        if value in (0, 1):
            return choices.pick((bool(value), int(value), float(value), json.dumps(value), json.dumps(bool(value))))
        return json.dumps(value)
    return [value]


def _record_maker(
    choices: _Choices,
    documents: Iterable[Mapping[str, Any]] | Mapping[str, Any],
    attributes: Mapping[str, str | None] | None,
    now: datetime,
    timezone_: str,
    *,
    python_values: bool,
) -> _RecordMaker:
    constants = _Constants.of([documents] if isinstance(documents, Mapping) else documents)
    return _RecordMaker(choices, constants, ATTRIBUTES if attributes is None else attributes, now, ZoneInfo(timezone_), python_values)


@st.composite
def records_for(
    draw: DrawFn,
    documents: Iterable[Mapping[str, Any]] | Mapping[str, Any],
    attributes: Mapping[str, str | None] | None = None,
    now: datetime = NOW,
    timezone: str = "UTC",  # the option's name everywhere  # noqa: A002, RUF100
    *,
    python_values: bool = False,
) -> Record:
    """Customer records derived from the constants of filters: each value is one that some condition asks for, or next to one.

    Args:
        draw: Given by Hypothesis.
        documents: A filter or segment, or several of them.
        attributes: The pool that the filters are over, with declared types; default `ATTRIBUTES`.
        now: The time to which relative operators will refer.
        timezone: The zone that the engine will have.
        python_values: Whether values may be what JSON does not have: dates, decimals, UUIDs, enum members, sets, any objects.
    """
    return _record_maker(_drawn(draw), documents, attributes, now, timezone, python_values=python_values).record()


def seeded_records(
    seed: int | random_module.Random,
    documents: Iterable[Mapping[str, Any]],
    count: int,
    attributes: Mapping[str, str | None] | None = None,
    now: datetime = NOW,
    timezone: str = "UTC",
    *,
    python_values: bool = False,
) -> list[Record]:
    """Like `records_for`, from a seed, for thousands of segments and records."""
    maker = _record_maker(_seeded(seed), documents, attributes, now, timezone, python_values=python_values)
    return [maker.record() for _ in range(count)]


# --- Any JSON --------------------------------------------------------------------------------------------------------


def json_values(max_leaves: int = 8) -> SearchStrategy[Any]:
    """Any JSON value: NaN and infinities (which Python reads and writes), huge integers and lone surrogates included."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(_ADVERSARIAL)
        | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
    )
    return st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys(), inner, max_size=4), max_leaves=max_leaves)


def _keys() -> SearchStrategy[str]:
    parts = sorted({part for key in ATTRIBUTES for part in (key, *key.split("."))} | {"", ".", "..", "record", "model_extra", "object", "junction", "$and"})
    return st.sampled_from(parts) | st.text(st.characters(codec=None, exclude_categories=()), max_size=4)


def json_objects(max_leaves: int = 12) -> SearchStrategy[dict[str, Any]]:
    """Any JSON object, some of its keys being those of attributes."""
    return st.dictionaries(_keys(), json_values(max_leaves), max_size=6)


def python_objects() -> SearchStrategy[Any]:
    """Values that a Python record may hold and JSON may not."""
    return st.sampled_from(_ADVERSARIAL_PYTHON)


# --- Times and options -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def fixed_nows(zone: str) -> tuple[datetime, ...]:
    """Moments at which something happens to days, weeks, months or years in a zone."""

    def exists(moment: datetime) -> bool:
        try:
            moment.astimezone(UTC).astimezone(ZoneInfo(zone))
        except OverflowError:
            return False
        return True

    return _NOWS + tuple(moment for moment in _EDGES if exists(moment))


@st.composite
def nows(draw: DrawFn, timezone: str = "UTC") -> datetime:
    """Aware date-times at leap days, the ends of months, years and of the calendar, and clock changes, ± a little; all have a day in the zone."""
    choices = _drawn(draw)
    moment = choices.pick(fixed_nows(timezone))
    if date.min.year < moment.year < date.max.year and choices.once_in(3):
        moment += timedelta(days=choices.below(61) - 30, microseconds=choices.pick((0, 1, -1)))
    return moment


def zones() -> SearchStrategy[str]:
    """Names of time zones: far east and west, with clock changes of an hour and of half an hour, at midnight, and of a day."""
    return st.sampled_from(ZONES)


def week_starts() -> SearchStrategy[str]:
    """The first days of the week that an engine may have."""
    return st.sampled_from(WEEK_STARTS)


def attribute_types() -> SearchStrategy[dict[str, str | None]]:
    """Pools of attributes like `ATTRIBUTES`, each undeclared key declared, or declared otherwise, at times."""
    types = st.sampled_from((None, "string", "number", "boolean", "date", "datetime", "geopoint"))
    free = [key for key in ATTRIBUTES if built_in_type(key) is None]
    return st.dictionaries(st.sampled_from(free), types, max_size=6).map(lambda changed: {**ATTRIBUTES, **changed})


@st.composite
def engine_options(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The keyword arguments of an engine: time zone, start of the week, declared attributes, locations. For the arguments see `filters`."""
    return {
        "timezone": draw(zones()),
        "week_start": draw(week_starts()),
        "attributes": declared(ATTRIBUTES if attributes is None else attributes),
        "locations": dict(LOCATIONS if locations is None else locations),
    }


# --- Faulty definitions ----------------------------------------------------------------------------------------------

_NOT_TEXT: Final[tuple[Any, ...]] = (None, 5, True, [], {}, 1.5)
_NOT_OBJECTS: Final[tuple[Any, ...]] = (None, 5, True, [], "x", 0.5, [{}])
_BAD_SEGMENT: Final[Mapping[str, tuple[Any, ...]]] = {
    "id": (*_NOT_TEXT, "", "\ud83d"),
    "name": (*_NOT_TEXT, "\udc00"),
    "type": (*_NOT_TEXT, "dynamic", "Static", "auto_update"),
    "created_at": (5, True, "2026-01-01", "yesterday", [], "2026-01-01T25:00:00Z"),
    "updated_at": (5, {}, "", "2026-02-30T00:00:00Z"),
    "object": (None, "list", 5, "Segment"),
}
_BAD_OPERANDS: Final[Mapping[Operand, tuple[Any, ...]]] = {
    Operand.VALUE: (None, {}, [[]], [None], [["a"]], math.nan, math.inf, {"a": 1}, [1, None], 10**4000),
    Operand.TEXT: (None, {}, [[]], [None], -math.inf, [{}]),
    Operand.NUMBER: (None, "x", True, "2026-01-01", " 1", "1e999", "01", "", [1, "x"], {}, "+1", "0x1"),
    Operand.DAYS: (None, -1, 1.5, "x", True, "-1", "2026-01-01", [1, -1], 0.1),
    Operand.YEARS: (None, -1, 1.5, "x", False, [[1]]),
    Operand.COUNT: (None, -1, 1.5, "x", "1.5", {}),
    Operand.DATE: (None, 5, True, "x", "2026-02-30", "--02-30", "2026-01-01T25:00", "2026", "02-28", "0000-01-01", ["2026-01-01", "tomorrow"]),
    Operand.DAY_OF_MONTH: (None, 0, 32, 1.5, "x", True),
    Operand.MONTH: (None, 0, 13, "May", -1),
    Operand.YEAR: (None, 0, 10_000, "26x", 2026.5),
    Operand.MONTH_DAY: (None, 5, "02-30", "2-3", "x", "2026-02-30", "2026-01-01T00:00:00Z", "--2-3"),
    Operand.LOCATION: (None, 5, "nowhere", True, ["warsaw", "Warsaw"], {}),
}
_FAULTY_OPERATORS: Final = (*REFUSED, "$start_with", "is", "$IS", "", "$not_starts_with", "$regex", "$", "$eq")
_GOOD: Final = {"conditions": {"$is": "x"}}


def _bad_condition(choices: _Choices) -> dict[str, Any]:
    if choices.once_in(4):
        return {choices.pick(_FAULTY_OPERATORS): choices.pick((1, "x", [1], None))}
    operator = choices.pick([operator for operator in _OPERATORS if operator.operand is not Operand.ANYTHING])
    if operator.takes is Takes.ONE and choices.once_in(6):
        return {operator.name: []}
    return {operator.name: choices.pick(_BAD_OPERANDS[operator.operand])}


def _bad_member(choices: _Choices) -> dict[str, Any]:
    """A member that makes a filter faulty, wherever it stands."""
    match choices.below(10):
        case 0 | 1 | 2:
            return {choices.pick(("name", "metadata.a~b/c", "x")): {"conditions": _bad_condition(choices)}}
        case 3:
            return {"junction": choices.pick(("xor", "", "and ", None, 5, [], {"conditions": {"$is": 1}}))}
        case 4:
            return {choices.pick(("$and", "$or")): choices.pick((None, 5, "x", {}, [], [5], [None], [[]], {"name": _GOOD}))}
        case 5:
            return {"$not": choices.pick((None, 5, "x", [], [{}]))}
        case 6:
            return {choices.pick(("$nor", "$is", "$", "$AND", "$has_value", "")): choices.pick(({}, [{}], True, _GOOD))}
        case 7:
            return {"name": choices.pick((*_NOT_OBJECTS, {}, {"$is": "x"}, {"conditions": {"$is": "x"}, "more": 1}, {"Conditions": {"$is": "x"}}))}
        case 8:
            return {"name": {"conditions": choices.pick((*_NOT_OBJECTS, {}))}}
        case _:
            return _nested(choices.pick(("$not", "$and", "$or")), 64 + choices.below(3) * 40)


def _nested(key: str, levels: int) -> Filter:
    """A filter that reaches that many levels further down."""
    made: Filter = {"name": _GOOD}
    for _ in range(levels):
        made = {key: made if key == "$not" else [made]}
    return made


def _broken_filter(choices: _Choices, filter_: Filter) -> Filter:
    """The filter with a faulty member in it, on any level."""
    groups = [key for key in ("$not", "$and", "$or") if key in filter_]
    if groups and choices.once_in(2):
        key = choices.pick(groups)
        inner = filter_[key]
        if key == "$not":
            return {**filter_, key: _broken_filter(choices, inner)}
        index = choices.below(len(inner))
        return {**filter_, key: [*inner[:index], _broken_filter(choices, inner[index]), *inner[index + 1 :]]}
    return (
        {**filter_, **_bad_member(choices)}
        if choices.once_in(2)
        else {**_bad_member(choices), **{key: filter_[key] for key in filter_ if key not in ("junction", *groups, "name")}}
    )


def _broken_segment(choices: _Choices, maker: _FilterMaker, id_: str) -> Any:
    """A definition that is certainly faulty."""
    dynamic: Segment = {"id": id_, "name": "Broken", "type": choices.pick(("passive", "auto-update")), "filter": _filter(maker, 6)}
    static: Segment = {"id": id_, "name": "Broken", "type": "static", "customers": ["cust_1"]}
    match choices.below(10):
        case 0 | 1 | 2 | 3:
            return {**dynamic, "filter": _broken_filter(choices, dynamic["filter"])}
        case 4:
            key = choices.pick(list(_BAD_SEGMENT))
            return {**choices.pick((dynamic, static)), key: choices.pick(_BAD_SEGMENT[key])}
        case 5:
            missing = choices.pick(("id", "name", "filter"))
            return {key: value for key, value in dynamic.items() if key != missing}
        case 6:
            return {**dynamic, "filter": choices.pick(_NOT_OBJECTS)}
        case 7:
            return choices.pick(({**dynamic, "customers": []}, {**dynamic, "customers": 5}, {**static, "filter": {}}, {**static, "filter": 5}))
        case 8:
            return {**static, "customers": choices.pick((5, True, "cust_1", {}, [5], ["cust_1", None], [["cust_1"]], 0))}
        case _:
            return choices.pick((None, 5, True, "seg", [], [[dynamic]], {}, {"data": [dynamic]}, {**dynamic, "id": ""}))


@st.composite
def invalid_documents(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> list[Any]:
    """Lists of segment definitions of which at least one is faulty, in any way that JSON allows; the others are valid. For the arguments see `filters`."""
    choices = _drawn(draw)
    maker = _maker(choices, attributes, locations, 3)
    made: list[Any] = [_segment(choices, maker, f"seg_{number}", 4) for number, _ in enumerate(choices.several(0, 2))]
    for number, _ in enumerate(choices.several(1, 3)):
        made.insert(choices.below(len(made) + 1), _broken_segment(choices, maker, f"bad_{number}"))
    return made
