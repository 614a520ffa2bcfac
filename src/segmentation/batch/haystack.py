"""A haystack: texts laid end to end, searched for many needles at once.

To look for every needle through every text costs needles times bytes. Here each needle stands for the rarest pair of its bytes; one pass over all pairs
finds the places of those that stand for some needle, and only there the needles are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from segmentation.batch.bitmaps import Rows

__all__ = ["Haystack", "laid_out"]

_PAD = 8
_MOST_PAIRS = 255  # that one byte can number, besides none
_SAMPLE = 1 << 16


def laid_out(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The bytes of texts in UTF-8, end to end with some room before and after, and where each text starts and stops.

    Args:
        texts: A string array without nulls.
    """
    width: Any = np.int64 if types.is_large_string(texts.type) else np.int32
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, width, len(texts) + 1, texts.offset * np.dtype(width).itemsize).astype(np.int64)
    length = int(ends[-1] - ends[0])
    padded = np.zeros(length + 2 * _PAD, np.uint8)
    if length:
        padded[_PAD : _PAD + length] = np.frombuffer(data, np.uint8, length, int(ends[0]))
    ends += _PAD - ends[0]
    return padded, ends[:-1], ends[1:]


class Haystack:
    """Texts, as the bytes of their UTF-8.

    Args:
        texts: A string array without nulls.
    """

    __slots__ = ("_data", "_rows_of_bytes", "_starts", "_stops")

    def __init__(self, texts: pa.Array) -> None:
        self._data, self._starts, self._stops = laid_out(texts)
        self._rows_of_bytes: npt.NDArray[np.int32] | None = None

    def with_prefixes(self, needles: Sequence[bytes]) -> Iterator[tuple[int, Rows]]:
        """The number of every needle, with the texts that start with it."""
        heads = self._quads(self._starts)
        for number, needle in enumerate(needles):
            yield number, self._edged(needle, heads, needle[:4], 0, self._starts)

    def with_suffixes(self, needles: Sequence[bytes]) -> Iterator[tuple[int, Rows]]:
        """The number of every needle, with the texts that end with it."""
        tails = self._quads(self._stops - 4)
        for number, needle in enumerate(needles):
            last = needle[-4:]
            yield number, self._edged(needle, tails, last, 4 - len(last), self._stops - len(needle))

    def _quads(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
        """The four bytes at some places."""
        found = self._data[places].astype(np.uint32)
        for step in range(1, 4):
            found |= self._data[places + step].astype(np.uint32) << np.uint32(8 * step)
        return found

    def _edged(self, needle: bytes, quads: npt.NDArray[np.uint32], part: bytes, shift: int, places: npt.NDArray[np.int64]) -> Rows:
        mask = int.from_bytes(b"\xff" * len(part), "little") << (8 * shift)
        wanted = int.from_bytes(part, "little") << (8 * shift)
        is_candidate = quads == np.uint32(wanted) if len(part) == 4 else (quads & np.uint32(mask)) == np.uint32(wanted)  # noqa: PLR2004 - of a quad
        rows = np.flatnonzero(is_candidate)
        rows = rows[self._stops[rows] - self._starts[rows] >= len(needle)]
        return rows[self._matches(places[rows], needle)] if len(needle) > len(part) else rows

    def _matches(self, places: npt.NDArray[np.int64], needle: bytes) -> Rows:
        """Which of some places, all of them with room for it, a needle stands at."""
        kept = np.arange(len(places))
        for step, byte in enumerate(needle):
            kept = kept[self._data[places[kept] + step] == byte]
        return kept

    def with_substrings(self, needles: Sequence[bytes]) -> Iterator[tuple[int, Rows]]:
        """The number of every needle, in no order, with the texts that hold it; a text may come twice."""
        everywhere = np.arange(len(self._starts))
        pair_at = self._data[:-1].astype(np.uint16) | (self._data[1:].astype(np.uint16) << np.uint16(8))
        frequency = np.bincount(pair_at[:: max(1, len(pair_at) // _SAMPLE)], minlength=1 << 16)
        by_pair: dict[int, list[tuple[int, int]]] = {}
        for number, needle in enumerate(needles):
            if not needle:
                yield number, everywhere
            elif len(needle) == 1:
                yield number, self._rows_at(np.flatnonzero(self._data == needle[0]), 1)
            else:
                own = [needle[step] | needle[step + 1] << 8 for step in range(len(needle) - 1)]
                step = min(range(len(own)), key=lambda step: frequency[own[step]])
                by_pair.setdefault(own[step], []).append((number, step))
        wanted = list(by_pair)
        for first in range(0, len(wanted), _MOST_PAIRS):
            some = wanted[first : first + _MOST_PAIRS]
            numbers = np.zeros(1 << 16, np.uint8)
            numbers[some] = np.arange(1, len(some) + 1)
            found = np.take(numbers, pair_at)
            hits = np.flatnonzero(found)
            found = found[hits]
            hits = hits[np.argsort(found, kind="stable")]
            bounds = np.cumsum(np.bincount(found, minlength=len(some) + 1)).tolist()
            for number, pair in enumerate(some, 1):
                places = hits[bounds[number - 1] : bounds[number]]
                for needle_number, step in by_pair[pair]:
                    yield needle_number, self._holding(places - step, needles[needle_number], step)

    def _holding(self, places: npt.NDArray[np.int64], needle: bytes, known: int) -> Rows:
        """The texts in which a needle stands at some of the places; two bytes of it, from `known`, do."""
        for step, byte in enumerate(needle):
            if not known <= step <= known + 1:
                inside = np.clip(places + step, 0, len(self._data) - 1)
                places = places[self._data[inside] == byte]
        return self._rows_at(places, len(needle))

    def _rows_at(self, places: npt.NDArray[np.int64], length: int) -> Rows:
        """The texts that hold so many bytes from some places on."""
        if self._rows_of_bytes is None:
            self._rows_of_bytes = np.full(len(self._data), -1, np.int32)
            self._rows_of_bytes[_PAD : len(self._data) - _PAD] = np.repeat(np.arange(len(self._starts), dtype=np.int32), self._stops - self._starts)
        places = places[(places >= _PAD) & (places + length <= len(self._data) - _PAD)]
        rows = self._rows_of_bytes[places]
        whole: Rows = rows[rows == self._rows_of_bytes[places + (length - 1)]].astype(np.intp)
        return whole
