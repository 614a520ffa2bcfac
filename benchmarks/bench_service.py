"""How many requests a second the HTTP service answers, and where the time goes.

    python -m benchmarks.bench_service                             # 10,000 segments, 100,000 customers, one worker; about two minutes
    python -m benchmarks.bench_service --write docs/service.md     # the same, into the document

Needs `wrk` (Debian: apt install wrk). Everything runs on one machine: the load tool takes processor time from the service.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any, NamedTuple

from benchmarks.bench_engine import environment
from benchmarks.population import NOW
from benchmarks.report import write_section
from benchmarks.timing import latency, time_each, timer_cost_ns
from benchmarks.workloads import flat14
from segmentation.engine import SegmentEngine
from segmentation.service import Service, Settings
from segmentation.service.loading import load_customers, load_segments
from segmentation.service.sql import open_store
from segmentation.testing import reference

HEADERS = {"X-App-Id": "bench", "X-App-Token": "bench"}
_SCRIPT = """\
math.randomseed(7)
wrk.headers["X-App-Id"] = "bench"
wrk.headers["X-App-Token"] = "bench"
request = function() return wrk.format("GET", string.format("/v1/customers/cust_%08d/segments", math.random(0, {customers} - 1))) end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def fill(path: str, segments: list[dict[str, Any]], customers: list[dict[str, Any]]) -> float:
    """A store of all of them; customers stored in a second."""
    store = open_store(path)
    load_segments(store, json.dumps(segments).encode(), {})
    begun = perf_counter()
    lines = ((number, json.dumps(customer).encode()) for number, customer in enumerate(customers, 1))
    stored = load_customers(store, lines, 1 << 20, lambda number, why: sys.exit(f"line {number}: {why}"), lambda _: None)
    seconds = perf_counter() - begun
    store.close()
    return stored / seconds


class Served(NamedTuple):
    """A service that runs."""

    port: int
    process: int


@contextmanager
def served(path: str, workers: int) -> Iterator[Served]:
    """A service on a port of its own, stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "segmentation", "serve", "--db", path, "--port", str(port), "--workers", str(workers)]
    credentials = {"SEGMENTATION_APP_ID": "bench", "SEGMENTATION_APP_TOKEN": "bench"}
    process = subprocess.Popen(command, env=os.environ | credentials, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                if get(port, "/healthz")[0] == 200:
                    break
            except OSError:
                sleep(0.2)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def get(port: int, path: str) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=HEADERS)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def spent(process: int) -> float:
    """Processor time of a process and its children, in s, as Linux counts it."""
    tick = os.sysconf("SC_CLK_TCK")
    times = {}
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)], times[int(path.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / tick
    family = {process} | {child for child, parent in parents.items() if parent == process}
    return sum(times[member] for member in family)


def load(server: Served, customers: int, seconds: int, connections: int) -> dict[str, float]:
    """What the load tool measures: requests a second, latencies in ms, errors; and the processor time of the service, in µs a request."""
    before = spent(server.process)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT.replace("{customers}", str(customers)))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{server.port}"]
        output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    found = re.search(r"^RESULT (.*)$", output, re.MULTILINE)
    if not found:
        sys.exit(output)
    requests, duration, p50, p99, longest, refused, broken = map(int, found[1].split())
    if refused or broken:
        sys.exit(f"{refused} answers other than 200, {broken} connections broken")
    return {
        "rate": requests / (duration / 1e6),
        "p50": p50 / 1e3,
        "p99": p99 / 1e3,
        "max": longest / 1e3,
        "cpu": (spent(server.process) - before) * 1e6 / requests,
    }


@contextmanager
def writing(port: int, customers: list[dict[str, Any]]) -> Iterator[None]:
    """Meanwhile, again and again: 500 customers are stored at once, a segment is created and deleted."""
    done = threading.Event()
    bulk = "\n".join(map(json.dumps, customers[:500])).encode()
    segment = json.dumps({"id": "volatile", "name": "Volatile", "filter": {"name": {"conditions": {"$starts_with": "Zoë"}}}}).encode()

    def write() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        while not done.wait(0.1):
            for method, target, body in (("POST", "/v1/customers/bulk", bulk), ("POST", "/v1/segments", segment), ("DELETE", "/v1/segments/volatile", None)):
                connection.request(method, target, body, HEADERS)
                response = connection.getresponse()
                if response.status >= 300:
                    sys.exit(f"{method} {target}: {response.status}")
                response.read()
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def stages(path: str, ids: list[str]) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile, in µs, of what one request consists of, in this process and without a load."""
    timer = timer_cost_ns()
    store = open_store(path)
    engine = SegmentEngine(store.changes(None).present)
    records = [store.read(name).record for name in ids]
    app = Service(Settings(path, "bench", "bench"))
    headers = [(b"host", b"127.0.0.1"), (b"x-app-id", b"bench"), (b"x-app-token", b"bench")]

    async def ask(name: str) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            pass

        target = f"/v1/customers/{name}/segments"
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": target, "raw_path": target.encode(), "query_string": b"", "headers": headers}
        await app(scope | {"root_path": "", "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80)}, receive, send)

    def timed(call: Callable[[Any], object], items: list[Any]) -> tuple[float, float]:
        found = latency(time_each(call, items, lambda item: (item,)), timer)
        return found.p50_us, found.p99_us

    def drive(name: str) -> None:
        with suppress(StopIteration):
            ask(name).send(None)  # it never waits for anything

    half = len(ids) // 2
    for name in ids[:100]:
        drive(name)
    results = {
        "reading version and customer from SQLite": timed(store.read, ids),
        "the engine: JSON text to JSON text": timed(engine.evaluate_json, records[half:]),
        "the service as a whole: routing, credentials, both above": timed(drive, ids[half:]),
    }
    store.close()
    app.close()
    return results


def verify(port: int, segments: list[dict[str, Any]], ids: list[str], path: str) -> int:
    """Compare answers over HTTP with the engine's, and some with the reference's; the number of answers."""
    store = open_store(path)
    engine = SegmentEngine(segments)
    for number, name in enumerate(ids):
        status, body = get(port, f"/v1/customers/{name}/segments")
        record = json.loads(store.read(name).record or b"")
        found = [segment["id"] for segment in json.loads(body)["data"]]
        if status != 200 or found != engine.segment_ids(record) or (number < 3 and found != reference.segment_ids(segments, record, now=NOW)):
            sys.exit(f"a wrong answer for {name}")
    store.close()
    return len(ids)


def main() -> None:
    """Measure, print, and write into a document if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=10_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=15, help="of each of four measurements")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--db", type=Path, help="keep the store here, and use it again")
    parser.add_argument("--write", type=Path, help="a document with the marks of this benchmark")
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt install wrk")
    busy = os.getloadavg()[0]
    workload = flat14(chosen.segments, chosen.customers)
    segments = list(workload.segments)
    with tempfile.TemporaryDirectory() as folder:
        path = str(chosen.db or Path(folder) / "bench.db")
        stored = None if Path(path).exists() else fill(path, segments, list(workload.customers))
        rng = random.Random(3)
        ids = [f"cust_{number:08d}" for number in rng.sample(range(chosen.customers), min(2_000, chosen.customers))]
        with served(path, chosen.workers) as server:
            checked = verify(server.port, segments, ids[:200], path)
            load(server, chosen.customers, 3, chosen.connections)
            runs = {str(number): load(server, chosen.customers, chosen.seconds, chosen.connections) for number in (1, 2, 3)}
            with writing(server.port, list(workload.customers)):
                runs["while 500 customers are stored and a segment comes and goes, some times a second"] = load(
                    server, chosen.customers, chosen.seconds, chosen.connections
                )
        parts = stages(path, ids)
    section = report(chosen, busy, runs, parts, stored, checked)
    print(section)
    if chosen.write:
        write_section(chosen.write, "bench_service", section)


def report(
    chosen: argparse.Namespace, busy: float, runs: dict[str, dict[str, float]], parts: dict[str, tuple[float, float]], stored: float | None, checked: int
) -> str:
    """The findings as Markdown."""
    machine = environment()
    setting = (
        f"{machine.implementation} {machine.python}, {machine.cpu}, {machine.cpus} CPUs, load average {busy:.1f} before the start; "
        f"{chosen.segments:,} segments of `flat14`, "
        f"{chosen.customers:,} customers in SQLite, workers: {chosen.workers}; `wrk` with {chosen.connections} connections on the same machine, "
        f"{chosen.seconds} s a run, a random customer each time. Before that, {checked} answers were compared with the engine's, some with the reference's."
    )
    lines = [
        "",
        setting,
        "",
        "| run | requests/s | p50, ms | p99, ms | longest, ms | the service's processor time a request, µs |",
        "|---|--:|--:|--:|--:|--:|",
        *(f"| {name} | {run['rate']:,.0f} | {run['p50']:.2f} | {run['p99']:.2f} | {run['max']:.1f} | {run['cpu']:,.0f} |" for name, run in runs.items()),
        "",
        "Latencies include the time in the queue: with n connections it is about n times the time of one request.",
        "",
        "| where the time goes (one request at a time, no server) | median, µs | p99, µs |",
        "|---|--:|--:|",
        *(f"| {name} | {p50:,.0f} | {p99:,.0f} |" for name, (p50, p99) in parts.items()),
        f"| a request under load, with HTTP: the service's processor time | {median(run['cpu'] for run in runs.values()):,.0f} | |",
        "",
    ]
    if stored:
        lines += [f"Storing customers from JSON Lines: {stored:,.0f} a second.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
