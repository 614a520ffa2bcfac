"""What the service refuses, as the API's error objects say it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from segmentation.errors import DefinitionError

__all__ = [
    "ApiError",
    "conflict",
    "internal_error",
    "invalid_lines",
    "invalid_payload",
    "invalid_query",
    "invalid_segment",
    "method_not_allowed",
    "no_such_path",
    "not_found",
    "payload_too_large",
    "unauthorized",
    "unavailable",
    "unsupported_encoding",
]

_MOST_TOLD = 100
"""Faulty lines of one body that are told of one by one."""


class ApiError(Exception):
    """An answer other than 2xx: `code`, `key`, `message`, and what else there is to say."""

    def __init__(self, code: int, key: str, message: str, details: str | None = None, **more: Any) -> None:
        super().__init__(key)
        self.code = code
        self.headers: Mapping[str, str] = more.pop("headers", {})
        self._members = {"code": code, "key": key, "message": message} | ({"details": details} if details else {}) | more

    def body(self) -> bytes:
        """The error object as JSON text; each has a request id of its own."""
        return json.dumps(self._members | {"request_id": new_request_id()}).encode()


def new_request_id() -> str:
    """An id by which an error can be found again."""
    return f"v-{secrets.token_hex(9)}"


def unauthorized() -> ApiError:
    """401: the credentials are missing or wrong. Nothing says which."""
    return ApiError(401, "unauthorized", "Unauthorized", "X-App-Id and X-App-Token must be sent", headers={"www-authenticate": 'ApiKey realm="segmentation"'})


def no_such_path() -> ApiError:
    """404: nothing is served under the path."""
    return ApiError(404, "not_found", "Resource not found", "Nothing is served under this path")


def not_found(resource_type: str, resource_id: str) -> ApiError:
    """404: no such segment or customer."""
    details = f"Cannot find {resource_type} with id {resource_id}"
    return ApiError(404, "not_found", "Resource not found", details, resource_id=resource_id, resource_type=resource_type)


def method_not_allowed(allowed: Iterable[str]) -> ApiError:
    """405: the path is served, the method not."""
    names = ", ".join(sorted(allowed))
    return ApiError(405, "method_not_allowed", "Method not allowed", f"Allowed methods are: {names}", headers={"allow": names})


def conflict(resource_type: str, details: str, **more: Any) -> ApiError:
    """409: an id is taken."""
    return ApiError(409, "duplicate_found", "Duplicate resource found", details, resource_type=resource_type, **more)


def payload_too_large(limit: int, unit: str = "bytes") -> ApiError:
    """413: the body is longer than is accepted."""
    return ApiError(413, "payload_too_large", "Request Entity Too Large", f"A body has at most {limit} {unit} here")


def unsupported_encoding() -> ApiError:
    """415: the body is compressed."""
    return ApiError(415, "unsupported_media_type", "Unsupported Media Type", "Bodies are sent without Content-Encoding")


def invalid_query(details: str) -> ApiError:
    """400: a query parameter."""
    return ApiError(400, "invalid_query_params", "Invalid query params", details)


def invalid_payload(details: str, resource_type: str | None = None, **more: Any) -> ApiError:
    """400: the body."""
    return ApiError(400, "invalid_payload", "Invalid payload", details, **({"resource_type": resource_type} if resource_type else {}), **more)


def invalid_segment(error: DefinitionError) -> ApiError:
    """400: the definition of a segment, every problem of it located."""
    count = len(error.problems)
    details = f"{count} problem{'' if count == 1 else 's'} in the definition: {error.problems[0].message}"
    problems = [{key: value for key, value in problem.items() if key not in ("index", "segment")} for problem in error.to_dicts()]
    return invalid_payload(details, "segment", problems=problems)


def invalid_lines(faults: Sequence[tuple[int, str]]) -> ApiError:
    """400: lines of a body of many customers; the first hundred are told of."""
    details = f"{len(faults)} line{'' if len(faults) == 1 else 's'} cannot be stored, so none was"
    return invalid_payload(details, "customer", problems=[{"line": line, "message": message} for line, message in faults[:_MOST_TOLD]])


def unavailable(details: str) -> ApiError:
    """503: the store, or room for one more write."""
    return ApiError(503, "service_unavailable", "Service unavailable", details, headers={"retry-after": "1"})


def internal_error() -> ApiError:
    """500: a fault of the service."""
    return ApiError(500, "internal_error", "Internal server error")
