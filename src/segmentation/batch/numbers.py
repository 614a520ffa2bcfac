"""Numbers: which leaves a number meets, for many numbers at once, by exact value whatever the column's type."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentation.batch.bitmaps import Bits, Rows, from_class_on, pack
from segmentation.language.checks import Facet
from segmentation.language.predicate import Leaf
from segmentation.matching.spans import EVERYTHING, Span, spans

__all__ = ["NumberLine"]

Numbers = npt.NDArray[Any]

_FEW = 48
"""Numbers are compared with so many thresholds one by one sooner than they are put into classes."""
_ROWS_AT_ONCE = 1 << 14
"""Rows of which the bitmaps of all classes are held: so few that with thousands of classes, too, their memory is soon used again."""


class NumberLine:
    """The leaves on one attribute, as stretches of the line of numbers between thresholds. Immutable.

    Args:
        leaves: The leaves.
        dtype: The type of the numbers: int64, uint64 or float64.
    """

    __slots__ = ("_longer", "_starts", "_stopped", "_stops", "_thresholds")

    def __init__(self, leaves: Sequence[Leaf], dtype: np.dtype[Any]) -> None:
        admitted = [_spans(leaf) for leaf in leaves]
        least = _least_double if dtype.kind == "f" else _least_integer
        ends = {end for several in admitted for span in several for end in span if end is not None}
        places = {end: least(end, dtype) for end in ends}
        thresholds = sorted({place for place in places.values() if place is not None})
        # -0.0 equals 0.0 for searchsorted as for any comparison; a threshold that no number reaches is None, the class after the last.
        self._thresholds: Numbers = np.array(thresholds, dtype)
        classes: dict[Any, int] = {None: len(thresholds) + 1} | {threshold: number for number, threshold in enumerate(thresholds, 1)}
        flips = [[flip for span in several for flip in _flips(span, places, classes)] for several in admitted]
        """Of every leaf: from the first class on, but not from the second on, but again from the third on …"""
        self._starts: Rows = np.array([own[0] if own else len(thresholds) + 1 for own in flips], np.intp)
        self._stopped: Rows = np.array([number for number, own in enumerate(flips) if len(own) > 1], np.intp)
        self._stops: Rows = np.array([own[1] for own in flips if len(own) > 1], np.intp)
        self._longer = [(number, np.array(own[2:], np.intp)) for number, own in enumerate(flips) if len(own) > 2]  # noqa: PLR2004 - a start and a stop

    def write(self, numbers: Numbers, into: Bits) -> None:
        """For every leaf, the rows whose number it admits.

        Args:
            numbers: The numbers, of the line's type, none of them NaN.
            into: Where the bitmaps are written, shape (leaves, words).
        """
        count = len(self._thresholds) + 1
        classes = self._classes(numbers) if count > _FEW else None
        for first in range(0, len(numbers), _ROWS_AT_ONCE):
            some = slice(first, first + _ROWS_AT_ONCE)
            above = self._compared(numbers[some]) if classes is None else from_class_on(classes[some], count)
            own = into[:, first >> 6 : (first + _ROWS_AT_ONCE) >> 6]
            own[:] = above[self._starts]
            own[self._stopped] ^= above[self._stops]
            for number, flips in self._longer:
                own[number] ^= np.bitwise_xor.reduce(above[flips], axis=0)

    def _compared(self, numbers: Numbers) -> Bits:
        """For every class, the rows from it on; the class after the last is empty. By comparing with each threshold."""
        truth = np.zeros((len(self._thresholds) + 2, len(numbers)), np.bool_)
        truth[0] = True
        np.greater_equal(numbers, self._thresholds[:, np.newaxis], out=truth[1:-1])
        return pack(truth)

    def _classes(self, numbers: Numbers) -> npt.NDArray[np.integer]:
        """For every number, how many thresholds it reaches."""
        thresholds = self._thresholds
        kind: Any = np.uint16 if len(thresholds) < (1 << 16) - 1 else np.int64
        least, most = (int(numbers.min()), int(numbers.max())) if numbers.dtype.kind != "f" and len(numbers) else (0, len(numbers))
        if numbers.dtype.kind != "f" and most - least < len(numbers):  # they repeat
            integers = np.arange(most - least + 1).astype(numbers.dtype) + numbers.dtype.type(least)
            table = np.searchsorted(thresholds, integers, "right").astype(kind)
            repeated: npt.NDArray[np.integer] = np.take(table, (numbers - numbers.dtype.type(least)).astype(np.intp))
            return repeated
        order = np.argsort(numbers)
        starts = np.searchsorted(numbers[order], thresholds, "left")
        classes = np.empty(len(numbers), kind)
        classes[order] = np.repeat(np.arange(len(thresholds) + 1, dtype=kind), np.diff(starts, prepend=0, append=len(numbers)))
        return classes


def _spans(leaf: Leaf) -> list[Span]:
    """The numbers that a leaf admits."""
    if leaf.admits_any_scalar():
        return EVERYTHING
    return spans([check.constraint for check in leaf.checks if check.facet is Facet.NUMBER], with_members=True)


def _flips(span: Span, places: dict[Any, Any], classes: dict[Any, int]) -> list[int]:
    start = 0 if span.start is None else classes[places[span.start]]
    return [start] if span.stop is None else [start, classes[places[span.stop]]]


def _least_integer(scalar: Any, dtype: np.dtype[Any]) -> int | None:
    """The least integer of a type that is no less than a scalar."""
    limits = np.iinfo(dtype)
    whole = math.ceil(scalar)
    return None if whole > limits.max else max(whole, int(limits.min))


def _least_double(scalar: Any, _dtype: np.dtype[Any]) -> float:
    """The least double, infinities among them, that is no less than a scalar."""
    try:
        double = float(scalar)
    except OverflowError:
        return math.inf if scalar > 0 else -sys.float_info.max
    return double if double >= scalar else math.nextafter(double, math.inf)
