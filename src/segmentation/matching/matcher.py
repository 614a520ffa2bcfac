"""Many predicates, one record: which of them hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from segmentation.language.attributes import Attribute, Record
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Predicate
from segmentation.matching.block import Block, Entry
from segmentation.matching.direct import Test, compile_predicate
from segmentation.matching.lookup import Lookup
from segmentation.matching.plan import plan

__all__ = ["Matcher"]

Payload = TypeVar("Payload")

_WIDEST_BLOCK = 1 << 14
_FEWEST = 2  # predicates that are worth an index
_SMALLEST_WASTE = 64  # bits of removed predicates that are not worth tidying


class _Place(NamedTuple):
    """Where an entry stands: which block, and its bits there."""

    block: int
    bits: int


class Matcher(Generic[Payload]):
    """Predicates compiled for matching, each with an order and a payload to answer with.

    Never changed once built, so safe to share between threads; `replaced` answers another one, which shares what it can.
    """

    __slots__ = (
        "_alive",
        "_blocks",
        "_budget",
        "_calendar",
        "_direct",
        "_highest",
        "_is_ascending",
        "_lookup",
        "_numbers",
        "_order_of",
        "_places",
        "_predicates",
    )

    def __init__(self, items: Sequence[tuple[int, Payload, Predicate]], calendar: Calendar, budget: int, order_of: Callable[[Payload], int]) -> None:
        """Compile.

        Args:
            items: Order, payload and predicate of each, in ascending order.
            calendar: The calendar by which records are read.
            budget: Bytes that remembered rows may take, all in all.
            order_of: The order of a payload.
        """
        self._order_of = order_of
        self._calendar = calendar
        self._budget = budget
        self._predicates: dict[int, tuple[Payload, Predicate]] = {}
        self._blocks: tuple[Block[Payload], ...] = ()
        self._alive: tuple[int, ...] = ()
        """For every block, the bits that are not removed."""
        self._places: dict[int, _Place] = {}
        self._numbers: dict[Attribute, int] = {}
        """The attributes, in the order in which the look-up answers their values."""
        self._lookup = Lookup()
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
        values = self._lookup.values(record)
        if len(self._blocks) == 1 and self._is_ascending:
            return self._blocks[0].match(self._alive[0], values, record, clock)
        found: list[Payload] = []
        for block, alive in zip(self._blocks, self._alive, strict=True):
            found += block.match(alive, values, record, clock)
        if not self._is_ascending:
            found.sort(key=self._order_of)
        return found

    def replaced(self, items: Sequence[tuple[int, Payload, Predicate]], removed: Iterable[int]) -> Matcher[Payload]:
        """This matcher without the predicates of some orders, then with others."""
        new: Matcher[Payload] = Matcher((), self._calendar, self._budget, self._order_of)
        new._predicates, new._places = self._predicates.copy(), self._places.copy()
        new._blocks, new._highest, new._is_ascending = self._blocks, self._highest, self._is_ascending
        new._numbers, new._lookup = self._numbers.copy(), self._lookup
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
        self._numbers, self._lookup = {}, Lookup()

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
            waiting.append((Entry(payload, decides), planned.conjunctions))
            self._places[order] = _Place(len(blocks) - 1, ((1 << size) - 1) << width)
            width += size
            self._is_ascending = self._is_ascending and order > self._highest
            self._highest = max(self._highest, order)
        self._flush(waiting, blocks, alive)
        self._blocks, self._alive = tuple(blocks), tuple(alive)
        if len(self._numbers) > len(self._lookup.keys):
            self._lookup = Lookup(attribute.key for attribute in self._numbers)

    def _flush(self, waiting: list[tuple[Entry[Payload], Sequence[Any]]], blocks: list[Block[Payload]], alive: list[int]) -> None:
        if waiting:
            first = blocks[-1].width
            share = self._budget // max(len(blocks), len(self._predicates) // _WIDEST_BLOCK)
            blocks[-1] = blocks[-1].extended(waiting, self._calendar, share, self._numbers)
            alive[-1] |= (1 << blocks[-1].width) - (1 << first)
            waiting.clear()

    def _tidy(self) -> None:
        """Index anew when most bits are of removed predicates: at a cost that their removals have earned."""
        width = sum(block.width for block in self._blocks)
        if width > _SMALLEST_WASTE and 2 * sum(bits.bit_count() for bits in self._alive) < width:
            self._forget_index()
            self._index([(order, *held) for order, held in sorted(self._predicates.items())])
