"""A customer's value as people are shown it: bounded, one line, nothing that a terminal would obey. Shown to who asked, never logged."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from segmentation.errors import article, json_type
from segmentation.language.data import plain

__all__ = ["Seen", "escaped", "operand_text", "seen"]

_MOST_ELEMENTS = 10
_MOST_LETTERS = 120
_MOST_DIGITS = 64
_ESCAPES = {"\x7f": "\\u007f"}  # the control character that JSON leaves as it is


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown of a value."""

    data: Any
    """JSON-ready; arrays and texts are cut, and objects, and arrays inside of arrays, said to be such."""
    text: str
    """On one line, as JSON where JSON has it."""
    what: str
    """Its kind with an article, such as `a number`."""


def seen(stored: Any) -> Seen:
    """What is shown of a stored value. Never raises."""
    value = plain(stored)
    return _array(value) if isinstance(value, list) else _scalar(value)


def _array(value: list[Any]) -> Seen:
    elements = [_scalar(plain(element)) for element in value[:_MOST_ELEMENTS]]
    more = len(value) - len(elements)
    texts = [element.text for element in elements] + ([f"… {more} more"] if more else [])
    return Seen([element.data for element in elements] + (["…"] if more else []), f"[{', '.join(texts)}]", "an array" if value else "an empty array")


def _scalar(value: Any) -> Seen:
    """What is shown of a value that is no array, or of one inside an array, which meets no operator and may be nested without end."""
    if isinstance(value, str):
        text = value if len(value) <= _MOST_LETTERS else value[: _MOST_LETTERS - 1] + "…"
        return Seen(text, escaped(json.dumps(text, ensure_ascii=False)), "text")
    if isinstance(value, bool) or value is None:
        return Seen(value, json.dumps(value), "null" if value is None else "a boolean")
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, date):
        return _date(value)
    what = "an object" if isinstance(value, Mapping) else "an array" if isinstance(value, list) else _foreign(value)
    return Seen(what, what, what)


def _number(value: int | float) -> Seen:  # noqa: PYI041 - the two are told apart
    if isinstance(value, int) and value.bit_length() > 4 * _MOST_DIGITS:
        text = f"an integer of {value.bit_length()} bits"
        return Seen(text, text, "a number")
    if isinstance(value, float) and math.isinf(value):
        return Seen(str(value), str(value), "a number")
    return Seen(value, json.dumps(value), "a number")


def _date(value: date) -> Seen:
    try:
        text = escaped(str(value.isoformat())[:_MOST_LETTERS])
    except Exception:  # noqa: BLE001 - a subclass of someone's making
        text = "a date"
    return Seen(text, text, "a date")


def _foreign(value: Any) -> str:
    """The type of what JSON does not have; objects of anyone's making may lie about their class, so only its name is asked."""
    return "an object" if type(value) is object else escaped(article(json_type(value))[:_MOST_LETTERS])


def operand_text(operand: Any) -> str:
    """An operand as it was written, cut: JSON where it is JSON."""
    if isinstance(operand, list | tuple):
        return seen(list(operand)).text
    return seen(operand).text


def escaped(text: str) -> str:
    """Text without characters that move a cursor, turn the writing or cannot be written; they appear as JSON escapes them."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else _ESCAPES.get(letter) or json.dumps(letter)[1:-1] for letter in text)
