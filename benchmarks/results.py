"""What the benchmarks find, as models that are written to and read from JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["CaseResult", "Changes", "Environment", "Latency", "Memory", "PeerResult", "Results", "Verified"]


class Frozen(BaseModel):
    """A finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Latency(Frozen):
    """Microseconds a call."""

    p50_us: float
    p99_us: float
    mean_us: float
    calls: int


class Memory(Frozen):
    """Resident bytes that came with the definitions, and with the engine beyond them.

    When the definitions were not held but generated as the engine read them, what the engine keeps of them counts as its.
    """

    definitions_bytes: int | None
    engine_bytes: int
    peak_bytes: int


class Verified(Frozen):
    """Pairs of customer and segment on which answers were found equal before anything was timed."""

    against_reference: int
    against_closures: int


class PeerResult(Frozen):
    """A peer beside the engine on the segments that the peer's language can say.

    Attributes:
        share: of the segments, that the peer can say.
        ours: the engine on those segments, the same records, in turns with the peer.
        ratio: the peer's median over ours.
        absent: why the peer was not timed.
    """

    name: str
    version: str
    share: float | None = None
    build_s: float | None = None
    verified_records: int = 0
    peer: Latency | None = None
    ours: Latency | None = None
    ratio: float | None = None
    absent: str | None = None


class Changes(Frozen):
    """``replace``: one segment at a time.

    Attributes:
        evaluation_ratio: median evaluation after all the additions over that of a fresh engine of the same segments.
    """

    add: Latency
    remove: Latency
    evaluation_ratio: float | None


class CaseResult(Frozen):
    """One workload at one size.

    Attributes:
        matches: segments per customer, the mean over the timed records.
        young: dict to ids, the first records that the engine is given (after those that were checked).
        unseen: dict to ids, records never given to the engine before, others given until it settled.
        repeated: dict to ids, records given before.
        caches_off: dict to ids with ``cache=False``; None when the engine has no such switch.
        model: dict to `CustomerSegmentsList`, unseen records.
        json_bytes: JSON bytes to JSON bytes, unseen records.
        same_now, alternating_now: dict to ids, unseen records; the latter with another day at every other call.
    """

    workload: str
    segments: int
    seed: int
    customers: int
    matches: float
    build_s: float
    memory: Memory
    verified: Verified
    young: Latency
    unseen: Latency
    repeated: Latency
    caches_off: Latency | None
    model: Latency
    json_bytes: Latency
    same_now: Latency
    alternating_now: Latency
    changes: Changes | None
    peers: list[PeerResult]


class Environment(Frozen):
    """Where the figures come from."""

    python: str
    implementation: str
    machine: str
    cpu: str
    cpus: int
    pydantic: str
    pydantic_core: str
    segmentation: str


class Results(Frozen):
    """A run."""

    environment: Environment
    seconds: float
    cases: list[CaseResult]
