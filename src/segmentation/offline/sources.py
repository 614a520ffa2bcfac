"""Files of customers, as a stream of pieces: record batches with the id of every row, and what had to be left out."""

from __future__ import annotations

import csv
import glob
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic_core import from_json

from segmentation.batch.pruning import may_hold
from segmentation.batch.records import Records
from segmentation.batch.values import encoded, is_encoded
from segmentation.errors import SegmentationError, article, is_utf8, json_type, unreadable
from segmentation.language.attributes import alias_of

__all__ = ["KINDS", "STDIN", "Piece", "Reject", "RunError", "Source", "pieces_of", "sources_of"]

STDIN = "-"

KINDS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
"""What a file is, by the end of its name; before it may stand that of a compression."""

_COMPRESSIONS = {".gz", ".zst"}
_ROWS = 1 << 13  # lines that become one piece
_TABLE_ROWS = 1 << 16  # rows that are read from a table at a time


class RunError(SegmentationError):
    """A run cannot go on. Its message names the file and never quotes a customer."""


class Reject(NamedTuple):
    """A row that could not be evaluated."""

    file: str
    line: int
    """The number of its line, or in a table of its row, from 1."""
    reason: str


class Piece(NamedTuple):
    """Some rows that follow each other."""

    batch: pa.RecordBatch | Records
    ids: pa.Array
    """The id of each row, as text."""
    rejects: Sequence[Reject]
    """The rows that were left out."""
    done: int
    """Of the bytes of all sources, how many are read by now."""


class Source(NamedTuple):
    """A file of customers."""

    path: str
    kind: str
    """A value of `KINDS`."""
    partitions: tuple[tuple[str, str | None], ...]
    """Columns that stand in the names of its directories (`country=PL`), as text."""
    size: int
    """In bytes; 0 when it is not known."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return "<stdin>" if self.path == STDIN else self.path


def sources_of(paths: Sequence[str], kind: str | None = None) -> list[Source]:
    """The files that paths name: files, directories with all files of customers below them, glob patterns, and - for standard input.

    Args:
        paths: The paths.
        kind: What every file is; default: what its name says. Standard input is JSON Lines by default.

    Raises:
        RunError: There is no such file, or it does not tell what it is.
    """
    return [source for path in paths for source in _sources(path, kind)]


def _sources(path: str, kind: str | None) -> Iterator[Source]:
    if path == STDIN:
        yield Source(STDIN, kind or "jsonl", (), 0)
        return
    place = Path(path)
    if place.is_dir():
        found = sorted(file for file in place.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(place)) and (kind or _kind(file)))
        if not found:
            raise RunError(f"{path}: no files of customers in this directory ({', '.join(KINDS)}, also with .gz or .zst)")
        for file in found:
            yield _source(file, kind, _partitions(file.relative_to(place).parent))
        return
    if place.exists():
        yield _source(place, kind, ())
        return
    matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207 - a pattern may be absolute
    if not matches:
        raise RunError(f"{path}: {'nothing matches this pattern' if glob.has_magic(path) else 'No such file or directory'}")
    for match in matches:
        if Path(match).is_dir():
            yield from (source._replace(partitions=_partitions(Path(match)) + source.partitions) for source in _sources(match, kind))
        else:
            yield _source(Path(match), kind, _partitions(Path(match).parent))


def _is_hidden(path: Path) -> bool:
    """Whether it is none of the data: `_SUCCESS`, `_metadata`, `.part`; a partition may be named so."""
    return any(part[:1] in {"_", "."} and "=" not in part for part in path.parts)


def _partitions(directory: Path) -> tuple[tuple[str, str | None], ...]:
    """Hive's way to write columns into names of directories."""
    pairs = (part.partition("=") for part in directory.parts if "=" in part)
    return tuple((unquote(name), None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)) for name, _, value in pairs)


def _kind(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
        if suffixes and KINDS.get(suffixes[-1]) not in {"csv", "jsonl"}:
            return None
    return KINDS.get(suffixes[-1]) if suffixes else None


def _source(path: Path, kind: str | None, partitions: tuple[tuple[str, str | None], ...]) -> Source:
    kind = kind or _kind(path)
    if kind is None:
        raise RunError(f"{path}: what it is cannot be told from its name; say so with --input-format, or name it {', '.join(KINDS)}, also with .gz or .zst")
    return Source(str(path), kind, partitions, path.stat().st_size)


def pieces_of(sources: Sequence[Source], id_column: str | None, attributes: Sequence[str]) -> Iterator[Piece]:
    """The rows of all sources, in order. Memory follows the pieces, not the files.

    Args:
        sources: The files.
        id_column: The column, or the key of JSON objects, that holds a customer's id; default: `id`, where there is none `source_id`.
        attributes: What the segments ask about. Of tables only these columns are read.

    Raises:
        RunError: A file cannot be read, or has no such column.
    """
    before = 0
    for source in sources:
        try:
            for piece in _READERS[source.kind](source, id_column, attributes):
                yield piece._replace(done=before + piece.done)
        except (pa.ArrowException, OSError, EOFError) as error:
            raise RunError(f"{source.name}: {_told(error)}") from error
        before += source.size


def _told(error: Exception) -> str:
    """What a library says of a file, on one line and without data."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, EOFError):
        return "the compressed file ends before its end-of-stream marker"
    return f"cannot be read: {str(error).strip().partition(chr(10))[0]}"


# Lines


class _Lines:
    """A file as lines of bytes, decompressed."""

    def __init__(self, source: Source, stack: ExitStack) -> None:
        raw: BinaryIO = sys.stdin.buffer if source.path == STDIN else stack.enter_context(Path(source.path).open("rb"))  # noqa: SIM115 - it is one
        self._raw = raw if source.size else None
        head = raw.peek(4)[:4] if isinstance(raw, io.BufferedReader) else b""
        self.stream: Any = raw
        if head.startswith(b"\x1f\x8b"):
            self.stream = stack.enter_context(gzip.GzipFile(fileobj=raw))
        elif head == b"\x28\xb5\x2f\xfd":
            self.stream = stack.enter_context(io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), 1 << 20))

    def done(self) -> int:
        """The bytes of the file that are read by now."""
        return 0 if self._raw is None else self._raw.tell()


def _json_lines(source: Source, id_column: str | None, _attributes: Sequence[str]) -> Iterator[Piece]:
    """JSON Lines. A line as parsed is the record; it is never given a schema."""
    id_of = _id_finder(id_column)
    with ExitStack() as stack:
        lines = _Lines(source, stack)
        records: list[dict[str, Any]] = []
        ids: list[str] = []
        rejects: list[Reject] = []

        def piece() -> Piece:
            return Piece(Records(records), pa.array(ids, pa.string()), rejects, lines.done())

        for number, line in enumerate(lines.stream, 1):
            content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if not content.strip():
                continue
            try:
                record = _parsed(content.decode())
                ids.append(id_of(record))
                records.append(record)
            except _UnfitError as error:
                rejects.append(Reject(source.name, number, str(error)))
            except UnicodeDecodeError as error:
                rejects.append(Reject(source.name, number, unreadable(error)))
            if len(records) >= _ROWS or len(rejects) >= _ROWS:
                yield piece()
                records, ids, rejects = [], [], []
        yield piece()


class _UnfitError(Exception):
    """Why a row is no customer."""


def _parsed(text: str) -> dict[str, Any]:
    try:
        record = from_json(text, cache_strings="keys")
    except ValueError:
        try:
            record = json.loads(text.rstrip())  # an error is then in its line, not after it
        except (RecursionError, ValueError) as error:
            raise _UnfitError(unreadable(error, ())) from None
    if not isinstance(record, dict):
        raise _UnfitError(f"a customer is a JSON object, not {article(json_type(record))}")
    return record


def _id_finder(column: str | None) -> Callable[[dict[str, Any]], str]:
    keys = ("id", "source_id") if column is None else (column,)
    what = " nor ".join(repr(key) for key in keys)

    def find(record: dict[str, Any]) -> str:
        for key in keys:
            value = record.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            if isinstance(value, str) and value:
                if not is_utf8(value):
                    raise _UnfitError(f"the id at {key!r} is text that UTF-8 cannot carry")
                return value
        raise _UnfitError(f"no id: {'neither ' if column is None else ''}{what} is text or an integer")

    return find


def _csv(source: Source, id_column: str | None, attributes: Sequence[str]) -> Iterator[Piece]:
    """CSV (RFC 4180, UTF-8). Cells are text, and an empty one is absent; only declared types make anything else of them."""
    csv.field_size_limit(sys.maxsize)
    with ExitStack() as stack:
        lines = _Lines(source, stack)
        # Bytes that are not UTF-8 pass through as surrogates, so that the row they stand in is rejected and no other.
        text = stack.enter_context(
            io.TextIOWrapper(io.BufferedReader(_Unclosed(lines.stream), 1 << 16), encoding="utf-8-sig", errors="surrogateescape", newline="")
        )
        reader = csv.reader(text, strict=True)
        try:
            header = next(reader)
        except StopIteration:
            raise RunError(f"{source.name}: empty; CSV begins with a line of column names") from None
        except csv.Error as error:
            raise RunError(f"{source.name}: the line of column names cannot be read: {error}") from None
        _check_header(header, source)
        _id_columns([*header, *(name for name, _ in source.partitions)], id_column, source)
        names = [*header, *(name for name, _ in source.partitions if name not in header)]
        constants = [value for name, value in source.partitions if name not in header]
        kept = [name for name in names if _is_needed(name, attributes, id_column)]
        places = [names.index(name) for name in kept]
        rows: list[list[str]] = []
        numbers: list[int] = []
        rejects: list[Reject] = []

        def piece() -> Piece:
            columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
            columns += [(value,) * len(rows) for value in constants]
            arrays = {name: pa.array([cell or None for cell in columns[place]], pa.string()) for name, place in zip(kept, places, strict=True)}
            batch = _with_aliases(pa.RecordBatch.from_pydict(arrays) if arrays else _rows_alone(len(rows)))
            return _with_ids(batch, numbers, rejects, source, id_column, lines.done())

        for row in _csv_rows(reader, len(header), source):
            if isinstance(row, Reject):
                rejects.append(row)
            else:
                numbers.append(row[0])
                rows.append(row[1])
            if len(rows) >= _ROWS or len(rejects) >= _ROWS:
                yield piece()
                rows, numbers, rejects = [], [], []
        yield piece()


def _csv_rows(reader: Any, width: int, source: Source) -> Iterator[tuple[int, list[str]] | Reject]:
    """The rows after the header, with the line in which each begins, or why it is none."""
    last = reader.line_num
    while True:
        line = last + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            within = reader.line_num - line  # more lines are in it, if a quote is not closed
            yield Reject(source.name, line, f"not CSV: {error}" + (f" in a quoted cell that goes on to line {reader.line_num}" if within else ""))
            row = []
        last = reader.line_num
        if not row:
            continue  # a blank line
        if not all(map(is_utf8, row)):
            yield Reject(source.name, line, "not UTF-8")
        elif len(row) != width:
            yield Reject(source.name, line, f"{len(row)} cells; the header has {width}")
        else:
            yield line, row


class _Unclosed(io.RawIOBase):
    """A stream that a wrapper may close without closing what it reads from: that is standard input, or has an owner."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _check_header(header: list[str], source: Source) -> None:
    if not all(map(is_utf8, header)):
        is_utf16 = header[0][:2] in ("\udcff\udcfe", "\udcfe\udcff")
        raise RunError(f"{source.name}: the column names are not UTF-8{'; it begins as UTF-16 does' if is_utf16 else ''}")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise RunError(f"{source.name}: two columns are named {twice!r}")


def _with_aliases(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Where a cell is empty its key is absent, so what else may be tried for it is tried; a null in a table would be there."""
    for place, name in enumerate(batch.schema.names):
        alias = alias_of(name)
        if isinstance(alias, str) and alias in batch.schema.names:
            batch = batch.set_column(place, name, pc.coalesce(batch.column(name), batch.column(alias)))
    return batch


def _rows_alone(rows: int) -> pa.RecordBatch:
    return pa.record_batch([pa.nulls(rows)], [""])


# Tables


def _parquet(source: Source, id_column: str | None, attributes: Sequence[str]) -> Iterator[Piece]:
    with Path(source.path).open("rb") if source.path != STDIN else io.BytesIO(sys.stdin.buffer.read()) as stream, pq.ParquetFile(stream) as file:
        names = file.schema_arrow.names
        columns = [name for name in names if _is_needed(name, attributes, id_column)]
        rows = 0
        for batch in file.iter_batches(_TABLE_ROWS, columns=columns):
            yield _table_piece(batch, rows, source, id_column, source.size * (rows + batch.num_rows) // max(1, file.metadata.num_rows))
            rows += batch.num_rows
        if not rows:
            _id_columns(names + [name for name, _ in source.partitions], id_column, source)


def _arrow(source: Source, id_column: str | None, attributes: Sequence[str]) -> Iterator[Piece]:
    with pa.memory_map(source.path) if source.path != STDIN else pa.BufferReader(sys.stdin.buffer.read()) as stream:
        batches: Any
        if stream.read(6) == b"ARROW1":
            file = pa.ipc.open_file(stream)
            batches, schema = (file.get_batch(number) for number in range(file.num_record_batches)), file.schema
        else:
            stream.seek(0)
            batches = pa.ipc.open_stream(stream)
            schema = batches.schema
        places = [place for place, name in enumerate(schema.names) if _is_needed(name, attributes, id_column)]
        _id_columns(schema.names + [name for name, _ in source.partitions], id_column, source)
        rows = 0
        for batch in batches:
            yield _table_piece(batch.select(places) if places else _rows_alone(batch.num_rows), rows, source, id_column, stream.tell())
            rows += batch.num_rows


def _table_piece(batch: pa.RecordBatch, first: int, source: Source, id_column: str | None, done: int) -> Piece:
    for name, value in source.partitions:
        if name not in batch.schema.names:
            batch = batch.append_column(name, pa.array([value] * batch.num_rows, pa.string()))
    return _with_ids(batch, range(first + 1, first + 1 + batch.num_rows), [], source, id_column, done)


def _is_needed(column: str, attributes: Sequence[str], id_column: str | None) -> bool:
    return column == id_column or may_hold(column, attributes)


def _id_columns(names: Sequence[str], id_column: str | None, source: Source) -> list[str]:
    found = [name for name in (("id", "source_id") if id_column is None else (id_column,)) if name in names]
    if not found:
        wanted = "no column 'id' or 'source_id'; --id names another" if id_column is None else f"no column {id_column!r}"
        is_of_one = source.kind == "csv" and len(names) == 1 and any(mark in names[0] for mark in ";\t|")
        raise RunError(f"{source.name}: {wanted}{'; the cells of CSV are separated by commas, of which its first line has none' if is_of_one else ''}")
    twice = next((name for name in found if names.count(name) > 1), None)
    if twice is not None:
        raise RunError(f"{source.name}: two columns are named {twice!r}")
    return found


def _with_ids(batch: pa.RecordBatch, numbers: Sequence[int], rejects: list[Reject], source: Source, id_column: str | None, done: int) -> Piece:
    """A batch with the ids of its rows; rows without one are left out."""
    found = [_id_texts(batch.column(name), name, source) for name in _id_columns(batch.schema.names, id_column, source)]
    ids = pc.coalesce(*found) if len(found) > 1 else found[0]
    if ids.null_count:
        missing = pc.indices_nonzero(pc.is_null(ids)).to_pylist()
        what = f"no id: {id_column!r} is empty" if id_column is not None else "no id: 'id' and 'source_id' are empty or not there"
        rejects = sorted([*rejects, *(Reject(source.name, numbers[row], what) for row in missing)])
        batch, ids = _without(batch, missing), ids.drop_null()
    return Piece(batch, ids, rejects, done)


def _without(batch: pa.RecordBatch, rows: Sequence[int]) -> pa.RecordBatch:
    """A batch without some of its rows."""
    kept = np.ones(batch.num_rows, np.bool_)
    kept[rows] = False
    try:
        return batch.filter(pa.array(kept))
    except pa.ArrowNotImplementedError:  # of views and unions it takes slices only
        bounds = zip([0, *(row + 1 for row in rows)], [*rows, batch.num_rows], strict=True)
        pieces = [batch.slice(start, stop - start) for start, stop in bounds if start < stop]
        return pa.concat_batches(pieces) if pieces else batch.slice(0, 0)


def _id_texts(column: pa.Array, name: str, source: Source) -> pa.Array:
    """A column of ids as text; integers as their digits, empty text as null."""
    type_ = column.type
    if is_encoded(type_):
        distinct, numbers = encoded(column)
        return _id_texts(distinct, name, source).take(pa.array(numbers, mask=numbers == len(distinct)))
    if isinstance(type_, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_null(type_) or pa.types.is_integer(type_):
        return column.cast(pa.string())
    if not (pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)):
        raise RunError(f"{source.name}: the column {name!r} is of the type {type_}; ids are text or integers")
    column = column.cast(pa.string())
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


_READERS: dict[str, Callable[[Source, str | None, Sequence[str]], Iterator[Piece]]] = {
    "jsonl": _json_lines,
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
}
