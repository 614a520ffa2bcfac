"""The conformance cases of tests/cases: data, run against the engine and against the reference evaluator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from segmentation import DefinitionError, Problem, SegmentEngine
from segmentation.language.operators import OPERATORS
from segmentation.testing import reference

CASES = Path(__file__).resolve().parents[1] / "cases"
NOW = "2026-11-22T12:00:00Z"
SETTINGS = ("timezone", "week_start", "attributes", "locations")


def load() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case, with the name of its file."""
    for path in sorted(CASES.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            yield path.stem, case


ALL = list(load())


def of(*keys: str) -> pytest.MarkDecorator:
    """Parametrise by the cases that have all of these keys."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=f"{file}-{case['name']}") for file, case in ALL if all(key in case for key in keys)])


def options(case: dict[str, Any]) -> dict[str, Any]:
    return {key: case[key] for key in SETTINGS if key in case}


def segment(case: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = case["segment"] if "segment" in case else {"id": "case", "name": case["name"], "filter": case["filter"]}
    return given


def now(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case.get("now", NOW))


@of("expect")
def test_the_engine_gives_the_answer(case: dict[str, Any]) -> None:
    engine = SegmentEngine([segment(case)], **options(case))
    assert engine.is_member(case["customer"], segment(case)["id"], now(case)) is case["expect"]


@of("expect")
def test_the_engine_gives_the_answer_for_text(case: dict[str, Any]) -> None:
    engine = SegmentEngine.from_json(json.dumps([segment(case)]), **options(case))
    assert engine.is_member(json.dumps(case["customer"]), segment(case)["id"], now(case)) is case["expect"]


@of("expect")
def test_the_reference_gives_the_answer(case: dict[str, Any]) -> None:
    if "filter" in case:
        assert reference.matches(case["filter"], case["customer"], now=now(case), **options(case)) is case["expect"]
    assert reference.contains(segment(case), case["customer"], now=now(case), **options(case)) is case["expect"]


def build(case: dict[str, Any]) -> SegmentEngine:
    if "text" in case:
        return SegmentEngine.from_json(case["text"], **options(case))
    return SegmentEngine(case["segments"], **options(case))


def told(problems: list[Problem], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Problems as far as the case speaks of them: where and what, and a suggestion only where the case names one."""
    found: list[dict[str, Any]] = [{"segment": problem.segment, "pointer": problem.pointer, "code": problem.code} for problem in problems]
    for row, problem, wanted in zip(found, problems, expected, strict=False):
        if "suggestion" in wanted:
            row["suggestion"] = problem.suggestion
    return found


@of("problems")
def test_faulty_definitions_are_told_of(case: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        build(case)
    problems = caught.value.problems
    assert told(problems, case["problems"]) == case["problems"]
    assert all(problem.message for problem in problems)


@of("problems", "segments")
def test_text_and_data_are_faulty_in_the_same_way(case: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as of_data:
        build(case)
    with pytest.raises(DefinitionError) as of_text:
        SegmentEngine.from_json(json.dumps(case["segments"]), **options(case))
    assert of_text.value.to_dicts() == of_data.value.to_dicts()


@of("warnings")
def test_warnings_are_given(case: dict[str, Any]) -> None:
    warnings = list(build(case).warnings)
    assert told(warnings, case["warnings"]) == case["warnings"]


def operators_in(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "conditions" and isinstance(value, dict):
                yield from value
            else:
                yield from operators_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from operators_in(value)


@pytest.mark.parametrize("expect", [True, False])
def test_every_operator_occurs(expect: bool) -> None:
    seen = {operator for _, case in ALL if case.get("expect") is expect for operator in operators_in(case.get("filter") or case.get("segment"))}
    assert seen >= set(OPERATORS)


def test_every_case_is_run() -> None:
    kinds = [sum(key in case for key in ("expect", "problems", "warnings")) for _, case in ALL]
    assert set(kinds) == {1}, "a case has exactly one of expect, problems, warnings"
    assert len({(file, case["name"]) for file, case in ALL}) == len(ALL), "the names of the cases of a file differ"
