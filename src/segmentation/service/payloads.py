"""What requests and files hold, checked before it is stored: segment definitions, customers, pages."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, Problem, RecordError, article, json_type, unreadable
from segmentation.language.definitions import value_in
from segmentation.model.segment import type_of
from segmentation.service.errors import invalid_query
from segmentation.service.sql import json_text, microseconds
from segmentation.service.store import LONGEST_ID, Page, is_storable

__all__ = ["customer_in", "customers_in", "new_id", "page_in", "segment_in", "stamped", "timestamp"]

_LETTERS = string.ascii_letters + string.digits
_DEEPEST_CUSTOMER = 100
"""Levels of arrays and objects in a customer that is stored: few enough for every reader of the record, whatever it stands in."""
_DEEPEST_SEGMENT = 200
"""Likewise in a definition. Filters have fewer (spec section 2); what goes deeper is in members that have no effect."""


def new_id(kind: str) -> str:
    """An id as the API makes them: `seg_` or `cust_` and 24 letters and digits."""
    return kind + "_" + "".join(secrets.choice(_LETTERS) for _ in range(24))


def timestamp(moment: datetime) -> str:
    """A moment as stored objects have it, in UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# Segments


def segment_in(body: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    """The definition that a request creates: the API's body, with `id` and `created_at` if it lacks them.

    Raises:
        DefinitionError: Everything that is wrong with it.
    """
    try:
        written = value_in(body.decode("utf-8-sig"))
    except (RecursionError, ValueError) as error:
        code = "too_deep" if isinstance(error, RecursionError) else "bad_json"
        raise DefinitionError([Problem(0, None, "", code, f"the body cannot be read: {unreadable(error)}")]) from None
    if not isinstance(written, dict):
        raise DefinitionError([Problem(0, None, "", "bad_segment", f"a segment is an object, not {article(json_type(written))}")])
    written.setdefault("id", new_id("seg"))
    SegmentEngine([written], **options)
    return stamped([written], datetime.now(UTC))[0]


def stamped(definitions: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Definitions as they are stored: with type and moment of creation, and checked for what a store cannot hold.

    Those without `created_at` are given one each, a microsecond apart, in their order.

    Raises:
        DefinitionError: A store cannot hold them.
    """
    problems: list[Problem] = []
    stored: list[dict[str, Any]] = []
    for index, definition in enumerate(definitions):
        identity = definition["id"]
        if not is_storable(identity):
            problems.append(Problem(index, identity, "/id", "bad_id", f"an id that is stored has at most {LONGEST_ID} bytes, none of them NUL"))
        if _is_deeper(definition, _DEEPEST_SEGMENT):
            problems.append(Problem(index, identity, "", "too_deep", f"a definition that is stored has at most {_DEEPEST_SEGMENT} levels"))
        else:
            try:
                json_text(definition)
            except ValueError:
                problems.append(Problem(index, identity, "", "bad_json", "a number is not finite"))
        created_at = definition.get("created_at") or timestamp(now + timedelta(microseconds=index))
        stored.append({**definition, "type": type_of(definition), "created_at": created_at})
    if problems:
        raise DefinitionError(problems)
    return stored


# Customers


def customer_in(text: bytes, *, lines: Sequence[int] | None = None) -> dict[str, Any]:
    """The record in JSON text, fit to be stored.

    Args:
        text: The JSON text.
        lines: See `unreadable`.

    Raises:
        RecordError: Why it is not fit. Quotes nothing.
    """
    try:
        record = json.loads(text.decode("utf-8-sig"))
    except (RecursionError, ValueError) as error:
        raise RecordError(unreadable(error, lines)) from None
    if not isinstance(record, dict):
        raise RecordError(f"a customer is a JSON object, not {article(json_type(record))}")
    for key in ("id", "source_id"):
        value = record.get(key)
        if value is not None and not (isinstance(value, str) and is_storable(value)):
            raise RecordError(f"{key} is a string of 1 to {LONGEST_ID} bytes without NUL")
    # A record has no more levels than opening brackets, which is enough to know of nearly all.
    if text.count(b"{") + text.count(b"[") > _DEEPEST_CUSTOMER and _is_deeper(record, _DEEPEST_CUSTOMER):
        raise RecordError(f"a customer that is stored has at most {_DEEPEST_CUSTOMER} levels of objects and arrays")
    try:
        json_text(record)
    except ValueError:
        raise RecordError("a number is not finite") from None
    return record


def customers_in(lines: Iterable[tuple[int, bytes]], longest: int) -> Iterator[tuple[int, dict[str, Any] | RecordError]]:
    """The records of numbered lines, or why a line holds none."""
    for number, line in lines:
        try:
            if len(line) > longest:
                raise RecordError(f"a customer has at most {longest} bytes")  # noqa: TRY301 - one way for all faults
            yield number, customer_in(line.strip(), lines=())
        except RecordError as error:
            yield number, error


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether arrays and objects are nested more than `limit` levels deep."""
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


# Pages

_LARGEST_PAGE = 100
_BOUNDS = {
    "filters[created_at][conditions][$before]": "before",
    "filters[created_at][conditions][$after]": "after",
}


def page_in(query: bytes) -> Page:
    """The page of segments that a query asks for.

    Raises:
        ApiError: A parameter is unknown, occurs twice, or has a value that is not accepted.
    """
    wanted: dict[str, Any] = {}
    given: set[str] = set()
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise invalid_query("the query cannot be read") from None
    for name, value in pairs:
        key = _BOUNDS.get(name.removesuffix("[0]").removesuffix("[]"), name)
        if key in given:
            raise invalid_query(f"{key} is given twice")
        given.add(key)
        match key:
            case "limit":
                if not (value.isascii() and value.isdigit() and len(value) < 4 and 1 <= int(value) <= _LARGEST_PAGE):  # noqa: PLR2004 - digits of the largest
                    raise invalid_query(f"limit is a number from 1 to {_LARGEST_PAGE}")
                wanted["limit"] = int(value)
            case "order":
                if value not in ("created_at", "-created_at"):
                    raise invalid_query("order is created_at or -created_at")
                wanted["is_descending"] = value.startswith("-")
            case "before" | "after" if name != key:
                try:
                    wanted[key] = microseconds(value)
                except TypeError:
                    raise invalid_query(f"{name} takes an ISO 8601 date-time") from None
            case "starting_after_id":
                wanted["starting_after"] = value
            case _:
                accepted = ["limit", "order", "starting_after_id", *_BOUNDS]
                raise invalid_query(f"parameters are {', '.join(accepted)}")
    return Page(**wanted)
