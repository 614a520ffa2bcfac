"""Many predicates, one record: which of them hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from segmentation.language.attributes import Attribute, Record
from segmentation.language.dates import Calendar, Clock
from segmentation.language.predicate import Predicate
from segmentation.matching.block import Block, Entry, taken
from segmentation.matching.candidates import Candidates
from segmentation.matching.direct import Readings, Test, compile_predicate, effort, effort_of_index
from segmentation.matching.formulas import Formula, holds
from segmentation.matching.lookup import Lookup
from segmentation.matching.plan import Conjunction, plan

__all__ = ["Matcher"]

Payload = TypeVar("Payload")

_WIDEST_BLOCK = 1 << 16
_MOST_ASKED = 32  # predicates that may be asked one by one
_SMALLEST_WASTE = 64  # bits of removed predicates that are not worth tidying


class _Place(NamedTuple, Generic[Payload]):
    """A predicate's payload, and where it stands: the block, the first of its bits there, and how many there are (none when it never holds)."""

    payload: Payload
    block: int
    first: int
    size: int

    @property
    def bits(self) -> int:
        return ((1 << self.size) - 1) << self.first


class _Waiting(NamedTuple, Generic[Payload]):
    """What is to be put into a block: a payload, its conjunctions, and the predicate if those are no more than an upper bound of it."""

    payload: Payload
    conjunctions: Sequence[Conjunction]
    candidate: Predicate | None


class Matcher(Generic[Payload]):
    """Predicates compiled for matching, each with an order and a payload to answer with.

    Never changed once built, so safe to share between threads; `replaced` answers another one, which shares what it can.
    """

    __slots__ = (
        "_alive",
        "_blocks",
        "_budget",
        "_calendar",
        "_candidates",
        "_direct",
        "_highest",
        "_is_ascending",
        "_label_of",
        "_lookup",
        "_numbers",
        "_order_of",
        "_places",
        "_predicate_of",
    )

    def __init__(
        self,
        items: Iterable[tuple[int, Payload, Predicate]],
        count: int,
        calendar: Calendar,
        budget: int,
        order_of: Callable[[Payload], int],
        label_of: Callable[[Payload], str],
        predicate_of: Callable[[Payload], Predicate],
    ) -> None:
        """Compile.

        Args:
            items: Order, payload and predicate of each, in ascending order. Predicates are not kept.
            count: How many they are, at least about.
            calendar: The calendar by which records are read.
            budget: Bytes that remembered rows may take, all in all.
            order_of: The order of a payload.
            label_of: The label of a payload.
            predicate_of: The predicate of a payload, for when it is asked again.
        """
        self._order_of = order_of
        self._label_of = label_of
        self._predicate_of = predicate_of
        self._calendar = calendar
        self._budget = budget
        self._blocks: tuple[Block[Payload], ...] = ()
        self._alive: tuple[int, ...] = ()
        """For every block, the bits that are not removed."""
        self._places: dict[int, _Place[Payload]] = {}
        """By order, all that are held."""
        self._numbers: dict[Attribute, int] = {}
        """The attributes, in the order in which the look-up answers their values."""
        self._lookup = Lookup()
        self._candidates = Candidates()
        self._highest = -1
        """The greatest order that has bits."""
        self._is_ascending = True
        """Whether the bits, block by block, are in the order of their entries."""
        self._direct: list[tuple[Test, Payload, str]] | None = None
        """What is asked one by one, each with its payload and label."""
        self._add(items, count)

    def match(self, record: Record, clock: Clock) -> list[Payload]:
        """The payloads of the predicates that hold of the record, in ascending order."""
        if self._direct is not None:
            return [payload for test, payload, _ in self._direct if test(record, clock)]
        matched = self._matched(record, clock)
        if len(matched) == 1:
            block, bits = matched[0]
            found = taken(block.payloads, bits)
        else:
            found = [payload for block, bits in matched for payload in taken(block.payloads, bits)]
        if not self._is_ascending:
            found.sort(key=self._order_of)
        return found

    def labels(self, record: Record, clock: Clock) -> list[str]:
        """The labels of the predicates that hold of the record, in ascending order: the payloads themselves are not touched."""
        if self._direct is not None:
            return [label for test, _, label in self._direct if test(record, clock)]
        if not self._is_ascending:
            return [self._label_of(payload) for payload in self.match(record, clock)]
        matched = self._matched(record, clock)
        if len(matched) == 1:
            block, bits = matched[0]
            return taken(block.labels, bits)
        return [label for block, bits in matched for label in taken(block.labels, bits)]

    def _matched(self, record: Record, clock: Clock) -> list[tuple[Block[Payload], int]]:
        """The bits of the entries that hold, block by block."""
        values = self._lookup.values(record)
        matched = []
        truth = -1
        for block, alive in zip(self._blocks, self._alive, strict=True):
            bits = block.match(alive, values, record, clock)
            undecided = bits & block.candidates
            if undecided:
                if truth < 0:
                    truth = self._candidates.truth(values, record, clock)
                for bit in taken(range(block.width), undecided):
                    if not holds(block.formulas[bit], truth):
                        bits ^= 1 << bit
            matched.append((block, bits))
        return matched

    def replaced(self, items: Sequence[tuple[int, Payload, Predicate]], removed: Iterable[int]) -> Matcher[Payload]:
        """This matcher without the predicates of some orders, then with others."""
        new: Matcher[Payload] = Matcher((), 0, self._calendar, self._budget, self._order_of, self._label_of, self._predicate_of)
        new._places, new._direct = self._places.copy(), None
        new._blocks, new._highest, new._is_ascending = self._blocks, self._highest, self._is_ascending
        new._numbers, new._lookup, new._candidates = self._numbers.copy(), self._lookup, self._candidates
        alive = list(self._alive)
        for order in removed:
            place = new._places.pop(order)
            if place.size:
                alive[place.block] &= ~place.bits
        new._alive = tuple(alive)
        new._add(items, len(items))
        return new

    def _add(self, items: Iterable[tuple[int, Payload, Predicate]], count: int) -> None:
        if not self._blocks:
            if self._places:
                items = self._all(items)
                count = len(items)
            if count <= _MOST_ASKED:
                items = list(items)
                if self._asks_directly(items):
                    return
        self._index(items, count)
        width = sum(block.width for block in self._blocks)
        if width > _SMALLEST_WASTE and 2 * sum(bits.bit_count() for bits in self._alive) < width:
            # Most bits are of removed predicates: begin anew, at a cost that their removals have earned.
            held = self._all(())
            self._forget_index()
            if len(held) > _MOST_ASKED or not self._asks_directly(held):
                self._index(held, len(held))

    def _asks_directly(self, items: Sequence[tuple[int, Payload, Predicate]]) -> bool:
        """Compile all there is to functions, if asking one after the other takes no longer than an index would; otherwise do nothing."""
        predicates = [predicate for _, _, predicate in items]
        if sum(map(effort, predicates)) > effort_of_index(predicates):
            return False
        self._places = {order: _Place(payload, 0, 0, 0) for order, payload, _ in items}
        readings = Readings(self._calendar, is_kept=self._budget > 0)
        self._direct = [(compile_predicate(predicate, readings), payload, self._label_of(payload)) for _, payload, predicate in items]
        return True

    def _all(self, items: Iterable[tuple[int, Payload, Predicate]]) -> list[tuple[int, Payload, Predicate]]:
        """What is held, and more, in ascending order."""
        held = [(order, place.payload, self._predicate_of(place.payload)) for order, place in self._places.items()]
        return sorted([*held, *items], key=itemgetter(0))

    def _forget_index(self) -> None:
        self._blocks, self._alive, self._highest, self._is_ascending = (), (), -1, True
        self._numbers, self._lookup, self._candidates = {}, Lookup(), Candidates()

    def _index(self, items: Iterable[tuple[int, Payload, Predicate]], count: int) -> None:
        """Put predicates into the last block, and into new ones when it is full."""
        blocks, alive = list(self._blocks), list(self._alive)
        waiting: list[_Waiting[Payload]] = []
        width = blocks[-1].width if blocks else _WIDEST_BLOCK
        share = self._budget // max(len(blocks), (len(self._places) + count) // _WIDEST_BLOCK, 1)
        for order, payload, predicate in items:
            planned = plan(predicate)
            size = len(planned.conjunctions)
            if width + size > _WIDEST_BLOCK:
                self._flush(waiting, blocks, alive, share)
                blocks.append(Block())
                alive.append(0)
                width = 0
            self._places[order] = _Place(payload, len(blocks) - 1, width, size)
            if not size:
                continue  # it never holds
            waiting.append(_Waiting(payload, planned.conjunctions, None if planned.is_exact else predicate))
            width += size
            self._is_ascending = self._is_ascending and order > self._highest
            self._highest = max(self._highest, order)
        self._flush(waiting, blocks, alive, share)
        self._blocks, self._alive = tuple(blocks), tuple(alive)
        if len(self._numbers) > len(self._lookup.keys):
            self._lookup = Lookup(attribute.key for attribute in self._numbers)

    def _flush(self, waiting: list[_Waiting[Payload]], blocks: list[Block[Payload]], alive: list[int], share: int) -> None:
        if waiting:
            first = blocks[-1].width
            candidates = [each.candidate for each in waiting if each.candidate is not None]
            formulas: Iterator[Formula] = iter(())
            if candidates:
                self._candidates, found = self._candidates.extended(candidates, self._calendar, share, self._numbers)
                formulas = iter(found)
            additions = [
                (Entry(each.payload, self._label_of(each.payload), None if each.candidate is None else next(formulas)), each.conjunctions) for each in waiting
            ]
            blocks[-1] = blocks[-1].extended(additions, self._calendar, share, self._numbers)
            alive[-1] |= (1 << blocks[-1].width) - (1 << first)
            waiting.clear()
