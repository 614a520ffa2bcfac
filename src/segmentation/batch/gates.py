"""Gates: predicates as conjunctions and disjunctions of bitmaps, many of one shape evaluated together.

Negation is pushed down to the leaves, so that whatever is combined is a row of a *board* of bitmaps: leaves, complements of leaves, and the junctions
inside of others. A junction by itself would cost a call of numpy for every part, which takes longer than the work, and at each call threads hand over the
interpreter's lock. So junctions that have as many parts are combined by the dozen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from segmentation.batch.bitmaps import Bits, Rows, all_rows
from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate

__all__ = ["Gates", "literals"]

_MOST_INNER = 1_024
"""So many junctions inside of others are held at a time, those of a single predicate aside."""
_OCTETS_AT_ONCE = 1 << 17
"""Of the bitmaps that are combined together: they and their partners stay in a core's cache."""

Literal = tuple[Leaf | Listed, bool]
"""A leaf, and whether its complement is meant."""


def literals(predicate: Predicate, *, is_negated: bool = False) -> Iterable[Literal]:
    """The leaves of a predicate whose negations are pushed down, from left to right."""
    match predicate:
        case Leaf() | Listed():
            yield predicate, is_negated
        case Not(part):
            yield from literals(part, is_negated=not is_negated)
        case And(parts) | Or(parts):
            for part in parts:
                yield from literals(part, is_negated=is_negated)


class _Step(NamedTuple):
    """Junctions of one kind, all of them with as many parts."""

    is_and: bool
    parts: Rows
    """Shape (parts, junctions): rows of the board."""
    inner: slice | None
    """The rows of the board that they are written to; None if they are answers."""
    answers: Rows
    """The predicates that they are the members of."""


class Gates:
    """Predicates compiled for any number of rows. Immutable.

    Args:
        predicates: The predicates.
        leaves: By name, the number of every leaf, from 0 on: the row of the board on which its bitmap is to be.
    """

    __slots__ = ("_batches", "_negated", "_nodes", "rows")

    def __init__(self, predicates: Sequence[Predicate], leaves: Mapping[Leaf | Listed, int]) -> None:
        negated = dict.fromkeys(leaves[leaf] for predicate in predicates for leaf, is_negated in literals(predicate) if is_negated)
        self._negated: Rows = np.array(list(negated), np.intp)
        """The leaves whose complements follow those of all leaves on the board; then everything, then nothing, then the inner junctions."""
        self._nodes = len(leaves) + len(negated) + 2
        complements = {number: len(leaves) + place for place, number in enumerate(negated)}
        self._batches: list[list[_Step]] = []
        self.rows = self._nodes
        """The number of bitmaps on the board."""
        batch = _Batch(self._nodes, leaves, complements)
        for position, predicate in enumerate(predicates):
            batch.add(position, predicate)
            if batch.inner_count >= _MOST_INNER or position == len(predicates) - 1:
                self._batches.append(batch.steps())
                self.rows = max(self.rows, self._nodes + batch.inner_count)
                batch = _Batch(self._nodes, leaves, complements)

    def run(self, board: Bits, rows: int, into: Bits) -> None:
        """Write the members of every predicate.

        Args:
            board: Bitmaps, shape (`self.rows`, words), those of the leaves being there.
            rows: The number of rows that the bitmaps are of.
            into: Where the members are written, shape (predicates, words).
        """
        if not rows:
            return
        everything = all_rows(rows)
        leaves = self._nodes - 2 - len(self._negated)
        board[self._nodes - 2] = everything
        board[self._nodes - 1] = 0
        at_once = max(1, _OCTETS_AT_ONCE // everything.nbytes)
        one, other = np.empty((2, at_once, len(everything)), "<u8")
        for first in range(0, len(self._negated), at_once):
            numbers = self._negated[first : first + at_once]
            np.bitwise_xor(_taken(board, numbers, one), everything, out=board[leaves + first : leaves + first + len(numbers)])
        for batch in self._batches:
            for step in batch:
                combine = np.bitwise_and if step.is_and else np.bitwise_or
                for first in range(0, step.parts.shape[1], at_once):
                    some = step.parts[:, first : first + at_once]
                    found = _taken(board, some[0], one)
                    for numbers in some[1:]:
                        combine(found, _taken(board, numbers, other), out=found)
                    if step.inner is None:
                        into[step.answers[first : first + at_once]] = found
                    else:
                        board[step.inner.start + first : step.inner.start + first + len(found)] = found


def _taken(board: Bits, numbers: Rows, out: Bits) -> Bits:
    """Some rows of the board, copied. To clip is not to look for numbers that are too great, of which there are none, in a copy of the copy."""
    return np.take(board, numbers, axis=0, out=out[: len(numbers)], mode="clip")


class _Junction(NamedTuple):
    """A junction as it is while its batch is being built. What is equal is held once."""

    level: int
    """1 above the highest of its parts, leaves being 0."""
    is_and: bool
    parts: tuple[int, ...]
    """Rows of the board, ascending; those of inner junctions as they came."""


class _Batch:
    """Predicates that are evaluated together, one level of junctions after the other."""

    def __init__(self, first: int, leaves: Mapping[Leaf | Listed, int], complements: Mapping[int, int]) -> None:
        self._first = first
        self._leaves = leaves
        self._complements = complements
        self._junctions: dict[_Junction, int] = {}
        self._levels: list[int] = []
        self._inner: set[int] = set()
        self._answers: dict[int, list[int]] = {}

    @property
    def inner_count(self) -> int:
        """The number of junctions that are held on the board: those that stand inside of others, or are the answer of several predicates."""
        return len(self._inner)

    def add(self, position: int, predicate: Predicate) -> None:
        """Add a predicate, which is the one at some position."""
        row = self._row(predicate, is_negated=False)
        self._answers.setdefault(row, []).append(position)
        if row >= self._first and len(self._answers[row]) > 1:
            self._inner.add(row - self._first)  # found once, copied for every answer

    def _row(self, predicate: Predicate, *, is_negated: bool) -> int:
        match predicate:
            case Leaf() | Listed():
                number = self._leaves[predicate]
                return self._complements[number] if is_negated else number
            case Not(part):
                return self._row(part, is_negated=not is_negated)
            case And(parts) | Or(parts):
                rows = {self._row(part, is_negated=is_negated) for part in parts}
                is_and = isinstance(predicate, And) is not is_negated
                if len(rows) == 1:
                    return rows.pop()
                return self._junction(is_and, tuple(sorted(rows))) if rows else self._first - (2 if is_and else 1)

    def _junction(self, is_and: bool, parts: tuple[int, ...]) -> int:
        inner = [part - self._first for part in parts if part >= self._first]
        self._inner.update(inner)
        level = 1 + max((self._levels[number] for number in inner), default=0)
        number = self._junctions.setdefault(_Junction(level, is_and, parts), len(self._levels))
        if number == len(self._levels):
            self._levels.append(level)
        return self._first + number

    def steps(self) -> list[_Step]:
        """The work, in order."""

        def shape(numbered: tuple[_Junction, int]) -> tuple[int, bool, int]:
            return numbered[0].level, numbered[0].is_and, len(numbered[0].parts)

        found: list[_Step] = []
        places = list(range(self._first))
        """The row of the board for every row as it came."""
        places += [0] * len(self._levels)
        none = np.zeros(0, np.intp)
        free = self._first
        for (_, is_and, _), alike in groupby(sorted(self._junctions.items(), key=shape), shape):
            inner: list[tuple[int, ...]] = []
            outer: list[tuple[int, ...]] = []
            answers: list[int] = []
            start = free
            for junction, number in alike:
                parts = tuple(places[part] for part in junction.parts)
                if number in self._inner:
                    places[self._first + number] = free
                    free += 1
                    inner.append(parts)
                else:
                    outer.append(parts)
                    answers += self._answers.pop(self._first + number)
            if inner:
                found.append(_Step(is_and, np.array(inner, np.intp).T.copy(), slice(start, free), none))
            if outer:
                found.append(_Step(is_and, np.array(outer, np.intp).T.copy(), None, np.array(answers, np.intp)))
        kept = [(places[row], position) for row, positions in self._answers.items() for position in positions]
        if kept:  # answers that are leaves, or inner junctions too
            rows, positions = np.array(kept, np.intp).T.copy()
            found.append(_Step(is_and=True, parts=rows[np.newaxis], inner=None, answers=positions))
        return found
