"""Every customer against every segment, beside what one would write first: an expression per segment in Polars or DuckDB, or a loop of `segment_ids`.

    python -m benchmarks.bench_tables --write docs/benchmarks.md                                     # about a quarter of an hour
    python -m benchmarks.bench_tables --workloads flat14 --segments 1000 --streamed 0

Every case is a process of its own, so that its peak of memory is its own. All peers take the same table in memory, on all cores. Every peer's answers are
compared with ours; a difference stops the run. Peers that take longer than is bearable are given the first so many segments, and say so.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
from pyarrow import feather

from benchmarks.bench_engine import processor
from benchmarks.population import FLAT_ATTRIBUTES, RICH_ATTRIBUTES
from benchmarks.report import write_section
from benchmarks.workloads import WORKLOADS, Workload
from segmentation import SegmentEngine
from segmentation.language.attributes import MISSING, finder
from segmentation.language.checks import Facet, Interval, OneOf, Prefix, Substring, Suffix
from segmentation.language.definitions import Document, compile_definitions
from segmentation.language.options import Options
from segmentation.language.predicate import And, Leaf, Not, Or, Predicate

LOOP_ROWS = 10_000
"""Customers that the loop of `segment_ids` is timed on; its time is of so many times as many."""
DRAWN = 250_000
"""Customers that are drawn; they are repeated for more. A block of rows is shorter, so that nothing repeats in it that would not in reality."""
STREAMED_ROWS = 1 << 16
"""Customers of a record batch of a stream."""


def flat_table(workload: Workload, keys: Sequence[str]) -> pa.Table:
    """The customers with a column an attribute."""
    finders = {key: finder(key) for key in ("id", *keys)}
    columns: dict[str, list[Any]] = {key: [] for key in finders}
    for customer in workload.customers:
        for key, find in finders.items():
            value = find(customer)
            columns[key].append(None if value is MISSING else value)
    return pa.table(columns)


class UntranslatableError(Exception):
    """A predicate that a peer is not told."""


def polars_expression(predicate: Predicate, types: dict[str, pa.DataType]) -> pl.Expr:
    """A predicate as a Polars expression, nulls under negation meaning what they mean here."""
    match predicate:
        case Leaf(attribute, checks):
            if attribute.key not in types:
                raise UntranslatableError
            column, type_ = pl.col(attribute.key), types[attribute.key]
            parts = [_polars_check(column, check.constraint) for check in checks if check.facet is _facet_of(type_)]
            return pl.any_horizontal(parts).fill_null(value=False) if parts else pl.lit(value=False)
        case Not(part):
            return ~polars_expression(part, types)
        case And(parts):
            return pl.all_horizontal([polars_expression(part, types) for part in parts])
        case Or(parts):
            return pl.any_horizontal([polars_expression(part, types) for part in parts])
        case _:
            raise UntranslatableError


def _facet_of(type_: pa.DataType) -> Facet:
    if pa.types.is_boolean(type_):
        return Facet.BOOLEAN
    if pa.types.is_string(type_):
        return Facet.TEXT
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return Facet.NUMBER
    raise UntranslatableError


def _polars_check(column: pl.Expr, constraint: Any) -> pl.Expr:
    match constraint:
        case OneOf(values):
            return column.is_in(sorted(values)) if len(values) > 1 else column == next(iter(values))
        case Prefix(text):
            return column.str.starts_with(text)
        case Suffix(text):
            return column.str.ends_with(text)
        case Substring(text):
            return column.str.contains(text, literal=True)
        case Interval(None, high, _, is_open):
            return column.lt(high) if is_open else column.le(high)
        case Interval(low, None, is_open, _):
            return column.gt(low) if is_open else column.ge(low)
        case _:
            raise UntranslatableError


def sql(predicate: Predicate, types: dict[str, pa.DataType]) -> str:
    """A predicate as SQL, as above."""
    match predicate:
        case Leaf(attribute, checks):
            if attribute.key not in types:
                raise UntranslatableError
            parts = [_sql_check(f'"{attribute.key}"', check.constraint) for check in checks if check.facet is _facet_of(types[attribute.key])]
            return f"coalesce({' or '.join(parts)}, false)" if parts else "false"
        case Not(part):
            return f"not {sql(part, types)}"
        case And(parts):
            return f"({' and '.join(sql(part, types) for part in parts)})"
        case Or(parts):
            return f"({' or '.join(sql(part, types) for part in parts)})"
        case _:
            raise UntranslatableError


def _literal(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)


def _sql_check(column: str, constraint: Any) -> str:
    match constraint:
        case OneOf(values):
            return f"{column} in ({', '.join(map(_literal, sorted(values)))})"
        case Prefix(text):
            return f"starts_with({column}, {_literal(text)})"
        case Suffix(text):
            return f"suffix({column}, {_literal(text)})"
        case Substring(text):
            return f"contains({column}, {_literal(text)})"
        case Interval(None, high, _, is_open):
            return f"{column} {'<' if is_open else '<='} {_literal(high)}"
        case Interval(low, None, is_open, _):
            return f"{column} {'>' if is_open else '>='} {_literal(low)}"
        case _:
            raise UntranslatableError


class Case(NamedTuple):
    """What one process measures."""

    workload: str
    customers: int
    segments: int
    is_streamed: bool = False


class Limits(NamedTuple):
    """What peers are spared."""

    polars_segments: int
    duckdb_segments: int
    most_members: int


def prepare(workload: Workload, keys: Sequence[str], place: Path) -> None:
    """Write a workload where the processes of its cases find it."""
    feather.write_feather(flat_table(workload, keys), str(place / f"{workload.name}.arrow"), compression="uncompressed")
    (place / f"{workload.name}.pickle").write_bytes(pickle.dumps((list(workload.segments), workload.attributes, workload.now)))


Times = tuple[float, float]
"""Seconds by the clock, and of processors, which say more on a machine that others use too."""


def timed(run: Callable[[], Any], enough: float = 8.0) -> tuple[Times, Any]:
    """The median times of three runs, or of fewer when they take that many seconds, and what the last one gave."""
    times: list[float] = []
    spent: list[float] = []
    while not times or (len(times) < 3 and sum(times) < enough):
        found = None
        gc.collect()
        started, busy = time.perf_counter(), time.process_time()
        found = run()
        times.append(time.perf_counter() - started)
        spent.append(time.process_time() - busy)
    return (statistics.median(times), statistics.median(spent)), found


def repeated(drawn: pa.Table, customers: int) -> Iterator[pa.RecordBatch]:
    """So many customers, in record batches."""
    left = customers
    while left:
        for batch in drawn.slice(0, left).to_batches(max_chunksize=STREAMED_ROWS):
            left -= batch.num_rows
            yield batch


def resident() -> float:
    """The memory of this process, in MiB; its peak is that of what follows."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def peak() -> float:
    """The peak of this process's memory since `resident` was called, in MiB."""
    return _status("VmHWM")


def _status(name: str) -> float:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name)) / 1024


def measure(case: Case, limits: Limits, place: Path) -> dict[str, Any]:
    """One case, in this process: times in seconds, memory in MiB."""
    segments, attributes, now = pickle.loads((place / f"{case.workload}.pickle").read_bytes())  # noqa: S301 - written by the caller
    segments = segments[: case.segments]
    drawn = feather.read_table(str(place / f"{case.workload}.arrow"), memory_map=False).combine_chunks()
    engine = SegmentEngine(segments, attributes=attributes)
    engine.evaluate_table(drawn.slice(0, 64), now)
    if case.is_streamed:
        return measure_stream(engine, drawn, case.customers, now)
    table = pa.Table.from_batches(repeated(drawn, case.customers)).combine_chunks()
    found, counts = measure_table(engine, table, limits.most_members, now)
    predicates = dict(compile_predicates(segments, attributes))
    types = {field.name: field.type for field in table.schema}
    for peer, most, run in (("polars", limits.polars_segments, in_polars), ("duckdb", limits.duckdb_segments, in_duckdb)):
        asked = {segment_id: predicates[segment_id] for segment_id in list(predicates)[:most]}
        try:
            found[peer], theirs = run(table, asked, types)
        except UntranslatableError:
            continue
        found[f"{peer}_segments"] = len(asked)
        _same(theirs, {segment_id: counts[segment_id] for segment_id in asked}, peer)
    return found


def measure_table(engine: SegmentEngine, table: pa.Table, most_members: int, now: datetime) -> tuple[dict[str, Any], dict[str, int]]:
    """The engine alone on a table, and the sizes of its segments."""
    few = table.slice(0, LOOP_ROWS)
    records = few.to_pylist()
    loop, lists = timed(lambda: [engine.segment_ids(record, now) for record in records], 0)
    membership = engine.evaluate_table(few, now)
    _same([membership.segment_ids(row) for row in range(len(few))], lists, "segment_ids")
    del membership, lists
    gc.collect()
    before = resident()

    def ours() -> dict[str, int]:
        membership = engine.evaluate_table(table, now)
        membership.bitmaps()
        return membership.counts()

    times, counts = timed(ours)
    found: dict[str, Any] = {"ours": times, "memory": peak() - before, "members": sum(counts.values())}
    found["loop"] = [seconds * len(table) / len(few) for seconds in loop]
    if found["members"] <= most_members:
        found["lists"], total = timed(lambda: sum(batch.num_rows for batch in engine.map_batches(table, now)), 0)
        _same(total, found["members"], "map_batches")
    return found, counts


def measure_stream(engine: SegmentEngine, drawn: pa.Table, customers: int, now: datetime) -> dict[str, Any]:
    """A stream of customers to the sizes of the segments."""

    def stream() -> dict[str, int]:
        totals: Counter[str] = Counter()
        for membership in engine.evaluate_batches(repeated(drawn, customers), now):
            totals.update(membership.counts())
        return totals

    before = resident()
    times, totals = timed(stream, 0)
    found = {"ours": times, "before": before, "peak": peak(), "members": sum(totals.values())}
    counts = engine.evaluate_table(drawn, now).counts()  # every customer that was drawn came as often
    _same(totals, {segment_id: count * (customers // len(drawn)) for segment_id, count in counts.items()}, "evaluate_batches")
    return found


def compile_predicates(segments: Sequence[Mapping[str, Any]], attributes: Any) -> Iterator[tuple[str, Predicate]]:
    """The predicates of some segments, by id."""
    return ((definition.id, predicate) for definition, predicate in compile_definitions(Document(segments), Options.of(attributes=attributes)))


def in_polars(table: pa.Table, predicates: Mapping[str, Predicate], types: dict[str, pa.DataType]) -> tuple[Times, dict[str, int]]:
    """How long Polars takes, and the counts that it finds."""
    sums = [polars_expression(predicate, types).sum().alias(segment_id) for segment_id, predicate in predicates.items()]
    frame = pl.DataFrame(table)
    times, found = timed(lambda: frame.lazy().select(sums).collect())
    return times, found.row(0, named=True)


def in_duckdb(table: pa.Table, predicates: Mapping[str, Predicate], types: dict[str, pa.DataType]) -> tuple[Times, dict[str, int]]:
    """The same of DuckDB."""
    query = ", ".join(f'count(*) filter (where {sql(predicate, types)}) as "{segment_id}"' for segment_id, predicate in predicates.items())
    connection = importlib.import_module("duckdb").connect()  # of the extra `bench`
    connection.register("customers", table)
    times, found = timed(lambda: connection.execute(f"select {query} from customers").fetchone())  # noqa: S608 - our own text
    return times, dict(zip(predicates, found, strict=True))


def _same(found: Any, wanted: Any, who: str) -> None:
    if found != wanted:
        raise SystemExit(f"{who} and the membership differ")


def _seconds(times: Sequence[float]) -> str:
    return " / ".join(f"{seconds:,.2f}" if seconds < 10 else f"{seconds:,.1f}" for seconds in times) + " s"


def _peer(found: Mapping[str, Any], peer: str, case: Case) -> str:
    """What a peer took, and how many times as long as we it would take for all segments, at that rate."""
    if peer not in found:
        return "–"
    few = found.get(f"{peer}_segments", case.segments)
    of_few = "" if few == case.segments else f" for {few:,}"
    ratios = (theirs * case.segments / few / ours for theirs, ours in zip(found[peer], found["ours"], strict=True))
    return f"{_seconds(found[peer])}{of_few}: " + " / ".join(f"{ratio:,.1f}" for ratio in ratios) + "×"


def row(case: Case, found: Mapping[str, Any]) -> str:
    """A row of the table of whole tables, or of that of streams."""
    rate = case.customers * case.segments / found["ours"][0]
    cells = [f"{case.customers:,} × {case.segments:,}", f"{found['members'] / case.customers:,.1f}", _seconds(found["ours"]), f"{rate:.2g}"]
    if case.is_streamed:
        cells += [f"{found['before']:,.0f} MiB", f"{found['peak']:,.0f} MiB"]
    else:
        cells += [f"{found['memory']:,.0f} MiB", _seconds(found["lists"]) if "lists" in found else "–"]
        cells += [_peer(found, peer, case) for peer in ("polars", "duckdb", "loop")]
    return "| " + " | ".join([case.workload, *cells]) + " |"


def section(rows: Sequence[str], streamed: Sequence[str], limits: Limits, load: float) -> str:
    """What is written."""
    parts = [
        "## Tables",
        "",
        f"Python {platform.python_version()}, {processor()}, {os.cpu_count()} CPUs, shared, load average {load:.1f} before; polars {pl.__version__},",
        f"duckdb {version('duckdb')}, pyarrow {pa.__version__}. Times are by the clock / of the processors (on a shared machine they say more): medians of",
        "three runs, of fewer where they take long. From a table in memory to all counts and bitmaps; *members*: segments of a customer; *decisions/s*:",
        "customers × segments a second, by the clock; *memory*: its growth, the bitmaps included; *member lists*: a row for every customer in every",
        "segment, through `map_batches`. Polars and DuckDB only count; × is a peer's time over ours. Answers were found equal: the counts of Polars and",
        f"DuckDB, the segments of {LOOP_ROWS:,} customers. {DRAWN:,} customers are drawn and repeated.",
        "",
        "| workload | customers × segments | members | counts and bitmaps | decisions/s | memory | member lists | Polars | DuckDB | loop of `segment_ids` |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
        f"Not run: Polars on more than {limits.polars_segments:,} segments, DuckDB on more than {limits.duckdb_segments:,} (minutes; × is for all, at that",
        f"rate); either on `rich30`, which asks for dates and arrays; member lists of more than {limits.most_members:,} rows.",
        f"The loop is timed on {LOOP_ROWS:,} customers.",
    ]
    if streamed:
        parts += [
            "",
            "A stream of record batches through `evaluate_batches` to counts. Memory is that of the whole process, with the engine and the customers drawn.",
            "",
            "| workload | customers × segments | members | time | decisions/s | memory before | peak memory |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *streamed,
        ]
    return "\n".join([*parts, "", "`python -m benchmarks.bench_tables --write docs/benchmarks.md` makes this section again."]) + "\n"


def main() -> None:
    """Measure, and print or store."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workloads", default="flat14,rich30")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", default="100,1000,10000")
    parser.add_argument("--streamed", type=int, default=10_000_000, help="customers of a stream; 0 for none (default: %(default)s)")
    parser.add_argument("--streamed-segments", type=int, default=1_000)
    parser.add_argument("--polars-segments", type=int, default=1_000, help="as many are told to Polars (default: %(default)s)")
    parser.add_argument("--duckdb-segments", type=int, default=100, help="as many are told to DuckDB (default: %(default)s)")
    parser.add_argument("--most-members", type=int, default=100_000_000, help="longer member lists are not made (default: %(default)s)")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    limits = Limits(options.polars_segments, options.duckdb_segments, options.most_members)
    if options.case:
        sys.stdout.write(json.dumps(measure(Case(*json.loads(options.case)), limits, options.place)))
        return
    load = os.getloadavg()[0]
    sizes = [int(size) for size in options.segments.split(",")]
    rows: dict[bool, list[str]] = {False: [], True: []}
    for name in options.workloads.split(","):
        cases = [Case(name, options.customers, size) for size in sizes]
        if options.streamed:
            cases.append(Case(name, options.streamed, options.streamed_segments, is_streamed=True))
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            widest = max(case.segments for case in cases)
            prepare(WORKLOADS[name](widest, min(DRAWN, options.customers), 1), list(FLAT_ATTRIBUTES if name == "flat14" else RICH_ATTRIBUTES), place)
            for case in cases:
                command = [sys.executable, "-m", "benchmarks.bench_tables", "--case", json.dumps(case), "--place", directory]
                command += ["--polars-segments", str(limits.polars_segments), "--duckdb-segments", str(limits.duckdb_segments)]
                command += ["--most-members", str(limits.most_members)]
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
                rows[case.is_streamed].append(row(case, json.loads(done.stdout)))
                sys.stderr.write(rows[case.is_streamed][-1] + "\n")
    written = section(rows[False], rows[True], limits, load)
    if options.write:
        write_section(options.write, "tables", written)
    else:
        sys.stdout.write(written)


if __name__ == "__main__":
    main()
