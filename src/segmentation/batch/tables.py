"""Tables in: from whatever holds Arrow data to blocks of columns, and through a program to memberships."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from segmentation.batch.bitmaps import Bits, word_count
from segmentation.batch.lookup import Column, Columns
from segmentation.batch.membership import Block
from segmentation.batch.program import Program
from segmentation.batch.records import RECORD_ROWS, RecordColumns, Records
from segmentation.batch.values import is_opaque, joined, values_of
from segmentation.errors import RecordError, RecordTypeError, article, json_type, unreadable
from segmentation.language.dates import Clock

__all__ = ["BLOCK_ROWS", "JsonColumns", "batches_of", "block_rows", "blocks_of", "columns_of", "evaluate", "room_for"]

BLOCK_ROWS = 1 << 17
"""Customers that are evaluated at a time: a bitmap of them, 16 KiB, stays in a core's cache with its neighbours. What is found out once a block is then found
out seldom, and calls of numpy are long enough for threads to work side by side."""
_FEWEST_ROWS = 1 << 13
_MOST_OCTETS = 1 << 28
"""Of the bitmaps of a block in work, its members aside: with more, blocks have fewer rows."""


class JsonColumns(NamedTuple):
    """The columns that are JSON text."""

    record: str | None = None
    """The column that holds whole records."""
    groups: frozenset[str] = frozenset()
    """The columns that hold the value of the attribute, or the group of attributes, that they are named after."""


Batch: TypeAlias = pa.RecordBatch | Records


def batches_of(table: Any) -> Iterator[Batch]:
    """The record batches of a table, in order.

    Args:
        table: A pyarrow Table, RecordBatch or RecordBatchReader, a polars DataFrame or LazyFrame, a pandas DataFrame, or anything with `__arrow_c_stream__`.

    Raises:
        TypeError: It is none of them, or has a column that Arrow has no type for.
    """
    if isinstance(table, pa.RecordBatch):
        yield table
        return
    if isinstance(table, pa.Table):
        yield from table.to_batches()
        return
    if isinstance(table, pa.RecordBatchReader):
        yield from table
        return
    if type(table).__module__.partition(".")[0] == "polars" and hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
        table = table.collect()
    if hasattr(table, "__arrow_c_stream__"):
        yield from _reader(table)
        return
    if hasattr(table, "__arrow_c_array__"):
        yield pa.record_batch(table)
        return
    if isinstance(table, Iterable) and not isinstance(table, str | bytes | Mapping):
        for batch in table:
            if not isinstance(batch, pa.RecordBatch | Records):
                raise TypeError(f"batches are pyarrow RecordBatches, not {type(batch).__name__}")
            yield batch
        return
    raise TypeError(f"a table is a pyarrow Table, a polars or pandas DataFrame, or anything with __arrow_c_stream__, not {article(json_type(table))}")


def _reader(table: Any) -> pa.RecordBatchReader:
    try:
        return pa.RecordBatchReader.from_stream(table)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if type(table).__module__.partition(".")[0] != "pandas":
            raise TypeError(f"what a {type(table).__name__} holds is no table for Arrow: {error}") from error
        for name, column in table.items():
            try:
                pa.array(column, from_pandas=True)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):  # its message would quote a value
                raise TypeError(f"the column {name!r} holds values that have no Arrow type, or not one together; make them of one type, or text") from None
        raise TypeError(f"the data frame is no table for Arrow: {error}") from error


def room_for(table: Any, segments: int) -> Bits | None:
    """Bitmaps for the members of a table, to be written; None when its rows are not counted."""
    return np.empty((segments, word_count(table.num_rows)), "<u8") if isinstance(table, pa.Table | pa.RecordBatch) else None


def block_rows(bitmaps: int) -> int:
    """The number of rows of a block for which so many bitmaps are held."""
    rows = BLOCK_ROWS
    while rows > _FEWEST_ROWS and rows * bitmaps > 8 * _MOST_OCTETS:
        rows //= 2
    return rows


def blocks_of(batches: Iterable[Batch], most: int) -> Iterator[list[Batch]]:
    """The same rows in blocks of so many, the last one aside, each in pieces; of records `RECORD_ROWS` at most.

    Batches may differ in their columns' types, not in their names.
    """
    waiting: list[Batch] = []
    names: list[str] | None = None
    rows = 0
    for number, batch in enumerate(batches):
        start = 0
        found = batch.schema.names if isinstance(batch, pa.RecordBatch) else None
        if number and found != names:
            raise ValueError("the batches differ in their columns")
        names = found
        if isinstance(batch, Records):
            most = min(most, RECORD_ROWS)
        while start < batch.num_rows:
            piece = batch.slice(start, most - rows)
            start += piece.num_rows
            rows += piece.num_rows
            waiting.append(piece)
            if rows == most:
                yield waiting
                waiting, rows = [], 0
    if waiting:
        yield waiting


class _Joined(Mapping[str, Column]):
    """The columns of a block by name, each joined from its pieces when it is asked for; of columns with one name the last counts."""

    def __init__(self, pieces: Sequence[pa.RecordBatch]) -> None:
        self._pieces = pieces
        self._places = {name: place for place, name in enumerate(pieces[0].schema.names)}
        self._known: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._known:
            place = self._places[name]
            self._known[name] = joined([piece.column(place) for piece in self._pieces])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def columns_of(pieces: Sequence[Batch], as_json: JsonColumns, first: int) -> Columns:
    """A block's columns by name.

    Args:
        pieces: The rows.
        as_json: The columns that are JSON text.
        first: The number of the first row, for messages.

    Raises:
        KeyError: There is no such column.
        RecordError: JSON text cannot be read; the row and the column are named.
        RecordTypeError: A whole record is no object.
    """
    if isinstance(pieces[0], Records):
        return RecordColumns([record for piece in pieces for record in piece.rows])
    columns = _Joined(pieces)
    missing = [name for name in (as_json.record, *sorted(as_json.groups)) if name is not None and name not in columns]
    if missing:
        raise KeyError(f"the table has no column {missing[0]!r} to read JSON from")
    if as_json.record is not None:
        return _records(_texts(columns, as_json.record), as_json.record, first)
    groups = {name: [None if text is None else _parsed(text, first + row, name) for row, text in enumerate(_texts(columns, name))] for name in as_json.groups}
    return {**columns, **groups} if groups else columns


def _texts(columns: Columns, name: str) -> list[Any]:
    column = columns[name]
    if isinstance(column, list):
        return column
    if is_opaque(column.type):
        raise RecordTypeError(f"column {name!r}: JSON is read from text, not from the type {column.type}")
    return values_of(column)


def _records(texts: list[Any], name: str, first: int) -> Columns:
    records = [_parsed(text, first + row, name) for row, text in enumerate(texts)]
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise RecordTypeError(f"row {first + row}, column {name!r}: a customer is a JSON object, not {article(json_type(record))}")
    return RecordColumns(records)


def _parsed(text: Any, row: int, name: str) -> Any:
    if text is None:
        return None
    if not isinstance(text, str):
        raise RecordTypeError(f"row {row}, column {name!r}: JSON is read from text, not from {article(json_type(text))}")
    try:
        return json.loads(text)
    except (RecursionError, ValueError) as error:
        raise RecordError(f"row {row}, column {name!r}: the text cannot be read: {unreadable(error)}") from None


def evaluate(program: Program, batches: Iterable[Batch], clock: Clock, as_json: JsonColumns, whole: Bits | None = None) -> Iterator[Block]:
    """Every block's members, on all cores, in order; at most one block more than there are cores is in work or waits to be taken.

    Args:
        program: The predicates.
        batches: The rows.
        clock: The clock of the evaluation.
        as_json: The columns that are JSON text.
        whole: Where the members of all rows are written, shape (predicates, words), if so many are known to come.
    """

    def run(pieces: Sequence[Batch], first: int, rows: int) -> Block:
        into = None if whole is None else whole[:, first >> 6 : (first + rows + 63) >> 6]
        return Block(first, rows, evaluation.run(columns_of(pieces, as_json, first), rows, into))

    evaluation = program.at(clock)
    workers = os.cpu_count() or 1
    first = 0
    with ThreadPoolExecutor(workers, thread_name_prefix="segmentation") as pool:
        waiting: deque[Future[Block]] = deque()
        try:
            for pieces in blocks_of(batches, block_rows(program.bitmaps)):
                rows = sum(piece.num_rows for piece in pieces)
                waiting.append(pool.submit(run, pieces, first, rows))
                first += rows
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
