"""Tables: all constraints on one facet, from a scalar to the bits of those that admit it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from segmentation.language.checks import Constraint, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window
from segmentation.language.dates import Clock
from segmentation.matching.flips import Flips
from segmentation.matching.postings import Members, Places, Prefixes, Substrings, Suffixes, Windows
from segmentation.matching.spans import spans

__all__ = ["Hits", "Table"]

Hits = Callable[[Any, Clock], int]
"""From a scalar to bits."""

_POSTINGS: Final[dict[type[Constraint], type[Members]]] = {
    OneOf: Members, Prefix: Prefixes, Suffix: Suffixes, Substring: Substrings, Window: Windows, Inside: Places,
}  # fmt: skip
"""How the constraints of a kind are found, intervals aside."""
_SEALING = threading.Lock()
_KEPT_BYTES = 1 << 16


class Table:
    """Constraints on one facet, each with a bit.

    Constraints are gathered by `add` and take effect at `seal`, which is called at the latest by the first look-up. A table that is in use is not added to;
    its `copy` is, at a cost that follows the number of distinct constants in it.
    """

    __slots__ = ("_always", "_flips", "_parts", "_waiting", "_waiting_bits", "asked")

    def __init__(self) -> None:
        self._waiting: list[tuple[Constraint, ...] | Constraint] = []
        self._waiting_bits: list[int] = []
        """The bit of each; two lists, and no tuple of one, because what waits for a kind of data that never comes waits for good."""
        self._always = 0
        """The bits of intervals without a lower end."""
        self._flips: Flips | None = None
        self._parts: Mapping[type[Constraint], Members] = {}
        """The postings of members, texts, windows and places, which copies share."""
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
        self._waiting.append(constraints[0] if len(constraints) == 1 else tuple(constraints))
        self._waiting_bits.append(bit)

    def copy(self) -> Table:
        """A copy that can be added to without changing this one."""
        new = Table()
        with _SEALING:  # a first look-up of another thread may be sealing it
            new._waiting, new._waiting_bits = self._waiting.copy(), self._waiting_bits.copy()
            new._always, new._flips = self._always, self._flips
            new._parts, new.asked = self._parts, self.asked
        return new

    def seal(self) -> None:
        """Let what was added take effect."""
        flips: list[tuple[Any, int]] = []
        always = self._always
        changed: dict[type[Constraint], Members] = {}
        for constraints, bit in zip(self._waiting, self._waiting_bits, strict=True):
            intervals = []
            for constraint in constraints if isinstance(constraints, tuple) else (constraints,):
                if isinstance(constraint, Interval):
                    intervals.append(constraint)
                else:
                    self._post(constraint, bit, changed)
            for start, stop in spans(intervals, with_members=False) if intervals else ():
                if start is None:
                    self._always |= 1 << bit
                else:
                    flips.append((start, bit))
                if stop is not None:
                    flips.append((stop, bit))
        if flips or self._always != always:
            self._flips = (self._flips or Flips()).with_flips(flips, self._always, _KEPT_BYTES)
        for part in changed.values():
            part.seal()
        self._parts = {**self._parts, **changed}
        self.asked = tuple(part.hits for part in self._parts.values())
        self._waiting_bits = []
        self._waiting = []  # last: until then, others wait

    def _post(self, constraint: OneOf | Prefix | Suffix | Substring | Window | Inside, bit: int, changed: dict[type[Constraint], Members]) -> None:
        kind = type(constraint)
        part = changed.get(kind)
        if part is None:
            shared = self._parts.get(kind)
            part = changed[kind] = shared.copy() if shared else _POSTINGS[kind]()
        match constraint:
            case OneOf(values):
                for value in values:
                    part.add(value, bit)
            case Prefix(text) | Suffix(text) | Substring(text):
                part.add(text, bit)
            case _:
                part.add(constraint, bit)

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
