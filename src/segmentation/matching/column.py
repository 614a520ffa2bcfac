"""Columns: one attribute's values, as rows of bits.

Every conjunction has a bit. The *row* of a value is the set of conjunctions that the value does not falsify; a record's answer is the AND of one row an
attribute. Values of which the same conditions hold have the same row: they are one class. A row is found through tables when a value is new, and
remembered (within bounds) for when it comes again.

A row is as wide as its block may become: bits of conjunctions that ask nothing of the attribute are ones, also those that do not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from segmentation.language.attributes import MISSING, Attribute, AttributeType
from segmentation.language.checks import FACETS, WHOLE_VALUE, Constraint, Facet
from segmentation.language.data import DATES, TEXT_DATES, Datum, Kind, Reading, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import A_SCALAR, NO_CLOCK, Leaf
from segmentation.matching.direct import ValueTest, compile_leaf
from segmentation.matching.flips import Flips
from segmentation.matching.spans import EVERYTHING, Span, complement, intersection, spans
from segmentation.matching.tables import Hits, Table

__all__ = ["Column", "Slot"]

_OF_THE_DAY = frozenset({Facet.DAYS_AGO, Facet.WEEKS_AGO, Facet.MONTHS_AGO, Facet.YEARS_AGO, Facet.MONTHS_AGO_IN_YEAR, Facet.ANNIVERSARY})
_OF_DAYS = frozenset({Facet.DAY, Facet.DAY_OF_MONTH, Facet.MONTH, Facet.YEAR, Facet.MONTH_DAY})
_IN_JSON = ~DATES
"""The kinds of data that an undeclared attribute has in JSON; Python dates are rarer."""
_DAYS_KEPT = 4  # todays whose rows are remembered
_LONGEST = 256  # letters of a text that is remembered
_SHORTEST_DATE = len("YYYY-MM-DD")
_DASH = 4  # where the first dash of ISO text stands
_NARROW = 4_096  # capacity up to which few conditions may be left to be asked
_EFFORT_OF_NUMBER = 0.4
_EFFORT_OF_ROW = 0.6
_EFFORT_OF_READING = 6.0
_EFFORT_OF_TEST = 0.35
_WORTH_ASKING = 2.0


class Slot:
    """At most one condition of each conjunction on the attribute. A second condition of a conjunction goes to a second slot."""

    __slots__ = ("_by_day", "_by_kind", "_days", "_most", "_whole", "ages", "base", "positives", "tables")

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
        self._days: dict[int, dict[tuple[Kind, int], int]] = {}
        """For some todays: the hits of days."""
        for (_, kinds), table in self.tables.items():
            if not kinds or kinds & reached:
                table.seal()
        self._whole = [(WHOLE_VALUE[facet], table) for (facet, _), table in self.tables.items() if facet in WHOLE_VALUE]
        self._by_day = self._grouped(_OF_THE_DAY | _OF_DAYS)
        self._by_kind = self._grouped(frozenset(FACETS) - _OF_THE_DAY - _OF_DAYS - {Facet.AGE})
        self.ages = self._grouped(frozenset({Facet.AGE}))
        """The tables of ages, which go by the microsecond and are not remembered."""

    def _grouped(self, facets: frozenset[Facet]) -> dict[Kind, list[tuple[Any, Table]]]:
        """The tables of some facets by the kind of data that they look at."""
        return {kind: [(FACETS[facet], table) for (facet, kinds), table in self.tables.items() if facet in facets and kind & kinds] for kind in Kind}

    def hits(self, reading: Reading, clock: Clock) -> int:
        """The bits of the conditions (ages aside) that a value meets, complements not yet taken."""
        return self.whole_hits(reading, clock) | self.scalar_hits(reading, clock)

    def scalar_hits(self, reading: Reading, clock: Clock) -> int:
        """The bits of the conditions (ages aside) that the scalars of a value meet."""
        found = 0
        for datum in reading.data:
            for facet, table in self._by_kind[datum.kind]:
                scalar = facet(datum, clock)
                if scalar is not None:
                    found |= table.hits(scalar, clock)
            if datum.day is not None:
                found |= self._day_hits(datum, clock)
        return found

    def _day_hits(self, datum: Datum, clock: Clock) -> int:
        """The bits of the conditions that a date meets by its day."""
        tables = self._by_day[datum.kind]
        if not tables or datum.day is None:
            return 0
        known = self._days.get(clock.today)
        if known is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days = {}
            known = self._days[clock.today] = {}
        key = (datum.kind, datum.day)
        found = known.get(key)
        if found is None:
            found = 0
            for facet, table in tables:
                scalar = facet(datum, clock)
                if scalar is not None:
                    found |= table.hits(scalar, clock)
            if len(known) >= self._most:
                known.clear()
            if self._most:
                known[key] = found
        return found

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
                for _, table in self.ages[datum.kind]:
                    found |= table.hits(clock.now - datum.instant, clock)
        return found


_Aged = tuple[list[int], tuple[Datum, ...]]
"""The hits of a value in every slot, ages aside, and its data to take the ages of."""

_Rows = dict[type, dict[Any, int | _Aged]]
"""By type and value: rows, or what is needed to find one."""


def _no_rows() -> _Rows:
    return {str: {}, bool: {}, type(None): {}, type(MISSING): {}}


class Column:
    """All conditions of a block on one attribute.

    Remembered rows are only ever added whole, or dropped all together: threads that race write equal rows.
    """

    __slots__ = (
        "_elements",
        "_flips", "_has_ages", "_line", "_literals", "_may_be_date", "_most", "_of_the_day", "_rows", "_rows_always", "_tests", "_text",
        "_unbounded", "attribute", "calendar", "effort", "few", "restricted", "slots",
    )  # fmt: skip

    def __init__(self, attribute: Attribute, calendar: Calendar) -> None:
        self.attribute = attribute
        self.calendar = calendar
        self.slots: list[Slot] = []
        self._most = 0
        self._line: Flips | None = None
        """The rows of plain numbers."""
        self.restricted = 0
        """The bits of conjunctions with a condition."""
        self._unbounded = 0
        """The bits of conjunctions that are met by numbers however small."""
        self._literals: dict[int, Sequence[tuple[Leaf, bool]]] = {}
        """By bit, the conditions; nothing in wide blocks, where no few of them are asked."""
        self._flips: list[tuple[Any, int]] = []
        """What is to be added to the line."""

    def add(self, literals: Sequence[tuple[Leaf, bool]], bit: int) -> None:
        """Add the conditions that a conjunction makes on this attribute, each a leaf and whether its complement is meant."""
        admitted = EVERYTHING
        for number, (leaf, is_negated) in enumerate(literals):
            if number == len(self.slots):
                self.slots.append(Slot())
            self.slots[number].add(leaf, bit, is_negated=is_negated)
            admitted = intersection(admitted, complement(_numbers_of(leaf)) if is_negated else _numbers_of(leaf))
        self.restricted |= 1 << bit
        self._literals[bit] = literals
        for start, stop in admitted:
            if start is None:
                self._unbounded |= 1 << bit
            self._flips += [(scalar, bit) for scalar in (start, stop) if scalar is not None]

    def copy(self) -> Column:
        """A copy that can be added to without changing this one."""
        new = Column(self.attribute, self.calendar)
        new.slots = [slot.copy() for slot in self.slots]
        new._line, new.restricted, new._unbounded, new._literals = self._line, self.restricted, self._unbounded, self._literals.copy()
        return new

    def seal(self, capacity: int, budget: int) -> None:
        """Let what was added take effect, in rows of so many bits, of which at most so many bytes are remembered."""
        remembered = self._most = budget // (4 * (capacity // 8 + 100))  # a quarter for values, one for days, the rest for the line
        self._rows_always = _no_rows()
        self._rows: dict[int, _Rows] = {}
        """The same by today, when the day matters."""
        declared = self.attribute.type
        for slot in self.slots:
            slot.seal(capacity, remembered, _IN_JSON if declared is None else ~Kind(0))
        facets = {facet for slot in self.slots for facet, _ in slot.tables}
        self._of_the_day = bool(facets & _OF_THE_DAY)
        self._has_ages = Facet.AGE in facets
        if declared in (None, AttributeType.NUMBER):
            initial = (1 << capacity) - 1 ^ self.restricted | self._unbounded
            self._line = (self._line or Flips()).with_flips(self._flips, initial)
            self._line.keep(budget)
        self._flips = []
        is_text = declared in (None, AttributeType.STRING, AttributeType.GEOPOINT) and Facet.POINT not in facets
        self._text: list[tuple[int, int, tuple[Hits, ...]]] | None = None
        """For plain texts, in every slot: its base, the hits of any text, and the look-ups of a text."""
        if is_text:
            self._text = [(slot.base, slot.whole_hits(A_SCALAR, NO_CLOCK), slot.text_hits()) for slot in self.slots]
        self.effort = self._effort()
        """About how long the row of a new value takes, in microseconds."""
        is_narrow = capacity <= _NARROW
        self.few = (
            int(self.effort / _EFFORT_OF_TEST) if is_narrow and is_text and self.effort >= _WORTH_ASKING and not (self._of_the_day or self._has_ages) else 0
        )
        """As many conditions are tried one by one sooner than a new text's row is found."""
        if not is_narrow:
            self._literals = {}
        self._tests: dict[int, ValueTest] = {}
        self._elements: dict[str, list[int]] | None = None if self._of_the_day or self._has_ages else {}
        """By text, as an element of an array, the hits in every slot."""
        self._may_be_date = any(kinds & TEXT_DATES for slot in self.slots for _, kinds in slot.tables)

    def _effort(self) -> float:
        if self._text is not None:
            return _EFFORT_OF_ROW + sum(slot.text_effort() for slot in self.slots)
        return _EFFORT_OF_READING if self._line is None else _EFFORT_OF_NUMBER

    def sieved(self, alive: int, asked: int, stored: Any, clock: Clock) -> int:
        """The bits that are alive without those, of the few that are asked, whose conditions a stored value does not meet."""
        while asked:
            lowest = asked & -asked
            asked ^= lowest
            bit = lowest.bit_length()
            test = self._tests.get(bit)
            if test is None:
                test = self._tests[bit] = _all_met(self._literals[bit - 1], self.calendar)
            if not test(stored, clock):
                alive ^= lowest
        return alive

    def is_new_text(self, stored: Any) -> bool:
        """Whether a value is a text whose row is not at hand."""
        return type(stored) is str and stored not in self._rows_always[str]

    def row(self, stored: Any, clock: Clock) -> int:
        """The row of a stored value (`MISSING` when there is none)."""
        kind = type(stored)
        if (kind is int or (kind is float and stored == stored)) and self._line is not None:  # noqa: PLR0124 - NaN is not a number
            return self._line.at(stored)
        rows = (self._rows_of(clock.today) if self._of_the_day else self._rows_always).get(kind)
        if rows is None:  # arrays, objects, Python dates: not remembered
            found = self._find(stored, kind, clock)
        elif (known := rows.get(stored)) is not None:
            found = known
        else:
            found = self._find(stored, kind, clock)
            if self._most and not (kind is str and len(stored) > _LONGEST):
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
        if kind is str and self._text is not None and not (self._may_be_date and len(stored) >= _SHORTEST_DATE and stored[_DASH] == "-"):
            row = -1
            for base, whole, look_ups in self._text:
                hits = whole
                for look_up in look_ups:
                    hits |= look_up(stored, clock)
                row = base ^ hits if row < 0 else row & (base ^ hits)
            return row
        if kind is list and self._elements is not None:
            return self._of_array(stored, self._elements, clock)
        reading = read(stored, self.attribute, self.calendar)
        hits_by_slot = [slot.hits(reading, clock) for slot in self.slots]
        return (hits_by_slot, reading.data) if self._has_ages else self._row(hits_by_slot)

    def _of_array(self, stored: list[Any], known: dict[str, list[int]], clock: Clock) -> int:
        """The row of an array: the hits of its texts are remembered one by one, since arrays seldom come again but their elements do."""
        others = []
        hits_by_slot = [0] * len(self.slots)
        for element in stored:
            if type(element) is not str:
                others.append(element)
                continue
            hits = known.get(element)
            if hits is None:
                reading = read([element], self.attribute, self.calendar)
                hits = [slot.scalar_hits(reading, clock) for slot in self.slots]
                if self._most and len(element) <= _LONGEST:
                    if len(known) >= self._most:
                        known.clear()
                    known[element] = hits
            hits_by_slot = [one | other for one, other in zip(hits_by_slot, hits, strict=True)]
        whole = replace(read(others, self.attribute, self.calendar), count=len(stored))
        return self._row([hits | slot.hits(whole, clock) for hits, slot in zip(hits_by_slot, self.slots, strict=True)])

    def _aged(self, found: _Aged, clock: Clock) -> int:
        hits_by_slot, data = found
        return self._row([hits | slot.age_hits(data, clock) for hits, slot in zip(hits_by_slot, self.slots, strict=True)])

    def _row(self, hits_by_slot: list[int]) -> int:
        """What is not falsified: complements that are not hit, conditions that are, and whatever asks nothing."""
        row = -1
        for slot, hits in zip(self.slots, hits_by_slot, strict=True):
            row = slot.base ^ hits if row < 0 else row & (slot.base ^ hits)
        return row


def _numbers_of(leaf: Leaf) -> list[Span]:
    """The numbers that a leaf admits."""
    if leaf.admits_any_scalar():
        return EVERYTHING
    return spans([check.constraint for check in leaf.checks if check.facet is Facet.NUMBER], with_members=True)


def _all_met(literals: Sequence[tuple[Leaf, bool]], calendar: Calendar) -> ValueTest:
    """The conditions of one conjunction as one test."""
    tests = [(compile_leaf(leaf, calendar), is_negated) for leaf, is_negated in literals]
    if len(tests) == 1 and not tests[0][1]:
        return tests[0][0]
    return lambda stored, clock: all(test(stored, clock) is not is_negated for test, is_negated in tests)
