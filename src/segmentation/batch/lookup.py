"""Where an attribute stands in a table: the columns, and the fields inside them, that spec section 3 names, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from pyarrow import types

from segmentation.batch.bitmaps import Bools
from segmentation.batch.values import in_storage, is_encoded, values_of
from segmentation.language.attributes import MISSING, alias_of, finder

__all__ = ["Column", "Columns", "Found", "stored"]

Column: TypeAlias = Any
"""The values of a column for the rows of a block: a pyarrow Array, or a list of Python values, `MISSING` where there is none."""

Columns: TypeAlias = Mapping[str, Column]
"""A block's columns by name."""


class Found(NamedTuple):
    """What stands at a place, and in which rows it is there at all (None: in all); where it is not, the next place has a say."""

    values: Column
    where: Bools | None


def stored(key: str, columns: Columns) -> list[Found]:
    """The places of an attribute, the first that is there in a row being the one that counts. Without one, the attribute is unknown."""
    places: list[Found] = []
    for found in _places(key, columns):
        places.append(found)
        if found.where is None:
            break
    return places


def _places(key: str, columns: Columns) -> Iterator[Found]:
    yield from _path(key, columns, None)
    alias = alias_of(key)
    if isinstance(alias, str):
        yield from _path(alias, columns, None)
    elif alias is not None and alias[0] in columns:
        yield from _inside(columns[alias[0]], alias[1:], None)


def _path(key: str, columns: Columns, where: Bools | None) -> Iterator[Found]:
    """The longest leading part that is a column first, the rest inside of it."""
    end = len(key)
    while end >= 0:
        column = columns.get(key[:end])
        if column is not None:
            if end < len(key):
                yield from _inside(column, key[end + 1 :], where)
            else:
                yield _found(column, where)
        end = key.rfind(".", 0, end)


def _inside(column: Column, rest: str | tuple[str, ...], where: Bools | None) -> Iterator[Found]:
    """What a path (a str) or exact steps (a tuple) find in the objects of a column."""
    if not isinstance(column, list):
        column = in_storage(column)
        if types.is_struct(column.type):
            yield from _in_struct(column, rest, where)
            return
        if not types.is_nested(column.type) and not types.is_union(column.type) and not is_encoded(column.type):
            return  # no objects
        column = values_of(column)
    if not any(isinstance(value, Mapping) for value in column):
        return
    find = finder(rest) if isinstance(rest, str) and alias_of(rest) is None else None
    values = [(find(value) if find is not None else _searched(value, rest)) if isinstance(value, Mapping) else MISSING for value in column]
    yield _found(values, where)


def _found(column: Column, where: Bools | None) -> Found:
    if isinstance(column, list):
        there = np.fromiter((value is not MISSING for value in column), np.bool_, len(column))
        if not there.all():
            where = there if where is None else where & there
    return Found(column, where)


def _searched(value: Mapping[str, Any], rest: str | tuple[str, ...]) -> Any:
    """As `finder` does, but without the alias, which a key has at the outside only."""
    steps = (rest,) if isinstance(rest, str) else rest
    if isinstance(rest, str):
        return finder(f"-.{rest}")({"-": value})  # below another key it has none
    found: Any = value
    for step in steps:
        found = found.get(step, MISSING) if isinstance(found, Mapping) else MISSING
    return found


def _in_struct(column: pa.StructArray, rest: str | tuple[str, ...], where: Bools | None) -> Iterator[Found]:
    if column.null_count:  # its fields are told of apart: what stands in them under a null is not there
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        where = valid if where is None else where & valid
    positions = {field.name: position for position, field in enumerate(column.type)}  # of fields with one name, the last
    if isinstance(rest, tuple):
        if rest[0] in positions:
            field = column.field(positions[rest[0]])
            if len(rest) == 1:
                yield Found(field, where)
            else:
                yield from _inside(field, rest[1:], where)
        return
    names = {name: column.field(position) for name, position in positions.items() if rest == name or rest.startswith(f"{name}.")}
    yield from _path(rest, names, where)
