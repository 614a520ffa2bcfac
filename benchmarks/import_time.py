"""What ``import segmentation`` costs: ``python -m benchmarks.import_time``.

Wall time of a fresh interpreter that imports one module, the median of several runs taken in turns, and the modules that
``-X importtime`` names as the dearest. The first run of all warms the file system's cache and is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from statistics import median
from time import perf_counter

__all__ = ["dearest_modules", "main", "wall_seconds"]

_SUBJECTS = {"bare Python": "pass", "pydantic": "import pydantic", "segmentation": "import segmentation"}


def wall_seconds(statement: str) -> float:
    """The wall time of an interpreter that runs a statement and ends."""
    start = perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return perf_counter() - start


def dearest_modules(statement: str, count: int) -> list[tuple[str, float]]:
    """The modules whose own import took longest, with milliseconds."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", statement], check=True, stderr=subprocess.PIPE, text=True)
    found = []
    for line in done.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            found.append((rest.partition("|")[2].strip(), int(own) / 1e3))
    return sorted(found, key=lambda module: -module[1])[:count]


def main() -> None:
    """Prints the medians and the dearest modules."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_time", description="Times imports.")
    parser.add_argument("--runs", type=int, default=15, help="interpreters started for each subject (default: %(default)s)")
    parser.add_argument("--modules", type=int, default=10, help="modules listed (default: %(default)s)")
    chosen = parser.parse_args()
    times: dict[str, list[float]] = {subject: [] for subject in _SUBJECTS}
    for _ in range(chosen.runs + 1):
        for subject, statement in _SUBJECTS.items():
            times[subject].append(wall_seconds(statement))
    medians = {subject: median(taken[1:]) * 1e3 for subject, taken in times.items()}
    bare = medians["bare Python"]
    print("| import | wall, ms | beyond bare Python, ms |\n|---|--:|--:|")
    for subject, taken in medians.items():
        print(f"| {subject} | {taken:.1f} | {taken - bare:.1f} |")
    print("\n| module | own, ms |\n|---|--:|")
    for module, own in dearest_modules(_SUBJECTS["segmentation"], chosen.modules):
        print(f"| {module} | {own:.1f} |")


if __name__ == "__main__":
    main()
