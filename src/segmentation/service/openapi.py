"""The description of the endpoints (OpenAPI 3.0)."""

from __future__ import annotations

from typing import Any

__all__ = ["document"]


def document() -> dict[str, Any]:
    """The OpenAPI document of the service."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "segmentation", "version": "v1", "description": "Which segments is this customer in?"},
        "security": [{"X-App-Id": [], "X-App-Token": []}],
        "paths": _PATHS,
        "components": {
            "schemas": _SCHEMAS,
            "responses": _RESPONSES,
            "securitySchemes": {
                "X-App-Id": {"type": "apiKey", "name": "X-App-Id", "in": "header"},
                "X-App-Token": {"type": "apiKey", "name": "X-App-Token", "in": "header"},
            },
        },
    }


def _schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _body(schema: dict[str, Any], content_type: str = "application/json", **more: Any) -> dict[str, Any]:
    return {content_type: {"schema": schema, **more}}


def _found(description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"description": description, "content": _body(schema, **more)}


def _errors(*codes: int) -> dict[str, Any]:
    return {str(code): {"$ref": f"#/components/responses/{code}"} for code in (401, *codes)}


def _id(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _told(code: int, key: str, description: str) -> dict[str, Any]:
    return _found(description, _schema("Error"), example={"code": code, "key": key, "message": description})


_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
_MOMENT = {"type": "string", "format": "date-time"}
_CUSTOMER_ID = _id("customerId", "The `id` of a customer, or else its `source_id`.", _schema("ParameterCustomerId"))
_SEGMENT_ID = _id("segmentId", "The `id` of a segment.", {"type": "string", "example": "seg_DNAOhUtJffvX0f57ajLMFBYR"})
_RESPONSES = {
    "400": _told(400, "invalid_payload", "Something in the request is wrong; `problems` says what and where."),
    "401": _told(401, "unauthorized", "X-App-Id or X-App-Token is missing or wrong."),
    "404": _told(404, "not_found", "There is nothing with this id."),
    "409": _told(409, "duplicate_found", "An id belongs to another."),
    "413": _told(413, "payload_too_large", "The body is too long."),
    "503": _told(503, "service_unavailable", "The store is locked or there are too many writes; Retry-After says when to come again."),
}
_EXAMPLE = {
    "object": "list",
    "data_ref": "data",
    "data": [
        {"id": "seg_DNAOhUtJffvX0f57ajLMFBYR", "name": "area code not 123", "object": "segment"},
        {"id": "seg_IPIYx96l92Op0Sy5MOaImhgw", "name": "not bob.smith@email.com", "object": "segment"},
        {"id": "seg_1wc52c5z6r1kQ81brO8j9Hk2", "name": "Birthday After Dec 31", "object": "segment"},
        {"id": "seg_ZEbbT4mq1ePpM9PzR02lcww2", "name": "Start with S", "object": "segment"},
        {"id": "seg_WJv55MbzQwnr56ttJ2xUrSgt", "name": "Loyalty Card", "object": "segment"},
    ],
    "total": 5,
}
_PATHS: dict[str, Any] = {
    "/v1/customers/{customerId}/segments": {
        "parameters": [_CUSTOMER_ID],
        "get": {
            "tags": ["Customers"],
            "operationId": "list-customer-segments",
            "summary": "List Customer's Segments",
            "description": "The segments that a customer is in. One that is not stored is answered for as if it were created now.",
            "parameters": [],
            "responses": {
                "200": _found("The customer's segments.", _schema("CustomersSegmentsListResponseBody"), examples={"Example": {"value": _EXAMPLE}}),
                **_errors(503),
            },
        },
    },
    "/v1/customers": {
        "post": {
            "tags": ["Customers"],
            "operationId": "put-customer",
            "summary": "Store a customer",
            "description": "Replaces the record of the customer with this `id`, or, without one, with this `source_id`; stores a new one when there is none.",
            "requestBody": {"required": True, "content": _body(_schema("Customer"))},
            "responses": {"200": _found("The record as it is stored.", _schema("Customer")), **_errors(400, 409, 413, 503)},
        },
    },
    "/v1/customers/bulk": {
        "post": {
            "tags": ["Customers"],
            "operationId": "put-customers",
            "summary": "Store many customers",
            "description": "JSON Lines: a record on each line. All are stored, or none.",
            "requestBody": {"content": _body(_TEXT, "application/jsonl")},
            "responses": {
                "200": _found("How many lines were stored.", {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}),
                **_errors(400, 413, 503),
            },
        },
    },
    "/v1/customers/{customerId}": {
        "parameters": [_CUSTOMER_ID],
        "get": {
            "tags": ["Customers"],
            "operationId": "get-customer",
            "summary": "Get a customer",
            "responses": {"200": _found("The record as it is stored.", _schema("Customer")), **_errors(404, 503)},
        },
        "delete": {
            "tags": ["Customers"],
            "operationId": "delete-customer",
            "summary": "Forget a customer",
            "responses": {"204": {"description": "The customer is not stored any more."}, **_errors(404, 503)},
        },
    },
    "/v1/segments": {
        "post": {
            "tags": ["Segments"],
            "operationId": "create-segment",
            "summary": "Create a segment",
            "description": "All problems of a faulty definition are told at once, each with its place.",
            "requestBody": {"required": True, "content": _body(_schema("SegmentDefinition"))},
            "responses": {"200": _found("The segment.", _schema("Segment")), **_errors(400, 409, 413, 503)},
        },
        "get": {
            "tags": ["Segments"],
            "operationId": "list-segments",
            "summary": "List segments",
            "parameters": [
                _parameter("limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}),
                _parameter(
                    "order", "By creation, oldest or newest first.", {"type": "string", "enum": ["created_at", "-created_at"], "default": "-created_at"}
                ),
                _parameter("filters[created_at][conditions][$before]", "Only those created before.", _MOMENT),
                _parameter("filters[created_at][conditions][$after]", "Only those created after.", _MOMENT),
                _parameter("starting_after_id", "Only what comes after this segment in the order: the next page.", _TEXT),
            ],
            "responses": {"200": _found("A page.", _schema("SegmentsList")), **_errors(400, 503)},
        },
    },
    "/v1/segments/{segmentId}": {
        "parameters": [_SEGMENT_ID],
        "get": {
            "tags": ["Segments"],
            "operationId": "get-segment",
            "summary": "Get a segment",
            "responses": {"200": _found("The segment.", _schema("Segment")), **_errors(404, 503)},
        },
        "delete": {
            "tags": ["Segments"],
            "operationId": "delete-segment",
            "summary": "Delete a segment",
            "responses": {"204": {"description": "The segment is not there any more."}, **_errors(404, 503)},
        },
    },
    "/healthz": {
        "get": {
            "operationId": "health",
            "summary": "Whether the service can answer",
            "security": [],
            "responses": {
                "200": _found("It can.", {"type": "object", "properties": {"status": {"type": "string", "enum": ["ok"]}}, "required": ["status"]}),
                "503": {"$ref": "#/components/responses/503"},
            },
        },
    },
}
_KINDS = ["auto-update", "passive", "static"]
_DEFINITION = {
    "name": _TEXT,
    "type": {"type": "string", "enum": _KINDS},
    "filter": {"type": "object", "nullable": True, "description": "A filter; null or absent for a static segment."},
    "customers": {"type": "array", "items": _TEXT, "description": "Static segments: the `id` or `source_id` of each member."},
}
_SCHEMAS: dict[str, Any] = {
    "ParameterCustomerId": {"type": "string", "example": "cust_nk0N1uNQ1YnupAoJGOgvsODC"},
    "CustomersSegmentsListResponseBody": {
        "type": "object",
        "title": "Customers Segments List Response Body",
        "allOf": [_schema("CustomerSegmentsList")],
    },
    "CustomerSegmentsList": {
        "type": "object",
        "title": "Customer Segments List",
        "properties": {
            "object": {"type": "string", "default": "list"},
            "data_ref": {"type": "string", "default": "data"},
            "data": {"type": "array", "description": "In the order in which the segments were stored.", "items": _schema("SimpleSegment")},
            "total": {"type": "integer", "description": "How many there are in `data`."},
        },
        "required": ["object", "data_ref", "data", "total"],
    },
    "SimpleSegment": {
        "title": "Simple Segment",
        "type": "object",
        "properties": {
            "id": {"type": "string", "example": "seg_DNAOhUtJffvX0f57ajLMFBYR"},
            "name": {"type": "string"},
            "object": {"type": "string", "default": "segment", "enum": ["segment"]},
        },
        "required": ["id", "name", "object"],
    },
    "SegmentDefinition": {"type": "object", "properties": {"id": _NAME, "created_at": {**_MOMENT, "nullable": True}, **_DEFINITION}, "required": ["name"]},
    "Segment": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            **_DEFINITION,
            "created_at": _TEXT,
            "updated_at": {"type": "string", "nullable": True},
            "object": {"type": "string", "enum": ["segment"]},
        },
        "required": ["id", "name", "created_at", "updated_at", "type", "filter", "object"],
    },
    "SegmentsList": {
        "type": "object",
        "properties": {
            "object": {"type": "string", "enum": ["list"]},
            "data_ref": {"type": "string", "enum": ["data"]},
            "data": {"type": "array", "items": _schema("Segment")},
            "total": {"type": "integer", "description": "How many there are within `filters`, on all pages."},
        },
        "required": ["object", "data_ref", "data", "total"],
    },
    "Customer": {
        "type": "object",
        "description": "Any JSON object.",
        "properties": {"id": {**_NAME, "nullable": True}, "source_id": {**_NAME, "nullable": True}},
    },
    "Error": {
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "key": _TEXT,
            "message": _TEXT,
            "details": _TEXT,
            "request_id": _TEXT,
            "resource_id": _TEXT,
            "resource_type": _TEXT,
            "problems": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["code", "key", "message"],
    },
}
