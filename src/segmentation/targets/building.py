"""Filters that are put together from parts, for importers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from segmentation.errors import TranslationError, article, json_type, shown
from segmentation.language.attributes import MISSING, AttributeType
from segmentation.language.data import read
from segmentation.language.operators import OPERATORS, Takes
from segmentation.language.options import Options
from segmentation.language.outline import Path
from segmentation.language.parse import DEEPEST, parse_filter
from segmentation.language.predicate import NO_CLOCK, holds

__all__ = [
    "ALWAYS",
    "DATES",
    "NEVER",
    "Filter",
    "condition",
    "conjunction",
    "disjunction",
    "exactly",
    "finished",
    "negation",
    "one_of",
    "suited",
    "when_unknown",
]

Filter = dict[str, Any]

ALWAYS: Final[Filter] = {}
"""The filter that is true of every customer."""
NEVER: Final[Filter] = {"$not": {}}
"""The filter that is true of none."""
DATES: Final = (AttributeType.DATE, AttributeType.DATETIME)


def condition(key: str, **operators: Any) -> Filter:
    """The filter of one attribute; the operators' names come without their `$`."""
    return {key: {"conditions": {f"${name}": operand for name, operand in operators.items()}}}


def negation(part: Filter) -> Filter:
    """The complement."""
    if part == NEVER:
        return ALWAYS
    return part["$not"] if list(part) == ["$not"] else {"$not": part}


def conjunction(parts: Sequence[Filter]) -> Filter:
    """All of the parts."""
    if NEVER in parts:
        return NEVER
    return _joined("and", [part for part in parts if part != ALWAYS], ALWAYS)


def disjunction(parts: Sequence[Filter]) -> Filter:
    """Some of the parts."""
    if ALWAYS in parts:
        return ALWAYS
    return _joined("or", [part for part in parts if part != NEVER], NEVER)


def _joined(junction: str, parts: list[Filter], of_none: Filter) -> Filter:
    if len(parts) < 2:  # noqa: PLR2004 - one is itself
        return parts[0] if parts else of_none
    flat = [inner for part in parts for inner in _flattened(junction, part)]
    merged: Filter = {}
    left = [part for part in flat if not _merge(part, merged)]
    group = {f"${junction}": left} if left else {}
    return {**({"junction": "or"} if junction == "or" and merged else {}), **merged, **group}


def _merge(part: Filter, merged: Filter) -> bool:
    """Give a filter one more member, if that means the same there: one operator with one value is the same under any junction, and so is a `$not`."""
    if len(part) != 1:
        return False
    ((key, value),) = part.items()
    if key == "$not":
        return merged.setdefault(key, value) is value
    if key.startswith("$") or len(value["conditions"]) != 1:
        return False
    ((name, operand),) = value["conditions"].items()
    if _asks_each(name, operand):
        return False
    conditions = merged.setdefault(key, {"conditions": {}})["conditions"]
    return name not in conditions and conditions.setdefault(name, operand) is operand


def _flattened(junction: str, part: Filter) -> list[Filter]:
    """The parts of a part that is joined by the same junction, each of one member; of several conditions of an attribute, each by itself."""
    members = {key: value for key, value in part.items() if key != "junction"}
    if part.get("junction", "and") != junction and (len(members) > 1 or not _is_group(junction, members)):
        return [part]
    parts: list[Filter] = []
    for key, value in members.items():
        if key == f"${junction}":
            parts += [inner for filter_ in value for inner in _flattened(junction, filter_)]
        elif key.startswith("$"):
            parts.append({key: value})
        elif any(_asks_each(name, operand) for name, operand in value["conditions"].items()):
            return [part]
        else:
            parts += [{key: {"conditions": {name: operand}}} for name, operand in value["conditions"].items()]
    return parts


def _is_group(junction: str, members: Filter) -> bool:
    return list(members) == [f"${junction}"]


def _asks_each(name: str, operand: Any) -> bool:
    """Whether several values have a verdict each, which the junction around them combines."""
    return isinstance(operand, list) and len(operand) > 1 and OPERATORS[name].takes is Takes.ONE


def finished(made: Filter, options: Options, path: Path = ()) -> Filter:
    """A filter that was made, once the language has read it.

    Raises:
        TranslationError: It is nested deeper than filters may be, or an operand is none of the language's.
    """
    _, faults, _ = parse_filter(made, options)
    if faults:
        deep = next((fault for fault in faults if fault.code == "too_deep"), None)
        reason = f"it is nested too deep: filters have at most {DEEPEST} levels" if deep else faults[0].message
        raise TranslationError(path, reason)
    return made


def when_unknown(made: Filter, key: str, options: Options, *, is_true: bool) -> Filter:
    """A filter of one attribute that is true, or false, where the attribute is unknown, whatever it was before."""
    predicate, faults, _ = parse_filter(made, options)
    if faults or holds(predicate, {}, lambda attribute: read(MISSING, attribute, options.calendar), NO_CLOCK) is is_true:
        return made
    return disjunction([condition(key, is_unknown=True), made]) if is_true else conjunction([condition(key, has_value=True), made])


def one_of(key: str, values: Sequence[Any]) -> Filter:
    """The value is one of a few texts, numbers and booleans, each of its own type where there are several types."""
    if len({bool if isinstance(value, bool) else str if isinstance(value, str) else float for value in values}) > 1:
        return disjunction([exactly(key, value) for value in values])
    return condition(key, **({"is": values[0]} if len(values) == 1 else {"in": list(values)}))


def exactly(key: str, value: Any) -> Filter:
    """A value of its own type alone, where text that looks like a number or a boolean may stand, too."""
    match value:
        case bool():
            return conjunction([condition(key, **{"is": value}), condition(key, not_contain=str(value).lower())])
        case str():
            return {key: {"conditions": {"$is": value, "$starts_with": ""}}}
        case _:
            return {key: {"conditions": {"$more_than_equal": value, "$less_than_equal": value}}}


def suited(key: str, constant: Any, options: Options, path: Path) -> None:
    """Refuse a constant that the attribute's declared type reads otherwise than other languages do.

    Raises:
        TranslationError: The attribute is a date, or of another type than the constant; or the constant is no scalar.
    """
    declared = options.attribute(key).type
    if not isinstance(constant, str | int | float):
        raise TranslationError(path, f"filters compare with text, numbers and booleans, not {article(json_type(constant))}")
    if declared in DATES:
        raise TranslationError(path, f"the attribute {shown(key)} is a date, which filters compare as a date, and other languages as text or a number")
    expected = {AttributeType.NUMBER: "number", AttributeType.BOOLEAN: "boolean", None: json_type(constant)}.get(declared, "string")
    if expected != json_type(constant):
        raise TranslationError(path, f"the attribute {shown(key)} is a {declared} and is compared with {article(json_type(constant))}")
