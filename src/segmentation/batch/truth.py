"""Truth of leaves: from the values of one attribute to the leaves that each value passes.

Values are read by `language.data.read`; those that hold one scalar of a kind are then asked together, by the same checks as a single record's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pyarrow import compute

from segmentation.batch.bitmaps import Bits, Bools, Rows, add_distinct, all_rows, pack, unpack, word_count
from segmentation.batch.dates import EPOCH, DateLeaves, Integers, days_of
from segmentation.batch.isotext import read_iso
from segmentation.batch.numbers import NumberLine
from segmentation.batch.texts import TextLeaves
from segmentation.errors import is_utf8
from segmentation.language.attributes import Attribute, AttributeType
from segmentation.language.checks import WHOLE_VALUE, Check, Facet
from segmentation.language.data import DATES, TEXT_DATES, Kind, Reading, data_of, plain, read
from segmentation.language.dates import DAY, Calendar, Clock
from segmentation.language.predicate import Leaf

__all__ = ["MOST_EXACT", "Asked", "distinct"]

MOST_EXACT = 1 << 53
"""Integers up to this size are doubles."""


@dataclass(frozen=True)
class Asked:
    """What is asked of one attribute: its leaves, as far as they are distinct, at one time."""

    attribute: Attribute
    leaves: tuple[Leaf, ...]
    calendar: Calendar
    clock: Clock
    are_elements: ClassVar[bool] = False
    _lines: dict[np.dtype[Any], NumberLine] = field(default_factory=dict, init=False, compare=False, repr=False)
    _dates: dict[Kind, DateLeaves] = field(default_factory=dict, init=False, compare=False, repr=False)

    def of_value(self, stored: Any) -> Bools:
        """Whether one stored value passes, by leaf."""
        return self._of_reading(self.reading(stored))

    @cached_property
    def of_unknown(self) -> Bools:
        """Whether a null passes, by leaf; what is missing is a null."""
        return self.of_value(None)

    @cached_property
    def of_any_scalar(self) -> Bools:
        """The leaves that any known scalar passes, whatever it is."""
        return np.fromiter((leaf.admits_any_scalar() for leaf in self.leaves), np.bool_, len(self.leaves))

    @cached_property
    def of_elements(self) -> Asked:
        """The same of the elements of an array: without the conditions on the whole value."""
        scalar = tuple(Leaf(leaf.attribute, tuple(check for check in leaf.checks if check.facet not in WHOLE_VALUE)) for leaf in self.leaves)
        return _OfElements(self.attribute, scalar, self.calendar, self.clock)

    def of_count(self, count: int) -> Bools:
        """Whether an array of so many elements passes for that, by leaf."""
        return self._of_reading(Reading((), is_known=True, is_present=True, size=count))

    def reading(self, stored: Any) -> Reading:
        """A stored value, read."""
        return read(stored, self.attribute, self.calendar)

    def checks(self, wanted: Callable[[Check], bool]) -> list[list[Check]]:
        """The checks of every leaf that are wanted."""
        return [[check for check in leaf.checks if check.facet not in WHOLE_VALUE and wanted(check)] for leaf in self.leaves]

    def line(self, dtype: np.dtype[Any]) -> NumberLine:
        """What is asked of numbers of a type."""
        found = self._lines.get(dtype)
        if found is None:
            found = self._lines.setdefault(dtype, NumberLine(self.leaves, dtype))
        return found

    def of_dates(self, kind: Kind) -> DateLeaves:
        """What is asked of dates of a kind."""
        found = self._dates.get(kind)
        if found is None:
            found = self._dates.setdefault(kind, DateLeaves(self.checks(lambda _: True), kind, self.clock))
        return found

    @cached_property
    def of_strings(self) -> TextLeaves:
        """What is asked of text."""
        return TextLeaves(self.checks(lambda check: check.facet is Facet.TEXT and bool(check.kinds & Kind.STRING)))

    @cached_property
    def of_dates_as_text(self) -> TextLeaves:
        """What is asked of the text of a date."""
        return TextLeaves(self.checks(lambda check: check.facet is Facet.TEXT and bool(check.kinds & DATES)))

    @cached_property
    def asks_text_for_date(self) -> bool:
        """Whether text is to be read as a date."""
        return self.attribute.type is None and any(check.kinds & TEXT_DATES for leaf in self.leaves for check in leaf.checks if check.facet not in WHOLE_VALUE)

    @cached_property
    def asks_date_for_text(self) -> bool:
        """Whether a date is asked for its text."""
        return any(check.facet is Facet.TEXT and check.kinds & DATES for leaf in self.leaves for check in leaf.checks)

    def of_texts(self, texts: pa.Array, into: Bits) -> None:
        """Which texts pass.

        Args:
            texts: A string array without nulls.
            into: Where the bitmaps are written, shape (leaves, words).
        """
        into[:] = 0
        match self.attribute.type:
            case None | AttributeType.STRING | AttributeType.GEOPOINT:
                self._add_plain_texts(texts, into)
                if not self.asks_text_for_date:
                    return
                is_left = compute.match_substring_regex(texts, r"^\d{4}-").to_numpy(zero_copy_only=False)
            case AttributeType.DATE | AttributeType.DATETIME:
                is_left = np.ones(len(texts), np.bool_)
            case _:
                into[:] = pack(self.of_values(texts.to_pylist()))
                return
        self._add_dates(into, texts, is_left)
        left = np.flatnonzero(is_left)
        if len(left):  # what is not written as most software does
            into &= ~pack(is_left)
            others = texts.take(pa.array(left)).dictionary_encode()  # among them the text that stands for nulls
            add_distinct(self.of_values(others.dictionary.to_pylist()), others.indices.to_numpy(), left, len(texts), into)

    def _add_dates(self, found: Bits, texts: pa.Array, is_left: Bools) -> None:
        """Add the verdicts of texts that are read in bulk, which are then not left any more."""
        if not is_left.any():
            return
        declared = self.attribute.type
        plain, plain_days, moments, instants, written_days = read_iso(texts)
        parts: list[tuple[Kind, Rows, Integers, Integers | None]] = []
        if declared is AttributeType.DATE:
            parts = [(Kind.DATE, plain, plain_days, None), (Kind.DATE, moments, written_days, None)]
        else:
            days, _ = days_of(instants, self.calendar)
            parts = [(Kind.DATETIME if declared else Kind.TEXT_DATETIME, moments, days, instants)]
            if declared is None:
                parts.append((Kind.TEXT_DATE, plain, plain_days, None))
            elif self.calendar.timezone == "UTC":
                parts.append((Kind.DATETIME, plain, plain_days, (plain_days - EPOCH) * DAY))
        known = np.zeros(len(texts), np.bool_)
        for kind, rows, part_days, part_instants in parts:
            known[rows] = True
            self.of_dates(kind).add(rows, part_days, part_instants, len(texts), found)
        is_left &= ~known
        if declared:
            bits = pack(known)
            found[self.of_any_scalar] |= bits
            if self.asks_date_for_text:
                own = np.zeros_like(found)
                self.of_dates_as_text.add(texts, self.clock, own)
                found |= bits & own

    def _add_plain_texts(self, texts: pa.Array, found: Bits) -> None:
        self.of_strings.add(texts, self.clock, found)
        found[self.of_any_scalar] = all_rows(len(texts))
        if any(check.facet is Facet.POINT for leaf in self.leaves for check in leaf.checks):
            numbers = [number for number, leaf in enumerate(self.leaves) if any(check.facet is Facet.POINT for check in leaf.checks)]
            readings = [self.reading(text) for text in texts.to_pylist()]
            for number in numbers:
                found[number] |= pack(np.fromiter((self.leaves[number].admits(reading, self.clock) for reading in readings), np.bool_, len(readings)))

    def of_values(self, values: Sequence[Any]) -> Bools:
        """Which values pass: truth values of shape (leaves, values)."""
        found = np.zeros((len(self.leaves), len(values)), np.bool_)
        texts: list[tuple[int, str]] = []
        numbers: list[tuple[int, float]] = []
        dates: dict[Kind, list[tuple[int, int, int | None]]] = {}
        texts_of_dates: list[tuple[int, str]] = []
        for at, value in enumerate(values):
            reading = self.reading(value)
            data = reading.data
            if not reading.is_known or reading.size != 1 or isinstance(plain(value), list) or not data:
                found[:, at] = self._of_reading(reading)
                continue
            for kind, scalar, day, instant in data:
                if kind is Kind.STRING and isinstance(scalar, str) and is_utf8(scalar):
                    texts.append((at, scalar))
                elif kind is Kind.NUMBER and (isinstance(scalar, float) or (isinstance(scalar, int) and abs(scalar) <= MOST_EXACT)):
                    numbers.append((at, float(scalar)))
                elif day is not None:
                    dates.setdefault(kind, []).append((at, day, instant))
                    if kind & DATES and self.asks_date_for_text and isinstance(scalar, str):
                        if is_utf8(scalar):
                            texts_of_dates.append((at, scalar))
                        else:
                            found[:, at] |= self._of_reading(reading)
                else:
                    found[:, at] |= self._of_reading(reading)
            found[:, at] |= self.of_any_scalar
        if texts:
            rows, strings = zip(*texts, strict=True)
            bitmaps = np.zeros((len(self.leaves), word_count(len(strings))), "<u8")
            self._add_plain_texts(pa.array(strings, pa.large_string()), bitmaps)
            found[:, list(rows)] |= unpack(bitmaps, len(strings))
        if numbers:
            rows, doubles = zip(*numbers, strict=True)
            bitmaps = np.empty((len(self.leaves), word_count(len(doubles))), "<u8")
            self.line(np.dtype(np.float64)).write(np.array(doubles, np.float64), bitmaps)
            found[:, list(rows)] |= unpack(bitmaps, len(doubles))
        for kind, dated in dates.items():
            at_, days, instants = zip(*dated, strict=True)
            exact = None if instants[0] is None else np.array(instants, np.int64)
            bitmaps = np.zeros((len(self.leaves), word_count(len(values))), "<u8")
            self.of_dates(kind).add(np.array(at_, np.intp), np.array(days, np.int64), exact, len(values), bitmaps)
            found |= unpack(bitmaps, len(values))
        if texts_of_dates:
            rows, strings = zip(*texts_of_dates, strict=True)
            bitmaps = np.zeros((len(self.leaves), word_count(len(strings))), "<u8")
            self.of_dates_as_text.add(pa.array(strings, pa.large_string()), self.clock, bitmaps)
            found[:, list(rows)] |= unpack(bitmaps, len(strings))
        return found

    def _of_reading(self, reading: Reading) -> Bools:
        return np.fromiter((leaf.admits(reading, self.clock) for leaf in self.leaves), np.bool_, len(self.leaves))


class _OfElements(Asked):
    """Of elements: what cannot be read, and a null, is dropped, whatever a whole value would default to."""

    are_elements = True

    def reading(self, stored: Any) -> Reading:
        data = tuple(data_of(plain(stored), self.attribute.type, self.calendar))
        return Reading(data, is_known=True, is_present=True, size=1)


def distinct(values: Iterable[Any]) -> tuple[list[Any], list[int]]:
    """The distinct values, and for every value the number of its equal: equal, of one type and of one text. What has no hash equals nothing."""
    known: dict[tuple[type, Any], int] = {}
    found: list[Any] = []
    numbers: list[int] = []
    for value in values:
        try:
            number = known.setdefault((type(value), _identity(value)), len(found))
        except TypeError:
            number = len(found)
        if number == len(found):
            found.append(value)
        numbers.append(number)
    return found, numbers


def _identity(value: Any) -> Any:
    """What tells a value from others of its type, if equality does not."""
    if isinstance(value, datetime):  # two of one zone are equal when their wall clocks are, at whichever instants
        return value.replace(tzinfo=None), value.utcoffset()
    return str(value) if isinstance(value, Decimal) else value  # 1 and 1.0 are equal, but only one of them is exact, whatever its size
