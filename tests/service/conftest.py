"""A service to ask: in this process, or as a server of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import pytest

from segmentation.service import Service, Settings

APP_ID, APP_TOKEN = "shop", "a secret"
HEADERS = {"X-App-Id": APP_ID, "X-App-Token": APP_TOKEN}


class Reply(NamedTuple):
    """A status, headers by lower-case name, a body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def ids(self) -> list[str]:
        assert self.status == 200, self.body
        return [segment["id"] for segment in self.json()["data"]]


def content(body: Any) -> bytes:
    return body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()


class Local:
    """Asks an ASGI application in this process, with paths as they are."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.reads = 0

    def __call__(
        self, method: str, path: str, body: Any = None, *, headers: Any = HEADERS, chunk: int = 1 << 16, root_path: str = "", is_whole: bool = False
    ) -> Reply:
        """One request; `is_whole` says that the path begins with the root path already."""
        target, _, query = (path if is_whole else root_path + path).partition("?")
        chunks = [content(body)[start : start + chunk] for start in range(0, len(content(body)), chunk)] or [b""]
        pairs = headers.items() if isinstance(headers, dict) else headers
        lower = [(name.lower().encode(), value.encode()) for name, value in pairs]
        if not any(name == b"content-length" for name, _ in lower) and body is not None:
            lower.append((b"content-length", b"%d" % len(content(body))))
        sent: list[Any] = []
        self.reads = 0

        async def receive() -> Any:
            self.reads += 1
            if not chunks:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": unquote(target), "root_path": root_path,
            "raw_path": target.encode(), "query_string": query.encode(), "headers": lower, "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        asyncio.run(self.app(scope, receive, send))
        start, *rest = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], found, b"".join(message.get("body", b"") for message in rest))


class Server:
    """`segmentation serve` in a process group of its own."""

    def __init__(self, database: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = database.with_suffix(".log")
        command = [sys.executable, "-m", "segmentation", "serve", "--db", str(database), "--port", str(self.port), *options]
        with self.log.open("ab") as log:
            environment = os.environ | {"SEGMENTATION_APP_ID": APP_ID, "SEGMENTATION_APP_TOKEN": APP_TOKEN}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        limit = time.monotonic() + 90
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < limit, self.log.read_text()
            with contextlib.suppress(OSError):
                if self("GET", "/healthz").status == 200:
                    return
            time.sleep(0.1)

    def __call__(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] = HEADERS, timeout: float = 60) -> Reply:
        """One request on a connection of its own; the path goes as it is."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(content(body))))
            connection.endheaders(content(body) if body is not None else None)
            response = connection.getresponse()
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def kill(self) -> None:
        """Without any warning, the workers too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait(30)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        self.kill()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def open_service(database: Path) -> Iterator[Callable[..., Local]]:
    """Start services on the test's store, as worker processes would have them; closed at the end."""
    opened: list[Service] = []

    def opening(**options: Any) -> Local:
        opened.append(Service(Settings(str(database), APP_ID, APP_TOKEN, **options)))
        return Local(opened[-1])

    yield opening
    for service in opened:
        service.close()


@pytest.fixture
def ask(open_service: Callable[..., Local]) -> Local:
    """A service without segments and customers."""
    return open_service()


@pytest.fixture
def local() -> type[Local]:
    """What asks any application in this process."""
    return Local


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers; stopped at the end."""
    started: list[Server] = []

    def starting(database: Path, *options: str) -> Server:
        started.append(Server(database, *options))
        return started[-1]

    yield starting
    for server in started:
        server.stop()


@pytest.fixture
def segments_of() -> Callable[[str], str]:
    """The path of the endpoint for an id."""
    return lambda customer_id: f"/v1/customers/{quote(customer_id, safe='')}/segments"
