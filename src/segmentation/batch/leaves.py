"""Leaves of a block: for every leaf on an attribute, the bitmap of the rows that pass it.

Bitmaps are written where they are wanted: to get memory for them costs as much as to fill it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute, types

from segmentation.batch.bitmaps import Bits, Bools, add_distinct, all_rows, octets_of, pack, unpack, word_count, write_distinct, write_octets
from segmentation.batch.dates import days_of
from segmentation.batch.lookup import Column, Found
from segmentation.batch.truth import MOST_EXACT, Asked, distinct
from segmentation.batch.values import OPAQUE, encoded, in_storage, is_encoded, is_list, is_opaque, is_text, microseconds, values_of
from segmentation.language.attributes import AttributeType
from segmentation.language.data import Kind
from segmentation.language.dates import FIRST_DAY, LAST_DAY

__all__ = ["write_leaves"]

_SAMPLE = 1 << 14
_MOST_SCALE = 22
"""Powers of ten up to this one are doubles."""
_LEAST = np.iinfo(np.int64).min
_REPEATS = 0.5
"""Texts of which a smaller share is distinct are asked once each."""


def write_leaves(asked: Asked, places: list[Found], rows: int, into: Bits) -> None:
    """Write the bitmap of every leaf.

    Args:
        asked: The leaves.
        places: Where the attribute stands, from `lookup.stored`.
        rows: The number of rows of the block.
        into: Where they are written, shape (leaves, words), contiguous.
    """
    if places and places[0].where is None:
        _write_column(asked, places[0].values, rows, into)
        return
    into[:] = 0
    left = all_rows(rows)
    own = np.empty_like(into)
    for values, where in places:
        _write_column(asked, values, rows, own)
        here = left if where is None else left & pack(where)
        left = left & ~here
        own &= here
        into |= own
    into[asked.of_unknown] |= left


def _write_column(asked: Asked, column: Column, rows: int, into: Bits) -> None:
    if isinstance(column, list):
        _write_values(asked, column, into)
        return
    column = in_storage(column)
    type_ = column.type
    declared = asked.attribute.type
    if is_encoded(type_):
        _write_encoded(asked, *encoded(column), into)
    elif types.is_null(type_):
        into[:] = 0
        into[asked.of_unknown] = all_rows(rows)
    elif is_text(type_):
        _write_texts(asked, column, into)
    elif types.is_boolean(type_):
        truth = np.column_stack((asked.of_values([False, True]), asked.of_unknown))
        write_distinct(truth, column.cast(pa.int8()).fill_null(2).to_numpy(), into)
    elif types.is_integer(type_) and declared not in (None, AttributeType.NUMBER):
        _write_alike(asked, column, 0, into)
    elif (types.is_integer(type_) or types.is_floating(type_)) and declared in (None, AttributeType.NUMBER):
        _write_numbers(asked, column, into)
    elif types.is_timestamp(type_) and declared in (None, AttributeType.DATETIME) and _are_instants(asked, type_):
        _write_timestamps(asked, column, into)
    elif is_list(type_) and not asked.are_elements:
        _write_lists(asked, column, into)
    elif is_opaque(type_) or (types.is_nested(type_) and not types.is_union(type_)):
        _write_alike(asked, column, OPAQUE, into)
    elif types.is_decimal(type_) and declared in (None, AttributeType.NUMBER) and (doubles := _doubles(column)) is not None:
        _write_numbers(asked, doubles, into)
    elif types.is_temporal(type_) or types.is_decimal128(type_) or types.is_decimal256(type_):
        column = column.dictionary_encode()
        write_distinct(np.column_stack((asked.of_values(values_of(column.dictionary)), asked.of_unknown)), encoded(column)[1], into)
    else:
        _write_values(asked, values_of(column), into)


def _are_instants(asked: Asked, type_: pa.TimestampType) -> bool:
    return (type_.tz is not None or asked.calendar.timezone == "UTC") and not asked.asks_date_for_text


def _settle_unknown(asked: Asked, column: pa.Array, into: Bits, is_nan: Bools | None = None) -> None:
    """Take the rows that are unknown out of bitmaps, or put them in where a null passes."""
    if not column.null_count and is_nan is None:
        return
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    known = pack(valid if is_nan is None else valid & ~is_nan)
    into &= known
    into[asked.of_unknown] |= all_rows(len(column)) ^ known


def _write_alike(asked: Asked, column: pa.Array, representative: Any, into: Bits) -> None:
    """Of a column whose values are all the same to the leaves, but for nulls."""
    into[:] = 0
    into[asked.of_value(representative)] = all_rows(len(column))
    _settle_unknown(asked, column, into)


def _write_numbers(asked: Asked, column: pa.Array, into: Bits) -> None:
    numbers = (column.fill_null(0) if column.null_count else column).to_numpy(zero_copy_only=False)
    is_nan: Bools | None = None
    if numbers.dtype.kind == "f":
        numbers = numbers.astype(np.float64, copy=False)
        is_nan = np.isnan(numbers)
        if is_nan.any():
            numbers = np.where(is_nan, 0.0, numbers)
        else:
            is_nan = None
    elif numbers.dtype != np.uint64:
        numbers = numbers.astype(np.int64, copy=False)
    asked.line(numbers.dtype).write(numbers, into)
    _settle_unknown(asked, column, into, is_nan)


def _doubles(column: pa.Array) -> pa.Array | None:
    """Decimals as the doubles that are nearest to them, where one division gives those: both numbers are doubles. None where it is for Python."""
    scale = column.type.scale
    if not 0 <= scale <= _MOST_SCALE or types.is_decimal256(column.type):
        return None
    wide = column.cast(pa.decimal128(38, scale))
    halves = np.frombuffer(wide.buffers()[1], "<i8", 2 * len(wide), 16 * wide.offset).reshape(-1, 2)
    is_null = ~column.is_valid().to_numpy(zero_copy_only=False)
    least = halves[:, 0]
    fits = (np.abs(least) <= MOST_EXACT) & (least != _LEAST) & (halves[:, 1] == least >> 63)
    if not (fits | is_null).all():
        return None
    return pa.array(np.where(is_null, 0, least) / 10.0**scale, mask=is_null)


def _write_texts(asked: Asked, column: pa.Array, into: Bits) -> None:
    if types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    sample = column.slice(0, _SAMPLE)
    if compute.count_distinct(sample).as_py() < _REPEATS * len(sample):
        _write_encoded(asked, *encoded(column.dictionary_encode()), into)
    else:
        asked.of_texts(column.fill_null("") if column.null_count else column, into)
        _settle_unknown(asked, column, into)


def _write_encoded(asked: Asked, distinct: pa.Array, numbers: npt.NDArray[np.int64], into: Bits) -> None:
    """Of values that are held once, each row having the number of its own, or the number after the last for a null."""
    if len(distinct) > len(numbers):  # they are those of more rows than the block's
        used, numbers = np.unique(numbers, return_inverse=True)
        kept = pa.array(used, mask=used == len(distinct))
        try:
            distinct = (distinct.cast(pa.large_string()) if types.is_string_view(distinct.type) else distinct).take(kept)
        except pa.ArrowNotImplementedError:
            known = values_of(distinct)
            _write_values(asked, [None if place is None else known[place] for place in kept.take(pa.array(numbers)).to_pylist()], into)
            return
    bitmaps = np.empty((len(asked.leaves), word_count(len(distinct))), "<u8")
    _write_column(asked, distinct, len(distinct), bitmaps)
    write_distinct(np.column_stack((unpack(bitmaps, len(distinct)), asked.of_unknown)), numbers, into)


def _write_lists(asked: Asked, column: pa.Array, into: Bits) -> None:
    """Of arrays: those with an element that passes, and those that pass for their length."""
    rows = len(column)
    lengths = compute.list_value_length(column).cast(pa.int64()).fill_null(0).to_numpy()
    elements = column.flatten()
    counts, at = np.unique(lengths, return_inverse=True)
    if not rows:
        return
    write_distinct(np.column_stack([asked.of_count(count) for count in counts.tolist()]), at, into)
    filled = np.flatnonzero(lengths)
    if len(filled):
        starts = (np.cumsum(lengths) - lengths)[filled]
        bitmaps = np.empty((len(asked.leaves), word_count(len(elements))), "<u8")
        _write_column(asked.of_elements, elements, len(elements), bitmaps)
        octets = np.zeros(rows, np.uint8)
        own = np.empty_like(into[:8])
        for first in range(0, len(bitmaps), 8):  # eight leaves at a time
            octets[filled] = np.bitwise_or.reduceat(octets_of(unpack(bitmaps[first : first + 8], len(elements))), starts)
            some = into[first : first + 8]
            write_octets(octets, own[: len(some)])
            some |= own[: len(some)]
    _settle_unknown(asked, column, into)


def _write_values(asked: Asked, values: list[Any], into: Bits) -> None:
    known, numbers = distinct(values)
    write_distinct(asked.of_values(known), np.array(numbers, np.intp), into)


def _write_timestamps(asked: Asked, column: pa.Array, into: Bits) -> None:
    """Of timestamps whose numbers are instants: those with a zone, or any where the engine's zone is UTC."""
    instants, fits = microseconds(column)
    days, _ = days_of(instants, asked.calendar)
    rows = len(column)
    is_usual = fits & (days > FIRST_DAY + 1) & (days < LAST_DAY - 1)
    into[:] = 0
    usual = np.flatnonzero(is_usual)
    asked.of_dates(Kind.DATETIME).add(usual, days[usual], instants[usual], rows, into)
    into[asked.of_any_scalar] = all_rows(rows)
    odd = np.flatnonzero(~is_usual)
    if len(odd):  # at the ends of the calendar it is for Python to say what a date-time is
        into &= pack(is_usual)
        add_distinct(asked.of_values(values_of(column.take(pa.array(odd)))), np.arange(len(odd)), odd, rows, into)
    _settle_unknown(asked, column, into)
