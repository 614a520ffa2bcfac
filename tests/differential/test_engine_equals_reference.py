"""The engine gives the answers of the naive reference evaluator, on everything that could set an indexed engine apart from it.

One engine answers many records here, in one order and then in another: what it keeps from one record must not show in the next.
"""

from __future__ import annotations

import enum
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.matching import block, matcher
from segmentation.testing import reference
from segmentation.testing import strategies as our

Calls = Sequence[tuple[Mapping[str, Any], datetime]]
OPTIONS: dict[str, Any] = {"timezone": "UTC", "week_start": "monday", "attributes": our.declared(), "locations": dict(our.LOCATIONS)}
FEW = settings(max_examples=max(10, settings.default.max_examples // 5)) if settings.default else settings()


def compare(segments: Sequence[Mapping[str, Any]], calls: Calls, options: Mapping[str, Any] = OPTIONS) -> int:
    """One engine and the reference on every record, then once more in reverse order; the number of (segment, record) pairs that were compared.

    An engine that remembers nothing, one that never asks conditions one by one, and the question for a single segment, which has a way of its own, go along.
    """
    engine, forgetful = SegmentEngine(segments, **options), SegmentEngine(segments, **options, cache=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "_MOST_ASKED", 0)
        patch.setattr(block, "_NARROW", 0)
        by_rows = SegmentEngine(segments, **options)
    expected = [reference.segment_ids(segments, record, now=now, **options) for record, now in calls]
    for there_or_back in (1, -1):
        for turn, ((record, now), ids) in enumerate(list(zip(calls, expected, strict=True))[::there_or_back]):
            asked = {segments[(turn * 7 + step) % len(segments)]["id"] for step in range(5)}
            for found, wanted in (
                (engine.segment_ids(record, now), ids),
                (by_rows.segment_ids(record, now), ids),
                (forgetful.segment_ids(record, now) if there_or_back > 0 else ids, ids),
                (
                    [segment["id"] for segment in segments if segment["id"] in asked and engine.is_member(record, segment["id"], now)],
                    [id_ for id_ in ids if id_ in asked],
                ),
            ):
                if found != wanted:
                    disputed = next(segment for segment in segments if (segment["id"] in found) != (segment["id"] in wanted))
                    verdict = "true" if disputed["id"] in found else "false"
                    pytest.fail(f"{record!r}\nat {now!r} with {dict(options)!r}:\nthe engine says {verdict}, and the reference not, of {disputed!r}")
    return len(segments) * len(calls)


def named(filters: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"seg_{number}", "name": "", "filter": filter_} for number, filter_ in enumerate(filters)]


def on(key: str, operator: str, operand: Any) -> dict[str, Any]:
    return {key: {"conditions": {operator: operand}}}


def at(records: Iterable[Mapping[str, Any]], now: datetime = our.NOW) -> Calls:
    return [(record, now) for record in records]


# --- Drawn by Hypothesis ---------------------------------------------------------------------------------------------


def options_for(data: st.DataObject, pool: Mapping[str, str | None]) -> dict[str, Any]:
    return data.draw(our.engine_options(pool), label="options")


@given(st.data(), st.booleans())
def test_one_segment(data: st.DataObject, python_values: bool) -> None:
    options = options_for(data, our.ATTRIBUTES)
    segment = data.draw(our.segments(max_leaves=5), label="segment")
    now = data.draw(our.nows(options["timezone"]), label="now")
    records = our.records_for(segment, now=now, timezone=options["timezone"], python_values=python_values)
    compare([segment], at(data.draw(st.lists(records, min_size=1, max_size=6), label="records"), now), options)


@given(st.data(), st.booleans())
def test_one_segment_over_any_declared_types(data: st.DataObject, python_values: bool) -> None:
    pool = data.draw(our.attribute_types(), label="attributes")
    options = options_for(data, pool)
    segment = data.draw(our.segments(pool, max_leaves=5), label="segment")
    now = data.draw(our.nows(options["timezone"]), label="now")
    records = our.records_for(segment, pool, now=now, timezone=options["timezone"], python_values=python_values)
    compare([segment], at(data.draw(st.lists(records, min_size=1, max_size=6), label="records"), now), options)


@given(st.data(), st.booleans())
def test_a_set_asked_at_changing_times(data: st.DataObject, python_values: bool) -> None:
    options = options_for(data, our.ATTRIBUTES)
    segments = data.draw(our.segment_sets(min_size=1), label="segments")
    times = data.draw(st.lists(our.nows(options["timezone"]), min_size=1, max_size=3), label="times")
    records = our.records_for(segments, now=times[0], timezone=options["timezone"], python_values=python_values)
    calls = data.draw(st.lists(st.tuples(records, st.sampled_from(times)), min_size=1, max_size=8), label="calls")
    compare(segments, calls, options)


@given(segments=our.segment_sets(min_size=1), record=our.json_objects())
def test_any_json_object(segments: list[dict[str, Any]], record: dict[str, Any]) -> None:
    compare(segments, at([record]))


@FEW
@given(seed=st.integers(0, 2**32), options=our.engine_options(), python_values=st.booleans(), data=st.data())
def test_fifty_segments(seed: int, options: dict[str, Any], python_values: bool, data: st.DataObject) -> None:
    zone = options["timezone"]
    segments = our.seeded_segments(seed, 50)
    times = data.draw(st.lists(our.nows(zone), min_size=1, max_size=2), label="times")
    records = our.seeded_records(seed, segments, 12, now=times[0], timezone=zone, python_values=python_values)
    compare(segments, [(record, times[number % len(times)]) for number, record in enumerate(records)], options)


# --- From seeds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_two_thousand_segments(seed: int) -> None:
    zone = our.ZONES[seed]
    segments = our.seeded_segments(seed, 2_000, keys=24)
    records = our.seeded_records(seed, segments, 8, timezone=zone, python_values=seed == 2)
    assert compare(segments, at(records), {**OPTIONS, "timezone": zone}) == 16_000


@pytest.mark.parametrize("part", range(4))
def test_a_hundred_thousand_pairs_in_every_zone_and_week(part: int, record_testsuite_property: Any) -> None:
    pairs = 0
    for seed in range(part, 60, 4):
        zone, week_start = our.ZONES[seed % len(our.ZONES)], our.WEEK_STARTS[seed % len(our.WEEK_STARTS)]
        times = [our.NOW, *random.Random(seed).choices(our.fixed_nows(zone), k=4)]
        segments = our.seeded_segments(1_000 + seed, 60)
        for now in times:
            records = our.seeded_records(seed, segments, 7, now=now, timezone=zone, python_values=seed % 2 == 1)
            # The other times alternate with it, so that nothing may be kept from day to day.
            calls = [(record, random.Random(seed).choice(times) if number % 3 == 2 else now) for number, record in enumerate(records)]
            pairs += compare(segments, calls, {**OPTIONS, "timezone": zone, "week_start": week_start})
    record_testsuite_property(f"pairs_{part}", pairs)
    assert pairs == 15 * 5 * 7 * 60  # of each of the four parts: 126,000 together


# --- Made to break an index ------------------------------------------------------------------------------------------


class Whole(enum.IntEnum):
    """Members that are equal to integers, and stand for them."""

    ONE = 1
    ZERO = 0


class Unhashable:
    """Data that cannot be a key."""

    __hash__ = None  # type: ignore[assignment]  # on purpose


NAN = math.nan
EQUAL_IN_PYTHON: list[Any] = [
    True, 1, 1.0, "1", Decimal(1), Decimal("1.0"), Whole.ONE, "1.0", "true", "True", [True], [1], ["1"], (1,), frozenset({True}), frozenset({1}), {1.0},
    False, 0, 0.0, -0.0, "0", Decimal(0), Decimal("-0"), Whole.ZERO, "-0", "-0.0", "false", "", None, [], [None], [False], [0], [""],
    NAN, NAN, float("nan"), [NAN], Decimal("NaN"), Decimal("sNaN"), math.inf, -math.inf, Decimal("Infinity"), "NaN", "Infinity",
    2**53, 2**53 + 1, float(2**53), Decimal(2**53 + 1), str(2**53 + 1), 1e22, 10**22, "1e22", 10**400, "1" + "0" * 400,
    0.1, Decimal("0.1"), "0.1", 0.1 + 0.2, 0.3, "0.3", 1 + 1e-15, 5e-324, {"a": 1}, {}, [[1]], [[]], Unhashable(), [Unhashable()], 1j, b"1", UUID(int=1), str(UUID(int=1)),
    "2026-11-22", date(2026, 11, 22), datetime(2026, 11, 22), datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=1))), "2026-11-22T00:00:00Z", ["2026-11-22"],
    MappingProxyType({"a": 1}), object(), range(3), b"", ("1", 1, True, None),
]  # fmt: skip
"""Values that compare equal though they are of different types, and unequal though they are the same; many have no hash."""


@pytest.mark.parametrize("type_", [None, "number", "string", "boolean", "date", "datetime", "geopoint"])
def test_values_that_are_equal_in_python_and_not_here(type_: str | None) -> None:
    operands = [
        True,
        False,
        1,
        0,
        1.0,
        0.0,
        -0.0,
        "1",
        "1.0",
        "0",
        "-0",
        "true",
        "false",
        "",
        "NaN",
        2**53,
        2**53 + 1,
        float(2**53),
        10**400,
        0.1,
        0.3,
        "2026-11-22",
        "2026-11-22T00:00:00Z",
        "--11-22",
    ]
    filters = [
        on("a", operator, operand)
        for operator in ("$is", "$is_not", "$in", "$not_in", "$includes", "$intersects", "$contains", "$starts_with", "$ends_with")
        for operand in operands
    ]
    filters += [
        on("a", operator, abs(operand))
        for operator in ("$more_than", "$more_than_equal", "$less_than", "$less_than_equal")
        for operand in (0, 1, 1.0, 2**53, 2**53 + 1, float(2**53), 0.1, 10**400)
    ]
    filters += (
        [on("a", operator, True) for operator in ("$has_value", "$is_unknown", "$today")]
        + [on("a", "$count", n) for n in range(4)]
        + [on("a", "$in", operands), on("a", "$includes", [1, "1", True])]
    )
    segments = named(filters)
    options = {**OPTIONS, "attributes": {} if type_ is None else {"a": type_}}
    for seed in range(3):
        records: list[dict[str, Any]] = [{"a": value} for value in EQUAL_IN_PYTHON]
        random.Random(seed).shuffle(records)
        compare(segments, at([*records, {}, *records[::7]]), options)


def test_the_day_changes_from_call_to_call() -> None:
    operators = [
        "$more_than_ago", "$less_than_ago", "$is_days_ago", "$more_than_future", "$less_than_future", "$is_days_in_future", "$is_years_ago", "$is_days_ago_md", "$is_days_in_future_md",
        "$is_less_days_ago_md", "$is_less_days_in_future_md", "$is_more_days_ago_md", "$is_more_days_in_future_md", "$more_than", "$less_than_equal", "$is", "$in",
    ]  # fmt: skip
    periods = [f"${when}_{period}{md}" for when in ("last", "this", "next") for period in ("week", "month") for md in ("", "_md")]
    periods += [f"${day}{md}" for day in ("today", "yesterday", "tomorrow") for md in ("", "_md")] + ["$last_year", "$this_year", "$next_year"]
    keys = ("birthdate", "created_at", "metadata.since", "metadata.seen", "metadata.tier")
    filters = [on(key, operator, n) for key in keys for operator in operators for n in (0, 1, 7, 30, 365, 366)] + [
        on(key, period, True) for key in keys for period in periods
    ]
    segments = named([*filters, *({"$not": filter_} for filter_ in filters[::5])])
    days = [date(2024, 2, 28) + timedelta(days) for days in (-366, -365, -31, -30, -7, -1, 0, 1, 2, 7, 8, 30, 365, 366, 367)]
    records = [{key: f"{day}T23:30:00Z" if key in ("created_at", "metadata.seen") else str(day) for key in keys} for day in days]
    times = [
        datetime(2024, 2, 29, 12, tzinfo=UTC),
        datetime(2024, 2, 28, 23, 59, 59, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(2025, 2, 28, 12, tzinfo=UTC),
        datetime(2024, 3, 1, tzinfo=UTC),
    ]
    calls = [(record, now) for record in records for now in times]
    random.Random(0).shuffle(calls)
    for zone, week_start in (("UTC", "monday"), ("America/New_York", "sunday"), ("Pacific/Kiritimati", "saturday")):
        compare(segments, calls, {**OPTIONS, "timezone": zone, "week_start": week_start})


def test_the_same_day_at_two_instants() -> None:
    segments = named(
        on("created_at", operator, n) for operator in ("$more_than", "$more_than_equal", "$less_than", "$less_than_equal") for n in (0, 0.5, 1, 1.5, 2, 30)
    )
    moments = [our.NOW - timedelta(hours=hours, microseconds=micro) for hours in (0, 12, 24, 36, 48, 720) for micro in (-1, 0, 1)]
    calls = [
        ({"created_at": moment.isoformat()}, now)
        for moment in moments
        for now in (our.NOW, our.NOW + timedelta(microseconds=1), our.NOW + timedelta(hours=1), our.NOW - timedelta(microseconds=1))
    ]
    compare(segments, calls)


def test_attributes_come_and_go() -> None:
    keys = ("a", "b", "metadata.c", "loyalty.points", "events.x.count", "city")
    operators = [
        ("$is", "x"),
        ("$is_not", "x"),
        ("$not_in", ["x", "y"]),
        ("$is_unknown", True),
        ("$has_value", True),
        ("$is", 0),
        ("$less_than", 5),
        ("$count", 0),
        ("$count_less", 2),
        ("$includes", []),
    ]
    segments = named(
        [on(key, *condition) for key in keys for condition in operators]
        + [{**on(one, "$is_not", "x"), **on(two, "$is", 0)} for one in keys for two in keys if one != two]
        + [{}]
    )
    full: dict[str, Any] = {"a": "x", "b": "x", "metadata": {"c": "x"}, "loyalty": {"points": 3}, "events": {"x": {"count": 0}}, "address": {"city": "x"}}
    records: list[dict[str, Any]] = []
    for key, value in full.items():
        records += [
            full,
            {},
            {other: inner for other, inner in full.items() if other != key},
            {key: value},
            {**full, key: None},
            {**full, key: {}},
            {key: [value, None]},
            {**full, key: []},
        ]
    compare(segments, at(records))


def test_many_thresholds_hit_exactly() -> None:
    bounds: list[Any] = [
        *range(-30, 30),
        *(n / 8 for n in range(-20, 20)),
        *(f"{n}.5" for n in range(10)),
        2**53,
        2**53 + 1,
        2**53 + 2,
        float(2**53),
        -(2**53) - 1,
        2**63,
        1e18,
        10**18,
        10**18 + 1,
        1e308,
        10**400,
        -(10**400),
        5e-324,
        -0.0,
        "-0",
    ]
    comparisons = ("$more_than", "$more_than_equal", "$less_than", "$less_than_equal")
    segments = named(
        [on("a", operator, bound) for bound in bounds for operator in comparisons]
        + [{"junction": "or", **on("a", "$less_than", bounds[n]), **on("b", "$more_than", bounds[n])} for n in range(60)]
    )
    numbers = [float(bound) if isinstance(bound, str) else bound for bound in bounds]
    values = [
        *numbers,
        *(math.nextafter(float(n), toward) for n in numbers if abs(n) < 1e300 for toward in (-math.inf, math.inf)),
        math.inf,
        -math.inf,
        math.nan,
        True,
        "5",
        None,
        [1, 100],
        [-60, 60],
        [],
        [math.nan, 3],
    ]
    compare(segments, at({"a": value, "b": values[-number]} for number, value in enumerate(values)))


def test_many_fixed_dates_hit_exactly() -> None:
    days = [date(2026, 3, 29) + timedelta(n) for n in range(-3, 4)] + [date(2024, 2, 29), date(2023, 2, 28), date(1, 1, 1), date(9999, 12, 31)]
    operands = (
        [str(day) for day in days]
        + [f"{day}T{time}" for day in days[:7] for time in ("00:00:00Z", "02:30:00", "23:59:59.999999Z", "12:00+14:00")]
        + ["--03-29", "--02-29", "--02-28", "--01-01"]
    )
    keys = ("metadata.since", "metadata.seen", "metadata.tier", "birthdate")
    segments = named(
        on(key, operator, operand)
        for key in keys
        for operator in ("$after", "$before", "$after_equal", "$before_equal", "$is", "$is_not")
        for operand in operands
    )
    values: list[Any] = [operand for operand in operands if not operand.startswith("--")] + [
        datetime(2026, 3, 29, 2, 30),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        date(2024, 2, 29),
        5,
        "x",
        None,
        ["2026-03-29", "2024-02-29"],
    ]
    for zone in ("UTC", "Europe/Warsaw", "Pacific/Kiritimati"):
        compare(
            segments, at({"metadata": {"since": value, "seen": value, "tier": value}, "birthdate": value} for value in values), {**OPTIONS, "timezone": zone}
        )


def test_many_prefixes_suffixes_and_substrings() -> None:
    source = random.Random(7)
    texts = ["", "a", "b", "ab", "ba", "aa", "aba", "abab", "é", "e\u0301", "😀", "\ud83d", "\x00", "1", "true", "1.0", "A", "aB", "ab" * 40]
    texts += ["".join(source.choices("abé😀", k=source.randint(1, 6))) for _ in range(60)]
    segments = named(
        [on("a", operator, text) for text in texts for operator in ("$starts_with", "$ends_with", "$contains", "$not_contain", "$is")]
        + [on("a", operator, 1) for operator in ("$starts_with", "$contains")]
    )
    values: list[Any] = [
        *texts,
        *(left + right for left in texts[:12] for right in texts[::5]),
        1,
        True,
        None,
        ["ab", "ba"],
        [],
        ["", 1],
        {"a": 1},
        "x" * 1000 + "ab",
        date(2026, 1, 1),
        "aab" * 30,
    ]
    compare(segments, at({"a": value} for value in values))
    compare(segments, at({"a": value} for value in values), {**OPTIONS, "attributes": {"a": "string"}})


def test_large_lists() -> None:
    numbers: list[Any] = list(range(1_000))
    texts: list[Any] = [f"customer {n}" for n in range(1_000)]
    mixed = [value for pair in zip(numbers, texts, strict=True) for value in pair] + [True, "false", 1.5, "2.5", "1e3", "2026-11-22"]
    segments = named(
        on("a", operator, values)
        for operator in ("$in", "$not_in", "$intersects", "$includes")
        for values in (numbers, texts, mixed, [str(n) for n in numbers], [], ["x"] * 500)
    )
    segments += [{"id": "static", "name": "", "customers": texts}, {"id": "other", "name": "", "customers": [str(n) for n in numbers]}]
    values: list[Any] = [
        0,
        999,
        1_000,
        "0",
        "999",
        "customer 0",
        "customer 999",
        "customer 1000",
        True,
        False,
        1.5,
        1000.0,
        "1e3",
        2.5,
        "x",
        None,
        [],
        [-1, 5],
        texts[-40:],
        numbers[::50],
        [texts[0], numbers[0]],
        [[1]],
        date(2026, 11, 22),
        Decimal(5),
    ]
    compare(segments, at({"a": value, "id": value, "source_id": "5" if number % 4 == 0 else None} for number, value in enumerate(values)))


def test_arrays_of_any_length() -> None:
    operators = [
        ("$is", "a"), ("$is", ["a", "b"]), ("$is_not", ["a", "b"]), ("$is_not", "a"), ("$in", ["a", 1]), ("$not_in", ["a", 1]), ("$includes", ["a", "b"]), ("$includes", ["a", 1, True]), ("$includes", []), ("$more_than", [1, 5]),
        ("$less_than", 2), ("$contains", ["a", "b"]), ("$not_contain", "a"), ("$starts_with", "a"), ("$after", "2026-01-01"), ("$before", "2026-01-01"), ("$is_more_days_ago_md", 10), ("$is_month", [1, 11]),
        ("$count", [0, 3]), ("$count_more", 1), ("$count_less", 2), ("$in_location", ["block"]), ("$not_in_location", ["block", "warsaw"]), ("$has_value", True), ("$is_unknown", True),
    ]  # fmt: skip
    segments = named(
        [{"junction": junction, **on("a", *condition)} for condition in operators for junction in ("and", "or")]
        + [{"$not": on("a", *condition)} for condition in operators]
    )
    pool: list[Any] = ["a", "b", "ab", 1, 1.0, True, 5, None, math.nan, [], ["a"], {}, "2026-11-22", "2025-05-05", "1.0,1.0", "52.2,21.0", "", 0]
    source = random.Random(3)
    arrays: list[Any] = (
        [[], [None], [[]], [{}], *([value] for value in pool), *([one, two] for one in pool for two in pool[:6])]
        + [source.choices(pool, k=source.randint(3, 30)) for _ in range(80)]
        + [["a"] * 500, tuple(pool[:3])]
    )
    for type_ in (None, "string", "number", "date"):
        compare(segments, at({"a": array} for array in [*arrays, *pool]), {**OPTIONS, "attributes": {} if type_ is None else {"a": type_}})


def test_filters_whose_disjunctive_form_is_large() -> None:
    source = random.Random(5)

    def condition() -> dict[str, Any]:
        key = source.choice("abcdef")
        return source.choice(
            (
                on(key, "$is", source.choice("xyz")),
                on(key, "$is_not", source.choice("xyz")),
                on(key, "$more_than", source.randint(0, 4)),
                on(key, "$in", ["x", 1]),
                on(key, "$starts_with", "x"),
                on(key, "$is_unknown", True),
            )
        )

    def tree(depth: int) -> dict[str, Any]:
        if depth == 0:
            return condition()
        return source.choice(
            (
                {"$and": [tree(depth - 1) for _ in range(3)]},
                {"$or": [tree(depth - 1) for _ in range(3)]},
                {"$not": tree(depth - 1)},
                {"junction": "or", **condition(), "$and": [tree(depth - 1)]},
            )
        )

    wide: list[dict[str, Any]] = [{"$and": [{"$or": [condition() for _ in range(4)]} for _ in range(14)]} for _ in range(6)]
    wide += [{"$or": [{"$and": [condition() for _ in range(4)]} for _ in range(14)]} for _ in range(6)] + [{"$not": filter_} for filter_ in wide[:3]]
    deep: dict[str, Any] = condition()
    for level in range(63):
        deep = ({"$not": deep}, {"$and": [deep, condition()]}, {"$or": [condition(), deep]})[level % 3]
    segments = named([*wide, deep, *(tree(4) for _ in range(25))])
    records = [
        {key: source.choice(("x", "y", "xy", 1, 3, None, True, ["x", 2], [])) for key in source.sample("abcdef", source.randint(0, 6))} for _ in range(40)
    ]
    compare(segments, at(records))


def test_static_segments_with_many_members() -> None:
    lists = [[f"cust_{n}" for n in range(0, 20_000, step)] for step in (1, 2, 3, 7)] + [
        [],
        ["", "1", "true", "None", "\ud83d"],
        [str(UUID(int=n)) for n in range(100)],
    ]
    segments: list[dict[str, Any]] = [{"id": f"static_{number}", "name": "", "type": "static", "customers": members} for number, members in enumerate(lists)]
    segments += [{"id": "empty", "name": "", "type": "static"}, *named([on("id", "$starts_with", "cust_1"), on("source_id", "$is_not", "cust_6")])]
    ids: list[Any] = [
        "cust_0",
        "cust_1",
        "cust_6",
        "cust_19999",
        "cust_20000",
        "",
        "1",
        1,
        True,
        None,
        "None",
        ["cust_0"],
        {"id": "cust_0"},
        UUID(int=5),
        UUID(int=500),
        math.nan,
        "\ud83d",
        Whole.ONE,
        Unhashable(),
        b"cust_0",
    ]
    compare(segments, at([{"id": one, "source_id": two} for one in ids for two in ids[::3]] + [{}, {"source_id": "cust_6"}, {"metadata": {"id": "cust_0"}}]))


def test_many_records_in_a_row() -> None:
    """More distinct values than a cache of classes will hold, then the same ones again."""
    segments = our.seeded_segments(99, 30, keys=6)
    of_serials = [
        on("serial", "$ends_with", "7"),
        on("serial", "$more_than", 500),
        on("serial", "$is", "13"),
        on("serial", "$in", [13, "14", True]),
        on("serial", "$contains", 9),
    ]
    segments += [{**segment, "id": f"serial_{number}"} for number, segment in enumerate(named(of_serials))]
    records = our.seeded_records(99, segments, 400, python_values=True)
    calls = [
        ({**record, "serial": (number, str(number), number / 3, f"n{number}", [number, str(number + 1)])[number % 5]}, our.NOW + timedelta(days=number // 100))
        for number, record in enumerate(records)
    ]
    assert compare(segments, calls) == 35 * 400


def test_one_engine_is_not_another() -> None:
    """Nothing is shared between engines of the same filters under different options."""
    filters = [
        on("a", "$today", True),
        on("a", "$this_week", True),
        on("a", "$is", "2026-11-22"),
        on("a", "$after", "2026-11-21"),
        on("a", "$more_than", 0),
        on("a", "$contains", "22"),
        on("a", "$in_location", ["warsaw"]),
    ]
    segments = named(filters)
    variants = [
        {"timezone": zone, "week_start": week, "attributes": {} if type_ is None else {"a": type_}, "locations": dict(our.LOCATIONS)}
        for zone in our.ZONES[:5]
        for week in our.WEEK_STARTS
        for type_ in (None, "date", "datetime", "string", "number")
    ]
    engines = [SegmentEngine(segments, **variant) for variant in variants]  # type: ignore[arg-type]
    for value in ("2026-11-22", "2026-11-22T00:30:00Z", "2026-11-21T23:30:00-05:00", "2026-11-16", 1, "1", None, "52.2,21.0", date(2026, 11, 22)):
        for engine, variant in zip(engines, variants, strict=True):
            assert engine.segment_ids({"a": value}, our.NOW) == reference.segment_ids(segments, {"a": value}, now=our.NOW, **variant)  # type: ignore[arg-type]
