"""Every way to ask an engine gives the same answer; pickling and another process give it again."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmentation import CustomerSegmentsList, SegmentEngine, UnknownSegmentError
from segmentation.testing import reference
from segmentation.testing import strategies as our


@given(st.data(), our.engine_options(), our.segment_sets())
def test_every_way_to_ask_gives_the_same_answer(data: st.DataObject, options: dict[str, Any], segments: list[dict[str, Any]]) -> None:
    zone = options["timezone"]
    now = data.draw(our.nows(zone), label="now")
    engine = SegmentEngine(segments, **options)
    names = {segment["id"]: segment["name"] for segment in segments}
    for record in data.draw(
        st.lists(our.records_for(segments, now=now, timezone=zone, python_values=data.draw(st.booleans())), min_size=1, max_size=4), label="records"
    ):
        ids = engine.segment_ids(record, now)
        answer = engine.evaluate(record, now)
        written = engine.evaluate_json(record, now)
        assert [found.id for found in answer.data] == ids
        assert answer.total == len(ids)
        assert [id_ for id_ in names if engine.is_member(record, id_, now)] == ids
        assert answer.model_dump() == {
            "object": "list",
            "data_ref": "data",
            "data": [{"id": id_, "name": names[id_], "object": "segment"} for id_ in ids],
            "total": len(ids),
        }
        assert written == answer.model_dump_json().encode()
        assert list(json.loads(written)) == ["object", "data_ref", "data", "total"]
        assert CustomerSegmentsList.model_validate_json(written) == answer == CustomerSegmentsList.model_validate(answer.model_dump())


@given(st.data(), our.engine_options(), our.segment_sets(min_size=1))
def test_a_pickle_answers_alike(data: st.DataObject, options: dict[str, Any], segments: list[dict[str, Any]]) -> None:
    zone = options["timezone"]
    now = data.draw(our.nows(zone), label="now")
    engine = SegmentEngine(segments, **options)
    records = data.draw(st.lists(our.records_for(segments, now=now, timezone=zone), min_size=1, max_size=4), label="records")
    answers = [engine.evaluate_json(record, now) for record in records]
    again = pickle.loads(pickle.dumps(engine))  # noqa: S301 - our own
    assert [again.evaluate_json(record, now) for record in records] == answers
    assert (again.warnings, again.segments, repr(again), len(again)) == (engine.warnings, engine.segments, repr(engine), len(engine))


@given(st.data(), our.engine_options(), our.segment_sets(min_size=1))
def test_a_cache_changes_no_answer(data: st.DataObject, options: dict[str, Any], segments: list[dict[str, Any]]) -> None:
    zone = options["timezone"]
    times = data.draw(st.lists(our.nows(zone), min_size=1, max_size=3), label="times")
    warm, cold = SegmentEngine(segments, **options), SegmentEngine(segments, **options, cache=False)
    records = data.draw(st.lists(our.records_for(segments, now=times[0], timezone=zone, python_values=True), min_size=1, max_size=4), label="records")
    for record in records * 2:
        for now in times:
            assert warm.segment_ids(record, now) == cold.segment_ids(record, now)


@given(our.engine_options(), our.segment_sets(min_size=1), st.sampled_from(["cust_1", "mail-7", "", "\ud83d", "1", "new"]), st.data())
def test_a_customer_who_is_not_stored(options: dict[str, Any], segments: list[dict[str, Any]], customer: str, data: st.DataObject) -> None:
    now = data.draw(our.nows(options["timezone"]), label="now")
    found = [segment.id for segment in SegmentEngine(segments, **options).evaluate_unknown(customer, now).data]
    assert found == reference.segment_ids(segments, reference.unknown_customer(customer, now), now=now, **options)


@given(our.segment_sets(min_size=1), our.json_objects(), st.text())
def test_no_segment_has_this_id(segments: list[dict[str, Any]], record: dict[str, Any], id_: str) -> None:
    engine = SegmentEngine(segments, attributes=our.declared(), locations=our.LOCATIONS)
    for unknown in (f"{id_} ", 5, None, [id_]):
        with pytest.raises(UnknownSegmentError):
            engine.is_member(record, unknown, our.NOW)  # type: ignore[arg-type]


@given(our.segment_sets(min_size=1), our.json_objects())
@example([{"id": "s", "name": "", "filter": {}}], {})
def test_a_record_is_left_as_it_was(segments: list[dict[str, Any]], record: dict[str, Any]) -> None:
    before, defined = repr(record), repr(segments)
    engine = SegmentEngine(segments, attributes=our.declared(), locations=our.LOCATIONS)
    engine.evaluate(record, our.NOW)
    assert (repr(record), repr(segments)) == (before, defined)


@given(st.data(), our.segment_sets(min_size=1))
def test_definitions_that_change_afterwards_change_no_engine(data: st.DataObject, segments: list[dict[str, Any]]) -> None:
    record = data.draw(our.records_for(segments), label="record")
    engine = SegmentEngine(segments, attributes=our.declared(), locations=our.LOCATIONS)
    ids, written = engine.segment_ids(record, our.NOW), [segment.model_copy(deep=True) for segment in engine.segments]
    for segment in segments:
        spoil(segment)
    assert engine.segment_ids(record, our.NOW) == ids
    assert pickle.loads(pickle.dumps(engine)).segment_ids(record, our.NOW) == ids  # noqa: S301 - our own
    assert list(engine.segments) == written


def spoil(document: Any) -> None:
    """Empty every container, the innermost first."""
    if isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            spoil(inner)
        document.clear()


@given(our.segment_sets(), st.data())
def test_now_needs_a_place(segments: list[dict[str, Any]], data: st.DataObject) -> None:
    engine = SegmentEngine(segments, attributes=our.declared(), locations=our.LOCATIONS)
    naive = data.draw(our.nows()).replace(tzinfo=None)
    for ask in (engine.segment_ids, engine.evaluate, engine.evaluate_json):
        with pytest.raises(ValueError, match="time zone"):
            ask({}, naive)
    with pytest.raises(ValueError, match="time zone"):
        engine.evaluate_unknown("x", naive)


@pytest.mark.parametrize(("timezone", "now"), [("Etc/GMT+12", datetime(1, 1, 1, tzinfo=UTC)), ("Pacific/Kiritimati", datetime(9999, 12, 31, 23, tzinfo=UTC))])
def test_now_lies_in_the_calendar(timezone: str, now: datetime) -> None:
    engine = SegmentEngine([], timezone)
    with pytest.raises(ValueError, match="9999"):
        engine.segment_ids({}, now)
    assert SegmentEngine([]).segment_ids({}, now) == []


def test_without_a_now_it_is_now() -> None:
    ago = {"a": {"conditions": {"$less_than_equal": 1}}}
    engine = SegmentEngine([{"id": "s", "name": "", "filter": ago}], attributes={"a": "datetime"})
    for hours, ids in ((1, ["s"]), (23, ["s"]), (25, [])):
        assert engine.segment_ids({"a": (datetime.now(UTC) - timedelta(hours=hours)).isoformat()}) == ids
    assert [segment.id for segment in engine.evaluate_unknown("x").data] == []


def test_threads_do_not_disturb_one_another() -> None:
    segments = our.seeded_segments(11, 80)
    options: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
    engine = SegmentEngine(segments, **options)
    calls = [(record, our.NOW + timedelta(days=number % 3)) for number, record in enumerate(our.seeded_records(12, segments, 60, python_values=True))]
    expected = [reference.segment_ids(segments, record, now=now, **options) for record, now in calls]
    found: list[list[list[str]]] = []

    def ask(start: int) -> None:
        order = [(number + start) % len(calls) for number in range(len(calls))] * 3
        answers = {number: engine.segment_ids(*calls[number]) for number in order}
        found.append([answers[number] for number in range(len(calls))])

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(0, 60, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * len(threads)


PROGRAM = """
import json, sys
from segmentation import DefinitionError, SegmentEngine
from segmentation.testing import strategies as our

options = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
segments = our.seeded_segments(5, 150, keys=24)
engine = SegmentEngine(segments, **options)
out = sys.stdout
for record in our.seeded_records(6, segments, 40, python_values=True):
    out.write(engine.evaluate_json(record, our.NOW).decode() + "\\n")
replaced = engine.replace(segments[50:60], [segment["id"] for segment in segments[40:60]])
out.write(json.dumps([warning.to_dict() for warning in engine.warnings + replaced.warnings]) + repr(engine) + repr(replaced.segments) + "\\n")
try:
    SegmentEngine([{"id": 5, "nam": "x", "filter": {"a": {"conditions": {"$iss": 1, "$in_location": ["warszaw", "Harbor"], "$is_month": [0, 13]}}, "$nott": {}}}, {}], **options)
except DefinitionError as error:
    out.write(json.dumps(error.to_dicts()))
"""


def test_the_hash_seed_changes_nothing() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000
