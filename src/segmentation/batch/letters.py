"""Letters: texts as bitmaps, one for every byte at every place. Whether a needle stands at a place is the conjunction of the bitmaps of its bytes.

So a needle costs the same whether it is rare or stands everywhere, in calls of numpy that are long enough to be worth it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segmentation.batch.bitmaps import Bits, pack, word_count

__all__ = ["Letters"]


class Letters:
    """Texts whose bytes are looked at by their distance from the start, or from the end.

    Args:
        data: The bytes of all texts.
        starts: Where each text starts. The texts are not all empty.
        stops: Where it stops.
        places: How many bytes of each are looked at.
        from_end: Whether places are counted from the end, the last byte standing at place 0.
    """

    __slots__ = ("_bytes", "_nibbles", "_none", "_places", "_planes", "_there")

    def __init__(
        self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64], places: int, *, from_end: bool = False
    ) -> None:
        letters = np.empty((places, len(starts)), np.uint8)
        for place, bytes_ in enumerate(letters):  # where there is none, any
            np.take(data, stops - (1 + place) if from_end else starts + place, out=bytes_, mode="clip")
        self._places = places
        self._planes = [pack(letters & np.uint8(1 << bit)) for bit in range(8)]
        """For every bit of a byte, the texts in which it is set at each place: shape (places, words)."""
        self._there = pack(stops - starts > np.arange(places)[:, np.newaxis])
        """The texts that have a byte at each place."""
        self._none = np.zeros(word_count(len(starts)), "<u8")
        self._nibbles: dict[tuple[int, int], Bits] = {}
        self._bytes: dict[int, Bits] = {}

    def holding(self, needle: bytes) -> Bits:
        """The texts that hold a needle, which is not empty."""
        stops = self._places - len(needle) + 1
        if stops <= 0:
            return self._none
        found = self._everywhere(needle[0])[:stops]
        if len(needle) > 1:
            found = found & self._everywhere(needle[1])[1 : 1 + stops]
            for step, byte in enumerate(needle[2:], 2):
                np.bitwise_and(found, self._everywhere(byte)[step : step + stops], out=found)
        somewhere: Bits = np.bitwise_or.reduce(found, axis=0)
        return somewhere

    def beginning(self, needle: bytes) -> Bits:
        """The texts that have the bytes of a needle, which is not empty, at the first places."""
        if len(needle) > self._places:
            return self._none
        found: Bits = self._everywhere(needle[0])[0]
        for place, byte in enumerate(needle[1:], 1):
            found = found & self._everywhere(byte)[place]
        return found

    def _everywhere(self, byte: int) -> Bits:
        """The texts that have a byte at each place: shape (places, words)."""
        found = self._bytes.get(byte)
        if found is None:
            found = self._bytes[byte] = self._nibble(byte & 15, 0) & self._nibble(byte >> 4, 4)
        return found

    def _nibble(self, value: int, first: int) -> Bits:
        """The texts that have a value in the four bits from some bit on, at each place: to compare bytes would cost as much for each of them."""
        found = self._nibbles.get((value, first))
        if found is None:
            found = self._there.copy()
            for bit, plane in enumerate(self._planes[first : first + 4]):
                np.bitwise_and(found, plane if value >> bit & 1 else ~plane, out=found)
            self._nibbles[value, first] = found
        return found
