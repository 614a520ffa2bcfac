"""The endpoint, its errors, and what fills its store."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from segmentation import CustomerSegmentsList, SegmentEngine
from segmentation.service import Service, ServiceRoute, Settings, SettingsError, create_app, sql, tables
from segmentation.service.catalogue import Catalogue
from segmentation.service.payloads import customer_in
from segmentation.service.sql import open_store
from segmentation.service.store import Page, StoreError
from segmentation.testing import strategies as our

HEADERS = {"X-App-Id": "shop", "X-App-Token": "a secret"}
STARTS_WITH_S = {"name": "Start with S", "filter": {"name": {"conditions": {"$starts_with": "S"}}}}


def on(key: str, operator: str, operand: Any, name: str = "") -> dict[str, Any]:
    return {"name": name, "filter": {key: {"conditions": {operator: operand}}}}


def created(ask: Any, definition: dict[str, Any]) -> str:
    reply = ask("POST", "/v1/segments", definition)
    assert reply.status == 200, reply.body
    identity: str = reply.json()["id"]
    return identity


# Answers


def test_a_stored_customer_is_found_by_id_then_by_source_id(ask: Any) -> None:
    segment = created(ask, STARTS_WITH_S)
    assert ask("POST", "/v1/customers", {"id": "a", "source_id": "b", "name": "Sofia"}).status == 200
    assert ask("POST", "/v1/customers", {"id": "b", "name": "Tom"}).status == 200
    assert ask("GET", "/v1/customers/a/segments").ids() == [segment]
    assert ask("GET", "/v1/customers/b/segments").ids() == []  # an id wins over a source_id
    ask("DELETE", "/v1/customers/b")
    assert ask("GET", "/v1/customers/b/segments").ids() == [segment]


def test_an_answer_is_the_one_of_the_engine(ask: Any) -> None:
    definitions: list[dict[str, Any]] = [STARTS_WITH_S, {"name": "VIP", "type": "static", "customers": ["shop-1"]}, on("created_at", "$today", True)]
    ids = [created(ask, definition) for definition in definitions]
    engine = SegmentEngine([{"id": id_, **definition} for id_, definition in zip(ids, definitions, strict=True)])
    stored = ask("POST", "/v1/customers", {"source_id": "shop-1", "name": "Sofia"}).json()
    reply = ask("GET", "/v1/customers/shop-1/segments")
    assert reply.body == engine.evaluate_json(stored)
    assert reply.ids() == ids
    assert CustomerSegmentsList.model_validate_json(reply.body).total == 3
    assert reply.headers["content-type"] == "application/json"
    assert ask("GET", "/v1/customers/nobody/segments").body == engine.evaluate_unknown("nobody", datetime.now(UTC)).model_dump_json().encode()


def test_a_customer_who_is_not_stored_is_evaluated_as_created_now(ask: Any) -> None:
    ids = [
        created(ask, definition) for definition in (on("created_at", "$today", True), {"name": "", "customers": ["visitor"]}, on("source_id", "$is", "visitor"))
    ]
    created(ask, on("id", "$has_value", True))
    assert ask("GET", "/v1/customers/visitor/segments").ids() == ids


STRANGE_IDS = ["a/b", "..", ".", "a\nb", "a\r\nb", "\0", "%2F", "%", "+", "a b", "?x=1", "#", ";", "é", "😀", "segments", "bulk", "x" * 8192, "\u2028", "'; --"]


@pytest.mark.parametrize("name", STRANGE_IDS, ids=lambda name: ascii(name)[:12])
def test_any_id_is_answered(ask: Any, segments_of: Any, name: str) -> None:
    wanted = created(ask, on("source_id", "$is", name))
    assert ask("GET", segments_of(name)).ids() == [wanted]
    stored = ask("POST", "/v1/customers", {"source_id": name, "vip": True})
    if "\0" in name or len(name) > 1024:
        assert stored.status == 400
        assert stored.json()["key"] == "invalid_payload"
    else:
        vip = created(ask, on("vip", "$is", True))
        assert ask("GET", segments_of(name)).ids() == [wanted, vip]
        assert ask("GET", f"/v1/customers/{quote(name, safe='')}").json()["source_id"] == name


@pytest.mark.parametrize("path", ["/v1/customers/%FF/segments", "/v1/customers/%ED%A0%80/segments", "/v1/customers/%C3/segments"])
def test_an_id_that_is_not_utf8_is_refused(ask: Any, path: str) -> None:
    reply = ask("GET", path)
    assert (reply.status, reply.json()["key"]) == (400, "invalid_path")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = open_store(str(tmp_path_factory.mktemp("shared") / "store.db"))
    yield store
    store.close()


@given(st.data())
def test_what_is_stored_evaluates_as_what_was_sent(shared: Any, data: st.DataObject) -> None:
    options: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
    segment = data.draw(our.segments(max_leaves=4))
    now = data.draw(our.nows("UTC"))
    engine = SegmentEngine([segment], **options)
    for record in data.draw(st.lists(our.records_for(segment, now=now, timezone="UTC", python_values=False), max_size=3)):
        text = json.dumps(
            record | {"id": "c", "source_id": "s", "object": "customer", "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
        )
        try:
            checked = customer_in(text.encode())
        except ValueError as error:
            assert "finite" in str(error)
            continue
        shared.put_customers([checked], "now", lambda: "new")
        assert engine.evaluate_json(shared.read("c").record, now) == engine.evaluate_json(text, now)
        assert shared.read("s") == shared.read("c")


# Credentials


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"X-App-Id": "shop"}, {"X-App-Token": "a secret"}, {"X-App-Id": "a secret", "X-App-Token": "shop"}, {"X-App-Id": "shopa", "X-App-Token": " secret"},
        {"X-App-Id": "shop", "X-App-Token": ""}, {"X-App-Id": "SHOP", "X-App-Token": "a secret"}, [*HEADERS.items(), ("X-App-Id", "other")],
        [*HEADERS.items(), ("X-App-Token", "a secret")], {"X-App-Id": "é", "X-App-Token": "a secret"},
    ],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/customers/x/segments"), ("POST", "/v1/segments"), ("DELETE", "/v1/customers/x")])
def test_without_the_credentials_nothing_is_done(ask: Any, headers: Any, method: str, path: str) -> None:
    reply = ask(method, path, b"{}", headers=headers)
    assert reply.status == 401
    assert reply.json().items() >= {"code": 401, "message": "Unauthorized", "key": "unauthorized"}.items()
    assert ask.reads == 0
    assert b"secret" not in reply.body


def test_header_names_have_no_case(ask: Any) -> None:
    assert ask("GET", "/v1/segments", headers={"x-APP-id": "shop", "x-app-TOKEN": "a secret"}).status == 200


@pytest.mark.parametrize("missing", [("", "t"), ("i", ""), ("", ""), ("i", "t\n"), ("é", "t"), (" i", "t")])
def test_without_credentials_nothing_starts(database: Path, missing: tuple[str, str]) -> None:
    with pytest.raises(SettingsError, match="SEGMENTATION_APP_"):
        Settings(str(database), *missing)
    assert not database.exists()


def test_blanks_around_the_value_of_a_header_are_no_part_of_it(ask: Any) -> None:
    """Not every server takes them away: httptools leaves those at the end."""
    headers = {"X-App-Id": "shop ", "X-App-Token": "\ta secret \t"}
    assert ask("GET", "/v1/segments", headers=headers).status == 200
    assert ask("POST", "/v1/customers", b"{}", headers=headers | {"Content-Length": " 2 "}).status == 200


def test_settings_do_not_show_their_secrets() -> None:
    assert "secret" not in repr(Settings("postgresql://me:secret@host/name", "shop", "a secret"))


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///:memory:", ":memory:", "mysql://x/y", "nonsense://x", "://", "/no/such/folder/x.db", "postgresql+nodriver://x/y"]
)
def test_a_store_that_cannot_be_is_told_of(url: str) -> None:
    with pytest.raises(SettingsError):
        Service(Settings(url, "shop", "a secret"))


def test_a_store_of_another_layout_or_kind_is_refused(database: Path, tmp_path: Path) -> None:
    Service(Settings(str(database), "a", "b")).close()
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE catalogue SET layout = 99")
    connection.close()
    with pytest.raises(SettingsError, match="layout 99"):
        Service(Settings(str(database), "a", "b"))
    other = tmp_path / "other.db"
    other.write_bytes(b"this is no database, but a file of another kind" * 100)
    with pytest.raises(Exception, match="SQLITE_NOTADB"):
        Service(Settings(str(other), "a", "b"))


# Paths and methods


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/customers//segments", "/v1/segments/", "/v1/customers/x/segments/", "/v1/customers/x/y", "//v1/segments", "/V1/segments", "/docs"]
)
def test_what_is_not_served_is_not_found(ask: Any, path: str) -> None:
    reply = ask("GET", path)
    assert (reply.status, reply.json()["key"]) == (404, "not_found")
    assert ask("GET", path, headers={}).status == 401  # strangers are not told what there is


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/customers/x/segments", "GET, HEAD"), ("PUT", "/v1/segments", "GET, HEAD, POST"), ("GET", "/v1/customers", "POST"),
        ("PATCH", "/v1/customers/x", "DELETE, GET, HEAD"), ("OPTIONS", "/healthz", "GET, HEAD"), ("TRACE", "/v1/segments/x", "DELETE, GET, HEAD"),
        ("QUIT", "/v1/segments", "GET, HEAD, POST"), ("PUT", "/v1/customers/bulk", "DELETE, GET, HEAD, POST"),
    ],
)  # fmt: skip
def test_other_methods_are_not_allowed(ask: Any, method: str, path: str, allowed: str) -> None:
    reply = ask(method, path)
    assert (reply.status, reply.json()["code"], reply.json()["key"], reply.headers["allow"]) == (405, 405, "method_not_allowed", allowed)


def test_head_is_get_without_the_body(ask: Any) -> None:
    got, head = (ask(method, "/v1/customers/x/segments") for method in ("GET", "HEAD"))
    assert head == (200, got.headers, b"")


def test_health_and_description_need_no_credentials(ask: Any) -> None:
    assert ask("GET", "/healthz", headers={}).json() == {"status": "ok"}
    assert ask("GET", "/openapi.json", headers={}).json()["openapi"].startswith("3.")


# Bodies


@pytest.mark.parametrize("path", ["/v1/segments", "/v1/customers", "/v1/customers/bulk"])
@pytest.mark.parametrize(
    "body",
    [
        b"{", b"\xff\xfe", b'{"a": "\xff"}', b"null", b"5", b'"x"', b"[]", b"[{}]", b"{}{}", b'{"a": 1e999, "name": "", "filter": {}}', b'{"name": "", "filter": {}, "a": NaN}',
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 100_000, b'{"name":"","filter":{},"x":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"name":"","filter":{},"x":' + b"9" * 5_000 + b"}", b'{"id": 5, "name": "", "filter": {}}', b'{"id": "", "name": "", "filter": {}}',
        b'{"id": "\\u0000", "name": "", "filter": {}}', b'{"id": "\\ud800", "name": "", "filter": {}}', b'{"id": "' + b"x" * 1_025 + b'", "name": "", "filter": {}}', b"\0",
    ],
    ids=range(21),
)  # fmt: skip
def test_a_body_that_cannot_be_stored_is_refused(ask: Any, path: str, body: bytes) -> None:
    reply = ask("POST", path, body)
    assert (reply.status, reply.json()["code"], reply.json()["key"], reply.json()["message"]) == (400, 400, "invalid_payload", "Invalid payload"), reply.body
    assert re.fullmatch("v-[0-9a-f]{18}", reply.json()["request_id"])
    assert ask("GET", "/v1/segments").json()["total"] == 0


def test_an_empty_body_is_no_object(ask: Any) -> None:
    assert ask("POST", "/v1/segments", b"").status == ask("POST", "/v1/customers", b"").status == 400
    assert ask("POST", "/v1/customers/bulk", b"").json() == {"total": 0}


@pytest.mark.parametrize("path", ["/v1/segments", "/v1/customers", "/v1/customers/bulk"])
def test_a_long_body_is_refused_before_it_is_read(open_service: Any, path: str) -> None:
    ask = open_service(max_segment_bytes=1_000, max_customer_bytes=1_000, max_bulk_bytes=1_000)
    for length in ("1001", "50000000", "9" * 5_000, "-1", "x"):
        reply = ask("POST", path, b"{}", headers=HEADERS | {"Content-Length": length})
        assert (reply.status, reply.json()["key"], ask.reads) == (413, "payload_too_large", 0)
    # Without a length, reading stops at the limit.
    reply = ask("POST", path, b"x" * 5_000, headers=HEADERS | {"Content-Length": "5"}, chunk=300)
    assert (reply.status, ask.reads) == (413, 4)


def test_a_compressed_body_is_refused(ask: Any) -> None:
    assert ask("POST", "/v1/customers", b"{}", headers=HEADERS | {"Content-Encoding": "gzip"}).status == 415
    assert ask("POST", "/v1/customers", b"{}", headers=HEADERS | {"Content-Encoding": "identity"}).status == 200


def test_a_bulk_body_has_so_many_lines(open_service: Any) -> None:
    ask = open_service(max_bulk_lines=3)
    assert ask("POST", "/v1/customers/bulk", b"{}\n{}\n{}\n").json() == {"total": 3}
    reply = ask("POST", "/v1/customers/bulk", b"{}\n{\n\n{}\n")
    assert (reply.status, reply.json()["key"], reply.json()["details"]) == (413, "payload_too_large", "A body has at most 3 lines here")
    assert ask("POST", "/v1/customers/bulk", b"{}\n{}\n{}\n{}").status == 413  # the last line need not end


def test_a_mark_of_utf8_is_read_and_other_encodings_are_not(ask: Any) -> None:
    for path, body in (("/v1/customers", {"id": "c"}), ("/v1/customers/bulk", {"id": "c"}), ("/v1/segments", STARTS_WITH_S)):
        text = json.dumps(body)
        assert ask("POST", path, text.encode("utf-8-sig")).status == 200
        for encoding in ("utf-16", "utf-16-le", "utf-32"):
            assert ask("POST", path, text.encode(encoding)).status == 400


def test_a_request_that_the_end_cuts_off_is_told_to_come_again(ask: Any) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(30)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/customers", "raw_path": b"/v1/customers", "headers": headers}

    async def stop() -> None:
        request = asyncio.ensure_future(ask.app(scope, receive, send))
        await asyncio.sleep(0.05)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    asyncio.run(stop())
    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"])[b"retry-after"] == b"1"


CHANGES = [
    ("POST", "/v1/customers", {}),
    ("POST", "/v1/segments", {**STARTS_WITH_S, "id": "s"}),
    ("DELETE", "/v1/segments/s", None),
    ("DELETE", "/v1/customers/c", None),
]


def test_too_many_writes_are_told_to_come_again(open_service: Any) -> None:
    ask = open_service(max_pending_writes=0)
    for change in CHANGES:
        reply = ask(*change)
        assert (reply.status, reply.headers["retry-after"], ask.reads) == (503, "1", 0)


def test_a_write_does_not_wait_for_ever_for_others(open_service: Any) -> None:
    ask = open_service(patience_seconds=0.05)
    stored = {"id": "c", "name": "Sofia"}
    ask("POST", "/v1/customers", stored)
    done = threading.Event()
    for _ in range(ask.app._store.writers):
        ask.app._writers.submit(done.wait, 30)
    try:
        for change in CHANGES:
            reply = ask(*change)
            assert (reply.status, reply.json()["key"], reply.headers["retry-after"]) == (503, "service_unavailable", "1")
    finally:
        done.set()
    assert ask("POST", "/v1/customers", {"id": "d"}).status == 200
    assert ask("GET", "/v1/segments/s").status == 404  # what was refused does not happen later
    assert ask("GET", "/v1/customers/c").json().items() >= stored.items()


# Segments


def test_every_problem_of_a_definition_is_located(ask: Any) -> None:
    reply = ask("POST", "/v1/segments", b'{"name": 5, "filter": {"a": {"conditions": {"$more_then": 1, "$is": null}}, "a": {"conditions": {}}, "b": 1}}')
    assert reply.status == 400
    problems = reply.json()["problems"]
    assert [(problem["pointer"], problem["code"]) for problem in problems] == [
        ("/name", "bad_name"), ("/filter/a", "duplicate_key"), ("/filter/a/conditions", "empty_conditions"), ("/filter/b", "bad_attribute"),
    ]  # fmt: skip
    assert "4 problems" in reply.json()["details"]
    assert reply.json()["resource_type"] == "segment"


def test_a_segment_comes_back_as_the_api_has_it(ask: Any) -> None:
    made = ask("POST", "/v1/segments", STARTS_WITH_S).json()
    assert list(made) == ["id", "name", "created_at", "updated_at", "type", "filter", "object"]
    assert re.fullmatch("seg_[A-Za-z0-9]{24}", made["id"])
    assert made.items() >= {"name": "Start with S", "updated_at": None, "type": "passive", "filter": STARTS_WITH_S["filter"], "object": "segment"}.items()
    assert ask("GET", f"/v1/segments/{made['id']}").json() == made
    static = ask("POST", "/v1/segments", {"name": "VIP", "customers": ["a", "b"], "note": "\ud800"}).json()
    assert static.items() >= {"type": "static", "filter": None, "customers": ["a", "b"], "note": "\ud800"}.items()
    listed = ask("GET", "/v1/segments").json()
    assert (listed["object"], listed["data_ref"], listed["total"]) == ("list", "data", 2)
    assert listed["data"] == [{key: value for key, value in static.items() if key != "customers"}, made]  # newest first; members are not listed
    assert ask("GET", f"/v1/segments/{static['id']}").json() == static
    assert ask("DELETE", f"/v1/segments/{made['id']}") == (204, {"cache-control": "no-store"}, b"")
    for method in ("GET", "DELETE"):
        gone = ask(method, f"/v1/segments/{made['id']}")
        wanted = {
            "code": 404,
            "key": "not_found",
            "message": "Resource not found",
            "details": f"Cannot find segment with id {made['id']}",
            "resource_id": made["id"],
            "resource_type": "segment",
        }
        assert gone.status == 404
        assert gone.json().items() >= wanted.items()
    assert ask("GET", "/v1/segments").json()["total"] == 1


def test_an_id_that_is_given_is_kept_and_taken_once(ask: Any) -> None:
    given_ = {**STARTS_WITH_S, "id": "seg_x", "created_at": "2020-01-01T00:00:00.000Z"}
    assert ask("POST", "/v1/segments", given_).json().items() >= given_.items()
    again = ask("POST", "/v1/segments", given_)
    assert (again.status, again.json()["key"], again.json()["resource_id"]) == (409, "duplicate_found", "seg_x")
    assert ask("GET", "/v1/segments").json()["total"] == 1


@pytest.mark.parametrize("order", ["created_at", "-created_at"])
def test_pages_hold_every_segment_once(ask: Any, order: str) -> None:
    moments = [f"2026-01-0{1 + number // 3}T00:00:00Z" for number in range(12)]  # three at each
    ids = [created(ask, {**STARTS_WITH_S, "id": f"seg_{number:02d}", "created_at": moment}) for number, moment in enumerate(moments)]
    wanted = ids if order == "created_at" else ids[::-1]
    found: list[str] = []
    path = f"/v1/segments?limit=5&order={order}"
    while page := ask("GET", path + (f"&starting_after_id={found[-1]}" if found else "")).ids():
        found += page
    assert found == wanted
    window = ask(
        "GET",
        f"/v1/segments?limit=100&order={order}&filters%5Bcreated_at%5D%5Bconditions%5D%5B%24after%5D%5B0%5D=2026-01-01T00:00:00Z&filters[created_at][conditions][$before]=2026-01-03T01:00:00%2B01:00",
    )
    assert window.ids() == [id_ for id_ in wanted if 3 <= ids.index(id_) < 6]
    assert window.json()["total"] == 3


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=٣", "limit=", "limit=1&limit=2", "starting_after_id=nobody&starting_after_id=nobody", "order=name", "order=created_at&order=created_at", "page=2", "filters[name]=x", "before=2020",
     "filters[created_at][conditions][$before]=yesterday", "filters[created_at][conditions][$after]=2026-01-01", "starting_after_id=nobody", "starting_after_id=%00",
     "limit=%FF", "&".join(["limit=1"] * 30), "filters[created_at][conditions][$before][0]=2026-01-01T00:00:00Z&filters[created_at][conditions][$before][1]=2026-01-01T00:00:00Z"],
)  # fmt: skip
def test_a_query_that_is_not_understood_is_refused(ask: Any, query: str) -> None:
    created(ask, STARTS_WITH_S)
    reply = ask("GET", f"/v1/segments?{quote(query, safe='=&%[]$')}")
    assert (reply.status, reply.json()["key"], reply.json()["message"]) == (400, "invalid_query_params", "Invalid query params")


# Customers


def test_a_record_replaces_the_one_before(ask: Any) -> None:
    first = ask("POST", "/v1/customers", {"source_id": "s", "name": "A", "metadata": {"a": 1}}).json()
    assert re.fullmatch("cust_[A-Za-z0-9]{24}", first["id"])
    assert "updated_at" not in first
    second = ask("POST", "/v1/customers", {"source_id": "s", "name": "B"}).json()
    assert (second["id"], second["created_at"], second["name"]) == (first["id"], first["created_at"], "B")
    assert "metadata" not in second
    assert second["updated_at"] > second["created_at"]
    third = ask("POST", "/v1/customers", {"id": first["id"], "created_at": "2020-01-01T00:00:00Z", "updated_at": 5}).json()
    assert third == {"id": first["id"], "created_at": "2020-01-01T00:00:00Z", "updated_at": 5, "object": "customer", "source_id": "s"}
    assert ask("GET", "/v1/customers/s").json() == third
    assert ask("POST", "/v1/customers", {"id": first["id"], "source_id": "t"}).json()["source_id"] == "t"
    assert ask("GET", "/v1/customers/s").status == 404
    assert ask("DELETE", "/v1/customers/t").status == 204
    for method in ("GET", "DELETE"):
        gone = ask(method, "/v1/customers/t").json()
        assert gone.items() >= {"code": 404, "details": "Cannot find customer with id t", "resource_id": "t", "resource_type": "customer"}.items()


def test_a_source_id_has_one_customer(ask: Any) -> None:
    ask("POST", "/v1/customers", {"id": "a", "source_id": "s"})
    reply = ask("POST", "/v1/customers", {"id": "b", "source_id": "s"})
    assert (reply.status, reply.json()["key"], reply.json()["resource_type"]) == (409, "duplicate_found", "customer")
    assert ask("GET", "/v1/customers/b").status == 404


def lines(*records: Any) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def test_many_customers_are_stored_together(ask: Any) -> None:
    assert ask(
        "POST", "/v1/customers/bulk", lines({"id": "a", "n": 1}, {"source_id": "s"}, {"id": "a", "n": 2}, {"source_id": "s", "n": 3}, {}) + b"\r\n\n"
    ).json() == {"total": 5}
    assert [ask("GET", f"/v1/customers/{name}").json()["n"] for name in ("a", "s")] == [2, 3]
    # Source ids may change hands within one body.
    ask("POST", "/v1/customers/bulk", lines({"id": "x", "source_id": "1"}, {"id": "y", "source_id": "2"}))
    assert ask("POST", "/v1/customers/bulk", lines({"id": "x", "source_id": "3"}, {"id": "y", "source_id": "1"}, {"id": "x", "source_id": "2"})).json() == {
        "total": 3
    }
    assert [ask("GET", f"/v1/customers/{name}").json()["source_id"] for name in ("x", "y")] == ["2", "1"]


def test_many_customers_are_stored_or_none(ask: Any) -> None:
    faulty = ask("POST", "/v1/customers/bulk", lines({"id": "a"}, 5, {"id": 7}) + b"\n\n{\n" + lines({"id": "b"}))
    assert faulty.status == 400
    assert [problem["line"] for problem in faulty.json()["problems"]] == [2, 3, 5]
    ask("POST", "/v1/customers", {"id": "c", "source_id": "s"})
    taken = ask("POST", "/v1/customers/bulk", lines({"id": "a"}, {"id": "b", "source_id": "s"}))
    assert [problem["line"] for problem in taken.json()["problems"]] == [2]
    assert ask("GET", "/v1/customers/a").status == 404
    many = ask("POST", "/v1/customers/bulk", b"{\n" * 500).json()
    assert (len(many["problems"]), many["details"][:9]) == (100, "500 lines")


# More than one process


def test_a_change_is_seen_by_every_service_on_the_store(open_service: Any) -> None:
    one, other = open_service(), open_service()
    ids = [created(service, {**STARTS_WITH_S, "name": f"Sofia {number}"}) for number, service in enumerate([one, other, one, other])]
    assert one("POST", "/v1/customers", {"id": "c", "name": "Sofia"}).status == 200
    for service in (one, other):
        assert service("GET", "/v1/customers/c/segments").ids() == ids
    other("DELETE", f"/v1/segments/{ids[1]}")
    for service in (one, other):
        assert service("GET", "/v1/customers/c/segments").ids() == [ids[0], *ids[2:]]
    # Stored again under its old id, a segment stands at the end, as in a service that starts now.
    one("DELETE", f"/v1/segments/{ids[0]}")
    created(one, {**STARTS_WITH_S, "id": ids[0]})
    for service in (one, other, open_service()):
        assert service("GET", "/v1/customers/c/segments").ids() == [*ids[2:], ids[0]]


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 5)), max_size=25))
@example([(0, True, 1), (0, True, 2), (1, False, 1), (1, True, 1)])
def test_services_that_follow_a_store_equal_one_that_starts(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, int]]) -> None:
    store = open_store(str(tmp_path_factory.mktemp("follow") / "store.db"))
    followers = [Catalogue(store, {}) for _ in range(3)]
    try:
        for who, is_added, number in steps:
            if not is_added:
                store.remove_segment(f"s{number}")
            elif store.segment(f"s{number}") is None:
                store.add_segments([{"id": f"s{number}", "name": "", "filter": {}, "created_at": "2026-01-01T00:00:00Z"}])
            version = store.read("").version
            assert followers[who].at_least(version).segment_ids({}) == Catalogue(store, {}).current[1].segment_ids({})
        for follower in followers:
            assert follower.at_least(store.read("").version).segment_ids({}) == Catalogue(store, {}).current[1].segment_ids({})
    finally:
        store.close()


def test_one_who_missed_much_reads_everything_again(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_KEPT_VERSIONS", 3)
    store = open_store(str(database))
    late = Catalogue(store, {})
    for number in range(6):
        store.add_segments([{"id": f"s{number}", "name": "", "filter": {}, "created_at": "2026-01-01T00:00:00Z"}])
    assert store.changes(1).gone is None
    assert store.changes(4).gone == frozenset({"s4", "s5"})
    assert late.at_least(6).segment_ids({}) == [f"s{number}" for number in range(6)]
    store.close()


def test_a_locked_store_answers_readers_and_puts_writers_off(open_service: Any, database: Path) -> None:
    ask = open_service(busy_seconds=0.05)
    segment = created(ask, STARTS_WITH_S)
    ask("POST", "/v1/customers", {"id": "c", "name": "Sofia"})
    locker = sqlite3.connect(database, isolation_level=None)
    try:
        locker.execute("BEGIN IMMEDIATE")
        for method, path, body in (
            ("POST", "/v1/customers", {}),
            ("POST", "/v1/segments", STARTS_WITH_S),
            ("DELETE", f"/v1/segments/{segment}", None),
            ("POST", "/v1/customers/bulk", {"id": "d"}),
        ):
            reply = ask(method, path, body)
            assert (reply.status, reply.json()["key"], reply.headers["retry-after"]) == (503, "service_unavailable", "1")
        assert ask("GET", "/v1/customers/c/segments").ids() == [segment]
        assert ask("GET", "/healthz").status == 200
    finally:
        locker.close()
    assert ask("POST", "/v1/customers", {}).status == 200


def test_segments_that_cannot_be_read_are_told_of_until_they_are_gone(
    open_service: Any, database: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported with other options than the service's. Each answer was a 500, while the health was fine."""
    ask = open_service()
    first = created(ask, on("source_id", "$is", "visitor"))
    store = open_store(str(database))
    place = on("metadata.jane", "$in_location", ["somewhere"])
    store.add_segments([{"id": "seg_2", "created_at": "2026-01-01T00:00:00Z", **place}, {"id": "seg_3", "created_at": "2026-01-01T00:00:00Z", **STARTS_WITH_S}])
    for _ in range(2):
        for path in ("/v1/customers/visitor/segments", "/healthz"):
            reply = ask("GET", path)
            assert (reply.status, reply.json()["key"]) == (503, "service_unavailable")
            assert "options do not read" in reply.json()["details"]
            with monkeypatch.context() as patch:  # once is enough
                patch.setattr(ask.app._store, "changes", None)
                assert ask("GET", path).status == 503
    assert [record.getMessage() for record in caplog.records] == [
        "segments in the store cannot be read with the options of this service: 'seg_2' at /filter/metadata.jane/conditions/$in_location/0 [unknown_location]"
    ]
    store.add_segments([{"id": "seg_4", "created_at": "2026-01-01T00:00:00Z", **place}])
    assert ask("GET", "/healthz").status == 503
    for name in ("seg_2", "seg_4"):
        assert ask("DELETE", f"/v1/segments/{name}").status == 204
    assert ask("GET", "/healthz").status == 200
    store.remove_segment("seg_3")
    store.add_segments([{"id": "seg_5", "created_at": "2026-01-01T00:00:00Z", "name": "", "filter": {}}])
    assert ask("GET", "/v1/customers/visitor/segments").ids() == [first, "seg_5"]
    store.close()


def test_a_broken_store_is_told_of(open_service: Any, database: Path) -> None:
    ask = open_service()
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE customers")
    connection.close()
    for path in ("/v1/customers/x/segments", "/healthz", "/v1/customers/x"):
        assert ask("GET", path).status == 503
    assert ask("GET", "/v1/segments").status == 200


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_store_whose_file_is_gone_is_told_of(open_service: Any, database: Path, is_replaced: bool, caplog: pytest.LogCaptureFixture) -> None:
    ask = open_service()
    assert ask("POST", "/v1/customers", {"id": "c"}).status == 200
    for file in database.parent.glob("store.db*"):
        file.rename(file.with_name("moved-" + file.name))
    if is_replaced:
        open_store(str(database)).close()
    asked = [*CHANGES, ("POST", "/v1/customers/bulk", b"{}"), *(("GET", path, None) for path in ("/v1/customers/c/segments", "/v1/customers/c", "/healthz"))]
    for method, path, body in asked:
        assert ask(method, path, body).status == 503, path
    assert "its file" in caplog.text
    assert database.exists() is is_replaced
    if not is_replaced:
        with pytest.raises(StoreError, match="gone"):
            Service(Settings(str(database), "a", "b"), is_new=False)
        database.touch()
        with pytest.raises(StoreError):
            Service(Settings(str(database), "a", "b"), is_new=False)
        with sqlite3.connect(database) as connection:
            assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []
        connection.close()


def test_rows_that_are_damaged_are_told_of(open_service: Any, database: Path, caplog: pytest.LogCaptureFixture) -> None:
    ask = open_service()
    segment = created(ask, STARTS_WITH_S)
    for name in ("c", "d"):
        ask("POST", "/v1/customers", {"id": name, "name": "Sofia"})
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE customers SET record = '{Jane' WHERE id = 'c'")
    for path in ("/v1/customers/c/segments", "/v1/customers/c"):
        assert ask("GET", path).status == 503
    assert ask("GET", "/v1/customers/d/segments").ids() == [segment]
    assert "Jane" not in caplog.text
    assert ask("POST", "/v1/customers", {"id": "c", "name": "Sofia"}).status == 200
    assert ask("GET", "/v1/customers/c/segments").ids() == [segment]
    created(ask, {**STARTS_WITH_S, "id": "bad"})
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE segments SET definition = '{broken' WHERE id = 'bad'")
    connection.close()
    for path in ("/v1/customers/d/segments", "/v1/segments", "/v1/segments/bad", "/healthz"):
        assert ask("GET", path).status == 503
    assert "the segment 'bad' is not JSON" in caplog.text
    with pytest.raises(StoreError, match="the segment 'bad' is not JSON"):
        open_service()
    assert ask("DELETE", "/v1/segments/bad").status == 204
    assert ask("GET", "/v1/customers/d/segments").ids() == [segment]


# What is written down


def test_logs_say_nothing_of_customers(ask: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def failing(*_: Any, **__: Any) -> Any:
        raise RuntimeError("Jane Doe")

    monkeypatch.setattr(ask.app._store, "read", failing)
    monkeypatch.setattr(ask.app._store, "put_customers", failing)
    for reply in (ask("GET", "/v1/customers/jane%40example.com/segments"), ask("POST", "/v1/customers", {"name": "Jane Doe"})):
        assert (reply.status, reply.json()["key"]) == (500, "internal_error")
        assert b"Jane" not in reply.body
    assert "RuntimeError" in caplog.text
    assert "jane" not in caplog.text.lower()


# Inside another application


def test_it_is_an_application_and_can_be_part_of_one(database: Path, local: Any) -> None:
    config = Settings(str(database), "shop", "a secret")
    alone = local(create_app(config))
    assert alone("GET", "/v1/customers/a%2Fb%0A/segments").status == 200
    assert alone("GET", "/nothing").json()["key"] == "not_found"
    assert create_app(config).openapi()["paths"].keys() == alone("GET", "/openapi.json").json()["paths"].keys()
    service = Service(config)
    outer = FastAPI()

    @outer.get("/own")
    def own() -> str:
        return "own"

    outer.router.routes.append(ServiceRoute(service, "/routed"))
    outer.mount("/mounted", service)
    within = local(outer)
    segment = created(lambda method, path, body: within(method, "/mounted" + path, body), on("source_id", "$is", "a/b\n"))
    assert within("GET", "/own").json() == "own"
    for root in ("", "/behind"):
        assert within("GET", "/routed/v1/customers/a%2Fb%0A/segments", root_path=root).ids() == [segment]
        assert within("GET", "/mounted/v1/customers/a%2Fb/segments", root_path=root).ids() == []
    assert within("GET", "/routedx/v1/segments").status == 404
    deep = local(service)
    assert deep("GET", "/v1/segments", root_path="/a/b").status == 200
    assert deep("GET", "/a%2Fb/x/v1/segments", root_path="/a/b", is_whole=True).json()["key"] == "not_found"
    service.close()


# Other databases


def test_every_statement_is_one_of_postgresql_too() -> None:
    """Compiled only; test_store runs them where a server is at hand."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own
    text = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in tables.metadata.sorted_tables)
    assert "position BIGSERIAL" in text
    postgres = object.__new__(sql.SqlStore)
    statements = [
        tables.read_customer, tables.new_version, tables.version_now, tables.note_change, tables.forget_changes, tables.all_segments,
        tables.segments_by_id(["a"]), tables.changed_since(1, 2), tables.page_of(Page(before=1, after=2), (1, 2)), tables.page_of(Page(is_descending=False), (1, 2)),
        tables.total_of(Page(before=1)), postgres._insert_customers(),
    ]  # fmt: skip
    for statement in statements:
        assert str(statement.compile(dialect=dialect))
    assert "ON CONFLICT (id) DO UPDATE" in str(statements[-1].compile(dialect=dialect))
