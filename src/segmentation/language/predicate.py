"""Predicates: what a filter means. The semantics of junctions, arrays, negation and missing values stand here, and only here.

A predicate is a total function from a customer record and a clock to true or false. It never raises and never says "maybe".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segmentation.language.attributes import Attribute, Record
from segmentation.language.checks import WHOLE_VALUE, Check, Facet
from segmentation.language.data import Reading, plain
from segmentation.language.dates import Clock

__all__ = ["FALSE", "TRUE", "And", "Leaf", "Listed", "Not", "Or", "Predicate", "Reader", "holds", "leaves"]

Reader = Callable[[Attribute], Reading]
"""How an evaluation asks a record for an attribute."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """True when the attribute's value passes some check: a check of one scalar passes when *any* scalar of the value does (arrays)."""

    attribute: Attribute
    checks: tuple[Check, ...]

    def admits(self, reading: Reading, clock: Clock) -> bool:
        """Whether a value passes. An unknown value has no scalars, so it passes no check of one."""
        return any(
            _admits_whole(check, reading, clock) if check.facet in WHOLE_VALUE else any(check.admits(datum, clock) for datum in reading.data)
            for check in self.checks
        )


def _admits_whole(check: Check, reading: Reading, clock: Clock) -> bool:
    match check.facet:
        case Facet.KNOWN:
            return reading.is_known
        case Facet.PRESENT:
            return reading.is_present
        case _:
            return check.constraint.admits(reading.count, clock)


@dataclass(frozen=True, slots=True)
class Listed:
    """True when the record's `id` or `source_id`, as a string, is one of the customers (static segments, section 1)."""

    customers: frozenset[str]

    def admits(self, record: Record) -> bool:
        """Whether the record is listed."""
        return any(isinstance(name := plain(record.get(key)), str) and name in self.customers for key in ("id", "source_id"))


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
