"""Where an attribute stands in a table: the columns, and the fields inside them, that spec section 3 names, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from pyarrow import types

from segmentation.batch.bitmaps import Bools
from segmentation.batch.records import by_type
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
                yield from _found(column, where)
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
    find = _searcher(rest)
    if isinstance(rest, str) and "." not in rest:
        values = [value.get(rest, MISSING) if type(value) is dict else find(value) for value in column]
    else:
        values = [find(value) for value in column]
    yield from _found(values, where)


def _found(column: Column, where: Bools | None) -> Iterator[Found]:
    if not isinstance(column, list):
        yield Found(column, where)
        return
    parts = list(by_type(column))
    is_everywhere = sum(int(np.count_nonzero(here)) for _, here in parts) == len(column)
    for number, (values, here) in enumerate(parts, 1):
        if number == len(parts) and is_everywhere:
            yield Found(values, where)  # in all rows that no part before is in
        else:
            yield Found(values, here if where is None else where & here)


def _searcher(rest: str | tuple[str, ...]) -> Callable[[Any], Any]:
    """What finds a path (a str) or exact steps (a tuple) in a value, if that is an object."""
    if isinstance(rest, tuple):

        def walk(value: Any) -> Any:
            for step in rest:
                value = value.get(step, MISSING) if isinstance(value, Mapping) else MISSING
            return value

        return walk
    find = finder(f"-.{rest}")  # below another key it has no alias
    return lambda value: find({"-": value}) if isinstance(value, Mapping) else MISSING


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
