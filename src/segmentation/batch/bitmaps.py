"""Bitmaps: sets of the rows of a block, one bit a row, in 64-bit little-endian words. The bits past the last row are 0."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "Bits",
    "Bools",
    "Rows",
    "add_distinct",
    "all_rows",
    "from_class_on",
    "mark",
    "octets_of",
    "pack",
    "unpack",
    "word_count",
    "write_distinct",
    "write_octets",
]

_ROWS_AT_ONCE = 1 << 15
"""Rows whose values are spread out at a time."""

Bits: TypeAlias = npt.NDArray[np.uint64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]


def word_count(rows: int) -> int:
    """The number of words that so many rows take."""
    return (rows + 63) >> 6


def pack(truth: npt.NDArray[Any]) -> Bits:
    """From truth values, or octets of which those that are not 0 are true, the last axis being the rows, to bitmaps."""
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


def write_distinct(truth: Bools, numbers: npt.NDArray[np.integer], into: Bits) -> None:
    """From the truth of distinct values to bitmaps of rows.

    Args:
        truth: Truth values of shape (bitmaps, distinct values).
        numbers: The number of every row's value.
        into: Where the bitmaps are written, shape (bitmaps, words).
    """
    if not truth.shape[1]:
        into[:] = 0
        return
    for first in range(0, len(truth), 8):  # eight bitmaps an octet
        octets = octets_of(truth[first : first + 8])
        for start in range(0, len(numbers), _ROWS_AT_ONCE):
            stop = start + _ROWS_AT_ONCE
            write_octets(np.take(octets, numbers[start:stop], mode="clip"), into[first : first + 8, start >> 6 : stop >> 6])


def add_distinct(truth: Bools, numbers: npt.NDArray[np.integer], rows: Rows, count: int, into: Bits) -> None:
    """As `write_distinct`, of some rows: added to bitmaps.

    Args:
        truth: Truth values of shape (bitmaps, distinct values).
        numbers: The numbers of these rows' values.
        rows: The rows.
        count: The number of all rows.
        into: The bitmaps, shape (bitmaps, words).
    """
    places = np.full(count, truth.shape[1])
    places[rows] = numbers
    own = np.empty_like(into)
    write_distinct(np.column_stack((truth, np.zeros(len(truth), np.bool_))), places, own)
    into |= own


def octets_of(truth: Bools) -> npt.NDArray[np.uint8]:
    """Of up to eight bitmaps, as truth values of shape (bitmaps, rows): an octet a row."""
    octets: npt.NDArray[np.uint8] = truth[0].astype(np.uint8)
    for bit, passed in enumerate(truth[1:], 1):
        octets |= passed.view(np.uint8) << np.uint8(bit)
    return octets


def write_octets(octets: npt.NDArray[np.uint8], into: Bits) -> None:
    """The inverse of `octets_of`, to bitmaps."""
    into[:] = pack(octets & (np.uint8(1) << np.arange(len(into), dtype=np.uint8)[:, np.newaxis]))


def mark(bitmaps: Bits, numbers: npt.NDArray[np.integer] | int, rows: Rows) -> None:
    """Put rows into bitmaps.

    Args:
        bitmaps: Shape (bitmaps, words), contiguous.
        numbers: For every row, which bitmap it is put into.
        rows: The rows.
    """
    octets = 8 * bitmaps.shape[1]
    cells = numbers * octets + (rows >> 3)
    flat = bitmaps.view(np.uint8).reshape(-1)
    bits = rows & 7
    for bit in range(8):  # two that share an octet and a place in it are one
        flat[cells[bits == bit]] |= np.uint8(1 << bit)


def from_class_on(classes: npt.NDArray[np.integer], count: int) -> Bits:
    """For every class, the rows that are of it or of a later one: bitmaps of shape (classes or more, words).

    A set of classes is the exclusive or of such bitmaps, two for every stretch of neighbours.

    Args:
        classes: The class of every row, from 0 on. Rows of the class `count`, and only they, are in no bitmap.
        count: The number of classes; the bitmap of this number is empty.
    """
    rows = len(classes)
    octets = 8 * word_count(rows)
    side = math.isqrt(count) + 1
    found = np.zeros((side * (count // side + 1), octets), np.uint8)
    flat = found.reshape(-1)
    for bit in range(min(8, rows)):  # rows that are next to each other share an octet; those with one place in it do not
        cells = classes[bit::8].astype(np.intp)
        cells *= octets
        cells += np.arange(len(cells))
        flat[cells] |= np.uint8(1 << bit)
    found[count] = 0
    groups = found.view("<u8").reshape(count // side + 1, side, octets >> 3)
    # Two passes of few calls: one call a class would take less memory to and fro, but hand the interpreter's lock over at each.
    for place in range(side - 2, -1, -1):
        np.bitwise_or(groups[:, place], groups[:, place + 1], out=groups[:, place])
    for group in range(len(groups) - 2, -1, -1):
        np.bitwise_or(groups[group], groups[group + 1, 0], out=groups[group])
    return groups.reshape(len(found), octets >> 3)
