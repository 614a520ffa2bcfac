"""Tables: every row's segments are those of the row as a record, for the engine and for the reference, whatever the columns' types and layout."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmentation import RecordError, RecordTypeError, SegmentEngine, UnknownSegmentError
from segmentation.batch import bitmaps, gates, leaves, numbers, tables, texts
from segmentation.batch.isotext import read_iso
from segmentation.language.attributes import MISSING, Attribute, finder
from segmentation.language.checks import Check, Facet, Interval, OneOf, Prefix, Substring, Suffix
from segmentation.language.data import Kind, read
from segmentation.language.dates import Calendar, Moment
from segmentation.language.predicate import FALSE, TRUE, And, Leaf, Listed, Not, Or, Predicate
from segmentation.testing import reference
from segmentation.testing import strategies as our

OPTIONS: dict[str, Any] = {"timezone": "UTC", "week_start": "monday", "attributes": our.declared(), "locations": dict(our.LOCATIONS)}

CLOCK = Calendar("UTC", "monday").clock(our.NOW)
INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
TEXTS = [pa.string(), pa.large_string(), pa.string_view()]
TIMES = [pa.timestamp(unit, tz=zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Asia/Kolkata", "+02:00")]
SCALARS = [
    *INTEGERS, pa.float16(), pa.float32(), pa.float64(), pa.decimal128(38, 0), pa.decimal128(12, 2), pa.decimal128(38, 20), pa.decimal256(60, 3),
    pa.bool_(), pa.null(), *TEXTS, pa.date32(), pa.date64(), *TIMES, pa.binary(), pa.large_binary(), pa.binary(2), pa.time32("s"), pa.time64("ns"), pa.duration("us"),
    pa.uuid(),
]  # fmt: skip
ENCODED = [pa.dictionary(pa.int32(), type_) for type_ in (pa.string(), pa.large_string(), pa.int64(), pa.float64(), pa.timestamp("us", "UTC"), pa.date32())]
LISTS = [
    make(type_)
    for make in (pa.list_, pa.large_list, lambda inner: pa.list_(inner, 2))
    for type_ in (pa.string(), pa.int64(), pa.float64(), pa.timestamp("ns"), pa.date32())
]
NESTED = [
    pa.list_(pa.list_(pa.int64())),
    pa.struct([("a", pa.int64()), ("b", pa.string())]),
    pa.map_(pa.string(), pa.string()),
    pa.list_(pa.struct([("a", pa.int64())])),
]
TYPES = [*SCALARS, *TEXTS, *ENCODED, *LISTS, *NESTED]
ODD: list[Any] = [
    None, True, False, 0, -0.0, 1, -1, 255, 2**31, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**64 - 1, 0.1, 1.5, math.nan, math.inf, -math.inf, 5e-324,
    "", "1", "true", "1e3", "NaN", "ß", "a\0b", "2024-02-29", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999999+01:00", "0001-01-01", "9999-12-31T23:59:59Z",
    "geo:52.23,21.01", [], [None], ["a", None], [1, 2.5], date(1, 1, 1), date(9999, 12, 31), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), timedelta(1),
]  # fmt: skip


def as_moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return our.NOW + timedelta(days=value) if abs(value) < 100_000 else None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, 13, 5, 59, 123456)
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return None


def as_type(value: Any, type_: pa.DataType) -> Any:
    """What stands in a column of a type for a value of a record: the nearest thing, None for what has no likeness."""
    if isinstance(value, list | tuple) and not pa.types.is_nested(type_):
        value = value[0] if value else None
    if value is None or pa.types.is_null(type_):
        return None
    if pa.types.is_fixed_size_list(type_):
        return [as_type(part, type_.value_type) for part in (value, None)]
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return [as_type(part, type_.value_type) for part in (value if isinstance(value, list) else [value])]
    if pa.types.is_struct(type_):
        return {"a": as_type(value, pa.int64()), "b": as_type(value, pa.string())}
    if pa.types.is_map(type_):
        return [("a", as_type(value, pa.string())), ("b.c", as_type(value, pa.string()))]
    moment = as_moment(value)
    if pa.types.is_timestamp(type_):
        if moment is None or (type_.unit == "ns" and not 1700 < moment.year < 2200) or not 2 < moment.year < 9_998:  # where Python's way out of Arrow raises
            return None
        return moment.replace(tzinfo=moment.tzinfo or UTC) if type_.tz else moment.replace(tzinfo=None)
    if pa.types.is_date(type_):
        return None if moment is None else moment.date()
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if any(map(type_.equals, TEXTS)):
        return text if text.isprintable() or text.isascii() else None
    if pa.types.is_boolean(type_):
        return bool(value)
    if pa.types.is_time(type_):
        return time(1, 2)
    if pa.types.is_duration(type_):
        return timedelta(1)
    if type_.equals(pa.uuid()):
        return b"0123456789abcdef"
    if pa.types.is_fixed_size_binary(type_):
        return b"ab"
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return b"\xff"
    try:
        number = float(value) if not isinstance(value, int) else value
    except (ValueError, TypeError):
        return None
    if pa.types.is_floating(type_):
        if type_.equals(pa.float16()):
            return np.float16(number if math.isnan(number) or math.isinf(number) else max(-60_000, min(60_000, number)))
        return float(number)
    if not math.isfinite(number):
        return None
    return Decimal(str(number)) if pa.types.is_decimal(type_) else int(number)


def column(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    """The values in a column of a type; nulls stand for those that do not fit."""
    if pa.types.is_dictionary(type_):
        return column(values, type_.value_type).dictionary_encode()
    fitting = []
    for value in values:
        likeness = None
        try:
            likeness = as_type(value, type_)
            if pa.types.is_decimal(type_) and likeness is not None:
                likeness = round(likeness, type_.scale)
            pa.array([likeness], type_)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ArithmeticError, ValueError):
            likeness = None
        fitting.append(likeness)
    return pa.array(fitting, type_)


def nested(columns: Mapping[str, pa.Array], depth: int, holes: Sequence[bool]) -> dict[str, pa.Array]:
    """The columns with what stands before the first dots as structs, some of them null."""
    found: dict[str, pa.Array] = {}
    inside: dict[str, dict[str, pa.Array]] = {}
    for key, array in columns.items():
        parent, dot, child = key.partition(".")
        if dot and child and depth:
            inside.setdefault(parent, {})[child] = array
        else:
            found[key] = array
    for parent, fields in inside.items():
        deeper = nested(fields, depth - 1, holes)
        mask = pa.array([holes[row % len(holes)] for row in range(len(next(iter(deeper.values()))))], pa.bool_())
        name = parent if parent not in found else f"{parent}.x"
        found[name] = pa.StructArray.from_arrays(list(deeper.values()), names=list(deeper), mask=mask)
    return found


def records_of(table: pa.Table) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = table.to_pylist(maps_as_pydicts="lossy")
    return records


def compare(
    segments: Sequence[Mapping[str, Any]], table: Any, records: Sequence[Mapping[str, Any]], now: datetime, options: Mapping[str, Any] = OPTIONS, **how: Any
) -> None:
    engine = SegmentEngine(segments, **options)
    membership = engine.evaluate_table(table, now, **how)
    assert len(membership) == len(records)
    masks = {segment["id"]: membership.mask(segment["id"]) for segment in segments}
    for row, record in enumerate(records):
        found = membership.segment_ids(row)
        assert found == engine.segment_ids(record, now), (row, record)
        assert found == reference.segment_ids(segments, record, now=now, **options), (row, record)
        assert found == [id_ for id_, mask in masks.items() if mask[row]]
    assert membership.counts() == {id_: int(mask.sum()) for id_, mask in masks.items()}
    long = membership.to_arrow()
    assert list(zip(long["row"].to_pylist(), long["segment_id"].to_pylist(), strict=True)) == [
        (row, id_) for row in range(len(records)) for id_ in membership.segment_ids(row)
    ]
    bitmaps = membership.bitmaps()
    assert bitmaps.shape == (len(segments), (len(records) + 63) // 64)
    assert np.bitwise_count(bitmaps).sum(axis=1).tolist() == list(membership.counts().values())


@st.composite
def arrow_tables(draw: st.DrawFn, segments: Sequence[Mapping[str, Any]], now: datetime, zone: str) -> pa.Table:
    samples = draw(st.lists(our.records_for(segments, now=now, timezone=zone), min_size=1, max_size=4))
    rng = random.Random(draw(st.integers(0, 2**32)))
    rows = draw(st.sampled_from((0, 1, 2, 3, 5, 9, 63, 64, 65, 150)))
    columns = {}
    for key in our.ATTRIBUTES:
        if rng.random() < 0.15:
            continue
        find = finder(key)
        pool = [value for value in map(find, samples) if value is not MISSING] * 3 + rng.choices(ODD, k=3)
        columns[key] = column(rng.choices(pool, k=rows), rng.choice(TYPES))
    columns["source_id"] = column(
        rng.choices([*(name for segment in segments for name in segment.get("customers") or ()), "x", None], k=rows), rng.choice(TEXTS)
    )
    laid = nested(columns, rng.choice((0, 0, 1, 3)), [rng.random() < 0.2 for _ in range(7)])
    table = pa.table(list(laid.values()), names=list(laid))
    cut = rng.randrange(rows + 1)
    return pa.concat_tables([table.slice(0, cut), table.slice(cut)]) if rows else table


@given(st.data())
def test_rows_have_the_segments_of_their_records(data: st.DataObject) -> None:
    options = data.draw(our.engine_options(our.ATTRIBUTES), label="options")
    segments = data.draw(our.segment_sets(min_size=1), label="segments")
    now = data.draw(our.nows(options["timezone"]), label="now")
    table = data.draw(arrow_tables(segments, now, options["timezone"]), label="table")
    with mock.patch.object(tables, "BLOCK_ROWS", 64), mock.patch.object(leaves, "_SAMPLE", data.draw(st.sampled_from((2, 1 << 14)), label="sample")):
        compare(segments, table, records_of(table), now, options)


@pytest.mark.parametrize("seed", range(6))
def test_many_segments(seed: int) -> None:
    """Each type by turns for every attribute, with fifty segments on few attributes."""
    zone = our.ZONES[seed]
    segments = our.seeded_segments(seed, 50)
    samples = our.seeded_records(seed, segments, 40, timezone=zone)
    rng = random.Random(seed)
    for turn in range(8):
        columns = {}
        for position, key in enumerate(our.ATTRIBUTES):
            find = finder(key)
            pool = [value for value in map(find, samples) if value is not MISSING] + ODD
            columns[key] = column(rng.choices(pool, k=70), TYPES[(position + 7 * turn + 5 * seed) % len(TYPES)])
        laid = nested(columns, turn % 3, [rng.random() < 0.1 for _ in range(7)])
        table = pa.table(list(laid.values()), names=list(laid))
        with mock.patch.object(leaves, "_SAMPLE", 8):
            compare(segments, table, records_of(table), our.NOW, {**OPTIONS, "timezone": zone})


@given(st.data())
def test_records_as_json_text(data: st.DataObject) -> None:
    segments = data.draw(our.segment_sets(min_size=1), label="segments")
    records = data.draw(st.lists(our.records_for(segments) | our.json_objects(), max_size=5), label="records")
    table = pa.table({"payload": pa.array([json.dumps(record) for record in records], pa.string()), "name": ["not asked"] * len(records)})
    compare(segments, table, records, our.NOW, record_column="payload")
    groups: list[dict[str, Any]] = [{key: record[key] for key in ("metadata", "name") if key in record} for record in records]
    table = pa.table({key: pa.array([json.dumps(group.get(key)) for group in groups], pa.string()) for key in ("metadata", "name")})
    compare(segments, table, [{"metadata": None, "name": None, **group} for group in groups], our.NOW, json_columns=["metadata", "name"])


@st.composite
def nearly_iso(draw: st.DrawFn) -> str:
    """Dates and date-times as software writes them, with a letter changed now and then."""
    when = draw(st.datetimes(timezones=st.just(UTC)) | st.sampled_from([datetime(2024, 2, 29, tzinfo=UTC), datetime(1900, 2, 28, 23, 59, 59, tzinfo=UTC)]))
    elsewhere = when.replace(tzinfo=timezone(timedelta(minutes=draw(st.integers(-1439, 1439)))))
    text = draw(
        st.sampled_from([when.date().isoformat(), when.isoformat(), when.isoformat(timespec="milliseconds").replace("+00:00", "Z"), elsewhere.isoformat()])
    )
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from([*"0123456789:-+.TtZz ", "", "é", "\0", "１"])) + text[place + draw(st.integers(0, 1)) :]
    return text


ODD_ISO = [
    "2026-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "2026-13-01", "2026-00-10", "2026-04-31", "2026-01-00",
    "0001-01-01T00:00:00Z", "0002-01-03T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z", "2026-01-01T23:59:60Z",
    "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.123456+00:00", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00-00:00",
    "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01 00:00:00Z", "2026-01-01T00:00Z", "2026-01-01T00:00:00", "1969-12-31T23:59:59.999999Z", "", "2",
    "2026-01-01T00:30:00+05:30", "2026-01-01T00:30:00-23:59", "2026-01-01T00:30:00.5+24:00", "2026-01-01T00:30:00+01:60", "2026-01-01T00:30:00 01:00", "2026-01-01T00:30:00+0100",
    "2026-01-01T00:30:00+01-00", "0001-12-31T00:30:00+23:59", "9998-12-31T23:30:00-23:59",
]  # fmt: skip


@given(st.lists(nearly_iso() | st.sampled_from(ODD_ISO), max_size=12), st.sampled_from([pa.string(), pa.large_string()]), st.integers(0, 3))
@example(ODD_ISO, pa.string(), 1)
def test_iso_text_in_bulk(texts: list[str], type_: pa.DataType, start: int) -> None:
    """What is read in bulk is what the language reads, one by one; what software mostly writes is read in bulk."""
    texts = texts[start:]
    plain, plain_days, moments, instants, written_days = read_iso(pa.array(["x"] * start + texts, type_).slice(start))
    read = {row: Calendar("UTC", "monday").read_text(text) for row, text in enumerate(texts)}
    found = dict(zip(plain.tolist(), plain_days.tolist(), strict=True))
    assert found == {row: value.toordinal() for row, value in read.items() if value is not None and not isinstance(value, Moment)}
    in_bulk = dict(zip(moments.tolist(), instants.tolist(), strict=True))
    for row, instant in in_bulk.items():
        moment = read[row]
        assert isinstance(moment, Moment)
        assert moment.instant == instant
    assert [date.fromordinal(day).isoformat() for day in written_days.tolist()] == [texts[row][:10] for row in moments.tolist()]
    for row, text in enumerate(texts):
        if re.fullmatch(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", text, re.ASCII) and read[row] is not None:
            assert row in in_bulk


LEAVES_OF_GATES: list[Leaf | Listed] = [Listed(frozenset({name})) for name in "abcde"]
PREDICATES: st.SearchStrategy[Predicate] = st.recursive(
    st.sampled_from([*LEAVES_OF_GATES, TRUE, FALSE]),
    lambda part: (
        st.builds(Not, part)
        | st.builds(lambda parts: And(tuple(parts)), st.lists(part, max_size=4))
        | st.builds(lambda parts: Or(tuple(parts)), st.lists(part, max_size=4))
    ),
    max_leaves=12,
)
A, B, C, *_ = LEAVES_OF_GATES


@given(st.lists(PREDICATES, max_size=12), st.sampled_from([0, 1, 63, 64, 200]), st.sampled_from([1, 1_024]), st.sampled_from([1, 1 << 17]))
@example([And((A, B)), Or((And((A, B)), C)), And((A, B)), Not(And((A, B)))], 200, 1_024, 1)  # an answer that is part of another, twice, and its complement
@example([A, A, Not(A), TRUE, FALSE, Not(TRUE), And((A, A)), Or((A, Not(A)))], 65, 1_024, 1 << 17)
def test_gates(predicates: list[Predicate], rows: int, inner: int, octets: int) -> None:
    """Bitmaps are combined as predicates hold, in batches of any size."""
    rng = np.random.default_rng(rows)
    truth = dict(zip(LEAVES_OF_GATES, rng.random((len(LEAVES_OF_GATES), rows)) < 0.5, strict=True))

    def value(predicate: Predicate) -> Any:
        match predicate:
            case Not(part):
                return ~value(part)
            case And(parts):
                return np.all([np.ones(rows, np.bool_), *map(value, parts)], axis=0)
            case Or(parts):
                return np.any([np.zeros(rows, np.bool_), *map(value, parts)], axis=0)
            case _:
                return truth[predicate]

    with mock.patch.object(gates, "_MOST_INNER", inner), mock.patch.object(gates, "_OCTETS_AT_ONCE", octets):
        compiled = gates.Gates(predicates, {leaf: number for number, leaf in enumerate(LEAVES_OF_GATES)})
        words = bitmaps.word_count(rows)
        board = rng.integers(0, 1 << 63, (compiled.rows, words)).astype("<u8")
        board[: len(truth)] = bitmaps.pack(np.stack(list(truth.values())))
        found = np.zeros((len(predicates), words), "<u8")
        compiled.run(board, rows, found)
    assert found.tolist() == [bitmaps.pack(value(predicate)).tolist() for predicate in predicates]


NEEDLES = st.text("abé\0", max_size=4) | st.sampled_from(["", "\ud800", "\U0001f600", "aaaaaaaaaaaa"])


@given(
    st.lists(st.text("abé\0", max_size=9) | st.sampled_from(["", "aaaaaaaaaaaab", "\U0001f600"]), max_size=80),
    st.lists(st.tuples(st.sampled_from([Prefix, Suffix, Substring, lambda text: OneOf(frozenset({text, "a"}))]), NEEDLES), max_size=9),
    st.sampled_from([pa.string(), pa.large_string()]),
    st.sampled_from([1, 3, 12]),
)
@example(["ab", "aab", ""], [(Substring, "aab"), (Prefix, "ab"), (Suffix, "aab")], pa.string(), 12)  # no byte from a text's neighbour
@example(["a", "a\0"], [(Substring, "\0"), (Suffix, "\0"), (Prefix, "a\0")], pa.string(), 12)  # nor from past the end
@example(["aaa", "aaaa"], [(Substring, "aa"), (Suffix, "aaaa"), (Prefix, "aaaa")], pa.string(), 3)  # as long as letters are held, and longer
@example([""] * 3, [(Substring, "a"), (Substring, ""), (Prefix, ""), (Suffix, "a")], pa.string(), 3)
def test_texts_in_bulk(written: list[str], asked: list[tuple[Any, str]], type_: pa.DataType, places: int) -> None:
    """What texts start with, end with, hold and are is what it is for each by itself."""
    constraints = [make(text) for make, text in asked]
    found = np.zeros((len(constraints), (len(written) + 63) // 64), "<u8")
    plan = texts.TextLeaves([[Check(Facet.TEXT, constraint, Kind.STRING)] for constraint in constraints])
    with mock.patch.object(texts, "_PLACES", places), mock.patch.object(texts, "_TEXTS_AT_ONCE", 64):
        plan.add(pa.array(["b", *written], type_).slice(1), CLOCK, found)
    assert bitmaps.unpack(found, len(written)).tolist() == [[constraint.admits(text, CLOCK) for text in written] for constraint in constraints]


def number_leaf(low: Any, high: Any, are_open: tuple[bool, bool], others: Sequence[Any]) -> Leaf:
    checks = [
        Check(Facet.NUMBER, Interval(low, high, low is not None and are_open[0], high is not None and are_open[1]), Kind.NUMBER),
        Check(Facet.NUMBER, OneOf(frozenset(others)), Kind.NUMBER),
    ]
    return Leaf(Attribute("n", None), tuple(checks))


SCALARS_OF_LINE = st.sampled_from([0, 1, -1, 2, 3, 0.5, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 1e300, -1e300, 10**400, -(10**400), 1.5])
COLUMNS_OF_LINE = [
    np.array([0, 1, -1, 2, 3, 1, 1, 0], np.int64), np.array([2**53, 2**53 + 1, -(2**63), 2**63 - 1, 0], np.int64), np.array([2**63 - 1, 2**63 - 2] * 40, np.int64),
    np.array([0, 1, 2**63, 2**64 - 1, 2], np.uint64), np.array([2**64 - 1, 2**64 - 2] * 40, np.uint64), np.array([], np.int64),
    np.array([0.0, -0.0, 0.5, math.inf, -math.inf, 1e300, 5e-324, 2.0**53, 2.0**64, -(2.0**63)]),
]  # fmt: skip


@given(
    st.lists(
        st.tuples(SCALARS_OF_LINE | st.none(), SCALARS_OF_LINE | st.none(), st.tuples(st.booleans(), st.booleans()), st.lists(SCALARS_OF_LINE, max_size=3)),
        max_size=8,
    ),
    st.sampled_from(COLUMNS_OF_LINE),
    st.sampled_from([0, 48]),
)
@example([], COLUMNS_OF_LINE[5], 0)  # no rows
def test_numbers_in_bulk(asked: list[Any], column: Any, few: int) -> None:
    """Whichever way numbers are put into classes, a leaf admits those that it admits by themselves."""
    own = [number_leaf(*ask) for ask in asked]
    found = np.empty((len(own), (len(column) + 63) // 64), "<u8")
    with mock.patch.object(numbers, "_FEW", few), mock.patch.object(numbers, "_ROWS_AT_ONCE", 64):
        numbers.NumberLine(own, column.dtype).write(column, found)
    readings = [read(value, Attribute("n", None), Calendar("UTC", "monday")) for value in column.tolist()]
    assert bitmaps.unpack(found, len(column)).tolist() == [[leaf.admits(reading, CLOCK) for reading in readings] for leaf in own]


ENGINE = SegmentEngine([{"id": "s", "name": "", "filter": {"name": {"conditions": {"$starts_with": "S"}}}}])
NAMES = ["Sofia", "Bob", None, "Sam"]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"name": NAMES}),
        pa.record_batch({"name": NAMES}),
        pa.table({"name": NAMES}).to_reader(),
        pl.DataFrame({"name": NAMES}),
        pl.LazyFrame({"name": NAMES}),
        pl.DataFrame({"name": pl.Series(NAMES, dtype=pl.Categorical)}),
        [pa.record_batch({"name": NAMES[:1]}), pa.record_batch({"name": NAMES[1:]})],
    ],
    ids=lambda table: type(table).__module__ + "." + type(table).__name__,
)
def test_what_is_a_table(table: Any) -> None:
    membership = ENGINE.evaluate_table(table)
    assert membership.mask("s").tolist() == [True, False, False, True]
    assert membership.counts() == {"s": 2}
    assert membership.sizes() == {"s": 0.5}
    assert [block.rows for block in membership] == [4]
    assert membership.to_polars().rows() == [(0, "s"), (3, "s")]
    assert membership.rows("s").tolist() == [0, 3]
    assert membership.segment_ids(-1) == ["s"]
    assert repr(membership) == "<Membership: 4 customers, 1 segments>"


def test_batches_stream() -> None:
    asked: list[int] = []

    def batches() -> Any:
        for number in range(40):
            asked.append(number)
            yield pa.record_batch({"name": ["S", "x"] * 32})

    with mock.patch.object(tables, "BLOCK_ROWS", 64):
        stream = ENGINE.map_batches(batches())
        first = next(stream)
        assert len(asked) < 20
        found = [first, *stream]
    assert [batch.column("row").to_pylist() for batch in found] == [list(range(64 * number, 64 * number + 64, 2)) for number in range(40)]
    assert set(pa.Table.from_batches(found)["segment_id"].to_pylist()) == {"s"}
    with mock.patch.object(tables, "BLOCK_ROWS", 64):
        parts = list(ENGINE.evaluate_batches(batches()))
    assert [(part.first_row, len(part), part.counts()["s"]) for part in parts] == [(64 * number, 64, 32) for number in range(40)]


def test_many_conditions_make_short_blocks() -> None:
    assert [tables.block_rows(bitmaps) for bitmaps in (0, 1 << 14, (1 << 14) + 1, 1 << 30)] == [1 << 17, 1 << 17, 1 << 16, 1 << 13]
    with mock.patch.object(tables, "_FEWEST_ROWS", 64), mock.patch.object(tables, "_MOST_OCTETS", 1):
        membership = ENGINE.evaluate_table(pa.table({"name": ["S", "x", None] * 50}))
    assert [block.rows for block in membership] == [64, 64, 22]
    assert membership.rows("s").tolist() == list(range(0, 150, 3))


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(TypeError, match="a table is a pyarrow Table"):
        ENGINE.evaluate_table({"name": ["S"]})
    with pytest.raises(TypeError, match="batches are pyarrow RecordBatches, not dict"):
        ENGINE.evaluate_table([{"name": "S"}])
    with pytest.raises(KeyError, match="no column 'payload'"):
        ENGINE.evaluate_table(pa.table({"name": ["S"]}), record_column="payload")
    with pytest.raises(TypeError, match="json_columns is several names"):
        ENGINE.evaluate_table(pa.table({"name": ["S"]}), json_columns="name")
    with pytest.raises(RecordError, match="row 1, column 'name'") as caught:
        ENGINE.evaluate_table(pa.table({"name": ["1", "{secret"]}), json_columns=["name"])
    assert "secret" not in str(caught.value)
    with pytest.raises(RecordTypeError, match="row 0, column 'name': a customer is a JSON object, not an array"):
        ENGINE.evaluate_table(pa.table({"name": ["[]"]}), record_column="name")
    with pytest.raises(RecordTypeError, match="row 0, column 'n': JSON is read from text, not from a number"):
        ENGINE.evaluate_table(pa.table({"n": [1]}), json_columns=["n"])
    with pytest.raises(ValueError, match="naive"):
        ENGINE.evaluate_table(pa.table({"name": ["S"]}), datetime(2026, 1, 1))
    membership = ENGINE.evaluate_table(pa.table({"name": ["S"]}))
    with pytest.raises(UnknownSegmentError, match="no segment has the id 't'"):
        membership.mask("t")
    with pytest.raises(IndexError, match="there is no row 1"):
        membership.segment_ids(1)
    with pytest.raises(ValueError, match="differ in their columns"):
        ENGINE.evaluate_table([pa.record_batch({"name": ["S"]}), pa.record_batch({"other": ["S"]})])


def test_nothing() -> None:
    membership = ENGINE.evaluate_table(pa.table({"name": pa.array([], pa.string())}))
    assert (len(membership), membership.counts(), membership.sizes(), membership.mask("s").shape) == (0, {"s": 0}, {"s": 0.0}, (0,))
    assert membership.to_arrow().num_rows == 0
    assert membership.bitmaps().shape == (1, 0)
    nobody = SegmentEngine([]).evaluate_table(pa.table({"name": ["S"]}))
    assert (len(nobody), nobody.counts(), nobody.segment_ids(0), nobody.to_arrow().num_rows) == (1, {}, [], 0)


def test_dates_past_the_calendar_are_objects() -> None:
    engine = SegmentEngine(
        [
            {"id": "known", "name": "", "filter": {"when": {"conditions": {"$has_value": True}}}},
            {"id": "past", "name": "", "filter": {"when": {"conditions": {"$before": "2026-01-01"}}}},
            {"id": "created", "name": "", "filter": {"created_at": {"conditions": {"$has_value": True}}}},
        ]
    )
    far = pa.array([2**62, 0, None, -(2**62)], pa.int64())
    for type_ in (pa.timestamp("s", "UTC"), pa.timestamp("us"), pa.timestamp("ms", "Europe/Paris")):
        table = pa.table({"when": far.cast(type_), "created_at": far.cast(type_)})
        assert [engine.evaluate_table(table).segment_ids(row) for row in range(4)] == [["known"], ["known", "past", "created"], [], ["known"]]
    table = pa.table({"when": pa.array([2**31 - 1, 0, None, -(2**31)], pa.int32()).cast(pa.date32())})
    assert [engine.evaluate_table(table).segment_ids(row) for row in range(4)] == [["known"], ["known", "past"], [], ["known"]]
