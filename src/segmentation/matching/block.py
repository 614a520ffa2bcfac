"""A block: some thousands of conjunctions, matched together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, Generic, NamedTuple, TypeVar

from segmentation.language.attributes import Attribute, Record
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Leaf, Listed, names_of
from segmentation.matching.column import Column
from segmentation.matching.direct import FEW_VALUED, Readings
from segmentation.matching.formulas import Formula
from segmentation.matching.plan import Conjunction
from segmentation.matching.postings import Members
from segmentation.matching.questions import Questions

__all__ = ["Block", "Entry", "Listing", "taken"]

Payload = TypeVar("Payload")

_NARROW = 4_096  # conjunctions of which few may be left to be asked
_EFFORT_OF_CONJUNCTION = 0.4  # in microseconds, about
_LIKELY = 0.6  # that a question of a conjunction is asked: one of those before may have been answered with no
_SHORT = 1_024  # bits of a row, up to which it is worth while to look whether any asks about a column
_FEW, _DENSE = 8, 10  # so few bits are few; of more, one in so many is many
_WHOLE = 2_048  # bits of an int that may be taken as a whole
_PART = 128  # bytes of a wider one that are taken together
_AS_TRUTH = bytes.maketrans(b"01", b"\0\1")
_HIGHEST = [0, *(1 << bit for bit in range(8 * _PART))]
"""By length of an int, its highest bit."""


class Entry(NamedTuple, Generic[Payload]):
    """What a bit stands for."""

    payload: Payload
    """The answer."""
    label: str
    """The answer's name."""
    formula: Formula | None
    """For a candidate: what decides when a conjunction holds. None when those are exact."""


class _Asking(NamedTuple):
    """When conditions are asked one by one at a column whose row is not at hand, and which."""

    few: int
    """So many conjunctions are sooner asked about this column than the row of a new value is found."""
    here: Questions
    few_at_all: int
    """So many are sooner asked about this column and all that are still to come than the rows of new values are found."""
    from_here: Questions


_Place = tuple[int, int, Mapping[str, int], Mapping[Any, int], Sequence[Any], Sequence[int | None] | None, Column, _Asking | None]
"""A column in the order in which a record's values are looked at, with what finds most rows laid out for the loop that does: the number of its value; the
bits that ask about it, where it takes less time to look whether any is left than to go on; the rows of texts; those of what has few values; the scalars and
the bits of the line of plain numbers, where that is at hand; the column; the questions. A plain tuple, because named ones are slow to take apart.
"""


class Listing:
    """The lists of static segments: from a customer to bits.

    Kept in generations, each at least twice as large as the next, so that adding a list does not copy all others.
    """

    __slots__ = ("generations", "positives")

    def __init__(self) -> None:
        self.positives = 0
        self.generations: tuple[Members, ...] = ()

    def add(self, listed: Listed, bit: int, *, is_negated: bool) -> None:
        """Add a list of customers."""
        if not is_negated:
            self.positives |= 1 << bit
        newest = Members()
        newest.postings = dict.fromkeys(listed.customers, (bit,))
        older = list(self.generations)
        while older and 2 * len(newest.postings) > len(older[-1].postings):
            newest = _merged(older.pop(), newest)
        self.generations = (*older, newest)

    def copy(self) -> Listing:
        """A copy that can be added to without changing this one."""
        new = Listing()
        new.positives, new.generations = self.positives, self.generations
        return new

    def hits(self, record: Record, clock: Clock) -> int:
        """The bits of the lists that the record is in."""
        hits = 0
        for name in names_of(record):
            for members in self.generations:
                hits |= members.hits(name, clock)
        return hits


def _merged(one: Members, other: Members) -> Members:
    merged = one.copy()
    for customer, posting in other.postings.items():
        for bit in posting if isinstance(posting, tuple) else taken(range(posting.bit_length()), posting):
            merged.add(customer, bit)
    return merged


class Block(Generic[Payload]):
    """Conjunctions in a row, indexed by attribute. Never changed once built: `extended` answers another block, which shares what it can."""

    __slots__ = (
        "_conjunctions", "_lasts", "_order", "_others", "candidates", "capacity", "columns", "formulas", "labels", "listing", "payloads"
    )  # fmt: skip

    def __init__(self) -> None:
        self.payloads: list[Payload] = []
        """What each bit stands for; the bits of one entry are neighbours."""
        self.labels: list[str] = []
        """Its label."""
        self._lasts = 0
        """The last bit of every entry."""
        self._others = 0
        """All bits but the last ones."""
        self.candidates = 0
        """The last bits of entries that are to be decided."""
        self.formulas: dict[int, Formula] = {}
        """By last bit, what decides."""
        self.capacity = 0
        """The number of conjunctions that rows have room for."""
        self.columns: dict[Attribute, Column] = {}
        self.listing: Listing | None = None
        self._order: tuple[_Place, ...] = ()
        self._conjunctions: list[Sequence[tuple[Leaf, bool]]] = []
        """By bit, the conditions; nothing in wide blocks, where few are never left."""

    @property
    def width(self) -> int:
        """The number of conjunctions."""
        return len(self.payloads)

    def extended(
        self, additions: Sequence[tuple[Entry[Payload], Sequence[Conjunction]]], calendar: Calendar, budget: int, numbers: dict[Attribute, int]
    ) -> Block[Payload]:
        """This block with more entries, each with its conjunctions.

        Args:
            additions: The entries, in the order in which answers are to come out.
            calendar: The calendar by which data is read.
            budget: Bytes that remembered rows may take.
            numbers: Which of the record's values is an attribute's; attributes that are new get the next numbers.
        """
        new: Block[Payload] = Block()
        new.payloads = self.payloads.copy()
        new.labels = self.labels.copy()
        new._lasts, new._others = self._lasts, self._others
        new.candidates, new.formulas = self.candidates, self.formulas.copy()
        new.columns = self.columns.copy()
        new.listing = self.listing and self.listing.copy()
        new._conjunctions = self._conjunctions.copy()
        copied: set[Attribute] = set()
        for entry, conjunctions in additions:
            for conjunction in conjunctions:
                bit = new.width
                new.payloads.append(entry.payload)
                new.labels.append(entry.label)
                by_attribute: dict[Attribute, list[tuple[Leaf, bool]]] = {}
                for leaf, is_negated in conjunction:
                    if isinstance(leaf, Listed):
                        new.listing = new.listing or Listing()
                        new.listing.add(leaf, bit, is_negated=is_negated)
                    else:
                        by_attribute.setdefault(leaf.attribute, []).append((leaf, is_negated))
                if bit < _NARROW:
                    new._conjunctions.append([literal for literals in by_attribute.values() for literal in literals])
                for attribute, literals in by_attribute.items():
                    if attribute not in copied:
                        copied.add(attribute)
                        known = new.columns.get(attribute)
                        new.columns[attribute] = known.copy() if known else Column(attribute, calendar)
                    new.columns[attribute].add(literals, bit)
            last = 1 << new.width - 1
            new._lasts |= last
            new._others |= last - (last << 1 >> len(conjunctions))
            if entry.formula is not None:
                new.candidates |= last
                new.formulas[new.width - 1] = entry.formula
        new.capacity = max(self.capacity, 1 << new.width.bit_length())
        if new.capacity > self.capacity:  # rows become wider
            new.columns = {attribute: column if attribute in copied else column.copy() for attribute, column in new.columns.items()}
            copied.update(new.columns)
        for attribute in copied:
            new.columns[attribute].seal(new.capacity, budget // len(new.columns))
        new._arrange(numbers, calendar, budget)
        return new

    def _arrange(self, numbers: dict[Attribute, int], calendar: Calendar, budget: int) -> None:
        """Put the columns in order, the most restrictive for their effort first: little may be left for the others to do."""
        ordered = sorted(self.columns.values(), key=lambda column: column.effort / (1 + column.restricted.bit_count()))
        for column in ordered:
            numbers.setdefault(column.attribute, len(numbers))
        asking: list[_Asking] | list[None] = [None] * len(ordered)
        if self.capacity > _NARROW:
            self._conjunctions = []
        else:
            asking = self._asking(ordered, numbers, Readings(calendar, is_kept=budget > 0))
        is_short = self.capacity <= _SHORT
        self._order = tuple(
            (
                numbers[column.attribute],
                column.restricted if is_short else 0,
                column.texts,
                column.others,
                *((column.line and column.line.at_hand) or ((), None)),
                column,
                asked,
            )
            for column, asked in zip(ordered, asking, strict=True)
        )

    def _asking(self, ordered: Sequence[Column], numbers: Mapping[Attribute, int], readings: Readings) -> list[_Asking]:
        """For every column, in order, what is asked one by one."""
        saved, spent = 0.0, _EFFORT_OF_CONJUNCTION
        asking: list[_Asking] = []
        for place in reversed(range(len(ordered))):
            column = ordered[place]
            gain = column.effort - column.effort_of_reading
            saved += gain * column.novelty
            spent += _LIKELY * column.effort_of_test * column.restricted.bit_count() / self.width
            here, from_here = (
                Questions(self._conjunctions, {each.attribute: numbers[each.attribute] for each in some}, readings) for some in ([column], ordered[place:])
            )
            asking.append(_Asking(int(gain / column.effort_of_test), here, int(saved / spent), from_here))
        return asking[::-1]

    def match(self, alive: int, values: Sequence[Any], record: Record, clock: Clock) -> int:
        """The entries of which a conjunction among the bits `alive` holds, given the record's stored values: the last bit of each, candidates undecided."""
        if self.listing is not None:
            alive &= ~(self.listing.positives ^ self.listing.hits(record, clock))
        for number, restricted, texts, others, scalars, kept, column, asking in self._order:
            if restricted and not alive & restricted:
                continue
            stored = values[number]
            kind = type(stored)
            if kind is str:
                row = texts.get(stored)
            elif kept is not None and (kind is int or (kind is float and stored == stored)):  # noqa: PLR0124 - NaN is not a number
                row = kept[bisect_right(scalars, stored)]
            else:
                row = others.get(stored) if kind in FEW_VALUED else None
            if row is None:
                asked = alive & column.restricted
                if not asked:
                    continue
                if asking is not None and kind is str:
                    if alive.bit_count() <= asking.few_at_all:
                        if column.is_rare(stored):
                            alive = asking.from_here.sieved(alive, alive, values, clock)
                            break
                    elif asked.bit_count() <= asking.few and column.is_rare(stored):
                        alive = asking.here.sieved(alive, asked, values, clock)
                        continue
                row = column.row(stored, clock)
            alive &= row
            if not alive:
                return 0
        # Within each entry's bits, a carry reaches the last one from any other (and never passes it).
        return ((alive & self._others) + self._others | alive) & self._lasts if self._others else alive


_Item = TypeVar("_Item")


def taken(items: Sequence[_Item], bits: int) -> list[_Item]:
    """The items whose bit is set, ascending.

    Few bits are taken one by one from the highest down, which is quick while ints are short, so wide ones are taken in parts; many in one pass over all.
    """
    if not bits:
        return []
    width, count = bits.bit_length(), bits.bit_count()
    if count > _FEW and count * _DENSE > width:
        return list(compress(items, bin(bits)[:1:-1].encode().translate(_AS_TRUTH)))
    found: list[_Item] = []
    append = found.append
    if width <= _WHOLE:
        while bits:
            bit = bits.bit_length() - 1
            append(items[bit])
            bits ^= 1 << bit
    else:
        octets = bits.to_bytes((width + 7) // 8, "little")
        for first in range((len(octets) - 1) // _PART * _PART, -1, -_PART):
            part = int.from_bytes(octets[first : first + _PART], "little")
            before = 8 * first - 1
            while part:
                length = part.bit_length()
                append(items[before + length])
                part ^= _HIGHEST[length]
    found.reverse()
    return found
