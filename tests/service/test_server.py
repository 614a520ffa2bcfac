"""`segmentation serve` under concurrent writers and readers, killed without warning, and asked nonsense."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from segmentation import cli
from segmentation.testing import reference

HIGHEST = 40
SEGMENTS = [{"id": f"seg_{number}", "name": "", "filter": {"metadata.n": {"conditions": {"$more_than_equal": number}}}} for number in range(1, HIGHEST + 1)]
WRITERS = 4


def imported(kind: str, rows: list[Any], database: Path) -> None:
    path = database.with_suffix(f".{kind}")
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert cli.main(["import", kind, str(path), "--db", str(database)]) == 0


def test_answers_are_right_while_much_changes(start: Any, database: Path) -> None:  # noqa: PLR0915 - one story
    """Each customer has one writer, who counts up; an answer tells the count, which must be one that was stored while the answer was made.

    Two of the writers also add and remove a segment each time; it is there in every answer after the one, and in none after the other.
    """
    imported("segments", SEGMENTS, database)
    server = start(database, "--workers", "2")
    begun, stored = [0] * WRITERS, [0] * WRITERS
    present: dict[str, str] = {}
    """Segments that come and go: `there` and `gone` when acknowledged, otherwise under way."""
    wrong: list[str] = []
    expected = {n: reference.segment_ids(SEGMENTS, {"metadata": {"n": n}}, now=datetime.now(UTC)) for n in range(HIGHEST + 1)}
    checked = 0

    def write(writer: int) -> None:
        for n in range(1, HIGHEST + 1):
            begun[writer] = n
            record = {"source_id": f"customer {writer}", "metadata": {"n": n}}
            path, body = ("/v1/customers", json.dumps(record).encode()) if n % 2 else ("/v1/customers/bulk", json.dumps(record).encode() + b"\n")
            assert server("POST", path, body).status == 200
            stored[writer] = n
            if writer < 2 and n % 2:
                name = f"volatile_{writer}_{n}"
                present[name] = "coming"
                assert server("POST", "/v1/segments", {"id": name, "name": "", "filter": {}}).status == 200
                present[name] = "there"
                assert server("GET", "/v1/customers/anyone/segments").ids().count(name) == 1
                present[name] = "going"
                assert server("DELETE", f"/v1/segments/{name}").status == 204
                present[name] = "gone"

    done = threading.Event()

    def read(seed: int) -> None:
        nonlocal checked
        rng = random.Random(seed)
        while not done.is_set():
            writer = rng.randrange(WRITERS)
            before, least = dict(present), stored[writer]
            ids = server("GET", f"/v1/customers/customer%20{writer}/segments").ids()
            most, after = begun[writer], dict(present)
            steady = [name for name in ids if not name.startswith("volatile")]
            if steady != expected[len(steady)] or not least <= len(steady) <= most:
                wrong.append(f"customer {writer}: {len(steady)}, not {least} to {most}")
            for name, state in after.items():
                if before.get(name) == state and state in ("there", "gone") and (name in ids) != (state == "there"):
                    wrong.append(f"{name} is {state}: {ids}")
            checked += 1

    with ThreadPoolExecutor(8) as threads:
        readers = [threads.submit(read, seed) for seed in range(4)]
        for writing in [threads.submit(write, writer) for writer in range(WRITERS)]:
            try:
                writing.result()
            except BaseException:
                done.set()
                raise
        done.set()
        for reading in readers:
            reading.result()
    assert not wrong
    assert checked > 50
    for writer in range(WRITERS):  # no update was lost
        assert server("GET", f"/v1/customers/customer%20{writer}").json()["metadata"] == {"n": HIGHEST}
        assert server("GET", f"/v1/customers/customer%20{writer}/segments").ids() == expected[HIGHEST]


BATCH = 3_000


def test_what_was_acknowledged_survives_a_kill(start: Any, database: Path) -> None:
    acknowledged: list[tuple[str, int]] = []
    sent: list[tuple[str, int]] = []
    rng = random.Random(5)
    for round_ in range(3):
        server = start(database)
        killed = threading.Event()

        def work(kind: str, server: Any = server, killed: threading.Event = killed, round_: int = round_) -> None:
            for number in range(10_000):
                if killed.is_set():
                    return
                mark = (kind, round_ * 10_000 + number)
                rows = [json.dumps({"id": f"{kind}-{mark[1]}-{row}", "row": row}) for row in range(BATCH if kind == "bulk" else 1)]
                sent.append(mark)
                try:
                    if kind == "segment":
                        reply = server("POST", "/v1/segments", {"id": f"segment-{mark[1]}-0", "name": "", "filter": {}})
                    else:
                        reply = server("POST", "/v1/customers/bulk" if kind == "bulk" else "/v1/customers", "\n".join(rows).encode())
                except (OSError, HTTPException):
                    return
                assert reply.status == 200
                acknowledged.append(mark)

        with ThreadPoolExecutor(3) as threads:
            working = [threads.submit(work, kind) for kind in ("one", "bulk", "segment")]
            limit = time.monotonic() + 60
            while len({kind for kind, number in acknowledged if number >= round_ * 10_000}) < 3 and time.monotonic() < limit:
                time.sleep(0.05)
            time.sleep(rng.random())
            server.kill()
            killed.set()
            for worker in working:
                worker.result()
    assert {kind for kind, _ in acknowledged} == {"one", "bulk", "segment"}
    server = start(database)
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found = {name for table in ("customers", "segments") for (name,) in connection.execute(f"SELECT id FROM {table}")}  # noqa: S608 - two known names
    connection.close()
    for kind, number in sent:
        there = sum(f"{kind}-{number}-{row}" in found for row in range(BATCH if kind == "bulk" else 1))
        if (kind, number) in acknowledged:
            assert there == (BATCH if kind == "bulk" else 1), f"{kind} {number} was acknowledged"
        else:
            assert there in (0, BATCH if kind == "bulk" else 1), f"{kind} {number} is half there"
    wanted = [f"segment-{number}-0" for kind, number in sent if kind == "segment" and f"segment-{number}-0" in found]
    assert server("GET", "/v1/customers/x/segments").ids() == wanted


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        if request.endswith(b"{"):  # the client leaves before its body is there
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return answer


def test_the_server_lives_on(start: Any, database: Path) -> None:
    server = start(database)
    head = b"Host: x\r\nConnection: close\r\nX-App-Id: shop\r\nX-App-Token: a secret\r\n"
    oddities: list[tuple[bytes, Callable[[bytes], bool]]] = [
        (b"GET /v1/customers/" + b"x" * 8192 + b"/segments HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 200 " in answer),
        (
            b"GET /v1/customers/%0D%0ASet-Cookie:%20a=b/segments HTTP/1.1\r\n" + head + b"\r\n",
            lambda answer: b" 200 " in answer and b"Set-Cookie" not in answer,
        ),
        (b"GET /v1/customers/%0D%0ASet-Cookie:%20a=b HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 404 " in answer and b"\nSet-Cookie" not in answer),
        (b"GET /v1/customers/../segments HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 200 " in answer),
        (b"GET /v1/customers/%00/segments HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 200 " in answer),
        (b"GET /v1/customers/\xff/segments HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 400 " in answer),
        (b"GET /v1/customers/a b/segments HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 400 " in answer),
        (b"GET /v1/customers/a\0/segments HTTP/1.1\r\n" + head + b"\r\n", lambda answer: b" 400 " in answer),
        (b"nonsense\r\n\r\n", lambda answer: b" 400 " in answer),
        (b"POST /v1/customers HTTP/1.1\r\n" + head + b"Content-Length: 100\r\n\r\n{", lambda answer: answer == b""),
        (b"POST /v1/customers HTTP/1.1\r\n" + head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", lambda answer: b" 400 " in answer),
        (b"POST /v1/customers HTTP/1.1\r\n" + head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", lambda answer: b" 200 " not in answer),
    ]
    for number, (request, is_expected) in enumerate(oddities):
        answer = raw(server.port, request)
        assert is_expected(answer), (number, answer[:300])
    for path in ("/v1/customers", "/v1/customers/bulk", "/v1/segments"):
        begun = time.monotonic()
        reply = server("POST", path, b"[" * (50 << 20))
        assert (reply.status, reply.json()["key"]) == (413, "payload_too_large")
        assert time.monotonic() - begun < 30
    assert server("POST", "/v1/customers", b"[" * 10_000).status == 400
    assert server("GET", "/healthz").json() == {"status": "ok"}
    log = server.log.read_text(encoding="utf-8")
    assert "failed" not in log
    assert "Set-Cookie" not in log
    assert "customers/" not in log


def test_what_is_imported_is_served_at_once(start: Any, database: Path) -> None:
    server = start(database)
    assert server("GET", "/v1/customers/a/segments").ids() == []
    imported("segments", SEGMENTS, database)
    imported("customers", [{"source_id": "a", "metadata": {"n": 3}}], database)
    assert server("GET", "/v1/customers/a/segments").ids() == ["seg_1", "seg_2", "seg_3"]


def test_workers_are_replaced_and_end_with_their_parent(start: Any, database: Path) -> None:
    server = start(database, "--workers", "2")
    assert server("POST", "/v1/segments", SEGMENTS[0]).status == 200
    for worker in workers_of(server.process.pid):
        os.kill(worker, signal.SIGKILL)
    limit = time.monotonic() + 60
    while True:
        with suppress(OSError, HTTPException):
            if server("GET", "/v1/customers/a/segments", timeout=5).status == 200:
                break
        assert time.monotonic() < limit, server.log.read_text()
    server.process.kill()
    server.process.wait(30)
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", server.port))
            break
        assert time.monotonic() < limit, "workers outlive their parent"
        time.sleep(0.1)


def workers_of(parent: int) -> list[int]:
    """The processes that a server answers with."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
