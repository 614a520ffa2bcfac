"""Filters over the whole language, derived from the operator table: a new operator is tested as soon as it has a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from segmentation.language.attributes import built_in_type
from segmentation.language.operators import OPERATORS, Operand, Operator, Takes
from segmentation.testing.strategies.choices import Choices, drawn
from segmentation.testing.strategies.operands import an_operand, one_value
from segmentation.testing.strategies.pools import ATTRIBUTES, LOCATIONS, Filter

__all__ = ["ROWS", "FilterMaker", "declared", "filter_maker", "filters", "made_filter", "operands", "type_of"]

_SECTIONS: Final[Mapping[str | None, tuple[str, ...]]] = {
    None: ("5.1", "5.2", "5.3", "5.8"),
    "string": ("5.1", "5.2"),
    "number": ("5.1", "5.3"),
    "boolean": ("5.1",),
    "date": ("5.1", "5.3", "5.4", "5.5", "5.6", "5.7"),
    "datetime": ("5.1", "5.3", "5.4", "5.5", "5.6", "5.7"),
    "geopoint": ("5.1", "5.2", "5.9"),
}
ROWS: Final = tuple(OPERATORS.values())
"""The rows of the operator table."""
_FITTING: Final[Mapping[str | None, tuple[Operator, ...]]] = {
    type_: tuple(operator for operator in ROWS if operator.section in sections) for type_, sections in _SECTIONS.items()
}
"""The operators that have a chance on an attribute of a type; any other one is chosen at times, too."""
_JUNCTIONS: Final = (None, None, "and", "or", "or", "OR", "And", "oR")


def type_of(key: str, attributes: Mapping[str, str | None]) -> str | None:
    """The type that an attribute of a pool has, declared or by itself."""
    own = built_in_type(key)
    return str(own) if own else attributes.get(key)


def declared(attributes: Mapping[str, str | None] = ATTRIBUTES) -> dict[str, str]:
    """The part of a pool of attributes that an engine is told of as `attributes`."""
    return {key: type_ for key, type_ in attributes.items() if type_ is not None}


@dataclass(slots=True)
class FilterMaker:
    """Makes filters over a few attributes of a pool."""

    choices: Choices
    attributes: Mapping[str, str | None]
    locations: Sequence[str]
    max_depth: int
    leaves: int
    keys: Sequence[str] = ()
    longest: int = 12

    def conditions(self, type_: str | None) -> dict[str, Any]:
        """The conditions of an attribute of a type."""
        choices = self.choices
        made: dict[str, Any] = {}
        for _ in choices.several(1, 3):
            operator = choices.pick(_FITTING[type_]) if not choices.once_in(4) else choices.pick(ROWS)
            if operator.operand is Operand.LOCATION and not self.locations:
                operator = OPERATORS["$is"]
            made[operator.name] = an_operand(choices, operator, type_, self.locations, self.longest)
            self.leaves -= 1
            if self.leaves <= 0:
                break
        return made

    def member(self, made: Filter, depth: int) -> None:
        """Give a filter one more member: an attribute, or filters inside it."""
        choices = self.choices
        form = choices.below(8) if depth > 1 else 0
        if form < 5:  # noqa: PLR2004 - most members are attributes
            key = choices.pick(self.keys)
            made[key] = {"conditions": self.conditions(type_of(key, self.attributes))}
        elif form == 5:  # noqa: PLR2004 - one of eight
            made["$not"] = self.filter(depth - 1)
        else:
            made["$or" if form == 6 else "$and"] = [self.filter(depth - 1) for _ in choices.several(1, 3)]  # noqa: PLR2004 - likewise

    def filter(self, depth: int) -> Filter:
        """A filter with at most so many levels."""
        choices = self.choices
        made: Filter = {}
        junction = choices.pick(_JUNCTIONS)
        first = junction is not None and not choices.once_in(4)
        if first:
            made["junction"] = junction
        for _ in choices.several(0 if choices.once_in(12) else 1, 4):
            if self.leaves <= 0:
                break
            self.member(made, depth)
        if junction is not None and not first:
            made["junction"] = junction
        return made


def made_filter(maker: FilterMaker, leaves: int) -> Filter:
    """A filter with at most so many conditions."""
    maker.leaves = leaves
    return maker.filter(maker.max_depth)


def filter_maker(choices: Choices, attributes: Mapping[str, str | None] | None, locations: Mapping[str, Any] | None, max_depth: int) -> FilterMaker:
    """A maker of filters over a few attributes of a pool. For the arguments see `filters`."""
    pool = ATTRIBUTES if attributes is None else attributes
    places = LOCATIONS if locations is None else locations
    keys = choices.some_of(list(pool), 1, 6)
    return FilterMaker(choices, pool, tuple(places), max_depth, 0, keys)


@st.composite
def filters(
    draw: DrawFn,
    attributes: Mapping[str, str | None] | None = None,
    locations: Mapping[str, Any] | None = None,
    max_depth: int = 3,
    max_leaves: int = 12,
) -> Filter:
    """Filters over the whole language.

    Args:
        draw: Given by Hypothesis.
        attributes: The pool of attribute keys, each with the type that the engine is told (None: none); default `ATTRIBUTES`.
        locations: The locations that the engine is told of; default `LOCATIONS`.
        max_depth: How many levels of filters may stand inside one another.
        max_leaves: How many conditions there may be at most.
    """
    return made_filter(filter_maker(drawn(draw), attributes, locations, max_depth), max_leaves)


@st.composite
def operands(
    draw: DrawFn,
    operator: str,
    type_: str | None = None,
    locations: Mapping[str, Any] | None = None,
    *,
    single: bool = False,
) -> Any:
    """What may stand to the right of an operator, on an attribute of a type; with `single`, one value and no array."""
    choices, row, places = drawn(draw), OPERATORS[operator], tuple(LOCATIONS if locations is None else locations)
    return one_value(choices, row, type_, places) if single and row.takes is not Takes.NOTHING else an_operand(choices, row, type_, places, longest=12)
