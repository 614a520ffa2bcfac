"""Every Arrow type, in every layout: a row's segments are those of the record that the row is. Where Arrow's own functions fall short is tried too."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from segmentation import RecordTypeError, SegmentEngine
from segmentation.batch import tables
from segmentation.testing import reference

NOW = datetime(2026, 10, 25, 12, tzinfo=UTC)  # the day on which Berlin has half past two twice
BERLIN = "Europe/Berlin"
DECLARED = (None, "string", "number", "boolean", "date", "datetime", "geopoint")
LOCATIONS = {"warsaw": {"type": "circle", "format": "distance", "distance": {"center": "geo:52.23,21.01", "radius": "50 km"}}}
CONDITIONS: list[dict[str, Any]] = [
    *({"$is": value} for value in (1, "1", True, "true", 0, 1.5, 2**53, 2**53 + 1, "a", "", 12.5, 10**70, 0.1)),
    *({"$is": value} for value in ("2024-02-29", "2026-10-25", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "--02-29")),
    *({"$is_not": value} for value in (1, "a", "2026-10-25")),
    *({operator: ["a", "b", 1, True]} for operator in ("$in", "$not_in")),
    *({"$includes": values} for values in (["a", "b"], [1, 2], [])),
    *({operator: True} for operator in ("$has_value", "$is_unknown", "$today", "$this_week", "$today_md")),
    *({operator: count} for operator in ("$count", "$count_more", "$count_less") for count in (0, 1, 2)),
    *({"$contains": text} for text in ("a", "+01:00", "+02:00", ".")),
    {"$not_contain": "1"}, {"$starts_with": "2026"}, {"$starts_with": ""}, {"$ends_with": "00"},
    *({operator: number} for operator in ("$more_than", "$less_than_equal") for number in (0, 1, 1.5, 2**53, 2**63, 1e300)),
    *({operator: when} for operator in ("$after", "$before_equal") for when in ("2026-10-25", "2026-10-25T00:45:00Z", "--02-28")),
    {"$less_than_ago": 3}, {"$is_years_ago": 2}, {"$is_day": "02-29"}, {"$is_year": 1}, {"$is_year": 9999}, {"$is_less_days_in_future_md": 200},
    {"$in_location": ["warsaw"]}, {"$not_in_location": ["warsaw"]},
]  # fmt: skip


@cache
def segments_on(*keys: str) -> list[dict[str, Any]]:
    return [{"id": f"{key} {condition}", "name": "", "filter": {key: {"conditions": condition}}} for key in keys for condition in CONDITIONS]


@cache
def engine_on(keys: tuple[str, ...], declared: str | None, zone: str) -> SegmentEngine:
    return SegmentEngine(segments_on(*keys), timezone=zone, locations=LOCATIONS, attributes={key: declared for key in keys if declared})


def record_of(value: Any) -> Any:
    """What `to_pylist` gives, as the documentation reads it: nanoseconds are cut, intervals are objects."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if isinstance(value, pa.MonthDayNano):
        return object()
    if isinstance(value, dict):
        return {key: record_of(part) for key, part in value.items()}
    return [record_of(part) for part in value] if isinstance(value, list) else value


def records_of(table: pa.Table) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Encountered key")  # the last value of a key counts
        return [record_of(row) for row in table.to_pylist(maps_as_pydicts="lossy")]


def compare(table: Any, records: Sequence[Mapping[str, Any]], keys: tuple[str, ...], declared: str | None = None, zone: str = BERLIN, **how: Any) -> None:
    engine = engine_on(keys, declared, zone)
    membership = engine.evaluate_table(table, NOW, **how)
    assert len(membership) == len(records)
    for row, record in enumerate(records):
        assert membership.segment_ids(row) == engine.segment_ids(record, NOW), (declared, zone, row, record)


TEXTS = ["a", "b", "", "1", "true", "2024-02-29", "2026-10-25", "2026-10-25T01:30:00Z", None, "geo:52.23,21.01", "2026-10-25T02:30:00", "a\0", "2026-10-25x"]
INTEGERS = [0, 1, None, 2, 100, 1]
FLOATS = [0.0, -0.0, math.nan, math.inf, -math.inf, None, 1.0, 1.5, 0.1]
DATES = [date(2024, 2, 29), date(2026, 10, 25), None, date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31), date(2025, 10, 25)]
MOMENTS = [
    datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30), None, datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30), datetime(2024, 2, 29, 12),
    datetime(1969, 12, 31, 23, 59, 59), datetime(2026, 10, 24, 22), datetime(2026, 10, 24, 21, 59, 59), datetime(2026, 10, 26),
]  # fmt: skip
STRUCTS = [{"x": 1, "y": "a"}, None, {"x": None, "y": None}, {"x": 2, "y": "b"}]
STRUCT = pa.struct([("x", pa.int64()), ("y", pa.string())])
NANOSECONDS = pa.array([1, -1, -1000, 999, None], pa.timestamp("ns"))


def plain() -> Iterator[tuple[str, pa.Array]]:
    for type_ in (pa.string(), pa.large_string(), pa.string_view()):
        yield str(type_), pa.array(TEXTS, type_)
    for type_ in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()):
        yield str(type_), pa.array(INTEGERS, type_)
    yield "great int64", pa.array([2**53, 2**53 + 1, -(2**53) - 1, None, 2**63 - 1, -(2**63)], pa.int64())
    yield "great uint64", pa.array([2**64 - 1, 2**63, 2**53 + 1, None, 0], pa.uint64())
    for type_ in (pa.float16(), pa.float32(), pa.float64()):
        yield str(type_), pa.array([None if value is None else np.float16(value) for value in FLOATS] if type_ == pa.float16() else FLOATS, type_)
    yield "bool", pa.array([True, False, None, True], pa.bool_())
    yield "null", pa.nulls(4)
    for make, digits in ((pa.decimal32, 9), (pa.decimal64, 18), (pa.decimal128, 38), (pa.decimal256, 76)):
        yield make.__name__, pa.array([Decimal("12.50"), Decimal("1.00"), None, Decimal("0.00"), Decimal("0.10")], make(digits, 2))
        yield f"{make.__name__} of hundreds", pa.array([Decimal(1200), Decimal(0), None], make(digits, -2))
    edge = [Decimal(sign * (2**53 + step)).scaleb(-2) for sign in (1, -1) for step in (-1, 0, 1)]
    yield "decimal128 at the edge of doubles", pa.array([*edge, None, Decimal("0.1").quantize(Decimal("0.01"))], pa.decimal128(38, 2))
    yield "decimal128 within doubles", pa.array([None, edge[0], edge[1], edge[3], edge[4]], pa.decimal128(38, 2)).slice(1)
    yield "decimal128 of 64 bits", pa.array([Decimal(-(2**63)), Decimal(2**64 + 1), Decimal(-(2**64) + 1)], pa.decimal128(38, 0))
    yield "small decimal128", pa.array([Decimal(3).scaleb(-22), Decimal("0.1"), None], pa.decimal128(38, 22))
    yield "smaller decimal128", pa.array([Decimal(3).scaleb(-23), Decimal("0.1"), None], pa.decimal128(38, 23))
    yield "long decimal128", pa.array([Decimal("9007199254740993.000000000000"), Decimal("1E-10"), None], pa.decimal128(38, 15))
    yield "long decimal256", pa.array([Decimal(10) ** 70, Decimal(2**53 + 1), None], pa.decimal256(76, 0))
    yield "date32", pa.array(DATES, pa.date32())
    yield "date64", pa.array(DATES, pa.date64())
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", BERLIN, "-03:30", "Asia/Kolkata"):
            moments = [moment and moment.replace(tzinfo=UTC if zone else None) for moment in MOMENTS]
            yield f"timestamp[{unit}, {zone}]", pa.array(moments, pa.timestamp(unit, zone))
    yield "nanoseconds", NANOSECONDS
    yield "time32", pa.array([time(1, 2), None], pa.time32("s"))
    yield "time64", pa.array([1, None], pa.time64("ns"))
    yield "duration", pa.array([1, None], pa.duration("ns"))
    yield "interval", pa.array([(1, 2, 3), None], pa.month_day_nano_interval())
    for type_ in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2)):
        yield str(type_), pa.array([b"ab", None, b"\xff\xff"], type_)


def nested() -> Iterator[tuple[str, pa.Array]]:
    yield "struct", pa.array(STRUCTS, STRUCT)
    for make in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view):
        yield f"{make.__name__} of integers", pa.array([[1, 2], [], None, [None], [1, None], [3, 4, 5], [1, 1]], make(pa.int64()))
        yield f"{make.__name__} of texts", pa.array([["a", "b"], [], None, ["a", None], ["2026-10-25"], ["b", "x", "y"]], make(pa.string()))
        yield f"{make.__name__} of nulls", pa.array([[], None, [None, None]], make(pa.null()))
        yield f"{make.__name__} of date-times", pa.array([MOMENTS, None, [None], []], make(pa.timestamp("ns", BERLIN)))
        yield f"{make.__name__} of lists", pa.array([[[1], [2]], None, [None], []], make(pa.list_(pa.int64())))
        yield f"{make.__name__} of structs", pa.array([STRUCTS, None, []], make(STRUCT))
        yield f"{make.__name__} of dictionaries", pa.array([["a", "b"], [], None, ["a", None]], make(pa.dictionary(pa.int8(), pa.string())))
    yield "lists of two", pa.array([[1, 2], None, [None, None], [3, None]], pa.list_(pa.int64(), 2))
    yield "lists of none", pa.array([[], None], pa.list_(pa.int64(), 0))
    yield "views in any order", pa.ListViewArray.from_arrays(pa.array([4, 0, 1, 0], pa.int32()), pa.array([2, 3, 0, 1], pa.int32()), pa.array(list("abcdef")))
    yield "a null over elements", pa.ListArray.from_arrays(pa.array([0, 2, 4, 5], pa.int32()), pa.array([1, 2, 1, 1, 1]), mask=pa.array([False, True, False]))
    yield "map with keys twice", pa.array([[("x", "a"), ("x", "b")], None, [], [("x", None)]], pa.map_(pa.string(), pa.string()))
    yield "map with numbers for keys", pa.array([[(1, "a")], None], pa.map_(pa.int64(), pa.string()))


def odd() -> Iterator[tuple[str, pa.Array]]:
    """What Arrow joins, takes or decodes wrongly or not at all, in one version or another."""
    arrays = dict(plain()) | dict(nested())
    for name in (
        "string",
        "string_view",
        "great int64",
        "float",
        "halffloat",
        "bool",
        "decimal128",
        "date32",
        f"timestamp[us, {BERLIN}]",
        "timestamp[ns, UTC]",
        "struct",
    ):
        distinct = arrays[name]
        yield f"dictionary of {name}", pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2, 0], pa.int8()), distinct.slice(0, 3))
        yield f"long dictionary of {name}", pa.DictionaryArray.from_arrays(pa.array([0, None, 2], pa.uint8()), distinct)
        yield f"run ends of {name}", pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 7], pa.int32()), distinct.slice(0, 3))
    yield "run ends of a dictionary", pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 5], pa.int16()), pa.array(["a", "b", None]).dictionary_encode())
    for type_ in (pa.int64(), pa.float64(), pa.uint8(), pa.string(), pa.bool_(), pa.timestamp("us")):
        yield f"empty dictionary of {type_}", pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int32()), pa.array([], type_))
    identifiers = pa.array([b"0123456789abcdef", None], pa.uuid())
    yield "uuid", identifiers
    yield "dictionary of uuid", pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), identifiers)
    yield "bool8", pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None, 5], pa.int8()))
    yield "json", pa.array(['{"x": 1}', None, "1"], pa.json_())
    yield "extension over a struct", pa.ExtensionArray.from_storage(pa.opaque(STRUCT, "t", "v"), pa.array(STRUCTS, STRUCT))
    yield "extension over nanoseconds", pa.ExtensionArray.from_storage(pa.opaque(pa.timestamp("ns"), "t", "v"), NANOSECONDS)
    children = [pa.array([1, 2, None, 4, 5]), pa.array(["a", "b", "c", None, "e"]), NANOSECONDS]
    yield "sparse union", pa.UnionArray.from_sparse(pa.array([0, 1, 0, 1, 2], pa.int8()), children)
    few = [pa.array([1, None, 2**53 + 1]), pa.array(["a", None])]
    yield "dense union", pa.UnionArray.from_dense(pa.array([0, 1, 1, 0, 0], pa.int8()), pa.array([0, 0, 1, 1, 2], pa.int32()), few)
    structs = pa.array([{"x": 1}, {"x": None}])
    yield "union with structs", pa.UnionArray.from_dense(pa.array([0, 1, 1, 0], pa.int8()), pa.array([0, 0, 1, 1], pa.int32()), [structs, few[1]])


ARRAYS = dict(plain()) | dict(nested()) | dict(odd())


@pytest.mark.parametrize("name", ARRAYS)
def test_a_column_is_what_its_records_are(name: str) -> None:
    array = ARRAYS[name]
    table = pa.table({"x": array})
    records = records_of(table)
    for declared in DECLARED:
        compare(table, records, ("x",), declared)
    if pa.types.is_temporal(array.type) or "time" in name:
        compare(table, records, ("x",), zone="UTC")
        compare(table, records, ("x",), "datetime", "UTC")
    engine = engine_on(("x",), None, BERLIN)
    for record in records:
        expected = reference.segment_ids(segments_on("x"), record, now=NOW, timezone=BERLIN, locations=LOCATIONS, attributes={}, week_start="monday")
        assert engine.segment_ids(record, NOW) == expected


@pytest.mark.parametrize("name", ARRAYS)
def test_layouts_change_nothing(name: str) -> None:
    array = ARRAYS[name]
    rows = len(array)
    table = pa.table({"x": array})
    records = records_of(table)
    compare(table.slice(1), records[1:], ("x",))
    compare(table.slice(0, 0), [], ("x",))
    pieces = [table.slice(0, 1), table.slice(0, 0), table.slice(1)]
    compare((batch for piece in pieces for batch in piece.to_batches()), records, ("x",))
    compare(
        [*table.to_batches(), pa.record_batch({"x": pa.array(["a", None])}), pa.record_batch({"x": pa.nulls(2)})], [*records, {"x": "a"}, {}, {}, {}], ("x",)
    )
    inside = pa.table({"s": pa.StructArray.from_arrays([array], ["x"], mask=pa.array([row % 3 == 1 for row in range(rows)]))})
    listed = pa.table({"x": pa.ListArray.from_arrays(pa.array([0, *range(0, rows, 2), rows], pa.int32()), array)})
    mapped = pa.table({"s": pa.MapArray.from_arrays(pa.array(range(rows + 1), pa.int32()), pa.array(["x"] * rows, pa.string()), array)})
    for laid, keys in ((inside, ("s.x", "s", "s.x.x")), (listed, ("x",)), (mapped, ("s.x", "s"))):
        found = records_of(laid)
        compare(laid, found, keys)
        compare(laid.slice(1), found[1:], keys)


def test_blocks_join_what_differs() -> None:
    batches = [pa.record_batch({"x": array}) for array in ARRAYS.values()]
    records = [record for batch in batches for record in records_of(pa.Table.from_batches([batch]))]
    with mock.patch.object(tables, "BLOCK_ROWS", 64):
        compare(batches, records, ("x",))
    with pytest.raises(ValueError, match="the batches differ in their columns"):
        compare([pa.record_batch({"x": [1]}), pa.record_batch({"y": [1]})], [], ("x",))


CITIES = pa.array([{"city": "a", "x": 1}, None, {"city": None, "x": None}, {"city": "b", "x": 2}], pa.struct([("city", pa.string()), ("x", pa.int64())]))
FLAT = pa.array(["f", None, "g", None])


@pytest.mark.parametrize(
    "columns",
    [
        {"address.city": FLAT, "address": CITIES},
        {"address": CITIES, "address.city": FLAT},
        {"city": FLAT, "address": CITIES},
        {"city": pa.nulls(4), "address": CITIES},
        {"address": CITIES},
        {"": FLAT, "address": CITIES, "address.": FLAT, ".city": FLAT},
    ],
    ids=", ".join,
)
def test_names_that_collide(columns: dict[str, pa.Array]) -> None:
    table = pa.table(columns)
    compare(table, table.to_pylist(), ("city", "address.city", "address.x", "address"))


def test_of_columns_with_one_name_the_last_counts() -> None:
    table = pa.table([FLAT, CITIES, pa.array([1, 2, 3, 4]), CITIES], names=["x", "address", "x", "address"])
    compare(table, table.to_pylist(), ("x", "address.city"))


def test_rows_without_columns() -> None:
    table = pa.table({"y": [1, 2, 3]}).select([])
    compare(table, [{}] * 3, ("x",))
    compare(table.to_batches()[0], [{}] * 3, ("x",))
    compare(pa.table({}), [], ("x",))
    compare(pa.RecordBatchReader.from_batches(pa.schema([]), []), [], ("x",))


FRAMES: dict[str, Any] = {
    "object": ["a", None, "b", math.nan],
    "float": [1.0, math.nan, -0.0, math.inf],
    "Int64": pd.array([1, None, 2**53 + 1], "Int64"),
    "boolean": pd.array([True, None, False], "boolean"),
    "string": pd.array(["a", None, "2026-10-25"], "string"),
    "naive": pd.to_datetime(["2026-10-25T01:30:00", None, "2026-10-25T02:30:00"]),
    "zoned": pd.to_datetime(["2026-10-25T00:30:00Z", None, "2026-10-25T01:30:00Z"]).tz_convert(BERLIN),
    "categorical": pd.Categorical(["a", "b", None, "a"]),
    "categorical numbers": pd.Categorical([1, 2, None, 1]),
    "dates": [date(2026, 10, 25), None, date(2024, 2, 29)],
    "decimals": [Decimal("1.0"), None, Decimal("12.50")],
    "lists": [["a", "b"], None, []],
    "objects": [{"x": 1}, None, {"x": 2}],
}


@pytest.mark.parametrize("name", FRAMES)
def test_data_frames_of_pandas(name: str) -> None:
    frame = pd.DataFrame({"x": FRAMES[name]})
    values = [None if not isinstance(value, list | dict) and pd.isna(value) else record_of(value) for value in frame["x"].to_list()]
    for declared in DECLARED:
        compare(frame, [{"x": value} for value in values], ("x", "x.x"), declared)


def test_data_frames_of_polars() -> None:
    frame = pl.DataFrame({"x": ["a", None, "b"]})
    for same in (frame, frame.lazy(), frame.cast(pl.Categorical), frame.cast(pl.Enum(["a", "b"]))):
        compare(same, frame.to_dicts(), ("x",))
    lists = pl.DataFrame({"x": [[1, 2], [3, 4]]}, schema={"x": pl.Array(pl.Int64, 2)})
    compare(lists, lists.to_dicts(), ("x",))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"y": [1], "x": [[1, "SECRET"]]}), "the column 'x' holds values that have no Arrow type"),
        (pd.DataFrame({"x": [2**70]}), "the column 'x' holds values"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "Duplicate column names"),
        (pl.Series([1]), "what a Series holds is no table"),
        (pa.chunked_array([[1]]), "what a ChunkedArray holds is no table"),
        ({"x": [1]}, "not an object"),
    ],
    ids=str,
)
def test_what_is_no_table(table: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        compare(table, [], ("x",))
    assert "SECRET" not in str(caught.value)


JSON = [
    '{"x": 1, "city": "a"}',
    '{"x": null}',
    '{"x": [1, 2]}',
    '{"x": 9007199254740993, "address": {"city": "b"}}',
    '{"x": NaN}',
    '{"x": 1, "x": 2}',
    '{"x": "\\ud800"}',
]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.json_()], ids=str)
def test_json_in_any_text(type_: pa.DataType) -> None:
    records: list[dict[str, Any]] = [
        {"x": 1, "city": "a"},
        {"x": None},
        {"x": [1, 2]},
        {"x": 2**53 + 1, "address": {"city": "b"}},
        {},
        {"x": 2},
        {"x": "\ud800"},
    ]
    array = pa.array(JSON).dictionary_encode() if pa.types.is_dictionary(type_) else pa.array(JSON, type_)
    compare(pa.table({"r": array, "x": ["other"] * len(JSON)}), records, ("x", "city"), record_column="r")
    compare(pa.table({"address": array}), [{"address": record} for record in records], ("address.x", "city"), json_columns=["address"])
    with pytest.raises(RecordTypeError, match="column 'r': JSON is read from text, not from the type binary"):
        compare(pa.table({"r": [b"{}"]}), [], ("x",), record_column="r")
