"""Queries of MongoDB as filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from segmentation.errors import TranslationError, article, json_type, shown
from segmentation.language.options import Options
from segmentation.language.outline import Path
from segmentation.targets.building import NEVER, Filter, condition, conjunction, disjunction, finished, negation, one_of, suited, when_unknown

__all__ = ["from_mongo"]

_ORDER: Final = {
    "$gt": ("more_than", "after"),
    "$gte": ("more_than_equal", "after_equal"),
    "$lt": ("less_than", "before"),
    "$lte": ("less_than_equal", "before_equal"),
}
"""The operators that order, with ours for numbers and for dates."""


def from_mongo(
    query: Mapping[str, Any],
    *,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A query of MongoDB as a filter.

    The filter is true of a record exactly when the query finds the document, as long as what stands at each field is of the operand's type, or an
    array of such, or null, or absent. Absent and null are one thing to filters, so `$exists` asks whether there is a value.

    Args:
        query: A query with `$and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $exists $all $size`, or implicit equality.
        timezone: As for `SegmentEngine`; likewise the other options.
        week_start: Likewise.
        attributes: Likewise.
        locations: Likewise.

    Raises:
        TranslationError: Some part of the query cannot be said in the filter language; its `pointer` says where it stands.
        ValueError: Something is wrong with the options.

    Examples:
        >>> from_mongo({"age": {"$gte": 18, "$lt": 65}, "tier": {"$ne": None}})
        {'age': {'conditions': {'$more_than_equal': 18, '$less_than': 65}}, 'tier': {'conditions': {'$has_value': True}}}
    """
    options = Options.of(timezone, week_start, attributes, locations)
    return finished(_Reader(options).query(query, ()), options)


class _Reader:
    def __init__(self, options: Options) -> None:
        self.options = options

    def query(self, query: Any, path: Path) -> Filter:
        if not isinstance(query, Mapping):
            raise TranslationError(path, f"a query is an object, not {article(json_type(query))}")
        return conjunction([self.member(key, value, (*path, key)) for key, value in query.items()])

    def member(self, key: str, value: Any, here: Path) -> Filter:
        if key in ("$and", "$or", "$nor"):
            if not isinstance(value, list) or not value:
                raise TranslationError(here, f"{key} takes an array of queries")
            parts = [self.query(part, (*here, index)) for index, part in enumerate(value)]
            return conjunction(parts) if key == "$and" else negation(disjunction(parts)) if key == "$nor" else disjunction(parts)
        if not key or key.startswith("$"):
            raise TranslationError(here, f"{shown(key)} is not an operator that filters can say")
        if isinstance(value, Mapping) and any(str(name).startswith("$") for name in value):
            return self.operators(key, value, here)
        return self.equal(key, value, here)

    def operators(self, key: str, operators: Any, here: Path) -> Filter:
        if not isinstance(operators, Mapping) or not operators:
            raise TranslationError(here, f"operators are an object, not {article(json_type(operators))}")
        return conjunction([self.operator(key, name, operand, (*here, name)) for name, operand in operators.items()])

    def operator(self, key: str, name: str, operand: Any, here: Path) -> Filter:
        if name in _ORDER:
            return self.ordered(key, name, operand, here)
        if name not in _OPERATORS:
            raise TranslationError(here, f"{shown(name)} is not an operator that filters can say")
        return _OPERATORS[name](self, key, operand, here)

    def complement(self, key: str, operand: Any, here: Path) -> Filter:
        return negation(self.operators(key, operand, here))

    def unequal(self, key: str, operand: Any, here: Path) -> Filter:
        return condition(key, has_value=True) if operand is None else negation(self.equal(key, operand, here))

    def equal(self, key: str, operand: Any, here: Path) -> Filter:
        return self.any_of(key, [operand], here)

    def listed(self, key: str, operand: Any, here: Path) -> Filter:
        return self.any_of(key, self.values(operand, here), here)

    def not_listed(self, key: str, operand: Any, here: Path) -> Filter:
        return negation(self.listed(key, operand, here))

    def any_of(self, key: str, values: Sequence[Any], here: Path) -> Filter:
        """One of the values; null is what is absent, too."""
        known = [self.scalar(key, value, here) for value in values if value is not None]
        made = self.with_unknown(one_of(key, known), key) if known else NEVER
        return disjunction([condition(key, is_unknown=True), made]) if len(known) < len(values) else made

    def every(self, key: str, operand: Any, here: Path) -> Filter:
        values = self.values(operand, here)
        if not values:
            return NEVER
        return conjunction([self.equal(key, value, here) for value in values])

    def present(self, key: str, operand: Any, _: Path) -> Filter:
        return condition(key, has_value=True) if operand else condition(key, is_unknown=True)

    def sized(self, key: str, operand: Any, here: Path) -> Filter:
        if isinstance(operand, bool) or not isinstance(operand, int) or operand < 0:
            raise TranslationError(here, "$size takes a whole number, 0 or more")
        return self.with_unknown(condition(key, count=operand), key)

    def ordered(self, key: str, name: str, operand: Any, here: Path) -> Filter:
        ours, of_dates = _ORDER[name]
        if isinstance(operand, datetime):
            return condition(key, **{of_dates: _date_time(operand)})
        suited(key, operand, self.options, here)
        if isinstance(operand, bool) or not isinstance(operand, int | float):
            raise TranslationError(here, f"filters order numbers and dates, not {article(json_type(operand))}")
        return self.with_unknown(condition(key, **{ours: operand}), key)

    def with_unknown(self, made: Filter, key: str) -> Filter:
        """A counter is 0 where nothing is stored, and to MongoDB nothing is stored."""
        return when_unknown(made, key, self.options, is_true=False)

    def scalar(self, key: str, value: Any, here: Path) -> Any:
        if isinstance(value, datetime):
            return _date_time(value)
        suited(key, value, self.options, here)
        return value

    def values(self, operand: Any, here: Path) -> list[Any]:
        if not isinstance(operand, list):
            raise TranslationError(here, f"an array is expected, not {article(json_type(operand))}")
        return operand


def _date_time(moment: datetime) -> str:
    """MongoDB's date-times are in UTC."""
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).isoformat()


_OPERATORS: Final[dict[str, Callable[[_Reader, str, Any, Path], Filter]]] = {
    "$eq": _Reader.equal,
    "$ne": _Reader.unequal,
    "$in": _Reader.listed,
    "$nin": _Reader.not_listed,
    "$not": _Reader.complement,
    "$exists": _Reader.present,
    "$all": _Reader.every,
    "$size": _Reader.sized,
}
