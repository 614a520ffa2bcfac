"""A filter's outline, asked about one customer: the verdict of every part, and what decided it.

Verdicts come from `language.predicate.holds`, asked of each part by itself; nothing here decides a filter. What stands beside a verdict (the value
that was found, whether it was missing, why a value of its type cannot meet the operator) is told from the same readings and checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from segmentation.errors import pointer
from segmentation.explain.periods import RELATIVE, Period, periods
from segmentation.explain.seen import Seen, operand_text, seen
from segmentation.language.attributes import MISSING, Attribute, AttributeType, Record, finder
from segmentation.language.checks import FACETS, WHOLE_VALUE, Check, Facet
from segmentation.language.data import TEXT_DATES, Datum, Kind, Reading, plain, read
from segmentation.language.dates import DAY, Calendar, Clock
from segmentation.language.normalise import normalise
from segmentation.language.operators import Operator, Takes
from segmentation.language.outline import Condition, Junction, Negation, Outline
from segmentation.language.predicate import FALSE, TRUE, Listed, Or, Predicate, holds, leaves, names_of

__all__ = ["ConditionTrace", "JunctionTrace", "ListedTrace", "NegationTrace", "Question", "State", "Trace", "ValueTrace", "trace"]

_MOST = 8
"""Of periods, ages and values, so many are told."""


class State(StrEnum):
    """What a customer has under an attribute."""

    KNOWN = "known"
    ABSENT = "absent"
    """There is no such key."""
    NULL = "null"
    """The key is there with null, or with NaN."""
    UNREADABLE = "unreadable"
    """There is something, but not of the declared type."""


@dataclass(frozen=True, slots=True)
class ValueTrace:
    """One of several values of an operand, with its verdict."""

    operand: str
    verdict: bool


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """A condition, whether it holds, and of what."""

    pointer: str
    """JSON Pointer of the operator, within the segment."""
    verdict: bool
    attribute: str
    type: str | None
    """The declared or built-in type of the attribute."""
    operator: str
    """As written; see `meant`."""
    meant: str
    """The operator that decides: on a birthday, the one that ignores the year."""
    words: str
    """When it is true, with the operand in place."""
    operand: str
    """As written, cut; empty when it is ignored."""
    state: State
    value: Seen | None = field(repr=False)
    """What was found; None when it is missing or was redacted."""
    counts_as_zero: bool
    """Whether a 0 stands in for a counter that is unknown."""
    ages: tuple[str, ...] = field(repr=False)
    """How far from today the value's dates are, where the condition asks that."""
    periods: tuple[Period, ...]
    """The dates that a relative condition comes down to."""
    mismatch: str | None
    """Why the operator has no chance with data of this type."""
    declare: str | None
    """The type that would let the operator read the value, if the attribute were declared to have it."""
    is_constant: bool
    """Whether no customer can change the verdict, as of an empty list."""
    values: tuple[ValueTrace, ...]
    """Where several values have a verdict each: those."""

    @property
    def is_missing(self) -> bool:
        """Whether the value is unknown to the operators: absent, null or unreadable, and no counter."""
        return self.state is not State.KNOWN and not self.counts_as_zero


@dataclass(frozen=True, slots=True)
class ListedTrace:
    """The members of a static segment, and whether the customer is one."""

    pointer: str
    verdict: bool
    names: tuple[Seen, ...] = field(repr=False)
    """The customer's `id` and `source_id`, as far as they are text."""
    members: int
    """How many names the segment lists."""
    is_constant: bool


@dataclass(frozen=True, slots=True)
class JunctionTrace:
    """All, or any, of several parts."""

    pointer: str
    verdict: bool
    junction: Literal["and", "or"]
    parts: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class NegationTrace:
    """A `$not`: true when its part is false."""

    pointer: str
    verdict: bool
    part: Trace


Trace = ConditionTrace | ListedTrace | JunctionTrace | NegationTrace


class Question:
    """A customer record at a moment: what every part of a filter is asked about."""

    def __init__(self, record: Record, clock: Clock, calendar: Calendar) -> None:
        self.record = record
        self.clock = clock
        self.calendar = calendar
        self._found: dict[Attribute, tuple[Any, Reading]] = {}

    def found(self, attribute: Attribute) -> tuple[Any, Reading]:
        """The stored value of an attribute (`MISSING` when there is none), and what it reads as."""
        if attribute not in self._found:
            stored = finder(attribute.key)(self.record)
            self._found[attribute] = stored, read(stored, attribute, self.calendar)
        return self._found[attribute]

    def holds(self, predicate: Predicate) -> bool:
        """Whether a predicate is true of the customer."""
        return holds(predicate, self.record, lambda attribute: self.found(attribute)[1], self.clock)


def trace(outline: Outline | Listed, question: Question) -> Trace:
    """Every part of a filter (or the list of a static segment) with its verdict."""
    match outline:
        case Listed(customers):
            names = tuple(map(seen, names_of(question.record)))
            return ListedTrace(pointer("customers"), question.holds(outline), names, len(customers), is_constant=not customers)
        case Junction(path, junction, parts):
            return JunctionTrace(pointer(*path), question.holds(outline.predicate), junction, tuple(trace(part, question) for part in parts))
        case Negation(path, part):
            return NegationTrace(pointer(*path), question.holds(outline.predicate), trace(part, question))
        case Condition():
            return _condition(outline, question)


def _condition(condition: Condition, question: Question) -> ConditionTrace:
    attribute, predicate = condition.attribute, condition.predicate
    stored, reading = question.found(attribute)
    checks = [check for leaf in leaves(predicate) for check in leaf.checks]
    relative = [check for check in checks if check.facet in RELATIVE and _concerns(check, checks, reading)]
    is_default = not reading.is_known and reading.is_present and any(check.facet not in (Facet.KNOWN, Facet.COUNT) for check in checks)
    mismatch, declare = (None, None) if is_default else _mismatch(condition, checks, question)
    return ConditionTrace(
        pointer=pointer(*condition.path),
        verdict=question.holds(predicate),
        attribute=attribute.key,
        type=attribute.type,
        operator=condition.operator.name,
        meant=condition.meant.name,
        words=_words(condition, reading.data),
        operand="" if condition.operator.takes is Takes.NOTHING else operand_text(condition.operand),
        state=_state(stored, reading),
        value=None if plain(stored) is None else seen(stored),
        counts_as_zero=is_default,
        ages=tuple(_ages(relative, reading, question.clock)),
        periods=tuple(dict.fromkeys(period for check in relative for period in periods(check, question.clock, question.calendar)))[:_MOST],
        mismatch=mismatch,
        declare=declare,
        is_constant=normalise(predicate) in (TRUE, FALSE),
        values=tuple(ValueTrace(operand_text(value), question.holds(inner)) for value, inner in condition.values[:100]),
    )


def _state(stored: Any, reading: Reading) -> State:
    if reading.is_known:
        return State.KNOWN
    if stored is MISSING:
        return State.ABSENT
    return State.NULL if plain(stored) is None else State.UNREADABLE


def _words(condition: Condition, data: tuple[Datum, ...]) -> str:
    """The operator's meaning, the operand in place of n; of one that means one thing for numbers and another for dates, the part that counts here."""
    operator, operand = condition.meant, condition.operand
    if operator.takes is not Takes.ONE:
        return operator.meaning
    meaning, _, of_dates = operator.meaning.partition("; ")
    if of_dates and condition.attribute.type is not AttributeType.NUMBER and all(datum.kind is not Kind.NUMBER for datum in data):
        meaning = of_dates if condition.attribute.type else operator.meaning
    values = list(operand) if isinstance(operand, list | tuple) else [operand]
    word = " or " if isinstance(condition.predicate, Or) else " and "
    texts = [operand_text(value) for value in values[:_MOST]] + ["…"] * (len(values) > _MOST)
    return re.sub(r"\bn\b", lambda _: word.join(texts), meaning)


# Dates


def _concerns(check: Check, checks: Iterable[Check], reading: Reading) -> bool:
    """Whether a relative check is worth telling: the value is of its kinds, or is missing and the condition asks of dates alone."""
    if reading.data:
        return any(datum.kind in check.kinds for datum in reading.data)
    return all(other.facet in RELATIVE for other in checks)


def _ages(relative: list[Check], reading: Reading, clock: Clock) -> list[str]:
    """How far the value's dates are from today, or from now where the age counts."""
    told: dict[str, None] = {}
    for check in relative:
        for datum in reading.data:
            if datum.kind in check.kinds and check.facet not in (Facet.ANNIVERSARY, Facet.MONTHS_AGO_IN_YEAR):
                told[_age(datum, clock) if check.facet is Facet.AGE else _distance(datum, clock)] = None
    return list(told)[:_MOST]


def _distance(datum: Datum, clock: Clock) -> str:
    days = FACETS[Facet.DAYS_AGO](datum, clock)
    return {0: "today", 1: "yesterday", -1: "tomorrow"}.get(days) or (f"{days} days ago" if days > 0 else f"in {-days} days")


def _age(datum: Datum, clock: Clock) -> str:
    days = FACETS[Facet.AGE](datum, clock) / DAY
    return f"{days:.6g} × 24 h ago" if days >= 0 else f"in {-days:.6g} × 24 h"


# Types

_KIND_WORDS: tuple[tuple[Kind, str], ...] = (
    (Kind.STRING, "text"),
    (Kind.NUMBER, "numbers"),
    (Kind.BOOLEAN, "booleans"),
    (Kind.DATE | Kind.DATETIME, "declared dates"),
    (TEXT_DATES, "ISO dates in text"),
)


def _mismatch(condition: Condition, checks: list[Check], question: Question) -> tuple[str | None, str | None]:
    """Why data of this type cannot meet the operator, in words that quote no value, and the type to declare for it to be read."""
    attribute, name = condition.attribute, condition.operator.name
    stored, reading = question.found(attribute)
    if any(check.facet in WHOLE_VALUE for check in checks) or plain(stored) is None:
        return None, None
    if not checks:
        if attribute.type is None or condition.operand in ([], ()):
            return None, None
        return f"{name} with this operand never meets a declared {attribute.type}", None
    what = seen(stored).what
    if what == "an empty array":
        return "the array is empty", None
    if not reading.is_known:
        return f"{what} that cannot be read as the declared {attribute.type}", None
    asked = Kind(0)
    for check in checks:
        asked |= check.kinds
    if any(datum.kind in asked for datum in reading.data):
        is_no_point = all(check.facet is Facet.POINT and all(FACETS[Facet.POINT](datum, question.clock) is None for datum in reading.data) for check in checks)
        return ("the text names no point (geo:<lat>,<lng>)" if is_no_point else None), None
    looks_at = _listed([word for kinds, word in _KIND_WORDS if asked & kinds])
    data = [datum.kind for datum in reading.data]
    words = [word for kinds, word in _KIND_WORDS if any(kind in kinds for kind in data)]
    of = f" of {_listed(words)}" if what == "an array" and words else ""
    return f"the value is {what}{of}, and {name} {_operand_words(condition.operator)}looks at {looks_at}", _declarable(attribute, stored, asked, question)


def _operand_words(operator: Operator) -> str:
    return "" if operator.takes is Takes.NOTHING else "with this operand "


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _declarable(attribute: Attribute, stored: Any, asked: Kind, question: Question) -> str | None:
    """The type that, declared, would make the value one that the operator looks at."""
    if attribute.type is not None:
        return None

    def is_read_as(type_: AttributeType) -> bool:
        return any(datum.kind in asked for datum in read(stored, Attribute(attribute.key, type_), question.calendar).data)

    has_times = any(datum.kind is Kind.TEXT_DATETIME for datum in question.found(attribute)[1].data)
    dates = (AttributeType.DATETIME, AttributeType.DATE) if has_times else (AttributeType.DATE, AttributeType.DATETIME)
    return next((type_.value for type_ in (AttributeType.NUMBER, AttributeType.BOOLEAN, *dates) if is_read_as(type_)), None)
