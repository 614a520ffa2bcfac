"""A haystack: texts laid end to end, searched for many needles at once.

To look for every needle through every text costs needles times bytes. Here each needle stands for its rarest gram, two to four neighbouring bytes; one
pass over all grams of a length finds the places of those that stand for some needle, and only there the needles are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

from segmentation.batch.bitmaps import Bools, Rows

__all__ = ["Haystack", "laid_out"]

_PAD = 8
_LONGEST_GRAM = 4
_SPREAD = 0x9E3779B1  # a number that spreads 32 bits over the upper 16 (Knuth, The Art of Computer Programming 6.4)
_SAMPLE = 1 << 16
_AT_ONCE = 1 << 20  # places that are compared together


def _code(gram: int, size: int) -> int:
    """The code of a gram of so many bytes, 0 to 65,535."""
    return gram if size == 2 else (gram * _SPREAD & 0xFFFFFFFF) >> 16  # noqa: PLR2004 - two bytes are a code


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

    def with_prefixes(self, needles: Sequence[bytes]) -> Iterator[Rows]:
        """For every needle, the texts that start with it."""
        heads = self._quads(self._starts)
        for needle in needles:
            yield self._edged(needle, heads, needle[:4], 0, self._starts)

    def with_suffixes(self, needles: Sequence[bytes]) -> Iterator[Rows]:
        """For every needle, the texts that end with it."""
        tails = self._quads(self._stops - 4)
        for needle in needles:
            last = needle[-4:]
            yield self._edged(needle, tails, last, 4 - len(last), self._stops - len(needle))

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
        by_size: dict[int, list[int]] = {}
        for number, needle in enumerate(needles):
            if not needle:
                yield number, np.arange(len(self._starts))
            elif len(needle) == 1:
                places = _PAD + np.flatnonzero(self._data[_PAD : len(self._data) - _PAD] == needle[0])
                yield number, self._rows_between(places, places)[0]
            else:
                by_size.setdefault(min(len(needle), _LONGEST_GRAM), []).append(number)
        for size, numbers in by_size.items():
            yield from self._with_grams(size, [needles[number] for number in numbers], numbers)

    def _with_grams(self, size: int, needles: Sequence[bytes], numbers: Sequence[int]) -> Iterator[tuple[int, Rows]]:
        """The same for needles of some numbers, each found by a gram of so many bytes."""
        code_at = self._codes(size)
        frequency = np.bincount(code_at[:: max(1, len(code_at) // _SAMPLE)], minlength=1 << 16).tolist()
        by_code: dict[int, list[tuple[int, int]]] = {}
        for place, needle in enumerate(needles):
            codes = [_code(int.from_bytes(needle[step : step + size], "little"), size) for step in range(len(needle) - size + 1)]
            _, step, code = min((frequency[code], step, code) for step, code in enumerate(codes))
            by_code.setdefault(code, []).append((place, step))
        ranks = np.zeros(1 << 16, np.int32)
        ranks[list(by_code)] = np.arange(1, len(by_code) + 1)
        found = np.take(ranks, code_at)
        hits = np.flatnonzero(found)
        found = found[hits].astype(np.uint16 if len(by_code) < 1 << 16 else np.int32)  # two bytes are sorted by their digits
        hits = hits[np.argsort(found, kind="stable")]
        bounds = np.cumsum(np.bincount(found, minlength=len(by_code) + 1))
        waiting: list[tuple[int, Rows]] = []
        room = _AT_ONCE
        for rank, standing in enumerate(by_code.values(), 1):
            for place, step in standing:
                places = hits[bounds[rank - 1] : bounds[rank]] - step
                waiting.append((place, places))
                room -= len(places)
                if room < 0:
                    yield from self._holding(waiting, needles, numbers)
                    waiting, room = [], _AT_ONCE
        if waiting:
            yield from self._holding(waiting, needles, numbers)

    def _holding(self, candidates: Sequence[tuple[int, Rows]], needles: Sequence[bytes], numbers: Sequence[int]) -> Iterator[tuple[int, Rows]]:
        """Of needles and the places where each may stand, the number of each and the texts that hold it; all needles are compared together."""
        some = [needles[place] for place, _ in candidates]
        lengths = np.array([len(needle) for needle in some])
        letters = np.zeros((len(some), int(lengths.max())), np.uint8)
        for letters_of, needle in zip(letters, some, strict=True):
            letters_of[: len(needle)] = np.frombuffer(needle, np.uint8)
        places = np.concatenate([found for _, found in candidates])
        which = np.repeat(np.arange(len(some)), [len(found) for _, found in candidates])
        inside = (places >= _PAD) & (places + lengths[which] <= len(self._data) - _PAD)
        places, which = places[inside], which[inside]
        for step in range(letters.shape[1]):
            same = np.take(self._data, places + step, mode="clip") == letters[which, step]
            if step >= lengths.min():
                same |= step >= lengths[which]
            places, which = places[same], which[same]
        rows, is_whole = self._rows_between(places, places + lengths[which] - 1)
        rows, which = rows[is_whole], which[is_whole]
        bounds = np.searchsorted(which, np.arange(len(some) + 1)).tolist()
        for row, (place, _) in enumerate(candidates):
            yield numbers[place], rows[bounds[row] : bounds[row + 1]]

    def _codes(self, size: int) -> npt.NDArray[np.uint16]:
        """The code of the gram of so many bytes at every place. Grams of more than two bytes may share one."""
        count = len(self._data) - size + 1
        grams = self._data[:count].astype(np.uint32)
        for step in range(1, size):
            grams |= self._data[step : step + count].astype(np.uint32) << np.uint32(8 * step)
        return (grams if size == 2 else (grams * np.uint32(_SPREAD)) >> np.uint32(16)).astype(np.uint16)  # noqa: PLR2004 - two bytes are a code

    def _rows_between(self, firsts: Rows, lasts: Rows) -> tuple[Rows, Bools]:
        """The texts that hold the bytes at some places, and whether those at others are of the same texts."""
        if self._rows_of_bytes is None:
            self._rows_of_bytes = np.full(len(self._data), -1, np.int32)
            self._rows_of_bytes[_PAD : len(self._data) - _PAD] = np.repeat(np.arange(len(self._starts), dtype=np.int32), self._stops - self._starts)
        rows = self._rows_of_bytes[firsts]
        return rows.astype(np.intp), rows == self._rows_of_bytes[lasts]
