"""The engine and its peers, timed: ``python -m benchmarks.bench_engine``.

Every case, a workload at one size, runs in a process of its own (`case.py`). The figures go to the terminal as Markdown, with
``--json`` to a file that another run can be compared with, and with ``--write`` into a document.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.report import markdown, write_section
from benchmarks.results import CaseResult, Environment, Results
from benchmarks.workloads import WORKLOADS

__all__ = ["main"]

SIZES = (1, 10, 100, 1_000, 10_000)
_ONLY: Mapping[str, tuple[int, ...]] = {
    "flat14": (*SIZES, 100_000, 1_000_000),
    "hem": (1_000, 10_000, 100_000),
    "abe": (1_000, 10_000),
    "nested": (100, 1_000),
}
"""The sizes of a default run for the workloads that are not run at all of them."""


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def processor() -> str:
    """The processor's model, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def environment() -> Environment:
    """Where this runs."""
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        machine=platform.machine(),
        cpu=processor(),
        cpus=os.cpu_count() or 0,
        pydantic=_version("pydantic"),
        pydantic_core=_version("pydantic-core"),
        segmentation=_version("segmentation"),
    )


def _names(known: Sequence[str]) -> Any:
    def names(text: str) -> list[str]:
        chosen = [name for name in text.split(",") if name]
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
        return chosen

    return names


def _sizes(text: str) -> list[int]:
    return [int(size.replace("_", "")) for size in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_engine", description="Times the engine beside its peers.")
    parser.add_argument("--segments", type=_sizes, help="sizes, separated by commas (default: 1 to 10,000; flat14 to 1,000,000; others for hem, abe, nested)")
    parser.add_argument("--workloads", type=_names(list(WORKLOADS)), default=list(WORKLOADS), help=f"among {', '.join(WORKLOADS)} (default: all)")
    parser.add_argument("--peers", type=_names(list(PEERS)), default=list(PEERS), help=f"among {', '.join(PEERS)} (default: all; empty: none)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reference-pairs", type=int, default=20_000, help="pairs checked against the reference, a case (default: %(default)s)")
    parser.add_argument("--peer-budget", type=float, default=1.5, help="seconds for timing a peer, a case (default: %(default)s)")
    parser.add_argument("--adds", type=int, default=200, help="segments added one by one (default: %(default)s; 0: none)")
    parser.add_argument("--json", type=Path, help="write the findings to this file")
    parser.add_argument("--write", type=Path, help="write the tables into this Markdown document")
    return parser


def _cases(chosen: argparse.Namespace) -> Iterator[tuple[str, int]]:
    for workload in chosen.workloads:
        for size in chosen.segments or _ONLY.get(workload, SIZES):
            yield workload, size


def _run(workload: str, size: int, chosen: argparse.Namespace) -> CaseResult:
    """One case, in a fresh process with a fixed hash seed."""
    options = {
        "workload": workload,
        "segments": size,
        "seed": chosen.seed,
        "peers": chosen.peers,
        "reference_pairs": chosen.reference_pairs,
        "peer_budget_s": chosen.peer_budget,
        "adds": chosen.adds,
    }
    command = [sys.executable, "-m", "benchmarks.case", json.dumps(options)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})
    return CaseResult.model_validate_json(done.stdout)


def main() -> None:
    """Runs the cases that the command line asks for."""
    chosen = _parser().parse_args()
    start = perf_counter()
    cases = []
    for workload, size in _cases(chosen):
        begun = perf_counter()
        case = _run(workload, size, chosen)
        cases.append(case)
        print(f"{workload} {size:,}: {case.unseen.p50_us:.1f} µs unseen, {perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    results = Results(environment=environment(), seconds=perf_counter() - start, cases=cases)
    section = markdown(results)
    print(section)
    if chosen.json:
        chosen.json.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if chosen.write:
        write_section(chosen.write, "benchmarks", section)


if __name__ == "__main__":
    main()
