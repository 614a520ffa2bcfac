"""`replace` gives an engine that equals a fresh one of the resulting list, in answers, order and warnings, however often, and in between two answers."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from segmentation import DefinitionError, SegmentEngine, UnknownSegmentError
from segmentation.testing import reference
from segmentation.testing import strategies as our

pytestmark = pytest.mark.usefixtures("indexed")

Segments = list[dict[str, Any]]
IDS = [f"seg_{number}" for number in range(8)]


def replaced(segments: Segments, add: Segments, remove: list[str]) -> Segments:
    """The list that results: an id in both keeps its place, any other is appended."""
    arriving = {segment["id"]: segment for segment in add}
    kept = [
        arriving.pop(segment["id"], segment) if segment["id"] in remove else segment
        for segment in segments
        if segment["id"] not in remove or segment["id"] in arriving
    ]
    return [*kept, *arriving.values()]


def some_segments() -> st.SearchStrategy[Segments]:
    """Segments with a few ids in any order; over a few attributes, so that they share what an index holds of them."""
    keys = {key: our.ATTRIBUTES[key] for key in ("name", "metadata.score", "birthdate", "metadata.tags", "loyalty.points")}
    return st.lists(st.sampled_from(IDS), unique=True, max_size=4).flatmap(
        lambda ids: st.tuples(*(our.segments(keys, max_leaves=4, id_=id_) for id_ in ids)).map(list)
    )


@given(st.data(), some_segments(), some_segments())
def test_replacing_is_building_anew(data: st.DataObject, segments: Segments, add: Segments) -> None:
    taken = {segment["id"] for segment in add}
    free = [segment["id"] for segment in segments if segment["id"] not in taken]
    remove = [segment["id"] for segment in segments if segment["id"] in taken] + data.draw(
        st.lists(st.sampled_from(free), unique=True) if free else st.just([]), label="remove"
    )
    old, result = SegmentEngine(segments, **OPTIONS), replaced(segments, add, remove)
    new, fresh = old.replace(add, remove), SegmentEngine(result, **OPTIONS)
    for record in data.draw(st.lists(our.records_for([*segments, *add], python_values=True), min_size=1, max_size=4), label="records"):
        assert new.evaluate_json(record, our.NOW) == fresh.evaluate_json(record, our.NOW)
        assert old.segment_ids(record, our.NOW) == reference.segment_ids(segments, record, now=our.NOW, **OPTIONS)
        assert new.segment_ids(record, our.NOW) == reference.segment_ids(result, record, now=our.NOW, **OPTIONS)
    assert (new.warnings, new.segments, len(new), repr(new)) == (fresh.warnings, fresh.segments, len(fresh), repr(fresh))


OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}


class Replacing(RuleBasedStateMachine):
    """An engine that is replaced over and over, and asked in between; a list stands beside it, with the reference to answer from it."""

    def __init__(self) -> None:
        super().__init__()
        self.segments: Segments = []
        self.engine = SegmentEngine([], **OPTIONS)
        self.earlier: tuple[SegmentEngine, Segments] = (self.engine, [])

    def adopt(self, engine: SegmentEngine, segments: Segments) -> None:
        self.earlier = self.engine, self.segments
        self.engine, self.segments = engine, segments

    def check(self, record: dict[str, Any], now: Any) -> None:
        for engine, segments in ((self.engine, self.segments), self.earlier):
            ids = reference.segment_ids(segments, record, now=now, **OPTIONS)
            assert engine.segment_ids(record, now) == ids
            assert [segment["id"] for segment in segments if engine.is_member(record, segment["id"], now)] == ids

    @initialize(segments=some_segments())
    def begin(self, segments: Segments) -> None:
        self.adopt(SegmentEngine(segments, **OPTIONS), segments)

    @rule(segments=some_segments())
    def add(self, segments: Segments) -> None:
        if {segment["id"] for segment in segments} & {segment["id"] for segment in self.segments}:
            with pytest.raises(DefinitionError) as caught:
                self.engine.replace(segments)
            assert {problem.code for problem in caught.value.problems} == {"duplicate_id"}
        else:
            self.adopt(self.engine.replace(add=segments), self.segments + segments)

    @precondition(lambda self: bool(self.segments))
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from([segment["id"] for segment in self.segments]), min_size=1, unique=True), label="remove")
        self.adopt(self.engine.replace(remove=ids), replaced(self.segments, [], ids))

    @rule(data=st.data(), segments=some_segments())
    def replace(self, data: st.DataObject, segments: Segments) -> None:
        present, arriving = {segment["id"] for segment in self.segments}, {segment["id"] for segment in segments}
        others = sorted(present - arriving)
        ids = sorted(present & arriving) + (data.draw(st.lists(st.sampled_from(others), unique=True), label="remove") if others else [])
        self.adopt(self.engine.replace(segments, ids), replaced(self.segments, segments, ids))

    @rule(absent=st.sampled_from(["", "seg", "SEG_0", "seg_99"]))
    def remove_what_is_not_there(self, absent: str) -> None:
        with pytest.raises(UnknownSegmentError):
            self.engine.replace(remove=[absent])

    @rule()
    def add_what_is_faulty(self) -> None:
        with pytest.raises(DefinitionError):
            self.engine.replace(add=[{"id": "faulty", "name": "x", "filter": {"a": 5}}])

    @rule()
    def pickle(self) -> None:
        self.adopt(pickle.loads(pickle.dumps(self.engine)), self.segments)  # noqa: S301 - our own

    @rule(data=st.data(), now=our.nows(), python_values=st.booleans())
    def ask(self, data: st.DataObject, now: Any, python_values: bool) -> None:
        for record in data.draw(
            st.lists(our.records_for(self.segments + self.earlier[1], now=now, python_values=python_values), min_size=1, max_size=3), label="records"
        ):
            self.check(record, now)

    @rule(record=our.json_objects())
    def ask_of_anyone(self, record: dict[str, Any]) -> None:
        self.check(record, our.NOW)

    @invariant()
    def is_like_a_fresh_one(self) -> None:
        fresh = SegmentEngine(self.segments, **OPTIONS)
        assert self.engine.warnings == fresh.warnings
        assert self.engine.segments == fresh.segments
        assert len(self.engine) == len(self.segments)


TestReplacing = Replacing.TestCase
assert settings.default is not None
TestReplacing.settings = settings(max_examples=max(20, settings.default.max_examples // 4), stateful_step_count=15)


@pytest.mark.parametrize(
    ("condition", "value"),
    [({"$is_days_ago": 1}, date(2026, 11, 21)), ({"$is": 5}, date(2026, 11, 17)), ({"$is": 5}, [1, 5]), ({"$starts_with": "2026"}, date(2026, 11, 17))],
    ids=str,
)
def test_what_an_answer_completed_outlives_a_replacement(condition: dict[str, Any], value: Any) -> None:
    """Tables that wait until they are asked are completed by an answer; a copy that nothing is added to is as complete."""
    others = [{"id": f"seg_{number}", "name": "", "filter": {"x": {"conditions": {"$contains": f"a{number}"}}}} for number in range(3)]
    engine = SegmentEngine([{"id": "asked", "name": "", "filter": {"x": {"conditions": condition}}}, *others[:2]])
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert engine.segment_ids({"x": value}, now) == ["asked"]
    assert engine.replace([others[2]]).segment_ids({"x": value}, now) == ["asked"]


def test_a_thousand_replacements() -> None:
    """An index that is mended over and over stays right: one of many segments is exchanged at a time, and all attributes are in use."""
    pool = our.seeded_segments(77, 400, keys=10)
    segments, engine = pool[:120], SegmentEngine(pool[:120], **OPTIONS)
    records = our.seeded_records(78, pool, 60)
    for turn in range(200):
        removed = [segments[(turn * 7) % len(segments)]["id"], segments[(turn * 13 + 5) % len(segments)]["id"]]
        again = {**pool[(turn * 31) % 400], "id": removed[0]}
        added = [again, {**pool[(turn * 17) % 400], "id": f"new_{turn}"}] if turn % 3 else [again]
        engine, segments = engine.replace(added, set(removed)), replaced(segments, added, removed)
        record = records[turn % 60]
        assert engine.segment_ids(record, our.NOW) == reference.segment_ids(segments, record, now=our.NOW, **OPTIONS)
    fresh = SegmentEngine(segments, **OPTIONS)
    assert engine.warnings == fresh.warnings
    assert [segment.id for segment in engine.segments] == [segment["id"] for segment in segments]
    for record in records:
        assert engine.evaluate_json(record, our.NOW) == fresh.evaluate_json(record, our.NOW)
