"""A rule that is written says, over the data that is made, what the filter says of the record: by the engine and by two evaluators of other authors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import datalogic_py
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from json_logic import jsonLogic

from segmentation import SegmentEngine
from segmentation.errors import TranslationError, is_utf8
from segmentation.language.checks import Facet, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window
from segmentation.language.operators import OPERATORS
from segmentation.language.options import Options
from segmentation.language.parse import parse_filter
from segmentation.language.predicate import leaves
from segmentation.targets import from_jsonlogic, to_jsonlogic, to_jsonlogic_data
from segmentation.targets.views import VIEWS, attribute_of, path_of, view_of
from segmentation.testing import strategies as our
from segmentation.testing.strategies.filters import type_of

OPTIONS: dict[str, Any] = {"timezone": "UTC", "week_start": "monday", "attributes": our.declared(), "locations": dict(our.LOCATIONS)}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def agreed(rule: dict[str, Any], data: dict[str, Any]) -> Any:
    """The answer of both evaluators. Text with lone surrogates is not what datalogic reads, and then panzi answers alone."""
    answer = jsonLogic(rule, data)
    if is_utf8(json.dumps(data, ensure_ascii=False)):
        other = datalogic_py.apply(json.dumps(rule), json.dumps(data, allow_nan=False))
        assert answer is other, f"{answer!r} says one, {other!r} the other, of {rule!r} over {data!r}"
    return answer


def compare(filter_: Mapping[str, Any], record: Mapping[str, Any], now: datetime = NOW, options: Mapping[str, Any] = OPTIONS) -> dict[str, Any]:
    """The rule of a filter, after both evaluators have said of the record what the engine says."""
    rule = to_jsonlogic(filter_, **options)
    try:
        back = from_jsonlogic(rule, **options)
    except TranslationError as refusal:
        pytest.fail(f"{refusal}: {filter_!r}")
    data = to_jsonlogic_data(record, now, **options)
    engine = SegmentEngine([{"id": "seg", "name": "", "filter": filter_}, {"id": "back", "name": "", "filter": back}], **options)
    assert engine.is_member(record, "seg", now) is engine.is_member(record, "back", now), f"{filter_!r}\nof {record!r}\nas {rule!r}\nis read as {back!r}"
    assert agreed(rule, data) is engine.is_member(record, "seg", now), f"{filter_!r}\nof {record!r}\nas {rule!r}\nover {data!r}"
    return rule


def on(key: str, operator: str, operand: Any = True) -> dict[str, Any]:
    return {key: {"conditions": {operator: operand}}}


@given(st.data(), our.filters(), our.engine_options())
def test_written_rules_say_what_filters_say(data: st.DataObject, filter_: dict[str, Any], options: dict[str, Any]) -> None:
    now = data.draw(our.nows(options["timezone"]), label="now")
    records = data.draw(st.lists(our.records_for([filter_], now=now, python_values=data.draw(st.booleans())), min_size=1, max_size=4), label="records")
    try:
        to_jsonlogic(filter_, **options)
    except TranslationError as refusal:
        assert refusal.pointer
        return
    for record in records:
        compare(filter_, record, now, options)


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda operator: operator.name)
@given(data=st.data())
def test_every_operator(operator: Any, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(list(our.ATTRIBUTES)), label="key")
    filter_ = on(key, operator.name, data.draw(our.operands(operator.name, type_of(key, our.ATTRIBUTES)), label="operand"))
    now = data.draw(our.nows(), label="now")
    record = data.draw(our.records_for([filter_], now=now, python_values=data.draw(st.booleans())), label="record")
    try:
        compare(filter_, record, now)
    except TranslationError as refusal:
        assert refusal.pointer.startswith("/")


@given(our.json_objects())
def test_data_is_made_of_anything(record: dict[str, Any]) -> None:
    json.dumps(to_jsonlogic_data(record, NOW, **OPTIONS), allow_nan=False)


@pytest.mark.parametrize(
    ("filter_", "record"),
    [
        (on("x", "$is", "1d"), {"x": "24h"}),  # durations of equal length, to datalogic
        (on("x", "$in", ["60s", "a"]), {"x": "1m"}),
        (on("x", "$is", "2026-01-01T00:00:00Z"), {"x": "2026-01-01T00:00:00.0Z"}),
        (on("x", "$ends_with", "60s"), {"x": "a 01m"}),
        (on("x", "$starts_with", "60s"), {"x": "01m b"}),
        (on("x", "$less_than", 18), {}),  # null is 0 to JsonLogic
        (on("x", "$more_than", 18), {"x": "19"}),
        (on("x", "$more_than", 18), {"x": [19]}),
        (on("x", "$is", 1), {"x": True}),
        (on("x", "$is", True), {"x": 1}),
        (on("x", "$is", 0), {"x": False}),
        (on("x", "$is", 0), {"x": -0.0}),
        (on("x", "$is", ""), {"x": ""}),
        (on("x", "$is", ""), {"x": []}),
        (on("x", "$starts_with", ""), {"x": ""}),
        (on("x", "$contains", ""), {"x": None}),
        (on("x", "$is", 2**53 + 1), {"x": 2**53}),
        (on("x", "$is", 2**53 + 1), {"x": 2**53 + 1}),
        (on("x", "$is", "9007199254740993"), {"x": 2**53 + 1}),
        (on("x", "$is", 10**22), {"x": 1e22}),
        (on("x", "$more_than", 2**53), {"x": 2**53 + 1}),
        (on("x", "$less_than", -(2**53)), {"x": float("-inf")}),
        (on("x", "$in", []), {"x": 1}),
        (on("x", "$not_in", []), {}),
        (on("x", "$includes", []), {"x": None}),
        (on("events.a b.c.count", "$includes", []), {}),
        (on("events.a.count", "$less_than", 1), {}),
        (on("events.a.count", "$less_than", 1), {"events": {"a": {"count": []}}}),
        (on("events.a.count", "$less_than", 1), {"events": {"a": {"count": "none"}}}),
        (on("events.a.count", "$count", 1), {"events": {"a": {"count": "none"}}}),
        (on("events.a.count", "$is_unknown"), {"events": {"a": {"count": "none"}}}),
        (on("a.b", "$is", 1), {"a.b": 1, "a": {"b": 2}}),
        (on("a.b", "$is", 2), {"a.b": None, "a": {"b": 2}}),
        (on("a..b", "$is", 1), {"a": {"": {"b": 1}}}),
        (on("a.$text", "$is", 1), {"a": {"$text": 1}}),
        (on("a.~1text", "$is", 1), {"a": {"$text": 1}}),
        (on("a.~", "$is", 1), {"a": {"": 1}}),
        (on("1.length", "$is", 1), {"1": {"length": 1}}),
        (on("city", "$is", "Rome"), {"address": {"city": "Rome"}}),
        (on("city", "$is", "Rome"), {"address.city": "Rome"}),
        (on("loyalty_tier.campaigns.Gold. Club", "$is", "x"), {"loyalty": {"campaigns": {"Gold. Club": {"loyalty_tier": "x"}}}}),
        (on("loyalty_points.campaigns.A.points", "$more_than", 2), {"loyalty": {"campaigns": {"A": {"points": 3}}}}),
        (on("x", "$after", "2026-01-01"), {"x": "2026-01-02"}),
        (on("x", "$is", "2026-01-02"), {"x": date(2026, 1, 2)}),
        (on("x", "$is", 324), {"x": date(2026, 1, 2)}),
        (on("x", "$starts_with", "2026"), {"x": date(2026, 1, 2)}),
        (on("x", "$more_than", 0.5), {"x": datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)}),
        (on("x", "$is", 1.1), {"x": Decimal("1.1")}),
        (on("created_at", "$more_than", 200_000), {"created_at": "0001-01-01T00:00:00Z"}),
        (on("created_at", "$more_than", 1e300), {"created_at": "0001-01-01T00:00:00Z"}),
        (on("created_at", "$after", "9999-12-31T23:59:59.999998Z"), {"created_at": "9999-12-31T23:59:59.999999Z"}),
        (on("created_at", "$is", "1066-10-14T09:00:00.000001Z"), {"created_at": "1066-10-14T09:00:00.000002Z"}),
        (on("birthdate", "$is_more_days_ago", 10**30), {"birthdate": "0001-01-01"}),
        (on("birthdate", "$is_less_days_ago_md", 10**30), {"birthdate": "2000-02-29"}),
        (on("birthdate", "$is_more_days_ago_md", 365), {"birthdate": "2000-02-29"}),
        (on("birthdate", "$is_more_days_ago_md", 0), {"birthdate": "1990-11-22"}),
        (on("birthdate", "$is_days_ago_md", 364), {"birthdate": "2000-11-23"}),
        ({}, {}),
        ({"junction": "or"}, {}),
        ({"$not": {}}, {}),
    ],
    ids=str,
)
def test_traps(filter_: dict[str, Any], record: dict[str, Any]) -> None:
    """Where JsonLogic, or one of its evaluators, would say something else of the plain record; of the complement, too."""
    compare(filter_, record)
    compare({"$not": filter_}, record)


@pytest.mark.parametrize(
    ("filter_", "place"),
    [
        (on("x", "$more_than", 2**53 + 1), "/x/conditions/$more_than"),
        ({"$or": [{}, on("x", "$starts_with", "\U0001f600")]}, "/$or/1/x/conditions/$starts_with"),
        (on("birthdate", "$is_days_ago_md", 365), "/birthdate/conditions/$is_days_ago_md"),
        (on("x", "$is", "\ud800"), "/x/conditions/$is"),
        (on("\ud800", "$is", "x"), "/\ud800/conditions/$is"),
    ],
)
def test_refusals_have_a_place(filter_: dict[str, Any], place: str) -> None:
    with pytest.raises(TranslationError) as caught:
        to_jsonlogic(filter_, **OPTIONS)
    assert caught.value.pointer == place
    with pytest.raises(TranslationError) as caught:
        to_jsonlogic({"id": "seg", "name": "", "filter": filter_}, **OPTIONS)
    assert caught.value.pointer == f"/filter{place}"


@pytest.mark.parametrize("record", [{}, {"id": "a"}, {"source_id": "1d"}, {"id": 1, "source_id": "24h"}, {"id": ["a"]}, {"id": None, "source_id": "a"}])
@pytest.mark.parametrize("customers", [[], ["a"], ["1d", "b"], ["1"]])
def test_static_segments(record: dict[str, Any], customers: list[str]) -> None:
    segment = {"id": "seg", "name": "", "customers": customers}
    expected = SegmentEngine([segment]).is_member(record, "seg", NOW)
    assert agreed(to_jsonlogic(segment, attributes={"id": "number"}), to_jsonlogic_data(record, NOW, attributes={"id": "number"})) is expected


@given(our.filters())
def test_rules_use_only_what_evaluators_agree_on(filter_: dict[str, Any]) -> None:
    def operators(rule: Any) -> set[str]:
        if isinstance(rule, dict):
            ((name, operands),) = rule.items()
            return {name}.union(*map(operators, operands)) if name != "var" else {name}
        return set()

    try:
        rule = to_jsonlogic(filter_, **OPTIONS)
    except TranslationError:
        return
    assert operators(rule) <= {"and", "or", "!", "===", "<", "<=", ">", ">=", "in", "some", "substr", "var"}
    assert json.loads(json.dumps(rule, allow_nan=False)) == rule


def test_every_check_of_every_operator_has_a_view() -> None:
    """The closed set of facets and constraints, for an attribute of every type."""
    constraints = {
        Facet.TEXT: (OneOf, Prefix, Suffix, Substring), Facet.NUMBER: (OneOf, Interval), Facet.BOOLEAN: (OneOf,), Facet.POINT: (Inside,),
        Facet.INSTANT: (OneOf, Interval), Facet.AGE: (Interval,), Facet.ANNIVERSARY: (Window,),
    }  # fmt: skip
    operands = ("a", "1", 1, True, "2026-01-02", "2026-01-02T03:04:05Z", "--01-02", next(iter(our.LOCATIONS)))
    seen = set()
    for type_ in (None, "string", "number", "boolean", "date", "datetime", "geopoint"):
        options = Options.of(attributes={"x": type_} if type_ else {}, locations=dict(our.LOCATIONS))
        for operator in OPERATORS:
            for operand in operands:
                predicate, faults, _ = parse_filter(on("x", operator, operand), options)
                for leaf in leaves(predicate) if not faults else []:
                    for check in leaf.checks:
                        assert isinstance(check.constraint, constraints.get(check.facet, (OneOf, Interval)))
                        if check.facet not in (Facet.KNOWN, Facet.PRESENT, Facet.COUNT):
                            seen.add(view_of(check, leaf.attribute))
    assert seen == set(VIEWS)


@given(st.text(alphabet=".~$a01é", min_size=1))
@example("~1.$.~0..")
def test_paths_are_read_back(key: str) -> None:
    assert attribute_of(path_of(key, "$text")) == (key, "$text")
