"""Intervals, as the places on a line of scalars where their bits flip.

The hits of a scalar are the exclusive or of all flips up to it. Storing them for every gap would take gaps times conjunctions; instead a bitset is stored
before every run of some sixteen flips, and a look-up applies the few flips between it and the scalar. This is the checkpointing of HEM (Shi and Qian,
"HEM: A Hardware-aware Event Matching algorithm", DASFAA 2022), for intervals with any ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import accumulate
from typing import Any, NamedTuple

from segmentation.language.checks import Interval

__all__ = ["Flips", "Span", "spans"]

_RUN = 16


class Span(NamedTuple):
    """A stretch of the line, from one position to before another; None where it has no end. Position (s, 0) is at the scalar s, (s, 1) just after it."""

    start: tuple[Any, int] | None
    stop: tuple[Any, int] | None


def spans(intervals: Iterable[Interval]) -> list[Span]:
    """The union of intervals, as disjoint spans in ascending order."""
    union: list[Span] = []
    for span in sorted((_span(interval) for interval in intervals), key=lambda span: (span.start is not None, span.start or ())):
        if span.start is not None and span.stop is not None and span.start >= span.stop:
            continue  # nothing lies in it
        if union and (union[-1].stop is None or span.start is None or span.start <= union[-1].stop):
            last = union.pop()
            stop = None if last.stop is None or span.stop is None else max(last.stop, span.stop)
            union.append(Span(last.start, stop))
        else:
            union.append(span)
    return union


def _span(interval: Interval) -> Span:
    start = None if interval.low is None else (interval.low, int(interval.is_low_open))
    stop = None if interval.high is None else (interval.high, int(not interval.is_high_open))
    return Span(start, stop)


class _Run(NamedTuple):
    """Some flips in a row."""

    before: int
    """The hits before the first of them."""
    scalars: list[Any]
    bits: list[int]


class Flips:
    """Flips that take effect at their scalars, or with `is_after` just after them. Immutable: `with_flips` answers a new one that shares the runs."""

    __slots__ = ("_bisect", "firsts", "runs")

    def __init__(self, *, is_after: bool) -> None:
        self._bisect = bisect_left if is_after else bisect_right
        self.runs: list[_Run] = [_Run(0, [], [])]
        self.firsts: list[Any] = []
        """The first scalar of every run but the first."""

    def with_flips(self, flips: Sequence[tuple[Any, int]]) -> Flips:
        """These flips and others, each a scalar and a bit."""
        new = Flips(is_after=self._bisect is bisect_left)
        new.runs, new.firsts = self.runs, self.firsts
        if len(flips) > _RUN:
            old = [flip for run in self.runs for flip in zip(run.scalars, run.bits, strict=True)]
            new._arrange(sorted([*old, *flips], key=lambda flip: flip[0]))
        else:
            for scalar, bit in flips:
                new._insert(scalar, bit)
        return new

    def _arrange(self, flips: list[tuple[Any, int]]) -> None:
        runs = [flips[start : start + _RUN] for start in range(0, len(flips), _RUN)]
        before = accumulate((reduce(_flip, (bit for _, bit in run), 0) for run in runs), int.__xor__, initial=0)
        self.runs = [_Run(hits, [scalar for scalar, _ in run], [bit for _, bit in run]) for hits, run in zip(before, runs, strict=False)]
        self.firsts = [run.scalars[0] for run in self.runs[1:]]

    def _insert(self, scalar: Any, bit: int) -> None:
        """Put one flip into its run and into the stored hits of the runs after it. Lists are replaced, not changed: others share them."""
        at = self._bisect(self.firsts, scalar)
        run = self.runs[at]
        place = self._bisect(run.scalars, scalar)
        changed = _Run(run.before, [*run.scalars[:place], scalar, *run.scalars[place:]], [*run.bits[:place], bit, *run.bits[place:]])
        later = [_Run(_flip(other.before, bit), other.scalars, other.bits) for other in self.runs[at + 1 :]]
        halves = [changed]
        if len(changed.bits) > 2 * _RUN:
            middle = reduce(_flip, changed.bits[:_RUN], changed.before)
            halves = [_Run(changed.before, changed.scalars[:_RUN], changed.bits[:_RUN]), _Run(middle, changed.scalars[_RUN:], changed.bits[_RUN:])]
            self.firsts = [*self.firsts[:at], halves[1].scalars[0], *self.firsts[at:]]
        self.runs = [*self.runs[:at], *halves, *later]

    def hits(self, scalar: Any) -> int:
        """The bits that have flipped an odd number of times on the way to the scalar."""
        at = self._bisect(self.firsts, scalar)
        found, scalars, bits = self.runs[at]
        passed = self._bisect(scalars, scalar)
        if 2 * passed > len(bits) and at + 1 < len(self.runs):  # nearer to the next stored hits
            found = self.runs[at + 1].before
            for bit in bits[passed:]:
                found ^= 1 << bit
        else:
            for bit in bits[:passed]:
                found ^= 1 << bit
        return found


def _flip(hits: int, bit: int) -> int:
    return hits ^ 1 << bit
