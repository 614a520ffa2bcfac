"""The store, on every database that is at hand: SQLite always, PostgreSQL when SEGMENTATION_POSTGRESQL is the URL of an empty database that may be filled."""

from __future__ import annotations

import json
import os
import random
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from segmentation.service import tables
from segmentation.service.catalogue import Catalogue
from segmentation.service.sql import SqlStore, open_store
from segmentation.service.store import ConflictError, Page, Store

POSTGRESQL = os.environ.get("SEGMENTATION_POSTGRESQL")


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL else [])])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """Two stores on one empty database, as two processes would have them."""
    url = POSTGRESQL if request.param == "postgresql" else str(tmp_path / "store.db")
    assert url
    if request.param == "postgresql":
        old = open_store(url)
        assert isinstance(old, SqlStore)
        tables.metadata.drop_all(old._engine)
        old.close()
    opened = [open_store(url), open_store(url)]
    yield opened
    for store in opened:
        store.close()


def segment(name: str, created_at: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {"id": name, "name": name, "filter": {}, "created_at": created_at}


def put(store: Store, *records: dict[str, Any], now: str = "now") -> list[dict[str, Any]]:
    return [json.loads(text) for text in store.put_customers(records, now, lambda: secrets.token_hex(12))]


def test_segments_keep_their_order_and_count_versions(stores: list[Store]) -> None:
    one, other = stores
    assert one.read("x") == (0, None)
    follower = Catalogue(other, {})
    one.add_segments([segment(f"s{number}", f"2026-01-01T00:00:0{9 - number}Z") for number in range(5)])
    with pytest.raises(ConflictError) as caught:
        other.add_segments([segment("new"), segment("s1"), segment("s3")])
    assert caught.value.positions == [1, 2]
    assert one.read("x") == (1, None)
    assert follower.at_least(1).segment_ids({}) == ["s0", "s1", "s2", "s3", "s4"]
    assert (other.remove_segment("s2"), one.remove_segment("s2"), one.remove_segment("\0")) == (True, False, False)
    one.add_segments([{**segment("s2"), "customers": ["a", "\ud800"], "filter": None}])
    assert one.read("x").version == 3
    assert follower.at_least(3).segments[-1].id == "s2"
    assert (other.changes(1).gone, [found["id"] for found in other.changes(1).present]) == (frozenset({"s2"}), ["s2"])
    assert other.changes(None).gone is other.changes(99).gone is None
    found = other.segment("s2")
    assert found
    assert found["customers"] == ["a", "\ud800"]
    listed = other.segments(Page(limit=2, is_descending=False, starting_after="s4"))
    assert listed
    assert ([found["id"] for found in listed.definitions], listed.total) == (["s3", "s1"], 5)
    assert other.segments(Page(starting_after="nobody")) is other.segments(Page(starting_after="\0")) is None


def test_customers_are_replaced_by_id_or_source_id(stores: list[Store]) -> None:
    one, other = stores
    first, second = put(one, {"source_id": "1", "text": "\ud800é\0😀", "big": 10**300}, {"id": "b", "source_id": "2"})
    assert other.customer("1") == one.read("1").record == one.read(first["id"]).record
    assert json.loads(other.customer("1") or "") == first
    assert put(other, {"source_id": "1", "n": 2}, now="later") == [
        {"id": first["id"], "source_id": "1", "n": 2, "object": "customer", "created_at": "now", "updated_at": "later"}
    ]
    with pytest.raises(ConflictError):
        put(one, {"id": "c"}, {"id": "b", "source_id": "1"})
    assert one.customer("c") is None
    put(one, {"id": "b", "source_id": "3"}, {"id": first["id"], "source_id": "2"}, {"id": "b", "source_id": "1"})
    assert [json.loads(other.customer(name) or "")["id"] for name in ("1", "2")] == [second["id"], first["id"]]
    assert (other.customer("3"), other.read("\0").record, other.read("x" * 5_000).record) == (None, None, None)
    assert (one.remove_customer("1"), one.remove_customer("b"), one.remove_customer("\0")) == (True, False, False)
    assert put(one) == []


def test_writers_of_the_same_customers_do_not_stop_each_other(stores: list[Store]) -> None:
    """On PostgreSQL they waited for each other in circles, of which it ends each by refusing one."""

    def write(writer: int) -> None:
        rng = random.Random(writer)
        names = [f"c{number}" for number in range(200)]
        for _ in range(8):
            rng.shuffle(names)
            put(stores[writer % 2], *({"id": name, "source_id": f"of {name}", "writer": writer} for name in names))
            put(stores[writer % 2], *({"source_id": f"of {name}", "writer": writer} for name in names))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert len({json.loads(stores[0].customer(f"c{number}") or "")["writer"] for number in range(200)}) == 1


def test_writers_at_once_lose_nothing(stores: list[Store]) -> None:
    follower = Catalogue(stores[0], {})

    def write(writer: int) -> None:
        store = stores[writer % 2]
        for number in range(25):
            put(store, {"source_id": f"shared {number}", "writer": writer}, {"source_id": f"own {writer} {number}"})
            store.add_segments([segment(f"{writer} {number}")])
            if number % 3 == 0:
                assert store.remove_segment(f"{writer} {number}")

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, writer) for writer in range(4)]
        while not all(task.done() for task in writing):
            follower.at_least(stores[0].read("").version)
        for task in writing:
            task.result()
    for number in range(25):
        assert stores[1].customer(f"shared {number}")
        assert all(stores[1].customer(f"own {writer} {number}") for writer in range(4))
    fresh = Catalogue(stores[1], {}).current
    assert follower.at_least(fresh[0]).segment_ids({}) == fresh[1].segment_ids({})
    assert len(fresh[1]) == 4 * 16
