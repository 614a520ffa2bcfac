"""Timing of single calls, and of several engines in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns
from typing import Any

from benchmarks.results import Latency

__all__ = ["Contestant", "collector_frozen", "interleaved", "latency", "time_each", "timer_cost_ns"]

_FEWEST = 5
"""Calls that are timed even when the budget is spent."""


@contextmanager
def collector_frozen() -> Iterator[None]:
    """Moves everything alive out of the collector's sight and switches it off."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def timer_cost_ns() -> int:
    """What reading the clock twice adds to a measurement."""
    clock = perf_counter_ns
    costs = []
    for _ in range(10_000):
        start = clock()
        costs.append(clock() - start)
    return int(median(costs))


def time_each(
    call: Callable[..., object],
    items: Sequence[Any],
    prepare: Callable[[Any], tuple[Any, ...]],
    budget_ns: int | None = None,
) -> list[int]:
    """Nanoseconds of ``call(*prepare(item))`` for each item, until the budget is spent (never fewer than 5 calls).

    Preparing is not timed; it stands right before the call, so that what the call reads is as warm as a request just parsed.
    """
    clock = perf_counter_ns
    spent: list[int] = []
    note = spent.append
    left = budget_ns
    for item in items:
        given = prepare(item)
        start = clock()
        call(*given)
        taken = clock() - start
        note(taken)
        if left is not None:
            left -= taken
            if left < 0 and len(spent) >= _FEWEST:
                break
    return spent


def latency(samples: Sequence[int], timer_ns: int) -> Latency:
    """The distribution of some timings, the clock's own cost taken off."""
    ordered = sorted(max(0, sample - timer_ns) for sample in samples)
    last = len(ordered) - 1
    return Latency(
        p50_us=ordered[last // 2] / 1e3,
        p99_us=ordered[round(last * 0.99)] / 1e3,
        mean_us=sum(ordered) / len(ordered) / 1e3,
        calls=len(ordered),
    )


@dataclass(slots=True)
class Contestant:
    """Somebody who answers for the same records as the others.

    Attributes:
        call: what is timed.
        items: what it is asked about, in the order of the records.
        prepare: from an item to the arguments of the call; not timed.
        budget_ns: the time after which it stops; others go on.
        samples: the timings so far.
    """

    call: Callable[..., object]
    items: Sequence[Any]
    prepare: Callable[[Any], tuple[Any, ...]]
    budget_ns: int
    samples: list[int] = field(default_factory=list)

    def go_on(self, start: int, stop: int) -> None:
        """Answers for some more records while there is budget."""
        left = self.budget_ns - sum(self.samples)
        if left > 0:
            self.samples += time_each(self.call, self.items[start:stop], self.prepare, left)


def interleaved(contestants: Sequence[Contestant], records: int, turn: int = 100) -> None:
    """Lets all answer for the same records, a few records a turn, so that drift of the machine meets all alike."""
    with collector_frozen():
        for start in range(0, records, turn):
            for contestant in contestants:
                contestant.go_on(start, start + turn)
