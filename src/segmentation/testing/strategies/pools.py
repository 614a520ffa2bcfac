"""What filters and records are made of: attributes, places, zones, moments, and constants that are known to break evaluators."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

__all__ = [
    "ADVERSARIAL",
    "ADVERSARIAL_PYTHON",
    "ATTRIBUTES",
    "DAYS",
    "EDGES",
    "GRID",
    "LOCATIONS",
    "MONTH_DAYS",
    "MOST_ELEMENTS",
    "NOW",
    "NOWS",
    "NUMBERS",
    "NUMBER_TEXTS",
    "OFFSETS",
    "TEXTS",
    "TIMES",
    "WEEK_STARTS",
    "WHOLES",
    "ZONES",
    "Colour",
    "Filter",
    "Record",
    "Segment",
    "Text",
    "Whole",
]

Filter = dict[str, Any]
Segment = dict[str, Any]
Record = dict[str, Any]

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

NOWS: Final[tuple[datetime, ...]] = (
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
EDGES: Final[tuple[datetime, ...]] = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 2, 3, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 30, 20, tzinfo=UTC),
)
"""The ends of the calendar: some are outside it in zones east or west of Greenwich."""

TEXTS: Final[tuple[str, ...]] = (
    "a", "b", "ab", "abc", "ba", "aba", "", "Gold", "gold", "Silver", "Gold Plus", "1", "1.0", "01", " 1", "true", "True", "false", "null", "é", "e\u0301",
    "ß", "SS", "😀", "a\x00b", "\x00", "line\nbreak", '"', "\\", "--", "geo:52.2,21.0", "2026", "NaN", "-0", "[]", "\ud83d",
)  # fmt: skip
NUMBERS: Final[tuple[int | float, ...]] = (
    0, 1, 2, 3, 7, 10, 41, 100, 365, -1, -10, 0.5, 1.0, 1.5, 0.1, 2.5, 100.0, -0.0, -0.5, 1e3, 1e22, 0.30000000000000004, 5e-324, 1.7976931348623157e308,
    2**53, 2**53 + 1, float(2**53), -(2**53) - 1, 2**63, 10**18, 10**400, -(10**400),
)  # fmt: skip
NUMBER_TEXTS: Final[tuple[str, ...]] = (
    "0", "1", "2", "10", "41", "100", "-1", "1.0", "0.5", "1e3", "1E2", "1e-2", "-0", "-0.0", "9007199254740993", "9007199254740993.0", "100000000000000000000000", "1" + "0" * 400,
)  # fmt: skip
DAYS: Final[tuple[date, ...]] = (
    date(2026, 11, 22), date(2026, 11, 21), date(2026, 11, 23), date(1990, 5, 14), date(2024, 2, 29), date(2023, 2, 28), date(2025, 3, 1), date(2000, 2, 29),
    date(1992, 2, 29), date(1900, 2, 28), date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2018, 11, 4),
    date(2011, 12, 30), date(2026, 4, 30), date(2026, 1, 31), date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31), date(1, 1, 8), date(9999, 12, 24),
)  # fmt: skip
TIMES: Final[tuple[str, ...]] = (
    "T00:00:00", "T12:00:00", "T23:59:59.999999", "T00:00", "T02:30:00", "T01:30:00.5", " 00:30:00", "t23:30", "T23:59:59", "T12:00:00.000001", "T12:00:00.1234567",
)  # fmt: skip
OFFSETS: Final[tuple[str, ...]] = ("Z", "", "+02:00", "-0500", "z", "+14:00", "-12:00", "+0530", "-00:00", "+23:59", "-23:59")
MONTH_DAYS: Final[tuple[str, ...]] = ("--11-22", "--02-29", "--02-28", "--03-01", "--06-30", "--12-31", "--01-01")
WHOLES: Final[tuple[int, ...]] = (0, 1, 2, 3, 6, 7, 8, 14, 28, 29, 30, 31, 59, 365, 366, 367, 1000, 10_000, 730_000, 4_000_000, 10**30)
_SMALL: Final = 5
MOST_ELEMENTS: Final = 60
GRID: Final[tuple[str, ...]] = (
    "52.2,21.0", "52.5,21.0", "52.2,21.4", "53.0,21.0", "0,0", "0.0,0.1", "1.0,1.0", "4.0,5.0", "5.0,4.0", "9.0,9.0", "9.1,5.0", "-9.5,-9.0", "-33.9,151.2", "-33.8,151.2", "90,180", "-90,-180",
)  # fmt: skip
_NO_POINTS: Final[tuple[str, ...]] = ("91,0", "0,181", "1,1 ", "1, 1", "1e1,1", "+1,1", "geo:1", "1,1,1", "GEO:1,1", "٣,1", ".5,1", "1.,1")
_NO_DATES: Final[tuple[str, ...]] = (
    "2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1", "20260101", "2026-11-22T24:00:00", "2026-11-22T12:60", "2026-11-22T12:00:60Z", "2026-11-22T12", "2026-11-22T12:00+24:00",
    "2026-11-22T12:00:00 Z", "2026-11-22\n", "٢٠٢٦-11-22", "2026-W47-7", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00", "9999-12-31T23:59:59.999999", "2026-11-22T12:00:00.Z",
)  # fmt: skip


class Colour(enum.Enum):
    """Members that stand for their values, whatever the type of these."""

    GOLD = "Gold"
    ONE = 1
    DAY = date(2026, 11, 22)
    NOTHING = None


class Text(str):
    """A string of a subclass."""

    __slots__ = ()


class Whole(int):
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


ADVERSARIAL: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, 1.0, -0.0, 0.0, "", [], {}, math.nan, math.inf, -math.inf, 2**53 + 1, float(2**53), 10**400, -(10**400), "1", "true", "null", "\ud83d", "\udc00a",
    [None], [[]], [[1]], [{}], [1, 1], [None, 1, "1", True, 1.0], {"a": 1}, {"": None}, [math.nan], ["a", "b", "ab"], [[["2026-11-22"]]], 5e-324, "a" * 300, list(range(40)),
    *_NO_DATES, *_NO_POINTS, *GRID,
)  # fmt: skip
ADVERSARIAL_PYTHON: Final[tuple[Any, ...]] = (
    date(2026, 11, 22), date(2024, 2, 29), date.min, date.max, datetime.min, datetime.max, datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 12),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), datetime(2026, 10, 25, 2, 30, fold=1),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw"), fold=1), datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw")),
    Decimal(1), Decimal("1.0"), Decimal("1E+3"), Decimal("-0"), Decimal("0.1"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+400"), Decimal(10) ** 50,
    UUID(int=1), *Colour, (), (1, "1"), {1, "a"}, frozenset({1, "a"}), frozenset(), ((1,),), (None,), Text("Gold"), Whole(1), b"Gold", bytearray(b"1"), 1j, range(2), Ellipsis,
    object(), _Opaque(), [_Opaque()], (math.nan,), MappingProxyType({"b": 1}), OrderedDict(b=1), timedelta(1), [date(2026, 11, 22), "2026-11-22"],
)  # fmt: skip
