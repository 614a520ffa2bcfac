"""The customer object, as the API has it, every value kept as it was given."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, WithJsonSchema, model_validator

from segmentation.errors import is_utf8

__all__ = ["Customer"]


def _told(schema_type: str, description: str, **more: str) -> WithJsonSchema:
    """What the API has in a field: for JSON Schema only, since a field keeps whatever it is given."""
    return WithJsonSchema({"type": [schema_type, "null"], "description": description, **more})


_Text = Annotated[Any, _told("string", "Text.")]
_Date = Annotated[Any, _told("string", "Calendar date, YYYY-MM-DD.", format="date")]
_DateTime = Annotated[Any, _told("string", "ISO 8601 date-time.", format="date-time")]
_Object = Annotated[Any, _told("object", "JSON object.")]
_Kind = Annotated[Any, _told("string", "Always `customer`.")]


class Customer(BaseModel):
    """A customer record.

    The fields are those of the API's customer object; keys that it does not name are kept too. Values are kept as they are given and never
    refused: data of an unexpected type is data on which operators are false (spec sections 3 and 8), so an engine gives the same answer for
    `Customer.model_validate(record)` as for `record` itself.
    """

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")

    id: _Text = None
    source_id: _Text = None
    name: _Text = None
    description: _Text = None
    email: _Text = None
    phone: _Text = None
    birthday: _Date = None
    birthdate: _Date = None
    address: _Object = None
    metadata: _Object = None
    system_metadata: _Object = None
    summary: _Object = None
    loyalty: _Object = None
    referrals: _Object = None
    events: _Object = None
    created_at: _DateTime = None
    updated_at: _DateTime = None
    assets: _Object = None
    object: _Kind = "customer"

    @model_validator(mode="wrap")
    @classmethod
    def _keep_every_key(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Keys with lone surrogates are JSON, but not what the validator takes; they are kept beside it."""
        odd = {key: inner for key, inner in value.items() if isinstance(key, str) and not is_utf8(key)} if isinstance(value, dict) else {}
        if not odd:
            return handler(value)
        customer = handler({key: inner for key, inner in value.items() if key not in odd})
        if customer.model_extra is not None:
            customer.model_extra.update(odd)
        return customer

    def record(self) -> dict[str, Any]:
        """The JSON object that was given: the keys that were set, with their values."""
        given = self.model_fields_set
        return {key: value for key, value in self.__dict__.items() if key in given} | (self.model_extra or {})
