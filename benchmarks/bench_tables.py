"""Every customer against every segment, beside what one would write first: an expression per segment in Polars or DuckDB, or a loop of `segment_ids`.

    python -m benchmarks.bench_tables --workload flat14 --customers 1000000 --segments 100,1000 --write docs/benchmarks.md

Every peer's counts are compared with ours before anything is printed; a difference stops the run. All take the same table in memory, in one process,
on all cores. Peers that take longer than is bearable are given the first so many segments, and say so.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from benchmarks.population import FLAT_ATTRIBUTES, RICH_ATTRIBUTES
from benchmarks.workloads import WORKLOADS, Workload
from segmentation import SegmentEngine
from segmentation.language.attributes import MISSING, finder
from segmentation.language.checks import Facet, Interval, OneOf, Prefix, Substring, Suffix
from segmentation.language.definitions import Document, compile_definitions
from segmentation.language.options import Options
from segmentation.language.predicate import And, Leaf, Not, Or, Predicate

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
LOOP_ROWS = 20_000
"""Customers that the loop of `segment_ids` is timed on; its time is of so many times as many."""


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


def timed(run: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """The least time of some runs, in seconds, and what the last one gave."""
    best = float("inf")
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - started)
    return best, found


def _beside(few: int, size: int, theirs: float, ours: float) -> str:
    """What a peer took for the first so many segments, and how many times as long as we it would take for all, at that rate."""
    return f"{theirs:.2f} s" + (f" for {few:,}" if few < size else "") + f", {theirs * size / few / ours:.0f}×"


def measure(name: str, customers: int, sizes: Sequence[int], polars_segments: int, duckdb_segments: int) -> list[str]:
    """Rows of a Markdown table."""
    rows = []
    widest = WORKLOADS[name](max(sizes), customers, 1)
    table = flat_table(widest, list(FLAT_ATTRIBUTES if name == "flat14" else RICH_ATTRIBUTES))
    records = table.slice(0, LOOP_ROWS).to_pylist()
    types = {field.name: field.type for field in table.schema}
    frame = pl.DataFrame(table)
    duckdb = importlib.import_module("duckdb")  # of the extra `bench`
    for size in sizes:
        segments = list(widest.segments)[:size]
        engine = SegmentEngine(segments, attributes=widest.attributes)
        engine.evaluate_table(table.slice(0, 64), widest.now)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def ours(engine: SegmentEngine = engine) -> dict[str, int]:
            membership = engine.evaluate_table(table, widest.now)
            membership.bitmaps()
            return membership.counts()

        seconds, counts = timed(ours)
        extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        streamed, total = timed(lambda: sum(batch.num_rows for batch in engine.map_batches(table, widest.now)), 1)  # noqa: B023 - run at once
        _same(total, sum(counts.values()), "map_batches")
        lists = [engine.segment_ids(record, widest.now) for record in records]
        membership = engine.evaluate_table(table.slice(0, LOOP_ROWS), widest.now)
        _same([membership.segment_ids(row) for row in range(len(records))], lists, "segment_ids")
        loop, _ = timed(lambda: [engine.segment_ids(record, widest.now) for record in records], 1)  # noqa: B023 - run at once
        loop *= customers / len(records)
        beside = []
        definitions = compile_definitions(Document(segments), Options.of(attributes=widest.attributes))
        predicates = {definition.id: predicate for definition, predicate in definitions}
        try:
            few = list(predicates)[:polars_segments]
            expressions = {id_: polars_expression(predicates[id_], types) for id_ in few}
            sums = [expression.sum().alias(id_) for id_, expression in expressions.items()]
            polars_s, found = timed(lambda: frame.lazy().select(sums).collect(), 1)  # noqa: B023 - run at once
            _same(found.row(0, named=True), {id_: counts[id_] for id_ in few}, "Polars")
            beside.append(_beside(len(few), size, polars_s, seconds))
        except UntranslatableError:
            beside.append("–")
        try:
            few = list(predicates)[:duckdb_segments]
            query = ", ".join(f'count(*) filter (where {sql(predicates[id_], types)}) as "{id_}"' for id_ in few)
            connection = duckdb.connect()
            connection.register("customers", table)
            duck_s, found = timed(lambda: connection.execute(f"select {query} from customers").fetchone(), 1)  # noqa: B023, S608 - run at once; our own text
            _same(dict(zip(few, found, strict=True)), {id_: counts[id_] for id_ in few}, "DuckDB")
            beside.append(_beside(len(few), size, duck_s, seconds))
        except UntranslatableError:
            beside.append("–")
        cells = [f"{customers:,} × {size:,}", f"{seconds:.2f} s", f"{customers * size / seconds:.2g}", f"{extra:,.0f} MiB", f"{streamed:.2f} s", *beside]
        rows.append("| " + " | ".join([name, *cells, f"{loop:,.1f} s, {loop / seconds:.0f}×"]) + " |")
        sys.stdout.write(rows[-1] + "\n")
        sys.stdout.flush()
    return rows


def _same(found: Any, wanted: Any, who: str) -> None:
    if found != wanted:
        raise SystemExit(f"{who} and the membership differ")


def main() -> None:
    """Measure, and print or store."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workloads", default="flat14,rich30")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", default="100,1000,10000")
    parser.add_argument("--polars-segments", type=int, default=1_000, help="as many are told to Polars (default: %(default)s)")
    parser.add_argument("--duckdb-segments", type=int, default=100, help="as many are told to DuckDB (default: %(default)s)")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows = [
        row
        for name in options.workloads.split(",")
        for row in measure(name, options.customers, [int(size) for size in options.segments.split(",")], options.polars_segments, options.duckdb_segments)
    ]
    if options.write:
        head = [
            "## Tables",
            "",
            f"Python {platform.python_version()}, polars {pl.__version__}, duckdb {version('duckdb')}, pyarrow {pa.__version__}. From a table in memory to all",
            "counts and all bitmaps; *decisions/s*: customers × segments a second; *memory*: growth of the peak; *member lists*: a row for every",
            "customer in every segment, through `map_batches`. Peers count only, some of them the first segments only; the ratio is for all, at their",
            "rate. `python -m benchmarks.bench_tables --write docs/benchmarks.md` makes the section again.",
            "",
            "| workload | customers × segments | counts and bitmaps | decisions/s | memory | member lists | Polars | DuckDB | loop of `segment_ids` |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        text = options.write.read_text(encoding="utf-8") if options.write.exists() else ""
        section = "\n".join([BEGIN, *head, *rows, END]) + "\n"
        before, found, after = text.partition(BEGIN)
        options.write.write_text(before.rstrip("\n") + "\n\n" + section + (after.partition(END)[2].lstrip("\n") if found else ""), encoding="utf-8")


if __name__ == "__main__":
    main()
