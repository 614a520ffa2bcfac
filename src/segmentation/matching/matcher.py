"""Many predicates, one record: which of them hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segmentation.language.attributes import Attribute, Record, finder
from segmentation.language.data import Reading, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Predicate, holds, leaves

__all__ = ["Matcher"]


class Matcher:
    """Predicates compiled for matching. Immutable once built, so safe to share between threads."""

    def __init__(self, predicates: Sequence[Predicate], calendar: Calendar) -> None:
        self._predicates = tuple(predicates)
        self._calendar = calendar
        attributes = {leaf.attribute for predicate in predicates for leaf in leaves(predicate)}
        self._finders = {attribute: finder(attribute.key) for attribute in attributes}

    def match(self, record: Record, clock: Clock) -> list[int]:
        """The positions of the predicates that hold of the record, ascending."""
        read = self._reader(record)
        return [position for position, predicate in enumerate(self._predicates) if holds(predicate, record, read, clock)]

    def _reader(self, record: Record) -> Any:
        readings: dict[Attribute, Reading] = {}

        def reader(attribute: Attribute) -> Reading:
            reading = readings.get(attribute)
            if reading is None:
                reading = readings[attribute] = read(self._finders[attribute](record), attribute, self._calendar)
            return reading

        return reader
