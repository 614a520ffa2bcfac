"""Files into a store: segments all or none, customers in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, Problem, RecordError
from segmentation.service.payloads import customers_in, new_id, stamped, timestamp
from segmentation.service.store import ConflictError, Store

__all__ = ["load_customers", "load_segments"]

BATCH = 2_000
"""Customers in one transaction: a hundredth of a second of waiting for other writers, and little to do again."""


def load_segments(store: Store, source: bytes, options: Mapping[str, Any]) -> tuple[int, tuple[Problem, ...]]:
    """Store the segments of a JSON text, all or none, in their order, with their ids and `created_at`; how many, and the warnings about them.

    Raises:
        DefinitionError: Everything that is wrong with them; ids that are stored already are among it.
        ValueError: Something is wrong with the options.
    """
    engine = SegmentEngine.from_json(source, **options)
    definitions = stamped((segment.definition() for segment in engine.segments), datetime.now(UTC))
    try:
        store.add_segments(definitions)
    except ConflictError as error:
        taken = [(index, definitions[index]["id"]) for index in error.positions]
        raise DefinitionError(Problem(index, name, "/id", "duplicate_id", f"the id {name!r} is already stored") for index, name in taken) from None
    return len(definitions), engine.warnings


def load_customers(
    store: Store, lines: Iterable[tuple[int, bytes]], longest: int, complain: Callable[[int, str], None], progress: Callable[[int], None]
) -> int:
    """Store the customers of numbered lines (JSON Lines), a batch at a time; how many lines were stored.

    Args:
        store: Where to.
        lines: Lines with their numbers.
        longest: Bytes in the longest line that is accepted.
        complain: Told of each line that cannot be stored, and why; quotes nothing of it.
        progress: Told of the number of lines stored, after each batch.
    """
    total = 0
    batch: list[tuple[int, dict[str, Any]]] = []

    def store_batch() -> None:
        nonlocal total
        while batch:
            try:
                store.put_customers([record for _, record in batch], timestamp(datetime.now(UTC)), partial(new_id, "cust"))
            except ConflictError as error:
                for position in error.positions:
                    complain(batch[position][0], "the source_id belongs to a customer with another id")
                for position in reversed(error.positions):
                    del batch[position]
                continue
            total += len(batch)
            batch.clear()
            progress(total)

    for number, found in customers_in(lines, longest):
        if isinstance(found, RecordError):
            complain(number, str(found))
            continue
        batch.append((number, found))
        if len(batch) == BATCH:
            store_batch()
    store_batch()
    return total
