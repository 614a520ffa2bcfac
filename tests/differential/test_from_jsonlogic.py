"""Rules as users write them, read as filters: the engine says what two evaluators of other authors say, and what the public suites publish."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import datalogic_py
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from json_logic import jsonLogic
from jsonlogic import Expression, Literal, Operation, Variable

from segmentation import SegmentEngine
from segmentation.errors import TranslationError
from segmentation.targets import from_jsonlogic

PAGE = Path(__file__).resolve().parents[2] / "docs" / "jsonlogic.md"

NUMBERS = st.sampled_from([0, 1, -1, 2.5, 18, -0.0, 1e3])
TEXTS = st.sampled_from(["a", "ab", "abc", "b", "bcd", "gold", "x y", "ß"])
BOOLEANS = st.booleans()
KEYS = {
    "n": NUMBERS,
    "metadata.n": NUMBERS,
    "t": TEXTS,
    "metadata.t": TEXTS,
    "b": BOOLEANS,
    "ns": st.lists(NUMBERS, max_size=3),
    "ts": st.lists(TEXTS, max_size=3),
}
NUMERIC, TEXTUAL = st.sampled_from(["n", "metadata.n"]), st.sampled_from(["t", "metadata.t"])
PRESENT = st.lists(st.sampled_from(["n", "metadata.n", "t", "b"]), min_size=1, max_size=3, unique=True)
EQUALITY = st.sampled_from(["==", "===", "!=", "!=="])
ORDER = st.sampled_from(["<", "<=", ">", ">="])


def variable(name: str) -> Any:
    """A variable of jsonlogic-py, whose operators come from an extension that type checkers do not see."""
    return Variable(name)


def var(key: str) -> dict[str, Any]:
    return {"var": key}


def either_way(operator: str, key: str, constant: Any, flip: bool) -> dict[str, Any]:
    return {operator: [constant, var(key)] if flip else [var(key), constant]}


ELEMENT_OF_NUMBERS = st.one_of(
    st.builds(either_way, st.sampled_from(["==", "===", "<", "<=", ">", ">="]), st.just(""), NUMBERS, st.booleans()),
    st.builds(lambda values: {"in": [var(""), values]}, st.lists(NUMBERS, max_size=3)),
)
ELEMENT_OF_TEXTS = st.one_of(
    st.builds(either_way, st.sampled_from(["==", "==="]), st.just(""), TEXTS, st.booleans()),
    st.builds(lambda values: {"in": [var(""), values]}, st.lists(TEXTS, max_size=3)),
    st.builds(lambda text: {"in": [text, var("")]}, TEXTS),
)
ELEMENT = {"ns": ELEMENT_OF_NUMBERS, "ts": ELEMENT_OF_TEXTS}


@st.composite
def element_rules(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(["ns", "ts"]))
    name = draw(st.sampled_from(["some", "none", "all"]))
    body = draw(ELEMENT[key])
    if name == "all":
        return {"all": [var(key), {"!": [body]}]}
    return {name: [var(key), draw(st.sampled_from([body, {"or": [body, draw(ELEMENT[key])]}]))]}


ATOMS = st.one_of(
    st.builds(either_way, EQUALITY, NUMERIC, NUMBERS, st.booleans()),
    st.builds(either_way, EQUALITY, TEXTUAL, TEXTS, st.booleans()),
    st.builds(either_way, EQUALITY, st.just("b"), BOOLEANS, st.booleans()),
    st.builds(either_way, EQUALITY, st.sampled_from(list(KEYS)), st.none(), st.booleans()),
    st.builds(either_way, ORDER, NUMERIC, NUMBERS, st.booleans()),
    st.builds(lambda name, low, key, high: {name: [low, var(key), high]}, ORDER, NUMBERS, NUMERIC, NUMBERS),
    st.builds(
        lambda name, key, default, number: {name: [{"var": [key, default]}, number]}, st.sampled_from(["<", ">", "===", "!=="]), NUMERIC, NUMBERS, NUMBERS
    ),
    st.builds(lambda key, values: {"in": [var(key), values]}, NUMERIC, st.lists(st.one_of(NUMBERS, st.none()), max_size=3)),
    st.builds(lambda key, values: {"in": [var(key), values]}, TEXTUAL, st.lists(TEXTS, max_size=3)),
    st.builds(lambda key, text: {"in": [text, var(key)]}, TEXTUAL, TEXTS),
    st.builds(lambda keys: {"missing": keys}, PRESENT),
    st.builds(lambda needed, keys: {"missing_some": [needed, keys]}, st.integers(0, 4), PRESENT),
    st.builds(lambda key: {"!!": [var(key)]}, st.sampled_from(["n", "t", "b", "metadata.n"])),
    st.builds(var, st.sampled_from(["n", "t", "b"])),
    st.builds(lambda key, length, text: {"===": [{"substr": [var(key), 0, length]}, text]}, TEXTUAL, st.integers(1, 4), TEXTS),
    st.builds(lambda key, length, text: {"!==": [{"substr": [var(key), -length]}, text]}, TEXTUAL, st.integers(1, 4), TEXTS),
    st.sampled_from([True, False, None, 0, 1, "", "0"]),
    element_rules(),
)
RULES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda name, parts: {name: parts}, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda name, part: {name: [part]}, st.sampled_from(["!", "!!"]), inner),
        st.builds(lambda parts: {"if": parts}, st.lists(inner, min_size=1, max_size=5)),
    ),
    max_leaves=8,
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """For each key a value of its type, null, or nothing."""
    record: dict[str, Any] = {}
    for key, values in KEYS.items():
        if draw(st.booleans()):
            inside = record
            *outer, last = key.split(".")
            for step in outer:
                inside = inside.setdefault(step, {})
            inside[last] = draw(st.one_of(st.none(), values, values))
    return record


def strict(rule: Any) -> Any:
    """The rule with `===` for `==`, as it is read."""
    match rule:
        case dict():
            return {{"==": "===", "!=": "!=="}.get(name, name): strict(operands) for name, operands in rule.items()}
        case list():
            return [strict(operand) for operand in rule]
        case _:
            return rule


def truthy(answer: Any) -> bool:
    return bool(answer)


@given(RULES, st.lists(records(), min_size=1, max_size=4))
@example({"<": [{"var": ["n", 1]}, 1]}, [{"n": None}])  # to datalogic null is null, to panzi the default
@example({"<": [3, {"var": ["n", 20]}, 10]}, [{"n": None}, {}, {"n": 5}])
@example({"===": [{"var": ["n", 1]}, None]}, [{"n": None}, {}, {"n": 1}])
def test_rules_of_users(rule: Any, customers: list[dict[str, Any]]) -> None:
    try:
        filter_ = from_jsonlogic(rule)
    except TranslationError as refusal:
        assert refusal.reason == "evaluators differ about what this says of null"
        return
    engine = SegmentEngine([{"id": "seg", "name": "", "filter": filter_}])
    for customer in customers:
        answers = {truthy(jsonLogic(strict(rule), customer))}
        if "missing" not in json.dumps(rule):  # to datalogic null is not missing; to JsonLogic's own evaluator it is
            answers.add(truthy(datalogic_py.apply(json.dumps(strict(rule)), json.dumps(customer))))
        assert answers == {engine.is_member(customer, "seg")}, f"{rule!r} of {customer!r} as {filter_!r}"


@pytest.mark.parametrize(
    ("rule", "filter_"),
    [
        ({">": [{"var": "age"}, 18]}, {"age": {"conditions": {"$more_than": 18}}}),
        ({">": [{"var": "age"}, -1]}, {"junction": "or", "age": {"conditions": {"$is_unknown": True, "$more_than": -1}}}),
        ({"<": [18, {"var": "age"}, 65]}, {"age": {"conditions": {"$more_than": 18, "$less_than": 65}}}),
        ({"==": [{"var": "tier"}, None]}, {"tier": {"conditions": {"$is_unknown": True}}}),
        ({"!=": [{"var": "tier"}, None]}, {"$not": {"tier": {"conditions": {"$is_unknown": True}}}}),
        ({"==": [{"var": "events.a.count"}, 0]}, {"events.a.count": {"conditions": {"$has_value": True, "$is": 0}}}),
        (variable("age") > 18, {"age": {"conditions": {"$more_than": 18}}}),
        (~(variable("age") > 18), {"$not": {"age": {"conditions": {"$more_than": 18}}}}),
        (variable("name").contains("S"), {"name": {"conditions": {"$contains": "S"}}}),
        (variable("tier").isin(["gold", "silver"]), {"tier": {"conditions": {"$in": ["gold", "silver"]}}}),
        (
            (variable("a") == "x") & (variable("b") == "y") & (variable("c") == "z"),
            {key: {"conditions": {"$is": value}} for key, value in zip("abc", "xyz", strict=True)},
        ),
        (Expression(Operation("or", None), Literal(True), variable("x")), {}),  # type: ignore[arg-type]
        (True, {}),
        (False, {"$not": {}}),
    ],
    ids=str,
)
def test_what_filters_look_like(rule: Any, filter_: dict[str, Any]) -> None:
    assert from_jsonlogic(rule) == filter_


def test_none_of_jsonlogic_py_is_null() -> None:
    with pytest.warns(UserWarning, match="cannot deduce"):
        rule = variable("tier") == None  # noqa: E711 - as users write it
    assert from_jsonlogic(rule) == {"tier": {"conditions": {"$is_unknown": True}}}


@pytest.mark.parametrize(
    ("rule", "pointer", "reason"),
    [
        ({"and": [True, {"+": [1, 2]}]}, "/and/1/+", "not an operator"),
        ({"<": [{"var": "a"}, {"var": "b"}]}, "/<", "two attributes"),
        ({"<": [{"var": "a"}, "b"]}, "/<", "order numbers"),
        ({"==": [{"var": "created_at"}, "2026-01-01"]}, "/==", "is a date"),
        ({"==": [{"var": "events.a.count"}, "1"]}, "/==", "is a number"),
        ({"all": [{"var": "a"}, {"==": [{"var": ""}, 1]}]}, "/all/1", "elements are not"),
        ({"some": [{"var": "a"}, {"!=": [{"var": ""}, 1]}]}, "/some/1/!=", "some element is not"),
        ({"some": [{"var": "a"}, {"==": [{"var": "b"}, 1]}]}, "/some/1/==/0/var", "the element itself"),
        ({"in": [{"var": "a"}, "abc"]}, "/in", "in takes"),
        ({"==": [{"var": ""}, 1]}, "/==/0/var", "the key of an attribute"),
        ({"==": [{"+": [{"var": "a"}, 1]}, 1]}, "/==/0", "does not stand for"),
        ({"==": [1, "1"]}, "/==", "coercion"),
        ({"a": 1, "b": 2}, "", "one operator"),
        ({"missing_some": [5, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]]}, "/missing_some", "alternatives"),
        ({"some": [{"var": ["$names", []]}, {"===": [{"var": ""}, "a"]}]}, "/some/0/var", "static segment"),
        (variable("a").regex("^S"), "/regex", "not an operator"),
        ({"!": [{"!": [{"<": [{"var": "a"}, float("nan")]}]}]}, "", "not nan"),
    ],
    ids=str,
)
def test_refusals_have_a_place(rule: Any, pointer: str, reason: str) -> None:
    with pytest.raises(TranslationError) as caught:
        from_jsonlogic(rule)
    assert caught.value.pointer == pointer
    assert reason in caught.value.reason


def test_rules_nested_too_deep_are_refused() -> None:
    rule: Any = {"===": [{"var": "a"}, 1]}
    for level in range(80):
        rule = {"or" if level % 2 else "and": [{"!": [rule]}, {"===": [{"var": "b"}, 1]}]}
    with pytest.raises(TranslationError, match="nested too deep"):
        from_jsonlogic(rule)


def published(corpus: Path) -> list[tuple[Any, Any, bool]]:
    """The published cases whose result is a verdict."""
    cases = []
    for file in sorted((corpus / "jsonlogic").rglob("*.json")):
        for case in json.loads(file.read_text(encoding="utf-8")):
            if isinstance(case, dict) and isinstance(case.get("result"), bool):
                cases.append((case["rule"], case.get("data"), case["result"]))
            elif isinstance(case, list) and isinstance(case[2], bool):
                cases.append((case[0], case[1], case[2]))
    return cases


def test_published_suites(corpus: Path) -> None:
    """Every published rule with a verdict that is read gives the published one; the counts are those that the page tells."""
    cases = published(corpus)
    refused: Counter[str] = Counter()
    for rule, data, result in cases:
        try:
            filter_ = from_jsonlogic(rule)
        except TranslationError as refusal:
            refused[refusal.reason] += 1
            continue
        engine = SegmentEngine([{"id": "seg", "name": "", "filter": filter_}])
        assert engine.is_member(data if isinstance(data, dict) else {}, "seg") is result, f"{rule!r} of {data!r} as {filter_!r}"
    page = PAGE.read_text(encoding="utf-8")
    assert f"{len(cases)} published rules" in page
    assert f"{len(cases) - refused.total()} are read" in page
    for reason, count in refused.items():
        assert f"| {count} | {reason} |" in page
