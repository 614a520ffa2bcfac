"""Laws of negation: complements, double negation, De Morgan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.language.operators import OPERATORS, Takes
from segmentation.testing import strategies as our

pytestmark = pytest.mark.usefixtures("indexed")

OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
NEGATIVES = [operator for operator in OPERATORS.values() if operator.negates]


def verdicts(data: st.DataObject, *filters: dict[str, Any]) -> list[list[bool]]:
    """For a few records that are near the filters: whether each filter holds."""
    now = data.draw(our.nows(), label="now")
    engine = SegmentEngine([{"id": str(number), "name": "", "filter": filter_} for number, filter_ in enumerate(filters)], **OPTIONS)
    records = data.draw(st.lists(our.records_for(filters, now=now, python_values=data.draw(st.booleans())), min_size=1, max_size=5), label="records")
    return [[str(number) in engine.segment_ids(record, now) for number in range(len(filters))] for record in records]


@given(st.data(), our.filters())
def test_not_is_the_complement(data: st.DataObject, filter_: dict[str, Any]) -> None:
    for plain, negated in verdicts(data, filter_, {"$not": filter_}):
        assert plain is not negated


@given(st.data(), our.filters())
def test_not_twice_changes_nothing(data: st.DataObject, filter_: dict[str, Any]) -> None:
    for plain, twice, thrice in verdicts(data, filter_, {"$not": {"$not": filter_}}, {"$not": {"$not": {"$not": filter_}}}):
        assert plain is twice is not thrice


@given(st.data(), our.filters(max_leaves=5), our.filters(max_leaves=5))
def test_de_morgan(data: st.DataObject, one: dict[str, Any], other: dict[str, Any]) -> None:
    filters = (
        {"$not": {"$and": [one, other]}},
        {"$or": [{"$not": one}, {"$not": other}]},
        {"$not": {"$or": [one, other]}},
        {"$and": [{"$not": one}, {"$not": other}]},
    )
    for not_both, either_not, not_either, both_not in verdicts(data, *filters):
        assert not_both is either_not
        assert not_either is both_not


def members(filter_: dict[str, Any]) -> list[dict[str, Any]]:
    """Each member as a filter of its own, under the junction of the whole."""
    junction = {"junction": filter_["junction"]} if "junction" in filter_ else {}
    return [{**junction, key: value} for key, value in filter_.items() if key != "junction"]


@given(st.data(), our.filters().filter(members))
def test_de_morgan_of_the_members_of_a_filter(data: st.DataObject, filter_: dict[str, Any]) -> None:
    is_or = filter_.get("junction", "and").lower() == "or"
    negated = {"$and" if is_or else "$or": [{"$not": member} for member in members(filter_)]}
    for plain, other in verdicts(data, filter_, negated):
        assert plain is not other


@pytest.mark.parametrize("operator", NEGATIVES, ids=lambda operator: operator.name)
@pytest.mark.parametrize("junction", ["and", "or"])
@given(data=st.data())
def test_a_negative_is_the_complement_of_its_positive(operator: Any, junction: str, data: st.DataObject) -> None:
    """For one value, or for a list that is one operand, under any junction."""
    key = data.draw(st.sampled_from(list(our.ATTRIBUTES)), label="key")
    operand = data.draw(our.operands(operator.negates, our.ATTRIBUTES[key], single=operator.takes is Takes.ONE), label="operand")
    filters = [{"junction": junction, key: {"conditions": {name: operand}}} for name in (operator.negates, operator.name)]
    for positive, negative in verdicts(data, *filters):
        assert positive is not negative


def test_the_operators_with_a_negative() -> None:
    assert {operator.name: operator.negates for operator in NEGATIVES} == {
        "$is_not": "$is",
        "$not_in": "$in",
        "$is_unknown": "$has_value",
        "$not_contain": "$contains",
        "$not_in_location": "$in_location",
    }


@given(our.json_objects(), our.filters())
@example({"name": float("nan")}, {"name": {"conditions": {"$is_not": "x"}}})
@example({}, {})
def test_not_is_the_complement_of_any_json_object(record: dict[str, Any], filter_: dict[str, Any]) -> None:
    engine = SegmentEngine([{"id": "plain", "name": "", "filter": filter_}, {"id": "negated", "name": "", "filter": {"$not": filter_}}], **OPTIONS)
    assert len(engine.segment_ids(record, our.NOW)) == 1
