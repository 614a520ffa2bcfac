"""A program: all predicates of an engine, as bitmap operations on the leaves that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute, types

from segmentation.batch.bitmaps import Bits, all_rows, pack, word_count
from segmentation.batch.leaves import leaf_bitmaps
from segmentation.batch.lookup import Column, Columns, stored
from segmentation.batch.truth import Asked
from segmentation.batch.values import values_of
from segmentation.errors import is_utf8
from segmentation.language.attributes import Attribute
from segmentation.language.data import plain
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate

__all__ = ["Program"]


class Program:
    """Predicates compiled for blocks of rows. Immutable, so safe to share between threads.

    Args:
        predicates: The predicates, in the order of their answers.
        calendar: The calendar by which data is read.
    """

    __slots__ = ("_calendar", "_leaves", "_lists", "_names", "_nodes")

    def __init__(self, predicates: Sequence[Predicate], calendar: Calendar) -> None:
        self._calendar = calendar
        numbers: dict[Leaf | Listed, int] = {}
        self._nodes = [_node(predicate, numbers) for predicate in predicates]
        self._leaves: dict[Attribute, list[tuple[int, Leaf]]] = {}
        """By attribute, its distinct leaves, each with its number."""
        self._lists: list[int] = []
        """The numbers of the lists of static segments."""
        self._names: dict[str, list[int]] = {}
        """By name of a listed customer, the places of the lists that it is on."""
        for leaf, number in numbers.items():
            if isinstance(leaf, Leaf):
                self._leaves.setdefault(leaf.attribute, []).append((number, leaf))
            else:
                for customer in leaf.customers:
                    self._names.setdefault(customer, []).append(len(self._lists))
                self._lists.append(number)

    def run(self, columns: Columns, rows: int, clock: Clock, into: Bits | None = None) -> Bits:
        """The members of every predicate among the rows of a block: bitmaps of shape (predicates, words).

        Args:
            columns: The block's columns by name.
            rows: Its number of rows.
            clock: The clock of the evaluation.
            into: Where they are written; None for an array of their own.
        """
        known: dict[int, Bits] = {}
        for attribute, leaves in self._leaves.items():
            asked = Asked(attribute, tuple(leaf for _, leaf in leaves), self._calendar, clock)
            bitmaps = leaf_bitmaps(asked, stored(attribute.key, columns), rows)
            known.update((number, bitmap) for (number, _), bitmap in zip(leaves, bitmaps, strict=True))
        if self._lists:
            known.update(zip(self._lists, _listed(len(self._lists), self._names, columns, rows), strict=True))
        found = np.empty((len(self._nodes), word_count(rows)), "<u8") if into is None else into
        everything = all_rows(rows)
        spare = np.empty_like(everything)
        for node, out in zip(self._nodes, found, strict=True):
            _evaluate(node, known, everything, spare, out)
        return found


class _Junction(NamedTuple):
    """Parts of which all (`is_and`) or some must hold."""

    is_and: bool
    positive: tuple[int, ...]
    """The leaves, by number."""
    negative: tuple[int, ...]
    """The leaves whose complements are parts."""
    others: tuple[_Node, ...]


class _Complement(NamedTuple):
    part: _Node


_Node = _Junction | _Complement


def _node(predicate: Predicate, numbers: dict[Leaf | Listed, int]) -> _Node:
    """A predicate by the numbers of its leaves; leaves that are new get the next ones."""
    match predicate:
        case Leaf() | Listed():
            return _Junction(is_and=True, positive=(numbers.setdefault(predicate, len(numbers)),), negative=(), others=())
        case Not(part):
            return _Complement(_node(part, numbers))
        case And(parts) | Or(parts):
            positive, negative, others = [], [], []
            for part in parts:
                if isinstance(part, Leaf | Listed):
                    positive.append(numbers.setdefault(part, len(numbers)))
                elif isinstance(part, Not) and isinstance(part.part, Leaf | Listed):
                    negative.append(numbers.setdefault(part.part, len(numbers)))
                else:
                    others.append(_node(part, numbers))
            return _Junction(isinstance(predicate, And), tuple(positive), tuple(negative), tuple(others))


def _evaluate(node: _Node, known: Mapping[int, Bits], everything: Bits, spare: Bits, out: Bits) -> None:
    """Write the members of a node; `spare` is for what is needed on the way."""
    if isinstance(node, _Complement):
        _evaluate(node.part, known, everything, spare, out)
        np.bitwise_xor(out, everything, out=out)
        return
    is_and, positive, negative, others = node
    combine = np.bitwise_and if is_and else np.bitwise_or
    if len(positive) > 1:
        combine(known[positive[0]], known[positive[1]], out=out)
    elif positive:
        np.copyto(out, known[positive[0]])
    elif is_and:
        np.copyto(out, everything)
    else:
        out.fill(0)
    for number in positive[2:]:
        combine(out, known[number], out=out)
    for number in negative:
        np.bitwise_xor(known[number], everything, out=spare)
        combine(out, spare, out=out)
    for other in others:
        inner = np.empty_like(out)
        _evaluate(other, known, everything, spare, inner)
        combine(out, inner, out=out)


def _listed(count: int, postings: Mapping[str, list[int]], columns: Columns, rows: int) -> list[Bits]:
    """The rows whose `id` or `source_id` is on a list, for every list."""
    truth = np.zeros((count, rows), np.bool_)
    for key in ("id", "source_id"):
        column = columns.get(key)
        if column is not None:
            for row, name in _names(column, postings):
                truth[postings[name], row] = True
    return list(pack(truth))


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
