"""Arrow arrays as Python values: the record that a row is (see `docs/tables.md`).

What `to_pylist` gives, but total: nanoseconds are cut to microseconds, maps are objects, and what Python cannot hold (a date in the year 12000) is an
opaque object, as anything else that is no JSON and no date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import types

__all__ = ["OPAQUE", "encoded", "in_storage", "is_encoded", "is_list", "is_opaque", "is_text", "joined", "microseconds", "values_of"]


Numbers: TypeAlias = npt.NDArray[np.int64]


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


def is_text(type_: pa.DataType) -> bool:
    """Whether the values are text."""
    return bool(types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_))


def is_opaque(type_: pa.DataType) -> bool:
    """Whether nothing is asked of the values but whether they are there."""
    return bool(
        types.is_time(type_)
        or types.is_duration(type_)
        or types.is_interval(type_)
        or types.is_binary(type_)
        or types.is_large_binary(type_)
        or types.is_binary_view(type_)
        or types.is_fixed_size_binary(type_)
    )


def is_encoded(type_: pa.DataType) -> bool:
    """Whether rows have the numbers of values that are held once."""
    return bool(types.is_dictionary(type_) or types.is_run_end_encoded(type_))


def encoded(array: pa.Array) -> tuple[pa.Array, Numbers]:
    """Of an encoded array: its values, and the number of each row's value; a null row has the number after the last."""
    if types.is_dictionary(array.type):
        return array.dictionary, array.indices.cast(pa.int64()).fill_null(len(array.dictionary)).to_numpy(zero_copy_only=False)
    ends = np.asarray(array.run_ends).astype(np.int64)
    lengths = np.diff(np.clip(ends - array.offset, 0, len(array)), prepend=0)
    return array.values, np.repeat(np.arange(len(ends)), lengths)


def in_storage(array: pa.Array) -> pa.Array:
    """The array that an extension array is to Python, where that is the one that it is stored as."""
    while isinstance(array.type, pa.BaseExtensionType) and array.type.__arrow_ext_scalar_class__().__name__ in _AS_STORED:
        array = array.storage
    return array


_AS_STORED = {"ExtensionScalar", "OpaqueScalar", "JsonScalar"}


def values_of(array: pa.Array) -> list[Any]:
    """The values of an array, one a row."""
    array = in_storage(array)
    type_ = array.type
    if is_encoded(type_):
        distinct, numbers = encoded(array)
        known = [*values_of(distinct), None]
        return [known[number] for number in numbers.tolist()]
    for is_of, read in _READERS:
        if is_of(type_):
            return read(array)
    return _each(array)


def joined(arrays: Sequence[pa.Array]) -> pa.Array | list[Any]:
    """Arrays one after the other, whatever their types: as one array, or where Arrow cannot be relied on for that, as values."""
    if len(arrays) == 1:
        return arrays[0]
    kinds = {array.type for array in arrays if not types.is_null(array.type)}
    if len(kinds) <= 1 and all(map(_is_joined_well, arrays)):
        try:
            kind = next(iter(kinds), pa.null())
            return pa.concat_arrays([array if array.type == kind else pa.nulls(len(array), kind) for array in arrays])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # more text than 32 bits can count
            pass
    return [value for array in arrays for value in values_of(array)]


def _is_joined_well(array: pa.Array) -> bool:
    """Whether Arrow can join arrays like this one: not unions, nor run ends of any type, nor dictionaries unless they are of text without nulls."""
    type_ = array.type
    if types.is_dictionary(type_):
        return is_text(type_.value_type) and not array.dictionary.null_count
    return _is_plain(type_)


def _is_plain(type_: pa.DataType) -> bool:
    if isinstance(type_, pa.BaseExtensionType):
        return _is_plain(type_.storage_type)
    if is_encoded(type_) or types.is_union(type_):
        return False
    return all(_is_plain(type_.field(place).type) for place in range(type_.num_fields))


def _presence(array: pa.Array) -> list[Any]:
    return [OPAQUE if is_valid else None for is_valid in array.is_valid().to_pylist()]


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


def microseconds(array: pa.Array) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Of timestamps: microseconds since 1970, nanoseconds cut, and which of them fit into 64 bits (those of nulls are anything)."""
    buffer = array.buffers()[1]
    raw = np.zeros(len(array), np.int64) if buffer is None else np.frombuffer(buffer, np.int64, len(array), 8 * array.offset)
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
    columns = [values_of(array.field(place)) for place in range(array.type.num_fields)]  # what stands under a null struct is passed over
    valid = array.is_valid().to_pylist()
    rows = zip(*columns, strict=True) if columns else ((),) * len(array)
    return [dict(zip(names, row, strict=True)) if is_valid else None for row, is_valid in zip(rows, valid, strict=True)]


def _unions(array: pa.UnionArray) -> list[Any]:
    rows, buffers = len(array), array.buffers()  # `type_codes` and `offsets` are those of the first rows, whatever the slice
    codes = np.frombuffer(buffers[1], np.int8, rows, array.offset).tolist() if rows else []
    children = {code: values_of(array.field(place)) for place, code in enumerate(array.type.type_codes)}
    places = np.frombuffer(buffers[2], np.int32, rows, 4 * array.offset).tolist() if rows and array.type.mode == "dense" else range(rows)
    return [children[code][place] for code, place in zip(codes, places, strict=True)]


_READERS: list[tuple[Callable[[pa.DataType], bool], Callable[[Any], list[Any]]]] = [
    (types.is_timestamp, _timestamps),
    (types.is_date, _dates),
    (types.is_map, _maps),
    (is_list, _lists),
    (types.is_struct, _structs),
    (types.is_union, _unions),
    (is_opaque, _presence),
]
