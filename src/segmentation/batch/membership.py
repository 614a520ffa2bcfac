"""Membership: who is in which segment, of all customers of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentation.batch.bitmaps import Bits, Bools, unpack, word_count
from segmentation.errors import UnknownSegmentError, nearest

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Block", "Membership"]


class Block(NamedTuple):
    """Some rows that follow each other, and the members among them."""

    first: int
    """The number of the block's first row in the table."""
    rows: int
    bitmaps: Bits
    """Shape (segments, words): the bit of row r is bit r % 64 of word r // 64."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Membership:
    """Which customers of a table are in which segments. Rows are numbered from 0, in the table's order; segments stand in definition order.

    Held as one bit a customer and segment. Immutable.
    """

    ids: tuple[str, ...]
    """The ids of the segments."""
    blocks: tuple[Block, ...]
    """The members, in blocks of rows; all but the last have a multiple of 64 rows."""
    _positions: Mapping[str, int]
    _whole: Bits | None = None

    @property
    def first_row(self) -> int:
        """The number of the first customer: 0, but in a stream."""
        return self.blocks[0].first if self.blocks else 0

    @classmethod
    def of(cls, ids: Sequence[str], blocks: Sequence[Block], whole: Bits | None = None) -> Membership:
        """The membership that is known block by block."""
        return cls(tuple(ids), tuple(blocks), {segment_id: position for position, segment_id in enumerate(ids)}, whole)

    def __len__(self) -> int:
        """The number of customers."""
        return sum(block.rows for block in self.blocks)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self):,} customers, {len(self.ids):,} segments>"

    def __iter__(self) -> Iterator[Block]:
        """The blocks, in order."""
        return iter(self.blocks)

    def counts(self) -> dict[str, int]:
        """How many customers are in each segment, by id."""
        totals = np.zeros(len(self.ids), np.int64)
        for block in self.blocks:
            totals += np.bitwise_count(block.bitmaps).sum(axis=1, dtype=np.int64)
        return dict(zip(self.ids, totals.tolist(), strict=True))

    def sizes(self) -> dict[str, float]:
        """The share of the customers that is in each segment, by id, from 0 to 1; of no customers, 0."""
        rows = len(self)
        return {segment_id: count / rows if rows else 0.0 for segment_id, count in self.counts().items()}

    def mask(self, segment_id: str) -> Bools:
        """Whether each customer is in a segment: truth values of shape (customers,).

        Raises:
            UnknownSegmentError: No segment has this id (a `KeyError`).
        """
        position = self._position(segment_id)
        parts = [unpack(block.bitmaps[position], block.rows) for block in self.blocks]
        return np.concatenate(parts) if parts else np.zeros(0, np.bool_)

    def rows(self, segment_id: str) -> npt.NDArray[np.intp]:
        """The numbers of the rows that are in a segment, ascending.

        Raises:
            UnknownSegmentError: No segment has this id (a `KeyError`).
        """
        return np.flatnonzero(self.mask(segment_id))

    def segment_ids(self, row: int) -> list[str]:
        """The ids of the segments that a customer is in, in definition order.

        Raises:
            IndexError: The table has no such row.
        """
        block, inside = self._locate(row)
        bits = (block.bitmaps[:, inside >> 6] >> np.uint64(inside & 63)) & np.uint64(1)
        return [self.ids[position] for position in np.flatnonzero(bits).tolist()]

    def bitmaps(self) -> Bits:
        """The members of all segments: 64-bit words of shape (segments, words), the bit of row r being bit r % 64 of word r // 64."""
        if self._whole is not None:
            return self._whole
        if len(self.blocks) == 1:
            return self.blocks[0].bitmaps
        found = np.zeros((len(self.ids), word_count(len(self))), "<u8")
        for block in self.blocks:
            start = (block.first - self.first_row) >> 6
            found[:, start : start + block.bitmaps.shape[1]] = block.bitmaps
        return found

    def to_arrow(self) -> pa.Table:
        """A row for every customer in every segment, by customer, then in definition order: columns `row` (uint64) and `segment_id` (dictionary)."""
        return pa.Table.from_batches([self._long(block) for block in self.blocks], schema=_LONG)

    def to_batch(self) -> pa.RecordBatch:
        """The table of `to_arrow`, as one record batch."""
        batches = [self._long(block) for block in self.blocks]
        return batches[0] if len(batches) == 1 else pa.concat_batches(batches) if batches else _LONG.empty_table().to_batches()[0]

    def _long(self, block: Block) -> pa.RecordBatch:
        rows, positions = _pairs(block)
        segment_ids = pa.DictionaryArray.from_arrays(pa.array(positions, pa.int32()), pa.array(self.ids, pa.string()))
        return pa.record_batch([pa.array(rows, pa.uint64()), segment_ids], schema=_LONG)

    def to_polars(self) -> pl.DataFrame:
        """The table of `to_arrow`, as a polars frame."""
        import polars  # noqa: ICN001, PLC0415 - loaded when it is asked for

        frame = polars.from_arrow(self.to_arrow())
        assert isinstance(frame, polars.DataFrame)  # noqa: S101 - of a table it is
        return frame

    def _position(self, segment_id: str) -> int:
        try:
            return self._positions[segment_id]
        except (KeyError, TypeError):
            near = nearest(str(segment_id), list(self.ids))
            hint = f"; did you mean {near!r}?" if near else ""
            raise UnknownSegmentError(f"no segment has the id {segment_id!r}{hint}") from None

    def _locate(self, row: int) -> tuple[Block, int]:
        rows = len(self)
        if not -rows <= row < rows:
            raise IndexError(f"there is no row {row}: the table has {rows}")
        row += rows if row < 0 else 0
        row += self.first_row
        block = next(block for block in self.blocks if row < block.first + block.rows)
        return block, row - block.first


_LONG = pa.schema([pa.field("row", pa.uint64(), nullable=False), pa.field("segment_id", pa.dictionary(pa.int32(), pa.string()), nullable=False)])

_SLICE = 1 << 13  # rows that are spread out at a time


def _pairs(block: Block) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The (row, segment) pairs of a block's members, ascending."""
    rows, positions = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start in range(0, block.rows, _SLICE):
        words = block.bitmaps[:, start >> 6 : (start + _SLICE) >> 6]
        truth = unpack(words, min(_SLICE, block.rows - start))
        row, position = np.nonzero(truth.T)
        rows.append(row + (block.first + start))
        positions.append(position)
    return np.concatenate(rows), np.concatenate(positions)
