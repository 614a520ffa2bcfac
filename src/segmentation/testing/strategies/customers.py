"""Customers for given segments, and customers and segments of all kinds, for tests of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from segmentation.engine import SegmentEngine
from segmentation.language.predicate import And, Listed, Predicate
from segmentation.model import Customer, Segment
from segmentation.testing.strategies.definitions import segments
from segmentation.testing.strategies.members import World, placed
from segmentation.testing.strategies.pools import ATTRIBUTES, NOW, Record
from segmentation.testing.strategies.witnesses import FILLERS, WRONG_TYPES, respellings

__all__ = ["any_customers", "any_segments", "customers_for"]

_MISSING = object()


def customers_for(
    segments: SegmentEngine | Segment | Mapping[str, Any] | Iterable[Segment | Mapping[str, Any]],
    *,
    now: datetime = NOW,
    missing: bool = True,
    wrong_types: bool = True,
    arrays: bool = True,
    **options: Any,
) -> SearchStrategy[Record]:
    """Customer records whose values are those that decide in the segments: equal to their constants, just below, just above, cut short, grown longer.

    A record has the attributes that the segments ask about, and no others; each is drawn by itself, so all combinations occur. Examples shrink to
    few attributes with plain values.

    Args:
        segments: An engine, whose options count, or definitions.
        now: The moment to which relative conditions refer: give it to the engine, too.
        missing: Whether attributes may be missing, or null.
        wrong_types: Whether values may be of a type that the conditions do not ask about: `"18"` for 18, an object for a text.
        arrays: Whether values may be arrays, of which any element may meet a condition.
        options: What an engine of the definitions has: `timezone`, `week_start`, `attributes`, `locations`.

    Raises:
        DefinitionError: A definition is faulty.
    """
    world = World.of(segments, now, options)
    near = world.near(And(tuple(world.predicates.values())))
    choices = {attribute.key: _values(values, missing=missing, wrong_types=wrong_types, arrays=arrays) for attribute, values in near.items()}
    names = [name for predicate in world.predicates.values() for name in _names(predicate)]
    if names and "id" not in choices:
        known = st.sampled_from([*sorted(set(names)), "nobody"])
        choices["id"] = st.just(_MISSING) | known if missing else known
    return _records(choices)


def _names(predicate: Predicate) -> list[str]:
    return sorted(predicate.customers)[:64] if isinstance(predicate, Listed) else []


@st.composite
def _records(draw: DrawFn, choices: Mapping[str, SearchStrategy[Any]]) -> Record:
    values = {key: draw(strategy) for key, strategy in choices.items()}
    return placed({key: value for key, value in values.items() if value is not _MISSING})


def _values(near: list[Any], *, missing: bool, wrong_types: bool, arrays: bool) -> SearchStrategy[Any]:
    plain = [value for value in near if arrays or not isinstance(value, list)] or list(FILLERS)
    pool: list[Any] = [_MISSING] if missing else []
    pool += plain
    if wrong_types:
        pool += [other for value in plain[:6] for other in respellings(value) if arrays or not isinstance(other, list)]
        pool += [value for value in WRONG_TYPES if (value is not None or missing) and (arrays or not isinstance(value, list))]
    elif missing:
        pool.append(None)
    found: SearchStrategy[Any] = st.sampled_from(pool).map(_copied)
    return found | st.lists(st.sampled_from(plain), max_size=3).map(deepcopy) if arrays else found


def _copied(value: Any) -> Any:
    """A copy that a test may change; the mark of what is missing stays what it is."""
    return value if value is _MISSING else deepcopy(value)


# What `st.from_type` answers

_UNDECLARED = dict.fromkeys(ATTRIBUTES)


def any_segments() -> SearchStrategy[Segment]:
    """Segments of every type over the whole language, that an engine without options accepts."""
    numbered = st.integers(0, 9_999).map("seg_{}".format)
    return st.builds(lambda definition, id_: Segment.model_validate({**definition, "id": id_}), segments(_UNDECLARED, {}), numbered)


def any_customers() -> SearchStrategy[Customer]:
    """Customers as the API has them, any field of which may be missing."""
    words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
    moments = st.datetimes(datetime(2000, 1, 1), datetime(2030, 12, 31)).map(lambda moment: f"{moment.isoformat(timespec='seconds')}Z")
    days = st.dates(datetime(1930, 1, 1).date(), datetime(2015, 12, 31).date()).map(lambda day: day.isoformat())
    amounts = st.integers(0, 100_000)
    scalars = st.none() | st.booleans() | st.integers(-1_000, 1_000) | st.floats(allow_nan=False, allow_infinity=False) | words | days
    fields: dict[str, SearchStrategy[Any]] = {
        "id": st.integers(0, 9_999).map("cust_{}".format),
        "source_id": words,
        "name": words,
        "email": st.integers(0, 9_999).map("customer{}@example.com".format),
        "phone": st.integers(0, 9_999).map("+1 555 {:04}".format),
        "birthdate": days,
        "created_at": moments,
        "address": st.fixed_dictionaries({}, optional={"city": words, "country": st.sampled_from(["PL", "PT", "US"]), "postal_code": words}) | st.none(),
        "metadata": st.dictionaries(words, scalars | st.lists(scalars, max_size=3), max_size=4),
        "summary": st.fixed_dictionaries({"orders": st.fixed_dictionaries({}, optional={"total_amount": amounts, "total_count": st.integers(0, 50)})}),
        "loyalty": st.fixed_dictionaries({"points": amounts}),
    }
    return st.fixed_dictionaries({}, optional=fields).map(Customer.model_validate)
