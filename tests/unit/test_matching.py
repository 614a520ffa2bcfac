"""The matching engine: plans, candidates, bounded memory, replacing, threads."""

from __future__ import annotations

import gc
import random
import threading
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any

import pytest

from segmentation import DefinitionError, SegmentEngine
from segmentation.language.attributes import Attribute
from segmentation.language.checks import Check, Facet, Interval, OneOf
from segmentation.language.data import Kind
from segmentation.language.dates import Clock
from segmentation.language.predicate import FALSE, TRUE, And, Leaf, Listed, Not, Or, Predicate
from segmentation.matching.block import taken
from segmentation.matching.flips import Flips
from segmentation.matching.lookup import Lookup
from segmentation.matching.plan import Literal, plan
from segmentation.matching.postings import Members
from segmentation.matching.tables import Table
from segmentation.testing import reference

pytestmark = pytest.mark.usefixtures("indexed")

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLOCK = Clock(1, 0, 0)


def condition(attribute: str, operator: str, operand: Any) -> dict[str, Any]:
    return {attribute: {"conditions": {operator: operand}}}


def segment(number: int, written: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"seg_{number}", "name": f"Segment {number}", "filter": written}


def leaf(key: str) -> Leaf:
    return Leaf(Attribute(key), (Check(Facet.TEXT, OneOf(frozenset({"x"})), Kind.STRING),))


A, B, C, D = (leaf(key) for key in "abcd")


@pytest.mark.parametrize(
    ("predicate", "conjunctions"),
    [
        (TRUE, [[]]),
        (FALSE, []),
        (A, [[(A, False)]]),
        (Not(A), [[(A, True)]]),
        (And((A, B)), [[(A, False), (B, False)]]),
        (Or((A, B)), [[(A, False)], [(B, False)]]),
        (Not(And((A, B))), [[(A, True)], [(B, True)]]),
        (Not(Or((A, Not(B)))), [[(A, True), (B, False)]]),
        (And((A, Or((B, C)))), [[(A, False), (B, False)], [(A, False), (C, False)]]),
        (And((A, A)), [[(A, False)]]),
        (Listed(frozenset({"x"})), [[(Listed(frozenset({"x"})), False)]]),
    ],
)
def test_small_predicates_are_planned_exactly(predicate: Predicate, conjunctions: list[list[tuple[Leaf, bool]]]) -> None:
    planned = plan(predicate)
    assert planned.is_exact
    assert [[tuple(literal) for literal in conjunction] for conjunction in planned.conjunctions] == conjunctions


def test_a_product_past_the_budget_leaves_out_its_longest_parts() -> None:
    wide = [Or(tuple(leaf(f"{group}{number}") for number in range(8))) for group in "uvwxyz"]
    planned = plan(And((A, *wide)))
    assert not planned.is_exact
    assert 1 <= len(planned.conjunctions) <= 48
    assert all(Literal(A, is_negated=False) in conjunction for conjunction in planned.conjunctions)


def test_deep_nesting_is_decided_for_candidates() -> None:
    rng = random.Random(1)

    def nested(depth: int) -> dict[str, Any]:
        if not depth:
            return condition(f"metadata.p{rng.randrange(40)}", "$is", rng.random() < 0.5)
        return {("$and", "$or")[depth % 2]: [nested(depth - 1) for _ in range(4)]}

    segments = [segment(number, nested(3)) for number in range(20)]
    assert not all(plan(held.definition.predicate).is_exact for held in SegmentEngine(segments)._held.values())
    engine = SegmentEngine(segments)
    found = 0
    for _ in range(60):
        record = {"metadata": {f"p{number}": rng.random() < 0.5 for number in range(40) if rng.random() < 0.9}}
        answer = engine.segment_ids(record, NOW)
        assert answer == reference.segment_ids(segments, record, now=NOW)
        found += len(answer)
    assert 0 < found < 60 * 20


RECORDS: list[dict[str, Any]] = [
    {"a": {"b": 1}},
    {"a.b": 2, "a": {"b": 1}},
    {"a.b": None, "a": {"b": 1}},
    {"a": {"b.c": 3, "b": {"c": 4}}},
    {"a": {"b": {"c": 4}}},
    {"a.b": {"c": 5}, "a": {"b": {"c": 4}}},
    {"a": None},
    {"a": [1]},
    {"address": {"city": "Wien"}, "a": "text"},
    {"address.city": "Graz", "city": None},
    {"loyalty": {"campaigns": {"x.y": {"points": 7}}}},
    {"v0": 1, "a": {"get": 2}, "k1)\n  return (": 3, "'": 4, '"': 5},
    {},
]


@pytest.mark.parametrize("record", RECORDS)
def test_looking_up_all_at_once_is_looking_up_each(record: dict[str, Any]) -> None:
    keys = ["a", "a.b", "a.b.c", "city", "address.city", "loyalty_points.campaigns.x.y.points", "a.", ".a", "v0", "a.get", "k1)\n  return (", "'", '"']
    lookup = Lookup(keys)
    assert list(lookup.values(record)[: len(keys)]) == [Lookup([key]).values(record)[0] for key in keys]
    assert list(lookup.values(record)[: len(keys)]) == [find(record) for find in lookup._finders]


def emails(count: int) -> list[dict[str, Any]]:
    tests = ["$starts_with", "$ends_with", "$contains", "$is", "$is_not"]
    return [
        segment(number, condition("email", tests[number % 5], f"{'abcdefgh'[number % 8]}{number}") | condition("metadata.age", "$more_than", number % 90))
        for number in range(count)
    ]


@pytest.mark.parametrize("cache", [True, False])
def test_never_repeating_values_leave_the_footprint_where_it_was(monkeypatch: pytest.MonkeyPatch, cache: bool) -> None:
    monkeypatch.setattr("segmentation.engine._CACHE_BYTES", 1 << 19)
    engine = SegmentEngine(emails(300), cache=cache)

    def evaluate(numbers: range) -> None:
        for number in numbers:
            engine.segment_ids({"email": f"{number}@example.com", "metadata": {"age": number / 7}, "id": f"cust_{number}"}, NOW)

    evaluate(range(6_000))
    gc.collect()
    tracemalloc.start()
    evaluate(range(6_000, 12_000))
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < (1 << 20 if cache else 1 << 16)


def test_replacing_many_times_is_building_anew_and_old_engines_stay() -> None:
    rng = random.Random(2)
    current = {held["id"]: held for held in emails(60)}
    engine = SegmentEngine(current.values())
    records = [{"email": f"{'abcdefgh'[number % 8]}{number}@x", "metadata": {"age": number}, "id": f"c{number % 9}"} for number in range(30)]
    history = []
    for step in range(120):
        gone = rng.sample(sorted(current), rng.randint(0, 2)) if len(current) > 3 else []
        new = emails(400)[rng.randrange(400)] | {"id": rng.choice([*gone, f"new_{step}"])}
        if step % 10 == 0:
            new = {"id": f"list_{step}", "name": "list", "type": "static", "customers": [f"c{rng.randrange(9)}"]}
        if new["id"] in current and new["id"] not in gone:
            continue
        engine = engine.replace(add=[new], remove=gone)
        if new["id"] in gone:  # it keeps its place
            current = {key: new if key == new["id"] else held for key, held in current.items() if key not in gone or key == new["id"]}
        else:
            current = {key: held for key, held in current.items() if key not in gone} | {new["id"]: new}
        history.append((engine, list(current.values())))
    for old, segments in [*history[::7], history[-1]]:
        fresh = SegmentEngine(segments)
        assert [held.id for held in old.segments] == [held["id"] for held in segments]
        for record in records:
            assert old.segment_ids(record, NOW) == fresh.segment_ids(record, NOW) == reference.segment_ids(segments, record, now=NOW)


def test_threads_share_an_engine() -> None:
    segments = emails(200) + [segment(900 + days, condition("created_at", "$less_than_ago", days + 1)) for days in range(30)]
    engine = SegmentEngine(segments)
    records = [{"email": f"{'abcdefgh'[number % 8]}{number}@x", "metadata": {"age": number}, "created_at": "2026-11-10T00:00:00Z"} for number in range(150)]
    moments = [NOW, NOW + timedelta(days=9)]
    alone = SegmentEngine(segments)
    expected = {(number, moment): alone.segment_ids(record, moment) for number, record in enumerate(records) for moment in moments}
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(600):
            number, moment = rng.randrange(len(records)), rng.choice(moments)
            if engine.segment_ids(records[number], moment) != expected[number, moment]:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_time_passing_needs_no_new_engine() -> None:
    segments = [segment(days, condition("birthdate", "$is_less_days_in_future_md", days)) for days in range(0, 400, 7)]
    segments += [segment(1_000 + days, condition("created_at", "$more_than", days)) for days in range(0, 400, 9)]
    engine = SegmentEngine(segments)
    record = {"birthdate": "2000-02-29", "created_at": "2026-03-01T10:00:00+02:00"}
    for day in range(0, 800, 11):
        now = NOW + timedelta(days=day, seconds=day)
        assert engine.segment_ids(record, now) == reference.segment_ids(segments, record, now=now)


def test_a_key_of_a_thousand_steps_is_found() -> None:
    key = ".".join(f"k{step}" for step in range(2_000))
    engine = SegmentEngine([segment(0, condition(key, "$is", "x")), segment(1, condition("name", "$is", "y"))])
    record: Any = "x"
    for step in reversed(range(2_000)):
        record = {f"k{step}": record}
    assert engine.segment_ids(record, NOW) == ["seg_0"]
    assert engine.segment_ids({key: "x", "name": "y"}, NOW) == ["seg_0", "seg_1"]


def test_neighbours_among_many_are_found() -> None:
    """Matches that are few, and stand beside one another."""
    engine = SegmentEngine([segment(number, condition("x", "$is", number // 3)) for number in range(900)])
    for x in (0, 7, 10, 21, 150, 298, 299):
        assert engine.segment_ids({"x": x}, NOW) == [f"seg_{3 * x}", f"seg_{3 * x + 1}", f"seg_{3 * x + 2}"]
    assert engine.segment_ids({"x": [3, 250]}, NOW) == ["seg_9", "seg_10", "seg_11", "seg_750", "seg_751", "seg_752"]


@pytest.mark.parametrize(
    ("filter_", "inside", "outside"),
    [
        (condition("created_at", "$less_than_ago", 7), "2026-11-20T00:00:00Z", "2026-11-10T00:00:00Z"),
        (condition("created_at", "$less_than", 1), "2026-11-22T00:00:00Z", "2026-11-21T11:00:00Z"),
        (condition("birthdate", "$this_month", True), "1990-11-02", "1990-12-02"),
        (condition("metadata.due", "$tomorrow", True), "2026-11-23", "2026-11-22"),
        (condition("metadata.due", "$in_location", ["here"]), "1,1", "2,2"),
        (condition("metadata.due", "$after", "2026-11-22"), "2026-11-23", "2026-11-22T23:59:59Z"),
        (condition("metadata.due", "$is_month", 2), "2024-02-29", "2024-03-01"),
    ],
)
@pytest.mark.parametrize("is_shared", [True, False])
def test_one_condition_among_many_others(filter_: dict[str, Any], inside: str, outside: str, is_shared: bool) -> None:
    """What few conditions ask of a text may be tried one by one, unless it depends on the time."""
    here = {"here": {"type": "circle", "format": "distance", "distance": {"center": "1,1", "radius": "1 km"}}}
    texts = [condition("name", operator, f"{number}x") for number in range(20) for operator in ("$contains", "$starts_with", "$ends_with", "$is_not")]
    others = [segment(number, {**filter_, **text} if is_shared else text) for number, text in enumerate(texts, 1)]
    engine = SegmentEngine([segment(0, filter_), *others], locations=here)
    key = next(iter(filter_))

    def ids(value: Any, name: str) -> list[str]:
        first, _, second = key.partition(".")
        return engine.segment_ids({first: {second: value} if second else value, "name": name}, NOW)

    for _ in range(2):
        for name in ("7x", "x", "ab", "3x3x"):
            met = reference.segment_ids([segment(number, text) for number, text in enumerate(texts, 1)], {"name": name}, now=NOW)
            assert ids(inside, name) == ["seg_0", *met]
            assert ids(outside, name) == ([] if is_shared else met)


def test_few_become_many_and_few_again() -> None:
    """Few are asked one by one, many are indexed; those that were there are there still."""
    every = [segment(number, condition("x", ("$is", "$is_not", "$more_than")[number % 3], number)) for number in range(40)]
    held: list[dict[str, Any]] = []
    engine = SegmentEngine(held)
    for first, last in ((0, 1), (0, 3), (0, 12), (1, 40), (37, 40), (39, 40), (39, 39), (5, 7), (5, 20)):
        wanted = every[first:last]
        engine = engine.replace(add=[new for new in wanted if new not in held], remove=[old["id"] for old in held if old not in wanted])
        held = [*(old for old in held if old in wanted), *(new for new in wanted if new not in held)]
        for x in (0, 6, 11.5, 38, None, "6"):
            assert engine.segment_ids({"x": x}, NOW) == reference.segment_ids(held, {"x": x}, now=NOW)


def test_segments_that_are_added_may_ask_something_else() -> None:
    """Rows of attributes that the new ones do not ask about become wider with the others."""
    old = [segment(number, condition("a", "$is_not", number)) for number in range(100)]
    new = [segment(1_000 + number, condition("b", "$is", number // 2)) for number in range(200)]
    engine = SegmentEngine(old).replace(add=new)
    for record in ({"a": 5, "b": 60}, {"a": "x", "b": 99}, {"b": 99}, {"a": 7}):
        assert engine.segment_ids(record, NOW) == reference.segment_ids([*old, *new], record, now=NOW)


def test_candidates_are_decided_by_literals_and_by_junctions() -> None:
    """Conjunctions with conditions of their own beside junctions, too deep for the index to hold them whole."""
    rng = random.Random(4)

    def nested(depth: int) -> dict[str, Any]:
        written: dict[str, Any] = {"junction": "and" if depth % 2 else "or"}
        for _ in range(2):
            written |= condition(f"p{rng.randrange(12)}", rng.choice(["$is", "$is_not"]), rng.randrange(2))
        return written | ({"$and" if depth % 2 else "$or": [nested(depth - 1) for _ in range(3)]} if depth else {})

    segments = [segment(number, nested(3)) for number in range(8)]
    assert not all(plan(held.definition.predicate).is_exact for held in SegmentEngine(segments)._held.values())
    engine = SegmentEngine(segments)
    for _ in range(20):
        record = {f"p{number}": rng.randrange(2) for number in range(12) if rng.random() < 0.9}
        assert engine.segment_ids(record, NOW) == reference.segment_ids(segments, record, now=NOW)


def test_needles_in_one_another_are_all_found() -> None:
    needles = ["".join(letters) for length in range(1, 5) for letters in product("ab", repeat=length)]
    engine = SegmentEngine([segment(number, condition("name", "$contains", needle)) for number, needle in enumerate(needles)])
    for length in range(6):
        for letters in product("abc", repeat=length):
            text = "".join(letters)
            assert engine.segment_ids({"name": text}, NOW) == [f"seg_{number}" for number, needle in enumerate(needles) if needle in text]


def test_days_of_the_year_have_ends() -> None:
    segments = [
        segment(number, {"birthdate": {"conditions": {"$after_equal": f"--{first}", "$before_equal": f"--{last}"}}})
        for number, (first, last) in enumerate(combinations(("01-01", "02-28", "02-29", "03-01", "06-30", "07-01", "11-30", "12-31"), 2))
    ]
    segments += [segment(90 + number, condition("birthdate", "$is", f"--{day}")) for number, day in enumerate(("02-28", "02-29", "06-30", "12-31"))]
    engine = SegmentEngine(segments)
    for month in range(1, 13):
        for day in (1, 2, 27, 28, 29, 30, 31):
            record = {"birthdate": f"2024-{month:02}-{day:02}"}
            assert engine.segment_ids(record, NOW) == reference.segment_ids(segments, record, now=NOW)


def test_lines_that_take_more_than_they_may_keep_nothing() -> None:
    flips = [(number, number % 3_000) for number in range(4_000)]
    kept, not_kept = Flips(flips, 0, 1 << 30), Flips(flips, 0, 1 << 10)
    expected = 0
    grown = []
    for line in (kept, not_kept):
        tracemalloc.start()
        for number in range(0, 4_000, 3):
            line.at(number)
        grown.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert grown[0] > 10 * grown[1]
    for scalar, bit in flips:
        expected ^= 1 << bit
        if scalar % 97 == 0:
            assert kept.at(scalar) == kept.at(scalar + 0.5) == not_kept.at(scalar) == not_kept.at(scalar + 0.5) == expected


def test_what_is_removed_is_let_go() -> None:
    """Bits of removed segments are not kept for ever: what stays is as large as an engine of it alone, or nearly."""
    many = [segment(number, condition("name", "$in", [f"{number} {each}" for each in range(20)])) for number in range(160)]

    def size(make: Callable[[], SegmentEngine]) -> int:
        gc.collect()
        tracemalloc.start()
        engine = make()
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert engine.segment_ids({"name": "150 7"}, NOW) == ["seg_150"]
        assert engine.segment_ids({"name": "10 7"}, NOW) == []
        return taken

    fresh = size(lambda: SegmentEngine(many[140:]))
    assert size(lambda: SegmentEngine(many).replace(remove=[held["id"] for held in many[:140]])) < 3 * fresh


def test_a_table_is_sealed_once_and_never_copied_half_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables for Python dates wait for their first look-up; other threads may look up, or add a segment, in the middle of it."""
    table = Table()
    table.add([Interval(low=5)], 0)
    table.add([OneOf(frozenset({3}))], 1)
    half_way, go_on, seals = threading.Event(), threading.Event(), []

    def seal(members: Members) -> None:
        seals.append(members)
        half_way.set()
        go_on.wait(10)

    monkeypatch.setattr(Members, "seal", seal)
    found: dict[str, Any] = {}
    first = threading.Thread(target=lambda: found.update(first=table.hits(7, CLOCK)))
    second = threading.Thread(target=lambda: found.update(second=table.hits(7, CLOCK)))
    copying = threading.Thread(target=lambda: found.update(copy=table.copy()))
    first.start()
    half_way.wait(10)
    second.start()
    copying.start()
    copying.join(0.1)  # a copy that did not wait would be made by now, with what was added in it twice
    go_on.set()
    for thread in (first, second, copying):
        thread.join()
    assert (found["first"], found["second"], len(seals)) == (1, 1, 1)
    found["copy"].seal()
    assert [found["copy"].hits(scalar, CLOCK) for scalar in (3, 4, 7)] == [2, 0, 1]


def test_an_id_that_is_there_is_not_added_again() -> None:
    engine = SegmentEngine([segment(0, {}), segment(1, {})]).replace(remove=["seg_0"])
    with pytest.raises(DefinitionError) as caught:
        engine.replace(add=[segment(2, {}), segment(1, {}), segment(2, {})])
    assert [(problem.index, problem.pointer, problem.code) for problem in caught.value.problems] == [(1, "/id", "duplicate_id"), (2, "/id", "duplicate_id")]
    assert [str(problem.message).rsplit("of ")[-1] for problem in caught.value.problems] == ["a segment that is there", "segment 0"]


def test_a_source_that_is_no_text_and_no_path_is_refused() -> None:
    with pytest.raises(TypeError, match="not from an array"):
        SegmentEngine.from_json([segment(0, {})])  # type: ignore[arg-type]
    assert len(SegmentEngine.from_json(bytearray(b"[]"))) == 0


def varied(number: int) -> dict[str, Any]:
    return {**condition("name", "$contains", f"x{number}"), **condition("metadata.age", "$more_than", number)}


def test_few_conditions_are_asked_and_a_text_that_comes_again_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    segments = [segment(number, varied(number)) for number in range(60)]
    monkeypatch.setattr("segmentation.matching.block._NARROW", 4_096)
    engine = SegmentEngine(segments)
    (block,) = engine._matcher._blocks
    names = block.columns[Attribute("name")]
    record = {"name": "x1 x2 x3", "metadata": {"age": 3}}
    answers = []
    for _ in range(3):
        answers.append(engine.segment_ids(record, NOW))
        answers.append(sorted(names.texts))
    assert answers == [["seg_1", "seg_2"], [], ["seg_1", "seg_2"], ["x1 x2 x3"], ["seg_1", "seg_2"], ["x1 x2 x3"]]


def test_an_engine_asks_directly_as_long_as_that_is_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmentation.matching.matcher._MOST_ASKED", 32)
    few, many = ([segment(number, varied(number)) for number in range(count)] for count in (2, 33))
    assert SegmentEngine(few)._matcher._direct is not None
    assert SegmentEngine(few).replace(remove=["seg_0"]).segment_ids({"name": "x0 x1", "metadata": {"age": 9}}, NOW) == ["seg_1"]
    assert SegmentEngine(many)._matcher._direct is None
    grown = SegmentEngine(few).replace(add=many[2:])
    assert grown._matcher._direct is None
    shrunk = grown.replace(remove=[each["id"] for each in many[1:]])
    record = {"name": "x0 x1", "metadata": {"age": 9}}
    assert grown.segment_ids(record, NOW) == ["seg_0", "seg_1"]
    assert shrunk.segment_ids(record, NOW) == ["seg_0"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.005, 0.02, 0.2, 1.0])
@pytest.mark.parametrize("width", [20, 700, 2_048, 2_049, 9_000])
def test_bits_are_taken_however_many(share: float, width: int) -> None:
    rng = random.Random(width)
    chosen = [number for number in range(width) if rng.random() < share]
    neighbours = sorted({*chosen, *(number + 1 for number in chosen if number + 1 < width)})
    for numbers in (chosen, neighbours):
        assert taken(range(width), sum(1 << number for number in numbers)) == numbers


def test_a_line_ends_within_a_run_of_flips() -> None:
    for count in range(1, 40):
        line = Flips([(number, number) for number in range(count)], 0, 0)
        assert [line.at(number) for number in range(-1, count)] == [(1 << passed) - 1 for passed in range(count + 1)]
