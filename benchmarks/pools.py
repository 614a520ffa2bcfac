"""Conditions to build segments from, each with the customers of a sample that it selects.

A pool holds the conditions of one attribute. Every condition carries a bit mask over a fixed sample of the population, so
that a generator can aim at a segment size, correlations between attributes included, with an AND and a population count.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from benchmarks.closure_days import PERIODS
from benchmarks.closures import Compiler, Test, record_loader
from benchmarks.population import FLAT_ATTRIBUTES, NOW, RICH_ATTRIBUTES, Record, flat_customers, rich_customers

__all__ = ["DECLARED", "Choice", "Pool", "Pools", "flat_pools", "rich_pools"]

Body: TypeAlias = dict[str, Any]
"""What stands under an attribute key: ``{"conditions": {operator: operand}}``."""

DECLARED = {"metadata.subscription_end": "date"}
"""The attributes of the rich population that need declaring."""
SAMPLE_SEED = 9_001
_NEGATIVE_OPERATORS = frozenset({"$is_not", "$not_in", "$not_contain", "$is_unknown"})
_ROUND_DIGITS = 2
_LONGEST_LIST = 25


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition.

    Attributes:
        key: the attribute.
        body: the attribute object, shared by all segments that use the condition.
        mask: bit i is set when customer i of the sample meets it.
        share: the share of the sample that meets it, 0 excluded.
    """

    key: str
    body: Body
    mask: int
    share: float

    @property
    def several(self) -> bool:
        """Whether the body holds several operators, so that its meaning depends on the junction."""
        return len(self.body["conditions"]) > 1


class Pool:
    """The finite conditions of one attribute, found by the share of customers that they select."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self.choices = sorted(choices, key=lambda choice: choice.share)
        self._shares = [choice.share for choice in self.choices]
        self._reach = 4 + len(choices) // 50

    def draw(self, rng: random.Random, share: float) -> Choice:
        """A condition that selects about this share of customers."""
        index = bisect_left(self._shares, share) + int((2 * rng.random() - 1) * self._reach)
        return self.choices[min(max(index, 0), len(self.choices) - 1)]


class NumberPool(Pool):
    """As `Pool`, half of the draws with a threshold of their own instead of one from a list."""

    def __init__(self, key: str, choices: Sequence[Choice], values: Sequence[float | None]) -> None:
        super().__init__(choices)
        self._key = key
        self._size = len(values)
        known = sorted((value, index) for index, value in enumerate(values) if value is not None)
        self._values = [value for value, _ in known]
        self._whole = all(type(value) is int for value in self._values)
        self._digits = 6 if self._values[-1] <= 1 else _ROUND_DIGITS
        self._below = [0]
        for _, index in known:
            self._below.append(self._below[-1] | 1 << index)

    def draw(self, rng: random.Random, share: float) -> Choice:
        """A condition that selects about this share of customers."""
        lot = rng.random()
        if lot < 0.5:
            return super().draw(rng, share)
        count = len(self._values)
        wanted = min(count - 1, max(1, int(share * self._size)))
        if lot < 0.7:
            low = self._threshold(rng, count - wanted)
            name = "$more_than" if lot < 0.6 else "$more_than_equal"
            return self._choice({name: low}, self._lower(name, low), count)
        if lot < 0.9:
            high = self._threshold(rng, wanted)
            name = "$less_than" if lot < 0.8 else "$less_than_equal"
            return self._choice({name: high}, 0, self._upper(name, high))
        start = int(rng.random() * (count - wanted))
        low, high = self._threshold(rng, start), self._threshold(rng, start + wanted)
        first, last = self._lower("$more_than_equal", low), self._upper("$less_than", high)
        return self._choice({"$more_than_equal": low, "$less_than": high}, first, max(first, last))

    def _threshold(self, rng: random.Random, index: int) -> float:
        """A number that about ``index`` of the sorted values are below."""
        below, above = self._values[max(index - 1, 0)], self._values[min(index, len(self._values) - 1)]
        threshold = below + (above - below) * rng.random()
        return round(threshold) if self._whole else round(threshold, self._digits)

    def _lower(self, name: str, threshold: float) -> int:
        return (bisect_right if name == "$more_than" else bisect_left)(self._values, threshold)

    def _upper(self, name: str, threshold: float) -> int:
        return (bisect_left if name == "$less_than" else bisect_right)(self._values, threshold)

    def _choice(self, conditions: Mapping[str, float], first: int, last: int) -> Choice:
        mask = self._below[last] ^ self._below[first]
        return Choice(self._key, {"conditions": conditions}, mask, max(last - first, 0.3) / self._size)


class TextPool(Pool):
    """As `Pool`, a quarter of the draws being lists of values of their own (one value when that is enough)."""

    def __init__(self, key: str, choices: Sequence[Choice], values: Sequence[str | None]) -> None:
        super().__init__(choices)
        self._key = key
        self._size = len(values)
        self._drawn = [value for value in values if value is not None]
        self._masks = _value_masks(values)
        # Lists of near-unique values (e-mail addresses) would hold nobody but the sample's own customers.
        self._own = 0.25 if len(self._masks) < self._size // 2 else 0

    def draw(self, rng: random.Random, share: float) -> Choice:
        """A condition that selects about this share of customers."""
        if rng.random() > self._own or share > 0.5:
            return super().draw(rng, share)
        listed: dict[str, None] = {}
        mask, wanted = 0, share * self._size
        while mask.bit_count() < wanted and len(listed) < _LONGEST_LIST:
            value = self._drawn[int(rng.random() * len(self._drawn))]
            listed[value] = None
            mask |= self._masks[value]
        conditions = {"$in": list(listed)} if len(listed) > 1 else {"$is": next(iter(listed))}
        return Choice(self._key, {"conditions": conditions}, mask, mask.bit_count() / self._size)


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools of a population.

    Attributes:
        size: customers in the sample.
        by_key: pools of all conditions, for every attribute.
        positive, negative: the same, parted by the kind of operator; empty pools left out.
        presence: for attributes that may be missing, ``$has_value`` and ``$is_unknown``, which are in no pool.
    """

    size: int
    by_key: Mapping[str, Pool]
    positive: Mapping[str, Pool]
    negative: Mapping[str, Pool]
    presence: Mapping[str, Sequence[Choice]]


def _nice(value: float) -> float:
    """A number with two significant digits, as people type them."""
    if value == 0:
        return 0
    rounded = round(value, 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) else rounded


def _number_conditions(values: Sequence[float], rng: random.Random) -> Iterator[dict[str, Any]]:
    ordered = sorted(values)
    marks = sorted({_nice(ordered[len(ordered) * step // 24]) for step in range(1, 24)} | {_nice(ordered[-3])})
    for mark in marks:
        for name in ("$more_than", "$less_than", "$more_than_equal", "$less_than_equal"):
            yield {name: mark}
    for _ in range(15):
        if len(marks) > 1:
            low, high = sorted(rng.sample(marks, 2))
            yield {"$more_than_equal": low, "$less_than": high}
    if all(type(value) is int for value in values):
        for value in rng.sample(ordered, 10):
            yield {"$is": value}


def _choice_conditions(values: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    distinct = sorted(set(values))
    for value in distinct:
        yield {"$is": value}
        yield {"$is_not": value}
    for _ in range(25):
        if len(distinct) > 2:
            subset = rng.sample(distinct, rng.randint(2, max(2, len(distinct) // 2)))
            yield {"$in": subset}
            yield {"$not_in": subset}


def _text_conditions(values: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    common = [value for value, _ in Counter(values).most_common(40)]
    unique = len(set(values)) > len(values) // 2
    for value in common[:5] if unique else common + rng.sample(values, 20):
        yield {"$is": value}
    for value in common[:12]:
        yield {"$is_not": value}
    for _ in range(2 if unique else 30):
        yield {"$in": rng.sample(common, rng.randint(2, 20))}
        yield {"$in": sorted(set(rng.sample(values, rng.randint(2, 20))))}
        yield {"$not_in": rng.sample(common, rng.randint(2, 20))}
    for length in (1, 2, 2, 3, 3, 4, 5):
        for value in rng.sample(values, 24):
            yield {"$starts_with": value[:length]}
            yield {"$ends_with": value[-length:]}
            start = rng.randrange(max(1, len(value) - length))
            yield {"$contains": value[start : start + length]}
            if 1 < length < 4:
                yield {"$not_contain": value[start : start + length]}
    if "@" in values[0]:
        for domain in sorted({value[value.index("@") :] for value in values}):
            yield {"$ends_with": domain}


def _array_conditions(values: Sequence[list[str]], rng: random.Random) -> Iterator[dict[str, Any]]:
    elements = [element for value in values for element in value]
    common = [element for element, _ in Counter(elements).most_common(40)]
    for element in common + rng.sample(elements, 20):
        yield {"$is": element}
        yield {"$is_not": element}
    for _ in range(15):
        yield {"$in": rng.sample(common, rng.randint(2, 8))}
        yield {"$intersects": rng.sample(common, rng.randint(2, 4))}
        yield {"$not_in": rng.sample(common, rng.randint(2, 8))}
        yield {"$includes": rng.sample(common[:12], 2)}
    for count in range(6):
        yield from ({name: count} for name in ("$count", "$count_more", "$count_less"))


_NEAR = (1, 2, 3, 5, 7, 10, 14, 21, 28, 30, 45, 60, 90, 100, 120, 180, 270, 365, 540, 730, 1_000, 1_500)


def _past_conditions(values: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    for days in _NEAR:
        for name in ("$more_than", "$less_than", "$more_than_ago", "$less_than_ago", "$less_than_equal", "$is_days_ago"):
            yield {name: days}
    for name in PERIODS:
        yield {name: True}
    for value in rng.sample(values, 25):
        yield {rng.choice(["$after", "$after_equal"]): value[:10]}
        yield {rng.choice(["$before", "$before_equal"]): rng.choice([value[:10], value])}
    for year in range(4):
        yield {"$is_years_ago": year}
        yield {"$is_year": NOW.year - year}


def _future_conditions(values: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    for days in _NEAR:
        for name in ("$more_than_future", "$less_than_future", "$is_days_in_future", "$more_than_ago", "$less_than_ago"):
            yield {name: days}
    for name in PERIODS:
        yield {name: True}
    for value in rng.sample(values, 20):
        yield {rng.choice(["$after", "$after_equal", "$before", "$before_equal"]): value}


def _birthday_conditions(values: Sequence[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    for age in range(18, 85, 6):
        yield {"$more_than": age * 365}
        yield {"$less_than_equal": age * 365}
        yield {"$is_years_ago": age}
    for name in PERIODS:
        if not name.endswith("_year"):
            yield {name: True}
            yield {name + "_md": True}
    for days in _NEAR[:16]:
        for name in ("$is_less_days_in_future_md", "$is_less_days_ago_md", "$is_days_in_future_md", "$is_days_ago_md"):
            yield {name: days}
    for month in range(1, 13):
        yield {"$is_month": month}
        yield {"$is_day_of_month": month * 2}
        yield {rng.choice(["$after", "$before"]): f"--{month:02d}-{2 * month:02d}"}
    for value in rng.sample(values, 15):
        yield {rng.choice(["$after", "$before", "$is", "$before_equal"]): value}
        yield {"$is_day": value[5:]}


def _flag_conditions(_values: Sequence[bool], _rng: random.Random) -> Iterator[dict[str, Any]]:
    for flag in (True, False):
        yield {"$is": flag}
        yield {"$is_not": flag}


_CONDITIONS: Mapping[str, Any] = {
    "number": _number_conditions,
    "choice": _choice_conditions,
    "text": _text_conditions,
    "array": _array_conditions,
    "past": _past_conditions,
    "future": _future_conditions,
    "birthday": _birthday_conditions,
    "flag": _flag_conditions,
}


_PRESENCE: Sequence[dict[str, Any]] = ({"$has_value": True}, {"$is_unknown": True})
_BITS_AS_TEXT = bytes.maketrans(b"\x00\x01", b"01")


def _verdicts(tests: Sequence[Test], values: Sequence[Any]) -> bytes:
    """One byte a value, 0 or 1: whether every test holds of it."""
    if len(tests) == 1:
        return bytes(map(tests[0], values))
    return bytes(all(verdicts) for verdicts in zip(*(map(test, values) for test in tests), strict=True))


def _conditions(key: str, kind: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    known = [value for value in values if value is not None]
    conditions: Iterator[dict[str, Any]] = _CONDITIONS[kind](known, random.Random(f"conditions {key}"))
    return conditions


def _value_masks(values: Sequence[Any]) -> dict[Any, int]:
    """For every value, the customers of the sample that have it."""
    masks: dict[Any, int] = {}
    for index, value in enumerate(values):
        masks[value] = masks.get(value, 0) | 1 << index
    return masks


def _choices(
    key: str,
    bodies: Iterable[dict[str, Any]],
    values: Sequence[Any],
    compiler: Compiler,
) -> list[Choice]:
    """The distinct conditions of an attribute that select somebody and not everybody."""
    found: dict[str, Choice] = {}
    for conditions in bodies:
        verdicts = _verdicts([compiler.test(key, name, operand) for name, operand in conditions.items()], values)
        chosen = sum(verdicts)
        if 0 < chosen < len(values):
            mask = int(verdicts[::-1].translate(_BITS_AS_TEXT), 2)
            found[repr(conditions)] = Choice(key, {"conditions": conditions}, mask, chosen / len(values))
    return list(found.values())


def _pools(kinds: Mapping[str, str], sample: Sequence[Record]) -> Pools:
    arrays = frozenset(key for key, kind in kinds.items() if kind == "array")
    compiler = Compiler(NOW, DECLARED, arrays)
    by_key: dict[str, Pool] = {}
    positive: dict[str, Pool] = {}
    negative: dict[str, Pool] = {}
    presence: dict[str, Sequence[Choice]] = {}
    for key, kind in kinds.items():
        load = record_loader(key)
        values = [load(record) for record in sample]
        choices = _choices(key, _conditions(key, kind, values), values, compiler)
        refusals: list[Choice] = []
        rest: list[Choice] = []
        for choice in choices:
            (refusals if _NEGATIVE_OPERATORS.intersection(choice.body["conditions"]) else rest).append(choice)
        if refusals:
            negative[key] = Pool(refusals)
        if kind == "number":
            by_key[key] = positive[key] = NumberPool(key, rest, values)
        elif kind in {"text", "choice"}:
            by_key[key], positive[key] = TextPool(key, choices, values), TextPool(key, rest, values)
        else:
            by_key[key], positive[key] = Pool(choices), Pool(rest)
        if None in values:
            presence[key] = _choices(key, _PRESENCE, values, compiler)
    return Pools(len(sample), by_key, positive, negative, presence)


@cache
def flat_pools() -> Pools:
    """The pools of the flat population."""
    return _pools(FLAT_ATTRIBUTES, flat_customers(2_048, SAMPLE_SEED))


@cache
def rich_pools() -> Pools:
    """The pools of the rich population."""
    return _pools(RICH_ATTRIBUTES, rich_customers(4_096, SAMPLE_SEED))
