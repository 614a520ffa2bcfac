"""Predicates: what a filter means. The semantics of junctions, arrays, negation and missing values stand here, and only here.

A predicate is a total function from a customer record and a clock to true or false. It never raises and never says "maybe".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segmentation.language.attributes import Attribute, Record
from segmentation.language.checks import WHOLE_VALUE, Check
from segmentation.language.data import Reading, plain
from segmentation.language.dates import Clock

__all__ = ["A_SCALAR", "FALSE", "NO_CLOCK", "TRUE", "And", "Leaf", "Listed", "Not", "Or", "Predicate", "Reader", "holds", "leaves", "names_of"]

Reader = Callable[[Attribute], Reading]
"""How an evaluation asks a record for an attribute."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """True when the attribute's value passes some check: a check of one scalar passes when *any* scalar of the value does (arrays)."""

    attribute: Attribute
    checks: tuple[Check, ...]

    def admits(self, reading: Reading, clock: Clock) -> bool:
        """Whether a value passes. An unknown value has no scalars, so it passes no check of one."""
        for check in self.checks:
            of_value = WHOLE_VALUE.get(check.facet)
            if of_value is not None:
                if check.constraint.admits(of_value(reading), clock):
                    return True
            else:
                for datum in reading.data:
                    if check.admits(datum, clock):
                        return True
        return False

    def admits_any_scalar(self) -> bool:
        """Whether a value passes for being known, whatever scalar it is."""
        for check in self.checks:
            of_value = WHOLE_VALUE.get(check.facet)
            if of_value is not None and check.constraint.admits(of_value(A_SCALAR), NO_CLOCK):
                return True
        return False

    def __hash__(self) -> int:
        # Quick, and all but equal leaves seldom have it in common: a list of values under one attribute is as many leaves of it.
        return hash((self.attribute.key, *(check.constraint for check in self.checks)))


A_SCALAR = Reading((), is_known=True, is_present=True, size=1)
"""What is the same of every known value that is no array; its scalar left out."""

NO_CLOCK = Clock(1, 0, 0)
"""For what does not depend on the time."""


@dataclass(frozen=True, slots=True)
class Listed:
    """True when the record's `id` or `source_id`, as a string, is one of the customers (static segments, section 1)."""

    customers: frozenset[str]

    def admits(self, record: Record) -> bool:
        """Whether the record is listed."""
        return any(name in self.customers for name in names_of(record))


def names_of(record: Record) -> list[str]:
    """The names under which a static segment may list a record: its `id` and its `source_id`, if they are strings."""
    return [name for key in ("id", "source_id") if isinstance(name := plain(record.get(key)), str)]


@dataclass(frozen=True, slots=True)
class And:
    """True when all parts are; without parts, always."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when some part is; without parts, never."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is not. A negative operator is `Not` of its positive one, so it is true of what is unknown."""

    part: Predicate


Predicate = And | Or | Not | Leaf | Listed

TRUE = And(())
FALSE = Or(())


def holds(predicate: Predicate, record: Record, reader: Reader, clock: Clock) -> bool:
    """Whether a predicate is true of a record, `reader` giving the record's attributes."""
    match predicate:
        case Leaf():
            return predicate.admits(reader(predicate.attribute), clock)
        case Listed():
            return predicate.admits(record)
        case Not(part):
            return not holds(part, record, reader, clock)
        case And(parts):
            return all(holds(part, record, reader, clock) for part in parts)
        case Or(parts):
            return any(holds(part, record, reader, clock) for part in parts)


def leaves(predicate: Predicate) -> list[Leaf]:
    """Every leaf, from left to right."""
    match predicate:
        case Leaf():
            return [predicate]
        case Listed():
            return []
        case Not(part):
            return leaves(part)
        case And(parts) | Or(parts):
            return [leaf for part in parts for leaf in leaves(part)]
