"""Arrow arrays as Python values: the record that a row is (see `docs/tables.md`).

What `to_pylist` gives, but total: nanoseconds are cut to microseconds, maps are objects, and what Python cannot hold (a date in the year 12000) is an
opaque object, as anything else that is no JSON and no date.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pyarrow import types

__all__ = ["OPAQUE", "is_list", "values_of", "without_encoding"]


class _Opaque:
    """An object of which nothing is asked but whether it is there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "OPAQUE"


OPAQUE = _Opaque()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()
_MILLISECONDS_IN_DAY = 86_400_000


def is_list(type_: pa.DataType) -> bool:
    """Whether the values are arrays."""
    return bool(
        types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_) or types.is_list_view(type_) or types.is_large_list_view(type_)
    )


def without_encoding(array: pa.Array) -> pa.Array:
    """The array without dictionary, run-end or extension encoding on its outside; UUIDs and other known extensions stay."""
    while True:
        if types.is_dictionary(array.type):
            array = array.dictionary_decode()
        elif types.is_run_end_encoded(array.type):
            array = pa.compute.run_end_decode(array)
        else:
            return array


def values_of(array: pa.Array) -> list[Any]:
    """The values of an array, one a row."""
    type_ = array.type
    if types.is_dictionary(type_):
        known = values_of(array.dictionary)
        return [None if index is None else known[index] for index in array.indices.to_pylist()]
    if types.is_run_end_encoded(type_):
        return values_of(pa.compute.run_end_decode(array))
    if types.is_timestamp(type_):
        return _timestamps(array)
    if types.is_date(type_):
        return _dates(array)
    if types.is_map(type_):
        return _maps(array)
    if is_list(type_):
        return _lists(array)
    if types.is_struct(type_):
        return _structs(array)
    if isinstance(type_, pa.BaseExtensionType) or types.is_union(type_):
        return _each(array)
    if types.is_time(type_) or types.is_duration(type_) or types.is_interval(type_) or types.is_binary(type_) or types.is_large_binary(type_):
        return [OPAQUE if is_valid else None for is_valid in array.is_valid().to_pylist()]
    return _each(array)


def _each(array: pa.Array) -> list[Any]:
    try:
        found: list[Any] = array.to_pylist()
    except (ValueError, OverflowError, ArithmeticError):
        found = [_one(scalar) for scalar in array]
    return found


def _one(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, ArithmeticError):
        return OPAQUE


def microseconds(array: pa.Array) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Of timestamps: microseconds since 1970, nanoseconds cut, and which of them fit into 64 bits (those of nulls are anything)."""
    raw = np.frombuffer(array.buffers()[1] or b"", np.int64, len(array), 8 * array.offset) if len(array) else np.zeros(0, np.int64)
    match array.type.unit:
        case "ns":
            return raw // 1_000, np.ones(len(raw), np.bool_)
        case "us":
            return raw, np.ones(len(raw), np.bool_)
        case unit:
            factor = 1_000 if unit == "ms" else 1_000_000
            most = np.iinfo(np.int64).max // factor
            fits = (raw <= most) & (raw >= -most)
            return np.where(fits, raw, 0) * factor, fits


def _timestamps(array: pa.Array) -> list[Any]:
    instants, fits = microseconds(array)
    name = array.type.tz
    zone = _zone(name) if name is not None else None
    found: list[Any] = []
    for instant, is_whole, is_valid in zip(instants.tolist(), fits.tolist(), array.is_valid().to_pylist(), strict=True):
        if not is_valid:
            found.append(None)
            continue
        value: Any = OPAQUE
        if is_whole:
            try:
                moment = _EPOCH + timedelta(microseconds=instant)
                value = moment.replace(tzinfo=None) if name is None else moment.astimezone(zone)
            except OverflowError:
                pass
        found.append(value)
    return found


def _zone(name: str) -> tzinfo:
    """The zone of a timestamp column: an IANA name, or an offset such as `+02:00`."""
    if name in ("UTC", "utc", "Z"):
        return UTC
    if name[:1] in ("+", "-"):
        return datetime.strptime(name, "%z").tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        raise ValueError(f"a timestamp column has the time zone {name!r}, which is not known here") from None


def _dates(array: pa.Array) -> list[Any]:
    if types.is_date32(array.type):
        days = array.cast(pa.int32()).to_pylist()
    else:
        days = [None if value is None else value // _MILLISECONDS_IN_DAY for value in array.cast(pa.int64()).to_pylist()]
    return [None if day is None else date.fromordinal(day + _EPOCH_DAY) if 1 <= day + _EPOCH_DAY <= _LAST_DAY else OPAQUE for day in days]


def _lists(array: pa.Array) -> list[Any]:
    lengths = pa.compute.list_value_length(array).to_pylist()
    elements = values_of(array.flatten())
    found: list[Any] = []
    start = 0
    for length in lengths:
        if length is None:
            found.append(None)
        else:
            found.append(elements[start : start + length])
            start += length
    return found


def _maps(array: pa.MapArray) -> list[Any]:
    """Maps as objects, the last value of a key counting, as in JSON. Only keys that are text can be named by a filter."""
    offsets = array.offsets.to_pylist()
    first = offsets[0] if offsets else 0
    last = offsets[-1] if offsets else 0
    keys = values_of(array.keys.slice(first, last - first))
    items = values_of(array.items.slice(first, last - first))
    valid = array.is_valid().to_pylist()
    found: list[Any] = []
    for row, is_valid in enumerate(valid):
        start, stop = offsets[row] - first, offsets[row + 1] - first
        found.append({key: item for key, item in zip(keys[start:stop], items[start:stop], strict=True) if isinstance(key, str)} if is_valid else None)
    return found


def _structs(array: pa.StructArray) -> list[Any]:
    names = [field.name for field in array.type]
    columns = [values_of(column) for column in array.flatten()]
    valid = array.is_valid().to_pylist()
    rows = zip(*columns, strict=True) if columns else ((),) * len(array)
    return [dict(zip(names, row, strict=True)) if is_valid else None for row, is_valid in zip(rows, valid, strict=True)]
