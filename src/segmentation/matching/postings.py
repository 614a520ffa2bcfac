"""Postings: from a constant to the bits of the conditions that hold it, by hash.

Each class finds, for a scalar, the constants that admit it without looking at the others: members by one look-up, prefixes and suffixes by bisection,
substrings by one pass over the text. `hits` answers a bitset, a Python int.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, Self

from segmentation.language.checks import Inside, Window
from segmentation.language.dates import Clock, MonthDay, anniversaries

__all__ = ["Members", "Places", "Prefixes", "Substrings", "Suffixes", "Windows"]

Posting = tuple[int, ...] | int
"""Some bits: their numbers while they are few, a bitset when they are many."""

_FEW = 3
_SCANNED = 24  # as many substrings are tried one by one
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

    @property
    def effort(self) -> float:
        """About how long a look-up takes, in microseconds."""
        return 0.2

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

    def seal(self) -> None:
        """Let what was added take effect."""

    def hits(self, scalar: Any, _clock: Clock) -> int:
        """The bits of the constants that admit the scalar."""
        posting = self.postings.get(scalar, 0)
        return posting if isinstance(posting, int) else _bits(posting)


class Prefixes(Members):
    """Prefixes, in order, each with the longest other one that it begins with.

    The longest prefix of a text is the greatest one that is not greater than the text, or one that that begins with.
    """

    __slots__ = ("_ordered", "_parents", "_together")

    @property
    def effort(self) -> float:
        """About how long a look-up takes, in microseconds."""
        return 0.6

    def seal(self) -> None:
        """Let what was added take effect."""
        self._ordered = sorted(self.postings)
        self._parents: dict[str, str | None] = {}
        self._together: dict[str, Posting] = {}
        """By prefix, the bits of it and of all that it begins with."""
        chain: list[str] = []
        for text in self._ordered:
            while chain and not text.startswith(chain[-1]):
                chain.pop()
            parent = self._parents[text] = chain[-1] if chain else None
            own = self.postings[text]
            self._together[text] = own if parent is None else _joined(self._together[parent], own)
            chain.append(text)

    def hits(self, scalar: str, _clock: Clock) -> int:
        """The bits of the texts that the scalar starts with."""
        at = bisect_right(self._ordered, scalar)
        if not at:
            return 0
        longest: str | None = self._ordered[at - 1]
        while longest is not None and not scalar.startswith(longest):
            longest = self._parents[longest]
        return 0 if longest is None else _bits(self._together[longest])


class Suffixes(Prefixes):
    """Suffixes: prefixes, read backwards."""

    __slots__ = ()

    def add(self, constant: str, bit: int) -> None:
        """Let the bit be among the hits of what ends with the text."""
        super().add(constant[::-1], bit)

    def hits(self, scalar: str, clock: Clock) -> int:
        """The bits of the texts that the scalar ends with."""
        return super().hits(scalar[::-1], clock)


def _joined(one: Posting, other: Posting) -> Posting:
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) + len(other) <= _FEW:
        return one + other
    return _bits(one) | _bits(other)


class Substrings(Members):
    """Substrings: the newest are tried one by one while few, all others are found in one pass over the text.

    The pass is the automaton of Aho and Corasick ("Efficient string matching: an aid to bibliographic search", CACM 1975). A state is what the text read so
    far ends with; each holds its next states by letter (those that the first state would answer are left out) and the postings of the substrings that end
    there.
    """

    __slots__ = ("_changed", "_first", "_scanned")

    def __init__(self) -> None:
        super().__init__()
        self._first: _State | None = None
        self._changed: dict[str, None] = {}
        """The substrings that the automaton does not know, or not with all their bits; bits are only ever added."""

    def add(self, constant: str, bit: int) -> None:
        """Let the bit be among the hits of what contains the text."""
        super().add(constant, bit)
        self._changed[constant] = None

    def copy(self) -> Self:
        """A copy that can be added to without changing this one."""
        new = type(self)()
        new.postings = self.postings.copy()
        new._first, new._changed = self._first, self._changed.copy()  # noqa: SLF001 - its own kind
        return new

    @property
    def effort(self) -> float:
        """About how long a look-up takes, in microseconds."""
        return min(0.1 * len(self.postings), 4.0)

    def seal(self) -> None:
        """Let what was added take effect."""
        if len(self._changed) > _SCANNED:
            self._first, self._changed = _automaton(self.postings), {}
        self._scanned = [(text, _bits(self.postings[text])) for text in self._changed]

    def hits(self, scalar: str, _clock: Clock) -> int:
        """The bits of the texts that the scalar contains."""
        found = 0
        for text, posting in self._scanned:
            if text in scalar:
                found |= posting
        if self._first is not None:
            first = state = self._first
            moves_of_first, ending = first
            if ending is not None:  # the empty text
                found |= ending
            for letter in scalar:
                state = state[0].get(letter) or moves_of_first.get(letter, first)
                if state[1] is not None:
                    found |= state[1]
        return found


_State = tuple[dict[str, Any], int | None]
"""The next states by letter, and what ends here."""


def _automaton(postings: Mapping[str, Posting]) -> _State:
    states: dict[str, tuple[dict[str, Any], list[Posting]]] = {"": ({}, [])}
    for text, posting in postings.items():
        for end in range(1, len(text) + 1):
            states.setdefault(text[:end], ({}, []))
        states[text][1].append(posting)
    falls: dict[str, str] = {"": ""}  # by text read: the longest end of it that is another state
    finished: dict[str, _State] = {}
    moves: dict[str, dict[str, str]] = {}
    children: dict[str, list[str]] = {}
    for text in states:
        if text:
            children.setdefault(text[:-1], []).append(text)
    for text in sorted(states, key=len):  # shorter ends are finished first
        own = {child[-1]: child for child in children.get(text, ())}
        if text:
            fall = falls[text]
            states[text][1].extend(states[fall][1])
            moves[text] = ({} if fall == "" else moves[fall]) | own
        else:
            moves[text] = own
        for letter, child in own.items():
            falls[child] = "" if text == "" else moves[falls[text]].get(letter, moves[""].get(letter, ""))
    for text, (_, ending) in states.items():
        finished[text] = ({}, reduce(or_, map(_bits, ending)) if ending else None)
    for text, state in finished.items():
        state[0].update((letter, finished[target]) for letter, target in moves[text].items())
    return finished[""]


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
