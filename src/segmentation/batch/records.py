"""Records that are parsed already, as tables: columns of Python values, each gathered when it is asked for, and told apart by type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from segmentation.batch.bitmaps import Bools
from segmentation.language.attributes import MISSING

__all__ = ["RECORD_ROWS", "RecordColumns", "Records", "by_type"]

RECORD_ROWS = 1 << 15
"""Records that are evaluated at a time. They take some KiB each, so blocks are smaller than those of Arrow's columns."""


class Records(NamedTuple):
    """Some records, in the place of a record batch."""

    rows: Sequence[Mapping[str, Any]]

    @property
    def num_rows(self) -> int:
        """How many there are."""
        return len(self.rows)

    def slice(self, start: int, length: int) -> Records:
        """Some of them."""
        return Records(self.rows[start : start + length])


class RecordColumns(Mapping[str, list[Any]]):
    """The columns of some records: every key that some record has, `MISSING` where one has it not."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = records
        self._known: dict[str, list[Any] | None] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._known:
            values = [record.get(name, MISSING) for record in self._records]
            self._known[name] = None if all(value is MISSING for value in values) else values
        found = self._known[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for record in self._records for key in record))

    def __len__(self) -> int:
        return sum(1 for _ in self)


_ARROW: dict[type, pa.DataType] = {
    str: pa.large_string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    list: pa.list_(pa.large_string()),  # the arrays of JSON are mostly of text
}
_ABSENT, _NULL, _OTHER = -1, len(_ARROW), len(_ARROW) + 1
_KINDS: dict[type, int] = {**{type_: kind for kind, type_ in enumerate(_ARROW)}, type(None): _NULL, type(MISSING): _ABSENT}


def by_type(values: list[Any]) -> Iterator[tuple[pa.Array | list[Any], Bools]]:
    """The values of a column one type after the other, each with the rows that it is in; nulls go with the first. What is `MISSING` is in none.

    They are an Arrow array if there is a type for it that can hold them all, which is quick to evaluate; what is left comes last, as a list.
    """
    kinds = np.fromiter(map(_KINDS.get, map(type, values), repeat(_OTHER)), np.int8, len(values))
    left = kinds != _ABSENT
    nulls = kinds == _NULL
    for kind, type_ in enumerate(_ARROW.values()):
        chosen = kinds == kind
        if not chosen.any():
            continue
        try:
            array = pa.array(values, type_, mask=~chosen)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):  # more than 64 bits, lone surrogates, arrays of something else
            continue
        here = chosen | (left & nulls)
        left &= ~here
        yield array, here
    if left.any():
        yield [value if is_left else None for value, is_left in zip(values, left.tolist(), strict=True)], left
