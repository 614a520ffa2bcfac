"""Rules that `to_jsonlogic` wrote, read back: which condition says what a rule says of an attribute's views.

Nothing is inverted here. A condition is tried for every operator that could be meant, over operands made of the rule's constants, and it is the one
when it is written as the same rule.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from segmentation.language.dates import DAY, FIRST_DAY, LAST_DAY
from segmentation.language.operators import OPERATORS, Operator, Takes
from segmentation.language.options import Options
from segmentation.targets.jsonlogic import rule_of_condition, views_of_condition
from segmentation.targets.views import attribute_of

__all__ = ["attributes_viewed", "condition_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POSITIVE: Final = tuple(operator for operator in OPERATORS.values() if not operator.negates)

Constants = dict[str, list[Any]]
"""The constants that a rule compares with, by view."""


def attributes_viewed(rule: Any) -> set[str | None]:
    """The keys of the attributes whose views a rule reads; None stands for variables that are no views."""
    return {found[0] if found else None for found in map(attribute_of, _paths(rule))}


def _paths(rule: Any) -> Iterator[str]:
    """The paths of a rule's variables, those of elements aside."""
    match rule:
        case {"var": [path, *_]} | {"var": path}:
            yield str(path)
        case {"some": [source, _]}:
            yield from _paths(source)
        case dict():
            yield from (path for operands in rule.values() for path in _paths(operands))
        case list():
            yield from (path for operand in rule for path in _paths(operand))


def condition_of(rule: Mapping[str, Any], key: str, options: Options) -> dict[str, Any] | None:
    """The operator, with its operand, that is written as this rule of one attribute's views; None when there is none."""
    wanted = _canonical(rule)
    constants: Constants = {}
    _gather(rule, "", constants)
    views = {view for view in constants if view}
    for conditions in _candidates(constants, key, options):
        if views_of_condition(key, conditions, options) != views:  # the quick answer for nearly all
            continue
        written = rule_of_condition(key, conditions, options)
        if written is not None and _canonical(written) == wanted:
            return conditions
    return None


def _canonical(rule: Any) -> str:
    """A rule as text, in which the order of alternatives and of listed values is the same."""
    match rule:
        case {"or": list(parts)}:
            return '{"or":[' + ",".join(sorted(map(_canonical, parts))) + "]}"
        case {"in": [needle, list(values)]}:
            return '{"in":[' + _canonical(needle) + ",[" + ",".join(sorted(map(_canonical, values))) + "]]}"
        case dict():
            return "{" + ",".join(f"{json.dumps(name)}:{_canonical(operands)}" for name, operands in rule.items()) + "}"
        case list():
            return "[" + ",".join(map(_canonical, rule)) + "]"
        case float() if rule.is_integer():
            return str(int(rule))
        case _:
            return json.dumps(rule)


def _gather(rule: Any, view: str, constants: Constants) -> None:
    """Collect the constants that the parts of a rule compare a view with."""
    match rule:
        case {"some": [{"var": [path, _]}, body]}:
            found = attribute_of(str(path))
            constants.setdefault(found[1] if found else "", [])
            _gather(body, found[1] if found else "", constants)
        case {"var": [path, *_]} | {"var": path}:
            found = attribute_of(str(path))
            if found:
                constants.setdefault(found[1], [])
        case {"substr": _}:
            pass
        case dict():
            for operands in rule.values():
                seen = [attribute_of(str(path)) for path in _paths(operands)]
                inner = next((found[1] for found in seen if found), view)
                _gather(operands, inner, constants)
        case list():
            for operand in rule:
                _gather(operand, view, constants)
        case _:
            constants.setdefault(view, []).append(rule)


def _candidates(constants: Constants, key: str, options: Options) -> Iterator[dict[str, Any]]:
    yield from _equalities(constants, key, options)
    pool = list(_operands(constants))
    for operator in _POSITIVE:
        yield from ({operator.name: operand} for operand in _tried(operator, pool))


def _tried(operator: Operator, pool: list[Any]) -> Iterable[Any]:
    """What to try an operator with. Equality has its own way; of places, all at once."""
    if operator.takes is Takes.NOTHING:
        return [True]
    if operator.takes is Takes.LIST:
        return [[operand for operand in pool if isinstance(operand, str)]] if operator.section == "5.9" else [[]] if operator.asks_all else []
    return pool if operator.section != "5.1" else []


# Equality: the values of which each asks no more than the rule does, all together


def _equalities(constants: Constants, key: str, options: Options) -> Iterator[dict[str, Any]]:
    there = {view: set(map(_canonical, values)) for view, values in constants.items()}
    fitting: dict[str, Any] = {}
    for value in _values(constants):
        rule = rule_of_condition(key, {"$is": value}, options)
        asked: Constants = {}
        _gather(rule, "", asked)
        if rule is not None and all(view in there and set(map(_canonical, values)) <= there[view] for view, values in asked.items()):
            fitting[value if isinstance(value, str) else json.dumps(value)] = value  # a number asks what its text asks, and more
    values = list(fitting.values())
    yield {"$is": values[0]} if len(values) == 1 else {"$in": values}


def _values(constants: Constants) -> Iterator[Any]:
    """Operands of equality that the constants may come from; of those with one text, the one that asks most is last."""
    for text in constants.get("$text", ()):
        if not isinstance(text, str):  # the constant true, of any text
            continue
        yield text
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            yield value
    yield from constants.get("$number", ())
    yield from (int(text) for text in constants.get("$large_number", ()) if "$text" not in constants)
    yield from constants.get("$boolean", ())
    for view, values in constants.items():
        if view in ("$day", "$typed_day", "$typed_plain_day"):
            yield from (date.fromordinal(day).isoformat() for day in values if FIRST_DAY <= day <= LAST_DAY)
        elif view in ("$days_ago", "$typed_days_ago", "$typed_plain_days_ago"):
            yield from values
        elif view in ("$month_day", "$typed_month_day"):
            yield from (_month_day(value) for value in values)
        elif view in ("$instant", "$typed_instant"):
            yield from (text for days, rest in zip(values[::2], values[1::2], strict=False) if (text := _date_time(days * DAY + rest)))


# The other operators: the constants, and what stands next to them


def _operands(constants: Constants) -> Iterator[Any]:
    if "$written" in constants or "$text" in constants:
        yield ""  # any text contains it, so the rule names none
    for view, values in constants.items():
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        yield from (value for value in values if isinstance(value, str))
        if view in ("$age", "$instant", "$typed_instant"):
            yield from _moments(view, numbers)
            continue
        for number in numbers:
            yield number
            if isinstance(number, int):
                yield from (number - 1, number + 1, -number, -number - 1, 1 - number)
            if view.endswith("day") and isinstance(number, int):
                yield from (date.fromordinal(day).isoformat() for day in (number - 1, number, number + 1) if FIRST_DAY <= day <= LAST_DAY)
            if view in ("$month_day", "$typed_month_day") and isinstance(number, int):
                yield _month_day(number)


def _moments(view: str, numbers: list[Any]) -> Iterator[Any]:
    """Operands next to the bound that days, and the microseconds of a day after them, are compared with."""
    if not numbers:
        return
    *_, last = numbers
    bounds = {last * DAY, *((days * DAY + last) for days in numbers[-2:-1])}
    for bound in sorted(near for exact in bounds for near in (exact - 1, exact, exact + 1)):
        if view == "$age":
            days = bound / DAY
            yield from (int(near) if near.is_integer() else near for near in (days, math.nextafter(days, -math.inf), math.nextafter(days, math.inf)))
        elif text := _date_time(bound):
            yield text
            yield text[:10]


def _date_time(instant: int) -> str | None:
    try:
        return (_EPOCH + timedelta(microseconds=instant)).isoformat()
    except OverflowError:
        return None


def _month_day(number: int) -> str:
    return f"--{number // 100:02}-{number % 100:02}"
