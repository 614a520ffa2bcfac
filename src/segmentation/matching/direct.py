"""One predicate as a function: for few segments, for one segment, and for deciding about candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import methodcaller
from typing import Any, NamedTuple

from segmentation.language.attributes import MISSING, Attribute, AttributeType, Record, finder, has_alias
from segmentation.language.checks import WHOLE_VALUE, Check, Constraint, Facet, Interval, OneOf, Prefix, Substring, Suffix
from segmentation.language.data import TEXT_DATES, Kind, Reading, kinds_of, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import NO_CLOCK, And, Leaf, Listed, Not, Or, Predicate, leaves

__all__ = ["FEW_VALUED", "Readings", "Test", "TextTest", "ValueTest", "compile_predicate", "effort", "effort_of_index", "value_tests"]

Test = Callable[[Record, Clock], bool]
ValueTest = Callable[[Any, Clock], bool]
TextTest = Callable[[str], bool]
_ScalarTest = Callable[[Any], bool]
"""Of a text or a number."""

FEW_VALUED = frozenset({bool, type(None), type(MISSING)})
"""The types that have one or two values."""


_EFFORT_OF_TEST, _EFFORT_OF_DATE, _EFFORT_OF_JUNCTION = 0.35, 4.0, 0.15  # microseconds, of predicates
_EFFORT_OF_BLOCK, _EFFORT_OF_ATTRIBUTE, _EFFORT_OF_TEXTS, _EFFORT_OF_DATES = 1.0, 0.25, 1.0, 3.0  # of an index
_KEPT = 256  # readings of texts, an attribute
_LONGEST = 64  # letters of a text whose reading is kept


class Readings:
    """How stored values are read by functions that share what they find: several conditions on a date read its text once."""

    __slots__ = ("_calendar", "_is_kept", "_readers")

    def __init__(self, calendar: Calendar, *, is_kept: bool = False) -> None:
        """`is_kept`: whether the readings of texts are remembered, within bounds."""
        self._calendar = calendar
        self._is_kept = is_kept
        self._readers: dict[Attribute, Callable[[Any], Reading]] = {}

    def of(self, attribute: Attribute) -> Callable[[Any], Reading]:
        """From a stored value of the attribute to its reading."""
        if attribute not in self._readers:
            self._readers[attribute] = _reader(attribute, self._calendar, is_kept=self._is_kept)
        return self._readers[attribute]


def _reader(attribute: Attribute, calendar: Calendar, *, is_kept: bool) -> Callable[[Any], Reading]:
    if not is_kept:
        return lambda stored: read(stored, attribute, calendar)
    known: dict[str, Reading] = {}

    def reading(stored: Any) -> Reading:
        if type(stored) is not str or len(stored) > _LONGEST:
            return read(stored, attribute, calendar)
        found = known.get(stored)
        if found is None:
            found = read(stored, attribute, calendar)
            if len(known) >= _KEPT:
                known.clear()
            known[stored] = found  # threads that race write equal readings
        return found

    return reading


def compile_predicate(predicate: Predicate, readings: Readings) -> Test:
    """The predicate as one function of a record and a clock."""
    match predicate:
        case Leaf():
            return _leaf(predicate, readings.of(predicate.attribute))
        case Listed():
            return lambda record, _clock: predicate.admits(record)
        case Not(part):
            test = compile_predicate(part, readings)
            return lambda record, clock: not test(record, clock)
        case And(parts):
            return _all_of([compile_predicate(part, readings) for part in sorted(parts, key=effort)])
        case Or(parts):
            return _any_of([compile_predicate(part, readings) for part in sorted(parts, key=effort)])


def effort(predicate: Predicate) -> float:
    """About how many microseconds a predicate takes: half of the parts of a junction settle it, and what is quick is asked first."""
    match predicate:
        case Leaf():
            return _EFFORT_OF_DATE if _is_of_dates(predicate) else _EFFORT_OF_TEST
        case Listed():
            return _EFFORT_OF_TEST
        case Not(part):
            return effort(part)
        case And(parts) | Or(parts):
            return _EFFORT_OF_JUNCTION + sum(each * 0.5**number for number, each in enumerate(sorted(map(effort, parts))))


def effort_of_index(predicates: Iterable[Predicate]) -> float:
    """About how many microseconds an index of some predicates takes, most of them for the look-up of new texts and dates."""
    attributes: dict[Attribute, float] = {}
    for predicate in predicates:
        for leaf in leaves(predicate):
            if isinstance(leaf, Leaf):
                of_texts = _EFFORT_OF_TEXTS if any(isinstance(check.constraint, Prefix | Suffix | Substring) for check in leaf.checks) else 0.0
                dear = _EFFORT_OF_DATES if _is_of_dates(leaf) else of_texts
                attributes[leaf.attribute] = max(attributes.get(leaf.attribute, 0.0), _EFFORT_OF_ATTRIBUTE + dear)
    return _EFFORT_OF_BLOCK + sum(attributes.values())


def _is_of_dates(leaf: Leaf) -> bool:
    return leaf.attribute.type in (AttributeType.DATE, AttributeType.DATETIME) or any(check.kinds & TEXT_DATES for check in leaf.checks)


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


def value_tests(leaf: Leaf, reading: Callable[[Any], Reading]) -> tuple[TextTest | None, ValueTest]:
    """The leaf as a function of a plain text, where there is a short way, and as one of any stored value and a clock."""
    short_ways = _short_ways(leaf)
    return short_ways.on_text, _by_short_ways(leaf, short_ways, reading)


def _by_short_ways(leaf: Leaf, short_ways: _ShortWays, reading: Callable[[Any], Reading]) -> ValueTest:
    on_text, on_number = short_ways
    # Of what has few values, whether they pass: none of that depends on the time.
    verdicts = {stored: leaf.admits(reading(stored), NO_CLOCK) for stored in (MISSING, None, False, True)}
    is_of_scalars = not any(check.facet in WHOLE_VALUE for check in leaf.checks)
    is_of_whole = all(check.facet in WHOLE_VALUE for check in leaf.checks)

    def test(stored: Any, clock: Clock) -> bool:
        kind = type(stored)
        if kind is str:
            if on_text is not None:
                return on_text(stored)
        elif kind is int or (kind is float and stored == stored):  # noqa: PLR0124 - NaN is unknown
            if on_number is not None:
                return on_number(stored)
        elif kind in FEW_VALUED:
            return verdicts[stored]
        elif kind is list:
            if is_of_whole:
                return leaf.admits(Reading((), is_known=True, is_present=True, size=len(stored)), clock)
            if is_of_scalars and on_text is not None and all(type(element) is str for element in stored):
                return any(map(on_text, stored))
        return leaf.admits(reading(stored), clock)

    return test


def _leaf(leaf: Leaf, reading: Callable[[Any], Reading]) -> Test:
    on_text, on_number = short_ways = _short_ways(leaf)
    decided = _by_short_ways(leaf, short_ways, reading)
    key = leaf.attribute.key
    find = finder(key)
    parent, dot, child = key.partition(".")
    if "." in child or has_alias(key):
        return lambda record, clock: decided(find(record), clock)
    if not dot:
        return lambda record, clock: decided(record.get(key, MISSING) if type(record) is dict else find(record), clock)

    def of_two_steps(record: Record, clock: Clock) -> bool:
        """As above, the commonest path and the commonest data seen to on the spot."""
        if type(record) is dict and key not in record and type(inner := record.get(parent)) is dict:
            stored = inner.get(child, MISSING)
            kind = type(stored)
            if kind is str and on_text is not None:
                return on_text(stored)
            if kind is int and on_number is not None:
                return on_number(stored)
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
            return methodcaller("__contains__", text)
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
