"""The fast subset that mutants are tried on: every conformance case, and thousands of seeded answers compared with the reference, in few seconds.

`make mutants` runs this file by name; it is no part of the ordinary tests, which say the same at more length.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from segmentation import SegmentEngine
from segmentation.testing import reference
from segmentation.testing import strategies as our

_SPEC = importlib.util.spec_from_file_location("conformance", Path(__file__).resolve().parents[1] / "unit" / "test_cases.py")
assert _SPEC is not None
assert _SPEC.loader is not None
conformance = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(conformance)
OF_FORM = {form: [case for _, case in conformance.ALL if form in case] for form in ("expect", "problems", "warnings")}
OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}


@pytest.fixture(autouse=True, scope="module")
def _no_pauses() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@contextmanager
def naming(case: dict[str, Any]) -> Iterator[None]:
    """Name the case in what goes wrong."""
    try:
        yield
    except BaseException as error:
        error.add_note(case["name"])
        raise


def test_warnings() -> None:
    for case in OF_FORM["warnings"]:
        with naming(case):
            conformance.test_warnings_are_given(case)


def test_problems() -> None:
    for case in OF_FORM["problems"]:
        with naming(case):
            conformance.test_faulty_definitions_are_told_of(case)
            if "segments" in case:
                conformance.test_text_and_data_are_faulty_in_the_same_way(case)


def test_answers() -> None:
    for number, case in enumerate(OF_FORM["expect"]):
        with naming(case):
            if number % 4:
                conformance.test_the_engine_gives_the_answer(case)
            else:
                conformance.test_the_engine_gives_the_answer_for_text(case)


@pytest.mark.parametrize(("seed", "zone", "week_start", "python_values"), [(1, "UTC", "monday", False), (2, "America/Sao_Paulo", "sunday", True)])
def test_seeded_answers(seed: int, zone: str, week_start: str, python_values: bool) -> None:
    options = {**OPTIONS, "timezone": zone, "week_start": week_start}
    segments = our.seeded_segments(seed, 150, keys=24)
    engine = SegmentEngine(segments, **options)
    moments = our.fixed_nows(zone)
    records = our.seeded_records(seed + 1, segments, 30, now=our.NOW, timezone=zone, python_values=python_values)
    for number, record in enumerate(records):
        now = our.NOW if number % 3 else moments[number % len(moments)]
        expected = reference.segment_ids(segments, record, now=now, **options)
        assert engine.segment_ids(record, now) == expected
        assert engine.segment_ids(record, now) == expected, "and again, from what is remembered"


def test_replaced_and_pickled() -> None:
    segments = our.seeded_segments(5, 60, keys=12)
    half = SegmentEngine(segments[:40], **OPTIONS)
    engine = half.replace(segments[40:], [segment["id"] for segment in segments[:20]])
    kept = segments[20:]
    again = pickle.loads(pickle.dumps(engine))  # noqa: S301 - our own
    for record in our.seeded_records(6, kept, 20):
        expected = reference.segment_ids(kept, record, now=our.NOW, **OPTIONS)
        assert engine.segment_ids(record, our.NOW) == again.segment_ids(record, our.NOW) == expected
        assert [id_ for id_ in expected if engine.is_member(record, id_, our.NOW)] == expected


def test_edited_segments_keep_their_places() -> None:
    segments = our.seeded_segments(8, 40, keys=8)
    edited = [{**segments[number + 20], "id": segments[number]["id"]} for number in (3, 11, 17)]
    engine = SegmentEngine(segments, **OPTIONS).replace(edited, [segment["id"] for segment in edited])
    by_id = {segment["id"]: segment for segment in edited}
    now_there = [by_id.get(segment["id"], segment) for segment in segments]
    for record in our.seeded_records(9, now_there, 25):
        assert engine.segment_ids(record, our.NOW) == reference.segment_ids(now_there, record, now=our.NOW, **OPTIONS)


def test_the_same_customer_on_other_days() -> None:
    segments = crowded(60)
    engine = SegmentEngine(segments, **OPTIONS)
    record = {"name": "abab", "metadata": {"since": "2026-11-12", "seen": "2026-11-20T12:00:00Z", "tags": ["t1"]}}
    for days in (0, 1, 4, 0, 30):
        now = our.NOW + timedelta(days)
        assert engine.segment_ids(record, now) == reference.segment_ids(segments, record, now=now, **OPTIONS)


def crowded(count: int) -> list[dict[str, Any]]:
    """Conditions of every constraint on few attributes: tables long enough to be cut, chained and searched."""
    makes = (
        lambda n: {"metadata.score": {"conditions": {"$more_than": n, "$less_than_equal": n + 7}}},
        lambda n: {"metadata.score": {"conditions": {"$in": [n, n + 0.5, 10**20 + n]}}},
        lambda n: {"name": {"conditions": {"$starts_with": "ab" * (n % 9) + chr(97 + n % 26)}}},
        lambda n: {"name": {"conditions": {"$ends_with": chr(97 + n % 26) + "ba" * (n % 7)}}},
        lambda n: {"name": {"conditions": {"$contains": f"{n % 40}x"}}},
        lambda n: {"junction": "or", "name": {"conditions": {"$is_not": f"ab{n}"}}, "metadata.score": {"conditions": {"$more_than_equal": n}}},
        lambda n: {"metadata.since": {"conditions": {"$more_than_ago": n, "$less_than_ago": 3 * n + 2}}},
        lambda n: {"metadata.since": {"conditions": {"$is_less_days_in_future_md": n % 50}}},
        lambda n: {"metadata.seen": {"conditions": {"$more_than": n / 4}}},
        lambda n: {"metadata.tags": {"conditions": {"$includes": [f"t{n % 11}", f"t{n % 13}"], "$count_more": n % 4}}},
    )
    return [{"id": f"c{number}", "name": "", "filter": makes[number % len(makes)](number)} for number in range(count)]


def test_crowded_tables() -> None:
    segments = crowded(600)
    engine = SegmentEngine(segments, **OPTIONS)
    values = ("abab", "ababc", "12x", "ab40", "zbaba", "", "17x18x", "abababababababababz")
    for number, now in enumerate(islice(iter(our.fixed_nows("UTC")), 0, 16)):
        record = {
            "name": values[number % len(values)] if number % 5 else [values[number % len(values)], "3x", None],
            "metadata": {
                "score": number * 37.5 if number % 4 else [number, 10**20 + number * 10 + 1],
                "since": (our.NOW - timedelta(days=number * 40)).date().isoformat(),
                "seen": (our.NOW - timedelta(hours=number * 90)).isoformat(),
                "tags": [f"t{tag}" for tag in range(number)],
            },
        }
        expected = reference.segment_ids(segments, record, now=now, **OPTIONS)
        assert engine.segment_ids(record, now) == engine.segment_ids(json.loads(json.dumps(record)), now) == expected
