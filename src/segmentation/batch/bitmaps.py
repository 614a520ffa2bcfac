"""Bitmaps: sets of the rows of a block, one bit a row, in 64-bit little-endian words. The bits past the last row are 0."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Bits", "Bools", "Line", "Rows", "all_rows", "pack", "unpack", "word_count"]

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


class Line:
    """Rows in ascending order of a class, and the bitmaps of those *from* a class on.

    A set of classes that are neighbours is the exclusive or of two such bitmaps, so every bitmap of a leaf follows from few of them.

    Args:
        order: The rows, those of lower classes first.
        starts: Where in `order` each class begins, ascending.
        rows: The number of rows of the block; rows that are not in `order` are in no bitmap.
    """

    __slots__ = ("_above", "starts")

    def __init__(self, order: Rows, starts: npt.NDArray[np.intp], rows: int) -> None:
        self.starts = starts
        count = len(starts)
        octets = 8 * word_count(rows)
        above = np.zeros((count + 1, octets), np.uint8)
        if count and len(order) > starts[0]:
            classes = np.repeat(np.arange(count), np.diff(starts, append=len(order)))
            order = order[starts[0] :]
            cells = classes * octets + (order >> 3)
            bits = np.left_shift(np.uint8(1), (order & 7).astype(np.uint8))
            flat = above.reshape(-1)
            # Rows of a class that share an octet need not be neighbours in `order`; one bit position at a time, no cell occurs twice.
            for bit in range(8):
                chosen = np.flatnonzero(bits == np.uint8(1 << bit))
                flat[cells[chosen]] |= np.uint8(1 << bit)
        self._above: Bits = above.view("<u8")
        for number in range(count - 2, -1, -1):
            np.bitwise_or(self._above[number], self._above[number + 1], out=self._above[number])

    @classmethod
    def of_classes(cls, classes: npt.NDArray[np.integer], count: int) -> Line:
        """The line of rows whose classes are known, from 0 to `count` - 1."""
        if count <= _FEW:
            line = cls.__new__(cls)
            line.starts = np.zeros(count, np.intp)
            line._above = np.zeros((count + 1, word_count(len(classes))), "<u8")
            for number in range(count):
                line._above[number] = pack(classes >= number)
            return line
        narrow = classes.astype(np.uint16, copy=False) if count <= 1 << 16 else classes
        starts = np.zeros(count, np.intp)
        np.cumsum(np.bincount(classes, minlength=count)[:-1], out=starts[1:])
        return cls(np.argsort(narrow, kind="stable"), starts, len(classes))

    def bitmap(self, flips: list[int]) -> Bits:
        """The rows between the first and the second class of `flips`, the third and the fourth …; to the end, where one is left. May be a view."""
        if len(flips) == 1:
            return self._above[flips[0]]
        if not flips:
            return self._above[-1]
        found = self._above[flips[0]] ^ self._above[flips[1]]
        for flip in flips[2:]:
            found ^= self._above[flip]
        return found
