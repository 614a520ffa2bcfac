"""Spans: sets of scalars, as stretches of the line (of numbers, days, instants or month-days)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from segmentation.language.checks import Constraint, Interval, OneOf

__all__ = ["EVERYTHING", "Span", "complement", "intersection", "next_scalar", "spans", "union"]


class Span(NamedTuple):
    """The scalars from `start` on that come before `stop`; None where there is no end."""

    start: Any
    stop: Any


EVERYTHING = [Span(None, None)]


def spans(constraints: Iterable[Constraint], *, with_members: bool) -> list[Span]:
    """What intervals, and `with_members` sets too, admit together: disjoint spans, ascending."""
    found = []
    for constraint in constraints:
        if isinstance(constraint, Interval):
            start = next_scalar(constraint.low) if constraint.is_low_open else constraint.low
            stop = constraint.high if constraint.high is None or constraint.is_high_open else next_scalar(constraint.high)
            found.append(Span(start, stop))
        elif with_members and isinstance(constraint, OneOf):
            found += [Span(value, next_scalar(value)) for value in constraint.values]
    return union(found)


def union(several: Iterable[Span]) -> list[Span]:
    """The union of spans, as disjoint ones in ascending order."""
    joined: list[Span] = []
    inhabited = [span for span in several if span.start is None or span.stop is None or span.start < span.stop]
    if len(inhabited) <= 1:
        return inhabited
    for span in sorted(inhabited, key=lambda span: (0,) if span.start is None else (1, span.start)):
        if joined and (joined[-1].stop is None or span.start is None or span.start <= joined[-1].stop):
            last = joined.pop()
            stop = None if last.stop is None or span.stop is None else max(last.stop, span.stop)
            joined.append(Span(last.start, stop))
        else:
            joined.append(span)
    return joined


def complement(disjoint: list[Span]) -> list[Span]:
    """What lies outside disjoint, ascending spans."""
    outside = []
    start: Any = None
    is_open = True  # whether something lies before the next span
    for span in disjoint:
        if span.start is not None:
            outside.append(Span(start, span.start))
        is_open = span.stop is not None
        start = span.stop
    return [*outside, Span(start, None)] if is_open else outside


def intersection(one: list[Span], other: list[Span]) -> list[Span]:
    """What lies in both: the complement of the union of the complements."""
    return complement(union(complement(one) + complement(other)))


def next_scalar(scalar: Any) -> Any:
    """The least scalar of its facet that is greater: of numbers, an integer or a double; of month-days, the next day.

    >>> next_scalar(2**53), next_scalar(5), next_scalar((6, 30))
    (9007199254740993, 5.000000000000001, (6, 31))
    """
    if isinstance(scalar, tuple):
        month, day = scalar
        return month, day + 1
    whole = math.floor(scalar) + 1
    try:
        double = float(scalar)
    except OverflowError:
        return whole
    return min(whole, double if double > scalar else math.nextafter(double, math.inf))
