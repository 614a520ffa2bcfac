"""Texts: which leaves a text meets, for many texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from segmentation.batch.bitmaps import Bits, Rows, all_rows, mark
from segmentation.batch.haystack import Haystack, laid_out
from segmentation.batch.letters import Letters
from segmentation.errors import is_utf8
from segmentation.language.checks import Check, Constraint, OneOf, Prefix, Substring, Suffix
from segmentation.language.dates import Clock

__all__ = ["TextLeaves"]

_TEXTS_AT_ONCE = 1 << 15
"""Texts whose letters are held at a time."""
_PLACES = 64
"""Longer texts are searched one after the other: a place would be there for all of them."""

Needles = list[tuple[bytes, list[int]]]
"""Needles, each with the leaves that ask for it."""


class TextLeaves:
    """Leaves by what they ask of a text. Immutable.

    Args:
        asked: Of every leaf, the checks of text of which one must pass.
    """

    __slots__ = ("_counts", "_everything", "_firsts", "_members", "_names", "_others", "_prefixes", "_substrings", "_suffixes")

    def __init__(self, asked: Sequence[Sequence[Check]]) -> None:
        members: dict[str, list[int]] = {}
        alike: dict[Constraint, list[int]] = {}
        for number, checks in enumerate(asked):
            for check in checks:
                match check.constraint:
                    case OneOf(values):
                        for value in values:
                            if isinstance(value, str) and is_utf8(value):  # no text of a column holds a lone surrogate
                                members.setdefault(value, []).append(number)
                    case constraint:
                        alike.setdefault(constraint, []).append(number)
        self._names = list(members)
        """The texts that are asked for whole."""
        self._members: Rows = np.fromiter(chain.from_iterable(members.values()), np.intp)
        """The leaves of each, one after the other."""
        self._counts: Rows = np.array([len(numbers) for numbers in members.values()], np.intp)
        self._firsts: Rows = np.cumsum(self._counts) - self._counts
        self._others = [(constraint, numbers) for constraint, numbers in alike.items() if not isinstance(constraint, Prefix | Suffix | Substring)]
        needles: dict[type[Constraint], Needles] = {Prefix: [], Suffix: [], Substring: []}
        self._everything: list[int] = []
        """The leaves that any text meets."""
        for constraint, numbers in alike.items():
            if isinstance(constraint, Prefix | Suffix | Substring) and is_utf8(constraint.text):
                if constraint.text:
                    needles[type(constraint)].append((constraint.text.encode(), numbers))
                else:
                    self._everything += numbers
        self._prefixes, self._suffixes, self._substrings = needles[Prefix], needles[Suffix], needles[Substring]

    def add(self, texts: pa.Array, clock: Clock, into: Bits) -> None:
        """Add to the bitmap of every leaf the texts that it admits.

        Args:
            texts: A string array without nulls.
            clock: The clock of the evaluation.
            into: The bitmaps, shape (leaves, words).
        """
        if not len(texts):
            return
        into[self._everything] = all_rows(len(texts))
        if self._names:
            self._add_members(texts, into)
        for constraint, numbers in self._others:
            rows = np.flatnonzero(np.fromiter((constraint.admits(text, clock) for text in texts.to_pylist()), np.bool_, len(texts)))
            for number in numbers:
                mark(into, number, rows)
        if self._prefixes or self._suffixes or self._substrings:
            self._add_holders(texts, into)

    def _add_members(self, texts: pa.Array, into: Bits) -> None:
        names = compute.index_in(texts, pa.array(self._names, texts.type)).fill_null(-1).to_numpy()
        rows = np.flatnonzero(names >= 0)
        names = names[rows]
        counts = self._counts[names]
        ends = np.cumsum(counts)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
        mark(into, self._members[np.repeat(self._firsts[names], counts) + within], np.repeat(rows, counts))

    def _add_holders(self, texts: pa.Array, into: Bits) -> None:
        """Add the texts that start with, end with or hold something. To compare bytes of UTF-8 is to compare code points."""
        data, starts, stops = laid_out(texts)
        is_long = stops - starts > _PLACES
        long = np.flatnonzero(is_long)
        stops = np.where(is_long, starts, stops)  # an empty text holds no needle
        places = int((stops - starts).max())
        for first in range(0, len(texts) if places else 0, _TEXTS_AT_ONCE):
            some = slice(first, first + _TEXTS_AT_ONCE)
            self._add_letters(data, starts[some], stops[some], places, into[:, first >> 6 : (first + _TEXTS_AT_ONCE) >> 6])
        if len(long):
            self._add_long(texts.take(pa.array(long)), long, into)

    def _add_letters(self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64], places: int, into: Bits) -> None:
        longest = max((len(needle) for needle, _ in self._prefixes), default=0)
        if self._prefixes or self._substrings:
            letters = Letters(data, starts, stops, places if self._substrings else min(longest, places))
            for needle, numbers in self._prefixes:
                into[numbers] |= letters.beginning(needle)
            for needle, numbers in self._substrings:
                into[numbers] |= letters.holding(needle)
        if self._suffixes:
            longest = max(len(needle) for needle, _ in self._suffixes)
            letters = Letters(data, starts, stops, min(longest, places), from_end=True)
            for needle, numbers in self._suffixes:
                into[numbers] |= letters.beginning(needle[::-1])

    def _add_long(self, texts: pa.Array, rows: Rows, into: Bits) -> None:
        haystack = Haystack(texts)
        ways = ((self._prefixes, haystack.with_prefixes), (self._suffixes, haystack.with_suffixes), (self._substrings, haystack.with_substrings))
        for needles, search in ways:
            for position, found in search([needle for needle, _ in needles]):
                for number in needles[position][1]:
                    mark(into, number, rows[found])
