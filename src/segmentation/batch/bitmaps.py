"""Bitmaps: sets of the rows of a block, one bit a row, in 64-bit little-endian words. The bits past the last row are 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Bits", "Bools", "Line", "Marks", "Rows", "all_rows", "pack", "unpack", "word_count"]

Bits: TypeAlias = npt.NDArray[np.uint64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]

_FEW = 24
"""So many classes are compared one by one sooner than rows are sorted by class."""


def word_count(rows: int) -> int:
    """The number of words that so many rows take."""
    return (rows + 63) >> 6


def pack(truth: Bools) -> Bits:
    """From truth values, the last axis being the rows, to bitmaps."""
    rows = truth.shape[-1]
    packed = np.zeros((*truth.shape[:-1], 8 * word_count(rows)), np.uint8)
    packed[..., : (rows + 7) >> 3] = np.packbits(truth, axis=-1, bitorder="little")
    return packed.view("<u8")


def unpack(bits: Bits, rows: int) -> Bools:
    """From bitmaps, the last axis being the words, to truth values of so many rows."""
    octets = np.ascontiguousarray(bits).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=rows, bitorder="little").view(np.bool_)


def all_rows(rows: int) -> Bits:
    """The bitmap of all rows."""
    bits = np.full(word_count(rows), ~np.uint64(0), "<u8")
    if rows & 63:
        bits[-1] = (1 << (rows & 63)) - 1
    return bits


class Marks:
    """Bitmaps that are made by marking rows, a few at a time. Truth values would take eight times the memory, far more than a core's cache holds.

    Args:
        count: The number of bitmaps.
        rows: The number of rows.
    """

    __slots__ = ("_octets", "_truth", "bits")

    def __init__(self, count: int, rows: int) -> None:
        self.bits: Bits = np.zeros((count, word_count(rows)), "<u8")
        """The bitmaps, shape (count, words)."""
        self._octets = self.bits.view(np.uint8)
        self._truth = np.zeros(rows, np.bool_)

    def add(self, numbers: Iterable[int], rows: Rows) -> None:
        """Put rows into some of the bitmaps."""
        self._truth[rows] = True
        packed = np.packbits(self._truth, bitorder="little")
        self._truth[rows] = False
        for number in numbers:
            octets = self._octets[number, : len(packed)]
            np.bitwise_or(octets, packed, out=octets)


class Line:
    """Rows on a line of classes, as the bitmaps of those *from* a class on.

    A set of classes is the exclusive or of such bitmaps, two for every stretch of neighbours, so every leaf's bitmap follows from a few of them.
    """

    __slots__ = ("_above",)

    def __init__(self, above: Bits) -> None:
        """Of the bitmaps themselves, shape (classes + 1, words), the last one empty."""
        self._above = above

    @classmethod
    def of_order(cls, order: Rows, starts: Rows, rows: int) -> Line:
        """The line of rows that stand in ascending order of their classes.

        Args:
            order: The rows; those of the block that are not among them are in no bitmap.
            starts: Where in `order` each class begins, ascending from 0.
            rows: The number of rows of the block.
        """
        octets = 8 * word_count(rows)
        above = np.zeros((len(starts) + 1, octets), np.uint8)
        cells = np.repeat(octets * np.arange(len(starts)), np.diff(starts, append=len(order))) + (order >> 3)
        position = (order & 7).astype(np.uint8)
        flat = above.reshape(-1)
        for bit in range(8):  # rows of a class may share an octet; those with one bit position do not
            flat[cells[position == bit]] |= np.uint8(1 << bit)
        found = above.view("<u8")
        for number in range(len(starts) - 2, -1, -1):
            np.bitwise_or(found[number], found[number + 1], out=found[number])
        return cls(found)

    @classmethod
    def of_classes(cls, classes: npt.NDArray[np.integer], count: int) -> Line:
        """The line of rows whose classes are known, from 0 to `count` - 1."""
        if count <= _FEW:
            above = np.zeros((count + 1, word_count(len(classes))), "<u8")
            for number in range(count):
                above[number] = pack(classes >= number)
            return cls(above)
        narrow = classes.astype(np.uint16, copy=False) if count <= 1 << 16 else classes
        starts = np.zeros(count, np.intp)
        np.cumsum(np.bincount(classes, minlength=count)[:-1], out=starts[1:])
        return cls.of_order(np.argsort(narrow, kind="stable"), starts, len(classes))

    def bitmap(self, flips: list[int]) -> Bits:
        """The rows between the first and the second class of `flips`, the third and the fourth …; to the end, where one is left. May be a view."""
        found: Bits = self._above[flips[0]] if flips else self._above[-1]
        for flip in flips[1:]:
            found = found ^ self._above[flip]
        return found
