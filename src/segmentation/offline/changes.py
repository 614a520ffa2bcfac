"""Who entered and who left each segment between two runs, from their pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentation.model import SimpleSegment
from segmentation.offline.runs import Numbers, Roster, Run

__all__ = ["Cause", "Change", "Changes"]

Type = Literal["customer.segment.entered", "customer.segment.left"]
Cause = Literal["segment_added", "segment_removed", "customer_added", "customer_removed"]

_TYPES: tuple[Type, Type] = ("customer.segment.entered", "customer.segment.left")
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_AT_ONCE = 1 << 14
"""Changes that are spelled out at a time."""


class Change(NamedTuple):
    """A customer who entered or left a segment."""

    type: Type
    customer: str
    segment: SimpleSegment
    cause: Cause | None
    """Why it is no change of the customer: the segment, or else the customer, is in one of the runs only."""

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON-ready data; `cause` only where there is one."""
        found: dict[str, Any] = {"type": self.type, "customer": {"id": self.customer}, "segment": self.segment.model_dump()}
        return found if self.cause is None else {**found, "cause": self.cause}


class Changes:
    """The changes from one run to another.

    Iterating over them gives those of one segment after the other (the new run's, in its order, then those that were removed), who entered before who
    left, by id. Memory follows the customers and the changes, not the pairs.

    Raises:
        RunError: The pairs cannot be read.
    """

    def __init__(self, old: Run, new: Run) -> None:
        self.old = old
        self.new = new
        self.segments = [*new.segments.values(), *(segment for id_, segment in old.segments.items() if id_ not in new.segments)]
        """The segments of both; of one that is in both, the new name."""
        roster = Roster([old, new], [segment.id for segment in self.segments])
        found = [_one_sided(*part) for part in roster.parts()]
        keys, is_new = (np.concatenate(some) for some in zip((np.zeros(0, np.int64), np.zeros(0, np.bool_)), *found, strict=True))
        customers, places = roster.split(keys)
        changed = np.unique(customers)
        ids = roster.ids.take(pa.array(changed))
        order = pc.sort_indices(ids).to_numpy()
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        self._ids = ids.take(pa.array(order))
        """The customers who changed, in order."""
        self._is_customer_of = [roster.is_in(run)[changed][order] for run in (0, 1)]
        self._width = len(order).bit_length()
        self._keys = np.sort((places << 1 | ~is_new) << self._width | ranks[np.searchsorted(changed, customers)])
        """The changes, in order: segment, whether the customer left, customer."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    def __iter__(self) -> Iterator[Change]:
        for segment, left, ranks, is_known in self._pieces():
            causes = self._causes(segment, left)
            for customer, known in zip(self._ids.take(pa.array(ranks)).to_pylist(), is_known.tolist(), strict=True):
                yield Change(_TYPES[left], customer, segment, causes[known])

    def lines(self) -> Iterator[str]:
        """The changes as JSON Lines, some lines at a time: `Change.to_dict` of each."""
        for segment, left, ranks, is_known in self._pieces():
            starts, ends = zip(*(_around(Change(_TYPES[left], "", segment, cause)) for cause in self._causes(segment, left)), strict=True)
            customers = map(_as_json, self._ids.take(pa.array(ranks)).to_pylist())
            yield "".join([starts[known] + customer + ends[known] for customer, known in zip(customers, is_known.tolist(), strict=True)])

    @cached_property
    def tallies(self) -> Mapping[str, Counter[str]]:
        """By the id of each segment that changed, how many entered, and left, and how often each cause was why."""
        found: dict[str, Counter[str]] = {}
        for segment, left, _, is_known in self._pieces():
            tally = found.setdefault(segment.id, Counter())
            known = int(np.count_nonzero(is_known))
            tally[_TYPES[left].rpartition(".")[2]] += len(is_known)
            for cause, count in zip(self._causes(segment, left), (len(is_known) - known, known), strict=True):
                if cause is not None and count:
                    tally[cause] += count
        return found

    def _pieces(self) -> Iterator[tuple[SimpleSegment, bool, Numbers, npt.NDArray[np.bool_]]]:
        """Some changes of one segment and one type: the segment, whether customers left, who by rank, and which of them both runs have."""
        heads = self._keys >> self._width
        bounds = [0, *(np.flatnonzero(heads[1:] != heads[:-1]) + 1).tolist(), len(heads)]
        for start, stop in pairwise(bounds):
            for first in range(start, stop, _AT_ONCE):
                place, left = divmod(int(heads[first]), 2)
                ranks = self._keys[first : min(stop, first + _AT_ONCE)] & ((1 << self._width) - 1)
                yield self.segments[place], bool(left), ranks, self._is_customer_of[1 if left else 0][ranks]

    def _causes(self, segment: SimpleSegment, left: bool) -> tuple[Cause | None, Cause | None]:
        """Why a change is none of a customer whom the other run does not have, and of one whom both have."""
        if segment.id not in self.old.segments:
            return "segment_added", "segment_added"
        if segment.id not in self.new.segments:
            return "segment_removed", "segment_removed"
        return ("customer_removed" if left else "customer_added"), None


def _one_sided(old: Numbers, new: Numbers) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """The numbers that one of two has alone, and whether it is the new one. Both are sorted, without repetitions."""
    keys = np.empty(len(old) + len(new), np.int64)
    np.left_shift(old, 1, out=keys[: len(old)])
    np.left_shift(new, 1, out=keys[len(old) :])
    keys[len(old) :] |= 1
    keys.sort(kind="stable")  # a merge, as both are sorted
    is_alone = np.ones(len(keys), np.bool_)
    in_both = np.flatnonzero(keys[1:] ^ keys[:-1] == 1)
    is_alone[in_both] = is_alone[in_both + 1] = False
    alone = keys[is_alone]
    return alone >> 1, (alone & 1).astype(np.bool_)


def _around(change: Change) -> tuple[str, str]:
    """A change as a line of JSON: what stands before its customer's id, and after."""
    start, _, end = _as_json(change.to_dict()).partition('""')
    return start, f"{end}\n"
