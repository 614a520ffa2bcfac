"""A block: some thousands of conjunctions, matched together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from struct import unpack
from typing import Any, Generic, NamedTuple, TypeVar

from segmentation.language.attributes import Attribute, Record
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Leaf, Listed, names_of
from segmentation.matching.column import Column
from segmentation.matching.direct import FEW_VALUED
from segmentation.matching.formulas import Formula
from segmentation.matching.plan import Conjunction
from segmentation.matching.postings import Members

__all__ = ["Block", "Entry", "Listing", "taken"]

Payload = TypeVar("Payload")

_WORD = 32
_DENSE = 24  # one bit in so many is many
_AS_TRUTH = bytes.maketrans(b"01", b"\0\1")
_BIT = {1 << bit: bit for bit in range(_WORD)}


class Entry(NamedTuple, Generic[Payload]):
    """What a bit stands for."""

    payload: Payload
    """The answer."""
    label: str
    """The answer's name."""
    formula: Formula | None
    """For a candidate: what decides when a conjunction holds. None when those are exact."""


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

    __slots__ = ("_lasts", "_order", "_others", "candidates", "capacity", "columns", "formulas", "labels", "listing", "payloads")

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
        self._order: list[tuple[int, Column]] = []
        """The columns, each with the number of its attribute's value."""

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
        # The most restrictive for their effort first: little may be left for the others to do.
        ordered = sorted(new.columns.items(), key=lambda item: item[1].effort / (1 + item[1].restricted.bit_count()))
        for attribute, _ in ordered:
            numbers.setdefault(attribute, len(numbers))
        new._order = [(numbers[attribute], column) for attribute, column in ordered]
        return new

    def match(self, alive: int, values: Sequence[Any], record: Record, clock: Clock) -> int:
        """The entries of which a conjunction among the bits `alive` holds, given the record's stored values: the last bit of each, candidates undecided."""
        if self.listing is not None:
            alive &= ~(self.listing.positives ^ self.listing.hits(record, clock))
        for number, column in self._order:
            asked = alive & column.restricted
            if asked:
                stored = values[number]
                kind = type(stored)
                row: int | None
                if kind is str:
                    row = column.texts.get(stored)
                    if row is None and column.few and asked.bit_count() <= column.few:
                        alive = column.sieved(alive, asked, stored)
                        continue
                elif (kind is int or (kind is float and stored == stored)) and column.number_row is not None:  # noqa: PLR0124 - NaN is not a number
                    row = column.number_row(stored)
                else:
                    row = column.others.get(stored) if kind in FEW_VALUED else None
                alive &= column.row(stored, clock) if row is None else row
        # Within each entry's bits, a carry reaches the last one from any other (and never passes it).
        return ((alive & self._others) + self._others | alive) & self._lasts if self._others else alive


_Item = TypeVar("_Item")


def taken(items: Sequence[_Item], bits: int) -> list[_Item]:
    """The items whose bit is set, ascending.

    Few bits are taken by words of 32, so that the cost follows words and set bits, not their product; many are taken in one pass over all.
    """
    found: list[_Item] = []
    if not bits:
        return found
    if bits.bit_count() * _DENSE > bits.bit_length():
        return list(compress(items, bin(bits)[:1:-1].encode().translate(_AS_TRUTH)))
    append = found.append
    size = (bits.bit_length() + _WORD - 1) // _WORD
    words = unpack(f"<{size}I", bits.to_bytes(4 * size, "little"))
    for number in compress(range(size), words):
        word = words[number]
        bit = _BIT.get(word)
        if bit is not None:  # the only one, as it mostly is
            append(items[_WORD * number + bit])
            continue
        while word:
            lowest = word & -word
            append(items[_WORD * number + _BIT[lowest]])
            word ^= lowest
    return found
