"""What a run writes: lists, pairs, counts or bitmaps. Each writer takes memberships block by block and ends with the summary of the run."""

from __future__ import annotations

import csv
import gzip
import json
from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from segmentation.batch import Membership
from segmentation.model import SimpleSegment
from segmentation.offline.drafts import MARK, Drafts

__all__ = ["FORMATS", "METADATA", "Output", "output_of", "summary_beside", "unsegmented_beside"]

METADATA = "segmentation"
"""The key under which Parquet files carry the summary of their run, as JSON."""

_DICTIONARY_BYTES = 64 << 20  # ids of a row group that are written once each, however many segments they are in
_as_text = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make an encoder for each call
_PAIR_ROWS = 1 << 15  # customers whose pairs become a row group

Summary = Mapping[str, Any]


class Output(ABC):
    """Writes what a run finds."""

    def __init__(self, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> None:
        self.place = place
        self.segments = segments
        self.drafts = drafts
        self.stack = ExitStack()

    @abstractmethod
    def add(self, membership: Membership, ids: pa.Array) -> None:
        """Write some customers.

        Args:
            membership: Who of them is in which segment.
            ids: Their ids.
        """

    @abstractmethod
    def finish(self, summary: Summary) -> None:
        """Write what comes last, and close."""

    def beside(self, summary: Summary) -> None:
        """Write the summary into a file beside the output, which has no place for it."""
        self.drafts.file(summary_beside(self.place)).write_text(_as_json(summary), encoding="utf-8")


def summary_beside(place: Path) -> Path:
    """The file that has the summary of an output which has no place for it."""
    return place.with_name(f"{place.name}.{MARK}")


def _as_json(summary: Summary) -> str:
    return json.dumps(summary, ensure_ascii=False, indent=2) + "\n"


def _parquet_writer(path: Path, schema: pa.Schema, stack: ExitStack) -> pq.ParquetWriter:
    return stack.enter_context(pq.ParquetWriter(path, schema, dictionary_pagesize_limit=_DICTIONARY_BYTES))


def _note(writer: pq.ParquetWriter, summary: Summary) -> None:
    writer.add_key_value_metadata({METADATA: json.dumps(summary, ensure_ascii=False)})


_SLICE = 1 << 13  # octets of a bitmap that are spread out at a time: their rows are numbered by 16 bits, which are sorted quickly


def _positions(membership: Membership) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int32]]]:
    """Of a membership's pairs, by row and then in definition order, the segments; and for each row, and the end, where its pairs begin."""
    counts, positions = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)]
    for block in membership:
        octets = block.bitmaps.view(np.uint8)
        for first in range(0, (block.rows + 7) >> 3, _SLICE):
            some = np.ascontiguousarray(octets[:, first : first + _SLICE])
            rows, found = _spread(some)
            counts.append(np.bincount(rows, minlength=min(8 * _SLICE, block.rows - 8 * first)))
            positions.append(found)
    return np.cumsum(np.concatenate(counts)), np.concatenate(positions)


def _spread(octets: np.ndarray[Any, np.dtype[np.uint8]]) -> tuple[np.ndarray[Any, np.dtype[np.uint16]], np.ndarray[Any, np.dtype[np.int32]]]:
    """The set bits of some bitmaps, by row: the rows and the numbers of the bitmaps."""
    width = octets.shape[1]
    flat = octets.reshape(-1)
    cells = np.flatnonzero(flat)
    values = flat[cells]
    numbers, columns = np.divmod(cells, width) if width else (cells, cells)
    numbers, columns = numbers.astype(np.int32), (columns << 3).astype(np.uint16)
    rows, found = [], []
    for bit in range(8):  # all bits of a row are met in one turn, those of the first bitmap first: a stable sort keeps them so
        where = np.flatnonzero(values & (1 << bit))
        rows.append(columns[where] + np.uint16(bit))
        found.append(numbers[where])
    together = np.concatenate(rows)
    order = np.argsort(together, kind="stable")
    return together[order], np.concatenate(found)[order]


class JsonLists(Output):
    """A line for every customer: `{"customer": id, "segments": CustomerSegmentsList}`; compressed when the name says so."""

    def __init__(self, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> None:
        super().__init__(place, segments, drafts)
        self._pieces = [segment.model_dump_json().encode() for segment in segments]
        self._file = self._opened(drafts.file(place))

    def _opened(self, path: Path) -> Any:
        match self.place.suffix:
            case ".gz":
                raw = self.stack.enter_context(path.open("wb"))
                return self.stack.enter_context(gzip.GzipFile("", "wb", 6, raw, 0))
            case ".zst":
                return self.stack.enter_context(pa.CompressedOutputStream(str(path), "zstd"))
            case _:
                return self.stack.enter_context(path.open("wb", 1 << 20))

    def add(self, membership: Membership, ids: pa.Array) -> None:
        """Write some customers."""
        starts, positions = _positions(membership)
        pieces = [self._pieces[position] for position in positions.tolist()]
        bounds = starts.tolist()
        lines = (
            b'{"customer":%b,"segments":{"object":"list","data_ref":"data","data":[%b],"total":%d}}\n'
            % (_as_text(customer).encode(), b",".join(pieces[start:stop]), stop - start)
            for customer, start, stop in zip(ids.to_pylist(), bounds, bounds[1:], strict=False)
        )
        self._file.writelines(lines) if not isinstance(self._file, pa.NativeFile) else self._file.write(b"".join(lines))

    def finish(self, summary: Summary) -> None:
        """Close, and write the summary beside."""
        self.stack.close()
        self.beside(summary)


_SIMPLE = pa.struct(
    [pa.field("id", pa.string(), nullable=False), pa.field("name", pa.string(), nullable=False), pa.field("object", pa.string(), nullable=False)]
)
_LIST = pa.struct(
    [
        pa.field("object", pa.string(), nullable=False),
        pa.field("data_ref", pa.string(), nullable=False),
        pa.field("data", pa.list_(_SIMPLE), nullable=False),
        pa.field("total", pa.int64(), nullable=False),
    ]
)
_LISTS = pa.schema([pa.field("customer", pa.string(), nullable=False), pa.field("segments", _LIST, nullable=False)])


class ParquetLists(Output):
    """A row for every customer: `customer`, and `segments`, a CustomerSegmentsList as a struct."""

    _ROWS = 1 << 13

    def __init__(self, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> None:
        super().__init__(place, segments, drafts)
        self._data = pa.array([segment.model_dump() for segment in segments], _SIMPLE)
        self._writer = _parquet_writer(drafts.file(place), _LISTS, self.stack)

    def add(self, membership: Membership, ids: pa.Array) -> None:
        """Write some customers."""
        starts, positions = _positions(membership)
        for first in range(0, len(ids), self._ROWS):
            bounds = starts[first : first + self._ROWS + 1]
            rows = len(bounds) - 1
            data = pa.ListArray.from_arrays(
                pa.array(bounds - bounds[0], pa.int32()), self._data.take(pa.array(positions[bounds[0] : bounds[-1]])), type=_LIST.field("data").type
            )
            columns = [pa.repeat(pa.scalar("list"), rows), pa.repeat(pa.scalar("data"), rows), data, pa.array(np.diff(bounds))]
            lists = pa.StructArray.from_arrays(columns, fields=list(_LIST))
            self._writer.write_batch(pa.record_batch([ids.slice(first, rows), lists], schema=_LISTS))

    def finish(self, summary: Summary) -> None:
        """Close, with the summary inside."""
        _note(self._writer, summary)
        self.stack.close()


_PAIRS = pa.schema(
    [
        pa.field("customer", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("segment", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)
_CUSTOMERS = pa.schema([pa.field("customer", pa.string(), nullable=False)])


def unsegmented_beside(pairs: Path) -> Path:
    """The file of the customers in no segment, of whom pairs do not tell. Tools that read whole directories pass over names with a leading `_`."""
    return pairs.with_name(f"_{pairs.stem}.unsegmented.parquet")


class Pairs(Output):
    """A row for every customer in every segment: `customer`, `segment`. A file beside it has the customers in none."""

    def __init__(self, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> None:
        super().__init__(place, segments, drafts)
        self._writer = _parquet_writer(drafts.file(place), _PAIRS, self.stack)
        self._others = _parquet_writer(drafts.file(unsegmented_beside(place)), _CUSTOMERS, self.stack)
        self._ids = pa.array([segment.id for segment in segments], pa.string())

    def add(self, membership: Membership, ids: pa.Array) -> None:
        """Write some customers."""
        starts, positions = _positions(membership)
        counts = np.diff(starts)
        for first in range(0, len(ids), _PAIR_ROWS):
            some = counts[first : first + _PAIR_ROWS]
            customers = pa.DictionaryArray.from_arrays(pa.array(np.repeat(np.arange(len(some), dtype=np.int32), some)), ids.slice(first, _PAIR_ROWS))
            segments = pa.DictionaryArray.from_arrays(pa.array(positions[starts[first] : starts[first + len(some)]]), self._ids)
            self._writer.write_batch(pa.record_batch([customers, segments], schema=_PAIRS), row_group_size=max(1, len(customers)))
        self._others.write_batch(pa.record_batch([ids.filter(pa.array(counts == 0))], schema=_CUSTOMERS))

    def finish(self, summary: Summary) -> None:
        """Close, with the summary inside."""
        _note(self._writer, summary)
        _note(self._others, summary)
        self.stack.close()


class Counts(Output):
    """Members and share of every segment, as CSV, or JSON with the summary. They are in the summary anyway."""

    def __init__(self, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> None:
        super().__init__(place, segments, drafts)
        self._path = drafts.file(place)

    def add(self, membership: Membership, ids: pa.Array) -> None:
        """Nothing: the run counts."""

    def finish(self, summary: Summary) -> None:
        """Write."""
        if self.place.suffix == ".json":
            self._path.write_text(_as_json(summary), encoding="utf-8")
            return
        with self._path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["segment", "name", "members", "share"])
            rows.writerows([segment["id"], segment["name"], segment["members"], segment["share"]] for segment in summary["segments"])
        self.beside(summary)


_ROARING = pa.schema(
    [
        pa.field("segment", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("members", pa.int64(), nullable=False),
        pa.field("bitmap", pa.large_binary(), nullable=False),
    ]
)


class Bitmaps(Output):
    """A directory: `segments.parquet`, with a roaring bitmap (portable format) of row numbers for each; `customers.parquet`, whose rows they number."""

    def __init__(self, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> None:
        from pyroaring import BitMap  # noqa: PLC0415 - only this output needs it

        super().__init__(place, segments, drafts)
        self._directory = drafts.directory(place)
        self._customers = _parquet_writer(self._directory / "customers.parquet", _CUSTOMERS, self.stack)
        self._bitmaps = [BitMap() for _ in segments]
        self._first = 0

    def add(self, membership: Membership, ids: pa.Array) -> None:
        """Write some customers."""
        for segment, bitmap in zip(membership.ids, self._bitmaps, strict=True):
            rows = membership.rows(segment)
            if len(rows):
                bitmap.update(array("I", (rows + self._first).astype(np.uint32).tobytes()))
        self._first += len(ids)
        self._customers.write_batch(pa.record_batch([ids], schema=_CUSTOMERS))

    def finish(self, summary: Summary) -> None:
        """Write the bitmaps and the summary."""
        _note(self._customers, summary)
        with _parquet_writer(self._directory / "segments.parquet", _ROARING, self.stack) as writer:
            for segment, bitmap in zip(self.segments, self._bitmaps, strict=True):
                bitmap.run_optimize()
                columns = [[segment.id], [segment.name], [len(bitmap)], [bitmap.serialize()]]
                writer.write_batch(pa.record_batch(columns, schema=_ROARING), row_group_size=1)
            _note(writer, summary)
        self.stack.close()
        (self._directory / MARK).write_text(_as_json(summary), encoding="utf-8")


FORMATS = ("lists", "pairs", "counts", "bitmaps")
"""What a run can write."""

_BY_SUFFIX: Mapping[str, Mapping[str, type[Output]]] = {
    "lists": {".jsonl": JsonLists, ".ndjson": JsonLists, ".gz": JsonLists, ".zst": JsonLists, ".parquet": ParquetLists},
    "pairs": {".parquet": Pairs},
    "counts": {".csv": Counts, ".json": Counts},
}


def output_of(kind: str, place: Path, segments: Sequence[SimpleSegment], drafts: Drafts) -> Output:
    """The writer of a format.

    Raises:
        ValueError: The output's name says something else than the format can be.
        ModuleNotFoundError: Its library is not installed.
        OSError: It cannot be written there.
    """
    if kind == "bitmaps":
        return Bitmaps(place, segments, drafts)
    writers = _BY_SUFFIX[kind]
    if place.suffix not in writers:
        raise ValueError(f"{kind} are written to a name that ends in {' or '.join(writers)}")
    return writers[place.suffix](place, segments, drafts)
