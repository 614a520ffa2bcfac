"""Questions: the conditions of conjunctions, asked one by one.

A row answers for all conjunctions of a block at once, but finding the row of a value that is new takes as long as some tests of it do. So when few of the
conjunctions that are left ask about a column, or few are left at all, only what they ask is tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from segmentation.language.attributes import Attribute
from segmentation.language.dates import Clock
from segmentation.language.predicate import Leaf
from segmentation.matching.direct import Readings, TextTest, ValueTest, value_tests

__all__ = ["Questions"]

_Question = tuple[int, bool, TextTest | None, ValueTest]
"""A condition: the number of its attribute's value, whether its complement is meant, and the tests."""


class Questions:
    """The conditions of some conjunctions on some of their attributes.

    Args:
        conjunctions: Of every bit, its conditions: leaves, and whether their complements are meant.
        numbers: The number of the value of every attribute that is asked about, those first that are to be asked first.
        readings: How stored values are read.
    """

    __slots__ = ("_conjunctions", "_known", "_numbers", "_readings")

    def __init__(self, conjunctions: Sequence[Sequence[tuple[Leaf, bool]]], numbers: Mapping[Attribute, int], readings: Readings) -> None:
        self._conjunctions = conjunctions
        self._numbers = numbers
        self._readings = readings
        self._known: dict[int, tuple[_Question, ...]] = {}
        """By bit, its questions, made when first asked: threads that race make equal ones."""

    def sieved(self, alive: int, asked: int, values: Sequence[Any], clock: Clock) -> int:
        """The bits that are alive, without those asked of which a stored value fails a condition."""
        known = self._known
        while asked:
            bit = asked.bit_length() - 1
            asked ^= 1 << bit
            questions = known.get(bit)
            if questions is None:
                questions = known[bit] = self._of(bit)
            for number, is_negated, on_text, on_any in questions:
                stored = values[number]
                if (on_any(stored, clock) if on_text is None or type(stored) is not str else on_text(stored)) is is_negated:
                    alive ^= 1 << bit
                    break
        return alive

    def _of(self, bit: int) -> tuple[_Question, ...]:
        conditions = self._conjunctions[bit]
        return tuple(
            (number, is_negated, *value_tests(leaf, self._readings.of(attribute)))
            for attribute, number in self._numbers.items()
            for leaf, is_negated in conditions
            if leaf.attribute == attribute
        )
