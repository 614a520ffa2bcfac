"""Columns: one attribute's values, as rows of bits.

Every conjunction has a bit. The *row* of a value is the set of conjunctions that the value does not falsify; a record's answer is the AND of one row an
attribute. Values of which the same conditions hold have the same row: they are one class. A row is found through tables when a value is new, and
remembered (within bounds) for when it comes again.

A row is as wide as its block may become: bits of conjunctions that ask nothing of the attribute are ones, also those that do not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_
from typing import Any

from segmentation.language.attributes import MISSING, Attribute, AttributeType
from segmentation.language.checks import FACETS, WHOLE_VALUE, Constraint, Facet
from segmentation.language.data import TEXT_DATES, Datum, Kind, Reading, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Leaf
from segmentation.matching.tables import Table

__all__ = ["Column", "Slot"]

_OF_THE_DAY = frozenset({Facet.DAYS_AGO, Facet.WEEKS_AGO, Facet.MONTHS_AGO, Facet.YEARS_AGO, Facet.MONTHS_AGO_IN_YEAR, Facet.ANNIVERSARY})
_THEMSELVES = frozenset({Facet.TEXT, Facet.NUMBER, Facet.BOOLEAN})
"""The facets that are the datum itself."""
_DAYS_KEPT = 4  # todays whose rows are remembered
_LONGEST = 256  # letters of a text that is remembered
_WIDEST = 1 << 64  # integers below are remembered
_SHORTEST_DATE = len("YYYY-MM-DD")
_DASH = 4  # where the first dash of ISO text stands


class Slot:
    """At most one condition of each conjunction on the attribute. A second condition of a conjunction goes to a second slot."""

    __slots__ = ("_by_kind", "_of_scalars", "_whole", "ages", "base", "positives", "tables")

    def __init__(self) -> None:
        self.positives = 0
        """The bits of conditions that are to be met; those of complements are not among them."""
        self.base = 0
        """The row when no condition is met: all ones but the positives."""
        self.tables: dict[tuple[Facet, Kind], Table] = {}
        self._by_kind: dict[Kind, list[tuple[Any, Table]]] = {}
        self._of_scalars: dict[Kind, list[Table]] = {}
        """The tables of texts, numbers and booleans by themselves."""
        self._whole: list[tuple[Facet, Table]] = []
        self.ages: dict[Kind, list[Table]] = {}
        """The tables of ages, which go by the microsecond and are not remembered."""

    def add(self, leaf: Leaf, bit: int, *, is_negated: bool) -> None:
        """Add a condition."""
        if not is_negated:
            self.positives |= 1 << bit
        together: dict[tuple[Facet, Kind], list[Constraint]] = {}
        for check in leaf.checks:
            together.setdefault((check.facet, check.kinds), []).append(check.constraint)
        for key, constraints in together.items():
            if key not in self.tables:
                self.tables[key] = Table(key[0])
            self.tables[key].add(constraints, bit)

    def seal(self, capacity: int) -> None:
        """Let what was added take effect, in rows of so many bits."""
        self.base = (1 << capacity) - 1 ^ self.positives
        for table in self.tables.values():
            table.seal()
        self._whole = [(facet, table) for (facet, _), table in self.tables.items() if facet in WHOLE_VALUE]
        scalar = [(facet, kinds, table) for (facet, kinds), table in self.tables.items() if facet not in WHOLE_VALUE]
        self._by_kind = {kind: [(FACETS[facet], table) for facet, kinds, table in scalar if kind in kinds and facet is not Facet.AGE] for kind in Kind}
        self._of_scalars = {kind: [table for facet, kinds, table in scalar if kind in kinds and facet in _THEMSELVES] for kind in Kind}
        self.ages = {kind: [table for facet, kinds, table in scalar if kind in kinds and facet is Facet.AGE] for kind in Kind}

    def copy(self) -> Slot:
        """A copy that can be added to without changing this one."""
        new = Slot()
        new.positives = self.positives
        new.tables = {key: table.copy() for key, table in self.tables.items()}
        return new

    def hits(self, reading: Reading, clock: Clock) -> int:
        """The bits of the conditions (ages aside) that a value meets, complements not yet taken."""
        found = self.whole_hits(reading, clock)
        for datum in reading.data:
            for facet, table in self._by_kind[datum.kind]:
                scalar = facet(datum, clock)
                if scalar is not None:
                    found |= table.hits(scalar, clock)
        return found

    def whole_hits(self, reading: Reading, clock: Clock) -> int:
        """The bits of the conditions on the whole value that are met."""
        found = 0
        for facet, table in self._whole:
            scalar = {Facet.KNOWN: reading.is_known, Facet.PRESENT: reading.is_present, Facet.COUNT: reading.count}[facet]
            found |= table.hits(scalar, clock)
        return found

    def scalar_hits(self, kind: Kind, scalar: str | float, clock: Clock) -> int:
        """The bits of the conditions that a text, number or boolean meets by itself, those on the whole value aside."""
        found = 0
        for table in self._of_scalars[kind]:
            found |= table.hits(scalar, clock)
        return found

    def age_hits(self, data: Iterable[Datum], clock: Clock) -> int:
        """The bits of the conditions on age that are met."""
        found = 0
        for datum in data:
            for table in self.ages[datum.kind]:
                if datum.instant is not None:
                    found |= table.hits(clock.now - datum.instant, clock)
        return found


_Aged = tuple[list[int], tuple[Datum, ...]]
"""The hits of a value in every slot, ages aside, and its data to take the ages of."""


_Rows = dict[type, dict[Any, int | _Aged]]


def _no_rows() -> _Rows:
    return {str: {}, int: {}, float: {}, bool: {}, type(None): {}, type(MISSING): {}}


class Column:
    """All conditions of a block on one attribute.

    Remembered rows are only ever added whole, or dropped all together: threads that race write equal rows.
    """

    __slots__ = ("_has_ages", "_is_text_plain", "_kinds", "_most", "_of_the_day", "_rows", "_rows_always", "_scalar_whole", "attribute", "calendar", "slots")

    def __init__(self, attribute: Attribute, calendar: Calendar) -> None:
        self.attribute = attribute
        self.calendar = calendar
        self.slots: list[Slot] = []
        self._most = 0
        self._rows_always = _no_rows()
        """By type and value: rows, or what is needed to find one."""
        self._rows: dict[int, _Rows] = {}
        """The same by today, when the day matters."""

    def add(self, leaf: Leaf, bit: int, slot: int, *, is_negated: bool) -> None:
        """Add the condition that a conjunction makes, its `slot`-th on this attribute."""
        if slot == len(self.slots):
            self.slots.append(Slot())
        self.slots[slot].add(leaf, bit, is_negated=is_negated)

    def copy(self) -> Column:
        """A copy that can be added to without changing this one."""
        new = Column(self.attribute, self.calendar)
        new.slots = [slot.copy() for slot in self.slots]
        return new

    def seal(self, capacity: int, remembered: int) -> None:
        """Let what was added take effect, in rows of so many bits, of which at most so many are remembered."""
        self._most = remembered
        self._rows, self._rows_always = {}, _no_rows()
        for slot in self.slots:
            slot.seal(capacity)
        facets = {facet for slot in self.slots for facet, _ in slot.tables}
        self._of_the_day = bool(facets & _OF_THE_DAY)
        self._has_ages = Facet.AGE in facets
        reads_dates = any(kinds & TEXT_DATES for slot in self.slots for _, kinds in slot.tables)
        is_text = self.attribute.type in (None, AttributeType.STRING, AttributeType.GEOPOINT)
        self._kinds: dict[type, Kind] = {}
        """The types whose values are their own datum."""
        if is_text:
            self._kinds[str] = Kind.STRING
        if self.attribute.type in (None, AttributeType.NUMBER):
            self._kinds |= {int: Kind.NUMBER, float: Kind.NUMBER}
        if self.attribute.type in (None, AttributeType.BOOLEAN):
            self._kinds[bool] = Kind.BOOLEAN
        self._is_text_plain = is_text and not reads_dates
        if Facet.POINT in facets:
            self._kinds.pop(str, None)
        a_scalar = Reading((), is_known=True, is_present=True, count=1)
        self._scalar_whole = [slot.whole_hits(a_scalar, Clock(1, 0, 0)) for slot in self.slots]

    def row(self, stored: Any, clock: Clock) -> int:
        """The row of a stored value (`MISSING` when there is none)."""
        kind = type(stored)
        rows = (self._rows_of(clock.today) if self._of_the_day else self._rows_always).get(kind)
        if rows is None:  # arrays, objects, Python dates: not remembered
            found = self._find(stored, kind, clock)
        elif (known := rows.get(stored)) is not None:
            found = known
        else:
            found = self._find(stored, kind, clock)
            if self._most and not (kind is str and len(stored) > _LONGEST) and not (kind is int and not -_WIDEST < stored < _WIDEST):
                if len(rows) >= self._most:
                    rows.clear()
                rows[stored] = found
        return found if isinstance(found, int) else self._aged(found, clock)

    def _rows_of(self, day: int) -> _Rows:
        rows = self._rows.get(day)
        if rows is None:
            if len(self._rows) >= _DAYS_KEPT:
                self._rows = {}
            rows = self._rows[day] = _no_rows()
        return rows

    def _find(self, stored: Any, kind: type, clock: Clock) -> int | _Aged:
        own = self._kinds.get(kind)
        if own is None or (kind is str and not self._is_text_plain and _may_be_date(stored)) or (kind is float and stored != stored):  # noqa: PLR0124 - NaN
            reading = read(stored, self.attribute, self.calendar)
            hits = [slot.hits(reading, clock) for slot in self.slots]
            if self._has_ages:
                return hits, reading.data
        else:
            if len(self.slots) == 1:
                slot = self.slots[0]
                return slot.base ^ (self._scalar_whole[0] | slot.scalar_hits(own, stored, clock))
            hits = [whole | slot.scalar_hits(own, stored, clock) for whole, slot in zip(self._scalar_whole, self.slots, strict=True)]
        return self._row(hits)

    def _aged(self, found: _Aged, clock: Clock) -> int:
        hits, data = found
        return self._row([hit | slot.age_hits(data, clock) for hit, slot in zip(hits, self.slots, strict=True)])

    def _row(self, hits: list[int]) -> int:
        """What is not falsified: complements that are not hit, conditions that are, and whatever asks nothing."""
        if len(hits) == 1:
            return self.slots[0].base ^ hits[0]
        return reduce(and_, (slot.base ^ hit for slot, hit in zip(self.slots, hits, strict=True)))


def _may_be_date(text: str) -> bool:
    return len(text) >= _SHORTEST_DATE and text[_DASH] == "-"
