"""One predicate as a function: for few segments, for one segment, and for deciding about candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, NamedTuple

from segmentation.language.attributes import MISSING, Record, finder, has_alias
from segmentation.language.checks import Check, Constraint, Facet, Interval, OneOf, Prefix, Substring, Suffix
from segmentation.language.data import TEXT_DATES, Kind, kinds_of, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import NO_CLOCK, And, Leaf, Listed, Not, Or, Predicate

__all__ = ["Test", "compile_predicate", "text_test"]

Test = Callable[[Record, Clock], bool]
_ValueTest = Callable[[Any, Clock], bool]
_ScalarTest = Callable[[Any], Any]
"""From a text or a number to something true or false."""


def compile_predicate(predicate: Predicate, calendar: Calendar) -> Test:
    """The predicate as one function of a record and a clock."""
    match predicate:
        case Leaf():
            return _leaf(predicate, calendar)
        case Listed():
            return lambda record, _clock: predicate.admits(record)
        case Not(part):
            test = compile_predicate(part, calendar)
            return lambda record, clock: not test(record, clock)
        case And(parts):
            return _all_of([compile_predicate(part, calendar) for part in parts])
        case Or(parts):
            return _any_of([compile_predicate(part, calendar) for part in parts])


def _all_of(tests: Sequence[Test]) -> Test:
    tests = tuple(tests)

    def test(record: Record, clock: Clock) -> bool:
        for part in tests:  # noqa: SIM110 - all() costs a generator
            if not part(record, clock):
                return False
        return True

    return test


def _any_of(tests: Sequence[Test]) -> Test:
    tests = tuple(tests)

    def test(record: Record, clock: Clock) -> bool:
        for part in tests:  # noqa: SIM110 - any() costs a generator
            if part(record, clock):
                return True
        return False

    return test


class _ShortWays(NamedTuple):
    """The tests of plain texts and numbers; None where the long way is to be taken, which is the leaf itself."""

    on_text: _ScalarTest | None
    on_number: _ScalarTest | None


def _short_ways(leaf: Leaf) -> _ShortWays:
    possible = kinds_of(leaf.attribute)
    if leaf.admits_any_scalar():
        return _ShortWays(_always if Kind.STRING in possible else None, _always if Kind.NUMBER in possible else None)
    is_text_plain = Kind.STRING in possible and not any(check.kinds & TEXT_DATES for check in leaf.checks)
    return _ShortWays(
        _scalar_test(leaf.checks, Kind.STRING) if is_text_plain else None,
        _scalar_test(leaf.checks, Kind.NUMBER) if Kind.NUMBER in possible else None,
    )


def _always(_scalar: Any) -> bool:
    return True


def text_test(leaf: Leaf, calendar: Calendar) -> _ScalarTest:
    """The leaf, one that looks at no time, as a function of a stored text."""
    test = _short_ways(leaf).on_text
    return (lambda text: leaf.admits(read(text, leaf.attribute, calendar), NO_CLOCK)) if test is None else test


def _by_short_ways(leaf: Leaf, short_ways: _ShortWays, calendar: Calendar) -> _ValueTest:
    on_text, on_number = short_ways
    attribute = leaf.attribute

    def test(stored: Any, clock: Clock) -> bool:
        kind = type(stored)
        if kind is str:
            if on_text is not None:
                return bool(on_text(stored))
        elif (kind is int or (kind is float and stored == stored)) and on_number is not None:  # noqa: PLR0124 - NaN is unknown
            return bool(on_number(stored))
        return leaf.admits(read(stored, attribute, calendar), clock)

    return test


def _leaf(leaf: Leaf, calendar: Calendar) -> Test:
    on_text, on_number = short_ways = _short_ways(leaf)
    decided = _by_short_ways(leaf, short_ways, calendar)
    key = leaf.attribute.key
    find = finder(key)
    parent, _, child = key.partition(".")
    if "." in child or not child or has_alias(key):
        return lambda record, clock: decided(find(record), clock)

    def of_two_steps(record: Record, clock: Clock) -> bool:
        """As above, the commonest path and the commonest data seen to on the spot."""
        if key not in record and type(inner := record.get(parent)) is dict:
            stored = inner.get(child, MISSING)
            kind = type(stored)
            if kind is str and on_text is not None:
                return bool(on_text(stored))
            if kind is int and on_number is not None:
                return bool(on_number(stored))
            return decided(stored, clock)
        return decided(find(record), clock)

    return of_two_steps


def _scalar_test(checks: Sequence[Check], kind: Kind) -> _ScalarTest | None:
    """The test of one text or number; None when there is no short way."""
    tests = [_constraint_test(check.facet, check.constraint) for check in checks if kind in check.kinds]
    if any(test is None for test in tests):
        return None
    known = [test for test in tests if test is not None]
    match known:
        case []:
            return lambda _scalar: False
        case [only]:
            return only
        case _:
            return lambda scalar: any(test(scalar) for test in known)


def _constraint_test(facet: Facet, constraint: Constraint) -> _ScalarTest | None:
    if facet not in (Facet.TEXT, Facet.NUMBER):
        return None
    match constraint:
        case OneOf(values):
            return values.__contains__
        case Prefix(text):
            return methodcaller("startswith", text)
        case Suffix(text):
            return methodcaller("endswith", text)
        case Substring(text):
            return lambda scalar: text in scalar
        case Interval(low, None, is_low_open=True):
            return lambda scalar: scalar > low
        case Interval(low, None):
            return lambda scalar: scalar >= low
        case Interval(None, high, is_high_open=True):
            return lambda scalar: scalar < high
        case Interval(None, high):
            return lambda scalar: scalar <= high
        case _:
            return lambda scalar: constraint.admits(scalar, NO_CLOCK)
