"""Offline runs: every output, from every format, says of each record what the engine says of it alone; changes are the difference of two runs."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyroaring import BitMap

from segmentation import SegmentEngine
from segmentation.batch import tables
from segmentation.offline import outputs, run, sources
from segmentation.offline.changes import Changes
from segmentation.offline.report import findings_of
from segmentation.offline.runs import run_of
from segmentation.testing import strategies as our

OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
Answers = list[tuple[str, list[str]]]


@pytest.fixture(scope="module", autouse=True)
def _small_pieces() -> Iterator[None]:
    """So that small files have several pieces and blocks."""
    with mock.patch.object(sources, "_ROWS", 3), mock.patch.object(sources, "_TABLE_ROWS", 5), mock.patch.object(tables, "BLOCK_ROWS", 64):
        yield


def compressed(text: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(text)
    if suffix == ".zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(text)
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
    return text


OUTPUTS = ["lists.jsonl", "lists.jsonl.gz", "lists.jsonl.zst", "lists.parquet", "pairs.parquet", "counts.csv", "counts.json", "bitmaps"]


def check_output(engine: SegmentEngine, paths: Sequence[str], expected: Answers, place: Path, name: str) -> None:
    """An output says what is expected, in the order of the customers."""
    path = place / name
    summary = run(engine, paths, path, name.partition(".")[0], now=our.NOW)
    members = {segment.id: [row for row, (_, found) in enumerate(expected) if segment.id in found] for segment in engine.segments}
    assert (summary.customers, summary.rejected) == (len(expected), 0)
    assert summary.members == {id_: len(rows) for id_, rows in members.items()}
    assert summary.duplicate_ids == len(expected) - len({customer for customer, _ in expected})
    assert summary.to_dict()["now"] == our.NOW.isoformat()
    assert not [left for left in place.rglob("*") if left.name.endswith((".part", ".rejects.jsonl"))]

    simple = {segment.id: {"id": segment.id, "name": segment.name, "object": "segment"} for segment in engine.segments}
    lists = [
        {"customer": customer, "segments": {"object": "list", "data_ref": "data", "data": [simple[id_] for id_ in found], "total": len(found)}}
        for customer, found in expected
    ]
    noted: Path = path.with_name(f"{name}.run.json")
    match name:
        case "lists.parquet":
            assert pq.read_table(path).to_pylist() == lists
        case "pairs.parquet":
            pairs = pq.read_table(path)
            assert list(zip(pairs["customer"].to_pylist(), pairs["segment"].to_pylist(), strict=True)) == [
                (customer, segment) for customer, found in expected for segment in found
            ]
            assert pq.read_table(place / "_pairs.unsegmented.parquet")["customer"].to_pylist() == [customer for customer, found in expected if not found]
        case "counts.csv":
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
            assert [(row["segment"], int(row["members"])) for row in rows] == [(id_, len(found)) for id_, found in members.items()]
            assert [float(row["share"]) for row in rows] == [len(found) / max(1, len(expected)) for found in members.values()]
        case "counts.json":
            noted = path
        case "bitmaps":
            assert pq.read_table(path / "customers.parquet")["customer"].to_pylist() == [customer for customer, _ in expected]
            stored = pq.read_table(path / "segments.parquet").to_pylist()
            assert {row["segment"]: list(BitMap.deserialize(row["bitmap"])) for row in stored} == members
            noted = path / "run.json"
        case _:
            with pa.input_stream(str(path)) as stream:  # it decompresses by the name
                assert [json.loads(line) for line in stream.read().splitlines()] == lists
    if path.suffix == ".parquet":
        assert json.loads(pq.read_metadata(path).metadata[b"segmentation"]) == summary.to_dict()
    else:
        assert json.loads(noted.read_text(encoding="utf-8")) == summary.to_dict()


def check_outputs(engine: SegmentEngine, paths: Sequence[str], expected: Answers, place: Path) -> None:
    for name in OUTPUTS:
        check_output(engine, paths, expected, place, name)


def with_ids(records: list[dict[str, Any]], ids: list[Any]) -> list[dict[str, Any]]:
    return [{**record, "id": id_} for record, id_ in zip(records, ids, strict=True)]


IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5) | st.integers()


@given(st.data(), st.sampled_from(["", ".gz", ".zst"]), st.sampled_from(OUTPUTS))
def test_json_lines(data: st.DataObject, suffix: str, output: str) -> None:
    segments = data.draw(our.segment_sets(min_size=1), label="segments")
    drawn = data.draw(st.lists(our.records_for(segments) | our.json_objects(), max_size=8), label="records")
    records = with_ids(drawn, data.draw(st.lists(IDS, min_size=len(drawn), max_size=len(drawn))))
    engine = SegmentEngine(segments, **OPTIONS)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        texts = [json.dumps(record) for record in records]
        (place / f"customers.jsonl{suffix}").write_bytes(compressed("\r\n\n".join(texts).encode("utf-8"), suffix))
        expected = [(str(record["id"]), engine.segment_ids(text, our.NOW)) for record, text in zip(records, texts, strict=True)]
        check_output(engine, [str(place / f"customers.jsonl{suffix}")], expected, place, output)


CELLS = st.sampled_from(["", "1", "01234", "true", "2026-11-22", "2026-11-22T10:00:00Z", "Berlin", "null", "NaN", 'a"b', "a,b", "a\nb", "é"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=4
)


@given(st.data(), st.sampled_from(["", ".gz", ".zst"]), st.sampled_from(OUTPUTS))
def test_csv(data: st.DataObject, suffix: str, output: str) -> None:
    segments = data.draw(our.segment_sets(min_size=1), label="segments")
    engine = SegmentEngine(segments, **OPTIONS)
    keys = data.draw(st.lists(st.sampled_from([*engine.attributes, "city", "address.city", "address"]), unique=True, max_size=6), label="columns")
    header = ["id", *(key for key in keys if key != "id")]
    cell = CELLS | st.sampled_from(constants_of(segments) or [""])
    rows = data.draw(st.lists(st.tuples(st.integers(0, 99).map(lambda n: f"0{n}"), *[cell] * (len(header) - 1)), max_size=8), label="rows")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        text = io.StringIO()
        csv.writer(text).writerows([header, *rows])
        (place / f"c.csv{suffix}").write_bytes(compressed(b"\xef\xbb\xbf" + text.getvalue().encode(), suffix))
        expected = [(row[0], engine.segment_ids({key: cell for key, cell in zip(header, row, strict=True) if cell}, our.NOW)) for row in rows]
        check_output(engine, [str(place / f"c.csv{suffix}")], expected, place, output)


def constants_of(document: Any) -> list[str]:
    """The texts that filters ask for."""
    if isinstance(document, str):
        return [document] if "\0" not in document and document.isprintable() else []
    parts = document.values() if isinstance(document, Mapping) else document if isinstance(document, list) else []
    return [text for part in parts for text in constants_of(part)]


def test_an_empty_cell_is_absent_and_not_null(tmp_path: Path) -> None:
    engine = SegmentEngine([{"id": "s", "name": "", "filter": {"city": {"conditions": {"$is": "Berlin"}}}}])
    (tmp_path / "c.csv").write_text('id,city,address.city\n1,,Berlin\n2,Berlin,Paris\n3,"",Berlin\n4,Paris,Berlin\n')
    assert run(engine, [str(tmp_path / "c.csv")], None, now=our.NOW).members == {"s": 3}


VALUES: dict[str, Any] = {
    "string": (pa.string(), CELLS),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), CELLS),
    "int": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float": (pa.float64(), st.floats() | st.sampled_from([-0.0, 1.0])),
    "bool": (pa.bool_(), st.booleans()),
    "timestamp": (pa.timestamp("us", "UTC"), our.nows("UTC")),
    "list": (pa.list_(pa.string()), st.lists(st.none() | CELLS, max_size=2)),
}


@given(st.data(), st.sampled_from(["parquet", "arrow", "arrows"]), st.sampled_from(OUTPUTS))
def test_tables(data: st.DataObject, kind: str, output: str) -> None:
    segments = data.draw(our.segment_sets(min_size=1), label="segments")
    engine = SegmentEngine(segments, **OPTIONS)
    keys = data.draw(st.lists(st.sampled_from([*engine.attributes, "metadata", "address"]), unique=True, max_size=5), label="columns")
    rows = data.draw(st.integers(0, 12))
    columns: dict[str, pa.Array] = {"unasked": pa.nulls(rows), "id": pa.array([str(row % 10) for row in range(rows)])}
    for key in keys:
        type_, values = VALUES[data.draw(st.sampled_from(sorted(VALUES)))]
        column = pa.array(data.draw(st.lists(st.none() | values, min_size=rows, max_size=rows), label=key), type_)
        if key in {"metadata", "address"}:
            column = pa.StructArray.from_arrays([column], ["city"])
        columns[key] = column if key != "id" else columns["id"]
    table = pa.table(columns)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        path = place / f"customers.{kind}"
        if kind == "parquet":
            pq.write_table(table, path, row_group_size=7)
        else:
            write = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
            with write(path, table.schema) as writer:
                writer.write_table(table, max_chunksize=4)
        expected = [(record["id"], engine.segment_ids(record, our.NOW)) for record in table.to_pylist()]
        check_output(engine, [str(path)], expected, place, output)


SCALARS = [st.text(st.characters(codec="utf-8"), max_size=3) | CELLS, st.integers(-(2**64), 2**64), st.floats(), st.booleans(), st.lists(CELLS, max_size=2)]


@given(st.data())
@example(None)
def test_json_lines_whose_records_are_alike(data: st.DataObject | None) -> None:
    if data is None:  # what is absent is looked for elsewhere, what is null is not
        segments: list[dict[str, Any]] = [{"id": "s", "name": "", "filter": {"city": {"conditions": {"$is": "x"}}}}]
        records: list[dict[str, Any]] = [{"id": "1", "city": None, "address": {"city": "x"}}, {"id": "2", "address": {"city": "x"}}, {"id": "3", "city": "x"}]
    else:
        segments = data.draw(our.segment_sets(min_size=1), label="segments")
        keys = data.draw(st.lists(st.sampled_from([*SegmentEngine(segments, **OPTIONS).attributes, "address.city"]), unique=True, max_size=5), label="keys")
        values = {key: data.draw(st.sampled_from(SCALARS)) | st.sampled_from([None, ABSENT]) for key in keys}
        records = [nested(drawn) for drawn in data.draw(st.lists(st.fixed_dictionaries(values), max_size=8), label="records")]
        records = with_ids(records, list(range(len(records))))
    engine = SegmentEngine(segments, **OPTIONS)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "c.jsonl"
        path.write_text("\n".join(map(json.dumps, records)))
        expected = [(str(record["id"]), engine.segment_ids(json.dumps(record), our.NOW)) for record in records]
        check_output(engine, [str(path)], expected, Path(directory), "pairs.parquet")


def test_values_of_one_key_may_be_of_any_type(tmp_path: Path) -> None:
    """Each type is evaluated apart from the others; what Arrow cannot hold goes with none of them."""
    conditions = [
        {"$is": "x"},
        {"$is": 1},
        {"$more_than": 0.5},
        {"$is_unknown": True},
        {"$has_value": True},
        {"$is": True},
        {"$is_not": "x"},
        {"$count_more": 1},
    ]
    segments = [
        {"id": f"{key}{number}", "name": "", "filter": {key: {"conditions": condition}}}
        for key in ("k", "m.k", "city")
        for number, condition in enumerate(conditions)
    ]
    alike = ["x", 1, 1.5, True, None, ["x", None], ABSENT]
    odd = [2**70, -(2**63), float("nan"), float("inf"), -0.0, "\ud800", [], [1], ["x", 1], [["x"]], {"k": "x"}, {"city": "x"}]
    engine = SegmentEngine(segments)
    for values in (alike, odd, alike + odd):
        records = with_ids([nested({"k": value, "m.k": value, "city": value, "address.city": "x"}) for value in values], list(range(len(values))))
        path = tmp_path / "c.jsonl"
        path.write_text("\n".join(map(json.dumps, records)))
        check_output(
            engine, [str(path)], [(str(record["id"]), engine.segment_ids(json.dumps(record), our.NOW)) for record in records], tmp_path, "pairs.parquet"
        )


ABSENT = object()


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The record in which paths are objects in objects, where that can be."""
    record: dict[str, Any] = {}
    for key, value in flat.items():
        inside = record
        *parents, last = key.split(".")
        for parent in parents:
            inside = inside.setdefault(parent, {})
            if not isinstance(inside, dict):
                break
        else:
            if value is not ABSENT:
                inside[last] = value
    return record


def test_a_large_file(tmp_path: Path) -> None:
    segments = our.seeded_segments(5, 150)
    records = with_ids(our.seeded_records(6, segments, 1_000), list(range(1_000)))
    engine = SegmentEngine(segments, **OPTIONS)
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, records)))
    with mock.patch.object(tables, "BLOCK_ROWS", 2_048):
        check_outputs(
            engine, [str(tmp_path / "c.jsonl")], [(str(record["id"]), engine.segment_ids(json.dumps(record), our.NOW)) for record in records], tmp_path
        )


def test_directories_with_hive_partitions_and_differing_columns(tmp_path: Path) -> None:
    engine = SegmentEngine(
        [
            {"id": "pl", "name": "", "filter": {"country": {"conditions": {"$is": "PL"}}}},
            {"id": "old", "name": "", "filter": {"age": {"conditions": {"$more_than": 40}}}},
            {"id": "none", "name": "", "filter": {"country": {"conditions": {"$is_unknown": True}}}},
        ]
    )
    data = tmp_path / "in"
    for name, columns in {
        "country=PL/_SUCCESS": None,
        "country=PL/1.parquet": {"id": ["a", "b"], "age": [50, 3]},
        "country=PL/2.parquet": {"id": [7, 8], "age": [41.5, None]},
        "country=DE%20/1.parquet": {"age": [60], "source_id": ["c"]},
        "country=__HIVE_DEFAULT_PARTITION__/1.parquet": {"id": pa.array(["d"]).dictionary_encode(), "age": pa.array(["60"])},
    }.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if columns is None:
            path.write_text("")
        else:
            pq.write_table(pa.table(columns), path)
    expected = [("c", ["old"]), ("a", ["pl", "old"]), ("b", ["pl"]), ("7", ["pl", "old"]), ("8", ["pl"]), ("d", ["none"])]
    check_outputs(engine, [str(data)], expected, tmp_path)
    check_outputs(engine, [f"{data}/*/*.parquet"], expected, tmp_path)


# Changes

MEMBERS = st.dictionaries(st.sampled_from([f"c{n}" for n in range(6)]), st.sets(st.sampled_from(["a", "b", "c", "d"])), max_size=6)


@given(MEMBERS, MEMBERS, st.sets(st.sampled_from(["a", "b", "c", "d"])), st.sets(st.sampled_from(["a", "b", "c", "d"])))
@example({"c0": {"a"}}, {"c0": set(), "c1": {"a"}}, {"a"}, {"a", "b"})
@example({}, {}, set(), set())
def test_changes_are_the_difference(before: dict[str, set[str]], after: dict[str, set[str]], old_ids: set[str], new_ids: set[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        for name, members, ids in (("old", before, old_ids), ("new", after, new_ids)):
            engine = SegmentEngine(
                [{"id": id_, "name": f"{name} {id_}", "customers": [customer for customer, of in members.items() if id_ in of]} for id_ in sorted(ids)]
            )
            (place / f"{name}.jsonl").write_text("\n".join(json.dumps({"id": customer}) for customer in members))
            run(engine, [str(place / f"{name}.jsonl")], place / f"{name}.parquet", "pairs", now=our.NOW)
        with mock.patch("segmentation.offline.runs._PAIRS", 3), mock.patch("segmentation.offline.changes._AT_ONCE", 2):
            old, new = run_of(place / "old.parquet"), run_of(place / "new.parquet")
            found = Changes(old, new)
            findings = findings_of(new, old)
        changes = [change.to_dict() for change in found]
    expected: list[dict[str, Any]] = []
    for id_ in [*sorted(new_ids), *sorted(old_ids - new_ids)]:
        name = f"{'new' if id_ in new_ids else 'old'} {id_}"
        for kind, there, missing, there_ids, missing_ids in (("entered", after, before, new_ids, old_ids), ("left", before, after, old_ids, new_ids)):
            for customer in sorted(there):
                if id_ in there_ids and id_ in there[customer] and not (id_ in missing_ids and id_ in missing.get(customer, set())):
                    verb = "added" if kind == "entered" else "removed"
                    cause = f"segment_{verb}" if id_ not in missing_ids else f"customer_{verb}" if customer not in missing else None
                    change: dict[str, Any] = {
                        "type": f"customer.segment.{kind}",
                        "customer": {"id": customer},
                        "segment": {"id": id_, "name": name, "object": "segment"},
                    }
                    expected.append(change if cause is None else {**change, "cause": cause})
    assert changes == expected
    assert len(found) == len(expected)
    assert "".join(found.lines()) == "".join(json.dumps(change, ensure_ascii=False) + "\n" for change in expected)
    verbs = Counter((change["segment"]["id"], verb) for change in expected for verb in (change["type"].rpartition(".")[2], change.get("cause")) if verb)
    assert {(id_, verb): count for id_, tally in found.tallies.items() for verb, count in tally.items()} == verbs
    assert findings.changes == found.tallies

    inside = {id_: {customer for customer, of in after.items() if id_ in of} for id_ in new_ids}
    assert findings.overlaps.tolist() == [[len(inside[one.id] & inside[other.id]) for other in findings.largest] for one in findings.largest]
    assert [len(inside[segment.id]) for segment in findings.largest] == sorted(filter(None, map(len, inside.values())), reverse=True)
    twins = [{id_ for id_ in new_ids if inside[id_] == same} for same in {frozenset(members) for members in inside.values() if members}]
    assert {frozenset(segment.id for segment in group) for group in findings.identical} == {frozenset(ids) for ids in twins if len(ids) > 1}


def test_two_rows_of_one_customer_are_in_what_either_is_in(tmp_path: Path) -> None:
    """Also when the rows are far apart, and their order changes."""
    segments = [{"id": id_, "name": "", "filter": {"tags": {"conditions": {"$is": id_}}}} for id_ in "abc"]
    before = [{"id": "1", "tags": "a"}, {"id": "2", "tags": "b"}, {"id": "1", "tags": ["a", "c"]}, {"id": "3", "tags": []}]
    after = [{"id": "3", "tags": "b"}, {"id": "2", "tags": ["b", "c"]}, {"id": "1", "tags": "c"}, {"id": "2", "tags": ["b", "a"]}]
    for name, customers in (("old", before), ("new", after)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, customers)))
        with mock.patch.object(outputs, "_PAIR_ROWS", 2):
            run(SegmentEngine(segments), [str(tmp_path / f"{name}.jsonl")], tmp_path / f"{name}.parquet", "pairs", now=our.NOW)
    old, new = run_of(tmp_path / "old.parquet"), run_of(tmp_path / "new.parquet")
    for pairs in (1, 2, 100):
        with mock.patch("segmentation.offline.runs._PAIRS", pairs):
            changes = [(change.segment.id, change.type.rpartition(".")[2], change.customer) for change in Changes(old, new)]
            findings = findings_of(new)
        assert changes == [("a", "entered", "2"), ("a", "left", "1"), ("b", "entered", "3"), ("c", "entered", "2")]
        assert [segment.id for segment in findings.largest] == ["b", "c", "a"]
        assert findings.overlaps.tolist() == [[2, 1, 1], [1, 2, 1], [1, 1, 1]]
        assert findings.identical == []
