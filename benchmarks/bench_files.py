"""Whole runs on files: what `segmentation run` takes beside evaluating the same table in memory and reading the same files alone.

    python -m benchmarks.bench_files --customers 1000000 --segments 1000
    python -m benchmarks.bench_files --customers 10000000 --write docs/benchmarks.md       # what stands there: three minutes, 5 GB of files

The customers of a workload are drawn once and repeated with new ids; the directory of Parquet files has 1,000,000 customers a file. Every measurement is
a process of its own, whose peak of memory is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.bench_engine import processor
from benchmarks.bench_tables import flat_table, peak
from benchmarks.population import FLAT_ATTRIBUTES
from benchmarks.report import write_section
from benchmarks.workloads import WORKLOADS
from segmentation import SegmentEngine
from segmentation.offline import run
from segmentation.offline.changes import Changes
from segmentation.offline.report import findings_of, write_report
from segmentation.offline.runs import run_of
from segmentation.offline.sources import pieces_of, sources_of

DRAWN = 100_000
FILE_ROWS = 1_000_000
LINES = 100_000
WHAT = {
    "reading": "the Parquet files alone, the columns that segments ask about",
    "evaluate_table": "a million of the customers, in memory, to counts",
    "counts": "a whole run on Parquet",
    "pairs": "the same, a row for every customer in every segment; what it takes longer than counts is the writing",
    "bitmaps": "the same, a bitmap a segment",
    "lists": "a whole run from JSON Lines to JSON Lines",
    "later": "pairs of the customers a day later: a twentieth are as others were, one in two hundred is on one side only",
    "changes": "comparing the two runs and writing the changes as lines, which are counted as members",
    "report": "the page about the later run and what changed",
}


def _prepare(place: Path, customers: int, segments: int) -> None:
    workload = WORKLOADS["flat14"](segments, DRAWN, 1)
    (place / "workload.pickle").write_bytes(pickle.dumps((list(workload.segments), workload.attributes, workload.now)))
    drawn = flat_table(workload, list(FLAT_ATTRIBUTES)).drop_columns(["id"])
    (place / "parquet").mkdir()
    (place / "later").mkdir()
    for number, first in enumerate(range(0, customers, FILE_ROWS)):
        rows = min(FILE_ROWS, customers - first)
        table = pa.concat_tables([drawn] * -(-rows // DRAWN)).slice(0, rows)
        table = table.append_column("id", pa.array([f"cust_{row}" for row in range(first, first + rows)]))
        pq.write_table(table, place / "parquet" / f"{number:04}.parquet")
        pq.write_table(_later(table), place / "later" / f"{number:04}.parquet")
    with (place / "customers.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(customer) + "\n" for customer in list(workload.customers)[:LINES])


def _later(table: pa.Table) -> pa.Table:
    """The customers a day later: every twentieth is as another one was, one in two hundred is gone, and as many are new."""
    rows = np.arange(table.num_rows)
    moved = np.where(rows % 20 == 7, rows[::-1], rows)
    later = table.drop_columns(["id"]).take(pa.array(moved)).append_column("id", table["id"])
    left = rows % 200 == 3
    newcomers = later.filter(pa.array(left))
    ids = pc.binary_join_element_wise(newcomers["id"], "later", "_")
    return pa.concat_tables([later.filter(pa.array(~left)), newcomers.set_column(newcomers.schema.get_field_index("id"), "id", ids)])


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
        case "later":
            summary = run(engine, [str(place / "later")], place / "later.parquet", "pairs", now=now + timedelta(days=1))
            rows, members = summary.customers, sum(summary.members.values())
        case "changes":
            changes = Changes(run_of(place / "out.parquet"), run_of(place / "later.parquet"))
            with (place / "changes.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(changes.lines())
            rows, members = changes.new.summary["customers"], len(changes)
        case "report":
            later = run_of(place / "later.parquet")
            write_report(findings_of(later, run_of(place / "out.parquet")), place / "report.html")
            rows, members = later.summary["customers"], sum(later.members.values())
        case "counts" | "pairs" | "bitmaps":
            summary = run(engine, parquet, place / {"counts": "out.json", "pairs": "out.parquet", "bitmaps": "out"}[what], what, now=now)
            rows, members = summary.customers, sum(summary.members.values())
        case _:
            summary = run(engine, lines, place / "out.jsonl", "lists", now=now)
            rows, members = summary.customers, sum(summary.members.values())
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": rows, "members": members, "mib": peak()}


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=1_000)
    parser.add_argument("--only", default=",".join(WHAT), help="what to measure, in this order; the last two need pairs and later (default: %(default)s)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="a directory for the files, which a later call uses again")
    parser.add_argument("--write", type=Path, help="put what was found into this document")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measured(options.measure, options.keep)))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as directory:
        place = options.keep or Path(directory)
        if not (place / "workload.pickle").exists():
            place.mkdir(exist_ok=True)
            _prepare(place, options.customers, options.segments)
        rows = ["| what | customers × segments | time | customers/s | members/s | peak memory |", "|---|--:|--:|--:|--:|--:|"]
        for what in options.only.split(","):
            command = [sys.executable, "-m", "benchmarks.bench_files", "--measure", what, "--keep", str(place)]
            found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
            rates = f"{found['rows'] / found['seconds']:,.0f} | {found['members'] / found['seconds']:.2g}"
            rows.append(f"| {what} | {found['rows']:,} × {options.segments:,} | {found['seconds']:.2f} s | {rates} | {found['mib']:,.0f} MiB |")
            print(rows[-1], flush=True)
    if options.write:
        machine = f"Python {platform.python_version()}, {processor()}, {os.cpu_count()} CPUs, load average {load:.1f} before; workload `flat14`, each row"
        meanings = [f"- *{what}*: {meaning}" for what, meaning in WHAT.items()]
        again = f"`python -m benchmarks.bench_files --customers {options.customers} --write docs/benchmarks.md` makes this section again."
        write_section(options.write, "files", "\n".join(["## Whole files", "", f"{machine} a process of its own.", "", *meanings, "", *rows, "", again]))


if __name__ == "__main__":
    main()
