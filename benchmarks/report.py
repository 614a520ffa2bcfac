"""The findings as Markdown, and their place in a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.results import CaseResult, Latency, PeerResult, Results

__all__ = ["markdown", "write_section"]

_ENOUGH = 100
"""Calls from which a 99th percentile is printed."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return [*lines, ""]


def _us(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _pair(found: Latency | None) -> str:
    if found is None:
        return "–"
    return f"{_us(found.p50_us)} / {_us(found.p99_us) if found.calls >= _ENOUGH else '–'}"


def _bytes(count: int | None) -> str:
    if count is None:
        return "–"
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}×" if ratio < 10 else f"{ratio:,.0f}×"


def _answers(cases: Sequence[CaseResult]) -> list[str]:
    head = ["segments", "matches", "ids, unseen", "ids, the first", "ids, repeated", "ids, caches off", "list, unseen", "JSON to JSON, unseen"]
    return _table(
        head,
        (
            [
                f"{case.segments:,}",
                f"{case.matches:.1f}",
                _pair(case.unseen),
                _pair(case.young),
                _pair(case.repeated),
                _pair(case.caches_off),
                _pair(case.model),
                _pair(case.json_bytes),
            ]
            for case in cases
        ),
    )


def _costs(cases: Sequence[CaseResult]) -> list[str]:
    head = ["segments", "build", "a segment", "memory of the engine", "a segment", "definitions", "two days in turns"]
    head += ["add one", "remove one", "evaluation after adds"]
    rows = []
    for case in cases:
        changes = case.changes
        rows.append(
            [
                f"{case.segments:,}",
                f"{case.build_s * 1e3:,.1f} ms" if case.build_s < 1 else f"{case.build_s:,.1f} s",
                f"{case.build_s / case.segments * 1e6:,.0f} µs",
                _bytes(case.memory.engine_bytes),
                f"{max(0, case.memory.engine_bytes) / case.segments:,.0f} B" if case.segments >= 1_000 else "–",
                _bytes(case.memory.definitions_bytes),
                _ratio(case.alternating_now.p50_us / case.same_now.p50_us),
                f"{_us(changes.add.p50_us)} µs" if changes else "–",
                f"{_us(changes.remove.p50_us)} µs" if changes else "–",
                _ratio(changes.evaluation_ratio) if changes else "–",
            ]
        )
    return _table(head, rows)


def _beside(peer: PeerResult | None) -> str:
    if peer is None or peer.share is None:
        return "–"
    return _ratio(peer.ratio) + (f" ({peer.share:.0%})" if peer.share < 1 else "")


def _peers(cases: Sequence[CaseResult]) -> list[str]:
    names = list(dict.fromkeys(peer.name for case in cases for peer in case.peers))
    if not names:
        return []
    timed = {(case.segments, peer.name): peer for case in cases for peer in case.peers if peer.ratio is not None}
    shown = [name for name in names if any((case.segments, name) in timed for case in cases)]
    latencies: list[list[str]] = []
    ratios: list[list[str]] = []
    for case in cases:
        found = [timed.get((case.segments, name)) for name in shown]
        latencies.append([f"{case.segments:,}", *(_pair(peer.peer if peer else None) for peer in found)])
        ratios.append([f"{case.segments:,}", *(_beside(peer) for peer in found)])
    lines = ["Peers, the same records in turns.", "", *_table(["segments", *shown], latencies)]
    lines += ["The peer's median over ours (ids, unseen), on the segments that its language can say (their share in brackets).", ""]
    lines += _table(["segments", *shown], ratios)
    absent = dict.fromkeys(f"{peer.name}: {peer.absent}" for case in cases for peer in case.peers if peer.absent)
    if absent:
        lines += ["Not timed: " + "; ".join(absent) + ".", ""]
    return lines


def _environment(results: Results) -> list[str]:
    where = results.environment
    versions = dict.fromkeys(f"{peer.name} {peer.version}" for case in results.cases for peer in case.peers if peer.version not in {"", "-"})
    seeds = dict.fromkeys(str(case.seed) for case in results.cases)
    reference = sum(case.verified.against_reference for case in results.cases)
    closures = sum(case.verified.against_closures for case in results.cases)
    machine = f"{where.implementation} {where.python}, {where.machine}, {where.cpu}, {where.cpus} CPUs (one used at a time)"
    packages = f"segmentation {where.segmentation}, pydantic {where.pydantic}, pydantic-core {where.pydantic_core}"
    lines = [f"{machine}; {packages}; seed {', '.join(seeds)}; {results.seconds / 60:.1f} minutes.", ""]
    if versions:
        lines += ["Peers: " + ", ".join(versions) + ".", ""]
    checked = f"the reference's on {reference:,} pairs of customer and segment, and to those of naive closures on {closures:,}"
    lines += [f"Before anything was timed, answers were found equal to {checked}; every peer's to the engine's on up to 200 records a case.", ""]
    lines += [f"Latencies: median / 99th percentile (of {_ENOUGH} calls or more) in µs a call, the clock's own cost taken off.", ""]
    return lines


def markdown(results: Results) -> str:
    """The section of a document."""
    lines = _environment(results)
    for workload in dict.fromkeys(case.workload for case in results.cases):
        cases = [case for case in results.cases if case.workload == workload]
        lines += [f"## {workload}", "", *_answers(cases), *_peers(cases), "Costs.", "", *_costs(cases)]
    return "\n".join(lines).rstrip() + "\n"


def write_section(path: Path, name: str, section: str) -> None:
    """Puts a section between the markers of its name in a document, or at the end of one that has none, or into a new one."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, found, rest = text.partition(begin)
    after = rest.partition(end)[2].lstrip("\n") if found else ""
    written = f"{before.rstrip()}\n\n{begin}\n\n{section.rstrip()}\n\n{end}\n" + (f"\n{after}" if after else "")
    path.write_text(written.lstrip("\n"), encoding="utf-8")
