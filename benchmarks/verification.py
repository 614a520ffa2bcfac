"""Equality of answers, before anything is timed: with the reference on a sample, with naive closures on everything."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from benchmarks.closures import Closures
from benchmarks.peers import Peer
from benchmarks.results import Verified
from benchmarks.workloads import Workload
from segmentation.testing import reference

__all__ = ["array_keys", "verify_engine", "verify_peer"]

Record: TypeAlias = Mapping[str, Any]

_REFERENCE_RECORDS = 100


def array_keys(workload: Workload) -> frozenset[str]:
    """The metadata attributes whose values are arrays."""
    found: set[str] = set()
    for record in islice(workload.customers, 500):
        found.update(f"metadata.{key}" for key, value in record["metadata"].items() if type(value) is list)
    return frozenset(found)


def _differ(what: str, record: Record, ours: Sequence[str], theirs: Sequence[str]) -> AssertionError:
    different = sorted(set(ours) ^ set(theirs)) or ["the order"]
    return AssertionError(f"{what} differs for {record['id']}: {different[:5]}")


def verify_engine(
    engine: Any,
    workload: Workload,
    segments: Iterable[Mapping[str, Any]],
    records: Sequence[Record],
    pairs: int,
) -> Verified:
    """Checks an engine's answers, in all their forms.

    The reference is asked about a random sample of the segments; naive closures of all segments, when there are few enough,
    are compared for all the records.

    Args:
        engine: the `SegmentEngine`.
        workload: where the segments come from.
        segments: the definitions; iterated once.
        records: customers that will not be timed.
        pairs: how many pairs of customer and segment to ask the reference about.

    Raises:
        AssertionError: on the first difference.
    """
    few = list(islice(records, _REFERENCE_RECORDS))
    kept = segments if isinstance(segments, list) else None
    wanted = min(len(workload.segments), max(1, -(-pairs // len(few))))
    chosen = set(random.Random(f"verify {workload.seed}").sample(range(len(workload.segments)), wanted))
    sample = [segment for index, segment in enumerate(segments) if index in chosen]
    sampled = {segment["id"] for segment in sample}
    asked = 0
    for record in records if wanted == len(workload.segments) else few:
        if asked >= pairs:
            break
        expected = reference.segment_ids(sample, record, now=workload.now, attributes=workload.attributes)
        found = engine.segment_ids(record, workload.now)
        restricted = [segment_id for segment_id in found if segment_id in sampled]
        if restricted != expected:
            raise _differ("reference", record, restricted, expected)
        answer = engine.evaluate(record, workload.now)
        if [segment.id for segment in answer.data] != found or answer.total != len(found):
            raise _differ("evaluate", record, [segment.id for segment in answer.data], found)
        text = engine.evaluate_json(json.dumps(record).encode(), workload.now)
        if text != answer.model_dump_json().encode():
            raise AssertionError(f"evaluate_json differs for {record['id']}")
        asked += len(sample)
    compared = 0
    if kept is not None and len(kept) <= 100_000:
        closures = Closures(kept, now=workload.now, attributes=workload.attributes, arrays=array_keys(workload))
        for record in records:
            expected = closures.evaluate_all(record)
            found = engine.segment_ids(record, workload.now)
            if found != expected:
                raise _differ("closures", record, found, expected)
            compared += len(kept)
    return Verified(against_reference=asked, against_closures=compared)


def verify_peer(peer: Peer, engine: Any, now: datetime, records: Sequence[Record]) -> int:
    """Checks a peer against an engine of the same segments; how many records it was asked about.

    Raises:
        AssertionError: on the first difference.
    """
    for record in records:
        theirs, ours = peer.timed(peer.prepare(record)), engine.segment_ids(record, now)
        if theirs != ours:
            raise _differ(peer.name, record, ours, theirs)
    return len(records)
