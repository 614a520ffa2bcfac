"""From a predicate to conjunctions of literals, the columns of the index.

A predicate in disjunctive normal form is a list of conjunctions. Writing it so may take exponentially many; past a budget the list is therefore an
*upper bound*: parts of a conjunction are left out, so that the predicate implies the disjunction but not the other way round. Records that satisfy an
upper bound are candidates, for the predicate itself to decide.
"""

from __future__ import annotations

from itertools import chain, product
from typing import NamedTuple

from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate, leaves

__all__ = ["Conjunction", "Literal", "Plan", "plan"]

SMALLEST_BUDGET = 16
"""How many conjunctions any predicate may take; one with more leaves may take as many as it has leaves."""


class Literal(NamedTuple):
    """A leaf, or its complement."""

    leaf: Leaf | Listed
    is_negated: bool


Conjunction = tuple[Literal, ...]


class Plan(NamedTuple):
    """Conjunctions of which a record satisfies one if (and, when exact, only if) the predicate is true of it."""

    conjunctions: tuple[Conjunction, ...]
    is_exact: bool


_ALWAYS = Plan(((),), is_exact=False)


def plan(predicate: Predicate) -> Plan:
    """The conjunctions of a predicate, at most max(16, its leaves) of them."""
    planned = _plan(predicate, is_negated=False, budget=SMALLEST_BUDGET)
    if planned.is_exact or (number := len(leaves(predicate))) <= SMALLEST_BUDGET:
        return planned
    return _plan(predicate, is_negated=False, budget=number)


def _plan(predicate: Predicate, *, is_negated: bool, budget: int) -> Plan:
    """The plan of a predicate or of its complement; negation is pushed to the leaves by De Morgan's laws."""
    match predicate:
        case Leaf() | Listed():
            return Plan(((Literal(predicate, is_negated),),), is_exact=True)
        case Not(part):
            return _plan(part, is_negated=not is_negated, budget=budget)
        case And(parts) | Or(parts):
            plans = [_plan(part, is_negated=is_negated, budget=budget) for part in parts]
            return _all_of(plans, budget) if isinstance(predicate, And) is not is_negated else _any_of(plans, budget)


def _any_of(plans: list[Plan], budget: int) -> Plan:
    """(a ∨ b) ∨ (c) = a ∨ b ∨ c."""
    conjunctions = tuple(conjunction for part in plans for conjunction in part.conjunctions)
    if len(conjunctions) > budget:
        return _ALWAYS
    return Plan(conjunctions, all(part.is_exact for part in plans))


def _all_of(plans: list[Plan], budget: int) -> Plan:
    """(a ∨ b) ∧ c = (a ∧ c) ∨ (b ∧ c), without the parts that would pass the budget: the longest ones."""
    kept: list[Plan] = []
    size = 1
    for part in sorted(plans, key=lambda part: len(part.conjunctions)):
        size *= len(part.conjunctions)
        if size > budget:
            break
        kept.append(part)
    if size == 1:
        combined = [tuple(literal for part in kept for literal in part.conjunctions[0])]
    else:
        combined = [tuple(chain.from_iterable(choice)) for choice in product(*(part.conjunctions for part in kept))]
    return Plan(tuple(map(_without_repetition, combined)), len(kept) == len(plans) and all(part.is_exact for part in kept))


def _without_repetition(conjunction: Conjunction) -> Conjunction:
    """P ∧ p = p, where both are the same leaf; leaves that are merely equal cost a little and change nothing."""
    return tuple({(id(leaf), is_negated): Literal(leaf, is_negated) for leaf, is_negated in conjunction}.values())
