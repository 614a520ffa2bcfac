"""One case of the benchmark, in a process of its own: a workload at one size.

`bench_engine` starts this module and reads the JSON that it prints; resident memory is honest only in a fresh process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.peers import PEERS, Peer, PeerUnavailable, facts_of, make_peer
from benchmarks.population import Record
from benchmarks.results import CaseResult, Changes, Latency, Memory, PeerResult
from benchmarks.timing import Contestant, collector_frozen, interleaved, latency, time_each, timer_cost_ns
from benchmarks.verification import verify_engine, verify_peer
from benchmarks.workloads import WORKLOADS, Workload
from segmentation import SegmentEngine

__all__ = ["main", "run_case"]

_STREAMED, _STREAMED_FROM = frozenset({"hem", "nested"}), 100_000
"""Workloads whose definitions are too big to hold, and the size from which they are."""
_MAX_SEGMENTS: Mapping[str, int] = {"closures": 100_000, "rule-engine": 1_000}
"""Sizes up to which a peer is run; 10,000 for those not named."""
_VERIFY, _WARM, _ALL_OURS_NS = 200, 50, 10**11


def _block_size(n_segments: int) -> int:
    """Records a measurement."""
    return 1_000 if n_segments <= 10_000 else 300 if n_segments <= 100_000 else 100


def _settling_size(n_segments: int) -> int:
    """Records after which an engine is taken to have settled: names, cities and dates have come that will come again."""
    return 5_000 if n_segments <= 10_000 else 1_000 if n_segments <= 100_000 else 200


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    workload: str
    segments: int
    seed: int
    peers: Sequence[str]
    reference_pairs: int
    peer_budget_s: float
    adds: int


def resident_bytes() -> int:
    """Memory of this process that is resident now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Case:
    """The engine of a workload, and the records that it has not been given yet."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.engine_type: Callable[..., Any] = SegmentEngine
        self.block = _block_size(options.segments)
        needed = _VERIFY + 3 * _WARM + 7 * self.block + _settling_size(options.segments)
        self.workload: Workload = WORKLOADS[options.workload](options.segments, needed, options.seed)
        self.now = self.workload.now
        self._records = iter(self.workload.customers)
        self.timer_ns = timer_cost_ns()
        next(iter(self.workload.segments))  # builds the pools, which are no part of the definitions

        gc.collect()
        before = resident_bytes()
        self.held = options.segments < _STREAMED_FROM or options.workload not in _STREAMED
        self.segments: Any = list(self.workload.segments) if self.held else self.workload.segments
        gc.collect()
        between = resident_bytes()
        start = perf_counter()
        self.engine = self.build(self.segments)
        times = [perf_counter() - start]
        gc.collect()
        self.memory = Memory(
            definitions_bytes=between - before if self.held else None,
            engine_bytes=resident_bytes() - between,
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )
        while len(times) < 5 and sum(times) < 0.5:
            start = perf_counter()
            self.build(self.segments)
            times.append(perf_counter() - start)
        self.build_s = median(times)

    def build(self, segments: Any, **options: Any) -> Any:
        """An engine."""
        return self.engine_type(segments, attributes=dict(self.workload.attributes), **options)

    def records(self, count: int) -> list[Record]:
        """Records that nobody was given before."""
        return [next(self._records) for _ in range(count)]

    def texts(self, count: int | None = None) -> list[str]:
        """Records that nobody was given before, as JSON."""
        return [json.dumps(record, separators=(",", ":")) for record in self.records(self.block if count is None else count)]

    def parsed(self, text: str) -> tuple[Any, ...]:
        """Arguments of an engine's methods: a record as a service has it, just parsed, and now."""
        return json.loads(text), self.now

    def time(self, call: Callable[..., object], texts: Sequence[str], prepare: Callable[[str], tuple[Any, ...]] | None = None) -> Latency:
        """The latency of some calls."""
        with collector_frozen():
            return latency(time_each(call, texts, prepare or self.parsed), self.timer_ns)

    def contestant(self, engine: Any, texts: Sequence[str]) -> Contestant:
        """An engine in a contest, dict to ids."""
        return Contestant(engine.segment_ids, texts, self.parsed, _ALL_OURS_NS)


def _peers(case: Case) -> Iterator[tuple[Peer | PeerResult, float]]:
    """The peers that can be run at this size, with their build times; results for those that cannot."""
    held, facts = case.segments, None
    for name in case.options.peers:
        limit = _MAX_SEGMENTS.get(name, 10_000)
        if case.options.segments > limit:
            yield PeerResult(name=name, version="", absent=f"not run above {limit:,} segments"), 0.0
            continue
        if facts is None:
            facts = facts_of(held, case.workload.customers, case.workload.attributes)
        start = perf_counter()
        try:
            peer = make_peer(name, held, facts, now=case.now, attributes=case.workload.attributes)
        except PeerUnavailable as reason:
            yield PeerResult(name=name, version="", absent=str(reason)), 0.0
            continue
        if not peer.ids:
            absent = "its language can say none of these segments"
            yield PeerResult(name=name, version=peer.version(), share=0.0, absent=absent), 0.0
            continue
        yield peer, perf_counter() - start


class Contest:
    """The engine and its peers, answering for the same unseen records in turns.

    A peer whose language cannot say every segment competes with an engine of those that it can. Engines are first given records to settle.
    """

    def __init__(self, case: Case, warm: Sequence[str], settling: Sequence[str], checked: Sequence[Record]) -> None:
        self._case = case
        self._warm = warm
        self._settling = settling
        self._checked = checked
        self.texts = case.texts()
        self._engines: dict[int, tuple[Any, Contestant]] = {}
        self._contestants: list[Contestant] = []
        self.ours = self._rival(len(case.workload.segments), [])[1]
        self._entries: list[tuple[Peer, float, int, Contestant, Contestant]] = []

    def _rival(self, count: int, ids: Sequence[str]) -> tuple[Any, Contestant]:
        """An engine of these segments and its place in the contest; of all segments when the count is that of all."""
        case = self._case
        whole = count == len(case.workload.segments)
        key = 0 if whole else hash(tuple(ids))
        if key not in self._engines:
            said = set(ids)
            engine = case.engine if whole else case.build([segment for segment in case.segments if segment["id"] in said])
            time_each(engine.segment_ids, self._settling, case.parsed)
            contestant = case.contestant(engine, self.texts)
            self._engines[key] = engine, contestant
            self._contestants.append(contestant)
        return self._engines[key]

    def enter(self, peer: Peer, build_s: float) -> None:
        """Checks a peer's answers, warms it up and lets it take part."""
        budget = int(self._case.options.peer_budget_s * 1e9)
        engine, rival = self._rival(len(peer.ids), peer.ids)
        few = self._checked[: max(3, min(len(self._checked), 200_000 // len(peer.ids)))]
        verified = verify_peer(peer, engine, self._case.now, few)
        contestant = Contestant(peer.timed, self.texts, lambda text: (peer.prepare(json.loads(text)),), budget)
        time_each(peer.timed, self._warm, contestant.prepare, budget // 10)
        self._contestants.append(contestant)
        self._entries.append((peer, build_s, verified, contestant, rival))

    def results(self) -> tuple[Latency, list[PeerResult]]:
        """Runs the contest: ours on all segments, and every peer beside ours."""
        interleaved(self._contestants, len(self.texts))
        timer_ns = self._case.timer_ns
        found = []
        for peer, build_s, verified, contestant, rival in self._entries:
            theirs, ours = latency(contestant.samples, timer_ns), latency(rival.samples[: len(contestant.samples)], timer_ns)
            found.append(
                PeerResult(
                    name=peer.name,
                    version=peer.version(),
                    share=peer.share,
                    build_s=build_s,
                    verified_records=verified,
                    peer=theirs,
                    ours=ours,
                    ratio=theirs.p50_us / ours.p50_us,
                )
            )
        return latency(self.ours.samples, timer_ns), found


def _unseen(case: Case, warm: Sequence[str], settling: Sequence[str], checked: Sequence[Record]) -> tuple[Latency, Sequence[str], list[PeerResult]]:
    """Dict to ids on records never seen, ours and the peers'; also the records."""
    contest = Contest(case, warm, settling, checked)
    absent: list[PeerResult] = []
    for peer, build_s in _peers(case) if case.held else ():
        if isinstance(peer, PeerResult):
            absent.append(peer)
        else:
            contest.enter(peer, build_s)
    unseen, found = contest.results()
    order = list(PEERS)
    return unseen, contest.texts, sorted([*found, *absent], key=lambda result: order.index(result.name))


def _caches_off(case: Case, texts: Sequence[str], warm: Sequence[str]) -> Latency | None:
    """Dict to ids with the engine's caches switched off, None when it has no switch or the case is too big."""
    if "cache" not in signature(case.engine_type).parameters or case.options.segments > 100_000:
        return None
    engine = case.build(case.segments, cache=False)
    time_each(engine.segment_ids, warm, case.parsed)
    return case.time(engine.segment_ids, texts)


def _now(case: Case) -> tuple[Latency, Latency]:
    """Dict to ids with one now, and with two days in turns; unseen records for both."""
    texts, ids = case.texts(), case.engine.segment_ids
    half, days = len(texts) // 2, cycle([case.now, case.now + timedelta(days=1)])

    def on_another_day(text: str) -> tuple[Any, ...]:
        return json.loads(text), next(days)

    time_each(ids, texts[:2], on_another_day)
    same = case.contestant(case.engine, texts[2:half])
    turns = Contestant(ids, texts[half : 2 * half - 2], on_another_day, _ALL_OURS_NS)
    interleaved([same, turns], half)
    return latency(same.samples, case.timer_ns), latency(turns.samples, case.timer_ns)


def _changes(case: Case) -> Changes | None:
    """One segment added, one removed, again and again; then evaluation beside a fresh engine."""
    options = case.options
    if not case.held or options.adds < 1:
        return None
    more = WORKLOADS[options.workload](options.adds, 0, options.seed + 1)
    added = [{**segment, "id": "added_" + segment["id"]} for segment in more.segments]
    engine, adds, removes = case.engine, [], []
    end = perf_counter() + 20.0
    with collector_frozen():
        for index, segment in enumerate(added):
            start = perf_counter()
            engine = engine.replace(add=[segment])
            adds.append(int((perf_counter() - start) * 1e9))
            if index < 100:
                start = perf_counter()
                engine.replace(remove=[case.segments[index % options.segments]["id"]])
                removes.append(int((perf_counter() - start) * 1e9))
            if perf_counter() > end:
                break
    ratio = None
    if options.segments <= 10_000:
        texts = case.texts()
        rivals = [case.contestant(one, texts) for one in (engine, case.build([*case.segments, *added[: len(adds)]]))]
        for rival in rivals:
            time_each(rival.call, case.texts(_WARM), case.parsed)
        interleaved(rivals, len(texts))
        ratio = median(rivals[0].samples) / median(rivals[1].samples)
    return Changes(add=latency(adds, case.timer_ns), remove=latency(removes, case.timer_ns), evaluation_ratio=ratio)


def run_case(options: Options) -> CaseResult:
    """Builds, checks, times.

    Raises:
        AssertionError: when any answer differs.
    """
    case = Case(options)
    checked, warm = case.records(_VERIFY), case.texts(_WARM)
    verified = verify_engine(case.engine, case.workload, case.segments, checked, options.reference_pairs)
    young = case.time(case.engine.segment_ids, case.texts())
    settling = case.texts(_settling_size(options.segments))
    unseen, seen, peers = _unseen(case, warm, settling, checked)
    again = seen[:100]
    case.time(case.engine.segment_ids, again)
    repeated = case.time(case.engine.segment_ids, [*again] * 5)
    caches_off = _caches_off(case, seen, warm)
    model = case.time(case.engine.evaluate, case.texts())
    json_bytes = case.time(case.engine.evaluate_json, case.texts(), lambda text: (text.encode(), case.now))
    same_now, alternating_now = _now(case)
    return CaseResult(
        workload=options.workload,
        segments=options.segments,
        seed=options.seed,
        customers=case.block,
        matches=sum(len(case.engine.segment_ids(*case.parsed(text))) for text in again) / len(again),
        build_s=case.build_s,
        memory=case.memory,
        verified=verified,
        young=young,
        unseen=unseen,
        repeated=repeated,
        caches_off=caches_off,
        model=model,
        json_bytes=json_bytes,
        same_now=same_now,
        alternating_now=alternating_now,
        changes=_changes(case),
        peers=peers,
    )


def main() -> None:
    """Reads the options as JSON from the only argument and prints the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("options", type=json.loads, help="a JSON object with the fields of Options")
    sys.stdout.write(run_case(Options(**parser.parse_args().options)).model_dump_json() + "\n")


if __name__ == "__main__":
    main()
