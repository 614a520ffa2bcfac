"""Runs that were written as pairs, read again: as numbers, which are compared and counted in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segmentation.model import SimpleSegment
from segmentation.offline.outputs import METADATA, unsegmented_beside
from segmentation.offline.sources import RunError

__all__ = ["Roster", "Run", "run_of"]

Numbers: TypeAlias = npt.NDArray[np.int64]

_PAIRS = 1 << 24
"""Pairs, of all runs together, that are held at a time."""


class Run(NamedTuple):
    """A run as its output says it."""

    path: Path
    summary: Mapping[str, Any]
    segments: Mapping[str, SimpleSegment]
    members: Mapping[str, int]


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


class Roster:
    """The customers of some runs, numbered from 0 in the order in which the runs name them first, and their pairs as numbers.

    Memory follows the customers; of pairs `_PAIRS` are held at a time. Runs that have the customers in nearly the same order are read once more for
    their pairs; others as often as there are parts.

    Args:
        runs: The runs.
        segments: The ids of the segments that are of interest; they are numbered in this order.

    Raises:
        RunError: A file cannot be read.
    """

    def __init__(self, runs: Sequence[Run], segments: Sequence[str]) -> None:
        self._runs = runs
        self._segments = pa.array(segments, pa.large_string())
        self._shift = max(1, len(segments)).bit_length()
        groups = [list(_ids(run)) for run in runs]
        named = pa.chunked_array([ids for run in groups for ids, _ in run], pa.large_string()).dictionary_encode()
        self.ids: pa.Array = named.chunk(0).dictionary if named.num_chunks else pa.array([], pa.large_string())
        """The customers by number."""
        numbers = np.concatenate([np.zeros(0, np.int32), *(chunk.indices.to_numpy() for chunk in named.chunks)])
        self._pairs = np.zeros(len(self.ids), np.int64)
        self._numbers: list[list[npt.NDArray[np.int32]]] = []
        """Of each run, by row group of its pairs and then of its customers in no segment, the numbers of those it names."""
        for run in groups:
            self._numbers.append([])
            for ids, counts in run:
                some, numbers = np.split(numbers, [len(ids)])
                self._numbers[-1].append(some)
                np.add.at(self._pairs, some, counts)

    def is_in(self, run: int) -> npt.NDArray[np.bool_]:
        """Whether each customer is in a run."""
        found = np.zeros(len(self.ids), np.bool_)
        for some in self._numbers[run]:
            found[some] = True
        return found

    def parts(self) -> Iterator[list[Numbers]]:
        """The pairs of each run, those of some customers after those of others, as sorted numbers without repetitions, which `split` takes apart."""
        before = np.cumsum(self._pairs)
        bounds = np.searchsorted(before, np.arange(_PAIRS, before[-1] if len(before) else 0, _PAIRS), side="right").tolist()
        for first, last in zip([0, *bounds], [*bounds, len(self.ids)], strict=True):
            if first < last:
                yield [self._part(run, first, last) for run in range(len(self._runs))]

    def split(self, keys: Numbers) -> tuple[Numbers, Numbers]:
        """Of pairs as numbers: the numbers of their customers and of their segments."""
        return keys >> self._shift, keys & ((1 << self._shift) - 1)

    def _part(self, run: int, first: int, last: int) -> Numbers:
        found = [np.zeros(0, np.int64)]
        with _opened(self._runs[run].path, "customer", "segment") as file:
            for group in range(file.num_row_groups):
                numbers = self._numbers[run][group]
                is_inside = (numbers >= first) & (numbers < last)
                if not is_inside.any():
                    continue
                table = file.read_row_group(group)
                customers, segments = (_encoded(table, name) for name in ("customer", "segment"))
                places = pc.fill_null(pc.index_in(segments.dictionary.cast(pa.large_string()), self._segments), -1).to_numpy()
                keys = np.where(places < 0, -1, places.astype(np.int64))[segments.indices.to_numpy()]
                wanted = keys >= 0
                rows = customers.indices.to_numpy()
                if not is_inside.all():
                    wanted &= is_inside[rows]
                keys |= numbers.astype(np.int64)[rows] << self._shift
                found.append(keys if wanted.all() else keys[wanted])
        return _distinct(np.concatenate(found))


def _ids(run: Run) -> Iterator[tuple[pa.Array, Numbers]]:
    """The customers by row group: of the pairs, with how many each has, and of those in no segment."""
    with _opened(run.path, "customer") as file:
        for group in range(file.num_row_groups):
            column = _encoded(file.read_row_group(group, ["customer"]), "customer")
            yield column.dictionary.cast(pa.large_string()), np.bincount(column.indices.to_numpy(), minlength=len(column.dictionary))
    with _opened(unsegmented_beside(run.path), "customer") as file:
        for group in range(file.num_row_groups):
            ids = _encoded(file.read_row_group(group, ["customer"]), "customer").dictionary.cast(pa.large_string())
            yield ids, np.zeros(len(ids), np.int64)


@contextmanager
def _opened(path: Path, *columns: str) -> Iterator[pq.ParquetFile]:
    try:
        with pa.OSFile(str(path)) as source, pq.ParquetFile(source, read_dictionary=columns) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{path}: {getattr(error, 'strerror', None) or 'cannot be read as Parquet'}") from None


def _encoded(table: pa.Table, name: str) -> pa.DictionaryArray:
    """A column of a row group as one array."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()


def _distinct(keys: Numbers) -> Numbers:
    """The same, sorted and each once; quick where they are in order already."""
    keys.sort(kind="stable")
    is_new = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
    return keys if is_new.all() else keys[is_new]
