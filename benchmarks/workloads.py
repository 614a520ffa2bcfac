"""The benchmark workloads: segments and customers from a seed, the same ones on every machine.

`flat14` and `rich30` are this project's own; `hem`, `abe` and `nested` follow published descriptions (`published.py`).
Segments are generated when iterated, so that a million of them need not be held; conditions are shared between segments
where they repeat, and nothing that is generated may be changed. Where the docstring does not say otherwise, the first n
segments (customers) of a larger workload of the same seed are those of a smaller one.

    >>> workload = flat14(100, 10, seed=1)
    >>> len(workload.segments), len(workload.customers)
    (100, 10)
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from benchmarks.pools import DECLARED, Pools, flat_pools
from benchmarks.population import NOW, Record, flat_customers, rich_customers
from benchmarks.published import (
    abe_customers,
    abe_filters,
    hem_customers,
    hem_filters,
    nested_customers,
    nested_filters,
)
from benchmarks.rich_filters import rich_filters

__all__ = ["WORKLOADS", "Segments", "Workload", "abe", "flat14", "hem", "nested", "rich30"]

Segment: TypeAlias = dict[str, Any]
Filter: TypeAlias = dict[str, Any]

CUSTOMERS = 1_000
"""Customers of a workload that does not say how many."""


@dataclass(frozen=True, slots=True)
class Segments:
    """Segment definitions, generated anew by every iteration.

    Attributes:
        filters: starts the generation of filters, without end.
        count: how many segments there are.
    """

    filters: Callable[[], Iterable[Filter]]
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Segment]:
        for index, written in enumerate(islice(self.filters(), self.count)):
            yield {
                "id": f"seg_{index:07d}",
                "name": f"Segment {index}",
                "type": "passive" if index % 4 else "auto-update",
                "filter": written,
            }


@dataclass(frozen=True, slots=True)
class Workload:
    """What an engine is built from and asked.

    Attributes:
        name: the generator's name.
        segments: definitions; sized, iterable again and again.
        customers: records, nested as the API nests them.
        attributes: declared types beyond the built-in ones.
        now: the moment of evaluation.
        seed: what it was generated from.
    """

    name: str
    segments: Segments
    customers: Sequence[Record]
    attributes: Mapping[str, str]
    now: datetime
    seed: int


SMALLEST, LARGEST = 0.005, 0.05
"""`flat14` aims at group sizes log-uniform between these shares of the customers: a mean near 2 %."""
_ACCEPTED = (4, 164)
_TRIES = 10


def _flat_group(rng: random.Random, pools: Pools, subsets: Sequence[Sequence[str]], scale: float) -> Filter:
    """3 to 6 ANDed conditions on distinct attributes, met by 0.5 to 5 % of the customers times the scale."""
    for _ in range(_TRIES):
        keys = subsets[int(rng.random() * len(subsets))]
        left = math.log(scale * SMALLEST) + rng.random() * math.log(LARGEST / SMALLEST)
        mask = -1
        written: Filter = {}
        for remaining in range(len(keys), 0, -1):
            aim = left if remaining == 1 else left * (0.1 + 1.9 * rng.random()) / remaining
            key = keys[remaining - 1]
            choice = pools.by_key[key].draw(rng, math.exp(min(aim, -0.02)))
            left -= math.log(choice.share)
            mask &= choice.mask
            written[key] = choice.body
        if _ACCEPTED[0] <= mask.bit_count() <= _ACCEPTED[1]:
            break
    return written


def _flat_filters(seed: int) -> Iterator[Filter]:
    pools = flat_pools()
    rng = random.Random(f"flat14 {seed}")
    keys = list(pools.by_key)
    subsets = [tuple(rng.sample(keys, rng.randint(3, 6))) for _ in range(5_000)]
    while True:
        if rng.random() < 0.2:
            yield {"$or": [_flat_group(rng, pools, subsets, 0.5), _flat_group(rng, pools, subsets, 0.5)]}
        else:
            yield _flat_group(rng, pools, subsets, 1.0)


def flat14(n_segments: int, n_customers: int = CUSTOMERS, seed: int = 1) -> Workload:
    """14 attributes, all known: two names, e-mail, phone, city, country, tier, a flag and six numbers.

    A segment has 3 to 6 ANDed conditions; a fifth of the segments are an OR of two such groups. The mean segment has 1 to
    3 % of the customers. Half of the number thresholds come from short lists of round numbers, half are their own.
    """
    segments = Segments(lambda: _flat_filters(seed), n_segments)
    return Workload("flat14", segments, flat_customers(n_customers, seed), {}, NOW, seed)


def rich30(n_segments: int, n_customers: int = CUSTOMERS, seed: int = 1) -> Workload:
    """30 attributes of mixed cardinality, 20 % of the values missing; arrays, dates, relative dates, anniversaries.

    A segment has 1 to 8 conditions, nested up to depth 3, 15 % of them negated, and a size log-uniform from 0.01 to 50 %.
    """
    segments = Segments(lambda: rich_filters(random.Random(f"rich30 {seed}")), n_segments)
    return Workload("rich30", segments, rich_customers(n_customers, seed), DECLARED, NOW, seed)


def hem(n_segments: int, n_customers: int = CUSTOMERS, seed: int = 1) -> Workload:
    """Intervals on 10 of 20 integer attributes (HEM, DASFAA 2022)."""
    segments = Segments(lambda: hem_filters(random.Random(f"hem {seed}")), n_segments)
    return Workload("hem", segments, hem_customers(n_customers, seed), {}, NOW, seed)


def abe(n_segments: int, n_customers: int = CUSTOMERS, seed: int = 1) -> Workload:
    """Expressions that share sub-expressions (a slice of ABE-Gen, SIGMOD 2021); not prefix-stable."""
    segments = Segments(lambda: abe_filters(random.Random(f"abe {seed}"), n_segments), n_segments)
    return Workload("abe", segments, abe_customers(n_customers, seed), {}, NOW, seed)


def nested(n_segments: int, n_customers: int = CUSTOMERS, seed: int = 1) -> Workload:
    """Random and/or parentheses around 128 boolean parameters, each used once."""
    segments = Segments(lambda: nested_filters(random.Random(f"nested {seed}")), n_segments)
    return Workload("nested", segments, nested_customers(n_customers, seed), {}, NOW, seed)


WORKLOADS: Mapping[str, Callable[[int, int, int], Workload]] = {
    "flat14": flat14,
    "rich30": rich30,
    "hem": hem,
    "abe": abe,
    "nested": nested,
}
"""The generators by name, each called with segments, customers and seed."""
