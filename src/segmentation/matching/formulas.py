"""Formulas: predicates over leaves that have been decided, as bits of an int."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate

__all__ = ["Formula", "formula_of", "holds"]

Formula = tuple[bool, int, int, tuple[Any, ...]]
"""A junction: whether it is an And; the bits of its literals; what those are when all are met (of an And) or none is (of an Or); its other parts."""


def holds(formula: Formula, truth: int) -> bool:
    """Whether a formula holds, given the leaves that are met."""
    is_and, mask, pattern, parts = formula
    if is_and:
        if truth & mask != pattern:
            return False
        for part in parts:  # noqa: SIM110 - all() costs a generator
            if not holds(part, truth):
                return False
        return True
    if truth & mask != pattern:
        return True
    for part in parts:  # noqa: SIM110 - likewise
        if holds(part, truth):
            return True
    return False


def formula_of(predicate: Predicate, bits: dict[Leaf | Listed, int], known: dict[Formula, Formula], *, is_negated: bool = False) -> Formula:
    """The formula of a predicate or of its complement; negation is pushed to the leaves by De Morgan's laws.

    Args:
        predicate: The predicate.
        bits: The bits of leaves; a leaf that has none gets the next one.
        known: Formulas that are there; equal ones are one object, and new ones are added.
        is_negated: Whether its complement is meant.
    """
    while isinstance(predicate, Not):
        predicate, is_negated = predicate.part, not is_negated
    parts: Iterable[Predicate] = predicate.parts if isinstance(predicate, And | Or) else (predicate,)
    is_and = isinstance(predicate, Or) is is_negated
    mask = met = 0
    junctions: dict[Formula, None] = {}
    for part in parts:
        is_met = not is_negated
        while isinstance(part, Not):
            part, is_met = part.part, not is_met  # noqa: PLW2901 - what is inside
        if isinstance(part, Leaf | Listed):
            bit = 1 << bits.setdefault(part, len(bits))
            if mask & bit and bool(met & bit) is not is_met:  # a leaf and its complement
                junctions[(not is_and, 0, 0, ())] = None
                continue
            mask |= bit
            met |= bit if is_met else 0
        else:
            junctions[formula_of(part, bits, known, is_negated=not is_met)] = None
    formula = (is_and, mask, met if is_and else mask ^ met, tuple(junctions))
    return known.setdefault(formula, formula)
