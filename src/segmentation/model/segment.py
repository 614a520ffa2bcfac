"""A segment definition, as written (spec section 1).

The rules of a definition, its filter's own grammar aside, stand once: in `faults`. The pydantic model raises them as a `ValidationError`, the
reader of definition sets as located problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from segmentation import iso8601
from segmentation.errors import article, is_utf8, json_type, nearest, shown

__all__ = ["SEGMENT_TYPES", "Fault", "Segment", "SegmentType", "faults", "type_of"]

SegmentType = Literal["auto-update", "passive", "static"]
SEGMENT_TYPES: tuple[SegmentType, ...] = ("auto-update", "passive", "static")


class Fault(NamedTuple):
    """Something wrong at a path of keys inside a definition."""

    path: tuple[str | int, ...]
    code: str
    message: str
    suggestion: str | None = None


def type_of(definition: Mapping[str, Any]) -> SegmentType:
    """The type a definition has: as given, else `static` when it lists customers, else `passive`."""
    given = definition.get("type")
    for known in SEGMENT_TYPES:
        if given == known:
            return known
    return "static" if definition.get("customers") is not None else "passive"


def faults(definition: Mapping[Any, Any]) -> Iterator[Fault]:
    """Everything wrong with a definition but what is inside its filter, in document order, missing members last."""
    is_static = type_of(definition) == "static"
    is_dynamic = not is_static
    if definition.get("type", "static") not in SEGMENT_TYPES:  # the type is at fault, not what it would forbid or demand
        is_static = is_dynamic = False
    for key, value in definition.items():
        match key:
            case "id":
                if not _is_text(value) or not value:
                    yield Fault((key,), "bad_id", f"an id is a non-empty string, not {shown(value)}")
            case "name":
                if not _is_text(value):
                    yield Fault((key,), "bad_name", f"a name is a string, not {shown(value)}")
            case "type":
                if not (isinstance(value, str) and value in SEGMENT_TYPES):
                    near = nearest(value, SEGMENT_TYPES) if isinstance(value, str) else None
                    yield Fault((key,), "bad_type", f"{shown(value)} is not a type; types are {', '.join(SEGMENT_TYPES)}", near)
            case "filter":
                if is_static:
                    if value is not None:
                        yield Fault((key,), "filter_not_allowed", "a static segment lists its customers and has no filter")
                elif value is not None and not isinstance(value, Mapping):
                    yield Fault((key,), "bad_filter", f"a filter is an object, not {article(json_type(value))}")
            case "customers":
                if value is not None:
                    yield from (_NO_CUSTOMERS,) if is_dynamic else _customers_faults(value)
            case "created_at" | "updated_at":
                if not _is_datetime(value):
                    yield Fault((key,), "bad_datetime", f"an ISO 8601 date-time or null is wanted, not {shown(value)}")
            case "object":
                if value != "segment":
                    yield Fault((key,), "bad_object", f"the object of a segment is 'segment', not {shown(value)}")
            case str():
                pass  # kept, and of no effect
            case _:
                yield Fault((), "bad_segment", f"the keys of a segment are strings, not {shown(key)}")
    for key in ("id", "name"):
        if key not in definition:
            yield Fault((key,), "missing", f"a segment has {article(key)}")
    if is_dynamic and definition.get("filter") is None:
        yield Fault(("filter",), "missing", f"a segment of type {type_of(definition)} has a filter")


_NO_CUSTOMERS = Fault(("customers",), "customers_not_allowed", "only a static segment lists customers; the filter decides of the others")


def _customers_faults(value: object) -> Iterator[Fault]:
    if not isinstance(value, list | tuple):
        yield Fault(("customers",), "bad_customers", f"customers is an array of ids, not {article(json_type(value))}")
        return
    for index, customer in enumerate(value):
        if not isinstance(customer, str):
            yield Fault(("customers", index), "bad_customers", f"a customer is listed by id, a string, not {article(json_type(customer))}")


def _is_text(value: object) -> bool:
    """Whether `value` is a string that JSON can carry: a lone surrogate could not be answered with."""
    return isinstance(value, str) and is_utf8(value)


def _is_datetime(value: object) -> bool:
    return value is None or isinstance(value, datetime) or (isinstance(value, str) and isinstance(iso8601.parse(value), datetime))


class Segment(BaseModel):
    """A segment definition: an id, a name, and either a filter or, when static, a list of customers.

    Keys that the API does not name are kept. The filter is kept as written; whether it follows the filter language is for the engine to say,
    all at once with everything else that may be wrong.

    Raises:
        pydantic.ValidationError: A rule of spec section 1 is broken; each error's `type` is the stable code.
    """

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")

    id: str
    name: str
    type: SegmentType
    filter: dict[str, Any] | None = None
    customers: list[str] | None = None
    created_at: str | datetime | None = None
    updated_at: str | datetime | None = None
    object: Literal["segment"] = "segment"

    @model_validator(mode="wrap")
    @classmethod
    def _follow_the_rules(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            return handler(value)
        errors = [
            InitErrorDetails(type=PydanticCustomError(fault.code, "{message}", {"message": fault.message}), loc=fault.path, input=value)
            for fault in faults(value)
        ]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return handler({**value, "type": type_of(value)})

    def definition(self) -> dict[str, Any]:
        """The JSON object that was given: the keys that were set, with their values."""
        given = self.model_fields_set
        return {key: value for key, value in self.__dict__.items() if key in given} | (self.model_extra or {})
