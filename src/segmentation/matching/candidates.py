"""Candidates: predicates of which the index has an upper bound only, decided one by one over leaves that are decided together.

Deeply nested filters mostly ask the same few things in many ways. The distinct leaves of all of them have a block of their own, which answers at once which
of them a record meets; a predicate's formula reads nothing but that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segmentation.language.attributes import Attribute, Record
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Leaf, Listed, Predicate
from segmentation.matching.block import Block, Entry
from segmentation.matching.formulas import Formula, formula_of
from segmentation.matching.plan import Literal

__all__ = ["Candidates"]


class Candidates:
    """The leaves of some predicates. Never changed once built: `extended` answers another one."""

    __slots__ = ("_bits", "_block", "_known")

    def __init__(self) -> None:
        self._bits: dict[Leaf | Listed, int] = {}
        self._known: dict[Formula, Formula] = {}
        self._block: Block[None] = Block()

    def extended(self, predicates: Sequence[Predicate], calendar: Calendar, budget: int, numbers: dict[Attribute, int]) -> tuple[Candidates, list[Formula]]:
        """These with the leaves of more predicates, and the formulas of those; the arguments are those of `Block.extended`."""
        new = Candidates()
        new._bits, new._known, new._block = self._bits.copy(), self._known.copy(), self._block
        formulas = [formula_of(predicate, new._bits, new._known) for predicate in predicates]
        added = [(Entry(None, "", None), ((Literal(leaf, is_negated=False),),)) for leaf in list(new._bits)[len(self._bits) :]]
        if added:
            new._block = self._block.extended(added, calendar, budget, numbers)
        return new, formulas

    def truth(self, values: Sequence[Any], record: Record, clock: Clock) -> int:
        """The bits of the leaves that a record meets, given its stored values."""
        return self._block.match((1 << len(self._bits)) - 1, values, record, clock)
