"""The JSON Schema of segments and filters says what the engine says, as far as a schema can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from segmentation import DefinitionError, SegmentEngine
from segmentation.errors import pointer
from segmentation.language.operators import OPERATORS, REFUSED, WHOLE_RANGES, Operand, Takes
from segmentation.language.options import Options
from segmentation.language.parse import parse_filter
from segmentation.language.schema import _scalar, filter_schema, segment_schema
from segmentation.testing import strategies as our

REPOSITORY = Path(__file__).resolve().parents[2]
SEGMENT = Draft202012Validator(segment_schema())
FILTER = Draft202012Validator(filter_schema())

# What no schema of one segment can tell.
INEXPRESSIBLE_CODES = {"duplicate_id", "duplicate_key", "bad_json", "unknown_location", "too_deep"}
# Text of the right form with an impossible value, and attributes that the caller declares.
INEXPRESSIBLE = {
    ("$more_than text that is no JSON number", "/filter/a/conditions/$more_than/6"),  # "1e400" overflows
    ("$more_than 4001 digits", "/filter/a/conditions/$more_than"),
    ("$before_equal an instant outside the calendar", "/filter/a/conditions/$before_equal"),
    ("$is_day of other forms", "/filter/a/conditions/$is_day/5"),  # 2026 is no leap year
    ("negative days, declared date", "/filter/metadata.since/conditions/$more_than_equal"),
    ("negative days, declared date-time", "/filter/metadata.since/conditions/$more_than/0"),
}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((REPOSITORY / "tests" / "cases").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            yield path.stem, case


def messages(validator: Draft202012Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("schema", [segment_schema(), filter_schema()], ids=["segment", "filter"])
def test_it_is_a_schema_of_the_draft(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_every_reference_leads_somewhere() -> None:
    schema = segment_schema()
    references = {value for key, value in members(schema) if key == "$ref"}
    assert {f"#/$defs/{name}" for name in schema["$defs"]} == references


def members(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        yield from document.items()
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from members(inner)


def test_every_operator_is_in_it_and_no_other() -> None:
    for schema in (segment_schema(), filter_schema()):
        assert list(schema["$defs"]["conditions"]["properties"]) == list(OPERATORS)
        assert {name for name in schema["$defs"] if name.startswith("$")} == set(OPERATORS)
        for name, operator in OPERATORS.items():
            assert operator.meaning in schema["$defs"][name]["description"]


def test_every_filter_of_the_cases_is_valid() -> None:
    filters = [(file, case) for file, case in cases() if "filter" in case]
    assert [(file, case["name"], found) for file, case in filters if (found := messages(FILTER, case["filter"]))] == []
    assert len(filters) > 1_000


def test_every_segment_that_the_engine_accepts_is_valid() -> None:
    segments = [case["segment"] for _, case in cases() if "segment" in case]
    segments += [segment for _, case in cases() if "warnings" in case for segment in case.get("segments", ())]
    segments += json.loads((REPOSITORY / "examples" / "segments.json").read_text(encoding="utf-8"))
    assert [(segment, found) for segment in segments if (found := messages(SEGMENT, segment))] == []
    assert len(segments) > 50


@given(our.segment_sets(min_size=1))
def test_generated_segments_are_valid(segments: list[Any]) -> None:
    assert [(segment, found) for segment in segments if (found := messages(SEGMENT, segment))] == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for _, case in cases() if "problems" in case and "segments" in case])
def test_it_refuses_what_the_engine_refuses_and_where(case: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        SegmentEngine(case["segments"], attributes=case.get("attributes"), locations=case.get("locations"))
    for problem in caught.value.problems:
        errors = {pointer(*error.absolute_path) for error in SEGMENT.iter_errors(case["segments"][problem.index])}
        # What is missing, or too much, a validator reports of the object around it.
        is_refused = not errors.isdisjoint({problem.pointer, problem.pointer.rpartition("/")[0]})
        is_expressible = problem.code not in INEXPRESSIBLE_CODES and (case["name"], problem.pointer) not in INEXPRESSIBLE
        assert is_refused or not is_expressible, str(problem)
        assert is_expressible or not errors or len(caught.value.problems) > 1, "the schema tells more than this test knows"


OPERANDS: list[Any] = [
    *(None, True, False, {}, [], 0, 1, -1, 2.0, 2.5, -0.0, -2.5, 12, 13, 31, 32, 9999, 10_000, 10**30, 1e300),
    *("", "x", "true", "$is", "٣", "1", "-1", "0", "-0", "-0.0", "2.0", "2.50", "-2.5", "12", "13", "31", "32", "9999", "10000", "1" * 30),
    *("01", "+1", " 1", "1 ", "1.", ".5", "1,5", "0x1", "1e2", "1E+2", "25e-1", "-1e2", "Infinity", "NaN"),
    *("2026-11-22", "2024-02-29", "2026-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "2026-00-10", "0000-01-01", "0001-01-01", "2026-1-1", "20261122"),
    *("2026-11-22T10:00", "2026-11-22t10:00z", "2026-11-22 10:00:00.123456789+0530", "2026-11-22T10:00:00-23:59", "2026-11-22T24:00", "2026-11-22T10"),
    *("2026-11-22T10:00:60Z", "2026-11-22T10:00+24:00", "2026-11-22T10:00:00.Z", "2026-02-30T10:00Z"),
    *("--02-29", "--02-30", "--11-31", "--12-31", "--00-10", "02-29", "02-30", "12-31", "2-9", "--2-9"),
]
WHOLE = set(WHOLE_RANGES)


def is_lenient(operand: Operand, value: Any) -> bool:
    """Whether the schema cannot see that the text is out of range."""
    is_exponent = isinstance(value, str) and "e" in value.lower() and value[:1] in "-0123456789" and value[-1:].isdigit()
    return (operand in WHOLE and is_exponent) or (operand in (Operand.DATE, Operand.MONTH_DAY) and value == "2026-02-29")


@pytest.mark.parametrize("name", OPERATORS)
def test_it_judges_operands_as_the_engine_does(name: str) -> None:
    operator = OPERATORS[name]
    square = {"type": "circle", "format": "distance", "distance": {"center": "geo:0,0", "radius": "1 m"}}
    options = Options.of(locations={value: square for value in OPERANDS if isinstance(value, str)})
    validator = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": filter_schema()["$defs"]})
    for value in OPERANDS:
        for operand in (value, [value], ["x", value], [value, 5]):
            _, faults, _ = parse_filter({"a": {"conditions": {name: operand}}}, options)
            if validator.is_valid(operand) != (not faults):
                assert faults, f"the schema refuses {operand!r}, the engine does not"
                assert any(is_lenient(operator.operand, value) for value in (operand if isinstance(operand, list) else [operand])), operand


@pytest.mark.parametrize("attribute", ["birthdate", "birthday", "created_at", "updated_at", "summary.orders.last_order_date", "name", "loyalty.points"])
@pytest.mark.parametrize("name", ["$more_than", "$more_than_equal", "$less_than", "$less_than_equal"])
def test_it_refuses_negative_ages_of_dates(attribute: str, name: str) -> None:
    for operand in (-1, 0, 3.5, -0.0, -0.5, "-1", "-0", "-0.0", "1", "-0.5", [1, -1], ["-3", 2], [], [3, "4"], "x", True):
        document = {attribute: {"conditions": {name: operand}}}
        _, faults, _ = parse_filter(document, Options.of())
        assert FILTER.is_valid(document) == (not faults), document


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_operators_of_other_entities(name: str) -> None:
    assert not FILTER.is_valid({"a": {"conditions": {name: True}}})


@pytest.mark.parametrize("junction", ["and", "or", "AND", "Or", "aNd", "xor", "", "and ", "or\n", None, 1])
def test_it_judges_junctions_as_the_engine_does(junction: Any) -> None:
    document = {"junction": junction}
    assert FILTER.is_valid(document) == (not parse_filter(document, Options.of())[1])


@pytest.mark.parametrize("key", ["", "$", "$nor", "$AND", "$is", "a", "a$", "junction$", "a b", "\n", "ключ"])
def test_it_judges_keys_as_the_engine_does(key: str) -> None:
    document = {key: {"conditions": {"$has_value": True}}}
    assert FILTER.is_valid(document) == (not parse_filter(document, Options.of())[1])


ABSENT = object()


@pytest.mark.parametrize("customers", [ABSENT, None, [], ["c"], "c"])
@pytest.mark.parametrize("filter_", [ABSENT, None, {}, []])
@pytest.mark.parametrize("kind", [ABSENT, None, "static", "passive", "auto-update", "dynamic"])
def test_it_judges_static_and_dynamic_segments_as_the_engine_does(kind: Any, filter_: Any, customers: Any) -> None:
    given = {"id": "s", "name": "N", "type": kind, "filter": filter_, "customers": customers}
    segment = {key: value for key, value in given.items() if value is not ABSENT}
    try:
        SegmentEngine([segment])
    except DefinitionError:
        assert not SEGMENT.is_valid(segment)
    else:
        assert messages(SEGMENT, segment) == []


def test_every_kind_of_operand_is_used_by_an_operator() -> None:
    assert {operator.operand for operator in OPERATORS.values()} == set(Operand)
    assert all((operator.operand is Operand.ANYTHING) == (operator.takes is Takes.NOTHING) for operator in OPERATORS.values())


@pytest.mark.parametrize("operand", Operand)
def test_operands_are_described_in_words(operand: Operand) -> None:
    description = _scalar(operand)["description"]
    assert description.endswith(".")
    assert description[:-1].lower() == operand.value.lower()
