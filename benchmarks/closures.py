"""Naive closures, one per segment: the baseline that anyone would write by hand in an afternoon.

A filter becomes a tree of Python closures over the customer record. Attribute paths are split at compile time, junctions
short-circuit, and everything that depends on ``now`` alone is computed once. The compiler trusts the workloads: data has
the type that the generator gave it, arrays are announced, and every time stamp is in UTC. It is a fair baseline and a
fast one, never a second statement of the language: answers are checked against the reference before anything is timed.

The workload generators use the same tests to learn how many customers a condition selects.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from benchmarks.closure_days import IGNORED_YEAR, day_test, is_day_operator

__all__ = ["BUILT_IN", "COUNTERS", "Closures", "Compiler", "path_getter"]

Loader: TypeAlias = Callable[[Any], Any]
Test: TypeAlias = Callable[[Any], bool]
Definition: TypeAlias = Mapping[str, Any]

BUILT_IN = {
    "birthdate": "date",
    "birthday": "date",
    "created_at": "datetime",
    "updated_at": "datetime",
    "summary.orders.last_order_date": "datetime",
}
COUNTERS = frozenset(
    {
        "loyalty.points",
        "loyalty.referred_customers",
        "summary.orders.average_amount",
        "summary.orders.last_order_amount",
        "summary.orders.total_amount",
        "summary.orders.total_count",
    },
)

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "$count": operator.eq,
    "$count_more": operator.gt,
    "$count_less": operator.lt,
    "$more_than": operator.gt,
    "$more_than_equal": operator.ge,
    "$less_than": operator.lt,
    "$less_than_equal": operator.le,
    "$after": operator.gt,
    "$after_equal": operator.ge,
    "$before": operator.lt,
    "$before_equal": operator.le,
}
_NEGATIVE = {"$is_not": "$is", "$not_in": "$in", "$not_contain": "$contains", "$is_unknown": "$has_value"}
_LISTS = frozenset({"$in", "$not_in", "$includes", "$intersects"})


def path_getter(key: str) -> Loader:
    """A function from a nested record to the value at a dotted path, None when anything on the way is missing."""
    steps = key.split(".")
    last = steps.pop()
    if not steps:
        return lambda record: record.get(last)
    if len(steps) == 1:
        first = steps[0]

        def two_steps(record: Any) -> Any:
            inner = record.get(first)
            return inner.get(last) if inner is not None else None

        return two_steps

    def many_steps(record: Any) -> Any:
        for step in steps:
            record = record.get(step)
            if record is None:
                return None
        return record.get(last)

    return many_steps


def record_loader(key: str) -> Loader:
    """As `path_getter`, with the counters' default of 0."""
    get = path_getter(key)
    if key not in COUNTERS:
        return get

    def counter(record: Any) -> Any:
        value = get(record)
        return 0 if value is None else value

    return counter


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles filters for one ``now``.

    Attributes:
        now: the aware date-time of every evaluation.
        attributes: declared types beyond the built-in ones.
        arrays: attribute keys whose data may be an array.
        loader: from an attribute key to a function that reads its value from whatever the closures are called with.
    """

    now: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)
    arrays: frozenset[str] = frozenset()
    loader: Callable[[str], Loader] = record_loader

    def filter(self, definition: Definition) -> Test:
        """The closure of a filter: record -> bool."""
        junction = definition.get("junction", "and")
        members: list[Test] = []
        for key, body in definition.items():
            if key == "junction":
                continue
            if key in {"$and", "$or"}:
                members.append(_combine(key[1:], [self.filter(part) for part in body]))
            elif key == "$not":
                members.append(_complement(self.filter(body)))
            else:
                members.extend(self._leaf(key, name, operand, junction) for name, operand in body["conditions"].items())
        return _combine(junction, members)

    def _leaf(self, key: str, name: str, operand: Any, junction: str) -> Test:
        load = self.loader(key)
        test = self.test(key, name, operand, junction)
        return lambda record: test(load(record))

    def test(self, key: str, name: str, operand: Any, junction: str = "and") -> Test:
        """The closure of one operator over a value: value -> bool."""
        if name in _NEGATIVE:
            positive = _NEGATIVE[name]
            if name in _LISTS or not isinstance(operand, list):
                return _complement(self.test(key, positive, operand))
            return _combine(junction, [_complement(self.test(key, positive, one)) for one in operand])
        if name not in _LISTS and isinstance(operand, list):
            return _combine(junction, [self.test(key, name, one) for one in operand])
        if name == "$includes":
            wanted = operand if isinstance(operand, list) else [operand]
            return lambda value: value is not None and all(one in (value if type(value) is list else [value]) for one in wanted)
        if name.startswith("$count"):
            return _count_test(name, operand)
        if name == "$has_value":
            return lambda value: value is not None
        test = self._scalar_test(key, name, operand)
        return _any_element(test) if key in self.arrays else test

    def _scalar_test(self, key: str, name: str, operand: Any) -> Test:
        declared = BUILT_IN.get(key) or self.attributes.get(key)
        if declared in {"date", "datetime"} or is_day_operator(name):
            if declared == "date" and name in IGNORED_YEAR and key in {"birthdate", "birthday"}:
                name += "_md"
            return self._date_test(declared or "datetime", name, operand)
        if name == "$is":
            return partial(operator.eq, operand)
        if name in {"$in", "$intersects"}:
            members = frozenset(operand if isinstance(operand, list) else [operand])
            return members.__contains__
        if name in _COMPARE and not isinstance(operand, str):
            return _number_test(name, operand)
        if name == "$starts_with":
            return lambda value: value is not None and value.startswith(operand)
        if name == "$ends_with":
            return lambda value: value is not None and value.endswith(operand)
        if name == "$contains":
            return lambda value: value is not None and operand in value
        message = f"the workloads do not use {name} here"
        raise NotImplementedError(message)

    def _date_test(self, declared: str, name: str, operand: Any) -> Test:
        if name in {"$more_than", "$more_than_equal", "$less_than", "$less_than_equal"}:
            return self._age_test(declared, name, operand)
        if name in {"$after", "$after_equal", "$before", "$before_equal"} and len(operand) > len("2026-01-01"):
            compare, instant = _COMPARE[name], datetime.fromisoformat(operand)
            return lambda value: value is not None and compare(datetime.fromisoformat(value), instant)
        on_day = day_test(self.now.astimezone(UTC).date(), name, operand)
        # Every text begins with its day, and every date-time of the workloads is in UTC.
        return lambda value: value is not None and on_day(date.fromisoformat(value[:10]))

    def _age_test(self, declared: str, name: str, days: float) -> Test:
        compare, bounded = _COMPARE[name], name.startswith("$less")
        if declared == "date":
            today, zero_days = self.now.astimezone(UTC).date(), 0

            def days_ago(value: Any) -> bool:
                if value is None:
                    return False
                age = (today - date.fromisoformat(value[:10])).days
                return compare(age, days) and (not bounded or age >= zero_days)

            return days_ago
        now, limit, zero = self.now, timedelta(days=days), timedelta()

        def age_within(value: Any) -> bool:
            if value is None:
                return False
            age = now - datetime.fromisoformat(value)
            return compare(age, limit) and (not bounded or age >= zero)

        return age_within


def _combine(junction: str, members: list[Test]) -> Test:
    if len(members) == 1:
        return members[0]
    if junction.lower() == "or" and members:
        if len(members) == 2:
            left, right = members
            return lambda record: left(record) or right(record)

        def some(record: Any) -> bool:
            return any(member(record) for member in members)

        return some
    if len(members) == 2:
        left, right = members
        return lambda record: left(record) and right(record)

    def every(record: Any) -> bool:
        return all(member(record) for member in members)

    return every


def _complement(test: Test) -> Test:
    return lambda record: not test(record)


def _any_element(test: Test) -> Test:
    def any_element(value: Any) -> bool:
        if type(value) is list:
            return any(element is not None and test(element) for element in value)
        return test(value)

    return any_element


def _number_test(name: str, number: float) -> Test:
    if name == "$more_than":
        return lambda value: value is not None and value > number
    if name == "$more_than_equal":
        return lambda value: value is not None and value >= number
    if name == "$less_than":
        return lambda value: value is not None and value < number
    return lambda value: value is not None and value <= number


def _count_test(name: str, number: int) -> Test:
    compare: Callable[[int, int], bool] = _COMPARE[name]

    def count(value: Any) -> bool:
        size = len(value) if type(value) is list else int(value is not None)
        return compare(size, number)

    return count


class Closures:
    """One closure per segment, called in turn.

    With many conditions, the attributes in use are read once into a row and the closures index it, as a careful
    programmer would do; with few, closures read the record themselves, so that short-circuiting saves look-ups.
    """

    def __init__(
        self,
        segments: Iterable[Mapping[str, Any]],
        *,
        now: datetime,
        attributes: Mapping[str, str] | None = None,
        arrays: frozenset[str] = frozenset(),
    ) -> None:
        columns: dict[str, int] = {}
        uses = 0

        def column(key: str) -> Loader:
            nonlocal uses
            uses += 1
            return operator.itemgetter(columns.setdefault(key, len(columns)))

        by_row = Compiler(now, attributes or {}, arrays, column)
        kept = list(segments)
        self._tests = [(segment["id"], by_row.filter(segment["filter"])) for segment in kept]
        self._getters: list[Loader] | None = [record_loader(key) for key in columns]
        if uses < 2 * len(columns):
            direct = Compiler(now, attributes or {}, arrays)
            self._tests = [(segment["id"], direct.filter(segment["filter"])) for segment in kept]
            self._getters = None

    def evaluate_all(self, record: Mapping[str, Any]) -> list[str]:
        """The ids of the segments that contain a record, in definition order."""
        given: Any = record if self._getters is None else [get(record) for get in self._getters]
        return [segment_id for segment_id, test in self._tests if test(given)]
