"""Postings: from a constant to the bits of the conditions that hold it, by hash.

Each class finds, for a scalar, the constants that admit it without looking at the others: members by one look-up, prefixes and suffixes by one for
every length that occurs, substrings by their first letters. `hits` answers a bitset, a Python int.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from segmentation.language.checks import Inside, Window
from segmentation.language.dates import Clock, MonthDay, anniversaries

__all__ = ["Affixes", "Members", "Places", "Substrings", "Windows"]

Posting = tuple[int, ...] | int
"""Some bits: their numbers while they are few, a bitset when they are many."""

_FEW = 8
_GRAM = 3  # letters by which substrings are found; shorter ones are found by all they have
_SCANNED = 12  # as many substrings are tried one by one
_DAYS_KEPT = 4  # todays whose anniversaries are remembered


def _bits(posting: Posting) -> int:
    if isinstance(posting, int):
        return posting
    bits = 0
    for bit in posting:
        bits |= 1 << bit
    return bits


class Members:
    """Membership of sets."""

    __slots__ = ("postings",)

    def __init__(self) -> None:
        self.postings: dict[Any, Posting] = {}

    def add(self, constant: Any, bit: int) -> None:
        """Let the bit be among the hits of what the constant admits."""
        posting = self.postings.get(constant, ())
        if isinstance(posting, int):
            self.postings[constant] = posting | 1 << bit
        else:
            self.postings[constant] = (*posting, bit) if len(posting) < _FEW else _bits(posting) | 1 << bit

    def copy(self) -> Self:
        """A copy that can be added to without changing this one."""
        new = type(self)()
        new.postings = self.postings.copy()
        return new

    def hits(self, scalar: Any, _clock: Clock) -> int:
        """The bits of the constants that admit the scalar."""
        posting = self.postings.get(scalar, 0)
        return posting if isinstance(posting, int) else _bits(posting)


class Affixes:
    """Prefixes, or suffixes."""

    __slots__ = ("by_length", "is_suffix")

    def __init__(self, *, is_suffix: bool) -> None:
        self.is_suffix = is_suffix
        self.by_length: dict[int, Members] = {}

    def add(self, text: str, bit: int) -> None:
        """Let the bit be among the hits of what starts (ends) with the text."""
        self.by_length.setdefault(len(text), Members()).add(text, bit)

    def copy(self) -> Affixes:
        """A copy that can be added to without changing this one."""
        new = Affixes(is_suffix=self.is_suffix)
        new.by_length = {length: members.copy() for length, members in self.by_length.items()}
        return new

    def hits(self, scalar: str, _clock: Clock) -> int:
        """The bits of the texts that the scalar starts (ends) with."""
        found = 0
        size = len(scalar)
        for length, members in self.by_length.items():
            if length <= size:
                posting = members.postings.get(scalar[size - length :] if self.is_suffix else scalar[:length])
                if posting is not None:
                    found |= _bits(posting)
        return found


class Substrings(Members):
    """Substrings."""

    __slots__ = ("by_gram",)

    def __init__(self) -> None:
        super().__init__()
        self.by_gram: dict[int, dict[str, tuple[str, ...]]] = {}
        """Length of gram, gram, the substrings that begin with it."""

    def add(self, constant: str, bit: int) -> None:
        """Let the bit be among the hits of what contains the text."""
        if constant not in self.postings:
            grams = self.by_gram.setdefault(min(len(constant), _GRAM), {})
            grams[constant[:_GRAM]] = (*grams.get(constant[:_GRAM], ()), constant)
        super().add(constant, bit)

    def copy(self) -> Self:
        """A copy that can be added to without changing this one."""
        new = super().copy()
        new.by_gram = {length: grams.copy() for length, grams in self.by_gram.items()}
        return new

    def hits(self, scalar: str, _clock: Clock) -> int:
        """The bits of the texts that the scalar contains."""
        found = 0
        for text in self.postings if len(self.postings) <= _SCANNED else self._candidates(scalar):
            if text in scalar:
                found |= _bits(self.postings[text])
        return found

    def _candidates(self, scalar: str) -> Iterable[str]:
        for length, grams in self.by_gram.items():
            if len(scalar) <= len(grams):
                for gram in {scalar[start : start + length] for start in range(len(scalar) - length + 1)}:
                    yield from grams.get(gram, ())
            else:  # a long text has more grams than there are to look for
                for gram, texts in grams.items():
                    if gram in scalar:
                        yield from texts


class Windows(Members):
    """Windows of anniversaries, resolved once a day."""

    __slots__ = ("_days",)

    def __init__(self) -> None:
        super().__init__()
        self._days: dict[int, tuple[list[tuple[frozenset[MonthDay] | None, bool, int]], dict[MonthDay, int]]] = {}
        """For some todays: the windows' month-days with their bits, and the hits found so far. Written whole entries only: threads may race to equal ones."""

    def hits(self, scalar: MonthDay, clock: Clock) -> int:
        """The bits of the windows that the anniversary of a month and day falls into (outside of)."""
        day = self._days.get(clock.today)
        if day is None:
            constants: Iterable[tuple[Window, Posting]] = self.postings.items()
            windows = [(anniversaries(*window.days(clock)), window.is_outside, _bits(posting)) for window, posting in constants]
            if len(self._days) >= _DAYS_KEPT:
                self._days = {}
            day = self._days[clock.today] = (windows, {})
        windows, known = day
        found = known.get(scalar)
        if found is None:
            found = 0
            for month_days, is_outside, bits in windows:
                if (month_days is None or scalar in month_days) is not is_outside:
                    found |= bits
            known[scalar] = found
        return found


class Places(Members):
    """Places, each asked once."""

    __slots__ = ()

    def hits(self, scalar: tuple[float, float], _clock: Clock) -> int:
        """The bits of the places that the point is in."""
        constants: Iterable[tuple[Inside, Posting]] = self.postings.items()
        found = 0
        for inside, posting in constants:
            if inside.place.contains(scalar):
                found |= _bits(posting)
        return found
