"""Whole runs on files: what `segmentation run` takes beside evaluating the same table in memory and reading the same files alone.

    python -m benchmarks.bench_files --customers 1000000 --segments 1000

The customers of a workload are drawn once and repeated with new ids; the directory of Parquet files has 1,000,000 customers a file. Every measurement is
a process of its own, whose peak of memory is reported.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bench_tables import flat_table
from benchmarks.population import FLAT_ATTRIBUTES
from benchmarks.workloads import WORKLOADS
from segmentation import SegmentEngine
from segmentation.offline import run
from segmentation.offline.sources import pieces_of, sources_of

DRAWN = 100_000
FILE_ROWS = 1_000_000
LINES = 100_000


def _prepare(place: Path, customers: int, segments: int) -> None:
    workload = WORKLOADS["flat14"](segments, DRAWN, 1)
    (place / "workload.pickle").write_bytes(pickle.dumps((list(workload.segments), workload.attributes, workload.now)))
    drawn = flat_table(workload, list(FLAT_ATTRIBUTES)).drop_columns(["id"])
    (place / "parquet").mkdir()
    for number, first in enumerate(range(0, customers, FILE_ROWS)):
        rows = min(FILE_ROWS, customers - first)
        table = pa.concat_tables([drawn] * -(-rows // DRAWN)).slice(0, rows)
        table = table.append_column("id", pa.array([f"cust_{row}" for row in range(first, first + rows)]))
        pq.write_table(table, place / "parquet" / f"{number:04}.parquet")
    with (place / "customers.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(customer) + "\n" for customer in list(workload.customers)[:LINES])


def _measured(what: str, place: Path) -> dict[str, Any]:
    """One measurement, in this process."""
    segments, attributes, now = pickle.loads((place / "workload.pickle").read_bytes())  # noqa: S301 - written by the caller
    engine = SegmentEngine(segments, attributes=attributes)
    engine.evaluate_table(pa.table({"id": ["1"]}), now)
    parquet, lines = [str(place / "parquet")], [str(place / "customers.jsonl")]
    started = time.perf_counter()
    members = 0
    match what:
        case "reading":
            rows = sum(len(piece.ids) for piece in pieces_of(sources_of(parquet), None, engine.attributes))
        case "evaluate_table":
            table = pq.read_table(min((place / "parquet").iterdir()))
            started = time.perf_counter()
            members = sum(engine.evaluate_table(table, now).counts().values())
            rows = table.num_rows
        case "counts" | "pairs" | "bitmaps":
            summary = run(engine, parquet, place / {"counts": "out.json", "pairs": "out.parquet", "bitmaps": "out"}[what], what, now=now)
            rows, members = summary.customers, sum(summary.members.values())
        case _:
            summary = run(engine, lines, place / "out.jsonl", "lists", now=now)
            rows, members = summary.customers, sum(summary.members.values())
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": rows, "members": members, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=1_000)
    parser.add_argument("--only", default="reading,evaluate_table,counts,pairs,lists", help="what to measure (also: bitmaps)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="a directory for the files, which a later call uses again")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measured(options.measure, options.keep)))
        return
    with tempfile.TemporaryDirectory() as directory:
        place = options.keep or Path(directory)
        if not (place / "workload.pickle").exists():
            place.mkdir(exist_ok=True)
            _prepare(place, options.customers, options.segments)
        print("| what | customers × segments | time | customers/s | members/s | peak memory |\n|---|--:|--:|--:|--:|--:|")
        for what in options.only.split(","):
            command = [sys.executable, "-m", "benchmarks.bench_files", "--measure", what, "--keep", str(place)]
            found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            rates = f"{found['rows'] / found['seconds']:,.0f} | {found['members'] / found['seconds']:.2g}"
            print(f"| {what} | {found['rows']:,} × {options.segments:,} | {found['seconds']:.2f} s | {rates} | {found['mib']:,.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
