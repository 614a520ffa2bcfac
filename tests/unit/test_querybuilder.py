"""Queries of react-querybuilder as filters: what the component documents, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.errors import TranslationError
from segmentation.targets import from_querybuilder

CUSTOMERS: list[dict[str, Any]] = [
    {},
    {"name": None, "age": None, "tags": None},
    {"name": "Stev", "age": 28, "tags": []},
    {"name": "Steve", "age": 29.5, "tags": ["a"], "vip": True, "since": "2026-01-02"},
    {"name": "eve", "age": -1, "tags": ["a", "b"], "vip": False, "since": "2025-12-31"},
    {"name": "A, B", "age": 30, "tags": ["b", "c"], "loyalty": {"points": 0}},
]


def members(query: Any) -> list[int]:
    """Which of the customers the query holds of."""
    engine = SegmentEngine([{"id": "seg", "name": "", "filter": from_querybuilder(query)}])
    return [number for number, customer in enumerate(CUSTOMERS) if engine.is_member(customer, "seg")]


def rule(field: str, operator: str, value: Any = "", **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value, **more}


def group(*rules: Any, combinator: str = "and", **more: Any) -> dict[str, Any]:
    return {"combinator": combinator, "rules": list(rules), **more}


def matched(mode: str, *rules: Any, threshold: int | None = None, combinator: str = "and") -> dict[str, Any]:
    match = {"mode": mode} if threshold is None else {"mode": mode, "threshold": threshold}
    return group(rule("tags", "=", group(*rules, combinator=combinator), match=match))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rule("name", "=", "Steve"), [3]),
        (rule("name", "!=", "Steve"), [0, 1, 2, 4, 5]),
        (rule("name", "beginsWith", "Ste"), [2, 3]),
        (rule("name", "doesNotBeginWith", "Ste"), [0, 1, 4, 5]),
        (rule("name", "endsWith", "eve"), [3, 4]),
        (rule("name", "doesNotEndWith", "eve"), [0, 1, 2, 5]),
        (rule("name", "contains", "tev"), [2, 3]),
        (rule("name", "doesNotContain", "tev"), [0, 1, 4, 5]),
        (rule("name", "null"), [0, 1]),
        (rule("name", "notNull"), [2, 3, 4, 5]),
        (rule("name", "=", None), [0, 1]),
        (rule("name", "!=", None), [2, 3, 4, 5]),
        (rule("name", "in", "Stev, eve,"), [2, 4]),
        (rule("name", "in", ["Stev", "eve"]), [2, 4]),
        (rule("name", "in", "A\\, B"), [5]),
        (rule("name", "notIn", "Stev,eve"), [0, 1, 3, 5]),
        (rule("age", "=", "28"), [2]),
        (rule("age", "<", "28"), [4]),
        (rule("age", "<=", 28), [2, 4]),
        (rule("age", ">", " 28 "), [3, 5]),
        (rule("age", ">=", "29.5"), [3, 5]),
        (rule("age", "between", "28,29.5"), [2, 3]),
        (rule("age", "between", [28, "30"]), [2, 3, 5]),
        (rule("age", "notBetween", "28,29.5"), [0, 1, 4, 5]),
        (rule("age", "BETWEEN", "29.5,28"), [2, 3]),
        (rule("age", "in", 28), [2]),
        (rule("name", "notnull"), [2, 3, 4, 5]),
        (rule("name", "=", "Steve", match={}), [3]),
        (rule("vip", "=", True), [3]),
        (rule("since", ">", "2026-01-01"), [3]),
        (rule("since", "between", "2025-12-31,2026-01-01"), [4]),
        (rule("loyalty.points", "<", 1), [5]),
        (rule("loyalty.points", "!=", 0), [0, 1, 2, 3, 4]),
    ],
    ids=str,
)
def test_operators(one: dict[str, Any], expected: list[int]) -> None:
    assert members(group(one)) == expected
    assert members({**group(one), "not": True}) == [number for number in range(len(CUSTOMERS)) if number not in expected]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (matched("some", rule("", "=", "a")), [3, 4]),
        (matched("some", rule("", "=", "a"), rule("", "=", "c"), combinator="or"), [3, 4, 5]),
        (matched("atLeast", rule("", "beginsWith", "c"), threshold=1), [5]),
        (matched("none", rule("", "=", "a")), [0, 1, 2, 5]),
        (matched("exactly", rule("", "=", "a"), threshold=0), [0, 1, 2, 5]),
        (matched("atMost", rule("", "in", "b,c"), threshold=0), [0, 1, 2, 3]),
        (matched("atmost", rule("", "=", "c"), threshold=0), [0, 1, 2, 3, 4]),
        (matched("all", rule("", "!=", "b")), [0, 1, 2, 3]),
    ],
    ids=str,
)
def test_match_modes(query: dict[str, Any], expected: list[int]) -> None:
    assert members(query) == expected


STEVE, OLD, VIP = rule("name", "beginsWith", "Ste"), rule("age", ">", 28), rule("vip", "=", True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (group(), [0, 1, 2, 3, 4, 5]),
        ({**group(), "not": True}, [0, 1, 2, 3, 4, 5]),
        (group(STEVE, OLD), [3]),
        (group(STEVE, OLD, combinator="OR"), [2, 3, 5]),
        (group(group(STEVE, OLD, combinator="or"), VIP), [3]),
        (group(STEVE, {**OLD, "muted": True}), [2, 3]),
        (group(STEVE, group(OLD, muted=True)), [2, 3]),
        (group(STEVE, rule("~", "=")), [2, 3]),
        (group(STEVE, rule("age", "~")), [2, 3]),
        (group({**STEVE, "disabled": True}), [2, 3]),
        ({"rules": []}, [0, 1, 2, 3, 4, 5]),
        (group(OLD, muted=True), [0, 1, 2, 3, 4, 5]),
        ({"rules": [OLD, "or", STEVE, "and", VIP]}, [3, 5]),
        ({"rules": [VIP, "and", STEVE, "or", OLD]}, [3, 5]),
        ({"rules": [{**VIP, "muted": True}, "or", OLD]}, [3, 5]),
        ({"rules": [OLD, "and", {**VIP, "muted": True}, "or", STEVE]}, [2, 3, 5]),
        ({"rules": [OLD, "and", {"rules": [VIP, "or", STEVE], "not": True}]}, [5]),
    ],
    ids=str,
)
def test_groups(query: dict[str, Any], expected: list[int]) -> None:
    assert members(query) == expected


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ([], ""),
        ({}, "/rules"),
        (group("and"), "/rules/0"),
        (group(combinator="xor"), "/combinator"),
        ({"rules": [OLD, "xor", STEVE]}, "/rules/1"),
        ({"rules": [OLD, STEVE]}, "/rules/1"),
        ({"rules": [OLD, "and"]}, "/rules/1"),
        (group(rule("", "=")), "/rules/0/field"),
        (group(rule("$and", "=")), "/rules/0/field"),
        (group(rule("a", "like", "x")), "/rules/0/operator"),
        (group(rule("a", "=", "b", valueSource="field")), "/rules/0/valueSource"),
        (group(rule("a", "=", {"b": 1})), "/rules/0/value"),
        (group(rule("a", "contains", 1)), "/rules/0/value"),
        (group(rule("a", "in", " , ")), "/rules/0/value"),
        (group(rule("a", "in", None)), "/rules/0/value"),
        (group(rule("a", "<", "x")), "/rules/0/value"),
        (group(rule("a", "<", True)), "/rules/0/value"),
        (group(rule("a", "<", float("nan"))), "/rules/0"),
        (group(rule("a", "between", "1")), "/rules/0/value"),
        (group(rule("a", "between", "1,2026-01-01")), "/rules/0/value"),
        (group(group(rule("created_at", "=", float("inf")))), "/rules/0/rules/0"),
        (matched("atLeast", rule("", "=", "a"), threshold=2), "/rules/0/match"),
        (matched("all", rule("", "=", "a")), "/rules/0/value"),
        (matched("some"), "/rules/0/value"),
        (matched("some", rule("", "=", "a"), rule("", "=", "b")), "/rules/0/value"),
        (matched("some", rule("", "!=", "a")), "/rules/0/value/rules/0/operator"),
        (matched("some", rule("", "null")), "/rules/0/value/rules/0/value"),
        (matched("some", rule("", "between", "1,2")), "/rules/0/value/rules/0/value"),
        (matched("some", rule("name", "=", "a")), "/rules/0/value/rules/0/field"),
        (matched("some", rule("", "=", group(rule("", "=", "a")), match={"mode": "some"})), "/rules/0/value/rules/0/match"),
    ],
    ids=str,
)
def test_refusals_have_a_place(query: Any, pointer: str) -> None:
    with pytest.raises(TranslationError) as caught:
        from_querybuilder(query)
    assert caught.value.pointer == pointer


def test_depth_is_refused_not_a_crash() -> None:
    query = group(STEVE)
    for _ in range(5_000):
        query = group(query)
    with pytest.raises(TranslationError, match="too deep"):
        from_querybuilder(query)


LEAVES = st.sampled_from([STEVE, OLD, VIP, rule("name", "null"), rule("age", "notBetween", "0,28"), {**OLD, "muted": True}])
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda rules, combinator, is_not: {**group(*rules, combinator=combinator), "not": is_not},
        st.lists(inner, max_size=3),
        st.sampled_from(["and", "or"]),
        st.booleans(),
    ),
    max_leaves=8,
).filter(lambda query: "rules" in query)


def said(query: dict[str, Any], customer: int) -> bool:
    """What a query means, by its leaves."""
    if "rules" not in query:
        return customer in members(group(query))
    verdicts = [said(part, customer) for part in query["rules"] if not part.get("muted")]
    if not verdicts:
        return True
    return (all(verdicts) if query["combinator"] == "and" else any(verdicts)) is not query["not"]


@given(QUERIES)
def test_groups_mean_what_their_rules_mean(query: dict[str, Any]) -> None:
    found = members(query)
    assert found == [customer for customer in range(len(CUSTOMERS)) if said(query, customer)]
    # Independent combinators say the same where each group has one rule, or two and a combinator between them.
    independent = independently(query)
    if independent is not None:
        assert members(independent) == found


def independently(query: dict[str, Any]) -> dict[str, Any] | None:
    if "rules" not in query:
        return query
    parts = [independently(part) for part in query["rules"]]
    between = [item for part in parts for item in (query["combinator"], part)][1:]
    return None if None in parts else {"rules": between, "not": query["not"]}
