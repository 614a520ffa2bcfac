"""A program: all predicates of an engine, as bitmap operations on the leaves that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, types

from segmentation.batch.bitmaps import Bits, pack, word_count
from segmentation.batch.gates import Gates, literals
from segmentation.batch.leaves import write_leaves
from segmentation.batch.lookup import Column, Columns, stored
from segmentation.batch.truth import Asked
from segmentation.batch.values import values_of
from segmentation.errors import is_utf8
from segmentation.language.attributes import Attribute
from segmentation.language.data import plain
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Leaf, Listed, Predicate

__all__ = ["Evaluation", "Program"]


class Program:
    """Predicates compiled for blocks of rows. Immutable, so safe to share between threads.

    Args:
        predicates: The predicates, in the order of their answers.
        calendar: The calendar by which data is read.
    """

    __slots__ = ("_calendar", "_gates", "_leaves", "_lists", "size")

    def __init__(self, predicates: Sequence[Predicate], calendar: Calendar) -> None:
        self._calendar = calendar
        self.size = len(predicates)
        """The number of predicates."""
        self._leaves: dict[Attribute, list[Leaf]] = {}
        """By attribute, its distinct leaves."""
        lists: list[Listed] = []
        for leaf in dict.fromkeys(leaf for predicate in predicates for leaf, _ in literals(predicate)):
            if isinstance(leaf, Leaf):
                self._leaves.setdefault(leaf.attribute, []).append(leaf)
            else:
                lists.append(leaf)
        self._lists = _Lists(lists)
        ordered: Iterable[Leaf | Listed] = chain(*self._leaves.values(), lists)
        self._gates = Gates(predicates, {leaf: number for number, leaf in enumerate(ordered)})

    @property
    def bitmaps(self) -> int:
        """The number of bitmaps that are held while a block is evaluated, the answers aside."""
        return self._gates.rows

    def at(self, clock: Clock) -> Evaluation:
        """The evaluation of any number of blocks at one time."""
        asked = [Asked(attribute, tuple(leaves), self._calendar, clock) for attribute, leaves in self._leaves.items()]
        return Evaluation(asked, self._lists, self._gates, self.size)


class _Lists:
    """The lists of static segments, by name of a listed customer."""

    __slots__ = ("_count", "_postings")

    def __init__(self, lists: Sequence[Listed]) -> None:
        self._count = len(lists)
        self._postings: dict[str, list[int]] = {}
        """For every name, the places of the lists that it is on."""
        for place, listed in enumerate(lists):
            for customer in listed.customers:
                self._postings.setdefault(customer, []).append(place)

    def __len__(self) -> int:
        return self._count

    def write(self, columns: Columns, rows: int, into: Bits) -> None:
        """Write for every list the rows whose `id` or `source_id` is on it."""
        truth = np.zeros((self._count, rows), np.bool_)
        for key in ("id", "source_id") if self._count else ():
            column = columns.get(key)
            if column is not None:
                for row, name in _names(column, self._postings):
                    truth[self._postings[name], row] = True
        into[:] = pack(truth)


class Evaluation:
    """A program at one time. What depends on no rows is found out once, by whichever thread comes first. To be shared between threads."""

    __slots__ = ("_asked", "_boards", "_gates", "_lists", "_size")

    def __init__(self, asked: Sequence[Asked], lists: _Lists, gates: Gates, size: int) -> None:
        self._asked = asked
        self._lists = lists
        self._gates = gates
        self._size = size
        self._boards: list[Bits] = []
        """Memory that no thread works on: to use it again costs nothing, to get it from the system as much as to write it."""

    def run(self, columns: Columns, rows: int, into: Bits | None = None) -> Bits:
        """The members of every predicate among the rows of a block: bitmaps of shape (predicates, words).

        Args:
            columns: The block's columns by name.
            rows: Its number of rows.
            into: Where they are written; None for an array of their own.
        """
        words = word_count(rows)
        found = np.empty((self._size, words), "<u8") if into is None else into
        wanted = self._gates.rows * words
        try:
            memory = self._boards.pop()
        except IndexError:
            memory = np.empty(0, "<u8")
        if memory.size < wanted:
            memory = np.empty(wanted, "<u8")
        board = memory[:wanted].reshape(self._gates.rows, words)
        first = 0
        for asked in self._asked:
            write_leaves(asked, stored(asked.attribute.key, columns), rows, board[first : first + len(asked.leaves)])
            first += len(asked.leaves)
        self._lists.write(columns, rows, board[first : first + len(self._lists)])
        self._gates.run(board, rows, found)
        self._boards.append(memory)
        return found


def _names(column: Column, wanted: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The rows that hold the name of a listed customer, each with the name."""
    if not isinstance(column, list):
        if types.is_string(column.type) or types.is_large_string(column.type):
            names = pa.array([name for name in wanted if is_utf8(name)], column.type)
            rows = np.flatnonzero(compute.is_in(column, names).to_numpy(zero_copy_only=False)) if len(names) else np.zeros(0, np.intp)
            return list(zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True))
        column = values_of(column)
    found = [(row, plain(value)) for row, value in enumerate(column) if value is not None]
    return [(row, name) for row, name in found if isinstance(name, str) and name in wanted]
