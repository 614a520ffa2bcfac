"""Rewrites of predicates: pure functions, each docstring an equation, none of which makes a predicate larger."""

from __future__ import annotations

from segmentation.language.attributes import Attribute
from segmentation.language.checks import Check
from segmentation.language.predicate import FALSE, TRUE, And, Leaf, Not, Or, Predicate

__all__ = ["normalise"]


def normalise(predicate: Predicate) -> Predicate:
    """The same predicate with nothing in it said twice.

    Not(Not(p)) = p, constants folded, nested And and Or flattened, repeated parts dropped, leaves of one attribute in an Or united. Idempotent.
    """
    match predicate:
        case Not(part):
            return _negated(normalise(part))
        case And(parts):
            return _conjunction([normalise(part) for part in parts])
        case Or(parts):
            return _disjunction([normalise(part) for part in parts])
        case Leaf(_, ()):
            return FALSE
        case _:
            return predicate


def _negated(part: Predicate) -> Predicate:
    """Not(Not(p)) = p; Not(TRUE) = FALSE; Not(FALSE) = TRUE."""
    if part == TRUE:
        return FALSE
    if part == FALSE:
        return TRUE
    return part.part if isinstance(part, Not) else Not(part)


def _conjunction(parts: list[Predicate]) -> Predicate:
    """And(p, And(q, r), p) = And(p, q, r); And(p) = p; And(…, FALSE, …) = FALSE."""
    flat: dict[Predicate, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, And) else (part,)))
    if FALSE in flat:
        return FALSE
    return next(iter(flat)) if len(flat) == 1 else And(tuple(flat))


def _disjunction(parts: list[Predicate]) -> Predicate:
    """Or(p, Or(q, r), p) = Or(p, q, r); Or(p) = p; Or(…, TRUE, …) = TRUE; Or(Leaf(a, S), Leaf(a, T)) = Leaf(a, S ∪ T)."""
    flat: dict[Predicate, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, Or) else (part,)))
    if TRUE in flat:
        return TRUE
    united: dict[object, Predicate] = {}
    checks: dict[Attribute, dict[Check, None]] = {}
    for part in flat:
        if isinstance(part, Leaf):
            checks.setdefault(part.attribute, {}).update(dict.fromkeys(part.checks))
            united.setdefault(part.attribute, part)  # at its first position
        else:
            united[part] = part
    united.update((attribute, Leaf(attribute, tuple(some))) for attribute, some in checks.items())
    return next(iter(united.values())) if len(united) == 1 else Or(tuple(united.values()))
