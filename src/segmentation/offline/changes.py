"""Who entered and who left each segment between two runs, from their pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.model import SimpleSegment
from segmentation.offline.outputs import METADATA, unsegmented_beside
from segmentation.offline.sources import RunError

__all__ = ["Change", "Changes", "Run", "run_of"]

Type = Literal["customer.segment.entered", "customer.segment.left"]
Cause = Literal["segment_added", "segment_removed", "customer_added", "customer_removed"]

_PAIRS = 50_000_000  # members, of both runs, that are compared at a time


class Run(NamedTuple):
    """A run as its output says it."""

    path: Path
    summary: Mapping[str, Any]
    segments: Mapping[str, SimpleSegment]
    members: Mapping[str, int]

    def pairs(self) -> pl.LazyFrame:
        """Its pairs: `customer`, `segment`."""
        return pl.scan_parquet(self.path, glob=False).select(pl.col("customer", "segment").cast(pl.String))

    def customers(self) -> pl.LazyFrame:
        """All its customers, once each."""
        others = pl.scan_parquet(unsegmented_beside(self.path), glob=False).select(pl.col("customer").cast(pl.String))
        return pl.concat([self.pairs().select("customer"), others]).unique()


def run_of(path: str | Path) -> Run:
    """The run that wrote some pairs.

    Raises:
        RunError: They are no pairs of a run, or the file of the customers in no segment is not beside them.
    """
    place = Path(path)
    summary = _summary(place)
    beside = unsegmented_beside(place)
    if not beside.exists():
        raise RunError(f"{place}: {beside.name}, which the run wrote beside it, is not there; it has the customers in no segment")
    if _summary(beside) != summary:
        raise RunError(f"{place}: {beside.name} is of another run")
    segments = [SimpleSegment(id=segment["id"], name=segment["name"]) for segment in summary["segments"]]
    return Run(place, summary, {segment.id: segment for segment in segments}, {segment["id"]: segment["members"] for segment in summary["segments"]})


def _summary(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            metadata = pq.read_metadata(file).metadata or {}
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{path}: {getattr(error, 'strerror', None) or 'cannot be read as Parquet'}") from None
    if METADATA.encode() not in metadata:
        raise RunError(f"{path}: not written by segmentation run --format pairs")
    summary: dict[str, Any] = json.loads(metadata[METADATA.encode()])
    return summary


class Change(NamedTuple):
    """A customer who entered or left a segment."""

    type: Type
    customer: str
    segment: SimpleSegment
    cause: Cause | None
    """Why it is no change of the customer: the segment, or else the customer, is in one of the runs only."""

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON-ready data; `cause` only where there is one."""
        found: dict[str, Any] = {"type": self.type, "customer": {"id": self.customer}, "segment": self.segment.model_dump()}
        return found if self.cause is None else {**found, "cause": self.cause}


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes from one run to another.

    Iterating over them gives those of one segment after the other (the new run's, in its order, then those that were removed), who entered before who
    left, by id. Memory follows the customers and the largest segments.
    """

    old: Run
    new: Run

    @property
    def segments(self) -> Sequence[SimpleSegment]:
        """The segments of both; of one that is in both, the new name."""
        return [*self.new.segments.values(), *(segment for id_, segment in self.old.segments.items() if id_ not in self.new.segments)]

    def __iter__(self) -> Iterator[Change]:
        before, after = (run.customers().collect(engine="streaming") for run in (self.old, self.new))
        added = after.lazy().join(before.lazy(), on="customer", how="anti").with_columns(one_sided=pl.lit(value=True)).collect(engine="streaming")
        removed = before.lazy().join(after.lazy(), on="customer", how="anti").with_columns(one_sided=pl.lit(value=True)).collect(engine="streaming")
        del before, after
        for some in self._groups():
            entered = _missing(self.new, self.old, some, added)
            left = _missing(self.old, self.new, some, removed)
            for segment in some:
                if segment.id in entered:
                    yield from self._of(segment, entered[segment.id], "customer.segment.entered")
                if segment.id in left:
                    yield from self._of(segment, left[segment.id], "customer.segment.left")

    def _groups(self) -> Iterator[list[SimpleSegment]]:
        group: list[SimpleSegment] = []
        size = 0
        for segment in self.segments:
            members = self.old.members.get(segment.id, 0) + self.new.members.get(segment.id, 0)
            if group and size + members > _PAIRS:
                yield group
                group, size = [], 0
            group.append(segment)
            size += members
        if group:
            yield group

    def _of(self, segment: SimpleSegment, found: pl.DataFrame, kind: Type) -> Iterator[Change]:
        entered = kind == "customer.segment.entered"
        of_segment: Cause | None = None
        if segment.id not in self.old.segments or segment.id not in self.new.segments:
            of_segment = "segment_added" if entered else "segment_removed"
        of_customer: Cause = "customer_added" if entered else "customer_removed"
        for customer, one_sided in found.select("customer", "one_sided").iter_rows():
            yield Change(kind, customer, segment, of_segment or (of_customer if one_sided else None))


def _missing(there: Run, missing: Run, segments: Sequence[SimpleSegment], one_sided: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By segment, the pairs that one run has and the other has not, by customer."""
    ids = [segment.id for segment in segments]
    wanted, others = (run.pairs().filter(pl.col("segment").is_in(ids)) for run in (there, missing))
    frame = (
        wanted.join(others, on=["customer", "segment"], how="anti")
        .unique()
        .join(one_sided.lazy(), on="customer", how="left")
        .sort("customer")
        .collect(engine="streaming")
    )
    return {str(key[0]): part for key, part in frame.partition_by("segment", maintain_order=True, as_dict=True).items()}
