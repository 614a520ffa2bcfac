"""Tables: all constraints on one facet, from a scalar to the bits of those that admit it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from segmentation.language.checks import Constraint, Facet, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window
from segmentation.language.dates import Clock
from segmentation.matching.flips import Flips, Span, spans
from segmentation.matching.postings import Affixes, Members, Places, Substrings, Windows

__all__ = ["Table"]

_Part = TypeVar("_Part", Members, Affixes, Substrings, Windows, Places)
_FRACTIONAL = frozenset({Facet.NUMBER, Facet.MONTH_DAY})
"""Facets with scalars that are not integers."""


class Table:
    """Constraints on one facet, each with a bit.

    Constraints are gathered by `add` and take effect at `seal`. A sealed table is not added to; its `copy` is, at a cost that follows the number of
    distinct constants in it.
    """

    __slots__ = ("_affixes", "_after", "_always", "_at", "_facet", "_flipping", "_flips", "_members", "_parts", "_posted")

    def __init__(self, facet: Facet) -> None:
        self._facet = facet
        self._members: Members | None = None
        self._parts: dict[type[Constraint], Any] = {}
        """The postings of texts, windows and places."""
        self._always = 0
        """The bits of intervals without a lower end, before they flip."""
        self._at = Flips(is_after=False)
        self._after = Flips(is_after=True)
        self._flipping: tuple[Flips, ...] = ()
        self._posted: tuple[Any, ...] = ()
        self._flips: tuple[list[tuple[Any, int]], list[tuple[Any, int]]] = ([], [])

    def add(self, constraints: Iterable[Constraint], bit: int) -> None:
        """Let the bit be among the hits of every scalar that some of the constraints admits."""
        intervals = []
        for constraint in constraints:
            match constraint:
                case OneOf(values):
                    self._members = self._members or Members()
                    for value in values:
                        self._members.add(value, bit)
                case Interval():
                    intervals.append(constraint)
                case Prefix(text):
                    self._part(Prefix, lambda: Affixes(is_suffix=False)).add(text, bit)
                case Suffix(text):
                    self._part(Suffix, lambda: Affixes(is_suffix=True)).add(text, bit)
                case Substring(text):
                    self._part(Substring, Substrings).add(text, bit)
                case Window():
                    self._part(Window, Windows).add(constraint, bit)
                case Inside():
                    self._part(Inside, Places).add(constraint, bit)
        for span in spans(intervals):
            self._add_span(span, bit)

    def _part(self, key: type[Constraint], make: Callable[[], _Part]) -> _Part:
        if key not in self._parts:
            self._parts[key] = make()
        part: _Part = self._parts[key]
        return part

    def _add_span(self, span: Span, bit: int) -> None:
        if span.start is None:
            self._always |= 1 << bit
        for end in span:
            if end is not None:
                scalar, is_after = end
                if is_after and self._facet not in _FRACTIONAL:  # just after an integer is at the next one
                    scalar, is_after = scalar + 1, 0
                self._flips[is_after].append((scalar, bit))

    def seal(self) -> None:
        """Let what was added take effect."""
        at, after = self._flips
        if at:
            self._at = self._at.with_flips(at)
        if after:
            self._after = self._after.with_flips(after)
        self._flips = ([], [])
        self._flipping = tuple(flips for flips in (self._at, self._after) if flips.runs[0].bits)
        self._posted = tuple(part for part in (self._members, *self._parts.values()) if part is not None)

    def copy(self) -> Table:
        """A copy that can be added to without changing this one."""
        new = Table(self._facet)
        new._members = self._members and self._members.copy()
        new._parts = {key: part.copy() for key, part in self._parts.items()}
        new._always, new._at, new._after = self._always, self._at, self._after
        return new

    def hits(self, scalar: Any, clock: Clock) -> int:
        """The bits whose constraints admit the scalar."""
        found = self._always
        for flips in self._flipping:
            found ^= flips.hits(scalar)
        for part in self._posted:
            found |= part.hits(scalar, clock)
        return found
