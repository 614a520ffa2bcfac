"""Definitions that are faulty in every way that JSON allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from segmentation.language.operators import REFUSED, Operand, Takes
from segmentation.testing.strategies.choices import Choices, drawn
from segmentation.testing.strategies.definitions import made_segment
from segmentation.testing.strategies.filters import ROWS, FilterMaker, filter_maker, made_filter
from segmentation.testing.strategies.pools import Filter, Segment

__all__ = ["invalid_documents"]

_NOT_TEXT: Final[tuple[Any, ...]] = (None, 5, True, [], {}, 1.5)
_NOT_OBJECTS: Final[tuple[Any, ...]] = (None, 5, True, [], "x", 0.5, [{}])
_BAD_SEGMENT: Final[Mapping[str, tuple[Any, ...]]] = {
    "id": (*_NOT_TEXT, "", "\ud83d"),
    "name": (*_NOT_TEXT, "\udc00"),
    "type": (*_NOT_TEXT, "dynamic", "Static", "auto_update"),
    "created_at": (5, True, "2026-01-01", "yesterday", [], "2026-01-01T25:00:00Z"),
    "updated_at": (5, {}, "", "2026-02-30T00:00:00Z"),
    "object": (None, "list", 5, "Segment"),
}
_BAD_OPERANDS: Final[Mapping[Operand, tuple[Any, ...]]] = {
    Operand.VALUE: (None, {}, [[]], [None], [["a"]], math.nan, math.inf, {"a": 1}, [1, None], 10**4000),
    Operand.TEXT: (None, {}, [[]], [None], -math.inf, [{}]),
    Operand.NUMBER: (None, "x", True, "2026-01-01", " 1", "1e999", "01", "", [1, "x"], {}, "+1", "0x1"),
    Operand.DAYS: (None, -1, 1.5, "x", True, "-1", "2026-01-01", [1, -1], 0.1),
    Operand.YEARS: (None, -1, 1.5, "x", False, [[1]]),
    Operand.COUNT: (None, -1, 1.5, "x", "1.5", {}),
    Operand.DATE: (None, 5, True, "x", "2026-02-30", "--02-30", "2026-01-01T25:00", "2026", "02-28", "0000-01-01", ["2026-01-01", "tomorrow"]),
    Operand.DAY_OF_MONTH: (None, 0, 32, 1.5, "x", True),
    Operand.MONTH: (None, 0, 13, "May", -1),
    Operand.YEAR: (None, 0, 10_000, "26x", 2026.5),
    Operand.MONTH_DAY: (None, 5, "02-30", "2-3", "x", "2026-02-30", "2026-01-01T00:00:00Z", "--2-3"),
    Operand.LOCATION: (None, 5, "nowhere", True, ["warsaw", "Warsaw"], {}),
}
_FAULTY_OPERATORS: Final = (*REFUSED, "$start_with", "is", "$IS", "", "$not_starts_with", "$regex", "$", "$eq")
_GOOD: Final = {"conditions": {"$is": "x"}}


def _bad_condition(choices: Choices) -> dict[str, Any]:
    if choices.once_in(4):
        return {choices.pick(_FAULTY_OPERATORS): choices.pick((1, "x", [1], None))}
    operator = choices.pick([operator for operator in ROWS if operator.operand is not Operand.ANYTHING])
    if operator.takes is Takes.ONE and choices.once_in(6):
        return {operator.name: []}
    return {operator.name: choices.pick(_BAD_OPERANDS[operator.operand])}


def _bad_member(choices: Choices) -> dict[str, Any]:
    """A member that makes a filter faulty, wherever it stands."""
    match choices.below(10):
        case 0 | 1 | 2:
            return {choices.pick(("name", "metadata.a~b/c", "x")): {"conditions": _bad_condition(choices)}}
        case 3:
            return {"junction": choices.pick(("xor", "", "and ", None, 5, [], {"conditions": {"$is": 1}}))}
        case 4:
            return {choices.pick(("$and", "$or")): choices.pick((None, 5, "x", {}, [], [5], [None], [[]], {"name": _GOOD}))}
        case 5:
            return {"$not": choices.pick((None, 5, "x", [], [{}]))}
        case 6:
            return {choices.pick(("$nor", "$is", "$", "$AND", "$has_value", "")): choices.pick(({}, [{}], True, _GOOD))}
        case 7:
            return {"name": choices.pick((*_NOT_OBJECTS, {}, {"$is": "x"}, {"conditions": {"$is": "x"}, "more": 1}, {"Conditions": {"$is": "x"}}))}
        case 8:
            return {"name": {"conditions": choices.pick((*_NOT_OBJECTS, {}))}}
        case _:
            return _nested(choices.pick(("$not", "$and", "$or")), 64 + choices.below(3) * 40)


def _nested(key: str, levels: int) -> Filter:
    """A filter that reaches that many levels further down."""
    made: Filter = {"name": _GOOD}
    for _ in range(levels):
        made = {key: made if key == "$not" else [made]}
    return made


def _broken_filter(choices: Choices, filter_: Filter) -> Filter:
    """The filter with a faulty member in it, on any level."""
    groups = [key for key in ("$not", "$and", "$or") if key in filter_]
    if groups and choices.once_in(2):
        key = choices.pick(groups)
        inner = filter_[key]
        if key == "$not":
            return {**filter_, key: _broken_filter(choices, inner)}
        index = choices.below(len(inner))
        return {**filter_, key: [*inner[:index], _broken_filter(choices, inner[index]), *inner[index + 1 :]]}
    return (
        {**filter_, **_bad_member(choices)}
        if choices.once_in(2)
        else {**_bad_member(choices), **{key: filter_[key] for key in filter_ if key not in ("junction", *groups, "name")}}
    )


def _broken_segment(choices: Choices, maker: FilterMaker, id_: str) -> Any:
    """A definition that is certainly faulty."""
    dynamic: Segment = {"id": id_, "name": "Broken", "type": choices.pick(("passive", "auto-update")), "filter": made_filter(maker, 6)}
    static: Segment = {"id": id_, "name": "Broken", "type": "static", "customers": ["cust_1"]}
    match choices.below(10):
        case 0 | 1 | 2 | 3:
            return {**dynamic, "filter": _broken_filter(choices, dynamic["filter"])}
        case 4:
            key = choices.pick(list(_BAD_SEGMENT))
            return {**choices.pick((dynamic, static)), key: choices.pick(_BAD_SEGMENT[key])}
        case 5:
            missing = choices.pick(("id", "name", "filter"))
            return {key: value for key, value in dynamic.items() if key != missing}
        case 6:
            return {**dynamic, "filter": choices.pick(_NOT_OBJECTS)}
        case 7:
            return choices.pick(({**dynamic, "customers": []}, {**dynamic, "customers": 5}, {**static, "filter": {}}, {**static, "filter": 5}))
        case 8:
            return {**static, "customers": choices.pick((5, True, "cust_1", {}, [5], ["cust_1", None], [["cust_1"]], 0))}
        case _:
            return choices.pick((None, 5, True, "seg", [], [[dynamic]], {}, {"data": [dynamic]}, {**dynamic, "id": ""}))


@st.composite
def invalid_documents(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> list[Any]:
    """Lists of segment definitions of which at least one is faulty, in any way that JSON allows; the others are valid. For the arguments see `filters`."""
    choices = drawn(draw)
    maker = filter_maker(choices, attributes, locations, 3)
    made: list[Any] = [made_segment(choices, maker, f"seg_{number}", 4) for number, _ in enumerate(choices.several(0, 2))]
    for number, _ in enumerate(choices.several(1, 3)):
        made.insert(choices.below(len(made) + 1), _broken_segment(choices, maker, f"bad_{number}"))
    return made
