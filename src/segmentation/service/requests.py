"""Requests as they arrive: the parts of a raw path, the credentials, a body no longer than is accepted; and answers as they leave."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from segmentation.service.errors import ApiError, no_such_path, payload_too_large, unauthorized, unsupported_encoding

__all__ = ["ClientGoneError", "Credentials", "Receive", "Scope", "Send", "body_of", "parts_of", "send_answer", "send_error"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_BLANKS = b" \t"
"""What may stand around the value of a header and is no part of it; not every server takes it away."""


class ClientGoneError(Exception):
    """The client left before its body was there: nobody waits for an answer."""


def parts_of(scope: Scope) -> list[str]:
    """What stands between the slashes of the path, each part decoded by itself: `%2F` in an id is no slash.

    Raises:
        ApiError: A part is not UTF-8.
    """
    path: str = scope["path"]
    raw: bytes = (scope.get("raw_path") or quote(path).encode()).partition(b"?")[0]
    parts = raw.split(b"/")[1:]
    root: str = scope.get("root_path", "").rstrip("/")
    if root and path.startswith(root + "/"):
        above = root.count("/")
        if b"/" + b"/".join(map(unquote_to_bytes, parts[:above])) != root.encode():
            raise no_such_path()  # a slash of the prefix is encoded, so that its parts are others
        del parts[:above]
    if b"%" not in raw:
        try:
            return [part.decode("ascii") for part in parts]
        except UnicodeDecodeError:
            pass  # bytes that should have been encoded
    try:
        return [unquote_to_bytes(part).decode() for part in parts]
    except UnicodeDecodeError:
        raise ApiError(400, "invalid_path", "Invalid path", "The path is percent-encoded UTF-8") from None


class Credentials:
    """The two headers that every request must have. Kept as digests, and compared in a time that tells nothing of them."""

    def __init__(self, app_id: str, app_token: str) -> None:
        self._wanted = _digest(app_id.encode(), app_token.encode())

    def check(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Let a request pass.

        Raises:
            ApiError: A header is missing, wrong, or there twice.
        """
        app_ids = []
        tokens = []
        for name, value in headers:
            if name == b"x-app-id":
                app_ids.append(value.strip(_BLANKS))
            elif name == b"x-app-token":
                tokens.append(value.strip(_BLANKS))
        if len(app_ids) != 1 or len(tokens) != 1 or not hmac.compare_digest(_digest(app_ids[0], tokens[0]), self._wanted):
            raise unauthorized()


def _digest(app_id: bytes, app_token: bytes) -> bytes:
    return hashlib.sha256(b"%d:%b%b" % (len(app_id), app_id, app_token)).digest()


async def body_of(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The body of a request.

    Raises:
        ApiError: It is longer than the limit, of which no more is read; or compressed.
        ClientGoneError: The client left.
    """
    for name, value in scope["headers"]:
        if name == b"content-length":
            digits = value.strip(_BLANKS)
            if not digits.isdigit() or len(digits) > 18 or int(digits) > limit:  # noqa: PLR2004 - digits that int() reads at once
                raise payload_too_large(limit)
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            raise unsupported_encoding()
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > limit:
            raise payload_too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


async def send_answer(scope: Scope, send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Answer with JSON, or with nothing. What answers hold is about people: nobody on the way may keep it."""
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))] if body else []
    await send({"type": "http.response.start", "status": status, "headers": [*head, (b"cache-control", b"no-store"), *headers]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def send_error(scope: Scope, send: Send, error: ApiError) -> None:
    """Answer with an error object."""
    await send_answer(scope, send, error.code, error.body(), [(name.encode(), value.encode()) for name, value in error.headers.items()])
