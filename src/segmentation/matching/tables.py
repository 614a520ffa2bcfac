"""Tables: all constraints on one facet, from a scalar to the bits of those that admit it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from segmentation.language.checks import Constraint, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window
from segmentation.language.dates import Clock
from segmentation.matching.flips import Flips
from segmentation.matching.postings import Members, Places, Prefixes, Substrings, Suffixes, Windows
from segmentation.matching.spans import spans

__all__ = ["Hits", "Table"]

Hits = Callable[[Any, Clock], int]
"""From a scalar to bits."""

_Part = TypeVar("_Part", Members, Prefixes, Substrings, Suffixes, Windows, Places)
_SEALING = threading.Lock()
_KEPT_BYTES = 1 << 14


class Table:
    """Constraints on one facet, each with a bit.

    Constraints are gathered by `add` and take effect at `seal`, which is called at the latest by the first look-up. A table that is in use is not added to;
    its `copy` is, at a cost that follows the number of distinct constants in it.
    """

    __slots__ = ("_always", "_flips", "_parts", "_waiting", "asked")

    def __init__(self) -> None:
        self._waiting: list[tuple[Sequence[Constraint], int]] = []
        self._always = 0
        """The bits of intervals without a lower end."""
        self._flips: Flips | None = None
        self._parts: dict[type[Constraint], Any] = {}
        """The postings of members, texts, windows and places."""
        self.asked: tuple[Hits, ...] = ()
        """The look-ups, intervals aside, whose hits are those of the table; complete once sealed."""

    @property
    def look_ups(self) -> tuple[Hits, ...]:
        """The functions whose hits together are those of the table; `hits` itself while it is not sealed."""
        if self._waiting:
            return (self.hits,)
        return self.asked if self._flips is None else (self._flips.at, *self.asked)

    @property
    def effort(self) -> float:
        """About how long the look-ups of a text take, in microseconds."""
        return sum((part.effort for part in self._parts.values()), 0.0)

    def add(self, constraints: Sequence[Constraint], bit: int) -> None:
        """Let the bit be among the hits of every scalar that some of the constraints admits."""
        self._waiting.append((constraints, bit))

    def copy(self) -> Table:
        """A copy that can be added to without changing this one."""
        new = Table()
        with _SEALING:  # a first look-up of another thread may be sealing it
            new._waiting = self._waiting.copy()
            new._always, new._flips = self._always, self._flips
            new._parts = {key: part.copy() for key, part in self._parts.items()}
        return new

    def seal(self) -> None:
        """Let what was added take effect."""
        flips: list[tuple[Any, int]] = []
        for constraints, bit in self._waiting:
            if any(isinstance(constraint, Interval) for constraint in constraints):
                for start, stop in spans(constraints, with_members=False):
                    if start is None:
                        self._always |= 1 << bit
                    flips += [(scalar, bit) for scalar in (start, stop) if scalar is not None]
            for constraint in constraints:
                self._post(constraint, bit)
        if flips or self._always:
            self._flips = (self._flips or Flips()).with_flips(flips, self._always)
            self._flips.keep(_KEPT_BYTES)
        for part in self._parts.values():
            part.seal()
        self.asked = tuple(part.hits for part in self._parts.values())
        self._waiting = []  # last: until then, others wait

    def _post(self, constraint: Constraint, bit: int) -> None:
        match constraint:
            case OneOf(values):
                members = self._part(OneOf, Members)
                for value in values:
                    members.add(value, bit)
            case Prefix(text):
                self._part(Prefix, Prefixes).add(text, bit)
            case Suffix(text):
                self._part(Suffix, Suffixes).add(text, bit)
            case Substring(text):
                self._part(Substring, Substrings).add(text, bit)
            case Window():
                self._part(Window, Windows).add(constraint, bit)
            case Inside():
                self._part(Inside, Places).add(constraint, bit)
            case Interval():
                pass  # among the flips

    def _part(self, key: type[Constraint], make: Callable[[], _Part]) -> _Part:
        if key not in self._parts:
            self._parts[key] = make()
        part: _Part = self._parts[key]
        return part

    def hits(self, scalar: Any, clock: Clock) -> int:
        """The bits whose constraints admit the scalar."""
        if self._waiting:
            with _SEALING:
                if self._waiting:  # and no other thread was first
                    self.seal()
        found = 0 if self._flips is None else self._flips.at(scalar)
        for hits in self.asked:
            found |= hits(scalar, clock)
        return found
