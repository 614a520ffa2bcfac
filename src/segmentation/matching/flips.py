"""Intervals, as the places on a line of scalars where their bits flip.

The bits of a scalar are the exclusive or of all flips up to it. Storing them for every gap would take gaps times conjunctions; instead a bitset is stored
before every run of flips, eight or, where bitsets are wide, more, and a look-up applies the few flips between it and the scalar. This is the checkpointing
of HEM (Shi and Qian, "HEM: A Hardware-aware Event Matching algorithm", DASFAA 2022), for intervals with any ends. While bitsets are small, those in between
are kept as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import repeat
from typing import Any

__all__ = ["Flips"]

_SHORTEST_RUN = 8
_BITS_A_FLIP = 1 << 11  # that stored bitsets take
_SEVERAL = 4
_KEPT_AT_ONCE = 1_024  # gaps
_LEAST_SHARE = 8  # a line under another has at least so many times as many flips


class Flips:
    """A line of scalars with bits that flip on the way. Immutable but for what it keeps to answer faster; `with_flips` answers another one.

    Args:
        flips: A scalar and a bit each: from the scalar on, the bit is flipped.
        initial: The bits before all flips.
        most_bytes: The bits between the stored ones are kept, from when they are asked for, if they take no more; a few at once.
        under: A line whose flips count as well.
    """

    __slots__ = ("_bits", "_kept", "_run", "_scalars", "_stored", "_under")

    def __init__(self, flips: Sequence[tuple[Any, int]] = (), initial: int = 0, most_bytes: int = 0, under: Flips | None = None) -> None:
        ordered = sorted(flips, key=_scalar)
        self._scalars = [scalar for scalar, _ in ordered]
        self._bits = [bit for _, bit in ordered]
        self._under = under
        self._stored: list[int] = [initial if under is None else initial ^ under.initial]
        """The bits before every run of flips."""
        run = self._run = max(_SHORTEST_RUN, max(self._stored[0].bit_length(), max(self._bits, default=0)) // _BITS_A_FLIP)
        for start in range(0, len(ordered) - run + 1, run):
            self._stored.append(_flipped(self._stored[-1], self._bits[start : start + run]))
        gaps = len(ordered) + 1
        size = max(map(int.bit_length, self._stored)) // 8 + 32
        self._kept: list[int | None] | None = [None] * gaps if gaps * size <= most_bytes else None
        """The bits after so many flips, where they were asked for. Written whole entries only: threads may race to equal ones."""
        if self._kept is not None and gaps <= _KEPT_AT_ONCE:
            bits, before = self._stored[0], None
            for passed, (scalar, bit) in enumerate(ordered):
                if scalar != before:
                    self._kept[passed], before = bits, scalar
                bits ^= 1 << bit
            self._kept[-1] = bits

    @property
    def size(self) -> int:
        """The number of flips, without those of the line under it."""
        return len(self._bits)

    @property
    def flips(self) -> list[tuple[Any, int]]:
        """The flips, ascending, without those of the line under it."""
        return [*zip(self._scalars, self._bits, strict=True)]

    @property
    def initial(self) -> int:
        """The bits before all flips."""
        return self._stored[0] if self._under is None else self._stored[0] ^ self._under.initial

    @property
    def at_hand(self) -> tuple[Sequence[Any], Sequence[int | None]] | None:
        """The scalars, and the bits after so many of them where they are known; None where bits are not kept, or lie on two lines."""
        return None if self._kept is None or self._under is not None else (self._scalars, self._kept)

    def with_flips(self, flips: Sequence[tuple[Any, int]], initial: int, most_bytes: int) -> Flips:
        """This line with more flips, and with other bits before all flips. While the new flips are few they lie on a line of their own above this one."""
        if not flips and initial == self.initial:
            return self
        under, above = (self, [*flips]) if self._under is None else (self._under, [*self.flips, *flips])
        if _LEAST_SHARE * len(above) > under.size:
            return Flips([*under.flips, *above], initial, most_bytes)
        return Flips(above, initial, most_bytes, under)

    def at(self, scalar: Any, _clock: object = None) -> int:
        """The bits at a scalar."""
        passed = bisect_right(self._scalars, scalar)
        kept = self._kept
        if kept is None or (found := kept[passed]) is None:
            number, flips = divmod(passed, self._run)
            if 2 * flips > self._run and number + 1 < len(self._stored):  # nearer to the next stored bits
                found = _flipped(self._stored[number + 1], self._bits[passed : (number + 1) * self._run])
            else:
                found = _flipped(self._stored[number], self._bits[passed - flips : passed])
            if kept is not None:
                kept[passed] = found
        return found if self._under is None else found ^ self._under.at(scalar)


def _scalar(flip: tuple[Any, int]) -> Any:
    return flip[0]


def _flipped(bits: int, flips: Sequence[int]) -> int:
    if len(flips) <= _SEVERAL:
        for flip in map(int.__lshift__, repeat(1), flips):
            bits ^= flip
        return bits
    together = bytearray((max(flips) >> 3) + 1)
    for bit in flips:
        together[bit >> 3] ^= 1 << (bit & 7)
    return bits ^ int.from_bytes(together, "little")
