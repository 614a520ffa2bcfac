"""A run: files of customers through an engine into an output."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from segmentation.batch import Membership
from segmentation.batch.records import Records
from segmentation.engine import SegmentEngine
from segmentation.model import SimpleSegment
from segmentation.offline.drafts import Drafts
from segmentation.offline.outputs import FORMATS, Output, output_of, summary_beside, unsegmented_beside
from segmentation.offline.sources import STDIN, Piece, Reject, RunError, Source, pieces_of, sources_of

__all__ = ["Progress", "Summary", "run"]

Progress = Callable[[int, float | None], None]
"""Told of the customers so far, and of the part of all bytes that is read (None: not known)."""


@dataclass
class Summary:
    """What a run found, as its output says it."""

    now: datetime
    segments: Sequence[SimpleSegment]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The engine's: time zone, start of the week, declared attributes, locations."""
    customers: int = 0
    rejected: int = 0
    duplicate_ids: int = 0
    """Customers whose id had been there before. Each row is a customer, so they are evaluated too."""
    members: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON-ready data."""
        return {
            "object": "run",
            "now": self.now.isoformat(),
            "settings": self.settings,
            "customers": self.customers,
            "rejected": self.rejected,
            "duplicate_ids": self.duplicate_ids,
            "segments": [
                {**segment.model_dump(), "members": self.members[segment.id], "share": self.members[segment.id] / self.customers if self.customers else 0.0}
                for segment in self.segments
            ],
        }


def run(  # noqa: PLR0913 - one for each option
    engine: SegmentEngine,
    customers: Sequence[str],
    output: str | Path | None,
    format: str = "counts",  # noqa: A002 - the option's name
    *,
    now: datetime | None = None,
    id_column: str | None = None,
    input_format: str | None = None,
    rejects: str | Path | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Evaluate whole files of customers, in a stream, at one moment.

    The output appears when all is done; whatever ends the run before leaves what was there before.

    Args:
        engine: The segments.
        customers: Paths of files, directories and patterns: Parquet, CSV, JSON Lines, Arrow IPC.
        output: Where to write; None: nowhere, for counts in the answer alone.
        format: One of `FORMATS`.
        now: An aware date-time; default: the current time.
        id_column: The column that holds customers' ids; default: `id`, where that is empty or not there `source_id`.
        input_format: What the files are: `parquet`, `csv`, `jsonl` or `arrow`; default: what their names say.
        rejects: The file that rows which cannot be evaluated are reported in, as JSON Lines; default: beside the output, `OUTPUT.rejects.jsonl`.
        strict: Whether to stop at the first such row, and not to accept ids that occur twice.
        progress: Called now and then.

    Raises:
        RunError: A file cannot be read; a row cannot be, and `strict` is set.
        OSError: The output cannot be written.
        ValueError: `now` has no time zone; the output's name does not fit the format; it, or the rejects, would stand where customers are read, or
            both in one place.
    """
    if format not in FORMATS:
        raise ValueError(f"{format!r} is none of the formats {', '.join(FORMATS)}")
    now = datetime.now(UTC) if now is None else now
    segments = [SimpleSegment(id=segment.id, name=segment.name) for segment in engine.segments]
    summary = Summary(now, segments, engine.settings, members=dict.fromkeys((segment.id for segment in segments), 0))
    sources = sources_of(customers, input_format)
    if rejects is None and output is not None:
        rejects = f"{output}.rejects.jsonl"
    _keep_apart(sources, customers, None if output is None else Path(output), None if rejects is None else Path(rejects))
    with Drafts() as drafts:
        writer = None if output is None else output_of(format, Path(output), segments, drafts)
        with ExitStack() as stack:
            if writer is not None:
                stack.callback(writer.stack.close)
            refused = _Rejects(None if rejects is None else Path(rejects), drafts, stack, strict=strict)
            _evaluate(engine, sources, writer, summary, refused, id_column, progress)
            if strict and summary.duplicate_ids:
                raise RunError(f"{summary.duplicate_ids} customers have an id that occurred before")
            if writer is not None:
                writer.finish(summary.to_dict())
        drafts.publish()
    if not summary.rejected and rejects is not None:
        Path(rejects).unlink(missing_ok=True)  # that of an earlier run tells of nothing any more
    return summary


def _keep_apart(sources: Sequence[Source], customers: Sequence[str], output: Path | None, rejects: Path | None) -> None:
    """Refuse to write over customers, to where the next run would read customers, or twice to one place."""
    written = [] if output is None else [output, summary_beside(output), unsegmented_beside(output)]
    if rejects is not None:
        if any(_is_one(rejects, place) for place in written) or (output is not None and output.resolve() in rejects.resolve().parents):
            raise ValueError(f"{rejects}: the output is written there; write the rejects to another name")
        written.append(rejects)
    for place in written:
        if any(source.path != STDIN and _is_one(place, Path(source.path)) for source in sources):
            raise ValueError(f"{place}: the customers are read from there; write to another name")
        above = next((path for path in customers if path != STDIN and Path(path).is_dir() and place.resolve().is_relative_to(Path(path).resolve())), None)
        if above is not None:
            raise ValueError(f"{place}: all files in {above} are read as customers; write to another directory")


def _is_one(place: Path, other: Path) -> bool:
    """Whether two paths lead to one file, which need not exist yet."""
    return place.resolve() == other.resolve() or (place.exists() and other.exists() and place.samefile(other))


def _evaluate(
    engine: SegmentEngine,
    sources: Sequence[Source],
    writer: Output | None,
    summary: Summary,
    refused: _Rejects,
    id_column: str | None,
    progress: Progress | None,
) -> None:
    total = sum(source.size for source in sources)
    hashes: list[np.ndarray[Any, np.dtype[np.uint64]]] = []
    done = 0

    def watched() -> Generator[Piece, None, None]:
        nonlocal done
        for piece in pieces_of(sources, id_column, engine.attributes):
            refused.add(piece.rejects)
            summary.rejected += len(piece.rejects)
            done = piece.done
            if len(piece.ids):
                hashes.append(pl.from_arrow(piece.ids).hash().to_numpy())  # type: ignore[union-attr]
                yield piece

    with closing(watched()) as pieces:
        for membership, ids in _memberships(engine, pieces, summary.now):
            summary.customers += len(ids)
            for segment, count in membership.counts().items():
                summary.members[segment] += count
            if writer is not None:
                writer.add(membership, ids)
            if progress is not None:
                progress(summary.customers, done / total if total else None)
    if hashes:
        summary.duplicate_ids = summary.customers - _distinct(hashes)


def _distinct(hashes: list[np.ndarray[Any, np.dtype[np.uint64]]]) -> int:
    """How many ids there are, told by 64 bits of each: 8 bytes a customer; two of 10 million are mistaken for one in 1 of 300,000 runs."""
    together = np.concatenate(hashes)
    hashes.clear()
    together.sort()
    return 1 + int(np.count_nonzero(together[1:] != together[:-1]))


def _memberships(engine: SegmentEngine, pieces: Iterator[Piece], now: datetime) -> Iterator[tuple[Membership, pa.Array]]:
    """Who is where, with the ids. Files that differ in their columns are evaluated one after the other."""
    for _, group in groupby(pieces, key=lambda piece: None if isinstance(piece.batch, Records) else piece.batch.schema.remove_metadata()):
        waiting: deque[pa.Array] = deque()

        def batches(group: Iterator[Piece] = group, waiting: deque[pa.Array] = waiting) -> Iterator[pa.RecordBatch | Records]:
            for piece in group:  # noqa: B031 - each group is used once
                waiting.append(piece.ids)
                yield piece.batch if isinstance(piece.batch, Records) else piece.batch.replace_schema_metadata(None)

        for membership in engine.evaluate_batches(batches(), now):
            yield membership, _taken(waiting, len(membership))


def _taken(waiting: deque[pa.Array], rows: int) -> pa.Array:
    """The next ids."""
    parts = []
    while rows:
        first = waiting.popleft()
        if len(first) > rows:
            waiting.appendleft(first.slice(rows))
            first = first.slice(0, rows)
        parts.append(first)
        rows -= len(first)
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)


class _Rejects:
    """Writes what was rejected."""

    def __init__(self, place: Path | None, drafts: Drafts, stack: ExitStack, *, strict: bool) -> None:
        self._place = place
        self._drafts = drafts
        self._stack = stack
        self._strict = strict
        self._file: Any = None

    def add(self, rejects: Sequence[Reject]) -> None:
        """Write some.

        Raises:
            RunError: There are some, and there must be none.
        """
        if not rejects:
            return
        if self._strict:
            first = rejects[0]
            raise RunError(f"{first.file}, line {first.line}: {first.reason}")
        if self._place is None:
            return
        if self._file is None:
            self._file = self._stack.enter_context(self._drafts.file(self._place).open("w", encoding="utf-8", errors="backslashreplace", newline="\n"))
        self._file.writelines(json.dumps(reject._asdict(), ensure_ascii=False) + "\n" for reject in rejects)
