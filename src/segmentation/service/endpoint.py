"""The service: an ASGI application that answers from a store and an engine, to be mounted anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, RecordError
from segmentation.service import errors
from segmentation.service.catalogue import Catalogue, UnreadableSegmentsError
from segmentation.service.errors import ApiError
from segmentation.service.openapi import document
from segmentation.service.payloads import customer_in, customers_in, new_id, page_in, segment_in, timestamp
from segmentation.service.requests import ClientGoneError, Credentials, Receive, Scope, Send, body_of, parts_of, send_answer, send_error
from segmentation.service.settings import Settings
from segmentation.service.sql import json_text, open_store
from segmentation.service.store import ConflictError, Read, StoreError

__all__ = ["Service"]

_log = logging.getLogger("segmentation.service")
T = TypeVar("T")


class _Answer(NamedTuple):
    """What is sent back."""

    status: int
    body: bytes


_PUBLIC = (["healthz"], ["openapi.json"])
"""The paths that anybody may ask."""
_Handler = Callable[[Scope, Receive], Awaitable[_Answer]]


class Service:
    """The endpoints, over one store and one engine: an ASGI application.

    Mount it with `app.mount("/prefix", Service(settings))`, or serve it as it is. Every answer but the OpenAPI document and the health of the
    service needs the credentials. What an answer says is of one moment, no earlier than the request.

    Args:
        settings: What to serve, to whom.
        is_new: Whether the store may be made if it is not there.

    Raises:
        SettingsError: The settings cannot be used.
        StoreError: The store cannot be used.
        DefinitionError: The segments in the store cannot be read with these settings.
        ValueError: The engine's options are wrong.
    """

    def __init__(self, settings: Settings, *, is_new: bool = True) -> None:
        self._settings = settings
        self._credentials = Credentials(settings.app_id, settings.app_token)
        self._store = open_store(settings.database, settings.busy_seconds, is_new=is_new)
        try:
            self._catalogue = Catalogue(self._store, settings.engine_options())
        except BaseException:
            self._store.close()
            raise
        # Reads wait for the disk, writes for each other, updates of the engine for the processor: none of them for another kind.
        self._readers = ThreadPoolExecutor(4, "segmentation-read")
        self._writers = ThreadPoolExecutor(self._store.writers, "segmentation-write")
        self._updaters = ThreadPoolExecutor(1, "segmentation-update")
        self._pending = 0
        self._openapi = json.dumps(document()).encode()

    def close(self) -> None:
        """Let go of the store, once what is under way has ended."""
        for threads in (self._readers, self._writers, self._updaters):
            threads.shutdown(cancel_futures=True)  # what has not begun was acknowledged to nobody
        self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the end of a server closes the service that it serves."""
        match scope["type"]:
            case "http":
                await self._respond(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = (await receive())["type"]
            if event == "lifespan.shutdown":
                self.close()
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ApiError as error:
            await send_error(scope, send, error)
        except StoreError as error:
            _log.warning("the store cannot be used: %s", error)
            await send_error(scope, send, errors.unavailable("The store cannot be used at the moment"))
        except UnreadableSegmentsError:
            await send_error(scope, send, errors.unavailable("There are segments in the store that this service's options do not read"))
        except ClientGoneError:
            pass
        except asyncio.CancelledError:  # the server is stopping, and has waited long enough
            await send_error(scope, send, errors.unavailable("The service is stopping"))
            raise
        except Exception as error:  # noqa: BLE001 - the service lives on; what is logged names places, since messages may quote a customer
            places = (f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__))
            _log.error("a request failed: %s\n%s", type(error).__name__, "\n".join(places))
            await send_error(scope, send, errors.internal_error())
        else:
            await send_answer(scope, send, *answer)

    async def _answer(self, scope: Scope, receive: Receive) -> _Answer:
        parts = parts_of(scope)
        if parts not in _PUBLIC:
            self._credentials.check(scope["headers"])
        methods = self._resource(parts)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = methods.get(method)
        if handler is None:
            raise errors.method_not_allowed(methods.keys() | ({"HEAD"} if "GET" in methods else set()))
        return await handler(scope, receive)

    def _resource(self, parts: list[str]) -> Mapping[str, _Handler]:
        """What is under a path: handlers by method."""
        match parts:
            case ["v1", "customers", name, "segments"] if name:
                return {"GET": partial(self._list_customer_segments, name)}
            case ["v1", "customers", name] if name:
                more = {"POST": self._put_many_customers} if name == "bulk" else {}
                return {"GET": partial(self._get_customer, name), "DELETE": partial(self._delete_customer, name), **more}
            case ["v1", "customers"]:
                return {"POST": self._put_customer}
            case ["v1", "segments", name] if name:
                return {"GET": partial(self._get_segment, name), "DELETE": partial(self._delete_segment, name)}
            case ["v1", "segments"]:
                return {"GET": self._list_segments, "POST": self._create_segment}
            case ["healthz"]:
                return {"GET": self._health}
            case ["openapi.json"]:
                return {"GET": self._describe}
            case _:
                raise errors.no_such_path()

    # Threads

    async def _in(self, threads: ThreadPoolExecutor, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)

    @contextmanager
    def _pending_change(self) -> Iterator[None]:
        """Room for one more change."""
        if self._pending >= self._settings.max_pending_writes:
            raise errors.unavailable("Too many writes are under way")
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def _change(self, change: Callable[..., T], *arguments: Any) -> T:
        """Make a change, when those before it leave it its turn. One that was begun is finished, even when the client leaves."""
        turn = self._writers.submit(change, *arguments)
        result = asyncio.wrap_future(turn)
        await asyncio.wait([result], timeout=self._settings.patience_seconds)
        if turn.cancel():
            raise errors.unavailable("Too many writes are under way")
        return await result

    async def _write(self, scope: Scope, receive: Receive, limit: int, change: Callable[[bytes], T]) -> T:
        """Make a change that a body asks for."""
        with self._pending_change():
            return await self._change(change, await body_of(scope, receive, limit))

    async def _remove(self, resource_type: str, name: str, removal: Callable[[str], bool]) -> _Answer:
        """Make a store forget something."""
        with self._pending_change():
            if not await self._change(removal, name):
                raise errors.not_found(resource_type, name)
        return _Answer(204, b"")

    async def _read(self, customer_id: str) -> Read:
        """Read at once where that is possible: a thread would cost more than SQLite does."""
        if self._store.reads_at_once:
            with suppress(StoreError):
                return self._store.read(customer_id, is_patient=False)
        return await self._in(self._readers, self._store.read, customer_id)

    async def _engine(self, version: int) -> SegmentEngine:
        """The engine of a version of the segments, or of a later one."""
        known, engine = self._catalogue.current
        return engine if known >= version else await self._in(self._updaters, self._catalogue.at_least, version)

    # Customers

    async def _list_customer_segments(self, customer_id: str, _scope: Scope, _receive: Receive) -> _Answer:
        version, record = await self._read(customer_id)
        engine = await self._engine(version)
        if record is None:
            return _Answer(200, engine.evaluate_unknown(customer_id).model_dump_json().encode())
        try:
            return _Answer(200, engine.evaluate_json(record))
        except RecordError:
            raise StoreError("what is stored of a customer is not JSON") from None

    async def _get_customer(self, customer_id: str, _scope: Scope, _receive: Receive) -> _Answer:
        record = await self._in(self._readers, self._store.customer, customer_id)
        if record is None:
            raise errors.not_found("customer", customer_id)
        return _Answer(200, record.encode())

    async def _put_customer(self, scope: Scope, receive: Receive) -> _Answer:
        return _Answer(200, await self._write(scope, receive, self._settings.max_customer_bytes, self._stored))

    def _stored(self, body: bytes) -> bytes:
        try:
            record = customer_in(body)
            return self._store.put_customers([record], timestamp(datetime.now(UTC)), partial(new_id, "cust"))[0].encode()
        except RecordError as error:
            raise errors.invalid_payload(str(error), "customer") from None
        except ConflictError:
            raise errors.conflict("customer", "The source_id belongs to a customer with another id") from None

    async def _put_many_customers(self, scope: Scope, receive: Receive) -> _Answer:
        total = await self._write(scope, receive, self._settings.max_bulk_bytes, self._stored_many)
        return _Answer(200, b'{"total":%d}' % total)

    def _stored_many(self, body: bytes) -> int:
        if body.count(b"\n") + (not body.endswith(b"\n")) > self._settings.max_bulk_lines:
            raise errors.payload_too_large(self._settings.max_bulk_lines, "lines")
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        records: list[tuple[int, dict[str, Any]]] = []
        faults: list[tuple[int, str]] = []
        for number, found in customers_in(lines, self._settings.max_customer_bytes):
            if isinstance(found, RecordError):
                faults.append((number, str(found)))
            else:
                records.append((number, found))
        if faults:
            raise errors.invalid_lines(faults)
        try:
            self._store.put_customers([record for _, record in records], timestamp(datetime.now(UTC)), partial(new_id, "cust"))
        except ConflictError as error:
            taken = [(records[position][0], "the source_id belongs to a customer with another id") for position in error.positions]
            raise errors.invalid_lines(taken) from None
        return len(records)

    async def _delete_customer(self, customer_id: str, _scope: Scope, _receive: Receive) -> _Answer:
        return await self._remove("customer", customer_id, self._store.remove_customer)

    # Segments

    async def _create_segment(self, scope: Scope, receive: Receive) -> _Answer:
        return _Answer(200, await self._write(scope, receive, self._settings.max_segment_bytes, self._created))

    def _created(self, body: bytes) -> bytes:
        try:
            definition = segment_in(body, self._settings.engine_options())
            self._store.add_segments([definition])
        except DefinitionError as error:
            raise errors.invalid_segment(error) from None
        except ConflictError:
            raise errors.conflict("segment", "A segment with this id is there", resource_id=definition["id"]) from None
        return _segment_json(definition)

    async def _get_segment(self, segment_id: str, _scope: Scope, _receive: Receive) -> _Answer:
        definition = await self._in(self._readers, self._store.segment, segment_id)
        if definition is None:
            raise errors.not_found("segment", segment_id)
        return _Answer(200, _segment_json(definition))

    async def _delete_segment(self, segment_id: str, _scope: Scope, _receive: Receive) -> _Answer:
        return await self._remove("segment", segment_id, self._store.remove_segment)

    async def _list_segments(self, scope: Scope, _receive: Receive) -> _Answer:
        page = page_in(scope.get("query_string", b""))
        found = await self._in(self._readers, self._store.segments, page)
        if found is None:
            raise errors.invalid_query("starting_after_id is the id of a segment that is there")
        data = b",".join(map(_segment_json, found.definitions))
        return _Answer(200, b'{"object":"list","data_ref":"data","data":[%b],"total":%d}' % (data, found.total))

    # The service itself

    async def _health(self, _scope: Scope, _receive: Receive) -> _Answer:
        await self._engine((await self._in(self._readers, self._store.read, "")).version)
        return _Answer(200, b'{"status":"ok"}')

    async def _describe(self, _scope: Scope, _receive: Receive) -> _Answer:
        return _Answer(200, self._openapi)


_LACKING: dict[str, Any] = dict.fromkeys(("id", "name", "created_at", "updated_at", "type", "filter"))


def _segment_json(definition: Mapping[str, Any]) -> bytes:
    """A segment as the API has it; as an addition, with the customers of a static one where they were read."""
    return json_text({**_LACKING, **definition, "object": "segment"}).encode()
