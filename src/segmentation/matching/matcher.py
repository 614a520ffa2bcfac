"""Many predicates, one record: which of them hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from struct import unpack
from typing import Any, Generic, NamedTuple, TypeVar

from segmentation.language.attributes import Attribute, Record, finder
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Predicate
from segmentation.matching.block import Block, Entry
from segmentation.matching.direct import Test, compile_predicate
from segmentation.matching.plan import plan

__all__ = ["Matcher"]

Payload = TypeVar("Payload")

_WIDEST_BLOCK = 1 << 14
_FEWEST = 12  # predicates that are worth an index
_WORD = 64
_BIT = {1 << bit: bit for bit in range(_WORD)}


class _Place(NamedTuple):
    """Where an entry stands: which block, and its bits there."""

    block: int
    bits: int


class Matcher(Generic[Payload]):
    """Predicates compiled for matching, each with an order and a payload to answer with.

    Never changed once built, so safe to share between threads; `replaced` answers another one, which shares what it can.
    """

    __slots__ = ("_alive", "_blocks", "_budget", "_calendar", "_direct", "_finders", "_highest", "_is_ascending", "_numbers", "_places", "_predicates")

    def __init__(self, items: Sequence[tuple[int, Payload, Predicate]], calendar: Calendar, budget: int) -> None:
        """Compile.

        Args:
            items: Order, payload and predicate of each, in ascending order.
            calendar: The calendar by which records are read.
            budget: Bytes that remembered rows may take, all in all.
        """
        self._calendar = calendar
        self._budget = budget
        self._predicates: dict[int, tuple[Payload, Predicate]] = {}
        self._blocks: tuple[Block[Payload], ...] = ()
        self._alive: tuple[int, ...] = ()
        """For every block, the bits that are not removed."""
        self._places: dict[int, _Place] = {}
        self._numbers: dict[Attribute, int] = {}
        self._finders: list[Callable[[Record], Any]] = []
        """How to find the value of each attribute, by number."""
        self._highest = -1
        """The greatest order that has bits."""
        self._is_ascending = True
        """Whether the bits, block by block, are in the order of their entries."""
        self._direct: list[tuple[Test, Payload]] | None = None
        self._add(items)

    def match(self, record: Record, clock: Clock) -> list[Payload]:
        """The payloads of the predicates that hold of the record, in ascending order."""
        if self._direct is not None:
            return [payload for test, payload in self._direct if test(record, clock)]
        values = [find(record) for find in self._finders]
        found: list[Entry[Payload]] = []
        for block, alive in zip(self._blocks, self._alive, strict=True):
            bits = block.match(alive, values, record, clock)
            if bits:
                _gather(bits, block.entries, found, record, clock)
        if not self._is_ascending:
            found.sort(key=lambda entry: entry.order)
        return [entry.payload for entry in found]

    def replaced(self, items: Sequence[tuple[int, Payload, Predicate]], removed: Iterable[int]) -> Matcher[Payload]:
        """This matcher without the predicates of some orders, then with others."""
        new: Matcher[Payload] = Matcher((), self._calendar, self._budget)
        new._predicates, new._places = self._predicates.copy(), self._places.copy()
        new._blocks, new._highest, new._is_ascending = self._blocks, self._highest, self._is_ascending
        new._numbers, new._finders = self._numbers.copy(), self._finders.copy()
        alive = list(self._alive)
        for order in removed:
            del new._predicates[order]
            place = new._places.pop(order, None)
            if place is not None:
                alive[place.block] &= ~place.bits
        new._alive = tuple(alive)
        new._add(items)
        return new

    def _add(self, items: Sequence[tuple[int, Payload, Predicate]]) -> None:
        for order, payload, predicate in items:
            self._predicates[order] = (payload, predicate)
        if len(self._predicates) < _FEWEST:
            self._forget_index()
            ordered = sorted(self._predicates.items())
            self._direct = [(compile_predicate(predicate, self._calendar), payload) for _, (payload, predicate) in ordered]
            return
        self._direct = None
        if not self._blocks:
            items = [(order, *held) for order, held in sorted(self._predicates.items())]
        self._index(items)
        self._tidy()

    def _forget_index(self) -> None:
        self._blocks, self._alive, self._places, self._highest, self._is_ascending = (), (), {}, -1, True
        self._numbers, self._finders = {}, []

    def _index(self, items: Iterable[tuple[int, Payload, Predicate]]) -> None:
        """Put predicates into the last block, and into new ones when it is full."""
        blocks, alive = list(self._blocks), list(self._alive)
        waiting: list[tuple[Entry[Payload], Sequence[Any]]] = []
        width = blocks[-1].width if blocks else _WIDEST_BLOCK
        for order, payload, predicate in items:
            planned = plan(predicate)
            size = len(planned.conjunctions)
            if not size:
                continue  # it never holds
            if width + size > _WIDEST_BLOCK:
                self._flush(waiting, blocks, alive)
                blocks.append(Block())
                alive.append(0)
                width = 0
            decides = None if planned.is_exact else compile_predicate(predicate, self._calendar)
            waiting.append((Entry(order, payload, decides), planned.conjunctions))
            self._places[order] = _Place(len(blocks) - 1, ((1 << size) - 1) << width)
            width += size
            self._is_ascending = self._is_ascending and order > self._highest
            self._highest = max(self._highest, order)
        self._flush(waiting, blocks, alive)
        self._blocks, self._alive = tuple(blocks), tuple(alive)
        self._finders += [finder(attribute.key) for attribute in list(self._numbers)[len(self._finders) :]]

    def _flush(self, waiting: list[tuple[Entry[Payload], Sequence[Any]]], blocks: list[Block[Payload]], alive: list[int]) -> None:
        if waiting:
            first = blocks[-1].width
            blocks[-1] = blocks[-1].extended(waiting, self._calendar, self._budget, self._numbers)
            alive[-1] |= (1 << blocks[-1].width) - (1 << first)
            waiting.clear()

    def _tidy(self) -> None:
        """Index anew when most bits are of removed predicates: at a cost that their removals have earned."""
        width = sum(block.width for block in self._blocks)
        if width > _WORD and 2 * sum(bits.bit_count() for bits in self._alive) < width:
            self._forget_index()
            self._index([(order, *held) for order, held in sorted(self._predicates.items())])


def _gather(bits: int, entries: Sequence[Entry[Payload]], found: list[Entry[Payload]], record: Record, clock: Clock) -> None:
    """Append the entries of the bits that are set, each once, candidates only if they are decided for.

    Bits are taken by words of 64, so that the cost follows words and set bits, not their product.
    """
    last: Entry[Payload] | None = None
    size = (bits.bit_length() + _WORD - 1) // _WORD
    first = -_WORD
    for word in unpack(f"<{size}Q", bits.to_bytes(8 * size, "little")):
        first += _WORD
        left = word
        while left:
            lowest = left & -left
            left ^= lowest
            entry = entries[first + _BIT[lowest]]
            if entry is not last:
                last = entry
                if entry.decides is None or entry.decides(record, clock):
                    found.append(entry)
