"""Definitions are accepted, or refused with every fault located; nothing else can happen. Models read and write them unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, event, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from segmentation import DefinitionError, Segment, SegmentEngine
from segmentation.language.operators import OPERATORS
from segmentation.testing import strategies as our

OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
CODES = {
    "bad_segment",
    "missing",
    "bad_id",
    "duplicate_id",
    "duplicate_key",
    "bad_name",
    "bad_object",
    "bad_datetime",
    "bad_type",
    "filter_not_allowed",
    "bad_customers",
    "customers_not_allowed",
    "too_deep",
    "bad_filter",
    "bad_junction",
    "bad_group",
    "empty_group",
    "unknown_key",
    "bad_attribute",
    "extra_key",
    "bad_conditions",
    "empty_conditions",
    "refused_operator",
    "unknown_operator",
    "null_operand",
    "empty_operand",
    "bad_operand",
    "negative_days",
    "unknown_location",
    "bad_json",
}
WARNINGS = {"ignored_false", "static_without_members", "partial_list", "negative_values_under_or"}
TOKEN = re.compile(r"~([01])")


def resolves(document: Any, pointer: str) -> bool:
    """Whether a pointer leads into a document, its last step perhaps to something that is missing."""
    tokens = [TOKEN.sub(lambda found: "~/"[int(found[1])], token) for token in pointer.split("/")[1:]]
    for number, token in enumerate(tokens):
        if isinstance(document, dict) and token in document:
            document = document[token]
        elif isinstance(document, list) and token.isdigit() and int(token) < len(document):
            document = document[int(token)]
        else:
            return number == len(tokens) - 1
    return True


def problems_of(build: Callable[[], SegmentEngine]) -> list[dict[str, Any]] | None:
    """The problems of the one error that there may be; None when there is none."""
    try:
        engine = build()
    except DefinitionError as error:
        assert error.problems
        assert str(error)
        json.dumps(error.to_dicts())
        for problem in error.problems:
            assert problem.code in CODES
            assert problem.message
            assert problem.index >= 0
            assert problem.segment == (problem.id or problem.index)
            assert re.fullmatch(r"(/([^~/]|~[01])*)*", problem.pointer, re.DOTALL)
        return error.to_dicts()
    assert {warning.code for warning in engine.warnings} <= WARNINGS
    return None


@given(our.invalid_documents())
def test_a_faulty_document_raises_the_one_error(documents: list[Any]) -> None:
    problems = problems_of(lambda: SegmentEngine(documents, **OPTIONS))
    assert problems is not None
    assert [problem["index"] for problem in problems] == sorted(problem["index"] for problem in problems)
    for problem in problems:
        event(problem["code"])
        assert resolves(documents[problem["index"]], problem["pointer"])
    assert problems_of(lambda: SegmentEngine.from_json(json.dumps(documents), **OPTIONS)) == problems


@given(our.invalid_documents())
def test_every_form_of_a_set_has_its_problems(documents: list[Any]) -> None:
    problems = problems_of(lambda: SegmentEngine(documents, **OPTIONS))
    texts = [
        json.dumps({"object": "list", "data": documents}),
        json.dumps({"segments": documents}),
        "\ufeff" + json.dumps(documents, indent=1),
        json.dumps(documents).encode("utf-16"),
    ]
    if len(documents) > 1 and all(isinstance(document, dict) for document in documents):
        texts += ["\r\n\r\n".join(map(json.dumps, documents))]
    for text in texts:
        assert problems_of(lambda text=text: SegmentEngine.from_json(text, **OPTIONS)) == problems  # type: ignore[misc]


@given(our.invalid_documents(), st.data())
def test_faults_of_one_segment_do_not_depend_on_the_others(documents: list[Any], data: st.DataObject) -> None:
    """Each segment has the problems that it has alone, but for ids that are taken."""
    together = problems_of(lambda: SegmentEngine(documents, **OPTIONS)) or []
    index = data.draw(st.integers(0, len(documents) - 1), label="index")
    alone = problems_of(lambda: SegmentEngine([documents[index]], **OPTIONS)) or []
    found = [
        {**problem, "index": 0, "segment": problem["segment"] if isinstance(problem["segment"], str) else 0}
        for problem in together
        if problem["index"] == index
    ]
    assert [problem for problem in found if problem["code"] != "duplicate_id"] == alone


@given(our.segment_sets(), our.engine_options())
def test_valid_sets_are_accepted(segments: list[dict[str, Any]], options: dict[str, Any]) -> None:
    engines = [
        SegmentEngine(segments, **options),
        SegmentEngine.from_json(json.dumps(segments), **options),
        SegmentEngine(map(Segment.model_validate, segments), **options),
    ]
    assert all(list(engine.segments) == list(map(Segment.model_validate, segments)) for engine in engines)
    assert all(engine.warnings == engines[0].warnings for engine in engines)
    assert all(len(engine) == len(segments) for engine in engines)


@given(st.lists(our.json_values(), max_size=4))
def test_any_data_is_accepted_or_refused(documents: list[Any]) -> None:
    problems_of(lambda: SegmentEngine(documents, **OPTIONS))


SEGMENT_KEYS = [
    "id",
    "name",
    "type",
    "filter",
    "customers",
    "created_at",
    "updated_at",
    "object",
    "junction",
    "$and",
    "$or",
    "$not",
    "conditions",
    "name",
    "",
    "data",
    "segments",
    "total",
    *OPERATORS,
]


def near_definitions() -> st.SearchStrategy[Any]:
    """JSON whose keys and words are those of definitions, put together at random."""
    words = st.sampled_from(["seg", "and", "or", "static", "passive", "list", "segment", "2026-11-22", "--02-29", "x", "1", "", "warsaw", "\ud83d"])
    leaves = st.none() | st.booleans() | st.integers(-2, 32) | words | st.sampled_from([0.5, float("nan"), float("inf"), 10**4000, 10**4200, -(10**4000)])
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SEGMENT_KEYS), inner, max_size=4), max_leaves=20)


@given(
    st.fixed_dictionaries(
        {"id": st.just("s"), "name": st.just("n")},
        optional={"type": st.just("passive") | near_definitions(), "filter": near_definitions(), "customers": near_definitions()},
    )
)
@example({"id": "s", "name": "n", "filter": {"a": 10**4200}})
@example({"id": "s", "name": "n", "filter": {"a": {"conditions": {"$is": 10**4200}}}})
@example({"id": "s", "name": "n", "filter": {"a": {"conditions": {"$in": [10**4000, float("inf")]}}}})
@example({"id": "s", "name": "n", "filter": {"junction": 10**4200, "\ud83d": 1}})
@example({"id": "s", "name": "n", "filter": {"a": {"conditions": {"\ud83d": 1}}}, "created_at": 10**4200})
def test_anything_like_a_definition_is_accepted_or_refused(document: dict[str, Any]) -> None:
    problems_of(lambda: SegmentEngine([document], **OPTIONS))


HUGE = 10**5_000  # Python refuses to write it in decimal digits, and Hypothesis could not show it


@pytest.mark.parametrize(
    "filter_",
    [
        {"a": HUGE},
        {"a": {"conditions": HUGE}},
        {"a": {"conditions": {"$is": HUGE}}},
        {"a": {"conditions": {"$in": [-HUGE, float("inf")]}}},
        {"a": {"conditions": {"$is_year": HUGE}}},
        {"a": {"conditions": {"$in_location": HUGE}}},
        {"a": {"conditions": {HUGE: 1}}},
        {"junction": HUGE, "\ud83d": 1},
        {HUGE: 1},
        {"$and": HUGE},
        HUGE,
    ],
    ids=map(str, range(11)),
)
def test_numbers_that_cannot_be_written(filter_: Any) -> None:
    whole = {"id": HUGE, "name": HUGE, "type": HUGE, "customers": [HUGE], "created_at": HUGE, "object": HUGE, "extra": HUGE, HUGE: 1}
    for document in ({"id": "s", "name": "n", "filter": filter_}, {**whole, "filter": filter_}):
        assert problems_of(lambda document=document: SegmentEngine([document], **OPTIONS))  # type: ignore[misc]


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "filter", 5, None, True, ("a",), "$not", "conditions", "junction"]),
        st.just({5: 1}) | st.just("x") | st.just({None: {}}) | st.just({"a": {5: {}}}) | st.just({"a": {"conditions": {5: 1}}}) | st.just(object()),
    )
)
def test_keys_and_values_that_json_does_not_have(document: dict[Any, Any]) -> None:
    problems_of(lambda: SegmentEngine([document], **OPTIONS))


@given(st.text() | st.binary() | our.json_values().map(json.dumps) | near_definitions().filter(lambda value: "0000" not in repr(value)[:9000]).map(json.dumps))
@example("")
@example(b"")
@example("\ufeff")
@example("[]")
@example("null")
@example("[[[[")
@example(b"\xff")
@example('{"data": [], "total": NaN}')
@example('{"data": [], "total": 1e999}')
@example("{}\n{}\n[]")
@example('{"id": 1, "id": 2}')
@example('{"data": [{}], "data": [{"id": "a", "id": "b"}]}')
@example("[" * 100_000)
@example("[" * 100_000 + "]" * 100_000)
@example('{"a":' * 100_000)
@example("[" + "9" * 5_000 + "]")
@example('{"id": "\\ud83d", "name": "x", "filter": {}}')
def test_any_text_is_accepted_or_refused(text: str | bytes) -> None:
    problems_of(lambda: SegmentEngine.from_json(text, **OPTIONS))


@pytest.mark.parametrize("levels", [62, 63, 64, 65, 900, 5_000])
@pytest.mark.parametrize("key", ["$not", "$and", "$or"])
def test_deep_definitions(key: str, levels: int) -> None:
    filter_: dict[str, Any] = {"a": {"conditions": {"$is": 1}}}
    for _ in range(levels):
        filter_ = {key: filter_ if key == "$not" else [filter_]}
    problems = problems_of(lambda: SegmentEngine([{"id": "s", "name": "n", "filter": filter_}]))
    step = "/$not" if key == "$not" else f"/{key}/0"
    assert [(problem["pointer"], problem["code"]) for problem in problems or []] == ([("/filter" + step * 64, "too_deep")] if levels > 63 else [])


@pytest.mark.parametrize("key", ["$not", "$and", "$or"])
def test_deep_definitions_in_text(key: str) -> None:
    for levels in (63, 64, 300, 5_000, 100_000):
        left, right = (f'{{"{key}":', "}") if key == "$not" else (f'{{"{key}":[', "]}")
        text = f'[{{"id": "s", "name": "n", "filter": {left * levels}{{}}{right * levels}}}]'
        problems = problems_of(lambda text=text: SegmentEngine.from_json(text))  # type: ignore[misc]
        assert [problem["code"] for problem in problems or []] == (["too_deep"] if levels > 63 else [])


@pytest.mark.parametrize("levels", [900, 5_000])
def test_what_is_kept_may_be_deep(levels: int) -> None:
    """Keys that section 1 does not name are kept, whatever they hold, and of no effect."""
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    engine = SegmentEngine([{"id": "s", "name": "n", "filter": {"a": {"conditions": {"$has_value": deep}}}, "extra": {"deep": deep}}])
    assert engine.segment_ids({"a": 1}, our.NOW) == ["s"]


# The model


def carried(segment: Any) -> bool:
    """Whether UTF-8 can carry the definition: JSON text written by pydantic has no lone surrogates."""
    return "\\ud" not in json.dumps(segment).replace("\\ud83d\\ude00", "")


@given(our.segments())
@example({"id": "s", "name": "n", "filter": {"a": {"conditions": {"$is": [5e-324, -0.0, 1e22, 2**63, 10**400, "\x00", "é"]}}}, "extra": [float("inf")]})
@example({"id": "s", "name": "n", "customers": None, "filter": {}})
@example({"id": "s", "name": "n", "type": "static"})
def test_a_model_is_read_from_what_it_writes(segment: dict[str, Any]) -> None:
    assume(carried(segment))
    model = Segment.model_validate(segment)
    again = Segment.model_validate_json(model.model_dump_json())
    assert again == model
    assert again.definition() == {"type": model.type, **model.definition()} or again.definition().items() >= segment.items()
    assert Segment.model_validate(model.model_dump()) == model


@given(our.segments())
def test_a_model_keeps_what_it_was_given(segment: dict[str, Any]) -> None:
    model = Segment.model_validate(segment)
    assert {**segment, "type": model.type} == {**model.definition(), "type": model.type}
    assert model.definition().keys() - {"type"} == segment.keys() - {"type"}


@given(our.segments())
def test_a_model_and_its_definition_have_the_same_answers(segment: dict[str, Any]) -> None:
    model = Segment.model_validate(segment)
    records = our.seeded_records(1, [segment], 10)
    engines = [SegmentEngine([form], **OPTIONS) for form in (segment, model, model.model_dump(), model.definition())]
    for record in records:
        assert len({tuple(engine.segment_ids(record, our.NOW)) for engine in engines}) == 1


@given(our.invalid_documents())
def test_a_model_is_refused_by_pydantic_s_own_error(documents: list[Any]) -> None:
    """The model knows section 1; what is inside a filter is for the engine to say."""
    for document in documents:
        found = problems_of(lambda document=document: SegmentEngine([document], **OPTIONS)) or []  # type: ignore[misc]
        outside = [
            problem["code"] for problem in found if not problem["pointer"].startswith("/filter/") and problem["code"] not in ("duplicate_key", "too_deep")
        ]
        try:
            Segment.model_validate(document)
        except ValidationError as error:
            assert outside, error
        else:
            assert outside == []
