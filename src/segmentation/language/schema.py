"""JSON Schema (draft 2020-12) of segment definitions and of filters, generated from the operator table.

A schema sees the shape of a document, so editors complete and check definitions with it; the engine stays the judge. The schema refuses nothing
that the engine accepts, numbers in text aside that only rounding to a double makes whole or zero. It accepts some that the engine refuses:

- what lies outside one segment: `duplicate_id`, `bad_json`, `duplicate_key` (a parser has dropped the first value already);
- what depends on the engine's options: `unknown_location`, and `negative_days` on attributes that the caller declares;
- `too_deep`, since a schema does not count levels;
- `bad_operand` where text has the right form and an impossible value: 29 February of a common year, a date-time whose day lies outside the calendar,
  a number that overflows a double or has more than 4,000 digits, a whole number that is written with an exponent;
- `bad_id` and `bad_name` for a lone surrogate.

Patterns keep to the regular expressions that JSON Schema recommends, so that validators read them alike; only, where `$` is Python's, a newline at the
very end of a text passes.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

from segmentation.language.attributes import BUILT_IN, AttributeType
from segmentation.language.operators import OPERATORS, WHOLE_RANGES, Operand, Operator, Takes
from segmentation.language.parse import DEEPEST, GROUPS
from segmentation.model.segment import SEGMENT_TYPES

__all__ = ["filter_schema", "segment_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FRACTION = r"(\.[0-9]+)?"
_EXPONENT = "([eE][+-]?[0-9]+)"
_NATURAL = "(0|[1-9][0-9]*)"
_NUMBER = rf"-?{_NATURAL}{_FRACTION}{_EXPONENT}?"
_NOT_NEGATIVE = rf"{_NATURAL}{_FRACTION}{_EXPONENT}?|-0(\.0+)?{_EXPONENT}?"

_WHOLE: Final[dict[Operand, str]] = {
    Operand.DAYS: f"-0|{_NATURAL}",
    Operand.YEARS: f"-0|{_NATURAL}",
    Operand.COUNT: f"-0|{_NATURAL}",
    Operand.DAY_OF_MONTH: "[1-9]|[12][0-9]|3[01]",
    Operand.MONTH: "[1-9]|1[0-2]",
    Operand.YEAR: "[1-9][0-9]{0,3}",
}
"""The numbers of `WHOLE_RANGES` as text. Whether one with an exponent is whole, or in range, no pattern tells."""

_YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_MONTH_DAY = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))"
_DATE = f"{_YEAR}-{_MONTH_DAY}"
_HOUR, _MINUTE = "([01][0-9]|2[0-3])", "[0-5][0-9]"
_DATE_TIME = rf"{_DATE}[Tt ]{_HOUR}:{_MINUTE}(:{_MINUTE}{_FRACTION})?([Zz]|[+-]{_HOUR}:?{_MINUTE})?"

_AGE_OPERATORS = tuple(operator.name for operator in OPERATORS.values() if operator.operand is Operand.NUMBER)
"""The operators that compare the age of a declared date in days, which are not negative there."""


def segment_schema() -> dict[str, Any]:
    """The JSON Schema of one segment definition.

    Examples:
        >>> segment_schema()["$id"], sorted(segment_schema()["required"])
        ('urn:segmentation:segment', ['id', 'name'])
    """
    return {
        "$schema": _DIALECT,
        "$id": "urn:segmentation:segment",
        "title": "Segment",
        "description": "A segment definition: an id, a name, and either a filter or, when static, a list of customers.",
        "type": "object",
        "properties": {
            "id": {"description": "Unique in the set of segments.", "type": "string", "minLength": 1},
            "name": {"type": "string"},
            "type": {"description": "Without it: static when customers are given, else passive.", "enum": list(SEGMENT_TYPES)},
            "filter": {"description": "Which customers are in a segment of type auto-update or passive."},
            "customers": {"description": "The id or source_id of each member of a static segment."},
            "created_at": {"$ref": "#/$defs/timestamp"},
            "updated_at": {"$ref": "#/$defs/timestamp"},
            "object": {"const": "segment"},
        },
        "required": ["id", "name"],
        "if": {
            "anyOf": [
                {"properties": {"type": {"const": "static"}}, "required": ["type"]},
                {"properties": {"type": False, "customers": {"not": {"type": "null"}}}, "required": ["customers"]},
            ],
        },
        "then": {
            "properties": {"filter": {"type": "null"}, "customers": {"type": ["array", "null"], "items": {"type": "string"}}},
        },
        "else": {
            # A type that is none decides of nothing: it is at fault itself.
            "if": {"properties": {"type": {"enum": list(SEGMENT_TYPES)}}},
            "then": {"properties": {"filter": {"$ref": "#/$defs/filter"}, "customers": {"type": "null"}}, "required": ["filter"]},
        },
        "$defs": {"timestamp": {"type": ["string", "null"], "pattern": f"^({_DATE_TIME})$"}, **_definitions()},
    }


def filter_schema() -> dict[str, Any]:
    """The JSON Schema of one filter.

    Examples:
        >>> filter_schema()["$defs"]["$is"]["description"]
        'True when the value equals n. n: a string, a finite number or a boolean (one value; several combine by the junction).'
    """
    return {"$schema": _DIALECT, "$id": "urn:segmentation:filter", "title": "Filter", "$ref": "#/$defs/filter", "$defs": _definitions()}


def _definitions() -> dict[str, Any]:
    """What filters are made of: `filter`, `attribute`, `conditions`, each operator, and the kinds of operand."""
    return {
        "filter": _filter(),
        "attribute": {
            "description": "What must hold of one attribute of the customer.",
            "type": "object",
            "properties": {"conditions": {"$ref": "#/$defs/conditions"}},
            "required": ["conditions"],
            "additionalProperties": False,
        },
        "date_attribute": {
            "description": "What must hold of an attribute that is always a date: its age in days is never compared with a negative number.",
            "$ref": "#/$defs/attribute",
            "properties": {"conditions": {"properties": {name: _each(_ref("age"), Takes.ONE) for name in _AGE_OPERATORS}}},
        },
        "conditions": {
            "description": "Operators with their operands; several combine by the junction of the filter.",
            "type": "object",
            "properties": {name: _ref(name) for name in OPERATORS},
            "minProperties": 1,
            "additionalProperties": False,
        },
        **{operator.name: _operator(operator) for operator in OPERATORS.values()},
        **{_name(operand): _scalar(operand) for operand in Operand if operand is not Operand.ANYTHING},
        "age": {"type": ["number", "string"], "minimum": 0, "pattern": f"^({_NOT_NEGATIVE})$"},
    }


def _filter() -> dict[str, Any]:
    dates = sorted(key for key, declared in BUILT_IN.items() if declared in (AttributeType.DATE, AttributeType.DATETIME))
    groups = {"type": "array", "minItems": 1, "items": _ref("filter")}
    return {
        "description": f"Attributes with their conditions, and groups of filters, nested at most {DEEPEST} levels deep; all combine by the junction.",
        "type": "object",
        "properties": {
            "junction": {"description": "Whether all members must hold or any. Without it: and.", "enum": [*_spellings("and"), *_spellings("or")]},
            "$and": {"description": "Every one of these filters holds.", **groups},
            "$or": {"description": "At least one of these filters holds.", **groups},
            "$not": {"description": "This filter does not hold.", **_ref("filter")},
            **{key: _ref("date_attribute") for key in dates},
        },
        "propertyNames": {"anyOf": [{"enum": list(GROUPS)}, {"pattern": "^[^$]"}]},
        "additionalProperties": _ref("attribute"),
    }


def _spellings(word: str) -> list[str]:
    """A word in every mixture of capitals, as given first: an enumeration, unlike a pattern, can be completed by an editor."""
    return ["".join(letters) for letters in product(*((letter, letter.upper()) for letter in word))]


def _operator(operator: Operator) -> dict[str, Any]:
    if operator.takes is Takes.NOTHING:
        return {"description": f"True when {operator.meaning}. The operand is ignored."}
    description = f"True when {operator.meaning}. n: {operator.operand.value} ({operator.takes.value})."
    return {"description": description, **_each(_ref(_name(operator.operand)), operator.takes)}


def _each(value: dict[str, Any], takes: Takes) -> dict[str, Any]:
    """An operand, bare or as the elements of an array."""
    array: dict[str, Any] = {"items": value} if takes is Takes.LIST else {"items": value, "minItems": 1}
    return {"if": {"type": "array"}, "then": array, "else": value}


def _scalar(operand: Operand) -> dict[str, Any]:
    """One value of an operand."""
    return {"description": operand.value[0].upper() + operand.value[1:] + ".", **_form(operand)}


def _form(operand: Operand) -> dict[str, Any]:
    if operand in WHOLE_RANGES:
        least, greatest = WHOLE_RANGES[operand]
        bounds = {"minimum": least} if greatest is None else {"minimum": least, "maximum": greatest}
        plain = rf"({_WHOLE[operand]})(\.0+)?"
        return {"type": ["integer", "string"], **bounds, "pattern": rf"^({plain}|-?{_NATURAL}{_FRACTION}{_EXPONENT})$"}
    match operand:
        case Operand.VALUE | Operand.TEXT:
            return {"type": ["string", "number", "boolean"]}
        case Operand.NUMBER:
            return {"type": ["number", "string"], "pattern": f"^({_NUMBER})$"}
        case Operand.DATE:
            return {"type": "string", "pattern": f"^({_DATE}|{_DATE_TIME}|--{_MONTH_DAY})$"}
        case Operand.MONTH_DAY:
            return {"type": "string", "pattern": f"^((--)?{_MONTH_DAY}|{_DATE})$"}
        case _:
            return {"type": "string"}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _name(operand: Operand) -> str:
    return operand.name.lower()
