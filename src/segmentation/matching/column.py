"""Columns: one attribute's values, as rows of bits.

Every conjunction has a bit. The *row* of a value is the set of conjunctions that the value does not falsify; a record's answer is the AND of one row an
attribute. Values of which the same conditions hold have the same row: they are one class. A row is found through tables when a value is new, and
remembered (within bounds) for when it comes again.

A row is as wide as its block may become: bits of conjunctions that ask nothing of the attribute are ones, also those that do not exist yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache, reduce
from operator import or_
from typing import Any

from segmentation.language.attributes import Attribute, AttributeType, Missing
from segmentation.language.checks import FACETS, WHOLE_VALUE, Constraint, Facet
from segmentation.language.data import DATES, TEXT_DATES, Datum, Kind, Reading, data_of, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import A_SCALAR, NO_CLOCK, Leaf
from segmentation.matching.direct import FEW_VALUED
from segmentation.matching.flips import Flips
from segmentation.matching.spans import EVERYTHING, Span, complement, intersection, spans
from segmentation.matching.tables import Hits, Table

__all__ = ["Column", "Slot"]

_OF_THE_DAY = frozenset({Facet.DAYS_AGO, Facet.WEEKS_AGO, Facet.MONTHS_AGO, Facet.YEARS_AGO, Facet.MONTHS_AGO_IN_YEAR, Facet.ANNIVERSARY})
_OF_MONTH_DAYS = frozenset({Facet.DAY_OF_MONTH, Facet.MONTH, Facet.MONTH_DAY, Facet.MONTHS_AGO_IN_YEAR, Facet.ANNIVERSARY})
"""The facets that are the same in every year: 366 days say all."""
_OF_DAYS = frozenset({Facet.DAY, Facet.YEAR}) | _OF_THE_DAY - _OF_MONTH_DAYS
_IN_JSON = ~DATES
"""The kinds of data that an undeclared attribute has in JSON; Python dates are rarer."""
_DAYS_KEPT = 4  # todays whose rows are remembered
_COUNTS_KEPT = 64  # elements of an array up to which what it is as a whole is remembered
_LONGEST = 256  # letters of a text that is remembered
_SHORTEST_DATE = len("YYYY-MM-DD")
_DASH = 4  # where the first dash of ISO text stands
_EFFORT_OF_NUMBER = 0.4
_EFFORT_OF_ROW = 1.5
_EFFORT_OF_ROW_OF_DATE = 8.0
_EFFORT_OF_READING = 7.0
_EFFORT_OF_TEST = 0.35
_EFFORT_OF_TEST_OF_DATE = 2.0
_ONCE_KEPT = 1_024
_KINDS = tuple(Kind)


@cache
def _members(kinds: Kind) -> tuple[Kind, ...]:
    return tuple(kinds)


_Grouped = list[tuple[Callable[[Datum, Clock], Any], tuple[Hits, ...]]]
"""Facets, each with the look-ups of its scalars."""


def _hits(grouped: _Grouped, datum: Datum, clock: Clock) -> int:
    found = 0
    for facet, look_ups in grouped:
        scalar = facet(datum, clock)
        if scalar is not None:
            for look_up in look_ups:
                found |= look_up(scalar, clock)
    return found


class Slot:
    """At most one condition of each conjunction on the attribute. A second condition of a conjunction goes to a second slot."""

    __slots__ = ("_ages", "_by_day", "_by_kind", "_by_month_day", "_days", "_instants", "_most", "_whole", "base", "positives", "tables")

    def __init__(self) -> None:
        self.positives = 0
        """The bits of conditions that are to be met; those of complements are not among them."""
        self.tables: dict[tuple[Facet, Kind], Table] = {}

    def add(self, leaf: Leaf, bit: int, *, is_negated: bool) -> None:
        """Add a condition."""
        if not is_negated:
            self.positives |= 1 << bit
        together: dict[tuple[Facet, Kind], list[Constraint]] = {}
        for check in leaf.checks:
            together.setdefault((check.facet, check.kinds), []).append(check.constraint)
        for key, constraints in together.items():
            if key not in self.tables:
                self.tables[key] = Table()
            self.tables[key].add(constraints, bit)

    def copy(self) -> Slot:
        """A copy that can be added to without changing this one."""
        new = Slot()
        new.positives = self.positives
        new.tables = {key: table.copy() for key, table in self.tables.items()}
        return new

    def seal(self, capacity: int, remembered: int, reached: Kind) -> None:
        """Let what was added take effect.

        Args:
            capacity: The bits of a row.
            remembered: How many days' hits are remembered.
            reached: The kinds of data to be expected; tables for others wait until they are asked.
        """
        self.base = (1 << capacity) - 1 ^ self.positives
        """The row when no condition is met: all ones but the positives."""
        self._most = remembered
        self._days: dict[int, dict[tuple[int, ...], int]] = {}
        """For some todays: the hits of days, by kind and day, and of month-days, by kind, month and day."""
        for (_, kinds), table in self.tables.items():
            if not kinds or kinds & reached:
                table.seal()
        self._whole = [(WHOLE_VALUE[facet], table) for (facet, _), table in self.tables.items() if facet in WHOLE_VALUE]
        self._by_day = self._grouped(_OF_DAYS)
        self._by_month_day = self._grouped(_OF_MONTH_DAYS)
        self._by_kind = self._grouped(frozenset(FACETS) - _OF_DAYS - _OF_MONTH_DAYS - {Facet.INSTANT, Facet.AGE})
        self._instants = self._of_instants(Facet.INSTANT)
        self._ages = self._of_instants(Facet.AGE)
        """The look-ups of ages, which go by the microsecond and are not remembered."""

    def _grouped(self, facets: frozenset[Facet]) -> dict[Kind, _Grouped]:
        """The look-ups of some facets by the kind of data that they look at."""
        grouped: dict[Kind, _Grouped] = {kind: [] for kind in _KINDS}
        for (facet, kinds), table in self.tables.items():
            if facet in facets:
                for kind in _members(kinds):
                    grouped[kind].append((FACETS[facet], table.look_ups))
        return grouped

    def _of_instants(self, facet: Facet) -> dict[Kind, tuple[Hits, ...]]:
        """The look-ups of a facet of instants by the kind of date that they look at."""
        return {kind: tuple(look_up for _, look_ups in grouped for look_up in look_ups) for kind, grouped in self._grouped(frozenset({facet})).items()}

    def hits(self, reading: Reading, clock: Clock) -> int:
        """The bits of the conditions (ages aside) that a value meets, complements not yet taken."""
        return self.whole_hits(reading, clock) | self.scalar_hits(reading.data, clock)

    def scalar_hits(self, data: Iterable[Datum], clock: Clock) -> int:
        """The bits of the conditions (ages aside) that the scalars of a value meet."""
        found = 0
        for datum in data:
            grouped = self._by_kind[datum.kind]
            if grouped:
                found |= _hits(grouped, datum, clock)
            if datum.day is not None:
                found |= self._day_hits(datum, datum.day, clock)
                if datum.instant is not None:
                    for look_up in self._instants[datum.kind]:
                        found |= look_up(datum.instant, clock)
        return found

    def _day_hits(self, datum: Datum, ordinal: int, clock: Clock) -> int:
        """The bits of the conditions that a date meets by its day."""
        of_days, of_month_days = self._by_day[datum.kind], self._by_month_day[datum.kind]
        if not (of_days or of_month_days):
            return 0
        known = self._days.get(clock.today)
        if known is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days = {}
            known = self._days[clock.today] = {}
        key: tuple[int, ...] = (datum.kind, ordinal)
        found = known.get(key)
        if found is None:
            found = _hits(of_days, datum, clock)
            if of_month_days:
                day = date.fromordinal(ordinal)
                month_day = (datum.kind, day.month, day.day)
                of_month_day = known.get(month_day)
                if of_month_day is None:
                    of_month_day = _hits(of_month_days, datum, clock)
                    self._keep(known, month_day, of_month_day)
                found |= of_month_day
            self._keep(known, key, found)
        return found

    def _keep(self, known: dict[tuple[int, ...], int], key: tuple[int, ...], found: int) -> None:
        if len(known) >= self._most:
            known.clear()
        if self._most:
            known[key] = found

    def whole_hits(self, reading: Reading, clock: Clock) -> int:
        """The bits of the conditions on the whole value that are met."""
        found = 0
        for of_value, table in self._whole:
            found |= table.hits(of_value(reading), clock)
        return found

    def text_effort(self) -> float:
        """About how long the look-ups of a plain text take, in microseconds."""
        return sum(table.effort for (facet, kinds), table in self.tables.items() if facet is Facet.TEXT and kinds & Kind.STRING)

    def text_hits(self) -> tuple[Hits, ...]:
        """The look-ups of a plain text, conditions on the whole value aside."""
        return tuple(hits for (facet, kinds), table in self.tables.items() if facet is Facet.TEXT and kinds & Kind.STRING for hits in table.asked)

    def age_hits(self, data: Iterable[Datum], clock: Clock) -> int:
        """The bits of the conditions on age that are met."""
        found = 0
        for datum in data:
            if datum.instant is not None:
                for look_up in self._ages[datum.kind]:
                    found |= look_up(clock.now - datum.instant, clock)
        return found


_Aged = tuple[list[int], tuple[Datum, ...]]
"""The hits of a value in every slot, ages aside, and its data to take the ages of."""


class Column:
    """All conditions of a block on one attribute.

    Remembered rows are only ever added whole, or dropped all together: threads that race write equal rows.
    """

    __slots__ = (
        "_by_count", "_elements", "_flips", "_has_ages", "_may_be_date", "_most", "_of_any_scalar", "_of_the_day", "_once", "_rows_of_days", "_text",
        "_unbounded", "attribute", "calendar", "effort", "effort_of_reading", "effort_of_test", "line", "novelty", "others", "restricted", "slots", "texts",
    )  # fmt: skip

    def __init__(self, attribute: Attribute, calendar: Calendar) -> None:
        self.attribute = attribute
        self.calendar = calendar
        self.slots: list[Slot] = []
        self._most = 0
        self.line: Flips | None = None
        """The rows of plain numbers."""
        self.restricted = 0
        """The bits of conjunctions with a condition."""
        self._unbounded = 0
        """The bits of conjunctions that are met by numbers however small."""
        self._flips: list[tuple[Any, int]] = []
        """What is to be added to the line."""

    def add(self, literals: Sequence[tuple[Leaf, bool]], bit: int) -> None:
        """Add the conditions that a conjunction makes on this attribute, each a leaf and whether its complement is meant."""
        for number, (leaf, is_negated) in enumerate(literals):
            if number == len(self.slots):
                self.slots.append(Slot())
            self.slots[number].add(leaf, bit, is_negated=is_negated)
        self.restricted |= 1 << bit
        if self.attribute.type in (None, AttributeType.NUMBER):
            admitted = [complement(_numbers_of(leaf)) if is_negated else _numbers_of(leaf) for leaf, is_negated in literals]
            for start, stop in reduce(intersection, admitted):
                if start is None:
                    self._unbounded |= 1 << bit
                else:
                    self._flips.append((start, bit))
                if stop is not None:
                    self._flips.append((stop, bit))

    def copy(self) -> Column:
        """A copy that can be added to without changing this one."""
        new = Column(self.attribute, self.calendar)
        new.slots = [slot.copy() for slot in self.slots]
        new.line, new.restricted, new._unbounded = self.line, self.restricted, self._unbounded
        return new

    def seal(self, capacity: int, budget: int) -> None:
        """Let what was added take effect, in rows of so many bits, of which at most so many bytes are remembered."""
        remembered = self._most = budget // (4 * (capacity // 8 + 100))  # a quarter for values, one for days, the rest for the line
        self.texts: dict[str, int] = {}
        """Rows of texts, where neither the day nor the time matters."""
        self.others: dict[bool | Missing | None, int] = {}
        """Rows of what is no text, number, array or object; none of them depends on the time."""
        self._rows_of_days: dict[int, dict[str, int | _Aged]] = {}
        """Rows of texts by today (0 when only the time matters), or what is needed to find one."""
        declared = self.attribute.type
        reached = _IN_JSON if declared is None else ~Kind(0)
        for slot in self.slots:
            slot.seal(capacity, remembered, reached & ~Kind.NUMBER)  # of plain numbers the line answers
        facets = {facet for slot in self.slots for facet, _ in slot.tables}
        self._of_the_day = bool(facets & _OF_THE_DAY)
        self._has_ages = Facet.AGE in facets
        if declared in (None, AttributeType.NUMBER):
            initial = (1 << capacity) - 1 ^ self.restricted | self._unbounded
            self.line = (self.line or Flips()).with_flips(self._flips, initial, budget)
        self._flips = []
        is_text = declared in (None, AttributeType.STRING, AttributeType.GEOPOINT) and Facet.POINT not in facets
        self._of_any_scalar = [slot.whole_hits(A_SCALAR, NO_CLOCK) for slot in self.slots]
        """In every slot, the hits of any scalar as a whole."""
        self._text: list[tuple[int, tuple[Hits, ...]]] | None = None
        """For plain texts, in every slot: the hits of any text, and the look-ups of a text."""
        if is_text:
            self._text = [(of_any, slot.text_hits()) for of_any, slot in zip(self._of_any_scalar, self.slots, strict=True)]
        self.effort = self._effort()
        """About how long the row of a new value takes, in microseconds."""
        is_read = self._text is None and self.line is None
        self.novelty = 0.0 if is_read else 1.0 if self.effort > _EFFORT_OF_ROW + 0.3 else 0.1
        """How many values of a record are expected to be new: few of those that are only compared for equality."""
        self.effort_of_reading = _EFFORT_OF_READING if is_read else 0.3
        """About how long it takes until conditions on a value can be tried."""
        self.effort_of_test = _EFFORT_OF_TEST_OF_DATE if is_read else _EFFORT_OF_TEST
        """About how long one condition takes."""
        self._once: set[int] = set()
        """The hashes of texts that came once when few conditions were left to be asked of them."""
        is_timeless = not (self._of_the_day or self._has_ages)
        self._elements: dict[str, list[int]] | None = {} if is_timeless else None
        """By text, as an element of an array, the hits in every slot."""
        self._by_count: dict[int, list[int]] = {}
        """By number of elements, the hits of an array of texts as a whole, in every slot."""
        self._may_be_date = any(kinds & TEXT_DATES for slot in self.slots for _, kinds in slot.tables)

    def _effort(self) -> float:
        if self._text is not None:
            return _EFFORT_OF_ROW + sum(slot.text_effort() for slot in self.slots)
        return _EFFORT_OF_ROW_OF_DATE if self.line is None else _EFFORT_OF_NUMBER

    def is_rare(self, stored: Any) -> bool:
        """Whether a value whose row is not at hand seems not to come again: it did not come before, as far as is remembered."""
        if type(stored) is not str or not self._most:
            return True
        name = hash(stored)
        if name in self._once:
            return False
        if len(self._once) >= _ONCE_KEPT:
            self._once.clear()
        self._once.add(name)
        return True

    def row(self, stored: Any, clock: Clock) -> int:
        """The row of a stored value (`MISSING` when there is none) that is not at hand; it is from now on, if it may come again."""
        kind = type(stored)
        if kind is str:
            if self._elements is None:
                return self._row_of_the_day(stored, clock)
            row = self._row(self._hits_of_text(stored, clock))
            if self._most and len(stored) <= _LONGEST:
                if len(self.texts) >= self._most:
                    self.texts.clear()
                self.texts[stored] = row
            return row
        if self.line is not None and (kind is int or (kind is float and stored == stored)):  # noqa: PLR0124 - NaN is not a number
            return self.line.at(stored)
        if kind is list and self._elements is not None:
            return self._row(self._hits_of_array(stored, self._elements, clock))
        row = self._timed(self._find(stored, clock), clock)
        if kind in FEW_VALUED:
            self.others[stored] = row
        return row

    def _row_of_the_day(self, text: str, clock: Clock) -> int:
        """The row of a text that may be a date."""
        today = clock.today if self._of_the_day else 0
        rows = self._rows_of_days.get(today)
        if rows is None:
            if len(self._rows_of_days) >= _DAYS_KEPT:
                self._rows_of_days = {}
            rows = self._rows_of_days[today] = {}
        found = rows.get(text)
        if found is None:
            found = self._find(text, clock)
            if self._most and len(text) <= _LONGEST:
                if len(rows) >= self._most:
                    rows.clear()
                rows[text] = found
        return self._timed(found, clock)

    def _find(self, stored: Any, clock: Clock) -> int | _Aged:
        """The row of any value, or what is needed to find it when the time is known."""
        data = data_of(stored, self.attribute.type, self.calendar) if type(stored) is str else ()
        if data:
            hits_by_slot = [of_any | slot.scalar_hits(data, clock) for of_any, slot in zip(self._of_any_scalar, self.slots, strict=True)]
        else:
            reading = read(stored, self.attribute, self.calendar)
            data = reading.data
            hits_by_slot = [slot.hits(reading, clock) for slot in self.slots]
        return (hits_by_slot, data) if self._has_ages else self._row(hits_by_slot)

    def _hits_of_text(self, text: str, clock: Clock) -> list[int]:
        if self._text is None or (self._may_be_date and len(text) >= _SHORTEST_DATE and text[_DASH] == "-"):
            reading = read(text, self.attribute, self.calendar)
            return [slot.hits(reading, clock) for slot in self.slots]
        found = []
        for hits, look_ups in self._text:
            for look_up in look_ups:
                hits |= look_up(text, clock)  # noqa: PLW2901 - begun with what any text hits
            found.append(hits)
        return found

    def _hits_of_array(self, stored: list[Any], known: dict[str, list[int]], clock: Clock) -> list[int]:
        """The hits of an array's texts are remembered one by one, since arrays seldom come again but their elements do."""
        others: list[Any] = []
        several: list[list[int]] = []
        for element in stored:
            if type(element) is not str:
                others.append(element)
                continue
            hits = known.get(element)
            if hits is None:
                reading = read([element], self.attribute, self.calendar)
                hits = [slot.scalar_hits(reading.data, clock) for slot in self.slots]
                if self._most and len(element) <= _LONGEST:
                    if len(known) >= self._most:
                        known.clear()
                    known[element] = hits
            several.append(hits)
        whole = None if others else self._by_count.get(len(stored))
        if whole is None:
            reading = read(others, self.attribute, self.calendar)._replace(size=len(stored))
            whole = [slot.hits(reading, clock) for slot in self.slots]
            if not others and len(stored) < _COUNTS_KEPT:
                self._by_count[len(stored)] = whole
        if len(whole) == 1:
            one = whole[0]
            for hits in several:
                one |= hits[0]
            return [one]
        return [reduce(or_, hits) for hits in zip(whole, *several, strict=True)]

    def _timed(self, found: int | _Aged, clock: Clock) -> int:
        if isinstance(found, int):
            return found
        hits_by_slot, data = found
        if len(hits_by_slot) == 1:
            only = self.slots[0]
            return only.base ^ (hits_by_slot[0] | only.age_hits(data, clock))
        return self._row([hits | slot.age_hits(data, clock) for hits, slot in zip(hits_by_slot, self.slots, strict=True)])

    def _row(self, hits_by_slot: list[int]) -> int:
        """What is not falsified: complements that are not hit, conditions that are, and whatever asks nothing."""
        row = self.slots[0].base ^ hits_by_slot[0]
        if len(hits_by_slot) == 1:
            return row
        for slot, hits in zip(self.slots[1:], hits_by_slot[1:], strict=True):
            row &= slot.base ^ hits
        return row


def _numbers_of(leaf: Leaf) -> list[Span]:
    """The numbers that a leaf admits."""
    if leaf.admits_any_scalar():
        return EVERYTHING
    return spans([check.constraint for check in leaf.checks if check.facet is Facet.NUMBER], with_members=True)
