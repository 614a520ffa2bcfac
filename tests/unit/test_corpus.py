"""Public filters, customers and conformance suites, as far as the corpus beside the repository has them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import datalogic_py
import pytest
from json_logic import jsonLogic

from segmentation import SegmentEngine
from segmentation.targets import to_jsonlogic, to_jsonlogic_data
from segmentation.testing import reference

NOW = datetime.fromisoformat("2026-11-22T12:00:00Z")
SUITES = {"ffe": 372, "growthbook": 92, "mongoquery": 95, "rqb": 84, "sift": 202, "unleash": 66}
CUSTOMER_KINDS = ("customer_segment", "customer_list")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def test_the_suites_have_the_cases_that_are_run() -> None:
    assert sum(SUITES.values()) == 911


@pytest.mark.parametrize("suite", SUITES)
def test_public_suites_give_their_expected_values(corpus: Path, suite: str) -> None:
    cases = lines(corpus / "suites" / f"{suite}.jsonl")
    wrong = []
    for case in cases:
        settings = {key: case[key] for key in ("timezone", "attributes") if key in case}
        now = datetime.fromisoformat(case["now"]) if "now" in case else NOW
        engine = SegmentEngine([{"id": "s", "name": "s", "filter": case["filter"]}], **settings)
        rule, data = to_jsonlogic(case["filter"], **settings), to_jsonlogic_data(case["customer"], now, **settings)
        found = {
            "engine": engine.segment_ids(case["customer"], now) == ["s"],
            "reference": reference.matches(case["filter"], case["customer"], now=now, **settings),
            "datalogic-py": datalogic_py.apply(json.dumps(rule), json.dumps(data)),
            "panzi-json-logic": jsonLogic(rule, data),
        }
        wrong += [(case["source"], who, case["filter"], case["customer"], case["expect"]) for who, answer in found.items() if answer is not case["expect"]]
    assert wrong == []
    assert len(cases) == SUITES[suite]


def test_no_suite_is_left_out(corpus: Path) -> None:
    assert {path.stem for path in (corpus / "suites").glob("*.jsonl")} == set(SUITES)


def test_every_real_filter_evaluates_on_every_real_customer(corpus: Path) -> None:
    filters = [line["filter"] for line in lines(corpus / "voucherify" / "filters.jsonl") if line["kind"] in CUSTOMER_KINDS]
    customers = [line["customer"] for line in lines(corpus / "voucherify" / "customers.jsonl")]
    segments = [{"id": f"seg_{number}", "name": str(number), "filter": filter_} for number, filter_ in enumerate(filters)]
    engine, rules = SegmentEngine(segments), [to_jsonlogic(segment) for segment in segments]
    for customer in customers:
        expected = reference.segment_ids(segments, customer, now=NOW)
        data = to_jsonlogic_data(customer, NOW)
        assert [segment["id"] for segment, rule in zip(segments, rules, strict=True) if jsonLogic(rule, data)] == expected
        assert engine.segment_ids(customer, NOW) == expected
        assert engine.segment_ids(json.dumps(customer), NOW) == expected
    assert (len(filters), len(customers)) == (19, 49)
