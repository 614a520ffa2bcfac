"""Neither order nor repetition nor grouping of what stands in a filter matters; the order of the segments is the order of the answer."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.testing import strategies as our

pytestmark = pytest.mark.usefixtures("indexed")

OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}


def shuffled(document: Any, source: random.Random) -> Any:
    """The same with keys, members and the values of operands in another order."""
    if isinstance(document, dict):
        keys = source.sample(list(document), len(document))
        return {key: shuffled(document[key], source) for key in keys}
    if isinstance(document, list):
        return [shuffled(value, source) for value in source.sample(document, len(document))]
    return document


def doubled(filter_: dict[str, Any]) -> dict[str, Any]:
    """The same with everything said twice."""
    changed: dict[str, Any] = {}
    for key, value in filter_.items():
        if key in ("$and", "$or"):
            changed[key] = [doubled(inner) for inner in value] * 2
        elif key == "$not":
            changed[key] = {"$and": [doubled(value), value]}
        elif key == "junction":
            changed[key] = value
        else:
            changed[key] = {"conditions": {name: operand * 2 if isinstance(operand, list) else operand for name, operand in value["conditions"].items()}}
    return changed


def regrouped(filter_: dict[str, Any]) -> dict[str, Any]:
    """The same with every member in a group of its own."""
    junction = filter_.get("junction", "and")
    members = [{"junction": junction, key: value} for key, value in filter_.items() if key != "junction"]
    return {"$or" if junction.lower() == "or" else "$and": [{"$and": [member]} for member in members]} if members else {"$and": [{}]}


def answers(data: st.DataObject, *filters: dict[str, Any]) -> list[list[str]]:
    now = data.draw(our.nows(), label="now")
    engine = SegmentEngine([{"id": str(number), "name": "", "filter": filter_} for number, filter_ in enumerate(filters)], **OPTIONS)
    records = data.draw(st.lists(our.records_for(filters[0], now=now, python_values=data.draw(st.booleans())), min_size=1, max_size=5), label="records")
    return [engine.segment_ids(record, now) for record in records]


@given(st.data(), our.filters(), st.integers(0, 2**32))
def test_order_repetition_and_grouping_do_not_matter(data: st.DataObject, filter_: dict[str, Any], seed: int) -> None:
    for found in answers(data, filter_, shuffled(filter_, random.Random(seed)), doubled(filter_), regrouped(filter_)):
        assert found in ([], ["0", "1", "2", "3"])


@given(our.segment_sets(), our.json_objects(), st.randoms(use_true_random=False))
def test_answers_follow_the_order_of_the_segments(segments: list[dict[str, Any]], record: dict[str, Any], source: random.Random) -> None:
    order = source.sample(segments, len(segments))
    found = SegmentEngine(segments, **OPTIONS).segment_ids(record, our.NOW)
    assert SegmentEngine(order, **OPTIONS).segment_ids(record, our.NOW) == [segment["id"] for segment in order if segment["id"] in found]


@given(st.data(), our.segment_sets(min_size=1))
def test_a_record_is_its_members_in_any_order(data: st.DataObject, segments: list[dict[str, Any]]) -> None:
    record = data.draw(our.records_for(segments), label="record")
    engine = SegmentEngine(segments, **OPTIONS)
    assert engine.segment_ids(dict(reversed(record.items())), our.NOW) == engine.segment_ids(record, our.NOW)


@given(st.data(), our.segment_sets(min_size=1))
def test_a_segment_is_true_whatever_stands_beside_it(data: st.DataObject, segments: list[dict[str, Any]]) -> None:
    now = data.draw(our.nows(), label="now")
    record = data.draw(our.records_for(segments, now=now, python_values=data.draw(st.booleans())), label="record")
    alone = [segment["id"] for segment in segments if SegmentEngine([segment], **OPTIONS).segment_ids(record, now)]
    assert SegmentEngine(segments, **OPTIONS).segment_ids(record, now) == alone
