"""Customers to segment: seeded generators of customer objects, nested as the API nests them.

Two populations. *Flat*: 14 attributes, every one known. *Rich*: 30 attributes of mixed cardinality with arrays and dates,
a fifth of the values missing (three quarters of those absent, the rest null). Names and places are invented words with
Zipf frequencies; e-mail addresses and phone numbers do not repeat.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["FLAT_ATTRIBUTES", "NOW", "RICH_ATTRIBUTES", "Record", "flat_customers", "rich_customers"]

Record: TypeAlias = dict[str, Any]
T = TypeVar("T")

NOW = datetime(2026, 8, 21, 10, 30, tzinfo=UTC)
"""The moment at which every workload is evaluated."""

FLAT_ATTRIBUTES = {
    "metadata.first_name": "text",
    "metadata.last_name": "text",
    "email": "text",
    "phone": "text",
    "address.city": "text",
    "address.country": "choice",
    "metadata.tier": "choice",
    "metadata.newsletter": "flag",
    "metadata.age": "number",
    "metadata.visits": "number",
    "metadata.engagement": "number",
    "summary.orders.total_amount": "number",
    "summary.orders.total_count": "number",
    "loyalty.points": "number",
}
RICH_ATTRIBUTES = {
    "address.country": "choice",
    "metadata.lang": "choice",
    "metadata.tier": "choice",
    "metadata.acquisition_channel": "choice",
    "metadata.device": "choice",
    "metadata.store": "choice",
    "metadata.favorite_category": "choice",
    "metadata.currency": "choice",
    "name": "text",
    "email": "text",
    "phone": "text",
    "address.city": "text",
    "address.postal_code": "text",
    "metadata.referral_code": "text",
    "summary.orders.total_amount": "number",
    "summary.orders.total_count": "number",
    "summary.orders.average_amount": "number",
    "loyalty.points": "number",
    "metadata.age": "number",
    "metadata.visits": "number",
    "metadata.nps": "number",
    "metadata.engagement": "number",
    "birthdate": "birthday",
    "created_at": "past",
    "summary.orders.last_order_date": "past",
    "metadata.subscription_end": "future",
    "metadata.favorite_brands": "array",
    "metadata.tags": "array",
    "metadata.newsletter": "flag",
    "metadata.accepts_marketing": "flag",
}
MISSING = 0.2
"""The share of values that a rich customer lacks."""


class Zipf(Generic[T]):
    """Draws from some values with frequencies falling as 1 / rank ** exponent."""

    def __init__(self, values: Sequence[T], exponent: float = 1.0) -> None:
        self.values = values
        self._weights = list(accumulate(1.0 / rank**exponent for rank in range(1, len(values) + 1)))

    def draw(self, rng: random.Random) -> T:
        """One value."""
        return rng.choices(self.values, cum_weights=self._weights)[0]


def _words(seed: str, count: int, syllables: tuple[int, int]) -> list[str]:
    """Distinct capitalised words, the same ones for the same arguments."""
    rng = random.Random(seed)
    words: dict[str, None] = {}
    while len(words) < count:
        parts = [rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randint(*syllables))]
        words["".join(parts).capitalize() + rng.choice(["", "n", "s", "r", "k", "lla"])] = None
    return list(words)


_FIRST_NAMES = Zipf(_words("first", 1_000, (2, 3)), 0.8)
_LAST_NAMES = Zipf(_words("last", 5_000, (2, 4)), 0.6)
_DOMAINS = Zipf([f"{word.lower()}.{end}" for word in _words("mail", 10, (2, 3)) for end in ("com", "org", "example")])
_COUNTRIES = Zipf(
    [
        "US",
        "DE",
        "GB",
        "FR",
        "PL",
        "ES",
        "IT",
        "NL",
        "BR",
        "CA",
        "SE",
        "JP",
        "AU",
        "MX",
        "IN",
        "BE",
        "CH",
        "AT",
        "DK",
        "NO",
        "FI",
        "PT",
        "IE",
        "CZ",
        "RO",
        "GR",
        "HU",
        "KR",
        "AR",
        "CL",
    ],
    0.9,
)
_PREFIX = {code: f"+{20 + index}" for index, code in enumerate(_COUNTRIES.values)}


def _cities(seed: str, count: int) -> dict[str, Zipf[str]]:
    names, codes = _words(seed, count, (2, 4)), _COUNTRIES.values
    return {code: Zipf(names[index :: len(codes)], 0.7) for index, code in enumerate(codes)}


_CITIES = _cities("city", 500)
_MANY_CITIES = _cities("town", 10_000)
_TIERS = Zipf(["bronze", "silver", "gold", "platinum", "black"], 0.9)
_CHOICES = {
    "metadata.lang": Zipf(["en", "de", "fr", "pl", "es", "it", "nl", "pt", "sv", "ja"]),
    "metadata.tier": _TIERS,
    "metadata.acquisition_channel": Zipf(["search", "social", "e-mail", "referral", "store", "app", "partner", "affiliate"]),
    "metadata.device": Zipf(["ios", "android"], 0.5),
    "metadata.store": Zipf([f"store-{number:02d}" for number in range(50)], 0.8),
    "metadata.favorite_category": Zipf(_words("category", 25, (2, 3))),
    "metadata.currency": Zipf(["EUR", "USD", "GBP", "PLN", "BRL", "SEK"]),
}
_BRANDS = Zipf(_words("brand", 60, (1, 3)), 0.9)
_TAGS = Zipf(_words("tag", 200, (2, 3)), 0.8)


def _person(rng: random.Random, index: int, cities: dict[str, Zipf[str]]) -> dict[str, str]:
    first, last, country = _FIRST_NAMES.draw(rng), _LAST_NAMES.draw(rng), _COUNTRIES.draw(rng)
    return {
        "first": first,
        "last": last,
        "email": f"{first}.{last}{index}@{_DOMAINS.draw(rng)}".lower(),
        "phone": f"{_PREFIX[country]}{rng.randrange(10**8, 10**9)}",
        "country": country,
        "city": cities[country].draw(rng),
    }


def _money(rng: random.Random, median: float) -> float:
    return round(median * rng.lognormvariate(0, 1.2), 2)


def _age(rng: random.Random) -> int:
    return min(95, max(16, int(rng.gauss(42, 15))))


def _flat_customer(rng: random.Random, index: int) -> Record:
    person = _person(rng, index, _CITIES)
    return {
        "id": f"cust_{index:08d}",
        "source_id": f"shop_{index}",
        "object": "customer",
        "email": person["email"],
        "phone": person["phone"],
        "address": {"city": person["city"], "country": person["country"]},
        "metadata": {
            "first_name": person["first"],
            "last_name": person["last"],
            "tier": _TIERS.draw(rng),
            "newsletter": rng.random() < 0.6,
            "age": _age(rng),
            "visits": int(rng.expovariate(1 / 40)),
            "engagement": round(rng.random(), 6),
        },
        "summary": {
            "orders": {"total_amount": _money(rng, 180), "total_count": int(rng.expovariate(1 / 8))},
        },
        "loyalty": {"points": int(_money(rng, 900))},
    }


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _days_from_now(days: float) -> datetime:
    return NOW + timedelta(days=days)


_RICH_VALUES: dict[str, Callable[[random.Random], Any]] = {
    **{key: choice.draw for key, choice in _CHOICES.items()},
    "address.postal_code": lambda rng: f"{rng.randrange(100_000):05d}",
    "metadata.referral_code": lambda rng: "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=6)),
    "summary.orders.total_amount": lambda rng: _money(rng, 180),
    "summary.orders.total_count": lambda rng: int(rng.expovariate(1 / 8)),
    "summary.orders.average_amount": lambda rng: _money(rng, 35),
    "loyalty.points": lambda rng: int(_money(rng, 900)),
    "metadata.age": _age,
    "metadata.visits": lambda rng: int(rng.expovariate(1 / 40)),
    "metadata.nps": lambda rng: rng.randint(-100, 100),
    "metadata.engagement": lambda rng: round(rng.random(), 6),
    "birthdate": lambda rng: _days_from_now(-365.25 * rng.triangular(16, 95, 38)).date().isoformat(),
    "created_at": lambda rng: _instant(_days_from_now(-6 * 365 * rng.random() ** 1.5)),
    "summary.orders.last_order_date": lambda rng: _instant(_days_from_now(-rng.expovariate(1 / 120))),
    "metadata.subscription_end": lambda rng: _days_from_now(rng.uniform(-300, 700)).date().isoformat(),
    "metadata.favorite_brands": lambda rng: list(dict.fromkeys(_BRANDS.draw(rng) for _ in range(rng.randint(0, 4)))),
    "metadata.tags": lambda rng: list(dict.fromkeys(_TAGS.draw(rng) for _ in range(rng.randint(1, 8)))),
    "metadata.newsletter": lambda rng: rng.random() < 0.6,
    "metadata.accepts_marketing": lambda rng: rng.random() < 0.4,
}


def _rich_customer(rng: random.Random, index: int) -> Record:
    person = _person(rng, index, _MANY_CITIES)
    known = {
        "name": f"{person['first']} {person['last']}",
        "email": person["email"],
        "phone": person["phone"],
        "address.country": person["country"],
        "address.city": person["city"],
    }
    record: Record = {
        "id": f"cust_{index:08d}",
        "source_id": f"shop_{index}",
        "object": "customer",
        "address": {},
        "metadata": {},
        "summary": {"orders": {}},
        "loyalty": {},
    }
    for key in RICH_ATTRIBUTES:
        value = known[key] if key in known else _RICH_VALUES[key](rng)
        lot = rng.random()
        if lot < 0.75 * MISSING:
            continue
        holder = record
        *steps, last = key.split(".")
        for step in steps:
            holder = holder[step]
        holder[last] = None if lot < MISSING else value
    return record


def flat_customers(count: int, seed: int) -> list[Record]:
    """Customers of 14 attributes, all known; the first n of a larger count are the n of a smaller one."""
    rng = random.Random(f"flat customers {seed}")
    return [_flat_customer(rng, index) for index in range(count)]


def rich_customers(count: int, seed: int) -> list[Record]:
    """Customers of 30 attributes, a fifth of the values missing; prefix-stable as `flat_customers`."""
    rng = random.Random(f"rich customers {seed}")
    return [_rich_customer(rng, index) for index in range(count)]
