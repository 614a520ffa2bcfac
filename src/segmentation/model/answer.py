"""The answer: which segments a customer is in, exactly as the endpoint says it (spec section 7)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

__all__ = ["CustomerSegmentsList", "SimpleSegment"]


class SimpleSegment(BaseModel):
    """A segment as answers and events name it: `{"id", "name", "object"}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Unique segment id."""
    name: str
    """Segment name."""
    object: Literal["segment"] = "segment"


class CustomerSegmentsList(BaseModel):
    """The segments that a customer belongs to: `{"object", "data_ref", "data", "total"}`, in this key order.

    `data` is in the order in which the segments were given to the engine; `total` is its length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: Literal["list"] = "list"
    data_ref: Literal["data"] = "data"
    data: list[SimpleSegment]
    total: int

    @classmethod
    def of(cls, data: list[SimpleSegment]) -> Self:
        """The answer that lists these segments. They are not validated again: this is `model_construct` for the four fields, which answers each request."""
        answer = cls.__new__(cls)
        _set(answer, "__dict__", {"object": "list", "data_ref": "data", "data": data, "total": len(data)})
        _set(answer, "__pydantic_fields_set__", set(_FIELDS))
        _set(answer, "__pydantic_extra__", None)
        _set(answer, "__pydantic_private__", None)
        return answer


_FIELDS = frozenset(CustomerSegmentsList.model_fields)
_set = object.__setattr__
