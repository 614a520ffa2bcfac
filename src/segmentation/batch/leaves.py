"""Leaves of a block: for every leaf on an attribute, the bitmap of the rows that pass it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute, types

from segmentation.batch.bitmaps import Bits, Bools, Line, all_rows, pack, unpack
from segmentation.batch.dates import dates_admitted, days_of
from segmentation.batch.lookup import Column, Found
from segmentation.batch.numbers import numbers_admitted
from segmentation.batch.truth import Asked, distinct
from segmentation.batch.values import OPAQUE, encoded, in_storage, is_encoded, is_list, is_opaque, is_text, microseconds, values_of
from segmentation.language.attributes import AttributeType
from segmentation.language.data import Kind
from segmentation.language.dates import FIRST_DAY, LAST_DAY

__all__ = ["leaf_bitmaps"]

_SAMPLE = 1 << 14
_MOST_CLASSES = 2_048
"""Of more classes, no bitmaps are kept."""
_REPEATS = 0.5
"""Texts of which a smaller share is distinct are asked once each."""


def leaf_bitmaps(asked: Asked, places: list[Found], rows: int) -> list[Bits]:
    """The bitmap of every leaf.

    Args:
        asked: The leaves.
        places: Where the attribute stands, from `lookup.stored`.
        rows: The number of rows of the block.
    """
    left = all_rows(rows)
    found: list[Bits] | None = None
    for values, where in places:
        bitmaps = _of_column(asked, values, rows)
        if where is None and found is None:
            return bitmaps
        here = left if where is None else left & pack(where)
        left = left & ~here
        chosen = [bitmap & here for bitmap in bitmaps]
        found = chosen if found is None else [one | other for one, other in zip(found, chosen, strict=True)]
    unknown = [left if passes else np.zeros_like(left) for passes in asked.of_unknown.tolist()]
    return unknown if found is None else [one | other for one, other in zip(found, unknown, strict=True)]


def _of_column(asked: Asked, column: Column, rows: int) -> list[Bits]:
    if isinstance(column, list):
        return _of_values(asked, column)
    column = in_storage(column)
    type_ = column.type
    if is_encoded(type_):
        return _of_encoded(asked, *encoded(column))
    declared = asked.attribute.type
    if types.is_null(type_):
        return _constant(asked.of_unknown, rows)
    if is_text(type_):
        return _of_texts(asked, column)
    if types.is_boolean(type_):
        return _of_distinct(np.column_stack((asked.of_values([False, True]), asked.of_unknown)), column.cast(pa.int8()).fill_null(2).to_numpy())
    if types.is_integer(type_):
        return _of_numbers(asked, column, rows) if declared in (None, AttributeType.NUMBER) else _alike(asked, column, 0)
    if types.is_floating(type_):
        return _of_numbers(asked, column, rows) if declared in (None, AttributeType.NUMBER) else _of_values(asked, values_of(column))
    if types.is_timestamp(type_) and declared in (None, AttributeType.DATETIME) and _are_instants(asked, type_):
        return _of_timestamps(asked, column)
    if is_list(type_) and not asked.are_elements:
        return _of_lists(asked, column)
    if is_opaque(type_) or (types.is_nested(type_) and not types.is_union(type_)):
        return _alike(asked, column, OPAQUE)
    if types.is_temporal(type_) or types.is_decimal128(type_) or types.is_decimal256(type_):
        column = column.dictionary_encode()
        return _of_distinct(np.column_stack((asked.of_values(values_of(column.dictionary)), asked.of_unknown)), encoded(column)[1])
    return _of_values(asked, values_of(column))


def _are_instants(asked: Asked, type_: pa.TimestampType) -> bool:
    return (type_.tz is not None or asked.calendar.timezone == "UTC") and not asked.asks_date_for_text


def _constant(passes: Bools, rows: int) -> list[Bits]:
    everything = all_rows(rows)
    return [everything if passed else np.zeros_like(everything) for passed in passes.tolist()]


def _valid(column: pa.Array) -> Bits | None:
    """The rows that are not null; None for all."""
    return pack(column.is_valid().to_numpy(zero_copy_only=False)) if column.null_count else None


def _with_unknown(asked: Asked, bitmaps: list[Bits], known: Bits | None, rows: int) -> list[Bits]:
    """Bitmaps of which the rows that are unknown are to be taken out, or put in where a null passes."""
    if known is None:
        return bitmaps
    unknown = all_rows(rows) ^ known
    return [bitmap & known | unknown if passes else bitmap & known for bitmap, passes in zip(bitmaps, asked.of_unknown.tolist(), strict=True)]


def _alike(asked: Asked, column: pa.Array, representative: Any) -> list[Bits]:
    """Of a column whose values are all the same to the leaves, but for nulls."""
    return _with_unknown(asked, _constant(asked.of_value(representative), len(column)), _valid(column), len(column))


def _of_numbers(asked: Asked, column: pa.Array, rows: int) -> list[Bits]:
    known = None
    if column.null_count:
        known = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        column = column.drop_null()
    numbers = column.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind == "f":
        numbers = numbers.astype(np.float64, copy=False)
        nan = np.isnan(numbers)
        if nan.any():
            kept = np.flatnonzero(~nan)
            known, numbers = kept if known is None else known[kept], numbers[kept]
    elif numbers.dtype != np.uint64:
        numbers = numbers.astype(np.int64, copy=False)
    bitmaps = numbers_admitted(asked.leaves, numbers, known, rows)
    if known is None:
        return bitmaps
    truth = np.zeros(rows, np.bool_)
    truth[known] = True
    return _with_unknown(asked, bitmaps, pack(truth), rows)


def _of_texts(asked: Asked, column: pa.Array) -> list[Bits]:
    if types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    sample = column.slice(0, _SAMPLE)
    if compute.count_distinct(sample).as_py() < _REPEATS * len(sample):
        return _of_encoded(asked, *encoded(column.dictionary_encode()))
    return _with_unknown(asked, list(asked.of_texts(column.fill_null("") if column.null_count else column)), _valid(column), len(column))


def _of_encoded(asked: Asked, distinct: pa.Array, numbers: npt.NDArray[np.int64]) -> list[Bits]:
    """Of values that are held once, each row having the number of its own, or the number after the last for a null."""
    if len(distinct) > len(numbers):  # they are those of more rows than the block's
        used, numbers = np.unique(numbers, return_inverse=True)
        kept = pa.array(used, mask=used == len(distinct))
        try:
            distinct = (distinct.cast(pa.large_string()) if types.is_string_view(distinct.type) else distinct).take(kept)
        except pa.ArrowNotImplementedError:
            known = values_of(distinct)
            return _of_values(asked, [None if place is None else known[place] for place in kept.take(pa.array(numbers)).to_pylist()])
    bitmaps = _of_column(asked, distinct, len(distinct))
    truth = unpack(np.stack(bitmaps), len(distinct)) if len(distinct) else np.zeros((len(bitmaps), 0), np.bool_)
    return _of_distinct(np.column_stack((truth, asked.of_unknown)), numbers)


def _of_lists(asked: Asked, column: pa.Array) -> list[Bits]:
    """Of arrays: those with an element that passes, and those that pass for their length."""
    rows = len(column)
    lengths = compute.list_value_length(column).cast(pa.int64()).fill_null(0).to_numpy()
    elements = column.flatten()
    counts, at = np.unique(lengths, return_inverse=True)
    found = _of_distinct(np.column_stack([asked.of_count(count) for count in counts.tolist()]), at) if rows else [all_rows(0)] * len(asked.leaves)
    filled = np.flatnonzero(lengths)
    if len(filled):
        starts = (np.cumsum(lengths) - lengths)[filled]
        truth = np.zeros(rows, np.bool_)
        for number, bitmap in enumerate(_of_column(asked.of_elements, elements, len(elements))):
            if bitmap.any():
                truth[filled] = np.logical_or.reduceat(unpack(bitmap, len(elements)), starts)
                found[number] = found[number] | pack(truth)
    return _with_unknown(asked, found, _valid(column), rows)


def _of_values(asked: Asked, values: list[Any]) -> list[Bits]:
    known, numbers = distinct(values)
    return _of_distinct(asked.of_values(known), np.array(numbers, np.intp))


def _of_distinct(truth: Bools, numbers: np.ndarray[Any, np.dtype[Any]]) -> list[Bits]:
    """From the truth of distinct values, and which value each row has, by way of classes: values on which all leaves agree.

    Args:
        truth: Truth values of shape (leaves, distinct values).
        numbers: The number of every row's value.
    """
    signatures = np.ascontiguousarray(np.packbits(truth, axis=0).T)
    _, representatives, classes = np.unique(signatures.view(f"V{signatures.shape[1]}").reshape(-1), return_index=True, return_inverse=True)
    of_classes = truth[:, representatives]
    count = len(representatives)
    if count > _MOST_CLASSES:
        return list(pack(of_classes[:, classes[numbers]]))
    classes = classes.astype(np.uint8 if count <= 1 << 8 else np.uint16 if count <= 1 << 16 else np.int64)
    line = Line.of_classes(classes[numbers], count)
    flips = np.diff(of_classes.view(np.int8), axis=1, prepend=0) != 0
    return [line.bitmap(np.flatnonzero(changes).tolist()) for changes in flips]


def _of_timestamps(asked: Asked, column: pa.Array) -> list[Bits]:
    """Of timestamps whose numbers are instants: those with a zone, or any where the engine's zone is UTC."""
    instants, fits = microseconds(column)
    days, _ = days_of(instants, asked.calendar)
    truth = dates_admitted(asked.checks(lambda _: True), Kind.DATETIME, days, instants, asked.clock)
    truth |= asked.of_any_scalar[:, np.newaxis]
    # At the ends of the calendar it is for Python to say what a date-time is.
    odd = np.flatnonzero(~(fits & (days > FIRST_DAY + 1) & (days < LAST_DAY - 1)))
    if len(odd):
        truth[:, odd] = asked.of_values(values_of(column.take(pa.array(odd))))
    return _with_unknown(asked, list(pack(truth)), _valid(column), len(column))
