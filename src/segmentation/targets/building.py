"""Filters that are put together from parts, for importers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from segmentation.errors import TranslationError
from segmentation.language.attributes import AttributeType
from segmentation.language.dates import Clock
from segmentation.language.options import Options
from segmentation.language.outline import Path
from segmentation.language.parse import DEEPEST, parse_filter
from segmentation.language.data import read
from segmentation.language.attributes import MISSING
from segmentation.language.predicate import NO_CLOCK, holds

__all__ = ["ALWAYS", "Filter", "NEVER", "condition", "conjunction", "disjunction", "finished", "is_always", "is_never", "key_at", "negation", "when_unknown"]

Filter = dict[str, Any]

ALWAYS: Final[Filter] = {}
"""The filter that is true of every customer."""
NEVER: Final[Filter] = {"$not": {}}
"""The filter that is true of none."""


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
    merged: Filter = {"junction": "or"} if junction == "or" else {}
    left = []
    for part in flat:
        # An attribute's conditions combine by the junction around them, so they may stand together only when each had one and the same.
        if len(part) == 1 and not part.keys() & merged.keys() and not part.keys() & {"$and", "$or"} and _is_single(part):
            merged.update(part)
        else:
            left.append(part)
    if not left:
        return merged
    if not merged.keys() - {"junction"}:
        return {"$or" if junction == "or" else "$and": left}
    return {**merged, "$or" if junction == "or" else "$and": left}


def _flattened(junction: str, part: Filter) -> list[Filter]:
    group = f"${junction}"
    return part[group] if list(part) == [group] else [part]


def _is_single(part: Filter) -> bool:
    """Whether a filter of one member means the same under any junction: one operator with one value, or a group."""
    ((key, value),) = part.items()
    if key.startswith("$"):
        return True
    conditions = value["conditions"]
    return len(conditions) == 1 and not any(isinstance(operand, list) and len(operand) > 1 for operand in conditions.values())


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


DATES: Final = (AttributeType.DATE, AttributeType.DATETIME)
