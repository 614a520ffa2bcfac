"""Numbers: which leaves a number meets, for many numbers at once, by exact value whatever the column's type."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentation.batch.bitmaps import Bits, Line, Rows
from segmentation.language.checks import Facet
from segmentation.language.predicate import Leaf
from segmentation.matching.spans import EVERYTHING, Span, spans

__all__ = ["numbers_admitted"]

Numbers = npt.NDArray[Any]


def numbers_admitted(leaves: Sequence[Leaf], numbers: Numbers, known: Rows | None, rows: int) -> list[Bits]:
    """For every leaf, the bitmap of the rows whose number it admits.

    Args:
        leaves: The leaves.
        numbers: The numbers, of type int64, uint64 or float64, none of them NaN.
        known: The rows that they are of; None for all.
        rows: The number of rows of the block.
    """
    admitted = [_spans(leaf) for leaf in leaves]
    least = _least_double if numbers.dtype.kind == "f" else _least_integer
    ends = {end for several in admitted for span in several for end in span if end is not None}
    places = {end: least(end, numbers.dtype) for end in ends}
    thresholds = sorted({place for place in places.values() if place is not None})
    order = np.argsort(numbers)
    # -0.0 equals 0.0 for searchsorted as for any comparison; a threshold that no number reaches is None, the class after the last.
    starts = np.concatenate(([0], np.searchsorted(numbers[order], np.array(thresholds, numbers.dtype), "left"))).astype(np.intp)
    line = Line.of_order(order if known is None else known[order], starts, rows)
    classes: dict[Any, int] = {None: len(thresholds) + 1} | {threshold: number for number, threshold in enumerate(thresholds, 1)}
    return [line.bitmap([flip for span in several for flip in _flips(span, places, classes)]) for several in admitted]


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
