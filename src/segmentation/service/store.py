"""What a service keeps: segments, customers, and a version that says when the segments changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

__all__ = ["LONGEST_ID", "Changes", "ConflictError", "Page", "Read", "SegmentsPage", "Store", "StoreError", "is_storable"]

LONGEST_ID = 1_024
"""Bytes of UTF-8 in the longest id that is stored: what every database can index."""


class StoreError(Exception):
    """The store cannot be used now: it is locked by another process, full, broken or gone. Never carries data."""


class ConflictError(Exception):
    """Something to be stored has an id that belongs to another; nothing was stored."""

    def __init__(self, positions: Sequence[int]) -> None:
        super().__init__(len(positions))
        self.positions = positions
        """Where they stand among what was to be stored, in ascending order."""


class Read(NamedTuple):
    """A customer, and which segments there were at that moment."""

    version: int
    record: str | bytes | None
    """The customer's JSON text; None when it is not stored."""


class Changes(NamedTuple):
    """How the set of segments came from one version to the latest."""

    version: int
    gone: frozenset[str] | None
    """Ids of segments that were removed or added since; None: everything is in `present`."""
    present: Sequence[dict[str, Any]]
    """The added definitions that are there now, or all of them, in order."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which segments to list: by (creation, order of storing), from one end."""

    limit: int = 10
    is_descending: bool = True
    before: int | None = None
    """Created before this instant, in microseconds since 1970."""
    after: int | None = None
    starting_after: str | None = None
    """Id of the segment after which the page begins."""


class SegmentsPage(NamedTuple):
    """Some segments, and how many there are between `before` and `after`."""

    definitions: Sequence[dict[str, Any]]
    total: int


class Store(Protocol):
    """Segments and customers that last.

    Whoever calls a method that changes something may rely on it once it has returned; it is there for every read, of any process, that begins later.
    Methods may be called from any thread. Each raises StoreError when the store cannot be used.
    """

    reads_at_once: bool
    """Whether `read` needs no other process, so that it may be called on an event loop."""
    writers: int
    """How many changes can be under way at once."""

    def read(self, customer_id: str, *, is_patient: bool = True) -> Read:
        """The customer with this `id`, else with this `source_id`, and the version of the segments at the same moment.

        Args:
            customer_id: Any text.
            is_patient: Whether to wait for a lock.
        """

    def changes(self, since: int | None) -> Changes:
        """What happened to the segments since a version; None: since there were none."""

    def add_segments(self, definitions: Sequence[dict[str, Any]]) -> None:
        """Store new segments, after those that are there, all or none; each has `id` and `created_at`.

        Raises:
            ConflictError: Ids that are taken.
        """

    def segment(self, segment_id: str) -> dict[str, Any] | None:
        """The definition of a segment."""

    def segments(self, page: Page) -> SegmentsPage | None:
        """Some segments, without their customers; None when there is none to start after."""

    def remove_segment(self, segment_id: str) -> bool:
        """Forget a segment; whether it was there."""

    def put_customers(self, records: Sequence[dict[str, Any]], now: str, new_id: Callable[[], str]) -> list[str]:
        """Store customers, all or none, in order; their records as they are stored now, as JSON text.

        A record replaces that of the customer with its `id`, or, without one, with its `source_id`. Identity and `created_at` stay when the new record
        has none.

        Args:
            records: JSON objects; the members that name the customer have been checked.
            now: What `created_at` of new customers, `updated_at` of others becomes when their record has none.
            new_id: Makes ids for customers that have none.

        Raises:
            ConflictError: A `source_id` belongs to another customer.
        """

    def customer(self, customer_id: str) -> str | None:
        """The JSON text of the customer with this `id`, else with this `source_id`."""

    def remove_customer(self, customer_id: str) -> bool:
        """Forget a customer; whether it was there."""

    def close(self) -> None:
        """Let go of the database."""


def is_storable(name: str) -> bool:
    """Whether a text can be an id in every store: not empty, not too long, no NUL, nothing that UTF-8 cannot carry."""
    try:
        return 0 < len(name.encode()) <= LONGEST_ID and "\0" not in name
    except UnicodeEncodeError:
        return False
