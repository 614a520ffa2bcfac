"""Filters of the rich workload: trees of conditions aimed at a segment size, then written in the filter language.

A tree is grown from its root: the size that a node aims at is split among its children, so that nesting, negation and
disjunction come out with the sizes asked for instead of emptying every segment. What came out is counted on the sample;
the best of a few trees is kept.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from benchmarks.pools import Choice, Pools, rich_pools

__all__ = ["rich_filter", "rich_filters"]

Filter: TypeAlias = dict[str, Any]

SMALLEST, LARGEST = 0.0001, 0.5
"""Segment sizes are log-uniform between these shares of the customers."""
NEGATED = 0.15
"""The share of conditions under a negative operator or ``$not``."""
PRESENCE = 0.04
"""The share of conditions that ask whether a value is known."""
MAX_DEPTH = 3
_TRIES = 6
_COUNTABLE = 4
_RARE, _COMMON = 0.003, 0.997


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition, or its complement."""

    choice: Choice
    negated: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A junction of parts, or its complement."""

    junction: str
    parts: tuple[Leaf | Node, ...]
    negated: bool


def rich_filters(rng: random.Random) -> Iterator[Filter]:
    """Filters without end."""
    pools = rich_pools()
    while True:
        yield rich_filter(rng, pools)


def rich_filter(rng: random.Random, pools: Pools) -> Filter:
    """One filter of 1 to 8 conditions."""
    wanted = SMALLEST * (LARGEST / SMALLEST) ** rng.random()
    best, nearest = None, math.inf
    for _ in range(_TRIES):
        count = rng.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8))
        tree = _grow(rng, pools, rng.sample(list(pools.by_key), count), wanted, MAX_DEPTH)
        distance = abs(math.log(_size(tree, pools.size) / wanted))
        if best is None or distance < nearest:
            best, nearest = tree, distance
        if nearest < 1:
            break
    return _written(best) if best is not None else {}


def _grow(rng: random.Random, pools: Pools, keys: Sequence[str], share: float, depth: int) -> Leaf | Node:
    """A tree over these attributes that about this share of customers meets."""
    share = min(_COMMON, max(SMALLEST, share))
    if len(keys) == 1:
        return _leaf(rng, pools, keys[0], share)
    negated = depth < MAX_DEPTH and rng.random() < NEGATED / 2
    if negated:
        share = 1 - share
    any_of = rng.random() < (0.3 if share < 0.8 else 0.6)
    parts = _split(rng, keys) if depth > 1 else [[key] for key in keys]
    weights = [0.4 + rng.random() for _ in parts]
    total = sum(weights)
    grown = []
    for part, weight in zip(parts, weights, strict=True):
        portion = weight / total
        aim = 1 - (1 - share) ** portion if any_of else max(share, SMALLEST) ** portion
        grown.append(_grow(rng, pools, part, aim, depth - 1))
    return Node("or" if any_of else "and", tuple(grown), negated)


def _split(rng: random.Random, keys: Sequence[str]) -> list[list[str]]:
    """Attributes in groups: most alone, some together as a nested group."""
    groups: list[list[str]] = []
    for key in keys:
        if groups and rng.random() < 0.4:
            rng.choice(groups).append(key)
        else:
            groups.append([key])
    if len(groups) == 1:
        return [groups[0][:1], groups[0][1:]]
    return groups


def _leaf(rng: random.Random, pools: Pools, key: str, share: float) -> Leaf:
    if key in pools.presence and rng.random() < PRESENCE:
        return Leaf(min(pools.presence[key], key=lambda choice: abs(choice.share - share)), negated=False)
    if rng.random() < NEGATED:
        if key in pools.negative and rng.random() < 0.7:
            return Leaf(pools.negative[key].draw(rng, share), negated=False)
        return Leaf(pools.positive[key].draw(rng, 1 - share), negated=True)
    return Leaf(pools.positive[key].draw(rng, share), negated=False)


def _mask(tree: Leaf | Node, everyone: int) -> int:
    if isinstance(tree, Leaf):
        mask = tree.choice.mask
    elif tree.junction == "or":
        mask = 0
        for part in tree.parts:
            mask |= _mask(part, everyone)
    else:
        mask = everyone
        for part in tree.parts:
            mask &= _mask(part, everyone)
    return everyone ^ mask if tree.negated else mask


def _product(tree: Leaf | Node) -> float:
    """The size of a tree if its conditions were independent."""
    if isinstance(tree, Leaf):
        share = tree.choice.share
    elif tree.junction == "or":
        share = 1 - math.prod(1 - _product(part) for part in tree.parts)
    else:
        share = math.prod(_product(part) for part in tree.parts)
    return 1 - share if tree.negated else share


def _size(tree: Leaf | Node, sample: int) -> float:
    """The share of customers that meet a tree: counted when enough do, else estimated."""
    count = _mask(tree, (1 << sample) - 1).bit_count()
    if count >= _COUNTABLE:
        return count / sample
    return max(min(_product(tree), _COUNTABLE / sample), SMALLEST / 100)


def _written(tree: Leaf | Node) -> Filter:
    """A tree in the filter language, each junction as one filter object where its members can stand side by side."""
    if tree.negated:
        return {"$not": _plain(tree)}
    return _plain(tree)


def _plain(tree: Leaf | Node) -> Filter:
    if isinstance(tree, Leaf):
        return {tree.choice.key: tree.choice.body}
    group = "$" + tree.junction
    written: Filter = {"junction": "or"} if tree.junction == "or" else {}
    nested: list[Filter] = []
    for part in tree.parts:
        if isinstance(part, Leaf) and not part.negated:
            choice = part.choice
            if choice.key not in written and not (choice.several and tree.junction == "or"):
                written[choice.key] = choice.body
                continue
        nested.append(_written(part))
    if nested:
        written[group] = nested
    return written
