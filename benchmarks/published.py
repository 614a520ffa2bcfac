"""Segments of published workloads, expressed in the filter language.

* HEM (Shi and Qian, DASFAA 2022): conjunctions of intervals; fully specified in the paper.
* ABE-Gen (A-Tree, SIGMOD 2021, table 3): arbitrary expressions that share sub-expressions.
* Pure nesting, as in the benchmark of the AdGear BE-Tree: 128 boolean parameters, each used once.

Where the filter language or the published text leaves a choice, the docstring says what was chosen.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

__all__ = [
    "abe_customers",
    "abe_filters",
    "hem_customers",
    "hem_filters",
    "nested_customers",
    "nested_filters",
]

Filter: TypeAlias = dict[str, Any]
Record: TypeAlias = dict[str, Any]

HEM_RANGE, HEM_ATTRIBUTES, HEM_PER_SUBSCRIPTION, HEM_WIDTH = 1_000_000, 20, 10, 0.4
ABE_DIMENSIONS, ABE_CARDINALITY, ABE_DEPTH, ABE_CHILDREN, ABE_SHARING = 30, 100, 3, 4, 0.6
NESTED_PARAMETERS = 128


def _keys(prefix: str, count: int) -> list[str]:
    return [f"metadata.{prefix}{index:02d}" for index in range(count)]


def _customers(seed: str, count: int, names: Sequence[str], draw: Any) -> list[Record]:
    rng = random.Random(seed)
    short = [name.removeprefix("metadata.") for name in names]
    return [{"id": f"cust_{index:08d}", "object": "customer", "metadata": {name: draw(rng) for name in short}} for index in range(count)]


_HEM_KEYS = _keys("a", HEM_ATTRIBUTES)


def hem_filters(rng: random.Random) -> Iterator[Filter]:
    """Subscriptions without end: 10 distinct of 20 integer attributes, on each an interval of width 0.4 of 1..1,000,000.

    A customer who has all 20 attributes meets one with probability 0.4 ** 10, about 105 of a million.
    """
    width = int(HEM_RANGE * HEM_WIDTH)
    while True:
        written: Filter = {}
        for key in rng.sample(_HEM_KEYS, HEM_PER_SUBSCRIPTION):
            low = 1 + int(rng.random() * (HEM_RANGE - width))
            written[key] = {"conditions": {"$more_than_equal": low, "$less_than_equal": low + width}}
        yield written


def hem_customers(count: int, seed: int) -> list[Record]:
    """Events: all 20 attributes, uniform."""
    return _customers(f"hem customers {seed}", count, _HEM_KEYS, lambda rng: rng.randint(1, HEM_RANGE))


class _Shared:
    """A fixed set of parts drawn with Zipf frequencies, so that some are shared by very many expressions."""

    def __init__(self, parts: Sequence[Filter], exponent: float = ABE_SHARING) -> None:
        self._parts = parts
        self._weights = list(accumulate(1 / rank**exponent for rank in range(1, len(parts) + 1)))

    def draw(self, rng: random.Random) -> Filter:
        return self._parts[bisect_left(self._weights, rng.random() * self._weights[-1])]


_ABE_KEYS = _keys("d", ABE_DIMENSIONS)


def _abe_predicate(rng: random.Random) -> Filter:
    """One of =, !=, <, <=, >, >=, in, not in, between, equally likely, over a uniform attribute."""
    value = rng.randrange(ABE_CARDINALITY)
    several = sorted(rng.sample(range(ABE_CARDINALITY), 5))
    conditions: dict[str, Any] = rng.choice(
        (
            {"$is": value},
            {"$is_not": value},
            {"$less_than": value},
            {"$less_than_equal": value},
            {"$more_than": value},
            {"$more_than_equal": value},
            {"$in": several},
            {"$not_in": several},
            {"$more_than_equal": several[0], "$less_than_equal": several[-1]},
        ),
    )
    return {rng.choice(_ABE_KEYS): {"conditions": conditions}}


def _abe_operator(rng: random.Random, below: _Shared) -> Filter:
    """One of and (40 %), or (40 %), not (10 %), xor (5 %), xnor (5 %) over parts of the level below."""
    lot = rng.random()
    if lot < 0.4:
        return {"$and": [below.draw(rng) for _ in range(ABE_CHILDREN)]}
    if lot < 0.8:
        return {"$or": [below.draw(rng) for _ in range(ABE_CHILDREN)]}
    if lot < 0.9:
        return {"$not": below.draw(rng)}
    left, right = below.draw(rng), below.draw(rng)
    if lot < 0.95:
        return {"$or": [{"$and": [left, {"$not": right}]}, {"$and": [{"$not": left}, right]}]}
    return {"$or": [{"$and": [left, right]}, {"$and": [{"$not": left}, {"$not": right}]}]}


def abe_filters(rng: random.Random, count: int) -> Iterator[Filter]:
    """The ABE-Gen slice of 30 dimensions and cardinality 100: depth 3, 4 children, sub-expression sharing Zipf 0.6.

    Two levels of operators over predicates. The levels below the root are drawn from fixed sets, sized so that on average
    an expression of the second level is shared about 4.3 times and a predicate about 18 times, the averages that the paper
    reports. The filter language has no xor and xnor: they are written with and, or, not, which doubles their operands.
    Unlike the other generators, the filters depend on how many there are.
    """
    below = _Shared([_abe_predicate(rng) for _ in range(max(40, round(count * 0.6)))])
    for _ in range(ABE_DEPTH - 2):
        below = _Shared([_abe_operator(rng, below) for _ in range(max(20, round(count * 0.77)))])
    while True:
        yield _abe_operator(rng, below)


def abe_customers(count: int, seed: int) -> list[Record]:
    """Events with all 30 attributes: the paper's third truth value, for missing ones, is not in the filter language."""
    return _customers(f"abe customers {seed}", count, _ABE_KEYS, lambda rng: rng.randrange(ABE_CARDINALITY))


_NESTED_KEYS = [f"metadata.p{index:03d}" for index in range(NESTED_PARAMETERS)]
_IS_TRUE: Filter = {"conditions": {"$is": True}}


def _nested(rng: random.Random, keys: Sequence[str]) -> tuple[str, list[Any]] | str:
    """A random binary parenthesisation, with runs of one junction merged."""
    if len(keys) == 1:
        return keys[0]
    junction = "and" if rng.random() < 0.5 else "or"
    cut = rng.randrange(1, len(keys))
    parts: list[Any] = []
    for side in (keys[:cut], keys[cut:]):
        part = _nested(rng, side)
        if not isinstance(part, str) and part[0] == junction:
            parts.extend(part[1])
        else:
            parts.append(part)
    return junction, parts


def _nested_filter(junction: str, parts: Sequence[Any]) -> Filter:
    written: Filter = {"junction": junction}
    written |= {part: _IS_TRUE for part in parts if isinstance(part, str)}
    groups = [_nested_filter(*part) for part in parts if not isinstance(part, str)]
    if groups:
        written["$" + junction] = groups
    return written


def nested_filters(rng: random.Random) -> Iterator[Filter]:
    """Expressions without end over 128 boolean parameters, each used once: and/or at random, random parentheses."""
    while True:
        keys = rng.sample(_NESTED_KEYS, NESTED_PARAMETERS)
        tree = _nested(rng, keys)
        if not isinstance(tree, str):
            yield _nested_filter(*tree)


def nested_customers(count: int, seed: int) -> list[Record]:
    """Customers with all 128 parameters, true or false alike."""
    return _customers(f"nested customers {seed}", count, _NESTED_KEYS, lambda rng: rng.random() < 0.5)
