"""Choices: one description of test data, drawn by Hypothesis (examples shrink) or from a seed (thousands are cheap)."""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["Choices", "T", "drawn", "seeded"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
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


def drawn(draw: DrawFn) -> Choices:
    """Choices that Hypothesis makes."""
    return Choices(lambda count: draw(_up_to(count - 1)) if count > 1 else 0)


def seeded(seed: int | random_module.Random) -> Choices:
    """Choices that follow from a seed."""
    source = seed if isinstance(seed, random_module.Random) else random_module.Random(seed)
    return Choices(lambda count: int(source.random() * count))
