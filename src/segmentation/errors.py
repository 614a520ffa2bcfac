"""What can go wrong, and where (spec section 8).

Faults of a definition are *collected*: one `DefinitionError` carries every `Problem`, each with a place, a stable code, and a suggestion when
something known is near. Faults of a record never quote the record: customer data does not belong in messages or logs.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "DefinitionError",
    "Problem",
    "RecordError",
    "RecordTypeError",
    "SegmentationError",
    "TranslationError",
    "UnknownSegmentError",
    "is_utf8",
    "nearest",
    "pointer",
    "shown",
    "unreadable",
]


class SegmentationError(Exception):
    """The root of every error that this library raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, or one warning, in a set of segment definitions."""

    index: int
    """Position of the segment in the set, from 0."""
    id: str | None
    """The segment's id, when it is a non-empty string (that UTF-8 can carry)."""
    pointer: str
    """JSON Pointer (RFC 6901) within the segment to the offending place."""
    code: str
    """Stable, machine-readable name of the kind of fault (spec section 8)."""
    message: str
    """What was found and what is accepted."""
    suggestion: str | None = None
    """What was probably meant, when something known is near."""

    @property
    def segment(self) -> int | str:
        """The segment's id, else its index."""
        return self.index if self.id is None else self.id

    def __str__(self) -> str:
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        where = f" at {self.pointer}" if self.pointer else ""
        return f"segment {self.segment!r}{where}: {self.message}{hint} [{self.code}]"

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON-ready data."""
        return {
            "index": self.index,
            "segment": self.segment,
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message,
            "suggestion": self.suggestion,
        }


class DefinitionError(SegmentationError, ValueError):
    """A set of segment definitions is faulty. Nothing of it was accepted; `problems` holds every fault in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        lines = [f"{count} problem{'' if count == 1 else 's'} in the segment definitions:"]
        lines += [f"{number:>3}. {problem}" for number, problem in enumerate(self.problems, 1)]
        return "\n".join(lines)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Every problem as JSON-ready data, in document order."""
        return [problem.to_dict() for problem in self.problems]


class RecordError(SegmentationError, ValueError):
    """The text of a customer record is not JSON."""


class RecordTypeError(SegmentationError, TypeError):
    """A customer record is not a JSON object."""


class UnknownSegmentError(SegmentationError, KeyError):
    """No segment of the engine has this id."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class TranslationError(SegmentationError, ValueError):
    """Something cannot be said in another language with its meaning kept. Nothing of it was translated.

    Args:
        path: Keys and indices to the place, in what was to be translated.
        reason: What was found there, and why it cannot be said.
    """

    def __init__(self, path: Iterable[object], reason: str) -> None:
        self.pointer = pointer(*path)
        self.reason = reason
        super().__init__(self.pointer, reason)

    def __str__(self) -> str:
        return f"at {self.pointer}: {self.reason}" if self.pointer else self.reason


def pointer(*tokens: object) -> str:
    """The JSON Pointer (RFC 6901) of a path of keys and indices.

    >>> pointer("filter", "a/b", 0)
    '/filter/a~1b/0'
    """
    return "".join("/" + _written(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def _written(token: object) -> str:
    """A key or an index as text; a Python mapping may have keys that have none."""
    return token if isinstance(token, str) else shown(token)


def unreadable(error: ValueError | RecursionError, lines: Sequence[int] | None = None) -> str:
    """Why JSON text cannot be read, without quoting it.

    Args:
        error: What decoding or `json.loads` raised.
        lines: The numbers of the text's lines, if they do not count from 1; empty when the text is one line whose number is told elsewhere.
    """
    match error:
        case UnicodeDecodeError():
            return f"not {error.encoding.upper()}: byte {error.start} cannot be read"
        case json.JSONDecodeError():
            line = f"line {error.lineno if lines is None else lines[error.lineno - 1]}, " if lines is None or lines else ""
            return f"not JSON: {error.msg} at {line}column {error.colno}"
        case RecursionError():
            return "nested too deep to be read"
        case _:
            return "a number has too many digits"


def is_utf8(text: str) -> bool:
    """Whether UTF-8 can carry a text: whether it has no lone surrogates."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def nearest(word: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """The known word nearest to `word`, or None when none is near.

    >>> nearest("$start_with", ["$starts_with", "$is"])
    '$starts_with'
    """
    matches = difflib.get_close_matches(word[:100], known, n=1, cutoff=cutoff)
    return matches[0] if matches else None


def shown(value: object, limit: int = 60) -> str:
    """A value of a *definition*, quoted and cut for a message. Never called with customer data."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:  # noqa: PLR2004 - str() of huge ints is quadratic
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, dict | list | tuple) or not isinstance(value, str | int | float | bool | None):
        return f"{article(json_type(value))}"
    text = {None: "null", True: "true", False: "false"}.get(value, repr(value)) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def json_type(value: object) -> str:
    """The JSON name of a value's type, or the Python one when JSON has none."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case dict():
            return "object"
        case _:
            return type(value).__name__


def article(noun: str) -> str:
    """`noun` with its indefinite article."""
    return noun if noun == "null" else f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"
