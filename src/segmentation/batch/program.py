"""A program: all predicates of an engine, as bitmap operations on the leaves that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, types

from segmentation.batch.bitmaps import Bits, all_rows, pack, word_count
from segmentation.batch.leaves import leaf_bitmaps
from segmentation.batch.lookup import Column, Columns, stored
from segmentation.batch.truth import Asked
from segmentation.batch.values import values_of, without_encoding
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

    __slots__ = ("_calendar", "_leaves", "_lists", "_predicates")

    def __init__(self, predicates: Sequence[Predicate], calendar: Calendar) -> None:
        self._predicates = tuple(predicates)
        self._calendar = calendar
        self._leaves: dict[Attribute, dict[Leaf, int]] = {}
        """By attribute, its distinct leaves, each with its number among them."""
        self._lists: dict[Listed, int] = {}
        for predicate in self._predicates:
            self._gather(predicate)

    def _gather(self, predicate: Predicate) -> None:
        match predicate:
            case Leaf():
                known = self._leaves.setdefault(predicate.attribute, {})
                known.setdefault(predicate, len(known))
            case Listed():
                self._lists.setdefault(predicate, len(self._lists))
            case Not(part):
                self._gather(part)
            case And(parts) | Or(parts):
                for part in parts:
                    self._gather(part)

    def run(self, columns: Columns, rows: int, clock: Clock) -> Bits:
        """The members of every predicate among the rows of a block: bitmaps of shape (predicates, words).

        Args:
            columns: The block's columns by name.
            rows: Its number of rows.
            clock: The clock of the evaluation.
        """
        known: dict[Predicate, Bits] = {}
        for attribute, leaves in self._leaves.items():
            asked = Asked(attribute, tuple(leaves), self._calendar, clock)
            known.update(zip(leaves, leaf_bitmaps(asked, stored(attribute.key, columns), rows), strict=True))
        if self._lists:
            known.update(zip(self._lists, _listed(list(self._lists), columns, rows), strict=True))
        found = np.empty((len(self._predicates), word_count(rows)), "<u8")
        everything = all_rows(rows)
        for number, predicate in enumerate(self._predicates):
            _evaluate(predicate, known, everything, found[number])
        return found


def _evaluate(predicate: Predicate, known: Mapping[Predicate, Bits], everything: Bits, out: Bits) -> None:
    """Write the members of a predicate."""
    match predicate:
        case Leaf() | Listed():
            out[:] = known[predicate]
        case Not(part):
            _evaluate(part, known, everything, out)
            np.bitwise_xor(out, everything, out=out)
        case And(parts) | Or(parts):
            combine = np.bitwise_and if isinstance(predicate, And) else np.bitwise_or
            if not parts:
                out[:] = everything if isinstance(predicate, And) else 0
                return
            _evaluate(parts[0], known, everything, out)
            for part in parts[1:]:
                if isinstance(part, Leaf | Listed):
                    combine(out, known[part], out=out)
                elif isinstance(part, Not) and isinstance(part.part, Leaf | Listed):
                    combine(out, known[part.part] ^ everything, out=out)
                else:
                    inner = np.empty_like(out)
                    _evaluate(part, known, everything, inner)
                    combine(out, inner, out=out)


def _listed(lists: Sequence[Listed], columns: Columns, rows: int) -> list[Bits]:
    """The rows whose `id` or `source_id` is on a list, for every list."""
    truth = np.zeros((len(lists), rows), np.bool_)
    postings: dict[str, list[int]] = {}
    for number, listed in enumerate(lists):
        for customer in listed.customers:
            postings.setdefault(customer, []).append(number)
    for key in ("id", "source_id"):
        column = columns.get(key)
        if column is not None:
            for row, name in _names(column, postings):
                truth[postings[name], row] = True
    return list(pack(truth))


def _names(column: Column, wanted: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The rows that hold the name of a listed customer, each with the name."""
    if not isinstance(column, list):
        column = without_encoding(column)
        if types.is_string(column.type) or types.is_large_string(column.type):
            names = pa.array([name for name in wanted if is_utf8(name)], column.type)
            rows = np.flatnonzero(compute.is_in(column, names).to_numpy(zero_copy_only=False)) if len(names) else np.zeros(0, np.intp)
            return list(zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True))
        column = values_of(column)
    found = [(row, plain(value)) for row, value in enumerate(column) if value is not None]
    return [(row, name) for row, name in found if isinstance(name, str) and name in wanted]
