"""Intervals, as the places on a line of scalars where their bits flip.

The bits of a scalar are the exclusive or of all flips up to it. Storing them for every gap would take gaps times conjunctions; instead a bitset is stored
before every run of eight flips, and a look-up applies the few flips between it and the scalar. This is the checkpointing of HEM (Shi and Qian,
"HEM: A Hardware-aware Event Matching algorithm", DASFAA 2022), for intervals with any ends. While bitsets are small, those in between are kept as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import repeat
from typing import Any

__all__ = ["Flips"]

_RUN = 8
_KEPT_AT_ONCE = 1_024  # gaps


class Flips:
    """A line of scalars with bits that flip on the way. Immutable but for what it keeps to answer faster; `with_flips` answers another one.

    Args:
        flips: A scalar and a bit each: from the scalar on, the bit is flipped.
        initial: The bits before all flips.
    """

    __slots__ = ("_bits", "_kept", "_scalars", "_stored")

    def __init__(self, flips: Sequence[tuple[Any, int]] = (), initial: int = 0) -> None:
        ordered = sorted(flips, key=_scalar)
        self._scalars = [scalar for scalar, _ in ordered]
        self._bits = [bit for _, bit in ordered]
        self._stored = [initial]
        """The bits before flip 0, 8, 16 …"""
        for start in range(0, len(ordered) - _RUN + 1, _RUN):
            initial = _flipped(initial, self._bits[start : start + _RUN])
            self._stored.append(initial)
        self._kept: list[int | None] | None = None
        """The bits after so many flips, where they were asked for. Written whole entries only: threads may race to equal ones."""

    def keep(self, most_bytes: int) -> None:
        """Keep the bits between the stored ones, from when they are asked for, if they take no more than so many bytes; a few at once."""
        gaps = len(self._bits) + 1
        size = max(map(int.bit_length, self._stored)) // 8 + 32
        self._kept = [None] * gaps if gaps * size <= most_bytes else None
        if self._kept is not None and gaps <= _KEPT_AT_ONCE:
            bits, before = self._stored[0], None
            for passed, (scalar, bit) in enumerate(zip(self._scalars, self._bits, strict=True)):
                if scalar != before:
                    self._kept[passed], before = bits, scalar
                bits ^= 1 << bit
            self._kept[-1] = bits

    def with_flips(self, flips: Sequence[tuple[Any, int]], initial: int) -> Flips:
        """This line with more flips, and with other bits before all flips."""
        if len(flips) > _RUN:
            return Flips([*zip(self._scalars, self._bits, strict=True), *flips], initial)
        new = Flips()
        new._scalars, new._bits = self._scalars.copy(), self._bits.copy()
        change = self._stored[0] ^ initial
        new._stored = [stored ^ change for stored in self._stored] if change else self._stored.copy()
        for scalar, bit in flips:
            new._insert(scalar, bit)
        return new

    def _insert(self, scalar: Any, bit: int) -> None:
        """Put in one flip. What is stored after it gets the flip and gives up one of its own, which now comes later."""
        at = bisect_right(self._scalars, scalar)
        self._scalars.insert(at, scalar)
        self._bits.insert(at, bit)
        for number in range(at // _RUN + 1, len(self._stored)):
            self._stored[number] ^= (1 << bit) ^ (1 << self._bits[number * _RUN])
        if len(self._bits) % _RUN == 0:
            self._stored.append(_flipped(self._stored[-1], self._bits[-_RUN:]))

    def at(self, scalar: Any, _clock: object = None) -> int:
        """The bits at a scalar."""
        passed = bisect_right(self._scalars, scalar)
        kept = self._kept
        if kept is not None and (found := kept[passed]) is not None:
            return found
        run, flips = divmod(passed, _RUN)
        if 2 * flips > _RUN and run + 1 < len(self._stored):  # nearer to the next stored bits
            found = _flipped(self._stored[run + 1], self._bits[passed : (run + 1) * _RUN])
        else:
            found = _flipped(self._stored[run], self._bits[passed - flips : passed])
        if kept is not None:
            kept[passed] = found
        return found


def _scalar(flip: tuple[Any, int]) -> Any:
    return flip[0]


def _flipped(bits: int, flips: Sequence[int]) -> int:
    for flip in map(int.__lshift__, repeat(1), flips):
        bits ^= flip
    return bits
