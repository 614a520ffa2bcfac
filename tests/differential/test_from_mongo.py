"""Queries, read as filters, find the documents that mongomock finds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import mongomock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.errors import TranslationError
from segmentation.targets import from_mongo

NUMBERS = st.sampled_from([0, 1, -1, 2.5, 18, 1e3])
TEXTS = st.sampled_from(["a", "ab", "gold", ""])
MOMENTS = st.datetimes(datetime(1999, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
KEYS: dict[str, st.SearchStrategy[Any]] = {"n": NUMBERS, "m.n": NUMBERS, "t": TEXTS, "b": st.booleans(), "when": MOMENTS}


@st.composite
def operators(draw: st.DrawFn, key: str) -> Any:
    values = KEYS[key]
    forms = [
        st.builds(lambda name, value: {name: value}, st.sampled_from(["$eq", "$ne"]), st.one_of(st.none(), values)),
        st.builds(lambda name, listed: {name: listed}, st.sampled_from(["$in", "$nin"]), st.lists(st.one_of(st.none(), values), max_size=3)),
        st.builds(lambda listed: {"$all": listed}, st.lists(values, min_size=1, max_size=2)),  # of nothing, mongomock is not MongoDB, see below
    ]
    if key not in ("t", "b"):
        forms += [st.builds(lambda name, value: {name: value}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), values)] * 2
    made: dict[str, Any] = {}
    for form in draw(st.lists(st.sampled_from(forms), min_size=1, max_size=2)):
        made.update(draw(form))
    return draw(st.sampled_from([made, {"$not": made}]))


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(list(KEYS)))
    return {key: draw(st.one_of(st.none(), KEYS[key], operators(key), operators(key)))}


QUERIES = st.recursive(
    fields(),
    lambda inner: st.builds(lambda name, parts: {name: parts}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=6,
)
PRESENCE = st.one_of(
    st.builds(lambda key, value: {key: {"$exists": value}}, st.sampled_from(list(KEYS)), st.booleans()),
    st.builds(lambda size: {"ns": {"$size": size}}, st.integers(0, 3)),
)


@st.composite
def documents(draw: st.DrawFn, nulls: bool = True) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, values in KEYS.items():
        if draw(st.booleans()):
            inside = document.setdefault("m", {}) if "." in key else document
            inside[key.rpartition(".")[2]] = draw(st.one_of(*([st.none()] if nulls else []), values, values, st.lists(values, max_size=3)))
    if draw(st.booleans()):
        document["ns"] = draw(st.lists(NUMBERS, max_size=3))
    return document


def compare(query: dict[str, Any], found_in: list[dict[str, Any]]) -> None:
    collection = mongomock.MongoClient().shop.customers
    collection.insert_many([{**document, "_id": number} for number, document in enumerate(found_in)])
    filter_ = from_mongo(query)
    engine = SegmentEngine([{"id": "seg", "name": "", "filter": filter_}])
    expected = {document["_id"] for document in collection.find(query)}
    assert {number for number, document in enumerate(found_in) if engine.is_member(document, "seg")} == expected, f"{query!r} as {filter_!r}"


@given(QUERIES, st.lists(documents(), min_size=1, max_size=4))
def test_queries(query: dict[str, Any], found_in: list[dict[str, Any]]) -> None:
    compare(query, found_in)


@given(PRESENCE, st.lists(documents(nulls=False), min_size=1, max_size=4))
def test_presence(query: dict[str, Any], found_in: list[dict[str, Any]]) -> None:
    """Where no null is stored: to MongoDB a null exists."""
    compare(query, found_in)


@pytest.mark.parametrize(
    ("query", "filter_"),
    [
        ({}, {}),
        ({"tier": "gold", "age": {"$gt": 18}}, {"tier": {"conditions": {"$is": "gold"}}, "age": {"conditions": {"$more_than": 18}}}),
        ({"$or": [{"a": None}, {"b": {"$in": [1, 2]}}]}, {"junction": "or", "a": {"conditions": {"$is_unknown": True}}, "b": {"conditions": {"$in": [1, 2]}}}),
        ({"n": {"$all": []}}, {"$not": {}}),  # MongoDB's manual: an empty array matches no documents
        ({"events.a.count": {"$lt": 3}}, {"events.a.count": {"conditions": {"$has_value": True, "$less_than": 3}}}),
        ({"created_at": {"$gte": datetime(2026, 1, 1)}}, {"created_at": {"conditions": {"$after_equal": "2026-01-01T00:00:00+00:00"}}}),
        ({"created_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"created_at": {"conditions": {"$is": "2026-01-01T00:00:00+00:00"}}}),
    ],
    ids=str,
)
def test_what_filters_look_like(query: dict[str, Any], filter_: dict[str, Any]) -> None:
    assert from_mongo(query) == filter_


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ([], ""),
        ({"$where": "1"}, "/$where"),
        ({"$or": []}, "/$or"),
        ({"$or": [{"a": 1}, {"a": {"$regex": "^S"}}]}, "/$or/1/a/$regex"),
        ({"a": {"b": 1}}, "/a"),
        ({"a": [1]}, "/a"),
        ({"a": {"$gt": "x"}}, "/a/$gt"),
        ({"a": {"$gt": None}}, "/a/$gt"),
        ({"a": {"$in": 1}}, "/a/$in"),
        ({"a": {"$size": -1}}, "/a/$size"),
        ({"a": {"$not": 1}}, "/a/$not"),
        ({"created_at": {"$gt": 5}}, "/created_at/$gt"),
        ({"events.a.count": "5"}, "/events.a.count"),
    ],
    ids=str,
)
def test_refusals_have_a_place(query: Any, pointer: str) -> None:
    with pytest.raises(TranslationError) as caught:
        from_mongo(query)
    assert caught.value.pointer == pointer
